//! `stirot-studio project stages`: how many boot stages a project has, which code runs where and at which level; and
//! changing that.

use std::path::{Path, PathBuf};

use chip::memory_map::Region;
use clap::{Args, ValueEnum};
use formats::{ApplicationRun, ImagePlaces};
use project::{BootStage, LayoutFact, Project, grouped, second_stage};
use serde_json::{Value, json};

use super::{Failure, say, say_json};
use crate::text::size;

/// What to show or to change.
#[derive(Debug, Args)]
#[command(after_help = "With --application-runs the layout inside of the second stage's program, the settings of the \
                        application's image and the studio's demonstration application change together, or nothing does.\n\
                        An application of your own stays as it is; `stirot-studio check` says when it is linked elsewhere.\n\
                        Example: stirot-studio project stages --project pump-controller --application-runs internal-ram")]
pub struct Arguments {
    /// Project folder
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// Let the application of two boot stages run there
    #[arg(long, value_enum, value_name = "WHERE")]
    application_runs: Option<RunArgument>,
    /// Add a second boot stage: its files beside those of the one, with new keys
    #[arg(long)]
    add: bool,
    /// Go back to one boot stage; the files of the second stay
    #[arg(long, conflicts_with_all = ["add", "application_runs"])]
    leave: bool,
    /// Add a data image beside the application of two boot stages: these bytes, copied into the project
    #[arg(long, value_name = "FILE", conflicts_with_all = ["leave", "leave_data"])]
    data: Option<PathBuf>,
    /// Leave the data image out again; its content stays
    #[arg(long, conflicts_with = "leave")]
    leave_data: bool,
    /// Print the stages as JSON
    #[arg(long)]
    json: bool,
}

/// Where the application of two boot stages runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RunArgument {
    /// In its slot in external flash
    InPlace,
    /// From a copy in internal RAM
    InternalRam,
    /// From a copy in external RAM
    ExternalRam,
}

impl From<RunArgument> for ApplicationRun {
    fn from(argument: RunArgument) -> Self {
        match argument {
            RunArgument::InPlace => Self::InPlace,
            RunArgument::InternalRam => Self::InternalRam,
            RunArgument::ExternalRam => Self::ExternalRam,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let folder = &arguments.project;
    match (arguments.add, arguments.application_runs) {
        (true, None) => second_stage::add(folder, ApplicationRun::InPlace)?,
        // Files of a second stage that are there already are taken as they are: then this changes them.
        (true, Some(run)) => {
            second_stage::add(folder, run.into())?;
            second_stage::set_run(folder, run.into())?;
        }
        (false, Some(run)) => second_stage::set_run(folder, run.into())?,
        (false, None) if arguments.leave => second_stage::leave(folder)?,
        (false, None) => {}
    }
    if let Some(content) = &arguments.data {
        second_stage::add_data(folder, content)?;
    }
    if arguments.leave_data {
        second_stage::leave_data(folder)?;
    }
    let project = Project::open(folder)?;
    if arguments.json {
        return say_json(&as_json(&project));
    }
    say(format!("{} · {}", project.name(), project.flow()));
    project.boot_stages().iter().for_each(tell);
    if let Some(data) = data_places(&project) {
        say(format!("{:<12} beside the application", "data"));
        slots(Some(data.installation_slot()), Some(data.download_slot()));
    }
    if let Some(why) = project.second_stage().and_then(|second| unknown(&second.layout_fact)) {
        say(why);
    }
    Ok(())
}

fn tell(stage: &BootStage) {
    let place = match (stage.runs_in, stage.code_address) {
        (Some(memory), Some(address)) => format!("{} at {}", memory.text(), grouped(address)),
        (Some(memory), None) => memory.text().to_owned(),
        (None, _) => "where isn't told".to_owned(),
    };
    say(format!("{:<12} HDPL {}  {place}", stage.name, stage.hdpl));
    if let Some(program) = &stage.program {
        let there = if program.is_file() { "" } else { " (not there yet)" };
        say(format!("{:<12} program {}{there}", "", shown(program)));
    }
    slots(stage.installation, stage.download);
}

fn slots(installation: Option<Region>, download: Option<Region>) {
    for (name, slot) in [("kept at", installation), ("new ones at", download)] {
        if let Some(slot) = slot {
            say(format!("{:<12} {name} {}, {}", "", grouped(slot.start), size(slot.size)));
        }
    }
}

/// The places of a data image that the second stage installs beside the application.
fn data_places(project: &Project) -> Option<ImagePlaces> {
    project.second_stage()?.layout?.data
}

/// Why nothing is known about the places of a second stage.
fn unknown(fact: &LayoutFact) -> Option<String> {
    match fact {
        LayoutFact::Known(_) => None,
        LayoutFact::NotTold => {
            Some("the second stage's program has no layout inside, as ST's: slots are those of ST's layout".into())
        }
        LayoutFact::Wrong(problem) => Some(format!("the second stage's layout can't work: {problem}")),
        LayoutFact::NoProgram => Some("the second stage's program isn't there yet".into()),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn as_json(project: &Project) -> Value {
    let address = |address: u32| format!("{address:#010x}");
    let slot = |slot: Region| json!({ "address": address(slot.start), "bytes": slot.size });
    let stages: Vec<Value> = project
        .boot_stages()
        .into_iter()
        .map(|stage| {
            json!({
                "name": stage.name,
                "hdpl": stage.hdpl,
                "runs_in": stage.runs_in.map(|memory| memory.text()),
                "code_address": stage.code_address.map(address),
                "program": stage.program.as_deref().map(shown),
                "installation": stage.installation.map(slot),
                "download": stage.download.map(slot),
            })
        })
        .collect();
    let fact = project.second_stage().and_then(|second| unknown(&second.layout_fact));
    let data = data_places(project)
        .map(|data| json!({ "installation": slot(data.installation_slot()), "download": slot(data.download_slot()) }));
    json!({
        "name": project.name(), "flow": project.flow().summary(), "stages": stages, "data": data, "unknown": fact,
    })
}
