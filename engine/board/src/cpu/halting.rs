//! Halting debug: when the core stops for the debugger, what DHCSR and DCRSR do. It acts only while the chip's SBS
//! has debug open; a request made before stays pending.

use super::access::Origin;
use super::ops::float::FPSCR_MASK;
use super::{Sleep, debug};
use crate::Board;

const KEY: u32 = 0xA05F;
const S_REGRDY: u32 = 1 << 16;
const S_HALT: u32 = 1 << 17;
const S_SLEEP: u32 = 1 << 18;
const S_LOCKUP: u32 = 1 << 19;
const S_RETIRED: u32 = 1 << 24;
const S_RESET: u32 = 1 << 25;
const REGISTER_WRITE: u32 = 1 << 16;

impl Board {
    /// Whether the core may be halted at all.
    fn debug_is_open(&self) -> bool {
        self.peripherals.debug_access().debug_open
    }

    /// Whether a debug event halts the core.
    pub(crate) fn may_halt(&self) -> bool {
        self.cpu.debug.enabled && self.debug_is_open()
    }

    /// Enters the debug state.
    pub(crate) fn halt(&mut self, event: u32) {
        let debug = &mut self.cpu.debug;
        debug.halted = true;
        // The core itself sets the request bit: debuggers read it, change other bits and write it back.
        debug.halt = true;
        debug.stepping = false;
        debug.reset_caught = false;
        debug.vector_caught = false;
        debug.watch_hit = false;
        debug.dfsr |= event;
        // A halted core is neither locked up nor asleep.
        self.cpu.lockup = false;
        self.cpu.sleep = Sleep::Awake;
        self.cpu.stop();
    }

    /// Halts if something asks for it and debug is open.
    pub(crate) fn attend_halt_requests(&mut self) {
        let debug = &self.cpu.debug;
        let asked = debug.halt || debug.reset_caught || debug.vector_caught || debug.watch_hit;
        if debug.halted || !asked || !self.debug_is_open() {
            return;
        }
        // A reset catch holds even before the debugger enabled halting debug (assumption A70).
        if self.cpu.debug.reset_caught {
            self.halt(debug::EVENT_CATCH);
        } else if !self.cpu.debug.enabled {
            self.cpu.debug.vector_caught = false;
            self.cpu.debug.watch_hit = false;
        } else if self.cpu.debug.vector_caught {
            self.halt(debug::EVENT_CATCH);
        } else if self.cpu.debug.watch_hit {
            self.halt(debug::EVENT_WATCH);
        } else {
            self.halt(debug::EVENT_HALTED);
        }
    }

    /// DHCSR as read.
    pub(crate) fn debug_status(&mut self, origin: Origin) -> u32 {
        let mut value = self.cpu.debug.control();
        let flag = |set: bool, bit: u32| if set { bit } else { 0 };
        value |= S_REGRDY;
        value |= flag(self.cpu.debug.halted, S_HALT);
        value |= flag(self.cpu.sleep != Sleep::Awake, S_SLEEP);
        value |= flag(self.cpu.lockup, S_LOCKUP);
        value |= flag(self.cpu.debug.retired, S_RETIRED);
        value |= flag(self.cpu.debug.was_reset, S_RESET);
        if origin == Origin::Debugger {
            self.cpu.debug.retired = false;
            self.cpu.debug.was_reset = false;
        }
        value
    }

    /// DHCSR as written by the debugger. A halt takes effect at once: the core is between two instructions.
    pub(crate) fn write_debug_control(&mut self, value: u32) {
        if value >> 16 == KEY {
            self.cpu.debug.set_control(value);
            self.attend_halt_requests();
        }
    }

    /// DCRSR as written: moves a register through DCRDR. The core must be halted.
    pub(crate) fn transfer_register(&mut self, value: u32) {
        if !self.cpu.debug.halted {
            return;
        }
        if value & REGISTER_WRITE != 0 {
            self.write_core_register(value & 0x7F, self.cpu.debug.dcrdr);
        } else {
            self.cpu.debug.dcrdr = self.read_core_register(value & 0x7F);
        }
    }

    /// A core register by DCRSR's numbering.
    pub(crate) fn read_core_register(&self, number: u32) -> u32 {
        let cpu = &self.cpu;
        match number {
            0..=14 => cpu.get(number as u8),
            15 => cpu.pc,
            16 => cpu.xpsr(),
            17 => cpu.msp(),
            18 => cpu.psp(),
            20 => {
                cpu.control() << 24
                    | u32::from(cpu.faultmask) << 16
                    | u32::from(cpu.basepri) << 8
                    | u32::from(cpu.primask)
            }
            33 => cpu.fpscr,
            64..=95 => cpu.s.get(number as usize - 64).copied().unwrap_or(0),
            _ => 0,
        }
    }

    /// Writes a core register by DCRSR's numbering.
    pub(crate) fn write_core_register(&mut self, number: u32, value: u32) {
        let cpu = &mut self.cpu;
        match number {
            0..=14 => cpu.set_any(number as u8, value),
            15 => {
                cpu.pc = value & !1;
                // The debugger moves the core out of whatever it waited for.
                cpu.lockup = false;
                cpu.sleep = Sleep::Awake;
            }
            16 => {
                cpu.set_apsr_epsr(value);
                let process_stack = cpu.process_stack;
                cpu.switch((value & 0x1FF) as u16, process_stack);
                self.refresh_view();
            }
            17 => cpu.set_msp(value),
            18 => cpu.set_psp(value),
            20 => {
                cpu.faultmask = value >> 16 & 1 != 0;
                cpu.basepri = (value >> 8) as u8 & 0xF0;
                cpu.primask = value & 1 != 0;
                self.set_control(value >> 24);
            }
            33 => cpu.fpscr = value & FPSCR_MASK,
            64..=95 => {
                if let Some(register) = cpu.s.get_mut(number as usize - 64) {
                    *register = value;
                }
            }
            _ => {}
        }
    }
}
