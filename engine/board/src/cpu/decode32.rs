//! The 32-bit encodings but for the floating-point ones.

use super::alu;
use super::decode::{Place, bit, bits, make, sign_extend, undefined};
use super::decode16::{hint, shift};
use super::ops::{branch, data, dsp, multiple, multiply, special, transfer};
use super::page::Insn;
use transfer::Mode;

pub(crate) fn decode(first: u32, second: u32, place: Place) -> Insn {
    match bits(first, 11, 2) {
        1 => match bits(first, 9, 2) {
            0 if !bit(first, 6) => list_transfer(first, second),
            0 => pair_or_exclusive(first, second, place),
            1 => shifted_register(first, second),
            _ => super::decode_vfp::decode(first, second, place),
        },
        2 if bit(second, 15) => branch_or_control(first, second, place),
        2 if bit(first, 9) => plain_immediate(first, second, place),
        2 => modified_immediate(first, second),
        _ => match bits(first, 8, 3) {
            0 | 1 => single_transfer(first, second, place),
            2 => register(first, second),
            3 if !bit(first, 7) => multiplication(first, second),
            3 => long_multiplication(first, second),
            _ => super::decode_vfp::decode(first, second, place),
        },
    }
}

/// A register that only a few instructions may write.
const fn is_odd(register: u32) -> bool {
    register == 13 || register == 15
}

fn list_transfer(first: u32, second: u32) -> Insn {
    let (load, write_back) = (bit(first, 4), bit(first, 5));
    let n = bits(first, 0, 4);
    let before = match bits(first, 7, 2) {
        1 => false,
        2 => true,
        _ => return undefined(),
    };
    let forbidden = if load { 0x2000 } else { 0xA000 };
    if n == 15 || second & forbidden != 0 || second & 0xC000 == 0xC000 || second.count_ones() < 1 {
        return undefined();
    }
    // A base in the list of a load is not written back.
    let write_back = write_back && !(load && second >> n & 1 != 0);
    make(multiple::pick(load, before, write_back), second, n, 0, 0)
}

fn pair_or_exclusive(first: u32, second: u32, place: Place) -> Insn {
    let (n, t, t2) = (bits(first, 0, 4), bits(second, 12, 4), bits(second, 8, 4));
    let (pre, up, write_back, load) = (bit(first, 8), bit(first, 7), bit(first, 5), bit(first, 4));
    let amount = bits(second, 0, 8) * 4;
    if pre || write_back {
        let offset = if up { amount } else { amount.wrapping_neg() };
        if is_odd(t) || is_odd(t2) {
            return undefined();
        }
        if n == 15 {
            return if load && !write_back {
                make(transfer::load_pair_literal, place.aligned_pc().wrapping_add(offset), t, 15, t2)
            } else {
                undefined()
            };
        }
        return make(transfer::pick_pair(load, !pre, write_back), offset, t, n, t2);
    }
    let d = bits(second, 0, 4);
    match (up, load, bits(second, 4, 4)) {
        (false, true, _) if !is_odd(t) && n != 15 => make(transfer::load_exclusive, amount, t, n, 4),
        (false, false, _) if !is_odd(t) && !is_odd(t2) && n != 15 => {
            make(transfer::store_exclusive, amount, t, n, 4 | t2 << 4)
        }
        (true, true, 0) => make(branch::table::<false>, place.pc(), 0, n, d),
        (true, true, 1) => make(branch::table::<true>, place.pc(), 0, n, d),
        (true, true, 4) if !is_odd(t) && n != 15 => make(transfer::load_exclusive, 0, t, n, 1),
        (true, true, 5) if !is_odd(t) && n != 15 => make(transfer::load_exclusive, 0, t, n, 2),
        (true, false, 4) if !is_odd(t) && !is_odd(d) && n != 15 => make(transfer::store_exclusive, 0, t, n, 1 | d << 4),
        (true, false, 5) if !is_odd(t) && !is_odd(d) && n != 15 => make(transfer::store_exclusive, 0, t, n, 2 | d << 4),
        _ => undefined(),
    }
}

/// The operation of a data-processing code, its comparison and move forms resolved.
fn operation(code: u32, flags: bool, n: u32, d: u32) -> Option<u8> {
    let compares = d == 15 && flags;
    Some(match code {
        0 if compares => alu::TST,
        0 => alu::AND,
        1 => alu::BIC,
        2 if n == 15 => alu::MOV,
        2 => alu::ORR,
        3 if n == 15 => alu::MVN,
        3 => alu::ORN,
        4 if compares => alu::TEQ,
        4 => alu::EOR,
        8 if compares => alu::CMN,
        8 => alu::ADD,
        10 => alu::ADC,
        11 => alu::SBC,
        13 if compares => alu::CMP,
        13 => alu::SUB,
        14 => alu::RSB,
        _ => return None,
    })
}

fn shifted_register(first: u32, second: u32) -> Insn {
    let flags = bit(first, 4);
    let (n, d, m) = (bits(first, 0, 4), bits(second, 8, 4), bits(second, 0, 4));
    let amount = bits(second, 12, 3) << 2 | bits(second, 6, 2);
    let (kind, amount) = shift(bits(second, 4, 2), amount);
    if bits(first, 5, 4) == 6 {
        if flags || is_odd(d) {
            return undefined();
        }
        return match (bit(second, 4), bit(second, 5)) {
            (false, false) => make(data::pack::<false>, amount, d, n, m),
            (false, true) => make(data::pack::<true>, amount, d, n, m),
            _ => undefined(),
        };
    }
    let Some(op) = operation(bits(first, 5, 4), flags, n, d) else { return undefined() };
    if d == 13 && matches!(op, alu::ADD | alu::SUB) {
        return if kind == alu::LSL && amount <= 3 {
            make(data::pick_sp(op == alu::SUB, flags, true), amount, 13, n, m)
        } else {
            undefined()
        };
    }
    if d == 13 && op == alu::MOV && !flags && kind == alu::LSL && amount == 0 {
        return make(data::copy_to_sp, 0, 13, 0, m);
    }
    if is_odd(d) && !alu::is_compare(op) {
        return undefined();
    }
    make(data::pick_register(op, flags, kind, amount), amount, d, n, m)
}

/// The constant of a modified immediate and its carry; 2 leaves the carry as it is.
const fn expand(code: u32) -> (u32, u32) {
    let byte = code & 0xFF;
    match code >> 8 {
        0 => (byte, 2),
        1 => (byte << 16 | byte, 2),
        2 => (byte << 24 | byte << 8, 2),
        3 => (byte << 24 | byte << 16 | byte << 8 | byte, 2),
        _ => {
            let value = (byte | 0x80).rotate_right(code >> 7);
            (value, value >> 31)
        }
    }
}

const fn immediate12(first: u32, second: u32) -> u32 {
    bits(first, 10, 1) << 11 | bits(second, 12, 3) << 8 | bits(second, 0, 8)
}

fn modified_immediate(first: u32, second: u32) -> Insn {
    let flags = bit(first, 4);
    let (n, d) = (bits(first, 0, 4), bits(second, 8, 4));
    let (value, carry) = expand(immediate12(first, second));
    let Some(op) = operation(bits(first, 5, 4), flags, n, d) else { return undefined() };
    if d == 13 && matches!(op, alu::ADD | alu::SUB) {
        return make(data::pick_sp(op == alu::SUB, flags, false), value, 13, n, 2);
    }
    if is_odd(d) && !alu::is_compare(op) {
        return undefined();
    }
    if op == alu::MOV && !flags {
        return make(data::constant, value, d, 0, 0);
    }
    make(data::pick_immediate(op, flags), value, d, n, carry)
}

fn plain_immediate(first: u32, second: u32, place: Place) -> Insn {
    let (n, d) = (bits(first, 0, 4), bits(second, 8, 4));
    let value = immediate12(first, second);
    let half = n << 12 | value;
    let low = bits(second, 12, 3) << 2 | bits(second, 6, 2);
    let width = bits(second, 0, 5);
    let code = bits(first, 4, 5);
    if d == 15 || d == 13 && !matches!(code, 0 | 10) {
        return undefined();
    }
    match code {
        0 if n == 15 => make(data::constant, place.aligned_pc().wrapping_add(value), d, 0, 0),
        10 if n == 15 => make(data::constant, place.aligned_pc().wrapping_sub(value), d, 0, 0),
        0 | 10 if d == 13 => make(data::pick_sp(code == 10, false, false), value, 13, n, 2),
        0 => make(data::pick_immediate(alu::ADD, false), value, d, n, 2),
        10 => make(data::pick_immediate(alu::SUB, false), value, d, n, 2),
        4 => make(data::constant, half, d, 0, 0),
        12 => make(data::move_top, half, d, 0, 0),
        16 | 18 | 24 | 26 => saturation(code, low, width, d, n),
        20 if low + width < 32 => make(data::extract_signed, low, d, n, width + 1),
        28 if low + width < 32 => make(data::extract_unsigned, low, d, n, width + 1),
        22 if width >= low => {
            let run = if n == 15 { data::clear_field } else { data::insert_field };
            make(run, low, d, n, width - low + 1)
        }
        _ => undefined(),
    }
}

fn saturation(code: u32, amount: u32, width: u32, d: u32, n: u32) -> Insn {
    let unsigned = code >= 24;
    let right = code & 2 != 0;
    if right && amount == 0 {
        // The 16-bit forms take the place of a shift right by nothing.
        if width > 15 {
            return undefined();
        }
        return if unsigned {
            make(dsp::unsigned_saturate_halves, 0, d, n, width)
        } else {
            make(dsp::signed_saturate_halves, 0, d, n, width + 1)
        };
    }
    let shift = if right { amount | dsp::SHIFT_RIGHT } else { amount };
    if unsigned {
        make(dsp::unsigned_saturate, shift, d, n, width)
    } else {
        make(dsp::signed_saturate, shift, d, n, width + 1)
    }
}

fn branch_or_control(first: u32, second: u32, place: Place) -> Insn {
    let sign = bits(first, 10, 1);
    let (j1, j2) = (bits(second, 13, 1), bits(second, 11, 1));
    if bit(second, 12) {
        let (i1, i2) = (!(j1 ^ sign) & 1, !(j2 ^ sign) & 1);
        let offset = sign << 24 | i1 << 23 | i2 << 22 | bits(first, 0, 10) << 12 | bits(second, 0, 11) << 1;
        let target = place.pc().wrapping_add(sign_extend(offset, 25));
        return make(if bit(second, 14) { branch::link } else { branch::always }, target, 0, 0, 0);
    }
    if bit(second, 14) {
        return undefined();
    }
    if bits(first, 7, 3) != 7 {
        let offset = sign << 20 | j2 << 19 | j1 << 18 | bits(first, 0, 6) << 12 | bits(second, 0, 11) << 1;
        let target = place.pc().wrapping_add(sign_extend(offset, 21));
        return make(branch::pick_conditional(bits(first, 6, 4) as u8), target, 0, 0, 0);
    }
    if bit(second, 13) {
        return undefined();
    }
    match bits(first, 4, 7) {
        0x38 | 0x39 => make(special::write_special, bits(second, 0, 8), bits(second, 10, 2), bits(first, 0, 4), 0),
        0x3A if bits(second, 8, 3) == 0 => hint(bits(second, 0, 8)),
        0x3B => match bits(second, 4, 4) {
            2 => make(transfer::clear_exclusive, 0, 0, 0, 0),
            4..=6 => make(special::nothing, 0, 0, 0, 0),
            _ => undefined(),
        },
        0x3E | 0x3F if !is_odd(bits(second, 8, 4)) => {
            make(special::read_special, bits(second, 0, 8), bits(second, 8, 4), 0, 0)
        }
        _ => undefined(),
    }
}

fn single_transfer(first: u32, second: u32, place: Place) -> Insn {
    let load = bit(first, 4);
    let (n, t) = (bits(first, 0, 4), bits(second, 12, 4));
    let op = match (load, bit(first, 8), bits(first, 5, 2)) {
        (false, false, 0) => transfer::STRB,
        (false, false, 1) => transfer::STRH,
        (false, false, 2) => transfer::STR,
        (true, false, 0) => transfer::LDRB,
        (true, false, 1) => transfer::LDRH,
        (true, false, 2) => transfer::LDR,
        (true, true, 0) => transfer::LDRSB,
        (true, true, 1) => transfer::LDRSH,
        _ => return undefined(),
    };
    if n == 15 && !load {
        return undefined();
    }
    let m = bits(second, 0, 4);
    let (mode, offset) = if n == 15 {
        let offset = bits(second, 0, 12);
        let base = place.aligned_pc();
        (Mode::Literal, if bit(first, 7) { base.wrapping_add(offset) } else { base.wrapping_sub(offset) })
    } else if bit(first, 7) {
        (Mode::Offset, bits(second, 0, 12))
    } else if bit(second, 11) {
        let offset = bits(second, 0, 8);
        let signed = if bit(second, 9) { offset } else { offset.wrapping_neg() };
        match (bit(second, 10), bit(second, 9), bit(second, 8)) {
            (true, true, false) => (Mode::Unprivileged, offset),
            (true, false, false) => (Mode::Offset, signed),
            (true, _, true) => (Mode::Pre, signed),
            (false, _, true) => (Mode::Post, signed),
            (false, _, false) => return undefined(),
        }
    } else if bits(second, 6, 6) == 0 && !is_odd(m) {
        (Mode::Indexed, bits(second, 4, 2))
    } else {
        return undefined();
    };
    let indexes = matches!(mode, Mode::Pre | Mode::Post);
    if t == 15 && load && op != transfer::LDR {
        // Prefetch hints; a write-back form is none.
        return if indexes { undefined() } else { make(special::nothing, 0, 0, 0, 0) };
    }
    if is_odd(t) && op == transfer::LDR {
        let (how, base, index) = match mode {
            Mode::Literal => (0, 15, 15),
            Mode::Offset => (0, n, 15),
            Mode::Indexed => (0, n, m),
            Mode::Pre => (0x10, n, 15),
            Mode::Post => (0x20, n, 15),
            Mode::Unprivileged => return undefined(),
        };
        return make(transfer::load_special, offset, t | how, base, index);
    }
    // The stack pointer may be stored as a word; nothing else odd is a transfer's register.
    if t == 15 || t == 13 && op != transfer::STR || indexes && n == t {
        return undefined();
    }
    make(transfer::pick(op, mode), offset, t, n, m)
}

fn register(first: u32, second: u32) -> Insn {
    let (n, d, m) = (bits(first, 0, 4), bits(second, 8, 4), bits(second, 0, 4));
    let (code, kind) = (bits(first, 4, 4), bits(second, 4, 4));
    if bits(second, 12, 4) != 15 || is_odd(d) {
        return undefined();
    }
    if code < 8 {
        if kind == 0 {
            return make(data::pick_shift((code >> 1) as u8, code & 1 != 0), 0, d, n, m);
        }
        let extension = match code {
            0 => data::SXTH,
            1 => data::UXTH,
            2 => data::SXTB16,
            3 => data::UXTB16,
            4 => data::SXTB,
            5 => data::UXTB,
            _ => return undefined(),
        };
        if kind & 8 == 0 {
            return undefined();
        }
        return make(data::pick_extend(extension, n != 15), (kind & 3) * 8, d, n, m);
    }
    if kind < 8 {
        return match dsp::pick_parallel((code & 7) as u8, kind as u8) {
            Some(run) => make(run, kind, d, n, m),
            None => undefined(),
        };
    }
    match (code, kind) {
        (8, 8..=11) => make(dsp::pick_saturating((kind & 3) as u8), 0, d, n, m),
        (9, 8) => make(data::reverse, 0, d, n, m),
        (9, 9) => make(data::reverse_halves, 0, d, n, m),
        (9, 10) => make(data::reverse_bits, 0, d, n, m),
        (9, 11) => make(data::reverse_signed_half, 0, d, n, m),
        (10, 8) => make(dsp::select, 0, d, n, m),
        (11, 8) => make(data::count_leading_zeros, 0, d, n, m),
        _ => undefined(),
    }
}

fn multiplication(first: u32, second: u32) -> Insn {
    let (n, a, d, m) = (bits(first, 0, 4), bits(second, 12, 4), bits(second, 8, 4), bits(second, 0, 4));
    let kind = bits(second, 4, 2);
    if bits(second, 6, 2) != 0 || is_odd(d) || a == 13 {
        return undefined();
    }
    let adds = a != 15;
    let exchange = multiply::halves(a as u8, false, kind & 1 != 0);
    let both = multiply::halves(a as u8, kind & 2 != 0, kind & 1 != 0);
    match (bits(first, 4, 3), kind) {
        (0, 0) if adds => make(multiply::multiply_add, a, d, n, m),
        (0, 0) => make(multiply::multiply, 0, d, n, m),
        (0, 1) if adds => make(multiply::multiply_subtract, a, d, n, m),
        (1, _) if adds => make(multiply::half_multiply_add, both, d, n, m),
        (1, _) => make(multiply::half_multiply, both, d, n, m),
        (2, 0 | 1) => make(multiply::pick_dual(false, adds), exchange, d, n, m),
        (3, 0 | 1) if adds => make(multiply::wide_multiply_add, exchange, d, n, m),
        (3, 0 | 1) => make(multiply::wide_multiply, exchange, d, n, m),
        (4, 0 | 1) => make(multiply::pick_dual(true, adds), exchange, d, n, m),
        (5, 0 | 1) => make(multiply::top_multiply::<false>, exchange, d, n, m),
        (6, 0 | 1) if adds => make(multiply::top_multiply::<true>, exchange, d, n, m),
        (7, 0) => make(multiply::sum_of_differences, a, d, n, m),
        _ => undefined(),
    }
}

fn long_multiplication(first: u32, second: u32) -> Insn {
    let (n, low, high, m) = (bits(first, 0, 4), bits(second, 12, 4), bits(second, 8, 4), bits(second, 0, 4));
    let kind = bits(second, 4, 4);
    let code = bits(first, 4, 3);
    if matches!((code, kind), (1 | 3, 15)) {
        if is_odd(high) || low != 15 {
            return undefined();
        }
        let run = if code == 1 { multiply::signed_divide } else { multiply::unsigned_divide };
        return make(run, 0, high, n, m);
    }
    if is_odd(low) || is_odd(high) || low == high {
        return undefined();
    }
    let both = multiply::halves(high as u8, kind & 2 != 0, kind & 1 != 0);
    let exchange = multiply::halves(high as u8, false, kind & 1 != 0);
    match (code, kind) {
        (0, 0) => make(multiply::signed_long, high, low, n, m),
        (2, 0) => make(multiply::unsigned_long, high, low, n, m),
        (4, 0) => make(multiply::signed_long_add, high, low, n, m),
        (4, 8..=11) => make(multiply::half_multiply_long, both, low, n, m),
        (4, 12 | 13) => make(multiply::dual_long::<false>, exchange, low, n, m),
        (5, 12 | 13) => make(multiply::dual_long::<true>, exchange, low, n, m),
        (6, 0) => make(multiply::unsigned_long_add, high, low, n, m),
        (6, 6) => make(multiply::unsigned_long_add_both, high, low, n, m),
        _ => undefined(),
    }
}
