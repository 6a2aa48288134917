//! The secure AES unit: ECB, CBC and CTR with keys from its registers or the hardware (CMSIS, HAL). The cipher itself is
//! RustCrypto's; the hardware keys come from [`crate::NonVolatile`] and no register returns them.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256};
use zeroize::Zeroizing;

const CR_EN: u32 = 1 << 0;
const CR_KEYSIZE: u32 = 1 << 18;
const CR_IPRST: u32 = 1 << 31;
const SR_RDERR: u32 = 1 << 1;
const SR_WRERR: u32 = 1 << 2;
const SR_KEYVALID: u32 = 1 << 7;
const ISR_CCF: u32 = 1 << 0;
const ISR_RWEIF: u32 = 1 << 1;
const ISR_KEIF: u32 = 1 << 2;
const ISR_RNGEIF: u32 = 1 << 3;

/// Which key the unit works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeySource {
    Registers,
    /// The derived hardware key of this chip, epoch and level.
    Device,
    /// A key stored at an OBK index for this unit alone.
    Application,
    Unavailable,
}

/// The unit.
#[derive(Clone, Default)]
pub(crate) struct Saes {
    cr: u32,
    sr: u32,
    ier: u32,
    isr: u32,
    key: [u32; 8],
    key_written: u8,
    iv: [u32; 4],
    input: [u32; 4],
    filled: usize,
    output: [u32; 4],
    taken: usize,
    hardware_key: Option<Zeroizing<[u8; 32]>>,
    decryption_prepared: bool,
}

impl Saes {
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// The key source that CR names.
    pub(crate) fn source(&self) -> KeySource {
        match self.cr >> 28 & 7 {
            0 => KeySource::Registers,
            1 => KeySource::Device,
            3 => KeySource::Application,
            _ => KeySource::Unavailable,
        }
    }

    /// Whether CR asks for a key of 256 bits.
    pub(crate) fn wants_256_bits(&self) -> bool {
        self.cr & CR_KEYSIZE != 0
    }

    /// The level rose: the hardware key in use belongs to the level before (assumption A24).
    pub(crate) fn level_raised(&mut self) {
        self.hardware_key = None;
        self.decryption_prepared = false;
    }

    /// Hands the unit the hardware key that its control register asked for.
    pub(crate) fn load_hardware_key(&mut self, key: Option<Zeroizing<[u8; 32]>>) {
        if key.is_none() {
            self.isr |= ISR_KEIF;
        }
        self.hardware_key = key;
    }

    fn key_bytes(&self) -> Option<Zeroizing<[u8; 32]>> {
        if self.source() != KeySource::Registers {
            return self.hardware_key.clone();
        }
        let needed = if self.cr & CR_KEYSIZE == 0 { 0x0F } else { 0xFF };
        if self.key_written & needed != needed {
            return None;
        }
        // Register 0 holds the last word of the key, each most significant byte first (HAL).
        let mut key = Zeroizing::new([0; 32]);
        let count = if needed == 0x0F { 4 } else { 8 };
        for (bytes, word) in key.chunks_exact_mut(4).zip(self.key.iter().take(count).rev()) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        Some(key)
    }

    pub(crate) fn read(&mut self, offset: u32) -> Option<u32> {
        Some(match offset {
            0x00 => self.cr,
            0x04 => {
                let valid = if self.key_bytes().is_some() { SR_KEYVALID } else { 0 };
                self.sr | valid | self.isr & ISR_CCF
            }
            0x08 => 0,
            0x0C => self.take_output(),
            0x10..=0x1C | 0x30..=0x3C => 0,
            0x20..=0x2C => self.iv.get((offset as usize - 0x20) / 4).copied()?,
            0x40..=0x5C => 0,
            0x300 => self.ier,
            0x304 => self.isr,
            0x308 => 0,
            _ => return None,
        })
    }

    fn take_output(&mut self) -> u32 {
        let Some(word) = self.output.get_mut(self.taken) else {
            self.sr |= SR_RDERR;
            self.isr |= ISR_RWEIF;
            return 0;
        };
        self.taken += 1;
        std::mem::take(word)
    }

    /// Writes a register; true when a hardware key must be loaded. Without the random number generator's clock the
    /// unit reports RNGEIF and does nothing.
    pub(crate) fn write(&mut self, offset: u32, value: u32, random_clocked: bool) -> Option<bool> {
        match offset {
            0x00 => {
                if value & CR_IPRST != 0 {
                    self.reset();
                    self.cr = CR_IPRST;
                    return Some(false);
                }
                if !random_clocked {
                    self.isr |= ISR_RNGEIF;
                }
                let source_before = self.source();
                let rises = value & CR_EN != 0 && self.cr & CR_EN == 0;
                self.cr = value & 0x7F3F_FFFF;
                if rises {
                    self.filled = 0;
                    self.taken = 4;
                    if self.mode() == 1 {
                        self.decryption_prepared = self.key_bytes().is_some();
                        self.isr |= ISR_CCF;
                        // The key preparation ends by itself (HAL waits for CCF, then EN is clear).
                        self.cr &= !CR_EN;
                    }
                }
                return Some(
                    self.source() != KeySource::Registers
                        && (self.source() != source_before || self.hardware_key.is_none()),
                );
            }
            0x08 => {
                if self.cr & CR_EN == 0 || !random_clocked {
                    self.sr |= SR_WRERR;
                    self.isr |= ISR_RWEIF;
                } else {
                    self.give_input(value);
                }
            }
            0x10..=0x1C | 0x30..=0x3C if self.cr & CR_EN == 0 => {
                let index = if offset < 0x20 { offset - 0x10 } else { offset - 0x20 } / 4;
                *self.key.get_mut(index as usize)? = value;
                self.key_written |= 1 << index;
                self.decryption_prepared = false;
            }
            0x20..=0x2C if self.cr & CR_EN == 0 => *self.iv.get_mut((offset as usize - 0x20) / 4)? = value,
            0x04 | 0x0C | 0x10..=0x1C | 0x20..=0x2C | 0x30..=0x3C | 0x40..=0x5C | 0x304 => {}
            0x300 => self.ier = value & 0xF,
            0x308 => {
                self.isr &= !value;
                if value & ISR_RWEIF != 0 {
                    self.sr &= !(SR_RDERR | SR_WRERR);
                }
            }
            _ => return None,
        }
        Some(false)
    }

    fn mode(&self) -> u32 {
        self.cr >> 3 & 3
    }

    fn chaining(&self) -> u32 {
        self.cr >> 5 & 3 | (self.cr >> 16 & 1) << 2
    }

    fn give_input(&mut self, word: u32) {
        if let Some(slot) = self.input.get_mut(self.filled) {
            *slot = word;
            self.filled += 1;
        }
        if self.filled == 4 {
            self.filled = 0;
            self.process();
        }
    }

    /// Bytes of a data word in the order of the cipher's block, as DATATYPE swaps them.
    fn to_block(&self, words: [u32; 4]) -> [u8; 16] {
        let mut block = [0; 16];
        for (bytes, word) in block.chunks_exact_mut(4).zip(words) {
            bytes.copy_from_slice(&self.swap(word).to_be_bytes());
        }
        block
    }

    fn swap(&self, word: u32) -> u32 {
        match self.cr >> 1 & 3 {
            0 => word,
            1 => word.rotate_left(16),
            2 => word.swap_bytes(),
            _ => word.reverse_bits(),
        }
    }

    fn to_words(&self, block: [u8; 16]) -> [u32; 4] {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
            *word = self.swap(bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte)));
        }
        words
    }

    /// The chaining value: IVR3 holds the first word (HAL).
    fn iv_block(&self) -> [u8; 16] {
        let mut block = [0; 16];
        for (bytes, word) in block.chunks_exact_mut(4).zip(self.iv.iter().rev()) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        block
    }

    fn set_iv(&mut self, block: [u8; 16]) {
        for (word, bytes) in self.iv.iter_mut().rev().zip(block.chunks_exact(4)) {
            *word = bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
    }

    fn process(&mut self) {
        let Some(key) = self.key_bytes() else {
            self.isr |= ISR_KEIF;
            return;
        };
        let wide = self.cr & CR_KEYSIZE != 0;
        let input = self.to_block(self.input);
        let chained = self.chaining() == 1;
        if self.chaining() == 2 {
            // Counter mode is its own inverse, whatever MODE says.
            let counter = self.iv_block();
            let mut block = cipher(&key, wide, counter, false);
            mix(&mut block, &input);
            self.set_iv(next_counter(counter));
            self.finish(block);
            return;
        }
        let decrypts = self.mode() == 2;
        if self.chaining() > 2 || decrypts && !self.decryption_prepared {
            self.isr |= ISR_KEIF;
            return;
        }
        let output = if decrypts {
            let mut block = cipher(&key, wide, input, true);
            if chained {
                mix(&mut block, &self.iv_block());
                self.set_iv(input);
            }
            block
        } else {
            let mut block = input;
            if chained {
                mix(&mut block, &self.iv_block());
            }
            let block = cipher(&key, wide, block, false);
            if chained {
                self.set_iv(block);
            }
            block
        };
        self.finish(output);
    }

    fn finish(&mut self, block: [u8; 16]) {
        self.output = self.to_words(block);
        self.taken = 0;
        self.isr |= ISR_CCF;
    }

    pub(crate) fn interrupt(&self) -> bool {
        self.isr & self.ier != 0
    }
}

/// The block counter is the last word of the vector.
fn next_counter(block: [u8; 16]) -> [u8; 16] {
    let mut next = block;
    if let Some(counter) = next.last_chunk_mut::<4>() {
        *counter = u32::from_be_bytes(*counter).wrapping_add(1).to_be_bytes();
    }
    next
}

fn mix(block: &mut [u8; 16], mask: &[u8; 16]) {
    for (byte, mask) in block.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

fn cipher(key: &[u8; 32], wide: bool, block: [u8; 16], decrypt: bool) -> [u8; 16] {
    let mut work = block.into();
    if wide {
        let cipher = Aes256::new(&(*key).into());
        if decrypt { cipher.decrypt_block(&mut work) } else { cipher.encrypt_block(&mut work) }
    } else {
        let mut short = [0; 16];
        for (out, byte) in short.iter_mut().zip(key) {
            *out = *byte;
        }
        let cipher = Aes128::new(&short.into());
        if decrypt { cipher.decrypt_block(&mut work) } else { cipher.encrypt_block(&mut work) }
    }
    work.into()
}
