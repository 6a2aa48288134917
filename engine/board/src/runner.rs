//! A board with power on: one [`Board`] behind a lock, a thread that runs its core while nobody debugs it, and its
//! file, saved as it changes. It decides when the core runs and when the file is written; what running means is the
//! board's affair.
//!
//! The core advances inside each debug transaction by a fixed number of instructions, so that a debugger's session is
//! the same every time and never waits for another thread; after a millisecond without transactions the thread takes
//! over. A core that sleeps costs nothing: the thread waits without a deadline until something outside happens.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::debug_port::{DapFault, DapRegister, DebugPort, Polled};
use crate::{Board, BoardError, BoardFile, BoardOptions, ResetCause, Stopped};

/// Instructions that the core runs with each debug transaction.
const TRANSACTION_SLICE: u64 = 64;
/// Instructions that it may run before a read that only asks whether it is done: debuggers poll about once a
/// millisecond.
const POLL_SLICE: u64 = 200_000;
/// Instructions between two looks at the mailbox while a debugger waits for it.
const MAILBOX_SLICE: u64 = 1_000;
/// Time that a debug transaction takes, in instructions: 0.1 ms, a round trip over USB.
const TRANSACTION_TIME: u64 = 6_400;
/// Instructions that the thread runs before it looks around.
const THREAD_SLICE: u64 = 100_000;
/// How long after the last debug transaction the thread runs the core.
const DEBUGGER_QUIET: Duration = Duration::from_millis(1);
/// How long nothing was written before the file is saved (decision 14).
const SAVE_DELAY: Duration = Duration::from_millis(200);
/// The shortest time between two calls of the activity callback.
const ACTIVITY_INTERVAL: Duration = Duration::from_millis(16);
/// How long the thread stands aside when another thread wants the board.
const YIELD: Duration = Duration::from_micros(50);
/// Core clock that a sleep is paced by, in instructions a second: the reset clock of 64 MHz (decision 15).
const INSTRUCTIONS_PER_SECOND: u64 = 64_000_000;

/// How a sleep that a timer will end passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// In real time, at the core's reset clock.
    #[default]
    WallTime,
    /// At once: virtual time jumps to the timer.
    Jump,
}

/// What is called when the board did something that a person could see.
pub type Activity = Arc<dyn Fn() + Send + Sync>;

/// A powered board. Dropping it switches it off: the thread ends and the file is saved.
pub struct PoweredBoard {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for PoweredBoard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PoweredBoard").finish_non_exhaustive()
    }
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    /// Callers that wait for the lock; the thread yields to them.
    waiting: AtomicUsize,
    /// Taken before `state`, so that two saves can't overtake each other.
    file: Mutex<Option<BoardFile>>,
    activity: Mutex<Option<Activity>>,
    rom: Vec<u8>,
    options: BoardOptions,
    pace: Pace,
}

/// What the core waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// It runs when somebody lets it.
    Running,
    /// It sleeps or is halted, and something is due at the instruction count `until`, which comes at `wall`.
    Waiting { until: u64, wall: Instant },
    /// Only something outside can change anything.
    Parked,
}

/// What a person could see of the board; a change is activity.
type Sight = (u64, u64, bool, bool);

struct State {
    board: Board,
    port: DebugPort,
    standing: Standing,
    in_reset: bool,
    /// Switched off for good: the thread ends.
    off: bool,
    /// Power was lost by an armed fault; a power cycle brings it back.
    dark: bool,
    /// How often power was given back.
    power_cycles: u64,
    last_transaction: Option<Instant>,
    seen_revision: u64,
    /// The moment of the last non-volatile change that isn't saved yet.
    changed: Option<Instant>,
    sight: Sight,
    activity_at: Instant,
}

impl State {
    /// Lets the core run up to `instructions`. A core that doesn't run, asleep or halted, lets [`TRANSACTION_TIME`] pass
    /// instead: flash goes on erasing under a halted core.
    fn advance(&mut self, instructions: u64, pace: Pace) {
        if self.off || self.dark {
            return;
        }
        if let Standing::Waiting { until, .. } = self.standing {
            let reached = until.min(self.board.now().saturating_add(TRANSACTION_TIME));
            self.board.skip_to(reached);
            if reached == until {
                self.standing = Standing::Running;
            }
        }
        if self.standing == Standing::Running {
            self.execute(instructions, pace);
        }
        self.notice_changes();
    }

    /// Lets the core run until it took or gave a mailbox word, no longer than [`POLL_SLICE`]; a word that waits for the
    /// debugger already is nothing to run for.
    fn advance_to_mailbox(&mut self, pace: Pace) {
        let flags = self.board.peripherals.mailbox_flags();
        self.advance(TRANSACTION_SLICE, pace);
        let mut left = POLL_SLICE;
        while left > 0
            && flags & chip::mailbox::DEV_ACK == 0
            && self.board.peripherals.mailbox_flags() == flags
            && self.standing == Standing::Running
        {
            self.advance(MAILBOX_SLICE, pace);
            left = left.saturating_sub(MAILBOX_SLICE);
        }
    }

    fn execute(&mut self, instructions: u64, pace: Pace) {
        let until = match self.board.run(instructions) {
            Stopped::Budget => return,
            Stopped::Sleeping { until } => until,
            Stopped::Halted | Stopped::LockedUp => self.board.peripherals.deadline(),
        };
        match until {
            None => self.standing = Standing::Parked,
            Some(until) if pace == Pace::Jump => self.board.skip_to(until),
            Some(until) => {
                let instructions = until.saturating_sub(self.board.now());
                let nanoseconds = u128::from(instructions) * 1_000_000_000 / u128::from(INSTRUCTIONS_PER_SECOND);
                let pause = Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX));
                let now = Instant::now();
                self.standing = Standing::Waiting { until, wall: now.checked_add(pause).unwrap_or(now) };
            }
        }
    }

    fn notice_changes(&mut self) {
        let revision = self.board.peripherals.revision();
        if revision != self.seen_revision {
            self.seen_revision = revision;
            self.changed = Some(Instant::now());
        }
        if self.board.peripherals.power_is_gone() {
            self.dark = true;
            self.standing = Standing::Parked;
        }
    }

    fn look(&self) -> Sight {
        let peripherals = &self.board.peripherals;
        (
            peripherals.revision(),
            peripherals.trace.cursor(),
            peripherals.console_waits(),
            self.standing == Standing::Running,
        )
    }

    /// Something outside happened: the core may have a reason to run.
    fn stir(&mut self) {
        self.notice_changes();
        if !self.in_reset && !self.dark {
            self.standing = Standing::Running;
        }
    }

    /// As [`State::stir`], after a write by the debugger: one that left the core halted gave it nothing to do.
    fn stir_by_debugger(&mut self) {
        let nothing_due = self.board.peripherals.deadline().is_none();
        if self.standing == Standing::Parked && self.board.is_halted() && nothing_due {
            self.notice_changes();
        } else {
            self.stir();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let guard = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        guard
    }

    fn save(&self) -> Result<(), BoardError> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = file.as_ref() else { return Ok(()) };
        let snapshot = {
            let mut state = self.lock();
            state.notice_changes();
            if state.changed.take().is_none() {
                return Ok(());
            }
            state.board.snapshot()
        };
        let result = file.save(&snapshot);
        if result.is_err() {
            // Not saved is still to be saved; the next attempt comes after the usual pause.
            self.lock().changed = Some(Instant::now());
        }
        result
    }
}

impl PoweredBoard {
    /// Puts a board under power. `file` is kept and saved to; without one the board forgets at power-off.
    ///
    /// # Errors
    /// What [`Board::power_on`] refuses: a ROM that doesn't fit.
    pub fn power_on(
        file: Option<BoardFile>,
        nonvolatile: crate::NonVolatile,
        rom: Vec<u8>,
        options: BoardOptions,
        pace: Pace,
    ) -> Result<Self, BoardError> {
        let board = Board::power_on(nonvolatile, &rom, options.clone())?;
        let now = Instant::now();
        let seen_revision = board.peripherals.revision();
        let state = State {
            board,
            port: DebugPort::new(),
            standing: Standing::Running,
            in_reset: false,
            off: false,
            dark: false,
            power_cycles: 0,
            last_transaction: None,
            seen_revision,
            changed: None,
            sight: (0, 0, false, false),
            activity_at: now,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            wake: Condvar::new(),
            waiting: AtomicUsize::new(0),
            file: Mutex::new(file),
            activity: Mutex::new(None),
            rom,
            options,
            pace,
        });
        let thread = std::thread::Builder::new().name("virtual board".into()).spawn({
            let shared = Arc::clone(&shared);
            move || run(&shared)
        });
        let thread = thread.map_err(|source| BoardError::Thread { source })?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// One read transaction on the debug port.
    ///
    /// # Errors
    /// [`DapFault`], as [`DebugPort::read`].
    pub fn dap_read(&self, register: DapRegister) -> Result<u32, DapFault> {
        self.transact(|state, pace| {
            match state.port.polls(register) {
                Some(Polled::Core) => state.advance(POLL_SLICE, pace),
                Some(Polled::Mailbox) => state.advance_to_mailbox(pace),
                None => state.advance(TRANSACTION_SLICE, pace),
            }
            state.port.read(&mut state.board, register)
        })
    }

    /// One write transaction on the debug port.
    ///
    /// # Errors
    /// [`DapFault`], as [`DebugPort::write`].
    pub fn dap_write(&self, register: DapRegister, value: u32) -> Result<(), DapFault> {
        self.transact(|state, pace| {
            state.advance(TRANSACTION_SLICE, pace);
            let result = state.port.write(&mut state.board, register, value);
            if matches!(register, DapRegister::Access(_)) {
                state.stir_by_debugger();
            }
            result
        })
    }

    /// Reads of one register in a row; stops at the first fault.
    ///
    /// # Errors
    /// [`DapFault`]; the values before it are in `out`.
    pub fn dap_read_block(&self, register: DapRegister, out: &mut [u32]) -> Result<(), DapFault> {
        self.transact(|state, pace| {
            for value in out {
                state.advance(TRANSACTION_SLICE, pace);
                *value = state.port.read(&mut state.board, register)?;
            }
            Ok(())
        })
    }

    /// Writes of one register in a row; stops at the first fault.
    ///
    /// # Errors
    /// [`DapFault`]; the values before it are written.
    pub fn dap_write_block(&self, register: DapRegister, values: &[u32]) -> Result<(), DapFault> {
        self.transact(|state, pace| {
            let result = values.iter().try_for_each(|value| {
                state.advance(TRANSACTION_SLICE, pace);
                state.port.write(&mut state.board, register, *value)
            });
            state.stir_by_debugger();
            result
        })
    }

    /// A line reset on the wire.
    pub fn dap_line_reset(&self) {
        self.shared.lock().port.line_reset();
    }

    /// Drives NRST; `true` pulls it low. While it is low the core stands still.
    pub fn set_nrst(&self, asserted: bool) {
        self.with_state(|state| {
            if state.in_reset == asserted {
                return;
            }
            state.board.set_nrst(asserted);
            state.in_reset = asserted;
            if asserted {
                state.standing = Standing::Parked;
            }
            state.stir();
        });
    }

    /// The level of NRST; `true` is low.
    pub fn nrst(&self) -> bool {
        self.shared.lock().in_reset
    }

    /// Takes the power away and gives it back: RAM and registers are gone, the debug port too.
    ///
    /// # Errors
    /// As [`PoweredBoard::power_on`]; the board is then unchanged.
    pub fn power_cycle(&self) -> Result<(), BoardError> {
        let mut state = self.shared.lock();
        // Noise isn't the same after every power-on: a challenge that came back would let an old answer to it in.
        state.power_cycles += 1;
        let mut options = self.shared.options.clone();
        options.seed = options.seed.wrapping_add(state.power_cycles);
        let board = Board::power_on(state.board.snapshot(), &self.shared.rom, options)?;
        let changed = state.changed.is_some() || state.board.peripherals.revision() != state.seen_revision;
        state.board = board;
        state.port = DebugPort::new();
        state.in_reset = false;
        state.dark = false;
        state.seen_revision = state.board.peripherals.revision();
        if changed {
            state.changed = Some(Instant::now());
        }
        state.stir();
        drop(state);
        self.shared.wake.notify_all();
        Ok(())
    }

    /// A system reset by cause, as if it came from inside.
    pub fn reset(&self, cause: ResetCause) {
        self.with_state(|state| {
            state.board.reset(cause);
            state.stir();
        });
    }

    /// What the console sent since the last call.
    pub fn console_take(&self) -> Vec<u8> {
        self.shared.lock().board.peripherals.console_take()
    }

    /// Types on the console.
    pub fn console_send(&self, bytes: &[u8]) {
        self.with_state(|state| {
            state.board.peripherals.console_receive(bytes);
            state.stir();
        });
    }

    /// Instructions executed since power-on.
    pub fn instructions(&self) -> u64 {
        self.shared.lock().board.now()
    }

    /// Whether the core has nothing to do until something outside happens: it sleeps without a timer, is halted, or
    /// locked up.
    pub fn is_parked(&self) -> bool {
        self.shared.lock().standing == Standing::Parked
    }

    /// Looks at the board, or acts on it past the debug port, between two instructions.
    pub fn with<R>(&self, act: impl FnOnce(&mut Board) -> R) -> R {
        self.with_state(|state| {
            let result = act(&mut state.board);
            state.stir();
            result
        })
    }

    /// Looks at the board without waking its core.
    pub fn look<R>(&self, look: impl FnOnce(&Board) -> R) -> R {
        look(&self.shared.lock().board)
    }

    /// Sets what is called, from the board's thread and at most every 16 ms, when the board did something visible:
    /// console output, trace, a non-volatile write, the core starting or coming to rest.
    pub fn on_activity(&self, activity: Activity) {
        *self.shared.activity.lock().unwrap_or_else(PoisonError::into_inner) = Some(activity);
        self.shared.wake.notify_all();
    }

    /// Writes the file now, if anything changed since it was last written.
    ///
    /// # Errors
    /// What the disk answered; the change stays due.
    pub fn save(&self) -> Result<(), BoardError> {
        self.shared.save()
    }

    /// Switches off: the core stops between two instructions, the file is written and let go. From then on every debug
    /// transaction faults and nothing runs.
    ///
    /// # Errors
    /// What the disk answered; the file is then let go unsaved.
    pub fn power_off(&self) -> Result<(), BoardError> {
        self.shared.lock().off = true;
        self.shared.wake.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A thread that panicked has nothing left to tell; the state behind the lock is still saved.
            drop(thread.join());
        }
        let saved = self.shared.save();
        *self.shared.file.lock().unwrap_or_else(PoisonError::into_inner) = None;
        saved
    }

    fn with_state<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.shared.lock();
        let result = act(&mut state);
        drop(state);
        self.shared.wake.notify_all();
        result
    }

    /// A debug transaction. The thread is woken only when it may be waiting without a deadline.
    fn transact<R>(&self, act: impl FnOnce(&mut State, Pace) -> Result<R, DapFault>) -> Result<R, DapFault> {
        let mut state = self.shared.lock();
        if state.off || state.dark {
            return Err(DapFault);
        }
        let quiet_before = (state.standing, state.changed.is_some());
        let result = act(&mut state, self.shared.pace);
        state.last_transaction = Some(Instant::now());
        let quiet_after = (state.standing, state.changed.is_some());
        drop(state);
        if quiet_before != quiet_after {
            self.shared.wake.notify_all();
        }
        result
    }
}

impl Drop for PoweredBoard {
    fn drop(&mut self) {
        // Nobody is left to hear of a failed save: whoever must know calls `power_off`.
        drop(self.power_off());
    }
}

/// The thread: saves when it is time, tells of activity, and runs the core while no debugger does.
fn run(shared: &Shared) {
    let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
    while !state.off {
        let now = Instant::now();
        let mut wake: Option<Instant> = None;
        let mut wake_at = |at: Instant| wake = Some(wake.map_or(at, |other| other.min(at)));

        if let Some(changed) = state.changed {
            let due = changed + SAVE_DELAY;
            if now >= due {
                drop(state);
                // The disk's refusal leaves the change due; `save` tells whoever asks.
                drop(shared.save());
                state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            wake_at(due);
        }

        if state.look() != state.sight {
            let due = state.activity_at + ACTIVITY_INTERVAL;
            if now >= due {
                state.sight = state.look();
                state.activity_at = now;
                drop(state);
                let activity = shared.activity.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if let Some(activity) = activity {
                    activity();
                }
                state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            wake_at(due);
        }

        match state.standing {
            Standing::Parked => {}
            Standing::Waiting { until, wall } if now >= wall => {
                state.board.skip_to(until);
                state.standing = Standing::Running;
                continue;
            }
            Standing::Waiting { wall, .. } => wake_at(wall),
            Standing::Running => {
                let quiet_at = state.last_transaction.map(|at| at + DEBUGGER_QUIET).filter(|at| *at > now);
                if let Some(at) = quiet_at {
                    wake_at(at);
                } else if shared.waiting.load(Ordering::Relaxed) > 0 {
                    wake_at(now + YIELD);
                } else {
                    state.advance(THREAD_SLICE, shared.pace);
                    continue;
                }
            }
        }

        state = match wake {
            None => shared.wake.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(at) => {
                let pause = at.saturating_duration_since(now);
                shared.wake.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0
            }
        };
    }
}
