//! Edits: one value's text for another, each a step that can be taken back.

use std::path::{Path, PathBuf};

use formats::form::{FieldKey, FormField};
use formats::{FormatError, Secret};

use super::{DocumentRole, Draft, FieldPlace, settings_form};
use crate::error::ProjectError;
use crate::finding::{FieldEdit, NewValue, Remedy};
use crate::keys::KeyRole;
use crate::place;
use crate::rules::loader;

impl Draft {
    /// Gives a field another value. The text is taken as it is; whether it means something is told by the form.
    ///
    /// # Errors
    /// When there is no such field, or the text can't stand in the file.
    pub fn set(&mut self, place: &FieldPlace, text: &str) -> Result<(), ProjectError> {
        let what = format!("{} of {}", place.key.name, place.document.title());
        self.apply_all(&what, &[(place.clone(), Secret::new(text.to_owned()))])
    }

    /// Gives a field a number, written as the file's author writes numbers.
    ///
    /// # Errors
    /// As [`Draft::set`].
    pub fn set_number(&mut self, place: &FieldPlace, number: u32) -> Result<(), ProjectError> {
        let text = match self.document(place.document) {
            Some(document) => document.form.number_text(&place.key, u128::from(number)),
            None => format!("{number:#x}"),
        };
        self.set(place, &text)
    }

    /// Lets a field name a file: relative to its own, as the file's author writes paths.
    ///
    /// # Errors
    /// As [`Draft::set`].
    pub fn set_path(&mut self, place: &FieldPlace, path: &Path) -> Result<(), ProjectError> {
        let file = self.folder.join(place.document.file());
        let text = match self.document(place.document) {
            Some(document) => document.form.path_text(&place.key, &place::relative(&file, path)),
            None => path.to_string_lossy().into_owned(),
        };
        self.set(place, &text)
    }

    /// Where the key of a role is named, and the file that is named there; none of a chain's keys below its root.
    pub fn key_place(&self, role: KeyRole) -> Option<(FieldPlace, PathBuf)> {
        let flow = self.settings.flow;
        let document = match role {
            KeyRole::Authentication | KeyRole::Encryption => DocumentRole::StirotConfig(flow),
            KeyRole::OemAuthentication | KeyRole::OemEncryption => DocumentRole::OemConfig(flow),
            KeyRole::DebugRoot => DocumentRole::DaCertificate,
            KeyRole::DebugIntermediate | KeyRole::DebugLeaf => return None,
        };
        let place = FieldPlace { document, key: FieldKey::field(role.field()) };
        let written = &self.field(&place)?.value;
        let file = &self.document(document)?.path;
        Some((place, place::resolve(file, written)))
    }

    /// Lets the key of a role be another file's.
    ///
    /// # Errors
    /// As [`Draft::set`].
    pub fn use_key(&mut self, role: KeyRole, path: &Path) -> Result<(), ProjectError> {
        let Some((place, _)) = self.key_place(role) else {
            return Err(self.no_such_field(&self.folder, role.field()));
        };
        let file = self.folder.join(place.document.file());
        let edit = FieldEdit { file, field: place.key.name.clone(), value: NewValue::Path(path.to_owned()) };
        self.mend(&format!("another {role} key"), &[edit])
    }

    /// The edit that gives the configuration the numbers of the loader's own binary.
    ///
    /// # Errors
    /// When the flow has no loader, or its binary can't be read or understood.
    pub fn loader_remedy(&self) -> Result<Remedy, ProjectError> {
        let document = self.document(DocumentRole::StirotConfig(self.settings.flow));
        let document = document.ok_or(ProjectError::OtherFlow { flow: self.settings.flow })?;
        let numbers = loader::numbers(&self.settings.loader)?;
        Ok(loader::numbers_edit(&document.path, &numbers))
    }

    /// Gives a field the value that its file names as the one to go back to.
    ///
    /// # Errors
    /// As [`Draft::set`].
    pub fn reset(&mut self, place: &FieldPlace) -> Result<(), ProjectError> {
        match self.field(place).and_then(|field| field.default.clone()) {
            Some(default) => self.set(place, &default),
            None => Ok(()),
        }
    }

    /// Makes the edits that mend a finding, as one step.
    ///
    /// # Errors
    /// As [`Draft::set`].
    pub fn mend(&mut self, text: &str, edits: &[FieldEdit]) -> Result<(), ProjectError> {
        let mut resolved = Vec::new();
        for edit in edits {
            let place =
                self.place_of(&edit.file, &edit.field).ok_or_else(|| self.no_such_field(&edit.file, &edit.field))?;
            let text = self.written(&place, edit)?;
            resolved.push((place, Secret::new(text)));
        }
        self.apply_all(text, &resolved)
    }

    /// A new value as the file's author would write it.
    fn written(&self, place: &FieldPlace, edit: &FieldEdit) -> Result<String, ProjectError> {
        let form = self.document(place.document).map(|document| &document.form);
        Ok(match (&edit.value, form) {
            (NewValue::Text(text), _) => text.clone(),
            (NewValue::Number(number), Some(form)) => form.number_text(&place.key, u128::from(*number)),
            (NewValue::Number(number), None) => format!("{number:#x}"),
            (NewValue::Path(path), Some(form)) => form.path_text(&place.key, &place::relative(&edit.file, path)),
            (NewValue::Path(path), None) => path.to_string_lossy().into_owned(),
        })
    }

    pub(super) fn no_such_field(&self, file: &Path, field: &str) -> ProjectError {
        ProjectError::Configuration {
            path: file.to_owned(),
            source: FormatError::Field {
                line: 1,
                field: field.to_owned(),
                problem: "the file has no such field; take it from a fresh project".into(),
            },
        }
    }

    /// Writes texts into fields, as one step of the history; all of them or none.
    pub(super) fn apply_all(&mut self, text: &str, edits: &[(FieldPlace, Secret<String>)]) -> Result<(), ProjectError> {
        let before = self.write_all(edits)?;
        let secret = |place: &FieldPlace| self.field(place).is_some_and(FormField::is_secret);
        let changes = edits
            .iter()
            .zip(before)
            .filter(|((place, after), before)| before.as_str() != after.as_str() && !secret(place))
            .map(|((place, after), before)| (place.clone(), before.to_string(), after.to_string()))
            .collect();
        self.history.record(text, changes);
        Ok(())
    }

    /// Writes texts into fields, all of them or none, and gives those that stood there.
    pub(super) fn write_all(
        &mut self,
        edits: &[(FieldPlace, Secret<String>)],
    ) -> Result<Vec<Secret<String>>, ProjectError> {
        let mut before: Vec<Secret<String>> = Vec::new();
        for (place, text) in edits {
            match self.write(place, text) {
                Ok(old) => before.push(old),
                Err(problem) => {
                    for ((place, _), old) in edits.iter().zip(&before).rev() {
                        self.write(place, old)?;
                    }
                    return Err(problem);
                }
            }
        }
        Ok(before)
    }

    /// Writes a text into a field and gives the one that stood there.
    pub(super) fn write(&mut self, place: &FieldPlace, text: &str) -> Result<Secret<String>, ProjectError> {
        if place.document == DocumentRole::Settings {
            return settings_form::write(&mut self.settings, &self.folder, &place.key, text).map(Secret::new);
        }
        let missing = self.no_such_field(&self.folder.join(place.document.file()), &place.key.name);
        let Some(document) = self.documents.iter_mut().find(|document| document.role == place.document) else {
            return Err(missing);
        };
        let Some(before) = document.form.field(&place.key).map(|field| field.value.clone()) else {
            return Err(missing);
        };
        let path = document.path.clone();
        document.set(&place.key, text).map_err(|source| ProjectError::Configuration { path, source })?;
        Ok(before)
    }

    /// What taking back would take back, when there is something.
    pub fn can_undo(&self) -> Option<&str> {
        self.history.undoable()
    }

    /// What doing again would do again.
    pub fn can_redo(&self) -> Option<&str> {
        self.history.redoable()
    }

    /// Takes the last step back.
    ///
    /// # Errors
    /// As [`Draft::set`].
    pub fn undo(&mut self) -> Result<(), ProjectError> {
        let texts = self.history.undo();
        let written = self.write_all(&texts);
        if written.is_err() {
            self.history.redo();
        }
        written.map(drop)
    }

    /// Does the step again that was taken back last.
    ///
    /// # Errors
    /// As [`Draft::set`].
    pub fn redo(&mut self) -> Result<(), ProjectError> {
        let texts = self.history.redo();
        let written = self.write_all(&texts);
        if written.is_err() {
            self.history.undo();
        }
        written.map(drop)
    }
}
