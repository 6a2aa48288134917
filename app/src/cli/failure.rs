//! What a command says when it was refused or failed: what happened, why, what to do.

use std::error::Error;

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
        Self { what: what.into(), help: None, cause: None }
    }

    /// What to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into()).filter(|help: &String| !help.is_empty());
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
        Self::new(format!("{doing} {} failed", path.display()))
            .help("check that the folder exists and that you may use it")
            .because(error)
    }
}

impl From<provision::ProvisionError> for Failure {
    fn from(error: provision::ProvisionError) -> Self {
        // The text of these errors names their causes already.
        Self::new(error.to_string()).help(error.help())
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
