//! Rules about the image: its settings against the configuration, the application, the keys of an image on the disk.

use std::fs;
use std::path::Path;

use chip::loader::IMAGE_HEADER_SIZE;
use formats::{Expected, FormatError, ImageFile, verify};

use super::prepare::{Prepared, Wanted, prepare, read_application};
use super::{ImageConfiguration, second_stage_rules};
use crate::application::{ApplicationFacts, application_facts};
use crate::error::ProjectError;
use crate::finding::{Finding, NewValue, RegionName, Severity};
use crate::grouped::grouped;
use crate::keys::KeyRole;
use crate::project::Project;
use crate::rules::{RAM_ALIGNMENT, exchange, from_error, geometry_of, usable_ram};
use crate::stage::{Stage, StirotStage};
use crate::stirot::field;

/// Name of the field that names the application.
pub(crate) const INPUT: &str = "Firmware binary input file";
/// Name of the field with the size of the slots in the settings of an image for a stage of the user's own.
pub(crate) const SLOT_SIZE: &str = "Firmware area size";
/// Name of its field with the address of the download slot.
pub(crate) const ADDRESS: &str = "Hex format";
/// Name of the field that names the image.
pub(crate) const OUTPUT: &str = "Image output file";

/// R7, R14, R16, R17 and P2.
pub(crate) fn findings(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(oem) = &project.oem {
        found.extend(second_stage_rules::findings(project, oem));
    }
    let Some(stirot) = &project.stirot else { return found };
    let mut of_stirot = settings(stirot);
    of_stirot.extend(image_keys(project, &stirot.stage, &stirot.stage.image));
    match read_application(&stirot.stage.image) {
        Ok(application) => of_stirot.extend(application_rules(stirot, &application)),
        Err(problem) => of_stirot.push(from_error("P2", &stirot.stage.image.path, Some(INPUT), &problem)),
    }
    of_stirot.extend(swapped(project, stirot));
    // What is wrong about sizes and places is told already; an image for them would tell it again.
    let laid_out = geometry_of(project, stirot).is_empty();
    if laid_out && !of_stirot.iter().any(|finding| finding.severity == Severity::Error) {
        of_stirot.extend(built(&stirot.stage.image.path, prepare(project, &Wanted::stirot(stirot))));
    }
    found.extend(of_stirot);
    found
}

/// Whether there is an application that R14 and R17 can judge.
pub(crate) fn application_is_understood(stage: &Stage) -> bool {
    read_application(&stage.image).is_ok_and(|application| application_facts(&application).is_ok())
}

/// R16, R17: the image can be built.
pub(super) fn built(settings: &Path, prepared: Result<Prepared, ProjectError>) -> Option<Finding> {
    let problem = match prepared {
        // Without the passphrase nothing can be said, and nothing is built either.
        Ok(_) | Err(ProjectError::Locked { .. }) => return None,
        Err(problem) => problem,
    };
    let id = match &problem {
        ProjectError::Build { source: FormatError::DoesNotFit { .. }, .. } => "R16",
        _ => "R17",
    };
    Some(from_error(id, settings, None, &problem))
}

/// R17: slot and header are those that STiRoT is configured for.
fn settings(stirot: &StirotStage) -> Vec<Finding> {
    let mut found = Vec::new();
    let (image, meaning, file) = (&stirot.image, &stirot.meaning, &stirot.stage.image.path);
    let help = "take the value from the configuration with <Link></Link>";
    if image.slot_size != meaning.firmware_size {
        let text = format!(
            "the image is for a slot of {:#x} bytes, the configuration has {:#x}",
            image.slot_size, meaning.firmware_size
        );
        let finding = Finding::error("R17", file, Some(field::FIRMWARE_SIZE), text, help);
        found.push(finding.mended_to("Take the configuration's", NewValue::Number(meaning.firmware_size.into())));
    }
    let address = stirot.stage.image.sign.address;
    if address != Some(meaning.download_address) {
        let text = match address {
            Some(address) => {
                format!(
                    "the image is for {}, the download slot is at {}",
                    grouped(address),
                    grouped(meaning.download_address)
                )
            }
            None => "the image has no address (argument -x)".into(),
        };
        let finding = Finding::error("R17", file, Some(field::DOWNLOAD_ADDRESS), text, help);
        found.push(match address {
            Some(_) => finding.mended_to("Take the configuration's", NewValue::Number(meaning.download_address.into())),
            None => finding,
        });
    }
    if u32::from(image.header_size) != IMAGE_HEADER_SIZE {
        let text = format!(
            "a header of {:#x} bytes; STiRoT starts the code {IMAGE_HEADER_SIZE:#x} behind the start of the area",
            image.header_size
        );
        let finding = Finding::error("R17", file, Some("Header Size"), text, "write 0x400");
        found.push(finding.mended_to("Set 0x400", NewValue::Number(IMAGE_HEADER_SIZE.into())));
    }
    found
}

/// R7: the image is signed and encrypted with the keys that the chip is given.
pub(super) fn image_keys(project: &Project, stage: &Stage, image: &ImageConfiguration) -> Vec<Finding> {
    let mut found = Vec::new();
    let pairs = [(&stage.authentication, &image.authentication_key), (&stage.encryption, &image.encryption_key)];
    for (key, path) in pairs {
        let name = key.role.field();
        match project.sources.public_key(key.role, path) {
            Ok(signing) if signing.fingerprint() == key.fingerprint => {}
            Ok(signing) => {
                let text = format!(
                    "the image's {} key is {} ({}), the chip is given {}",
                    key.role,
                    signing.fingerprint().short(),
                    path.display(),
                    key.fingerprint.short()
                );
                let help = "take the key from the configuration: <Link></Link>, for the encryption key GetPublic";
                let finding = Finding::error("R7", &image.path, Some(name), text, help);
                found.push(finding.mended_to("Take the configuration's", NewValue::Path(key.path.clone())));
            }
            Err(problem) => found.push(from_error("R7", &image.path, Some(name), &problem)),
        }
    }
    found
}

/// R14, R17: the application begins with a vector table, runs where it will lie, and keeps its data elsewhere.
fn application_rules(stirot: &StirotStage, application: &[u8]) -> Vec<Finding> {
    let file = &stirot.stage.image.input;
    let start = stirot.meaning.firmware_address.saturating_add(IMAGE_HEADER_SIZE);
    let help =
        format!("link the application for {}, the firmware area's address plus {IMAGE_HEADER_SIZE:#x}", grouped(start));
    let facts = match application_facts(application) {
        Ok(facts) => facts,
        Err(problem) => return vec![Finding::error("R17", file, None, problem.to_string(), help)],
    };
    let mut found = Vec::new();
    let end = u64::from(start) + u64::from(facts.payload);
    let reset = facts.reset;
    let runs = reset & 1 == 1 && reset >= start && u64::from(reset) < end;
    if let Some(linked) = facts.address.filter(|address| *address != start) {
        let what = format!("is linked to {}, the code will be at {}", grouped(linked), grouped(start));
        let finding = Finding { severity: Severity::Error, ..of_area(stirot, "R17", what, &help) };
        found.push(match area_for(stirot, linked) {
            Some(address) => finding.mended_to(format!("Set {}", grouped(address)), NewValue::Number(address.into())),
            None => finding,
        });
    } else if !runs {
        let what = format!(
            "has its reset handler at {}, the code will be at {} to {}",
            grouped(reset),
            grouped(start),
            grouped(start.saturating_add(facts.payload.saturating_sub(1)))
        );
        found.push(Finding { severity: Severity::Error, ..of_area(stirot, "R17", what, &help) });
    }
    found.extend(data_in_area(stirot, &facts));
    found
}

/// A warning about the application and the firmware area, at the field that places the area.
fn of_area(stirot: &StirotStage, id: &'static str, what: String, help: &str) -> Finding {
    let input = &stirot.stage.image.input;
    let text = format!("{} {what}", input.file_name().unwrap_or(input.as_os_str()).display());
    let file = &stirot.stage.configuration.path;
    let finding = Finding::warning(id, file, Some(field::FIRMWARE_ADDRESS), text, help);
    Finding { region: Some(RegionName::FirmwareArea), ..finding }
}

/// The address of a firmware area in which a program lies where it is linked to, when the area may lie there.
fn area_for(stirot: &StirotStage, linked: u32) -> Option<u32> {
    let address = linked.checked_sub(IMAGE_HEADER_SIZE)?;
    let usable = usable_ram(stirot.meaning.sram_ecc);
    let legal = address.is_multiple_of(RAM_ALIGNMENT) && usable.contains_span(address, stirot.meaning.firmware_size);
    legal.then_some(address)
}

/// R14.
fn data_in_area(stirot: &StirotStage, facts: &ApplicationFacts) -> Vec<Finding> {
    let area = stirot.meaning.firmware_area();
    let mut inside = Vec::new();
    // A stack that ends exactly where the area begins lies below it.
    if area.contains(facts.stack.wrapping_sub(1)) {
        inside.push(format!("begins its stack at {}", grouped(facts.stack)));
    }
    for data in &facts.ram {
        if data.overlaps(area) {
            inside.push(format!("keeps data at {} to {}", grouped(data.start), grouped(data.last())));
        }
    }
    let finding = |what: String| {
        let what = format!(
            "{what}, inside the firmware area {} to {}, which STiRoT verifies and fills at every start",
            grouped(area.start),
            grouped(area.last())
        );
        let help = "let the linker file place data in DTCM or in AHB SRAM from 0x3000 4000 on";
        Finding { also: vec![field::FIRMWARE_SIZE.into()], ..of_area(stirot, "R14", what, help) }
    };
    inside.into_iter().map(finding).collect()
}

/// R7: an image on the disk that opens the other way round says that the configuration's keys are swapped. Images of
/// other keys say nothing: they are built anew.
fn swapped(project: &Project, stirot: &StirotStage) -> Option<Finding> {
    let path = project.place_output(stirot.stage.image.output.clone());
    let file = ImageFile::decode(&fs::read(&path).ok()?).ok()?;
    let report = verify(&file, &Expected::default()).ok()?;
    let encryption = project.sources.public_key(KeyRole::Encryption, &stirot.stage.encryption.path).ok()?;
    (report.stated_key_hash == Some(encryption.image_key_hash())).then(|| {
        let text = format!(
            "{} was signed with the key that is the encryption key here: authentication and encryption key are swapped",
            path.display()
        );
        let help = "exchange the two keys' paths; if the image is what was made wrongly, remove it";
        Finding::error("R7", &stirot.stage.configuration.path, Some(field::ENCRYPTION_KEY), text, help)
            .mended_by(exchange(project, stirot.stage.keys()))
    })
}
