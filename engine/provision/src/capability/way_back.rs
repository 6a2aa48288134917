//! The proof that a board can be brought back, which CLOSED demands. It is made in one run, on one board, for one object
//! and one plan, and serves once.
//!
//! The proof holds the chip's acknowledgement of the object inside. Storing the object again gives another
//! acknowledgement in its place, and the proof is gone with the first: it can't outlive what it is about.

use std::sync::atomic::{AtomicU64, Ordering};

use chip::option_bytes::DebugAuthentication;
use chip::product_state::ProductState;

use super::objects::{Acknowledged, AllObjectsStored};
use crate::debug_authentication::{Accepted, Regressed};
use crate::material::ObjectDigest;
use crate::plan::BootStages;

/// One run of one plan. No two runs of this process have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RunMark {
    number: u64,
    plan: [u8; 32],
    stages: BootStages,
}

impl RunMark {
    /// A new run of the plan with this hash, which provisions so many boot stages.
    pub(crate) fn of_plan(plan: [u8; 32], stages: BootStages) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self { number: NEXT.fetch_add(1, Ordering::Relaxed), plan, stages }
    }

    /// The boot stages whose objects it has to store.
    pub(super) const fn stages(self) -> BootStages {
        self.stages
    }
}

/// This board went through a regression in this run, from an object that a password opens. It serves for one storing of
/// the same object.
#[derive(Debug)]
pub(crate) struct Qualified {
    board: [u8; 12],
    digest: ObjectDigest,
    run: RunMark,
}

impl Qualified {
    /// From the object as it was stored, and the regression that led back from it. `None` when it was another board's, or
    /// none from PROVISIONING.
    pub(crate) fn new(stored: &Acknowledged, board: [u8; 12], regressed: &Regressed) -> Option<Self> {
        let led_back = regressed.uid == Some(board) && regressed.from == ProductState::Provisioning;
        led_back.then(|| Self { board, digest: stored.digest(), run: stored.run() })
    }
}

/// The way back from CLOSED was proved, on this board, in this run, with this object. Only the executor makes it.
#[derive(Debug)]
pub struct WayBack {
    stored: Acknowledged,
    board: [u8; 12],
}

impl WayBack {
    /// The board accepted the credential for an intrusive-debug permission, with the object that it stores. `named` is what
    /// the board called itself in the mailbox when the object had been stored: how that spells the identifier on silicon is
    /// not known, so that it is compared with itself. `None` when another answered, or the object isn't one for
    /// certificates.
    pub(crate) fn by_certificate(
        stored: Acknowledged,
        board: [u8; 12],
        named: [u8; 12],
        accepted: &Accepted,
    ) -> Option<Self> {
        let by = DebugAuthentication::Certificate;
        let of_this = accepted.uid == named && accepted.method == by && stored.method() == Some(by);
        of_this.then_some(Self { stored, board })
    }

    /// The board went through a regression by password in this run, and now stores the same object once more. `None`
    /// when it is another object, or another board.
    pub(crate) fn by_password(stored: Acknowledged, board: [u8; 12], qualified: Qualified) -> Option<Self> {
        let same = qualified.board == board && qualified.digest == stored.digest() && qualified.run == stored.run();
        (same && stored.method() == Some(DebugAuthentication::Password)).then_some(Self { stored, board })
    }

    /// The chip's acknowledgement of the object that it is about.
    pub(crate) fn stored(&self) -> &Acknowledged {
        &self.stored
    }

    /// Whether it is about the debug-authentication object among these.
    pub(super) fn covers(&self, objects: &AllObjectsStored) -> bool {
        objects.hold(self.stored.digest(), self.stored.run())
    }

    /// The board that it was proved on.
    pub(super) fn board(&self) -> [u8; 12] {
        self.board
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::{Climb, ObjectRole};
    use crate::debug_authentication::DebugLevel;
    use chip::obk::Destination;
    use chip::rsslib::SUCCESS;
    use formats::{Encryption, ObkFile, Secret};

    const BOARD: [u8; 12] = [7; 12];

    fn stored(role: ObjectRole, destination: Destination, byte: u8, run: RunMark) -> Acknowledged {
        let body = Secret::new(vec![byte; 0x60]);
        let object = ObkFile { destination, encryption: Encryption::Encrypted, body };
        Acknowledged::from_status(role, &object, SUCCESS, run).unwrap()
    }

    fn object(byte: u8, run: RunMark) -> Acknowledged {
        stored(ObjectRole::DebugAuthentication, Destination::DA_CERTIFICATE, byte, run)
    }

    fn accepted(uid: [u8; 12]) -> Accepted {
        let challenges = ["00".to_owned(), "01".to_owned()];
        Accepted { uid, method: DebugAuthentication::Certificate, level: DebugLevel::Hdpl3, challenges }
    }

    fn all(authentication: &Acknowledged, run: RunMark) -> AllObjectsStored {
        let configuration = stored(ObjectRole::Configuration, Destination::STIROT_CONFIG, 1, run);
        let data = stored(ObjectRole::Data, Destination::STIROT_DATA, 2, run);
        AllObjectsStored::assemble(authentication, &[&configuration, &data]).unwrap()
    }

    #[test]
    fn closed_takes_the_proof_about_the_object_that_is_stored_in_this_run() {
        let run = RunMark::of_plan([1; 32], BootStages::One);
        let way_back = || WayBack::by_certificate(object(9, run), BOARD, BOARD, &accepted(BOARD)).unwrap();
        let climb = Climb::to_closed(way_back(), &all(&object(9, run), run)).unwrap();
        assert_eq!((climb.state(), climb.board()), (ProductState::Closed, Some(BOARD)));
        assert!(Climb::to_closed(way_back(), &all(&object(8, run), run)).is_none(), "another object is stored");
        let another = RunMark::of_plan([1; 32], BootStages::One);
        assert!(Climb::to_closed(way_back(), &all(&object(9, another), another)).is_none(), "another run");
    }

    #[test]
    fn what_another_board_accepted_proves_nothing() {
        let run = RunMark::of_plan([1; 32], BootStages::One);
        assert!(WayBack::by_certificate(object(9, run), BOARD, BOARD, &accepted([8; 12])).is_none());
        let lock = stored(ObjectRole::DebugAuthentication, Destination::DA_LOCK, 9, run);
        assert!(WayBack::by_certificate(lock, BOARD, BOARD, &accepted(BOARD)).is_none());
    }

    #[test]
    fn a_regression_proves_the_same_object_on_the_same_board_in_the_same_run_and_no_other() {
        let run = RunMark::of_plan([1; 32], BootStages::One);
        let by_password = |byte, run| stored(ObjectRole::DebugAuthentication, Destination::DA_PASSWORD, byte, run);
        let qualified = || {
            let stored = by_password(9, run);
            Qualified { board: BOARD, digest: stored.digest(), run: stored.run() }
        };
        assert!(WayBack::by_password(by_password(9, run), BOARD, qualified()).is_some());
        assert!(WayBack::by_password(by_password(8, run), BOARD, qualified()).is_none());
        assert!(WayBack::by_password(by_password(9, run), [8; 12], qualified()).is_none());
        assert!(
            WayBack::by_password(by_password(9, RunMark::of_plan([1; 32], BootStages::One)), BOARD, qualified())
                .is_none()
        );
        assert!(WayBack::by_password(object(9, run), BOARD, qualified()).is_none());
    }
}
