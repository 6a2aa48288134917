//! What takes a key: opening the payload, the hash over what is signed, the stated key, the signature. Each failure
//! says whose key it was, where that is known.

use super::Outcome;
use super::material::Clear;
use super::ring::{HeldKey, KeyRole, KeyUse, Keys, Known};
use crate::image::dissected::Dissected;
use crate::image::ecies;
use crate::image::header::ImageHeader;
use crate::image::tlv::Tlv;
use crate::keys::PublicKey;

const SWAPPED: &str =
    "; the image was signed with the key that is here for encryption: authentication and encryption key are swapped";
/// Bytes of the point that a wrapped key begins with.
const POINT: usize = 65;

/// What the keys told.
pub(super) struct ByKeys {
    pub(super) wrapped_key: Outcome,
    pub(super) hash: Outcome,
    pub(super) key_hash: Outcome,
    pub(super) signature: Outcome,
    pub(super) signed_with: Option<KeyUse>,
    pub(super) opens_with: Option<KeyUse>,
    pub(super) clear: Option<Clear>,
}

pub(super) fn check(seen: &Dissected<'_>, header: &ImageHeader, keys: &Keys<'_>) -> ByKeys {
    let swapped = swapped_text(seen, keys);
    let Opened { outcome: wrapped_key, clear, with: opens_with } = open(seen, header, keys);
    let whole = seen.payload.len() as u64 == u64::from(header.payload_size);
    let digest = clear.as_ref().filter(|_| whole).map(|clear| clear.digest(header, seen));
    let stated = seen.tlv(Tlv::SHA256).and_then(|entry| entry.array().copied().ok());
    let hash = hash(stated.as_ref(), digest.as_ref(), whole, &wrapped_key);
    let key_hash = key_hash(seen, keys, swapped);
    let (signature, signed_with) = signature(seen, digest.as_ref(), stated.as_ref(), keys);
    ByKeys { wrapped_key, hash, key_hash, signature, signed_with, opens_with, clear }
}

/// What to add to a failure when the image names the encryption key as the one that signed it.
fn swapped_text(seen: &Dissected<'_>, keys: &Keys<'_>) -> &'static str {
    let encryption = keys.expected(KeyRole::Encryption).and_then(|known| known.public);
    match (seen.tlv(Tlv::KEY_HASH), encryption) {
        (Some(entry), Some(key)) if entry.value == key.image_key_hash() => SWAPPED,
        _ => "",
    }
}

/// Whether and how a payload opens.
pub(super) struct Opened {
    pub(super) outcome: Outcome,
    pub(super) clear: Option<Clear>,
    pub(super) with: Option<KeyUse>,
}

impl Opened {
    fn not(outcome: Outcome) -> Self {
        Self { outcome, clear: None, with: None }
    }
}

pub(super) fn open(seen: &Dissected<'_>, header: &ImageHeader, keys: &Keys<'_>) -> Opened {
    let wrapped = seen.tlv(Tlv::WRAPPED_KEY);
    if !header.flags.encrypted() {
        let outcome = match wrapped {
            Some(_) => Outcome::Fails("the payload is marked as not encrypted, and yet a wrapped key is there".into()),
            None => Outcome::Holds("the payload is not encrypted".into()),
        };
        return Opened { outcome, clear: Some(Clear::AsItIs), with: None };
    }
    let Some(wrapped) = wrapped else {
        return Opened::not(Outcome::Fails("the payload is encrypted, but no wrapped key is there".into()));
    };
    if let Some(damage) = damage(wrapped.value) {
        return Opened::not(Outcome::Fails(damage));
    }
    let expected = keys.expected(KeyRole::Encryption);
    let opened = keys.all(KeyRole::Encryption).find_map(|known| {
        let opened = ecies::unwrap(wrapped.value, known.key.private()?).ok()?;
        Some((known, opened))
    });
    let swapped = swapped_text(seen, keys);
    let Some((known, key)) = opened else { return Opened::not(not_opened(keys, expected, swapped)) };
    let outcome = match expected {
        Some(wanted) if wanted.public.is_some() && known.public != wanted.public => {
            let (known, wanted) = (known.text(), wanted.text());
            Outcome::Fails(format!("the payload's key opens with {known}, not with {wanted} as it should{swapped}"))
        }
        _ => Outcome::Holds(format!("the payload's key opens with {}", known.text())),
    };
    Opened { outcome, clear: Some(Clear::With(key)), with: known.used() }
}

fn not_opened(keys: &Keys<'_>, expected: Option<&Known<'_>>, swapped: &str) -> Outcome {
    const WHY: &str = "the image was encrypted for another key, or the wrapped key is damaged";
    if let Some(expected) = expected {
        return match &expected.key.key {
            HeldKey::Private(_) => {
                Outcome::Fails(format!("the wrapped key doesn't open with {}: {WHY}{swapped}", expected.text()))
            }
            HeldKey::Public(_) => Outcome::NotCheckable(format!("of {} only the public half is here", expected.text())),
            HeldKey::Locked { why, .. } => Outcome::NotCheckable(why.clone()),
        };
    }
    match keys.given(KeyRole::Encryption).filter(|known| known.key.private().is_some()).count() {
        0 => Outcome::NotCheckable("the payload is encrypted, and no private key is at hand that opens it".into()),
        1 => Outcome::Fails(format!("the wrapped key doesn't open with the key that was given: {WHY}")),
        count => Outcome::Fails(format!("the wrapped key opens with none of the {count} keys that were given: {WHY}")),
    }
}

/// What is wrong with a wrapped key that no key could open.
fn damage(wrapped: &[u8]) -> Option<String> {
    if wrapped.len() != ecies::WRAPPED_SIZE {
        return Some(format!("the wrapped key has {} bytes, expected {}", wrapped.len(), ecies::WRAPPED_SIZE));
    }
    let point = wrapped.get(..POINT).unwrap_or_default();
    PublicKey::from_sec1(point)
        .is_err()
        .then(|| "the point in the wrapped key is not on the curve; it is damaged".into())
}

fn hash(stated: Option<&[u8; 32]>, digest: Option<&[u8; 32]>, whole: bool, wrapped_key: &Outcome) -> Outcome {
    let Some(stated) = stated else { return Outcome::Fails("the image states none".into()) };
    match digest {
        Some(digest) if digest == stated => {
            Outcome::Holds("header, gap, payload and protected TLVs are as they were hashed".into())
        }
        Some(_) => Outcome::Fails(
            "it is not that of header, gap, payload and protected TLVs; the image was changed or damaged".into(),
        ),
        None if !whole => Outcome::NotCheckable("the payload isn't whole".into()),
        None => match wrapped_key {
            Outcome::NotCheckable(why) => Outcome::NotCheckable(why.clone()),
            _ => Outcome::NotCheckable("the payload could not be decrypted".into()),
        },
    }
}

fn key_hash(seen: &Dissected<'_>, keys: &Keys<'_>, swapped: &str) -> Outcome {
    let Some(stated) = seen.tlv(Tlv::KEY_HASH) else {
        return Outcome::Fails("the image doesn't say which key signed it".into());
    };
    let is_named = |known: &&Known<'_>| known.public.is_some_and(|public| public.image_key_hash() == stated.value);
    let found = keys.all(KeyRole::Authentication).find(is_named);
    let expected = keys.expected(KeyRole::Authentication).filter(|known| known.public.is_some());
    match (found, expected) {
        (Some(found), Some(wanted)) if found.public != wanted.public => {
            Outcome::Fails(format!("it names {}, not {} as it should{swapped}", found.text(), wanted.text()))
        }
        (Some(found), _) => Outcome::Holds(format!("it names {}", found.text())),
        (None, Some(wanted)) => Outcome::Fails(format!("it names another key than {}", wanted.text())),
        (None, None) => none_fits(keys, "it names none of the keys that were given"),
    }
}

/// How a check ends when no key at hand fits and the expected one, if any, isn't known.
fn none_fits(keys: &Keys<'_>, failure: &str) -> Outcome {
    if let Some(HeldKey::Locked { why, .. }) = keys.expected(KeyRole::Authentication).map(|known| &known.key.key) {
        return Outcome::NotCheckable(why.clone());
    }
    if keys.given(KeyRole::Authentication).any(|known| known.public.is_some()) {
        return Outcome::Fails(failure.into());
    }
    Outcome::NotCheckable("the authentication key is not at hand".into())
}

fn signature(
    seen: &Dissected<'_>,
    digest: Option<&[u8; 32]>,
    stated: Option<&[u8; 32]>,
    keys: &Keys<'_>,
) -> (Outcome, Option<KeyUse>) {
    let Some(entry) = seen.tlv(Tlv::SIGNATURE) else { return (Outcome::Fails("there is none".into()), None) };
    let Ok(signature) = p256::ecdsa::Signature::from_der(entry.value) else {
        return (Outcome::Fails("it is no ECDSA signature on P-256; it is damaged".into()), None);
    };
    let expected = keys.expected(KeyRole::Authentication).filter(|known| known.public.is_some());
    let signer_of = |digest: &[u8; 32]| {
        let signed = |known: &&Known<'_>| known.public.is_some_and(|public| public.verifies(digest, &signature));
        keys.all(KeyRole::Authentication).find(signed)
    };
    let judged = |signer: &Known<'_>, over: &str| match expected {
        Some(wanted) if signer.public != wanted.public => {
            Outcome::Fails(format!("it is that of {}, not of {} as it should be", signer.text(), wanted.text()))
        }
        _ => Outcome::Holds(format!("that of {}, {over}", signer.text())),
    };
    // Over the stated hash first: when it isn't the image's, that tells damage from a wrong key.
    if let Some(signer) = stated.and_then(signer_of) {
        let outcome = match digest {
            None => judged(signer, "over the stated hash; the bytes themselves were not checked"),
            Some(digest) if Some(digest) == stated => judged(signer, "over the image's bytes"),
            Some(_) => Outcome::Fails(format!(
                "it is that of {} over the stated hash, which isn't that of these bytes",
                signer.text()
            )),
        };
        return (outcome, signer.used());
    }
    let others = digest.filter(|digest| Some(*digest) != stated);
    if let Some(signer) = others.and_then(signer_of) {
        return (judged(signer, "over the image's bytes"), signer.used());
    }
    let outcome = match (digest.or(stated), expected) {
        (None, _) => Outcome::NotCheckable("there is no hash that it could be over".into()),
        (_, Some(wanted)) => Outcome::Fails(format!("it is not that of {}", wanted.text())),
        (_, None) => none_fits(keys, "it is of none of the keys that were given"),
    };
    (outcome, None)
}
