//! Whether the board accepts a credential, asked while nothing can be lost: in PROVISIONING, for debug, never for a
//! regression. Two sessions with two challenges, so that no single wrong word can make a yes of a no.

use chip::ProductState;
use chip::option_bytes::DebugAuthentication;
use formats::DebugCredential;

use super::authentication::{authenticate, judge};
use super::discovery;
use super::permission::DebugLevel;
use super::problem::{AuthenticationProblem, Place};
use crate::error::ProvisionError;
use crate::link::Link;

/// The board accepted a credential, twice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted {
    /// The board.
    pub uid: [u8; 12],
    /// The kind of credential.
    pub method: DebugAuthentication,
    /// The level for which debug was granted.
    pub level: DebugLevel,
    /// Heads of the hashes of the two challenges that were answered, hexadecimal.
    pub challenges: [String; 2],
}

impl Link {
    /// Presents a credential to a board in PROVISIONING and asks for debug at a level, twice. Nothing on the board is
    /// changed by it.
    ///
    /// # Errors
    /// [`ProvisionError::Authentication`]: a password, which grants nothing but a regression, or a credential that
    /// doesn't fit, before anything is sent; what the board refused; a mailbox that fails.
    /// [`ProvisionError::WrongState`] in any other state.
    pub fn accepts(&mut self, credential: &DebugCredential, level: DebugLevel) -> Result<Accepted, ProvisionError> {
        let wanted = level.permission();
        judge(credential, None, wanted)?;
        let mut ask = || {
            let (answered, _) = self.in_session(|session| {
                let discovery = discovery::ask(session)?;
                let state = discovery.product_state();
                let challenge = if state == Some(ProductState::Provisioning) {
                    judge(credential, Some(&discovery), wanted)?;
                    Some(authenticate(session, credential, wanted)?)
                } else {
                    None
                };
                Ok((discovery, challenge))
            })?;
            let (discovery, challenge) = answered;
            let challenge = challenge.ok_or_else(|| ProvisionError::WrongState {
                state: discovery.product_state().map_or("an unknown state", ProductState::name).into(),
                reason: "a credential is tried in PROVISIONING only, where nothing depends on it".into(),
            })?;
            let uid = discovery.uid().ok_or_else(|| {
                AuthenticationProblem::garbage(Place::Discovery, "the board doesn't name its identifier")
            })?;
            Ok::<_, ProvisionError>((uid, challenge))
        };
        let (uid, first) = ask()?;
        let (again, second) = ask()?;
        if uid != again {
            return Err(AuthenticationProblem::garbage(Place::Discovery, "the second answer names another chip").into());
        }
        if first == second {
            return Err(AuthenticationProblem::garbage(
                Place::Challenge,
                "the board gave the same challenge twice: an answer that was overheard would open it",
            )
            .into());
        }
        Ok(Accepted { uid, method: credential.method(), level, challenges: [first.head(), second.head()] })
    }
}
