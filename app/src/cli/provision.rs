//! `stirot-studio provision`: the same call as the window's button.

use std::io::IsTerminal;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use project::{Project, TargetState, Wallet};
use provision::{
    BoardAddress, Event, FinalState, Goal, Link, LockConsent, Plan, ProvisionError, Record, RunFolder, SampleKeys,
    SiliconOptions, StepId, StepResult, Terms, Verdict,
};

use super::passphrases::PassphraseArguments;
use super::{Failure, interruption, opening, say, say_json, tell};
use crate::sheets;

/// What to provision with what.
#[derive(Debug, Args)]
#[command(after_help = "A run that broke off is finished by the same command: from OPEN at the beginning, from \
                        PROVISIONING at the debug-authentication object (by password after a regression), from CLOSED \
                        by proof alone.\nBefore CLOSED the board itself proves that the project's credential leads \
                        back, and the credential is kept in the user's wallet. LOCKED is for good: it needs --lock-uid \
                        and a terminal.")]
pub struct Arguments {
    /// Project folder, in the layout of ST's ROT_Provisioning
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// A virtual board's file, `probe`, or `probe:SERIAL`
    #[arg(long, value_name = "BOARD")]
    board: String,
    /// Product state to end in (default: what the project says)
    #[arg(long, value_enum)]
    to: Option<Target>,
    /// Its passphrases
    #[command(flatten)]
    passphrases: PassphraseArguments,
    /// For LOCKED, from which nothing leads back: the last eight digits of the board's identifier, as `board show` prints
    /// it
    #[arg(long, value_name = "UID8")]
    lock_uid: Option<String>,
    /// Let keys that everybody has into a real board: on the bench, never in a product
    #[arg(long)]
    allow_sample_keys: bool,
    /// Show the plan and write nothing
    #[arg(long)]
    plan: bool,
    /// Print the record (or the plan) as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Target {
    /// The root of trust runs; a credential leads back
    Closed,
    /// The root of trust runs; nothing leads back
    Locked,
}

impl Target {
    /// The state that was asked for, else the one that the project names.
    pub(super) fn or_of_project(asked: Option<Self>, project: &Project) -> FinalState {
        match (asked, project.settings().final_state) {
            (Some(Self::Closed), _) | (None, TargetState::Closed) => FinalState::Closed,
            (Some(Self::Locked), _) | (None, TargetState::Locked) => FinalState::Locked,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let address: BoardAddress = arguments.board.parse()?;
    let project = opening::project_to_build(&arguments.project, &arguments.passphrases)?;
    let target = Target::or_of_project(arguments.to, &project);
    let (plan, _) = provision::plan_for(&project, target)?;
    if arguments.plan {
        return show_plan(&plan, arguments.json);
    }
    let goal = goal(target, arguments, &address)?;
    for key in project.sample_keys() {
        tell(format!("SAMPLE key in use: {} ({}), never for a product", key.name, key.role));
    }
    tell(format!("{} to {} on {address}, plan {}", project.name(), plan.final_state, short(&plan.hash_text())));
    let count = plan.steps.len();
    let mut shown = Shown { plan: &plan, count, quiet: arguments.json };
    let wallet = Wallet::of_user();
    let sample_keys = if arguments.allow_sample_keys { SampleKeys::Confirmed } else { SampleKeys::Refused };
    let terms = Terms { goal: &goal, sample_keys, wallet: &wallet };
    let cancel = interruption::by_person();
    let mut ended = None;
    let done = provision::provision(&project, &address, terms, &cancel, &mut |event| match event {
        Event::Finished(record) => ended = Some(record),
        event => shown.event(&event),
    });
    if let (Err(_), Some(record)) = (&done, ended) {
        broke_off(&record, &address, arguments.json)?;
    }
    finish(&done?, &address, arguments.json)
}

/// Where the run ends. LOCKED takes a person at a terminal, and the digits of the very board that is there.
fn goal(target: FinalState, arguments: &Arguments, address: &BoardAddress) -> Result<Goal, Failure> {
    let digits = match (target, &arguments.lock_uid) {
        (FinalState::Closed, None) => return Ok(Goal::Closed),
        (FinalState::Closed, Some(_)) => {
            return Err(Failure::new("--lock-uid is for LOCKED, and the run ends in CLOSED")
                .help("leave it out, or give --to locked"));
        }
        (FinalState::Locked, None) => return Err(ProvisionError::LockNeedsConsent.into()),
        (FinalState::Locked, Some(digits)) => digits,
    };
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new("LOCKED is for good, and nobody is at a terminal to answer for it")
            .help("run the command by hand; in scripts boards end in CLOSED"));
    }
    let survey = Link::open(address, &SiliconOptions::default())?.survey()?;
    let uid = survey.uid.ok_or_else(|| {
        Failure::new(format!("the identifier of {address} can't be read, so that nobody can consent for it"))
            .help("check the connection; `board show` tells what can be read")
    })?;
    Ok(Goal::Locked(LockConsent::given(uid, digits)?))
}

pub(super) fn show_plan(plan: &Plan, json: bool) -> Result<(), Failure> {
    if json {
        let steps: Vec<_> = plan
            .steps
            .iter()
            .map(|step| {
                serde_json::json!({
                    "step": step.id.name(), "title": step.title, "what": step.what, "proof": step.proof,
                    "why": step.why, "undo": step.undo.text(), "bytes": step.bytes,
                })
            })
            .collect();
        return say_json(&serde_json::json!({
            "project": plan.project, "final_state": plan.final_state, "plan": plan.hash_text(),
            "profile": plan.profile, "boot_stages": plan.stages, "expectations": expectations(plan), "sample_keys": plan.sample_keys, "inputs": plan.inputs, "steps": steps,
        }));
    }
    say(format!("{} to {}, plan {}", plan.project, plan.final_state, plan.hash_text()));
    for (index, step) in plan.steps.iter().enumerate() {
        say(format!("{:>3}  {} — {}", index + 1, step.title, step.what));
        say(format!("     proof: {}; {}", step.proof, step.undo.text()));
    }
    if !plan.expectations.is_empty() {
        say("what the second boot stage expects:");
    }
    for expected in &plan.expectations {
        let mark = match expected.verdict {
            Verdict::Good => "ok",
            Verdict::Warning => "look",
            Verdict::Bad => "bad",
            Verdict::NotRead => "unknown",
        };
        say(format!("     {} — {mark}: {}", expected.check, expected.text));
        if !expected.help.is_empty() {
            say(format!("     {:width$}   {}", "", expected.help, width = expected.check.chars().count()));
        }
    }
    Ok(())
}

/// What the second boot stage expects, for a machine.
fn expectations(plan: &Plan) -> Vec<serde_json::Value> {
    let verdict = |verdict| match verdict {
        Verdict::Good => "good",
        Verdict::Warning => "warning",
        Verdict::Bad => "bad",
        Verdict::NotRead => "not_read",
    };
    let told = plan.expectations.iter().map(|expected| {
        serde_json::json!({
            "check": expected.check, "verdict": verdict(expected.verdict), "text": expected.text, "help": expected.help,
        })
    });
    told.collect()
}

fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}

/// What a run tells on stderr.
struct Shown<'a> {
    plan: &'a Plan,
    count: usize,
    quiet: bool,
}

impl Shown<'_> {
    fn event(&mut self, event: &Event) {
        if self.quiet {
            return;
        }
        let title = |index: usize| self.plan.steps.get(index).map_or("", |step| step.title.as_str());
        match event {
            Event::Surveyed(survey) => {
                tell(format!("      the board is {}", sheets::state_name(survey.product_state)));
            }
            Event::StepProved { index, evidence, seconds } => {
                let (number, count) = (index + 1, self.count);
                tell(format!("{number:>3}/{count} {} — {evidence} ({seconds:.2} s)", title(*index)));
            }
            Event::StepSkipped { index, evidence } => {
                let (number, count) = (index + 1, self.count);
                tell(format!("{number:>3}/{count} {} — not needed: {evidence}", title(*index)));
            }
            Event::Failed { index: Some(index), what, .. } => {
                let (number, count) = (index + 1, self.count);
                tell(format!("{number:>3}/{count} {} — FAILED: {what}", title(*index)));
            }
            Event::Log(line) => log::info!("{line}"),
            _ => {}
        }
    }
}

/// A run that failed leaves a record, too; why it failed is told after it.
fn broke_off(record: &Record, address: &BoardAddress, json: bool) -> Result<(), Failure> {
    if json {
        return say_json(record);
    }
    if let Some(path) = sheets::newest_record(&RunFolder::for_board(address)) {
        tell(format!("record: {}", path.display()));
    }
    Ok(())
}

fn finish(record: &Record, address: &BoardAddress, json: bool) -> Result<(), Failure> {
    let path = sheets::newest_record(&RunFolder::for_board(address));
    if json {
        say_json(record)?;
    } else {
        if let Some(told) = second_stage(record) {
            told.trim_end().lines().for_each(|line| say(format!("OEMuRoT: {line}")));
        }
        if let Some(banner) = &record.banner {
            banner.trim_end().lines().for_each(say);
        }
        let proved = record.steps.iter().filter(|step| step.result == StepResult::Proved).count();
        if let Some(kept) = kept(record) {
            say(kept);
        }
        say(format!("PASS: {address} is {}, {proved} steps proved in {:.1} s", record.final_state, record.seconds));
        if let Some(path) = path {
            say(format!("record: {}", path.display()));
        }
    }
    if record.passed() { Ok(()) } else { Err(Failure::new("the run did not reach its end")) }
}

/// What the second boot stage told before the application began.
fn second_stage(record: &Record) -> Option<&str> {
    let step = record.steps.iter().find(|step| step.step == StepId::Application)?;
    step.evidence.facts.get("second_stage").map(String::as_str)
}

/// Where the credential is, for the day when it is needed.
fn kept(record: &Record) -> Option<String> {
    let step = record.steps.iter().find(|step| step.step == StepId::WayBack)?;
    let fact = |name: &str| step.evidence.facts.get(name).map(String::as_str);
    let (version, folder) = (fact("wallet_version")?, fact("wallet_folder")?);
    let leaf = fact("leaf").map(|leaf| format!(", leaf key {}", short(leaf))).unwrap_or_default();
    let protected = if fact("wallet_protected") == Some("true") { ", under its passphrase" } else { "" };
    Some(format!("way back: in the wallet, version {version}{leaf}{protected}\n          {folder}"))
}
