//! What a person answers for a board with, once it is CLOSED: the chain of certificates and the key of its leaf, or the
//! password; where ST's package keeps them, and whether the object that the project makes lets them in.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use formats::certificate::{CertificateChain, Role};
use formats::da::Password;
use formats::obdata::Value;
use formats::{DebugCredential, Fingerprint, FormatError, KeyFile, ObkFile, PrivateKey, Secret};

use crate::certificates::Renewed;
use crate::disk::Confidentiality;
use crate::error::ProjectError;
use crate::finding::Remedy;
use crate::key_files;
use crate::keys::{self, KeyInUse, KeyRole};
use crate::outputs::{self, ObjectRole, planned_objects};
use crate::project::Project;
use crate::saving;
use crate::settings::{Credential, TargetState};
use crate::stirot::field;

/// Where ST's package keeps the chain that answers for a board, below a project's folder.
pub const CHAIN_FILE: &str = "DA/Certificates/cert_leaf_chain.b64";
/// Where it keeps the key of the chain's leaf, which answers the board's challenge.
pub const LEAF_KEY_FILE: &str = "DA/Keys/key_3_leaf.pem";
/// Where it keeps the key between root and leaf.
pub const INTERMEDIATE_KEY_FILE: &str = "DA/Keys/key_2_intermediate.pem";
/// Where it keeps the password file of a regression.
pub const PASSWORD_BINARY: &str = "DA/Binary/password.bin";

impl Project {
    /// The debug-authentication object that a board is given for CLOSED, made anew in memory.
    ///
    /// # Errors
    /// When the project has no such object, or it can't be made.
    pub fn debug_object(&self) -> Result<ObkFile, ProjectError> {
        let planned = planned_objects(self, TargetState::Closed)?;
        match planned.into_iter().find(|object| object.role == ObjectRole::DebugAuthentication) {
            Some(object) => object.build(self),
            None => Err(ProjectError::OtherFlow { flow: self.flow() }),
        }
    }

    /// What answers for a board that was closed with this project: by the settings' method, the chain and the key of its
    /// leaf, or the password. It is read from the files as they are now, and it opens the object that the project makes.
    ///
    /// # Errors
    /// When a file is missing, damaged or doesn't belong to the others, or the board would refuse it: which, why and what
    /// to do. [`ProjectError::Locked`] when the leaf key's passphrase wasn't given.
    pub fn debug_credential(&self) -> Result<DebugCredential, ProjectError> {
        let (credential, path) = match self.settings.debug_authentication {
            Credential::Certificate => {
                let (chain, path) = self.chain()?;
                let leaf = answering(&chain);
                let (key, _) = self.leaf_key(leaf)?;
                (DebugCredential::Certificate { chain, key }, path)
            }
            Credential::Password => {
                let file = self.file_naming(KeyRole::DebugRoot).to_owned();
                (DebugCredential::Password(self.password()?), file)
            }
        };
        match credential.against(&self.debug_object()?) {
            Ok(_) => Ok(credential),
            Err(problem) => Err(ProjectError::Credential { path, problem: Box::new(problem) }),
        }
    }

    /// The chain, and its file.
    ///
    /// # Errors
    /// When it is missing or damaged.
    pub fn chain(&self) -> Result<(CertificateChain, PathBuf), ProjectError> {
        let path = self.folder.join(CHAIN_FILE);
        match self.sources.read(&path) {
            Ok(text) => match CertificateChain::decode(&text) {
                Ok(chain) => Ok((chain, path)),
                Err(source) => Err(ProjectError::Chain { path, source }),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Err(ProjectError::ChainMissing { path }),
            Err(source) => Err(ProjectError::Read { path, source }),
        }
    }

    /// The private key of the chain's leaf and its file.
    pub(crate) fn leaf_key(&self, leaf: Option<Fingerprint>) -> Result<(PrivateKey, PathBuf), ProjectError> {
        let path = self.leaf_key_file(leaf);
        self.sources.private_key(KeyRole::DebugLeaf, &path).map(|key| (key, path))
    }

    /// The file of the leaf key: ST's, or the version of it that is the chain's.
    pub fn leaf_key_file(&self, leaf: Option<Fingerprint>) -> PathBuf {
        version_of(&self.folder.join(LEAF_KEY_FILE), leaf)
    }

    /// The file of a leaf key as it lies there, when it is protected; by it the key can be kept under the same passphrase.
    ///
    /// # Errors
    /// When the file isn't there, holds another key by now, or is protected and was not opened.
    pub(crate) fn protected_leaf_key(&self, leaf: Fingerprint) -> Result<Option<Secret<Vec<u8>>>, ProjectError> {
        let path = self.leaf_key_file(Some(leaf));
        let text = match self.sources.read(&path) {
            Ok(text) => text,
            Err(source) => return Err(ProjectError::Read { path, source }),
        };
        let protected = KeyFile::is_protected(&text);
        let held = match self.sources.opened(&path, &text) {
            Some(key) => Some(key.public().fingerprint()),
            None if protected => return Err(ProjectError::Locked { role: KeyRole::DebugLeaf, path }),
            None => KeyFile::from_pem(&text).ok().map(|key| key.public().fingerprint()),
        };
        if held != Some(leaf) {
            return Err(ProjectError::Changed { path });
        }
        Ok(protected.then_some(text))
    }

    /// The password that the configuration states.
    pub(crate) fn password(&self) -> Result<Password, ProjectError> {
        let file = self.debug_authentication.as_ref().ok_or_else(|| ProjectError::NotAProject {
            folder: self.folder.clone(),
            missing: PathBuf::from(crate::flow::PASSWORD_FILE),
        })?;
        match file.document.field(field::PASSWORD).map(|field| &field.value) {
            Some(Value::Password(text)) => Password::new(text.clone()).map_err(|source| file.wrong(source)),
            _ => Err(file.wrong(FormatError::Field {
                line: file.document.info.line,
                field: field::PASSWORD.into(),
                problem: "it is missing; without it nobody can answer for the board".into(),
            })),
        }
    }

    /// Where the password file lies.
    pub(crate) fn password_binary(&self) -> PathBuf {
        self.place_output(self.folder.join(PASSWORD_BINARY))
    }

    /// The key that answers for a board, as far as it can be told without a passphrase; of a password, none is needed.
    pub(crate) fn answering_key(&self) -> Option<Option<Fingerprint>> {
        match self.settings.debug_authentication {
            Credential::Password => Some(None),
            Credential::Certificate => {
                let path = self.leaf_key_file(answering(&self.chain().ok()?.0));
                let key = self.sources.public_key(KeyRole::DebugLeaf, &path).ok()?;
                Some(Some(key.fingerprint()))
            }
        }
    }

    /// The keys of the chain below the root whose files are there and can be told: the configuration names neither.
    pub fn chain_keys(&self) -> Vec<KeyInUse> {
        if self.settings.debug_authentication != Credential::Certificate {
            return Vec::new();
        }
        let leaf = self.chain().ok().and_then(|(chain, _)| answering(&chain));
        let files = [
            (KeyRole::DebugIntermediate, self.folder.join(INTERMEDIATE_KEY_FILE)),
            (KeyRole::DebugLeaf, self.leaf_key_file(leaf)),
        ];
        files.into_iter().filter_map(|(role, path)| keys::in_use(role, path, &self.sources).ok()).collect()
    }
}

/// The key of the certificate that answers a board's challenge, as the chain says it: nothing is verified here.
fn answering(chain: &CertificateChain) -> Option<Fingerprint> {
    let last = chain.certificates.last()?;
    let answers = match last.role {
        Role::Leaf => true,
        Role::Root => chain.certificates.len() == 1,
        _ => false,
    };
    last.public_key().ok().filter(|_| answers).map(|key| key.fingerprint())
}

/// What makes the chain fit again, as far as the project's keys can: new certificates, and the keys below the root that
/// are missing. None when the root's private half isn't here: somebody else has to sign.
pub(crate) fn renewal(project: &Project) -> Option<Remedy> {
    let at_hand =
        |role, path: &Path| matches!(project.sources.private_key(role, path), Ok(_) | Err(ProjectError::Locked { .. }));
    let root = project.root.as_ref()?;
    if !at_hand(KeyRole::DebugRoot, &root.path) {
        return None;
    }
    let intermediate = at_hand(KeyRole::DebugIntermediate, &project.folder.join(INTERMEDIATE_KEY_FILE));
    let leaf = at_hand(KeyRole::DebugLeaf, &project.folder.join(LEAF_KEY_FILE));
    Some(Remedy::NewChain(match (intermediate, leaf) {
        (true, true) => Renewed::Certificates,
        (true, false) => Renewed::Leaf,
        (false, _) => Renewed::IntermediateAndLeaf,
    }))
}

/// Lets the password file hold the password that the configuration states. A file with another one is kept beside it: a
/// board may still ask for that.
pub(crate) fn save_password_file(project: &Project) -> Result<(), ProjectError> {
    let path = project.password_binary();
    let file = project.password()?.to_file();
    match fs::read(&path).map(Secret::new) {
        Ok(present) if present == file => return Ok(()),
        Ok(present) => {
            let kept = saving::save_beside(&path, "earlier");
            outputs::save(project, &kept, &present, Confidentiality::Secret)?;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(source) => return Err(ProjectError::Read { path, source }),
    }
    outputs::save(project, &path, &file, Confidentiality::Secret)
}

/// The version of a key file that holds `wanted`: the file itself, unless it is another key and a version beside it is
/// the right one.
fn version_of(present: &Path, wanted: Option<Fingerprint>) -> PathBuf {
    if wanted.is_some() && key_files::look(present).1 != wanted {
        let versions = key_files::versions(present).unwrap_or_default();
        let right = versions.into_iter().rev().find(|version| version.fingerprint == wanted);
        return right.map_or_else(|| present.to_owned(), |version| version.path);
    }
    present.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_wish_the_file_itself_is_taken() {
        let path = Path::new("nowhere/key_3_leaf.pem");
        assert_eq!(version_of(path, None), path);
        assert_eq!(version_of(path, Some(Fingerprint([1; 32]))), path);
    }
}
