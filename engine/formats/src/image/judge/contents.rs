//! What an image says of itself: magic, header, sizes, the two sets of TLVs, security counter, gap.

use super::{Installed, Outcome};
use crate::image::dissected::{Area, Dissected};
use crate::image::header::{Flags, ImageHeader};
use crate::image::settings::ImageProfile;
use crate::image::tlv::Tlv;
use crate::layout::LayoutError;

/// The header size that applications for this chip are linked with.
const HEADER_SIZE: u16 = chip::loader::IMAGE_HEADER_SIZE as u16;

const fn name(profile: ImageProfile) -> &'static str {
    match profile {
        ImageProfile::Stirot => "an STiRoT image",
        ImageProfile::Oemurot => "an application for the second boot stage",
    }
}

pub(super) fn magic(seen: &Dissected<'_>, profile: Option<ImageProfile>) -> Outcome {
    let Some(found) = seen.bytes.first_chunk().map(|magic| u32::from_le_bytes(*magic)) else {
        return Outcome::Fails("the file ends before it".into());
    };
    match (profile, ImageProfile::of_magic(found)) {
        (Some(wanted), Some(whose)) if wanted == whose => Outcome::Holds(format!("{found:#010x}, {}", name(whose))),
        (Some(wanted), Some(whose)) => {
            let what = format!("{found:#010x}: {}, where {} is expected", name(whose), name(wanted));
            Outcome::Fails(what)
        }
        (None, Some(whose)) => Outcome::Holds(format!("{found:#010x}, {}", name(whose))),
        (_, None) => Outcome::Fails(format!(
            "{found:#010x} is of no image that is known here; 0xc1592ee9 (STiRoT) or 0x96f3b83d (second stage) is \
             expected"
        )),
    }
}

pub(super) fn header(seen: &Dissected<'_>, profile: ImageProfile) -> Outcome {
    let header = match &seen.header {
        Ok(header) => header,
        Err(error) => return Outcome::Fails(error.to_string()),
    };
    let (right, expected) = match profile {
        ImageProfile::Stirot => {
            (header.flags.0 == Flags::PRIMARY_ONLY | Flags::ENCRYPTED_AES128, "0x6 (one slot, AES-128)")
        }
        ImageProfile::Oemurot => {
            (header.flags.0 & !Flags::ENCRYPTED_AES128 == 0, "0x4 (AES-128), or 0 when not encrypted")
        }
    };
    // STiRoT is taken to be strict. ST's published loader looks at magic and sizes, and hashes all of the header.
    let unexpected = |what: String| match profile {
        ImageProfile::Stirot => Outcome::Fails(what),
        ImageProfile::Oemurot => Outcome::NotCheckable(format!("{what}; whether it is started then isn't known")),
    };
    if !right {
        return unexpected(format!("flags {:#x}, expected {expected}", header.flags.0));
    }
    if header.header_size != HEADER_SIZE {
        return unexpected(format!(
            "{:#x} bytes in front of the payload, expected {HEADER_SIZE:#x}, for which applications are linked",
            header.header_size
        ));
    }
    if profile == ImageProfile::Stirot && (header.load_address != 0 || header.pad != 0) {
        return Outcome::Fails(format!(
            "load address {:#x} and last word {:#x}, expected zero",
            header.load_address, header.pad
        ));
    }
    Outcome::Holds(format!("version {}, payload at {:#x}", header.version, header.header_size))
}

pub(super) fn payload(header: &ImageHeader) -> Outcome {
    let size = header.payload_size;
    if size == 0 {
        Outcome::Fails("it is empty".into())
    } else if header.flags.encrypted() && !size.is_multiple_of(16) {
        Outcome::Fails(format!("{size} bytes, no multiple of 16, the cipher's block"))
    } else {
        Outcome::Holds(format!("{size} bytes"))
    }
}

/// Whether all parts are where the header says; none when they are, else what isn't.
pub(super) fn structure(seen: &Dissected<'_>, header: &ImageHeader) -> Outcome {
    let missing = u64::from(header.payload_size).saturating_sub(seen.payload.len() as u64);
    if missing > 0 {
        let problem = format!("{missing} of the payload's {} bytes are not in the file", header.payload_size);
        return Outcome::Fails(problem);
    }
    if let Err(error) = &seen.tlvs {
        // A fault inside of an area whose place is right is told by the area's own check.
        let magic_at_fault = matches!(error.problem, crate::layout::Problem::Value { .. });
        if !magic_at_fault || seen.protected_area().is_none() {
            return Outcome::Fails(format!("no TLVs where the header places them: {error}"));
        }
    }
    Outcome::Holds(format!("{} bytes from the header to the last TLV", seen.end))
}

pub(super) fn protected_tlvs(seen: &Dissected<'_>, header: &ImageHeader, profile: ImageProfile) -> Outcome {
    let area = match &seen.protected {
        Some(Ok(area)) => area,
        Some(Err(error)) => return Outcome::Fails(error.to_string()),
        None => {
            let problem = "there are none; without a security counter nothing keeps old images out";
            return Outcome::Fails(problem.into());
        }
    };
    if area.size != usize::from(header.protected_size) {
        return Outcome::Fails(format!("{:#x} bytes, the header says {:#x}", area.size, header.protected_size));
    }
    if let Some(error) = area.damage {
        return Outcome::Fails(error.to_string());
    }
    let counters: Vec<&Tlv<'_>> = area.entries.iter().filter(|entry| entry.kind == Tlv::SECURITY_COUNTER).collect();
    let [counter] = counters.as_slice() else {
        return Outcome::Fails(format!("{} security counters (0x50), expected one", counters.len()));
    };
    if let Err(error) = counter.u32() {
        return Outcome::Fails(error.to_string());
    }
    match (area.entries.len(), profile) {
        (1, _) => Outcome::Holds("the security counter".into()),
        (_, ImageProfile::Stirot) => {
            let kinds = kinds(&area.entries);
            Outcome::NotCheckable(format!(
                "entries {kinds}, expected the security counter (0x50) alone; whether STiRoT passes over others isn't known"
            ))
        }
        (_, ImageProfile::Oemurot) => Outcome::Holds(format!("the security counter among {}", kinds(&area.entries))),
    }
}

pub(super) fn tlvs(seen: &Dissected<'_>, header: &ImageHeader, profile: ImageProfile) -> Outcome {
    let area = match &seen.tlvs {
        Ok(area) => area,
        Err(error) => return Outcome::Fails(error.to_string()),
    };
    if area.offset != header.tlv_offset() as usize {
        return Outcome::Fails(format!(
            "they stand at {:#x}, the header places them at {:#x}",
            area.offset,
            header.tlv_offset()
        ));
    }
    if let Some(error) = area.damage {
        return Outcome::Fails(error.to_string());
    }
    let mut expected = vec![(Tlv::KEY_HASH, Some(32)), (Tlv::SHA256, Some(32)), (Tlv::SIGNATURE, None)];
    if header.flags.encrypted() {
        expected.push((Tlv::WRAPPED_KEY, Some(113)));
    }
    for (kind, length) in &expected {
        if let Some(problem) = one_of(area, *kind, *length) {
            return Outcome::Fails(problem);
        }
    }
    let others = area.entries.iter().filter(|entry| !expected.iter().any(|(kind, _)| *kind == entry.kind));
    let others: Vec<Tlv<'_>> = others.copied().collect();
    if others.is_empty() {
        let and_key = if header.flags.encrypted() { " and wrapped key" } else { "" };
        return Outcome::Holds(format!("hash, key hash, signature{and_key}"));
    }
    let problem = format!("entries of the kind {} besides those that belong there", kinds(&others));
    match profile {
        ImageProfile::Stirot if !header.flags.encrypted() => Outcome::Fails(problem),
        ImageProfile::Stirot => {
            Outcome::NotCheckable(format!("{problem}; whether STiRoT passes over them isn't known"))
        }
        // A wrapped key that nothing is encrypted with is no extra, but a flag that was lost.
        ImageProfile::Oemurot if others.iter().any(|entry| entry.kind == Tlv::WRAPPED_KEY) => {
            Outcome::Fails("the header says that the payload is not encrypted, and yet a wrapped key is there".into())
        }
        ImageProfile::Oemurot => Outcome::Notice(problem),
    }
}

fn one_of(area: &Area<'_>, kind: u16, length: Option<usize>) -> Option<String> {
    let of_kind: Vec<&Tlv<'_>> = area.entries.iter().filter(|entry| entry.kind == kind).collect();
    let name = match kind {
        Tlv::KEY_HASH => "key hash (0x1)",
        Tlv::SHA256 => "hash (0x10)",
        Tlv::SIGNATURE => "signature (0x22)",
        _ => "wrapped key (0x32)",
    };
    match (of_kind.as_slice(), length) {
        ([], _) => Some(format!("the {name} is missing; there are {}", kinds(&area.entries))),
        ([one], Some(length)) if one.value.len() != length => {
            Some(format!("the {name} has {} bytes, expected {length}", one.value.len()))
        }
        ([_], _) => None,
        (several, _) => {
            Some(format!("the {name} is there {} times; which one counts is nobody's to guess", several.len()))
        }
    }
}

fn kinds(entries: &[Tlv<'_>]) -> String {
    if entries.is_empty() {
        return "none".into();
    }
    let kinds: Vec<String> = entries.iter().map(|entry| format!("{:#x}", entry.kind)).collect();
    kinds.join(", ")
}

pub(super) fn counter(seen: &Dissected<'_>, installed: Option<Installed>) -> Outcome {
    let (Some(counter), Ok(header)) = (seen.counter(), &seen.header) else {
        return Outcome::NotCheckable("the image states none".into());
    };
    let Some(installed) = installed else {
        let text = format!("{counter:#010x}; what is installed isn't known, and a lower one is refused");
        return Outcome::NotCheckable(text);
    };
    let version = installed.version.map_or_else(String::new, |version| format!(" of version {version}"));
    let there = format!("{:#010x}{version}", installed.counter);
    if counter < installed.counter {
        return Outcome::Fails(format!(
            "{counter:#010x} is lower than the installed {there}; build it with a higher version or counter"
        ));
    }
    if installed.version.is_some_and(|installed| header.version < installed) {
        return Outcome::Notice(format!(
            "{counter:#010x}, allowed over {there}, but version {} is older",
            header.version
        ));
    }
    Outcome::Holds(format!("{counter:#010x}, allowed over {there}"))
}

pub(super) fn gap(seen: &Dissected<'_>) -> Outcome {
    match seen.gap.iter().position(|byte| *byte != 0xFF) {
        None => Outcome::Holds(format!("{} bytes 0xff", seen.gap.len())),
        Some(offset) => Outcome::Notice(format!(
            "offset {:#x} isn't 0xff; no tool writes that, but it is hashed like all else",
            offset.saturating_add(ImageHeader::SIZE)
        )),
    }
}

/// Why nothing can be said about what a broken header places.
pub(super) fn without_header(error: &LayoutError) -> Outcome {
    Outcome::NotCheckable(format!("the header can't be: {error}"))
}
