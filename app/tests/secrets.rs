//! No private key, password or passphrase is seen: known ones are planted in a project, the window is led through all
//! that it shows of them, and everything that can be read of it afterwards is searched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::Path;

use common::keyboard::{A_JOB, Window, assessed, press, published, tab_to, type_over};
use common::{in_own_data_folder, settle, step_until, window};
use egui::{Key, Modifiers};
use egui_kittest::kittest::NodeT;
use formats::PrivateKey;
use sha2::{Digest, Sha256};

const PASSWORD: &str = "Planted-Pass-42!";
const OLD_PASSWORD: &str = "0123456789012345";
const PASSPHRASE: &str = "planted passphrase of nobody";

/// All that a screen reader, and so a screen, would tell, and all that the window's own state prints.
fn seen(window: &Window, all: &mut Vec<String>) {
    for node in window.root().children_recursive() {
        let node = node.accesskit_node();
        all.extend(node.label());
        all.extend(node.value());
        all.extend(node.description());
    }
    all.push(format!("{:?}", window.state().model()));
    all.push(format!("{:?}", window.output().platform_output.commands));
}

/// Shows every view and every document, with all its folds open, and takes in what is seen.
fn look_at_everything(window: &mut Window, all: &mut Vec<String>) {
    for view in [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6] {
        press(window, Modifiers::COMMAND, view);
        window.run_steps(3);
        seen(window, all);
    }
    for section in ["Section Certificates", "Section Wallet"] {
        press(window, Modifiers::COMMAND, Key::Num3);
        tab_to(window, section);
        press(window, Modifiers::NONE, Key::Enter);
        step_until(window, "the section", A_JOB, |model| model.jobs.is_empty());
        seen(window, all);
    }
    press(window, Modifiers::NONE, Key::F10);
    step_until(window, "the examination", A_JOB, |model| model.jobs.is_empty() && model.doctor.examination.is_some());
    seen(window, all);
    press(window, Modifiers::COMMAND, Key::Num2);
    for document in ["STiRoT", "Image", "Debug authentication", "Project"] {
        tab_to(window, document);
        press(window, Modifiers::NONE, Key::Enter);
        for right in ["Object", "Memory map"] {
            tab_to(window, right);
            press(window, Modifiers::NONE, Key::Enter);
            window.run_steps(3);
            seen(window, all);
        }
    }
}

/// Every stretch of a secret that would give it away: its text, and runs of its bytes in hexadecimal and base64.
fn traces(name: &str, bytes: &[u8], traces: &mut Vec<(String, String)>) {
    const RUN: usize = 6;
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    for run in hex.windows(RUN) {
        for between in ["", " ", ", "] {
            traces.push((name.to_owned(), run.join(between)));
        }
        traces.push((name.to_owned(), run.concat().to_uppercase()));
    }
    let decimal: Vec<String> = bytes.iter().map(u8::to_string).collect();
    traces.extend(decimal.windows(RUN).map(|run| (name.to_owned(), run.join(", "))));
}

/// The base64 lines of a PEM file, but for the first, which all keys share.
fn pem_lines(name: &str, pem: &str, traces: &mut Vec<(String, String)>) {
    let lines = pem.lines().filter(|line| !line.starts_with("-----")).skip(1);
    traces.extend(lines.flat_map(|line| {
        let middle = line.get(4..20).map(str::to_owned);
        middle.map(|middle| (name.to_owned(), middle))
    }));
}

fn assert_nothing_shows(all: &[String], traces: &[(String, String)]) {
    for text in all {
        let compact = text.to_lowercase();
        for (name, trace) in traces {
            assert!(!compact.contains(&trace.to_lowercase()), "{name} shows as {trace} in: {text:.400}");
        }
    }
}

/// Texts of every file below a folder that is not one of the project's own.
fn texts_below(folder: &Path, all: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            texts_below(&path, all);
        } else if path.extension().is_none_or(|ending| ending != "board") {
            all.push(String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned());
        }
    }
}

#[test]
fn what_is_secret_is_not_seen_anywhere() {
    in_own_data_folder("what_is_secret_is_not_seen_anywhere", |folder| {
        let folder_of_project = published(folder);
        let project = &folder_of_project;
        fs::write(
            project.join("stirot-studio.toml"),
            "format = 2\nflow = \"stirot\"\ndebug_authentication = \"password\"\n",
        )
        .unwrap();
        let key = PrivateKey::generate().unwrap();
        let pem = key.to_pem().unwrap();
        fs::write(project.join("STiROT/Keys/STiROT_Encryption.pem"), pem.as_bytes()).unwrap();
        fs::write(project.join("STiROT/Keys/STiROT_Encryption_pub.pem"), key.public().to_pem()).unwrap();
        let mut all = Vec::new();
        let mut window = window(project, None);
        settle(&mut window);

        // Another password, typed, refused once, then taken; and taken back what can be taken back.
        press(&mut window, Modifiers::COMMAND, Key::Num2);
        tab_to(&mut window, "Debug authentication");
        press(&mut window, Modifiers::NONE, Key::Enter);
        for typed in [&"x".repeat(40), PASSWORD] {
            tab_to(&mut window, "Password");
            type_over(&mut window, typed);
            step_until(&mut window, "the assessment", A_JOB, assessed);
            seen(&window, &mut all);
        }
        press(&mut window, Modifiers::COMMAND, Key::S);
        step_until(&mut window, "saving", A_JOB, assessed);
        let saved = fs::read_to_string(project.join("DA/Config/DA_ConfigWithPassword.xml")).unwrap();
        assert!(saved.contains(&format!("<Value>{PASSWORD}</Value>")), "the typed password is what is saved");
        press(&mut window, Modifiers::COMMAND, Key::Z);
        step_until(&mut window, "the assessment", A_JOB, assessed);
        seen(&window, &mut all);

        // The key is put under a passphrase, a wrong passphrase is tried, and everything is built with the right one.
        press(&mut window, Modifiers::COMMAND, Key::Num3);
        tab_to(&mut window, "Encryption, ");
        press(&mut window, Modifiers::NONE, Key::Enter);
        tab_to(&mut window, "Protect with passphrase…");
        press(&mut window, Modifiers::NONE, Key::Enter);
        tab_to(&mut window, "Passphrase");
        window.input_mut().events.push(egui::Event::Text(PASSPHRASE.to_owned()));
        window.run_steps(2);
        tab_to(&mut window, "Again");
        type_over(&mut window, PASSPHRASE);
        step_until(&mut window, "the protected key", A_JOB, |model| {
            assessed(model) && model.editing.as_ref().is_some_and(|editing| editing.draft.unsaved() > 0)
        });
        seen(&window, &mut all);
        press(&mut window, Modifiers::COMMAND, Key::S);
        step_until(&mut window, "saving", A_JOB, assessed);
        press(&mut window, Modifiers::NONE, Key::F8);
        step_until(&mut window, "the build", A_JOB, assessed);
        look_at_everything(&mut window, &mut all);
        let model = window.state().model();
        assert!(model.cards.is_empty(), "{:?}", model.cards);
        // The password file is built with the object: both hold the typed password, and nothing is left that doesn't belong.
        let broken = model.editing.as_ref().unwrap().found.assessment.belonging.first_broken().cloned();
        assert!(broken.is_none(), "{broken:?}");
        let built = fs::read(project.join("DA/Binary/password.bin")).unwrap();
        assert!(built.ends_with(PASSWORD.as_bytes()), "the password file holds the typed password");

        // What the studio itself wrote into the user's data.
        texts_below(&folder.join("data"), &mut all);

        let mut planted = vec![
            ("the password".to_owned(), PASSWORD.to_owned()),
            ("the old password".to_owned(), OLD_PASSWORD.to_owned()),
            ("the passphrase".to_owned(), PASSPHRASE.to_owned()),
        ];
        for password in [PASSWORD, OLD_PASSWORD] {
            traces("a password", password.as_bytes(), &mut planted);
            traces("a password's hash", &Sha256::digest(password.as_bytes()), &mut planted);
        }
        traces("the private key", &key.stored()[36..68], &mut planted);
        pem_lines("the private key", &pem, &mut planted);
        let published = fs::read_to_string(project.join("STiROT/Keys/STiROT_Authentication.pem")).unwrap();
        let signing = PrivateKey::from_pem(published.as_bytes()).unwrap();
        traces("the signing key", &signing.stored()[36..68], &mut planted);
        pem_lines("the signing key", &published, &mut planted);
        assert!(all.len() > 500, "only {} texts were seen", all.len());
        assert_nothing_shows(&all, &planted);
    });
}
