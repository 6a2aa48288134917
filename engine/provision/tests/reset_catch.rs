//! A reset catch through RSS: probe-rs halts the core through a reset where the ROM opens debug, in OPEN and in
//! PROVISIONING, before any other code runs; a CLOSED board refuses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use board::{Board, CoreRegister};
use chip::ProductState;
use chip::memory_map::SYSTEM_FLASH;
use chip::registers::SBS;
use chip::security::{HDPL_CODES, SBS_HDPLSR};
use common::{Bench, listen};
use provision::{Cancel, Event, Link, ProvisionError, StepId};

/// Halts through a reset, and checks that the core stands in the ROM at a protection level.
#[track_caller]
fn halts_in_the_rom(bench: &Bench, link: &mut Link, level: usize) {
    link.halt_through_reset().unwrap();
    let (halted, pc) = bench.board.look(|board: &Board| (board.is_halted(), board.register(CoreRegister::Pc)));
    assert!(halted);
    assert!(SYSTEM_FLASH.contains(pc), "the core stands at {pc:#010x}, outside the ROM");
    assert_eq!(link.read_word(SBS + SBS_HDPLSR).unwrap() & 0xFF, u32::from(HDPL_CODES[level]));
}

/// A board that was taken to PROVISIONING and no further.
fn in_provisioning(seed: u64) -> Bench {
    let bench = Bench::new(seed);
    let cancel = Cancel::new();
    let stopped = bench.provision_with(&cancel, &mut |event| {
        if let Event::StepProved { index, .. } = event
            && StepId::ALL[index] == StepId::Provisioning
        {
            cancel.cancel();
        }
    });
    assert!(matches!(stopped, Err(ProvisionError::Cancelled { .. })), "{stopped:?}");
    bench
}

#[test]
fn an_open_board_halts_at_level_three_and_again() {
    let bench = Bench::new(60);
    let mut link = bench.link();
    for _ in 0..3 {
        halts_in_the_rom(&bench, &mut link, 3);
    }
}

#[test]
fn a_board_in_provisioning_halts_at_level_zero_and_again() {
    let bench = in_provisioning(61);
    let mut link = bench.link();
    for _ in 0..3 {
        halts_in_the_rom(&bench, &mut link, 0);
    }
}

#[test]
fn a_closed_board_refuses_and_its_application_goes_on() {
    let bench = Bench::new(62);
    bench.provision().unwrap();
    let mut console = bench.board.console_reader();
    let mut link = bench.link();
    assert!(matches!(link.halt_through_reset(), Err(ProvisionError::PortShut { .. })));
    assert!(matches!(link.read_word(SYSTEM_FLASH.start), Err(ProvisionError::PortShut { .. })));
    assert!(matches!(link.option_bytes(), Err(ProvisionError::PortShut { .. })));
    assert_eq!(link.survey().unwrap().product_state, Some(ProductState::Closed), "the mailbox answers");
    link.reset_and_run().unwrap();
    assert!(listen(&mut console, "security counter").contains("version          1.0.0\r"));
}

#[test]
fn raw_transfers_on_the_closed_port_fault() {
    let bench = Bench::new(63);
    bench.provision().unwrap();
    let refused = bench.board.with(|board| {
        let addresses = [0x2400_0000, 0x0800_0000, 0xE000_EDF0, 0x5200_2208];
        addresses.map(|address| board.debug_read(address, board::Width::Word).is_err())
    });
    assert_eq!(refused, [true; 4]);
}
