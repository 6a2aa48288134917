//! The project under edit in the words and shapes of the Configuration and Keys views. It reads and rephrases; every
//! judgement is the engine's.

mod fields;
mod keys;
mod map;
mod object;
mod samples;
mod stages;

pub(crate) use object::file as object_file;
use project::certificates::Renewed;
use project::{DocumentRole, Finding, LinkState, ObjectRole, PartId, Remedy, Severity, Standing, rule_of};

use crate::model::Tone;
use crate::model::configuration::{ConfigurationSheet, DocumentSheet, FieldId, FindingSheet, OnDisk, Possible};
use crate::model::editing::{Editing, field_id, region_id};
use crate::model::keys::KeysSheet;
use crate::text::{file_name, sentence};

/// Paints both sheets anew. `busy` is why nothing can be changed now.
pub(crate) fn refresh(editing: &mut Editing, busy: Option<&str>) {
    let roles = document_roles(editing);
    editing.shown = editing.shown.min(roles.len().saturating_sub(1));
    editing.configuration = configuration(editing, &roles, busy);
    let chosen = editing.keys.chosen.take();
    editing.keys = KeysSheet { chosen, ..keys::sheet(editing, busy) };
}

/// The documents in the order of their tabs: the flow's files, the project file last.
fn document_roles(editing: &Editing) -> Vec<DocumentRole> {
    editing.draft.documents().map(|document| document.role).chain([DocumentRole::Settings]).collect()
}

/// A thing that can be done, unless something goes on.
fn unless(busy: Option<&str>, otherwise: Possible) -> Possible {
    match busy {
        Some(reason) => Err(reason.to_owned()),
        None => otherwise,
    }
}

fn configuration(editing: &Editing, roles: &[DocumentRole], busy: Option<&str>) -> ConfigurationSheet {
    let assessment = &editing.found.assessment;
    let mut findings: Vec<FindingSheet> =
        assessment.findings.iter().enumerate().map(|(index, finding)| finding_sheet(editing, index, finding)).collect();
    findings.sort_by_key(|finding| finding.tone != Tone::Danger);
    let shown = roles.get(editing.shown).copied();
    let unsaved = editing.draft.unsaved();
    let nothing = if unsaved == 0 { Err("everything is saved".to_owned()) } else { Ok(()) };
    let conflict = match editing.found.conflicts.first() {
        Some(path) => Err(format!("{} was changed by another program: choose which version stays", file_name(path))),
        None => nothing,
    };
    let build = match (unsaved, &assessment.objects_blocked_by) {
        (1.., _) => Err("the edits aren't saved yet".to_owned()),
        (0, Some(error)) => Err(format!("{}: {}", error.id, error.text)),
        (0, None) => Ok(()),
    };
    ConfigurationSheet {
        documents: roles.iter().map(|role| document_sheet(editing, *role)).collect(),
        section: editing.section,
        stages: Some(stages::sheet(editing, busy)),
        shown: editing.shown,
        unsaved,
        save: unless(busy, conflict),
        can_undo: editing.draft.can_undo().map(str::to_owned),
        can_redo: editing.draft.can_redo().map(str::to_owned),
        map: map::lanes(editing),
        findings,
        rules_hold: assessment.rules.iter().filter(|(_, standing)| *standing == Standing::Holds).count(),
        object: shown.and_then(object_role).and_then(|role| object::sheet(editing, role)),
        build: unless(busy, build),
        loader_numbers: editing.found.loader.as_ref().map(remedy_text).map_err(Clone::clone),
        selected: editing.selected.clone(),
    }
}

/// The object that a document makes.
fn object_role(document: DocumentRole) -> Option<ObjectRole> {
    match document {
        DocumentRole::StirotConfig(_) => Some(ObjectRole::StirotConfig),
        DocumentRole::OemConfig(_) => Some(ObjectRole::OemConfig),
        DocumentRole::DaCertificate | DocumentRole::DaPassword => Some(ObjectRole::DebugAuthentication),
        DocumentRole::StirotImage(_)
        | DocumentRole::OemImage(_)
        | DocumentRole::OemDataImage(_)
        | DocumentRole::Settings => None,
    }
}

fn document_sheet(editing: &Editing, role: DocumentRole) -> DocumentSheet {
    let path = editing.draft.folder().join(role.file());
    let edited = match editing.draft.document(role) {
        Some(document) => document.is_edited(),
        None => editing.draft.settings_are_edited(),
    };
    let on_disk = if editing.found.conflicts.contains(&path) {
        OnDisk::ChangedByAnother
    } else if edited {
        OnDisk::Edited
    } else {
        OnDisk::Same
    };
    DocumentSheet {
        title: role.title().to_owned(),
        file: file_name(&path),
        path: path.display().to_string(),
        on_disk,
        fields: fields::of_document(editing, role),
        stale_output: object_role(role).and_then(|role| stale_output(editing, role)),
    }
}

/// What of a document's object on the disk is out of date.
fn stale_output(editing: &Editing, role: ObjectRole) -> Option<String> {
    let link = editing.found.assessment.belonging.link(PartId::Configuration(role), PartId::Object(role))?;
    (link.state == LinkState::Stale).then(|| link.text.clone())
}

fn finding_sheet(editing: &Editing, index: usize, finding: &Finding) -> FindingSheet {
    let rule = rule_of(finding.id);
    let fields: Vec<FieldId> = finding
        .field
        .iter()
        .chain(&finding.also)
        .filter_map(|field| editing.draft.place_of(&finding.file, field))
        .map(|place| field_id(&place))
        .collect();
    let place = match &finding.field {
        Some(field) => format!("{}, “{field}”", file_name(&finding.file)),
        None => file_name(&finding.file),
    };
    FindingSheet {
        rule: finding.id.to_owned(),
        title: sentence(&finding.text),
        text: format!("{place}. {}.", sentence(finding.help.trim_end_matches('.'))),
        source: rule.map_or(String::new(), |rule| format!("{} ({})", rule.title, rule.source)),
        tone: if finding.severity == Severity::Error { Tone::Danger } else { Tone::Warn },
        fields,
        region: finding.region.map(region_id),
        mend: finding.remedy.as_ref().map(remedy_text),
        index,
    }
}

/// A remedy as a button's text.
fn remedy_text(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Edit { text, .. } => text.clone(),
        Remedy::Build => "Build outputs".to_owned(),
        Remedy::NewKey(role) => format!("Make a new {role} key"),
        Remedy::NewChain(Renewed::Certificates) => "Make the certificates anew".to_owned(),
        Remedy::NewChain(Renewed::Leaf) => "Make a new leaf key and certificate".to_owned(),
        Remedy::NewChain(Renewed::IntermediateAndLeaf) => "Make new keys below the root".to_owned(),
        Remedy::NewChain(Renewed::Root) => "Make a new root and chain".to_owned(),
        Remedy::ReadAgain => "Read again".to_owned(),
    }
}
