//! Any bytes as a key file that lies open; what is read is written and read again.
#![no_main]

use formats::{KeyFile, PrivateKey, PublicKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| match KeyFile::from_pem(data) {
    Ok(KeyFile::Private(key)) => {
        let text = key.to_pem().unwrap();
        assert!(*PrivateKey::from_pem(text.as_bytes()).unwrap().stored() == *key.stored());
        assert!(PrivateKey::from_stored(&key.stored()).unwrap().public() == key.public());
    }
    Ok(KeyFile::Public(key)) => {
        assert!(PublicKey::from_pem(key.to_pem().as_bytes()).unwrap() == key);
        assert!(PublicKey::from_stored(&key.stored()).unwrap() == key);
    }
    Err(error) => drop(error.to_string()),
});
