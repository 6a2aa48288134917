//! The recovery assistant: from what can be measured of a board to a ranked list of what may be the matter, each with
//! its evidence and the next safe act.
//!
//! It writes nothing to a board. [`Depth::Passive`] doesn't even reset it; [`Depth::WithReset`] pulls NRST and talks to
//! the mailbox, which a person asks for. What is done about a cause is a person's decision and another call's work.

mod examination;
mod measuring;
mod ranking;

pub use examination::{
    Attempt, CorePort, Dbgmcu, Depth, Examination, Handshake, Line, MailboxFlags, Measured, Measurement, ProbeSeen,
    ResetEffect,
};
pub use measuring::examine;
pub use ranking::{
    Cause, CauseId, CredentialHint, CredentialState, Effect, Evidence, Hints, Likelihood, Next, WalletHint, causes,
};
