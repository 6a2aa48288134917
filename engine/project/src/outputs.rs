//! Image and objects: those on the disk that are still right, and the others built and saved.
//!
//! Objects follow from their inputs byte by byte and are compared. An image has random numbers in it: one on the disk
//! is right when it opens with the project's keys and holds this application with these settings.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use formats::{ObkFile, Secret};
use sha2::{Digest, Sha256};

use crate::atomic;
use crate::error::ProjectError;
use crate::finding::Severity;
use crate::image::{self, ImageOutput};
use crate::project::Project;
use crate::settings::TargetState;
use crate::source_files::Configuration;

/// What is written to a board, apart from the loader.
#[derive(Debug)]
pub struct Outputs {
    /// The application's image.
    pub image: ImageOutput,
    /// The debug-authentication object of the final state.
    pub debug_authentication: ObkOutput,
    /// STiROT_Config.
    pub configuration: ObkOutput,
    /// STiROT_Data.
    pub data: ObkOutput,
}

/// An object for the option-byte keys, as it lies on the disk.
pub struct ObkOutput {
    /// Name, as ST calls it: the file's name without `.obk`.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// The object.
    pub obk: ObkFile,
    /// SHA-256 of the file. A password can be guessed from it: for comparing only, never to be shown or kept.
    pub sha256: [u8; 32],
    /// Whether it was built just now; otherwise the file was there and right.
    pub built: bool,
}

/// Neither the body nor the file's hash, from which a password could be guessed.
impl fmt::Debug for ObkOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObkOutput({}, {}, {:?}, built: {})", self.name, self.path.display(), self.obk, self.built)
    }
}

/// Whether a file holds what nobody else may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confidentiality {
    Public,
    Secret,
}

/// An object that is known but not yet saved.
struct Pending {
    path: PathBuf,
    obk: ObkFile,
    confidentiality: Confidentiality,
}

/// Where the objects go, by the names they have in [`Outputs`].
pub(crate) struct ObjectPaths {
    pub(crate) debug_authentication: PathBuf,
    pub(crate) configuration: PathBuf,
    pub(crate) data: PathBuf,
}

pub(crate) fn object_paths(project: &Project, target: TargetState) -> Result<ObjectPaths, ProjectError> {
    let configuration = project.configuration.output()?;
    let data = configuration.with_file_name("STiROT_Data.obk");
    let of_credential = project.debug_authentication.as_ref().map(Configuration::output).transpose()?;
    let debug_authentication = match (target, of_credential) {
        (TargetState::Closed, Some(path)) => path,
        (TargetState::Locked, Some(path)) => path.with_file_name("DA_ConfigLock.obk"),
        (_, None) => project.folder.join("DA/Binary/DA_ConfigLock.obk"),
    };
    Ok(ObjectPaths {
        debug_authentication: project.place_output(debug_authentication),
        configuration: project.place_output(configuration),
        data: project.place_output(data),
    })
}

/// The debug-authentication object for a final state.
pub(crate) fn debug_authentication_object(project: &Project, target: TargetState) -> Result<ObkFile, ProjectError> {
    match (target, &project.debug_authentication) {
        (TargetState::Locked, _) => Ok(ObkFile::da_lock()),
        (TargetState::Closed, Some(file)) => file.build(),
        (TargetState::Closed, None) => Err(ProjectError::NotAProject {
            folder: project.folder.clone(),
            missing: PathBuf::from(crate::project::CERTIFICATE_FILE),
        }),
    }
}

pub(crate) fn make(project: &Project, target: TargetState) -> Result<Outputs, ProjectError> {
    if let Some(path) = project.changed_file() {
        return Err(ProjectError::Changed { path: path.to_owned() });
    }
    let findings: Vec<_> =
        project.check_for(target).into_iter().filter(|finding| finding.severity == Severity::Error).collect();
    if !findings.is_empty() {
        return Err(ProjectError::Rules { findings });
    }
    let paths = object_paths(project, target)?;
    let pending = [
        Pending {
            path: paths.debug_authentication,
            obk: debug_authentication_object(project, target)?,
            // A password is found from its hash in no time.
            confidentiality: Confidentiality::Secret,
        },
        Pending {
            path: paths.configuration,
            obk: project.configuration.build()?,
            confidentiality: Confidentiality::Secret,
        },
        Pending { path: paths.data, obk: ObkFile::stirot_data(), confidentiality: Confidentiality::Public },
    ];
    // Everything that can fail for a reason of its own comes before the first file is written.
    let image = image::prepare(project)?;
    let [debug_authentication, configuration, data] = pending;
    Ok(Outputs {
        debug_authentication: save_object(project, debug_authentication)?,
        configuration: save_object(project, configuration)?,
        data: save_object(project, data)?,
        image: image.save(project)?,
    })
}

/// Saves an output; its folder is made when there is none. In the user's data it is the user's alone.
pub(crate) fn save(
    project: &Project,
    path: &Path,
    bytes: &[u8],
    confidentiality: Confidentiality,
) -> Result<(), ProjectError> {
    let failed = |source| ProjectError::Write { path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(&project.folder);
    match project.redirected {
        Some(_) => atomic::create_private_folder(folder),
        None => fs::create_dir_all(folder),
    }
    .map_err(failed)?;
    match confidentiality {
        Confidentiality::Public => atomic::write(path, bytes),
        Confidentiality::Secret => atomic::write_secret(path, bytes),
    }
    .map_err(failed)
}

fn save_object(project: &Project, pending: Pending) -> Result<ObkOutput, ProjectError> {
    let Pending { path, obk, confidentiality } = pending;
    let bytes = obk.encode();
    let built = match fs::read(&path).map(Secret::new) {
        Ok(present) if present == bytes => false,
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(source) => return Err(ProjectError::Read { path, source }),
    };
    if built {
        save(project, &path, &bytes, confidentiality)?;
    }
    let name = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    Ok(ObkOutput { name, sha256: Sha256::digest(&*bytes).into(), path, obk, built })
}
