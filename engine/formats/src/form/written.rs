//! How an author writes numbers and paths, so that what is written for them looks like theirs.

use super::{FieldKey, Form, FormField, FormKind};
use crate::number;

/// Hexadecimal digits of the largest number there is in a file.
const MOST_DIGITS: usize = 32;

impl Form {
    /// A number as this file's author writes it in a field: decimal where a decimal number stands, else `0x` with at
    /// least as many digits as stand there, in the case used. Without an example it is ST's way: `0x`, upper case.
    pub fn number_text(&self, key: &FieldKey, number: u128) -> String {
        let examples: Vec<_> =
            self.field(key).into_iter().flat_map(texts).filter(|text| number::parse(text).is_ok()).collect();
        let (mark, digits) = match examples.first().map(|text| text.split_at_checked(2)) {
            Some(Some((mark @ ("0x" | "0X"), digits))) => (mark, digits),
            Some(_) => return number.to_string(),
            None => ("0x", ""),
        };
        // Most numbers have no letters to see the case by; the default may.
        let mut all_digits = examples.iter().filter_map(|text| text.get(mark.len()..)).flat_map(str::chars);
        let letter = all_digits.find(char::is_ascii_alphabetic);
        let width = digits.len().min(MOST_DIGITS);
        match letter {
            Some(letter) if letter.is_ascii_lowercase() => format!("{mark}{number:0width$x}"),
            _ => format!("{mark}{number:0width$X}"),
        }
    }

    /// A path as this file's author writes it in a field: with `/` or `\` between its parts, and with `.` in front or
    /// not. An absolute path stays as it is.
    pub fn path_text(&self, key: &FieldKey, path: &str) -> String {
        let absolute = path.starts_with(['/', '\\']) || path.get(1..2) == Some(":");
        if absolute || path.is_empty() {
            return path.to_owned();
        }
        let others = self.fields.iter().filter(|field| is_path(field));
        let mut examples = self.field(key).into_iter().chain(others).flat_map(texts);
        let example = examples.find(|text| text.contains(['/', '\\'])).unwrap_or("./");
        let separator = if example.split('/').next().is_some_and(|part| part.contains('\\')) { "\\" } else { "/" };
        let leading = (example.starts_with("./") || example.starts_with(".\\")).then_some(".");
        let parts = path.split(['/', '\\']).filter(|part| !matches!(*part, "" | "."));
        leading.into_iter().chain(parts).collect::<Vec<_>>().join(separator)
    }
}

fn is_path(field: &FormField) -> bool {
    match &field.kind {
        FormKind::File { .. } | FormKind::Output | FormKind::Argument { .. } => true,
        FormKind::Info => field.key.name == "LinkedXML",
        _ => false,
    }
}

/// What an author wrote in a field, the value first. Nothing is learned from secrets.
fn texts(field: &FormField) -> impl Iterator<Item = &str> {
    let value = if field.is_secret() { None } else { Some(field.value.as_str()) };
    value.into_iter().chain(field.default.as_deref())
}
