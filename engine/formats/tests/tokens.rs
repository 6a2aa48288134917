//! Answers to a challenge, held against an implementation of ADAC's rule of this test's own: `silicon.md` §4.6 with
//! SHA-256 and ECDSA taken from their crates, nothing of the product's in between.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::chains::{keys, published_keys};
use common::vector;
use formats::{FormatError, Outcome, Permission, Permissions, PrivateKey, Token};
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey};
use proptest::prelude::*;

/// A token by the rule: 1.0, ECDSA on P-256 with SHA-256 over the first 0x38 bytes and the challenge.
fn by_the_rule(token: &[u8], challenge: &[u8; 32], key: &VerifyingKey) -> Result<u128, &'static str> {
    if token.len() != 0x78 {
        return Err("length");
    }
    if token[0x00..0x02] != [1, 0] {
        return Err("version");
    }
    if token[0x02] != 1 || token[0x03] != 0 {
        return Err("signature type");
    }
    if token[0x04..0x08] != [0; 4] || token[0x18..0x38] != [0; 32] {
        return Err("extensions");
    }
    let signed = [&token[..0x38], challenge].concat();
    let signature = Signature::from_slice(&token[0x38..0x78]).map_err(|_| "signature")?;
    // The crate hashes with SHA-256 itself.
    key.verify(&signed, &signature).map_err(|_| "signature")?;
    Ok(u128::from_le_bytes(token[0x08..0x18].try_into().unwrap()))
}

fn leaf() -> (PrivateKey, VerifyingKey) {
    let [.., key] = published_keys();
    let pem = String::from_utf8(vector("da/Keys/key_3_leaf_pub.pem")).unwrap();
    (key, VerifyingKey::from_public_key_pem(&pem).unwrap())
}

const CHALLENGE: [u8; 32] = *b"thirty-two bytes of a challenge.";

fn asked() -> Permissions {
    Permission::FULL_REGRESSION.mask()
}

#[test]
fn a_token_verifies_by_the_rule_alone() {
    let (key, public) = leaf();
    for permissions in [asked(), Permissions::DEBUG, Permissions(u128::MAX), Permission::FORCED_DOWNLOAD.mask()] {
        let bytes = Token::sign(&CHALLENGE, permissions, &key).unwrap().encode();
        assert_eq!(by_the_rule(&bytes, &CHALLENGE, &public), Ok(permissions.0));
    }
}

#[test]
fn a_token_made_by_the_rule_alone_verifies_here() {
    let (key, _) = leaf();
    let pem = String::from_utf8(vector("da/Keys/key_3_leaf.pem")).unwrap();
    let mut bytes = vec![1, 0, 1, 0, 0, 0, 0, 0];
    bytes.extend_from_slice(&0x4000_u128.to_le_bytes());
    bytes.extend_from_slice(&[0; 32]);
    let signature: Signature = SigningKey::from_pkcs8_pem(&pem).unwrap().sign(&[&bytes[..], &CHALLENGE].concat());
    bytes.extend_from_slice(&signature.to_bytes());
    let token = Token::decode(&bytes).unwrap();
    assert!(matches!(token.verify(&CHALLENGE, &key.public()), Outcome::Holds(_)));
    assert_eq!(token.permissions, asked());
    assert_eq!(token.encode()[..], bytes);
}

#[test]
fn a_flipped_bit_anywhere_in_a_token_or_its_challenge_is_refused_by_both() {
    let (key, public) = leaf();
    let bytes = Token::sign(&CHALLENGE, asked(), &key).unwrap().encode();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes;
        flipped[bit / 8] ^= 1 << (bit % 8);
        let token = Token::decode(&flipped).unwrap();
        assert!(matches!(token.verify(&CHALLENGE, &key.public()), Outcome::Fails(_)), "bit {bit}");
        assert!(by_the_rule(&flipped, &CHALLENGE, &public).is_err(), "bit {bit}");
    }
    let token = Token::decode(&bytes).unwrap();
    for bit in 0..256 {
        let mut other = CHALLENGE;
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(matches!(token.verify(&other, &key.public()), Outcome::Fails(_)), "bit {bit} of the challenge");
    }
}

#[test]
fn another_keys_answer_is_refused() {
    let (key, public) = leaf();
    let [other, ..] = keys();
    let token = Token::sign(&CHALLENGE, asked(), &other).unwrap();
    let Outcome::Fails(why) = token.verify(&CHALLENGE, &key.public()) else { panic!("it is another key's") };
    assert!(why.contains(&key.public().fingerprint().short()), "{why}");
    assert!(by_the_rule(&token.encode(), &CHALLENGE, &public).is_err());
}

#[test]
fn a_token_that_asks_for_nothing_is_not_made() {
    let (key, _) = leaf();
    let error = Token::sign(&CHALLENGE, Permissions::NONE, &key).unwrap_err();
    assert!(matches!(error, FormatError::CertificateRequest { .. }), "{error}");
}

#[test]
fn a_token_of_another_length_is_refused_with_the_place() {
    let (key, _) = leaf();
    let bytes = Token::sign(&CHALLENGE, asked(), &key).unwrap().encode();
    for length in 0..bytes.len() {
        assert!(Token::decode(&bytes[..length]).is_err(), "cut to {length}");
    }
    let error = Token::decode(&bytes[..0x40]).unwrap_err().to_string();
    assert!(error.contains("signature at offset 0x38"), "{error}");
    let error = Token::decode(&[&bytes[..], &[0]].concat()).unwrap_err().to_string();
    assert!(error.contains("length") && error.contains("0x79"), "{error}");
}

proptest! {
    #[test]
    fn any_challenge_is_answered_and_the_answer_is_for_it_alone(
        challenge in any::<[u8; 32]>(), other in any::<[u8; 32]>(), mask in 1..u128::MAX,
    ) {
        let (key, public) = leaf();
        let token = Token::sign(&challenge, Permissions(mask), &key).unwrap();
        prop_assert_eq!(by_the_rule(&token.encode(), &challenge, &public), Ok(mask));
        prop_assert_eq!(by_the_rule(&token.encode(), &other, &public).is_ok(), challenge == other);
        prop_assert_eq!(Token::decode(&token.encode()).unwrap(), token);
    }
}
