//! `stirot-studio keys`: a project's keys. Nothing is ever overwritten: a new key is a new version, and the
//! configuration names it from then on.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use formats::{Passphrase, Secret};
use project::key_files::{self, KeyFileError, KeyProtection, NewKey};
use project::{Disk, Draft, KeyRole, Protection, Stored};
use serde_json::json;

use super::{Failure, opening, passphrases, say, say_json};

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the project's keys: role, file, fingerprint, protection, where each is used
    Show {
        /// Project folder
        #[arg(long, value_name = "DIR")]
        project: PathBuf,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a new key and let the configuration name it; the old one is kept
    #[command(
        after_help = "Objects and images are stale afterwards: build them anew.\nExample: stirot-studio keys new \
                            --project pump --role authentication"
    )]
    New {
        /// Which key
        #[command(flatten)]
        wanted: Wanted,
        /// How it is to lie on the disk
        #[command(flatten)]
        new_protection: NewProtection,
    },
    /// Take a key from a PEM file: PKCS#8, SEC1, or encrypted PKCS#8, which stays under its passphrase
    Import {
        /// The file
        #[arg(value_name = "PEM")]
        file: PathBuf,
        /// File that holds the passphrase of the imported key; `-` reads it from standard input
        #[arg(long, value_name = "FILE")]
        its_passphrase_from: Option<PathBuf>,
        /// Which key
        #[command(flatten)]
        wanted: Wanted,
        /// How it is to lie on the disk
        #[command(flatten)]
        new_protection: NewProtection,
    },
    /// Make the chain of debug certificates anew, with the keys that are asked for; what it replaces is kept
    Renew(super::renewal::Arguments),
    /// Encrypt a key with a passphrase, as a new version (ST's tools can't read it then); the clear one is kept
    Protect(Wanted),
    /// Write the public half into a file
    ExportPublic {
        /// File to write
        #[arg(value_name = "PEM")]
        file: PathBuf,
        /// The rest
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Write a key in the clear into a file, for ST's tools
    ExportClear {
        /// File to write
        #[arg(value_name = "PEM")]
        file: PathBuf,
        /// The rest
        #[command(flatten)]
        wanted: Wanted,
    },
}

/// Which key, and its passphrase.
#[derive(Debug, Args)]
pub struct Wanted {
    /// Project folder
    #[arg(long, value_name = "DIR")]
    project: PathBuf,
    /// What the key is for
    #[arg(long, value_enum)]
    role: RoleArgument,
    /// File that holds the passphrase; `-` reads it from standard input. A passphrase is never an argument: others
    /// could see it
    #[arg(long, value_name = "FILE")]
    passphrase_from: Option<PathBuf>,
}

/// How a new key is to lie on the disk, beside its passphrase.
#[derive(Debug, Args)]
pub struct NewProtection {
    /// Let the new key lie in the clear although the imported one, or the one before it, is protected
    #[arg(long, conflicts_with = "passphrase_from")]
    in_clear: bool,
}

impl NewProtection {
    fn protection<'a>(&self, passphrase: Option<&'a Passphrase>) -> KeyProtection<'a> {
        match passphrase {
            Some(passphrase) => KeyProtection::Passphrase(passphrase),
            None if self.in_clear => KeyProtection::Clear,
            None => KeyProtection::Kept,
        }
    }
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RoleArgument {
    /// Signs images
    Authentication,
    /// Opens images
    Encryption,
    /// Signs images that the user's own boot stage starts
    OemAuthentication,
    /// Opens images that the user's own boot stage starts
    OemEncryption,
    /// The root of debug certificates
    DebugRoot,
    /// Between root and leaf of the debug certificates
    DebugIntermediate,
    /// The leaf of the debug certificates, which answers a board's challenge
    DebugLeaf,
}

impl Wanted {
    fn passphrase(&self) -> Result<Option<Passphrase>, Failure> {
        self.passphrase_from.as_deref().map(passphrases::read).transpose()
    }
}

impl From<RoleArgument> for KeyRole {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Authentication => Self::Authentication,
            RoleArgument::Encryption => Self::Encryption,
            RoleArgument::OemAuthentication => Self::OemAuthentication,
            RoleArgument::OemEncryption => Self::OemEncryption,
            RoleArgument::DebugRoot => Self::DebugRoot,
            RoleArgument::DebugIntermediate => Self::DebugIntermediate,
            RoleArgument::DebugLeaf => Self::DebugLeaf,
        }
    }
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Show { project, json } => show(&project, json),
        Command::New { wanted, new_protection } => {
            let passphrase = wanted.passphrase()?;
            name_new(&wanted, |path| {
                key_files::generate(&Disk::real(), path, new_protection.protection(passphrase.as_ref()))
            })
        }
        Command::Import { file, its_passphrase_from, wanted, new_protection } => {
            let both = its_passphrase_from.iter().chain(&wanted.passphrase_from).map(PathBuf::as_path);
            passphrases::require_one_of_standard_input(both)?;
            let text = Secret::new(std::fs::read(&file).map_err(|error| Failure::file("reading", &file, error))?);
            let its = its_passphrase_from.as_deref().map(passphrases::read).transpose()?;
            let passphrase = wanted.passphrase()?;
            name_new(&wanted, |path| {
                key_files::import(
                    &Disk::real(),
                    path,
                    &text,
                    its.as_ref(),
                    new_protection.protection(passphrase.as_ref()),
                )
            })
        }
        Command::Renew(arguments) => super::renewal::run(&arguments),
        Command::Protect(wanted) => {
            let passphrase = wanted.passphrase()?.ok_or_else(no_passphrase)?;
            name_new(&wanted, |path| key_files::protect(&Disk::real(), path, &passphrase))
        }
        Command::ExportPublic { file, wanted } => {
            let draft = opened(&wanted)?;
            draft.export_public(&Disk::real(), wanted.role.into(), &file)?;
            say(format!("{} holds the public half", file.display()));
            Ok(())
        }
        Command::ExportClear { file, wanted } => {
            let draft = opened(&wanted)?;
            draft.export_clear(&Disk::real(), wanted.role.into(), &file)?;
            say(format!("{} holds the key in the clear", file.display()));
            Ok(())
        }
    }
}

fn show(folder: &Path, json: bool) -> Result<(), Failure> {
    let draft = opening::saved_draft(folder)?;
    let assessment = draft.assess(None);
    if json {
        let keys = assessment.keys.iter().map(|view| {
            json!({
                "role": view.key.role.to_string(),
                "file": view.key.path.to_string_lossy(),
                "fingerprint": view.key.fingerprint.to_string(),
                "sample": view.sample,
                "protected": view.key.protection != Protection::Clear,
                "used_in": view.used_in,
            })
        });
        return say_json(&keys.collect::<Vec<_>>());
    }
    if assessment.keys.is_empty()
        && let Some(error) = assessment.first_error()
    {
        return Err(Failure::new(error.to_string()).help(error.help.clone()));
    }
    for view in &assessment.keys {
        let protected = if view.key.protection == Protection::Clear { "in the clear" } else { "protected" };
        let sample = view.sample.map_or(String::new(), |name| format!(" · SAMPLE: {name}"));
        say(format!("{}: {} · {protected}{sample}", view.key.role, view.key.fingerprint));
        say(format!("    {}", view.key.path.display()));
        say(format!("    used in {}", view.used_in.join(", ")));
    }
    Ok(())
}

/// Makes a key with `make` and lets the configuration name it.
fn name_new(wanted: &Wanted, make: impl FnOnce(&Path) -> Result<NewKey, KeyFileError>) -> Result<(), Failure> {
    let mut draft = opening::saved_draft(&wanted.project)?;
    if draft.with_unsaved().unsaved() > 0 {
        return Err(Failure::new("edits of the window aren't saved")
            .help("save or undo them in the window first: this command changes a file that they may be for"));
    }
    let role = KeyRole::from(wanted.role);
    let Some((_, path)) = draft.key_place(role) else {
        return Err(opening::no_such_key(role));
    };
    let made = make(&path).map_err(|error| {
        let help = match error {
            KeyFileError::WouldLieOpen { .. } => "give it a passphrase (--passphrase-from), or say --in-clear",
            _ => error.help(),
        };
        Failure::new(error.to_string()).help(help)
    })?;
    draft.use_key(role, &made.private)?;
    if let Stored::ChangedOnDisk(path) = draft.save(&Disk::real())? {
        return Err(Failure::new(format!("{} was changed by another program meanwhile", path.display()))
            .help(format!("the key is {}; let the configuration name it", made.private.display())));
    }
    let lies = match key_files::look(&made.private).0 {
        key_files::Protection::Passphrase => "protected",
        _ => "in the clear",
    };
    say(format!("{role}: {} {} · {lies}", made.private.display(), made.fingerprint));
    for copy in &made.clear_copies {
        say(format!("still in the clear: {}; remove it when you no longer need it", copy.display()));
    }
    if role == KeyRole::DebugRoot {
        say("no certificate leads back to it yet: stirot-studio keys renew makes them");
    }
    // The same key in another file leaves what was made with it right, but an object that holds it open.
    say(match made.clear_copies.is_empty() {
        true => "objects and images made with the old key are stale: build them anew",
        false => "objects on the disk that hold the key lie there in the clear: check names them",
    });
    Ok(())
}

/// The project with the wanted key open, when a passphrase was given.
fn opened(wanted: &Wanted) -> Result<Draft, Failure> {
    let mut draft = opening::saved_draft(&wanted.project)?;
    let role = KeyRole::from(wanted.role);
    let Some((_, path)) = draft.key_place(role) else {
        return Err(opening::no_such_key(role));
    };
    if let Some(passphrase) = wanted.passphrase()? {
        draft.unlock(role, &path, &passphrase)?;
    }
    Ok(draft)
}

fn no_passphrase() -> Failure {
    Failure::new("a passphrase is needed").help("put it into a file and name it with --passphrase-from, or give `-`")
}
