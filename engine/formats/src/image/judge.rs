//! Whether an image would be installed and run: every check with what was seen, and the verdict that follows.
//!
//! What STiRoT takes is assumed: exactly what ST's tool makes from ST's xml. Its own code isn't known. What the second
//! stage does is read off ST's published loader (`formats.md §5.4`).

mod application;
mod contents;
mod keys;
mod material;
mod names;
mod place;
mod ring;
mod verdict;

use super::anatomy::Part;
use super::dissected::Dissected;
use super::header::Version;
use super::settings::ImageProfile;
use super::tlv::Tlv;
use super::vectors;
use crate::error::FormatError;
use crate::opened::{FoundImage, Opened};
use crate::secret::Secret;

pub(crate) use material::Material;
pub use names::{Check, CheckName, Outcome};
pub use ring::{HeldKey, KeyOrigin, KeyRing, KeyRole, KeyUse, RingKey};

use ring::Keys;

/// What an image is judged against. The less is known, the more checks end as not checkable.
#[derive(Clone, Copy)]
pub struct Circumstances<'a> {
    /// The keys at hand.
    pub keys: &'a KeyRing,
    /// The stage that is to take the image; the image's own magic decides when none is given.
    pub profile: Option<ImageProfile>,
    /// Bytes of the slot.
    pub slot_size: Option<u32>,
    /// Address of the download slot.
    pub download_address: Option<u32>,
    /// Where the image lies when its application runs: of STiRoT's firmware area in RAM, for example.
    pub firmware_address: Option<u32>,
    /// What is installed already.
    pub installed: Option<Installed>,
}

/// What is installed on a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Installed {
    /// Its version, if known.
    pub version: Option<Version>,
    /// The security counter that the board remembers.
    pub counter: u32,
}

/// What the boot stage would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It installs and starts the image.
    Installs,
    /// It installs the image, and the application won't run, because of this check.
    DoesNotRun {
        /// The check that fails.
        at: CheckName,
    },
    /// It refuses the image, at this check first.
    Refused {
        /// The first check that fails.
        at: CheckName,
    },
    /// The loader doesn't see an image there: nothing happens.
    NotSeen {
        /// Why: magic or address.
        at: CheckName,
    },
    /// Nothing speaks against it, but these checks could not be made.
    Undecided {
        /// The checks without which there is no verdict.
        missing: Vec<CheckName>,
    },
}

/// An image judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What the boot stage would do.
    pub verdict: Verdict,
    /// The rules it was judged by; none when its magic is nobody's.
    pub profile: Option<ImageProfile>,
    /// Every check, in the order of [`CheckName::ALL`].
    pub checks: Vec<Check>,
    /// The key that signed it, if it is at hand and the signature holds.
    pub signed_with: Option<KeyUse>,
    /// The key that opens it, if it is at hand; none for an image that isn't encrypted.
    pub opens_with: Option<KeyUse>,
    /// The security counter that it states.
    pub security_counter: Option<u32>,
    /// The hash that it states.
    pub stated_hash: Option<[u8; 32]>,
    /// The vector table of its payload in the clear, with offsets in the content; none without a key that opens it.
    pub vectors: Option<Part>,
}

impl Judgement {
    /// The result of one check.
    pub fn outcome(&self, name: CheckName) -> Option<&Outcome> {
        self.checks.iter().find(|check| check.name == name).map(|check| &check.outcome)
    }
}

/// Judges `image` of `opened`. Takes as long as decrypting and hashing the payload take; it is never copied as a whole.
pub fn judge(opened: &Opened, image: &FoundImage, circumstances: &Circumstances<'_>) -> Judgement {
    judge_material(&Material::of(opened, image), circumstances)
}

/// Judges an image, wherever it comes from.
pub(crate) fn judge_material(material: &Material<'_>, circumstances: &Circumstances<'_>) -> Judgement {
    let seen = Dissected::of(material.bytes);
    let own = seen.bytes.first_chunk().and_then(|magic| ImageProfile::of_magic(u32::from_le_bytes(*magic)));
    let profile = circumstances.profile.or(own);
    // An image of nobody's is told by STiRoT's rules: most of them are everybody's.
    let rules = profile.unwrap_or(ImageProfile::Stirot);
    let ring = Keys::of(circumstances.keys, profile);
    let by_keys = seen.header.as_ref().ok().map(|header| keys::check(&seen, header, &ring));
    let clear = by_keys.as_ref().and_then(|by_keys| by_keys.clear.as_ref());
    let beginning = clear.map(|clear| clear.beginning(seen.payload));
    let start = beginning.as_ref().map(|beginning| vectors::Start::of(beginning));
    let check = |name| {
        let outcome = match (name, &seen.header, &by_keys) {
            (CheckName::File, ..) => place::file(material),
            (CheckName::Address, ..) => place::address(material, circumstances),
            (CheckName::Magic, ..) => contents::magic(&seen, profile),
            (CheckName::Header, ..) => contents::header(&seen, rules),
            (CheckName::Extent, ..) => place::extent(material, circumstances),
            (CheckName::Fill, ..) => place::fill(material, profile),
            (CheckName::Trailer, ..) => place::trailer(material, profile),
            (CheckName::Counter, ..) => contents::counter(&seen, circumstances.installed),
            (_, Err(error), _) => contents::without_header(error),
            (CheckName::Payload, Ok(header), _) => contents::payload(header),
            (CheckName::Slot, ..) => place::slot(material, &seen, circumstances, rules),
            (CheckName::Structure, Ok(header), _) => contents::structure(&seen, header),
            (CheckName::ProtectedTlvs, Ok(header), _) => contents::protected_tlvs(&seen, header, rules),
            (CheckName::Tlvs, Ok(header), _) => contents::tlvs(&seen, header, rules),
            (CheckName::Gap, ..) => contents::gap(&seen),
            (CheckName::WrappedKey, _, Some(by_keys)) => by_keys.wrapped_key.clone(),
            (CheckName::Hash, _, Some(by_keys)) => by_keys.hash.clone(),
            (CheckName::KeyHash, _, Some(by_keys)) => by_keys.key_hash.clone(),
            (CheckName::Signature, _, Some(by_keys)) => by_keys.signature.clone(),
            (CheckName::Vectors, ..) => match start {
                Some(start) => application::vectors(start),
                None => Outcome::NotCheckable("the payload can't be read in the clear".into()),
            },
            (CheckName::LinkAddress, Ok(header), _) => {
                application::link_address(start.flatten(), header, circumstances, profile)
            }
            (_, Ok(_), None) => Outcome::NotCheckable("there is no header".into()),
        };
        Check { name, outcome }
    };
    let checks: Vec<Check> = CheckName::ALL.into_iter().map(check).collect();
    let payload_at = seen.header.map_or(0, |header| u64::from(header.payload_offset())).saturating_add(material.base);
    Judgement {
        verdict: verdict::verdict(&checks),
        profile,
        signed_with: by_keys.as_ref().and_then(|by_keys| by_keys.signed_with.clone()),
        opens_with: by_keys.as_ref().and_then(|by_keys| by_keys.opens_with.clone()),
        security_counter: seen.counter(),
        stated_hash: seen.tlv(Tlv::SHA256).and_then(|entry| entry.array().copied().ok()),
        vectors: beginning.as_ref().and_then(|beginning| vectors::table(beginning, payload_at)),
        checks,
    }
}

/// The payload of `image` in the clear, the zeros at its end included, and the key it opened with; the payload as it is
/// when it isn't encrypted.
///
/// # Errors
/// When the header can't be, when the payload isn't whole, or when no key of the ring opens it.
pub fn payload_in_the_clear(
    opened: &Opened,
    image: &FoundImage,
    keys: &KeyRing,
) -> Result<(Secret<Vec<u8>>, Option<KeyUse>), FormatError> {
    let seen = Dissected::of(opened.content.from(image.offset));
    let header = seen.header.map_err(|source| FormatError::Layout { what: "image", source })?;
    if (seen.payload.len() as u64) < u64::from(header.payload_size) {
        return Err(FormatError::Decrypt("the payload isn't whole".into()));
    }
    let keys::Opened { outcome, clear, with } = keys::open(&seen, &header, &Keys::of(keys, image.profile));
    let Some(clear) = clear else { return Err(FormatError::Decrypt(outcome.text().to_owned())) };
    let mut payload = Secret::new(Vec::with_capacity(seen.payload.len()));
    clear.pieces(seen.payload, |piece| payload.extend_from_slice(piece));
    Ok((payload, with))
}
