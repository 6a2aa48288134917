//! Decides whether the image on the disk is right, and builds one in memory when it isn't.
//!
//! Right means: every check holds with the project's keys, and inside is this application with these settings. An image
//! that ST's tools made is as good as one of the studio's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use formats::{BuiltImage, Expected, ImageFile, Outcome, PrivateKey, Report, build_image, decrypt, verify};
use sha2::{Digest, Sha256};

use super::ImageOutput;
use crate::binary;
use crate::disk::Confidentiality;
use crate::error::ProjectError;
use crate::grouped::grouped;
use crate::keys::KeyInUse;
use crate::outputs;
use crate::project::Project;
use crate::stage::{Stage, StirotStage};

/// An image that is known to be right, saved already or not.
#[derive(Debug)]
pub(crate) struct Prepared {
    output: ImageOutput,
    /// The file's bytes, when they are still to be saved.
    unsaved: Option<Vec<u8>>,
}

/// The keys and the application, and what an image is measured against.
struct Inputs {
    authentication: PrivateKey,
    encryption: PrivateKey,
    application: Vec<u8>,
    address: u32,
}

/// Finds the right image on the disk, or builds one in memory.
pub(crate) fn prepare(project: &Project) -> Result<Prepared, ProjectError> {
    let stirot = project.stirot_stage()?;
    let inputs = read_inputs(project, stirot)?;
    let path = project.place_output(stirot.stage.image.output.clone());
    let because = match present(stirot, &inputs, &path)? {
        Ok(found) => return Ok(Prepared { output: found.output(path, &inputs, None), unsaved: None }),
        Err(because) => because,
    };
    let failed = |source| ProjectError::Build { path: path.clone(), source };
    let built = build_image(&inputs.application, &stirot.image, &inputs.authentication, &inputs.encryption.public())
        .map_err(failed)?;
    let file = file_bytes(&path, &built, inputs.address).map_err(failed)?;
    // What was built is believed no more than what was found.
    let found =
        assess(stirot, &inputs, &file).map_err(|because| ProjectError::BuiltWrong { path: path.clone(), because })?;
    Ok(Prepared { output: found.output(path, &inputs, Some(because)), unsaved: Some(file) })
}

/// Why the image on the disk isn't the one that the project asks for; `None` when it is.
pub(crate) fn difference(project: &Project) -> Result<Option<String>, ProjectError> {
    let stirot = project.stirot_stage()?;
    let inputs = read_inputs(project, stirot)?;
    let path = project.place_output(stirot.stage.image.output.clone());
    Ok(present(stirot, &inputs, &path)?.err())
}

fn present(stirot: &StirotStage, inputs: &Inputs, path: &Path) -> Result<Result<Right, String>, ProjectError> {
    match fs::read(path) {
        Ok(file) => Ok(assess(stirot, inputs, &file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Err("there is none yet".into())),
        Err(source) => Err(ProjectError::Read { path: path.to_owned(), source }),
    }
}

impl Prepared {
    /// Saves the image where that is still to be done.
    pub(crate) fn save(self, project: &Project) -> Result<ImageOutput, ProjectError> {
        if let Some(file) = &self.unsaved {
            outputs::save(project, &self.output.path, file, Confidentiality::Public)?;
        }
        Ok(self.output)
    }
}

/// The application.
pub(super) fn read_application(stage: &Stage) -> Result<Vec<u8>, ProjectError> {
    let path = &stage.image.input;
    fs::read(path).map_err(|source| ProjectError::Application { path: path.clone(), source })
}

/// The keys are the configuration's: that the image's settings name the same ones is a rule.
fn read_inputs(project: &Project, stirot: &StirotStage) -> Result<Inputs, ProjectError> {
    let private = |key: &KeyInUse| project.sources.private_key(key.role, &key.path);
    Ok(Inputs {
        authentication: private(&stirot.stage.authentication)?,
        encryption: private(&stirot.stage.encryption)?,
        application: payload(read_application(&stirot.stage)?),
        address: stirot.stage.image.sign.address.unwrap_or(stirot.meaning.download_address),
    })
}

/// What of an application's file is loaded, which of an ELF or Intel hex file isn't the file. One that is no program is
/// told by the rules, and no image is made of it.
fn payload(file: Vec<u8>) -> Vec<u8> {
    binary::load_image(&file).map_or(file, |program| program.bytes)
}

/// By the file's ending, as ST's tool does: `.hex`, or else the slot's bytes.
fn file_bytes(path: &Path, built: &BuiltImage, address: u32) -> Result<Vec<u8>, formats::FormatError> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("hex")) {
        built.to_hex(address).map(String::into_bytes)
    } else {
        Ok(built.to_bin())
    }
}

/// An image that was found right.
struct Right {
    bytes: Vec<u8>,
    report: Report,
    slot_size: u32,
    security_counter: u32,
}

impl Right {
    fn output(self, path: PathBuf, inputs: &Inputs, built_because: Option<String>) -> ImageOutput {
        ImageOutput {
            path,
            sha256: Sha256::digest(&self.bytes).into(),
            bytes: self.bytes,
            slot_size: self.slot_size,
            version: self.report.header.version.to_string(),
            security_counter: self.security_counter,
            address: inputs.address,
            report: self.report,
            built: built_because.is_some(),
            built_because,
        }
    }
}

/// Whether a file holds the image that the project asks for; otherwise what is another, in words.
fn assess(stirot: &StirotStage, inputs: &Inputs, file: &[u8]) -> Result<Right, String> {
    let settings = &stirot.image;
    let file = ImageFile::decode(file).map_err(|error| format!("the one on the disk can't be read: {error}"))?;
    if let Some(address) = file.address.filter(|address| *address != inputs.address) {
        return Err(format!(
            "the one on the disk is for {}, the download slot is at {}",
            grouped(address),
            grouped(inputs.address)
        ));
    }
    let expected = Expected {
        authentication: Some(&inputs.authentication.public()),
        decryption: Some(&inputs.encryption),
        slot_size: Some(settings.slot_size),
    };
    let report = verify(&file, &expected).map_err(|error| format!("the one on the disk is no whole image: {error}"))?;
    for check in &report.checks {
        if let Outcome::Fails(why) | Outcome::NotCheckable(why) = &check.outcome {
            return Err(format!("the one on the disk fails the check “{}”: {why}", check.name.text()));
        }
    }
    let header = report.header;
    if header.version != settings.version {
        return Err(format!(
            "the one on the disk is version {}, the settings say {}",
            header.version, settings.version
        ));
    }
    let counter = settings.security_counter.number(settings.version);
    if report.security_counter != Some(counter) {
        return Err(format!("the one on the disk has another security counter than {counter:#010x}"));
    }
    if header.header_size != settings.header_size {
        return Err(format!("the one on the disk has a header of {:#x} bytes", header.header_size));
    }
    let inside =
        decrypt(&file, &inputs.encryption).map_err(|error| format!("the one on the disk can't be opened: {error}"))?;
    if !holds(&inside, &inputs.application) {
        return Err("the application was changed".into());
    }
    let size = usize::try_from(report.image_size).unwrap_or(usize::MAX);
    let bytes = file.content.get(..size).ok_or("the one on the disk is cut short")?.to_vec();
    Ok(Right { bytes, report, slot_size: settings.slot_size, security_counter: counter })
}

/// Whether a decrypted payload is the application, filled up to whole cipher blocks with zeros.
fn holds(inside: &[u8], application: &[u8]) -> bool {
    inside.len() == application.len().next_multiple_of(16)
        && inside.strip_prefix(application).is_some_and(|fill| fill.iter().all(|byte| *byte == 0))
}
