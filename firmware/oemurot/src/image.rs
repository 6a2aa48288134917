//! An image where it lies: its header and TLVs, read once into memory that nobody else changes, and the hash over its
//! signed bytes, made as they stream by.

use chip::second_stage::{IMAGE_HEADER_SIZE, IMAGE_MAGIC, TRAILER_SIZE};
use ctr::cipher::StreamCipher;
use formats::{Flags, ImageHeader, Tlv, TlvArea, TlvKind};
use rot::key_blob::{self, PayloadCipher};
use rot::redundant::forget;
use sha2::{Digest, Sha256};

use crate::source::Source;

/// Bytes that both TLV areas of an image may have together.
// assumption A83: more than ST's images have (some 280), and than this stage has memory for in one place.
const LONGEST_TAIL: usize = 2048;
/// Bytes that are read at once.
pub const CHUNK: usize = 4096;

/// Header and TLVs of an image whose parts all lie inside of its slot.
pub struct Image {
    /// The header.
    pub header: ImageHeader,
    tail: [u8; LONGEST_TAIL],
    tail_size: usize,
}

/// The first word of what lies there.
pub fn magic(source: &Source) -> [u8; 4] {
    let mut magic = [0; 4];
    if source.read(0, &mut magic) { magic } else { [0; 4] }
}

/// The header, whatever it says.
pub fn header(source: &Source) -> Option<ImageHeader> {
    let mut bytes = [0; ImageHeader::SIZE];
    if !source.read(0, &mut bytes) {
        return None;
    }
    ImageHeader::decode(&bytes).ok()
}

/// Whether the header is one that this stage takes.
// assumption A84: flags that say nothing but whether the payload is encrypted with AES-128 (MCUboot takes more).
pub fn header_fits(header: &ImageHeader) -> bool {
    u32::from(header.header_size) == IMAGE_HEADER_SIZE
        && header.flags.0 & !Flags::ENCRYPTED_AES128 == 0
        && header.payload_size > 0
        && (!header.flags.encrypted() || header.payload_size & 15 == 0)
}

impl Image {
    /// Reads what lies in `source`, if it is an image whose parts fit.
    pub fn open(source: &Source) -> Option<Self> {
        let header = header(source)?;
        if header.magic != IMAGE_MAGIC || !header_fits(&header) {
            return None;
        }
        Self::with(source, header)
    }

    /// Reads the TLVs behind a header that fits; none when they don't lie inside of the slot, or aren't what the header
    /// says.
    pub fn with(source: &Source, header: ImageHeader) -> Option<Self> {
        let mut tail = [0; LONGEST_TAIL];
        let head = TlvArea::HEAD_SIZE;
        // Both areas say their own sizes: the protected one what the header says of it, the other one behind it.
        let protected_size = usize::from(header.protected_size);
        let heads = protected_size.checked_add(head)?;
        if !source.read(header.protected_offset(), tail.get_mut(..heads)?) {
            return None;
        }
        let total: &[u8; 2] = tail.get(protected_size + 2..heads)?.try_into().ok()?;
        let tail_size = protected_size.checked_add(usize::from(u16::from_le_bytes(*total)))?;
        let rest = tail.get_mut(heads..tail_size)?;
        if !source.read(header.tlv_offset().checked_add(head as u32)?, rest) {
            return None;
        }
        let image = Self { header, tail, tail_size };
        let whole = image.protected()?.size() == u32::from(header.protected_size)
            && image.tlvs()?.size() as usize == tail_size - protected_size
            && image.size().checked_add(TRAILER_SIZE)? <= source.size();
        whole.then_some(image)
    }

    fn protected(&self) -> Option<TlvArea<'_>> {
        TlvArea::decode(self.tail.get(..usize::from(self.header.protected_size))?, 0, TlvKind::Protected).ok()
    }

    fn tlvs(&self) -> Option<TlvArea<'_>> {
        let offset = u32::from(self.header.protected_size);
        TlvArea::decode(self.tail.get(..self.tail_size)?, offset, TlvKind::Unprotected).ok()
    }

    /// Bytes from the start of the slot to the end of the last TLV.
    pub fn size(&self) -> u32 {
        self.header.protected_offset().saturating_add(self.tail_size as u32)
    }

    /// The security counter; none when there isn't exactly one.
    pub fn counter(&self) -> Option<u32> {
        self.protected()?.only(Tlv::SECURITY_COUNTER).ok()??.u32().ok()
    }

    /// The value of the one unprotected TLV of a kind.
    pub fn value(&self, kind: u16) -> Option<&[u8]> {
        Some(self.tlvs()?.only(kind).ok()??.value)
    }

    /// The key that opens the payload, for whoever holds `scalar`.
    pub fn key(&self, scalar: &[u8; 32]) -> Option<[u8; 16]> {
        key_blob::open(self.value(Tlv::WRAPPED_KEY)?, scalar)
    }

    /// SHA-256 over header, gap, payload and protected TLVs; the payload as `opened` makes it of what lies there.
    pub fn digest(&self, source: &Source, mut opened: Opening) -> Option<[u8; 32]> {
        let mut hash = Sha256::new();
        let mut header = self.header;
        header.flags = header.flags.hashed();
        hash.update(header.encode());
        let mut chunk = [0; CHUNK];
        let mut offset = ImageHeader::SIZE as u32;
        let end = self.header.protected_offset();
        while offset < end {
            hardware::stage::refresh_watchdog();
            let size = (CHUNK as u32 - offset % CHUNK as u32).min(end - offset);
            let bytes = chunk.get_mut(..size as usize)?;
            if !source.read(offset, bytes) {
                return None;
            }
            opened.apply(&self.header, offset, bytes);
            hash.update(bytes);
            offset += size;
        }
        hash.update(self.tail.get(..usize::from(self.header.protected_size))?);
        forget(&mut chunk);
        Some(hash.finalize().into())
    }
}

/// How a payload is read that goes by in order: as it lies there, or decrypted.
pub struct Opening {
    cipher: Option<PayloadCipher>,
}

impl Opening {
    /// As it lies there.
    pub fn none() -> Self {
        Self { cipher: None }
    }

    /// Decrypted.
    pub fn with(key: &[u8; 16]) -> Self {
        Self { cipher: Some(key_blob::cipher(key)) }
    }

    /// Opens what of the payload lies in `bytes`, which were read at `offset`. They come in order, each once.
    pub fn apply(&mut self, header: &ImageHeader, offset: u32, bytes: &mut [u8]) {
        let Some(cipher) = &mut self.cipher else { return };
        let from = header.payload_offset().saturating_sub(offset) as usize;
        let to = (header.protected_offset().saturating_sub(offset) as usize).min(bytes.len());
        if let Some(payload) = bytes.get_mut(from..to) {
            cipher.apply_keystream(payload);
        }
    }
}
