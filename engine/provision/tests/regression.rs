//! The way back from PROVISIONING and CLOSED: what is gone afterwards, what stays, and that the board can be provisioned
//! again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use board::{CoreRegister, PowerCut};
use chip::ProductState;
use common::credentials::unchanging;
use common::{Bench, behind, impatient, password};
use formats::DebugCredential;
use formats::da::password_object;
use provision::{DebugLevel, Link, ProvisionError};

fn link(bench: &Bench) -> Link {
    Link::to_virtual_board(&bench.board, &impatient())
}

fn epoch(bench: &Bench) -> u32 {
    bench.board.look(|board| board.snapshot().options.epochsr)
}

#[test]
fn a_closed_board_goes_back_by_certificate_and_is_provisioned_again() {
    let bench = Bench::new(421);
    bench.provision().unwrap();
    let nor = bench.installation_slot();
    let before = epoch(&bench);
    let regressed = link(&bench).regress(&bench.kept(), None).unwrap();
    assert_eq!((regressed.from, regressed.uid), (ProductState::Closed, Some(bench.uid())));
    assert!(!regressed.stored_object && regressed.disturbed.is_none());
    assert_eq!(regressed.survey.product_state, Some(ProductState::Open));
    assert_eq!(bench.state(), ProductState::Open);
    assert_eq!(epoch(&bench), before + 1);
    assert_eq!(regressed.epoch.1, before + 1);
    let snapshot = bench.board.look(board::Board::snapshot);
    assert!(snapshot.user_flash.iter().all(|byte| *byte == 0xFF));
    assert!(bench.installation_slot() == nor, "external flash is untouched");
    assert!(bench.provision().unwrap().passed());
    assert_eq!(bench.state(), ProductState::Closed);
}

#[test]
fn a_closed_board_goes_back_by_password_and_is_provisioned_again() {
    let bench = Bench::by_password(422);
    bench.provision().unwrap();
    let regressed = link(&bench).regress(&bench.kept(), None).unwrap();
    assert_eq!(regressed.from, ProductState::Closed);
    assert_eq!(bench.state(), ProductState::Open);
    assert!(bench.provision().unwrap().passed());
}

#[test]
fn a_board_stuck_in_provisioning_without_its_object_gets_it_first() {
    let bench = Bench::new(423);
    assert_eq!(behind::set_product_state(&bench.board, 0x17), None);
    let credential = bench.project.debug_credential().unwrap();
    let refused = link(&bench).regress(&credential, None).unwrap_err();
    assert!(refused.to_string().contains("no debug-authentication object"), "{refused}");
    let object = bench.project.debug_object().unwrap();
    let regressed = link(&bench).regress(&credential, Some(&object)).unwrap();
    assert_eq!((regressed.from, regressed.stored_object), (ProductState::Provisioning, true));
    assert_eq!(regressed.epoch.0.map(|before| before + 1), Some(regressed.epoch.1));
    assert_eq!(bench.state(), ProductState::Open);
}

#[test]
fn in_provisioning_an_object_of_another_credential_gives_place_to_ours() {
    let bench = Bench::new(424);
    assert_eq!(behind::set_product_state(&bench.board, 0x17), None);
    assert_eq!(behind::store(&bench.board, &password_object(&password("somebody else's"))), None);
    let ours = password("our own one");
    let object = password_object(&ours);
    let regressed = link(&bench).regress(&DebugCredential::Password(ours), Some(&object)).unwrap();
    assert!(regressed.stored_object);
    assert_eq!(bench.state(), ProductState::Open);
}

#[test]
fn a_credential_that_does_not_open_the_object_is_noticed_before_anything_is_sent() {
    let bench = Bench::new(425);
    assert_eq!(behind::set_product_state(&bench.board, 0x17), None);
    let before = unchanging(&bench.board);
    let object = bench.project.debug_object().unwrap();
    let credential = DebugCredential::Password(password("not a chain"));
    let mut link = link(&bench);
    let error = link.regress(&credential, Some(&object)).unwrap_err();
    assert!(error.to_string().contains("before anything was sent"), "{error}");
    assert!(link.transcript().exchanges.is_empty());
    assert!(unchanging(&bench.board) == before);
}

#[test]
fn a_board_in_open_has_nothing_to_go_back_from() {
    let bench = Bench::new(426);
    let before = unchanging(&bench.board);
    let error = link(&bench).regress(&bench.project.debug_credential().unwrap(), None).unwrap_err();
    assert!(matches!(error, ProvisionError::WrongState { .. }), "{error}");
    assert!(unchanging(&bench.board) == before);
}

#[test]
fn a_locked_board_never_goes_back() {
    let bench = Bench::new(427);
    let credential = bench.project.debug_credential().unwrap();
    assert_eq!(behind::set_product_state(&bench.board, 0x17), None);
    assert_eq!(behind::set_product_state(&bench.board, 0x5C), None);
    let before = unchanging(&bench.board);
    let error = link(&bench).regress(&credential, Some(&bench.project.debug_object().unwrap())).unwrap_err();
    assert!(error.to_string().contains("the board is LOCKED"), "{error}");
    assert!(unchanging(&bench.board) == before);
}

#[test]
fn a_board_with_debug_opened_goes_back_too() {
    let bench = Bench::new(428);
    bench.provision().unwrap();
    let mut link = link(&bench);
    link.open_debug(&bench.kept(), DebugLevel::Hdpl2).unwrap();
    let halted_at = bench.board.look(|board| board.register(CoreRegister::Pc));
    assert_ne!(halted_at, 0);
    let regressed = link.regress(&bench.kept(), None).unwrap();
    assert_eq!(regressed.from, ProductState::Closed);
    assert_eq!(bench.state(), ProductState::Open);
}

#[test]
fn a_power_cut_in_the_regression_leaves_a_board_that_can_be_asked_again() {
    let bench = Bench::by_password(429);
    bench.provision().unwrap();
    // The write protection, the erase behind it, and the change of state once protection is off already.
    for after_writes in [0, 1, 1] {
        bench.board.with(|board| board.peripherals.arm_power_cut(PowerCut { after_writes, tears: true }));
        let cut = link(&bench).regress(&bench.kept(), None);
        assert!(cut.is_err(), "after {after_writes} writes");
        bench.board.power_cycle().unwrap();
        assert_ne!(bench.state(), ProductState::Open, "after {after_writes} writes");
    }
    link(&bench).regress(&bench.kept(), None).unwrap();
    assert_eq!(bench.state(), ProductState::Open);
}
