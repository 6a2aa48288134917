//! Debug certificates made in the real window, by keyboard alone, in a project of its own: they verify, narrow as asked,
//! and lose nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::keyboard::{A_JOB, Window, assessed, press, tab_to};
use common::{in_own_data_folder, settle, step_until, window};
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use formats::certificate::CertificateChain;
use formats::{Permission, Permissions};
use project::template::{NewProject, create};
use project::{Credential, Flow, Project};

const CHAIN: &str = "DA/Certificates/cert_leaf_chain.b64";

fn new_project(root: &Path, credential: Credential) -> PathBuf {
    let folder = root.join("pump");
    create(
        &folder,
        &NewProject {
            name: "pump".to_owned(),
            flow: Flow::Stirot,
            credential,
            second_stage: formats::ApplicationRun::InPlace,
        },
    )
    .unwrap();
    folder
}

fn chain(folder: &Path) -> CertificateChain {
    CertificateChain::decode(&fs::read(folder.join(CHAIN)).unwrap()).unwrap()
}

fn on_certificates(folder: &Path) -> Window {
    let mut window = window(folder, None);
    settle(&mut window);
    press(&mut window, Modifiers::COMMAND, Key::Num3);
    tab_to(&mut window, "Section Certificates");
    press(&mut window, Modifiers::NONE, Key::Enter);
    window
}

fn make(window: &mut Window) {
    tab_to(window, "Make certificates");
    press(window, Modifiers::NONE, Key::Enter);
    step_until(window, "the certificates", A_JOB, |model| {
        assessed(model) && (model.credentials.made.is_some() || !model.cards.is_empty())
    });
    let model = window.state().model();
    assert!(model.cards.is_empty(), "{:?}", model.cards);
}

#[test]
fn a_narrowed_chain_is_made_it_verifies_and_the_earlier_one_is_kept() {
    in_own_data_folder("a_narrowed_chain_is_made_it_verifies_and_the_earlier_one_is_kept", |root| {
        let folder = new_project(root, Credential::Certificate);
        let before = fs::read(folder.join(CHAIN)).unwrap();
        let mut window = on_certificates(&folder);
        tab_to(&mut window, "Intrusive debug at HDPL 1, intermediate certificate");
        press(&mut window, Modifiers::NONE, Key::Space);
        // What the issuer took away can't be given behind it.
        let leaf = window.get_by_label("Intrusive debug at HDPL 1, leaf certificate");
        assert!(leaf.accesskit_node().is_disabled());
        window.get_by_label("Intrusive debug at HDPL 1, together: no");
        make(&mut window);
        window.get_by_label_contains("Certificates made");

        let made = chain(&folder);
        let report = made.verify();
        assert!(report.all_hold(), "{report:?}");
        let all = Permissions::OF_ST_CERTIFICATES;
        let less = all.without(Permission::DEBUG_HDPL1.mask());
        let permits: Vec<_> = made.certificates.iter().map(|certificate| certificate.permissions).collect();
        assert_eq!(permits, [all, less, less]);
        assert!(Project::open(&folder).unwrap().debug_credential().is_ok());
        assert_eq!(fs::read(folder.join("DA/Earlier/v1/Certificates/cert_leaf_chain.b64")).unwrap(), before);
    });
}

#[test]
fn new_keys_are_made_behind_the_first_new_one_and_the_project_belongs_together() {
    in_own_data_folder("new_keys_are_made_behind_the_first_new_one_and_the_project_belongs_together", |root| {
        let folder = new_project(root, Credential::Certificate);
        let before = chain(&folder);
        let mut window = on_certificates(&folder);
        tab_to(&mut window, "New key for the root certificate");
        press(&mut window, Modifiers::NONE, Key::Space);
        window.get_by_label_contains("another debug-authentication object");
        make(&mut window);
        let made = chain(&folder);
        assert!(made.verify().all_hold());
        for (new, old) in made.certificates.iter().zip(&before.certificates) {
            assert_ne!(new.point, old.point, "the {} key is the old one", new.role.name());
        }
        assert!(Project::open(&folder).unwrap().debug_credential().is_ok(), "the object trusts the new root");
    });
}

#[test]
fn a_chain_restricted_to_the_connected_board_says_so_and_a_mistyped_one_is_not_made() {
    in_own_data_folder("a_chain_restricted_to_the_connected_board_says_so_and_a_mistyped_one_is_not_made", |root| {
        let folder = new_project(root, Credential::Certificate);
        let mut window = on_certificates(&folder);
        tab_to(&mut window, "Advanced: restrict the leaf to one chip or a class of chips");
        press(&mut window, Modifiers::NONE, Key::Space);
        tab_to(&mut window, "SoC class");
        window.input_mut().events.push(egui::Event::Text("closed".to_owned()));
        window.run_steps(3);
        assert!(window.get_by_label("Make certificates").accesskit_node().is_disabled());
        press(&mut window, Modifiers::COMMAND, Key::A);
        press(&mut window, Modifiers::NONE, Key::Delete);
        tab_to(&mut window, "This board");
        press(&mut window, Modifiers::NONE, Key::Enter);
        window.get_by_label_contains("every other board refuses this chain");
        let uid = window.state().model().board.as_ref().unwrap().reading.as_ref().unwrap().uid.clone().unwrap();
        make(&mut window);
        let leaf = chain(&folder).certificates.pop().unwrap();
        let id: String = leaf.soc_id.iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(id, format!("00000000{uid}"));
    });
}

#[test]
fn a_project_with_a_password_says_that_it_makes_none() {
    in_own_data_folder("a_project_with_a_password_says_that_it_makes_none", |root| {
        let folder = new_project(root, Credential::Password);
        let window = on_certificates(&folder);
        window.get_by_label_contains("way back is a password");
        assert!(window.get_by_label("Make certificates").accesskit_node().is_disabled());
    });
}

#[test]
fn the_objects_permissions_are_switches_of_the_configuration() {
    in_own_data_folder("the_objects_permissions_are_switches_of_the_configuration", |root| {
        let folder = new_project(root, Credential::Certificate);
        let mut window = window(&folder, None);
        settle(&mut window);
        press(&mut window, Modifiers::COMMAND, Key::Num2);
        tab_to(&mut window, "Debug authentication");
        press(&mut window, Modifiers::NONE, Key::Enter);
        tab_to(&mut window, "Permissions: Intrusive debug at HDPL 1");
        press(&mut window, Modifiers::NONE, Key::Space);
        step_until(&mut window, "the assessment", A_JOB, assessed);
        press(&mut window, Modifiers::COMMAND, Key::S);
        step_until(&mut window, "saving", A_JOB, assessed);
        let text = fs::read_to_string(folder.join("DA/Config/DA_Config.xml")).unwrap();
        assert!(text.contains("<Value>0x80000000000000000000000000004006</Value>"), "{text}");
    });
}
