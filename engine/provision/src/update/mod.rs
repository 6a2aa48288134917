//! Updates of a board that stands in CLOSED: a new application or a new second stage into the download slot, by a way in
//! that the state leaves open, proved by what boots afterwards.
//!
//! A plan is made of a project and an image, without a board; [`update`] carries it out on a virtual board, whose console
//! is at hand. On a real board the same steps are a person's: [`UpdatePlan::by_hand`] says which.

mod banner;
mod boot;
mod dialogue;
mod image;
mod place;
mod plan;
mod record;
mod run;
mod ymodem;

pub use banner::Banner;
pub use boot::{BootStageName, SlotDecision};
pub use image::UpdateImage;
pub use plan::{RefusedImages, UpdatePlan, UpdateStep, UpdateStepId, UpdateTarget, WayIn, plan_update};
pub use record::{UpdateOutcome, UpdateRecord, UpdateStepRecord};
pub use run::{UpdateEvent, update};
