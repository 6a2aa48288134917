//! An external-memory interface (XSPI): indirect transfers, automatic polling, memory-mapped mode (CMSIS, HAL).
//! What is behind the pins it is handed with each access; `None` is a port with nothing on it.

use super::device::{Bus, Command, Device};
use super::psram::ROW;
use crate::bus::Width;

const CR: u32 = 0x00;
const SR: u32 = 0x20;
const FCR: u32 = 0x24;
const DCR1: u32 = 0x08;
const DLR: u32 = 0x40;
const AR: u32 = 0x48;
pub(crate) const DR: u32 = 0x50;
const PSMKR: u32 = 0x80;
const PSMAR: u32 = 0x88;
const CCR: u32 = 0x100;
const TCR: u32 = 0x108;
const IR: u32 = 0x110;
const WCCR: u32 = 0x180;
const WTCR: u32 = 0x188;
const WIR: u32 = 0x190;
const WORDS: usize = 0x240 / 4;

const CR_EN: u32 = 1 << 0;
const CR_ABORT: u32 = 1 << 1;
const CR_APMS: u32 = 1 << 22;
const SR_TCF: u32 = 1 << 1;
const SR_FTF: u32 = 1 << 2;
const SR_SMF: u32 = 1 << 3;
const SR_BUSY: u32 = 1 << 5;
const FIFO: u32 = 64;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Function {
    Write,
    Read,
    Poll,
    Mapped,
}

/// A transfer under way.
#[derive(Clone)]
enum Transfer {
    /// Bytes collected of those announced.
    Write {
        command: Command,
        data: Vec<u8>,
        left: u64,
    },
    /// Bytes handed out of those announced.
    Read {
        command: Command,
        taken: u32,
        left: u64,
    },
    Poll {
        command: Command,
        size: usize,
    },
}

/// A memory-mapped write burst: the chip stays selected while addresses follow each other.
#[derive(Clone)]
struct Burst {
    command: Command,
    data: Vec<u8>,
    /// The address that continues it.
    next: u32,
}

/// One interface.
#[derive(Clone)]
pub(crate) struct Xspi {
    words: [u32; WORDS],
    flags: u32,
    transfer: Option<Transfer>,
    /// An indirect write was set up whose first data byte starts it.
    armed: bool,
    burst: Option<Burst>,
    /// In memory-mapped mode something was accessed since the last abort.
    mapped_active: bool,
}

impl Xspi {
    pub(crate) fn new() -> Self {
        Self { words: [0; WORDS], flags: 0, transfer: None, armed: false, burst: None, mapped_active: false }
    }

    fn get(&self, offset: u32) -> u32 {
        self.words.get(offset as usize / 4).copied().unwrap_or(0)
    }

    fn function(&self) -> Function {
        match self.get(CR) >> 28 & 3 {
            0 => Function::Write,
            1 => Function::Read,
            2 => Function::Poll,
            _ => Function::Mapped,
        }
    }

    pub(crate) fn is_enabled(&self) -> bool {
        self.get(CR) & CR_EN != 0
    }

    /// Whether a write to a register can start a command.
    pub(crate) const fn starts_commands(offset: u32) -> bool {
        matches!(offset, IR | AR)
    }

    /// Whether window accesses go through.
    pub(crate) fn is_mapped(&self) -> bool {
        self.is_enabled() && self.function() == Function::Mapped
    }

    fn command(&self, ccr: u32, tcr: u32, ir: u32, address: u32) -> Command {
        let address_lines = lines(ccr >> 8 & 7);
        let bus = Bus {
            lines: lines(ccr & 7),
            dtr: ccr >> 3 & 1 != 0,
            wide: ccr >> 4 & 3 == 1,
            address_lines,
            address_bytes: (ccr >> 12 & 3) as u8 + 1,
            address_dtr: ccr >> 11 & 1 != 0,
            dummy: (tcr & 0x1F) as u8,
            data_lines: lines(ccr >> 24 & 7),
            data_dtr: ccr >> 27 & 1 != 0,
            strobe: ccr >> 29 & 1 != 0,
            memory_type: (self.get(DCR1) >> 24 & 7) as u8,
        };
        Command { bus, instruction: ir, address: if address_lines == 0 { 0 } else { address } }
    }

    fn length(&self) -> u64 {
        u64::from(self.get(DLR)) + 1
    }

    fn data_phase(&self) -> bool {
        self.get(CCR) >> 24 & 7 != 0
    }

    /// A write to IR or AR starts the command, whichever is the last it needs.
    fn trigger(&mut self, offset: u32, device: Option<Device<'_>>, now: u64) {
        if !self.is_enabled() || self.transfer.is_some() {
            return;
        }
        let addressed = self.get(CCR) >> 8 & 7 != 0;
        let function = self.function();
        let complete = match offset {
            IR => !addressed,
            AR => addressed,
            // The data register starts what the other two have set up.
            _ => std::mem::take(&mut self.armed),
        };
        if !complete {
            return;
        }
        if function == Function::Write && self.data_phase() && offset != DR {
            self.armed = true;
            return;
        }
        let command = self.command(self.get(CCR), self.get(TCR), self.get(IR), self.get(AR));
        match function {
            Function::Write if self.data_phase() => {
                self.transfer = Some(Transfer::Write { command, data: Vec::new(), left: self.length() });
            }
            Function::Write => {
                if let Some(mut device) = device {
                    device.write(&command, &[], now);
                }
                self.flags |= SR_TCF;
            }
            Function::Read if self.data_phase() => {
                self.transfer = Some(Transfer::Read { command, taken: 0, left: self.length() });
            }
            Function::Read => self.flags |= SR_TCF,
            Function::Poll => {
                let size = usize::try_from(self.length().min(4)).unwrap_or(4);
                self.transfer = Some(Transfer::Poll { command, size });
                self.poll(device);
            }
            Function::Mapped => {}
        }
    }

    /// Looks once more at what automatic polling waits for.
    pub(crate) fn poll(&mut self, device: Option<Device<'_>>) {
        let Some(Transfer::Poll { command, size }) = &self.transfer else { return };
        let mut bytes = [0; 4];
        if let Some(bytes) = bytes.get_mut(..*size) {
            match device {
                Some(mut device) => device.read(command, 0, bytes),
                None => bytes.fill(0xFF),
            }
        }
        let mask = self.get(PSMKR);
        let expected = self.get(PSMAR);
        let seen = u32::from_le_bytes(bytes);
        // PMM chooses between all masked bits and any of them.
        let matched =
            if self.get(CR) >> 23 & 1 == 0 { (seen ^ expected) & mask == 0 } else { !(seen ^ expected) & mask != 0 };
        if matched {
            self.flags |= SR_SMF;
            if self.get(CR) & CR_APMS != 0 {
                self.transfer = None;
            }
        }
    }

    /// Whether automatic polling waits for the chip.
    pub(crate) fn is_polling(&self) -> bool {
        matches!(self.transfer, Some(Transfer::Poll { .. }))
    }

    fn status(&self) -> u32 {
        let threshold = u64::from(self.get(CR) >> 8 & 0x3F) + 1;
        let (level, ready, busy) = match &self.transfer {
            None => (0, self.function() == Function::Write && self.is_enabled(), self.mapped_active),
            Some(Transfer::Read { left, .. }) => {
                let level = (*left).min(u64::from(FIFO));
                (level, level >= threshold.min(*left), true)
            }
            Some(Transfer::Write { .. }) => (0, true, true),
            Some(Transfer::Poll { .. }) => (0, false, true),
        };
        let mut status = self.flags | (level as u32) << 8;
        if ready {
            status |= SR_FTF;
        }
        if busy {
            status |= SR_BUSY;
        }
        status
    }

    pub(crate) fn interrupt(&self) -> bool {
        let enabled = self.get(CR) >> 16 & 0x1F;
        self.status() & enabled != 0
    }

    pub(crate) fn read(&mut self, offset: u32, width: Width, device: Option<Device<'_>>) -> Option<u32> {
        match offset {
            SR => {
                if self.is_polling() {
                    self.poll(device);
                }
                Some(self.status())
            }
            FCR => Some(0),
            DR => Some(self.take_data(width, device)),
            offset if (offset as usize) < WORDS * 4 => Some(self.get(offset)),
            _ => None,
        }
    }

    fn take_data(&mut self, width: Width, device: Option<Device<'_>>) -> u32 {
        let Some(Transfer::Read { command, taken, left }) = &mut self.transfer else { return 0 };
        let size = usize::try_from(u64::from(width.bytes()).min(*left)).unwrap_or(4);
        let mut bytes = [0; 4];
        if let Some(bytes) = bytes.get_mut(..size) {
            match device {
                Some(mut device) => device.read(command, *taken, bytes),
                None => bytes.fill(0xFF),
            }
        }
        *taken = taken.wrapping_add(size as u32);
        *left -= size as u64;
        if *left == 0 {
            self.transfer = None;
            self.flags |= SR_TCF;
        }
        u32::from_le_bytes(bytes)
    }

    pub(crate) fn write(
        &mut self,
        offset: u32,
        width: Width,
        value: u32,
        mut device: Option<Device<'_>>,
        now: u64,
    ) -> Option<()> {
        match offset {
            CR => {
                let leaves = value & CR_EN == 0 || value >> 28 & 3 != 3 || value & CR_ABORT != 0;
                if leaves {
                    self.end_burst(device, now);
                }
                if value & CR_ABORT != 0 {
                    if self.transfer.take().is_some() || self.mapped_active {
                        self.flags |= SR_TCF;
                    }
                    self.mapped_active = false;
                }
                // HAL writes the mode again, unchanged, between the command and its first data byte.
                if value & CR_EN == 0 || value & CR_ABORT != 0 || value >> 28 & 3 != 0 {
                    self.armed = false;
                }
                if leaves {
                    // Silicon takes another mode only from an idle interface; the chip is deselected in either case.
                    self.mapped_active = false;
                }
                if value & CR_EN == 0 || value >> 28 & 3 != self.get(CR) >> 28 & 3 {
                    self.transfer = None;
                }
                self.set(CR, value & !CR_ABORT);
            }
            FCR => self.flags &= !(value & 0x1B),
            DR => {
                self.trigger(DR, device.as_mut().map(Device::reborrow), now);
                self.give_data(width, value, device, now);
            }
            SR => {}
            IR | AR => {
                self.set(offset, value);
                self.trigger(offset, device, now);
            }
            offset if (offset as usize) < WORDS * 4 => self.set(offset, value),
            _ => return None,
        }
        Some(())
    }

    fn set(&mut self, offset: u32, value: u32) {
        if let Some(word) = self.words.get_mut(offset as usize / 4) {
            *word = value;
        }
    }

    fn give_data(&mut self, width: Width, value: u32, device: Option<Device<'_>>, now: u64) {
        let Some(Transfer::Write { data, left, .. }) = &mut self.transfer else { return };
        let size = u64::from(width.bytes()).min(*left);
        data.extend(value.to_le_bytes().into_iter().take(size as usize));
        *left -= size;
        forget_overwritten(data);
        if *left == 0
            && let Some(Transfer::Write { command, data, .. }) = self.transfer.take()
        {
            if let Some(mut device) = device {
                device.write(&command, &data, now);
            }
            self.flags |= SR_TCF;
        }
    }

    /// Whether a span of the window lies inside the device's size (DCR1): past it the interface reports an error.
    pub(crate) fn spans(&self, offset: u32, size: usize) -> bool {
        let device = 2u64 << (self.get(DCR1) >> 16 & 0x1F);
        u64::from(offset) + size as u64 <= device
    }

    /// Whether the window shows the array at an address, and will until something changes: the chip understands the
    /// command and isn't busy. As before every read, a write burst ends first.
    pub(crate) fn shows_array(&mut self, address: u32, mut device: Device<'_>, now: u64) -> bool {
        self.end_burst(Some(device.reborrow()), now);
        device.shows_array(&self.command(self.get(CCR), self.get(TCR), self.get(IR), address))
    }

    /// A read through the window.
    pub(crate) fn mapped_read(&mut self, address: u32, out: &mut [u8], mut device: Option<Device<'_>>, now: u64) {
        self.end_burst(device.as_mut().map(Device::reborrow), now);
        self.mapped_active = true;
        let Some(mut device) = device else {
            out.fill(0xFF);
            return;
        };
        let (mut at, mut left) = (address, out);
        while !left.is_empty() {
            let Some((now, later)) = left.split_at_mut_checked(left.len().min(to_row_end(at))) else { return };
            device.read(&self.command(self.get(CCR), self.get(TCR), self.get(IR), at), 0, now);
            at = at.wrapping_add(now.len() as u32);
            left = later;
        }
    }

    /// A write through the window; `true` when cells have taken it in their order. The PSRAM does at once; the NOR
    /// programs when the burst ends.
    pub(crate) fn mapped_write(&mut self, address: u32, data: &[u8], device: Option<Device<'_>>, now: u64) -> bool {
        self.mapped_active = true;
        if let Some(Device::Psram(psram)) = device {
            let (mut at, mut left, mut taken) = (address, data, true);
            while !left.is_empty() {
                let Some((now, later)) = left.split_at_checked(left.len().min(to_row_end(at))) else { return false };
                taken &= psram.write(&self.command(self.get(WCCR), self.get(WTCR), self.get(WIR), at), now);
                at = at.wrapping_add(now.len() as u32);
                left = later;
            }
            return taken;
        }
        if let Some(burst) = &mut self.burst
            && burst.next == address
        {
            burst.data.extend_from_slice(data);
            burst.next = burst.next.wrapping_add(data.len() as u32);
            forget_overwritten(&mut burst.data);
            return false;
        }
        self.end_burst(device, now);
        let command = self.command(self.get(WCCR), self.get(WTCR), self.get(WIR), address);
        self.burst = Some(Burst { command, data: data.to_vec(), next: address.wrapping_add(data.len() as u32) });
        false
    }

    fn end_burst(&mut self, device: Option<Device<'_>>, now: u64) {
        if let Some(burst) = self.burst.take()
            && let Some(mut device) = device
        {
            device.write(&burst.command, &burst.data, now);
        }
    }
}

/// Bytes up to the end of the PSRAM's row: through the window, another burst begins there (assumption A92).
fn to_row_end(address: u32) -> usize {
    (ROW - address % ROW) as usize
}

/// A page program keeps the last 256 bytes it was sent: what came long before can't change the outcome; nor can it in
/// a row of the PSRAM, which a burst goes round. Whole pages and rows go, so that what is left still begins at the same
/// place.
fn forget_overwritten(data: &mut Vec<u8>) {
    if data.len() > 4096 {
        data.drain(..2048);
    }
}

/// Lines of a phase by its code: none, 1, 2, 4, 8, 16 (CMSIS).
fn lines(code: u32) -> u8 {
    match code {
        0 => 0,
        1 => 1,
        2 => 2,
        3 => 4,
        4 => 8,
        _ => 16,
    }
}
