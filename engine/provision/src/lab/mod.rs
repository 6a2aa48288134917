//! The engine under the Boot lab: a copy of a virtual board boots, and its trace is told as a story, with or without
//! tampering; what should come of it is said by rules beforehand, and compared. The board itself is never touched.

mod cases;
mod copy;
mod images;
mod keeping;
mod past_the_core;
mod rules;
mod scenario;
mod sight;
pub mod steps;
mod story;
mod telling;
mod trying;
mod words;

pub use cases::{Case, CaseResult, summary};
pub use copy::{Progress, power_on, tell};
pub use rules::{Compared, Expectation, Refusal, Seen, Then};
pub use scenario::{Cut, InstalledSpot, Judge, OtherKey, Scenario, Spot, Tamper};
pub use story::{
    ConsoleLine, Lane, Outcome, Pass, Share, Story, StoryAct, StoryCheck, StoryImage, StoryReset, Subject,
};
pub use trying::{Lab, Standing};
