//! Exceptions: which one is taken, what goes on the stack, what a return restores, how faults escalate, lockup.

use super::nvic::{self, LOWEST};
use super::scs::{cfsr, hfsr};
use super::{Cpu, Fault, Signal, Sleep, debug};
use crate::{Board, Width};

/// The frame's bytes without and with the floating-point registers.
const BASIC_FRAME: u32 = 0x20;
const EXTENDED_FRAME: u32 = 0x68;
/// In a stacked xPSR: the stack pointer was moved to a multiple of 8.
const REALIGNED: u32 = 1 << 9;
/// EXC_RETURN bit 4: the frame is a basic one.
const RETURN_BASIC: u32 = 1 << 4;

impl Cpu {
    /// The execution priority is below 0: in NMI, HardFault, or with FAULTMASK set.
    pub(crate) fn has_negative_priority(&self) -> bool {
        self.faultmask || self.nvic.is_active(nvic::HARD_FAULT) || self.nvic.is_active(nvic::NMI)
    }

    /// The execution priority; `primask` as the caller wants it counted.
    fn execution_priority(&self, primask: bool) -> i16 {
        let mut priority = self.nvic.active_priority();
        if self.basepri != 0 {
            priority = priority.min(self.nvic.group_priority(i16::from(self.basepri)));
        }
        if primask {
            priority = priority.min(0);
        }
        if self.faultmask {
            priority = priority.min(-1);
        }
        priority
    }

    /// The pending exception that may be taken now.
    pub(crate) fn takeable(&self) -> Option<u16> {
        let (exception, priority) = self.nvic.first_pending()?;
        (priority < self.execution_priority(self.primask)).then_some(exception)
    }

    /// Whether something is pending that ends a WFI: PRIMASK doesn't count.
    pub(crate) fn wakes(&self) -> bool {
        self.nvic.first_pending().is_some_and(|(_, priority)| priority < self.execution_priority(false))
    }
}

impl Board {
    /// FAULTMASK: can't be set from NMI or HardFault.
    pub(crate) fn set_faultmask(&mut self, value: bool) {
        if !value {
            self.cpu.faultmask = false;
        } else if self.cpu.execution_priority(self.cpu.primask) > -1 {
            self.cpu.faultmask = true;
        }
        self.refresh_view();
    }

    /// CONTROL, written by privileged code.
    pub(crate) fn set_control(&mut self, value: u32) {
        self.cpu.unprivileged = value & 1 != 0;
        if !self.cpu.is_handler() {
            self.cpu.switch(0, value & 2 != 0);
        }
        if self.cpu.system.float_allowed(true) {
            self.cpu.fp_active = value & 4 != 0;
        }
        self.refresh_view();
    }

    /// Takes a pending exception; the program counter is the address to return to.
    pub(crate) fn take_exception(&mut self, exception: u16) {
        let exception = match self.push_frame() {
            Ok(()) => exception,
            Err(fault) => self.stacking_failed(exception, fault),
        };
        let link = self.return_value();
        self.enter_handler(exception, link);
    }

    /// EXC_RETURN for the state before the entry.
    fn return_value(&self) -> u32 {
        let mode = match (self.cpu.is_handler(), self.cpu.process_stack) {
            (true, _) => 0xFFFF_FFE1,
            (false, false) => 0xFFFF_FFE9,
            (false, true) => 0xFFFF_FFED,
        };
        if self.cpu.fp_active { mode } else { mode | RETURN_BASIC }
    }

    fn push_frame(&mut self) -> Result<(), Fault> {
        let extended = self.cpu.fp_active;
        let size = if extended { EXTENDED_FRAME } else { BASIC_FRAME };
        let sp = self.cpu.sp();
        // The extended frame is always aligned to 8.
        let aligns = self.cpu.system.aligns_stack() || extended;
        let realigned = aligns && sp & 4 != 0;
        let frame = (if realigned { sp & !4 } else { sp }).wrapping_sub(size);
        self.cpu.set_sp(frame);
        let cpu = &self.cpu;
        let psr = cpu.xpsr() & !REALIGNED | if realigned { REALIGNED } else { 0 };
        let words = [cpu.get(0), cpu.get(1), cpu.get(2), cpu.get(3), cpu.get(12), cpu.get(14), cpu.pc, psr];
        let mut address = frame;
        for word in words {
            self.store_checked(address, Width::Word, word)?;
            address = address.wrapping_add(4);
        }
        if extended {
            // Eagerly: the space that lazy preservation would fill later is filled now.
            for index in 0..16 {
                let word = self.cpu.s.get(index).copied().unwrap_or(0);
                self.store_checked(address, Width::Word, word)?;
                address = address.wrapping_add(4);
            }
            self.store_checked(address, Width::Word, self.cpu.fpscr)?;
            self.cpu.system.fpcar = frame.wrapping_add(BASIC_FRAME);
        }
        Ok(())
    }

    /// A fault while stacking: the higher of the two exceptions is entered, the other stays pending.
    fn stacking_failed(&mut self, exception: u16, fault: Fault) -> u16 {
        let derived = match fault {
            Fault::DataMpu(_) => {
                self.cpu.system.cfsr |= cfsr::MSTKERR;
                nvic::MEM_MANAGE
            }
            _ => {
                self.cpu.system.cfsr |= cfsr::STKERR;
                nvic::BUS_FAULT
            }
        };
        self.pend_derived(derived);
        match self.cpu.nvic.first_pending() {
            Some((first, priority)) if priority < self.cpu.nvic.priority(exception) => {
                self.cpu.nvic.set_pending(exception, true);
                first
            }
            _ => exception,
        }
    }

    /// Makes a fault pending, as HardFault when its own handler can't take it.
    fn pend_derived(&mut self, fault: u16) {
        let enabled = self.cpu.system.fault_enabled(fault);
        let preempts = self.cpu.nvic.priority(fault) < self.cpu.execution_priority(self.cpu.primask);
        if enabled && preempts {
            self.cpu.nvic.set_pending(fault, true);
        } else {
            self.cpu.system.hfsr |= hfsr::FORCED;
            self.cpu.nvic.set_pending(nvic::HARD_FAULT, true);
        }
    }

    /// Goes to the handler; what was to be stacked is.
    fn enter_handler(&mut self, exception: u16, link: u32) {
        let vector_address = self.cpu.system.vtor.wrapping_add(u32::from(exception) * 4);
        self.cpu.nvic.set_pending(exception, false);
        let vector = self.bus_read(vector_address, Width::Word);
        let (exception, vector) = match vector {
            Ok(vector) => (exception, vector),
            Err(_) => {
                self.cpu.system.hfsr |= hfsr::VECTTBL;
                let own = self.cpu.system.vtor.wrapping_add(u32::from(nvic::HARD_FAULT) * 4);
                match self.bus_read(own, Width::Word) {
                    Ok(vector) if exception > nvic::HARD_FAULT => (nvic::HARD_FAULT, vector),
                    _ => {
                        self.lock_up();
                        return;
                    }
                }
            }
        };
        // Handlers use the main stack; SPSEL reads as 0 there.
        self.cpu.switch(exception, false);
        self.cpu.set(14, link);
        self.cpu.nvic.set_active(exception, true);
        self.cpu.fp_active = false;
        self.cpu.itstate = 0;
        self.cpu.exclusive = false;
        self.cpu.event = true;
        self.cpu.sleep = Sleep::Awake;
        self.cpu.lockup = false;
        self.cpu.thumb = vector & 1 != 0;
        self.cpu.pc = vector & !1;
        self.cpu.signal = Signal::None;
        self.refresh_view();
        self.note_vector(exception);
    }

    /// Halts on the handler's first instruction if the debugger asked for it.
    fn note_vector(&mut self, exception: u16) {
        let bits = self.cpu.system.cfsr;
        let usage = |mask: u32, catch: u32| if bits & mask != 0 { catch } else { 0 };
        let wanted = match exception {
            nvic::HARD_FAULT => debug::CATCH_HARD,
            nvic::MEM_MANAGE => debug::CATCH_MEM_MANAGE,
            nvic::BUS_FAULT => debug::CATCH_BUS,
            nvic::USAGE_FAULT => {
                usage(cfsr::NOCP, debug::CATCH_COPROCESSOR)
                    | usage(cfsr::UNALIGNED | cfsr::DIVBYZERO, debug::CATCH_CHECK)
                    | usage(cfsr::UNDEFINSTR | cfsr::INVSTATE | cfsr::INVPC, debug::CATCH_STATE)
            }
            _ => 0,
        };
        let entry = cfsr::MSTKERR | cfsr::STKERR | cfsr::MUNSTKERR | cfsr::UNSTKERR;
        let wanted = wanted | if wanted != 0 { usage(entry, debug::CATCH_ENTRY) } else { 0 };
        if self.cpu.debug.enabled && self.cpu.debug.demcr & wanted != 0 {
            self.cpu.debug.vector_caught = true;
        }
    }

    /// No handler can help: the core stands still until a reset, an NMI or a debugger.
    pub(crate) fn lock_up(&mut self) {
        self.cpu.lockup = true;
        self.cpu.signal = Signal::None;
        self.cpu.itstate = 0;
        self.cpu.pc = 0xFFFF_FFFE;
    }

    /// A fault, with the program counter at the address to be stacked.
    pub(crate) fn raise(&mut self, fault: Fault) {
        let exception = self.note_fault(fault);
        self.enter_fault(exception, fault, None);
    }

    /// Enters a fault's handler; `chained` is the link value when the frame is on the stack already.
    fn enter_fault(&mut self, exception: u16, fault: Fault, chained: Option<u32>) {
        let priority = self.cpu.execution_priority(self.cpu.primask);
        let enabled = match exception {
            nvic::SV_CALL => true,
            nvic::DEBUG_MONITOR => self.cpu.debug.demcr & debug::MONITOR_ENABLE != 0,
            exception => self.cpu.system.fault_enabled(exception),
        };
        let exception = if enabled && self.cpu.nvic.priority(exception) < priority {
            exception
        } else {
            if priority < 0 {
                self.lock_up();
                return;
            }
            self.cpu.system.hfsr |= if fault == Fault::Breakpoint { hfsr::DEBUGEVT } else { hfsr::FORCED };
            nvic::HARD_FAULT
        };
        match chained {
            None => self.take_exception(exception),
            Some(link) => self.enter_handler(exception, link),
        }
    }

    /// Writes a fault's status; gives the exception that stands for it.
    fn note_fault(&mut self, fault: Fault) -> u16 {
        let system = &mut self.cpu.system;
        let usage = |bit| (bit, nvic::USAGE_FAULT);
        let (bits, exception) = match fault {
            Fault::Undefined => usage(cfsr::UNDEFINSTR),
            Fault::NoCoprocessor => usage(cfsr::NOCP),
            Fault::InvalidState => usage(cfsr::INVSTATE),
            Fault::InvalidPc => usage(cfsr::INVPC),
            Fault::Unaligned => usage(cfsr::UNALIGNED),
            Fault::DivideByZero => usage(cfsr::DIVBYZERO),
            Fault::DataBus(address) => {
                system.bfar = address;
                (cfsr::PRECISERR | cfsr::BFARVALID, nvic::BUS_FAULT)
            }
            Fault::DataMpu(address) => {
                system.mmfar = address;
                (cfsr::DACCVIOL | cfsr::MMARVALID, nvic::MEM_MANAGE)
            }
            Fault::FetchBus => (cfsr::IBUSERR, nvic::BUS_FAULT),
            Fault::FetchMpu => (cfsr::IACCVIOL, nvic::MEM_MANAGE),
            Fault::SupervisorCall => (0, nvic::SV_CALL),
            Fault::Breakpoint => (0, nvic::DEBUG_MONITOR),
        };
        system.cfsr |= bits;
        exception
    }

    /// An EXC_RETURN value was branched to in handler mode.
    pub(crate) fn return_from_exception(&mut self, value: u32) {
        let returning = self.cpu.ipsr;
        let nested = self.cpu.nvic.active_count();
        let legal_bits = value & 0x0FFF_FFE0 == 0x0FFF_FFE0;
        let (to_handler, to_process) = match value & 0xF {
            1 => (true, false),
            9 => (false, false),
            13 => (false, true),
            _ => {
                self.bad_return(returning, value);
                return;
            }
        };
        let depth_fits =
            if to_handler { nested > 1 } else { nested == 1 || self.cpu.system.allows_thread_above_base() };
        if !self.cpu.nvic.is_active(returning) || !legal_bits || !depth_fits {
            self.bad_return(returning, value);
            return;
        }
        self.deactivate(returning);
        // Tail-chaining: what is pending goes first, over the frame that stays where it is.
        self.sync_lines();
        if let Some(exception) = self.cpu.takeable() {
            self.enter_handler(exception, value);
            return;
        }
        self.pop_frame(value, to_handler, to_process);
    }

    fn bad_return(&mut self, returning: u16, value: u32) {
        self.deactivate(returning);
        let exception = self.note_fault(Fault::InvalidPc);
        self.enter_fault(exception, Fault::InvalidPc, Some(value));
    }

    fn deactivate(&mut self, exception: u16) {
        self.cpu.nvic.set_active(exception, false);
        if exception != nvic::NMI {
            self.cpu.faultmask = false;
        }
        self.refresh_view();
    }

    fn pop_frame(&mut self, value: u32, to_handler: bool, to_process: bool) {
        let extended = value & RETURN_BASIC == 0;
        let frame = if to_process { self.cpu.psp() } else { self.cpu.msp() };
        let mut words = [0; 8];
        let mut floats = [0; 17];
        let mut failed = None;
        let count = if extended { 25 } else { 8 };
        let mut address = frame;
        // With the rights of the code returned to.
        self.cpu.as_user = !to_handler && self.cpu.unprivileged;
        self.refresh_view();
        for slot in words.iter_mut().chain(&mut floats).take(count) {
            match self.load_checked(address, Width::Word) {
                Ok(word) => *slot = word,
                Err(fault) => failed = failed.or(Some(fault)),
            }
            address = address.wrapping_add(4);
        }
        self.cpu.as_user = false;
        self.refresh_view();
        if let Some(fault) = failed {
            let (bits, exception) = match fault {
                Fault::DataMpu(_) => (cfsr::MUNSTKERR, nvic::MEM_MANAGE),
                _ => (cfsr::UNSTKERR, nvic::BUS_FAULT),
            };
            self.cpu.system.cfsr |= bits;
            self.enter_fault(exception, fault, Some(value));
            return;
        }
        let [r0, r1, r2, r3, r12, lr, pc, psr] = words;
        let ipsr = (psr & 0x1FF) as u16;
        let sp = frame.wrapping_add(if extended { EXTENDED_FRAME } else { BASIC_FRAME });
        let aligns = self.cpu.system.aligns_stack() || extended;
        let sp = if aligns && psr & REALIGNED != 0 { sp | 4 } else { sp };
        if to_process {
            self.cpu.set_psp(sp);
        } else {
            self.cpu.set_msp(sp);
        }
        let cpu = &mut self.cpu;
        for (register, word) in [(0, r0), (1, r1), (2, r2), (3, r3), (12, r12), (14, lr)] {
            cpu.set(register, word);
        }
        cpu.pc = pc & !1;
        cpu.set_apsr_epsr(psr);
        if extended {
            let [floats @ .., status] = floats;
            for (register, word) in cpu.s.iter_mut().zip(floats) {
                *register = word;
            }
            cpu.fpscr = status;
        }
        cpu.fp_active = extended;
        cpu.switch(ipsr, to_process);
        cpu.exclusive = false;
        cpu.event = true;
        cpu.signal = Signal::None;
        self.refresh_view();
        if to_handler == (ipsr == 0) {
            // The frame belongs to another mode than the return names.
            self.raise(Fault::InvalidPc);
        } else if !to_handler && self.cpu.system.sleeps_on_exit() && self.cpu.nvic.active_priority() == LOWEST {
            self.cpu.sleep = Sleep::ForInterrupt;
        }
    }
}
