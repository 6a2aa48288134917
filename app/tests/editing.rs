//! A project edited in the real window by keyboard alone, on the folder that ST publishes: a change is found wrong and
//! mended, keys are made, outputs are built, and everything belongs together again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::Path;

use common::keyboard::{A_JOB, Window, assessed, press, published, tab_to, type_over, vectors};
use common::{in_own_data_folder, sample, settle, step_until, window};
use egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use formats::form::FieldKey;
use project::{DocumentRole, FieldPlace};
use stirot_studio::command::Command;
use stirot_studio::model::configuration::{ConfigurationIntent, TypedText};
use stirot_studio::model::editing::field_id;
use stirot_studio::model::{PlanSheet, View};

fn command(window: &mut Window, command: Command) {
    let context = window.ctx.clone();
    window.state_mut().command(&context, command);
}

fn rules_broken(window: &Window) -> Vec<&'static str> {
    let assessment = &window.state().model().editing.as_ref().unwrap().found.assessment;
    let errors = assessment.findings.iter().filter(|finding| finding.severity == project::Severity::Error);
    errors.map(|finding| finding.id).collect()
}

#[test]
fn a_press_into_the_menus_field_leaves_the_menu_open() {
    in_own_data_folder("a_press_into_the_menus_field_leaves_the_menu_open", |_| {
        let mut window = window(&sample(), None);
        settle(&mut window);
        window.get_by_label_contains("Project Sample").click();
        window.run_steps(3);
        window.get_by_role_and_label(Role::TextInput, "Folder").click();
        window.run_steps(3);
        window.get_by_role_and_label(Role::TextInput, "Folder");
    });
}

#[test]
fn a_project_of_sts_is_edited_mended_and_made_whole_by_keyboard_alone() {
    in_own_data_folder("a_project_of_sts_is_edited_mended_and_made_whole_by_keyboard_alone", |folder| {
        let project = published(folder);
        let mut window = window(&sample(), None);
        settle(&mut window);

        // The folder is opened by its path.
        tab_to(&mut window, "Project ");
        press(&mut window, Modifiers::NONE, Key::Enter);
        tab_to(&mut window, "Folder");
        type_over(&mut window, &project.display().to_string());
        step_until(&mut window, "the project", A_JOB, |model| {
            assessed(model) && model.project.as_ref().is_some_and(|sheet| sheet.folder == project)
        });
        assert!(matches!(window.state().model().plan, PlanSheet::Ready { .. }), "{:?}", window.state().model().plan);

        // The firmware area grows into the ECC, the slots into each other.
        press(&mut window, Modifiers::COMMAND, Key::Num2);
        assert_eq!(window.state().model().view, View::Configuration);
        tab_to(&mut window, "Firmware area size");
        type_over(&mut window, "0x80000");
        step_until(&mut window, "the findings", A_JOB, assessed);
        assert_eq!(rules_broken(&window), ["R10", "R11"]);
        window.get_all_by_label_contains("share bytes").next().expect("the overlap is told in words");
        let edited = fs::read(project.join("STiROT/Config/STiROT_Config.xml")).unwrap();
        assert_eq!(
            edited,
            fs::read(vectors().join("stirot/Config/STiROT_Config.xml")).unwrap(),
            "nothing is saved yet"
        );

        // Each finding's own button mends it.
        for button in ["Set 0x0006 0000", "Move it"] {
            tab_to(&mut window, button);
            press(&mut window, Modifiers::NONE, Key::Enter);
            step_until(&mut window, "the mended state", A_JOB, assessed);
        }
        assert!(rules_broken(&window).is_empty(), "{:?}", rules_broken(&window));

        // New keys in place of ST's samples, each as a new version.
        press(&mut window, Modifiers::COMMAND, Key::Num3);
        for role in ["Authentication", "Encryption"] {
            tab_to(&mut window, &format!("{role}, "));
            press(&mut window, Modifiers::NONE, Key::Enter);
            tab_to(&mut window, "Generate new version");
            press(&mut window, Modifiers::NONE, Key::Enter);
            step_until(&mut window, "the new key", A_JOB, assessed);
            tab_to(&mut window, &format!("{role}, "));
            press(&mut window, Modifiers::NONE, Key::Enter);
        }
        press(&mut window, Modifiers::COMMAND, Key::S);
        step_until(&mut window, "saving", A_JOB, assessed);
        let editing = window.state().model().editing.as_ref().unwrap();
        assert_eq!(editing.draft.unsaved(), 0);
        assert!(editing.found.assessment.belonging.first_broken().is_some(), "the old object can't hold the new keys");
        assert!(matches!(window.state().model().plan, PlanSheet::Waiting { .. }));

        // Built anew, everything belongs together.
        press(&mut window, Modifiers::NONE, Key::F8);
        step_until(&mut window, "the build", A_JOB, assessed);
        let model = window.state().model();
        assert!(model.cards.is_empty(), "{:?}", model.cards);
        let assessment = &model.editing.as_ref().unwrap().found.assessment;
        assert!(assessment.is_sound(), "{:?} {:?}", assessment.findings, assessment.belonging.first_broken());
        assert!(matches!(model.plan, PlanSheet::Ready { .. }));
        window.get_by_label_contains("What could be compared belongs together");

        let text = fs::read_to_string(project.join("STiROT/Config/STiROT_Config.xml")).unwrap();
        for written in [
            "<Value>0x00060000</Value>",
            "<Value>0x90060000</Value>",
            "<Value>./../Keys/STiROT_Authentication_v2.pem</Value>",
            "<Value>./../Keys/STiROT_Encryption_v2.pem</Value>",
        ] {
            assert!(text.contains(written), "{written} is not in the file");
        }
        for old in ["STiROT_Authentication.pem", "STiROT_Encryption.pem"] {
            let kept = fs::read(project.join("STiROT/Keys").join(old)).unwrap();
            assert_eq!(kept, fs::read(vectors().join("stirot/Keys").join(old)).unwrap(), "{old} was touched");
        }
    });
}

#[test]
fn edits_left_unsaved_are_there_again_and_can_be_taken_back() {
    in_own_data_folder("edits_left_unsaved_are_there_again_and_can_be_taken_back", |folder| {
        let project = published(folder);
        let mut first = window(&project, None);
        settle(&mut first);
        press(&mut first, Modifiers::COMMAND, Key::Num2);
        tab_to(&mut first, "Firmware area size");
        type_over(&mut first, "0x30000");
        step_until(&mut first, "the assessment", A_JOB, assessed);
        drop(first);

        let mut again = window(&project, None);
        settle(&mut again);
        press(&mut again, Modifiers::COMMAND, Key::Num2);
        let editing = again.state().model().editing.as_ref().unwrap();
        assert_eq!(editing.draft.unsaved(), 1);
        again.get_all_by_label_contains("1 edit not saved").next().expect("it says so");
        press(&mut again, Modifiers::COMMAND, Key::Z);
        step_until(&mut again, "the assessment", A_JOB, assessed);
        assert_eq!(again.state().model().editing.as_ref().unwrap().draft.unsaved(), 0);
    });
}

#[test]
fn a_file_that_another_program_changed_is_noticed_and_both_versions_are_kept() {
    in_own_data_folder("a_file_that_another_program_changed_is_noticed_and_both_versions_are_kept", |folder| {
        let project = published(folder);
        let file = project.join("STiROT/Config/STiROT_Config.xml");
        let mut window = window(&project, None);
        settle(&mut window);
        press(&mut window, Modifiers::COMMAND, Key::Num2);
        let theirs = fs::read_to_string(&file).unwrap().replace("0x90020000</Value>", "0x90040000</Value>");
        fs::write(&file, &theirs).unwrap();
        tab_to(&mut window, "Firmware area size");
        type_over(&mut window, "0x30000");
        step_until(&mut window, "the conflict", A_JOB, |model| {
            assessed(model) && model.editing.as_ref().is_some_and(|editing| !editing.found.conflicts.is_empty())
        });
        let save = window.get_by_role_and_label(Role::Button, "Save project");
        assert!(save.accesskit_node().is_disabled());
        tab_to(&mut window, "Keep mine");
        press(&mut window, Modifiers::NONE, Key::Enter);
        step_until(&mut window, "the choice", A_JOB, |model| {
            assessed(model) && model.editing.as_ref().is_some_and(|editing| editing.found.conflicts.is_empty())
        });
        press(&mut window, Modifiers::COMMAND, Key::S);
        step_until(&mut window, "saving", A_JOB, assessed);
        let saved = fs::read_to_string(&file).unwrap();
        assert!(saved.contains("0x00030000</Value>") && saved.contains("0x90020000</Value>"));
        let kept = fs::read_to_string(file.with_file_name("STiROT_Config.theirs.xml")).unwrap();
        assert_eq!(kept, theirs);
    });
}

#[test]
fn the_plan_is_of_the_saved_files_and_an_edit_taken_back_leaves_it_whole() {
    in_own_data_folder("the_plan_is_of_the_saved_files_and_an_edit_taken_back_leaves_it_whole", |folder| {
        let project = published(folder);
        let mut window = window(&project, None);
        settle(&mut window);
        press(&mut window, Modifiers::COMMAND, Key::Num2);
        tab_to(&mut window, "Firmware area size");
        type_over(&mut window, "0x30000");
        step_until(&mut window, "the assessment", A_JOB, assessed);
        // Reading again takes the edit up again; the plan is of what stands in the files.
        let before = window.state().model().editing.as_ref().unwrap().revision;
        command(&mut window, Command::ReloadProject);
        step_until(&mut window, "the project", A_JOB, |model| {
            assessed(model) && model.editing.as_ref().is_some_and(|editing| editing.revision > before)
        });
        let model = window.state().model();
        assert_eq!(model.editing.as_ref().unwrap().draft.unsaved(), 1);
        assert!(matches!(model.plan, PlanSheet::Ready { .. }), "{:?}", model.plan);
        assert!(Command::Provision.enabled(model).is_err());
        let build = Command::Configuration(ConfigurationIntent::BuildOutputs);
        assert!(build.enabled(model).is_err_and(|why| why.contains("aren't saved")));
        press(&mut window, Modifiers::COMMAND, Key::Z);
        step_until(&mut window, "the assessment", A_JOB, assessed);
        let model = window.state().model();
        assert_eq!(model.editing.as_ref().unwrap().draft.unsaved(), 0);
        assert!(matches!(model.plan, PlanSheet::Ready { .. }));
    });
}

#[test]
fn a_typed_password_is_not_lost_by_reading_again_or_by_opening_another_project() {
    in_own_data_folder("a_typed_password_is_not_lost_by_reading_again_or_by_opening_another_project", |folder| {
        let project = published(folder);
        let mut window = window(&project, None);
        settle(&mut window);
        let secret = |window: &Window| window.state().model().editing.as_ref().unwrap().draft.has_unsaved_secret();
        for text in ["password", "Kupfer-8-Wiesel!"] {
            let editing = window.state().model().editing.as_ref().unwrap();
            let place = match text {
                "password" => {
                    editing.draft.setting_places().into_iter().find(|place| place.key.name == "debug_authentication")
                }
                _ => Some(FieldPlace {
                    document: DocumentRole::DaPassword,
                    key: FieldKey::field(project::field::PASSWORD),
                }),
            };
            let id = field_id(&place.unwrap());
            let typed = TypedText::new(formats::Secret::new(text.to_owned()));
            command(&mut window, Command::Configuration(ConfigurationIntent::Set(id, typed)));
            step_until(&mut window, "the assessment", A_JOB, assessed);
        }
        assert!(secret(&window));
        for other in [None, Some(fs::canonicalize(sample()).unwrap())] {
            let mut opened = |of: &Path| {
                command(&mut window, Command::OpenProject(of.to_owned()));
                step_until(&mut window, "the project", A_JOB, |model| {
                    assessed(model) && model.project.as_ref().is_some_and(|sheet| sheet.folder == of)
                });
            };
            if let Some(other) = other {
                opened(&other);
            }
            opened(&project);
            assert!(secret(&window));
        }
    });
}

#[test]
fn a_slot_goes_past_the_other_one_by_a_single_press_of_an_arrow() {
    in_own_data_folder("a_slot_goes_past_the_other_one_by_a_single_press_of_an_arrow", |folder| {
        let project = published(folder);
        let mut window = window(&project, None);
        settle(&mut window);
        press(&mut window, Modifiers::COMMAND, Key::Num2);
        tab_to(&mut window, "Installation slot, 0x9000 0000");
        press(&mut window, Modifiers::NONE, Key::ArrowRight);
        step_until(&mut window, "the assessment", A_JOB, assessed);
        window.get_by_label_contains("Installation slot, 0x9004 0000, 128 KiB");
        assert!(rules_broken(&window).is_empty(), "{:?}", rules_broken(&window));
        press(&mut window, Modifiers::NONE, Key::ArrowLeft);
        step_until(&mut window, "the assessment", A_JOB, assessed);
        window.get_by_label_contains("Installation slot, 0x9000 0000, 128 KiB");
    });
}

#[test]
fn an_edit_of_last_time_that_no_longer_fits_is_told_when_the_project_opens() {
    in_own_data_folder("an_edit_of_last_time_that_no_longer_fits_is_told_when_the_project_opens", |folder| {
        let project = published(folder);
        let mut first = window(&project, None);
        settle(&mut first);
        press(&mut first, Modifiers::COMMAND, Key::Num2);
        tab_to(&mut first, "Firmware area size");
        type_over(&mut first, "0x30000");
        step_until(&mut first, "the assessment", A_JOB, assessed);
        drop(first);
        // Another program renames the field meanwhile.
        let file = project.join("STiROT/Config/STiROT_Config.xml");
        let text = fs::read_to_string(&file).unwrap();
        let renamed = text.replacen(project::field::FIRMWARE_SIZE, "Another name", 1);
        assert_ne!(renamed, text);
        fs::write(&file, renamed).unwrap();
        let mut again = window(&project, None);
        settle(&mut again);
        let cards = &again.state().model().cards;
        assert!(cards.iter().any(|(_, card)| card.detail.contains("0x00030000")), "{cards:?}");
    });
}
