//! The commands about a project and its keys, as a person calls them, on the folder that ST publishes and on new ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::keyboard::{published, vectors};
use common::program::Bench;
use formats::form::FieldKey;
use formats::{Passphrase, PrivateKey, Secret};
use project::saving::JOURNAL_FILE;
use project::{Disk, DocumentRole, Draft, Fault, FieldPlace, Flow, KeyRole, Stored};
use serde_json::{Value, json};

fn text(path: &std::path::Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// The project as the window would open it.
fn window(bench: &Bench, project: &std::path::Path) -> Draft {
    Draft::open_with(project, &bench.path("data"), &Disk::real()).unwrap()
}

fn version() -> FieldPlace {
    FieldPlace { document: DocumentRole::StirotImage(Flow::Stirot), key: FieldKey::field("Version") }
}

/// Where another value lets the slots overlap.
fn download_address() -> FieldPlace {
    let key = FieldKey::field(project::field::DOWNLOAD_ADDRESS);
    FieldPlace { document: DocumentRole::StirotConfig(Flow::Stirot), key }
}

/// A file with a passphrase.
fn words(bench: &Bench, name: &str, passphrase: &str) -> String {
    fs::write(bench.path(name), passphrase).unwrap();
    text(&bench.path(name))
}

#[test]
fn sts_folder_checks_sound_and_says_so_to_programs() {
    let bench = Bench::new();
    let project = text(&published(&bench.path("st")));
    let told = bench.json(&["check", "--project", &project, "--json"]);
    assert_eq!(told["sound"], true, "{told:#}");
    assert_eq!(told["flow"], "stirot");
    assert_eq!(told["first_broken"], Value::Null);
    let states: Vec<_> = told["links"].as_array().unwrap().iter().map(|link| link["state"].as_str().unwrap()).collect();
    assert!(states.len() > 10 && states.iter().filter(|state| **state != "holds").count() == 1, "{states:?}");
    let samples = told["findings"].as_array().unwrap();
    assert!(samples.iter().all(|finding| finding["rule"] == "R22" && finding["severity"] == "warning"), "{samples:?}");
    let ids: Vec<_> = told["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    for number in 1..=23 {
        assert!(ids.contains(&format!("R{number}").as_str()), "R{number} is not told");
    }
}

#[test]
fn a_broken_rule_is_exit_code_one_with_what_where_and_what_to_do() {
    let bench = Bench::new();
    let project = published(&bench.path("st"));
    let file = project.join("STiROT/Config/STiROT_Config.xml");
    let broken = fs::read_to_string(&file).unwrap().replace("0x90020000</Value>", "0x90010000</Value>");
    fs::write(&file, broken).unwrap();
    let output = bench.run(&["check", "--project", &text(&project)]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stdout).unwrap();
    for part in ["R11", "Firmware download area address", "share bytes", "0x9002 0000 is free for it"] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
}

#[test]
fn a_new_project_checks_sound_once_its_application_is_there_and_it_is_built() {
    let bench = Bench::new();
    let folder = bench.path("pump");
    bench.done(&["project", "new", &text(&folder), "--name", "Pump controller"]);
    assert!(bench.refused(1, &["check", "--project", &text(&folder)]).contains("appli.bin"));
    fs::copy(vectors().join("stirot/Image/appli.bin"), folder.join("STiROT/Image/appli.bin")).unwrap();
    assert!(bench.done(&["project", "build", &text(&folder)]).contains("STiROT_Config: built"));
    let told = bench.json(&["check", "--project", &text(&folder), "--json"]);
    assert_eq!((&told["sound"], &told["findings"]), (&json!(true), &json!([])));
    assert!(bench.done(&["project", "build", &text(&folder)]).contains("STiROT_Config: as it was"));
    let again = bench.refused(1, &["project", "new", &text(&folder)]);
    assert!(again.contains("there is one already") && again.contains("choose another folder"), "{again}");
}

#[test]
fn a_key_is_made_protected_and_used_and_the_old_one_is_kept() {
    let bench = Bench::new();
    let project = published(&bench.path("st"));
    let (folder, words) = (text(&project), text(&bench.path("words")));
    fs::write(bench.path("words"), "a passphrase of this test\n").unwrap();
    let keys = project.join("STiROT/Keys");
    let before = fs::read(keys.join("STiROT_Encryption.pem")).unwrap();

    let made = bench.done(&["keys", "new", "--project", &folder, "--role", "encryption", "--passphrase-from", &words]);
    assert!(made.contains("STiROT_Encryption_v2.pem"), "{made}");
    let protected = fs::read_to_string(keys.join("STiROT_Encryption_v2.pem")).unwrap();
    assert!(protected.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{protected}");
    assert_eq!(fs::read(keys.join("STiROT_Encryption.pem")).unwrap(), before);

    let locked = bench.refused(1, &["project", "build", &folder]);
    assert!(locked.contains("passphrase"), "{locked}");
    let built = bench.done(&["project", "build", &folder, "--passphrase-from", &words]);
    assert!(built.contains("in memory only"), "{built}");
    let told = bench.json(&["keys", "show", "--project", &folder, "--json"]);
    let key = told.as_array().unwrap().iter().find(|key| key["role"] == "encryption").unwrap();
    assert_eq!((&key["protected"], &key["sample"]), (&json!(true), &Value::Null));

    fs::write(bench.path("other"), "quite-different").unwrap();
    let other = text(&bench.path("other"));
    let refused = bench.refused(1, &["project", "build", &folder, "--passphrase-from", &other]);
    assert!(refused.contains("passphrase") && !refused.contains("quite-different"), "{refused}");
}

#[test]
fn an_object_is_told_field_by_field_and_compared_with_the_project() {
    let bench = Bench::new();
    let project = text(&published(&bench.path("st")));
    let object = text(&vectors().join("stirot_oemurot/Binary/STiROT_Config.obk"));
    let told = bench.json(&["obk", "show", &object, "--project", &project, "--json"]);
    assert_eq!((&told["kind"], &told["hash"]), (&json!("STiROT_Config"), &json!("holds")));
    let differs: Vec<_> =
        told["compared"]["differences"].as_array().unwrap().iter().map(|other| &other["field"]).collect();
    assert_eq!(differs, ["hash", "installation area address", "download area address"]);
    let people = bench.done(&["obk", "show", &object]);
    assert!(people.contains("download area address") && people.contains("0x90430000"), "{people}");
    let cut = bench.path("cut.obk");
    fs::write(&cut, &fs::read(&object).unwrap()[..100]).unwrap();
    assert!(bench.refused(1, &["obk", "show", &text(&cut)]).contains("only 88 are left"));
}

#[test]
fn a_chain_is_verified_and_held_against_the_object_that_trusts_its_root() {
    let bench = Bench::new();
    let da = vectors().join("da");
    let (chain, object) = (text(&da.join("Certificates/cert_leaf_chain.b64")), text(&da.join("Binary/DA_Config.obk")));
    let told = bench.json(&["certificate", "show", &chain, "--object", &object, "--json"]);
    assert_eq!((&told["verifies"], &told["object_trusts_root"]), (&json!(true), &json!(true)));
    assert_eq!(told["certificates"].as_array().unwrap().len(), 3);
    let password = text(&da.join("Binary/password.bin"));
    let with_password = text(&da.join("Binary/DA_ConfigWithPassword.obk"));
    let shown = bench.done(&["certificate", "show", &password, "--object", &with_password]);
    assert!(shown.contains("the object asks for this password") && !shown.contains("0123456789012345"), "{shown}");

    // One letter of the leaf's signature.
    let mut letters = fs::read(&chain).unwrap();
    let at = letters.len() - 20;
    letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
    fs::write(bench.path("damaged.b64"), letters).unwrap();
    let refused = bench.refused(1, &["certificate", "show", &text(&bench.path("damaged.b64"))]);
    assert!(refused.contains("doesn't verify"), "{refused}");
}

#[test]
fn a_project_with_a_protected_key_is_provisioned_with_its_passphrase() {
    let bench = Bench::new();
    // The sample's application says on the console that it runs; that proves the image.
    project::sample::unpack(&bench.path("sample")).unwrap();
    let (folder, words) = (text(&bench.path("sample")), text(&bench.path("words")));
    fs::write(bench.path("words"), "a passphrase of this test").unwrap();
    bench.done(&["keys", "protect", "--project", &folder, "--role", "encryption", "--passphrase-from", &words]);
    bench.done(&["board", "new", "b.board"]);
    let arguments = ["provision", "--project", &folder, "--board", "b.board", "--to", "closed"];
    assert!(bench.refused(1, &arguments).contains("passphrase"));
    let record = bench.json(&[&arguments[..], &["--passphrase-from", &words, "--json"]].concat());
    assert_eq!(record["outcome"]["outcome"], "passed", "{record:#}");
}

#[test]
fn what_builds_finishes_a_saving_of_the_window_that_was_cut_off_and_says_so() {
    for command in [&["project", "build"][..], &["image", "build", "--project"]] {
        let bench = Bench::new();
        project::sample::unpack(&bench.path("sample")).unwrap();
        let folder = bench.path("sample");
        for turn in 1.. {
            let mut draft = window(&bench, &folder);
            draft.set(&version(), "4.5.6").unwrap();
            assert!(draft.save(&Disk::failing_at(turn, Fault::Killed)).is_err(), "no journal before turn {turn}");
            if folder.join(JOURNAL_FILE).exists() {
                break;
            }
        }
        let image = folder.join("STiROT/Image/STiROT_Code_Image.xml");
        assert!(!fs::read_to_string(&image).unwrap().contains("4.5.6"));
        let output = bench.run(&[command, &[&text(&folder)]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stderr).contains("is finished now"));
        assert!(String::from_utf8_lossy(&output.stdout).contains("4.5.6"));
        assert!(fs::read_to_string(&image).unwrap().contains("4.5.6") && !folder.join(JOURNAL_FILE).exists());
    }
}

#[test]
fn check_tells_a_saving_that_it_finished_to_people_and_programs() {
    let bench = Bench::new();
    let folder = published(&bench.path("st"));
    fs::write(folder.join(JOURNAL_FILE), "no journal").unwrap();
    let told = bench.json(&["check", "--project", &text(&folder), "--json"]);
    assert!(told["recovered"]["set_aside"]["because"].as_str().unwrap().contains("cut short"), "{told:#}");
    let told = bench.json(&["check", "--project", &text(&folder), "--json"]);
    assert_eq!(told["recovered"], Value::Null);
    fs::write(folder.join(JOURNAL_FILE), "no journal").unwrap();
    let people = bench.done(&["check", "--project", &text(&folder)]);
    assert!(people.contains("an earlier saving can't be finished: it is cut short"), "{people}");
}

#[test]
fn commands_judge_the_disk_and_not_what_the_window_has_not_saved() {
    let bench = Bench::new();
    let project = published(&bench.path("st"));
    let folder = text(&project);
    let mut draft = window(&bench, &project);
    draft.set(&download_address(), "0x90010000").unwrap();
    draft.use_key(KeyRole::Authentication, &project.join("STiROT/Keys/STiROT_Encryption.pem")).unwrap();
    draft.set(&version(), "9.9.9").unwrap();
    draft.keep_unsaved().unwrap();
    assert!(!draft.assess(None).is_sound());

    let told = bench.json(&["check", "--project", &folder, "--json"]);
    assert_eq!((&told["sound"], &told["unsaved_edits"]), (&json!(true), &json!(3)), "{told:#}");
    assert_eq!(told["not_restored"], json!([]));
    let people = bench.done(&["check", "--project", &folder]);
    assert!(people.contains("3 edits of the window aren't saved; what is on the disk is checked"), "{people}");
    let keys = bench.json(&["keys", "show", "--project", &folder, "--json"]);
    assert!(keys[0]["file"].as_str().unwrap().ends_with("STiROT_Authentication.pem"), "{keys:#}");
    let public = text(&bench.path("public.pem"));
    bench.done(&["keys", "export-public", &public, "--project", &folder, "--role", "authentication"]);
    let authentication = fs::read(project.join("STiROT/Keys/STiROT_Authentication.pem")).unwrap();
    let key = PrivateKey::from_pem(&authentication).unwrap();
    assert_eq!(fs::read_to_string(&public).unwrap(), key.public().to_pem());
    let object = text(&vectors().join("stirot/Binary/STiROT_Config.obk"));
    let compared = bench.json(&["obk", "show", &object, "--project", &folder, "--json"]);
    assert_eq!(compared["compared"]["differences"], json!([]));

    // The window still has its edits, and no command writes a file that they are for.
    let refused = bench.refused(1, &["keys", "new", "--project", &folder, "--role", "authentication"]);
    assert!(refused.contains("aren't saved"), "{refused}");
    assert_eq!(window(&bench, &project).unsaved(), 3);

    // One of them fits no more.
    let image = project.join("STiROT/Image/STiROT_Code_Image.xml");
    let without = fs::read_to_string(&image).unwrap().replace("<Name>Version</Name>", "<Name>Edition</Name>");
    fs::write(&image, without).unwrap();
    let output = bench.run(&["check", "--project", &folder, "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told["not_restored"][0].as_str().unwrap().contains("Version"), "{told:#}");
    let people = String::from_utf8(bench.run(&["check", "--project", &folder]).stdout).unwrap();
    assert!(people.contains("can't be taken up again: “Version”"), "{people}");
}

#[test]
fn protected_keys_are_opened_each_with_its_own_passphrase_and_without_public_halves() {
    let bench = Bench::new();
    let project = published(&bench.path("st"));
    let folder = text(&project);
    let own: Vec<_> = ["authentication", "encryption", "debug-root"]
        .into_iter()
        .map(|role| {
            let file = words(&bench, role, &format!("the words of {role}"));
            bench.done(&["keys", "protect", "--project", &folder, "--role", role, "--passphrase-from", &file]);
            format!("{role}={file}")
        })
        .collect();
    for half in ["STiROT/Keys/STiROT_Authentication_v2_pub.pem", "STiROT/Keys/STiROT_Encryption_v2_pub.pem"] {
        fs::remove_file(project.join(half)).unwrap();
    }
    let build = ["project", "build", &folder, "--passphrase-from"];
    assert!(bench.refused(1, &build[..3]).contains("passphrase"));
    let refused = bench.refused(1, &[&build[..], &[&own[1]]].concat());
    assert!(refused.contains("STiROT_Authentication_v2.pem"), "{refused}");
    // The debug root stays shut: building takes its public half.
    let both = [&build[..], &[&own[0], "--passphrase-from", &own[1]]].concat();
    assert!(bench.done(&both).contains("in memory only"));
    let image = ["image", "build", "--project", &folder, "--passphrase-from", &own[0], "--passphrase-from", &own[1]];
    assert!(bench.done(&image).contains("image"));
    // Without its public half nothing can be told of a key before it is open.
    let check = ["check", "--project", &folder];
    let opened = [&check[..], &["--passphrase-from", &own[0], "--passphrase-from", &own[1]]].concat();
    assert!(bench.refused(1, &check).contains("is protected by a passphrase"));
    assert!(!bench.done(&opened).contains("must be opened"));
    // One passphrase for all, but for the key that has its own.
    let all = text(&bench.path("encryption"));
    bench.done(&[&build[..], &[&all, "--passphrase-from", &own[0]]].concat());

    fs::remove_file(project.join("DA/Keys/key_1_root_v2_pub.pem")).unwrap();
    assert!(bench.refused(1, &both).contains("key_1_root_v2.pem"));
    bench.done(&[&both[..], &["--passphrase-from", &own[2]]].concat());

    let twice = bench.refused(1, &[&build[..], &[&own[0], "--passphrase-from", &own[0]]].concat());
    assert!(twice.contains("two passphrases are given for the authentication key"), "{twice}");
    let stdin = bench.refused(1, &[&build[..], &["-", "--passphrase-from", "encryption=-"]].concat());
    assert!(stdin.contains("standard input can give one passphrase"), "{stdin}");
    let other_flow = bench.refused(1, &[&build[..], &[&format!("oem-encryption={all}")]].concat());
    assert!(other_flow.contains("no OEM encryption key"), "{other_flow}");
}

#[test]
fn a_protected_key_lies_in_the_clear_only_when_that_is_asked_for() {
    let bench = Bench::new();
    let project = published(&bench.path("st"));
    let folder = text(&project);
    let (its, other) = (words(&bench, "its", "its words"), words(&bench, "other", "other words"));
    let key = PrivateKey::generate().unwrap();
    let pem = key.to_protected_pem(&Passphrase::new(Secret::new("its words".to_owned())).unwrap()).unwrap();
    fs::write(bench.path("key.pem"), pem.as_bytes()).unwrap();
    let imported = text(&bench.path("key.pem"));
    let of_role = ["--project", &folder, "--role", "encryption"];
    let import = [&["keys", "import", &imported, "--its-passphrase-from", &its], &of_role[..]].concat();
    let new = [&["keys", "new"], &of_role[..]].concat();
    let version = |number: usize| {
        fs::read(project.join(format!("STiROT/Keys/STiROT_Encryption_v{number}.pem"))).map(|text| {
            let opens = |words: &str| {
                let words = Passphrase::new(Secret::new(words.to_owned())).unwrap();
                formats::KeyFile::from_pem_with(&text, Some(&words)).is_ok()
            };
            (formats::KeyFile::is_protected(&text), opens("its words"), opens("other words"))
        })
    };

    assert!(bench.done(&import).contains("· protected"));
    assert_eq!(version(2).unwrap(), (true, true, false));
    let refused = bench.refused(1, &new);
    assert!(refused.contains("would lie in the clear") && refused.contains("--in-clear"), "{refused}");
    assert!(version(3).is_err());
    bench.done(&[&import[..], &["--passphrase-from", &other]].concat());
    assert_eq!(version(3).unwrap(), (true, false, true));
    assert!(bench.done(&[&import[..], &["--in-clear"]].concat()).contains("· in the clear"));
    assert!(!version(4).unwrap().0);
    bench.done(&[&new[..], &["--passphrase-from", &other]].concat());
    bench.done(&[&new[..], &["--in-clear"]].concat());
    assert_eq!((version(5).unwrap(), version(6).unwrap().0), ((true, false, true), false));
    bench.refused(2, &[&new[..], &["--in-clear", "--passphrase-from", &other]].concat());

    let stdin = ["keys", "import", &imported, "--its-passphrase-from", "-", "--passphrase-from", "-"];
    let refused = bench.refused(1, &[&stdin[..], &of_role].concat());
    assert!(refused.contains("standard input can give one passphrase"), "{refused}");
    assert!(version(7).is_err());
}

#[test]
fn programs_are_told_which_memory_a_finding_is_about_and_which_keys_everybody_has() {
    let bench = Bench::new();
    let project = published(&bench.path("st"));
    let told = bench.json(&["check", "--project", &text(&project), "--json"]);
    let sample = |id: &str| {
        let parts = told["parts"].as_array().unwrap();
        parts.iter().find(|part| part["id"] == id).unwrap_or_else(|| panic!("{id}: {told:#}"))["sample"].clone()
    };
    for id in ["authentication key", "encryption key", "debug root key", "leaf key"] {
        assert!(sample(id).is_string(), "{id}: {}", sample(id));
    }
    assert_eq!(sample("slot"), Value::Null);
    let mut draft = window(&bench, &project);
    draft.set(&download_address(), "0x90010000").unwrap();
    assert!(matches!(draft.save(&Disk::real()).unwrap(), Stored::Written(_)));
    let output = bench.run(&["check", "--project", &text(&project), "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = told["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "R11").unwrap();
    assert_eq!(finding["region"], "download slot");

    let chain = text(&vectors().join("da/Certificates/cert_leaf_chain.b64"));
    let told = bench.json(&["certificate", "show", &chain, "--json"]);
    assert!(told["root_sample"].is_string() && told["leaf_sample"].is_string(), "{told:#}");
}
