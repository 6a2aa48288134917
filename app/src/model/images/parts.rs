//! The parts of an opened file in one list, each before its children: which one holds a byte, and which colour it has.

use std::ops::Range;

/// How a stretch of a file is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// A header, and what belongs to it.
    Header,
    /// What is run.
    Payload,
    /// Extra fields that the hash covers.
    Protected,
    /// Extra fields: hash, signature, keys.
    Tlv,
    /// Fill, gaps, what nobody reads.
    Fill,
    /// The end of a slot.
    Trailer,
}

/// One part of a file. Parts stand in one list, each before its children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartSheet {
    /// How deep it stands; 0 for the uppermost.
    pub depth: usize,
    /// How many parts after it are inside of it.
    pub inside: usize,
    /// How it is coloured.
    pub region: Region,
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub range: Range<u64>,
    /// Its value, short enough for a line.
    pub value: String,
    /// Its value in full, where `value` leaves something out.
    pub whole: Option<String>,
    /// What it means.
    pub meaning: String,
    /// Where the meaning comes from.
    pub source: &'static str,
    /// What is wrong with it.
    pub problem: Option<String>,
}

pub(super) fn inside(range: &Range<u64>, outer: &Range<u64>) -> bool {
    outer.start <= range.start && range.end <= outer.end
}

/// Puts parts into another one that has none yet.
pub(super) fn put_beneath(parts: &mut Vec<PartSheet>, place: usize, new: &[PartSheet]) {
    let Some(depth) = parts.get(place).map(|part| part.depth) else { return };
    let new: Vec<PartSheet> =
        new.iter().map(|part| PartSheet { depth: part.depth + depth + 1, ..part.clone() }).collect();
    let count = new.len();
    // It and all that it stands in hold more now.
    for part in around(parts, place) {
        part.inside += count;
    }
    parts.splice(place + 1..place + 1, new);
}

/// Takes all that is inside of a part out of it.
pub(super) fn take_from_beneath(parts: &mut Vec<PartSheet>, place: usize) {
    let Some(count) = parts.get(place).map(|part| part.inside) else { return };
    let end = (place + 1 + count).min(parts.len());
    parts.drain(place + 1..end);
    for part in around(parts, place) {
        part.inside = part.inside.saturating_sub(count);
    }
}

/// A part and all those that it stands in.
fn around(parts: &mut [PartSheet], place: usize) -> impl Iterator<Item = &mut PartSheet> {
    let mut outer = usize::MAX;
    parts.iter_mut().take(place + 1).rev().filter(move |part| {
        let holds = part.depth < outer;
        if holds {
            outer = part.depth;
        }
        holds
    })
}

/// The stretches of parts with their colours: of each byte, that of the innermost part.
pub fn coloured(parts: &[PartSheet]) -> Vec<(Range<u64>, Region)> {
    let mut spans: Vec<(Range<u64>, Region)> = Vec::new();
    let mut open: Vec<(u64, Region)> = Vec::new();
    let mut at = 0;
    let mut push = |range: Range<u64>, region: Region| match spans.last_mut() {
        _ if range.is_empty() => {}
        Some((last, same)) if *same == region && last.end == range.start => last.end = range.end,
        _ => spans.push((range, region)),
    };
    for part in parts {
        while let Some((end, region)) = open.last().copied().filter(|(end, _)| *end <= part.range.start) {
            push(at..end, region);
            at = at.max(end);
            open.pop();
        }
        if let Some((_, region)) = open.last() {
            push(at..part.range.start, *region);
        }
        at = at.max(part.range.start);
        // A part that reaches out of the one around it is cut there.
        let end = open.last().map_or(part.range.end, |(outer, _)| part.range.end.min(*outer));
        open.push((end, part.region));
    }
    while let Some((end, region)) = open.pop() {
        push(at..end, region);
        at = at.max(end);
    }
    spans
}

/// The innermost part that holds a byte. Parts of one depth don't overlap and stand in their order.
pub fn part_at(parts: &[PartSheet], offset: u64) -> Option<usize> {
    let mut found = None;
    let mut index = 0;
    while let Some(part) = parts.get(index) {
        if part.range.contains(&offset) {
            found = Some(index);
            index += 1;
        } else {
            index += part.inside + 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(depth: usize, inside: usize, range: Range<u64>) -> PartSheet {
        PartSheet {
            depth,
            inside,
            region: Region::Header,
            name: format!("{range:?}"),
            range,
            value: String::new(),
            whole: None,
            meaning: String::new(),
            source: "",
            problem: None,
        }
    }

    #[test]
    fn the_innermost_part_answers_for_a_byte() {
        let parts = [part(0, 2, 0..32), part(1, 0, 0..4), part(1, 0, 4..8), part(0, 1, 40..60), part(1, 0, 44..60)];
        let at = |offset| part_at(&parts, offset);
        assert_eq!(at(0), Some(1));
        assert_eq!(at(5), Some(2));
        assert_eq!(at(9), Some(0));
        assert_eq!(at(35), None);
        assert_eq!(at(42), Some(3));
        assert_eq!(at(50), Some(4));
        assert_eq!(at(60), None);
    }

    #[test]
    fn what_is_put_beneath_a_part_belongs_to_all_that_it_stands_in() {
        let mut parts = vec![part(0, 2, 0..64), part(1, 0, 0..32), part(1, 0, 32..64), part(0, 0, 64..70)];
        put_beneath(&mut parts, 2, &[part(0, 1, 32..40), part(1, 0, 32..36)]);
        let shape: Vec<_> = parts.iter().map(|part| (part.depth, part.inside)).collect();
        assert_eq!(shape, [(0, 4), (1, 0), (1, 2), (2, 1), (3, 0), (0, 0)]);
        take_from_beneath(&mut parts, 2);
        let shape: Vec<_> = parts.iter().map(|part| (part.depth, part.inside)).collect();
        assert_eq!(shape, [(0, 2), (1, 0), (1, 0), (0, 0)]);
    }

    #[test]
    fn every_byte_has_the_colour_of_its_innermost_part() {
        let mut parts = vec![part(0, 2, 0..32), part(1, 0, 4..8), part(1, 0, 8..12), part(0, 0, 40..60)];
        parts[1].region = Region::Payload;
        parts[2].region = Region::Tlv;
        let spans = coloured(&parts);
        assert_eq!(
            spans,
            [
                (0..4, Region::Header),
                (4..8, Region::Payload),
                (8..12, Region::Tlv),
                (12..32, Region::Header),
                (40..60, Region::Header)
            ]
        );
    }
}
