//! What belongs together: key → object → image → slot → option bytes → certificate, each link with its state, computed
//! from the files themselves as they lie on the disk. Nothing is built here and nothing is remembered.

mod credentials;
mod flash;
mod image;
mod second_stage;
mod stage;

use std::fmt;
use std::path::PathBuf;

use formats::{Fingerprint, is_sample};

use crate::finding::Remedy;
use crate::keys::KeyRole;
use crate::outputs::ObjectRole;
use crate::project::Project;
use crate::rules::BoardFacts;
use crate::settings::TargetState;

/// The parts of a project and what ties them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Belonging {
    /// The parts, in the order of the chain.
    pub parts: Vec<Part>,
    /// The links, in the order in which they are to be mended.
    pub links: Vec<Link>,
}

/// Something that has to fit something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub id: PartId,
    /// What it is called.
    pub name: String,
    /// What tells it from another of its kind: a fingerprint, a version, an address.
    pub detail: String,
    /// Its file, where it has one.
    pub path: Option<PathBuf>,
    /// Under which name everybody has its key, if everybody does.
    pub sample: Option<&'static str>,
}

/// Which part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartId {
    /// A key.
    Key(KeyRole),
    /// The xml of an object.
    Configuration(ObjectRole),
    /// An object for the option-byte keys.
    Object(ObjectRole),
    /// The program that STiRoT starts: the application, or of two boot stages the second stage.
    Application,
    /// Its image.
    Image,
    /// The slot that the image is written to.
    Slot,
    /// The application that a second stage starts.
    SecondApplication,
    /// Its image.
    SecondImage,
    /// The slot that the image is written to.
    SecondSlot,
    /// The data that a second stage installs beside the application.
    Data,
    /// Their image.
    DataImage,
    /// The slot that the image is written to.
    DataSlot,
    /// The iLoader.
    Loader,
    /// The option bytes that the project asks for.
    OptionBytes,
    /// The chain of debug certificates.
    Certificate,
    /// The leaf key, which answers the board's challenge.
    LeafKey,
    /// The file with the password of a regression.
    PasswordFile,
}

/// The part's kind, as other programs are told it.
impl fmt::Display for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(role) => write!(f, "{role} key"),
            Self::Configuration(role) => write!(f, "configuration of {role}"),
            Self::Object(role) => write!(f, "object {role}"),
            Self::Application => f.write_str("application"),
            Self::Image => f.write_str("image"),
            Self::Slot => f.write_str("slot"),
            Self::SecondApplication => f.write_str("application of the second stage"),
            Self::SecondImage => f.write_str("image of the application"),
            Self::SecondSlot => f.write_str("slot of the application"),
            Self::Data => f.write_str("data"),
            Self::DataImage => f.write_str("image of the data"),
            Self::DataSlot => f.write_str("slot of the data"),
            Self::Loader => f.write_str("iLoader"),
            Self::OptionBytes => f.write_str("option bytes"),
            Self::Certificate => f.write_str("certificate chain"),
            Self::LeafKey => f.write_str("leaf key"),
            Self::PasswordFile => f.write_str("password file"),
        }
    }
}

/// A tie between two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The part that is given.
    pub from: PartId,
    /// The part that has to fit it.
    pub to: PartId,
    /// Whether it does.
    pub state: LinkState,
    /// What was seen, in a sentence.
    pub text: String,
    /// What mends it.
    pub remedy: Option<Remedy>,
}

/// Whether two parts fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkState {
    /// They do.
    Holds,
    /// The second part is missing, or was made from another state of the first; building it anew mends that.
    Stale,
    /// They can't work together.
    Broken,
    /// It couldn't be told; the text says why.
    Unknown,
}

impl LinkState {
    /// The state in a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Stale => "stale",
            Self::Broken => "broken",
            Self::Unknown => "unknown",
        }
    }
}

impl Belonging {
    /// The first link that doesn't hold: the one to mend before the others. What isn't known doesn't count.
    pub fn first_broken(&self) -> Option<&Link> {
        self.links.iter().find(|link| matches!(link.state, LinkState::Stale | LinkState::Broken))
    }

    /// The link between two parts.
    pub fn link(&self, from: PartId, to: PartId) -> Option<&Link> {
        self.links.iter().find(|link| link.from == from && link.to == to)
    }

    /// The part of an id.
    pub fn part(&self, id: PartId) -> Option<&Part> {
        self.parts.iter().find(|part| part.id == id)
    }

    fn add_part(&mut self, id: PartId, name: impl Into<String>, detail: impl Into<String>, path: Option<PathBuf>) {
        self.parts.push(Part { id, name: name.into(), detail: detail.into(), path, sample: None });
    }

    /// Says of the part that was added last whose key it is or leads to.
    fn mark(&mut self, key: &Fingerprint) {
        if let Some(part) = self.parts.last_mut() {
            part.sample = is_sample(key);
        }
    }

    fn add(&mut self, from: PartId, to: PartId, seen: Seen) {
        let Seen { state, text, remedy } = seen;
        self.links.push(Link { from, to, state, text, remedy });
    }
}

/// What was seen of one link.
#[derive(Clone)]
struct Seen {
    state: LinkState,
    text: String,
    remedy: Option<Remedy>,
}

impl Seen {
    fn holds(text: impl Into<String>) -> Self {
        Self { state: LinkState::Holds, text: text.into(), remedy: None }
    }

    /// Out of date: building mends it.
    fn stale(text: impl Into<String>) -> Self {
        Self { state: LinkState::Stale, text: text.into(), remedy: Some(Remedy::Build) }
    }

    fn broken(text: impl Into<String>, remedy: Option<Remedy>) -> Self {
        Self { state: LinkState::Broken, text: text.into(), remedy }
    }

    fn unknown(text: impl Into<String>) -> Self {
        Self { state: LinkState::Unknown, text: text.into(), remedy: None }
    }
}

/// The parts of an opened project and their links.
pub(crate) fn belonging(project: &Project, target: TargetState, board: Option<&BoardFacts>) -> Belonging {
    let mut whole = Belonging::default();
    stage::add(&mut whole, project, target);
    image::add(&mut whole, project);
    second_stage::add(&mut whole, project);
    flash::add(&mut whole, project, board);
    credentials::add(&mut whole, project, target);
    whole
}

/// A path's last part.
fn file_name(path: &std::path::Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
