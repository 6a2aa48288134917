//! Which chip this is, as discovery tells it and as certificates name it.

use chip::memory_map::UID;
use hardware::Register;

/// The class of chips.
// assumption A8: the class and the identifier's form are those of sister chips.
pub const SOC_CLASS: u32 = 0;

/// The chip's identifier: four zero bytes, then the unique identifier.
pub fn soc_id() -> [u8; 16] {
    let mut identifier = [0; 16];
    let (words, _) = identifier.as_chunks_mut::<4>();
    for (address, bytes) in (UID.start..).step_by(4).zip(words.iter_mut().skip(1)) {
        // Safety: the three words of the unique identifier (CMSIS).
        *bytes = unsafe { Register::at(address) }.read().to_le_bytes();
    }
    identifier
}
