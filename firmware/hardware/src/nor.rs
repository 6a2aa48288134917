//! The Macronix NOR flash, on one wire throughout: 4-byte commands, which every part of the family has, and nothing to
//! tune. At 50 MHz a slot of 128 KiB takes 21 ms to read, which an install hardly notices. A stage calls
//! [`crate::pads::prepare`] first.
//!
//! Nothing resets the chip together with the microcontroller: whoever ran before may have left it speaking on eight
//! wires, or busy. So it is reset in each of its languages first, and left in the one it wakes up with.

use chip::memory_map::{Region, XSPI1_WINDOW};

use crate::dma;
use crate::external::Fault;
use crate::xspi::{self, Data, Speech};

/// Smallest erase, in bytes.
pub const SECTOR: u32 = 4096;
/// Larger erase, in bytes.
const BLOCK: u32 = 65_536;
/// What one program command writes, in bytes.
pub const PAGE: u32 = 256;

const RESET_ENABLE: u32 = 0x66;
const RESET: u32 = 0x99;
const READ_ID: u32 = 0x9F;
/// Instruction: the status register follows.
pub const READ_STATUS: u32 = 0x05;
/// Instruction: the security register follows, in which failures are told.
pub const READ_SECURITY: u32 = 0x2B;
/// Instruction: the next erase or program is allowed.
pub const WRITE_ENABLE: u32 = 0x06;
/// Instruction: bytes follow from an address on.
pub const READ: u32 = 0x13;
/// Instruction: bytes of one page follow.
pub const PROGRAM: u32 = 0x12;
/// Instruction: erase a sector.
pub const ERASE_SECTOR: u32 = 0x21;
const ERASE_BLOCK: u32 = 0xDC;

/// Status: busy.
pub const WRITE_IN_PROGRESS: u8 = 1 << 0;
/// Status: an erase or program is allowed.
pub const WRITE_ENABLED: u8 = 1 << 1;
/// Security register: the last program failed.
pub const PROGRAM_FAILED: u8 = 0x20;
/// Security register: the last erase failed.
pub const ERASE_FAILED: u8 = 0x40;

const MAKER_MACRONIX: u8 = 0xC2;
/// Core cycles after a reset: 100 µs and more at 380 MHz.
const RESET_CYCLES: u32 = 40_000;
/// Looks at the status: an erase of a second takes some hundred thousand at 50 MHz; many times that.
const STATUS_TRIES: u32 = 5_000_000;

/// The chip, reset and idle.
pub struct Nor(());

impl Nor {
    /// Resets the chip, whatever it was doing, and waits until it says who it is.
    ///
    /// # Errors
    /// When none of the family answers.
    pub fn start() -> Result<Self, Fault> {
        xspi::start()?;
        for speech in [Speech::OctalDouble, Speech::OctalSingle, Speech::Spi] {
            for instruction in [RESET_ENABLE, RESET] {
                xspi::command(speech, spoken(speech, instruction), None, Data::None)?;
            }
            cortex_m::asm::delay(RESET_CYCLES);
        }
        let mut nor = Self(());
        nor.wait()?;
        let mut identity = [0; 3];
        xspi::command(Speech::Spi, READ_ID, None, Data::Read(&mut identity))?;
        match identity {
            [MAKER_MACRONIX, ..] => Ok(nor),
            _ => Err(Fault::Nor),
        }
    }

    /// Leaves the chip alone: idle, and in the language it wakes up with.
    pub fn stop(self) {
        xspi::stop();
    }

    /// Opens the window for reading.
    ///
    /// # Errors
    /// When the interface stays busy.
    pub fn map_for_reading(&mut self) -> Result<(), Fault> {
        xspi::map(READ, PROGRAM)
    }

    /// Closes it.
    ///
    /// # Errors
    /// When the interface doesn't come to an end.
    pub fn unmap(&mut self) -> Result<(), Fault> {
        xspi::unmap()
    }

    /// Erases a slot of the window, which begins and ends on a sector: in blocks where they fit, which is faster.
    ///
    /// # Errors
    /// When the chip reports a failure or doesn't finish.
    pub fn erase(&mut self, slot: Region) -> Result<(), Fault> {
        let mut offset = 0;
        while offset < slot.size {
            let address = slot.start + offset;
            let block = address.is_multiple_of(BLOCK) && slot.size - offset >= BLOCK;
            let (instruction, size) = if block { (ERASE_BLOCK, BLOCK) } else { (ERASE_SECTOR, SECTOR) };
            self.enable_writes()?;
            xspi::command(Speech::Spi, instruction, Some(address - XSPI1_WINDOW.start), Data::None)?;
            self.wait()?;
            self.no_failure(ERASE_FAILED)?;
            offset += size;
        }
        Ok(())
    }

    /// Writes RAM to a slot through the window, and so through the cipher engine: page by page in DMA bursts, since
    /// the engine takes whole bursts only. Closing the window ends the page.
    ///
    /// # Errors
    /// When DMA or chip report a failure or don't finish.
    pub fn write(&mut self, from: Region, to: Region) -> Result<(), Fault> {
        for offset in (0..to.size.min(from.size)).step_by(PAGE as usize) {
            self.enable_writes()?;
            xspi::map(READ, PROGRAM)?;
            dma::copy(from.start + offset, to.start + offset, PAGE as u16)?;
            xspi::unmap()?;
            self.wait()?;
            self.no_failure(PROGRAM_FAILED)?;
        }
        Ok(())
    }

    /// Writes bytes to an address of the window past the cipher engine, as a download is written: page by page, each
    /// with its own command. What is there must be erased.
    ///
    /// # Errors
    /// When the chip reports a failure or doesn't finish.
    pub fn program(&mut self, address: u32, data: &[u8]) -> Result<(), Fault> {
        let (mut offset, mut rest) = (address.wrapping_sub(XSPI1_WINDOW.start), data);
        while !rest.is_empty() {
            let room = PAGE - offset % PAGE;
            let (page, behind) = rest.split_at_checked(room as usize).unwrap_or((rest, &[]));
            self.enable_writes()?;
            xspi::command(Speech::Spi, PROGRAM, Some(offset), Data::Write(page))?;
            self.wait()?;
            self.no_failure(PROGRAM_FAILED)?;
            offset = offset.wrapping_add(page.len() as u32);
            rest = behind;
        }
        Ok(())
    }

    /// Reads bytes from an address of the window past the cipher engine.
    ///
    /// # Errors
    /// When the interface doesn't finish.
    pub fn read(&mut self, address: u32, into: &mut [u8]) -> Result<(), Fault> {
        if into.is_empty() {
            return Ok(());
        }
        xspi::command(Speech::Spi, READ, Some(address.wrapping_sub(XSPI1_WINDOW.start)), Data::Read(into))
    }

    fn enable_writes(&mut self) -> Result<(), Fault> {
        xspi::command(Speech::Spi, WRITE_ENABLE, None, Data::None)?;
        if register(READ_STATUS)? & WRITE_ENABLED != 0 { Ok(()) } else { Err(Fault::Nor) }
    }

    fn wait(&mut self) -> Result<(), Fault> {
        for _ in 0..STATUS_TRIES {
            // One erase may take longer than the watchdog's first period.
            crate::stage::refresh_watchdog();
            if register(READ_STATUS)? & WRITE_IN_PROGRESS == 0 {
                return Ok(());
            }
        }
        Err(Fault::Nor)
    }

    fn no_failure(&mut self, bit: u8) -> Result<(), Fault> {
        if register(READ_SECURITY)? & bit == 0 { Ok(()) } else { Err(Fault::Nor) }
    }
}

fn register(instruction: u32) -> Result<u8, Fault> {
    let mut value = [0];
    xspi::command(Speech::Spi, instruction, None, Data::Read(&mut value))?;
    let [value] = value;
    Ok(value)
}

/// On eight wires an instruction is followed by its complement.
fn spoken(speech: Speech, instruction: u32) -> u32 {
    if speech == Speech::Spi { instruction } else { instruction << 8 | !instruction & 0xFF }
}
