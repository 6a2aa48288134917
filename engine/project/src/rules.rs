//! Everything that can be judged about a project without changing anything. Each rule is listed here with what it asks
//! and where that is said; rules R1 to R23 are numbered as the documentation lists them (`formats.md` §6), those of the
//! studio P1 and on.

mod board;
mod external_flash;
mod geometry;
mod keys;
mod layout;
pub(crate) mod loader;
mod objects;
mod places;
mod second_stage;
mod slots;
mod way_back;

use std::path::Path;

pub use board::BoardFacts;
pub(crate) use external_flash::{EXTERNAL_FLASH, footprint};
pub(crate) use geometry::{RAM_ALIGNMENT, usable_ram};
pub(crate) use keys::exchange;
pub(crate) use second_stage::second_stage_regions;

use crate::draft::Draft;
use crate::error::ProjectError;
use crate::finding::{Finding, NewValue, Remedy};
use crate::image;
use crate::project::Project;
use crate::settings::TargetState;
use crate::stage::StirotStage;
use crate::stirot::field;

/// A rule: what it asks, and where that is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// `R1` and so on.
    pub id: &'static str,
    /// What it asks, in one line.
    pub title: &'static str,
    /// Where it is said.
    pub source: &'static str,
}

const fn rule(id: &'static str, title: &'static str, source: &'static str) -> Rule {
    Rule { id, title, source }
}

const TOOLTIP: &str = "tooltip in ST's STiROT_Config.xml";
const ILOADER: &str = "checks of ST's iLoader (region_defs.h, main.c)";
const STUDIO: &str = "the studio";

/// All rules, in the order of their numbers.
pub const RULES: &[Rule] = &[
    rule("R1", "The firmware area is in AXI SRAM, on a multiple of 16 KiB", TOOLTIP),
    rule("R2", "Its size is a multiple of 8 KiB", TOOLTIP),
    rule("R3", "Both slots begin on a sector of the external flash, 64 KiB", TOOLTIP),
    rule("R4", "The minimum product state is CLOSED or LOCKED", TOOLTIP),
    rule("R5", "The iLoader begins and ends on a sector of user flash, 8 KiB", "list in ST's STiROT_Config.xml"),
    rule("R6", "The cipher is MCE1 or MCE2", "list in ST's STiROT_Config.xml"),
    rule("R7", "Every key is a P-256 key in its role, the same for chip and image", TOOLTIP),
    rule("R8", "Clock and SRAM ECC have a code that means something", "lists in ST's STiROT_Config.xml"),
    rule("R9", "The firmware area isn't empty", ILOADER),
    rule("R10", "The firmware area ends inside the RAM that is usable", ILOADER),
    rule("R11", "The slots lie in one window of external flash and share no sector", ILOADER),
    rule(
        "R12",
        "The cipher belongs to the port of the slots",
        "flash_layout.h of ST's OEMiROT_Boot; STiRoT's own rule is unconfirmed",
    ),
    rule("R13", "The iLoader fits its room, the room fits user flash", "ST's update_stirot_iloader_setup script"),
    rule("R14", "The application keeps no data in the firmware area", "ST's STiROT_Appli linker file"),
    rule(
        "R15",
        "STiRoT's slots leave the second stage's alone, and all end inside the flash",
        "flash_layout.h of ST's OEMiROT_Boot",
    ),
    rule("R16", "The image fits its slot", "ST's imgtool"),
    rule("R17", "Image, configuration and application agree on sizes and addresses", "ST's update_appli_setup script"),
    rule(
        "R18",
        "SRAM ECC is the same in the configuration, the option bytes and the second stage",
        "community.st.com thread 879607",
    ),
    rule("R19", "The final product state isn't below the minimum one", TOOLTIP),
    rule(
        "R20",
        "Every object fits its place in the option-byte keys and says what its xml says",
        "low_level_obkeys.c of ST's OEMiROT_Boot; destinations as observed",
    ),
    rule(
        "R21",
        "Objects are stored encrypted; a password has 4 to 16 printable characters",
        "DA_ConfigWithPassword.xml; ST's scripts",
    ),
    rule("R22", "No key and no password is one that everybody has", "warnings in ST's scripts"),
    rule("R23", "Provisioning begins in OPEN, with the TCMs' shares at 0", "ST's provisioning.sh"),
    rule("P1", "No output takes another file's place", STUDIO),
    rule("P2", "The application is there", STUDIO),
    rule("P3", "The loader that the project file names is there", STUDIO),
    rule("P4", "Nobody else changed a file since it was read", STUDIO),
    rule("P5", "Every file can be understood", STUDIO),
    rule("P6", "A protected key lies nowhere in the clear", STUDIO),
    rule(
        "P7",
        "Chain and leaf key answer for a board with the project's object",
        "ADAC; ST's certificates as observed",
    ),
    rule("P8", "What object and chain permit together leads back, and lets that be proved", STUDIO),
    rule("P9", "The layout inside of the second stage's program is that of its images' settings", STUDIO),
    rule("P10", "The second stage's program has at most 96 KiB", STUDIO),
    rule("P11", "The application's copy has RAM of its own", STUDIO),
];

/// The rule of an id.
pub fn rule_of(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// All findings, errors and warnings.
pub(crate) fn findings(project: &Project, target: TargetState, board: Option<&BoardFacts>) -> Vec<Finding> {
    let mut found = findings_of_objects(project, target);
    found.extend(findings_besides(project, target, board));
    found
}

/// The findings without which objects can be made all the same: about the image, the way back, samples, and the board.
pub(crate) fn findings_besides(project: &Project, target: TargetState, board: Option<&BoardFacts>) -> Vec<Finding> {
    let mut found = layout::findings(project);
    found.extend(image::rules::findings(project));
    found.extend(way_back::findings(project, target));
    found.extend(keys::samples(project));
    found.extend(board.into_iter().flat_map(|board| board::findings(project, board)));
    found
}

/// The findings that concern an image: it is built whether or not anybody can answer for the board.
pub(crate) fn findings_of_image(project: &Project, target: TargetState) -> Vec<Finding> {
    let mut found = findings_of_objects(project, target);
    found.extend(layout::findings(project));
    found.extend(image::rules::findings(project));
    found
}

/// The findings that concern the objects.
pub(crate) fn findings_of_objects(project: &Project, target: TargetState) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(project.changed_file().map(changed));
    if let Some(stirot) = &project.stirot {
        found.extend(geometry_of(project, stirot));
        found.extend(loader::findings(project, stirot));
        found.extend(minimum_state(project, target));
    }
    found.extend(keys::findings(project));
    found.extend(objects::findings(project, target));
    found.extend(second_stage::findings(project));
    found.extend(places::findings(project, target));
    found
}

/// The findings about where STiRoT's areas lie.
pub(crate) fn geometry_of(project: &Project, stirot: &StirotStage) -> Vec<Finding> {
    let theirs: Vec<_> = second_stage_regions(project).into_iter().map(|(_, region)| region).collect();
    geometry::findings(&stirot.meaning, &stirot.stage.configuration.path, &theirs)
}

/// P4.
pub(crate) fn changed(path: &Path) -> Finding {
    let text = "another program changed it since it was read";
    let help = "choose which version stays, or read the project again: edits that aren't saved are put on top of it";
    Finding::error("P4", path, None, text, help).mended_by(Remedy::ReadAgain)
}

/// What keeps a draft from being read as a project, as a finding of the rule that asks for it.
pub(crate) fn from_opening(problem: &ProjectError, draft: &Draft) -> Finding {
    let (id, file, named) = match problem {
        ProjectError::Configuration { path, source } => {
            let named = match source {
                formats::FormatError::Field { field, .. }
                | formats::FormatError::File { field, .. }
                | formats::FormatError::Content { field, .. } => Some(field.clone()),
                _ => None,
            };
            let id = match named.as_deref() {
                Some(field::MINIMUM_STATE) => "R4",
                Some(field::LOADER_OFFSET) => "R5",
                Some(field::MCE) => "R6",
                Some(field::CLOCK | field::SRAM_ECC) => "R8",
                Some(field::PASSWORD) => "R21",
                _ => "P5",
            };
            (id, path.clone(), named)
        }
        ProjectError::Key { role, path, .. }
        | ProjectError::KeyMissing { role, path }
        | ProjectError::Locked { role, path } => {
            let naming = draft.key_place(*role).map(|(place, _)| draft.folder().join(place.document.file()));
            ("R7", naming.unwrap_or_else(|| path.clone()), Some(role.field().to_owned()))
        }
        ProjectError::Settings { path, .. }
        | ProjectError::SettingsFormat { path, .. }
        | ProjectError::Read { path, .. } => ("P5", path.clone(), None),
        _ => ("P5", draft.folder().to_owned(), None),
    };
    let finding = Finding::error(id, &file, named.as_deref(), problem.to_string(), problem.help());
    match problem {
        // A project that can't be opened has no chain that could be made anew.
        ProjectError::KeyMissing { role, .. } => keys::with_new_key(finding, *role, draft.folder(), None),
        _ => finding,
    }
}

/// What stopped a check from being made, as a finding.
pub(crate) fn from_error(id: &'static str, file: &Path, field: Option<&str>, problem: &ProjectError) -> Finding {
    Finding::error(id, file, field, problem.to_string(), problem.help())
}

/// R19.
fn minimum_state(project: &Project, target: TargetState) -> Option<Finding> {
    let stirot = project.stirot.as_ref()?;
    let (minimum, target) = (stirot.meaning.minimum_state, target.product_state());
    (target.rank() < minimum.rank()).then(|| {
        let text = format!(
            "STiRoT shall start images in {minimum} only, and the board is to end in {target}: nothing would run"
        );
        let help = format!("set it to {target}, or choose {minimum} as the final state");
        let finding = Finding::error("R19", &stirot.stage.configuration.path, Some(field::MINIMUM_STATE), text, help);
        match target.rsslib_code() {
            Some(code) => finding.mended_to(format!("Set {target}"), NewValue::Number(code.into())),
            None => finding,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_the_documentation_is_listed_once_and_in_order() {
        let numbered: Vec<String> =
            (1..=23).map(|number| format!("R{number}")).chain((1..=11).map(|number| format!("P{number}"))).collect();
        assert_eq!(RULES.iter().map(|rule| rule.id).collect::<Vec<_>>(), numbered);
        assert_eq!(rule_of("R18").map(|rule| rule.id), Some("R18"));
        assert_eq!(rule_of("R0"), None);
    }
}
