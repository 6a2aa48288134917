//! The judging: from an examination, and what this machine knows of the board, to causes ranked by likelihood. It touches
//! no board and decides nothing.

mod causes;
mod hints;
mod next;
mod states;

use chip::option_bytes::DebugAuthentication;

use formats::Permissions;

use super::examination::Measured;
use crate::journal::History;

pub use causes::causes;
pub use next::{Effect, Next};

/// How likely a cause is, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Likelihood {
    /// Not excluded by what was measured.
    Possible,
    /// What was measured points to it.
    Likely,
    /// It was measured.
    Certain,
}

impl Likelihood {
    /// In one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

/// Which cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CauseId {
    /// No probe on this machine, or not the one that was named.
    NoProbe,
    /// Several probes and none named.
    SeveralProbes,
    /// This user may not open the probe.
    ProbeNotPermitted,
    /// Another program holds the probe, or the virtual board.
    ProbeHeld,
    /// The virtual board's file can't be used.
    BoardFile,
    /// The board has no supply.
    NoVoltage,
    /// The board answers, but the probe measures no voltage: VREF isn't wired.
    ReferenceNotWired,
    /// The debug wires: SWDIO, SWCLK, ground.
    DebugWires,
    /// NRST isn't wired to the probe.
    ResetNotWired,
    /// The chip is another one.
    OtherChip,
    /// The debug port answers, DBGMCU does not.
    AccessPort,
    /// The chip resets itself again and again.
    BootLoop,
    /// The board is in OPEN.
    Open,
    /// The board stands in PROVISIONING without a debug-authentication object.
    ProvisioningEmpty,
    /// The board stands in PROVISIONING with a debug-authentication object.
    ProvisioningStored,
    /// Something else, such as USB, keeps the chip from storing an object.
    StoreHindered,
    /// The board is in PROVISIONED: closed without a method.
    Provisioned,
    /// The core is shut, and nobody has asked the mailbox yet.
    ShutUnasked,
    /// The core is shut and the mailbox doesn't answer.
    MailboxSilent,
    /// The mailbox answers with words that mean nothing.
    MailboxGarbage,
    /// A word of an earlier session waits in the mailbox.
    MailboxLeftover,
    /// The board is CLOSED, and a credential is at hand.
    ClosedWithCredential,
    /// The board is CLOSED, and no credential is at hand.
    ClosedWithoutCredential,
    /// The credential at hand is of another kind than the board's.
    CredentialOfOtherKind,
    /// The ROM says that what was provisioned isn't whole.
    IntegrityBad,
    /// The board is LOCKED.
    Locked,
    /// The life cycle that the ROM names isn't known.
    UnknownLifecycle,
}

/// What speaks for a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Which measurement; `None` for what this machine remembers.
    pub what: Option<Measured>,
    /// What it gave.
    pub text: String,
}

/// One thing that may be the matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Which.
    pub id: CauseId,
    /// What is the matter, short.
    pub title: String,
    /// How likely.
    pub likelihood: Likelihood,
    /// What speaks for it.
    pub evidence: Vec<Evidence>,
    /// What it means for the board.
    pub meaning: String,
    /// What to do, the safest first.
    pub next: Vec<Next>,
}

/// Whether the project's credential can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialState {
    /// It is there and opens the project's own object.
    Usable,
    /// It is there, behind a passphrase.
    Passphrase,
    /// It isn't there, or doesn't open the project's object: why.
    Unusable(String),
}

/// The credential of the project that a person named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialHint {
    /// The project's name.
    pub project: String,
    /// Its folder, for the commands.
    pub folder: String,
    /// The kind of credential.
    pub method: DebugAuthentication,
    /// What the project's debug-authentication object permits, where it could be made: what its board would name.
    pub permits: Option<Permissions>,
    /// Whether it can be used.
    pub state: CredentialState,
}

/// A credential that the wallet keeps for this very chip.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletHint {
    /// The project that it came from.
    pub project: String,
    /// The kind of credential.
    pub method: DebugAuthentication,
    /// Its version, the newest is the highest.
    pub version: u32,
}

/// What this machine knows of a board beside what was measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hints {
    /// The credential of the project that a person named.
    pub project: Option<CredentialHint>,
    /// What the wallet keeps for the chip, newest first.
    pub wallet: Vec<WalletHint>,
    /// What the journal of this board tells.
    pub history: Option<History>,
}
