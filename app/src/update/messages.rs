//! What goes to and fro between the model and the world: effects and requests out, reports in.

use std::path::PathBuf;

use project::{Draft, KeyRole};

use super::boot_lab::{LabReport, LabRequest};
use super::credentials::{CredentialsReport, CredentialsRequest};
use super::debug::{DebugReport, DebugRequest};
use super::images::{ImagesReport, ImagesRequest};
use super::updating::{UpdateReport, UpdateRequest};
use crate::model::boot_stages::{HereSheet, Setting};
use crate::model::configuration::{FieldId, TypedText};
use crate::model::debug::Answer;
use crate::model::doctor::{Depth, ExaminationSheet};
use crate::model::editing::Found;
use crate::model::{
    BoardChoice, BoardSheet, Card, Goal, Job, JobKind, ObjectFile, PlanSheet, ProjectSheet, Reading, ThemeChoice,
    Verdict,
};

/// Something to do outside the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Start a job.
    Start(JobKind, Request),
    /// Ask the run to stop.
    Cancel,
    /// Ask the virtual board of an image to stop.
    CancelTrial,
    /// Ask the act of debug authentication to stop.
    CancelDebug,
    /// Ask the lab to stop.
    CancelLab,
    /// Tell the act of debug authentication what a person did.
    Answer(Answer),
    /// Bytes to the board's UART.
    Send(Vec<u8>),
    /// Text to the clipboard.
    Copy(String),
    /// Paint in another theme.
    Theme(ThemeChoice),
    /// Write settings (theme, project, board).
    SaveSettings,
    /// Close the window.
    Close,
}

/// What a job is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Read a project folder, check it, plan.
    Project(PathBuf),
    /// Lay out a new project, then open it.
    NewProject(PathBuf),
    /// The same with the sample, unpacked first where there is no clone.
    Sample,
    /// List boards.
    Boards,
    /// Power on and read a board.
    Open(String),
    /// Make a board file, then open it. `None` takes the next free name in the studio's folder.
    Create(Option<PathBuf>),
    /// Read the board.
    Read,
    /// Pulse NRST, then read.
    Reset,
    /// Supply off and on, then read.
    PowerCycle,
    /// Supply off.
    PowerOff,
    /// Run the plan to CLOSED.
    Provision {
        /// Keys that everybody has may go into a real board.
        sample_keys_confirmed: bool,
    },
    /// Run the plan to LOCKED.
    Lock {
        /// The digits of the UID that a person typed.
        typed: String,
        /// Keys that everybody has may go into a real board.
        sample_keys_confirmed: bool,
    },
    /// Plan for an end.
    Plan(Goal),
    /// Something of debug authentication.
    Debug(DebugRequest),
    /// Certificates, or the wallet.
    Credentials(CredentialsRequest),
    /// Plan or carry out an update of a closed board.
    Update(UpdateRequest),
    /// Boot copies of the board.
    Lab(LabRequest),
    /// Find out what is wrong with the board.
    Examine(Depth),
    /// Ask for a project folder.
    PickProject,
    /// Ask for a board file.
    PickBoard,
    /// Set how many stages boot, and where the application runs.
    UseSetting(Setting),
    /// Save the project's edited files.
    Save,
    /// Build what is stale of the project's outputs.
    Build,
    /// Find out about the project as edited.
    Assess,
    /// Take the disk's version of a file.
    TakeTheirs(PathBuf),
    /// Let the edited version of a file stand.
    KeepMine(PathBuf),
    /// Make a new key for a role, under a passphrase unless that is empty.
    NewKey(KeyRole, TypedText),
    /// Take a key for a role from a file.
    ImportKey(KeyRole, PathBuf, TypedText),
    /// Write the public half of a key beside it.
    ExportPublic(KeyRole),
    /// Write a key in the clear beside it.
    ExportClear(KeyRole),
    /// Encrypt a key with a passphrase, as a new version.
    ProtectKey(KeyRole, TypedText),
    /// Open a protected key.
    UnlockKey(KeyRole, TypedText),
    /// Ask for a key file to import.
    PickKey(KeyRole),
    /// Ask for the file that a field names.
    PickFieldFile(FieldId),
    /// Ask for an object file.
    PickObject,
    /// Read an object file and compare it with the project's.
    OpenObject(PathBuf),
    /// Something for the Images view.
    Images(ImagesRequest),
}

impl Request {
    /// What the status bar says while it goes on.
    pub fn text(&self) -> String {
        match self {
            Self::Project(_) | Self::Sample => "reading the project".to_owned(),
            Self::NewProject(_) => "making a new project".to_owned(),
            Self::Boards => "looking for boards".to_owned(),
            Self::Open(_) => "powering on and reading the board".to_owned(),
            Self::Create(_) => "making a virtual board".to_owned(),
            Self::Read => "reading the board".to_owned(),
            Self::Reset => "resetting and reading the board".to_owned(),
            Self::PowerCycle => "cycling the supply".to_owned(),
            Self::PowerOff => "powering off".to_owned(),
            Self::Provision { .. } => "provisioning".to_owned(),
            Self::Lock { .. } => "provisioning to LOCKED".to_owned(),
            Self::Plan(_) => "making the plan".to_owned(),
            Self::Debug(request) => request.text().to_owned(),
            Self::Credentials(request) => request.text().to_owned(),
            Self::Update(request) => request.text().to_owned(),
            Self::Lab(request) => request.text().to_owned(),
            Self::Examine(_) => "examining the board".to_owned(),
            Self::PickProject | Self::PickBoard | Self::PickKey(_) | Self::PickFieldFile(_) | Self::PickObject => {
                "a file dialog is open".to_owned()
            }
            Self::OpenObject(_) => "reading the object".to_owned(),
            Self::Images(request) => request.text().to_owned(),
            Self::UseSetting(_) => "changing the boot stages".to_owned(),
            Self::Save => "saving the project".to_owned(),
            Self::Build => "building what is stale".to_owned(),
            Self::Assess => "checking the project".to_owned(),
            Self::TakeTheirs(_) | Self::KeepMine(_) => "putting the other version aside".to_owned(),
            Self::NewKey(role, _) => format!("making a new {role} key"),
            Self::ImportKey(role, ..) => format!("taking a {role} key"),
            Self::ExportPublic(role) | Self::ExportClear(role) => format!("writing the {role} key"),
            Self::ProtectKey(role, _) => format!("encrypting the {role} key"),
            Self::UnlockKey(role, _) => format!("opening the {role} key"),
        }
    }
}

/// What a job reports.
#[derive(Debug)]
pub enum Report {
    /// A job began.
    Began(Job),
    /// A job ended; its reports came before.
    Ended(u64),
    /// A project was read; its plan is made or refused.
    Project(Box<ProjectSheet>, PlanSheet),
    /// The project's files as forms, and what was found out about them.
    Editing(Box<Draft>, Box<Found>),
    /// What was found out about the project at a revision.
    Found(u64, Box<Found>),
    /// A key was made or taken: the configuration is to name it.
    KeyMade(KeyRole, PathBuf),
    /// A protected key was opened.
    KeyOpened(Box<Draft>),
    /// Something went well, in a few words.
    Notice(String),
    /// An object file was read.
    ObjectFile(Box<ObjectFile>),
    /// Something for the Images view.
    Images(ImagesReport),
    /// Something of debug authentication.
    Debug(DebugReport),
    /// Something of certificates, or of the wallet.
    Credentials(CredentialsReport),
    /// Something of an update.
    Update(UpdateReport),
    /// Something of the lab.
    Lab(LabReport),
    /// Where the virtual board's core is.
    Here(Option<HereSheet>),
    /// The board was examined.
    Examined(Box<ExaminationSheet>),
    /// A person chose an object file.
    ObjectChosen(PathBuf),
    /// A person chose a key file.
    KeyChosen(KeyRole, PathBuf),
    /// A person chose the file that a field names.
    FieldFileChosen(FieldId, PathBuf),
    /// Boards were found.
    Boards(Vec<BoardChoice>),
    /// A board was opened or read.
    Board(Box<BoardSheet>),
    /// The supply was taken away.
    PoweredOff,
    /// A person chose a project folder.
    ProjectChosen(PathBuf),
    /// A person chose a board file.
    BoardChosen(PathBuf),
    /// The run's board was measured.
    Surveyed(Box<Reading>),
    /// The plan that the run executes, and what each step is expected to take. It replaces the one shown.
    Plan(PlanSheet),
    /// A step began.
    StepStarted(usize),
    /// A step went on.
    Progress(usize, u64, u64),
    /// A step was proved.
    StepProved(usize, String, f64),
    /// A step wasn't needed.
    StepSkipped(usize, String),
    /// Something worth a line.
    Log(String),
    /// The run ended.
    Finished(Box<Verdict>),
    /// A job failed.
    Failed(JobKind, Box<Card>),
    /// The board's UART spoke.
    Console(Vec<u8>),
}
