//! The intents of the recovery assistant in the table of commands: text, tooltip, and when they are possible.

use super::{Refusal, quiet_board};
use crate::model::Model;
use crate::model::doctor::{Depth, DoctorIntent};

/// What stands on the button.
pub(super) const fn text(intent: DoctorIntent) -> &'static str {
    match intent {
        DoctorIntent::Open => "What is wrong?",
        DoctorIntent::Close => "Back to the board",
        DoctorIntent::Examine(Depth::Passive) => "Examine board",
        DoctorIntent::Examine(Depth::WithReset) => "Examine board with a reset",
        DoctorIntent::Copy => "Copy examination",
    }
}

/// What it does, in a sentence.
pub(super) const fn tooltip(intent: DoctorIntent) -> &'static str {
    match intent {
        DoctorIntent::Open => {
            "Measure what can be measured, and name the likeliest causes; nothing is reset or written"
        }
        DoctorIntent::Close => "Show the board again",
        DoctorIntent::Examine(Depth::Passive) => "Reads only: NRST isn't pulled, the board runs on",
        DoctorIntent::Examine(Depth::WithReset) => {
            "Pulls NRST and asks the mailbox who the board is; nothing is written, the running program starts anew"
        }
        DoctorIntent::Copy => "Every measurement and cause to the clipboard, as text",
    }
}

/// Whether it can be given now.
pub(super) fn enabled(intent: DoctorIntent, model: &Model) -> Result<(), Refusal> {
    match intent {
        DoctorIntent::Open | DoctorIntent::Examine(_) if model.board.is_none() => Err("no board is chosen".into()),
        DoctorIntent::Examine(_) => quiet_board(model),
        DoctorIntent::Close if !model.doctor.open => Err("nothing was examined".into()),
        DoctorIntent::Copy if model.doctor.examination.is_none() => Err("nothing was examined".into()),
        _ => Ok(()),
    }
}
