//! What the Keys view shows: the project's keys, and the chain from a key to the certificate. Public facts only: no
//! private byte and no passphrase has a place here.

use crate::model::configuration::Possible;

/// How a key lies on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// The private half lies there unencrypted.
    Clear,
    /// Encrypted, and the passphrase wasn't given yet.
    Protected,
    /// Encrypted; the passphrase was given in this session.
    Unlocked,
    /// The file isn't there, or can't be read.
    Missing,
}

/// What can be done with a key now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyActs {
    /// Make a new version.
    pub generate: Possible,
    /// Take a new version from a file.
    pub import: Possible,
    /// Write the public half into a file.
    pub export_public: Possible,
    /// Encrypt it at rest.
    pub protect: Possible,
    /// Open it for this session.
    pub unlock: Possible,
    /// Write it unencrypted.
    pub export_clear: Possible,
}

/// One version of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyVersion {
    /// The file's name.
    pub file: String,
    /// SHA-256 of X‖Y, 64 hex digits.
    pub fingerprint: String,
    /// Whose sample key it is; `None` for the person's own.
    pub sample: Option<String>,
    /// Whether this is the version that the configuration names.
    pub in_use: bool,
}

/// One key by its role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySheet {
    /// What it is for, such as `STiROT authentication`.
    pub role: String,
    /// The file's name.
    pub file: String,
    /// The file's whole path.
    pub path: String,
    /// SHA-256 of X‖Y, 64 hex digits; `None` when no public half could be read.
    pub fingerprint: Option<String>,
    /// Whose sample key it is; `None` for the person's own.
    pub sample: Option<String>,
    /// How it lies on disk.
    pub protection: Protection,
    /// What uses it, such as `STiROT_Config.obk`.
    pub used_in: Vec<String>,
    /// All versions, the newest first.
    pub versions: Vec<KeyVersion>,
    /// What can be done with it.
    pub acts: KeyActs,
}

/// What a node of the chain is; the kinds stand in the picture's order, left to right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChainKind {
    /// A key.
    Key,
    /// An object for the chip.
    Object,
    /// A signed image.
    Image,
    /// A slot in flash.
    Slot,
    /// Option bytes and product state.
    OptionBytes,
    /// A certificate or password file.
    Certificate,
}

/// One thing that has to belong to the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainNode {
    /// Its name for edges.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// A fact that tells it apart: a short fingerprint, a version, an address.
    pub detail: String,
    /// What it is.
    pub kind: ChainKind,
    /// Whose sample it is, or what in it is a sample; `None` when all of it is the person's own.
    pub sample: Option<String>,
}

/// Whether two things belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgeState {
    /// They do.
    Holds,
    /// One was made before the other changed.
    Stale,
    /// They don't.
    Broken,
    /// It can't be told.
    Unknown,
}

/// That one thing goes into another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEdge {
    /// The node it comes from.
    pub from: String,
    /// The node it goes into.
    pub to: String,
    /// Whether they belong together.
    pub state: EdgeState,
    /// What was compared, in a few words.
    pub text: String,
}

/// The first edge that doesn't hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenEdge {
    /// Its place in [`ChainSheet::edges`].
    pub edge: usize,
    /// Why, and what follows from it.
    pub explanation: String,
    /// What stands on the button that mends it; `None` when only a person can.
    pub mend: Option<String>,
}

/// Key, object, image, slot, option bytes, certificate, and whether they belong together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChainSheet {
    /// The things.
    pub nodes: Vec<ChainNode>,
    /// How they go into one another.
    pub edges: Vec<ChainEdge>,
    /// The first edge that doesn't hold.
    pub first_broken: Option<BrokenEdge>,
}

/// The file that a person chose in a dialog for a key to be taken from. Nothing is taken yet: the view's question shows
/// the path, and waits for the file's passphrase and a press.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenFile {
    /// The key's place in [`KeysSheet::keys`].
    pub key: usize,
    /// The file's path.
    pub path: String,
}

/// All that the Keys view shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeysSheet {
    /// The project's keys.
    pub keys: Vec<KeySheet>,
    /// What belongs together.
    pub chain: ChainSheet,
    /// The file chosen last; `None` before, and while a dialog is open.
    pub chosen: Option<ChosenFile>,
}
