//! What the fuzz targets and their seeds share: one key, of no worth, so that a mutated image still meets the key that
//! made it.

use formats::PrivateKey;
use formats::key_fields::{PRIVATE_END, PRIVATE_START};

/// The private key whose number is 1, 1, 1 and so on.
pub fn key() -> PrivateKey {
    let mut stored = [1; 70];
    stored[..36].copy_from_slice(&PRIVATE_START);
    stored[68..].copy_from_slice(&PRIVATE_END);
    match PrivateKey::from_stored(&stored) {
        Ok(key) => key,
        Err(error) => panic!("{error}"),
    }
}
