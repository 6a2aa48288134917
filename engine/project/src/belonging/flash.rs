//! The iLoader against the room that the configuration gives it, and the option bytes that follow from both: write
//! protection and SRAM ECC. Measured ones are compared where a board was read.

use super::{Belonging, PartId, Seen, file_name};
use crate::grouped::grouped;
use crate::loader::{LoaderNumbers, write_protection};
use crate::outputs::ObjectRole;
use crate::project::Project;
use crate::rules::BoardFacts;
use crate::rules::loader::{numbers, numbers_edit};
use crate::settings::LoaderSetting;
use crate::stage::StirotStage;

pub(super) fn add(whole: &mut Belonging, project: &Project, board: Option<&BoardFacts>) {
    let Some(stirot) = &project.stirot else { return };
    let (name, path) = match &project.settings.loader {
        LoaderSetting::Builtin => ("iLoader, built in".to_owned(), None),
        LoaderSetting::File(path) => (file_name(path), Some(path.clone())),
    };
    let numbers = numbers(&project.settings.loader).map_err(|problem| problem.to_string());
    let detail =
        numbers.as_ref().map_or_else(|_| "not understood".to_owned(), |numbers| format!("{} bytes", numbers.bytes));
    whole.add_part(PartId::Loader, name, detail, path);
    let protection = write_protection(stirot.meaning.loader_area());
    let ecc = u8::from(stirot.meaning.sram_ecc);
    let detail = format!("WRP {protection:#04x} · ECC {ecc}");
    whole.add_part(PartId::OptionBytes, "Option bytes", detail, None);
    whole.add(PartId::Loader, PartId::OptionBytes, protected(stirot, numbers.as_ref()));
    whole.add(
        PartId::Configuration(ObjectRole::StirotConfig),
        PartId::OptionBytes,
        measured(stirot, protection, board),
    );
}

/// Whether the write protection covers the whole loader.
fn protected(stirot: &StirotStage, numbers: Result<&LoaderNumbers, &String>) -> Seen {
    let numbers = match numbers {
        Ok(numbers) => numbers,
        Err(problem) => return Seen::broken(problem.clone(), None),
    };
    let meaning = &stirot.meaning;
    if meaning.loader_offset == numbers.offset && meaning.loader_size >= numbers.size {
        let protection = write_protection(meaning.loader_area());
        let sectors = protection.count_zeros();
        return Seen::holds(format!("WRP {protection:#04x} protects {sectors} sectors, the whole iLoader among them"));
    }
    let remedy = numbers_edit(&stirot.stage.configuration.path, numbers);
    let text = format!(
        "the iLoader takes {} at offset {}, the configuration leaves {} at {}",
        grouped(numbers.size),
        grouped(numbers.offset),
        grouped(meaning.loader_size),
        grouped(meaning.loader_offset)
    );
    Seen::broken(text, Some(remedy))
}

/// The board's option bytes against the configuration: in CLOSED they are final.
fn measured(stirot: &StirotStage, protection: u8, board: Option<&BoardFacts>) -> Seen {
    let Some(board) = board.filter(|board| board.sram_ecc.is_some() || board.write_protection.is_some()) else {
        return Seen::unknown("no board's option bytes were read");
    };
    if board.product_state != Some(chip::product_state::ProductState::Closed) {
        return Seen::unknown("provisioning sets them; the board isn't provisioned yet");
    }
    if board.sram_ecc.is_some_and(|ecc| ecc != stirot.meaning.sram_ecc) {
        return Seen::broken("the board's ECC_ON_SRAM is another", None);
    }
    if board.write_protection.is_some_and(|measured| measured != protection) {
        return Seen::broken("the board's write protection is another", None);
    }
    Seen::holds("the board's option bytes are the configuration's")
}
