//! Opening an image and telling what holds and what doesn't: one named result a check, none of them silent.
//! What follows from a failed check is for the caller to decide.

use super::TRAILER_MAGIC;
use super::ecies;
use super::file::ImageFile;
use super::header::{Flags, ImageHeader};
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
    /// Kind and length of each protected entry, in order.
    pub protected_tlvs: Vec<(u16, usize)>,
    /// Kind and length of each other entry, in order.
    pub tlvs: Vec<(u16, usize)>,
    /// Every check, in the order of [`CheckName::ALL`].
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether nothing failed. Checks that could not be made are passed over: look at them, too.
    pub fn nothing_fails(&self) -> bool {
        !self.checks.iter().any(|check| matches!(check.outcome, Outcome::Fails(_)))
    }

    /// Whether every check was made and holds.
    pub fn all_hold(&self) -> bool {
        self.checks.iter().all(|check| matches!(check.outcome, Outcome::Holds(_)))
    }

    /// The result of one check.
    pub fn outcome(&self, name: CheckName) -> Option<&Outcome> {
        self.checks.iter().find(|check| check.name == name).map(|check| &check.outcome)
    }
}

/// One check and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Which.
    pub name: CheckName,
    /// How it ended.
    pub outcome: Outcome,
}

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CheckName {
    /// The header opens with the profile's magic.
    Magic,
    /// The header's other fields are those of the profile.
    Header,
    /// The gap behind the header is erased flash.
    Gap,
    /// The payload consists of whole cipher blocks.
    Payload,
    /// The protected area holds a security counter and nothing unknown.
    ProtectedTlvs,
    /// The other area holds hash, key hash, signature and wrapped key, once each.
    Tlvs,
    /// The image names the expected key as the one that signed it.
    KeyHash,
    /// The payload's key opens with the decryption key.
    WrappedKey,
    /// The stated hash is that of the signed bytes.
    Hash,
    /// The signature over the hash is the expected key's.
    Signature,
    /// The image fits its slot.
    Slot,
    /// The rest of the slot is erased and ends with the trailer.
    Trailer,
}

impl CheckName {
    /// All of them, in the order of a report.
    pub const ALL: [Self; 12] = [
        Self::Magic,
        Self::Header,
        Self::Gap,
        Self::Payload,
        Self::ProtectedTlvs,
        Self::Tlvs,
        Self::KeyHash,
        Self::WrappedKey,
        Self::Hash,
        Self::Signature,
        Self::Slot,
        Self::Trailer,
    ];

    /// The name for people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Magic => "magic",
            Self::Header => "header",
            Self::Gap => "gap behind the header",
            Self::Payload => "payload",
            Self::ProtectedTlvs => "protected TLVs",
            Self::Tlvs => "TLVs",
            Self::KeyHash => "signing key",
            Self::WrappedKey => "encryption key",
            Self::Hash => "hash",
            Self::Signature => "signature",
            Self::Slot => "size of the slot",
            Self::Trailer => "end of the slot",
        }
    }
}

/// How a check ended; the text says what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Holds(String),
    /// It fails, because.
    Fails(String),
    /// It could not be made, because.
    NotCheckable(String),
}

/// Verifies the image in `file` against what is expected of it.
///
/// # Errors
/// With offset and field, when the bytes can't be taken apart as an image: then there is nothing to check.
pub fn verify(file: &ImageFile, expected: &Expected<'_>) -> Result<Report, FormatError> {
    let parts = Parts::decode(&file.content).map_err(|problem| no_image(&file.content).unwrap_or(problem))?;
    let entries = Entries::collect(&parts);
    let swapped = keys_are_swapped(&entries, expected);
    let clear = clear_payload(&parts, &entries, expected, swapped);
    let digest = clear.as_ref().ok().map(|(payload, _)| parts.digest(payload));
    let check = |name| {
        let outcome = match name {
            CheckName::Magic => magic(&parts),
            CheckName::Header => header(&parts.header),
            CheckName::Gap => gap(parts.gap),
            CheckName::Payload => payload(parts.payload),
            CheckName::ProtectedTlvs => protected_tlvs(&parts, &entries),
            CheckName::Tlvs => tlvs(&entries),
            CheckName::KeyHash => key_hash(&entries, expected, swapped),
            CheckName::WrappedKey => match &clear {
                Ok((_, opened)) => Outcome::Holds((*opened).into()),
                Err(outcome) => outcome.clone(),
            },
            CheckName::Hash => hash(&entries, digest.as_ref(), &clear),
            CheckName::Signature => signature(&entries, digest.as_ref(), expected),
            CheckName::Slot => slot(&parts, file, expected),
            CheckName::Trailer => trailer(&parts, file),
        };
        Check { name, outcome }
    };
    Ok(Report {
        header: parts.header,
        image_size: parts.size(),
        security_counter: entries.counter.and_then(|entry| entry.u32().ok()),
        stated_hash: entries.hash.and_then(|entry| entry.array().copied().ok()),
        stated_key_hash: entries.key_hash.and_then(|entry| entry.array().copied().ok()),
        protected_tlvs: entries.protected.iter().map(|entry| (entry.kind, entry.value.len())).collect(),
        tlvs: entries.others.iter().map(|entry| (entry.kind, entry.value.len())).collect(),
        checks: CheckName::ALL.into_iter().map(check).collect(),
    })
}

/// The payload in the clear, zeros at its end included.
///
/// # Errors
/// When the bytes can't be taken apart, or when the image wasn't encrypted for this key.
pub fn decrypt(file: &ImageFile, key: &PrivateKey) -> Result<Vec<u8>, FormatError> {
    let parts = Parts::decode(&file.content)?;
    let entries = Entries::collect(&parts);
    let expected = Expected { decryption: Some(key), ..Expected::default() };
    let swapped = keys_are_swapped(&entries, &expected);
    match clear_payload(&parts, &entries, &expected, swapped) {
        Ok((payload, _)) => Ok(payload),
        Err(Outcome::Holds(text) | Outcome::Fails(text) | Outcome::NotCheckable(text)) => {
            Err(FormatError::Decrypt(text))
        }
    }
}

/// The key of the payload, as it travels inside the image.
///
/// # Errors
/// When the bytes can't be taken apart, or when the image wasn't encrypted for this key.
pub fn payload_key(file: &ImageFile, key: &PrivateKey) -> Result<Secret<[u8; 16]>, FormatError> {
    let parts = Parts::decode(&file.content)?;
    match Entries::collect(&parts).wrapped_key {
        Some(entry) => ecies::unwrap(entry.value, key),
        None => Err(FormatError::Decrypt("the image holds no wrapped key".into())),
    }
}

/// The entries of both areas, and those that have a meaning here.
struct Entries<'a> {
    protected: Vec<Tlv<'a>>,
    others: Vec<Tlv<'a>>,
    damage: Option<LayoutError>,
    counter: Option<Tlv<'a>>,
    hash: Option<Tlv<'a>>,
    key_hash: Option<Tlv<'a>>,
    signature: Option<Tlv<'a>>,
    wrapped_key: Option<Tlv<'a>>,
}

impl<'a> Entries<'a> {
    fn collect(parts: &Parts<'a>) -> Self {
        let mut damage = None;
        let mut read = |area: Option<super::tlv::TlvArea<'a>>| {
            let mut found = Vec::new();
            for entry in area.iter().flat_map(|area| area.entries()) {
                match entry {
                    Ok(entry) => found.push(entry),
                    Err(error) => damage = damage.or(Some(error)),
                }
            }
            found
        };
        let protected = read(parts.protected);
        let others = read(Some(parts.tlvs));
        let one = |entries: &[Tlv<'a>], kind: u16| entries.iter().find(|entry| entry.kind == kind).copied();
        Self {
            counter: one(&protected, Tlv::SECURITY_COUNTER),
            hash: one(&others, Tlv::SHA256),
            key_hash: one(&others, Tlv::KEY_HASH),
            signature: one(&others, Tlv::SIGNATURE),
            wrapped_key: one(&others, Tlv::WRAPPED_KEY),
            protected,
            others,
            damage,
        }
    }
}

const SWAPPED: &str =
    "; the image was signed with the key that is here for encryption: authentication and encryption key are swapped";

fn keys_are_swapped(entries: &Entries<'_>, expected: &Expected<'_>) -> bool {
    match (entries.key_hash, expected.decryption) {
        (Some(entry), Some(key)) => entry.value == key.public().image_key_hash(),
        _ => false,
    }
}

/// The payload as it was signed, and how it was come by; or the reason why it can't be had.
fn clear_payload(
    parts: &Parts<'_>,
    entries: &Entries<'_>,
    expected: &Expected<'_>,
    swapped: bool,
) -> Result<(Vec<u8>, &'static str), Outcome> {
    if !parts.header.flags.encrypted() {
        if entries.wrapped_key.is_some() {
            let problem = "the header says that the payload is not encrypted, and yet a wrapped key is there";
            return Err(Outcome::Fails(problem.into()));
        }
        return Ok((parts.payload.to_vec(), "the payload is not encrypted"));
    }
    let Some(wrapped) = entries.wrapped_key else {
        return Err(Outcome::Fails("the payload is encrypted, but no wrapped key is there".into()));
    };
    let Some(key) = expected.decryption else {
        return Err(Outcome::NotCheckable("the payload is encrypted, and no decryption key is given".into()));
    };
    match ecies::unwrap(wrapped.value, key) {
        Ok(opened) => {
            let mut payload = parts.payload.to_vec();
            ecies::apply_ctr(&opened, &mut payload);
            Ok((payload, "the payload's key opens with the decryption key"))
        }
        Err(error) => {
            let text = match error {
                FormatError::Decrypt(text) => text,
                other => other.to_string(),
            };
            Err(Outcome::Fails(if swapped { text + SWAPPED } else { text }))
        }
    }
}

/// The magic of an image that MCUboot starts.
const MCUBOOT_MAGIC: u32 = 0x96F3_B83D;

/// Why bytes that can't be taken apart are no image at all: what a header would say of other bytes is noise.
fn no_image(bytes: &[u8]) -> Option<FormatError> {
    let found = u32::from_le_bytes(*bytes.first_chunk()?);
    let expected = "0xc1592ee9, with which an STiRoT image begins";
    let problem = Problem::Value { found, expected };
    (found != ImageProfile::Stirot.magic() && found != MCUBOOT_MAGIC)
        .then_some(FormatError::Layout { what: "no image", source: LayoutError { offset: 0, field: "magic", problem } })
}

fn magic(parts: &Parts<'_>) -> Outcome {
    match parts.header.require_magic(ImageProfile::Stirot.magic()) {
        Ok(()) => Outcome::Holds("0xc1592ee9, an STiRoT image".into()),
        Err(_) if parts.header.magic == MCUBOOT_MAGIC => Outcome::Fails(
            "0x96f3b83d, the magic of an MCUboot application; it is for the second boot stage, not for STiRoT".into(),
        ),
        Err(error) => Outcome::Fails(error.to_string()),
    }
}

fn header(header: &ImageHeader) -> Outcome {
    let wanted = Flags(Flags::PRIMARY_ONLY | Flags::ENCRYPTED_AES128);
    if header.flags != wanted {
        return Outcome::Fails(format!("flags {:?}, expected {wanted:?} (one slot, AES-128)", header.flags));
    }
    if header.load_address != 0 || header.pad != 0 {
        return Outcome::Fails(format!(
            "load address {:#x} and last word {:#x}, expected zero",
            header.load_address, header.pad
        ));
    }
    Outcome::Holds(format!("version {}, payload at {:#x}", header.version, header.header_size))
}

fn gap(gap: &[u8]) -> Outcome {
    match gap.iter().position(|byte| *byte != 0xFF) {
        None => Outcome::Holds(format!("{} bytes 0xff", gap.len())),
        Some(offset) => Outcome::Fails(format!("offset {:#x} isn't 0xff", offset + ImageHeader::SIZE)),
    }
}

fn payload(payload: &[u8]) -> Outcome {
    if payload.is_empty() {
        Outcome::Fails("it is empty".into())
    } else if payload.len().is_multiple_of(16) {
        Outcome::Holds(format!("{} bytes", payload.len()))
    } else {
        Outcome::Fails(format!("{} bytes, no multiple of 16", payload.len()))
    }
}

fn protected_tlvs(parts: &Parts<'_>, entries: &Entries<'_>) -> Outcome {
    if parts.protected.is_none() {
        return Outcome::Fails("there are none; without a security counter nothing keeps old images out".into());
    }
    let [counter] = entries.protected.as_slice() else {
        return Outcome::Fails(format!("{} entries, expected the security counter alone", entries.protected.len()));
    };
    if counter.kind != Tlv::SECURITY_COUNTER {
        return Outcome::Fails(format!(
            "an entry of the kind {:#x}, expected the security counter (0x50)",
            counter.kind
        ));
    }
    match counter.u32() {
        Ok(counter) => Outcome::Holds(format!("security counter {counter:#x}")),
        Err(error) => Outcome::Fails(error.to_string()),
    }
}

fn tlvs(entries: &Entries<'_>) -> Outcome {
    if let Some(error) = entries.damage {
        return Outcome::Fails(error.to_string());
    }
    let mut kinds: Vec<u16> = entries.others.iter().map(|entry| entry.kind).collect();
    kinds.sort_unstable();
    if kinds == [Tlv::KEY_HASH, Tlv::SHA256, Tlv::SIGNATURE, Tlv::WRAPPED_KEY] {
        return Outcome::Holds("hash, key hash, signature and wrapped key".into());
    }
    let kinds: Vec<String> = kinds.iter().map(|kind| format!("{kind:#x}")).collect();
    Outcome::Fails(format!("entries {}; expected 0x1, 0x10, 0x22 and 0x32, once each", kinds.join(", ")))
}

fn key_hash(entries: &Entries<'_>, expected: &Expected<'_>, swapped: bool) -> Outcome {
    let Some(stated) = entries.key_hash else {
        return Outcome::Fails("the image doesn't say which key signed it".into());
    };
    let Some(key) = expected.authentication else {
        return Outcome::NotCheckable("no authentication key is given".into());
    };
    if stated.value == key.image_key_hash() {
        return Outcome::Holds(format!("signed with the key {}", key.fingerprint().short()));
    }
    let problem = format!("not signed with the authentication key {}", key.fingerprint().short());
    Outcome::Fails(if swapped { problem + SWAPPED } else { problem })
}

fn hash(entries: &Entries<'_>, digest: Option<&[u8; 32]>, clear: &Result<(Vec<u8>, &'static str), Outcome>) -> Outcome {
    let Some(stated) = entries.hash else { return Outcome::Fails("the image states none".into()) };
    match (digest, clear) {
        (Some(digest), _) if stated.value == digest => {
            Outcome::Holds("header, gap, payload and protected TLVs are as they were signed".into())
        }
        (Some(_), _) => Outcome::Fails(
            "it is not that of header, gap, payload and protected TLVs; the image was changed or damaged".into(),
        ),
        (None, Err(Outcome::NotCheckable(why))) => Outcome::NotCheckable(why.clone()),
        (None, _) => Outcome::NotCheckable("the payload could not be decrypted".into()),
    }
}

fn signature(entries: &Entries<'_>, digest: Option<&[u8; 32]>, expected: &Expected<'_>) -> Outcome {
    let Some(entry) = entries.signature else { return Outcome::Fails("there is none".into()) };
    let Some(key) = expected.authentication else {
        return Outcome::NotCheckable("no authentication key is given".into());
    };
    let Ok(signature) = p256::ecdsa::Signature::from_der(entry.value) else {
        return Outcome::Fails("it is no ECDSA signature on P-256; it is damaged".into());
    };
    let stated: Option<&[u8; 32]> = entries.hash.and_then(|entry| entry.value.try_into().ok());
    let (digest, over) = match (digest, stated) {
        (Some(digest), _) => (digest, "over the image's bytes"),
        (None, Some(stated)) => (stated, "over the hash that the image states; the bytes themselves were not checked"),
        (None, None) => return Outcome::NotCheckable("there is no hash that it could be over".into()),
    };
    if key.verifies(digest, &signature) {
        Outcome::Holds(format!("the authentication key's, {over}"))
    } else {
        Outcome::Fails(format!("not the authentication key's, {over}"))
    }
}

/// The slot's size as the file shows it.
fn shown_slot(parts: &Parts<'_>, file: &ImageFile) -> Option<u64> {
    match &file.apart {
        Some(apart) => Some(u64::from(apart.offset) + apart.bytes.len() as u64),
        None if parts.rest.is_empty() => None,
        None => Some(file.content.len() as u64),
    }
}

fn slot(parts: &Parts<'_>, file: &ImageFile, expected: &Expected<'_>) -> Outcome {
    let shown = shown_slot(parts, file);
    let size = match (expected.slot_size, shown) {
        (Some(size), Some(shown)) if u64::from(size) != shown => {
            let problem = format!("the file is for a slot of {shown:#x} bytes, the firmware area has {size:#x}");
            return Outcome::Fails(problem);
        }
        (Some(size), _) => u64::from(size),
        (None, Some(shown)) => shown,
        (None, None) => return Outcome::NotCheckable("neither the file nor the caller says how large it is".into()),
    };
    let needed = u64::from(parts.size()) + TRAILER_MAGIC.len() as u64;
    if needed <= size {
        Outcome::Holds(format!("{needed} of {size} bytes"))
    } else {
        Outcome::Fails(format!("image and trailer take {needed} bytes, the slot has {size}"))
    }
}

fn trailer(parts: &Parts<'_>, file: &ImageFile) -> Outcome {
    const NO_MARK: &str = "the last 16 bytes of the slot aren't the mark of a complete image";
    let (rest, apart) = match &file.apart {
        Some(apart) => (parts.rest, apart.bytes.as_slice()),
        None => match parts.rest.split_last_chunk::<16>() {
            Some((rest, mark)) => (rest, mark.as_slice()),
            None if parts.rest.is_empty() => {
                return Outcome::NotCheckable("the file ends with the image".into());
            }
            None => return Outcome::Fails(NO_MARK.into()),
        },
    };
    let Some(fill) = apart.strip_suffix(&TRAILER_MAGIC) else { return Outcome::Fails(NO_MARK.into()) };
    if rest.iter().chain(fill).all(|byte| *byte == 0xFF) {
        Outcome::Holds("erased, then the mark of a complete image".into())
    } else {
        Outcome::Fails("bytes other than 0xff between the image and the end of its slot".into())
    }
}
