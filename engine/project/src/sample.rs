//! The sample project, as the program brings it: the same files as `templates/sample` of the source tree.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::atomic;
use crate::error::ProjectError;

/// The sample's files: path below the project's folder with `/` between its parts, and content.
pub const SAMPLE_FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/sample_files.rs"));

/// The sample's password.
pub(crate) const SAMPLE_PASSWORD: &str = "sample-password!";

/// The sample, ready to be opened, in the user's data: unpacked when it is not there yet. A file that was changed there
/// stays as it is, and another version of the program has another folder.
pub fn provide(data_folder: &Path) -> Result<PathBuf, ProjectError> {
    let mut hash = Sha256::new();
    for (name, content) in SAMPLE_FILES {
        for part in [name.as_bytes(), *content] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    let short: String = hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let folder = data_folder.join("samples").join(short);
    for (name, content) in SAMPLE_FILES {
        let path = folder.join(name);
        if !path.exists() {
            write(&folder, &path, content)?;
        }
    }
    Ok(folder)
}

/// Lays the sample out in `folder`, which is made when it does not exist.
///
/// A file that is there already with other content is an error, and nothing is written then: it may be someone's work.
pub fn unpack(folder: &Path) -> Result<(), ProjectError> {
    let mut missing = Vec::new();
    for (name, content) in SAMPLE_FILES {
        let path = folder.join(name);
        match fs::read(&path) {
            Ok(present) if present == *content => {}
            Ok(_) => {
                let source = io::Error::new(io::ErrorKind::AlreadyExists, "another file of this name is there");
                return Err(ProjectError::Write { path, source });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => missing.push((path, *content)),
            Err(source) => return Err(ProjectError::Read { path, source }),
        }
    }
    missing.iter().try_for_each(|(path, content)| write(folder, path, content))
}

fn write(folder: &Path, path: &Path, content: &[u8]) -> Result<(), ProjectError> {
    let failed = |source| ProjectError::Write { path: path.to_owned(), source };
    fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
    let secret = path.extension().is_some_and(|extension| extension == "pem");
    let write = if secret { atomic::write_secret } else { atomic::write };
    write(path, content).map_err(failed)
}
