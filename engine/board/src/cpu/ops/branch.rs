//! Branches, table branches, IT. Operands: imm = target where it is constant.

use crate::Board;
use crate::cpu::page::{Insn, Run};
use crate::cpu::{Fault, Signal};

/// Goes to an address from a register or memory: its low bit is the Thumb bit, and in handler mode the top of the
/// address space means an exception return.
#[inline(always)]
pub(crate) fn interwork(board: &mut Board, target: u32) -> u32 {
    if target & 1 == 0 || target >= 0xF000_0000 {
        return unusual(board, target);
    }
    target & !1
}

#[cold]
fn unusual(board: &mut Board, target: u32) -> u32 {
    if target >= 0xF000_0000 && board.cpu.is_handler() {
        board.cpu.signal = Signal::ExceptionReturn(target);
        return target | 1;
    }
    if target & 1 == 0 {
        // The branch itself succeeds; its target can't be executed.
        board.cpu.thumb = false;
        board.cpu.signal = Signal::Fault(Fault::InvalidState);
        return target | 1;
    }
    target & !1
}

/// B.
pub(crate) fn always(_board: &mut Board, insn: &Insn, _next: u32) -> u32 {
    insn.imm
}

/// B<c>: the condition is a constant.
fn conditional<const CONDITION: u8>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    if board.cpu.holds(CONDITION) { insn.imm } else { next }
}

/// The function for a conditional branch.
pub(crate) fn pick_conditional(condition: u8) -> Run {
    match condition {
        0 => conditional::<0>,
        1 => conditional::<1>,
        2 => conditional::<2>,
        3 => conditional::<3>,
        4 => conditional::<4>,
        5 => conditional::<5>,
        6 => conditional::<6>,
        7 => conditional::<7>,
        8 => conditional::<8>,
        9 => conditional::<9>,
        10 => conditional::<10>,
        11 => conditional::<11>,
        12 => conditional::<12>,
        13 => conditional::<13>,
        _ => always,
    }
}

/// BL.
pub(crate) fn link(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    board.cpu.set(14, next | 1);
    insn.imm
}

/// BX, c = Rm.
pub(crate) fn exchange(board: &mut Board, insn: &Insn, _next: u32) -> u32 {
    let target = board.cpu.get(insn.c);
    interwork(board, target)
}

/// BLX, c = Rm.
pub(crate) fn exchange_link(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let target = board.cpu.get(insn.c);
    board.cpu.set(14, next | 1);
    // Not an exception return, wherever it goes.
    if target & 1 == 0 {
        board.cpu.thumb = false;
        board.cpu.signal = Signal::Fault(Fault::InvalidState);
        return target | 1;
    }
    target & !1
}

/// MOV PC and ADD PC: c = Rm, imm = what is added. The low bit is ignored; no exception return.
pub(crate) fn to_register(board: &mut Board, insn: &Insn, _next: u32) -> u32 {
    board.cpu.get(insn.c).wrapping_add(insn.imm) & !1
}

/// CBZ, c = Rn.
pub(crate) fn if_zero(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    if board.cpu.get(insn.c) == 0 { insn.imm } else { next }
}

/// CBNZ.
pub(crate) fn if_not_zero(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    if board.cpu.get(insn.c) != 0 { insn.imm } else { next }
}

/// TBB, TBH: b = Rn (15: imm is the table's address), c = Rm.
pub(crate) fn table<const HALVES: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let base = if insn.b == 15 { insn.imm } else { board.cpu.get(insn.b) };
    let index = board.cpu.get(insn.c);
    let entry =
        if HALVES { board.load_half(base.wrapping_add(index << 1)) } else { board.load_byte(base.wrapping_add(index)) };
    match entry {
        Some(entry) => next.wrapping_add(entry * 2),
        None => next.wrapping_sub(4) | 1,
    }
}

/// IT: a = the new ITSTATE.
pub(crate) fn it(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    board.cpu.itstate = insn.a;
    board.cpu.signal = Signal::ItBlock;
    next | 1
}
