//! The contract between STiRoT and the iLoader (Cube `ROT/STiROT_iLoader`).

/// Where STiRoT leaves the shared structure, in DTCM.
pub const SHARED_STRUCTURE: u32 = 0x2000_FFC0;
/// Bytes reserved for it.
pub const SHARED_REGION_SIZE: u32 = 0x40;
/// Words of the structure.
pub const SHARED_WORDS: usize = 9;

/// Operation: copy an image from external flash to RAM.
pub const OPERATION_LOAD: u32 = 0x0005_C37A;
/// Operation: bring external flash up to date from RAM.
pub const OPERATION_UPDATE: u32 = 0x0014_6AC1;
/// Sub-operation: save the code image into the installation slot.
pub const SUB_SAVE_CODE: u32 = 1;
/// Sub-operation: erase the code image's download slot.
pub const SUB_ERASE_CODE: u32 = 2;

/// RSSCMD: nothing was loaded.
pub const RSSCMD_NONE: u16 = 0;
/// RSSCMD: neither slot holds an image.
pub const RSSCMD_EMPTY: u16 = 0x3EC4;
/// RSSCMD: the installed image is in RAM.
pub const RSSCMD_PRIMARY_LOADED: u16 = 0x3401;
/// RSSCMD: the downloaded image is in RAM.
pub const RSSCMD_SECONDARY_LOADED: u16 = 0xD242;
/// RSSCMD: the loader failed.
pub const RSSCMD_ERROR: u16 = 0x6641;

/// The magic of a STiRoT image's header.
pub const IMAGE_MAGIC: u32 = 0xC159_2EE9;
/// Header size of a STiRoT image; the code starts behind it.
pub const IMAGE_HEADER_SIZE: u32 = 0x400;

/// The shared structure, in the order of its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(C)]
pub struct SharedStructure {
    /// [`OPERATION_LOAD`] or [`OPERATION_UPDATE`].
    pub operation: u32,
    /// Bits of sub-operations, three a slot, the code slot's lowest.
    pub sub_operations: u32,
    /// RAM address of the firmware area.
    pub code_ram: u32,
    /// Size of the firmware area and of each slot, in bytes.
    pub code_size: u32,
    /// Reserved.
    pub reserved_1: u32,
    /// Reserved.
    pub reserved_2: u32,
    /// Address of the installation slot.
    pub installation_slot: u32,
    /// Address of the download slot.
    pub download_slot: u32,
    /// Reserved.
    pub reserved_3: u32,
}
