//! A plan with its steps, the checks before it, and a run of it with its end.

use std::path::PathBuf;
use std::time::Instant;

use super::Card;

/// Where a plan leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Goal {
    /// CLOSED: a regression leads back.
    #[default]
    Closed,
    /// LOCKED: nothing leads back. Never chosen by default, never remembered.
    Locked,
}

impl Goal {
    /// The state's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Locked => "LOCKED",
        }
    }
}

/// How a step can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// It writes nothing.
    Nothing,
    /// By writing again.
    Reversible,
    /// By a regression with the credential.
    ByRegression,
    /// Not at all.
    Never,
}

/// How a check of the bench came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// As it should be.
    Good,
    /// Not as expected, but no reason to stop.
    Warning,
    /// The plan can't run.
    Bad,
    /// It couldn't be measured.
    NotRead,
}

/// One check of the bench before a run, or one thing that a second boot stage expects of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckLine {
    /// What was checked.
    pub name: String,
    /// How it came out.
    pub check: Check,
    /// What was measured.
    pub text: String,
    /// What to do; empty when there is nothing to do.
    pub remedy: String,
}

/// A step of the plan.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSheet {
    /// A few words.
    pub title: String,
    /// What is written and where.
    pub what: String,
    /// What will prove it.
    pub proof: String,
    /// Why it is done, and why here.
    pub why: String,
    /// How it can be taken back.
    pub undo: Undo,
    /// Bytes that travel.
    pub bytes: u64,
    /// Seconds it took in earlier runs; `None` when it was never timed.
    pub expected: Option<f64>,
}

/// A plan, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanSheet {
    /// Nothing to plan, or still being made.
    None,
    /// Ready to run.
    Ready {
        /// The hash that names it, in hex.
        hash: String,
        /// Its steps.
        steps: Vec<StepSheet>,
        /// Inputs by name and hash; secrets by name and fingerprint.
        inputs: Vec<(String, String)>,
        /// What a second boot stage expects of application and board; empty where one stage boots.
        expectations: Vec<CheckLine>,
    },
    /// It isn't made yet, because something has to be done before.
    Waiting {
        /// What, in a sentence.
        why: String,
        /// What is out of date, line by line.
        what: Vec<String>,
    },
    /// It can't be made.
    Refused(Card),
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq)]
pub enum StepState {
    /// Not begun.
    Waiting,
    /// Going on.
    Running {
        /// When it began.
        since: Instant,
        /// Bytes or parts done.
        done: u64,
        /// Of how many; 0 when the step can't tell.
        total: u64,
    },
    /// Proved.
    Proved {
        /// By what.
        evidence: String,
        /// Seconds it took.
        seconds: f64,
    },
    /// Not needed in this run, because the board shows it done.
    Skipped {
        /// What the board shows.
        evidence: String,
    },
    /// It failed here.
    Failed,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// Proved to the end.
    Pass {
        /// The state reached, as the board named it.
        state: String,
        /// What proves it, line by line.
        evidence: Vec<String>,
        /// Where the record is, when it was saved.
        record: Option<PathBuf>,
        /// Seconds of the whole run.
        seconds: f64,
    },
    /// Failed, with the board as the card says.
    Fail(Card),
    /// Stopped by the person at a safe point.
    Stopped(Card),
}

/// A run of the plan.
#[derive(Debug, Clone)]
pub struct Run {
    /// The steps' titles when the run began, and how far each is.
    pub steps: Vec<StepState>,
    /// When it began.
    pub started: Instant,
    /// Whether the person asked it to stop.
    pub stopping: bool,
    /// Lines said on the way.
    pub log: Vec<String>,
    /// How it ended.
    pub verdict: Option<Verdict>,
}
