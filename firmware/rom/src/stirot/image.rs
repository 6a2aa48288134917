//! An image in RAM: whether it is what its signer signed, for this chip, and not older than what ran before.

use chip::loader::{IMAGE_HEADER_SIZE, IMAGE_MAGIC};
use chip::trace::{Check, Event, Stage};
use formats::{Flags, ImageHeader, Tlv, TlvArea, TlvKind};
use hardware::stage::report;
use p256::ecdsa::Signature;
use rot::redundant::{Round, Tally, YES, both, passed, same};
use rot::{ecdsa, key_blob};
use sha2::{Digest, Sha256};

use crate::stirot::configuration::Configuration;

/// What the flags of a STiRoT image are: one slot, encrypted with AES-128.
const FLAGS: u32 = Flags::PRIMARY_ONLY | Flags::ENCRYPTED_AES128;
/// The trailer's magic, which a slot always has room for behind the image.
const TRAILER_SIZE: u32 = 16;
/// Checks that [`verify`] makes.
const CHECKS: u32 = 7;
/// SHA-256 of nothing but a wrong image.
const NO_DIGEST: [u8; 32] = [0; 32];

/// The word that [`verify`] answers in a round when every check passed.
pub const fn verified(round: Round) -> u32 {
    passed(round, CHECKS)
}

/// What a verification found.
pub struct Verdict {
    /// [`verified`] of its round, or anything else.
    pub word: u32,
    /// The image's security counter.
    pub counter: u32,
}

/// The parts of an image whose place and length are known to lie inside its area.
struct Parts<'a> {
    header: ImageHeader,
    area: &'a [u8],
    protected: TlvArea<'a>,
    tlvs: TlvArea<'a>,
}

impl<'a> Parts<'a> {
    fn read(area: &'a [u8], header: ImageHeader) -> Option<Self> {
        let protected = TlvArea::decode(area, header.protected_offset(), TlvKind::Protected).ok()?;
        let tlvs = TlvArea::decode(area, header.tlv_offset(), TlvKind::Unprotected).ok()?;
        let end = header.tlv_offset().checked_add(tlvs.size())?.checked_add(TRAILER_SIZE)?;
        let whole = protected.size() == u32::from(header.protected_size) && end as usize <= area.len();
        whole.then_some(Self { header, area, protected, tlvs })
    }

    fn value(&self, kind: u16) -> Option<&'a [u8]> {
        Some(self.tlvs.only(kind).ok()??.value)
    }

    /// SHA-256 over header (its flags as they were when it was signed), gap, payload and protected TLVs.
    fn digest(&self) -> [u8; 32] {
        let signed = self.area.get(..self.header.tlv_offset() as usize);
        let split = signed.and_then(|signed| signed.split_at_checked(ImageHeader::SIZE));
        let Some((_, rest)) = split else { return NO_DIGEST };
        let mut header = self.header;
        header.flags = header.flags.hashed();
        Sha256::new().chain_update(header.encode()).chain_update(rest).finalize().into()
    }
}

/// Whether the header is one that STiRoT takes.
// assumption A42: exactly what ST's tool makes from ST's xml, and nothing else.
fn header_fits(header: &ImageHeader) -> bool {
    header.load_address == 0
        && u32::from(header.header_size) == IMAGE_HEADER_SIZE
        && header.flags.0 == FLAGS
        && header.payload_size > 0
        && header.payload_size & 15 == 0
        && header.pad == 0
}

/// Checks the image in `area`, whose payload is in the clear, against configuration and counter.
///
/// Every check adds its answer to the round's word. Only the first round tells the trace.
#[inline(never)]
pub fn verify(area: &[u8], configuration: &Configuration<'_>, minimum_counter: u32, round: Round) -> Verdict {
    let speaks = round == Round::FIRST;
    let mut tally = Tally::new(round);
    let mut verdict = Verdict { word: 0, counter: 0 };
    let mut check = |which: Check, answer: u32| {
        tally.add(answer);
        let good = answer == YES;
        if speaks {
            report(Stage::Stirot, if good { Event::Passed } else { Event::Failed }, which as u16);
        }
        verdict.word = tally.word();
        good
    };
    let refuse = |counter| Verdict { word: 0, counter };

    let magic = area.first_chunk::<4>().copied().unwrap_or_default();
    if !check(Check::Magic, same(&magic, &IMAGE_MAGIC.to_le_bytes())) {
        return refuse(0);
    }
    let header = ImageHeader::decode(area).ok();
    let fits = || header.as_ref().is_some_and(header_fits);
    if !check(Check::Header, both(fits(), fits())) {
        return refuse(0);
    }
    let parts = header.and_then(|header| Parts::read(area, header));
    if !check(Check::Sizes, both(parts.is_some(), parts.is_some())) {
        return refuse(0);
    }
    let Some(parts) = parts else { return refuse(0) };

    let counter = parts.protected.only(Tlv::SECURITY_COUNTER).ok().flatten().and_then(|entry| entry.u32().ok());
    let new_enough = || counter.is_some_and(|counter| counter >= minimum_counter);
    if !check(Check::Counter, both(new_enough(), new_enough())) {
        return refuse(0);
    }
    let counter = counter.unwrap_or_default();

    let digest = parts.digest();
    if !check(Check::Hash, same(parts.value(Tlv::SHA256).unwrap_or_default(), &digest)) {
        return refuse(counter);
    }
    let key_hash = Sha256::digest(configuration.authentication_key);
    if !check(Check::KeyHash, same(parts.value(Tlv::KEY_HASH).unwrap_or_default(), &key_hash)) {
        return refuse(counter);
    }
    let signed = signature_fits(&parts, configuration.authentication_point, &digest);
    if !check(Check::Signature, signed) {
        return refuse(counter);
    }
    Verdict { word: tally.word(), counter }
}

/// The answer of ECDSA: [`YES`] when `digest` was signed with the configured key.
fn signature_fits(parts: &Parts<'_>, point: &[u8; 64], digest: &[u8; 32]) -> u32 {
    let Some(signature) = parts.value(Tlv::SIGNATURE) else { return 0 };
    let Ok(signature) = Signature::from_der(signature) else { return 0 };
    ecdsa::signed(point, digest, &signature)
}

/// Decrypts the payload of a freshly loaded image where it lies. `false` when the image is none for this device; the
/// area then still holds what was loaded.
#[inline(never)]
pub fn decrypt(area: &mut [u8], configuration: &Configuration<'_>) -> bool {
    let failed = |check: Check| {
        report(Stage::Stirot, Event::Failed, check as u16);
        false
    };
    let Ok(header) = ImageHeader::decode(area) else { return failed(Check::Header) };
    if header.require_magic(IMAGE_MAGIC).is_err() {
        return failed(Check::Magic);
    }
    if !header_fits(&header) {
        return failed(Check::Header);
    }
    let Some(parts) = Parts::read(area, header) else { return failed(Check::Sizes) };
    let key = parts.value(Tlv::WRAPPED_KEY).and_then(|blob| key_blob::open(blob, configuration.decryption_key));
    let Some(key) = key else { return failed(Check::KeyBlob) };
    report(Stage::Stirot, Event::Passed, Check::KeyBlob as u16);
    let (start, end) = (header.payload_offset() as usize, header.protected_offset() as usize);
    let Some(payload) = area.get_mut(start..end) else { return failed(Check::Sizes) };
    ctr::cipher::StreamCipher::apply_keystream(&mut key_blob::cipher(&key), payload);
    true
}
