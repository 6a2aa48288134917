//! What a virtual board did with an image, line by line.

use formats::Verdict;
use provision::{Decision, Pass, Start, TracedAnswer, Trial};

use crate::model::Tone;
use crate::model::images::{Mark, TrialLine};
use crate::text::{seconds, sentence};

/// Console lines that are shown.
const SAID: usize = 4;

/// The board's checks, its decision, and what came of the application.
pub(crate) fn lines(trial: &Trial) -> Vec<TrialLine> {
    let mut lines = Vec::new();
    for check in &trial.checks {
        lines.push(TrialLine {
            boot: Some(match check.pass {
                Pass::Download => "Boot with the image in the download slot",
                Pass::Installed => "Boot of the installed image",
            }),
            mark: if check.answer == TracedAnswer::Passed { Mark::Holds } else { Mark::Fails },
            name: sentence(check.check.text()),
            text: String::new(),
        });
    }
    let mark = match trial.decision {
        Decision::Installed => Mark::Holds,
        Decision::Refused { .. } | Decision::Stopped { .. } => Mark::Fails,
        Decision::NotSeen | Decision::Unknown => Mark::Unknown,
    };
    let mut outcome = |mark, name, text| lines.push(TrialLine { boot: None, mark, name, text });
    outcome(mark, format!("{} {}", trial.by.name(), trial.decision), String::new());
    let (mark, name, text) = match &trial.start {
        Start::Speaks(text) => (Mark::Holds, "The application runs and says", printable(text)),
        Start::Silent => (Mark::Notice, "The application runs and says nothing", String::new()),
        Start::No { stop: Some(stop) } => (Mark::Fails, "No application was started", stop.text().to_owned()),
        Start::No { stop: None } => (Mark::Fails, "No application was started", String::new()),
    };
    outcome(mark, name.to_owned(), text);
    let took =
        format!("{} in all, {} instructions", seconds(trial.seconds), crate::text::thousands(trial.instructions));
    outcome(Mark::Unknown, took, String::new());
    lines
}

/// The first lines of a console, without what no screen shows.
fn printable(text: &str) -> String {
    let line = |line: &str| line.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned();
    let lines = text.lines().map(line).filter(|line| !line.is_empty());
    lines.take(SAID).collect::<Vec<_>>().join("\n")
}

/// Whether the board's decision is the one that the verdict foretold.
pub(crate) fn agreement(verdict: &Verdict, decision: Decision) -> (Tone, String) {
    match agrees(verdict, decision) {
        Some(true) => (Tone::Ok, "It agrees with the verdict".to_owned()),
        Some(false) => (Tone::Danger, format!("It does not agree with the verdict: the board {decision}")),
        None => (Tone::Neutral, "The verdict was open; this is the board's own word".to_owned()),
    }
}

/// Whether board and verdict say the same; `None` where the verdict says nothing.
const fn agrees(verdict: &Verdict, decision: Decision) -> Option<bool> {
    match verdict {
        Verdict::Undecided { .. } => None,
        Verdict::Installs | Verdict::DoesNotRun { .. } => Some(matches!(decision, Decision::Installed)),
        Verdict::Refused { .. } => Some(matches!(decision, Decision::Refused { .. })),
        Verdict::NotSeen { .. } => Some(matches!(decision, Decision::NotSeen)),
    }
}

#[cfg(test)]
mod tests {
    use formats::CheckName;

    use super::*;

    #[test]
    fn a_board_that_decides_otherwise_is_told_as_such() {
        let refused = Verdict::Refused { at: CheckName::Hash };
        assert_eq!(agreement(&Verdict::Installs, Decision::Installed).0, Tone::Ok);
        assert_eq!(agreement(&refused, Decision::Installed).0, Tone::Danger);
        assert_eq!(agreement(&Verdict::Installs, Decision::NotSeen).0, Tone::Danger);
        assert_eq!(agreement(&Verdict::Undecided { missing: Vec::new() }, Decision::Installed).0, Tone::Neutral);
    }

    #[test]
    fn what_a_board_says_is_shown_without_control_characters() {
        assert_eq!(printable("\u{1b}[2Ja\r\n\n b \r\nc\nd\ne"), "[2Ja\nb\nc\nd");
    }
}
