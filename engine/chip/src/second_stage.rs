//! The updatable second boot stage (OEMuRoT): where it and its objects lie, and what its images look like.

use crate::memory_map::{KIB, Region};

/// Index of OEMuROT_Config (HDPL 2; the destination word of ST's object).
pub const CONFIG_INDEX: u8 = 8;
/// Index of the first copy of OEMuROT_Data (HDPL 2; Cube `low_level_obkeys.h`).
pub const DATA_A_INDEX: u8 = 15;
/// Index of the second copy.
pub const DATA_B_INDEX: u8 = 18;

/// Where STiRoT leaves the stage's image in the layouts that the studio brings (Cube `OEMiROT_Boot`: BL2_RAM_BASE).
pub const IMAGE_ADDRESS: u32 = 0x2400_0000;
/// The area that STiRoT fills with it; whatever its program doesn't take of that is the stage's, too.
pub const AREA: Region = Region::new(IMAGE_ADDRESS, 128 * KIB);
/// Where the stage's program starts: behind the header of its own image.
pub const PROGRAM_ADDRESS: u32 = IMAGE_ADDRESS + crate::loader::IMAGE_HEADER_SIZE;
/// Most bytes that the stage's program may have; the firmware area holds 128 KiB.
pub const PROGRAM_LIMIT: u32 = 96 * KIB;
/// Regions of the MPU that open the application's part of a window: each is a power of two, a slot may take several.
pub const CODE_REGIONS: u8 = 7;
/// Regions of the MPU that open the data image.
pub const DATA_REGIONS: u8 = 6;
/// Where the layout block stands in the program, counted from its first byte.
pub const LAYOUT_OFFSET: u32 = 0x400;
/// Bytes of the layout block.
pub const LAYOUT_SIZE: u32 = 128;

/// The magic of the headers that the stage takes (MCUboot).
pub const IMAGE_MAGIC: u32 = 0x96F3_B83D;
/// Header size of its images; code starts behind it (Cube, OEMiROT code image xml).
pub const IMAGE_HEADER_SIZE: u32 = 0x400;
/// Bytes at a slot's end that no image may reach into: mark and two flags of 8 bytes, as the slot of an overwriting
/// stage has them (ST imgtool 2.1.0.2; `formats.md` §3.4).
// assumption A89: ST's stage counts up to 48.
pub const TRAILER_SIZE: u32 = 32;
