//! The Keys view on sheets, driven by its accessibility labels.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use egui::{Key, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use formats::Secret;

use super::{KeysView, show};
use crate::model::configuration::{ConfigurationIntent, TypedText};
use crate::model::example_sheets::sample_keys;
use crate::model::keys::{ChosenFile, EdgeState, KeysSheet};
use crate::theme;

const OWN: &str = "STiROT encryption, STiROT_Encryption_v2.pem, 9cfa…9a18, in clear";
const PASSPHRASE: &str = "correct horse";

struct Seen {
    sheet: KeysSheet,
    view: KeysView,
    intents: Vec<ConfigurationIntent>,
}

fn view(sheet: KeysSheet) -> Harness<'static, Seen> {
    let mut harness = Harness::builder()
        .with_size(egui::vec2(962.0, 534.0))
        .with_theme(egui::Theme::Dark)
        .with_context_setup(theme::install)
        .build_ui_state(
            |ui, seen: &mut Seen| {
                super::standing(ui, &seen.sheet);
                show(ui, &seen.sheet, &mut seen.view, &mut seen.intents);
            },
            Seen { sheet, view: KeysView::default(), intents: Vec::new() },
        );
    // Fonts come with the first frame.
    harness.run();
    harness
}

/// Presses Enter on what has a label, wherever it is scrolled to.
fn enter(harness: &mut Harness<'_, Seen>, label: &str) {
    harness.get_by_label(label).focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
}

fn type_into(harness: &mut Harness<'_, Seen>, label: &str, text: &str) {
    harness.get_by_label(label).focus();
    harness.run();
    harness.event(egui::Event::Text(text.to_owned()));
    harness.run();
}

fn given() -> TypedText {
    TypedText::new(Secret::new(PASSPHRASE.to_owned()))
}

#[test]
fn the_first_edge_that_does_not_hold_is_told_in_words_and_mended_by_its_button() {
    let mut harness = view(sample_keys());
    harness.get_by_label("STiROT encryption → STiROT_Config.obk: stale, other private half");
    harness.get_by_label("STiROT encryption → STiROT_Config.obk is stale");
    harness.get_by_label_contains("can't open images made now");
    enter(&mut harness, "Build outputs");
    assert_eq!(harness.state().intents, [ConfigurationIntent::MendChain]);
}

#[test]
fn a_chain_that_holds_says_so() {
    let mut sheet = sample_keys();
    sheet.chain.first_broken = None;
    for edge in &mut sheet.chain.edges {
        edge.state = EdgeState::Holds;
    }
    let mut harness = view(sheet);
    harness.get_by_label_contains("Everything belongs together.");
    harness.state_mut().sheet.chain.edges[7].state = EdgeState::Unknown;
    harness.run();
    harness.get_by_label_contains("1 thing couldn't");
}

#[test]
fn every_key_says_its_role_its_fingerprint_and_whether_it_is_a_sample() {
    let harness = view(sample_keys());
    harness.get_by_role_and_label(Role::Button, OWN);
    harness.get_by_label("STiROT authentication, STiROT_Authentication.pem, eac5…1ce3, SAMPLE, in clear");
    harness.get_by_label("DA root, key_1_root.pem, cc05…1777, SAMPLE, protected");
    harness.get_by_label_contains("3 of them SAMPLE");
    harness.get_by_label("Key STiROT authentication, eac5…1ce3, SAMPLE");
    harness.get_by_label("Key STiROT encryption, 9cfa…9a18");
}

#[test]
fn the_list_of_keys_begins_below_the_picture() {
    let harness = view(sample_keys());
    let list = harness.get_by_role_and_label(Role::Button, OWN).rect().top();
    let cards = ["Object DA_Config.obk, HDPL 0 · index 8", "Key DA root, cc05…1777, SAMPLE"];
    for card in cards {
        let bottom = harness.get_by_label(card).rect().bottom();
        assert!(bottom < list, "{card} ends at {bottom}, the list begins at {list}");
    }
}

#[test]
fn a_fingerprint_is_copied_whole() {
    let mut harness = view(sample_keys());
    enter(&mut harness, "Copy fingerprint 9cfa…9a18");
    let [ConfigurationIntent::CopyText(copied)] = harness.state().intents.as_slice() else {
        panic!("{:?}", harness.state().intents)
    };
    assert_eq!(copied.len(), 64);
    assert!(copied.starts_with("9cfa") && copied.ends_with("9a18"));
}

#[test]
fn an_opened_key_shows_what_can_be_done_and_its_other_versions() {
    let mut harness = view(sample_keys());
    assert!(harness.query_by_label("Generate new version").is_none());
    let samples = |harness: &Harness<'_, Seen>| harness.get_all_by_label("SAMPLE").count();
    let before = samples(&harness);
    enter(&mut harness, OWN);
    assert_eq!(samples(&harness), before + 1, "the version before was ST's");
    for label in ["1 other version is kept", "STiROT_Encryption.pem", "Export public half", "Import…"] {
        harness.get_by_label(label);
    }
    enter(&mut harness, "Generate new version");
    enter(&mut harness, "Export public half");
    let expected = [ConfigurationIntent::GenerateKey(0, TypedText::empty()), ConfigurationIntent::ExportPublic(0)];
    assert_eq!(harness.state().intents, expected);
    enter(&mut harness, OWN);
    assert!(harness.query_by_label("Generate new version").is_none());
}

#[test]
fn a_key_is_imported_from_a_typed_path() {
    let mut harness = view(sample_keys());
    enter(&mut harness, OWN);
    enter(&mut harness, "Import…");
    let button = |harness: &Harness<'_, Seen>| {
        harness.get_by_role_and_label(Role::Button, "Import").accesskit_node().is_disabled()
    };
    assert!(button(&harness));
    type_into(&mut harness, "File", "/keys/other.pem");
    enter(&mut harness, "Import");
    let nothing = TypedText::new(formats::Secret::new(String::new()));
    assert_eq!(harness.state().intents, [ConfigurationIntent::ImportKey(0, "/keys/other.pem".into(), nothing)]);
}

#[test]
fn a_chosen_file_waits_in_the_question_for_its_passphrase() {
    let mut harness = view(sample_keys());
    enter(&mut harness, OWN);
    enter(&mut harness, "Import…");
    type_into(&mut harness, "Its passphrase, if it has one", PASSPHRASE);
    enter(&mut harness, "Choose…");
    assert_eq!(harness.state().intents, [ConfigurationIntent::ChooseKey(0)]);
    harness.state_mut().intents.clear();
    let path = "/keys/sealed.pem".to_owned();
    harness.state_mut().sheet.chosen = Some(ChosenFile { key: 0, path });
    harness.run();
    assert_eq!(harness.get_by_label("File").value().as_deref(), Some("/keys/sealed.pem"));
    assert!(harness.state().intents.is_empty(), "taken before it was asked for");
    enter(&mut harness, "Import");
    assert_eq!(harness.state().intents, [ConfigurationIntent::ImportKey(0, "/keys/sealed.pem".into(), given())]);
}

#[test]
fn a_file_chosen_after_the_question_was_closed_opens_it_again_and_is_filled_in_once() {
    let mut harness = view(sample_keys());
    harness.state_mut().sheet.chosen = Some(ChosenFile { key: 0, path: "/keys/other.pem".to_owned() });
    harness.run();
    harness.run();
    assert_eq!(harness.get_by_label("File").value().as_deref(), Some("/keys/other.pem"));
    type_into(&mut harness, "File", "2");
    assert_ne!(harness.get_by_label("File").value().as_deref(), Some("/keys/other.pem"));
    enter(&mut harness, "Cancel");
    assert!(harness.query_by_label("File").is_none());
}

#[test]
fn a_key_is_protected_only_with_a_passphrase_typed_twice_alike() {
    let mut harness = view(sample_keys());
    enter(&mut harness, OWN);
    enter(&mut harness, "Protect with passphrase…");
    let refused = |harness: &Harness<'_, Seen>| {
        harness.get_by_role_and_label(Role::Button, "Protect").accesskit_node().is_disabled()
    };
    assert!(refused(&harness));
    type_into(&mut harness, "Passphrase", PASSPHRASE);
    type_into(&mut harness, "Again", "correct hors");
    harness.get_by_label("the two differ");
    assert!(refused(&harness));
    type_into(&mut harness, "Again", "e");
    enter(&mut harness, "Protect");
    assert_eq!(harness.state().intents, [ConfigurationIntent::Protect(0, given())]);
    assert!(harness.query_by_label("Passphrase").is_none());
}

#[test]
fn a_protected_key_is_followed_by_a_protected_one_only() {
    let mut harness = view(sample_keys());
    enter(&mut harness, "DA root, key_1_root.pem, cc05…1777, SAMPLE, protected");
    assert!(harness.query_by_label("Generate new version").is_none());
    enter(&mut harness, "Generate new version…");
    assert!(harness.state().intents.is_empty());
    type_into(&mut harness, "Passphrase", PASSPHRASE);
    type_into(&mut harness, "Again", PASSPHRASE);
    enter(&mut harness, "Generate");
    assert_eq!(harness.state().intents, [ConfigurationIntent::GenerateKey(2, given())]);
}

#[test]
fn a_passphrase_is_seen_nowhere() {
    let mut harness = view(sample_keys());
    enter(&mut harness, "DA root, key_1_root.pem, cc05…1777, SAMPLE, protected");
    enter(&mut harness, "Unlock…");
    type_into(&mut harness, "Passphrase", PASSPHRASE);
    for node in harness.root().children_recursive().map(|node| node.accesskit_node()) {
        for text in [node.label(), node.value(), node.description()].into_iter().flatten() {
            assert!(!text.contains("horse"), "it can be heard: {text}");
        }
    }
    assert!(!format!("{:?}", harness.state().view).contains("horse"), "the view's state can be printed");
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().intents, [ConfigurationIntent::Unlock(2, given())]);
}

#[test]
fn a_key_leaves_in_clear_only_after_a_second_press_that_says_what_it_means() {
    let mut harness = view(sample_keys());
    enter(&mut harness, "DA leaf, key_3_leaf.pem, eac5…1ce3, SAMPLE, unlocked");
    enter(&mut harness, "Export in clear…");
    assert!(harness.state().intents.is_empty());
    harness.get_by_label_contains("Whoever reads the file has the DA leaf key");
    enter(&mut harness, "Cancel");
    assert!(harness.query_by_label("Write the key in clear").is_none());
    enter(&mut harness, "Export in clear…");
    enter(&mut harness, "Write the key in clear");
    assert_eq!(harness.state().intents, [ConfigurationIntent::ExportClear(3)]);
}

#[test]
fn an_act_that_is_impossible_now_is_grey() {
    let mut harness = view(sample_keys());
    enter(&mut harness, "DA root, key_1_root.pem, cc05…1777, SAMPLE, protected");
    let button = harness.get_by_role_and_label(Role::Button, "Export in clear…");
    assert!(button.accesskit_node().is_disabled());
}
