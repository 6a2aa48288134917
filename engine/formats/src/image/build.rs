//! Building a signed image, encrypted or not, in one pass over its payload: small ones in memory, large ones from a
//! reader to a writer. Random numbers come from the system and from nowhere else.

use std::io::{self, Read, Write};

use chip::memory_map::XSPI1_WINDOW;
use sha2::{Digest, Sha256};

use super::assembly::{ERASED, Form, Pace, Payload, PayloadKey};
use super::ecies::WRAPPED_SIZE;
use super::header::{Flags, ImageHeader, Version};
use super::settings::{ImageProfile, ImageSettings, InstallMode, PayloadCipher};
use super::tlv::{Tlv, TlvArea, TlvKind};
use crate::error::FormatError;
use crate::hex::HexWriter;
use crate::keys::{Fingerprint, PrivateKey, PublicKey};

/// Encrypted payloads are filled up with zeros to a multiple of the cipher's block.
const BLOCK: u64 = 16;
/// The longest DER form of a signature on P-256.
const LONGEST_SIGNATURE: u64 = 72;
/// Bytes of a protected area that holds the security counter: head and entry.
const PROTECTED_SIZE: u16 = 12;

/// The keys of an image.
#[derive(Clone, Copy)]
pub struct ImageKeys<'a> {
    /// The key that signs.
    pub signing: &'a PrivateKey,
    /// The public half of the key that opens it; without one the payload lies open.
    pub encryption: Option<&'a PublicKey>,
}

/// How an image is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageForm {
    /// Intel hex for a slot at an address: the image, and the mark of a complete image at the slot's end. What lies
    /// between must be erased on the board.
    Hex {
        /// Address of the slot.
        address: u32,
    },
    /// The whole slot: image, 0xFF, mark.
    Slot,
}

/// What was built, in numbers. A window and a command show the same of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// Whose image it is.
    pub profile: ImageProfile,
    /// Version of the payload.
    pub version: Version,
    /// What keeps older images from being installed again, where it states that.
    pub security_counter: Option<u32>,
    /// Flags as they stand in the image.
    pub flags: Flags,
    /// Bytes of the payload as it was given.
    pub payload_bytes: u64,
    /// Bytes in front of the payload.
    pub header_size: u16,
    /// Bytes from the start of the slot to the last TLV.
    pub image_bytes: u64,
    /// Bytes of the slot.
    pub slot_size: u32,
    /// Bytes at the slot's end that belong to the boot stage.
    pub trailer_bytes: u64,
    /// SHA-256 of the signed bytes, as the image states it.
    pub hash: [u8; 32],
    /// The key that signed.
    pub signed_with: Fingerprint,
    /// The key that it opens with; `None` when the payload lies open.
    pub encrypted_for: Option<Fingerprint>,
}

/// An image in memory, with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltImage {
    bytes: Vec<u8>,
    facts: ImageFacts,
}

impl BuiltImage {
    /// The image from the start of the slot to its last TLV, without fill and mark.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was built.
    pub fn facts(&self) -> &ImageFacts {
        &self.facts
    }

    /// Bytes of the slot it was built for.
    pub fn slot_size(&self) -> u32 {
        self.facts.slot_size
    }

    /// The file in one of the forms.
    ///
    /// # Errors
    /// When the slot would reach past the last address.
    pub fn encode(&self, form: ImageForm) -> Result<Vec<u8>, FormatError> {
        let mut file = Vec::with_capacity(form.expected_bytes(&self.facts));
        let mut form = Form::begin(form, self.facts.slot_size, &mut file)?;
        form.put(&self.bytes)?;
        form.finish()?;
        Ok(file)
    }
}

impl ImageForm {
    fn expected_bytes(self, facts: &ImageFacts) -> usize {
        let bytes = match self {
            Self::Hex { .. } => HexWriter::<io::Sink>::expected_bytes(facts.image_bytes),
            Self::Slot => u64::from(facts.slot_size),
        };
        usize::try_from(bytes).unwrap_or(0)
    }
}

/// Builds an image of `payload` in memory.
///
/// # Errors
/// When a setting can't be, when the payload is empty or doesn't fit the slot, or when the system gives no random
/// numbers.
pub fn build(payload: &[u8], settings: &ImageSettings, keys: ImageKeys<'_>) -> Result<BuiltImage, FormatError> {
    let plan = Plan::new(payload.len() as u64, settings, keys)?;
    let mut bytes = Vec::with_capacity(usize::try_from(plan.longest_image).unwrap_or(0));
    let key = PayloadKey::new(keys.encryption)?;
    let facts = plan.write(&mut &*payload, &key, &mut Form::image(&mut bytes))?;
    Ok(BuiltImage { bytes, facts })
}

/// Builds an image of the `length` bytes that `payload` gives and writes it to `sink` on the way, in a few buffers
/// whatever the size. Large payloads are read and hashed on a thread of their own.
///
/// # Errors
/// As [`build`]; and when `payload` can't be read, has more or fewer bytes than `length`, or `sink` can't be written:
/// then what was written is no image.
pub fn build_to(
    payload: &mut (dyn Read + Send),
    length: u64,
    settings: &ImageSettings,
    keys: ImageKeys<'_>,
    form: ImageForm,
    sink: &mut dyn Write,
) -> Result<ImageFacts, FormatError> {
    let plan = Plan::new(length, settings, keys)?;
    let mut form = Form::begin(form, settings.slot_size, sink)?;
    let key = PayloadKey::new(keys.encryption)?;
    let facts = plan.write(payload, &key, &mut form)?;
    form.finish()?;
    Ok(facts)
}

/// An image that can be built: every setting looked at, every size known.
struct Plan<'a> {
    settings: &'a ImageSettings,
    keys: ImageKeys<'a>,
    length: u64,
    /// Bytes of the payload in the image.
    padded: u32,
    trailer: u64,
    longest_image: u64,
}

impl<'a> Plan<'a> {
    fn new(length: u64, settings: &'a ImageSettings, keys: ImageKeys<'a>) -> Result<Self, FormatError> {
        check(settings, keys)?;
        if length == 0 {
            return setting("payload", "the application is empty; build it first");
        }
        let entry = Tlv::HEAD_SIZE as u64;
        let (cipher, unit, wrapped) = match keys.encryption {
            Some(_) => (PayloadCipher::Aes128, BLOCK, entry + WRAPPED_SIZE as u64),
            None => (PayloadCipher::None, 1, 0),
        };
        let protected = settings.security_counter.map_or(0, |_| u64::from(PROTECTED_SIZE));
        let tlvs = TlvArea::HEAD_SIZE as u64 + 2 * (entry + 32) + (entry + LONGEST_SIGNATURE) + wrapped;
        let trailer = settings.install.trailer_size(settings.align, cipher);
        let around = u64::from(settings.header_size) + protected + tlvs;
        let padded = length.next_multiple_of(unit);
        let needed = around.saturating_add(padded).saturating_add(trailer);
        let room = u64::from(settings.slot_size).saturating_sub(around + trailer);
        match u32::try_from(padded) {
            Ok(padded) if needed <= u64::from(settings.slot_size) => {
                Ok(Self { settings, keys, length, padded, trailer, longest_image: around + u64::from(padded) })
            }
            _ => Err(FormatError::DoesNotFit {
                needed,
                slot: settings.slot_size,
                payload: length,
                payload_limit: u32::try_from(room / unit * unit).unwrap_or(u32::MAX),
            }),
        }
    }

    fn write(
        &self,
        payload: &mut (dyn Read + Send),
        key: &PayloadKey,
        form: &mut Form<'_>,
    ) -> Result<ImageFacts, FormatError> {
        let Self { settings, keys, .. } = self;
        let counter = settings.counter();
        let protected = counter
            .map(|counter| tlv_area(TlvKind::Protected, &[(Tlv::SECURITY_COUNTER, &counter.to_le_bytes())]))
            .unwrap_or_default();
        let header = ImageHeader {
            magic: settings.profile.magic(),
            load_address: 0,
            header_size: settings.header_size,
            protected_size: counter.map_or(0, |_| PROTECTED_SIZE),
            payload_size: self.padded,
            flags: Flags(match (settings.profile, keys.encryption) {
                (ImageProfile::Stirot, _) => Flags::PRIMARY_ONLY | Flags::ENCRYPTED_AES128,
                (ImageProfile::Oemurot, Some(_)) => Flags::ENCRYPTED_AES128,
                (ImageProfile::Oemurot, None) => 0,
            }),
            version: settings.version,
            pad: 0,
        };
        let gap = vec![ERASED; usize::from(settings.header_size).saturating_sub(ImageHeader::SIZE)];

        // An image for one slot is hashed as if it were not encrypted.
        let hashed = ImageHeader { flags: header.flags.hashed(), ..header };
        let mut hash = Sha256::new_with_prefix(hashed.encode());
        hash.update(&gap);
        form.put(&header.encode())?;
        form.put(&gap)?;
        let payload = Payload { source: payload, length: self.length, padded: u64::from(self.padded) };
        payload.transfer(&mut hash, key, form, Pace::for_bytes(self.length))?;
        hash.update(&protected);
        form.put(&protected)?;

        let hash: [u8; 32] = hash.finalize().into();
        let signature = keys.signing.sign(&hash)?.to_der();
        let signer = keys.signing.public();
        let key_hash = signer.image_key_hash();
        let wrapped = key.wrapped();
        let mut entries =
            vec![(Tlv::SHA256, &hash[..]), (Tlv::KEY_HASH, &key_hash), (Tlv::SIGNATURE, signature.as_bytes())];
        entries.extend(wrapped.map(|wrapped| (Tlv::WRAPPED_KEY, wrapped.as_slice())));
        form.put(&tlv_area(TlvKind::Unprotected, &entries))?;
        Ok(ImageFacts {
            profile: settings.profile,
            version: settings.version,
            security_counter: counter,
            flags: header.flags,
            payload_bytes: self.length,
            header_size: settings.header_size,
            image_bytes: form.written(),
            slot_size: settings.slot_size,
            trailer_bytes: self.trailer,
            hash,
            signed_with: signer.fingerprint(),
            encrypted_for: keys.encryption.map(PublicKey::fingerprint),
        })
    }
}

fn setting<T>(setting: &'static str, problem: impl Into<String>) -> Result<T, FormatError> {
    Err(FormatError::Setting { setting, problem: problem.into() })
}

/// What no boot stage would take.
fn check(settings: &ImageSettings, keys: ImageKeys<'_>) -> Result<(), FormatError> {
    match (settings.profile, settings.install) {
        (ImageProfile::Stirot, InstallMode::PrimaryOnly)
        | (ImageProfile::Oemurot, InstallMode::Overwrite | InstallMode::Swap { .. }) => {}
        (ImageProfile::Stirot, _) => {
            return setting("installation", "STiRoT has one slot to install to; choose primary-only");
        }
        (ImageProfile::Oemurot, InstallMode::PrimaryOnly) => {
            return setting(
                "installation",
                "the second boot stage installs from a second slot; choose overwrite or swap",
            );
        }
    }
    if settings.profile == ImageProfile::Stirot {
        if keys.encryption.is_none() {
            return setting("encryption", "STiRoT takes encrypted images only; give the encryption key");
        }
        if settings.security_counter.is_none() {
            return setting("security counter", "STiRoT takes no image without one; give auto or a number");
        }
    }
    if settings.slot_size > XSPI1_WINDOW.size {
        let problem =
            format!("{:#x} bytes; no memory of this chip has more than {:#x}", settings.slot_size, XSPI1_WINDOW.size);
        return setting("size of the slot", problem);
    }
    let header = settings.header_size;
    if usize::from(header) < ImageHeader::SIZE || !header.is_multiple_of(16) {
        return setting(
            "header size",
            format!("{header:#x} bytes; a multiple of 16 from 0x20 on is needed, and 0x400 on this chip"),
        );
    }
    Ok(())
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
