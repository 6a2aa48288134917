//! `stirot-studio lab`, as a person calls it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::program::Bench;

#[test]
fn a_board_of_two_boot_stages_is_told_as_a_story_and_its_file_is_as_it_was() {
    let bench = Bench::new();
    bench.done(&["board", "new", "a.board"]);
    bench.done(&["project", "new", "--flow", "stirot-oemurot", "two"]);
    bench.done(&["provision", "--project", "two", "--board", "a.board", "--to", "closed"]);
    let before = fs::read(bench.path("a.board")).unwrap();

    let said = bench.done(&["lab", "--project", "two", "--board", "a.board"]);
    let own = "passed OEMuROT_Config is stored and intact";
    assert_eq!(said.matches(own).count(), 1, "each stage has a configuration of its own: {said}");
    for line in ["OEMuRoT     verifies and starts", "1 of 1 as expected"] {
        assert!(said.lines().any(|told| told.starts_with(line)), "{line}: {said}");
    }
    let older =
        ["lab", "--project", "two", "--board", "a.board", "--scenario", "application", "--tamper", "older", "--json"];
    let told = bench.json(&older);
    assert_eq!(told[0]["as_expected"], true);
    assert_eq!(told[0]["seen"]["refusal"]["by"], "OEMuRoT");
    assert_eq!(told[0]["seen"]["refusal"]["check"], "security counter is not lower");
    assert_eq!(told[0]["story"]["passes"][0]["lane"], "RSS");
    assert!(fs::read(bench.path("a.board")).unwrap() == before);
}

#[test]
fn what_a_board_cant_do_in_the_lab_is_said_with_what_it_can() {
    let bench = Bench::new();
    bench.done(&["board", "new", "a.board"]);
    bench.done(&["project", "new", "--flow", "stirot-oemurot", "two"]);
    let said = bench.refused(1, &["lab", "--project", "two", "--board", "a.board", "--scenario", "application"]);
    assert!(said.contains("this board can't do that") && said.contains("Boot as it stands"), "{said}");
    let missing = bench.refused(1, &["lab", "--project", "two", "--board", "none.board"]);
    assert!(missing.contains("there is no virtual board"), "{missing}");
}
