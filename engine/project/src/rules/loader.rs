//! P3, R5 and R13: the loader that goes into user flash is there, and the configuration leaves it whole sectors, where
//! it is linked and room for all of it.

use std::fs;

use chip::memory_map::{USER_FLASH, USER_FLASH_SECTOR_SIZE};

use super::from_error;
use super::geometry::{About, to_number};
use crate::error::ProjectError;
use crate::finding::{FieldEdit, Finding, NewValue, RegionName, Remedy};
use crate::grouped::grouped;
use crate::loader::{BUILTIN, LoaderNumbers, loader_numbers};
use crate::project::Project;
use crate::settings::{LoaderSetting, SETTINGS_FILE};
use crate::stage::StirotStage;
use crate::stirot::{StirotConfiguration, field};

pub(super) fn findings(project: &Project, stirot: &StirotStage) -> Vec<Finding> {
    let named = project.folder.join(SETTINGS_FILE);
    let numbers = numbers(&project.settings.loader);
    let about = About { file: &stirot.stage.configuration.path };
    let mut found = sectors(&stirot.meaning, about, numbers.as_ref().ok().map(|numbers| numbers.offset));
    found.extend(match numbers {
        Ok(numbers) => room(stirot, &numbers),
        Err(problem @ ProjectError::Loader { .. }) => Some(from_error("R13", &named, Some("loader"), &problem)),
        Err(problem) => Some(from_error("P3", &named, Some("loader"), &problem)),
    });
    found
}

/// R5, R13: whole sectors inside user flash. `linked` is where the loader itself says that it lies.
fn sectors(configuration: &StirotConfiguration, about: About<'_>, linked: Option<u32>) -> Vec<Finding> {
    let region = RegionName::Loader;
    let mut found = Vec::new();
    let (offset, size) = (configuration.loader_offset, configuration.loader_size);
    if !offset.is_multiple_of(USER_FLASH_SECTOR_SIZE) || offset >= USER_FLASH.size {
        let text = format!("{offset:#x} is not the start of one of the eight sectors of user flash");
        let finding = about.error("R5", field::LOADER_OFFSET, region, text, "choose 0x0, 0x2000, … 0xE000".into());
        found.push(match linked {
            Some(linked) => to_number(finding, linked),
            None => finding,
        });
    }
    if size == 0 || !size.is_multiple_of(USER_FLASH_SECTOR_SIZE) {
        let text = format!("{size:#x} is not a whole number of sectors of 8 KiB (0x2000)");
        let help = "give the loader's size, rounded up to a multiple of 0x2000".into();
        let finding = about.error("R5", field::LOADER_SIZE, region, text, help);
        let above = size.max(1).checked_next_multiple_of(USER_FLASH_SECTOR_SIZE);
        found.push(match above {
            Some(above) => to_number(finding, above),
            None => finding,
        });
    }
    if u64::from(offset) + u64::from(size) > u64::from(USER_FLASH.size) {
        let text =
            format!("the loader at offset {offset:#x} with {size:#x} bytes ends behind the user flash of 64 KiB");
        let help = "offset and size together must not pass 0x10000".into();
        let mut finding = about.error("R13", field::LOADER_SIZE, region, text, help);
        finding.also = vec![field::LOADER_OFFSET.into()];
        found.push(finding);
    }
    found
}

/// The numbers of the loader that the settings name.
pub(crate) fn numbers(loader: &LoaderSetting) -> Result<LoaderNumbers, ProjectError> {
    match loader {
        LoaderSetting::Builtin => loader_numbers(BUILTIN).map_err(|source| ProjectError::Loader { path: None, source }),
        LoaderSetting::File(path) => {
            let bytes = fs::read(path).map_err(|source| ProjectError::Read { path: path.clone(), source })?;
            loader_numbers(&bytes).map_err(|source| ProjectError::Loader { path: Some(path.clone()), source })
        }
    }
}

/// R13: the room is where the loader is linked, and not smaller than the loader.
fn room(stirot: &StirotStage, numbers: &LoaderNumbers) -> Option<Finding> {
    let (meaning, file) = (&stirot.meaning, &stirot.stage.configuration.path);
    // A room that user flash can't hold, or that is none of whole sectors, is told by the geometry.
    let whole = meaning.loader_size > 0 && meaning.loader_size.is_multiple_of(USER_FLASH_SECTOR_SIZE);
    if !whole || u64::from(meaning.loader_offset) + u64::from(meaning.loader_size) > u64::from(USER_FLASH.size) {
        return None;
    }
    let (field, text) = if meaning.loader_offset != numbers.offset {
        let text = format!(
            "the iLoader is linked for offset {:#x} of user flash, the configuration says {:#x}",
            numbers.offset, meaning.loader_offset
        );
        (field::LOADER_OFFSET, text)
    } else if meaning.loader_size < numbers.size {
        let text = format!(
            "the iLoader has {} bytes, {:#x} with the rest of its last sector; the configuration leaves {:#x}, so that \
             its end would be neither protected nor measured",
            numbers.bytes, numbers.size, meaning.loader_size
        );
        (field::LOADER_SIZE, text)
    } else {
        return None;
    };
    let help = format!("take the binary's own numbers: offset {:#x}, size {:#x}", numbers.offset, numbers.size);
    let finding = Finding::error("R13", file, Some(field), text, help);
    let remedy = numbers_edit(file, numbers);
    Some(Finding { region: Some(RegionName::Loader), ..finding }.mended_by(remedy))
}

/// The configuration's numbers as the loader's binary has them.
pub(crate) fn numbers_edit(file: &std::path::Path, numbers: &LoaderNumbers) -> Remedy {
    let edit = |field: &str, number: u32| FieldEdit {
        file: file.to_owned(),
        field: field.into(),
        value: NewValue::Number(number.into()),
    };
    Remedy::Edit {
        text: format!("Set {} at {}", grouped(numbers.size), grouped(numbers.offset)),
        edits: vec![edit(field::LOADER_OFFSET, numbers.offset), edit(field::LOADER_SIZE, numbers.size)],
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::finding::Severity;
    use crate::stirot::tests::sample;

    fn findings_of(change: impl FnOnce(&mut StirotConfiguration)) -> Vec<Finding> {
        let mut configuration = sample();
        change(&mut configuration);
        sectors(&configuration, About { file: Path::new("STiROT_Config.xml") }, Some(0x2000))
    }

    fn rules_of(change: impl FnOnce(&mut StirotConfiguration)) -> Vec<(&'static str, String)> {
        findings_of(change).into_iter().map(|finding| (finding.id, finding.field.unwrap_or_default())).collect()
    }

    #[test]
    fn a_loader_that_does_not_fit_user_flash_is_found() {
        assert_eq!(rules_of(|_| {}), []);
        assert_eq!(rules_of(|c| c.loader_offset = 0x1000), [("R5", field::LOADER_OFFSET.to_owned())]);
        assert_eq!(rules_of(|c| c.loader_size = 0x6100), [("R5", field::LOADER_SIZE.to_owned())]);
        assert_eq!(rules_of(|c| c.loader_offset = 0xE000), [("R13", field::LOADER_SIZE.to_owned())]);
        let beyond = rules_of(|c| (c.loader_offset, c.loader_size) = (0xFFFF_FFFF, 0xFFFF_FFFF));
        assert_eq!(beyond.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ["R5", "R5", "R13"]);
    }

    #[test]
    fn an_offset_off_its_grid_is_mended_to_where_the_loader_is_linked() {
        let found = findings_of(|c| c.loader_offset = 0x1000);
        let Some(Remedy::Edit { edits, .. }) = &found[0].remedy else { panic!("{found:?}") };
        assert_eq!(edits[0].value, NewValue::Number(0x2000));
        let configuration = StirotConfiguration { loader_offset: 0x1000, ..sample() };
        let unknown = sectors(&configuration, About { file: Path::new("a.xml") }, None);
        assert_eq!((unknown[0].severity, &unknown[0].remedy), (Severity::Error, &None));
    }
}
