//! A memory cipher engine: up to four regions of a window whose content is ciphertext outside of the chip (CMSIS, HAL).
//!
//! How silicon makes its keystream from key and address is not documented. Here a block is AES-128 in XEX form, its
//! tweak the encrypted address (assumption A12), so that equal blocks differ by address and a wrong key gives noise.

use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

const CR_GLOCK: u32 = 1 << 0;
const CR_MKLOCK: u32 = 1 << 1;
const SR_MKVALID: u32 = 1 << 0;
const SR_FMKVALID: u32 = 1 << 2;
const SR_ENCDIS: u32 = 1 << 4;
const IASR_ILLEGAL: u32 = 1 << 1;
const REG_ENABLE: u32 = 1 << 0;
const REG_MODE_SHIFT: u32 = 14;
const ATTR_WRITE: u32 = 1 << 16;
const BLOCK: usize = 16;
/// Bytes that are fetched and deciphered at a time: whole blocks.
const LINE: usize = 64;

#[derive(Clone, Copy, Default)]
struct CipherRegion {
    control: u32,
    start: u32,
    end: u32,
    attributes: u32,
}

impl CipherRegion {
    fn contains(&self, address: u32) -> bool {
        self.control & REG_ENABLE != 0 && address >= self.start & !0xFFF && address <= self.end | 0xFFF
    }

    fn mode(&self) -> u32 {
        self.control >> REG_MODE_SHIFT & 3
    }
}

/// A 128-bit key that arrives word by word.
#[derive(Clone, Default)]
struct KeyRegister {
    words: [u32; 4],
    written: u8,
    cipher: Option<Aes128>,
}

impl KeyRegister {
    fn write(&mut self, index: usize, value: u32) {
        if self.cipher.take().is_some() {
            // The first write over a valid key only invalidates it (HAL).
            self.words = [0; 4];
            self.written = 0;
            return;
        }
        if let Some(word) = self.words.get_mut(index) {
            *word = value;
            self.written |= 1 << index;
        }
        if self.written == 0xF {
            let mut key = [0; BLOCK];
            for (bytes, word) in key.chunks_exact_mut(4).zip(self.words) {
                bytes.copy_from_slice(&word.to_le_bytes());
            }
            self.cipher = Some(Aes128::new(&key.into()));
            self.words = [0; 4];
            self.written = 0;
        }
    }
}

/// What the engine says to a write through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteRefusal {
    /// The region does not allow writes.
    ReadOnly,
    /// Not whole blocks of 16 bytes at a multiple of 16 (assumption A13).
    NotABurst,
    /// No key.
    NoKey,
}

/// A memory cipher engine.
#[derive(Clone, Default)]
pub(crate) struct Mce {
    control: u32,
    illegal: u32,
    illegal_enable: u32,
    illegal_address: u32,
    privileged: u32,
    regions: [CipherRegion; 4],
    master: KeyRegister,
    fast: KeyRegister,
    /// Two cipher contexts, where the engine has any.
    context: Option<[[u32; 8]; 2]>,
}

impl Mce {
    /// The engine that has cipher contexts.
    pub(crate) fn with_contexts() -> Self {
        Self { context: Some([[0; 8]; 2]), ..Self::default() }
    }

    fn region(&self, address: u32) -> Option<&CipherRegion> {
        self.regions.iter().find(|region| region.contains(address))
    }

    fn cipher(&self, region: &CipherRegion) -> Option<&Aes128> {
        match region.mode() {
            3 => self.fast.cipher.as_ref(),
            _ => self.master.cipher.as_ref(),
        }
    }

    /// Whether a span lies in a region that is ciphered.
    fn ciphered(&self, address: u32) -> Option<&CipherRegion> {
        self.region(address).filter(|region| region.mode() != 0)
    }

    /// Turns what the memory holds at `address` into what the bus reads. Without a key a ciphered region reads zero
    /// (assumption A14).
    pub(crate) fn decrypt(&self, address: u32, out: &mut [u8], fetch: &mut dyn FnMut(u32, &mut [u8])) {
        let Some(region) = self.ciphered(address) else { return fetch(address, out) };
        let Some(cipher) = self.cipher(region) else { return out.fill(0) };
        let (mut at, mut left) = (address, out);
        while !left.is_empty() {
            let first = at & !(BLOCK as u32 - 1);
            let skip = (at - first) as usize;
            let size = left.len().min(LINE - skip);
            let mut line = [0; LINE];
            let Some(blocks) = line.get_mut(..(skip + size).next_multiple_of(BLOCK)) else { return };
            fetch(first, blocks);
            for (index, block) in (0u32..).zip(blocks.chunks_exact_mut(BLOCK)) {
                xex(cipher, first.wrapping_add(index * BLOCK as u32), block, Direction::Decrypt);
            }
            let Some((plain, later)) = left.split_at_mut_checked(size) else { return };
            for (byte, source) in plain.iter_mut().zip(line.into_iter().skip(skip)) {
                *byte = source;
            }
            at = at.wrapping_add(size as u32);
            left = later;
        }
    }

    /// Turns what the bus writes at `address` into what the memory gets.
    pub(crate) fn encrypt(&mut self, address: u32, data: &mut [u8]) -> Result<(), WriteRefusal> {
        let last = address.wrapping_add(data.len() as u32).wrapping_sub(1);
        let Some(region) = self.region(address).or_else(|| self.region(last)).copied() else { return Ok(()) };
        let whole = region.contains(address) && region.contains(last);
        let refusal = if region.attributes & ATTR_WRITE == 0 {
            Some(WriteRefusal::ReadOnly)
        } else if region.mode() == 0 {
            None
        } else if !whole || !(address as usize).is_multiple_of(BLOCK) || !data.len().is_multiple_of(BLOCK) {
            Some(WriteRefusal::NotABurst)
        } else if self.cipher(&region).is_none() {
            Some(WriteRefusal::NoKey)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.illegal |= IASR_ILLEGAL;
            self.illegal_address = address;
            return Err(refusal);
        }
        if region.mode() != 0
            && let Some(cipher) = self.cipher(&region)
        {
            for (index, block) in (0u32..).zip(data.chunks_exact_mut(BLOCK)) {
                xex(cipher, address.wrapping_add(index * BLOCK as u32), block, Direction::Encrypt);
            }
        }
        Ok(())
    }

    pub(crate) fn interrupt(&self) -> bool {
        self.illegal & self.illegal_enable != 0
    }

    pub(crate) fn read(&self, offset: u32) -> Option<u32> {
        Some(match offset {
            0x00 => self.control,
            0x04 => {
                let mut status = 0;
                if self.master.cipher.is_some() {
                    status |= SR_MKVALID;
                }
                if self.fast.cipher.is_some() {
                    status |= SR_FMKVALID;
                }
                let wants_key =
                    self.regions.iter().any(|region| region.control & REG_ENABLE != 0 && region.mode() != 0);
                if wants_key && self.master.cipher.is_none() {
                    status |= SR_ENCDIS;
                }
                status
            }
            0x08 => self.illegal,
            0x0C => 0,
            0x10 => self.illegal_enable,
            0x1C => self.privileged,
            0x20 => 1 << 7,
            0x24 => self.illegal_address,
            0x40..=0x7C => {
                let region = self.regions.get((offset as usize - 0x40) / 16)?;
                match offset & 0xC {
                    0x0 => region.control,
                    0x4 => region.start & !0xFFF,
                    0x8 => region.end | 0xFFF,
                    _ => region.attributes,
                }
            }
            // Keys never read back.
            0x200..=0x20C | 0x220..=0x22C => 0,
            0x240 | 0x270 => self.context?.get((offset as usize - 0x240) / 0x30)?[0],
            0x244..=0x258 | 0x274..=0x288 => self.context.map(|_| 0)?,
            _ => return None,
        })
    }

    /// Whether a write to a register would be ignored because of one of the two locks.
    pub(crate) fn is_locked_against(&self, offset: u32) -> bool {
        match offset {
            0x1C | 0x40..=0x7C | 0x240..=0x288 => self.control & CR_GLOCK != 0,
            0x200..=0x22C => self.control & CR_MKLOCK != 0,
            _ => false,
        }
    }

    pub(crate) fn write(&mut self, offset: u32, value: u32) -> Option<()> {
        let locked = self.control & CR_GLOCK != 0;
        match offset {
            0x00 => self.control |= value & (CR_GLOCK | CR_MKLOCK),
            0x04 | 0x08 | 0x20 | 0x24 => {}
            0x0C => self.illegal &= !value,
            0x10 => self.illegal_enable = value & 3,
            0x1C if !locked => self.privileged = value & 1,
            0x40..=0x7C => {
                let region = self.regions.get_mut((offset as usize - 0x40) / 16)?;
                if !locked {
                    match offset & 0xC {
                        0x0 => region.control = value,
                        0x4 => region.start = value,
                        0x8 => region.end = value,
                        _ => region.attributes = value,
                    }
                }
            }
            0x200..=0x20C | 0x220..=0x22C => {
                if self.control & CR_MKLOCK == 0 {
                    let key = if offset < 0x220 { &mut self.master } else { &mut self.fast };
                    key.write((offset as usize & 0xC) / 4, value);
                }
            }
            0x240..=0x258 | 0x270..=0x288 => {
                let (context, first) = if offset < 0x270 { (0, 0x240) } else { (1, 0x270) };
                let words = self.context.as_mut()?.get_mut(context)?;
                if !locked && let Some(word) = words.get_mut((offset as usize - first) / 4) {
                    *word = value;
                }
            }
            0x1C => {}
            _ => return None,
        }
        Some(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Encrypt,
    Decrypt,
}

fn xex(cipher: &Aes128, address: u32, block: &mut [u8], direction: Direction) {
    let mut tweak = [0; BLOCK];
    for (byte, source) in tweak.iter_mut().zip(address.to_le_bytes()) {
        *byte = source;
    }
    let mut tweak = tweak.into();
    cipher.encrypt_block(&mut tweak);
    let mix = |block: &mut [u8]| {
        for (byte, mask) in block.iter_mut().zip(tweak.iter()) {
            *byte ^= mask;
        }
    };
    let mut work = [0; BLOCK];
    work.copy_from_slice(block);
    mix(&mut work);
    let mut work = work.into();
    match direction {
        Direction::Encrypt => cipher.encrypt_block(&mut work),
        Direction::Decrypt => cipher.decrypt_block(&mut work),
    }
    block.copy_from_slice(&work);
    mix(block);
}
