//! Reading fixed layouts from a slice, every length checked, and the error that says what stopped it.
//! What the fields mean stands with their types.

use core::fmt;

/// Bytes that don't have the layout they should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayoutError {
    /// Where the field starts, in bytes from the beginning of the image or object.
    pub offset: u32,
    /// The field's name.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The bytes end before the field does.
    Short {
        /// Bytes the field takes.
        needed: u32,
        /// Bytes that are left for it.
        present: u32,
    },
    /// The field holds a value that it can't have.
    Value {
        /// What it holds.
        found: u32,
        /// What it may hold, in words.
        expected: &'static str,
    },
}

impl fmt::Display for LayoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {:#x}: ", self.field, self.offset)?;
        match self.problem {
            Problem::Short { needed, present } => {
                write!(f, "takes {needed} bytes, only {present} are left; the data is cut short")
            }
            Problem::Value { found, expected } => write!(f, "is {found:#x}, expected {expected}"),
        }
    }
}

impl core::error::Error for LayoutError {}

/// The u32 that a length or offset is reported as; what doesn't fit is reported as the largest.
pub(crate) fn reported(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A cursor over bytes that takes one field after another.
#[derive(Clone)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
    offset: u32,
}

impl<'a> Fields<'a> {
    /// Fields of `bytes`, which begin at `offset` of what the errors speak about.
    pub(crate) fn new(bytes: &'a [u8], offset: u32) -> Self {
        Self { rest: bytes, offset }
    }

    pub(crate) fn offset(&self) -> u32 {
        self.offset
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Result<&'a [u8; N], LayoutError> {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else { return Err(self.short(field, N)) };
        self.advance(rest, N);
        Ok(taken)
    }

    pub(crate) fn slice(&mut self, field: &'static str, length: usize) -> Result<&'a [u8], LayoutError> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else { return Err(self.short(field, length)) };
        self.advance(rest, length);
        Ok(taken)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Result<u8, LayoutError> {
        self.array::<1>(field).map(|[byte]| *byte)
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Result<u16, LayoutError> {
        self.array(field).map(|bytes| u16::from_le_bytes(*bytes))
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Result<u32, LayoutError> {
        self.array(field).map(|bytes| u32::from_le_bytes(*bytes))
    }

    fn advance(&mut self, rest: &'a [u8], taken: usize) {
        self.rest = rest;
        self.offset = self.offset.saturating_add(reported(taken));
    }

    fn short(&self, field: &'static str, needed: usize) -> LayoutError {
        let problem = Problem::Short { needed: reported(needed), present: reported(self.rest.len()) };
        LayoutError { offset: self.offset, field, problem }
    }
}
