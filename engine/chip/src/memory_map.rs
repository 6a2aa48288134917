//! Where memories lie and how large they are.

/// A span of the address space: first address and size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// First address.
    pub start: u32,
    /// Size in bytes; never 0, and `start + size` never passes the end of the address space.
    pub size: u32,
}

impl Region {
    /// A region from its first address and its size in bytes.
    pub const fn new(start: u32, size: u32) -> Self {
        Self { start, size }
    }

    /// The last address inside.
    pub const fn last(self) -> u32 {
        self.start.wrapping_add(self.size).wrapping_sub(1)
    }

    /// Whether `address` lies inside.
    pub const fn contains(self, address: u32) -> bool {
        address.wrapping_sub(self.start) < self.size
    }

    /// Whether all `size` bytes from `start` lie inside. An empty span does when its address does.
    pub const fn contains_span(self, start: u32, size: u32) -> bool {
        let offset = start.wrapping_sub(self.start);
        offset < self.size && size <= self.size - offset
    }

    /// Whether the two regions share a byte.
    pub const fn overlaps(self, other: Region) -> bool {
        self.contains(other.start) || other.contains(self.start)
    }
}

/// Instruction TCM with both shares at 0 (CMSIS; SVD for the shares).
pub const ITCM: Region = Region::new(0x0000_0000, 64 * KIB);
/// Data TCM with both shares at 0 (CMSIS; SVD).
pub const DTCM: Region = Region::new(0x2000_0000, 64 * KIB);
/// The largest either TCM can become by borrowing AXI SRAM (SVD: share code 2 = 192 KiB).
pub const TCM_MAX_SIZE: u32 = 192 * KIB;
/// AXI SRAM1; its top is lent to the ITCM (CMSIS).
pub const AXI_SRAM1: Region = Region::new(0x2400_0000, 128 * KIB);
/// AXI SRAM2, always whole (CMSIS).
pub const AXI_SRAM2: Region = Region::new(0x2402_0000, 128 * KIB);
/// AXI SRAM3; lent to the DTCM; holds the buffers of RSSLIB calls (CMSIS).
pub const AXI_SRAM3: Region = Region::new(0x2404_0000, 128 * KIB);
/// AXI SRAM4; holds the ECC when `ECC_ON_SRAM` is set, and is then no memory (CMSIS, RM0477).
pub const AXI_SRAM4: Region = Region::new(0x2406_0000, 72 * KIB);
/// AXI SRAM1 to 4 as one span.
pub const AXI_SRAM: Region = Region::new(0x2400_0000, 0x7_2000);
/// AHB SRAM1 (CMSIS).
pub const AHB_SRAM1: Region = Region::new(0x3000_0000, 16 * KIB);
/// AHB SRAM2 (CMSIS).
pub const AHB_SRAM2: Region = Region::new(0x3000_4000, 16 * KIB);
/// Backup SRAM (CMSIS).
pub const BACKUP_SRAM: Region = Region::new(0x3880_0000, 4 * KIB);

/// User flash: eight sectors (CMSIS, HAL).
pub const USER_FLASH: Region = Region::new(0x0800_0000, 64 * KIB);
/// Size of a user flash sector in bytes (HAL: 0x2000, eight of them).
pub const USER_FLASH_SECTOR_SIZE: u32 = 8 * KIB;
/// Bytes programmed at once: one flash word of 128 bits (HAL).
pub const USER_FLASH_WORD_SIZE: u32 = 16;
/// One-time programmable area (CMSIS).
pub const OTP: Region = Region::new(0x08FF_F000, KIB);
/// The 96-bit unique identifier, three words (CMSIS).
pub const UID: Region = Region::new(0x08FF_F800, 12);
/// Flash size and package data; how the fields share the word is UNCONFIRMED (CMSIS gives both the same address).
pub const FLASH_SIZE_DATA: u32 = 0x08FF_F80C;

/// System flash: ST's ROM code (CMSIS; HAL `hal_flash_ex.c`).
pub const SYSTEM_FLASH: Region = Region::new(0x1FF0_0000, 128 * KIB);
/// Vector table of ST's bootloader (Cube `OEMiROT_Boot/Inc/flash_layout.h`).
pub const BOOTLOADER_VECTORS: u32 = 0x1FF1_8000;

/// The memory-mapped window of XSPI1; that it is 256 MiB is deduced from the map, UNCONFIRMED in text.
pub const XSPI1_WINDOW: Region = Region::new(0x9000_0000, 256 * MIB);
/// The memory-mapped window of XSPI2.
pub const XSPI2_WINDOW: Region = Region::new(0x7000_0000, 256 * MIB);

/// Erase granularity that STiRoT's slots are laid out in (tooltips of `STiROT_Config.xml`).
pub const SLOT_ALIGNMENT: u32 = 64 * KIB;

/// 1024 bytes.
pub const KIB: u32 = 1024;
/// 1024 KiB.
pub const MIB: u32 = 1024 * KIB;
