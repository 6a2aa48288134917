//! How the versions of a key are named: `X.pem`, `X_v2.pem`, `X_v3.pem`, each with its public half in a `_pub.pem`. What
//! is in the files is not known here.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::KeyFileError;
use crate::disk;

/// Which half of a key a file is for, as far as its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Private,
    Public,
}

/// What all versions of a key have in common: `X` of `X_v2_pub.pem`, and the folder.
pub(super) struct Name {
    folder: PathBuf,
    base: String,
    /// The number in the path that it was taken from.
    number: u32,
}

/// A file of some version.
pub(super) struct VersionFile {
    pub(super) path: PathBuf,
    pub(super) number: u32,
    pub(super) half: Half,
}

impl Name {
    pub(super) fn of(path: &Path) -> Result<Self, KeyFileError> {
        let name = path.file_name().and_then(|name| name.to_str());
        let (base, number, _) =
            name.and_then(take_apart).ok_or_else(|| KeyFileError::NoName { path: path.to_owned() })?;
        Ok(Self { folder: disk::folder_of(path).to_owned(), base: base.to_owned(), number })
    }

    /// The file of the public half of the path that it was taken from.
    pub(super) fn public_half(&self) -> PathBuf {
        self.file(self.number, Half::Public)
    }

    pub(super) fn file(&self, number: u32, half: Half) -> PathBuf {
        let version = if number == 1 { String::new() } else { format!("_v{number}") };
        let half = if half == Half::Public { "_pub" } else { "" };
        self.folder.join(format!("{}{version}{half}.pem", self.base))
    }

    /// What lies in the folder of any version.
    pub(super) fn files(&self) -> Result<Vec<VersionFile>, KeyFileError> {
        let unreadable = |source| KeyFileError::Read { path: self.folder.clone(), source };
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(unreadable(source)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if let Some((base, number, half)) = name.and_then(take_apart)
                && base == self.base
            {
                found.push(VersionFile { number, half, path });
            }
        }
        Ok(found)
    }

    /// A number that no version has or had, as far as one can see: a gap is not filled.
    pub(super) fn next_number(&self) -> Result<u32, KeyFileError> {
        let last = self.files()?.into_iter().map(|file| file.number).max();
        let next = last.map_or(Some(self.number), |last| last.max(self.number).checked_add(1));
        next.ok_or_else(|| KeyFileError::NoName { path: self.file(self.number, Half::Private) })
    }
}

/// Base, number and half of `X.pem`, `X_v2.pem`, `X_pub.pem`, `X_v2_pub.pem`; ST also writes `_Pub`.
fn take_apart(name: &str) -> Option<(&str, u32, Half)> {
    let stem = name.strip_suffix(".pem")?;
    let public = stem.strip_suffix("_pub").or_else(|| stem.strip_suffix("_Pub"));
    let half = if public.is_some() { Half::Public } else { Half::Private };
    let stem = public.unwrap_or(stem);
    let numbered = stem.rsplit_once("_v").and_then(|(base, digits)| {
        let number: u32 = digits.parse().ok()?;
        // 1, 007 and +2 are parts of other names.
        (number > 1 && number.to_string() == digits && !base.is_empty()).then_some((base, number))
    });
    let (base, number) = numbered.unwrap_or((stem, 1));
    (!base.is_empty()).then_some((base, number, half))
}
