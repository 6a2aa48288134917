//! What a person does with the key files of a project: make a key, bring one in, protect one, give away its public half.
//! Which key is for what is the business of `keys`.
//!
//! No file is ever replaced. A new key is a new version beside the old one: `X.pem`, `X_v2.pem`, `X_v3.pem`, each with
//! its public half in a `_pub.pem`, as ST's tools name it.

mod error;
mod names;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use formats::{Fingerprint, FormatError, KeyFile, KeyProblem, Passphrase, PrivateKey, PublicKey, Secret};

pub use error::KeyFileError;

use crate::atomic;
use crate::disk::{Confidentiality, Disk};
use crate::keys;
use names::{Half, Name, VersionFile};

/// How a private key is to lie on the disk.
#[derive(Clone, Copy)]
pub enum KeyProtection<'a> {
    /// No worse than it was, when nobody has said how: a key that is brought in under a passphrase stays under it, any
    /// other lies in the clear, and where that would follow on a protected version nothing is done.
    Kept,
    /// As it is, as ST's tools need it: whoever can read the file has the key. Only when a person asks for just that.
    Clear,
    /// Encrypted. ST's tools can't read it.
    Passphrase(&'a Passphrase),
}

/// A key that was saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// The file of the private key.
    pub private: PathBuf,
    /// The file of its public half.
    pub public: PathBuf,
    /// How it is named.
    pub fingerprint: Fingerprint,
    /// Other versions that hold the same key, and hold it in the clear. Whoever protects a key may want to remove them.
    pub clear_copies: Vec<PathBuf>,
}

/// A version of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyVersion {
    /// Its number; of a file without one, 1.
    pub number: u32,
    /// The file.
    pub path: PathBuf,
    /// Whether it is encrypted.
    pub protection: Protection,
    /// How the key is named. Of an encrypted one it is the public half beside it that tells, where there is one.
    pub fingerprint: Option<Fingerprint>,
}

/// How a key lies on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Whoever can read the file has the key.
    Clear,
    /// A passphrase is needed.
    Passphrase,
    /// No private key was found in the file, or it can't be read.
    Unknown,
}

/// Makes a key from the system's random numbers, as the next version of the key file `present`, which may be missing.
///
/// # Errors
/// When `present` is protected and nobody has said how the new one is to lie there, when there are no random numbers, or
/// the files can't be written.
pub fn generate(disk: &Disk, present: &Path, protection: KeyProtection<'_>) -> Result<NewKey, KeyFileError> {
    let passphrase = passphrase_of_new(present, None, protection)?;
    let key = PrivateKey::generate().map_err(KeyFileError::Make)?;
    save(disk, present, &key, passphrase)
}

/// Takes a key from elsewhere, PKCS#8, SEC1 or encrypted PKCS#8 in PEM, as the next version of the key file `present`,
/// which may be missing. It is written as PKCS#8.
///
/// # Errors
/// When `text` is no private P-256 key or the passphrase is missing or wrong, when `present` is protected, `text` isn't
/// and nobody has said how it is to lie there, or the files can't be written.
pub fn import(
    disk: &Disk,
    present: &Path,
    text: &[u8],
    passphrase_of_import: Option<&Passphrase>,
    protection: KeyProtection<'_>,
) -> Result<NewKey, KeyFileError> {
    let key = private_key(text, passphrase_of_import).map_err(KeyFileError::Import)?;
    let came_under = passphrase_of_import.filter(|_| KeyFile::is_protected(text));
    save(disk, present, &key, passphrase_of_new(present, came_under, protection)?)
}

/// The passphrase that a key is to lie under that came under one, or under none, and follows on `present`.
fn passphrase_of_new<'a>(
    present: &Path,
    came_under: Option<&'a Passphrase>,
    protection: KeyProtection<'a>,
) -> Result<Option<&'a Passphrase>, KeyFileError> {
    match protection {
        KeyProtection::Clear => Ok(None),
        KeyProtection::Passphrase(passphrase) => Ok(Some(passphrase)),
        KeyProtection::Kept if came_under.is_none() && look(present).0 == Protection::Passphrase => {
            Err(KeyFileError::WouldLieOpen { present: present.to_owned() })
        }
        KeyProtection::Kept => Ok(came_under),
    }
}

/// Encrypts a key that lies open, as its next version. The old one stays and is among the clear copies.
///
/// # Errors
/// When the file holds no private key or an encrypted one, or the files can't be written.
pub fn protect(disk: &Disk, private: &Path, passphrase: &Passphrase) -> Result<NewKey, KeyFileError> {
    let text = read(disk, private)?;
    if KeyFile::is_protected(&text) {
        return Err(KeyFileError::Protected { path: private.to_owned() });
    }
    let key = private_key(&text, None).map_err(|source| KeyFileError::Key { path: private.to_owned(), source })?;
    save(disk, private, &key, Some(passphrase))
}

/// Writes a public key to `to`. A file that holds it already is left as it is.
///
/// # Errors
/// When there is another file, or it can't be written.
pub fn export_public(disk: &Disk, key: &PublicKey, to: &Path) -> Result<(), KeyFileError> {
    export(disk, to, key.to_pem().as_bytes(), Confidentiality::Public)
}

/// Writes a private key to `to` as it is, so that ST's tools can read it: only when a person asks for just that. A file
/// that holds it already is left as it is.
///
/// # Errors
/// As [`export_public`].
pub fn export_clear(disk: &Disk, key: &PrivateKey, to: &Path) -> Result<(), KeyFileError> {
    let text = key.to_pem().map_err(KeyFileError::Make)?;
    export(disk, to, text.as_bytes(), Confidentiality::Secret)
}

/// The versions of the key file `present`, itself included, by rising number.
///
/// # Errors
/// When the folder can't be read. One that isn't there holds no versions.
pub fn versions(present: &Path) -> Result<Vec<KeyVersion>, KeyFileError> {
    let files = Name::of(present)?.files()?;
    let (private, public): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.half == Half::Private);
    let mut found: Vec<_> = private
        .into_iter()
        .map(|VersionFile { path, number, .. }| {
            let public = public.iter().find(|file| file.number == number);
            let (protection, fingerprint) = look_into(&path, public.map(|file| file.path.as_path()));
            KeyVersion { number, path, protection, fingerprint }
        })
        .collect();
    found.sort_by_key(|version| version.number);
    Ok(found)
}

/// How a key file lies on the disk, and how its key is named, as far as that can be told without a passphrase: of an
/// encrypted key by the public half beside it.
pub fn look(path: &Path) -> (Protection, Option<Fingerprint>) {
    look_into(path, keys::public_neighbour(path).as_deref())
}

/// A new key as texts, for a caller that saves it with other files.
pub(crate) struct NewPair {
    pub(crate) key: PrivateKey,
    pub(crate) private: Secret<String>,
    pub(crate) public: String,
    /// Where the public half goes.
    pub(crate) public_path: PathBuf,
}

/// Makes a key for the file `private`, in the clear.
pub(crate) fn new_pair(private: &Path) -> Result<NewPair, KeyFileError> {
    new_pair_as(private, private, KeyProtection::Clear)
}

/// Makes a key for the file `private`, that follows on `present`.
pub(crate) fn new_pair_as(
    private: &Path,
    present: &Path,
    protection: KeyProtection<'_>,
) -> Result<NewPair, KeyFileError> {
    let passphrase = passphrase_of_new(present, None, protection)?;
    let key = PrivateKey::generate().map_err(KeyFileError::Make)?;
    let text = match passphrase {
        None => key.to_pem(),
        Some(passphrase) => key.to_protected_pem(passphrase),
    };
    Ok(NewPair {
        private: text.map_err(KeyFileError::Make)?,
        public: key.public().to_pem(),
        public_path: Name::of(private)?.public_half(),
        key,
    })
}

/// The file of the version that follows on the key file `present`, which may be missing.
pub(crate) fn next_version(present: &Path) -> Result<PathBuf, KeyFileError> {
    let name = Name::of(present)?;
    Ok(name.file(name.next_number()?, Half::Private))
}

fn look_into(path: &Path, public: Option<&Path>) -> (Protection, Option<Fingerprint>) {
    let Ok(text) = fs::read(path).map(Secret::new) else { return (Protection::Unknown, None) };
    if KeyFile::is_protected(&text) {
        let public = public.and_then(|public| fs::read(public).ok());
        let public = public.and_then(|text| PublicKey::from_pem(&text).ok());
        return (Protection::Passphrase, public.map(|key| key.fingerprint()));
    }
    match private_key(&text, None) {
        Ok(key) => (Protection::Clear, Some(key.public().fingerprint())),
        Err(_) => (Protection::Unknown, None),
    }
}

/// Saves a key as the next version, and believes it when the file has opened again.
fn save(
    disk: &Disk,
    present: &Path,
    key: &PrivateKey,
    passphrase: Option<&Passphrase>,
) -> Result<NewKey, KeyFileError> {
    let name = Name::of(present)?;
    let number = name.next_number()?;
    let fingerprint = key.public().fingerprint();
    let text = match passphrase {
        None => key.to_pem(),
        Some(passphrase) => key.to_protected_pem(passphrase),
    };
    let text = text.map_err(KeyFileError::Make)?;
    let (private, public) = (name.file(number, Half::Private), name.file(number, Half::Public));
    let same =
        |version: &KeyVersion| version.protection == Protection::Clear && version.fingerprint == Some(fingerprint);
    let clear_copies = versions(present)?.into_iter().filter(same).map(|version| version.path).collect();

    create(disk, &private, text.as_bytes(), Confidentiality::Secret)?;
    let opened = read_private(disk, &private, passphrase).and_then(|read| {
        let right = read.public().fingerprint() == fingerprint;
        right.then_some(()).ok_or_else(|| KeyFileError::WrittenWrong { path: private.clone() })
    });
    let finished =
        opened.and_then(|()| create(disk, &public, key.public().to_pem().as_bytes(), Confidentiality::Public));
    if let Err(error) = finished {
        disk.discard(&private);
        return Err(error);
    }
    Ok(NewKey { private, public, fingerprint, clear_copies })
}

fn export(disk: &Disk, to: &Path, bytes: &[u8], confidentiality: Confidentiality) -> Result<(), KeyFileError> {
    match disk.read(to) {
        Ok(present) if *present == bytes => Ok(()),
        Ok(_) => Err(KeyFileError::Taken { path: to.to_owned() }),
        Err(error) if error.kind() == ErrorKind::NotFound => create(disk, to, bytes, confidentiality),
        Err(source) => Err(KeyFileError::Read { path: to.to_owned(), source }),
    }
}

fn create(disk: &Disk, path: &Path, bytes: &[u8], confidentiality: Confidentiality) -> Result<(), KeyFileError> {
    atomic::create(disk, path, bytes, confidentiality).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => KeyFileError::Taken { path: path.to_owned() },
        _ => KeyFileError::Write { path: path.to_owned(), source },
    })
}

fn read(disk: &Disk, path: &Path) -> Result<Secret<Vec<u8>>, KeyFileError> {
    disk.read(path).map_err(|source| KeyFileError::Read { path: path.to_owned(), source })
}

fn read_private(disk: &Disk, path: &Path, passphrase: Option<&Passphrase>) -> Result<PrivateKey, KeyFileError> {
    let text = read(disk, path)?;
    private_key(&text, passphrase).map_err(|source| KeyFileError::Key { path: path.to_owned(), source })
}

fn private_key(text: &[u8], passphrase: Option<&Passphrase>) -> Result<PrivateKey, FormatError> {
    match KeyFile::from_pem_with(text, passphrase)? {
        KeyFile::Private(key) => Ok(key),
        KeyFile::Public(_) => Err(KeyProblem::PublicOnly.into()),
    }
}
