//! The image's key: wrapped for this device with ECIES on P-256, as the tool that signs images does it.

use aes::Aes128;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdh::diffie_hellman;
use p256::{NonZeroScalar, PublicKey};
use sha2::Sha256;

use crate::redundant::{YES, same};

/// Bytes of a wrapped key: the other side's point, a tag, the key.
const SIZE: usize = 65 + 32 + 16;

/// The stream that an image's payload is encrypted with.
pub type PayloadCipher = Ctr128BE<Aes128>;

/// The key inside `blob`, for whoever holds `scalar`. Nothing when the blob was not made for this device, or damaged.
pub fn open(blob: &[u8], scalar: &[u8; 32]) -> Option<[u8; 16]> {
    let blob: &[u8; SIZE] = blob.try_into().ok()?;
    let (point, rest) = blob.split_first_chunk::<65>()?;
    let (tag, wrapped) = rest.split_first_chunk::<32>()?;
    // A point off the curve would leak the scalar: refused here.
    let public = PublicKey::from_sec1_bytes(point).ok()?;
    let secret: NonZeroScalar = Option::from(NonZeroScalar::from_repr((*scalar).into()))?;
    let shared = diffie_hellman(secret, public.as_affine());
    let mut keys = [0; 48];
    Hkdf::<Sha256>::new(None, shared.raw_secret_bytes()).expand(b"MCUBoot_ECIES_v1", &mut keys).ok()?;
    let (cipher_key, tag_key) = keys.split_first_chunk::<16>()?;
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(tag_key).ok()?;
    mac.update(wrapped);
    let computed = mac.finalize().into_bytes();
    for _ in 0..2 {
        if same(&computed, tag) != YES {
            return None;
        }
    }
    let mut key: [u8; 16] = wrapped.try_into().ok()?;
    cipher(cipher_key).apply_keystream(&mut key);
    Some(key)
}

/// AES-128 in counter mode from zero on, for keys and for payloads alike.
pub fn cipher(key: &[u8; 16]) -> PayloadCipher {
    PayloadCipher::new(key.into(), &[0; 16].into())
}
