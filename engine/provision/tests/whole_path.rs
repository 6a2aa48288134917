//! From a blank board to a running application, on the virtual board, through probe-rs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use chip::ProductState;
use common::{Bench, listen};
use provision::{Cancel, Event, Goal, ProvisionError, SampleKeys, StepId, StepResult, Terms};

/// Steps of a plan of one boot stage to CLOSED by certificate: all but the qualification and the second stage's objects.
const STEPS: usize = StepId::ALL.len() - 3;

#[test]
fn a_blank_board_climbs_to_closed_and_its_application_talks() {
    let bench = Bench::new(1);
    let mut started = Vec::new();
    let mut proved = Vec::new();
    let record = bench
        .provision_with(&Cancel::new(), &mut |event| match event {
            Event::StepStarted { index, .. } => started.push(index),
            Event::StepProved { index, .. } => proved.push(index),
            _ => {}
        })
        .unwrap();
    assert!(record.passed());
    assert_eq!(started, (0..STEPS).collect::<Vec<_>>());
    assert_eq!(proved, started);
    assert!(record.steps.iter().all(|step| step.result == StepResult::Proved));
    let banner = record.banner.unwrap();
    assert!(banner.contains("1.0.0"), "the banner names the version: {banner}");
    assert!(banner.contains("0x2400"), "the banner names where it runs: {banner}");

    let survey = bench.link().survey().unwrap();
    assert_eq!(survey.product_state, Some(ProductState::Closed));
    assert!(!survey.core_in_reach);
}

#[test]
fn a_warm_reset_boots_the_application_again() {
    let bench = Bench::new(2);
    bench.provision().unwrap();
    let mut console = bench.board.console_reader();
    bench.board.reset();
    let heard = listen(&mut console, "1.0.0");
    assert!(heard.contains("1.0.0"), "heard {heard:?}");
}

#[test]
fn a_power_cycle_boots_the_application_again() {
    let bench = Bench::new(3);
    bench.provision().unwrap();
    let mut console = bench.board.console_reader();
    bench.board.power_cycle().unwrap();
    let heard = listen(&mut console, "1.0.0");
    assert!(heard.contains("1.0.0"), "heard {heard:?}");
}

#[test]
fn a_second_press_on_a_finished_board_proves_it_again_and_writes_nothing() {
    let bench = Bench::new(4);
    bench.provision().unwrap();
    let mut skipped = Vec::new();
    let record = bench
        .provision_with(&Cancel::new(), &mut |event| {
            if let Event::StepSkipped { index, .. } = event {
                skipped.push(index);
            }
        })
        .unwrap();
    assert!(record.passed());
    let done: Vec<_> =
        record.steps.iter().filter(|step| step.result == StepResult::Proved).map(|step| step.step).collect();
    assert_eq!(done, [StepId::Survey, StepId::ClosedProof, StepId::Application]);
    assert_eq!(skipped.len(), STEPS - 3);
}

#[test]
fn a_board_closed_by_another_plan_is_refused_and_keeps_its_journal() {
    let bench = Bench::new(5);
    bench.provision().unwrap();
    let other = Bench::new(6);
    // Another project's outputs hold other random keys, so that its plan is another.
    let wallet = bench.files.wallet();
    let terms = Terms { goal: &Goal::Closed, sample_keys: SampleKeys::Refused, wallet: &wallet };
    let (mut link, runs) = (bench.link(), bench.run_folder());
    let refused = provision::provision_on(&other.project, &mut link, &runs, terms, &Cancel::new(), &mut |_| {});
    drop(link);
    match refused {
        Err(ProvisionError::WrongState { state, .. }) => assert_eq!(state, "CLOSED"),
        other => panic!("{other:?}"),
    }
    assert!(bench.provision().unwrap().passed(), "its own plan still proves it");
}

#[test]
fn cancelled_before_any_step_the_board_is_as_the_record_says_and_one_press_finishes() {
    let bench = Bench::new(7);
    for stop_at in [StepId::ExternalFlash, StepId::DebugAuthentication, StepId::WayBack, StepId::MemorySearch] {
        bench.provision_until(stop_at);
        let (plan, _) = provision::plan_for(&bench.project, provision::FinalState::Closed).unwrap();
        let (index, _) = plan.step(stop_at).unwrap();
        let state = bench.link().survey().unwrap().product_state.unwrap();
        let expected = if stop_at == StepId::ExternalFlash { ProductState::Open } else { ProductState::Provisioning };
        assert_eq!(state, expected);
        let record = provision::Record::load_all(&bench.run_folder()).pop().unwrap();
        assert!(matches!(record.outcome, provision::Outcome::Cancelled { .. }));
        assert_eq!(record.steps.len(), index, "{stop_at:?}: the record names the steps that are done");
    }
    assert!(bench.provision().unwrap().passed());
}

#[test]
fn a_probe_lost_in_the_middle_is_an_error_and_the_next_press_finishes() {
    let bench = Bench::new(8);
    let board = bench.board.clone();
    let lost = bench.provision_with(&Cancel::new(), &mut |event| {
        if let Event::StepStarted { index, .. } = event
            && StepId::ALL[index + 1] == StepId::Configuration
        {
            board.clone().power_off().unwrap();
        }
    });
    let error = lost.unwrap_err();
    assert!(!error.help().is_empty());
    let Bench { files, project, board: gone } = bench;
    drop((gone, board));
    let bench = Bench { board: files.board(None), project, files };
    assert_eq!(bench.link().survey().unwrap().product_state, Some(ProductState::Provisioning));
    assert!(bench.provision().unwrap().passed());
}
