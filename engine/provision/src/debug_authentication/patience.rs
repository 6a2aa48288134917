//! Discovery on a board that answers only sometimes: the ways of bringing the request to it are tried in turn, with
//! power cycles between the rounds, and the one that worked is kept for what follows (`users.md`, pain 4).

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::discovery::Discovery;
use crate::error::ProvisionError;
use crate::link::Link;
use crate::silicon_options::{Approach, Connecting};

/// What is tried, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// The ways, in the order in which they are tried in each round. Default: under reset with longer and longer pulses
    /// and with pauses before NRST rises, then after the reset with longer and longer pauses, then without one.
    pub ways: Vec<Connecting>,
    /// Power cycles, each followed by another round. Default: 2.
    pub power_cycles: u32,
    /// How long a board may take for its first word. Default: 300 ms.
    pub word_timeout: Duration,
    /// How long all of it may take, the person's time for a power cycle not counted. Default: 2 min.
    pub whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let milliseconds = Duration::from_millis;
        let way =
            |approach, pulse, delay| Connecting { approach, pulse: milliseconds(pulse), delay: milliseconds(delay) };
        let under_reset = [(10, 0), (1, 0), (50, 0), (200, 0), (1000, 0), (10, 10), (50, 100)];
        let after_reset = [0, 1, 2, 5, 10, 20, 50, 100];
        let ways = under_reset
            .into_iter()
            .map(|(pulse, delay)| way(Approach::UnderReset, pulse, delay))
            .chain(after_reset.into_iter().map(|delay| way(Approach::AfterReset, 10, delay)))
            .chain([way(Approach::HotPlug, 0, 0)]);
        Self { ways: ways.collect(), power_cycles: 2, word_timeout: milliseconds(300), whole: Duration::from_secs(120) }
    }
}

/// What a patient discovery asks or tells the person at the bench.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// It tries a way; nothing has to be done.
    Trying {
        /// Which attempt, counted from 1.
        number: usize,
        /// The way.
        connecting: Connecting,
    },
    /// The board's power must be taken away and given back. A virtual board's is, without the question.
    PowerCycle {
        /// Which time, counted from 1.
        number: u32,
        /// Of how many.
        count: u32,
    },
}

/// The person's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Done, or go on.
    GoOn,
    /// No more of it.
    Stop,
}

/// One try.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The way.
    pub connecting: Connecting,
    /// Power cycles before it.
    pub power_cycles: u32,
    /// Whether the board answered.
    pub answered: bool,
    /// What came of it, for people.
    pub outcome: String,
    /// How long it took, in milliseconds.
    pub milliseconds: f64,
}

impl Link {
    /// Discovers with patience. The way that worked is used by every later session of this link.
    ///
    /// # Errors
    /// [`ProvisionError::Cancelled`] when the person stops it; [`ProvisionError::Discovery`] when no way worked, with
    /// what the last one gave. The tries are in the transcript.
    pub fn discover_patiently(
        &mut self,
        patience: &Patience,
        ask: &mut dyn FnMut(&Prompt) -> Answer,
    ) -> Result<(Discovery, Vec<Attempt>), ProvisionError> {
        let usual = self.options().mailbox_timeout;
        self.set_mailbox_timeout(patience.word_timeout);
        let found = self.sweep(patience, ask);
        self.set_mailbox_timeout(usual);
        found
    }

    fn sweep(
        &mut self,
        patience: &Patience,
        ask: &mut dyn FnMut(&Prompt) -> Answer,
    ) -> Result<(Discovery, Vec<Attempt>), ProvisionError> {
        let mut attempts: Vec<Attempt> = Vec::new();
        let mut spent = Duration::ZERO;
        for power_cycles in 0..=patience.power_cycles {
            if power_cycles > 0 {
                self.cycle_power(power_cycles, patience.power_cycles, ask)?;
            }
            for connecting in &patience.ways {
                if spent >= patience.whole {
                    return Err(gave_up(&attempts));
                }
                let number = attempts.len() + 1;
                stop_if(ask(&Prompt::Trying { number, connecting: *connecting }))?;
                let began = Instant::now();
                let outcome = self.discover_as(*connecting);
                let took = began.elapsed();
                spent += took;
                attempts.push(Attempt {
                    connecting: *connecting,
                    power_cycles,
                    answered: outcome.is_ok(),
                    outcome: outcome.as_ref().map_or_else(ToString::to_string, |_| "answered".to_owned()),
                    milliseconds: took.as_secs_f64() * 1e3,
                });
                if let Ok(discovery) = outcome {
                    self.remember_connecting(*connecting);
                    return Ok((discovery, attempts));
                }
            }
        }
        Err(gave_up(&attempts))
    }

    fn cycle_power(
        &mut self,
        number: u32,
        count: u32,
        ask: &mut dyn FnMut(&Prompt) -> Answer,
    ) -> Result<(), ProvisionError> {
        self.disconnect();
        match self.virtual_board() {
            Some(board) => board.power_cycle(),
            None => stop_if(ask(&Prompt::PowerCycle { number, count })),
        }
    }
}

fn stop_if(answer: Answer) -> Result<(), ProvisionError> {
    match answer {
        Answer::GoOn => Ok(()),
        Answer::Stop => Err(ProvisionError::Cancelled { step: "Discovery".into() }),
    }
}

fn gave_up(attempts: &[Attempt]) -> ProvisionError {
    let last = attempts.last().map_or("", |attempt| attempt.outcome.as_str());
    ProvisionError::Discovery { reason: format!("no answer in {} attempts; the last: {last}", attempts.len()) }
}
