//! Images to judge, with the keys and circumstances they are for.
#![allow(dead_code, unreachable_pub)]

use formats::{
    BuiltImage, Circumstances, HeldKey, ImageForm, ImageKeys, ImageProfile, ImageSettings, Installed, Judgement,
    KeyOrigin, KeyRing, KeyRole, Opened, PrivateKey, PublicKey, RingKey, SecurityCounter, Version, build_image, judge,
};

use super::vector;

/// What ST's published configuration says.
pub const SLOT: u32 = 0x2_0000;
pub const DOWNLOAD: u32 = 0x9002_0000;
pub const FIRMWARE: u32 = 0x2400_0000;

pub fn published_key(name: &str) -> PrivateKey {
    PrivateKey::from_pem(&vector(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub fn generated() -> PrivateKey {
    PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"))
}

/// A key of the numbers 1, 1, 1 and so on: always the same.
pub fn fixed(number: u8) -> PrivateKey {
    let mut stored = [number; 70];
    stored[..36].copy_from_slice(&formats::key_fields::PRIVATE_START);
    stored[68..].copy_from_slice(&formats::key_fields::PRIVATE_END);
    PrivateKey::from_stored(&stored).unwrap_or_else(|error| panic!("{error}"))
}

pub fn ring_key(name: &str, origin: KeyOrigin, role: KeyRole, key: HeldKey) -> RingKey {
    RingKey { name: name.into(), origin, role, profile: None, key }
}

/// A ring of one pair: the public half that verifies, the private one that opens.
pub fn pair(origin: KeyOrigin, authentication: &PublicKey, encryption: &PrivateKey) -> KeyRing {
    KeyRing(vec![
        ring_key("authentication.pem", origin, KeyRole::Authentication, HeldKey::Public(*authentication)),
        ring_key("encryption.pem", origin, KeyRole::Encryption, HeldKey::Private(encryption.clone())),
    ])
}

pub fn st_ring() -> KeyRing {
    let authentication = published_key("stirot/Keys/STiROT_Authentication.pem").public();
    pair(KeyOrigin::Project, &authentication, &published_key("stirot/Keys/STiROT_Encryption.pem"))
}

/// Everything that ST's published project says.
pub fn circumstances(keys: &KeyRing) -> Circumstances<'_> {
    Circumstances {
        keys,
        profile: Some(ImageProfile::Stirot),
        slot_size: Some(SLOT),
        download_address: Some(DOWNLOAD),
        firmware_address: Some(FIRMWARE),
        installed: Some(Installed { version: None, counter: 0 }),
    }
}

/// Nothing but keys.
pub fn keys_alone(keys: &KeyRing) -> Circumstances<'_> {
    Circumstances {
        keys,
        profile: None,
        slot_size: None,
        download_address: None,
        firmware_address: None,
        installed: None,
    }
}

/// Judges the first image of a file.
pub fn judged(file: &[u8], circumstances: &Circumstances<'_>) -> (Opened, Judgement) {
    let opened = Opened::read(file.to_vec());
    let image = opened.images.first().unwrap_or_else(|| panic!("no image in {:?}", opened.kind));
    let judgement = judge(&opened, image, circumstances);
    (opened, judgement)
}

/// An application that can start at `address`: a vector table, then bytes that follow `number`.
pub fn application(address: u32, length: usize, number: u8) -> Vec<u8> {
    let mut bytes = vec![0; length];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = (index as u8).wrapping_mul(31).wrapping_add(number);
    }
    bytes[..4].copy_from_slice(&0x2001_0000_u32.to_le_bytes());
    for vector in 1..16_usize {
        let handler = address + 0x101 + 16 * vector as u32;
        bytes[4 * vector..4 * vector + 4].copy_from_slice(&handler.to_le_bytes());
    }
    bytes
}

pub fn version() -> Version {
    Version { major: 1, minor: 0, revision: 0, build: 0 }
}

/// A small image of either profile with the fixed keys 1 (signs) and 2 (opens).
pub fn small(profile: ImageProfile, slot_size: u32) -> BuiltImage {
    let counter = SecurityCounter::FromVersion;
    let settings = match profile {
        ImageProfile::Stirot => ImageSettings::stirot(version(), counter, slot_size),
        _ => ImageSettings::oemurot(version(), counter, slot_size),
    };
    let (signing, encryption) = (fixed(1), fixed(2).public());
    let keys = ImageKeys { signing: &signing, encryption: Some(&encryption) };
    build_image(&application(FIRMWARE + 0x400, 0x500, 7), &settings, keys).unwrap()
}

pub fn small_ring() -> KeyRing {
    pair(KeyOrigin::Project, &fixed(1).public(), &fixed(2))
}

pub fn hex(image: &BuiltImage, address: u32) -> Vec<u8> {
    image.encode(ImageForm::Hex { address }).unwrap()
}

pub fn slot(image: &BuiltImage) -> Vec<u8> {
    image.encode(ImageForm::Slot).unwrap()
}
