//! ECDSA on P-256, for images and for debug authentication alike: does this key's owner say so.

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};

use crate::redundant::both;

/// The word [`crate::redundant::YES`] when `digest` was signed with the key whose point, X then Y, is given. A point
/// off the curve signs nothing.
#[inline(never)]
pub fn signed(point: &[u8; 64], digest: &[u8; 32], signature: &Signature) -> u32 {
    let mut encoded = [4; 65];
    for (to, from) in encoded.iter_mut().skip(1).zip(point) {
        *to = *from;
    }
    let Ok(key) = VerifyingKey::from_sec1_bytes(&encoded) else { return 0 };
    // The most expensive check is made once a round: the other round makes it anew.
    let verifies = key.verify_prehash(digest, signature).is_ok();
    both(verifies, verifies)
}
