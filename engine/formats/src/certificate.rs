//! Certificates of debug authentication (ADAC 1.0 as ST uses it): bytes to types and back. Making them is the business
//! of `issue`, rows of them that of `chain`; whether a chain holds is told by its verification.
//!
//! Layout: facts read off every certificate that ST publishes for this family. Fields behind the usage are named as in
//! ADAC; they are zero in all of them.

mod chain;
mod checks;
mod codes;
mod issue;
mod order;
mod target;
mod verify;

use chip::mailbox::tag;

use crate::error::FormatError;
use crate::keys::PublicKey;
use crate::layout::{Fields, LayoutError, Problem, reported};
use crate::permissions::Permissions;

pub use chain::CertificateChain;
pub use checks::{CertificateCheck, CertificateCheckName, CertificateReport};
pub use codes::{KeyType, Role, SignatureType};
pub use issue::CertificateRequest;
pub use order::OrderProblem;
pub use target::Target;
pub use verify::{ChainProblem, ChainReport};

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
    pub permissions: Permissions,
    /// The public key: X‖Y, big-endian. Not necessarily a point of the curve.
    pub point: [u8; 64],
    /// SHA-256 of the extensions; zeros for none.
    pub extensions_hash: [u8; 32],
    /// The issuer's signature: r‖s, big-endian.
    pub signature: [u8; 64],
}

impl Certificate {
    /// Bytes of a certificate with the head of its entry.
    pub const SIZE: usize = 220;
    /// Bytes of a certificate without it.
    pub const BODY_SIZE: usize = chip::mailbox::CERTIFICATE_SIZE;

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
            &tag::CERTIFICATE.to_le_bytes(),
            &reported(Self::BODY_SIZE).to_le_bytes(),
            &self.version,
            &[self.signature_type.code(), self.key_type.code(), self.role.code(), self.usage],
            &self.reserved.to_le_bytes(),
            &self.lifecycle.to_le_bytes(),
            &self.oem_constraint.to_le_bytes(),
            &self.extensions_bytes.to_le_bytes(),
            &self.soc_class.to_le_bytes(),
            &self.soc_id,
            &self.permissions.0.to_le_bytes(),
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

    /// The bytes behind the head of the entry: what a session sends as the value of a certificate.
    pub fn body(&self) -> [u8; Self::BODY_SIZE] {
        self.behind_head()
    }

    /// The bytes that the signature covers.
    pub fn signed_bytes(&self) -> [u8; SIGNED_SIZE] {
        self.behind_head()
    }

    /// So many of the bytes behind the head of the entry.
    fn behind_head<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        for (target, source) in bytes.iter_mut().zip(self.encode().iter().skip(8)) {
            *target = *source;
        }
        bytes
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
        if kind != tag::CERTIFICATE {
            return Err(value(offset, "type of the entry", u32::from(kind), "0x201, a certificate"));
        }
        let offset = fields.offset();
        let length = fields.u32("length of the entry")?;
        if length != reported(Self::BODY_SIZE) {
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
            permissions: Permissions(u128::from_le_bytes(*fields.array("permissions")?)),
            point: *fields.array("public key")?,
            extensions_hash: *fields.array("hash of the extensions")?,
            signature: *fields.array("signature")?,
        })
    }
}
