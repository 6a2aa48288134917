//! The engine's types in the words and shapes that the window shows. It reads and rephrases, it decides nothing.

pub(crate) mod boot_lab;
pub(crate) mod credentials;
pub(crate) mod debug;
pub(crate) mod doctor;
pub(crate) mod editing;
pub(crate) mod images;
pub(crate) mod permissions;
pub(crate) mod updating;

use std::error::Error;
use std::path::PathBuf;

use chip::option_bytes::obw2;
use chip::product_state::ProductState;
use project::{Assessment, BoardFacts, Draft, ProjectError, Severity};
use provision::{
    BoardAddress, BoardProfile, Event, Identity, Outcome, Plan, ProvisionError, Record, RunFolder, Survey,
};

use crate::local_time;
use crate::model::{
    BoardChoice, BoardKind, BoardSheet, Card, Check, CheckLine, FindingLine, PlanSheet, ProjectSheet, Reading,
    SampleKeyLine, StepSheet, Undo, Verdict,
};
use crate::option_lines;
use crate::text::{self, file_name};
use crate::update::Report;

/// The text of an error with all its causes, one a line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!("\n{error}"));
        cause = error.source();
    }
    text
}

/// An error of the engine as a card.
pub(crate) fn card(error: &ProvisionError) -> Card {
    Card {
        title: title(error),
        place: place(error),
        cause: cause(error).map(str::to_owned),
        remedy: Some(error.help()),
        detail: format!("{}\n{error:?}", chain(error)),
    }
}

/// An error of the project as a card.
pub(crate) fn project_card(error: &ProjectError) -> Card {
    Card {
        title: error.to_string(),
        place: None,
        cause: None,
        remedy: Some(error.help()),
        // The variants hold paths, lines and fields, never a key's value.
        detail: chain(error),
    }
}

/// What happened, short. What probe and operating system said at length stands in the raw detail.
fn title(error: &ProvisionError) -> String {
    match error {
        ProvisionError::Connect { board, .. } => format!("could not connect to {board}"),
        ProvisionError::Link { action, .. } => format!("{action} failed"),
        ProvisionError::Flash { memory, .. } => format!("writing {memory} failed"),
        ProvisionError::Authentication(problem) => debug::title(problem),
        // Where it is stands on the card for itself, and at length that can be long.
        ProvisionError::BoardFile { path, reason } => {
            let reason = reason.trim_start_matches(path.display().to_string().as_str()).trim_start_matches(": ");
            format!("the board file can't be used: {reason}")
        }
        other => other.to_string(),
    }
}

fn place(error: &ProvisionError) -> Option<String> {
    match error {
        ProvisionError::BoardMissing { path }
        | ProvisionError::BoardExists { path }
        | ProvisionError::BoardBusy { path }
        | ProvisionError::BoardFile { path, .. }
        | ProvisionError::BoardOtherRom { path }
        | ProvisionError::File { path, .. } => Some(path.display().to_string()),
        ProvisionError::Connect { board, .. } | ProvisionError::SampleKeys { board, .. } => Some(board.clone()),
        ProvisionError::ReadBack { address, .. } | ProvisionError::SecretInMemory { address, .. } => {
            Some(text::address(*address))
        }
        ProvisionError::RssRefused { call, .. } | ProvisionError::RssUnknown { call } => Some(call.clone()),
        ProvisionError::Preflight { check, .. } => Some(check.clone()),
        ProvisionError::Authentication(problem) => Some(problem.place.to_string()),
        ProvisionError::Discovery { .. } => Some("the mailbox behind access port 0".to_owned()),
        _ => None,
    }
}

/// The likely cause, where experience has one; users' threads name these most often.
fn cause(error: &ProvisionError) -> Option<&'static str> {
    match error {
        ProvisionError::Authentication(problem) => debug::cause(problem),
        ProvisionError::BoardBusy { .. } => Some("another window or command has the board powered on"),
        ProvisionError::BoardMissing { .. } => Some("the file was moved, or the name is mistyped"),
        ProvisionError::Connect { .. } => Some("no supply, a loose cable, or NRST isn't wired to the probe"),
        ProvisionError::Discovery { .. } => Some("NRST isn't wired, or the mailbox answers later than it was asked"),
        ProvisionError::NoProbe { .. } => Some("the probe isn't plugged in, or this user may not use it"),
        ProvisionError::BoardOtherRom { .. } => Some("the board was made by another version of the studio"),
        _ => None,
    }
}

/// A project, as far as it is shown outside of its own views.
pub(crate) fn project(draft: &Draft, assessment: &Assessment) -> ProjectSheet {
    let settings = draft.settings();
    let credential = match settings.debug_authentication {
        project::Credential::Certificate => "certificate",
        project::Credential::Password => "password",
    };
    ProjectSheet {
        name: settings.name.clone(),
        folder: draft.folder().to_owned(),
        summary: format!("{} · {credential}", settings.flow),
        flow: settings.flow,
        sample_keys: assessment
            .keys
            .iter()
            .filter_map(|view| {
                let name = view.sample?;
                Some(SampleKeyLine {
                    role: view.key.role.to_string(),
                    name: format!("{name} {}", view.key.fingerprint.short()),
                })
            })
            .collect(),
        findings: assessment
            .findings
            .iter()
            .map(|finding| FindingLine {
                rule: finding.id.to_owned(),
                stops: finding.severity == Severity::Error,
                text: match &finding.field {
                    Some(field) => format!("{}, “{field}”: {}", file_name(&finding.file), finding.text),
                    None => format!("{}: {}", file_name(&finding.file), finding.text),
                },
                remedy: finding.help.clone(),
            })
            .collect(),
    }
}

/// What the rules need to know of a board that was measured.
pub(crate) fn board_facts(survey: &Survey) -> BoardFacts {
    let words = survey.option_bytes.as_ref();
    // A code of three bits.
    let share = |word: u32| u8::try_from(word & 0x7).unwrap_or(u8::MAX);
    BoardFacts {
        product_state: survey.product_state,
        sram_ecc: words.map(|words| words.obw2sr & obw2::ECC_ON_SRAM != 0),
        tcm_shares: words.map(|words| [share(words.obw2sr), share(words.obw2sr >> obw2::DTCM_AXI_SHARE_SHIFT)]),
        write_protection: words.map(|words| (words.wrpsr & 0xFF) as u8),
    }
}

/// A plan, with what each step is expected to take.
pub(crate) fn plan(plan: &Plan, expected: &[Option<f64>]) -> PlanSheet {
    let steps = plan.steps.iter().enumerate().map(|(index, step)| StepSheet {
        title: step.title.clone(),
        what: step.what.clone(),
        proof: step.proof.clone(),
        why: step.why.clone(),
        undo: match step.undo {
            provision::Undo::Nothing => Undo::Nothing,
            provision::Undo::Reversible => Undo::Reversible,
            provision::Undo::ByRegression => Undo::ByRegression,
            provision::Undo::Never => Undo::Never,
        },
        bytes: step.bytes,
        expected: expected.get(index).copied().flatten(),
    });
    let inputs = plan.inputs.iter().map(|input| {
        let version = input.version.as_ref().map(|version| format!("{version} · ")).unwrap_or_default();
        let identity = match &input.identity {
            Identity::Sha256(hash) => format!("{version}{hash}"),
            Identity::Fingerprints(list) => format!("{version}keys {}", list.join(", ")),
            Identity::Withheld => format!("{version}secret, no hash shown"),
        };
        (input.name.clone(), identity)
    });
    PlanSheet::Ready {
        hash: plan.hash_text(),
        steps: steps.collect(),
        inputs: inputs.collect(),
        expectations: plan.expectations.iter().map(check_line).collect(),
    }
}

/// A board that can be chosen.
pub(crate) fn board_choice(address: &BoardAddress, name: Option<&str>) -> BoardChoice {
    let (kind, note) = match address {
        BoardAddress::Virtual(path) => {
            (BoardKind::Virtual, path.parent().map(|folder| folder.display().to_string()).unwrap_or_default())
        }
        BoardAddress::Probe { serial } => (BoardKind::Real, serial.clone().unwrap_or_default()),
    };
    let name = match (address, name) {
        (BoardAddress::Probe { .. }, Some(name)) => name.to_owned(),
        _ => board_name(address),
    };
    BoardChoice { address: address.to_string(), name, kind, note }
}

fn board_name(address: &BoardAddress) -> String {
    match address {
        BoardAddress::Virtual(path) => path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        BoardAddress::Probe { serial: Some(serial) } => {
            let end = serial.len().saturating_sub(6);
            format!("probe …{}", serial.get(end..).unwrap_or(serial))
        }
        BoardAddress::Probe { serial: None } => "probe".to_owned(),
    }
}

/// A board as it was just measured; `what` was done to it before.
pub(crate) fn board(address: &BoardAddress, survey: &Survey, profile: &BoardProfile, what: &str) -> BoardSheet {
    BoardSheet {
        reading: Some(reading(survey, profile)),
        last: (!matches!(what, "" | "read")).then(|| what.to_owned()),
        ..unread_board(address)
    }
}

/// A board of which nothing was measured.
pub(crate) fn unread_board(address: &BoardAddress) -> BoardSheet {
    BoardSheet {
        address: address.to_string(),
        name: board_name(address),
        kind: match address {
            BoardAddress::Virtual(_) => BoardKind::Virtual,
            BoardAddress::Probe { .. } => BoardKind::Real,
        },
        powered: true,
        reading: None,
        earlier: Vec::new(),
        last: None,
    }
}

/// A survey as a reading, with the checks that a run makes of it.
pub(crate) fn reading(survey: &Survey, profile: &BoardProfile) -> Reading {
    let checks = provision::preflight(survey, None, profile);
    Reading {
        at: local_time::now(),
        state: survey.product_state,
        uid: survey.uid.map(|uid| uid.iter().map(|byte| format!("{byte:02X}")).collect()),
        device: survey.device.map(|idcode| {
            let (device, revision) = (idcode & 0xFFF, idcode >> 16);
            if device == provision::DEVICE_ID {
                format!("STM32H7R/S, 0x{device:03X} revision 0x{revision:04X}")
            } else {
                format!("0x{device:03X} revision 0x{revision:04X}, not an STM32H7R/S")
            }
        }),
        supply: survey.voltage.map(|volts| format!("{volts:.2} V")),
        hdpl: survey.hdpl,
        debug_open: Some(survey.core_in_reach),
        option_bytes: survey.option_bytes.as_ref().map(option_lines::lines).unwrap_or_default(),
        discovery: survey.discovery.as_ref().map(debug::discovery),
        preflight: checks.iter().map(check_line).collect(),
    }
}

/// A finding of the engine's as a line.
fn check_line(finding: &provision::Finding) -> CheckLine {
    CheckLine {
        name: finding.check.to_owned(),
        check: match finding.verdict {
            provision::Verdict::Good => Check::Good,
            provision::Verdict::Warning => Check::Warning,
            provision::Verdict::Bad => Check::Bad,
            provision::Verdict::NotRead => Check::NotRead,
        },
        text: finding.text.clone(),
        remedy: finding.help.clone(),
    }
}

/// What an event of a run means for the window; the run's end comes as its result instead.
pub(crate) fn report(profile: &BoardProfile, event: Event) -> Option<Report> {
    Some(match event {
        Event::Surveyed(survey) => Report::Surveyed(Box::new(reading(&survey, profile))),
        Event::StepStarted { index, .. } => Report::StepStarted(index),
        Event::Progress { index, done, total } => Report::Progress(index, done, total),
        Event::StepProved { index, evidence, seconds } => Report::StepProved(index, evidence, seconds),
        Event::StepSkipped { index, evidence } => Report::StepSkipped(index, evidence),
        Event::Log(line) => Report::Log(line),
        _ => return None,
    })
}

/// How a run that came to its end is shown.
pub(crate) fn verdict(record: &Record, path: Option<PathBuf>, seconds: f64) -> Verdict {
    match &record.outcome {
        Outcome::Passed => {
            // The last proofs carry the verdict; the others stand at their steps.
            let mut evidence: Vec<String> = record
                .steps
                .iter()
                .filter(|step| {
                    use provision::StepId;
                    matches!(step.step, StepId::ClosedProof | StepId::Application)
                })
                .map(|step| step.evidence.text.clone())
                .collect();
            if let Some(said) = record.banner.as_deref().map(banner_facts).filter(|said| !said.is_empty()) {
                evidence.push(said);
            }
            Verdict::Pass { state: record.final_state.to_string(), evidence, record: path, seconds }
        }
        Outcome::Failed { step, what, help } => Verdict::Fail(Card {
            title: what.clone(),
            place: step.clone(),
            remedy: Some(help.clone()),
            ..Card::default()
        }),
        Outcome::Cancelled { step } => Verdict::Stopped(Card {
            title: format!("Stopped before “{step}”"),
            remedy: Some("Press Provision again to go on.".to_owned()),
            ..Card::default()
        }),
    }
}

/// What the application says of itself, in one line: the lines between its name and its menu. The last line that
/// came is left out, since it may have been cut.
fn banner_facts(banner: &str) -> String {
    let lines: Vec<&str> = banner.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let whole = lines.len().saturating_sub(1);
    let facts = lines.iter().take(whole).skip(1).take_while(|line| line.starts_with(char::is_alphabetic));
    facts.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(" · ")
}

/// How a run that gave an error is shown. `step` is the place and title of the step it was in.
pub(crate) fn failure(error: &ProvisionError, step: Option<(usize, &str)>) -> Verdict {
    let mut shown = card(error);
    let step = step.map(|(index, title)| format!("step {}, {title}", index + 1));
    shown.place = match (step, shown.place) {
        (Some(step), Some(place)) => Some(format!("{step}: {place}")),
        (step, place) => step.or(place),
    };
    if matches!(error, ProvisionError::Cancelled { .. }) { Verdict::Stopped(shown) } else { Verdict::Fail(shown) }
}

/// The record that was written last into a board's folder.
pub(crate) fn newest_record(folder: &RunFolder) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder.records()).ok()?;
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
        })
        .max()
        .map(|(_, path)| path)
}

/// A product state for a sentence.
pub(crate) fn state_name(state: Option<ProductState>) -> &'static str {
    state.map_or("not read", ProductState::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_where_why_and_what_to_do() {
        let error = ProvisionError::BoardBusy { path: PathBuf::from("a.board") };
        let card = card(&error);
        assert!(card.title.contains("a.board"));
        assert!(card.place.is_some() && card.cause.is_some() && card.remedy.is_some());
    }

    #[test]
    fn a_file_that_is_no_board_is_named_once_however_long_its_path_is() {
        let path = PathBuf::from(format!("/bench/{}.board", "a".repeat(200)));
        let reason = format!("{}: not a board file: it begins with other bytes", path.display());
        let card = card(&ProvisionError::BoardFile { path: path.clone(), reason });
        assert_eq!(card.title, "the board file can't be used: not a board file: it begins with other bytes");
        assert_eq!(card.place, Some(path.display().to_string()));
    }

    #[test]
    fn a_banner_is_told_without_its_menu() {
        let banner = "demo\nversion          1.0.0\nHDPL  2\n1  function A: who I am\n?  this menu";
        assert_eq!(banner_facts(banner), "version 1.0.0 · HDPL 2");
        assert_eq!(banner_facts("demo\nversion 1.0.0\nHDP"), "version 1.0.0");
        assert_eq!(banner_facts(""), "");
    }

    #[test]
    fn a_failure_names_its_step() {
        let error = ProvisionError::RssRefused { call: "DataProvisioning".to_owned(), status: 0xF5F5_8080 };
        let Verdict::Fail(card) = failure(&error, Some((4, "Store DA_Config"))) else {
            panic!("a refusal is a failure")
        };
        assert_eq!(card.place.as_deref(), Some("step 5, Store DA_Config: DataProvisioning"));
    }
}
