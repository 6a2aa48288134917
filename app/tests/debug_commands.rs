//! `stirot-studio debug`, as a person calls it: a board asked, opened, sent back, by the credentials that are at hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::program::Bench;

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/sample").canonicalize().unwrap()
}

fn sample_file(name: &str) -> String {
    sample().join(name).display().to_string()
}

/// A bench with a board that was closed with the sample.
fn closed() -> Bench {
    let bench = Bench::new();
    bench.done(&["board", "new", "a.board", "--seed", "7"]);
    bench.done(&["provision", "--project", &sample_file(""), "--board", "a.board", "--to", "closed"]);
    bench
}

fn state(bench: &Bench) -> String {
    bench.json(&["board", "show", "a.board", "--json"])["product_state"].as_str().unwrap().to_owned()
}

/// The record that a result names.
fn record(result: &serde_json::Value) -> serde_json::Value {
    serde_json::from_slice(&fs::read(result["record"].as_str().unwrap()).unwrap()).unwrap()
}

#[test]
fn a_closed_board_tells_its_state_and_what_a_credential_may_do() {
    let bench = closed();
    let said = bench.done(&["debug", "discover", "--board", "a.board"]);
    for line in ["CLOSED (life cycle 0x72)", "intrusive debug at HDPL 1", "full regression", "is intact", "under reset"]
    {
        assert!(said.contains(line), "{line}: {said}");
    }
    let told = bench.json(&["debug", "discover", "--board", "a.board", "--patient", "--json"]);
    assert_eq!(told["discovery"]["product_state"], "CLOSED");
    assert_eq!(told["discovery"]["permitted"]["mask"], "0x00000000000000000000000000004007");
    assert_eq!(told["attempts"].as_array().unwrap().len(), 1);
    let record = record(&told);
    assert_eq!((&record["act"], &record["outcome"]["outcome"]), (&"discover".into(), &"done".into()));
    assert_eq!(record["transcript"]["exchanges"].as_array().unwrap().len(), 4);
}

#[test]
fn by_the_wallet_alone_a_board_goes_back_and_it_is_said_what_that_erases() {
    let bench = closed();
    let told = bench.json(&["debug", "regress", "--board", "a.board", "--json"]);
    assert_eq!((&told["from"], &told["product_state"]), (&"CLOSED".into(), &"OPEN".into()));
    assert_eq!(state(&bench), "OPEN");
    let record = record(&told);
    assert!(record["credential"].as_str().unwrap().starts_with("certificate chain, leaf key "));
    // There is nothing to go back from any more.
    let said = bench.refused(1, &["debug", "regress", "--board", "a.board"]);
    assert!(said.contains("erases user flash, RAM and every stored object"), "{said}");
    assert!(said.contains("OPEN") && said.contains("record:"), "{said}");
    assert!(bench.done(&["debug", "regress", "--help"]).contains("erases user flash"));
}

#[test]
fn with_chain_and_key_debug_is_opened_and_the_registers_are_shown() {
    let bench = closed();
    let (chain, key) = (sample_file("DA/Certificates/cert_leaf_chain.b64"), sample_file("DA/Keys/key_3_leaf.pem"));
    let arguments = ["debug", "open", "--board", "a.board", "--chain", &chain, "--key", &key];
    let said = bench.done(&[&arguments[..], &["--level", "1"]].concat());
    assert!(said.contains("debug is open at HDPL 1") && said.contains("pc ") && said.contains("runs on"), "{said}");
    let told = bench.json(&[&arguments[..], &["--transcript", "kept.json", "--json"]].concat());
    assert_eq!(told["hdpl"], 2);
    assert_eq!(told["registers"].as_array().unwrap().len(), 19);
    let kept = fs::read_to_string(bench.path("kept.json")).unwrap();
    assert!(kept.contains("leaf certificate, 3 of 3"), "{kept}");
    assert_eq!(state(&bench), "CLOSED");
    assert!(bench.done(&["debug", "close", "--board", "a.board"]).contains("debug is shut"));
    // A record goes into a new file: what lies there is kept, the board itself above all.
    for taken in ["a.board", "kept.json"] {
        let before = fs::read(bench.path(taken)).unwrap();
        let said = bench.refused(1, &["debug", "discover", "--board", "a.board", "--transcript", taken]);
        assert!(said.contains("there is a file already"), "{said}");
        assert_eq!(fs::read(bench.path(taken)).unwrap(), before);
    }
}

#[test]
fn what_the_board_refuses_fails_with_the_place_and_leaves_it_closed() {
    let bench = closed();
    // The intermediate's key can't answer for the leaf.
    let (chain, key) =
        (sample_file("DA/Certificates/cert_leaf_chain.b64"), sample_file("DA/Keys/key_2_intermediate.pem"));
    let said = bench.refused(1, &["debug", "open", "--board", "a.board", "--chain", &chain, "--key", &key]);
    assert!(said.contains("before anything was sent"), "{said}");
    assert_eq!(state(&bench), "CLOSED");
}

#[test]
fn wrong_use_is_told_from_refusal() {
    let bench = Bench::new();
    bench.done(&["board", "new", "a.board"]);
    bench.refused(2, &["debug", "open", "--board", "a.board", "--level", "4"]);
    bench.refused(2, &["debug", "open", "--board", "a.board", "--chain", "a.b64"]);
    let said = bench.refused(1, &["debug", "regress", "--board", "a.board"]);
    assert!(said.contains("the wallet has no credential"), "{said}");
    let said = bench.refused(1, &["debug", "discover", "--board", "a.board"]);
    assert!(said.contains("handshake"), "{said}");
}
