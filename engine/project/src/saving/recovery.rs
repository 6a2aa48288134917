//! What is done when a project is opened about a saving that was cut off: it is finished, or what can't be finished is
//! kept under names that a person sees. No content is thrown away but that of a saving which never came to its journal.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::journal::{self, Entry};
use super::{Expected, Fate, JOURNAL_FILE, SavingError, close, finish, save_beside};
use crate::disk::{self, Disk};

/// How many folders deep temporary files are looked for. A project's own files lie in the second.
const DEPTH: usize = 4;

/// What was found and done. Empty when the last saving had come to its end.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Files of the saving that was cut off and that have their new content now.
    pub completed: Vec<PathBuf>,
    /// New contents that could not take their places, because another program had changed the file since or because the
    /// journal can't be followed. They lie beside their files under these names.
    pub kept: Vec<PathBuf>,
    /// Files that were to get a new content which is nowhere any more: somebody removed it. They are as they were found.
    pub missing: Vec<PathBuf>,
    /// A journal that can't be followed.
    pub set_aside: Option<SetAside>,
    /// Temporary files of a saving that never happened. They are gone.
    pub removed: Vec<PathBuf>,
}

impl Recovered {
    /// What was found of a saving that was cut off, a sentence each.
    pub fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        for path in &self.completed {
            told.push(format!("an earlier saving was cut off and is finished now: {}", path.display()));
        }
        for path in &self.kept {
            told.push(format!("what an earlier saving could not put in its place is in {}", path.display()));
        }
        for path in &self.missing {
            told.push(format!("what was to be saved into {} is gone; the file is as it was found", path.display()));
        }
        if let Some(journal) = &self.set_aside {
            told.push(format!(
                "an earlier saving can't be finished: {}; see {}",
                journal.because,
                journal.path.display()
            ));
        }
        for path in &self.removed {
            told.push(format!("left by a saving that never happened, and removed: {}", path.display()));
        }
        told
    }
}

/// A journal that can't be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it is now.
    pub path: PathBuf,
    /// Why it can't be followed.
    pub because: String,
}

/// Finishes what a saving in this project's folder left, if it was cut off. To be called when a project is opened,
/// before its files are read.
///
/// # Errors
/// When another program saves the project at this moment, or a file can't be read or renamed. Nothing is lost; it can
/// be tried again.
pub fn recover(disk: &Disk, folder: &Path) -> Result<Recovered, SavingError> {
    let journal = folder.join(JOURNAL_FILE);
    if disk::in_use(&journal) {
        return Err(SavingError::InUse { journal });
    }
    let mut recovered = Recovered::default();
    match disk.read(&journal) {
        Ok(bytes) => match journal::decode(folder, &bytes) {
            Ok(entries) => complete(disk, folder, &journal, &entries, &mut recovered)?,
            Err(because) => return set_aside(disk, folder, &journal, because),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(source) => return Err(SavingError::NotRecovered { path: journal, source }),
    }
    for temporary in temporaries(disk, folder)? {
        disk.remove(&temporary).map_err(at(&temporary))?;
        recovered.removed.push(temporary);
    }
    Ok(recovered)
}

fn complete(
    disk: &Disk,
    folder: &Path,
    journal: &Path,
    entries: &[Entry],
    recovered: &mut Recovered,
) -> Result<(), SavingError> {
    for entry in entries {
        let temporary = Expected::at(disk, &entry.temporary).map_err(at(&entry.temporary))?;
        match finish(disk, entry, temporary).map_err(at(&entry.target))? {
            Fate::Saved => recovered.completed.push(entry.target.clone()),
            Fate::Beside(kept) => recovered.kept.push(kept),
            Fate::Missing => recovered.missing.push(entry.target.clone()),
        }
    }
    close(disk, folder, journal, entries).map_err(at(journal))
}

/// Keeps the contents first and the journal last, so that the next attempt goes on where this one was cut off.
fn set_aside(disk: &Disk, folder: &Path, journal: &Path, because: String) -> Result<Recovered, SavingError> {
    let mut recovered = Recovered::default();
    for temporary in temporaries(disk, folder)? {
        let name = disk::name_of_target(&temporary).unwrap_or_default();
        if name == JOURNAL_FILE {
            disk.remove(&temporary).map_err(at(&temporary))?;
            recovered.removed.push(temporary);
            continue;
        }
        let kept = save_beside(&temporary.with_file_name(name), "mine");
        disk.rename_new(&temporary, &kept).map_err(at(&temporary))?;
        recovered.kept.push(kept);
    }
    let path = save_beside(&folder.join("stirot-studio.saving"), "mine");
    disk.rename_new(journal, &path).map_err(at(journal))?;
    recovered.set_aside = Some(SetAside { path, because });
    Ok(recovered)
}

/// Temporary files in a project's folder that belong to no running program.
fn temporaries(disk: &Disk, folder: &Path) -> Result<Vec<PathBuf>, SavingError> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), DEPTH)];
    while let Some((folder, depth)) = folders.pop() {
        let entries = match disk.entries(&folder) {
            Ok(entries) => entries,
            // In a folder that can't be read or has just gone nothing of ours can be mended.
            Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::NotFound) => continue,
            Err(source) => return Err(at(&folder)(source)),
        };
        for entry in entries {
            let (path, kind) = (entry.path(), entry.file_type().map_err(at(&folder))?);
            if kind.is_file() && disk::name_of_target(&path).is_some() && !disk::in_use(&path) {
                found.push(path);
            } else if kind.is_dir() && depth > 0 && !is_hidden(&entry.file_name()) {
                folders.push((path, depth - 1));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn at(path: &Path) -> impl Fn(io::Error) -> SavingError {
    let path = path.to_owned();
    move |source| SavingError::NotRecovered { path: path.clone(), source }
}
