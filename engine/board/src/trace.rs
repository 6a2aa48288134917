//! What happened on the board, for people: words of the firmware, resets, refusals, accesses that nothing answers.
//! A bounded ring; it never changes what the board does.

use std::collections::{BTreeMap, VecDeque};

use chip::trace::TraceWord;

use crate::peripherals::ResetCause;

/// Entries kept; older ones are dropped.
const KEPT: usize = 4096;
/// Unknown registers counted by address; more are counted together.
const COUNTED: usize = 512;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceKind {
    /// Power was switched on.
    PowerOn,
    /// The chip was reset.
    Reset(ResetCause),
    /// The firmware left a word.
    Word(TraceWord),
    /// The firmware left a word on another stimulus port, or one that spells nothing.
    Stimulus {
        /// Port number, 0 to 31.
        port: u8,
        /// The word.
        value: u32,
    },
    /// A register that is not modelled was touched for the first time.
    UnknownRegister {
        /// Its address.
        address: u32,
        /// Whether it was written.
        write: bool,
    },
    /// The hardware refused something: what, and the address or code concerned.
    Refused {
        /// What was refused and why.
        what: &'static str,
        /// Address or code.
        detail: u32,
    },
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceEntry {
    /// Instructions since power-on.
    pub at: u64,
    /// What happened.
    pub kind: TraceKind,
}

/// The record of what happened.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    entries: VecDeque<TraceEntry>,
    /// Entries ever made: the cursor after the last.
    made: u64,
    unknown: BTreeMap<(u32, bool), u64>,
    unknown_more: u64,
}

impl Trace {
    /// Adds an entry.
    pub(crate) fn push(&mut self, at: u64, kind: TraceKind) {
        if self.entries.len() >= KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(TraceEntry { at, kind });
        self.made += 1;
    }

    /// Adds a refusal, unless it repeats the newest entry: a loop that retries must not push everything else out.
    pub(crate) fn refused(&mut self, at: u64, what: &'static str, detail: u32) {
        let kind = TraceKind::Refused { what, detail };
        if self.entries.back().is_none_or(|newest| newest.kind != kind) {
            self.push(at, kind);
        }
    }

    /// Counts an access that nothing answers; the first of each address makes an entry.
    pub(crate) fn unknown_register(&mut self, at: u64, address: u32, write: bool) {
        if let Some(count) = self.unknown.get_mut(&(address, write)) {
            *count += 1;
        } else if self.unknown.len() < COUNTED {
            self.unknown.insert((address, write), 1);
            self.push(at, TraceKind::UnknownRegister { address, write });
        } else {
            self.unknown_more += 1;
        }
    }

    /// The cursor after the newest entry.
    #[must_use]
    pub fn cursor(&self) -> u64 {
        self.made
    }

    /// Entries made since `cursor`, oldest first; those already dropped are not among them.
    pub fn since(&self, cursor: u64) -> impl Iterator<Item = &TraceEntry> {
        let first = self.made - self.entries.len() as u64;
        let skip = usize::try_from(cursor.saturating_sub(first)).unwrap_or(usize::MAX);
        self.entries.iter().skip(skip)
    }

    /// Accesses that nothing answered: address, whether written, how often.
    pub fn unknown_registers(&self) -> impl Iterator<Item = (u32, bool, u64)> + '_ {
        self.unknown.iter().map(|(&(address, write), &count)| (address, write, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_what_is_new_and_what_the_ring_still_holds() {
        let mut trace = Trace::default();
        trace.push(1, TraceKind::PowerOn);
        let cursor = trace.cursor();
        trace.push(2, TraceKind::Reset(ResetCause::Pin));
        assert_eq!(trace.since(cursor).map(|entry| entry.at).collect::<Vec<_>>(), [2]);
        for at in 0..10_000 {
            trace.push(at, TraceKind::Reset(ResetCause::Software));
        }
        assert_eq!(trace.since(cursor).count(), KEPT);
        assert_eq!(trace.since(trace.cursor()).count(), 0);
        assert_eq!(trace.since(u64::MAX).count(), 0);
    }

    #[test]
    fn a_refusal_that_repeats_itself_is_told_once() {
        let mut trace = Trace::default();
        for at in 0..5 {
            trace.refused(at, "no", 1);
        }
        trace.refused(6, "no", 2);
        assert_eq!(trace.since(0).map(|entry| entry.at).collect::<Vec<_>>(), [0, 6]);
    }

    #[test]
    fn unknown_registers_are_counted_without_bound_on_the_count_but_with_one_on_the_list() {
        let mut trace = Trace::default();
        for address in 0..2 * COUNTED as u32 {
            trace.unknown_register(0, 4 * address, false);
        }
        trace.unknown_register(9, 0, false);
        assert_eq!(trace.unknown_registers().count(), COUNTED);
        assert_eq!(trace.unknown_registers().next(), Some((0, false, 2)));
    }
}
