//! The images that the lab puts into a download slot: made of the project's application with the project's keys, or with
//! others; and the one bit of them that is flipped.

use std::fs;

use formats::{
    FormatError, HeldKey, ImageKeys, ImageProfile, ImageSettings, KeyOrigin, KeyRole, Parts, PrivateKey, PublicKey,
    SecurityCounter, Tlv, Version, build_image,
};
use project::{Workshop, WorkshopStage, binary};

use super::scenario::{Judge, OtherKey, Spot};
use crate::error::ProvisionError;

/// What an image is to be.
pub(super) struct Recipe {
    pub(super) judge: Judge,
    pub(super) version: Version,
    pub(super) counter: SecurityCounter,
    pub(super) other: Option<OtherKey>,
}

/// The project's image settings and keys for the images that `judge` takes.
pub(super) fn stage(workshop: &Workshop, judge: Judge) -> Result<&WorkshopStage, ProvisionError> {
    workshop
        .stage(profile(judge))
        .ok_or_else(|| missing(format!("settings of an image that {} takes", judge.lane().name())))
}

pub(super) const fn profile(judge: Judge) -> ImageProfile {
    match judge {
        Judge::Stirot => ImageProfile::Stirot,
        Judge::Oemurot => ImageProfile::Oemurot,
    }
}

/// Makes an image.
pub(super) fn make(workshop: &Workshop, recipe: &Recipe) -> Result<Vec<u8>, ProvisionError> {
    let stage = stage(workshop, recipe.judge)?;
    let path = &stage.application;
    let file =
        fs::read(path).map_err(|source| ProvisionError::File { action: "reading", path: path.clone(), source })?;
    let payload = binary::load_image(&file).map_or(file, |program| program.bytes);
    let settings = match recipe.judge {
        Judge::Stirot => ImageSettings::stirot(recipe.version, recipe.counter, stage.slot_size),
        Judge::Oemurot => ImageSettings::oemurot(recipe.version, recipe.counter, stage.slot_size),
    };
    let other = PrivateKey::generate().map_err(failed)?;
    let (own, recipient) = keys(workshop, recipe.judge)?;
    let signing = if recipe.other == Some(OtherKey::Signer) { &other } else { own };
    let recipient = if recipe.other == Some(OtherKey::Recipient) { other.public() } else { recipient };
    let keys = ImageKeys { signing, encryption: Some(&recipient) };
    build_image(&payload, &settings, keys).map(|built| built.bytes().to_vec()).map_err(failed)
}

/// The project's keys: the one that signs, the public half of the one that opens.
pub(super) fn keys(workshop: &Workshop, judge: Judge) -> Result<(&PrivateKey, PublicKey), ProvisionError> {
    let of = |role: KeyRole| {
        workshop
            .keys
            .0
            .iter()
            .find(|key| key.origin == KeyOrigin::Project && key.role == role && key.profile == Some(profile(judge)))
            .map(|key| &key.key)
    };
    let signing = match of(KeyRole::Authentication) {
        Some(HeldKey::Private(key)) => key,
        Some(HeldKey::Locked { why, .. }) => return Err(missing(why.clone())),
        Some(HeldKey::Public(_)) | None => return Err(missing("private key that signs images".into())),
    };
    let recipient = match of(KeyRole::Encryption) {
        Some(HeldKey::Private(key)) => key.public(),
        Some(HeldKey::Public(key) | HeldKey::Locked { public: Some(key), .. }) => *key,
        Some(HeldKey::Locked { public: None, why }) => return Err(missing(why.clone())),
        None => return Err(missing("key that images are encrypted for".into())),
    };
    Ok((signing, recipient))
}

/// Flips one bit of an image.
pub(super) fn flip(image: &mut [u8], spot: Spot) -> Result<(), ProvisionError> {
    let (offset, bit) = place(image, spot)?;
    match image.get_mut(offset) {
        Some(byte) => *byte ^= 1 << (bit & 7),
        None => return Err(missing(format!("byte {offset:#x} of an image of {} bytes", image.len()))),
    }
    Ok(())
}

fn place(image: &[u8], spot: Spot) -> Result<(usize, u8), ProvisionError> {
    let parts = Parts::decode(image).map_err(failed)?;
    let entry = |kind| {
        let found = parts.tlvs.only(kind).ok().flatten();
        found.map(|entry| (entry.offset as usize + Tlv::HEAD_SIZE, entry.value.len()))
    };
    let inside = |kind, name: &str| {
        entry(kind).map(|(start, size)| (start + size / 2, 2)).ok_or_else(|| missing(format!("{name} of the image")))
    };
    match spot {
        Spot::Magic => Ok((1, 4)),
        // The minor number of the version.
        Spot::Header => Ok((21, 2)),
        Spot::Payload => Ok(((parts.header.payload_offset() + parts.header.payload_size / 2) as usize, 2)),
        Spot::ProtectedTlv => {
            let counter = parts.protected.and_then(|area| area.only(Tlv::SECURITY_COUNTER).ok().flatten());
            let counter = counter.ok_or_else(|| missing("security counter of the image".into()))?;
            let number = counter.u32().map_err(|source| failed(FormatError::Layout { what: "image", source }))?;
            // The lowest bit that isn't set: flipped, the counter is higher.
            let bit = (!number).trailing_zeros();
            Ok((counter.offset as usize + Tlv::HEAD_SIZE + bit as usize / 8, (bit % 8) as u8))
        }
        Spot::Hash => inside(Tlv::SHA256, "hash"),
        Spot::KeyHash => inside(Tlv::KEY_HASH, "key hash"),
        // The last byte of its second number: the signature stays well formed.
        Spot::Signature => entry(Tlv::SIGNATURE)
            .map(|(start, size)| (start + size.saturating_sub(1), 0))
            .ok_or_else(|| missing("signature of the image".into())),
        Spot::WrappedKey => inside(Tlv::WRAPPED_KEY, "wrapped key"),
        Spot::Chosen { offset, bit } => Ok((offset as usize, bit)),
    }
}

fn failed(source: FormatError) -> ProvisionError {
    ProvisionError::Lab { what: crate::link::chain(&source) }
}

fn missing(what: String) -> ProvisionError {
    ProvisionError::Lab { what: format!("there is no {what}") }
}
