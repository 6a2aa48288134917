//! Loads and stores: the fast way through the page tables, and the slow way that checks everything and reaches
//! peripherals and the private bus. Also the debugger's way, which no protection stops.

use super::{Access, Fault, Signal, coresight};
use crate::memory::{Cells, PAGE_SIZE};
use crate::peripherals::window;
use crate::{Board, BusError, Width};

/// Who accesses the private bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Core,
    Debugger,
}

const MPU_FIRST: u32 = 0xD90;
const MPU_LAST: u32 = 0xDB8;

impl Board {
    #[inline(always)]
    pub(crate) fn load_word(&mut self, address: u32) -> Option<u32> {
        if address & 3 == 0
            && let Some(bytes) = self.memory.fast_read::<4>(address)
        {
            return Some(u32::from_le_bytes(bytes));
        }
        self.load_slowly(address, Width::Word)
    }

    #[inline(always)]
    pub(crate) fn load_half(&mut self, address: u32) -> Option<u32> {
        if address & 1 == 0
            && let Some(bytes) = self.memory.fast_read::<2>(address)
        {
            return Some(u32::from(u16::from_le_bytes(bytes)));
        }
        self.load_slowly(address, Width::Half)
    }

    #[inline(always)]
    pub(crate) fn load_byte(&mut self, address: u32) -> Option<u32> {
        if let Some([byte]) = self.memory.fast_read::<1>(address) {
            return Some(u32::from(byte));
        }
        self.load_slowly(address, Width::Byte)
    }

    #[inline(always)]
    pub(crate) fn store_word(&mut self, address: u32, value: u32) -> Option<()> {
        if address & 3 == 0 && self.memory.fast_write(address, value.to_le_bytes()) {
            return Some(());
        }
        self.store_slowly(address, Width::Word, value)
    }

    #[inline(always)]
    pub(crate) fn store_half(&mut self, address: u32, value: u32) -> Option<()> {
        if address & 1 == 0 && self.memory.fast_write(address, (value as u16).to_le_bytes()) {
            return Some(());
        }
        self.store_slowly(address, Width::Half, value)
    }

    #[inline(always)]
    pub(crate) fn store_byte(&mut self, address: u32, value: u32) -> Option<()> {
        if self.memory.fast_write(address, [value as u8]) {
            return Some(());
        }
        self.store_slowly(address, Width::Byte, value)
    }

    #[cold]
    #[inline(never)]
    fn load_slowly(&mut self, address: u32, width: Width) -> Option<u32> {
        match self.load_checked(address, width) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.cpu.signal = Signal::Fault(fault);
                None
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn store_slowly(&mut self, address: u32, width: Width, value: u32) -> Option<()> {
        match self.store_checked(address, width, value) {
            Ok(()) => Some(()),
            Err(fault) => {
                self.cpu.signal = Signal::Fault(fault);
                None
            }
        }
    }

    /// Whether the MPU holds for the running code.
    pub(crate) fn mpu_active(&self) -> bool {
        self.cpu.mpu.active(self.cpu.has_negative_priority())
    }

    pub(crate) fn load_checked(&mut self, address: u32, width: Width) -> Result<u32, Fault> {
        let privileged = self.cpu.data_privileged();
        let rights = self.cpu.mpu.rights(address, privileged, self.mpu_active());
        if address & (width.bytes() - 1) != 0 {
            if rights.device || self.cpu.system.traps_unaligned() {
                return Err(Fault::Unaligned);
            }
            let mut value = 0;
            for i in 0..width.bytes() {
                value |= self.load_checked(address.wrapping_add(i), Width::Byte)? << (8 * i);
            }
            return Ok(value);
        }
        if !rights.read {
            return Err(Fault::DataMpu(address));
        }
        if self.cpu.debug.watching {
            self.watch(address, width, false);
        }
        if self.memory.cells_at(address).is_some() {
            if rights.uniform && !self.cpu.debug.watches_page(address) {
                self.memory.map_read(address);
            }
            return self.memory_word(address, width).map_err(|BusError| Fault::DataBus(address));
        }
        if self.hold_page(address) {
            if rights.uniform && !self.cpu.debug.watches_page(address) {
                self.memory.map_held(address);
            }
            return self.held_word(address, width).map_err(|BusError| Fault::DataBus(address));
        }
        // A read may have effects: look at interrupts and deadlines afterwards.
        self.cpu.stop();
        let result = if address >> 20 == 0xE00 {
            if privileged || address < 0xE000_1000 {
                self.private_read(address, width, Origin::Core)
            } else {
                Err(BusError)
            }
        } else {
            let now = self.cpu.now();
            let result = self.peripheral_read(address, width, now);
            if let Ok(value) = result {
                self.note_access(Access::Read { address, value }, now);
            }
            result
        };
        result.or_else(|BusError| self.ignore_or_fault(address).map(|()| 0))
    }

    pub(crate) fn store_checked(&mut self, address: u32, width: Width, value: u32) -> Result<(), Fault> {
        let privileged = self.cpu.data_privileged();
        let rights = self.cpu.mpu.rights(address, privileged, self.mpu_active());
        if address & (width.bytes() - 1) != 0 {
            if rights.device || self.cpu.system.traps_unaligned() {
                return Err(Fault::Unaligned);
            }
            for i in 0..width.bytes() {
                self.store_checked(address.wrapping_add(i), Width::Byte, value >> (8 * i))?;
            }
            return Ok(());
        }
        if !rights.write {
            return Err(Fault::DataMpu(address));
        }
        if self.cpu.debug.watching {
            self.watch(address, width, true);
        }
        let value = width.truncate(value);
        let now = self.cpu.now();
        // An error is precise (assumption A77).
        let result = match self.memory.cells_at(address) {
            Some(Cells::Ram) => {
                if rights.uniform && !self.cpu.debug.watches_page(address) {
                    self.memory.map_write(address);
                }
                let result = self.store_memory(address, width, value);
                if self.memory.code_is_stale() {
                    self.cpu.stop();
                }
                result
            }
            Some(Cells::Flash) => {
                self.cpu.stop();
                self.peripherals.flash_store(address, width, value, &mut self.memory, now)
            }
            Some(Cells::System) => Err(BusError),
            None if address >> 20 == 0xE00 => {
                self.cpu.stop();
                if privileged || address < 0xE000_1000 || self.user_may_trigger(address) {
                    self.private_write(address, width, value, Origin::Core)
                } else {
                    Err(BusError)
                }
            }
            None => {
                self.cpu.stop();
                self.note_access(Access::Write { address, value }, now);
                self.peripheral_write(address, width, value, now)
            }
        };
        result.or_else(|BusError| self.ignore_or_fault(address))
    }

    /// STIR is open to unprivileged code when CCR says so.
    fn user_may_trigger(&self, address: u32) -> bool {
        address & !3 == 0xE000_EF00 && self.cpu.system.user_may_pend()
    }

    /// CCR.BFHFNMIGN: handlers of negative priority may probe for devices.
    fn ignore_or_fault(&self, address: u32) -> Result<(), Fault> {
        if self.cpu.system.ignores_bus_faults() && self.cpu.has_negative_priority() {
            Ok(())
        } else {
            Err(Fault::DataBus(address))
        }
    }

    #[cold]
    fn watch(&mut self, address: u32, width: Width, write: bool) {
        if self.cpu.debug.watches(address, width.bytes(), write) {
            self.cpu.debug.watch_hit = true;
            self.cpu.stop();
        }
    }

    /// The view that the page tables and the list of executable pages were built for: 0 no MPU, 1 privileged, 2 not.
    const fn view(active: bool, privileged: bool) -> u8 {
        match (active, privileged) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => 2,
        }
    }

    /// Empties the page tables if the rights of the running code are no longer those they were built for.
    pub(crate) fn refresh_view(&mut self) {
        let view = Self::view(self.mpu_active(), self.cpu.data_privileged());
        if view != self.view {
            self.view = view;
            self.rights_changed();
        }
    }

    /// Forgets everything derived from rights and watchpoints.
    pub(crate) fn rights_changed(&mut self) {
        self.memory.unmap_all();
        self.cpu.mpu.forget_executable();
    }

    fn memory_word(&self, address: u32, width: Width) -> Result<u32, BusError> {
        let mut bytes = [0; 4];
        match width {
            Width::Byte => self.memory.read(address, bytes.get_mut(..1).ok_or(BusError)?)?,
            Width::Half => self.memory.read(address, bytes.get_mut(..2).ok_or(BusError)?)?,
            Width::Word => self.memory.read(address, &mut bytes)?,
        }
        Ok(u32::from_le_bytes(bytes))
    }

    fn held_word(&self, address: u32, width: Width) -> Result<u32, BusError> {
        let mut bytes = [0; 4];
        self.memory.read_held(address, bytes.get_mut(..width.bytes() as usize).ok_or(BusError)?)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Whether the page of an address is held of external memory, as the bus reads it now. Reads it in if that can be:
    /// its window shows an array, and does so until something changes.
    pub(crate) fn hold_page(&mut self, address: u32) -> bool {
        let Some((interface, _)) = window(address) else { return false };
        let state = self.peripherals.window_state(interface);
        self.memory.sync_window(interface, state);
        let now = self.cpu.now();
        let Self { peripherals, memory, .. } = self;
        memory.hold(address, |cells| peripherals.window_page(address & !(PAGE_SIZE - 1), cells, now))
    }

    /// Drops what is held of external memory and shows something else now.
    pub(crate) fn sync_windows(&mut self) {
        if self.memory.holds_windows() {
            for interface in 0..2 {
                self.memory.sync_window(interface, self.peripherals.window_state(interface));
            }
        }
    }

    fn store_memory(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusError> {
        let bytes = value.to_le_bytes();
        self.memory.store(address, bytes.get(..width.bytes() as usize).ok_or(BusError)?)
    }

    /// Whether peripherals answer at an address: the peripheral space and the two windows of external memory.
    fn reaches_peripherals(address: u32) -> bool {
        matches!(address >> 28, 0x4 | 0x5 | 0x7 | 0x9)
    }

    fn peripheral_read(&mut self, address: u32, width: Width, now: u64) -> Result<u32, BusError> {
        if Self::reaches_peripherals(address) {
            let result = self.peripherals.read(address, width, &mut self.memory, now);
            self.sync_windows();
            result
        } else {
            Err(BusError)
        }
    }

    fn peripheral_write(&mut self, address: u32, width: Width, value: u32, now: u64) -> Result<(), BusError> {
        if Self::reaches_peripherals(address) {
            let result = self.peripherals.write(address, width, value, &mut self.memory, now);
            self.sync_windows();
            result
        } else {
            Err(BusError)
        }
    }

    // ---- the debugger's way ------------------------------------------------------------------------------------

    pub(crate) fn bus_read(&mut self, address: u32, width: Width) -> Result<u32, BusError> {
        if address & (width.bytes() - 1) != 0 {
            return Err(BusError);
        }
        if self.memory.cells_at(address).is_some() {
            return self.memory_word(address, width);
        }
        if address >> 20 == 0xE00 {
            return self.private_read(address, width, Origin::Debugger);
        }
        let now = self.cpu.now();
        self.peripheral_read(address, width, now)
    }

    pub(crate) fn bus_write(&mut self, address: u32, width: Width, value: u32) -> Result<(), BusError> {
        if address & (width.bytes() - 1) != 0 {
            return Err(BusError);
        }
        let value = width.truncate(value);
        let now = self.cpu.now();
        match self.memory.cells_at(address) {
            Some(Cells::Ram) => self.store_memory(address, width, value),
            Some(Cells::Flash) => self.peripherals.flash_store(address, width, value, &mut self.memory, now),
            Some(Cells::System) => Err(BusError),
            None if address >> 20 == 0xE00 => self.private_write(address, width, value, Origin::Debugger),
            None => self.peripheral_write(address, width, value, now),
        }
    }

    // ---- the private peripheral bus ----------------------------------------------------------------------------

    fn private_read(&mut self, address: u32, width: Width, origin: Origin) -> Result<u32, BusError> {
        let word = self.private_word(address & !3, origin);
        Ok(width.truncate(word >> (8 * (address & 3))))
    }

    fn private_word(&mut self, address: u32, origin: Origin) -> u32 {
        if let Some(word) = coresight::read(address) {
            return word;
        }
        let now = self.cpu.now();
        let offset = address & 0xFFF;
        match address & !0xFFF {
            // A stimulus port always has room.
            0xE000_0000 => u32::from(offset < 0x80),
            0xE000_1000 => self.cpu.debug.read_watchpoints(offset, now),
            0xE000_2000 => self.cpu.debug.read_breakpoints(offset),
            0xE000_E000 => self.control_word(offset, now, origin),
            _ => 0,
        }
    }

    fn control_word(&mut self, offset: u32, now: u64, origin: Origin) -> u32 {
        match offset {
            0x010..=0x01C => {
                self.advance_systick(now);
                let value = self.cpu.systick.read(offset - 0x10, now, origin == Origin::Debugger);
                if origin != Origin::Debugger
                    && let Some(zero) = self.cpu.systick.polled_for()
                {
                    self.pass_until_due(now, Some(zero));
                }
                value
            }
            0x100..=0x4FF => self.cpu.nvic.read(offset),
            MPU_FIRST..=MPU_LAST => self.cpu.mpu.read(offset - MPU_FIRST),
            0xDF0 => self.debug_status(origin),
            0xDF8 => self.cpu.debug.dcrdr,
            0xDFC => self.cpu.debug.demcr,
            _ => self.cpu.system.read(offset, &self.cpu.nvic, self.cpu.ipsr, self.cpu.debug.dfsr),
        }
    }

    fn private_write(&mut self, address: u32, width: Width, value: u32, origin: Origin) -> Result<(), BusError> {
        let shift = 8 * (address & 3);
        let mask = width.truncate(!0) << shift;
        let value = value << shift;
        let word = address & !3;
        let now = self.cpu.now();
        let offset = word & 0xFFF;
        match word & !0xFFF {
            0xE000_0000 if offset < 0x80 && width == Width::Word => {
                self.peripherals.stimulus((offset / 4) as u8, value, now);
            }
            0xE000_1000 if width == Width::Word => {
                let rebuild = self.cpu.debug.write_watchpoints(offset, value, now);
                if rebuild {
                    self.rights_changed();
                }
            }
            0xE000_2000 if width == Width::Word => {
                for address in self.cpu.debug.write_breakpoints(offset, value).into_iter().flatten() {
                    self.memory.forget_code_at(address);
                }
            }
            0xE000_E000 => self.control_write(offset, value, mask, now, origin),
            _ => {}
        }
        Ok(())
    }

    fn control_write(&mut self, offset: u32, value: u32, mask: u32, now: u64, origin: Origin) {
        match offset {
            0x010..=0x01C => {
                self.advance_systick(now);
                self.cpu.systick.write(offset - 0x10, value, now);
            }
            0x100..=0x4FF => self.cpu.nvic.write(offset, value, mask),
            MPU_FIRST..=MPU_LAST => {
                self.cpu.mpu.write(offset - MPU_FIRST, value);
                self.view = Self::view(self.mpu_active(), self.cpu.data_privileged());
                self.rights_changed();
            }
            0xD30 => self.cpu.debug.dfsr &= !(value & mask),
            // Software can't make the core debug itself.
            0xDF0 if origin == Origin::Debugger => self.write_debug_control(value),
            0xDF4 if origin == Origin::Debugger => self.transfer_register(value),
            0xDF8 => self.cpu.debug.dcrdr = value,
            0xDFC => self.cpu.debug.set_demcr(value & mask | self.cpu.debug.demcr & !mask),
            0xF00 => self.cpu.nvic.set_pending((value & 0x1FF) as u16 + super::nvic::FIRST_IRQ, true),
            _ => self.cpu.system.write(offset, value, mask, &mut self.cpu.nvic),
        }
    }

    /// Lets the time pass that a loop waits for, when this access is one of such a loop and somebody works.
    fn note_access(&mut self, access: Access, now: u64) {
        if self.cpu.polling.saw(access) && self.peripherals.work_deadline().is_some() {
            self.pass_until_due(now, None);
        }
    }

    /// Passes the time of a loop that polls, up to `wanted` or the next thing that is due. The slice ends there.
    fn pass_until_due(&mut self, now: u64, wanted: Option<u64>) {
        let due = [wanted, self.peripherals.deadline(), self.cpu.systick.deadline()];
        if let Some(until) = due.into_iter().flatten().min()
            && until > now
        {
            self.cpu.left = 0;
            self.cpu.slice_end = until;
        }
    }

    /// Passes SysTick's time.
    pub(crate) fn advance_systick(&mut self, now: u64) {
        if self.cpu.systick.advance(now) {
            self.cpu.nvic.set_pending(super::nvic::SYS_TICK, true);
        }
    }
}
