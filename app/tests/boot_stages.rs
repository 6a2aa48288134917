//! Boot stages in the window, by accessibility labels: the choice on the disk, the figure with where the core is, two
//! stages provisioned and updated.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::path::{Path, PathBuf};
use std::time::Duration;

use common::keyboard::{Window, press};
use common::{in_own_data_folder, settle, step_until, window};
use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use formats::ApplicationRun;
use project::template::{NewProject, create};
use project::{Credential, Flow, Project};
use provision::update::UpdateTarget;
use stirot_studio::command::Command;
use stirot_studio::model::boot_lab::{Answer, Lane};
use stirot_studio::model::boot_stages::Setting;
use stirot_studio::model::configuration::ConfigurationIntent;
use stirot_studio::model::updating::{UpdateIntent, UpdatePlanSheet};
use stirot_studio::model::{Check, Model, PlanSheet, Verdict};

const A_JOB: Duration = Duration::from_secs(60);
const A_RUN: Duration = Duration::from_secs(300);

fn click(window: &mut Window, role: Role, label: &str) {
    window.get_by_role_and_label(role, label).click();
    window.run_steps(3);
}

fn give(window: &mut Window, command: Command) {
    let context = window.ctx.clone();
    window.state_mut().command(&context, command);
    window.run_steps(3);
}

fn new_project(root: &Path, flow: Flow) -> PathBuf {
    let folder = root.join("pump-controller");
    let new = NewProject {
        name: "pump controller".to_owned(),
        flow,
        credential: Credential::Certificate,
        second_stage: ApplicationRun::InPlace,
    };
    create(&folder, &new).unwrap();
    folder
}

fn quiet(model: &Model) -> bool {
    model.jobs.is_empty() && model.editing.as_ref().is_some_and(|editing| editing.assessed == editing.revision)
}

fn run_of(folder: &Path) -> Option<ApplicationRun> {
    Project::open(folder).unwrap().second_stage()?.layout.map(|layout| layout.run)
}

/// The setting that the window shows as the project's.
fn current(window: &Window) -> Option<Setting> {
    let model = window.state().model();
    model.editing.as_ref().unwrap().configuration.stages.as_ref().unwrap().current
}

fn use_setting(window: &mut Window, name: &str) {
    click(window, Role::RadioButton, name);
    click(window, Role::Button, "Use this setting");
    step_until(window, "the other setting", A_JOB, quiet);
    assert!(window.state().model().cards.is_empty(), "{:?}", window.state().model().cards);
    window.run_steps(2);
}

#[test]
fn one_stage_becomes_two_moves_its_application_and_comes_back() {
    in_own_data_folder("one_stage_becomes_two_moves_its_application_and_comes_back", |root| {
        let folder = new_project(root, Flow::Stirot);
        let mut window = window(&folder, None);
        settle(&mut window);
        press(&mut window, Modifiers::COMMAND, Key::Num2);
        click(&mut window, Role::Tab, "Boot stages");
        window.get_by_role_and_label(Role::RadioButton, "One stage, set in the project");
        window.get_by_label("Step 3: STiRoT locks the memory cipher with its key and asks to save");
        window.get_by_label_contains("Application, 0x2400 0400, runs at HDPL 2");

        // A look changes nothing.
        click(&mut window, Role::RadioButton, "Two, external RAM");
        window.get_by_label_contains("Application, 0x7000 0400, runs at HDPL 3");
        assert_eq!(current(&window), Some(Setting::One));

        use_setting(&mut window, "Two, in place");
        assert_eq!(current(&window), Some(Setting::Two(ApplicationRun::InPlace)));
        assert_eq!(run_of(&folder), Some(ApplicationRun::InPlace));
        window.get_by_label("Step 6: OEMuRoT starts the application at HDPL 3");
        window.get_by_label_contains("OEMuRoT, 0x2400 0400, runs at HDPL 2");

        use_setting(&mut window, "Two, internal RAM");
        assert_eq!(run_of(&folder), Some(ApplicationRun::InternalRam));
        window.get_by_label_contains("Application, 0x2402 0400, runs at HDPL 3");

        use_setting(&mut window, "One stage");
        assert_eq!(current(&window), Some(Setting::One));
        assert_eq!(Project::open(&folder).unwrap().flow(), Flow::Stirot);
    });
}

#[test]
fn two_stages_are_provisioned_seen_where_they_run_and_updated() {
    in_own_data_folder("two_stages_are_provisioned_seen_where_they_run_and_updated", |root| {
        let folder = new_project(root, Flow::StirotOemurot);
        let mut window = window(&folder, None);
        settle(&mut window);
        step_until(&mut window, "the project", A_JOB, quiet);
        give(&mut window, Command::Configuration(ConfigurationIntent::BuildOutputs));
        step_until(&mut window, "the outputs and the plan", A_RUN, |model| {
            quiet(model) && matches!(model.plan, PlanSheet::Ready { .. })
        });
        press(&mut window, Modifiers::COMMAND, Key::Num6);
        let PlanSheet::Ready { expectations, .. } = &window.state().model().plan else { panic!("no plan") };
        let met = expectations.iter().filter(|line| line.check == Check::Good).count();
        assert!(met > 0 && met < expectations.len(), "{expectations:?}");
        window.get_by_label_contains("What the second stage expects of the board: ");
        press(&mut window, Modifiers::NONE, Key::F9);
        step_until(&mut window, "the run's end", A_RUN, |model| {
            model.run.as_ref().is_some_and(|run| run.verdict.is_some()) && model.jobs.is_empty()
        });
        let verdict = window.state().model().run.as_ref().unwrap().verdict.clone().unwrap();
        assert!(matches!(verdict, Verdict::Pass { .. }), "{verdict:?}");
        click(&mut window, Role::Button, "Show plan");

        // What the rules say of the board is said of where it stands by now.
        step_until(&mut window, "the rules", A_JOB, |model| {
            let findings = &model.editing.as_ref().unwrap().configuration.findings;
            findings.iter().any(|finding| finding.title.contains("is in CLOSED"))
        });

        // The core is where the figure says that the application runs.
        give(&mut window, Command::Configuration(ConfigurationIntent::ShowStages));
        let here =
            "Application, installed, 0x9000 0400, runs at HDPL 3, runs in place, encrypted by MCE1, the core is here";
        window.get_by_label(here);
        window.get_by_label_contains("CLOSED · HDPL 3 · pc 0x9000");

        // A newer application, by the way in that CLOSED leaves open.
        press(&mut window, Modifiers::COMMAND, Key::Num6);
        click(&mut window, Role::Button, "Update a closed board…");
        step_until(&mut window, "the plan", A_JOB, |model| model.jobs.is_empty() && model.update.sheet().is_some());
        window.run_steps(2);
        window.get_by_label_contains("The application's own loader over the console");
        click(&mut window, Role::Button, "Update board");
        step_until(&mut window, "the update", A_RUN, |model| {
            model.update.run.as_ref().is_some_and(|run| run.verdict.is_some()) && model.jobs.is_empty()
        });
        window.run_steps(2);
        window.get_by_label("PASS");
        window.get_by_label_contains("Boots now: version 1.1.0");
        window.get_by_label_contains("Ran before: version 1.0.0");

        // A mistyped version leaves OEMuRoT chosen; what talks after its update is the application.
        for version in ["next", "1.2.0"] {
            give(&mut window, Command::Update(UpdateIntent::Plan(UpdateTarget::SecondStage, version.to_owned())));
            step_until(&mut window, "the plan", A_JOB, |model| {
                model.jobs.is_empty() && model.update.plan != UpdatePlanSheet::Making
            });
            let chosen = window.get_by_role_and_label(Role::RadioButton, "OEMuRoT").accesskit_node().toggled();
            assert_eq!(chosen, Some(egui::accesskit::Toggled::True), "{version}");
        }
        click(&mut window, Role::Button, "Update board");
        step_until(&mut window, "the update of OEMuRoT", A_RUN, |model| {
            model.update.run.as_ref().is_some_and(|run| run.verdict.is_some()) && model.jobs.is_empty()
        });
        window.run_steps(2);
        window.get_by_label("PASS");
        window.get_by_label_contains("It starts the application: version 1.1.0");

        // The lab's copy boots what was installed.
        press(&mut window, Modifiers::COMMAND, Key::Num7);
        click(&mut window, Role::Button, "Reset and run");
        step_until(&mut window, "the story", A_RUN, |model| model.lab.story.is_some() && model.lab.running.is_none());
        let story = window.state().model().lab.story.clone().unwrap();
        assert_eq!(story.expectation.verdict, Answer::Passed, "{:?}", story.expectation);
        assert!(story.lanes.contains(&Lane::Oemurot) && story.caption.starts_with("boot of 1.1.0"), "{story:?}");
    });
}
