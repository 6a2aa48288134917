//! Any bytes as a key file under a passphrase. A file may ask for seconds of work and no more: libFuzzer's time limit
//! is part of the test.
#![no_main]

use std::sync::LazyLock;

use formats::{KeyFile, Passphrase, Secret};
use libfuzzer_sys::fuzz_target;

static PASSPHRASE: LazyLock<Passphrase> = LazyLock::new(|| Passphrase::new(Secret::new("fuzz".to_owned())).unwrap());

fuzz_target!(|data: &[u8]| match KeyFile::from_pem_with(data, Some(&PASSPHRASE)) {
    Ok(key) => drop(key.public().fingerprint().to_string()),
    Err(error) => drop(error.to_string()),
});
