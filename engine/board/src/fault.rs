//! Faults that a test or a person brings about: power cut at a chosen write, a mailbox word that is lost, doubled or
//! changed. Not what the firmware does about them, and
//! not flipped bits, which [`crate::Peripherals::flip_bit`] makes at once.

/// When power goes, counted in non-volatile writes from the moment it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerCut {
    /// Writes that still complete.
    pub after_writes: u64,
    /// Whether the write after them is cut in its middle and leaves torn cells, or never begins.
    pub tears: bool,
}

/// Which way a mailbox word goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailboxDirection {
    /// From the host to the chip.
    ToChip,
    /// From the chip to the host.
    ToHost,
}

/// What becomes of a mailbox word that is disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailboxFaultKind {
    /// It never arrives; its sender finds the mailbox free, as if it had been read.
    Drop,
    /// It arrives, and once it was read it waits again.
    Repeat,
    /// It arrives with the bits of the mask inverted.
    Corrupt(u32),
}

/// A mailbox word that is to go wrong, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MailboxFault {
    /// Which way.
    pub direction: MailboxDirection,
    /// Words of that direction that still arrive as they were sent, counted from now.
    pub after_words: u32,
    /// What happens to the word behind them.
    pub kind: MailboxFaultKind,
}

/// What becomes of one non-volatile write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteOutcome {
    Done,
    Torn,
    Lost,
}

impl WriteOutcome {
    pub(crate) fn is_lost(self) -> bool {
        self == Self::Lost
    }

    pub(crate) fn is_torn(self) -> bool {
        self == Self::Torn
    }

    /// The bytes that a cut program left: the first half reached the cells.
    pub(crate) fn tear_program(self, data: &mut [u8]) {
        if self == Self::Torn {
            let half = data.len() / 2;
            for byte in data.iter_mut().skip(half) {
                *byte = 0xFF;
            }
        }
    }

    /// How much of an erase took place.
    pub(crate) fn torn_size(self, size: u32) -> u32 {
        if self == Self::Torn { size / 2 } else { size }
    }
}

/// Decides what becomes of each non-volatile write.
#[derive(Debug, Clone, Default)]
pub(crate) struct WritePlan {
    cut: Option<PowerCut>,
    tear_next: bool,
    gone: bool,
    /// Writes made since power-on.
    pub(crate) writes: u64,
}

impl WritePlan {
    pub(crate) fn arm(&mut self, cut: PowerCut) {
        self.cut = Some(cut);
    }

    /// The next write is cut in its middle: a reset came while it was under way.
    pub(crate) fn tear_next(&mut self) {
        self.tear_next = true;
    }

    /// Whether power went.
    pub(crate) fn power_is_gone(&self) -> bool {
        self.gone
    }

    pub(crate) fn next_write(&mut self) -> WriteOutcome {
        if self.gone {
            return WriteOutcome::Lost;
        }
        self.writes += 1;
        if std::mem::take(&mut self.tear_next) {
            return WriteOutcome::Torn;
        }
        let Some(cut) = &mut self.cut else { return WriteOutcome::Done };
        if cut.after_writes > 0 {
            cut.after_writes -= 1;
            return WriteOutcome::Done;
        }
        self.gone = true;
        if cut.tears { WriteOutcome::Torn } else { WriteOutcome::Lost }
    }
}
