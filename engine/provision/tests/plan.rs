//! What a plan says before any board is touched, and what it refuses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::Files;
use formats::ObkFile;
use project::{Outputs, Project};
use provision::{BoardProfile, FinalState, Identity, Plan, PlanRefusal, ProvisionError, StepId, Undo, plan};

fn plan_to(project: &Project, outputs: &Outputs, state: FinalState) -> Result<Plan, PlanRefusal> {
    plan(project, outputs, state, &BoardProfile::discovery_kit())
}

fn rules(refused: Result<Plan, PlanRefusal>) -> Vec<String> {
    let refusal = refused.expect_err("the plan is refused");
    assert!(refusal.reasons.iter().all(|reason| !reason.help.is_empty()), "every reason says what to do");
    refusal.reasons.into_iter().map(|reason| reason.rule).collect()
}

#[test]
fn the_steps_come_in_their_order_and_each_says_what_proves_it() {
    let files = Files::new();
    let project = files.project();
    let outputs = project.outputs().unwrap();
    let plan = plan_to(&project, &outputs, FinalState::Closed).unwrap();
    let others = [StepId::Qualification, StepId::SecondConfiguration, StepId::SecondData];
    let by_certificate = StepId::ALL.into_iter().filter(|step| !others.contains(step));
    assert!(plan.steps.iter().map(|step| step.id).eq(by_certificate));
    for step in &plan.steps {
        assert!(!step.title.is_empty() && !step.what.is_empty() && !step.proof.is_empty() && !step.why.is_empty());
    }
    let never = |plan: &Plan| plan.steps.iter().filter(|step| step.undo == Undo::Never).count();
    assert_eq!(never(&plan), 0, "a plan to CLOSED can be taken back by regression");
}

#[test]
fn the_same_project_gives_the_same_hash_and_another_image_another() {
    let files = Files::new();
    let project = files.project();
    let outputs = project.outputs().unwrap();
    let first = plan_to(&project, &outputs, FinalState::Closed).unwrap();
    let again = plan_to(&files.project(), &files.project().outputs().unwrap(), FinalState::Closed).unwrap();
    assert_eq!(first.hash, again.hash, "saved outputs are used again");
    assert_eq!(first.inputs, again.inputs);

    let mut other = project.outputs().unwrap();
    other.image.bytes[0x500] ^= 1;
    let other = plan_to(&project, &other, FinalState::Closed).unwrap();
    assert_ne!(first.hash, other.hash);
}

#[test]
fn inputs_that_hold_secrets_are_named_by_public_fingerprints_only() {
    let files = Files::new();
    let project = files.project();
    let outputs = project.outputs().unwrap();
    let plan = plan_to(&project, &outputs, FinalState::Closed).unwrap();
    let configuration = plan.inputs.iter().find(|input| input.name == outputs.configuration.name).unwrap();
    assert!(matches!(configuration.identity, Identity::Fingerprints(_)), "{configuration:?}");

    let files = Files::new();
    files.by_password();
    let project = files.project();
    let outputs = project.outputs().unwrap();
    let plan = plan_to(&project, &outputs, FinalState::Closed).unwrap();
    let object = plan.inputs.iter().find(|input| input.name == outputs.debug_authentication.name).unwrap();
    assert_eq!(object.identity, Identity::Withheld, "a password can be guessed from a hash");
}

#[test]
fn a_minimum_state_above_the_final_state_is_refused() {
    let files = Files::new();
    let xml = "STiROT/Config/STiROT_Config.xml";
    files.edit(xml, "<Value>0x72</Value>", "<Value>0x5C</Value>");
    let good = Files::new();
    let outputs = good.project().outputs().unwrap();
    assert!(rules(plan_to(&files.project(), &outputs, FinalState::Closed)).contains(&"R19".to_owned()));
    match provision::plan_for(&files.project(), FinalState::Closed) {
        Err(ProvisionError::Refused(refusal)) => assert!(refusal.reasons.iter().any(|reason| reason.rule == "R19")),
        other => panic!("{:?}", other.map(|(plan, _)| plan)),
    }
}

#[test]
fn an_object_that_locks_and_the_final_state_must_belong_together() {
    let files = Files::new();
    let project = files.project();
    let mut outputs = project.outputs().unwrap();
    assert!(rules(plan_to(&project, &outputs, FinalState::Locked)).contains(&"lock".to_owned()));
    outputs.debug_authentication.obk = ObkFile::da_lock();
    assert!(rules(plan_to(&project, &outputs, FinalState::Closed)).contains(&"lock".to_owned()));
    let (locked, _) = provision::plan_for(&project, FinalState::Locked).unwrap();
    let never: Vec<_> = locked.steps.iter().filter(|step| step.undo == Undo::Never).map(|step| step.id).collect();
    assert_eq!(never, [StepId::DebugAuthentication, StepId::FinalState]);
}

#[test]
fn objects_in_each_others_places_are_refused() {
    let files = Files::new();
    let project = files.project();
    let mut outputs = project.outputs().unwrap();
    std::mem::swap(&mut outputs.configuration, &mut outputs.data);
    assert!(rules(plan_to(&project, &outputs, FinalState::Closed)).contains(&"object".to_owned()));
    let mut outputs = project.outputs().unwrap();
    outputs.debug_authentication.obk = outputs.data.obk.clone();
    assert!(rules(plan_to(&project, &outputs, FinalState::Closed)).contains(&"R16".to_owned()));
}

#[test]
fn an_unsigned_image_or_one_for_another_address_is_refused() {
    let files = Files::new();
    let project = files.project();
    let mut outputs = project.outputs().unwrap();
    outputs.image.bytes[0] ^= 1;
    assert!(rules(plan_to(&project, &outputs, FinalState::Closed)).contains(&"image".to_owned()));
    let mut outputs = project.outputs().unwrap();
    outputs.image.address += 0x1_0000;
    assert!(rules(plan_to(&project, &outputs, FinalState::Closed)).contains(&"image".to_owned()));
}

#[test]
fn a_board_whose_nor_no_algorithm_reaches_is_refused() {
    let files = Files::new();
    let project = files.project();
    let outputs = project.outputs().unwrap();
    let refused = plan(&project, &outputs, FinalState::Closed, &BoardProfile::nucleo());
    assert!(rules(refused).contains(&"profile".to_owned()));
}
