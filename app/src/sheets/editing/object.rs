//! The object that a document makes, as bytes with their meaning. Secrets are masked by the engine.

use std::path::PathBuf;

use formats::ObkFile;
use formats::obk_fields::{FieldGroup, HashState, ObkField, describe, differences, masked_bytes};
use project::{Kept, LinkState, ObjectRole, PartId};

use super::file_name;
use crate::model::configuration::{ObjectSheet, ObjectSpan, SpanKind};
use crate::model::editing::{Editing, field_id};
use crate::model::{ObjectDifference, ObjectFile, Tone};

pub(super) fn sheet(editing: &Editing, role: ObjectRole) -> Option<ObjectSheet> {
    let view = editing.found.assessment.objects.iter().find(|view| view.role == role)?;
    let name = file_name(&view.path);
    let Ok(obk) = &view.obk else {
        let why = view.obk.as_ref().err().cloned().unwrap_or_default();
        return Some(ObjectSheet { name, state: (Tone::Danger, why), bytes: Vec::new(), spans: Vec::new() });
    };
    let description = describe(obk);
    let file = editing.draft.documents().find(|document| super::object_role(document.role) == Some(role));
    let spans = description.fields.iter().map(|field| ObjectSpan {
        field: field.xml_field.and_then(|name| editing.draft.place_of(&file?.path, name)).map(|place| field_id(&place)),
        ..span(field)
    });
    Some(ObjectSheet {
        state: state(editing, role, view.kept, description.hash),
        spans: spans.collect(),
        bytes: masked_bytes(obk, &description),
        name,
    })
}

/// An object's field as a span; which field of a form sets it is for the caller to know.
fn span(field: &ObkField) -> ObjectSpan {
    ObjectSpan {
        offset: field.offset,
        length: field.length,
        name: field.name.to_string(),
        value: field.value.clone(),
        meaning: field.meaning.clone().unwrap_or_default(),
        kind: match field.group {
            FieldGroup::Head => SpanKind::Header,
            FieldGroup::Hash => SpanKind::Hash,
            FieldGroup::Setting => SpanKind::Setting,
            FieldGroup::Reserved => SpanKind::Reserved,
            FieldGroup::PublicKey => SpanKind::Public,
            FieldGroup::PrivateKey | FieldGroup::Secret => SpanKind::Private,
            FieldGroup::Fill => SpanKind::Padding,
        },
        field: None,
    }
}

/// An object file to look at, beside what the project makes for the same place.
pub(crate) fn file(path: PathBuf, obk: &ObkFile, theirs: Option<&ObkFile>) -> ObjectFile {
    let description = describe(obk);
    let state = match (description.problems.first(), description.hash) {
        (Some(problem), _) => (Tone::Danger, problem.clone()),
        (None, HashState::Broken) => (Tone::Danger, "its hash is wrong".to_owned()),
        (None, HashState::Holds) => (Tone::Ok, "its hash holds".to_owned()),
        (None, HashState::None) => (Tone::Neutral, "an object without a hash".to_owned()),
    };
    let object = ObjectSheet {
        name: file_name(&path),
        state,
        bytes: masked_bytes(obk, &description),
        spans: description.fields.iter().map(span).collect(),
    };
    let compared = match theirs {
        Some(theirs) => Ok(differences(obk, theirs)
            .into_iter()
            .map(|other| ObjectDifference { field: other.field.to_owned(), here: other.a, project: other.b })
            .collect()),
        None => Err("the open project has no object for this place".to_owned()),
    };
    ObjectFile { kind: description.kind.name().to_owned(), object, selected: None, compared, path }
}

fn state(editing: &Editing, role: ObjectRole, kept: Kept, hash: HashState) -> (Tone, String) {
    if hash == HashState::Broken {
        return (Tone::Danger, "its hash is wrong".to_owned());
    }
    let link = editing.found.assessment.belonging.link(PartId::Configuration(role), PartId::Object(role));
    match (kept, link.map(|link| link.state)) {
        (Kept::InMemory, _) => (Tone::Accent, "made in memory only: the key's file is protected".to_owned()),
        (_, Some(LinkState::Holds)) => (Tone::Ok, "the file holds these bytes".to_owned()),
        (_, Some(LinkState::Stale)) => (Tone::Warn, "the file is out of date".to_owned()),
        (_, Some(LinkState::Broken)) => (Tone::Danger, "it can't be made".to_owned()),
        (_, Some(LinkState::Unknown) | None) => (Tone::Neutral, "not compared with its file".to_owned()),
    }
}
