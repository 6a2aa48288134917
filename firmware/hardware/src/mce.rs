//! The memory cipher engines between the XSPIs and the bus: keys, regions, locks (CMSIS, HAL). metapac has no block for
//! them. Engine 1 works with AES, engine 2 with Noekeon; what software does is the same for both.

use crate::Register;

const CR: u32 = 0x00;
const SR: u32 = 0x04;
const MASTER_KEY: u32 = 0x200;

/// CR: no region can be changed until reset.
const GLOBAL_LOCK: u32 = 1 << 0;
/// CR: no master key can be written until reset.
const KEY_LOCK: u32 = 1 << 1;
/// SR: the master key is whole.
const KEY_VALID: u32 = 1 << 0;
const REGION_ENABLE: u32 = 1 << 0;
const TRIES: u32 = 100_000;

/// One of the engines.
#[derive(Clone, Copy)]
pub struct Engine {
    base: u32,
}

/// The engine on XSPI1.
pub const MCE1: Engine = Engine { base: chip::registers::MCE1 };
/// The engine on XSPI2.
pub const MCE2: Engine = Engine { base: chip::registers::MCE2 };

/// One of an engine's four regions.
#[derive(Clone, Copy)]
pub enum RegionNumber {
    /// The first.
    One,
    /// The second.
    Two,
}

impl RegionNumber {
    const fn offset(self) -> u32 {
        match self {
            Self::One => 0x40,
            Self::Two => 0x50,
        }
    }
}

/// Whether software may write through a region.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// Reads only.
    Refused,
    /// Reads and writes.
    Allowed,
}

/// The engine did not take its key.
pub struct KeyRefused;

impl Engine {
    const fn word(self, offset: u32) -> Register {
        // Safety: a register of an engine (CMSIS): the bases are those of this module.
        unsafe { Register::at(self.base + offset) }
    }

    /// Gives the engine its master key, as it lies in memory. The interface behind it must have its clock.
    ///
    /// # Errors
    /// When the engine doesn't report the key as whole.
    pub fn set_key(self, key: &[u8; 16]) -> Result<(), KeyRefused> {
        self.drop_key();
        let (words, _) = key.as_chunks::<4>();
        for (offset, bytes) in (MASTER_KEY..).step_by(4).zip(words) {
            self.word(offset).write(u32::from_le_bytes(*bytes));
        }
        for _ in 0..TRIES {
            if self.has_key() {
                return Ok(());
            }
        }
        Err(KeyRefused)
    }

    /// Makes the engine give up its master key, if it has one.
    pub fn drop_key(self) {
        if self.has_key() {
            // A write over a whole key only gives it up (HAL).
            self.word(MASTER_KEY).write(0);
        }
    }

    /// Whether the master key is whole.
    pub fn has_key(self) -> bool {
        self.word(SR).read() & KEY_VALID != 0
    }

    /// Encrypts the `size` bytes from `start` on, both multiples of 4 KiB, in block mode with the master key.
    pub fn set_region(self, number: RegionNumber, start: u32, size: u32, writes: Writes) {
        const BLOCK: u32 = 2 << 14;
        const PRIVILEGED: u32 = 1 << 16;
        const WRITE: u32 = 1 << 16;
        let register = |offset| self.word(number.offset() + offset);
        let (control, first, last, attributes) = (register(0), register(4), register(8), register(12));
        control.write(0);
        control.write(BLOCK | PRIVILEGED);
        first.write(start);
        last.write(start.wrapping_add(size).wrapping_sub(1));
        attributes.write(if writes == Writes::Allowed { WRITE } else { 0 });
        control.write(BLOCK | PRIVILEGED | REGION_ENABLE);
    }

    /// Switches a region off: what lies there is seen as it is stored.
    pub fn clear_region(self, number: RegionNumber) {
        self.word(number.offset()).write(0);
        cortex_m::asm::dsb();
    }

    /// Whether a region is switched on.
    pub fn has_region(self, number: RegionNumber) -> bool {
        self.word(number.offset()).read() & REGION_ENABLE != 0
    }

    /// Whether a region lets software write.
    pub fn allows_writes(self, number: RegionNumber) -> bool {
        self.word(number.offset() + 12).read() != 0
    }

    /// Locks regions and key until the next reset.
    pub fn lock(self) {
        self.word(CR).write(GLOBAL_LOCK | KEY_LOCK);
        cortex_m::asm::dsb();
    }

    /// Whether regions and key are both locked.
    pub fn is_locked(self) -> bool {
        self.word(CR).read() & (GLOBAL_LOCK | KEY_LOCK) == GLOBAL_LOCK | KEY_LOCK
    }
}
