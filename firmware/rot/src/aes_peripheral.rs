//! SAES with the key that only the hardware knows (DHUK): it differs with the device, its epoch and the level that the
//! core is at. Registers from CMSIS, order of steps from the HAL; metapac has no block for it.

use hardware::Register;
use hardware::pac::{RCC, RNG};

const BASE: u32 = chip::registers::SAES;
const CR: Register = word(0x00);
const SR: Register = word(0x04);
const DINR: Register = word(0x08);
const DOUTR: Register = word(0x0C);
const ISR: Register = word(0x304);
const ICR: Register = word(0x308);

const ENABLE: u32 = 1 << 0;
/// Bytes in memory order.
const BYTES: u32 = 2 << 1;
const ENCRYPT: u32 = 0 << 3;
const PREPARE_KEY: u32 = 1 << 3;
const DECRYPT: u32 = 2 << 3;
const ECB: u32 = 0 << 5;
const CBC: u32 = 1 << 5;
const KEY_256: u32 = 1 << 18;
const DEVICE_KEY: u32 = 1 << 28;
const RESET: u32 = 1 << 31;

const BUSY: u32 = 1 << 3;
const KEY_VALID: u32 = 1 << 7;
const COMPLETE: u32 = 1 << 0;
const TRIES: u32 = 100_000;

const fn word(offset: u32) -> Register {
    // Safety: a register of SAES (CMSIS).
    unsafe { Register::at(BASE + offset) }
}

/// The engine does not do what it should.
#[derive(Clone, Copy)]
pub struct SaesError;

/// One block under the device's key.
///
/// # Errors
/// When the engine doesn't answer.
pub fn derive(constant: &[u8; 16]) -> Result<[u8; 16], SaesError> {
    let mut block = *constant;
    let session = Session::start(ENCRYPT | ECB, None)?;
    session.run(&mut block)?;
    Ok(block)
}

/// Encrypts whole blocks in place.
///
/// # Errors
/// When the engine doesn't answer.
pub fn encrypt_cbc(vector: [u8; 16], data: &mut [u8]) -> Result<(), SaesError> {
    Session::start(ENCRYPT | CBC, Some(vector))?.run(data)
}

/// Decrypts whole blocks in place.
///
/// # Errors
/// When the engine doesn't answer.
pub fn decrypt_cbc(vector: [u8; 16], data: &mut [u8]) -> Result<(), SaesError> {
    Session::start(DECRYPT | CBC, Some(vector))?.run(data)
}

/// The engine while it works; when dropped it forgets its key.
struct Session;

impl Session {
    fn start(mode: u32, vector: Option<[u8; 16]>) -> Result<Self, SaesError> {
        // SAES masks itself with numbers from RNG, which runs on the 48 MHz oscillator.
        RCC.cr().modify(|w| w.set_hsi48on(true));
        until(|| RCC.cr().read().hsi48rdy())?;
        RCC.ahb3enr().modify(|w| {
            w.set_rngen(true);
            w.set_saesen(true);
        });
        RNG.cr().modify(|w| w.set_rngen(true));
        until(|| RNG.sr().read().drdy())?;
        CR.write(RESET);
        CR.write(0);
        let session = Self;
        until(|| SR.read() & BUSY == 0)?;
        let common = DEVICE_KEY | KEY_256 | BYTES | mode & CBC;
        if mode & DECRYPT != 0 {
            CR.write(common | PREPARE_KEY);
            until(|| SR.read() & KEY_VALID != 0)?;
            CR.write(common | PREPARE_KEY | ENABLE);
            until(|| ISR.read() & COMPLETE != 0)?;
            ICR.write(COMPLETE);
        }
        CR.write(common | mode);
        until(|| SR.read() & KEY_VALID != 0)?;
        if let Some(vector) = vector {
            let (words, _) = vector.as_chunks::<4>();
            // The first word goes into the highest register.
            for (offset, bytes) in [0x2C, 0x28, 0x24, 0x20].into_iter().zip(words) {
                word(offset).write(u32::from_be_bytes(*bytes));
            }
        }
        CR.write(common | mode | ENABLE);
        Ok(session)
    }

    fn run(&self, data: &mut [u8]) -> Result<(), SaesError> {
        let (blocks, rest) = data.as_chunks_mut::<16>();
        if !rest.is_empty() {
            return Err(SaesError);
        }
        for block in blocks {
            let (words, _) = block.as_chunks_mut::<4>();
            for bytes in &*words {
                DINR.write(u32::from_le_bytes(*bytes));
            }
            until(|| ISR.read() & COMPLETE != 0)?;
            for bytes in words {
                *bytes = DOUTR.read().to_le_bytes();
            }
            ICR.write(COMPLETE);
        }
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        CR.write(RESET);
        CR.write(0);
    }
}

fn until(condition: impl Fn() -> bool) -> Result<(), SaesError> {
    (0..TRIES).any(|_| condition()).then_some(()).ok_or(SaesError)
}
