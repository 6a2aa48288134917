//! Whether a credential is a way back from CLOSED that can be proved before it is needed. It touches no board.

use formats::{DebugCredential, ObkFile, Permission};
use project::{Project, ProjectError};

use crate::capability::LockConsent;
use crate::debug_authentication::DebugLevel;
use crate::error::ProvisionError;
use crate::plan::FinalState;

/// How a credential's way back is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProvedBy {
    /// In PROVISIONING the board accepts it for opening debug at this level: nothing is lost.
    Opening(DebugLevel),
    /// It permits regression only, so that a regression is gone through.
    Regression,
}

/// How a board that stores `object` can be made to prove that `credential` leads back.
///
/// # Errors
/// [`ProvisionError::NoWayBack`].
pub(crate) fn require_way_back(credential: &DebugCredential, object: &ObkFile) -> Result<ProvedBy, ProvisionError> {
    let permitted = credential.against(object).map_err(|problem| ProvisionError::NoWayBack {
        reason: format!("the credential does not open the debug-authentication object: {problem}"),
        help: format!("{}: a board that is closed with the wrong one never opens again", problem.help()),
    })?;
    if !permitted.contains(Permission::FULL_REGRESSION) {
        return Err(ProvisionError::NoWayBack {
            reason: "object and certificates together do not permit a full regression".into(),
            help: "switch “full regression” on in the object's permissions and in every certificate".into(),
        });
    }
    let DebugCredential::Certificate { chain, .. } = credential else { return Ok(ProvedBy::Regression) };
    if let Some(number) = chain.for_one_life_cycle() {
        return Err(ProvisionError::NoWayBack {
            reason: format!(
                "certificate {number} is for one life cycle only: the board would judge it otherwise in CLOSED than in \
                 PROVISIONING, where the way back is proved"
            ),
            help: "issue it again with life cycle 0, for any, and put it into the chain".into(),
        });
    }
    // The highest level opens the least, and proves as much.
    let level = DebugLevel::ALL.into_iter().rev().find(|level| permitted.covers(level.permission()));
    level.map(ProvedBy::Opening).ok_or_else(|| ProvisionError::NoWayBack {
        reason: "object and certificates together permit no opening of debug, so that only a regression could prove them".into(),
        help: "switch debug opening at one level on, in the object's permissions and in every certificate: the board then proves the \
               certificates without being erased"
            .into(),
    })
}

/// The project's own credential, and that it opens `object`.
///
/// # Errors
/// [`ProvisionError::NoWayBack`] with what is missing and how it is had.
pub(crate) fn credential_for(project: &Project, object: &ObkFile) -> Result<DebugCredential, ProvisionError> {
    let credential = project.debug_credential().map_err(without)?;
    require_way_back(&credential, object)?;
    Ok(credential)
}

fn without(problem: ProjectError) -> ProvisionError {
    let help = problem.help();
    ProvisionError::NoWayBack { reason: problem.to_string(), help }
}

/// By what right a run would leave OPEN, as far as that is known before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaving {
    /// To CLOSED, with a credential that opens the project's object.
    WithWayBack,
    /// To CLOSED, and no credential leads back.
    WithoutWayBack {
        /// Why not.
        reason: String,
        /// What to do.
        help: String,
    },
    /// To LOCKED, with a person's consent for the board with this identifier; `None` while nobody has given it.
    ToLock {
        /// The identifier.
        consent: Option<[u8; 12]>,
    },
}

impl Leaving {
    /// What a project's run to a final state has. Objects are made in memory; no file is written.
    pub fn of(project: &Project, final_state: FinalState) -> Self {
        if final_state == FinalState::Locked {
            return Self::ToLock { consent: None };
        }
        let object = project.stirot_objects(final_state.target()).map_err(without);
        let found = object.and_then(|objects| credential_for(project, &objects.debug_authentication.obk));
        match found {
            Ok(_) => Self::WithWayBack,
            Err(error) => Self::WithoutWayBack { reason: error.to_string(), help: error.help() },
        }
    }

    /// With a person's consent.
    pub fn to_lock(consent: &LockConsent) -> Self {
        Self::ToLock { consent: Some(consent.uid()) }
    }
}
