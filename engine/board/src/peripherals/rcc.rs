//! Reset and clock control: ready bits follow enables, clock gates, reset flags (CMSIS). No clock is timed here.

use super::ResetCause;

const CR: u32 = 0x00;
const CFGR: u32 = 0x10;
const PLLCFGR: u32 = 0x2C;
const CCIPR1: u32 = 0x4C;
const CSR: u32 = 0x74;
const BDCR: u32 = 0x70;
const RSR: u32 = 0x130;
const AHB2ENR: u32 = 0x13C;
const AHB3ENR: u32 = 0x158;
const AHB4ENR: u32 = 0x140;
const AHB5ENR: u32 = 0x134;
const APB1ENR1: u32 = 0x148;
const AHB5RSTR: u32 = 0x7C;
const AHB3RSTR: u32 = 0xA4;
const AHB4RSTR: u32 = 0x88;
const APB1RSTR1: u32 = 0x90;
const WORDS: usize = 0x200 / 4;

/// Enable bit and ready bit in CR.
const OSCILLATORS: [(u32, u32); 7] = [(0, 2), (7, 8), (12, 13), (16, 17), (24, 25), (26, 27), (28, 29)];
const CR_READY: u32 = 1 << 2 | 1 << 5 | 1 << 8 | 1 << 13 | 1 << 17 | 1 << 25 | 1 << 27 | 1 << 29;
/// HSI on, its divider flag set.
const CR_RESET: u32 = 0x25;
const RSR_CLEAR: u32 = 1 << 16;

/// What a clock gate guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    Rng,
    Saes,
    Crc,
    Gpio(u32),
    Hpdma1,
    Xspi1,
    Xspi2,
    Xspim,
    Uart4,
}

/// A unit that RCC can reset by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Rng,
    Saes,
    Crc,
    Gpio(u32),
    Hpdma1,
    Xspi1,
    Xspi2,
    Xspim,
    Uart4,
}

/// Units that a write asked to reset.
pub(crate) type Units = Vec<Unit>;

/// The units behind the bits of a reset register; their bits are those of the enable registers.
fn units(offset: u32, value: u32) -> Units {
    let known: &[(u32, Unit)] = match offset {
        AHB3RSTR => &[(0, Unit::Rng), (4, Unit::Saes)],
        AHB4RSTR => &[(19, Unit::Crc)],
        AHB5RSTR => &[(0, Unit::Hpdma1), (5, Unit::Xspi1), (12, Unit::Xspi2), (14, Unit::Xspim)],
        APB1RSTR1 => &[(19, Unit::Uart4)],
        _ => return Vec::new(),
    };
    let set = |bit: u32| value >> bit & 1 != 0;
    let ports = (0..16).filter(|port| offset == AHB4RSTR && set(*port)).map(Unit::Gpio);
    known.iter().filter(|(bit, _)| set(*bit)).map(|(_, unit)| *unit).chain(ports).collect()
}

/// Reset and clock control.
#[derive(Clone)]
pub(crate) struct Rcc {
    words: [u32; WORDS],
    flags: u32,
}

impl Rcc {
    pub(crate) fn power_on() -> Self {
        let mut rcc = Self { words: [0; WORDS], flags: 0 };
        rcc.reset(ResetCause::PowerOn);
        rcc
    }

    /// A reset: registers to their reset values, the flag of the cause added to those not cleared yet.
    pub(crate) fn reset(&mut self, cause: ResetCause) {
        self.words = [0; WORDS];
        self.set(CR, CR_RESET);
        // AHB SRAM1 and 2 are clocked out of reset here, which the bundled flash algorithms rely on (assumption A15).
        self.set(AHB2ENR, 3 << 29);
        // The system block is always clocked.
        self.set(0x154, 1 << 1);
        self.flags |= match cause {
            ResetCause::PowerOn => 1 << 23 | 1 << 21 | 1 << 22,
            ResetCause::Pin => 1 << 22,
            ResetCause::Software => 1 << 24 | 1 << 22,
            ResetCause::Watchdog => 1 << 26 | 1 << 22,
            ResetCause::OptionByteLoad => 1 << 17 | 1 << 22,
        };
    }

    fn set(&mut self, offset: u32, value: u32) {
        if let Some(word) = self.words.get_mut(offset as usize / 4) {
            *word = value;
        }
    }

    fn get(&self, offset: u32) -> u32 {
        self.words.get(offset as usize / 4).copied().unwrap_or(0)
    }

    /// Whether the 48 MHz oscillator of the random number generator runs.
    pub(crate) fn hsi48_runs(&self) -> bool {
        self.get(CR) >> 12 & 1 != 0
    }

    /// Whether the kernel clock that an interface is switched to runs: the bus clock, or PLL2's S output
    /// (its enable bit after the public register descriptions).
    pub(crate) fn xspi_kernel_runs(&self, interface: usize) -> bool {
        match self.get(CCIPR1) >> (4 + 2 * interface) & 3 {
            0 => true,
            _ => self.get(CR) >> 26 & 1 != 0 && self.get(PLLCFGR) >> 19 & 1 != 0,
        }
    }

    pub(crate) fn is_clocked(&self, gate: Gate) -> bool {
        let (register, bit) = match gate {
            Gate::Rng => (AHB3ENR, 0),
            Gate::Saes => (AHB3ENR, 4),
            Gate::Crc => (AHB4ENR, 19),
            Gate::Gpio(port) => (AHB4ENR, port),
            Gate::Hpdma1 => (AHB5ENR, 0),
            Gate::Xspi1 => (AHB5ENR, 5),
            Gate::Xspi2 => (AHB5ENR, 12),
            Gate::Xspim => (AHB5ENR, 14),
            Gate::Uart4 => (APB1ENR1, 19),
        };
        self.get(register) >> bit & 1 != 0
    }

    pub(crate) fn read(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            CR => {
                let word = self.get(CR) & !CR_READY;
                let ready = OSCILLATORS.iter().fold(word, |word, (on, ready)| word | (word >> on & 1) << ready);
                ready | 1 << 5
            }
            CFGR => {
                let word = self.get(CFGR) & !0x38;
                word | (word & 7) << 3
            }
            BDCR => {
                let word = self.get(BDCR) & !2;
                word | (word & 1) << 1
            }
            CSR => {
                let word = self.get(CSR) & !2;
                word | (word & 1) << 1
            }
            RSR => self.flags,
            offset if (offset as usize) < WORDS * 4 => self.get(offset),
            _ => return None,
        })
    }

    /// Writes a register; gives the units that it asks to reset.
    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Option<Units> {
        match offset {
            RSR => {
                if value & RSR_CLEAR != 0 {
                    self.flags = 0;
                }
            }
            offset if (offset as usize) < WORDS * 4 => self.set(offset, value),
            _ => return None,
        }
        Some(units(offset, value))
    }
}
