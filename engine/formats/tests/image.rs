//! Signed images: ST's own opened, ours built from the same input and compared, damage of every kind noticed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::vector;
use formats::{
    BuiltImage, CheckName, Expected, FormatError, HexFile, ImageFile, ImageForm, ImageKeys, ImageSettings, Outcome,
    Parts, PrivateKey, PublicKey, Report, SecurityCounter, build_image, decrypt, verify,
};

const SLOT: u32 = 0x20000;
const ADDRESS: u32 = 0x9002_0000;

fn st_keys() -> (PrivateKey, PrivateKey) {
    let key = |name| PrivateKey::from_pem(&vector(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    (key("stirot/Keys/STiROT_Authentication.pem"), key("stirot/Keys/STiROT_Encryption.pem"))
}

fn st_image() -> ImageFile {
    ImageFile::decode(&vector("stirot/Image/appli_enc_sign.hex")).unwrap()
}

fn settings(slot_size: u32, header_size: u16) -> ImageSettings {
    let counter = SecurityCounter::FromVersion;
    ImageSettings { header_size, ..ImageSettings::stirot("1.0.0".parse().unwrap(), counter, slot_size) }
}

fn keys<'a>(signing: &'a PrivateKey, encryption: &'a PublicKey) -> ImageKeys<'a> {
    ImageKeys { signing, encryption: Some(encryption) }
}

fn nothing_fails(report: &Report) -> bool {
    !report.checks.iter().any(|check| matches!(check.outcome, Outcome::Fails(_)))
}

fn slot(image: &BuiltImage) -> Vec<u8> {
    image.encode(ImageForm::Slot).unwrap()
}

fn hex(image: &BuiltImage) -> Vec<u8> {
    image.encode(ImageForm::Hex { address: ADDRESS }).unwrap()
}

fn generate() -> PrivateKey {
    PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"))
}

/// A small image with its keys: signing, encryption.
fn small() -> (BuiltImage, PrivateKey, PrivateKey) {
    let (signing, encryption) = (generate(), generate());
    let image = build_image(&[0xA5; 50], &settings(0x700, 0x400), keys(&signing, &encryption.public())).unwrap();
    (image, signing, encryption)
}

fn plain(bytes: Vec<u8>) -> ImageFile {
    ImageFile { content: bytes, address: None, apart: None }
}

#[test]
fn the_published_image_verifies_in_every_check() {
    let (authentication, encryption) = st_keys();
    let public = authentication.public();
    let expected = Expected {
        authentication: Some(&public),
        decryption: Some(&encryption),
        slot_size: Some(SLOT),
        ..Expected::default()
    };
    let file = st_image();
    let report = verify(&file, &expected).unwrap();
    assert!(report.all_hold(), "{:#?}", report.checks);
    assert_eq!(file.address, Some(ADDRESS));
    assert_eq!(report.header.version.to_string(), "1.0.0");
    assert_eq!(report.security_counter, Some(0x0100_0000));
}

#[test]
fn the_published_image_decrypts_to_its_application() {
    let (_, encryption) = st_keys();
    let mut application = vector("stirot/Image/appli.bin");
    application.resize(application.len().next_multiple_of(16), 0);
    assert!(decrypt(&st_image(), &encryption).unwrap() == application);
}

#[test]
fn our_image_of_the_published_application_equals_the_published_one() {
    let (authentication, encryption) = st_keys();
    let built = build_image(
        &vector("stirot/Image/appli.bin"),
        &settings(SLOT, 0x400),
        keys(&authentication, &encryption.public()),
    )
    .unwrap();
    let ours = ImageFile::decode(&hex(&built)).unwrap();
    let published = st_image();
    let (our_parts, their_parts) = (Parts::decode(&ours.content).unwrap(), Parts::decode(&published.content).unwrap());
    assert_eq!(our_parts.header, their_parts.header);
    assert!(our_parts.gap == their_parts.gap);
    assert!(decrypt(&ours, &encryption).unwrap() == decrypt(&published, &encryption).unwrap());
    assert_eq!(our_parts.protected, their_parts.protected);
    for kind in [formats::Tlv::SHA256, formats::Tlv::KEY_HASH] {
        assert_eq!(
            our_parts.tlvs.only(kind).unwrap().unwrap().value,
            their_parts.tlvs.only(kind).unwrap().unwrap().value
        );
    }
    assert_eq!((ours.address, ours.apart), (published.address, published.apart));
    assert!(our_parts.payload != their_parts.payload, "two images must not share a key");
    let public = authentication.public();
    let expected = Expected {
        authentication: Some(&public),
        decryption: Some(&encryption),
        slot_size: Some(SLOT),
        ..Expected::default()
    };
    assert!(verify(&plain(slot(&built)), &expected).unwrap().all_hold());
}

#[test]
fn the_published_hex_file_is_reproduced_from_its_content() {
    let text = vector("stirot/Image/appli_enc_sign.hex");
    assert!(HexFile::decode(&text).unwrap().encode().as_bytes() == text);
}

#[test]
fn a_flipped_byte_of_the_image_fails_a_check_and_one_behind_it_is_noticed() {
    let (image, signing, encryption) = small();
    let public = signing.public();
    let expected = Expected {
        authentication: Some(&public),
        decryption: Some(&encryption),
        slot_size: Some(0x700),
        ..Expected::default()
    };
    let slot = slot(&image);
    assert!(verify(&plain(slot.clone()), &expected).unwrap().all_hold());
    for offset in 0..slot.len() {
        for mask in [0x01, 0x80, 0xFF] {
            let mut flipped = slot.clone();
            flipped[offset] ^= mask;
            if let Ok(report) = verify(&plain(flipped), &expected) {
                let image = offset < image.bytes().len();
                let noticed = if image { !nothing_fails(&report) } else { !report.all_hold() };
                assert!(noticed, "byte {offset:#x} flipped with {mask:#x}: {:#?}", report.checks);
            }
        }
    }
}

#[test]
fn a_cut_image_is_an_error_at_every_length() {
    let (image, _, encryption) = small();
    for length in 0..image.bytes().len() {
        let file = plain(image.bytes()[..length].to_vec());
        assert!(verify(&file, &Expected::default()).is_err(), "cut to {length} bytes");
        assert!(decrypt(&file, &encryption).is_err());
    }
}

#[test]
fn a_cut_hex_file_is_an_error_at_every_length() {
    let (image, ..) = small();
    let text = hex(&image);
    let whole = text.trim_ascii_end().len();
    for length in 0..whole {
        assert!(HexFile::decode(&text[..length]).is_err(), "cut to {length} bytes");
    }
}

#[test]
fn without_keys_the_checks_that_need_them_say_so() {
    let (image, ..) = small();
    let report = verify(&plain(image.bytes().to_vec()), &Expected::default()).unwrap();
    assert!(nothing_fails(&report) && !report.all_hold());
    for name in [CheckName::KeyHash, CheckName::WrappedKey, CheckName::Hash, CheckName::Signature] {
        assert!(matches!(report.outcome(name), Some(Outcome::NotCheckable(_))), "{name:?}");
    }
}

#[test]
fn a_signature_can_be_checked_without_the_decryption_key() {
    let (image, signing, _) = small();
    let public = signing.public();
    let expected = Expected { authentication: Some(&public), ..Expected::default() };
    let report = verify(&plain(image.bytes().to_vec()), &expected).unwrap();
    let Some(Outcome::Holds(text)) = report.outcome(CheckName::Signature) else { panic!("{:#?}", report.checks) };
    assert!(text.contains("not checked"));
}

#[test]
fn swapped_keys_are_called_by_their_name() {
    let (authentication, encryption) = (generate(), generate());
    // Built with the roles exchanged, as happens when two files are mixed up.
    let image = build_image(&[1; 64], &settings(0x800, 0x400), keys(&encryption, &authentication.public())).unwrap();
    let public = authentication.public();
    let expected = Expected { authentication: Some(&public), decryption: Some(&encryption), ..Expected::default() };
    let report = verify(&plain(image.bytes().to_vec()), &expected).unwrap();
    for name in [CheckName::KeyHash, CheckName::WrappedKey] {
        let Some(Outcome::Fails(text)) = report.outcome(name) else { panic!("{:#?}", report.checks) };
        assert!(text.contains("swapped"), "{text}");
    }
    let error = decrypt(&plain(image.bytes().to_vec()), &encryption).unwrap_err();
    assert!(error.to_string().contains("swapped"), "{error}");
}

#[test]
fn an_image_for_another_device_key_is_refused_with_the_reason() {
    let (image, ..) = small();
    let error = decrypt(&plain(image.bytes().to_vec()), &generate()).unwrap_err();
    assert!(error.to_string().contains("encrypted for another"), "{error}");
}

#[test]
fn a_payload_fits_up_to_the_stated_limit_and_no_further() {
    let (signing, encryption) = (generate(), generate());
    let build = |length| build_image(&vec![0; length], &settings(SLOT, 0x400), keys(&signing, &encryption.public()));
    assert!(build(129_744).is_ok());
    let error = build(129_745).unwrap_err();
    assert!(matches!(error, FormatError::DoesNotFit { payload_limit: 129_744, .. }), "{error}");
    assert!(matches!(build(0), Err(FormatError::Setting { setting: "payload", .. })));
}

#[test]
fn a_file_for_another_slot_is_noticed() {
    let (image, signing, encryption) = small();
    let public = signing.public();
    let expected = Expected {
        authentication: Some(&public),
        decryption: Some(&encryption),
        slot_size: Some(0x800),
        ..Expected::default()
    };
    for file in [plain(slot(&image)), ImageFile::decode(&hex(&image)).unwrap()] {
        let report = verify(&file, &expected).unwrap();
        assert!(matches!(report.outcome(CheckName::Extent), Some(Outcome::Notice(_))));
        assert!(matches!(report.outcome(CheckName::Slot), Some(Outcome::Holds(_))));
    }
}

#[test]
fn an_application_of_the_second_stage_is_told_from_an_stirot_image() {
    let (image, ..) = small();
    let mut bytes = image.bytes().to_vec();
    bytes[..4].copy_from_slice(&0x96F3_B83D_u32.to_le_bytes());
    let expected = Expected { profile: Some(formats::ImageProfile::Stirot), ..Expected::default() };
    let report = verify(&plain(bytes), &expected).unwrap();
    let Some(Outcome::Fails(text)) = report.outcome(CheckName::Magic) else { panic!("{:#?}", report.checks) };
    assert!(text.contains("second boot stage"));
}

#[test]
fn a_public_key_file_does_for_encrypting() {
    let (signing, encryption) = (generate(), generate());
    let public = PublicKey::from_pem(encryption.public().to_pem().as_bytes()).unwrap();
    let image = build_image(&[2; 16], &settings(0x800, 0x400), keys(&signing, &public)).unwrap();
    assert_eq!(decrypt(&plain(image.bytes().to_vec()), &encryption).unwrap(), [2; 16]);
}

#[test]
fn hex_and_slot_files_hold_the_same_image() {
    let (image, ..) = small();
    for file in [hex(&image), slot(&image)] {
        assert_eq!(ImageFile::decode(&file).unwrap().image().unwrap(), image.bytes());
    }
}
