//! The journal as text: a line with the SHA-256 of what follows, then the files as TOML. A journal that is not whole
//! is never taken for one that is.

use std::io;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Expected;
use crate::disk;

const FORMAT: u32 = 1;

/// A file that is being saved.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) target: PathBuf,
    /// Where its new content waits, in the same folder.
    pub(super) temporary: PathBuf,
    /// SHA-256 of the new content.
    pub(super) sha256: [u8; 32],
    /// What it is to take the place of.
    pub(super) expected: Expected,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    file: Vec<WrittenEntry>,
}

/// Paths are relative to the project's folder where they lie in it, so that a folder that was moved can be mended.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenEntry {
    target: PathBuf,
    /// A name without a folder: a journal that came with a foreign project can't reach a file elsewhere.
    temporary: PathBuf,
    sha256: [u8; 32],
    replaces: Option<[u8; 32]>,
}

pub(super) fn encode(folder: &Path, entries: &[Entry]) -> io::Result<String> {
    let file = entries
        .iter()
        .map(|entry| WrittenEntry {
            target: entry.target.strip_prefix(folder).unwrap_or(&entry.target).to_owned(),
            temporary: entry.temporary.file_name().unwrap_or_default().into(),
            sha256: entry.sha256,
            replaces: match entry.expected {
                Expected::Absent => None,
                Expected::Content(sha256) => Some(sha256),
            },
        })
        .collect();
    // Only a path that is no Unicode text can't be written.
    let body = toml::to_string(&Written { format: FORMAT, file })
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error.to_string()))?;
    Ok(format!("{}\n{body}", checksum(&body)))
}

/// The files that a journal in `folder` names, or why it can't be followed.
pub(super) fn decode(folder: &Path, bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no text")?;
    let (sum, body) = text.split_once('\n').ok_or("it is cut short")?;
    if sum != checksum(body) {
        return Err("it is damaged or cut short: its checksum is another".into());
    }
    let written: Written = toml::from_str(body).map_err(|error| error.message().to_owned())?;
    if written.format != FORMAT {
        return Err(format!("it has format {}, this version of the studio knows {FORMAT}", written.format));
    }
    written.file.into_iter().map(|entry| entry.decode(folder)).collect()
}

impl WrittenEntry {
    fn decode(self, folder: &Path) -> Result<Entry, String> {
        let mut components = self.temporary.components();
        let is_name = matches!((components.next(), components.next()), (Some(Component::Normal(_)), None));
        if !is_name || disk::name_of_target(&self.temporary).is_none() {
            return Err(format!("{} is no temporary file of the studio", self.temporary.display()));
        }
        let target = folder.join(&self.target);
        if target.file_name().is_none() {
            return Err(format!("{} is no file", self.target.display()));
        }
        Ok(Entry {
            temporary: target.with_file_name(self.temporary),
            target,
            sha256: self.sha256,
            expected: self.replaces.map_or(Expected::Absent, Expected::Content),
        })
    }
}

fn checksum(body: &str) -> String {
    Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect()
}
