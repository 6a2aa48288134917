//! `stirot-studio image diff`: two files compared, field by field where both hold an image, and byte by byte.

use std::path::Path;

use formats::opened::Opened;
use formats::{ByteDifference, Content, FieldDifference, ImageDifference, Weight, compare_content, compare_images};
use serde_json::{Value, json};

use super::words;
use crate::cli::{Failure, printable, say, say_json};

/// Runs of differing bytes that are listed as text.
const RUNS_SHOWN: usize = 20;

/// Compares two files. The same is a success.
pub(super) fn run(first: &Path, second: &Path, json: bool) -> Result<(), Failure> {
    // Each file is read once: a pipe gives its bytes once.
    let files = [super::read(first)?, super::read(second)?];
    let [a, b] = files.each_ref().map(|file| Opened::read(file.clone()));
    let [one, other] = &files;
    let is_one_file = one == other;
    let (compared, difference) = match (a.images.as_slice(), b.images.as_slice()) {
        ([one], [other]) => ("images", compare_images((&a, one), (&b, other))),
        _ => {
            // As they are on the disk: what is hidden when a file is shown must not count as the same.
            let [one, other] = files.map(|file| Content::of_file(file).0);
            let bytes = compare_content((&one, 0..one.len()), (&other, 0..other.len()));
            ("files", ImageDifference { fields: Vec::new(), bytes })
        }
    };
    let same = difference.bytes.is_same() && difference.fields.iter().all(|field| field.same);
    if json {
        say_json(&json!({
            "compared": compared,
            "same": same,
            "a": words::kind_code(&a.kind),
            "b": words::kind_code(&b.kind),
            "troubles_a": words::troubles_json(&a),
            "troubles_b": words::troubles_json(&b),
            "fields": difference.fields.iter().map(field_json).collect::<Vec<_>>(),
            "bytes": bytes_json(&difference.bytes),
        }))?;
    } else {
        show(compared, &difference, [&a, &b]);
    }
    let (first, second) = (first.display(), second.display());
    if !same {
        return Err(Failure::new(format!("{first} and {second} differ")));
    }
    // What of a damaged file can be read may be the same as a whole one's; the file is not.
    let damaged = |opened: &Opened| opened.troubles.iter().any(|trouble| trouble.weight == Weight::Damage);
    match (damaged(&a), damaged(&b)) {
        _ if is_one_file => Ok(()),
        (false, false) => Ok(()),
        (true, _) => Err(not_the_same(&first.to_string())),
        (false, true) => Err(not_the_same(&second.to_string())),
    }
}

fn not_the_same(damaged: &str) -> Failure {
    Failure::new(format!("{damaged} is damaged: what of it can be read is the same, and the file is not"))
        .help("the troubles above say where; take it from its source again, or build it again")
}

fn show(compared: &str, difference: &ImageDifference, opened: [&Opened; 2]) {
    let [a, b] = opened.map(words::kind);
    say(printable(&format!("A is {a}, B is {b}; the {compared} are compared")));
    for (name, opened) in ["A", "B"].into_iter().zip(opened) {
        for trouble in words::troubles(opened) {
            say(printable(&format!("{name}, trouble: {trouble}")));
        }
    }
    let differing = difference.fields.iter().filter(|field| !field.same);
    for field in differing {
        let side = |side: &Option<formats::image::difference::FieldSide>| match side {
            Some(side) if side.value.is_empty() => format!("{:#x}..{:#x}", side.range.start, side.range.end),
            Some(side) => side.value.clone(),
            None => "not there".into(),
        };
        say(printable(&format!("{:<40} A {} · B {}", field.name, side(&field.first), side(&field.second))));
    }
    let ByteDifference { count, runs, only_first, only_second, merged } = &difference.bytes;
    if *count == 0 {
        say("the bytes are the same");
        return;
    }
    let bytes = if *count == 1 { "1 byte differs".to_owned() } else { format!("{count} bytes differ") };
    let about = if *merged { "at least " } else { "" };
    let runs_word = if runs.len() == 1 { "run" } else { "runs" };
    say(format!("{bytes}, in {about}{} {runs_word}", runs.len()));
    for run in runs.iter().take(RUNS_SHOWN) {
        say(format!("{:#08x} {:>8}", run.start, run.end.saturating_sub(run.start)));
    }
    if let Some(more) = runs.len().checked_sub(RUNS_SHOWN).filter(|more| *more > 0) {
        say(format!("and {more} more; --json lists them"));
    }
    for (name, only) in [("A", only_first), ("B", only_second)] {
        if *only > 0 {
            say(format!("{only} bytes at the end are {name}'s alone"));
        }
    }
}

fn field_json(field: &FieldDifference) -> Value {
    let side = |side: &Option<formats::image::difference::FieldSide>| {
        side.as_ref().map(|side| {
            json!({
                "offset": side.range.start, "length": side.range.end.saturating_sub(side.range.start),
                "value": side.value,
            })
        })
    };
    json!({ "field": field.name, "same": field.same, "a": side(&field.first), "b": side(&field.second) })
}

fn bytes_json(bytes: &ByteDifference) -> Value {
    json!({
        "differing": bytes.count,
        "only_a": bytes.only_first,
        "only_b": bytes.only_second,
        "merged": bytes.merged,
        "runs": bytes.runs.iter().map(|run| json!({
            "offset": run.start, "length": run.end.saturating_sub(run.start),
        })).collect::<Vec<_>>(),
    })
}
