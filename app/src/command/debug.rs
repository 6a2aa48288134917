//! The intents of debug authentication in the table of commands: text, tooltip, and when they are possible.

use chip::product_state::ProductState;

use super::{Refusal, powered_board, quiet_project};
use crate::acts;
use crate::model::Model;
use crate::model::debug::{Act, Answer, CredentialState, DebugIntent, FULL_REGRESSION, Fit, Level, Method};

/// What stands on the button.
pub(super) const fn text(intent: &DebugIntent) -> &'static str {
    match intent {
        DebugIntent::Consider(Some(Act::Discover)) => "Discover…",
        DebugIntent::Consider(Some(Act::OpenDebug(Level::One))) => "Open debug at HDPL 1…",
        DebugIntent::Consider(Some(Act::OpenDebug(Level::Two))) => "Open debug at HDPL 2…",
        DebugIntent::Consider(Some(Act::OpenDebug(Level::Three))) => "Open debug at HDPL 3…",
        DebugIntent::Consider(Some(Act::CloseDebug)) => "Close debug…",
        DebugIntent::Consider(Some(Act::Regress)) => "Regress to OPEN…",
        DebugIntent::Consider(Some(Act::Close)) => "Provision to CLOSED…",
        DebugIntent::Consider(Some(Act::Lock)) => "Lock for ever…",
        DebugIntent::Consider(None) => "Put act away",
        DebugIntent::Discover => "Discover",
        DebugIntent::OpenDebug(Level::One) => "Open debug at HDPL 1",
        DebugIntent::OpenDebug(Level::Two) => "Open debug at HDPL 2",
        DebugIntent::OpenDebug(Level::Three) => "Open debug at HDPL 3",
        DebugIntent::CloseDebug => "Close debug",
        DebugIntent::Regress => "Regress to OPEN",
        DebugIntent::Halt => "Halt and read registers",
        DebugIntent::Resume => "Resume",
        DebugIntent::Unlock(_) => "Open key",
        DebugIntent::Answer(Answer::Done) => "Done",
        DebugIntent::Answer(Answer::Stop) => "Stop waiting",
        DebugIntent::Cancel => "Stop act",
        DebugIntent::CloseOutcome => "Close result",
    }
}

/// What it does, in a sentence.
pub(super) const fn tooltip(intent: &DebugIntent) -> &'static str {
    match intent {
        DebugIntent::Consider(Some(_)) => "First shows what it needs and what it will do",
        DebugIntent::Consider(None) => "Nothing was done",
        DebugIntent::Discover => "Resets the board and asks its ROM what it is; nothing is written",
        DebugIntent::OpenDebug(_) => "Answers the board's challenge, then lets a debugger in; nothing is erased",
        DebugIntent::CloseDebug => "Shuts the debug port and lets the application run",
        DebugIntent::Regress => "Erases user flash and objects, then the board is in OPEN",
        DebugIntent::Halt => "Stops the core where it is",
        DebugIntent::Resume => "Lets the core run on",
        DebugIntent::Unlock(_) => "In memory only, until the studio is closed; the file stays as it is",
        DebugIntent::Answer(Answer::Done) => "The board was powered off and on: ask it again",
        DebugIntent::Answer(Answer::Stop) => "Give up; the board stays as it is",
        DebugIntent::Cancel => "Stop at the next point where nothing is half done",
        DebugIntent::CloseOutcome => "Put the result away",
    }
}

/// Whether it can be given now.
pub(super) fn enabled(intent: &DebugIntent, model: &Model) -> Result<(), Refusal> {
    match intent {
        DebugIntent::Consider(_) => Ok(()),
        DebugIntent::Discover => {
            powered_board(model)?;
            match model.product_state() {
                Some(ProductState::Open) => Err("a board in OPEN answers no discovery; nothing is shut in it".into()),
                _ => Ok(()),
            }
        }
        DebugIntent::OpenDebug(level) => {
            powered_board(model)?;
            match model.product_state() {
                None => return Err("the board's state is not known; discover it first".into()),
                Some(ProductState::Closed) => {}
                Some(ProductState::Locked) => return Err("a board in LOCKED opens debug to nobody".into()),
                Some(ProductState::Provisioned) => return Err("the board was closed without a way in".into()),
                Some(ProductState::Open | ProductState::Provisioning) => {
                    return Err("debug is open already in this state".into());
                }
            }
            credential(model, level.bit())
        }
        DebugIntent::CloseDebug => {
            if !model.debug_is_open() {
                return Err("debug is not open".into());
            }
            powered_board(model)
        }
        DebugIntent::Regress => {
            powered_board(model)?;
            match model.product_state() {
                None => return Err("the board's state is not known; discover it first".into()),
                Some(ProductState::Closed | ProductState::Provisioning) => {}
                Some(ProductState::Open) => return Err("the board is in OPEN already".into()),
                Some(ProductState::Locked) => return Err("from LOCKED no way leads back, with no credential".into()),
                Some(ProductState::Provisioned) => return Err("the board was closed without a way in".into()),
            }
            credential(model, FULL_REGRESSION)
        }
        DebugIntent::Halt => {
            if !model.debug_is_open() {
                return Err("debug is not open".into());
            }
            powered_board(model)
        }
        DebugIntent::Resume => match &model.debug.core {
            Some(core) if core.halted => powered_board(model),
            _ => Err("the core is not halted".into()),
        },
        DebugIntent::Unlock(_) => {
            quiet_project(model)?;
            match model.debug.credential() {
                Some(sheet) if sheet.locked => Ok(()),
                _ => Err("no key of the credential is locked".into()),
            }
        }
        DebugIntent::Answer(_) if model.debug.prompt.is_none() => Err("nothing was asked".into()),
        DebugIntent::Answer(_) => Ok(()),
        DebugIntent::Cancel => match (&model.debug.running, model.debug.stopping) {
            (Some((Act::Discover, _)), false) => Ok(()),
            (Some(_), false) => Err("it can't be stopped halfway; it takes seconds".into()),
            (Some(_), true) => Err("stopping at the next safe point".into()),
            (None, _) => Err("no act goes on".into()),
        },
        DebugIntent::CloseOutcome if model.debug.outcome.is_none() => Err("there is no result".into()),
        DebugIntent::CloseOutcome => Ok(()),
    }
}

/// Whether the credential may be used, and permits something as far as this can be told before the board is asked.
fn credential(model: &Model, bit: u8) -> Result<(), Refusal> {
    quiet_project(model)?;
    let sheet = match &model.debug.credential {
        CredentialState::None => return Err("no project with a credential is open".into()),
        CredentialState::Refused(card) => return Err(card.title.clone().into()),
        CredentialState::Ready(sheet) => sheet,
    };
    if sheet.locked {
        return Err("the credential's key is under a passphrase; open it first".into());
    }
    if let Fit::Misfit(why) = &sheet.fits_object {
        return Err(why.clone().into());
    }
    if acts::effective(model, sheet) >> bit & 1 == 1 {
        return Ok(());
    }
    match sheet.method {
        Method::Password => Err("a password permits full regression only".into()),
        Method::Certificate if sheet.effective >> bit & 1 == 1 => Err("this board does not permit it".into()),
        Method::Certificate => Err("the credential does not permit it".into()),
    }
}
