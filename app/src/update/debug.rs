//! Debug authentication: what a person wants of it, and what its jobs report. As the rest of `update`, it changes the model
//! and returns what is to happen outside.

use std::path::PathBuf;
use std::time::Instant;

use super::{Effect, Request};
use crate::model::configuration::TypedText;
use crate::model::debug::{Act, ActOutcome, Answer, CoreSheet, CredentialState, DebugIntent, Level, PromptSheet};
use crate::model::{JobKind, Model, View};

/// What a job of debug authentication is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DebugRequest {
    /// Ask the ROM what the board is.
    Discover,
    /// Let a debugger in from a level on.
    OpenDebug(Level),
    /// Shut debug again.
    CloseDebug,
    /// Back to OPEN.
    Regress,
    /// Back to OPEN with the credential of the wallet's entry in a folder, and its passphrase; empty for none.
    RegressKept(PathBuf, TypedText),
    /// Halt the core and read its registers.
    Halt,
    /// Let the core run on.
    Resume,
    /// Open the credential's key.
    Unlock(TypedText),
}

impl DebugRequest {
    /// What the status bar says while it goes on.
    pub const fn text(&self) -> &'static str {
        match self {
            Self::Discover => "discovering the board",
            Self::OpenDebug(_) => "opening debug",
            Self::CloseDebug => "closing debug",
            Self::Regress | Self::RegressKept(..) => "regressing the board to OPEN",
            Self::Halt => "halting the core",
            Self::Resume => "letting the core run",
            Self::Unlock(_) => "opening the credential's key",
        }
    }

    /// The act that it carries out, when it is one.
    const fn act(&self) -> Option<Act> {
        match self {
            Self::Discover => Some(Act::Discover),
            Self::OpenDebug(level) => Some(Act::OpenDebug(*level)),
            Self::CloseDebug => Some(Act::CloseDebug),
            Self::Regress | Self::RegressKept(..) => Some(Act::Regress),
            Self::Halt | Self::Resume | Self::Unlock(_) => None,
        }
    }
}

/// What a job of debug authentication reports.
#[derive(Debug)]
pub enum DebugReport {
    /// The project's credential, as it stands for this board.
    Credential(CredentialState),
    /// What was tried before the board answered, one line a try.
    Attempts(Vec<String>),
    /// What goes on within the act.
    Progress(String),
    /// The board couldn't be measured after an act: what was read before may no longer hold.
    Unreached,
    /// An act ended.
    Ended(Box<ActOutcome>),
    /// Debug is open from this level on, or shut.
    Opened(Option<Level>),
    /// The core as it was seen.
    Core(Option<CoreSheet>),
    /// A person has something to do before the job goes on, or has nothing to do any more.
    Prompt(Option<PromptSheet>),
}

/// Carries an intent out.
pub(super) fn apply(model: &mut Model, intent: DebugIntent, effects: &mut Vec<Effect>) {
    let request = match intent {
        DebugIntent::Consider(act) => {
            if act.is_some() {
                model.view = View::Debug;
                // What went well before has been read by now.
                model.debug.outcome.take_if(|outcome| outcome.result.is_ok());
            }
            model.debug.considered = act;
            return;
        }
        DebugIntent::Answer(answer) => {
            model.debug.prompt = None;
            model.debug.stopping |= answer == Answer::Stop;
            effects.push(Effect::Answer(answer));
            return;
        }
        DebugIntent::Cancel => {
            model.debug.stopping = true;
            model.debug.prompt = None;
            effects.push(Effect::CancelDebug);
            return;
        }
        DebugIntent::CloseOutcome => {
            model.debug.outcome = None;
            return;
        }
        DebugIntent::Discover => DebugRequest::Discover,
        DebugIntent::OpenDebug(level) => DebugRequest::OpenDebug(level),
        DebugIntent::CloseDebug => DebugRequest::CloseDebug,
        DebugIntent::Regress => DebugRequest::Regress,
        DebugIntent::Halt => DebugRequest::Halt,
        DebugIntent::Resume => DebugRequest::Resume,
        DebugIntent::Unlock(passphrase) => {
            effects.push(Effect::Start(JobKind::Key, Request::Debug(DebugRequest::Unlock(passphrase))));
            return;
        }
    };
    start(model, request, effects);
}

/// Starts an act, and what goes with it.
pub(super) fn start(model: &mut Model, request: DebugRequest, effects: &mut Vec<Effect>) {
    if let Some(act) = request.act() {
        model.view = View::Debug;
        model.debug.running = Some((act, Instant::now()));
        model.debug.outcome = None;
        model.debug.considered = None;
        model.run = None;
    }
    model.debug.stopping = false;
    effects.push(Effect::Start(JobKind::Debug, Request::Debug(request)));
}

/// Takes in what a job reports.
pub(super) fn receive(model: &mut Model, report: DebugReport) {
    match report {
        DebugReport::Credential(credential) => model.debug.credential = credential,
        DebugReport::Attempts(attempts) => {
            let reading = model.board.as_mut().and_then(|board| board.reading.as_mut());
            if let Some(discovery) = reading.and_then(|reading| reading.discovery.as_mut())
                && attempts.len() > 1
            {
                discovery.attempts = attempts;
            }
        }
        DebugReport::Progress(progress) => model.debug.progress = Some(progress),
        DebugReport::Unreached => unreached(model),
        DebugReport::Ended(outcome) => model.debug.outcome = Some(*outcome),
        DebugReport::Opened(level) => {
            model.debug.opened = level;
            if level.is_none() {
                model.debug.core = None;
            }
        }
        DebugReport::Core(core) => {
            // The strip tells the level where the core is now: a core that runs on may be at another by then.
            if let Some(core) = &core
                && let Some(reading) = model.board.as_mut().and_then(|board| board.reading.as_mut())
            {
                reading.hdpl = core.hdpl;
            }
            model.debug.core = core;
        }
        DebugReport::Prompt(prompt) => model.debug.prompt = prompt,
    }
}

/// The board was not to be reached: it may have been unplugged, and nothing that was read of it is shown any more.
pub(super) fn unreached(model: &mut Model) {
    model.debug.opened = None;
    model.debug.core = None;
    if let Some(board) = &mut model.board {
        board.reading = None;
        board.last = Some("not reached".to_owned());
    }
}

/// A job of debug authentication ended: nothing goes on any more, and nothing is asked.
pub(super) fn ended(model: &mut Model) {
    if !model.runs(JobKind::Debug) {
        model.debug.running = None;
        model.debug.prompt = None;
        model.debug.progress = None;
        model.debug.stopping = false;
    }
}
