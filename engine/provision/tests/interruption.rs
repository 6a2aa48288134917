//! The studio is killed, as a process, at every boundary of its journal and at seeded moments in between. Neither board
//! file nor project is lost, the next start says where the board stands, and one press finishes the run.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Bench, Files};
use formats::ApplicationRun;
use project::Credential;
use provision::{Cancel, Event, Goal, RunFolder, SampleKeys, StepId, Terms};

/// Names the folder of the bench to the child, and the boundary at which it shall die.
const FOLDER: &str = "STIROT_TEST_FOLDER";
const BOUNDARY: &str = "STIROT_TEST_BOUNDARY";

/// Boundaries of an undisturbed run by certificate and of one boot stage, which has no qualification and no objects of a
/// second stage: an entry on the disk before each step, and one after.
const BOUNDARIES: usize = 2 * (StepId::ALL.len() - 3);

/// The way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Certificate,
    Password,
    /// By certificate, with two boot stages.
    TwoStages,
}

/// The child: provisions, and aborts at the boundary it was given. It is run by the other tests only.
#[test]
#[ignore = "it is run by the other tests, as a process of its own"]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = std::path::Path::new(&folder);
    let boundary: Option<usize> = std::env::var(BOUNDARY).ok().map(|text| text.parse().unwrap());
    let project = project::Project::open(&folder.join("project")).unwrap();
    let board = provision::VirtualBoard::open(&folder.join("bench.board"), common::fast()).unwrap();
    let mut link = provision::Link::to_virtual_board(&board, &provision::SiliconOptions::default());
    let runs = RunFolder::at(&folder.join("runs"));
    let mut passed = 0;
    // Both events are told right after their journal entry has reached the disk.
    let mut events = |event: Event| {
        if matches!(event, Event::StepStarted { .. } | Event::StepProved { .. }) {
            if Some(passed) == boundary {
                std::process::abort();
            }
            passed += 1;
        }
    };
    let wallet = project::Wallet::at(&folder.join("wallet"));
    let terms = Terms { goal: &Goal::Closed, sample_keys: SampleKeys::Refused, wallet: &wallet };
    provision::provision_on(&project, &mut link, &runs, terms, &Cancel::new(), &mut events).unwrap();
}

fn spawn(files: &Files, boundary: Option<usize>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--ignored"]).env(FOLDER, files.folder());
    if let Some(boundary) = boundary {
        command.env(BOUNDARY, boundary.to_string());
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A bench whose board exists, switched off.
fn files(way: Way, seed: u64) -> Files {
    let files = match way {
        Way::Certificate | Way::Password => Files::new(),
        Way::TwoStages => Files::two_stages(ApplicationRun::InPlace, Credential::Certificate),
    };
    if way == Way::Password {
        files.by_password();
    }
    // Outputs are built before, so that what is interrupted is the run and not the image's signature.
    files.project().outputs().unwrap();
    files.board(Some(seed)).power_off().unwrap();
    files
}

/// The next start: everything is there, the board says where it stands, and one press finishes.
fn the_next_press_finishes(files: Files, when: &str) {
    let project = files.project();
    assert!(!project.check().iter().any(|finding| finding.severity == project::Severity::Error), "{when}");
    let bench = Bench { board: files.board(None), project, files };
    let survey = bench.link().survey().unwrap();
    assert!(survey.product_state.is_some(), "{when}: the board says where it stands");
    let record = bench.provision().unwrap_or_else(|error| panic!("{when}, in {:?}: {error}", survey.product_state));
    assert!(record.passed(), "{when}");
    assert!(record.banner.as_ref().unwrap().contains("1.0.0"), "{when}");
    bench.goes_back();
}

fn killed_at_boundaries(way: Way, boundaries: std::ops::Range<usize>) {
    for boundary in boundaries {
        let files = files(way, 100 + boundary as u64);
        let status = spawn(&files, Some(boundary)).wait().unwrap();
        assert!(!status.success(), "boundary {boundary}: the child was to die there");
        the_next_press_finishes(files, &format!("killed at boundary {boundary}"));
    }
}

#[test]
fn killed_at_a_boundary_in_open_the_next_press_finishes() {
    killed_at_boundaries(Way::Certificate, 0..8);
}

#[test]
fn killed_at_a_boundary_while_objects_are_stored_the_next_press_finishes() {
    killed_at_boundaries(Way::Certificate, 8..16);
}

#[test]
fn killed_at_a_boundary_while_the_loader_is_written_the_next_press_finishes() {
    killed_at_boundaries(Way::Certificate, 16..24);
}

#[test]
fn killed_at_a_boundary_around_the_climb_the_next_press_finishes() {
    killed_at_boundaries(Way::Certificate, 24..BOUNDARIES);
}

#[test]
fn killed_at_a_boundary_around_the_regression_that_proves_a_password_the_next_press_finishes() {
    killed_at_boundaries(Way::Password, 1..5);
}

#[test]
fn killed_at_a_boundary_after_the_password_was_proved_the_next_press_proves_it_again_and_finishes() {
    killed_at_boundaries(Way::Password, 13..16);
}

#[test]
fn killed_at_a_boundary_of_the_external_flash_or_of_the_second_stages_objects_the_next_press_finishes() {
    killed_at_boundaries(Way::TwoStages, 4..6);
    killed_at_boundaries(Way::TwoStages, 18..22);
}

/// Kills runs at fractions of their time, a fixed sequence (multiplicative, golden ratio) between two of them.
fn killed_at_seeded_moments(way: Way, moments: u32, fractions: std::ops::Range<f64>) {
    let whole = files(way, 200);
    let began = Instant::now();
    assert!(spawn(&whole, None).wait().unwrap().success(), "an undisturbed run passes");
    let duration = began.elapsed().as_secs_f64();
    let mut state: u32 = 0x9E37_79B9;
    for moment in 0..moments {
        state = state.wrapping_mul(0x9E37_79B1).wrapping_add(0x7F4A_7C15);
        let fraction = fractions.start + (fractions.end - fractions.start) * f64::from(state) / f64::from(u32::MAX);
        let files = files(way, 300 + u64::from(moment));
        let mut child = spawn(&files, None);
        std::thread::sleep(Duration::from_secs_f64(duration * fraction));
        child.kill().unwrap();
        child.wait().unwrap();
        the_next_press_finishes(files, &format!("killed after {:.0} % of a run", fraction * 100.0));
    }
}

#[test]
fn killed_at_twenty_seeded_moments_the_next_press_finishes() {
    killed_at_seeded_moments(Way::Certificate, 20, 0.0..1.0);
}

#[test]
fn killed_at_six_seeded_moments_with_two_boot_stages_the_next_press_finishes() {
    killed_at_seeded_moments(Way::TwoStages, 6, 0.0..1.0);
}

#[test]
fn killed_at_eight_seeded_moments_of_the_regression_by_password_the_next_press_finishes() {
    killed_at_seeded_moments(Way::Password, 8, 0.02..0.6);
}
