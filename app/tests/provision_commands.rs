//! `stirot-studio provision`, as a person calls it: what it says of the way back, and what LOCKED asks for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::program::Bench;

fn sample() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/sample").canonicalize().unwrap();
    folder.display().to_string()
}

/// A bench with a board in OPEN, and the bytes of its file.
fn with_board() -> (Bench, Vec<u8>) {
    let bench = Bench::new();
    bench.done(&["board", "new", "a.board"]);
    let file = fs::read(bench.path("a.board")).unwrap();
    (bench, file)
}

/// Last eight digits of the board's identifier.
fn digits(bench: &Bench) -> String {
    let uid = bench.json(&["board", "show", "a.board", "--json"])["uid"].as_str().unwrap().to_owned();
    uid[uid.len() - 8..].to_owned()
}

/// The wallet's folders of versions, for all boards.
fn versions(bench: &Bench) -> Vec<PathBuf> {
    let boards = fs::read_dir(bench.path("data/wallet")).into_iter().flatten().map(|board| board.unwrap().path());
    let entries = boards.flat_map(|board| fs::read_dir(board).unwrap().map(|entry| entry.unwrap().path()));
    entries.filter(|path| path.is_dir()).collect()
}

#[test]
fn provisioning_as_a_command_ends_closed_with_a_record_and_a_talking_application() {
    let bench = Bench::new();
    bench.done(&["board", "new", "a.board"]);
    let project = sample();
    let said = bench.done(&["provision", "--project", &project, "--board", "a.board", "--to", "closed"]);
    assert!(said.contains("PASS") && said.contains("record:"), "{said}");
    assert!(said.lines().any(|line| line == "STiRoT demo application"), "{said}");
    assert_eq!(bench.json(&["board", "show", "a.board", "--json"])["product_state"], "CLOSED");
    let console = bench.done(&["board", "console", "a.board"]);
    assert!(console.lines().any(|line| line.split_whitespace().eq(["HDPL", "2"])), "{console}");
    // The same command again proves what is there, and writes nothing.
    let again = bench.json(&["provision", "--project", &project, "--board", "a.board", "--json"]);
    assert_eq!(again["outcome"]["outcome"], "passed");
}

#[test]
#[cfg(unix)]
fn ctrl_c_stops_a_run_where_nothing_is_half_done_and_the_same_command_finishes_it() {
    let (bench, _) = with_board();
    let project = sample();
    let arguments = ["provision", "--project", &project, "--board", "a.board", "--to", "closed"];
    let mut run = Command::new(env!("CARGO_BIN_EXE_stirot-studio"))
        .args(arguments)
        .current_dir(bench.path("."))
        .env("STIROT_STUDIO_DATA", bench.path("data"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    for line in BufReader::new(run.stderr.take().unwrap()).lines().map(Result::unwrap) {
        if line.contains("external flash") {
            let sent = Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap();
            assert!(sent.success());
        }
        said.push_str(&line);
        said.push('\n');
    }
    assert_eq!(run.wait().unwrap().code(), Some(1), "{said}");
    assert!(said.contains("stopping where nothing is half done") && said.contains("cancelled before"), "{said}");
    let path = said.lines().find_map(|line| line.strip_prefix("record: ")).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(record["outcome"]["outcome"], "cancelled", "{record}");

    let said = bench.done(&arguments);
    assert!(said.contains("PASS"), "{said}");
}

#[test]
fn a_project_of_two_boot_stages_is_made_planned_provisioned_and_its_application_tried() {
    let (bench, _) = with_board();
    bench.done(&["project", "new", "--flow", "stirot-oemurot", "two"]);
    let plan = bench.json(&["plan", "show", "--project", "two", "--json"]);
    assert_eq!(plan["boot_stages"], "two");
    let steps: Vec<_> = plan["steps"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert!(steps.contains(&"second_configuration") && steps.contains(&"second_data"), "{steps:?}");
    let expected = plan["expectations"].as_array().unwrap();
    assert!(expected.iter().any(|expected| expected["check"] == "supply configuration"), "{expected:?}");
    let shown = bench.done(&["plan", "show", "--project", "two"]);
    assert!(shown.contains("what the second boot stage expects:"), "{shown}");

    let said = bench.done(&["provision", "--project", "two", "--board", "a.board", "--to", "closed"]);
    assert!(said.lines().any(|line| line.starts_with("OEMuRoT: second boot stage, HDPL 2")), "{said}");
    assert!(said.lines().any(|line| line.split_whitespace().eq(["HDPL", "3"])), "{said}");
    assert!(said.contains("PASS"), "{said}");

    let image = "two/STiROT_OEMuROT/Images/rot_app_enc_sign.hex";
    let report = bench.json(&["image", "verify", image, "--project", "two", "--virtual-board", "--json"]);
    let tried = &report["virtual_board"];
    assert_eq!((&tried["by"], &tried["decision"]), (&"OEMuRoT".into(), &"installed".into()), "{report}");
}

#[test]
fn where_the_credential_is_kept_is_said_when_the_run_is_over() {
    let (bench, _) = with_board();
    let said = bench.done(&["provision", "--project", &sample(), "--board", "a.board", "--to", "closed"]);
    let kept = versions(&bench);
    assert_eq!(kept.len(), 1);
    assert!(said.contains("way back: in the wallet, version 1"), "{said}");
    assert!(said.contains(&kept[0].display().to_string()), "{said}");
}

#[test]
fn a_protected_leaf_key_is_wanted_with_its_passphrase_and_kept_under_it() {
    let (bench, before) = with_board();
    project::sample::unpack(&bench.path("sample")).unwrap();
    let (folder, words) = (bench.path("sample").display().to_string(), bench.path("words").display().to_string());
    fs::write(bench.path("words"), "a passphrase of this test").unwrap();
    let leaf = bench.path("sample/DA/Keys/key_3_leaf.pem");
    let key = formats::PrivateKey::from_pem(&fs::read(&leaf).unwrap()).unwrap();
    let passphrase = formats::Passphrase::new(formats::Secret::new("a passphrase of this test".to_owned())).unwrap();
    fs::write(&leaf, key.to_protected_pem(&passphrase).unwrap().as_bytes()).unwrap();
    let arguments = ["provision", "--project", &folder, "--board", "a.board", "--to", "closed"];
    assert!(bench.refused(1, &arguments).contains("passphrase"));
    assert!(fs::read(bench.path("a.board")).unwrap() == before, "nothing was begun");
    let said = bench.done(&[&arguments[..], &["--passphrase-from", &words]].concat());
    assert!(said.contains("under its passphrase"), "{said}");
    let kept = fs::read_to_string(versions(&bench)[0].join("key_3_leaf.pem")).unwrap();
    assert!(kept.contains("ENCRYPTED PRIVATE KEY"), "{kept}");
}

#[test]
fn locked_is_refused_without_the_boards_digits_and_without_a_terminal() {
    let (bench, before) = with_board();
    let project = sample();
    let locked = ["provision", "--project", &project, "--board", "a.board", "--to", "locked"];
    assert!(bench.refused(1, &locked).contains("consent"));
    let digits = digits(&bench);
    let said = bench.refused(1, &[&locked[..], &["--lock-uid", &digits]].concat());
    assert!(said.contains("terminal"), "{said}");
    let closed = ["provision", "--project", &project, "--board", "a.board", "--to", "closed", "--lock-uid", &digits];
    assert!(bench.refused(1, &closed).contains("--lock-uid"));
    assert!(fs::read(bench.path("a.board")).unwrap() == before);
}

/// Runs the program in a terminal of its own, as `script` gives it; exit code and what was on the screen.
fn at_a_terminal(bench: &Bench, arguments: &str) -> (Option<i32>, String) {
    let program = env!("CARGO_BIN_EXE_stirot-studio");
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &format!("'{program}' {arguments}"), "/dev/null"])
        .current_dir(bench.path("."))
        .env("STIROT_STUDIO_DATA", bench.path("data"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
#[cfg(target_os = "linux")]
fn at_a_terminal_the_digits_of_this_board_lock_it_and_others_do_not() {
    let (bench, before) = with_board();
    let locked = format!("provision --project '{}' --board a.board --to locked --lock-uid", sample());
    let (code, said) = at_a_terminal(&bench, &format!("{locked} 00000000"));
    assert_eq!(code, Some(1), "{said}");
    assert!(fs::read(bench.path("a.board")).unwrap() == before, "{said}");
    let (code, said) = at_a_terminal(&bench, &format!("{locked} {}", digits(&bench).to_lowercase()));
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(bench.json(&["board", "show", "a.board", "--json"])["product_state"], "LOCKED");
    assert!(versions(&bench).is_empty(), "nothing leads back, so that nothing is kept");
}
