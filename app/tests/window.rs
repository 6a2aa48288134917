//! The real window without a display, driven by its accessibility labels.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::time::Duration;

use chip::product_state::ProductState;
use common::{in_own_data_folder, sample, settle, step_until, window};
use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use stirot_studio::model::{ThemeChoice, Verdict, View};

const A_RUN: Duration = Duration::from_secs(240);

#[test]
fn pressing_provision_climbs_to_closed_and_the_application_talks() {
    in_own_data_folder("pressing_provision_climbs_to_closed_and_the_application_talks", |_| {
        let mut window = window(&sample(), None);
        settle(&mut window);
        assert_eq!(window.state().model().product_state(), Some(ProductState::Open));
        window.get_by_label_contains("OPEN, the board is here");

        window.get_by_role_and_label(Role::Button, "Provision").click();
        step_until(&mut window, "the run's end", A_RUN, |model| {
            model.run.as_ref().is_some_and(|run| run.verdict.is_some()) && model.jobs.is_empty()
        });

        let model = window.state().model();
        let verdict = model.run.as_ref().unwrap().verdict.clone().unwrap();
        assert!(matches!(verdict, Verdict::Pass { .. }), "{verdict:?}");
        window.get_by_label("PASS");
        window.get_by_label_contains("CLOSED, the board is here");
        step_until(&mut window, "the banner", Duration::from_secs(30), |model| {
            let text = model.console.text();
            text.lines().any(|line| line.split_whitespace().eq(["HDPL", "2"])) && text.contains("running at")
        });
        window.get_all_by_label_contains("running at").next().expect("the banner is in the console");
    });
}

#[test]
fn a_cancelled_run_is_finished_by_one_press() {
    in_own_data_folder("a_cancelled_run_is_finished_by_one_press", |_| {
        let mut window = window(&sample(), None);
        settle(&mut window);
        window.get_by_role_and_label(Role::Button, "Provision").click();
        step_until(&mut window, "the run's begin", A_RUN, |model| {
            model.active_run().is_some() && !model.jobs.is_empty()
        });
        window.get_by_label("Cancel").click();
        step_until(&mut window, "the stop", A_RUN, |model| model.active_run().is_none() && model.jobs.is_empty());
        let verdict = window.state().model().run.as_ref().unwrap().verdict.clone().unwrap();
        assert!(matches!(verdict, Verdict::Stopped(_)), "{verdict:?}");
        window.get_by_label("STOPPED");

        window.get_by_label("Provision again").click();
        step_until(&mut window, "the second run's begin", A_RUN, |model| model.active_run().is_some());
        step_until(&mut window, "the second run's end", A_RUN, |model| {
            model.active_run().is_none() && model.jobs.is_empty()
        });
        let verdict = window.state().model().run.as_ref().unwrap().verdict.clone().unwrap();
        assert!(matches!(verdict, Verdict::Pass { .. }), "{verdict:?}");
    });
}

#[test]
fn the_palette_opens_with_ctrl_k_and_runs_what_is_typed() {
    in_own_data_folder("the_palette_opens_with_ctrl_k_and_runs_what_is_typed", |_| {
        let mut window = window(&sample(), None);
        settle(&mut window);
        window.key_press_modifiers(Modifiers::COMMAND, Key::K);
        window.step();
        window.step();
        assert!(window.state().model().palette_open);
        window.get_by_label("Find an action").type_text("show board");
        window.step();
        window.key_press(Key::Enter);
        window.step();
        window.step();
        let model = window.state().model();
        assert_eq!(model.view, View::Board);
        assert!(!model.palette_open);
    });
}

#[test]
fn escape_closes_the_palette_and_nothing_else_happens() {
    in_own_data_folder("escape_closes_the_palette_and_nothing_else_happens", |_| {
        let mut window = window(&sample(), None);
        settle(&mut window);
        let before = window.state().model().view;
        window.key_press_modifiers(Modifiers::COMMAND, Key::K);
        window.run_steps(2);
        window.key_press(Key::Escape);
        window.run_steps(2);
        assert!(!window.state().model().palette_open);
        assert_eq!(window.state().model().view, before);
    });
}

#[test]
fn a_folder_that_is_no_project_shows_a_card_with_what_to_do() {
    in_own_data_folder("a_folder_that_is_no_project_shows_a_card_with_what_to_do", |folder| {
        let empty = folder.join("nothing here");
        std::fs::create_dir(&empty).unwrap();
        let mut window = window(&empty, None);
        step_until(&mut window, "the card", Duration::from_secs(60), |model| !model.cards.is_empty());
        settle(&mut window);
        window.get_by_label("What to do");
        let (_, card) = window.state().model().cards.last().cloned().unwrap();
        assert!(card.title.contains("nothing here"), "{card:?}");
        window.get_by_label("Close").click();
        window.run_steps(2);
        assert!(window.state().model().cards.is_empty());
    });
}

#[test]
fn a_board_that_is_off_says_why_it_is_not_provisioned() {
    in_own_data_folder("a_board_that_is_off_says_why_it_is_not_provisioned", |_| {
        let mut window = window(&sample(), None);
        settle(&mut window);
        window.get_by_label("Board").click();
        window.run_steps(2);
        window.get_by_label("Power off").click();
        step_until(&mut window, "power off", Duration::from_secs(30), |model| {
            model.board.as_ref().is_some_and(|board| !board.powered) && model.jobs.is_empty()
        });
        window.get_by_role_and_label(Role::Tab, "Provision").click();
        window.run_steps(2);
        let button = window.get_by_role_and_label(Role::Button, "Provision");
        assert!(button.accesskit_node().is_disabled());
        window.get_by_label("The board is off");
    });
}

#[test]
fn an_idle_window_asks_for_no_frame() {
    in_own_data_folder("an_idle_window_asks_for_no_frame", |_| {
        let mut window = window(&sample(), None);
        settle(&mut window);
        assert!(window.state().model().board.as_ref().is_some_and(|board| board.powered));
        // The board is powered on: whatever it does unseen must not paint. Frames that are still owed come first.
        std::thread::sleep(Duration::from_millis(500));
        window.run_ok();
        std::thread::sleep(Duration::from_millis(500));
        assert!(!window.ctx.has_requested_repaint());
    });
}

#[test]
fn the_theme_is_switched_by_its_button_and_remembered() {
    in_own_data_folder("the_theme_is_switched_by_its_button_and_remembered", |folder| {
        let mut window = window(&sample(), None);
        settle(&mut window);
        window.get_by_label("Switch between dark and light").click();
        window.run_steps(2);
        assert_eq!(window.state().model().theme, ThemeChoice::Light);
        let settings = stirot_studio::settings::Settings::load(&folder.join("data"));
        assert_eq!(settings.theme, ThemeChoice::Light);
    });
}

#[test]
fn a_dropped_folder_is_opened_as_a_project() {
    #[derive(Debug)]
    struct Dropped(std::path::PathBuf);
    impl egui::DroppedFile for Dropped {
        fn path(&self) -> &std::path::Path {
            &self.0
        }
        fn bytes(&self) -> Result<Vec<u8>, String> {
            Err("a folder".to_owned())
        }
    }
    in_own_data_folder("a_dropped_folder_is_opened_as_a_project", |folder| {
        let project = folder.join("my project");
        project::sample::unpack(&project).unwrap();
        let mut window = window(&sample(), None);
        settle(&mut window);
        window.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(project.clone())));
        step_until(&mut window, "the project", Duration::from_secs(60), |model| {
            model.project.as_ref().is_some_and(|sheet| sheet.folder.ends_with("my project")) && model.jobs.is_empty()
        });
    });
}
