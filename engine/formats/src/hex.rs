//! Intel hex: text to stretches of memory and back. What is stored there is not its business.
//!
//! Memory stays in proportion to the text: far-apart addresses make two segments, not a filled gap.

mod records;
mod writer;

pub(crate) use records::{HexRecord, HexRecords, nibble, split_line};
pub(crate) use writer::HexWriter;

use crate::error::FormatError;

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
        let mut reader = Reader { base: 0, found: Vec::new(), ended: false, expected: text.len() / 2 };
        let mut records = HexRecords::new();
        let mut rest = text;
        let (mut line, mut last) = (0, 0);
        while !rest.is_empty() {
            line += 1;
            let (record, after) = match records.whole(rest) {
                Some((record, after)) => (Ok(record), after),
                None => {
                    let (text, after) = split_line(rest);
                    rest = after;
                    let text = text.trim_ascii();
                    if text.is_empty() {
                        continue;
                    }
                    (if reader.ended { Err(BEHIND_THE_END.into()) } else { records.decode(text) }, after)
                }
            };
            rest = after;
            last = line;
            record
                .and_then(|record| reader.record(record, line))
                .map_err(|problem| FormatError::Hex { line, problem })?;
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
        let size: u64 = self.segments.iter().map(|segment| segment.bytes.len() as u64).sum();
        let text = Vec::with_capacity(usize::try_from(HexWriter::<Vec<u8>>::expected_bytes(size)).unwrap_or(0));
        let end = self.segments.last().map_or(0, Segment::end);
        let mut writer = HexWriter::new(text, end);
        let written = self.segments.iter().try_for_each(|segment| writer.data(segment.address, &segment.bytes));
        // Memory takes whatever is written to it, and hexadecimal text is text.
        let text = written.and_then(|()| writer.finish()).unwrap_or_default();
        String::from_utf8(text).unwrap_or_default()
    }
}

const BEHIND_THE_END: &str = "text behind the end record; remove it";

struct Reader {
    base: u64,
    /// Segments in the order of the text, each with the line it began on.
    found: Vec<(Segment, usize)>,
    ended: bool,
    /// Bytes that the text can hold at most.
    expected: usize,
}

impl Reader {
    fn record(&mut self, record: HexRecord<'_>, line: usize) -> Result<(), String> {
        if self.ended {
            return Err(BEHIND_THE_END.into());
        }
        match record {
            HexRecord::Data { bytes: [], .. } | HexRecord::Start => {}
            HexRecord::Data { offset, bytes } => self.data(offset, bytes, line)?,
            HexRecord::Base(base) => self.base = base,
            HexRecord::End => self.ended = true,
        }
        Ok(())
    }

    fn data(&mut self, offset: u16, data: &[u8], line: usize) -> Result<(), String> {
        let address = u32::try_from(self.base + u64::from(offset)).map_err(|_| "the address is beyond 32 bits")?;
        match self.found.last_mut() {
            Some((last, _)) if last.end() == u64::from(address) => last.bytes.extend_from_slice(data),
            _ => {
                // Most files are one segment. Memory that is only set aside costs nothing.
                let mut bytes = Vec::with_capacity(std::mem::take(&mut self.expected));
                bytes.extend_from_slice(data);
                self.found.push((Segment { address, bytes }, line));
            }
        }
        Ok(())
    }
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
    fn every_character_that_is_no_digit_is_refused_wherever_it_stands() {
        let text = ":10010000214601360121470136007EFE09D2190140";
        let mut records = HexRecords::new();
        assert!(
            matches!(records.decode(text.as_bytes()), Ok(HexRecord::Data { offset: 0x100, bytes }) if bytes.len() == 16)
        );
        for place in 1..text.len() {
            for other in (0..=255_u8).filter(|other| !other.is_ascii_hexdigit()) {
                let mut damaged = text.as_bytes().to_vec();
                damaged[place] = other;
                assert!(records.decode(&damaged).is_err(), "{other:#x} at {place}");
            }
        }
    }

    #[test]
    fn a_writer_makes_the_same_text_however_its_data_come_in_pieces() {
        let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
        let address = 0x2400_FFF8;
        let whole = HexFile::new(vec![Segment { address, bytes: bytes.clone() }]).unwrap().encode();
        for size in [1, 3, 15, 16, 17, 64, 1000] {
            let mut writer = HexWriter::new(Vec::new(), u64::from(address) + bytes.len() as u64);
            let mut at = address;
            for piece in bytes.chunks(size) {
                writer.data(at, piece).unwrap();
                at += piece.len() as u32;
            }
            assert!(writer.finish().unwrap() == whole.as_bytes(), "in pieces of {size}");
        }
    }

    #[test]
    fn damage_is_named_with_its_line() {
        assert!(error("").starts_with("line 1: the end record"));
        assert!(error("\n:020100000102FB\n").starts_with("line 2: the checksum"));
        assert!(error(":020100000102\n").contains("data bytes"));
        assert!(error("x").contains("colon"));
        assert!(error(":0g").contains("digit"));
        assert!(error(":000").contains("odd"));
        assert!(error(&format!(":FF{}", "00".repeat(300))).contains("longest"));
        assert!(error(":00000001FF\n:00000001FF\n").starts_with("line 2: text behind"));
        assert!(error(":00000001FF\nnote\n").starts_with("line 2: text behind"));
        assert!(error(":00000006FA\n").contains("kind 06"));
        assert!(error(":02FFFF000102FD\n:00000001FF\n").contains("64 KiB"));
        assert!(error(":020100000102FA\n:0101010009F4\n:00000001FF\n").contains("written twice"));
    }
}
