//! What the Debug view and the ladder show of debug authentication: what the board said, what the credential is worth, the
//! acts, and how the last one went. No secret comes here: of keys the fingerprints, of a password whether there is one.

use std::time::Instant;

use crate::model::Card;
use crate::model::configuration::TypedText;

/// The hide-protection level from which debug is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// From HDPL 1 on: STiRoT's own level and all above.
    One,
    /// From HDPL 2 on: the application behind one boot stage.
    Two,
    /// From HDPL 3 on.
    Three,
}

impl Level {
    /// All of them, lowest first.
    pub const ALL: [Self; 3] = [Self::One, Self::Two, Self::Three];

    /// The number.
    pub const fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
        }
    }

    /// Its bit in a permission mask (`silicon.md` §4.7).
    pub const fn bit(self) -> u8 {
        self.number() - 1
    }
}

/// Bit of full regression in a permission mask (`silicon.md` §4.7).
pub const FULL_REGRESSION: u8 = 14;

/// Something that moves a board on the ladder, or looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Ask the ROM what the board is.
    Discover,
    /// Let a debugger in from a level on.
    OpenDebug(Level),
    /// Shut debug again.
    CloseDebug,
    /// Back to OPEN.
    Regress,
    /// Up to CLOSED, by the plan.
    Close,
    /// Up to LOCKED, by the plan, for ever.
    Lock,
}

/// What a person wants of debug authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DebugIntent {
    /// Show what an act needs and does, or nothing.
    Consider(Option<Act>),
    /// Ask the ROM what the board is.
    Discover,
    /// Let a debugger in from a level on.
    OpenDebug(Level),
    /// Shut debug again.
    CloseDebug,
    /// Back to OPEN.
    Regress,
    /// Halt the core and read its registers.
    Halt,
    /// Let the core run on.
    Resume,
    /// Open the credential's key for this session.
    Unlock(TypedText),
    /// The answer to what the job asked a person to do.
    Answer(Answer),
    /// Stop the act at the next safe point.
    Cancel,
    /// Put the result of the last act away.
    CloseOutcome,
}

/// What a person did about a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// What was asked for.
    Done,
    /// Nothing more: the job ends.
    Stop,
}

/// A permission of a mask, on or off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// Its bit.
    pub bit: u8,
    /// What it permits.
    pub name: String,
    /// Whether it is set.
    pub on: bool,
    /// How sure the meaning is, when it isn't documented for this family.
    pub remark: Option<&'static str>,
}

/// What the ROM said of the board.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiscoverySheet {
    /// Local time.
    pub at: String,
    /// What was said, name and value; `None` was not said.
    pub lines: Vec<(String, Option<String>)>,
    /// What the stored object and the ROM permit together, when the board says it.
    pub permissions: Option<u128>,
    /// How the mailbox was reached, one line a try; empty when the first try answered.
    pub attempts: Vec<String>,
}

/// How the board is to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// By a chain of certificates and the leaf's key.
    Certificate,
    /// By a password.
    Password,
}

/// A certificate as a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSheet {
    /// Root, intermediate, leaf.
    pub role: &'static str,
    /// Fingerprint of its key, in hex.
    pub fingerprint: Option<String>,
    /// Whose key everybody has, when it is one of those.
    pub sample: Option<&'static str>,
    /// What it permits at most.
    pub permissions: u128,
    /// To which chips and states it is restricted; `None` when to none.
    pub restrictions: Option<String>,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// Whether something fits, and in which words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// It fits.
    Fits(String),
    /// It doesn't, and why.
    Misfit(String),
    /// It couldn't be told, and why.
    NotKnown(String),
}

/// The project's credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialSheet {
    /// How the board is answered.
    pub method: Method,
    /// The chain from the root on; empty for a password.
    pub certificates: Vec<CertificateSheet>,
    /// Whether there is a password; `None` when the method is another.
    pub password_is_set: Option<bool>,
    /// What the project's object permits.
    pub object: Option<u128>,
    /// What object and chain leave, or for a password what it grants.
    pub effective: u128,
    /// Whether the leaf's key is under a passphrase that wasn't given yet.
    pub locked: bool,
    /// Whether the credential answers for the project's object.
    pub fits_object: Fit,
    /// Whether the wallet keeps this credential for this board.
    pub wallet: Fit,
}

/// The credential, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CredentialState {
    /// No project is open.
    #[default]
    None,
    /// It can't be used.
    Refused(Card),
    /// It was read.
    Ready(Box<CredentialSheet>),
}

/// How an act ended.
#[derive(Debug, Clone, PartialEq)]
pub struct ActOutcome {
    /// Which act.
    pub act: Act,
    /// What was proved, line by line; or what went wrong.
    pub result: Result<Vec<String>, Card>,
    /// What went to and fro, one line each; no secret in it.
    pub exchanges: Vec<String>,
    /// Local time of the end.
    pub at: String,
    /// Seconds it took.
    pub seconds: f64,
}

/// The core, halted or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreSheet {
    /// Whether it stands still.
    pub halted: bool,
    /// The level it runs at.
    pub hdpl: Option<u8>,
    /// Names and values, when it stands still.
    pub registers: Vec<(String, u32)>,
    /// Local time of the reading.
    pub at: String,
}

/// Something that a person has to do while a job waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptSheet {
    /// What to do.
    pub text: String,
    /// Why.
    pub why: String,
}

/// Everything of debug authentication that the window knows.
#[derive(Debug, Clone, Default)]
pub struct DebugPanel {
    /// The act whose card is shown in the view.
    pub considered: Option<Act>,
    /// The credential.
    pub credential: CredentialState,
    /// How the last act ended.
    pub outcome: Option<ActOutcome>,
    /// From which level on debug was opened, until it is shut or the board loses it.
    pub opened: Option<Level>,
    /// The core as it was seen last.
    pub core: Option<CoreSheet>,
    /// What the running job waits for.
    pub prompt: Option<PromptSheet>,
    /// The act that goes on, and since when.
    pub running: Option<(Act, Instant)>,
    /// What goes on within it.
    pub progress: Option<String>,
    /// Whether the person asked it to stop.
    pub stopping: bool,
}

impl DebugPanel {
    /// The credential, when it was read.
    pub fn credential(&self) -> Option<&CredentialSheet> {
        match &self.credential {
            CredentialState::Ready(sheet) => Some(sheet),
            CredentialState::None | CredentialState::Refused(_) => None,
        }
    }

    /// Another board: nothing of what is known of the one before holds.
    pub fn forget_board(&mut self) {
        let credential = std::mem::take(&mut self.credential);
        *self = Self { credential, ..Self::default() };
    }
}
