//! Image and objects: those on the disk that are still right, and the others built and saved.
//!
//! Objects follow from their inputs byte by byte and are compared. An image has random numbers in it: one on the disk
//! is right when it opens with the project's keys and holds this application with these settings.

mod second_stage;

use std::fmt;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use formats::{FormatError, ObkFile, PrivateKey, PublicKey, Secret, StirotConfig};
use sha2::{Digest, Sha256};

use crate::atomic;
use crate::credentials;
use crate::disk::Confidentiality;
use crate::error::ProjectError;
use crate::finding::{Finding, Severity};
use crate::flow::{CERTIFICATE_FILE, Flow};
use crate::image::{self, ImageOutput, Wanted};
use crate::keys::{KeyInUse, KeyRole, Protection};
use crate::project::Project;
use crate::rules;
use crate::settings::{Credential, TargetState};
use crate::sources::Configuration;
use crate::stage::Stage;

pub use second_stage::{SecondStageOutputs, SecondStageTrial};

/// What is written to a board, apart from the loader.
#[derive(Debug)]
pub struct Outputs {
    /// The image that STiRoT installs: the application's, or in two boot stages the second stage's.
    pub image: ImageOutput,
    /// The debug-authentication object of the final state.
    pub debug_authentication: ObkOutput,
    /// STiROT_Config.
    pub configuration: ObkOutput,
    /// STiROT_Data.
    pub data: ObkOutput,
    /// What two boot stages have besides.
    pub second: Option<SecondStageOutputs>,
}

impl Outputs {
    /// The objects in the order in which a chip is given them.
    pub fn objects(&self) -> impl Iterator<Item = &ObkOutput> {
        let second = self.second.iter().flat_map(|second| [&second.configuration, &second.data]);
        [&self.debug_authentication, &self.configuration, &self.data].into_iter().chain(second)
    }

    /// The images, each for its download slot.
    pub fn images(&self) -> impl Iterator<Item = &ImageOutput> {
        [&self.image].into_iter().chain(self.second.iter().flat_map(SecondStageOutputs::images))
    }
}

/// The objects that a chip with STiRoT is given, in memory alone: nothing is read from or written to where outputs go.
#[derive(Debug)]
pub struct StirotObjects {
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
    /// Whether it lies on the disk.
    pub kept: Kept,
}

/// Whether an object lies on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// In its file.
    OnDisk,
    /// In memory only: it holds a private key whose own file is protected by a passphrase, or nobody asked for the file.
    InMemory,
}

/// Neither the body nor the file's hash, from which a password could be guessed.
impl fmt::Debug for ObkOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObkOutput({}, {}, {:?}, built: {})", self.name, self.path.display(), self.obk, self.built)
    }
}

/// Which object of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectRole {
    /// The debug-authentication object of the final state.
    DebugAuthentication,
    /// STiROT_Config.
    StirotConfig,
    /// STiROT_Data.
    StirotData,
    /// The configuration of the user's own boot stage.
    OemConfig,
    /// The counters of the user's own boot stage.
    OemData,
}

impl fmt::Display for ObjectRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DebugAuthentication => "debug authentication",
            Self::StirotConfig => "STiROT_Config",
            Self::StirotData => "STiROT_Data",
            Self::OemConfig => "OEM configuration",
            Self::OemData => "OEM counters",
        })
    }
}

/// An object that a project has: where it goes, and what it is made of.
pub(crate) struct PlannedObject<'a> {
    pub(crate) role: ObjectRole,
    pub(crate) path: PathBuf,
    /// Its xml; an object without one is the same in every project.
    pub(crate) xml: Option<&'a Configuration>,
    /// The key whose private half it holds.
    pub(crate) private_key: Option<&'a KeyInUse>,
    confidentiality: Confidentiality,
    pub(crate) kept: Kept,
}

impl PlannedObject<'_> {
    /// The object's bytes.
    pub(crate) fn build(&self, project: &Project) -> Result<ObkFile, ProjectError> {
        match (self.role, self.xml) {
            (_, Some(xml)) => match self.private_key {
                Some(key) if key.protection == Protection::Locked => {
                    Err(ProjectError::Locked { role: key.role, path: key.path.clone() })
                }
                _ => xml.build(&project.sources),
            },
            (ObjectRole::DebugAuthentication, None) => Ok(ObkFile::da_lock()),
            (ObjectRole::StirotConfig | ObjectRole::StirotData, None) => Ok(ObkFile::stirot_data()),
            (ObjectRole::OemConfig | ObjectRole::OemData, None) => Ok(ObkFile::oemurot_data()),
        }
    }
}

/// The objects of a project, in the order in which a chip is given them.
pub(crate) fn planned_objects(project: &Project, target: TargetState) -> Result<Vec<PlannedObject<'_>>, ProjectError> {
    let mut planned = vec![debug_authentication(project, target)?];
    if let Some(stirot) = &project.stirot {
        planned.extend(of_stage(project, &stirot.stage, [ObjectRole::StirotConfig, ObjectRole::StirotData])?);
    }
    // The counters of an own root of trust at HDPL 1 are another object; what it holds is not known well enough.
    if let Some(oem) = &project.oem {
        let two_stages = project.stirot.is_some();
        let objects = of_stage(project, oem, [ObjectRole::OemConfig, ObjectRole::OemData])?;
        planned.extend(objects.into_iter().filter(|object| two_stages || object.role == ObjectRole::OemConfig));
    }
    Ok(planned)
}

fn debug_authentication(project: &Project, target: TargetState) -> Result<PlannedObject<'_>, ProjectError> {
    let of_credential = project.debug_authentication.as_ref().map(Configuration::output).transpose()?;
    let (path, xml) = match (target, of_credential) {
        (TargetState::Closed, Some(path)) => (path, project.debug_authentication.as_ref()),
        (TargetState::Locked, Some(path)) => (path.with_file_name("DA_ConfigLock.obk"), None),
        (TargetState::Locked, None) => (project.folder.join("DA/Binary/DA_ConfigLock.obk"), None),
        (TargetState::Closed, None) => {
            let missing = PathBuf::from(CERTIFICATE_FILE);
            return Err(ProjectError::NotAProject { folder: project.folder.clone(), missing });
        }
    };
    Ok(PlannedObject {
        role: ObjectRole::DebugAuthentication,
        path: project.place_output(path),
        xml,
        private_key: None,
        // A password is found from its hash in no time.
        confidentiality: Confidentiality::Secret,
        kept: Kept::OnDisk,
    })
}

fn of_stage<'a>(
    project: &'a Project,
    stage: &'a Stage,
    [config, data]: [ObjectRole; 2],
) -> Result<[PlannedObject<'a>; 2], ProjectError> {
    let path = stage.configuration.output()?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    // ST's names go in pairs: X_Config.obk, X_Data.obk.
    let pair = match name.strip_suffix("_Config.obk") {
        Some(stem) => format!("{stem}_Data.obk"),
        None if data == ObjectRole::StirotData => "STiROT_Data.obk".into(),
        None => "OEMuROT_Data.obk".into(),
    };
    let kept = match stage.encryption.protection {
        Protection::Clear => Kept::OnDisk,
        Protection::Locked | Protection::Unlocked => Kept::InMemory,
    };
    let data_path = project.place_output(path.with_file_name(pair));
    Ok([
        PlannedObject {
            role: config,
            path: project.place_output(path),
            xml: Some(&stage.configuration),
            private_key: Some(&stage.encryption),
            confidentiality: Confidentiality::Secret,
            kept,
        },
        PlannedObject {
            role: data,
            path: data_path,
            xml: None,
            private_key: None,
            confidentiality: Confidentiality::Public,
            kept: Kept::OnDisk,
        },
    ])
}

/// Bytes of the two keys in the configuration of the user's own stage (`formats.md` §1.5).
const OEM_AUTHENTICATION: Range<usize> = 0..91;
const OEM_ENCRYPTION: Range<usize> = 91..161;

/// The keys that the configuration object of a stage holds: the one that verifies images, and the one that opens them.
pub(crate) fn keys_inside(role: ObjectRole, obk: &ObkFile) -> Result<(PublicKey, PrivateKey), FormatError> {
    let payload = obk.hashed_payload()?;
    if role == ObjectRole::StirotConfig {
        let config =
            StirotConfig::decode(payload).map_err(|source| FormatError::Layout { what: "the object", source })?;
        return Ok((
            PublicKey::from_stored(config.authentication_key)?,
            PrivateKey::from_stored(config.decryption_key)?,
        ));
    }
    let authentication = payload.get(OEM_AUTHENTICATION).and_then(|bytes| bytes.first_chunk());
    let encryption = payload.get(OEM_ENCRYPTION).and_then(|bytes| bytes.first_chunk());
    match (authentication, encryption) {
        (Some(authentication), Some(encryption)) => {
            Ok((PublicKey::from_stored(authentication)?, PrivateKey::from_stored(encryption)?))
        }
        _ => Err(FormatError::Object { field: "keys", problem: "it is too short to hold two keys".into() }),
    }
}

/// Refuses a project whose files were changed since they were read.
fn require_unchanged(project: &Project) -> Result<(), ProjectError> {
    match project.changed_file() {
        Some(path) => Err(ProjectError::Changed { path: path.to_owned() }),
        None => Ok(()),
    }
}

/// Refuses what a rule holds up.
fn require_no_error(findings: Vec<Finding>) -> Result<(), ProjectError> {
    let findings: Vec<_> = findings.into_iter().filter(|finding| finding.severity == Severity::Error).collect();
    if findings.is_empty() { Ok(()) } else { Err(ProjectError::Rules { findings }) }
}

pub(crate) fn make(project: &Project, target: TargetState) -> Result<Outputs, ProjectError> {
    if !matches!(project.flow(), Flow::Stirot | Flow::StirotOemurot) {
        return Err(ProjectError::OtherFlow { flow: project.flow() });
    }
    require_unchanged(project)?;
    if let Some(key) = project.keys().find(|key| key.protection == Protection::Locked && key.role != KeyRole::DebugRoot)
    {
        return Err(ProjectError::Locked { role: key.role, path: key.path.clone() });
    }
    require_no_error(project.check_for(target))?;
    // Everything that can fail for a reason of its own comes before the first file is written.
    let objects = built(project, target)?;
    let image = image::prepare(project, &Wanted::stirot(project.stirot_stage()?))?;
    let second = second_stage::prepare(project)?;
    let mut saved = objects.into_iter().map(|(planned, obk)| Ok((planned.role, save_object(project, planned, obk)?)));
    let mut next = |wanted: ObjectRole| -> Result<ObkOutput, ProjectError> {
        match saved.next().transpose()? {
            Some((role, output)) if role == wanted => Ok(output),
            _ => Err(ProjectError::OtherFlow { flow: project.flow() }),
        }
    };
    let outputs = Outputs {
        debug_authentication: next(ObjectRole::DebugAuthentication)?,
        configuration: next(ObjectRole::StirotConfig)?,
        data: next(ObjectRole::StirotData)?,
        image: image.save(project)?,
        second: match second {
            Some(second) => {
                let objects = [next(ObjectRole::OemConfig)?, next(ObjectRole::OemData)?];
                Some(second.save(project, objects)?)
            }
            None => None,
        },
    };
    save_password_file(project, target)?;
    Ok(outputs)
}

/// The image that STiRoT installs: of one boot stage the application, of two the second stage.
pub(crate) fn make_image(project: &Project, target: TargetState) -> Result<Option<ImageOutput>, ProjectError> {
    let Some(stirot) = &project.stirot else { return Ok(None) };
    require_buildable(project, &stirot.stage, target)?;
    image::prepare(project, &Wanted::stirot(stirot))?.save(project).map(Some)
}

/// The image that the user's own boot stage installs.
pub(crate) fn make_second_stage_image(
    project: &Project,
    target: TargetState,
) -> Result<Option<ImageOutput>, ProjectError> {
    let Some(oem) = &project.oem else { return Ok(None) };
    require_buildable(project, oem, target)?;
    image::prepare(project, &Wanted::second_stage(oem)?)?.save(project).map(Some)
}

/// The data image that the second stage installs.
pub(crate) fn make_data_image(project: &Project, target: TargetState) -> Result<Option<ImageOutput>, ProjectError> {
    let (Some(oem), Some(image)) = (&project.oem, &project.data_image) else { return Ok(None) };
    require_buildable(project, oem, target)?;
    image::prepare(project, &Wanted::installed_by(oem, image)?)?.save(project).map(Some)
}

/// Refuses to build an image from what was changed, is locked, or breaks a rule.
fn require_buildable(project: &Project, stage: &Stage, target: TargetState) -> Result<(), ProjectError> {
    require_unchanged(project)?;
    if let Some(key) = stage.keys().into_iter().find(|key| key.protection == Protection::Locked) {
        return Err(ProjectError::Locked { role: key.role, path: key.path.clone() });
    }
    require_no_error(rules::findings_of_image(project, target))
}

pub(crate) fn make_objects(project: &Project, target: TargetState) -> Result<Vec<ObkOutput>, ProjectError> {
    require_unchanged(project)?;
    require_no_error(rules::findings_of_objects(project, target))?;
    let saved: Result<Vec<_>, _> =
        built(project, target)?.into_iter().map(|(planned, obk)| save_object(project, planned, obk)).collect();
    let saved = saved?;
    save_password_file(project, target)?;
    Ok(saved)
}

/// The file that answers for a board with the object by password.
fn save_password_file(project: &Project, target: TargetState) -> Result<(), ProjectError> {
    match (target, project.settings.debug_authentication) {
        (TargetState::Closed, Credential::Password) => credentials::save_password_file(project),
        _ => Ok(()),
    }
}

pub(crate) fn stirot_objects(project: &Project, target: TargetState) -> Result<StirotObjects, ProjectError> {
    require_unchanged(project)?;
    require_no_error(rules::findings_of_objects(project, target))?;
    let mut found = built(project, target)?.into_iter().map(|(planned, obk)| (planned.role, in_memory(planned, obk)));
    let mut of = |wanted: ObjectRole| match found.next() {
        Some((role, object)) if role == wanted => Ok(object),
        _ => Err(ProjectError::OtherFlow { flow: project.flow() }),
    };
    Ok(StirotObjects {
        debug_authentication: of(ObjectRole::DebugAuthentication)?,
        configuration: of(ObjectRole::StirotConfig)?,
        data: of(ObjectRole::StirotData)?,
    })
}

/// What an application of two boot stages is tried with.
pub(crate) fn second_stage_trial(
    project: &Project,
    target: TargetState,
) -> Result<Option<SecondStageTrial>, ProjectError> {
    require_unchanged(project)?;
    require_no_error(rules::findings_of_objects(project, target))?;
    second_stage::for_trial(project, || {
        let mut found = built(project, target)?.into_iter();
        let mut of = |wanted: ObjectRole| {
            let object = found.find(|(planned, _)| planned.role == wanted);
            let object = object.ok_or(ProjectError::OtherFlow { flow: project.flow() })?;
            Ok(in_memory(object.0, object.1))
        };
        Ok([of(ObjectRole::OemConfig)?, of(ObjectRole::OemData)?])
    })
}

fn built(project: &Project, target: TargetState) -> Result<Vec<(PlannedObject<'_>, ObkFile)>, ProjectError> {
    let planned = planned_objects(project, target)?;
    planned
        .into_iter()
        .map(|object| {
            let obk = object.build(project)?;
            Ok((object, obk))
        })
        .collect()
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

fn in_memory(planned: PlannedObject<'_>, obk: ObkFile) -> ObkOutput {
    let sha256 = Sha256::digest(&*obk.encode()).into();
    ObkOutput { name: name_of(&planned.path), path: planned.path, obk, sha256, built: true, kept: Kept::InMemory }
}

/// What an object is called: its file's name without the ending.
fn name_of(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

fn save_object(project: &Project, planned: PlannedObject<'_>, obk: ObkFile) -> Result<ObkOutput, ProjectError> {
    let PlannedObject { path, confidentiality, kept, .. } = planned;
    let bytes = obk.encode();
    let built = match fs::read(&path).map(Secret::new) {
        Ok(present) if present == bytes => false,
        Ok(_) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(source) => return Err(ProjectError::Read { path, source }),
    };
    if built && kept == Kept::OnDisk {
        save(project, &path, &bytes, confidentiality)?;
    }
    Ok(ObkOutput { name: name_of(&path), sha256: Sha256::digest(&*bytes).into(), path, obk, built, kept })
}
