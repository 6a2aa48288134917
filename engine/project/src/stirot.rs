//! STiRoT's configuration as types: what `STiROT_Config.xml` says, without the xml.
//!
//! Codes that name nothing are refused here; where things lie is judged by the rules, so that a window can show it.

use chip::memory_map::{Region, USER_FLASH};
use chip::product_state::ProductState;
use formats::{Clock, Fingerprint, FormatError, MceChoice, Obdata, SramEcc};

/// Names of the fields, as ST's dialect spells them (`formats.md` §1.5).
pub mod field {
    /// Clock while STiROT runs.
    pub const CLOCK: &str = "Clock selection";
    /// Error correction of the AXI SRAM.
    pub const SRAM_ECC: &str = "SRAM ECC management activation";
    /// Firmware area in RAM.
    pub const FIRMWARE_ADDRESS: &str = "Firmware area address (in internal RAM)";
    /// Size of the firmware area and of both slots.
    pub const FIRMWARE_SIZE: &str = "Firmware area size";
    /// Minimum product state.
    pub const MINIMUM_STATE: &str = "Product state minimal allowed";
    /// Installation slot.
    pub const INSTALLATION_ADDRESS: &str = "Firmware installation area address (in external flash)";
    /// Download slot.
    pub const DOWNLOAD_ADDRESS: &str = "Firmware download area address (in external flash)";
    /// iLoader's place in user flash.
    pub const LOADER_OFFSET: &str = "STiROT_iLoader offset";
    /// iLoader's room.
    pub const LOADER_SIZE: &str = "STiROT_iLoader size";
    /// Cipher of the installation slot.
    pub const MCE: &str = "MCE";
    /// The key that opens images.
    pub const ENCRYPTION_KEY: &str = "Encryption key";
    /// The key that signs images.
    pub const AUTHENTICATION_KEY: &str = "Authentication key";
    /// The root of debug certificates.
    pub const ROOT_KEY: &str = "Debug Authentication root key";
    /// The password of regression.
    pub const PASSWORD: &str = "Password";
    /// Where an object goes.
    pub const OUTPUT: &str = "Output File";
}

/// What `STiROT_Config.xml` configures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StirotConfiguration {
    /// The core's clock while STiROT works.
    pub clock: Clock,
    /// Whether the AXI SRAM is error-corrected; SRAM4 is then no memory.
    pub sram_ecc: bool,
    /// First address of the firmware area in RAM.
    pub firmware_address: u32,
    /// Size of the firmware area and of each slot, in bytes.
    pub firmware_size: u32,
    /// Below this state STiROT starts no image: CLOSED or LOCKED.
    pub minimum_state: ProductState,
    /// First address of the installation slot.
    pub installation_address: u32,
    /// First address of the download slot.
    pub download_address: u32,
    /// Where the iLoader begins, in bytes from the start of user flash.
    pub loader_offset: u32,
    /// Room of the iLoader, in bytes.
    pub loader_size: u32,
    /// The memory cipher of the installation slot.
    pub mce: MceChoice,
    /// The key that signs images.
    pub authentication_key: Fingerprint,
    /// The key that opens images.
    pub encryption_key: Fingerprint,
}

impl StirotConfiguration {
    /// The firmware area in RAM.
    pub const fn firmware_area(&self) -> Region {
        Region::new(self.firmware_address, self.firmware_size)
    }

    /// The slot an image is booted from.
    pub const fn installation_slot(&self) -> Region {
        Region::new(self.installation_address, self.firmware_size)
    }

    /// The slot an image is placed in to be installed.
    pub const fn download_slot(&self) -> Region {
        Region::new(self.download_address, self.firmware_size)
    }

    /// The iLoader's room in user flash.
    pub const fn loader_area(&self) -> Region {
        Region::new(USER_FLASH.start.wrapping_add(self.loader_offset), self.loader_size)
    }
}

/// Reads the configuration out of its file. The keys' fingerprints come from the key files.
pub(crate) fn read(
    document: &Obdata,
    authentication_key: Fingerprint,
    encryption_key: Fingerprint,
) -> Result<StirotConfiguration, FormatError> {
    let code = |name: &str| document.number(name);
    let word =
        |name: &str| u32::try_from(code(name)?).map_err(|_| wrong(document, name, "the number doesn't fit in 32 bits"));
    let clock = u8::try_from(code(field::CLOCK)?).ok().and_then(Clock::from_code);
    let sram_ecc = u8::try_from(code(field::SRAM_ECC)?).ok().and_then(SramEcc::from_code);
    let minimum_state = match ProductState::from_rsslib_code(word(field::MINIMUM_STATE)?) {
        Some(state @ (ProductState::Closed | ProductState::Locked)) => Some(state),
        _ => None,
    };
    let mce = MceChoice::from_code(word(field::MCE)?);
    let meaning = |name, expected: &'static str| wrong(document, name, expected);
    Ok(StirotConfiguration {
        clock: clock.ok_or_else(|| meaning(field::CLOCK, "expected 0 (64 MHz) or 1 (380 MHz)"))?,
        sram_ecc: sram_ecc.ok_or_else(|| meaning(field::SRAM_ECC, "expected 0 (off) or 1 (on)"))? == SramEcc::On,
        firmware_address: word(field::FIRMWARE_ADDRESS)?,
        firmware_size: word(field::FIRMWARE_SIZE)?,
        minimum_state: minimum_state
            .ok_or_else(|| meaning(field::MINIMUM_STATE, "expected 0x72 (CLOSED) or 0x5C (LOCKED)"))?,
        installation_address: word(field::INSTALLATION_ADDRESS)?,
        download_address: word(field::DOWNLOAD_ADDRESS)?,
        loader_offset: word(field::LOADER_OFFSET)?,
        loader_size: word(field::LOADER_SIZE)?,
        mce: mce.ok_or_else(|| meaning(field::MCE, "expected 0 (MCE1), 1 (MCE2) or 2 (MCE3)"))?,
        authentication_key,
        encryption_key,
    })
}

fn wrong(document: &Obdata, name: &str, problem: &str) -> FormatError {
    let line = document.field(name).map_or(document.info.line, |field| field.line);
    FormatError::Field { line, field: name.to_owned(), problem: problem.to_owned() }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// ST's default layout.
    pub(crate) fn sample() -> StirotConfiguration {
        StirotConfiguration {
            clock: Clock::Mhz380,
            sram_ecc: true,
            firmware_address: 0x2400_0000,
            firmware_size: 0x2_0000,
            minimum_state: ProductState::Closed,
            installation_address: 0x9000_0000,
            download_address: 0x9002_0000,
            loader_offset: 0,
            loader_size: 0x6000,
            mce: MceChoice::Mce1,
            authentication_key: Fingerprint([1; 32]),
            encryption_key: Fingerprint([2; 32]),
        }
    }
}
