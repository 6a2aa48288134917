//! Option bytes: registers of the flash interface, fields and codes.
//!
//! Addresses are offsets from [`crate::registers::FLASH`]. `…SR` is the loaded value, `…SRP` the programming
//! shadow (CMSIS, HAL, SVD).

/// NVSR: the life cycle.
pub const NVSR: u32 = 0x200;
/// NVSRP.
pub const NVSRP: u32 = 0x204;
/// ROTSR: provisioned mark, debug-authentication method, root of trust selection.
pub const ROTSR: u32 = 0x208;
/// ROTSRP.
pub const ROTSRP: u32 = 0x20C;
/// OTPLSR: OTP block locks.
pub const OTPLSR: u32 = 0x210;
/// OTPLSRP.
pub const OTPLSRP: u32 = 0x214;
/// WRPSR: bit n = 0 protects sector n against writing.
pub const WRPSR: u32 = 0x218;
/// WRPSRP.
pub const WRPSRP: u32 = 0x21C;
/// HDPSR: hidden area, 256-byte units, start in the low half, end in the high half; field width UNCONFIRMED.
pub const HDPSR: u32 = 0x230;
/// HDPSRP.
pub const HDPSRP: u32 = 0x234;
/// EPOCHSR: 24-bit counter that enters key derivation.
pub const EPOCHSR: u32 = 0x250;
/// EPOCHSRP.
pub const EPOCHSRP: u32 = 0x254;
/// OBW1SR: brown-out, watchdog, I/O speed.
pub const OBW1SR: u32 = 0x260;
/// OBW1SRP.
pub const OBW1SRP: u32 = 0x264;
/// OBW2SR: TCM shares, SRAM ECC.
pub const OBW2SR: u32 = 0x268;
/// OBW2SRP.
pub const OBW2SRP: u32 = 0x26C;

/// NVSTATE code of an open chip (CMSIS).
pub const NVSTATE_OPEN: u8 = 0xB4;
/// NVSTATE code of a closed chip; which closed state ROTSR tells (CMSIS).
pub const NVSTATE_CLOSE: u8 = 0x51;

/// OEM_PROVD: the chip was provisioned by its maker (CMSIS).
pub const OEM_PROVISIONED: u8 = 0xB4;
/// OEM_PROVD as delivered (CMSIS).
pub const OEM_NOT_PROVISIONED: u8 = 0x6A;

/// IROT_SELECT code of ST's root of trust; any other value selects the maker's (SVD).
pub const IROT_SELECT_ST: u8 = 0xB4;
/// IROT_SELECT code of the maker's own root of trust (SVD).
pub const IROT_SELECT_OEM: u8 = 0x6A;
/// Position of IROT_SELECT in ROTSR.
pub const IROT_SELECT_SHIFT: u32 = 24;
/// Position of DBG_AUTH in ROTSR.
pub const DBG_AUTH_SHIFT: u32 = 8;

/// How a closed chip may be opened again: DBG_AUTH in ROTSR bits 15:8 (CMSIS, Cube `boot_hal_cfg.h`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DebugAuthentication {
    /// By certificate chain and token, ECDSA P-256.
    Certificate,
    /// By password; grants regression only.
    Password,
    /// Never again.
    Locked,
    /// No method stored yet.
    None,
}

impl DebugAuthentication {
    /// The option-byte code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Certificate => 0x51,
            Self::Password => 0x8A,
            Self::Locked => 0xB4,
            Self::None => 0xFF,
        }
    }

    /// The method a code names.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code {
            0x51 => Some(Self::Certificate),
            0x8A => Some(Self::Password),
            0xB4 => Some(Self::Locked),
            0xFF => Some(Self::None),
            _ => None,
        }
    }
}

/// All sectors writable.
pub const WRP_NONE: u32 = 0xFF;
/// The hidden area switched off, as ST's scripts write it: start 0xFF, end 0.
pub const HDP_DISABLED: u32 = 0x0000_00FF;
/// The bits of HDPSRP that ST's scripts write.
pub const HDP_MASK: u32 = 0x03FF_03FF;

/// OBW1 bits (CMSIS, SVD).
pub mod obw1 {
    /// 1 = the independent watchdog is started by software.
    pub const IWDG_HW: u32 = 1 << 4;
    /// High speed at low voltage for XSPI1's pads: only for a 1.8 V supply.
    pub const XSPI1_HSLV: u32 = 1 << 8;
    /// High speed at low voltage for XSPI2's pads: only for a 1.8 V supply.
    pub const XSPI2_HSLV: u32 = 1 << 9;
    /// High speed at low voltage for the other pads.
    pub const VDDIO_HSLV: u32 = 1 << 29;
}

/// OBW2 bits (CMSIS, SVD).
pub mod obw2 {
    /// ITCM share code: 0 and 3 = 64 KiB, 1 = 128 KiB, 2 = 192 KiB.
    pub const ITCM_AXI_SHARE_MASK: u32 = 0x7;
    /// DTCM share code, position.
    pub const DTCM_AXI_SHARE_SHIFT: u32 = 4;
    /// DTCM share code.
    pub const DTCM_AXI_SHARE_MASK: u32 = 0x7 << DTCM_AXI_SHARE_SHIFT;
    /// ECC on AXI SRAM, kept in SRAM4.
    pub const ECC_ON_SRAM: u32 = 1 << 8;
}
