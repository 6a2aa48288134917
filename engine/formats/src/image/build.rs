//! Building a signed and encrypted image. Random numbers come from the system and from nowhere else.

use super::TRAILER_MAGIC;
use super::ecies::{self, KEY_SIZE, WRAPPED_SIZE};
use super::header::{Flags, ImageHeader};
use super::parts::signed_digest;
use super::settings::ImageSettings;
use super::tlv::{Tlv, TlvArea, TlvKind};
use crate::error::FormatError;
use crate::hex::{HexFile, Segment};
use crate::keys::{PrivateKey, PublicKey};
use crate::secret::Secret;

/// Payloads are filled up with zeros to a multiple of the cipher's block.
const BLOCK: usize = 16;
/// What erased flash reads as.
const ERASED: u8 = 0xFF;
/// The longest DER form of a signature on P-256.
const LONGEST_SIGNATURE: u64 = 72;
/// Bytes of the protected area: head and security counter.
const PROTECTED_SIZE: u16 = 12;

/// An image as built, and the slot it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    bytes: Vec<u8>,
    slot_size: u32,
}

impl BuiltImage {
    /// The image from the start of the slot to its last TLV, without fill and trailer.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes of the slot it was built for.
    pub fn slot_size(&self) -> u32 {
        self.slot_size
    }

    /// The whole slot: image, 0xFF, trailer.
    pub fn to_bin(&self) -> Vec<u8> {
        let mut slot = self.bytes.clone();
        let size = usize::try_from(self.slot_size).unwrap_or(usize::MAX);
        slot.resize(size.saturating_sub(TRAILER_MAGIC.len()), ERASED);
        slot.extend_from_slice(&TRAILER_MAGIC);
        slot
    }

    /// An Intel hex file for a slot at `address`: the image, and the trailer at the slot's end. What lies between must
    /// be erased on the board.
    ///
    /// # Errors
    /// When the slot would reach past the last address.
    pub fn to_hex(&self, address: u32) -> Result<String, FormatError> {
        let trailer = u32::try_from(TRAILER_MAGIC.len())
            .ok()
            .and_then(|length| self.slot_size.checked_sub(length))
            .and_then(|offset| address.checked_add(offset));
        let Some(trailer) = trailer else {
            let problem =
                format!("a slot of {:#x} bytes at {address:#010x} reaches past the last address", self.slot_size);
            return Err(FormatError::Setting { setting: "address", problem });
        };
        let segments = vec![
            Segment { address, bytes: self.bytes.clone() },
            Segment { address: trailer, bytes: TRAILER_MAGIC.to_vec() },
        ];
        Ok(HexFile::new(segments)?.encode())
    }
}

/// Builds an image of `payload`: signed with `signing`, encrypted for the device that has the private half of
/// `encryption`.
///
/// # Errors
/// When the payload is empty or doesn't fit the slot, when a size can't be, or when the system gives no random
/// numbers.
pub fn build(
    payload: &[u8],
    settings: &ImageSettings,
    signing: &PrivateKey,
    encryption: &PublicKey,
) -> Result<BuiltImage, FormatError> {
    let padded = padded(payload, settings)?;
    let counter = settings.security_counter.number(settings.version).to_le_bytes();
    let protected = tlv_area(TlvKind::Protected, &[(Tlv::SECURITY_COUNTER, &counter)]);
    let mut header = ImageHeader {
        magic: settings.profile.magic(),
        load_address: 0,
        header_size: settings.header_size,
        protected_size: PROTECTED_SIZE,
        payload_size: crate::layout::reported(padded.len()),
        flags: Flags(Flags::PRIMARY_ONLY),
        version: settings.version,
        pad: 0,
    };
    let gap = vec![ERASED; usize::from(settings.header_size).saturating_sub(ImageHeader::SIZE)];
    let digest = signed_digest(&header, &gap, &padded, &protected);
    let signature = signing.sign(&digest)?.to_der();

    // Signed first, encrypted after: an image for one slot is hashed as if it were not encrypted.
    header.flags = Flags(header.flags.0 | Flags::ENCRYPTED_AES128);
    let mut key = Secret::new([0; KEY_SIZE]);
    getrandom::fill(&mut *key).map_err(FormatError::Random)?;
    let mut encrypted = padded;
    ecies::apply_ctr(&key, &mut encrypted);
    let wrapped = ecies::wrap(&key, encryption)?;
    let tlvs = tlv_area(
        TlvKind::Unprotected,
        &[
            (Tlv::SHA256, &digest),
            (Tlv::KEY_HASH, &signing.public().image_key_hash()),
            (Tlv::SIGNATURE, signature.as_bytes()),
            (Tlv::WRAPPED_KEY, &wrapped),
        ],
    );
    let bytes = [header.encode().as_slice(), &gap, &encrypted, &protected, &tlvs].concat();
    Ok(BuiltImage { bytes, slot_size: settings.slot_size })
}

/// The payload filled up to whole blocks, when it fits.
fn padded(payload: &[u8], settings: &ImageSettings) -> Result<Vec<u8>, FormatError> {
    let setting = |setting, problem: String| Err(FormatError::Setting { setting, problem });
    if payload.is_empty() {
        return setting("payload", "the application is empty; build it first".into());
    }
    if usize::from(settings.header_size) < ImageHeader::SIZE {
        let problem = format!("{:#x} bytes; at least 0x20, and 0x400 on this chip", settings.header_size);
        return setting("header size", problem);
    }
    let entry = Tlv::HEAD_SIZE as u64;
    let tlvs = TlvArea::HEAD_SIZE as u64 + 2 * (entry + 32) + (entry + LONGEST_SIGNATURE) + entry + WRAPPED_SIZE as u64;
    let around = u64::from(settings.header_size) + u64::from(PROTECTED_SIZE) + tlvs + TRAILER_MAGIC.len() as u64;
    let length = payload.len().next_multiple_of(BLOCK);
    let needed = around + length as u64;
    if needed > u64::from(settings.slot_size) {
        let room = u64::from(settings.slot_size).saturating_sub(around);
        return Err(FormatError::DoesNotFit {
            needed,
            slot: settings.slot_size,
            payload: payload.len() as u64,
            payload_limit: u32::try_from(room / BLOCK as u64 * BLOCK as u64).unwrap_or(u32::MAX),
        });
    }
    let mut padded = payload.to_vec();
    padded.resize(length, 0);
    Ok(padded)
}

fn tlv_area(kind: TlvKind, entries: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, value) in entries {
        body.extend_from_slice(&kind.to_le_bytes());
        // Every value here is shorter than 200 bytes.
        body.extend_from_slice(&(value.len() as u16).to_le_bytes());
        body.extend_from_slice(value);
    }
    let total = (body.len() + TlvArea::HEAD_SIZE) as u16;
    [kind.magic().to_le_bytes().as_slice(), &total.to_le_bytes(), &body].concat()
}
