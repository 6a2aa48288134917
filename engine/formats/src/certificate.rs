//! Certificates of debug authentication (ADAC 1.0 as ST uses it) and chains of them: bytes and base64 text to types and
//! back. Whether a chain holds is told by its verification; nothing is signed here.
//!
//! Layout: facts read off every certificate that ST publishes for this family. Fields behind the usage are named as in
//! ADAC; they are zero in all of them.

mod permissions;
mod verify;

use base64::DecodeError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::FormatError;
use crate::keys::PublicKey;
use crate::layout::{Fields, LayoutError, Problem};

pub use permissions::{Confidence, PermissionBit, permission_bits, permissions_text};
pub use verify::{CertificateCheck, CertificateCheckName, CertificateReport, ChainReport};

/// Type of a certificate's entry.
const ENTRY_TYPE: u16 = 0x0201;
/// Bytes of a certificate, the entry's head of eight not counted.
const BODY_SIZE: u32 = 212;
/// Bytes of a certificate that its signature covers.
const SIGNED_SIZE: usize = 0x94;

/// One certificate. It may state types that aren't known: that is for the verification to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Version of the format: major, minor.
    pub version: [u8; 2],
    /// How it is signed.
    pub signature_type: SignatureType,
    /// Of which kind its key is.
    pub key_type: KeyType,
    /// Where in a chain it stands.
    pub role: Role,
    /// What the key is for; 1 in every published certificate.
    pub usage: u8,
    /// Not used.
    pub reserved: u16,
    /// The life cycle it is restricted to; 0 for none.
    pub lifecycle: u16,
    /// A constraint of the maker's; 0 for none.
    pub oem_constraint: u16,
    /// Bytes of extensions.
    pub extensions_bytes: u32,
    /// The class of chips it is restricted to; 0 for none.
    pub soc_class: u32,
    /// The chip it is restricted to; zeros for none.
    pub soc_id: [u8; 16],
    /// What it permits at most, one bit each.
    pub permissions: u128,
    /// The public key: X‖Y, big-endian. Not necessarily a point of the curve.
    pub point: [u8; 64],
    /// SHA-256 of the extensions; zeros for none.
    pub extensions_hash: [u8; 32],
    /// The issuer's signature: r‖s, big-endian.
    pub signature: [u8; 64],
}

/// How a certificate is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureType {
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256Sha256,
    /// A code that isn't known.
    Other(u8),
}

impl SignatureType {
    /// The type that a code names.
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::EcdsaP256Sha256,
            other => Self::Other(other),
        }
    }

    /// The code.
    pub const fn code(self) -> u8 {
        match self {
            Self::EcdsaP256Sha256 => 1,
            Self::Other(code) => code,
        }
    }
}

/// Of which kind a certificate's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// ECDSA on P-256.
    EcdsaP256,
    /// A code that isn't known.
    Other(u8),
}

impl KeyType {
    /// The type that a code names.
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::EcdsaP256,
            other => Self::Other(other),
        }
    }

    /// The code.
    pub const fn code(self) -> u8 {
        match self {
            Self::EcdsaP256 => 1,
            Self::Other(code) => code,
        }
    }
}

/// Where in a chain a certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// First; signed by itself, known to the board by its fingerprint.
    Root,
    /// Between root and leaf.
    Intermediate,
    /// Last; its key answers the board's challenge.
    Leaf,
    /// A code that isn't known.
    Other(u8),
}

impl Role {
    /// The role that a code names.
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Root,
            2 => Self::Intermediate,
            3 => Self::Leaf,
            other => Self::Other(other),
        }
    }

    /// The code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Root => 1,
            Self::Intermediate => 2,
            Self::Leaf => 3,
            Self::Other(code) => code,
        }
    }

    /// The name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Intermediate => "intermediate",
            Self::Leaf => "leaf",
            Self::Other(_) => "unknown role",
        }
    }
}

impl Certificate {
    /// Bytes of a certificate with the head of its entry.
    pub const SIZE: usize = 220;

    /// The key it certifies.
    ///
    /// # Errors
    /// When the key is of another kind, or the point isn't on the curve.
    pub fn public_key(&self) -> Result<PublicKey, FormatError> {
        match self.key_type {
            KeyType::EcdsaP256 => PublicKey::from_point(&self.point),
            KeyType::Other(code) => Err(crate::KeyProblem::NotP256(format!("of ADAC's type {code}")).into()),
        }
    }

    /// The bytes, with the head of the entry.
    pub fn encode(&self) -> [u8; Self::SIZE] {
        let fields: [&[u8]; 15] = [
            &[0, 0],
            &ENTRY_TYPE.to_le_bytes(),
            &BODY_SIZE.to_le_bytes(),
            &self.version,
            &[self.signature_type.code(), self.key_type.code(), self.role.code(), self.usage],
            &self.reserved.to_le_bytes(),
            &self.lifecycle.to_le_bytes(),
            &self.oem_constraint.to_le_bytes(),
            &self.extensions_bytes.to_le_bytes(),
            &self.soc_class.to_le_bytes(),
            &self.soc_id,
            &self.permissions.to_le_bytes(),
            &self.point,
            &self.extensions_hash,
            &self.signature,
        ];
        let mut bytes = [0; Self::SIZE];
        for (target, source) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *target = *source;
        }
        bytes
    }

    /// The bytes that the signature covers.
    pub fn signed_bytes(&self) -> [u8; SIGNED_SIZE] {
        let mut signed = [0; SIGNED_SIZE];
        for (target, source) in signed.iter_mut().zip(self.encode().iter().skip(8)) {
            *target = *source;
        }
        signed
    }

    fn decode(fields: &mut Fields<'_>) -> Result<Self, LayoutError> {
        let value =
            |offset, field, found, expected| LayoutError { offset, field, problem: Problem::Value { found, expected } };
        let offset = fields.offset();
        let reserved = fields.u16("reserved of the entry")?;
        if reserved != 0 {
            return Err(value(offset, "reserved of the entry", u32::from(reserved), "0"));
        }
        let offset = fields.offset();
        let kind = fields.u16("type of the entry")?;
        if kind != ENTRY_TYPE {
            return Err(value(offset, "type of the entry", u32::from(kind), "0x201, a certificate"));
        }
        let offset = fields.offset();
        let length = fields.u32("length of the entry")?;
        if length != BODY_SIZE {
            return Err(value(offset, "length of the entry", length, "0xd4, a certificate without extensions"));
        }
        Ok(Self {
            version: *fields.array("version")?,
            signature_type: SignatureType::from_code(fields.u8("signature type")?),
            key_type: KeyType::from_code(fields.u8("key type")?),
            role: Role::from_code(fields.u8("role")?),
            usage: fields.u8("usage")?,
            reserved: fields.u16("reserved")?,
            lifecycle: fields.u16("life cycle")?,
            oem_constraint: fields.u16("OEM constraint")?,
            extensions_bytes: fields.u32("bytes of extensions")?,
            soc_class: fields.u32("SoC class")?,
            soc_id: *fields.array("SoC id")?,
            permissions: u128::from_le_bytes(*fields.array("permissions")?),
            point: *fields.array("public key")?,
            extensions_hash: *fields.array("hash of the extensions")?,
            signature: *fields.array("signature")?,
        })
    }
}

/// Certificates in a row, as a file holds them: one alone, or a chain from the root on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateChain {
    /// The certificates in the file's order; at least one when read from a file.
    pub certificates: Vec<Certificate>,
}

impl CertificateChain {
    /// Reads a file: base64 text, or the bytes themselves.
    ///
    /// # Errors
    /// See [`Self::from_base64`] and [`Self::from_bytes`].
    pub fn decode(file: &[u8]) -> Result<Self, FormatError> {
        // The first byte of an entry is zero, which no text begins with.
        if file.first() == Some(&0) { Self::from_bytes(file) } else { Self::from_base64(file) }
    }

    /// Reads base64 text of one line; white space behind it is passed over.
    ///
    /// # Errors
    /// When it is no base64, with the place of the character; otherwise as [`Self::from_bytes`].
    pub fn from_base64(text: &[u8]) -> Result<Self, FormatError> {
        let text = text.trim_ascii_end();
        let bytes = STANDARD.decode(text).map_err(|error| {
            let (offset, problem) = match error {
                DecodeError::InvalidByte(offset, b'\r' | b'\n') => {
                    (offset, "a line break; ST's tools take one line only, join the lines")
                }
                DecodeError::InvalidByte(offset, _) => (offset, "no character of base64"),
                DecodeError::InvalidLastSymbol { offset, .. } => (offset, "the last character has bits too many"),
                DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => {
                    (text.len(), "the text breaks off; take the file from its source again")
                }
            };
            FormatError::Base64 { offset, problem }
        })?;
        Self::from_bytes(&bytes)
    }

    /// Reads the bytes of one certificate after another.
    ///
    /// # Errors
    /// When there is none, or one of them is cut short or no certificate of this format: with its number, counted from
    /// 1, and offset and field.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let mut fields = Fields::new(bytes, 0);
        let mut certificates = Vec::new();
        while certificates.is_empty() || !fields.is_empty() {
            let certificate = Certificate::decode(&mut fields)
                .map_err(|source| FormatError::Certificate { number: certificates.len().saturating_add(1), source })?;
            certificates.push(certificate);
        }
        Ok(Self { certificates })
    }

    /// The bytes, one certificate after another.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.certificates.iter().flat_map(Certificate::encode).collect()
    }

    /// The text as ST's files hold it: one line without an end.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.to_bytes())
    }
}
