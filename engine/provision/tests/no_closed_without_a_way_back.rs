//! Whatever is done with the studio, in whatever order, and wherever it breaks off: a board that comes to CLOSED goes back
//! to OPEN by the credential in the wallet, and none comes to LOCKED without a person's consent for it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use board::PowerCut;
use chip::ProductState;
use chip::memory_map::UID;
use chip::obk::Destination;
use common::{Files, fast, state_of};
use formats::{ApplicationRun, DebugCredential, Permission, Permissions, PrivateKey};
use project::certificates::{self, ChainRequest, Masks};
use project::{Credential, Disk, Project, Wallet};
use proptest::prelude::*;
use provision::{
    Cancel, Event, Goal, Link, LockConsent, ProvisionError, RunFolder, SampleKeys, SiliconOptions, Terms, VirtualBoard,
    provision_on,
};

/// Sequences that are tried. Each provisions a board several times, as machine code.
const CASES: u32 = 8;

/// The project, and with it the credential.
#[derive(Debug, Clone, Copy)]
enum Way {
    Certificate,
    Password,
    /// By certificate, with two boot stages.
    TwoStages,
    /// The leaf key was exchanged: nothing answers for the object.
    Broken,
}

/// Where a person wants to go, and for LOCKED what they type.
#[derive(Debug, Clone, Copy)]
enum To {
    Closed,
    LockedWithItsDigits,
    LockedWithOtherDigits,
    LockedWithTheConsentForAnother,
}

/// How a run is broken off, at which of its steps.
#[derive(Debug, Clone, Copy)]
enum Broken {
    Cancelled(usize),
    /// The power goes within the step, after so many writes.
    PowerCut(usize, u64, bool),
    /// It is gone and back before the step.
    PowerCycled(usize),
    /// Another board is on the wires from the step on.
    Exchanged(usize),
    /// The project's certificates are made anew before the step, and permit no regression any more.
    Narrowed(usize),
    /// The wallet can't be written from the step on.
    WalletInTheWay(usize),
}

#[derive(Debug, Clone, Copy)]
enum Act {
    Provision(Way, To, Option<Broken>),
    Regress(Way),
    Discover,
    Reset,
    PowerCycle,
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        4 => Just(Way::Certificate),
        3 => Just(Way::Password),
        2 => Just(Way::TwoStages),
        1 => Just(Way::Broken),
    ]
}

fn to() -> impl Strategy<Value = To> {
    prop_oneof![
        12 => Just(To::Closed),
        1 => Just(To::LockedWithItsDigits),
        1 => Just(To::LockedWithOtherDigits),
        1 => Just(To::LockedWithTheConsentForAnother),
    ]
}

fn broken() -> impl Strategy<Value = Option<Broken>> {
    prop_oneof![
        2 => Just(None),
        1 => (0..20_usize).prop_map(|step| Some(Broken::Cancelled(step))),
        2 => (0..20_usize, 0..12_u64, any::<bool>()).prop_map(|(step, writes, tears)| {
            Some(Broken::PowerCut(step, writes, tears))
        }),
        1 => (1..20_usize).prop_map(|step| Some(Broken::PowerCycled(step))),
        1 => (1..20_usize).prop_map(|step| Some(Broken::Exchanged(step))),
        1 => (1..10_usize).prop_map(|step| Some(Broken::Narrowed(step))),
        1 => (1..10_usize).prop_map(|step| Some(Broken::WalletInTheWay(step))),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => (way(), to(), broken()).prop_map(|(way, to, broken)| Act::Provision(way, to, broken)),
        2 => way().prop_map(Act::Regress),
        1 => Just(Act::Discover),
        1 => Just(Act::Reset),
        1 => Just(Act::PowerCycle),
    ]
}

/// The projects of a bench, one for each way, and what belongs to all of them.
struct Room {
    files: Vec<Files>,
    wallet: Wallet,
    uid: [u8; 12],
    board: VirtualBoard,
    consented: bool,
}

impl Room {
    fn new() -> Self {
        let two_stages = Files::two_stages(ApplicationRun::InPlace, Credential::Certificate);
        let files = vec![Files::new(), Files::new(), two_stages, Files::new()];
        files[Way::Password as usize].by_password();
        let board = files[0].board(Some(7));
        let wallet = files[0].wallet();
        let uid = board.look(|board| board.snapshot().uid);
        // Only now: with this key no project would have been opened.
        let key = PrivateKey::generate().unwrap();
        let path = files[Way::Broken as usize].project_folder().join("DA/Keys/key_3_leaf.pem");
        fs::write(path, key.to_pem().unwrap().as_bytes()).unwrap();
        Self { files, wallet, uid, board, consented: false }
    }

    fn project(&self, way: Way) -> Project {
        self.files[way as usize].project()
    }

    fn link(&self) -> Link {
        Link::to_virtual_board(&self.board, &SiliconOptions::default())
    }

    fn goal(&mut self, to: To) -> Result<Goal, ProvisionError> {
        // A consent is for one run.
        self.consented &= state_of(&self.board) == ProductState::Locked;
        let digits = |uid: [u8; 12]| uid[8..].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mut other = self.uid;
        other[11] ^= 1;
        Ok(match to {
            To::Closed => Goal::Closed,
            To::LockedWithItsDigits => {
                self.consented = true;
                Goal::Locked(LockConsent::given(self.uid, &digits(self.uid))?)
            }
            To::LockedWithOtherDigits => Goal::Locked(LockConsent::given(self.uid, &digits(other))?),
            To::LockedWithTheConsentForAnother => Goal::Locked(LockConsent::given(other, &digits(other))?),
        })
    }

    fn provision(&mut self, way: Way, to: To, broken: Option<Broken>) {
        let Ok(goal) = self.goal(to) else { return };
        let project = self.project(way);
        let terms = Terms { goal: &goal, sample_keys: SampleKeys::Refused, wallet: &self.wallet };
        let runs = RunFolder::at(&self.files[0].folder().join("runs"));
        let cancel = Cancel::new();
        let board = self.board.clone();
        let mut events = |event: Event| {
            let Event::StepStarted { index, .. } = event else { return };
            match broken {
                Some(Broken::Cancelled(step)) if step == index => cancel.cancel(),
                Some(Broken::PowerCut(step, after_writes, tears)) if step == index => {
                    board.with(|board| board.peripherals.arm_power_cut(PowerCut { after_writes, tears }));
                }
                Some(Broken::PowerCycled(step)) if step == index => board.power_cycle().unwrap(),
                Some(Broken::Exchanged(step)) if step == index => self.wears(&[7; 12]),
                Some(Broken::Narrowed(step)) if step == index => self.permits(way, Permission::DEBUG_HDPL3.mask()),
                Some(Broken::WalletInTheWay(step)) if step == index => self.wallet_is_away(true),
                _ => {}
            }
        };
        let before = state_of(&self.board);
        // How it ends is not the question here; where the board then stands is.
        drop(provision_on(&project, &mut self.link(), &runs, terms, &cancel, &mut events));
        match broken {
            Some(Broken::PowerCut(..)) => self.board.power_cycle().unwrap(),
            Some(Broken::Exchanged(_)) => self.wears(&self.uid),
            Some(Broken::Narrowed(_)) => self.permits(way, Permissions::OF_ST_CERTIFICATES),
            Some(Broken::WalletInTheWay(_)) => self.wallet_is_away(false),
            _ => {}
        }
        let after = state_of(&self.board);
        if after != before && matches!(after, ProductState::Closed | ProductState::Locked) {
            self.holds_every_object(way);
        }
    }

    /// What was just closed holds the first word of every object that its boot stages read.
    fn holds_every_object(&self, way: Way) {
        let mut objects = vec![Destination::DA_CERTIFICATE, Destination::STIROT_CONFIG, Destination::STIROT_DATA];
        if matches!(way, Way::TwoStages) {
            objects.extend([Destination::OEMUROT_CONFIG, Destination::OEMUROT_DATA]);
        }
        let keys = self.board.look(|board| board.snapshot().keys);
        for object in objects {
            let cell = &keys[usize::from(object.hdpl())][usize::from(object.index())];
            assert!(cell.is_some(), "{way:?}: closed without the object at {:#06x}", object.0);
        }
    }

    /// Another identifier: to a host this is another board.
    fn wears(&self, uid: &[u8; 12]) {
        self.board.with(|board| board.memory.write(UID.start, uid)).unwrap();
    }

    /// Makes the certificates of a project anew. A broken one stays as it is.
    fn permits(&self, way: Way, permissions: Permissions) {
        if matches!(way, Way::Certificate | Way::TwoStages) {
            let request = ChainRequest { masks: Masks::of_all(permissions), ..ChainRequest::default() };
            certificates::make(&self.project(way), &request, &Disk::real()).unwrap();
        }
    }

    /// Puts a file where the wallet's folder was, or the folder back.
    fn wallet_is_away(&self, away: bool) {
        let (folder, aside) = (self.wallet.folder(), self.files[0].folder().join("wallet-aside"));
        if away {
            drop(fs::rename(folder, &aside));
            fs::write(folder, b"in the way").unwrap();
        } else if folder.is_file() {
            fs::remove_file(folder).unwrap();
            drop(fs::rename(&aside, folder));
        }
    }

    fn credential(&self, way: Way) -> Option<DebugCredential> {
        self.project(way).debug_credential().ok()
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Provision(way, to, broken) => self.provision(way, to, broken),
            Act::Regress(way) => {
                let object = self.project(way).debug_object().unwrap();
                if let Some(credential) = self.credential(way) {
                    drop(self.link().regress(&credential, Some(&object)));
                }
            }
            Act::Discover => drop(self.link().discover()),
            Act::Reset => self.board.reset(),
            Act::PowerCycle => self.board.power_cycle().unwrap(),
        }
    }

    /// What must hold wherever the board stands.
    fn holds(&self) {
        match state_of(&self.board) {
            ProductState::Open | ProductState::Provisioning => {}
            ProductState::Closed => self.goes_back_on_a_copy(),
            ProductState::Locked => assert!(self.consented, "LOCKED without a consent"),
            ProductState::Provisioned => panic!("closed without a stored object"),
        }
    }

    /// A copy of the board goes back to OPEN by the newest credential in the wallet.
    fn goes_back_on_a_copy(&self) {
        self.board.save().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.board");
        fs::copy(self.board.path(), &path).unwrap();
        let copy = VirtualBoard::open(&path, fast()).unwrap();
        let entries = self.wallet.for_board(self.uid).unwrap();
        let newest = self.wallet.open(entries.first().expect("CLOSED, and nothing in the wallet"), None).unwrap();
        Link::to_virtual_board(&copy, &SiliconOptions::default()).regress(&newest, None).unwrap();
        assert_eq!(state_of(&copy), ProductState::Open);
        copy.power_off().unwrap();
    }

    /// From wherever the acts led, the studio finds a way to OPEN.
    fn ends_well(&mut self) {
        let state = state_of(&self.board);
        if state == ProductState::Closed {
            let entries = self.wallet.for_board(self.uid).unwrap();
            let newest = self.wallet.open(&entries[0], None).unwrap();
            self.link().regress(&newest, None).unwrap();
        } else if state == ProductState::Provisioning {
            let object = self.project(Way::Certificate).debug_object().unwrap();
            self.link().regress(&self.credential(Way::Certificate).unwrap(), Some(&object)).unwrap();
        }
        let state = state_of(&self.board);
        assert!(state == ProductState::Open || (state == ProductState::Locked && self.consented), "{state}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, max_shrink_iters: 12, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_acts_loses_a_board(acts in proptest::collection::vec(act(), 1..7)) {
        let mut room = Room::new();
        for act in acts {
            room.act(act);
            room.holds();
        }
        room.ends_well();
    }
}
