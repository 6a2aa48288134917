//! Elements to fields. What is wrong with a value is asked of the strict readers, so that there is one opinion.

use std::collections::BTreeMap;

use super::{Applies, Enable, FieldKey, FormField, FormKind, Section};
use crate::error::FormatError;
use crate::mcuboot::read as mcuboot;
use crate::number;
use crate::obdata::read as obdata;
use crate::obdata::{Dependency, FileForm, Visibility};
use crate::secret::Secret;
use crate::xml::{Dialect, Element};

/// An element that is a field, with its key.
pub(super) struct Entry<'a> {
    pub(super) key: FieldKey,
    pub(super) element: &'a Element,
}

/// The elements that are fields, in document order.
pub(super) fn entries(dialect: Dialect, body: &Element) -> Vec<Entry<'_>> {
    let info = match dialect {
        Dialect::Obdata => "Info",
        Dialect::McubootFormat => "GlobalParam",
    };
    let mut found = Vec::new();
    for child in &body.children {
        if child.name == info {
            found.extend(child.children.iter().map(|element| (Section::Info, element.name.as_str(), element)));
        } else if dialect == Dialect::McubootFormat || !matches!(child.name.as_str(), "Hash" | "DA") {
            found.push((Section::Field, obdata::name_of(child), child));
        }
    }
    let mut before = BTreeMap::<(Section, &str), usize>::new();
    let entry = |(section, name, element)| {
        let count = before.entry((section, name)).or_default();
        let key = FieldKey { section, name: name.to_owned(), occurrence: *count };
        *count = count.saturating_add(1);
        Entry { key, element }
    };
    found.into_iter().map(entry).collect()
}

/// The fields of a document.
pub(super) fn fields(dialect: Dialect, body: &Element) -> Vec<FormField> {
    let entries = entries(dialect, body);
    let mut fields: Vec<_> = entries
        .iter()
        .map(|entry| match (entry.key.section, dialect) {
            (Section::Info, _) => info(entry, dialect),
            (Section::Field, Dialect::Obdata) => field(entry),
            (Section::Field, Dialect::McubootFormat) => argument(entry),
        })
        .collect();
    let repeated = fields.iter_mut().filter(|field| field.kind == FormKind::Info && field.key.occurrence > 0);
    repeated.for_each(|field| field.problem = Some(second(&field.key.name)));
    let outputs = fields.iter_mut().filter(|field| field.kind == FormKind::Output);
    outputs.skip(1).for_each(|field| field.problem = Some(second("Output")));
    if dialect == Dialect::Obdata {
        hide(&entries, &mut fields);
    }
    fields
}

/// Tools differ in which of several they take.
fn second(element: &str) -> String {
    format!("a second <{element}>; keep one of them")
}

fn info(entry: &Entry<'_>, dialect: Dialect) -> FormField {
    let element = entry.element;
    let check = match dialect {
        Dialect::Obdata => obdata::check_info(element),
        Dialect::McubootFormat => mcuboot::check_global(element),
    };
    let kind =
        if element.children.is_empty() { FormKind::Info } else { FormKind::Unknown { element: element.name.clone() } };
    FormField {
        key: entry.key.clone(),
        line: element.line,
        kind,
        visibility: Visibility::Shown,
        value: Secret::new(element.trimmed().to_owned()),
        default: None,
        tooltip: None,
        applies: Applies::Yes,
        problem: problem(check),
    }
}

fn field(entry: &Entry<'_>) -> FormField {
    let element = entry.element;
    // Where the parts of a field can't be read, the strict reader says so in the problem.
    let width = obdata::width(element).unwrap_or(obdata::WIDEST);
    let number = FormKind::Number { width };
    let kind = match element.name.as_str() {
        "Data" => number,
        "List" => obdata::choices(element, width).map_or(number, |choices| FormKind::Choice { width, choices }),
        "Bool" => match (obdata::code(element, "True", width), obdata::code(element, "False", width)) {
            (Ok(on), Ok(off)) => FormKind::Switch { width, on, off },
            _ => number,
        },
        "File" => {
            let path = element.first("Value").map(Element::trimmed).unwrap_or_default();
            FormKind::File { form: obdata::file_form(element, path).unwrap_or(FileForm::Bytes) }
        }
        "Permission" => FormKind::Permission,
        "Text" => {
            let (shortest, longest) = obdata::password_lengths(element).unwrap_or(obdata::PASSWORD_LENGTHS);
            FormKind::Password { shortest, longest }
        }
        "Output" => FormKind::Output,
        other => FormKind::Unknown { element: other.to_owned() },
    };
    let problem = match &kind {
        FormKind::Unknown { element } => Some(obdata::unknown(element)),
        FormKind::Output => problem(obdata::read_output(element).map(|_| ())),
        _ => problem(obdata::read_field(element).map(|_| ())),
    };
    let value = element.first("Value").map_or("", |value| match kind {
        FormKind::Password { .. } => &value.text,
        _ => value.trimmed(),
    });
    FormField { problem, ..described(entry, kind, value) }
}

fn argument(entry: &Entry<'_>) -> FormField {
    let element = entry.element;
    let text = |name| element.first(name).map(|child| child.trimmed().to_owned());
    let (kind, check) = match element.name.as_str() {
        "Param" => {
            let enabled = match mcuboot::is_enabled(element) {
                Ok(false) => Enable::Off,
                Ok(true) | Err(_) => Enable::On,
            };
            let kind = FormKind::Argument { option: text("Command"), link: text("Link"), enabled };
            let check = mcuboot::read_argument(element);
            (kind, check.and_then(|argument| argument.map_or(Ok(()), |argument| argument.check())))
        }
        "Output" => (FormKind::Output, mcuboot::read_output(element).and_then(|output| output.check())),
        other => {
            let error = FormatError::Xml { line: element.line, problem: mcuboot::unknown(other) };
            (FormKind::Unknown { element: other.to_owned() }, Err(error))
        }
    };
    let value = element.first("Value").or_else(|| element.first("Default")).map_or("", Element::trimmed);
    FormField { problem: problem(check), ..described(entry, kind, value) }
}

/// What fields of both dialects have in common.
fn described(entry: &Entry<'_>, kind: FormKind, value: &str) -> FormField {
    let text = |name| entry.element.first(name).map(|child| child.trimmed().to_owned());
    FormField {
        key: entry.key.clone(),
        line: entry.element.line,
        kind,
        visibility: obdata::visibility(entry.element).unwrap_or(Visibility::Shown),
        value: Secret::new(value.to_owned()),
        default: text("Default"),
        tooltip: text("Tooltip"),
        applies: Applies::Yes,
        problem: None,
    }
}

/// Marks the fields that don't apply because of another one's value.
fn hide(entries: &[Entry<'_>], fields: &mut [FormField]) {
    let ties: Vec<_> = entries.iter().map(|entry| obdata::dependency(entry.element).ok().flatten()).collect();
    let mut controls = BTreeMap::new();
    for (tie, field) in ties.iter().zip(fields.iter()) {
        if let Some(Dependency::Controls(name)) = tie {
            controls.entry(name).or_insert((field.key.name.clone(), number::parse(&field.value).ok()));
        }
    }
    for (tie, field) in ties.iter().zip(fields) {
        if let Some(Dependency::On { name, value }) = tie
            && let Some((controlling, Some(now))) = controls.get(name)
            && *now != u128::from(*value)
        {
            field.applies = Applies::HiddenBy(controlling.clone());
        }
    }
}

/// What is wrong, without the name and the line that the field has anyway.
fn problem(check: Result<(), FormatError>) -> Option<String> {
    match check {
        Ok(()) => None,
        Err(FormatError::Field { problem, .. } | FormatError::Xml { problem, .. }) => Some(problem),
        Err(other) => Some(other.to_string()),
    }
}
