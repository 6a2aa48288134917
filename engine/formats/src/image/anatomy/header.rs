//! The header of an image, field by field and flag by flag. The fields are told as they stand, also those of a header
//! that can't be.

use super::{Part, PartKind};
use crate::image::dissected::Dissected;
use crate::image::header::{ImageHeader, Version};
use crate::image::settings::ImageProfile;

const SOURCE: &str = "MCUboot, image.h";

/// Magics of other families and images, which people mix up with these.
const OTHER_MAGICS: [(u32, &str); 2] =
    [(0x73AB_1024, "a code image for STiRoT of the STM32H5"), (0x55F7_394E, "a data image for STiRoT of the STM32H5")];

/// Every flag that is known, with what it means.
const FLAGS: [(u32, &str, &str); 9] = [
    (0x02, "PRIMARY_ONLY", "one slot; hashed and signed as if not encrypted"),
    (0x04, "ENCRYPTED_AES128", "the payload is encrypted with AES-128"),
    (0x08, "OTFDEC", "decrypted on the fly, in ST's tool; AES-256 in upstream's"),
    (0x10, "NON_BOOTABLE", "data, not to be started"),
    (0x20, "RAM_LOAD", "copied to its load address"),
    (0x100, "ROM_FIXED", "linked for the load address"),
    (0x2000_0000, "ENCRYPTED_AES256", "the payload is encrypted with AES-256, in ST's tool"),
    (0x4000_0000, "LICENCE_1", "a licence flag of ST's"),
    (0x8000_0000, "LICENCE_2", "a licence flag of ST's"),
];

pub(super) fn part(seen: &Dissected<'_>, base: u64, profile: Option<ImageProfile>) -> Part {
    let size = seen.bytes.len().min(ImageHeader::SIZE);
    let range = base..base.saturating_add(size as u64);
    let mut children = Vec::new();
    let mut field = |offset: usize, length: usize, name: &str, tell: &dyn Fn(u32) -> Told| {
        let Some(bytes) = seen.bytes.get(offset..offset.saturating_add(length)) else { return };
        let number = bytes.iter().rev().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
        let start = base.saturating_add(offset as u64);
        let told = tell(number);
        let part = Part::new(PartKind::Header, name, start..start.saturating_add(length as u64), SOURCE);
        children.push(part.value(told.value).meaning(told.meaning).problem(told.problem).children(told.children));
    };
    field(0x00, 4, "magic", &magic);
    field(0x04, 4, "load address", &|number| {
        Told::new(
            format!("{number:#010x}"),
            if number == 0 { "none" } else { "not zero, as it is in every image made by ST's tool" },
        )
    });
    field(0x08, 2, "header size", &|number| {
        let told = Told::new(format!("{number:#x}"), format!("the payload begins {number} bytes into the slot"));
        told.problem(match number {
            0..=31 => Some("shorter than the header itself".into()),
            0x400 => None,
            _ => Some("not 0x400, where applications for this chip are linked".into()),
        })
    });
    field(0x0A, 2, "size of the protected TLVs", &|number| {
        Told::new(format!("{number:#x}"), format!("{number} bytes"))
    });
    field(0x0C, 4, "payload size", &|number| {
        let told = Told::new(
            format!("{number:#x}"),
            format!("{number} bytes, those included that fill the last cipher block"),
        );
        told.problem(if number == 0 {
            Some("empty".into())
        } else if !number.is_multiple_of(16) {
            Some("no multiple of 16, the cipher's block".into())
        } else {
            None
        })
    });
    let flags_at = base.saturating_add(ImageHeader::FLAGS_OFFSET as u64);
    field(ImageHeader::FLAGS_OFFSET, 4, "flags", &|number| flags(number, flags_at, profile));
    field(0x14, 1, "version, major", &|number| Told::new(number.to_string(), ""));
    field(0x15, 1, "version, minor", &|number| Told::new(number.to_string(), ""));
    field(0x16, 2, "version, revision", &|number| Told::new(number.to_string(), ""));
    field(0x18, 4, "version, build", &|number| Told::new(number.to_string(), "has no part in the security counter"));
    field(0x1C, 4, "last word", &|number| {
        Told::new(format!("{number:#010x}"), if number == 0 { "zero, as it should be" } else { "not zero" })
    });
    let problem = seen.header.err().map(|error| error.to_string());
    let meaning = match version(seen.bytes) {
        Some(version) => format!("version {version}"),
        None => "cut short".into(),
    };
    Part::new(PartKind::Header, "header", range, SOURCE)
        .value(format!("{size} bytes"))
        .meaning(meaning)
        .problem(problem)
        .children(children)
}

/// The version as it stands in the bytes of a header, whatever the rest says.
pub(crate) fn version(bytes: &[u8]) -> Option<Version> {
    let [major, minor, low, high, b0, b1, b2, b3] = *bytes.get(0x14..0x1C)? else { return None };
    let (revision, build) = (u16::from_le_bytes([low, high]), u32::from_le_bytes([b0, b1, b2, b3]));
    Some(Version { major, minor, revision, build })
}

struct Told {
    value: String,
    meaning: String,
    problem: Option<String>,
    children: Vec<Part>,
}

impl Told {
    fn new(value: String, meaning: impl Into<String>) -> Self {
        Self { value, meaning: meaning.into(), problem: None, children: Vec::new() }
    }

    fn problem(self, problem: Option<String>) -> Self {
        Self { problem, ..self }
    }
}

fn magic(number: u32) -> Told {
    let value = format!("{number:#010x}");
    if number == ImageProfile::Stirot.magic() {
        return Told::new(value, "an image for STiRoT of this chip");
    }
    if number == ImageProfile::Oemurot.magic() {
        return Told::new(value, "an application for OEMuRoT or OEMiRoT; MCUboot's own magic");
    }
    let told = match OTHER_MAGICS.iter().find(|(magic, _)| *magic == number) {
        Some((_, name)) => Told::new(value, *name),
        None => Told::new(value, "of no image that is known here"),
    };
    told.problem(Some("no loader of this chip sees an image here; 0xc1592ee9 or 0x96f3b83d is expected".into()))
}

fn flags(number: u32, at: u64, profile: Option<ImageProfile>) -> Told {
    let set = FLAGS.iter().filter(|(bit, ..)| number & bit != 0);
    let names: Vec<&str> = set.clone().map(|(_, name, _)| *name).collect();
    let known = FLAGS.iter().fold(0, |all, (bit, ..)| all | bit);
    let unknown = number & !known;
    let mut children: Vec<Part> = set
        .map(|(bit, name, meaning)| {
            let byte = at.saturating_add(u64::from(bit.trailing_zeros() / 8));
            let part = Part::new(PartKind::Header, *name, byte..byte.saturating_add(1), SOURCE);
            part.value(format!("{bit:#x}")).meaning(*meaning)
        })
        .collect();
    if unknown != 0 {
        let part = Part::new(PartKind::Header, "unknown flags", at..at.saturating_add(4), SOURCE);
        children.push(part.value(format!("{unknown:#x}")).meaning("bits that no tool is known to set"));
    }
    let expected = match profile {
        Some(ImageProfile::Stirot) => number == 6,
        Some(_) => matches!(number, 0 | 4),
        None => true,
    };
    let problem = (!expected).then(|| {
        let wanted = if profile == Some(ImageProfile::Stirot) { "0x6" } else { "0x4, or 0 when not encrypted" };
        format!("expected {wanted}")
    });
    let meaning = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Told { value: format!("{number:#x}"), meaning, problem, children }
}
