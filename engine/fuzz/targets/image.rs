//! Any bytes as an image file, Intel hex or plain; what is read is verified and decrypted with the key of the seeds.
#![no_main]

use std::sync::LazyLock;

use formats::{Expected, HexFile, ImageFile, PrivateKey, PublicKey, decrypt, verify};
use libfuzzer_sys::fuzz_target;

static KEYS: LazyLock<(PrivateKey, PublicKey)> = LazyLock::new(|| {
    let key = fuzz::key();
    let public = key.public();
    (key, public)
});

fuzz_target!(|data: &[u8]| {
    if let Ok(hex) = HexFile::decode(data) {
        assert!(HexFile::decode(hex.encode().as_bytes()).unwrap() == hex, "hex reads otherwise than it was written");
    }
    let Ok(file) = ImageFile::decode(data) else { return };
    let (key, public) = &*KEYS;
    let expected =
        Expected { authentication: Some(public), decryption: Some(key), slot_size: Some(0x1000), profile: None };
    let decrypted = decrypt(&file, key);
    if let Ok(report) = verify(&file, &expected)
        && report.all_hold()
    {
        assert!(decrypted.is_ok(), "it verifies, and can't be decrypted");
    }
});
