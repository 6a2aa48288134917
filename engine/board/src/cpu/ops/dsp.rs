//! Saturating and parallel arithmetic. Operands: a = Rd, b = Rn, c = Rm.

use crate::Board;
use crate::cpu::alu::{saturate_signed, saturate_unsigned};
use crate::cpu::page::{Insn, Run};

/// SSAT: to `c` bits, Rn shifted left by imm, or right when bit 8 is set.
pub(crate) fn signed_saturate(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let (result, saturated) = saturate_signed(shifted(cpu.get(insn.b), insn.imm), u32::from(insn.c));
    cpu.set(insn.a, result as u32);
    cpu.q |= saturated;
    next
}

/// USAT: as SSAT, unsigned.
pub(crate) fn unsigned_saturate(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let (result, saturated) = saturate_unsigned(shifted(cpu.get(insn.b), insn.imm), u32::from(insn.c));
    cpu.set(insn.a, result);
    cpu.q |= saturated;
    next
}

/// Bit 8 of a saturation's imm: shift right (1–32 in the low byte).
pub(crate) const SHIFT_RIGHT: u32 = 0x100;

const fn shifted(value: u32, shift: u32) -> i64 {
    let amount = shift & 0x3F;
    if shift & SHIFT_RIGHT != 0 {
        value as i32 as i64 >> amount
    } else {
        // The shifter is 32 bits wide: what it shifts out is gone before the saturation.
        (value << (amount & 31)) as i32 as i64
    }
}

const fn low(value: u32) -> i64 {
    value as i16 as i64
}

const fn high(value: u32) -> i64 {
    (value as i32 >> 16) as i64
}

/// SSAT16 to c bits.
pub(crate) fn signed_saturate_halves(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let value = cpu.get(insn.b);
    let (l, l_saturated) = saturate_signed(low(value), u32::from(insn.c));
    let (h, h_saturated) = saturate_signed(high(value), u32::from(insn.c));
    cpu.set(insn.a, l as u32 & 0xFFFF | (h as u32) << 16);
    cpu.q |= l_saturated || h_saturated;
    next
}

/// USAT16 to c bits.
pub(crate) fn unsigned_saturate_halves(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let value = cpu.get(insn.b);
    let (l, l_saturated) = saturate_unsigned(low(value), u32::from(insn.c));
    let (h, h_saturated) = saturate_unsigned(high(value), u32::from(insn.c));
    cpu.set(insn.a, l & 0xFFFF | h << 16);
    cpu.q |= l_saturated || h_saturated;
    next
}

/// QADD, QSUB, QDADD, QDSUB: Rm with Rn (doubled when `DOUBLE`).
pub(crate) fn saturating<const SUBTRACT: bool, const DOUBLE: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let mut second = i64::from(cpu.get(insn.b) as i32);
    if DOUBLE {
        let (doubled, saturated) = saturate_signed(second * 2, 32);
        second = i64::from(doubled);
        cpu.q |= saturated;
    }
    let first = i64::from(cpu.get(insn.c) as i32);
    let (result, saturated) = saturate_signed(if SUBTRACT { first - second } else { first + second }, 32);
    cpu.set(insn.a, result as u32);
    cpu.q |= saturated;
    next
}

/// SEL.
pub(crate) fn select(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let mask = (0..4).fold(0u32, |mask, lane| if cpu.ge >> lane & 1 != 0 { mask | 0xFF << (8 * lane) } else { mask });
    cpu.set(insn.a, cpu.get(insn.b) & mask | cpu.get(insn.c) & !mask);
    next
}

/// Lane layouts of the parallel instructions, as encoded.
pub(crate) const ADD8: u8 = 0;
pub(crate) const ADD16: u8 = 1;
pub(crate) const ASX: u8 = 2;
pub(crate) const SUB8: u8 = 4;
pub(crate) const SUB16: u8 = 5;
pub(crate) const SAX: u8 = 6;

/// How results are brought back into their lanes, as encoded; plus 4 for unsigned.
const WRAP: u8 = 0;
const SATURATE: u8 = 1;
const HALVE: u8 = 2;

fn finish(value: i64, bits: u32, mode: u8, unsigned: bool) -> u32 {
    let result = match (mode, unsigned) {
        (WRAP, _) => value as u32,
        (SATURATE, false) => saturate_signed(value, bits).0 as u32,
        (SATURATE, true) => saturate_unsigned(value, bits).0,
        _ => (value >> 1) as u32,
    };
    result & (((1u64 << bits) - 1) as u32)
}

/// A parallel addition or subtraction: imm = mode, bit 2 unsigned.
pub(crate) fn parallel<const LAYOUT: u8>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let (n, m) = (cpu.get(insn.b), cpu.get(insn.c));
    let mode = (insn.imm & 3) as u8;
    let unsigned = insn.imm & 4 != 0;
    let mut result = 0;
    let mut ge = 0;
    let (lanes, bits) = if LAYOUT == ADD8 || LAYOUT == SUB8 { (4, 8) } else { (2, 16) };
    for lane in 0..lanes {
        let other = if LAYOUT == ASX || LAYOUT == SAX { 1 - lane } else { lane };
        let subtract = match LAYOUT {
            SUB8 | SUB16 => true,
            ASX => lane == 0,
            SAX => lane == 1,
            _ => false,
        };
        let pick = |value: u32, lane: u32| {
            let shifted = value >> (lane * bits);
            match (bits, unsigned) {
                (8, false) => i64::from(shifted as i8),
                (8, true) => i64::from(shifted as u8),
                (_, false) => i64::from(shifted as i16),
                (_, true) => i64::from(shifted as u16),
            }
        };
        let (first, second) = (pick(n, lane), pick(m, other));
        let value = if subtract { first - second } else { first + second };
        result |= finish(value, bits, mode, unsigned) << (lane * bits);
        // Signed: not negative. Unsigned: a carry out of an addition, no borrow in a subtraction.
        let greater = if unsigned && !subtract { value >> bits != 0 } else { value >= 0 };
        if greater {
            ge |= ((1 << (4 / lanes)) - 1) << (lane * 4 / lanes);
        }
    }
    cpu.set(insn.a, result);
    if mode == WRAP {
        cpu.ge = ge;
    }
    next
}

/// The function for a parallel instruction; `None` for a code that has none.
pub(crate) fn pick_parallel(layout: u8, mode: u8) -> Option<Run> {
    if mode & 3 > HALVE {
        return None;
    }
    Some(match layout {
        ADD8 => parallel::<ADD8>,
        ADD16 => parallel::<ADD16>,
        ASX => parallel::<ASX>,
        SUB8 => parallel::<SUB8>,
        SUB16 => parallel::<SUB16>,
        SAX => parallel::<SAX>,
        _ => return None,
    })
}

/// The function for QADD and its kin; code as encoded: QADD, QDADD, QSUB, QDSUB.
pub(crate) fn pick_saturating(code: u8) -> Run {
    match code & 3 {
        0 => saturating::<false, false>,
        1 => saturating::<false, true>,
        2 => saturating::<true, false>,
        _ => saturating::<true, true>,
    }
}
