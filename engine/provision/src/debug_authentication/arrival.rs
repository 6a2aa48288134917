//! From granted debug to a halted core: the core must come to the level, and access port 1 must transfer there. The
//! board runs through its ROM and its loader in the meantime, with resets between them.

use std::thread;
use std::time::{Duration, Instant};

use chip::memory_map::SYSTEM_FLASH;
use chip::registers::SBS;
use chip::security::SBS_HDPLSR;
use probe_rs::architecture::arm::{ArmDebugInterface, ArmError};

use super::core_view::level_of;
use super::permission::DebugLevel;
use super::problem::AuthenticationProblem;
use crate::link::{AP1, DHCSR, DHCSR_HALTED, DHCSR_KEY};

const DHCSR_DEBUG: u32 = 1;
const DHCSR_HALT: u32 = 1 << 1;
const DCRSR: u64 = 0xE000_EDF4;
const DCRDR: u64 = 0xE000_EDF8;
const REGISTER_PC: u32 = 15;
/// What a core that was met at another level gets to go on.
const HEAD_START: Duration = Duration::from_millis(3);

/// Waits for the port, which opens no earlier than the level, and halts the core as soon as it stands there. The port is
/// asked without a pause: a loader stands at its level for some milliseconds only.
pub(super) fn halt_at(
    interface: &mut dyn ArmDebugInterface,
    level: DebugLevel,
    limit: Duration,
) -> Result<(), AuthenticationProblem> {
    let start = Instant::now();
    let mut last = String::from("access port 1 stayed shut");
    let mut beyond = false;
    while start.elapsed() < limit {
        // Out of reach below the level, and while the chip resets itself.
        match halted_at(interface) {
            Ok(Some(at)) if at.fits(level) => return Ok(()),
            Ok(Some(at)) => {
                last = format!("it was last seen at {at}");
                beyond |= at.is_beyond(level);
                // A chip that resets itself just now has nothing to let go.
                drop(control(interface, DHCSR_DEBUG));
                // In the ROM at its own level it is about to arrive.
                if at.level != Some(level.number()) {
                    thread::sleep(HEAD_START);
                }
            }
            Ok(None) => last = "its debug registers answer, and it does not halt".into(),
            Err(_) => thread::yield_now(),
        }
    }
    // An application that only ever runs at a higher level can be debugged just as well.
    if beyond && halted_at(interface).is_ok_and(|at| at.is_some_and(|at| at.is_beyond(level))) {
        return Ok(());
    }
    Err(AuthenticationProblem::not_proved(format!(
        "the board said yes, and the core did not halt at {level} within {limit:?}: {last}"
    )))
}

/// Where a halted core stands.
struct At {
    level: Option<u8>,
    pc: u32,
}

impl At {
    /// The level exactly; at the higher ones outside of the ROM, which passes through them on its way.
    fn fits(&self, level: DebugLevel) -> bool {
        let in_rom = SYSTEM_FLASH.contains(self.pc);
        self.level == Some(level.number()) && (level == DebugLevel::Hdpl1 || !in_rom)
    }

    fn is_beyond(&self, level: DebugLevel) -> bool {
        self.level.is_some_and(|at| at > level.number()) && !SYSTEM_FLASH.contains(self.pc)
    }
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.level {
            Some(level) => write!(f, "HDPL {level}, pc {:#010x}", self.pc),
            None => write!(f, "an unknown level, pc {:#010x}", self.pc),
        }
    }
}

fn control(interface: &mut dyn ArmDebugInterface, bits: u32) -> Result<(), ArmError> {
    let mut memory = interface.memory_interface(&AP1)?;
    memory.write_word_32(DHCSR, DHCSR_KEY | bits)?;
    memory.flush()
}

/// Asks the core to halt; where it stands, if it did.
fn halted_at(interface: &mut dyn ArmDebugInterface) -> Result<Option<At>, ArmError> {
    // The status first: while it can't be read, nothing can be asked for.
    interface.memory_interface(&AP1)?.read_word_32(DHCSR)?;
    control(interface, DHCSR_DEBUG | DHCSR_HALT)?;
    let mut memory = interface.memory_interface(&AP1)?;
    if memory.read_word_32(DHCSR)? & DHCSR_HALTED == 0 {
        return Ok(None);
    }
    let level = level_of(memory.read_word_32(u64::from(SBS + SBS_HDPLSR))?);
    memory.write_word_32(DCRSR, REGISTER_PC)?;
    let pc = memory.read_word_32(DCRDR)?;
    Ok(Some(At { level, pc }))
}
