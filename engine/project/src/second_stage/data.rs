//! A data image beside the application: its slots in the layout inside of the second stage's program, its settings and
//! its content, added together; and left out again.

use std::fs;
use std::path::{Path, PathBuf};

use chip::loader::IMAGE_HEADER_SIZE;
use chip::memory_map::{Region, SLOT_ALIGNMENT, XSPI1_WINDOW};
use formats::{ImagePlaces, SecondStageLayout, Secret};

use super::change::{laid_out, opened, program_with_layout, save, with_places};
use crate::disk::{Confidentiality, Disk};
use crate::error::ProjectError;
use crate::flow::Flow;
use crate::project::Project;
use crate::rules::footprint;
use crate::saving::{Change, Expected};
use crate::template;

/// The content of the data image, beside its settings.
const CONTENT: &str = "rot_data.bin";
/// What an image has around its payload at most: header and TLVs.
const AROUND: u32 = IMAGE_HEADER_SIZE + 0x400;

/// Adds a data image to a project with two boot stages: the bytes of `content`, copied into the project, slots for them
/// where nothing else lies, and settings like the application's. The second stage's program changes with it: a board that
/// was closed before takes up data only when it is provisioned anew.
///
/// # Errors
/// When the project has another flow, or a data image already, the program isn't the studio's, no place is left, or a
/// file can't be read or saved.
pub fn add_data(folder: &Path, content: &Path) -> Result<(), ProjectError> {
    let project = Project::open(folder)?;
    let two = two_stages(&project)?;
    let settings = two.settings;
    if let Some(image) = &project.data_image {
        return Err(ProjectError::DataThere { path: image.input.clone() });
    }
    let bytes = fs::read(content).map_err(|source| ProjectError::Read { path: content.to_owned(), source })?;
    let own = settings.with_file_name(CONTENT);
    let there = Expected::at(&Disk::real(), &own).map_err(|source| ProjectError::Read { path: own.clone(), source })?;
    if there != Expected::Absent && there != Expected::of(&bytes) {
        return Err(ProjectError::DataThere { path: own });
    }
    let needed = u32::try_from(bytes.len()).unwrap_or(u32::MAX).saturating_add(AROUND);
    let places = free_places(&two.layout, &two.taken, needed);
    let layout = SecondStageLayout { data: Some(places), ..two.layout };
    let text = with_places(&settings, template::DATA_IMAGE.as_bytes(), &places)?;
    let new = |path: PathBuf, content: Vec<u8>| Change {
        path,
        content: Secret::new(content),
        confidentiality: Confidentiality::Public,
        expected: Expected::Absent,
    };
    let mut changes = vec![laid_out(&two.program, &two.present, &layout)?, new(settings, text.as_bytes().to_vec())];
    if there == Expected::Absent {
        changes.push(new(own, bytes));
    }
    save(&Disk::real(), project.folder(), &changes)
}

/// Leaves the data image out again. Its content stays, and its settings under another name.
///
/// # Errors
/// When the project has another flow, no data image, or a file can't be saved.
pub fn leave_data(folder: &Path) -> Result<(), ProjectError> {
    let project = Project::open(folder)?;
    let two = two_stages(&project)?;
    let Some(image) = &project.data_image else { return Err(ProjectError::NoData) };
    let layout = SecondStageLayout { data: None, ..two.layout };
    save(&Disk::real(), project.folder(), &[laid_out(&two.program, &two.present, &layout)?])?;
    let aside = image.path.with_extension("xml.left");
    fs::rename(&image.path, &aside).map_err(|source| ProjectError::Write { path: aside, source })
}

/// What a change of the data image needs of a project.
struct TwoStages {
    program: PathBuf,
    present: Vec<u8>,
    layout: SecondStageLayout,
    /// Where the settings of a data image are looked for.
    settings: PathBuf,
    /// What the slots of the other images take.
    taken: Vec<Region>,
}

fn two_stages(project: &Project) -> Result<TwoStages, ProjectError> {
    // A saving that was cut off is finished first.
    opened(&Disk::real(), project.folder(), Flow::StirotOemurot)?;
    let (Some(stirot), Some(name)) = (&project.stirot, project.flow().data_image()) else {
        return Err(ProjectError::Stages { flow: project.flow(), wanted: Flow::StirotOemurot });
    };
    let program = stirot.stage.image.input.clone();
    let (present, layout) = program_with_layout(&program)?;
    let slots = [
        layout.application.installation_slot(),
        layout.application.download_slot(),
        stirot.meaning.installation_slot(),
        stirot.meaning.download_slot(),
    ];
    let taken = slots.map(footprint).to_vec();
    Ok(TwoStages { program, present, layout, settings: project.folder().join(name), taken })
}

/// Two slots of `needed` bytes side by side, from the studio's own place on upwards, where nothing lies and the second
/// stage can open them; that place itself when there is none.
fn free_places(layout: &SecondStageLayout, taken: &[Region], needed: u32) -> ImagePlaces {
    let default = SecondStageLayout::default_data();
    let slot_size = needed.max(default.slot_size).checked_next_multiple_of(SLOT_ALIGNMENT).unwrap_or(needed);
    let at = |installation: u32| ImagePlaces {
        installation,
        download: installation.saturating_add(slot_size),
        slot_size,
        run: 0,
    };
    let works = |places: &ImagePlaces| {
        let slots = [places.installation_slot(), places.download_slot()];
        let free = slots.iter().all(|slot| taken.iter().all(|other| !other.overlaps(*slot)));
        free && SecondStageLayout { data: Some(*places), ..*layout }.check(0).is_ok()
    };
    let beginnings = (default.installation..=u32::MAX).step_by(SLOT_ALIGNMENT as usize);
    let window = beginnings.take_while(|start| XSPI1_WINDOW.contains(*start));
    window.map(at).find(works).unwrap_or_else(|| at(default.installation))
}
