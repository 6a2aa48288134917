//! Loads, stores and moves of the floating-point registers. Every instruction asks CPACR first and marks the
//! floating-point context as in use. Arithmetic and conversions have files beside.

use super::fail;
use crate::Board;
use crate::cpu::Fault;
use crate::cpu::page::Insn;
use crate::cpu::soft_float::{Format, Unit};

fn failed(insn: &Insn, next: u32) -> u32 {
    next.wrapping_sub(u32::from(insn.len)) | 1
}

/// Whether the unit may be used; notes that it was.
fn enter(board: &mut Board) -> bool {
    let allowed = board.cpu.system.float_allowed(board.cpu.is_privileged());
    if allowed && board.cpu.system.preserves_float() && !board.cpu.fp_active {
        board.cpu.fp_active = true;
        board.cpu.fpscr = board.cpu.system.fpdscr;
    }
    allowed
}

macro_rules! enter {
    ($board:ident, $insn:ident, $next:ident) => {
        if !enter($board) {
            return fail($board, $insn, $next, Fault::NoCoprocessor);
        }
    };
}

pub(super) fn single(board: &Board, number: u8) -> u32 {
    #[expect(clippy::indexing_slicing, reason = "a five-bit index into 32")]
    board.cpu.s[usize::from(number & 31)]
}

pub(super) fn set_single(board: &mut Board, number: u8, value: u32) {
    #[expect(clippy::indexing_slicing, reason = "a five-bit index into 32")]
    {
        board.cpu.s[usize::from(number & 31)] = value;
    }
}

/// A register of the format, by its first single register.
pub(super) fn number(board: &Board, format: Format, first: u8) -> u64 {
    let low = u64::from(single(board, first));
    if format == Format::DOUBLE { low | u64::from(single(board, first.wrapping_add(1))) << 32 } else { low }
}

pub(super) fn set_number(board: &mut Board, format: Format, first: u8, value: u64) {
    set_single(board, first, value as u32);
    if format == Format::DOUBLE {
        set_single(board, first.wrapping_add(1), (value >> 32) as u32);
    }
}

/// Runs an instruction that FPSCR's modes steer, and adds the exceptions it raised to FPSCR. None of them interrupts
/// (assumption A78).
#[inline(always)]
pub(super) fn compute(board: &mut Board, insn: &Insn, next: u32, work: impl FnOnce(&mut Board, &mut Unit)) -> u32 {
    enter!(board, insn, next);
    let mut unit = Unit::new(board.cpu.fpscr);
    work(board, &mut unit);
    board.cpu.fpscr |= unit.raised();
    next
}

/// An encoding of the coprocessor space that does nothing here.
pub(crate) fn undefined(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    enter!(board, insn, next);
    fail(board, insn, next, Fault::Undefined)
}

/// VLDR, VSTR: a = first single register, b = Rn (15: imm is the address), c = words, bit 7 load.
pub(crate) fn transfer(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    enter!(board, insn, next);
    let base = if insn.b == 15 { 0 } else { board.cpu.get(insn.b) };
    let address = base.wrapping_add(insn.imm);
    if address & 3 != 0 {
        return fail(board, insn, next, Fault::Unaligned);
    }
    if move_singles(board, address, insn.a, insn.c & 3, insn.c & 0x80 != 0).is_none() {
        return failed(insn, next);
    }
    next
}

fn move_singles(board: &mut Board, address: u32, first: u8, count: u8, load: bool) -> Option<()> {
    let mut address = address;
    for number in first..first.saturating_add(count) {
        if load {
            let value = board.load_word(address)?;
            set_single(board, number, value);
        } else {
            board.store_word(address, single(board, number))?;
        }
        address = address.wrapping_add(4);
    }
    Some(())
}

/// VLDM, VSTM, VPUSH, VPOP: a = first single register, b = Rn, c = count of single registers with bit 7 load,
/// imm: bit 0 decrement before, bit 1 write back, bit 2 an odd word is skipped (FLDMX, FSTMX).
pub(crate) fn multiple(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    enter!(board, insn, next);
    let count = insn.c & 0x3F;
    let size = u32::from(count) * 4 + (insn.imm & 4);
    let base = board.cpu.get(insn.b);
    if base & 3 != 0 {
        return fail(board, insn, next, Fault::Unaligned);
    }
    let start = if insn.imm & 1 != 0 { base.wrapping_sub(size) } else { base };
    if move_singles(board, start, insn.a, count, insn.c & 0x80 != 0).is_none() {
        return failed(insn, next);
    }
    if insn.imm & 2 != 0 {
        board.cpu.set_any(insn.b, if insn.imm & 1 != 0 { start } else { base.wrapping_add(size) });
    }
    next
}

/// VMOV of a constant: a = first single register, c = words, imm = the upper (or only) word.
pub(crate) fn constant(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    enter!(board, insn, next);
    if insn.c == 2 {
        set_single(board, insn.a, 0);
        set_single(board, insn.a.wrapping_add(1), insn.imm);
    } else {
        set_single(board, insn.a, insn.imm);
    }
    next
}

/// VMOV between registers: a = to, b = from (single registers), c = words.
pub(crate) fn copy(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    enter!(board, insn, next);
    for i in 0..insn.c {
        let value = single(board, insn.b.wrapping_add(i));
        set_single(board, insn.a.wrapping_add(i), value);
    }
    next
}

/// VMOV between a core register (a) and a single register (b): c = 1 to the core register.
pub(crate) fn core(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    enter!(board, insn, next);
    if insn.c != 0 {
        let value = single(board, insn.b);
        board.cpu.set_any(insn.a, value);
    } else {
        let value = board.cpu.get(insn.a);
        set_single(board, insn.b, value);
    }
    next
}

/// VMOV between two core registers (a, imm) and two single registers from b: c = 1 to the core registers.
pub(crate) fn core_pair(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    enter!(board, insn, next);
    let second = insn.imm as u8;
    if insn.c != 0 {
        let (low, high) = (single(board, insn.b), single(board, insn.b.wrapping_add(1)));
        board.cpu.set_any(insn.a, low);
        board.cpu.set_any(second, high);
    } else {
        let (low, high) = (board.cpu.get(insn.a), board.cpu.get(second));
        set_single(board, insn.b, low);
        set_single(board, insn.b.wrapping_add(1), high);
    }
    next
}

/// The writable bits of FPSCR: flags, modes, cumulative exceptions.
pub(crate) const FPSCR_MASK: u32 = 0xF7C0_009F;

/// VMRS: a = Rt, 15 for the flags.
pub(crate) fn read_status(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    enter!(board, insn, next);
    let value = board.cpu.fpscr;
    if insn.a == 15 {
        let q = board.cpu.q;
        board.cpu.set_nzcvq(value);
        board.cpu.q = q;
    } else {
        board.cpu.set_any(insn.a, value);
    }
    next
}

/// VMSR: a = Rt.
pub(crate) fn write_status(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    enter!(board, insn, next);
    board.cpu.fpscr = board.cpu.get(insn.a) & FPSCR_MASK;
    next
}
