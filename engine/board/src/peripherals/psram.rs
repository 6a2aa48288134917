//! The PSRAM on port 1: an APMemory APS256XX, 32 MiB, on 8 or 16 lines with both clock edges. Instructions, mode
//! registers and latencies are those of ST's component driver; what drives the pins is [`super::xspi`]. It loses its
//! cells with the power, and nothing but the power: no reset of the chip reaches it.
//!
//! A command that it would not understand as sent (instruction, lines, edges, latency, strobe) stores nothing and reads
//! 0xFF; what was wrong is told once, for the trace.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::device::{Bus, Command};

/// Bytes of the array: 256 Mbit.
pub(crate) const PSRAM_SIZE: u32 = 32 * 1024 * 1024;
const PAGE: usize = 4096;
/// Bytes of a row, which a burst doesn't leave: 2048 bytes, or 1024 words on 16 lines.
pub(crate) const ROW: u32 = 2048;

const SYNC_READ: u8 = 0x00;
const LINEAR_READ: u8 = 0x20;
const REGISTER_READ: u8 = 0x40;
const SYNC_WRITE: u8 = 0x80;
const LINEAR_WRITE: u8 = 0xA0;
const REGISTER_WRITE: u8 = 0xC0;
const RESET: u8 = 0xFF;

/// MR0 to MR8 after power-on: read latency 5, vendor APMemory, 256 Mbit of the fourth generation, rows can be crossed,
/// write latency 5, bursts of 32 on 8 lines (assumption A90).
const MODE_REGISTERS: [u8; 9] = [0x09, 0x8D, 0xDF, 0x80, 0x40, 0, 0, 0, 0x05];
/// The bits of each that a write reaches.
const WRITABLE: [u8; 9] = [0x3F, 0, 0, 0, 0xFF, 0, 0xF0, 0, 0x4F];
const MR0_FIXED_LATENCY: u8 = 1 << 5;
const MR6_HALF_SLEEP: u8 = 0xF0;
const MR6_DEEP_POWER_DOWN: u8 = 0xC0;
const MR8_HYBRID: u8 = 1 << 2;
const MR8_CROSSES_ROWS: u8 = 1 << 3;
const MR8_X16: u8 = 1 << 6;

/// DCR1.MTYP: the frame formats of APMemory's chips with 8 and with 16 lines.
const APMEM: u8 = 2;
const APMEM_16: u8 = 6;

/// The cells: 4 KiB pages that were ever written. A copy shares them until one of the two is written.
#[derive(Clone)]
struct Cells {
    pages: Arc<BTreeMap<u32, Arc<[u8; PAGE]>>>,
    seed: u64,
}

impl Cells {
    /// What a page holds that was never written: noise (assumption A94).
    fn noise(&self, page: u32) -> [u8; PAGE] {
        let mut cells = [0; PAGE];
        let mut state = self.seed ^ u64::from(page) << 32;
        for bytes in cells.chunks_exact_mut(8) {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            bytes.copy_from_slice(&(mixed ^ mixed >> 27).to_le_bytes());
        }
        cells
    }

    fn read(&self, address: u32, out: &mut [u8]) {
        let mut at = address % PSRAM_SIZE;
        let mut out = out;
        while !out.is_empty() {
            let (page, start) = (at / PAGE as u32, at as usize % PAGE);
            let size = out.len().min(PAGE - start);
            let Some((now, later)) = out.split_at_mut_checked(size) else { return };
            let noise;
            let cells = match self.pages.get(&page) {
                Some(cells) => cells.as_ref(),
                None => {
                    noise = self.noise(page);
                    &noise
                }
            };
            if let Some(cells) = cells.get(start..start + size) {
                now.copy_from_slice(cells);
            }
            out = later;
            at = at.wrapping_add(size as u32) % PSRAM_SIZE;
        }
    }

    fn write(&mut self, address: u32, data: &[u8]) {
        let mut at = address % PSRAM_SIZE;
        let mut data = data;
        while !data.is_empty() {
            let (page, start) = (at / PAGE as u32, at as usize % PAGE);
            let size = data.len().min(PAGE - start);
            let Some((now, later)) = data.split_at_checked(size) else { return };
            if !self.pages.contains_key(&page) {
                let noise = Arc::new(self.noise(page));
                Arc::make_mut(&mut self.pages).insert(page, noise);
            }
            let cells = Arc::make_mut(&mut self.pages).get_mut(&page).map(Arc::make_mut);
            if let Some(cells) = cells.and_then(|cells| cells.get_mut(start..start + size)) {
                cells.copy_from_slice(now);
            }
            data = later;
            at = at.wrapping_add(size as u32) % PSRAM_SIZE;
        }
    }
}

/// How far the chip sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sleep {
    Awake,
    /// Cells are kept.
    Half,
    /// Cells are lost.
    Deep,
}

/// The chip.
#[derive(Clone)]
pub(crate) struct Psram {
    cells: Cells,
    registers: [u8; 9],
    sleep: Sleep,
    /// IO8 to IO15 and their strobe are switched to the interface that asks: told by whoever knows the pins.
    pub(crate) wide_pins: bool,
    complaint: Option<(&'static str, u32)>,
    /// Changes with everything that a read may depend on.
    pub(crate) changes: u64,
}

impl Psram {
    /// Power comes on; `seed` decides what the cells hold.
    pub(crate) fn power_on(seed: u64) -> Self {
        Self {
            cells: Cells { pages: Arc::default(), seed },
            registers: MODE_REGISTERS,
            sleep: Sleep::Awake,
            wide_pins: false,
            complaint: None,
            changes: 0,
        }
    }

    /// What the chip objected to since the last call.
    pub(crate) fn take_complaint(&mut self) -> Option<(&'static str, u32)> {
        self.complaint.take()
    }

    /// Reads cells past every pin; addresses wrap at the end of the array.
    pub(crate) fn cells(&self, address: u32, out: &mut [u8]) {
        self.cells.read(address, out);
    }

    /// Sets cells past every pin.
    pub(crate) fn set_cells(&mut self, address: u32, data: &[u8]) {
        self.changes += 1;
        self.cells.write(address, data);
    }

    fn register(&self, index: usize) -> u8 {
        self.registers.get(index).copied().unwrap_or(0)
    }

    fn is_x16(&self) -> bool {
        self.register(8) & MR8_X16 != 0
    }

    /// Clock cycles before data that is read: codes 0 to 4 are 3 to 7.
    fn read_latency(&self) -> u8 {
        (self.register(0) >> 2 & 7) + 3
    }

    /// Clock cycles before data that is written: the code's bits are reversed; the other three are reserved.
    fn write_latency(&self) -> Option<u8> {
        match self.register(4) >> 5 {
            0 => Some(3),
            4 => Some(4),
            2 => Some(5),
            6 => Some(6),
            1 => Some(7),
            _ => None,
        }
    }

    /// The instruction of a command that the chip understands as it was sent, or what is wrong with it. A controller
    /// counts one dummy cycle less than the chip's latency (ST's driver).
    fn judge(&self, command: &Command) -> Result<u8, &'static str> {
        let Command { bus, instruction, .. } = command;
        if bus.lines != 8 || bus.dtr || bus.wide {
            return Err("the PSRAM takes instructions of one byte, on eight lines");
        }
        if !matches!(bus.memory_type, APMEM | APMEM_16) {
            return Err("the interface is set up for another kind of memory than the PSRAM");
        }
        let instruction = *instruction as u8;
        if instruction == RESET {
            return if bus.address_lines == 8 { Ok(instruction) } else { Err("the PSRAM expects an address here") };
        }
        if bus.address_lines != 8 || bus.address_bytes != 4 || !bus.address_dtr {
            return Err("the PSRAM expects a 32-bit address on eight lines, on both edges");
        }
        let latency = self.read_latency();
        let (lines, dummy, strobe) = match instruction {
            REGISTER_WRITE => (8, Some(0), false),
            REGISTER_READ => (8, Some(latency - 1), true),
            SYNC_READ | LINEAR_READ => (self.data_lines(), Some(latency - 1), true),
            SYNC_WRITE | LINEAR_WRITE => (self.data_lines(), self.write_latency().map(|latency| latency - 1), true),
            _ => return Err("the PSRAM has no such command"),
        };
        self.judge_data(bus, lines, strobe)?;
        // With a fixed latency every read waits as long as one that meets a refresh; a controller that follows the
        // strobe may count either (assumption A91).
        let reads = matches!(instruction, REGISTER_READ | SYNC_READ | LINEAR_READ);
        let doubled = reads && self.register(0) & MR0_FIXED_LATENCY != 0 && bus.dummy == 2 * latency - 1;
        if dummy != Some(bus.dummy) && !doubled {
            return Err("the PSRAM has another latency than the command's dummy cycles");
        }
        Ok(instruction)
    }

    fn judge_data(&self, bus: &Bus, lines: u8, strobe: bool) -> Result<(), &'static str> {
        if bus.data_lines != lines || !bus.data_dtr {
            return Err("data on other lines or edges than the PSRAM's mode has");
        }
        if lines == 16 && bus.memory_type != APMEM_16 {
            return Err("the interface is set up for another kind of memory than the PSRAM");
        }
        if lines == 16 && !self.wide_pins {
            return Err("sixteen data lines, and not all of them are switched to the interface");
        }
        if strobe && !bus.strobe {
            return Err("the PSRAM's data goes by its strobe and mask, which are off");
        }
        Ok(())
    }

    fn data_lines(&self) -> u8 {
        if self.is_x16() { 16 } else { 8 }
    }

    /// As [`Psram::judge`], for a command that is carried out: a chip that sleeps wakes by it and does nothing else.
    fn understood(&mut self, command: &Command) -> Option<u8> {
        let judged = if self.sleep == Sleep::Awake { self.judge(command) } else { Err("the PSRAM wakes up") };
        if self.sleep != Sleep::Awake {
            self.changes += 1;
            self.sleep = Sleep::Awake;
            self.registers[6] = 0;
        }
        match judged {
            Ok(instruction) => Some(instruction),
            Err(what) => {
                self.complaint = Some((what, command.instruction));
                None
            }
        }
    }

    /// Whether a read command gives the array's cells in their order, and will until [`Psram::changes`] changes.
    pub(crate) fn shows_array(&self, command: &Command) -> bool {
        self.sleep == Sleep::Awake && self.judge(command) == Ok(LINEAR_READ)
    }

    /// Where byte `index` of a burst lies. Linear bursts stay inside a row, but for reads where MR8 lets them leave it;
    /// the others wrap at MR8's length, hybrid ones once, then they go on (assumption A92).
    fn place(&self, instruction: u8, start: u32, index: u32) -> u32 {
        let mode = self.register(8);
        let wrap = |size: u32| start & !(size - 1) | start.wrapping_add(index) & (size - 1);
        match instruction {
            LINEAR_READ if mode & MR8_CROSSES_ROWS != 0 => start.wrapping_add(index),
            LINEAR_READ | LINEAR_WRITE => wrap(ROW),
            _ => {
                let words = if self.is_x16() { 2 } else { 1 };
                let size = match mode & 3 {
                    0 => 16 * words,
                    1 => 32 * words,
                    2 => 64 * words,
                    _ => ROW,
                };
                if mode & MR8_HYBRID != 0 && index >= size {
                    (start & !(size - 1)).wrapping_add(index)
                } else {
                    wrap(size)
                }
            }
        }
    }

    /// Reads `out.len()` bytes, of which `skip` were read before under the same command.
    pub(crate) fn read(&mut self, command: &Command, skip: u32, out: &mut [u8]) {
        out.fill(0xFF);
        let Some(instruction) = self.understood(command) else { return };
        match instruction {
            REGISTER_READ => {
                // A register, then those behind it: ST's driver reads two identifiers at once.
                for (index, byte) in (skip..).zip(out.iter_mut()) {
                    let index = command.address.wrapping_add(index) as usize % MODE_REGISTERS.len();
                    *byte = self.register(index);
                }
            }
            SYNC_READ | LINEAR_READ => {
                let size = out.len() as u32;
                let first = self.place(instruction, command.address, skip);
                let last = self.place(instruction, command.address, skip.wrapping_add(size).wrapping_sub(1));
                if last == first.wrapping_add(size).wrapping_sub(1) {
                    self.cells.read(first, out);
                } else {
                    for (index, byte) in (skip..).zip(out.chunks_mut(1)) {
                        self.cells.read(self.place(instruction, command.address, index), byte);
                    }
                }
            }
            _ => self.complaint = Some(("the PSRAM has no such read command", command.instruction)),
        }
    }

    /// A command with data, or without any. `true` when cells took the data in their order.
    pub(crate) fn write(&mut self, command: &Command, data: &[u8]) -> bool {
        let Some(instruction) = self.understood(command) else { return false };
        self.changes += 1;
        match instruction {
            RESET => self.registers = MODE_REGISTERS,
            REGISTER_WRITE => {
                if let Some(value) = data.first() {
                    self.write_register(command.address as usize, *value);
                }
            }
            SYNC_WRITE | LINEAR_WRITE => {
                let size = data.len() as u32;
                let first = self.place(instruction, command.address, 0);
                if self.place(instruction, command.address, size.wrapping_sub(1))
                    == first.wrapping_add(size).wrapping_sub(1)
                {
                    self.cells.write(first, data);
                    return true;
                }
                for (index, byte) in (0u32..).zip(data.chunks(1)) {
                    self.cells.write(self.place(instruction, command.address, index), byte);
                }
            }
            _ => self.complaint = Some(("the PSRAM has no such command", command.instruction)),
        }
        false
    }

    /// A register takes one byte; the one that both edges bring behind it is for nobody (assumption A93).
    fn write_register(&mut self, index: usize, value: u8) {
        let writable = WRITABLE.get(index).copied().unwrap_or(0);
        if let Some(register) = self.registers.get_mut(index) {
            *register = *register & !writable | value & writable;
        }
        self.sleep = match (index, value & 0xF0) {
            (6, MR6_HALF_SLEEP) => Sleep::Half,
            (6, MR6_DEEP_POWER_DOWN) => Sleep::Deep,
            _ => return,
        };
        if self.sleep == Sleep::Deep {
            self.cells.pages = Arc::default();
            self.cells.seed = self.cells.seed.wrapping_add(1);
        }
    }
}
