//! Changing the boot stages of a project on the disk: where the application runs, a second stage beside the one that is
//! there, and back. All files of a change are saved, or none; nothing of the user's is written over.

use std::fs;
use std::path::{Path, PathBuf};

use chip::memory_map::Region;
use formats::form::{FieldKey, Form};
use formats::{ApplicationRun, FormatError, ImagePlaces, SecondStageLayout, Secret};

use crate::disk::{Confidentiality, Disk};
use crate::error::ProjectError;
use crate::flow::Flow;
use crate::image::rules::{ADDRESS, SLOT_SIZE};
use crate::project::{Project, absolute, load_settings};
use crate::rules::footprint;
use crate::saving::{self, Change, Expected};
use crate::settings::{SETTINGS_FILE, Settings};
use crate::template;

/// Lets the application of a project with two boot stages run elsewhere: in the layout inside of the second stage's
/// program, in the settings of the application's image, and when the application is the studio's demonstration, in its
/// place the one that is linked there. An application of the user's stays: a finding says when it is linked elsewhere.
///
/// # Errors
/// When the project has another flow, the program isn't the studio's, its places can't work, or a file can't be saved.
pub fn set_run(folder: &Path, run: ApplicationRun) -> Result<(), ProjectError> {
    set_run_on(&Disk::real(), folder, run)
}

/// As [`set_run`], through a disk of the caller's choice.
///
/// # Errors
/// As [`set_run`].
pub fn set_run_on(disk: &Disk, folder: &Path, run: ApplicationRun) -> Result<(), ProjectError> {
    let project = Project::open(folder)?;
    let (Some(stirot), Some(oem)) = (&project.stirot, &project.oem) else {
        return Err(ProjectError::Stages { flow: project.flow(), wanted: Flow::StirotOemurot });
    };
    let path = &stirot.stage.image.input;
    let (present, layout) = program_with_layout(path)?;
    let layout = moved(layout, run, [stirot.meaning.installation_slot(), stirot.meaning.download_slot()]);
    let mut changes = vec![laid_out(path, &present, &layout)?];

    let image = &oem.image.path;
    let text = fs::read(image).map_err(|source| ProjectError::Read { path: image.clone(), source })?;
    let edited = with_places(image, &text, &layout.application)?;
    changes.push(replaced(image, &text, edited.as_bytes().to_vec()));

    let application = &oem.image.input;
    if let Ok(present) = fs::read(application)
        && template::programs::is_demo(&present)
    {
        changes.push(replaced(application, &present, template::programs::demo(run).to_vec()));
    }
    changes.retain(|change| change.expected != Expected::of(&change.content));
    save(disk, project.folder(), &changes)
}

/// Adds a second stage to a project with one boot stage: the files of the flow of two beside those that are there, with
/// keys of their own and the numbers of STiRoT's configuration that don't concern its slots, and the flow chosen. Files
/// of that flow that are there already are taken as they are, all of them or none.
///
/// # Errors
/// When the project has another flow, a file of the second stage is there and others aren't, or a file can't be saved.
pub fn add(folder: &Path, run: ApplicationRun) -> Result<(), ProjectError> {
    add_on(&Disk::real(), folder, run)
}

/// As [`add`], through a disk of the caller's choice.
///
/// # Errors
/// As [`add`].
pub fn add_on(disk: &Disk, folder: &Path, run: ApplicationRun) -> Result<(), ProjectError> {
    let (folder, settings) = opened(disk, folder, Flow::Stirot)?;
    let mut changes = Vec::new();
    if !is_laid_out(&folder, Flow::StirotOemurot) {
        changes.extend(template::second_stage_beside(&folder, run)?);
    }
    changes.push(with_flow(disk, &folder, settings, Flow::StirotOemurot)?);
    save(disk, &folder, &changes)
}

/// Lets a project with two boot stages have one again, with the files that it had before. Those of the second stage
/// stay; [`add`] takes them up again.
///
/// # Errors
/// When the project has another flow, no files of one boot stage, or the project file can't be saved.
pub fn leave(folder: &Path) -> Result<(), ProjectError> {
    let disk = &Disk::real();
    let (folder, settings) = opened(disk, folder, Flow::StirotOemurot)?;
    if !is_laid_out(&folder, Flow::Stirot) {
        return Err(ProjectError::NotAProject { folder, missing: PathBuf::from(Flow::Stirot.first_file()) });
    }
    let change = with_flow(disk, &folder, settings, Flow::Stirot)?;
    save(disk, &folder, &[change])
}

/// The second stage's program and the layout inside of it.
pub(super) fn program_with_layout(path: &Path) -> Result<(Vec<u8>, SecondStageLayout), ProjectError> {
    let program = fs::read(path).map_err(|source| ProjectError::Application { path: path.to_owned(), source })?;
    let found = SecondStageLayout::find(&program);
    let found = found.map_err(|problem| ProjectError::Layout { path: path.to_owned(), problem })?;
    let layout = found.ok_or_else(|| ProjectError::NoLayout { path: path.to_owned() })?;
    Ok((program, layout))
}

/// The program with another layout inside.
pub(super) fn laid_out(path: &Path, present: &[u8], layout: &SecondStageLayout) -> Result<Change, ProjectError> {
    let mut program = present.to_vec();
    layout.replace_in(&mut program).map_err(|problem| ProjectError::Layout { path: path.to_owned(), problem })?;
    Ok(replaced(path, present, program))
}

/// The layout with another place to run: slots stay where they are as long as they fit there.
fn moved(present: SecondStageLayout, run: ApplicationRun, theirs: [Region; 2]) -> SecondStageLayout {
    let default = SecondStageLayout::for_run(run).application;
    let run_address = match run {
        ApplicationRun::InPlace => present.application.installation,
        ApplicationRun::InternalRam | ApplicationRun::ExternalRam => default.run,
    };
    let application = ImagePlaces { slot_size: default.slot_size, run: run_address, ..present.application };
    let layout = SecondStageLayout { run, application, ..present };
    let slots = [application.installation_slot(), application.download_slot()].map(footprint);
    let meets = slots.iter().any(|slot| theirs.iter().any(|other| footprint(*other).overlaps(*slot)));
    if meets || layout.check(0).is_err() { SecondStageLayout { application: default, ..layout } } else { layout }
}

/// The text of an image's settings with the places of a layout.
pub(crate) fn with_places(path: &Path, text: &[u8], places: &ImagePlaces) -> Result<Secret<String>, ProjectError> {
    let wrong = |source| ProjectError::Configuration { path: path.to_owned(), source };
    let mut form = Form::read(text).map_err(wrong)?;
    for (name, number) in [(SLOT_SIZE, places.slot_size), (ADDRESS, places.download)] {
        let key = FieldKey::field(name);
        if form.field(&key).is_none() {
            let problem = "the settings have no such field".to_owned();
            return Err(wrong(FormatError::Field { line: 1, field: name.to_owned(), problem }));
        }
        let value = form.number_text(&key, u128::from(number));
        form = form.with_value(&key, &value).map_err(wrong)?;
    }
    Ok(form.source().clone())
}

/// The settings of a project of this flow, a saving that was cut off finished first.
pub(super) fn opened(disk: &Disk, folder: &Path, flow: Flow) -> Result<(PathBuf, Settings), ProjectError> {
    let folder = absolute(folder)?;
    saving::recover(disk, &folder).map_err(|source| ProjectError::Saving { source: Box::new(source) })?;
    let settings = load_settings(&folder)?;
    match settings.flow == flow {
        true => Ok((folder, settings)),
        false => Err(ProjectError::Stages { flow: settings.flow, wanted: flow }),
    }
}

/// Whether every xml of a flow is there.
fn is_laid_out(folder: &Path, flow: Flow) -> bool {
    let files = [flow.stirot(), flow.oem()].into_iter().flatten();
    files.flat_map(|files| [files.configuration, files.image]).all(|file| folder.join(file).is_file())
}

fn with_flow(disk: &Disk, folder: &Path, settings: Settings, flow: Flow) -> Result<Change, ProjectError> {
    let path = folder.join(SETTINGS_FILE);
    let expected = Expected::at(disk, &path).map_err(|source| ProjectError::Read { path: path.clone(), source })?;
    let present = fs::read_to_string(&path).unwrap_or_default();
    let text = Settings { flow, ..settings }.to_text(folder, &present)?;
    let content = Secret::new(text.into_bytes());
    Ok(Change { path, content, confidentiality: Confidentiality::Public, expected })
}

fn replaced(path: &Path, present: &[u8], content: Vec<u8>) -> Change {
    Change {
        path: path.to_owned(),
        content: Secret::new(content),
        confidentiality: Confidentiality::Public,
        expected: Expected::of(present),
    }
}

pub(super) fn save(disk: &Disk, folder: &Path, changes: &[Change]) -> Result<(), ProjectError> {
    saving::save_all(disk, folder, changes).map_err(|source| ProjectError::Saving { source: Box::new(source) })
}
