//! Edits that aren't saved, kept in the user's data so that a program that is killed loses none: written after each
//! edit, taken up when the project is opened again. Passwords are left out; they have to be typed again.

use std::fs;
use std::io;
use std::path::PathBuf;

use formats::Secret;
use formats::form::{FieldKey, FormField};
use serde::{Deserialize, Serialize};

use super::{DocumentRole, Draft, FieldPlace, settings_form};
use crate::atomic;
use crate::place;

const FILE: &str = "unsaved-edits.toml";

#[derive(Serialize, Deserialize, Default)]
struct Kept {
    #[serde(default)]
    edits: Vec<Edit>,
}

/// One field's text; `document` is the file below the project's folder, `info` tells the two sections apart.
#[derive(Serialize, Deserialize)]
struct Edit {
    document: String,
    info: bool,
    name: String,
    occurrence: usize,
    text: String,
}

impl Draft {
    fn unsaved_file(&self) -> PathBuf {
        place::data_of_project(&self.data_folder, &self.folder).join(FILE)
    }

    /// How many fields differ from what is saved.
    pub fn unsaved(&self) -> usize {
        self.documents.iter().map(|document| document.edited_fields().count()).sum::<usize>()
            + self.edited_settings().len()
    }

    fn edited_settings(&self) -> Vec<&'static str> {
        let text = |settings, field| settings_form::text(settings, &self.folder, field);
        let saved = |field| self.saved_settings.as_ref().and_then(|saved| text(saved, field));
        settings_form::FIELDS.into_iter().filter(|field| text(&self.settings, field) != saved(field)).collect()
    }

    /// Keeps the edits that aren't saved; an empty file goes away.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn keep_unsaved(&self) -> io::Result<()> {
        let path = self.unsaved_file();
        let mut kept = Kept::default();
        for document in &self.documents {
            for field in document.edited_fields().filter(|field| !field.is_secret()) {
                kept.edits.push(Edit {
                    document: document.role.file().to_owned(),
                    info: field.key.section == formats::form::Section::Info,
                    name: field.key.name.clone(),
                    occurrence: field.key.occurrence,
                    text: field.value.to_string(),
                });
            }
        }
        for field in self.edited_settings() {
            kept.edits.push(Edit {
                document: DocumentRole::Settings.file().to_owned(),
                info: false,
                name: field.to_owned(),
                occurrence: 0,
                text: settings_form::text(&self.settings, &self.folder, field).unwrap_or_default(),
            });
        }
        if kept.edits.is_empty() {
            return match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        let text = toml::to_string(&kept).map_err(io::Error::other)?;
        if let Some(folder) = path.parent() {
            atomic::create_private_folder(folder)?;
        }
        atomic::write_secret(&path, text.as_bytes())
    }

    /// Takes up the edits that were left unsaved, as far as their fields are still there; what the others were is told. A
    /// file of edits that can't be read counts as none: nothing of the project depends on it.
    pub(super) fn restore_unsaved(&mut self) {
        let Ok(text) = fs::read_to_string(self.unsaved_file()) else { return };
        let kept: Kept = toml::from_str(&text).unwrap_or_default();
        for edit in kept.edits {
            // One edit that doesn't fit any more must not cost the others.
            let taken_up = match self.place_of_edit(&edit) {
                Some(place) => {
                    let text = Secret::new(edit.text.clone());
                    self.apply_all("edits left unsaved last time", &[(place, text)])
                }
                None => Err(self.no_such_field(&self.folder.join(&edit.document), &edit.name)),
            };
            if let Err(problem) = taken_up {
                self.not_restored.push(format!("“{}” was to be “{}”: {problem}", edit.name, edit.text));
            }
        }
    }

    /// Whether a password was typed that no file holds, and that a record of edits leaves out.
    pub fn has_unsaved_secret(&self) -> bool {
        self.documents.iter().any(|document| document.edited_fields().any(FormField::is_secret))
    }

    /// Takes over what stands in no file from an earlier reading of the same folder: keys that were opened, and passwords
    /// that were typed.
    pub fn take_over(&mut self, before: &Self) {
        self.opened_keys.take_unlocked(&before.opened_keys);
        for document in &before.documents {
            for field in document.edited_fields().filter(|field| field.is_secret()) {
                let place = FieldPlace { document: document.role, key: field.key.clone() };
                if self.write(&place, &field.value).is_err() {
                    self.not_restored
                        .push(format!("“{}” that was typed has no place in the file any more", field.key.name));
                }
            }
        }
    }

    fn place_of_edit(&self, edit: &Edit) -> Option<FieldPlace> {
        if edit.document == DocumentRole::Settings.file() {
            return settings_form::place(&edit.name);
        }
        let mut key = if edit.info { FieldKey::info(&edit.name) } else { FieldKey::field(&edit.name) };
        key.occurrence = edit.occurrence;
        let document = self.documents.iter().map(|document| document.role).find(|role| role.file() == edit.document)?;
        Some(FieldPlace { document, key })
    }
}
