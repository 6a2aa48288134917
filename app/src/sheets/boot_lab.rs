//! A story of the engine's in the words and shapes of the Boot lab. It reads and rephrases; what happened and what was
//! expected is the engine's.

mod console;
mod memory;

use std::time::Duration;

use project::Project;
use provision::TracedAnswer;
use provision::lab::{
    CaseResult, Cut, Lab, Lane as EngineLane, OtherKey, Outcome, Pass, Scenario, Story, StoryCheck, Tamper, Then,
};

use crate::local_time;
use crate::model::Tone;
use crate::model::boot_lab::{Answer, CheckSheet, ExpectationSheet, Lane, PassSheet, StorySheet, Surprise};
use memory::Places;

/// What came of a case, as a story.
pub(crate) fn story(lab: &Lab, project: &Project, result: &CaseResult, took: Duration) -> StorySheet {
    let CaseResult { case, expected, seen, story } = result;
    let places = Places::of(project);
    let two = lab.standing().second_stage;
    let lanes = EngineLane::ALL.into_iter().filter(|lane| two || *lane != EngineLane::Oemurot);
    StorySheet {
        caption: caption(lab, &case.scenario, &case.tamper),
        at: local_time::now(),
        lanes: lanes.map(lane).collect(),
        passes: story.passes.iter().map(|pass| pass_sheet(&places, story, pass)).collect(),
        console: console::lines(story),
        instructions: story.instructions,
        mips: mips(story.instructions, took),
        end: (if matches!(story.outcome, Outcome::Runs { .. }) { Tone::Ok } else { Tone::Warn }, story.ending()),
        expectation: ExpectationSheet {
            expected: expected.text(),
            rule: expected.rule.clone(),
            seen: seen.text(),
            verdict: if result.as_expected() { Answer::Passed } else { Answer::Failed },
        },
    }
}

/// A case of which the board made something else than was expected.
pub(crate) fn surprise(result: &CaseResult) -> Option<Surprise> {
    (!result.as_expected()).then(|| Surprise {
        case: format!("{}, {}", result.case.scenario.text(), tampering(&result.case.tamper)),
        expected: result.expected.text(),
        seen: result.seen.text(),
    })
}

/// What is tampered with, within a sentence.
pub(crate) fn tampering(tamper: &Tamper) -> String {
    match tamper {
        Tamper::None => "nothing tampered with".to_owned(),
        Tamper::FlipBit { spot } => format!("one bit flipped: {}", spot.text()),
        Tamper::OtherKey { key: OtherKey::Signer } => "signed with another key".to_owned(),
        Tamper::OtherKey { key: OtherKey::Recipient } => "encrypted for another key".to_owned(),
        Tamper::OlderVersion => "an older version".to_owned(),
        Tamper::SwapSlots => "slots swapped".to_owned(),
        Tamper::Installed { judge, spot } => {
            format!("what {} installed is damaged: {}", judge.lane().name(), spot.text())
        }
        Tamper::CutPower { after_writes, cut } => {
            let place = if *cut == Cut::Between { "before" } else { "inside" };
            format!("power cut {place} write {}", after_writes.saturating_add(1))
        }
    }
}

/// The case in words: from which version to which, and what is tampered with.
fn caption(lab: &Lab, scenario: &Scenario, tamper: &Tamper) -> String {
    let (application, second) = match lab.standing().then {
        Then::Runs { application, second_stage } => (application, second_stage),
        Then::Nothing { .. } | Then::Unexplained => (None, None),
    };
    let from = |running: Option<formats::Version>| running.map(|version| format!("{version} → ")).unwrap_or_default();
    let event = match scenario {
        Scenario::Boot => match application {
            Some(version) => format!("boot of {version}"),
            None => "boot".to_owned(),
        },
        Scenario::InstallApplication { version } => format!("update {}{version}", from(application)),
        Scenario::InstallSecondStage { version } => format!("update of OEMuRoT {}{version}", from(second)),
    };
    format!("{event}, {}", tampering(tamper))
}

const fn lane(lane: EngineLane) -> Lane {
    match lane {
        EngineLane::Rss => Lane::Rss,
        EngineLane::Stirot => Lane::Stirot,
        EngineLane::Iloader => Lane::Iloader,
        EngineLane::Oemurot => Lane::Oemurot,
        EngineLane::Application => Lane::Application,
    }
}

fn pass_sheet(places: &Places, story: &Story, pass: &Pass) -> PassSheet {
    PassSheet {
        lane: lane(pass.lane),
        reset: pass.reset,
        began: pass.began,
        ended: pass.ended,
        title: pass.title.clone(),
        checks: pass.checks.iter().map(|check| check_sheet(places, pass.lane, check)).collect(),
        acts: pass.acts.iter().map(|act| act.text.clone()).collect(),
        decision: pass.decision.clone(),
        memory: places.of_pass(story, pass),
    }
}

fn check_sheet(places: &Places, lane: EngineLane, check: &StoryCheck) -> CheckSheet {
    CheckSheet {
        at: check.at,
        name: check.name(lane).to_owned(),
        answer: match check.answer {
            TracedAnswer::Passed => Answer::Passed,
            TracedAnswer::Failed => Answer::Failed,
        },
        subject: check.subject.map(|subject| subject.text()),
        saw: check.saw.clone(),
        memory: places.of_check(lane, check),
    }
}

/// Millions of instructions a second; nothing for what was too short to be measured.
fn mips(instructions: u64, took: Duration) -> Option<u32> {
    let micros = took.as_micros();
    (micros >= 10_000).then(|| u32::try_from(u128::from(instructions) / micros).ok()).flatten()
}
