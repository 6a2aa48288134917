//! Keys under a passphrase: OpenSSL's read in every form it writes, ours with the structure it reads, wrong
//! passphrases and hostile parameters told apart.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use formats::{FormatError, KeyFile, KeyProblem, Passphrase, PrivateKey, Secret};

/// One throwaway key, written by OpenSSL 3.0 (`openssl pkcs8 -topk8`) under [`PASSPHRASE`] in its several ways.
const FINGERPRINT: &str = "f370644a60525d583af9066b109aeed28179c764d9c471beceb46053e2f16206";
const PASSPHRASE: &str = "correct horse";

/// `-scrypt -v2 aes-256-cbc`
const SCRYPT: &str = include_str!("protected_keys/scrypt.pem");
/// `-v2 aes-256-cbc -v2prf hmacWithSHA256`
const PBKDF2_SHA256: &str = include_str!("protected_keys/pbkdf2_sha256.pem");
/// `-v2 aes-128-cbc -v2prf hmacWithSHA1`
const PBKDF2_SHA1: &str = include_str!("protected_keys/pbkdf2_sha1.pem");
/// `-v2 aes-192-cbc -v2prf hmacWithSHA512 -iter 1000`
const PBKDF2_SHA512: &str = include_str!("protected_keys/pbkdf2_sha512.pem");
/// `-v2 des3`
const TRIPLE_DES: &str = include_str!("protected_keys/triple_des.pem");
/// `-v1 PBE-SHA1-3DES`
const PKCS12: &str = include_str!("protected_keys/pkcs12.pem");

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Secret::new(text.to_owned())).unwrap_or_else(|error| panic!("{error}"))
}

fn pem(der: &[u8]) -> Vec<u8> {
    let base64 = STANDARD.encode(der);
    format!("-----BEGIN ENCRYPTED PRIVATE KEY-----\n{base64}\n-----END ENCRYPTED PRIVATE KEY-----\n").into_bytes()
}

fn problem(text: &[u8], given: Option<&Passphrase>) -> KeyProblem {
    match KeyFile::from_pem_with(text, given) {
        Err(FormatError::Key(problem)) => problem,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was taken"),
    }
}

fn der(text: &str) -> Vec<u8> {
    STANDARD.decode(text.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
}

/// DER: tag, length, content.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let head = match u8::try_from(content.len()).unwrap() {
        short @ 0..0x80 => vec![tag, short],
        long => vec![tag, 0x81, long],
    };
    [head, content.to_vec()].concat()
}

fn number(value: u64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(7);
    let sign: &[u8] = if bytes[first] >= 0x80 { &[0] } else { &[] };
    tlv(2, &[sign, &bytes[first..]].concat())
}

/// An encrypted key of 16 zero bytes, its key derived with the function and the parameters given.
fn with_derivation(function: &[u8], parameters: &[Vec<u8>]) -> Vec<u8> {
    let derivation = tlv(0x30, &[tlv(6, function), tlv(0x30, &parameters.concat())].concat());
    let aes256_cbc = tlv(6, &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2A]);
    let cipher = tlv(0x30, &[aes256_cbc, tlv(4, &[0; 16])].concat());
    let pbes2 = tlv(6, &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0D]);
    let algorithm = tlv(0x30, &[pbes2, tlv(0x30, &[derivation, cipher].concat())].concat());
    pem(&tlv(0x30, &[algorithm, tlv(4, &[0; 16])].concat()))
}

fn scrypt(n: u64, r: u64, p: u64) -> Vec<u8> {
    let oid = [0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x04, 0x0B];
    with_derivation(&oid, &[tlv(4, &[7; 8]), number(n), number(r), number(p)])
}

fn pbkdf2(rounds: u64) -> Vec<u8> {
    with_derivation(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0C], &[tlv(4, &[7; 8]), number(rounds)])
}

#[test]
fn what_openssl_protects_opens_with_its_passphrase_alone() {
    let right = passphrase(PASSPHRASE);
    for text in [SCRYPT, PBKDF2_SHA256, PBKDF2_SHA1, PBKDF2_SHA512] {
        let text = text.as_bytes();
        assert!(KeyFile::is_protected(text));
        let Ok(KeyFile::Private(key)) = KeyFile::from_pem_with(text, Some(&right)) else { panic!("it must open") };
        assert_eq!(key.public().fingerprint().to_string(), FINGERPRINT);
        assert_eq!(problem(text, None), KeyProblem::Passphrase);
        assert_eq!(problem(text, Some(&passphrase("correct horse "))), KeyProblem::WrongPassphrase);
    }
}

#[test]
fn a_protected_key_survives_the_way_to_text_and_back() {
    let key = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
    let given = passphrase("Schlüssel, Łódź, ключ");
    let text = key.to_protected_pem(&given).unwrap_or_else(|error| panic!("{error}"));
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    let Ok(KeyFile::Private(read)) = KeyFile::from_pem_with(text.as_bytes(), Some(&given)) else { panic!("it opens") };
    assert!(*read.stored() == *key.stored());
    assert_eq!(problem(text.as_bytes(), None), KeyProblem::Passphrase);
    let scalar = &key.stored()[36..68];
    assert!(!der(&text).windows(16).any(|bytes| bytes == &scalar[..16] || bytes == &scalar[16..]));
}

/// OpenSSL opened files of exactly this structure; it takes no larger N.
#[test]
fn what_is_written_has_the_structure_that_openssl_reads() {
    let key = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
    let given = passphrase(PASSPHRASE);
    let [first, second] = [0, 1].map(|_| der(&key.to_protected_pem(&given).unwrap_or_else(|error| panic!("{error}"))));
    let algorithm = [0x30, 0x81, 0xEC, 0x30, 0x57, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0D];
    assert_eq!(first[..16], algorithm);
    let scrypt = [0x06, 0x09, 0x2B, 0x06, 0x01, 0x04, 0x01, 0xDA, 0x47, 0x04, 0x0B, 0x30, 0x1C, 0x04, 0x10];
    assert_eq!(first[20..35], scrypt);
    let cost = [0x02, 0x02, 0x40, 0x00, 0x02, 0x01, 0x08, 0x02, 0x01, 0x05];
    assert_eq!(first[51..61], cost);
    let aes256_cbc = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2A, 0x04, 0x10];
    assert_eq!(first[63..76], aes256_cbc);
    assert_eq!(first[92..95], [0x04, 0x81, 0x90]);
    assert_eq!((first.len(), second.len()), (239, 239));
    assert_ne!(first[35..51], second[35..51], "the salt repeats");
    assert_ne!(first[76..92], second[76..92], "the vector repeats");
}

#[test]
fn keys_that_lie_open_are_read_with_a_passphrase_at_hand() {
    let key = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
    let text = key.to_pem().unwrap_or_else(|error| panic!("{error}"));
    assert!(!KeyFile::is_protected(text.as_bytes()));
    let read = KeyFile::from_pem_with(text.as_bytes(), Some(&passphrase("any"))).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(read.public(), key.public());
}

#[test]
fn an_empty_passphrase_is_refused() {
    assert!(matches!(Passphrase::new(Secret::new(String::new())), Err(FormatError::Passphrase(_))));
}

#[test]
fn other_protections_are_refused_by_name() {
    let name = |text: &[u8]| problem(text, Some(&passphrase(PASSPHRASE))).to_string();
    assert!(name(TRIPLE_DES.as_bytes()).contains("triple DES"));
    assert!(name(PKCS12.as_bytes()).contains("PKCS#12"));
    let older =
        b"-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END EC \
                  PRIVATE KEY-----\n";
    assert!(name(older).contains("Proc-Type"));
    assert!(!KeyFile::is_protected(older));
}

#[test]
fn parameters_that_would_eat_memory_or_minutes_are_refused_untried() {
    let given = passphrase(PASSPHRASE);
    for (text, expected) in [
        (scrypt(1 << 20, 8, 1), "takes 1024 MiB of memory"),
        (scrypt(1 << 63, 65535, 65535), "MiB of memory"),
        (scrypt(1 << 14, 8, 65), "p may be 64 at most"),
        (scrypt(2, 65535, 64), "takes 527 MiB of memory"),
        (scrypt(1 << 10, 0, 1), "r and p must be 1 at least"),
        (scrypt(1 << 10, 8, 0), "r and p must be 1 at least"),
        (scrypt(1000, 8, 1), "N must be a power of two"),
        (scrypt(0, 8, 1), "N must be a power of two"),
        (scrypt(1, 8, 1), "N must be a power of two"),
        (pbkdf2(10_000_001), "iteration count of 10000001"),
        (pbkdf2(u64::from(u32::MAX)), "iteration count of 4294967295"),
        (pbkdf2(0), "iteration count of 0"),
    ] {
        let KeyProblem::Protection(said) = problem(&text, Some(&given)) else { panic!("{expected}") };
        assert!(said.contains(expected), "{said}");
    }
    assert_eq!(problem(&scrypt(1 << 10, 8, 1), Some(&given)), KeyProblem::WrongPassphrase);
    assert_eq!(problem(&pbkdf2(1000), Some(&given)), KeyProblem::WrongPassphrase);
}

#[test]
fn a_cut_protected_key_is_an_error_at_every_length() {
    let given = passphrase(PASSPHRASE);
    let text = SCRYPT.as_bytes();
    for length in 0..text.trim_ascii_end().len() {
        assert!(KeyFile::from_pem_with(&text[..length], Some(&given)).is_err(), "cut to {length} bytes");
    }
    let whole = der(PBKDF2_SHA1);
    for length in 0..whole.len() {
        let text = pem(&whole[..length]);
        assert!(KeyFile::from_pem_with(&text, Some(&given)).is_err(), "structure cut to {length} bytes");
    }
}

#[test]
fn a_flipped_bit_in_a_protected_key_never_gives_another_key() {
    let given = passphrase(PASSPHRASE);
    let whole = der(PBKDF2_SHA512);
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(read) = KeyFile::from_pem_with(&pem(&flipped), Some(&given)) {
            assert_eq!(read.public().fingerprint().to_string(), FINGERPRINT, "bit {bit}");
        }
    }
}
