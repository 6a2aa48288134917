//! How the payload's key travels inside an image: wrapped for the device's public key, opened with its private one.
//!
//! Shared secret of an ephemeral key and the device's; HKDF-SHA256 makes an AES key and an HMAC key of it; the payload's
//! key is encrypted with the one and authenticated with the other.

use aes::cipher::{KeyIvInit, StreamCipher};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::FormatError;
use crate::keys::{PrivateKey, PublicKey};
use crate::secret::Secret;

/// Bytes of the wrapped key: ephemeral point, tag, encrypted key.
pub(crate) const WRAPPED_SIZE: usize = POINT_SIZE + TAG_SIZE + KEY_SIZE;
/// Bytes of an AES-128 key.
pub(crate) const KEY_SIZE: usize = 16;
const POINT_SIZE: usize = 65;
const TAG_SIZE: usize = 32;
const CONTEXT: &[u8] = b"MCUBoot_ECIES_v1";

/// AES-128 in counter mode, which encrypts and decrypts alike.
pub(crate) type Keystream = ctr::Ctr128BE<aes::Aes128>;

/// The cipher at its beginning: counter zero.
pub(crate) fn keystream(key: &[u8; KEY_SIZE]) -> Keystream {
    Keystream::new(key.into(), &[0; 16].into())
}

/// Encrypts or decrypts a whole.
pub(crate) fn apply_ctr(key: &[u8; KEY_SIZE], data: &mut [u8]) {
    keystream(key).apply_keystream(data);
}

/// Wraps `key` so that the owner of `recipient` can open it.
pub(crate) fn wrap(key: &[u8; KEY_SIZE], recipient: &PublicKey) -> Result<[u8; WRAPPED_SIZE], FormatError> {
    let ephemeral = PrivateKey::generate()?;
    let derived = derive(&ephemeral.shared_secret(recipient))?;
    let mut encrypted = *key;
    apply_ctr(&derived.encryption, &mut encrypted);
    let tag = mac(&derived.authentication, &encrypted)?.finalize().into_bytes();
    let mut wrapped = [0; WRAPPED_SIZE];
    let point = ephemeral.public().point();
    let parts = [4].into_iter().chain(point).chain(tag).chain(encrypted);
    for (target, source) in wrapped.iter_mut().zip(parts) {
        *target = source;
    }
    Ok(wrapped)
}

/// Opens a wrapped key.
pub(crate) fn unwrap(wrapped: &[u8], key: &PrivateKey) -> Result<Secret<[u8; KEY_SIZE]>, FormatError> {
    let parts = wrapped.split_first_chunk::<POINT_SIZE>().and_then(|(point, rest)| {
        let (tag, rest) = rest.split_first_chunk::<TAG_SIZE>()?;
        let encrypted: [u8; KEY_SIZE] = rest.try_into().ok()?;
        Some((point, tag, encrypted))
    });
    let Some((point, tag, encrypted)) = parts else {
        let problem = format!("the wrapped key has {} bytes, expected {WRAPPED_SIZE}", wrapped.len());
        return Err(FormatError::Decrypt(problem));
    };
    let ephemeral = PublicKey::from_sec1(point)
        .map_err(|_| FormatError::Decrypt("the point in the wrapped key is not on the curve; it is damaged".into()))?;
    let derived = derive(&key.shared_secret(&ephemeral))?;
    if mac(&derived.authentication, &encrypted)?.verify_slice(tag).is_err() {
        let problem = "the wrapped key doesn't open with this private key: the image was encrypted for another one, or the \
                       wrapped key is damaged";
        return Err(FormatError::Decrypt(problem.into()));
    }
    let mut opened = Secret::new(encrypted);
    apply_ctr(&derived.encryption, &mut *opened);
    Ok(opened)
}

struct Derived {
    encryption: Secret<[u8; KEY_SIZE]>,
    authentication: Secret<[u8; TAG_SIZE]>,
}

fn derive(shared: &[u8; 32]) -> Result<Derived, FormatError> {
    let mut both = Secret::new([0; KEY_SIZE + TAG_SIZE]);
    let short = |_| FormatError::Decrypt("the key derivation gave too few bytes".into());
    Hkdf::<Sha256>::new(None, shared).expand(CONTEXT, &mut *both).map_err(short)?;
    let mut derived = Derived { encryption: Secret::new([0; KEY_SIZE]), authentication: Secret::new([0; TAG_SIZE]) };
    let (encryption, authentication) = both.split_at_checked(KEY_SIZE).unwrap_or((&[], &[]));
    for (target, source) in derived.encryption.iter_mut().zip(encryption) {
        *target = *source;
    }
    for (target, source) in derived.authentication.iter_mut().zip(authentication) {
        *target = *source;
    }
    Ok(derived)
}

fn mac(key: &[u8; TAG_SIZE], data: &[u8]) -> Result<Hmac<Sha256>, FormatError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .map_err(|_| FormatError::Decrypt("the authentication key has the wrong length".into()))?;
    mac.update(data);
    Ok(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_key_opens_with_its_private_key_only() {
        let device = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
        let other = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
        let wrapped = wrap(&[0x5A; 16], &device.public()).unwrap();
        assert!(unwrap(&wrapped, &device).is_ok_and(|key| *key == [0x5A; 16]));
        assert!(unwrap(&wrapped, &other).is_err());
        assert!(unwrap(&wrapped[..112], &device).is_err());
        assert!(unwrap(&[], &device).is_err());
    }

    #[test]
    fn every_flipped_byte_of_a_wrapped_key_is_noticed() {
        let device = PrivateKey::generate().unwrap_or_else(|error| panic!("{error}"));
        let wrapped = wrap(&[1; 16], &device.public()).unwrap();
        for index in 0..WRAPPED_SIZE {
            let mut flipped = wrapped;
            flipped[index] ^= 1;
            assert!(unwrap(&flipped, &device).is_err(), "byte {index}");
        }
    }
}
