//! What opens a board again: a chain with the key that answers for it, or a password; and whether it is the one that a
//! board with a given object takes. It can't be printed.

use chip::option_bytes::DebugAuthentication;

use crate::certificate::{CertificateChain, ChainProblem, Role, Target};
use crate::da::Password;
use crate::effective::Effective;
use crate::error::FormatError;
use crate::keys::{Fingerprint, PrivateKey};
use crate::obk::ObkFile;
use crate::permissions::Permissions;

/// What opens a board again.
#[derive(Clone)]
pub enum DebugCredential {
    /// A chain from the root on, and the key of its last certificate.
    Certificate {
        /// The certificates.
        chain: CertificateChain,
        /// The key that answers the challenge.
        key: PrivateKey,
    },
    /// A password.
    Password(Password),
}

/// Why a credential doesn't open a board.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialProblem {
    /// The object shuts the way back for good.
    #[error("the object locks the board: no credential opens it again")]
    Locks,
    /// The object asks for the other kind.
    #[error("the object asks for {}, the credential is {}", kind(*.object), kind(*.credential))]
    OtherMethod {
        /// What the object asks for.
        object: DebugAuthentication,
        /// What the credential is.
        credential: DebugAuthentication,
    },
    /// The object isn't one of debug authentication, or is damaged.
    #[error("the object can't be used: {0}")]
    Object(#[source] FormatError),
    /// Another password.
    #[error("the object asks for another password")]
    OtherPassword,
    /// A check of the chain failed.
    #[error("{0}")]
    Chain(ChainProblem),
    /// Nothing stands first that a board could know.
    #[error("the chain doesn't begin with a root certificate")]
    NoRoot,
    /// The chain ends before anything that answers a challenge.
    #[error("certificate {number}, role: the chain ends with this {role}; a leaf answers a challenge, or a root alone")]
    NoLeaf {
        /// Which is the last, counted from 1.
        number: usize,
        /// Its role.
        role: &'static str,
    },
    /// The key isn't that of the last certificate.
    #[error("the chain's last certificate is for the key {}, the key at hand is {}", .certificate.short(), .key.short())]
    OtherKey {
        /// The certified key.
        certificate: Fingerprint,
        /// The one at hand.
        key: Fingerprint,
    },
    /// Nothing is left.
    #[error("nothing is permitted: {0}")]
    Nothing(String),
}

impl CredentialProblem {
    /// What to do.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Locks => "there is no way back; choose CLOSED with a certificate or a password before provisioning",
            Self::OtherMethod { .. } => {
                "take the credential that was made for this object, or build the object for this one"
            }
            Self::Object(_) => "build the object again",
            Self::OtherPassword => "find the password that the object was built with, or build the object again",
            Self::Chain(_) => "issue what is named again, or take the chain that was made for this object",
            Self::NoRoot => "put the certificates from the root on in front",
            Self::NoLeaf { .. } => "issue a leaf certificate under it and append it",
            Self::OtherKey { .. } => "take the private key that the last certificate is for, or issue one for this key",
            Self::Nothing(_) => "issue certificates that permit more, or build the object with a wider mask",
        }
    }
}

const fn kind(method: DebugAuthentication) -> &'static str {
    match method {
        DebugAuthentication::Certificate => "a certificate chain",
        DebugAuthentication::Password => "a password",
        DebugAuthentication::Locked | DebugAuthentication::None => "nothing",
    }
}

impl DebugCredential {
    /// The kind of object that it opens.
    pub const fn method(&self) -> DebugAuthentication {
        match self {
            Self::Certificate { .. } => DebugAuthentication::Certificate,
            Self::Password(_) => DebugAuthentication::Password,
        }
    }

    /// What a board that stores `object` permits with it, as far as the object decides.
    ///
    /// # Errors
    /// Why such a board would refuse it.
    pub fn against(&self, object: &ObkFile) -> Result<Permissions, CredentialProblem> {
        match object.destination.method() {
            Some(DebugAuthentication::Locked) => return Err(CredentialProblem::Locks),
            Some(method) if method != self.method() => {
                return Err(CredentialProblem::OtherMethod { object: method, credential: self.method() });
            }
            Some(_) => {}
            None => {
                let problem = format!("{:#010x} is none of debug authentication", object.destination.0);
                return Err(CredentialProblem::Object(FormatError::Object { field: "destination", problem }));
            }
        }
        match self {
            Self::Certificate { .. } => {
                let target = Target::of_object(object).map_err(CredentialProblem::Object)?;
                self.for_target(&target)
            }
            Self::Password(password) => {
                object.hashed_payload().map_err(CredentialProblem::Object)?;
                if password.opens(object) {
                    self.for_target(&Target::UNKNOWN)
                } else {
                    Err(CredentialProblem::OtherPassword)
                }
            }
        }
    }

    /// What a board permits with it, as far as it is known. Whether a password is the board's, only the board knows.
    ///
    /// # Errors
    /// Why such a board would refuse it.
    pub fn for_target(&self, target: &Target) -> Result<Permissions, CredentialProblem> {
        if let Self::Certificate { chain, key } = self {
            let report = chain.verify_for(target);
            if let Some(problem) = report.problems().next() {
                return Err(CredentialProblem::Chain(problem));
            }
            if report.root.is_none() {
                return Err(CredentialProblem::NoRoot);
            }
            let last = chain.certificates.last().map_or(Role::Root, |last| last.role);
            let Some(certificate) = report.answering else {
                return Err(CredentialProblem::NoLeaf { number: chain.certificates.len(), role: last.name() });
            };
            let key = key.public().fingerprint();
            if key != certificate {
                return Err(CredentialProblem::OtherKey { certificate, key });
            }
        }
        let effective = self.effective(target);
        let permissions = effective.permissions();
        if permissions.is_empty() {
            let stages: Vec<String> =
                effective.stages().iter().filter(|stage| !stage.takes.is_empty()).map(ToString::to_string).collect();
            return Err(CredentialProblem::Nothing(stages.join(", ")));
        }
        Ok(permissions)
    }

    /// What is left of permissions on the way through the board, stage by stage; whether it is taken at all is another
    /// matter.
    pub fn effective(&self, target: &Target) -> Effective {
        match self {
            Self::Certificate { chain, .. } => Effective::by_certificate(target, chain, None),
            Self::Password(_) => Effective::by_password(target),
        }
    }

    /// The key that answers for it; none for a password.
    pub fn leaf(&self) -> Option<Fingerprint> {
        match self {
            Self::Certificate { key, .. } => Some(key.public().fingerprint()),
            Self::Password(_) => None,
        }
    }

    /// The root that it answers under; none for a password, or a chain without a root.
    pub fn root(&self) -> Option<Fingerprint> {
        match self {
            Self::Certificate { chain, .. } => chain.verify().root,
            Self::Password(_) => None,
        }
    }
}
