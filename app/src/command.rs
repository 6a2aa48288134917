//! Every intent a person can have, in one table: text, tooltip, shortcut, and when it is possible. Buttons, menus,
//! shortcuts and the palette all read it. It carries nothing out: [`crate::update`] does.

mod boot_lab;
mod credentials;
mod debug;
mod doctor;
mod editing;
mod images;
mod updating;

use std::borrow::Cow;
use std::path::PathBuf;

use chip::product_state::ProductState;
use egui::{Key, KeyboardShortcut, Modifiers};
use provision::lab::{OtherKey, Spot, Tamper};

use crate::model::boot_lab::{LabIntent, Scenario};
use crate::model::configuration::{ConfigurationIntent, Selection};
use crate::model::credentials::{CredentialsIntent, KeysSection};
use crate::model::debug::{Act, DebugIntent, Level};
use crate::model::doctor::{Depth, DoctorIntent};
use crate::model::images::{Ask, BuildFile, Direction, ImagesIntent, InTheClear, Shown, Side};
use crate::model::updating::UpdateIntent;
use crate::model::{BoardKind, Goal, JobKind, Model, PlanSheet, ThemeChoice, Verdict, View};

/// An intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Show a view.
    Show(View),
    /// Open or close the palette.
    Palette,
    /// From dark to light and back.
    SwitchTheme,
    /// Choose a project folder in a dialog.
    ChooseProject,
    /// Open a project folder.
    OpenProject(PathBuf),
    /// Lay out a new project in a folder, with keys of its own.
    NewProject(PathBuf),
    /// Open the sample project.
    OpenSample,
    /// Read the project again and plan anew.
    ReloadProject,
    /// Edit the project: a field, a region, a key.
    Configuration(ConfigurationIntent),
    /// Look at a file in the Images view.
    Images(ImagesIntent),
    /// Something of debug authentication.
    Debug(DebugIntent),
    /// Certificates to be made, and the wallet.
    Credentials(CredentialsIntent),
    /// Find out what is wrong with a board.
    Doctor(DoctorIntent),
    /// Boot copies of the virtual board.
    Lab(LabIntent),
    /// Update a closed board.
    Update(UpdateIntent),
    /// Choose an object file in a dialog, to look at it.
    ChooseObjectFile,
    /// Look at an object file.
    OpenObjectFile(PathBuf),
    /// Pick some of its bytes.
    SelectInObjectFile(Option<Selection>),
    /// Put the object file away.
    CloseObjectFile,
    /// Look for probes and virtual boards.
    ListBoards,
    /// Choose a board file in a dialog.
    ChooseBoard,
    /// Take a board: a file, `probe` or `probe:SERIAL`.
    OpenBoard(String),
    /// Make a new virtual board in the studio's folder.
    NewBoard,
    /// Make a new virtual board in a file.
    NewBoardAt(PathBuf),
    /// Read identity, state and option bytes.
    ReadBoard,
    /// Pulse NRST.
    ResetBoard,
    /// Take the supply away and give it back.
    PowerCycle,
    /// Take the supply away.
    PowerOff,
    /// Give the supply.
    PowerOn,
    /// Run the plan to CLOSED.
    Provision,
    /// Plan for another end.
    ChooseGoal(Goal),
    /// Run the plan to LOCKED, with the digits of the UID that a person typed.
    Lock(String),
    /// Keys that everybody has may go into this real board, or may not.
    ConfirmSampleKeys(bool),
    /// Stop the run at the next safe point.
    Cancel,
    /// Send a line to the board's UART.
    Send(String),
    /// Forget the console's lines.
    ClearConsole,
    /// Console to the clipboard.
    CopyConsole,
    /// The error card to the clipboard.
    CopyCard,
    /// Close the error card.
    CloseCard,
    /// The verdict's evidence to the clipboard.
    CopyEvidence,
    /// Put the run's result away and show the plan.
    CloseRun,
    /// Some text to the clipboard: a hash, a UID.
    CopyText(String),
    /// Close the window.
    Quit,
}

/// What the palette offers, in its order.
pub const PALETTE: &[Command] = &[
    Command::Provision,
    Command::Cancel,
    Command::Debug(DebugIntent::Discover),
    Command::Debug(DebugIntent::Consider(Some(Act::OpenDebug(Level::One)))),
    Command::Debug(DebugIntent::Consider(Some(Act::OpenDebug(Level::Two)))),
    Command::Debug(DebugIntent::Consider(Some(Act::OpenDebug(Level::Three)))),
    Command::Debug(DebugIntent::Consider(Some(Act::CloseDebug))),
    Command::Debug(DebugIntent::Consider(Some(Act::Regress))),
    Command::Debug(DebugIntent::Halt),
    Command::Debug(DebugIntent::Resume),
    Command::Debug(DebugIntent::Cancel),
    Command::Debug(DebugIntent::CloseOutcome),
    Command::Doctor(DoctorIntent::Open),
    Command::Doctor(DoctorIntent::Examine(Depth::WithReset)),
    Command::Doctor(DoctorIntent::Copy),
    Command::Doctor(DoctorIntent::Close),
    Command::Update(UpdateIntent::Open),
    Command::Update(UpdateIntent::Run),
    Command::Update(UpdateIntent::Cancel),
    Command::Update(UpdateIntent::Close),
    Command::Lab(LabIntent::Run),
    Command::Lab(LabIntent::Step),
    Command::Lab(LabIntent::RunAll),
    Command::Lab(LabIntent::Cancel),
    Command::Lab(LabIntent::Choose(Scenario::Boot)),
    Command::Lab(LabIntent::Choose(Scenario::UpdateApplication)),
    Command::Lab(LabIntent::Choose(Scenario::UpdateSecondStage)),
    Command::Lab(LabIntent::Tamper(Tamper::None)),
    Command::Lab(LabIntent::Tamper(Tamper::FlipBit { spot: Spot::Header })),
    Command::Lab(LabIntent::Tamper(Tamper::FlipBit { spot: Spot::Payload })),
    Command::Lab(LabIntent::Tamper(Tamper::FlipBit { spot: Spot::Signature })),
    Command::Lab(LabIntent::Tamper(Tamper::OtherKey { key: OtherKey::Signer })),
    Command::Lab(LabIntent::Tamper(Tamper::OlderVersion)),
    Command::Lab(LabIntent::Tamper(Tamper::SwapSlots)),
    Command::ReadBoard,
    Command::ResetBoard,
    Command::PowerCycle,
    Command::PowerOff,
    Command::PowerOn,
    Command::NewBoard,
    Command::ChooseBoard,
    Command::ListBoards,
    Command::ChooseProject,
    Command::OpenSample,
    Command::ReloadProject,
    Command::Configuration(ConfigurationIntent::Save),
    Command::Configuration(ConfigurationIntent::Undo),
    Command::Configuration(ConfigurationIntent::Redo),
    Command::Configuration(ConfigurationIntent::BuildOutputs),
    Command::Configuration(ConfigurationIntent::MendChain),
    Command::Configuration(ConfigurationIntent::ShowStages),
    Command::Configuration(ConfigurationIntent::ComputeLoaderNumbers),
    Command::Credentials(CredentialsIntent::Show(KeysSection::Certificates)),
    Command::Credentials(CredentialsIntent::Show(KeysSection::Wallet)),
    Command::Images(ImagesIntent::ChooseFile),
    Command::Images(ImagesIntent::ShowSide(Side::Build)),
    Command::Images(ImagesIntent::Build),
    Command::Images(ImagesIntent::ChooseBuildFile(BuildFile::Application)),
    Command::Images(ImagesIntent::ShowSide(Side::Checks)),
    Command::Images(ImagesIntent::TryOnBoard),
    Command::Images(ImagesIntent::CancelTrial),
    Command::Images(ImagesIntent::ShowSide(Side::Comparison)),
    Command::Images(ImagesIntent::ChooseComparison),
    Command::Images(ImagesIntent::Difference(Direction::Previous)),
    Command::Images(ImagesIntent::Difference(Direction::Next)),
    Command::Images(ImagesIntent::CloseComparison),
    Command::Images(ImagesIntent::ShowSide(Side::Decrypt)),
    Command::Images(ImagesIntent::Show(Shown::Decrypted)),
    Command::Images(ImagesIntent::Show(Shown::Stored)),
    Command::Images(ImagesIntent::ChooseClearTarget(InTheClear::Payload)),
    Command::Images(ImagesIntent::ChooseClearTarget(InTheClear::Image)),
    Command::Images(ImagesIntent::ChooseKey),
    Command::Images(ImagesIntent::ForgetKeys),
    Command::Images(ImagesIntent::Ask(Ask::Place)),
    Command::Images(ImagesIntent::Ask(Ask::Pattern)),
    Command::Images(ImagesIntent::SearchAgain(Direction::Previous)),
    Command::Images(ImagesIntent::SearchAgain(Direction::Next)),
    Command::Images(ImagesIntent::CopyHex),
    Command::Images(ImagesIntent::CopyAsText),
    Command::Images(ImagesIntent::CloseFile),
    Command::ChooseObjectFile,
    Command::CloseObjectFile,
    Command::Show(View::Board),
    Command::Show(View::Configuration),
    Command::Show(View::Keys),
    Command::Show(View::Images),
    Command::Show(View::Debug),
    Command::Show(View::Provision),
    Command::Show(View::BootLab),
    Command::ChooseGoal(Goal::Closed),
    Command::ChooseGoal(Goal::Locked),
    Command::SwitchTheme,
    Command::CopyConsole,
    Command::ClearConsole,
    Command::CopyEvidence,
    Command::CloseRun,
    Command::CopyCard,
    Command::CloseCard,
    Command::Quit,
];

/// Why a command can't be given now.
pub type Refusal = Cow<'static, str>;

const CTRL: Modifiers = Modifiers::COMMAND;

impl Command {
    /// What stands on its button and in the palette.
    pub const fn text(&self) -> &'static str {
        match self {
            Self::Show(View::Board) => "Show board",
            Self::Show(View::Configuration) => "Show configuration",
            Self::Show(View::Keys) => "Show keys",
            Self::Show(View::Images) => "Show images",
            Self::Images(intent) => images::text(intent),
            Self::Configuration(intent) => editing::text(intent),
            Self::Show(View::Debug) => "Show debug authentication",
            Self::Debug(intent) => debug::text(intent),
            Self::Credentials(intent) => credentials::text(intent),
            Self::Doctor(intent) => doctor::text(*intent),
            Self::Lab(intent) => boot_lab::text(intent),
            Self::Update(intent) => updating::text(intent),
            Self::Show(View::BootLab) => "Show Boot lab",
            Self::ChooseGoal(Goal::Closed) => "Plan for CLOSED",
            Self::ChooseGoal(Goal::Locked) => "Plan for LOCKED…",
            Self::Lock(_) => "Lock for ever",
            Self::ConfirmSampleKeys(_) => "Confirm sample keys",
            Self::Show(View::Provision) => "Show provisioning",
            Self::Palette => "Search actions",
            Self::SwitchTheme => "Switch between dark and light",
            Self::ChooseProject => "Open project folder…",
            Self::OpenProject(_) => "Open project",
            Self::NewProject(_) => "New project",
            Self::OpenSample => "Open sample project",
            Self::ReloadProject => "Read project again",
            Self::ChooseObjectFile => "Open object file…",
            Self::OpenObjectFile(_) => "Open object file",
            Self::SelectInObjectFile(_) => "Pick",
            Self::CloseObjectFile => "Close object file",
            Self::ListBoards => "Look for boards",
            Self::ChooseBoard => "Open board file…",
            Self::OpenBoard(_) => "Open board",
            Self::NewBoard | Self::NewBoardAt(_) => "New virtual board",
            Self::ReadBoard => "Read board",
            Self::ResetBoard => "Reset board",
            Self::PowerCycle => "Power cycle board",
            Self::PowerOff => "Power off board",
            Self::PowerOn => "Power on board",
            Self::Provision => "Provision",
            Self::Cancel => "Cancel",
            Self::Send(_) => "Send",
            Self::ClearConsole => "Clear console",
            Self::CopyConsole => "Copy console",
            Self::CopyCard => "Copy error",
            Self::CloseCard => "Close error",
            Self::CopyEvidence => "Copy evidence",
            Self::CloseRun => "Show plan",
            Self::CopyText(_) => "Copy",
            Self::Quit => "Quit",
        }
    }

    /// What it does, in a sentence.
    pub const fn tooltip(&self) -> &'static str {
        match self {
            Self::Show(View::Board) => "Boards, identity and option bytes",
            Self::Show(View::Configuration) => "Every parameter, the memory map, the objects",
            Self::Show(View::Keys) => "Keys, and what belongs together",
            Self::Show(View::Images) => "Any file byte by byte, and whether an image will boot",
            Self::Images(intent) => images::tooltip(intent),
            Self::Configuration(intent) => editing::tooltip(intent),
            Self::Show(View::Debug) => "Discovery, credential, opening debug, regression",
            Self::Debug(intent) => debug::tooltip(intent),
            Self::Credentials(intent) => credentials::tooltip(intent),
            Self::Doctor(intent) => doctor::tooltip(*intent),
            Self::Lab(intent) => boot_lab::tooltip(intent),
            Self::Update(intent) => updating::tooltip(intent),
            Self::Show(View::BootLab) => "A copy of the virtual board boots, check by check, and is tampered with",
            Self::ChooseGoal(Goal::Closed) => "The application runs; the credential leads back",
            Self::ChooseGoal(Goal::Locked) => "Nothing leads back; asks for the end of the UID before anything is done",
            Self::Lock(_) => "Runs the plan to LOCKED; nothing leads back",
            Self::ConfirmSampleKeys(_) => "Whoever has the studio can open and regress such a board",
            Self::Show(View::Provision) => "Preflight, plan, run and verdict",
            Self::Palette => "Find and run any action by typing",
            Self::SwitchTheme => "The choice is remembered",
            Self::ChooseProject => "A folder with STiRoT's configuration files and a stirot-studio.toml",
            Self::OpenProject(_) => "Read the folder, check it, make the plan",
            Self::NewProject(_) => "One boot stage, in ST's layout, with new keys; nothing that exists is written over",
            Self::OpenSample => "The sample that comes with the studio; its keys are public",
            Self::ReloadProject => "Take changed files in, check them, make the plan anew",
            Self::ChooseObjectFile | Self::OpenObjectFile(_) => "Any .obk, told field by field; a drop does the same",
            Self::SelectInObjectFile(_) => "Show what the bytes mean",
            Self::CloseObjectFile => "Back to the view",
            Self::ListBoards => "Virtual boards in the studio's folder, and debug probes on USB",
            Self::ChooseBoard => "A virtual board is one file",
            Self::OpenBoard(_) => "Power it on and read it",
            Self::NewBoard | Self::NewBoardAt(_) => "A blank STM32H7S78-DK in OPEN, as one file",
            Self::ReadBoard => "Measure state, identity and option bytes; a closed board is reset to ask it",
            Self::ResetBoard => "Pulse NRST, then read the board",
            Self::PowerCycle => "Take the supply away and give it back; RAM is lost",
            Self::PowerOff => "The board keeps what flash, option bytes and OBKs hold",
            Self::PowerOn => "Give the supply and let it boot",
            Self::Provision => "Run the plan, step by step, each proved before the next",
            Self::Cancel => "Stop at the next point where nothing is half written",
            Self::Send(_) => "Send the line to UART4",
            Self::ClearConsole => "Forget the lines shown",
            Self::CopyConsole => "All lines to the clipboard",
            Self::CopyCard => "The whole card, with its raw detail, to the clipboard",
            Self::CloseCard => "Put the card away",
            Self::CopyEvidence => "Every step's evidence to the clipboard",
            Self::CloseRun => "Put the result away and show the plan again",
            Self::CopyText(_) => "Copy the whole value",
            Self::Quit => "Boards are saved and powered off",
        }
    }

    /// Its shortcut.
    pub const fn shortcut(&self) -> Option<KeyboardShortcut> {
        Some(match self {
            Self::Palette => KeyboardShortcut::new(CTRL, Key::K),
            Self::Show(View::Board) => KeyboardShortcut::new(CTRL, Key::Num1),
            Self::Show(View::Configuration) => KeyboardShortcut::new(CTRL, Key::Num2),
            Self::Show(View::Keys) => KeyboardShortcut::new(CTRL, Key::Num3),
            Self::Show(View::Images) => KeyboardShortcut::new(CTRL, Key::Num4),
            Self::Show(View::Debug) => KeyboardShortcut::new(CTRL, Key::Num5),
            Self::Show(View::Provision) => KeyboardShortcut::new(CTRL, Key::Num6),
            Self::Show(View::BootLab) => KeyboardShortcut::new(CTRL, Key::Num7),
            Self::Images(intent) => return images::shortcut(intent),
            Self::Lab(intent) => return boot_lab::shortcut(intent),
            Self::Configuration(ConfigurationIntent::Save) => KeyboardShortcut::new(CTRL, Key::S),
            Self::Configuration(ConfigurationIntent::Undo) => KeyboardShortcut::new(CTRL, Key::Z),
            Self::Configuration(ConfigurationIntent::Redo) => {
                KeyboardShortcut::new(CTRL.plus(Modifiers::SHIFT), Key::Z)
            }
            Self::Configuration(ConfigurationIntent::BuildOutputs) => KeyboardShortcut::new(Modifiers::NONE, Key::F8),
            Self::ChooseProject => KeyboardShortcut::new(CTRL, Key::O),
            Self::NewBoard => KeyboardShortcut::new(CTRL, Key::N),
            Self::Doctor(DoctorIntent::Open) => KeyboardShortcut::new(Modifiers::NONE, Key::F10),
            Self::ReadBoard => KeyboardShortcut::new(Modifiers::NONE, Key::F5),
            Self::ResetBoard => KeyboardShortcut::new(Modifiers::NONE, Key::F6),
            Self::PowerCycle => KeyboardShortcut::new(Modifiers::NONE, Key::F7),
            Self::Provision => KeyboardShortcut::new(Modifiers::NONE, Key::F9),
            Self::Cancel => KeyboardShortcut::new(Modifiers::SHIFT, Key::F9),
            Self::ClearConsole => KeyboardShortcut::new(CTRL, Key::L),
            Self::Quit => KeyboardShortcut::new(CTRL, Key::Q),
            _ => return None,
        })
    }

    /// Whether it can be given now, and if not, why.
    ///
    /// # Errors
    /// The reason, as the button's tooltip and the palette show it.
    pub fn enabled(&self, model: &Model) -> Result<(), Refusal> {
        match self {
            Self::CloseObjectFile if model.object_file.is_none() => Err("no object file is open".into()),
            Self::ChooseProject | Self::ChooseBoard | Self::ChooseObjectFile if model.runs(JobKind::Dialog) => {
                Err("a file dialog is open already".into())
            }
            Self::ChooseProject | Self::OpenProject(_) | Self::NewProject(_) | Self::OpenSample => quiet_project(model),
            Self::ReloadProject => {
                if model.project.is_none() {
                    return Err("no project is open".into());
                }
                quiet_project(model)
            }
            Self::Configuration(intent) => editing::enabled(intent, model),
            Self::Images(intent) => images::enabled(intent, model),
            Self::Debug(intent) => debug::enabled(intent, model),
            Self::Credentials(intent) => credentials::enabled(intent, model),
            Self::Doctor(intent) => doctor::enabled(*intent, model),
            Self::Lab(intent) => boot_lab::enabled(intent, model),
            Self::Update(intent) => updating::enabled(intent, model),
            Self::ListBoards if model.runs(JobKind::Boards) => Err("looking already".into()),
            Self::ChooseBoard | Self::OpenBoard(_) | Self::NewBoard | Self::NewBoardAt(_) => quiet_board(model),
            Self::ReadBoard => powered_board(model),
            Self::ResetBoard => powered_board(model),
            Self::PowerCycle | Self::PowerOff => {
                virtual_board(model)?;
                powered_board(model)
            }
            Self::PowerOn => {
                virtual_board(model)?;
                if model.board.as_ref().is_some_and(|board| board.powered) {
                    return Err("the board is powered".into());
                }
                quiet_board(model)
            }
            Self::Provision => can_run(model, Goal::Closed),
            Self::ChooseGoal(_) => quiet_project(model),
            Self::Lock(typed) => {
                can_run(model, Goal::Locked)?;
                consents(model, typed)
            }
            Self::Cancel => match model.active_run() {
                Some(run) if run.stopping => Err("stopping at the next safe point".into()),
                Some(_) => Ok(()),
                None => Err("nothing runs".into()),
            },
            Self::Send(_) => {
                virtual_board(model)?;
                match &model.board {
                    Some(board) if board.powered => Ok(()),
                    _ => Err("the board is off".into()),
                }
            }
            Self::ClearConsole | Self::CopyConsole => {
                let empty = model.console.lines.is_empty() && model.console.partial.is_empty();
                if empty { Err("the console is empty".into()) } else { Ok(()) }
            }
            Self::CloseCard if model.cards.is_empty() => Err("there is no error".into()),
            Self::CopyCard if model.cards.is_empty() && failure(model).is_none() => Err("there is no error".into()),
            Self::CopyEvidence | Self::CloseRun => match &model.run {
                Some(run) if run.verdict.is_some() => Ok(()),
                Some(_) => Err("the run goes on".into()),
                None => Err("nothing was run".into()),
            },
            _ => Ok(()),
        }
    }

    /// Whether one goes on by giving it again and again, so that clicks in quick succession are meant one by one.
    pub const fn is_repeated(&self) -> bool {
        matches!(
            self,
            Self::Lab(LabIntent::Step)
                | Self::Configuration(ConfigurationIntent::Undo | ConfigurationIntent::Redo)
                | Self::Images(ImagesIntent::Difference(_) | ImagesIntent::SearchAgain(_))
        )
    }

    /// Whether it is on already, for commands that choose.
    pub fn chosen(&self, model: &Model) -> bool {
        match self {
            Self::Show(view) => model.view == *view,
            Self::ChooseGoal(goal) => model.goal == *goal,
            Self::SwitchTheme => model.theme != ThemeChoice::System,
            Self::Images(ImagesIntent::Show(shown)) => model.images.shown == *shown,
            Self::Images(ImagesIntent::ShowSide(side)) => model.images.side == *side,
            Self::Lab(LabIntent::Choose(scenario)) => model.lab.scenario == *scenario,
            Self::Lab(LabIntent::Tamper(tamper)) => model.lab.tamper == *tamper,
            _ => false,
        }
    }
}

/// The card of a run that failed or was stopped.
pub fn failure(model: &Model) -> Option<&crate::model::Card> {
    match model.run.as_ref()?.verdict.as_ref()? {
        Verdict::Fail(card) | Verdict::Stopped(card) => Some(card),
        Verdict::Pass { .. } => None,
    }
}

/// Whether nothing works on the project's files.
///
/// # Errors
/// What does.
pub fn quiet_project(model: &Model) -> Result<(), Refusal> {
    if model.active_run().is_some() {
        return Err("a run goes on; cancel it first".into());
    }
    match model.jobs.iter().find(|job| matches!(job.kind, JobKind::Project | JobKind::Key)) {
        Some(job) => Err(format!("wait for this first: {}", job.text).into()),
        None => Ok(()),
    }
}

fn quiet_board(model: &Model) -> Result<(), Refusal> {
    match model.board_job() {
        Some(job) => Err(format!("the board is busy: {}", job.text).into()),
        None => Ok(()),
    }
}

fn virtual_board(model: &Model) -> Result<(), Refusal> {
    match &model.board {
        Some(board) if board.kind == BoardKind::Virtual => Ok(()),
        Some(_) => Err("only a virtual board can do this".into()),
        None => Err("no board is chosen".into()),
    }
}

fn powered_board(model: &Model) -> Result<(), Refusal> {
    match &model.board {
        None => Err("no board is chosen".into()),
        Some(board) if !board.powered => Err("the board is off".into()),
        Some(_) => quiet_board(model),
    }
}

/// Whether the plan to a goal can be run.
fn can_run(model: &Model, goal: Goal) -> Result<(), Refusal> {
    powered_board(model)?;
    quiet_project(model)?;
    if model.editing.as_ref().is_some_and(|editing| editing.configuration.unsaved > 0) {
        return Err("edits of the project aren't saved; save them first".into());
    }
    if model.goal != goal {
        return Err(format!("the plan leads to {}; choose {} first", model.goal.name(), goal.name()).into());
    }
    if model.must_confirm_sample_keys() && !model.sample_keys_confirmed {
        return Err("the project's keys are SAMPLE keys, which everybody has; confirm them for this real board".into());
    }
    match &model.plan {
        PlanSheet::Ready { .. } => {}
        PlanSheet::Waiting { why, .. } => return Err(why.clone().into()),
        PlanSheet::Refused(card) => return Err(card.title.clone().into()),
        PlanSheet::None => return Err("no project is open".into()),
    }
    match model.product_state() {
        Some(ProductState::Locked) => Err("the board is LOCKED; nothing can be written any more".into()),
        Some(ProductState::Provisioned) => Err("the board was closed without a way in; nothing can be written".into()),
        Some(ProductState::Closed) if goal == Goal::Locked => {
            Err("the board is in CLOSED, from which no way leads to LOCKED; regress it first".into())
        }
        _ => Ok(()),
    }
}

/// Whether what was typed is the end of this board's UID. The run asks the board itself once more.
fn consents(model: &Model, typed: &str) -> Result<(), Refusal> {
    let uid = model.board.as_ref().and_then(|board| board.reading.as_ref()?.uid.as_deref());
    let Some(uid) = uid else { return Err("the board's UID was not read".into()) };
    // As the engine takes it.
    let typed = typed.trim();
    if typed.len() == UID_DIGITS
        && uid.get(uid.len().saturating_sub(UID_DIGITS)..).is_some_and(|end| end.eq_ignore_ascii_case(typed))
    {
        return Ok(());
    }
    if typed.len() < UID_DIGITS {
        return Err("type the last eight digits of this board's UID".into());
    }
    Err("what was typed is not the end of this board's UID; look it up in the strip at the top".into())
}

/// How many digits of the UID are typed for LOCKED.
pub(crate) const UID_DIGITS: usize = 8;

#[cfg(test)]
mod tests;
