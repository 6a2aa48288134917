//! When a command can be given, and why not.

use super::*;
use crate::model::{BoardSheet, Card, Reading};

fn model(kind: BoardKind, state: ProductState) -> Model {
    let mut model = Model::new(PathBuf::from("data"));
    model.board = Some(BoardSheet {
        address: "a.board".to_owned(),
        name: "a".to_owned(),
        kind,
        powered: true,
        reading: Some(Reading { state: Some(state), ..Reading::default() }),
        earlier: Vec::new(),
        last: None,
    });
    model.plan =
        PlanSheet::Ready { hash: String::new(), steps: Vec::new(), inputs: Vec::new(), expectations: Vec::new() };
    model
}

#[test]
fn sample_keys_on_a_real_board_are_confirmed_before_it_is_provisioned() {
    let mut model = model(BoardKind::Real, ProductState::Open);
    assert!(Command::Provision.enabled(&model).is_ok(), "keys of one's own need no confirmation");
    model.project = Some(crate::model::ProjectSheet {
        name: String::new(),
        folder: PathBuf::new(),
        summary: String::new(),
        flow: project::Flow::Stirot,
        sample_keys: vec![crate::model::SampleKeyLine { role: String::new(), name: String::new() }],
        findings: Vec::new(),
    });
    let reason = Command::Provision.enabled(&model).expect_err("not confirmed");
    assert!(reason.contains("SAMPLE"), "{reason}");
    model.sample_keys_confirmed = true;
    assert!(Command::Provision.enabled(&model).is_ok());
}

#[test]
fn locking_needs_the_end_of_the_uid_and_nothing_else_of_it() {
    let mut model = model(BoardKind::Virtual, ProductState::Open);
    model.goal = Goal::Locked;
    let reading = model.board.as_mut().and_then(|board| board.reading.as_mut()).expect("a reading");
    reading.uid = Some("00112233445566778899AABB".to_owned());
    for wrong in ["", "8899AAB", "8899AABC", "8899 AABB", "00112233", "00112233445566778899AABB", "yes"] {
        assert!(Command::Lock(wrong.to_owned()).enabled(&model).is_err(), "{wrong}");
    }
    for right in ["8899AABB", "8899aabb "] {
        assert!(Command::Lock(right.to_owned()).enabled(&model).is_ok(), "{right}");
    }
    assert!(Command::Provision.enabled(&model).is_err(), "the shown plan is another one");
}

#[test]
fn a_virtual_board_in_open_can_be_provisioned() {
    assert!(Command::Provision.enabled(&model(BoardKind::Virtual, ProductState::Open)).is_ok());
}

#[test]
fn a_locked_board_cannot_be_provisioned() {
    assert!(Command::Provision.enabled(&model(BoardKind::Virtual, ProductState::Locked)).is_err());
}

#[test]
fn a_refused_plan_says_why_on_the_button() {
    let mut model = model(BoardKind::Virtual, ProductState::Open);
    model.plan = PlanSheet::Refused(Card { title: "slots overlap".to_owned(), ..Card::default() });
    assert_eq!(Command::Provision.enabled(&model).expect_err("refused"), "slots overlap");
}

#[test]
fn no_two_commands_share_a_shortcut() {
    let mut seen = Vec::new();
    for command in PALETTE.iter().chain([&Command::Palette]) {
        if let Some(shortcut) = command.shortcut() {
            assert!(!seen.contains(&shortcut), "{command:?} repeats {shortcut:?}");
            seen.push(shortcut);
        }
    }
}
