//! Intel hex read as far as it can be: each fault is named with its line, and what can be placed is placed. Whoever
//! needs a file without fault reads it with [`crate::HexFile`].

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Content, Trouble, Weight};
use crate::hex::{HexRecord, HexRecords, nibble, split_line};

/// Faults named one by one; the others are counted.
const MOST_FAULTS: usize = 100;
/// Remarks named one by one: a file that is written backwards throughout is legal, and one line of it says so.
const MOST_REMARKS: usize = 8;
/// An upper half of the address counts so many bytes.
const PAGE: u64 = 0x1_0000;
const UNUSUAL: &str = "legal, but unusual; it may have been joined from two files";
const REMEDY: &str = "take the file from its source again, or build it again";

/// Reads a file. The text is gone through once; the bytes take less than half of its memory.
pub(super) fn read(text: &[u8]) -> (Content, Vec<Trouble>) {
    let mut reader = Reader::new(text.len());
    let mut records = HexRecords::new();
    let mut number = 0;
    let mut rest = text;
    while !rest.is_empty() {
        number += 1;
        if !reader.ended
            && let Some((record, after)) = records.whole(rest)
        {
            rest = after;
            reader.record(record, number);
            continue;
        }
        let (line, after) = split_line(rest);
        rest = after;
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        if reader.ended {
            reader.behind_the_end(number);
            continue;
        }
        match records.decode(line) {
            Ok(record) => reader.record(record, number),
            Err(what) => reader.damaged(line, &what, number),
        }
    }
    reader.finish(number)
}

/// Bytes of one run of records, and where they belong.
struct Run {
    address: u64,
    bytes: Range<usize>,
    line: usize,
}

impl Run {
    fn end(&self) -> u64 {
        self.address.saturating_add(self.bytes.len() as u64)
    }
}

struct Reader {
    base: u64,
    /// Whether the last record of an extended address was damaged: then the next data go on where the last ended.
    base_is_doubtful: bool,
    bytes: Vec<u8>,
    /// In the order of the text.
    runs: Vec<Run>,
    ended: bool,
    told_of_text_behind: bool,
    /// Address, for the offset that it gets in the end.
    troubles: Vec<(Option<u64>, Trouble)>,
    faults: usize,
    remarks: usize,
}

impl Reader {
    fn new(text_length: usize) -> Self {
        Self {
            base: 0,
            base_is_doubtful: false,
            // Sixteen bytes a record take 44 characters.
            bytes: Vec::with_capacity(text_length / 44 * 16),
            runs: Vec::new(),
            ended: false,
            told_of_text_behind: false,
            troubles: Vec::new(),
            faults: 0,
            remarks: 0,
        }
    }

    fn trouble(&mut self, weight: Weight, address: Option<u64>, line: usize, what: impl Into<String>, remedy: &str) {
        let (so_far, most) = match weight {
            Weight::Damage => (&mut self.faults, MOST_FAULTS),
            Weight::Remark => (&mut self.remarks, MOST_REMARKS),
        };
        *so_far += 1;
        if *so_far <= most {
            let trouble = Trouble { weight, offset: None, line: Some(line), what: what.into(), remedy: remedy.into() };
            self.troubles.push((address, trouble));
        }
    }

    fn behind_the_end(&mut self, line: usize) {
        if !self.told_of_text_behind {
            self.told_of_text_behind = true;
            let remedy = "remove it, or keep the two files apart; it is not shown";
            self.trouble(Weight::Damage, None, line, "text behind the end record", remedy);
        }
    }

    fn record(&mut self, record: HexRecord<'_>, line: usize) {
        match record {
            HexRecord::Data { bytes: [], .. } | HexRecord::Start => {}
            HexRecord::Data { offset, bytes } => self.data(offset, bytes, line),
            HexRecord::Base(base) => {
                self.base = base;
                self.base_is_doubtful = false;
            }
            HexRecord::End => self.ended = true,
        }
    }

    /// Where data of this offset belong.
    fn address(&mut self, offset: u16) -> u64 {
        if self.base_is_doubtful {
            self.base_is_doubtful = false;
            let end = self.runs.last().map(Run::end);
            if let Some(end) = end.filter(|end| end % PAGE == u64::from(offset)) {
                self.base = end - end % PAGE;
            }
        }
        self.base.saturating_add(u64::from(offset))
    }

    fn data(&mut self, offset: u16, data: &[u8], line: usize) {
        let address = self.address(offset);
        if address.saturating_add(data.len() as u64) > 1 << 32 {
            let what = "the data reach past the last 32-bit address; they are left out";
            self.trouble(Weight::Damage, None, line, what, "check the addresses that the file was made for");
            return;
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(data);
        let end = self.bytes.len();
        let last = self.runs.last_mut();
        match last {
            Some(last) if last.end() == address => last.bytes.end = end,
            last => {
                let goes_back = last.is_some_and(|last| last.end() > address);
                self.runs.push(Run { address, bytes: start..end, line });
                if goes_back {
                    let what = format!("the record goes back to address {address:#010x}");
                    self.trouble(Weight::Remark, Some(address), line, what, UNUSUAL);
                }
            }
        }
    }

    /// A line that is no record, or a damaged one. Of its data those are shown that go on where the last record ended:
    /// then its address is right.
    fn damaged(&mut self, line: &[u8], what: &str, number: usize) {
        let digits = line.strip_prefix(b":").unwrap_or_default();
        let values = digits.as_chunks::<2>().0.iter().map(|[high, low]| (nibble(*high), nibble(*low)));
        let read: Vec<u8> =
            values.take_while(|(high, low)| high | low < 16).map(|(high, low)| high << 4 | low).collect();
        let [length, high, low, kind, data @ ..] = read.as_slice() else {
            self.trouble(Weight::Damage, None, number, format!("{what}; it is left out"), REMEDY);
            return;
        };
        self.base_is_doubtful |= matches!(kind, 2 | 4);
        let stated = usize::from(*length);
        // One byte too many is the checksum.
        let data = data.get(..stated.min(data.len())).unwrap_or_default();
        if *kind != 0 || data.is_empty() {
            self.trouble(Weight::Damage, None, number, format!("{what}; it is left out"), REMEDY);
            return;
        }
        let offset = u16::from_be_bytes([*high, *low]);
        let address = self.address(offset);
        if self.runs.last().map(Run::end) == Some(address) {
            let what = format!("{what}; its data are shown as they are");
            self.trouble(Weight::Damage, Some(address), number, what, REMEDY);
            self.data(offset, data, number);
        } else {
            self.trouble(Weight::Damage, None, number, format!("{what}; its data are left out"), REMEDY);
        }
    }

    fn finish(mut self, lines: usize) -> (Content, Vec<Trouble>) {
        if !self.ended {
            let what = "the end record :00000001FF is missing; the file is cut short";
            self.trouble(Weight::Damage, None, lines.max(1), what, REMEDY);
        }
        let in_order = self.runs.is_sorted_by(|a, b| a.end() <= b.address);
        let content = if in_order { self.in_order() } else { self.sorted() };
        let mut troubles: Vec<Trouble> = self
            .troubles
            .into_iter()
            .map(|(address, trouble)| {
                let address = address.and_then(|address| u32::try_from(address).ok());
                Trouble { offset: address.and_then(|address| content.offset_of(address)), ..trouble }
            })
            .collect();
        let more = |count: usize, most: usize| count.checked_sub(most).filter(|more| *more > 0);
        let counted = [
            (Weight::Damage, more(self.faults, MOST_FAULTS), "faults", REMEDY),
            (Weight::Remark, more(self.remarks, MOST_REMARKS), "records that go back", UNUSUAL),
        ];
        for (weight, more, name, remedy) in counted {
            if let Some(more) = more {
                let what = format!("{more} more {name}");
                troubles.push(Trouble { weight, offset: None, line: None, what, remedy: remedy.into() });
            }
        }
        (content, troubles)
    }

    fn in_order(&mut self) -> Content {
        let bytes = std::mem::take(&mut self.bytes);
        Content::of_pieces(bytes, pieces(&self.runs))
    }

    /// Brings the runs into the order of their addresses. Of bytes that are there twice the first are kept.
    fn sorted(&mut self) -> Content {
        // Start of each kept piece: its end, and where its bytes lie.
        let mut kept: BTreeMap<u64, Range<usize>> = BTreeMap::new();
        for run in std::mem::take(&mut self.runs) {
            let mut at = run.address;
            let mut twice = None;
            while at < run.end() {
                let before = kept.range(..=at).next_back();
                let covered = before.map_or(0, |(start, bytes)| start.saturating_add(bytes.len() as u64));
                if covered > at {
                    twice = twice.or(Some(at));
                    at = covered;
                    continue;
                }
                let next = kept.range(at..).next().map_or(u64::MAX, |(start, _)| *start);
                let end = run.end().min(next);
                let from = run.bytes.start.saturating_add(usize::try_from(at - run.address).unwrap_or(usize::MAX));
                let to = run.bytes.start.saturating_add(usize::try_from(end - run.address).unwrap_or(usize::MAX));
                kept.insert(at, from..to);
                at = end;
            }
            if let Some(address) = twice {
                let what = format!("address {address:#010x} is written twice; what came first is shown");
                self.trouble(
                    Weight::Damage,
                    Some(address),
                    run.line,
                    what,
                    "find out which of the two is meant, and build it again",
                );
            }
        }
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut runs: Vec<Run> = Vec::with_capacity(kept.len());
        for (address, piece) in kept {
            let start = bytes.len();
            bytes.extend_from_slice(self.bytes.get(piece).unwrap_or_default());
            runs.push(Run { address, bytes: start..bytes.len(), line: 0 });
        }
        Content::of_pieces(bytes, pieces(&runs))
    }
}

fn pieces(runs: &[Run]) -> impl Iterator<Item = (u32, Range<usize>)> {
    // Every run was checked to lie below 4 GiB.
    runs.iter().map(|run| (run.address as u32, run.bytes.clone()))
}
