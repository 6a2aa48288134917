//! The form for certificates on a sheet, driven by its accessibility labels.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use egui::{Key, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};

use super::{CertificatesView, show};
use crate::model::credentials::{
    ChainKey, ChainPlace, CredentialsIntent, Granted, MakingForm, MakingSheet, PerPlace, Restriction,
};
use crate::theme;

const OBJECT: u128 = 0x8000_0000_0000_0000_0000_0000_0000_4007;
const ST: u128 = 0x8000_0000_0000_0000_0000_0000_0000_5007;

struct Seen {
    sheet: MakingSheet,
    form: MakingForm,
    view: CertificatesView,
    intents: Vec<CredentialsIntent>,
}

fn sheet() -> MakingSheet {
    let key =
        |file: &str| ChainKey { file: file.to_owned(), fingerprint: Some("ab".repeat(32)), ..ChainKey::default() };
    MakingSheet {
        keys: PerPlace {
            root: key("key_1_root.pem"),
            intermediate: key("key_2_intermediate.pem"),
            leaf: key("key_3_leaf.pem"),
        },
        object: Some(OBJECT),
        make: Ok(()),
        remarks: Vec::new(),
        board: Some(("bench-1".to_owned(), "0000000000112233445566778899AABB".to_owned())),
        no_certificates: None,
    }
}

fn view(sheet: MakingSheet, form: MakingForm) -> Harness<'static, Seen> {
    let mut harness = Harness::builder()
        .with_size(egui::vec2(942.0, 600.0))
        .with_theme(egui::Theme::Dark)
        .with_context_setup(theme::install)
        .build_ui_state(
            |ui, seen: &mut Seen| show(ui, &seen.sheet, &seen.form, None, &mut seen.view, &mut seen.intents),
            Seen { sheet, form, view: CertificatesView::default(), intents: Vec::new() },
        );
    harness.run();
    harness
}

/// Presses the space bar on what has a label.
fn press(harness: &mut Harness<'_, Seen>, label: &str) {
    harness.get_by_label(label).focus();
    harness.run();
    harness.key_press(Key::Space);
    harness.run();
}

#[test]
fn a_switch_beyond_the_issuer_can_not_be_moved_and_one_within_it_can() {
    let mut form = MakingForm::permitting(ST);
    form.permit(ChainPlace::Intermediate, 14, Granted::No);
    let mut harness = view(sheet(), form);
    let root = harness.get_by_label("Full regression, root certificate");
    assert!(!root.accesskit_node().is_disabled());
    let leaf = harness.get_by_label("Full regression, leaf certificate");
    assert!(leaf.accesskit_node().is_disabled());
    harness.get_by_label("Full regression, together: no");
    harness.get_by_label("Full regression, object: yes");
    press(&mut harness, "Full regression, intermediate certificate");
    press(&mut harness, "Intrusive debug at HDPL 1, leaf certificate");
    assert_eq!(
        harness.state().intents,
        [
            CredentialsIntent::Permit(ChainPlace::Intermediate, 14, Granted::Yes),
            CredentialsIntent::Permit(ChainPlace::Leaf, 0, Granted::No),
        ]
    );
}

#[test]
fn what_the_object_withholds_is_not_granted_whatever_the_certificates_say() {
    let harness = view(sheet(), MakingForm::permitting(ST));
    harness.get_by_label("Partial regression (known from the H5), object: no");
    harness.get_by_label("Partial regression (known from the H5), together: no");
    harness.get_by_label_contains("full regression, intrusive debug at HDPL 1");
}

#[test]
fn the_connected_board_is_taken_by_a_press_and_a_wrong_class_is_told() {
    let mut form = MakingForm::permitting(ST);
    form.soc_class = "closed".to_owned();
    let mut harness = view(sheet(), form);
    press(&mut harness, "Advanced: restrict the leaf to one chip or a class of chips");
    harness.get_by_label("hexadecimal digits only");
    press(&mut harness, "This board");
    let id = "0000000000112233445566778899AABB".to_owned();
    assert_eq!(harness.state().intents, [CredentialsIntent::Restrict(Restriction::SocId, id)]);
}

#[test]
fn a_passphrase_is_asked_for_only_where_a_key_is_under_one_and_is_seen_nowhere() {
    assert!(view(sheet(), MakingForm::permitting(ST)).query_by_label("Passphrase of the keys").is_none());
    let mut protected = sheet();
    protected.keys.leaf.protected = true;
    let mut harness = view(protected, MakingForm::permitting(ST));
    harness.get_by_role_and_label(Role::PasswordInput, "Passphrase of the keys").focus();
    harness.run();
    harness.event(egui::Event::Text("correct horse".to_owned()));
    harness.run();
    for node in harness.root().children_recursive().map(|node| node.accesskit_node()) {
        for text in [node.label(), node.value(), node.description()].into_iter().flatten() {
            assert!(!text.contains("horse"), "it can be heard: {text}");
        }
    }
    assert!(!format!("{:?}", harness.state().view).contains("horse"));
    assert_eq!(harness.state_mut().view.take_passphrase().text(), "correct horse");
    assert_eq!(harness.state_mut().view.take_passphrase().text(), "");
}
