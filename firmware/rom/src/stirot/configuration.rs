//! STiROT_Config: read from its option-byte keys, decrypted, and judged against the chip.

use chip::ProductState;
use chip::loader::IMAGE_HEADER_SIZE;
use chip::memory_map::{AXI_SRAM, KIB, Region, USER_FLASH, USER_FLASH_SECTOR_SIZE, XSPI1_WINDOW};
use chip::obk::CONFIG_INDEX;
use chip::option_bytes::obw2;
use chip::trace::{Check, Event, Stage};
use formats::key_fields;
use formats::stirot_config::{Clock, MceChoice, StirotConfig};
use hardware::clocks::CoreClock;
use hardware::pac::FLASH;
use hardware::stage::report;
use rot::obk;
use rot::redundant::{YES, same};
use sha2::{Digest, Sha256};

const INDEXES: usize = (32 + StirotConfig::SIZE).div_ceil(obk::INDEX);

/// The decrypted object, kept where the configuration borrows from.
pub struct Storage {
    object: [[u8; obk::INDEX]; INDEXES],
}

impl Storage {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { object: [[0; obk::INDEX]; INDEXES] }
    }
}

/// What STiRoT does is told by this, after all of it was found to suit the chip.
pub struct Configuration<'a> {
    /// Clock of the chip.
    pub clock: CoreClock,
    /// Where images are verified and run.
    pub firmware: Region,
    /// The slot that the application is started from.
    pub installation: Region,
    /// The slot that updates arrive in.
    pub download: Region,
    /// Where the iLoader stands.
    pub loader: Region,
    /// The least closed state in which anything is started.
    pub minimum_state: MinimumState,
    /// Scalar of the key that unwraps images.
    pub decryption_key: &'a [u8; 32],
    /// The key that signs images, as its hash is computed over.
    pub authentication_key: &'a [u8; key_fields::PUBLIC_SIZE],
    /// Its point, X then Y.
    pub authentication_point: &'a [u8; 64],
}

/// The least closed state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum MinimumState {
    /// CLOSED or LOCKED.
    Closed,
    /// LOCKED only.
    Locked,
}

impl<'a> Configuration<'a> {
    /// Reads, checks and judges the stored configuration.
    pub fn read(storage: &'a mut Storage) -> Option<Self> {
        let configuration = Self::load(storage);
        let event = if configuration.is_some() { Event::Passed } else { Event::Failed };
        report(Stage::Stirot, event, Check::Configuration as u16);
        configuration
    }

    fn load(storage: &'a mut Storage) -> Option<Self> {
        obk::read(CONFIG_INDEX, &mut storage.object).ok()?;
        // assumption A39: STiRoT takes its objects only encrypted. One stored in the clear is garbage to it.
        obk::decrypt(CONFIG_INDEX, &mut storage.object).ok()?;
        let (hash, payload) = storage.object.as_flattened().split_first_chunk::<32>()?;
        // Twice: what the configuration says decides about everything that follows.
        for _ in 0..2 {
            if same(&Sha256::digest(payload), hash) != YES {
                return None;
            }
        }
        Self::judge(&StirotConfig::decode(payload).ok()?)
    }

    /// Rules of ST's tooltips and of its loader. STiRoT's own are not known.
    // assumption A40: a configuration that breaks them is refused as a whole.
    fn judge(fields: &StirotConfig<'a>) -> Option<Self> {
        let region = |start: u32, size: u32| (size > 0).then_some(Region::new(start, size));
        let size = fields.firmware_size;
        let firmware = region(fields.firmware_address, size)?;
        let installation = region(fields.installation_address, size)?;
        let download = region(fields.download_address, size)?;
        let loader = region(USER_FLASH.start.checked_add(fields.loader_offset)?, fields.loader_size)?;

        let aligned = |value: u32, to: u32| value & (to - 1) == 0;
        let ram = Region::new(AXI_SRAM.start, usable_ram());
        let fits = ram.contains_span(firmware.start, size)
            && aligned(firmware.start, 16 * KIB)
            && aligned(size, 8 * KIB)
            && size > IMAGE_HEADER_SIZE
            && XSPI1_WINDOW.contains_span(installation.start, size)
            && XSPI1_WINDOW.contains_span(download.start, size)
            && aligned(installation.start, 64 * KIB)
            && aligned(download.start, 64 * KIB)
            && !installation.overlaps(download)
            && USER_FLASH.contains_span(loader.start, loader.size)
            && aligned(fields.loader_offset, USER_FLASH_SECTOR_SIZE)
            && aligned(fields.loader_size, USER_FLASH_SECTOR_SIZE);
        // Both slots lie behind XSPI1, whose engine is MCE1.
        if !fits || fields.mce != MceChoice::Mce1 {
            return None;
        }
        Some(Self {
            clock: match fields.clock {
                Clock::Mhz64 => CoreClock::Mhz64,
                Clock::Mhz380 => CoreClock::Mhz380,
            },
            firmware,
            installation,
            download,
            loader,
            minimum_state: match fields.minimum_state {
                ProductState::Closed => MinimumState::Closed,
                _ => MinimumState::Locked,
            },
            decryption_key: key_fields::private_scalar(fields.decryption_key).ok()?,
            authentication_key: fields.authentication_key,
            authentication_point: key_fields::public_point(fields.authentication_key).ok()?,
        })
    }
}

/// Bytes of AXI SRAM that are one memory: with ECC on, SRAM4 holds the ECC. A chip that lends some to a TCM has a hole
/// in it, and counts as having none.
fn usable_ram() -> u32 {
    let options = FLASH.obw2sr().read().0;
    // Codes 0 and 3 of either share lend nothing (SVD).
    let lends = |code: u32| code & 3 != 0 && code & 3 != 3;
    if lends(options & obw2::ITCM_AXI_SHARE_MASK) || lends(options >> obw2::DTCM_AXI_SHARE_SHIFT) {
        return 0;
    }
    let ecc = options & obw2::ECC_ON_SRAM != 0;
    if ecc { AXI_SRAM.size - chip::memory_map::AXI_SRAM4.size } else { AXI_SRAM.size }
}
