//! Geometry of the option-byte keys (OBK) and how an object names its place.

use crate::option_bytes::DebugAuthentication;

/// Bytes stored at one index.
pub const INDEX_SIZE: usize = 32;
/// Indexes in the area of one HDPL.
pub const INDEXES: usize = 32;
/// Areas: HDPL 0, 1 and 2.
pub const AREAS: usize = 3;
/// The first index software can read; those below are hardware keys (HAL).
pub const FIRST_READABLE_INDEX: u8 = 8;
/// The index ST's firmware keeps for status words (Cube `low_level_obkeys.h`).
pub const STATUS_INDEX: u8 = 31;

/// Index of STiROT_Config (HDPL 1) and of the debug-authentication object (HDPL 0).
pub const CONFIG_INDEX: u8 = 8;
/// Index of the first copy of STiROT_Data (HDPL 1).
pub const STIROT_DATA_A_INDEX: u8 = 16;
/// Index of the second copy.
pub const STIROT_DATA_B_INDEX: u8 = 19;

/// The first word of an `.obk` file. Observed in every published file of this family; no text of ST's was found
/// that states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Destination(pub u32);

impl Destination {
    /// Debug authentication by certificate.
    pub const DA_CERTIFICATE: Self = Self(0x0051_0008);
    /// Debug authentication by password.
    pub const DA_PASSWORD: Self = Self(0x008A_0008);
    /// Debug authentication locked.
    pub const DA_LOCK: Self = Self(0x00B4_0008);
    /// STiRoT's configuration.
    pub const STIROT_CONFIG: Self = Self(0x0000_0108);
    /// STiRoT's counters.
    pub const STIROT_DATA: Self = Self(0x0000_0110);
    /// The second stage's configuration.
    pub const OEMUROT_CONFIG: Self = Self(0x0000_0208);
    /// The second stage's counters.
    pub const OEMUROT_DATA: Self = Self(0x0000_020F);

    /// The index the object starts at.
    pub const fn index(self) -> u8 {
        self.0 as u8
    }

    /// The HDPL whose area holds it.
    pub const fn hdpl(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// The debug-authentication method the object brings, if any.
    pub const fn method(self) -> Option<DebugAuthentication> {
        match (self.0 >> 16) as u8 {
            0 => None,
            code => DebugAuthentication::from_code(code),
        }
    }

    /// Whether index, level and method lie in the geometry of this chip and `size` bytes fit from there.
    pub const fn fits(self, size: u32) -> bool {
        let method_known = self.0 >> 16 == 0 || self.method().is_some();
        let indexes = size.div_ceil(INDEX_SIZE as u32);
        self.0 >> 24 == 0
            && method_known
            && (self.hdpl() as usize) < AREAS
            && size > 0
            && indexes <= INDEXES as u32
            && self.index() as u32 + indexes <= INDEXES as u32
    }
}
