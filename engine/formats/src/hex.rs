//! Intel hex: text to stretches of memory and back. What is stored there is not its business.
//!
//! Memory stays in proportion to the text: far-apart addresses make two segments, not a filled gap.

use crate::error::FormatError;

/// Bytes in a data record, as ST's tool writes them.
const RECORD_BYTES: usize = 16;
/// A data record never crosses a boundary of this many bytes.
const PAGE: u64 = 0x1_0000;

/// Bytes that follow each other in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Address of the first byte.
    pub address: u32,
    /// The bytes, at least one.
    pub bytes: Vec<u8>,
}

impl Segment {
    fn end(&self) -> u64 {
        u64::from(self.address).saturating_add(self.bytes.len() as u64)
    }
}

/// The content of an Intel hex file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HexFile {
    /// By rising address; neighbours don't touch.
    pub segments: Vec<Segment>,
}

impl HexFile {
    /// Reads a file. Start addresses (records 03 and 05) are passed over: no image has a use for them.
    ///
    /// # Errors
    /// With the line, when a record is malformed or its checksum wrong, when two records speak of the same address,
    /// when the end record is missing or something follows it.
    pub fn decode(text: &[u8]) -> Result<Self, FormatError> {
        let mut reader = Reader { base: 0, found: Vec::new(), ended: false };
        let mut last = 0;
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            last = index + 1;
            reader.record(line, last).map_err(|problem| FormatError::Hex { line: last, problem })?;
        }
        if !reader.ended {
            let problem = "the end record :00000001FF is missing; the file is cut short or no Intel hex".into();
            return Err(FormatError::Hex { line: last.max(1), problem });
        }
        Self::from_found(reader.found)
    }

    /// The file that holds `segments`.
    ///
    /// # Errors
    /// When two of them overlap or one reaches past the last address.
    pub fn new(segments: Vec<Segment>) -> Result<Self, FormatError> {
        Self::from_found(segments.into_iter().map(|segment| (segment, 0)).collect())
    }

    fn from_found(mut found: Vec<(Segment, usize)>) -> Result<Self, FormatError> {
        found.retain(|(segment, _)| !segment.bytes.is_empty());
        found.sort_by_key(|(segment, _)| segment.address);
        let mut segments: Vec<Segment> = Vec::with_capacity(found.len());
        for (segment, line) in found {
            if segment.end() > u64::from(u32::MAX) + 1 {
                let problem = "data reach past the last 32-bit address".into();
                return Err(FormatError::Hex { line, problem });
            }
            match segments.last_mut() {
                Some(last) if last.end() > u64::from(segment.address) => {
                    let problem = format!("address {:#010x} is written twice", segment.address);
                    return Err(FormatError::Hex { line, problem });
                }
                Some(last) if last.end() == u64::from(segment.address) => last.bytes.extend_from_slice(&segment.bytes),
                _ => segments.push(segment),
            }
        }
        Ok(Self { segments })
    }

    /// The text: 16 bytes a record, extended addresses where the upper half changes, no start record, LF.
    pub fn encode(&self) -> String {
        let size: usize = self.segments.iter().map(|segment| segment.bytes.len()).sum();
        let mut text = String::with_capacity(size.saturating_mul(3).saturating_add(64));
        let extended = self.segments.iter().any(|segment| segment.end() > PAGE);
        let mut upper = None;
        for segment in &self.segments {
            let mut address = u64::from(segment.address);
            let mut rest = segment.bytes.as_slice();
            while !rest.is_empty() {
                let page = (address / PAGE) as u16;
                if extended && upper != Some(page) {
                    push_record(&mut text, 0, 4, &page.to_be_bytes());
                    upper = Some(page);
                }
                let room = usize::try_from(PAGE - address % PAGE).unwrap_or(RECORD_BYTES);
                let (record, after) = rest.split_at_checked(RECORD_BYTES.min(room)).unwrap_or((rest, &[]));
                push_record(&mut text, (address % PAGE) as u16, 0, record);
                address += record.len() as u64;
                rest = after;
            }
        }
        push_record(&mut text, 0, 1, &[]);
        text
    }
}

fn push_record(text: &mut String, address: u16, kind: u8, data: &[u8]) {
    let [high, low] = address.to_be_bytes();
    let head = [data.len() as u8, high, low, kind];
    let sum = head.iter().chain(data).fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    text.push(':');
    for byte in head.iter().chain(data).chain(&[sum.wrapping_neg()]) {
        for nibble in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase());
        }
    }
    text.push('\n');
}

struct Reader {
    base: u64,
    /// Segments in the order of the text, each with the line it began on.
    found: Vec<(Segment, usize)>,
    ended: bool,
}

impl Reader {
    fn record(&mut self, line: &[u8], number: usize) -> Result<(), String> {
        if self.ended {
            return Err("text behind the end record; remove it".into());
        }
        let record = bytes_of(line)?;
        let [length, high, low, kind, data_and_sum @ ..] = record.as_slice() else {
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
        let address = u16::from_be_bytes([*high, *low]);
        match (kind, data) {
            (0, []) => Ok(()),
            (0, data) => self.data(address, data, number),
            (1, []) => {
                self.ended = true;
                Ok(())
            }
            (2, [high, low]) => {
                self.base = u64::from(u16::from_be_bytes([*high, *low])) * 16;
                Ok(())
            }
            (4, [high, low]) => {
                self.base = u64::from(u16::from_be_bytes([*high, *low])) * PAGE;
                Ok(())
            }
            (3 | 5, [_, _, _, _]) => Ok(()),
            (1..=5, _) => Err(format!("a record of the kind {kind:02} with {} data bytes; it is damaged", data.len())),
            _ => Err(format!("records of the kind {kind:02} don't exist; the file is damaged or no Intel hex")),
        }
    }

    fn data(&mut self, offset: u16, data: &[u8], line: usize) -> Result<(), String> {
        if u64::from(offset) + data.len() as u64 > PAGE {
            return Err("the record crosses the end of its 64 KiB; tools disagree over what that means".into());
        }
        let address = u32::try_from(self.base + u64::from(offset)).map_err(|_| "the address is beyond 32 bits")?;
        match self.found.last_mut() {
            Some((last, _)) if last.end() == u64::from(address) => last.bytes.extend_from_slice(data),
            _ => self.found.push((Segment { address, bytes: data.to_vec() }, line)),
        }
        Ok(())
    }
}

fn bytes_of(line: &[u8]) -> Result<Vec<u8>, String> {
    let Some(digits) = line.strip_prefix(b":") else {
        return Err("the line doesn't begin with a colon; this is no Intel hex".into());
    };
    if digits.len() % 2 != 0 {
        return Err("an odd number of digits; the record is cut short".into());
    }
    digits
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => match (char::from(*high).to_digit(16), char::from(*low).to_digit(16)) {
                (Some(high), Some(low)) => Ok((high << 4 | low) as u8),
                _ => Err("a character that is no hexadecimal digit; the record is damaged".into()),
            },
            _ => Err("an odd number of digits; the record is cut short".into()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        HexFile::decode(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn segments_survive_the_way_to_text_and_back() {
        let segments = vec![
            Segment { address: 0x2400_FFF8, bytes: (0..=40).collect() },
            Segment { address: 0xFFFF_FFF0, bytes: vec![7; 16] },
        ];
        let file = HexFile::new(segments).unwrap();
        assert_eq!(HexFile::decode(file.encode().as_bytes()).unwrap(), file);
        assert_eq!(file.encode().matches("\n:02000004").count() + 1, 3);
    }

    #[test]
    fn low_addresses_need_no_extended_record() {
        let file = HexFile::new(vec![Segment { address: 0x100, bytes: vec![1, 2] }]).unwrap();
        assert_eq!(file.encode(), ":020100000102FA\n:00000001FF\n");
    }

    #[test]
    fn lower_case_windows_lines_and_segment_records_are_read() {
        let file = HexFile::decode(b":020000021000ec\r\n:01000000ff00\r\n\r\n:00000001ff\r\n").unwrap();
        assert_eq!(file.segments, [Segment { address: 0x1_0000, bytes: vec![0xFF] }]);
    }

    #[test]
    fn damage_is_named_with_its_line() {
        assert!(error("").starts_with("line 1: the end record"));
        assert!(error("\n:020100000102FB\n").starts_with("line 2: the checksum"));
        assert!(error(":020100000102\n").contains("data bytes"));
        assert!(error("x").contains("colon"));
        assert!(error(":0g").contains("digit"));
        assert!(error(":000").contains("odd"));
        assert!(error(":00000001FF\n:00000001FF\n").starts_with("line 2: text behind"));
        assert!(error(":00000006FA\n").contains("kind 06"));
        assert!(error(":02FFFF000102FD\n:00000001FF\n").contains("64 KiB"));
        assert!(error(":020100000102FA\n:0101010009F4\n:00000001FF\n").contains("written twice"));
    }
}
