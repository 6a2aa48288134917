//! Keeping a credential: written whole into a folder of its own, read back, and only then given its name. A machine that
//! stops in between leaves the earlier versions and at most a hidden folder, which the next keeping removes.

use std::fs::{self, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use formats::{DebugCredential, KeyFile, ObkFile, Passphrase, Secret};

use super::entry::{self, CHAIN, FACTS, KEY, OBJECT, PASSWORD, PROTECTED_PASSWORD, WalletEntry, uid_text};
use super::{KEEPING, WalletError, versions};
use crate::atomic;
use crate::disk::{Confidentiality, Disk};

/// Locked while a credential of the board is kept.
const LOCK: &str = ".lock";

/// How a private part is to lie in the wallet.
#[derive(Clone, Copy)]
pub(super) enum Sealing<'a> {
    /// In the clear, for the user alone.
    Clear,
    /// Under a passphrase.
    Passphrase(&'a Passphrase),
    /// The protected file of the leaf key, byte for byte.
    AsItLies(&'a Secret<Vec<u8>>),
}

/// A credential and whose it is.
pub(super) struct ToKeep<'a> {
    pub(super) uid: [u8; 12],
    pub(super) board_name: &'a str,
    pub(super) project: &'a str,
    pub(super) object: &'a ObkFile,
    pub(super) credential: &'a DebugCredential,
    pub(super) sealing: Sealing<'a>,
}

/// A file of an entry: name and content.
type File = (&'static str, Secret<Vec<u8>>);

/// Keeps it in the wallet in `wallet`, unless it is the newest there: what the board was closed with last is what it is
/// opened with, so that an earlier one that comes again is kept again.
pub(super) fn keep(disk: &Disk, wallet: &Path, kept: &ToKeep<'_>) -> Result<WalletEntry, WalletError> {
    kept.credential
        .against(kept.object)
        .map_err(|problem| WalletError::Refused { problem: problem.to_string(), help: problem.help().into() })?;
    let board = wallet.join(uid_text(&kept.uid));
    let failed = |source| WalletError::Write { path: board.clone(), source };
    disk.create_folders(&board, Confidentiality::Secret).map_err(failed)?;
    let _lock = lock(&board)?;
    discard_leftovers(disk, &board);
    let present = versions(&board)?;
    // What can't be read is no reason not to keep another.
    let readable =
        present.iter().rev().filter_map(|(number, folder)| WalletEntry::read(folder, kept.uid, (*number)?).ok());
    let earlier = readable.enumerate().find(|(_, entry)| kept.is(entry));
    let protected_key = match earlier {
        Some((0, newest)) => {
            disk.sync_folder(&board).map_err(failed)?;
            return Ok(newest);
        }
        // Protected once, it is not kept in the clear again.
        Some((_, entry)) if entry.protected && !kept.is_protected() => Some(entry::read(&entry.folder.join(KEY))?),
        Some(_) | None => None,
    };
    let kept = &ToKeep { sealing: protected_key.as_ref().map_or(kept.sealing, Sealing::AsItLies), ..*kept };
    let last = present.iter().filter_map(|(number, _)| *number).max().unwrap_or(0);
    let version = last.checked_add(1).ok_or_else(|| failed(ErrorKind::InvalidFilename.into()))?;
    let folder = board.join(format!("v{version}"));
    let waiting = disk.create_folder_in(&board, KEEPING).map_err(failed)?;
    let named = fill(disk, &waiting, version, kept)
        .and_then(|entry| disk.rename_folder_new(&waiting, &folder).map_err(failed).map(|()| entry));
    match named {
        Ok(entry) => {
            disk.sync_folder(&board).map_err(failed)?;
            Ok(WalletEntry { folder, ..entry })
        }
        Err(error) => {
            disk.discard_folder(&waiting);
            Err(error)
        }
    }
}

/// Writes an entry into `folder` and believes it when it has been read back.
fn fill(disk: &Disk, folder: &Path, version: u32, kept: &ToKeep<'_>) -> Result<WalletEntry, WalletError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let entry = WalletEntry {
        uid: kept.uid,
        board_name: kept.board_name.to_owned(),
        project: kept.project.to_owned(),
        version,
        method: kept.credential.method(),
        leaf: kept.credential.leaf(),
        root: kept.credential.root(),
        kept_at: now,
        protected: kept.is_protected(),
        folder: folder.to_owned(),
    };
    for (name, content) in kept.files()? {
        write(disk, &folder.join(name), &content)?;
    }
    let path = folder.join(FACTS);
    let facts =
        entry.facts().map_err(|error| WalletError::Write { path: path.clone(), source: io::Error::other(error) })?;
    write(disk, &path, facts.as_bytes())?;
    let read = WalletEntry::read(folder, kept.uid, version)?;
    if read == entry && kept.is(&entry) {
        return Ok(entry);
    }
    Err(WalletError::Damaged {
        path: folder.to_owned(),
        problem: "it was not written rightly and is removed again".into(),
    })
}

fn write(disk: &Disk, path: &Path, content: &[u8]) -> Result<(), WalletError> {
    // All of it for the user alone: whose board it is concerns nobody else either.
    atomic::create(disk, path, content, Confidentiality::Secret)
        .map_err(|source| WalletError::Write { path: path.to_owned(), source })
}

impl ToKeep<'_> {
    /// Whether a passphrase will be needed. A password is under one only when one is given: in a project it lies open.
    fn is_protected(&self) -> bool {
        match (&self.sealing, self.credential) {
            (Sealing::Clear, _) | (Sealing::AsItLies(_), DebugCredential::Password(_)) => false,
            (Sealing::Passphrase(_), _) | (Sealing::AsItLies(_), DebugCredential::Certificate { .. }) => true,
        }
    }

    /// The files of the credential.
    fn files(&self) -> Result<Vec<File>, WalletError> {
        let text = |text: Secret<String>| Secret::new(text.as_bytes().to_vec());
        match self.credential {
            DebugCredential::Certificate { chain, key } => {
                let key = match self.sealing {
                    Sealing::Clear => text(key.to_pem().map_err(WalletError::Make)?),
                    Sealing::Passphrase(passphrase) => {
                        text(key.to_protected_pem(passphrase).map_err(WalletError::Make)?)
                    }
                    Sealing::AsItLies(file) => file.clone(),
                };
                let chain = Secret::new(chain.to_base64().into_bytes());
                Ok(vec![(CHAIN, chain), (KEY, key), (OBJECT, self.object.encode())])
            }
            DebugCredential::Password(password) => Ok(vec![match self.sealing {
                Sealing::Passphrase(passphrase) => {
                    (PROTECTED_PASSWORD, text(password.to_protected_pem(passphrase).map_err(WalletError::Make)?))
                }
                Sealing::Clear | Sealing::AsItLies(_) => (PASSWORD, password.to_file()),
            }]),
        }
    }

    /// Whether an entry holds this credential and protects it no less than is asked for. Of an entry that is protected
    /// while nobody gave a passphrase, the public part has to tell; a password has none.
    fn is(&self, entry: &WalletEntry) -> bool {
        if entry.method != self.credential.method() || entry.leaf != self.credential.leaf() {
            return false;
        }
        let passphrase = match self.sealing {
            Sealing::Passphrase(passphrase) => Some(passphrase),
            Sealing::Clear | Sealing::AsItLies(_) => None,
        };
        if self.is_protected() && !entry.protected {
            return false;
        }
        match self.credential {
            DebugCredential::Password(password) => matches!(
                entry.credential(passphrase),
                Ok(DebugCredential::Password(kept)) if kept == *password
            ),
            DebugCredential::Certificate { chain, .. } => {
                let file = |name: &str| entry::read(&entry.folder.join(name));
                let same = |name: &str, content: &[u8]| file(name).is_ok_and(|kept| kept.as_slice() == content);
                same(CHAIN, chain.to_base64().as_bytes())
                    && same(OBJECT, &self.object.encode())
                    && match &self.sealing {
                        Sealing::AsItLies(protected) => same(KEY, protected),
                        Sealing::Passphrase(_) => entry.credential(passphrase).is_ok(),
                        Sealing::Clear if entry.protected => file(KEY).is_ok_and(|text| KeyFile::is_protected(&text)),
                        Sealing::Clear => entry.credential(None).is_ok(),
                    }
            }
        }
    }
}

/// Keeps others from keeping a credential of this board, as long as the value lives.
fn lock(board: &Path) -> Result<fs::File, WalletError> {
    let path = board.join(LOCK);
    let failed = |source| WalletError::Write { path: path.clone(), source };
    let file = fs::File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(WalletError::InUse { folder: board.to_owned() }),
        // Where a file system has no locks, two programs at once go unnoticed; neither replaces what the other kept.
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Removes what a program left that died in the midst of keeping. Nobody else can be at it while the board is locked.
fn discard_leftovers(disk: &Disk, board: &Path) {
    let entries: Vec<PathBuf> =
        fs::read_dir(board).map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default();
    let left = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(KEEPING)) && path.is_dir()
    };
    entries.iter().filter(|path| left(path)).for_each(|path| disk.discard_folder(path));
}
