//! The Boot lab: what a person wants of it, and what its jobs report. As the rest of `update`, it changes the model and
//! returns what is to happen outside.

use std::time::Instant;

use provision::lab::Tamper;

use super::{Effect, Request};
use crate::model::boot_lab::{LabIntent, Reveal, Scenario, StorySheet, SweepSheet, Work};
use crate::model::{JobKind, Model, View};

/// What a job of the lab is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabRequest {
    /// One case on a fresh copy of the board.
    Case(Scenario, Tamper),
    /// Every case, each on a fresh copy.
    Sweep,
}

impl LabRequest {
    /// What the status bar says while it goes on.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Case(..) => "booting a copy of the board",
            Self::Sweep => "trying every case on copies of the board",
        }
    }
}

/// What a job of the lab reports.
#[derive(Debug)]
pub enum LabReport {
    /// What a copy did.
    Story(Box<StorySheet>),
    /// The cases tried so far.
    Sweep(SweepSheet),
}

/// Carries an intent out.
pub(super) fn apply(model: &mut Model, intent: LabIntent, effects: &mut Vec<Effect>) {
    let lab = &mut model.lab;
    match intent {
        LabIntent::Choose(scenario) => {
            lab.scenario = scenario;
            if !fits(scenario, lab.tamper) {
                lab.tamper = Tamper::None;
            }
            lab.put_story_away();
        }
        LabIntent::Tamper(tamper) => {
            lab.tamper = tamper;
            lab.put_story_away();
        }
        LabIntent::Pick(moment) => {
            lab.picked = Some(moment);
            return;
        }
        LabIntent::Step if lab.story.is_some() => lab.step(),
        LabIntent::Run | LabIntent::Step => {
            lab.reveal = if intent == LabIntent::Run { Reveal::Whole } else { Reveal::Steps };
            start(model, Work::Case, effects);
        }
        LabIntent::RunAll => {
            lab.sweep = Some(SweepSheet::default());
            start(model, Work::Sweep, effects);
        }
        LabIntent::Cancel => {
            lab.stopping = true;
            effects.push(Effect::CancelLab);
            return;
        }
    }
    model.view = View::BootLab;
    model.object_file = None;
}

/// Whether a tampering means something in a scenario: a boot brings no new image that could be tampered with.
pub(crate) const fn fits(scenario: Scenario, tamper: Tamper) -> bool {
    let of_the_new_image = matches!(tamper, Tamper::FlipBit { .. } | Tamper::OtherKey { .. } | Tamper::OlderVersion);
    !(matches!(scenario, Scenario::Boot) && of_the_new_image)
}

fn start(model: &mut Model, work: Work, effects: &mut Vec<Effect>) {
    model.drop_card(JobKind::Lab);
    let lab = &mut model.lab;
    lab.running = Some((work, Instant::now()));
    lab.stopping = false;
    let request = match work {
        Work::Case => LabRequest::Case(lab.scenario, lab.tamper),
        Work::Sweep => LabRequest::Sweep,
    };
    effects.push(Effect::Start(JobKind::Lab, Request::Lab(request)));
}

/// Takes in what a job reports.
pub(super) fn receive(model: &mut Model, report: LabReport) {
    match report {
        LabReport::Story(story) => model.lab.tell(*story),
        LabReport::Sweep(sweep) => model.lab.sweep = Some(sweep),
    }
}

/// A job of the lab ended: nothing goes on any more.
pub(super) fn ended(model: &mut Model) {
    if !model.runs(JobKind::Lab) {
        model.lab.running = None;
        model.lab.stopping = false;
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::model::example_story::refused_update;

    #[test]
    fn another_case_puts_the_story_of_the_last_one_away() {
        let mut model = Model::new(PathBuf::from("data"));
        let mut effects = Vec::new();
        receive(&mut model, LabReport::Story(Box::new(refused_update())));
        apply(&mut model, LabIntent::Tamper(Tamper::SwapSlots), &mut effects);
        assert!(model.lab.story.is_none() && effects.is_empty());
        assert_eq!((model.lab.tamper, model.view), (Tamper::SwapSlots, View::BootLab));
    }

    #[test]
    fn a_step_without_a_story_runs_the_case_and_shows_its_beginning() {
        let mut model = Model::new(PathBuf::from("data"));
        let mut effects = Vec::new();
        apply(&mut model, LabIntent::Step, &mut effects);
        let request = LabRequest::Case(Scenario::Boot, Tamper::None);
        assert_eq!(effects, [Effect::Start(JobKind::Lab, Request::Lab(request))]);
        receive(&mut model, LabReport::Story(Box::new(refused_update())));
        assert_eq!(model.lab.revealed, model.lab.story.as_ref().and_then(StorySheet::first));
        apply(&mut model, LabIntent::Step, &mut effects);
        assert_eq!(effects.len(), 1, "the second step needs no board");
    }
}
