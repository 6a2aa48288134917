//! What the jobs do for the Boot lab: copy the board on the desk, let the copy boot with what was chosen, tell what came of
//! it beside what was expected. As the rest of `engine`, it blocks and decides nothing.

use std::time::Instant;

use provision::lab::{Case, CaseResult, Lab, Scenario as Event, Tamper};
use provision::{Cancel, ProvisionError};

use super::Desk;
use crate::model::Card;
use crate::model::boot_lab::{Scenario, SweepSheet};
use crate::sheets;
use crate::update::{LabReport, LabRequest, Report};

/// Carries a request out. `tell` takes reports on the way.
///
/// # Errors
/// What went wrong, as a card.
pub(crate) fn carry_out(
    desk: &Desk,
    request: LabRequest,
    cancel: &Cancel,
    tell: &mut dyn FnMut(Report),
) -> Result<Vec<Report>, Card> {
    let done = match request {
        LabRequest::Case(scenario, tamper) => case(desk, scenario, tamper, cancel)?,
        LabRequest::Sweep => sweep(desk, cancel, tell)?,
    };
    match done {
        Ok(reports) => Ok(reports),
        // It was asked to stop: that is no error.
        Err(_) if cancel.is_cancelled() => Ok(vec![Report::Notice("the lab was stopped".to_owned())]),
        Err(error) => Err(sheets::card(&error)),
    }
}

/// What comes of work in the lab; a card comes from the desk.
type Worked = Result<Result<Vec<Report>, ProvisionError>, Card>;

fn case(desk: &Desk, scenario: Scenario, tamper: Tamper, cancel: &Cancel) -> Worked {
    let (board, project) = (desk.virtual_board()?, desk.project()?);
    Ok((|| {
        let lab = Lab::of(&board, &project)?;
        let Some(event) = lab.scenarios().into_iter().find(|event| kind(event) == scenario) else {
            let what = "the board has no slots for this update: it was provisioned with another number of boot stages";
            return Err(ProvisionError::Lab { what: what.to_owned() });
        };
        let began = Instant::now();
        let result = lab.try_case(&Case { scenario: event, tamper }, cancel, &mut |_| {})?;
        let story = sheets::boot_lab::story(&lab, &project, &result, began.elapsed());
        Ok(vec![Report::Lab(LabReport::Story(Box::new(story)))])
    })())
}

fn sweep(desk: &Desk, cancel: &Cancel, tell: &mut dyn FnMut(Report)) -> Worked {
    let (board, project) = (desk.virtual_board()?, desk.project()?);
    Ok((|| {
        let lab = Lab::of(&board, &project)?;
        let mut cases = Vec::new();
        for event in lab.scenarios() {
            cases.extend(lab.cases(&event, cancel)?);
        }
        let mut sheet = SweepSheet { total: cases.len(), ..SweepSheet::default() };
        let mut take = |result: CaseResult| {
            sheet.done += 1;
            match sheets::boot_lab::surprise(&result) {
                Some(surprise) => sheet.surprises.push(surprise),
                None => sheet.as_expected += 1,
            }
            tell(Report::Lab(LabReport::Sweep(sheet.clone())));
        };
        lab.try_all(&cases, cancel, &mut take)?;
        Ok(Vec::new())
    })())
}

/// What a scenario of the engine's is in the menu.
const fn kind(event: &Event) -> Scenario {
    match event {
        Event::Boot => Scenario::Boot,
        Event::InstallApplication { .. } => Scenario::UpdateApplication,
        Event::InstallSecondStage { .. } => Scenario::UpdateSecondStage,
    }
}
