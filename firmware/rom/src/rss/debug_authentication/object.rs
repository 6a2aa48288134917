//! The debug-authentication object: what DBG_AUTH promises, read from its option-byte keys and found whole or not.
// assumption A48: the object that is stored now counts, whatever was stored before. A39: it was stored encrypted.

use chip::obk::CONFIG_INDEX;
use chip::option_bytes::DebugAuthentication;
use chip::permissions::{DEBUG_HDPL1, DEBUG_HDPL2, DEBUG_HDPL3, FULL_REGRESSION};
use hardware::pac::FLASH;
use rot::obk;
use rot::redundant::{YES, forget, same};
use sha2::{Digest, Sha256};

/// What this ROM grants at most, whatever object and credential permit.
// assumption A54: partial regression and forced download are not offered.
pub const OFFERED: u128 = DEBUG_HDPL1 | DEBUG_HDPL2 | DEBUG_HDPL3 | FULL_REGRESSION;

/// Indexes that an object takes: 96 bytes.
const INDEXES: usize = 3;

/// A stored object that is whole.
pub enum Object {
    /// By certificates: whose, and what they may have.
    Certificates {
        /// SHA-256 of the root key's point.
        root: [u8; 32],
        /// The object's mask.
        mask: u128,
    },
    /// By password.
    Password {
        /// SHA-256 of the password.
        hash: [u8; 32],
    },
    /// Never.
    Locked,
}

impl Object {
    /// Reads the object that DBG_AUTH promises. Nothing when none is promised, or it isn't there, or damaged.
    #[inline(never)]
    pub fn read() -> Option<Self> {
        let method = DebugAuthentication::from_code(FLASH.rotsr().read().dbg_auth().to_bits())?;
        let mut stored = [[0; obk::INDEX]; INDEXES];
        let object = Self::load(method, &mut stored);
        forget(stored.as_flattened_mut());
        object
    }

    fn load(method: DebugAuthentication, stored: &mut [[u8; obk::INDEX]; INDEXES]) -> Option<Self> {
        let indexes = match method {
            DebugAuthentication::Certificate | DebugAuthentication::Password => INDEXES,
            DebugAuthentication::Locked => 1,
            DebugAuthentication::None => return None,
        };
        let indexes = stored.get_mut(..indexes)?;
        obk::read(CONFIG_INDEX, indexes).ok()?;
        obk::decrypt(CONFIG_INDEX, indexes).ok()?;
        if method == DebugAuthentication::Locked {
            return indexes.as_flattened().starts_with(b"STDALOCKMGC").then_some(Self::Locked);
        }
        let (hash, payload) = indexes.as_flattened().split_first_chunk::<32>()?;
        if same(&Sha256::digest(payload), hash) != YES {
            return None;
        }
        let (first, rest) = payload.split_first_chunk::<32>()?;
        match method {
            DebugAuthentication::Certificate => {
                let mask = u128::from_le_bytes(*rest.first_chunk()?);
                Some(Self::Certificates { root: *first, mask })
            }
            _ => Some(Self::Password { hash: *first }),
        }
    }

    /// What a credential can have at most.
    pub fn permits(&self) -> u128 {
        match self {
            Self::Certificates { mask, .. } => *mask & OFFERED,
            Self::Password { .. } => FULL_REGRESSION,
            Self::Locked => 0,
        }
    }
}
