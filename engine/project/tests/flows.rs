//! ST's folder opens as it is in each of ST's flows, and every object comes out as ST publishes it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::{Bench, content, vectors};
use project::{Credential, Flow, Kept, KeyRole, ObjectRole, ProjectError, TargetState};

const ROLES_OF_TWO_STAGES: [KeyRole; 5] = [
    KeyRole::Authentication,
    KeyRole::Encryption,
    KeyRole::OemAuthentication,
    KeyRole::OemEncryption,
    KeyRole::DebugRoot,
];

/// The published file of an object; ST's own root of trust has the second stage's configuration at another place.
fn published(flow: Flow, name: &str) -> Vec<u8> {
    let read = |file: &str| fs::read(vectors().join(file)).unwrap();
    match (flow, name) {
        (_, "DA_Config" | "DA_ConfigWithPassword" | "DA_ConfigLock") => read(&format!("da/Binary/{name}.obk")),
        (Flow::Stirot, _) => read(&format!("stirot/Binary/{name}.obk")),
        (Flow::Oemirot, "OEMiROT_Config") => {
            let second_stage = read("stirot_oemurot/Binary/OEMuROT_Config.obk");
            [0x0000_0108_u32.to_le_bytes().as_slice(), &second_stage[4..]].concat()
        }
        (Flow::StirotOemurot, _) => read(&format!("stirot_oemurot/Binary/{name}.obk")),
        _ => panic!("ST publishes no {name} for {flow}"),
    }
}

fn objects_of(flow: Flow) -> &'static [&'static str] {
    match flow {
        Flow::Stirot => &["STiROT_Config", "STiROT_Data"],
        Flow::StirotOemurot => &["STiROT_Config", "STiROT_Data", "OEMuROT_Config", "OEMuROT_Data"],
        Flow::Oemirot => &["OEMiROT_Config"],
        Flow::DebugAuthentication => &[],
    }
}

/// The folders that objects are written to, without what ST put there.
fn without_objects(bench: &Bench) {
    for folder in ["STiROT/Binary", "STiROT_OEMuROT/Binary", "DA/Binary"] {
        fs::remove_dir_all(bench.path(folder)).unwrap();
    }
}

#[test]
fn a_folder_with_every_flow_is_one_boot_stage_without_a_project_file() {
    let bench = Bench::package();
    let project = bench.open().unwrap();
    assert_eq!(project.flow(), Flow::Stirot);
    assert_eq!(project.settings().final_state, TargetState::Closed);
    assert_eq!(bench.errors(), []);
}

#[test]
fn every_flow_opens_by_its_name_in_the_project_file_and_breaks_no_rule() {
    let roles: [&[KeyRole]; 4] = [
        &[KeyRole::Authentication, KeyRole::Encryption, KeyRole::DebugRoot],
        &ROLES_OF_TWO_STAGES,
        &[KeyRole::OemAuthentication, KeyRole::OemEncryption, KeyRole::DebugRoot],
        &[KeyRole::DebugRoot],
    ];
    for (flow, roles) in Flow::ALL.into_iter().zip(roles) {
        let bench = Bench::package();
        bench.choose(flow);
        let project = bench.open().unwrap();
        assert_eq!(project.flow(), flow);
        assert_eq!(project.keys().map(|key| key.role).collect::<Vec<_>>(), roles, "{flow}");
        assert_eq!(bench.errors(), [], "{flow}: {:?}", bench.findings());
        assert_eq!(project.stirot().is_some(), matches!(flow, Flow::Stirot | Flow::StirotOemurot));
        assert_eq!(project.outputs_folder(), bench.path(flow.folder()).join("Binary"));
    }
}

#[test]
fn two_boot_stages_have_their_slots_behind_the_second_stages_memory() {
    let bench = Bench::package();
    bench.choose(Flow::StirotOemurot);
    let project = bench.open().unwrap();
    let stirot = project.stirot().unwrap();
    assert_eq!((stirot.installation_address, stirot.download_address), (0x9041_0000, 0x9043_0000));
}

#[test]
fn a_folder_with_one_flow_is_that_flow_with_the_answers_kept_beside_it() {
    let bench = Bench::package();
    for folder in ["STiROT", "OEMiROT"] {
        fs::remove_dir_all(bench.path(folder)).unwrap();
    }
    let answers = bench.path("STiROT_OEMuROT/Config/default_state.txt");
    assert_eq!(bench.open().unwrap().settings().debug_authentication, Credential::Certificate);
    fs::write(answers, "default_product_state=LOCKED\ndefault_dbgauth=PASSWORD").unwrap();
    let project = bench.open().unwrap();
    assert_eq!(project.flow(), Flow::StirotOemurot);
    assert_eq!(project.settings().final_state, TargetState::Locked);
    assert_eq!(project.settings().debug_authentication, Credential::Password);
}

#[test]
fn every_object_of_every_flow_is_built_byte_for_byte_as_st_publishes_it() {
    for flow in Flow::ALL {
        let bench = Bench::package();
        without_objects(&bench);
        bench.choose(flow);
        let project = bench.open().unwrap();
        for (target, debug_authentication) in
            [(TargetState::Closed, "DA_Config"), (TargetState::Locked, "DA_ConfigLock")]
        {
            let objects = project.objects_for(target).unwrap();
            let names: Vec<_> = objects.iter().map(|object| object.name.as_str()).collect();
            assert_eq!(names, [&[debug_authentication], objects_of(flow)].concat(), "{flow}");
            for object in &objects {
                assert_eq!(object.kept, Kept::OnDisk);
                let written = fs::read(&object.path).unwrap();
                assert_eq!(written, published(flow, &object.name), "{flow}: {}", object.name);
                assert!(object.obk.encode().as_slice() == written);
            }
        }
    }
}

#[test]
fn with_a_password_every_flow_has_the_object_that_asks_for_it() {
    for flow in Flow::ALL {
        let bench = Bench::package();
        bench.choose(flow);
        let chosen = fs::read_to_string(bench.path(project::SETTINGS_FILE)).unwrap();
        fs::write(bench.path(project::SETTINGS_FILE), chosen + "debug_authentication = \"password\"\n").unwrap();
        let object = bench.open().unwrap().objects_for(TargetState::Closed).unwrap().swap_remove(0);
        assert_eq!(object.name, "DA_ConfigWithPassword");
        assert_eq!(object.obk.encode().as_slice(), published(flow, "DA_ConfigWithPassword"));
    }
}

#[test]
fn objects_that_st_made_are_found_right_and_left_alone() {
    for flow in [Flow::Stirot, Flow::StirotOemurot, Flow::DebugAuthentication] {
        let bench = Bench::package();
        bench.choose(flow);
        let before = content(bench.root());
        let objects = bench.open().unwrap().objects_for(TargetState::Closed).unwrap();
        assert!(objects.iter().all(|object| !object.built), "{flow}: {objects:?}");
        assert_eq!(content(bench.root()), before, "{flow}");
    }
}

#[test]
fn opening_and_judging_a_folder_changes_no_byte_of_it() {
    for flow in [None].into_iter().chain(Flow::ALL.map(Some)) {
        let bench = Bench::package();
        if let Some(flow) = flow {
            bench.choose(flow);
        }
        let before = content(bench.root());
        bench.open().unwrap().check();
        let draft = bench.draft();
        let assessment = draft.assess(None);
        assert!(assessment.first_error().is_none(), "{flow:?}: {:?}", assessment.findings);
        assert!(assessment.objects.iter().all(|object| object.obk.is_ok()), "{flow:?}");
        project::memory_map(&draft);
        assert_eq!(content(bench.root()), before, "{flow:?}");
    }
}

#[test]
fn the_folder_of_debug_authentication_alone_is_a_project() {
    let bench = Bench::debug_authentication();
    let project = bench.open().unwrap();
    assert_eq!(project.flow(), Flow::DebugAuthentication);
    assert_eq!(bench.errors(), []);
    assert_eq!(project.outputs_folder(), bench.path("DA/Binary"));
    let objects = project.objects_for(TargetState::Closed).unwrap();
    assert_eq!(objects.iter().map(|object| object.built).collect::<Vec<_>>(), [false]);
    let assessment = bench.draft().assess(None);
    assert_eq!(assessment.objects[0].role, ObjectRole::DebugAuthentication);
    assert!(assessment.is_sound(), "{:?}", assessment.belonging);
    assert_eq!(project::memory_map(&bench.draft()), []);

    bench.say("debug_authentication = \"password\"");
    fs::remove_file(bench.path("DA/Config/DA_Config.xml")).unwrap();
    assert_eq!(bench.open().unwrap().objects_for(TargetState::Closed).unwrap()[0].name, "DA_ConfigWithPassword");
}

#[test]
fn a_file_that_a_flow_lacks_is_named() {
    let of_flow: [(Flow, &[&str]); 4] = [
        (
            Flow::Stirot,
            &[
                "STiROT/Config/STiROT_Config.xml",
                "STiROT/Image/STiROT_Code_Image.xml",
                "STiROT/Keys/STiROT_Encryption.pem",
            ],
        ),
        (
            Flow::StirotOemurot,
            &[
                "STiROT_OEMuROT/Config/STiROT_Config.xml",
                "STiROT_OEMuROT/Config/OEMuROT_Config.xml",
                "STiROT_OEMuROT/Images/STiROT_Code_Image.xml",
                "STiROT_OEMuROT/Images/OEMuROT_Code_Image.xml",
                "STiROT_OEMuROT/Keys/STiROT_Authentication.pem",
                "STiROT_OEMuROT/Keys/OEMuROT_Encryption.pem",
            ],
        ),
        (
            Flow::Oemirot,
            &[
                "OEMiROT/Config/OEMiROT_Config.xml",
                "OEMiROT/Images/OEMiROT_Code_Image.xml",
                "OEMiROT/Keys/OEMiROT_Authentication.pem",
            ],
        ),
        (Flow::DebugAuthentication, &["DA/Config/DA_Config.xml", "DA/Keys/key_1_root.pem"]),
    ];
    for (flow, files) in of_flow {
        for file in files {
            let bench = Bench::package();
            bench.choose(flow);
            fs::remove_file(bench.path(file)).unwrap();
            let error = bench.error();
            assert!(error.to_string().replace('\\', "/").contains(file), "{flow} without {file}: {error}");
            assert!(!error.help().is_empty());
        }
    }
}

#[test]
fn a_flow_that_is_not_provisioned_yet_makes_no_outputs_and_writes_nothing() {
    for flow in [Flow::Oemirot, Flow::DebugAuthentication] {
        let bench = Bench::package();
        without_objects(&bench);
        bench.choose(flow);
        let before = content(bench.root());
        let error = bench.open().unwrap().outputs().unwrap_err();
        assert!(matches!(error, ProjectError::OtherFlow { flow: of } if of == flow), "{error:?}");
        assert!(error.to_string().contains(flow.summary()) && !error.help().is_empty(), "{error}");
        assert_eq!(content(bench.root()), before);
    }
}

#[test]
fn a_flow_that_the_folder_does_not_hold_is_named_with_its_first_file() {
    let bench = Bench::published();
    bench.choose(Flow::Oemirot);
    let error = bench.error();
    assert!(matches!(error, ProjectError::NotAProject { .. }), "{error:?}");
    assert!(error.to_string().contains("OEMiROT_Config.xml"), "{error}");
}

#[test]
fn in_a_source_tree_the_objects_of_every_flow_go_to_the_users_data() {
    for flow in Flow::ALL {
        let bench = Bench::package();
        bench.choose(flow);
        fs::write(bench.root().join("Cargo.toml"), "").unwrap();
        let before = content(&bench.project);
        let objects = bench.open().unwrap().objects_for(TargetState::Closed).unwrap();
        assert!(objects.iter().all(|object| object.path.starts_with(bench.data())), "{objects:?}");
        assert_eq!(content(&bench.project), before);
    }
}
