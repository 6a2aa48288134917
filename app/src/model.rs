//! What the window knows: project, board, plan, run, console, jobs. No egui types, and nothing here acts:
//! [`crate::update`] is the only place that changes it, [`crate::jobs`] the only one that reaches a board.

pub mod boot_lab;
pub mod boot_stages;
pub mod configuration;
pub mod credentials;
pub mod debug;
pub mod doctor;
pub mod editing;
#[cfg(test)]
pub(crate) mod example_sheets;
#[cfg(test)]
pub(crate) mod example_story;
pub mod images;
pub mod keys;
mod run;
pub mod updating;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chip::product_state::ProductState;

use crate::console::Console;
use crate::estimate;
pub use run::{Check, CheckLine, Goal, PlanSheet, Run, StepSheet, StepState, Undo, Verdict};

/// How something should be taken, besides its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing to feel about it.
    Neutral,
    /// Where one is, what goes on.
    Accent,
    /// Proved or allowed.
    Ok,
    /// Careful.
    Warn,
    /// Failed, or final.
    Danger,
}

/// The tone of a product state.
pub const fn state_tone(state: ProductState) -> Tone {
    match state {
        ProductState::Open => Tone::Accent,
        ProductState::Provisioning => Tone::Warn,
        ProductState::Closed => Tone::Ok,
        ProductState::Provisioned | ProductState::Locked => Tone::Danger,
    }
}

/// The views that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Boards, identity, option bytes.
    Board,
    /// The project's files as forms, the memory map, the objects.
    Configuration,
    /// Keys, and what belongs together.
    Keys,
    /// Any file as bytes and parts, and whether an image will boot.
    Images,
    /// Debug authentication: discovery, credential, opening debug, regression.
    Debug,
    /// Preflight, plan, run, verdict.
    Provision,
    /// The boot of a copy of the virtual board, check by check.
    BootLab,
}

/// Which theme the person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// What the desktop says.
    #[default]
    System,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

/// An error as a person meets it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Card {
    /// What happened.
    pub title: String,
    /// Where: file, field or step.
    pub place: Option<String>,
    /// Likely why.
    pub cause: Option<String>,
    /// What to do.
    pub remedy: Option<String>,
    /// The raw chain of errors, folded away.
    pub detail: String,
}

impl Card {
    /// Everything on the card as plain text, for the clipboard.
    pub fn text(&self) -> String {
        let mut text = self.title.clone();
        let lines = [
            ("Where", self.place.as_ref()),
            ("Likely why", self.cause.as_ref()),
            ("What to do", self.remedy.as_ref()),
            ("Detail", Some(&self.detail).filter(|detail| !detail.is_empty())),
        ];
        for (name, value) in lines {
            if let Some(value) = value {
                text.push_str(&format!("\n{name}: {value}"));
            }
        }
        text
    }
}

/// A rule of the project that doesn't hold, or only just.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingLine {
    /// The rule, such as `R3`.
    pub rule: String,
    /// Whether it stops a run.
    pub stops: bool,
    /// What is wrong, and where.
    pub text: String,
    /// What to do about it.
    pub remedy: String,
}

/// A sample key in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleKeyLine {
    /// What the key is for.
    pub role: String,
    /// Its name and short fingerprint.
    pub name: String,
}

/// An opened project, as far as the window shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectSheet {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Boot stages and way back in a few words.
    pub summary: String,
    /// Which stages boot.
    pub flow: project::Flow,
    /// Sample keys in use; empty when all keys are the person's own.
    pub sample_keys: Vec<SampleKeyLine>,
    /// Rules that don't hold.
    pub findings: Vec<FindingLine>,
}

/// One field of the option bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionLine {
    /// The register.
    pub register: &'static str,
    /// The field.
    pub field: String,
    /// Its bits as read.
    pub value: String,
    /// What they mean.
    pub meaning: String,
}

/// What was measured of a board in one reading. What couldn't be read is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// Local time of the reading.
    pub at: String,
    /// Product state.
    pub state: Option<ProductState>,
    /// Unique identifier, 24 hex digits.
    pub uid: Option<String>,
    /// Device identifier and its name.
    pub device: Option<String>,
    /// Supply in volts.
    pub supply: Option<String>,
    /// Hide-protection level.
    pub hdpl: Option<u8>,
    /// Whether the debug port is open.
    pub debug_open: Option<bool>,
    /// Option bytes, field by field.
    pub option_bytes: Vec<OptionLine>,
    /// What discovery answered; `None` when the board wasn't asked or didn't answer.
    pub discovery: Option<debug::DiscoverySheet>,
    /// The checks before a run, against this reading.
    pub preflight: Vec<CheckLine>,
}

/// The board that the window is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardSheet {
    /// Its address, as the commands take it.
    pub address: String,
    /// A short name.
    pub name: String,
    /// What it is.
    pub kind: BoardKind,
    /// Whether it is powered.
    pub powered: bool,
    /// The last reading.
    pub reading: Option<Reading>,
    /// The option bytes of the reading before, for the difference.
    pub earlier: Vec<OptionLine>,
    /// The last thing that was done to it.
    pub last: Option<String>,
}

/// Virtual or real.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoardKind {
    /// A board file, powered on in this program.
    Virtual,
    /// A board behind a probe.
    Real,
}

/// A board that could be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardChoice {
    /// Its address.
    pub address: String,
    /// A short name.
    pub name: String,
    /// What it is.
    pub kind: BoardKind,
    /// Probe, serial number or folder.
    pub note: String,
}

/// What goes on in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// Reading, saving or building a project.
    Project,
    /// Finding out about a project under edit.
    Check,
    /// Making or writing a key.
    Key,
    /// Reading an object file.
    Object,
    /// Opening a file for the Images view.
    Image,
    /// Checking the images of a file, mapping its bytes, opening a payload.
    Judge,
    /// Looking for something in a file.
    Search,
    /// Comparing two files.
    Compare,
    /// Saving something in the clear.
    Export,
    /// An image on a virtual board of its own.
    Trial,
    /// Looking for boards.
    Boards,
    /// Anything that holds the board: power on, read, reset.
    Board,
    /// A provisioning run.
    Provision,
    /// An act of debug authentication.
    Debug,
    /// Finding out what is wrong with the board.
    Doctor,
    /// A boot of a copy of the board, or many.
    Lab,
    /// An update of a closed board.
    Update,
    /// Reading the wallet, or putting something into it or out of it.
    Wallet,
    /// A file dialog is open.
    Dialog,
}

/// A running job.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its number, never used twice.
    pub id: u64,
    /// What it is.
    pub kind: JobKind,
    /// What it does, in words.
    pub text: String,
    /// When it began.
    pub since: Instant,
}

/// An object file that was opened to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFile {
    /// Its path.
    pub path: PathBuf,
    /// What it is, as ST calls such a file.
    pub kind: String,
    /// Its bytes with their meanings.
    pub object: configuration::ObjectSheet,
    /// What of them is picked.
    pub selected: Option<configuration::Selection>,
    /// In what it differs from the project's, or why it wasn't compared.
    pub compared: Result<Vec<ObjectDifference>, String>,
}

/// A field in which two objects differ; secrets are told by what they belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectDifference {
    /// The field.
    pub field: String,
    /// Its value in the file.
    pub here: String,
    /// Its value in the project's object.
    pub project: String,
}

/// Everything the window knows.
#[derive(Debug)]
pub struct Model {
    /// The view shown.
    pub view: View,
    /// The theme wanted.
    pub theme: ThemeChoice,
    /// Whether the dark theme is painted at this moment; the window says so each frame.
    pub dark: bool,
    /// Whether the command palette is open.
    pub palette_open: bool,
    /// The project.
    pub project: Option<ProjectSheet>,
    /// The project's files under edit.
    pub editing: Option<editing::Editing>,
    /// An object file in the place of the view.
    pub object_file: Option<ObjectFile>,
    /// The file in the Images view.
    pub images: images::Images,
    /// Folders opened lately, newest first.
    pub recent: Vec<PathBuf>,
    /// Boards that could be chosen.
    pub choices: Vec<BoardChoice>,
    /// The board.
    pub board: Option<BoardSheet>,
    /// Debug authentication.
    pub debug: debug::DebugPanel,
    /// Certificates to be made, and the wallet.
    pub credentials: credentials::Credentials,
    /// What was found out about a board that doesn't do what it should.
    pub doctor: doctor::Doctor,
    /// The update of a closed board.
    pub update: updating::Updating,
    /// Where the open virtual board's core is.
    pub here: Option<boot_stages::HereSheet>,
    /// The boot of a copy of the board.
    pub lab: boot_lab::BootLab,
    /// Where the plan leads.
    pub goal: Goal,
    /// Whether a person confirmed that keys everybody has go into this real board.
    pub sample_keys_confirmed: bool,
    /// The plan for project, board and goal.
    pub plan: PlanSheet,
    /// The run that goes on or went last.
    pub run: Option<Run>,
    /// The board's console.
    pub console: Console,
    /// What goes on.
    pub jobs: Vec<Job>,
    /// What went wrong outside a run, the newest last; one card a kind of job.
    pub cards: Vec<(JobKind, Card)>,
    /// What a person answered in a dialog while a job worked on the project's files: done when it has ended.
    pub held: Option<configuration::ConfigurationIntent>,
    /// The last thing that went well, in a few words.
    pub notice: Option<String>,
    /// The folder where the studio keeps boards, records and settings.
    pub data_folder: PathBuf,
}

impl Model {
    /// A model that knows nothing yet.
    pub fn new(data_folder: PathBuf) -> Self {
        Self {
            view: View::Provision,
            theme: ThemeChoice::System,
            dark: true,
            palette_open: false,
            project: None,
            editing: None,
            object_file: None,
            images: images::Images::default(),
            recent: Vec::new(),
            choices: Vec::new(),
            board: None,
            debug: debug::DebugPanel::default(),
            credentials: credentials::Credentials::default(),
            doctor: doctor::Doctor::default(),
            update: updating::Updating::default(),
            here: None,
            lab: boot_lab::BootLab::default(),
            goal: Goal::Closed,
            sample_keys_confirmed: false,
            plan: PlanSheet::None,
            run: None,
            console: Console::default(),
            jobs: Vec::new(),
            cards: Vec::new(),
            held: None,
            notice: None,
            data_folder,
        }
    }

    /// Where the board stands, when it was measured.
    pub fn product_state(&self) -> Option<ProductState> {
        self.board.as_ref()?.reading.as_ref()?.state
    }

    /// Whether keys that everybody has would go into a real board.
    pub fn must_confirm_sample_keys(&self) -> bool {
        self.board.as_ref().is_some_and(|board| board.kind == BoardKind::Real)
            && self.project.as_ref().is_some_and(|project| !project.sample_keys.is_empty())
    }

    /// Whether a debugger can enter a board that is otherwise shut: opened here, or found so when it was measured.
    pub fn debug_is_open(&self) -> bool {
        let reading = self.board.as_ref().and_then(|board| board.reading.as_ref());
        let found = reading
            .is_some_and(|reading| reading.state == Some(ProductState::Closed) && reading.debug_open == Some(true));
        self.debug.opened.is_some() || found
    }

    /// Shows what went wrong in a kind of job, in place of what that kind showed before.
    pub fn put_card(&mut self, kind: JobKind, card: Card) {
        self.drop_card(kind);
        self.cards.push((kind, card));
    }

    /// Puts away what a kind of job showed.
    pub fn drop_card(&mut self, kind: JobKind) {
        self.cards.retain(|(shown, _)| *shown != kind);
    }

    /// The job that holds the board, if any.
    pub fn board_job(&self) -> Option<&Job> {
        let holds = |kind| {
            matches!(kind, JobKind::Board | JobKind::Provision | JobKind::Debug | JobKind::Doctor | JobKind::Update)
        };
        self.jobs.iter().find(|job| holds(job.kind))
    }

    /// Whether a job of a kind runs.
    pub fn runs(&self, kind: JobKind) -> bool {
        self.jobs.iter().any(|job| job.kind == kind)
    }

    /// The run, while it goes on.
    pub fn active_run(&self) -> Option<&Run> {
        self.run.as_ref().filter(|run| run.verdict.is_none())
    }

    /// The plan's steps; none while there is no plan.
    pub fn steps(&self) -> &[StepSheet] {
        match &self.plan {
            PlanSheet::Ready { steps, .. } => steps,
            PlanSheet::None | PlanSheet::Waiting { .. } | PlanSheet::Refused(_) => &[],
        }
    }

    /// How much of the run is done, 0 to 1, and the time left as earlier runs tell it.
    pub fn progress(&self, now: Instant) -> (f32, Option<Duration>) {
        let Some(run) = &self.run else { return (0.0, None) };
        estimate::progress(self.steps(), &run.steps, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_as_text_holds_every_part() {
        let card = Card {
            title: "Board file is locked".to_owned(),
            place: Some("bench-1.board".to_owned()),
            cause: Some("another studio has it open".to_owned()),
            remedy: Some("close the other one".to_owned()),
            detail: "os error 11".to_owned(),
        };
        let text = card.text();
        for part in ["Board file is locked", "bench-1.board", "another studio", "close the other one", "os error 11"] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }
}
