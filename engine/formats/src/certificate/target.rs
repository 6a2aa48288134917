//! What a chain is judged against: what is known of the board, from its object, from discovery, or from both.

use crate::da::read_certificate_object;
use crate::error::FormatError;
use crate::keys::Fingerprint;
use crate::obk::ObkFile;
use crate::permissions::Permissions;

/// What is known of a board. What isn't known is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Target {
    /// The root key that its object names.
    pub root: Option<Fingerprint>,
    /// Its class of chips.
    pub soc_class: Option<u32>,
    /// The chip itself.
    pub soc_id: Option<[u8; 16]>,
    /// Its life cycle, as discovery reports it.
    pub lifecycle: Option<u16>,
    /// What its object permits.
    pub object: Option<Permissions>,
    /// What the chip itself permits, as far as it told.
    pub device: Option<Permissions>,
}

impl Target {
    /// A board of which nothing is known.
    pub const UNKNOWN: Self =
        Self { root: None, soc_class: None, soc_id: None, lifecycle: None, object: None, device: None };

    /// A board that stores this object, as far as the object tells.
    ///
    /// # Errors
    /// When it isn't that of debug authentication by certificate, or is damaged.
    pub fn of_object(object: &ObkFile) -> Result<Self, FormatError> {
        let (root, permissions) = read_certificate_object(object)?;
        Ok(Self { root: Some(root), object: Some(permissions), ..Self::UNKNOWN })
    }
}
