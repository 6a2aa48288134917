//! Any bytes as an object for the option-byte keys; what is read is told, masked and compared with itself.
#![no_main]

use std::hint::black_box;

use formats::obk_fields::{describe, differences, masked_bytes};
use formats::{ObkFile, StirotConfig, da};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    black_box(StirotConfig::decode(data).is_ok());
    let Ok(object) = ObkFile::decode(data) else { return };
    assert!(*object.encode() == data, "it is written otherwise than it was read");
    let told = describe(&object);
    let mut end = 0;
    for field in &told.fields {
        assert_eq!(field.offset, end, "a gap or an overlap");
        end += field.length;
    }
    assert_eq!(end, data.len());
    for (shown, byte) in masked_bytes(&object, &told).iter().zip(data) {
        assert!(shown.is_none_or(|shown| shown == *byte));
    }
    assert!(differences(&object, &object).is_empty());
    black_box(da::read_certificate_object(&object).is_ok());
});
