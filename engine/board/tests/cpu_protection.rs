//! The memory protection unit as code meets it, with the page tables in between.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub
)]

use board::{CoreRegister, Stopped};

mod cpu_rig;
use cpu_rig::*;

const CTRL: u32 = 0xE000_ED94;
const RBAR: u32 = 0xE000_ED9C;
const RASR: u32 = 0xE000_EDA0;
const SPIN: u16 = 0xE7FE;

const FULL: u32 = 3;
const READ_ONLY: u32 = 6;
const PRIVILEGED: u32 = 1;

/// Sets a region: log2 of its size, access, execute never.
fn region(rig: &mut Rig, number: u32, base: u32, size_log2: u32, access: u32, never: u32) {
    rig.write(RBAR, base | 0x10 | number);
    // Normal memory, write-back.
    rig.write(RASR, never << 28 | access << 24 | 0x0B << 16 | (size_log2 - 1) << 1 | 1);
}

#[test]
fn a_store_to_a_read_only_region_faults_with_its_address() {
    // str r1,[r0]; str r1,[r2]; b .
    let mut rig = Rig::new(&[0x6001, 0x6011, SPIN]);
    rig.write(SHCSR, FAULTS_ON);
    rig.set(0, DATA - 4);
    rig.set(1, 5);
    rig.set(2, DATA);
    region(&mut rig, 0, DATA, 12, READ_ONLY, 0);
    rig.write(CTRL, 5);
    rig.run(3);
    assert_eq!((rig.ipsr(), rig.read(CFSR), rig.read(MMFAR)), (4, 0x82, DATA));
    assert_eq!((rig.read(DATA - 4), rig.read(DATA)), (5, 0));
}

#[test]
fn a_border_inside_a_page_is_kept_to_the_byte() {
    // strb r1,[r0]; adds r0,#1; b back
    let mut rig = Rig::new(&[0x7001, 0x3001, 0xE7FC]);
    rig.write(SHCSR, FAULTS_ON);
    rig.set(0, DATA + 0x80);
    rig.set(1, 0xEE);
    region(&mut rig, 3, DATA + 0x100, 5, READ_ONLY, 0);
    rig.write(CTRL, 5);
    rig.run(2000);
    assert_eq!((rig.ipsr(), rig.read(MMFAR)), (4, DATA + 0x100));
    assert_eq!(rig.read(DATA + 0xFC), 0xEEEE_EEEE);
    assert_eq!(rig.read(DATA + 0x100), 0);
}

#[test]
fn rights_taken_away_hold_for_pages_already_in_use() {
    // ldr r1,[r0]; b back
    let mut rig = Rig::new(&[0x6801, 0xE7FD]);
    rig.write(SHCSR, FAULTS_ON);
    rig.set(0, DATA);
    assert_eq!(rig.run(100), Stopped::Budget);
    region(&mut rig, 0, DATA, 12, 0, 0);
    rig.write(CTRL, 5);
    rig.run(3);
    assert_eq!(rig.ipsr(), 4);
}

#[test]
fn execute_never_stops_the_fetch() {
    // bx r0
    let mut rig = Rig::new(&[0x4700]);
    rig.write(SHCSR, FAULTS_ON);
    rig.program(DATA, &[SPIN]);
    rig.set(0, DATA | 1);
    region(&mut rig, 0, DATA, 12, FULL, 1);
    rig.write(CTRL, 5);
    rig.run(3);
    assert_eq!((rig.ipsr(), rig.read(CFSR)), (4, 1));
    assert_eq!(rig.read(STACK - 8), DATA);
}

#[test]
fn an_execute_never_border_inside_a_page_is_kept() {
    // A page whose second half is closed: nops run into it.
    let mut rig = Rig::new(&[]);
    rig.write(SHCSR, FAULTS_ON);
    rig.program(DATA, &[0xBF00; 0x800]);
    rig.board.set_register(CoreRegister::Pc, DATA + 0x7F0);
    region(&mut rig, 0, DATA + 0x800, 11, FULL, 1);
    rig.write(CTRL, 5);
    rig.run(20);
    assert_eq!((rig.ipsr(), rig.read(STACK - 8)), (4, DATA + 0x800));
}

#[test]
fn unprivileged_code_and_its_transfers_see_less() {
    // strt r1,[r0]; b .
    let mut rig = Rig::new(&[0xF840, 0x1E00, SPIN]);
    rig.write(SHCSR, FAULTS_ON);
    rig.set(0, DATA);
    region(&mut rig, 0, DATA, 12, PRIVILEGED, 0);
    rig.write(CTRL, 5);
    rig.run(3);
    assert_eq!((rig.ipsr(), rig.read(MMFAR)), (4, DATA));

    // str r1,[r0] in privileged mode; msr control,r2; str r1,[r0]
    let mut rig = Rig::new(&[0x6001, 0xF382, 0x8814, 0x6001, SPIN]);
    rig.write(SHCSR, FAULTS_ON);
    rig.set(0, DATA);
    rig.set(1, 9);
    rig.set(2, 1);
    region(&mut rig, 0, DATA, 12, PRIVILEGED, 0);
    region(&mut rig, 1, PROGRAM, 12, FULL, 0);
    region(&mut rig, 2, 0x2000_0000, 16, FULL, 0);
    rig.write(CTRL, 5);
    rig.run(4);
    assert_eq!((rig.ipsr(), rig.read(MMFAR), rig.read(DATA)), (4, DATA, 9));
}

#[test]
fn hard_fault_runs_without_the_unit_unless_told_otherwise() {
    // Handler: str r1,[r0]; movs r3,#1; b .
    for (control, expected) in [(5, 1), (7, 0)] {
        let mut rig = Rig::new(&[0xDE00]);
        rig.set_handler(3, &[0x6001, 0x2301, SPIN]);
        rig.set(0, DATA);
        rig.set(3, 0);
        region(&mut rig, 0, DATA, 12, 0, 0);
        rig.write(CTRL, control);
        rig.run(5);
        assert_eq!(rig.get(3), expected);
    }
}

#[test]
fn a_stack_overflow_into_a_guard_region_is_a_stacking_fault() {
    let mut rig = Rig::new(&[0xDF00]);
    rig.write(SHCSR, FAULTS_ON);
    rig.board.set_register(CoreRegister::Msp, DATA + 0x30);
    region(&mut rig, 15, DATA, 5, 0, 0);
    rig.write(0xE000_ED1C, 0x8000_0000);
    rig.write(CTRL, 5);
    rig.run(2);
    assert_eq!((rig.ipsr(), rig.read(CFSR) & 0x10), (4, 0x10));
}
