//! Any bytes as a password file; what is read is written as it was.
#![no_main]

use formats::ObkFile;
use formats::da::{Password, password_object};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(password) = Password::from_file(data) else { return };
    let object: ObkFile = password_object(&password);
    assert!(password.opens(&object));
    let again = Password::from_file(&password.to_file()).unwrap();
    assert!(again == password);
});
