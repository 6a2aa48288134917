//! An image against the keys and the slot that it must be for: the checks of [`super::judge`] as a report, for whoever
//! builds, saves and hands on images. Opening one with its key, too.

use super::ecies;
use super::file::ImageFile;
use super::header::ImageHeader;
use super::judge::{
    Check, CheckName, Circumstances, HeldKey, KeyOrigin, KeyRing, KeyRole, Material, Outcome, RingKey, judge_material,
};
use super::parts::Parts;
use super::settings::ImageProfile;
use super::tlv::Tlv;
use crate::error::FormatError;
use crate::keys::{PrivateKey, PublicKey};
use crate::layout::{LayoutError, Problem};
use crate::secret::Secret;

/// What an image is verified against. The less is known, the more checks end as not checkable.
#[derive(Clone, Copy, Default)]
pub struct Expected<'a> {
    /// The key that shall have signed it.
    pub authentication: Option<&'a PublicKey>,
    /// The key that shall open it.
    pub decryption: Option<&'a PrivateKey>,
    /// Bytes of the slot it shall fit.
    pub slot_size: Option<u32>,
    /// The stage that is to take it; by its magic when none is given.
    pub profile: Option<ImageProfile>,
}

impl Expected<'_> {
    fn ring(&self) -> KeyRing {
        let key =
            |name: &str, role, key| RingKey { name: name.into(), origin: KeyOrigin::Project, role, profile: None, key };
        let authentication = self
            .authentication
            .map(|public| key("the authentication key", KeyRole::Authentication, HeldKey::Public(*public)));
        let decryption = self
            .decryption
            .map(|private| key("the encryption key", KeyRole::Encryption, HeldKey::Private(private.clone())));
        KeyRing(authentication.into_iter().chain(decryption).collect())
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The header as it stands in the image.
    pub header: ImageHeader,
    /// Bytes from the start of the slot to the last TLV.
    pub image_size: u32,
    /// The security counter, where the image states one.
    pub security_counter: Option<u32>,
    /// The hash that the image states.
    pub stated_hash: Option<[u8; 32]>,
    /// The hash of the signing key that the image states.
    pub stated_key_hash: Option<[u8; 32]>,
    /// Every check that needs neither a board nor a project, in the order in which a boot stage would stumble.
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether every check was made and holds.
    pub fn all_hold(&self) -> bool {
        self.checks.iter().all(|check| matches!(check.outcome, Outcome::Holds(_)))
    }

    /// The result of one check.
    pub fn outcome(&self, name: CheckName) -> Option<&Outcome> {
        self.checks.iter().find(|check| check.name == name).map(|check| &check.outcome)
    }
}

/// What only a judgement of an opened file tells: it needs a board, a project, or the file itself.
const NOT_REPORTED: [CheckName; 5] =
    [CheckName::File, CheckName::Address, CheckName::Counter, CheckName::Vectors, CheckName::LinkAddress];

/// Verifies the image in `file` against what is expected of it.
///
/// # Errors
/// With offset and field, when the bytes can't be taken apart as an image: then there is nothing to check.
pub fn verify(file: &ImageFile, expected: &Expected<'_>) -> Result<Report, FormatError> {
    let parts = Parts::decode(&file.content).map_err(|problem| no_image(&file.content).unwrap_or(problem))?;
    let ring = expected.ring();
    let circumstances = Circumstances {
        keys: &ring,
        profile: expected.profile,
        slot_size: expected.slot_size,
        download_address: None,
        firmware_address: None,
        installed: None,
    };
    let judgement = judge_material(&Material::of_file(file), &circumstances);
    let key_hash = parts.tlvs.entries().filter_map(Result::ok).find(|entry| entry.kind == Tlv::KEY_HASH);
    Ok(Report {
        header: parts.header,
        image_size: parts.size(),
        security_counter: judgement.security_counter,
        stated_hash: judgement.stated_hash,
        stated_key_hash: key_hash.and_then(|entry| entry.array().copied().ok()),
        checks: judgement.checks.into_iter().filter(|check| !NOT_REPORTED.contains(&check.name)).collect(),
    })
}

/// The payload in the clear, zeros at its end included.
///
/// # Errors
/// When the bytes can't be taken apart, or when the image wasn't encrypted for this key.
pub fn decrypt(file: &ImageFile, key: &PrivateKey) -> Result<Vec<u8>, FormatError> {
    let parts = Parts::decode(&file.content)?;
    let mut payload = parts.payload.to_vec();
    if parts.header.flags.encrypted() {
        ecies::apply_ctr(&*payload_key(file, key)?, &mut payload);
    }
    Ok(payload)
}

/// The key of the payload, as it travels inside the image.
///
/// # Errors
/// When the bytes can't be taken apart, or when the image wasn't encrypted for this key.
pub fn payload_key(file: &ImageFile, key: &PrivateKey) -> Result<Secret<[u8; 16]>, FormatError> {
    let parts = Parts::decode(&file.content)?;
    let entry = |kind| parts.tlvs.entries().filter_map(Result::ok).find(|entry| entry.kind == kind);
    let Some(wrapped) = entry(Tlv::WRAPPED_KEY) else {
        return Err(FormatError::Decrypt("the image holds no wrapped key".into()));
    };
    ecies::unwrap(wrapped.value, key).map_err(|error| {
        let signed_with_it = entry(Tlv::KEY_HASH).is_some_and(|it| it.value == key.public().image_key_hash());
        match error {
            FormatError::Decrypt(text) if signed_with_it => FormatError::Decrypt(format!(
                "{text}; the image was signed with this key: authentication and encryption key are swapped"
            )),
            other => other,
        }
    })
}

/// Why bytes that can't be taken apart are no image at all: what a header would say of other bytes is noise.
fn no_image(bytes: &[u8]) -> Option<FormatError> {
    let found = u32::from_le_bytes(*bytes.first_chunk()?);
    let expected = "0xc1592ee9, with which an STiRoT image begins";
    let problem = Problem::Value { found, expected };
    ImageProfile::of_magic(found)
        .is_none()
        .then_some(FormatError::Layout { what: "no image", source: LayoutError { offset: 0, field: "magic", problem } })
}
