//! The image on the disk against the keys inside the object that the chip is given, the application, and the slot.

use std::fs;

use formats::{CheckName, Expected, ImageFile, ImageProfile, Outcome, PrivateKey, PublicKey, verify};

use super::stage::present;
use super::{Belonging, PartId, Seen, file_name};
use crate::error::ProjectError;
use crate::grouped::grouped;
use crate::image::{self, ImageConfiguration, Wanted};
use crate::outputs::{ObjectRole, PlannedObject, keys_inside, planned_objects};
use crate::project::Project;

/// An image with what it has to fit.
pub(super) struct Chain<'a> {
    /// The program or the data that it holds, it, and its slot.
    pub(super) parts: [PartId; 3],
    /// The object with the keys that it is verified with.
    pub(super) object: ObjectRole,
    pub(super) profile: ImageProfile,
    pub(super) image: &'a ImageConfiguration,
    pub(super) wanted: Wanted<'a>,
    /// What its input is, in a few words.
    pub(super) detail: &'static str,
    /// What its slot is called.
    pub(super) slot_name: &'static str,
    /// The slot: address and bytes.
    pub(super) slot: (u32, u32),
}

pub(super) fn add(whole: &mut Belonging, project: &Project) {
    let Some(stirot) = &project.stirot else { return };
    let chain = Chain {
        parts: [PartId::Application, PartId::Image, PartId::Slot],
        object: ObjectRole::StirotConfig,
        profile: ImageProfile::Stirot,
        image: &stirot.stage.image,
        wanted: Wanted::stirot(stirot),
        detail: if project.oem.is_some() { "what STiRoT starts" } else { "what runs" },
        slot_name: "Download slot",
        slot: (stirot.meaning.download_address, stirot.meaning.firmware_size),
    };
    add_chain(whole, project, &chain);
}

/// The parts of an image's chain and their links.
pub(super) fn add_chain(whole: &mut Belonging, project: &Project, chain: &Chain<'_>) {
    let path = project.place_output(chain.image.output.clone());
    let input = &chain.image.input;
    let [application, image, slot] = chain.parts;
    whole.add_part(application, file_name(input), chain.detail, Some(input.clone()));
    whole.add_part(image, file_name(&path), format!("version {}", chain.image.sign.version), Some(path.clone()));
    whole.add_part(slot, chain.slot_name, grouped(chain.slot.0), None);
    let file = match fs::read(&path) {
        Ok(bytes) => ImageFile::decode(&bytes).map_err(|problem| Seen::stale(format!("it can't be read: {problem}"))),
        Err(_) if !input.is_file() => {
            Err(Seen::unknown(format!("{} isn't there yet, its image can't be", file_name(input))))
        }
        Err(_) => Err(Seen::stale(format!("{} isn't there yet", file_name(&path)))),
    };
    let told = |judge: &dyn Fn(&ImageFile) -> Seen| match &file {
        Ok(file) => judge(file),
        Err(seen) => seen.clone(),
    };
    whole.add(PartId::Object(chain.object), image, told(&|file| by_object(project, chain, file)));
    whole.add(application, image, by_application(project, chain));
    whole.add(image, slot, told(&|file| in_slot(chain, file)));
}

/// What an image is verified against, the keys and the slot left out.
const fn of(profile: ImageProfile) -> Expected<'static> {
    Expected { authentication: None, decryption: None, slot_size: None, profile: Some(profile) }
}

/// Whether a chip with the object on the disk takes the image on the disk.
fn by_object(project: &Project, chain: &Chain<'_>, file: &ImageFile) -> Seen {
    let Ok(planned) = planned_objects(project, project.settings.final_state) else {
        return Seen::unknown("the configuration names no output");
    };
    let Some(object) = planned.iter().find(|object| object.role == chain.object) else {
        return Seen::unknown("the flow has no such configuration");
    };
    match keys_of(project, object) {
        Ok((authentication, decryption)) => {
            let keys =
                Expected { authentication: Some(&authentication), decryption: Some(&decryption), ..of(chain.profile) };
            match verify(file, &keys) {
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

/// Whether the image holds this program with these settings.
fn by_application(project: &Project, chain: &Chain<'_>) -> Seen {
    match image::difference(project, &chain.wanted) {
        Ok(None) => Seen::holds(format!("it holds {} as it is now", file_name(&chain.image.input))),
        Ok(Some(because)) => Seen::stale(format!("the image: {because}")),
        Err(ProjectError::Locked { role, .. }) => {
            Seen::unknown(format!("the {role} key must be opened with its passphrase before the image can be"))
        }
        // A second stage can be made, signed and started before there is anything that it starts.
        Err(ProjectError::Application { path, .. }) if chain.profile == ImageProfile::Oemurot => {
            Seen::unknown(format!("{} isn't there yet", file_name(&path)))
        }
        Err(problem) => Seen::broken(format!("{problem}; {}", problem.help()), None),
    }
}

/// Whether the image is for the slot that its stage looks into.
fn in_slot(chain: &Chain<'_>, file: &ImageFile) -> Seen {
    let (wanted, size) = chain.slot;
    if let Some(address) = file.address.filter(|address| *address != wanted) {
        return Seen::stale(format!("it is for {}, the slot is at {}", grouped(address), grouped(wanted)));
    }
    let expected = Expected { slot_size: Some(size), ..of(chain.profile) };
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
