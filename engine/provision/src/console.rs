//! What a virtual board's console sent, kept so that a window and a run can both read it without taking it from each
//! other. It knows nothing of what the bytes mean.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::bench::VirtualBoard;

/// Bytes kept at least for a reader that is slow; older ones are dropped.
const KEPT: usize = 1 << 20;

/// The console's bytes since power-on, the oldest dropped. Positions count bytes since power-on.
#[derive(Debug, Default)]
pub(crate) struct ConsoleLog(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    bytes: Vec<u8>,
    /// Position of the first byte that is kept.
    start: u64,
    /// Position up to which the shared reader has come.
    shared: u64,
}

impl Inner {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    fn since(&self, position: u64) -> Vec<u8> {
        let skip = usize::try_from(position.saturating_sub(self.start)).unwrap_or(usize::MAX);
        self.bytes.get(skip..).unwrap_or_default().to_vec()
    }
}

impl ConsoleLog {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what `take` gives. The lock is held meanwhile, so that two collectors keep the order.
    pub(crate) fn collect(&self, take: impl FnOnce() -> Vec<u8>) {
        let mut inner = self.lock();
        inner.bytes.extend(take());
        let too_many = inner.bytes.len().saturating_sub(2 * KEPT);
        if too_many > 0 {
            let drop = inner.bytes.len() - KEPT;
            inner.bytes.drain(..drop);
            inner.start += drop as u64;
        }
    }

    /// The position behind the last byte.
    pub(crate) fn end(&self) -> u64 {
        self.lock().end()
    }

    /// What came since the last call of this function.
    pub(crate) fn take_shared(&self) -> Vec<u8> {
        let mut inner = self.lock();
        let bytes = inner.since(inner.shared);
        inner.shared = inner.end();
        bytes
    }

    fn take_since(&self, position: &mut u64) -> Vec<u8> {
        let inner = self.lock();
        let bytes = inner.since(*position);
        *position = inner.end();
        bytes
    }
}

/// One reader of a board's console.
#[derive(Debug)]
pub struct ConsoleReader {
    board: VirtualBoard,
    position: u64,
}

impl ConsoleReader {
    pub(crate) fn new(board: VirtualBoard, position: u64) -> Self {
        Self { board, position }
    }

    /// What came since the last call.
    pub fn take(&mut self) -> Vec<u8> {
        self.board.collect_console();
        self.board.console_log().take_since(&mut self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_readers_see_the_same_bytes() {
        let log = ConsoleLog::default();
        log.collect(|| b"one ".to_vec());
        let mut position = log.end();
        log.collect(|| b"two".to_vec());
        assert_eq!(log.take_shared(), b"one two");
        assert_eq!(log.take_since(&mut position), b"two");
        assert!(log.take_shared().is_empty());
        assert!(log.take_since(&mut position).is_empty());
    }

    #[test]
    fn a_slow_reader_gets_the_newest_bytes() {
        let log = ConsoleLog::default();
        log.collect(|| vec![b'a'; 2 * KEPT]);
        log.collect(|| vec![b'b'; 10]);
        let bytes = log.take_shared();
        assert_eq!(bytes.len(), KEPT);
        assert!(bytes.ends_with(&[b'b'; 10]));
    }
}
