//! What a run may do to the board, and by what right.

use formats::{DebugCredential, ObkFile};
use project::{Project, Wallet, WalletEntry};

use crate::boards::BoardAddress;
use crate::capability::{Leave, LeaveOpen, LockConsent, SampleKeys};
use crate::error::ProvisionError;
use crate::plan::{FinalState, Plan};

/// What a run may do to the board.
#[derive(Clone, Copy)]
pub struct Authority<'a> {
    /// How far it may climb, and by what right.
    pub right: Right<'a>,
    /// Whether keys that everybody has may go into a real board.
    pub sample_keys: SampleKeys,
}

impl Authority<'_> {
    /// Refuses a run whose right isn't the plan's.
    pub(super) fn require_for(self, plan: &Plan, address: &BoardAddress) -> Result<(), ProvisionError> {
        match (plan.final_state, self.right) {
            (FinalState::Closed, Right::Close { leave: LeaveOpen(Leave::WithWayBack { object, .. }), .. })
                if plan.stores(object) => {}
            (FinalState::Locked, Right::Lock(_)) => {}
            (FinalState::Locked, Right::Close { .. }) => return Err(ProvisionError::LockNeedsConsent),
            (FinalState::Closed, _) => {
                return Err(ProvisionError::NoWayBack {
                    reason: "the permission to leave OPEN is for another object than the plan's".into(),
                    help: "make the plan again, and run it with the credential that belongs to it".into(),
                });
            }
        }
        let real = matches!(address, BoardAddress::Probe { .. });
        if real && !plan.sample_keys.is_empty() && self.sample_keys == SampleKeys::Refused {
            let board = address.to_string();
            return Err(ProvisionError::SampleKeys { board, keys: plan.sample_keys.clone() });
        }
        Ok(())
    }
}

/// How far a run may climb, and by what right.
#[derive(Clone, Copy)]
pub enum Right<'a> {
    /// Up to CLOSED, with a credential that leads back.
    Close {
        /// The credential, which opens the plan's object.
        leave: LeaveOpen<'a>,
        /// Where the credential is kept before the climb.
        keeping: Keeping<'a>,
    },
    /// Up to LOCKED, by a person's consent.
    Lock(&'a LockConsent),
}

/// Where a credential is kept, and whose it is.
#[derive(Clone, Copy)]
pub struct Keeping<'a> {
    wallet: &'a Wallet,
    /// The project that it is of; a trial's is nobody's.
    project: Option<&'a Project>,
}

impl<'a> Keeping<'a> {
    /// The credential of a project: a leaf key that is protected there is protected in the wallet.
    pub fn of_project(project: &'a Project, wallet: &'a Wallet) -> Self {
        Self { wallet, project: Some(project) }
    }

    /// A credential that is thrown away together with the wallet.
    pub(crate) fn throw_away(wallet: &'a Wallet) -> Self {
        Self { wallet, project: None }
    }

    /// Keeps the credential that opened `object` on this board. When this returns, it is on the disk.
    pub(super) fn keep(
        self,
        board: [u8; 12],
        board_name: &str,
        object: &ObkFile,
        credential: &DebugCredential,
    ) -> Result<WalletEntry, ProvisionError> {
        let kept = match self.project {
            // What the project's files hold by now may be another than what the board was just shown.
            Some(project) => self.wallet.keep_proved(board, board_name, project, object, credential),
            None => self.wallet.keep(board, board_name, "", object, credential, None),
        };
        kept.map_err(ProvisionError::NotKept)
    }
}

impl<'a> Right<'a> {
    /// The permission to leave OPEN that is part of either.
    pub(super) fn leave_open(self) -> LeaveOpen<'a> {
        match self {
            Self::Close { leave, .. } => leave,
            Self::Lock(consent) => LeaveOpen::to_lock(consent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_everybody_has_go_into_a_real_board_when_a_person_confirmed_it_only() {
        let plan = Plan { sample_keys: vec!["a sample".into()], ..Plan::empty(FinalState::Locked) };
        let own = Plan::empty(FinalState::Locked);
        let consent = LockConsent::given([7; 12], "07070707").unwrap();
        let authority = |sample_keys| Authority { right: Right::Lock(&consent), sample_keys };
        let real = BoardAddress::Probe { serial: None };
        let refused = authority(SampleKeys::Refused).require_for(&plan, &real);
        assert!(matches!(refused, Err(ProvisionError::SampleKeys { .. })), "{refused:?}");
        assert!(authority(SampleKeys::Confirmed).require_for(&plan, &real).is_ok());
        assert!(authority(SampleKeys::Refused).require_for(&own, &real).is_ok());
        assert!(authority(SampleKeys::Refused).require_for(&plan, &BoardAddress::Virtual("b".into())).is_ok());
    }
}
