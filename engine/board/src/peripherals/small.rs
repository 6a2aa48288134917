//! Small units: random numbers, the CRC unit, the independent watchdog (CMSIS).

use sha2::{Digest, Sha256};

use super::timing::Timing;

/// CECS and CEIS: the clock is wrong.
const SR_CLOCK_ERROR: u32 = 1 << 1 | 1 << 5;

/// Random numbers from a seed: the same board and seed give the same numbers.
#[derive(Clone)]
pub(crate) struct Rng {
    cr: u32,
    htcr: u32,
    seed: [u8; 32],
    drawn: u64,
}

impl Rng {
    /// Two boards with the same seed still draw different numbers: `identity` is what tells them apart.
    pub(crate) fn new(seed: u64, identity: &[u8]) -> Self {
        let seed = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(identity).finalize().into();
        Self { cr: 0x0080_0D00, htcr: 0, seed, drawn: 0 }
    }

    pub(crate) fn reset(&mut self) {
        self.cr = 0x0080_0D00;
        self.htcr = 0;
    }

    fn next(&mut self) -> u32 {
        self.drawn += 1;
        let digest: [u8; 32] =
            Sha256::new().chain_update(self.seed).chain_update(self.drawn.to_le_bytes()).finalize().into();
        let word = digest.iter().take(4).fold(0, |word, byte| word << 8 | u32::from(*byte));
        // Zero is what a reader takes for "not ready" (SVD).
        if word == 0 { 1 } else { word }
    }

    /// Reads a register. Numbers come while the unit is on and its 48 MHz oscillator runs (assumption A4).
    pub(crate) fn read(&mut self, offset: u32, oscillator_runs: bool) -> Option<u32> {
        let enabled = self.cr >> 2 & 1 != 0;
        let on = enabled && oscillator_runs;
        Some(match offset {
            0x00 => self.cr,
            0x04 => u32::from(on) | if enabled && !oscillator_runs { SR_CLOCK_ERROR } else { 0 },
            0x08 => {
                if on {
                    self.next()
                } else {
                    0
                }
            }
            0x0C => 0,
            0x10 => self.htcr,
            _ => return None,
        })
    }

    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Option<()> {
        match offset {
            0x00 => self.cr = value,
            0x04 | 0x08 | 0x0C => {}
            0x10 => self.htcr = value,
            _ => return None,
        }
        Some(())
    }
}

/// The CRC unit: any polynomial of 32, 16, 8 or 7 bits, with reversals.
#[derive(Clone)]
pub(crate) struct Crc {
    value: u32,
    scratch: u32,
    control: u32,
    init: u32,
    polynomial: u32,
}

impl Crc {
    pub(crate) fn new() -> Self {
        Self { value: u32::MAX, scratch: 0, control: 0, init: u32::MAX, polynomial: 0x04C1_1DB7 }
    }

    fn size(&self) -> u32 {
        match self.control >> 3 & 3 {
            0 => 32,
            1 => 16,
            2 => 8,
            _ => 7,
        }
    }

    fn mask(&self) -> u32 {
        u32::MAX >> (32 - self.size())
    }

    fn feed(&mut self, value: u32, bits: u32) {
        let value = match self.control >> 5 & 3 {
            0 => value,
            // Bits reversed byte by byte, halfword by halfword, or across the datum.
            1 => value.swap_bytes().reverse_bits(),
            2 if bits == 32 => value.reverse_bits().rotate_left(16),
            _ => value.reverse_bits() >> (32 - bits),
        };
        let top = 1u32 << (self.size() - 1);
        for bit in (0..bits).rev() {
            let feedback = (self.value & top != 0) ^ (value >> bit & 1 != 0);
            self.value = self.value << 1 & self.mask();
            if feedback {
                self.value ^= self.polynomial & self.mask();
            }
        }
    }

    pub(crate) fn read(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            0x00 => {
                if self.control >> 7 & 1 != 0 {
                    self.value.reverse_bits() >> (32 - self.size())
                } else {
                    self.value
                }
            }
            0x04 => self.scratch,
            0x08 => self.control,
            0x10 => self.init,
            0x14 => self.polynomial,
            _ => return None,
        })
    }

    pub(crate) fn write(&mut self, offset: u32, value: u32, bits: u32) -> Option<()> {
        match offset {
            0x00 => self.feed(value, bits),
            0x04 => self.scratch = value,
            0x08 => {
                self.control = value & 0xF8;
                if value & 1 != 0 {
                    self.value = self.init & self.mask();
                }
            }
            0x10 => {
                self.init = value;
                self.value = value & self.mask();
            }
            0x14 => self.polynomial = value,
            _ => return None,
        }
        Some(())
    }
}

/// The independent watchdog: counts 32 kHz ticks from its reload value and resets the chip at zero.
#[derive(Clone)]
pub(crate) struct Iwdg {
    unlocked: bool,
    prescaler: u32,
    reload: u32,
    window: u32,
    due: Option<u64>,
}

/// Microseconds of one LSI tick, in thousandths.
const TICK_NANOSECONDS: u64 = 31_250;

impl Iwdg {
    pub(crate) fn new() -> Self {
        Self { unlocked: false, prescaler: 0, reload: 0xFFF, window: 0xFFF, due: None }
    }

    fn period(&self) -> u64 {
        let ticks = u64::from(self.reload + 1) * (4u64 << self.prescaler.min(8));
        ticks * TICK_NANOSECONDS / 1000
    }

    pub(crate) fn restart(&mut self, now: u64) {
        // The watchdog runs on its own oscillator: its time is never scaled away.
        self.due = Some(Timing { scale: 1000 }.end(now, self.period()));
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        self.due
    }

    /// Whether the counter has run out, told once: it stands still until the reset it causes.
    pub(crate) fn ran_out(&mut self, now: u64) -> bool {
        self.due.take_if(|due| *due <= now).is_some()
    }

    pub(crate) fn read(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            0x00 | 0x0C => 0,
            0x04 => self.prescaler,
            0x08 => self.reload,
            0x10 => self.window,
            0x14 => 0,
            _ => return None,
        })
    }

    pub(crate) fn write(&mut self, offset: u32, value: u32, now: u64) -> Option<()> {
        match offset {
            0x00 => match value & 0xFFFF {
                0x5555 => self.unlocked = true,
                0xAAAA => {
                    self.unlocked = false;
                    if self.due.is_some() {
                        self.restart(now);
                    }
                }
                0xCCCC => {
                    self.unlocked = false;
                    self.restart(now);
                }
                _ => self.unlocked = false,
            },
            0x04 if self.unlocked => self.prescaler = value & 0xF,
            0x08 if self.unlocked => self.reload = value & 0xFFF,
            0x10 if self.unlocked => self.window = value & 0xFFF,
            0x04 | 0x08 | 0x0C | 0x10 | 0x14 => {}
            _ => return None,
        }
        Some(())
    }
}
