//! The image of the application behind a boot stage of one's own, and images of other applications with a project's
//! settings and keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::PathBuf;

use common::Bench;
use formats::{Flags, HexFile, ImageFile, ImageProfile, Parts, PrivateKey, Segment, decrypt};
use project::{Flow, ImageOutput, ImageRecipe, ProjectError, TargetState};

const APPLICATION: &str = "Applications/ROT/OEMiROT_Appli/Binary/rot_app.bin";

fn package(flow: Flow) -> Bench {
    let bench = Bench::package();
    bench.choose(flow);
    bench
}

fn made(bench: &Bench) -> ImageOutput {
    bench.open().unwrap().second_stage_image_for(TargetState::Closed).unwrap().unwrap()
}

#[test]
fn sts_xml_of_the_second_stage_becomes_the_image_that_it_describes() {
    let bench = package(Flow::StirotOemurot);
    let image = made(&bench);
    let facts = &image.description.facts;
    assert_eq!((facts.profile, facts.flags, facts.slot_size), (ImageProfile::Oemurot, Flags(4), 0x20_0000));
    assert_eq!((facts.version.to_string().as_str(), facts.security_counter), ("1.0.0", Some(0x0100_0000)));
    assert_eq!((facts.payload_bytes, facts.trailer_bytes), (4096, 32));
    assert_eq!(image.built_because.as_deref(), Some("there is none yet"));
    assert!(image.description.file.ends_with("Applications/ROT/OEMiROT_Appli/Binary/rot_app_enc_sign.hex"));

    let file = ImageFile::decode(&fs::read(&image.description.file).unwrap()).unwrap();
    assert_eq!(file.address, Some(0x9020_0000));
    let key =
        |name: &str| PrivateKey::from_pem(&fs::read(bench.path("STiROT_OEMuROT/Keys").join(name)).unwrap()).unwrap();
    let inside = decrypt(&file, &key("OEMuROT_Encryption.pem")).unwrap();
    assert_eq!(inside, fs::read(bench.root().join(APPLICATION)).unwrap());
    let parts = Parts::decode(&file.content).unwrap();
    assert!(parts.is_signed_by(&key("OEMuROT_Authentication.pem").public(), Some(&inside)));
}

#[test]
fn an_image_that_is_right_stays_and_another_application_makes_another() {
    let bench = package(Flow::Oemirot);
    assert!(bench.open().unwrap().image_for(TargetState::Closed).unwrap().is_none());
    let first = made(&bench);
    let before = fs::read(&first.description.file).unwrap();
    let again = made(&bench);
    assert_eq!(again.built_because, None);
    assert_eq!(again.description.facts.image_bytes, first.description.facts.image_bytes);
    assert_eq!(fs::read(&first.description.file).unwrap(), before);

    let path = bench.root().join(APPLICATION);
    let mut application = fs::read(&path).unwrap();
    *application.last_mut().unwrap() ^= 1;
    fs::write(&path, application).unwrap();
    assert_eq!(made(&bench).built_because.as_deref(), Some("the application was changed"));
    assert_ne!(fs::read(&first.description.file).unwrap(), before);
}

#[test]
fn a_damaged_image_is_built_anew() {
    let bench = package(Flow::Oemirot);
    let path = made(&bench).description.file;
    let mut hex = HexFile::decode(&fs::read(&path).unwrap()).unwrap();
    for (offset, why) in [(0x14, "hash"), (0x30, "gap"), (0x500, "hash"), (0x1420, "TLVs")] {
        hex.segments[0].bytes[offset] ^= 1;
        fs::write(&path, hex.encode()).unwrap();
        let because = made(&bench).built_because.unwrap();
        assert!(because.contains(why), "{offset:#x}: {because}");
        hex.segments[0].bytes[offset] ^= 1;
    }
}

#[test]
fn without_its_application_the_second_stage_has_no_image_and_says_which_file_is_missing() {
    let bench = package(Flow::StirotOemurot);
    fs::remove_file(bench.root().join(APPLICATION)).unwrap();
    let error = bench.open().unwrap().second_stage_image_for(TargetState::Closed).unwrap_err();
    assert!(matches!(error, ProjectError::Application { .. }), "{error}");
    assert!(error.to_string().contains("rot_app.bin"), "{error}");
    assert!(bench.open().unwrap().image_for(TargetState::Closed).unwrap().is_some());
}

/// A program in Intel hex that is linked to an address.
fn linked(bench: &Bench, address: u32) -> PathBuf {
    let path = bench.root().join("linked.hex");
    let hex = HexFile::new(vec![Segment { address, bytes: vec![0x5A; 1000] }]).unwrap();
    fs::write(&path, hex.encode()).unwrap();
    path
}

#[test]
fn an_application_is_built_for_the_address_that_it_will_run_at_and_for_no_other() {
    let bench = Bench::sample();
    let recipe = ImageRecipe::of_project(&bench.open().unwrap(), ImageProfile::Stirot).unwrap();
    let runs = recipe.code_address.unwrap();
    let output = bench.root().join("out.hex");
    let built = recipe.build(&linked(&bench, runs), &output).unwrap();
    assert_eq!(built.facts.payload_bytes, 1000);
    assert!(built.signed_with.sample().is_some(), "the sample's keys are everybody's");
    let rows = built.rows();
    assert!(rows.iter().any(|(name, text)| *name == "signed with" && text.contains("SAMPLE")), "{rows:?}");

    let before = fs::read(&output).unwrap();
    let error = recipe.build(&linked(&bench, runs + 0x400), &output).unwrap_err();
    assert!(error.to_string().contains("is linked to") && error.help().contains("link the application"), "{error}");
    assert_eq!(fs::read(&output).unwrap(), before);
}

#[test]
fn an_image_is_not_packed_into_another_one() {
    let bench = Bench::sample();
    let recipe = ImageRecipe::of_project(&bench.open().unwrap(), ImageProfile::Stirot).unwrap();
    let (first, second) = (bench.root().join("first.bin"), bench.root().join("second.bin"));
    recipe.build(&bench.path("STiROT/Image/appli.bin"), &first).unwrap();
    let error = recipe.build(&first, &second).unwrap_err();
    assert!(error.to_string().contains("signed already"), "{error}");
    assert!(!second.exists());
}

#[test]
fn a_recipe_that_fails_leaves_nothing_behind() {
    let bench = Bench::sample();
    let recipe = ImageRecipe::of_project(&bench.open().unwrap(), ImageProfile::Stirot).unwrap();
    let folder = bench.root().join("out");
    fs::create_dir(&folder).unwrap();
    let application = bench.root().join("large.bin");
    fs::write(&application, vec![1; 0x10_0000]).unwrap();
    let error = recipe.build(&application, &folder.join("image.bin")).unwrap_err();
    assert!(error.to_string().contains("may have at most"), "{error}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    assert!(ImageRecipe::of_project(&bench.open().unwrap(), ImageProfile::Oemurot).is_err());
}
