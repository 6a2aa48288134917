//! The numbers of the iLoader that STiRoT's configuration and the option bytes repeat, taken from the loader itself:
//! where it lies in user flash, how large it is, which sectors have to be write-protected.

use std::ops::RangeInclusive;

use chip::memory_map::{Region, USER_FLASH, USER_FLASH_SECTOR_SIZE};

use crate::application::{vectors, words};
use crate::binary::{self, BinaryError, LoadImage};

/// The loader that the program brings, built from `firmware/`: for the user flash of either board.
pub const BUILTIN: &[u8] = include_bytes!("../../../assets/firmware/iloader.bin");

/// The value for the low byte of WRPSRP that protects a loader's room: bit n = 0 protects sector n (CMSIS). Sectors past
/// the end of user flash are passed over.
pub fn write_protection(room: Region) -> u8 {
    let first = room.start.wrapping_sub(USER_FLASH.start) / USER_FLASH_SECTOR_SIZE;
    let sectors = room.size.div_ceil(USER_FLASH_SECTOR_SIZE);
    (first..first.saturating_add(sectors).min(8)).fold(0xFF, |bits, sector| bits & !(1 << sector))
}

/// What the configuration and the option bytes have to say about a loader (`formats.md` §4.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoaderNumbers {
    /// Bytes that it takes of user flash, gaps included.
    pub bytes: u32,
    /// Where it begins, from the start of user flash: a multiple of 0x2000.
    pub offset: u32,
    /// What it takes in whole sectors: `bytes`, rounded up to a multiple of 0x2000.
    pub size: u32,
    /// Value for the low byte of WRPSRP: bit n = 0 protects sector n.
    pub wrp: u8,
    /// Its sectors, those that are to be protected.
    pub sectors: RangeInclusive<u8>,
}

/// Takes the numbers of a loader, plain bytes, ELF or Intel hex. Of plain bytes the offset is the one that agrees best
/// with the addresses inside; ST's own loader is linked to 0.
///
/// # Errors
/// When it is no program, lies outside of user flash or not at the start of a sector, or when plain bytes agree with two
/// offsets equally well.
pub fn loader_numbers(file: &[u8]) -> Result<LoaderNumbers, BinaryError> {
    let image = binary::load_image(file)?;
    let (_, reset) = vectors(&image)?;
    let address = match image.address {
        Some(address) => address,
        None => assumed_address(&image, reset)?,
    };
    if !USER_FLASH.contains(address) {
        return Err(BinaryError::OutsideUserFlash { address });
    }
    let behind = BinaryError::OutsideUserFlash { address: USER_FLASH.last() + 1 };
    let Ok(bytes) = u32::try_from(image.bytes.len()) else { return Err(behind) };
    if !USER_FLASH.contains_span(address, bytes) {
        return Err(behind);
    }
    let offset = address - USER_FLASH.start;
    if !offset.is_multiple_of(USER_FLASH_SECTOR_SIZE) {
        return Err(BinaryError::NotOnSector { address });
    }
    let size = bytes.next_multiple_of(USER_FLASH_SECTOR_SIZE);
    let first = (offset / USER_FLASH_SECTOR_SIZE) as u8;
    let last = ((offset + size - 1) / USER_FLASH_SECTOR_SIZE) as u8;
    let wrp = write_protection(Region::new(address, size));
    Ok(LoaderNumbers { bytes, offset, size, wrp, sectors: first..=last })
}

/// The start of a sector that plain bytes were linked to: the first instruction has to be inside, and of those that
/// allow this the one for which most addresses that stand in the program lie inside, too.
fn assumed_address(image: &LoadImage, reset: u32) -> Result<u32, BinaryError> {
    let size = image.bytes.len() as u64;
    let inside = |start: u32, address: u32| address.checked_sub(start).is_some_and(|into| u64::from(into) <= size);
    // The address behind its end is one that a program knows; that of the flash says nothing about where it lies.
    let in_flash = |address: &u32| USER_FLASH.contains(address.wrapping_sub(1));
    let addresses: Vec<u32> = words(&image.bytes).filter(in_flash).collect();
    let mut ranked: Vec<(usize, u32)> = (USER_FLASH.start..=USER_FLASH.last())
        .step_by(USER_FLASH_SECTOR_SIZE as usize)
        .filter(|start| inside(*start, reset))
        .map(|start| (addresses.iter().filter(|address| inside(start, **address)).count(), start))
        .collect();
    ranked.sort();
    match ranked.as_slice() {
        [] => Err(BinaryError::OutsideUserFlash { address: reset & !1 }),
        [.., (less, other), (most, one)] if less == most => Err(BinaryError::Ambiguous { one: *other, other: *one }),
        [.., (_, best)] => Ok(*best),
    }
}
