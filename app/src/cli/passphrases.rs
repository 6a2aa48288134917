//! Passphrases that a command is given: from files or standard input, for all protected keys of a project or for one.
//! What they open is the business of `opening` and `keys`.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use formats::{Passphrase, Secret};
use project::KeyRole;

use super::Failure;
use super::keys::RoleArgument;

/// Where the passphrases of a project's protected keys are.
#[derive(Debug, Args)]
pub struct PassphraseArguments {
    /// File that holds the passphrase of the project's protected keys; `-` reads it from standard input. With a role in
    /// front, as in encryption=FILE, it is that key's alone; give one for each key that has its own
    #[arg(long, value_name = "[ROLE=]FILE")]
    passphrase_from: Vec<PathBuf>,
}

/// Passphrases by role.
pub(super) struct Passphrases {
    of_all: Option<Passphrase>,
    of_one: Vec<(KeyRole, Passphrase)>,
}

impl PassphraseArguments {
    /// Whether none is given.
    pub(super) const fn is_empty(&self) -> bool {
        self.passphrase_from.is_empty()
    }

    /// Reads them.
    pub(super) fn read(&self) -> Result<Passphrases, Failure> {
        let sources: Vec<_> = self.passphrase_from.iter().map(|source| split(source)).collect();
        require_one_of_standard_input(sources.iter().map(|(_, file)| *file))?;
        let mut passphrases = Passphrases { of_all: None, of_one: Vec::new() };
        for (role, file) in sources {
            let whose = role.map_or_else(|| "all keys".to_owned(), |role| format!("the {role} key"));
            let taken = match role {
                Some(role) => passphrases.names(role),
                None => passphrases.of_all.is_some(),
            };
            if taken {
                return Err(Failure::new(format!("two passphrases are given for {whose}"))
                    .help("put a role in front, as in --passphrase-from encryption=FILE"));
            }
            let passphrase = read(file)?;
            match role {
                Some(role) => passphrases.of_one.push((role, passphrase)),
                None => passphrases.of_all = Some(passphrase),
            }
        }
        Ok(passphrases)
    }
}

impl Passphrases {
    /// The one for a key: its own before that of all.
    pub(super) fn of(&self, role: KeyRole) -> Option<&Passphrase> {
        let own = self.of_one.iter().find(|(of, _)| *of == role).map(|(_, passphrase)| passphrase);
        own.or(self.of_all.as_ref())
    }

    /// Every one that was given, for keys of which no role is known.
    pub(super) fn each(&self) -> impl Iterator<Item = &Passphrase> {
        self.of_one.iter().map(|(_, passphrase)| passphrase).chain(&self.of_all)
    }

    /// Whether one was given for this key alone.
    pub(super) fn names(&self, role: KeyRole) -> bool {
        self.of_one.iter().any(|(of, _)| *of == role)
    }
}

/// Role and file of an argument. Without a role in front the whole is a file, whatever its name.
fn split(source: &Path) -> (Option<KeyRole>, &Path) {
    let role_and_file = source.to_str().and_then(|text| text.split_once('=')).and_then(|(role, file)| {
        let role = RoleArgument::from_str(role, false).ok()?;
        Some((KeyRole::from(role), Path::new(file)))
    });
    role_and_file.map_or((None, source), |(role, file)| (Some(role), file))
}

/// Refuses a second passphrase from standard input: the first reading takes all of it.
pub(super) fn require_one_of_standard_input<'a>(files: impl Iterator<Item = &'a Path>) -> Result<(), Failure> {
    if files.filter(|file| is_standard_input(file)).count() > 1 {
        return Err(Failure::new("standard input can give one passphrase, not two")
            .help("put one of them into a file and name it instead of `-`"));
    }
    Ok(())
}

fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}

/// A passphrase from a file or standard input, without the line end behind it.
pub(super) fn read(from: &Path) -> Result<Passphrase, Failure> {
    let mut text = Secret::new(String::with_capacity(4096));
    let read = if is_standard_input(from) {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(from).and_then(|mut file| file.read_to_string(&mut text))
    };
    read.map_err(|error| Failure::file("reading", from, error))?;
    let text = Secret::new(text.trim_end_matches(['\r', '\n']).to_owned());
    Passphrase::new(text).map_err(|error| Failure::new(error.to_string()))
}
