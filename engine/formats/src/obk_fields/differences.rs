//! Two objects compared field by field, for people: secrets are told as different, never shown.

use super::{FieldGroup, ObkField, describe};
use crate::obk::ObkFile;

/// A field in which two objects differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObkDifference {
    /// The field's name.
    pub field: &'static str,
    /// Its offset in the file: in the first object, or in the second where the first lacks it.
    pub offset: usize,
    /// Its value in the first object.
    pub a: String,
    /// Its value in the second.
    pub b: String,
}

/// The fields in which two objects differ, in the file's order. Objects of two kinds are compared in their heads only:
/// they have no other field in common.
pub fn differences(a: &ObkFile, b: &ObkFile) -> Vec<ObkDifference> {
    let (description_a, description_b) = (describe(a), describe(b));
    let one_kind = description_a.kind == description_b.kind;
    let (file_a, file_b) = (a.encode(), b.encode());
    let counts = |field: &&ObkField| one_kind || field.group == FieldGroup::Head;
    let mut found = Vec::new();
    for field in description_a.fields.iter().filter(counts) {
        let difference =
            |b: String| ObkDifference { field: field.name, offset: field.offset, a: field.value.clone(), b };
        match description_b.fields.iter().find(|other| other.name == field.name) {
            None => found.push(difference(ABSENT.into())),
            Some(other) if bytes(&file_a, field) != bytes(&file_b, other) => {
                // Secrets, and keys in no readable shape, read alike and yet aren't.
                let alike = other.value == field.value;
                let value = if alike { format!("{}, and different", other.value) } else { other.value.clone() };
                found.push(difference(value));
            }
            Some(_) => {}
        }
    }
    let missing = |field: &&ObkField| !description_a.fields.iter().any(|other| other.name == field.name);
    for field in description_b.fields.iter().filter(counts).filter(missing) {
        let (a, b) = (ABSENT.into(), field.value.clone());
        found.push(ObkDifference { field: field.name, offset: field.offset, a, b });
    }
    found.sort_by_key(|difference| difference.offset);
    found
}

const ABSENT: &str = "absent";

fn bytes<'a>(file: &'a [u8], field: &ObkField) -> Option<&'a [u8]> {
    file.get(field.offset..field.offset.saturating_add(field.length))
}
