//! Values that a dangerous act demands, each made in one way only.
//!
//! They hold no behaviour: a function that takes one can't be called without whatever its constructor proves.

use chip::obk::Destination;
use chip::option_bytes::DebugAuthentication;
use chip::product_state::ProductState;
use formats::ObkFile;

use crate::bench::VirtualBoard;

/// Proof that a link leads to a virtual board. [`crate::Link::virtual_link`] makes it, nothing else does.
#[derive(Clone)]
pub struct VirtualLink {
    board: VirtualBoard,
}

impl VirtualLink {
    /// An open virtual board is the proof.
    pub(crate) fn attest(board: &VirtualBoard) -> Self {
        Self { board: board.clone() }
    }
}

/// Permission to leave OPEN.
///
/// Until debug authentication exists in the studio it is made from a [`VirtualLink`] alone, so that a real board
/// can't be taken out of OPEN by any path through this crate.
#[derive(Clone, Copy)]
pub struct LeaveOpen<'a> {
    link: &'a VirtualLink,
}

impl<'a> LeaveOpen<'a> {
    /// On a virtual board nothing can be lost.
    pub fn on_virtual_board(link: &'a VirtualLink) -> Self {
        Self { link }
    }

    /// Whether the permission was given for this board. A permission for one board opens no other.
    pub(crate) fn is_for(self, board: Option<&VirtualBoard>) -> bool {
        board.is_some_and(|board| board.path() == self.link.board.path())
    }
}

/// A person's consent to LOCKED. It has no value yet: LOCKED can be planned and shown, not run.
#[derive(Debug, Clone, Copy)]
pub enum LockConsent {}

/// What a run may do to the board.
#[derive(Clone, Copy)]
pub enum Authority<'a> {
    /// Climb up to CLOSED.
    Close(LeaveOpen<'a>),
    /// Climb up to LOCKED.
    Lock(LeaveOpen<'a>, &'a LockConsent),
}

impl<'a> Authority<'a> {
    /// The permission to leave OPEN that is part of either.
    pub(crate) fn leave_open(self) -> LeaveOpen<'a> {
        match self {
            Self::Close(leave) | Self::Lock(leave, _) => leave,
        }
    }
}

/// Which of the three objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectRole {
    /// The debug-authentication object.
    DebugAuthentication,
    /// STiROT_Config.
    Configuration,
    /// STiROT_Data.
    Data,
}

/// The chip acknowledged one object in this run. Only the executor's store makes it.
#[derive(Debug)]
pub(crate) struct Acknowledged {
    role: ObjectRole,
    destination: Destination,
}

impl Acknowledged {
    /// From the chip's own word: nothing but [`chip::rsslib::SUCCESS`] counts.
    pub(crate) fn from_status(role: ObjectRole, destination: Destination, status: u32) -> Option<Self> {
        (status == chip::rsslib::SUCCESS).then_some(Self { role, destination })
    }
}

/// All three objects were acknowledged by the chip in this run: the only key to CLOSED.
#[derive(Debug)]
pub struct AllObjectsStored {
    method: DebugAuthentication,
}

impl AllObjectsStored {
    /// Assembles the proof. `None` when an object stands in another's place.
    pub(crate) fn assemble(
        authentication: &Acknowledged,
        configuration: &Acknowledged,
        data: &Acknowledged,
    ) -> Option<Self> {
        let roles_fit = authentication.role == ObjectRole::DebugAuthentication
            && configuration.role == ObjectRole::Configuration
            && data.role == ObjectRole::Data;
        let method = authentication.destination.method()?;
        (roles_fit && method != DebugAuthentication::None).then_some(Self { method })
    }
}

/// One step up the ladder, with what it demands inside.
pub struct Climb<'a> {
    state: ProductState,
    leave: LeaveOpen<'a>,
}

impl<'a> Climb<'a> {
    /// From OPEN to PROVISIONING.
    pub fn to_provisioning(leave: LeaveOpen<'a>) -> Self {
        Self { state: ProductState::Provisioning, leave }
    }

    /// From PROVISIONING to CLOSED. `None` when the stored debug-authentication object is one that locks: the
    /// board would be LOCKED, whatever it is called.
    pub fn to_closed(leave: LeaveOpen<'a>, objects: &AllObjectsStored) -> Option<Self> {
        let way_back = matches!(objects.method, DebugAuthentication::Certificate | DebugAuthentication::Password);
        way_back.then_some(Self { state: ProductState::Closed, leave })
    }

    /// From PROVISIONING to LOCKED. `None` when the stored object is not the one that locks.
    pub fn to_locked(leave: LeaveOpen<'a>, objects: &AllObjectsStored, _consent: &LockConsent) -> Option<Self> {
        (objects.method == DebugAuthentication::Locked).then_some(Self { state: ProductState::Locked, leave })
    }

    /// The state it leads to.
    pub fn state(&self) -> ProductState {
        self.state
    }

    /// Whether the climb was permitted for this board.
    pub(crate) fn is_for(&self, board: Option<&VirtualBoard>) -> bool {
        self.leave.is_for(board)
    }
}

/// An object that may be sent to the chip: never one that locks, unless a person consented.
#[derive(Clone, Copy)]
pub struct Sendable<'a> {
    obk: &'a ObkFile,
}

impl<'a> Sendable<'a> {
    /// An object that can be taken back by regression. `None` for the one that locks for good, and for one whose
    /// destination this chip does not have.
    pub fn reversible(obk: &'a ObkFile) -> Option<Self> {
        let destination = obk.destination;
        let size = u32::try_from(obk.body.len()).ok()?;
        let locks = destination.method() == Some(DebugAuthentication::Locked);
        (!locks && destination.fits(size)).then_some(Self { obk })
    }

    /// The object that locks.
    pub fn locking(obk: &'a ObkFile, _consent: &LockConsent) -> Self {
        Self { obk }
    }

    /// The object.
    pub fn obk(&self) -> &'a ObkFile {
        self.obk
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chip::rsslib::{ERROR_CRC, SUCCESS};

    fn acknowledged(role: ObjectRole, destination: Destination) -> Acknowledged {
        Acknowledged::from_status(role, destination, SUCCESS).unwrap()
    }

    #[test]
    fn only_success_acknowledges() {
        for status in [0, 1, ERROR_CRC, chip::rsslib::ERROR, SUCCESS ^ 1] {
            assert!(Acknowledged::from_status(ObjectRole::Data, Destination::STIROT_DATA, status).is_none());
        }
    }

    #[test]
    fn the_key_to_closed_takes_each_object_in_its_own_place() {
        let authentication = acknowledged(ObjectRole::DebugAuthentication, Destination::DA_CERTIFICATE);
        let configuration = acknowledged(ObjectRole::Configuration, Destination::STIROT_CONFIG);
        let data = acknowledged(ObjectRole::Data, Destination::STIROT_DATA);
        assert!(AllObjectsStored::assemble(&authentication, &configuration, &data).is_some());
        assert!(AllObjectsStored::assemble(&authentication, &data, &configuration).is_none());
        assert!(AllObjectsStored::assemble(&configuration, &configuration, &data).is_none());
        let no_method = acknowledged(ObjectRole::DebugAuthentication, Destination::STIROT_CONFIG);
        assert!(AllObjectsStored::assemble(&no_method, &configuration, &data).is_none());
    }

    #[test]
    fn an_object_that_locks_is_not_sendable_without_consent() {
        assert!(Sendable::reversible(&ObkFile::da_lock()).is_none());
        assert!(Sendable::reversible(&ObkFile::stirot_data()).is_some());
    }
}
