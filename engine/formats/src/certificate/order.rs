//! The order of certificates: found by who signed whom, so that it can be corrected when a person asks for that.

use super::{Certificate, CertificateChain, Role};

/// Why certificates can't be put into an order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderProblem {
    /// None of them is a root that signed itself.
    #[error("none of the certificates is a root that signed itself: give the root's certificate too")]
    NoRoot,
    /// More than one is a root.
    #[error("certificates {0} and {1} are both roots: give the certificates of one chain only")]
    TwoRoots(usize, usize),
    /// A certificate that none of the others issued, or that has no place left in the row.
    #[error("certificate {0} doesn't belong to the chain: no certificate that could stand before it signed it")]
    Stranger(usize),
}

impl CertificateChain {
    /// The same certificates from the root on, each behind the one that signed it.
    ///
    /// # Errors
    /// When they aren't one chain, with the numbers of the certificates, counted from 1.
    pub fn in_order(&self) -> Result<Self, OrderProblem> {
        let signed = |issuer: &Certificate, certificate: &Certificate| {
            issuer.public_key().is_ok_and(|key| certificate.is_signed_by(&key))
        };
        let mut left: Vec<(usize, &Certificate)> = (1..).zip(&self.certificates).collect();
        let roots: Vec<usize> = left
            .iter()
            .filter(|(_, one)| one.role == Role::Root && signed(one, one))
            .map(|(number, _)| *number)
            .collect();
        let root = match *roots.as_slice() {
            [] => return Err(OrderProblem::NoRoot),
            [root] => root,
            [first, second, ..] => return Err(OrderProblem::TwoRoots(first, second)),
        };
        let mut certificates: Vec<Certificate> = Vec::with_capacity(left.len());
        let mut next = Some(root);
        while let Some(number) = next {
            certificates.extend(left.iter().filter(|(at, _)| *at == number).map(|(_, one)| (*one).clone()));
            left.retain(|(at, _)| *at != number);
            next =
                certificates.last().and_then(|last| left.iter().find(|(_, one)| signed(last, one)).map(|(at, _)| *at));
        }
        match left.first() {
            Some((number, _)) => Err(OrderProblem::Stranger(*number)),
            None => Ok(Self { certificates }),
        }
    }
}
