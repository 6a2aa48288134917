//! The keys that the commands for images are given: single files, or a folder of them from which the fitting ones are found.

use std::path::{Path, PathBuf};

use formats::{HeldKey, KeyFile, KeyOrigin, KeyRole, RingKey, Secret};

use super::read;
use crate::cli::passphrases::Passphrases;
use crate::cli::{Failure, printable};

pub(super) fn read_key(path: &Path) -> Result<KeyFile, Failure> {
    KeyFile::from_pem(&Secret::new(read(path)?)).map_err(|error| {
        Failure::new(format!("{}: {error}", path.display()))
            .help("a PEM file with a P-256 key without a passphrase is expected")
    })
}

/// The PEM files of a folder.
#[derive(Default)]
pub(super) struct FolderKeys {
    /// Each key by its file's name, the locked ones, too.
    pub(super) keys: Vec<RingKey>,
    /// Files that hold no usable key, with the reason.
    pub(super) passed_over: Vec<String>,
}

impl FolderKeys {
    /// What to do when none of them opens an image.
    pub(super) fn help(&self) -> String {
        let locked = self.keys.iter().filter_map(|key| match &key.key {
            HeldKey::Locked { why, .. } => Some(why.clone()),
            HeldKey::Private(_) | HeldKey::Public(_) => None,
        });
        let reasons: Vec<String> = locked.chain(self.passed_over.iter().cloned()).collect();
        match reasons.as_slice() {
            [] => "the private half of the encryption key is needed".to_owned(),
            reasons => format!("the private half of the encryption key is needed; passed over: {}", reasons.join("; ")),
        }
    }
}

/// The keys of a folder, opened with the passphrases at hand.
pub(super) fn keys_of(folder: &Path, passphrases: Option<&Passphrases>) -> Result<FolderKeys, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| Failure::file("reading", folder, error))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pem"));
    paths.sort();
    let mut found = FolderKeys::default();
    for path in paths {
        match held(&path, passphrases) {
            Ok(key) => found.keys.push(RingKey {
                name: stem(&path),
                origin: KeyOrigin::Given,
                role: KeyRole::Any,
                profile: None,
                key,
            }),
            Err(why) => found.passed_over.push(format!("{}, {why}", file_name(&path))),
        }
    }
    if !found.keys.is_empty() {
        return Ok(found);
    }
    Err(match found.passed_over.as_slice() {
        [] => Failure::new(format!("no key was found in {}", folder.display()))
            .help("give the folder that holds the PEM files"),
        files => Failure::new(format!("no key in {} can be used: {}", folder.display(), files.join("; ")))
            .help("P-256 keys are needed, in files that you may read"),
    })
}

/// What of a key file can be used; else why nothing can.
fn held(path: &Path, passphrases: Option<&Passphrases>) -> Result<HeldKey, String> {
    let pem = std::fs::read(path).map(Secret::new).map_err(|error| error.to_string())?;
    let key = match KeyFile::from_pem(&pem) {
        Err(_) if KeyFile::is_protected(&pem) => {
            let open = |passphrase| KeyFile::from_pem_with(&pem, Some(passphrase)).ok();
            passphrases.into_iter().flat_map(Passphrases::each).find_map(open)
        }
        read => Some(read.map_err(|error| error.to_string())?),
    };
    Ok(match key {
        Some(KeyFile::Private(key)) => HeldKey::Private(key),
        Some(KeyFile::Public(key)) => HeldKey::Public(key),
        None => {
            let why = format!("{} is protected; give its passphrase: --passphrase-from FILE", file_name(path));
            HeldKey::Locked { public: None, why }
        }
    })
}

fn file_name(path: &Path) -> String {
    printable(&path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
}

/// How a key is called: its file's name without ending.
pub(super) fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}
