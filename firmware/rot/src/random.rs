//! Numbers that nobody can foresee, from RNG.

use hardware::pac::{RCC, RNG};

const TRIES: u32 = 100_000;

/// The unit gives no numbers, or repeats itself.
#[derive(Clone, Copy)]
pub struct NoRandomness;

/// Fills `bytes`, whole words of it.
///
/// # Errors
/// When the unit doesn't answer, reports an error of clock or seed, or gives the same word twice in a row.
pub fn fill(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    // RNG runs on the 48 MHz oscillator.
    RCC.cr().modify(|w| w.set_hsi48on(true));
    until(|| RCC.cr().read().hsi48rdy())?;
    RCC.ahb3enr().modify(|w| w.set_rngen(true));
    RNG.cr().modify(|w| w.set_rngen(true));
    let mut before = 0;
    let (words, _) = bytes.as_chunks_mut::<4>();
    for word in words {
        until(|| RNG.sr().read().drdy())?;
        let drawn = RNG.dr().read();
        let status = RNG.sr().read();
        // Zero is what the register reads when there is no number in it.
        if drawn == before || drawn == 0 || status.ceis() || status.seis() {
            return Err(NoRandomness);
        }
        before = drawn;
        *word = drawn.to_le_bytes();
    }
    Ok(())
}

fn until(condition: impl Fn() -> bool) -> Result<(), NoRandomness> {
    (0..TRIES).any(|_| condition()).then_some(()).ok_or(NoRandomness)
}
