//! An entry of the wallet as it lies on the disk: a folder of one version, the public facts in `entry.toml`, the
//! credential in the files that ST's tools take. What is read here is checked against the facts beside it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use chip::option_bytes::DebugAuthentication;
use formats::certificate::CertificateChain;
use formats::da::{Password, password_object};
use formats::{DebugCredential, Fingerprint, KeyFile, ObkFile, Passphrase, Secret};
use serde::{Deserialize, Serialize};

use super::WalletError;

/// The public facts.
pub(super) const FACTS: &str = "entry.toml";
/// The chain, as ST's tools read it.
pub(super) const CHAIN: &str = "cert_leaf_chain.b64";
/// The leaf key, in the clear or under a passphrase.
pub(super) const KEY: &str = "key_3_leaf.pem";
/// The object that the board was given.
pub(super) const OBJECT: &str = "DA_Config.obk";
/// The password in the clear, as ST's tools read it.
pub(super) const PASSWORD: &str = "password.bin";
/// The password under a passphrase.
pub(super) const PROTECTED_PASSWORD: &str = "password.pem";

/// The layout of `entry.toml` that this version writes.
const FORMAT: i64 = 1;

/// A credential in the wallet, by its public facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletEntry {
    /// The board's unique id, as its bytes are read.
    pub uid: [u8; 12],
    /// What the board was called.
    pub board_name: String,
    /// What the project was called.
    pub project: String,
    /// Number among the credentials of this board, from 1 on.
    pub version: u32,
    /// By certificate or by password.
    pub method: DebugAuthentication,
    /// The leaf key; `None` of a password.
    pub leaf: Option<Fingerprint>,
    /// The root key that the board trusts; `None` of a password.
    pub root: Option<Fingerprint>,
    /// When it was kept, in seconds since 1970.
    pub kept_at: u64,
    /// Whether its private part needs a passphrase.
    pub protected: bool,
    /// Where it lies.
    pub folder: PathBuf,
}

/// The facts as they are written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: i64,
    uid: String,
    board: String,
    project: String,
    method: Method,
    root: Option<String>,
    leaf: Option<String>,
    protected: bool,
    kept_at: u64,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Method {
    Certificate,
    Password,
}

impl WalletEntry {
    /// The board's unique id in hexadecimal, as the studio shows it: the name of the board's folder.
    pub fn uid_text(&self) -> String {
        uid_text(&self.uid)
    }

    /// The text of its facts.
    pub(super) fn facts(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(&Written {
            format: FORMAT,
            uid: self.uid_text(),
            board: self.board_name.clone(),
            project: self.project.clone(),
            method: if self.leaf.is_some() { Method::Certificate } else { Method::Password },
            root: self.root.map(|root| root.to_string()),
            leaf: self.leaf.map(|leaf| leaf.to_string()),
            protected: self.protected,
            kept_at: self.kept_at,
        })
    }

    /// Reads the entry in `folder`, whose place says whose and which version it is. Everything that can be checked
    /// without a passphrase is.
    ///
    /// # Errors
    /// Which file can't be read or isn't what the facts say.
    pub(super) fn read(folder: &Path, uid: [u8; 12], version: u32) -> Result<Self, WalletError> {
        let path = folder.join(FACTS);
        let text = read(&path)?;
        let damaged = |problem: String| WalletError::Damaged { path: path.clone(), problem };
        let text = std::str::from_utf8(&text).map_err(|_| damaged("it is no text".into()))?;
        let table: toml::Table =
            toml::from_str(text).map_err(|error| damaged(format!("it can't be understood: {}", error.message())))?;
        match table.get("format").and_then(toml::Value::as_integer) {
            Some(FORMAT) => {}
            found => {
                let found = found.map_or_else(|| "none".into(), |found| found.to_string());
                return Err(damaged(format!("it has format {found}, this version of the studio knows {FORMAT}")));
            }
        }
        let written: Written = toml::from_str(text).map_err(|error| damaged(error.message().to_owned()))?;
        if written.uid != uid_text(&uid) {
            return Err(damaged(format!("it is of the board {}", written.uid)));
        }
        let key = |name: &str, text: &Option<String>| match text.as_deref().map(fingerprint) {
            Some(None) => Err(damaged(format!("{name} is no fingerprint"))),
            Some(Some(key)) => Ok(Some(key)),
            None => Ok(None),
        };
        let (root, leaf) = (key("root", &written.root)?, key("leaf", &written.leaf)?);
        let method = match written.method {
            Method::Certificate if root.is_some() && leaf.is_some() => DebugAuthentication::Certificate,
            Method::Password if root.is_none() && leaf.is_none() => DebugAuthentication::Password,
            _ => return Err(damaged("its fingerprints don't fit its method".into())),
        };
        let entry = Self {
            uid,
            board_name: written.board,
            project: written.project,
            version,
            method,
            leaf,
            root,
            kept_at: written.kept_at,
            protected: written.protected,
            folder: folder.to_owned(),
        };
        match entry.credential(None) {
            Ok(_) => Ok(entry),
            Err(WalletError::Locked { .. }) if entry.protected => Ok(entry),
            Err(WalletError::Secret { path, source }) => {
                Err(WalletError::Damaged { path, problem: source.to_string() })
            }
            Err(error) => Err(error),
        }
    }

    /// The credential.
    ///
    /// # Errors
    /// When the passphrase is missing or another, or a file isn't what the facts say.
    pub(super) fn credential(&self, passphrase: Option<&Passphrase>) -> Result<DebugCredential, WalletError> {
        let Some(leaf) = self.leaf else {
            return self.password(passphrase).map(DebugCredential::Password);
        };
        let path = self.folder.join(CHAIN);
        let damaged = |path: &Path, problem: String| WalletError::Damaged { path: path.to_owned(), problem };
        let chain = CertificateChain::decode(&read(&path)?).map_err(|error| damaged(&path, error.to_string()))?;
        let report = chain.verify();
        if (report.root, report.answering) != (self.root, Some(leaf)) {
            return Err(damaged(&path, "it does not lead from the root to the leaf that the entry names".into()));
        }
        self.object(None)?;
        let path = self.folder.join(KEY);
        let text = read(&path)?;
        if KeyFile::is_protected(&text) != self.protected {
            return Err(damaged(&path, "it is not protected as the entry says".into()));
        }
        if self.protected && passphrase.is_none() {
            return Err(WalletError::Locked { path });
        }
        match KeyFile::from_pem_with(&text, passphrase) {
            Ok(KeyFile::Private(key)) if key.public().fingerprint() == leaf => {
                Ok(DebugCredential::Certificate { chain, key })
            }
            Ok(_) => Err(damaged(&path, "it is not the private key of the leaf certificate".into())),
            Err(source) => Err(WalletError::Secret { path, source }),
        }
    }

    fn password(&self, passphrase: Option<&Passphrase>) -> Result<Password, WalletError> {
        let path = self.folder.join(if self.protected { PROTECTED_PASSWORD } else { PASSWORD });
        let file = read(&path)?;
        if Password::is_protected(&file) != self.protected {
            let problem = "it is not a password protected as the entry says".into();
            return Err(WalletError::Damaged { path, problem });
        }
        let opened = match (self.protected, passphrase) {
            (false, _) => Password::from_file(&file),
            (true, None) => return Err(WalletError::Locked { path }),
            (true, Some(passphrase)) => Password::from_protected_pem(&file, passphrase),
        };
        opened.map_err(|source| WalletError::Secret { path, source })
    }

    /// The debug-authentication object that the board was given: it has to be stored again before anything can be proved
    /// to a board in PROVISIONING that has lost it.
    ///
    /// # Errors
    /// As [`Self::credential`]; of a certificate no passphrase is needed.
    pub(super) fn object(&self, passphrase: Option<&Passphrase>) -> Result<ObkFile, WalletError> {
        if self.leaf.is_none() {
            return self.password(passphrase).map(|password| password_object(&password));
        }
        let path = self.folder.join(OBJECT);
        let damaged = |problem: String| WalletError::Damaged { path: path.clone(), problem };
        let object = ObkFile::decode(&read(&path)?).map_err(|error| damaged(error.to_string()))?;
        match formats::da::read_certificate_object(&object) {
            Ok((root, _)) if Some(root) == self.root => Ok(object),
            Ok(_) => Err(damaged("it trusts another root than the entry names".into())),
            Err(error) => Err(damaged(error.to_string())),
        }
    }
}

pub(super) fn read(path: &Path) -> Result<Secret<Vec<u8>>, WalletError> {
    fs::read(path).map(Secret::new).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => {
            WalletError::Damaged { path: path.to_owned(), problem: "it isn't there".into() }
        }
        _ => WalletError::Read { path: path.to_owned(), source },
    })
}

pub(super) fn uid_text(uid: &[u8; 12]) -> String {
    uid.iter().fold(String::with_capacity(24), |mut text, byte| {
        // Writing into a string can't fail.
        _ = write!(text, "{byte:02X}");
        text
    })
}

/// Reads a board's unique id as the studio shows it: 24 hexadecimal digits, in groups or not.
///
/// # Errors
/// What is wrong with the text.
pub fn uid_from_text(text: &str) -> Result<[u8; 12], String> {
    let digits: String = text.split_whitespace().collect();
    bytes(&digits).ok_or_else(|| format!("“{text}” is no unique id: 24 hexadecimal digits are expected"))
}

fn fingerprint(text: &str) -> Option<Fingerprint> {
    bytes(text).map(Fingerprint)
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(bytes)
}
