//! The command about a project's boot stages, as a person calls it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::program::Bench;

fn stages(bench: &Bench, arguments: &[&str]) -> Vec<(String, u64, String)> {
    let told = bench.json(&[&["project", "stages", "--json"], arguments].concat());
    let stages = told["stages"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("none").to_owned();
    stages
        .iter()
        .map(|stage| (text(&stage["name"]), stage["hdpl"].as_u64().unwrap(), text(&stage["code_address"])))
        .collect()
}

#[test]
fn a_new_project_tells_its_stages_and_lets_its_application_run_elsewhere() {
    let bench = Bench::new();
    bench.done(&["project", "new", "pump", "--flow", "stirot_oemurot", "--application-runs", "external-ram"]);
    let expected = |application: &str| {
        [("STiRoT", 1, "none"), ("OEMuRoT", 2, "0x24000400"), ("application", 3, application)]
            .map(|(name, level, address)| (name.to_owned(), level, address.to_owned()))
    };
    assert_eq!(stages(&bench, &["--project", "pump"]), expected("0x70000400"));
    let told = bench.done(&["project", "stages", "--project", "pump"]);
    assert!(told.contains("external RAM at 0x7000 0400") && told.contains("HDPL 3"), "{told}");
    assert_eq!(stages(&bench, &["--project", "pump", "--application-runs", "internal-ram"]), expected("0x24020400"));
    assert_eq!(stages(&bench, &["--project", "pump", "--application-runs", "in-place"]), expected("0x90000400"));
    bench.done(&["project", "build", "pump"]);
    assert_eq!(bench.json(&["check", "--project", "pump", "--json"])["sound"], true);
}

#[test]
fn a_second_stage_is_added_and_left_again() {
    let bench = Bench::new();
    bench.done(&["project", "new", "pump"]);
    let refused = bench.refused(1, &["project", "stages", "--project", "pump", "--application-runs", "in-place"]);
    assert!(refused.contains("--add"), "{refused}");
    let two = stages(&bench, &["--project", "pump", "--add", "--application-runs", "internal-ram"]);
    assert_eq!(two.last().unwrap().2, "0x24020400");
    let again = bench.refused(1, &["project", "stages", "--project", "pump", "--add"]);
    assert!(again.contains("two boot stages"), "{again}");
    assert_eq!(stages(&bench, &["--project", "pump", "--leave"]).len(), 2);
    let taken_up = stages(&bench, &["--project", "pump", "--add", "--application-runs", "external-ram"]);
    assert_eq!(taken_up.last().unwrap().2, "0x70000400", "also where its files are there already");
    bench.refused(2, &["project", "stages", "--project", "pump", "--leave", "--add"]);
    let one = bench.refused(1, &["project", "new", "one", "--application-runs", "in-place"]);
    assert!(one.contains("--flow stirot-oemurot") && !bench.path("one").exists(), "{one}");
}

#[test]
fn data_are_added_beside_the_application_built_and_left_out_again() {
    let bench = Bench::new();
    bench.done(&["project", "new", "pump", "--flow", "stirot-oemurot"]);
    fs::write(bench.path("table.bin"), vec![0x5A; 100_000]).unwrap();
    let data = |arguments: &[&str]| {
        bench.json(&[&["project", "stages", "--project", "pump", "--json"], arguments].concat())["data"].clone()
    };
    let places = data(&["--data", "table.bin"]);
    assert_eq!(places["installation"], serde_json::json!({ "address": "0x90450000", "bytes": 0x2_0000 }));
    assert_eq!(places["download"]["address"], "0x90470000");
    bench.done(&["project", "build", "pump"]);
    assert_eq!(bench.json(&["check", "--project", "pump", "--json"])["sound"], true);
    assert!(bench.path("pump/STiROT_OEMuROT/Images/rot_data_enc_sign.hex").is_file());
    let told = bench.done(&["project", "stages", "--project", "pump"]);
    assert!(told.contains("kept at 0x9045 0000, 128 KiB"), "{told}");
    let again = bench.refused(1, &["project", "stages", "--project", "pump", "--data", "table.bin"]);
    assert!(again.contains("rot_data.bin"), "{again}");

    assert_eq!(data(&["--leave-data"]), serde_json::Value::Null);
    bench.done(&["project", "build", "pump"]);
    assert_eq!(bench.json(&["check", "--project", "pump", "--json"])["sound"], true);
    assert!(bench.refused(1, &["project", "stages", "--project", "pump", "--leave-data"]).contains("no data image"));
    fs::write(bench.path("table.bin"), vec![0xA5; 10]).unwrap();
    let other = bench.refused(1, &["project", "stages", "--project", "pump", "--data", "table.bin"]);
    assert!(other.contains("nothing is written over"), "{other}");
    let content = bench.path("pump/STiROT_OEMuROT/Images/rot_data.bin").display().to_string();
    assert_eq!(data(&["--data", &content])["installation"]["address"], "0x90450000");
}

#[test]
fn a_program_without_a_layout_is_told_and_stays() {
    let bench = Bench::new();
    bench.done(&["project", "new", "pump", "--flow", "stirot-oemurot"]);
    let program = bench.path("pump/STiROT_OEMuROT/Images/OEMiROT_Boot.bin");
    let mut bytes = fs::read(&program).unwrap();
    bytes[0x400] = b's';
    fs::write(&program, &bytes).unwrap();
    let told = bench.done(&["project", "stages", "--project", "pump"]);
    assert!(told.contains("no layout inside"), "{told}");
    bench.refused(1, &["project", "stages", "--project", "pump", "--application-runs", "internal-ram"]);
    assert_eq!(fs::read(&program).unwrap(), bytes);
}
