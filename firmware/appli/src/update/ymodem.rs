//! The receiver's side of YMODEM: one file in blocks of 128 or 1024 bytes with CRC-16, over the console. It knows
//! nothing of what the bytes are for. Every wait is counted, every repetition too: it always comes to an end.

use core::fmt;

use crate::console::Console;

const SOH: u8 = 0x01;
const STX: u8 = 0x02;
const EOT: u8 = 0x04;
const ACK: u8 = 0x06;
const NAK: u8 = 0x15;
const CAN: u8 = 0x18;
/// Asks for a file, or its first block, with CRC-16.
const ASK: u8 = b'C';

const SHORT_BLOCK: usize = 128;
const LONG_BLOCK: usize = 1024;

/// Times that a sender is asked for its file, about a second apart: a person has to find the menu of a terminal.
const ASKED: u32 = 60;
const ASK_EVERY: u32 = 1_000;
/// Times that one block is asked for, and that nothing comes then.
const TRIES: u32 = 10;
const SILENCES: u32 = 3;
/// Longest wait for a block, and between two of its bytes, in milliseconds.
const BLOCK_WITHIN: u32 = 3_000;
const BYTE_WITHIN: u32 = 1_000;
/// The line is quiet when nothing came for so many milliseconds.
const QUIET: u32 = 100;
/// Most bytes that are thrown away while the line is not quiet.
const NOISE: u32 = 1 << 17;

/// Why no file arrived.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nobody sends.
    Silent,
    /// The sender gave up.
    Cancelled,
    /// Nothing but damage, however often it was asked for.
    Damaged,
    /// A block that is neither the next nor the last one again.
    OutOfStep,
    /// The first block names no file or no size.
    Nameless,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "the sender stopped",
            Self::Cancelled => "the sender cancelled",
            Self::Damaged => "the blocks arrive damaged",
            Self::OutOfStep => "a block is missing",
            Self::Nameless => "the sender names no file with its size",
        })
    }
}

/// What came over the line.
enum Frame {
    Block { number: u8, size: usize },
    End,
    Cancelled,
    Damaged,
    Silent,
}

/// The receiver of one file.
pub struct Receiver<'a> {
    console: &'a mut Console,
    block: [u8; LONG_BLOCK],
    /// Number of the block that comes next.
    expected: u8,
    /// What the last good block is answered with, before the next one is listened for.
    answer: &'static [u8],
}

impl<'a> Receiver<'a> {
    /// A receiver that has not asked for anything yet.
    pub fn new(console: &'a mut Console) -> Self {
        Self { console, block: [0; LONG_BLOCK], expected: 0, answer: &[ASK] }
    }

    /// Asks until a sender names its file. Gives the file's size in bytes.
    pub fn file_size(&mut self) -> Result<u32, Failure> {
        for _ in 0..ASKED {
            self.console.send(self.answer);
            match self.frame(ASK_EVERY) {
                Frame::Block { number: 0, size } => {
                    self.expected = 1;
                    self.answer = &[ACK, ASK];
                    return self.block.get(..size).and_then(announced_size).ok_or(Failure::Nameless);
                }
                Frame::Block { .. } => return Err(Failure::OutOfStep),
                Frame::Cancelled => return Err(Failure::Cancelled),
                Frame::End | Frame::Damaged => self.quiet(),
                Frame::Silent => {}
            }
        }
        Err(Failure::Silent)
    }

    /// The next block, or nothing at the file's end. The block before is only now acknowledged, so that the sender
    /// waits while it is worked on.
    pub fn next(&mut self) -> Result<Option<&[u8]>, Failure> {
        let mut answer = self.answer;
        let mut ended = false;
        let mut silences = 0;
        for _ in 0..TRIES {
            self.console.send(answer);
            match self.frame(BLOCK_WITHIN) {
                Frame::Block { number, size } if number == self.expected => {
                    self.expected = self.expected.wrapping_add(1);
                    self.answer = &[ACK];
                    return Ok(self.block.get(..size));
                }
                // The answer to it was lost.
                Frame::Block { number, .. } if number == self.expected.wrapping_sub(1) => answer = self.answer,
                Frame::Block { .. } => return Err(Failure::OutOfStep),
                // An end is only believed when it is said twice: one byte is soon made of noise.
                Frame::End if ended => {
                    self.answer = &[ACK, ASK];
                    return Ok(None);
                }
                Frame::End => {
                    ended = true;
                    answer = &[NAK];
                }
                Frame::Cancelled => return Err(Failure::Cancelled),
                Frame::Damaged => {
                    self.quiet();
                    answer = &[NAK];
                }
                Frame::Silent => {
                    silences += 1;
                    if silences >= SILENCES {
                        return Err(Failure::Silent);
                    }
                    // Before its first block a sender waits to be asked.
                    answer = if self.answer.len() > 1 { &[ASK] } else { &[NAK] };
                }
            }
        }
        Err(Failure::Damaged)
    }

    /// Takes leave of a sender whose file is whole: it names no further file. One that does is told to stop.
    pub fn finish(mut self) {
        for _ in 0..TRIES {
            self.console.send(self.answer);
            match self.frame(ASK_EVERY) {
                Frame::Block { number: 0, size } => {
                    let further = self.block.get(..size).is_some_and(|block| block.first() != Some(&0));
                    return if further { self.cancel() } else { self.console.send(&[ACK]) };
                }
                // Our answer to the end was lost.
                Frame::End => {}
                Frame::Damaged => {
                    self.quiet();
                    self.answer = &[NAK];
                }
                Frame::Silent => self.answer = &[ASK],
                Frame::Block { .. } | Frame::Cancelled => return,
            }
        }
    }

    /// Tells the sender to stop, and waits until the line is quiet.
    pub fn cancel(mut self) {
        self.console.send(&[CAN; 3]);
        self.quiet();
    }

    fn frame(&mut self, within: u32) -> Frame {
        match self.console.read_within(within) {
            None => Frame::Silent,
            Some(SOH) => self.rest_of_block(SHORT_BLOCK).unwrap_or(Frame::Damaged),
            Some(STX) => self.rest_of_block(LONG_BLOCK).unwrap_or(Frame::Damaged),
            Some(EOT) => Frame::End,
            Some(CAN) if self.console.read_within(BYTE_WITHIN) == Some(CAN) => Frame::Cancelled,
            Some(_) => Frame::Damaged,
        }
    }

    /// Number, its complement, data, CRC; nothing when they don't belong together.
    fn rest_of_block(&mut self, size: usize) -> Option<Frame> {
        let number = self.console.read_within(BYTE_WITHIN)?;
        let complement = self.console.read_within(BYTE_WITHIN)?;
        let mut crc = 0;
        for byte in self.block.iter_mut().take(size) {
            *byte = self.console.read_within(BYTE_WITHIN)?;
            crc = crc16(crc, *byte);
        }
        let told = [self.console.read_within(BYTE_WITHIN)?, self.console.read_within(BYTE_WITHIN)?];
        (number == !complement && u16::from_be_bytes(told) == crc).then_some(Frame::Block { number, size })
    }

    fn quiet(&mut self) {
        for _ in 0..NOISE {
            if self.console.read_within(QUIET).is_none() {
                return;
            }
        }
    }
}

/// CRC-16 as XMODEM has it: polynomial 0x1021, from 0, highest bit first.
fn crc16(crc: u16, byte: u8) -> u16 {
    (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| crc << 1 ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 })
}

/// The size that follows the file's name, in decimal digits.
fn announced_size(block: &[u8]) -> Option<u32> {
    let end = block.iter().position(|byte| *byte == 0).filter(|end| *end > 0)?;
    let digits = block.get(end + 1..)?.iter().take_while(|byte| byte.is_ascii_digit());
    let mut size = None;
    for digit in digits {
        size = Some(size.unwrap_or(0_u32).checked_mul(10)?.checked_add(u32::from(digit - b'0'))?);
    }
    size
}
