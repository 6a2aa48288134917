//! Floating-point arithmetic, comparison and selection. Operands: a = Vd, b = Vn, c = Vm (first single registers),
//! imm = the bits named here; `soft_float` does the counting.

use super::float::{compute, number, set_number};
use crate::Board;
use crate::cpu::page::Insn;
use crate::cpu::soft_float::Format;
use crate::cpu::soft_float::arithmetic::{Extreme, QuietNans};

/// In imm: the registers are doubles.
pub(crate) const DOUBLE: u32 = 0x80;
/// In imm: the second operand of a sum is negated, or the product.
const NEGATED: u32 = 1;
/// In imm of [`accumulate`] and [`fused`]: the addend is negated.
pub(crate) const NEGATED_ADDEND: u32 = 2;

pub(super) const fn format(insn: &Insn) -> Format {
    if insn.imm & DOUBLE != 0 { Format::DOUBLE } else { Format::SINGLE }
}

const fn negated_if(format: Format, bits: u64, flag: u32) -> u64 {
    if flag != 0 { format.negated(bits) } else { bits }
}

/// VADD, VSUB.
pub(crate) fn add(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, unit| {
        let format = format(insn);
        let (n, m) = (number(board, format, insn.b), number(board, format, insn.c));
        let result = if insn.imm & NEGATED != 0 { unit.subtract(format, n, m) } else { unit.add(format, n, m) };
        set_number(board, format, insn.a, result);
    })
}

/// VMUL, VNMUL.
pub(crate) fn multiply(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, unit| {
        let format = format(insn);
        let product = unit.multiply(format, number(board, format, insn.b), number(board, format, insn.c));
        set_number(board, format, insn.a, negated_if(format, product, insn.imm & NEGATED));
    })
}

/// VDIV.
pub(crate) fn divide(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, unit| {
        let format = format(insn);
        let result = unit.divide(format, number(board, format, insn.b), number(board, format, insn.c));
        set_number(board, format, insn.a, result);
    })
}

/// VMLA, VMLS, VNMLA, VNMLS: the product is rounded before it is added.
pub(crate) fn accumulate(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, unit| {
        let format = format(insn);
        let product = unit.multiply(format, number(board, format, insn.b), number(board, format, insn.c));
        let product = negated_if(format, product, insn.imm & NEGATED);
        let addend = negated_if(format, number(board, format, insn.a), insn.imm & NEGATED_ADDEND);
        let result = unit.add(format, addend, product);
        set_number(board, format, insn.a, result);
    })
}

/// VFMA, VFMS, VFNMA, VFNMS: rounded once. The negated operand is Vn.
pub(crate) fn fused(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, unit| {
        let format = format(insn);
        let n = negated_if(format, number(board, format, insn.b), insn.imm & NEGATED);
        let addend = negated_if(format, number(board, format, insn.a), insn.imm & NEGATED_ADDEND);
        let result = unit.multiply_add(format, addend, n, number(board, format, insn.c));
        set_number(board, format, insn.a, result);
    })
}

/// VMAXNM; VMINNM with imm bit 0.
pub(crate) fn extreme(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, unit| {
        let format = format(insn);
        let which = if insn.imm & 1 != 0 { Extreme::Minimum } else { Extreme::Maximum };
        let result = unit.extreme(format, number(board, format, insn.b), number(board, format, insn.c), which);
        set_number(board, format, insn.a, result);
    })
}

/// VABS.
pub(crate) fn absolute(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, _| {
        let format = format(insn);
        set_number(board, format, insn.a, format.absolute(number(board, format, insn.c)));
    })
}

/// VNEG.
pub(crate) fn negate(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, _| {
        let format = format(insn);
        set_number(board, format, insn.a, format.negated(number(board, format, insn.c)));
    })
}

/// VSQRT.
pub(crate) fn square_root(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, unit| {
        let format = format(insn);
        let result = unit.square_root(format, number(board, format, insn.c));
        set_number(board, format, insn.a, result);
    })
}

/// VCMP with a register; VCMPE with imm bit 0.
pub(crate) fn compare(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compare_with(board, insn, next, |board| number(board, format(insn), insn.c))
}

/// VCMP with zero; VCMPE with imm bit 0.
pub(crate) fn compare_zero(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compare_with(board, insn, next, |_| 0)
}

fn compare_with(board: &mut Board, insn: &Insn, next: u32, other: impl FnOnce(&Board) -> u64) -> u32 {
    compute(board, insn, next, |board, unit| {
        let format = format(insn);
        let quiet = if insn.imm & 1 != 0 { QuietNans::Invalid } else { QuietNans::Accepted };
        let flags = unit.compare(format, number(board, format, insn.a), other(board), quiet);
        board.cpu.fpscr = board.cpu.fpscr & 0x0FFF_FFFF | flags;
    })
}

/// VSEL: imm bits 0 to 3 are the condition under which Vn is taken.
pub(crate) fn select(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, _| {
        let format = format(insn);
        let from = if board.cpu.holds(insn.imm as u8 & 0xF) { insn.b } else { insn.c };
        set_number(board, format, insn.a, number(board, format, from));
    })
}
