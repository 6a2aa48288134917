//! Objects on their way to the chip, and what the chip said of them.

use chip::obk::Destination;
use chip::option_bytes::DebugAuthentication;
use formats::ObkFile;

use super::consent::LockConsent;
use super::way_back::RunMark;
use crate::material::ObjectDigest;

/// Which object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectRole {
    /// The debug-authentication object.
    DebugAuthentication,
    /// STiROT_Config.
    Configuration,
    /// STiROT_Data.
    Data,
    /// OEMuROT_Config.
    SecondConfiguration,
    /// OEMuROT_Data.
    SecondData,
}

/// The chip acknowledged one object in this run. Only the executor's store makes it, and nothing copies it.
#[derive(Debug)]
pub(crate) struct Acknowledged {
    role: ObjectRole,
    destination: Destination,
    digest: ObjectDigest,
    run: RunMark,
}

impl Acknowledged {
    /// From the chip's own word: nothing but [`chip::rsslib::SUCCESS`] counts.
    pub(crate) fn from_status(role: ObjectRole, object: &ObkFile, status: u32, run: RunMark) -> Option<Self> {
        (status == chip::rsslib::SUCCESS).then(|| Self {
            role,
            destination: object.destination,
            digest: ObjectDigest::of(object),
            run,
        })
    }

    /// Which object it is about.
    pub(crate) fn role(&self) -> ObjectRole {
        self.role
    }

    /// The method of debug authentication that the object brings.
    pub(super) fn method(&self) -> Option<DebugAuthentication> {
        (self.role == ObjectRole::DebugAuthentication).then(|| self.destination.method())?
    }

    /// The run that it is of.
    pub(super) fn run(&self) -> RunMark {
        self.run
    }

    /// Which bytes were stored.
    pub(super) fn digest(&self) -> ObjectDigest {
        self.digest
    }
}

/// Every object that the plan's boot stages need was acknowledged by the chip in one run, three of one stage and five of
/// two: part of the key to the final state.
#[derive(Debug)]
pub struct AllObjectsStored {
    method: DebugAuthentication,
    digest: ObjectDigest,
    run: RunMark,
}

impl AllObjectsStored {
    /// Assembles the proof. `None` when an object is missing or stands in another's place, or is of another run. How many
    /// there have to be is said by the run, not by who asks.
    pub(crate) fn assemble(authentication: &Acknowledged, others: &[&Acknowledged]) -> Option<Self> {
        let demanded = authentication.run.stages().objects();
        let roles_fit = others.iter().map(|object| object.role).eq(demanded.iter().copied());
        let one_run = others.iter().all(|object| object.run == authentication.run);
        let method = authentication.method()?;
        (roles_fit && one_run && method != DebugAuthentication::None).then_some(Self {
            method,
            digest: authentication.digest,
            run: authentication.run,
        })
    }

    /// Whether the debug-authentication object among them is the one that locks.
    pub(super) fn lock(&self) -> bool {
        self.method == DebugAuthentication::Locked
    }

    /// Whether the debug-authentication object among them is this one, stored in this run.
    pub(super) fn hold(&self, digest: ObjectDigest, run: RunMark) -> bool {
        self.digest == digest && self.run == run
    }
}

/// An object that may be sent to the chip: never one that locks, unless a person consented.
#[derive(Clone, Copy)]
pub struct Sendable<'a> {
    obk: &'a ObkFile,
    board: Option<[u8; 12]>,
}

impl<'a> Sendable<'a> {
    /// An object that can be taken back by regression. `None` for the one that locks for good, and for one whose
    /// destination this chip does not have.
    pub fn reversible(obk: &'a ObkFile) -> Option<Self> {
        let destination = obk.destination;
        let size = u32::try_from(obk.body.len()).ok()?;
        let locks = destination.method() == Some(DebugAuthentication::Locked);
        (!locks && destination.fits(size)).then_some(Self { obk, board: None })
    }

    /// The object that locks, for the board that a person named. `None` for any other object: a consent to LOCKED is
    /// good for nothing else.
    pub fn locking(obk: &'a ObkFile, consent: &LockConsent) -> Option<Self> {
        let size = u32::try_from(obk.body.len()).ok()?;
        let locks = obk.destination.method() == Some(DebugAuthentication::Locked);
        (locks && obk.destination.fits(size)).then_some(Self { obk, board: Some(consent.uid()) })
    }

    /// The same, for one board alone.
    pub(crate) fn only_for(self, board: [u8; 12]) -> Self {
        Self { board: self.board.or(Some(board)), ..self }
    }

    /// The object.
    pub fn obk(&self) -> &'a ObkFile {
        self.obk
    }

    /// The board that it may be sent to; `None` for any.
    pub(crate) fn board(&self) -> Option<[u8; 12]> {
        self.board
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::BootStages;
    use chip::rsslib::{ERROR_CRC, SUCCESS};
    use formats::{Encryption, Secret};

    fn object(destination: Destination) -> ObkFile {
        ObkFile { destination, encryption: Encryption::Encrypted, body: Secret::new(vec![7; 0x60]) }
    }

    fn acknowledged(role: ObjectRole, destination: Destination, run: RunMark) -> Acknowledged {
        Acknowledged::from_status(role, &object(destination), SUCCESS, run).unwrap()
    }

    #[test]
    fn only_success_acknowledges() {
        let run = RunMark::of_plan([0; 32], BootStages::One);
        for status in [0, 1, ERROR_CRC, chip::rsslib::ERROR, SUCCESS ^ 1] {
            let object = object(Destination::STIROT_DATA);
            assert!(Acknowledged::from_status(ObjectRole::Data, &object, status, run).is_none());
        }
    }

    #[test]
    fn all_objects_are_stored_when_each_is_in_its_own_place_and_all_are_of_one_run() {
        let run = RunMark::of_plan([0; 32], BootStages::One);
        let authentication = acknowledged(ObjectRole::DebugAuthentication, Destination::DA_CERTIFICATE, run);
        let configuration = acknowledged(ObjectRole::Configuration, Destination::STIROT_CONFIG, run);
        let data = acknowledged(ObjectRole::Data, Destination::STIROT_DATA, run);
        assert!(AllObjectsStored::assemble(&authentication, &[&configuration, &data]).is_some());
        assert!(AllObjectsStored::assemble(&authentication, &[&data, &configuration]).is_none());
        assert!(AllObjectsStored::assemble(&authentication, &[&configuration]).is_none());
        assert!(AllObjectsStored::assemble(&configuration, &[&configuration, &data]).is_none());
        let no_method = acknowledged(ObjectRole::DebugAuthentication, Destination::STIROT_CONFIG, run);
        assert!(AllObjectsStored::assemble(&no_method, &[&configuration, &data]).is_none());
        let another = RunMark::of_plan([0; 32], BootStages::One);
        let earlier = acknowledged(ObjectRole::Data, Destination::STIROT_DATA, another);
        assert!(AllObjectsStored::assemble(&authentication, &[&configuration, &earlier]).is_none());
    }

    #[test]
    fn two_boot_stages_need_all_five_and_no_one_of_them_can_be_missing() {
        let run = RunMark::of_plan([0; 32], BootStages::Two);
        let authentication = acknowledged(ObjectRole::DebugAuthentication, Destination::DA_CERTIFICATE, run);
        let others = [
            acknowledged(ObjectRole::Configuration, Destination::STIROT_CONFIG, run),
            acknowledged(ObjectRole::Data, Destination::STIROT_DATA, run),
            acknowledged(ObjectRole::SecondConfiguration, Destination::OEMUROT_CONFIG, run),
            acknowledged(ObjectRole::SecondData, Destination::OEMUROT_DATA, run),
        ];
        let all: Vec<&Acknowledged> = others.iter().collect();
        assert!(AllObjectsStored::assemble(&authentication, &all).is_some());
        for missing in 0..all.len() {
            let mut some = all.clone();
            some.remove(missing);
            assert!(AllObjectsStored::assemble(&authentication, &some).is_none(), "without {missing}");
        }
        let one = RunMark::of_plan([0; 32], BootStages::One);
        let authentication = acknowledged(ObjectRole::DebugAuthentication, Destination::DA_CERTIFICATE, one);
        assert!(AllObjectsStored::assemble(&authentication, &all).is_none(), "another plan's");
    }

    #[test]
    fn an_object_that_locks_is_sendable_with_consent_only_and_no_other_is_with_it() {
        let uid = [0xAB; 12];
        let consent = LockConsent::given(uid, "abababab").unwrap();
        let (lock, data) = (ObkFile::da_lock(), ObkFile::stirot_data());
        assert!(Sendable::reversible(&lock).is_none());
        assert_eq!(Sendable::locking(&lock, &consent).unwrap().board(), Some(uid));
        assert!(Sendable::locking(&data, &consent).is_none());
        assert!(Sendable::locking(&object(Destination::DA_CERTIFICATE), &consent).is_none());
        assert_eq!(Sendable::reversible(&data).unwrap().board(), None);
    }
}
