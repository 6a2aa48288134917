//! The few file operations that saving is made of. Which of them follow each other, and why, is told in `atomic` and
//! `saving`; files that are only read need none of this.
//!
//! A disk can be told to fail at one operation, so that a test can let every one of them fail in turn.

use std::ffi::OsString;
use std::fs::{self, DirEntry, File, Permissions, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use formats::Secret;

/// What every temporary file's name begins with; six random characters, a dash and the name of the target follow.
const TEMPORARY_PREFIX: &str = ".stirot-saving-";
/// Small writes are gathered up to so many bytes.
const STREAM_BUFFER: usize = 64 * 1024;
/// How many characters of a temporary file's name are random.
const TEMPORARY_RANDOM: usize = 6;

/// Whether a file holds what nobody else may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidentiality {
    /// A file like others: a new one gets the permissions that the system gives, an old one keeps its own.
    Public,
    /// A key, a password or what holds one: on Unix for its owner alone.
    Secret,
}

/// How a disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// One operation does nothing and reports an error; those after it work.
    Once,
    /// As [`Fault::Once`], and so does the next one, which may be part of the way back.
    Twice,
    /// As [`Fault::Once`], for want of room: of what a write was given, half is on the disk.
    DiskFull,
    /// The program ends before the operation: it and all after it do nothing, cleaning up included.
    Killed,
    /// As [`Fault::Killed`], but in the midst of the operation: of what a write was given, half is on the disk.
    KilledWriting,
}

/// The file system, as saving sees it.
#[derive(Debug)]
pub struct Disk {
    /// The operation that fails, counted from 1, and how.
    fault: Option<(usize, Fault)>,
    operations: AtomicUsize,
}

/// A file that waits beside its target. While this value lives the file is locked, so that nobody takes it for one
/// that a program left behind when it died.
#[derive(Debug)]
pub(crate) struct Temporary {
    pub(crate) path: PathBuf,
    file: File,
}

impl Disk {
    /// The operating system's, which fails only when it has to.
    pub const fn real() -> Self {
        Self { fault: None, operations: AtomicUsize::new(0) }
    }

    /// One whose `operation`, counted from 1, fails as `fault` says. For tests.
    pub const fn failing_at(operation: usize, fault: Fault) -> Self {
        Self { fault: Some((operation, fault)), operations: AtomicUsize::new(0) }
    }

    /// How many operations were asked for so far, those that failed included.
    pub fn operations(&self) -> usize {
        self.operations.load(Ordering::Relaxed)
    }

    /// Counts an operation, and fails when its turn has come.
    fn operation(&self) -> io::Result<()> {
        let number = self.operations.fetch_add(1, Ordering::Relaxed) + 1;
        match self.fault {
            Some((turn, Fault::Once)) if number == turn => Err(io::Error::other("the operation was made to fail")),
            Some((turn, Fault::Twice)) if number == turn || number == turn.saturating_add(1) => {
                Err(io::Error::other("the operation was made to fail"))
            }
            Some((turn, Fault::DiskFull)) if number == turn => Err(ErrorKind::StorageFull.into()),
            Some((turn, Fault::Killed | Fault::KilledWriting)) if number >= turn => {
                Err(io::Error::other("the program was made to end"))
            }
            _ => Ok(()),
        }
    }

    /// Whether a write that has just failed left half of its bytes.
    fn leaves_half(&self) -> bool {
        self.fault.is_some_and(|(turn, fault)| {
            turn == self.operations() && matches!(fault, Fault::DiskFull | Fault::KilledWriting)
        })
    }

    /// The content of a file.
    pub(crate) fn read(&self, path: &Path) -> io::Result<Secret<Vec<u8>>> {
        self.operation()?;
        fs::read(path).map(Secret::new)
    }

    /// What lies in a folder.
    pub(crate) fn entries(&self, folder: &Path) -> io::Result<Vec<DirEntry>> {
        self.operation()?;
        fs::read_dir(folder)?.collect()
    }

    /// Makes `folder` and those above it where there are none. New ones are on Unix the owner's alone when they are to
    /// hold secrets.
    pub(crate) fn create_folders(&self, folder: &Path, confidentiality: Confidentiality) -> io::Result<()> {
        self.operation()?;
        let missing: Vec<_> = folder.ancestors().take_while(|above| !above.exists()).collect();
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        if confidentiality == Confidentiality::Secret {
            close_to_others(&mut builder);
        }
        builder.create(folder)?;
        missing.into_iter().filter(|new| !new.as_os_str().is_empty()).try_for_each(|new| sync(folder_of(new)))
    }

    /// Writes a temporary file beside `target`, whole and on the disk, with the permissions that the target is to
    /// have. When that fails nothing is left, unless removing fails too.
    pub(crate) fn write_beside(
        &self,
        target: &Path,
        bytes: &[u8],
        confidentiality: Confidentiality,
    ) -> io::Result<Temporary> {
        let temporary = self.create_beside(target, confidentiality)?;
        match self.fill(&temporary.file, bytes) {
            Ok(()) => Ok(temporary),
            Err(error) => {
                self.discard(&temporary.path);
                Err(error)
            }
        }
    }

    /// As [`Disk::write_beside`], with what `write` writes, and without waiting for the disk.
    pub(crate) fn stream_beside<T>(
        &self,
        target: &Path,
        confidentiality: Confidentiality,
        write: impl FnOnce(&mut dyn Write) -> T,
    ) -> io::Result<(Temporary, T)> {
        let temporary = self.create_beside(target, confidentiality)?;
        let mut buffered = BufWriter::with_capacity(STREAM_BUFFER, &temporary.file);
        let result = write(&mut buffered);
        let flushed = self.operation().and_then(|()| buffered.flush());
        drop(buffered);
        match flushed {
            Ok(()) => Ok((temporary, result)),
            Err(error) => {
                self.discard(&temporary.path);
                Err(error)
            }
        }
    }

    fn create_beside(&self, target: &Path, confidentiality: Confidentiality) -> io::Result<Temporary> {
        self.operation()?;
        let present = fs::metadata(target).ok().map(|present| present.permissions());
        let exists = present.is_some();
        let permissions = match confidentiality {
            Confidentiality::Public => present.or_else(ordinary),
            Confidentiality::Secret => owner_only(),
        };
        let mut suffix = OsString::from("-");
        suffix.push(target.file_name().unwrap_or_default());
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY_PREFIX).rand_bytes(TEMPORARY_RANDOM).suffix(&suffix).disable_cleanup(true);
        if let Some(permissions) = permissions.clone() {
            builder.permissions(permissions);
        }
        let (file, path) = builder.tempfile_in(folder_of(target))?.keep().map_err(|error| error.error)?;
        let temporary = Temporary { path, file };
        // Creation is subject to the umask; an existing file's permissions are not.
        let prepared = match permissions {
            Some(permissions) if exists => temporary.file.set_permissions(permissions),
            _ => Ok(()),
        };
        match prepared.and_then(|()| lock(&temporary.file)) {
            Ok(()) => Ok(temporary),
            Err(error) => {
                self.discard(&temporary.path);
                Err(error)
            }
        }
    }

    fn fill(&self, mut file: &File, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.operation() {
            if self.leaves_half() {
                file.write_all(bytes.get(..bytes.len() / 2).unwrap_or_default())?;
            }
            return Err(error);
        }
        file.write_all(bytes)?;
        self.operation()?;
        file.sync_all()
    }

    /// Gives a file another name; what had that name before is replaced in the same moment.
    pub(crate) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.operation()?;
        fs::rename(from, to)
    }

    /// Gives a file a name that no other has; `AlreadyExists` when one has it.
    pub(crate) fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.operation()?;
        let mut path = tempfile::TempPath::try_from_path(from)?;
        path.disable_cleanup(true);
        match path.persist_noclobber(to) {
            Ok(()) => Ok(()),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(error.error),
            // Some file systems can neither rename without replacing nor link. There, looking first has to do.
            Err(_) if fs::symlink_metadata(to).is_ok() => Err(ErrorKind::AlreadyExists.into()),
            Err(_) => fs::rename(from, to),
        }
    }

    /// Makes a folder for the owner alone, under a name of its own, in `folder`.
    pub(crate) fn create_folder_in(&self, folder: &Path, prefix: &str) -> io::Result<PathBuf> {
        self.operation()?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(prefix).rand_bytes(TEMPORARY_RANDOM).disable_cleanup(true);
        if let Some(permissions) = owner_folder() {
            builder.permissions(permissions);
        }
        Ok(builder.tempdir_in(folder)?.keep())
    }

    /// Gives a folder a name that no other has; `AlreadyExists` when one has it. One that another program makes in the
    /// same moment is not replaced either, unless it is empty.
    pub(crate) fn rename_folder_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.operation()?;
        if fs::symlink_metadata(to).is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        fs::rename(from, to)
    }

    /// Removes a folder of ours with what it holds, on the way back from an error or because a program died in the midst
    /// of filling it. One that stays does no harm.
    pub(crate) fn discard_folder(&self, folder: &Path) {
        match self.operation().and_then(|()| fs::remove_dir_all(folder)) {
            Ok(()) | Err(_) => {}
        }
    }

    /// Removes a file.
    pub(crate) fn remove(&self, path: &Path) -> io::Result<()> {
        self.operation()?;
        fs::remove_file(path)
    }

    /// Removes a temporary file on the way back from an error, which is the one to report. A file that stays is found
    /// by `saving::recover`.
    pub(crate) fn discard(&self, path: &Path) {
        match self.remove(path) {
            Ok(()) | Err(_) => {}
        }
    }

    /// Brings the names in a folder to the disk: until then a rename may be undone by a loss of power.
    pub(crate) fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.operation()?;
        sync(folder)
    }
}

/// The name of the file that a temporary one of ours was to become; `None` when it is no temporary file of ours.
pub(crate) fn name_of_target(temporary: &Path) -> Option<String> {
    let name = temporary.file_name()?.to_string_lossy();
    let rest = name.strip_prefix(TEMPORARY_PREFIX)?;
    let (random, target) = rest.split_once('-')?;
    let ours = random.len() == TEMPORARY_RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric());
    (ours && !target.is_empty()).then(|| target.to_owned())
}

/// Whether a program that is still running has a temporary file, or the journal that it became.
pub(crate) fn in_use(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// The file that `path` leads to in the end: links are followed.
pub(crate) fn follow(path: &Path) -> PathBuf {
    let in_real_folder = || Some(folder_of(path).canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(in_real_folder).unwrap_or_else(|| path.to_owned())
}

/// The folder that a file lies in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Where a file system has no locks, two programs that save the same project at once go unnoticed.
fn lock(file: &File) -> io::Result<()> {
    match file.lock() {
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(()),
        result => result,
    }
}

/// Elsewhere than on Unix a folder can't be opened for this.
fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(unix)]
fn ordinary() -> Option<Permissions> {
    Some(std::os::unix::fs::PermissionsExt::from_mode(0o666))
}

#[cfg(not(unix))]
fn ordinary() -> Option<Permissions> {
    None
}

#[cfg(unix)]
fn owner_only() -> Option<Permissions> {
    Some(std::os::unix::fs::PermissionsExt::from_mode(0o600))
}

#[cfg(not(unix))]
fn owner_only() -> Option<Permissions> {
    None
}

#[cfg(unix)]
fn owner_folder() -> Option<Permissions> {
    Some(std::os::unix::fs::PermissionsExt::from_mode(0o700))
}

#[cfg(not(unix))]
fn owner_folder() -> Option<Permissions> {
    None
}

#[cfg(unix)]
fn close_to_others(folders: &mut fs::DirBuilder) {
    std::os::unix::fs::DirBuilderExt::mode(folders, 0o700);
}

#[cfg(not(unix))]
fn close_to_others(_folders: &mut fs::DirBuilder) {}
