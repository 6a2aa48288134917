//! Memory cipher engine 1, between XSPI1 and the bus: its key, its regions, its locks (CMSIS, HAL). metapac has no
//! block for it.

use crate::Register;

const BASE: u32 = chip::registers::MCE1;
const CR: Register = word(0x00);
const SR: Register = word(0x04);

/// CR: no region can be changed until reset.
const GLOBAL_LOCK: u32 = 1 << 0;
/// CR: no master key can be written until reset.
const KEY_LOCK: u32 = 1 << 1;
/// SR: the master key is whole.
const KEY_VALID: u32 = 1 << 0;
const TRIES: u32 = 100_000;

const fn word(offset: u32) -> Register {
    // Safety: a register of MCE1 (CMSIS).
    unsafe { Register::at(BASE + offset) }
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

/// Gives the engine its master key, as it lies in memory.
///
/// # Errors
/// When the engine doesn't report the key as whole.
pub fn set_key(key: &[u8; 16]) -> Result<(), KeyRefused> {
    if SR.read() & KEY_VALID != 0 {
        // A key that is already whole is given up first (HAL).
        word(0x200).write(0);
    }
    let (words, _) = key.as_chunks::<4>();
    for (offset, bytes) in (0x200..).step_by(4).zip(words) {
        word(offset).write(u32::from_le_bytes(*bytes));
    }
    for _ in 0..TRIES {
        if SR.read() & KEY_VALID != 0 {
            return Ok(());
        }
    }
    Err(KeyRefused)
}

/// Encrypts the `size` bytes from `start` on, both multiples of 4 KiB, in block mode with the master key.
pub fn set_region(start: u32, size: u32, writes: Writes) {
    const ENABLE: u32 = 1 << 0;
    const BLOCK: u32 = 2 << 14;
    const PRIVILEGED: u32 = 1 << 16;
    const WRITE: u32 = 1 << 16;
    let (control, first, last, attributes) = (word(0x40), word(0x44), word(0x48), word(0x4C));
    control.write(0);
    control.write(BLOCK | PRIVILEGED);
    first.write(start);
    last.write(start.wrapping_add(size).wrapping_sub(1));
    attributes.write(if writes == Writes::Allowed { WRITE } else { 0 });
    control.write(BLOCK | PRIVILEGED | ENABLE);
}

/// Locks regions and key until the next reset.
pub fn lock() {
    CR.write(GLOBAL_LOCK | KEY_LOCK);
    cortex_m::asm::dsb();
}

/// Whether regions and key are both locked.
pub fn is_locked() -> bool {
    CR.read() & (GLOBAL_LOCK | KEY_LOCK) == GLOBAL_LOCK | KEY_LOCK
}
