//! What judging and comparing came to, in the words of the Images view.

use std::ops::Range;

use formats::{
    CheckName, FieldDifference, ImageProfile, InputComparison, Judgement, KeyOrigin, KeyUse, Outcome, Part, PartKind,
    Verdict,
};

use crate::model::Tone;
use crate::model::images::{CheckedLine, ComparedLine, Differs, Judged, Mark};
use crate::text::{sentence, thousands};

/// A judgement as a checklist. `image` is the image's tree.
pub(crate) fn judged(judgement: &Judgement, image: Option<&Part>) -> Judged {
    let (tone, verdict) = verdict(judgement);
    let mut lines: Vec<CheckedLine> = judgement
        .checks
        .iter()
        .map(|check| CheckedLine {
            name: sentence(check.name.text()),
            mark: mark(&check.outcome),
            text: check.outcome.text().to_owned(),
            part: image.and_then(|image| part_of(check.name, image, judgement.vectors.as_ref())),
        })
        .collect();
    // What refuses comes first, what isn't known next; the order within is the boot stage's own.
    lines.sort_by_key(|line| match line.mark {
        Mark::Fails => 0,
        Mark::Holds | Mark::Unknown => 1,
        Mark::Notice => 2,
    });
    let samples: Vec<String> =
        [&judgement.signed_with, &judgement.opens_with].into_iter().flatten().filter_map(sample).collect();
    if !samples.is_empty() {
        lines.push(CheckedLine {
            name: "SAMPLE keys".to_owned(),
            mark: Mark::Notice,
            text: format!("{}: everybody has them; not for a product", samples.join(", ")),
            part: None,
        });
    }
    let mut vectors = Vec::new();
    if let Some(table) = &judgement.vectors {
        super::flatten(table, 0, &mut vectors);
    }
    // What stands beneath a part is named as its fields are.
    vectors.iter_mut().for_each(|part| part.name = part.name.to_lowercase());
    let sentence = format!("{} {}", judgement.sentence(), judgement.reservation());
    Judged { tone, verdict, sentence, lines, opens_with: judgement.opens_with.as_ref().map(key), vectors }
}

fn sample(key: &KeyUse) -> Option<String> {
    key.sample.map(|name| format!("{name} {}", key.fingerprint.short()))
}

/// A key by its name, where it comes from, and its short fingerprint.
pub(crate) fn key(key: &KeyUse) -> String {
    let origin = match key.origin {
        KeyOrigin::Project => "project's",
        KeyOrigin::Given => "given",
        KeyOrigin::BuiltinSample => "built-in sample",
    };
    let sample = if key.sample.is_some() { " SAMPLE" } else { "" };
    format!("{} {}{sample} ({origin})", key.name, key.fingerprint.short())
}

fn verdict(judgement: &Judgement) -> (Tone, String) {
    let stage = match judgement.profile {
        Some(ImageProfile::Stirot) => "STiRoT",
        _ => "OEMuRoT",
    };
    match &judgement.verdict {
        Verdict::Installs => (Tone::Ok, format!("{stage} would install this")),
        Verdict::DoesNotRun { at } => (Tone::Warn, format!("installs, but won't run: {}", at.text())),
        Verdict::Refused { at } => (Tone::Danger, format!("refused: {}", at.text())),
        Verdict::NotSeen { at } => (Tone::Warn, format!("not seen: {}", at.text())),
        Verdict::Undecided { missing } => {
            let key = missing.iter().any(|check| {
                matches!(check, CheckName::WrappedKey | CheckName::KeyHash | CheckName::Signature | CheckName::Hash)
            });
            let why = if key { "a key is missing".to_owned() } else { checks(missing) };
            (Tone::Neutral, format!("undecided: {why}"))
        }
    }
}

fn checks(missing: &[CheckName]) -> String {
    match missing.first() {
        Some(first) => format!("{} can't be checked", first.text()),
        None => "something can't be checked".to_owned(),
    }
}

const fn mark(outcome: &Outcome) -> Mark {
    match outcome {
        Outcome::Holds(_) => Mark::Holds,
        Outcome::Fails(_) => Mark::Fails,
        Outcome::NotCheckable(_) => Mark::Unknown,
        Outcome::Notice(_) => Mark::Notice,
    }
}

/// The bytes of the part that a check is about. `vectors` is the vector table, where the payload could be opened.
fn part_of(check: CheckName, image: &Part, vectors: Option<&Part>) -> Option<Range<u64>> {
    let section = |kind: PartKind| image.children.iter().find(|part| part.kind == kind);
    let field = |kind: PartKind, name: &str| section(kind)?.children.iter().find(|part| part.name == name);
    let part = match check {
        CheckName::Magic => field(PartKind::Header, "magic"),
        CheckName::Header => section(PartKind::Header),
        CheckName::Gap => section(PartKind::Gap),
        CheckName::Payload => section(PartKind::Payload),
        CheckName::Vectors | CheckName::LinkAddress => vectors.or_else(|| section(PartKind::Payload)),
        CheckName::ProtectedTlvs => section(PartKind::ProtectedTlv),
        CheckName::Counter => field(PartKind::ProtectedTlv, "security counter"),
        CheckName::Tlvs | CheckName::Structure => section(PartKind::Tlv),
        CheckName::WrappedKey => field(PartKind::Tlv, "wrapped key"),
        CheckName::Hash => field(PartKind::Tlv, "hash"),
        CheckName::KeyHash => field(PartKind::Tlv, "key hash"),
        CheckName::Signature => field(PartKind::Tlv, "signature"),
        CheckName::Fill => section(PartKind::Fill),
        CheckName::Trailer => section(PartKind::Trailer),
        _ => None,
    };
    part.map(|part| part.range.clone())
}

/// One field of two images.
pub(crate) fn field(field: &FieldDifference) -> ComparedLine {
    let value = |side: &Option<formats::FieldSide>| match side {
        Some(side) => side.value.clone(),
        None => "not there".to_owned(),
    };
    ComparedLine {
        name: field.name.clone(),
        here: value(&field.first),
        there: value(&field.second),
        differs: if field.same { Differs::No } else { Differs::Yes },
        range: field.first.as_ref().map(|side| side.range.clone()),
    }
}

/// How a payload and its input compare.
pub(crate) fn input(comparison: &InputComparison) -> (Tone, String) {
    match comparison {
        InputComparison::Same { fill: 0 } => (Tone::Ok, "the payload is that application, byte for byte".to_owned()),
        InputComparison::Same { fill } => {
            (Tone::Ok, format!("the payload is that application, and {fill} zeros that fill its last block"))
        }
        InputComparison::Different(difference) => (Tone::Warn, format!("{} differ", bytes(difference.count))),
    }
}

/// So many bytes, in words.
pub(crate) fn bytes(count: u64) -> String {
    if count == 1 { "1 byte".to_owned() } else { format!("{} bytes", thousands(count)) }
}
