//! A field's bytes in words. A private key becomes the fingerprint of its public half, a password's hash nothing at all;
//! not even an error's text repeats a byte that might be a key's.

use std::ops::Range;

use chip::memory_map::{
    AHB_SRAM1, AHB_SRAM2, AXI_SRAM, DTCM, ITCM, KIB, Region, USER_FLASH, XSPI1_WINDOW, XSPI2_WINDOW,
};
use sha2::{Digest, Sha256};

use super::FieldGroup;
use super::layouts::{Content, Part};
use crate::key_fields::{PRIVATE_SIZE, PRIVATE_START, PUBLIC_SIZE};
use crate::keys::{Fingerprint, PrivateKey, PublicKey};
use crate::obk::LOCK_TEXT;
use crate::permissions::Permissions;
use crate::sample_keys::is_sample;

/// What stands for bytes that must not be seen.
pub(super) const HIDDEN: &str = "hidden";

/// Where the private number stands in a stored private key.
const SCALAR: Range<usize> = PRIVATE_START.len()..PRIVATE_START.len() + 32;

/// A field in words.
pub(super) struct Told {
    pub(super) group: FieldGroup,
    pub(super) value: String,
    pub(super) meaning: Option<String>,
    pub(super) problem: Option<String>,
    /// Which of its bytes must not be seen.
    pub(super) secret: Range<usize>,
}

impl Told {
    fn new(group: FieldGroup, value: String) -> Self {
        Self { group, value, meaning: None, problem: None, secret: 0..0 }
    }

    fn meaning(self, meaning: impl Into<String>) -> Self {
        Self { meaning: Some(meaning.into()), ..self }
    }

    fn problem(self, problem: impl Into<String>) -> Self {
        Self { problem: Some(problem.into()), ..self }
    }

    fn hidden(group: FieldGroup, length: usize) -> Self {
        Self { secret: 0..length, ..Self::new(group, HIDDEN.into()) }
    }
}

/// Whether `hash` is the SHA-256 of the first `covers` bytes of what follows it.
pub(super) fn hash_holds(hash: &[u8], after: &[u8], covers: usize) -> bool {
    let covered = after.get(..covers).unwrap_or(after);
    hash == Sha256::digest(covered).as_slice()
}

/// Tells the bytes of a field; `after` is what follows it.
pub(super) fn tell(part: &Part, bytes: &[u8], after: &[u8]) -> Told {
    let number = number(bytes);
    match &part.content {
        Content::Hash { covers } => hash(Told::new(FieldGroup::Hash, hex(bytes)), hash_holds(bytes, after, *covers)),
        Content::SecretHash { covers } => {
            let holds = hash_holds(bytes, after, *covers);
            let told = hash(Told::hidden(FieldGroup::Hash, bytes.len()), holds);
            let state = told.meaning.as_deref().unwrap_or_default();
            let meaning = format!("{state}; hidden, because the password could be guessed from it");
            told.meaning(meaning)
        }
        Content::Reserved(expected) => {
            let told = Told::new(FieldGroup::Reserved, format!("{number:#x}"));
            if number == *expected {
                return told;
            }
            told.problem(format!("it is {number:#x}, ST's files hold {expected:#x}"))
        }
        Content::Unused => repeated(FieldGroup::Reserved, bytes, 0),
        Content::Fill(byte) => repeated(FieldGroup::Fill, bytes, *byte),
        Content::Code { meaning, expected } => {
            let told = Told::new(FieldGroup::Setting, format!("{number:#x}"));
            match meaning(number) {
                Some(meaning) => told.meaning(meaning),
                None => told.problem(format!("it is {number:#x}, expected {expected}")),
            }
        }
        Content::Address => {
            let told = Told::new(FieldGroup::Setting, format!("{number:#010x}"));
            told.meaning(memory(number).unwrap_or("no memory of this chip"))
        }
        Content::FlashOffset => {
            let told = Told::new(FieldGroup::Setting, format!("{number:#x}"));
            if number < USER_FLASH.size {
                return told.meaning(format!("{:#010x} in user flash", USER_FLASH.start.saturating_add(number)));
            }
            told.meaning("past the end of user flash")
        }
        Content::Size => {
            let told = Told::new(FieldGroup::Setting, format!("{number:#x}"));
            if number.is_multiple_of(KIB) {
                return told.meaning(format!("{} KiB", number / KIB));
            }
            told.meaning(format!("{number} bytes"))
        }
        Content::Counter => Told::new(FieldGroup::Setting, format!("{number:#x}")),
        Content::Digest => {
            let told = Told::new(FieldGroup::Setting, hex(bytes));
            if bytes.iter().all(|byte| *byte == 0) { told.meaning("no image yet") } else { told }
        }
        Content::PublicKey => public_key(bytes),
        Content::PrivateKey => private_key(bytes),
        Content::Fingerprint => match bytes.first_chunk::<32>() {
            Some(fingerprint) => key(FieldGroup::PublicKey, &Fingerprint(*fingerprint)),
            None => Told::hidden(FieldGroup::Secret, bytes.len()),
        },
        Content::Permissions => {
            let mask = bytes.first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes));
            Told::new(FieldGroup::Setting, format!("{mask:#034x}")).meaning(Permissions(mask).to_string())
        }
        Content::PasswordHash => Told::hidden(FieldGroup::Secret, bytes.len()).meaning("SHA-256 of the password"),
        Content::LockText => {
            if bytes == LOCK_TEXT {
                let told = Told::new(FieldGroup::Setting, String::from_utf8_lossy(bytes).into_owned());
                return told.meaning("shuts debug authentication for good");
            }
            Told::hidden(FieldGroup::Setting, bytes.len()).problem("it isn't the text that locks")
        }
    }
}

fn hash(told: Told, holds: bool) -> Told {
    if holds {
        return told.meaning("holds");
    }
    told.meaning("broken").problem(
        "it isn't the SHA-256 of what follows: a byte was changed, or it is no such object; build it again from its xml",
    )
}

fn repeated(group: FieldGroup, bytes: &[u8], expected: u8) -> Told {
    if bytes.iter().all(|byte| *byte == expected) {
        return Told::new(group, format!("{} bytes {expected:#04x}", bytes.len()));
    }
    Told::hidden(group, bytes.len()).problem(format!("not all of its bytes are {expected:#04x}"))
}

fn public_key(bytes: &[u8]) -> Told {
    match bytes.first_chunk::<PUBLIC_SIZE>().map(PublicKey::from_stored) {
        Some(Ok(public)) => key(FieldGroup::PublicKey, &public.fingerprint()),
        _ => {
            Told::hidden(FieldGroup::PublicKey, bytes.len()).problem("it is no P-256 key in the shape the device takes")
        }
    }
}

fn private_key(bytes: &[u8]) -> Told {
    match bytes.first_chunk::<PRIVATE_SIZE>().map(PrivateKey::from_stored) {
        Some(Ok(private)) => {
            let told = key(FieldGroup::PrivateKey, &private.public().fingerprint());
            Told { secret: SCALAR, ..told }
        }
        _ => Told::hidden(FieldGroup::PrivateKey, bytes.len())
            .problem("it is no P-256 key in the shape the device takes"),
    }
}

fn key(group: FieldGroup, fingerprint: &Fingerprint) -> Told {
    let told = Told::new(group, fingerprint.to_string());
    let half = match group {
        FieldGroup::PrivateKey => "fingerprint of the public half",
        _ => "fingerprint",
    };
    match is_sample(fingerprint) {
        Some(sample) => told.meaning(format!("{half}; SAMPLE: {sample}")),
        None => told.meaning(half),
    }
}

fn memory(address: u32) -> Option<&'static str> {
    const MEMORIES: [(Region, &str); 8] = [
        (ITCM, "ITCM"),
        (USER_FLASH, "user flash"),
        (DTCM, "DTCM"),
        (AXI_SRAM, "AXI SRAM"),
        (AHB_SRAM1, "AHB SRAM1"),
        (AHB_SRAM2, "AHB SRAM2"),
        (XSPI2_WINDOW, "external, XSPI2"),
        (XSPI1_WINDOW, "external, XSPI1"),
    ];
    MEMORIES.iter().find(|(region, _)| region.contains(address)).map(|(_, name)| *name)
}

/// The number in up to four bytes, little-endian.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
