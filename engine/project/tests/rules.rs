//! What opens and would still not work is found, with rule, file, field and what to do; and it holds the outputs up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::{Bench, CERTIFICATE, CONFIG, IMAGE, PASSWORD};
use project::certificates::{self, ChainRequest};
use project::{Disk, Flow, ProjectError, Severity, TargetState, field};

/// The one error of a project, by rule and field; it holds the outputs up, and nothing is written.
fn only_error(bench: &Bench) -> (&'static str, Option<String>) {
    let errors = bench.errors();
    assert_eq!(errors.len(), 1, "{:?}", bench.findings());
    let project = bench.open().unwrap();
    let error = project.outputs().unwrap_err();
    assert!(matches!(&error, ProjectError::Rules { findings } if findings.len() == 1), "{error:?}");
    assert!(!error.help().is_empty());
    assert!(!bench.path("STiROT/Binary").exists() && !bench.path("DA/Binary").exists(), "something was written");
    for finding in project.check() {
        assert!(!finding.text.is_empty() && !finding.help.is_empty() && finding.file.is_absolute(), "{finding:?}");
    }
    errors.into_iter().next().unwrap()
}

fn after(name: &str, field: &str, value: &str) -> (&'static str, Option<String>) {
    let bench = Bench::sample();
    bench.set(name, field, value);
    only_error(&bench)
}

fn at(id: &'static str, field: &str) -> (&'static str, Option<String>) {
    (id, Some(field.to_owned()))
}

#[test]
fn the_sample_breaks_no_rule_and_is_called_a_sample() {
    let bench = Bench::sample();
    let findings = bench.findings();
    assert!(
        findings.iter().all(|finding| finding.id == "R22" && finding.severity == Severity::Warning),
        "{findings:?}"
    );
    assert_eq!(findings.len(), 3);
}

#[test]
fn addresses_and_sizes_off_their_grid_are_found() {
    assert_eq!(after(CONFIG, field::FIRMWARE_SIZE, "0x1F000"), at("R2", field::FIRMWARE_SIZE));
    assert_eq!(after(CONFIG, field::INSTALLATION_ADDRESS, "0x90040800"), at("R3", field::INSTALLATION_ADDRESS));
    assert_eq!(after(CONFIG, field::LOADER_SIZE, "0x6001"), at("R5", field::LOADER_SIZE));
    assert_eq!(after(CONFIG, field::DOWNLOAD_ADDRESS, "0x90000000"), at("R11", field::DOWNLOAD_ADDRESS));
    assert_eq!(after(CONFIG, field::DOWNLOAD_ADDRESS, "0x24000000"), at("R11", field::DOWNLOAD_ADDRESS));
    assert_eq!(after(CONFIG, field::LOADER_OFFSET, "0xC000"), at("R13", field::LOADER_SIZE));
    assert_eq!(after(CONFIG, field::MCE, "1"), at("R12", field::MCE));
    assert_eq!(after(CONFIG, field::MCE, "2"), at("R6", field::MCE));
}

#[test]
fn a_firmware_area_outside_of_axi_sram_is_found_and_so_is_the_application_linked_elsewhere() {
    for address in ["0x20000000", "0x24002000", "0x24072000"] {
        let bench = Bench::sample();
        bench.set(CONFIG, field::FIRMWARE_ADDRESS, address);
        let rules: Vec<_> = bench.errors().into_iter().map(|(id, _)| id).collect();
        assert!(rules.starts_with(&["R1"]) && rules.ends_with(&["R17"]), "{address}: {rules:?}");
    }
}

#[test]
fn a_firmware_area_that_reaches_the_ecc_is_found() {
    let bench = Bench::sample();
    bench.set(CONFIG, field::FIRMWARE_SIZE, "0x70000");
    bench.set(CONFIG, field::DOWNLOAD_ADDRESS, "0x90100000");
    assert_eq!(only_error(&bench), at("R10", field::FIRMWARE_SIZE));
    bench.set(CONFIG, field::SRAM_ECC, "0");
    assert_eq!(bench.errors(), []);
}

#[test]
fn an_application_that_does_not_fit_is_found_with_the_room_there_is() {
    let bench = Bench::sample();
    bench.application(129_744, 0x11);
    assert_eq!(bench.errors(), [], "the largest one that fits");
    bench.application(129_745, 0x11);
    assert_eq!(only_error(&bench).0, "R16");
    let text = bench.findings().into_iter().find(|finding| finding.id == "R16").unwrap().text;
    assert!(text.contains("129744") && text.contains("129745"), "{text}");
}

#[test]
fn an_application_linked_for_another_address_is_found() {
    let bench = Bench::sample();
    bench.set(CONFIG, field::FIRMWARE_ADDRESS, "0x24010000");
    assert_eq!(only_error(&bench).0, "R17");
    let bench = Bench::sample();
    fs::write(bench.path("STiROT/Image/appli.bin"), [0_u8; 7]).unwrap();
    assert_eq!(only_error(&bench).0, "R17");
    fs::write(bench.path("STiROT/Image/appli.bin"), []).unwrap();
    assert_eq!(only_error(&bench).0, "R17");
}

#[test]
fn a_missing_application_is_found_and_named() {
    let bench = Bench::sample();
    fs::remove_file(bench.path("STiROT/Image/appli.bin")).unwrap();
    assert_eq!(only_error(&bench).0, "P2");
    let error = bench.open().unwrap().outputs().unwrap_err();
    assert!(error.to_string().contains("appli.bin"), "{error}");
    assert!(error.help().contains("build the application"), "{}", error.help());
}

#[test]
fn image_settings_that_differ_from_the_configuration_are_found() {
    let unlinked = |field: &str, value: &str| {
        let bench = Bench::sample();
        let text = fs::read_to_string(bench.path(IMAGE)).unwrap();
        let linked = format!("<Name>{field}</Name>\n\t\t<Link></Link>");
        assert!(text.contains(&linked));
        let here = format!("<Name>{field}</Name>\n\t\t<Value>{value}</Value>");
        fs::write(bench.path(IMAGE), text.replace(&linked, &here)).unwrap();
        only_error(&bench)
    };
    assert_eq!(unlinked(field::FIRMWARE_SIZE, "0x10000"), at("R17", field::FIRMWARE_SIZE));
    assert_eq!(unlinked(field::DOWNLOAD_ADDRESS, "0x90040000"), at("R17", field::DOWNLOAD_ADDRESS));
    let key = unlinked(field::AUTHENTICATION_KEY, "./../../DA/Keys/key_1_root.pem");
    assert_eq!(key, at("R7", field::AUTHENTICATION_KEY));
    let bench = Bench::sample();
    bench.replace(IMAGE, "<Default>0x400</Default>", "<Default>0x200</Default>");
    assert_eq!(only_error(&bench), at("R17", "Header Size"));
}

#[test]
fn one_key_in_two_roles_is_found() {
    let bench = Bench::sample();
    bench.set(CONFIG, field::ENCRYPTION_KEY, "./../Keys/STiROT_Authentication.pem");
    assert!(bench.errors().contains(&at("R7", field::ENCRYPTION_KEY)), "{:?}", bench.findings());
    assert!(bench.open().unwrap().outputs().is_err());
}

#[test]
fn one_key_for_two_stages_is_worth_knowing_and_holds_nothing_up() {
    let bench = Bench::own(Flow::StirotOemurot);
    let oem = "STiROT_OEMuROT/Config/OEMuROT_Config.xml";
    bench.set(oem, field::AUTHENTICATION_KEY, "./../Keys/STiROT_Authentication.pem");
    let [finding] = bench.findings().try_into().unwrap();
    assert_eq!((finding.id, finding.severity), ("R7", Severity::Warning), "{finding}");
    assert_eq!((&finding.file, finding.field.as_deref()), (&bench.path(oem), Some(field::AUTHENTICATION_KEY)));
    assert!(finding.text.contains("the OEM authentication key"), "{finding}");
    bench.open().unwrap().objects_for(TargetState::Closed).unwrap();

    let bench = Bench::own(Flow::Stirot);
    bench.set(CERTIFICATE, field::ROOT_KEY, "./../../STiROT/Keys/STiROT_Authentication.pem");
    certificates::make(&bench.open().unwrap(), &ChainRequest::default(), &Disk::real()).unwrap();
    let [finding] = bench.findings().try_into().unwrap();
    assert_eq!((finding.id, finding.severity), ("R7", Severity::Warning), "{finding}");
    bench.open().unwrap().outputs().unwrap();
}

/// Puts new keys into a project, so that no sample is recognised.
fn own_keys(bench: &Bench, authentication: &str, encryption: &str) {
    for name in [authentication, encryption] {
        let key = formats::PrivateKey::generate().unwrap();
        fs::write(bench.path("STiROT/Keys").join(name), key.to_pem().unwrap().as_bytes()).unwrap();
    }
    bench.set(CONFIG, field::AUTHENTICATION_KEY, &format!("./../Keys/{authentication}"));
    bench.set(CONFIG, field::ENCRYPTION_KEY, &format!(".\\..\\Keys\\{encryption}"));
}

#[test]
fn keys_of_ones_own_break_no_rule_and_are_no_samples() {
    let bench = Bench::sample();
    own_keys(&bench, "a.pem", "b.pem");
    let roles: Vec<_> = bench.open().unwrap().sample_keys().into_iter().map(|key| key.role).collect();
    assert_eq!(roles, [project::KeyRole::DebugRoot]);
    bench.open().unwrap().outputs().unwrap();
}

#[test]
fn swapped_keys_are_found_by_their_names() {
    let bench = Bench::sample();
    own_keys(&bench, "Product_Encryption.pem", "Product_Authentication.pem");
    assert_eq!(only_error(&bench), at("R7", field::AUTHENTICATION_KEY));
}

#[test]
fn swapped_sample_keys_are_found_whatever_their_files_are_called() {
    let bench = Bench::sample();
    for (from, to) in [("STiROT_Encryption", "one"), ("STiROT_Authentication", "two")] {
        fs::copy(bench.path(&format!("STiROT/Keys/{from}.pem")), bench.path(&format!("STiROT/Keys/{to}.pem"))).unwrap();
    }
    bench.set(CONFIG, field::AUTHENTICATION_KEY, "./../Keys/one.pem");
    bench.set(CONFIG, field::ENCRYPTION_KEY, "./../Keys/two.pem");
    let errors = bench.errors();
    assert_eq!(errors, [at("R7", field::AUTHENTICATION_KEY), at("R7", field::ENCRYPTION_KEY)]);
}

#[test]
fn swapped_keys_are_found_by_the_image_that_was_made_before() {
    let bench = Bench::sample();
    own_keys(&bench, "a.pem", "b.pem");
    let image = bench.open().unwrap().outputs().unwrap().image;
    bench.set(CONFIG, field::AUTHENTICATION_KEY, "./../Keys/b.pem");
    bench.set(CONFIG, field::ENCRYPTION_KEY, "./../Keys/a.pem");
    assert_eq!(bench.errors(), [at("R7", field::ENCRYPTION_KEY)]);
    let before = fs::read(&image.path).unwrap();
    assert!(bench.open().unwrap().outputs().is_err());
    assert_eq!(fs::read(&image.path).unwrap(), before, "the image of the right keys must stay");
}

#[test]
fn a_public_file_that_is_not_its_keys_other_half_is_found() {
    let bench = Bench::sample();
    let keys = bench.path("STiROT/Keys");
    fs::copy(keys.join("STiROT_Authentication_pub.pem"), keys.join("STiROT_Encryption_pub.pem")).unwrap();
    assert_eq!(only_error(&bench), ("R7", None));
    let file = bench.findings().into_iter().find(|finding| finding.id == "R7").unwrap().file;
    assert!(file.ends_with("STiROT_Encryption_pub.pem"));
}

#[test]
fn a_minimum_above_the_final_state_is_found_for_that_state_only() {
    let bench = Bench::sample();
    bench.set(CONFIG, field::MINIMUM_STATE, "0x5C");
    assert_eq!(only_error(&bench), at("R19", field::MINIMUM_STATE));
    let project = bench.open().unwrap();
    assert!(project.check_for(TargetState::Locked).iter().all(|finding| finding.severity == Severity::Warning));
}

#[test]
fn an_object_for_another_place_or_in_the_clear_is_found() {
    let cases = [
        (CONFIG, "<ObDestAddress>0x00000108</ObDestAddress>", "<ObDestAddress>0x00000109</ObDestAddress>", "R20"),
        (CONFIG, "<ObDestAddress>0x00000108</ObDestAddress>", "", "R20"),
        (CONFIG, "<DoEncryption>1</DoEncryption>", "<DoEncryption>0</DoEncryption>", "R21"),
        (CONFIG, "<Hash>\n\t</Hash>", "", "R20"),
        (CERTIFICATE, "<ObDestAddress>0x00510008</ObDestAddress>", "<ObDestAddress>0x008A0008</ObDestAddress>", "R20"),
        (CERTIFICATE, "<DoEncryption>1</DoEncryption>", "<DoEncryption>0</DoEncryption>", "R21"),
    ];
    for (name, from, to, id) in cases {
        let bench = Bench::sample();
        bench.replace(name, from, to);
        assert_eq!(only_error(&bench).0, id, "{from} to {to}");
    }
    let bench = Bench::sample();
    bench.replace(CERTIFICATE, "<DA>\n\t</DA>", "");
    assert!(bench.errors().iter().any(|(id, field)| *id == "R20" && field.as_deref() == Some("DA")));
}

#[test]
fn addresses_and_the_root_of_trust_are_written_alike_in_every_text() {
    let bench = Bench::sample();
    bench.replace(CERTIFICATE, "<ObDestAddress>0x00510008<", "<ObDestAddress>0x008A0008<");
    bench.set(CONFIG, field::MINIMUM_STATE, "0x5C");
    let texts: Vec<_> = bench.findings().into_iter().map(|finding| finding.text + &finding.help).collect();
    let told = |id_text: &str| texts.iter().any(|text| text.contains(id_text));
    assert!(told("the object is for 0x008A 0008, it belongs at 0x0051 0008"), "{texts:?}");
    assert!(told("STiRoT shall start") && !told("STiROT shall"), "{texts:?}");
}

#[test]
fn the_object_that_locks_is_no_way_back() {
    let bench = Bench::sample();
    bench.replace(PASSWORD, "0x008A0008", "0x00B40008");
    bench.replace(
        "stirot-studio.toml",
        "debug_authentication = \"certificate\"",
        "debug_authentication = \"password\"",
    );
    assert_eq!(only_error(&bench), at("R20", "ObDestAddress"));
}

#[test]
fn fields_in_another_order_are_found_before_a_chip_misreads_them() {
    let bench = Bench::sample();
    let text = fs::read_to_string(bench.path(CONFIG)).unwrap();
    let swapped = text
        .replace(field::INSTALLATION_ADDRESS, "@")
        .replace(field::DOWNLOAD_ADDRESS, field::INSTALLATION_ADDRESS)
        .replace('@', field::DOWNLOAD_ADDRESS);
    fs::write(bench.path(CONFIG), swapped).unwrap();
    bench.set(CONFIG, field::INSTALLATION_ADDRESS, "0x90000000");
    bench.set(CONFIG, field::DOWNLOAD_ADDRESS, "0x90020000");
    assert_eq!(only_error(&bench), ("R20", None));
    let bench = Bench::sample();
    bench.replace(
        CONFIG,
        "<Name>Reserved9</Name>\n\t\t<Value>0x00</Value>\n\t\t<Width>3</Width>",
        "<Name>Reserved9</Name>\n\t\t<Value>0x00</Value>\n\t\t<Width>2</Width>",
    );
    assert_eq!(only_error(&bench), ("R20", None));
}

#[test]
fn an_output_in_the_place_of_another_file_is_found() {
    for (name, field, value) in [
        (CONFIG, field::OUTPUT, "./../Keys/STiROT_Encryption.pem"),
        (CERTIFICATE, field::OUTPUT, ".\\..\\..\\STiROT\\Binary\\STiROT_Config.obk"),
        (IMAGE, "Image output file", "./appli.bin"),
    ] {
        let bench = Bench::sample();
        bench.set(name, field, value);
        assert!(bench.errors().iter().any(|(id, _)| *id == "P1"), "{value}: {:?}", bench.findings());
        assert!(bench.open().unwrap().outputs().is_err());
    }
}

#[test]
fn a_loader_that_is_not_there_is_found() {
    let bench = Bench::sample();
    bench.replace("stirot-studio.toml", "loader = \"builtin\"", "loader = \"own.bin\"");
    assert_eq!(only_error(&bench), at("P3", "loader"));
    fs::write(bench.path("own.bin"), project::loader::BUILTIN).unwrap();
    assert_eq!(bench.errors(), []);
}
