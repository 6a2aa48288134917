//! Decides whether the image on the disk is right, and builds one in memory when it isn't.
//!
//! Right means: every check holds with the project's keys, and inside is this application with these settings. An image
//! that ST's tools made is as good as one of the studio's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use formats::{
    BuiltImage, Expected, FormatError, ImageFacts, ImageFile, ImageForm, ImageKeys, ImageSettings, Outcome,
    PayloadCipher, PrivateKey, Report, build_image, decrypt, verify,
};
use sha2::{Digest, Sha256};

use super::description::{ImageDescription, KeyName};
use super::recipe::{is_hex, stem};
use super::{ImageConfiguration, ImageOutput};
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

/// The image that the files of one boot stage ask for.
pub(crate) struct Wanted<'a> {
    /// Whose keys it is made with.
    stage: &'a Stage,
    image: &'a ImageConfiguration,
    settings: ImageSettings,
    /// Address of the slot that it is placed in to be installed.
    address: u32,
}

impl<'a> Wanted<'a> {
    pub(crate) fn stirot(stirot: &'a StirotStage) -> Self {
        let address = stirot.stage.image.sign.address.unwrap_or(stirot.meaning.download_address);
        Self { stage: &stirot.stage, image: &stirot.stage.image, settings: stirot.image, address }
    }

    /// The image of the application that the user's own boot stage starts. Where its slot lies is said by the image's
    /// settings alone.
    pub(crate) fn second_stage(stage: &'a Stage) -> Result<Self, ProjectError> {
        Self::installed_by(stage, &stage.image)
    }

    /// An image that the user's own boot stage installs: the application's, or the data's.
    pub(crate) fn installed_by(stage: &'a Stage, image: &'a ImageConfiguration) -> Result<Self, ProjectError> {
        let settings = image.sign.oemurot().map_err(|source| image.wrong(source))?;
        let address = image.sign.address.ok_or_else(|| {
            let problem = "argument -x is missing; it says where the image's download slot lies".into();
            image.wrong(FormatError::Setting { setting: "address", problem })
        })?;
        Ok(Self { stage, image, settings, address })
    }
}

/// The keys and the application.
struct Inputs {
    authentication: PrivateKey,
    encryption: PrivateKey,
    application: Vec<u8>,
}

/// Finds the right image on the disk, or builds one in memory.
pub(crate) fn prepare(project: &Project, wanted: &Wanted<'_>) -> Result<Prepared, ProjectError> {
    let inputs = read_inputs(project, wanted)?;
    let path = project.place_output(wanted.image.output.clone());
    let because = match present(wanted, &inputs, &path)? {
        Ok(found) => return Ok(Prepared { output: found.output(wanted, &inputs, path, None), unsaved: None }),
        Err(because) => because,
    };
    let failed = |source| ProjectError::Build { path: path.clone(), source };
    let keys = ImageKeys { signing: &inputs.authentication, encryption: Some(&inputs.encryption.public()) };
    let built = build_image(&inputs.application, &wanted.settings, keys).map_err(failed)?;
    let file = file_bytes(&path, &built, wanted.address).map_err(failed)?;
    // What was built is believed no more than what was found.
    let found =
        assess(wanted, &inputs, &file).map_err(|because| ProjectError::BuiltWrong { path: path.clone(), because })?;
    Ok(Prepared { output: found.output(wanted, &inputs, path, Some(because)), unsaved: Some(file) })
}

/// Why the image on the disk isn't the one that the project asks for; `None` when it is.
pub(crate) fn difference(project: &Project, wanted: &Wanted<'_>) -> Result<Option<String>, ProjectError> {
    let inputs = read_inputs(project, wanted)?;
    let path = project.place_output(wanted.image.output.clone());
    Ok(present(wanted, &inputs, &path)?.err())
}

fn present(wanted: &Wanted<'_>, inputs: &Inputs, path: &Path) -> Result<Result<Right, String>, ProjectError> {
    match fs::read(path) {
        Ok(file) => Ok(assess(wanted, inputs, &file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Err("there is none yet".into())),
        Err(source) => Err(ProjectError::Read { path: path.to_owned(), source }),
    }
}

impl Prepared {
    /// The image, whether it is saved or not.
    pub(crate) fn unsaved(self) -> ImageOutput {
        self.output
    }

    /// Saves the image where that is still to be done.
    pub(crate) fn save(self, project: &Project) -> Result<ImageOutput, ProjectError> {
        if let Some(file) = &self.unsaved {
            outputs::save(project, &self.output.path, file, Confidentiality::Public)?;
        }
        Ok(self.output)
    }
}

/// The application.
pub(crate) fn read_application(image: &ImageConfiguration) -> Result<Vec<u8>, ProjectError> {
    let path = &image.input;
    fs::read(path).map_err(|source| ProjectError::Application { path: path.clone(), source })
}

/// The keys are the configuration's: that the image's settings name the same ones is a rule.
fn read_inputs(project: &Project, wanted: &Wanted<'_>) -> Result<Inputs, ProjectError> {
    let stage = wanted.stage;
    let private = |key: &KeyInUse| project.sources.private_key(key.role, &key.path);
    Ok(Inputs {
        authentication: private(&stage.authentication)?,
        encryption: private(&stage.encryption)?,
        application: payload(read_application(wanted.image)?),
    })
}

/// What of an application's file is loaded, which of an ELF or Intel hex file isn't the file. One that is no program is
/// told by the rules, and no image is made of it.
fn payload(file: Vec<u8>) -> Vec<u8> {
    binary::load_image(&file).map_or(file, |program| program.bytes)
}

/// By the file's ending, as ST's tool does: `.hex`, or else the slot's bytes.
fn file_bytes(path: &Path, built: &BuiltImage, address: u32) -> Result<Vec<u8>, FormatError> {
    if is_hex(path) { built.encode(ImageForm::Hex { address }) } else { built.encode(ImageForm::Slot) }
}

/// An image that was found right.
struct Right {
    bytes: Vec<u8>,
    report: Report,
}

impl Right {
    fn output(self, wanted: &Wanted<'_>, inputs: &Inputs, path: PathBuf, built_because: Option<String>) -> ImageOutput {
        ImageOutput {
            sha256: Sha256::digest(&self.bytes).into(),
            bytes: self.bytes,
            slot_size: wanted.settings.slot_size,
            version: self.report.header.version.to_string(),
            security_counter: self.report.security_counter,
            address: wanted.address,
            description: described(wanted, inputs, path.clone(), &self.report),
            path,
            report: self.report,
            built: built_because.is_some(),
            built_because,
        }
    }
}

/// What an image is that was found right: it has the project's settings and keys, and holds this application.
fn described(wanted: &Wanted<'_>, inputs: &Inputs, file: PathBuf, report: &Report) -> ImageDescription {
    let Wanted { stage, image, settings, address } = wanted;
    let name = |key: &KeyInUse| KeyName { name: stem(&key.path), fingerprint: key.fingerprint };
    ImageDescription {
        facts: ImageFacts {
            profile: settings.profile,
            version: report.header.version,
            security_counter: report.security_counter,
            flags: report.header.flags,
            payload_bytes: inputs.application.len() as u64,
            header_size: report.header.header_size,
            image_bytes: report.image_size.into(),
            slot_size: settings.slot_size,
            trailer_bytes: settings.install.trailer_size(settings.align, PayloadCipher::Aes128),
            hash: report.stated_hash.unwrap_or_default(),
            signed_with: stage.authentication.fingerprint,
            encrypted_for: Some(stage.encryption.fingerprint),
        },
        file,
        application: image.input.clone(),
        address: Some(*address),
        signed_with: name(&stage.authentication),
        encrypted_for: Some(name(&stage.encryption)),
    }
}

/// Whether a file holds the image that the project asks for; otherwise what is another, in words.
fn assess(wanted: &Wanted<'_>, inputs: &Inputs, file: &[u8]) -> Result<Right, String> {
    let settings = &wanted.settings;
    let file = ImageFile::decode(file).map_err(|error| format!("the one on the disk can't be read: {error}"))?;
    if let Some(address) = file.address.filter(|address| *address != wanted.address) {
        return Err(format!(
            "the one on the disk is for {}, the download slot is at {}",
            grouped(address),
            grouped(wanted.address)
        ));
    }
    let expected = Expected {
        authentication: Some(&inputs.authentication.public()),
        decryption: Some(&inputs.encryption),
        slot_size: Some(settings.slot_size),
        profile: Some(settings.profile),
    };
    let report = verify(&file, &expected).map_err(|error| format!("the one on the disk is no whole image: {error}"))?;
    for check in &report.checks {
        if let Outcome::Fails(why) | Outcome::NotCheckable(why) | Outcome::Notice(why) = &check.outcome {
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
    if report.security_counter != settings.counter() {
        return Err(match settings.counter() {
            Some(counter) => format!("the one on the disk has another security counter than {counter:#010x}"),
            None => "the one on the disk has a security counter, the settings ask for none".into(),
        });
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
    Ok(Right { bytes, report })
}

/// Whether a decrypted payload is the application, filled up to whole cipher blocks with zeros.
fn holds(inside: &[u8], application: &[u8]) -> bool {
    inside.len() == application.len().next_multiple_of(16)
        && inside.strip_prefix(application).is_some_and(|fill| fill.iter().all(|byte| *byte == 0))
}
