//! `stirot-studio check`: the rules, and what belongs together. The same that the window shows.

use std::path::PathBuf;

use clap::Args;
use project::saving::Recovered;
use project::{Assessment, Draft, Finding, RegionName, Remedy, Severity, Standing};
use serde_json::{Value, json};

use super::passphrases::PassphraseArguments;
use super::{Failure, board_facts, opening, say, say_json};

/// What to check.
#[derive(Debug, Args)]
#[command(
    about = "Check a project: every rule, and whether keys, objects, image, option bytes and certificates fit each other",
    after_help = "The files are checked as they are on the disk; edits that the window hasn't saved are counted only.\n\
                  What hangs on a protected key is unknown until its passphrase is given.\n\
                  Exit code 0: nothing holds anything up. 1: a rule is broken, or something is stale or doesn't fit.\n\
                  Example: stirot-studio check --project ROT_Provisioning --json"
)]
pub struct Arguments {
    /// Project folder, in the layout of ST's ROT_Provisioning
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// Board to read: its state and option bytes are checked too
    #[arg(long, value_name = "BOARD")]
    board: Option<String>,
    #[command(flatten)]
    passphrases: PassphraseArguments,
    /// Print everything as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut draft = Draft::open_saved(&arguments.project)?;
    opening::unlock(&mut draft, &arguments.passphrases)?;
    let board = arguments.board.as_deref().map(board_facts).transpose()?;
    let assessment = draft.assess(board.as_ref());
    if arguments.json {
        say_json(&as_json(&draft, &assessment))?;
    } else {
        tell_people(&draft, &assessment);
    }
    if assessment.is_sound() {
        return Ok(());
    }
    let (what, help) = match (assessment.first_error(), assessment.belonging.first_broken()) {
        (Some(finding), _) => (format!("{}: {}", finding.id, finding.text), finding.help.clone()),
        (None, Some(link)) => (link.text.clone(), remedy_text(link.remedy.as_ref()).unwrap_or_default()),
        (None, None) => return Ok(()),
    };
    Err(Failure::new(what).help(help))
}

fn tell_people(draft: &Draft, assessment: &Assessment) {
    say(format!("{} · {}", draft.settings().name, draft.settings().flow));
    draft.recovered().told().into_iter().for_each(say);
    let window = draft.with_unsaved();
    if window.unsaved() > 0 {
        say(format!("{} edits of the window aren't saved; what is on the disk is checked", window.unsaved()));
    }
    for edit in window.not_restored() {
        say(format!("an edit of the window can't be taken up again: {edit}"));
    }
    for finding in &assessment.findings {
        let word = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        say(format!("{word} {finding}"));
        say(format!("    {}", finding.help.replace('\n', "\n    ")));
    }
    let holding = assessment.rules.iter().filter(|(_, standing)| *standing == Standing::Holds).count();
    say(format!("{holding} rules hold"));
    for link in &assessment.belonging.links {
        let name = |id| assessment.belonging.part(id).map_or("?", |part| part.name.as_str());
        say(format!("{:8} {} → {}: {}", link.state.word(), name(link.from), name(link.to), link.text));
    }
}

fn as_json(draft: &Draft, assessment: &Assessment) -> Value {
    let rules = assessment.rules.iter().map(|(rule, standing)| {
        let standing = match standing {
            Standing::Holds => "holds",
            Standing::Warns => "warns",
            Standing::Broken => "broken",
            Standing::NotChecked => "not checked",
        };
        json!({ "id": rule.id, "title": rule.title, "source": rule.source, "standing": standing })
    });
    let belonging = &assessment.belonging;
    let parts = belonging.parts.iter().map(|part| {
        json!({
            "id": part.id.to_string(),
            "name": part.name,
            "detail": part.detail,
            "path": part.path.as_ref().map(|path| path.to_string_lossy()),
            "sample": part.sample,
        })
    });
    let link = |link: &project::Link| {
        json!({
            "from": link.from.to_string(),
            "to": link.to.to_string(),
            "state": link.state.word(),
            "text": link.text,
            "mended_by": remedy_text(link.remedy.as_ref()),
        })
    };
    let window = draft.with_unsaved();
    json!({
        "project": draft.settings().name,
        "folder": draft.folder().to_string_lossy(),
        "flow": draft.setting("flow"),
        "unsaved_edits": window.unsaved(),
        "not_restored": window.not_restored(),
        "recovered": recovered_json(draft.recovered()),
        "sound": assessment.is_sound(),
        "findings": assessment.findings.iter().map(finding_json).collect::<Vec<_>>(),
        "rules": rules.collect::<Vec<_>>(),
        "parts": parts.collect::<Vec<_>>(),
        "links": belonging.links.iter().map(link).collect::<Vec<_>>(),
        "first_broken": belonging.first_broken().map(link),
    })
}

fn recovered_json(recovered: &Recovered) -> Option<Value> {
    let names = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
    let set_aside = recovered.set_aside.as_ref();
    (*recovered != Recovered::default()).then(|| {
        json!({
            "completed": names(&recovered.completed),
            "kept": names(&recovered.kept),
            "missing": names(&recovered.missing),
            "set_aside": set_aside.map(|journal| json!({ "path": journal.path.to_string_lossy(), "because": journal.because })),
            "removed": names(&recovered.removed),
        })
    })
}

const fn region_word(region: RegionName) -> &'static str {
    match region {
        RegionName::FirmwareArea => "firmware area",
        RegionName::Ecc => "error correction",
        RegionName::Loader => "iLoader",
        RegionName::Installation => "installation slot",
        RegionName::Download => "download slot",
        RegionName::ApplicationInstallation => "application's installation slot",
        RegionName::ApplicationDownload => "application's download slot",
        RegionName::Scratch => "scratch area",
        RegionName::ApplicationCopy => "application's copy",
        RegionName::DataInstallation => "data's installation slot",
        RegionName::DataDownload => "data's download slot",
    }
}

fn finding_json(finding: &Finding) -> Value {
    json!({
        "rule": finding.id,
        "severity": match finding.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "text": finding.text,
        "help": finding.help,
        "file": finding.file.to_string_lossy(),
        "field": finding.field,
        "also": finding.also,
        "region": finding.region.map(region_word),
        "mended_by": remedy_text(finding.remedy.as_ref()),
        "source": project::rule_of(finding.id).map(|rule| rule.source),
    })
}

/// What mends something, in words.
fn remedy_text(remedy: Option<&Remedy>) -> Option<String> {
    Some(match remedy? {
        Remedy::Edit { text, edits } => {
            let edits = edits.iter().map(|edit| format!("“{}” of {}", edit.field, edit.file.display()));
            format!("{text}: {}", edits.collect::<Vec<_>>().join(", "))
        }
        Remedy::Build => "build what is stale (stirot-studio project build)".to_owned(),
        Remedy::NewKey(role) => format!("make a new {role} key (stirot-studio keys new)"),
        Remedy::NewChain(renewed) => {
            let keys = super::renewal::word(*renewed);
            let mask = formats::Permissions::OF_ST_CERTIFICATES.hex();
            format!(
                "make the debug certificates anew (stirot-studio keys renew --project DIR --renew {keys} --permissions \
                 {mask})"
            )
        }
        Remedy::ReadAgain => "read the project again".to_owned(),
    })
}
