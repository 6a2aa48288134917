//! Writing Intel hex as the data come.

use std::io::{self, Write};

use super::PAGE;

/// Bytes in a data record, as ST's tool writes them.
const RECORD_BYTES: usize = 16;

/// The text of an Intel hex file, written as the data come: nothing of it is kept but the piece in hand.
#[derive(Debug)]
pub(crate) struct HexWriter<W: Write> {
    sink: W,
    text: Vec<u8>,
    /// Whether any address needs its upper half told.
    extended: bool,
    upper: Option<u16>,
    /// Bytes that wait for their record to be full, and the address of the first.
    waiting: [u8; RECORD_BYTES],
    waits: usize,
    address: u64,
}

/// Text is handed on in pieces of about this many bytes.
const TEXT_PIECE: usize = 64 * 1024;
/// Characters of the longest data record: colon, length, address, kind, data, checksum, LF.
const RECORD_TEXT: usize = 1 + 2 * (5 + RECORD_BYTES) + 1;

impl<W: Write> HexWriter<W> {
    /// A writer of data that end at `end`, the first address behind all of them.
    pub(crate) fn new(sink: W, end: u64) -> Self {
        Self {
            sink,
            text: Vec::with_capacity(TEXT_PIECE + RECORD_TEXT),
            extended: end > PAGE,
            upper: None,
            waiting: [0; RECORD_BYTES],
            waits: 0,
            address: 0,
        }
    }

    /// Characters of the text for so many bytes of data, at most.
    pub(crate) fn expected_bytes(data: u64) -> u64 {
        let records = data / RECORD_BYTES as u64 + 4;
        records * RECORD_TEXT as u64 + data / PAGE * 16
    }

    /// Writes bytes for an address. What follows on the bytes before it goes on in their record.
    ///
    /// # Errors
    /// When the text can't be written.
    pub(crate) fn data(&mut self, address: u32, mut bytes: &[u8]) -> io::Result<()> {
        if self.address.saturating_add(self.waits as u64) != u64::from(address) {
            self.end_record()?;
            self.address = u64::from(address);
        }
        while !bytes.is_empty() {
            let page_left = usize::try_from(PAGE - self.address % PAGE).unwrap_or(RECORD_BYTES);
            let size = RECORD_BYTES.min(page_left);
            if self.waits == 0
                && let Some((record, rest)) = bytes.split_at_checked(size)
            {
                self.record(record)?;
                bytes = rest;
                continue;
            }
            let (more, rest) = bytes.split_at_checked(size.saturating_sub(self.waits)).unwrap_or((bytes, &[]));
            for (target, source) in self.waiting.iter_mut().skip(self.waits).zip(more) {
                *target = *source;
            }
            self.waits += more.len();
            bytes = rest;
            if self.waits == size {
                self.end_record()?;
            }
        }
        Ok(())
    }

    /// Writes the end record, and gives the sink back.
    ///
    /// # Errors
    /// When the text can't be written.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.end_record()?;
        push_record(&mut self.text, 0, 1, &[]);
        self.sink.write_all(&self.text)?;
        Ok(self.sink)
    }

    fn end_record(&mut self) -> io::Result<()> {
        let waiting = self.waiting;
        let (record, _) = waiting.split_at_checked(self.waits).unwrap_or((&waiting, &[]));
        self.waits = 0;
        if record.is_empty() { Ok(()) } else { self.record(record) }
    }

    fn record(&mut self, data: &[u8]) -> io::Result<()> {
        let page = (self.address / PAGE) as u16;
        if self.extended && self.upper != Some(page) {
            push_record(&mut self.text, 0, 4, &page.to_be_bytes());
            self.upper = Some(page);
        }
        push_record(&mut self.text, (self.address % PAGE) as u16, 0, data);
        self.address += data.len() as u64;
        if self.text.len() >= TEXT_PIECE {
            self.sink.write_all(&self.text)?;
            self.text.clear();
        }
        Ok(())
    }
}

/// The two digits of a byte, without a branch: records are then made many digits at a time.
fn digits(byte: u8) -> [u8; 2] {
    [byte >> 4, byte & 15].map(|nibble| b'0' + nibble + u8::from(nibble > 9) * (b'A' - b'9' - 1))
}

/// Appends a record with up to [`RECORD_BYTES`] of data.
fn push_record(text: &mut Vec<u8>, address: u16, kind: u8, data: &[u8]) {
    let [high, low] = address.to_be_bytes();
    let head = [data.len() as u8, high, low, kind];
    let sum = head.iter().chain(data).fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    text.push(b':');
    text.extend_from_slice(head.map(digits).as_flattened());
    match data.as_array::<RECORD_BYTES>() {
        Some(data) => text.extend_from_slice(data.map(digits).as_flattened()),
        None => data.iter().for_each(|byte| text.extend_from_slice(&digits(*byte))),
    }
    text.extend_from_slice(&digits(sum.wrapping_neg()));
    text.push(b'\n');
}
