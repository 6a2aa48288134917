//! How long a boot takes, from the reset to the application's first line: in instructions, stage by stage and check by
//! check, and in seconds of this computer. With one boot stage and with two, wherever the application runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::print_stdout, reason = "a table is what it is for")]

use std::path::Path;
use std::time::Instant;

use board::{Board, NonVolatile, Stopped};
use formats::ApplicationRun;
use project::template::{NewProject, create};
use project::{Credential, Flow, Project, Wallet};
use provision::lab::{Lab, Lane, Pass, Scenario, Story, Tamper, power_on};
use provision::{
    Cancel, Goal, Link, RunFolder, SampleKeys, SiliconOptions, Terms, VirtualBoard, VirtualOptions, provision_on,
};

/// Boots of which the fastest counts.
const BOOTS: usize = 5;
/// Parts of a boot below this share of a thousand are told together.
const SMALL: u64 = 2;

fn main() {
    // The test runner asks every target for its tests: there are none here.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let one = folder.path().join("one");
    project::sample::unpack(&one).unwrap();
    measure("One boot stage", &one);
    for (name, run) in [
        ("Two boot stages, in place", ApplicationRun::InPlace),
        ("Two boot stages, from internal RAM", ApplicationRun::InternalRam),
        ("Two boot stages, from external RAM", ApplicationRun::ExternalRam),
    ] {
        let path = folder.path().join(run.word().to_string());
        let flow = Flow::StirotOemurot;
        let new = NewProject { name: "boot".into(), flow, credential: Credential::Certificate, second_stage: run };
        create(&path, &new).unwrap();
        measure(name, &path);
    }
}

/// Provisions a board, and tells how it boots.
fn measure(name: &str, folder: &Path) {
    let project = Project::open(folder).unwrap();
    let lab = Lab::of_state(provisioned(&project, folder), &project).unwrap();
    let state = lab.settled().clone();
    let lab = Lab::of_state(state.clone(), &project).unwrap();
    let story = lab.run(&Scenario::Boot, &Tamper::None, &Cancel::new(), &mut |_| {}).unwrap();
    let application = story.passes.iter().find(|pass| pass.lane == Lane::Application);
    let Some(application) = application else { return println!("{name}: {}", story.ending()) };
    let banner = story.console.iter().find(|line| line.at >= application.began).unwrap().at;
    let seconds = (0..BOOTS).map(|_| timed(&state, banner)).fold(f64::INFINITY, f64::min);
    println!("{name}: {} instructions from reset to banner, {seconds:.3} s", grouped(banner));
    for lane in Lane::ALL {
        let passes: Vec<&Pass> = story.of_lane(lane).collect();
        let of = |pass: &Pass| pass.ended.min(banner).saturating_sub(pass.began);
        let instructions: u64 = passes.iter().map(|pass| of(pass)).sum();
        if instructions > 0 {
            row(lane.name(), instructions, banner, passes.len());
            parts(&story, lane, banner);
        }
    }
    println!();
}

/// The parts of a stage's passes that cost something.
fn parts(story: &Story, lane: Lane, whole: u64) {
    let shares = story.of_lane(lane).filter(|_| lane != Lane::Application).flat_map(Pass::shares);
    let (large, small): (Vec<_>, Vec<_>) = shares.partition(|share| share.instructions * 1000 >= whole * SMALL);
    for share in large {
        row(&format!("  {}", share.part), share.instructions, whole, 1);
    }
    let rest: u64 = small.iter().map(|share| share.instructions).sum();
    if rest > 0 {
        row(&format!("  {} smaller parts", small.len()), rest, whole, 1);
    }
}

fn row(name: &str, instructions: u64, whole: u64, passes: usize) {
    let percent = instructions as f64 * 100.0 / whole as f64;
    let passes = if passes > 1 { format!("  {passes} passes") } else { String::new() };
    println!("  {name:<64} {:>14} {percent:>6.2} %{passes}", grouped(instructions));
}

/// Seconds that the board takes to come so far.
fn timed(state: &NonVolatile, instructions: u64) -> f64 {
    let mut board: Board = power_on(state.clone()).unwrap();
    let began = Instant::now();
    while board.now() < instructions {
        let left = instructions - board.now();
        if let Stopped::Sleeping { until: Some(until) } = board.run(left) {
            board.skip_to(until);
        }
    }
    began.elapsed().as_secs_f64()
}

/// What survives power of a board that was provisioned by the studio.
fn provisioned(project: &Project, folder: &Path) -> NonVolatile {
    let board = board::BoardOptions { time_scale: 0, ..board::BoardOptions::default() };
    let options = VirtualOptions { pace: board::Pace::Jump, board, ..VirtualOptions::default() };
    let board = VirtualBoard::create_with(&folder.join("boot.board"), Some(1), options).unwrap();
    let runs = RunFolder::at(&folder.join("runs"));
    let wallet = Wallet::at(&folder.join("wallet"));
    let terms = Terms { goal: &Goal::Closed, sample_keys: SampleKeys::Refused, wallet: &wallet };
    let mut link = Link::to_virtual_board(&board, &SiliconOptions::default());
    let record = provision_on(project, &mut link, &runs, terms, &Cancel::new(), &mut |_| {}).unwrap();
    assert!(record.passed());
    board.look(Board::snapshot)
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut groups: Vec<&str> = digits.as_bytes().rchunks(3).map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.reverse();
    groups.join(" ")
}
