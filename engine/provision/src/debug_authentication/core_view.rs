//! The core as a debugger sees it: halted, its registers, the level it stands at.

use std::time::Duration;

use chip::registers::SBS;
use chip::security::{HDPL_CODES, SBS_HDPLSR};
use probe_rs::{MemoryInterface, RegisterId};
use serde::{Deserialize, Serialize};

use crate::error::ProvisionError;
use crate::link::{DEMCR, DEMCR_CATCH_RESET, Link, broken};

/// How long the core may take to halt.
const HALT_TIMEOUT: Duration = Duration::from_millis(500);
/// The registers that are read, with their numbers in DCRSR (Armv7-M).
const REGISTERS: [(&str, u16); 19] = [
    ("r0", 0),
    ("r1", 1),
    ("r2", 2),
    ("r3", 3),
    ("r4", 4),
    ("r5", 5),
    ("r6", 6),
    ("r7", 7),
    ("r8", 8),
    ("r9", 9),
    ("r10", 10),
    ("r11", 11),
    ("r12", 12),
    ("sp", 13),
    ("lr", 14),
    ("pc", 15),
    ("xpsr", 16),
    ("msp", 17),
    ("psp", 18),
];

/// A core register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedRegister {
    /// Its name, lower case.
    pub name: String,
    /// What it holds.
    pub value: u32,
}

/// The halted core.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoreView {
    /// The hide protection level it stands at.
    pub hdpl: Option<u8>,
    /// Its registers: r0 to r12, sp, lr, pc, xpsr, msp, psp.
    pub registers: Vec<NamedRegister>,
}

impl CoreView {
    /// A register by its name.
    pub fn register(&self, name: &str) -> Option<u32> {
        self.registers.iter().find(|register| register.name == name).map(|register| register.value)
    }
}

/// The level that a word of HDPLSR names.
pub(crate) fn level_of(hdplsr: u32) -> Option<u8> {
    let place = HDPL_CODES.iter().position(|code| u32::from(*code) == hdplsr & 0xFF);
    place.and_then(|level| u8::try_from(level).ok())
}

impl Link {
    /// Halts the core, where it isn't halted yet, and reads its registers. It stays halted until [`Link::resume`].
    ///
    /// # Errors
    /// [`ProvisionError::PortShut`] where debug is shut; link errors.
    pub fn core_view(&mut self) -> Result<CoreView, ProvisionError> {
        let action = "halting the core and reading its registers";
        let failed = |error: probe_rs::Error| broken(action, &error);
        let mut core = self.core(action)?;
        if !core.core_halted().map_err(failed)? {
            core.halt(HALT_TIMEOUT).map_err(failed)?;
        }
        let mut registers = Vec::with_capacity(REGISTERS.len());
        for (name, number) in REGISTERS {
            let value = core.read_core_reg(RegisterId(number)).map_err(failed)?;
            registers.push(NamedRegister { name: name.to_owned(), value });
        }
        drop(core);
        Ok(CoreView { hdpl: level_of(self.read_word(SBS + SBS_HDPLSR)?), registers })
    }

    /// Lets the halted core run on, through the resets that a boot has.
    ///
    /// # Errors
    /// As [`Link::core_view`].
    pub fn resume(&mut self) -> Result<(), ProvisionError> {
        let action = "letting the core run";
        let failed = |error: probe_rs::Error| broken(action, &error);
        let mut core = self.core(action)?;
        // Attaching leaves a catch, and the chip resets itself between the passes of its root of trust.
        let catches = core.read_word_32(DEMCR).map_err(failed)?;
        core.write_word_32(DEMCR, catches & !DEMCR_CATCH_RESET).map_err(failed)?;
        if core.core_halted().map_err(failed)? {
            core.run().map_err(failed)?;
        }
        Ok(())
    }
}
