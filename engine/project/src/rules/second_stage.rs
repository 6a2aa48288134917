//! R15 and R18: what two boot stages ask of each other, and of the memory that they share.

use std::fs;
use std::path::Path;

use chip::memory_map::{KIB, Region, XSPI1_WINDOW};
use formats::ImagePlaces;

use super::external_flash::{EXTERNAL_FLASH, footprint, free_place};
use crate::finding::{Finding, NewValue, RegionName};
use crate::grouped::grouped;
use crate::project::Project;
use crate::second_stage::known_layout;
use crate::stage::StirotStage;
use crate::stirot::field;

/// The scratch area that ST's second stage swaps images by.
const SCRATCH_SIZE: u32 = 64 * KIB;

pub(super) fn findings(project: &Project) -> Vec<Finding> {
    let Some(stirot) = &project.stirot else { return Vec::new() };
    let mut found = inside_flash(stirot);
    if project.oem.is_some() {
        found.extend(apart(project, stirot));
        if !stirot.meaning.sram_ecc {
            let text = "the SRAM ECC is off; ST's second stage is compiled to refuse that (OEMIROT_USER_SRAM_ECC)";
            let help = "switch it on, or compile the second stage without that check";
            let file = &stirot.stage.configuration.path;
            let finding = Finding::warning("R18", file, Some(field::SRAM_ECC), text, help);
            found.push(finding.mended_to("Switch it on", NewValue::Number(1)));
        }
    }
    found.extend(script(project, stirot));
    found
}

/// The second stage's memory in external flash: as its program says, or else as ST's does.
// assumption: as in ST's flash_layout.h, the image's address is that of its download slot, the installation slot lies
// right before it and the scratch area right behind. The image's xml says no more than address and size.
pub(crate) fn second_stage_regions(project: &Project) -> Vec<(RegionName, Region)> {
    let Some(oem) = &project.oem else { return Vec::new() };
    let application = [RegionName::ApplicationDownload, RegionName::ApplicationInstallation];
    let data = [RegionName::DataDownload, RegionName::DataInstallation];
    if let Some(layout) = known_layout(project) {
        let slots = |names: [RegionName; 2], places: ImagePlaces| {
            names.into_iter().zip([places.download_slot(), places.installation_slot()])
        };
        let of_data = layout.data.into_iter().flat_map(|places| slots(data, places));
        return slots(application, layout.application).chain(of_data).collect();
    }
    let mut regions = Vec::new();
    if let (Some(address), size) = (oem.image.sign.address, oem.image.sign.slot_size) {
        regions.push((RegionName::ApplicationDownload, Region::new(address, size)));
        if let Some(before) = address.checked_sub(size) {
            regions.push((RegionName::ApplicationInstallation, Region::new(before, size)));
        }
        if let Some(behind) = address.checked_add(size).filter(|behind| behind.checked_add(SCRATCH_SIZE).is_some()) {
            regions.push((RegionName::Scratch, Region::new(behind, SCRATCH_SIZE)));
        }
    }
    if let Some(image) = &project.data_image
        && let Some(address) = image.sign.address
    {
        regions.push((RegionName::DataDownload, Region::new(address, image.sign.slot_size)));
    }
    regions
}

/// R15: the flash ends somewhere.
fn inside_flash(stirot: &StirotStage) -> Vec<Finding> {
    let slots = [
        (field::INSTALLATION_ADDRESS, stirot.meaning.installation_slot(), RegionName::Installation),
        (field::DOWNLOAD_ADDRESS, stirot.meaning.download_slot(), RegionName::Download),
    ];
    let beyond = |slot: Region| {
        let taken = footprint(slot);
        XSPI1_WINDOW.contains(slot.start) && !EXTERNAL_FLASH.contains_span(taken.start, taken.size)
    };
    slots
        .into_iter()
        .filter(|(_, slot, _)| beyond(*slot))
        .map(|(field, slot, region)| {
            let text = format!(
                "the slot at {} ends behind the external flash of 128 MiB, which ends at {}",
                grouped(slot.start),
                grouped(EXTERNAL_FLASH.last())
            );
            let help = format!("choose an address so that {:#x} bytes fit below the end", slot.size);
            let finding = Finding::error("R15", &stirot.stage.configuration.path, Some(field), text, help);
            Finding { region: Some(region), ..finding }
        })
        .collect()
}

/// R15: STiRoT's slots leave the second stage's memory alone.
fn apart(project: &Project, stirot: &StirotStage) -> Vec<Finding> {
    let theirs = second_stage_regions(project);
    let slots = [
        (field::INSTALLATION_ADDRESS, stirot.meaning.installation_slot(), RegionName::Installation),
        (field::DOWNLOAD_ADDRESS, stirot.meaning.download_slot(), RegionName::Download),
    ];
    let met = |slot: Region| theirs.iter().find(|(_, with)| slot.size != 0 && with.overlaps(footprint(slot)));
    // A slot that may stay is in the way of one that has to move.
    let staying = slots.iter().filter(|(_, slot, _)| slot.size != 0 && met(*slot).is_none());
    let mut taken: Vec<Region> = staying.map(|(_, slot, _)| footprint(*slot)).collect();
    taken.extend(theirs.iter().map(|(_, region)| *region));
    let mut found = Vec::new();
    for (name, slot, region) in slots {
        let Some((other, with)) = met(slot) else { continue };
        let text = format!(
            "the slot at {} shares bytes with the second stage's {}, {} to {}",
            grouped(slot.start),
            called(*other),
            grouped(with.start),
            grouped(with.last())
        );
        let place = free_place(EXTERNAL_FLASH.start, &taken, slot.size);
        let help = match place {
            Some(place) => format!("{} is free for it", grouped(place)),
            None => "move it behind the second stage's memory".into(),
        };
        let finding = Finding::error("R15", &stirot.stage.configuration.path, Some(name), text, help);
        let finding = Finding { region: Some(region), ..finding };
        found.push(match place {
            Some(place) => finding.mended_to("Move it", NewValue::Number(place.into())),
            None => finding,
        });
        taken.extend(place.map(|place| footprint(Region::new(place, slot.size))));
    }
    found
}

const fn called(region: RegionName) -> &'static str {
    match region {
        RegionName::ApplicationInstallation => "installation slot",
        RegionName::ApplicationDownload => "download slot",
        RegionName::DataInstallation => "installation slot for data",
        RegionName::DataDownload => "download slot for data",
        _ => "scratch area",
    }
}

/// R18: the script of ST's that lies beside sets the option byte as the configuration says.
fn script(project: &Project, stirot: &StirotStage) -> Option<Finding> {
    let path = project.folder.join(project.flow().folder()).join("ob_flash_programming.sh");
    let set = ecc_in_script(&path)?;
    (set != stirot.meaning.sram_ecc).then(|| {
        let says = |on: bool| if on { "on" } else { "off" };
        let text = format!(
            "{} switches ECC_ON_SRAM {}, the configuration has it {}",
            path.display(),
            says(set),
            says(stirot.meaning.sram_ecc)
        );
        let help = "the studio sets the option byte from the configuration; ST's script would not";
        let finding = Finding::warning("R18", &stirot.stage.configuration.path, Some(field::SRAM_ECC), text, help);
        finding.mended_to("Take the script's", NewValue::Number(set.into()))
    })
}

/// The value that ST's script gives `ECC_ON_SRAM`.
fn ecc_in_script(path: &Path) -> Option<bool> {
    let text = fs::read_to_string(path).ok()?;
    let value = text.split("ECC_ON_SRAM=").nth(1)?;
    match value.trim_start_matches('"').chars().next()? {
        '1' => Some(true),
        '0' => Some(false),
        _ => None,
    }
}
