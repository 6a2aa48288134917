//! Tells what a file is by its content, and which of its bytes must not be seen. Images are found elsewhere.

use std::ops::Range;

use memchr::memmem;

use super::secrets;
use super::{FileKind, KeyHalf, Recognised, XmlKind};
use crate::certificate::CertificateChain;
use crate::content::{Content, Trouble, Weight};
use crate::da::Password;
use crate::error::{FormatError, KeyProblem};
use crate::image::anatomy::{self, Part, PartKind};
use crate::keys::KeyFile;
use crate::mcuboot::McubootFormat;
use crate::obdata::Obdata;
use crate::obk::{Encryption, ObkFile};
use crate::obk_fields::{describe, masked_bytes};
use crate::sample_keys::is_sample;

/// No key, object, certificate or xml is larger. What is larger is memory.
pub(super) const LARGEST_SMALL_FILE: usize = 1 << 20;
/// No object is larger: the area of one level, and the head.
const LARGEST_OBJECT: usize = 1024 + ObkFile::HEAD_SIZE;
/// A file of plain bytes this large can only be memory.
const SMALLEST_DUMP: u64 = 64 * 1024;

/// What a virtual board's file begins with. The board is hardware and knows no formats, and no format is hardware: the
/// words stand in both, and a test that sees both holds them together.
const BOARD: &[u8] = b"STiRoT board";

/// The file of a virtual board, of any size. It is not taken apart: what is in it are keys, and memory that they open.
pub(super) fn board(file: &[u8]) -> Option<Recognised> {
    file.starts_with(BOARD).then(|| {
        let part = root("virtual board", file, PartKind::Other).meaning("the board with its keys; hidden");
        Recognised { kind: FileKind::Board, hidden: behind(BOARD.len(), file), parts: vec![part], troubles: Vec::new() }
    })
}

/// A key, object, certificate, password or xml.
pub(super) fn small(file: &[u8]) -> Option<Recognised> {
    if file.len() > LARGEST_SMALL_FILE || file.is_empty() {
        return None;
    }
    // Text in front of a key is usual; in the middle of a program it is a string.
    if memmem::find(file, b"-----BEGIN ").is_some() && !file.contains(&0) {
        return Some(pem(file));
    }
    let text = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file).trim_ascii_start();
    // No text has zeros, and an image with one bit of its magic flipped begins with the same character.
    if text.starts_with(b"<") && !text.contains(&0) {
        return Some(xml(file));
    }
    object(file).or_else(|| certificates(file)).or_else(|| password(file))
}

fn root(name: &str, file: &[u8], kind: PartKind) -> Part {
    Part::new(kind, name, 0..file.len() as u64, "")
}

/// All bytes of a file but the first ones.
fn behind(first: usize, file: &[u8]) -> Vec<Range<u64>> {
    std::iter::once(first as u64..file.len() as u64).collect()
}

fn damage(error: &FormatError, remedy: &str) -> Trouble {
    // Some errors end with what to do.
    let text = error.to_string();
    let what = text.strip_suffix(remedy).map_or(text.as_str(), |what| what.trim_end_matches("; "));
    Trouble { weight: Weight::Damage, offset: None, line: None, what: what.into(), remedy: remedy.into() }
}

fn pem(file: &[u8]) -> Recognised {
    let read = KeyFile::from_pem(file);
    let protected = matches!(read, Err(FormatError::Key(KeyProblem::Passphrase)));
    let mut troubles = Vec::new();
    let (half, fingerprint) = match &read {
        Ok(KeyFile::Private(key)) => (KeyHalf::Private, Some(key.public().fingerprint())),
        Ok(KeyFile::Public(key)) => (KeyHalf::Public, Some(key.fingerprint())),
        Err(_) if protected => (KeyHalf::Protected, None),
        Err(error) => {
            troubles.push(damage(error, "take the file from its source again"));
            let public = memmem::find(file, b"PRIVATE KEY").is_none();
            (if public { KeyHalf::Public } else { KeyHalf::Private }, None)
        }
    };
    let sample = fingerprint.and_then(|fingerprint| is_sample(&fingerprint));
    let (value, meaning) = match half {
        KeyHalf::Private => ("private key", "it lies open: whoever can read the file has the key; hidden here"),
        KeyHalf::Protected => ("private key under a passphrase", "its public half isn't known without the passphrase"),
        KeyHalf::Public => ("public key", "no secret"),
    };
    let mut part = root("key", file, PartKind::Other).value(value).meaning(meaning);
    part.source = "RFC 7468, RFC 5958";
    if let Some(fingerprint) = fingerprint {
        let name = sample.map_or_else(|| "how the key is named".to_owned(), |name| format!("SAMPLE: {name}"));
        let range = part.range.clone();
        let child = Part::new(PartKind::Other, "fingerprint", range, "SHA-256 of X and Y");
        part.children.push(child.value(fingerprint.to_string()).meaning(name));
    }
    let kind = FileKind::Key { half, fingerprint, sample };
    Recognised { kind, hidden: secrets::of_pem(file), parts: vec![part], troubles }
}

fn xml(file: &[u8]) -> Recognised {
    let mut troubles = Vec::new();
    let (kind, meaning) = match (Obdata::decode(file), McubootFormat::decode(file)) {
        (Ok(document), _) => {
            let title = document.info.title.unwrap_or_default();
            (XmlKind::Obdata, format!("a configuration, which an object is built from: {title}"))
        }
        (_, Ok(document)) => {
            (XmlKind::McubootFormat, format!("how an image is built: {}", document.title.unwrap_or_default()))
        }
        (Err(error), Err(other)) => {
            let is = |name: &[u8]| memmem::find(file, name).is_some();
            let (kind, error) = match (is(b"<Obdata"), is(b"<McubootFormat")) {
                (true, _) => (XmlKind::Obdata, Some(error)),
                (_, true) => (XmlKind::McubootFormat, Some(other)),
                _ => (XmlKind::Other, None),
            };
            troubles.extend(error.map(|error| damage(&error, "mend the line, or take the file from its source again")));
            (kind, "an xml".into())
        }
    };
    let mut part = root("xml", file, PartKind::Other).meaning(meaning);
    part.source = "ST's provisioning xml files";
    Recognised { kind: FileKind::Xml(kind), hidden: secrets::of_xml(file), parts: vec![part], troubles }
}

fn object(file: &[u8]) -> Option<Recognised> {
    let obk = match ObkFile::decode(file) {
        Ok(obk) => obk,
        Err(error) => return damaged_object(file, &error),
    };
    let description = describe(&obk);
    let hidden = hidden_runs(&masked_bytes(&obk, &description));
    let children: Vec<Part> = description
        .fields
        .iter()
        .map(|field| {
            let range = field.offset as u64..field.offset.saturating_add(field.length) as u64;
            let part =
                Part::new(PartKind::Object, field.name, range, "ST's published .obk files").value(field.value.clone());
            part.meaning(field.meaning.clone().unwrap_or_default())
        })
        .collect();
    let problem = (!description.problems.is_empty()).then(|| description.problems.join("; "));
    let mut part = root(description.kind.name(), file, PartKind::Object)
        .value(format!("{:#010x}", obk.destination.0))
        .meaning("an object for the option-byte keys; secrets are hidden")
        .problem(problem)
        .children(children);
    part.source = "ST's published .obk files";
    let kind = FileKind::Object(description.kind);
    Some(Recognised { kind, hidden, parts: vec![part], troubles: Vec::new() })
}

fn hidden_runs(bytes: &[Option<u8>]) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for (index, _) in bytes.iter().enumerate().filter(|(_, byte)| byte.is_none()) {
        let at = index as u64;
        match runs.last_mut() {
            Some(last) if last.end == at => last.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// A file with an object's head whose rest doesn't fit it. Its body may be a key: it is hidden.
fn damaged_object(file: &[u8], error: &FormatError) -> Option<Recognised> {
    let (head, _) = file.split_first_chunk::<{ ObkFile::HEAD_SIZE }>()?;
    let word =
        |at: usize| head.get(at..at + 4).and_then(|word| word.first_chunk()).map(|word| u32::from_le_bytes(*word));
    let (destination, length, encryption) = (word(0)?, word(4)?, word(8)?);
    // Two of the three words are right: no other file begins so by chance, and one may be damaged.
    let place = destination > 0xFF && chip::Destination(destination).fits(1);
    let whole = length as usize == file.len() - ObkFile::HEAD_SIZE && length > 0;
    let request = Encryption::from_word(encryption).is_some();
    if [place, whole, request].into_iter().filter(|right| *right).count() < 2 || file.len() > LARGEST_OBJECT * 2 {
        return None;
    }
    let what = "object for the option-byte keys";
    let part = root(what, file, PartKind::Object)
        .meaning("it can't be read; what may be keys is hidden")
        .problem(Some(error.to_string()));
    let hidden = behind(ObkFile::HEAD_SIZE, file);
    let troubles = vec![damage(error, "build it again from its xml")];
    Some(Recognised { kind: FileKind::Damaged(what), hidden, parts: vec![part], troubles })
}

fn certificates(file: &[u8]) -> Option<Recognised> {
    let chain = CertificateChain::decode(file).ok()?;
    let is_text = file.first() != Some(&0);
    let count = chain.certificates.len();
    let mut children = Vec::new();
    for (index, certificate) in chain.certificates.iter().enumerate() {
        let size = crate::certificate::Certificate::SIZE as u64;
        // In base64 three bytes take four characters.
        let place = |bytes: u64| if is_text { (bytes / 3).saturating_mul(4).saturating_add(bytes % 3) } else { bytes };
        let start = (index as u64).saturating_mul(size);
        let range = place(start)..place(start.saturating_add(size)).min(file.len() as u64);
        let fingerprint = certificate.public_key().ok().map(|key| key.fingerprint());
        let value = fingerprint.map_or_else(|| "no key of P-256".to_owned(), |fingerprint| fingerprint.to_string());
        let mut meaning = certificate.permissions.to_string();
        if let Some(name) = fingerprint.and_then(|fingerprint| is_sample(&fingerprint)) {
            meaning = format!("SAMPLE: {name}; {meaning}");
        }
        let part = Part::new(PartKind::Other, certificate.role.name(), range, "ST's published certificates");
        children.push(part.value(value).meaning(meaning));
    }
    let mut part = root("certificates", file, PartKind::Other)
        .value(count.to_string())
        .meaning("certificates of debug authentication")
        .children(children);
    part.source = "ST's published certificates";
    Some(Recognised {
        kind: FileKind::Certificates(count),
        hidden: Vec::new(),
        parts: vec![part],
        troubles: Vec::new(),
    })
}

fn password(file: &[u8]) -> Option<Recognised> {
    const HEAD: [u8; 4] = [0, 0, 0, 0x80];
    // One of the two is enough: the other may be damaged.
    let length = file.get(4..8).and_then(|length| length.first_chunk()).map(|length| u32::from_le_bytes(*length));
    let fits = length.is_some_and(|length| length as usize == file.len() - 8) && file.len() > 8;
    if file.len() > 64 || !(fits || file.starts_with(&HEAD)) {
        return None;
    }
    let read = Password::from_file(file);
    let mut part = root("password file", file, PartKind::Other)
        .meaning("the password of debug authentication; hidden")
        .problem(read.as_ref().err().map(ToString::to_string));
    part.source = "ST's published password file";
    let (kind, troubles) = match &read {
        Ok(_) => (FileKind::Password, Vec::new()),
        Err(error) => (FileKind::Damaged("password file"), vec![damage(error, "make it again")]),
    };
    Some(Recognised { kind, hidden: behind(4, file), parts: vec![part], troubles })
}

/// Memory without an image.
pub(super) fn memory(content: &Content, is_elf: bool) -> (FileKind, Vec<Part>) {
    if content.is_empty() {
        return (FileKind::Empty, Vec::new());
    }
    if is_elf {
        let mut part = Part::new(PartKind::Other, "ELF", 0..content.len(), "ELF, Arm");
        part = part.meaning("a linked application; its content is the file's own bytes, not the memory's");
        return (FileKind::Elf, vec![part]);
    }
    let tables: Vec<Part> =
        content.stretches().take(64).flat_map(|stretch| anatomy::program(stretch.bytes, stretch.offset)).collect();
    if let Some(first) = tables.first() {
        let mut part = Part::new(PartKind::Payload, "application", 0..content.len(), "ARMv7-M, vector table");
        part = part.value(format!("{} bytes", content.present())).meaning(first.meaning.clone()).children(tables);
        return (FileKind::Program, vec![part]);
    }
    let whole = content.from(0);
    let kind = if content.is_hex() || (content.len() >= SMALLEST_DUMP && content.len().is_multiple_of(0x1000)) {
        FileKind::Dump
    } else if is_text(whole) {
        FileKind::Text
    } else {
        FileKind::Unknown
    };
    (kind, Vec::new())
}

fn is_text(bytes: &[u8]) -> bool {
    bytes.len() <= LARGEST_SMALL_FILE
        && std::str::from_utf8(bytes)
            .is_ok_and(|text| text.chars().all(|letter| !letter.is_control() || matches!(letter, '\n' | '\r' | '\t')))
}
