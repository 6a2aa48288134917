//! What the Boot lab shows: the story of a boot as passes on lanes across resets, where in it the person stands, and what
//! is tried next. Plain values without egui; what happened and what was expected is the engine's word.

mod obstacle;
mod story;

use std::time::Instant;

use provision::lab::Tamper;

pub use obstacle::Obstacle;
pub use story::{Answer, CheckSheet, ExpectationSheet, Lane, Moment, PassSheet, Source, StoryLine, StorySheet};

/// What is done to the copy of the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scenario {
    /// Reset, and boot what is installed.
    #[default]
    Boot,
    /// A newer application lies in its download slot.
    UpdateApplication,
    /// A newer OEMuRoT lies in STiRoT's download slot.
    UpdateSecondStage,
}

impl Scenario {
    /// All of them, in the order of the menu.
    pub const ALL: [Self; 3] = [Self::Boot, Self::UpdateApplication, Self::UpdateSecondStage];
}

/// What a person wants of the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabIntent {
    /// Choose what happens.
    Choose(Scenario),
    /// Choose what is done against it.
    Tamper(Tamper),
    /// Copy the board, reset the copy and tell what it does.
    Run,
    /// Show the next check of the story, from its beginning after its end.
    Step,
    /// Look at a moment.
    Pick(Moment),
    /// Try every case there is.
    RunAll,
    /// Stop what goes on.
    Cancel,
}

/// A case of which the board made something else than was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surprise {
    /// The case in words.
    pub case: String,
    /// What was expected.
    pub expected: String,
    /// What was seen.
    pub seen: String,
}

/// All cases after each other, as far as they were tried.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SweepSheet {
    /// Cases tried.
    pub done: usize,
    /// Cases that there are.
    pub total: usize,
    /// Cases that came out as expected.
    pub as_expected: usize,
    /// The others.
    pub surprises: Vec<Surprise>,
}

/// What goes on in the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// One case.
    Case,
    /// All cases.
    Sweep,
}

/// How much of a story a person wants to see when it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reveal {
    /// All of it.
    #[default]
    Whole,
    /// Step by step, from its first pass.
    Steps,
}

/// The lab, as far as the window keeps it.
#[derive(Debug, Clone)]
pub struct BootLab {
    /// What happens.
    pub scenario: Scenario,
    /// What is done against it.
    pub tamper: Tamper,
    /// What the copy did with that.
    pub story: Option<StorySheet>,
    /// How far the story is shown.
    pub revealed: Option<Moment>,
    /// Where the person stands in it.
    pub picked: Option<Moment>,
    /// How the story that is under way will be shown.
    pub reveal: Reveal,
    /// What goes on, and since when.
    pub running: Option<(Work, Instant)>,
    /// Whether it was asked to stop.
    pub stopping: bool,
    /// All cases, as far as they were tried.
    pub sweep: Option<SweepSheet>,
}

impl Default for BootLab {
    fn default() -> Self {
        Self {
            scenario: Scenario::Boot,
            tamper: Tamper::None,
            story: None,
            revealed: None,
            picked: None,
            reveal: Reveal::Whole,
            running: None,
            stopping: false,
            sweep: None,
        }
    }
}

impl BootLab {
    /// Puts away what was true of another board or another project. What goes on runs to its end, and is put away then.
    pub fn forget(&mut self) {
        *self = Self {
            scenario: self.scenario,
            tamper: self.tamper,
            running: self.running,
            stopping: self.stopping,
            ..Self::default()
        };
    }

    /// Puts the story away: it is of another case than the one chosen.
    pub fn put_story_away(&mut self) {
        (self.story, self.revealed, self.picked) = (None, None, None);
    }

    /// Takes a story in, and stands where it says most: at the first check that failed, else at the end.
    pub fn tell(&mut self, story: StorySheet) {
        (self.revealed, self.picked) = match self.reveal {
            Reveal::Whole => (story.last(), story.telling()),
            Reveal::Steps => (story.first(), story.first()),
        };
        self.reveal = Reveal::Whole;
        self.story = Some(story);
    }

    /// Shows the next moment, or the first again after the last.
    pub fn step(&mut self) {
        let Some(story) = &self.story else { return };
        let next = self.revealed.and_then(|revealed| story.after(revealed)).or_else(|| story.first());
        (self.revealed, self.picked) = (next, next);
    }

    /// Whether a moment is shown.
    pub fn shows(&self, moment: Moment) -> bool {
        self.revealed.is_some_and(|revealed| moment <= revealed)
    }

    /// The instruction up to which the console is shown.
    pub fn cursor(&self) -> u64 {
        self.story.as_ref().zip(self.picked).map_or(0, |(story, picked)| story.until(picked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example_story::refused_update;

    #[test]
    fn a_story_is_entered_at_the_check_that_failed() {
        let mut lab = BootLab::default();
        lab.tell(refused_update());
        assert_eq!(lab.picked, Some(Moment { pass: 4, check: Some(4) }));
        assert_eq!(lab.revealed, lab.story.as_ref().and_then(StorySheet::last));
    }

    #[test]
    fn stepping_shows_pass_by_pass_and_check_by_check_and_begins_again() {
        let mut lab = BootLab { reveal: Reveal::Steps, ..BootLab::default() };
        lab.tell(refused_update());
        assert_eq!(lab.picked, Some(Moment { pass: 0, check: None }));
        let count = lab.story.as_ref().unwrap().moments().count();
        for _ in 1..count {
            let before = lab.picked;
            lab.step();
            assert!(lab.picked > before && lab.picked == lab.revealed);
        }
        assert_eq!(lab.revealed, lab.story.as_ref().unwrap().last());
        lab.step();
        assert_eq!(lab.picked, Some(Moment { pass: 0, check: None }));
    }

    #[test]
    fn another_board_forgets_the_story_and_keeps_the_choice() {
        let mut lab = BootLab { tamper: Tamper::SwapSlots, ..BootLab::default() };
        lab.tell(refused_update());
        lab.forget();
        assert!(lab.story.is_none() && lab.picked.is_none() && lab.sweep.is_none());
        assert_eq!(lab.tamper, Tamper::SwapSlots);
    }
}
