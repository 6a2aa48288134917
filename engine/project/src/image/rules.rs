//! Rules about the image: its settings against the configuration, the application, the keys of an image on the disk.

use std::fs;

use chip::loader::IMAGE_HEADER_SIZE;
use formats::{Expected, FormatError, ImageFile, verify};

use super::prepare::{prepare, read_application};
use crate::error::ProjectError;
use crate::finding::{Finding, Severity};
use crate::keys::{self, KeyRole};
use crate::project::Project;
use crate::rules::{error, from_error};
use crate::stirot::field;

/// R7, R16, R17 and P2.
pub(crate) fn findings(project: &Project) -> Vec<Finding> {
    let mut found = settings(project);
    found.extend(image_keys(project));
    match read_application(project) {
        Ok(application) => found.extend(link_address(project, &application)),
        Err(problem) => found.push(from_error("P2", &project.image.path, Some("Firmware binary input file"), &problem)),
    }
    found.extend(swapped(project));
    if found.iter().any(|finding| finding.severity == Severity::Error) {
        return found;
    }
    if let Err(problem) = prepare(project) {
        let id = match &problem {
            ProjectError::Build { source: FormatError::DoesNotFit { .. }, .. } => "R16",
            _ => "R17",
        };
        found.push(from_error(id, &project.image.path, None, &problem));
    }
    found
}

/// R17: slot and header are those that STiROT is configured for.
fn settings(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    let (image, stirot) = (&project.image, &project.stirot);
    let file = &image.path;
    if image.settings.slot_size != stirot.firmware_size {
        let text = format!(
            "the image is for a slot of {:#x} bytes, the configuration has {:#x}",
            image.settings.slot_size, stirot.firmware_size
        );
        let help = "take the value from the configuration with <Link></Link>";
        found.push(error("R17", file, Some(field::FIRMWARE_SIZE), text, help));
    }
    if image.address != Some(stirot.download_address) {
        let text = match image.address {
            Some(address) => {
                format!("the image is for {address:#010x}, the download slot is at {:#010x}", stirot.download_address)
            }
            None => "the image has no address (argument -x)".into(),
        };
        let help = "take the value from the configuration with <Link></Link>";
        found.push(error("R17", file, Some(field::DOWNLOAD_ADDRESS), text, help));
    }
    if u32::from(image.settings.header_size) != IMAGE_HEADER_SIZE {
        let text = format!(
            "a header of {:#x} bytes; STiROT starts the code {IMAGE_HEADER_SIZE:#x} behind the start of the area",
            image.settings.header_size
        );
        found.push(error("R17", file, Some("Header Size"), text, "write 0x400"));
    }
    found
}

/// R7: the image is signed and encrypted with the keys that the chip is given.
fn image_keys(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    let (image, stirot) = (&project.image, &project.stirot);
    let pairs = [
        (KeyRole::Authentication, &image.authentication_key, stirot.authentication_key, field::AUTHENTICATION_KEY),
        (KeyRole::Encryption, &image.encryption_key, stirot.encryption_key, field::ENCRYPTION_KEY),
    ];
    for (role, path, expected, name) in pairs {
        match keys::read_public(role, path) {
            Ok(key) if key.fingerprint() == expected => {}
            Ok(key) => {
                let text = format!(
                    "the image's {role} key is {} ({}), the chip is given {}",
                    key.fingerprint().short(),
                    path.display(),
                    expected.short()
                );
                let help = "take the key from the configuration: <Link></Link>, for the encryption key GetPublic";
                found.push(error("R7", &image.path, Some(name), text, help));
            }
            Err(problem) => found.push(from_error("R7", &image.path, Some(name), &problem)),
        }
    }
    found
}

/// R17: the application begins with a vector table whose reset handler lies where it will be run.
fn link_address(project: &Project, application: &[u8]) -> Option<Finding> {
    let file = &project.image.input;
    let start = project.stirot.firmware_address.saturating_add(IMAGE_HEADER_SIZE);
    let end = u64::from(start) + application.len() as u64;
    let help =
        format!("link the application for {start:#010x}, the firmware area's address plus {IMAGE_HEADER_SIZE:#x}");
    let reset =
        application.get(4..8).and_then(|bytes| bytes.first_chunk::<4>()).map(|bytes| u32::from_le_bytes(*bytes));
    let Some(reset) = reset else {
        return Some(error("R17", file, None, "it is too short to begin with a vector table", help));
    };
    let runs = reset & 1 == 1 && reset >= start && u64::from(reset) < end;
    (!runs).then(|| {
        let text =
            format!("its reset handler is at {reset:#010x}, the code will be at {start:#010x} to {:#010x}", end - 1);
        error("R17", file, None, text, help)
    })
}

/// R7: an image on the disk that opens the other way round says that the configuration's keys are swapped. Images of
/// other keys say nothing: they are built anew.
fn swapped(project: &Project) -> Option<Finding> {
    let path = project.place_output(project.image.output.clone());
    let file = ImageFile::decode(&fs::read(&path).ok()?).ok()?;
    let report = verify(&file, &Expected::default()).ok()?;
    let encryption = keys::read_public(KeyRole::Encryption, &project.encryption.path).ok()?;
    (report.stated_key_hash == Some(encryption.image_key_hash())).then(|| {
        let text = format!(
            "{} was signed with the key that is the encryption key here: authentication and encryption key are swapped",
            path.display()
        );
        let help = "exchange the two keys' paths; if the image is what was made wrongly, remove it";
        error("R7", &project.configuration.path, Some(field::ENCRYPTION_KEY), text, help)
    })
}
