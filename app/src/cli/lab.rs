//! `stirot-studio lab`: the Boot lab as a command. A copy of a virtual board boots, with or without tampering; the board's
//! file is only read.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use formats::Version;
use provision::TracedAnswer;
use provision::lab::{Case, CaseResult, Lab, Pass, Scenario, Story, Tamper, summary};
use serde_json::{Value, json};

use super::passphrases::PassphraseArguments;
use super::{Failure, interruption, opening, printable, say, say_json, tell};

/// What happens to a copy of which board.
#[derive(Debug, Args)]
#[command(after_help = "TAMPER: none; flip:magic, :header, :payload, :protected-tlv, :hash, :key-hash, :signature, \
                        :wrapped-key; bit:OFFSET:BIT; other-signer; other-recipient; older; swap-slots; \
                        installed:stirot:magic, :header, :payload, and the same with oemurot; cut:WRITES; \
                        cut-inside:WRITES.\n\
                        The board is off and stays off; nothing of it changes.\n\
                        Exit code 0 when it came as the rules say, 1 when not.\n\
                        Example: stirot-studio lab --project DIR --board BOARD --scenario application --tamper older")]
pub struct Arguments {
    /// Project that the board was provisioned with
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// A virtual board's file
    #[arg(long, value_name = "FILE")]
    board: PathBuf,
    /// What is to happen
    #[arg(long, value_enum, default_value = "boot")]
    scenario: Happening,
    /// Version of what is installed (default: one newer than what is there)
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    /// What is tampered with before power comes on
    #[arg(long, value_name = "TAMPER", default_value = "none")]
    tamper: Tamper,
    /// Every way to tamper with the scenario, one after the other
    #[arg(long, conflicts_with = "tamper")]
    all: bool,
    #[command(flatten)]
    passphrases: PassphraseArguments,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// What is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Happening {
    /// The board boots as it stands
    Boot,
    /// A new application waits in its download slot
    Application,
    /// A new second boot stage waits in STiRoT's download slot
    SecondStage,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let project = opening::project_to_build(&arguments.project, &arguments.passphrases)?;
    let lab = Lab::of_file(&arguments.board, &project)?;
    let scenario = scenario(arguments, &lab)?;
    let cancel = interruption::by_person();
    let cases =
        if arguments.all { lab.cases(&scenario, &cancel)? } else { vec![Case { scenario, tamper: arguments.tamper }] };
    let mut results = Vec::new();
    for (number, case) in (1..).zip(&cases) {
        if arguments.all && !arguments.json {
            tell(format!("{number} of {}: {}", cases.len(), case.tamper.text()));
        }
        results.push(lab.try_case(case, &cancel, &mut |_| {})?);
    }
    match (arguments.json, results.as_slice()) {
        (true, results) => say_json(&results.iter().map(as_json).collect::<Vec<_>>())?,
        (false, [one]) => print_story(one),
        (false, many) => many.iter().for_each(print_line),
    }
    let told = summary(&results);
    if results.iter().all(CaseResult::as_expected) {
        if !arguments.json {
            say(told);
        }
        return Ok(());
    }
    Err(Failure::new(told).help("what was seen is not what the rules say; please report it with this output"))
}

/// The scenario with its version.
fn scenario(arguments: &Arguments, lab: &Lab) -> Result<Scenario, Failure> {
    let wanted = |offered: &&Scenario| match arguments.scenario {
        Happening::Boot => matches!(offered, Scenario::Boot),
        Happening::Application => matches!(offered, Scenario::InstallApplication { .. }),
        Happening::SecondStage => matches!(offered, Scenario::InstallSecondStage { .. }),
    };
    let offered = lab.scenarios();
    let Some(scenario) = offered.iter().find(wanted) else {
        let can: Vec<String> = offered.iter().map(Scenario::text).collect();
        return Err(Failure::new("this board can't do that").help(format!("it can: {}", can.join(", "))));
    };
    Ok(match (scenario, arguments.version) {
        (Scenario::InstallApplication { .. }, Some(version)) => Scenario::InstallApplication { version },
        (Scenario::InstallSecondStage { .. }, Some(version)) => Scenario::InstallSecondStage { version },
        (scenario, _) => *scenario,
    })
}

fn print_line(result: &CaseResult) {
    let mark = if result.as_expected() { "as expected" } else { "NOT AS EXPECTED" };
    say(format!("{mark:<15} {}: {}", result.case.tamper.text(), result.seen.text()));
    if !result.as_expected() {
        say(format!("                expected {}", result.expected.text()));
    }
}

fn print_story(result: &CaseResult) {
    let CaseResult { case, expected, seen, story } = result;
    say(format!("{} · {}", case.scenario.text(), case.tamper.text()));
    let mut reset = None;
    for pass in &story.passes {
        if reset != Some(pass.reset)
            && let Some(cause) = story.resets.get(pass.reset)
        {
            let by = cause.by.map_or_else(String::new, |lane| format!(" by {}", lane.name()));
            say(format!("── {:?}{by}, at instruction {}", cause.cause, cause.at));
        }
        reset = Some(pass.reset);
        print_pass(pass);
    }
    say("── console");
    story.console.iter().for_each(|line| say(format!("{:>12}  {}", line.at, printable(&line.text))));
    say(format!("{}, after {} instructions", story.ending(), story.instructions));
    say(format!("expected: {}", expected.text()));
    say(format!("          {}", expected.rule));
    say(format!("seen:     {}", seen.text()));
}

/// A pass with its checks and acts in the order in which they came.
fn print_pass(pass: &Pass) {
    say(format!("{:<11} {} ({} instructions)", pass.lane.name(), pass.title, pass.instructions()));
    let checks = pass.checks.iter().map(|check| {
        let mark = if check.answer == TracedAnswer::Passed { "passed" } else { "FAILED" };
        let saw = if check.saw.is_empty() { String::new() } else { format!(": {}", check.saw) };
        (check.at, format!("{mark} {}{saw}", check.name(pass.lane)))
    });
    let acts = pass.acts.iter().map(|act| (act.at, act.text.clone()));
    let mut lines: Vec<_> = checks.chain(acts).collect();
    lines.sort_by_key(|(at, _)| *at);
    lines.iter().for_each(|(at, text)| say(format!("{at:>12}  {text}")));
    if let Some(decision) = &pass.decision {
        say(format!("           →  {decision}"));
    }
}

fn as_json(result: &CaseResult) -> Value {
    let refusal = |refusal: Option<provision::lab::Refusal>| {
        refusal.map(|refusal| json!({ "by": refusal.by.name(), "check": refusal.check.map(|check| check.text()) }))
    };
    json!({
        "scenario": result.case.scenario.to_string(),
        "tamper": result.case.tamper.to_string(),
        "as_expected": result.as_expected(),
        "expected": {
            "refusal": refusal(result.expected.refusal),
            "then": result.expected.then.iter().map(|then| then.text()).collect::<Vec<_>>(),
            "rule": result.expected.rule,
        },
        "seen": { "refusal": refusal(result.seen.refusal), "then": result.seen.then.text() },
        "story": story_json(&result.story),
    })
}

fn story_json(story: &Story) -> Value {
    let resets = story.resets.iter().map(|reset| {
        json!({ "at": reset.at, "cause": format!("{:?}", reset.cause), "by": reset.by.map(|lane| lane.name()) })
    });
    let console = story.console.iter().map(|line| json!({ "at": line.at, "text": line.text }));
    json!({
        "instructions": story.instructions,
        "ending": story.ending(),
        "second_stage": story.second_stage.map(|version| version.to_string()),
        "resets": resets.collect::<Vec<_>>(),
        "passes": story.passes.iter().map(pass_json).collect::<Vec<_>>(),
        "console": console.collect::<Vec<_>>(),
    })
}

fn pass_json(pass: &Pass) -> Value {
    let checks = pass.checks.iter().map(|check| {
        json!({
            "at": check.at,
            "check": check.name(pass.lane),
            "passed": check.answer == TracedAnswer::Passed,
            "subject": check.subject.map(|subject| subject.text()),
            "saw": check.saw,
        })
    });
    let acts = pass.acts.iter().map(|act| json!({ "at": act.at, "text": act.text }));
    json!({
        "lane": pass.lane.name(),
        "reset": pass.reset,
        "began": pass.began,
        "ended": pass.ended,
        "title": pass.title,
        "decision": pass.decision,
        "checks": checks.collect::<Vec<_>>(),
        "acts": acts.collect::<Vec<_>>(),
    })
}
