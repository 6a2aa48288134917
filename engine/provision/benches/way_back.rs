//! What debug authentication costs on the virtual board, with flash that takes no time: discovery, debug opened in the
//! application, and regression to OPEN by certificate and by password, each with its proof.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs;
use std::path::Path;

use criterion::{BatchSize, BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime};
use formats::DebugCredential;
use project::{Project, Wallet};
use provision::{
    Cancel, DebugLevel, Goal, Link, RunFolder, SampleKeys, SiliconOptions, Terms, VirtualBoard, VirtualOptions,
    provision_on,
};
use tempfile::TempDir;

/// A project whose boards a credential leads back, and a new closed board for each time it is asked.
struct Closed {
    folder: TempDir,
    project: Project,
    credential: DebugCredential,
    seed: u64,
}

impl Closed {
    fn by(method: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("project");
        project::sample::unpack(&project).unwrap();
        let settings = project.join("stirot-studio.toml");
        let text = fs::read_to_string(&settings).unwrap();
        fs::write(&settings, text.replacen("\"certificate\"", &format!("\"{method}\""), 1)).unwrap();
        let project = Project::open(&project).unwrap();
        project.outputs().unwrap();
        let credential = project.debug_credential().unwrap();
        Self { folder, project, credential, seed: 0 }
    }

    fn board(&mut self) -> VirtualBoard {
        self.seed += 1;
        let at = |name: &str| self.folder.path().join(format!("{}.{name}", self.seed));
        let board = board::BoardOptions { time_scale: 0, ..board::BoardOptions::default() };
        let options = VirtualOptions { pace: board::Pace::Jump, board, ..VirtualOptions::default() };
        let board = VirtualBoard::create_with(&at("board"), Some(self.seed), options).unwrap();
        close(&self.project, &board, &at("runs"));
        board
    }
}

fn close(project: &Project, board: &VirtualBoard, runs: &Path) {
    let wallet = Wallet::at(&runs.join("wallet"));
    let terms = Terms { goal: &Goal::Closed, sample_keys: SampleKeys::Refused, wallet: &wallet };
    let runs = RunFolder::at(runs);
    let record = provision_on(project, &mut link(board), &runs, terms, &Cancel::new(), &mut |_| {}).unwrap();
    assert!(record.passed());
}

fn link(board: &VirtualBoard) -> Link {
    Link::to_virtual_board(board, &SiliconOptions::default())
}

fn regression(group: &mut BenchmarkGroup<'_, WallTime>, method: &str) {
    let mut closed = Closed::by(method);
    let credential = closed.project.debug_credential().unwrap();
    group.bench_function(format!("regression by {method}"), |b| {
        b.iter_batched(
            || closed.board(),
            |board| link(&board).regress(&credential, None).unwrap(),
            BatchSize::PerIteration,
        );
    });
}

fn way_back(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("debug authentication");
    group.sample_size(10);
    let mut closed = Closed::by("certificate");
    let board = closed.board();
    group.bench_function("discovery", |b| b.iter(|| link(&board).discover().unwrap()));
    group.bench_function("debug opened at HDPL 2", |b| {
        b.iter(|| link(&board).open_debug(&closed.credential, DebugLevel::Hdpl2).unwrap());
    });
    regression(&mut group, "certificate");
    regression(&mut group, "password");
}

criterion_group!(benches, way_back);
criterion_main!(benches);
