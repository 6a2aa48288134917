//! What a project is read through: the disk; in place of a file on it the text that is edited and not saved yet; and
//! the protected keys that a person opened. Nothing is written here.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use formats::{
    FileError, FormatError, KeyFile, KeyProblem, Obdata, ObkFile, Passphrase, PrivateKey, PublicKey, Secret,
};
use sha2::{Digest, Sha256};

use crate::error::ProjectError;
use crate::keys::{self, KeyRole, Protection};
use crate::place;

/// What a project is read through. It may hold passwords and keys: it can't be printed.
#[derive(Clone, Default)]
pub struct Sources {
    edited: BTreeMap<PathBuf, Secret<Vec<u8>>>,
    /// Keys whose protected files were opened, each with the hash of the file it came from.
    unlocked: BTreeMap<PathBuf, ([u8; 32], PrivateKey)>,
}

impl Sources {
    /// Lets `text` stand in the place of the file at `path`.
    pub fn put_edited(&mut self, path: &Path, text: &[u8]) {
        self.edited.insert(path.to_owned(), Secret::new(text.to_vec()));
    }

    /// A file's path, when something else stands in its place.
    pub(crate) fn edited_path(&self, path: &Path) -> Option<&Path> {
        self.edited.get_key_value(path).map(|(path, _)| path.as_path())
    }

    /// Opens a protected key. The key is remembered until the value is dropped or the file changes, the passphrase
    /// isn't.
    ///
    /// # Errors
    /// When the file can't be read, isn't a private key, or the passphrase is another.
    pub fn unlock(&mut self, role: KeyRole, path: &Path, passphrase: &Passphrase) -> Result<(), ProjectError> {
        let text = self.read(path).map_err(|source| ProjectError::Read { path: path.to_owned(), source })?;
        match KeyFile::from_pem_with(&text, Some(passphrase)).map_err(|source| keys::wrong(role, path, source))? {
            KeyFile::Private(key) => {
                self.unlocked.insert(path.to_owned(), (digest(&text), key));
                Ok(())
            }
            KeyFile::Public(_) => Err(keys::wrong(role, path, KeyProblem::PublicOnly.into())),
        }
    }

    /// Takes over the keys that another reading has opened.
    pub fn take_unlocked(&mut self, other: &Self) {
        self.unlocked.extend(other.unlocked.iter().map(|(path, key)| (path.clone(), key.clone())));
    }

    /// The key of a protected file, when it was opened.
    pub(crate) fn opened(&self, path: &Path, text: &[u8]) -> Option<&PrivateKey> {
        self.unlocked.get(path).filter(|(of, _)| *of == digest(text)).map(|(_, key)| key)
    }

    /// Whether a key file needs a passphrase.
    pub(crate) fn protection(&self, path: &Path, text: &[u8]) -> Protection {
        match (KeyFile::is_protected(text), self.opened(path, text)) {
            (false, _) => Protection::Clear,
            (true, None) => Protection::Locked,
            (true, Some(_)) => Protection::Unlocked,
        }
    }

    pub(crate) fn read(&self, path: &Path) -> io::Result<Secret<Vec<u8>>> {
        match self.edited.get(path) {
            Some(text) => Ok(text.clone()),
            None => fs::read(path).map(Secret::new),
        }
    }

    /// The private key in a PEM file.
    pub(crate) fn private_key(&self, role: KeyRole, path: &Path) -> Result<PrivateKey, ProjectError> {
        match self.key_file(role, path)? {
            KeyFile::Private(key) => Ok(key),
            KeyFile::Public(_) => Err(keys::wrong(role, path, KeyProblem::PublicOnly.into())),
        }
    }

    /// The public half of the key in a PEM file, which may hold either half. Of a protected key whose passphrase isn't
    /// known, the public file beside it is taken.
    pub(crate) fn public_key(&self, role: KeyRole, path: &Path) -> Result<PublicKey, ProjectError> {
        match self.key_file(role, path) {
            Err(locked @ ProjectError::Locked { .. }) => match keys::public_neighbour(path) {
                Some(neighbour) => Ok(self.key_file(role, &neighbour)?.public()),
                None => Err(locked),
            },
            other => other.map(|key| key.public()),
        }
    }

    fn key_file(&self, role: KeyRole, path: &Path) -> Result<KeyFile, ProjectError> {
        let text = self.read(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ProjectError::KeyMissing { role, path: path.to_owned() },
            _ => ProjectError::Read { path: path.to_owned(), source },
        })?;
        if let Some(key) = self.opened(path, &text) {
            return Ok(KeyFile::Private(key.clone()));
        }
        KeyFile::from_pem(&text).map_err(|source| match source {
            FormatError::Key(KeyProblem::Passphrase) => ProjectError::Locked { role, path: path.to_owned() },
            source => keys::wrong(role, path, source),
        })
    }

    /// A file for the making of an object: as it is, but a protected key as if it were none.
    fn for_object(&self, path: &Path) -> Result<Secret<Vec<u8>>, FileError> {
        let text =
            self.read(path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        if !KeyFile::is_protected(&text) {
            return Ok(text);
        }
        match (self.opened(path, &text), keys::public_neighbour(path)) {
            (Some(key), _) => Ok(Secret::new(key.to_pem()?.as_bytes().to_vec())),
            // Enough where the object takes the public half; where it takes the private one, the caller has looked
            // whether the key is open.
            (None, Some(neighbour)) => Ok(self.read(&neighbour)?),
            (None, None) => Err(FormatError::from(KeyProblem::Passphrase).into()),
        }
    }
}

/// Files as they were when the project was opened: path and SHA-256, or that there was none.
#[derive(Default)]
pub(crate) struct Snapshot(Vec<(PathBuf, Option<[u8; 32]>)>);

impl Snapshot {
    /// Notes what a file is on the disk, or that there is none.
    pub(crate) fn note(&mut self, path: &Path) {
        self.0.push((path.to_owned(), on_disk(path)));
    }

    /// The first file that is another by now.
    pub(crate) fn changed(&self) -> Option<&Path> {
        self.0.iter().find(|(path, then)| on_disk(path) != *then).map(|(path, _)| path.as_path())
    }
}

/// SHA-256 of a file on the disk, when there is one.
pub(crate) fn on_disk(path: &Path) -> Option<[u8; 32]> {
    fs::read(path).map(Secret::new).ok().map(|bytes| digest(&bytes))
}

pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A configuration xml with its place.
pub(crate) struct Configuration {
    pub(crate) path: PathBuf,
    pub(crate) document: Obdata,
}

impl Configuration {
    pub(crate) fn read(path: PathBuf, sources: &Sources, snapshot: &mut Snapshot) -> Result<Self, ProjectError> {
        snapshot.note(&path);
        let text = match sources.read(&path) {
            Ok(text) => text,
            Err(source) => return Err(ProjectError::Read { path, source }),
        };
        match Obdata::decode(&text) {
            Ok(document) => Ok(Self { path, document }),
            Err(source) => Err(ProjectError::Configuration { path, source }),
        }
    }

    /// The file that a field names.
    pub(crate) fn file(&self, field: &str) -> Result<PathBuf, ProjectError> {
        self.document
            .path(field)
            .map(|written| place::resolve(&self.path, written))
            .map_err(|source| self.wrong(source))
    }

    /// Where the object is to be written.
    pub(crate) fn output(&self) -> Result<PathBuf, ProjectError> {
        match &self.document.output {
            Some(output) if !output.path.is_empty() => Ok(place::resolve(&self.path, &output.path)),
            _ => Err(self.wrong(FormatError::Field {
                line: self.document.info.line,
                field: "Output".into(),
                problem: "it is missing; it says where the object is written".into(),
            })),
        }
    }

    /// Builds the object.
    pub(crate) fn build(&self, sources: &Sources) -> Result<ObkFile, ProjectError> {
        let files = |written: &str| sources.for_object(&place::resolve(&self.path, written));
        self.document.build(&files).map_err(|source| self.wrong(source))
    }

    pub(crate) fn wrong(&self, source: FormatError) -> ProjectError {
        ProjectError::Configuration { path: self.path.clone(), source }
    }
}
