//! Data processing: logic, addition, shifts, moves, extension, bit fields, bit counting.
//! Operands unless said otherwise: a = Rd, b = Rn, c = Rm.

use crate::Board;
use crate::cpu::alu::{
    self, ADD, ASR, LSL, LSR, ROR, RRX, SUB, is_compare, is_logical, operate, shift_constant, shift_register,
};
use crate::cpu::page::{Insn, Run};

/// Second operand: a constant. c = carry of its expansion, 2 = unchanged.
pub(crate) fn immediate<const OP: u8, const S: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let result = operate::<OP, S>(cpu, cpu.get(insn.b), insn.imm);
    if S && is_logical(OP) && insn.c != 2 {
        cpu.c = u32::from(insn.c);
    }
    if !is_compare(OP) {
        cpu.set(insn.a, result);
    }
    next
}

/// Second operand: a register.
pub(crate) fn register<const OP: u8, const S: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let result = operate::<OP, S>(cpu, cpu.get(insn.b), cpu.get(insn.c));
    if !is_compare(OP) {
        cpu.set(insn.a, result);
    }
    next
}

#[inline(always)]
fn shifted<const OP: u8, const S: bool, const KIND: u8>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let (operand, carry) = shift_constant::<KIND>(cpu.get(insn.c), insn.imm, cpu.c);
    let result = operate::<OP, S>(cpu, cpu.get(insn.b), operand);
    if S && is_logical(OP) {
        cpu.c = carry;
    }
    if !is_compare(OP) {
        cpu.set(insn.a, result);
    }
    next
}

/// Second operand: a register shifted left by imm.
pub(crate) fn shifted_lsl<const OP: u8, const S: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    shifted::<OP, S, LSL>(board, insn, next)
}

/// Second operand: a register shifted right by imm.
pub(crate) fn shifted_lsr<const OP: u8, const S: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    shifted::<OP, S, LSR>(board, insn, next)
}

/// Second operand: a register shifted right by imm, sign kept.
pub(crate) fn shifted_asr<const OP: u8, const S: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    shifted::<OP, S, ASR>(board, insn, next)
}

/// Second operand: a register rotated by imm.
pub(crate) fn shifted_ror<const OP: u8, const S: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    shifted::<OP, S, ROR>(board, insn, next)
}

/// Second operand: a register rotated through the carry.
pub(crate) fn shifted_rrx<const OP: u8, const S: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    shifted::<OP, S, RRX>(board, insn, next)
}

macro_rules! pick {
    ($function:ident, $op:expr, $s:expr) => {
        pick!($function, $op, $s, AND BIC ORR ORN EOR MOV MVN ADD ADC SBC SUB RSB; TST TEQ CMN)
    };
    ($function:ident, $op:expr, $s:expr, $($name:ident)*; $($compare:ident)*) => {
        match ($op, $s) {
            $((alu::$name, false) => $function::<{ alu::$name }, false>,
              (alu::$name, true) => $function::<{ alu::$name }, true>,)*
            $((alu::$compare, _) => $function::<{ alu::$compare }, true>,)*
            _ => $function::<{ alu::CMP }, true>,
        }
    };
}

/// The function for an operation with a constant.
pub(crate) fn pick_immediate(op: u8, flags: bool) -> Run {
    pick!(immediate, op, flags)
}

/// The function for an operation with a register shifted by a constant; amount as decoded, kind LSL with 0 for none.
pub(crate) fn pick_register(op: u8, flags: bool, kind: u8, amount: u32) -> Run {
    match (kind, amount) {
        (LSL, 0) => pick!(register, op, flags),
        (LSL, _) => pick!(shifted_lsl, op, flags),
        (LSR, _) => pick!(shifted_lsr, op, flags),
        (ASR, _) => pick!(shifted_asr, op, flags),
        (ROR, _) => pick!(shifted_ror, op, flags),
        _ => pick!(shifted_rrx, op, flags),
    }
}

/// Shift by a register: b is shifted by the low byte of c.
pub(crate) fn shift<const KIND: u8, const S: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let (result, carry) = shift_register::<KIND>(cpu.get(insn.b), cpu.get(insn.c), cpu.c);
    cpu.set(insn.a, result);
    if S {
        cpu.n = result;
        cpu.z = result;
        cpu.c = carry;
    }
    next
}

/// The function for a shift by a register.
pub(crate) fn pick_shift(kind: u8, flags: bool) -> Run {
    match (kind, flags) {
        (LSL, false) => shift::<LSL, false>,
        (LSL, true) => shift::<LSL, true>,
        (LSR, false) => shift::<LSR, false>,
        (LSR, true) => shift::<LSR, true>,
        (ASR, false) => shift::<ASR, false>,
        (ASR, true) => shift::<ASR, true>,
        (_, false) => shift::<ROR, false>,
        (_, true) => shift::<ROR, true>,
    }
}

/// Rd = imm, no flags: ADR and constant moves.
pub(crate) fn constant(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    board.cpu.set(insn.a, insn.imm);
    next
}

/// Rd = Rm, no flags, Rd not SP.
pub(crate) fn copy(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let value = board.cpu.get(insn.c);
    board.cpu.set(insn.a, value);
    next
}

/// SP = Rm.
pub(crate) fn copy_to_sp(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let value = board.cpu.get(insn.c);
    board.cpu.set_sp(value);
    next
}

/// SP = Rn ± imm; flags as `S` says.
pub(crate) fn sp_immediate<const OP: u8, const S: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let result = operate::<OP, S>(cpu, cpu.get(insn.b), insn.imm);
    cpu.set_sp(result);
    next
}

/// SP = Rn ± (Rm shifted left by imm); flags as `S` says.
pub(crate) fn sp_register<const OP: u8, const S: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let (operand, _) = shift_constant::<LSL>(cpu.get(insn.c), insn.imm, 0);
    let result = operate::<OP, S>(cpu, cpu.get(insn.b), operand);
    cpu.set_sp(result);
    next
}

/// The function for ADD or SUB into the stack pointer.
pub(crate) fn pick_sp(subtract: bool, flags: bool, with_register: bool) -> Run {
    match (subtract, flags, with_register) {
        (false, false, false) => sp_immediate::<ADD, false>,
        (false, true, false) => sp_immediate::<ADD, true>,
        (true, false, false) => sp_immediate::<SUB, false>,
        (true, true, false) => sp_immediate::<SUB, true>,
        (false, false, true) => sp_register::<ADD, false>,
        (false, true, true) => sp_register::<ADD, true>,
        (true, false, true) => sp_register::<SUB, false>,
        (true, true, true) => sp_register::<SUB, true>,
    }
}

/// MOVT: the upper half of Rd = imm.
pub(crate) fn move_top(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    cpu.set(insn.a, cpu.get(insn.a) & 0xFFFF | insn.imm << 16);
    next
}

/// Which extension.
pub(crate) const SXTB: u8 = 0;
pub(crate) const SXTH: u8 = 1;
pub(crate) const UXTB: u8 = 2;
pub(crate) const UXTH: u8 = 3;
pub(crate) const SXTB16: u8 = 4;
pub(crate) const UXTB16: u8 = 5;

/// Extension of Rm rotated by imm bits, added to Rn when `A`.
pub(crate) fn extend<const KIND: u8, const A: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let value = cpu.get(insn.c).rotate_right(insn.imm);
    let low = value & 0xFF;
    let high = value >> 16 & 0xFF;
    let base = if A { cpu.get(insn.b) } else { 0 };
    let result = match KIND {
        SXTB => base.wrapping_add(value as i8 as u32),
        SXTH => base.wrapping_add(value as i16 as u32),
        UXTB => base.wrapping_add(low),
        UXTH => base.wrapping_add(value & 0xFFFF),
        _ => {
            let (low, high) = if KIND == SXTB16 { (low as i8 as u32, high as i8 as u32) } else { (low, high) };
            base.wrapping_add(low) & 0xFFFF | (base >> 16).wrapping_add(high) << 16
        }
    };
    cpu.set(insn.a, result);
    next
}

/// The function for an extension.
pub(crate) fn pick_extend(kind: u8, add: bool) -> Run {
    match (kind, add) {
        (SXTB, false) => extend::<SXTB, false>,
        (SXTB, true) => extend::<SXTB, true>,
        (SXTH, false) => extend::<SXTH, false>,
        (SXTH, true) => extend::<SXTH, true>,
        (UXTB, false) => extend::<UXTB, false>,
        (UXTB, true) => extend::<UXTB, true>,
        (UXTH, false) => extend::<UXTH, false>,
        (UXTH, true) => extend::<UXTH, true>,
        (SXTB16, false) => extend::<SXTB16, false>,
        (SXTB16, true) => extend::<SXTB16, true>,
        (_, false) => extend::<UXTB16, false>,
        (_, true) => extend::<UXTB16, true>,
    }
}

/// REV.
pub(crate) fn reverse(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let value = board.cpu.get(insn.c).swap_bytes();
    board.cpu.set(insn.a, value);
    next
}

/// REV16.
pub(crate) fn reverse_halves(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let value = board.cpu.get(insn.c).swap_bytes().rotate_right(16);
    board.cpu.set(insn.a, value);
    next
}

/// REVSH.
pub(crate) fn reverse_signed_half(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let value = (board.cpu.get(insn.c) as u16).swap_bytes() as i16 as u32;
    board.cpu.set(insn.a, value);
    next
}

/// RBIT.
pub(crate) fn reverse_bits(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let value = board.cpu.get(insn.c).reverse_bits();
    board.cpu.set(insn.a, value);
    next
}

/// CLZ.
pub(crate) fn count_leading_zeros(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let value = board.cpu.get(insn.c).leading_zeros();
    board.cpu.set(insn.a, value);
    next
}

const fn ones(width: u32) -> u32 {
    ((1u64 << (width & 63)) - 1) as u32
}

/// BFI: width c from Rn into Rd at imm.
pub(crate) fn insert_field(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let mask = ones(u32::from(insn.c)) << (insn.imm & 31);
    cpu.set(insn.a, cpu.get(insn.a) & !mask | cpu.get(insn.b) << (insn.imm & 31) & mask);
    next
}

/// BFC: width c of Rd at imm.
pub(crate) fn clear_field(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let mask = ones(u32::from(insn.c)) << (insn.imm & 31);
    cpu.set(insn.a, cpu.get(insn.a) & !mask);
    next
}

/// UBFX: width c of Rn at imm.
pub(crate) fn extract_unsigned(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let value = cpu.get(insn.b) >> (insn.imm & 31) & ones(u32::from(insn.c));
    cpu.set(insn.a, value);
    next
}

/// SBFX: width c of Rn at imm.
pub(crate) fn extract_signed(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let unused = 32 - u32::from(insn.c);
    let value = ((cpu.get(insn.b) >> (insn.imm & 31)) as i32) << (unused & 31) >> (unused & 31);
    cpu.set(insn.a, value as u32);
    next
}

/// PKHBT with an LSL by imm, PKHTB with an ASR by imm (0 stands for 32 and is decoded so).
pub(crate) fn pack<const TOP: bool>(board: &mut Board, insn: &Insn, next: u32) -> u32 {
    let cpu = &mut board.cpu;
    let first = cpu.get(insn.b);
    let result = if TOP {
        let (second, _) = shift_constant::<ASR>(cpu.get(insn.c), insn.imm, 0);
        first & 0xFFFF_0000 | second & 0xFFFF
    } else {
        let second = cpu.get(insn.c) << (insn.imm & 31);
        first & 0xFFFF | second & 0xFFFF_0000
    };
    cpu.set(insn.a, result);
    next
}
