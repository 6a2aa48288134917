//! Comparing the open file: an image's payload with the application it was built from, an image with another one, any
//! bytes with any others.

use std::path::Path;
use std::sync::Arc;

use formats::{ByteDifference, FileKind, InputComparison, Opened, compare_content, compare_images, compare_with_input};
use project::ProjectError;

use super::{images, not_open, plain, read};
use crate::engine::Desk;
use crate::model::images::{CompareWith, Comparison, Run, Shown};
use crate::model::{Card, Tone};
use crate::sheets::images::judged as sheets;
use crate::sheets::project_card;
use crate::text::file_name;
use crate::update::{ImagesReport, Report};

/// Compares.
pub(super) fn compare(desk: &Desk, serial: u64, index: usize, with: CompareWith) -> Result<Vec<Report>, Card> {
    let file = desk.file(serial).ok_or_else(not_open)?;
    let path = match with {
        CompareWith::File(path) => path,
        CompareWith::ProjectInput | CompareWith::ProjectImage => {
            let project = desk.project()?;
            let workshop = project::Workshop::of(&project);
            let profile = file.opened.images.get(index).and_then(|image| image.profile);
            let stage = profile.and_then(|profile| workshop.stage(profile)).or(workshop.stages.first());
            let stage = stage.ok_or_else(|| Card {
                title: "This project's flow builds no image here".to_owned(),
                remedy: Some("Choose a file to compare with.".to_owned()),
                ..Card::default()
            })?;
            if with == CompareWith::ProjectInput { stage.application.clone() } else { stage.image.clone() }
        }
    };
    let other = Opened::read(read(&path)?);
    let is_secret = matches!(
        other.kind,
        FileKind::Key { .. } | FileKind::Password | FileKind::Object(_) | FileKind::Board | FileKind::Damaged(_)
    );
    if is_secret {
        return Err(Card {
            title: format!("{} holds secrets and isn't compared byte by byte", file_name(&path)),
            remedy: Some("Compare with an application or another image.".to_owned()),
            ..Card::default()
        });
    }
    let with = file_name(&path);
    let comparison = match (file.opened.images.get(index), other.images.first()) {
        (Some(image), Some(theirs)) => {
            let difference = compare_images((&file.opened, image), (&other, theirs));
            let fields: Vec<_> = difference.fields.iter().map(sheets::field).collect();
            let count = difference.fields.iter().filter(|field| !field.same).count();
            let (tone, verdict) = match (count, difference.bytes.count) {
                (0, 0) => (Tone::Ok, "the same, byte for byte".to_owned()),
                (fields, bytes) => (Tone::Warn, format!("{fields} fields and {} differ", sheets::bytes(bytes))),
            };
            let runs = runs(&difference.bytes, image.slot.start);
            Comparison { with, shown: Shown::Stored, tone, verdict, fields, runs }
        }
        (Some(_), None) => with_input(desk, serial, index, with, &path)?,
        (None, _) => {
            let whole = |opened: &Opened| 0..opened.content.len();
            let difference =
                compare_content((&file.opened.content, whole(&file.opened)), (&other.content, whole(&other)));
            let (tone, verdict) = if difference.is_same() {
                (Tone::Ok, "the same, byte for byte".to_owned())
            } else {
                (Tone::Warn, format!("{} differ", sheets::bytes(difference.count)))
            };
            Comparison { with, shown: Shown::Stored, tone, verdict, fields: Vec::new(), runs: runs(&difference, 0) }
        }
    };
    Ok(vec![images(ImagesReport::Compared(serial, index, Box::new(comparison)))])
}

/// The payload in the clear beside the application. The bytes shown are then those in the clear.
fn with_input(desk: &Desk, serial: u64, index: usize, with: String, path: &Path) -> Result<Comparison, Card> {
    let (_, plain) = plain(desk, serial, index)?;
    let payload = plain.content.slice(0..plain.content.len());
    // What an ELF or hex file loads, as it is when an image is built of it.
    let input = project::binary::load_image(&read(path)?)
        .map_err(|source| project_card(&ProjectError::Program { path: path.to_owned(), source }))?;
    let compared = compare_with_input(payload, &input.bytes);
    let (tone, verdict) = sheets::input(&compared);
    let runs = match &compared {
        InputComparison::Same { .. } => Arc::default(),
        InputComparison::Different(difference) => runs(difference, plain.offset),
    };
    Ok(Comparison { with, shown: Shown::Decrypted, tone, verdict, fields: Vec::new(), runs })
}

/// The runs, counted from the beginning of the open file.
fn runs(difference: &ByteDifference, base: u64) -> Arc<Vec<Run>> {
    let shifted = |run: &Run| run.start.saturating_add(base)..run.end.saturating_add(base);
    Arc::new(difference.runs.iter().map(shifted).collect())
}
