//! `certificate new`, `chain` and `show`: chains made from nothing, every refusal by name, no file ever written over.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::Path;

use common::keyboard::vectors;
use common::program::Bench;
use formats::certificate::{Certificate, CertificateChain};
use formats::{Passphrase, PrivateKey, Secret};
use serde_json::{Value, json};

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn key() -> PrivateKey {
    PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"))
}

/// New keys of root, intermediate and leaf as `root.pem`, `root_pub.pem` and so on.
fn keys(bench: &Bench) {
    for name in ["root", "intermediate", "leaf"] {
        let key = key();
        let Ok(pem) = key.to_pem() else { panic!("it encodes") };
        fs::write(bench.path(&format!("{name}.pem")), pem.as_bytes()).unwrap();
        fs::write(bench.path(&format!("{name}_pub.pem")), key.public().to_pem()).unwrap();
    }
}

const ST_MASK: &str = "0x80000000000000000000000000005007";
const ROOT: [&str; 9] = ["certificate", "new", "--role", "root", "--key", "root.pem", "--output", "root.b64", "--mask"];
const INTERMEDIATE: [&str; 13] = [
    "certificate",
    "new",
    "--role",
    "intermediate",
    "--key",
    "intermediate_pub.pem",
    "--issuer-key",
    "root.pem",
    "--issuer",
    "root.b64",
    "--output",
    "intermediate.b64",
    "--mask",
];
const LEAF: [&str; 15] = [
    "certificate",
    "new",
    "--role",
    "leaf",
    "--key",
    "leaf_pub.pem",
    "--issuer-key",
    "intermediate.pem",
    "--issuer",
    "intermediate_chain.b64",
    "--output",
    "leaf.b64",
    "--chain",
    "leaf_chain.b64",
    "--mask",
];

fn made(bench: &Bench, masks: [&str; 3]) {
    keys(bench);
    bench.done(&[&ROOT[..], &[masks[0]]].concat());
    bench.done(&[&INTERMEDIATE[..], &[masks[1], "--chain", "intermediate_chain.b64"]].concat());
    bench.done(&[&LEAF[..], &[masks[2]]].concat());
}

fn chain(path: &Path) -> CertificateChain {
    CertificateChain::decode(&fs::read(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_chain_made_by_commands_has_the_published_files_shape_and_verifies() {
    let bench = Bench::new();
    made(&bench, [ST_MASK; 3]);
    for (ours, published) in [
        ("root.b64", "cert_root"),
        ("intermediate.b64", "cert_intermediate"),
        ("intermediate_chain.b64", "cert_intermediate_chain"),
        ("leaf.b64", "cert_leaf"),
        ("leaf_chain.b64", "cert_leaf_chain"),
    ] {
        let ours = fs::read(bench.path(ours)).unwrap();
        let published = fs::read(vectors().join(format!("da/Certificates/{published}.b64"))).unwrap();
        assert_eq!(ours.len(), published.len());
        // What is signed but for the key, in every certificate.
        let (ours, published) =
            (CertificateChain::decode(&ours).unwrap(), CertificateChain::decode(&published).unwrap());
        for (ours, published) in ours.certificates.iter().zip(&published.certificates) {
            assert_eq!(ours.body()[..0x34], published.body()[..0x34]);
        }
    }
    let told = bench.json(&["certificate", "show", "leaf_chain.b64", "--json"]);
    assert_eq!((&told["verifies"], &told["effective_permissions"]), (&json!(true), &json!(ST_MASK)));
    assert_eq!(told["leaf_sample"], Value::Null);
    let joined = bench.json(&[
        "certificate",
        "chain",
        "root.b64",
        "intermediate.b64",
        "leaf.b64",
        "--output",
        "joined.b64",
        "--json",
    ]);
    assert_eq!(joined["leaf"], told["leaf"]);
    assert_eq!(fs::read(bench.path("joined.b64")).unwrap(), fs::read(bench.path("leaf_chain.b64")).unwrap());
}

#[test]
fn permissions_are_given_by_name_and_shown_with_how_sure_they_are() {
    let bench = Bench::new();
    keys(&bench);
    let named = "full-regression,debug-hdpl2,forced-download";
    let arguments =
        ["certificate", "new", "--role", "root", "--key", "root.pem", "--output", "root.b64", "--permit", named];
    let told = bench.json(&[&arguments[..], &["--json"]].concat());
    assert_eq!(told["permissions"], "0x80000000000000000000000000004002");
    let remarks: Vec<_> = told["permission_bits"].as_array().unwrap().iter().map(|bit| bit["remark"].clone()).collect();
    assert_eq!(remarks, [Value::Null, Value::Null, json!("inferred")]);
    let shown = bench.done(&["certificate", "show", "root.b64"]);
    assert!(shown.contains("full regression, forced download (inferred)"), "{shown}");

    let refused = bench.refused(2, &[&ROOT[..8], &["--permit", "everything"]].concat());
    assert!(refused.contains("full-regression") && refused.contains("--mask"), "{refused}");
    bench.refused(2, &ROOT[..8]);
    bench.refused(2, &[&ROOT[..], &["0x1ffffffffffffffffffffffffffffffff0"]].concat());
    // Taken as decimal, ST's mask without its 0x would permit 37 bits that nobody asked for.
    let bare = bench.refused(2, &[&ROOT[..], &["80000000000000000000000000005007"]].concat());
    assert!(bare.contains("doesn't begin with 0x"), "{bare}");
}

#[test]
fn who_takes_which_permission_away_is_told_along_the_chain_and_by_the_object() {
    let bench = Bench::new();
    made(&bench, ["0x5007", "0x4006", "0x4004"]);
    let shown = bench.done(&["certificate", "show", "leaf_chain.b64"]);
    assert!(
        shown.contains("certificate 2 (intermediate) takes away intrusive debug at HDPL 1, partial regression"),
        "{shown}"
    );
    assert!(shown.contains("certificate 3 (leaf) takes away intrusive debug at HDPL 2"), "{shown}");
    assert!(shown.contains("together: intrusive debug at HDPL 3, full regression"), "{shown}");

    let da = vectors().join("da");
    let (chain, object) = (text(&da.join("Certificates/cert_leaf_chain.b64")), text(&da.join("Binary/DA_Config.obk")));
    let told = bench.json(&["certificate", "show", &chain, "--object", &object, "--json"]);
    assert_eq!(told["effective_permissions"], "0x80000000000000000000000000004007");
    let stages = told["stages"].as_array().unwrap();
    assert_eq!(
        (&stages[0]["by"], &stages[0]["takes"]),
        (&json!("the board's object"), &json!(format!("{:#034x}", 1 << 12)))
    );
    assert_eq!(stages.len(), 4);
    let refused = bench.refused(1, &["certificate", "show", "leaf_chain.b64", "--object", &object]);
    assert!(refused.contains("another root"), "{refused}");
}

#[test]
fn a_certificate_that_asks_for_too_much_is_told_and_narrowed_on_request() {
    let bench = Bench::new();
    keys(&bench);
    bench.done(&[&ROOT[..], &["0x4004"]].concat());
    let output = bench.run(&[&INTERMEDIATE[..], &["0x4007"]].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("withholds") && told.contains("--narrow"), "{told}");
    assert_eq!(chain(&bench.path("intermediate.b64")).certificates[0].permissions.0, 0x4007);
    fs::remove_file(bench.path("intermediate.b64")).unwrap();
    bench.done(&[&INTERMEDIATE[..], &["0x4007", "--narrow"]].concat());
    assert_eq!(chain(&bench.path("intermediate.b64")).certificates[0].permissions.0, 0x4004);
    fs::remove_file(bench.path("intermediate.b64")).unwrap();
    let refused = bench.refused(1, &[&INTERMEDIATE[..], &["0x3", "--narrow"]].concat());
    assert!(refused.contains("nothing is left"), "{refused}");
    assert!(!bench.path("intermediate.b64").exists());
}

#[test]
fn restrictions_stand_in_the_certificate() {
    let bench = Bench::new();
    keys(&bench);
    let id = "00000000010203040506070809101112";
    bench.done(
        &[&ROOT[..], &["0x4000", "--soc-class", "0x485", "--soc-id", id, "--lifecycle", "0x72", "--usage", "1"]]
            .concat(),
    );
    let told = bench.json(&["certificate", "show", "root.b64", "--json"]);
    let root = &told["certificates"][0];
    assert_eq!((&root["soc_class"], &root["soc_id"]), (&json!(0x485), &json!(id)));
    assert_eq!((&root["lifecycle"], &root["usage"]), (&json!(0x72), &json!(1)));
    fs::remove_file(bench.path("root.b64")).unwrap();
    for wrong in [["--soc-id", "0102"], ["--soc-class", "0x100000000"], ["--lifecycle", "65536"], ["--usage", "256"]] {
        bench.refused(2, &[&ROOT[..], &["0x4000"], &wrong].concat());
    }
    let output = bench.run(&[&ROOT[..], &["0x4000", "--usage", "2"]].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("certificate 1, usage: 2"), "{told}");
}

#[test]
fn a_different_file_is_never_written_over_and_neither_of_two_is_written_then() {
    let bench = Bench::new();
    made(&bench, [ST_MASK; 3]);
    // The same again is no loss.
    bench.done(&[&ROOT[..], &[ST_MASK]].concat());
    let before = fs::read(bench.path("leaf_chain.b64")).unwrap();
    let refused = bench.refused(1, &[&ROOT[..], &["0x4000"]].concat());
    assert!(refused.contains("there is a file already") && refused.contains("root.b64"), "{refused}");
    fs::remove_file(bench.path("leaf.b64")).unwrap();
    let refused = bench.refused(1, &[&LEAF[..], &["0x4000"]].concat());
    assert!(refused.contains("leaf_chain.b64"), "{refused}");
    assert!(!bench.path("leaf.b64").exists());
    assert_eq!(fs::read(bench.path("leaf_chain.b64")).unwrap(), before);
    for path in ["root.pem", "root.b64"] {
        let before = fs::read(bench.path(path)).unwrap();
        bench.refused(1, &["certificate", "chain", "root.b64", "intermediate.b64", "--output", path]);
        assert_eq!(fs::read(bench.path(path)).unwrap(), before);
    }
}

#[test]
fn keys_and_issuers_that_dont_belong_together_are_refused_by_name() {
    let bench = Bench::new();
    made(&bench, [ST_MASK; 3]);
    let new = |arguments: &str| {
        let all = format!("certificate new --permit full-regression --output out.b64 {arguments}");
        let told = bench.refused(1, &all.split_whitespace().collect::<Vec<_>>());
        assert!(!bench.path("out.b64").exists());
        told
    };
    let public = new("--role root --key root_pub.pem");
    assert!(public.contains("public key"), "{public}");
    let foreign = new("--role root --key root.pem --issuer-key leaf.pem");
    assert!(foreign.contains("a root signs itself"), "{foreign}");
    let other = new("--role leaf --key leaf_pub.pem --issuer-key root.pem --issuer intermediate_chain.b64");
    assert!(other.contains("the one that signs is"), "{other}");
    let behind = new("--role leaf --key leaf_pub.pem --issuer-key leaf.pem --issuer leaf_chain.b64");
    assert!(behind.contains("certificate 4, role: leaf behind a leaf"), "{behind}");
    let alone = new("--role leaf --key leaf_pub.pem --issuer-key root.pem --chain chain.b64");
    assert!(alone.contains("--issuer"), "{alone}");
    let issuer = new("--role root --key root.pem --issuer root.b64");
    assert!(issuer.contains("leave --issuer out"), "{issuer}");
    let same = new("--role leaf --key leaf_pub.pem --issuer-key root.pem --issuer root.b64 --chain out.b64");
    assert!(same.contains("the same file"), "{same}");
    let no_key = new("--role leaf --key root.b64 --issuer-key root.pem");
    assert!(no_key.contains("root.b64") && no_key.contains("not a key"), "{no_key}");
    bench.refused(2, &["certificate", "new", "--role", "leaf", "--key", "leaf.pem", "--output", "o", "--mask", "1"]);
}

#[test]
fn a_protected_key_signs_with_its_passphrase_and_the_words_are_never_told() {
    let bench = Bench::new();
    keys(&bench);
    let words = "a passphrase of this test";
    let Ok(passphrase) = Passphrase::new(Secret::new(words.to_owned())) else { panic!("it is long enough") };
    let Ok(pem) = key().to_protected_pem(&passphrase) else { panic!("it encrypts") };
    fs::write(bench.path("root.pem"), pem.as_bytes()).unwrap();
    fs::write(bench.path("words"), words).unwrap();
    let locked = bench.refused(1, &[&ROOT[..], &["0x4000"]].concat());
    assert!(locked.contains("--passphrase-from"), "{locked}");
    let done = bench.done(&[&ROOT[..], &["0x4000", "--passphrase-from", "words"]].concat());
    assert!(!done.contains(words));
    bench.done(&[&INTERMEDIATE[..], &["0x4000", "--passphrase-from", "words"]].concat());
    assert_eq!(bench.json(&["certificate", "show", "root.b64", "--json"])["verifies"], true);
}

#[test]
fn a_wrong_order_is_an_error_that_names_the_place_and_is_corrected_on_request() {
    let bench = Bench::new();
    made(&bench, [ST_MASK; 3]);
    let mixed = ["certificate", "chain", "root.b64", "leaf.b64", "intermediate.b64", "--output", "mixed.b64"];
    let refused = bench.refused(1, &mixed);
    assert!(refused.contains("certificate 2, signature") && refused.contains("(leaf.b64)"), "{refused}");
    assert!(refused.contains("the right order is root.b64 intermediate.b64 leaf.b64"), "{refused}");
    assert!(!bench.path("mixed.b64").exists());
    bench.done(&[&mixed[..], &["--reorder"]].concat());
    assert_eq!(fs::read(bench.path("mixed.b64")).unwrap(), fs::read(bench.path("leaf_chain.b64")).unwrap());

    let without = ["certificate", "chain", "intermediate.b64", "leaf.b64", "--output", "rootless.b64"];
    assert!(bench.refused(1, &without).contains("doesn't begin with a root"));
    assert!(bench.refused(1, &[&without[..], &["--reorder"]].concat()).contains("give the root's certificate too"));
    let foreign = text(&vectors().join("da/Certificates/cert_leaf.b64"));
    let refused = bench.refused(1, &["certificate", "chain", "leaf_chain.b64", &foreign, "--output", "four.b64"]);
    assert!(refused.contains("certificate 4") && refused.contains("cert_leaf.b64"), "{refused}");
    assert!(!bench.path("rootless.b64").exists() && !bench.path("four.b64").exists());
}

#[test]
fn a_chain_is_joined_for_the_object_that_trusts_it_only() {
    let bench = Bench::new();
    made(&bench, [ST_MASK; 3]);
    let object = text(&vectors().join("da/Binary/DA_Config.obk"));
    let join = ["certificate", "chain", "leaf_chain.b64", "--output", "out.b64", "--object", &object];
    let refused = bench.refused(1, &join);
    assert!(refused.contains("certificate 1, trusted root"), "{refused}");
    assert!(!bench.path("out.b64").exists());
    let theirs = text(&vectors().join("da/Certificates/cert_leaf_chain.b64"));
    let told = bench.json(&["certificate", "chain", &theirs, "--output", "out.b64", "--object", &object, "--json"]);
    assert_eq!(told["samples"].as_array().unwrap().len(), 3);
    assert_eq!(told["effective_permissions"], "0x80000000000000000000000000004007");
}

#[test]
fn damaged_texts_and_impossible_passwords_are_told_with_the_place() {
    let bench = Bench::new();
    let whole = fs::read(vectors().join("da/Certificates/cert_leaf_chain.b64")).unwrap();
    let show = |bytes: &[u8]| {
        fs::write(bench.path("damaged"), bytes).unwrap();
        bench.refused(1, &["certificate", "show", "damaged"])
    };
    // Between groups of four a text can be cut unnoticed: then a certificate is short.
    assert!(show(&whole[..601]).contains("character 601"), "{}", show(&whole[..601]));
    assert!(show(&whole[..600]).contains("certificate 3: "), "{}", show(&whole[..600]));
    assert!(show(b"").contains("nothing in it"));
    let password = |length: usize| [&[0, 0, 0, 0x80, length as u8, 0, 0, 0][..], &vec![b'x'; length]].concat();
    assert!(show(&password(3)).contains("it has 3 characters, the chip takes 4 to 16"));
    assert!(show(&password(17)).contains("it has 17 characters, the chip takes 4 to 16"));
    fs::write(bench.path("four"), password(4)).unwrap();
    let shown = bench.done(&["certificate", "show", "four"]);
    assert!(shown.contains("it permits full regression") && !shown.contains("xxxx"), "{shown}");
    assert_eq!(Certificate::SIZE, 220);
}

#[test]
fn a_password_file_that_cannot_be_one_is_told_as_such_and_a_key_of_another_kind_asks_for_no_passphrase() {
    let bench = Bench::new();
    for (length, text) in [(3_u8, &b"abc\0"[..]), (17, b"0123456789abcdefg"), (255, b"0123")] {
        fs::write(bench.path("password.bin"), [&[0, 0, 0, 0x80, length, 0, 0, 0], text].concat()).unwrap();
        let said = bench.refused(1, &["certificate", "show", "password.bin"]);
        assert!(said.contains("password") && !said.contains("certificate 1"), "{said}");
    }
    fs::write(bench.path("root.pem"), "no key").unwrap();
    let said = bench.refused(1, &[&ROOT[..], &["0x4000"]].concat());
    assert!(said.contains("not a key") && !said.contains("passphrase"), "{said}");
}
