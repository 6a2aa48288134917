//! The layouts of the objects that ST publishes, as tables: name, length, the xml's name, and what the bytes are.
//! Read off the published objects and their xml; no text of ST's states them.

use chip::Destination;

use super::ObkKind;
use crate::key_fields::{PRIVATE_SIZE, PUBLIC_SIZE};
use crate::obk::LOCK_TEXT;

/// Bytes of the body of an OEMiROT or OEMuROT configuration.
pub(super) const OEM_CONFIG_SIZE: usize = 0xE0;
/// Where OEMiROT's counters go.
pub(super) const OEMIROT_DATA: Destination = Destination(0x0000_010F);

/// A field of a layout.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) length: usize,
    pub(super) xml_field: Option<&'static str>,
    pub(super) content: Content,
}

/// What a field's bytes are. Numbers are little-endian.
pub(super) enum Content {
    /// SHA-256 of so many bytes that follow.
    Hash { covers: usize },
    /// The same, where it would let a secret be guessed.
    SecretHash { covers: usize },
    /// A number that ST fixed.
    Reserved(u32),
    /// Bytes that are zero as long as nobody uses them.
    Unused,
    /// A code: its meaning, or none, and what it may be.
    Code { meaning: fn(u32) -> Option<&'static str>, expected: &'static str },
    /// An address.
    Address,
    /// An offset in user flash.
    FlashOffset,
    /// A number of bytes.
    Size,
    /// A security counter.
    Counter,
    /// SHA-256 of something that isn't here.
    Digest,
    /// A public key in its stored shape.
    PublicKey,
    /// A private key in its stored shape.
    PrivateKey,
    /// The fingerprint of a public key.
    Fingerprint,
    /// A permission mask.
    Permissions,
    /// SHA-256 of a password.
    PasswordHash,
    /// The text of a lock object.
    LockText,
    /// One byte over and over.
    Fill(u8),
}

/// To the end of the object.
const ALL: usize = usize::MAX;

/// The layout of an object's body; empty where none is known.
pub(super) const fn parts(kind: ObkKind) -> &'static [Part] {
    match kind {
        ObkKind::StirotConfig => STIROT_CONFIG,
        ObkKind::OemirotConfig | ObkKind::OemurotConfig => OEM_CONFIG,
        ObkKind::StirotData | ObkKind::OemirotData | ObkKind::OemurotData => DATA,
        ObkKind::DaCertificate => DA_CERTIFICATE,
        ObkKind::DaPassword => DA_PASSWORD,
        ObkKind::DaLock => DA_LOCK,
        ObkKind::HardwareKeys | ObkKind::Unknown => &[],
    }
}

const fn part(name: &'static str, length: usize, content: Content) -> Part {
    Part { name, length, xml_field: None, content }
}

const fn named(name: &'static str, length: usize, xml_field: &'static str, content: Content) -> Part {
    Part { name, length, xml_field: Some(xml_field), content }
}

const HASH: Part = part("hash", 32, Content::Hash { covers: ALL });
const AUTHENTICATION_KEY: Part = named("authentication key", PUBLIC_SIZE, "Authentication key", Content::PublicKey);
const ENCRYPTION_KEY: Part = named("encryption key", PRIVATE_SIZE, "Encryption key", Content::PrivateKey);

const STIROT_CONFIG: &[Part] = &[
    HASH,
    named("reserved 1", 1, "Reserved1", Content::Reserved(1)),
    named("clock selection", 1, "Clock selection", Content::Code { meaning: clock, expected: "0 or 1" }),
    named("reserved 2", 1, "Reserved2", Content::Reserved(0)),
    named(
        "SRAM ECC management",
        1,
        "SRAM ECC management activation",
        Content::Code { meaning: on_or_off, expected: "0 or 1" },
    ),
    named("firmware area address", 4, "Firmware area address (in internal RAM)", Content::Address),
    named("firmware area size", 4, "Firmware area size", Content::Size),
    named("reserved 3", 4, "Reserved3", Content::Reserved(0)),
    named("reserved 4", 4, "Reserved4", Content::Reserved(0)),
    named("reserved 5", 4, "Reserved5", Content::Reserved(0)),
    named("reserved 6", 4, "Reserved6", Content::Reserved(0)),
    named(
        "minimum product state",
        4,
        "Product state minimal allowed",
        Content::Code { meaning: minimum_state, expected: "0x72 or 0x5c" },
    ),
    named("installation area address", 4, "Firmware installation area address (in external flash)", Content::Address),
    named("download area address", 4, "Firmware download area address (in external flash)", Content::Address),
    named("reserved 7", 4, "Reserved7", Content::Reserved(0)),
    named("reserved 8", 4, "Reserved8", Content::Reserved(0x1000_0000)),
    named("iLoader offset", 4, "STiROT_iLoader offset", Content::FlashOffset),
    named("iLoader size", 4, "STiROT_iLoader size", Content::Size),
    named("MCE", 4, "MCE", Content::Code { meaning: mce, expected: "0, 1 or 2" }),
    named("reserved 9", 3, "Reserved9", Content::Reserved(0)),
    ENCRYPTION_KEY,
    AUTHENTICATION_KEY,
];

const OEM_CONFIG: &[Part] = &[HASH, AUTHENTICATION_KEY, ENCRYPTION_KEY, part("fill", 31, Content::Fill(0))];

// assumption: STiRoT's counters are laid out as the OEM ones (ST publishes the bytes, not their meaning).
const DATA: &[Part] = &[
    part("copy A, hash", 32, Content::Hash { covers: 64 }),
    part("copy A, SHA-256 of the image", 32, Content::Digest),
    part("copy A, security counter", 4, Content::Counter),
    part("copy A, counter before", 4, Content::Counter),
    part("copy A, reserved", 24, Content::Unused),
    part("copy B, hash", 32, Content::Hash { covers: 64 }),
    part("copy B, SHA-256 of the image", 32, Content::Digest),
    part("copy B, security counter", 4, Content::Counter),
    part("copy B, counter before", 4, Content::Counter),
    part("copy B, reserved", 24, Content::Unused),
];

const DA_CERTIFICATE: &[Part] = &[
    HASH,
    named("root key", 32, "Debug Authentication root key", Content::Fingerprint),
    named("permissions", 16, "Permission", Content::Permissions),
    part("fill", 16, Content::Fill(0)),
];

const DA_PASSWORD: &[Part] = &[
    part("hash", 32, Content::SecretHash { covers: ALL }),
    named("password hash", 32, "Password", Content::PasswordHash),
    named("reserved", 4, "Reserved", Content::Reserved(0)),
    part("fill", 28, Content::Fill(0)),
];

const DA_LOCK: &[Part] =
    &[part("lock text", LOCK_TEXT.len(), Content::LockText), part("fill", 21, Content::Fill(0xFF))];

fn clock(code: u32) -> Option<&'static str> {
    match code {
        0 => Some("64 MHz"),
        1 => Some("380 MHz"),
        _ => None,
    }
}

fn on_or_off(code: u32) -> Option<&'static str> {
    match code {
        0 => Some("off"),
        1 => Some("on"),
        _ => None,
    }
}

fn minimum_state(code: u32) -> Option<&'static str> {
    match code {
        0x72 => Some("CLOSED"),
        0x5C => Some("LOCKED"),
        _ => None,
    }
}

fn mce(code: u32) -> Option<&'static str> {
    match code {
        0 => Some("MCE1 (XSPI, AES)"),
        1 => Some("MCE2 (XSPI, Noekeon)"),
        2 => Some("MCE3 (FMC, Noekeon)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stirot_config::{DataBlock, StirotConfig};

    #[test]
    fn the_layouts_have_the_sizes_of_the_published_objects() {
        let size = |parts: &[Part]| parts.iter().map(|part| part.length).sum::<usize>();
        assert_eq!(size(STIROT_CONFIG), 32 + StirotConfig::SIZE);
        assert_eq!(size(OEM_CONFIG), OEM_CONFIG_SIZE);
        assert_eq!(size(DATA), 2 * DataBlock::SIZE);
        assert_eq!((size(DA_CERTIFICATE), size(DA_PASSWORD), size(DA_LOCK)), (96, 96, 32));
    }
}
