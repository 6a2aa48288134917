//! Every file format of STiRoT: bytes to types and back, exactly.
//!
//! Parsing is total: any bytes give a value or an error that says where, which field and what was expected. Nothing
//! here opens a file, reads a clock or knows a probe; files that an xml names are asked of the caller.
//!
//! Without the feature `host` only the fixed layouts remain that the firmware reads from memory: image header, TLV
//! areas, STiRoT's configuration and counters, the second stage's layout block, and the shape of stored keys. They need no allocator.
#![cfg_attr(not(feature = "host"), no_std)]
#![forbid(unsafe_code)]

pub mod image;
pub mod key_fields;
pub mod layout;
pub mod second_stage_layout;
pub mod stirot_config;

#[cfg(feature = "host")]
pub mod byte_map;
#[cfg(feature = "host")]
pub mod certificate;
#[cfg(feature = "host")]
pub mod content;
#[cfg(feature = "host")]
pub mod credential;
#[cfg(feature = "host")]
pub mod da;
#[cfg(feature = "host")]
pub mod effective;
#[cfg(feature = "host")]
pub mod encrypted_key;
#[cfg(feature = "host")]
pub mod error;
#[cfg(feature = "host")]
pub mod form;
#[cfg(feature = "host")]
pub mod hex;
#[cfg(feature = "host")]
pub mod keys;
#[cfg(feature = "host")]
pub mod mcuboot;
#[cfg(feature = "host")]
pub mod number;
#[cfg(feature = "host")]
pub mod obdata;
#[cfg(feature = "host")]
pub mod obk;
#[cfg(feature = "host")]
pub mod obk_fields;
#[cfg(feature = "host")]
pub mod opened;
#[cfg(feature = "host")]
mod pem;
#[cfg(feature = "host")]
pub mod permissions;
#[cfg(feature = "host")]
mod protected_password;
#[cfg(feature = "host")]
pub mod sample_keys;
#[cfg(feature = "host")]
pub mod secret;
#[cfg(feature = "host")]
pub mod token;
#[cfg(feature = "host")]
mod xml;

#[cfg(feature = "host")]
pub use byte_map::{Bucket, ByteMap, ByteMapping};
#[cfg(feature = "host")]
pub use content::{Content, Stretch, Trouble, Weight};
#[cfg(feature = "host")]
pub use credential::{CredentialProblem, DebugCredential};
#[cfg(feature = "host")]
pub use effective::{Effective, Granter, Stage};
#[cfg(feature = "host")]
pub use encrypted_key::Passphrase;
#[cfg(feature = "host")]
pub use error::{FileError, Files, FormatError, KeyProblem};
#[cfg(feature = "host")]
pub use form::Form;
#[cfg(feature = "host")]
pub use hex::{HexFile, Segment};
#[cfg(feature = "host")]
pub use image::anatomy::{Part, PartKind, anatomy};
#[cfg(feature = "host")]
pub use image::build::{
    BuiltImage, ImageFacts, ImageForm, ImageKeys, build as build_image, build_to as build_image_to,
};
#[cfg(feature = "host")]
pub use image::clear::clear_image;
#[cfg(feature = "host")]
pub use image::difference::{
    ByteDifference, FieldDifference, FieldSide, ImageDifference, InputComparison, compare_content, compare_images,
    compare_with_input,
};
#[cfg(feature = "host")]
pub use image::file::ImageFile;
pub use image::header::{Flags, ImageHeader, Version};
#[cfg(feature = "host")]
pub use image::judge::{
    Check, CheckName, Circumstances, HeldKey, Installed, Judgement, KeyOrigin, KeyRing, KeyRole, KeyUse, Outcome,
    RingKey, Verdict, judge, payload_in_the_clear,
};
#[cfg(feature = "host")]
pub use image::parts::Parts;
#[cfg(feature = "host")]
pub use image::settings::{Align, ImageProfile, ImageSettings, InstallMode, PayloadCipher, SecurityCounter};
pub use image::tlv::{Tlv, TlvArea, TlvKind};
#[cfg(feature = "host")]
pub use image::verify::{Expected, Report, decrypt, payload_key, verify};
#[cfg(feature = "host")]
pub use keys::{Fingerprint, KeyFile, PrivateKey, PublicKey};
pub use layout::{LayoutError, Problem};
#[cfg(feature = "host")]
pub use mcuboot::{McubootFormat, SignSettings};
#[cfg(feature = "host")]
pub use obdata::Obdata;
#[cfg(feature = "host")]
pub use obk::{Encryption, ObkFile};
#[cfg(feature = "host")]
pub use opened::{FileKind, FoundImage, KeyHalf, Opened, XmlKind};
#[cfg(feature = "host")]
pub use permissions::{Confidence, Permission, Permissions};
#[cfg(feature = "host")]
pub use sample_keys::{is_sample, is_sample_password};
pub use second_stage_layout::{ApplicationRun, ConsoleLines, ImagePlaces, SecondStageLayout};
#[cfg(feature = "host")]
pub use secret::Secret;
pub use stirot_config::{Clock, DataBlock, MceChoice, SramEcc, StirotConfig};
#[cfg(feature = "host")]
pub use token::Token;
