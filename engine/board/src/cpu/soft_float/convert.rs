//! Conversions: to and from integers and fixed-point numbers, between the formats, to whole numbers in floating point.

use super::{Format, INEXACT, INVALID, Kind, Magnitude, Rounding, Unit};

/// A fixed-point number in a register: an integer when it has no fraction.
#[derive(Clone, Copy)]
pub(crate) struct Fixed {
    /// 16 or 32 bits.
    pub(crate) width: u32,
    /// Bits below the point; negative when the lowest bits before the point are missing too.
    pub(crate) fraction: i32,
    pub(crate) is_signed: bool,
}

impl Fixed {
    const fn limits(self) -> (i64, i64) {
        if self.is_signed {
            (-(1 << (self.width - 1)), (1 << (self.width - 1)) - 1)
        } else {
            (0, (1 << self.width) - 1)
        }
    }

    /// The number that the low bits of a register hold.
    const fn value(self, register: u32) -> i64 {
        let unused = 64 - self.width;
        let high = (register as u64) << unused;
        if self.is_signed { high as i64 >> unused } else { (high >> unused) as i64 }
    }
}

/// Whether rounding to a whole number counts as inexact.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exactness {
    Ignored,
    Flagged,
}

impl Unit {
    /// The nearest fixed-point number; what is out of range becomes the nearest limit, a NaN becomes 0.
    pub(crate) fn fixed_from(&mut self, format: Format, bits: u64, fixed: Fixed, rounding: Rounding) -> i64 {
        let number = self.unpack(format, bits);
        let (lowest, highest) = fixed.limits();
        let limit = if number.is_negative { lowest } else { highest };
        let magnitude = match number.kind {
            Kind::Zero => return 0,
            Kind::QuietNan | Kind::SignallingNan => {
                self.raise(INVALID);
                return 0;
            }
            Kind::Finite(magnitude) if magnitude.top() + magnitude.exponent + fixed.fraction < 40 => magnitude,
            Kind::Finite(_) | Kind::Infinity => {
                self.raise(INVALID);
                return limit;
            }
        };
        let (whole, rest) = magnitude.split(-fixed.fraction);
        let whole = whole as i64 + i64::from(rest.rounds_up(rounding, number.is_negative, whole));
        let value = if number.is_negative { -whole } else { whole };
        if value < lowest || value > highest {
            self.raise(INVALID);
            return limit;
        }
        if rest.is_some() {
            self.raise(INEXACT);
        }
        value
    }

    /// The nearest number to a fixed-point one.
    pub(crate) fn float_from(&mut self, format: Format, register: u32, fixed: Fixed, rounding: Rounding) -> u64 {
        let value = fixed.value(register);
        if value == 0 {
            return 0;
        }
        let exact = Magnitude { significand: u128::from(value.unsigned_abs()), exponent: -fixed.fraction };
        self.round(format, value < 0, exact, rounding)
    }

    /// The same number in another format.
    pub(crate) fn convert(&mut self, from: Format, to: Format, bits: u64) -> u64 {
        let number = self.unpack(from, bits);
        let sign = to.signed(number.is_negative);
        match number.kind {
            Kind::Zero => sign,
            Kind::Finite(exact) => self.round(to, number.is_negative, exact, self.rounding),
            Kind::Infinity if self.is_alternative(to) => {
                self.raise(INVALID);
                sign | (to.sign() - 1)
            }
            Kind::Infinity => sign | to.infinity(),
            Kind::QuietNan | Kind::SignallingNan => {
                if self.is_alternative(to) {
                    self.raise(INVALID);
                    return sign;
                }
                if matches!(number.kind, Kind::SignallingNan) {
                    self.raise(INVALID);
                }
                if self.default_nan {
                    return to.default_nan();
                }
                // The payload keeps its highest bits.
                let payload = bits & from.fraction_mask();
                let payload = if to.fraction >= from.fraction {
                    payload << (to.fraction - from.fraction)
                } else {
                    payload >> (from.fraction - to.fraction)
                };
                sign | to.default_nan() | payload
            }
        }
    }

    /// The nearest whole number, in floating point.
    pub(crate) fn whole_from(&mut self, format: Format, bits: u64, rounding: Rounding, exactness: Exactness) -> u64 {
        let number = self.unpack(format, bits);
        if let Some(nan) = self.nan_of(format, &[number]) {
            return nan;
        }
        let sign = format.signed(number.is_negative);
        let magnitude = match number.kind {
            Kind::Finite(magnitude) if magnitude.exponent < 0 => magnitude,
            // What has no fraction stays as it is.
            Kind::Finite(_) | Kind::Infinity => return bits,
            _ => return sign,
        };
        let (whole, rest) = magnitude.split(0);
        if rest.is_some() && exactness == Exactness::Flagged {
            self.raise(INEXACT);
        }
        let significand = whole + u128::from(rest.rounds_up(rounding, number.is_negative, whole));
        if significand == 0 {
            return sign;
        }
        self.round(format, number.is_negative, Magnitude { significand, exponent: 0 }, rounding)
    }
}
