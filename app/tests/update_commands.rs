//! `stirot-studio update`, as a person calls it: a newer application arrives and talks, an older one does not, and a real
//! board is left to a person with a terminal program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::Path;

use common::program::Bench;

fn sample() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/sample").canonicalize().unwrap();
    folder.display().to_string()
}

#[test]
fn a_newer_application_is_built_sent_and_heard_and_an_older_one_refused() {
    let bench = Bench::new();
    bench.done(&["board", "new", "a.board"]);
    let project = sample();
    bench.done(&["provision", "--project", &project, "--board", "a.board", "--to", "closed"]);
    let update = ["update", "--project", &project, "--board", "a.board"];
    let said = bench.done(&[&update[..], &["--version", "1.2.0"]].concat());
    assert!(said.contains("there runs version 1.2.0") && said.contains("record:"), "{said}");
    let console = bench.done(&["board", "console", "a.board"]);
    assert!(console.contains("version          1.2.0"), "{console}");

    let older = [&update[..], &["--version", "1.1.0"]].concat();
    let said = bench.refused(1, &older);
    assert!(said.contains("0x01010000") && said.contains("0x01020000"), "{said}");
    let said = bench.refused(1, &[&older[..], &["--send-refused"]].concat());
    assert!(said.contains("STiRoT refused it") && said.contains("security counter"), "{said}");
    assert!(said.contains("there runs version 1.2.0"), "{said}");

    let output = bench.run(&[&older[..], &["--send-refused", "--json"]].concat());
    let record: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &record["outcome"]["outcome"]), (Some(1), &"failed".into()), "{record}");

    let record = bench.json(&[&update[..], &["--version", "1.3.0", "--json"]].concat());
    assert_eq!(record["outcome"]["outcome"], "passed");
    assert_eq!(record["decision"]["decision"], "installed");
    assert_eq!((&record["before"]["version"], &record["after"]["version"]), (&"1.2.0".into(), &"1.3.0".into()));
}

#[test]
fn for_a_real_board_the_file_and_the_steps_at_a_terminal_are_named() {
    let bench = Bench::new();
    let project = sample();
    let update = ["update", "--project", &project, "--board", "probe", "--version", "1.2.0", "--save", "new.bin"];
    let said = bench.refused(1, &update);
    for part in ["no serial port", "new.bin", "YMODEM", "90020000", "115200"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(fs::read(bench.path("new.bin")).unwrap()[..4], 0xC159_2EE9_u32.to_le_bytes());
    assert!(bench.refused(1, &update).contains("new.bin"), "what is there is not written over");
}

#[test]
fn a_plan_is_shown_without_any_board_and_names_the_ways_in() {
    let bench = Bench::new();
    let project = sample();
    let plan = ["update", "--project", &project, "--board", "none.board", "--version", "1.2.0", "--plan"];
    let said = bench.done(&plan);
    assert!(said.contains("forced download") && said.contains("0x90020000"), "{said}");
    assert_eq!(bench.json(&[&plan[..], &["--json"]].concat())["way_in"], "application_loader");
    let second = [&plan[..], &["--target", "second-stage"]].concat();
    assert!(bench.refused(1, &second).contains("one boot stage"));
    bench.refused(2, &["update", "--project", &project, "--board", "a", "--image", "x", "--version", "1.0.0"]);
}
