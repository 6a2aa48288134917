//! An examination in the words and shapes of the recovery assistant's view. It reads and rephrases; every judgement is the
//! engine's.

use provision::doctor::{self, Cause, Effect, Examination, Likelihood, Measurement, Next};

use crate::local_time;
use crate::model::Tone;
use crate::model::doctor::{CauseSheet, Depth, DoctorAct, ExaminationSheet, MeasurementLine, NextSheet, Outcome};
use crate::text::sentence;

/// What was measured, and what may be the matter.
pub(crate) fn examination(examination: &Examination, causes: &[Cause]) -> ExaminationSheet {
    let lines = examination.lines().into_iter().map(|line| {
        let (outcome, text) = match line.text {
            Measurement::Measured(text) => (Outcome::Measured, text),
            Measurement::Failed(why) => (Outcome::Failed, why),
            Measurement::NotTried(why) => (Outcome::NotTried, why),
        };
        MeasurementLine { name: line.what.name().to_owned(), outcome, text }
    });
    ExaminationSheet {
        board: examination.board.clone(),
        at: local_time::now(),
        depth: match examination.depth {
            doctor::Depth::Passive => Depth::Passive,
            doctor::Depth::WithReset => Depth::WithReset,
        },
        lines: lines.collect(),
        causes: causes.iter().map(cause).collect(),
    }
}

fn cause(cause: &Cause) -> CauseSheet {
    use provision::doctor::CauseId;
    let tone = match (cause.id, cause.likelihood) {
        // Nothing is wrong with these.
        (CauseId::Open | CauseId::ClosedWithCredential, _) => Tone::Ok,
        (CauseId::Locked | CauseId::Provisioned, _) => Tone::Danger,
        (_, Likelihood::Certain | Likelihood::Likely) => Tone::Warn,
        (_, Likelihood::Possible) => Tone::Neutral,
    };
    CauseSheet {
        title: cause.title.clone(),
        likelihood: cause.likelihood.word().to_owned(),
        tone,
        evidence: cause
            .evidence
            .iter()
            .map(|evidence| match evidence.what {
                Some(what) => format!("{}: {}", sentence(what.name()), evidence.text),
                None => sentence(&evidence.text),
            })
            .collect(),
        meaning: cause.meaning.clone(),
        next: cause.next.iter().map(next).collect(),
    }
}

fn next(next: &Next) -> NextSheet {
    let effect = next.effect();
    NextSheet {
        text: next.text(),
        effect: effect.text().to_owned(),
        tone: match effect {
            Effect::Nothing => Tone::Neutral,
            Effect::Resets | Effect::Writes => Tone::Warn,
            Effect::Erases => Tone::Danger,
        },
        act: act(next).map(|(text, act)| (text.to_owned(), act)),
    }
}

/// The act of the studio that does it, where there is one.
const fn act(next: &Next) -> Option<(&'static str, DoctorAct)> {
    Some(match next {
        Next::StoreAndRegress { .. } => ("Store the project's object and regress", DoctorAct::Regress),
        Next::Regress { .. } => ("Regress to OPEN", DoctorAct::Regress),
        Next::ExamineWithReset | Next::WireReset => ("Examine with a reset", DoctorAct::ExamineWithReset),
        Next::Discover | Next::DiscoverPatiently => ("Discover", DoctorAct::Discover),
        Next::PlugProbe | Next::NameProbe { .. } | Next::UseAnotherBoard => ("Look for boards", DoctorAct::ListBoards),
        Next::FreeProbe | Next::PermitProbe | Next::CheckSupply | Next::CheckReference | Next::CheckWires => {
            ("Examine again", DoctorAct::ExamineAgain)
        }
        Next::Provision { .. } => ("Show the plan", DoctorAct::ShowProvision),
        Next::RegressFromWallet | Next::FindCredential | Next::TryPublished => ("Show wallet", DoctorAct::ShowWallet),
        Next::Show => ("Read board", DoctorAct::ReadBoard),
        Next::OpenDebug { .. } => ("Show debug", DoctorAct::ShowDebug),
        Next::PowerCycle => ("Power cycle", DoctorAct::PowerCycle),
        Next::MendBoardFile | Next::Unplug | Next::WatchConsole => return None,
    })
}
