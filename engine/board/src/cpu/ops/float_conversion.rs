//! Floating-point conversions and rounding to whole numbers. Operands: a = Vd, c = Vm (first single registers), imm =
//! the bits named here and in `float_arithmetic`.

use super::float::{compute, number, set_number, set_single, single};
use super::float_arithmetic::format;
use crate::Board;
use crate::cpu::page::Insn;
use crate::cpu::soft_float::convert::{Exactness, Fixed};
use crate::cpu::soft_float::{Format, Rounding, Unit};

/// In imm, bits 0 to 2: how to round. 0 to 3 are the encoding's: nearest with ties away, nearest, up, down.
const ROUNDING: u32 = 7;
/// FPSCR's mode.
pub(crate) const CURRENT: u32 = 4;
pub(crate) const TOWARDS_ZERO: u32 = 5;
/// In imm: the integer or fixed-point number is signed.
pub(crate) const SIGNED: u32 = 8;
/// In imm: a result that isn't exact raises the flag (VRINTX).
pub(crate) const EXACT: u32 = 0x10;

const fn rounding(insn: &Insn, unit: &Unit) -> Rounding {
    match insn.imm & ROUNDING {
        0 => Rounding::NearestAway,
        1 => Rounding::NearestEven,
        2 => Rounding::Up,
        3 => Rounding::Down,
        CURRENT => unit.rounding(),
        _ => Rounding::Zero,
    }
}

const fn integer(insn: &Insn) -> Fixed {
    Fixed { width: 32, fraction: 0, is_signed: insn.imm & SIGNED != 0 }
}

/// b = width, c = fraction bits, signed.
const fn fixed(insn: &Insn) -> Fixed {
    Fixed { width: insn.b as u32, fraction: insn.c as i8 as i32, is_signed: insn.imm & SIGNED != 0 }
}

/// VCVT, VCVTR, VCVTA, VCVTN, VCVTP, VCVTM to an integer in a single register.
pub(crate) fn to_integer(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, unit| {
        let format = format(insn);
        let rounding = rounding(insn, unit);
        let result = unit.fixed_from(format, number(board, format, insn.c), integer(insn), rounding);
        set_single(board, insn.a, result as u32);
    })
}

/// VCVT of an integer in a single register.
pub(crate) fn of_integer(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, unit| {
        let format = format(insn);
        let result = unit.float_from(format, single(board, insn.c), integer(insn), unit.rounding());
        set_number(board, format, insn.a, result);
    })
}

/// VCVT to a fixed-point number in the same register, towards zero.
pub(crate) fn to_fixed(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, unit| {
        let format = format(insn);
        let result = unit.fixed_from(format, number(board, format, insn.a), fixed(insn), Rounding::Zero);
        // Extended over the whole register.
        set_number(board, format, insn.a, result as u64);
    })
}

/// VCVT of a fixed-point number in the same register, to the nearest.
pub(crate) fn of_fixed(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, unit| {
        let format = format(insn);
        let result = unit.float_from(format, single(board, insn.a), fixed(insn), Rounding::NearestEven);
        set_number(board, format, insn.a, result);
    })
}

/// VCVT between single and double; the width in imm is that of Vm.
pub(crate) fn between(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, unit| {
        let from = format(insn);
        let to = if from == Format::DOUBLE { Format::SINGLE } else { Format::DOUBLE };
        let result = unit.convert(from, to, number(board, from, insn.c));
        set_number(board, to, insn.a, result);
    })
}

/// VCVTB from half precision; VCVTT, from the upper half of the register, with imm bit 0.
pub(crate) fn of_half(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, unit| {
        let half = single(board, insn.c) >> (16 * (insn.imm & 1)) & 0xFFFF;
        let to = format(insn);
        let result = unit.convert(Format::HALF, to, u64::from(half));
        set_number(board, to, insn.a, result);
    })
}

/// VCVTB to half precision; VCVTT, to the upper half of the register, with imm bit 0. The other half stays.
pub(crate) fn to_half(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, unit| {
        let from = format(insn);
        let half = unit.convert(from, Format::HALF, number(board, from, insn.c)) as u32;
        let shift = 16 * (insn.imm & 1);
        let kept = single(board, insn.a) & !(0xFFFF << shift);
        set_single(board, insn.a, kept | half << shift);
    })
}

/// VRINTA, VRINTN, VRINTP, VRINTM, VRINTR, VRINTZ, VRINTX.
pub(crate) fn round(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    compute(board, insn, next, |board, unit| {
        let format = format(insn);
        let rounding = rounding(insn, unit);
        let exactness = if insn.imm & EXACT != 0 { Exactness::Flagged } else { Exactness::Ignored };
        let result = unit.whole_from(format, number(board, format, insn.c), rounding, exactness);
        set_number(board, format, insn.a, result);
    })
}
