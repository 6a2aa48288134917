//! The wallet in the real window: what is kept for a board stands in a card, can be exported, and shows no secret.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::keyboard::{A_JOB, Window, press, tab_to, type_over};
use common::{in_own_data_folder, sample, settle, step_until, window};
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use formats::certificate::CertificateChain;
use formats::{Passphrase, PrivateKey, Secret};
use project::Wallet;
use stirot_studio::model::{JobKind, Model};

const PASSPHRASE: &str = "planted passphrase of nobody";
const WRONG: &str = "no-passphrase-of-anything-77";

fn quiet(model: &Model) -> bool {
    model.jobs.iter().all(|job| job.kind == JobKind::Dialog) && model.credentials.wallet.boards.is_some()
}

fn on_wallet() -> Window {
    let mut window = window(&sample(), None);
    settle(&mut window);
    press(&mut window, Modifiers::COMMAND, Key::Num3);
    tab_to(&mut window, "Section Wallet");
    press(&mut window, Modifiers::NONE, Key::Enter);
    step_until(&mut window, "the wallet", A_JOB, quiet);
    window
}

/// Keeps the project's credential, under a passphrase unless it is empty.
fn keep(window: &mut Window, passphrase: &str) {
    tab_to(window, "Keep this project's credential…");
    press(window, Modifiers::NONE, Key::Enter);
    for name in ["Passphrase", "Again"] {
        tab_to(window, name);
        window.input_mut().events.push(egui::Event::Text(passphrase.to_owned()));
        window.run_steps(2);
    }
    press(window, Modifiers::NONE, Key::Enter);
    step_until(window, "keeping", A_JOB, |model| {
        quiet(model)
            && (!model.cards.is_empty() || model.credentials.wallet.boards.as_ref().is_some_and(|b| !b.is_empty()))
    });
    assert!(window.state().model().cards.is_empty(), "{:?}", window.state().model().cards);
}

#[test]
fn what_is_kept_for_the_connected_board_stands_in_a_card_and_is_exported_for_sts_tools() {
    in_own_data_folder(
        "what_is_kept_for_the_connected_board_stands_in_a_card_and_is_exported_for_sts_tools",
        |folder| {
            let mut window = on_wallet();
            window.get_by_label_contains("The wallet is empty");
            keep(&mut window, "");
            window.get_by_label("this board");
            window.get_by_label("bench-1, Version 1 · certificate, Sample, one boot stage");
            window.get_by_label("not protected");
            assert_eq!(Wallet::of_user().entries().unwrap().len(), 1);

            let to = folder.join("exported");
            tab_to(&mut window, "Export…");
            press(&mut window, Modifiers::NONE, Key::Enter);
            window.get_by_label_contains("written in the clear");
            tab_to(&mut window, "Folder");
            type_over(&mut window, &to.display().to_string());
            step_until(&mut window, "the export", A_JOB, quiet);
            assert!(window.state().model().cards.is_empty(), "{:?}", window.state().model().cards);
            let chain = fs::read(to.join("DA/Certificates/cert_leaf_chain.b64")).unwrap();
            let chain = CertificateChain::decode(&chain).unwrap();
            let key = PrivateKey::from_pem(&fs::read(to.join("DA/Keys/key_3_leaf.pem")).unwrap()).unwrap();
            assert_eq!(chain.verify().answering, Some(key.public().fingerprint()));
        },
    );
}

#[test]
fn a_credential_kept_under_a_passphrase_is_exported_with_it_alone_and_no_secret_is_on_the_screen() {
    const NAME: &str = "a_credential_kept_under_a_passphrase_is_exported_with_it_alone_and_no_secret_is_on_the_screen";
    in_own_data_folder(NAME, |folder| {
        let mut window = on_wallet();
        keep(&mut window, PASSPHRASE);
        window.get_by_label("protected");
        let entry = Wallet::of_user().entries().unwrap().pop().unwrap();
        assert!(entry.protected);
        let right = Passphrase::new(Secret::new(PASSPHRASE.to_owned())).unwrap();
        assert!(Wallet::of_user().open(&entry, Some(&right)).is_ok());

        let to = folder.join("exported");
        tab_to(&mut window, "Export…");
        press(&mut window, Modifiers::NONE, Key::Enter);
        tab_to(&mut window, "Folder");
        window.input_mut().events.push(egui::Event::Text(to.display().to_string()));
        window.run_steps(2);
        assert!(window.get_by_label("Export in clear").accesskit_node().is_disabled());
        tab_to(&mut window, "Its passphrase");
        window.input_mut().events.push(egui::Event::Text(WRONG.to_owned()));
        window.run_steps(2);
        press(&mut window, Modifiers::NONE, Key::Enter);
        step_until(&mut window, "the refusal", A_JOB, |model| quiet(model) && !model.cards.is_empty());
        assert!(!to.exists(), "nothing is written with a wrong passphrase");

        let pem = fs::read_to_string(sample().join("DA/Keys/key_3_leaf.pem")).unwrap();
        let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with("-----")).skip(1).collect();
        let mut seen = vec![format!("{:?}", window.state().model())];
        for node in window.root().children_recursive() {
            let node = node.accesskit_node();
            seen.extend([node.label(), node.value(), node.description()].into_iter().flatten());
        }
        for text in &seen {
            assert!(!text.contains(PASSPHRASE) && !text.contains(WRONG), "a passphrase shows in {text:.300}");
            assert!(lines.iter().all(|line| !text.contains(line)), "the leaf key shows in {text:.300}");
        }
    });
}
