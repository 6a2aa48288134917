//! All peripherals, and which answers at which address. Each unit has a file of its own; here they meet: clock gates,
//! the way from a window through cipher and interface to NOR and PSRAM, DMA, interrupt lines.
//!
//! An address that nothing answers reads 0, ignores writes and is counted in the trace.

mod dbgmcu;
mod device;
mod external;
mod flash;
mod flash_keys;
mod flash_options;
mod hpdma;
mod mce;
mod nor;
mod outside;
mod psram;
mod rcc;
mod saes;
mod sbs;
mod small;
mod storage;
#[cfg(test)]
mod tests;
mod timing;
mod usart;
mod xspi;

use chip::memory_map::{
    AHB_SRAM1, AHB_SRAM2, AXI_SRAM, BACKUP_SRAM, FLASH_SIZE_DATA, ITCM, OTP, Region, TCM_MAX_SIZE, UID, USER_FLASH,
};
use chip::option_bytes::{NVSRP, NVSTATE_OPEN, obw1};
use chip::registers as at;

use crate::bus::{BusError, Width};
use crate::fault::WritePlan;
use crate::memory::Memory;
use crate::nonvolatile::NonVolatile;
use crate::trace::{Trace, TraceKind};
use dbgmcu::{Dbgmcu, Side};
pub(crate) use external::window;
use flash::Flash;
use flash_keys::KeyPort;
use flash_options::Wipe;
use hpdma::Hpdma;
use mce::Mce;
use nor::Nor;
use psram::Psram;
use rcc::{Gate, Rcc, Unit};
use saes::{KeySource, Saes};
use sbs::{Grant, Sbs};
use small::{Crc, Iwdg, Rng};
use storage::{Exti, Gpio, Pwr};
use timing::Timing;
use usart::Usart;
use xspi::Xspi;

/// Why the chip was reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResetCause {
    /// Power was switched on.
    PowerOn,
    /// NRST was pulled.
    Pin,
    /// AIRCR.SYSRESETREQ.
    Software,
    /// The independent watchdog.
    Watchdog,
    /// The option bytes were loaded anew.
    OptionByteLoad,
}

/// What a debugger may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DebugAccess {
    /// Access port 1 transfers.
    pub core_port_open: bool,
    /// The core may be halted.
    pub debug_open: bool,
}

/// Every peripheral of the chip, and NOR and PSRAM beside it.
#[derive(Clone)]
pub struct Peripherals {
    /// What happened.
    pub trace: Trace,
    /// Identity and keys; its cells, options and arrays are stale while the board runs, its NOR is empty.
    identity: NonVolatile,
    plan: WritePlan,
    flash: Flash,
    sbs: Sbs,
    rcc: Rcc,
    pwr: Pwr,
    gpio: [Gpio; 16],
    exti: Exti,
    xspi: [Xspi; 2],
    xspim: u32,
    nor: Nor,
    psram: Psram,
    mce: [Mce; 3],
    hpdma: Hpdma,
    saes: Saes,
    rng: Rng,
    crc: Crc,
    iwdg: Iwdg,
    uart4: Usart,
    dbgmcu: Dbgmcu,
    reset_request: Option<ResetCause>,
    event: bool,
    /// Writes to registers that decide what each window shows.
    window_registers: [u64; 2],
}

impl Peripherals {
    /// Power comes on: cells into `memory`, every unit at its reset values. `seed` decides random numbers,
    /// `time_scale` (thousandths) how long flash operations take.
    pub fn power_on(mut nonvolatile: NonVolatile, seed: u64, time_scale: u32, memory: &mut Memory) -> Self {
        let timing = Timing { scale: time_scale };
        memory.fill(Region::new(UID.start, 0x800), 0xFF);
        // 64 KiB of flash in the low half (the field's split is UNCONFIRMED).
        let loaded = memory
            .write(USER_FLASH.start, nonvolatile.user_flash.as_slice())
            .and_then(|()| memory.write(OTP.start, nonvolatile.otp.as_slice()))
            .and_then(|()| memory.write(UID.start, &nonvolatile.uid))
            .and_then(|()| memory.write(FLASH_SIZE_DATA, &[64, 0, 0, 0]));
        debug_assert!(loaded.is_ok(), "flash, OTP and identifier are always mapped");
        memory.apply_option_bytes(nonvolatile.options.obw2sr);
        let mut peripherals = Self {
            trace: Trace::default(),
            plan: WritePlan::default(),
            flash: Flash::new(
                nonvolatile.options,
                &nonvolatile.programmed,
                KeyPort::new(nonvolatile.keys.clone()),
                timing,
            ),
            sbs: Sbs::default(),
            rcc: Rcc::power_on(),
            pwr: Pwr::new(),
            gpio: [Gpio::new(); 16],
            exti: Exti::new(),
            xspi: [Xspi::new(), Xspi::new()],
            xspim: 0,
            nor: Nor::power_on(std::mem::take(&mut nonvolatile.nor), nonvolatile.nor_default_mode, timing),
            psram: Psram::power_on(seed),
            mce: engines(),
            hpdma: Hpdma::default(),
            saes: Saes::default(),
            rng: Rng::new(seed, &nonvolatile.uid),
            crc: Crc::new(),
            iwdg: Iwdg::new(),
            uart4: Usart::new(timing),
            dbgmcu: Dbgmcu::default(),
            reset_request: None,
            event: false,
            window_registers: [0; 2],
            identity: nonvolatile,
        };
        peripherals.trace.push(0, TraceKind::PowerOn);
        peripherals.start_hardware_watchdog(0);
        peripherals
    }

    /// A system reset: registers to their reset values, option bytes loaded anew, HDPL 0, debug shut. What survives:
    /// mailbox words, the loader's word, NOR and PSRAM with the modes they are in (assumption A26), the console's unread
    /// output, and what debug authentication granted where the host asked for that.
    pub fn reset(&mut self, cause: ResetCause, memory: &mut Memory, now: u64) {
        self.trace.push(now, TraceKind::Reset(cause));
        self.flash.reset(memory, &mut self.plan);
        memory.apply_option_bytes(self.flash.options().obw2sr);
        // assumption A61: DCRT keeps the grant over every reset but power-on. It ends with the life cycle that it was
        // given in.
        let ended = self.flash.take_life_cycle_changed() || !self.dbgmcu.keeps_grant();
        self.sbs.reset(if ended { Grant::Ended } else { Grant::Kept });
        if cause == ResetCause::PowerOn {
            self.sbs = Sbs::default();
            self.dbgmcu = Dbgmcu::default();
        }
        self.rcc.reset(cause);
        for interface in 0..self.xspi.len() {
            self.reset_interface(interface, now);
        }
        self.xspim = 0;
        self.pwr = Pwr::new();
        self.gpio = [Gpio::new(); 16];
        self.exti = Exti::new();
        self.mce = engines();
        self.hpdma = Hpdma::default();
        self.saes.reset();
        self.rng.reset();
        self.crc = Crc::new();
        self.iwdg = Iwdg::new();
        self.uart4.reset();
        self.reset_request = None;
        self.note_window_change([true; 2]);
        self.start_hardware_watchdog(now);
    }

    /// The option byte may start the watchdog at reset (CMSIS: IWDG_HW 0).
    fn start_hardware_watchdog(&mut self, now: u64) {
        if self.flash.options().obw1sr & obw1::IWDG_HW == 0 {
            self.iwdg.restart(now);
        }
    }

    /// Units that RCC was told to reset.
    fn reset_units(&mut self, units: rcc::Units, now: u64) {
        for unit in units {
            match unit {
                Unit::Xspi1 => self.reset_interface(0, now),
                Unit::Xspi2 => self.reset_interface(1, now),
                Unit::Xspim => self.xspim = 0,
                Unit::Hpdma1 => self.hpdma = Hpdma::default(),
                Unit::Crc => self.crc = Crc::new(),
                Unit::Rng => self.rng.reset(),
                Unit::Saes => self.saes.reset(),
                Unit::Uart4 => self.uart4.reset(),
                Unit::Gpio(port) => {
                    if let Some(gpio) = self.gpio.get_mut(port as usize) {
                        *gpio = Gpio::new();
                    }
                }
            }
        }
    }

    /// Reads a register or a window.
    ///
    /// # Errors
    /// Where hardware would fault: a window whose interface isn't in memory-mapped mode.
    pub fn read(&mut self, address: u32, width: Width, memory: &mut Memory, now: u64) -> Result<u32, BusError> {
        self.advance(memory, now);
        if let Some((interface, offset)) = window(address) {
            let mut bytes = [0; 4];
            let size = width.bytes() as usize;
            if let Some(bytes) = bytes.get_mut(..size) {
                self.window_read(interface, address, offset, bytes, now)?;
            }
            return Ok(u32::from_le_bytes(bytes));
        }
        let word = address & !3;
        let value = match self.read_register(word, width, now) {
            Some(value) => value,
            None => {
                self.trace.unknown_register(now, address, false);
                0
            }
        };
        // Registers are words; narrower reads take their lanes, but for data registers, which answer as asked.
        Ok(match width {
            Width::Word => value,
            _ if is_data_register(word) => width.truncate(value),
            _ => width.truncate(value >> (8 * (address & 3))),
        })
    }

    fn read_register(&mut self, word: u32, width: Width, now: u64) -> Option<u32> {
        let offset = word & 0x3FF;
        match word & !0x3FF {
            at::FLASH => self.flash.read(offset),
            at::SBS => self.sbs.read(offset),
            at::RCC => self.rcc.read(offset),
            at::PWR => self.pwr.read(offset),
            at::EXTI => self.exti.read(offset),
            at::IWDG => self.iwdg.read(offset),
            at::CRC => self.gated(Gate::Crc, word, now, |p| p.crc.read(offset)),
            at::MCE1 => self.mce[0].read(offset),
            at::MCE2 => self.mce[1].read(offset),
            at::MCE3 => self.mce[2].read(offset),
            at::XSPI1 => self.gated(Gate::Xspi1, word, now, |p| p.xspi_read(0, offset, width, now)),
            at::XSPI2 => self.gated(Gate::Xspi2, word, now, |p| p.xspi_read(1, offset, width, now)),
            at::XSPIM => self.gated(Gate::Xspim, word, now, |p| (offset == 0).then_some(p.xspim)),
            base if base & !0xC00 == at::HPDMA1 => {
                self.gated(Gate::Hpdma1, word, now, |p| p.hpdma.read(word - at::HPDMA1))
            }
            at::RNG => self.gated(Gate::Rng, word, now, |p| p.rng.read(offset, p.rcc.hsi48_runs())),
            at::SAES => self.gated(Gate::Saes, word, now, |p| p.saes.read(offset)),
            at::UART4 => self.gated(Gate::Uart4, word, now, |p| p.uart4.read(offset, now)),
            base if base & !0xC00 == at::DBGMCU => {
                let open = self.sbs.debug_access().core_port_open;
                self.dbgmcu.read(word - at::DBGMCU, Side::Chip, open)
            }
            base if gpio_port(base).is_some() => {
                let port = gpio_port(base)?;
                self.gated(Gate::Gpio(port), word, now, |p| p.gpio.get(port as usize)?.read(offset))
            }
            _ => None,
        }
    }

    /// A unit without clock reads 0 and ignores writes (assumption A11).
    fn gated<T: Default>(
        &mut self,
        gate: Gate,
        word: u32,
        now: u64,
        act: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        if self.rcc.is_clocked(gate) {
            return act(self);
        }
        self.trace.refused(now, "access to a unit whose clock is off", word);
        Some(T::default())
    }

    /// Writes a register or a window.
    ///
    /// # Errors
    /// Where hardware would fault: a window that isn't mapped, a write the cipher engine refuses, a wrong unlock key.
    pub fn write(
        &mut self,
        address: u32,
        width: Width,
        value: u32,
        memory: &mut Memory,
        now: u64,
    ) -> Result<(), BusError> {
        self.advance(memory, now);
        if let Some((interface, _)) = window(address) {
            let bytes = value.to_le_bytes();
            let size = width.bytes() as usize;
            return match bytes.get(..size) {
                Some(bytes) => self.window_write(interface, address, bytes, memory, now),
                None => Ok(()),
            };
        }
        let word = address & !3;
        let lanes = if width == Width::Word || is_data_register(word) {
            value
        } else {
            // A narrow write keeps the register's other lanes.
            let shift = 8 * (address & 3);
            let mask = (if width == Width::Byte { 0xFF } else { 0xFFFF }) << shift;
            let old = self.read_register(word, Width::Word, now).unwrap_or(0);
            old & !mask | value << shift & mask
        };
        self.note_window_change(external::windows_behind(word));
        match self.write_register(word, width, lanes, memory, now) {
            Some(result) => {
                self.advance(memory, now);
                result
            }
            None => {
                self.trace.unknown_register(now, address, true);
                Ok(())
            }
        }
    }

    fn write_register(
        &mut self,
        word: u32,
        width: Width,
        value: u32,
        memory: &mut Memory,
        now: u64,
    ) -> Option<Result<(), BusError>> {
        let offset = word & 0x3FF;
        match word & !0x3FF {
            at::FLASH => return self.write_flash(offset, value, memory, now),
            at::SBS => {
                let raised = self.sbs.write(offset, value, self.flash.options().obw1sr)?;
                if raised {
                    self.flash.keys.level_raised();
                    self.saes.level_raised();
                }
            }
            at::RCC => {
                let units = self.rcc.write(offset, value)?;
                self.reset_units(units, now);
            }
            at::PWR => self.pwr.write(offset, value)?,
            at::EXTI => self.exti.write(offset, value)?,
            at::IWDG => self.iwdg.write(offset, value, now)?,
            at::CRC => self.gated(Gate::Crc, word, now, |p| p.crc.write(offset, value, 8 * width.bytes()))?,
            at::MCE1 => self.write_mce(0, offset, value, now)?,
            at::MCE2 => self.write_mce(1, offset, value, now)?,
            at::MCE3 => self.write_mce(2, offset, value, now)?,
            at::XSPI1 => self.gated(Gate::Xspi1, word, now, |p| p.xspi_write(0, offset, width, value, now))?,
            at::XSPI2 => self.gated(Gate::Xspi2, word, now, |p| p.xspi_write(1, offset, width, value, now))?,
            at::XSPIM => self.gated(Gate::Xspim, word, now, |p| p.write_xspim(offset, value, now))?,
            base if base & !0xC00 == at::HPDMA1 => {
                let job = self.gated(Gate::Hpdma1, word, now, |p| p.hpdma.write(word - at::HPDMA1, value))?;
                if let Some(job) = job {
                    self.run_dma(job, memory, now);
                }
            }
            at::RNG => self.gated(Gate::Rng, word, now, |p| p.rng.write(offset, value))?,
            at::SAES => self.gated(Gate::Saes, word, now, |p| p.write_saes(offset, value))?,
            at::UART4 => self.gated(Gate::Uart4, word, now, |p| p.uart4.write(offset, value, now))?,
            base if base & !0xC00 == at::DBGMCU => {
                self.dbgmcu.write(word - at::DBGMCU, value, Side::Chip)?;
            }
            base if gpio_port(base).is_some() => {
                let port = gpio_port(base)?;
                self.gated(Gate::Gpio(port), word, now, |p| p.gpio.get_mut(port as usize)?.write(offset, value))?;
            }
            _ => return None,
        }
        Some(Ok(()))
    }

    fn write_flash(&mut self, offset: u32, value: u32, memory: &mut Memory, now: u64) -> Option<Result<(), BusError>> {
        if self.flash.waits(offset) {
            self.flash.stall(memory, &mut self.plan);
        }
        let level = self.sbs.level();
        let asks_for_open = offset == NVSRP && value as u8 == NVSTATE_OPEN && level == 0;
        let wipe = if asks_for_open { self.wipe(memory) } else { Wipe::Unconfirmed };
        let result = self.flash.write(offset, value, level, wipe, now);
        if result == Some(Err(BusError)) {
            self.trace.refused(now, "wrong flash unlock key, shut until reset", offset);
        }
        if let Some(what) = self.flash.take_refusal() {
            self.trace.refused(now, what, offset);
        }
        result
    }

    /// What the hardware finds of the memories that a regression wipes. DTCM isn't looked at: the ROM, which does the
    /// wiping, has its stack there.
    // assumption A28
    fn wipe(&self, memory: &Memory) -> Wipe {
        const RAM: [Region; 5] = [Region::new(ITCM.start, TCM_MAX_SIZE), AXI_SRAM, AHB_SRAM1, AHB_SRAM2, BACKUP_SRAM];
        let wiped = RAM.into_iter().all(|ram| memory.holds_only(ram, 0));
        if wiped && self.flash.user_flash_is_erased(memory) { Wipe::Confirmed } else { Wipe::Unconfirmed }
    }

    fn write_mce(&mut self, engine: usize, offset: u32, value: u32, now: u64) -> Option<()> {
        let engine = self.mce.get_mut(engine)?;
        let refused = engine.is_locked_against(offset);
        engine.write(offset, value)?;
        if refused {
            self.trace.refused(now, "write to a cipher engine that is locked until reset", offset);
        }
        Some(())
    }

    fn write_saes(&mut self, offset: u32, value: u32) -> Option<()> {
        let random_clocked = self.rcc.is_clocked(Gate::Rng) && self.rcc.hsi48_runs();
        if self.saes.write(offset, value, random_clocked)? {
            let level = self.sbs.level();
            let key = match self.saes.source() {
                KeySource::Device => Some(self.identity.device_key(self.flash.options().epochsr, level)),
                KeySource::Application => match self.flash.keys.delivered() {
                    // Size codes 2 and 3 are the two that AES knows.
                    Some(key) if (key.size == 3) == self.saes.wants_256_bits() && key.size >= 2 => {
                        Some(key.data.into())
                    }
                    Some(_) => {
                        self.flash.key_size_differs();
                        None
                    }
                    None => None,
                },
                KeySource::Registers | KeySource::Unavailable => None,
            };
            self.saes.load_hardware_key(key);
        }
        Some(())
    }

    /// A store by core or debugger to user flash or the one-time area.
    ///
    /// # Errors
    /// Outside of both.
    pub fn flash_store(
        &mut self,
        address: u32,
        width: Width,
        value: u32,
        memory: &mut Memory,
        now: u64,
    ) -> Result<(), BusError> {
        // The store waits for what the interface is doing.
        self.flash.stall(memory, &mut self.plan);
        let result = self.flash.store(address, width, value, now);
        if let Some(what) = self.flash.take_refusal() {
            self.trace.refused(now, what, address);
        }
        self.advance(memory, now);
        result
    }

    /// Does what is due at `now`.
    pub fn advance(&mut self, memory: &mut Memory, now: u64) {
        self.flash.advance(memory, &mut self.plan, now);
        if let Some(what) = self.flash.take_refusal() {
            self.trace.refused(now, what, 0);
        }
        self.nor.advance(&mut self.plan, now);
        if self.iwdg.ran_out(now) {
            self.reset_request = Some(ResetCause::Watchdog);
        }
        self.uart4.advance(now);
        if self.xspi.iter().any(Xspi::is_polling) {
            self.poll_interfaces();
        }
    }

    /// The next moment at which something is due, in instructions.
    pub fn deadline(&self) -> Option<u64> {
        [self.flash.deadline(), self.nor.deadline(), self.iwdg.deadline(), self.uart4.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    /// The next moment at which work that somebody started is done: as [`Peripherals::deadline`], but for the watchdog,
    /// which nobody waits for.
    pub(crate) fn work_deadline(&self) -> Option<u64> {
        [self.flash.deadline(), self.nor.deadline(), self.uart4.deadline()].into_iter().flatten().min()
    }

    /// Level of each interrupt line: bit n of the five words is line n (CMSIS).
    pub fn interrupts(&self) -> [u32; 5] {
        let mut lines = [0u32; 5];
        let mut raise = |line: usize| {
            if let Some(word) = lines.get_mut(line / 32) {
                *word |= 1 << (line % 32);
            }
        };
        if self.flash.interrupt() {
            raise(8);
        }
        if self.saes.interrupt() {
            raise(33);
        }
        if self.uart4.interrupt() {
            raise(85);
        }
        for (index, mce) in self.mce.iter().enumerate() {
            if mce.interrupt() {
                raise(102 + index);
            }
        }
        for (index, xspi) in self.xspi.iter().enumerate() {
            if xspi.interrupt() {
                raise(105 + index);
            }
        }
        let channels = self.hpdma.interrupts();
        for channel in 0..16 {
            if channels >> channel & 1 != 0 {
                raise(if channel < 8 { 64 + channel } else { 141 + channel - 8 });
            }
        }
        lines
    }

    /// A reset that a unit asks for.
    pub fn take_reset_request(&mut self) -> Option<ResetCause> {
        self.reset_request.take()
    }
}

/// The cipher engines after a reset: the first alone has contexts.
fn engines() -> [Mce; 3] {
    [Mce::with_contexts(), Mce::default(), Mce::default()]
}

/// The number of the GPIO port at a base: A is 0, M is 12.
fn gpio_port(base: u32) -> Option<u32> {
    let port = base.checked_sub(at::GPIOA)? / 0x400;
    matches!(port, 0..=7 | 12..=15).then_some(port)
}

/// Registers whose access width is part of their meaning: XSPI data and CRC data.
fn is_data_register(word: u32) -> bool {
    [at::XSPI1 + xspi::DR, at::XSPI2 + xspi::DR, at::CRC].contains(&word)
}
