//! ST's own project, as ST publishes it, opens as it is: its outputs are right already.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::{Bench, content, vectors};
use project::{Credential, KeyRole, TargetState};

#[test]
fn it_opens_with_defaults_and_breaks_no_rule() {
    let bench = Bench::published();
    let project = bench.open().unwrap();
    assert_eq!(project.name(), "ROT_Provisioning");
    assert_eq!(project.settings().final_state, TargetState::Closed);
    assert_eq!(project.settings().debug_authentication, Credential::Certificate);
    assert_eq!(bench.errors(), [], "{:?}", bench.findings());
    assert_eq!(project.stirot().unwrap().download_address, 0x9002_0000);
    assert_eq!(project.outputs_folder(), bench.path("STiROT/Binary"));
}

#[test]
fn its_outputs_are_kept_as_they_are() {
    let bench = Bench::published();
    let before = content(bench.root());
    let outputs = bench.open().unwrap().outputs().unwrap();
    let built =
        [outputs.image.built, outputs.debug_authentication.built, outputs.configuration.built, outputs.data.built];
    assert_eq!(built, [false; 4], "{:?}", outputs.image.built_because);
    assert_eq!(content(bench.root()), before);
    assert!(outputs.image.path.ends_with("Applications/ROT/STiROT_Appli/Binary/appli_enc_sign.hex"));
}

#[test]
fn its_objects_are_built_again_byte_for_byte() {
    let bench = Bench::published();
    for folder in ["STiROT/Binary", "DA/Binary"] {
        fs::remove_dir_all(bench.path(folder)).unwrap();
    }
    let project = bench.open().unwrap();
    let outputs = project.outputs().unwrap();
    let locked = project.outputs_for(TargetState::Locked).unwrap();
    for (output, published) in [
        (&outputs.configuration, "stirot/Binary/STiROT_Config.obk"),
        (&outputs.data, "stirot/Binary/STiROT_Data.obk"),
        (&outputs.debug_authentication, "da/Binary/DA_Config.obk"),
        (&locked.debug_authentication, "da/Binary/DA_ConfigLock.obk"),
    ] {
        assert!(output.built || output.name == "DA_ConfigLock");
        assert_eq!(fs::read(&output.path).unwrap(), fs::read(vectors().join(published)).unwrap(), "{published}");
    }
}

#[test]
fn its_keys_are_known_as_samples() {
    let bench = Bench::published();
    let keys = bench.open().unwrap().sample_keys();
    let roles: Vec<_> = keys.iter().map(|key| key.role).collect();
    assert_eq!(roles, [KeyRole::Authentication, KeyRole::Encryption, KeyRole::DebugRoot]);
    assert!(keys.iter().all(|key| key.name.starts_with("ST's")), "{keys:?}");
}

#[test]
fn a_password_is_a_matter_of_its_default_state() {
    let bench = Bench::published();
    fs::write(bench.path("STiROT/Config/default_state.txt"), "default_dbgauth=PASSWORD").unwrap();
    let outputs = bench.open().unwrap().outputs().unwrap();
    assert!(!outputs.debug_authentication.built);
    let published = fs::read(vectors().join("da/Binary/DA_ConfigWithPassword.obk")).unwrap();
    assert_eq!(outputs.debug_authentication.obk.encode().as_slice(), published);
}
