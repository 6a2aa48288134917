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
use crate::error::ProjectError;
use crate::keys::{self, KeyRole};
use crate::outputs::{self, Confidentiality};
use crate::project::Project;

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
    let inputs = read_inputs(project)?;
    let path = project.place_output(project.image.output.clone());
    let because = match fs::read(&path) {
        Ok(file) => match assess(project, &inputs, &file) {
            Ok(found) => return Ok(Prepared { output: found.output(path, &inputs, None), unsaved: None }),
            Err(because) => because,
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => "there was none".into(),
        Err(source) => return Err(ProjectError::Read { path, source }),
    };
    let failed = |source| ProjectError::Build { path: path.clone(), source };
    let settings = &project.image.settings;
    let built = build_image(&inputs.application, settings, &inputs.authentication, &inputs.encryption.public())
        .map_err(failed)?;
    let file = file_bytes(&path, &built, inputs.address).map_err(failed)?;
    // What was built is believed no more than what was found.
    let found =
        assess(project, &inputs, &file).map_err(|because| ProjectError::BuiltWrong { path: path.clone(), because })?;
    Ok(Prepared { output: found.output(path, &inputs, Some(because)), unsaved: Some(file) })
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
pub(super) fn read_application(project: &Project) -> Result<Vec<u8>, ProjectError> {
    let path = &project.image.input;
    fs::read(path).map_err(|source| ProjectError::Application { path: path.clone(), source })
}

/// The keys are the configuration's: that the image's settings name the same ones is a rule.
fn read_inputs(project: &Project) -> Result<Inputs, ProjectError> {
    Ok(Inputs {
        authentication: keys::read_private(KeyRole::Authentication, &project.authentication.path)?,
        encryption: keys::read_private(KeyRole::Encryption, &project.encryption.path)?,
        application: read_application(project)?,
        address: project.image.address.unwrap_or(project.stirot.download_address),
    })
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
fn assess(project: &Project, inputs: &Inputs, file: &[u8]) -> Result<Right, String> {
    let settings = &project.image.settings;
    let file = ImageFile::decode(file).map_err(|error| format!("the one on the disk can't be read: {error}"))?;
    if let Some(address) = file.address.filter(|address| *address != inputs.address) {
        return Err(format!(
            "the one on the disk is for {address:#010x}, the download slot is at {:#010x}",
            inputs.address
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
