//! Keys and other secrets in the Images view: what is shown of them, and what a given key opens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::images::{give, images, open, published_image, quiet};
use common::keyboard::{A_JOB, published, tab_to, type_over, vectors};
use common::{in_own_data_folder, sample, step_until};
use egui_kittest::kittest::{NodeT, Queryable};
use stirot_studio::command::Command;
use stirot_studio::model::Tone;
use stirot_studio::model::images::{CompareWith, ImagesIntent, Shown};

#[test]
fn what_is_secret_in_a_file_stays_unseen() {
    in_own_data_folder("what_is_secret_in_a_file_stays_unseen", |folder| {
        let key = formats::PrivateKey::generate().unwrap();
        let pem = key.to_pem().unwrap();
        let private = folder.join("own.pem");
        fs::write(&private, pem.as_bytes()).unwrap();
        let password = folder.join("password.bin");
        let words = formats::da::Password::new(formats::Secret::new("Kupfer-8-Wiesel!".to_owned())).unwrap();
        fs::write(&password, &*words.to_file()).unwrap();
        let mut window = images(&sample());
        let traces = |bytes: &[u8]| {
            let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            hex.windows(6).flat_map(|run| [run.concat(), run.join(" ")]).collect::<Vec<_>>()
        };
        let stored = key.stored();
        let mut secrets: Vec<String> = traces(&stored[36..68]);
        secrets.extend(traces(b"Kupfer-8-Wiesel!"));
        secrets.push("Kupfer-8".to_owned());
        // The base64 lines but the first, which all keys share.
        secrets
            .extend(pem.lines().filter(|line| !line.starts_with("-----")).skip(1).map(|line| line[4..20].to_owned()));
        let configuration = vectors().join("stirot/Binary/STiROT_Config.obk");
        for file in [&private, &password, &configuration] {
            give(&mut window, ImagesIntent::OpenFile(file.clone()));
            step_until(&mut window, "the file", A_JOB, quiet);
            window.run_steps(3);
            let mut all = vec![format!("{:?}", window.state().model())];
            for node in window.root().children_recursive() {
                let node = node.accesskit_node();
                all.extend(node.label());
                all.extend(node.value());
            }
            for secret in &secrets {
                for text in &all {
                    assert!(!text.contains(secret), "{} shows {secret} in {text:.300}", file.display());
                }
            }
        }
        // The object went to its own view; the key is one of those given, by its public facts.
        assert!(window.state().model().object_file.is_some());
        let given = &window.state().model().images.given;
        assert_eq!(given[0].fingerprint, key.public().fingerprint().short());
    });
}

#[test]
fn a_key_is_told_with_the_size_of_its_file() {
    in_own_data_folder("a_key_is_told_with_the_size_of_its_file", |_| {
        let path = vectors().join("stirot/Keys/STiROT_Encryption.pem");
        let mut window = images(&sample());
        open(&mut window, &path);
        let size = fs::metadata(&path).unwrap().len();
        let file = window.state().model().images.file.as_ref().unwrap();
        assert_eq!(file.extent, format!("{size} B"));
    });
}

#[test]
fn a_given_key_opens_the_image_of_another_project_and_the_project_still_refuses_it() {
    let name = "a_given_key_opens_the_image_of_another_project_and_the_project_still_refuses_it";
    in_own_data_folder(name, |_| {
        let mut window = images(&sample());
        open(&mut window, &published_image());
        let decrypt = Command::Images(ImagesIntent::Show(Shown::Decrypted));
        assert_eq!(window.state().model().images.judged().unwrap().tone, Tone::Danger);
        assert!(decrypt.enabled(window.state().model()).is_err());
        // A key is given by opening its file; the image is opened again afterwards.
        give(&mut window, ImagesIntent::OpenFile(vectors().join("stirot/Keys/STiROT_Encryption.pem")));
        step_until(&mut window, "the key", A_JOB, quiet);
        assert_eq!(window.state().model().images.given.len(), 1);
        open(&mut window, &published_image());
        assert_eq!(window.state().model().images.judged().unwrap().tone, Tone::Danger);
        assert!(decrypt.enabled(window.state().model()).is_ok());
        give(&mut window, ImagesIntent::ForgetKeys);
        step_until(&mut window, "forgetting", A_JOB, |model| model.images.given.is_empty() && quiet(model));
        assert!(decrypt.enabled(window.state().model()).is_err());
    });
}

#[test]
fn a_key_under_a_passphrase_opens_with_it_and_nothing_of_it_is_shown() {
    in_own_data_folder("a_key_under_a_passphrase_opens_with_it_and_nothing_of_it_is_shown", |folder| {
        let pem = fs::read(vectors().join("stirot/Keys/STiROT_Encryption.pem")).unwrap();
        let key = formats::PrivateKey::from_pem(&pem).unwrap();
        let passphrase = formats::Passphrase::new(formats::Secret::new("Kupfer-8-Wiesel".to_owned())).unwrap();
        let path = folder.join("mine.pem");
        fs::write(&path, key.to_protected_pem(&passphrase).unwrap().as_bytes()).unwrap();
        let mut window = images(&sample());
        open(&mut window, &path);
        assert!(window.state().model().images.given.is_empty());
        assert!(window.state().model().cards.is_empty(), "{:?}", window.state().model().cards);
        tab_to(&mut window, "Passphrase");
        type_over(&mut window, "wrong");
        step_until(&mut window, "the card", A_JOB, |model| !model.cards.is_empty() && quiet(model));
        tab_to(&mut window, "Passphrase");
        type_over(&mut window, "Kupfer-8-Wiesel");
        step_until(&mut window, "the key", A_JOB, |model| !model.images.given.is_empty() && quiet(model));
        window.run_steps(2);
        assert!(window.state().model().cards.is_empty(), "{:?}", window.state().model().cards);
        window.get_by_label_contains("It is open until the studio is closed");
        assert!(!format!("{:?}", window.state().model()).contains("Wiesel"));
        open(&mut window, &published_image());
        let decrypt = Command::Images(ImagesIntent::Show(Shown::Decrypted));
        assert!(decrypt.enabled(window.state().model()).is_ok());
    });
}

#[test]
fn a_file_of_secrets_is_not_compared_even_when_it_is_damaged() {
    in_own_data_folder("a_file_of_secrets_is_not_compared_even_when_it_is_damaged", |folder| {
        // A password's file whose length is wrong.
        let path = folder.join("torn.bin");
        fs::write(&path, b"\0\0\0\x80\x30\0\0\0Kupfer-8").unwrap();
        let damaged = formats::Opened::read(fs::read(&path).unwrap()).kind;
        assert!(matches!(damaged, formats::FileKind::Damaged(_)), "{damaged:?}");
        let mut window = images(&published(folder));
        open(&mut window, &published_image());
        give(&mut window, ImagesIntent::Compare(CompareWith::File(path)));
        step_until(&mut window, "the card", A_JOB, |model| !model.cards.is_empty() && quiet(model));
        let (_, card) = window.state().model().cards.last().unwrap().clone();
        assert!(card.title.contains("holds secrets"), "{card:?}");
        assert!(window.state().model().images.comparison.is_none());
    });
}
