//! What differs: a payload and the input it was built from, and two images field by field and byte by byte. Which of
//! the two is right is not said here.

use std::collections::HashMap;
use std::ops::Range;

use super::anatomy::{Part, PartKind, anatomy};
use crate::content::{Content, Run};
use crate::opened::{FoundImage, Opened};

/// Where two rows of bytes differ.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ByteDifference {
    /// Bytes that differ, those included that only one of the two has at its end.
    pub count: u64,
    /// Runs of differing bytes by rising offset; neighbours are merged when there are too many to show.
    pub runs: Vec<Range<u64>>,
    /// Bytes that only the first has at its end.
    pub only_first: u64,
    /// Bytes that only the second has at its end.
    pub only_second: u64,
    /// Whether runs were merged, so that some of their bytes are alike.
    pub merged: bool,
}

impl ByteDifference {
    /// Whether they are the same.
    pub fn is_same(&self) -> bool {
        self.count == 0
    }

    /// The first offset at which they differ.
    pub fn first(&self) -> Option<u64> {
        self.runs.first().map(|run| run.start)
    }
}

/// A payload and the input that it should have been built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputComparison {
    /// The same, but for zeros that fill the last cipher block: so many.
    Same {
        /// Bytes of fill.
        fill: u64,
    },
    /// Not the same.
    Different(ByteDifference),
}

/// One field in two images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDifference {
    /// The field's path, such as `header / version`.
    pub name: String,
    /// Its value in the first; none where it isn't there.
    pub first: Option<FieldSide>,
    /// Its value in the second.
    pub second: Option<FieldSide>,
    /// Whether value and bytes are the same.
    pub same: bool,
}

/// A field as one of the two has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSide {
    /// Where it lies in that content.
    pub range: Range<u64>,
    /// Its value.
    pub value: String,
}

/// Two images compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageDifference {
    /// Every field of either, in the order of the first's anatomy.
    pub fields: Vec<FieldDifference>,
    /// Byte by byte from the start of each slot.
    pub bytes: ByteDifference,
}

/// Compares a payload in the clear with the input it was built from.
pub fn compare_with_input(payload: &[u8], input: &[u8]) -> InputComparison {
    let fill = payload.get(input.len()..).unwrap_or_default();
    let is_fill = fill.len() < BLOCK && fill.iter().all(|byte| *byte == 0);
    let compared = if is_fill { payload.get(..input.len()).unwrap_or(payload) } else { payload };
    let mut runs = Runs::default();
    runs.compare(0, compared, input);
    let shorter = compared.len().min(input.len()) as u64;
    runs.add(shorter..compared.len().max(input.len()) as u64);
    if runs.count == 0 {
        return InputComparison::Same { fill: fill.len() as u64 };
    }
    let behind = |one: &[u8]| (one.len() as u64).saturating_sub(shorter);
    InputComparison::Different(runs.finish(behind(compared), behind(input)))
}

/// Compares two images: the fields of both anatomies by their names, and their slots byte by byte.
pub fn compare_images(first: (&Opened, &FoundImage), second: (&Opened, &FoundImage)) -> ImageDifference {
    let mut sides: [Vec<Field>; 2] = [first, second].map(|(opened, image)| fields_of(&opened.content, image));
    let [first_fields, second_fields] = &mut sides;
    let mut fields = Vec::new();
    for field in first_fields.drain(..) {
        let at = second_fields.iter().position(|other| other.name == field.name);
        let other = at.map(|at| second_fields.remove(at));
        let same = other.as_ref().is_some_and(|other| {
            let bytes = |opened: &Opened, range: &Range<u64>| (opened.content.clone(), range.clone());
            let (one, its) = bytes(first.0, &field.side.range);
            let (two, theirs) = bytes(second.0, &other.side.range);
            field.side.value == other.side.value && compare_content((&one, its), (&two, theirs)).is_same()
        });
        let second = other.map(|other| other.side);
        fields.push(FieldDifference { name: field.name, first: Some(field.side), second, same });
    }
    let only_second = second_fields.drain(..);
    fields.extend(only_second.map(|field| FieldDifference {
        name: field.name,
        first: None,
        second: Some(field.side),
        same: false,
    }));
    let slot = |(opened, image): (&Opened, &FoundImage)| (opened.content.clone(), image.slot.clone());
    let ((one, its), (two, theirs)) = (slot(first), slot(second));
    ImageDifference { fields, bytes: compare_content((&one, its), (&two, theirs)) }
}

/// Compares two ranges byte by byte; offsets count from the start of each range. What one of the two leaves out is erased
/// flash once it is programmed, so that 0xFF in the other is the same. Bytes behind the shorter range differ.
pub fn compare_content(first: (&Content, Range<u64>), second: (&Content, Range<u64>)) -> ByteDifference {
    let length = |range: &Range<u64>| range.end.saturating_sub(range.start);
    let (one, two) = (length(&first.1), length(&second.1));
    let shorter = one.min(two);
    let mut runs = Runs::default();
    let mut at = 0;
    while at < shorter {
        let left = shorter.saturating_sub(at);
        let (one, one_length) = piece(first.0, first.1.start.saturating_add(at), left);
        let (two, two_length) = piece(second.0, second.1.start.saturating_add(at), left);
        let step = one_length.min(two_length).max(1);
        match (one, two) {
            (Some(one), Some(two)) => {
                let step = usize::try_from(step).unwrap_or(usize::MAX);
                let (one, two) = (one.get(..step).unwrap_or(one), two.get(..step).unwrap_or(two));
                runs.compare(at, one, two);
            }
            (None, None) => {}
            (Some(bytes), None) | (None, Some(bytes)) => {
                let step = usize::try_from(step).unwrap_or(usize::MAX);
                runs.compare_with_erased(at, bytes.get(..step).unwrap_or(bytes));
            }
        }
        at = at.saturating_add(step);
    }
    runs.add(shorter..one.max(two));
    runs.finish(one.saturating_sub(shorter), two.saturating_sub(shorter))
}

/// The bytes from an offset on, or none and how many are absent; no more than `most`.
fn piece(content: &Content, offset: u64, most: u64) -> (Option<&[u8]>, u64) {
    match content.run(offset) {
        Run::Present(bytes) => (Some(bytes), most.min(bytes.len() as u64)),
        Run::Absent(length) => (None, most.min(length)),
    }
}

/// The cipher's block, to which payloads are filled up.
const BLOCK: usize = 16;
/// What erased flash reads as.
const ERASED: u8 = 0xFF;
/// Runs that are kept apart; a map shows no more.
const MOST_RUNS: usize = 4096;
/// Bytes that are compared at once before any of them is looked at.
const CHUNK: usize = 4096;

/// Runs of differing bytes as they are found.
#[derive(Default)]
struct Runs {
    count: u64,
    runs: Vec<Range<u64>>,
    /// Runs that are no further apart than this are one.
    apart: u64,
}

impl Runs {
    /// Two pieces of equal length at `at`; what one has more than the other is not looked at.
    fn compare(&mut self, at: u64, one: &[u8], two: &[u8]) {
        for (index, (one, two)) in one.chunks(CHUNK).zip(two.chunks(CHUNK)).enumerate() {
            let length = one.len().min(two.len());
            let (one, two) = (one.get(..length).unwrap_or(one), two.get(..length).unwrap_or(two));
            if one == two {
                continue;
            }
            let start = at.saturating_add((index * CHUNK) as u64);
            let mut run: Option<Range<u64>> = None;
            for (offset, (one, two)) in one.iter().zip(two).enumerate() {
                let here = start.saturating_add(offset as u64);
                match (&mut run, one == two) {
                    (Some(open), false) => open.end = here.saturating_add(1),
                    (None, false) => run = Some(here..here.saturating_add(1)),
                    (Some(_), true) => {
                        if let Some(done) = run.take() {
                            self.add(done);
                        }
                    }
                    (None, true) => {}
                }
            }
            if let Some(done) = run {
                self.add(done);
            }
        }
    }

    /// A piece at `at`, where the other side leaves its bytes out.
    fn compare_with_erased(&mut self, at: u64, bytes: &[u8]) {
        let erased = [ERASED; CHUNK];
        for (index, chunk) in bytes.chunks(CHUNK).enumerate() {
            self.compare(at.saturating_add((index * CHUNK) as u64), chunk, &erased);
        }
    }

    fn add(&mut self, run: Range<u64>) {
        if run.is_empty() {
            return;
        }
        self.count = self.count.saturating_add(run.end - run.start);
        match self.runs.last_mut() {
            Some(last) if run.start.saturating_sub(last.end) <= self.apart => last.end = run.end,
            _ => self.runs.push(run),
        }
        if self.runs.len() > MOST_RUNS {
            self.widen();
        }
    }

    /// Merges runs that lie close together until half of them are left.
    fn widen(&mut self) {
        let mut gaps: Vec<u64> = self
            .runs
            .iter()
            .zip(self.runs.iter().skip(1))
            .map(|(one, next)| next.start.saturating_sub(one.end))
            .collect();
        gaps.sort_unstable();
        self.apart = gaps.get(gaps.len() / 2).copied().unwrap_or(1).max(self.apart.saturating_mul(2)).max(1);
        let mut merged: Vec<Range<u64>> = Vec::with_capacity(self.runs.len() / 2);
        for run in self.runs.drain(..) {
            match merged.last_mut() {
                Some(last) if run.start.saturating_sub(last.end) <= self.apart => last.end = run.end,
                _ => merged.push(run),
            }
        }
        self.runs = merged;
    }

    fn finish(self, only_first: u64, only_second: u64) -> ByteDifference {
        ByteDifference { count: self.count, runs: self.runs, only_first, only_second, merged: self.apart > 0 }
    }
}

/// A field of an image, by its path.
struct Field {
    name: String,
    side: FieldSide,
}

fn fields_of(content: &Content, image: &FoundImage) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut add = |name: String, part: &Part| {
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        // The same name twice is two fields.
        let name = if *count == 1 { name } else { format!("{name} #{count}") };
        fields.push(Field { name, side: FieldSide { range: part.range.clone(), value: part.value.clone() } });
    };
    for section in anatomy(content, image).children {
        match section.kind {
            // Flags and halves of a signature say no more than the fields that they are parts of.
            PartKind::Header | PartKind::ProtectedTlv | PartKind::Tlv | PartKind::Trailer
                if !section.children.is_empty() =>
            {
                section.children.iter().for_each(|field| add(format!("{} / {}", section.name, field.name), field));
            }
            _ => add(section.name.clone(), &section),
        }
    }
    fields
}
