//! The recovery assistant in the real window, on boards in every state: its first cause is the right one, what it offers
//! is there, and it is opened and left by keyboard.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::path::Path;
use std::time::Duration;

use chip::option_bytes::DebugAuthentication;
use chip::product_state::ProductState;
use common::boards::{Stands, board_that};
use common::keyboard::{A_JOB, Window, press, tab_to};
use common::{in_own_data_folder, sample, settle, step_until, window};
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use stirot_studio::model::Verdict;
use stirot_studio::model::doctor::Depth;

/// Longer than a run or a regression takes on a busy machine.
const A_WAY: Duration = Duration::from_secs(90);

/// A window whose board was examined as it is, then with a reset.
fn examined(stands: Stands, folder: &Path) -> Window {
    let board = board_that(stands, folder, "bench");
    let mut window = window(&sample(), Some(&board));
    settle(&mut window);
    press(&mut window, Modifiers::NONE, Key::F10);
    wait(&mut window, Depth::Passive);
    tab_to(&mut window, "Examine with a reset");
    press(&mut window, Modifiers::NONE, Key::Enter);
    wait(&mut window, Depth::WithReset);
    window
}

fn wait(window: &mut Window, depth: Depth) {
    step_until(window, "the examination", A_JOB, |model| {
        model.jobs.is_empty() && model.doctor.examination.as_ref().is_some_and(|sheet| sheet.depth == depth)
    });
}

/// The first cause, as a screen reader says it.
fn first(window: &Window) -> String {
    let node = window.get_by_label_contains("Cause 1. ").accesskit_node();
    node.label().or(node.value()).expect("it says something")
}

#[test]
fn a_board_in_open_is_told_to_be_in_open() {
    in_own_data_folder("a_board_in_open_is_told_to_be_in_open", |folder| {
        let window = examined(Stands::Open, folder);
        assert_eq!(first(&window), "Cause 1. The board is in OPEN: certain");
        window.get_by_label_contains("Option bytes, measured: OPEN");
        window.get_by_label_contains("NRST, measured");
    });
}

#[test]
fn a_board_stuck_in_provisioning_is_offered_the_projects_object_and_the_way_back() {
    in_own_data_folder("a_board_stuck_in_provisioning_is_offered_the_projects_object_and_the_way_back", |folder| {
        let window = examined(Stands::Provisioning, folder);
        let cause = first(&window);
        assert!(cause.starts_with("Cause 1. The board stands in PROVISIONING without"), "{cause}");
        let button = window.get_by_label("Store the project's object and regress");
        assert!(!button.accesskit_node().is_disabled());
        window.get_by_label_contains("Erases user flash");
    });
}

#[test]
fn a_board_stuck_in_provisioning_comes_back_to_open_by_the_assistants_own_button() {
    in_own_data_folder("a_board_stuck_in_provisioning_comes_back_to_open_by_the_assistants_own_button", |folder| {
        let mut window = examined(Stands::Provisioning, folder);
        tab_to(&mut window, "Store the project's object and regress");
        press(&mut window, Modifiers::NONE, Key::Enter);
        step_until(&mut window, "the way back", A_WAY, |model| model.jobs.is_empty() && model.debug.outcome.is_some());
        let model = window.state().model();
        assert!(
            model.debug.outcome.as_ref().is_some_and(|outcome| outcome.result.is_ok()),
            "{:?}",
            model.debug.outcome
        );
        assert_eq!(model.product_state(), Some(ProductState::Open));
        press(&mut window, Modifiers::NONE, Key::F10);
        wait(&mut window, Depth::Passive);
        assert_eq!(first(&window), "Cause 1. The board is in OPEN: certain");
    });
}

/// The sample on a board in CLOSED, brought there by the window, with the wallet in sight.
fn provisioned(folder: &Path) -> Window {
    let board = board_that(Stands::Open, folder, "bench");
    let mut window = window(&sample(), Some(&board));
    settle(&mut window);
    press(&mut window, Modifiers::NONE, Key::F9);
    step_until(&mut window, "the run", A_WAY, |model| {
        model.jobs.is_empty() && model.run.as_ref().is_some_and(|run| run.verdict.is_some())
    });
    let verdict = window.state().model().run.as_ref().and_then(|run| run.verdict.clone());
    assert!(matches!(verdict, Some(Verdict::Pass { .. })), "{verdict:?}");
    press(&mut window, Modifiers::COMMAND, Key::Num3);
    tab_to(&mut window, "Section Wallet");
    press(&mut window, Modifiers::NONE, Key::Enter);
    step_until(&mut window, "the wallet", A_JOB, |model| {
        model.jobs.is_empty() && model.credentials.wallet.boards.is_some()
    });
    window
}

#[test]
fn a_closed_board_comes_back_to_open_with_what_the_wallet_keeps_for_it() {
    in_own_data_folder("a_closed_board_comes_back_to_open_with_what_the_wallet_keeps_for_it", |folder| {
        let mut window = provisioned(folder);
        tab_to(&mut window, "Regress to OPEN…");
        press(&mut window, Modifiers::NONE, Key::Enter);
        window.get_by_label_contains("Erases user flash, memory and objects");
        assert_eq!(window.state().model().product_state(), Some(ProductState::Closed), "it asks first");
        tab_to(&mut window, "Erase and regress");
        press(&mut window, Modifiers::NONE, Key::Enter);
        step_until(&mut window, "the way back", A_WAY, |model| model.jobs.is_empty() && model.debug.outcome.is_some());
        let model = window.state().model();
        assert!(
            model.debug.outcome.as_ref().is_some_and(|outcome| outcome.result.is_ok()),
            "{:?}",
            model.debug.outcome
        );
        assert_eq!(model.product_state(), Some(ProductState::Open));
    });
}

#[test]
fn a_board_that_was_provisioned_is_closed_with_a_credential_at_hand_and_its_card_is_in_the_wallet() {
    const NAME: &str = "a_board_that_was_provisioned_is_closed_with_a_credential_at_hand_and_its_card_is_in_the_wallet";
    in_own_data_folder(NAME, |folder| {
        let mut window = provisioned(folder);
        window.get_by_label("this board");
        window.get_by_label_contains("bench, Version 1 · certificate");

        press(&mut window, Modifiers::NONE, Key::F10);
        wait(&mut window, Depth::Passive);
        tab_to(&mut window, "Examine with a reset");
        press(&mut window, Modifiers::NONE, Key::Enter);
        wait(&mut window, Depth::WithReset);
        assert_eq!(first(&window), "Cause 1. The board is CLOSED, and a credential is at hand: certain");
        window.get_by_label_contains("The wallet keeps a certificate credential");
    });
}

#[test]
fn a_board_in_closed_is_known_by_its_mailbox_and_before_that_not_called_broken() {
    in_own_data_folder("a_board_in_closed_is_known_by_its_mailbox_and_before_that_not_called_broken", |folder| {
        let board = board_that(Stands::Up(DebugAuthentication::Certificate), folder, "bench");
        let mut window = window(&sample(), Some(&board));
        settle(&mut window);
        press(&mut window, Modifiers::NONE, Key::F10);
        wait(&mut window, Depth::Passive);
        assert!(first(&window).contains("The product state shuts the core"), "{}", first(&window));
        tab_to(&mut window, "Examine with a reset");
        press(&mut window, Modifiers::NONE, Key::Enter);
        wait(&mut window, Depth::WithReset);
        let cause = first(&window);
        assert!(!cause.contains("NRST") && !cause.contains("wires"), "{cause}");
        window.get_by_label_contains("Discovery, measured");
    });
}

#[test]
fn a_locked_board_is_told_to_be_lost_for_debugging_and_nothing_is_offered_that_could_help() {
    const NAME: &str = "a_locked_board_is_told_to_be_lost_for_debugging_and_nothing_is_offered_that_could_help";
    in_own_data_folder(NAME, |folder| {
        let window = examined(Stands::Up(DebugAuthentication::Locked), folder);
        assert_eq!(first(&window), "Cause 1. The board is LOCKED: likely");
        assert!(window.query_by_label("Regress to OPEN").is_none());
        assert!(window.query_by_label("Store the project's object and regress").is_none());
    });
}

#[test]
fn the_assistant_is_left_by_keyboard_and_the_board_is_there_again() {
    in_own_data_folder("the_assistant_is_left_by_keyboard_and_the_board_is_there_again", |folder| {
        let mut window = examined(Stands::Open, folder);
        tab_to(&mut window, "Close");
        press(&mut window, Modifiers::NONE, Key::Enter);
        assert!(!window.state().model().doctor.open);
        window.get_by_label("Boards and probes");
    });
}
