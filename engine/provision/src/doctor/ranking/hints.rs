//! What this machine knows of a board beside what was measured: the project's credential, the wallet, the journal. Files
//! are read; nothing is measured.

use chip::option_bytes::DebugAuthentication;
use formats::Permissions;
use project::{Credential, Project, ProjectError, Wallet};

use super::{CredentialHint, CredentialState, Hints, WalletHint};
use crate::boards::BoardAddress;
use crate::doctor::Examination;
use crate::journal::RunFolder;
use crate::record::hex;

impl Hints {
    /// Gathers them. What can't be read is left out: hints only help.
    pub fn gather(
        address: &BoardAddress,
        examination: &Examination,
        project: Option<&Project>,
        wallet: &Wallet,
    ) -> Self {
        let uid = examination.known_uid();
        let kept = uid.and_then(|uid| wallet.for_board(uid).ok()).unwrap_or_default();
        let wallet = kept.into_iter().map(|entry| WalletHint {
            project: entry.project,
            method: entry.method,
            version: entry.version,
        });
        let history = RunFolder::for_board(address).history().ok().filter(|history| {
            // Another board on the same probe left its own story.
            let same = match (&history.uid, uid) {
                (Some(told), Some(uid)) => *told == hex(&uid),
                _ => true,
            };
            same && history.plan.is_some()
        });
        Self { project: project.map(credential), wallet: wallet.collect(), history }
    }
}

fn credential(project: &Project) -> CredentialHint {
    let method = match project.settings().debug_authentication {
        Credential::Certificate => DebugAuthentication::Certificate,
        Credential::Password => DebugAuthentication::Password,
    };
    let state = match project.debug_credential() {
        Ok(_) => CredentialState::Usable,
        Err(ProjectError::Locked { .. }) => CredentialState::Passphrase,
        Err(error) => CredentialState::Unusable(error.to_string()),
    };
    CredentialHint {
        project: project.name().to_owned(),
        folder: project.folder().display().to_string(),
        method,
        permits: permits(project, method),
        state,
    }
}

/// The permission mask of the object that the project makes.
fn permits(project: &Project, method: DebugAuthentication) -> Option<Permissions> {
    match method {
        DebugAuthentication::Certificate => {
            let (_, permissions) = formats::da::read_certificate_object(&project.debug_object().ok()?).ok()?;
            Some(permissions)
        }
        _ => Some(Permissions::OF_PASSWORD),
    }
}
