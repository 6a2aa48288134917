//! The one error of this crate: what happened, where, and what to do about it.
//!
//! `Display` says what happened and where; [`ProvisionError::help`] what to do. Nothing here names a secret.

use std::path::PathBuf;

use chip::ProductState;

use crate::debug_authentication::AuthenticationProblem;
use crate::plan::PlanRefusal;

/// Why something could not be done to a board.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProvisionError {
    /// There is no board file at this path.
    #[error("there is no virtual board at {}", path.display())]
    BoardMissing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A new board would overwrite a file.
    #[error("{} exists already", path.display())]
    BoardExists {
        /// The file that stands in the way.
        path: PathBuf,
    },
    /// Another process has the board powered on.
    #[error("the virtual board {} is powered on in another process", path.display())]
    BoardBusy {
        /// The board file.
        path: PathBuf,
    },
    /// The board file can't be used: truncated, of another version, damaged.
    #[error("the board file {} can't be used: {reason}", path.display())]
    BoardFile {
        /// The board file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The board was made with another ROM firmware.
    #[error("the virtual board {} was made with another ROM firmware", path.display())]
    BoardOtherRom {
        /// The board file.
        path: PathBuf,
    },
    /// A board address that means nothing.
    #[error("“{text}” is no board: {reason}")]
    BoardAddress {
        /// What was given.
        text: String,
        /// What was expected.
        reason: String,
    },
    /// No debug probe, or not this one.
    #[error("no debug probe found{}", serial.as_deref().map(|s| format!(" with serial {s}")).unwrap_or_default())]
    NoProbe {
        /// The serial that was asked for.
        serial: Option<String>,
    },
    /// The board could not be reached.
    #[error("could not connect to {board}: {reason}")]
    Connect {
        /// Which board.
        board: String,
        /// What the probe said.
        reason: String,
    },
    /// The link broke or an access failed while something was done.
    #[error("{action} failed: {reason}")]
    Link {
        /// What was being done, and where.
        action: String,
        /// What the probe said.
        reason: String,
    },
    /// The access port of the core is shut.
    #[error("{action}: the core's access port is shut")]
    PortShut {
        /// What was being done.
        action: String,
    },
    /// The chip refused a call into RSSLIB.
    #[error("the chip refused {call}: status {status:#010x}")]
    RssRefused {
        /// Which call, with its object or register.
        call: String,
        /// What the chip answered.
        status: u32,
    },
    /// A call into RSSLIB did not come back, and the chip does not say that it was done.
    #[error("{call} did not come back, and the chip does not confirm it")]
    RssUnknown {
        /// Which call, with its object or register.
        call: String,
    },
    /// What was read back is not what was written.
    #[error("{what} at {address:#010x}: read back {found}, expected {expected}")]
    ReadBack {
        /// Which memory or register.
        what: String,
        /// First address that differs.
        address: u32,
        /// What was expected there.
        expected: String,
        /// What was found there.
        found: String,
    },
    /// Programming flash failed.
    #[error("writing {memory} failed: {reason}")]
    Flash {
        /// Which memory, with its address.
        memory: String,
        /// What the flash algorithm said.
        reason: String,
    },
    /// The chip's mailbox gave no usable answer.
    #[error("discovery failed: {reason}")]
    Discovery {
        /// What was missing.
        reason: String,
    },
    /// A session with the chip's ROM, or what was to be done in it, did not come to its end.
    #[error(transparent)]
    Authentication(#[from] AuthenticationProblem),
    /// The project or its outputs.
    #[error(transparent)]
    Project(#[from] project::ProjectError),
    /// The plan can't be made.
    #[error(transparent)]
    Refused(#[from] PlanRefusal),
    /// The board is not in a state from which this plan can be run.
    #[error("the board is in {state}: {reason}")]
    WrongState {
        /// Where the board stands.
        state: String,
        /// Why the plan can't go on from there.
        reason: String,
    },
    /// A check before the first write failed.
    #[error("preflight: {check}: {reason}")]
    Preflight {
        /// Which check.
        check: String,
        /// What was measured and what was expected.
        reason: String,
    },
    /// Nothing would lead back from CLOSED.
    #[error("no way back: {reason}")]
    NoWayBack {
        /// What is missing or does not fit.
        reason: String,
        /// What to do.
        help: String,
    },
    /// The board did not prove the way back.
    #[error("the way back is not proved: {reason}")]
    WayBackNotProved {
        /// What was expected and what was seen.
        reason: String,
    },
    /// The credential could not be kept in the wallet.
    #[error("the credential could not be kept in the wallet: {0}")]
    NotKept(project::WalletError),
    /// LOCKED needs a person's consent, and the run has none.
    #[error("LOCKED needs a person's consent, and none was given")]
    LockNeedsConsent,
    /// What was typed is no consent to LOCKED.
    #[error("“{typed}” is not the last eight digits of this board's identifier")]
    LockConsent {
        /// What was typed.
        typed: String,
    },
    /// A permission that was given for one board met another.
    #[error("what was permitted for the board {permitted} is not permitted for {found}")]
    OtherBoard {
        /// Identifier of the board that it was given for.
        permitted: String,
        /// Identifier of the board at hand.
        found: String,
    },
    /// Keys that everybody has would go into a real board.
    #[error("{board} is a real board, and the project uses keys that everybody has: {}", keys.join(", "))]
    SampleKeys {
        /// Which board.
        board: String,
        /// Names of the keys.
        keys: Vec<String>,
    },
    /// A private key was found in the chip's memory.
    #[error("{secret} is in the chip's memory at {address:#010x}")]
    SecretInMemory {
        /// Which secret, by name.
        secret: String,
        /// Where its first byte lies.
        address: u32,
    },
    /// The last proof failed.
    #[error("not proved: {what}")]
    NotProved {
        /// What was expected and what was seen.
        what: String,
    },
    /// No application that takes updates answers on the console.
    #[error("no application that takes an update answers on the console; the last words were: {heard}")]
    NoLoaderAnswers {
        /// The last line that was heard.
        heard: String,
    },
    /// An image did not get into the download slot.
    #[error("the image was not transferred: {reason}")]
    Transfer {
        /// What the application said, or what didn't come.
        reason: String,
    },
    /// A boot stage did not take the image that was sent.
    #[error("{decision}; there runs {runs}")]
    ImageRefused {
        /// Which stage, and at which check.
        decision: String,
        /// What runs now.
        runs: String,
    },
    /// After an update no application said who it is.
    #[error("not proved: after the update ({decision}) there runs {runs}")]
    NothingRuns {
        /// What the boot stage decided.
        decision: String,
        /// What runs now.
        runs: String,
    },
    /// A person stopped the run.
    #[error("cancelled before “{step}”")]
    Cancelled {
        /// The title of the step that was not started or not finished.
        step: String,
    },
    /// A file of the studio's own could not be read or written.
    #[error("{action} {}: {source}", path.display())]
    File {
        /// What was being done.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A plan can't be written as commands of another tool.
    #[error("the plan can't be exported: {reason}")]
    Export {
        /// What stands against it.
        reason: String,
    },
    /// Something can't be tried in the lab.
    #[error("the Boot lab can't do that: {what}")]
    Lab {
        /// What stands against it.
        what: String,
    },
    /// In the lab power was to be cut at a write that never comes.
    #[error("power would never be cut after {asked} writes: the run makes {writes}")]
    NoSuchWrite {
        /// Writes that were to complete before.
        asked: u64,
        /// Writes of the whole run.
        writes: u64,
    },
    /// A fault of the studio: something that its own types should have excluded.
    #[error("internal fault: {what}")]
    Internal {
        /// What did not fit.
        what: String,
    },
}

impl ProvisionError {
    /// What to do about it, in words for the person at the bench.
    pub fn help(&self) -> String {
        match self {
            Self::BoardMissing { path } => {
                format!("make one with `stirot-studio board new {}`, or choose another board", path.display())
            }
            Self::BoardExists { .. } => "choose another name, or move the file away first; a board file holds keys".into(),
            Self::BoardBusy { .. } => "close the other window or command that uses this board, then try again".into(),
            Self::BoardFile { .. } => {
                "check that the file may be written and the disk has room; a damaged one is restored from a copy, or a new board made with \
                 `stirot-studio board new`. The project is not affected"
                    .into()
            }
            Self::BoardOtherRom { .. } => {
                "open it with the ROM it was made with, or choose by name to run it with this one; stored objects may then not be readable".into()
            }
            Self::BoardAddress { .. } => "give a virtual board's file, or `probe`, or `probe:SERIAL`".into(),
            Self::NoProbe { .. } => {
                "plug the probe in, check that no other tool holds it, and that this user may use it; or use a virtual board".into()
            }
            Self::Connect { .. } => {
                "check the cable, the board's supply and that NRST is wired; a closed board answers on its mailbox only".into()
            }
            Self::Link { .. } => {
                "check the cable and the board's supply, then run the same plan again: it asks the chip where it stands and goes on from there".into()
            }
            Self::PortShut { .. } => "the product state shuts it; discovery through the mailbox is what this board still answers".into(),
            Self::RssRefused { .. } => {
                "nothing was stored by this call. Check that the object fits this chip (destination, size, encryption flag) and that nothing else, \
                 such as USB, holds the chip; then run the same plan again"
                    .into()
            }
            Self::RssUnknown { .. } => "run the same plan again: it resets the board and asks where it stands before it writes".into(),
            Self::ReadBack { .. } => {
                "the memory did not take the value: check the supply, the I/O voltage option and the board profile, then run the plan again".into()
            }
            Self::Flash { .. } => "check the board profile (which NOR on which port) and the supply, then run the plan again".into(),
            Self::Discovery { .. } => {
                "check that NRST is wired to the probe: the mailbox is served right after a reset only, and never in OPEN \
                 (`stirot-studio board show BOARD` tells the state)"
                    .into()
            },
            Self::Authentication(problem) => problem.help(),
            Self::Project(error) => error.help(),
            Self::Refused(refusal) => refusal.help(),
            Self::WrongState { state, .. } if state == ProductState::Open.name() => {
                "in OPEN debug is open and everything can be written: provision the board with a project".into()
            }
            Self::WrongState { .. } => {
                "use a board in OPEN, or go on with the project that this board was provisioned with; a regression brings it back to OPEN".into()
            }
            Self::Preflight { .. } => "mend what the check names; nothing was written to the board".into(),
            Self::NoWayBack { help, .. } => help.clone(),
            Self::WayBackNotProved { .. } => {
                "the board was not closed, and it can still be regressed or provisioned again. Check that NRST is wired to the probe and that the \
                 credential is the one of the stored object, then run the same plan again"
                    .into()
            }
            Self::NotKept(error) => {
                format!("the board was not closed: a credential that is kept nowhere can be lost. {}", error.help())
            }
            Self::LockNeedsConsent => {
                "LOCKED is for good. Type the last eight digits of the board's identifier, or choose CLOSED".into()
            }
            Self::LockConsent { .. } => {
                "read the identifier off the board's survey and type its last eight digits; nothing leads back from LOCKED, so make sure that it is \
                 this board"
                    .into()
            }
            Self::OtherBoard { .. } => {
                "this board is as it was. Connect the board that it was given for, or give it again for this one".into()
            }
            Self::SampleKeys { .. } => {
                "make keys of your own for a product. For a board on the bench, confirm that they may be used: `--allow-sample-keys` at the command, \
                 the question before the run in the window"
                    .into()
            }
            Self::SecretInMemory { .. } => {
                "the board was not closed. Power it off, which clears the memory, then run the same plan again".into()
            }
            Self::NotProved { .. } => {
                "look at the boot trace and the console, then run the same plan again: on a closed board it repeats the proof alone".into()
            }
            Self::NoLoaderAnswers { .. } => {
                "the application on the board must be running and offer `u  update` in its menu, as the demo application does; look at what it \
                 says with `stirot-studio board console`"
                    .into()
            }
            Self::Transfer { .. } => {
                "the old application still runs, and the download slot holds no image that a boot stage would take: send it again".into()
            }
            Self::ImageRefused { .. } => {
                "what was installed before is as it was. Build the image with this project's keys and settings and a version that is not older"
                    .into()
            }
            Self::NothingRuns { .. } => {
                "an application without a banner may run all the same: look at `stirot-studio board console`. Where none runs the board takes no \
                 other update; its credential leads back: `stirot-studio debug regress`, then provision it again"
                    .into()
            }
            Self::Cancelled { .. } => "run the same plan again to go on".into(),
            Self::Export { .. } => {
                "mend what is named; the studio itself can do the plan, by the same project, without these files".into()
            }
            Self::File { action, .. } if action.starts_with("reading") => "check that it is a file and that you may read it".into(),
            Self::File { .. } => "check that the folder exists, is writable, and has room".into(),
            Self::Lab { .. } => {
                "open the project that this board was provisioned with, its keys unlocked, and a board that was provisioned".into()
            }
            Self::NoSuchWrite { writes: 0, .. } => "choose a scenario that writes something: an update, not a mere boot".into(),
            Self::NoSuchWrite { writes, .. } => format!("let at most {} writes complete", writes.saturating_sub(1)),
            Self::Internal { .. } => "please report this, with the record of the run".into(),
        }
    }
}
