//! `stirot-studio plan`: what will be done to a board, shown, or written as commands of STM32CubeProgrammer. No board is
//! needed.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use project::credentials::{CHAIN_FILE, LEAF_KEY_FILE, PASSWORD_BINARY};
use project::{Credential, KeyRole, Project, ProjectError, Protection};
use provision::{CredentialFiles, CubeFiles, FinalState};

use super::output::{self, Output};
use super::passphrases::PassphraseArguments;
use super::provision::{Target, show_plan};
use super::{Failure, opening, say, tell};

/// The built-in iLoader's file beside a script.
const LOADER: &str = "STiROT_iLoader.bin";

/// What to do with a plan.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the steps
    Show(Show),
    /// Write it as a shell script of STM32CubeProgrammer commands
    Export(Export),
}

/// Which plan.
#[derive(Debug, Args)]
struct Which {
    /// Project folder, in the layout of ST's ROT_Provisioning
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// Product state to end in (default: what the project says)
    #[arg(long, value_enum)]
    to: Option<Target>,
    /// Its passphrases
    #[command(flatten)]
    passphrases: PassphraseArguments,
}

/// Which plan to show.
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    which: Which,
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

/// Which plan to write, and where.
#[derive(Debug, Args)]
#[command(
    after_help = "The script names the project's files where they lie and looks at them before it uses them. It stops \
                        at the first command that fails, and asks for the way back before CLOSED.\nIt takes CLI, UART \
                        and EXTERNAL_LOADER from the environment. It was tried with a stand-in for the tool only."
)]
pub struct Export {
    #[command(flatten)]
    which: Which,
    /// File to write; the built-in iLoader goes beside it
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Show(Show { which, json }) => {
            let (project, target) = which.open()?;
            show_plan(&provision::plan_for(&project, target)?.0, json)
        }
        Command::Export(export) => write(&export),
    }
}

impl Which {
    fn open(&self) -> Result<(Project, FinalState), Failure> {
        let project = opening::project_to_build(&self.project, &self.passphrases)?;
        let target = Target::or_of_project(self.to, &project);
        Ok((project, target))
    }
}

fn write(export: &Export) -> Result<(), Failure> {
    let (project, target) = export.which.open()?;
    let script = absolute(&export.output)?;
    output::require_free(Output::Script, &script)?;
    let (plan, outputs) = provision::plan_for(&project, target)?;
    let (loader, beside) = match plan.loader_file() {
        Some(file) => (absolute(file)?, false),
        None => (script.with_file_name(LOADER), true),
    };
    if beside {
        output::require_free_for(Output::Loader, &loader, plan.loader())?;
    }
    let credential = match target {
        FinalState::Closed => Some(credential(&project)?),
        FinalState::Locked => None,
    };
    let text = provision::cube_programmer(&plan, &outputs, &CubeFiles { loader: loader.clone(), credential })?;
    if beside {
        output::write(Output::Loader, &loader, plan.loader())?;
    }
    output::write(Output::Script, &script, text.as_bytes())?;
    say(format!("{} does plan {} by STM32CubeProgrammer", script.display(), plan.hash_text()));
    if beside {
        say(format!("{} is the iLoader that it writes", loader.display()));
    }
    if target == FinalState::Closed {
        say("first time on a kind of board: run it with the argument way-back");
    }
    tell("tried with a stand-in for STM32CubeProgrammer only, on no board: the studio's own run proves more");
    Ok(())
}

/// The files with which STM32CubeProgrammer answers for a board.
fn credential(project: &Project) -> Result<CredentialFiles, Failure> {
    // What doesn't open the project's own object would lose the board.
    match project.debug_credential() {
        Ok(_) | Err(ProjectError::Locked { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    match project.settings().debug_authentication {
        Credential::Certificate => {
            let leaf = project.chain_keys().into_iter().find(|key| key.role == KeyRole::DebugLeaf);
            let leaf_key = match leaf {
                Some(key) if key.protection != Protection::Clear => {
                    return Err(Failure::new(format!("{} is under a passphrase", key.path.display()))
                        .help("STM32CubeProgrammer takes plain key files only; provision by the studio, or take the passphrase off"));
                }
                Some(key) => key.path,
                None => project.folder().join(LEAF_KEY_FILE),
            };
            Ok(CredentialFiles::Certificate {
                leaf_key: existing(&leaf_key)?,
                chain: existing(&project.folder().join(CHAIN_FILE))?,
            })
        }
        Credential::Password => {
            Ok(CredentialFiles::Password { file: existing(&project.folder().join(PASSWORD_BINARY))? })
        }
    }
}

fn existing(path: &Path) -> Result<PathBuf, Failure> {
    if path.is_file() {
        return absolute(path);
    }
    Err(Failure::new(format!(
        "there is no {}, with which STM32CubeProgrammer would answer for the board",
        path.display()
    ))
    .help("make it first; `stirot-studio check` says how"))
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::file("finding", path, error))
}
