//! The Debug view on models made for it, driven by its accessibility labels.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::PathBuf;
use std::time::Instant;

use chip::product_state::ProductState;
use egui::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::{DebugView, show};
use crate::command::Command;
use crate::model::debug::{
    Act, Answer, CertificateSheet, CredentialSheet, CredentialState, DebugIntent, DiscoverySheet, Fit, Method,
    PromptSheet,
};
use crate::model::{BoardKind, BoardSheet, Model, Reading};
use crate::theme;

struct Seen {
    model: Model,
    view: DebugView,
    commands: Vec<Command>,
}

fn view(model: Model) -> Harness<'static, Seen> {
    view_of_width(model, 942.0)
}

fn view_of_width(model: Model, width: f32) -> Harness<'static, Seen> {
    let mut harness = Harness::builder()
        .with_size(egui::vec2(width, 640.0))
        .with_theme(egui::Theme::Dark)
        .with_context_setup(theme::install)
        .build_ui_state(
            |ui, seen: &mut Seen| show(ui, &seen.model, &mut seen.view, &mut seen.commands),
            Seen { model, view: DebugView::default(), commands: Vec::new() },
        );
    // Fonts come with the first frame.
    harness.run();
    harness
}

fn certificate(role: &'static str, permissions: u128) -> CertificateSheet {
    CertificateSheet {
        role,
        fingerprint: Some("8ae6cf99251000000000000000004520".to_owned()),
        sample: None,
        permissions,
        restrictions: None,
        problem: None,
    }
}

/// A board in CLOSED that permits debug at every level and full regression, and a chain whose intermediate narrows.
fn closed() -> Model {
    let mut model = Model::new(PathBuf::from("data"));
    let discovery = DiscoverySheet {
        at: "14:02:11".to_owned(),
        lines: vec![("Life cycle".to_owned(), Some("CLOSED (0x72)".to_owned())), ("Vendor".to_owned(), None)],
        permissions: Some(0x4007),
        attempts: Vec::new(),
    };
    let reading = Reading { state: Some(ProductState::Closed), discovery: Some(discovery), ..Reading::default() };
    model.board = Some(BoardSheet {
        address: "probe".to_owned(),
        name: "probe".to_owned(),
        kind: BoardKind::Real,
        powered: true,
        reading: Some(reading),
        earlier: Vec::new(),
        last: None,
    });
    model.debug.credential = CredentialState::Ready(Box::new(CredentialSheet {
        method: Method::Certificate,
        certificates: vec![
            certificate("root", 0x4007),
            certificate("intermediate", 0x4006),
            certificate("leaf", 0x4007),
        ],
        password_is_set: None,
        object: Some(0x4007),
        effective: 0x4006,
        locked: false,
        fits_object: Fit::Fits("opens the object".to_owned()),
        wallet: Fit::NotKnown("the wallet keeps nothing".to_owned()),
    }));
    model
}

#[test]
fn what_a_certificate_takes_away_is_told_by_its_name() {
    let harness = view(closed());
    harness.get_by_label("Intrusive debug at HDPL 1: not permitted by intermediate");
    harness.get_by_label("Intrusive debug at HDPL 2: permitted by all of them");
    harness.get_by_label("Taken away: intrusive debug at HDPL 1 by intermediate.");
    harness.get_by_label(
        "Forced download (not confirmed: inferred): not permitted by root, intermediate, leaf, object, board",
    );
}

#[test]
fn an_act_that_the_credential_does_not_permit_is_shown_and_cannot_be_done() {
    let mut model = closed();
    model.debug.considered = Some(Act::OpenDebug(crate::model::debug::Level::One));
    let harness = view(model);
    harness.get_by_label("The leaf 8ae6…4520 to permit debug at HDPL 1; it doesn't");
    assert!(harness.get_by_role_and_label(Role::Button, "Open debug at HDPL 1").accesskit_node().is_disabled());
}

#[test]
fn a_value_that_the_board_did_not_say_is_not_read() {
    let harness = view(closed());
    harness.get_by_label("CLOSED (0x72)");
    harness.get_by_label("not read");
}

#[test]
fn a_prompt_asks_and_gives_the_answer_of_the_person() {
    for (button, answer) in [("Done", Answer::Done), ("Stop", Answer::Stop)] {
        let mut model = closed();
        model.debug.running = Some((Act::Discover, Instant::now()));
        model.debug.prompt =
            Some(PromptSheet { text: "take the supply away".to_owned(), why: "it is silent".to_owned() });
        let mut harness = view(model);
        harness.get_by_label("Take the supply away");
        // The act itself can be stopped as well, at the top.
        let buttons: Vec<_> = harness.get_all_by_role_and_label(Role::Button, button).collect();
        buttons.last().unwrap().click();
        harness.run_steps(2);
        let commands = &harness.state().commands;
        assert_eq!(commands.as_slice(), [Command::Debug(DebugIntent::Answer(answer))], "{button}");
    }
}

#[test]
fn a_locked_key_is_opened_by_its_passphrase_which_is_not_shown() {
    let mut model = closed();
    if let CredentialState::Ready(sheet) = &mut model.debug.credential {
        sheet.locked = true;
    }
    let mut harness = view(model);
    harness.get_by_label("Passphrase of the leaf's key").focus();
    harness.run();
    harness.event(egui::Event::Text("correct horse".to_owned()));
    harness.run();
    for node in harness.root().children_recursive() {
        let node = node.accesskit_node();
        let texts = [node.label(), node.value()];
        assert!(!texts.iter().flatten().any(|text| text.contains("correct horse")));
    }
    harness.get_by_label("Open key").click();
    harness.run_steps(2);
    let commands = &harness.state().commands;
    let [Command::Debug(DebugIntent::Unlock(typed))] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!(typed.text(), "correct horse");
}

#[test]
fn escape_puts_an_act_away() {
    let mut model = closed();
    model.debug.considered = Some(Act::Regress);
    let mut harness = view(model);
    harness.key_press(egui::Key::Escape);
    harness.run_steps(2);
    assert!(harness.state().commands.contains(&Command::Debug(DebugIntent::Consider(None))));
}

#[test]
fn an_act_tells_that_the_wallet_keeps_another_credential_for_this_board() {
    let mut model = closed();
    model.debug.considered = Some(Act::Regress);
    let CredentialState::Ready(sheet) = &mut model.debug.credential else { panic!("there is a credential") };
    sheet.wallet = Fit::Misfit("the wallet keeps another credential for this board".to_owned());
    view(model).get_by_label_contains("This board's own credential; the wallet keeps another");
}

#[test]
fn in_a_narrow_window_the_credential_stands_below_the_board_and_inside_the_window() {
    let harness = view_of_width(closed(), 600.0);
    let board = harness.get_by_label("The board says").rect();
    let credential = harness.get_by_label("Credential").rect();
    assert!(credential.top() > board.bottom(), "{board:?} {credential:?}");
    assert!(credential.left() - board.left() < 1.0, "{board:?} {credential:?}");
}
