//! Runs a plan on a link: tells what happens, writes the journal before and after each step, stops where it is safe
//! when asked, and believes nothing that it has not read back or otherwise proved.

mod authority;
mod closing;
mod memory;
mod memory_search;
mod objects;
mod protections;
mod run;
mod trial;
mod way_back;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use authority::{Authority, Keeping, Right};
pub use run::execute;
pub(crate) use run::run_plan;

use crate::link::Survey;
use crate::record::Record;

/// A person's wish to stop, shared between the one who asks and the run. The run stops between two steps, and inside
/// one where that is safe.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A wish that nobody has yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks the run to stop at the next safe point.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether stopping was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a run tells while it goes on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The run begins: seconds that each step of the plan is expected to take, learned from earlier runs.
    Started {
        /// One value a step, in the plan's order; `None` where nothing was learned yet.
        expected_seconds: Vec<Option<f64>>,
    },
    /// The board was measured: at the beginning, and again after each climb.
    Surveyed(Box<Survey>),
    /// A step begins.
    StepStarted {
        /// Its place in the plan.
        index: usize,
        /// Its title.
        title: String,
    },
    /// A step goes on.
    Progress {
        /// Its place in the plan.
        index: usize,
        /// Bytes, or other equal parts, done.
        done: u64,
        /// Parts in all.
        total: u64,
    },
    /// A step is proved.
    StepProved {
        /// Its place in the plan.
        index: usize,
        /// What proved it.
        evidence: String,
        /// How long it took.
        seconds: f64,
    },
    /// A step was proved by an earlier run or by the chip's state, and is not done again.
    StepSkipped {
        /// Its place in the plan.
        index: usize,
        /// What proves it.
        evidence: String,
    },
    /// A detail for the log.
    Log(String),
    /// The run failed, or was cancelled.
    Failed {
        /// The step's place in the plan; `None` when it failed before the first.
        index: Option<usize>,
        /// What happened.
        what: String,
        /// What to do.
        help: String,
    },
    /// The run ended; its record, passed or not.
    Finished(Box<Record>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_to_stop_reaches_every_copy() {
        let mine = Cancel::new();
        let theirs = mine.clone();
        assert!(!theirs.is_cancelled());
        mine.cancel();
        assert!(theirs.is_cancelled());
    }
}
