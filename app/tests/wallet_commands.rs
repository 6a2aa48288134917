//! The commands about what answers for a board: the wallet, and a chain made anew, as a person calls them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::keyboard::published;
use common::program::Bench;
use serde_json::{Value, json};

const UID: &str = "0F33303831325118002B00A7";

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// A new project for debug authentication alone.
fn new_project(bench: &Bench, way_back: &str) -> PathBuf {
    let folder = bench.path(&format!("by-{way_back}"));
    bench.done(&["project", "new", &text(&folder), "--flow", "da", "--way-back", way_back]);
    folder
}

/// A file with a passphrase.
fn words(bench: &Bench, name: &str) -> String {
    fs::write(bench.path(name), format!("the words of {name}\n")).unwrap();
    text(&bench.path(name))
}

#[test]
fn a_new_project_says_what_leads_back_and_shows_all_keys_of_its_chain() {
    let bench = Bench::new();
    let folder = text(&bench.path("pump"));
    let told = bench.done(&["project", "new", &folder, "--flow", "da"]);
    assert!(told.contains("root, intermediate and leaf key") && told.contains("DA/Certificates"), "{told}");
    let keys = bench.json(&["keys", "show", "--project", &folder, "--json"]);
    let roles: Vec<_> = keys.as_array().unwrap().iter().map(|key| key["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["debug root", "debug intermediate", "debug leaf"]);
    assert!(keys.as_array().unwrap().iter().all(|key| key["sample"] == Value::Null));
    let told = bench.done(&["project", "new", &text(&bench.path("other")), "--way-back", "password"]);
    assert!(told.contains("password.bin"), "{told}");
}

#[test]
fn a_projects_credential_is_kept_listed_shown_exported_and_brought_in_again() {
    let bench = Bench::new();
    assert!(bench.done(&["wallet", "list"]).contains("nothing is kept"));
    let project = text(&published(&bench.path("st")));
    let add = ["wallet", "add", "--uid", UID, "--board-name", "bench 1", "--project", &project];
    let kept = bench.done(&add);
    assert!(kept.contains(UID) && kept.contains("v1") && kept.contains("in the clear"), "{kept}");
    assert_eq!(bench.done(&add), kept, "the same again");
    let lower = UID.to_lowercase();
    let told = bench.json(&["wallet", "list", "--uid", &lower, "--json"]);
    assert_eq!(told["entries"].as_array().unwrap().len(), 1);
    assert_eq!(told["damaged"], json!([]));
    assert_eq!(
        (&told["entries"][0]["board"], &told["entries"][0]["method"]),
        (&json!("bench 1"), &json!("certificate"))
    );
    let shown = bench.done(&["wallet", "show", "--uid", UID]);
    assert!(shown.contains("SAMPLE: ST's sample leaf key") && shown.contains("permits intrusive debug"), "{shown}");

    let to = text(&bench.path("way-back"));
    let written = bench.done(&["wallet", "export", &to, "--uid", UID]);
    assert_eq!(written.lines().count(), 3);
    let same = |name: &str| {
        let of = |folder: &str| fs::read(Path::new(folder).join("DA").join(name)).unwrap();
        assert_eq!(of(&to), of(&project), "{name}");
    };
    ["Certificates/cert_leaf_chain.b64", "Binary/DA_Config.obk"].into_iter().for_each(same);
    assert!(bench.refused(1, &["wallet", "export", &to, "--uid", UID]).contains("there is a file already"));
    let other = "0102030405060708090A0B0C";
    let imported = bench.done(&["wallet", "import", &to, "--uid", other]);
    assert!(imported.contains(other) && imported.contains("certificate f540ef4867fd"), "{imported}");
}

#[test]
fn a_password_is_kept_under_a_passphrase_and_shown_nowhere() {
    let bench = Bench::new();
    let project = new_project(&bench, "password");
    let file = fs::read(project.join("DA/Binary/password.bin")).unwrap();
    let password = String::from_utf8(file[8..].to_vec()).unwrap();
    let (right, wrong) = (words(&bench, "right"), words(&bench, "wrong"));
    let mut said = bench.done(&["wallet", "add", "--uid", UID, "--project", &text(&project), "--keep-under", &right]);
    assert!(said.contains("protected"), "{said}");
    let locked = bench.done(&["wallet", "show", "--uid", UID]);
    assert!(locked.contains("told with its passphrase"), "{locked}");
    said += &bench.done(&["wallet", "show", "--uid", UID, "--passphrase-from", &right]);
    assert!(said.contains("permits full regression"), "{said}");
    said += &bench.refused(1, &["wallet", "show", "--uid", UID, "--passphrase-from", &wrong]);
    let to = text(&bench.path("way-back"));
    said += &bench.refused(1, &["wallet", "export", &to, "--uid", UID]);
    said += &bench.done(&["wallet", "export", &to, "--uid", UID, "--passphrase-from", &right]);
    said += &bench.done(&["wallet", "list", "--json"]);
    assert!(!said.contains(&password));
    assert_eq!(fs::read(Path::new(&to).join("DA/Binary/password.bin")).unwrap(), file);
}

#[test]
fn what_is_damaged_is_told_beside_what_is_whole() {
    let bench = Bench::new();
    let project = text(&new_project(&bench, "certificate"));
    for uid in [UID, "0102030405060708090A0B0C"] {
        bench.done(&["wallet", "add", "--uid", uid, "--project", &project]);
    }
    fs::write(bench.path("data/wallet").join(UID).join("v1/key_3_leaf.pem"), "no key").unwrap();
    let output = bench.run(&["wallet", "list"]);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success() && out.contains("0102030405060708090A0B0C") && !out.contains(UID), "{out}");
    assert!(err.contains(UID) && err.contains("key_3_leaf.pem"), "{err}");
    let told = bench.json(&["wallet", "list", "--json"]);
    assert_eq!((told["entries"].as_array().unwrap().len(), told["damaged"].as_array().unwrap().len()), (1, 1));
    assert!(bench.refused(1, &["wallet", "show", "--uid", UID]).contains("holds nothing"));
    assert!(bench.refused(1, &["wallet", "show", "--uid", "12"]).contains("24 hexadecimal digits"));
}

#[test]
fn a_chain_is_renewed_with_another_root_or_leaf_and_checks_sound() {
    let bench = Bench::new();
    let project = text(&new_project(&bench, "certificate"));
    bench.done(&["project", "build", &project]);
    let again = bench.done(&["keys", "renew", "--project", &project]);
    assert!(again.contains("as it should be already"), "{again}");
    let renewed = bench.done(&["keys", "renew", "--project", &project, "--renew", "root"]);
    assert!(renewed.contains("key_1_root_v2.pem") && renewed.contains("Earlier"), "{renewed}");
    let told = bench.json(&["check", "--project", &project, "--json"]);
    assert_eq!((&told["sound"], &told["findings"]), (&json!(true), &json!([])));

    let narrow = ["keys", "renew", "--project", &project, "--renew", "leaf", "--leaf-permissions", "0x4002"];
    let narrowed = bench.done(&narrow);
    assert!(narrowed.contains("full regression") && !narrowed.contains("HDPL 3"), "{narrowed}");
    let told = bench.json(&["check", "--project", &project, "--json"]);
    assert_eq!(told["findings"][0]["rule"], "P8");
    assert!(told["findings"][0]["mended_by"].as_str().unwrap().contains("keys renew"), "{told:#}");

    let same = bench.done(&["keys", "renew", "--project", &project, "--renew", "leaf"]);
    assert!(same.contains("full regression") && !same.contains("HDPL 3"), "new keys alone widen nothing: {same}");
    let st = "0x80000000000000000000000000005007";
    bench.done(&["keys", "renew", "--project", &project, "--permissions", st]);
    let told = bench.json(&["check", "--project", &project, "--json"]);
    assert_eq!(told["findings"], json!([]));
    let nothing = bench.refused(1, &["keys", "renew", "--project", &project, "--permissions", "0x1000"]);
    assert!(nothing.contains("nothing is permitted"), "{nothing}");
    let wrong = bench.refused(1, &["keys", "renew", "--project", &project, "--permissions", "all"]);
    assert!(wrong.contains("all"), "{wrong}");
}

#[test]
fn a_protected_leaf_key_is_opened_for_the_wallet_and_stays_protected_there() {
    let bench = Bench::new();
    let project = text(&new_project(&bench, "certificate"));
    let phrase = words(&bench, "phrase");
    bench.done(&["keys", "renew", "--project", &project, "--renew", "leaf", "--protect-with", &phrase]);
    let locked = bench.refused(1, &["wallet", "add", "--uid", UID, "--project", &project]);
    assert!(locked.contains("debug leaf key") && locked.contains("--passphrase-from"), "{locked}");
    let of_leaf = format!("debug-leaf={phrase}");
    for from in [&phrase, &of_leaf] {
        let kept = bench.done(&["wallet", "add", "--uid", UID, "--project", &project, "--passphrase-from", from]);
        assert!(kept.contains("protected") && kept.contains("v1"), "{kept}");
    }
    let role = bench.refused(1, &["keys", "new", "--project", &project, "--role", "debug-leaf"]);
    assert!(role.contains("keys renew"), "{role}");
}
