//! The image on the disk against the keys inside the object that the chip is given, the application, and the slot.

use std::fs;

use formats::{CheckName, Expected, ImageFile, ImageProfile, Outcome, PrivateKey, PublicKey, verify};

use super::stage::present;
use super::{Belonging, PartId, Seen, file_name};
use crate::error::ProjectError;
use crate::grouped::grouped;
use crate::image;
use crate::outputs::{ObjectRole, PlannedObject, keys_inside, planned_objects};
use crate::project::Project;
use crate::stage::StirotStage;

/// What an image for STiRoT is verified against, the keys and the slot left out.
const STIROT: Expected<'_> =
    Expected { authentication: None, decryption: None, slot_size: None, profile: Some(ImageProfile::Stirot) };

pub(super) fn add(whole: &mut Belonging, project: &Project) {
    let Some(stirot) = &project.stirot else { return };
    let path = project.place_output(stirot.stage.image.output.clone());
    let input = &stirot.stage.image.input;
    whole.add_part(PartId::Application, file_name(input), "what runs", Some(input.clone()));
    whole.add_part(PartId::Image, file_name(&path), format!("version {}", stirot.image.version), Some(path.clone()));
    whole.add_part(PartId::Slot, "Download slot", grouped(stirot.meaning.download_address), None);
    let file = match fs::read(&path) {
        Ok(bytes) => ImageFile::decode(&bytes).map_err(|problem| Seen::stale(format!("it can't be read: {problem}"))),
        Err(_) => Err(Seen::stale(format!("{} isn't there yet", file_name(&path)))),
    };
    let by_object = match &file {
        Ok(file) => by_object(project, file),
        Err(seen) => seen.clone(),
    };
    whole.add(PartId::Object(ObjectRole::StirotConfig), PartId::Image, by_object);
    whole.add(PartId::Application, PartId::Image, by_application(project, stirot));
    let in_slot = match &file {
        Ok(file) => in_slot(stirot, file),
        Err(seen) => seen.clone(),
    };
    whole.add(PartId::Image, PartId::Slot, in_slot);
}

/// Whether a chip with the object on the disk takes the image on the disk.
fn by_object(project: &Project, file: &ImageFile) -> Seen {
    let Ok(planned) = planned_objects(project, project.settings.final_state) else {
        return Seen::unknown("the configuration names no output");
    };
    let Some(object) = planned.iter().find(|object| object.role == ObjectRole::StirotConfig) else {
        return Seen::unknown("the flow has no configuration of STiRoT");
    };
    match keys_of(project, object) {
        Ok((authentication, decryption)) => {
            let expected = Expected { authentication: Some(&authentication), decryption: Some(&decryption), ..STIROT };
            match verify(file, &expected) {
                Ok(report) => match report.checks.iter().find_map(|check| match &check.outcome {
                    Outcome::Fails(why) => Some(format!("{}: {why}", check.name.text())),
                    _ => None,
                }) {
                    None => Seen::holds(format!(
                        "signed for {} and opened by {}, the keys in the object",
                        authentication.fingerprint().short(),
                        decryption.public().fingerprint().short()
                    )),
                    Some(why) => Seen::stale(format!("the keys in the object refuse the image: {why}")),
                },
                Err(problem) => Seen::stale(format!("it is no whole image: {problem}")),
            }
        }
        Err(seen) => seen,
    }
}

fn keys_of(project: &Project, object: &PlannedObject<'_>) -> Result<(PublicKey, PrivateKey), Seen> {
    keys_inside(object.role, &present(project, object)?)
        .map_err(|problem| Seen::stale(format!("the object can't be read: {problem}")))
}

/// Whether the image holds this application with these settings.
fn by_application(project: &Project, stirot: &StirotStage) -> Seen {
    match image::difference(project, &image::Wanted::stirot(stirot)) {
        Ok(None) => Seen::holds(format!("it holds {} as it is now", file_name(&stirot.stage.image.input))),
        Ok(Some(because)) => Seen::stale(format!("the image: {because}")),
        Err(ProjectError::Locked { role, .. }) => {
            Seen::unknown(format!("the {role} key must be opened with its passphrase before the image can be"))
        }
        Err(problem) => Seen::broken(format!("{problem}; {}", problem.help()), None),
    }
}

/// Whether the image is for the slot that STiRoT is configured for.
fn in_slot(stirot: &StirotStage, file: &ImageFile) -> Seen {
    let (wanted, size) = (stirot.meaning.download_address, stirot.meaning.firmware_size);
    if let Some(address) = file.address.filter(|address| *address != wanted) {
        return Seen::stale(format!("it is for {}, the slot is at {}", grouped(address), grouped(wanted)));
    }
    let expected = Expected { slot_size: Some(size), ..STIROT };
    let report = match verify(file, &expected) {
        Ok(report) => report,
        Err(problem) => return Seen::stale(format!("it is no whole image: {problem}")),
    };
    match (report.outcome(CheckName::Slot), report.outcome(CheckName::Extent)) {
        (Some(Outcome::Fails(why)), _) | (_, Some(Outcome::Notice(why))) => {
            Seen::broken(format!("it doesn't fit: {why}"), None)
        }
        (Some(Outcome::Holds(_)), _) => Seen::holds(format!("it is for {} and fits {size:#x} bytes", grouped(wanted))),
        (Some(Outcome::NotCheckable(why) | Outcome::Notice(why)), _) => Seen::unknown(why.clone()),
        (None, _) => Seen::unknown("not checked"),
    }
}
