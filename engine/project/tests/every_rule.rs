//! Every rule, broken once: it alone is named, with file, field and what to do; and where an edit is offered, the edit
//! mends it. Where nothing is wrong, nothing is named.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use chip::ProductState;
use common::judging::Mended::{ByAPerson, ByItsEdit};
use common::judging::{FRESH, Mended, after_edits, mend, named};
use common::{Bench, CERTIFICATE, CONFIG, IMAGE, PASSWORD, place, program};
use formats::form::FieldKey;
use formats::{Passphrase, Secret};
use project::certificates::Renewed;
use project::key_files::protect;
use project::{
    BoardFacts, Disk, DocumentRole, FieldPlace, Flow, KeyRole, RULES, RegionName, Remedy, SETTINGS_FILE, Severity,
    Standing, field, rule_of,
};

const STIROT: DocumentRole = DocumentRole::StirotConfig(Flow::Stirot);
const STIROT_IMAGE: DocumentRole = DocumentRole::StirotImage(Flow::Stirot);
const TWO: DocumentRole = DocumentRole::StirotConfig(Flow::StirotOemurot);
const SETTINGS: DocumentRole = DocumentRole::Settings;
const APPLICATION: &str = "STiROT/Image/appli.bin";
/// The field that places the firmware area.
const AREA: (&str, Option<&str>) = (CONFIG, Some(field::FIRMWARE_ADDRESS));

fn after(id: &str, name: &str, text: &str, by: Mended) {
    after_edits(Flow::Stirot, id, &[(place(STIROT, name), text)], by);
}

#[test]
fn where_nothing_is_wrong_nothing_is_named_and_every_rule_holds() {
    let bench = Bench::own(Flow::Stirot);
    let assessment = bench.draft().assess(Some(&FRESH));
    assert_eq!(assessment.findings, []);
    assert_eq!(assessment.rules.len(), RULES.len());
    for (rule, standing) in &assessment.rules {
        assert_eq!(*standing, Standing::Holds, "{}", rule.id);
    }
    let without_a_board = bench.draft().assess(None).rules;
    let open: Vec<_> = without_a_board.iter().filter(|(_, standing)| *standing != Standing::Holds).collect();
    assert_eq!(
        open,
        [&(rule_of("R18").unwrap(), Standing::NotChecked), &(rule_of("R23").unwrap(), Standing::NotChecked)]
    );
    for flow in Flow::ALL {
        assert_eq!(Bench::own(flow).draft().assess(Some(&FRESH)).findings, [], "{flow}");
    }
}

#[test]
fn r1_the_firmware_area_lies_in_axi_sram_on_16_kib() {
    for address in ["0x24002000", "0x24001000"] {
        let bench = Bench::own(Flow::Stirot);
        // Linked so that it runs from either place.
        let mut application = program(0x8000, 1);
        application[4..8].copy_from_slice(&0x2400_4001_u32.to_le_bytes());
        fs::write(bench.path(APPLICATION), application).unwrap();
        let mut draft = bench.draft();
        draft.set(&place(STIROT, field::FIRMWARE_ADDRESS), address).unwrap();
        let finding = named(&bench, &draft, None, "R1", (CONFIG, Some(field::FIRMWARE_ADDRESS)));
        mend(&mut draft, &finding);
    }
}

#[test]
fn r2_its_size_is_whole_8_kib() {
    after("R2", field::FIRMWARE_SIZE, "0x1F000", ByItsEdit);
}

#[test]
fn r3_slots_begin_on_a_sector() {
    after("R3", field::DOWNLOAD_ADDRESS, "0x90040800", ByItsEdit);
    after("R3", field::INSTALLATION_ADDRESS, "0x90040800", ByItsEdit);
}

#[test]
fn r4_the_minimum_state_is_closed_or_locked() {
    after("R4", field::MINIMUM_STATE, "0x39", ByAPerson);
}

#[test]
fn r5_the_loader_lies_in_whole_sectors() {
    after("R5", field::LOADER_SIZE, "0x6001", ByItsEdit);
    after("R5", field::LOADER_SIZE, "0", ByItsEdit);
    after("R5", field::LOADER_OFFSET, "0x1000", ByAPerson);
}

#[test]
fn r6_the_cipher_is_one_that_a_loader_supports() {
    after("R6", field::MCE, "0x2", ByItsEdit);
    after("R6", field::MCE, "0x3", ByAPerson);
}

#[test]
fn r7_every_key_has_its_role_and_its_file() {
    let [one, other] = ["./../Keys/STiROT_Authentication.pem", "./../Keys/STiROT_Encryption.pem"];
    after("R7", field::ENCRYPTION_KEY, one, ByAPerson);
    let swapped = [(place(STIROT, field::AUTHENTICATION_KEY), other), (place(STIROT, field::ENCRYPTION_KEY), one)];
    after_edits(Flow::Stirot, "R7", &swapped, ByItsEdit);
    let bench = Bench::own(Flow::Stirot);
    fs::remove_file(bench.path("STiROT/Keys/STiROT_Encryption.pem")).unwrap();
    let finding = named(&bench, &bench.draft(), None, "R7", (CONFIG, Some(field::ENCRYPTION_KEY)));
    assert!(finding.text.contains("STiROT_Encryption.pem"), "{finding}");
    assert_eq!(finding.remedy, Some(Remedy::NewKey(KeyRole::Encryption)));
}

#[test]
fn r7_an_image_with_keys_of_its_own_is_led_back_to_the_configurations() {
    for name in [field::AUTHENTICATION_KEY, field::ENCRYPTION_KEY] {
        let bench = Bench::own(Flow::Stirot);
        let link = if name == field::ENCRYPTION_KEY { "GetPublic" } else { "" };
        let named_in = |value: &str| format!("<Name>{name}</Name>\n\t\t{value}");
        let leaf = named_in("<Value>./../../DA/Keys/key_3_leaf.pem</Value>");
        bench.replace(IMAGE, &named_in(&format!("<Link>{link}</Link>")), &leaf);
        let mut draft = bench.draft();
        let finding = named(&bench, &draft, None, "R7", (IMAGE, Some(name)));
        mend(&mut draft, &finding);
    }
}

#[test]
fn r8_clock_and_ecc_are_codes_that_mean_something() {
    after("R8", field::CLOCK, "0x02", ByAPerson);
    after("R8", field::SRAM_ECC, "2", ByAPerson);
}

#[test]
fn r9_the_firmware_area_is_not_empty() {
    after("R9", field::FIRMWARE_SIZE, "0", ByItsEdit);
}

#[test]
fn r10_the_firmware_area_ends_inside_the_ram() {
    let large =
        [(place(STIROT, field::FIRMWARE_SIZE), "0x70000"), (place(STIROT, field::DOWNLOAD_ADDRESS), "0x90100000")];
    after_edits(Flow::Stirot, "R10", &large, ByItsEdit);
    let of_two = [(place(TWO, field::FIRMWARE_SIZE), "0x70000"), (place(TWO, field::DOWNLOAD_ADDRESS), "0x90500000")];
    after_edits(Flow::StirotOemurot, "R10", &of_two, ByItsEdit);
}

#[test]
fn r11_slots_lie_apart_in_one_window() {
    for address in ["0x90000000", "0x90010000", "0x24000000", "0x70000000", "0xFFFF0000"] {
        after("R11", field::DOWNLOAD_ADDRESS, address, ByItsEdit);
    }
    // Behind the other slot the flash ends; at its start the second stage's memory lies.
    let at_the_end =
        [(place(TWO, field::DOWNLOAD_ADDRESS), "0x24000000"), (place(TWO, field::INSTALLATION_ADDRESS), "0x97FE0000")];
    after_edits(Flow::StirotOemurot, "R11", &at_the_end, ByItsEdit);
    let bench = Bench::own(Flow::Stirot);
    let mut draft = bench.draft();
    draft.set(&place(STIROT, field::INSTALLATION_ADDRESS), "0x80000000").unwrap();
    let ids: Vec<_> = draft.assess(None).findings.into_iter().map(|finding| finding.id).collect();
    assert_eq!(ids, ["R11", "R12"], "a slot in no window is behind no cipher either");
}

#[test]
fn r12_the_cipher_is_the_ports() {
    after("R12", field::MCE, "0x1", ByItsEdit);
}

#[test]
fn r13_the_room_of_the_loader_is_where_and_what_it_needs() {
    after("R13", field::LOADER_OFFSET, "0x2000", ByItsEdit);
    let bench = Bench::own(Flow::Stirot);
    let mut loader = project::loader::BUILTIN.to_vec();
    loader.resize(0x6001, 0xFF);
    fs::write(bench.path("loader.bin"), loader).unwrap();
    let mut draft = bench.draft();
    draft.set(&place(SETTINGS, "loader"), "loader.bin").unwrap();
    let finding = named(&bench, &draft, None, "R13", (CONFIG, Some(field::LOADER_SIZE)));
    mend(&mut draft, &finding);
    fs::write(bench.path("loader.bin"), "no loader").unwrap();
    named(&bench, &draft, None, "R13", (SETTINGS_FILE, Some("loader")));
    let mut draft = bench.draft();
    draft.set(&place(STIROT, field::LOADER_OFFSET), "0xC000").unwrap();
    named(&bench, &draft, None, "R13", (CONFIG, Some(field::LOADER_SIZE)));
}

#[test]
fn r14_the_application_keeps_no_data_in_the_firmware_area() {
    let bench = Bench::own(Flow::Stirot);
    let mut application = program(4096, 1);
    application[..4].copy_from_slice(&0x2401_0000_u32.to_le_bytes());
    fs::write(bench.path(APPLICATION), application).unwrap();
    assert_eq!(named(&bench, &bench.draft(), None, "R14", AREA).severity, Severity::Warning);
}

#[test]
fn r15_stirots_slots_leave_the_second_stages_memory_alone_and_end_in_the_flash() {
    let name = field::INSTALLATION_ADDRESS;
    for address in ["0x90000000", "0x90200000", "0x903E0000", "0x90390000"] {
        after_edits(Flow::StirotOemurot, "R15", &[(place(TWO, name), address)], ByItsEdit);
    }
    after_edits(Flow::Stirot, "R15", &[(place(STIROT, name), "0x97FF0000")], ByAPerson);
}

#[test]
fn r15_both_slots_find_places_where_nothing_else_lies() {
    for download in ["0x90020000", "0x90410000"] {
        let bench = Bench::own(Flow::StirotOemurot);
        let mut draft = bench.draft();
        draft.set(&place(TWO, field::INSTALLATION_ADDRESS), "0x90000000").unwrap();
        draft.set(&place(TWO, field::DOWNLOAD_ADDRESS), download).unwrap();
        while let [finding, ..] = draft.assess(None).findings.as_slice() {
            let Some(Remedy::Edit { text, edits }) = &finding.remedy else { panic!("{finding}") };
            assert_eq!(finding.id, "R15", "{finding}");
            draft.mend(text, edits).unwrap();
        }
    }
}

#[test]
fn r16_the_image_fits_its_slot() {
    let bench = Bench::own(Flow::Stirot);
    fs::write(bench.path(APPLICATION), program(129_745, 1)).unwrap();
    named(&bench, &bench.draft(), None, "R16", (IMAGE, None));
}

#[test]
fn r17_image_configuration_and_application_agree() {
    after_edits(Flow::Stirot, "R17", &[(place(STIROT_IMAGE, "Header Size"), "0x200")], ByItsEdit);
    for (name, value) in [(field::FIRMWARE_SIZE, "0x10000"), (field::DOWNLOAD_ADDRESS, "0x90040000")] {
        let bench = Bench::own(Flow::Stirot);
        let linked = format!("<Name>{name}</Name>\n\t\t<Link></Link>");
        bench.replace(IMAGE, &linked, &format!("<Name>{name}</Name>\n\t\t<Value>{value}</Value>"));
        let mut draft = bench.draft();
        let finding = named(&bench, &draft, None, "R17", (IMAGE, Some(name)));
        mend(&mut draft, &finding);
    }
    let bench = Bench::own(Flow::Stirot);
    let mut draft = bench.draft();
    draft.set(&place(STIROT, field::FIRMWARE_ADDRESS), "0x24010000").unwrap();
    let finding = named(&bench, &draft, None, "R17", AREA);
    assert!(finding.text.contains("appli.bin") && finding.remedy.is_none(), "{finding:?}");
}

#[test]
fn r17_an_application_that_says_its_address_says_the_right_one_and_its_content_is_what_runs() {
    let bench = Bench::own(Flow::Stirot);
    let plain = program(0x2000, 1);
    let hex = |address: u32| {
        let mut bytes = plain.clone();
        bytes[4..8].copy_from_slice(&(address + 9).to_le_bytes());
        let segment = formats::Segment { address, bytes };
        formats::HexFile::new(vec![segment]).unwrap().encode()
    };
    let mut draft = bench.draft();
    draft.set(&place(STIROT_IMAGE, "Firmware binary input file"), "./appli.hex").unwrap();
    draft.save(&Disk::real()).unwrap();
    // No firmware area may begin right before AXI SRAM, or off its grid, or so that it reaches the ECC.
    for (address, written) in [(0x2400_0000, "0x2400 0000"), (0x2400_1400, "0x2400 1400"), (0x2405_0400, "0x2405 0400")]
    {
        fs::write(bench.path("STiROT/Image/appli.hex"), hex(address)).unwrap();
        let finding = named(&bench, &draft, None, "R17", AREA);
        assert!(finding.text.contains(written) && finding.text.contains("0x2400 0400"), "{finding}");
        assert_eq!((finding.region, &finding.remedy), (Some(RegionName::FirmwareArea), &None), "{finding}");
    }
    fs::write(bench.path("STiROT/Image/appli.hex"), hex(0x2401_0400)).unwrap();
    let finding = named(&bench, &draft, None, "R17", AREA);
    mend(&mut draft, &finding);

    fs::write(bench.path("STiROT/Image/appli.hex"), hex(0x2400_0400)).unwrap();
    let path = bench.open().unwrap().outputs().unwrap().image.path;
    let key = fs::read(bench.path("STiROT/Keys/STiROT_Encryption.pem")).unwrap();
    let image = formats::ImageFile::decode(&fs::read(path).unwrap()).unwrap();
    let inside = formats::decrypt(&image, &formats::PrivateKey::from_pem(&key).unwrap()).unwrap();
    assert!(inside.to_vec() == plain);
}

#[test]
fn r18_the_ecc_is_one_and_the_same_everywhere() {
    after_edits(Flow::StirotOemurot, "R18", &[(place(TWO, field::SRAM_ECC), "0x00")], ByItsEdit);
    let bench = Bench::own(Flow::Stirot);
    fs::write(bench.path("STiROT/ob_flash_programming.sh"), "-ob ECC_ON_SRAM=0\n").unwrap();
    let mut draft = bench.draft();
    let finding = named(&bench, &draft, None, "R18", (CONFIG, Some(field::SRAM_ECC)));
    mend(&mut draft, &finding);
}

#[test]
fn r19_the_final_state_is_not_below_the_minimum() {
    after("R19", field::MINIMUM_STATE, "0x5C", ByItsEdit);
}

#[test]
fn r20_objects_say_what_is_meant_where_they_belong() {
    let destination = |document| FieldPlace { document, key: FieldKey::info("ObDestAddress") };
    after_edits(Flow::Stirot, "R20", &[(destination(STIROT), "0x00000109")], ByItsEdit);
    after_edits(Flow::Stirot, "R20", &[(destination(DocumentRole::DaCertificate), "0x00B40008")], ByItsEdit);
    let oem = DocumentRole::OemConfig(Flow::StirotOemurot);
    after_edits(Flow::StirotOemurot, "R20", &[(destination(oem), "0x00000108")], ByItsEdit);
    for (name, from, field) in [(CONFIG, "<Hash>\n\t</Hash>", "Hash"), (CERTIFICATE, "<DA>\n\t</DA>", "DA")] {
        let bench = Bench::own(Flow::Stirot);
        bench.replace(name, from, "");
        named(&bench, &bench.draft(), None, "R20", (name, Some(field)));
    }
}

#[test]
fn r21_objects_are_stored_encrypted_and_passwords_have_4_to_16_characters() {
    let encryption = FieldPlace { document: STIROT, key: FieldKey::info("DoEncryption") };
    after_edits(Flow::Stirot, "R21", &[(encryption, "0")], ByItsEdit);
    let oem = FieldPlace { document: DocumentRole::OemConfig(Flow::Oemirot), key: FieldKey::info("DoEncryption") };
    after_edits(Flow::Oemirot, "R21", &[(oem, "0")], ByItsEdit);
    let password = place(DocumentRole::DaPassword, field::PASSWORD);
    let settings = place(SETTINGS, "debug_authentication");
    for text in ["abc", "12345678901234567", "pässwörd"] {
        after_edits(Flow::Stirot, "R21", &[(password.clone(), text), (settings.clone(), "password")], ByAPerson);
    }
}

#[test]
fn r22_no_key_and_no_password_is_everybodys() {
    let sample = Bench::sample();
    let findings = sample.draft().assess(None).findings;
    let remedies: Vec<_> = findings.iter().map(|finding| finding.remedy.clone().unwrap()).collect();
    let [authentication, encryption] = [KeyRole::Authentication, KeyRole::Encryption].map(Remedy::NewKey);
    assert_eq!(remedies, [authentication, encryption, Remedy::NewChain(Renewed::Root)]);
    named(&sample, &sample.draft(), None, "R22", (CONFIG, Some(field::AUTHENTICATION_KEY)));
    for text in ["sample-password!", "0123456789012345", "0000"] {
        let bench = Bench::own(Flow::Stirot);
        let mut draft = bench.draft();
        draft.set(&place(DocumentRole::DaPassword, field::PASSWORD), text).unwrap();
        draft.set(&place(SETTINGS, "debug_authentication"), "password").unwrap();
        let finding = named(&bench, &draft, None, "R22", (PASSWORD, Some(field::PASSWORD)));
        assert!(!finding.text.contains(text));
    }
}

#[test]
fn a_root_key_with_certificates_is_never_replaced_at_the_press_of_a_button() {
    let root = |bench: &Bench, id| {
        let found = bench.draft().assess(None).findings;
        found.into_iter().find(|finding| finding.id == id && finding.field.as_deref() == Some(field::ROOT_KEY)).unwrap()
    };
    for id in ["R22", "R7"] {
        let bench = Bench::sample();
        if id == "R7" {
            bench.set(CERTIFICATE, field::ROOT_KEY, "./../../STiROT/Keys/STiROT_Authentication.pem");
        }
        let finding = root(&bench, id);
        assert_eq!(finding.remedy, Some(Remedy::NewChain(Renewed::Root)), "{finding:?}");
        assert!(finding.help.contains("certificates"), "{finding:?}");
        fs::remove_dir_all(bench.path("DA/Certificates")).unwrap();
        assert_eq!(root(&bench, id).remedy, Some(Remedy::NewKey(KeyRole::DebugRoot)));
    }
    let published = Bench::published();
    fs::remove_file(published.path("DA/Keys/key_1_root.pem")).unwrap();
    assert_eq!(root(&published, "R7").remedy, None);
}

#[test]
fn r18_and_r23_a_board_is_asked_for_as_the_project_needs_it() {
    let bench = Bench::own(Flow::Stirot);
    let draft = bench.draft();
    for board in [
        BoardFacts { product_state: Some(ProductState::Provisioning), ..FRESH },
        BoardFacts { product_state: Some(ProductState::Closed), sram_ecc: Some(true), ..FRESH },
        BoardFacts { product_state: Some(ProductState::Locked), ..FRESH },
        BoardFacts { tcm_shares: Some([1, 0]), ..FRESH },
    ] {
        assert_eq!(named(&bench, &draft, Some(&board), "R23", (CONFIG, None)).severity, Severity::Warning);
    }
    let closed = BoardFacts { product_state: Some(ProductState::Closed), sram_ecc: Some(false), ..FRESH };
    let errors: Vec<_> = draft
        .assess(Some(&closed))
        .findings
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect();
    assert_eq!(errors.iter().map(|finding| finding.id).collect::<Vec<_>>(), ["R18"]);
    assert_eq!(draft.assess(Some(&BoardFacts::default())).findings, []);
}

#[test]
fn p1_no_output_takes_another_files_place() {
    after("P1", field::OUTPUT, "./../Keys/STiROT_Encryption.pem", ByAPerson);
    let certificate = place(DocumentRole::DaCertificate, field::OUTPUT);
    after_edits(Flow::DebugAuthentication, "P1", &[(certificate, "./DA_Config.xml")], ByAPerson);
    after_edits(Flow::Stirot, "P1", &[(place(STIROT_IMAGE, "Image output file"), "./appli.bin")], ByAPerson);
}

#[test]
fn p2_the_application_is_there() {
    let bench = Bench::own(Flow::Stirot);
    fs::remove_file(bench.path(APPLICATION)).unwrap();
    named(&bench, &bench.draft(), None, "P2", (IMAGE, Some("Firmware binary input file")));
}

#[test]
fn p3_the_loader_is_there() {
    after_edits(Flow::Stirot, "P3", &[(place(SETTINGS, "loader"), "not-there.bin")], ByAPerson);
}

#[test]
fn p4_nobody_else_changed_a_file() {
    for name in [CONFIG, IMAGE, CERTIFICATE, SETTINGS_FILE] {
        let bench = Bench::own(Flow::Stirot);
        let draft = bench.draft();
        let text = fs::read_to_string(bench.path(name)).unwrap();
        fs::write(bench.path(name), text + "\n").unwrap();
        let finding = named(&bench, &draft, None, "P4", (name, None));
        assert_eq!(finding.remedy, Some(Remedy::ReadAgain));
        assert_eq!(bench.draft().assess(None).findings, []);
    }
}

#[test]
fn p5_every_file_can_be_understood() {
    after("P5", field::FIRMWARE_SIZE, "large", ByAPerson);
    let bench = Bench::own(Flow::Stirot);
    bench.replace(CONFIG, "<Name>STiROT_iLoader size</Name>", "<Name>Something else</Name>");
    let finding = named(&bench, &bench.draft(), None, "P5", (CONFIG, Some(field::LOADER_SIZE)));
    assert!(finding.text.contains("line "), "{finding}");
}

#[test]
fn p6_a_protected_key_lies_nowhere_in_the_clear() {
    let passphrase = Passphrase::new(Secret::new("long enough to be one".into())).unwrap();
    for (flow, role, object) in [
        (Flow::Stirot, KeyRole::Encryption, "STiROT/Binary/STiROT_Config.obk"),
        (Flow::StirotOemurot, KeyRole::OemEncryption, "STiROT_OEMuROT/Binary/OEMuROT_Config.obk"),
        (Flow::Oemirot, KeyRole::OemEncryption, "OEMiROT/Binary/OEMiROT_Config.obk"),
    ] {
        let bench = Bench::own(flow);
        bench.open().unwrap().objects_for(project::TargetState::Closed).unwrap();
        let mut draft = bench.draft();
        let (_, path) = draft.key_place(role).unwrap();
        let key = protect(&Disk::real(), &path, &passphrase).unwrap();
        draft.use_key(role, &key.private).unwrap();
        for copy in &key.clear_copies {
            fs::remove_file(copy).unwrap();
        }
        let finding = named(&bench, &draft, None, "P6", (object, None));
        assert_eq!(finding.severity, Severity::Warning);
        fs::remove_file(bench.path(object)).unwrap();
        assert_eq!(draft.assess(None).findings, [], "{flow}");
    }
}

#[test]
fn p6_a_clear_file_of_the_same_key_beside_a_protected_one_is_named() {
    let passphrase = Passphrase::new(Secret::new("long enough to be one".into())).unwrap();
    let bench = Bench::own(Flow::Stirot);
    let (clear, export) = ("STiROT/Keys/STiROT_Authentication.pem", "STiROT/Keys/STiROT_Authentication_v2_clear.pem");
    let mut draft = bench.draft();
    let key = protect(&Disk::real(), &bench.path(clear), &passphrase).unwrap();
    draft.use_key(KeyRole::Authentication, &key.private).unwrap();
    let finding = named(&bench, &draft, None, "P6", (clear, None));
    assert_eq!(finding.severity, Severity::Warning);
    fs::rename(bench.path(clear), bench.path(export)).unwrap();
    named(&bench, &draft, None, "P6", (export, None));
    // Another key in the clear gives nothing away.
    fs::copy(bench.path("STiROT/Keys/STiROT_Encryption.pem"), bench.path(export)).unwrap();
    assert_eq!(draft.assess(None).findings, []);
}
