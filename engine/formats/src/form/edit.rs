//! A value changed in the text of a file: which bytes go, which come, everything else left as it is.

use std::ops::Range;

use super::{FieldKey, Form, FormKind, read};
use crate::error::FormatError;
use crate::secret::Secret;
use crate::xml::{self, Element, Notation};

/// Bytes of the longest escape, `&amp;`.
const LONGEST_ESCAPE: usize = 5;
/// What ends a CDATA section, which its text can't hold therefore.
const CDATA_END: &str = "]]>";
/// The same characters in two sections.
const CDATA_END_SPLIT: &str = "]]]]><![CDATA[>";

/// Text that takes the place of a range of the old one.
struct Change {
    range: Range<usize>,
    text: Secret<String>,
}

impl Form {
    /// The form with another value in one field. The value may be one that can't be used; the field has a problem then.
    /// Blanks around it are left out, except for a password. A value that is there already changes no byte.
    ///
    /// # Errors
    /// With field and line, when there is no such field, when its value isn't this file's (it is linked, or the field
    /// isn't known), or when the value has characters that xml can't hold.
    pub fn with_value(&self, key: &FieldKey, value: &str) -> Result<Self, FormatError> {
        let field = self.require(key)?;
        let error = |problem: &str| {
            Err(FormatError::Field { line: field.line, field: key.name.clone(), problem: problem.into() })
        };
        let value = match field.kind {
            FormKind::Password { .. } => value,
            _ => value.trim(),
        };
        if field.value.as_str() == value {
            return Ok(self.clone());
        }
        match field.kind {
            FormKind::Unknown { .. } => return error("it isn't known here; change it in a text editor"),
            FormKind::Argument { link: Some(_), .. } => {
                return error("its value comes from the linked configuration xml; change it there");
            }
            _ => {}
        }
        let unfit = |letter: char| {
            (letter.is_control() && !matches!(letter, '\t' | '\n' | '\r')) || matches!(letter, '\u{FFFE}' | '\u{FFFF}')
        };
        if value.contains(unfit) {
            return error("the new value has characters that xml can't hold; leave control characters out");
        }
        let root = xml::parse(&self.source)?;
        let (dialect, body) = xml::body(&root)?;
        let entries = read::entries(dialect, body);
        let Some(entry) = entries.iter().find(|entry| entry.key == *key) else {
            return error("the file has no such field");
        };
        let target = match field.kind {
            FormKind::Info => Some(entry.element),
            _ => entry.element.only("Value")?,
        };
        let changes = match (target, &field.kind) {
            (None, _) => vec![insert(entry.element, &self.source, value)],
            (Some(target), FormKind::Password { .. }) => replace(target, 0..target.text.len(), &self.source, value),
            (Some(target), _) => {
                let first = target.text.len().saturating_sub(target.text.trim_start().len());
                let old = first..first.saturating_add(target.trimmed().len());
                replace(target, old, &self.source, value)
            }
        };
        Self::read(apply(&self.source, &changes).as_bytes())
    }
}

/// The changes that put a value where `old` is in an element's text. Comments in it stay, and so does the rest of the
/// text.
fn replace(element: &Element, old: Range<usize>, source: &str, value: &str) -> Vec<Change> {
    let Some(content) = &element.content else {
        return vec![fill(element, source, &[&escaped(value)])];
    };
    let mut changes = Vec::new();
    let mut passed = 0_usize;
    for piece in &element.pieces {
        let end = passed.saturating_add(piece.length);
        let taken = old.start.max(passed)..old.end.min(end);
        if !taken.is_empty() {
            let at = |text: usize| piece.span.start.saturating_add(text.saturating_sub(passed));
            let range = match piece.notation {
                Notation::Plain | Notation::Cdata => at(taken.start)..at(taken.end),
                Notation::Reference => piece.span.clone(),
            };
            // All of the new text goes where the old one began.
            let text = match piece.notation {
                _ if !changes.is_empty() => Secret::new(String::new()),
                Notation::Cdata => in_cdata(value),
                Notation::Plain | Notation::Reference => escaped(value),
            };
            changes.push(Change { range, text });
        }
        passed = end;
    }
    if changes.is_empty() {
        changes.push(Change { range: content.start..content.start, text: escaped(value) });
    }
    changes
}

/// The change that gives a field a `<Value>`: behind its name, on a line of its own if the name has one.
fn insert(element: &Element, source: &str, value: &str) -> Change {
    let value = escaped(value);
    let Some(content) = &element.content else {
        return fill(element, source, &["<Value>", &value, "</Value>"]);
    };
    let (at, blanks) = match element.first("Name") {
        Some(name) => (name.span.end, blanks_before(source, name.span.start)),
        None => (content.start, ""),
    };
    Change { range: at..at, text: joined(&[blanks, "<Value>", &value, "</Value>"]) }
}

/// The change that makes an empty-element tag one with content.
fn fill(element: &Element, source: &str, content: &[&str]) -> Change {
    let tag = source.get(element.span.clone()).unwrap_or_default();
    let kept = tag.trim_end_matches('>').trim_end_matches('/').trim_end();
    let mut parts = vec![">"];
    parts.extend_from_slice(content);
    parts.extend_from_slice(&["</", &element.name, ">"]);
    Change { range: element.span.start.saturating_add(kept.len())..element.span.end, text: joined(&parts) }
}

/// The blanks in front of a place, from the line's end on if there is one among them.
fn blanks_before(source: &str, place: usize) -> &str {
    let before = source.get(..place).unwrap_or_default();
    let start = before.trim_end_matches([' ', '\t', '\r', '\n']).len();
    let blanks = before.get(start..).unwrap_or_default();
    let line = match (blanks.rfind("\r\n"), blanks.rfind('\n')) {
        (Some(both), Some(end)) if both.saturating_add(1) == end => both,
        (_, Some(end)) => end,
        (_, None) => 0,
    };
    blanks.get(line..).unwrap_or_default()
}

fn escaped(value: &str) -> Secret<String> {
    let mut text = Secret::new(String::with_capacity(value.len().saturating_mul(LONGEST_ESCAPE)));
    for letter in value.chars() {
        match letter {
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            other => text.push(other),
        }
    }
    text
}

fn in_cdata(value: &str) -> Secret<String> {
    let mut text = Secret::new(String::with_capacity(value.len().saturating_mul(LONGEST_ESCAPE)));
    for (index, part) in value.split(CDATA_END).enumerate() {
        if index > 0 {
            text.push_str(CDATA_END_SPLIT);
        }
        text.push_str(part);
    }
    text
}

fn joined(parts: &[&str]) -> Secret<String> {
    let mut text = Secret::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| text.push_str(part));
    text
}

/// The text with the changes made. They stand in order and don't overlap.
fn apply(source: &str, changes: &[Change]) -> Secret<String> {
    let mut parts = Vec::with_capacity(2 * changes.len() + 1);
    let mut copied = 0;
    for change in changes {
        parts.push(source.get(copied..change.range.start).unwrap_or_default());
        parts.push(&change.text);
        copied = change.range.end;
    }
    parts.push(source.get(copied..).unwrap_or_default());
    joined(&parts)
}
