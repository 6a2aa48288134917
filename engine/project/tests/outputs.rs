//! Outputs are built once, kept while they are right, and built again when what they are made of changes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::{Bench, CERTIFICATE, CONFIG, IMAGE, PASSWORD, content};
use formats::{ObkFile, StirotConfig};
use project::{Outputs, ProjectError, TargetState};

fn built(outputs: &Outputs) -> [bool; 4] {
    [outputs.image.built, outputs.debug_authentication.built, outputs.configuration.built, outputs.data.built]
}

/// The outputs after one change to a project whose outputs were all there; which of them were built again.
fn rebuilt_after(change: impl FnOnce(&Bench)) -> ([bool; 4], Option<String>) {
    let bench = Bench::sample();
    bench.open().unwrap().outputs().unwrap();
    change(&bench);
    let outputs = bench.open().unwrap().outputs().unwrap();
    assert_eq!(built(&bench.open().unwrap().outputs().unwrap()), [false; 4], "built again without a reason");
    (built(&outputs), outputs.image.built_because)
}

#[test]
fn missing_outputs_are_built_where_the_files_say() {
    let bench = Bench::sample();
    let project = bench.open().unwrap();
    let outputs = project.outputs().unwrap();
    assert_eq!(built(&outputs), [true; 4]);
    assert_eq!(project.outputs_folder(), bench.path("STiROT/Binary"));
    assert_eq!(outputs.image.path, bench.path("STiROT/Binary/appli_enc_sign.hex"));
    assert_eq!(outputs.configuration.path, bench.path("STiROT/Binary/STiROT_Config.obk"));
    assert_eq!(outputs.data.path, bench.path("STiROT/Binary/STiROT_Data.obk"));
    assert_eq!(outputs.debug_authentication.path, bench.path("DA/Binary/DA_Config.obk"));
    for output in [&outputs.configuration, &outputs.data, &outputs.debug_authentication] {
        assert!(ObkFile::decode(&fs::read(&output.path).unwrap()).unwrap() == output.obk);
    }
}

#[test]
fn the_image_is_what_the_settings_say_and_opens_with_the_projects_keys() {
    let bench = Bench::sample();
    let project = bench.open().unwrap();
    let image = project.outputs().unwrap().image;
    assert!(image.report.all_hold(), "{:?}", image.report.checks);
    assert_eq!((image.version.as_str(), image.security_counter), ("1.0.0", Some(0x0100_0000)));
    assert_eq!((image.address, image.slot_size), (0x9002_0000, 0x2_0000));
    assert_eq!(image.bytes[..4], 0xC159_2EE9_u32.to_le_bytes());
    assert_eq!(image.bytes.len(), image.report.image_size as usize);
    let slot = image.slot();
    assert_eq!(slot.len(), 0x2_0000);
    assert!(slot.starts_with(&image.bytes));
    assert!(slot[image.bytes.len()..0x1_FFF0].iter().all(|byte| *byte == 0xFF));
    assert_eq!(slot[0x1_FFF0..0x1_FFF2], [0x77, 0xC2]);
    let application = fs::read(bench.path("STiROT/Image/appli.bin")).unwrap();
    let plain = application.windows(16).step_by(16);
    for run in plain.filter(|run| run.iter().any(|byte| *byte != run[0])).take(50) {
        assert!(!slot.windows(16).any(|window| window == run), "a piece of the application lies open in the image");
    }
}

#[test]
fn nothing_is_built_again_while_nothing_changes() {
    let bench = Bench::sample();
    let first = bench.open().unwrap().outputs().unwrap();
    let before = content(&bench.project);
    let project = bench.open().unwrap();
    for _ in 0..2 {
        let second = project.outputs().unwrap();
        assert_eq!(built(&second), [false; 4]);
        assert_eq!(second.image.sha256, first.image.sha256);
        assert_eq!(second.image.built_because, None);
    }
    assert_eq!(content(&bench.project), before);
}

#[test]
fn another_application_makes_another_image_and_nothing_else() {
    let (built, because) = rebuilt_after(|bench| bench.application(20_011, 0xA5));
    assert_eq!(built, [true, false, false, false]);
    assert_eq!(because.unwrap(), "the application was changed");
}

#[test]
fn one_changed_byte_of_the_application_is_seen() {
    let (built, _) = rebuilt_after(|bench| {
        let path = bench.path("STiROT/Image/appli.bin");
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(path, bytes).unwrap();
    });
    assert_eq!(built, [true, false, false, false]);
}

#[test]
fn another_version_makes_another_image() {
    let (built, because) = rebuilt_after(|bench| bench.set(IMAGE, "Version", "1.0.1"));
    assert_eq!(built, [true, false, false, false]);
    assert!(because.unwrap().contains("1.0.1"));
}

#[test]
fn another_security_counter_makes_another_image() {
    let (built, because) = rebuilt_after(|bench| bench.set(IMAGE, "Security Counter", "7"));
    assert_eq!(built, [true, false, false, false]);
    assert!(because.unwrap().contains("security counter"));
}

#[test]
fn another_authentication_key_makes_another_image_and_another_configuration() {
    let (built, because) = rebuilt_after(|bench| {
        let key = formats::PrivateKey::generate().unwrap();
        fs::write(bench.path("STiROT/Keys/STiROT_Authentication.pem"), key.to_pem().unwrap().as_bytes()).unwrap();
        fs::write(bench.path("STiROT/Keys/STiROT_Authentication_pub.pem"), key.public().to_pem()).unwrap();
    });
    assert_eq!(built, [true, false, true, false]);
    assert!(because.unwrap().contains("signing key"));
}

#[test]
fn another_encryption_key_makes_another_image_and_another_configuration() {
    let (built, because) = rebuilt_after(|bench| {
        let key = formats::PrivateKey::generate().unwrap();
        fs::write(bench.path("STiROT/Keys/STiROT_Encryption.pem"), key.to_pem().unwrap().as_bytes()).unwrap();
        fs::write(bench.path("STiROT/Keys/STiROT_Encryption_pub.pem"), key.public().to_pem()).unwrap();
    });
    assert_eq!(built, [true, false, true, false]);
    assert!(because.unwrap().contains("encryption key"));
}

#[test]
fn other_slots_make_another_image_and_another_configuration() {
    let (built, _) = rebuilt_after(|bench| {
        bench.set(CONFIG, "Firmware download area address (in external flash)", "0x90040000");
    });
    assert_eq!(built, [true, false, true, false]);
    let (built, _) = rebuilt_after(|bench| bench.set(CONFIG, "Firmware area size", "0x1E000"));
    assert_eq!(built, [true, false, true, false]);
}

#[test]
fn what_only_the_chip_needs_to_know_leaves_the_image_alone() {
    let (built, _) = rebuilt_after(|bench| bench.set(CONFIG, "Clock selection", "0"));
    assert_eq!(built, [false, false, true, false]);
    let (built, _) = rebuilt_after(|bench| bench.set(CERTIFICATE, "Permission", "0x4001"));
    assert_eq!(built, [false, true, false, false]);
}

#[test]
fn damaged_outputs_are_built_again() {
    for (name, expected) in [
        ("STiROT/Binary/appli_enc_sign.hex", [true, false, false, false]),
        ("DA/Binary/DA_Config.obk", [false, true, false, false]),
        ("STiROT/Binary/STiROT_Config.obk", [false, false, true, false]),
        ("STiROT/Binary/STiROT_Data.obk", [false, false, false, true]),
    ] {
        let half = |bench: &Bench| {
            let bytes = fs::read(bench.path(name)).unwrap();
            fs::write(bench.path(name), &bytes[..bytes.len() / 2]).unwrap();
        };
        assert_eq!(rebuilt_after(half).0, expected, "{name} cut short");
        assert_eq!(rebuilt_after(|bench| fs::write(bench.path(name), "").unwrap()).0, expected, "{name} empty");
        assert_eq!(rebuilt_after(|bench| fs::remove_file(bench.path(name)).unwrap()).0, expected, "{name} removed");
    }
}

#[test]
fn a_plain_file_is_kept_as_well_as_a_hex_file() {
    let bench = Bench::sample();
    bench.set(IMAGE, "Image output file", "./../Binary/appli_enc_sign.bin");
    let image = bench.open().unwrap().outputs().unwrap().image;
    assert_eq!(fs::read(&image.path).unwrap(), image.slot());
    let again = bench.open().unwrap().outputs().unwrap().image;
    assert!(!again.built);
    assert_eq!(again.sha256, image.sha256);
}

#[test]
fn locked_has_the_object_that_locks_and_keeps_the_way_back_of_closed() {
    let bench = Bench::sample();
    let project = bench.open().unwrap();
    let closed = project.outputs().unwrap();
    let locked = project.outputs_for(TargetState::Locked).unwrap();
    assert!(locked.debug_authentication.obk == ObkFile::da_lock());
    assert_eq!(locked.debug_authentication.path, bench.path("DA/Binary/DA_ConfigLock.obk"));
    assert_eq!(locked.image.sha256, closed.image.sha256);
    assert!(!project.outputs().unwrap().debug_authentication.built);
}

#[test]
fn a_password_makes_the_object_that_asks_for_it() {
    let bench = Bench::sample();
    bench.replace(
        "stirot-studio.toml",
        "debug_authentication = \"certificate\"",
        "debug_authentication = \"password\"",
    );
    let outputs = bench.open().unwrap().outputs().unwrap();
    let object = &outputs.debug_authentication;
    assert_eq!(object.name, "DA_ConfigWithPassword");
    assert_eq!(object.obk.destination, chip::Destination::DA_PASSWORD);
    bench.set(PASSWORD, "Password", "0000");
    let other = bench.open().unwrap().outputs().unwrap();
    assert!(other.debug_authentication.built);
    assert!(other.debug_authentication.obk != object.obk);
}

#[test]
fn the_configuration_object_says_what_the_project_says() {
    let bench = Bench::sample();
    bench.set(CONFIG, "STiROT_iLoader size", "0x8000");
    let project = bench.open().unwrap();
    let outputs = project.outputs().unwrap();
    let payload = outputs.configuration.obk.hashed_payload().unwrap();
    let read = StirotConfig::decode(payload).unwrap();
    assert_eq!(read.loader_size, 0x8000);
    assert_eq!(project.stirot().unwrap().loader_area().size, 0x8000);
    assert_eq!(read.firmware_size, project.stirot().unwrap().firmware_size);
}

#[test]
fn a_project_that_was_changed_since_it_was_opened_builds_nothing() {
    let bench = Bench::sample();
    for name in [CONFIG, IMAGE, CERTIFICATE, "stirot-studio.toml", "STiROT/Keys/STiROT_Encryption.pem"] {
        let project = bench.open().unwrap();
        assert_eq!(project.changed_file(), None);
        let mut text = fs::read_to_string(bench.path(name)).unwrap();
        text.push('\n');
        fs::write(bench.path(name), text).unwrap();
        let error = project.outputs().unwrap_err();
        assert!(matches!(&error, ProjectError::Changed { path } if *path == bench.path(name)), "{name}: {error:?}");
        assert!(project.check().iter().any(|finding| finding.id == "P4"));
    }
    assert!(!bench.path("STiROT/Binary").exists());
}

#[test]
fn an_output_that_cannot_be_written_is_named_and_the_old_ones_stay() {
    let bench = Bench::sample();
    bench.open().unwrap().outputs().unwrap();
    bench.application(4096, 1);
    // What no file can take the place of, for the superuser neither.
    let image = bench.path("STiROT/Binary/appli_enc_sign.hex");
    fs::remove_file(&image).unwrap();
    fs::create_dir(&image).unwrap();
    let before = content(&bench.project);
    let error = bench.open().unwrap().outputs().unwrap_err();
    assert!(error.to_string().contains("appli_enc_sign.hex"), "{error}");
    assert_eq!(content(&bench.project), before);
}

#[test]
fn outputs_whose_folder_cannot_be_made_are_an_error_that_names_them() {
    let bench = Bench::sample();
    fs::write(bench.path("DA/Binary"), "a file in the folder's place").unwrap();
    let error = bench.open().unwrap().outputs().unwrap_err();
    assert!(error.to_string().contains("DA_Config.obk"), "{error}");
    assert!(!error.help().is_empty());
}

#[test]
#[cfg(unix)]
fn objects_with_secrets_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::sample();
    bench.replace(
        "stirot-studio.toml",
        "debug_authentication = \"certificate\"",
        "debug_authentication = \"password\"",
    );
    let outputs = bench.open().unwrap().outputs().unwrap();
    for output in [&outputs.configuration, &outputs.debug_authentication] {
        let mode = fs::metadata(&output.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", output.path.display());
    }
}

#[test]
fn nothing_that_can_be_printed_shows_a_secret() {
    let bench = Bench::sample();
    bench.replace(
        "stirot-studio.toml",
        "debug_authentication = \"certificate\"",
        "debug_authentication = \"password\"",
    );
    let project = bench.open().unwrap();
    let outputs = project.outputs().unwrap();
    let shown = format!(
        "{project:?} {outputs:?} {:?} {:?} {:?}",
        project.stirot(),
        project.keys().collect::<Vec<_>>(),
        project.check()
    );
    assert!(!shown.contains("sample-password!"));
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let list = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte}, ")).collect::<String>();
    let payload = outputs.configuration.obk.hashed_payload().unwrap();
    let secrets = [
        &payload[0x3F + 36..0x3F + 68],
        &outputs.debug_authentication.obk.body[32..64],
        &outputs.debug_authentication.sha256,
    ];
    for secret in secrets {
        assert!(!shown.to_lowercase().contains(&hex(&secret[..8])));
        assert!(!shown.contains(&list(&secret[..8])));
    }
}
