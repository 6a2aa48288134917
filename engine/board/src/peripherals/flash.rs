//! The flash interface: programming and erasing user flash and the one-time area, option bytes, and the ports to the
//! option-byte keys. Register layout and flags after CMSIS and SVD; the cells themselves lie in [`Memory`].

use chip::memory_map::{OTP, Region, USER_FLASH, USER_FLASH_SECTOR_SIZE, USER_FLASH_WORD_SIZE};
use chip::option_bytes::NVSR;

use super::flash_keys::KeyPort;
use super::flash_options::{self, Wipe};
use super::timing::Timing;
use crate::bus::{BusError, Width};
use crate::fault::{WriteOutcome, WritePlan};
use crate::memory::Memory;
use crate::nonvolatile::{NonVolatile, OptionWords};

const KEYS: [u32; 2] = [0x4567_0123, 0xCDEF_89AB];
const OPTION_KEYS: [u32; 2] = [0x0819_2A3B, 0x4C5D_6E7F];

const CR_LOCK: u32 = 1 << 0;
const CR_PG: u32 = 1 << 1;
const CR_SER: u32 = 1 << 2;
const CR_BER: u32 = 1 << 3;
const CR_FW: u32 = 1 << 4;
const CR_START: u32 = 1 << 5;
const CR_SSN_SHIFT: u32 = 6;
const CR_PG_OTP: u32 = 1 << 16;
const CR_WRITABLE: u32 = 0x0103_01FF & !CR_START & !CR_FW;

const SR_BUSY: u32 = 1 << 0;
const SR_BUFFER_NOT_EMPTY: u32 = 1 << 1;
const SR_QUEUE: u32 = 1 << 2;
const SR_IS_PROGRAM: u32 = 1 << 4;
const SR_IS_ERASE: u32 = 1 << 5;
const SR_IS_OPTCHANGE: u32 = 1 << 6;

const ISR_EOP: u32 = 1 << 16;
const ISR_WRPERR: u32 = 1 << 17;
const ISR_PGSERR: u32 = 1 << 18;
const ISR_STRBERR: u32 = 1 << 19;
const ISR_INCERR: u32 = 1 << 21;
const IER_MASK: u32 = 0x1B3F_0000;

const OPTCR_LOCK: u32 = 1 << 0;
const OPTCR_PG: u32 = 1 << 1;
const OPTCR_WRITABLE: u32 = 0x5800_0003;
const OPTISR_KVEF: u32 = 1 << 27;
/// Set by SAES' side: the delivered key has another size than SAES was told.
const OPTISR_KTEF: u32 = 1 << 28;
const OPTISR_OPTERRF: u32 = 1 << 30;

const WORDS_PER_SECTOR: u32 = USER_FLASH_SECTOR_SIZE / USER_FLASH_WORD_SIZE;

/// An unlock sequence: which key comes next, or shut until reset.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unlock {
    Expects(usize),
    Open,
    ShutUntilReset,
}

/// What the interface does when the current operation ends.
#[derive(Clone)]
enum Pending {
    Program { address: u32, data: [u8; 16] },
    EraseSectors { first: u32, count: u32 },
    Otp { address: u32, data: Vec<u8> },
    Options(OptionWords),
    Key,
}

/// The flash word that stores fill.
#[derive(Clone, Copy)]
struct Buffer {
    address: u32,
    data: [u8; 16],
    filled: u16,
}

/// The flash interface.
#[derive(Clone)]
pub(crate) struct Flash {
    acr: u32,
    cr: u32,
    isr: u32,
    ier: u32,
    fcr: u32,
    optcr: u32,
    optisr: u32,
    unlock: Unlock,
    option_unlock: Unlock,
    buffer: Option<Buffer>,
    pending: Option<(u64, Pending)>,
    /// What option registers show; also what survives power.
    options: OptionWords,
    shadow: OptionWords,
    /// One bit a flash word: programmed since its sector's last erase.
    programmed: Box<[u64]>,
    pub(crate) keys: KeyPort,
    timing: Timing,
    /// What was refused last, for the trace.
    refusal: Option<&'static str>,
    /// Changes with every cell, option byte or key.
    pub(crate) revision: u64,
    /// The option words spell another life cycle than at the last reset.
    life_cycle_changed: bool,
}

impl Flash {
    pub(crate) fn new(options: OptionWords, programmed: &[u64], keys: KeyPort, timing: Timing) -> Self {
        Self {
            acr: 0x13,
            cr: CR_LOCK,
            isr: 0,
            ier: 0,
            fcr: 0,
            optcr: OPTCR_LOCK,
            optisr: 0,
            unlock: Unlock::Expects(0),
            option_unlock: Unlock::Expects(0),
            buffer: None,
            pending: None,
            options,
            shadow: options,
            programmed: programmed.into(),
            keys,
            timing,
            refusal: None,
            revision: 0,
            life_cycle_changed: false,
        }
    }

    /// A system reset: registers to their reset values, the option bytes loaded anew. An operation under way is cut
    /// as by a loss of power: its cells stay torn.
    pub(crate) fn reset(&mut self, memory: &mut Memory, plan: &mut WritePlan) {
        if let Some((_, pending)) = self.pending.take()
            && (!matches!(pending, Pending::Key) || self.keys.programs())
        {
            // assumption A29
            plan.tear_next();
            self.complete(pending, memory, plan);
        }
        self.acr = 0x13;
        self.cr = CR_LOCK;
        self.isr = 0;
        self.ier = 0;
        self.optcr = OPTCR_LOCK;
        self.optisr = 0;
        self.unlock = Unlock::Expects(0);
        self.option_unlock = Unlock::Expects(0);
        self.buffer = None;
        self.shadow = self.options;
        self.keys.reset();
    }

    /// Whether the life cycle changed since the last call.
    pub(crate) fn take_life_cycle_changed(&mut self) -> bool {
        std::mem::take(&mut self.life_cycle_changed)
    }

    /// Whether every cell of user flash is erased, none of them torn.
    pub(crate) fn user_flash_is_erased(&self, memory: &Memory) -> bool {
        self.programmed.iter().all(|bits| *bits == 0) && memory.holds_only(USER_FLASH, 0xFF)
    }

    pub(crate) fn options(&self) -> &OptionWords {
        &self.options
    }

    pub(crate) fn programmed(&self) -> &[u64] {
        &self.programmed
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        self.pending.as_ref().map(|(due, _)| *due)
    }

    pub(crate) fn interrupt(&self) -> bool {
        self.isr & self.ier & IER_MASK != 0
    }

    pub(crate) fn read(&mut self, offset: u32) -> Option<u32> {
        Some(match offset {
            0x00 => self.acr,
            0x04 | 0x100 => 0,
            0x10 => self.cr,
            0x14 => self.status(),
            0x18 => self.fcr,
            0x20 => self.ier,
            0x24 => self.isr,
            0x28 | 0x10C => 0,
            0x104 => self.optcr,
            0x108 => self.optisr,
            0x110 => self.keys.control(),
            0x118..=0x134 => self.keys.read_data(offset),
            offset => return flash_options::read(&self.options, &self.shadow, offset),
        })
    }
}

impl Flash {
    fn status(&self) -> u32 {
        let mut status = 0;
        if self.buffer.is_some() {
            status |= SR_BUFFER_NOT_EMPTY;
        }
        status
            | match self.pending {
                None => 0,
                Some((_, Pending::Program { .. } | Pending::Otp { .. })) => SR_BUSY | SR_QUEUE | SR_IS_PROGRAM,
                Some((_, Pending::EraseSectors { .. })) => SR_BUSY | SR_QUEUE | SR_IS_ERASE,
                Some((_, Pending::Options(_))) => SR_BUSY | SR_QUEUE | SR_IS_OPTCHANGE,
                Some((_, Pending::Key)) => SR_BUSY | SR_QUEUE,
            }
    }

    /// Whether a write to a register waits for the operation under way: option words are taken one after the other.
    pub(crate) const fn waits(&self, offset: u32) -> bool {
        offset >= NVSR && self.pending.is_some()
    }

    /// Writes a register. An unlock sequence that is wrong answers with a bus error and shuts until reset (SVD).
    /// `wipe` is what the hardware found of the memories that a regression wipes.
    pub(crate) fn write(
        &mut self,
        offset: u32,
        value: u32,
        level: u8,
        wipe: Wipe,
        now: u64,
    ) -> Option<Result<(), BusError>> {
        match offset {
            0x00 => self.acr = value & 0x3F,
            0x04 => return Some(self.unlock_step(value)),
            0x10 => self.write_control(value, now),
            0x14 | 0x24 | 0x108 => {}
            0x18 => self.fcr = value,
            0x20 => self.ier = value & IER_MASK,
            0x28 => self.isr &= !value,
            0x100 => return Some(self.option_unlock_step(value)),
            0x104 => self.write_option_control(value),
            0x10C => self.optisr &= !value,
            0x110 => self.write_key_control(value, level, now),
            0x118..=0x134 => self.keys.write_data(offset, value),
            offset => {
                flash_options::read(&self.options, &self.shadow, offset)?;
                if flash_options::is_shadow(offset) {
                    self.write_option(offset, value, level, wipe, now);
                }
            }
        }
        Some(Ok(()))
    }

    fn unlock_step(&mut self, key: u32) -> Result<(), BusError> {
        self.unlock = step(self.unlock, &KEYS, key);
        match self.unlock {
            Unlock::Open => {
                self.cr &= !CR_LOCK;
                Ok(())
            }
            Unlock::Expects(_) => Ok(()),
            Unlock::ShutUntilReset => {
                self.cr |= CR_LOCK;
                Err(BusError)
            }
        }
    }

    fn option_unlock_step(&mut self, key: u32) -> Result<(), BusError> {
        self.option_unlock = step(self.option_unlock, &OPTION_KEYS, key);
        match self.option_unlock {
            Unlock::Open => {
                self.optcr &= !OPTCR_LOCK;
                Ok(())
            }
            Unlock::Expects(_) => Ok(()),
            Unlock::ShutUntilReset => {
                self.optcr |= OPTCR_LOCK;
                Err(BusError)
            }
        }
    }

    /// What was refused since the last call.
    pub(crate) fn take_refusal(&mut self) -> Option<&'static str> {
        self.refusal.take()
    }

    fn refuse(&mut self, flag: u32, what: &'static str) {
        self.isr |= flag;
        self.refusal = Some(what);
    }

    fn write_control(&mut self, value: u32, now: u64) {
        if self.cr & CR_LOCK != 0 || self.pending.is_some() {
            return;
        }
        self.cr = value & CR_WRITABLE;
        if value & CR_LOCK != 0 {
            self.cr |= CR_LOCK;
            self.unlock = Unlock::Expects(0);
            return;
        }
        if value & CR_FW != 0
            && let Some(buffer) = self.buffer.take()
        {
            self.start_program(buffer, now);
            return;
        }
        if value & CR_START != 0 {
            self.start_erase(now);
        }
    }

    fn start_erase(&mut self, now: u64) {
        let all = USER_FLASH.size / USER_FLASH_SECTOR_SIZE;
        let (first, count) = match (self.cr & CR_BER != 0, self.cr & CR_SER != 0) {
            (true, _) => (0, all),
            (false, true) => (self.cr >> CR_SSN_SHIFT & 7, 1),
            (false, false) => return self.refuse(ISR_PGSERR, "erase started without saying what"),
        };
        if self.cr & CR_PG != 0 {
            return self.refuse(ISR_PGSERR, "erase started in programming mode");
        }
        // One protected sector refuses a bank erase as a whole.
        if (first..first + count).any(|sector| self.is_protected(sector)) {
            return self.refuse(ISR_WRPERR, "erase of a write-protected sector");
        }
        let duration = super::timing::FLASH_ERASE_SECTOR * u64::from(count);
        self.pending = Some((self.timing.end(now, duration), Pending::EraseSectors { first, count }));
    }

    fn is_protected(&self, sector: u32) -> bool {
        self.options.wrpsr >> sector & 1 == 0
    }

    /// A store to user flash or the one-time area. The flash word is programmed when its sixteenth byte arrives.
    pub(crate) fn store(&mut self, address: u32, width: Width, value: u32, now: u64) -> Result<(), BusError> {
        if OTP.contains(address) {
            return self.store_otp(address, width, value, now);
        }
        if !USER_FLASH.contains(address) {
            return Err(BusError);
        }
        if self.cr & (CR_LOCK | CR_PG) != CR_PG || self.cr & (CR_SER | CR_BER) != 0 {
            self.refuse(ISR_PGSERR, "store to flash that is not set to program");
            return Ok(());
        }
        if self.is_protected((address - USER_FLASH.start) / USER_FLASH_SECTOR_SIZE) {
            self.refuse(ISR_WRPERR, "store to a write-protected sector");
            return Ok(());
        }
        let word = address & !(USER_FLASH_WORD_SIZE - 1);
        let mut buffer = self.buffer.take().unwrap_or(Buffer { address: word, data: [0xFF; 16], filled: 0 });
        if buffer.address != word {
            // Another flash word was begun before this one was full.
            self.refuse(ISR_INCERR, "flash word begun before the one before was full");
            return Ok(());
        }
        let offset = address - word;
        for (index, byte) in (offset..).zip(value.to_le_bytes().into_iter().take(width.bytes() as usize)) {
            if buffer.filled >> index & 1 != 0 {
                self.isr |= ISR_STRBERR;
            }
            if let Some(cell) = buffer.data.get_mut(index as usize) {
                *cell = byte;
            }
            buffer.filled |= 1 << index;
        }
        if buffer.filled == 0xFFFF {
            self.start_program(buffer, now);
        } else {
            self.buffer = Some(buffer);
        }
        Ok(())
    }

    fn start_program(&mut self, buffer: Buffer, now: u64) {
        let word = (buffer.address - USER_FLASH.start) / USER_FLASH_WORD_SIZE;
        if self.was_programmed(word) {
            // ECC froze the word: it can't be programmed again before its sector is erased.
            return self.refuse(ISR_PGSERR, "flash word programmed twice without an erase");
        }
        let program = Pending::Program { address: buffer.address, data: buffer.data };
        self.pending = Some((self.timing.end(now, super::timing::FLASH_PROGRAM), program));
    }

    fn was_programmed(&self, word: u32) -> bool {
        self.programmed.get(word as usize / 64).is_none_or(|bits| bits >> (word % 64) & 1 != 0)
    }

    fn store_otp(&mut self, address: u32, width: Width, value: u32, now: u64) -> Result<(), BusError> {
        let block = (address - OTP.start) / 64;
        let allowed = self.cr & (CR_LOCK | CR_PG_OTP) == CR_PG_OTP && width != Width::Byte;
        if !allowed {
            self.refuse(ISR_PGSERR, "store to the one-time area that is not set to program");
        } else if self.options.otplsr >> block & 1 != 0 {
            self.refuse(ISR_WRPERR, "store to a locked block of the one-time area");
        } else {
            let data = value.to_le_bytes().into_iter().take(width.bytes() as usize).collect();
            self.pending = Some((self.timing.end(now, super::timing::FLASH_PROGRAM), Pending::Otp { address, data }));
        }
        Ok(())
    }

    fn write_option_control(&mut self, value: u32) {
        if self.optcr & OPTCR_LOCK != 0 {
            return;
        }
        self.optcr = value & OPTCR_WRITABLE;
        if value & OPTCR_LOCK != 0 {
            self.option_unlock = Unlock::Expects(0);
        }
    }

    /// A write to a programming shadow launches the change while PG_OPT is set; there is no start bit (HAL).
    fn write_option(&mut self, offset: u32, value: u32, level: u8, wipe: Wipe, now: u64) {
        if self.optcr & (OPTCR_LOCK | OPTCR_PG) != OPTCR_PG {
            return;
        }
        let wanted = match flash_options::changed(&self.options, offset, value, level, wipe) {
            Ok(wanted) => wanted,
            Err(what) => {
                self.optisr |= OPTISR_OPTERRF;
                self.refusal = Some(what);
                return;
            }
        };
        self.shadow = wanted;
        if wanted != self.options {
            self.pending = Some((self.timing.end(now, super::timing::OPTION_CHANGE), Pending::Options(wanted)));
        }
    }

    fn write_key_control(&mut self, value: u32, level: u8, now: u64) {
        if self.optcr & (OPTCR_LOCK | OPTCR_PG) != OPTCR_PG || self.pending.is_some() || self.optisr & OPTISR_KTEF != 0
        {
            return;
        }
        if self.keys.write_control(value, level) {
            let duration = if self.keys.programs() { super::timing::KEY_PROGRAM } else { super::timing::KEY_READ };
            self.pending = Some((self.timing.end(now, duration), Pending::Key));
        }
    }

    /// Ends the operation under way at once: the bus waits for it before it takes the next store. The wait itself is
    /// not counted as time (assumption A23).
    pub(crate) fn stall(&mut self, memory: &mut Memory, plan: &mut WritePlan) {
        if let Some((_, pending)) = self.pending.take() {
            self.complete(pending, memory, plan);
        }
    }

    /// What a loss of power right now would make of the operation under way, in a copy of the state.
    pub(crate) fn if_power_went_now(&self, state: &mut NonVolatile) {
        match &self.pending {
            Some((_, Pending::Program { address, data })) => {
                let start = (address - USER_FLASH.start) as usize;
                let half = data.len() / 2;
                for (cell, byte) in state.user_flash.iter_mut().skip(start).zip(data).take(half) {
                    *cell = *byte;
                }
                mark(&mut state.programmed, (address - USER_FLASH.start) / USER_FLASH_WORD_SIZE);
            }
            Some((_, Pending::EraseSectors { first, count })) => {
                let start = (first * USER_FLASH_SECTOR_SIZE) as usize;
                let half = (count * USER_FLASH_SECTOR_SIZE / 2) as usize;
                for cell in state.user_flash.iter_mut().skip(start).take(half) {
                    *cell = 0xFF;
                }
                // No word of a torn erase can be relied on, nor programmed before a whole erase.
                for word in first * WORDS_PER_SECTOR..(first + count) * WORDS_PER_SECTOR {
                    mark(&mut state.programmed, word);
                }
            }
            Some((_, Pending::Key)) => self.keys.if_power_went_now(&mut state.keys),
            Some((_, Pending::Otp { .. } | Pending::Options(_))) | None => {}
        }
    }

    /// Reports that the key delivered to SAES does not have the size SAES is set to.
    pub(crate) fn key_size_differs(&mut self) {
        self.optisr |= OPTISR_KTEF;
    }

    /// Ends the operation that is due.
    pub(crate) fn advance(&mut self, memory: &mut Memory, plan: &mut WritePlan, now: u64) {
        if self.pending.as_ref().is_some_and(|(due, _)| *due <= now)
            && let Some((_, pending)) = self.pending.take()
        {
            self.complete(pending, memory, plan);
        }
    }

    fn complete(&mut self, pending: Pending, memory: &mut Memory, plan: &mut WritePlan) {
        if matches!(pending, Pending::Key) && !self.keys.programs() {
            self.complete_key(WriteOutcome::Done);
            return;
        }
        let outcome = plan.next_write();
        if outcome.is_lost() {
            return;
        }
        self.revision += 1;
        match pending {
            Pending::Program { address, mut data } => {
                outcome.tear_program(&mut data);
                put(memory, address, &data);
                mark(&mut self.programmed, (address - USER_FLASH.start) / USER_FLASH_WORD_SIZE);
            }
            Pending::EraseSectors { first, count } => {
                let start = USER_FLASH.start + first * USER_FLASH_SECTOR_SIZE;
                let size = outcome.torn_size(count * USER_FLASH_SECTOR_SIZE);
                memory.fill(Region::new(start, size), 0xFF);
                for word in first * WORDS_PER_SECTOR..(first + count) * WORDS_PER_SECTOR {
                    if outcome.is_torn() {
                        // No word of a torn erase can be relied on, nor programmed before a whole erase.
                        mark(&mut self.programmed, word);
                    } else if let Some(bits) = self.programmed.get_mut(word as usize / 64) {
                        *bits &= !(1 << (word % 64));
                    }
                }
            }
            Pending::Otp { address, mut data } => {
                let mut old = vec![0; data.len()];
                if memory.read(address, &mut old).is_ok() {
                    for (new, old) in data.iter_mut().zip(old) {
                        *new &= old;
                    }
                    put(memory, address, &data);
                }
            }
            Pending::Options(options) => {
                // Option bytes are double-buffered: a change that was cut leaves the old ones (assumption A19).
                if !outcome.is_torn() {
                    self.life_cycle_changed |= flash_options::other_life_cycle(&self.options, &options);
                    if flash_options::regresses(&self.options, &options) {
                        // One step with the change: there is no OPEN chip with keys of before (assumption A28).
                        self.keys.wipe();
                        memory.wipe_hidden();
                    }
                    self.options = options;
                }
            }
            Pending::Key => self.complete_key(outcome),
        }
        if !outcome.is_torn() {
            self.isr |= ISR_EOP;
        }
    }

    fn complete_key(&mut self, outcome: WriteOutcome) {
        if self.keys.complete(outcome.is_torn()).is_err() {
            self.optisr |= OPTISR_KVEF;
            self.refusal = Some("option-byte key that is missing, torn or of another level");
        }
    }
}

/// Sets the mark of a programmed flash word.
fn mark(programmed: &mut [u64], word: u32) {
    if let Some(bits) = programmed.get_mut(word as usize / 64) {
        *bits |= 1 << (word % 64);
    }
}

/// Writes cells whose addresses were checked to be flash or OTP, which are always mapped.
fn put(memory: &mut Memory, address: u32, data: &[u8]) {
    let written = memory.write(address, data);
    debug_assert!(written.is_ok(), "flash cells are always mapped");
}

fn step(state: Unlock, keys: &[u32; 2], key: u32) -> Unlock {
    match state {
        Unlock::Expects(next) if keys.get(next) == Some(&key) => {
            if next == 1 {
                Unlock::Open
            } else {
                Unlock::Expects(1)
            }
        }
        _ => Unlock::ShutUntilReset,
    }
}
