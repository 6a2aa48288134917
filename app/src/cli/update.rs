//! `stirot-studio update`: a new application or second stage for a board that was closed, by the same call as the
//! window's.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use formats::Version;
use project::{Project, Workshop};
use provision::update::{
    RefusedImages, UpdateEvent, UpdateImage, UpdatePlan, UpdateRecord, UpdateTarget, WayIn, plan_update, update,
};
use provision::{BoardAddress, RunFolder, VirtualBoard, VirtualOptions};

use super::passphrases::PassphraseArguments;
use super::{Failure, interruption, opening, printable, say, say_json, tell};

const MORE: &str = "\
Examples:
  A newer release of the project's own application:
    stirot-studio update --project DIR --board BOARD --version 1.1.0
  Another program, with the project's settings and keys:
    stirot-studio update --project DIR --board BOARD --application app.bin --version 1.1.0
  A new second boot stage, as an image that lies ready:
    stirot-studio update --project DIR --board BOARD --target second-stage --image stirot_code_image.hex

The application that runs takes the image over the console (menu `u  update`), writes the download slot and resets; the
boot stage judges what lies there. What boots afterwards is the proof. The studio has no serial port: for a real board it
says what to do with a terminal program that sends by YMODEM, and --save writes the file for it.";

/// What to update with what.
#[derive(Debug, Args)]
#[command(after_help = MORE)]
pub struct Arguments {
    /// Project folder, in the layout of ST's ROT_Provisioning
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// A virtual board's file, `probe`, or `probe:SERIAL`
    #[arg(long, value_name = "BOARD")]
    board: String,
    /// What is updated
    #[arg(long, value_enum, default_value = "application")]
    target: Target,
    /// Image to send, as it lies ready: bytes or Intel hex
    #[arg(long, value_name = "FILE", conflicts_with_all = ["application", "version"])]
    image: Option<PathBuf>,
    /// Program to build the image of, as linked: bytes, ELF or Intel hex [default: the project's]
    #[arg(long, value_name = "BIN")]
    application: Option<PathBuf>,
    /// Version of the image that is built [default: the project's]
    #[arg(long, value_parser = version)]
    version: Option<Version>,
    /// Send an image that the boot stage will refuse, to see it refused
    #[arg(long)]
    send_refused: bool,
    /// Write what is sent to a new file, too
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// The project's passphrases
    #[command(flatten)]
    passphrases: PassphraseArguments,
    /// Show what would be done, and send nothing
    #[arg(long)]
    plan: bool,
    /// Print the record (or the plan) as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// The application
    Application,
    /// The second boot stage
    SecondStage,
}

impl From<Target> for UpdateTarget {
    fn from(target: Target) -> Self {
        match target {
            Target::Application => Self::Application,
            Target::SecondStage => Self::SecondStage,
        }
    }
}

fn version(text: &str) -> Result<Version, String> {
    text.parse().map_err(|error: formats::FormatError| error.to_string())
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let address: BoardAddress = arguments.board.parse()?;
    let project = opening::project_to_build(&arguments.project, &arguments.passphrases)?;
    let image = image(&project, arguments)?;
    let refused = if arguments.send_refused { RefusedImages::Sent } else { RefusedImages::NotSent };
    let plan =
        plan_update(&project, arguments.target.into(), image, refused).map_err(provision::ProvisionError::from)?;
    if let Some(file) = &arguments.save {
        save(file, &plan.bytes)?;
        tell(format!("wrote {}", file.display()));
    }
    if arguments.plan {
        return show(&plan, arguments);
    }
    let BoardAddress::Virtual(path) = &address else { return Err(by_hand(&plan, arguments)) };
    for key in project.sample_keys() {
        tell(format!("SAMPLE key in use: {} ({}), never for a product", key.name, key.role));
    }
    tell(format!("{} of {} on {address}, by {}", plan.target, plan.project, plan.way_in.text()));
    if let Some(warning) = &plan.warning {
        tell(printable(warning));
    }
    let runs = RunFolder::for_board(&address);
    let cancel = interruption::by_person();
    let board = VirtualBoard::open(path, VirtualOptions::default())?;
    let mut record = None;
    let updated = update(&plan, &board, &runs, &cancel, &mut |event| match event {
        UpdateEvent::Finished(finished) => record = Some(finished),
        event if !arguments.json => shown(&plan, &event),
        _ => {}
    });
    let kept = record.map(|record| record.save(&runs).map(|path| (record, path))).transpose();
    let off = board.power_off();
    // Why an update failed counts for more than where its record went, or how the board went off.
    if let (Err(_), Ok(Some((record, path)))) = (&updated, &kept) {
        tell(format!("record: {}", path.display()));
        if arguments.json {
            say_json(record)?;
        }
    }
    let updated = updated?;
    off?;
    finish(&updated, kept?.map(|(_, path)| path).as_deref(), arguments.json)
}

/// The image that was given, or one that is built.
fn image(project: &Project, arguments: &Arguments) -> Result<UpdateImage, Failure> {
    if let Some(file) = &arguments.image {
        return Ok(UpdateImage::of_file(file)?);
    }
    let target = UpdateTarget::from(arguments.target);
    let profile = target.profile(project).map_err(provision::ProvisionError::from)?;
    let own = Workshop::of(project).stage(profile).map(|stage| stage.version);
    let version = arguments.version.or(own).unwrap_or(Version { major: 1, minor: 0, revision: 0, build: 0 });
    Ok(UpdateImage::build(project, target, arguments.application.as_deref(), version)?)
}

/// A new file, and no other.
fn save(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut new = OpenOptions::new().write(true).create_new(true).open(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::new(format!("{} is there already", file.display()))
            .help("choose another name: nothing is written over"),
        _ => Failure::file("making", file, error),
    })?;
    new.write_all(bytes).map_err(|error| Failure::file("writing", file, error))
}

/// What a person does on a real board: the studio can't.
fn by_hand(plan: &UpdatePlan, arguments: &Arguments) -> Failure {
    let file = arguments.save.as_ref().or(arguments.image.as_ref());
    let named = file.map_or_else(|| plan.image.clone(), |file| file.display().to_string());
    let mut steps = plan.by_hand(&named);
    if file.is_none() {
        steps.insert(0, "write the image to a file with --save FILE".into());
    }
    Failure::new("the studio has no serial port: an update over a real board's console is done with a terminal program")
        .help(steps.join("\n"))
}

fn show(plan: &UpdatePlan, arguments: &Arguments) -> Result<(), Failure> {
    if arguments.json {
        let steps: Vec<_> = plan
            .steps
            .iter()
            .map(|step| serde_json::json!({ "title": step.title, "what": step.what, "proof": step.proof }))
            .collect();
        return say_json(&serde_json::json!({
            "project": plan.project, "target": plan.target, "image": plan.image,
            "version": plan.version.map(|version| version.to_string()), "bytes": plan.bytes.len(),
            "slot": format!("{:#010x}", plan.slot.start), "way_in": plan.way_in,
            "verdict": plan.judgement.sentence(), "warning": plan.warning, "steps": steps, "by_hand": plan.by_hand(&plan.image),
        }));
    }
    say(printable(&format!(
        "{} of {}: {} ({} bytes) into the download slot at {:#010x}",
        plan.target,
        plan.project,
        plan.image,
        plan.bytes.len(),
        plan.slot.start
    )));
    say(plan.judgement.sentence());
    if let Some(warning) = &plan.warning {
        say(printable(warning));
    }
    for way in WayIn::ALL {
        let mark = if way == plan.way_in { "taken" } else { "not taken" };
        say(format!("way in, {mark}: {} — {}", way.text(), way.why()));
    }
    for (index, step) in plan.steps.iter().enumerate() {
        say(printable(&format!("{:>3}  {} — {}", index + 1, step.title, step.what)));
        say(format!("     proof: {}", step.proof));
    }
    Ok(())
}

/// What an update tells on stderr.
fn shown(plan: &UpdatePlan, event: &UpdateEvent) {
    let count = plan.steps.len();
    let title = |index: usize| plan.steps.get(index).map_or("", |step| step.title.as_str());
    match event {
        UpdateEvent::StepProved { index, evidence, seconds } => {
            tell(format!("{:>3}/{count} {} — {} ({seconds:.2} s)", index + 1, title(*index), printable(evidence)));
        }
        UpdateEvent::Failed { index, what, .. } => {
            tell(format!("{:>3}/{count} {} — FAILED: {}", index + 1, title(*index), printable(what)));
        }
        _ => {}
    }
}

fn finish(record: &UpdateRecord, path: Option<&Path>, json: bool) -> Result<(), Failure> {
    if json {
        return say_json(record);
    }
    if let (UpdateTarget::SecondStage, Some(version)) = (record.target, &record.version) {
        say(printable(&format!("installed: second boot stage {version}")));
    }
    if let Some(after) = &record.after {
        say(printable(&format!("there runs {after}")));
    }
    if let Some(path) = path {
        say(format!("record: {}", path.display()));
    }
    Ok(())
}
