//! The two TLV areas of an image, entry by entry: hash, key hash, signature with its two numbers, wrapped key with its
//! three parts. Entries of no known kind are told with their length.

use std::ops::Range;

use super::{Part, PartKind, hex};
use crate::image::dissected::{Area, Dissected};
use crate::image::tlv::Tlv;
use crate::layout::LayoutError;

const SOURCE: &str = "MCUboot, image.h";
/// Bytes of the three parts of a wrapped key: point, tag, encrypted key.
const WRAPPED: [(usize, &str, &str); 3] = [
    (65, "ephemeral point", "made for this image; with the device's private key it gives the two keys below"),
    (32, "tag", "HMAC-SHA256 over the encrypted key"),
    (16, "encrypted key", "the payload's AES-128 key, encrypted"),
];

pub(super) fn protected(seen: &Dissected<'_>, base: u64) -> Option<Part> {
    let header = seen.header.ok()?;
    let offset = header.protected_offset() as usize;
    let name = "protected TLVs";
    match seen.protected.as_ref()? {
        Ok(area) => {
            let stated = usize::from(header.protected_size);
            let lies = (area.size != stated)
                .then(|| format!("the area has {:#x} bytes, the header says {stated:#x}", area.size));
            let part = part(area, base, PartKind::ProtectedTlv, name).meaning("hashed and signed with the payload");
            let problem = lies.or_else(|| part.problem.clone());
            Some(part.problem(problem))
        }
        Err(error) => {
            missing(seen, base, offset, usize::from(header.protected_size), PartKind::ProtectedTlv, name, error)
        }
    }
}

pub(super) fn others(seen: &Dissected<'_>, base: u64) -> Option<Part> {
    let header = seen.header.ok()?;
    match &seen.tlvs {
        Ok(area) => {
            let part = part(area, base, PartKind::Tlv, "TLVs")
                .meaning("not signed: they are the signature and what goes with it");
            let lies = (area.offset != header.tlv_offset() as usize).then(|| {
                format!(
                    "they stand at {:#x} of the image, the header places them at {:#x}",
                    area.offset,
                    header.tlv_offset()
                )
            });
            let problem = lies.or_else(|| part.problem.clone());
            Some(part.problem(problem))
        }
        Err(error) => missing(seen, base, header.tlv_offset() as usize, 4, PartKind::Tlv, "TLVs", error),
    }
}

/// An area that doesn't open as it should, where the header places it.
fn missing(
    seen: &Dissected<'_>,
    base: u64,
    offset: usize,
    size: usize,
    kind: PartKind,
    name: &str,
    error: &LayoutError,
) -> Option<Part> {
    let length = seen.bytes.len();
    let (from, to) = (offset.min(length), offset.saturating_add(size).min(length));
    Some(
        Part::new(kind, name, at(base, from..to), SOURCE)
            .value(hex(seen.bytes.get(from..to)?.get(..16.min(to - from))?))
            .meaning("not where the header says, or damaged")
            .problem(Some(error.to_string())),
    )
}

fn at(base: u64, range: Range<usize>) -> Range<u64> {
    base.saturating_add(range.start as u64)..base.saturating_add(range.end as u64)
}

fn part(area: &Area<'_>, base: u64, kind: PartKind, name: &str) -> Part {
    let mut children = vec![
        Part::new(kind, "head", at(base, area.offset..area.offset.saturating_add(4)), SOURCE)
            .value(format!("{:#06x}, {:#x}", if kind == PartKind::Tlv { 0x6907 } else { 0x6908 }, area.size))
            .meaning(format!("mark of the area, and its {} bytes with this head", area.size)),
    ];
    children.extend(area.entries.iter().map(|entry| self::entry(entry, base, kind)));
    Part::new(kind, name, at(base, area.offset..area.end()), SOURCE)
        .value(match area.entries.len() {
            1 => "1 entry".into(),
            count => format!("{count} entries"),
        })
        .problem(area.damage.map(|error| error.to_string()))
        .children(children)
}

fn entry(entry: &Tlv<'_>, base: u64, kind: PartKind) -> Part {
    let start = entry.offset as usize;
    let value_at = start.saturating_add(Tlv::HEAD_SIZE);
    let part = |name: String| {
        let range = at(base, start..value_at.saturating_add(entry.value.len()));
        Part::new(kind, name, range, SOURCE).value(hex(entry.value))
    };
    let sized = |part: Part, size: usize| {
        let length = entry.value.len();
        let problem = (length != size).then(|| format!("{length} bytes, expected {size}"));
        part.problem(problem)
    };
    match entry.kind {
        Tlv::SHA256 => {
            sized(part("hash".into()), 32).meaning("SHA-256 of header, gap, payload in the clear and protected TLVs")
        }
        Tlv::KEY_HASH => sized(part("key hash".into()), 32).meaning("SHA-256 of the public key that signed, 91 bytes"),
        Tlv::SECURITY_COUNTER => {
            let counter = entry.u32().map_or_else(|_| hex(entry.value), |counter| format!("{counter:#010x}"));
            sized(part("security counter".into()), 4)
                .value(counter)
                .meaning("no image with a lower one is installed over it")
        }
        Tlv::SIGNATURE => {
            let part = part("signature".into()).meaning("ECDSA on P-256 over the hash, DER");
            match der(entry.value) {
                Some([r, s]) => {
                    let number = |name: &str, range: Range<usize>| {
                        let value = hex(entry.value.get(range.clone()).unwrap_or_default());
                        let range = value_at.saturating_add(range.start)..value_at.saturating_add(range.end);
                        Part::new(kind, name, at(base, range), "SEC 1, DER")
                            .value(value)
                            .meaning("one of its two numbers")
                    };
                    part.children(vec![number("r", r), number("s", s)])
                }
                None => part.problem(Some("no two numbers in DER; it is damaged".into())),
            }
        }
        Tlv::WRAPPED_KEY => {
            let part = sized(part("wrapped key".into()), 113)
                .meaning("the payload's key, for the device that has the private encryption key (ECIES on P-256)");
            let mut offset = 0;
            let mut children = Vec::new();
            for (length, name, meaning) in WRAPPED {
                let Some(bytes) = entry.value.get(offset..offset + length) else { break };
                let range = value_at.saturating_add(offset)..value_at.saturating_add(offset + length);
                let piece = Part::new(kind, name, at(base, range), "MCUboot, encrypted images")
                    .value(hex(bytes))
                    .meaning(meaning);
                let odd = (length == 65 && bytes.first() != Some(&4))
                    .then(|| "it doesn't begin with 4, as an uncompressed point does".to_owned());
                children.push(piece.problem(odd));
                offset += length;
            }
            part.children(children)
        }
        Tlv::DEPENDENCY => sized(part("dependency".into()), 12).meaning("needs a version of another image"),
        other => part(format!("entry of the kind {other:#06x}"))
            .meaning(format!("{} bytes of a kind that isn't known here", entry.value.len())),
    }
}

/// Where the two numbers of a DER signature lie.
fn der(bytes: &[u8]) -> Option<[Range<usize>; 2]> {
    let [0x30, length, rest @ ..] = bytes else { return None };
    if usize::from(*length) != rest.len() {
        return None;
    }
    let mut offset = 2_usize;
    let mut number = || {
        let [2, length, ..] = *bytes.get(offset..)? else { return None };
        let start = offset.saturating_add(2);
        let end = start.saturating_add(usize::from(length));
        bytes.get(start..end)?;
        offset = end;
        Some(start..end)
    };
    let (r, s) = (number()?, number()?);
    (s.end == bytes.len()).then_some([r, s])
}
