//! The fatal sequences that users tell of (`users.md`, pains 1, 2, 5, 6, 7 and 12), tried with the studio: each ends with a
//! board that goes back to OPEN. What they come to past the studio is in `behind_the_back.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use chip::ProductState;
use common::Bench;
use formats::PrivateKey;
use provision::{
    Cancel, FinalState, Goal, Link, LockConsent, ProvisionError, ProvisioningChecksum, SampleKeys, SiliconOptions,
    StepId, Terms, plan_for, provision_on,
};

/// Pain 1: an object is refused by the chip, and nothing goes on to CLOSED.
#[test]
fn an_object_that_the_chip_refuses_stops_the_run_in_provisioning_and_the_board_goes_back() {
    let bench = Bench::new(70);
    let wrong = SiliconOptions { checksum: ProvisioningChecksum::Zlib, ..SiliconOptions::default() };
    let mut link = Link::to_virtual_board(&bench.board, &wrong);
    let wallet = bench.files.wallet();
    let terms = Terms { goal: &Goal::Closed, sample_keys: SampleKeys::Refused, wallet: &wallet };
    let stopped = provision_on(&bench.project, &mut link, &bench.run_folder(), terms, &Cancel::new(), &mut |_| {});
    drop(link);
    assert!(matches!(stopped, Err(ProvisionError::RssRefused { .. })), "{stopped:?}");
    assert_eq!(bench.state(), ProductState::Provisioning);
    bench.goes_back_by(&bench.project.debug_credential().unwrap());
    assert!(bench.provision().unwrap().passed());
    bench.goes_back();
}

/// Pain 2: stuck in PROVISIONING, with and without the object. The studio knows two ways out, and neither is CLOSED.
#[test]
fn a_board_that_is_stuck_in_provisioning_goes_back_with_and_without_its_object() {
    let bench = Bench::new(71);
    for step in [StepId::DebugAuthentication, StepId::Discovery, StepId::Configuration] {
        bench.provision_until(step);
        assert_eq!(bench.state(), ProductState::Provisioning);
        bench.goes_back_by(&bench.project.debug_credential().unwrap());
    }
    bench.provision_until(StepId::DebugAuthentication);
    assert!(bench.provision().unwrap().passed(), "or the run is finished");
    bench.goes_back();
}

/// Pain 5: the project's keys are written over after the board was closed. The wallet still opens it.
#[test]
fn keys_that_are_written_over_after_closed_are_still_in_the_wallet() {
    let bench = Bench::new(72);
    bench.provision().unwrap();
    for name in ["key_1_root", "key_2_intermediate", "key_3_leaf"] {
        let key = PrivateKey::generate().unwrap();
        let folder = bench.files.project_folder().join("DA/Keys");
        fs::write(folder.join(format!("{name}.pem")), key.to_pem().unwrap().as_bytes()).unwrap();
        fs::write(folder.join(format!("{name}_pub.pem")), key.public().to_pem()).unwrap();
    }
    assert!(bench.files.project().debug_credential().is_err(), "the project itself has no way back any more");
    bench.goes_back();
}

/// Pain 5: they are written over before the run. Nothing is begun.
#[test]
fn keys_that_are_written_over_before_a_run_stop_it_before_the_board_is_touched() {
    let bench = Bench::new(73);
    let key = PrivateKey::generate().unwrap();
    fs::write(bench.files.project_folder().join("DA/Keys/key_3_leaf.pem"), key.to_pem().unwrap().as_bytes()).unwrap();
    assert!(bench.provision().is_err());
    assert_eq!(bench.state(), ProductState::Open);
}

/// Pain 6: LOCKED, picked by mistake.
#[test]
fn locked_picked_by_mistake_is_refused_and_the_board_goes_back_from_closed() {
    let bench = Bench::new(74);
    for typed in ["", "LOCKED", "yes", "12345678"] {
        assert!(matches!(LockConsent::given(bench.uid(), typed), Err(ProvisionError::LockConsent { .. })), "{typed}");
    }
    let (mut plan, outputs) = plan_for(&bench.project, FinalState::Locked).unwrap();
    // Nor does a plan become another by its label.
    plan.final_state = FinalState::Closed;
    let credential = bench.project.debug_credential().unwrap();
    let wallet = bench.files.wallet();
    let object = bench.project.debug_object().unwrap();
    let leave = provision::LeaveOpen::with_way_back(&credential, &object).unwrap();
    let right = provision::Right::Close { leave, keeping: provision::Keeping::of_project(&bench.project, &wallet) };
    let authority = provision::Authority { right, sample_keys: SampleKeys::Refused };
    let mut link = bench.link();
    let refused =
        provision::execute(&plan, &outputs, &mut link, authority, &bench.run_folder(), &Cancel::new(), &mut |_| {});
    drop(link);
    assert!(matches!(refused, Err(ProvisionError::NoWayBack { .. })), "{refused:?}");
    assert!(provision::LeaveOpen::with_way_back(&credential, &outputs.debug_authentication.obk).is_err());
    assert_eq!(bench.state(), ProductState::Open);
    bench.provision().unwrap();
    bench.goes_back();
}

/// Pain 7: the kind of credential is changed half-way. What was stored before counts for nothing.
#[test]
fn a_credential_of_the_other_kind_takes_the_first_ones_place_before_closed() {
    let bench = Bench::new(75);
    bench.provision_until(StepId::Configuration);
    bench.files.by_password();
    let bench = Bench { project: bench.files.project(), board: bench.board, files: bench.files };
    let record = bench.provision().unwrap();
    assert!(record.steps.iter().any(|step| step.step == StepId::Qualification));
    assert_eq!(bench.state(), ProductState::Closed);
    assert!(bench.entry().leaf.is_none(), "the wallet's newest is the password");
    bench.goes_back();
}

/// Pain 12: an unsigned binary where the image belongs.
#[test]
fn an_unsigned_image_never_reaches_the_board_and_what_is_closed_goes_back() {
    let bench = Bench::new(76);
    let (_, mut outputs) = plan_for(&bench.project, FinalState::Closed).unwrap();
    outputs.image.bytes = fs::read(bench.files.project_folder().join("STiROT/Image/appli.bin")).unwrap();
    let profile = provision::BoardProfile::discovery_kit();
    let refusal = provision::plan(&bench.project, &outputs, FinalState::Closed, &profile).unwrap_err();
    assert!(refusal.reasons.iter().any(|reason| reason.rule == "image"), "{refusal}");
    let (plan, _) = plan_for(&bench.project, FinalState::Closed).unwrap();
    let credential = bench.project.debug_credential().unwrap();
    let leave = provision::LeaveOpen::with_way_back(&credential, &outputs.debug_authentication.obk).unwrap();
    let wallet = bench.files.wallet();
    let right = provision::Right::Close { leave, keeping: provision::Keeping::of_project(&bench.project, &wallet) };
    let authority = provision::Authority { right, sample_keys: SampleKeys::Refused };
    let mut link = bench.link();
    let refused =
        provision::execute(&plan, &outputs, &mut link, authority, &bench.run_folder(), &Cancel::new(), &mut |_| {});
    drop(link);
    assert!(refused.is_err(), "nor behind a plan that was made of another");
    assert_eq!(bench.state(), ProductState::Open);
    bench.provision().unwrap();
    bench.goes_back();
}
