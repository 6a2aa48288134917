//! Debug authentication and the ladder in the window, by accessibility labels, on a virtual board.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::time::Duration;

use chip::product_state::ProductState;
use common::keyboard::{Window, press};
use common::{in_own_data_folder, sample, settle, step_until, window};
use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use stirot_studio::model::debug::Level;
use stirot_studio::model::{Goal, Verdict, View};

const A_RUN: Duration = Duration::from_secs(240);
const AN_ACT: Duration = Duration::from_secs(60);

fn click(window: &mut Window, label: &str) {
    window.get_by_role_and_label(Role::Button, label).click();
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

/// The level that the state strip shows.
fn level_in_the_strip(window: &Window) -> Option<u8> {
    window.state().model().board.as_ref().unwrap().reading.as_ref().unwrap().hdpl
}

/// Waits for the end of an act, which has to come to what is asked.
fn done(window: &mut Window, what: &str) {
    step_until(window, what, AN_ACT, |model| model.debug.outcome.is_some() && model.jobs.is_empty());
    window.run_steps(3);
    let outcome = window.state().model().debug.outcome.clone().unwrap();
    assert!(outcome.result.is_ok(), "{what}: {outcome:#?}");
    assert!(!outcome.exchanges.is_empty(), "{what} tells what went to and fro");
    window.get_by_label(what);
}

#[test]
fn the_way_back_and_up_again_by_the_window_alone() {
    in_own_data_folder("the_way_back_and_up_again_by_the_window_alone", |_| {
        let mut window = window(&sample(), None);
        settle(&mut window);
        provision(&mut window);
        assert_eq!(window.state().model().product_state(), Some(ProductState::Closed));

        press(&mut window, Modifiers::COMMAND, Key::Num5);
        assert_eq!(window.state().model().view, View::Debug);
        window.get_by_label_contains("The wallet keeps it for this board, version 1");
        window.get_by_label_contains("leaf certificate");
        click(&mut window, "Discover");
        done(&mut window, "The board answered");
        window.get_by_label("Life cycle");
        window.get_by_label("CLOSED (0x72)");

        // The act is shown before it is done.
        click(&mut window, "Open debug at HDPL 2…");
        window.get_by_label_contains("A debugger may enter from HDPL 2 on");
        click(&mut window, "Open debug at HDPL 2");
        done(&mut window, "Debug is open from HDPL 2 on");
        assert_eq!(window.state().model().debug.opened, Some(Level::Two));
        assert!(window.get_all_by_label("debug open · HDPL 2").count() >= 1, "the strip says so");
        window.get_by_label_contains("pc 0x");
        window.get_by_label_contains("r12 0x");
        assert_eq!(window.state().model().debug.core.as_ref().unwrap().hdpl, Some(2));

        // The core is let go and caught again.
        click(&mut window, "Resume");
        step_until(&mut window, "the core's run", AN_ACT, |model| {
            model.jobs.is_empty() && model.debug.core.as_ref().is_some_and(|core| !core.halted)
        });
        assert_eq!(level_in_the_strip(&window), None, "a core that runs on isn't where it was");
        click(&mut window, "Halt");
        step_until(&mut window, "the halted core", AN_ACT, |model| {
            model.jobs.is_empty() && model.debug.core.as_ref().is_some_and(|core| core.halted)
        });
        window.run_steps(2);
        window.get_by_label_contains("xpsr 0x");
        assert!(level_in_the_strip(&window).is_some(), "the strip tells the level that was read now");

        // Debug outlives the reset of a discovery, and the strip goes on saying so.
        click(&mut window, "Discover");
        done(&mut window, "The board answered");
        assert!(window.state().model().debug_is_open(), "the strip says that debug is open");
        assert_eq!(window.state().model().debug.core, None, "what was read before the reset is gone");

        click(&mut window, "Close debug…");
        click(&mut window, "Close debug");
        done(&mut window, "Debug is shut");
        assert_eq!(window.state().model().debug.opened, None);

        click(&mut window, "Regress to OPEN…");
        window.get_by_label_contains("The user flash");
        window.get_by_label_contains("no key is left that reads them");
        click(&mut window, "Regress to OPEN");
        done(&mut window, "The board is in OPEN");
        assert_eq!(window.state().model().product_state(), Some(ProductState::Open));
        window.get_by_label_contains("OPEN, the board is here");

        provision(&mut window);
        assert_eq!(window.state().model().product_state(), Some(ProductState::Closed));
    });
}

#[test]
fn the_ladders_way_back_shows_what_it_erases_and_goes() {
    in_own_data_folder("the_ladders_way_back_shows_what_it_erases_and_goes", |_| {
        let mut window = window(&sample(), None);
        settle(&mut window);
        assert!(window.query_by_role_and_label(Role::Button, "Way back: regress to OPEN").is_none());
        provision(&mut window);
        click(&mut window, "Way back: regress to OPEN");
        window.get_by_label("The option bytes: back to factory values");
        assert!(window.state().model().debug.running.is_none(), "looking at a way does not go it");
        click(&mut window, "Regress to OPEN");
        done(&mut window, "The board is in OPEN");
        assert_eq!(window.state().model().product_state(), Some(ProductState::Open));
    });
}

#[test]
fn locking_asks_for_the_end_of_the_uid_and_leaves_no_way_down() {
    in_own_data_folder("locking_asks_for_the_end_of_the_uid_and_leaves_no_way_down", |_| {
        let mut window = window(&sample(), None);
        settle(&mut window);
        assert_eq!(window.state().model().goal, Goal::Closed);
        click(&mut window, "Plan for LOCKED…");
        step_until(&mut window, "the plan", A_RUN, |model| model.jobs.is_empty() && model.goal == Goal::Locked);
        window.run_steps(2);
        window.get_by_label("Lost for ever");
        let shut = |window: &Window| {
            window.get_by_role_and_label(Role::Button, "Lock for ever").accesskit_node().is_disabled()
        };
        assert!(shut(&window));

        let uid = window.state().model().board.as_ref().unwrap().reading.as_ref().unwrap().uid.clone().unwrap();
        let digits = uid[uid.len() - 8..].to_owned();
        let field = "Last eight digits of this board's UID, typed";
        window.get_by_label(field).focus();
        window.run_steps(2);
        for wrong in ["00000000", &digits[..7]] {
            press(&mut window, Modifiers::COMMAND, Key::A);
            window.input_mut().events.push(egui::Event::Text(wrong.to_owned()));
            window.run_steps(2);
            assert!(shut(&window), "{wrong}");
        }
        // What was typed is forgotten as soon as the plan is another one.
        click(&mut window, "Plan for CLOSED");
        step_until(&mut window, "the plan", A_RUN, |model| model.jobs.is_empty() && model.goal == Goal::Closed);
        click(&mut window, "Plan for LOCKED…");
        step_until(&mut window, "the plan", A_RUN, |model| model.jobs.is_empty() && model.goal == Goal::Locked);
        window.run_steps(2);
        assert_eq!(window.get_by_label(field).accesskit_node().value().unwrap_or_default(), "");

        window.get_by_label(field).focus();
        window.run_steps(2);
        window.input_mut().events.push(egui::Event::Text(digits.to_lowercase()));
        window.run_steps(2);
        assert!(!shut(&window));
        click(&mut window, "Lock for ever");
        step_until(&mut window, "the run's end", A_RUN, |model| {
            model.run.as_ref().is_some_and(|run| run.verdict.is_some()) && model.jobs.is_empty()
        });
        let model = window.state().model();
        let verdict = model.run.as_ref().unwrap().verdict.clone().unwrap();
        assert!(matches!(verdict, Verdict::Pass { .. }), "{verdict:?}");
        assert_eq!(model.product_state(), Some(ProductState::Locked));

        for way in ["Way back: regress to OPEN", "Final way: lock for ever. Nothing leads back"] {
            assert!(window.query_by_role_and_label(Role::Button, way).is_none(), "{way} leads from LOCKED");
        }
        window.get_by_label("No way leads from here: not down, with no credential, for nobody.");
        press(&mut window, Modifiers::COMMAND, Key::Num5);
        click(&mut window, "Regress to OPEN…");
        let regress = window.get_by_role_and_label(Role::Button, "Regress to OPEN");
        assert!(regress.accesskit_node().is_disabled());
        window.get_by_label("From LOCKED no way leads back, with no credential");
    });
}

/// A project like the sample whose keys are its own.
fn own_project(folder: &std::path::Path) -> std::path::PathBuf {
    let path = folder.join("own");
    let new = project::template::NewProject {
        name: "own".to_owned(),
        flow: project::Flow::Stirot,
        credential: project::Credential::Certificate,
        second_stage: formats::ApplicationRun::InPlace,
    };
    project::template::create(&path, &new).unwrap();
    path
}

#[test]
fn a_credential_of_another_project_is_refused_with_a_card_and_changes_nothing() {
    in_own_data_folder("a_credential_of_another_project_is_refused_with_a_card_and_changes_nothing", |folder| {
        let mut window = window(&sample(), None);
        settle(&mut window);
        provision(&mut window);
        let other = own_project(folder);
        let context = window.ctx.clone();
        window.state_mut().command(&context, stirot_studio::command::Command::OpenProject(other));
        step_until(&mut window, "the other project", AN_ACT, |model| {
            model.jobs.is_empty() && model.project.as_ref().is_some_and(|project| project.folder.ends_with("own"))
        });
        press(&mut window, Modifiers::COMMAND, Key::Num5);
        window.get_by_label_contains("The wallet keeps another credential for this board");
        click(&mut window, "Regress to OPEN…");
        click(&mut window, "Regress to OPEN");
        step_until(&mut window, "the refusal", AN_ACT, |model| model.debug.outcome.is_some() && model.jobs.is_empty());
        window.run_steps(2);
        let outcome = window.state().model().debug.outcome.clone().unwrap();
        let card = outcome.result.expect_err("another root");
        assert!(card.place.is_some() && card.cause.is_some() && card.remedy.is_some(), "{card:?}");
        window.get_by_label("What to do");
        assert_eq!(window.state().model().product_state(), Some(ProductState::Closed));
    });
}

/// The sample with its password as the way back, in a folder of its own.
fn by_password(folder: &std::path::Path) -> std::path::PathBuf {
    let path = folder.join("by password");
    project::sample::unpack(&path).unwrap();
    let settings = path.join("stirot-studio.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("debug_authentication"));
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    std::fs::write(&settings, format!("{text}debug_authentication = \"password\"\n")).unwrap();
    path
}

#[test]
fn a_password_opens_nothing_but_regresses_and_is_seen_nowhere() {
    in_own_data_folder("a_password_opens_nothing_but_regresses_and_is_seen_nowhere", |folder| {
        const PASSWORD: &str = "sample-password!";
        let mut window = window(&by_password(folder), None);
        settle(&mut window);
        press(&mut window, Modifiers::NONE, Key::F8);
        step_until(&mut window, "the build", A_RUN, |model| {
            model.jobs.is_empty() && matches!(model.plan, stirot_studio::model::PlanSheet::Ready { .. })
        });
        provision(&mut window);
        press(&mut window, Modifiers::COMMAND, Key::Num5);
        let mut all = Vec::new();
        let mut look = |window: &Window| {
            for node in window.root().children_recursive() {
                let node = node.accesskit_node();
                all.extend(node.label().into_iter().chain(node.value()));
            }
            all.push(format!("{:?}", window.state().model()));
        };
        window.get_by_label("Password: set. It is never shown.");
        window.get_by_label_contains("The wallet keeps a password for this board");
        look(&window);
        click(&mut window, "Open debug at HDPL 1…");
        assert!(window.get_by_role_and_label(Role::Button, "Open debug at HDPL 1").accesskit_node().is_disabled());
        window.get_by_label("A password permits full regression only");
        look(&window);
        click(&mut window, "Regress to OPEN…");
        click(&mut window, "Regress to OPEN");
        done(&mut window, "The board is in OPEN");
        look(&window);
        let hex: String = PASSWORD.bytes().map(|byte| format!("{byte:02x}")).collect();
        for text in &all {
            for trace in [PASSWORD, &hex, "c2FtcGxlLXBhc3N3b3Jk"] {
                assert!(!text.to_lowercase().contains(&trace.to_lowercase()), "{trace} shows in {text:.300}");
            }
        }
        assert!(all.len() > 100, "only {} texts were seen", all.len());
    });
}
