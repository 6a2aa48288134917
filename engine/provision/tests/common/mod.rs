//! What the tests of whole paths share: a bench with the sample project, a new virtual board and a folder to remember
//! in, all of them gone when the test is over.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(dead_code, unused_imports, unreachable_pub, reason = "every test file uses its own part of this")]

pub mod behind;
mod crafted;
pub mod credentials;
#[cfg(unix)]
pub mod desk;
mod images;
pub mod lab;
pub mod sweep;
pub mod terminal;
pub mod two_stages;
pub mod wire;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chip::ProductState;
use formats::{DebugCredential, Secret};
use project::{Project, Wallet, WalletEntry};
use provision::{
    Cancel, ConsoleReader, Event, Goal, Link, ProvisionError, Record, RunFolder, SampleKeys, SiliconOptions, Terms,
    VirtualBoard, VirtualOptions, provision_on,
};
use tempfile::TempDir;

pub use crafted::Crafted;
pub use images::{Recipe, checked_places};

/// The files of a bench, powered or not.
pub struct Files {
    folder: TempDir,
}

impl Files {
    /// An empty folder with the sample project in it.
    pub fn new() -> Self {
        let files = Self { folder: tempfile::tempdir().unwrap() };
        project::sample::unpack(&files.project_folder()).unwrap();
        files
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn project_folder(&self) -> PathBuf {
        self.folder().join("project")
    }

    pub fn project(&self) -> Project {
        Project::open(&self.project_folder()).unwrap()
    }

    /// Puts another text into a file of the project.
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let path = self.project_folder().join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name} holds {from:?}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
    }

    /// The way back of the project is a password from now on.
    pub fn by_password(&self) {
        self.edit("stirot-studio.toml", "\"certificate\"", "\"password\"");
    }

    pub fn wallet(&self) -> Wallet {
        Wallet::at(&self.folder().join("wallet"))
    }

    /// The board, made from a seed when there is none yet.
    pub fn board(&self, seed: Option<u64>) -> VirtualBoard {
        let file = self.folder().join("bench.board");
        if file.exists() {
            VirtualBoard::open(&file, fast()).unwrap()
        } else {
            VirtualBoard::create_with(&file, seed, fast()).unwrap()
        }
    }
}

/// A bench with one board on it, powered on.
pub struct Bench {
    pub project: Project,
    pub board: VirtualBoard,
    pub files: Files,
}

impl Bench {
    /// The sample project and a board in OPEN, made from a seed.
    pub fn new(seed: u64) -> Self {
        let bench = Files::new();
        let board = bench.board(Some(seed));
        let project = bench.project();
        Self { project, board, files: bench }
    }

    /// As [`Bench::new`], with a password as the way back.
    pub fn by_password(seed: u64) -> Self {
        let bench = Files::new();
        bench.by_password();
        let board = bench.board(Some(seed));
        let project = bench.project();
        Self { project, board, files: bench }
    }

    pub fn run_folder(&self) -> RunFolder {
        RunFolder::at(&self.files.folder().join("runs"))
    }

    pub fn link(&self) -> Link {
        Link::to_virtual_board(&self.board, &SiliconOptions::default())
    }

    /// Runs the sample's plan to CLOSED.
    pub fn provision(&self) -> Result<Record, ProvisionError> {
        self.provision_with(&Cancel::new(), &mut |_| {})
    }

    pub fn provision_with(&self, cancel: &Cancel, events: &mut dyn FnMut(Event)) -> Result<Record, ProvisionError> {
        self.provision_to(&Goal::Closed, cancel, events)
    }

    pub fn provision_to(
        &self,
        goal: &Goal,
        cancel: &Cancel,
        events: &mut dyn FnMut(Event),
    ) -> Result<Record, ProvisionError> {
        let wallet = self.files.wallet();
        let terms = Terms { goal, sample_keys: SampleKeys::Refused, wallet: &wallet };
        provision_on(&self.project, &mut self.link(), &self.run_folder(), terms, cancel, events)
    }

    /// Runs the plan to CLOSED until a step begins, and stops there.
    pub fn provision_until(&self, step: provision::StepId) {
        let (plan, _) = provision::plan_for(&self.project, provision::FinalState::Closed).unwrap();
        let (stop, _) = plan.step(step).unwrap();
        let cancel = Cancel::new();
        let wallet = self.files.wallet();
        let terms = Terms { goal: &Goal::Closed, sample_keys: SampleKeys::Refused, wallet: &wallet };
        let mut link = Link::to_virtual_board(&self.board, &patient());
        let stopped = provision_on(&self.project, &mut link, &self.run_folder(), terms, &cancel, &mut |event| {
            if let Event::StepProved { index, .. } | Event::StepSkipped { index, .. } = event
                && index + 1 == stop
            {
                cancel.cancel();
            }
        });
        assert!(matches!(stopped, Err(ProvisionError::Cancelled { .. })), "{step:?}: {stopped:?}");
    }

    /// The board's identifier.
    pub fn uid(&self) -> [u8; 12] {
        self.board.look(|board| board.snapshot().uid)
    }

    /// Where the board stands, whatever it says of itself.
    pub fn state(&self) -> ProductState {
        state_of(&self.board)
    }

    /// The newest entry that the wallet has for the board.
    pub fn entry(&self) -> WalletEntry {
        self.files.wallet().for_board(self.uid()).unwrap().remove(0)
    }

    /// The credential that the wallet has for the board.
    pub fn kept(&self) -> DebugCredential {
        self.files.wallet().open(&self.entry(), None).unwrap()
    }

    /// The board goes back to OPEN by what the wallet has, and nothing else.
    #[track_caller]
    pub fn goes_back(&self) {
        let (wallet, entry) = (self.files.wallet(), self.entry());
        let (credential, object) = (wallet.open(&entry, None).unwrap(), wallet.object(&entry, None).unwrap());
        self.link().regress(&credential, Some(&object)).unwrap();
        assert_eq!(self.state(), ProductState::Open);
    }

    /// The board goes back to OPEN by a credential; in PROVISIONING the project's object is stored first.
    #[track_caller]
    pub fn goes_back_by(&self, credential: &DebugCredential) {
        let object = self.project.debug_object().unwrap();
        self.link().regress(credential, Some(&object)).unwrap();
        assert_eq!(self.state(), ProductState::Open);
    }
}

/// Flash without modelled waiting, sleeps that jump: what is tested here is what happens, not how long it takes.
pub fn fast() -> VirtualOptions {
    let options = board::BoardOptions { time_scale: 0, ..board::BoardOptions::default() };
    VirtualOptions { pace: board::Pace::Jump, board: options, ..VirtualOptions::default() }
}

/// Limits for tests: what a virtual board doesn't do at once, it doesn't do.
pub fn impatient() -> SiliconOptions {
    let milliseconds = Duration::from_millis;
    let usual = SiliconOptions::default();
    SiliconOptions {
        mailbox_timeout: milliseconds(100),
        session_timeout: milliseconds(8000),
        level_timeout: milliseconds(8000),
        regression_timeout: milliseconds(2000),
        open_settle: milliseconds(5),
        reset_pulse: Duration::ZERO,
        connecting: provision::Connecting { pulse: Duration::ZERO, ..usual.connecting },
        ..usual
    }
}

/// Limits for what only leads to a test: a computer that has a lot to do is no reason for it to fail.
pub fn patient() -> SiliconOptions {
    let minute = Duration::from_secs(60);
    SiliconOptions { mailbox_timeout: minute, session_timeout: minute, ..SiliconOptions::default() }
}

/// What the board says until it has been quiet for a while, or until it says `text`.
pub fn listen(reader: &mut ConsoleReader, text: &str) -> String {
    let began = Instant::now();
    let mut heard = Vec::new();
    while began.elapsed() < Duration::from_secs(30) {
        heard.extend(reader.take());
        if String::from_utf8_lossy(&heard).contains(text) {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    String::from_utf8_lossy(&heard).into_owned()
}

/// Where a board stands, whatever it says of itself.
pub fn state_of(board: &VirtualBoard) -> ProductState {
    let options = board.look(|board| board.snapshot().options);
    ProductState::from_option_bytes(options.nvsr as u8, options.rotsr)
}

/// Another password.
pub fn password(text: &str) -> formats::da::Password {
    formats::da::Password::new(Secret::new(text.to_owned())).unwrap()
}
