//! Debug opened on a closed board by certificate, at each level, and shut again: what a debugger then can and can't do.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use chip::ProductState;
use chip::memory_map::{SYSTEM_FLASH, USER_FLASH};
use common::credentials::unchanging;
use common::{Bench, behind, impatient};
use provision::{Cause, DebugLevel, Link, Place, ProvisionError};

fn closed(seed: u64) -> Bench {
    let bench = Bench::new(seed);
    bench.provision().unwrap();
    bench
}

fn link(bench: &Bench) -> Link {
    Link::to_virtual_board(&bench.board, &impatient())
}

#[track_caller]
fn assert_shut(bench: &Bench) {
    let mut link = link(bench);
    assert!(!link.core_in_reach().unwrap());
    assert!(matches!(link.core_view(), Err(ProvisionError::PortShut { .. })));
}

#[test]
fn at_hdpl_1_the_core_is_halted_in_the_root_of_trust() {
    let bench = closed(411);
    let mut link = link(&bench);
    let opened = link.open_debug(&bench.kept(), DebugLevel::Hdpl1).unwrap();
    assert_eq!(opened.core.hdpl, Some(1));
    assert!(SYSTEM_FLASH.contains(opened.core.register("pc").unwrap()));
    assert!(bench.board.look(board::Board::is_halted));
}

#[test]
fn at_hdpl_2_the_core_is_halted_in_the_application_and_its_registers_are_the_cores_own() {
    let bench = closed(412);
    let before = unchanging(&bench.board);
    let mut link = link(&bench);
    let opened = link.open_debug(&bench.kept(), DebugLevel::Hdpl2).unwrap();
    assert_eq!(opened.core.hdpl, Some(2));
    let pc = opened.core.register("pc").unwrap();
    assert!(!SYSTEM_FLASH.contains(pc) && !USER_FLASH.contains(pc), "{pc:#010x}");
    assert_eq!(opened.core.registers.len(), 19);
    assert_eq!(bench.board.look(|board| board.register(board::CoreRegister::Pc)), pc);
    // It runs on and is halted again by the same debugger.
    link.resume().unwrap();
    assert!(!bench.board.look(board::Board::is_halted));
    assert_eq!(link.core_view().unwrap().hdpl, Some(2));
    let mut word = [0; 4];
    link.read(pc & !3, &mut word).unwrap();
    assert_eq!(bench.state(), ProductState::Closed);
    assert!(unchanging(&bench.board) == before, "nothing that survives power is another");
}

#[test]
fn at_hdpl_3_the_core_is_halted_in_the_loader() {
    let bench = closed(413);
    let mut link = link(&bench);
    let opened = link.open_debug(&bench.kept(), DebugLevel::Hdpl3).unwrap();
    assert_eq!(opened.core.hdpl, Some(3));
    assert!(USER_FLASH.contains(opened.core.register("pc").unwrap()));
}

#[test]
fn opened_debug_is_shut_by_command_and_the_board_boots_on() {
    let bench = closed(414);
    let mut link = link(&bench);
    link.open_debug(&bench.kept(), DebugLevel::Hdpl2).unwrap();
    link.resume().unwrap();
    let mut console = bench.board.console_reader();
    let shut = link.close_debug().unwrap();
    assert!(shut.acknowledged);
    drop(link);
    let heard = common::listen(&mut console, "1.0.0");
    assert!(heard.contains("1.0.0"), "{heard}");
    assert_shut(&bench);
}

#[test]
fn opened_debug_ends_with_the_power() {
    let bench = closed(415);
    link(&bench).open_debug(&bench.kept(), DebugLevel::Hdpl2).unwrap();
    bench.board.power_cycle().unwrap();
    let mut console = bench.board.console_reader();
    common::listen(&mut console, "1.0.0");
    assert_shut(&bench);
}

#[test]
fn a_password_opens_no_debug_and_nothing_is_sent() {
    let bench = Bench::by_password(416);
    bench.provision().unwrap();
    let mut link = link(&bench);
    let error = link.open_debug(&bench.kept(), DebugLevel::Hdpl2).unwrap_err();
    let ProvisionError::Authentication(problem) = &error else { panic!("{error}") };
    assert_eq!(problem.place, Place::Preparation);
    assert!(matches!(&problem.cause, Cause::Unfit(why) if why.contains("HDPL 2")), "{error}");
    assert!(link.transcript().exchanges.is_empty());
}

#[test]
fn a_board_in_open_or_provisioning_needs_no_credential_for_debug_and_is_told_so() {
    let bench = Bench::new(417);
    let credential = bench.project.debug_credential().unwrap();
    for code in [None, Some(0x17)] {
        if let Some(code) = code {
            assert_eq!(behind::set_product_state(&bench.board, code), None);
        }
        let error = link(&bench).open_debug(&credential, DebugLevel::Hdpl2).unwrap_err();
        assert!(matches!(error, ProvisionError::WrongState { .. }), "{error}");
    }
}

#[test]
fn a_locked_board_opens_no_debug() {
    let bench = Bench::new(418);
    let credential = bench.project.debug_credential().unwrap();
    assert_eq!(behind::set_product_state(&bench.board, 0x17), None);
    assert_eq!(behind::store(&bench.board, &formats::ObkFile::da_lock()), None);
    assert_eq!(behind::set_product_state(&bench.board, 0x5C), None);
    assert_eq!(bench.state(), ProductState::Locked);
    let before = unchanging(&bench.board);
    let error = link(&bench).open_debug(&credential, DebugLevel::Hdpl2).unwrap_err();
    assert!(error.to_string().contains("the board is LOCKED"), "{error}");
    assert_shut(&bench);
    assert!(unchanging(&bench.board) == before);
}

/// STiRoT resets the chip between its passes; a catch that an attached debugger left would halt it there.
#[test]
fn a_core_let_go_in_the_root_of_trust_boots_on_into_the_application() {
    let bench = closed(419);
    let mut link = link(&bench);
    link.open_debug(&bench.kept(), DebugLevel::Hdpl1).unwrap();
    let mut console = bench.board.console_reader();
    link.resume().unwrap();
    let heard = common::listen(&mut console, "1.0.0");
    assert!(heard.contains("1.0.0"), "{heard}");
    assert_eq!(link.core_view().unwrap().hdpl, Some(2));
}
