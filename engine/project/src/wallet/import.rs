//! A credential from elsewhere: a folder in ST's layout, such as an export of another wallet, or ST's own `ROT_Provisioning`.

use std::fs;
use std::path::Path;

use chip::option_bytes::DebugAuthentication;
use formats::certificate::CertificateChain;
use formats::da::{Password, password_object};
use formats::{DebugCredential, FormatError, KeyFile, KeyProblem, ObkFile, Passphrase, Secret};

use super::WalletError;
use super::export::CERTIFICATE_OBJECT;
use super::keeping::{self, Sealing, ToKeep};
use super::{Wallet, WalletEntry};
use crate::credentials::{CHAIN_FILE, LEAF_KEY_FILE, PASSWORD_BINARY};
use crate::disk::Disk;

/// A credential from a folder, and whose it is to be.
#[derive(Clone, Copy)]
pub struct Import<'a> {
    /// The board's unique id.
    pub uid: [u8; 12],
    /// What the board is called.
    pub board_name: &'a str,
    /// What the project was called.
    pub project: &'a str,
    /// The folder that holds `DA`.
    pub folder: &'a Path,
    /// By certificate or by password; `None` for what the folder holds, the certificate first.
    pub method: Option<DebugAuthentication>,
    /// The passphrase that the leaf key is protected by.
    pub its_passphrase: Option<&'a Passphrase>,
    /// The passphrase to keep it under; without one a protected key is kept as it lies.
    pub passphrase: Option<&'a Passphrase>,
}

impl Wallet {
    /// Keeps a credential from a folder in ST's layout: `DA/Keys/key_3_leaf.pem`, `DA/Certificates/cert_leaf_chain.b64`
    /// and the board's object `DA/Binary/DA_Config.obk`, or `DA/Binary/password.bin`.
    ///
    /// # Errors
    /// Which file is missing or damaged, when chain, key and object don't belong together, and as [`Wallet::keep`].
    pub fn import(&self, import: &Import<'_>) -> Result<WalletEntry, WalletError> {
        let (credential, object, key) = match import.method {
            Some(DebugAuthentication::Password) => by_password(import)?,
            None if !import.folder.join(CHAIN_FILE).exists() => by_password(import)?,
            _ => by_certificate(import)?,
        };
        let sealing = match (import.passphrase, &key) {
            (Some(passphrase), _) => Sealing::Passphrase(passphrase),
            (None, Some(file)) => Sealing::AsItLies(file),
            (None, None) => Sealing::Clear,
        };
        let Import { uid, board_name, project, .. } = *import;
        let kept = ToKeep { uid, board_name, project, object: &object, credential: &credential, sealing };
        keeping::keep(&Disk::real(), &self.folder, &kept)
    }
}

/// Credential, object, and the key's file when it is protected.
type Found = (DebugCredential, ObkFile, Option<Secret<Vec<u8>>>);

fn by_certificate(import: &Import<'_>) -> Result<Found, WalletError> {
    let foreign = |name: &'static str| move |source| WalletError::Foreign { path: import.folder.join(name), source };
    let chain = CertificateChain::decode(&read(import, CHAIN_FILE)?).map_err(foreign(CHAIN_FILE))?;
    let object = ObkFile::decode(&read(import, CERTIFICATE_OBJECT)?).map_err(foreign(CERTIFICATE_OBJECT))?;
    let text = read(import, LEAF_KEY_FILE)?;
    let protected = KeyFile::is_protected(&text);
    let key = match KeyFile::from_pem_with(&text, import.its_passphrase) {
        Ok(KeyFile::Private(key)) => key,
        Ok(KeyFile::Public(_)) => return Err(foreign(LEAF_KEY_FILE)(KeyProblem::PublicOnly.into())),
        Err(FormatError::Key(KeyProblem::Passphrase)) => {
            return Err(WalletError::Locked { path: import.folder.join(LEAF_KEY_FILE) });
        }
        Err(source) => return Err(foreign(LEAF_KEY_FILE)(source)),
    };
    Ok((DebugCredential::Certificate { chain, key }, object, protected.then_some(text)))
}

fn by_password(import: &Import<'_>) -> Result<Found, WalletError> {
    let password = Password::from_file(&read(import, PASSWORD_BINARY)?)
        .map_err(|source| WalletError::Foreign { path: import.folder.join(PASSWORD_BINARY), source })?;
    let object = password_object(&password);
    Ok((DebugCredential::Password(password), object, None))
}

fn read(import: &Import<'_>, name: &str) -> Result<Secret<Vec<u8>>, WalletError> {
    let path = import.folder.join(name);
    fs::read(&path).map(Secret::new).map_err(|source| WalletError::Read { path, source })
}
