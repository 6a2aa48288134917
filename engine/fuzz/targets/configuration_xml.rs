//! Any bytes as a configuration xml; what is read is built, with one key for every file that it names.
#![no_main]

use formats::{Obdata, ObkFile, Secret};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(xml) = Obdata::decode(data) else { return };
    assert!(xml.source().as_bytes() == data, "the text isn't kept");
    let pem = fuzz::key().to_pem().unwrap();
    let Ok(object) = xml.build(&|_| Ok(Secret::new(pem.as_bytes().to_vec()))) else { return };
    assert!(ObkFile::decode(&object.encode()).unwrap() == object, "the object reads otherwise than it was built");
});
