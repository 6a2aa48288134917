//! The wallet: the credentials that boards were closed with, in the user's data, by the boards' unique ids. A credential
//! is never written over: the newest again is the entry that is there, any other is a new version beside it, so that the
//! newest is always the one that the board was last given.
//!
//! Layout: `wallet/UID/vN/` with `entry.toml` (public facts only) and, of a certificate, `cert_leaf_chain.b64`,
//! `key_3_leaf.pem` and `DA_Config.obk`; of a password, `password.bin` or, under a passphrase, `password.pem`. A private
//! part lies there as keys lie in a project: under a passphrase (scrypt, AES-256) or in the clear for its owner alone.

mod entry;
mod error;
mod export;
mod import;
mod keeping;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use formats::{DebugCredential, ObkFile, Passphrase};

pub use entry::{WalletEntry, uid_from_text};
pub use error::WalletError;
pub use import::Import;

use crate::data_folder;
use crate::disk::Disk;
use crate::project::Project;
use entry::uid_text;
use keeping::{Sealing, ToKeep};

/// What a folder is called while it is filled.
const KEEPING: &str = ".keeping-";

/// A folder of credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    folder: PathBuf,
}

impl Wallet {
    /// The user's own. It need not exist yet.
    pub fn of_user() -> Self {
        Self::at(&data_folder::data_folder().join("wallet"))
    }

    /// The one in `folder`, which need not exist yet.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every entry that can be read, by board, newest first. Those that can't be read are told by [`Self::damaged`]:
    /// whoever shows these shows those.
    ///
    /// # Errors
    /// When the wallet itself can't be read.
    pub fn entries(&self) -> Result<Vec<WalletEntry>, WalletError> {
        Ok(self.look(None)?.into_iter().filter_map(Result::ok).collect())
    }

    /// What lies in the wallet and can't be read as an entry, each with the file and what to do.
    ///
    /// # Errors
    /// When the wallet itself can't be read.
    pub fn damaged(&self) -> Result<Vec<WalletError>, WalletError> {
        Ok(self.look(None)?.into_iter().filter_map(Result::err).collect())
    }

    /// The entries of one board that can be read, newest first.
    ///
    /// # Errors
    /// When the wallet itself can't be read.
    pub fn for_board(&self, uid: [u8; 12]) -> Result<Vec<WalletEntry>, WalletError> {
        Ok(self.look(Some(uid))?.into_iter().filter_map(Result::ok).collect())
    }

    /// Keeps the credential that a board with `object` is opened with, under `passphrase` or in the clear for the user
    /// alone. The newest credential again is the entry that is there, under the names of the first time; one that is protected
    /// there is not kept in the clear again. When this returns, the entry was read back and is on the disk.
    ///
    /// Where the credential is a project's, [`Self::keep_of_project`] keeps it protected if the project does.
    ///
    /// # Errors
    /// When the credential doesn't open a board with `object`, or the disk refuses. What was kept before is as it was.
    pub fn keep(
        &self,
        uid: [u8; 12],
        board_name: &str,
        project: &str,
        object: &ObkFile,
        credential: &DebugCredential,
        passphrase: Option<&Passphrase>,
    ) -> Result<WalletEntry, WalletError> {
        let sealing = passphrase.map_or(Sealing::Clear, Sealing::Passphrase);
        let kept = ToKeep { uid, board_name, project, object, credential, sealing };
        keeping::keep(&Disk::real(), &self.folder, &kept)
    }

    /// Keeps the credential of a project for a board. A leaf key that is protected in the project is kept under the same
    /// passphrase, its file byte for byte, unless another passphrase is given.
    ///
    /// # Errors
    /// As [`Self::keep`]; and when the project has no credential that opens its own object, or its key is locked.
    pub fn keep_of_project(
        &self,
        uid: [u8; 12],
        board_name: &str,
        project: &Project,
        passphrase: Option<&Passphrase>,
    ) -> Result<WalletEntry, WalletError> {
        self.keep_of_project_on(&Disk::real(), uid, board_name, project, passphrase)
    }

    /// As [`Self::keep_of_project`], through a disk of the caller's choice.
    ///
    /// # Errors
    /// As [`Self::keep_of_project`].
    pub fn keep_of_project_on(
        &self,
        disk: &Disk,
        uid: [u8; 12],
        board_name: &str,
        project: &Project,
        passphrase: Option<&Passphrase>,
    ) -> Result<WalletEntry, WalletError> {
        let (credential, object) = (project.debug_credential()?, project.debug_object()?);
        let Some(passphrase) = passphrase else {
            return self.keep_as_project_does(disk, uid, board_name, project, &object, &credential);
        };
        let sealing = Sealing::Passphrase(passphrase);
        let name = project.name();
        let kept = ToKeep { uid, board_name, project: name, object: &object, credential: &credential, sealing };
        keeping::keep(disk, &self.folder, &kept)
    }

    /// Keeps the very credential that a board has proved, with the object that the board was given, whatever the
    /// project's files hold by now. It is protected as in the project.
    ///
    /// # Errors
    /// As [`Self::keep`]; and when the project's file of the leaf key is gone, or holds another key by now: whether this
    /// one was protected can't be told then.
    pub fn keep_proved(
        &self,
        uid: [u8; 12],
        board_name: &str,
        project: &Project,
        object: &ObkFile,
        credential: &DebugCredential,
    ) -> Result<WalletEntry, WalletError> {
        self.keep_as_project_does(&Disk::real(), uid, board_name, project, object, credential)
    }

    fn keep_as_project_does(
        &self,
        disk: &Disk,
        uid: [u8; 12],
        board_name: &str,
        project: &Project,
        object: &ObkFile,
        credential: &DebugCredential,
    ) -> Result<WalletEntry, WalletError> {
        let protected = match credential.leaf() {
            Some(leaf) => project.protected_leaf_key(leaf)?,
            None => None,
        };
        let sealing = protected.as_ref().map_or(Sealing::Clear, Sealing::AsItLies);
        let kept = ToKeep { uid, board_name, project: project.name(), object, credential, sealing };
        keeping::keep(disk, &self.folder, &kept)
    }

    /// The credential of an entry.
    ///
    /// # Errors
    /// When the entry is protected and the passphrase is missing or another, or a file isn't what it was.
    pub fn open(&self, entry: &WalletEntry, passphrase: Option<&Passphrase>) -> Result<DebugCredential, WalletError> {
        entry.credential(passphrase)
    }

    /// The debug-authentication object of an entry, as the board was given it: to be stored again in a board that is in
    /// PROVISIONING and has lost it.
    ///
    /// # Errors
    /// As [`Self::open`]; of a certificate no passphrase is needed.
    pub fn object(&self, entry: &WalletEntry, passphrase: Option<&Passphrase>) -> Result<ObkFile, WalletError> {
        entry.object(passphrase)
    }

    /// Writes an entry below `folder` as ST's `ROT_Provisioning` has it, so that STM32CubeProgrammer can use it:
    /// `DA/Keys/key_3_leaf.pem`, `DA/Certificates/cert_leaf_chain.b64` and `DA/Binary/DA_Config.obk`, or
    /// `DA/Binary/password.bin` and `DA/Binary/DA_ConfigWithPassword.obk`. The private part is written in the clear, for
    /// the user alone: ST's tools take no other. All of the files or none; their paths are given back.
    ///
    /// # Errors
    /// As [`Self::open`]; and when one of the files is there already, or the disk refuses.
    pub fn export(
        &self,
        entry: &WalletEntry,
        passphrase: Option<&Passphrase>,
        folder: &Path,
    ) -> Result<Vec<PathBuf>, WalletError> {
        export::export(&Disk::real(), entry, passphrase, folder)
    }

    /// Every entry or what is wrong with it, of one board or of all; by board, newest first.
    fn look(&self, board: Option<[u8; 12]>) -> Result<Vec<Result<WalletEntry, WalletError>>, WalletError> {
        let boards: Vec<_> = match board {
            Some(uid) => vec![Ok((uid, self.folder.join(uid_text(&uid))))],
            None => folders(&self.folder)?
                .into_iter()
                .map(|(name, path)| match uid_from_text(&name) {
                    Ok(uid) if uid_text(&uid) == name => Ok((uid, path)),
                    _ => Err(WalletError::Damaged { path, problem: "its name is no board's unique id".into() }),
                })
                .collect(),
        };
        let mut found = Vec::new();
        for board in boards {
            match board {
                Ok((uid, path)) => match versions(&path) {
                    Ok(versions) => found.extend(versions.into_iter().rev().map(|(number, folder)| match number {
                        Some(number) => WalletEntry::read(&folder, uid, number),
                        None => Err(WalletError::Damaged { path: folder, problem: "its name is no version".into() }),
                    })),
                    Err(problem) => found.push(Err(problem)),
                },
                Err(problem) => found.push(Err(problem)),
            }
        }
        Ok(found)
    }
}

/// The versions that a board's folder holds, by rising number; other folders first, without one.
fn versions(board: &Path) -> Result<Vec<(Option<u32>, PathBuf)>, WalletError> {
    let number = |name: &str| {
        let number: u32 = name.strip_prefix('v')?.parse().ok()?;
        (number > 0 && format!("v{number}") == name).then_some(number)
    };
    let mut found: Vec<_> = folders(board)?.into_iter().map(|(name, path)| (number(&name), path)).collect();
    found.sort();
    Ok(found)
}

/// The folders in a folder that aren't hidden, with their names; none where there is no folder.
fn folders(folder: &Path) -> Result<Vec<(String, PathBuf)>, WalletError> {
    let unreadable = |source| WalletError::Read { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(unreadable(source)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(unreadable)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with('.') && path.is_dir() {
            found.push((name, path));
        }
    }
    found.sort();
    Ok(found)
}
