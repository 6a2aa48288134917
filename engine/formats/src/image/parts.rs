//! An image taken apart: where header, gap, payload and TLV areas lie. Structure only; nothing is verified.

use p256::ecdsa::Signature;
use sha2::{Digest, Sha256};

use super::header::ImageHeader;
use super::tlv::{Tlv, TlvArea, TlvKind};
use crate::error::FormatError;
use crate::keys::PublicKey;
use crate::layout::{LayoutError, Problem, reported};

/// The parts of an image, lent from its bytes.
#[derive(Debug, Clone)]
pub struct Parts<'a> {
    /// The header.
    pub header: ImageHeader,
    /// Bytes between header and payload.
    pub gap: &'a [u8],
    /// The payload as stored.
    pub payload: &'a [u8],
    /// The protected TLVs, where there are any.
    pub protected: Option<TlvArea<'a>>,
    /// The TLVs behind everything that is signed.
    pub tlvs: TlvArea<'a>,
    /// What follows the image: the slot's fill, if the bytes reach that far.
    pub rest: &'a [u8],
    /// Bytes of the protected area, as stored.
    protected_bytes: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Takes apart the image at the beginning of `slot`.
    ///
    /// # Errors
    /// With offset and field, when a part isn't there whole or two lengths disagree.
    pub fn decode(slot: &'a [u8]) -> Result<Self, FormatError> {
        Self::split(slot).map_err(|source| FormatError::Layout { what: "image", source })
    }

    fn split(slot: &'a [u8]) -> Result<Self, LayoutError> {
        let header = ImageHeader::decode(slot)?;
        let gap = part(slot, ImageHeader::SIZE as u32, header.payload_offset(), "gap behind the header")?;
        let payload = part(slot, header.payload_offset(), header.protected_offset(), "payload")?;
        let protected_bytes = part(slot, header.protected_offset(), header.tlv_offset(), "protected TLVs")?;
        let protected = match header.protected_size {
            0 => None,
            size => {
                let area = TlvArea::decode(slot, header.protected_offset(), TlvKind::Protected)?;
                if area.size() != u32::from(size) {
                    let problem = Problem::Value { found: area.size(), expected: "the size that the header states" };
                    let offset = header.protected_offset().saturating_add(2);
                    return Err(LayoutError { offset, field: "size of the protected TLVs", problem });
                }
                Some(area)
            }
        };
        let tlvs = TlvArea::decode(slot, header.tlv_offset(), TlvKind::Unprotected)?;
        let end = header.tlv_offset().saturating_add(tlvs.size());
        let rest = part(slot, end, reported(slot.len()), "end of the image")?;
        Ok(Self { header, gap, payload, protected, tlvs, rest, protected_bytes })
    }

    /// Bytes from the start of the slot to the end of the last TLV.
    pub fn size(&self) -> u32 {
        self.header.tlv_offset().saturating_add(self.tlvs.size())
    }

    /// The protected area, head included, as stored.
    pub(crate) fn protected_bytes(&self) -> &'a [u8] {
        self.protected_bytes
    }

    /// Whether the image states the hash of what it holds, names `key` as its signer and has that key's signature; the
    /// payload as it is in the clear, where it is stored encrypted.
    pub fn is_signed_by(&self, key: &PublicKey, clear_payload: Option<&[u8]>) -> bool {
        let entry = |kind| self.tlvs.only(kind).ok().flatten().map(|entry| entry.value);
        let digest = self.digest(clear_payload.unwrap_or(self.payload));
        let signature = entry(Tlv::SIGNATURE).and_then(|value| Signature::from_der(value).ok());
        entry(Tlv::SHA256) == Some(&digest)
            && entry(Tlv::KEY_HASH) == Some(&key.image_key_hash())
            && signature.is_some_and(|signature| key.verifies(&digest, &signature))
    }

    /// SHA-256 over what is signed, with `payload` as it is in the clear.
    pub(crate) fn digest(&self, payload: &[u8]) -> [u8; 32] {
        let mut header = self.header;
        header.flags = header.flags.hashed();
        signed_digest(&header, self.gap, payload, self.protected_bytes)
    }
}

/// SHA-256 over the signed bytes; the header as it is hashed.
pub(crate) fn signed_digest(header: &ImageHeader, gap: &[u8], payload: &[u8], protected: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(header.encode());
    hash.update(gap);
    hash.update(payload);
    hash.update(protected);
    hash.finalize().into()
}

fn part<'a>(slot: &'a [u8], start: u32, end: u32, field: &'static str) -> Result<&'a [u8], LayoutError> {
    let range = usize::try_from(start).unwrap_or(usize::MAX)..usize::try_from(end).unwrap_or(usize::MAX);
    slot.get(range).ok_or(LayoutError {
        offset: start,
        field,
        problem: Problem::Short {
            needed: end.saturating_sub(start),
            present: reported(slot.len()).saturating_sub(start),
        },
    })
}
