//! Single lines of Intel hex: what each says, or what is wrong with it. How they hang together is not known here.

use super::PAGE;

/// What one line of an Intel hex file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HexRecord<'a> {
    /// Bytes for an address, counted from the base that holds; none of them past the end of its 64 KiB.
    Data {
        /// Distance from the base.
        offset: u16,
        /// The bytes, up to 255, possibly none.
        bytes: &'a [u8],
    },
    /// From here on addresses count from this one.
    Base(u64),
    /// Where a program begins, for which no image has a use.
    Start,
    /// Nothing may follow.
    End,
}

/// Reads lines of an Intel hex file one by one, each on its own: for whoever wants to go on behind a damaged one. No
/// line costs an allocation.
#[derive(Debug, Clone)]
pub(crate) struct HexRecords {
    /// The bytes of the line in hand.
    bytes: [u8; LONGEST_RECORD],
}

/// Bytes of the longest record: length, address, kind, data, checksum.
const LONGEST_RECORD: usize = 4 + 255 + 1;

impl Default for HexRecords {
    fn default() -> Self {
        Self::new()
    }
}

impl HexRecords {
    /// A reader.
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; LONGEST_RECORD] }
    }

    /// What a line says; without its line break and without blanks around it.
    ///
    /// # Errors
    /// What is wrong with it, and what to do.
    pub(crate) fn decode(&mut self, line: &[u8]) -> Result<HexRecord<'_>, String> {
        let Some(digits) = line.strip_prefix(b":") else {
            return Err("the line doesn't begin with a colon; this is no Intel hex".into());
        };
        if digits.len() % 2 != 0 {
            return Err("an odd number of digits; the record is cut short".into());
        }
        let size = digits.len() / 2;
        let Some(record) = self.bytes.get_mut(..size) else {
            return Err(format!("a record of {size} bytes; the longest has {LONGEST_RECORD}; the file is damaged"));
        };
        if !bytes_of(digits, record) {
            return Err("a character that is no hexadecimal digit; the record is damaged".into());
        }
        let [length, high, low, kind, data_and_sum @ ..] = &*record else {
            return Err("the record is shorter than its head; the file is cut short".into());
        };
        let Some((_, data)) = data_and_sum.split_last() else {
            return Err("the record has no checksum; the file is cut short".into());
        };
        if data.len() != usize::from(*length) {
            return Err(format!("the record says {length} data bytes and has {}; it is damaged", data.len()));
        }
        if record.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) != 0 {
            return Err("the checksum is wrong; the record is damaged".into());
        }
        let offset = u16::from_be_bytes([*high, *low]);
        match (kind, data) {
            (0, bytes) if u64::from(offset) + bytes.len() as u64 > PAGE => {
                Err("the record crosses the end of its 64 KiB; tools disagree over what that means".into())
            }
            (0, bytes) => Ok(HexRecord::Data { offset, bytes }),
            (1, []) => Ok(HexRecord::End),
            (2, [high, low]) => Ok(HexRecord::Base(u64::from(u16::from_be_bytes([*high, *low])) * 16)),
            (4, [high, low]) => Ok(HexRecord::Base(u64::from(u16::from_be_bytes([*high, *low])) * PAGE)),
            (3 | 5, [_, _, _, _]) => Ok(HexRecord::Start),
            (1..=5, _) => Err(format!("a record of the kind {kind:02} with {} data bytes; it is damaged", data.len())),
            _ => Err(format!("records of the kind {kind:02} don't exist; the file is damaged or no Intel hex")),
        }
    }

    /// The record at the beginning of `text` and what follows its line, when it is in order and ends where its length
    /// says: then the line's end needn't be searched for.
    pub(crate) fn whole<'a>(&mut self, text: &'a [u8]) -> Option<(HexRecord<'_>, &'a [u8])> {
        let [b':', high, low, ..] = text else { return None };
        let (high, low) = (nibble(*high), nibble(*low));
        if high | low > 15 {
            return None;
        }
        let (line, after) = text.split_at_checked(1 + 2 * (5 + usize::from(high << 4 | low)))?;
        let after = match after {
            [b'\n', after @ ..] | [b'\r', b'\n', after @ ..] => after,
            [] => after,
            _ => return None,
        };
        Some((self.decode(line).ok()?, after))
    }
}

/// A line without its end, and what follows it.
pub(crate) fn split_line(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == b'\n') {
        Some(end) => (text.get(..end).unwrap_or(text), text.get(end + 1..).unwrap_or(&[])),
        None => (text, &[]),
    }
}

/// The value of a hexadecimal digit; of another character 0xFF.
pub(crate) fn nibble(digit: u8) -> u8 {
    let decimal = digit.wrapping_sub(b'0');
    let letter = (digit | 0x20).wrapping_sub(b'a');
    if decimal < 10 {
        decimal
    } else if letter < 6 {
        letter + 10
    } else {
        0xFF
    }
}

/// Digits to bytes, many at a time; false when one of them is none.
fn bytes_of(digits: &[u8], bytes: &mut [u8]) -> bool {
    let mut seen = 0;
    let (many, few) = digits.as_chunks::<32>();
    let (whole, rest) = bytes.as_chunks_mut::<16>();
    for (digits, bytes) in many.iter().zip(&mut *whole) {
        let values = digits.map(nibble);
        seen |= values.iter().fold(0, |seen, value| seen | value);
        for (byte, [high, low]) in bytes.iter_mut().zip(values.as_chunks().0) {
            *byte = high << 4 | low;
        }
    }
    // Both end after the same number of whole parts.
    for (byte, [high, low]) in rest.iter_mut().zip(few.as_chunks().0) {
        let (high, low) = (nibble(*high), nibble(*low));
        seen |= high | low;
        *byte = high << 4 | low;
    }
    seen <= 15
}
