//! A board's file: opened by one process at a time, read whole, replaced whole. What its bytes mean is
//! [`NonVolatile`]'s affair.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::BoardError;
use crate::nonvolatile::NonVolatile;

/// An open board file. The lock is let go when it is dropped.
#[derive(Debug)]
pub struct BoardFile {
    path: PathBuf,
    /// Held for the operating system's lock on it.
    _lock: File,
}

impl BoardFile {
    /// Makes a new file.
    ///
    /// # Errors
    /// [`BoardError::Exists`]: none is overwritten; [`BoardError::Locked`]; the disk's refusal.
    pub fn create(path: &Path, state: &NonVolatile) -> Result<Self, BoardError> {
        let file = Self { path: path.to_owned(), _lock: lock(path)? };
        if path.exists() {
            return Err(BoardError::Exists { path: path.to_owned() });
        }
        file.save(state)?;
        Ok(file)
    }

    /// Opens a file and reads the board in it.
    ///
    /// # Errors
    /// [`BoardError::Missing`], [`BoardError::Locked`], [`BoardError::Content`] for bytes that are no board of this
    /// version, the disk's refusal.
    pub fn open(path: &Path) -> Result<(Self, NonVolatile), BoardError> {
        if !path.is_file() {
            return Err(BoardError::Missing { path: path.to_owned() });
        }
        let content = |source| BoardError::Content { path: path.to_owned(), source };
        // What is no board at all gets no lock beside it.
        let mut head = Vec::new();
        let read = File::open(path).and_then(|file| file.take(NonVolatile::HEAD_SIZE).read_to_end(&mut head));
        read.map_err(failed(path, "reading"))?;
        NonVolatile::check_head(&head).map_err(content)?;
        let file = Self { path: path.to_owned(), _lock: lock(path)? };
        let bytes = zeroize::Zeroizing::new(fs::read(path).map_err(failed(path, "reading"))?);
        let state = NonVolatile::decode(&bytes).map_err(content)?;
        Ok((file, state))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the file's content: a temporary file beside it, synced, renamed over it. Whatever happens, the disk
    /// holds the old state or the new one. Only its owner may read it: it holds the chip's keys.
    ///
    /// # Errors
    /// The disk's refusal; the old file is then untouched.
    pub fn save(&self, state: &NonVolatile) -> Result<(), BoardError> {
        let temporary = beside(&self.path, ".saving");
        let written = write_private(&temporary, &state.encode());
        if let Err(source) = written {
            // What could not be written whole is of no use; that it can't be removed either adds nothing.
            drop(fs::remove_file(&temporary));
            return Err(BoardError::File { path: self.path.clone(), action: "saving", source });
        }
        fs::rename(&temporary, &self.path).map_err(failed(&self.path, "replacing"))?;
        sync_folder(&self.path).map_err(failed(&self.path, "saving"))
    }
}

fn failed(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> BoardError {
    let path = path.to_owned();
    move |source| BoardError::File { path, action, source }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// How long a lock that is held is asked for again. A process that starts another one holds its locks twice for a
/// moment, so that a lock just let go may still seem held.
const LOCK_PATIENCE: Duration = Duration::from_millis(250);

/// The lock is on a file of its own, since the board's file is replaced at each save.
fn lock(path: &Path) -> Result<File, BoardError> {
    let lock_path = beside(path, ".lock");
    let file = private().truncate(false).open(&lock_path).map_err(failed(path, "locking"))?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if start.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(TryLockError::WouldBlock) => return Err(BoardError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(failed(path, "locking")(source)),
        }
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private().truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(seed: u64) -> NonVolatile {
        NonVolatile::new(Some(seed), b"rom").unwrap()
    }

    #[test]
    fn what_was_saved_is_what_opens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.board");
        let file = BoardFile::create(&path, &state(1)).unwrap();
        file.save(&state(2)).unwrap();
        drop(file);
        let Ok((_, opened)) = BoardFile::open(&path) else { panic!("it opens") };
        assert_eq!(opened.encode(), state(2).encode());
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!names.iter().any(|name| name.to_string_lossy().contains("saving")), "{names:?}");
    }

    #[test]
    fn one_process_at_a_time_has_a_board() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.board");
        let file = BoardFile::create(&path, &state(1)).unwrap();
        assert!(matches!(BoardFile::open(&path), Err(BoardError::Locked { .. })));
        drop(file);
        assert!(BoardFile::open(&path).is_ok());
    }

    #[test]
    fn a_board_file_is_never_overwritten_by_a_new_board() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.board");
        drop(BoardFile::create(&path, &state(1)).unwrap());
        assert!(matches!(BoardFile::create(&path, &state(2)), Err(BoardError::Exists { .. })));
        let Ok((_, opened)) = BoardFile::open(&path) else { panic!("it opens") };
        assert_eq!(opened.encode(), state(1).encode());
    }

    #[test]
    fn a_missing_file_a_damaged_file_and_a_folder_that_is_not_there_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.board");
        assert!(matches!(BoardFile::open(&path), Err(BoardError::Missing { .. })));
        fs::write(&path, b"something else").unwrap();
        assert!(matches!(BoardFile::open(&path), Err(BoardError::Content { .. })));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside what is no board");
        fs::write(&path, b"STiRoT board but not quite").unwrap();
        assert!(matches!(BoardFile::open(&path), Err(BoardError::Content { .. })));
        let nowhere = folder.path().join("no/such/folder/a.board");
        assert!(matches!(BoardFile::create(&nowhere, &state(1)), Err(BoardError::File { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_read_a_board() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.board");
        let file = BoardFile::create(&path, &state(1)).unwrap();
        file.save(&state(2)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
