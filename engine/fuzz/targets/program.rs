//! Any bytes as a loader and as an application: plain bytes, ELF or Intel hex.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(image) = project::binary::load_image(data) {
        assert!(image.bytes.len() <= data.len().saturating_add(512 * 1024));
    }
    if let Ok(numbers) = project::loader::loader_numbers(data) {
        assert!(numbers.offset + numbers.size <= 0x1_0000);
    }
    let _facts = project::application::application_facts(data);
});
