//! The keys a project uses, by role, path and public fingerprint. Private halves are read when outputs are made and
//! kept no longer than that.

use std::fmt;
use std::path::{Path, PathBuf};

use formats::{Fingerprint, FormatError};

use crate::error::ProjectError;
use crate::sources::Sources;
use crate::stirot::field;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyRole {
    /// Signs images; the chip holds the public half.
    Authentication,
    /// Opens images; the chip holds the private half.
    Encryption,
    /// As [`KeyRole::Authentication`], for the images that the user's own boot stage verifies.
    OemAuthentication,
    /// As [`KeyRole::Encryption`], for the images that the user's own boot stage opens.
    OemEncryption,
    /// The root of debug certificates; the chip holds the hash of the public half.
    DebugRoot,
    /// Between root and leaf of the debug certificates. No configuration names it.
    DebugIntermediate,
    /// The leaf of the debug certificates; it answers a board's challenge. No configuration names it.
    DebugLeaf,
}

impl fmt::Display for KeyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authentication => "authentication",
            Self::Encryption => "encryption",
            Self::OemAuthentication => "OEM authentication",
            Self::OemEncryption => "OEM encryption",
            Self::DebugRoot => "debug root",
            Self::DebugIntermediate => "debug intermediate",
            Self::DebugLeaf => "debug leaf",
        })
    }
}

impl KeyRole {
    /// The field that names a key of this role, in the configuration of its stage; of a chain, the one of its root, which
    /// the keys below it hang on.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Authentication | Self::OemAuthentication => field::AUTHENTICATION_KEY,
            Self::Encryption | Self::OemEncryption => field::ENCRYPTION_KEY,
            Self::DebugRoot | Self::DebugIntermediate | Self::DebugLeaf => field::ROOT_KEY,
        }
    }

    /// Whether a configuration names the key's file; those of a chain below its root have their places by ST's layout.
    pub const fn is_named(self) -> bool {
        !matches!(self, Self::DebugIntermediate | Self::DebugLeaf)
    }

    /// Whether the chip is given the private half.
    pub const fn goes_into_the_chip(self) -> bool {
        matches!(self, Self::Encryption | Self::OemEncryption)
    }
}

/// A key that a project uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInUse {
    /// What it is for.
    pub role: KeyRole,
    /// Its file.
    pub path: PathBuf,
    /// How it is named.
    pub fingerprint: Fingerprint,
    /// Whether its file needs a passphrase.
    pub protection: Protection,
}

/// A key in use that everybody has: for rehearsal, never for a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleKey {
    /// What the project uses it for.
    pub role: KeyRole,
    /// Under which name it was published.
    pub name: String,
    /// How it is named.
    pub fingerprint: Fingerprint,
}

/// Whether a key file needs a passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protection {
    /// Anybody who can read the file has the key.
    Clear,
    /// Encrypted, and the passphrase isn't known.
    Locked,
    /// Encrypted, and the passphrase was given.
    Unlocked,
}

/// A key of a project: role, file, fingerprint, protection.
pub(crate) fn in_use(role: KeyRole, path: PathBuf, sources: &Sources) -> Result<KeyInUse, ProjectError> {
    let fingerprint = sources.public_key(role, &path)?.fingerprint();
    let text = sources.read(&path).map_err(|source| ProjectError::Read { path: path.clone(), source })?;
    let protection = sources.protection(&path, &text);
    // The chip needs no more of a chain's keys than a public half; a project may not have the other.
    let of_chain = matches!(role, KeyRole::DebugRoot | KeyRole::DebugIntermediate | KeyRole::DebugLeaf);
    if !of_chain && protection == Protection::Clear {
        sources.private_key(role, &path)?;
    }
    Ok(KeyInUse { role, path, fingerprint, protection })
}

pub(crate) fn wrong(role: KeyRole, path: &Path, source: FormatError) -> ProjectError {
    ProjectError::Key { role, path: path.to_owned(), source }
}

/// The public PEM that ST's tools put beside a private one: `X_pub.pem` or `X_Pub.pem` beside `X.pem`.
pub(crate) fn public_neighbour(private: &Path) -> Option<PathBuf> {
    let stem = private.file_stem()?.to_str()?;
    ["_pub.pem", "_Pub.pem"]
        .iter()
        .map(|ending| private.with_file_name(format!("{stem}{ending}")))
        .find(|path| path.is_file())
}
