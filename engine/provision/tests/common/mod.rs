//! What the tests of whole paths share: a bench with the sample project, a new virtual board and a folder to remember
//! in, all of them gone when the test is over.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(dead_code, unused_imports, unreachable_pub, reason = "every test file uses its own part of this")]

mod crafted;
mod images;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use project::Project;
use provision::{
    Cancel, ConsoleReader, Event, FinalState, Link, ProvisionError, Record, RunFolder, SiliconOptions, VirtualBoard,
    VirtualOptions, provision_on,
};
use tempfile::TempDir;

pub use crafted::Crafted;
pub use images::Recipe;

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
        provision_on(&self.project, &mut self.link(), &self.run_folder(), FinalState::Closed, cancel, events)
    }
}

/// Flash without modelled waiting, sleeps that jump: what is tested here is what happens, not how long it takes.
pub fn fast() -> VirtualOptions {
    let options = board::BoardOptions { time_scale: 0, ..board::BoardOptions::default() };
    VirtualOptions { pace: board::Pace::Jump, board: options, ..VirtualOptions::default() }
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
