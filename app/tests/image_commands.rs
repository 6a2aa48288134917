//! The commands about images that look and judge: inspect, verify, diff.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::Path;

use common::program::Bench;
use formats::{HexFile, Segment};
use serde_json::Value;

/// A project of its own with the demo application in it, and its image, built: `pump` and the image's file.
struct Pump {
    bench: Bench,
    folder: String,
    image: String,
}

impl Pump {
    fn new() -> Self {
        let bench = Bench::new();
        bench.done(&["project", "new", "pump"]);
        let application = Path::new(env!("CARGO_MANIFEST_DIR")).join("../templates/sample/STiROT/Image/appli.bin");
        fs::create_dir_all(bench.path("pump/STiROT/Image")).unwrap();
        fs::copy(application, bench.path("pump/STiROT/Image/appli.bin")).unwrap();
        let folder = bench.path("pump").display().to_string();
        let built = bench.json(&["image", "build", "--project", &folder, "--json"]);
        let image = built["images"][0]["output"].as_str().unwrap().to_owned();
        Self { bench, folder, image }
    }

    /// The image's bytes, without the mark at the end of the slot.
    fn bytes(&self) -> Vec<u8> {
        HexFile::decode(&fs::read(&self.image).unwrap()).unwrap().segments[0].bytes.clone()
    }

    /// A file with these bytes.
    fn file(&self, name: &str, bytes: &[u8]) -> String {
        fs::write(self.bench.path(name), bytes).unwrap();
        self.bench.path(name).display().to_string()
    }

    fn flipped(&self, offset: usize) -> String {
        let mut bytes = self.bytes();
        bytes[offset] ^= 1;
        self.file(&format!("flipped-{offset:x}.bin"), &bytes)
    }

    /// The report of a verification, with its exit code.
    fn verified(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let output = self.bench.run(&[&["image", "verify", "--json"], arguments].concat());
        let report = serde_json::from_slice(&output.stdout);
        let report = report.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code(), report)
    }
}

/// What was told, in one line: where it is wrapped depends on the length of a path.
fn flat(told: &str) -> String {
    told.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ")
}

/// The piece of an inspected file with this name, wherever in the tree.
fn part<'a>(parts: &'a Value, name: &str) -> Option<&'a Value> {
    parts
        .as_array()?
        .iter()
        .find_map(|here| if here["name"] == name { Some(here) } else { part(&here["children"], name) })
}

#[test]
fn an_image_is_inspected_down_to_its_fields() {
    let pump = Pump::new();
    let seen = pump.bench.json(&["image", "inspect", &pump.image, "--json"]);
    assert_eq!((&seen["kind"], &seen["hex"]), (&"image".into(), &true.into()));
    assert_eq!(seen["images"][0]["version"], "1.0.0");
    assert_eq!(seen["images"][0]["address"], "0x90020000");
    let magic = part(&seen["parts"], "magic").unwrap();
    assert_eq!((&magic["offset"], &magic["length"], &magic["value"]), (&0.into(), &4.into(), &"0xc1592ee9".into()));
    assert!(part(&seen["parts"], "wrapped key").is_some());
    let text = pump.bench.done(&["image", "inspect", &pump.image]);
    assert!(text.contains("0x000000        4      magic"), "{text}");
}

#[test]
fn a_dump_is_inspected_image_by_image_and_verified_by_number() {
    let pump = Pump::new();
    let mut dump = vec![0xFF; 0x6_0000];
    let image = pump.bytes();
    dump[0x2_0000..0x2_0000 + image.len()].copy_from_slice(&image);
    dump[0x4_0000..0x4_0000 + image.len()].copy_from_slice(&image);
    dump[0x4_0500] ^= 1;
    let file = pump.file("dump.bin", &dump);
    let seen = pump.bench.json(&["image", "inspect", &file, "--json"]);
    let offsets: Vec<_> = seen["images"].as_array().unwrap().iter().map(|image| image["offset"].clone()).collect();
    assert_eq!(offsets, [0x2_0000, 0x4_0000]);
    let said = pump.bench.refused(1, &["image", "verify", &file, "--project", &pump.folder]);
    assert!(said.contains("2 images") && said.contains("--number"), "{said}");
    let (code, report) = pump.verified(&[&file, "--project", &pump.folder, "--number", "1"]);
    assert_eq!((code, &report["verdict"]), (Some(0), &"installs".into()), "{report}");
    let (code, report) = pump.verified(&[&file, "--project", &pump.folder, "--number", "2"]);
    assert_eq!((code, &report["verdict"], &report["at"]), (Some(1), &"refused".into(), &"hash".into()));
    assert!(pump.bench.refused(1, &["image", "verify", &file, "--number", "3"]).contains("no image 3"));
}

#[test]
fn whatever_is_inspected_the_answer_is_a_list_or_a_word_and_never_a_fault() {
    let pump = Pump::new();
    let hex = fs::read(&pump.image).unwrap();
    let whole = pump.bytes();
    let files: [(&str, &[u8], i32); 7] = [
        ("empty", b"", 1),
        ("text", b"no image", 1),
        ("noise", &[0xA5; 1000], 1),
        ("cut.bin", &whole[..0x1000], 0),
        ("header.bin", &whole[..40], 0),
        ("cut.hex", &hex[..hex.len() / 2], 0),
        ("colon.hex", b":", 1),
    ];
    for (name, bytes, code) in files {
        let output = pump.bench.run(&["image", "inspect", &pump.file(name, bytes), "--json"]);
        assert_eq!(output.status.code(), Some(code), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(seen["kind"].is_string() && seen["parts"].is_array(), "{name}: {seen}");
        let text = pump.bench.run(&["image", "inspect", &pump.file(name, bytes)]);
        assert_eq!(text.status.code(), Some(code), "{name}");
    }
    assert!(pump.bench.refused(1, &["image", "inspect", "none.bin"]).contains("none.bin"));
}

#[test]
fn a_private_key_is_named_by_its_fingerprint_and_none_of_it_is_shown() {
    let pump = Pump::new();
    let key = pump.bench.path("pump/STiROT/Keys/STiROT_Encryption.pem");
    let pem = fs::read_to_string(&key).unwrap();
    let seen = pump.bench.done(&["image", "inspect", &key.display().to_string(), "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&seen).unwrap()["kind"], "key");
    let secret = pem.lines().nth(1).unwrap();
    assert!(secret.len() > 40 && !seen.contains(&secret[..16]), "{seen}");
}

#[test]
fn what_a_file_holds_never_commands_the_terminal() {
    let pump = Pump::new();
    let hex = fs::read_to_string(&pump.image).unwrap();
    let mut lines: Vec<String> = hex.lines().map(str::to_owned).collect();
    lines.insert(3, ":10\u{1b}[2J\u{9b}31m\u{202e}\u{7}".into());
    let file = pump.file("hostile.hex", lines.join("\n").as_bytes());
    // An application that says on the console what would clear the screen.
    let path = pump.bench.path("pump/STiROT/Image/appli.bin");
    let mut application = fs::read(&path).unwrap();
    let at = application.windows(16).position(|window| window == b"demo application").unwrap();
    application[at..at + 16].copy_from_slice(b"demo \x1b[2J\x1b[31mXY");
    fs::write(&path, application).unwrap();
    pump.bench.done(&["image", "build", "--project", &pump.folder]);
    let tried = ["image", "verify", &pump.image, "--project", &pump.folder, "--virtual-board"];
    assert!(pump.bench.done(&tried).contains("> STiRoT demo \\u{1b}[2J\\u{1b}[31mXY"));
    for arguments in [
        &["image", "inspect", &file][..],
        &["image", "inspect", &file, "--json"],
        &["image", "verify", &file, "--project", &pump.folder],
        &["image", "verify", &file, "--project", &pump.folder, "--json"],
        &tried,
        &[&tried[..], &["--json"]].concat(),
    ] {
        let output = pump.bench.run(arguments);
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let obeyed =
            text.chars().find(|character| (character.is_control() && *character != '\n') || *character == '\u{202e}');
        assert_eq!(obeyed, None, "{arguments:?}: {text:?}");
    }
}

#[test]
fn an_image_of_the_project_would_be_installed_and_is_on_a_virtual_board() {
    let pump = Pump::new();
    let (code, report) = pump.verified(&[&pump.image, "--project", &pump.folder, "--virtual-board"]);
    assert_eq!((code, &report["verdict"]), (Some(0), &"installs".into()), "{report}");
    assert_eq!(report["signing_key"]["origin"], "project");
    let tried = &report["virtual_board"];
    assert_eq!((&tried["decision"], &tried["started"]), (&"installed".into(), &true.into()));
    assert!(tried["banner"].as_str().unwrap().contains("1.0.0"), "{tried}");
    let said = pump.bench.done(&["image", "verify", &pump.image, "--project", &pump.folder, "--virtual-board"]);
    assert!(said.contains("STiRoT installs and starts this image") && said.contains("STiRoT installed it"), "{said}");
    assert!(said.contains("> version          1.0.0"), "{said}");
}

#[test]
fn a_flipped_bit_is_refused_by_the_judgement_and_by_the_virtual_board_at_the_same_check() {
    let pump = Pump::new();
    let flipped = pump.flipped(0x500);
    let (code, report) = pump.verified(&[&flipped, "--project", &pump.folder, "--virtual-board"]);
    assert_eq!(code, Some(1));
    assert_eq!((&report["verdict"], &report["at"]), (&"refused".into(), &"hash".into()));
    let tried = &report["virtual_board"];
    assert_eq!((&tried["decision"], &tried["at"]), (&"refused".into(), &"hash".into()));
    assert_eq!((&tried["started"], &tried["banner"]), (&false.into(), &Value::Null));
}

#[test]
fn an_image_whose_magic_is_damaged_is_not_seen() {
    let pump = Pump::new();
    let (code, report) = pump.verified(&[&pump.flipped(1), "--project", &pump.folder, "--virtual-board"]);
    assert_eq!((code, &report["verdict"]), (Some(1), &"not_seen".into()), "{report}");
    assert_eq!(report["virtual_board"]["decision"], "not_seen");
}

#[test]
fn an_older_image_is_refused_for_what_is_installed() {
    let pump = Pump::new();
    for (installed, code) in [("1.0.0", 0), ("1.0.1", 1), ("2.0.0/0x01000000", 0), ("0.9.0/0x01000001", 1)] {
        let (found, report) = pump.verified(&[&pump.image, "--project", &pump.folder, "--installed", installed]);
        assert_eq!(found, Some(code), "{installed}: {report}");
        if code == 1 {
            assert_eq!(report["at"], "security counter", "{installed}");
        }
    }
}

#[test]
fn without_its_keys_an_image_is_undecided_and_with_them_it_is_not() {
    let pump = Pump::new();
    let (code, report) = pump.verified(&[&pump.image]);
    assert_eq!((code, &report["verdict"]), (Some(1), &"undecided".into()), "{report}");
    assert!(!report["missing"].as_array().unwrap().is_empty());
    assert!(pump.bench.refused(1, &["image", "verify", &pump.image]).contains("--keys"));
    let keys = pump.bench.path("pump/STiROT/Keys").display().to_string();
    let (code, report) = pump.verified(&[&pump.image, "--keys", &keys]);
    assert_eq!((code, &report["signed_with"]), (Some(0), &"STiROT_Authentication".into()), "{report}");
    assert_eq!(report["signing_key"]["origin"], "given");
}

#[test]
fn a_protected_key_is_opened_with_its_passphrase_and_asked_for_without() {
    let pump = Pump::new();
    let words = pump.file("words", b"a passphrase of this test\n");
    let folder = &pump.folder;
    pump.bench.done(&["keys", "protect", "--project", folder, "--role", "encryption", "--passphrase-from", &words]);
    let (code, report) = pump.verified(&[&pump.image, "--project", folder]);
    assert_eq!((code, &report["verdict"]), (Some(1), &"undecided".into()), "{report}");
    assert!(report.to_string().contains("passphrase"), "{report}");
    // The key lies in the clear beside its protected copy until a person removes it.
    fs::create_dir(pump.bench.path("locked")).unwrap();
    let protected = pump.bench.path("pump/STiROT/Keys/STiROT_Encryption_v2.pem");
    fs::copy(protected, pump.bench.path("locked/encryption.pem")).unwrap();
    let keys = pump.bench.path("locked").display().to_string();
    let application = pump.bench.path("pump/STiROT/Image/appli.bin").display().to_string();
    let decrypt = ["image", "decrypt", &pump.image, "--keys", &keys, "--compare", &application];
    assert!(pump.bench.refused(1, &decrypt).contains("passphrase"));
    pump.bench.done(&[&decrypt[..], &["--passphrase-from", &words]].concat());
    let with = ["--project", folder, "--passphrase-from", &words, "--virtual-board"];
    let (code, report) = pump.verified(&[&[pump.image.as_str()], &with[..]].concat());
    assert_eq!((code, &report["virtual_board"]["decision"]), (Some(0), &"installed".into()), "{report}");
}

#[test]
fn wrong_use_of_the_commands_about_images_is_exit_code_two() {
    let pump = Pump::new();
    for arguments in [
        &["image", "verify"][..],
        &["image", "verify", &pump.image, "--virtual-board"],
        &["image", "verify", &pump.image, "--installed", "new"],
        &["image", "verify", &pump.image, "--installed", "1.0.0/many"],
        &["image", "verify", &pump.image, "--profile", "mine"],
        &["image", "verify", &pump.image, "--slot-size", "many"],
        &["image", "inspect"],
        &["image", "diff", &pump.image],
    ] {
        pump.bench.refused(2, arguments);
    }
}

#[test]
fn an_image_of_the_second_stage_is_not_tried_on_a_board_that_has_none() {
    let pump = Pump::new();
    let arguments =
        ["image", "verify", &pump.image, "--project", &pump.folder, "--virtual-board", "--profile", "oemurot"];
    assert!(pump.bench.refused(1, &arguments).contains("second boot stage"));
}

#[test]
fn the_same_image_in_two_files_is_the_same_and_another_differs_where_it_does() {
    let pump = Pump::new();
    let same = pump.bench.json(&["image", "diff", &pump.image, &pump.image, "--json"]);
    assert_eq!((&same["same"], &same["bytes"]["differing"]), (&true.into(), &0.into()));
    let whole = pump.file("whole.bin", &pump.bytes());
    let mut slot = pump.bytes();
    slot.resize(0x2_0000 - 16, 0xFF);
    slot.extend(formats::image::TRAILER_MAGIC);
    let slot = pump.file("slot.bin", &slot);
    pump.bench.done(&["image", "diff", &pump.image, &slot]);
    let flipped = pump.flipped(0x500);
    let output = pump.bench.run(&["image", "diff", &whole, &flipped, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["same"], &report["bytes"]["differing"]), (&false.into(), &1.into()), "{report}");
    assert_eq!(report["bytes"]["runs"][0], serde_json::json!({ "offset": 0x500, "length": 1 }));
    let newer = pump.flipped(0x15);
    let output = pump.bench.run(&["image", "diff", &whole, &newer, "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let fields = report["fields"].as_array().unwrap();
    let differing: Vec<_> = fields.iter().filter(|field| field["same"] == false).collect();
    assert!(differing.iter().any(|field| field["field"].as_str().unwrap().contains("version")), "{differing:?}");
    assert!(pump.bench.refused(1, &["image", "diff", &whole, &newer]).contains("differ"));
}

#[test]
fn files_without_an_image_are_compared_byte_by_byte() {
    let pump = Pump::new();
    let (a, b) = (pump.file("a", b"abcdef"), pump.file("b", b"abXdefg"));
    let output = pump.bench.run(&["image", "diff", &a, &b, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["bytes"]["differing"], &report["bytes"]["only_b"]), (&2.into(), &1.into()), "{report}");
    pump.bench.done(&["image", "diff", &a, &a]);
    // Two keys, whose bytes are hidden when they are shown.
    let key = |name: &str| pump.bench.path(&format!("pump/STiROT/Keys/{name}.pem")).display().to_string();
    let (authentication, encryption) = (key("STiROT_Authentication"), key("STiROT_Encryption"));
    pump.bench.refused(1, &["image", "diff", &authentication, &encryption]);
    pump.bench.done(&["image", "diff", &authentication, &authentication]);
}

#[test]
fn a_hex_file_and_its_slot_as_bytes_give_the_same_verdict() {
    let pump = Pump::new();
    let mut slot = pump.bytes();
    slot.resize(0x2_0000 - 16, 0xFF);
    slot.extend(formats::image::TRAILER_MAGIC);
    let file = pump.file("slot.bin", &slot);
    let elsewhere = HexFile { segments: vec![Segment { address: 0x9006_0000, bytes: pump.bytes() }] };
    let elsewhere = pump.file("elsewhere.hex", elsewhere.encode().as_bytes());
    let (code, report) = pump.verified(&[&file, "--project", &pump.folder]);
    assert_eq!((code, &report["verdict"]), (Some(0), &"installs".into()), "{report}");
    let (code, report) = pump.verified(&[&elsewhere, "--project", &pump.folder]);
    assert_eq!((code, &report["verdict"], &report["at"]), (Some(1), &"not_seen".into(), &"address".into()), "{report}");
}

#[cfg(unix)]
#[test]
fn files_that_come_through_pipes_are_compared_as_any_others() {
    let pump = Pump::new();
    pump.file("a", b"abc");
    pump.file("b", b"xyz");
    let program = env!("CARGO_BIN_EXE_stirot-studio");
    let script = format!("'{program}' image diff <(cat a) <(cat b)");
    let output =
        std::process::Command::new("bash").args(["-c", &script]).current_dir(pump.bench.path(".")).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("3 bytes differ"));
}

#[test]
fn a_damaged_hex_file_is_not_the_same_as_a_whole_one_though_all_of_it_that_can_be_read_is() {
    let pump = Pump::new();
    let hex = fs::read_to_string(&pump.image).unwrap();
    let cut = pump.file("cut.hex", hex.replace(":00000001FF", "").as_bytes());
    let told = flat(&pump.bench.refused(1, &["image", "diff", &pump.image, &cut]));
    assert!(told.contains("is damaged"), "{told}");
    pump.bench.done(&["image", "diff", &cut, &cut]);
}

#[test]
fn decrypting_writes_nothing_over_the_image_and_nothing_when_it_can_not_write_all() {
    let pump = Pump::new();
    let keys = pump.bench.path("pump/STiROT/Keys").display().to_string();
    let before = fs::read(&pump.image).unwrap();
    let decrypt = |code, arguments: &[&str]| {
        flat(&pump.bench.refused(code, &[&["image", "decrypt", &pump.image, "--keys", &keys], arguments].concat()))
    };
    assert!(decrypt(1, &["--image", &pump.image]).contains("would be lost"));
    assert_eq!(fs::read(&pump.image).unwrap(), before);
    let (new, other) = (pump.bench.path("new").display().to_string(), pump.file("notes", b"mine"));
    decrypt(1, &["--output", &new, "--image", &new]);
    decrypt(1, &["--output", &new, "--image", &other]);
    assert!(!Path::new(&new).exists());
    // Nothing to do is wrong use.
    decrypt(2, &[]);
}

#[test]
fn an_image_of_a_file_that_holds_two_is_not_decrypted_by_chance() {
    let pump = Pump::new();
    let mut slot = pump.bytes();
    slot.resize(0x2_0000, 0xFF);
    let two = pump.file("two.bin", &slot.repeat(2));
    let keys = pump.bench.path("pump/STiROT/Keys").display().to_string();
    let new = pump.bench.path("new").display().to_string();
    let decrypt = ["image", "decrypt", &two, "--keys", &keys, "--output", &new];
    assert!(flat(&pump.bench.refused(1, &decrypt)).contains("2 images"));
    pump.bench.done(&[&decrypt[..], &["--number", "2"]].concat());
    let application = pump.bench.path("pump/STiROT/Image/appli.bin").display().to_string();
    pump.bench.done(&["image", "decrypt", &two, "--number", "1", "--keys", &keys, "--compare", &application]);
    // One that doesn't begin with the dump; and two in hex.
    let dump = pump.file("dump.bin", &[vec![0xFF; 0x1000], pump.bytes()].concat());
    pump.bench.done(&["image", "decrypt", &dump, "--keys", &keys, "--compare", &application]);
    let segments = [0x9002_0000, 0x9006_0000].map(|address| Segment { address, bytes: pump.bytes() });
    let hex = pump.file("two.hex", HexFile { segments: segments.to_vec() }.encode().as_bytes());
    pump.bench.done(&["image", "decrypt", &hex, "--number", "2", "--keys", &keys, "--compare", &application]);
}

#[test]
fn a_key_that_can_not_be_used_is_named_with_the_reason() {
    let pump = Pump::new();
    fs::create_dir(pump.bench.path("keys")).unwrap();
    let new = pump.bench.path("new").display().to_string();
    let keys = pump.bench.path("keys").display().to_string();
    pump.file("keys/broken.pem", b"no key");
    let told = flat(&pump.bench.refused(1, &["image", "decrypt", &pump.image, "--keys", &keys, "--output", &new]));
    assert!(told.contains("broken.pem"), "{told}");
}

#[test]
fn memory_without_an_image_is_not_said_to_hold_one() {
    let pump = Pump::new();
    let memory = pump.file("memory", &vec![0xA5; 0x2_0000]);
    let told = flat(&pump.bench.refused(1, &["image", "verify", &memory]));
    assert!(told.contains("holds no image; it is memory") && !told.contains("with images"), "{told}");
}

#[test]
fn what_can_be_no_application_is_not_built_into_an_image() {
    let pump = Pump::new();
    let key = pump.bench.path("pump/STiROT/Keys/STiROT_Authentication.pem").display().to_string();
    let new = pump.bench.path("new.bin").display().to_string();
    let build = |input: &str| flat(&pump.bench.refused(1, &["image", "build", input, &new, "--project", &pump.folder]));
    assert!(build(&key).contains("no application, but a key"));
    // An image in hex, and one with a comment in front, which makes it a text.
    assert!(build(&pump.image).contains("an image that is signed already"));
    let commented = [b"; a comment\n".to_vec(), fs::read(&pump.image).unwrap()].concat();
    assert!(build(&pump.file("commented.hex", &commented)).contains("text"));
    assert!(!Path::new(&new).exists());
}

#[test]
fn a_dump_that_begins_with_an_image_is_not_written_over() {
    let pump = Pump::new();
    let mut slot = pump.bytes();
    slot.resize(0x2_0000, 0xFF);
    let dump = pump.file("dump.bin", &slot.repeat(2));
    let application = pump.bench.path("pump/STiROT/Image/appli.bin").display().to_string();
    let told = flat(&pump.bench.refused(1, &["image", "build", &application, &dump, "--project", &pump.folder]));
    assert!(told.contains("not an image"), "{told}");
    assert_eq!(fs::read(&dump).unwrap().len(), 0x4_0000);
}
