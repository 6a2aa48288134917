//! Units that matter to the firmware as storage with a few live bits: power control, GPIO ports, external interrupts.

/// Power control (CMSIS): ready bits follow what was asked.
#[derive(Clone)]
pub(crate) struct Pwr {
    words: [u32; 16],
    /// The supply was configured since reset.
    supply_set: bool,
}

const CSR2: u32 = 0x0C;
const CSR4: u32 = 0x14;
const EN_XSPIM1: u32 = 1 << 14;
const EN_XSPIM2: u32 = 1 << 15;

impl Pwr {
    pub(crate) fn new() -> Self {
        let mut words = [0; 16];
        // LDO on, as supplied on the discovery kit.
        words[3] = 0x6;
        Self { words, supply_set: false }
    }

    /// Whether the pads of a port manager port are powered.
    pub(crate) fn port_is_powered(&self, port: u8) -> bool {
        self.words[3] & if port == 1 { EN_XSPIM1 } else { EN_XSPIM2 } != 0
    }

    pub(crate) fn read(&self, offset: u32) -> Option<u32> {
        let word = self.words.get(offset as usize / 4).copied()?;
        Some(match offset {
            // ACTVOS follows VOS, always ready.
            0x04 => self.words[5] & 1 | 2,
            0x08 => word | (word & 1) << 16,
            // External supply ready once it was configured; the USB regulator's ready bit (26) follows its enable bits.
            CSR2 => word | u32::from(self.supply_set) << 16 | (word >> 24 & 1) << 26,
            CSR4 => word | 2,
            _ => word,
        })
    }

    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Option<()> {
        *self.words.get_mut(offset as usize / 4)? = value;
        self.supply_set |= offset == CSR2;
        Some(())
    }
}

/// One GPIO port (CMSIS).
#[derive(Clone, Copy)]
pub(crate) struct Gpio {
    words: [u32; 11],
}

impl Gpio {
    pub(crate) fn new() -> Self {
        let mut words = [0; 11];
        words[0] = 0xFFFF_FFFF;
        Self { words }
    }

    /// Whether a pin is switched to an alternate function, and which.
    pub(crate) fn alternate(&self, pin: u32) -> Option<u32> {
        if self.words[0] >> (2 * pin) & 3 != 2 {
            return None;
        }
        let word = if pin < 8 { self.words[8] } else { self.words[9] };
        Some(word >> (4 * (pin & 7)) & 0xF)
    }

    pub(crate) fn read(&self, offset: u32) -> Option<u32> {
        match offset {
            // Outputs read back; inputs float low.
            0x10 => Some(self.words[5]),
            0x18 | 0x28 => Some(0),
            _ => self.words.get(offset as usize / 4).copied(),
        }
    }

    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Option<()> {
        match offset {
            0x10 => {}
            0x18 => self.words[5] = self.words[5] & !(value >> 16) | value & 0xFFFF,
            0x28 => self.words[5] &= !value,
            _ => *self.words.get_mut(offset as usize / 4)? = value,
        }
        Some(())
    }
}

/// External interrupts: registers without lines.
#[derive(Clone)]
pub(crate) struct Exti {
    words: [u32; 48],
}

impl Exti {
    pub(crate) fn new() -> Self {
        Self { words: [0; 48] }
    }

    pub(crate) fn read(&self, offset: u32) -> Option<u32> {
        self.words.get(offset as usize / 4).copied()
    }

    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Option<()> {
        *self.words.get_mut(offset as usize / 4)? = value;
        Some(())
    }
}
