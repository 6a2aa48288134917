//! State of the debug blocks: halting debug (DHCSR, DEMCR, DCRDR, DFSR), the breakpoint unit with eight comparators,
//! the watchpoint unit with four. When the core halts is decided in `run.rs`; whether it may, by the chip's SBS.

/// DFSR: halted by request or step.
pub(crate) const EVENT_HALTED: u32 = 1;
/// DFSR: breakpoint.
pub(crate) const EVENT_BREAKPOINT: u32 = 2;
/// DFSR: watchpoint.
pub(crate) const EVENT_WATCH: u32 = 4;
/// DFSR: vector catch.
pub(crate) const EVENT_CATCH: u32 = 8;

/// DEMCR: halt after a reset.
pub(crate) const CATCH_RESET: u32 = 1;
/// DEMCR: halt on MemManage.
pub(crate) const CATCH_MEM_MANAGE: u32 = 1 << 4;
/// DEMCR: halt on a coprocessor fault.
pub(crate) const CATCH_COPROCESSOR: u32 = 1 << 5;
/// DEMCR: halt on the trapped checks.
pub(crate) const CATCH_CHECK: u32 = 1 << 6;
/// DEMCR: halt on the other usage faults.
pub(crate) const CATCH_STATE: u32 = 1 << 7;
/// DEMCR: halt on BusFault.
pub(crate) const CATCH_BUS: u32 = 1 << 8;
/// DEMCR: halt on faults of exception entry and return.
pub(crate) const CATCH_ENTRY: u32 = 1 << 9;
/// DEMCR: halt on HardFault.
pub(crate) const CATCH_HARD: u32 = 1 << 10;
/// DEMCR: the debug monitor is on.
pub(crate) const MONITOR_ENABLE: u32 = 1 << 16;
const MONITOR_BITS: u32 = 0xF << 16;
const TRACE_ENABLE: u32 = 1 << 24;
const CATCH_BITS: u32 = 0x7F1;

const BREAKPOINTS: usize = 8;
const WATCHPOINTS: usize = 4;

#[derive(Debug, Clone, Copy, Default)]
struct Watch {
    address: u32,
    mask: u32,
    function: u32,
    matched: bool,
}

#[derive(Clone)]
pub(crate) struct Debug {
    pub(crate) enabled: bool,
    /// C_HALT: a request while the core runs.
    pub(crate) halt: bool,
    pub(crate) step: bool,
    pub(crate) mask_interrupts: bool,
    /// C_SNAPSTALL: kept, without effect.
    snap: bool,
    pub(crate) halted: bool,
    /// An instruction is to be executed and the core halted again.
    pub(crate) stepping: bool,
    /// A reset was caught; it takes effect when debug is open.
    pub(crate) reset_caught: bool,
    /// A vector was caught on entry.
    pub(crate) vector_caught: bool,
    /// A watchpoint matched in the instruction that just ran.
    pub(crate) watch_hit: bool,
    pub(crate) was_reset: bool,
    pub(crate) retired: bool,
    pub(crate) demcr: u32,
    pub(crate) dcrdr: u32,
    pub(crate) dfsr: u32,
    fp_enabled: bool,
    fp_comparators: [u32; BREAKPOINTS],
    dwt_control: u32,
    /// CYCCNT while it stands still, or its difference to the instruction count while it runs.
    cycles: u32,
    watches: [Watch; WATCHPOINTS],
    /// At least one watchpoint is armed.
    pub(crate) watching: bool,
}

const CYCLES_ENABLE: u32 = 1;

impl Debug {
    pub(crate) const fn new() -> Self {
        Self {
            enabled: false,
            halt: false,
            step: false,
            mask_interrupts: false,
            snap: false,
            halted: false,
            stepping: false,
            reset_caught: false,
            vector_caught: false,
            watch_hit: false,
            was_reset: false,
            retired: false,
            demcr: 0,
            dcrdr: 0,
            dfsr: 0,
            fp_enabled: false,
            fp_comparators: [0; BREAKPOINTS],
            dwt_control: 0,
            cycles: 0,
            watches: [Watch { address: 0, mask: 0, function: 0, matched: false }; WATCHPOINTS],
            watching: false,
        }
    }

    /// The core's reset: what debug shows of it. Nothing else of it is reset by the system (decision 3).
    pub(crate) const fn core_reset(&mut self) {
        self.was_reset = true;
        self.stepping = false;
        self.vector_caught = false;
        self.watch_hit = false;
        self.halted = false;
        self.reset_caught = self.demcr & CATCH_RESET != 0;
        self.demcr &= !MONITOR_BITS;
    }

    /// The control half of DHCSR.
    pub(crate) const fn control(&self) -> u32 {
        self.enabled as u32
            | (self.halt as u32) << 1
            | (self.step as u32) << 2
            | (self.mask_interrupts as u32) << 3
            | (self.snap as u32) << 5
    }

    /// Writes DHCSR; the key has been checked. What follows from it for a running core is the run loop's business.
    pub(crate) fn set_control(&mut self, value: u32) {
        let was_enabled = self.enabled;
        self.enabled = value & 1 != 0;
        if !self.enabled {
            self.halt = false;
            self.step = false;
            self.mask_interrupts = false;
            self.snap = false;
            self.halted = false;
            self.stepping = false;
            return;
        }
        self.snap = value >> 5 & 1 != 0;
        if self.halted || value & 2 != 0 {
            // Step and mask are stable while the core halts or is made to halt.
            self.step = value >> 2 & 1 != 0;
            self.mask_interrupts = value >> 3 & 1 != 0;
        }
        self.halt = value & 2 != 0;
        if self.halted && !was_enabled {
            // The core halted by a reset catch before debug was enabled: enabling it doesn't resume
            // (assumption A70).
            self.halt = true;
        } else if self.halted && !self.halt {
            self.halted = false;
            self.stepping = self.step;
        }
    }

    /// Writes DEMCR; a reset catch that is taken back before it took effect is forgotten.
    pub(crate) const fn set_demcr(&mut self, value: u32) {
        self.demcr = value & (CATCH_BITS | MONITOR_BITS | TRACE_ENABLE);
        if self.demcr & CATCH_RESET == 0 {
            self.reset_caught = false;
        }
    }

    /// Whether a comparator holds this instruction's address.
    pub(crate) fn breakpoint_at(&self, address: u32) -> bool {
        self.fp_enabled && self.fp_comparators.iter().any(|word| word & 1 != 0 && word & !1 == address)
    }

    /// The breakpoint unit's register at an offset.
    pub(crate) fn read_breakpoints(&self, offset: u32) -> u32 {
        match offset {
            // Revision 2, eight comparators, no remapping.
            0x0 => 0x1000_0080 | u32::from(self.fp_enabled),
            0x8..=0x24 => self.fp_comparators.get((offset as usize - 8) / 4).copied().unwrap_or(0),
            0xFB4 => 0,
            _ => 0,
        }
    }

    /// Writes a register of the breakpoint unit; gives the addresses whose decoded form is no longer true.
    pub(crate) fn write_breakpoints(&mut self, offset: u32, value: u32) -> [Option<u32>; BREAKPOINTS + 1] {
        let mut stale = [None; BREAKPOINTS + 1];
        let armed = |word: u32| (word & 1 != 0).then_some(word & !1);
        match offset {
            0x0 if value & 2 != 0 => {
                self.fp_enabled = value & 1 != 0;
                for (entry, word) in stale.iter_mut().zip(self.fp_comparators) {
                    *entry = armed(word);
                }
            }
            0x8..=0x24 => {
                if let Some(word) = self.fp_comparators.get_mut((offset as usize - 8) / 4) {
                    stale[0] = armed(*word);
                    stale[1] = armed(value);
                    *word = value;
                }
            }
            _ => {}
        }
        stale
    }

    /// Whether an access of `size` bytes meets an armed comparator; notes the match.
    pub(crate) fn watches(&mut self, address: u32, size: u32, write: bool) -> bool {
        let mut hit = false;
        for watch in &mut self.watches {
            let wanted = if write { 6 } else { 5 };
            if watch.function & 0xF != wanted && watch.function & 0xF != 7 {
                continue;
            }
            let span = 1u32 << watch.mask;
            let first = watch.address & !(span - 1);
            if address.wrapping_sub(first) < span || first.wrapping_sub(address) < size {
                watch.matched = true;
                hit = true;
            }
        }
        hit
    }

    /// Whether a comparator could match in the page of an address: such pages stay out of the page tables.
    pub(crate) fn watches_page(&self, address: u32) -> bool {
        self.watching
            && self.watches.iter().any(|watch| {
                let low = watch.address & !((1u32 << watch.mask) - 1);
                let high = low | ((1u32 << watch.mask) - 1);
                watch.function & 0xF >= 5 && low >> 12 <= address >> 12 && address >> 12 <= high >> 12
            })
    }

    /// CYCCNT.
    pub(crate) const fn cycle_count(&self, now: u64) -> u32 {
        if self.dwt_control & CYCLES_ENABLE != 0 { (now as u32).wrapping_sub(self.cycles) } else { self.cycles }
    }

    /// A register of the watchpoint unit; reading a function register clears its match flag, for the core as for the
    /// debugger.
    pub(crate) fn read_watchpoints(&mut self, offset: u32, now: u64) -> u32 {
        match offset {
            // Four comparators, no trace packets.
            0x0 => 0x4A00_0000 | self.dwt_control,
            0x4 => self.cycle_count(now),
            0x20..=0x5C => {
                let Some(watch) = self.watches.get_mut((offset as usize - 0x20) / 16) else { return 0 };
                match offset & 0xC {
                    0x0 => watch.address,
                    0x4 => watch.mask,
                    0x8 => {
                        let matched = u32::from(std::mem::take(&mut watch.matched)) << 24;
                        watch.function | matched
                    }
                    _ => 0,
                }
            }
            _ => 0,
        }
    }

    /// Writes a register of the watchpoint unit; `true` when the page tables must be rebuilt.
    pub(crate) fn write_watchpoints(&mut self, offset: u32, value: u32, now: u64) -> bool {
        match offset {
            0x0 => {
                let count = self.cycle_count(now);
                self.dwt_control = value & CYCLES_ENABLE;
                self.set_cycle_count(count, now);
                false
            }
            0x4 => {
                self.set_cycle_count(value, now);
                false
            }
            0x20..=0x5C => {
                let Some(watch) = self.watches.get_mut((offset as usize - 0x20) / 16) else { return false };
                match offset & 0xC {
                    0x0 => watch.address = value,
                    0x4 => watch.mask = value & 0xF,
                    0x8 => {
                        watch.function = value & 0x00FF_FFFF;
                        watch.matched = false;
                    }
                    _ => {}
                }
                self.watching = self.watches.iter().any(|watch| watch.function & 0xF >= 5);
                true
            }
            _ => false,
        }
    }

    const fn set_cycle_count(&mut self, count: u32, now: u64) {
        self.cycles = if self.dwt_control & CYCLES_ENABLE != 0 { (now as u32).wrapping_sub(count) } else { count };
    }
}
