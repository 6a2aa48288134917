//! Whether a credential holds. A round is fed the certificates and the token, or the password, and mixes the answer of
//! every check into a word; only two rounds with the right words are a yes. The first round runs while the host sends,
//! the second repeats everything from what was received.
// assumption A52: the order and the kinds of these checks; a chain ends in a root or a leaf.

use chip::mailbox::{CERTIFICATE_SIZE, CHALLENGE_RANDOM_SIZE, LONGEST_CHAIN, TOKEN_SIZE};
use chip::trace::Refusal;
use p256::ecdsa::Signature;
use rot::ecdsa;
use rot::redundant::{Round, Tally, YES, both, passed, same};
use sha2::{Digest, Sha256};

use super::certificate::{Certificate, INTERMEDIATE, LEAF, ROOT, Token};
use super::identity;
use super::mailbox::Status;
use super::object::Object;
use crate::option_bytes::State;

/// Checks that a certificate goes through.
const CERTIFICATE_CHECKS: u32 = 10;
/// Checks that a token goes through.
const TOKEN_CHECKS: u32 = 4;
/// Checks that a password goes through.
const PASSWORD_CHECKS: u32 = 2;
/// A certificate for debug authentication.
const USAGE: u8 = 1;

/// What the host hears of a refusal: what can't be read, or stands where it has no business, is malformed; what reads
/// well and doesn't hold is unauthorized.
// assumption A53
pub fn status(refusal: Refusal) -> Status {
    match refusal {
        Refusal::Malformed
        | Refusal::Order
        | Refusal::TooMany
        | Refusal::Usage
        | Refusal::Lifecycle
        | Refusal::Constraint
        | Refusal::Extensions => Status::INVALID_PARAMETERS,
        _ => Status::UNAUTHORIZED,
    }
}

/// One evaluation of a credential.
pub struct Judgement {
    state: State,
    object: Object,
    tally: Tally,
    /// The newest certificate's role and key.
    issuer: Option<(u8, [u8; 64])>,
    mask: u128,
}

/// What a round found.
#[derive(Clone, Copy)]
pub struct Verdict {
    /// The round's word; [`accepted`] tells the right one.
    pub word: u32,
    /// What was asked for; all of it is permitted when the word is right.
    pub permissions: u128,
}

impl Verdict {
    /// What stands before anything was judged: a no.
    pub const NONE: Self = Self { word: 0, permissions: 0 };
}

/// What a credential is made of.
#[derive(Clone, Copy)]
pub enum Kind {
    /// So many certificates, and a token.
    Chain(u8),
    /// A password.
    Password,
}

/// The word of a round in which every check of such a credential passed: counted from what must be checked, not from
/// what was.
pub fn accepted(round: Round, kind: Kind) -> u32 {
    let checks = match kind {
        Kind::Chain(certificates) => u32::from(certificates.min(LONGEST_CHAIN)) * CERTIFICATE_CHECKS + TOKEN_CHECKS,
        Kind::Password => PASSWORD_CHECKS,
    };
    passed(round, checks)
}

impl Judgement {
    /// Begins a round with the stored object, read anew.
    ///
    /// # Errors
    /// When there is none.
    pub fn new(round: Round, state: State) -> Result<Self, Refusal> {
        let object = Object::read().ok_or(Refusal::NoObject)?;
        let mask = object.permits();
        Ok(Self { state, object, tally: Tally::new(round), issuer: None, mask })
    }

    fn check(&mut self, answer: u32, otherwise: Refusal) -> Result<(), Refusal> {
        self.tally.add(answer);
        if answer == YES { Ok(()) } else { Err(otherwise) }
    }

    /// Takes the next certificate of the chain.
    ///
    /// # Errors
    /// Why it is none that this chip takes here.
    #[inline(never)]
    pub fn certificate(&mut self, bytes: &[u8; CERTIFICATE_SIZE]) -> Result<(), Refusal> {
        let Object::Certificates { root, .. } = self.object else { return Err(Refusal::OtherMethod) };
        let certificate = Certificate::decode(bytes);
        self.check(both(certificate.is_some(), certificate.is_some()), Refusal::Malformed)?;
        let Some(certificate) = certificate else { return Err(Refusal::Malformed) };

        let issuer = self.issuer;
        let in_order = || match issuer {
            None => certificate.role == ROOT,
            Some((ROOT | INTERMEDIATE, _)) => matches!(certificate.role, INTERMEDIATE | LEAF),
            Some(_) => false,
        };
        self.check(both(in_order(), in_order()), Refusal::Order)?;
        let usage = || certificate.usage == USAGE;
        self.check(both(usage(), usage()), Refusal::Usage)?;
        let life_cycle = || certificate.life_cycle == 0 || u32::from(certificate.life_cycle) == self.state.code();
        let life_cycle = both(life_cycle(), life_cycle());
        self.check(life_cycle, Refusal::Lifecycle)?;
        let constraint = || certificate.constraint == 0;
        self.check(both(constraint(), constraint()), Refusal::Constraint)?;
        let extensions = || certificate.extensions.0 == 0 && *certificate.extensions.1 == [0; 32];
        self.check(both(extensions(), extensions()), Refusal::Extensions)?;
        let class = || certificate.soc_class == identity::SOC_CLASS;
        self.check(both(class(), class()), Refusal::OtherChip)?;
        let chip = || *certificate.soc_id == [0; 16] || *certificate.soc_id == identity::soc_id();
        self.check(both(chip(), chip()), Refusal::OtherChip)?;

        // The root answers for itself, and the object for the root; every other certificate, the one in front of it.
        let answers = match issuer {
            None => same(&Sha256::digest(certificate.key), &root),
            Some(_) => YES,
        };
        self.check(answers, Refusal::ForeignRoot)?;
        let key = issuer.map_or(*certificate.key, |(_, key)| key);
        let digest = Sha256::digest(certificate.signed);
        self.check(signed(&key, &digest.into(), certificate.signature), Refusal::CertificateSignature)?;
        self.issuer = Some((certificate.role, *certificate.key));
        self.mask &= certificate.mask;
        Ok(())
    }

    /// Takes the token, which ends the round.
    ///
    /// # Errors
    /// Why it doesn't hold.
    #[inline(never)]
    pub fn token(
        &mut self,
        bytes: &[u8; TOKEN_SIZE],
        challenge: &[u8; CHALLENGE_RANDOM_SIZE],
    ) -> Result<Verdict, Refusal> {
        let Object::Certificates { .. } = self.object else { return Err(Refusal::OtherMethod) };
        let token = Token::decode(bytes);
        self.check(both(token.is_some(), token.is_some()), Refusal::Malformed)?;
        let Some(token) = token else { return Err(Refusal::Malformed) };
        let issuer = self.issuer;
        let may_sign = || matches!(issuer, Some((ROOT | LEAF, _)));
        self.check(both(may_sign(), may_sign()), Refusal::Order)?;
        let Some((_, key)) = issuer else { return Err(Refusal::Order) };
        let digest = Sha256::new().chain_update(token.signed).chain_update(challenge).finalize();
        self.check(signed(&key, &digest.into(), token.signature), Refusal::TokenSignature)?;
        // Whatever is asked for beyond the masks refuses the whole.
        let mask = self.mask;
        let permitted = || token.requested != 0 && token.requested & !mask == 0;
        self.check(both(permitted(), permitted()), Refusal::Permissions)?;
        Ok(self.verdict(token.requested))
    }

    /// Takes the password, which ends the round.
    ///
    /// # Errors
    /// When it is another.
    #[inline(never)]
    pub fn password(&mut self, password: &[u8]) -> Result<Verdict, Refusal> {
        let Object::Password { hash } = self.object else { return Err(Refusal::OtherMethod) };
        let length = || (4..=16).contains(&password.len());
        self.check(both(length(), length()), Refusal::Malformed)?;
        self.check(same(&Sha256::digest(password), &hash), Refusal::Password)?;
        Ok(self.verdict(self.mask))
    }

    fn verdict(&self, permissions: u128) -> Verdict {
        Verdict { word: self.tally.word(), permissions }
    }
}

fn signed(key: &[u8; 64], digest: &[u8; 32], signature: &[u8; 64]) -> u32 {
    match Signature::from_slice(signature) {
        Ok(signature) => ecdsa::signed(key, digest, &signature),
        Err(_) => 0,
    }
}
