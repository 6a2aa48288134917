//! System control: the registers of the SCB, the floating-point context control, identification. Access by core and
//! debugger is dispatched here, also to NVIC, SysTick, MPU and the debug blocks.

use super::nvic::{self, Nvic};

/// CFSR bits.
pub(crate) mod cfsr {
    pub(crate) const IACCVIOL: u32 = 1;
    pub(crate) const DACCVIOL: u32 = 1 << 1;
    pub(crate) const MUNSTKERR: u32 = 1 << 3;
    pub(crate) const MSTKERR: u32 = 1 << 4;
    pub(crate) const MMARVALID: u32 = 1 << 7;
    pub(crate) const IBUSERR: u32 = 1 << 8;
    pub(crate) const PRECISERR: u32 = 1 << 9;
    pub(crate) const UNSTKERR: u32 = 1 << 11;
    pub(crate) const STKERR: u32 = 1 << 12;
    pub(crate) const BFARVALID: u32 = 1 << 15;
    pub(crate) const UNDEFINSTR: u32 = 1 << 16;
    pub(crate) const INVSTATE: u32 = 1 << 17;
    pub(crate) const INVPC: u32 = 1 << 18;
    pub(crate) const NOCP: u32 = 1 << 19;
    pub(crate) const UNALIGNED: u32 = 1 << 24;
    pub(crate) const DIVBYZERO: u32 = 1 << 25;
}

/// HFSR bits.
pub(crate) mod hfsr {
    pub(crate) const VECTTBL: u32 = 1 << 1;
    pub(crate) const FORCED: u32 = 1 << 30;
    pub(crate) const DEBUGEVT: u32 = 1 << 31;
}

const CCR_NON_BASE: u32 = 1;
const CCR_USER_PEND: u32 = 1 << 1;
const CCR_UNALIGNED: u32 = 1 << 3;
const CCR_DIVIDE: u32 = 1 << 4;
const CCR_IGNORE_BUS: u32 = 1 << 8;
const CCR_STACK_ALIGN: u32 = 1 << 9;
const CCR_WRITABLE: u32 = 0x7_031B;

/// SCR: sleep again on return to thread mode.
const SCR_SLEEP_ON_EXIT: u32 = 1 << 1;
/// SCR: a new pending interrupt is an event.
const SCR_EVENT_ON_PEND: u32 = 1 << 4;

const FPCCR_AUTOMATIC: u32 = 1 << 31;
const FPCCR_LAZY: u32 = 1 << 30;

/// The exceptions that SHCSR enables, by bit.
const SHCSR_ENABLES: [(u32, u16); 3] = [(16, nvic::MEM_MANAGE), (17, nvic::BUS_FAULT), (18, nvic::USAGE_FAULT)];
/// The active bits of SHCSR: bit and exception.
const SHCSR_ACTIVE: [(u32, u16); 7] = [
    (0, nvic::MEM_MANAGE),
    (1, nvic::BUS_FAULT),
    (3, nvic::USAGE_FAULT),
    (7, nvic::SV_CALL),
    (8, nvic::DEBUG_MONITOR),
    (10, nvic::PEND_SV),
    (11, nvic::SYS_TICK),
];
/// The pending bits of SHCSR.
const SHCSR_PENDING: [(u32, u16); 4] =
    [(12, nvic::USAGE_FAULT), (13, nvic::MEM_MANAGE), (14, nvic::BUS_FAULT), (15, nvic::SV_CALL)];

/// A reset that AIRCR asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResetRequest {
    /// SYSRESETREQ: the whole chip.
    System,
    /// VECTRESET: the core alone.
    Core,
}

#[derive(Clone)]
pub(crate) struct SystemControl {
    pub(crate) vtor: u32,
    scr: u32,
    pub(crate) ccr: u32,
    enables: u32,
    pub(crate) cfsr: u32,
    pub(crate) hfsr: u32,
    pub(crate) mmfar: u32,
    pub(crate) bfar: u32,
    cpacr: u32,
    fpccr: u32,
    pub(crate) fpcar: u32,
    pub(crate) fpdscr: u32,
    actlr: u32,
    csselr: u32,
    /// ITCMCR, DTCMCR, AHBPCR, CACR, -, AHBSCR: kept, without effect.
    memory_control: [u32; 6],
    pub(crate) reset_request: Option<ResetRequest>,
}

impl SystemControl {
    pub(crate) const fn new() -> Self {
        Self {
            vtor: 0,
            scr: 0,
            ccr: CCR_STACK_ALIGN | 0x4_0000,
            enables: 0,
            cfsr: 0,
            hfsr: 0,
            mmfar: 0,
            bfar: 0,
            cpacr: 0,
            fpccr: FPCCR_AUTOMATIC | FPCCR_LAZY,
            fpcar: 0,
            fpdscr: 0,
            actlr: 0,
            csselr: 0,
            memory_control: [0x3D, 0x3D, 0, 0, 0, 0x0800],
            reset_request: None,
        }
    }

    pub(crate) const fn traps_division(&self) -> bool {
        self.ccr & CCR_DIVIDE != 0
    }

    pub(crate) const fn traps_unaligned(&self) -> bool {
        self.ccr & CCR_UNALIGNED != 0
    }

    pub(crate) const fn ignores_bus_faults(&self) -> bool {
        self.ccr & CCR_IGNORE_BUS != 0
    }

    pub(crate) const fn aligns_stack(&self) -> bool {
        self.ccr & CCR_STACK_ALIGN != 0
    }

    pub(crate) const fn allows_thread_above_base(&self) -> bool {
        self.ccr & CCR_NON_BASE != 0
    }

    pub(crate) const fn user_may_pend(&self) -> bool {
        self.ccr & CCR_USER_PEND != 0
    }

    pub(crate) const fn sleeps_on_exit(&self) -> bool {
        self.scr & SCR_SLEEP_ON_EXIT != 0
    }

    pub(crate) const fn pending_is_event(&self) -> bool {
        self.scr & SCR_EVENT_ON_PEND != 0
    }

    /// CPACR: full access, or for privileged code only.
    pub(crate) const fn float_allowed(&self, privileged: bool) -> bool {
        match self.cpacr >> 20 & 3 {
            3 => true,
            1 => privileged,
            _ => false,
        }
    }

    /// FPCCR.ASPEN.
    pub(crate) const fn preserves_float(&self) -> bool {
        self.fpccr & FPCCR_AUTOMATIC != 0
    }

    /// Whether a configurable fault has its own handler switched on.
    pub(crate) fn fault_enabled(&self, exception: u16) -> bool {
        SHCSR_ENABLES.iter().any(|(bit, number)| *number == exception && self.enables >> bit & 1 != 0)
    }

    /// A register of 0xE000_E000–0xE000_EFFF that only this block holds.
    pub(crate) fn read(&self, offset: u32, nvic: &Nvic, ipsr: u16, debug: u32) -> u32 {
        match offset {
            0x004 => 4,
            0x008 => self.actlr,
            0xD00 => 0x411F_C272,
            0xD04 => self.icsr(nvic, ipsr),
            0xD08 => self.vtor,
            0xD0C => 0xFA05_0000 | nvic.group << 8,
            0xD10 => self.scr,
            0xD14 => self.ccr,
            0xD18..=0xD20 => {
                let first = (offset - 0xD14) as usize;
                match nvic.system_priority.get(first..first + 4) {
                    Some([a, b, c, d]) => u32::from_le_bytes([*a, *b, *c, *d]),
                    _ => 0,
                }
            }
            0xD24 => self.shcsr(nvic),
            0xD28 => self.cfsr,
            0xD2C => self.hfsr,
            0xD30 => debug,
            0xD34 => self.mmfar,
            0xD38 => self.bfar,
            0xD40..=0xD84 => self.identification(offset),
            0xD88 => self.cpacr,
            0xF34 => self.fpccr,
            0xF38 => self.fpcar,
            0xF3C => self.fpdscr,
            // Single and double precision.
            0xF40 => 0x1011_0221,
            0xF44 => 0x1200_0011,
            0xF48 => 0x0000_0040,
            0xF90..=0xFA4 => self.memory_control.get((offset as usize - 0xF90) / 4).copied().unwrap_or(0),
            _ => 0,
        }
    }

    /// ID_PFR0 to CSSELR, as the Cortex-M7 with 32 KiB caches (technical reference manual; assumption A73).
    const fn identification(&self, offset: u32) -> u32 {
        match offset {
            0xD40 => 0x0000_0030,
            0xD44 => 0x0000_0200,
            0xD48 => 0x0010_0000,
            0xD50 => 0x0010_0030,
            0xD58 => 0x0100_0000,
            0xD60 => 0x0110_1110,
            0xD64 => 0x0211_2000,
            0xD68 => 0x2023_2231,
            0xD6C => 0x0111_1131,
            0xD70 => 0x0131_0132,
            0xD78 => 0x0900_0003,
            0xD7C => 0x8303_C003,
            0xD80 if self.csselr & 1 == 0 => 0xF01F_E019,
            0xD80 => 0xF03F_E009,
            0xD84 => self.csselr,
            _ => 0,
        }
    }

    fn icsr(&self, nvic: &Nvic, ipsr: u16) -> u32 {
        let pending = nvic.first_pending().map_or(0, |(number, _)| u32::from(number));
        let bit = |exception, position: u32| u32::from(nvic.is_system_pending(exception)) << position;
        let alone = nvic.active_count() <= 1;
        u32::from(ipsr)
            | u32::from(alone) << 11
            | pending << 12
            | u32::from(nvic.any_line_pending()) << 22
            | bit(nvic::SYS_TICK, 26)
            | bit(nvic::PEND_SV, 28)
            | bit(nvic::NMI, 31)
    }

    fn shcsr(&self, nvic: &Nvic) -> u32 {
        let mut value = self.enables;
        for (bit, exception) in SHCSR_ACTIVE {
            value |= u32::from(nvic.is_active(exception)) << bit;
        }
        for (bit, exception) in SHCSR_PENDING {
            value |= u32::from(nvic.is_system_pending(exception)) << bit;
        }
        value
    }

    /// Writes a register that only this block holds; only the bytes of `mask` count.
    pub(crate) fn write(&mut self, offset: u32, value: u32, mask: u32, nvic: &mut Nvic) {
        let merge = |old: u32| old & !mask | value & mask;
        match offset {
            0x008 => self.actlr = merge(self.actlr),
            0xD04 => {
                for (set, clear, exception) in [(31, 32, nvic::NMI), (28, 27, nvic::PEND_SV), (26, 25, nvic::SYS_TICK)]
                {
                    if value >> set & 1 != 0 {
                        nvic.set_pending(exception, true);
                    } else if clear < 32 && value >> clear & 1 != 0 {
                        nvic.set_pending(exception, false);
                    }
                }
            }
            0xD08 => self.vtor = merge(self.vtor) & 0xFFFF_FF80,
            0xD0C if value >> 16 == 0x05FA => {
                nvic.group = value >> 8 & 7;
                if value & 4 != 0 {
                    self.reset_request = Some(ResetRequest::System);
                } else if value & 1 != 0 {
                    self.reset_request = Some(ResetRequest::Core);
                }
            }
            0xD10 => self.scr = merge(self.scr) & 0x16,
            0xD14 => self.ccr = merge(self.ccr) & CCR_WRITABLE | 0x4_0000,
            0xD18..=0xD20 => {
                let first = (offset - 0xD14) as usize;
                let bytes = value.to_le_bytes().into_iter().zip(mask.to_le_bytes());
                for (priority, (byte, mask)) in nvic.system_priority.iter_mut().skip(first).zip(bytes) {
                    if mask != 0 {
                        *priority = byte & nvic::PRIORITY_MASK;
                    }
                }
            }
            0xD24 => {
                let value = merge(self.shcsr(nvic));
                self.enables = value & 0x7_0000;
                for (bit, exception) in SHCSR_ACTIVE {
                    nvic.set_active(exception, value >> bit & 1 != 0);
                }
                for (bit, exception) in SHCSR_PENDING {
                    nvic.set_pending(exception, value >> bit & 1 != 0);
                }
            }
            0xD28 => self.cfsr &= !(value & mask),
            0xD2C => self.hfsr &= !(value & mask),
            0xD34 => self.mmfar = merge(self.mmfar),
            0xD38 => self.bfar = merge(self.bfar),
            0xD84 => self.csselr = merge(self.csselr) & 0xF,
            0xD88 => self.cpacr = merge(self.cpacr) & 0x00F0_0000,
            0xF34 => self.fpccr = merge(self.fpccr) & 0xC000_0000,
            0xF38 => self.fpcar = merge(self.fpcar) & !7,
            0xF3C => self.fpdscr = merge(self.fpdscr) & 0x07C0_0000,
            0xF90..=0xFA4 => {
                if let Some(word) = self.memory_control.get_mut((offset as usize - 0xF90) / 4) {
                    *word = merge(*word);
                }
            }
            // Cache maintenance: there are no caches.
            _ => {}
        }
    }
}
