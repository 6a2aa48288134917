//! Multiplication and division. Operands: a = Rd or RdLo, b = Rn, c = Rm, imm = Ra or RdHi and, above bit 8, which
//! halves are multiplied.

use super::fail;
use crate::Board;
use crate::cpu::page::{Insn, Run};
use crate::cpu::{Cpu, Fault};

const fn extra(insn: &Insn) -> u8 {
    insn.imm as u8
}

/// MUL, no flags.
pub(crate) fn multiply(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    cpu.set(insn.a, cpu.get(insn.b).wrapping_mul(cpu.get(insn.c)));
    next
}

/// MULS.
pub(crate) fn multiply_flags(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let result = cpu.get(insn.b).wrapping_mul(cpu.get(insn.c));
    cpu.set(insn.a, result);
    cpu.n = result;
    cpu.z = result;
    next
}

/// MLA.
pub(crate) fn multiply_add(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    cpu.set(insn.a, cpu.get(insn.b).wrapping_mul(cpu.get(insn.c)).wrapping_add(cpu.get(extra(insn))));
    next
}

/// MLS.
pub(crate) fn multiply_subtract(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    cpu.set(insn.a, cpu.get(extra(insn)).wrapping_sub(cpu.get(insn.b).wrapping_mul(cpu.get(insn.c))));
    next
}

const fn signed(value: u32) -> i64 {
    value as i32 as i64
}

fn long(cpu: &Cpu, insn: &Insn) -> u64 {
    u64::from(cpu.get(extra(insn))) << 32 | u64::from(cpu.get(insn.a))
}

fn set_long(cpu: &mut Cpu, insn: &Insn, value: u64) {
    cpu.set(insn.a, value as u32);
    cpu.set(extra(insn), (value >> 32) as u32);
}

/// UMULL.
pub(crate) fn unsigned_long(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let product = u64::from(cpu.get(insn.b)) * u64::from(cpu.get(insn.c));
    set_long(cpu, insn, product);
    next
}

/// UMLAL.
pub(crate) fn unsigned_long_add(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let product = u64::from(cpu.get(insn.b)) * u64::from(cpu.get(insn.c));
    set_long(cpu, insn, product.wrapping_add(long(cpu, insn)));
    next
}

/// UMAAL.
pub(crate) fn unsigned_long_add_both(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let product = u64::from(cpu.get(insn.b)) * u64::from(cpu.get(insn.c));
    // (2^32-1)^2 + 2 (2^32-1) is 2^64-1: it can't overflow.
    let sum = product.wrapping_add(u64::from(cpu.get(insn.a))).wrapping_add(u64::from(cpu.get(extra(insn))));
    set_long(cpu, insn, sum);
    next
}

/// SMULL.
pub(crate) fn signed_long(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let product = signed(cpu.get(insn.b)) * signed(cpu.get(insn.c));
    set_long(cpu, insn, product as u64);
    next
}

/// SMLAL.
pub(crate) fn signed_long_add(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let product = signed(cpu.get(insn.b)) * signed(cpu.get(insn.c));
    set_long(cpu, insn, (product as u64).wrapping_add(long(cpu, insn)));
    next
}

/// UDIV.
pub(crate) fn unsigned_divide(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let (a, b) = (board.cpu.get(insn.b), board.cpu.get(insn.c));
    match a.checked_div(b) {
        Some(result) => board.cpu.set(insn.a, result),
        None if board.cpu.system.traps_division() => return fail(board, insn, next, Fault::DivideByZero),
        None => board.cpu.set(insn.a, 0),
    }
    next
}

/// SDIV.
pub(crate) fn signed_divide(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let (a, b) = (board.cpu.get(insn.b) as i32, board.cpu.get(insn.c) as i32);
    if b == 0 && board.cpu.system.traps_division() {
        return fail(board, insn, next, Fault::DivideByZero);
    }
    // The most negative number by -1 gives itself.
    let result = if b == 0 { 0 } else { a.wrapping_div(b) };
    board.cpu.set(insn.a, result as u32);
    next
}

const fn half(value: u32, top: bool) -> i64 {
    if top { (value as i32 >> 16) as i64 } else { value as i16 as i64 }
}

const fn n_top(insn: &Insn) -> bool {
    insn.imm & 0x200 != 0
}

const fn m_top(insn: &Insn) -> bool {
    insn.imm & 0x100 != 0
}

/// Bit 9 of imm chooses Rn's upper half, bit 8 Rm's.
pub(crate) const fn halves(extra: u8, n_top: bool, m_top: bool) -> u32 {
    extra as u32 | (n_top as u32) << 9 | (m_top as u32) << 8
}

fn accumulate(cpu: &mut Cpu, insn: &Insn, sum: i64) {
    if sum != sum as i32 as i64 {
        cpu.q = true;
    }
    cpu.set(insn.a, sum as u32);
}

/// SMULxy.
pub(crate) fn half_multiply(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let product = half(cpu.get(insn.b), n_top(insn)) * half(cpu.get(insn.c), m_top(insn));
    cpu.set(insn.a, product as u32);
    next
}

/// SMLAxy.
pub(crate) fn half_multiply_add(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let product = half(cpu.get(insn.b), n_top(insn)) * half(cpu.get(insn.c), m_top(insn));
    let sum = product + signed(cpu.get(extra(insn)));
    accumulate(cpu, insn, sum);
    next
}

/// SMLALxy.
pub(crate) fn half_multiply_long(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let product = half(cpu.get(insn.b), n_top(insn)) * half(cpu.get(insn.c), m_top(insn));
    set_long(cpu, insn, (product as u64).wrapping_add(long(cpu, insn)));
    next
}

/// SMULWy.
pub(crate) fn wide_multiply(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let product = signed(cpu.get(insn.b)) * half(cpu.get(insn.c), m_top(insn));
    cpu.set(insn.a, (product >> 16) as u32);
    next
}

/// SMLAWy.
pub(crate) fn wide_multiply_add(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let product = signed(cpu.get(insn.b)) * half(cpu.get(insn.c), m_top(insn));
    let sum = (product >> 16) + signed(cpu.get(extra(insn)));
    accumulate(cpu, insn, sum);
    next
}

fn two_products(cpu: &Cpu, insn: &Insn, subtract: bool) -> i64 {
    let n = cpu.get(insn.b);
    let m = if m_top(insn) { cpu.get(insn.c).rotate_right(16) } else { cpu.get(insn.c) };
    let (low, high) = (half(n, false) * half(m, false), half(n, true) * half(m, true));
    if subtract { low - high } else { low + high }
}

/// SMUAD, SMUSD. Bit 8 of imm exchanges Rm's halves.
pub(crate) fn dual<const SUBTRACT: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let sum = two_products(cpu, insn, SUBTRACT);
    accumulate(cpu, insn, sum);
    next
}

/// SMLAD, SMLSD.
pub(crate) fn dual_add<const SUBTRACT: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let sum = two_products(cpu, insn, SUBTRACT) + signed(cpu.get(extra(insn)));
    accumulate(cpu, insn, sum);
    next
}

/// SMLALD, SMLSLD.
pub(crate) fn dual_long<const SUBTRACT: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let sum = (two_products(cpu, insn, SUBTRACT) as u64).wrapping_add(long(cpu, insn));
    set_long(cpu, insn, sum);
    next
}

/// SMMUL, SMMLA, SMMLS: imm low byte = Ra, 15 for none; bit 8 rounds.
pub(crate) fn top_multiply<const SUBTRACT: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let product = signed(cpu.get(insn.b)).wrapping_mul(signed(cpu.get(insn.c)));
    let base = if extra(insn) == 15 { 0 } else { signed(cpu.get(extra(insn))) << 32 };
    let sum = if SUBTRACT { base.wrapping_sub(product) } else { base.wrapping_add(product) };
    let rounded = if m_top(insn) { sum.wrapping_add(0x8000_0000) } else { sum };
    cpu.set(insn.a, (rounded >> 32) as u32);
    next
}

/// USAD8, USADA8: imm low byte = Ra, 15 for none.
pub(crate) fn sum_of_differences(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let n = cpu.get(insn.b).to_le_bytes();
    let m = cpu.get(insn.c).to_le_bytes();
    let sum: u32 = n.into_iter().zip(m).map(|(n, m)| u32::from(n.abs_diff(m))).sum();
    let base = if extra(insn) == 15 { 0 } else { cpu.get(extra(insn)) };
    cpu.set(insn.a, base.wrapping_add(sum));
    next
}

/// The function for a dual multiplication.
pub(crate) fn pick_dual(subtract: bool, add: bool) -> Run {
    match (subtract, add) {
        (false, false) => dual::<false>,
        (false, true) => dual_add::<false>,
        (true, false) => dual::<true>,
        (true, true) => dual_add::<true>,
    }
}
