//! What the recovery assistant shows: what was measured of a board, what may be the matter, and what can be done next. It
//! only rephrases; the judgement is the engine's.

use super::Tone;

/// How far an examination goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Reads only: the board runs on.
    Passive,
    /// Pulls NRST and asks the mailbox.
    WithReset,
}

/// How a measurement came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It gave a value.
    Measured,
    /// It was tried and gave nothing.
    Failed,
    /// It wasn't tried.
    NotTried,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasurementLine {
    /// What was measured.
    pub name: String,
    /// How it came out.
    pub outcome: Outcome,
    /// What it gave, or why it gave nothing.
    pub text: String,
}

/// Something the studio can do about a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoctorAct {
    /// Store the project's debug-authentication object and go back to OPEN with its credential.
    Regress,
    /// Examine again, with a reset.
    ExamineWithReset,
    /// Examine again as it is.
    ExamineAgain,
    /// Take the supply away and give it back.
    PowerCycle,
    /// Read what can be read.
    ReadBoard,
    /// Look at what debug authentication can do.
    ShowDebug,
    /// Look for boards and probes.
    ListBoards,
    /// Ask the ROM what the board is.
    Discover,
    /// Open another project, with another credential.
    ChooseProject,
    /// Look at the wallet.
    ShowWallet,
    /// Look at the plan.
    ShowProvision,
}

/// What is to be done next about a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextSheet {
    /// What, in a sentence.
    pub text: String,
    /// What it changes on the board, in a few words.
    pub effect: String,
    /// How that is to be taken.
    pub tone: Tone,
    /// What stands on the button that does it, where the studio has the act.
    pub act: Option<(String, DoctorAct)>,
}

/// Something that may be the matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseSheet {
    /// What, in a line.
    pub title: String,
    /// How likely it is, in a word or two.
    pub likelihood: String,
    /// How that is to be taken.
    pub tone: Tone,
    /// What speaks for it, or against it.
    pub evidence: Vec<String>,
    /// What it means for the board.
    pub meaning: String,
    /// What to do next.
    pub next: Vec<NextSheet>,
}

/// An examination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExaminationSheet {
    /// The board's address: of another board it is worth nothing.
    pub board: String,
    /// Local time.
    pub at: String,
    /// How far it went.
    pub depth: Depth,
    /// What was measured, in the order in which it was.
    pub lines: Vec<MeasurementLine>,
    /// What may be the matter, the likeliest first.
    pub causes: Vec<CauseSheet>,
}

/// The assistant, as far as the window keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Doctor {
    /// Whether it stands in the place of the Board view.
    pub open: bool,
    /// The last examination.
    pub examination: Option<ExaminationSheet>,
}

/// What a person wants of the assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoctorIntent {
    /// Open it, and examine the board as it is.
    Open,
    /// Put it away.
    Close,
    /// Examine the board.
    Examine(Depth),
    /// Measurements and causes to the clipboard.
    Copy,
}
