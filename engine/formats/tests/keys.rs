//! Key files: ST's published ones read and written again, other kinds of keys refused by name, damage noticed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::vector;
use formats::{FormatError, KeyFile, KeyProblem, PrivateKey, PublicKey, is_sample};

const PAIRS: [(&str, &str); 5] = [
    ("da/Keys/key_1_root.pem", "da/Keys/key_1_root_pub.pem"),
    ("da/Keys/key_2_intermediate.pem", "da/Keys/key_2_intermediate_pub.pem"),
    ("da/Keys/key_3_leaf.pem", "da/Keys/key_3_leaf_pub.pem"),
    ("stirot/Keys/STiROT_Authentication.pem", "stirot/Keys/STiROT_Authentication_pub.pem"),
    ("stirot/Keys/STiROT_Encryption.pem", "stirot/Keys/STiROT_Encryption_pub.pem"),
];

fn private(pem: &[u8]) -> PrivateKey {
    PrivateKey::from_pem(pem).unwrap_or_else(|error| panic!("{error}"))
}

fn pem(label: &str, der: &[u8]) -> Vec<u8> {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der)).into_bytes()
}

fn problem<T>(result: Result<T, FormatError>) -> KeyProblem {
    match result {
        Err(FormatError::Key(problem)) => problem,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was taken"),
    }
}

#[test]
fn published_keys_are_written_as_they_were_read() {
    for (private_name, public_name) in PAIRS {
        let text = vector(private_name);
        let key = private(&text);
        let written = key.to_pem().unwrap_or_else(|error| panic!("{error}"));
        assert!(written.as_bytes() == text, "{private_name} differs");
        assert_eq!(written.len(), 241);
        assert!(key.public().to_pem().as_bytes() == vector(public_name), "{public_name} differs");
    }
}

#[test]
fn both_halves_have_one_fingerprint_and_are_known_as_samples() {
    for (private_name, public_name) in PAIRS {
        let from_private = private(&vector(private_name)).public();
        let from_public = PublicKey::from_pem(&vector(public_name)).unwrap();
        assert_eq!(from_private, from_public);
        assert!(is_sample(&from_public.fingerprint()).is_some(), "{public_name}");
    }
    for name in ["OEMuROT_Authentication.pem", "OEMuROT_Encryption.pem"] {
        let key = PublicKey::from_pem(&vector(&format!("stirot_oemurot/Keys/{name}"))).unwrap();
        assert!(is_sample(&key.fingerprint()).is_some(), "{name}");
    }
}

#[test]
fn a_new_key_is_no_sample_and_survives_every_form() {
    let key = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(is_sample(&key.public().fingerprint()), None);
    let text = key.to_pem().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(text.len(), 241);
    assert!(!text.contains('\r') && text.lines().all(|line| line.len() <= 64));
    assert!(*private(text.as_bytes()).stored() == *key.stored());
    let stored = PrivateKey::from_stored(&key.stored()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(stored.public(), key.public());
    assert_eq!(PublicKey::from_stored(&key.public().stored()).unwrap(), key.public());
    let other = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
    assert_ne!(other.public(), key.public());
}

#[test]
fn a_key_in_sec1_form_is_read_with_and_without_parameters_in_front() {
    let key = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
    let der = [
        &[0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20][..],
        &key.stored()[36..68],
        &[0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07],
        &[0xA1, 0x44, 0x03, 0x42, 0x00, 0x04],
        &key.public().point(),
    ]
    .concat();
    let text = pem("EC PRIVATE KEY", &der);
    assert_eq!(private(&text).public(), key.public());
    let with_parameters = [pem("EC PARAMETERS", &[0x06, 0x08]), text].concat();
    assert_eq!(private(&with_parameters).public(), key.public());
}

#[test]
fn a_private_key_with_another_keys_public_half_is_refused() {
    let key = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
    let other = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
    let text = key.to_pem().unwrap_or_else(|error| panic!("{error}"));
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let mut der = STANDARD.decode(body).unwrap();
    let end = der.len() - 64;
    der[end..].copy_from_slice(&other.public().point());
    assert!(matches!(problem(PrivateKey::from_pem(&pem("PRIVATE KEY", &der))), KeyProblem::Invalid(_)));
}

#[test]
fn other_kinds_of_keys_are_refused_by_name() {
    let p384 = [
        0x30, 0x19, 0x02, 0x01, 0x00, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x05,
        0x2B, 0x81, 0x04, 0x00, 0x22, 0x04, 0x02, 0x30, 0x00,
    ];
    let rsa = [
        0x30, 0x16, 0x02, 0x01, 0x00, 0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01,
        0x05, 0x00, 0x04, 0x02, 0x30, 0x00,
    ];
    let ed25519 = [0x30, 0x0C, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x00];
    let name = |der: &[u8]| match problem(KeyFile::from_pem(&pem("PRIVATE KEY", der))) {
        KeyProblem::NotP256(name) => name,
        other => panic!("{other}"),
    };
    assert_eq!(name(&p384), "on the curve P-384");
    assert_eq!(name(&rsa), "an RSA key");
    assert_eq!(name(&ed25519), "an Ed25519 key");
    assert_eq!(problem(KeyFile::from_pem(&pem("RSA PRIVATE KEY", &[0]))), KeyProblem::NotP256("an RSA key".into()));
    assert_eq!(problem(KeyFile::from_pem(&pem("ENCRYPTED PRIVATE KEY", &[0]))), KeyProblem::Passphrase);
    assert_eq!(problem(KeyFile::from_pem(&pem("CERTIFICATE", &[0]))), KeyProblem::OtherContent("CERTIFICATE".into()));
}

#[test]
fn a_public_key_where_the_private_one_is_needed_is_said_so() {
    let text = vector("stirot/Keys/STiROT_Encryption_pub.pem");
    assert_eq!(problem(PrivateKey::from_pem(&text)), KeyProblem::PublicOnly);
}

#[test]
fn a_cut_key_file_is_an_error_at_every_length() {
    for (private_name, public_name) in PAIRS {
        for name in [private_name, public_name] {
            let text = vector(name);
            for length in 0..text.trim_ascii_end().len() {
                assert!(KeyFile::from_pem(&text[..length]).is_err(), "{name} cut to {length} bytes");
            }
        }
    }
}

#[test]
fn a_flipped_bit_in_a_key_never_gives_another_private_key() {
    let key = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
    let text = key.to_pem().unwrap_or_else(|error| panic!("{error}"));
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).unwrap();
    for bit in 0..der.len() * 8 {
        let mut flipped = der.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(read) = PrivateKey::from_pem(&pem("PRIVATE KEY", &flipped)) {
            assert_eq!(read.public(), key.public(), "bit {bit}");
        }
    }
}
