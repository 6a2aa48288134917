//! The NOR on port 2: an MX66UW1G45G with its command set in SPI, OPI STR and OPI DTR (ST's component driver names the
//! codes). Cells live in [`NorCells`]; what drives the pins is [`super::xspi`].
//!
//! A command that the chip would not understand as sent (wrong mode, lines, address size or dummy cycles) does nothing
//! and reads 0xFF; what was wrong is told once, for the trace.

use super::device::{Bus, Command};
use super::timing::{self, Timing};
use crate::fault::{WriteOutcome, WritePlan};
use crate::nonvolatile::{NOR_SIZE, NorCells};

const PAGE: u32 = 256;
const SR_WIP: u8 = 1 << 0;
const SR_WEL: u8 = 1 << 1;
const CR2_SOPI: u8 = 1 << 0;
const CR2_DOPI: u8 = 1 << 1;
const CR2_DUMMY: u32 = 0x300;
const CR2_DEFAULT_MODE: u32 = 0x4000_0000;
/// Manufacturer, type, density. The second byte is an assumption (assumption A20).
const IDENTIFIER: [u8; 3] = [0xC2, 0x81, 0x3B];
/// First bytes of the parameter table: its signature, and no parameters that anyone here reads.
const SFDP: [u8; 8] = [0x53, 0x46, 0x44, 0x50, 0x08, 0x01, 0x00, 0xFF];
/// The configuration register: output driver strength at its default.
const CONFIGURATION: u8 = 0x07;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mode {
    Spi,
    OpiStr,
    OpiDtr,
}

#[derive(Clone)]
enum Pending {
    Program { page: u32, latched: Box<[Option<u8>; PAGE as usize]> },
    Erase { address: u32, size: u32 },
    DefaultMode(u8),
}

impl Pending {
    /// What the operation leaves in the cells, whole or cut in its middle.
    fn apply(&self, outcome: WriteOutcome, cells: &mut NorCells, default_mode: &mut u8) {
        match self {
            Self::Program { page, latched } => {
                let reached = if outcome.is_torn() { latched.len() / 2 } else { latched.len() };
                for (offset, byte) in (0u32..).zip(latched.iter()).take(reached) {
                    if let Some(byte) = byte {
                        let mut old = [0xFF];
                        cells.read(page | offset, &mut old);
                        let [old] = old;
                        // Programming clears bits; only an erase sets them.
                        cells.set(page | offset, old & byte);
                    }
                }
            }
            Self::Erase { address, size } => cells.erase(*address, outcome.torn_size(*size)),
            Self::DefaultMode(mode) => {
                if !outcome.is_torn() {
                    *default_mode = *mode;
                }
            }
        }
    }
}

/// The chip.
#[derive(Clone)]
pub(crate) struct Nor {
    pub(crate) cells: NorCells,
    default_mode: u8,
    mode: Mode,
    cr2: [u8; 4],
    write_enabled: bool,
    reset_armed: bool,
    pending: Option<(u64, Pending)>,
    timing: Timing,
    /// What the chip did not understand or refused, and the instruction; for the trace.
    complaint: Option<(&'static str, u32)>,
    /// Changes with every cell.
    pub(crate) revision: u64,
    /// Changes with everything that a read may depend on: cells, modes, being busy.
    pub(crate) changes: u64,
}

impl Nor {
    pub(crate) fn power_on(cells: NorCells, default_mode: u8, timing: Timing) -> Self {
        let mut nor = Self {
            cells,
            default_mode,
            mode: Mode::Spi,
            cr2: [0; 4],
            write_enabled: false,
            reset_armed: false,
            pending: None,
            timing,
            complaint: None,
            revision: 0,
            changes: 0,
        };
        nor.soft_reset();
        nor
    }

    /// Cells and default mode as a loss of power would leave them now: an operation under way tears its cells.
    pub(crate) fn if_power_went_now(&self) -> (NorCells, u8) {
        let (mut cells, mut mode) = (self.cells.clone(), self.default_mode);
        if let Some((_, pending)) = &self.pending {
            pending.apply(WriteOutcome::Torn, &mut cells, &mut mode);
        }
        (cells, mode)
    }

    fn soft_reset(&mut self) {
        self.cr2 = [self.default_mode, 0, 0, 0];
        self.mode = mode_of(self.default_mode);
        self.write_enabled = false;
        self.reset_armed = false;
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        self.pending.as_ref().map(|(due, _)| *due)
    }

    /// What the chip objected to since the last call.
    pub(crate) fn take_complaint(&mut self) -> Option<(&'static str, u32)> {
        self.complaint.take()
    }

    fn complain(&mut self, what: &'static str, command: &Command) {
        self.complaint = Some((what, command.instruction));
    }

    fn status(&self) -> u8 {
        (if self.pending.is_some() { SR_WIP } else { 0 }) | if self.write_enabled { SR_WEL } else { 0 }
    }

    /// Cycles before array data in the octal modes: codes 0 to 7 are 20 to 6 (Macronix; ST's driver).
    fn array_dummy(&self) -> u8 {
        20 - 2 * (self.cr2.get((CR2_DUMMY >> 8) as usize).copied().unwrap_or(0) & 7)
    }

    /// The operation of a command, if the chip understands it as it was sent; else it complains.
    fn understood(&mut self, command: &Command) -> Option<u8> {
        match self.operation(command) {
            Ok(operation) => Some(operation),
            Err(what) => {
                if let Some(what) = what {
                    self.complain(what, command);
                }
                None
            }
        }
    }

    /// The operation of a command as it was sent, or what is wrong with it, if that is worth a word.
    fn operation(&self, command: &Command) -> Result<u8, Option<&'static str>> {
        let Bus { lines, dtr, wide, .. } = command.bus;
        let (operation, checked) = if wide {
            let [low, high, ..] = command.instruction.to_le_bytes();
            (high, low == !high || matches!((high, low), (0xEC, 0x13) | (0xEE, 0x11)))
        } else {
            (command.instruction as u8, true)
        };
        let speaks = match self.mode {
            Mode::Spi => lines == 1 && !dtr && !wide,
            Mode::OpiStr => lines == 8 && !dtr && wide,
            Mode::OpiDtr => lines == 8 && dtr && wide,
        };
        if !speaks || !checked {
            // A reset is sent in every mode by those who don't know which one the chip is in.
            let deliberate = matches!(operation, 0x66 | 0x99);
            return Err((!deliberate).then_some("the NOR is in another mode than the command"));
        }
        self.phases(operation, &command.bus)?;
        Ok(operation)
    }

    /// Whether a read command gives the array's cells, and will until [`Nor::changes`] changes.
    pub(crate) fn shows_array(&self, command: &Command) -> bool {
        self.pending.is_none() && self.operation(command).is_ok_and(reads_array)
    }

    /// Whether address, dummy cycles and data of a command are those that the operation has in this mode.
    fn phases(&self, operation: u8, bus: &Bus) -> Result<(), &'static str> {
        let octal = self.mode != Mode::Spi;
        let lines = if octal { 8 } else { 1 };
        if bus.address_lines != 0 && bus.address_lines != lines || bus.data_lines != 0 && bus.data_lines != lines {
            return Err("address or data on other lines than the NOR's mode has");
        }
        let address_bytes = if bus.address_lines == 0 { 0 } else { bus.address_bytes };
        let (address, dummy) = match (operation, octal) {
            (0x12 | 0x21 | 0xDC | 0x71 | 0x72 | 0x13, false) => (4, 0..=0),
            (0x0C, false) => (4, 8..=8),
            (0x02 | 0x20 | 0xD8 | 0x03, false) => (3, 0..=0),
            (0x0B | 0x5A, false) => (3, 8..=8),
            (0x05 | 0x9F | 0x15 | 0x2B, false) => (0, 0..=0),
            (0xEC | 0xEE, true) => (4, self.array_dummy()..=self.array_dummy()),
            (0x12 | 0x21 | 0xDC | 0x72, true) => (4, 0..=0),
            // Register reads in octal modes carry an address and 4 or more dummy cycles (ST's driver: 4 and 5).
            (0x05 | 0x9F | 0x15 | 0x2B | 0x71 | 0x5A, true) => (4, 4..=31),
            _ => return Ok(()),
        };
        if address_bytes != address {
            return Err("the NOR expects another address size with this command");
        }
        if bus.data_lines != 0 && !dummy.contains(&bus.dummy) {
            return Err("the NOR expects other dummy cycles with this command");
        }
        Ok(())
    }

    /// Reads `out.len()` bytes, of which `skip` were read before under the same command.
    pub(crate) fn read(&mut self, command: &Command, skip: u32, out: &mut [u8]) {
        out.fill(0xFF);
        let Some(operation) = self.understood(command) else { return };
        let dtr = self.mode == Mode::OpiDtr;
        match operation {
            0x05 => out.fill(self.status()),
            0x2B => out.fill(0),
            _ if self.pending.is_some() => self.complain("the NOR is busy and takes no command", command),
            operation if reads_array(operation) => {
                self.cells.read((command.address % NOR_SIZE).wrapping_add(skip), out);
            }
            0x9F => {
                for (index, byte) in (skip..).zip(out.iter_mut()) {
                    // With both edges each byte comes twice.
                    let index = if dtr { index / 2 } else { index };
                    *byte = IDENTIFIER.get(index as usize % IDENTIFIER.len()).copied().unwrap_or(0xFF);
                }
            }
            0x5A => {
                for (index, byte) in (skip..).zip(out.iter_mut()) {
                    let index = command.address.wrapping_add(index);
                    *byte = SFDP.get(index as usize).copied().unwrap_or(0xFF);
                }
            }
            0x15 => out.fill(CONFIGURATION),
            0x71 => out.fill(self.cr2_register(command.address).unwrap_or(0)),
            _ => self.complain("the NOR has no such read command", command),
        }
    }

    fn cr2_register(&self, address: u32) -> Option<u8> {
        if address == CR2_DEFAULT_MODE {
            return Some(self.default_mode);
        }
        self.cr2.get(address as usize >> 8).copied()
    }

    /// A command with data, or without any: takes effect when the chip is deselected, which is now.
    pub(crate) fn write(&mut self, command: &Command, data: &[u8], now: u64) {
        let Some(operation) = self.understood(command) else { return };
        self.changes += 1;
        let armed = std::mem::take(&mut self.reset_armed);
        if self.pending.is_some() && !matches!(operation, 0x66 | 0x99) {
            self.complain("the NOR is busy and takes no command", command);
            return;
        }
        let changes = matches!(operation, 0x72 | 0x02 | 0x12 | 0x20 | 0x21 | 0xD8 | 0xDC | 0x60 | 0xC7);
        if changes && !self.write_enabled {
            self.complain("write or erase without write enable", command);
            return;
        }
        match operation {
            0x06 => self.write_enabled = true,
            0x04 => self.write_enabled = false,
            0x66 => self.reset_armed = true,
            0x99 if armed => {
                if let Some((_, pending)) = self.pending.take() {
                    // A reset breaks the operation off: its cells are torn.
                    pending.apply(WriteOutcome::Torn, &mut self.cells, &mut self.default_mode);
                    self.revision += 1;
                }
                self.soft_reset();
            }
            0x99 => {}
            0x72 => {
                self.write_enabled = false;
                self.write_cr2(command.address, data.first().copied().unwrap_or(0), now);
            }
            0x02 | 0x12 => self.program(command.address, data, now),
            0x20 | 0x21 => self.erase(command.address, 0x1000, timing::NOR_ERASE_4K, now),
            0xD8 | 0xDC => self.erase(command.address, 0x1_0000, timing::NOR_ERASE_64K, now),
            0x60 | 0xC7 => self.erase(0, NOR_SIZE, timing::NOR_ERASE_CHIP, now),
            _ => self.complain("the NOR has no such command", command),
        }
    }

    fn write_cr2(&mut self, address: u32, value: u8, now: u64) {
        if address == CR2_DEFAULT_MODE {
            let due = self.timing.end(now, timing::NOR_REGISTER);
            self.pending = Some((due, Pending::DefaultMode(value & 3)));
            return;
        }
        if let Some(register) = self.cr2.get_mut(address as usize >> 8) {
            *register = value;
        }
        if address == 0 {
            self.mode = mode_of(value);
        }
    }

    fn program(&mut self, address: u32, data: &[u8], now: u64) {
        if data.is_empty() {
            return;
        }
        // With both edges, bytes come in pairs at even addresses.
        let address = if self.mode == Mode::OpiDtr { address & !1 } else { address };
        let (page, start) = ((address % NOR_SIZE) & !(PAGE - 1), address & (PAGE - 1));
        let mut latched = Box::new([None; PAGE as usize]);
        for (index, byte) in (start..).zip(data) {
            // Past the page's end the latches wrap: what came first is overwritten.
            if let Some(latch) = latched.get_mut((index & (PAGE - 1)) as usize) {
                *latch = Some(*byte);
            }
        }
        let due = self.timing.end(now, timing::NOR_PROGRAM);
        self.pending = Some((due, Pending::Program { page, latched }));
    }

    fn erase(&mut self, address: u32, size: u32, duration: u64, now: u64) {
        let due = self.timing.end(now, duration);
        let address = (address % NOR_SIZE) & !(size - 1);
        self.pending = Some((due, Pending::Erase { address, size }));
    }

    pub(crate) fn advance(&mut self, plan: &mut WritePlan, now: u64) {
        if self.pending.as_ref().is_none_or(|(due, _)| *due > now) {
            return;
        }
        let Some((_, pending)) = self.pending.take() else { return };
        let outcome = plan.next_write();
        self.changes += 1;
        self.write_enabled = false;
        if outcome.is_lost() {
            return;
        }
        self.revision += 1;
        pending.apply(outcome, &mut self.cells, &mut self.default_mode);
    }
}

/// Whether an operation reads the array.
const fn reads_array(operation: u8) -> bool {
    matches!(operation, 0x03 | 0x0B | 0x0C | 0x13 | 0xEC | 0xEE)
}

fn mode_of(cr2: u8) -> Mode {
    match (cr2 & CR2_DOPI != 0, cr2 & CR2_SOPI != 0) {
        (true, _) => Mode::OpiDtr,
        (false, true) => Mode::OpiStr,
        (false, false) => Mode::Spi,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPI: Bus = Bus {
        lines: 1,
        dtr: false,
        wide: false,
        address_lines: 0,
        address_bytes: 0,
        address_dtr: false,
        dummy: 0,
        data_lines: 1,
        data_dtr: false,
        strobe: false,
        memory_type: 1,
    };
    const ADDRESSED: Bus = Bus { address_lines: 1, address_bytes: 4, ..SPI };

    fn chip() -> Nor {
        Nor::power_on(NorCells::default(), 0, Timing { scale: 1000 })
    }

    fn send(nor: &mut Nor, instruction: u32) {
        nor.write(&Command { bus: Bus { data_lines: 0, ..SPI }, instruction, address: 0 }, &[], 0);
    }

    fn program(nor: &mut Nor, address: u32, data: &[u8], now: u64) {
        nor.write(&Command { bus: ADDRESSED, instruction: 0x12, address }, data, now);
    }

    fn status(nor: &mut Nor) -> u8 {
        let mut out = [0];
        nor.read(&Command { bus: SPI, instruction: 0x05, address: 0 }, 0, &mut out);
        out[0]
    }

    fn cells(nor: &Nor, address: u32, size: usize) -> Vec<u8> {
        let mut out = vec![0; size];
        nor.cells.read(address, &mut out);
        out
    }

    #[test]
    fn no_cell_changes_without_write_enable() {
        let mut nor = chip();
        program(&mut nor, 0, &[0; 16], 0);
        nor.advance(&mut WritePlan::default(), u64::MAX);
        assert_eq!(cells(&nor, 0, 16), [0xFF; 16]);
        assert!(nor.take_complaint().is_some());
    }

    #[test]
    fn a_page_program_takes_its_time_clears_bits_only_and_ends_write_enable() {
        let mut nor = chip();
        let mut plan = WritePlan::default();
        send(&mut nor, 0x06);
        program(&mut nor, 0x100, &[0xF0], 0);
        assert_eq!(status(&mut nor), SR_WIP | SR_WEL);
        let due = nor.deadline().unwrap();
        nor.advance(&mut plan, due - 1);
        assert_eq!(cells(&nor, 0x100, 1), [0xFF]);
        nor.advance(&mut plan, due);
        assert_eq!(status(&mut nor), 0);
        send(&mut nor, 0x06);
        program(&mut nor, 0x100, &[0x3C], due);
        nor.advance(&mut plan, u64::MAX);
        assert_eq!(cells(&nor, 0x100, 1), [0x30]);
    }

    #[test]
    fn a_program_wraps_inside_its_page() {
        let mut nor = chip();
        send(&mut nor, 0x06);
        program(&mut nor, 0x1FE, &[1, 2, 3, 4], 0);
        nor.advance(&mut WritePlan::default(), u64::MAX);
        assert_eq!(cells(&nor, 0x1FE, 3), [1, 2, 0xFF]);
        assert_eq!(cells(&nor, 0x100, 3), [3, 4, 0xFF]);
    }

    #[test]
    fn of_more_than_a_page_the_last_256_bytes_are_programmed() {
        let mut nor = chip();
        send(&mut nor, 0x06);
        let data = [vec![0u8; 256], (0..=255u8).collect()].concat();
        program(&mut nor, 0, &data, 0);
        nor.advance(&mut WritePlan::default(), u64::MAX);
        assert_eq!(cells(&nor, 0, 256), (0..=255u8).collect::<Vec<_>>());
    }

    #[test]
    fn erases_take_4_kib_64_kib_or_everything() {
        let mut nor = chip();
        let mut plan = WritePlan::default();
        for address in [0u32, 0xFFF, 0x1000, 0xFFFF, 0x1_0000, NOR_SIZE - 1] {
            nor.cells.set(address, 0);
        }
        let mut erase = |nor: &mut Nor, instruction, address, addressed| {
            send(nor, 0x06);
            let bus = if addressed { Bus { data_lines: 0, ..ADDRESSED } } else { Bus { data_lines: 0, ..SPI } };
            nor.write(&Command { bus, instruction, address }, &[], 0);
            nor.advance(&mut plan, u64::MAX);
        };
        erase(&mut nor, 0x21, 0x123, true);
        assert_eq!((cells(&nor, 0xFFF, 1)[0], cells(&nor, 0x1000, 1)[0]), (0xFF, 0));
        erase(&mut nor, 0xDC, 0x8000, true);
        assert_eq!((cells(&nor, 0xFFFF, 1)[0], cells(&nor, 0x1_0000, 1)[0]), (0xFF, 0));
        erase(&mut nor, 0x60, 0, false);
        assert_eq!((cells(&nor, 0x1_0000, 1)[0], cells(&nor, NOR_SIZE - 1, 1)[0]), (0xFF, 0xFF));
    }

    #[test]
    fn a_busy_chip_answers_its_status_and_nothing_else() {
        let mut nor = chip();
        send(&mut nor, 0x06);
        program(&mut nor, 0, &[0xAA; 4], 0);
        let mut out = [0; 2];
        nor.read(&Command { bus: ADDRESSED, instruction: 0x13, address: 0 }, 0, &mut out);
        assert_eq!(out, [0xFF; 2]);
        program(&mut nor, 0x100, &[0; 4], 0);
        nor.advance(&mut WritePlan::default(), u64::MAX);
        assert_eq!((cells(&nor, 0, 1)[0], cells(&nor, 0x100, 1)[0]), (0xAA, 0xFF));
    }

    #[test]
    fn octal_mode_understands_octal_commands_only_and_a_reset_leads_back() {
        let mut nor = chip();
        nor.cells.set(0, 0x5A);
        send(&mut nor, 0x06);
        nor.write(&Command { bus: ADDRESSED, instruction: 0x72, address: 0 }, &[CR2_SOPI], 0);
        let mut id = [0; 3];
        nor.read(&Command { bus: SPI, instruction: 0x9F, address: 0 }, 0, &mut id);
        assert_eq!(id, [0xFF; 3], "an SPI command in OPI mode");
        let octal = Bus { lines: 8, wide: true, address_lines: 8, address_bytes: 4, dummy: 4, data_lines: 8, ..SPI };
        nor.read(&Command { bus: octal, instruction: 0x9F60, address: 0 }, 0, &mut id);
        assert_eq!(id, IDENTIFIER);
        let mut data = [0];
        nor.read(&Command { bus: octal, instruction: 0xEC13, address: 0 }, 0, &mut data);
        assert_eq!(data, [0xFF], "4 dummy cycles where the chip expects 20");
        nor.read(&Command { bus: Bus { dummy: 20, ..octal }, instruction: 0xEC13, address: 0 }, 0, &mut data);
        assert_eq!(data, [0x5A]);
        let plain = Bus { address_lines: 0, data_lines: 0, dummy: 0, ..octal };
        nor.write(&Command { bus: plain, instruction: 0x6699, address: 0 }, &[], 0);
        nor.write(&Command { bus: plain, instruction: 0x9966, address: 0 }, &[], 0);
        nor.read(&Command { bus: SPI, instruction: 0x9F, address: 0 }, 0, &mut id);
        assert_eq!(id, IDENTIFIER);
    }

    #[test]
    fn a_loss_of_power_in_an_erase_leaves_half_of_it() {
        let mut nor = chip();
        nor.cells.set(0, 1);
        nor.cells.set(0xFFF, 2);
        send(&mut nor, 0x06);
        nor.write(&Command { bus: Bus { data_lines: 0, ..ADDRESSED }, instruction: 0x21, address: 0 }, &[], 0);
        let (torn, _) = nor.if_power_went_now();
        let mut out = [0; 1];
        torn.read(0, &mut out);
        assert_eq!(out, [0xFF]);
        torn.read(0xFFF, &mut out);
        assert_eq!(out, [2]);
        assert_eq!(cells(&nor, 0, 1), [1], "the running chip has not finished");
    }
}
