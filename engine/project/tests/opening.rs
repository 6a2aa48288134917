//! A project that can't be understood doesn't open: the error names file, line and field, and says what to do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::{Bench, CERTIFICATE, CONFIG, IMAGE, PASSWORD};
use formats::FormatError;
use project::{KeyRole, ProjectError};

/// What an error must say, and that it says what to do.
fn says(error: &ProjectError, words: &[&str]) {
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "“{word}” is not in: {text}");
    }
    assert!(!error.help().is_empty(), "no help for: {text}");
}

#[test]
fn the_sample_opens() {
    let bench = Bench::sample();
    let project = bench.open().unwrap();
    assert_eq!(project.name(), "Sample, one boot stage");
    assert_eq!(project.stirot().unwrap().firmware_address, 0x2400_0000);
    assert_eq!(project.stirot().unwrap().minimum_state, chip::ProductState::Closed);
    assert!(project.stirot().unwrap().sram_ecc);
}

#[test]
fn a_folder_that_is_no_project_names_what_is_missing() {
    let empty = tempfile::tempdir().unwrap();
    let error = project::Project::open(empty.path()).unwrap_err();
    says(&error, &["STiROT_Config.xml", &empty.path().display().to_string()]);
    let error = project::Project::open(&empty.path().join("nowhere")).unwrap_err();
    says(&error, &["nowhere"]);
}

#[test]
fn the_folder_inside_a_project_is_told_what_to_choose() {
    let bench = Bench::sample();
    let error = project::Project::open(&bench.path("STiROT")).unwrap_err();
    assert!(error.help().contains("folder that holds STiROT"), "{}", error.help());
}

#[test]
fn each_missing_file_is_named() {
    for name in [
        CONFIG,
        IMAGE,
        CERTIFICATE,
        "STiROT/Keys/STiROT_Encryption.pem",
        "STiROT/Keys/STiROT_Authentication.pem",
        "DA/Keys/key_1_root.pem",
    ] {
        let bench = Bench::sample();
        fs::remove_file(bench.path(name)).unwrap();
        says(&bench.error(), &[name.rsplit('/').next().unwrap()]);
    }
}

#[test]
fn only_the_credential_in_use_needs_its_file() {
    let bench = Bench::sample();
    fs::remove_file(bench.path(PASSWORD)).unwrap();
    bench.open().unwrap();
    bench.replace(
        "stirot-studio.toml",
        "debug_authentication = \"certificate\"",
        "debug_authentication = \"password\"",
    );
    says(&bench.error(), &["DA_ConfigWithPassword.xml"]);
}

#[test]
fn a_folder_in_a_files_place_is_an_error_and_no_panic() {
    for name in [CONFIG, IMAGE, "STiROT/Keys/STiROT_Encryption.pem"] {
        let bench = Bench::sample();
        fs::remove_file(bench.path(name)).unwrap();
        fs::create_dir(bench.path(name)).unwrap();
        says(&bench.error(), &[name.rsplit('/').next().unwrap()]);
    }
}

#[test]
fn a_file_cut_short_is_named_with_its_line() {
    for name in [CONFIG, IMAGE, CERTIFICATE] {
        let bench = Bench::sample();
        let text = fs::read(bench.path(name)).unwrap();
        fs::write(bench.path(name), &text[..text.len() * 2 / 3]).unwrap();
        let error = bench.error();
        says(&error, &[name.rsplit('/').next().unwrap(), "line "]);
        assert!(matches!(error, ProjectError::Configuration { source: FormatError::Xml { .. }, .. }), "{error:?}");
    }
}

#[test]
fn any_cut_of_any_file_gives_an_error_or_a_project_and_never_a_panic() {
    let bench = Bench::sample();
    for name in [CONFIG, IMAGE, CERTIFICATE, "stirot-studio.toml", "STiROT/Keys/STiROT_Encryption.pem"] {
        let whole = fs::read(bench.path(name)).unwrap();
        for length in (0..whole.len()).step_by(97) {
            fs::write(bench.path(name), &whole[..length]).unwrap();
            if let Ok(project) = bench.open() {
                project.check();
            }
        }
        fs::write(bench.path(name), whole).unwrap();
    }
}

#[test]
fn bytes_that_are_no_text_are_named() {
    let bench = Bench::sample();
    fs::write(bench.path(CONFIG), [b'<', 0xFF, 0xFE]).unwrap();
    says(&bench.error(), &["STiROT_Config.xml", "UTF-8"]);
}

#[test]
fn image_settings_in_the_configurations_place_are_recognised() {
    let bench = Bench::sample();
    fs::copy(bench.path(IMAGE), bench.path(CONFIG)).unwrap();
    says(&bench.error(), &["STiROT_Config.xml", "McubootFormat"]);
}

#[test]
fn a_missing_field_is_named() {
    for field in [
        "Clock selection",
        "SRAM ECC management activation",
        "Firmware area address (in internal RAM)",
        "Firmware area size",
        "Product state minimal allowed",
        "Firmware installation area address (in external flash)",
        "Firmware download area address (in external flash)",
        "STiROT_iLoader offset",
        "STiROT_iLoader size",
        "MCE",
        "Encryption key",
        "Authentication key",
    ] {
        let bench = Bench::sample();
        bench.replace(CONFIG, &format!("<Name>{field}</Name>"), "<Name>Something else</Name>");
        says(&bench.error(), &[field]);
    }
}

#[test]
fn a_value_without_a_meaning_is_named_with_line_and_field() {
    for (field, value) in [
        ("Clock selection", "0x02"),
        ("SRAM ECC management activation", "2"),
        ("Product state minimal allowed", "0x39"),
        ("STiROT_iLoader offset", "0x1000"),
        ("MCE", "3"),
        ("Firmware area size", "large"),
        ("Firmware area size", ""),
        ("Firmware area size", "-1"),
        ("Firmware area size", "0x100000000"),
        ("Firmware download area address (in external flash)", "0x9002000G"),
    ] {
        let bench = Bench::sample();
        bench.set(CONFIG, field, value);
        says(&bench.error(), &["STiROT_Config.xml", "line ", field]);
    }
}

#[test]
fn a_list_that_was_widened_does_not_widen_what_codes_mean() {
    let bench = Bench::sample();
    bench.set(CONFIG, "Product state minimal allowed", "0x39");
    bench.replace(CONFIG, "<Val>0x72,Closed</Val>", "<Val>0x72,Closed</Val><Val>0x39,Open</Val>");
    says(&bench.error(), &["Product state minimal allowed", "CLOSED"]);
}

#[test]
fn an_image_setting_that_cannot_be_is_named() {
    for (field, value, word) in [
        ("Version", "1.0.0.0", "Version"),
        ("Version", "300.0.0", "Version"),
        ("Security Counter", "often", "Security Counter"),
    ] {
        let bench = Bench::sample();
        bench.set(IMAGE, field, value);
        says(&bench.error(), &["STiROT_Code_Image.xml", "line ", word]);
    }
    for (from, to, word) in [
        ("<Default>0xc1592ee9</Default>", "<Default>0x96f3b83d</Default>", "magic"),
        ("<Command>--primary-only</Command>", "<Command>--overwrite-only</Command>", "--primary-only"),
        ("<Command>-s</Command>", "<Command>-q</Command>", "-q"),
        ("./../Config/STiROT_Config.xml", "./../Config/Other.xml", "Other.xml"),
    ] {
        let bench = Bench::sample();
        bench.replace(IMAGE, from, to);
        says(&bench.error(), &["STiROT_Code_Image.xml", word]);
    }
}

#[test]
fn a_password_that_the_chip_cannot_take_is_named_and_not_shown() {
    for password in ["abc", "12345678901234567", "pässwörd"] {
        let bench = Bench::sample();
        bench.replace(
            "stirot-studio.toml",
            "debug_authentication = \"certificate\"",
            "debug_authentication = \"password\"",
        );
        bench.set(PASSWORD, "Password", password);
        let error = bench.error();
        says(&error, &["DA_ConfigWithPassword.xml", "Password"]);
        assert!(!format!("{error} {error:?}").contains(password), "{error:?}");
    }
}

/// A key on P-384, made for this test alone.
const P384: &str = "-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDCZdaUNc2MpyqQ8tkMt
Y3r7jZBEmsLusX3Ty4wTQYt1EeTalmLYhf0YquEzP3nSrt+hZANiAARDrb4bWxkK
hcwbeCOv3EyW86yynCxqKSrLStJqkIDOi5Kio2nHElBMYPD9FL8HoAh3AvgR1eUH
akDdhzUkyn3HuJHrmPHqAZFliv+ogkpO3SDBJRvLA7clxLCbHE+zzN4=
-----END PRIVATE KEY-----
";

#[test]
fn a_key_that_is_not_p256_is_named_with_its_role() {
    let not_p256 = P384;
    let public = |bench: &Bench| fs::read_to_string(bench.path("STiROT/Keys/STiROT_Encryption_pub.pem")).unwrap();
    let cases: [(&str, KeyRole); 3] = [
        ("STiROT/Keys/STiROT_Authentication.pem", KeyRole::Authentication),
        ("STiROT/Keys/STiROT_Encryption.pem", KeyRole::Encryption),
        ("DA/Keys/key_1_root.pem", KeyRole::DebugRoot),
    ];
    for (name, expected) in cases {
        let bench = Bench::sample();
        for (content, word) in [
            (not_p256.to_owned(), "P-384"),
            ("not a key".into(), "PEM"),
            (String::new(), "PEM"),
            (public(&bench), "public"),
        ] {
            if expected == KeyRole::DebugRoot && word == "public" {
                continue;
            }
            fs::write(bench.path(name), content).unwrap();
            let error = bench.error();
            assert!(
                matches!(&error, ProjectError::Key { role, path, .. } if *role == expected && *path == bench.path(name)),
                "{error:?}"
            );
            says(&error, &[word, &expected.to_string()]);
        }
    }
}

#[test]
fn the_public_half_of_the_root_key_is_enough() {
    let bench = Bench::sample();
    let before = bench.open().unwrap().outputs().unwrap();
    fs::copy(bench.path("DA/Keys/key_1_root_pub.pem"), bench.path("DA/Keys/key_1_root.pem")).unwrap();
    let after = bench.open().unwrap().outputs().unwrap();
    assert!(after.debug_authentication.obk == before.debug_authentication.obk);
}
