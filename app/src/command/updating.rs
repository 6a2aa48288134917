//! The intents of an update in the table of commands: text, tooltip, and when they are possible.

use chip::product_state::ProductState;
use project::Flow;
use provision::update::UpdateTarget;

use super::{Refusal, powered_board, quiet_project, virtual_board};
use crate::model::Model;
use crate::model::updating::UpdateIntent;

/// What stands on the button.
pub(super) const fn text(intent: &UpdateIntent) -> &'static str {
    match intent {
        UpdateIntent::Open => "Update a closed board…",
        UpdateIntent::Close => "Plan to provision",
        UpdateIntent::Plan(..) => "Plan update",
        UpdateIntent::Run => "Update board",
        UpdateIntent::Cancel => "Stop update",
        UpdateIntent::CloseResult => "Show update plan",
    }
}

/// What it does, in a sentence.
pub(super) const fn tooltip(intent: &UpdateIntent) -> &'static str {
    match intent {
        UpdateIntent::Open => "A newer application or second stage, by the way in that the board's state leaves open",
        UpdateIntent::Close => "Back to the plan that provisions a board",
        UpdateIntent::Plan(..) => "Builds the image with this version and the project's keys; the board isn't touched",
        UpdateIntent::Run => "Sends the image, resets the board and believes only what boots",
        UpdateIntent::Cancel => "Stop at the next point where nothing is half sent; the old application goes on",
        UpdateIntent::CloseResult => "Put the result away and show the plan again",
    }
}

/// Whether it can be given now.
pub(super) fn enabled(intent: &UpdateIntent, model: &Model) -> Result<(), Refusal> {
    match intent {
        UpdateIntent::Open | UpdateIntent::Close => Ok(()),
        UpdateIntent::Plan(target, _) => {
            let Some(project) = &model.project else { return Err("no project is open".into()) };
            if *target == UpdateTarget::SecondStage && project.flow != Flow::StirotOemurot {
                return Err("the project has one boot stage".into());
            }
            if model.update.goes_on() {
                return Err("an update goes on".into());
            }
            quiet_project(model)
        }
        UpdateIntent::Run => {
            virtual_board(model)?;
            powered_board(model)?;
            quiet_project(model)?;
            if !matches!(model.product_state(), Some(ProductState::Closed | ProductState::Locked)) {
                return Err("the board isn't CLOSED; provision it first".into());
            }
            match model.update.sheet() {
                Some(_) => Ok(()),
                None => Err("plan the update first".into()),
            }
        }
        UpdateIntent::Cancel => match &model.update.run {
            Some(run) if run.verdict.is_none() && run.stopping => Err("stopping at the next safe point".into()),
            Some(run) if run.verdict.is_none() => Ok(()),
            _ => Err("no update goes on".into()),
        },
        UpdateIntent::CloseResult => match &model.update.run {
            Some(run) if run.verdict.is_some() => Ok(()),
            Some(_) => Err("the update goes on".into()),
            None => Err("nothing was updated".into()),
        },
    }
}
