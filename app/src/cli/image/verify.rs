//! `stirot-studio image verify`: whether a boot stage would install and start an image, check by check; and, when asked,
//! what STiRoT does with it on a virtual board.

use std::path::{Path, PathBuf};

use clap::Args;
use formats::opened::{FoundImage, Opened};
use formats::{
    CheckName, HeldKey, ImageProfile, Installed, Judgement, KeyOrigin, KeyUse, Outcome, Verdict, Version, judge,
};
use project::{Project, Workshop};
use provision::{Decision, Event, Pass, Start, TracedAnswer, Trial};
use serde_json::{Value, json};

use super::keys::keys_of;
use super::{Profile, number, read, words};
use crate::cli::passphrases::PassphraseArguments;
use crate::cli::{Failure, interruption, opening, printable, say, say_json, tell};

/// What is verified, and against what.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code: 0 it would be installed and started, 1 refused, not seen, undecided or unreadable, 2 wrong \
                        use.\nWithout --keys and --project the published sample keys are tried.\nWhat STiRoT takes is \
                        assumed; --virtual-board shows what the ROM of the virtual board does, through the whole \
                        provisioning, with an empty board whose security counter is 0.\n--json: verdict (installs, \
                        does_not_run, refused, not_seen, undecided), at, missing, checks (check, outcome, text), \
                        signed_with, signing_key, opens_with, encryption_key, virtual_board \
                        (decision, at, started, banner, checks).\nExample: stirot-studio image verify app_enc_sign.hex \
                        --project DIR --installed 1.2.0 --virtual-board"
)]
pub struct Arguments {
    /// The image, Intel hex or bytes, or a dump that holds it
    file: PathBuf,
    /// Folder with keys, PEM; the fitting ones are found
    #[arg(long, value_name = "DIR")]
    keys: Option<PathBuf>,
    /// Project whose keys and numbers it is measured against
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Passphrases of protected keys
    #[command(flatten)]
    passphrases: PassphraseArguments,
    /// Bytes of the slot that it shall fit (default: the project's, or what the file shows)
    #[arg(long, value_name = "BYTES", value_parser = number)]
    slot_size: Option<u32>,
    /// What is installed already; without COUNTER that of the version, as ST's tool makes it
    #[arg(long, value_name = "VERSION[/COUNTER]", value_parser = installed)]
    installed: Option<Installed>,
    /// The boot stage that shall take it (default: what its magic says)
    #[arg(long, value_enum)]
    profile: Option<Profile>,
    /// Which image of a file that holds several, counted from 1
    #[arg(long, value_name = "NUMBER")]
    number: Option<usize>,
    /// Try it on a virtual board made for this and gone afterwards
    #[arg(long, requires = "project")]
    virtual_board: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

fn installed(text: &str) -> Result<Installed, String> {
    let (version, counter) = match text.split_once('/') {
        Some((version, counter)) => (version, Some(number(counter)?)),
        None => (text, None),
    };
    let version: Version = version.parse().map_err(|error: formats::FormatError| error.to_string())?;
    Ok(Installed { version: Some(version), counter: counter.unwrap_or_else(|| version.security_counter()) })
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = &arguments.file;
    let opened = Opened::read(read(path)?);
    let image = words::image_of(&opened, arguments.number, &path.display().to_string())?;
    let project = match &arguments.project {
        Some(folder) => Some(opening::project_to_build(folder, &arguments.passphrases)?),
        None => None,
    };
    let workshop = workshop(arguments, project.as_ref())?;
    let profile = arguments.profile.map(ImageProfile::from).or(image.profile);
    let mut circumstances = workshop.circumstances(profile, arguments.installed);
    let shown = image.slot_size.and_then(|size| u32::try_from(size).ok());
    circumstances.slot_size = arguments.slot_size.or(circumstances.slot_size).or(shown);
    let judgement = judge(&opened, image, &circumstances);
    if !arguments.json {
        show(&opened, image, &judgement);
    }
    let trial = match &project {
        Some(project) if arguments.virtual_board => Some(try_it(project, &opened, image, profile, arguments.json)?),
        _ => None,
    };
    if arguments.json {
        say_json(&report(&opened, image, &judgement, trial.as_ref()))?;
    } else if let Some(trial) = &trial {
        show_trial(trial);
        if judgement.verdict == (Verdict::NotSeen { at: CheckName::Address }) {
            say("virtual board: the image was put into the download slot, whatever address it is for");
        }
        if arguments.installed.is_some() {
            say("virtual board: nothing was installed on it before, so that every security counter is high enough");
        }
    }
    let keys = if arguments.keys.is_some() || project.is_some() {
        let locked = workshop.keys.0.iter().filter(|key| matches!(key.key, HeldKey::Locked { .. }));
        Keys::Given { locked: locked.map(|key| key.name.clone()).collect() }
    } else {
        Keys::Samples
    };
    conclude(path, &judgement, trial.as_ref(), &keys)
}

/// The keys at hand: those of the folder, of the project, and the published samples.
fn workshop(arguments: &Arguments, project: Option<&Project>) -> Result<Workshop, Failure> {
    let mut workshop = project.map_or_else(Workshop::without_project, Workshop::of);
    if let Some(folder) = &arguments.keys {
        // Standard input gives a passphrase once, and with a project that was for the project's keys.
        let passphrases = if project.is_none() { Some(arguments.passphrases.read()?) } else { None };
        let mut given = keys_of(folder, passphrases.as_ref())?.keys;
        given.append(&mut workshop.keys.0);
        workshop.keys.0 = given;
    }
    Ok(workshop)
}

/// Tries the image on a virtual board.
fn try_it(
    project: &Project,
    opened: &Opened,
    image: &FoundImage,
    profile: Option<ImageProfile>,
    quiet: bool,
) -> Result<Trial, Failure> {
    let by_second = profile == Some(ImageProfile::Oemurot);
    let slot_size = if by_second {
        project.second_stage().map_or(0, |second| second.image.slot_size)
    } else {
        project.stirot().map_or(0, |stirot| stirot.firmware_size)
    };
    let content = provision::slot_content(&opened.content, image, slot_size);
    let mut events = |event| {
        if let Event::StepStarted { title, .. } = event
            && !quiet
        {
            tell(format!("virtual board: {title}"));
        }
    };
    let cancel = interruption::by_person();
    Ok(if by_second {
        provision::try_application(project, &content, &cancel, &mut events)?
    } else {
        provision::try_image(project, &content, &cancel, &mut events)?
    })
}

const fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Holds(_) => "holds",
        Outcome::Fails(_) => "fails",
        Outcome::NotCheckable(_) => "not checkable",
        Outcome::Notice(_) => "notice",
    }
}

const fn verdict_word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Installs => "installs",
        Verdict::DoesNotRun { .. } => "does_not_run",
        Verdict::Refused { .. } => "refused",
        Verdict::NotSeen { .. } => "not_seen",
        Verdict::Undecided { .. } => "undecided",
    }
}

const fn decision_word(decision: Decision) -> &'static str {
    match decision {
        Decision::Installed => "installed",
        Decision::Refused { .. } => "refused",
        Decision::NotSeen => "not_seen",
        Decision::Stopped { .. } => "stopped",
        Decision::Unknown => "unknown",
    }
}

/// Which of the two passes of a boot over an image a check was made in.
const fn pass_word(pass: Pass) -> &'static str {
    match pass {
        Pass::Download => "download",
        Pass::Installed => "installed",
    }
}

fn show(opened: &Opened, image: &FoundImage, judgement: &Judgement) {
    for trouble in words::troubles(opened) {
        say(printable(&format!("trouble: {trouble}")));
    }
    let counter = judgement.security_counter.map_or("none".to_owned(), |counter| format!("{counter:#010x}"));
    let bytes = image.image.end.saturating_sub(image.image.start);
    say(format!("{} image {}, counter {counter}, {bytes} bytes", words::profile(image.profile), image.version));
    for (what, key) in [("signed with", &judgement.signed_with), ("opens with", &judgement.opens_with)] {
        if let Some(key) = key {
            say(printable(&format!("{what} {}", key.text())));
        }
    }
    for check in &judgement.checks {
        let word = match &check.outcome {
            Outcome::Fails(_) => "FAILS",
            other => outcome_word(other),
        };
        say(printable(&format!("{:<22} {word:<14} {}", check.name.text(), check.outcome.text())));
    }
    say(printable(&judgement.sentence()));
    say(judgement.reservation());
}

fn show_trial(trial: &Trial) {
    for traced in &trial.checks {
        let word = match traced.answer {
            TracedAnswer::Passed => "passed",
            TracedAnswer::Failed => "FAILED",
        };
        say(format!("virtual board: {:<10} {word:<7} {}", pass_word(traced.pass), traced.check.text()));
    }
    say(format!(
        "virtual board: {} {}, after {} instructions, {:.1} s in all",
        trial.by.name(),
        trial.decision,
        trial.instructions,
        trial.seconds
    ));
    match &trial.start {
        Start::No { stop: Some(stop) } => say(format!("virtual board: no application runs: {}", stop.text())),
        Start::No { stop: None } => say("virtual board: no application runs"),
        Start::Silent => say("virtual board: the application runs and says nothing on the console"),
        Start::Speaks(banner) => banner.lines().for_each(|line| say(printable(&format!("> {line}")))),
    }
}

fn key_json(key: Option<&KeyUse>) -> Value {
    key.map_or(Value::Null, |key| {
        let origin = match key.origin {
            KeyOrigin::Project => "project",
            KeyOrigin::Given => "given",
            KeyOrigin::BuiltinSample => "sample",
        };
        json!({ "origin": origin, "fingerprint": key.fingerprint.to_string(), "sample": key.sample })
    })
}

fn report(opened: &Opened, image: &FoundImage, judgement: &Judgement, trial: Option<&Trial>) -> Value {
    let checks = judgement.checks.iter().map(|check| {
        json!({ "check": check.name.text(), "outcome": outcome_word(&check.outcome), "text": check.outcome.text() })
    });
    let (at, missing) = match &judgement.verdict {
        Verdict::Installs => (None, Vec::new()),
        Verdict::DoesNotRun { at } | Verdict::Refused { at } | Verdict::NotSeen { at } => (Some(at.text()), Vec::new()),
        Verdict::Undecided { missing } => (None, missing.iter().map(|name| name.text()).collect()),
    };
    json!({
        "version": image.version.to_string(),
        "profile": words::profile(image.profile),
        "offset": image.offset,
        "address": words::address(image.address),
        "bytes": image.image.end.saturating_sub(image.image.start),
        "security_counter": judgement.security_counter,
        "verdict": verdict_word(&judgement.verdict),
        "at": at,
        "missing": missing,
        "sentence": judgement.sentence(),
        "reservation": judgement.reservation(),
        "signed_with": judgement.signed_with.as_ref().map(|key| &key.name),
        "signing_key": key_json(judgement.signed_with.as_ref()),
        "opens_with": judgement.opens_with.as_ref().map(|key| &key.name),
        "encryption_key": key_json(judgement.opens_with.as_ref()),
        "checks": checks.collect::<Vec<_>>(),
        "troubles": words::troubles_json(opened),
        "virtual_board": trial.map(trial_json),
    })
}

fn trial_json(trial: &Trial) -> Value {
    let checks = trial.checks.iter().map(|traced| {
        json!({ "pass": pass_word(traced.pass), "check": traced.check.text(), "passed": traced.answer == TracedAnswer::Passed })
    });
    let (started, banner, stop) = match &trial.start {
        Start::No { stop } => (false, None, stop.map(|stop| stop.text())),
        Start::Silent => (true, None, None),
        Start::Speaks(banner) => (true, Some(banner), None),
    };
    let at = match trial.decision {
        Decision::Refused { check } => Some(check.text()),
        _ => None,
    };
    json!({
        "by": trial.by.name(), "decision": decision_word(trial.decision), "at": at, "started": started, "stopped_because": stop, "banner": banner,
        "checks": checks.collect::<Vec<_>>(), "instructions": trial.instructions, "seconds": trial.seconds,
    })
}

/// The keys that there were to judge with.
enum Keys {
    /// The published samples alone.
    Samples,
    /// Those that a person gave; the names of those that no passphrase opened.
    Given {
        /// By their names.
        locked: Vec<String>,
    },
}

/// What the verdict means for whoever called.
fn conclude(path: &Path, judgement: &Judgement, trial: Option<&Trial>, keys: &Keys) -> Result<(), Failure> {
    let runs =
        trial.is_none_or(|trial| trial.decision == Decision::Installed && !matches!(trial.start, Start::No { .. }));
    let file = path.display();
    match &judgement.verdict {
        Verdict::Installs if runs => Ok(()),
        Verdict::Installs => {
            Err(Failure::new(format!("{file}: nothing is wrong with it here, and the virtual board does not run it"))
                .help("look at what the virtual board says above, and report the difference"))
        }
        Verdict::Undecided { missing } => {
            let is_about_keys = |name: &CheckName| {
                matches!(name, CheckName::WrappedKey | CheckName::Hash | CheckName::KeyHash | CheckName::Signature)
            };
            let help = match keys {
                _ if !missing.iter().any(is_about_keys) => "the checks above say what isn't known".to_owned(),
                Keys::Samples => "give its keys: --keys DIR, or the project: --project DIR".to_owned(),
                Keys::Given { locked } if locked.is_empty() => {
                    "the checks above say what is missing; none of the keys given is the one that it needs".to_owned()
                }
                Keys::Given { locked } => {
                    let locked = printable(&locked.join(", "));
                    format!("no passphrase at hand opens {locked}; give the right one: --passphrase-from FILE")
                }
            };
            Err(Failure::new(format!("{file}: {}", judgement.sentence())).help(help))
        }
        _ => Err(Failure::new(format!("{file}: {}", judgement.sentence())).help("the checks above say what fails")),
    }
}
