//! Carries out what a person wants of the recovery assistant, and takes in what was examined. As the rest of `update`, it
//! changes the model and returns what is to happen outside.

use super::{Effect, Request};
use crate::model::doctor::{Depth, DoctorIntent, ExaminationSheet, Outcome};
use crate::model::{JobKind, Model, View};

/// Carries an intent out.
pub(super) fn apply(model: &mut Model, intent: DoctorIntent, effects: &mut Vec<Effect>) {
    match intent {
        DoctorIntent::Open => {
            model.view = View::Board;
            model.object_file = None;
            model.doctor.open = true;
            // It measures at once, unless something else holds the board.
            if model.board_job().is_none() {
                effects.push(Effect::Start(JobKind::Doctor, Request::Examine(Depth::Passive)));
            }
        }
        DoctorIntent::Close => model.doctor.open = false,
        DoctorIntent::Examine(depth) => {
            model.view = View::Board;
            model.object_file = None;
            model.doctor.open = true;
            if depth == Depth::WithReset {
                model.console.note("reset");
            }
            effects.push(Effect::Start(JobKind::Doctor, Request::Examine(depth)));
        }
        DoctorIntent::Copy => {
            if let Some(examination) = &model.doctor.examination {
                effects.push(Effect::Copy(text(examination)));
            }
        }
    }
}

/// Takes in an examination.
pub(super) fn examined(model: &mut Model, examination: ExaminationSheet) {
    model.drop_card(JobKind::Doctor);
    model.doctor.examination = Some(examination);
}

/// An examination as plain text.
fn text(examination: &ExaminationSheet) -> String {
    let how = match examination.depth {
        Depth::Passive => "without a reset",
        Depth::WithReset => "with a reset",
    };
    let mut text = format!("{}, examined {} {how}\n", examination.board, examination.at);
    for line in &examination.lines {
        let outcome = match line.outcome {
            Outcome::Measured => "",
            Outcome::Failed => "no answer: ",
            Outcome::NotTried => "not tried: ",
        };
        text.push_str(&format!("{}: {outcome}{}\n", line.name, line.text));
    }
    for (place, cause) in examination.causes.iter().enumerate() {
        text.push_str(&format!("\n{}. {} ({})\n   {}\n", place + 1, cause.title, cause.likelihood, cause.meaning));
        for evidence in &cause.evidence {
            text.push_str(&format!("   - {evidence}\n"));
        }
        for next in &cause.next {
            text.push_str(&format!("   next: {} ({})\n", next.text, next.effect));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Instant;

    use super::*;
    use crate::model::Job;
    use crate::model::doctor::{CauseSheet, MeasurementLine, NextSheet};
    use crate::model::{Tone, View};

    #[test]
    fn opening_measures_at_once_unless_something_else_holds_the_board() {
        let mut model = Model::new(PathBuf::from("data"));
        let mut effects = Vec::new();
        apply(&mut model, DoctorIntent::Open, &mut effects);
        assert_eq!(effects, [Effect::Start(JobKind::Doctor, Request::Examine(Depth::Passive))]);
        assert_eq!((model.view, model.doctor.open), (View::Board, true));
        effects.clear();
        model.jobs.push(Job { id: 1, kind: JobKind::Board, text: String::new(), since: Instant::now() });
        apply(&mut model, DoctorIntent::Open, &mut effects);
        assert!(effects.is_empty());
    }

    #[test]
    fn a_copy_holds_every_measurement_and_cause_with_what_to_do() {
        let next =
            NextSheet { text: "wire NRST".into(), effect: "changes nothing".into(), tone: Tone::Neutral, act: None };
        let cause = CauseSheet {
            title: "NRST isn't wired".into(),
            likelihood: "certain".into(),
            tone: Tone::Warn,
            evidence: vec!["NRST: nothing changed".into()],
            meaning: "the board looks dead, and is not".into(),
            next: vec![next],
        };
        let line = |outcome, text: &str| MeasurementLine { name: "supply".into(), outcome, text: text.into() };
        let text = text(&ExaminationSheet {
            board: "probe".into(),
            at: "14:02:11".into(),
            depth: Depth::WithReset,
            lines: vec![line(Outcome::Measured, "3.30 V"), line(Outcome::Failed, "no probe")],
            causes: vec![cause],
        });
        for part in [
            "probe, examined 14:02:11 with a reset",
            "supply: 3.30 V",
            "supply: no answer: no probe",
            "1. NRST isn't wired (certain)",
            "the board looks dead",
            "- NRST: nothing changed",
            "next: wire NRST (changes nothing)",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
    }
}
