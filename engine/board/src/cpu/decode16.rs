//! The 16-bit encodings.

use super::alu;
use super::decode::{Place, bit, bits, make, sign_extend, undefined};
use super::ops::{branch, data, multiple, multiply, special, transfer};
use super::page::Insn;
use transfer::Mode;

/// A shift's code and amount with the meaning of 0: kind and amount as the handlers want them.
pub(crate) const fn shift(kind: u32, amount: u32) -> (u8, u32) {
    match (kind, amount) {
        (0, amount) => (alu::LSL, amount),
        (1, 0) => (alu::LSR, 32),
        (1, amount) => (alu::LSR, amount),
        (2, 0) => (alu::ASR, 32),
        (2, amount) => (alu::ASR, amount),
        (_, 0) => (alu::RRX, 1),
        (_, amount) => (alu::ROR, amount),
    }
}

pub(crate) fn decode(code: u32, place: Place) -> Insn {
    let flags = !place.in_it;
    let low = bits(code, 0, 3);
    let middle = bits(code, 3, 3);
    let high = bits(code, 6, 3);
    let byte = bits(code, 0, 8);
    let named = bits(code, 8, 3);
    match code >> 11 {
        0..=2 => {
            let (kind, amount) = shift(code >> 11, bits(code, 6, 5));
            make(data::pick_register(alu::MOV, flags, kind, amount), amount, low, 0, middle)
        }
        3 => {
            let op = if bit(code, 9) { alu::SUB } else { alu::ADD };
            if bit(code, 10) {
                make(data::pick_immediate(op, flags), high, low, middle, 2)
            } else {
                make(data::pick_register(op, flags, alu::LSL, 0), 0, low, middle, high)
            }
        }
        4 if flags => make(data::pick_immediate(alu::MOV, true), byte, named, 0, 2),
        4 => make(data::constant, byte, named, 0, 0),
        5 => make(data::pick_immediate(alu::CMP, true), byte, 0, named, 2),
        6 => make(data::pick_immediate(alu::ADD, flags), byte, named, named, 2),
        7 => make(data::pick_immediate(alu::SUB, flags), byte, named, named, 2),
        8 if !bit(code, 10) => arithmetic(code, flags),
        8 => high_registers(code, place),
        9 => make(transfer::pick(transfer::LDR, Mode::Literal), place.aligned_pc().wrapping_add(byte * 4), named, 0, 0),
        10 | 11 => {
            let op = match bits(code, 9, 3) {
                0 => transfer::STR,
                1 => transfer::STRH,
                2 => transfer::STRB,
                3 => transfer::LDRSB,
                4 => transfer::LDR,
                5 => transfer::LDRH,
                6 => transfer::LDRB,
                _ => transfer::LDRSH,
            };
            make(transfer::pick(op, Mode::Indexed), 0, low, middle, high)
        }
        12..=17 => {
            let (op, size) = match code >> 11 {
                12 => (transfer::STR, 4),
                13 => (transfer::LDR, 4),
                14 => (transfer::STRB, 1),
                15 => (transfer::LDRB, 1),
                16 => (transfer::STRH, 2),
                _ => (transfer::LDRH, 2),
            };
            make(transfer::pick(op, Mode::Offset), bits(code, 6, 5) * size, low, middle, 0)
        }
        18 => make(transfer::pick(transfer::STR, Mode::Offset), byte * 4, named, 13, 0),
        19 => make(transfer::pick(transfer::LDR, Mode::Offset), byte * 4, named, 13, 0),
        20 => make(data::constant, place.aligned_pc().wrapping_add(byte * 4), named, 0, 0),
        21 => make(data::pick_immediate(alu::ADD, false), byte * 4, named, 13, 2),
        22 | 23 => miscellaneous(code, place),
        24 if byte != 0 => make(multiple::pick(false, false, true), byte, named, 0, 0),
        25 if byte != 0 => {
            let write_back = byte >> named & 1 == 0;
            make(multiple::pick(true, false, write_back), byte, named, 0, 0)
        }
        26 | 27 => match bits(code, 8, 4) {
            14 => undefined(),
            15 => make(special::supervisor_call, byte, 0, 0, 0),
            condition => {
                let target = place.pc().wrapping_add(sign_extend(byte, 8) << 1);
                make(branch::pick_conditional(condition as u8), target, 0, 0, 0)
            }
        },
        28 => make(branch::always, place.pc().wrapping_add(sign_extend(bits(code, 0, 11), 11) << 1), 0, 0, 0),
        _ => undefined(),
    }
}

fn arithmetic(code: u32, flags: bool) -> Insn {
    let (dn, m) = (bits(code, 0, 3), bits(code, 3, 3));
    let plain = |op| make(data::pick_register(op, flags, alu::LSL, 0), 0, dn, dn, m);
    let compare = |op| make(data::pick_register(op, true, alu::LSL, 0), 0, 0, dn, m);
    let shift = |kind| make(data::pick_shift(kind, flags), 0, dn, dn, m);
    match bits(code, 6, 4) {
        0 => plain(alu::AND),
        1 => plain(alu::EOR),
        2 => shift(alu::LSL),
        3 => shift(alu::LSR),
        4 => shift(alu::ASR),
        5 => plain(alu::ADC),
        6 => plain(alu::SBC),
        7 => shift(alu::ROR),
        8 => compare(alu::TST),
        9 => make(data::pick_immediate(alu::RSB, flags), 0, dn, m, 2),
        10 => compare(alu::CMP),
        11 => compare(alu::CMN),
        12 => plain(alu::ORR),
        13 => make(if flags { multiply::multiply_flags } else { multiply::multiply }, 0, dn, m, dn),
        14 => plain(alu::BIC),
        _ => make(data::pick_register(alu::MVN, flags, alu::LSL, 0), 0, dn, 0, m),
    }
}

fn high_registers(code: u32, place: Place) -> Insn {
    let d = bits(code, 0, 3) | bits(code, 7, 1) << 3;
    let m = bits(code, 3, 4);
    match (bits(code, 8, 2), d, m) {
        (0, 15, 15) => make(branch::always, place.pc().wrapping_mul(2) & !1, 0, 0, 0),
        (0, 15, _) => make(branch::to_register, place.pc(), 0, 0, m),
        (0, 13, 15) => make(data::pick_sp(false, false, false), place.pc(), 13, 13, 2),
        (0, 13, _) => make(data::pick_sp(false, false, true), 0, 13, 13, m),
        (0, _, 15) => make(data::pick_immediate(alu::ADD, false), place.pc(), d, d, 2),
        (0, ..) => make(data::pick_register(alu::ADD, false, alu::LSL, 0), 0, d, d, m),
        (1, ..) => make(data::pick_register(alu::CMP, true, alu::LSL, 0), 0, 0, d, m),
        (2, 15, 15) => make(branch::always, place.pc(), 0, 0, 0),
        (2, 15, _) => make(branch::to_register, 0, 0, 0, m),
        (2, 13, 15) => undefined(),
        (2, 13, _) => make(data::copy_to_sp, 0, 13, 0, m),
        (2, _, 15) => make(data::constant, place.pc(), d, 0, 0),
        (2, ..) => make(data::copy, 0, d, 0, m),
        (_, _, 15) => undefined(),
        _ if bit(code, 7) => make(branch::exchange_link, 0, 0, 0, m),
        _ => make(branch::exchange, 0, 0, 0, m),
    }
}

fn miscellaneous(code: u32, place: Place) -> Insn {
    let (low, middle) = (bits(code, 0, 3), bits(code, 3, 3));
    match bits(code, 8, 4) {
        0 => {
            let amount = bits(code, 0, 7) * 4;
            make(data::pick_sp(bit(code, 7), false, false), amount, 13, 13, 2)
        }
        1 | 3 | 9 | 11 => {
            let offset = bits(code, 3, 5) << 1 | bits(code, 9, 1) << 6;
            let run = if bit(code, 11) { branch::if_not_zero } else { branch::if_zero };
            make(run, place.pc().wrapping_add(offset), 0, 0, low)
        }
        2 => {
            let kind = match bits(code, 6, 2) {
                0 => data::SXTH,
                1 => data::SXTB,
                2 => data::UXTH,
                _ => data::UXTB,
            };
            make(data::pick_extend(kind, false), 0, low, 0, middle)
        }
        4 | 5 => {
            let list = bits(code, 0, 8) | bits(code, 8, 1) << 14;
            if list == 0 { undefined() } else { make(multiple::pick(false, true, true), list, 13, 0, 0) }
        }
        6 if code & 0xFFE8 == 0xB660 => make(special::change_state, bits(code, 0, 2), bits(code, 4, 1), 0, 0),
        10 => match bits(code, 6, 2) {
            0 => make(data::reverse, 0, low, 0, middle),
            1 => make(data::reverse_halves, 0, low, 0, middle),
            3 => make(data::reverse_signed_half, 0, low, 0, middle),
            _ => undefined(),
        },
        12 | 13 => {
            let list = bits(code, 0, 8) | bits(code, 8, 1) << 15;
            if list == 0 { undefined() } else { make(multiple::pick(true, false, true), list, 13, 0, 0) }
        }
        14 => make(special::breakpoint, bits(code, 0, 8), 0, 0, u32::from(Insn::BREAKPOINT)),
        15 if bits(code, 0, 4) != 0 => make(branch::it, 0, bits(code, 0, 8), 0, 0),
        15 => hint(bits(code, 4, 4)),
        _ => undefined(),
    }
}

/// NOP, YIELD, WFE, WFI, SEV.
pub(crate) fn hint(number: u32) -> Insn {
    match number {
        2 => make(special::wait_for_event, 0, 0, 0, 0),
        3 => make(special::wait_for_interrupt, 0, 0, 0, 0),
        4 => make(special::send_event, 0, 0, 0, 0),
        _ => make(special::nothing, 0, 0, 0, 0),
    }
}
