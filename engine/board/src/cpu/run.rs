//! Running: the loop over decoded instructions, IT blocks, and between slices everything else that can happen:
//! resets, halts, timers, interrupts, sleep.

use super::decode::{self, Place};
use super::page::{CodePage, Slots};
use super::scs::ResetRequest;
use super::{Fault, Signal, Sleep, debug};
use crate::{Board, ResetCause, Stopped, Width};

/// What the slow way to execute does with breakpoint comparators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparators {
    Heeded,
    Ignored,
}

impl Board {
    /// Runs up to `instructions` instructions; says why it stopped. Each takes one tick of time (assumption A74).
    pub fn run(&mut self, instructions: u64) -> Stopped {
        let end = self.cpu.now().saturating_add(instructions);
        loop {
            if let Some(stopped) = self.attend() {
                return stopped;
            }
            let now = self.cpu.now();
            if now >= end {
                return Stopped::Budget;
            }
            let due = self.next_deadline().unwrap_or(end).clamp(now + 1, end);
            let stepping = self.cpu.debug.stepping;
            self.cpu.slice_end = if stepping { now + 1 } else { due };
            self.cpu.left = self.cpu.slice_end - now;
            self.execute();
            self.cpu.stop();
            self.cpu.debug.retired = true;
            if stepping && !self.cpu.debug.halted {
                self.attend_halt_requests();
                if !self.cpu.debug.halted {
                    self.halt(debug::EVENT_HALTED);
                }
            }
        }
    }

    /// The next moment at which something is due without the core's doing.
    fn next_deadline(&self) -> Option<u64> {
        let due = [self.peripherals.deadline(), self.cpu.systick.deadline()];
        due.into_iter().flatten().min()
    }

    /// What stands between two slices. Gives a reason not to run.
    fn attend(&mut self) -> Option<Stopped> {
        if self.in_reset {
            return Some(Stopped::Halted);
        }
        let now = self.cpu.now();
        if self.peripherals.deadline().is_some_and(|due| due <= now) {
            self.peripherals.advance(&mut self.memory, now);
        }
        self.sync_windows();
        self.attend_resets();
        self.attend_halt_requests();
        if self.cpu.debug.halted {
            return Some(Stopped::Halted);
        }
        self.advance_systick(now);
        self.sync_lines();
        if self.peripherals.take_event() {
            self.cpu.event = true;
        }
        if let Some(exception) = self.takeable() {
            self.take_exception(exception);
            if self.cpu.debug.stepping || self.cpu.debug.vector_caught {
                self.attend_halt_requests();
                if self.cpu.debug.stepping {
                    self.halt(debug::EVENT_HALTED);
                }
                if self.cpu.debug.halted {
                    return Some(Stopped::Halted);
                }
            }
        }
        if self.cpu.lockup {
            return Some(Stopped::LockedUp);
        }
        if self.stays_asleep() { Some(Stopped::Sleeping { until: self.next_deadline() }) } else { None }
    }

    pub(crate) fn attend_resets(&mut self) {
        match self.cpu.system.reset_request.take() {
            Some(ResetRequest::System) => self.reset(ResetCause::Software),
            Some(ResetRequest::Core) => self.reset_core(),
            None => {}
        }
        if let Some(cause) = self.peripherals.take_reset_request() {
            self.reset(cause);
        }
    }

    /// Shows the interrupt lines' levels to the NVIC.
    pub(crate) fn sync_lines(&mut self) {
        let lines = self.peripherals.interrupts();
        self.cpu.nvic.set_lines(lines);
    }

    fn takeable(&self) -> Option<u16> {
        let exception = self.cpu.takeable()?;
        let masked = self.cpu.debug.mask_interrupts && self.cpu.debug.enabled;
        (!masked || exception < super::nvic::PEND_SV).then_some(exception)
    }

    fn stays_asleep(&mut self) -> bool {
        let woken = match self.cpu.sleep {
            Sleep::Awake => return false,
            Sleep::ForInterrupt => self.cpu.wakes(),
            Sleep::ForEvent => {
                let pended = self.cpu.system.pending_is_event() && self.cpu.nvic.any_line_pending();
                std::mem::take(&mut self.cpu.event) || pended || self.cpu.wakes()
            }
        };
        if woken || self.cpu.debug.stepping {
            self.cpu.sleep = Sleep::Awake;
            return false;
        }
        true
    }

    /// Runs the slice that is set.
    fn execute(&mut self) {
        while self.cpu.left != 0 {
            let pc = self.cpu.pc;
            if !self.cpu.thumb {
                self.cpu.left -= 1;
                self.raise(Fault::InvalidState);
                self.cpu.stop();
                return;
            }
            match self.enter_page(pc) {
                Some(mut code) => {
                    let pc = self.run_page(&mut code, pc);
                    self.memory.return_code(code);
                    self.cpu.pc = pc & !1;
                    if self.cpu.signal == Signal::Decode {
                        // An instruction that isn't cached.
                        self.cpu.signal = Signal::None;
                        self.execute_single(Comparators::Heeded);
                    }
                }
                None => self.execute_single(Comparators::Heeded),
            }
            if self.cpu.signal != Signal::None {
                self.attend_signal();
                self.cpu.stop();
                return;
            }
        }
    }

    /// The decoded page at an address, if the whole page is memory that the running code may execute, or external memory
    /// that can be held.
    fn enter_page(&mut self, pc: u32) -> Option<Box<CodePage>> {
        if !self.cpu.mpu.known_executable(pc) {
            let rights = self.cpu.mpu.rights(pc, self.cpu.is_privileged(), self.mpu_active());
            if !rights.execute || !rights.uniform {
                return None;
            }
            self.cpu.mpu.note_executable(pc);
        }
        self.memory.take_code(pc).or_else(|| if self.hold_page(pc) { self.memory.take_code(pc) } else { None })
    }

    fn attend_signal(&mut self) {
        match std::mem::replace(&mut self.cpu.signal, Signal::None) {
            Signal::None | Signal::Decode | Signal::ItBlock => {}
            Signal::Fault(fault) => self.raise(fault),
            Signal::ExceptionReturn(value) => self.return_from_exception(value),
            Signal::Breakpoint => self.meet_breakpoint(),
            Signal::WaitForInterrupt => self.cpu.sleep = Sleep::ForInterrupt,
            Signal::WaitForEvent => self.cpu.sleep = Sleep::ForEvent,
        }
    }

    fn meet_breakpoint(&mut self) {
        if self.may_halt() {
            self.halt(debug::EVENT_BREAKPOINT);
        } else if self.cpu.debug.breakpoint_at(self.cpu.pc) {
            // A comparator without halting debug: the instruction itself.
            self.cpu.stop();
            self.cpu.slice_end += 1;
            self.cpu.left = 1;
            self.execute_single(Comparators::Ignored);
            self.attend_signal();
        } else {
            self.raise(Fault::Breakpoint);
        }
    }

    /// Runs inside one page; gives the address to go on at, which may be odd: then a signal is set.
    fn run_page(&mut self, code: &mut CodePage, start: u32) -> u32 {
        let base = start & !0xFFF;
        let mut pc = start;
        loop {
            pc = if self.cpu.itstate == 0 {
                self.run_plain(&code.plain, base, pc)
            } else {
                self.run_it_block(code.slots(true), base, pc)
            };
            let signal = self.cpu.signal;
            match signal {
                Signal::ItBlock => {
                    self.cpu.signal = Signal::None;
                    pc &= !1;
                }
                Signal::Decode if self.decode_slot(code, pc & !1) => {
                    self.cpu.signal = Signal::None;
                    pc &= !1;
                }
                // An IT block that ended inside the page.
                Signal::None if self.cpu.left != 0 && pc & !0xFFF == base => {}
                _ => return pc,
            }
        }
    }

    /// The loop: decoded instructions outside of IT blocks. An address outside of the page, and an odd one, has no
    /// slot and ends it.
    fn run_plain(&mut self, slots: &Slots, base: u32, start: u32) -> u32 {
        let mut pc = start;
        loop {
            let index = pc.wrapping_sub(base).rotate_right(1) as usize;
            let Some(insn) = slots.get(index) else { break };
            // One subtraction in memory both counts and tells that nothing is left.
            let (left, exhausted) = self.cpu.left.overflowing_sub(1);
            self.cpu.left = left;
            if exhausted {
                self.cpu.left = 0;
                break;
            }
            pc = (insn.run)(self, insn, pc.wrapping_add(u32::from(insn.len)));
        }
        pc
    }

    fn run_it_block(&mut self, slots: &Slots, base: u32, start: u32) -> u32 {
        let mut pc = start;
        while self.cpu.left != 0 && self.cpu.itstate != 0 {
            let index = pc.wrapping_sub(base).rotate_right(1) as usize;
            let Some(insn) = slots.get(index) else { break };
            self.cpu.left -= 1;
            let next = pc.wrapping_add(u32::from(insn.len));
            if insn.len != 0 && !insn.is_breakpoint() && !self.cpu.holds(self.cpu.itstate >> 4) {
                pc = next;
            } else {
                pc = (insn.run)(self, insn, next);
                if pc & 1 != 0 && !self.completed() {
                    break;
                }
            }
            self.cpu.advance_it();
        }
        pc
    }

    /// Whether the instruction that set the signal counts as executed, for ITSTATE.
    const fn completed(&self) -> bool {
        match self.cpu.signal {
            Signal::Fault(Fault::SupervisorCall | Fault::InvalidState) => true,
            Signal::Fault(_) | Signal::Decode | Signal::Breakpoint => false,
            _ => true,
        }
    }

    /// Decodes the instruction at an address of the page; `false` when it can't be kept, because it reaches into the
    /// next page.
    fn decode_slot(&mut self, code: &mut CodePage, pc: u32) -> bool {
        let in_it = self.cpu.itstate != 0;
        let index = (pc & 0xFFF) as usize / 2;
        let Some(first) = self.memory.code_half(pc) else { return false };
        let mut second = 0;
        if decode::is_long(first) {
            if pc & 0xFFF == 0xFFE {
                return false;
            }
            match self.memory.code_half(pc.wrapping_add(2)) {
                Some(word) => second = word,
                None => return false,
            }
        }
        let insn = if self.cpu.debug.breakpoint_at(pc) {
            decode::breakpoint()
        } else {
            decode::decode(first, second, Place { address: pc, in_it })
        };
        if let Some(slot) = code.slots(in_it).get_mut(index) {
            *slot = insn;
        }
        true
    }

    /// Executes one instruction without the cache: at a page's end, from external memory that can't be held, in a page
    /// that a region's border splits, under a comparator.
    fn execute_single(&mut self, comparators: Comparators) {
        let pc = self.cpu.pc;
        self.cpu.left = self.cpu.left.saturating_sub(1);
        let fetched = self.fetch(pc).and_then(|first| {
            let second = if decode::is_long(first) { self.fetch(pc.wrapping_add(2))? } else { 0 };
            Ok((first, second))
        });
        let (first, second) = match fetched {
            Ok(halves) => halves,
            Err(fault) => {
                self.cpu.signal = Signal::Fault(fault);
                return;
            }
        };
        let in_it = self.cpu.itstate != 0;
        let insn = if comparators == Comparators::Heeded && self.cpu.debug.breakpoint_at(pc) {
            decode::breakpoint()
        } else {
            decode::decode(first, second, Place { address: pc, in_it })
        };
        let next = pc.wrapping_add(u32::from(insn.len));
        if in_it && !insn.is_breakpoint() && !self.cpu.holds(self.cpu.itstate >> 4) {
            self.cpu.pc = next;
            self.cpu.advance_it();
            return;
        }
        let target = (insn.run)(self, &insn, next);
        self.cpu.pc = target & !1;
        if in_it && (target & 1 == 0 || self.completed()) {
            self.cpu.advance_it();
        }
        if self.cpu.signal == Signal::ItBlock {
            self.cpu.signal = Signal::None;
        }
    }

    /// Moves over the instruction at the program counter.
    pub(crate) fn leave_out_instruction(&mut self) {
        let Ok(first) = self.fetch(self.cpu.pc) else { return };
        let size = if decode::is_long(first) { 4 } else { 2 };
        self.cpu.pc = self.cpu.pc.wrapping_add(size);
        self.cpu.advance_it();
    }

    fn fetch(&mut self, address: u32) -> Result<u16, Fault> {
        let rights = self.cpu.mpu.rights(address, self.cpu.is_privileged(), self.mpu_active());
        if !rights.execute {
            return Err(Fault::FetchMpu);
        }
        match self.bus_read(address, Width::Half) {
            Ok(half) => Ok(half as u16),
            Err(_) => Err(Fault::FetchBus),
        }
    }
}
