//! The Configuration view on sheets, driven by its accessibility labels.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use egui::{Key, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use formats::Secret;

use super::{ConfigurationView, show};
use crate::model::configuration::{
    ConfigurationIntent, ConfigurationSheet, FieldId, OnDisk, Refused, RegionId, Selection, TypedText,
};
use crate::model::example_sheets::{field, overlapping};
use crate::theme;

const ADDRESS: &str = "Firmware area address";
const DOWNLOAD: &str = "Firmware download area address";
const SLOT: &str = "Download slot, 0x9001 0000, 128 KiB, overlaps";

struct Seen {
    sheet: ConfigurationSheet,
    view: ConfigurationView,
    intents: Vec<ConfigurationIntent>,
}

/// The view at the size that it has in the window on a small lab screen. What is picked and shown is carried out,
/// everything else is kept.
fn view(sheet: ConfigurationSheet) -> Harness<'static, Seen> {
    let seen = Seen { sheet, view: ConfigurationView::default(), intents: Vec::new() };
    let mut harness = Harness::builder()
        .with_size(egui::vec2(962.0, 534.0))
        .with_theme(egui::Theme::Dark)
        .with_context_setup(theme::install)
        .build_ui_state(
            |ui, seen: &mut Seen| {
                let mut intents = Vec::new();
                show(ui, &seen.sheet, None, &mut seen.view, &mut intents);
                for intent in intents {
                    match intent {
                        ConfigurationIntent::Select(selection) => seen.sheet.selected = selection,
                        ConfigurationIntent::ShowDocument(index) => seen.sheet.shown = index,
                        other => seen.intents.push(other),
                    }
                }
            },
            seen,
        );
    // Fonts come with the first frame.
    harness.run();
    harness
}

fn set(id: FieldId, text: &str) -> ConfigurationIntent {
    ConfigurationIntent::Set(id, TypedText::new(Secret::new(text.to_owned())))
}

fn region(id: &str) -> RegionId {
    RegionId(id.to_owned())
}

fn focus(harness: &mut Harness<'_, Seen>, label: &str) {
    harness.get_by_label(label).focus();
    harness.run();
}

fn type_text(harness: &mut Harness<'_, Seen>, text: &str) {
    harness.event(egui::Event::Text(text.to_owned()));
    harness.run();
}

fn press(harness: &mut Harness<'_, Seen>, key: Key) {
    harness.key_press(key);
    harness.run();
}

/// The label of what has the keyboard.
fn focused(harness: &Harness<'_, Seen>) -> String {
    let nodes = harness.root().children_recursive().map(|node| node.accesskit_node());
    nodes.filter(|node| node.is_focused()).filter_map(|node| node.label()).next().unwrap_or_default()
}

/// Everything that a screen reader could say.
fn said(harness: &Harness<'_, Seen>) -> String {
    let mut text = String::new();
    for node in harness.root().children_recursive().map(|node| node.accesskit_node()) {
        for part in [node.label(), node.value(), node.description(), node.placeholder().map(str::to_owned)] {
            text.push_str(&part.unwrap_or_default());
            text.push('\n');
        }
    }
    text
}

#[test]
fn a_number_is_given_once_by_enter_without_its_blanks() {
    let mut harness = view(overlapping());
    focus(&mut harness, ADDRESS);
    type_text(&mut harness, "0x2400 4000");
    assert!(harness.state().intents.is_empty(), "given while it was typed");
    press(&mut harness, Key::Enter);
    harness.run();
    assert_eq!(harness.state().intents, [set(field(ADDRESS), "0x24004000")]);
}

#[test]
fn leaving_an_entry_gives_what_was_typed() {
    let mut harness = view(overlapping());
    focus(&mut harness, ADDRESS);
    type_text(&mut harness, "0x24008000");
    press(&mut harness, Key::Tab);
    assert_eq!(harness.state().intents, [set(field(ADDRESS), "0x24008000")]);
    assert_eq!(focused(&harness), "Firmware area size");
}

#[test]
fn the_same_number_written_otherwise_gives_nothing() {
    let mut harness = view(overlapping());
    focus(&mut harness, ADDRESS);
    type_text(&mut harness, "0x24000000");
    press(&mut harness, Key::Enter);
    assert!(harness.state().intents.is_empty(), "{:?}", harness.state().intents);
}

#[test]
fn escape_restores_what_stood_there() {
    let mut harness = view(overlapping());
    focus(&mut harness, ADDRESS);
    type_text(&mut harness, "0x1");
    assert_eq!(harness.get_by_label(ADDRESS).value().as_deref(), Some("0x1"));
    press(&mut harness, Key::Escape);
    assert_eq!(harness.get_by_label(ADDRESS).value().as_deref(), Some("0x2400 0000"));
    press(&mut harness, Key::Tab);
    assert!(harness.state().intents.is_empty(), "{:?}", harness.state().intents);
}

#[test]
fn save_gives_first_what_is_still_being_typed() {
    let mut harness = view(overlapping());
    focus(&mut harness, ADDRESS);
    type_text(&mut harness, "0x24004000");
    // A screen reader presses without taking the focus away.
    harness.get_by_role_and_label(Role::Button, "Save project").click_accesskit();
    harness.run();
    assert_eq!(harness.state().intents, [set(field(ADDRESS), "0x24004000"), ConfigurationIntent::Save]);
}

#[test]
fn what_was_refused_stays_in_sight_with_its_reason_until_escape() {
    let mut sheet = overlapping();
    let why = "“0x24zz” is no number";
    sheet.documents[0].fields[0].refused = Some(Refused { typed: "0x24zz".to_owned(), why: why.to_owned() });
    let mut harness = view(sheet);
    assert_eq!(harness.get_by_label(ADDRESS).value().as_deref(), Some("0x24zz"));
    harness.get_by_label_contains(why);
    focus(&mut harness, ADDRESS);
    press(&mut harness, Key::Escape);
    assert_eq!(harness.state().intents, [set(field(ADDRESS), "0x24000000")]);
}

#[test]
fn tab_goes_through_the_view_as_the_eye_does() {
    let mut sheet = overlapping();
    sheet.can_redo = Some("something".to_owned());
    let mut harness = view(sheet);
    let mut seen = Vec::new();
    for _ in 0..27 {
        press(&mut harness, Key::Tab);
        seen.push(focused(&harness));
    }
    let expected = [
        "Build outputs",
        "Undo edit",
        "Redo edit",
        "Save project",
        "STiROT, edited",
        "DA certificate",
        "DA password",
        "Image",
        ADDRESS,
        "Firmware area size",
        "Reset Firmware area size to 0x0002 0000",
        "Firmware installation area address",
        DOWNLOAD,
        "Reset Firmware download area address to 0x9002 0000",
        "Product state minimal allowed",
        "Encryption key",
        "Choose a file for Encryption key",
        "Authentication key",
        "Choose a file for Authentication key",
        "Output file",
        "Choose a file for Output file",
        "Advanced: 5 hidden and reserved fields",
        "Memory map",
        "Object",
        "Firmware area, 0x2400 0000, 128 KiB",
        "ECC, 0x2406 0000, 72 KiB",
        "iLoader, 0x0800 0000, 21.4 KiB, takes 24 KiB",
    ];
    assert_eq!(seen, expected);
}

#[test]
fn a_choice_is_made_by_keyboard() {
    let mut harness = view(overlapping());
    focus(&mut harness, "Product state minimal allowed");
    press(&mut harness, Key::Enter);
    press(&mut harness, Key::ArrowDown);
    press(&mut harness, Key::ArrowDown);
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().intents, [set(field("Product state minimal allowed"), "0x5C")]);
}

#[test]
fn a_switch_gives_the_code_of_its_other_side() {
    let mut harness = view(overlapping());
    focus(&mut harness, "Advanced: 5 hidden and reserved fields");
    press(&mut harness, Key::Enter);
    focus(&mut harness, "SRAM ECC management activation");
    press(&mut harness, Key::Space);
    assert_eq!(harness.state().intents, [set(field("SRAM ECC management activation"), "0x00")]);
}

#[test]
fn a_field_goes_back_to_its_default_by_its_own_button() {
    let mut harness = view(overlapping());
    focus(&mut harness, "Reset Firmware download area address to 0x9002 0000");
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().intents, [ConfigurationIntent::Reset(field(DOWNLOAD))]);
}

#[test]
fn a_pressed_region_marks_the_fields_that_place_it() {
    let mut harness = view(overlapping());
    harness.get_by_label(SLOT).click();
    harness.run();
    assert_eq!(harness.state().sheet.selected, Some(Selection::Region(region("download"))));
    let picked = harness.state().sheet.picked_fields().into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(picked, [field(DOWNLOAD), field("Firmware area size")]);
    harness.get_by_label(SLOT).click();
    harness.run();
    assert_eq!(harness.state().sheet.selected, None);
}

#[test]
fn a_region_whose_fields_are_folded_away_opens_the_fold_and_brings_them_into_sight() {
    let mut harness = view(overlapping());
    assert!(harness.query_by_label("STiROT_iLoader size").is_none());
    focus(&mut harness, "iLoader, 0x0800 0000, 21.4 KiB, takes 24 KiB");
    press(&mut harness, Key::Enter);
    harness.run_steps(30);
    let entry = harness.get_by_label("STiROT_iLoader size").rect();
    assert!(entry.bottom() <= 534.0, "{entry:?} is below the view");
}

#[test]
fn arrows_move_a_region_to_the_next_legal_place_past_what_is_in_the_way() {
    let mut harness = view(overlapping());
    focus(&mut harness, SLOT);
    press(&mut harness, Key::ArrowLeft);
    assert!(harness.state().intents.is_empty(), "the other slot lies there, and nothing below it");
    press(&mut harness, Key::ArrowRight);
    assert_eq!(harness.state().intents, [ConfigurationIntent::MoveRegion(region("download"), 0x9002_0000)]);
    assert_eq!(focused(&harness), SLOT);

    harness.state_mut().intents.clear();
    focus(&mut harness, "Installation, 0x9000 0000, 128 KiB");
    press(&mut harness, Key::ArrowRight);
    assert_eq!(harness.state().intents, [ConfigurationIntent::MoveRegion(region("installation"), 0x9003_0000)]);
}

#[test]
fn a_region_dragged_onto_another_lands_on_the_nearest_place_beside_it() {
    let mut harness = view(overlapping());
    let slot = harness.get_by_label("Installation, 0x9000 0000, 128 KiB").rect();
    let target = slot.center() + egui::vec2(slot.width() * 0.5, 3.0);
    harness.hover_at(slot.center());
    harness.drag_at(slot.center());
    harness.run();
    harness.hover_at(target);
    harness.run();
    harness.drop_at(target);
    harness.run();
    assert_eq!(harness.state().intents, [ConfigurationIntent::MoveRegion(region("installation"), 0x9003_0000)]);
}

#[test]
fn a_dragged_region_is_moved_once_and_lands_on_a_sector() {
    let mut harness = view(overlapping());
    let slot = harness.get_by_label(SLOT).rect();
    // The slot is 128 KiB wide: half its width and a bit is one sector of 64 KiB.
    let target = slot.center() + egui::vec2(slot.width() * 0.6, 3.0);
    harness.hover_at(slot.center());
    harness.drag_at(slot.center());
    harness.run();
    harness.hover_at(target);
    harness.run();
    assert!(harness.state().intents.is_empty(), "moved before it was let go");
    harness.drop_at(target);
    harness.run();
    assert_eq!(harness.state().intents, [ConfigurationIntent::MoveRegion(region("download"), 0x9002_0000)]);
}

#[test]
fn escape_while_dragging_moves_nothing() {
    let mut harness = view(overlapping());
    let slot = harness.get_by_label(SLOT).rect();
    harness.hover_at(slot.center());
    harness.drag_at(slot.center());
    harness.run();
    harness.hover_at(slot.center() + egui::vec2(slot.width(), 0.0));
    harness.run();
    press(&mut harness, Key::Escape);
    harness.drop_at(slot.center() + egui::vec2(slot.width(), 0.0));
    harness.run();
    assert!(harness.state().intents.is_empty(), "{:?}", harness.state().intents);
}

#[test]
fn a_finding_is_mended_by_its_button() {
    let mut harness = view(overlapping());
    focus(&mut harness, "Move it");
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().intents, [ConfigurationIntent::Mend(3)]);
}

#[test]
fn a_finding_leads_to_its_field_in_another_document() {
    let mut harness = view(overlapping());
    focus(&mut harness, "R22 · Five keys are sample keys");
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().sheet.shown, 1);
    assert_eq!(harness.state().sheet.selected, Some(Selection::Field(field("Root key"))));
}

#[test]
fn trouble_and_samples_are_told_in_words() {
    let harness = view(overlapping());
    harness.get_by_label("overlaps the installation slot");
    let entry = harness.get_by_label(DOWNLOAD).accesskit_node();
    assert_eq!(entry.description().as_deref(), Some("overlaps the installation slot"));
    assert_eq!(harness.get_all_by_label("SAMPLE").count(), 2);
    harness.get_by_label("1 error");
    harness.get_by_label("1 warning");
    harness.get_by_label("21 rules hold");
}

#[test]
fn a_span_picked_in_the_list_marks_its_field() {
    let mut harness = view(overlapping());
    focus(&mut harness, "Object");
    press(&mut harness, Key::Enter);
    let line = harness.get_all_by_role(Role::Button).find(|node| {
        node.accesskit_node().label().is_some_and(|label| label.starts_with("Firmware download area address, offset"))
    });
    line.expect("the list names the field's bytes").focus();
    harness.run();
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().sheet.selected, Some(Selection::Span(13)));
    assert_eq!(harness.state().sheet.picked_fields(), [&field(DOWNLOAD)]);
}

#[test]
fn a_pressed_byte_picks_its_span() {
    let mut harness = view(overlapping());
    focus(&mut harness, "Object");
    press(&mut harness, Key::Enter);
    harness.get_by_role_and_label(Role::Label, "Firmware area size, offset 0x0034, 4 bytes, 0x0002 0000").click();
    harness.run();
    assert_eq!(harness.state().sheet.selected, Some(Selection::Span(9)));
}

#[test]
fn a_password_is_given_once_and_seen_nowhere() {
    const PASSWORD: &str = "hunter2hunter2";
    let mut sheet = overlapping();
    sheet.shown = 2;
    let mut harness = view(sheet);
    focus(&mut harness, "Password");
    for letter in PASSWORD.chars() {
        type_text(&mut harness, &letter.to_string());
        assert!(!said(&harness).contains(&PASSWORD[..4]), "the password can be heard");
    }
    let length =
        |harness: &Harness<'_, Seen>| harness.get_by_label("Password").value().map(|value| value.chars().count());
    assert_eq!(length(&harness), Some(PASSWORD.len()));
    // The entry keeps no history: neither undo nor redo has anything to go to, however long one waits.
    harness.run_steps(40);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::Z);
    harness.run();
    assert_eq!(length(&harness), Some(PASSWORD.len()), "an undo found an earlier text");
    assert!(!format!("{:?}", harness.state().view).contains(&PASSWORD[..4]), "the view's state can be printed");
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().intents, [set(field("Password"), PASSWORD)]);
    focus(&mut harness, "Password");
    harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::Z);
    harness.run();
    assert_eq!(length(&harness).unwrap_or_default(), 0, "the password came back");
}

#[test]
fn masked_bytes_are_not_read_out() {
    let mut harness = view(overlapping());
    focus(&mut harness, "Object");
    press(&mut harness, Key::Enter);
    harness.get_by_role_and_label(Role::Label, "Encryption key, private, offset 0x006B, 70 bytes, masked");
}

#[test]
fn what_cannot_be_done_is_grey_and_says_why() {
    let mut sheet = overlapping();
    sheet.save = Err("one entry can't be read".to_owned());
    sheet.can_undo = None;
    let mut harness = view(sheet);
    for (button, why) in [("Save project", "One entry can't be read"), ("Undo edit", "Nothing was edited")] {
        let node = harness.get_by_role_and_label(Role::Button, button);
        assert!(node.accesskit_node().is_disabled(), "{button}");
        node.hover();
        harness.run_steps(60);
        harness.get_by_label(why);
    }
}

#[test]
fn a_file_changed_by_another_program_asks_which_version_stays() {
    let mut sheet = overlapping();
    sheet.documents[0].on_disk = OnDisk::ChangedByAnother;
    let mut harness = view(sheet);
    harness.get_by_label_contains("Another program changed STiROT_Config.xml");
    harness.get_by_label("STiROT, changed by another program");
    harness.get_by_label("Take theirs").click();
    harness.run();
    harness.get_by_label("Keep mine").click();
    harness.run();
    assert_eq!(harness.state().intents, [ConfigurationIntent::TakeTheirs(0), ConfigurationIntent::KeepMine(0)]);
}

#[test]
fn a_file_is_shown_by_its_name_and_edited_by_its_path() {
    let mut harness = view(overlapping());
    assert_eq!(harness.get_by_label("Encryption key").value().as_deref(), Some("STiROT_Encryption.pem"));
    focus(&mut harness, "Encryption key");
    assert_eq!(harness.get_by_label("Encryption key").value().as_deref(), Some("./../Keys/STiROT_Encryption.pem"));
    press(&mut harness, Key::Enter);
    assert!(harness.state().intents.is_empty(), "{:?}", harness.state().intents);
    focus(&mut harness, "Choose a file for Encryption key");
    press(&mut harness, Key::Enter);
    assert_eq!(harness.state().intents, [ConfigurationIntent::ChooseFile(field("Encryption key"))]);
}
