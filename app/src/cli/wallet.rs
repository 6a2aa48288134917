//! `stirot-studio wallet`: the credentials that boards were closed with. A private part is never printed, and exported only
//! where a person asks for it.

use std::path::{Path, PathBuf};

use chip::option_bytes::DebugAuthentication;
use clap::{Args, Subcommand, ValueEnum};
use formats::{DebugCredential, Passphrase, Permissions, is_sample};
use project::wallet::Import;
use project::{Wallet, WalletEntry, WalletError, uid_from_text};
use serde_json::{Value, json};

use super::passphrases::{self, PassphraseArguments};
use super::{Failure, opening, printable, say, say_json, tell};

/// What to do with the wallet.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List what is kept, newest first of each board
    List {
        /// Of one board only: its unique id, 24 hexadecimal digits
        #[arg(long, value_name = "UID")]
        uid: Option<String>,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one entry: method, keys, what it permits, where it lies
    Show {
        #[command(flatten)]
        wanted: Wanted,
        /// Print as JSON
        #[arg(long)]
        json: bool,
    },
    /// Write an entry into a folder in ST's layout, in the clear, for STM32CubeProgrammer
    #[command(
        after_help = "Nothing that exists is written over. The folder then opens the board for whoever has it.\n\
                            Example: stirot-studio wallet export way-back --uid 0123456789ABCDEF01234567"
    )]
    Export {
        /// Folder; made when it does not exist
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        #[command(flatten)]
        wanted: Wanted,
    },
    /// Keep a project's credential for a board
    Add {
        #[command(flatten)]
        board: Board,
        /// Project folder
        #[arg(long, value_name = "DIR")]
        project: PathBuf,
        #[command(flatten)]
        passphrases: PassphraseArguments,
        #[command(flatten)]
        keep: Keep,
    },
    /// Keep a credential from a folder in ST's layout: DA with leaf key, chain and object, or with password.bin
    Import {
        /// Folder that holds DA
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        #[command(flatten)]
        board: Board,
        /// Which of two credentials (default: the certificate, where there is one)
        #[arg(long, value_enum)]
        method: Option<MethodArgument>,
        /// File that holds the passphrase of the leaf key; `-` reads it from standard input
        #[arg(long, value_name = "FILE")]
        its_passphrase_from: Option<PathBuf>,
        #[command(flatten)]
        keep: Keep,
    },
}

/// Which entry.
#[derive(Debug, Args)]
pub struct Wanted {
    /// The board's unique id, 24 hexadecimal digits
    #[arg(long, value_name = "UID")]
    uid: String,
    /// Which version (default: the newest)
    #[arg(long, value_name = "N")]
    version: Option<u32>,
    /// File that holds the entry's passphrase; `-` reads it from standard input
    #[arg(long, value_name = "FILE")]
    passphrase_from: Option<PathBuf>,
}

/// Which board.
#[derive(Debug, Args)]
pub struct Board {
    /// The board's unique id, 24 hexadecimal digits
    #[arg(long, value_name = "UID")]
    uid: String,
    /// What the board is called
    #[arg(long, value_name = "NAME", default_value = "")]
    board_name: String,
}

/// How it is to lie in the wallet.
#[derive(Debug, Args)]
pub struct Keep {
    /// File that holds the passphrase to keep it under (default: a protected key stays under its own); `-` reads it from
    /// standard input
    #[arg(long, value_name = "FILE")]
    keep_under: Option<PathBuf>,
}

/// A way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MethodArgument {
    /// Chain and leaf key
    Certificate,
    /// Password
    Password,
}

pub(super) fn run(command: Command) -> Result<(), Failure> {
    let wallet = Wallet::of_user();
    match command {
        Command::List { uid, json } => list(&wallet, uid.as_deref(), json),
        Command::Show { wanted, json } => show(&wallet, &wanted, json),
        Command::Export { folder, wanted } => {
            let (entry, passphrase) = (wanted.entry(&wallet)?, wanted.passphrase()?);
            for path in wallet.export(&entry, passphrase.as_ref(), &folder)? {
                say(path.display());
            }
            tell("the private part lies there in the clear: whoever has the folder opens the board");
            Ok(())
        }
        Command::Add { board, project, passphrases, keep } => {
            let uid = unique_id(&board.uid)?;
            let project = opening::project_to_build(&project, &passphrases)?;
            let under = keep.passphrase()?;
            told(&wallet.keep_of_project(uid, &board.board_name, &project, under.as_ref())?);
            Ok(())
        }
        Command::Import { folder, board, method, its_passphrase_from, keep } => {
            let both = its_passphrase_from.iter().chain(&keep.keep_under).map(PathBuf::as_path);
            passphrases::require_one_of_standard_input(both)?;
            let its = its_passphrase_from.as_deref().map(passphrases::read).transpose()?;
            let under = keep.passphrase()?;
            let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let import = Import {
                uid: unique_id(&board.uid)?,
                board_name: &board.board_name,
                project: &name,
                folder: &folder,
                method: method.map(|method| match method {
                    MethodArgument::Certificate => DebugAuthentication::Certificate,
                    MethodArgument::Password => DebugAuthentication::Password,
                }),
                its_passphrase: its.as_ref(),
                passphrase: under.as_ref(),
            };
            told(&wallet.import(&import)?);
            Ok(())
        }
    }
}

impl Keep {
    fn passphrase(&self) -> Result<Option<Passphrase>, Failure> {
        self.keep_under.as_deref().map(passphrases::read).transpose()
    }
}

impl Wanted {
    fn passphrase(&self) -> Result<Option<Passphrase>, Failure> {
        self.passphrase_from.as_deref().map(passphrases::read).transpose()
    }

    fn entry(&self, wallet: &Wallet) -> Result<WalletEntry, Failure> {
        let uid = unique_id(&self.uid)?;
        let found = wallet.for_board(uid)?.into_iter();
        let wanted = found.into_iter().find(|entry| self.version.is_none_or(|version| entry.version == version));
        wanted.ok_or_else(|| {
            complain_of(wallet);
            let which = self.version.map_or_else(String::new, |version| format!(" of version {version}"));
            Failure::new(format!("the wallet holds nothing{which} for the board {}", self.uid))
                .help("`stirot-studio wallet list` shows what it holds; `wallet add` keeps a project's credential")
        })
    }
}

fn unique_id(text: &str) -> Result<[u8; 12], Failure> {
    uid_from_text(text).map_err(|problem| Failure::new(problem).help("`stirot-studio board show` tells it"))
}

fn told(entry: &WalletEntry) {
    say(format!("{} · {}", line(entry), entry.folder.display()));
}

fn list(wallet: &Wallet, uid: Option<&str>, json: bool) -> Result<(), Failure> {
    let entries = match uid {
        Some(uid) => wallet.for_board(unique_id(uid)?)?,
        None => wallet.entries()?,
    };
    if json {
        let damaged: Vec<_> = wallet
            .damaged()?
            .iter()
            .map(|error| json!({ "problem": error.to_string(), "help": error.help() }))
            .collect();
        return say_json(&json!({
            "folder": wallet.folder().to_string_lossy(),
            "entries": entries.iter().map(facts).collect::<Vec<_>>(),
            "damaged": damaged,
        }));
    }
    for entry in &entries {
        say(line(entry));
    }
    if entries.is_empty() {
        say(format!("nothing is kept in {}", wallet.folder().display()));
    }
    complain_of(wallet);
    Ok(())
}

/// What can't be read hides nothing, and isn't hidden.
fn complain_of(wallet: &Wallet) {
    for error in wallet.damaged().unwrap_or_else(|error| vec![error]) {
        tell(format!("{}; {}", printable(&error.to_string()), printable(&error.help())));
    }
}

fn show(wallet: &Wallet, wanted: &Wanted, json: bool) -> Result<(), Failure> {
    let entry = wanted.entry(wallet)?;
    let passphrase = wanted.passphrase()?;
    let permits = permissions(wallet, &entry, passphrase.as_ref())?;
    if json {
        let mut facts = facts(&entry);
        if let (Value::Object(facts), Some(permits)) = (&mut facts, permits) {
            facts.insert("permits".into(), json!(permits.to_string()));
            facts.insert("mask".into(), json!(permits.hex()));
        }
        return say_json(&facts);
    }
    say(line(&entry));
    say(format!("project: {}", printable(&entry.project)));
    for (name, key) in [("root", entry.root), ("leaf", entry.leaf)] {
        if let Some(key) = key {
            let sample = is_sample(&key).map_or_else(String::new, |name| format!(" · SAMPLE: {name}"));
            say(format!("{name}: {key}{sample}"));
        }
    }
    say(match permits {
        Some(permits) => format!("permits {permits}"),
        None => "what it permits is told with its passphrase".to_owned(),
    });
    say(format!("kept: {}", utc(entry.kept_at)));
    say(entry.folder.display());
    Ok(())
}

/// What a board that was given the entry's object permits with it; `None` while the entry is locked.
fn permissions(
    wallet: &Wallet,
    entry: &WalletEntry,
    passphrase: Option<&Passphrase>,
) -> Result<Option<Permissions>, Failure> {
    let opened = |passphrase| -> Result<(DebugCredential, _), WalletError> {
        Ok((wallet.open(entry, passphrase)?, wallet.object(entry, passphrase)?))
    };
    match opened(passphrase) {
        Ok((credential, object)) => credential
            .against(&object)
            .map(Some)
            .map_err(|problem| Failure::new(problem.to_string()).help(problem.help())),
        Err(WalletError::Locked { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn method(entry: &WalletEntry) -> &'static str {
    if entry.leaf.is_some() { "certificate" } else { "password" }
}

fn line(entry: &WalletEntry) -> String {
    let name = match entry.board_name.as_str() {
        "" => String::new(),
        name => format!(" {}", printable(name)),
    };
    let leaf = entry.leaf.map_or_else(String::new, |leaf| format!(" {}", leaf.short()));
    let lies = if entry.protected { "protected" } else { "in the clear" };
    format!("{}{name} v{}: {}{leaf} · {lies}", entry.uid_text(), entry.version, method(entry))
}

fn facts(entry: &WalletEntry) -> Value {
    let folder: &Path = &entry.folder;
    json!({
        "uid": entry.uid_text(),
        "board": entry.board_name,
        "project": entry.project,
        "version": entry.version,
        "method": method(entry),
        "root": entry.root.map(|root| root.to_string()),
        "leaf": entry.leaf.map(|leaf| leaf.to_string()),
        "protected": entry.protected,
        "kept_at": entry.kept_at,
        "folder": folder.to_string_lossy(),
    })
}

/// A time as a date and hour, in UTC.
fn utc(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "at no time".into(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}
