//! What can go wrong between host and ROM, with the place where it did, for people.

use std::fmt;

use chip::mailbox::status;

use super::mailbox::MailboxProblem;

/// Where in a session something went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Before anything was sent.
    Preparation,
    /// The request in the mailbox and its answer.
    Handshake,
    /// What the board says of itself.
    Discovery,
    /// The board's challenge.
    Challenge,
    /// A certificate of the chain.
    Certificate {
        /// Which, counted from 1.
        number: usize,
        /// Of how many.
        count: usize,
        /// Its role, for people.
        role: &'static str,
    },
    /// The token that the leaf key signed.
    Token,
    /// The password.
    Password,
    /// The command that shuts debug.
    Lock,
    /// The end of the session.
    Closing,
    /// The proof on the board itself.
    Proof,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preparation => f.write_str("before anything was sent"),
            Self::Handshake => f.write_str("handshake"),
            Self::Discovery => f.write_str("discovery"),
            Self::Challenge => f.write_str("challenge"),
            Self::Certificate { number, count, role } => write!(f, "{role} certificate ({number} of {count})"),
            Self::Token => f.write_str("token"),
            Self::Password => f.write_str("password"),
            Self::Lock => f.write_str("shutting debug"),
            Self::Closing => f.write_str("closing the session"),
            Self::Proof => f.write_str("proof"),
        }
    }
}

/// What went wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// A word didn't come, wasn't taken, or could not be carried.
    Mailbox(MailboxProblem),
    /// What came is no answer of the protocol.
    Garbage(String),
    /// The board refused.
    Refused {
        /// Its status.
        status: u16,
    },
    /// The credential doesn't fit, noticed by the host alone.
    Unfit(String),
    /// The board is LOCKED, so that no credential is asked for.
    Locked,
    /// The board answered, and doesn't show the effect.
    NotProved(String),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mailbox(problem) => problem.fmt(f),
            Self::Garbage(what) | Self::Unfit(what) | Self::NotProved(what) => f.write_str(what),
            Self::Locked => f.write_str("the board is LOCKED: no credential leads in, and nothing leads back"),
            Self::Refused { status } => write!(f, "the board refused: {}", status_text(*status)),
        }
    }
}

/// A session, or an act in one, that did not come to its end. Nothing in it is a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("debug authentication, {place}: {cause}")]
pub struct AuthenticationProblem {
    /// Where.
    pub place: Place,
    /// What.
    pub cause: Cause,
}

impl AuthenticationProblem {
    pub(super) fn new(place: Place, cause: Cause) -> Self {
        Self { place, cause }
    }

    pub(super) fn unfit(what: impl Into<String>) -> Self {
        Self::new(Place::Preparation, Cause::Unfit(what.into()))
    }

    pub(super) fn garbage(place: Place, what: impl Into<String>) -> Self {
        Self::new(place, Cause::Garbage(what.into()))
    }

    pub(super) fn not_proved(what: impl Into<String>) -> Self {
        Self::new(Place::Proof, Cause::NotProved(what.into()))
    }

    /// Whether the board itself said no, so that another try with the same credential can't do better.
    pub const fn is_refusal(&self) -> bool {
        matches!(self.cause, Cause::Refused { .. })
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        match (&self.cause, &self.place) {
            (Cause::Unfit(_), _) => {
                "nothing was sent; mend what is named, or take the credential of this board's object".into()
            }
            (Cause::Locked, _) => {
                "nothing was sent. LOCKED is for good: what is installed goes on running, and nothing else can be done".into()
            }
            (Cause::Refused { status: status::UNAUTHORIZED }, Place::Password) => {
                "take the password that the board's object was made with; nothing changed on the board".into()
            }
            (Cause::Refused { status: status::UNAUTHORIZED }, Place::Challenge) => {
                "a board in LOCKED, or without a debug-authentication object, gives no challenge; in PROVISIONING, store \
                 the object first"
                    .into()
            }
            (Cause::Refused { .. }, Place::Certificate { .. } | Place::Token | Place::Password) => {
                "look whether the wallet keeps another credential for this board, or compare the chain with the board's \
                 object (`stirot-studio certificate show CHAIN --object OBK`); nothing changed on the board"
                    .into()
            }
            (Cause::Refused { .. }, _) => "the board's ROM doesn't do this in its state; discovery says which that is".into(),
            (Cause::Mailbox(_) | Cause::Garbage(_), Place::Handshake) => {
                "check that NRST is wired to the probe and that the board isn't in OPEN; then try again with a power cycle".into()
            }
            (Cause::Mailbox(_) | Cause::Garbage(_), _) => {
                "check cable and supply, then try again: an interrupted session changes nothing but what it had already \
                 proved"
                    .into()
            }
            (Cause::NotProved(_), _) => {
                "ask the board where it stands (`stirot-studio board show BOARD`) before trying again".into()
            }
        }
    }
}

/// A status for people.
pub(super) fn status_text(code: u16) -> String {
    let name = match code {
        status::SUCCESS => "success",
        status::FAILURE => "failure",
        status::NEED_MORE_DATA => "more data needed",
        status::UNSUPPORTED => "unsupported",
        status::UNAUTHORIZED => "unauthorized",
        status::INVALID_PARAMETERS => "invalid parameters",
        status::INVALID_COMMAND => "invalid command",
        _ => return format!("status {code:#06x}"),
    };
    name.to_owned()
}
