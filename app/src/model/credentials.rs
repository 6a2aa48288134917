//! What the Keys view shows beside the keys: the form that makes debug certificates, and the wallet. Public facts only:
//! no private byte, no password and no passphrase has a place here; a passphrase goes the other way, inside an intent.

mod making;

use std::path::PathBuf;

use super::configuration::{Possible, TypedText};
pub use making::{ChainPlace, Granted, MakingForm, PerPlace, Restriction, restriction_of};

/// What of the Keys view is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeysSection {
    /// The project's keys, and what belongs together.
    #[default]
    Keys,
    /// Making debug certificates.
    Certificates,
    /// Credentials kept for boards.
    Wallet,
}

impl KeysSection {
    /// All of them, in their order.
    pub const ALL: [Self; 3] = [Self::Keys, Self::Certificates, Self::Wallet];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keys => "Keys",
            Self::Certificates => "Certificates",
            Self::Wallet => "Wallet",
        }
    }
}

/// The key of a place as it lies on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChainKey {
    /// The file's name.
    pub file: String,
    /// SHA-256 of X‖Y, 64 hex digits; `None` when there is no key.
    pub fingerprint: Option<String>,
    /// Whose sample key it is; `None` for the person's own.
    pub sample: Option<String>,
    /// Whether its file needs a passphrase that wasn't given yet.
    pub locked: bool,
    /// Whether its file is encrypted.
    pub protected: bool,
}

/// What is found out of a project's files for the form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MakingFacts {
    /// The keys that are there.
    pub keys: PerPlace<ChainKey>,
    /// What the project's debug-authentication object permits; `None` when it can't be made.
    pub object: Option<u128>,
    /// What the present chain says, as a form has it; `None` when there is none that could be read.
    pub present: Option<MakingForm>,
    /// Why this project makes no certificates; `None` when it does.
    pub no_certificates: Option<String>,
}

/// All that the form for certificates shows beside what is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MakingSheet {
    /// The keys that are there.
    pub keys: PerPlace<ChainKey>,
    /// What the project's debug-authentication object permits; `None` when there is none to be made.
    pub object: Option<u128>,
    /// Whether the certificates can be made now.
    pub make: Possible,
    /// What a person should know before: consequences, not refusals.
    pub remarks: Vec<String>,
    /// The connected board's name and its identifier as a certificate names it, when it was read.
    pub board: Option<(String, String)>,
    /// Why this project makes no certificates; `None` when it does.
    pub no_certificates: Option<String>,
}

/// What was made, to be shown after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeSheet {
    /// The files, each with what it is.
    pub files: Vec<(PathBuf, String)>,
    /// What stands in the chain now, in words.
    pub permits: String,
    /// What is to be done next, when something is.
    pub next: Option<String>,
}

/// A credential kept for a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletCard {
    /// Its place among the wallet's entries as they were read.
    pub index: usize,
    /// Its version, counted for each board.
    pub version: u32,
    /// What kind it is: certificate or password.
    pub method: String,
    /// The project it came from.
    pub project: String,
    /// When it was kept, in local time.
    pub kept: String,
    /// Fingerprint of the leaf key, 64 hex digits; `None` for a password.
    pub leaf: Option<String>,
    /// Fingerprint of the root key, 64 hex digits; `None` for a password.
    pub root: Option<String>,
    /// Whose sample its keys are; `None` for the person's own, and for a password.
    pub sample: Option<String>,
    /// Whether a passphrase protects it.
    pub protected: bool,
    /// Where it lies.
    pub folder: PathBuf,
}

/// The credentials of one board, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletBoard {
    /// The board's name when the newest of them was kept.
    pub name: String,
    /// Its unique identifier, 24 hex digits.
    pub uid: String,
    /// Its credentials.
    pub cards: Vec<WalletCard>,
}

/// What the wallet holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wallet {
    /// Board by board; `None` before it was read.
    pub boards: Option<Vec<WalletBoard>>,
    /// What lies there and can't be read, each in a sentence.
    pub damaged: Vec<String>,
    /// The folder that was chosen in a dialog for an entry to be exported to. Nothing is written yet: the view's question
    /// shows it, and waits for a press.
    pub chosen: Option<(usize, PathBuf)>,
}

/// All of it that the window keeps.
#[derive(Debug, Default)]
pub struct Credentials {
    /// What of the Keys view is shown.
    pub section: KeysSection,
    /// The form as filled in; `None` before it was opened for the project.
    pub form: Option<MakingForm>,
    /// What the form shows besides.
    pub making: Option<MakingSheet>,
    /// What was made last.
    pub made: Option<MadeSheet>,
    /// The wallet.
    pub wallet: Wallet,
}

/// What a person wants of certificates and of the wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialsIntent {
    /// Show a section of the Keys view.
    Show(KeysSection),
    /// Give a certificate a new key, or let it keep the present one.
    Renew(ChainPlace, Granted),
    /// Let a certificate permit a bit, or not.
    Permit(ChainPlace, u8, Granted),
    /// Type a restriction of the leaf.
    Restrict(Restriction, String),
    /// Begin the form anew.
    ResetForm,
    /// Make the certificates, all or none; with the passphrase of the project's chain keys, empty where they have none.
    Make(TypedText),
    /// Put what was made out of sight.
    CloseMade,
    /// Read the wallet.
    ReadWallet,
    /// Choose the folder that an entry is exported to.
    ChooseExport(usize),
    /// Export an entry to a folder, its private part in the clear; with its passphrase where it has one.
    Export(usize, PathBuf, TypedText),
    /// Bring the connected board back to OPEN with an entry; with its passphrase where it has one.
    Regress(usize, TypedText),
    /// Keep this project's credential for the connected board, under a passphrase unless that is empty.
    Keep(TypedText),
}
