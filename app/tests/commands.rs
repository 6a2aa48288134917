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
        &["doctor", "--help"],
        &["plan", "show", "--help"],
        &["plan", "export", "--help"],
        &["board", "--help"],
        &["board", "new", "--help"],
        &["board", "show", "--help"],
        &["board", "reset", "--help"],
        &["board", "console", "--help"],
        &["project", "new", "--help"],
        &["project", "build", "--help"],
        &["project", "stages", "--help"],
        &["check", "--help"],
        &["keys", "show", "--help"],
        &["keys", "new", "--help"],
        &["certificate", "new", "--help"],
        &["certificate", "chain", "--help"],
        &["certificate", "show", "--help"],
        &["obk", "build", "--help"],
        &["obk", "show", "--help"],
        &["image", "build", "--help"],
        &["image", "verify", "--help"],
        &["image", "decrypt", "--help"],
        &["image", "inspect", "--help"],
        &["image", "diff", "--help"],
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
    // The demo application, and something behind it that isn't a multiple of the cipher's block.
    let mut payload = std::fs::read(sample().join("STiROT/Image/appli.bin")).unwrap();
    payload.extend((0..1001_u32).flat_map(u32::to_le_bytes));
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

/// Keys for the second boot stage, as options.
fn own_keys() -> [String; 4] {
    let key = |name: &str| keys().join(name).display().to_string();
    [
        "--authentication-key".into(),
        key("STiROT_Authentication.pem"),
        "--encryption-key".into(),
        key("STiROT_Encryption.pem"),
    ]
}

#[test]
fn an_image_of_the_second_stage_is_built_opened_and_described() {
    let bench = Bench::new();
    let payload: Vec<u8> = (0..5003_u32).flat_map(u32::to_le_bytes).collect();
    std::fs::write(bench.path("app.bin"), &payload).unwrap();
    let keys_given = own_keys();
    let mut arguments = vec!["image", "build", "app.bin", "app.hex", "--profile", "oemurot", "--slot-size", "0x20000"];
    arguments.extend(["--address", "0x90200000", "--version", "2.0.1+7", "--security-counter", "9"]);
    arguments.extend(keys_given.iter().map(String::as_str));
    let said = bench.done(&arguments);
    for wanted in ["second boot stage", "2.0.1+7", "0x00000009", "SAMPLE", "0x9020 0000", "app.hex", "20012 bytes"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    arguments.push("--json");
    let report = bench.json(&arguments);
    assert_eq!(
        (&report["flags"], &report["trailer_bytes"], &report["payload_bytes"]),
        (&4.into(), &32.into(), &20012.into())
    );
    assert_eq!(report["signed_with"]["name"], "STiROT_Authentication");

    let keys = keys().display().to_string();
    bench.done(&["image", "decrypt", "app.hex", "--keys", &keys, "--image", "clear.hex", "--compare", "app.bin"]);
    let clear = formats::ImageFile::decode(&std::fs::read(bench.path("clear.hex")).unwrap()).unwrap();
    assert_eq!(clear.address, Some(0x9020_0000));
    let parts = formats::Parts::decode(&clear.content).unwrap();
    assert!(parts.payload.starts_with(&payload));
    // Once more, over its own earlier output.
    bench.done(&["image", "decrypt", "app.hex", "--keys", &keys, "--image", "clear.hex"]);
}

#[test]
fn an_image_in_the_clear_is_asked_for_by_name_and_never_made_for_stirot() {
    let bench = Bench::new();
    std::fs::write(bench.path("app.bin"), [7; 1000]).unwrap();
    let key = &own_keys()[1];
    let common = ["image", "build", "app.bin", "out.bin", "--authentication-key", key, "--slot-size", "0x8000"];
    bench.refused(2, &common);
    let said = bench.refused(1, &[&common[..], &["--no-encryption"]].concat());
    assert!(said.contains("encrypted images only"), "{said}");
    assert!(!bench.path("out.bin").exists());
    let said =
        bench.done(&[&common[..], &["--no-encryption", "--profile", "oemurot", "--security-counter", "none"]].concat());
    assert!(said.contains("in the clear") && said.contains("none"), "{said}");
    assert_eq!(std::fs::read(bench.path("out.bin")).unwrap().len(), 0x8000);
}

#[test]
fn room_at_the_slots_end_follows_from_how_the_stage_installs() {
    let bench = Bench::new();
    std::fs::write(bench.path("app.bin"), [7; 1000]).unwrap();
    let keys_given = own_keys();
    let mut common =
        vec!["image", "build", "app.bin", "out.bin", "--slot-size", "0x8000", "--profile", "oemurot", "--json"];
    common.extend(keys_given.iter().map(String::as_str));
    let room = |more: &[&str]| bench.json(&[&common[..], more].concat())["trailer_bytes"].as_u64().unwrap();
    assert_eq!(room(&["--align", "16"]), 48);
    assert_eq!(room(&["--install", "swap", "-M", "33", "--align", "8"]), 3 * 33 * 8 + 32 + 32 + 16);
    let said = bench.refused(1, &[&common[..], &["-M", "33"]].concat());
    assert!(said.contains("--install swap"), "{said}");
    bench.refused(2, &[&common[..], &["--align", "3"]].concat());
}

#[test]
fn an_application_in_hex_is_built_as_the_bytes_that_it_loads() {
    let bench = Bench::new();
    let payload = build_image(&bench);
    let segment = formats::Segment { address: 0x2400_0400, bytes: payload.clone() };
    std::fs::write(bench.path("app_linked.hex"), formats::HexFile::new(vec![segment]).unwrap().encode()).unwrap();
    let project = sample().display().to_string();
    bench.done(&["image", "build", "app_linked.hex", "two.hex", "--project", &project, "--version", "3.0.0"]);
    let keys = keys().display().to_string();
    bench.done(&["image", "decrypt", "two.hex", "--keys", &keys, "--compare", "app_linked.hex"]);
    assert_eq!(bench.json(&["image", "verify", "two.hex", "--keys", &keys, "--json"])["version"], "3.0.0");
    std::fs::write(bench.path("app_linked.hex"), ":0100000000FF\n").unwrap();
    let said = bench.refused(1, &["image", "build", "app_linked.hex", "two.hex", "--project", &project]);
    assert!(said.contains("damaged") && said.contains("line 1"), "{said}");
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
fn a_plan_can_be_shown_without_a_board() {
    let bench = Bench::new();
    let project = sample().display().to_string();
    let plan = bench.json(&["provision", "--project", &project, "--board", "none.board", "--plan", "--json"]);
    assert_eq!(plan["final_state"], "CLOSED");
    assert!(plan["steps"].as_array().unwrap().len() > 10);
    assert!(!bench.path("none.board").exists());
}
