//! An update over the console: where to, a file by YMODEM, into a slot of the external flash, and a reset. What the file
//! is worth is decided by the boot stage that finds it there.

mod nor;
mod slot;
mod ymodem;

use core::fmt;

use crate::console::Console;
use crate::say;
use slot::{Refusal, Slot};
use ymodem::{Failure, Receiver};

/// Characters of an address: 0x and eight digits.
const LONGEST: usize = 10;
const BACKSPACE: u8 = 0x08;
const DELETE: u8 = 0x7F;
/// Whoever types or sends one of these wants to leave: Ctrl-C, Ctrl-X (cancel), Escape.
pub const LEAVES: [u8; 3] = [0x03, 0x18, 0x1B];

/// Why there is no update.
enum Problem {
    /// The person left.
    Left,
    /// What was typed is no address.
    NoAddress,
    /// The slot does not take the file.
    Refused(Refusal),
    /// The file did not arrive.
    Transfer(Failure),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left => f.write_str("given up"),
            Self::NoAddress => f.write_str("that is no address: up to eight hexadecimal digits"),
            Self::Refused(refusal) => write!(f, "{refusal}"),
            Self::Transfer(failure) => write!(f, "{failure}"),
        }
    }
}

/// What the slot holds after an update that failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// What it held before.
    Untouched,
    /// Part of a file, without the word that a boot stage looks for.
    NoImage,
}

/// Asks for an address and a file. It comes back only when there is no update.
pub fn run(console: &mut Console) {
    say(console, format_args!("slot address (hex): "));
    let address = match address(console) {
        Ok(address) => address,
        Err(problem) => return say(console, format_args!("update failed: {problem}\r\n")),
    };
    // One byte at least will come: what can be refused now is refused before anybody sends anything.
    if let Err(refusal) = slot::check(address, 1) {
        return say(console, format_args!("update failed: {refusal}\r\n"));
    }
    say(console, format_args!("send the image by YMODEM; Ctrl-X twice gives up\r\n"));
    match receive(console, address) {
        Ok(size) => {
            say(console, format_args!("\r\nupdate received: {size} bytes, resetting\r\n"));
            console.stop();
            hardware::stage::reset()
        }
        Err((problem, left)) => {
            say(console, format_args!("\r\nupdate failed: {problem}\r\n"));
            say(
                console,
                match left {
                    Left::Untouched => format_args!("the slot is as it was\r\n"),
                    Left::NoImage => format_args!("the slot holds no image now\r\n"),
                },
            );
        }
    }
}

/// Receives a file into the slot at `address`. Gives its size in bytes.
fn receive(console: &mut Console, address: u32) -> Result<u32, (Problem, Left)> {
    let mut receiver = Receiver::new(console);
    let size = match receiver.file_size() {
        Ok(size) => size,
        Err(failure) => {
            receiver.cancel();
            return Err((Problem::Transfer(failure), Left::Untouched));
        }
    };
    let mut slot = match Slot::open(address, size) {
        Ok(slot) => slot,
        Err(refusal) => {
            receiver.cancel();
            return Err((Problem::Refused(refusal), Left::Untouched));
        }
    };
    match fill(&mut receiver, &mut slot) {
        Ok(()) => {
            receiver.finish();
            Ok(size)
        }
        Err(problem) => {
            receiver.cancel();
            Err((problem, if slot.is_touched() { Left::NoImage } else { Left::Untouched }))
        }
    }
}

/// Block by block; at the file's end the page that makes it an image.
fn fill(receiver: &mut Receiver<'_>, slot: &mut Slot) -> Result<(), Problem> {
    while let Some(block) = receiver.next().map_err(Problem::Transfer)? {
        slot.take(block).map_err(Problem::Refused)?;
    }
    slot.finish().map_err(Problem::Refused)
}

/// A line of hexadecimal digits, echoed.
fn address(console: &mut Console) -> Result<u32, Problem> {
    let mut line = [0; LONGEST];
    let mut length = 0;
    loop {
        let byte = console.read();
        match byte {
            b'\r' | b'\n' => break,
            BACKSPACE | DELETE if length > 0 => {
                length -= 1;
                console.send(b"\x08 \x08");
            }
            byte if LEAVES.contains(&byte) => {
                console.send(b"\r\n");
                return Err(Problem::Left);
            }
            byte => {
                let place = line.get_mut(length).ok_or(Problem::NoAddress)?;
                *place = byte;
                length += 1;
                console.send(&[byte]);
            }
        }
    }
    console.send(b"\r\n");
    let text = line.get(..length).and_then(|typed| core::str::from_utf8(typed).ok()).ok_or(Problem::NoAddress)?;
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    // A plus sign would be taken for part of a number.
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !all_digits {
        return Err(Problem::NoAddress);
    }
    u32::from_str_radix(digits, 16).map_err(|_| Problem::NoAddress)
}
