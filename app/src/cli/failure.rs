//! What a command says when it was refused or failed: what happened, why, what to do.

use std::error::Error;
use std::io::ErrorKind;

use formats::{FormatError, KeyProblem};
use miette::Diagnostic;

/// A refusal or failure of a command.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{what}")]
pub struct Failure {
    what: String,
    #[help]
    help: Option<String>,
    #[source]
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// What happened, and where.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: printable_lines(&what.into()), help: None, cause: None }
    }

    /// What to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(printable_lines(&help.into())).filter(|help| !help.is_empty());
        self
    }

    /// What was behind it.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// A file could not be read or written.
    pub(crate) fn file(doing: &str, path: &std::path::Path, error: std::io::Error) -> Self {
        let help = match error.kind() {
            ErrorKind::NotFound if doing == "reading" => "check the name; there is no such file",
            ErrorKind::IsADirectory => "give a file; this is a folder",
            _ => "check that the folder exists and that you may use it",
        };
        Self::new(format!("{doing} {} failed", path.display())).help(help).because(error)
    }
}

/// What to do about a key that could not be read; `option` is where its passphrase goes.
pub(crate) fn key_help(error: &FormatError, option: &str) -> String {
    match error {
        FormatError::Key(KeyProblem::Passphrase | KeyProblem::WrongPassphrase) => {
            format!("a protected key needs its passphrase: {option}")
        }
        _ => {
            "make one with: openssl ecparam -name prime256v1 -genkey -noout -out KEY; or take the file from its source \
              again"
                .to_owned()
        }
    }
}

/// Names of files come from anywhere: of what they hold, only line ends reach a terminal as they are.
pub(super) fn printable_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(super::printable).collect();
    lines.join("\n")
}

impl From<provision::ProvisionError> for Failure {
    fn from(error: provision::ProvisionError) -> Self {
        if let provision::ProvisionError::Project(error) = error {
            return error.into();
        }
        // The text of these errors names their causes already.
        Self::new(error.to_string()).help(error.help())
    }
}

impl From<project::WalletError> for Failure {
    fn from(error: project::WalletError) -> Self {
        match error {
            project::WalletError::Project { source } => (*source).into(),
            error => Self::new(error.to_string()).help(error.help()),
        }
    }
}

impl From<project::ProjectError> for Failure {
    fn from(error: project::ProjectError) -> Self {
        let help = match &error {
            project::ProjectError::Locked { .. } => "give its passphrase: --passphrase-from FILE".to_owned(),
            other => other.help(),
        };
        Self::new(error.to_string()).help(help)
    }
}
