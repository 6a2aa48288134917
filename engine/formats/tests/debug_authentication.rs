//! Debug-authentication objects and the password file, made without an xml, against ST's published ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::vector;
use formats::da::{Password, certificate_object, password_object, read_certificate_object};
use formats::{FormatError, ObkFile, Permissions, PublicKey, Secret};

const PERMISSIONS: Permissions = Permissions(0x8000_0000_0000_0000_0000_0000_0000_4007);

fn password(text: &str) -> Result<Password, FormatError> {
    Password::new(Secret::new(text.to_owned()))
}

#[test]
fn the_certificate_object_is_the_published_one() {
    let root = PublicKey::from_pem(&vector("da/Keys/key_1_root_pub.pem")).unwrap();
    let object = certificate_object(&root, PERMISSIONS);
    assert!(*object.encode() == vector("da/Binary/DA_Config.obk"));
    assert_eq!(read_certificate_object(&object).unwrap(), (root.fingerprint(), PERMISSIONS));
}

#[test]
fn the_password_object_and_file_are_the_published_ones() {
    let Ok(password) = password("0123456789012345") else { panic!("16 characters are allowed") };
    let object = password_object(&password);
    assert!(*object.encode() == vector("da/Binary/DA_ConfigWithPassword.obk"));
    let file = vector("da/Binary/password.bin");
    assert!(*password.to_file() == file);
    let read = Password::from_file(&file).unwrap_or_else(|error| panic!("{error}"));
    assert!(read.opens(&object));
    assert!(!read.opens(&ObkFile::da_lock()));
}

#[test]
fn a_damaged_password_file_is_refused() {
    let file = vector("da/Binary/password.bin");
    for length in 0..file.len() {
        assert!(Password::from_file(&file[..length]).is_err(), "cut to {length} bytes");
    }
    assert!(Password::from_file(&[file.as_slice(), b"6"].concat()).is_err());
    let mut other = file;
    other[3] = 0x81;
    assert!(Password::from_file(&other).is_err());
}

#[test]
fn passwords_the_chip_cant_take_are_refused() {
    for text in ["", "123", "01234567890123456", "pässword", "with\nline"] {
        assert!(matches!(password(text), Err(FormatError::Password(_))), "{text:?}");
    }
    assert!(password("1234").is_ok());
}

#[test]
fn another_object_is_not_taken_for_one_with_a_certificate() {
    assert!(read_certificate_object(&ObkFile::da_lock()).is_err());
    let mut object = ObkFile::decode(&vector("da/Binary/DA_Config.obk")).unwrap();
    object.body[40] ^= 1;
    assert!(read_certificate_object(&object).is_err());
}
