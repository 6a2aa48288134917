//! That the danger is real: the fatal sequences that users tell of, done by hand past the studio, lose the board. Every
//! credential that its owner has is refused, for good.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use chip::ProductState;
use common::{Bench, behind, password};
use formats::DebugCredential;
use formats::certificate::{Certificate, CertificateChain, CertificateRequest, Role};
use formats::da::{certificate_object, password_object};
use formats::{ObkFile, Permissions, PrivateKey};
use provision::StepId;

const PROVISIONING: u32 = 0x17;
const CLOSED: u32 = 0x72;
const LOCKED: u32 = 0x5C;
const OPEN: u32 = 0x39;

/// A chain of one certificate, and the object that trusts it.
fn chain() -> (DebugCredential, ObkFile) {
    let key = PrivateKey::generate().unwrap();
    let permissions = Permissions::OF_ST_CERTIFICATES;
    let object = certificate_object(&key.public(), permissions);
    let request = CertificateRequest::new(Role::Root, key.public(), permissions);
    let chain = CertificateChain { certificates: vec![Certificate::issue(&request, &key).unwrap()] };
    (DebugCredential::Certificate { chain, key }, object)
}

/// Everything that the owner of a bench could try.
fn credentials(bench: &Bench) -> Vec<DebugCredential> {
    let mut all = vec![bench.project.debug_credential().unwrap(), chain().0];
    all.push(DebugCredential::Password(password("0123456789012345")));
    all.push(DebugCredential::Password(password("STUDIO-SAMPLE-PW")));
    all
}

/// No credential leads back, before and after the power was off, and the board stays where it is.
#[track_caller]
fn lost(bench: &Bench, state: ProductState) {
    assert_eq!(bench.state(), state);
    for credential in credentials(bench) {
        for _ in 0..2 {
            assert!(bench.link().regress(&credential, None).is_err());
            bench.board.power_cycle().unwrap();
        }
        assert_eq!(bench.state(), state);
    }
    assert!(!bench.link().core_in_reach().unwrap(), "and no debugger gets in");
}

/// Pain 1: the object was never stored, the script went on.
#[test]
fn closed_without_a_stored_object_a_board_is_lost() {
    let bench = Bench::new(110);
    assert_eq!(behind::set_product_state(&bench.board, PROVISIONING), None);
    let damaged = ObkFile { destination: chip::Destination(0x0777_0008), ..certificate_object_of(&bench) };
    assert!(behind::store(&bench.board, &damaged).is_some(), "the chip refuses the object, and nobody looks");
    assert_eq!(behind::set_product_state(&bench.board, CLOSED), None);
    lost(&bench, ProductState::Provisioned);
}

fn certificate_object_of(bench: &Bench) -> ObkFile {
    bench.project.debug_object().unwrap()
}

/// Pain 2: stuck in PROVISIONING, somebody writes OPEN, then CLOSED.
#[test]
fn from_provisioning_open_is_refused_and_closed_is_the_end() {
    let bench = Bench::new(111);
    assert_eq!(behind::set_product_state(&bench.board, PROVISIONING), None);
    assert!(behind::set_product_state(&bench.board, OPEN).is_some(), "OPEN is refused");
    assert_eq!(bench.state(), ProductState::Provisioning);
    assert_eq!(behind::set_product_state(&bench.board, CLOSED), None);
    lost(&bench, ProductState::Provisioned);
}

/// Pain 5: the keys that the board was closed with were written over.
#[test]
fn closed_with_keys_that_are_gone_a_board_is_lost() {
    let bench = Bench::new(112);
    let (gone, object) = chain();
    drop(gone);
    assert_eq!(behind::set_product_state(&bench.board, PROVISIONING), None);
    assert_eq!(behind::store(&bench.board, &object), None);
    assert_eq!(behind::set_product_state(&bench.board, CLOSED), None);
    lost(&bench, ProductState::Closed);
}

/// Pain 6: LOCKED picked by mistake, by its own name or by the object that locks.
#[test]
fn locked_by_either_road_a_board_is_lost() {
    let bench = Bench::new(113);
    assert_eq!(behind::set_product_state(&bench.board, PROVISIONING), None);
    assert_eq!(behind::store(&bench.board, &certificate_object_of(&bench)), None);
    assert_eq!(behind::set_product_state(&bench.board, LOCKED), None);
    lost(&bench, ProductState::Locked);

    let bench = Bench::new(114);
    assert_eq!(behind::set_product_state(&bench.board, PROVISIONING), None);
    assert_eq!(behind::store(&bench.board, &ObkFile::da_lock()), None);
    assert_eq!(behind::set_product_state(&bench.board, CLOSED), None);
    lost(&bench, ProductState::Locked);
}

/// Pain 7: the object is for a password that nobody knows, the credential at hand is a certificate.
#[test]
fn closed_with_an_object_of_the_other_kind_a_board_is_lost() {
    let bench = Bench::new(115);
    let object = password_object(&password("nobody knows it"));
    assert_eq!(behind::set_product_state(&bench.board, PROVISIONING), None);
    assert_eq!(behind::store(&bench.board, &object), None);
    assert_eq!(behind::set_product_state(&bench.board, CLOSED), None);
    lost(&bench, ProductState::Closed);
}

/// Pain 12: an unsigned binary in the slot; then the object fails, and the board is closed all the same.
#[test]
fn closed_with_an_unsigned_image_and_no_object_a_board_is_lost_and_runs_nothing() {
    let bench = Bench::new(116);
    bench.provision_until(StepId::Provisioning);
    bench.place_download(&std::fs::read(bench.files.project_folder().join("STiROT/Image/appli.bin")).unwrap());
    assert_eq!(behind::set_product_state(&bench.board, PROVISIONING), None);
    assert_eq!(behind::set_product_state(&bench.board, CLOSED), None);
    lost(&bench, ProductState::Provisioned);
}

/// The other side: the same climb by hand, with an object whose credential is at hand, is no loss.
#[test]
fn closed_by_hand_with_the_right_object_the_board_goes_back() {
    let bench = Bench::new(117);
    assert_eq!(behind::set_product_state(&bench.board, PROVISIONING), None);
    assert_eq!(behind::store(&bench.board, &certificate_object_of(&bench)), None);
    assert_eq!(behind::set_product_state(&bench.board, CLOSED), None);
    assert_eq!(bench.state(), ProductState::Closed);
    bench.goes_back_by(&bench.project.debug_credential().unwrap());
}
