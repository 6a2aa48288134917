//! Which bytes of a file must not be seen: private keys and passwords, also where the file around them is damaged. When
//! in doubt, more is hidden. Files that hold images are memory; in them nothing is looked for.

use std::ops::Range;

use memchr::memmem;

use super::recognise::LARGEST_SMALL_FILE;
use crate::content::Content;

/// Blocks of PEM that hold nothing secret.
const PUBLIC: [&[u8]; 3] = [b"PUBLIC KEY", b"EC PARAMETERS", b"CERTIFICATE"];
/// The shortest line that can be a part of a key.
const SHORTEST_LINE: usize = 16;

/// What stands between the lines of every block that isn't known to be public, to the end of the file when a block has
/// none; and all base64 where a line around it is damaged.
pub(super) fn of_pem(file: &[u8]) -> Vec<Range<u64>> {
    let mut secrets = Vec::new();
    let mut at = 0;
    while let Some(begin) = file.get(at..).and_then(|rest| memmem::find(rest, b"-----BEGIN ")) {
        let label_at = at.saturating_add(begin).saturating_add(11);
        let rest = file.get(label_at..).unwrap_or_default();
        let label_length = memmem::find(rest, b"-----").unwrap_or(rest.len());
        let start = label_at.saturating_add(label_length).saturating_add(5).min(file.len());
        let body = file.get(start..).unwrap_or_default();
        let end = start.saturating_add(memmem::find(body, b"-----END").unwrap_or(body.len()));
        if !PUBLIC.contains(&rest.get(..label_length).unwrap_or_default()) {
            secrets.push(start as u64..end as u64);
        }
        at = end.max(label_at);
    }
    if memmem::find(file, b"PRIVATE").is_some() || secrets.is_empty() && memmem::find(file, b"PUBLIC").is_none() {
        secrets.extend(base64_lines(file));
    }
    secrets
}

fn base64_lines(file: &[u8]) -> impl Iterator<Item = Range<u64>> {
    let mut at = 0_usize;
    file.split(|byte| matches!(byte, b'\n' | b'\r')).filter_map(move |line| {
        let start = at as u64;
        at = at.saturating_add(line.len()).saturating_add(1);
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        let digits = line.iter().filter(|byte| is_base64(byte)).count();
        // One character may be damaged.
        (line.len() >= SHORTEST_LINE && digits.saturating_add(1) >= line.len())
            .then(|| start..start + line.len() as u64)
    })
}

/// The texts inside of `<Text>` fields, which are passwords, and inside of whatever is named so. Of such a field nothing
/// is shown but what is known to be harmless.
pub(super) fn of_xml(file: &[u8]) -> Vec<Range<u64>> {
    let mut secrets = Vec::new();
    let mut starts: Vec<usize> =
        memmem::find_iter(file, b"<Text").chain(memmem::find_iter(file, b"Password</")).collect();
    starts.sort_unstable();
    let mut done = 0;
    for field in starts {
        // What begins inside of another one ends with it, and is hidden already.
        if field < done {
            continue;
        }
        let rest = file.get(field..).unwrap_or_default();
        let ends = [b"</Text".as_slice(), b"<Data>", b"<Output>", b"</Obdata"];
        let length = ends.iter().filter_map(|end| memmem::find(rest, end)).min().unwrap_or(rest.len());
        done = field.saturating_add(length);
        let inside = rest.get(..length).unwrap_or_default();
        secrets.extend(texts_of(inside).map(|range| {
            let at = |offset: usize| field.saturating_add(offset) as u64;
            at(range.start)..at(range.end)
        }));
    }
    secrets
}

/// The texts between tags, those of harmless elements left out.
fn texts_of(xml: &[u8]) -> impl Iterator<Item = Range<usize>> {
    const HARMLESS: [&[u8]; 5] = [b"Text", b"Name", b"MinWidth", b"Width", b"Tooltip"];
    let mut at = 0_usize;
    xml.split(|byte| *byte == b'<').filter_map(move |piece| {
        let start = at;
        at = at.saturating_add(piece.len()).saturating_add(1);
        // Without an end the tag itself is text.
        let text = piece.iter().position(|byte| *byte == b'>').map_or(0, |end| end.saturating_add(1));
        let tag = piece.get(..text.saturating_sub(1)).unwrap_or_default();
        let harmless = text > 0 && HARMLESS.contains(&tag);
        let is_empty = piece.get(text..).unwrap_or_default().trim_ascii().is_empty();
        (!harmless && !is_empty && start + text > 0)
            .then(|| start.saturating_add(text)..start.saturating_add(piece.len()))
    })
}

/// What stands before a private key's number in every DER form of it, and in the device's own.
const BEFORE_NUMBER: [u8; 5] = [0x02, 0x01, 0x01, 0x04, 0x20];

/// Secrets in a file of no known kind: numbers of private keys in DER, keys in PEM, fields of passwords.
pub(super) fn strays(content: &Content) -> Vec<Range<u64>> {
    if content.present() > LARGEST_SMALL_FILE as u64 {
        return Vec::new();
    }
    let mut secrets = Vec::new();
    let mut from = 0;
    while let Some(found) = content.find(&BEFORE_NUMBER, from) {
        let start = found.saturating_add(BEFORE_NUMBER.len() as u64);
        secrets.push(start..start.saturating_add(32).min(content.len()));
        from = start;
    }
    for stretch in content.stretches() {
        let mut found = Vec::new();
        if memmem::find(stretch.bytes, b"PRIVATE KEY").is_some() {
            found.extend(of_pem(stretch.bytes));
        }
        if memmem::find(stretch.bytes, b"Obdata").is_some() {
            found.extend(of_xml(stretch.bytes));
        }
        let at = |offset: u64| stretch.offset.saturating_add(offset);
        secrets.extend(found.into_iter().map(|range| at(range.start)..at(range.end)));
        if is_wide_text(stretch.bytes) {
            secrets.push(stretch.offset..at(stretch.bytes.len() as u64));
        }
    }
    secrets
}

/// Whether it is text of two bytes a character that speaks of a key or a password: some consoles write files so.
fn is_wide_text(bytes: &[u8]) -> bool {
    let wide = |text: &str| -> Vec<u8> { text.bytes().flat_map(|byte| [byte, 0]).collect() };
    ["PRIVATE", "Password"].iter().any(|text| memmem::find(bytes, &wide(text)).is_some())
}
