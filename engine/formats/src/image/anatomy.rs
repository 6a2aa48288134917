//! An image as a tree: every field and every byte with its place, its value, its meaning and the source of that
//! meaning. Lengths that lie are shown as far as they make sense. Nothing is verified here.

mod header;
pub(crate) mod slot;
mod tlvs;

use std::ops::Range;

use super::dissected::Dissected;
use super::settings::ImageProfile;
use super::{layout_block, vectors};
use crate::content::Content;
use crate::opened::FoundImage;

pub(crate) use header::version as version_of;

/// One piece of a file: a branch or a leaf of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What kind of piece it is; a child has its own.
    pub kind: PartKind,
    /// Its name.
    pub name: String,
    /// Where it lies in the content.
    pub range: Range<u64>,
    /// Its value in the field's own form; empty where it has none.
    pub value: String,
    /// What the value means.
    pub meaning: String,
    /// Where that is known from, in words that a person can look up.
    pub source: &'static str,
    /// What is wrong with it, in its place.
    pub problem: Option<String>,
    /// The pieces it consists of, by rising offset.
    pub children: Vec<Part>,
}

/// What kind of piece it is; each has its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartKind {
    /// The image's header.
    Header,
    /// What fills up between header and payload.
    Gap,
    /// The payload as stored.
    Payload,
    /// The TLVs that hash and signature cover.
    ProtectedTlv,
    /// The TLVs behind them.
    Tlv,
    /// What fills up between image and trailer.
    Fill,
    /// The end of the slot.
    Trailer,
    /// A vector table.
    Vectors,
    /// A field of an object for the option-byte keys.
    Object,
    /// Anything else, and the root of an image.
    Other,
}

impl Part {
    pub(crate) fn new(kind: PartKind, name: impl Into<String>, range: Range<u64>, source: &'static str) -> Self {
        let (value, meaning) = (String::new(), String::new());
        Self { kind, name: name.into(), range, value, meaning, source, problem: None, children: Vec::new() }
    }

    pub(crate) fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    pub(crate) fn meaning(mut self, meaning: impl Into<String>) -> Self {
        self.meaning = meaning.into();
        self
    }

    pub(crate) fn problem(mut self, problem: Option<String>) -> Self {
        self.problem = problem;
        self
    }

    pub(crate) fn children(mut self, children: Vec<Part>) -> Self {
        self.children = children;
        self
    }

    /// The same tree without what reaches beyond `end`: a length that lies doesn't make a file longer.
    pub(crate) fn within(mut self, end: u64) -> Self {
        self.range = self.range.start.min(end)..self.range.end.min(end);
        self.children = self.children.into_iter().map(|child| child.within(end)).collect();
        self
    }

    /// This piece and all below it, each before its children.
    pub fn walk(&self) -> Vec<&Self> {
        let mut all = vec![self];
        for child in &self.children {
            all.extend(child.walk());
        }
        all
    }
}

/// The tree of one image.
pub fn anatomy(content: &Content, image: &FoundImage) -> Part {
    let seen = Dissected::of(content.from(image.offset));
    let base = image.offset;
    let mut children = vec![header::part(&seen, base, image.profile)];
    children.extend(gap(&seen, base));
    children.extend(payload(&seen, base));
    children.extend(tlvs::protected(&seen, base));
    children.extend(tlvs::others(&seen, base));
    children.extend(slot::parts(content, image));
    let whose = match image.profile {
        Some(ImageProfile::Stirot) => "for STiRoT",
        Some(_) => "for the second boot stage",
        None => "for nobody known here: the magic is another",
    };
    Part::new(PartKind::Other, "image", image.slot.clone(), "MCUboot's image layout")
        .value(image.version.to_string())
        .meaning(whose)
        .children(children)
        .within(content.len())
}

fn gap(seen: &Dissected<'_>, base: u64) -> Option<Part> {
    if seen.gap.is_empty() {
        return None;
    }
    let start = base.saturating_add(32);
    let range = start..start.saturating_add(seen.gap.len() as u64);
    let odd = seen.gap.iter().filter(|byte| **byte != 0xFF).count();
    let meaning = match odd {
        0 => "0xff throughout; hashed and signed".to_owned(),
        count => format!("{count} bytes aren't 0xff, which no tool writes here; hashed and signed all the same"),
    };
    let value = format!("{} bytes", seen.gap.len());
    Some(
        Part::new(PartKind::Gap, "gap behind the header", range, "imgtool, --pad-header").value(value).meaning(meaning),
    )
}

fn payload(seen: &Dissected<'_>, base: u64) -> Option<Part> {
    let header = seen.header.ok()?;
    let start = base.saturating_add(u64::from(header.payload_offset()));
    let range = start..start.saturating_add(seen.payload.len() as u64);
    let missing = u64::from(header.payload_size).saturating_sub(seen.payload.len() as u64);
    let problem = (missing > 0).then(|| format!("{missing} of {} bytes are not in the file", header.payload_size));
    if range.is_empty() && problem.is_none() {
        return None;
    }
    let (meaning, children) = if header.flags.encrypted() {
        ("ciphertext, AES-128 in counter mode; hashed and signed in the clear", Vec::new())
    } else {
        ("the application in the clear", program(seen.payload, start))
    };
    let value = format!("{} bytes", seen.payload.len());
    let part =
        Part::new(PartKind::Payload, "payload", range, "MCUboot, encrypted images").value(value).meaning(meaning);
    Some(part.problem(problem).children(children))
}

/// What is known of a program in the clear, which lies at `offset` of the content.
pub(crate) fn program(program: &[u8], offset: u64) -> Vec<Part> {
    let table = vectors::table(program, offset);
    table.map(|table| [table].into_iter().chain(layout_block::part(program, offset)).collect()).unwrap_or_default()
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
