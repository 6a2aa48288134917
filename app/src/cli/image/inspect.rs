//! `stirot-studio image inspect`: what a file is and what its bytes mean. It judges nothing; that is `verify`'s.

use std::path::Path;

use formats::Part;
use formats::opened::Opened;
use serde_json::{Value, json};

use super::words;
use crate::cli::{Failure, printable, say, say_json};

/// Pieces of one part from which on a table of like things is taken, such as a vector table, and how many of it are shown.
const MANY: usize = 32;
const FEW: usize = 16;

/// Opens a file and shows what is in it. Anything that is recognised is a success, however damaged.
pub(super) fn run(path: &Path, json: bool) -> Result<(), Failure> {
    let opened = Opened::read(super::read(path)?);
    if json {
        say_json(&json!({
            "file": path.to_string_lossy(),
            "kind": words::kind_code(&opened.kind),
            "description": words::kind(&opened),
            "bytes": opened.content.len(),
            "hex": opened.content.is_hex(),
            "images": opened.images.iter().map(words::image_json).collect::<Vec<_>>(),
            "parts": opened.parts.iter().map(part_json).collect::<Vec<_>>(),
            "troubles": words::troubles_json(&opened),
        }))?;
    } else {
        show(path, &opened);
    }
    if words::is_recognised(&opened.kind) {
        return Ok(());
    }
    Err(Failure::new(format!("{} is {}", path.display(), words::kind(&opened)))
        .help("images, dumps of memory, hex files, applications, keys, objects, certificates and ST's xml are known"))
}

fn show(path: &Path, opened: &Opened) {
    say(printable(&format!("{} · {} · {}", path.display(), words::kind(opened), words::extent(&opened.content))));
    for trouble in words::troubles(opened) {
        say(printable(&format!("trouble: {trouble}")));
    }
    for (number, image) in (1..).zip(&opened.images) {
        let address = image.address.map(|address| format!(" · {address:#010x}")).unwrap_or_default();
        let size = image.slot_size.map(|size| format!(" · slot of {size:#x} bytes")).unwrap_or_default();
        let profile = words::profile(image.profile);
        let bytes = image.image.end.saturating_sub(image.image.start);
        say(format!(
            "image {number} · offset {:#x}{address} · {profile} · version {} · {bytes} bytes{size}",
            image.offset, image.version
        ));
    }
    for part in &opened.parts {
        show_part(part, 0);
    }
}

fn show_part(part: &Part, depth: usize) {
    let indented = format!("{:depth$}{}", "", part.name, depth = depth * 2);
    let length = part.range.end.saturating_sub(part.range.start);
    let meaning = if part.meaning.is_empty() { String::new() } else { format!("  {}", part.meaning) };
    let line = format!("{:#08x} {length:>8}  {indented:<34} {}{meaning}", part.range.start, part.value);
    say(printable(line.trim_end()));
    if let Some(problem) = &part.problem {
        say(printable(&format!("{:19}{:depth$}! {problem}", "", "", depth = depth * 2)));
    }
    let shown = if part.children.len() > MANY { FEW } else { part.children.len() };
    for child in part.children.iter().take(shown) {
        show_part(child, depth + 1);
    }
    if let Some(more) = part.children.len().checked_sub(shown).filter(|more| *more > 0) {
        say(format!("{:19}{:depth$}and {more} more; --json lists them", "", "", depth = depth * 2 + 2));
    }
}

fn part_json(part: &Part) -> Value {
    json!({
        "name": part.name,
        "offset": part.range.start,
        "length": part.range.end.saturating_sub(part.range.start),
        "value": part.value,
        "meaning": part.meaning,
        "source": part.source,
        "problem": part.problem,
        "children": part.children.iter().map(part_json).collect::<Vec<_>>(),
    })
}
