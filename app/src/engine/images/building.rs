//! Building images: the project's own, and one of any application with the project's settings and keys. What must not be
//! written over or be made an image of is the engine's to refuse.

use std::path::PathBuf;

use formats::ImageProfile;
use project::{ImageRecipe, Project, ProjectError, Workshop};

use super::{images, open};
use crate::engine::{Desk, Edited, editing};
use crate::model::Card;
use crate::model::images::{Built, FromFile, Recipe};
use crate::sheets;
use crate::sheets::images::building;
use crate::text::file_name;
use crate::update::{ImagesReport, Report};

/// What the project would build.
pub(super) fn recipe(desk: &Desk) -> Result<Report, Card> {
    let project = desk.project()?;
    let workshop = Workshop::of(&project);
    let Some(stage) = workshop.stages.first() else {
        return Err(Card {
            title: "This project's flow builds no image here".to_owned(),
            remedy: Some("Choose a flow with STiRoT.".to_owned()),
            ..Card::default()
        });
    };
    let stages = workshop.stages.iter().map(|stage| building::whose(stage.profile)).collect();
    Ok(images(ImagesReport::Recipe(Recipe { facts: building::recipe(stage, &workshop), stages })))
}

/// The project as its files are, with the keys that were opened.
fn saved(edited: Option<&Edited>) -> Result<Project, Card> {
    let edited = edited.ok_or_else(|| Card { title: "No project is open".to_owned(), ..Card::default() })?;
    edited.draft.as_saved().project().map_err(|error| sheets::project_card(&error))
}

/// Builds what is stale of the project's outputs, as Build outputs does, then opens the image of its first boot stage.
pub(super) fn build(desk: &Desk, serial: u64, edited: Option<Edited>) -> Result<Vec<Report>, Card> {
    let project = saved(edited.as_ref())?;
    let target = project.settings().final_state;
    let mut made = Vec::from_iter(project.image_for(target).map_err(|error| sheets::project_card(&error))?);
    let mut missing = None;
    match project.second_stage_image_for(target) {
        Ok(image) => made.extend(image),
        // STiRoT's image is of use without.
        Err(error @ ProjectError::Application { .. }) if !made.is_empty() => missing = Some(error.to_string()),
        Err(error) => return Err(sheets::project_card(&error)),
    }
    let mut reports = edited.map_or_else(|| Ok(Vec::new()), |edited| editing::build(desk, edited))?;
    let failed = reports.iter().any(|report| matches!(report, Report::Failed(..)));
    let Some(first) = made.first().filter(|_| !failed) else { return Ok(reports) };
    let path = first.path.clone();
    let built: Vec<_> = made.iter().map(building::built).collect();
    let told = built.iter().map(|image| format!("{}: {}", image.name, image.how));
    let missing = missing.map(|missing| format!("Not the second boot stage's image: {missing}"));
    reports.push(Report::Notice(told.chain(missing).collect::<Vec<_>>().join(" ")));
    reports.push(images(ImagesReport::Built(Built { serial, images: built })));
    reports.push(recipe(desk)?);
    reports.extend(open(desk, path, serial, None)?);
    Ok(reports)
}

/// Builds an image of any application, and opens it.
pub(super) fn build_from(
    desk: &Desk,
    files: &FromFile,
    serial: u64,
    edited: Option<&Edited>,
) -> Result<Vec<Report>, Card> {
    let (application, image) = (PathBuf::from(files.application.trim()), PathBuf::from(files.image.trim()));
    let project = saved(edited)?;
    let stages = Workshop::of(&project).stages;
    // The project may have lost the stage that was chosen; a flow without any is refused as such.
    let stage = stages.get(files.stage).or_else(|| stages.first());
    let profile = stage.map_or(ImageProfile::Stirot, |stage| stage.profile);
    let recipe = ImageRecipe::of_project(&project, profile).map_err(|error| sheets::project_card(&error))?;
    let description = recipe.build(&application, &image).map_err(|error| sheets::project_card(&error))?;
    let built = building::described(&description, format!("Built from {}.", file_name(&application)));
    let mut reports = vec![images(ImagesReport::Built(Built { serial, images: vec![built] }))];
    reports.extend(open(desk, image, serial, None)?);
    Ok(reports)
}
