//! The levels at which debug can be opened.

use chip::permissions as bits;
use formats::Permissions;
use serde::{Deserialize, Serialize};

/// A hide protection level from which debug is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DebugLevel {
    /// Level 1: STiRoT itself, and what comes after it.
    Hdpl1,
    /// Level 2: the second stage or the application.
    Hdpl2,
    /// Level 3: the loader.
    Hdpl3,
}

impl DebugLevel {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hdpl1, Self::Hdpl2, Self::Hdpl3];

    /// The level's number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Hdpl1 => 1,
            Self::Hdpl2 => 2,
            Self::Hdpl3 => 3,
        }
    }

    /// The level of a number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Hdpl1),
            2 => Some(Self::Hdpl2),
            3 => Some(Self::Hdpl3),
            _ => None,
        }
    }

    /// The permission that a credential must give.
    pub const fn permission(self) -> Permissions {
        Permissions(match self {
            Self::Hdpl1 => bits::DEBUG_HDPL1,
            Self::Hdpl2 => bits::DEBUG_HDPL2,
            Self::Hdpl3 => bits::DEBUG_HDPL3,
        })
    }
}

impl std::fmt::Display for DebugLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HDPL {}", self.number())
    }
}
