//! A project under edit: an edit changes its value and nothing else, can be taken back, and is never lost or half made.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::{Bench, CERTIFICATE, CONFIG, IMAGE, content, place};
use formats::form::{FieldKey, FormField, FormKind};
use project::{
    Credential, Disk, DocumentRole, Draft, FieldEdit, FieldPlace, Flow, KeyRole, LoaderSetting, NewValue,
    SETTINGS_FILE, Settings, Stored, TargetState, field,
};

const STIROT: DocumentRole = DocumentRole::StirotConfig(Flow::Stirot);
const STIROT_IMAGE: DocumentRole = DocumentRole::StirotImage(Flow::Stirot);
const SETTINGS: DocumentRole = DocumentRole::Settings;

fn value(draft: &Draft, place: &FieldPlace) -> String {
    draft.field(place).unwrap().value.to_string()
}

/// Every text of a draft.
fn texts(draft: &Draft) -> Vec<String> {
    let settings = draft.setting_places().into_iter().map(|place| draft.setting(&place.key.name).unwrap());
    draft.documents().map(|document| document.form.source().to_string()).chain(settings).collect()
}

/// Another value than the one that stands in a field; `None` where it is taken from another file.
fn another(field: &FormField) -> Option<String> {
    Some(match &field.kind {
        FormKind::Number { .. } | FormKind::Info => format!("{}1", field.value.as_str()),
        FormKind::Choice { choices, .. } => format!("{:#x}", choices.last().unwrap().number),
        FormKind::Switch { off, .. } => format!("{off:#04x}"),
        FormKind::File { .. } => "./../Keys/another.pem".into(),
        FormKind::Output => ".\\..\\another.bin".into(),
        FormKind::Permission => "0x1".into(),
        FormKind::Password { .. } => "an & other <one>".into(),
        FormKind::Argument { link: Some(_), .. } => return None,
        FormKind::Argument { .. } => format!("{}7", field.value.as_str()),
        FormKind::Unknown { element } => panic!("<{element}> isn't known"),
    })
}

/// How many bytes two texts have in common at the front, and behind that at the end.
fn in_common(one: &str, other: &str) -> (usize, usize) {
    let front = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one.as_bytes()[front..], &other.as_bytes()[front..]);
    (front, one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count())
}

#[test]
fn saving_without_an_edit_writes_nothing_in_any_flow() {
    for flow in Flow::ALL {
        let bench = Bench::package();
        bench.choose(flow);
        let before = content(bench.root());
        let mut draft = bench.draft();
        assert_eq!((draft.unsaved(), draft.can_undo(), draft.can_redo()), (0, None, None));
        draft.keep_unsaved().unwrap();
        let disk = Disk::real();
        assert_eq!(draft.save(&disk).unwrap(), Stored::Written(Vec::new()));
        assert_eq!(disk.operations(), 0);
        assert_eq!(content(bench.root()), before);
    }
}

#[test]
fn an_edit_of_any_field_changes_its_value_in_its_file_and_no_other_byte() {
    let bench = Bench::package();
    let mut tried = 0;
    for (flow, credential) in Flow::ALL.into_iter().flat_map(|flow| [(flow, "certificate"), (flow, "password")]) {
        bench.choose(flow);
        let mut draft = bench.draft();
        draft.set(&place(SETTINGS, "debug_authentication"), credential).unwrap();
        draft.save(&Disk::real()).unwrap();
        let before = content(&bench.project);
        let roles: Vec<_> = draft.documents().map(|document| document.role).collect();
        for role in roles {
            let path = bench.path(role.file());
            let old = fs::read_to_string(&path).unwrap();
            for field in bench.draft().document(role).unwrap().form.fields() {
                let Some(new) = another(field) else { continue };
                let mut draft = bench.draft();
                let place = FieldPlace { document: role, key: field.key.clone() };
                draft.set(&place, &new).unwrap();
                assert_eq!(draft.unsaved(), 1, "{place:?}");
                assert_eq!(draft.save(&Disk::real()).unwrap(), Stored::Written(vec![path.clone()]));

                let text = fs::read_to_string(&path).unwrap();
                let (front, end) = in_common(&old, &text);
                let (gone, come) = (&old[front..old.len() - end], &text[front..text.len() - end]);
                let escaped = new.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                let element = format!("<Value>{escaped}</Value>");
                assert!(field.value.contains(gone), "{place:?} lost “{gone}”");
                let without = text.replace(&format!("\n\t\t{element}"), "");
                assert!(escaped.contains(come) || without == old, "{place:?} got “{come}”");
                assert_eq!(value(&bench.draft(), &place), new);
                fs::write(&path, &old).unwrap();
                assert!(content(&bench.project) == before, "{place:?} changed another file");
                tried += 1;
            }
        }
    }
    assert!(tried > 250, "{tried}");
}

#[test]
fn edits_of_several_files_are_taken_back_and_done_again_step_by_step() {
    let bench = Bench::sample();
    let mut draft = bench.draft();
    let edits = [
        (place(STIROT, field::FIRMWARE_SIZE), "0x1E000"),
        (place(STIROT_IMAGE, "Version"), "1.0.1"),
        (place(SETTINGS, "final_state"), "locked"),
        (place(DocumentRole::DaCertificate, "Permission"), "0x1"),
        (place(STIROT_IMAGE, "Header Size"), "0x800"),
    ];
    let mut seen = vec![texts(&draft)];
    for (place, text) in &edits {
        draft.set(place, text).unwrap();
        assert!(draft.can_undo().unwrap().contains(&place.key.name));
        seen.push(texts(&draft));
    }
    for before in seen.iter().rev().skip(1) {
        draft.undo().unwrap();
        assert!(texts(&draft) == *before);
    }
    assert_eq!((draft.can_undo(), draft.unsaved()), (None, 0), "all taken back is as never done");
    assert!(draft.documents().all(|document| !document.is_edited()));
    for after in seen.iter().skip(1) {
        draft.redo().unwrap();
        assert!(texts(&draft) == *after);
    }
    assert_eq!(draft.can_redo(), None);
    draft.undo().unwrap();
    draft.set(&edits[1].0, "2.0.0").unwrap();
    assert_eq!(draft.can_redo(), None, "what was taken back is forgotten with the next edit");
}

#[test]
fn taking_back_goes_on_behind_a_saving() {
    let bench = Bench::sample();
    let before = content(&bench.project);
    let mut draft = bench.draft();
    draft.set(&place(STIROT, field::FIRMWARE_SIZE), "0x1E000").unwrap();
    draft.save(&Disk::real()).unwrap();
    draft.undo().unwrap();
    assert_eq!(draft.unsaved(), 1);
    draft.save(&Disk::real()).unwrap();
    assert!(content(&bench.project) == before);
}

#[test]
fn a_mend_of_several_fields_is_one_step() {
    let bench = Bench::sample();
    let mut draft = bench.draft();
    let before = texts(&draft);
    let keys = [KeyRole::Authentication, KeyRole::Encryption].map(|role| draft.key_place(role).unwrap());
    let exchange = |(place, _): &(FieldPlace, _), path: &std::path::Path| FieldEdit {
        file: bench.path(CONFIG),
        field: place.key.name.clone(),
        value: NewValue::Path(path.to_owned()),
    };
    draft.mend("exchanged", &[exchange(&keys[0], &keys[1].1), exchange(&keys[1], &keys[0].1)]).unwrap();
    assert_eq!(draft.can_undo(), Some("exchanged"));
    assert_eq!(draft.key_place(KeyRole::Authentication).unwrap().1, keys[1].1);
    assert_eq!(draft.key_place(KeyRole::Encryption).unwrap().1, keys[0].1);
    draft.undo().unwrap();
    assert!(texts(&draft) == before);
}

#[test]
fn numbers_are_written_as_the_author_of_the_file_writes_them() {
    let bench = Bench::package();
    bench.choose(Flow::StirotOemurot);
    let mut draft = bench.draft();
    let (config, image) =
        (DocumentRole::StirotConfig(Flow::StirotOemurot), DocumentRole::OemImage(Flow::StirotOemurot));
    for (place, number, written) in [
        (place(config, field::FIRMWARE_SIZE), 0x1_E000, "0x1E000"),
        (place(config, field::MINIMUM_STATE), 0x5C, "0x5C"),
        (place(config, field::LOADER_OFFSET), 0x2000, "0x2000"),
        (place(config, field::INSTALLATION_ADDRESS), 0x9045_0000, "0x90450000"),
        (place(image, "Number of scratch sectors"), 34, "34"),
        (place(DocumentRole::StirotImage(Flow::StirotOemurot), "Image magic"), 0xC159_2EEA, "0xc1592eea"),
    ] {
        draft.set_number(&place, number).unwrap();
        assert_eq!(value(&draft, &place), written, "{place:?}");
    }
    let mut sample = Bench::sample().draft();
    sample.set_number(&place(STIROT, field::FIRMWARE_SIZE), 0x1_E000).unwrap();
    assert_eq!(value(&sample, &place(STIROT, field::FIRMWARE_SIZE)), "0x0001E000");
}

#[test]
fn paths_are_written_from_their_file_with_the_separators_of_its_author() {
    let bench = Bench::package();
    let mut draft = bench.draft();
    draft.use_key(KeyRole::DebugRoot, &bench.path("DA/Keys/root_v2.pem")).unwrap();
    let root = place(DocumentRole::DaCertificate, field::ROOT_KEY);
    assert_eq!(value(&draft, &root), "./../Keys/root_v2.pem");
    assert_eq!(draft.key_place(KeyRole::DebugRoot).unwrap(), (root, bench.path("DA/Keys/root_v2.pem")));

    let output = place(DocumentRole::DaCertificate, field::OUTPUT);
    draft.set_path(&output, &bench.path("DA/Binary/mine.obk")).unwrap();
    assert_eq!(value(&draft, &output), ".\\..\\Binary\\mine.obk");

    bench.choose(Flow::StirotOemurot);
    let mut draft = bench.draft();
    let input = place(DocumentRole::OemImage(Flow::StirotOemurot), "Firmware binary input file");
    draft.set_path(&input, &bench.root().join("Applications/own.bin")).unwrap();
    assert_eq!(value(&draft, &input), "../../../Applications/own.bin");
    draft.use_key(KeyRole::OemEncryption, &bench.path("STiROT_OEMuROT/Keys/v2.pem")).unwrap();
    assert_eq!(value(&draft, &draft.key_place(KeyRole::OemEncryption).unwrap().0), "./../Keys/v2.pem");
}

#[test]
fn a_field_goes_back_to_the_value_that_its_file_names() {
    let bench = Bench::package();
    let mut draft = bench.draft();
    for (place, text, default) in [
        (place(DocumentRole::DaCertificate, field::ROOT_KEY), "a.pem", ".\\..\\Keys\\DA_Root_Authentication.pem"),
        (place(STIROT, field::FIRMWARE_SIZE), "0x1E000", "0x00020000"),
        (place(STIROT_IMAGE, "Header Size"), "0x800", "0x400"),
    ] {
        let before = draft.unsaved();
        draft.set(&place, text).unwrap();
        draft.reset(&place).unwrap();
        assert_eq!(value(&draft, &place), default);
        draft.undo().unwrap();
        assert_eq!(value(&draft, &place), text);
        draft.undo().unwrap();
        assert_eq!(draft.unsaved(), before);
    }
    let destination = FieldPlace { document: STIROT, key: FieldKey::info("ObDestAddress") };
    draft.set(&destination, "0x00000109").unwrap();
    draft.reset(&destination).unwrap();
    assert_eq!(value(&draft, &destination), "0x00000109", "a field without such a value stays as it is");
}

#[test]
fn a_linked_value_follows_the_configuration_and_is_edited_there_only() {
    let bench = Bench::sample();
    let mut draft = bench.draft();
    let linked = place(STIROT_IMAGE, field::FIRMWARE_SIZE);
    let error = draft.set(&linked, "0x10000").unwrap_err();
    assert!(error.to_string().contains("linked"), "{error}");
    draft.set(&place(STIROT, field::FIRMWARE_SIZE), "0x1E000").unwrap();
    draft.set(&place(STIROT, field::DOWNLOAD_ADDRESS), "0x90040000").unwrap();
    assert!(draft.assess(None).first_error().is_none());
    draft.save(&Disk::real()).unwrap();
    let image = bench.open().unwrap().outputs().unwrap().image;
    assert_eq!((image.slot_size, image.address), (0x1_E000, 0x9004_0000));
}

#[test]
fn the_project_file_is_edited_like_the_others_and_keeps_its_comments() {
    let bench = Bench::sample();
    let before = fs::read_to_string(bench.path(SETTINGS_FILE)).unwrap();
    let mut draft = bench.draft();
    draft.set(&place(STIROT, field::FIRMWARE_SIZE), "0x1E000").unwrap();
    for (name, word) in [
        ("name", "Pump “7”"),
        ("final_state", "locked"),
        ("debug_authentication", "password"),
        ("loader", "Loader\\own.bin"),
    ] {
        draft.set(&place(SETTINGS, name), word).unwrap();
    }
    assert_eq!(draft.setting("loader").unwrap(), "Loader/own.bin");
    assert!(draft.settings_are_edited());
    assert_eq!(draft.unsaved(), 5);
    draft.undo().unwrap();
    assert_eq!(draft.settings().loader, LoaderSetting::Builtin);
    draft.redo().unwrap();
    draft.save(&Disk::real()).unwrap();

    let settings = Settings::load(&bench.project).unwrap();
    assert_eq!(settings.name, "Pump “7”");
    assert_eq!(settings.final_state, TargetState::Locked);
    assert_eq!(settings.debug_authentication, Credential::Password);
    assert_eq!(settings.loader, LoaderSetting::File(bench.path("Loader/own.bin")));
    let after = fs::read_to_string(bench.path(SETTINGS_FILE)).unwrap();
    let comments =
        |text: &str| text.lines().filter(|line| line.starts_with('#')).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(comments(&after), comments(&before));
    for _ in 0..5 {
        draft.undo().unwrap();
    }
    assert_eq!(draft.settings(), &Settings { flow: Flow::Stirot, ..Settings::parse(&bench.project, &before).unwrap() });
}

#[test]
fn a_project_without_a_project_file_gets_one_when_it_needs_one() {
    let bench = Bench::package();
    let mut draft = bench.draft();
    draft.set(&place(SETTINGS, "flow"), "oemirot").unwrap();
    let written = draft.save(&Disk::real()).unwrap();
    assert_eq!(written, Stored::Written(vec![bench.path(SETTINGS_FILE)]));
    assert_eq!(bench.open().unwrap().flow(), Flow::Oemirot);
}

#[test]
fn another_flow_leaves_the_edits_of_this_one_alone() {
    let bench = Bench::package();
    let mut draft = bench.draft();
    let size = place(STIROT, field::FIRMWARE_SIZE);
    draft.set(&size, "0x1E000").unwrap();
    let flows: Vec<_> = draft.setting_choices("flow").into_iter().map(|(word, _)| word).collect();
    assert_eq!(flows, ["stirot", "stirot_oemurot", "oemirot", "da"]);
    draft.set(&place(SETTINGS, "flow"), "stirot_oemurot").unwrap();
    let shown: Vec<_> = draft.documents().map(|document| document.role.file()).collect();
    assert!(shown.iter().all(|file| !file.starts_with("STiROT/")), "{shown:?}");
    assert_eq!(value(&draft, &size), "0x1E000");
    draft.set(&place(DocumentRole::StirotConfig(Flow::StirotOemurot), field::CLOCK), "0x00").unwrap();
    assert_eq!(draft.unsaved(), 3);
    draft.save(&Disk::real()).unwrap();
    assert_eq!(value(&bench.draft(), &size), "0x1E000");
}

#[test]
fn a_refused_edit_leaves_everything_as_it_was() {
    let bench = Bench::sample();
    let mut draft = bench.draft();
    draft.set(&place(STIROT, field::MCE), "0x1").unwrap();
    draft.undo().unwrap();
    let before = texts(&draft);
    let number =
        |field: &str| FieldEdit { file: bench.path(CONFIG), field: field.into(), value: NewValue::Number(0x9004_0000) };
    let linked = FieldEdit { file: bench.path(IMAGE), ..number(field::DOWNLOAD_ADDRESS) };
    let refused = [
        draft.set(&place(STIROT, field::OUTPUT), "a\u{1}b"),
        draft.set(&place(STIROT, "Colour"), "red"),
        draft.set(&place(DocumentRole::OemConfig(Flow::Oemirot), field::ENCRYPTION_KEY), "a.pem"),
        draft.set(&place(SETTINGS, "flow"), "oemirot"),
        draft.set(&place(SETTINGS, "final_state"), "open"),
        draft.set(&place(SETTINGS, "name"), "  "),
        draft.set(&place(SETTINGS, "colour"), "red"),
        draft.use_key(KeyRole::OemEncryption, &bench.path("a.pem")),
        draft.mend("move it", &[number(field::DOWNLOAD_ADDRESS), linked]),
        draft.mend("move it", &[number(field::DOWNLOAD_ADDRESS), number("Colour")]),
        draft.mend("move it", &[FieldEdit { file: bench.path(CERTIFICATE), ..number(field::DOWNLOAD_ADDRESS) }]),
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert!(!error.help().is_empty(), "{error}");
    }
    assert!(texts(&draft) == before);
    assert_eq!((draft.unsaved(), draft.can_undo()), (0, None));
    assert!(draft.can_redo().is_some(), "what was taken back can still be done again");
}

#[test]
fn a_step_that_cannot_be_taken_back_stays_a_step() {
    let bench = Bench::package();
    let mut draft = bench.draft();
    draft.set(&place(SETTINGS, "flow"), "da").unwrap();
    fs::rename(bench.path("STiROT"), bench.path("away")).unwrap();
    draft.undo().unwrap_err();
    assert_eq!(draft.settings().flow, Flow::DebugAuthentication);
    assert!(draft.can_undo().is_some() && draft.can_redo().is_none());
    fs::rename(bench.path("away"), bench.path("STiROT")).unwrap();
    draft.undo().unwrap();
    assert_eq!(draft.settings().flow, Flow::Stirot);
}
