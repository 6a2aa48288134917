//! The Boot lab in the window, by accessibility labels, on a virtual board that was really provisioned.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::time::Duration;

use chip::product_state::ProductState;
use common::keyboard::{Window, press};
use common::{in_own_data_folder, sample, settle, step_until, window};
use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::Queryable;
use stirot_studio::model::boot_lab::{Answer, Lane};
use stirot_studio::model::{Model, Verdict, View};

const A_RUN: Duration = Duration::from_secs(240);
const ALL_CASES: Duration = Duration::from_secs(600);

fn click(window: &mut Window, label: &str) {
    window.get_by_role_and_label(Role::Button, label).click();
    window.run_steps(3);
}

/// Chooses an entry of a menu.
fn choose(window: &mut Window, menu: &str, entry: &str) {
    let button = window.query_by_role_and_label(Role::Button, menu);
    let chosen = format!("{menu}, something is chosen");
    button.unwrap_or_else(|| window.get_by_role_and_label(Role::Button, &chosen)).click();
    window.run_steps(3);
    window.get_by_role_and_label(Role::MenuItem, entry).click();
    window.run_steps(3);
}

/// Provisions to CLOSED as a person does.
fn provision(window: &mut Window) {
    press(window, Modifiers::COMMAND, Key::Num6);
    press(window, Modifiers::NONE, Key::F9);
    step_until(window, "the run's end", A_RUN, |model| {
        model.run.as_ref().is_some_and(|run| run.verdict.is_some()) && model.jobs.is_empty()
    });
    let verdict = window.state().model().run.as_ref().unwrap().verdict.clone().unwrap();
    assert!(matches!(verdict, Verdict::Pass { .. }), "{verdict:?}");
    window.run_steps(2);
}

/// Waits for the story of the case that was chosen.
fn told(window: &mut Window) {
    step_until(window, "the story", A_RUN, |model: &Model| {
        assert!(model.cards.is_empty(), "{:?}", model.cards);
        model.lab.running.is_none() && model.lab.story.is_some()
    });
    window.run_steps(3);
}

#[test]
fn a_flipped_bit_is_refused_at_the_hash_and_told_check_by_check() {
    in_own_data_folder("a_flipped_bit_is_refused_at_the_hash_and_told_check_by_check", |_| {
        let mut window = window(&sample(), None);
        settle(&mut window);

        // A board in OPEN has nothing to tell; the card leads on.
        press(&mut window, Modifiers::COMMAND, Key::Num7);
        assert_eq!(window.state().model().view, View::BootLab);
        window.get_by_label_contains("isn't CLOSED yet");
        click(&mut window, "Go to Provision");
        assert_eq!(window.state().model().view, View::Provision);
        provision(&mut window);

        press(&mut window, Modifiers::COMMAND, Key::Num7);
        window.get_by_label_contains("Works on a copy of");
        let before = window.state().model().board.clone().unwrap();
        choose(&mut window, "Scenario", "Update the application");
        choose(&mut window, "Tamper", "Flip a bit of the payload");
        click(&mut window, "Reset and run");
        told(&mut window);

        let story = window.state().model().lab.story.clone().unwrap();
        assert_eq!(story.caption, "update 1.0.0 → 1.1.0, one bit flipped: payload");
        assert_eq!(story.expectation.verdict, Answer::Passed, "{:?}", story.expectation);
        assert_eq!(story.lanes, [Lane::Rss, Lane::Stirot, Lane::Iloader, Lane::Application]);
        // One stands at the check that failed; beside it what it saw, and what was decided.
        window.get_by_label("At the selected check");
        window.get_by_label("Hash: failed");
        window.get_by_label_contains("computed");
        window.get_by_label("Decision");
        window.get_by_label_contains("0x9002\u{a0}0000");
        assert!(window.get_all_by_label_contains("application 1.0.0 runs").count() >= 1);
        // The console ends at this moment, with the refusal.
        window.get_by_label_contains("hash: refused");
        assert!(window.query_by_label_contains("function B").is_none(), "the application speaks later");

        // The same story step by step.
        let whole = story.moments().count();
        press(&mut window, Modifiers::NONE, Key::F12);
        assert_eq!(window.state().model().lab.revealed, story.first());
        window.get_by_label("At the selected pass");
        for _ in 1..whole {
            press(&mut window, Modifiers::NONE, Key::F12);
        }
        assert_eq!(window.state().model().lab.revealed, story.last());
        window.get_by_label_contains("function B");

        // The board on the table is what it was.
        let after = window.state().model().board.clone().unwrap();
        assert_eq!(before, after);
        assert_eq!(window.state().model().product_state(), Some(ProductState::Closed));
    });
}

#[test]
fn every_case_of_one_stage_comes_out_as_expected() {
    in_own_data_folder("every_case_of_one_stage_comes_out_as_expected", |_| {
        let mut window = window(&sample(), None);
        settle(&mut window);
        provision(&mut window);
        press(&mut window, Modifiers::COMMAND, Key::Num7);
        click(&mut window, "Run all cases");
        step_until(&mut window, "all cases", ALL_CASES, |model| model.lab.running.is_none());
        window.run_steps(2);
        let model = window.state().model();
        assert!(model.cards.is_empty(), "{:?}", model.cards);
        let sweep = model.lab.sweep.clone().unwrap();
        assert!(sweep.total >= 20 && sweep.done == sweep.total, "{sweep:?}");
        assert!(sweep.surprises.is_empty(), "{:#?}", sweep.surprises);
        let text = format!("{} of {} tamper cases as expected", sweep.total, sweep.total);
        assert!(window.get_all_by_label(&text).count() >= 1);
    });
}

#[test]
fn power_cut_inside_a_write_ends_with_an_application_that_runs() {
    in_own_data_folder("power_cut_inside_a_write_ends_with_an_application_that_runs", |_| {
        let mut window = window(&sample(), None);
        settle(&mut window);
        provision(&mut window);
        press(&mut window, Modifiers::COMMAND, Key::Num7);
        choose(&mut window, "Scenario", "Update the application");
        choose(&mut window, "Cut power", "Cut power inside a write");
        press(&mut window, Modifiers::NONE, Key::F11);
        told(&mut window);
        let story = window.state().model().lab.story.clone().unwrap();
        assert!(story.caption.ends_with("power cut inside write 1"), "{}", story.caption);
        assert_eq!(story.expectation.verdict, Answer::Passed, "{:?}", story.expectation);
        assert_eq!(story.passes.last().unwrap().lane, Lane::Application);

        // A sweep that isn't wanted any more ends at once, and says how far it came.
        click(&mut window, "Run all cases");
        step_until(&mut window, "the first case", A_RUN, |model| {
            model.lab.sweep.as_ref().is_some_and(|sweep| sweep.done >= 1)
        });
        window.get_all_by_role_and_label(Role::Button, "Stop").next().unwrap().click();
        window.run_steps(3);
        step_until(&mut window, "the end of it", A_RUN, |model| model.lab.running.is_none() && model.jobs.is_empty());
        let sweep = window.state().model().lab.sweep.clone().unwrap();
        assert!(sweep.done < sweep.total, "{sweep:?}");
        assert!(window.get_all_by_label_contains("not tried").count() >= 1);
    });
}
