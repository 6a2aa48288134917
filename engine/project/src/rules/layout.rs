//! P9 to P11: the layout inside of the second stage's program against the settings of the images that it installs, and
//! against the RAM that it takes for the application's copy.

use chip::loader::IMAGE_HEADER_SIZE;
use chip::second_stage::PROGRAM_LIMIT;
use formats::{ApplicationRun, ImagePlaces, SecondStageLayout};

use super::geometry::usable_ram;
use crate::binary;
use crate::finding::{Finding, NewValue, RegionName};
use crate::grouped::grouped;
use crate::image::rules::{ADDRESS, INPUT, SLOT_SIZE};
use crate::image::{ImageConfiguration, read_application};
use crate::project::Project;
use crate::second_stage::{LayoutFact, layout_of};
use crate::stage::{Stage, StirotStage};
use crate::stirot::field;

/// Name of the field with the size of an image's header.
const HEADER_SIZE: &str = "Header Size";

pub(super) fn findings(project: &Project) -> Vec<Finding> {
    let (Some(stirot), Some(oem)) = (&project.stirot, &project.oem) else { return Vec::new() };
    let fact = layout_of(stirot);
    let (file, program) = (&stirot.stage.image.path, name_of(&stirot.stage.image));
    let mut found = Vec::new();
    match &fact {
        // That it isn't there, another rule says.
        LayoutFact::NoProgram => {}
        LayoutFact::NotTold => {
            let text = format!(
                "{program} doesn't say where its slots lie and where the application runs; ST's program doesn't either"
            );
            let help = "both are compiled into it: see that they are what the image's settings say";
            found.push(Finding::warning("P9", file, Some(INPUT), text, help));
        }
        LayoutFact::Wrong(problem) => {
            let text = format!("{program} has a layout inside that can't work: {problem}");
            let help = "take the program from its source again; the second stage stops with such a layout";
            found.push(Finding::error("P9", file, Some(INPUT), text, help));
        }
        LayoutFact::Known(layout) => {
            found.extend(images(project, stirot, oem, layout));
            found.extend(copy(stirot, layout));
        }
    }
    if matches!(fact, LayoutFact::Known(_) | LayoutFact::Wrong(_)) {
        found.extend(too_large(&stirot.stage.image));
    }
    found
}

/// P9: the settings of every image that the second stage installs.
fn images(project: &Project, stirot: &StirotStage, oem: &Stage, layout: &SecondStageLayout) -> Vec<Finding> {
    let regions = [RegionName::ApplicationDownload, RegionName::DataDownload];
    let mut found = image(&oem.image, &layout.application, regions[0]);
    let program = name_of(&stirot.stage.image);
    match (&project.data_image, &layout.data) {
        (Some(settings), Some(places)) => found.extend(image(settings, places, regions[1])),
        (None, Some(_)) => {
            let text = format!("{program} starts the application only beside a data image, and the project has none");
            let help = "add one (`stirot-studio project stages --data FILE`), or take a second stage with one image";
            found.push(Finding::error("P9", &stirot.stage.image.path, Some(INPUT), text, help));
        }
        (Some(settings), None) => {
            let text = format!("{program} installs the application's image alone; nothing would take the data image");
            let help = "remove the data image's settings, or take a second stage with two images";
            found.push(Finding::error("P9", &settings.path, None, text, help));
        }
        (None, None) => {}
    }
    found
}

/// P9: slot, address and header of one image.
fn image(settings: &ImageConfiguration, places: &ImagePlaces, region: RegionName) -> Vec<Finding> {
    let (sign, file) = (&settings.sign, &settings.path);
    let help = "the program is signed with its layout; let the image's settings say the same, or change both at once \
                (`stirot-studio project stages`)";
    let mut found = Vec::new();
    let mut differs = |field: &str, text: String, number: u32, present: bool| {
        let finding = Finding { region: Some(region), ..Finding::error("P9", file, Some(field), text, help) };
        found.push(match present {
            true => finding.mended_to("Take the program's", NewValue::Number(number.into())),
            false => finding,
        });
    };
    if sign.slot_size != places.slot_size {
        let text = format!(
            "the image is for a slot of {:#x} bytes, the second stage's program has {:#x}",
            sign.slot_size, places.slot_size
        );
        differs(SLOT_SIZE, text, places.slot_size, true);
    }
    if sign.address != Some(places.download) {
        let text = match sign.address {
            Some(address) => format!(
                "the image is for {}, the second stage's program looks for it at {}",
                grouped(address),
                grouped(places.download)
            ),
            None => "the image has no address (argument -x)".into(),
        };
        differs(ADDRESS, text, places.download, sign.address.is_some());
    }
    if u32::from(sign.header_size) != IMAGE_HEADER_SIZE {
        let text = format!(
            "a header of {:#x} bytes; the second stage finds the code {IMAGE_HEADER_SIZE:#x} behind the image's start",
            sign.header_size
        );
        differs(HEADER_SIZE, text, IMAGE_HEADER_SIZE, true);
    }
    found
}

/// P10.
fn too_large(settings: &ImageConfiguration) -> Option<Finding> {
    let file = read_application(settings).ok()?;
    let bytes = binary::load_image(&file).map_or(file.len(), |program| program.bytes.len());
    (bytes > PROGRAM_LIMIT as usize).then(|| {
        let text = format!("{} has {bytes} bytes, the second stage may have {PROGRAM_LIMIT}", name_of(settings));
        let help = "make it smaller; what is behind it in the firmware area is used while it works";
        Finding::error("P10", &settings.path, Some(INPUT), text, help)
    })
}

/// P11: the copy in internal RAM is off the second stage and in RAM that is usable.
fn copy(stirot: &StirotStage, layout: &SecondStageLayout) -> Vec<Finding> {
    if layout.run != ApplicationRun::InternalRam {
        return Vec::new();
    }
    let (meaning, file) = (&stirot.meaning, &stirot.stage.configuration.path);
    let (run, area) = (layout.application.run_area(), meaning.firmware_area());
    let help = "let the application run elsewhere (`stirot-studio project stages --application-runs in-place`)";
    let mut found = Vec::new();
    if meaning.firmware_size != 0 && area.overlaps(run) {
        let text = format!(
            "the firmware area, {} to {}, shares bytes with the application's copy, which begins at {}",
            grouped(area.start),
            grouped(area.last()),
            grouped(run.start)
        );
        let finding = Finding::error("P11", file, Some(field::FIRMWARE_SIZE), text, help);
        let finding = Finding { region: Some(RegionName::ApplicationCopy), ..finding };
        // It may begin where it does, and end before the copy.
        found.push(match run.start.checked_sub(area.start).filter(|room| *room > 0) {
            Some(room) => finding.mended_to(format!("Set {room:#x}"), NewValue::Number(room.into())),
            None => finding,
        });
    }
    let usable = usable_ram(meaning.sram_ecc);
    if !usable.contains_span(run.start, run.size) {
        let text = format!(
            "the application's copy would end at {}; the usable RAM ends at {} (SRAM4 holds the ECC)",
            grouped(run.last()),
            grouped(usable.last())
        );
        let finding = Finding::error("P11", file, Some(field::SRAM_ECC), text, help);
        found.push(Finding { region: Some(RegionName::ApplicationCopy), ..finding });
    }
    found
}

/// The name of an image's input.
fn name_of(settings: &ImageConfiguration) -> String {
    settings.input.file_name().unwrap_or(settings.input.as_os_str()).to_string_lossy().into_owned()
}
