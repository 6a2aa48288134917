//! Runs, boards and jobs as reports and commands come in, on a model alone.

use std::path::PathBuf;

use super::*;
use crate::model::configuration::FieldId;
use crate::model::debug::{Act, ActOutcome};
use crate::model::{BoardKind, Card, Job, PlanSheet, StepSheet, Undo};

fn step(title: &str) -> StepSheet {
    StepSheet {
        title: title.to_owned(),
        what: String::new(),
        proof: String::new(),
        why: String::new(),
        undo: Undo::Reversible,
        bytes: 0,
        expected: None,
    }
}

fn ready() -> Model {
    let mut model = Model::new(PathBuf::from("data"));
    model.plan = PlanSheet::Ready {
        hash: "7f".to_owned(),
        steps: vec![step("one"), step("two")],
        inputs: Vec::new(),
        expectations: Vec::new(),
    };
    model.board = Some(board("a.board"));
    model
}

fn board(address: &str) -> BoardSheet {
    BoardSheet {
        address: address.to_owned(),
        name: address.to_owned(),
        kind: BoardKind::Virtual,
        powered: true,
        reading: Some(Reading::default()),
        earlier: Vec::new(),
        last: None,
    }
}

#[test]
fn a_run_that_fails_marks_the_step_it_was_in_and_keeps_the_ones_before() {
    let mut model = ready();
    let mut effects = Vec::new();
    apply(&mut model, Command::Provision, &mut effects);
    let request = Request::Provision { sample_keys_confirmed: false };
    assert_eq!(effects, [Effect::Start(JobKind::Provision, request)]);
    for report in [
        Report::StepStarted(0),
        Report::StepProved(0, "read back".to_owned(), 0.5),
        Report::StepStarted(1),
        Report::Finished(Box::new(Verdict::Fail(Card::default()))),
    ] {
        receive(&mut model, report, &mut effects);
    }
    let run = model.run.as_ref().expect("there is a run");
    assert!(matches!(run.steps.as_slice(), [StepState::Proved { .. }, StepState::Failed]), "{:?}", run.steps);
    assert!(evidence(&model).starts_with("FAIL"));
}

#[test]
fn a_run_whose_job_fails_has_failed() {
    let mut model = ready();
    let mut effects = Vec::new();
    apply(&mut model, Command::Provision, &mut effects);
    receive(&mut model, Report::Failed(JobKind::Provision, Box::default()), &mut effects);
    assert!(model.active_run().is_none());
}

#[test]
fn a_board_in_another_state_keeps_nothing_that_was_said_of_it_before() {
    let mut model = ready();
    let mut effects = Vec::new();
    let in_state = |state| Reading { state: Some(state), ..Reading::default() };
    receive(&mut model, Report::Surveyed(Box::new(in_state(ProductState::Open))), &mut effects);
    model.debug.outcome = Some(ActOutcome {
        act: Act::Regress,
        result: Ok(Vec::new()),
        exchanges: Vec::new(),
        at: String::new(),
        seconds: 0.0,
    });
    model.doctor.open = true;
    receive(&mut model, Report::Surveyed(Box::new(in_state(ProductState::Open))), &mut effects);
    assert!(model.debug.outcome.is_some() && model.doctor.open, "the same state changes nothing");
    receive(&mut model, Report::Surveyed(Box::new(in_state(ProductState::Locked))), &mut effects);
    assert_eq!((model.debug.outcome, model.doctor.open), (None, false));
}

#[test]
fn a_board_that_an_act_cannot_reach_shows_nothing_that_was_read_before() {
    let mut model = ready();
    let mut effects = Vec::new();
    let reading = Reading { state: Some(ProductState::Closed), ..Reading::default() };
    receive(&mut model, Report::Surveyed(Box::new(reading)), &mut effects);
    receive(&mut model, Report::Failed(JobKind::Debug, Box::default()), &mut effects);
    assert_eq!(model.product_state(), None);
    assert_eq!(model.board.as_ref().and_then(|board| board.last.as_deref()), Some("not reached"));
}

#[test]
fn a_board_that_opens_does_not_hide_why_the_project_did_not() {
    let mut model = Model::new(PathBuf::from("data"));
    let mut effects = Vec::new();
    let card = Card { title: "no project".to_owned(), ..Card::default() };
    receive(&mut model, Report::Failed(JobKind::Project, Box::new(card.clone())), &mut effects);
    receive(&mut model, Report::Board(Box::new(board("a.board"))), &mut effects);
    assert_eq!(model.cards, [(JobKind::Project, card)]);
    receive(&mut model, Report::Failed(JobKind::Board, Box::default()), &mut effects);
    apply(&mut model, Command::CloseCard, &mut effects);
    assert_eq!(model.cards.len(), 1);
}

#[test]
fn a_command_that_is_not_possible_changes_nothing_and_says_why() {
    let mut model = Model::new(PathBuf::from("data"));
    let mut effects = Vec::new();
    apply(&mut model, Command::Provision, &mut effects);
    assert!(effects.is_empty() && model.run.is_none());
    assert!(model.notice.as_deref().is_some_and(|notice| notice.contains("no board")), "{:?}", model.notice);
}

#[test]
fn another_board_puts_the_last_run_away_and_the_same_one_keeps_it() {
    let mut model = ready();
    let mut effects = Vec::new();
    apply(&mut model, Command::Provision, &mut effects);
    receive(&mut model, Report::Finished(Box::new(Verdict::Stopped(Card::default()))), &mut effects);
    receive(&mut model, Report::Board(Box::new(board("a.board"))), &mut effects);
    assert!(model.run.is_some());
    receive(&mut model, Report::Board(Box::new(board("b.board"))), &mut effects);
    assert!(model.run.is_none());
}

#[test]
fn a_second_run_cannot_begin_while_one_goes_on() {
    let mut model = ready();
    let mut effects = Vec::new();
    apply(&mut model, Command::Provision, &mut effects);
    let job = Job { id: 1, kind: JobKind::Provision, text: "provisioning".to_owned(), since: Instant::now() };
    receive(&mut model, Report::Began(job), &mut effects);
    effects.clear();
    apply(&mut model, Command::Provision, &mut effects);
    assert!(effects.is_empty());
    receive(&mut model, Report::Ended(1), &mut effects);
    assert!(model.jobs.is_empty());
}

fn job(id: u64, kind: JobKind) -> Job {
    Job { id, kind, text: "saving the project".to_owned(), since: Instant::now() }
}

#[test]
fn what_a_dialog_answered_waits_for_the_job_on_the_files() {
    let mut model = Model::new(PathBuf::from("data"));
    let mut effects = Vec::new();
    receive(&mut model, Report::Began(job(1, JobKind::Project)), &mut effects);
    let id = FieldId("a field".to_owned());
    receive(&mut model, Report::FieldFileChosen(id, PathBuf::from("loader.elf")), &mut effects);
    assert!(model.held.is_some());
    receive(&mut model, Report::Ended(1), &mut effects);
    assert!(model.held.is_none());
}

#[test]
fn no_run_begins_while_a_job_works_on_the_files() {
    for kind in [JobKind::Project, JobKind::Key] {
        let mut model = ready();
        let mut effects = Vec::new();
        receive(&mut model, Report::Began(job(1, kind)), &mut effects);
        apply(&mut model, Command::Provision, &mut effects);
        assert!(effects.is_empty() && model.run.is_none());
        assert!(model.notice.as_deref().is_some_and(|notice| notice.contains("saving the project")));
        receive(&mut model, Report::Ended(1), &mut effects);
        apply(&mut model, Command::Provision, &mut effects);
        assert!(model.run.is_some());
    }
}
