//! Sums, products, quotients, roots and comparisons. Every function takes registers' contents and gives one back.

use super::{DIVISION_BY_ZERO, Format, INVALID, Kind, Magnitude, Number, Unit};

/// N, Z, C and V of a comparison, as the four top bits of FPSCR.
const EQUAL: u32 = 0x6000_0000;
const LESS: u32 = 0x8000_0000;
const GREATER: u32 = 0x2000_0000;
const UNORDERED: u32 = 0x3000_0000;

/// Which of two numbers VMAXNM and VMINNM choose.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extreme {
    Maximum,
    Minimum,
}

/// What a comparison finds about quiet NaNs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuietNans {
    Accepted,
    Invalid,
}

fn product(n: Magnitude, m: Magnitude) -> Magnitude {
    Magnitude { significand: n.significand * m.significand, exponent: n.exponent + m.exponent }
}

/// The sum of two signed magnitudes with its sign; `None` when they cancel.
fn sum(n_negative: bool, n: Magnitude, m_negative: bool, m: Magnitude) -> Option<(bool, Magnitude)> {
    let (n, m) = (n.normalised(), m.normalised());
    let n_is_larger = (n.exponent, n.significand) >= (m.exponent, m.significand);
    let (large, small) = if n_is_larger { (n, m) } else { (m, n) };
    let by = large.exponent.abs_diff(small.exponent);
    // Products have 106 bits: bits are lost only where the difference keeps at least 123 before them.
    let shifted = small.significand.checked_shr(by).unwrap_or(0);
    let restored = shifted.checked_shl(by).unwrap_or(0);
    let shifted = shifted | u128::from(restored != small.significand);
    let significand = if n_negative == m_negative { large.significand + shifted } else { large.significand - shifted };
    let is_negative = if n_is_larger { n_negative } else { m_negative };
    (significand != 0).then_some((is_negative, Magnitude { significand, exponent: large.exponent }))
}

impl Unit {
    pub(crate) fn add(&mut self, format: Format, n: u64, m: u64) -> u64 {
        let (n, m) = (self.unpack(format, n), self.unpack(format, m));
        if let Some(nan) = self.nan_of(format, &[n, m]) {
            return nan;
        }
        self.sum_of(format, n, m)
    }

    /// n − m. A NaN in m keeps its sign.
    pub(crate) fn subtract(&mut self, format: Format, n: u64, m: u64) -> u64 {
        let (n, m) = (self.unpack(format, n), self.unpack(format, m));
        if let Some(nan) = self.nan_of(format, &[n, m]) {
            return nan;
        }
        self.sum_of(format, n, Number { is_negative: !m.is_negative, ..m })
    }

    /// Two operands that aren't NaNs.
    fn sum_of(&mut self, format: Format, n: Number, m: Number) -> u64 {
        match (n.kind, m.kind) {
            (Kind::Infinity, Kind::Infinity) if n.is_negative != m.is_negative => self.invalid(format),
            (Kind::Infinity, _) => format.signed(n.is_negative) | format.infinity(),
            (_, Kind::Infinity) => format.signed(m.is_negative) | format.infinity(),
            (Kind::Finite(a), Kind::Finite(b)) => match sum(n.is_negative, a, m.is_negative, b) {
                Some((is_negative, exact)) => self.round(format, is_negative, exact, self.rounding),
                None => format.signed(self.cancels_to_negative()),
            },
            (Kind::Finite(exact), _) => self.round(format, n.is_negative, exact, self.rounding),
            (_, Kind::Finite(exact)) => self.round(format, m.is_negative, exact, self.rounding),
            _ if n.is_negative == m.is_negative => format.signed(n.is_negative),
            _ => format.signed(self.cancels_to_negative()),
        }
    }

    pub(crate) fn multiply(&mut self, format: Format, n: u64, m: u64) -> u64 {
        let (n, m) = (self.unpack(format, n), self.unpack(format, m));
        if let Some(nan) = self.nan_of(format, &[n, m]) {
            return nan;
        }
        let is_negative = n.is_negative != m.is_negative;
        match (n.kind, m.kind) {
            (Kind::Infinity, Kind::Zero) | (Kind::Zero, Kind::Infinity) => self.invalid(format),
            (Kind::Infinity, _) | (_, Kind::Infinity) => format.signed(is_negative) | format.infinity(),
            (Kind::Finite(a), Kind::Finite(b)) => self.round(format, is_negative, product(a, b), self.rounding),
            _ => format.signed(is_negative),
        }
    }

    pub(crate) fn divide(&mut self, format: Format, n: u64, m: u64) -> u64 {
        let (n, m) = (self.unpack(format, n), self.unpack(format, m));
        if let Some(nan) = self.nan_of(format, &[n, m]) {
            return nan;
        }
        let is_negative = n.is_negative != m.is_negative;
        match (n.kind, m.kind) {
            (Kind::Infinity, Kind::Infinity) | (Kind::Zero, Kind::Zero) => self.invalid(format),
            (Kind::Infinity, _) => format.signed(is_negative) | format.infinity(),
            (Kind::Finite(_), Kind::Zero) => {
                self.raise(DIVISION_BY_ZERO);
                format.signed(is_negative) | format.infinity()
            }
            (Kind::Finite(a), Kind::Finite(b)) => {
                // At least 72 bits of quotient.
                let a = a.normalised();
                let (whole, rest) = (a.significand / b.significand, a.significand % b.significand);
                let significand = whole | u128::from(rest != 0);
                let exact = Magnitude { significand, exponent: a.exponent - b.exponent };
                self.round(format, is_negative, exact, self.rounding)
            }
            _ => format.signed(is_negative),
        }
    }

    /// addend + n × m, rounded once.
    pub(crate) fn multiply_add(&mut self, format: Format, addend: u64, n: u64, m: u64) -> u64 {
        let addend = self.unpack(format, addend);
        let (n, m) = (self.unpack(format, n), self.unpack(format, m));
        let is_invalid = n.kind.is_infinity() && m.kind.is_zero() || n.kind.is_zero() && m.kind.is_infinity();
        let nan = self.nan_of(format, &[addend, n, m]);
        if is_invalid && !matches!(addend.kind, Kind::SignallingNan) {
            return self.invalid(format);
        }
        if let Some(nan) = nan {
            return nan;
        }
        let kind = match (n.kind, m.kind) {
            (Kind::Finite(a), Kind::Finite(b)) => Kind::Finite(product(a, b)),
            (Kind::Infinity, _) | (_, Kind::Infinity) => Kind::Infinity,
            _ => Kind::Zero,
        };
        let product = Number { is_negative: n.is_negative != m.is_negative, kind, bits: 0 };
        self.sum_of(format, addend, product)
    }

    pub(crate) fn square_root(&mut self, format: Format, m: u64) -> u64 {
        let m = self.unpack(format, m);
        if let Some(nan) = self.nan_of(format, &[m]) {
            return nan;
        }
        match m.kind {
            Kind::Finite(_) | Kind::Infinity if m.is_negative => self.invalid(format),
            Kind::Finite(magnitude) => {
                let Magnitude { significand, exponent } = magnitude.normalised();
                // An even exponent can be halved.
                let odd = exponent & 1;
                let (significand, exponent) = (significand << odd, exponent - odd);
                let root = significand.isqrt();
                let significand = root | u128::from(root * root != significand);
                let exact = Magnitude { significand, exponent: exponent / 2 };
                self.round(format, false, exact, self.rounding)
            }
            Kind::Infinity => format.infinity(),
            _ => format.signed(m.is_negative),
        }
    }

    /// The flags of a comparison, as the four top bits of FPSCR.
    pub(crate) fn compare(&mut self, format: Format, n: u64, m: u64, quiet: QuietNans) -> u32 {
        let (n, m) = (self.unpack(format, n), self.unpack(format, m));
        if n.kind.is_nan() || m.kind.is_nan() {
            let signalling = [n, m].iter().any(|operand| matches!(operand.kind, Kind::SignallingNan));
            if signalling || quiet == QuietNans::Invalid {
                self.raise(INVALID);
            }
            return UNORDERED;
        }
        let (n, m) = (ordinal(format, n), ordinal(format, m));
        match n.cmp(&m) {
            std::cmp::Ordering::Less => LESS,
            std::cmp::Ordering::Equal => EQUAL,
            std::cmp::Ordering::Greater => GREATER,
        }
    }

    /// The larger or smaller number; a number wins over a quiet NaN.
    pub(crate) fn extreme(&mut self, format: Format, n: u64, m: u64, which: Extreme) -> u64 {
        let (n, m) = (self.unpack(format, n), self.unpack(format, m));
        let operands = match (n.kind, m.kind) {
            (Kind::QuietNan, Kind::QuietNan) => [n, m],
            // A signalling NaN still decides: it is found in either place.
            (Kind::QuietNan, _) => [m, m],
            (_, Kind::QuietNan) => [n, n],
            _ => [n, m],
        };
        if let Some(nan) = self.nan_of(format, &operands) {
            return nan;
        }
        let [n, m] = operands;
        let (a, b) = (ordinal(format, n), ordinal(format, m));
        let (chosen, sign) = match which {
            Extreme::Maximum => (if a > b { n } else { m }, n.is_negative && m.is_negative),
            Extreme::Minimum => (if a < b { n } else { m }, n.is_negative || m.is_negative),
        };
        if chosen.kind.is_zero() { format.signed(sign) } else { chosen.bits }
    }
}

/// A number that orders as the operands do; both zeros are 0.
fn ordinal(format: Format, number: Number) -> i64 {
    let magnitude = if number.kind.is_zero() { 0 } else { format.absolute(number.bits) as i64 };
    if number.is_negative { -magnitude } else { magnitude }
}
