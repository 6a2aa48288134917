//! The one error of this crate: which file, which field, which line, and what to do.
//!
//! `Display` says what is wrong and where, [`ProjectError::help`] what to do. No secret is ever named.

use std::io;
use std::path::PathBuf;

use formats::{CredentialProblem, FormatError, ImageProfile, KeyProblem, LayoutError};

use crate::binary::BinaryError;
use crate::finding::Finding;
use crate::flow::Flow;
use crate::key_files::KeyFileError;
use crate::keys::KeyRole;
use crate::saving::SavingError;

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
    /// The project follows a flow that can't do this yet.
    #[error("the project's flow is “{flow}”, which the studio configures but does not provision yet")]
    OtherFlow {
        /// The flow.
        flow: Flow,
    },
    /// The project's flow has no boot stage that takes such an image.
    #[error("the project's flow is “{flow}”, which has no {profile}")]
    NoImage {
        /// The flow.
        flow: Flow,
        /// What was asked for.
        profile: ImageProfile,
    },
    /// Something was asked that concerns another number of boot stages.
    #[error("the project has the flow “{flow}”; this concerns “{wanted}”")]
    Stages {
        /// The project's flow.
        flow: Flow,
        /// The flow that it would have to have.
        wanted: Flow,
    },
    /// The second stage's program has no layout inside that could be changed.
    #[error("{} has no layout inside: it isn't the studio's second stage", path.display())]
    NoLayout {
        /// The program.
        path: PathBuf,
    },
    /// A data image was to be added, and one is there already, or content that would be written over.
    #[error("the project has data already: {}", path.display())]
    DataThere {
        /// Their content.
        path: PathBuf,
    },
    /// A data image was to be left out, and there is none.
    #[error("the project has no data image")]
    NoData,
    /// The second stage's program has a layout that can't work, or would get one.
    #[error("{}: {problem}", path.display())]
    Layout {
        /// The program.
        path: PathBuf,
        /// Offset in the program, field and problem.
        problem: LayoutError,
    },
    /// A private key is needed whose file is protected, and its passphrase isn't known.
    #[error("{}, the {role} key, is protected by a passphrase", path.display())]
    Locked {
        /// What the key is for.
        role: KeyRole,
        /// Which file.
        path: PathBuf,
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
    /// Something else than an earlier image lies where an image would be written; it is as it was.
    #[error("there is a file already that is not an image: {}", path.display())]
    Taken {
        /// Which file.
        path: PathBuf,
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
    /// A key file isn't there.
    #[error("{}, the {role} key, is not there", path.display())]
    KeyMissing {
        /// What the key is for.
        role: KeyRole,
        /// Which file.
        path: PathBuf,
    },
    /// The project answers for its boards by a password.
    #[error("the project's way back is a password; it has no chain of certificates")]
    NoChain,
    /// There is no chain of debug certificates.
    #[error("{} is not there: nothing here can answer for a board", path.display())]
    ChainMissing {
        /// Where ST's layout has it.
        path: PathBuf,
    },
    /// The chain of debug certificates can't be read.
    #[error("{}: {source}", path.display())]
    Chain {
        /// Its file.
        path: PathBuf,
        /// Which certificate, and what is wrong.
        source: FormatError,
    },
    /// A board that is given the project's object would refuse the project's own credential.
    #[error("{}: {problem}", path.display())]
    Credential {
        /// The chain's file, or the one that states the password.
        path: PathBuf,
        /// Why the board would refuse it.
        problem: Box<CredentialProblem>,
    },
    /// Debug certificates could not be made.
    #[error("no certificates were made: {source}")]
    Issue {
        /// Which, and why.
        source: FormatError,
    },
    /// The loader's binary can't be understood.
    #[error("{}: {source}", path.as_ref().map_or_else(|| "the built-in iLoader".into(), |path| path.display().to_string()))]
    Loader {
        /// Which file; `None` for the one that the program brings.
        path: Option<PathBuf>,
        /// What is wrong with it.
        source: BinaryError,
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
    /// Edited files could not be saved, or a saving that was cut off could not be finished.
    #[error("{source}")]
    Saving {
        /// Which file, and what the operating system said.
        source: Box<SavingError>,
    },
    /// A key file could not be made or written.
    #[error("{source}")]
    KeyFile {
        /// Which, and why.
        source: Box<KeyFileError>,
    },
    /// The application could not be read.
    #[error("the application {} can't be read: {source}", path.display())]
    Application {
        /// Where the image's settings place it.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The application's file is no program.
    #[error("the application {}: {source}", path.display())]
    Program {
        /// Where the image's settings place it.
        path: PathBuf,
        /// What is wrong with it.
        source: BinaryError,
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
            Self::OtherFlow { .. } => "choose a flow with STiRoT, or use ST's scripts with the objects made here".into(),
            Self::NoImage { .. } => "choose another flow, or build the image with keys and sizes given by hand".into(),
            Self::Stages { flow: Flow::Stirot, .. } => {
                "add the second stage first (`stirot-studio project stages --add`)".into()
            }
            Self::Stages { flow: Flow::StirotOemurot, .. } => {
                "it has two boot stages already; `--application-runs` changes where the application runs, `--leave` goes back to one"
                    .into()
            }
            Self::Stages { .. } => "choose a project whose flow begins with STiRoT".into(),
            Self::NoLayout { .. } => {
                "where its application runs is compiled into it: change its sources, or take the studio's second stage from \
                 a new project"
                    .into()
            }
            Self::DataThere { .. } => {
                "put other content there for a newer data image; nothing is written over".into()
            }
            Self::NoData => "add one with `stirot-studio project stages --data FILE`".into(),
            Self::Layout { .. } => "take the second stage's program from its source again, or choose other places".into(),
            Self::Locked { .. } => "give its passphrase; it is kept in memory only, until the studio is closed".into(),
            Self::Read { .. } => "check that the file exists and that you may read it".into(),
            Self::Write { source, .. } if source.kind() == std::io::ErrorKind::AlreadyExists => {
                "the folder holds a project already, and nothing of it is written over; choose another folder".into()
            }
            Self::Write { .. } => "check that the folder exists, is writable and has room; what was there is unchanged".into(),
            Self::Taken { .. } => "choose another name, or remove it first".into(),
            Self::Settings { .. } => {
                "mend the line: format, name, board, flow (stirot, stirot_oemurot, oemirot, da), final_state (closed, locked), \
                 debug_authentication (certificate, password) and loader (builtin, or a path) are what it may say"
                    .into()
            }
            Self::SettingsFormat { .. } => "open it with a newer version of the studio, or write the file anew".into(),
            Self::Configuration { .. } => "correct it in this file; the sample project shows every file and field".into(),
            Self::Key { source: FormatError::Key(KeyProblem::WrongPassphrase), .. } => {
                "type the passphrase again; nobody can bring a lost one back, an older version of the key may be there".into()
            }
            Self::Key { .. } => {
                "name a PEM file with a P-256 private key, in the clear or under a passphrase, or make a new one \
                 (`stirot-studio keys new`)"
                    .into()
            }
            Self::Saving { source } => source.help().into(),
            Self::KeyFile { source } => source.help().into(),
            Self::KeyMissing { .. } => "make a new key, or let the configuration name the file that holds it".into(),
            Self::NoChain => "choose certificates as the way back first".into(),
            Self::ChainMissing { .. } => {
                "make certificates (`stirot-studio keys renew`), or copy the chain and its leaf key there".into()
            }
            Self::Chain { .. } => {
                "take the file from its source again, or make certificates anew (`stirot-studio keys renew`)".into()
            }
            Self::Credential { problem, .. } => problem.help().into(),
            Self::Issue { .. } => "mend what is named; nothing was written".into(),
            Self::Loader { .. } => "name the binary or the ELF file that the iLoader's project builds".into(),
            Self::Changed { .. } => "open the project again".into(),
            Self::Rules { findings } => findings.iter().map(|finding| finding.help.as_str()).collect::<Vec<_>>().join("\n"),
            Self::Application { .. } => {
                "build the application, or let “Firmware binary input file” of the image's settings name it".into()
            }
            Self::Program { source: source @ (BinaryError::LinkedElsewhere { .. } | BinaryError::Image), .. } => {
                source.help().into()
            }
            Self::Program { .. } => "name the binary, hex or ELF file that the application's project builds".into(),
            Self::BuiltWrong { .. } => "please report this, with the project's settings but without its keys".into(),
            Self::Build { .. } => "mend what is named; nothing was written".into(),
        }
    }
}
