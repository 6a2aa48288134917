//! Power is cut at every erase, program and store of a key that an installation or an update makes, between two writes and
//! inside of one; then it comes back. An update ends with the old or the new running, a first installation with the new.
//!
//! In CI a stride; in full: `cargo test --release -p provision --test power_sweep -- --ignored --nocapture`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::print_stderr, reason = "a sweep tells its numbers")]

mod common;

use std::sync::Arc;
use std::time::Instant;

use board::{Board, NonVolatile, PowerCut, Stopped};
use common::lab::{one_stage, two_stages};
use common::sweep::{Extent, divided};
use formats::ApplicationRun;
use provision::Cancel;
use provision::lab::{Lab, Outcome, Scenario, Tamper, Then, power_on, tell};

/// Instructions between two forks of the forward run.
const SLICE: u64 = 20_000;
/// More instructions than any boot takes.
const LONG: u64 = 8_000_000_000;

/// A cut, and the board a moment before it.
struct Moment {
    before: Arc<Board>,
    /// Writes since power-on that are still made.
    after_writes: u64,
    cut: PowerCut,
}

/// What ran after a cut.
fn recovered(moment: &Moment) -> Then {
    let mut board = moment.before.fork();
    board.peripherals.arm_power_cut(moment.cut);
    while !board.peripherals.power_is_gone() {
        assert!(board.now() < moment.before.now() + LONG, "the write never came");
        step(&mut board, SLICE);
    }
    let story = tell(power_on(board.snapshot()).unwrap(), &Cancel::new()).unwrap();
    match story.outcome {
        Outcome::Runs { version, .. } => Then::Runs { application: version, second_stage: story.second_stage },
        Outcome::Stopped { lane, why } => Then::Nothing { lane, why },
        _ => Then::Unexplained,
    }
}

/// Some instructions; false when nothing more happens by itself.
fn step(board: &mut Board, instructions: u64) -> bool {
    match board.run(instructions) {
        Stopped::Budget => true,
        Stopped::Sleeping { until: Some(until) } => {
            board.skip_to(until);
            true
        }
        Stopped::Sleeping { until: None } | Stopped::Halted | Stopped::LockedUp => false,
    }
}

/// Non-volatile writes that the boot of `state` makes.
fn writes(state: NonVolatile) -> u64 {
    let mut board = power_on(state).unwrap();
    while step(&mut board, SLICE) && board.now() < LONG {}
    board.peripherals.nonvolatile_writes()
}

/// Those cuts of the boot of `state`, in their order; before a cut the writes, and whether it tears the next.
fn moments(state: NonVolatile, cuts: &[(u64, bool)]) -> Vec<Moment> {
    let mut board = power_on(state).unwrap();
    let mut moments = Vec::new();
    let mut cuts = cuts.iter().peekable();
    while cuts.peek().is_some() {
        let (before, writes) = (board.fork(), board.peripherals.nonvolatile_writes());
        let goes_on = step(&mut board, SLICE);
        let before = Arc::new(before);
        while let Some((write, tears)) = cuts.next_if(|(write, _)| *write < board.peripherals.nonvolatile_writes()) {
            let cut = PowerCut { after_writes: write - writes, tears: *tears };
            moments.push(Moment { before: Arc::clone(&before), after_writes: *write, cut });
        }
        assert!(goes_on || cuts.peek().is_none(), "the board came to rest before the cut");
    }
    moments
}

/// Sweeps the boot of `state`: after each cut one of `allowed` runs, and after some of them the first, which is the new.
fn sweep(what: &str, state: NonVolatile, allowed: &[Then], extent: Extent) {
    let began = Instant::now();
    let all: Vec<_> = (0..writes(state.clone())).flat_map(|write| [(write, false), (write, true)]).collect();
    assert!(all.len() > 40, "{what}: {} cuts", all.len());
    let chosen = moments(state, &extent.of(&all));
    let ends = divided(&chosen, recovered);
    for (Moment { after_writes, cut, .. }, then) in chosen.iter().zip(&ends) {
        assert!(
            allowed.contains(then),
            "{what}: cut after {after_writes} writes, tears {}: {}",
            cut.tears,
            then.text()
        );
    }
    assert!(ends.contains(&allowed[0]), "{what}: the new never ran");
    let told: Vec<String> = allowed
        .iter()
        .map(|end| format!("{} × {}", ends.iter().filter(|then| *then == end).count(), end.text()))
        .collect();
    eprintln!(
        "{what}: {} of {} cuts, all recovered in {:.0} s: {}",
        chosen.len(),
        all.len(),
        began.elapsed().as_secs_f64(),
        told.join(", ")
    );
}

/// A first installation with one boot stage.
fn first_installation(extent: Extent) {
    let (bench, state) = one_stage(100);
    let lab = Lab::of_state(state.clone(), &bench.project).unwrap();
    assert!(matches!(lab.standing().then, Then::Runs { .. }));
    sweep("first installation, one stage", state, &[lab.standing().then], extent);
}

/// An update of the application with one boot stage.
fn update(extent: Extent) {
    let (bench, state) = one_stage(101);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let scenario = Scenario::InstallApplication { version: "1.1.0".parse().unwrap() };
    let expected = lab.expectation(&scenario, &Tamper::None).unwrap().then;
    let state = lab.before(&scenario, &Tamper::None).unwrap();
    sweep("update, one stage", state, &[expected[0], lab.standing().then], extent);
}

/// A first installation of both stages' images; the application runs in place.
fn first_installation_of_two(extent: Extent) {
    let (bench, state) = two_stages(102, ApplicationRun::InPlace);
    let lab = Lab::of_state(state.clone(), &bench.project).unwrap();
    assert!(matches!(lab.standing().then, Then::Runs { second_stage: Some(_), .. }));
    sweep("first installation, two stages", state, &[lab.standing().then], extent);
}

/// An update of two stages: of the application, or of the second stage.
fn update_of_two(what: &str, scenario: &Scenario, extent: Extent) {
    let (bench, state) = two_stages(103, ApplicationRun::InPlace);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let expected = lab.expectation(scenario, &Tamper::None).unwrap().then;
    let state = lab.before(scenario, &Tamper::None).unwrap();
    sweep(what, state, &[expected[0], lab.standing().then], extent);
}

fn newer_application(extent: Extent) {
    let scenario = Scenario::InstallApplication { version: "1.1.0".parse().unwrap() };
    update_of_two("newer application, two stages", &scenario, extent);
}

fn newer_second_stage(extent: Extent) {
    let scenario = Scenario::InstallSecondStage { version: "1.1.0".parse().unwrap() };
    update_of_two("newer second stage, two stages", &scenario, extent);
}

#[test]
fn a_first_installation_of_one_stage_is_taken_up_after_a_loss_of_power() {
    first_installation(Extent::Stride(5));
}

#[test]
fn an_update_of_one_stage_ends_with_the_old_or_the_new_after_a_loss_of_power() {
    update(Extent::Stride(5));
}

#[test]
#[ignore = "every write: minutes in release"]
fn every_write_of_a_first_installation_of_one_stage() {
    first_installation(Extent::Full);
}

#[test]
#[ignore = "every write: minutes in release"]
fn every_write_of_an_update_of_one_stage() {
    update(Extent::Full);
}

#[test]
fn a_first_installation_of_two_stages_is_taken_up_after_a_loss_of_power() {
    first_installation_of_two(Extent::Stride(5));
}

#[test]
fn a_newer_application_of_two_stages_or_the_old_runs_after_a_loss_of_power() {
    newer_application(Extent::Stride(5));
}

#[test]
fn a_newer_second_stage_or_the_old_runs_after_a_loss_of_power() {
    newer_second_stage(Extent::Stride(5));
}

#[test]
#[ignore = "every write: minutes in release"]
fn every_write_of_a_first_installation_of_two_stages() {
    first_installation_of_two(Extent::Full);
}

#[test]
#[ignore = "every write: minutes in release"]
fn every_write_of_an_update_to_a_newer_application_of_two_stages() {
    newer_application(Extent::Full);
}

#[test]
#[ignore = "every write: minutes in release"]
fn every_write_of_an_update_to_a_newer_second_stage() {
    newer_second_stage(Extent::Full);
}
