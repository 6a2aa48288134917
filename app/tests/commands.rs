//! The commands, as a person calls them: the built program, its output, its exit code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::path::{Path, PathBuf};

use common::program::Bench;

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/sample").canonicalize().unwrap()
}

fn keys() -> PathBuf {
    // The sample keeps its keys where ST's projects do.
    let keys = sample().join("STiROT/Keys");
    assert!(keys.is_dir(), "{} is missing", keys.display());
    keys
}

#[test]
fn every_command_has_a_help_that_says_what_it_is_for() {
    let bench = Bench::new();
    for arguments in [
        &["--help"][..],
        &["provision", "--help"],
        &["board", "--help"],
        &["board", "new", "--help"],
        &["board", "show", "--help"],
        &["board", "reset", "--help"],
        &["board", "console", "--help"],
        &["project", "new", "--help"],
        &["project", "build", "--help"],
        &["check", "--help"],
        &["keys", "show", "--help"],
        &["keys", "new", "--help"],
        &["certificate", "show", "--help"],
        &["obk", "build", "--help"],
        &["obk", "show", "--help"],
        &["image", "build", "--help"],
        &["image", "verify", "--help"],
        &["image", "decrypt", "--help"],
    ] {
        assert!(bench.done(arguments).contains("Usage:"), "{arguments:?}");
    }
}

#[test]
fn wrong_use_is_exit_code_two() {
    let bench = Bench::new();
    for arguments in [
        &["nonsense"][..],
        &["provision"],
        &["provision", "--project", "p", "--board", "b", "--to", "open"],
        &["board", "new"],
        &["board", "console", "b", "--for", "long"],
        &["image", "build"],
        &["image", "build", "a.bin", "b.hex", "--slot-size", "many"],
    ] {
        bench.refused(2, arguments);
    }
}

#[test]
fn a_new_board_is_in_open_and_is_never_overwritten() {
    let bench = Bench::new();
    let made = bench.json(&["board", "new", "a.board", "--seed", "1", "--json"]);
    assert_eq!(made["product_state"], "OPEN");
    let shown = bench.json(&["board", "show", "a.board", "--json"]);
    assert_eq!(shown["uid"], made["uid"]);
    assert_eq!(shown["debug_open"], true);
    let said = bench.refused(1, &["board", "new", "a.board"]);
    assert!(said.contains("a.board") && said.contains("exists"), "{said}");
    assert_eq!(bench.json(&["board", "show", "a.board", "--json"])["uid"], made["uid"]);
}

#[test]
fn a_missing_board_names_the_command_that_makes_one() {
    let bench = Bench::new();
    let said = bench.refused(1, &["board", "show", "none.board"]);
    assert!(said.contains("none.board") && said.contains("board new"), "{said}");
}

#[test]
fn a_truncated_board_file_is_refused_and_left_as_it_was() {
    let bench = Bench::new();
    bench.done(&["board", "new", "a.board"]);
    let path = bench.path("a.board");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let said = bench.refused(1, &["board", "show", "a.board"]);
    assert!(said.contains("a.board"), "{said}");
    assert_eq!(std::fs::read(&path).unwrap(), whole[..whole.len() / 2]);
}

#[test]
fn a_reset_board_is_read_again() {
    let bench = Bench::new();
    bench.done(&["board", "new", "a.board"]);
    assert!(bench.done(&["board", "reset", "a.board"]).contains("OPEN"));
}

#[test]
fn the_objects_without_xml_are_built_by_name() {
    let bench = Bench::new();
    bench.done(&["obk", "build", "stirot-data", "--output", "data.obk"]);
    bench.done(&["obk", "build", "da-lock", "--output", "lock.obk"]);
    assert_eq!(std::fs::read(bench.path("data.obk")).unwrap().len(), 204);
    assert_eq!(std::fs::read(bench.path("lock.obk")).unwrap().len(), 44);
}

#[test]
fn without_an_output_an_object_goes_into_the_data_folder() {
    let bench = Bench::new();
    let made = bench.json(&["obk", "build", "stirot-data", "--json"]);
    assert_eq!(made["output"], bench.path("data/made/STiROT_Data.obk").display().to_string());
    assert!(bench.path("data/made/STiROT_Data.obk").is_file());
}

#[test]
fn an_xml_that_is_missing_or_no_xml_is_named() {
    let bench = Bench::new();
    let said = bench.refused(1, &["obk", "build", "none.xml"]);
    assert!(said.contains("none.xml"), "{said}");
    std::fs::write(bench.path("bad.xml"), "<Root>").unwrap();
    let said = bench.refused(1, &["obk", "build", "bad.xml"]);
    assert!(said.contains("bad.xml") && said.contains("line"), "{said}");
}

fn build_image(bench: &Bench) -> Vec<u8> {
    let payload: Vec<u8> = (0..5000_u32).flat_map(u32::to_le_bytes).collect();
    std::fs::write(bench.path("app.bin"), &payload).unwrap();
    let keys = keys();
    let authentication = keys.join("STiROT_Authentication.pem").display().to_string();
    let encryption = keys.join("STiROT_Encryption.pem").display().to_string();
    bench.done(&[
        "image",
        "build",
        "app.bin",
        "app.hex",
        "--authentication-key",
        &authentication,
        "--encryption-key",
        &encryption,
        "--version",
        "1.2.3",
        "--slot-size",
        "0x20000",
        "--address",
        "0x90020000",
    ]);
    payload
}

#[test]
fn an_image_is_built_verified_and_decrypted_to_what_went_in() {
    let bench = Bench::new();
    let payload = build_image(&bench);
    let keys = keys().display().to_string();
    let report = bench.json(&["image", "verify", "app.hex", "--keys", &keys, "--json"]);
    assert_eq!(report["version"], "1.2.3");
    assert_eq!(report["signed_with"], "STiROT_Authentication");
    bench.done(&["image", "decrypt", "app.hex", "--keys", &keys, "--output", "plain.bin"]);
    let plain = std::fs::read(bench.path("plain.bin")).unwrap();
    assert_eq!(plain[..payload.len()], payload);
    assert!(plain[payload.len()..].iter().all(|byte| *byte == 0));
}

#[test]
fn a_flipped_bit_is_found_by_verify() {
    let bench = Bench::new();
    build_image(&bench);
    let keys = keys().display().to_string();
    let text = std::fs::read_to_string(bench.path("app.hex")).unwrap();
    let mut hex = formats::HexFile::decode(text.as_bytes()).unwrap();
    hex.segments[0].bytes[0x500] ^= 1;
    std::fs::write(bench.path("bad.hex"), hex.encode()).unwrap();
    let said = bench.refused(1, &["image", "verify", "bad.hex", "--keys", &keys]);
    assert!(said.contains("bad.hex"), "{said}");
}

#[test]
fn an_image_without_its_keys_is_not_called_verified() {
    let bench = Bench::new();
    build_image(&bench);
    let said = bench.refused(1, &["image", "verify", "app.hex"]);
    assert!(said.contains("--keys"), "{said}");
}

/// ST's published files. A run without them says so loudly and proves nothing about them.
fn vectors() -> Option<PathBuf> {
    let named = std::env::var_os("STIROT_VECTORS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"));
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("NOT TESTED AGAINST ST'S FILES: {} is absent; name their folder in STIROT_VECTORS", folder.display());
    None
}

#[test]
fn objects_equal_those_of_st_byte_for_byte() {
    let Some(vectors) = vectors() else { return };
    let bench = Bench::new();
    for (source, object) in [
        ("stirot/Config/STiROT_Config.xml", "stirot/Binary/STiROT_Config.obk"),
        ("da/Config/DA_Config.xml", "da/Binary/DA_Config.obk"),
        ("da/Config/DA_ConfigWithPassword.xml", "da/Binary/DA_ConfigWithPassword.obk"),
        ("stirot-data", "stirot/Binary/STiROT_Data.obk"),
        ("da-lock", "da/Binary/DA_ConfigLock.obk"),
    ] {
        let given = if source.ends_with(".xml") { vectors.join(source) } else { PathBuf::from(source) };
        bench.done(&["obk", "build", &given.display().to_string(), "--output", "own.obk"]);
        let (own, st) = (std::fs::read(bench.path("own.obk")).unwrap(), std::fs::read(vectors.join(object)).unwrap());
        assert!(own == st, "{source} differs from {object}");
    }
}

#[test]
fn an_image_of_st_verifies_and_decrypts_to_its_application() {
    let Some(vectors) = vectors() else { return };
    let bench = Bench::new();
    let file = |name: &str| vectors.join("stirot").join(name).display().to_string();
    let (image, keys, application) = (file("Image/appli_enc_sign.hex"), file("Keys"), file("Image/appli.bin"));
    let report = bench.json(&["image", "verify", &image, "--keys", &keys, "--json"]);
    assert_eq!(report["opens_with"], "STiROT_Encryption");
    bench.done(&["image", "decrypt", &image, "--keys", &keys, "--compare", &application]);
    let other = bench.path("other.bin");
    std::fs::write(&other, b"another application").unwrap();
    bench.refused(1, &["image", "decrypt", &image, "--keys", &keys, "--compare", &other.display().to_string()]);
}

#[test]
fn locked_and_real_boards_are_refused_before_anything_is_touched() {
    let bench = Bench::new();
    bench.done(&["board", "new", "a.board"]);
    let before = std::fs::read(bench.path("a.board")).unwrap();
    let project = sample().display().to_string();
    let said = bench.refused(1, &["provision", "--project", &project, "--board", "a.board", "--to", "locked"]);
    assert!(said.contains("LOCKED"), "{said}");
    assert_eq!(std::fs::read(bench.path("a.board")).unwrap(), before);
}

#[test]
fn a_plan_can_be_shown_without_a_board() {
    let bench = Bench::new();
    let project = sample().display().to_string();
    let plan = bench.json(&["provision", "--project", &project, "--board", "none.board", "--plan", "--json"]);
    assert_eq!(plan["final_state"], "CLOSED");
    assert!(plan["steps"].as_array().unwrap().len() > 10);
    assert!(!bench.path("none.board").exists());
}

#[test]
fn provisioning_as_a_command_ends_closed_with_a_record_and_a_talking_application() {
    let bench = Bench::new();
    bench.done(&["board", "new", "a.board"]);
    let project = sample().display().to_string();
    let said = bench.done(&["provision", "--project", &project, "--board", "a.board", "--to", "closed"]);
    assert!(said.contains("PASS") && said.contains("record:"), "{said}");
    assert_eq!(bench.json(&["board", "show", "a.board", "--json"])["product_state"], "CLOSED");
    let console = bench.done(&["board", "console", "a.board"]);
    assert!(console.lines().any(|line| line.split_whitespace().eq(["HDPL", "2"])), "{console}");
    // The same command again proves what is there, and writes nothing.
    let again = bench.json(&["provision", "--project", &project, "--board", "a.board", "--json"]);
    assert_eq!(again["outcome"]["outcome"], "passed");
}
