//! ST's files that a project consists of, read once, each with what its bytes were then.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use formats::{FileError, FormatError, Obdata, ObkFile, Secret};
use sha2::{Digest, Sha256};

use crate::error::ProjectError;
use crate::place;

/// Files as they were when the project was opened: path and SHA-256, or that there was none.
#[derive(Default)]
pub(crate) struct Snapshot(Vec<(PathBuf, Option<[u8; 32]>)>);

impl Snapshot {
    /// Reads a file and notes what it was.
    pub(crate) fn read(&mut self, path: &Path) -> Result<Secret<Vec<u8>>, ProjectError> {
        let content = fs::read(path).map(Secret::new);
        self.0.push((path.to_owned(), content.as_ref().ok().map(|bytes| digest(bytes))));
        content.map_err(|source| ProjectError::Read { path: path.to_owned(), source })
    }

    /// Notes what a file is, or that there is none.
    pub(crate) fn note(&mut self, path: &Path) {
        let content = fs::read(path).map(Secret::new);
        self.0.push((path.to_owned(), content.ok().map(|bytes| digest(&bytes))));
    }

    /// The first file that is another by now.
    pub(crate) fn changed(&self) -> Option<&Path> {
        let now = |path: &Path| fs::read(path).map(Secret::new).ok().map(|bytes| digest(&bytes));
        self.0.iter().find(|(path, then)| now(path) != *then).map(|(path, _)| path.as_path())
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A configuration xml with its place.
pub(crate) struct Configuration {
    pub(crate) path: PathBuf,
    pub(crate) document: Obdata,
}

impl Configuration {
    pub(crate) fn read(path: PathBuf, snapshot: &mut Snapshot) -> Result<Self, ProjectError> {
        let text = snapshot.read(&path)?;
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
    pub(crate) fn build(&self) -> Result<ObkFile, ProjectError> {
        let files = |written: &str| -> Result<Vec<u8>, FileError> {
            let path = place::resolve(&self.path, written);
            fs::read(&path).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())).into())
        };
        self.document.build(&files).map_err(|source| self.wrong(source))
    }

    pub(crate) fn wrong(&self, source: FormatError) -> ProjectError {
        ProjectError::Configuration { path: self.path.clone(), source }
    }
}
