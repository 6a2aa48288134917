//! The Provision view on models made for it, driven by its accessibility labels.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::PathBuf;
use std::time::Instant;

use egui::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::{ProvisionView, show};
use crate::command::Command;
use crate::model::{
    BoardKind, BoardSheet, Check, CheckLine, Goal, Model, PlanSheet, ProjectSheet, Reading, Run, SampleKeyLine,
};
use crate::theme;
use chip::product_state::ProductState;

struct Seen {
    model: Model,
    view: ProvisionView,
    commands: Vec<Command>,
}

fn view(model: Model) -> Harness<'static, Seen> {
    view_in_frames_of(0.25, model)
}

fn view_in_frames_of(seconds: f32, model: Model) -> Harness<'static, Seen> {
    let mut harness = Harness::builder()
        .with_step_dt(seconds)
        .with_size(egui::vec2(942.0, 540.0))
        .with_theme(egui::Theme::Dark)
        .with_context_setup(theme::install)
        .build_ui_state(
            |ui, seen: &mut Seen| show(ui, &seen.model, &mut seen.view, &mut seen.commands),
            Seen { model, view: ProvisionView::default(), commands: Vec::new() },
        );
    // Fonts come with the first frame.
    harness.run();
    harness
}

fn on_a_real_board() -> Model {
    let mut model = Model::new(PathBuf::from("data"));
    let reading = Reading {
        state: Some(ProductState::Open),
        uid: Some("00112233445566778899AABB".to_owned()),
        ..Reading::default()
    };
    model.board = Some(BoardSheet {
        address: "probe".to_owned(),
        name: "probe".to_owned(),
        kind: BoardKind::Real,
        powered: true,
        reading: Some(reading),
        earlier: Vec::new(),
        last: None,
    });
    model.project = Some(ProjectSheet {
        name: "sample".to_owned(),
        folder: PathBuf::from("sample"),
        summary: String::new(),
        flow: project::Flow::Stirot,
        sample_keys: vec![SampleKeyLine { role: "authentication".to_owned(), name: "ours d3ca…1fa3".to_owned() }],
        findings: Vec::new(),
    });
    model.plan =
        PlanSheet::Ready { hash: "7f".to_owned(), steps: Vec::new(), inputs: Vec::new(), expectations: Vec::new() };
    model
}

#[test]
fn sample_keys_for_a_real_board_are_named_and_wait_for_a_tick() {
    let mut harness = view(on_a_real_board());
    harness.get_by_label("SAMPLE keys would go into a real board");
    harness.get_by_label_contains("authentication (ours d3ca…1fa3)");
    assert!(harness.get_by_role_and_label(Role::Button, "Provision").accesskit_node().is_disabled());
    harness.get_by_label_contains("I mean it").click();
    harness.run_steps(2);
    assert_eq!(harness.state().commands.as_slice(), [Command::ConfirmSampleKeys(true)]);

    let mut model = on_a_real_board();
    model.sample_keys_confirmed = true;
    let harness = view(model);
    assert!(!harness.get_by_role_and_label(Role::Button, "Provision").accesskit_node().is_disabled());
}

#[test]
fn keys_of_ones_own_are_not_asked_about() {
    let mut model = on_a_real_board();
    model.project.as_mut().unwrap().sample_keys.clear();
    let harness = view(model);
    assert!(harness.query_by_label("SAMPLE keys would go into a real board").is_none());
    assert!(!harness.get_by_role_and_label(Role::Button, "Provision").accesskit_node().is_disabled());
}

#[test]
fn the_plan_to_locked_has_no_button_but_the_one_behind_the_typed_digits() {
    let mut model = on_a_real_board();
    model.sample_keys_confirmed = true;
    model.goal = Goal::Locked;
    let harness = view(model);
    assert!(harness.query_by_role_and_label(Role::Button, "Provision").is_none());
    assert!(harness.get_by_role_and_label(Role::Button, "Lock for ever").accesskit_node().is_disabled());
    harness.get_by_label("Plan for CLOSED");
}

fn expected(name: &str, check: Check, text: &str, remedy: &str) -> CheckLine {
    CheckLine { name: name.to_owned(), check, text: text.to_owned(), remedy: remedy.to_owned() }
}

#[test]
fn what_the_second_stage_expects_is_one_line_that_opens_to_each_with_its_verdict_in_words() {
    let mut model = on_a_real_board();
    let PlanSheet::Ready { expectations, .. } = &mut model.plan else { panic!("{:?}", model.plan) };
    *expectations = vec![
        expected("clocks", Check::Warning, "code is fetched through XSPI", "check SystemInit"),
        expected("external RAM", Check::NotRead, "set up by the second stage only", "see its flash_layout.h"),
        expected("ECC of the SRAM", Check::Good, "the plan switches it on", ""),
    ];
    let mut harness = view(model);
    assert!(harness.query_by_label_contains("code is fetched through XSPI").is_none());
    let line = "What the second stage expects of the board: 1 to look at, 1 not known, 1 met";
    harness.get_by_role_and_label(Role::Button, line).click();
    harness.run();
    harness.get_by_label("Clocks, to look at: code is fetched through XSPI");
    harness.get_by_label("Check SystemInit");
    harness.get_by_label("External RAM, not known: set up by the second stage only");
    harness.get_by_label("ECC of the SRAM, met: the plan switches it on");
}

#[test]
fn of_one_boot_stage_nothing_is_said_to_be_expected() {
    let harness = view(on_a_real_board());
    assert!(harness.query_by_label_contains("expects of the board").is_none());
}

fn click_at(harness: &mut Harness<'static, Seen>, at: egui::Pos2) {
    for pressed in [true, false] {
        let button = egui::PointerButton::Primary;
        harness.event(egui::Event::PointerMoved(at));
        harness.event(egui::Event::PointerButton { pos: at, button, pressed, modifiers: egui::Modifiers::NONE });
    }
    harness.step();
}

#[test]
fn a_double_click_on_provision_begins_a_run_and_does_not_cancel_it() {
    let mut model = on_a_real_board();
    model.sample_keys_confirmed = true;
    let mut harness = view_in_frames_of(0.02, model);
    let at = harness.get_by_role_and_label(Role::Button, "Provision").rect().center();
    click_at(&mut harness, at);
    harness.state_mut().model.run =
        Some(Run { steps: Vec::new(), started: Instant::now(), stopping: false, log: Vec::new(), verdict: None });
    click_at(&mut harness, at);
    assert_eq!(harness.state().commands.as_slice(), [Command::Provision]);
    // A click that isn't the second of two is meant.
    harness.run_steps(30);
    assert!(harness.get_by_role_and_label(Role::Button, "Cancel").rect().contains(at));
    click_at(&mut harness, at);
    assert_eq!(harness.state().commands.as_slice(), [Command::Provision, Command::Cancel]);
}

#[test]
fn what_locks_a_board_is_reached_on_a_screen_on_which_everything_is_enlarged() {
    let mut model = on_a_real_board();
    model.sample_keys_confirmed = true;
    model.goal = Goal::Locked;
    let mut harness = view(model);
    harness.set_size(egui::vec2(595.0, 170.0));
    harness.run();
    let button = |harness: &Harness<'_, Seen>| harness.get_by_role_and_label(Role::Button, "Lock for ever").rect();
    assert!(button(&harness).bottom() > 170.0, "the screen is no small one: {:?}", button(&harness));
    harness.hover_at(egui::pos2(300.0, 100.0));
    for _ in 0..8 {
        harness.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -60.0),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Wheel,
            modifiers: egui::Modifiers::NONE,
        });
        harness.run();
    }
    assert!(button(&harness).bottom() < 170.0, "{:?}", button(&harness));
}
