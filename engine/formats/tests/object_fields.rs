//! Every object that ST publishes, told field by field; broken ones, too; and no secret in any word of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use chip::Destination;
use common::vector;
use formats::obk_fields::{
    FieldGroup, HashState, ObkDescription, ObkField, ObkKind, describe, differences, kind, masked_bytes,
};
use formats::{Encryption, ObkFile, PrivateKey, Secret};
use sha2::{Digest, Sha256};

const PUBLISHED: [(&str, ObkKind, HashState); 9] = [
    ("stirot/Binary/STiROT_Config.obk", ObkKind::StirotConfig, HashState::Holds),
    ("stirot/Binary/STiROT_Data.obk", ObkKind::StirotData, HashState::Holds),
    ("stirot_oemurot/Binary/STiROT_Config.obk", ObkKind::StirotConfig, HashState::Holds),
    ("stirot_oemurot/Binary/STiROT_Data.obk", ObkKind::StirotData, HashState::Holds),
    ("stirot_oemurot/Binary/OEMuROT_Config.obk", ObkKind::OemurotConfig, HashState::Holds),
    ("stirot_oemurot/Binary/OEMuROT_Data.obk", ObkKind::OemurotData, HashState::Holds),
    ("da/Binary/DA_Config.obk", ObkKind::DaCertificate, HashState::Holds),
    ("da/Binary/DA_ConfigWithPassword.obk", ObkKind::DaPassword, HashState::Holds),
    ("da/Binary/DA_ConfigLock.obk", ObkKind::DaLock, HashState::None),
];

fn published(name: &str) -> ObkFile {
    ObkFile::decode(&vector(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn object(destination: u32, body: Vec<u8>) -> ObkFile {
    ObkFile::new(Destination(destination), Encryption::Encrypted, Secret::new(body)).unwrap()
}

/// A body that begins with the hash of its payload.
fn hashed(payload: &[u8]) -> Vec<u8> {
    [Sha256::digest(payload).as_slice(), payload].concat()
}

fn assert_covers(obk: &ObkFile, told: &ObkDescription) {
    let mut end = 0;
    for field in &told.fields {
        assert_eq!(field.offset, end, "{}", field.name);
        assert!(field.length > 0);
        end += field.length;
        assert!(field.secret.is_empty() || field.secret.start >= field.offset && field.secret.end <= end);
    }
    assert_eq!(end, obk.encode().len());
    let mut names: Vec<_> = told.fields.iter().map(|field| field.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), told.fields.len(), "a name stands twice");
}

fn field<'a>(told: &'a ObkDescription, name: &str) -> &'a ObkField {
    told.fields.iter().find(|field| field.name == name).unwrap_or_else(|| panic!("no field {name}"))
}

/// Every word said about an object.
fn words(told: &ObkDescription) -> String {
    format!("{told:?} {}", told.problems.join(" ")).to_lowercase()
}

fn assert_unsaid(said: &str, secret: &[u8]) {
    for window in secret.windows(16) {
        let hex: String = window.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!said.contains(&hex), "a piece of the secret is said");
        assert!(!said.contains(&format!("{window:?}")[1..]), "a piece of the secret is said");
    }
}

#[test]
fn every_published_object_is_named_covered_and_whole() {
    for (name, expected, hash) in PUBLISHED {
        let obk = published(name);
        let told = describe(&obk);
        assert_eq!((told.kind, told.hash), (expected, hash), "{name}");
        assert_eq!(told.problems, Vec::<String>::new(), "{name}");
        assert!(name.ends_with(&format!("/{}.obk", told.kind.name())), "{name}");
        assert_covers(&obk, &told);
    }
}

/// Offset, bytes, the xml's name and value: `STiROT_Config.obk` as ST's xml and a dump of the file tell it.
#[test]
fn stirots_configuration_is_told_as_its_xml_says() {
    let told = describe(&published("stirot_oemurot/Binary/STiROT_Config.obk"));
    let expected = [
        (0x2C, 1, "Reserved1", "0x1", None),
        (0x2D, 1, "Clock selection", "0x1", Some("380 MHz")),
        (0x2E, 1, "Reserved2", "0x0", None),
        (0x2F, 1, "SRAM ECC management activation", "0x1", Some("on")),
        (0x30, 4, "Firmware area address (in internal RAM)", "0x24000000", Some("AXI SRAM")),
        (0x34, 4, "Firmware area size", "0x20000", Some("128 KiB")),
        (0x38, 4, "Reserved3", "0x0", None),
        (0x3C, 4, "Reserved4", "0x0", None),
        (0x40, 4, "Reserved5", "0x0", None),
        (0x44, 4, "Reserved6", "0x0", None),
        (0x48, 4, "Product state minimal allowed", "0x72", Some("CLOSED")),
        (0x4C, 4, "Firmware installation area address (in external flash)", "0x90410000", Some("external, XSPI1")),
        (0x50, 4, "Firmware download area address (in external flash)", "0x90430000", Some("external, XSPI1")),
        (0x54, 4, "Reserved7", "0x0", None),
        (0x58, 4, "Reserved8", "0x10000000", None),
        (0x5C, 4, "STiROT_iLoader offset", "0x0", Some("0x08000000 in user flash")),
        (0x60, 4, "STiROT_iLoader size", "0x6000", Some("24 KiB")),
        (0x64, 4, "MCE", "0x0", Some("MCE1 (XSPI, AES)")),
        (0x68, 3, "Reserved9", "0x0", None),
    ];
    assert!(field(&told, "hash").value.starts_with("97c21f7b"));
    for (field, (offset, length, xml, value, meaning)) in told.fields.iter().skip(4).zip(expected) {
        assert_eq!((field.offset, field.length), (offset, length), "{xml}");
        assert_eq!((field.xml_field, field.value.as_str()), (Some(xml), value));
        assert_eq!(field.meaning.as_deref(), meaning, "{xml}");
    }
    let key = |name, start: &str, offset, length| {
        let key = field(&told, name);
        assert!(key.value.starts_with(start) && key.value.len() == 64, "{}", key.value);
        assert!(key.meaning.as_ref().unwrap().contains("SAMPLE"));
        assert_eq!((key.offset, key.length), (offset, length));
    };
    key("encryption key", "9cfa15349a18", 0x6B, 70);
    key("authentication key", "eac592621ce3", 0xB1, 91);
    assert_eq!(told.fields.len(), 4 + expected.len() + 2);
    let one_stage = describe(&published("stirot/Binary/STiROT_Config.obk"));
    assert_eq!(field(&one_stage, "installation area address").value, "0x90000000");
    assert_eq!(field(&one_stage, "download area address").value, "0x90020000");
}

#[test]
fn every_field_of_the_xml_is_found_by_its_name() {
    for (xml, obk) in [
        ("stirot/Config/STiROT_Config.xml", "stirot/Binary/STiROT_Config.obk"),
        ("stirot_oemurot/Config/OEMuROT_Config.xml", "stirot_oemurot/Binary/OEMuROT_Config.obk"),
        ("da/Config/DA_Config.xml", "da/Binary/DA_Config.obk"),
        ("da/Config/DA_ConfigWithPassword.xml", "da/Binary/DA_ConfigWithPassword.obk"),
    ] {
        let told = describe(&published(obk));
        let xml = formats::Obdata::decode(&vector(xml)).unwrap_or_else(|error| panic!("{error}"));
        let named: Vec<_> = told.fields.iter().skip(4).filter_map(|field| field.xml_field).collect();
        let names: Vec<_> = xml.fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(named, names, "{obk}");
    }
}

#[test]
fn the_other_objects_say_what_they_hold() {
    let told = describe(&published("da/Binary/DA_Config.obk"));
    assert!(field(&told, "root key").value.starts_with("cc05b0131777"));
    assert_eq!(field(&told, "permissions").value, "0x80000000000000000000000000004007");
    let meaning = field(&told, "permissions").meaning.as_ref().unwrap();
    assert!(meaning.contains("full regression") && meaning.contains("forced download (inferred)"), "{meaning}");
    assert!(!meaning.contains("partial"));
    let told = describe(&published("da/Binary/DA_ConfigLock.obk"));
    assert_eq!(field(&told, "lock text").value, "STDALOCKMGC");
    let told = describe(&published("stirot_oemurot/Binary/OEMuROT_Config.obk"));
    assert!(field(&told, "authentication key").value.starts_with("32bef4c3fa24"));
    assert!(field(&told, "encryption key").value.starts_with("7c5cdecd06df"));
    assert_eq!(field(&told, "fill").value, "31 bytes 0x00");
    let told = describe(&published("stirot/Binary/STiROT_Data.obk"));
    assert_eq!(field(&told, "copy B, security counter").value, "0x0");
    assert_eq!(field(&told, "copy A, SHA-256 of the image").meaning.as_deref(), Some("no image yet"));
}

#[test]
fn the_private_key_is_hidden_and_nothing_else_of_a_configuration() {
    for name in ["stirot/Binary/STiROT_Config.obk", "stirot_oemurot/Binary/OEMuROT_Config.obk"] {
        let obk = published(name);
        let told = describe(&obk);
        let file = obk.encode();
        let key = field(&told, "encryption key");
        assert_eq!(key.group, FieldGroup::PrivateKey);
        let scalar = key.offset + 36..key.offset + 68;
        for (offset, (shown, byte)) in masked_bytes(&obk, &told).into_iter().zip(file.iter()).enumerate() {
            assert_eq!(shown, (!scalar.contains(&offset)).then_some(*byte), "{name}, byte {offset:#x}");
        }
        assert_unsaid(&words(&told), &file[scalar]);
    }
}

#[test]
fn the_passwords_hash_and_what_lets_it_be_guessed_are_hidden() {
    let obk = published("da/Binary/DA_ConfigWithPassword.obk");
    let told = describe(&obk);
    let shown = masked_bytes(&obk, &told);
    assert!(shown[12..76].iter().all(Option::is_none));
    assert!(shown[..12].iter().chain(&shown[76..]).all(Option::is_some));
    assert_unsaid(&words(&told), &obk.body[..64]);
    assert_eq!(told.hash, HashState::Holds);
}

#[test]
fn a_key_in_a_wrong_place_stays_hidden() {
    let payload = published("stirot/Binary/STiROT_Config.obk").body[32..].to_vec();
    let scalar = payload[0x3F + 36..0x3F + 68].to_vec();
    for shift in 1..=40 {
        let mut longer = payload.clone();
        for _ in 0..shift {
            longer.insert(0x1C, 0);
        }
        let shorter = payload[shift..].to_vec();
        for changed in [longer, shorter] {
            for destination in [0x108, 0x110, 0x208, 0x0051_0008, 0x008A_0008, 0x00B4_0008, 0x109, 0x100] {
                let obk = object(destination, hashed(&changed));
                let told = describe(&obk);
                assert_covers(&obk, &told);
                assert_unsaid(&words(&told), &scalar);
                let shown = masked_bytes(&obk, &told);
                let file = obk.encode();
                let start = file.windows(32).position(|bytes| bytes == scalar).unwrap();
                assert!(shown[start..start + 32].iter().all(Option::is_none), "{destination:#x}, shifted by {shift}");
                if kind(&obk) != ObkKind::Unknown && kind(&obk) != ObkKind::HardwareKeys {
                    assert!(!told.problems.is_empty());
                }
            }
        }
    }
}

#[test]
fn a_changed_byte_of_a_published_object_is_a_problem_with_its_field() {
    for (name, _, hash) in PUBLISHED {
        let file = vector(name);
        for offset in 12..file.len() {
            let mut changed = file.clone();
            changed[offset] ^= 0x04;
            let told = describe(&ObkFile::decode(&changed).unwrap());
            assert!(!told.problems.is_empty(), "{name}, byte {offset:#x}");
            assert_eq!(told.hash == HashState::Broken, hash == HashState::Holds, "{name}, byte {offset:#x}");
        }
    }
    let mut changed = vector("stirot/Binary/STiROT_Data.obk");
    changed[12 + 96 + 40] = 1;
    let told = describe(&ObkFile::decode(&changed).unwrap());
    assert!(told.problems[0].starts_with("copy B, hash"), "{:?}", told.problems);
    assert_eq!(field(&told, "copy A, hash").meaning.as_deref(), Some("holds"));
}

#[test]
fn objects_of_every_other_length_are_told_with_a_problem() {
    for (name, ..) in PUBLISHED {
        let whole = published(name);
        for length in 1..whole.body.len() + 40 {
            let mut body = whole.body.to_vec();
            body.resize(length, 0xEE);
            let obk = object(whole.destination.0, body);
            let told = describe(&obk);
            assert_covers(&obk, &told);
            assert_eq!(told.problems.is_empty(), length == whole.body.len(), "{name} of {length} bytes");
        }
    }
}

#[test]
fn oemirots_objects_are_told_apart_from_stirots() {
    let config = published("stirot_oemurot/Binary/OEMuROT_Config.obk").body.to_vec();
    let data = published("stirot/Binary/STiROT_Data.obk").body.to_vec();
    let told = describe(&object(0x108, config));
    assert_eq!((told.kind, told.problems.len()), (ObkKind::OemirotConfig, 0));
    let told = describe(&object(0x10F, data));
    assert_eq!((told.kind.name(), told.hash), ("OEMiROT_Data", HashState::Holds));
}

#[test]
fn hardware_keys_and_unknown_objects_are_hidden_whole() {
    let obk = object(0x100, [0x5A; 96].to_vec());
    let told = describe(&obk);
    assert_eq!((told.kind, told.hash), (ObkKind::HardwareKeys, HashState::None));
    assert!(masked_bytes(&obk, &told)[12..].iter().all(Option::is_none));
    let obk = object(0x218, hashed(&[1; 32]));
    let told = describe(&obk);
    assert_eq!((told.kind, told.hash), (ObkKind::Unknown, HashState::Holds));
    assert!(masked_bytes(&obk, &told)[12..].iter().all(Option::is_none));
}

#[test]
fn the_difference_of_two_configurations_is_in_their_slots() {
    let (a, b) = (published("stirot/Binary/STiROT_Config.obk"), published("stirot_oemurot/Binary/STiROT_Config.obk"));
    let found = differences(&a, &b);
    let names: Vec<_> = found.iter().map(|difference| difference.field).collect();
    assert_eq!(names, ["hash", "installation area address", "download area address"]);
    assert_eq!((found[1].a.as_str(), found[1].b.as_str()), ("0x90000000", "0x90410000"));
    assert_eq!(differences(&a, &a), []);
}

#[test]
fn other_secrets_are_told_as_different_and_not_shown() {
    let config = published("stirot/Binary/STiROT_Config.obk");
    let other_key = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
    let mut payload = config.body[32..].to_vec();
    payload[0x3F..0x85].copy_from_slice(&*other_key.stored());
    let found = differences(&config, &object(0x108, hashed(&payload)));
    assert_eq!(found[1].field, "encryption key");
    assert_eq!(found[1].b, other_key.public().fingerprint().to_string());
    assert_unsaid(&format!("{found:?}").to_lowercase(), &other_key.stored()[36..68]);

    let password = published("da/Binary/DA_ConfigWithPassword.obk");
    let mut payload = password.body[32..].to_vec();
    payload[0] ^= 1;
    let other = object(0x008A_0008, hashed(&payload));
    let found = differences(&password, &other);
    assert_eq!(found.iter().map(|difference| difference.field).collect::<Vec<_>>(), ["hash", "password hash"]);
    assert_eq!(found[1].b, "hidden, and different");
    for secret in [&password.body[..64], &other.body[..64]] {
        assert_unsaid(&format!("{found:?}").to_lowercase(), secret);
    }
}

#[test]
fn objects_of_two_kinds_differ_in_their_heads() {
    let found = differences(&published("stirot/Binary/STiROT_Config.obk"), &ObkFile::da_lock());
    assert_eq!(found.iter().map(|difference| difference.field).collect::<Vec<_>>(), ["destination", "length"]);
}

#[test]
fn a_field_that_only_one_object_has_is_absent_in_the_other() {
    let whole = published("stirot_oemurot/Binary/OEMuROT_Config.obk");
    let shorter = object(0x208, whole.body[..0xE0 - 31].to_vec());
    let fill =
        |found: Vec<formats::obk_fields::ObkDifference>| found.into_iter().find(|one| one.field == "fill").unwrap();
    assert_eq!(fill(differences(&whole, &shorter)).b, "absent");
    assert_eq!(fill(differences(&shorter, &whole)).a, "absent");
}
