//! A terminal at a board's console: what a person types, and a YMODEM sender that can be told to do wrong.

use std::time::{Duration, Instant};

use provision::{ConsoleReader, VirtualBoard};

pub const ACK: u8 = 6;
pub const NAK: u8 = 21;
pub const CAN: u8 = 24;

/// The console of a board whose application runs.
pub struct Terminal {
    board: VirtualBoard,
    reader: ConsoleReader,
    heard: Vec<u8>,
}

impl Terminal {
    pub fn at(board: &VirtualBoard) -> Self {
        Self { board: board.clone(), reader: board.console_reader(), heard: Vec::new() }
    }

    pub fn send(&self, bytes: &[u8]) {
        self.board.console_send(bytes);
    }

    /// Waits for a text; everything up to its end is taken and given back.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> String {
        let taken = self.until(|heard| find(heard, text.as_bytes()).map(|at| at + text.len()));
        let said = String::from_utf8_lossy(&self.heard).into_owned();
        String::from_utf8(taken.unwrap_or_else(|| panic!("{text:?} never came; heard {said:?}")))
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// Waits for one of some bytes.
    #[track_caller]
    pub fn wait_for_byte(&mut self, wanted: &[u8]) -> u8 {
        let taken = self.until(|heard| heard.iter().position(|byte| wanted.contains(byte)).map(|at| at + 1));
        let said = String::from_utf8_lossy(&self.heard).into_owned();
        *taken.unwrap_or_else(|| panic!("none of {wanted:?} came; heard {said:?}")).last().unwrap()
    }

    /// Waits for an acknowledgement, of whatever kind; none once `gone` holds.
    #[track_caller]
    pub fn answers_unless(&mut self, gone: &dyn Fn() -> bool) -> Option<u8> {
        let mut left = false;
        let taken = self.until(|heard| {
            left = gone();
            if left { Some(0) } else { heard.iter().position(|byte| [ACK, NAK].contains(byte)).map(|at| at + 1) }
        });
        let taken = taken.expect("an answer, or darkness");
        taken.last().copied().filter(|_| !left)
    }

    fn until(&mut self, mut end: impl FnMut(&[u8]) -> Option<usize>) -> Option<Vec<u8>> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(60) {
            self.heard.extend(self.reader.take());
            if let Some(end) = end(&self.heard) {
                return Some(self.heard.drain(..end).collect());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        None
    }

    /// Opens the dialogue for an update up to the point where the receiver asks.
    pub fn begin_update(&mut self, address: u32) {
        self.send(b"u");
        self.wait_for("slot address (hex): ");
        self.send(format!("{address:x}\r").as_bytes());
        self.wait_for("Ctrl-X twice gives up\r\n");
        self.wait_for_byte(b"C");
    }

    /// Names a file, and is asked for it.
    pub fn name(&mut self, size: usize) {
        self.send(&opening(&format!("image.bin\0{size}")));
        self.wait_for_byte(&[ACK]);
        self.wait_for_byte(b"C");
    }

    /// Sends one block and waits until it is acknowledged.
    pub fn block(&mut self, number: usize, data: &[u8]) {
        self.send(&block(number, data));
        assert_eq!(self.wait_for_byte(&[ACK, NAK, CAN]), ACK, "block {number}");
    }
}

fn find(heard: &[u8], text: &[u8]) -> Option<usize> {
    heard.windows(text.len()).position(|window| window == text)
}

/// The block in front of a file.
pub fn opening(content: &str) -> Vec<u8> {
    let mut data = content.as_bytes().to_vec();
    data.resize(128, 0);
    framed(0, &data)
}

/// A block of a file, short or long by its data.
pub fn block(number: usize, data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    data.resize(if data.len() > 128 { 1024 } else { 128 }, 0x1A);
    framed(number as u8, &data)
}

fn framed(number: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![if data.len() == 128 { 1 } else { 2 }, number, 255 - number];
    bytes.extend_from_slice(data);
    // Bit by bit over the message and sixteen zeros: the long division itself.
    let bits = data.iter().chain(&[0, 0]).flat_map(|byte| (0..8).rev().map(move |bit| u32::from(byte >> bit & 1)));
    let remainder = bits.fold(0_u32, |rest, bit| {
        let rest = rest << 1 | bit;
        if rest & 0x1_0000 == 0 { rest } else { rest ^ 0x1_1021 }
    });
    bytes.extend((remainder as u16).to_be_bytes());
    bytes
}
