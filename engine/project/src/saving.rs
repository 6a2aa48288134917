//! Saving several files that belong together, all or none, and finishing at the next start what was cut off.
//!
//! Every new content is first written beside its target. Then a journal names them all: before it the saving never
//! happened, from it on it is finished, now or by [`recover`]. What the files mean is not known here.

mod error;
mod journal;
mod recovery;

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use formats::Secret;
use sha2::{Digest, Sha256};

pub use error::SavingError;
pub use recovery::{Recovered, recover};

use crate::disk::{self, Confidentiality, Disk, Temporary};
use journal::Entry;

/// The journal of a saving that is under way, in the project's folder.
pub const JOURNAL_FILE: &str = ".stirot-studio.saving";

/// A file to be saved.
pub struct Change {
    /// Which file; a link is followed. Missing folders are made.
    pub path: PathBuf,
    /// What it shall hold.
    pub content: Secret<Vec<u8>>,
    /// Who may read it.
    pub confidentiality: Confidentiality,
    /// What it holds as far as the caller knows.
    pub expected: Expected,
}

/// What lies at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// No file.
    Absent,
    /// A file whose content has this SHA-256.
    Content([u8; 32]),
}

impl Expected {
    /// A file with this content.
    pub fn of(content: &[u8]) -> Self {
        Self::Content(Sha256::digest(content).into())
    }

    /// What lies at `path` now.
    ///
    /// # Errors
    /// When there is something that can't be read.
    pub fn at(disk: &Disk, path: &Path) -> io::Result<Self> {
        match disk.read(path) {
            Ok(content) => Ok(Self::of(&content)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::Absent),
            Err(error) => Err(error),
        }
    }
}

/// Saves all `files` of the project in `folder`, or none of them.
///
/// # Errors
/// With [`SavingError::CutOff`] the saving has happened and [`recover`] will finish it. With
/// [`SavingError::KeptBeside`] another program changed a file in the middle of it: the others are saved, and of that
/// one both contents are there. With any other error all files are as they were.
pub fn save_all(disk: &Disk, folder: &Path, files: &[Change]) -> Result<(), SavingError> {
    if files.is_empty() {
        return Ok(());
    }
    let folder = folder.canonicalize().map_err(|source| SavingError::NotSaved { path: folder.to_owned(), source })?;
    let journal = folder.join(JOURNAL_FILE);
    if journal.exists() {
        return Err(SavingError::Unfinished { journal });
    }
    require_expected(disk, files)?;
    let mut temporaries = Vec::with_capacity(files.len() + 1);
    let committed = prepare(disk, files, &mut temporaries).and_then(|entries| {
        // Writing takes its time; another program may have used it.
        require_expected(disk, files)?;
        commit(disk, &folder, &journal, &entries, &mut temporaries)?;
        Ok(entries)
    });
    let entries = match committed {
        Ok(entries) => entries,
        Err(error @ SavingError::CutOff { .. }) => return Err(error),
        Err(error) => {
            temporaries.iter().for_each(|temporary| disk.discard(&temporary.path));
            return Err(error);
        }
    };
    let mut conflict = None;
    for entry in &entries {
        let fate = finish(disk, entry, Expected::Content(entry.sha256))
            .map_err(|source| SavingError::CutOff { path: entry.target.clone(), source })?;
        if let Fate::Beside(kept) = fate {
            conflict.get_or_insert(SavingError::KeptBeside { path: entry.target.clone(), kept });
        }
    }
    close(disk, &folder, &journal, &entries).map_err(|source| SavingError::CutOff { path: journal, source })?;
    conflict.map_or(Ok(()), Err)
}

/// A free name beside `path` for the second of two contents, as `STiROT_Config.mine.xml` for the word `mine`.
pub fn save_beside(path: &Path, word: &str) -> PathBuf {
    let part = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
    let stem = part(path.file_stem()).unwrap_or_default();
    let ending = part(path.extension()).map_or_else(String::new, |ending| format!(".{ending}"));
    let mut number = 1_u64;
    loop {
        let mark = if number == 1 { word.to_owned() } else { format!("{word}-{number}") };
        let free = path.with_file_name(format!("{stem}.{mark}{ending}"));
        if free.symlink_metadata().is_err() {
            return free;
        }
        number += 1;
    }
}

fn require_expected(disk: &Disk, files: &[Change]) -> Result<(), SavingError> {
    for file in files {
        let present = Expected::at(disk, &file.path)
            .map_err(|source| SavingError::NotSaved { path: file.path.clone(), source })?;
        if present != file.expected {
            return Err(SavingError::ChangedOnDisk { path: file.path.clone() });
        }
    }
    Ok(())
}

/// Writes every new content beside its target.
fn prepare(disk: &Disk, files: &[Change], temporaries: &mut Vec<Temporary>) -> Result<Vec<Entry>, SavingError> {
    let mut entries: Vec<Entry> = Vec::with_capacity(files.len());
    for file in files {
        let not_saved = |source| SavingError::NotSaved { path: file.path.clone(), source };
        disk.create_folders(disk::folder_of(&file.path), Confidentiality::Public).map_err(not_saved)?;
        let target = disk::follow(&file.path);
        if entries.iter().any(|entry| entry.target == target) {
            return Err(SavingError::Twice { path: file.path.clone() });
        }
        let temporary = disk.write_beside(&target, &file.content, file.confidentiality).map_err(not_saved)?;
        entries.push(Entry {
            target,
            temporary: temporary.path.clone(),
            sha256: Sha256::digest(&*file.content).into(),
            expected: file.expected,
        });
        temporaries.push(temporary);
    }
    Ok(entries)
}

/// Puts the journal in its place. On any error but `CutOff` no journal is there.
fn commit(
    disk: &Disk,
    folder: &Path,
    journal: &Path,
    entries: &[Entry],
    temporaries: &mut Vec<Temporary>,
) -> Result<(), SavingError> {
    let not_saved = |source| SavingError::NotSaved { path: journal.to_owned(), source };
    // The temporary files have to be on the disk by name, too, before the journal is.
    sync_folders(disk, entries).map_err(not_saved)?;
    let text = journal::encode(folder, entries).map_err(not_saved)?;
    let temporary = disk.write_beside(journal, text.as_bytes(), Confidentiality::Secret).map_err(not_saved)?;
    let renamed = disk.rename_new(&temporary.path, journal);
    temporaries.push(temporary);
    renamed.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => SavingError::Unfinished { journal: journal.to_owned() },
        _ => not_saved(source),
    })?;
    disk.sync_folder(folder).map_err(|source| match disk.remove(journal) {
        Ok(()) => not_saved(source),
        Err(_) => SavingError::CutOff { path: journal.to_owned(), source },
    })
}

/// What became of one file of a journal.
enum Fate {
    /// It has its new content.
    Saved,
    /// Another program has changed it; the new content lies here.
    Beside(PathBuf),
    /// It has another content than the new one, which is nowhere.
    Missing,
}

/// Gives a file its new content, where nobody has changed it meanwhile. `temporary` is what waits beside it.
fn finish(disk: &Disk, entry: &Entry, temporary: Expected) -> io::Result<Fate> {
    let new = Expected::Content(entry.sha256);
    let present = Expected::at(disk, &entry.target)?;
    if temporary == Expected::Absent {
        return Ok(if present == new { Fate::Saved } else { Fate::Missing });
    }
    if temporary == new && present == entry.expected {
        match present {
            Expected::Absent => disk.rename_new(&entry.temporary, &entry.target),
            Expected::Content(_) => disk.rename(&entry.temporary, &entry.target),
        }?;
        return Ok(Fate::Saved);
    }
    if temporary == new && present == new {
        disk.remove(&entry.temporary)?;
        return Ok(Fate::Saved);
    }
    let kept = save_beside(&entry.target, "mine");
    disk.rename_new(&entry.temporary, &kept)?;
    Ok(Fate::Beside(kept))
}

/// Removes the journal, once everything that it stands for is on the disk.
fn close(disk: &Disk, folder: &Path, journal: &Path, entries: &[Entry]) -> io::Result<()> {
    sync_folders(disk, entries)?;
    disk.remove(journal)?;
    disk.sync_folder(folder)
}

fn sync_folders(disk: &Disk, entries: &[Entry]) -> io::Result<()> {
    let mut folders: Vec<_> = entries.iter().map(|entry| disk::folder_of(&entry.target)).collect();
    folders.sort();
    folders.dedup();
    folders.into_iter().try_for_each(|folder| disk.sync_folder(folder))
}
