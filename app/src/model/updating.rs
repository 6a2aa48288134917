//! An update of a closed board: what is updated to which version, the plan of it, how far it is and how it ended. Plain
//! values; plan, steps and verdict are the engine's.

use provision::update::UpdateTarget;

use super::{Card, Run, StepSheet};

/// A way in, and whether it is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaySheet {
    /// Its name.
    pub name: String,
    /// Why it is taken, or not.
    pub why: String,
    /// Whether the plan takes it.
    pub taken: bool,
}

/// The plan of an update.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateSheet {
    /// What is updated.
    pub target: UpdateTarget,
    /// To which version.
    pub version: String,
    /// The image, its size and its slot, in a line.
    pub image: String,
    /// What the boot stage will make of it, by the project's keys.
    pub judgement: String,
    /// What to think of before.
    pub warning: Option<String>,
    /// The ways in, the one taken first.
    pub ways: Vec<WaySheet>,
    /// The steps.
    pub steps: Vec<StepSheet>,
    /// The same by hand, for a real board.
    pub by_hand: Vec<String>,
}

/// What is known of the plan.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum UpdatePlanSheet {
    /// None was asked for.
    #[default]
    None,
    /// It is being made.
    Making,
    /// It is ready.
    Ready(Box<UpdateSheet>),
    /// It can't be made.
    Refused(Card),
}

/// What a person wants of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateIntent {
    /// Look at updates, in the place of the plan to provision.
    Open,
    /// Look at the plan to provision again.
    Close,
    /// Plan an update of this to a version, as typed; the next one when nothing is typed.
    Plan(UpdateTarget, String),
    /// Carry the plan out.
    Run,
    /// Stop at the next safe point.
    Cancel,
    /// Put the result away.
    CloseResult,
}

/// An update, as far as the window keeps it.
#[derive(Debug, Clone)]
pub struct Updating {
    /// Whether it stands in the place of the plan to provision.
    pub open: bool,
    /// What is updated: what was planned last, also when it can't be.
    pub target: UpdateTarget,
    /// The plan.
    pub plan: UpdatePlanSheet,
    /// How far it is, and how it ended.
    pub run: Option<Run>,
}

impl Default for Updating {
    fn default() -> Self {
        Self { open: false, target: UpdateTarget::Application, plan: UpdatePlanSheet::None, run: None }
    }
}

impl Updating {
    /// The plan, when it is ready.
    pub fn sheet(&self) -> Option<&UpdateSheet> {
        match &self.plan {
            UpdatePlanSheet::Ready(sheet) => Some(sheet),
            _ => None,
        }
    }

    /// Whether it goes on.
    pub fn goes_on(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.verdict.is_none())
    }
}
