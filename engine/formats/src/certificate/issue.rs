//! Making certificates: what one is to say, and the issuer's signature under it. The bytes are those of ST's published
//! certificates but for key, permissions and signature.

use sha2::{Digest, Sha256};

use super::{Certificate, CertificateChain, KeyType, Role, SignatureType};
use crate::error::FormatError;
use crate::keys::{PrivateKey, PublicKey};
use crate::permissions::Permissions;

/// What a certificate is to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificateRequest {
    /// Where it is to stand in a chain.
    pub role: Role,
    /// What its key is for; 1 in every published certificate.
    pub usage: u8,
    /// The class of chips it is restricted to; 0 for none.
    pub soc_class: u32,
    /// The chip it is restricted to; zeros for none.
    pub soc_id: [u8; 16],
    /// The life cycle it is restricted to; 0 for none.
    pub lifecycle: u16,
    /// A constraint of the maker's; 0 for none.
    pub oem_constraint: u16,
    /// What it permits at most.
    pub permissions: Permissions,
    /// The key it certifies.
    pub key: PublicKey,
}

impl CertificateRequest {
    /// One as ST's: for any chip in any state.
    pub const fn new(role: Role, key: PublicKey, permissions: Permissions) -> Self {
        Self { role, usage: 1, soc_class: 0, soc_id: [0; 16], lifecycle: 0, oem_constraint: 0, permissions, key }
    }

    /// What it asks for and a chain in front of it withholds: such a certificate is possible, and of no effect there.
    pub fn withheld_by(&self, issuers: &CertificateChain) -> Permissions {
        self.permissions.without(issuers.verify().permissions)
    }

    /// The same, asking for no more than a chain in front of it permits.
    #[must_use]
    pub fn narrowed_to(self, issuers: &CertificateChain) -> Self {
        Self { permissions: self.permissions & issuers.verify().permissions, ..self }
    }
}

impl Certificate {
    /// Makes a certificate. The same request under the same key gives the same bytes: the signature is deterministic
    /// (RFC 6979).
    ///
    /// # Errors
    /// When a root is to be signed by another key than its own, or the role is none that is known.
    pub fn issue(request: &CertificateRequest, issuer: &PrivateKey) -> Result<Self, FormatError> {
        let refused = |field, problem: String| FormatError::CertificateRequest { field, problem };
        match request.role {
            Role::Root if request.key != issuer.public() => {
                let (own, other) = (request.key.fingerprint(), issuer.public().fingerprint());
                return Err(refused(
                    "issuer",
                    format!(
                        "a root signs itself: its key is {}, the issuer's {}; give the root's private key as the issuer",
                        own.short(),
                        other.short()
                    ),
                ));
            }
            Role::Other(code) => {
                return Err(refused("role", format!("{code}; known are 1 root, 2 intermediate, 3 leaf")));
            }
            Role::Root | Role::Intermediate | Role::Leaf => {}
        }
        Self {
            version: [1, 0],
            signature_type: SignatureType::EcdsaP256Sha256,
            key_type: KeyType::EcdsaP256,
            role: request.role,
            usage: request.usage,
            reserved: 0,
            lifecycle: request.lifecycle,
            oem_constraint: request.oem_constraint,
            extensions_bytes: 0,
            soc_class: request.soc_class,
            soc_id: request.soc_id,
            permissions: request.permissions,
            point: request.key.point(),
            extensions_hash: [0; 32],
            signature: [0; 64],
        }
        .signed_by(issuer)
    }

    /// The same certificate, whatever it says, with the signature of `issuer`.
    ///
    /// # Errors
    /// When the key can't sign.
    pub fn signed_by(mut self, issuer: &PrivateKey) -> Result<Self, FormatError> {
        let digest = Sha256::digest(self.signed_bytes()).into();
        self.signature = issuer.sign(&digest)?.to_bytes().into();
        Ok(self)
    }
}
