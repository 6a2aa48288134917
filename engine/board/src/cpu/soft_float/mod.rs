//! Floating point on integers, as FPv5 defines it: exact under every rounding mode, with the cumulative flags, flushing
//! to zero, default NaNs and both half-precision formats. This file takes numbers apart and puts them together;
//! arithmetic and conversions stand beside. No library does underflow before rounding, flushing and NaNs this way.

pub(crate) mod arithmetic;
pub(crate) mod convert;

/// FPSCR.IOC: invalid operation.
const INVALID: u32 = 1;
/// FPSCR.DZC: division by zero.
const DIVISION_BY_ZERO: u32 = 1 << 1;
/// FPSCR.OFC: overflow.
const OVERFLOW: u32 = 1 << 2;
/// FPSCR.UFC: underflow.
const UNDERFLOW: u32 = 1 << 3;
/// FPSCR.IXC: inexact.
const INEXACT: u32 = 1 << 4;
/// FPSCR.IDC: a denormal operand was flushed.
const DENORMAL: u32 = 1 << 7;

/// How a result that doesn't fit is rounded. The first four are FPSCR's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounding {
    NearestEven,
    Up,
    Down,
    Zero,
    NearestAway,
}

/// A binary interchange format: widths of exponent and fraction in bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    exponent: u32,
    fraction: u32,
}

impl Format {
    pub(crate) const HALF: Self = Self { exponent: 5, fraction: 10 };
    pub(crate) const SINGLE: Self = Self { exponent: 8, fraction: 23 };
    pub(crate) const DOUBLE: Self = Self { exponent: 11, fraction: 52 };

    const fn sign(self) -> u64 {
        1 << (self.exponent + self.fraction)
    }

    const fn signed(self, is_negative: bool) -> u64 {
        if is_negative { self.sign() } else { 0 }
    }

    const fn fraction_mask(self) -> u64 {
        (1 << self.fraction) - 1
    }

    /// The exponent field of infinities and NaNs.
    const fn highest(self) -> u64 {
        (1 << self.exponent) - 1
    }

    const fn infinity(self) -> u64 {
        self.highest() << self.fraction
    }

    /// The fraction's top bit: set in quiet NaNs.
    const fn quiet(self) -> u64 {
        1 << (self.fraction - 1)
    }

    const fn default_nan(self) -> u64 {
        self.infinity() | self.quiet()
    }

    /// The exponent of the smallest normal number.
    const fn minimum(self) -> i32 {
        2 - (1 << (self.exponent - 1))
    }

    /// The number with its sign turned; a NaN's too.
    pub(crate) const fn negated(self, bits: u64) -> u64 {
        bits ^ self.sign()
    }

    /// The number without its sign; a NaN's too.
    pub(crate) const fn absolute(self, bits: u64) -> u64 {
        bits & !self.sign()
    }
}

/// A finite magnitude, never zero: significand × 2^exponent. The significand stays below 2^126; where bits were lost
/// far below the last one of any result, its lowest bit is set.
#[derive(Clone, Copy)]
struct Magnitude {
    significand: u128,
    exponent: i32,
}

/// Where [`Magnitude::normalised`] puts the highest bit: a sum of two still stays below 2^126.
const TOP: i32 = 124;

impl Magnitude {
    /// The position of the highest bit.
    const fn top(self) -> i32 {
        127 - self.significand.leading_zeros() as i32
    }

    /// The same with the highest bit at [`TOP`]; nothing is lost, as no operand reaches higher.
    const fn normalised(self) -> Self {
        let by = TOP - self.top();
        if by <= 0 {
            return self;
        }
        Self { significand: self.significand << by, exponent: self.exponent - by }
    }

    /// Whole multiples of 2^unit, and what remains of the next one. The caller knows that the multiples fit.
    fn split(self, unit: i32) -> (u128, Rest) {
        let by = unit - self.exponent;
        if by <= 0 {
            return (self.significand.checked_shl(by.unsigned_abs()).unwrap_or(0), Rest::None);
        }
        if by > 126 {
            return (0, Rest::BelowHalf);
        }
        let whole = self.significand >> by;
        let (rest, half) = (self.significand & ((1 << by) - 1), 1 << (by - 1));
        let rest = match rest {
            0 => Rest::None,
            _ if rest < half => Rest::BelowHalf,
            _ if rest == half => Rest::Half,
            _ => Rest::AboveHalf,
        };
        (whole, rest)
    }
}

/// What is left below the last bit of a result.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    None,
    BelowHalf,
    Half,
    AboveHalf,
}

impl Rest {
    const fn is_some(self) -> bool {
        !matches!(self, Self::None)
    }

    /// Whether the magnitude `whole` grows by one.
    const fn rounds_up(self, rounding: Rounding, is_negative: bool, whole: u128) -> bool {
        match rounding {
            Rounding::NearestEven => matches!(self, Self::AboveHalf) || matches!(self, Self::Half) && whole & 1 != 0,
            Rounding::NearestAway => matches!(self, Self::AboveHalf | Self::Half),
            Rounding::Up => self.is_some() && !is_negative,
            Rounding::Down => self.is_some() && is_negative,
            Rounding::Zero => false,
        }
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Zero,
    Finite(Magnitude),
    Infinity,
    QuietNan,
    SignallingNan,
}

impl Kind {
    const fn is_nan(self) -> bool {
        matches!(self, Self::QuietNan | Self::SignallingNan)
    }

    const fn is_zero(self) -> bool {
        matches!(self, Self::Zero)
    }

    const fn is_infinity(self) -> bool {
        matches!(self, Self::Infinity)
    }
}

/// An operand taken apart.
#[derive(Clone, Copy)]
struct Number {
    is_negative: bool,
    kind: Kind,
    /// As it was in the register; NaNs are made from it.
    bits: u64,
}

/// The modes of FPSCR for one instruction, and the exceptions that it raises.
pub(crate) struct Unit {
    rounding: Rounding,
    flush: bool,
    default_nan: bool,
    alternative_half: bool,
    raised: u32,
}

impl Unit {
    pub(crate) const fn new(fpscr: u32) -> Self {
        let rounding = match fpscr >> 22 & 3 {
            0 => Rounding::NearestEven,
            1 => Rounding::Up,
            2 => Rounding::Down,
            _ => Rounding::Zero,
        };
        Self {
            rounding,
            flush: fpscr >> 24 & 1 != 0,
            default_nan: fpscr >> 25 & 1 != 0,
            alternative_half: fpscr >> 26 & 1 != 0,
            raised: 0,
        }
    }

    /// FPSCR's rounding mode.
    pub(crate) const fn rounding(&self) -> Rounding {
        self.rounding
    }

    /// The cumulative flags raised so far, at their places in FPSCR.
    pub(crate) const fn raised(&self) -> u32 {
        self.raised
    }

    const fn raise(&mut self, flag: u32) {
        self.raised |= flag;
    }

    /// Whether the format has numbers in the place of infinities and NaNs.
    fn is_alternative(&self, format: Format) -> bool {
        self.alternative_half && format == Format::HALF
    }

    /// Flushing concerns single and double precision only.
    fn flushes(&self, format: Format) -> bool {
        self.flush && format != Format::HALF
    }

    fn unpack(&mut self, format: Format, bits: u64) -> Number {
        let is_negative = bits & format.sign() != 0;
        let fraction = bits & format.fraction_mask();
        let field = bits >> format.fraction & format.highest();
        let kind = if field == format.highest() && !self.is_alternative(format) {
            match fraction {
                0 => Kind::Infinity,
                _ if fraction & format.quiet() != 0 => Kind::QuietNan,
                _ => Kind::SignallingNan,
            }
        } else if field != 0 {
            let exponent = field as i32 - 1 + format.minimum() - format.fraction as i32;
            Kind::Finite(Magnitude { significand: u128::from(fraction | 1 << format.fraction), exponent })
        } else if fraction == 0 {
            Kind::Zero
        } else if self.flushes(format) {
            self.raise(DENORMAL);
            Kind::Zero
        } else {
            let exponent = format.minimum() - format.fraction as i32;
            Kind::Finite(Magnitude { significand: u128::from(fraction), exponent })
        };
        Number { is_negative, kind, bits }
    }

    /// The nearest number of the format under the rounding mode. Smallness is judged before rounding.
    fn round(&mut self, format: Format, is_negative: bool, exact: Magnitude, rounding: Rounding) -> u64 {
        let sign = format.signed(is_negative);
        let magnitude = exact.exponent + exact.top();
        let is_small = magnitude < format.minimum();
        if is_small && self.flushes(format) {
            self.raise(UNDERFLOW);
            return sign;
        }
        let exponent = magnitude.max(format.minimum());
        let (mut whole, rest) = exact.split(exponent - format.fraction as i32);
        if rest.rounds_up(rounding, is_negative, whole) {
            whole += 1;
        }
        // The leading one of a normal number counts the exponent field up by one, and so does a carry.
        let field = (exponent - format.minimum()).unsigned_abs();
        let bits = (u128::from(field) << format.fraction) + whole;
        if self.is_alternative(format) {
            if bits >= u128::from(format.sign()) {
                self.raise(INVALID);
                return sign | (format.sign() - 1);
            }
        } else if bits >= u128::from(format.infinity()) {
            self.raise(OVERFLOW | INEXACT);
            let stays = match rounding {
                Rounding::NearestEven | Rounding::NearestAway => false,
                Rounding::Up => is_negative,
                Rounding::Down => !is_negative,
                Rounding::Zero => true,
            };
            return sign | if stays { format.infinity() - 1 } else { format.infinity() };
        }
        if rest.is_some() {
            self.raise(if is_small { INEXACT | UNDERFLOW } else { INEXACT });
        }
        sign | bits as u64
    }

    /// The result of an invalid operation.
    const fn invalid(&mut self, format: Format) -> u64 {
        self.raise(INVALID);
        format.default_nan()
    }

    /// The NaN that an operation on these operands gives, if one of them is a NaN: the first signalling one, else the
    /// first.
    fn nan_of(&mut self, format: Format, operands: &[Number]) -> Option<u64> {
        let signalling = operands.iter().find(|operand| matches!(operand.kind, Kind::SignallingNan));
        if signalling.is_some() {
            self.raise(INVALID);
        }
        let nan = signalling.or_else(|| operands.iter().find(|operand| operand.kind.is_nan()))?;
        Some(if self.default_nan { format.default_nan() } else { nan.bits | format.quiet() })
    }

    /// The sign of a zero that two numbers of opposite sign sum to.
    fn cancels_to_negative(&self) -> bool {
        self.rounding == Rounding::Down
    }
}
