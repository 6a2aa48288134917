//! From halfwords to a decoded instruction. Encodings that the architecture leaves unpredictable become undefined
//! where a register would take a value it can't hold; elsewhere they do what the fields say (assumption A76).

use super::ops;
use super::page::{Insn, Run};

/// Where an instruction stands.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) address: u32,
    /// Inside an IT block.
    pub(crate) in_it: bool,
}

impl Place {
    /// What the program counter reads as.
    pub(crate) const fn pc(self) -> u32 {
        self.address.wrapping_add(4)
    }

    /// What it reads as where a word is addressed.
    pub(crate) const fn aligned_pc(self) -> u32 {
        self.pc() & !3
    }
}

/// Whether a first halfword has a second.
pub(crate) const fn is_long(first: u16) -> bool {
    first >= 0xE800
}

/// Decodes one instruction; `second` counts only when the first halfword says so.
pub(crate) fn decode(first: u16, second: u16, place: Place) -> Insn {
    if is_long(first) {
        Insn { len: 4, ..super::decode32::decode(u32::from(first), u32::from(second), place) }
    } else {
        Insn { len: 2, ..super::decode16::decode(u32::from(first), place) }
    }
}

/// An instruction under a breakpoint comparator.
pub(crate) fn breakpoint() -> Insn {
    Insn { len: 2, ..make(ops::special::breakpoint, 0, 0, 0, u32::from(Insn::BREAKPOINT)) }
}

/// A decoded instruction; the length is filled in by [`decode`].
pub(crate) fn make(run: Run, imm: u32, a: u32, b: u32, c: u32) -> Insn {
    Insn { run, imm, a: a as u8, b: b as u8, c: c as u8, len: 0 }
}

pub(crate) fn undefined() -> Insn {
    make(ops::undefined, 0, 0, 0, 0)
}

/// `count` bits of `value` from `low` up.
pub(crate) const fn bits(value: u32, low: u32, count: u32) -> u32 {
    value >> low & ((1 << count) - 1)
}

/// One bit of `value`.
pub(crate) const fn bit(value: u32, position: u32) -> bool {
    value >> position & 1 != 0
}

/// `value` of `count` bits as a signed number.
pub(crate) const fn sign_extend(value: u32, count: u32) -> u32 {
    let unused = 32 - count;
    ((value << unused) as i32 >> unused) as u32
}
