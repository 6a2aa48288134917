//! The coprocessor space: loads, stores and moves of the floating-point registers. Data processing has a file beside;
//! any coprocessor but 10 and 11 is absent.

use super::decode::{Place, bit, bits, make};
use super::decode_vfp_data as data;
use super::ops::{self, float};
use super::page::Insn;

pub(super) fn undefined() -> Insn {
    make(float::undefined, 0, 0, 0, 0)
}

pub(crate) fn decode(first: u32, second: u32, place: Place) -> Insn {
    if bits(first, 8, 2) == 3 {
        return make(ops::undefined, 0, 0, 0, 0);
    }
    if bits(second, 9, 3) != 5 {
        return make(ops::no_coprocessor, 0, 0, 0, 0);
    }
    match (bit(first, 12), bit(first, 9), bit(second, 4)) {
        (false, false, _) => load_store(first, second, place),
        (false, true, false) => data::decode(first, second),
        (false, true, true) => core(first, second),
        (true, true, false) => data::decode_unconditional(first, second),
        (true, ..) => undefined(),
    }
}

/// The first single register of a field and its extra bit; a double register past D15 doesn't exist.
pub(super) const fn number(field: u32, extra: u32, double: bool) -> Option<u32> {
    match (double, extra) {
        (false, _) => Some(field << 1 | extra),
        (true, 0) => Some(field * 2),
        (true, _) => None,
    }
}

fn load_store(first: u32, second: u32, place: Place) -> Insn {
    let (before, up, write_back, load) = (bit(first, 8), bit(first, 7), bit(first, 5), bit(first, 4));
    let double = bit(second, 8);
    let n = bits(first, 0, 4);
    if !before && !up && !write_back {
        return if bit(first, 6) { core_pair(first, second) } else { undefined() };
    }
    let Some(register) = number(bits(second, 12, 4), bits(first, 6, 1), double) else { return undefined() };
    let words = bits(second, 0, 8);
    let load_flag = if load { 0x80 } else { 0 };
    if before && !write_back {
        let offset = if up { words * 4 } else { (words * 4).wrapping_neg() };
        let count = if double { 2 } else { 1 };
        return match (n, load) {
            (15, true) => {
                make(float::transfer, place.aligned_pc().wrapping_add(offset), register, 15, count | load_flag)
            }
            (15, false) => undefined(),
            _ => make(float::transfer, offset, register, n, count | load_flag),
        };
    }
    let count = if double { words & !1 } else { words };
    let legal = count != 0 && register + count <= 32 && n != 15 && before != up && (up || write_back);
    if !legal {
        return undefined();
    }
    let skipped = if double { (words & 1) << 2 } else { 0 };
    let how = u32::from(before) | u32::from(write_back) << 1 | skipped;
    make(float::multiple, how, register, n, count | load_flag)
}

fn core_pair(first: u32, second: u32) -> Insn {
    let double = bit(second, 8);
    let (t, t2) = (bits(second, 12, 4), bits(first, 0, 4));
    let odd = |register| register == 13 || register == 15;
    if second & 0xD0 != 0x10 || odd(t) || odd(t2) {
        return undefined();
    }
    match number(bits(second, 0, 4), bits(second, 5, 1), double) {
        Some(register) if register < 31 => make(float::core_pair, t2, t, register, bits(first, 4, 1)),
        _ => undefined(),
    }
}

fn core(first: u32, second: u32) -> Insn {
    let to_core = bits(first, 4, 1);
    let t = bits(second, 12, 4);
    match (bit(second, 8), bits(first, 5, 3)) {
        (false, 0) if t != 13 && t != 15 => {
            make(float::core, 0, t, bits(first, 0, 4) << 1 | bits(second, 7, 1), to_core)
        }
        (true, half @ (0 | 1)) if t != 13 && t != 15 && bits(second, 5, 2) == 0 && !bit(second, 7) => {
            make(float::core, 0, t, bits(first, 0, 4) * 2 + half, to_core)
        }
        (false, 7) if bits(first, 0, 4) == 1 && to_core != 0 && t != 13 => make(float::read_status, 0, t, 0, 0),
        (false, 7) if bits(first, 0, 4) == 1 && to_core == 0 && t != 13 && t != 15 => {
            make(float::write_status, 0, t, 0, 0)
        }
        _ => undefined(),
    }
}
