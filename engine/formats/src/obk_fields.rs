//! Any object for the option-byte keys, told field by field for people: named by its destination, its hashes checked,
//! its secrets hidden. A broken object gives fields and problems, never an error; whether its values suit the chip and
//! each other is the project's matter.

mod differences;
mod layouts;
mod values;

use std::ops::Range;

use chip::Destination;
use chip::obk::FIRST_READABLE_INDEX;

use crate::key_fields::PRIVATE_START;
use crate::obk::{Encryption, ObkFile};
use layouts::{Content, Part};

pub use differences::{ObkDifference, differences};

/// What an object is, told by its destination. Only STiRoT's configuration and OEMiROT's, which share theirs, are told
/// apart by their length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObkKind {
    /// STiRoT's configuration.
    StirotConfig,
    /// STiRoT's counters.
    StirotData,
    /// The configuration of a first stage of the maker's own.
    OemirotConfig,
    /// The counters of a first stage of the maker's own.
    OemirotData,
    /// The second stage's configuration.
    OemurotConfig,
    /// The second stage's counters.
    OemurotData,
    /// Debug authentication by certificate.
    DaCertificate,
    /// Debug authentication by password.
    DaPassword,
    /// Debug authentication shut for good.
    DaLock,
    /// Keys for the chip's engines, which software can't read (indexes below 8).
    HardwareKeys,
    /// None that ST publishes.
    Unknown,
}

impl ObkKind {
    /// The name that ST's file has.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StirotConfig => "STiROT_Config",
            Self::StirotData => "STiROT_Data",
            Self::OemirotConfig => "OEMiROT_Config",
            Self::OemirotData => "OEMiROT_Data",
            Self::OemurotConfig => "OEMuROT_Config",
            Self::OemurotData => "OEMuROT_Data",
            Self::DaCertificate => "DA_Config",
            Self::DaPassword => "DA_ConfigWithPassword",
            Self::DaLock => "DA_ConfigLock",
            Self::HardwareKeys => "hardware keys",
            Self::Unknown => "unknown object",
        }
    }
}

/// What an object is.
pub fn kind(obk: &ObkFile) -> ObkKind {
    match obk.destination {
        Destination::STIROT_CONFIG if obk.body.len() == layouts::OEM_CONFIG_SIZE => ObkKind::OemirotConfig,
        Destination::STIROT_CONFIG => ObkKind::StirotConfig,
        Destination::STIROT_DATA => ObkKind::StirotData,
        layouts::OEMIROT_DATA => ObkKind::OemirotData,
        Destination::OEMUROT_CONFIG => ObkKind::OemurotConfig,
        Destination::OEMUROT_DATA => ObkKind::OemurotData,
        Destination::DA_CERTIFICATE => ObkKind::DaCertificate,
        Destination::DA_PASSWORD => ObkKind::DaPassword,
        Destination::DA_LOCK => ObkKind::DaLock,
        other if other.method().is_none() && other.index() < FIRST_READABLE_INDEX => ObkKind::HardwareKeys,
        _ => ObkKind::Unknown,
    }
}

/// What a field is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldGroup {
    /// The file's own head; the device stores none of it.
    Head,
    /// A hash over other bytes of the object.
    Hash,
    /// A setting or a number.
    Setting,
    /// Fixed by ST.
    Reserved,
    /// A public key, or its fingerprint.
    PublicKey,
    /// A private key.
    PrivateKey,
    /// Other bytes that must not be seen.
    Secret,
    /// Bytes that only fill up.
    Fill,
}

/// One field of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObkField {
    /// Offset in the file.
    pub offset: usize,
    /// Bytes.
    pub length: usize,
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub group: FieldGroup,
    /// Its value for people: of a key the fingerprint, of a secret that it is hidden.
    pub value: String,
    /// What the value means, where that isn't plain.
    pub meaning: Option<String>,
    /// What the xml calls the same value: a field's name, or an element of `Info`.
    pub xml_field: Option<&'static str>,
    /// Offsets in the file of those of its bytes that must not be seen.
    pub secret: Range<usize>,
}

/// Whether an object's hashes hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashState {
    /// All of them do.
    Holds,
    /// One doesn't.
    Broken,
    /// It has none.
    None,
}

/// An object told field by field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObkDescription {
    /// What it is.
    pub kind: ObkKind,
    /// The fields in the file's order; they cover it without a gap.
    pub fields: Vec<ObkField>,
    /// Whether its hashes hold.
    pub hash: HashState,
    /// What is wrong with it, each with its field.
    pub problems: Vec<String>,
}

/// Tells an object field by field.
pub fn describe(obk: &ObkFile) -> ObkDescription {
    let kind = kind(obk);
    let mut fields = head(obk, kind);
    let mut problems = Vec::new();
    let mut hashes = Vec::new();
    let mut offset = ObkFile::HEAD_SIZE;
    let mut rest: &[u8] = &obk.body;
    for part in layouts::parts(kind) {
        let Some((bytes, after)) = rest.split_at_checked(part.length) else {
            if let Content::Hash { .. } | Content::SecretHash { .. } = part.content {
                hashes.push(false);
            }
            let (name, needed, left) = (part.name, part.length, rest.len());
            problems.push(format!("{name}: takes {needed} bytes, {left} are left; the object is cut short"));
            break;
        };
        if let Content::Hash { covers } | Content::SecretHash { covers } = part.content {
            hashes.push(values::hash_holds(bytes, after, covers));
        }
        fields.push(field(part, offset, bytes, after, &mut problems));
        offset = offset.saturating_add(part.length);
        rest = after;
    }
    if !rest.is_empty() {
        fields.push(unaccounted(kind, offset, rest.len(), &mut problems));
    }
    hide_strays(obk, &mut fields, &mut problems);
    let hash = match hashes.as_slice() {
        [] if kind == ObkKind::Unknown && obk.begins_with_its_hash() => HashState::Holds,
        [] => HashState::None,
        all if all.iter().all(|holds| *holds) => HashState::Holds,
        _ => HashState::Broken,
    };
    ObkDescription { kind, fields, hash, problems }
}

/// The file's bytes; none where they must not be seen.
pub fn masked_bytes(obk: &ObkFile, description: &ObkDescription) -> Vec<Option<u8>> {
    let mut bytes: Vec<Option<u8>> = obk.encode().iter().copied().map(Some).collect();
    for field in &description.fields {
        for byte in bytes.get_mut(field.secret.clone()).into_iter().flatten() {
            *byte = None;
        }
    }
    bytes
}

fn head(obk: &ObkFile, kind: ObkKind) -> Vec<ObkField> {
    let destination = obk.destination;
    let place = format!("{}: HDPL {}, from index {} on", kind.name(), destination.hdpl(), destination.index());
    let encryption = match obk.encryption {
        Encryption::Encrypted => "encrypted when stored",
        Encryption::Clear => "stored as it is; only for a device in OPEN",
    };
    let field = |offset, name, value, meaning: String, xml_field| ObkField {
        offset,
        length: 4,
        name,
        group: FieldGroup::Head,
        value,
        meaning: Some(meaning),
        xml_field,
        secret: 0..0,
    };
    let length = obk.body.len();
    vec![
        field(0, "destination", format!("{:#010x}", destination.0), place, Some("ObDestAddress")),
        field(4, "length", format!("{length:#x}"), format!("{length} bytes follow the head"), None),
        field(8, "encryption", obk.encryption.word().to_string(), encryption.into(), Some("DoEncryption")),
    ]
}

fn field(part: &Part, offset: usize, bytes: &[u8], after: &[u8], problems: &mut Vec<String>) -> ObkField {
    let told = values::tell(part, bytes, after);
    if let Some(problem) = told.problem {
        problems.push(format!("{}: {problem}", part.name));
    }
    let secret = offset.saturating_add(told.secret.start)..offset.saturating_add(told.secret.end);
    ObkField {
        offset,
        length: part.length,
        name: part.name,
        group: told.group,
        value: told.value,
        meaning: told.meaning,
        xml_field: part.xml_field,
        secret,
    }
}

/// Bytes of which nothing is known. They are hidden: what people keep in option-byte keys are keys.
fn unaccounted(kind: ObkKind, offset: usize, length: usize, problems: &mut Vec<String>) -> ObkField {
    let (name, meaning) = match kind {
        ObkKind::HardwareKeys => ("keys", "keys for the chip's engines"),
        ObkKind::Unknown => ("content", "an object that ST doesn't publish; its layout isn't known"),
        _ => {
            let object = kind.name();
            problems.push(format!("{length} bytes at offset {offset:#x} belong to no field of {object}"));
            ("further bytes", "no field of this object")
        }
    };
    ObkField {
        offset,
        length,
        name,
        group: FieldGroup::Secret,
        value: values::HIDDEN.into(),
        meaning: Some(meaning.into()),
        xml_field: None,
        secret: offset..offset.saturating_add(length),
    }
}

/// Hides every field that a private key reaches into which stands where none belongs: in an object with a field too
/// many or too few, key bytes would be told as settings.
fn hide_strays(obk: &ObkFile, fields: &mut [ObkField], problems: &mut Vec<String>) {
    let starts = obk.body.windows(PRIVATE_START.len()).enumerate().filter(|(_, bytes)| *bytes == PRIVATE_START);
    for (start, _) in starts {
        let start = start.saturating_add(ObkFile::HEAD_SIZE);
        let scalar = start.saturating_add(PRIVATE_START.len())..start.saturating_add(PRIVATE_START.len() + 32);
        let mut strays = false;
        for field in fields.iter_mut() {
            let range = field.offset..field.offset.saturating_add(field.length);
            let overlaps = range.start < scalar.end && scalar.start < range.end;
            if overlaps && field.secret != range && field.secret != scalar {
                strays = true;
                field.group = FieldGroup::Secret;
                field.value = values::HIDDEN.into();
                field.meaning = Some("bytes of a private key that doesn't belong here".into());
                field.secret = range;
            }
        }
        if strays {
            problems.push(format!("a private key stands at offset {start:#x}, where none belongs"));
        }
    }
}
