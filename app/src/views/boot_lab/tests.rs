//! The lanes on a story, driven by their accessibility labels and by the keyboard.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::PathBuf;

use chip::product_state::ProductState;
use egui::{Key, Rect, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::{BootLabView, show};
use crate::model::boot_lab::{BootLab, Moment};
use crate::model::example_story::refused_update;
use crate::model::{BoardKind, BoardSheet, Model, ProjectSheet, Reading};
use crate::theme;
use crate::widgets::lanes::{self, LanesState, Room};

struct Seen {
    lab: BootLab,
    lanes: LanesState,
}

fn told() -> Harness<'static, Seen> {
    let mut lab = BootLab::default();
    lab.tell(refused_update());
    let mut harness = Harness::builder()
        .with_size(egui::vec2(936.0, 440.0))
        .with_theme(egui::Theme::Light)
        .with_context_setup(theme::install)
        .build_ui_state(
            |ui, seen: &mut Seen| {
                if let Some(moment) = lanes::show(ui, &seen.lab, Room::Height(430.0), &mut seen.lanes) {
                    seen.lab.picked = Some(moment);
                }
            },
            Seen { lab, lanes: LanesState::default() },
        );
    harness.run();
    harness
}

fn press(harness: &mut Harness<'_, Seen>, key: Key) -> Option<Moment> {
    harness.key_press(key);
    harness.run();
    harness.state().lab.picked
}

#[test]
fn a_dot_is_picked_by_a_press_and_says_what_it_is() {
    let mut harness = told();
    let failed = harness.get_by_label("Hash: failed, pass 5 of STiRoT").accesskit_node().toggled();
    assert_eq!(failed, Some(egui::accesskit::Toggled::True));
    harness.get_by_label("Counter: ok, pass 5 of STiRoT").click();
    harness.run();
    assert_eq!(harness.state().lab.picked, Some(Moment { pass: 4, check: Some(1) }));
}

#[test]
fn arrow_keys_go_from_check_to_check_and_from_pass_to_pass() {
    let mut harness = told();
    harness.get_by_role(Role::ListBox).focus();
    harness.run();
    assert_eq!(press(&mut harness, Key::ArrowLeft), Some(Moment { pass: 4, check: Some(3) }));
    assert_eq!(press(&mut harness, Key::ArrowUp), Some(Moment { pass: 4, check: None }));
    assert_eq!(press(&mut harness, Key::ArrowUp), Some(Moment { pass: 3, check: None }));
    assert_eq!(press(&mut harness, Key::ArrowDown), Some(Moment { pass: 4, check: None }));
    assert_eq!(press(&mut harness, Key::ArrowRight), Some(Moment { pass: 4, check: Some(0) }));
    assert_eq!(press(&mut harness, Key::Home), Some(Moment { pass: 0, check: None }));
    assert_eq!(press(&mut harness, Key::ArrowLeft), Some(Moment { pass: 0, check: None }), "there is nothing before");
    assert_eq!(press(&mut harness, Key::End), Some(Moment { pass: 8, check: None }));
}

#[test]
fn what_is_not_revealed_yet_is_neither_shown_nor_reached() {
    let mut harness = told();
    harness.state_mut().lab.revealed = Some(Moment { pass: 4, check: Some(1) });
    harness.state_mut().lab.picked = Some(Moment { pass: 4, check: Some(1) });
    harness.run();
    assert!(harness.query_by_label("Hash: failed, pass 5 of STiRoT").is_none());
    assert!(harness.query_by_label_contains("Pass 6").is_none());
    harness.get_by_role(Role::ListBox).focus();
    harness.run();
    assert_eq!(press(&mut harness, Key::ArrowRight), Some(Moment { pass: 4, check: Some(1) }));
}

/// A closed board, its project, and a story of a copy of it.
fn model() -> Model {
    let mut model = Model::new(PathBuf::from("data"));
    model.board = Some(BoardSheet {
        address: "bench-1.board".to_owned(),
        name: "bench-1".to_owned(),
        kind: BoardKind::Virtual,
        powered: true,
        reading: Some(Reading { state: Some(ProductState::Closed), ..Reading::default() }),
        earlier: Vec::new(),
        last: None,
    });
    model.project = Some(ProjectSheet {
        name: "sample".to_owned(),
        folder: PathBuf::from("sample"),
        summary: String::new(),
        flow: project::Flow::Stirot,
        sample_keys: Vec::new(),
        findings: Vec::new(),
    });
    model.lab.tell(refused_update());
    model
}

#[test]
fn on_a_small_screen_lanes_moment_and_console_stand_below_each_other_and_what_is_picked_comes_into_sight() {
    const SCREEN: egui::Vec2 = egui::vec2(683.0, 384.0);
    let mut harness = Harness::builder()
        .with_size(SCREEN)
        .with_theme(egui::Theme::Dark)
        .with_context_setup(theme::install)
        .build_ui_state(
            |ui, (model, view): &mut (Model, BootLabView)| show(ui, model, view, &mut Vec::new()),
            (model(), BootLabView::default()),
        );
    harness.run();
    let at = |harness: &Harness<'_, (Model, BootLabView)>, label: &str| {
        let all = harness.get_all_by_label_contains(label);
        all.filter(|node| node.accesskit_node().role() != Role::ListBox).map(|node| node.rect()).next().unwrap()
    };
    let screen = Rect::from_min_size(egui::Pos2::ZERO, SCREEN);

    harness.state_mut().0.lab.picked = Some(Moment { pass: 0, check: None });
    harness.run();
    assert!(screen.contains_rect(at(&harness, "Pass 1, RSS")), "{:?}", at(&harness, "Pass 1, RSS"));
    harness.state_mut().0.lab.picked = Some(Moment { pass: 8, check: None });
    harness.run();
    assert!(screen.contains_rect(at(&harness, "Pass 9, Application")), "{:?}", at(&harness, "Pass 9, Application"));

    let lanes = harness.get_by_role(Role::ListBox).rect();
    let (moment, console) = (at(&harness, "At the selected pass"), at(&harness, "Console of the copy"));
    assert!(lanes.height() > 200.0, "{lanes:?}");
    assert!(lanes.bottom() < moment.top() && moment.bottom() < console.top(), "{lanes:?} {moment:?} {console:?}");
}
