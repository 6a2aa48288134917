//! Words through the mailbox, one at a time, each waited for within its limit and all of them within the session's.
//! What the words mean is the packets' affair.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use chip::mailbox;
use probe_rs::architecture::arm::ArmDebugInterface;

use crate::error::ProvisionError;
use crate::link::{AP0, DEVICE_ID, chain};
use crate::silicon_options::{Acknowledge, SiliconOptions};

/// The shortest pause between two looks at the flags, and the longest: a chip that computes is left alone.
const SHORTEST_PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(4);

/// A word that was not carried, with its number in the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxProblem {
    /// Whether the word was to come from the chip.
    pub from_chip: bool,
    /// Its number in this direction, counted from 0; the request in the mailbox and its answer are number 0.
    pub word: u32,
    /// What happened.
    pub what: String,
}

impl fmt::Display for MailboxProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = if self.from_chip { "from" } else { "to" };
        write!(f, "word {} {direction} the board: {}", self.word, self.what)
    }
}

/// The mailbox of one session.
pub(super) struct Mailbox {
    interface: Box<dyn ArmDebugInterface>,
    base: u32,
    /// DBGMCU's identity, read beside the mailbox.
    pub(super) device: u32,
    acknowledge: Acknowledge,
    word_timeout: Duration,
    /// When the whole session must be over.
    deadline: Instant,
    /// Words sent and received so far.
    sent: u32,
    received: u32,
}

impl Mailbox {
    /// Finds the base at which DBGMCU's identity reads right.
    pub(super) fn find(
        mut interface: Box<dyn ArmDebugInterface>,
        options: &SiliconOptions,
    ) -> Result<Self, ProvisionError> {
        let mut tried = Vec::new();
        for base in &options.mailbox_bases {
            let identity =
                interface.memory_interface(&AP0).and_then(|mut memory| memory.read_word_32(u64::from(*base)));
            match identity {
                Ok(device) if device & 0xFFF == DEVICE_ID => {
                    return Ok(Self {
                        interface,
                        base: *base,
                        device,
                        acknowledge: options.acknowledge,
                        word_timeout: options.mailbox_timeout,
                        deadline: Instant::now() + options.session_timeout,
                        sent: 0,
                        received: 0,
                    });
                }
                Ok(identity) => tried.push(format!("{base:#010x} reads {identity:#010x}")),
                Err(error) => tried.push(format!("{base:#010x}: {}", chain(&error))),
            }
        }
        Err(ProvisionError::Discovery {
            reason: format!("no DBGMCU of an STM32H7R/S behind access port 0 ({})", tried.join("; ")),
        })
    }

    pub(super) const fn base(&self) -> u32 {
        self.base
    }

    /// The debug interface beneath, for NRST and for access port 1.
    pub(super) fn interface(&mut self) -> &mut dyn ArmDebugInterface {
        &mut *self.interface
    }

    fn problem(&self, from_chip: bool, what: String) -> MailboxProblem {
        MailboxProblem { from_chip, word: if from_chip { self.received } else { self.sent }, what }
    }

    /// Reads a register of DBGMCU.
    pub(super) fn read(&mut self, offset: u32) -> Result<u32, String> {
        let address = self.base + offset;
        let word = self.interface.memory_interface(&AP0).and_then(|mut memory| memory.read_word_32(u64::from(address)));
        word.map_err(|error| format!("reading {address:#010x} failed: {}", chain(&error)))
    }

    /// Writes a register of DBGMCU.
    pub(super) fn write(&mut self, offset: u32, word: u32) -> Result<(), String> {
        let address = self.base + offset;
        let written = self.interface.memory_interface(&AP0).and_then(|mut memory| {
            memory.write_word_32(u64::from(address), word)?;
            memory.flush()
        });
        written.map_err(|error| format!("writing {address:#010x} failed: {}", chain(&error)))
    }

    /// Puts a word into the mailbox without asking whether the last one was taken.
    pub(super) fn poke(&mut self, word: u32) -> Result<(), MailboxProblem> {
        self.write(mailbox::DBG_AUTH_HOST, word).map_err(|what| self.problem(false, what))?;
        self.sent += 1;
        Ok(())
    }

    /// Waits for the flags, no longer than `limit` and the session allow.
    fn wait(&mut self, limit: Duration, ready: impl Fn(u32) -> bool) -> Result<(), String> {
        let start = Instant::now();
        while !ready(self.read(mailbox::DBG_AUTH_ACK)?) {
            let now = Instant::now();
            if now >= self.deadline {
                return Err("the session took longer than it may".into());
            }
            let waited = now.duration_since(start);
            if waited >= limit {
                return Err(format!("nothing happened for {limit:?}"));
            }
            thread::sleep((waited / 4).clamp(SHORTEST_PAUSE, LONGEST_PAUSE));
        }
        Ok(())
    }

    /// Takes a word of the chip's.
    pub(super) fn receive(&mut self) -> Result<u32, MailboxProblem> {
        self.receive_within(self.word_timeout)
    }

    /// Takes a word of the chip's, which may take its own time.
    pub(super) fn receive_within(&mut self, limit: Duration) -> Result<u32, MailboxProblem> {
        let word = self
            .wait(limit, |ack| ack & mailbox::DEV_ACK != 0)
            .and_then(|()| self.take())
            .map_err(|what| self.problem(true, what))?;
        self.received += 1;
        Ok(word)
    }

    fn take(&mut self) -> Result<u32, String> {
        let word = self.read(mailbox::DBG_AUTH_DEV)?;
        if self.acknowledge == Acknowledge::ByWriting {
            self.write(mailbox::DBG_AUTH_ACK, mailbox::DEV_ACK)?;
        }
        Ok(word)
    }

    /// Sends a word as soon as the chip has taken the last one.
    pub(super) fn send(&mut self, word: u32) -> Result<(), MailboxProblem> {
        self.send_within(word, self.word_timeout)
    }

    /// Sends a word as soon as the chip has taken the last one, which may take no longer than `limit`.
    pub(super) fn send_within(&mut self, word: u32, limit: Duration) -> Result<(), MailboxProblem> {
        self.wait(limit, |ack| ack & mailbox::HOST_ACK == 0)
            .map_err(|what| self.problem(false, format!("the last one was not taken: {what}")))?;
        self.poke(word)
    }

    /// Takes what an earlier session left: it survives a reset and would pass for an answer.
    pub(super) fn drain(&mut self) -> Result<(), MailboxProblem> {
        /// A word, and one more that a disturbed mailbox shows again.
        const LEFT_AT_MOST: usize = 2;
        for _ in 0..LEFT_AT_MOST {
            let left = self.read(mailbox::DBG_AUTH_ACK).map_err(|what| self.problem(true, what))? & mailbox::DEV_ACK;
            if left == 0 {
                return Ok(());
            }
            self.take().map_err(|what| self.problem(true, what))?;
        }
        Ok(())
    }
}
