//! `stirot-studio provision`: the same call as the window's button.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use project::TargetState;
use provision::{BoardAddress, Cancel, Event, FinalState, Plan, ProvisionError, Record, RunFolder, StepResult};

use super::passphrases::PassphraseArguments;
use super::{Failure, opening, say, say_json, tell};
use crate::sheets;

/// What to provision with what.
#[derive(Debug, Args)]
#[command(after_help = "A run that broke off is finished by the same command: from OPEN at the beginning, from \
                        PROVISIONING at the debug-authentication object, from CLOSED by proof alone.\nReal boards are \
                        refused until debug authentication, the way back, works in the studio; LOCKED is refused \
                        everywhere.")]
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
    /// Show the plan and write nothing
    #[arg(long)]
    plan: bool,
    /// Print the record (or the plan) as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// The root of trust runs; a credential leads back
    Closed,
    /// The root of trust runs; nothing leads back
    Locked,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let address: BoardAddress = arguments.board.parse()?;
    let project = opening::project_to_build(&arguments.project, &arguments.passphrases)?;
    let target = match (arguments.to, project.settings().final_state) {
        (Some(Target::Closed), _) | (None, TargetState::Closed) => FinalState::Closed,
        (Some(Target::Locked), _) | (None, TargetState::Locked) => FinalState::Locked,
    };
    let (plan, _) = provision::plan_for(&project, target)?;
    if arguments.plan {
        return show_plan(&plan, arguments.json);
    }
    if target == FinalState::Locked {
        return Err(ProvisionError::LockNeedsConsent.into());
    }
    for key in project.sample_keys() {
        tell(format!("SAMPLE key in use: {} ({}), never for a product", key.name, key.role));
    }
    tell(format!("{} to {} on {address}, plan {}", project.name(), plan.final_state, short(&plan.hash_text())));
    let count = plan.steps.len();
    let mut shown = Shown { plan: &plan, count, quiet: arguments.json };
    let record = provision::provision(&project, &address, target, &Cancel::new(), &mut |event| shown.event(&event))?;
    finish(&record, &address, arguments.json)
}

fn show_plan(plan: &Plan, json: bool) -> Result<(), Failure> {
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
            "profile": plan.profile, "sample_keys": plan.sample_keys, "inputs": plan.inputs, "steps": steps,
        }));
    }
    say(format!("{} to {}, plan {}", plan.project, plan.final_state, plan.hash_text()));
    for (index, step) in plan.steps.iter().enumerate() {
        say(format!("{:>3}  {} — {}", index + 1, step.title, step.what));
        say(format!("     proof: {}; {}", step.proof, step.undo.text()));
    }
    Ok(())
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

fn finish(record: &Record, address: &BoardAddress, json: bool) -> Result<(), Failure> {
    let path = sheets::newest_record(&RunFolder::for_board(address));
    if json {
        say_json(record)?;
    } else {
        if let Some(banner) = &record.banner {
            say(banner.trim_end());
        }
        let proved = record.steps.iter().filter(|step| step.result == StepResult::Proved).count();
        say(format!("PASS: {address} is {}, {proved} steps proved in {:.1} s", record.final_state, record.seconds));
        if let Some(path) = path {
            say(format!("record: {}", path.display()));
        }
    }
    if record.passed() { Ok(()) } else { Err(Failure::new("the run did not reach its end")) }
}
