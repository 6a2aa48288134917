//! What STiRoT finds in its option-byte keys: the configuration, and the counters in two copies. Fields and codes
//! only; whether addresses suit the chip and each other is for the reader to judge.

use chip::ProductState;

use crate::key_fields::{PRIVATE_SIZE, PUBLIC_SIZE};
use crate::layout::{Fields, LayoutError, Problem};

/// STiRoT's configuration: the 224 bytes behind the object's 32-byte hash.
///
/// It lends the private decryption key out of the bytes it was read from, therefore it can't be printed.
#[derive(Clone, Copy)]
pub struct StirotConfig<'a> {
    /// Clock of the chip while STiRoT runs.
    pub clock: Clock,
    /// Whether STiRoT manages the error correction of the SRAMs.
    pub sram_ecc: SramEcc,
    /// Address in internal RAM where the firmware is verified and runs.
    pub firmware_address: u32,
    /// Bytes of that area and of each slot in external flash.
    pub firmware_size: u32,
    /// The least closed product state in which the firmware is started.
    pub minimum_state: ProductState,
    /// Address of the installation slot in external flash.
    pub installation_address: u32,
    /// Address of the download slot in external flash.
    pub download_address: u32,
    /// Offset of the iLoader in user flash.
    pub loader_offset: u32,
    /// Bytes of the iLoader.
    pub loader_size: u32,
    /// Which engine encrypts the installation slot.
    pub mce: MceChoice,
    /// The private key that unwraps images, in its stored shape (see [`crate::key_fields::private_scalar`]).
    pub decryption_key: &'a [u8; PRIVATE_SIZE],
    /// The public key that images are verified with, in its stored shape (see
    /// [`crate::key_fields::public_point`]).
    pub authentication_key: &'a [u8; PUBLIC_SIZE],
}

impl<'a> StirotConfig<'a> {
    /// Bytes of the payload, the hash in front of it not counted.
    pub const SIZE: usize = 224;
    /// Where the private key stands in the payload.
    pub const DECRYPTION_KEY_OFFSET: usize = 0x3F;
    /// Where the public key stands in the payload.
    pub const AUTHENTICATION_KEY_OFFSET: usize = 0x85;

    /// Reads the configuration from the object's payload; offsets in errors count from the payload's start. Fields
    /// that ST reserves are passed over unread.
    ///
    /// # Errors
    /// When the payload isn't 224 bytes long or a code has no meaning.
    pub fn decode(payload: &'a [u8]) -> Result<Self, LayoutError> {
        let mut fields = Fields::new(payload, 0);
        fields.u8("reserved 1")?;
        let clock = fields.u8("clock selection")?;
        let clock = Clock::from_code(clock).ok_or(value(
            1,
            "clock selection",
            u32::from(clock),
            "0 (64 MHz) or 1 (380 MHz)",
        ))?;
        fields.u8("reserved 2")?;
        let sram_ecc = fields.u8("SRAM ECC management")?;
        let sram_ecc = SramEcc::from_code(sram_ecc).ok_or(value(
            3,
            "SRAM ECC management",
            u32::from(sram_ecc),
            "0 (off) or 1 (on)",
        ))?;
        let firmware_address = fields.u32("firmware area address")?;
        let firmware_size = fields.u32("firmware area size")?;
        fields.array::<16>("reserved 3 to 6")?;
        let state_offset = fields.offset();
        let state = fields.u32("minimum product state")?;
        let minimum_state = match ProductState::from_rsslib_code(state) {
            Some(state @ (ProductState::Closed | ProductState::Locked)) => state,
            _ => return Err(value(state_offset, "minimum product state", state, "0x72 (CLOSED) or 0x5c (LOCKED)")),
        };
        let installation_address = fields.u32("installation area address")?;
        let download_address = fields.u32("download area address")?;
        fields.array::<8>("reserved 7 and 8")?;
        let loader_offset = fields.u32("iLoader offset")?;
        let loader_size = fields.u32("iLoader size")?;
        let mce_offset = fields.offset();
        let mce = fields.u32("MCE")?;
        let mce = MceChoice::from_code(mce).ok_or(value(mce_offset, "MCE", mce, "0 (MCE1), 1 (MCE2) or 2 (MCE3)"))?;
        fields.array::<3>("reserved 9")?;
        let decryption_key = fields.array("encryption key")?;
        let authentication_key = fields.array("authentication key")?;
        if !fields.is_empty() {
            let length = crate::layout::reported(payload.len());
            return Err(value(fields.offset(), "length of the configuration", length, "0xe0"));
        }
        Ok(Self {
            clock,
            sram_ecc,
            firmware_address,
            firmware_size,
            minimum_state,
            installation_address,
            download_address,
            loader_offset,
            loader_size,
            mce,
            decryption_key,
            authentication_key,
        })
    }
}

fn value(offset: u32, field: &'static str, found: u32, expected: &'static str) -> LayoutError {
    LayoutError { offset, field, problem: Problem::Value { found, expected } }
}

/// Clock of the chip while STiRoT runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// 64 MHz.
    Mhz64,
    /// 380 MHz.
    Mhz380,
}

impl Clock {
    /// The clock that a code names.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Mhz64),
            1 => Some(Self::Mhz380),
            _ => None,
        }
    }
}

/// Whether STiRoT manages the error correction of the SRAMs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SramEcc {
    /// It doesn't.
    Off,
    /// It does.
    On,
}

impl SramEcc {
    /// What a code says.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Off),
            1 => Some(Self::On),
            _ => None,
        }
    }
}

/// Which memory cipher engine encrypts the installation slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MceChoice {
    /// MCE1: XSPI, AES.
    Mce1,
    /// MCE2: XSPI, Noekeon.
    Mce2,
    /// MCE3: FMC, Noekeon.
    Mce3,
}

impl MceChoice {
    /// The engine that a code names.
    pub const fn from_code(code: u32) -> Option<Self> {
        match code {
            0 => Some(Self::Mce1),
            1 => Some(Self::Mce2),
            2 => Some(Self::Mce3),
            _ => None,
        }
    }
}

/// One copy of STiRoT's counters: 96 bytes, of which the first 32 are the SHA-256 of the rest.
///
/// The layout is the one that ST's own second stage gives its object of the same size.
// assumption: STiRoT's block has the layout of the OEM one (ST publishes the bytes, not their meaning).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataBlock {
    /// SHA-256 over the 64 bytes that follow, as stored.
    pub sha256: [u8; 32],
    /// SHA-256 of the last image that verified; zero when there was none.
    pub code_sha256_reference: [u8; 32],
    /// Security counter of the last image that verified.
    pub code_version: u32,
    /// The counter before that.
    pub code_previous: u32,
    /// Not used.
    pub reserved: [u8; 24],
}

impl DataBlock {
    /// Bytes of one copy.
    pub const SIZE: usize = 96;

    /// Reads one copy; the stored hash is taken as found.
    ///
    /// # Errors
    /// When fewer than 96 bytes are given.
    pub fn decode(bytes: &[u8]) -> Result<Self, LayoutError> {
        let mut fields = Fields::new(bytes, 0);
        Ok(Self {
            sha256: *fields.array("SHA-256 of the block")?,
            code_sha256_reference: *fields.array("SHA-256 of the code")?,
            code_version: fields.u32("code version")?,
            code_previous: fields.u32("previous code version")?,
            reserved: *fields.array("reserved")?,
        })
    }

    /// The 64 bytes that the hash covers.
    pub fn hashed_bytes(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        let fields = [
            &self.code_sha256_reference[..],
            &self.code_version.to_le_bytes(),
            &self.code_previous.to_le_bytes(),
            &self.reserved,
        ];
        for (target, source) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *target = *source;
        }
        bytes
    }

    /// The bytes of the copy, with the hash as it stands in the value.
    pub fn encode(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        for (target, source) in bytes.iter_mut().zip(self.sha256.iter().chain(&self.hashed_bytes())) {
            *target = *source;
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload() -> [u8; StirotConfig::SIZE] {
        let mut bytes = [0; StirotConfig::SIZE];
        bytes[1] = 1;
        bytes[4..8].copy_from_slice(&0x2400_0000_u32.to_le_bytes());
        bytes[0x1C] = 0x5C;
        bytes[0x3F] = 0xAA;
        bytes[0x85] = 0xBB;
        bytes
    }

    #[test]
    fn fields_are_read_from_their_places() {
        let bytes = payload();
        let Ok(config) = StirotConfig::decode(&bytes) else { panic!("the payload is whole") };
        assert_eq!(config.clock, Clock::Mhz380);
        assert_eq!(config.firmware_address, 0x2400_0000);
        assert_eq!(config.minimum_state, ProductState::Locked);
        assert_eq!((config.decryption_key[0], config.authentication_key[0]), (0xAA, 0xBB));
    }

    #[test]
    fn a_code_without_meaning_is_named_with_its_offset() {
        for (offset, code) in [(1_usize, 2), (3, 2), (0x1C, 0x39), (0x38, 3)] {
            let mut bytes = payload();
            bytes[offset] = code;
            assert_eq!(StirotConfig::decode(&bytes).err().map(|error| error.offset as usize), Some(offset));
        }
    }

    #[test]
    fn another_length_is_refused() {
        for length in 0..StirotConfig::SIZE {
            assert!(StirotConfig::decode(&payload()[..length]).is_err());
        }
        assert!(StirotConfig::decode(&[payload().as_slice(), &[0]].concat()).is_err());
    }

    #[test]
    fn a_data_block_survives_the_way_to_bytes_and_back() {
        let bytes: [u8; 96] = core::array::from_fn(|index| index as u8);
        let block = DataBlock::decode(&bytes).unwrap();
        assert_eq!(block.code_version, u32::from_le_bytes([64, 65, 66, 67]));
        assert_eq!(block.encode(), bytes);
        assert!(DataBlock::decode(&bytes[..95]).is_err());
    }
}
