//! Virtual boards powered on in this process. Opening the same file twice gives the same board; another process that
//! opens it is refused. What is done to a board through its debug port is the link's business, not this one's.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use board::{
    Activity, Board, BoardError, BoardFile, BoardOptions, CoreRegister, MailboxFault, NonVolatile, Pace, PoweredBoard,
};

use crate::console::{ConsoleLog, ConsoleReader};
use crate::error::ProvisionError;
use crate::firmware;

/// How a virtual board is powered on.
#[derive(Debug, Clone)]
pub struct VirtualOptions {
    /// How sleeps pass. Default: in real time.
    pub pace: Pace,
    /// What to do with a board that was made with another ROM. Default: refuse.
    pub other_rom: OtherRom,
    /// The ROM. Default: the one that this program brings.
    pub rom: Rom,
    /// How the board itself behaves: seed of its noise, speed of its flash. Default: another seed at every power-on, so
    /// that no challenge comes back.
    pub board: BoardOptions,
    /// How the probe is wired to it. Default: as it should be.
    pub wiring: Wiring,
}

impl Default for VirtualOptions {
    fn default() -> Self {
        // Noise, and no secret: the hasher's own key, which the system gives.
        let seed = RandomState::new().hash_one(());
        Self {
            pace: Pace::default(),
            other_rom: OtherRom::default(),
            rom: Rom::default(),
            board: BoardOptions { seed, ..BoardOptions::default() },
            wiring: Wiring::default(),
        }
    }
}

/// One wire between probe and board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wire {
    /// It is there.
    #[default]
    Connected,
    /// It is not.
    Open,
}

/// How the probe is wired to a virtual board: for rehearsing what an engineer meets at a bench.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wiring {
    /// NRST.
    pub reset: Wire,
    /// SWDIO and SWCLK.
    pub debug: Wire,
    /// What the probe measures at its VREF pin, in volts.
    pub volts: f32,
}

impl Default for Wiring {
    fn default() -> Self {
        Self { reset: Wire::Connected, debug: Wire::Connected, volts: 3.3 }
    }
}

/// Whether a board may run another ROM than the one it was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OtherRom {
    /// No.
    #[default]
    Refuse,
    /// Yes, by a person's choice; the file then names the new ROM.
    Accept,
}

/// A ROM image: system flash from its first byte on.
#[derive(Debug, Clone)]
pub struct Rom(pub Cow<'static, [u8]>);

impl Default for Rom {
    fn default() -> Self {
        Self(Cow::Borrowed(firmware::ROM))
    }
}

impl Rom {
    /// SHA-256 of the image, as a board file records it.
    pub fn hash(&self) -> [u8; 32] {
        NonVolatile::hash_rom(&self.0)
    }
}

/// A virtual board, powered on. Clones are the same board; it goes off when the last one is gone.
#[derive(Clone)]
pub struct VirtualBoard {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    powered: PoweredBoard,
    /// A debugger has the probe.
    claimed: AtomicBool,
    /// What the console sent, for all who read it.
    console: ConsoleLog,
    wiring: Wiring,
}

impl std::fmt::Debug for VirtualBoard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VirtualBoard").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

static POWERED: Mutex<Vec<Weak<Inner>>> = Mutex::new(Vec::new());

fn registry() -> MutexGuard<'static, Vec<Weak<Inner>>> {
    POWERED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The virtual boards that are powered on in this process.
pub(crate) fn powered() -> Vec<VirtualBoard> {
    let boards = registry().iter().filter_map(Weak::upgrade).collect::<Vec<_>>();
    boards.into_iter().map(|inner| VirtualBoard { inner }).collect()
}

/// What survives power of a board that is off, by its file.
///
/// # Errors
/// As [`VirtualBoard::open`].
pub(crate) fn state_of_file(path: &Path) -> Result<NonVolatile, ProvisionError> {
    let canonical = path.canonicalize().map_err(|_| ProvisionError::BoardMissing { path: path.to_owned() })?;
    let (file, state) = BoardFile::open(&canonical).map_err(|error| refused(path, &error))?;
    drop(file);
    if state.rom_hash != Rom::default().hash() {
        return Err(ProvisionError::BoardOtherRom { path: path.to_owned() });
    }
    Ok(state)
}

/// The error of the board, told with its file.
fn refused(path: &Path, error: &BoardError) -> ProvisionError {
    let path = path.to_owned();
    match error {
        BoardError::Missing { .. } => ProvisionError::BoardMissing { path },
        BoardError::Exists { .. } => ProvisionError::BoardExists { path },
        BoardError::Locked { .. } => ProvisionError::BoardBusy { path },
        BoardError::OtherRom => ProvisionError::BoardOtherRom { path },
        other => ProvisionError::BoardFile { path, reason: crate::link::chain(other) },
    }
}

/// Where a virtual board's core is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whereabouts {
    /// The next instruction's address.
    pub pc: u32,
    /// The hide protection level, 0 to 3.
    pub hdpl: u8,
    /// Whether it waits for something outside.
    pub at_rest: bool,
}

impl VirtualBoard {
    /// Makes a new board file, in OPEN, and powers the board on. The identifier and the root key come from `seed`, or
    /// from the system's randomness.
    ///
    /// # Errors
    /// [`ProvisionError::BoardExists`]: a board file is never overwritten; the disk's refusal.
    pub fn create(path: &Path, seed: Option<u64>) -> Result<Self, ProvisionError> {
        Self::create_with(path, seed, VirtualOptions::default())
    }

    /// As [`VirtualBoard::create`], with options.
    ///
    /// # Errors
    /// As [`VirtualBoard::create`].
    pub fn create_with(path: &Path, seed: Option<u64>, options: VirtualOptions) -> Result<Self, ProvisionError> {
        let nonvolatile = NonVolatile::new(seed, &options.rom.0).map_err(|error| refused(path, &error))?;
        drop(BoardFile::create(path, &nonvolatile).map_err(|error| refused(path, &error))?);
        Self::open(path, options)
    }

    /// Opens a board file and powers the board on. A board that is already on in this process is returned as it is;
    /// the options then count for nothing.
    ///
    /// # Errors
    /// [`ProvisionError::BoardMissing`], [`ProvisionError::BoardFile`], [`ProvisionError::BoardOtherRom`], and
    /// [`ProvisionError::BoardBusy`] when another process has it.
    pub fn open(path: &Path, options: VirtualOptions) -> Result<Self, ProvisionError> {
        let canonical = path.canonicalize().map_err(|_| ProvisionError::BoardMissing { path: path.to_owned() })?;
        let mut boards = registry();
        boards.retain(|board| board.strong_count() > 0);
        if let Some(inner) = boards.iter().filter_map(Weak::upgrade).find(|inner| inner.path == canonical) {
            return Ok(Self { inner });
        }
        let told = |error: BoardError| refused(path, &error);
        let (file, mut nonvolatile) = BoardFile::open(&canonical).map_err(told)?;
        let rom_hash = options.rom.hash();
        if nonvolatile.rom_hash != rom_hash {
            if options.other_rom == OtherRom::Refuse {
                return Err(ProvisionError::BoardOtherRom { path: path.to_owned() });
            }
            nonvolatile.rom_hash = rom_hash;
            file.save(&nonvolatile).map_err(told)?;
        }
        let rom = options.rom.0.into_owned();
        let powered =
            PoweredBoard::power_on(Some(file), nonvolatile, rom, options.board, options.pace).map_err(told)?;
        let inner = Arc::new(Inner {
            path: canonical,
            powered,
            claimed: AtomicBool::new(false),
            console: ConsoleLog::default(),
            wiring: options.wiring,
        });
        boards.push(Arc::downgrade(&inner));
        Ok(Self { inner })
    }

    /// The board's file, as an absolute path.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// A pulse on NRST.
    pub fn reset(&self) {
        self.powered().set_nrst(true);
        self.powered().set_nrst(false);
    }

    /// Takes the power away and gives it back.
    ///
    /// # Errors
    /// When the board can't be powered on again.
    pub fn power_cycle(&self) -> Result<(), ProvisionError> {
        self.powered().power_cycle().map_err(|error| refused(self.path(), &error))
    }

    /// Switches off: saves, and lets the file go. Other clones then hold a board without power.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn power_off(self) -> Result<(), ProvisionError> {
        registry().retain(|board| !std::ptr::eq(board.as_ptr(), Arc::as_ptr(&self.inner)));
        self.powered().power_off().map_err(|error| refused(self.path(), &error))
    }

    /// What the console sent since the last call, by whomever. Those who must miss nothing hold a reader of their own.
    pub fn console_take(&self) -> Vec<u8> {
        self.collect_console();
        self.inner.console.take_shared()
    }

    /// A reader of what the console sends from now on; other readers don't take it away.
    pub fn console_reader(&self) -> ConsoleReader {
        self.collect_console();
        ConsoleReader::new(self.clone(), self.inner.console.end())
    }

    /// Moves what the UART sent into the log.
    pub(crate) fn collect_console(&self) {
        self.inner.console.collect(|| self.powered().console_take());
    }

    /// The log of the console.
    pub(crate) fn console_log(&self) -> &ConsoleLog {
        &self.inner.console
    }

    /// Types on the console.
    pub fn console_send(&self, bytes: &[u8]) {
        self.powered().console_send(bytes);
    }

    /// Instructions executed since power-on.
    pub fn instructions(&self) -> u64 {
        self.powered().instructions()
    }

    /// Whether the core waits for something outside: asleep without a timer, halted, or locked up.
    pub fn is_at_rest(&self) -> bool {
        self.powered().is_parked()
    }

    /// Where the core is at this moment, seen past the debug port and without waking it: for pictures of a boot.
    pub fn whereabouts(&self) -> Whereabouts {
        let (pc, hdpl) = self.look(|board| (board.register(CoreRegister::Pc), board.peripherals.level()));
        Whereabouts { pc, hdpl, at_rest: self.is_at_rest() }
    }

    /// Sets what is called, at most every 16 ms and from the board's thread, when the board did something visible.
    pub fn on_activity(&self, activity: Activity) {
        self.powered().on_activity(activity);
    }

    /// Writes the file now. The executor calls it before a step counts as proved.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn save(&self) -> Result<(), ProvisionError> {
        self.powered().save().map_err(|error| refused(self.path(), &error))
    }

    /// Looks at the board past its debug port, without waking its core: trace, clip, memory, option bytes. For the
    /// window and for tests; what is done to a board goes through a [`crate::Link`].
    pub fn look<R>(&self, look: impl FnOnce(&Board) -> R) -> R {
        self.powered().look(look)
    }

    /// Acts on the board past its debug port, between two instructions: the clip, a fault. Never used to provision.
    pub fn with<R>(&self, act: impl FnOnce(&mut Board) -> R) -> R {
        self.powered().with(act)
    }

    /// Lets one mailbox word go wrong from now on: a wire that errs, to see what the client makes of it. Never used to
    /// provision.
    pub fn disturb_mailbox(&self, fault: MailboxFault) {
        self.powered().with(|board| board.peripherals.disturb_mailbox(fault));
    }

    /// Takes the board's one probe; false when another debugger has it.
    pub(crate) fn claim(&self) -> bool {
        self.inner.claimed.compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Gives the probe back.
    pub(crate) fn release(&self) {
        self.inner.claimed.store(false, Ordering::Release);
    }

    /// How the probe is wired to it.
    pub(crate) fn wiring(&self) -> Wiring {
        self.inner.wiring
    }

    pub(crate) fn powered(&self) -> &PoweredBoard {
        &self.inner.powered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_power_on_has_noise_of_its_own() {
        assert_ne!(VirtualOptions::default().board.seed, VirtualOptions::default().board.seed);
    }
}
