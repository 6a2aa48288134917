//! What a plan of two boot stages says before any board is touched, and what it refuses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::Files;
use common::two_stages::{APPLICATION, PROGRAM, layout};
use formats::{ApplicationRun, ConsoleLines, ImagePlaces, ObkFile, SecondStageLayout};
use project::{Credential, Outputs, Project};
use provision::update::{RefusedImages, UpdateImage, UpdateTarget, plan_update};
use provision::{
    BoardProfile, BootStages, FinalState, Identity, Plan, PlanRefusal, ProvisionError, Reason, StepId, plan, plan_for,
};

fn in_place() -> Files {
    Files::two_stages(ApplicationRun::InPlace, Credential::Certificate)
}

fn plan_to(project: &Project, outputs: &Outputs) -> Result<Plan, PlanRefusal> {
    plan(project, outputs, FinalState::Closed, &BoardProfile::discovery_kit())
}

#[track_caller]
fn refused(found: Result<Plan, PlanRefusal>) -> Vec<Reason> {
    let refusal = found.expect_err("the plan is refused");
    assert!(refusal.reasons.iter().all(|reason| !reason.help.is_empty()), "every reason says what to do");
    refusal.reasons
}

/// The reasons of a plan whose outputs are built anew.
#[track_caller]
fn refused_for(project: &Project) -> Vec<Reason> {
    match plan_for(project, FinalState::Closed) {
        Err(ProvisionError::Refused(refusal)) => refusal.reasons,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the plan is made"),
    }
}

fn names(reasons: &[Reason], what: &str) -> bool {
    reasons.iter().any(|reason| reason.text.contains(what))
}

#[test]
fn five_objects_are_stored_in_sts_order_and_both_images_written() {
    for run in ApplicationRun::ALL {
        let files = Files::two_stages(run, Credential::Certificate);
        let (plan, outputs) = plan_for(&files.project(), FinalState::Closed).unwrap();
        assert_eq!(plan.stages, BootStages::Two);
        let others = [StepId::Qualification];
        assert!(
            plan.steps.iter().map(|step| step.id).eq(StepId::ALL.into_iter().filter(|step| !others.contains(step)))
        );
        let objects = [
            (StepId::DebugAuthentication, "DA_Config · HDPL 0 · index 8"),
            (StepId::Configuration, "STiROT_Config · HDPL 1 · index 8"),
            (StepId::Data, "STiROT_Data · HDPL 1 · index 16"),
            (StepId::SecondConfiguration, "OEMuROT_Config · HDPL 2 · index 8"),
            (StepId::SecondData, "OEMuROT_Data · HDPL 2 · index 15"),
        ];
        let places = objects.map(|(step, what)| {
            let (place, found) = plan.step(step).unwrap();
            assert_eq!(found.what, what);
            place
        });
        assert!(places.is_sorted(), "{places:?}");
        let second = outputs.second.as_ref().unwrap();
        let (_, flash) = plan.step(StepId::ExternalFlash).unwrap();
        let expected = format!(
            "NOR 0x9043 0000 · second stage image {}; NOR 0x9020 0000 · application image {}",
            outputs.image.version, second.application.version
        );
        assert_eq!(flash.what, expected);
        let slot = u64::from(layout(&files.project()).application.slot_size);
        assert_eq!(flash.bytes, 2 * (0x2_0000 + slot), "{run:?}: both slots of both images");
        assert!(!plan.expectations.is_empty());
    }
}

#[test]
fn one_boot_stage_expects_nothing_of_a_second() {
    let (plan, _) = plan_for(&Files::new().project(), FinalState::Closed).unwrap();
    assert_eq!((plan.stages, plan.expectations.len()), (BootStages::One, 0));
    assert!(plan.step(StepId::SecondConfiguration).is_none());
}

#[test]
fn the_same_project_gives_the_same_plan_and_another_application_another() {
    let files = in_place();
    let (first, _) = plan_for(&files.project(), FinalState::Closed).unwrap();
    let (again, mut outputs) = plan_for(&files.project(), FinalState::Closed).unwrap();
    assert_eq!(first.hash, again.hash, "saved outputs are used again");
    let second = outputs.second.as_mut().unwrap();
    second.data.obk = ObkFile::stirot_data();
    assert!(provision::cube_programmer(&first, &outputs, &cube_files()).is_err(), "made of other objects");
    let mut application = fs::read(files.file(APPLICATION)).unwrap();
    application.push(1);
    fs::write(files.file(APPLICATION), application).unwrap();
    let (other, _) = plan_for(&files.project(), FinalState::Closed).unwrap();
    assert_ne!(first.hash, other.hash);
}

fn cube_files() -> provision::CubeFiles {
    provision::CubeFiles { loader: "iLoader.bin".into(), credential: None }
}

#[test]
fn what_it_is_made_of_is_named_and_nothing_secret_of_the_second_stage_is_in_it() {
    let files = in_place();
    let project = files.project();
    let (plan, outputs) = plan_for(&project, FinalState::Closed).unwrap();
    let names: Vec<_> = plan.inputs.iter().map(|input| input.name.as_str()).collect();
    let expected = [
        "second stage image",
        "application image",
        "DA_Config",
        "STiROT_Config",
        "STiROT_Data",
        "OEMuROT_Config",
        "OEMuROT_Data",
        "iLoader",
    ];
    assert_eq!(names, expected);
    let configuration = plan.inputs.iter().find(|input| input.name == "OEMuROT_Config").unwrap();
    assert!(matches!(configuration.identity, Identity::Fingerprints(_)), "it holds a private key");
    let private = &outputs.second.unwrap().configuration.obk.body[32 + 91..32 + 91 + 70];
    let text = format!("{plan:?}");
    assert!(!text.contains(&format!("{private:?}")));
}

#[test]
fn a_layout_block_that_names_other_slots_than_the_images_is_refused() {
    let files = in_place();
    let before = layout(&files.project());
    let application = ImagePlaces { installation: 0x9060_0000, run: 0x9060_0000, ..before.application };
    let mut outputs = files.project().outputs().unwrap();
    outputs.second.as_mut().unwrap().layout = Some(SecondStageLayout { application, ..before });
    let reasons = refused(plan_to(&files.project(), &outputs));
    assert!(names(&reasons, "another layout block"), "{reasons:?}");
    assert!(names(&reasons, "linked") || names(&reasons, "starts the application at"), "{reasons:?}");
}

#[test]
fn slots_of_both_stages_lie_apart_and_inside_of_the_nor() {
    let files = in_place();
    let mut outputs = files.project().outputs().unwrap();
    let second = outputs.second.as_mut().unwrap();
    second.application.address = 0x9042_0000;
    let reasons = refused(plan_to(&files.project(), &outputs));
    assert!(names(&reasons, "overlap"), "{reasons:?}");
    let mut outputs = files.project().outputs().unwrap();
    outputs.second.as_mut().unwrap().application.address = 0x97FF_0000;
    let reasons = refused(plan_to(&files.project(), &outputs));
    assert!(names(&reasons, "outside the MX66UW1G45G"), "{reasons:?}");
}

#[test]
fn an_application_that_is_linked_elsewhere_is_refused() {
    let files = in_place();
    let other = Files::two_stages(ApplicationRun::ExternalRam, Credential::Certificate);
    fs::copy(other.file(APPLICATION), files.file(APPLICATION)).unwrap();
    let reasons = refused_for(&files.project());
    assert!(
        reasons.iter().any(|reason| reason.text.contains("0x9000") || reason.rule == "link address"),
        "{reasons:?}"
    );
}

#[test]
fn an_image_of_the_first_stages_kind_in_the_applications_place_is_refused() {
    let files = in_place();
    let mut outputs = files.project().outputs().unwrap();
    let stirots = outputs.image.bytes.clone();
    outputs.second.as_mut().unwrap().application.bytes = stirots;
    let reasons = refused(plan_to(&files.project(), &outputs));
    assert!(names(&reasons, "no image for OEMuRoT"), "{reasons:?}");
}

#[test]
fn an_application_of_other_keys_than_the_stored_ones_is_refused() {
    let (files, other) = (in_place(), in_place());
    let mut outputs = files.project().outputs().unwrap();
    outputs.second.as_mut().unwrap().application.bytes =
        other.project().outputs().unwrap().second.unwrap().application.bytes;
    let reasons = refused(plan_to(&files.project(), &outputs));
    assert!(names(&reasons, "application image"), "{reasons:?}");
}

#[test]
fn a_second_stage_of_other_keys_than_stirots_is_refused() {
    let (files, other) = (in_place(), in_place());
    let mut outputs = files.project().outputs().unwrap();
    outputs.image.bytes = other.project().outputs().unwrap().image.bytes;
    let reasons = refused(plan_to(&files.project(), &outputs));
    assert!(names(&reasons, "does not open with the key of STiROT_Config"), "{reasons:?}");
}

#[test]
fn objects_of_the_second_stage_in_each_others_place_are_refused() {
    let files = in_place();
    let project = files.project();
    let mut outputs = project.outputs().unwrap();
    let second = outputs.second.as_mut().unwrap();
    std::mem::swap(&mut second.configuration, &mut second.data);
    let reasons = refused(plan_to(&project, &outputs));
    assert!(reasons.iter().any(|reason| reason.rule == "object"), "{reasons:?}");
}

#[test]
fn a_copy_in_internal_ram_leaves_the_second_stage_and_the_ecc_alone() {
    let files = Files::two_stages(ApplicationRun::InternalRam, Credential::Certificate);
    let project = files.project();
    assert!(plan_for(&project, FinalState::Closed).is_ok());
    let mut block = layout(&project);
    block.application.run = 0x2405_0000;
    files.set_block(&block);
    let reasons = refused_for(&files.project());
    assert!(names(&reasons, "SRAM4"), "{reasons:?}");
}

#[test]
fn a_second_stage_without_a_block_is_taken_with_a_note() {
    let files = in_place();
    let mut program = fs::read(files.file(PROGRAM)).unwrap();
    program[SecondStageLayout::OFFSET..][..16].fill(0);
    fs::write(files.file(PROGRAM), program).unwrap();
    let (plan, outputs) = plan_for(&files.project(), FinalState::Closed).unwrap();
    assert!(outputs.second.unwrap().layout.is_none());
    assert!(plan.expectations.iter().any(|expected| expected.check == "layout of the second stage"));
}

#[test]
fn a_project_whose_files_name_different_slots_plans_no_update() {
    let files = in_place();
    let mut block = layout(&files.project());
    block.application.download = 0x9070_0000;
    files.set_block(&block);
    let image = UpdateImage::of_bytes("image.bin", vec![0; 64]);
    let refusal = plan_update(&files.project(), UpdateTarget::Application, image, RefusedImages::Sent).unwrap_err();
    assert!(refusal.reasons.iter().all(|reason| reason.rule == "P9"), "{refusal}");
    assert!(names(&refusal.reasons, "0x9070 0000"), "{refusal}");
}

/// The installed images stay where they are, and no loader is left when the application isn't found.
#[test]
fn a_newer_second_stage_that_looks_elsewhere_for_the_application_is_no_update() {
    let files = in_place();
    let project = files.project();
    let present = layout(&project);
    let plan = |layout: SecondStageLayout| {
        let mut program = fs::read(files.file(PROGRAM)).unwrap();
        layout.replace_in(&mut program).unwrap();
        let path = files.folder().join("other.bin");
        fs::write(&path, program).unwrap();
        let version = "1.1.0".parse().unwrap();
        let image = UpdateImage::build(&project, UpdateTarget::SecondStage, Some(&path), version).unwrap();
        plan_update(&project, UpdateTarget::SecondStage, image, RefusedImages::NotSent)
    };
    let application = ImagePlaces { download: 0x9070_0000, ..present.application };
    for (other, message) in [
        (SecondStageLayout::for_run(ApplicationRun::ExternalRam), "starts the application at 0x7000 0400"),
        (SecondStageLayout { application, ..present }, "would not find the installed images"),
    ] {
        let PlanRefusal { reasons } = plan(other).unwrap_err();
        assert!(reasons.len() == 1 && names(&reasons, message), "{reasons:?}");
    }
    let silent = plan(SecondStageLayout { console: ConsoleLines::Silent, ..present }).unwrap();
    assert_eq!(silent.application_start, Some(0x9000_0400), "what it says on the console moves nothing");
}

#[test]
fn an_application_that_offers_no_update_is_planned_with_a_warning() {
    let files = in_place();
    let project = files.project();
    let own = fs::read(files.file(APPLICATION)).unwrap();
    let offer = b"u  update";
    let at = own.windows(offer.len()).position(|text| text == offer).unwrap();
    let mut other = own.clone();
    other[at..at + offer.len()].copy_from_slice(b"x  polish");
    let warning = |program: &[u8]| {
        let path = files.folder().join("program.bin");
        fs::write(&path, program).unwrap();
        let version = "1.1.0".parse().unwrap();
        let image = UpdateImage::build(&project, UpdateTarget::Application, Some(&path), version).unwrap();
        plan_update(&project, UpdateTarget::Application, image, RefusedImages::NotSent).unwrap().warning
    };
    assert_eq!(warning(&own), None);
    assert!(warning(&other).unwrap().contains("the last update"));
}
