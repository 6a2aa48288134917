//! An image on a virtual board of its own, made for it and thrown away afterwards. What the board does is its own; here it
//! is only told, and put beside the verdict.

use formats::{ImageProfile, judge};
use provision::{Cancel, Event, Trial};

use super::{images, not_open};
use crate::engine::Desk;
use crate::model::{Card, Tone};
use crate::sheets;
use crate::sheets::images::trial::{agreement, lines};
use crate::update::{ImagesReport, Report};

/// The steps of a trial, to show how far it is: all that there are but the qualification by password and the objects of a
/// second stage.
#[expect(clippy::cast_precision_loss, reason = "a handful")]
const STEPS: f32 = (provision::StepId::ALL.len() - 3) as f32;

/// Tries an image.
pub(super) fn try_image(
    desk: &Desk,
    serial: u64,
    index: usize,
    cancel: &Cancel,
    tell: &mut dyn FnMut(Report),
) -> Result<Vec<Report>, Card> {
    let file = desk.file(serial).ok_or_else(not_open)?;
    let image = file.opened.images.get(index).ok_or_else(not_open)?;
    let project = desk.project()?;
    let workshop = desk.workshop();
    // An image of the second stage's kind is for the second stage, where the project has one; all else is put to STiRoT.
    let by = match (image.profile, project.second_stage()) {
        (Some(ImageProfile::Oemurot), Some(_)) => ImageProfile::Oemurot,
        _ => ImageProfile::Stirot,
    };
    let verdict = judge(&file.opened, image, &workshop.circumstances(Some(by), None)).verdict;
    let slot_size = workshop.stage(by).map_or(0, |stage| stage.slot_size);
    let content = provision::slot_content(&file.opened.content, image, slot_size);
    let mut done = 0.0;
    let mut events = |event| match event {
        Event::StepStarted { title, .. } => tell(images(ImagesReport::TrialStep(title))),
        Event::StepProved { .. } | Event::StepSkipped { .. } => {
            done += 1.0;
            tell(images(ImagesReport::TrialProgress((done / STEPS).min(0.97))));
        }
        _ => {}
    };
    let trial = match by {
        ImageProfile::Oemurot => provision::try_application(&project, &content, cancel, &mut events),
        _ => provision::try_image(&project, &content, cancel, &mut events),
    };
    let trial: Trial = match trial {
        Ok(trial) => trial,
        // It was asked to stop: that is no error.
        Err(_) if cancel.is_cancelled() => {
            let text = "Stopped before the board gave its answer".to_owned();
            return Ok(vec![images(ImagesReport::TrialEnded(Tone::Neutral, text, Vec::new()))]);
        }
        Err(error) => return Err(sheets::card(&error)),
    };
    let (tone, text) = agreement(&verdict, trial.decision);
    Ok(vec![images(ImagesReport::TrialEnded(tone, text, lines(&trial)))])
}
