//! Halting debug as a debugger on access port 1 sees it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

use board::{CoreRegister, ResetCause, Stopped, Width};

mod cpu_rig;
use cpu_rig::*;

const SPIN: u16 = 0xE7FE;
const FP_CTRL: u32 = 0xE000_2000;
const FP_COMP0: u32 = 0xE000_2008;
const DWT_COMP1: u32 = 0xE000_1030;
const HALT: u32 = 3;
const STEP: u32 = 5;
const S_HALT: u32 = 1 << 17;

#[test]
fn halt_step_and_resume() {
    // adds r2,#1 thrice; b .
    let mut rig = Rig::new(&[0x3201, 0x3201, 0x3201, SPIN]);
    rig.set(2, 0);
    rig.write(DHCSR, KEY | HALT);
    assert!(rig.board.is_halted());
    assert_eq!(rig.run(10), Stopped::Halted);
    assert_eq!(rig.pc(), PROGRAM);
    rig.write(DHCSR, KEY | STEP);
    assert_eq!(rig.run(10), Stopped::Halted);
    assert_eq!((rig.pc(), rig.get(2)), (PROGRAM + 2, 1));
    assert_eq!(rig.read(DFSR), 1);
    // The core has set C_HALT itself.
    assert_eq!(rig.read(DHCSR) & (S_HALT | 7), S_HALT | 7);
    rig.write(DHCSR, KEY | 1);
    assert_eq!(rig.run(10), Stopped::Budget);
    assert_eq!(rig.get(2), 3);
}

#[test]
fn a_step_with_masked_interrupts_stays_out_of_handlers() {
    let mut rig = Rig::new(&[0x3201, 0x3201, SPIN]);
    rig.write(DHCSR, KEY | HALT);
    rig.write(0xE000_E100, 1);
    rig.write(0xE000_E200, 1);
    rig.write(DHCSR, KEY | HALT | 8);
    rig.write(DHCSR, KEY | STEP | 8);
    rig.run(10);
    assert_eq!((rig.pc(), rig.ipsr()), (PROGRAM + 2, 0));
    rig.write(DHCSR, KEY | HALT);
    rig.write(DHCSR, KEY | STEP);
    rig.run(10);
    assert_eq!((rig.pc(), rig.ipsr()), (handler(16), 16));
}

#[test]
fn a_comparator_stops_before_its_instruction_again_and_again() {
    // adds r2,#1; nop; b back
    let mut rig = Rig::new(&[0x3201, 0xBF00, 0xE7FC]);
    rig.set(2, 0);
    rig.run(9);
    rig.attach();
    rig.write(FP_COMP0, (PROGRAM + 2) | 1);
    rig.write(FP_CTRL, 3);
    for round in 4..7 {
        assert_eq!(rig.run(100), Stopped::Halted);
        assert_eq!((rig.pc(), rig.get(2), rig.read(DFSR)), (PROGRAM + 2, round, 2));
        rig.write(DFSR, 0x1F);
        // As debuggers do: step with comparators off, then go.
        rig.write(FP_CTRL, 2);
        rig.write(DHCSR, KEY | STEP);
        assert_eq!(rig.run(10), Stopped::Halted);
        rig.write(FP_CTRL, 3);
        rig.write(DFSR, 0x1F);
        rig.write(DHCSR, KEY | 1);
    }
}

#[test]
fn a_comparator_without_halting_debug_changes_nothing() {
    let mut rig = Rig::new(&[0x3201, 0x3201, SPIN]);
    rig.set(2, 0);
    rig.write(FP_COMP0, PROGRAM | 1);
    rig.write(FP_CTRL, 3);
    assert_eq!(rig.run(10), Stopped::Budget);
    assert_eq!(rig.get(2), 2);
}

#[test]
fn bkpt_halts_under_a_debugger_and_faults_without() {
    let mut rig = Rig::new(&[0xBE00, SPIN]);
    rig.attach();
    assert_eq!(rig.run(10), Stopped::Halted);
    assert_eq!((rig.pc(), rig.read(DFSR)), (PROGRAM, 2));
    let mut rig = Rig::new(&[0xBE00, SPIN]);
    rig.run(3);
    assert_eq!((rig.ipsr(), rig.read(HFSR)), (3, 1 << 31));
}

#[test]
fn a_watchpoint_halts_behind_the_access() {
    // ldr r1,[r0]; str r1,[r0,#4]; nop; b .
    let mut rig = Rig::new(&[0x6801, 0x6041, 0xBF00, SPIN]);
    rig.set(0, DATA);
    rig.set(1, 0);
    rig.attach();
    rig.write(DWT_COMP1, DATA + 4);
    rig.write(DWT_COMP1 + 4, 2);
    rig.write(DWT_COMP1 + 8, 6);
    assert_eq!(rig.run(10), Stopped::Halted);
    assert_eq!((rig.pc(), rig.read(DFSR)), (PROGRAM + 4, 4));
    assert_eq!(rig.read(DWT_COMP1 + 8) >> 24, 1);
}

#[test]
fn registers_go_through_dcrdr() {
    let mut rig = Rig::new(&[SPIN]);
    rig.write(DHCSR, KEY | HALT);
    for (number, value) in [(0, 0x1111), (13, 0x2000_1000), (14, 0x55), (15, PROGRAM + 8), (18, 0x2000_2000), (64, 0x7)]
    {
        rig.write(DCRDR, value);
        rig.write(DCRSR, 1 << 16 | number);
        rig.write(DCRDR, 0);
        rig.write(DCRSR, number);
        assert_eq!(rig.read(DCRDR), value, "register {number}");
    }
    rig.write(DCRDR, 0x0000_4001);
    rig.write(DCRSR, 1 << 16 | 20);
    assert_eq!(rig.board.register(CoreRegister::Masks), 0x0000_4001);
}

#[test]
fn a_caught_vector_halts_on_its_first_instruction() {
    let mut rig = Rig::new(&[0xDE00]);
    rig.attach();
    rig.write(DEMCR, 1 << 10);
    assert_eq!(rig.run(10), Stopped::Halted);
    assert_eq!((rig.pc(), rig.ipsr(), rig.read(DFSR)), (handler(3), 3, 8));
}

#[test]
fn a_reset_catch_waits_for_debug_to_open() {
    let mut rig = Rig::new(&[SPIN]);
    rig.attach();
    rig.write(DEMCR, 1);
    rig.write(AIRCR, 0x05FA_0004);
    // The ROM runs, and sleeps; the port is shut.
    assert_eq!(rig.run(10), Stopped::Sleeping { until: None });
    assert!(rig.board.debug_read(DHCSR, Width::Word).is_err());
    assert!(!rig.board.is_halted());
    rig.open_debug();
    assert_eq!(rig.run(10), Stopped::Halted);
    let status = rig.read(DHCSR);
    // DHCSR kept C_DEBUGEN over the reset, and shows that there was one.
    assert_eq!(status & (1 << 25 | S_HALT | 1), 1 << 25 | S_HALT | 1);
    assert_eq!(rig.read(DHCSR) & 1 << 25, 0);
    assert_eq!(rig.read(DFSR), 8);
}

#[test]
fn a_reset_catch_holds_before_debug_is_enabled() {
    let mut rig = Rig::new(&[SPIN]);
    rig.write(DEMCR, 1);
    rig.board.set_nrst(true);
    assert_eq!(rig.run(10), Stopped::Halted);
    rig.board.set_nrst(false);
    rig.open_debug();
    assert_eq!(rig.run(10), Stopped::Halted);
    // Enabling debug doesn't resume.
    rig.write(DHCSR, KEY | 1);
    assert_eq!(rig.run(10), Stopped::Halted);
    assert!(rig.pc() >> 12 == 0x1FF00);
    rig.write(DHCSR, KEY | 1);
    assert!(!rig.board.is_halted());
}

#[test]
fn a_halt_request_waits_while_debug_is_shut() {
    let mut rig = Rig::new(&[SPIN]);
    rig.attach();
    rig.board.reset(ResetCause::Software);
    // C_DEBUGEN survived; the request can't be made through the shut port.
    assert!(rig.board.debug_write(DHCSR, Width::Word, KEY | HALT).is_err());
    assert_eq!(rig.run(10), Stopped::Sleeping { until: None });
    rig.open_debug();
    rig.write(DHCSR, KEY | HALT);
    assert!(rig.board.is_halted());
}

#[test]
fn halting_a_locked_up_core_clears_the_lockup() {
    let mut rig = Rig::new(&[0xDE00]);
    rig.set_handler(3, &[0xDE00]);
    rig.attach();
    assert_eq!(rig.run(100), Stopped::LockedUp);
    assert_eq!(rig.read(DHCSR) >> 19 & 1, 1);
    rig.write(DHCSR, KEY | HALT);
    assert_eq!(rig.read(DHCSR) & (1 << 19 | S_HALT), S_HALT);
    rig.board.set_register(CoreRegister::Pc, PROGRAM + 0x20);
    rig.program(PROGRAM + 0x20, &[SPIN]);
    rig.write(DHCSR, KEY | 1);
    assert_eq!(rig.run(100), Stopped::Budget);
}

#[test]
fn software_cannot_make_the_core_debug_itself() {
    let mut rig = Rig::new(&[0x6001, SPIN]);
    rig.set(0, DHCSR);
    rig.set(1, KEY | HALT);
    assert_eq!(rig.run(10), Stopped::Budget);
    assert_eq!(rig.read(DHCSR) & 3, 0);
}

#[test]
fn a_debugger_write_over_code_is_executed() {
    let mut rig = Rig::new(&[0x3201, 0xE7FD]);
    rig.run(100);
    rig.board.debug_write(PROGRAM, Width::Half, 0x2263).unwrap();
    rig.run(2);
    assert_eq!(rig.get(2), 0x63);
}

#[test]
fn debuggers_find_the_blocks_by_their_tables() {
    let mut rig = Rig::new(&[SPIN]);
    assert_eq!(rig.read(0xE000_ED00), 0x411F_C272);
    let mut found = Vec::new();
    let mut tables = vec![0xE00F_E000u32];
    while let Some(table) = tables.pop() {
        for entry in 0..16 {
            let word = rig.read(table + entry * 4);
            if word == 0 {
                break;
            }
            if word & 1 != 0 {
                let at = table.wrapping_add(word & !0xFFF);
                let class = rig.read(at + 0xFF4) >> 4 & 0xF;
                if class == 1 { tables.push(at) } else { found.push(at) }
            }
        }
    }
    assert_eq!(found, [0xE000_E000, 0xE000_1000, 0xE000_2000, 0xE000_0000]);
}

#[test]
fn the_cycle_counter_counts_instructions() {
    let mut rig = Rig::new(&[SPIN]);
    rig.write(DEMCR, 1 << 24);
    rig.write(0xE000_1004, 0);
    rig.write(0xE000_1000, 1);
    rig.run(1234);
    assert_eq!(rig.read(0xE000_1004), 1234);
}

#[test]
fn a_breakpoint_in_an_it_block_stops_even_where_the_condition_fails() {
    // it eq; addeq r2,#1; b .
    let mut rig = Rig::new(&[0xBF08, 0x3201, SPIN]);
    rig.attach();
    rig.write(FP_COMP0, (PROGRAM + 2) | 1);
    rig.write(FP_CTRL, 3);
    rig.board.set_register(CoreRegister::Xpsr, 1 << 24);
    assert_eq!(rig.run(10), Stopped::Halted);
    assert_eq!(rig.pc(), PROGRAM + 2);
    // It goes on where it stood, inside the block.
    rig.write(FP_CTRL, 2);
    rig.set(2, 0);
    rig.write(DHCSR, KEY | STEP);
    assert_eq!(rig.run(10), Stopped::Halted);
    assert_eq!((rig.pc(), rig.get(2)), (PROGRAM + 4, 0));
}

#[test]
fn code_loaded_page_by_page_over_old_code_is_executed() {
    let mut rig = Rig::new(&[0x2201, SPIN]);
    rig.run(5);
    let mut page = vec![0u8; 4096];
    page[..4].copy_from_slice(&[0x07, 0x22, 0xFE, 0xE7]);
    rig.board.memory.store(PROGRAM, &page).unwrap();
    rig.board.set_register(CoreRegister::Pc, PROGRAM);
    rig.run(5);
    assert_eq!(rig.get(2), 7);
}
