//! Whether a chain holds: one named result a check and certificate. Whether the board knows the root, and what its own
//! mask leaves of the permissions, is for whoever has the board's object.

use p256::ecdsa::Signature;
use sha2::{Digest, Sha256};

use super::{Certificate, CertificateChain, KeyType, Role, SignatureType};
use crate::image::judge::Outcome;
use crate::keys::{Fingerprint, PublicKey};

/// What was found about a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// One report a certificate, in the chain's order.
    pub certificates: Vec<CertificateReport>,
    /// The root key, when a root stands first: what the board's object must name.
    pub root: Option<Fingerprint>,
    /// The leaf key, when a leaf stands last: what must sign the answer to the board's challenge.
    pub leaf: Option<Fingerprint>,
    /// What all certificates permit together.
    pub permissions: u128,
}

impl ChainReport {
    /// Whether nothing failed. A certificate alone passes: what its issuer decides could not be checked.
    pub fn nothing_fails(&self) -> bool {
        !self.checks().any(|check| matches!(check.outcome, Outcome::Fails(_)))
    }

    /// Whether every check was made and holds.
    pub fn all_hold(&self) -> bool {
        self.checks().all(|check| matches!(check.outcome, Outcome::Holds(_)))
    }

    fn checks(&self) -> impl Iterator<Item = &CertificateCheck> {
        self.certificates.iter().flat_map(|certificate| &certificate.checks)
    }
}

/// What was found about one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateReport {
    /// Every check, in the order of [`CertificateCheckName::ALL`].
    pub checks: Vec<CertificateCheck>,
}

impl CertificateReport {
    /// The result of one check.
    pub fn outcome(&self, name: CertificateCheckName) -> Option<&Outcome> {
        self.checks.iter().find(|check| check.name == name).map(|check| &check.outcome)
    }
}

/// One check and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateCheck {
    /// Which.
    pub name: CertificateCheckName,
    /// How it ended.
    pub outcome: Outcome,
}

/// What is checked of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateCheckName {
    /// Version and types are those that ST uses.
    Format,
    /// It stands where its role belongs.
    Role,
    /// It isn't restricted to some chip or state.
    Restrictions,
    /// Its key is one of P-256.
    Key,
    /// Its signature is its issuer's.
    Signature,
}

impl CertificateCheckName {
    /// All of them, in the order of a report.
    pub const ALL: [Self; 5] = [Self::Format, Self::Role, Self::Restrictions, Self::Key, Self::Signature];

    /// The name for people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Role => "role",
            Self::Restrictions => "restrictions",
            Self::Key => "key",
            Self::Signature => "signature",
        }
    }
}

impl CertificateChain {
    /// Checks every certificate by itself and against the one before.
    pub fn verify(&self) -> ChainReport {
        let mut issuer = None;
        let mut reports = Vec::with_capacity(self.certificates.len());
        for certificate in &self.certificates {
            let checks = CertificateCheckName::ALL
                .into_iter()
                .map(|name| {
                    let outcome = match name {
                        CertificateCheckName::Format => format(certificate),
                        CertificateCheckName::Role => role(certificate.role, issuer),
                        CertificateCheckName::Restrictions => restrictions(certificate),
                        CertificateCheckName::Key => key(certificate),
                        CertificateCheckName::Signature => signature(certificate, issuer),
                    };
                    CertificateCheck { name, outcome }
                })
                .collect();
            reports.push(CertificateReport { checks });
            issuer = Some(certificate);
        }
        let fingerprint = |certificate: Option<&Certificate>, role| {
            let certificate = certificate.filter(|certificate| certificate.role == role)?;
            certificate.public_key().ok().map(|key| key.fingerprint())
        };
        ChainReport {
            certificates: reports,
            root: fingerprint(self.certificates.first(), Role::Root),
            leaf: fingerprint(self.certificates.last(), Role::Leaf),
            // Of no certificate at all, nothing is permitted.
            permissions: self.certificates.iter().map(|one| one.permissions).reduce(|a, b| a & b).unwrap_or(0),
        }
    }
}

fn format(certificate: &Certificate) -> Outcome {
    let [major, minor] = certificate.version;
    if certificate.version != [1, 0] {
        return Outcome::Fails(format!("version {major}.{minor}; only 1.0 is known"));
    }
    if let SignatureType::Other(code) = certificate.signature_type {
        return Outcome::Fails(format!("signature type {code}; only 1, ECDSA on P-256, is known"));
    }
    if let KeyType::Other(code) = certificate.key_type {
        return Outcome::Fails(format!("key type {code}; only 1, ECDSA on P-256, is known"));
    }
    if certificate.extensions_bytes != 0 || certificate.extensions_hash != [0; 32] {
        return Outcome::Fails("it speaks of extensions, and has none".into());
    }
    if certificate.usage != 1 || certificate.reserved != 0 {
        let (usage, reserved) = (certificate.usage, certificate.reserved);
        return Outcome::Fails(format!(
            "usage {usage}, reserved {reserved}; expected 1 and 0, as in ST's certificates"
        ));
    }
    Outcome::Holds("version 1.0, ECDSA on P-256".into())
}

fn role(role: Role, issuer: Option<&Certificate>) -> Outcome {
    let name = role.name();
    match (issuer.map(|issuer| issuer.role), role) {
        (_, Role::Other(code)) => Outcome::Fails(format!("role {code}; known are 1 root, 2 intermediate, 3 leaf")),
        (None, Role::Root) => Outcome::Holds("a root, first in the chain".into()),
        (None, _) => Outcome::NotCheckable(format!("{name} without its issuer; {COMPLETE}")),
        (Some(_), Role::Root) => Outcome::Fails("a root behind another certificate; it may only stand first".into()),
        (Some(Role::Leaf), _) => Outcome::Fails(format!("{name} behind a leaf; a leaf is the last of its chain")),
        (Some(before), _) => Outcome::Holds(format!("{name} behind {}", before.name())),
    }
}

const COMPLETE: &str = "put the certificates from the root on in front of it";

fn restrictions(certificate: &Certificate) -> Outcome {
    let Certificate { lifecycle, oem_constraint, soc_class, soc_id, .. } = certificate;
    if (*lifecycle, *oem_constraint, *soc_class, *soc_id) == (0, 0, 0, [0; 16]) {
        return Outcome::Holds("none".into());
    }
    let id: String = soc_id.iter().map(|byte| format!("{byte:02x}")).collect();
    Outcome::NotCheckable(format!(
        "life cycle {lifecycle:#x}, OEM constraint {oem_constraint:#x}, SoC class {soc_class:#x}, SoC id {id}; whether \
         the chip heeds them isn't known, ST's certificates leave them 0"
    ))
}

fn key(certificate: &Certificate) -> Outcome {
    match certificate.public_key() {
        Ok(key) => Outcome::Holds(key.fingerprint().to_string()),
        Err(error) => Outcome::Fails(error.to_string()),
    }
}

fn signature(certificate: &Certificate, before: Option<&Certificate>) -> Outcome {
    let (issuer, whose) = match (certificate.role, before) {
        (Role::Root, _) => (certificate, "its own"),
        (_, Some(before)) => (before, "that of the certificate before"),
        (_, None) => {
            let missing = format!("its issuer's certificate is missing; {COMPLETE}");
            return Outcome::NotCheckable(missing);
        }
    };
    if certificate.signature_type != SignatureType::EcdsaP256Sha256 {
        return Outcome::NotCheckable("its type isn't known".into());
    }
    let Ok(issuer) = issuer.public_key() else {
        return Outcome::NotCheckable("the issuer's key is no key".into());
    };
    if is_signed_by(certificate, &issuer) {
        Outcome::Holds(format!("it is {whose}"))
    } else {
        Outcome::Fails(format!(
            "it isn't {whose}: a byte was changed, or another key signed it; issue the certificate again"
        ))
    }
}

fn is_signed_by(certificate: &Certificate, issuer: &PublicKey) -> bool {
    let digest = Sha256::digest(certificate.signed_bytes()).into();
    Signature::from_slice(&certificate.signature).is_ok_and(|signature| issuer.verifies(&digest, &signature))
}
