//! The keys a project uses, by role, path and public fingerprint. Private halves are read when outputs are made and
//! kept no longer than that.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use formats::{Fingerprint, FormatError, PrivateKey, Secret};

use crate::error::ProjectError;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyRole {
    /// Signs images; the chip holds the public half.
    Authentication,
    /// Opens images; the chip holds the private half.
    Encryption,
    /// The root of debug certificates; the chip holds the hash of the public half.
    DebugRoot,
}

impl fmt::Display for KeyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Authentication => "authentication",
            Self::Encryption => "encryption",
            Self::DebugRoot => "debug root",
        })
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

/// Reads a PEM file with a private key.
pub(crate) fn read_private(role: KeyRole, path: &Path) -> Result<PrivateKey, ProjectError> {
    let text = read(path)?;
    PrivateKey::from_pem(&text).map_err(|source| wrong(role, path, source))
}

/// Reads the public half of the key in a PEM file, which may hold either half.
pub(crate) fn read_public(role: KeyRole, path: &Path) -> Result<formats::PublicKey, ProjectError> {
    let text = read(path)?;
    formats::PublicKey::from_pem(&text).map_err(|source| wrong(role, path, source))
}

fn wrong(role: KeyRole, path: &Path, source: FormatError) -> ProjectError {
    ProjectError::Key { role, path: path.to_owned(), source }
}

fn read(path: &Path) -> Result<Secret<Vec<u8>>, ProjectError> {
    fs::read(path).map(Secret::new).map_err(|source| ProjectError::Read { path: path.to_owned(), source })
}

/// The public PEM that ST's tools put beside a private one: `X_pub.pem` or `X_Pub.pem` beside `X.pem`.
pub(crate) fn public_neighbour(private: &Path) -> Option<PathBuf> {
    let stem = private.file_stem()?.to_str()?;
    ["_pub.pem", "_Pub.pem"]
        .iter()
        .map(|ending| private.with_file_name(format!("{stem}{ending}")))
        .find(|path| path.is_file())
}
