//! Floating-point data processing: arithmetic, conversions, comparisons, selection, and the moves that share their
//! encodings. What Armv7-M with FPv5 leaves free decodes to a UsageFault.

use super::decode::{bit, bits, make};
use super::decode_vfp::{number, undefined};
use super::ops::{float, float_arithmetic as arithmetic, float_conversion as conversion};
use super::page::{Insn, Run};

/// The three registers of an encoding, each with the width that the instruction gives it.
#[derive(Clone, Copy)]
struct Fields {
    first: u32,
    second: u32,
}

impl Fields {
    const fn double(self) -> bool {
        bit(self.second, 8)
    }

    const fn d(self, double: bool) -> Option<u32> {
        number(bits(self.second, 12, 4), bits(self.first, 6, 1), double)
    }

    const fn n(self, double: bool) -> Option<u32> {
        number(bits(self.first, 0, 4), bits(self.second, 7, 1), double)
    }

    const fn m(self, double: bool) -> Option<u32> {
        number(bits(self.second, 0, 4), bits(self.second, 5, 1), double)
    }

    /// An instruction of three registers of the encoding's own width.
    fn three(self, run: Run, how: u32) -> Insn {
        let double = self.double();
        match (self.d(double), self.n(double), self.m(double)) {
            (Some(d), Some(n), Some(m)) => make(run, how | width(double), d, n, m),
            _ => undefined(),
        }
    }

    /// An instruction of two registers; `double_d` and `double_m` say how wide each is.
    fn two(self, run: Run, how: u32, double_d: bool, double_m: bool) -> Insn {
        match (self.d(double_d), self.m(double_m)) {
            (Some(d), Some(m)) => make(run, how | width(self.double()), d, 0, m),
            _ => undefined(),
        }
    }
}

const fn width(double: bool) -> u32 {
    if double { arithmetic::DOUBLE } else { 0 }
}

/// The encodings whose execution an IT block may condition.
pub(crate) fn decode(first: u32, second: u32) -> Insn {
    let fields = Fields { first, second };
    let op = bits(second, 6, 1);
    match (bit(first, 7), bits(first, 4, 2)) {
        // VMLA and VMLS; VNMLS and VNMLA.
        (false, 0) => fields.three(arithmetic::accumulate, op),
        (false, 1) => fields.three(arithmetic::accumulate, arithmetic::NEGATED_ADDEND | op),
        (false, 2) => fields.three(arithmetic::multiply, op),
        (false, _) => fields.three(arithmetic::add, op),
        (true, 0) if op == 0 => fields.three(arithmetic::divide, 0),
        (true, 0) => undefined(),
        // VFNMS and VFNMA; VFMA and VFMS.
        (true, 1) => fields.three(arithmetic::fused, arithmetic::NEGATED_ADDEND | op),
        (true, 2) => fields.three(arithmetic::fused, op),
        (true, _) if op == 0 => constant(fields),
        (true, _) => other(fields),
    }
}

/// The encodings that have no condition: selection, the numbers' extremes, directed rounding.
pub(crate) fn decode_unconditional(first: u32, second: u32) -> Insn {
    let fields = Fields { first, second };
    let double = fields.double();
    let op = bits(second, 6, 1);
    if !bit(first, 7) {
        let choice = bits(first, 4, 2);
        // EQ, VS, GE, GT.
        let condition = choice << 2 | ((choice >> 1 ^ choice) & 1) << 1;
        return if op == 0 { fields.three(arithmetic::select, condition) } else { undefined() };
    }
    match (bits(first, 4, 2), bits(first, 2, 2)) {
        (0, _) => fields.three(arithmetic::extreme, op),
        (3, 2) if bits(second, 6, 2) == 1 => fields.two(conversion::round, bits(first, 0, 2), double, double),
        (3, 3) if op == 1 => {
            let signed = if bit(second, 7) { conversion::SIGNED } else { 0 };
            fields.two(conversion::to_integer, signed | bits(first, 0, 2), false, double)
        }
        _ => undefined(),
    }
}

/// VMOV of a constant.
fn constant(fields: Fields) -> Insn {
    let Fields { first, second } = fields;
    let double = fields.double();
    match fields.d(double) {
        Some(d) if second & 0xF0 == 0 => {
            let byte = bits(first, 0, 4) << 4 | bits(second, 0, 4);
            make(float::constant, expand(byte, double), d, 0, if double { 2 } else { 1 })
        }
        _ => undefined(),
    }
}

/// The single, or the upper word of the double.
const fn expand(byte: u32, double: bool) -> u32 {
    let sign = byte >> 7 << 31;
    let six = byte >> 6 & 1;
    let (repeated, rest) = if double { (0x3FC0_0000, 16) } else { (0x3E00_0000, 19) };
    sign | (six ^ 1) << 30 | if six != 0 { repeated } else { 0 } | (byte & 0x3F) << rest
}

/// One operand, told apart by the field of the first operand.
fn other(fields: Fields) -> Insn {
    let Fields { first, second } = fields;
    let double = fields.double();
    let op = bits(second, 7, 1);
    let signed = |is_signed: bool| if is_signed { conversion::SIGNED } else { 0 };
    match (bits(first, 0, 4), op) {
        (0, 0) => match (fields.d(double), fields.m(double)) {
            (Some(d), Some(m)) => make(float::copy, 0, d, m, if double { 2 } else { 1 }),
            _ => undefined(),
        },
        (0, _) => fields.two(arithmetic::absolute, 0, double, double),
        (1, 0) => fields.two(arithmetic::negate, 0, double, double),
        (1, _) => fields.two(arithmetic::square_root, 0, double, double),
        (2, _) => fields.two(conversion::of_half, op, double, false),
        (3, _) => fields.two(conversion::to_half, op, false, double),
        (4, _) => fields.two(arithmetic::compare, op, double, double),
        (5, _) => match fields.d(double) {
            Some(d) => make(arithmetic::compare_zero, op | width(double), d, 0, 0),
            None => undefined(),
        },
        // VRINTR and VRINTZ; VRINTX.
        (6, 0) => fields.two(conversion::round, conversion::CURRENT, double, double),
        (6, _) => fields.two(conversion::round, conversion::TOWARDS_ZERO, double, double),
        (7, 0) => fields.two(conversion::round, conversion::CURRENT | conversion::EXACT, double, double),
        (7, _) => fields.two(conversion::between, 0, !double, double),
        (8, _) => fields.two(conversion::of_integer, signed(op != 0), double, false),
        (12 | 13, _) => {
            let rounding = if op != 0 { conversion::TOWARDS_ZERO } else { conversion::CURRENT };
            fields.two(conversion::to_integer, signed(bit(first, 0)) | rounding, false, double)
        }
        (10 | 11 | 14 | 15, _) => {
            let size = if op != 0 { 32 } else { 16 };
            let fraction = size - (bits(second, 0, 4) << 1 | bits(second, 5, 1)) as i32;
            let run = if bit(first, 2) { conversion::to_fixed } else { conversion::of_fixed };
            let how = signed(!bit(first, 0)) | width(double);
            match fields.d(double) {
                Some(d) => make(run, how, d, size as u32, fraction as u32),
                None => undefined(),
            }
        }
        _ => undefined(),
    }
}
