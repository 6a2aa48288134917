//! The machine: core, memories and peripherals on one bus, with power and reset. It has no thread and no clock but
//! the count of instructions; `runner.rs` gives it both.

use chip::memory_map::SYSTEM_FLASH;

use crate::cpu::Cpu;
use crate::{BoardError, BusError, Memory, NonVolatile, Peripherals, ResetCause, Width};

/// What a person may choose about a board at power-on.
#[derive(Debug, Clone)]
pub struct BoardOptions {
    /// Decides the random numbers: the same seed and inputs give the same run.
    pub seed: u64,
    /// How long erasing and programming take, in thousandths of the typical time; 0 for at once.
    pub time_scale: u32,
}

impl Default for BoardOptions {
    fn default() -> Self {
        Self { seed: 0, time_scale: 1000 }
    }
}

/// Why [`Board::run`] came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The instructions asked for are executed.
    Budget,
    /// The core is halted by the debugger, or held in reset.
    Halted,
    /// The core waits; nothing happens before the instruction count `until`, or until something outside happens.
    Sleeping {
        /// When a timer is due, if one runs.
        until: Option<u64>,
    },
    /// A fault that no handler could take: only a reset or a debugger helps.
    LockedUp,
}

/// A register of the core, as the debugger names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoreRegister {
    /// R0 to R14; R13 is the stack pointer in use.
    R(u8),
    /// The program counter: the next instruction's address.
    Pc,
    /// xPSR: flags, IT and Thumb state, running exception.
    Xpsr,
    /// The main stack pointer.
    Msp,
    /// The process stack pointer.
    Psp,
    /// CONTROL, FAULTMASK, BASEPRI, PRIMASK, from the top byte down.
    Masks,
    /// FPSCR.
    Fpscr,
    /// S0 to S31.
    S(u8),
}

impl CoreRegister {
    /// The number that DCRSR uses.
    const fn number(self) -> u32 {
        match self {
            Self::R(number) => number as u32 & 0xF,
            Self::Pc => 15,
            Self::Xpsr => 16,
            Self::Msp => 17,
            Self::Psp => 18,
            Self::Masks => 20,
            Self::Fpscr => 33,
            Self::S(number) => 64 + (number as u32 & 0x1F),
        }
    }
}

/// A virtual STM32H7S78-DK with power on.
pub struct Board {
    /// Everything on the peripheral buses, and the NOR beside the chip.
    pub peripherals: Peripherals,
    /// The memories.
    pub memory: Memory,
    pub(crate) cpu: Cpu,
    /// Which rights the page tables hold (`access.rs`).
    pub(crate) view: u8,
    /// NRST is low.
    pub(crate) in_reset: bool,
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Board").field("now", &self.now()).field("pc", &self.cpu.pc).finish_non_exhaustive()
    }
}

impl Board {
    /// Gives a board power. `rom` is the content of system flash from its start; the core begins there.
    ///
    /// # Errors
    /// [`BoardError::RomSize`] when the image is empty or doesn't fit.
    pub fn power_on(nonvolatile: NonVolatile, rom: &[u8], options: BoardOptions) -> Result<Self, BoardError> {
        let limit = SYSTEM_FLASH.size as usize;
        if rom.is_empty() || rom.len() > limit {
            return Err(BoardError::RomSize { size: rom.len(), limit });
        }
        let mut memory = Memory::new();
        memory.fill(SYSTEM_FLASH, 0xFF);
        if memory.write(SYSTEM_FLASH.start, rom).is_err() {
            return Err(BoardError::RomSize { size: rom.len(), limit });
        }
        let peripherals = Peripherals::power_on(nonvolatile, options.seed, options.time_scale, &mut memory);
        let mut board = Self { peripherals, memory, cpu: Cpu::new(), view: 0, in_reset: false };
        board.reset_core();
        Ok(board)
    }

    /// An independent copy: memories, registers, every peripheral, what is off the chip, faults that are armed, trace
    /// and console. From here on the two know nothing of each other; given the same inputs, they run alike, to the
    /// instruction. It costs a copy of 1 MiB; the NOR's and the PSRAM's pages are shared until one of the two
    /// writes them.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut board = Self {
            peripherals: self.peripherals.clone(),
            memory: self.memory.fork(),
            cpu: self.cpu.clone(),
            view: self.view,
            in_reset: self.in_reset,
        };
        board.rights_changed();
        board
    }

    /// Instructions executed since power-on, and those slept through.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.cpu.now()
    }

    /// Lets time pass without executing: a sleep that a timer will end. Time never goes back.
    pub fn skip_to(&mut self, now: u64) {
        let reached = self.cpu.now().max(now);
        self.cpu.left = 0;
        self.cpu.slice_end = reached;
    }

    /// A system reset: the core starts the ROM; what of the peripherals survives, [`Peripherals::reset`] knows.
    pub fn reset(&mut self, cause: ResetCause) {
        let now = self.cpu.now();
        self.peripherals.reset(cause, &mut self.memory, now);
        self.reset_core();
    }

    /// Drives NRST; `true` pulls it low. While it is low the core stands still and the debugger still reaches what it
    /// reached before; the reset takes place when it rises (assumption A30).
    pub fn set_nrst(&mut self, asserted: bool) {
        if self.in_reset && !asserted {
            self.in_reset = false;
            self.reset(ResetCause::Pin);
        }
        self.in_reset = asserted;
    }

    /// Resets the core alone, and starts it from the ROM's vectors. The debug blocks keep what they hold.
    pub(crate) fn reset_core(&mut self) {
        let now = self.cpu.now();
        let mut cpu = Cpu::new();
        std::mem::swap(&mut cpu.debug, &mut self.cpu.debug);
        cpu.slice_end = now;
        cpu.system.vtor = SYSTEM_FLASH.start;
        cpu.debug.core_reset();
        self.cpu = cpu;
        self.view = 0;
        self.rights_changed();
        // System flash is always there: these reads can't fail.
        let stack = self.bus_read(SYSTEM_FLASH.start, Width::Word).unwrap_or(0);
        let entry = self.bus_read(SYSTEM_FLASH.start + 4, Width::Word).unwrap_or(0);
        self.cpu.set_sp(stack);
        self.cpu.set(14, !0);
        self.cpu.pc = entry & !1;
        self.cpu.thumb = entry & 1 != 0;
    }

    /// What access port 1 reads: private bus, memories, peripherals, without regard to the MPU.
    ///
    /// # Errors
    /// [`BusError`] while the port is shut, where nothing answers, and for an unaligned address.
    pub fn debug_read(&mut self, address: u32, width: Width) -> Result<u32, BusError> {
        self.check_port()?;
        self.bus_read(address, width)
    }

    /// What access port 1 writes. User flash and OTP take it as the flash controller decides.
    ///
    /// # Errors
    /// As [`Board::debug_read`]; also for system flash.
    pub fn debug_write(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusError> {
        self.check_port()?;
        self.bus_write(address, width, value)?;
        // A reset that the debugger asked for is carried out before its next access.
        self.attend_resets();
        Ok(())
    }

    /// Reads words one after the other.
    ///
    /// # Errors
    /// As [`Board::debug_read`]; what was read before is in `out`.
    pub fn debug_read_block(&mut self, address: u32, out: &mut [u32]) -> Result<(), BusError> {
        for (index, word) in (0u32..).zip(out) {
            *word = self.debug_read(address.wrapping_add(index * 4), Width::Word)?;
        }
        Ok(())
    }

    /// Writes words one after the other.
    ///
    /// # Errors
    /// As [`Board::debug_write`]; what came before is written.
    pub fn debug_write_block(&mut self, address: u32, words: &[u32]) -> Result<(), BusError> {
        for (index, word) in (0u32..).zip(words) {
            self.debug_write(address.wrapping_add(index * 4), Width::Word, *word)?;
        }
        Ok(())
    }

    fn check_port(&self) -> Result<(), BusError> {
        if self.peripherals.debug_access().core_port_open { Ok(()) } else { Err(BusError) }
    }

    /// Whether the debugger has the core halted.
    #[must_use]
    pub fn is_halted(&self) -> bool {
        self.cpu.debug.halted
    }

    /// Everything that survives power, as it is now.
    #[must_use]
    pub fn snapshot(&self) -> NonVolatile {
        self.peripherals.nonvolatile(&self.memory)
    }

    /// Leaves the next instruction out, as a glitch on the chip would: a fault to rehearse.
    pub fn skip_instruction(&mut self) {
        self.leave_out_instruction();
    }

    /// A core register, past every port: for tests and views.
    #[must_use]
    pub fn register(&self, register: CoreRegister) -> u32 {
        self.read_core_register(register.number())
    }

    /// Writes a core register, past every port: for tests.
    pub fn set_register(&mut self, register: CoreRegister, value: u32) {
        self.write_core_register(register.number(), value);
    }
}
