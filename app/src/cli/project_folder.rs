//! `stirot-studio project`: a new project folder in ST's layout, with keys of its own; and its outputs, built where they
//! are stale.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use formats::ApplicationRun;
use project::template::{NewProject, create};
use project::{Credential, Flow, Kept};

use super::image::build::images_of;
use super::passphrases::PassphraseArguments;
use super::stages::{self, RunArgument};
use super::{Failure, opening, say, tell};

/// What to do with a project.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Lay out a new project: configuration files, new keys, project file
    #[command(
        after_help = "The layout is that of ST's ROT_Provisioning. Nothing that exists is written over.\nExample: \
                            stirot-studio project new pump-controller --flow stirot"
    )]
    New {
        /// Folder; made when it does not exist
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Which of ST's flows it follows
        #[arg(long, value_enum, default_value = "stirot")]
        flow: FlowArgument,
        /// What the project is called (default: the folder's name)
        #[arg(long)]
        name: Option<String>,
        /// The way back from CLOSED
        #[arg(long, value_enum, default_value = "certificate")]
        way_back: WayBack,
        /// Where the application of two boot stages runs [default: in-place]
        #[arg(long, value_enum, value_name = "WHERE")]
        application_runs: Option<RunArgument>,
    },
    /// Show a project's boot stages: which code runs where, at which level; or change them
    Stages(stages::Arguments),
    /// Build the project's objects and image, where they are stale or missing
    #[command(
        after_help = "What is right already stays as it is.\nExample: stirot-studio project build pump-controller"
    )]
    Build {
        /// Project folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Its passphrases
        #[command(flatten)]
        passphrases: PassphraseArguments,
    },
}

/// A flow of ST's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FlowArgument {
    /// One boot stage
    Stirot,
    /// Two boot stages
    #[value(name = "stirot-oemurot", alias = "stirot_oemurot")]
    StirotOemurot,
    /// Own root of trust
    Oemirot,
    /// Debug authentication only
    Da,
}

/// A way back from CLOSED.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WayBack {
    /// Certificates below a root key
    Certificate,
    /// A password
    Password,
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    let (folder, flow, name, way_back, runs) = match command {
        Command::New { folder, flow, name, way_back, application_runs } => {
            (folder, flow, name, way_back, application_runs)
        }
        Command::Stages(arguments) => return stages::run(&arguments),
        Command::Build { folder, passphrases } => return build(&folder, &passphrases),
    };
    if runs.is_some() && flow != FlowArgument::StirotOemurot {
        return Err(Failure::new(
            "with one boot stage the application runs from internal RAM: there is nothing to choose",
        )
        .help("leave --application-runs out, or make the project with --flow stirot-oemurot"));
    }
    let name = name.or_else(|| Some(folder.file_name()?.to_string_lossy().into_owned()));
    let new = NewProject {
        name: name.unwrap_or_else(|| "project".to_owned()),
        flow: match flow {
            FlowArgument::Stirot => Flow::Stirot,
            FlowArgument::StirotOemurot => Flow::StirotOemurot,
            FlowArgument::Oemirot => Flow::Oemirot,
            FlowArgument::Da => Flow::DebugAuthentication,
        },
        credential: match way_back {
            WayBack::Certificate => Credential::Certificate,
            WayBack::Password => Credential::Password,
        },
        second_stage: runs.map_or(ApplicationRun::InPlace, ApplicationRun::from),
    };
    create(&folder, &new)?;
    say(format!("{}: {}, with new keys", folder.display(), new.flow));
    if new.flow == Flow::StirotOemurot {
        say(
            "the second stage and a demonstration application are in STiROT_OEMuROT/Images (OEMiROT_Boot.bin, rot_app.bin)",
        );
    }
    match new.credential {
        Credential::Certificate => {
            say("the way back from CLOSED: new root, intermediate and leaf key in DA/Keys, their certificates in \
             DA/Certificates; without the leaf key and its chain no board comes back")
        }
        Credential::Password => say(
            "the way back from CLOSED: a new password in DA/Config/DA_ConfigWithPassword.xml and DA/Binary/password.bin; \
             without it no board comes back",
        ),
    }
    Ok(())
}

fn build(folder: &Path, passphrases: &PassphraseArguments) -> Result<(), Failure> {
    let project = opening::project_to_build(folder, passphrases)?;
    let target = project.settings().final_state;
    let told = |built: bool| if built { "built" } else { "as it was" };
    for object in project.objects_for(target)? {
        let where_it_is = match object.kept {
            Kept::OnDisk => object.path.display().to_string(),
            Kept::InMemory => "in memory only: the key's file is protected".to_owned(),
        };
        say(format!("{}: {}, {where_it_is}", object.name, told(object.built)));
    }
    let (images, missing) = images_of(&project)?;
    for image in images {
        say(format!("image {}: {}, {}", image.version, told(image.built), image.path.display()));
    }
    if let Some(missing) = missing {
        tell(format!("the second boot stage's image was not built: {missing}"));
    }
    Ok(())
}
