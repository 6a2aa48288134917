//! Rules about what the user's own boot stage installs: the application runs where that stage will have it, and its
//! image can be built.

use chip::loader::IMAGE_HEADER_SIZE;
use formats::{ApplicationRun, SecondStageLayout};

use super::prepare::{Wanted, read_application};
use super::rules::{INPUT, built, image_keys};
use super::{ImageConfiguration, prepare};
use crate::application::{ApplicationFacts, application_facts};
use crate::error::ProjectError;
use crate::finding::{Finding, RegionName, Severity};
use crate::grouped::grouped;
use crate::project::Project;
use crate::rules::from_error;
use crate::second_stage::known_layout;
use crate::stage::Stage;

/// P2, R7, R14, R16 and R17 of the application and the data.
pub(super) fn findings(project: &Project, oem: &Stage) -> Vec<Finding> {
    let mut found = image_keys(project, oem, &oem.image);
    if !oem.image.input.is_file() {
        let text = format!("the application {} is not there", oem.image.input.display());
        let help = "build the application; until then its image can't be made";
        found.push(Finding::warning("P2", &oem.image.path, Some(INPUT), text, help));
    } else {
        if let Some(layout) = known_layout(project) {
            found.extend(application(project, oem, &layout));
        }
        found.extend(buildable(project, oem, &oem.image, &found));
    }
    if let Some(data) = &project.data_image {
        let before = found.len();
        found.extend(image_keys(project, oem, data));
        match read_application(data) {
            Ok(_) => {
                let of_data: Vec<Finding> = found.get(before..).unwrap_or_default().to_vec();
                found.extend(buildable(project, oem, data, &of_data));
            }
            Err(ProjectError::Application { path, .. }) => {
                let text = format!("the data {} are not there", path.display());
                let help = "make the file, or let the settings of the data image name it";
                found.push(Finding::error("P2", &data.path, Some(INPUT), text, help));
            }
            Err(problem) => found.push(from_error("P2", &data.path, Some(INPUT), &problem)),
        }
    }
    found
}

/// R16, R17: the image can be built. What is wrong about it already, an image would tell again; of its header and its
/// address P9 tells where the program says what they have to be.
fn buildable(project: &Project, oem: &Stage, image: &ImageConfiguration, told: &[Finding]) -> Option<Finding> {
    let is_told = u32::from(image.sign.header_size) != IMAGE_HEADER_SIZE || image.sign.address.is_none();
    if told.iter().any(|finding| finding.severity == Severity::Error) || is_told && known_layout(project).is_some() {
        return None;
    }
    let wanted = match Wanted::installed_by(oem, image) {
        Ok(wanted) => wanted,
        Err(problem) => return Some(from_error("R17", &image.path, None, &problem)),
    };
    built(&image.path, prepare(project, &wanted))
}

/// R14, R17: the application begins with a vector table, runs where the second stage will have it, and keeps its data off
/// the second stage's memory, which it can't reach.
pub(crate) fn application(project: &Project, oem: &Stage, layout: &SecondStageLayout) -> Vec<Finding> {
    let start = layout.code_address();
    let help = format!("link the application for {}, where the second stage starts it", grouped(start));
    let file = match read_application(&oem.image) {
        Ok(file) => file,
        Err(problem) => return vec![from_error("P2", &oem.image.path, Some(INPUT), &problem)],
    };
    let facts = match application_facts(&file) {
        Ok(facts) => facts,
        Err(problem) => return vec![Finding::error("R17", &oem.image.path, Some(INPUT), problem.to_string(), help)],
    };
    let name = oem.image.input.file_name().unwrap_or(oem.image.input.as_os_str()).display();
    let mut found = Vec::new();
    let elsewhere = match facts.address {
        Some(linked) if linked != start => {
            Some(format!("{name} is linked to {}, the code will be at {}", grouped(linked), grouped(start)))
        }
        _ if !runs_at(&facts, start) => Some(format!(
            "{name} has its reset handler at {}, the code will be at {} to {}",
            grouped(facts.reset),
            grouped(start),
            grouped(start.saturating_add(facts.payload.saturating_sub(1)))
        )),
        _ => None,
    };
    if let Some(text) = elsewhere {
        let help = match linked_for(&facts) {
            Some(run) => format!("{help}, or let it run {} (`stirot-studio project stages`)", words(run)),
            None => help,
        };
        let finding = Finding::error("R17", &oem.image.path, Some(INPUT), text, help);
        found.push(Finding { region: Some(region(layout.run)), ..finding });
    }
    found.extend(data_in_second_stage(project, oem, &facts));
    found
}

/// R14.
fn data_in_second_stage(project: &Project, oem: &Stage, facts: &ApplicationFacts) -> Option<Finding> {
    let area = project.stirot.as_ref()?.meaning.firmware_area();
    let stack = area.contains(facts.stack.wrapping_sub(1));
    let data = facts.ram.iter().find(|data| data.overlaps(area));
    let what = match data {
        Some(data) => format!("keeps data at {} to {}", grouped(data.start), grouped(data.last())),
        None if stack => format!("begins its stack at {}", grouped(facts.stack)),
        None => return None,
    };
    let name = oem.image.input.file_name().unwrap_or(oem.image.input.as_os_str()).display();
    let text = format!(
        "{name} {what}, in the second stage's memory {} to {}, which is closed when the application starts",
        grouped(area.start),
        grouped(area.last())
    );
    let help = "let the linker file place data in DTCM or in AHB SRAM from 0x3000 4000 on";
    Some(Finding::warning("R14", &oem.image.path, Some(INPUT), text, help))
}

fn runs_at(facts: &ApplicationFacts, start: u32) -> bool {
    let end = u64::from(start) + u64::from(facts.payload);
    facts.reset & 1 == 1 && facts.reset >= start && u64::from(facts.reset) < end
}

/// Where the studio's layouts would have an application that is linked like this one.
fn linked_for(facts: &ApplicationFacts) -> Option<ApplicationRun> {
    ApplicationRun::ALL.into_iter().find(|run| {
        let start = SecondStageLayout::for_run(*run).code_address();
        facts.address.map_or_else(|| runs_at(facts, start), |linked| linked == start)
    })
}

const fn words(run: ApplicationRun) -> &'static str {
    match run {
        ApplicationRun::InPlace => "in place",
        ApplicationRun::InternalRam => "in internal RAM",
        ApplicationRun::ExternalRam => "in external RAM",
    }
}

const fn region(run: ApplicationRun) -> RegionName {
    match run {
        ApplicationRun::InPlace => RegionName::ApplicationInstallation,
        ApplicationRun::InternalRam | ApplicationRun::ExternalRam => RegionName::ApplicationCopy,
    }
}
