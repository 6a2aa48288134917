//! The words that bus masters and bus slaves share: how wide a transfer is, and that it was refused.
//! Who answers at which address is the business of `board.rs`, `memory.rs` and `peripherals`.

/// The size of one transfer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    /// 8 bits.
    Byte,
    /// 16 bits.
    Half,
    /// 32 bits.
    Word,
}

impl Width {
    /// Bytes that one transfer moves: 1, 2 or 4.
    #[must_use]
    pub const fn bytes(self) -> u32 {
        match self {
            Self::Byte => 1,
            Self::Half => 2,
            Self::Word => 4,
        }
    }

    /// The part of `value` that such a transfer carries.
    #[must_use]
    pub const fn truncate(self, value: u32) -> u32 {
        match self {
            Self::Byte => value & 0xFF,
            Self::Half => value & 0xFFFF,
            Self::Word => value,
        }
    }
}

/// The bus answered with an error: on the core a BusFault, on the debug port a FAULT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusError;

impl std::fmt::Display for BusError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the bus answered with an error")
    }
}

impl std::error::Error for BusError {}
