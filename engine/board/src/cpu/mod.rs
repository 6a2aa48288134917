//! The core: an ARMv7E-M processor as the Cortex-M7 r1p2, with its private peripherals. This file holds the state
//! that instructions touch; decoding, running, exceptions, protection and debug have files of their own.

mod access;
mod alu;
mod coresight;
mod debug;
mod decode;
mod decode16;
mod decode32;
mod decode_vfp;
mod decode_vfp_data;
mod exception;
mod halting;
mod mpu;
mod nvic;
mod ops;
pub(crate) mod page;
mod polling;
mod run;
mod scs;
mod soft_float;
mod systick;

pub(crate) use debug::Debug;
pub(crate) use mpu::Mpu;
pub(crate) use nvic::Nvic;
pub(crate) use polling::{Access, Polling};
pub(crate) use scs::SystemControl;
pub(crate) use systick::SysTick;

/// Why an instruction did not complete, or could not be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// UsageFault: no such instruction.
    Undefined,
    /// UsageFault: coprocessor absent or closed by CPACR.
    NoCoprocessor,
    /// UsageFault: the Thumb bit is clear.
    InvalidState,
    /// UsageFault: EXC_RETURN or what it restores breaks the rules.
    InvalidPc,
    /// UsageFault: an access that must be aligned isn't.
    Unaligned,
    /// UsageFault: division by zero, trapped.
    DivideByZero,
    /// BusFault by a load or store, with its address.
    DataBus(u32),
    /// MemManage by a load or store, with its address.
    DataMpu(u32),
    /// BusFault by an instruction fetch.
    FetchBus,
    /// MemManage by an instruction fetch.
    FetchMpu,
    /// SVC.
    SupervisorCall,
    /// BKPT with halting debug off.
    Breakpoint,
}

/// Why the instruction loop was left, beyond an exhausted budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Nothing special.
    None,
    /// The slot at the program counter isn't decoded yet.
    Decode,
    /// An IT instruction ran: the next instructions are conditional.
    ItBlock,
    /// An instruction failed; the program counter is its own address.
    Fault(Fault),
    /// An EXC_RETURN value went to the program counter in handler mode.
    ExceptionReturn(u32),
    /// A breakpoint, by BKPT or by a comparator, at the program counter.
    Breakpoint,
    /// WFI.
    WaitForInterrupt,
    /// WFE with no event registered.
    WaitForEvent,
}

/// The core's registers and state.
#[derive(Clone)]
pub(crate) struct Cpu {
    /// R0–R14; R13 is the stack pointer in use. The rest is never reached: there are as many slots as a byte can
    /// name, so that no access needs a check.
    r: [u32; 256],
    /// The program counter between runs of the loop: the next instruction's address.
    pub(crate) pc: u32,
    /// N is bit 31.
    pub(crate) n: u32,
    /// Z is set when this is 0.
    pub(crate) z: u32,
    /// C: 0 or 1.
    pub(crate) c: u32,
    /// V is bit 31.
    pub(crate) v: u32,
    /// Q.
    pub(crate) q: bool,
    /// GE: four bits.
    pub(crate) ge: u32,
    /// ITSTATE; 0 outside of an IT block.
    pub(crate) itstate: u8,
    /// The Thumb bit: clear only between a bad branch and its UsageFault.
    pub(crate) thumb: bool,
    /// The stack pointer not in use.
    pub(crate) other_sp: u32,
    /// CONTROL.nPRIV.
    pub(crate) unprivileged: bool,
    /// CONTROL.SPSEL.
    pub(crate) process_stack: bool,
    /// CONTROL.FPCA.
    pub(crate) fp_active: bool,
    /// IPSR: the running exception's number, 0 in thread mode.
    pub(crate) ipsr: u16,
    pub(crate) primask: bool,
    pub(crate) faultmask: bool,
    pub(crate) basepri: u8,
    /// S0–S31.
    pub(crate) s: [u32; 32],
    pub(crate) fpscr: u32,
    /// The local exclusive monitor: set by LDREX.
    pub(crate) exclusive: bool,
    /// The event register of WFE.
    pub(crate) event: bool,
    pub(crate) sleep: Sleep,
    pub(crate) lockup: bool,
    pub(crate) signal: Signal,
    /// Instructions left in this slice.
    pub(crate) left: u64,
    /// The instruction count at which the slice ends.
    pub(crate) slice_end: u64,
    /// Loads and stores run unprivileged, for the duration of an LDRT or STRT.
    pub(crate) as_user: bool,
    pub(crate) system: SystemControl,
    pub(crate) nvic: Nvic,
    pub(crate) systick: SysTick,
    pub(crate) polling: Polling,
    pub(crate) mpu: Mpu,
    pub(crate) debug: Debug,
}

/// Whether the core sleeps, and what wakes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sleep {
    Awake,
    ForInterrupt,
    ForEvent,
}

impl Cpu {
    pub(crate) fn new() -> Self {
        Self {
            r: [0; 256],
            pc: 0,
            n: 0,
            z: 1,
            c: 0,
            v: 0,
            q: false,
            ge: 0,
            itstate: 0,
            thumb: true,
            other_sp: 0,
            unprivileged: false,
            process_stack: false,
            fp_active: false,
            ipsr: 0,
            primask: false,
            faultmask: false,
            basepri: 0,
            s: [0; 32],
            fpscr: 0,
            exclusive: false,
            event: false,
            sleep: Sleep::Awake,
            lockup: false,
            signal: Signal::None,
            left: 0,
            slice_end: 0,
            as_user: false,
            system: SystemControl::new(),
            nvic: Nvic::new(),
            systick: SysTick::new(),
            polling: Polling::new(),
            mpu: Mpu::new(),
            debug: Debug::new(),
        }
    }

    /// A general register. The stack pointer in use for 13; 15 reads as garbage: decoding resolves the program
    /// counter.
    #[inline(always)]
    pub(crate) fn get(&self, register: u8) -> u32 {
        #[expect(clippy::indexing_slicing, reason = "an eight-bit index into 256")]
        self.r[usize::from(register)]
    }

    /// Writes a general register. Writers of the stack pointer use [`Cpu::set_sp`].
    #[inline(always)]
    pub(crate) fn set(&mut self, register: u8, value: u32) {
        #[expect(clippy::indexing_slicing, reason = "an eight-bit index into 256")]
        {
            self.r[usize::from(register)] = value;
        }
    }

    /// Writes a register that may be the stack pointer, whose low two bits are always zero.
    #[inline(always)]
    pub(crate) fn set_any(&mut self, register: u8, value: u32) {
        self.set(register, if register == 13 { value & !3 } else { value });
    }

    #[inline(always)]
    pub(crate) fn sp(&self) -> u32 {
        self.get(13)
    }

    #[inline(always)]
    pub(crate) fn set_sp(&mut self, value: u32) {
        self.set(13, value & !3);
    }

    /// Instructions executed since power-on.
    #[inline(always)]
    pub(crate) const fn now(&self) -> u64 {
        self.slice_end - self.left
    }

    /// Ends the slice after the instruction that runs: something outside of it needs a look.
    #[inline(always)]
    pub(crate) const fn stop(&mut self) {
        self.slice_end -= self.left;
        self.left = 0;
    }

    pub(crate) const fn is_handler(&self) -> bool {
        self.ipsr != 0
    }

    pub(crate) const fn is_privileged(&self) -> bool {
        self.ipsr != 0 || !self.unprivileged
    }

    /// The privilege that data accesses have.
    pub(crate) const fn data_privileged(&self) -> bool {
        self.is_privileged() && !self.as_user
    }

    /// The four-bit condition against the flags. 14 and 15 always hold.
    #[inline(always)]
    pub(crate) const fn holds(&self, condition: u8) -> bool {
        let result = match condition >> 1 & 7 {
            0 => self.z == 0,
            1 => self.c != 0,
            2 => self.n >> 31 != 0,
            3 => self.v >> 31 != 0,
            4 => self.c != 0 && self.z != 0,
            5 => (self.n ^ self.v) >> 31 == 0,
            6 => self.z != 0 && (self.n ^ self.v) >> 31 == 0,
            _ => return true,
        };
        result != (condition & 1 != 0)
    }

    /// APSR: N, Z, C, V, Q, GE.
    pub(crate) const fn apsr(&self) -> u32 {
        (self.n & 0x8000_0000)
            | ((self.z == 0) as u32) << 30
            | self.c << 29
            | (self.v >> 31) << 28
            | (self.q as u32) << 27
            | self.ge << 16
    }

    /// Sets N, Z, C, V and Q.
    pub(crate) const fn set_nzcvq(&mut self, value: u32) {
        self.n = value;
        self.z = !value >> 30 & 1;
        self.c = value >> 29 & 1;
        self.v = value << 3;
        self.q = value >> 27 & 1 != 0;
    }

    /// xPSR: APSR, EPSR and IPSR, as stacked.
    pub(crate) const fn xpsr(&self) -> u32 {
        let it = self.itstate as u32;
        self.apsr() | (it & 3) << 25 | (it >> 2) << 10 | (self.thumb as u32) << 24 | self.ipsr as u32
    }

    /// Sets APSR and EPSR from a stacked xPSR.
    pub(crate) const fn set_apsr_epsr(&mut self, value: u32) {
        self.set_nzcvq(value);
        self.ge = value >> 16 & 0xF;
        self.itstate = ((value >> 25 & 3) | (value >> 10 & 0x3F) << 2) as u8;
        self.thumb = value >> 24 & 1 != 0;
    }

    /// Whether SP means PSP.
    pub(crate) const fn uses_process_stack(&self) -> bool {
        self.process_stack && self.ipsr == 0
    }

    pub(crate) fn msp(&self) -> u32 {
        if self.uses_process_stack() { self.other_sp } else { self.sp() }
    }

    pub(crate) fn psp(&self) -> u32 {
        if self.uses_process_stack() { self.sp() } else { self.other_sp }
    }

    pub(crate) fn set_msp(&mut self, value: u32) {
        if self.uses_process_stack() {
            self.other_sp = value & !3;
        } else {
            self.set_sp(value);
        }
    }

    pub(crate) fn set_psp(&mut self, value: u32) {
        if self.uses_process_stack() {
            self.set_sp(value);
        } else {
            self.other_sp = value & !3;
        }
    }

    /// Changes mode or stack selection with both stack pointers kept in their places.
    pub(crate) fn switch(&mut self, ipsr: u16, process_stack: bool) {
        let (msp, psp) = (self.msp(), self.psp());
        self.ipsr = ipsr;
        self.process_stack = process_stack;
        self.set_msp(msp);
        self.set_psp(psp);
    }

    /// CONTROL.
    pub(crate) const fn control(&self) -> u32 {
        self.unprivileged as u32 | (self.process_stack as u32) << 1 | (self.fp_active as u32) << 2
    }

    /// After the IT instruction: moves to the next instruction of the block.
    #[inline(always)]
    pub(crate) const fn advance_it(&mut self) {
        self.itstate = if self.itstate & 7 == 0 { 0 } else { (self.itstate & 0xE0) | (self.itstate << 1 & 0x1F) };
    }
}
