//! Whether a chain holds, by itself and for a board: one named result a check and certificate, and what the chain
//! permits. What of that is left on the board is told stage by stage in `effective`.

use std::fmt;

use super::checks::{CertificateCheck, CertificateReport, Place};
use super::{Certificate, CertificateChain, CertificateCheckName, Role, Target};
use crate::image::judge::Outcome;
use crate::keys::Fingerprint;
use crate::permissions::Permissions;

/// What was found about a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// One report a certificate, in the chain's order.
    pub certificates: Vec<CertificateReport>,
    /// The root key, when a root stands first: what the board's object must name.
    pub root: Option<Fingerprint>,
    /// The leaf key, when a leaf stands last.
    pub leaf: Option<Fingerprint>,
    /// The key that must sign the answer to the board's challenge: the leaf's, or that of a root that stands alone.
    pub answering: Option<Fingerprint>,
    /// What all certificates permit together.
    pub permissions: Permissions,
}

/// A check that failed, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainProblem {
    /// Which certificate, counted from 1.
    pub certificate: usize,
    /// What of it.
    pub check: CertificateCheckName,
    /// What is wrong, and what to do.
    pub text: String,
}

impl fmt::Display for ChainProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "certificate {}, {}: {}", self.certificate, self.check.text(), self.text)
    }
}

impl ChainReport {
    /// Whether nothing failed. A certificate alone passes: what its issuer decides could not be checked.
    pub fn nothing_fails(&self) -> bool {
        self.problems().next().is_none()
    }

    /// Whether every check was made and holds.
    pub fn all_hold(&self) -> bool {
        let checks = self.certificates.iter().flat_map(|certificate| &certificate.checks);
        checks.into_iter().all(|check| matches!(check.outcome, Outcome::Holds(_)))
    }

    /// What fails, from the root on.
    pub fn problems(&self) -> impl Iterator<Item = ChainProblem> {
        self.told(|outcome| match outcome {
            Outcome::Fails(text) => Some(text),
            _ => None,
        })
    }

    /// What is no failure and should be known.
    pub fn notices(&self) -> impl Iterator<Item = ChainProblem> {
        self.told(|outcome| match outcome {
            Outcome::Notice(text) => Some(text),
            _ => None,
        })
    }

    fn told(&self, wanted: fn(&Outcome) -> Option<&String>) -> impl Iterator<Item = ChainProblem> {
        self.certificates.iter().zip(1..).flat_map(move |(certificate, number)| {
            certificate.checks.iter().filter_map(move |check| {
                let text = wanted(&check.outcome)?.clone();
                Some(ChainProblem { certificate: number, check: check.name, text })
            })
        })
    }
}

impl CertificateChain {
    /// Checks every certificate by itself and against the one before.
    pub fn verify(&self) -> ChainReport {
        self.verify_for(&Target::UNKNOWN)
    }

    /// Checks every certificate by itself, against the one before and against what is known of a board.
    pub fn verify_for(&self, target: &Target) -> ChainReport {
        let mut issuer = None;
        let mut permitted = None;
        let mut reports = Vec::with_capacity(self.certificates.len());
        for (certificate, number) in self.certificates.iter().zip(1..) {
            let place = Place { certificate, number, issuer, permitted, target };
            let checks = CertificateCheckName::ALL
                .into_iter()
                .filter_map(|name| Some(CertificateCheck { name, outcome: place.check(name)? }))
                .collect();
            reports.push(CertificateReport { checks });
            issuer = Some(certificate);
            permitted = Some(permitted.map_or(certificate.permissions, |before| before & certificate.permissions));
        }
        let fingerprint = |certificate: Option<&Certificate>, role| {
            let certificate = certificate.filter(|certificate| certificate.role == role)?;
            certificate.public_key().ok().map(|key| key.fingerprint())
        };
        let root = fingerprint(self.certificates.first(), Role::Root);
        let leaf = fingerprint(self.certificates.last(), Role::Leaf);
        ChainReport {
            certificates: reports,
            root,
            leaf,
            answering: leaf.or_else(|| root.filter(|_| self.certificates.len() == 1)),
            // Of no certificate at all, nothing is permitted.
            permissions: permitted.unwrap_or_default(),
        }
    }
}
