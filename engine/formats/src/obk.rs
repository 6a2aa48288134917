//! The `.obk` file: an object for the option-byte keys with its destination. What the body means is known only for the
//! objects that ST publishes without an xml.
//!
//! Twelve bytes of head (destination, length, request to encrypt), then the body. The device encrypts on storing, the
//! file never is: a configuration's body holds its private key in the clear.

use std::fmt;

use chip::Destination;
use sha2::{Digest, Sha256};

use crate::error::FormatError;
use crate::layout::{Fields, LayoutError, Problem, reported};
use crate::secret::Secret;
use crate::stirot_config::DataBlock;

/// What a lock object begins with; bytes 0xFF follow.
pub(crate) const LOCK_TEXT: &[u8] = b"STDALOCKMGC";
const LOCK_SIZE: usize = 32;
/// Upper half of every destination in the objects that ST publishes for the H5, where it is an address in flash.
const H5_DESTINATIONS: u32 = 0x0FFD;

/// Whether the device shall encrypt the body when it stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Store as it is: only for a device in OPEN.
    Clear,
    /// Encrypt with the device's own key.
    Encrypted,
}

impl Encryption {
    /// The word in the file's head.
    pub const fn word(self) -> u32 {
        match self {
            Self::Clear => 0,
            Self::Encrypted => 1,
        }
    }

    /// What a word asks for.
    pub const fn from_word(word: u32) -> Option<Self> {
        match word {
            0 => Some(Self::Clear),
            1 => Some(Self::Encrypted),
            _ => None,
        }
    }
}

/// An object for the option-byte keys.
#[derive(Clone, PartialEq, Eq)]
pub struct ObkFile {
    /// Where it goes.
    pub destination: Destination,
    /// How it is stored.
    pub encryption: Encryption,
    /// What is stored.
    pub body: Secret<Vec<u8>>,
}

impl ObkFile {
    /// Bytes in front of the body.
    pub const HEAD_SIZE: usize = 12;

    /// An object that fits the chip.
    ///
    /// # Errors
    /// When the destination isn't one of this chip's, or the body doesn't fit there.
    pub fn new(destination: Destination, encryption: Encryption, body: Secret<Vec<u8>>) -> Result<Self, FormatError> {
        let length = reported(body.len());
        if !destination.fits(length) {
            let problem = if destination.fits(1) && length > 0 {
                format!(
                    "{length} bytes from index {} on reach past the last of the {} indexes; leave fields out or choose a \
                     lower index",
                    destination.index(),
                    chip::obk::INDEXES
                )
            } else if length == 0 {
                "the object is empty".into()
            } else if destination.0 >> 16 == H5_DESTINATIONS {
                format!(
                    "{:#010x} is no place in this chip but an address in the STM32H5: an object for another family",
                    destination.0
                )
            } else {
                format!(
                    "{:#010x} is no place in this chip; STiRoT's configuration goes to {:#010x}, for example",
                    destination.0,
                    Destination::STIROT_CONFIG.0
                )
            };
            return Err(FormatError::Object { field: "destination", problem });
        }
        Ok(Self { destination, encryption, body })
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is shorter or longer than it says, or when its destination or request isn't one of this chip's.
    pub fn decode(file: &[u8]) -> Result<Self, FormatError> {
        let layout = |source| FormatError::Layout { what: "obk file", source };
        let mut fields = Fields::new(file, 0);
        let destination = Destination(fields.u32("destination").map_err(layout)?);
        let length = fields.u32("length").map_err(layout)?;
        let word = fields.u32("encryption").map_err(layout)?;
        let encryption = Encryption::from_word(word).ok_or(layout(LayoutError {
            offset: 8,
            field: "encryption",
            problem: Problem::Value { found: word, expected: "0 or 1" },
        }))?;
        let body = fields.slice("body", usize::try_from(length).unwrap_or(usize::MAX)).map_err(layout)?;
        if !fields.is_empty() {
            let problem = Problem::Value { found: length, expected: "the number of bytes that follow the head" };
            return Err(layout(LayoutError { offset: 4, field: "length", problem }));
        }
        Self::new(destination, encryption, Secret::new(body.to_vec()))
    }

    /// The bytes of the file.
    pub fn encode(&self) -> Secret<Vec<u8>> {
        let mut file = Vec::with_capacity(self.body.len().saturating_add(Self::HEAD_SIZE));
        file.extend_from_slice(&self.destination.0.to_le_bytes());
        file.extend_from_slice(&reported(self.body.len()).to_le_bytes());
        file.extend_from_slice(&self.encryption.word().to_le_bytes());
        file.extend_from_slice(&self.body);
        Secret::new(file)
    }

    /// Whether the body begins with the SHA-256 of its rest, as configurations and debug-authentication objects do.
    pub fn begins_with_its_hash(&self) -> bool {
        match self.body.split_first_chunk::<32>() {
            Some((hash, payload)) => *hash == <[u8; 32]>::from(Sha256::digest(payload)),
            None => false,
        }
    }

    /// The payload behind the hash.
    ///
    /// # Errors
    /// When the body doesn't begin with the SHA-256 of its rest.
    pub fn hashed_payload(&self) -> Result<&[u8], FormatError> {
        match self.body.split_first_chunk::<32>() {
            Some((_, payload)) if self.begins_with_its_hash() => Ok(payload),
            _ => Err(FormatError::Object {
                field: "hash",
                problem: "the first 32 bytes of the body aren't the SHA-256 of the rest; the file is damaged or no \
                          configuration; build it again from its xml"
                    .into(),
            }),
        }
    }

    /// STiRoT's counters as they are before the first image: two copies, no image yet, counter 0.
    pub fn stirot_data() -> Self {
        Self::counters(Destination::STIROT_DATA)
    }

    /// The second stage's counters as they are before the first image.
    pub fn oemurot_data() -> Self {
        Self::counters(Destination::OEMUROT_DATA)
    }

    fn counters(destination: Destination) -> Self {
        let mut block = DataBlock {
            sha256: [0; 32],
            code_sha256_reference: [0; 32],
            code_version: 0,
            code_previous: 0,
            reserved: [0; 24],
        };
        block.sha256 = Sha256::digest(block.hashed_bytes()).into();
        let copy = block.encode();
        let body = Secret::new([copy, copy].concat());
        Self { destination, encryption: Encryption::Encrypted, body }
    }

    /// The object that shuts debug authentication for good. Together with CLOSED it makes a board that nobody opens
    /// again.
    pub fn da_lock() -> Self {
        let mut body = LOCK_TEXT.to_vec();
        body.resize(LOCK_SIZE, 0xFF);
        Self { destination: Destination::DA_LOCK, encryption: Encryption::Encrypted, body: Secret::new(body) }
    }
}

/// The body stays unseen.
impl fmt::Debug for ObkFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObkFile({:#010x}, {:?}, {} bytes)", self.destination.0, self.encryption, self.body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_survives_the_way_to_bytes_and_back() {
        let file = ObkFile::stirot_data().encode();
        assert_eq!(file.len(), 0xC0 + 12);
        assert_eq!(ObkFile::decode(&file).unwrap(), ObkFile::stirot_data());
        assert!(!ObkFile::stirot_data().begins_with_its_hash());
    }

    #[test]
    fn cut_and_lengthened_files_are_refused() {
        let file = ObkFile::da_lock().encode();
        for length in 0..file.len() {
            assert!(matches!(ObkFile::decode(&file[..length]), Err(FormatError::Layout { .. })), "{length}");
        }
        let longer = [file.as_slice(), &[0]].concat();
        assert_eq!(ObkFile::decode(&longer).unwrap_err().to_string().split(':').nth(1), Some(" length at offset 0x4"));
    }

    #[test]
    fn a_destination_outside_the_chip_is_refused() {
        for destination in [0x0FFD_0400, 0x0000_0308, 0x0000_011F, 0x0052_0008, 0x0000_0120] {
            let mut file = ObkFile::stirot_data().encode();
            file[..4].copy_from_slice(&u32::to_le_bytes(destination));
            assert!(matches!(ObkFile::decode(&file), Err(FormatError::Object { .. })), "{destination:#x}");
        }
    }

    #[test]
    fn an_object_of_the_h5_is_said_to_be_one() {
        let mut file = ObkFile::stirot_data().encode();
        file[..4].copy_from_slice(&0x0FFD_0400_u32.to_le_bytes());
        assert!(ObkFile::decode(&file).unwrap_err().to_string().contains("STM32H5"));
    }

    #[test]
    fn printing_an_object_shows_nothing_of_its_body() {
        assert_eq!(format!("{:?}", ObkFile::da_lock()), "ObkFile(0x00b40008, Encrypted, 32 bytes)");
    }
}
