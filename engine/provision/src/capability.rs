//! Values that a dangerous act demands, each made in one way only.
//!
//! They hold no behaviour: a function that takes one can't be called without whatever its constructor proves. What only
//! the executor can make has no public constructor. A climb to CLOSED can't be made without a proved way back:
//!
//! ```compile_fail,E0061
//! fn close(objects: &provision::AllObjectsStored) -> Option<provision::Climb> {
//!     provision::Climb::to_closed(objects)
//! }
//! ```
//!
//! and a way back that served once is gone:
//!
//! ```compile_fail,E0382
//! fn close(way_back: provision::WayBack, objects: &provision::AllObjectsStored) {
//!     drop(provision::Climb::to_closed(way_back, objects));
//!     drop(provision::Climb::to_closed(way_back, objects));
//! }
//! ```

mod consent;
mod objects;
mod way_back;

use chip::product_state::ProductState;
use formats::{DebugCredential, ObkFile};

use crate::error::ProvisionError;
use crate::material::ObjectDigest;
use crate::way_back::require_way_back;

pub use consent::{Goal, LockConsent, SampleKeys};
pub(crate) use objects::{Acknowledged, ObjectRole};
pub use objects::{AllObjectsStored, Sendable};
pub use way_back::WayBack;
pub(crate) use way_back::{Qualified, RunMark};

/// Permission to leave OPEN: a credential that opens the plan's object, or a person's consent to LOCKED.
#[derive(Clone, Copy)]
pub struct LeaveOpen<'a>(pub(crate) Leave<'a>);

#[derive(Clone, Copy)]
pub(crate) enum Leave<'a> {
    /// With a credential for the object with this digest.
    WithWayBack { credential: &'a DebugCredential, object: ObjectDigest },
    /// For good.
    ToLock(&'a LockConsent),
}

impl<'a> LeaveOpen<'a> {
    /// With a credential that a board which stores `object` would let back to OPEN, and that can be proved.
    ///
    /// # Errors
    /// [`ProvisionError::NoWayBack`]: what the object, the certificates or the password are in the way of.
    pub fn with_way_back(credential: &'a DebugCredential, object: &ObkFile) -> Result<Self, ProvisionError> {
        require_way_back(credential, object)?;
        Ok(Self(Leave::WithWayBack { credential, object: ObjectDigest::of(object) }))
    }

    /// With a person's consent to LOCKED.
    pub fn to_lock(consent: &'a LockConsent) -> Self {
        Self(Leave::ToLock(consent))
    }
}

/// One step up the ladder, with what it demands inside.
pub struct Climb {
    state: ProductState,
    /// The board it was permitted for; `None` where any board may take the step.
    board: Option<[u8; 12]>,
}

impl Climb {
    /// From OPEN to PROVISIONING.
    pub fn to_provisioning(leave: LeaveOpen<'_>) -> Self {
        let board = match leave.0 {
            Leave::WithWayBack { .. } => None,
            Leave::ToLock(consent) => Some(consent.uid()),
        };
        Self { state: ProductState::Provisioning, board }
    }

    /// From PROVISIONING to CLOSED, on the board whose way back was proved, with the objects of the run that proved it.
    /// `None` when the objects are those of another run, or the debug-authentication object among them is another than the
    /// one that was proved.
    pub fn to_closed(way_back: WayBack, objects: &AllObjectsStored) -> Option<Self> {
        way_back.covers(objects).then(|| Self { state: ProductState::Closed, board: Some(way_back.board()) })
    }

    /// From PROVISIONING to LOCKED, on the board that a person named. `None` when the stored object is not the one that
    /// locks.
    pub fn to_locked(consent: &LockConsent, objects: &AllObjectsStored) -> Option<Self> {
        objects.lock().then(|| Self { state: ProductState::Locked, board: Some(consent.uid()) })
    }

    /// The same, for one board alone.
    pub(crate) fn only_for(self, board: [u8; 12]) -> Self {
        Self { board: self.board.or(Some(board)), ..self }
    }

    /// The state it leads to.
    pub fn state(&self) -> ProductState {
        self.state
    }

    /// The board it was permitted for.
    pub(crate) fn board(&self) -> Option<[u8; 12]> {
        self.board
    }
}
