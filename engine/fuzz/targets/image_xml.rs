//! Any bytes as an image xml; what is read is resolved, without a configuration beside it.
#![no_main]

use std::hint::black_box;

use formats::McubootFormat;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(xml) = McubootFormat::decode(data)
        && let Ok(settings) = xml.resolve(None)
    {
        black_box(settings);
    }
});
