//! Talking with the demo application over a virtual board's console: finding its menu, sending a file. Each wait has an
//! end, and a person's wish to stop is heard.

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use super::banner::Banner;
use super::ymodem::{self, ACK, ASK, BLOCK, CAN, EOT, ESCAPE, NAK};
use crate::bench::VirtualBoard;
use crate::console::ConsoleReader;
use crate::error::ProvisionError;
use crate::execute::Cancel;

/// How long an answer may take. The application works on a block while the sender waits: it may erase a sector.
const ANSWER: Duration = Duration::from_secs(30);
/// How long the menu may take: whoever was asked for something else gives that up first.
const MENU: Duration = Duration::from_secs(20);
/// Times that one block is sent.
const TRIES: u32 = 10;
const POLL: Duration = Duration::from_millis(1);
/// What is kept of what was said, in bytes.
const KEPT: usize = 1 << 16;

/// The line of the application's menu that offers an update.
pub(super) const OFFER: &str = "u  update";
const LAST_OF_MENU: &str = "?  this menu";
const PROMPT: &str = "slot address (hex): ";
const READY: &str = "send the image by YMODEM";
const FAILED: &str = "update failed: ";
const RECEIVED: &str = "update received: ";

/// One talk on a board's console.
pub(super) struct Dialogue<'a> {
    board: &'a VirtualBoard,
    reader: ConsoleReader,
    cancel: &'a Cancel,
    /// Bytes not looked at yet.
    pending: VecDeque<u8>,
    /// What was said since the talk, or its newest part, began.
    heard: String,
}

impl<'a> Dialogue<'a> {
    /// Begins to listen.
    pub(super) fn begin(board: &'a VirtualBoard, cancel: &'a Cancel) -> Self {
        Self { board, reader: board.console_reader(), cancel, pending: VecDeque::new(), heard: String::new() }
    }

    /// What was said since the newest part began.
    pub(super) fn heard(&self) -> &str {
        &self.heard
    }

    /// Finds the menu, whatever the application was asked before, and what it says of itself.
    pub(super) fn find_application(&mut self) -> Result<Banner, ProvisionError> {
        self.heard.clear();
        // Ends a transfer and leaves a prompt; at the menu it is nothing.
        self.board.console_send(&[CAN, CAN, ESCAPE]);
        let mut asked = Instant::now();
        let began = Instant::now();
        self.board.console_send(b"1?");
        while !(self.heard.contains(LAST_OF_MENU) && Banner::last_in(&self.heard).is_some()) {
            self.listen()?;
            if began.elapsed() >= MENU {
                return Err(ProvisionError::NoLoaderAnswers { heard: self.last_line() });
            }
            if asked.elapsed() >= MENU / 4 {
                // What was typed while the board was starting may have been lost.
                self.board.console_send(b"1?");
                asked = Instant::now();
            }
        }
        if !self.heard.contains(OFFER) {
            return Err(ProvisionError::NoLoaderAnswers { heard: self.last_line() });
        }
        Banner::last_in(&self.heard).ok_or_else(|| ProvisionError::NoLoaderAnswers { heard: self.last_line() })
    }

    /// Sends a file into the slot at `address`, and waits until the application resets the board. `progress` hears of the
    /// bytes that are acknowledged.
    pub(super) fn send(
        &mut self,
        name: &str,
        bytes: &[u8],
        address: u32,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), ProvisionError> {
        let sent = self.transfer(name, bytes, address, progress);
        if let Err(ProvisionError::Cancelled { .. }) = sent {
            // Told to stop, the application comes back to its menu, and the slot holds no image.
            self.board.console_send(&[CAN, CAN, ESCAPE]);
        }
        sent
    }

    fn transfer(
        &mut self,
        name: &str,
        bytes: &[u8],
        address: u32,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), ProvisionError> {
        self.pending.clear();
        self.heard.clear();
        self.board.console_send(b"u");
        self.wait_for(PROMPT)?;
        self.board.console_send(format!("{address:08x}\r").as_bytes());
        self.wait_for(READY)?;
        self.wait_for("\n")?;

        self.exchange(&ymodem::opening(name, bytes.len()))?;
        self.wait_for_byte(ASK)?;
        for (number, piece) in (1..).zip(bytes.chunks(BLOCK)) {
            if self.cancel.is_cancelled() {
                return Err(ProvisionError::Cancelled { step: "Send".into() });
            }
            self.exchange(&ymodem::block(number, piece))?;
            progress((number * BLOCK).min(bytes.len()) as u64);
        }
        // The first one may be doubted.
        self.exchange(&[EOT])?;
        self.exchange(&ymodem::closing())?;
        self.wait_for(RECEIVED)?;
        self.wait_for("\n")?;
        Ok(())
    }

    /// Sends bytes until they are acknowledged.
    fn exchange(&mut self, bytes: &[u8]) -> Result<(), ProvisionError> {
        for _ in 0..TRIES {
            self.board.console_send(bytes);
            let until = Instant::now() + ANSWER;
            loop {
                match self.byte(until)? {
                    ACK => return Ok(()),
                    NAK => break,
                    CAN => return Err(self.refusal()),
                    // A receiver that still asks, or whose question crossed the answer.
                    _ => {}
                }
            }
        }
        Err(ProvisionError::Transfer { reason: "the application wants the same block again and again".into() })
    }

    fn wait_for_byte(&mut self, wanted: u8) -> Result<(), ProvisionError> {
        let until = Instant::now() + ANSWER;
        while self.byte(until)? != wanted {}
        Ok(())
    }

    /// Waits for a text, and takes everything up to its end. A refusal that comes instead is the error.
    fn wait_for(&mut self, text: &str) -> Result<(), ProvisionError> {
        let until = Instant::now() + ANSWER;
        let mut line = String::new();
        while !line.ends_with(text) {
            line.push(char::from(self.byte(until)?));
            if line.ends_with(FAILED) {
                return Err(self.refusal_after(String::new()));
            }
        }
        Ok(())
    }

    /// What the application says after it has cancelled.
    fn refusal(&mut self) -> ProvisionError {
        match self.wait_for(FAILED) {
            Err(error) => error,
            Ok(()) => self.refusal_after(String::new()),
        }
    }

    /// The rest of the line that tells why, and the one that says what the slot holds.
    fn refusal_after(&mut self, mut line: String) -> ProvisionError {
        let until = Instant::now() + ANSWER;
        while line.matches('\n').count() < 2 {
            match self.byte(until) {
                Ok(byte) => line.push(char::from(byte)),
                Err(_) => break,
            }
        }
        let said: Vec<&str> = line.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        ProvisionError::Transfer { reason: format!("the application says: {}", said.join("; ")) }
    }

    /// The next byte. The moment is that of the whole answer: there are applications that never stop talking.
    fn byte(&mut self, until: Instant) -> Result<u8, ProvisionError> {
        loop {
            let late = Instant::now() >= until;
            if !late && let Some(byte) = self.pending.pop_front() {
                return Ok(byte);
            }
            if self.cancel.is_cancelled() {
                return Err(ProvisionError::Cancelled { step: "Send".into() });
            }
            if late {
                return Err(ProvisionError::Transfer {
                    reason: format!("no answer for {} s; the last words were: {}", ANSWER.as_secs(), self.last_line()),
                });
            }
            self.listen()?;
        }
    }

    /// Takes what the console sent, or waits a moment for it.
    pub(super) fn listen(&mut self) -> Result<(), ProvisionError> {
        let new = self.reader.take();
        if new.is_empty() {
            if self.cancel.is_cancelled() {
                return Err(ProvisionError::Cancelled { step: "What boots".into() });
            }
            thread::sleep(POLL);
        }
        self.heard.push_str(&String::from_utf8_lossy(&new));
        if self.heard.len() > KEPT {
            let cut = self.heard.len() - KEPT / 2;
            let cut = (cut..self.heard.len()).find(|at| self.heard.is_char_boundary(*at)).unwrap_or(self.heard.len());
            self.heard.drain(..cut);
        }
        self.pending.extend(new);
        Ok(())
    }

    /// Forgets what was read so far. What came behind it, perhaps the board's first words already, is kept.
    pub(super) fn forget_what_was_read(&mut self) {
        self.heard = String::from_utf8_lossy(self.pending.make_contiguous()).into_owned();
        self.pending.clear();
    }

    fn last_line(&self) -> String {
        let printable = |line: &str| line.chars().filter(|c| !c.is_control()).collect::<String>();
        let mut lines =
            self.heard.lines().map(|line| printable(line).trim().to_owned()).filter(|line| !line.is_empty());
        lines.next_back().unwrap_or_else(|| "nothing".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(test: impl FnOnce(&mut Dialogue<'_>)) {
        let folder = tempfile::tempdir().unwrap();
        let board = VirtualBoard::create(&folder.path().join("dialogue.board"), Some(1)).unwrap();
        let cancel = Cancel::new();
        test(&mut Dialogue::begin(&board, &cancel));
        board.power_off().unwrap();
    }

    #[test]
    fn an_application_that_never_stops_talking_does_not_hold_a_wait_up() {
        talk(|dialogue| {
            dialogue.pending.extend(b"on and on");
            let now = Instant::now();
            assert!(matches!(dialogue.byte(now), Err(ProvisionError::Transfer { .. })));
            assert_eq!(dialogue.byte(now + ANSWER).unwrap(), b'o');
        });
    }

    #[test]
    fn words_that_came_with_the_last_answer_are_not_forgotten_with_it() {
        talk(|dialogue| {
            dialogue.heard = "update received: 5 bytes, resetting\r\n[oemurot] starts".into();
            dialogue.pending.extend(b"[oemurot] starts");
            dialogue.forget_what_was_read();
            assert_eq!(dialogue.heard(), "[oemurot] starts");
            assert!(dialogue.pending.is_empty());
        });
    }
}
