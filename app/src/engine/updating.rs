//! What the jobs do about an update of a closed board: build the image and plan, then carry the plan out. As the rest of
//! `engine`, it blocks and decides nothing.

use std::time::Instant;

use formats::Version;
use project::Workshop;
use provision::update::{RefusedImages, UpdateEvent, UpdateImage, UpdatePlan, UpdateTarget, plan_update, update};
use provision::{Cancel, ProvisionError, RunFolder};

use super::{Desk, lock, read};
use crate::model::{Card, Verdict};
use crate::sheets;
use crate::update::{Report, UpdateReport, UpdateRequest};

/// Carries a request out. `tell` takes reports on the way.
///
/// # Errors
/// What kept it from beginning, as a card.
pub(crate) fn carry_out(
    desk: &Desk,
    request: UpdateRequest,
    cancel: &Cancel,
    tell: &mut dyn FnMut(Report),
) -> Result<Vec<Report>, Card> {
    match request {
        UpdateRequest::Plan(target, version) => {
            let made = plan(desk, target, &version);
            let report = match made {
                Ok(plan) => {
                    let sheet = sheets::updating::plan(&plan);
                    *lock(&desk.update) = Some(plan);
                    UpdateReport::Planned(Box::new(sheet))
                }
                Err(card) => {
                    *lock(&desk.update) = None;
                    UpdateReport::Refused(card)
                }
            };
            Ok(vec![Report::Update(report)])
        }
        UpdateRequest::Run => run(desk, cancel, tell),
    }
}

fn plan(desk: &Desk, target: UpdateTarget, typed: &str) -> Result<UpdatePlan, Card> {
    let project = desk.project()?;
    let version = match typed.trim() {
        "" => next_version(desk, target)?,
        typed => typed.parse().map_err(|error: formats::FormatError| Card {
            title: format!("“{typed}” is no version"),
            remedy: Some("Write it as 1.2.3 or 1.2.3+4.".to_owned()),
            detail: error.to_string(),
            ..Card::default()
        })?,
    };
    let image = UpdateImage::build(&project, target, None, version).map_err(|error| sheets::card(&error))?;
    let plan = plan_update(&project, target, image, RefusedImages::NotSent);
    plan.map_err(|refusal| sheets::card(&ProvisionError::Refused(refusal)))
}

/// The version after the project's own: what a next release is called.
fn next_version(desk: &Desk, target: UpdateTarget) -> Result<Version, Card> {
    let project = desk.project()?;
    let profile = target.profile(&project).map_err(|refusal| sheets::card(&ProvisionError::Refused(refusal)))?;
    let stage = Workshop::of(&project).stage(profile).map(|stage| stage.version);
    let own = stage.unwrap_or(Version { major: 1, minor: 0, revision: 0, build: 0 });
    Ok(match own.minor.checked_add(1) {
        Some(minor) => Version { minor, revision: 0, build: 0, ..own },
        None => Version { major: own.major.saturating_add(1), minor: 0, revision: 0, build: 0 },
    })
}

fn run(desk: &Desk, cancel: &Cancel, tell: &mut dyn FnMut(Report)) -> Result<Vec<Report>, Card> {
    let plan = lock(&desk.update).clone().ok_or_else(|| Card {
        title: "No update is planned".to_owned(),
        remedy: Some("Plan it first.".to_owned()),
        ..Card::default()
    })?;
    let board = desk.virtual_board()?;
    desk.let_go();
    let began = Instant::now();
    let mut record = None;
    let folder = RunFolder::for_board(&desk.address()?);
    let result = update(&plan, &board, &folder, cancel, &mut |event| {
        if let UpdateEvent::Finished(finished) = event {
            record = Some(*finished);
        } else if let Some(report) = sheets::updating::report(event) {
            tell(Report::Update(report));
        }
    });
    let saved = record.as_ref().and_then(|record| {
        record.save(&folder).map_err(|error| log::error!("the record of the update could not be saved: {error}")).ok()
    });
    let verdict = match &result {
        Ok(record) => sheets::updating::verdict(record, saved, began.elapsed().as_secs_f64()),
        Err(ProvisionError::Cancelled { .. }) => Verdict::Stopped(Card {
            title: "The update was stopped".to_owned(),
            remedy: Some("What ran before goes on; run the update again when you like.".to_owned()),
            ..Card::default()
        }),
        Err(error) => Verdict::Fail(sheets::card(error)),
    };
    let mut reports = vec![Report::Update(UpdateReport::Finished(Box::new(verdict)))];
    // What the strip shows was measured before.
    match read(desk, "") {
        Ok(report) => reports.push(report),
        Err(card) => log::warn!("the board could not be read after the update: {}", card.text()),
    }
    Ok(reports)
}
