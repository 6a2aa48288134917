//! The system block: hide protection level, who may debug, the loader's word to the ROM, I/O compensation (CMSIS, SVD).

use chip::option_bytes::obw1;
use chip::security::{
    HDPL_CODES, HDPL_STEP, SBS_BOOTSR, SBS_DBGCR, SBS_DBGLOCKR, SBS_HDPLCR, SBS_HDPLSR, SBS_RSSCMDR, UNLOCK,
};

use super::DebugAccess;

const PMCR: u32 = 0x100;
const MESR: u32 = 0x108;
const CCCSR: u32 = 0x110;
const CCCSR_SPEED: u32 = 0x0007_0000;
/// I/O speed bits and the option bits that vouch for them.
const SPEED_BITS: [(u32, u32); 3] =
    [(1 << 16, obw1::VDDIO_HSLV), (1 << 17, obw1::XSPI1_HSLV), (1 << 18, obw1::XSPI2_HSLV)];
const CCCSR_WRITABLE: u32 = 0x0007_003F;
const LOCK_READS: u32 = 0x6A;
/// Compensation cells: enable bit, ready bit.
const CELLS: [(u32, u32); 3] = [(0, 8), (2, 9), (4, 10)];

/// What becomes, at a system reset, of the debug access that was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    /// It goes on.
    Kept,
    /// It ends.
    Ended,
}

/// The system block.
#[derive(Clone, Default)]
pub(crate) struct Sbs {
    level: u8,
    dbgcr: u32,
    locked: bool,
    rsscmd: u32,
    pmcr: u32,
    cccsr: u32,
    ccswvalr: u32,
    bklockr: u32,
    exticr: [u32; 4],
}

impl Sbs {
    /// A system reset. The loader's word survives it; power-on clears it (assumption A10). What debug authentication
    /// granted may survive, too, if the ROM had locked it: a register that was left writable is worth nothing.
    pub(crate) fn reset(&mut self, grant: Grant) {
        let dbgcr = if grant == Grant::Kept && self.locked { self.dbgcr } else { 0 };
        *self = Self { rsscmd: self.rsscmd, dbgcr, ..Self::default() };
    }

    /// The hide protection level, 0 to 3.
    pub(crate) fn level(&self) -> u8 {
        self.level
    }

    pub(crate) fn debug_access(&self) -> DebugAccess {
        let opened_from = (self.dbgcr >> 16 & 0xFF) as u8;
        // Port and debug are open from the level that DBG_AUTH_HDPL names; a value that names none means from now on.
        // assumption A60: the port is shut below the level, too: through it the levels below could be read.
        let from = HDPL_CODES.iter().position(|code| *code == opened_from).unwrap_or(0) as u8;
        let port = self.dbgcr & 0xFF == UNLOCK && self.level >= from;
        let debug = port && self.dbgcr >> 8 & 0xFF == UNLOCK;
        DebugAccess { core_port_open: port, debug_open: debug }
    }

    pub(crate) fn read(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            SBS_BOOTSR => chip::memory_map::SYSTEM_FLASH.start,
            SBS_HDPLCR => u32::from(HDPL_CODES[0]),
            SBS_HDPLSR => u32::from(HDPL_CODES.get(self.level as usize).copied().unwrap_or(HDPL_CODES[3])),
            SBS_DBGCR => self.dbgcr,
            SBS_DBGLOCKR => {
                if self.locked {
                    LOCK_READS
                } else {
                    UNLOCK
                }
            }
            SBS_RSSCMDR => self.rsscmd,
            PMCR => self.pmcr,
            MESR => 0,
            CCCSR => CELLS.iter().fold(self.cccsr, |word, (enable, ready)| word | (self.cccsr >> enable & 1) << ready),
            0x114 => 0x88,
            0x118 => self.ccswvalr,
            0x120 => self.bklockr,
            0x130..=0x13C => self.exticr.get((offset as usize - 0x130) / 4).copied().unwrap_or(0),
            _ => return None,
        })
    }

    /// Writes a register; true when the level rose. `obw1` is the option word that says which pads are at 1.8 V.
    pub(crate) fn write(&mut self, offset: u32, value: u32, obw1: u32) -> Option<bool> {
        match offset {
            SBS_HDPLCR => {
                if value & 0xFF == HDPL_STEP && self.level < 3 {
                    self.level += 1;
                    return Some(true);
                }
            }
            SBS_DBGCR if !self.locked => self.dbgcr = value & 0x00FF_FFFF,
            SBS_DBGLOCKR => self.locked |= value & 0xFF != UNLOCK,
            SBS_RSSCMDR => self.rsscmd = value & 0xFFFF,
            PMCR => self.pmcr = value,
            CCCSR => {
                // The I/O speed bits stay clear where the option byte doesn't vouch for 1.8 V (assumption A3).
                let allowed =
                    SPEED_BITS.iter().filter(|(_, option)| obw1 & option != 0).fold(0, |bits, (bit, _)| bits | bit);
                self.cccsr = value & CCCSR_WRITABLE & (!CCCSR_SPEED | allowed);
            }
            0x118 => self.ccswvalr = value,
            0x120 => self.bklockr |= value,
            0x130..=0x13C => {
                if let Some(word) = self.exticr.get_mut((offset as usize - 0x130) / 4) {
                    *word = value;
                }
            }
            SBS_BOOTSR | SBS_HDPLSR | SBS_DBGCR | MESR | 0x114 => {}
            _ => return None,
        }
        Some(false)
    }
}
