//! An opened file in the words and shapes of the Images view: its parts, its images, their checks, its map. It reads and
//! rephrases, it decides nothing.

pub(crate) mod building;
pub(crate) mod judged;
pub(crate) mod trial;

use std::path::PathBuf;
use std::sync::Arc;

use formats::{
    ByteMap, Content, FileKind, FoundImage, ImageProfile, KeyHalf, Opened, Part, PartKind, PublicKey, Trouble, XmlKind,
};

use crate::model::images::{Fact, FileSheet, FoundSheet, MapBar, Offer, PartSheet, Region, TroubleLine, coloured};
use crate::text::{self, file_name, sentence, short_hex, thousands};

/// Bars of the strip.
pub(crate) const BARS: usize = 600;
/// Parts that are shown at most: no screen is for more, and a file can hold millions.
const MOST_PARTS: usize = 20_000;

/// A file as the view shows it.
pub(crate) fn file(serial: u64, path: PathBuf, bytes: u64, opened: &Opened) -> FileSheet {
    let one = opened.kind == FileKind::Image && opened.images.len() == 1;
    let mut parts = Vec::new();
    for part in &opened.parts {
        if one && part.kind == PartKind::Other && !part.children.is_empty() {
            // A file that is one image needs no line for it.
            part.children.iter().for_each(|child| flatten(child, 0, &mut parts));
        } else {
            let place = parts.len();
            flatten(part, 0, &mut parts);
            let image = opened.images.iter().find(|image| image.slot == part.range);
            if let (Some(root), Some(image)) = (parts.get_mut(place), image) {
                whose(image).clone_into(&mut root.name);
                // Its sections are named as those of a file that is one image.
                let sections = parts.iter_mut().skip(place).filter(|part| part.depth == 1);
                sections.for_each(|part| part.name = sentence(&part.name));
            }
        }
    }
    FileSheet {
        serial,
        name: file_name(&path),
        kind: kind(opened),
        extent: extent(bytes, &opened.content),
        pieces: pieces(bytes, &opened.content),
        facts: facts(opened),
        offer: offer(&opened.kind),
        colours: Arc::new(coloured(&parts)),
        parts: Arc::new(parts),
        images: opened.images.iter().map(found).collect(),
        image: 0,
        troubles: opened.troubles.iter().map(trouble).collect(),
        map: None,
        plain: None,
        content: opened.content.clone(),
        path,
    }
}

/// A part and all that is in it, each before its children.
pub(super) fn flatten(part: &Part, depth: usize, parts: &mut Vec<PartSheet>) {
    if parts.len() >= MOST_PARTS {
        return;
    }
    let place = parts.len();
    let (value, whole) = shortened(&part.value);
    parts.push(PartSheet {
        depth,
        inside: 0,
        region: region(part.kind),
        name: if depth == 0 { sentence(&part.name) } else { part.name.clone() },
        range: part.range.clone(),
        value,
        whole,
        meaning: part.meaning.clone(),
        source: part.source,
        problem: part.problem.clone(),
    });
    for child in &part.children {
        flatten(child, depth + 1, parts);
    }
    let inside = parts.len() - place - 1;
    if let Some(part) = parts.get_mut(place) {
        part.inside = inside;
    }
}

/// A value for a line, and the whole of it where that is longer. Only long runs of digits are cut in their middle.
fn shortened(value: &str) -> (String, Option<String>) {
    let digits = value.len() > 20 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digits { (short_hex(value), Some(value.to_owned())) } else { (value.to_owned(), None) }
}

const fn region(kind: PartKind) -> Region {
    match kind {
        PartKind::Header => Region::Header,
        PartKind::Payload | PartKind::Vectors | PartKind::Object => Region::Payload,
        PartKind::ProtectedTlv => Region::Protected,
        PartKind::Tlv => Region::Tlv,
        PartKind::Trailer => Region::Trailer,
        PartKind::Gap | PartKind::Fill | PartKind::Other => Region::Fill,
    }
}

fn found(image: &FoundImage) -> FoundSheet {
    let place = match image.address {
        Some(address) => text::address(address),
        None => format!("0x{:X}", image.offset),
    };
    FoundSheet {
        range: image.image.clone(),
        slot: image.slot.clone(),
        place,
        name: image_name(image),
        judged: None,
        tryable: match image.profile {
            Some(ImageProfile::Stirot) => Ok(()),
            Some(_) => {
                Err("the virtual board has no second boot stage yet; only STiRoT's images can be shown".to_owned())
            }
            None => Err("no boot stage that is known here takes an image with this magic".to_owned()),
        },
    }
}

fn whose(image: &FoundImage) -> &'static str {
    match image.profile {
        Some(ImageProfile::Stirot) => "STiRoT image",
        Some(_) => "OEMuRoT image",
        None => "Image of unknown magic",
    }
}

fn image_name(image: &FoundImage) -> String {
    format!("{} {}", whose(image), image.version)
}

/// What the file is, in a few words.
pub(crate) fn kind(opened: &Opened) -> String {
    match &opened.kind {
        FileKind::Empty => "Empty file".to_owned(),
        FileKind::Image => opened.images.first().map_or_else(|| "Image".to_owned(), image_name),
        FileKind::Dump => match opened.images.len() {
            0 => "Memory without an image".to_owned(),
            1 => "Memory with 1 image".to_owned(),
            count => format!("Memory with {count} images"),
        },
        FileKind::Program => "Application".to_owned(),
        FileKind::Elf => "ELF file".to_owned(),
        FileKind::Object(kind) => kind.name().to_owned(),
        FileKind::Key { half: KeyHalf::Private, .. } => "Private key".to_owned(),
        FileKind::Key { half: KeyHalf::Protected, .. } => "Private key under a passphrase".to_owned(),
        FileKind::Key { half: KeyHalf::Public, .. } => "Public key".to_owned(),
        FileKind::Certificates(1) => "Certificate".to_owned(),
        FileKind::Certificates(count) => format!("{count} certificates"),
        FileKind::Damaged(what) => format!("{}, damaged", sentence(what)),
        FileKind::Board => "Virtual board".to_owned(),
        FileKind::Password => "Password of debug authentication".to_owned(),
        FileKind::Xml(XmlKind::Obdata) => "Configuration of an object".to_owned(),
        FileKind::Xml(XmlKind::McubootFormat) => "Settings of an image".to_owned(),
        FileKind::Xml(XmlKind::Other) => "XML".to_owned(),
        FileKind::Text => "Text".to_owned(),
        FileKind::Unknown => "Unknown bytes".to_owned(),
        _ => String::new(),
    }
}

const fn offer(kind: &FileKind) -> Offer {
    match kind {
        FileKind::Program | FileKind::Elf => Offer::Build,
        FileKind::Key { half: KeyHalf::Protected, .. } => Offer::Passphrase,
        _ => Offer::Nothing,
    }
}

/// Public facts of what isn't shown byte by byte.
fn facts(opened: &Opened) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: String| facts.push(Fact::plain(name, value));
    match &opened.kind {
        FileKind::Key { half, fingerprint, sample } => {
            let half = match half {
                KeyHalf::Private => "private key, lying open",
                KeyHalf::Protected => "private key under a passphrase",
                KeyHalf::Public => "public key alone",
            };
            fact("Key", half.to_owned());
            match fingerprint {
                Some(fingerprint) => fact("Fingerprint", fingerprint.to_string()),
                None => fact("Fingerprint", "hidden by its passphrase".to_owned()),
            }
            if let Some(sample) = sample {
                fact("SAMPLE", format!("{sample}: everybody has it; never for a product"));
            }
        }
        FileKind::Certificates(count) => fact("Certificates", count.to_string()),
        FileKind::Password => fact("Password", "there, and not shown".to_owned()),
        _ => {}
    }
    facts
}

/// The size, and where it goes: of a hex file what it places, of any other the file, bytes that are hidden included.
fn extent(bytes: u64, content: &Content) -> String {
    let bytes = if content.is_hex() { content.present() } else { bytes };
    let size = text::size(u32::try_from(bytes).unwrap_or(u32::MAX));
    match content.stretches().next().and_then(|stretch| stretch.address) {
        Some(address) => format!("{size} at {}", text::address(address)),
        None => size,
    }
}

fn pieces(bytes: u64, content: &Content) -> String {
    let file = format!("file {} bytes", thousands(bytes));
    match content.stretches().count() {
        _ if !content.is_hex() => file,
        1 => format!("{file} · 1 segment"),
        count => format!("{file} · {count} segments"),
    }
}

fn trouble(trouble: &Trouble) -> TroubleLine {
    let place = match (trouble.line, trouble.offset) {
        (Some(line), _) => format!("line {line}"),
        (None, Some(offset)) => format!("offset 0x{offset:X}"),
        (None, None) => String::new(),
    };
    TroubleLine { place, offset: trouble.offset, what: trouble.what.clone(), remedy: trouble.remedy.clone() }
}

/// The strip's bars from a map.
pub(crate) fn bars(map: &ByteMap) -> Vec<MapBar> {
    let bar = |bucket: &formats::Bucket| MapBar {
        height: (bucket.entropy / most_bits(bucket.range.end - bucket.range.start)).clamp(0.0, 1.0),
        present: 1.0 - bucket.absent,
        text: bucket.text,
        blank: bucket.zero + bucket.erased,
    };
    map.buckets.iter().map(bar).collect()
}

/// The bits of disorder a byte that so many bytes can have: no more than a byte holds, and few bytes can't differ much.
#[expect(clippy::cast_precision_loss, reason = "only up to 256 counts")]
fn most_bits(bytes: u64) -> f32 {
    (bytes.clamp(2, 256) as f32).log2()
}

/// A key's short fingerprint, with the word SAMPLE where everybody has the key.
pub(crate) fn fingerprint(key: &PublicKey) -> String {
    let fingerprint = key.fingerprint();
    let short = fingerprint.short();
    if formats::is_sample(&fingerprint).is_some() { format!("{short} SAMPLE") } else { short }
}
