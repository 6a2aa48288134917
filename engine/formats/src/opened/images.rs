//! Finds the images in a content: by their magic at 4 KiB borders, where loaders look, and at the start of each
//! stretch. One at a stretch's start is found also when its magic is damaged.

use std::ops::Range;

use super::FoundImage;
use crate::content::{Content, Stretch};
use crate::image::anatomy::slot::{Mark, odd_bytes};
use crate::image::anatomy::version_of;
use crate::image::dissected::Dissected;
use crate::image::header::Version;
use crate::image::settings::ImageProfile;

/// Slots begin at multiples of this.
const BORDER: u64 = 0x1000;
/// More than any memory of a board holds: what goes beyond is noise that happens to look like magics.
const MOST: usize = 1024;
/// What may follow an image in a file that is its whole slot.
const LARGEST_REST: u64 = 4 << 20;

/// The images by rising offset; and when there are more than are looked at, where the first of the others would begin.
pub(super) fn find(content: &Content) -> (Vec<FoundImage>, Option<u64>) {
    let mut all = content.stretches().flat_map(starts_in);
    let mut starts: Vec<(u64, Option<ImageProfile>)> = all.by_ref().take(MOST).collect();
    let passed_over = all.next().map(|(offset, _)| offset);
    // What lies inside of a whole image is its payload.
    let mut end = 0;
    starts.retain(|(offset, _)| {
        let inside = *offset < end;
        if !inside {
            let seen = Dissected::of(content.from(*offset));
            if seen.tlvs.is_ok() {
                end = offset.saturating_add(seen.end as u64);
            }
        }
        !inside
    });
    let limits = starts.iter().skip(1).map(|(offset, _)| *offset).chain([content.len()]);
    let alone = starts.len() == 1;
    let images = starts
        .iter()
        .zip(limits)
        .map(|((offset, profile), limit)| found(content, *offset, *profile, limit, alone))
        .collect();
    (images, passed_over)
}

fn starts_in(stretch: Stretch<'_>) -> impl Iterator<Item = (u64, Option<ImageProfile>)> {
    let place = u64::from(stretch.address.unwrap_or_default());
    let first_border = usize::try_from(place.next_multiple_of(BORDER).saturating_sub(place)).unwrap_or(usize::MAX);
    let offset = move |into: usize| stretch.offset.saturating_add(into as u64);
    let at_start = match profile(stretch.bytes) {
        Some(profile) => Some((stretch.offset, Some(profile))),
        None => looks_like_an_image(stretch.bytes).then_some((stretch.offset, None)),
    };
    let borders = (first_border..stretch.bytes.len()).step_by(BORDER as usize).filter(|into| *into > 0);
    let at_borders = borders.filter_map(move |into| {
        let bytes = stretch.bytes.get(into..)?;
        profile(bytes).map(|profile| (offset(into), Some(profile)))
    });
    at_start.into_iter().chain(at_borders)
}

fn profile(bytes: &[u8]) -> Option<ImageProfile> {
    ImageProfile::of_magic(u32::from_le_bytes(*bytes.first_chunk()?))
}

/// Whether everything but the magic is an image's: the header's lengths lead to TLVs that can be told apart.
fn looks_like_an_image(bytes: &[u8]) -> bool {
    let seen = Dissected::of(bytes);
    !seen.payload.is_empty() && seen.tlvs.is_ok_and(|area| !area.entries.is_empty() && area.damage.is_none())
}

fn found(content: &Content, offset: u64, profile: Option<ImageProfile>, limit: u64, alone: bool) -> FoundImage {
    let bytes = content.from(offset);
    let seen = Dissected::of(bytes);
    let end = offset.saturating_add(seen.end as u64).min(limit);
    let slot_end = trailer_end(content, offset, end..limit).or_else(|| {
        let whole = alone && offset == 0 && is_rest_of_slot(content, end..limit);
        whole.then_some(limit)
    });
    let slot = offset..slot_end.unwrap_or(end);
    let slot_size = slot_end.filter(|slot_end| *slot_end > end).map(|slot_end| {
        // A wide gap in a hex file is narrower in the content than in memory.
        let last = content.address(slot_end.saturating_sub(1));
        match (content.address(offset), last) {
            (Some(first), Some(last)) => u64::from(last.saturating_sub(first)).saturating_add(1),
            _ => slot_end.saturating_sub(offset),
        }
    });
    let version = version_of(bytes).unwrap_or(Version { major: 0, minor: 0, revision: 0, build: 0 });
    FoundImage { offset, address: content.address(offset), profile, version, image: offset..end, slot, slot_size }
}

/// The end of the first trailer behind an image: at a border, or where a stretch ends.
fn trailer_end(content: &Content, offset: u64, rest: Range<u64>) -> Option<u64> {
    let is_end = |end: &u64| *end > rest.start && *end <= rest.end && Mark::before(content, *end).is_some();
    let first_border = rest.start.saturating_sub(offset).next_multiple_of(BORDER).saturating_add(offset);
    let borders = (first_border..=rest.end).step_by(BORDER as usize).find(is_end);
    let end_of = |stretch: Stretch<'_>| stretch.offset.saturating_add(stretch.bytes.len() as u64);
    let ends = content.stretches_in(rest.clone()).map(end_of).find(is_end);
    match (borders, ends) {
        (Some(border), Some(end)) => Some(border.min(end)),
        (border, end) => border.or(end),
    }
}

/// Whether the rest of a file, in which no trailer was found, can belong to the one image at its beginning.
fn is_rest_of_slot(content: &Content, rest: Range<u64>) -> bool {
    rest.end - rest.start <= LARGEST_REST || odd_bytes(content, rest) <= 64
}
