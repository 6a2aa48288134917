//! The host's side of debug authentication: a session with the chip's ROM through the mailbox behind access port 0, and
//! what is done in it: discovery, a credential presented, debug opened and shut, the regression.
//!
//! Nothing here believes a single word of the chip's: an act counts as done when the board itself shows that it is.
//! Every detail that no public source confirms is an option ([`crate::SiliconOptions`]).

mod acceptance;
mod arrival;
mod authentication;
mod core_view;
mod discovery;
mod mailbox;
mod opening;
mod packet;
mod patience;
mod permission;
mod problem;
mod record;
mod regression;
mod session;
mod tagged;
mod transcript;

pub use acceptance::Accepted;
pub(crate) use core_view::level_of;
pub use core_view::{CoreView, NamedRegister};
pub use discovery::Discovery;
pub use opening::{OpenedDebug, ShutDebug};
pub use patience::{Answer, Attempt, Patience, Prompt};
pub use permission::DebugLevel;
pub use problem::{AuthenticationProblem, Cause, Place};
pub use record::{DebugAct, DebugOutcome, DebugRecord};
pub use regression::Regressed;
pub(crate) use session::Memory;
pub use tagged::TaggedValue;
pub use transcript::{Exchange, Transcript};
