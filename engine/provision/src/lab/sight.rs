//! What lay before a stage when it checked an image, and the sentence that says it. It reads and compares on its own; it
//! takes no answer from the stage.

use chip::trace::Check;
use chip::{ProductState, loader, second_stage};
use formats::{
    Fingerprint, ImageFile, ImageHeader, Parts, PrivateKey, PublicKey, SecondStageLayout, Tlv, Version, decrypt,
};
use project::grouped;
use sha2::{Digest, Sha256};

use super::keeping::{Configuration, Kept, SecondConfiguration};

/// An image as it lay in a slot or in RAM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sight {
    magic: Option<u32>,
    header: Option<ImageHeader>,
    /// Bytes from the header to the last TLV, and what there was room for.
    size: Option<u32>,
    room: u32,
    counter: Option<u32>,
    stated_hash: Option<Vec<u8>>,
    computed_hash: Option<[u8; 32]>,
    key_hash: Option<Vec<u8>>,
    signature: Option<usize>,
    wrapped_key: Option<usize>,
}

/// How the payload of an image lies before whoever looks at it.
pub(super) enum Payload<'a> {
    /// In the clear, whatever the flags say.
    Clear,
    /// As it was sent, hashed in the clear: opened with this key, where it is encrypted.
    Sealed(&'a PrivateKey),
}

impl Sight {
    /// Looks at the beginning of a slot, or of a copy of one; `room` is how many bytes the whole has.
    pub(super) fn of(slot: &[u8], room: u32, payload: &Payload<'_>) -> Self {
        let magic = slot.first_chunk().copied().map(u32::from_le_bytes);
        let header = ImageHeader::decode(slot).ok();
        let mut seen = Self { magic, header, room, ..Self::default() };
        let Ok(parts) = Parts::decode(slot) else { return seen };
        let entry = |kind| parts.tlvs.only(kind).ok().flatten();
        seen.size = Some(parts.size());
        seen.counter = parts.protected.and_then(|area| area.only(Tlv::SECURITY_COUNTER).ok()??.u32().ok());
        seen.stated_hash = entry(Tlv::SHA256).map(|entry| entry.value.to_vec());
        seen.key_hash = entry(Tlv::KEY_HASH).map(|entry| entry.value.to_vec());
        seen.signature = entry(Tlv::SIGNATURE).map(|entry| entry.value.len());
        seen.wrapped_key = entry(Tlv::WRAPPED_KEY).map(|entry| entry.value.len());
        seen.computed_hash = match payload {
            Payload::Sealed(key) if parts.header.flags.encrypted() => {
                let file = ImageFile { content: slot.to_vec(), address: None, apart: None };
                decrypt(&file, key).ok().and_then(|clear| digest(&parts, &clear, slot))
            }
            Payload::Clear | Payload::Sealed(_) => digest(&parts, parts.payload, slot),
        };
        seen
    }

    /// Its version.
    pub(super) fn version(&self) -> Option<Version> {
        self.header.map(|header| header.version)
    }

    /// Its security counter.
    pub(super) fn counter(&self) -> Option<u32> {
        self.counter
    }

    /// What a check of this image had before it.
    pub(super) fn sentence(&self, check: Check, wants: &Wants<'_>) -> String {
        match check {
            Check::Magic => match self.magic {
                Some(magic) => format!("begins with {magic:#010x}; wanted {:#010x}", wants.magic),
                None => "no bytes to read".into(),
            },
            Check::Header => match self.header {
                Some(header) => format!(
                    "version {}, header {:#x}, payload {} bytes, flags {:#x}",
                    header.version, header.header_size, header.payload_size, header.flags.0
                ),
                None => "no header that can be read".into(),
            },
            Check::Sizes => match self.size {
                Some(size) => format!("image of {size} bytes in a slot of {} bytes", self.room),
                None => "the parts that the header announces are not there whole".into(),
            },
            Check::Counter => counters(self.version(), self.counter, wants.kept.map(|kept| kept.counter)),
            Check::KeyBlob => match self.wrapped_key {
                Some(size) => format!("wrapped key of {size} bytes; this board opens with {}", short(&wants.opens.0)),
                None => "no wrapped key".into(),
            },
            Check::Hash => format!("states {}, computed {}", bytes(&self.stated_hash), computed(self.computed_hash)),
            Check::KeyHash => {
                format!(
                    "signed with key hash {}, configured {}",
                    bytes(&self.key_hash),
                    short(&wants.signs.image_key_hash())
                )
            }
            Check::Signature => match self.signature {
                Some(size) => {
                    format!("{size} bytes of ECDSA P-256, checked with key {}", short(&wants.signs.fingerprint().0))
                }
                None => "no signature".into(),
            },
            Check::HashReference => format!(
                "computed {}, last verified {}",
                computed(self.computed_hash),
                wants.kept.map_or_else(|| "none".to_owned(), |kept| short(&kept.reference))
            ),
            _ => String::new(),
        }
    }

    /// The hash over what is signed, as it was computed here.
    pub(super) fn computed_hash(&self) -> Option<[u8; 32]> {
        self.computed_hash
    }
}

/// What a stage wants of an image.
pub(super) struct Wants<'a> {
    pub(super) magic: u32,
    pub(super) signs: &'a PublicKey,
    pub(super) opens: Fingerprint,
    pub(super) kept: Option<Kept>,
}

impl<'a> Wants<'a> {
    pub(super) fn of_stirot(configuration: &'a Configuration, kept: Option<Kept>) -> Self {
        Self {
            magic: loader::IMAGE_MAGIC,
            signs: &configuration.authentication,
            opens: configuration.decryption.public().fingerprint(),
            kept,
        }
    }

    pub(super) fn of_second(configuration: &'a SecondConfiguration, kept: Option<Kept>) -> Self {
        Self {
            magic: second_stage::IMAGE_MAGIC,
            signs: &configuration.authentication,
            opens: configuration.decryption.public().fingerprint(),
            kept,
        }
    }
}

/// The sentence of the check of the second stage's keys.
pub(super) fn second_configuration(configuration: Option<&SecondConfiguration>) -> String {
    let Some(seen) = configuration else { return "no whole object at index 8 of HDPL 2".into() };
    format!(
        "verifies with key {}, opens with {}",
        short(&seen.authentication.fingerprint().0),
        short(&seen.decryption.public().fingerprint().0)
    )
}

/// The sentence of the check of the second stage's layout block.
pub(super) fn layout(layout: Option<&SecondStageLayout>) -> String {
    let Some(seen) = layout else { return "no layout block that can work".into() };
    let images = if seen.data.is_some() { "application and data image" } else { "application alone" };
    format!(
        "{images}; application runs at {}, installation slot {}, download slot {}, {} KiB each",
        grouped(seen.code_address()),
        grouped(seen.application.installation),
        grouped(seen.application.download),
        seen.application.slot_size / 1024
    )
}

/// The sentence of the check of a copy.
pub(super) fn copy(place: u32, copy: Option<[u8; 32]>, installed: Option<[u8; 32]>) -> String {
    format!("copy at {}: computed {}, installed {}", grouped(place), computed(copy), computed(installed))
}

/// The sentence of the check of a vector table.
pub(super) fn vectors(code: u32, table: &[u8]) -> String {
    let word = |at: usize| table.get(at..).and_then(|rest| rest.first_chunk::<4>()).copied().map(u32::from_le_bytes);
    match (word(0), word(4)) {
        (Some(stack), Some(entry)) => {
            format!("table at {}: stack {}, entry {}", grouped(code), grouped(stack), grouped(entry))
        }
        _ => format!("nothing to read at {}", grouped(code)),
    }
}

/// The sentence of a counter check.
pub(super) fn counters(version: Option<Version>, seen: Option<u32>, stored: Option<u32>) -> String {
    let name = version.map_or_else(|| "image".to_owned(), |version| format!("image {version}"));
    let number = |counter: Option<u32>| counter.map_or_else(|| "none".to_owned(), grouped_whole);
    format!("{name}, counter {}, stored {}", number(seen), number(stored))
}

/// A counter as people compare it: always two groups.
fn grouped_whole(counter: u32) -> String {
    format!("0x{:04X} {:04X}", counter >> 16, counter & 0xFFFF)
}

/// The sentence of the check of STiRoT's configuration.
pub(super) fn configuration(configuration: Option<&Configuration>) -> String {
    let Some(seen) = configuration else { return "no whole object at index 8 of HDPL 1".into() };
    format!(
        "firmware area {}, {} KiB; installation slot {}, download slot {}; starts from {} on",
        grouped(seen.firmware.start),
        seen.firmware.size / 1024,
        grouped(seen.installation.start),
        grouped(seen.download.start),
        seen.minimum_state.name()
    )
}

/// The sentence of the check of counters.
pub(super) fn data(kept: Option<Kept>) -> String {
    match kept {
        Some(kept) => format!("counter {} in area {}", grouped_whole(kept.counter), kept.area),
        None => "neither area is whole".into(),
    }
}

/// The sentence of the check of the product state.
pub(super) fn state(state: ProductState, minimum: Option<ProductState>) -> String {
    match minimum {
        Some(minimum) => format!("board in {}, at least {} wanted", state.name(), minimum.name()),
        None => format!("board in {}", state.name()),
    }
}

/// SHA-256 over what is signed, the payload as given.
fn digest(parts: &Parts<'_>, payload: &[u8], slot: &[u8]) -> Option<[u8; 32]> {
    let (start, end) = (parts.header.protected_offset() as usize, parts.header.tlv_offset() as usize);
    let mut header = parts.header;
    header.flags = header.flags.hashed();
    let hash = Sha256::new().chain_update(header.encode()).chain_update(parts.gap);
    Some(hash.chain_update(payload).chain_update(slot.get(start..end)?).finalize().into())
}

fn computed(hash: Option<[u8; 32]>) -> String {
    hash.map_or_else(|| "none".to_owned(), |hash| short(&hash))
}

fn bytes(value: &Option<Vec<u8>>) -> String {
    value.as_ref().map_or_else(|| "none".to_owned(), |value| short(value))
}

/// The two ends of a hash.
fn short(bytes: &[u8]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        (Some(first), Some(last)) if bytes.len() > 8 => format!("{}…{}", hex(first), hex(last)),
        _ => hex(bytes),
    }
}
