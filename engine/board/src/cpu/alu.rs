//! Arithmetic of the data-processing instructions: adding with carry, shifting with carry, the flags they leave.

use super::Cpu;

pub(crate) const AND: u8 = 0;
pub(crate) const BIC: u8 = 1;
pub(crate) const ORR: u8 = 2;
pub(crate) const ORN: u8 = 3;
pub(crate) const EOR: u8 = 4;
pub(crate) const MOV: u8 = 5;
pub(crate) const MVN: u8 = 6;
pub(crate) const ADD: u8 = 7;
pub(crate) const ADC: u8 = 8;
pub(crate) const SBC: u8 = 9;
pub(crate) const SUB: u8 = 10;
pub(crate) const RSB: u8 = 11;
pub(crate) const TST: u8 = 12;
pub(crate) const TEQ: u8 = 13;
pub(crate) const CMN: u8 = 14;
pub(crate) const CMP: u8 = 15;

pub(crate) const LSL: u8 = 0;
pub(crate) const LSR: u8 = 1;
pub(crate) const ASR: u8 = 2;
pub(crate) const ROR: u8 = 3;
pub(crate) const RRX: u8 = 4;

/// `a + b + carry`, with C and V.
#[inline(always)]
pub(crate) const fn add_with_carry(a: u32, b: u32, carry: u32) -> (u32, u32, u32) {
    let wide = a as u64 + b as u64 + carry as u64;
    let result = wide as u32;
    (result, (wide >> 32) as u32, (a ^ result) & (b ^ result))
}

/// Whether the operation takes its carry flag from the shifter.
pub(crate) const fn is_logical(op: u8) -> bool {
    op <= MVN || op == TST || op == TEQ
}

/// Whether the operation only compares.
pub(crate) const fn is_compare(op: u8) -> bool {
    op >= TST
}

/// The operation on two operands. Sets N, Z, C, V when `S`; logical operations leave C to the caller.
#[inline(always)]
pub(crate) const fn operate<const OP: u8, const S: bool>(cpu: &mut Cpu, a: u32, b: u32) -> u32 {
    let (result, carry, overflow) = match OP {
        AND | TST => (a & b, 0, 0),
        BIC => (a & !b, 0, 0),
        ORR => (a | b, 0, 0),
        ORN => (a | !b, 0, 0),
        EOR | TEQ => (a ^ b, 0, 0),
        MOV => (b, 0, 0),
        MVN => (!b, 0, 0),
        ADD | CMN => add_with_carry(a, b, 0),
        ADC => add_with_carry(a, b, cpu.c),
        SBC => add_with_carry(a, !b, cpu.c),
        RSB => add_with_carry(!a, b, 1),
        // SUB and CMP
        _ => add_with_carry(a, !b, 1),
    };
    if S {
        cpu.n = result;
        cpu.z = result;
        if !is_logical(OP) {
            cpu.c = carry;
            cpu.v = overflow;
        }
    }
    result
}

/// A shift by a constant the decoder made: 1–31 for LSL, 1–32 for LSR and ASR, 1–31 for ROR. Gives result and carry.
#[inline(always)]
pub(crate) const fn shift_constant<const KIND: u8>(value: u32, amount: u32, carry: u32) -> (u32, u32) {
    match KIND {
        LSL => (value << (amount & 31), value >> (32u32.wrapping_sub(amount) & 31) & 1),
        LSR => ((value as u64 >> (amount & 63)) as u32, value >> (amount.wrapping_sub(1) & 31) & 1),
        ASR => ((value as i32 as i64 >> (amount & 63)) as u32, value >> (amount.wrapping_sub(1) & 31) & 1),
        ROR => (value.rotate_right(amount & 31), value >> (amount.wrapping_sub(1) & 31) & 1),
        _ => (carry << 31 | value >> 1, value & 1),
    }
}

/// A shift by a register's low byte. Gives result and carry.
#[inline(always)]
pub(crate) const fn shift_register<const KIND: u8>(value: u32, amount: u32, carry: u32) -> (u32, u32) {
    let amount = amount & 0xFF;
    if amount == 0 {
        return (value, carry);
    }
    match KIND {
        LSL if amount < 32 => shift_constant::<LSL>(value, amount, carry),
        LSL => (0, if amount == 32 { value & 1 } else { 0 }),
        LSR if amount <= 32 => shift_constant::<LSR>(value, amount, carry),
        LSR => (0, 0),
        ASR if amount <= 32 => shift_constant::<ASR>(value, amount, carry),
        ASR => shift_constant::<ASR>(value, 32, carry),
        _ => (value.rotate_right(amount & 31), value >> (amount.wrapping_sub(1) & 31) & 1),
    }
}

/// Saturates to a signed value of `bits` bits (1–32).
pub(crate) const fn saturate_signed(value: i64, bits: u32) -> (i32, bool) {
    let high = (1i64 << (bits - 1)) - 1;
    let low = -(1i64 << (bits - 1));
    if value > high {
        (high as i32, true)
    } else if value < low {
        (low as i32, true)
    } else {
        (value as i32, false)
    }
}

/// Saturates to an unsigned value of `bits` bits (0–31).
pub(crate) const fn saturate_unsigned(value: i64, bits: u32) -> (u32, bool) {
    let high = (1i64 << bits) - 1;
    if value > high {
        (high as u32, true)
    } else if value < 0 {
        (0, true)
    } else {
        (value as u32, false)
    }
}
