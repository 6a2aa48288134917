//! The answer to a board's challenge (ADAC's token): what is asked for, signed together with the challenge by the key
//! of the chain's last certificate. Layout and coverage: `silicon.md` §4.6; ST's coverage is UNCONFIRMED.

use p256::ecdsa::Signature;
use sha2::{Digest, Sha256};

use crate::error::FormatError;
use crate::image::judge::Outcome;
use crate::keys::{PrivateKey, PublicKey};
use crate::layout::{Fields, LayoutError, Problem};
use crate::permissions::Permissions;

/// Bytes of a token in front of its signature.
const SIGNED_SIZE: usize = 0x38;

/// An answer to a challenge. It may state types that aren't known: that is for the verification to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Version of the format: major, minor.
    pub version: [u8; 2],
    /// How it is signed; 1 for ECDSA on P-256 with SHA-256.
    pub signature_type: u8,
    /// Not used.
    pub reserved: u8,
    /// Bytes of extensions.
    pub extensions_bytes: u32,
    /// What is asked for.
    pub permissions: Permissions,
    /// SHA-256 of the extensions; zeros for none.
    pub extensions_hash: [u8; 32],
    /// The signature: r‖s, big-endian.
    pub signature: [u8; 64],
}

impl Token {
    /// Bytes of a token.
    pub const SIZE: usize = chip::mailbox::TOKEN_SIZE;

    /// Answers `challenge` with a request for `permissions`.
    ///
    /// # Errors
    /// When nothing is asked for, or the key can't sign.
    pub fn sign(challenge: &[u8; 32], permissions: Permissions, key: &PrivateKey) -> Result<Self, FormatError> {
        if permissions.is_empty() {
            let problem = "nothing is asked for: the chain and the board have no permission in common".into();
            return Err(FormatError::CertificateRequest { field: "permissions of the token", problem });
        }
        let mut token = Self {
            version: [1, 0],
            signature_type: 1,
            reserved: 0,
            extensions_bytes: 0,
            permissions,
            extensions_hash: [0; 32],
            signature: [0; 64],
        };
        token.signature = key.sign(&token.digest(challenge))?.to_bytes().into();
        Ok(token)
    }

    /// The bytes, without the head of an entry.
    pub fn encode(&self) -> [u8; Self::SIZE] {
        let fields: [&[u8]; 6] = [
            &self.version,
            &[self.signature_type, self.reserved],
            &self.extensions_bytes.to_le_bytes(),
            &self.permissions.0.to_le_bytes(),
            &self.extensions_hash,
            &self.signature,
        ];
        let mut bytes = [0; Self::SIZE];
        for (target, source) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *target = *source;
        }
        bytes
    }

    /// Reads the bytes, without the head of an entry.
    ///
    /// # Errors
    /// When they are cut short or too many, with offset and field.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let layout = |source| FormatError::Layout { what: "token", source };
        let mut fields = Fields::new(bytes, 0);
        let token = Self::read(&mut fields).map_err(layout)?;
        if fields.is_empty() {
            return Ok(token);
        }
        let found = crate::layout::reported(bytes.len());
        let problem = Problem::Value { found, expected: "0x78 bytes" };
        Err(layout(LayoutError { offset: 0, field: "length", problem }))
    }

    fn read(fields: &mut Fields<'_>) -> Result<Self, LayoutError> {
        Ok(Self {
            version: *fields.array("version")?,
            signature_type: fields.u8("signature type")?,
            reserved: fields.u8("reserved")?,
            extensions_bytes: fields.u32("bytes of extensions")?,
            permissions: Permissions(u128::from_le_bytes(*fields.array("permissions")?)),
            extensions_hash: *fields.array("hash of the extensions")?,
            signature: *fields.array("signature")?,
        })
    }

    /// Whether it is `key`'s answer to `challenge`.
    pub fn verify(&self, challenge: &[u8; 32], key: &PublicKey) -> Outcome {
        if (self.version, self.signature_type, self.reserved) != ([1, 0], 1, 0) {
            return Outcome::Fails("it isn't of version 1.0, signed by ECDSA on P-256".into());
        }
        if self.extensions_bytes != 0 || self.extensions_hash != [0; 32] {
            return Outcome::Fails("it speaks of extensions, and has none".into());
        }
        let digest = self.digest(challenge);
        if Signature::from_slice(&self.signature).is_ok_and(|signature| key.verifies(&digest, &signature)) {
            Outcome::Holds(format!("{} signed it for this challenge", key.fingerprint().short()))
        } else {
            Outcome::Fails(format!(
                "{} didn't sign it for this challenge: another key did, or for another challenge, or a byte was changed",
                key.fingerprint().short()
            ))
        }
    }

    fn digest(&self, challenge: &[u8; 32]) -> [u8; 32] {
        let encoded = self.encode();
        let mut hash = Sha256::new();
        hash.update(encoded.get(..SIGNED_SIZE).unwrap_or_default());
        hash.update(challenge);
        hash.finalize().into()
    }
}
