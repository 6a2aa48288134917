//! The one error of this crate: which file, which field, which line, and what to do.
//!
//! `Display` says what is wrong and where, [`ProjectError::help`] what to do. No secret is ever named.

use std::io;
use std::path::PathBuf;

use formats::FormatError;

use crate::finding::Finding;
use crate::keys::KeyRole;

/// Why a project can't be opened, or its outputs can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProjectError {
    /// The folder is no project.
    #[error("{} is no project: there is no {}", folder.display(), missing.display())]
    NotAProject {
        /// The folder.
        folder: PathBuf,
        /// What a project has, below the folder.
        missing: PathBuf,
    },
    /// The folder holds a project of two boot stages.
    #[error("{} is a project of two boot stages, which the studio does not know yet", folder.display())]
    TwoStages {
        /// The folder.
        folder: PathBuf,
    },
    /// A file could not be read.
    #[error("{} can't be read: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file could not be written; the old one is as it was.
    #[error("{} can't be written: {source}", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The project file can't be understood.
    #[error("{}, line {line}: {problem}", path.display())]
    Settings {
        /// Which file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// The project file is of another version of the studio.
    #[error("{} has format {found}, this version of the studio knows {known}", path.display())]
    SettingsFormat {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The format that is known.
        known: i64,
    },
    /// A configuration file can't be understood, or a field of it means nothing.
    #[error("{}, {source}", path.display())]
    Configuration {
        /// Which file.
        path: PathBuf,
        /// Line, field and problem.
        source: FormatError,
    },
    /// A key file holds no usable key.
    #[error("{}, the {role} key: {source}", path.display())]
    Key {
        /// What the key is for.
        role: KeyRole,
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: FormatError,
    },
    /// A file of the project is another since the project was opened.
    #[error("{} was changed since the project was opened", path.display())]
    Changed {
        /// Which file.
        path: PathBuf,
    },
    /// Rules are broken; outputs were not made.
    #[error("outputs can't be made: {}", findings.iter().map(Finding::to_string).collect::<Vec<_>>().join("; "))]
    Rules {
        /// The findings that are errors.
        findings: Vec<Finding>,
    },
    /// The application could not be read.
    #[error("the application {} can't be read: {source}", path.display())]
    Application {
        /// Where the image's settings place it.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// An image was built and is not what it should be: a fault of the studio, or of the machine.
    #[error("{} was built wrongly and not saved: {because}", path.display())]
    BuiltWrong {
        /// Which output.
        path: PathBuf,
        /// Which check failed.
        because: String,
    },
    /// An output could not be built.
    #[error("{} can't be built: {source}", path.display())]
    Build {
        /// Which output.
        path: PathBuf,
        /// What is wrong.
        source: FormatError,
    },
}

impl ProjectError {
    /// What to do about it, in words for the person at the bench.
    pub fn help(&self) -> String {
        match self {
            Self::NotAProject { .. } => {
                "choose the folder that holds STiROT and DA, as ST's ROT_Provisioning does, or start from the sample".into()
            }
            Self::TwoStages { .. } => "choose a project in which STiROT manages the application itself".into(),
            Self::Read { .. } => "check that the file exists and that you may read it".into(),
            Self::Write { .. } => "check that the folder exists, is writable and has room; what was there is unchanged".into(),
            Self::Settings { .. } => {
                "mend the line: format, name, board, final_state (closed, locked), debug_authentication (certificate, password) and \
                 loader (builtin, or a path) are what it may say"
                    .into()
            }
            Self::SettingsFormat { .. } => "open it with a newer version of the studio, or write the file anew".into(),
            Self::Configuration { .. } => "correct it in this file; the sample project shows every file and field".into(),
            Self::Key { .. } => {
                "name a PEM file with a P-256 private key without a passphrase (`openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`)"
                    .into()
            }
            Self::Changed { .. } => "open the project again".into(),
            Self::Rules { findings } => findings.iter().map(|finding| finding.help.as_str()).collect::<Vec<_>>().join("\n"),
            Self::Application { .. } => {
                "build the application, or let “Firmware binary input file” of the image's settings name it".into()
            }
            Self::BuiltWrong { .. } => "please report this, with the project's settings but without its keys".into(),
            Self::Build { .. } => "mend what is named; nothing was written".into(),
        }
    }
}
