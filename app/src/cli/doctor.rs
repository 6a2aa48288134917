//! `stirot-studio doctor`: measures a board and says what may be the matter, the likeliest first. It writes nothing to it.

use std::path::PathBuf;

use clap::Args;
use project::{Project, Wallet};
use provision::doctor::{Cause, Depth, Examination, Hints, Measurement, causes, examine};
use provision::{BoardAddress, SiliconOptions};

use super::{Failure, printable, say, say_json, tell};

/// Which board, and how far to go.
#[derive(Debug, Args)]
#[command(
    after_help = "Without --reset nothing of the board changes, not even its reset. With it NRST is pulled several \
                        times and the mailbox is asked who it is; nothing is stored.\nExit code 0 when it could be \
                        examined, whatever was found."
)]
pub struct Arguments {
    /// A virtual board's file, `probe`, or `probe:SERIAL`
    #[arg(long, value_name = "BOARD", default_value = "probe")]
    board: String,
    /// Pull NRST, ask the mailbox
    #[arg(long)]
    reset: bool,
    /// Project whose credential is judged against the board
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let address: BoardAddress = arguments.board.parse()?;
    let project = arguments.project.as_deref().map(Project::open).transpose()?;
    let depth = if arguments.reset { Depth::WithReset } else { Depth::Passive };
    if arguments.reset && !arguments.json {
        tell("NRST is pulled several times; this takes some seconds");
    }
    let examination = examine(&address, &SiliconOptions::default(), depth);
    let hints = Hints::gather(&address, &examination, project.as_ref(), &Wallet::of_user());
    let causes = causes(&examination, &hints);
    if arguments.json {
        return print_json(&examination, &causes);
    }
    print_examination(&examination);
    for (number, cause) in (1..).zip(&causes) {
        print_cause(number, cause, &examination.board);
    }
    Ok(())
}

fn print_examination(examination: &Examination) {
    say(format!("What was measured on {}", printable(&examination.board)));
    for line in examination.lines() {
        let text = match &line.text {
            Measurement::Measured(text) => text.clone(),
            Measurement::Failed(why) => format!("failed: {why}"),
            Measurement::NotTried(why) => format!("not tried: {why}"),
        };
        say(format!("  {:<14} {}", line.what.name(), printable(&text)));
    }
}

fn print_cause(number: u32, cause: &Cause, board: &str) {
    say("");
    say(format!("{number}. {}: {}", cause.likelihood.word(), printable(&cause.title)));
    for evidence in &cause.evidence {
        let name = evidence.what.map_or("known here", provision::doctor::Measured::name);
        say(format!("   {name}: {}", printable(&evidence.text)));
    }
    say(format!("   {}", printable(&cause.meaning)));
    for next in &cause.next {
        say(format!("   → {} ({})", printable(&next.text()), next.effect().text()));
        if let Some(command) = next.command(board) {
            say(format!("     {}", printable(&command)));
        }
    }
}

fn print_json(examination: &Examination, causes: &[Cause]) -> Result<(), Failure> {
    let measured: Vec<_> = examination
        .lines()
        .iter()
        .map(|line| {
            let (outcome, text) = match &line.text {
                Measurement::Measured(text) => ("measured", text),
                Measurement::Failed(why) => ("failed", why),
                Measurement::NotTried(why) => ("not_tried", why),
            };
            serde_json::json!({ "what": line.what.name(), "outcome": outcome, "text": text })
        })
        .collect();
    let causes: Vec<_> = causes
        .iter()
        .map(|cause| {
            let evidence: Vec<_> = cause
                .evidence
                .iter()
                .map(|evidence| {
                    let what = evidence.what.map(provision::doctor::Measured::name);
                    serde_json::json!({ "what": what, "text": evidence.text })
                })
                .collect();
            let next: Vec<_> = cause
                .next
                .iter()
                .map(|next| {
                    serde_json::json!({
                        "text": next.text(), "effect": next.effect().text(),
                        "command": next.command(&examination.board),
                    })
                })
                .collect();
            serde_json::json!({
                "cause": format!("{:?}", cause.id), "title": cause.title, "likelihood": cause.likelihood.word(),
                "evidence": evidence, "meaning": cause.meaning, "next": next,
            })
        })
        .collect();
    say_json(&serde_json::json!({
        "board": examination.board,
        "with_reset": examination.depth == Depth::WithReset,
        "product_state": examination.product_state().map(|state| state.name()),
        "measured": measured,
        "causes": causes,
    }))
}
