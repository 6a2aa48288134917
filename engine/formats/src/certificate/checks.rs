//! The checks of one certificate: by itself, against the one before, against what is known of the board.

use std::fmt;

use chip::mailbox::LONGEST_CHAIN;
use p256::ecdsa::Signature;
use sha2::{Digest, Sha256};

use super::{Certificate, KeyType, Role, SignatureType, Target};
use crate::image::judge::Outcome;
use crate::keys::PublicKey;
use crate::permissions::Permissions;

/// What was found about one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateReport {
    /// Every check that was due, in the order of [`CertificateCheckName::ALL`].
    pub checks: Vec<CertificateCheck>,
}

impl CertificateReport {
    /// The result of one check; none when it wasn't due.
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
    /// It is for what ST's certificates are for.
    Usage,
    /// It is for the board's class of chips, or for any.
    SocClass,
    /// It is for the board's chip, or for any.
    SocId,
    /// It is for the board's life cycle, or for any.
    Lifecycle,
    /// It has no constraint of the maker's.
    OemConstraint,
    /// Its key is one of P-256.
    Key,
    /// The board's object names its key; due for the first certificate when that object is known.
    Trust,
    /// Its signature is its issuer's.
    Signature,
    /// It asks for nothing that is withheld before it, and for nothing of which nothing is known.
    Permissions,
}

impl CertificateCheckName {
    /// All of them, in the order of a report.
    pub const ALL: [Self; 11] = [
        Self::Format,
        Self::Role,
        Self::Usage,
        Self::SocClass,
        Self::SocId,
        Self::Lifecycle,
        Self::OemConstraint,
        Self::Key,
        Self::Trust,
        Self::Signature,
        Self::Permissions,
    ];

    /// The name for people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Role => "role",
            Self::Usage => "usage",
            Self::SocClass => "SoC class",
            Self::SocId => "SoC id",
            Self::Lifecycle => "life cycle",
            Self::OemConstraint => "OEM constraint",
            Self::Key => "key",
            Self::Trust => "trusted root",
            Self::Signature => "signature",
            Self::Permissions => "permissions",
        }
    }
}

const COMPLETE: &str = "put the certificates from the root on in front of it";
const NOT_HEEDED: &str = "whether the chip heeds it isn't known, ST's certificates leave it 0";

/// A certificate at its place in a chain.
pub(super) struct Place<'a> {
    pub(super) certificate: &'a Certificate,
    /// Counted from 1.
    pub(super) number: usize,
    /// The one before.
    pub(super) issuer: Option<&'a Certificate>,
    /// What all before permit together; none when there is none.
    pub(super) permitted: Option<Permissions>,
    pub(super) target: &'a Target,
}

impl Place<'_> {
    /// The result of a check; none when it isn't due here.
    pub(super) fn check(&self, name: CertificateCheckName) -> Option<Outcome> {
        let Self { certificate, target, .. } = *self;
        Some(match name {
            CertificateCheckName::Format => format(certificate),
            CertificateCheckName::Role => self.role(),
            CertificateCheckName::Usage => usage(certificate.usage),
            CertificateCheckName::SocClass => restricted(
                &format!("{:#x}", certificate.soc_class),
                (certificate.soc_class == 0, target.soc_class.map(|class| class == certificate.soc_class)),
                target.soc_class.map(|class| format!("{class:#x}")),
            ),
            CertificateCheckName::SocId => restricted(
                &Id(certificate.soc_id).to_string(),
                (certificate.soc_id == [0; 16], target.soc_id.map(|id| id == certificate.soc_id)),
                target.soc_id.map(|id| Id(id).to_string()),
            ),
            CertificateCheckName::Lifecycle => restricted(
                &format!("{:#x}", certificate.lifecycle),
                (certificate.lifecycle == 0, target.lifecycle.map(|lifecycle| lifecycle == certificate.lifecycle)),
                target.lifecycle.map(|lifecycle| format!("{lifecycle:#x}")),
            ),
            CertificateCheckName::OemConstraint => match certificate.oem_constraint {
                0 => Outcome::Holds("none".into()),
                // assumption A52: the virtual board refuses it.
                constraint => Outcome::Fails(format!(
                    "{constraint:#x}; nothing is known that would meet one, ST's certificates have none: issue it again with 0"
                )),
            },
            CertificateCheckName::Key => key(certificate),
            CertificateCheckName::Trust => return self.trust(),
            CertificateCheckName::Signature => self.signature(),
            CertificateCheckName::Permissions => self.permissions(),
        })
    }

    fn role(&self) -> Outcome {
        let name = self.certificate.role.name();
        match (self.issuer.map(|issuer| issuer.role), self.certificate.role) {
            (_, Role::Other(code)) => Outcome::Fails(format!(
                "{code}; known are 1 root, 2 intermediate, 3 leaf: issue it again with one of these"
            )),
            (None, Role::Root) => Outcome::Holds("a root, first in the chain".into()),
            (None, _) => Outcome::NotCheckable(format!("{name} without its issuer; {COMPLETE}")),
            (Some(_), Role::Root) => {
                Outcome::Fails("a root behind another certificate; it may only stand first: put it there".into())
            }
            (Some(Role::Leaf), _) => {
                Outcome::Fails(format!("{name} behind a leaf; a leaf is the last of its chain: change the order"))
            }
            (Some(_), _) if self.number > usize::from(LONGEST_CHAIN) => Outcome::Fails(format!(
                "{name}, number {} of its chain; the virtual board takes {LONGEST_CHAIN}, what a chip takes isn't known: \
                 leave some out",
                self.number
            )),
            (Some(before), _) => Outcome::Holds(format!("{name} behind {}", before.name())),
        }
    }

    fn trust(&self) -> Option<Outcome> {
        let trusted = self.target.root.filter(|_| self.number == 1)?;
        if self.certificate.role != Role::Root {
            return Some(Outcome::NotCheckable(format!("the chain doesn't begin with a root; {COMPLETE}")));
        }
        let Ok(key) = self.certificate.public_key() else {
            return Some(Outcome::Fails("the root's key is no key; issue it again".into()));
        };
        let own = key.fingerprint();
        Some(if own == trusted {
            Outcome::Holds(format!("the board's object names {}", own.short()))
        } else {
            Outcome::Fails(format!(
                "the board's object names the root key {}, this root's is {}: use the chain that was made under {}",
                trusted.short(),
                own.short(),
                trusted.short()
            ))
        })
    }

    fn signature(&self) -> Outcome {
        let (issuer, whose) = match (self.certificate.role, self.issuer) {
            (Role::Root, _) => (self.certificate, "its own"),
            (_, Some(before)) => (before, "that of the certificate before"),
            (_, None) => {
                let missing = format!("its issuer's certificate is missing; {COMPLETE}");
                return Outcome::NotCheckable(missing);
            }
        };
        if self.certificate.signature_type != SignatureType::EcdsaP256Sha256 {
            return Outcome::NotCheckable("its type isn't known".into());
        }
        let Ok(issuer) = issuer.public_key() else {
            return Outcome::NotCheckable("the issuer's key is no key".into());
        };
        if self.certificate.is_signed_by(&issuer) {
            Outcome::Holds(format!("it is {whose}"))
        } else {
            Outcome::Fails(format!(
                "it isn't {whose}: a byte was changed, or another key signed it; issue the certificate again, or put the \
                 certificates into the order of their issuers"
            ))
        }
    }

    fn permissions(&self) -> Outcome {
        let asked = self.certificate.permissions;
        let mut told = Vec::new();
        let unknown = asked.unknown();
        if !unknown.is_empty() {
            told.push(format!("{unknown}: leave out what has no known meaning, {}", asked.without(unknown).hex()));
        }
        if let Some(permitted) = self.permitted
            && !permitted.covers(asked)
        {
            told.push(format!(
                "it asks for {}, which a certificate before withholds: of no effect; narrowed it would be {}",
                asked.without(permitted),
                (asked & permitted).hex()
            ));
        }
        if told.is_empty() { Outcome::Holds(asked.to_string()) } else { Outcome::Notice(told.join("; ")) }
    }
}

impl Certificate {
    /// Whether its signature is that of `issuer`.
    pub fn is_signed_by(&self, issuer: &PublicKey) -> bool {
        let digest = Sha256::digest(self.signed_bytes()).into();
        Signature::from_slice(&self.signature).is_ok_and(|signature| issuer.verifies(&digest, &signature))
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
    if certificate.reserved != 0 {
        return Outcome::Fails(format!("reserved {:#x}; expected 0, as in ST's certificates", certificate.reserved));
    }
    Outcome::Holds("version 1.0, ECDSA on P-256".into())
}

fn usage(usage: u8) -> Outcome {
    match usage {
        1 => Outcome::Holds("1, as in ST's certificates".into()),
        other => Outcome::Fails(format!("{other}; expected 1, as in ST's certificates: issue it again with usage 1")),
    }
}

/// A restriction: whether there is `none`, and whether the board meets it as far as it is known.
fn restricted(to: &str, (none, met): (bool, Option<bool>), board: Option<String>) -> Outcome {
    match (none, met) {
        (true, _) => Outcome::Holds("any".into()),
        (false, Some(true)) => Outcome::Holds(format!("{to}, which is the board's")),
        (false, Some(false)) => Outcome::Fails(format!(
            "it is for {to} only, the board's is {}: issue a certificate for this board, or one with 0 for any",
            board.unwrap_or_default()
        )),
        (false, None) => Outcome::NotCheckable(format!("for {to} only, the board's isn't known; {NOT_HEEDED}")),
    }
}

fn key(certificate: &Certificate) -> Outcome {
    match certificate.public_key() {
        Ok(key) => Outcome::Holds(key.fingerprint().to_string()),
        Err(error) => Outcome::Fails(error.to_string()),
    }
}

/// An identifier in hexadecimal, byte after byte.
struct Id([u8; 16]);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
