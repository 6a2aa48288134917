//! Words for what a file is and what is found in it, the same in text and JSON.

use formats::opened::{FileKind, FoundImage, KeyHalf, Opened, XmlKind};
use formats::{Content, ImageProfile, Weight};
use serde_json::{Value, json};

use crate::cli::Failure;

/// What a file is, for people.
pub(super) fn kind(opened: &Opened) -> String {
    match &opened.kind {
        FileKind::Empty => "an empty file".into(),
        FileKind::Image => "a signed image".into(),
        FileKind::Dump if opened.images.is_empty() => "memory".into(),
        FileKind::Dump => "memory with images in it".into(),
        FileKind::Program => "a linked application".into(),
        FileKind::Elf => "a linked application in ELF".into(),
        FileKind::Object(kind) => format!("an object for the option-byte keys: {}", kind.name()),
        FileKind::Key { half, fingerprint, sample } => {
            let half = match half {
                KeyHalf::Private => "a private key",
                KeyHalf::Protected => "a private key under a passphrase",
                KeyHalf::Public => "a public key",
            };
            let fingerprint = fingerprint.map(|fingerprint| format!(" {fingerprint}")).unwrap_or_default();
            let sample = sample.map(|name| format!(", SAMPLE {name}")).unwrap_or_default();
            format!("{half}{fingerprint}{sample}")
        }
        FileKind::Certificates(1) => "a debug certificate".into(),
        FileKind::Certificates(count) => format!("{count} debug certificates"),
        FileKind::Damaged(what) => format!("{what}, damaged; its bytes are hidden"),
        FileKind::Password => "a password file of debug authentication".into(),
        FileKind::Board => "a virtual board; its bytes are hidden".into(),
        FileKind::Xml(XmlKind::Obdata) => "a configuration xml".into(),
        FileKind::Xml(XmlKind::McubootFormat) => "an image xml".into(),
        FileKind::Xml(XmlKind::Other) => "an xml of another dialect than ST's".into(),
        FileKind::Text => "text of no known format".into(),
        _ => "bytes of no known format".into(),
    }
}

/// What a file is, for programs.
pub(super) const fn kind_code(kind: &FileKind) -> &'static str {
    match kind {
        FileKind::Empty => "empty",
        FileKind::Image => "image",
        FileKind::Dump => "dump",
        FileKind::Program => "program",
        FileKind::Elf => "elf",
        FileKind::Object(_) => "object",
        FileKind::Key { .. } => "key",
        FileKind::Certificates(_) => "certificates",
        FileKind::Damaged(_) => "damaged",
        FileKind::Password => "password",
        FileKind::Board => "board",
        FileKind::Xml(_) => "xml",
        FileKind::Text => "text",
        _ => "unknown",
    }
}

/// Whether a file is something that the studio knows.
pub(super) const fn is_recognised(kind: &FileKind) -> bool {
    !matches!(kind, FileKind::Empty | FileKind::Text | FileKind::Unknown)
}

/// Whose image it is, for people and programs.
pub(super) const fn profile(profile: Option<ImageProfile>) -> &'static str {
    match profile {
        Some(ImageProfile::Stirot) => "stirot",
        Some(_) => "oemurot",
        None => "unknown",
    }
}

/// An address as JSON has it.
pub(super) fn address(address: Option<u32>) -> Option<String> {
    address.map(|address| format!("{address:#010x}"))
}

/// An image of a file as JSON has it.
pub(super) fn image_json(image: &FoundImage) -> Value {
    json!({
        "offset": image.offset,
        "address": address(image.address),
        "profile": profile(image.profile),
        "version": image.version.to_string(),
        "bytes": image.image.end.saturating_sub(image.image.start),
        "slot_size": image.slot_size,
    })
}

/// What is wrong with a file as a file, as JSON has it.
pub(super) fn troubles_json(opened: &Opened) -> Value {
    let troubles = opened.troubles.iter().map(|trouble| {
        let weight = match trouble.weight {
            Weight::Damage => "damage",
            Weight::Remark => "remark",
        };
        json!({
            "weight": weight, "line": trouble.line, "offset": trouble.offset, "what": trouble.what,
            "remedy": trouble.remedy,
        })
    });
    troubles.collect()
}

/// What is wrong with a file as a file, a line each.
pub(super) fn troubles(opened: &Opened) -> impl Iterator<Item = String> + '_ {
    opened.troubles.iter().map(|trouble| {
        let line = trouble.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        format!("{line}{}; {}", trouble.what, trouble.remedy)
    })
}

/// The image of a file that a command is about: the only one, or the one with the number that a person gave.
pub(super) fn image_of<'a>(opened: &'a Opened, number: Option<usize>, file: &str) -> Result<&'a FoundImage, Failure> {
    let count = opened.images.len();
    match (opened.images.as_slice(), number) {
        ([], _) => Err(Failure::new(format!("{file} holds no image; it is {}", kind(opened)))
            .help("a signed image begins with its magic, 0xc1592ee9 or 0x96f3b83d")),
        ([image], None) => Ok(image),
        (_, None) => Err(Failure::new(format!("{file} holds {count} images"))
            .help("name one by its number: --number; `image inspect` lists them")),
        (images, Some(number)) => number.checked_sub(1).and_then(|index| images.get(index)).ok_or_else(|| {
            Failure::new(format!("{file} has no image {number}, it holds {count}"))
                .help("images are counted from 1; `image inspect` lists them")
        }),
    }
}

/// Bytes of a file, and how they were told apart from gaps.
pub(super) fn extent(content: &Content) -> String {
    if content.is_hex() {
        format!("Intel hex, {} bytes in {} stretches", content.present(), content.stretches().count())
    } else {
        format!("{} bytes", content.len())
    }
}
