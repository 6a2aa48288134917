//! Saving one file whole or not at all: temporary file in the same folder, sync, rename, sync of the folder. Several
//! files that belong together are the business of `saving`.
//!
//! A reader, or a machine that loses power, finds the old content or the new one, never a part.

use std::io;
use std::path::Path;

use crate::disk::{self, Confidentiality, Disk};

/// Saves `bytes` as `path`. On an error the old file, if there was one, is as it was.
///
/// The folder has to exist. An existing file keeps its permissions; a link is followed.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(&Disk::real(), path, bytes, Confidentiality::Public)
}

/// As [`write()`], for content that holds a secret: on Unix nobody but the owner may read the file.
pub fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace(&Disk::real(), path, bytes, Confidentiality::Secret)
}

/// Lets `write` write a file and then gives it the name `path`: nobody ever finds a part of it there, unless the machine
/// itself stops in the next seconds. For a large file that can be made again; [`write()`] waits for the disk.
///
/// # Errors
/// Outside when the disk refuses, inside when `write` does. Then the old file, if there was one, is as it was.
pub fn write_volatile<T, E>(
    path: &Path,
    write: impl FnOnce(&mut dyn io::Write) -> Result<T, E>,
) -> io::Result<Result<T, E>> {
    let disk = Disk::real();
    let path = disk::follow(path);
    let (temporary, written) = disk.stream_beside(&path, Confidentiality::Public, write)?;
    match written {
        Ok(done) => {
            disk.rename(&temporary.path, &path).inspect_err(|_| disk.discard(&temporary.path)).map(|()| Ok(done))
        }
        Err(error) => {
            disk.discard(&temporary.path);
            Ok(Err(error))
        }
    }
}

/// Makes `folder` and those above it, as `fs::create_dir_all`; those that are new are on Unix the owner's alone.
pub fn create_private_folder(folder: &Path) -> io::Result<()> {
    Disk::real().create_folders(folder, Confidentiality::Secret)
}

/// [`write()`] and [`write_secret`], on any disk.
fn replace(disk: &Disk, path: &Path, bytes: &[u8], confidentiality: Confidentiality) -> io::Result<()> {
    let path = disk::follow(path);
    let temporary = disk.write_beside(&path, bytes, confidentiality)?;
    if let Err(error) = disk.rename(&temporary.path, &path) {
        disk.discard(&temporary.path);
        return Err(error);
    }
    disk.sync_folder(disk::folder_of(&path))
}

/// Saves a file that is not there yet; one that is there is left alone and the error is `AlreadyExists`. On any error no
/// new file is there.
pub(crate) fn create(disk: &Disk, path: &Path, bytes: &[u8], confidentiality: Confidentiality) -> io::Result<()> {
    let temporary = disk.write_beside(path, bytes, confidentiality)?;
    if let Err(error) = disk.rename_new(&temporary.path, path) {
        disk.discard(&temporary.path);
        return Err(error);
    }
    disk.sync_folder(disk::folder_of(path)).inspect_err(|_| disk.discard(path))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::disk::Fault;

    const FAULTS: [Fault; 5] = [Fault::Once, Fault::Twice, Fault::DiskFull, Fault::Killed, Fault::KilledWriting];

    /// Lets each operation of `save` fail in turn, on a file that holds `before`; what it holds then, and how many
    /// files there are.
    fn in_turn(before: Option<&str>, save: impl Fn(&Disk, &Path) -> io::Result<()>) -> Vec<(Fault, String, usize)> {
        let mut seen = Vec::new();
        for fault in FAULTS {
            for turn in 1.. {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("a");
                if let Some(before) = before {
                    fs::write(&path, before).unwrap();
                }
                let disk = Disk::failing_at(turn, fault);
                let result = save(&disk, &path);
                let content = fs::read_to_string(&path).unwrap_or_default();
                if disk.operations() < turn {
                    result.unwrap();
                    assert_eq!(content, "new");
                    break;
                }
                assert!(result.is_err(), "{fault:?} at {turn} was swallowed");
                seen.push((fault, content, fs::read_dir(folder.path()).unwrap().count()));
            }
        }
        assert!(seen.len() >= 5 * FAULTS.len(), "{seen:?}");
        seen
    }

    #[test]
    fn whichever_operation_fails_a_file_has_its_old_content_or_the_new() {
        for (fault, content, files) in
            in_turn(Some("old"), |disk, path| replace(disk, path, b"new", Confidentiality::Public))
        {
            assert!(content == "old" || content == "new", "{fault:?}: {content}");
            assert!(files == 1 || !matches!(fault, Fault::Once | Fault::DiskFull), "{fault:?}: {files} files");
        }
    }

    #[test]
    fn whichever_operation_fails_a_new_file_is_whole_or_not_there() {
        for (fault, content, files) in in_turn(None, |disk, path| create(disk, path, b"new", Confidentiality::Secret)) {
            assert!(content.is_empty() || content == "new", "{fault:?}: {content}");
            assert!(files == 0 || !matches!(fault, Fault::Once | Fault::DiskFull), "{fault:?}: {files} files");
        }
    }

    #[test]
    fn a_file_that_is_there_is_not_created_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "kept").unwrap();
        let error = create(&Disk::real(), &path, b"new", Confidentiality::Public).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
