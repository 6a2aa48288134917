//! Carries out what a person wants of the project's files and keys. As the rest of `update`, it changes the model and
//! returns what is to happen outside.

use std::path::{Path, PathBuf};

use formats::form::{FormField, FormKind};
use project::{Draft, KeyRole, ProjectError, Remedy};

use super::{CredentialsRequest, Effect, Request};
use crate::command::quiet_project;
use crate::model::configuration::{ConfigurationIntent, FieldId, Refused, RegionId, Section, TypedText};
use crate::model::editing::{Editing, Found, region_id};
use crate::model::keys::ChosenFile;
use crate::model::{JobKind, Model, View};
use crate::sheets;

/// Carries an intent out.
pub(super) fn apply(model: &mut Model, intent: ConfigurationIntent, effects: &mut Vec<Effect>) {
    let Some(editing) = &mut model.editing else { return };
    match intent {
        ConfigurationIntent::Set(id, text) => set(editing, &id, &text),
        ConfigurationIntent::Reset(id) => {
            if let Some(place) = editing.place(&id) {
                let done = editing.draft.reset(&place);
                edited(editing, Some(&id), done);
            }
        }
        ConfigurationIntent::Undo => {
            let done = editing.draft.undo();
            edited(editing, None, done);
        }
        ConfigurationIntent::Redo => {
            let done = editing.draft.redo();
            edited(editing, None, done);
        }
        ConfigurationIntent::Save => effects.push(Effect::Start(JobKind::Project, Request::Save)),
        ConfigurationIntent::BuildOutputs => effects.push(Effect::Start(JobKind::Project, Request::Build)),
        ConfigurationIntent::ShowDocument(index) => {
            editing.shown = index;
            editing.section = Section::Files;
        }
        ConfigurationIntent::ShowStages => {
            editing.section = Section::Stages;
            model.view = View::Configuration;
            model.object_file = None;
        }
        ConfigurationIntent::ChooseSetting(setting) => editing.setting = Some(setting),
        ConfigurationIntent::UseSetting(setting) => {
            editing.setting = None;
            effects.push(Effect::Start(JobKind::Project, Request::UseSetting(setting)));
        }
        ConfigurationIntent::Select(selection) => editing.selected = selection,
        ConfigurationIntent::KeepMine(index) => conflict(editing, index, Request::KeepMine, effects),
        ConfigurationIntent::TakeTheirs(index) => conflict(editing, index, Request::TakeTheirs, effects),
        ConfigurationIntent::Mend(index) => {
            let remedy = editing.found.assessment.findings.get(index).and_then(|finding| finding.remedy.clone());
            mend(editing, remedy, effects);
        }
        ConfigurationIntent::MendChain => {
            let remedy = editing.found.assessment.belonging.first_broken().and_then(|link| link.remedy.clone());
            mend(editing, remedy, effects);
        }
        ConfigurationIntent::MoveRegion(id, start) => move_region(editing, &id, start),
        ConfigurationIntent::ComputeLoaderNumbers => {
            let remedy = editing.found.loader.clone().ok();
            mend(editing, remedy, effects);
        }
        ConfigurationIntent::SetFile(id, path) => {
            if let Some(place) = editing.place(&id) {
                let done = editing.draft.set_path(&place, &path);
                edited(editing, Some(&id), done);
            }
        }
        ConfigurationIntent::ChooseFile(id) => effects.push(Effect::Start(JobKind::Dialog, Request::PickFieldFile(id))),
        ConfigurationIntent::CopyText(text) => effects.push(Effect::Copy(text)),
        ConfigurationIntent::GenerateKey(index, passphrase) => {
            key_job(editing, index, |role| Request::NewKey(role, passphrase), effects);
        }
        ConfigurationIntent::ImportKey(index, path, passphrase) => {
            key_job(editing, index, |role| Request::ImportKey(role, path, passphrase), effects);
        }
        ConfigurationIntent::ChooseKey(index) => {
            editing.keys.chosen = None;
            if let Some(role) = editing.key_role(index) {
                effects.push(Effect::Start(JobKind::Dialog, Request::PickKey(role)));
            }
        }
        ConfigurationIntent::ExportPublic(index) => key_job(editing, index, Request::ExportPublic, effects),
        ConfigurationIntent::ExportClear(index) => key_job(editing, index, Request::ExportClear, effects),
        ConfigurationIntent::Protect(index, passphrase) => {
            key_job(editing, index, |role| Request::ProtectKey(role, passphrase), effects);
        }
        ConfigurationIntent::Unlock(index, passphrase) => {
            key_job(editing, index, |role| Request::UnlockKey(role, passphrase), effects);
        }
    }
    refresh(model);
    assess(model, effects);
}

/// Starts finding out about a state that isn't assessed yet. One at a time: when one ends, it is started again for what
/// changed meanwhile.
pub(super) fn assess(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.editing.as_ref().is_some_and(|editing| editing.assessed != editing.revision) {
        check(model, effects);
    }
}

/// Starts finding out about the project, unless that goes on.
pub(super) fn check(model: &mut Model, effects: &mut Vec<Effect>) {
    let goes_on = model.runs(JobKind::Check);
    if let Some(editing) = model.editing.as_mut().filter(|_| !goes_on) {
        editing.checking = editing.revision;
        effects.push(Effect::Start(JobKind::Check, Request::Assess));
    }
}

/// Paints the sheets anew from the draft and what was found out.
pub(super) fn refresh(model: &mut Model) {
    let busy = quiet_project(model).err();
    let Some(editing) = &mut model.editing else { return };
    sheets::editing::refresh(editing, busy.as_deref());
}

/// Takes in a project that was read, saved or built. What the person looked at stays in sight.
pub(super) fn take(model: &mut Model, draft: Draft, found: Found) {
    // The count goes on from one project to the next: what a late job found out about another one is never taken for this.
    let before = model.editing.take();
    let revision = before.as_ref().map_or(0, |before| before.revision) + 1;
    let mut editing = Editing::new(draft, found, revision);
    if let Some(before) = before.filter(|before| before.draft.folder() == editing.draft.folder()) {
        editing.section = before.section;
        editing.shown = before.shown;
        editing.selected = before.selected;
    }
    model.editing = Some(editing);
    refresh(model);
}

/// Takes in what was found out; about an older state than the present one it is worth nothing.
pub(super) fn found(model: &mut Model, revision: u64, found: Found) {
    if let Some(editing) = &mut model.editing
        && editing.revision == revision
    {
        editing.found = found;
        editing.assessed = revision;
    }
    refresh(model);
}

/// A state about which nothing could be found out isn't tried again until something changes.
pub(super) fn check_failed(model: &mut Model) {
    if let Some(editing) = &mut model.editing {
        editing.assessed = editing.checking;
    }
}

/// Lets the configuration name a key that was made or taken.
pub(super) fn use_key(model: &mut Model, role: KeyRole, path: &Path, effects: &mut Vec<Effect>) {
    if let Some(editing) = &mut model.editing {
        let done = editing.draft.use_key(role, path);
        edited(editing, None, done);
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        model.notice = Some(format!("{name} is the {role} key now; the old one is kept"));
    }
    refresh(model);
    assess(model, effects);
}

/// Shows the file that a person chose in the question how to import a key.
pub(super) fn key_chosen(model: &mut Model, role: KeyRole, path: &Path) {
    let Some(editing) = &mut model.editing else { return };
    if let Some(key) = editing.key_roles().iter().position(|other| *other == role) {
        editing.keys.chosen = Some(ChosenFile { key, path: path.display().to_string() });
    }
}

/// Takes over a key that was opened with its passphrase.
pub(super) fn key_opened(model: &mut Model, draft: &Draft, effects: &mut Vec<Effect>) {
    if let Some(editing) = &mut model.editing {
        editing.draft.take_over(draft);
        edited(editing, None, Ok(()));
    }
    refresh(model);
    assess(model, effects);
}

fn set(editing: &mut Editing, id: &FieldId, text: &TypedText) {
    let Some(place) = editing.place(id) else { return };
    let field = editing.draft.field(&place);
    let secret = field.is_some_and(FormField::is_secret);
    let is_number = field.is_some_and(|field| matches!(field.kind, FormKind::Number { .. }));
    // A number is written as the file's author writes numbers; what is none is taken as it is and told by the form.
    let number = formats::number::parse(text.text().trim()).ok().and_then(|number| u32::try_from(number).ok());
    let done = match number.filter(|_| is_number) {
        Some(number) => editing.draft.set_number(&place, number),
        None => editing.draft.set(&place, text.text()),
    };
    if let Err(problem) = &done {
        let typed = if secret { String::new() } else { text.text().to_owned() };
        editing.refused = Some((id.clone(), Refused { typed, why: problem.to_string() }));
        return;
    }
    edited(editing, Some(id), done);
}

/// After an edit: what was refused before is forgotten, and the state counts as a new one.
fn edited(editing: &mut Editing, id: Option<&FieldId>, done: Result<(), ProjectError>) {
    match done {
        Ok(()) => {
            editing.refused = None;
            editing.revision += 1;
        }
        Err(problem) => {
            let id = id.cloned().unwrap_or_else(|| FieldId(String::new()));
            editing.refused = Some((id, Refused { typed: String::new(), why: problem.to_string() }));
        }
    }
}

/// Carries out what mends a finding or a broken link.
fn mend(editing: &mut Editing, remedy: Option<Remedy>, effects: &mut Vec<Effect>) {
    match remedy {
        Some(Remedy::Edit { text, edits }) => {
            let done = editing.draft.mend(&text, &edits);
            edited(editing, None, done);
        }
        Some(Remedy::Build) => effects.push(Effect::Start(JobKind::Project, Request::Build)),
        Some(Remedy::NewKey(role)) => {
            effects.push(Effect::Start(JobKind::Key, Request::NewKey(role, TypedText::empty())))
        }
        Some(Remedy::NewChain(renewed)) => {
            let form = sheets::credentials::renewing(&editing.found.making, renewed);
            let make = CredentialsRequest::Make(form, TypedText::empty());
            effects.push(Effect::Start(JobKind::Key, Request::Credentials(make)));
        }
        Some(Remedy::ReadAgain) => {
            let folder = editing.draft.folder().to_owned();
            effects.push(Effect::Start(JobKind::Project, Request::Project(folder)));
        }
        None => {}
    }
}

/// Moves a region to the legal place nearest to where it was dropped.
fn move_region(editing: &mut Editing, id: &RegionId, start: u32) {
    let placed = editing.found.map.iter().flat_map(|lane| &lane.regions).find(|placed| region_id(placed.name) == *id);
    let Some(moves) = placed.and_then(|placed| placed.moves.as_ref()) else { return };
    let Some(nearest) = moves.nearest(start) else { return };
    let done = editing.draft.set_number(&moves.field, nearest.wrapping_sub(moves.base));
    edited(editing, None, done);
}

fn conflict(editing: &Editing, index: usize, request: impl FnOnce(PathBuf) -> Request, effects: &mut Vec<Effect>) {
    if let Some(document) = editing.configuration.documents.get(index) {
        effects.push(Effect::Start(JobKind::Project, request(document.path.clone().into())));
    }
}

fn key_job(editing: &Editing, index: usize, request: impl FnOnce(KeyRole) -> Request, effects: &mut Vec<Effect>) {
    if let Some(role) = editing.key_role(index) {
        effects.push(Effect::Start(JobKind::Key, request(role)));
    }
}
