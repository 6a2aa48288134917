//! What the world outside of the chip sees of the peripherals: trace, console, mailbox, faults that are brought about,
//! and what would survive a loss of power.

use chip::memory_map::{OTP, USER_FLASH};
use chip::trace::TraceWord;

use super::dbgmcu::Side;
use super::external::window;
use super::{DebugAccess, Peripherals};
use crate::bus::BusError;
use crate::fault::{MailboxFault, PowerCut};
use crate::memory::Memory;
use crate::nonvolatile::NonVolatile;
use crate::trace::TraceKind;

impl Peripherals {
    /// A word on an ITM stimulus port.
    pub fn stimulus(&mut self, port: u8, value: u32, now: u64) {
        let ours = u32::from(port) * 4 + 0xE000_0000 == chip::trace::PORT;
        let kind = match TraceWord::decode(value) {
            Some(word) if ours => TraceKind::Word(word),
            _ => TraceKind::Stimulus { port, value },
        };
        self.trace.push(now, kind);
    }

    /// What a debugger may do now.
    pub fn debug_access(&self) -> DebugAccess {
        self.sbs.debug_access()
    }

    /// The hide protection level, 0 to 3.
    pub fn level(&self) -> u8 {
        self.sbs.level()
    }

    /// Bytes typed at the console, into UART 4.
    pub fn console_receive(&mut self, bytes: &[u8]) {
        self.uart4.receive(bytes);
    }

    /// Bytes that UART 4 sent since the last call.
    pub fn console_take(&mut self) -> Vec<u8> {
        self.uart4.take_sent()
    }

    /// Whether bytes wait for [`Peripherals::console_take`].
    pub fn console_waits(&self) -> bool {
        self.uart4.has_sent()
    }

    /// A register of DBGMCU as the host reads it through access port 0.
    pub fn dbgmcu_read_host(&mut self, offset: u32) -> u32 {
        let open = self.sbs.debug_access().core_port_open;
        self.dbgmcu.read(offset & 0xFFC, Side::Host, open).unwrap_or(0)
    }

    /// A register of DBGMCU as the host writes it. A mailbox word is an event to a core that waits for one
    /// (assumption A22).
    pub fn dbgmcu_write_host(&mut self, offset: u32, value: u32) {
        if self.dbgmcu.write(offset & 0xFFC, value, Side::Host) == Some(true) {
            self.event = true;
        }
    }

    /// The mailbox's flags, as whoever looks without reading sees them.
    pub fn mailbox_flags(&self) -> u32 {
        self.dbgmcu.flags()
    }

    /// Whether an event for WFE came from a peripheral since the last call.
    pub fn take_event(&mut self) -> bool {
        std::mem::take(&mut self.event)
    }

    /// Arms a loss of power; [`Peripherals::power_is_gone`] tells when it has come.
    pub fn arm_power_cut(&mut self, cut: PowerCut) {
        self.plan.arm(cut);
    }

    /// Lets one mailbox word go wrong. A fault that was still to come is forgotten.
    pub fn disturb_mailbox(&mut self, fault: MailboxFault) {
        self.dbgmcu.disturb(fault);
    }

    /// Whether a fault of [`Peripherals::disturb_mailbox`] is still to come.
    pub fn mailbox_fault_is_due(&self) -> bool {
        self.dbgmcu.fault_is_due()
    }

    /// Whether power was lost: nothing that is written now reaches a cell.
    pub fn power_is_gone(&self) -> bool {
        self.plan.power_is_gone()
    }

    /// Non-volatile writes made since power-on.
    pub fn nonvolatile_writes(&self) -> u64 {
        self.plan.writes
    }

    /// Flips one bit of one byte: of any memory at its address, of the NOR's cells at an address of either window.
    ///
    /// # Errors
    /// Where there is neither.
    pub fn flip_bit(&mut self, address: u32, bit: u8, memory: &mut Memory) -> Result<(), BusError> {
        let mask = 1 << (bit % 8);
        if let Some((_, offset)) = window(address) {
            let mut cell = [0];
            self.nor_cells(offset, &mut cell);
            let [cell] = cell;
            self.set_nor_cells(offset, &[cell ^ mask]);
            return Ok(());
        }
        let mut cell = [0];
        memory.read(address, &mut cell)?;
        let [cell] = cell;
        memory.write(address, &[cell ^ mask])?;
        self.flash.revision += 1;
        Ok(())
    }

    /// Everything that survives power, as a loss of power right now would leave it: the cells of an operation under way
    /// are torn.
    pub fn nonvolatile(&self, memory: &Memory) -> NonVolatile {
        let mut state = self.identity.clone();
        let read = memory
            .read(USER_FLASH.start, state.user_flash.as_mut_slice())
            .and_then(|()| memory.read(OTP.start, state.otp.as_mut_slice()));
        debug_assert!(read.is_ok(), "flash and OTP are always mapped");
        for (word, now) in state.programmed.iter_mut().zip(self.flash.programmed()) {
            *word = *now;
        }
        state.options = *self.flash.options();
        state.keys = Box::new(*self.flash.keys.keys());
        (state.nor, state.nor_default_mode) = self.nor.if_power_went_now();
        self.flash.if_power_went_now(&mut state);
        state
    }

    /// Changes whenever something that survives power does.
    pub fn revision(&self) -> u64 {
        self.flash.revision + self.nor.revision
    }
}
