//! What was exchanged with a board's ROM, for the record: commands, statuses, sizes, times. Never what was exchanged:
//! no certificate, no token, no challenge, no password.

use serde::{Deserialize, Serialize};

/// One command and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    /// What was sent, for people: the command, and of a credential which part of it.
    pub command: String,
    /// What the board answered, for people; `None` when it gave no answer.
    pub status: Option<String>,
    /// Bytes of data that went with the command.
    pub sent_bytes: usize,
    /// Bytes of data that came with the answer.
    pub received_bytes: usize,
    /// From the first word sent to the last one received, in milliseconds.
    pub milliseconds: f64,
    /// What else is worth keeping: why it failed, how the board was reached, the head of a hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The exchanges of one link, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// The exchanges.
    pub exchanges: Vec<Exchange>,
}

impl Transcript {
    /// How many exchanges a transcript keeps; the oldest go first. A patient discovery makes some dozens.
    const KEPT: usize = 512;

    pub(super) fn push(&mut self, exchange: Exchange) {
        if self.exchanges.len() >= Self::KEPT {
            self.exchanges.remove(0);
        }
        self.exchanges.push(exchange);
    }

    pub(super) fn append(&mut self, other: Self) {
        other.exchanges.into_iter().for_each(|exchange| self.push(exchange));
    }
}
