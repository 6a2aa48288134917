//! Any bytes as an answer to a challenge: what is read is written as it was, and never verifies unless it was signed.
#![no_main]

use formats::{Outcome, Permissions, Token};
use libfuzzer_sys::fuzz_target;

const CHALLENGE: [u8; 32] = [0x5A; 32];

fuzz_target!(|data: &[u8]| {
    let Ok(token) = Token::decode(data) else { return };
    assert_eq!(token.encode(), data);
    let key = fuzz::key();
    if let Outcome::Holds(_) = token.verify(&CHALLENGE, &key.public()) {
        // Signatures are deterministic; of one token the other that verifies has s replaced by the order less s.
        let own = Token::sign(&CHALLENGE, token.permissions, &key).unwrap();
        assert_eq!((token.permissions, &token.signature[..32]), (own.permissions, &own.signature[..32]));
        assert_ne!(token.permissions, Permissions::NONE);
    }
});
