//! The commands `doctor` and `plan`, as a person calls them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::program::Bench;

/// A project whose application is there, so that it can be planned.
fn project(bench: &Bench, name: &str) {
    bench.done(&["project", "new", name]);
    let image = bench.path(name).join("STiROT/Image");
    fs::copy(common::sample().join("STiROT/Image/appli.bin"), image.join("appli.bin")).unwrap();
}

#[test]
fn doctor_measures_a_board_and_names_its_state_with_what_to_do() {
    let bench = Bench::new();
    bench.done(&["board", "new", "one.board", "--seed", "1"]);
    let said = bench.done(&["doctor", "--board", "one.board"]);
    assert!(said.contains("What was measured on one.board"), "{said}");
    assert!(said.contains("1. certain: the board is in OPEN"), "{said}");
    assert!(said.contains("not tried: it needs a reset"), "{said}");
    assert!(said.contains("stirot-studio doctor --board one.board --reset"), "{said}");
    let told = bench.json(&["doctor", "--board", "one.board", "--reset", "--json"]);
    assert_eq!(told["product_state"], "OPEN");
    assert_eq!(told["causes"][0]["cause"], "Open");
    let reset = told["measured"].as_array().unwrap().iter().find(|line| line["what"] == "NRST").unwrap();
    assert_eq!(reset["outcome"], "measured");
}

#[test]
fn doctor_does_not_change_a_boards_file() {
    let bench = Bench::new();
    bench.done(&["board", "new", "one.board", "--seed", "2"]);
    let before = fs::read(bench.path("one.board")).unwrap();
    bench.done(&["doctor", "--board", "one.board", "--reset"]);
    assert!(fs::read(bench.path("one.board")).unwrap() == before);
}

#[test]
fn doctor_examines_what_is_not_there_and_says_so() {
    let bench = Bench::new();
    let said = bench.done(&["doctor", "--board", "none.board"]);
    assert!(said.contains("1. certain: the virtual board's file can't be used"), "{said}");
    let said = bench.done(&["doctor", "--board", "probe:no-such-serial"]);
    assert!(said.contains("1. certain: no probe"), "{said}");
    bench.refused(1, &["doctor", "--board", "none.board", "--project", "nowhere"]);
}

#[test]
fn a_plan_is_shown_without_a_board() {
    let bench = Bench::new();
    project(&bench, "pump");
    let said = bench.done(&["plan", "show", "--project", "pump"]);
    assert!(said.contains("pump to CLOSED") && said.contains("Prove the way back"), "{said}");
    let told = bench.json(&["plan", "show", "--project", "pump", "--to", "closed", "--json"]);
    assert_eq!(told["final_state"], "CLOSED");
}

#[test]
fn a_plan_is_written_as_a_script_with_its_loader_beside_it() {
    let bench = Bench::new();
    project(&bench, "pump");
    let export = ["plan", "export", "--project", "pump", "--to", "closed", "--output", "out.sh"];
    let said = bench.done(&export);
    assert!(said.contains("way-back"), "{said}");
    let script = fs::read_to_string(bench.path("out.sh")).unwrap();
    let plan = bench.json(&["plan", "show", "--project", "pump", "--to", "closed", "--json"]);
    assert!(script.contains(plan["plan"].as_str().unwrap()), "the script names its plan");
    assert!(bench.path("STiROT_iLoader.bin").is_file());
    // Once more over itself, and over a script of another plan.
    bench.done(&export);
    bench.done(&["plan", "export", "--project", "pump", "--to", "locked", "--output", "out.sh"]);
    assert!(fs::read_to_string(bench.path("out.sh")).unwrap().contains("LOCKED is for ever"));
}

#[test]
fn another_file_is_never_written_over_by_a_script_or_its_loader() {
    let bench = Bench::new();
    project(&bench, "pump");
    let export = |output| ["plan", "export", "--project", "pump", "--to", "closed", "--output", output];
    fs::write(bench.path("mine.sh"), "#!/usr/bin/env bash\necho mine\n").unwrap();
    assert!(bench.refused(1, &export("mine.sh")).contains("there is a file already"));
    assert_eq!(fs::read_to_string(bench.path("mine.sh")).unwrap(), "#!/usr/bin/env bash\necho mine\n");
    fs::write(bench.path("STiROT_iLoader.bin"), b"another loader").unwrap();
    assert!(bench.refused(1, &export("new.sh")).contains("STiROT_iLoader.bin"));
    assert!(!bench.path("new.sh").exists());
}
