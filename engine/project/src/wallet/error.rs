//! Why nothing came of an act on the wallet, and what to do about it. No secret is named.

use std::io;
use std::path::PathBuf;

use formats::FormatError;

use crate::error::ProjectError;
use crate::saving::SavingError;

/// Why nothing came of it. What the wallet held before, it holds still.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WalletError {
    /// A file or a folder of the wallet can't be read.
    #[error("{} can't be read: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A credential could not be written.
    #[error("{} can't be written: {source}", path.display())]
    Write {
        /// Where it was to lie.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// An entry isn't what was put there. Other entries are as good as they were.
    #[error("{} is damaged: {problem}", path.display())]
    Damaged {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The entry is protected, and no passphrase was given.
    #[error("{} is protected by a passphrase", path.display())]
    Locked {
        /// The protected file.
        path: PathBuf,
    },
    /// The private part of an entry can't be had.
    #[error("{}: {source}", path.display())]
    Secret {
        /// Its file.
        path: PathBuf,
        /// What is wrong: another passphrase, or the file.
        source: FormatError,
    },
    /// What is to be brought in is not what it should be.
    #[error("{}: {source}", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: FormatError,
    },
    /// A credential that does not open what the board is given is not kept for it.
    #[error("the credential is not kept: {problem}")]
    Refused {
        /// Why the board would refuse it.
        problem: String,
        /// What to do.
        help: String,
    },
    /// The private part can't be encoded or protected.
    #[error("the credential was not kept: {0}")]
    Make(FormatError),
    /// The project has no credential to be kept.
    #[error("{source}")]
    Project {
        /// Why.
        source: Box<ProjectError>,
    },
    /// Another program keeps a credential of this board at this moment.
    #[error("another program keeps a credential in {} at this moment", folder.display())]
    InUse {
        /// The board's folder.
        folder: PathBuf,
    },
    /// Where an export was to go there is a file already.
    #[error("there is a file already: {}; nothing was exported", path.display())]
    Taken {
        /// Which.
        path: PathBuf,
    },
    /// An export could not be written.
    #[error("{source}")]
    Export {
        /// Which file, and what the operating system said.
        source: Box<SavingError>,
    },
}

impl WalletError {
    /// What to do about it, in words for the person at the bench.
    pub fn help(&self) -> String {
        match self {
            Self::Read { .. } => "check that it exists and that you may read it".into(),
            Self::Write { .. } => {
                "check that the user's data folder is writable and has room; earlier entries are unchanged".into()
            }
            Self::Damaged { .. } => "bring the file back from a backup, or keep the credential again from its project \
                 (`stirot-studio wallet add`); nothing of the entry was changed"
                .into(),
            Self::Locked { .. } => "give the passphrase that it was kept under".into(),
            Self::Secret { .. } => {
                "type the passphrase again; nobody can bring a lost one back, another version of the entry may be there"
                    .into()
            }
            Self::Foreign { .. } => {
                "give a folder in ST's layout: DA with Keys/key_3_leaf.pem, Certificates/cert_leaf_chain.b64 and \
                 Binary/DA_Config.obk, or Binary/password.bin"
                    .into()
            }
            Self::Refused { help, .. } => help.clone(),
            Self::Make(_) => "try again; the system's source of random numbers may not be ready".into(),
            Self::Project { source } => source.help(),
            Self::InUse { .. } => "wait until it has finished, then try again".into(),
            Self::Taken { .. } => "choose another folder: nothing is written over".into(),
            Self::Export { source } => source.help().into(),
        }
    }
}

impl From<ProjectError> for WalletError {
    fn from(source: ProjectError) -> Self {
        Self::Project { source: Box::new(source) }
    }
}
