//! The serial-wire debug port and its access ports, as registers: what a probe reaches with four address bits.
//! It turns transactions into bus accesses of a [`Board`]; it is not the wire (no bits, no acknowledge phases) and
//! not the core's debug registers, which lie on the bus behind access port 1.
//!
//! A read of an access port gives its value at once: the posting of reads is the probe's business. Pushed compare,
//! pushed verify and overrun detection are accepted as bits and do nothing, as no transaction can overrun here.

use crate::{Board, BusError, Width};

/// The port did not carry the transaction out: what a probe reports as FAULT.
///
/// A failed bus transfer leaves the sticky error set; every access-port transaction fails until ABORT clears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DapFault;

impl std::fmt::Display for DapFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the debug port answered FAULT")
    }
}

impl std::error::Error for DapFault {}

/// A register as a transaction names it: which port, and address bits 3:2 (other bits are ignored).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DapRegister {
    /// A register of the debug port itself.
    Debug(u8),
    /// A register of the access port and bank that SELECT names.
    Access(u8),
}

/// What a debugger waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polled {
    /// The core, by its debug status (DHCSR).
    Core,
    /// The chip's program, by the mailbox's flags.
    Mailbox,
}

/// DPIDR: version 2, ST (OpenOCD's `stm32h7rx.cfg` names this SWD identifier).
const DPIDR: u32 = 0x6BA0_2477;
/// TARGETID: part 0x4850 of ST, JEP106 0x020 (assumption A46).
const TARGETID: u32 = 0x0485_0041;

const CTRL_WRITABLE: u32 = 0x54FF_FF0D;
const CTRL_STICKY_ERROR: u32 = 1 << 5;
const CTRL_DEBUG_POWER_REQUEST: u32 = 1 << 28;
const CTRL_DEBUG_POWER_ACK: u32 = 1 << 29;
const CTRL_SYSTEM_POWER_REQUEST: u32 = 1 << 30;
const CTRL_SYSTEM_POWER_ACK: u32 = 1 << 31;
const ABORT_CLEAR_STICKY_ERROR: u32 = 1 << 2;

/// AP0 is an AXI access port that reaches DBGMCU alone (assumption A46), AP1 the AHB access port to the core.
const AP0_IDR: u32 = 0x8477_0004;
const AP1_IDR: u32 = 0x8477_0001;
/// Where the core's ROM table lies, with "present" and "ADIv5 format" set.
const AP1_BASE: u32 = 0xE00F_E003;
/// No ROM table behind AP0.
const AP0_BASE: u32 = 0x0000_0002;

const CSW_DEVICE_ENABLED: u32 = 1 << 6;
const CSW_KEPT: u32 = 0xFF00_0000;
const CSW_INCREMENT: u32 = 1 << 4;

/// DBGMCU as the debugger sees it on the private bus, 4 KiB.
const DBGMCU_PRIVATE: u32 = 0xE00E_1000;
/// DBGMCU as the core sees it, 4 KiB.
const DBGMCU_SYSTEM: u32 = chip::registers::DBGMCU;
/// The tightest wrap that ADIv5 promises for the auto-increment: TAR bits 9:0.
const INCREMENT_WRAP: u32 = 0x3FF;

/// One memory access port: transfer size, address and protection bits.
#[derive(Debug, Clone, Copy)]
struct MemoryAccessPort {
    width: Width,
    increments: bool,
    protection: u32,
    tar: u32,
}

impl MemoryAccessPort {
    const fn new() -> Self {
        Self { width: Width::Word, increments: false, protection: 0x4300_0000, tar: 0 }
    }

    const fn csw(&self, enabled: bool) -> u32 {
        let size = match self.width {
            Width::Byte => 0,
            Width::Half => 1,
            Width::Word => 2,
        };
        let increment = if self.increments { CSW_INCREMENT } else { 0 };
        let device = if enabled { CSW_DEVICE_ENABLED } else { 0 };
        self.protection | increment | device | size
    }

    const fn set_csw(&mut self, value: u32) {
        self.protection = value & CSW_KEPT;
        // Packed transfers (2) are not offered: they read back as single, as probes that ask for them expect.
        self.increments = (value >> 4) & 3 != 0;
        self.width = match value & 7 {
            0 => Width::Byte,
            1 => Width::Half,
            _ => Width::Word,
        };
    }

    /// The address of the next data transfer; a port that has no unaligned transfers drops the low bits.
    const fn address(&self) -> u32 {
        self.tar & !(self.width.bytes() - 1)
    }

    /// How far the transferred bytes are shifted inside DRW: each byte travels in its own lane.
    const fn lane(&self) -> u32 {
        (self.address() & 3) * 8
    }

    const fn step(&mut self) {
        if self.increments {
            self.tar = (self.tar & !INCREMENT_WRAP) | (self.tar.wrapping_add(self.width.bytes()) & INCREMENT_WRAP);
        }
    }
}

/// Which of the two access ports that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AccessPort {
    Dbgmcu,
    Core,
}

/// The debug port's own state. It lives in the power domain of the debug logic: no reset of the system touches it.
#[derive(Debug)]
pub struct DebugPort {
    select: u32,
    control: u32,
    sticky_error: bool,
    read_buffer: u32,
    ap0: MemoryAccessPort,
    ap1: MemoryAccessPort,
}

impl Default for DebugPort {
    fn default() -> Self {
        Self::new()
    }
}

impl DebugPort {
    /// The port as it is after power-on.
    pub const fn new() -> Self {
        Self {
            select: 0,
            control: 0,
            sticky_error: false,
            read_buffer: 0,
            ap0: MemoryAccessPort::new(),
            ap1: MemoryAccessPort::new(),
        }
    }

    /// A line reset: the selection is forgotten, nothing else.
    pub const fn line_reset(&mut self) {
        self.select = 0;
    }

    /// One read transaction.
    ///
    /// # Errors
    /// [`DapFault`] when the bus refused, the port is shut or unpowered, or an earlier error still stands.
    pub fn read(&mut self, board: &mut Board, register: DapRegister) -> Result<u32, DapFault> {
        match register {
            DapRegister::Debug(address) => Ok(self.read_debug(address)),
            DapRegister::Access(address) => {
                self.check_access()?;
                let value = self.read_access(board, address).map_err(|BusError { .. }| self.stick())?;
                self.read_buffer = value;
                Ok(value)
            }
        }
    }

    /// One write transaction.
    ///
    /// # Errors
    /// As [`DebugPort::read`].
    pub fn write(&mut self, board: &mut Board, register: DapRegister, value: u32) -> Result<(), DapFault> {
        match register {
            DapRegister::Debug(address) => {
                self.write_debug(address, value);
                Ok(())
            }
            DapRegister::Access(address) => {
                self.check_access()?;
                self.write_access(board, address, value).map_err(|BusError { .. }| self.stick())
            }
        }
    }

    /// What a read of `register` asks for, when it is what a debugger asks for again and again while it waits.
    pub const fn polls(&self, register: DapRegister) -> Option<Polled> {
        const DHCSR: u32 = 0xE000_EDF0;
        let DapRegister::Access(address) = register else { return None };
        let (port, which) = match self.selected() {
            Some(which @ AccessPort::Dbgmcu) => (&self.ap0, which),
            Some(which @ AccessPort::Core) => (&self.ap1, which),
            None => return None,
        };
        let asked = match (self.select & 0xF0) | (address as u32 & 0xC) {
            0x0C => port.address(),
            banked @ 0x10..=0x1C => (port.tar & !0xF) | (banked & 0xC),
            _ => return None,
        };
        match which {
            AccessPort::Core if asked == DHCSR => Some(Polled::Core),
            AccessPort::Dbgmcu
                if asked == DBGMCU_PRIVATE + chip::mailbox::DBG_AUTH_ACK
                    || asked == DBGMCU_SYSTEM + chip::mailbox::DBG_AUTH_ACK =>
            {
                Some(Polled::Mailbox)
            }
            _ => None,
        }
    }

    const fn stick(&mut self) -> DapFault {
        self.sticky_error = true;
        DapFault
    }

    const fn check_access(&mut self) -> Result<(), DapFault> {
        if self.sticky_error {
            return Err(DapFault);
        }
        if self.control & CTRL_DEBUG_POWER_REQUEST == 0 {
            return Err(self.stick());
        }
        Ok(())
    }

    const fn read_debug(&self, address: u8) -> u32 {
        match (address & 0xC, self.select & 0xF) {
            (0x0, _) => DPIDR,
            (0x4, 0) => {
                let mut value = self.control;
                if self.control & CTRL_DEBUG_POWER_REQUEST != 0 {
                    value |= CTRL_DEBUG_POWER_ACK;
                }
                if self.control & CTRL_SYSTEM_POWER_REQUEST != 0 {
                    value |= CTRL_SYSTEM_POWER_ACK;
                }
                if self.sticky_error {
                    value |= CTRL_STICKY_ERROR;
                }
                value
            }
            // DLCR reads its reserved-one bit, DLPIDR the protocol version 1.
            (0x4, 1) => 0x40,
            (0x4, 2) => TARGETID,
            (0x4, 3) => 1,
            (0x4, _) => 0,
            // RESEND and RDBUFF both give the last value that an access port returned.
            _ => self.read_buffer,
        }
    }

    const fn write_debug(&mut self, address: u8, value: u32) {
        match (address & 0xC, self.select & 0xF) {
            (0x0, _) if value & ABORT_CLEAR_STICKY_ERROR != 0 => self.sticky_error = false,
            (0x4, 0) => self.control = value & CTRL_WRITABLE,
            (0x8, _) => self.select = value,
            // DLCR, TARGETSEL and the rest of ABORT have nothing to act on.
            _ => {}
        }
    }

    const fn selected(&self) -> Option<AccessPort> {
        match self.select >> 24 {
            0 => Some(AccessPort::Dbgmcu),
            1 => Some(AccessPort::Core),
            _ => None,
        }
    }

    const fn port(&mut self, which: AccessPort) -> &mut MemoryAccessPort {
        match which {
            AccessPort::Dbgmcu => &mut self.ap0,
            AccessPort::Core => &mut self.ap1,
        }
    }

    fn read_access(&mut self, board: &mut Board, address: u8) -> Result<u32, BusError> {
        // An access port that doesn't exist reads as zero everywhere, which is how probes find the end of the list.
        let Some(which) = self.selected() else { return Ok(0) };
        let enabled = enabled(which, board);
        let port = *self.port(which);
        match (self.select & 0xF0) | u32::from(address & 0xC) {
            0x00 => Ok(port.csw(enabled)),
            0x04 => Ok(port.tar),
            0x0C => {
                let value = transfer_read(which, board, port.address(), port.width)?;
                self.port(which).step();
                Ok(value << port.lane())
            }
            banked @ 0x10..=0x1C => transfer_read(which, board, (port.tar & !0xF) | (banked & 0xC), Width::Word),
            0xF8 => Ok(match which {
                AccessPort::Dbgmcu => AP0_BASE,
                AccessPort::Core => AP1_BASE,
            }),
            0xFC => Ok(match which {
                AccessPort::Dbgmcu => AP0_IDR,
                AccessPort::Core => AP1_IDR,
            }),
            // CFG: little-endian, no large addresses, no large data. Everything else is reserved.
            _ => Ok(0),
        }
    }

    fn write_access(&mut self, board: &mut Board, address: u8, value: u32) -> Result<(), BusError> {
        let Some(which) = self.selected() else { return Ok(()) };
        let port = *self.port(which);
        match (self.select & 0xF0) | u32::from(address & 0xC) {
            0x00 => self.port(which).set_csw(value),
            0x04 => self.port(which).tar = value,
            0x0C => {
                let data = port.width.truncate(value >> port.lane());
                transfer_write(which, board, port.address(), port.width, data)?;
                self.port(which).step();
            }
            banked @ 0x10..=0x1C => {
                transfer_write(which, board, (port.tar & !0xF) | (banked & 0xC), Width::Word, value)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// AP0 always answers; AP1 when the ROM opened it (decision 3: only its data registers fault while it is shut).
fn enabled(which: AccessPort, board: &Board) -> bool {
    match which {
        AccessPort::Dbgmcu => true,
        AccessPort::Core => board.peripherals.debug_access().core_port_open,
    }
}

/// The offset inside DBGMCU, when the address lies there.
const fn dbgmcu_offset(which: AccessPort, address: u32) -> Option<u32> {
    if address & !0xFFF == DBGMCU_PRIVATE {
        return Some(address & 0xFFC);
    }
    match which {
        AccessPort::Dbgmcu if address & !0xFFF == DBGMCU_SYSTEM => Some(address & 0xFFC),
        _ => None,
    }
}

fn transfer_read(which: AccessPort, board: &mut Board, address: u32, width: Width) -> Result<u32, BusError> {
    if !enabled(which, board) {
        return Err(BusError);
    }
    if let Some(offset) = dbgmcu_offset(which, address) {
        let word = board.peripherals.dbgmcu_read_host(offset);
        return Ok(width.truncate(word >> ((address & 3) * 8)));
    }
    match which {
        AccessPort::Dbgmcu => Err(BusError),
        AccessPort::Core => board.debug_read(address, width),
    }
}

fn transfer_write(
    which: AccessPort,
    board: &mut Board,
    address: u32,
    width: Width,
    value: u32,
) -> Result<(), BusError> {
    if !enabled(which, board) {
        return Err(BusError);
    }
    if let Some(offset) = dbgmcu_offset(which, address) {
        // DBGMCU takes words only; what a narrow store does there is not documented, so it is refused.
        if width != Width::Word {
            return Err(BusError);
        }
        board.peripherals.dbgmcu_write_host(offset, value);
        return Ok(());
    }
    match which {
        AccessPort::Dbgmcu => Err(BusError),
        AccessPort::Core => board.debug_write(address, width, value),
    }
}
