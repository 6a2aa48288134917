//! Why nothing came of an act on key files, and what to do about it.

use std::io;
use std::path::PathBuf;

use formats::FormatError;

/// Why nothing came of it. No file was changed, and no secret is named.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// A file or a folder can't be read.
    #[error("{} can't be read: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file can't be written.
    #[error("{} can't be written: {source}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file holds no key that can be used.
    #[error("{}: {source}", path.display())]
    Key {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        source: FormatError,
    },
    /// What is to be brought in is no key that can be used.
    #[error("the key to be imported: {0}")]
    Import(FormatError),
    /// A key can't be made or encoded.
    #[error("no key was made: {0}")]
    Make(FormatError),
    /// There is a file already, with another content.
    #[error("there is a file already: {}", path.display())]
    Taken {
        /// Which.
        path: PathBuf,
    },
    /// The key is encrypted already.
    #[error("{} is protected by a passphrase already", path.display())]
    Protected {
        /// Its file.
        path: PathBuf,
    },
    /// A new version of a protected key would lie in the clear, and nobody has asked for that.
    #[error("{} is protected by a passphrase; the new key would lie in the clear", present.display())]
    WouldLieOpen {
        /// The file of the present version.
        present: PathBuf,
    },
    /// A path that names no file.
    #[error("{} is no name of a key file", path.display())]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// What was written is not what was to be written.
    #[error("{} was not written rightly and is removed again", path.display())]
    WrittenWrong {
        /// The file.
        path: PathBuf,
    },
}

impl KeyFileError {
    /// What to do about it, in words for the person at the bench.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Read { .. } => "check that it exists and that you may read it",
            Self::Write { .. } => "check that the folder exists, is writable and has room",
            Self::Key { .. } | Self::Import(_) => {
                "choose a PEM file with a P-256 private key (PKCS#8 or SEC1), and give its passphrase if it has one"
            }
            Self::Make(_) => "try again; the system's source of random numbers may not be ready",
            Self::Taken { .. } => "choose another name: keys are never overwritten",
            Self::Protected { .. } => "to change the passphrase, import the key anew with the old one and the new one",
            Self::WouldLieOpen { .. } => "give a passphrase for the new key, or say that it is to lie in the clear",
            Self::NoName { .. } => "let the configuration name a file ending in .pem",
            Self::WrittenWrong { .. } => "check the disk, then try again",
        }
    }
}
