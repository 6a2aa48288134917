//! Option-byte keys: reading and writing 32-byte indexes at the level that the core is at, and the encryption under
//! the device's key that objects are stored with.

use hardware::pac::FLASH;
use hardware::pac::flash::vals::{Nextkl, Obksize};

use crate::aes_peripheral::{self, SaesError};
use crate::option_interface::{FlashError, unlocked, wait};

/// Bytes at one index.
pub const INDEX: usize = chip::obk::INDEX_SIZE;

/// Why an object could not be stored or read.
#[derive(Clone, Copy)]
pub struct ObkError;

impl From<FlashError> for ObkError {
    fn from(_: FlashError) -> Self {
        Self
    }
}

impl From<SaesError> for ObkError {
    fn from(_: SaesError) -> Self {
        Self
    }
}

/// Reads the indexes from `index` on at the current level.
///
/// # Errors
/// When one was never written, is damaged or can't be read at this level.
pub fn read(index: u8, into: &mut [[u8; INDEX]]) -> Result<(), ObkError> {
    for (index, chunk) in (index..).zip(into) {
        unlocked(|| {
            start(index, false)?;
            let (words, _) = chunk.as_chunks_mut::<4>();
            for (register, word) in words.iter_mut().enumerate() {
                *word = FLASH.obkdr(register).read().to_le_bytes();
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Writes the indexes from `index` on at the current level.
///
/// # Errors
/// What the flash interface reports.
pub fn write(index: u8, data: &[[u8; INDEX]]) -> Result<(), ObkError> {
    for (index, chunk) in (index..).zip(data) {
        unlocked(|| {
            let (words, _) = chunk.as_chunks::<4>();
            for (register, word) in words.iter().enumerate() {
                FLASH.obkdr(register).write_value(u32::from_le_bytes(*word));
            }
            let done = start(index, true);
            FLASH.obkcr().modify(|w| w.set_keyprog(false));
            done
        })?;
    }
    Ok(())
}

fn start(index: u8, program: bool) -> Result<(), FlashError> {
    FLASH.obkcr().write(|w| {
        w.set_obkindex(index);
        w.set_nextkl(Nextkl::from_bits(0));
        // 256 bits.
        w.set_obksize(Obksize::from_bits(3));
        w.set_keyprog(program);
    });
    FLASH.obkcr().modify(|w| w.set_keystart(true));
    wait()
}

/// Encrypts an object that begins at `index`, under the key that this device has at this level.
///
/// Each index has its own start vector, so that each can be written anew without the others.
///
/// # Errors
/// When the cipher engine doesn't work.
// assumption A32: RSS stores objects with AES-256-CBC under DHUK at the object's own level; ST's scheme is not known.
pub fn encrypt(index: u8, data: &mut [[u8; INDEX]]) -> Result<(), ObkError> {
    for (index, chunk) in (index..).zip(data) {
        aes_peripheral::encrypt_cbc(vector(index), chunk)?;
    }
    Ok(())
}

/// Decrypts an object that begins at `index`.
///
/// # Errors
/// When the cipher engine doesn't work. A wrong key or damaged data shows in the object's own hash.
pub fn decrypt(index: u8, data: &mut [[u8; INDEX]]) -> Result<(), ObkError> {
    for (index, chunk) in (index..).zip(data) {
        aes_peripheral::decrypt_cbc(vector(index), chunk)?;
    }
    Ok(())
}

fn vector(index: u8) -> [u8; 16] {
    let mut vector = *b"RSS object at  \0";
    if let Some(last) = vector.last_mut() {
        *last = index;
    }
    vector
}
