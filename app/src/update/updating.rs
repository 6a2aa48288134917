//! Updates of a closed board: what a person wants, and what the jobs report. As the rest of `update`, it changes the model
//! and returns what is to happen outside.

use std::time::Instant;

use provision::update::UpdateTarget;

use super::{Effect, Request};
use crate::model::updating::{UpdateIntent, UpdatePlanSheet, UpdateSheet, Updating};
use crate::model::{Card, JobKind, Model, Run, StepState, Verdict, View};

/// What a job of an update is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateRequest {
    /// Build the image and plan, to a version as typed.
    Plan(UpdateTarget, String),
    /// Carry the plan out that was made last.
    Run,
}

impl UpdateRequest {
    /// What the status bar says while it goes on.
    pub const fn text(&self) -> &'static str {
        match self {
            Self::Plan(..) => "planning the update",
            Self::Run => "updating the board",
        }
    }
}

/// What a job of an update reports.
#[derive(Debug)]
pub enum UpdateReport {
    /// A plan was made.
    Planned(Box<UpdateSheet>),
    /// No plan can be made.
    Refused(Card),
    /// A step began.
    StepStarted(usize),
    /// A step went on: done, of how much.
    Progress(usize, u64, u64),
    /// A step was proved: by what, in how many seconds.
    StepProved(usize, String, f64),
    /// The update ended.
    Finished(Box<Verdict>),
}

/// Carries an intent out.
pub(super) fn apply(model: &mut Model, intent: UpdateIntent, effects: &mut Vec<Effect>) {
    match intent {
        UpdateIntent::Open => {
            model.view = View::Provision;
            model.object_file = None;
            model.update.open = true;
            if model.update.plan == UpdatePlanSheet::None && model.project.is_some() {
                plan(model, UpdateTarget::Application, String::new(), effects);
            }
        }
        UpdateIntent::Close => model.update.open = false,
        UpdateIntent::Plan(target, version) => plan(model, target, version, effects),
        UpdateIntent::Run => {
            let steps = model.update.sheet().map_or(0, |sheet| sheet.steps.len());
            model.cards.clear();
            model.update.run = Some(Run {
                steps: vec![StepState::Waiting; steps],
                started: Instant::now(),
                stopping: false,
                log: Vec::new(),
                verdict: None,
            });
            effects.push(Effect::Start(JobKind::Update, Request::Update(UpdateRequest::Run)));
        }
        UpdateIntent::Cancel => {
            if let Some(run) = &mut model.update.run {
                run.stopping = true;
            }
            effects.push(Effect::Cancel);
        }
        UpdateIntent::CloseResult => model.update.run = None,
    }
}

fn plan(model: &mut Model, target: UpdateTarget, version: String, effects: &mut Vec<Effect>) {
    model.update.run = None;
    model.update.target = target;
    model.update.plan = UpdatePlanSheet::Making;
    effects.push(Effect::Start(JobKind::Project, Request::Update(UpdateRequest::Plan(target, version))));
}

/// Takes in what a job reports.
pub(super) fn receive(model: &mut Model, report: UpdateReport, effects: &mut Vec<Effect>) {
    let update = &mut model.update;
    match report {
        UpdateReport::Planned(sheet) => update.plan = UpdatePlanSheet::Ready(sheet),
        UpdateReport::Refused(card) => update.plan = UpdatePlanSheet::Refused(card),
        UpdateReport::StepStarted(index) => {
            set(update, index, StepState::Running { since: Instant::now(), done: 0, total: 0 });
        }
        UpdateReport::Progress(index, done, total) => {
            let step = update.run.as_mut().and_then(|run| run.steps.get_mut(index));
            if let Some(StepState::Running { done: shown, total: whole, .. }) = step {
                (*shown, *whole) = (done, total);
            }
        }
        UpdateReport::StepProved(index, evidence, seconds) => {
            set(update, index, StepState::Proved { evidence, seconds });
        }
        UpdateReport::Finished(verdict) => finish(model, *verdict, effects),
    }
}

/// Ends an update, also one whose job failed.
pub(super) fn finish(model: &mut Model, verdict: Verdict, effects: &mut Vec<Effect>) {
    let last = match &verdict {
        Verdict::Pass { .. } => "updated",
        Verdict::Fail(_) => "update failed",
        Verdict::Stopped(_) => "update stopped",
    };
    if let Some(board) = &mut model.board {
        board.last = Some(last.to_owned());
    }
    // The board stands otherwise now than the lab's copy did.
    model.lab.forget();
    if let Some(run) = &mut model.update.run {
        if !matches!(verdict, Verdict::Pass { .. })
            && let Some(step) = run.steps.iter_mut().find(|step| matches!(step, StepState::Running { .. }))
        {
            *step = StepState::Failed;
        }
        run.verdict = Some(verdict);
    }
    effects.push(Effect::SaveSettings);
}

/// A project that changed makes other images: the plan of before is put away, an update that goes on is not.
pub(super) fn project_changed(update: &mut Updating) {
    if !update.goes_on() {
        *update = Updating { open: update.open, ..Updating::default() };
    }
}

fn set(update: &mut Updating, index: usize, state: StepState) {
    if let Some(step) = update.run.as_mut().and_then(|run| run.steps.get_mut(index)) {
        *step = state;
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn an_update_that_fails_marks_its_step_and_tells_the_board_so() {
        let mut model = Model::new(PathBuf::from("data"));
        let mut effects = Vec::new();
        model.update.run = Some(Run {
            steps: vec![StepState::Waiting; 2],
            started: Instant::now(),
            stopping: false,
            log: Vec::new(),
            verdict: None,
        });
        for report in [
            UpdateReport::StepStarted(0),
            UpdateReport::StepProved(0, "CLOSED".to_owned(), 0.1),
            UpdateReport::StepStarted(1),
            UpdateReport::Finished(Box::new(Verdict::Fail(Card::default()))),
        ] {
            receive(&mut model, report, &mut effects);
        }
        let run = model.update.run.as_ref().unwrap();
        assert!(matches!(run.steps.as_slice(), [StepState::Proved { .. }, StepState::Failed]), "{:?}", run.steps);
        assert!(!model.update.goes_on());
    }

    #[test]
    fn a_version_that_is_none_leaves_what_is_updated_as_it_was_chosen() {
        let mut model = Model::new(PathBuf::from("data"));
        let mut effects = Vec::new();
        apply(&mut model, UpdateIntent::Plan(UpdateTarget::SecondStage, "next".to_owned()), &mut effects);
        receive(&mut model, UpdateReport::Refused(Card::default()), &mut effects);
        assert_eq!(model.update.target, UpdateTarget::SecondStage);
    }

    #[test]
    fn opening_plans_the_application_at_once_when_there_is_a_project() {
        let mut model = Model::new(PathBuf::from("data"));
        let mut effects = Vec::new();
        apply(&mut model, UpdateIntent::Open, &mut effects);
        assert!(effects.is_empty() && model.update.open, "without a project there is nothing to plan");
        apply(&mut model, UpdateIntent::Plan(UpdateTarget::Application, "1.2.0".to_owned()), &mut effects);
        assert_eq!(model.update.plan, UpdatePlanSheet::Making);
        assert_eq!(effects.len(), 1);
    }
}
