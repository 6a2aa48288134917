//! An entry of the wallet in ST's layout, for ST's tools: all files or none, and none written over.

use std::fs;
use std::path::{Path, PathBuf};

use formats::{DebugCredential, Passphrase, Secret};

use super::{WalletEntry, WalletError};
use crate::credentials::{CHAIN_FILE, LEAF_KEY_FILE, PASSWORD_BINARY};
use crate::disk::{Confidentiality, Disk};
use crate::saving::{self, Change, Expected, SavingError};

/// Where ST's package keeps the objects of debug authentication.
pub(super) const CERTIFICATE_OBJECT: &str = "DA/Binary/DA_Config.obk";
const PASSWORD_OBJECT: &str = "DA/Binary/DA_ConfigWithPassword.obk";

pub(super) fn export(
    disk: &Disk,
    entry: &WalletEntry,
    passphrase: Option<&Passphrase>,
    folder: &Path,
) -> Result<Vec<PathBuf>, WalletError> {
    let object = entry.object(passphrase)?.encode();
    let files = match entry.credential(passphrase)? {
        DebugCredential::Certificate { chain, key } => {
            let key = key.to_pem().map_err(WalletError::Make)?;
            vec![
                (LEAF_KEY_FILE, Secret::new(key.as_bytes().to_vec())),
                (CHAIN_FILE, Secret::new(chain.to_base64().into_bytes())),
                (CERTIFICATE_OBJECT, object),
            ]
        }
        DebugCredential::Password(password) => vec![(PASSWORD_BINARY, password.to_file()), (PASSWORD_OBJECT, object)],
    };
    let changes: Vec<_> = files
        .into_iter()
        .map(|(name, content)| Change {
            path: folder.join(name),
            content,
            confidentiality: Confidentiality::Secret,
            expected: Expected::Absent,
        })
        .collect();
    if let Some(taken) = changes.iter().find(|change| change.path.symlink_metadata().is_ok()) {
        return Err(WalletError::Taken { path: taken.path.clone() });
    }
    fs::create_dir_all(folder).map_err(|source| WalletError::Write { path: folder.to_owned(), source })?;
    saving::save_all(disk, folder, &changes).map_err(|source| match source {
        SavingError::ChangedOnDisk { path } => WalletError::Taken { path },
        source => WalletError::Export { source: Box::new(source) },
    })?;
    Ok(changes.into_iter().map(|change| change.path).collect())
}
