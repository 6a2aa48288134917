//! What is done to a board: connect, survey, plan, execute, prove, record.
//!
//! One executor drives virtual and real boards through the same unmodified probe-rs. The window and the commands call
//! [`provision`], or its parts, and show what it tells; they decide nothing.

mod bench;
mod boards;
mod capability;
mod console;
mod debug_authentication;
pub mod doctor;
mod error;
mod evidence;
mod execute;
mod expectations;
mod export;
mod firmware;
mod flashing;
mod journal;
pub mod lab;
mod link;
mod material;
mod option_bytes;
mod plan;
mod preflight;
mod profile;
mod provision;
mod record;
mod rsslib;
mod shell;
mod silicon_options;
mod stage_keys;
mod timings;
mod trial;
pub mod update;
mod virtual_probe;
mod way_back;

pub use bench::*;
pub use boards::{BoardAddress, BoardInfo, list as list_boards};
pub use capability::{AllObjectsStored, Climb, Goal, LeaveOpen, LockConsent, SampleKeys, Sendable, WayBack};
pub use console::ConsoleReader;
pub use debug_authentication::*;
pub use error::ProvisionError;
pub use evidence::Evidence;
pub use execute::{Authority, Cancel, Event, Keeping, Right, execute};
pub use export::{CredentialFiles, CubeFiles, cube_programmer, is_cube_script};
pub use firmware::{ILOADER, ROM};
pub use flashing::*;
pub use journal::{Entry, History, Journal, RunFolder};
pub use link::{DEVICE_ID, Link, Survey};
pub use option_bytes::{OptionByteChange, OptionBytes, OptionWord};
pub use plan::{BootStages, FinalState, Identity, Input, Plan, PlanRefusal, Reason, Step, StepId, Undo, plan};
pub use preflight::{Finding, Verdict, preflight};
pub use profile::{BoardProfile, XspiSupply};
pub use provision::{Terms, plan_for, provision, provision_on};
pub use record::{Outcome, Record, StepRecord, StepResult};
pub use rsslib::*;
pub use silicon_options::*;
pub use timings::Timings;
pub use trial::{
    Decision, Pass, Start, TracedAnswer, TracedCheck, Trial, TriedBy, slot_content, try_application, try_image,
};
pub use way_back::Leaving;
