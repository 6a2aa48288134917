//! Product states, their codes, and how the option bytes spell them.

use crate::option_bytes::{DebugAuthentication, NVSTATE_CLOSE, NVSTATE_OPEN, OEM_PROVISIONED};

/// Where a chip stands on the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProductState {
    /// Debug open, all writes allowed.
    Open,
    /// Objects can be stored; user code never runs.
    Provisioning,
    /// Marked provisioned, but no debug-authentication method was stored: nobody gets in again.
    Provisioned,
    /// The root of trust runs; the way back is by credential.
    Closed,
    /// As closed, with no way back.
    Locked,
}

impl ProductState {
    /// The code RSSLIB takes and returns (CMSIS; ST's scripts). [`ProductState::Provisioned`] has none.
    pub const fn rsslib_code(self) -> Option<u32> {
        match self {
            Self::Open => Some(0x39),
            Self::Provisioning => Some(0x17),
            Self::Provisioned => None,
            Self::Closed => Some(0x72),
            Self::Locked => Some(0x5C),
        }
    }

    /// The state an RSSLIB code names.
    pub const fn from_rsslib_code(code: u32) -> Option<Self> {
        match code {
            0x39 => Some(Self::Open),
            0x17 => Some(Self::Provisioning),
            0x72 => Some(Self::Closed),
            0x5C => Some(Self::Locked),
            _ => None,
        }
    }

    /// The state that two option words spell (Cube `boot_hal_cfg.h`, `low_level_security.c`).
    ///
    /// `nvstate` is NVSR bits 7:0, `rotsr` the whole of ROTSR. A code that no source lists is read as the most
    /// closed state it could be.
    pub const fn from_option_bytes(nvstate: u8, rotsr: u32) -> Self {
        if nvstate == NVSTATE_OPEN {
            return Self::Open;
        }
        let oem_provisioned = (rotsr & 0xFF) as u8 == OEM_PROVISIONED;
        let method = DebugAuthentication::from_code((rotsr >> 8) as u8);
        if nvstate != NVSTATE_CLOSE {
            return Self::Locked;
        }
        match (oem_provisioned, method) {
            (false, _) => Self::Provisioning,
            (true, Some(DebugAuthentication::Certificate | DebugAuthentication::Password)) => Self::Closed,
            (true, Some(DebugAuthentication::None)) => Self::Provisioned,
            (true, Some(DebugAuthentication::Locked) | None) => Self::Locked,
        }
    }

    /// The name as ST writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Provisioning => "PROVISIONING",
            Self::Provisioned => "PROVISIONED",
            Self::Closed => "CLOSED",
            Self::Locked => "LOCKED",
        }
    }

    /// How closed the state is; the codes themselves do not order (0x5C is the higher state than 0x72).
    pub const fn rank(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Provisioning => 1,
            Self::Provisioned => 2,
            Self::Closed => 3,
            Self::Locked => 4,
        }
    }
}

impl core::fmt::Display for ProductState {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}
