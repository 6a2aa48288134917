//! Whether an image is what its signer signed, for this device, and not older than what ran before: two rounds, each of
//! which looks at everything anew.

use core::hint::black_box;

use chip::second_stage::IMAGE_MAGIC;
use chip::trace::{Check, Event, Stage, Subject, SubjectImage, SubjectPlace};
use formats::{Tlv, Version};
use hardware::stage::report;
use p256::ecdsa::Signature;
use rot::ecdsa;
use rot::redundant::{Round, Tally, YES, both, forget, passed, same};
use sha2::{Digest, Sha256};

use crate::configuration::Configuration;
use crate::console::{self, Part};
use crate::counters::Counters;
use crate::image::{self, Image, Opening};
use crate::source::Source;

/// Checks that a round makes.
const CHECKS: u32 = 8;

/// The word of a round in which every check passed. It is another for each image and place: a verdict on one is none on the
/// other, should somebody have made the stage mistake the two.
fn good(round: Round, subject: Subject, start: u32) -> u32 {
    sealed(passed(round, CHECKS), subject.encode(), start)
}

fn sealed(word: u32, which: u16, start: u32) -> u32 {
    let which = u32::from(which).wrapping_add(1).wrapping_mul(0x9E37_79B1);
    word.rotate_left(7) ^ which ^ start.rotate_left(3)
}

/// What two full evaluations of one image found.
pub struct Verdicts {
    first: Verdict,
    second: Verdict,
}

/// What one found.
#[derive(Clone, Copy)]
struct Verdict {
    /// [`good`] of its round, or anything else.
    word: u32,
    counter: u32,
    digest: [u8; 32],
    version: Version,
}

const REFUSED: Verdict =
    Verdict { word: 0, counter: 0, digest: [0; 32], version: Version { major: 0, minor: 0, revision: 0, build: 0 } };

impl Verdicts {
    /// Judges what lies in `source`.
    #[inline(never)]
    pub fn of(source: &Source, subject: Subject, configuration: &Configuration<'_>) -> Self {
        report(Stage::Oemurot, Event::Judges, subject.encode());
        let first = verify(source, subject, configuration, Round::FIRST);
        let second = verify(source, subject, configuration, Round::SECOND);
        let verdicts = Self { first, second };
        let start = source.start();
        if !verdicts.first_is_good(subject, start) || !verdicts.second_is_good(subject, start) {
            let (image, place) = (Part::Image(subject.image), Part::Place(subject.place));
            console::line(&[image, Part::Text(", "), place, Part::Text(": refused")]);
        }
        verdicts
    }

    /// Whether the first round passed, for this image in this place.
    #[inline(always)]
    pub fn first_is_good(&self, subject: Subject, start: u32) -> bool {
        black_box(self.first.word) == good(Round::FIRST, subject, start)
    }

    /// Whether the second round passed, for this image in this place.
    #[inline(always)]
    pub fn second_is_good(&self, subject: Subject, start: u32) -> bool {
        black_box(self.second.word) == good(Round::SECOND, subject, start)
    }

    /// The security counter: the lower, so that two that differ don't push it further than either.
    pub fn counter(&self) -> u32 {
        self.first.counter.min(self.second.counter)
    }

    /// The hash over the signed bytes, as each round made it.
    pub fn digests(&self) -> [&[u8; 32]; 2] {
        [&self.first.digest, &self.second.digest]
    }

    /// Version.
    pub fn version(&self) -> Version {
        self.first.version
    }
}

/// A round under way: its word, and whether it tells the trace, which only the first does.
struct Checks {
    tally: Tally,
    subject: Subject,
    speaks: bool,
}

impl Checks {
    /// Adds a check's answer to the word, and tells it. The answer is whether it was a yes.
    #[inline(never)]
    fn take(&mut self, which: Check, answer: u32) -> bool {
        self.tally.add(answer);
        self.tell(which, answer == YES)
    }

    fn tell(&self, which: Check, good: bool) -> bool {
        if self.speaks {
            report(Stage::Oemurot, if good { Event::Passed } else { Event::Failed }, which as u16);
        }
        if self.speaks && !good {
            let Subject { image, place } = self.subject;
            let (comma, failed) = (Part::Text(", "), Part::Text(": check failed: "));
            console::line(&[Part::Image(image), comma, Part::Place(place), failed, Part::Text(which.text())]);
        }
        good
    }
}

/// One round.
#[inline(never)]
fn verify(source: &Source, subject: Subject, configuration: &Configuration<'_>, round: Round) -> Verdict {
    // What is judged is taken here from one number, which is sealed into the round's word, too. The compiler knows nothing of
    // it, and can't have made the one from something else than the other.
    let source = black_box(source);
    let which = black_box(subject.encode());
    let Some(subject) = Subject::decode(which) else { return REFUSED };
    let mut checks = Checks { tally: Tally::new(round), subject, speaks: round == Round::FIRST };
    if !checks.take(Check::Magic, same(&image::magic(source), &IMAGE_MAGIC.to_le_bytes())) {
        return REFUSED;
    }
    let header = image::header(source);
    let fits = || header.as_ref().is_some_and(|header| header.magic == IMAGE_MAGIC && image::header_fits(header));
    if !checks.take(Check::Header, both(fits(), fits())) {
        return REFUSED;
    }
    let opened = header.and_then(|header| Image::with(source, header));
    if !checks.take(Check::Sizes, both(opened.is_some(), opened.is_some())) {
        return REFUSED;
    }
    let Some(opened) = opened else { return REFUSED };

    // Read anew in each round.
    let Some(stored) = Counters::again() else { return REFUSED };
    let minimum = stored.minimum(subject.image);
    let counter = opened.counter();
    if checks.speaks {
        tell_numbers(&opened, counter.unwrap_or_default(), minimum);
    }
    let new_enough = || counter.is_some_and(|counter| counter >= minimum);
    if !checks.take(Check::Counter, both(new_enough(), new_enough())) {
        return REFUSED;
    }

    // Only a download is encrypted for the device; what is installed lies behind the cipher engine.
    let encrypted = subject.place == SubjectPlace::Download && opened.header.flags.encrypted();
    let mut key = if encrypted { opened.key(configuration.decryption_key) } else { None };
    let opens = both(key.is_some() == encrypted, key.is_some() == encrypted);
    checks.tally.add(opens);
    if encrypted && !checks.tell(Check::KeyBlob, opens == YES) {
        return REFUSED;
    }
    let digest = opened.digest(source, key.as_ref().map_or_else(Opening::none, Opening::with));
    if let Some(key) = &mut key {
        forget(key);
    }
    // No hash is no hash of zeros: those stand in a reference that nobody has stored yet.
    let hash = digest.as_ref().map_or(0, |digest| same(opened.value(Tlv::SHA256).unwrap_or_default(), digest));
    if !checks.take(Check::Hash, hash) {
        return REFUSED;
    }
    let Some(digest) = digest else { return REFUSED };
    let key_hash = Sha256::digest(configuration.authentication_key);
    if !checks.take(Check::KeyHash, same(opened.value(Tlv::KEY_HASH).unwrap_or_default(), &key_hash)) {
        return REFUSED;
    }
    // The reference is the hash of an application whose signature was checked when it was kept, out of the reach of
    // whoever can write the flash. The very same application needs no signature again.
    let referred = match subject {
        Subject { image: SubjectImage::Application, place: SubjectPlace::Installation } => {
            same(stored.reference(), &digest)
        }
        _ => 0,
    };
    let passes = if referred == YES {
        checks.take(Check::HashReference, referred)
    } else {
        let point = configuration.authentication_point;
        checks.take(Check::Signature, signature_fits(&opened, point, &digest))
    };
    if !passes {
        return REFUSED;
    }
    Verdict {
        word: sealed(checks.tally.word(), which, source.start()),
        counter: counter.unwrap_or_default(),
        digest,
        version: opened.header.version,
    }
}

/// The answer of ECDSA: [`YES`] when `digest` was signed with the configured key.
fn signature_fits(image: &Image, point: &[u8; 64], digest: &[u8; 32]) -> u32 {
    let Some(signature) = image.value(Tlv::SIGNATURE) else { return 0 };
    let Ok(signature) = Signature::from_der(signature) else { return 0 };
    ecdsa::signed(point, digest, &signature)
}

/// What the counter check compares, for people.
fn tell_numbers(image: &Image, counter: u32, minimum: u32) {
    let version = image.header.version;
    let numbers = [
        (Event::VersionSeen, u16::from_be_bytes([version.major, version.minor])),
        (Event::SeenHigh, (counter >> 16) as u16),
        (Event::SeenLow, counter as u16),
        (Event::WantedHigh, (minimum >> 16) as u16),
        (Event::WantedLow, minimum as u16),
    ];
    for (event, detail) in numbers {
        report(Stage::Oemurot, event, detail);
    }
}
