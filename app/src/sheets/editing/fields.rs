//! A document's fields: label, value, hint, help, what is wrong. What is known of ST's fields by name stands in the
//! table here; any other field is shown as its file describes it.

use formats::form::{Applies, FormField, FormKind};
use formats::obdata::Visibility;
use project::{DocumentRole, FieldPlace, RegionName, Severity, field, rule_of};

use super::samples;
use crate::model::Tone;
use crate::model::configuration::{Choice, Entry, FieldSheet, Place};
use crate::model::editing::{Editing, field_id, region_id};
use crate::sheets::permissions;

/// What is known of a field of ST's: label, hint, rules.
struct Known {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    rules: &'static [&'static str],
}

const fn known(name: &'static str, label: &'static str, hint: &'static str, rules: &'static [&'static str]) -> Known {
    Known { name, label, hint, rules }
}

const KNOWN: &[Known] = &[
    known(
        field::FIRMWARE_ADDRESS,
        "Firmware area address (internal RAM)",
        "AXI SRAM, multiple of 16 KiB",
        &["R1", "R10", "R14", "R17"],
    ),
    known(
        field::FIRMWARE_SIZE,
        "Firmware area size",
        "also of each slot; multiple of 8 KiB",
        &["R2", "R9", "R10", "R16"],
    ),
    known(
        field::INSTALLATION_ADDRESS,
        "Installation slot (external flash)",
        "multiple of 64 KiB",
        &["R3", "R11", "R12", "R15"],
    ),
    known(
        field::DOWNLOAD_ADDRESS,
        "Download slot (external flash)",
        "multiple of 64 KiB, off the other slot",
        &["R3", "R11", "R15"],
    ),
    known(field::MINIMUM_STATE, "Minimum product state", "below it STiRoT starts nothing", &["R4", "R19"]),
    known(field::ENCRYPTION_KEY, "Encryption key", "opens images; the chip gets the private half", &["R7", "R22"]),
    known(
        field::AUTHENTICATION_KEY,
        "Authentication key",
        "signs images; the chip gets the public half",
        &["R7", "R22"],
    ),
    known(field::CLOCK, "Clock while STiRoT runs", "64 MHz suits every supply and temperature", &["R8"]),
    known(field::SRAM_ECC, "SRAM error correction", "takes SRAM4 away from the firmware area", &["R8", "R10", "R18"]),
    known(field::LOADER_OFFSET, "iLoader offset", "from the start of user flash, whole sectors", &["R5", "R13"]),
    known(field::LOADER_SIZE, "iLoader size", "rounded up to sectors of 8 KiB", &["R5", "R13"]),
    known(field::MCE, "Cipher of the installation slot", "belongs to the port of the slots", &["R6", "R12"]),
    known(field::ROOT_KEY, "Debug root key", "every debug certificate leads back to it", &["R7", "R22"]),
    known(field::PASSWORD, "Password", "4 to 16 printable characters; grants regression only", &["R21"]),
    known("Permission", "Permissions", "the most that a certificate can be granted", &[]),
    known(field::OUTPUT, "Output file", "where the object is written", &["P1"]),
    known("ObDestAddress", "Destination", "area, level and method of the object", &["R20"]),
    known("DoEncryption", "Stored encrypted", "1: the chip encrypts the object with its own key", &["R21"]),
    known("GlobalAlign", "Object alignment", "the object's size is a multiple of this", &[]),
    known("Firmware binary input file", "Application", "what the image is built from", &["P2", "R17"]),
    known("Image output file", "Image file", "hex at the slot's address, or plain bytes", &["P1"]),
    known("Version", "Version", "major.minor.revision", &["R17"]),
    known("Security Counter", "Security counter", "auto: from the version", &["R17"]),
    known("name", "Project name", "", &[]),
    known("board", "Board", "what stands on the table", &[]),
    known("flow", "Flow", "which of ST's flows the folder follows", &[]),
    known("final_state", "Final product state", "where provisioning ends", &["R19"]),
    known("debug_authentication", "Way back from CLOSED", "what the debug-authentication object holds", &[]),
    known("loader", "iLoader", "builtin, or the path of a binary or ELF file", &["P3", "R13"]),
];

fn known_of(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name == name)
}

pub(super) fn of_document(editing: &Editing, role: DocumentRole) -> Vec<FieldSheet> {
    let Some(document) = editing.draft.document(role) else { return of_settings(editing) };
    document
        .form
        .fields()
        .iter()
        .filter(|field| field.applies == Applies::Yes)
        .map(|field| of_field(editing, role, field))
        .collect()
}

fn of_field(editing: &Editing, role: DocumentRole, field: &FormField) -> FieldSheet {
    let place = FieldPlace { document: role, key: field.key.clone() };
    let entry = entry(field);
    let default = match (&entry, &field.default) {
        (Entry::ReadOnly | Entry::Password, _) => None,
        (Entry::Number, Some(default)) if formats::number::parse(default) == formats::number::parse(&field.value) => {
            None
        }
        // Both separators lead to the same file.
        (Entry::File | Entry::Text, Some(default)) if default.replace('\\', "/") == field.value.replace('\\', "/") => {
            None
        }
        (_, Some(default)) if *default != *field.value => Some(default.clone()),
        _ => None,
    };
    let trouble = field.problem.clone().map(|problem| (Tone::Danger, problem));
    let mut sheet = sheet(editing, &place, entry);
    sheet.value = if field.is_secret() { String::new() } else { field.value.to_string() };
    sheet.default = default;
    sheet.trouble = trouble.or(sheet.trouble);
    sheet.place = match (field.visibility, &field.kind) {
        (Visibility::Shown, FormKind::Info) => Place::Advanced,
        (Visibility::Shown, _) => Place::Main,
        _ => Place::Advanced,
    };
    if let Some(tooltip) = &field.tooltip {
        sheet.help = format!("{tooltip}\n{}", sheet.help).trim_end().to_owned();
    }
    if let FormKind::File { .. } = field.kind
        && let Some(key) = editing
            .found
            .assessment
            .keys
            .iter()
            .find(|view| editing.draft.key_place(view.key.role).is_some_and(|(named, _)| named == place))
    {
        sheet.hint = format!("{} · {}", key.key.fingerprint.short(), sheet.hint);
    }
    if let FormKind::Permission = field.kind
        && let Ok(mask) = formats::number::parse(&field.value)
    {
        sheet.entry = Entry::Permissions(permissions::switches(mask));
        sheet.hint = formats::Permissions(mask).hex();
    }
    if let (FormKind::Number { .. }, Ok(number)) = (&field.kind, formats::number::parse(&field.value))
        && sheet.label.ends_with("size")
        && number >= 1024
    {
        sheet.hint = format!("{} KiB · {}", number / 1024, sheet.hint);
    }
    sheet
}

/// What every field has, from the table and from what was found out.
fn sheet(editing: &Editing, place: &FieldPlace, entry: Entry) -> FieldSheet {
    let id = field_id(place);
    let known = known_of(&place.key.name);
    let file = editing.draft.folder().join(place.document.file());
    let of_field = editing.found.assessment.findings.iter().filter(|finding| {
        // A sample is told by its badge.
        finding.file == file && finding.field.as_deref() == Some(place.key.name.as_str()) && finding.id != samples::RULE
    });
    let worst = of_field.max_by_key(|finding| finding.severity);
    let refused = editing.refused.as_ref().filter(|(of, _)| *of == id).map(|(_, refused)| refused.clone());
    FieldSheet {
        label: known.map_or_else(|| place.key.name.clone(), |known| known.label.to_owned()),
        value: String::new(),
        entry,
        hint: known.map_or(String::new(), |known| known.hint.to_owned()),
        help: help(known, &place.key.name),
        place: Place::Main,
        trouble: worst.map(|finding| {
            let tone = if finding.severity == Severity::Error { Tone::Danger } else { Tone::Warn };
            (tone, finding.text.clone())
        }),
        refused,
        default: None,
        region: region(&place.key.name).map(region_id),
        badge: samples::in_field(editing, place).then(|| "SAMPLE".to_owned()),
        id,
    }
}

fn help(known: Option<&Known>, name: &str) -> String {
    let rules = known.map_or(&[][..], |known| known.rules);
    let lines =
        rules.iter().filter_map(|id| rule_of(id)).map(|rule| format!("{}: {} ({})", rule.id, rule.title, rule.source));
    let mut lines: Vec<String> = lines.collect();
    if known.is_some_and(|known| known.label != name) {
        lines.push(format!("In the file: “{name}”"));
    }
    lines.join("\n")
}

/// The region that a field places.
fn region(name: &str) -> Option<RegionName> {
    Some(match name {
        field::FIRMWARE_ADDRESS | field::FIRMWARE_SIZE => RegionName::FirmwareArea,
        field::SRAM_ECC => RegionName::Ecc,
        field::INSTALLATION_ADDRESS => RegionName::Installation,
        field::DOWNLOAD_ADDRESS => RegionName::Download,
        field::LOADER_OFFSET | field::LOADER_SIZE => RegionName::Loader,
        "Hex format" => RegionName::ApplicationDownload,
        _ => return None,
    })
}

fn entry(field: &FormField) -> Entry {
    match &field.kind {
        FormKind::Number { .. } => Entry::Number,
        FormKind::Choice { choices, width } => Entry::Choice(
            choices
                .iter()
                .map(|choice| Choice { code: code(choice.number, *width, &field.value), label: choice.label.clone() })
                .collect(),
        ),
        FormKind::Switch { on, off, width } => {
            Entry::Switch { on: code(*on, *width, &field.value), off: code(*off, *width, &field.value) }
        }
        FormKind::File { .. } => Entry::File,
        FormKind::Permission | FormKind::Output | FormKind::Info => Entry::Text,
        FormKind::Password { .. } => Entry::Password,
        FormKind::Argument { option, link, .. } => match (option, link) {
            (_, Some(_)) => Entry::ReadOnly,
            (Some(option), None) if is_flag(option) => Entry::ReadOnly,
            _ => Entry::Text,
        },
        FormKind::Unknown { .. } => Entry::ReadOnly,
    }
}

/// Arguments that stand alone.
fn is_flag(option: &str) -> bool {
    matches!(option, "--pad" | "--pad-header" | "--primary-only" | "-P" | "--overwrite-only" | "-c" | "--confirm")
}

/// A code as the field's author writes codes: the present text where it is the same number, else hexadecimal.
fn code(number: u64, width: usize, present: &str) -> String {
    match formats::number::parse(present.trim()) {
        Ok(same) if same == u128::from(number) => present.trim().to_owned(),
        _ => {
            let digits = if width <= 1 || present.trim().len() <= 4 { 2 } else { 2 * width };
            format!("0x{number:0digits$X}")
        }
    }
}

/// The project file's fields.
fn of_settings(editing: &Editing) -> Vec<FieldSheet> {
    let draft = &editing.draft;
    let fields = draft.setting_places().into_iter().map(|place| {
        let choices = draft.setting_choices(&place.key.name);
        let entry = match place.key.name.as_str() {
            "board" => Entry::Choice(
                provision::BoardProfile::known()
                    .into_iter()
                    .map(|profile| Choice { code: profile.name.clone(), label: profile.name })
                    .collect(),
            ),
            "loader" => Entry::File,
            _ if choices.is_empty() => Entry::Text,
            _ => Entry::Choice(
                choices.into_iter().map(|(code, label)| Choice { code: code.to_owned(), label }).collect(),
            ),
        };
        let mut sheet = sheet(editing, &place, entry);
        sheet.value = draft.setting(&place.key.name).unwrap_or_default();
        sheet
    });
    fields.collect()
}
