//! Where to in the bytes: an offset or an address that was typed, what was looked for, the next difference; and what of
//! them is copied.

use super::typed::{bytes_of, place};
use super::{Around, Effect, ImagesRequest, of, reveal, start};
use crate::model::images::{Bytes, Direction, Images, SearchState};
use crate::model::{JobKind, Model, Tone};

/// Bytes that are copied at most: a clipboard is no place for a whole flash.
pub(super) const MOST_COPIED: usize = 1 << 20;

pub(super) fn go_to(model: &mut Model, typed: &str) {
    let Some(view) = model.images.view() else { return };
    match place(typed, view.len(), |address| view.stored.offset_of(address)) {
        Ok(offset) => {
            model.images.search = None;
            reveal(&mut model.images, Bytes::at(offset));
        }
        Err(why) => model.images.search = Some(SearchState::Told(Tone::Warn, why)),
    }
}

pub(super) fn search(images: &mut Images, direction: Direction, effects: &mut Vec<Effect>) {
    let Some((typed, pattern)) = &images.searched else { return };
    let bytes = match bytes_of(typed, *pattern) {
        Ok(bytes) => bytes,
        Err(why) => {
            images.search = Some(SearchState::Told(Tone::Warn, why));
            return;
        }
    };
    let Some(file) = &images.file else { return };
    let from = images.selected.map_or(0, |bytes| match direction {
        Direction::Next => bytes.range().start.saturating_add(1),
        Direction::Previous => bytes.range().start,
    });
    images.search = Some(SearchState::Searching);
    let request = ImagesRequest::Search(file.serial, images.shown, bytes, from, direction);
    start(effects, JobKind::Search, request);
}

pub(super) fn found_bytes(images: &mut Images, serial: u64, found: Option<Bytes>, around: Around) {
    if of(images, serial).is_none() {
        return;
    }
    images.search = Some(match found {
        Some(bytes) => {
            let around = if around == Around::Yes { ", from the other end" } else { "" };
            SearchState::Told(Tone::Ok, format!("found at 0x{:X}{around}", bytes.range().start))
        }
        None => SearchState::Told(Tone::Warn, "not found".to_owned()),
    });
    if let Some(bytes) = found {
        reveal(images, bytes);
    }
}

pub(super) fn difference(images: &mut Images, direction: Direction) {
    let Some(comparison) = &images.comparison else { return };
    let runs = &comparison.runs;
    let at = images.selected.map(|bytes| bytes.range().start);
    let run = match (direction, at) {
        (Direction::Next, None) => runs.first(),
        (Direction::Next, Some(at)) => runs.iter().find(|run| run.start > at).or_else(|| runs.first()),
        (Direction::Previous, None) => runs.last(),
        (Direction::Previous, Some(at)) => runs.iter().rfind(|run| run.start < at).or_else(|| runs.last()),
    };
    if let Some(bytes) = run.and_then(Bytes::of) {
        reveal(images, bytes);
    }
}

pub(super) fn copy(model: &mut Model, effects: &mut Vec<Effect>, as_text: impl Fn(&[u8]) -> String) {
    let Some((view, bytes)) = model.images.view().zip(model.images.selected) else { return };
    let visible = view.visible(bytes.range(), MOST_COPIED + 1);
    if visible.is_empty() {
        model.notice = Some("none of the selected bytes can be seen, so nothing was copied".to_owned());
    } else if visible.len() > MOST_COPIED {
        model.notice = Some("more than 1 MiB is selected, so nothing was copied; select less".to_owned());
    } else {
        effects.push(Effect::Copy(as_text(&visible)));
    }
}
