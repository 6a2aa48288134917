//! Saving a draft: every edited file at once or none, never over a file that somebody else changed meanwhile.

use std::fs;
use std::path::{Path, PathBuf};

use formats::Secret;
use formats::form::Form;

use super::{Document, DocumentRole, Draft};
use crate::atomic;
use crate::disk::{Confidentiality, Disk};
use crate::error::ProjectError;
use crate::saving::{self, Change, Expected, SavingError};
use crate::settings::{SETTINGS_FILE, Settings};
use crate::sources::{digest, on_disk};

/// What saving came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// These files were written.
    Written(Vec<PathBuf>),
    /// This file was changed by another program since it was read. Nothing was written; a person chooses.
    ChangedOnDisk(PathBuf),
}

impl Draft {
    /// Saves every edited file, all or none.
    ///
    /// # Errors
    /// What the disk refused; the files are as they were, and the edits are still in the draft.
    pub fn save(&mut self, disk: &Disk) -> Result<Stored, ProjectError> {
        let mut changes = Vec::new();
        for document in self.documents.iter().filter(|document| document.is_edited()) {
            changes.push(Change {
                path: document.path.clone(),
                content: Secret::new(document.form.source().as_bytes().to_vec()),
                confidentiality: match document.role {
                    DocumentRole::DaPassword => Confidentiality::Secret,
                    _ => Confidentiality::Public,
                },
                expected: document.on_disk.map_or(Expected::Absent, Expected::Content),
            });
        }
        let settings_path = self.folder.join(SETTINGS_FILE);
        let settings_text = if self.settings_are_edited() {
            let present = fs::read_to_string(&settings_path).unwrap_or_default();
            Some(self.settings.to_text(&self.folder, &present)?)
        } else {
            None
        };
        if let Some(text) = &settings_text {
            changes.push(Change {
                path: settings_path,
                content: Secret::new(text.as_bytes().to_vec()),
                confidentiality: Confidentiality::Public,
                expected: self.settings_on_disk.map_or(Expected::Absent, Expected::Content),
            });
        }
        match saving::save_all(disk, &self.folder, &changes) {
            Ok(()) => {}
            Err(SavingError::ChangedOnDisk { path, .. }) => return Ok(Stored::ChangedOnDisk(path)),
            Err(source) => return Err(ProjectError::Saving { source: Box::new(source) }),
        }
        for document in &mut self.documents {
            if document.is_edited() {
                document.is_saved();
            }
        }
        if let Some(text) = settings_text {
            self.settings_on_disk = Some(digest(text.as_bytes()));
            self.saved_settings = Some(self.settings.clone());
        }
        Ok(Stored::Written(changes.into_iter().map(|change| change.path).collect()))
    }

    /// The project as the disk has it, as far as is known here, with the keys that were opened.
    pub fn as_saved(&self) -> Self {
        let mut draft = self.clone();
        for document in &mut draft.documents {
            if let Some(saved) = &document.saved {
                document.form = saved.clone();
            }
        }
        if let Some(saved) = &draft.saved_settings {
            draft.settings = saved.clone();
        }
        draft
    }

    /// The files that another program changed since they were read or saved: of the flow that is chosen, and those that
    /// are edited here.
    pub fn changed_on_disk(&self) -> Vec<PathBuf> {
        let chosen: Vec<_> = self.documents().map(|document| document.role).collect();
        let documents = self
            .documents
            .iter()
            .filter(|document| chosen.contains(&document.role) || document.is_edited())
            .filter(|document| on_disk(&document.path) != document.on_disk);
        let mut changed: Vec<_> = documents.map(|document| document.path.clone()).collect();
        let settings = self.folder.join(SETTINGS_FILE);
        if on_disk(&settings) != self.settings_on_disk {
            changed.push(settings);
        }
        changed
    }

    /// Takes the disk's version of a file. The one that was edited here is kept beside it, when it differs from what
    /// was read: its path is given back.
    ///
    /// # Errors
    /// When the file is no such file any more, or the copy can't be written.
    pub fn take_theirs(&mut self, path: &Path) -> Result<Option<PathBuf>, ProjectError> {
        let failed = |source| ProjectError::Write { path: path.to_owned(), source };
        if path == self.folder.join(SETTINGS_FILE) {
            let theirs = crate::project::load_settings(&self.folder)?;
            let kept = if self.settings_are_edited() {
                let text = self.settings.to_text(&self.folder, "")?;
                Some(beside(path, "mine", text.as_bytes()).map_err(failed)?)
            } else {
                None
            };
            self.settings = theirs.clone();
            self.saved_settings = Some(theirs);
            self.settings_on_disk = on_disk(path);
            self.history.forget(DocumentRole::Settings);
            return Ok(kept);
        }
        let Some(index) = self.documents.iter().position(|document| document.path == path) else { return Ok(None) };
        let Some(document) = self.documents.get_mut(index) else { return Ok(None) };
        // Their version is read first: if it can't be, nothing has changed.
        let theirs = Document::read(&self.folder, document.role)?;
        let kept = if document.is_edited() {
            Some(beside(path, "mine", document.form.source().as_bytes()).map_err(failed)?)
        } else {
            None
        };
        self.history.forget(document.role);
        *document = theirs;
        Ok(kept)
    }

    /// Lets the version edited here stand: the disk's is kept beside the file, and the next saving writes over it. The
    /// copy's path is given back.
    ///
    /// # Errors
    /// When the copy can't be written.
    pub fn keep_mine(&mut self, path: &Path) -> Result<Option<PathBuf>, ProjectError> {
        let theirs = match fs::read(path) {
            Ok(theirs) => Some(Secret::new(theirs)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => return Err(ProjectError::Read { path: path.to_owned(), source }),
        };
        let kept = match &theirs {
            Some(theirs) => Some(
                beside(path, "theirs", theirs)
                    .map_err(|source| ProjectError::Write { path: path.to_owned(), source })?,
            ),
            None => None,
        };
        // Against their version the one here is an edit, whether it was one against the version before or not.
        let hash = theirs.as_ref().map(|theirs| digest(theirs));
        if path == self.folder.join(SETTINGS_FILE) {
            self.settings_on_disk = hash;
            self.saved_settings = Settings::load(&self.folder).ok();
        } else if let Some(document) = self.documents.iter_mut().find(|document| document.path == path) {
            document.on_disk = hash;
            document.saved = theirs.and_then(|theirs| Form::read(&theirs).ok());
        }
        Ok(kept)
    }
}

/// Keeps a second version of a file under a free name beside it, such as `STiROT_Config.mine.xml`. It may hold a
/// password.
fn beside(path: &Path, word: &str, content: &[u8]) -> std::io::Result<PathBuf> {
    let free = saving::save_beside(path, word);
    atomic::write_secret(&free, content)?;
    Ok(free)
}
