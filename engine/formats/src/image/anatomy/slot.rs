//! What of its slot lies behind an image: the fill, and the trailer at the end with what the second stage keeps there.

use std::ops::Range;

use super::{Part, PartKind, hex};
use crate::content::Content;
use crate::image::TRAILER_MAGIC;
use crate::image::settings::ImageProfile;
use crate::opened::FoundImage;

const SOURCE: &str = "imgtool, --pad";
/// The last 14 bytes of the trailer that upstream's tool writes for an alignment above 8; the alignment stands before
/// them.
const ALIGNED_END: [u8; 14] = [0x2D, 0xE1, 0x5D, 0x29, 0x41, 0x0B, 0x8D, 0x77, 0x67, 0x9C, 0x11, 0x0F, 0x1F, 0x8A];
/// The alignment that the classic trailer stands for.
const CLASSIC_ALIGNMENT: u64 = 8;

/// Which mark of a complete image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The one that ST's tool always writes.
    Classic,
    /// Upstream's for this alignment.
    Aligned(u16),
}

impl Mark {
    /// Bytes of either.
    pub(crate) const SIZE: u64 = 16;

    /// The mark that `bytes` are.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        if bytes == TRAILER_MAGIC {
            return Some(Self::Classic);
        }
        let (alignment, end) = bytes.split_first_chunk::<2>()?;
        let alignment = u16::from_le_bytes(*alignment);
        (end == ALIGNED_END && alignment > 8).then_some(Self::Aligned(alignment))
    }

    /// The mark that ends at `end` of the content.
    pub(crate) fn before(content: &Content, end: u64) -> Option<Self> {
        Self::of(content.slice(end.checked_sub(Self::SIZE)?..end))
    }
}

pub(super) fn parts(content: &Content, image: &FoundImage) -> Vec<Part> {
    let slot = image.image.end..image.slot.end;
    if slot.is_empty() {
        return Vec::new();
    }
    let Some(mark) = Mark::before(content, slot.end).filter(|_| slot.end - slot.start >= Mark::SIZE) else {
        return fill(content, slot).into_iter().collect();
    };
    let mark_at = slot.end.saturating_sub(Mark::SIZE);
    let state = match image.profile {
        Some(ImageProfile::Stirot) | None => Vec::new(),
        Some(_) => state(content, slot.start, mark_at, mark),
    };
    let trailer_at = state.first().map_or(mark_at, |part| part.range.start);
    let meaning = match mark {
        Mark::Classic => "the mark of a complete image, as ST's tool writes it".to_owned(),
        Mark::Aligned(alignment) => {
            format!("the mark that upstream's tool writes for an alignment of {alignment}; ST's tool never does")
        }
    };
    let mark_part = Part::new(PartKind::Trailer, "mark", mark_at..slot.end, SOURCE)
        .value(hex(content.slice(mark_at..slot.end)))
        .meaning(meaning);
    let trailer = Part::new(PartKind::Trailer, "trailer", trailer_at..slot.end, SOURCE)
        .value(format!("{} bytes", slot.end - trailer_at))
        .meaning("the end of the slot; not signed")
        .children(state.into_iter().chain([mark_part]).collect());
    fill(content, slot.start..trailer_at).into_iter().chain([trailer]).collect()
}

/// What the second stage keeps before the mark: whether it swapped, copied and confirmed.
fn state(content: &Content, least: u64, mark_at: u64, mark: Mark) -> Vec<Part> {
    let alignment = match mark {
        Mark::Classic => CLASSIC_ALIGNMENT,
        Mark::Aligned(alignment) => u64::from(alignment),
    };
    let field = |index: u64, name: &str, tell: fn(u8) -> String| {
        let start = mark_at.checked_sub(alignment.checked_mul(index)?).filter(|start| *start >= least)?;
        let byte = content.byte(start)?;
        let part =
            Part::new(PartKind::Trailer, name, start..start.saturating_add(alignment), "MCUboot, bootutil_public.h");
        Some(part.value(format!("{byte:#04x}")).meaning(tell(byte)))
    };
    let flag = |byte: u8| match byte {
        1 => "set".to_owned(),
        0xFF => "not set".to_owned(),
        _ => "neither set nor erased".to_owned(),
    };
    let swap = |byte: u8| match byte & 0x0F {
        _ if byte == 0xFF => "no swap was begun".to_owned(),
        1 => format!("nothing to swap, image {}", byte >> 4),
        2 => format!("a swap to be tested, image {}", byte >> 4),
        3 => format!("a swap for good, image {}", byte >> 4),
        4 => format!("a swap back, image {}", byte >> 4),
        other => format!("swap type {other} isn't known"),
    };
    // An image that is overwritten keeps none.
    let swap_info = field(3, "swap info", swap).filter(|part| part.value != "0xff");
    let fields = [swap_info, field(2, "copy done", flag), field(1, "image confirmed", flag)];
    fields.into_iter().flatten().collect()
}

fn fill(content: &Content, range: Range<u64>) -> Option<Part> {
    if range.is_empty() {
        return None;
    }
    let odd = odd_bytes(content, range.clone());
    let present = present_bytes(content, range.clone());
    let length = range.end - range.start;
    let meaning = match (odd, present) {
        (0, 0) => "not in the file; it must be erased on the board".to_owned(),
        (0, present) if present == length => "0xff throughout: erased".to_owned(),
        (0, present) => format!("0xff where the file has bytes, which is {present} of {length}"),
        (odd, _) => format!("{odd} bytes aren't 0xff; no loader looks at them"),
    };
    Some(Part::new(PartKind::Fill, "fill", range, SOURCE).value(format!("{length} bytes")).meaning(meaning))
}

/// Bytes of a range that the file has.
pub(crate) fn present_bytes(content: &Content, range: Range<u64>) -> u64 {
    pieces(content, range).map(|(_, bytes)| bytes.len() as u64).sum()
}

/// Bytes of a range that the file has and that aren't erased.
pub(crate) fn odd_bytes(content: &Content, range: Range<u64>) -> u64 {
    pieces(content, range).map(|(_, bytes)| not_erased(bytes)).sum()
}

fn not_erased(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte != 0xFF)).sum()
}

/// The bytes of a range that the file has, each with its offset in the content.
pub(crate) fn pieces(content: &Content, range: Range<u64>) -> impl Iterator<Item = (u64, &[u8])> {
    content.stretches_in(range.clone()).filter_map(move |stretch| {
        let end = stretch.offset.saturating_add(stretch.bytes.len() as u64);
        let (from, to) = (stretch.offset.max(range.start), end.min(range.end));
        let into = |offset: u64| usize::try_from(offset.checked_sub(stretch.offset)?).ok();
        let bytes = stretch.bytes.get(into(from)?..into(to)?)?;
        (!bytes.is_empty()).then_some((from, bytes))
    })
}
