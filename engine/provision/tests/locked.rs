//! LOCKED, from which nothing leads back: reached with a person's consent for this very board, and by no other road.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use chip::ProductState;
use common::Bench;
use formats::ObkFile;
use provision::{
    Authority, Cancel, FinalState, Goal, LockConsent, ProvisionError, Record, Right, SampleKeys, Sendable, StepId,
    Undo, execute, plan_for,
};

/// The last eight digits of the identifier, as a person types them.
fn digits(uid: [u8; 12]) -> String {
    uid[8..].iter().map(|byte| format!("{byte:02X}")).collect()
}

fn consent(bench: &Bench) -> LockConsent {
    LockConsent::given(bench.uid(), &digits(bench.uid())).unwrap()
}

fn to_locked(bench: &Bench, consent: LockConsent) -> Result<Record, ProvisionError> {
    bench.provision_to(&Goal::Locked(consent), &Cancel::new(), &mut |_| {})
}

#[test]
fn with_consent_a_board_is_locked_its_application_talks_and_no_credential_leads_back() {
    let bench = Bench::new(90);
    let record = to_locked(&bench, consent(&bench)).unwrap();
    assert!(record.passed() && record.banner.unwrap().contains("1.0.0"));
    assert!(record.steps.iter().all(|step| step.step != StepId::WayBack), "there is no way back to prove");
    assert_eq!(bench.state(), ProductState::Locked);
    assert!(bench.files.wallet().entries().unwrap().is_empty(), "a credential that opens nothing isn't kept");
    let credential = bench.project.debug_credential().unwrap();
    assert!(bench.link().regress(&credential, None).is_err());
    assert_eq!(bench.state(), ProductState::Locked);
    // A second press proves it again and writes nothing.
    let again = to_locked(&bench, consent(&bench)).unwrap();
    assert!(again.passed());
}

#[test]
fn the_steps_that_nothing_undoes_say_so() {
    let bench = Bench::new(91);
    let (plan, _) = plan_for(&bench.project, FinalState::Locked).unwrap();
    let never: Vec<_> = plan.steps.iter().filter(|step| step.undo == Undo::Never).map(|step| step.id).collect();
    assert_eq!(never, [StepId::DebugAuthentication, StepId::FinalState]);
}

#[test]
fn a_consent_for_another_board_leaves_this_one_untouched() {
    let (bench, other) = (Bench::new(92), Bench::new(93));
    let before = bench.board.look(|board| board.snapshot().options);
    let refused = to_locked(&bench, consent(&other));
    assert!(matches!(refused, Err(ProvisionError::OtherBoard { .. })), "{refused:?}");
    assert!(bench.board.look(|board| board.snapshot().options) == before);
}

#[test]
fn the_digits_of_another_board_are_no_consent_for_this_one() {
    let (bench, other) = (Bench::new(94), Bench::new(95));
    assert!(LockConsent::given(bench.uid(), &digits(other.uid())).is_err());
    assert!(LockConsent::given(bench.uid(), "").is_err());
}

#[test]
fn a_plan_to_closed_is_not_run_by_consent_and_one_to_locked_not_without() {
    let bench = Bench::new(96);
    let consent = consent(&bench);
    let mut link = bench.link();
    let runs = bench.run_folder();
    let (plan, outputs) = plan_for(&bench.project, FinalState::Closed).unwrap();
    let authority = Authority { right: Right::Lock(&consent), sample_keys: SampleKeys::Refused };
    let refused = execute(&plan, &outputs, &mut link, authority, &runs, &Cancel::new(), &mut |_| {});
    assert!(matches!(refused, Err(ProvisionError::NoWayBack { .. })), "{refused:?}");

    let credential = bench.project.debug_credential().unwrap();
    let wallet = bench.files.wallet();
    let leave = provision::LeaveOpen::with_way_back(&credential, &outputs.debug_authentication.obk).unwrap();
    let right = Right::Close { leave, keeping: provision::Keeping::of_project(&bench.project, &wallet) };
    let authority = Authority { right, sample_keys: SampleKeys::Refused };
    let (plan, outputs) = plan_for(&bench.project, FinalState::Locked).unwrap();
    let refused = execute(&plan, &outputs, &mut link, authority, &runs, &Cancel::new(), &mut |_| {});
    assert!(matches!(refused, Err(ProvisionError::LockNeedsConsent)), "{refused:?}");
    assert_eq!(bench.state(), ProductState::Open);
}

#[test]
fn the_object_that_locks_is_not_taken_by_another_board() {
    let (bench, other) = (Bench::new(97), Bench::new(98));
    bench.provision_until(StepId::DebugAuthentication);
    assert_eq!(bench.state(), ProductState::Provisioning);
    let (lock, consent) = (ObkFile::da_lock(), consent(&other));
    let refused = bench.link().data_provisioning(Sendable::locking(&lock, &consent).unwrap());
    assert!(matches!(refused, Err(ProvisionError::OtherBoard { .. })), "{refused:?}");
    assert!(bench.provision().unwrap().passed());
    bench.goes_back();
}
