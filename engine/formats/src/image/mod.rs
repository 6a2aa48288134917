//! The signed image: header, payload, protected TLVs, TLVs, trailer (MCUboot's layout as STiRoT takes it).
//! [`header`] and [`tlv`] need no allocator; building and verifying are the host's.

pub mod header;
pub mod tlv;

#[cfg(feature = "host")]
pub mod anatomy;
#[cfg(feature = "host")]
mod assembly;
#[cfg(feature = "host")]
pub mod build;
#[cfg(feature = "host")]
pub mod clear;
#[cfg(feature = "host")]
pub mod difference;
#[cfg(feature = "host")]
pub(crate) mod dissected;
#[cfg(feature = "host")]
mod ecies;
#[cfg(feature = "host")]
pub mod file;
#[cfg(feature = "host")]
pub mod judge;
#[cfg(feature = "host")]
mod layout_block;
#[cfg(feature = "host")]
pub mod parts;
#[cfg(feature = "host")]
pub mod settings;
#[cfg(feature = "host")]
pub(crate) mod vectors;
#[cfg(feature = "host")]
pub mod verify;

/// The last 16 bytes of a slot that holds an image, whatever its alignment.
pub const TRAILER_MAGIC: [u8; 16] =
    [0x77, 0xC2, 0x95, 0xF3, 0x60, 0xD2, 0xEF, 0x7F, 0x35, 0x52, 0x50, 0x0F, 0x2C, 0xB6, 0x79, 0x80];
