//! A copy of a board, in memory and without a file, run until its boot is told. The board itself is never touched.

use board::{Board, BoardOptions, NonVolatile, PowerCut, Stopped};

use formats::SecondStageLayout;

use super::story::{Lane, Story};
use super::telling::{Ending, Teller};
use crate::error::ProvisionError;
use crate::execute::Cancel;
use crate::firmware;

/// Instructions between two looks at the trace.
const SLICE: u64 = 4_000;
/// Slices between two calls of whoever wants to know how far it is.
const TOLD_EVERY: u64 = 256;
/// Instructions of an application after which it is what runs, whatever it does.
const APPLICATION_SEEN: u64 = 20_000_000;
/// More instructions than any boot takes.
const LONG: u64 = 8_000_000_000;
/// Decides the noise of every copy: the same copy runs the same way each time.
const SEED: u64 = 1;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Instructions so far.
    pub instructions: u64,
    /// Who has the core.
    pub lane: Lane,
}

/// Runs a board that is nobody else's until its boot is told. What happened before is told, too, as far as its trace
/// still has it.
///
/// # Errors
/// [`ProvisionError::Cancelled`].
pub fn tell(board: Board, cancel: &Cancel) -> Result<Story, ProvisionError> {
    let mut copy = Copy { board, teller: Teller::default() };
    let ending = copy.run(cancel, &mut |_| {})?;
    Ok(copy.tell(ending))
}

/// A board with power just on that stands like this: in memory, its flash without waiting, and the same every time.
///
/// # Errors
/// [`ProvisionError::Internal`] when the studio's own ROM doesn't fit.
pub fn power_on(state: NonVolatile) -> Result<Board, ProvisionError> {
    let options = BoardOptions { seed: SEED, time_scale: 0 };
    Board::power_on(state, firmware::ROM, options)
        .map_err(|error| ProvisionError::Internal { what: crate::link::chain(&error) })
}

/// A board that is nobody's but the lab's.
pub(super) struct Copy {
    board: Board,
    teller: Teller,
}

impl Copy {
    /// Gives power to a copy of a board that stands like this.
    pub(super) fn power_on(state: NonVolatile) -> Result<Self, ProvisionError> {
        Ok(Self { board: power_on(state)?, teller: Teller::default() })
    }

    /// Cuts its power at a write to come.
    pub(super) fn cut_power(&mut self, cut: PowerCut) {
        self.board.peripherals.arm_power_cut(cut);
    }

    /// Whether the power that was to be cut is gone.
    pub(super) fn is_dark(&self) -> bool {
        self.board.peripherals.power_is_gone()
    }

    /// Gives power back.
    pub(super) fn power_on_again(&mut self) -> Result<(), ProvisionError> {
        self.teller.power_comes_back(&self.board);
        self.board = power_on(self.board.snapshot())?;
        Ok(())
    }

    /// Runs until nothing more happens, power goes or enough of an application was seen.
    pub(super) fn run(&mut self, cancel: &Cancel, told: &mut dyn FnMut(Progress)) -> Result<Ending, ProvisionError> {
        for slice in 0_u64.. {
            if cancel.is_cancelled() {
                return Err(ProvisionError::Cancelled { step: "the boot".into() });
            }
            let stopped = self.board.run(SLICE);
            self.teller.follow(&mut self.board);
            if slice % TOLD_EVERY == 0 {
                told(Progress { instructions: self.board.now(), lane: self.teller.lane() });
            }
            if self.is_dark() {
                return Ok(Ending::PowerLost);
            }
            match stopped {
                Stopped::Budget => {}
                Stopped::Sleeping { until: Some(until) } => self.board.skip_to(until),
                Stopped::Sleeping { until: None } | Stopped::Halted | Stopped::LockedUp => return Ok(Ending::AtRest),
            }
            let seen = self.teller.application_since().map_or(0, |since| self.board.now().saturating_sub(since));
            if seen > APPLICATION_SEEN || self.board.now() > LONG {
                break;
            }
        }
        Ok(Ending::Enough)
    }

    /// What survives power, as it is now.
    pub(super) fn state(&self) -> NonVolatile {
        self.board.snapshot()
    }

    /// Non-volatile writes since power-on.
    pub(super) fn writes(&self) -> u64 {
        self.board.peripherals.nonvolatile_writes()
    }

    /// The layout block of the second stage that ran.
    pub(super) fn second_stage_layout(&self) -> Option<SecondStageLayout> {
        self.teller.second_stage_layout()
    }

    /// What was seen.
    pub(super) fn tell(self, ending: Ending) -> Story {
        self.teller.tell(&self.board, ending)
    }
}
