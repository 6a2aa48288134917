//! A file's bytes as they lie in memory: Intel hex salvaged, anything else as it is. What they mean is not decided
//! here. Memory stays in proportion to the file, whatever addresses it names.

mod salvage;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;
use zeroize::Zeroize;

/// The longest gap between two stretches of a hex file that keeps its true width.
const WIDEST_GAP: u64 = 16 << 20;

/// How much a trouble weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weight {
    /// The file is damaged: what is shown isn't all that was meant.
    Damage,
    /// Unusual, and yet everything is there.
    Remark,
}

/// Something that is wrong with a file, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// How much it weighs.
    pub weight: Weight,
    /// Where in the content, if it has a place there.
    pub offset: Option<u64>,
    /// On which line of the file, counted from 1, if the file is text.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// The bytes of a file in one row of offsets. Between the stretches of a hex file bytes are absent: a gap of up to
/// 16 MiB keeps its width, a wider one is shown as up to 16 absent bytes. Cheap to clone.
#[derive(Clone)]
pub struct Content(Arc<Inner>);

struct Inner {
    bytes: Vec<u8>,
    /// By rising offset, never touching.
    stretches: Vec<Place>,
    /// Bytes that must not be seen; their places in `bytes` are zero already.
    hidden: Vec<Range<u64>>,
    length: u64,
    is_hex: bool,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Key files and objects are small; overwriting a dump of 128 MiB each time would be noticed.
        if self.bytes.len() <= 1 << 20 {
            self.bytes.zeroize();
        }
    }
}

/// Where a stretch lies.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    offset: u64,
    address: Option<u32>,
    bytes: Range<usize>,
}

impl Place {
    fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes.len() as u64)
    }
}

/// Bytes that follow each other without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch<'a> {
    /// Offset of the first byte.
    pub offset: u64,
    /// Its address, where the file tells addresses.
    pub address: Option<u32>,
    /// The bytes, at least one.
    pub bytes: &'a [u8],
}

/// What follows from some offset on.
pub(crate) enum Run<'a> {
    /// Bytes to the end of their stretch.
    Present(&'a [u8]),
    /// So many absent bytes, at least one.
    Absent(u64),
}

impl Content {
    /// Takes a file: text that begins with a colon is read as Intel hex as far as it can be, any other file is taken as
    /// it is. What is wrong with it comes with it.
    pub fn of_file(file: Vec<u8>) -> (Self, Vec<Trouble>) {
        let text = file.trim_ascii_start();
        let beginning = text.get(..text.len().min(16)).unwrap_or_default();
        if text.starts_with(b":")
            && beginning.iter().all(|byte| (b' '..0x7F).contains(byte) || b"\r\n\t".contains(byte))
        {
            return salvage::read(&file);
        }
        (Self::of_bytes(file), Vec::new())
    }

    /// Bytes as they are.
    pub fn of_bytes(bytes: Vec<u8>) -> Self {
        let length = bytes.len() as u64;
        let stretches = match bytes.len() {
            0 => Vec::new(),
            length => vec![Place { offset: 0, address: None, bytes: 0..length }],
        };
        Self(Arc::new(Inner { bytes, stretches, hidden: Vec::new(), length, is_hex: false }))
    }

    /// Pieces of `bytes` at rising addresses that don't overlap.
    fn of_pieces(bytes: Vec<u8>, pieces: impl IntoIterator<Item = (u32, Range<usize>)>) -> Self {
        let mut stretches: Vec<Place> = Vec::new();
        for (address, piece) in pieces {
            let offset = match stretches.last_mut() {
                None => 0,
                Some(last) => {
                    let end = u64::from(last.address.unwrap_or_default()).saturating_add(last.bytes.len() as u64);
                    let gap = u64::from(address).saturating_sub(end);
                    if gap == 0 && last.bytes.end == piece.start {
                        last.bytes.end = piece.end;
                        continue;
                    }
                    let true_offset = last.end().saturating_add(gap);
                    // Even a wide gap leaves a byte absent, and addresses and offsets alike in their last digit.
                    let least = last.end().saturating_add(1).next_multiple_of(16);
                    if gap <= WIDEST_GAP { true_offset } else { least.saturating_add(u64::from(address % 16)) }
                }
            };
            stretches.push(Place { offset, address: Some(address), bytes: piece });
        }
        let length = stretches.last().map_or(0, Place::end);
        Self(Arc::new(Inner { bytes, stretches, hidden: Vec::new(), length, is_hex: true }))
    }

    /// The same content without the bytes of `ranges`, which must not be seen.
    pub(crate) fn hiding(self, ranges: &[Range<u64>]) -> Self {
        let mut hidden: Vec<Range<u64>> = ranges.iter().filter(|range| !range.is_empty()).cloned().collect();
        if hidden.is_empty() {
            return self;
        }
        hidden.sort_by_key(|range| range.start);
        hidden.dedup_by(|next, last| {
            let joins = next.start <= last.end;
            if joins {
                last.end = last.end.max(next.end);
            }
            joins
        });
        let mut bytes = self.0.bytes.clone();
        let mut stretches = Vec::new();
        for place in &self.0.stretches {
            let mut rest = place.clone();
            let first = hidden.partition_point(|range| range.end <= place.offset);
            let here = hidden.get(first..).unwrap_or_default();
            for range in here.iter().take_while(|range| range.start < place.end()) {
                let into = |offset: u64| {
                    let into = offset.clamp(rest.offset, rest.end()).saturating_sub(rest.offset);
                    usize::try_from(into).unwrap_or(usize::MAX)
                };
                let (from, to) = (into(range.start), into(range.end));
                if from >= to {
                    continue;
                }
                let at = |into: usize| rest.bytes.start.saturating_add(into);
                if let Some(secret) = bytes.get_mut(at(from)..at(to)) {
                    secret.fill(0);
                }
                let before = Place { bytes: rest.bytes.start..at(from), ..rest.clone() };
                if !before.bytes.is_empty() {
                    stretches.push(before);
                }
                rest = Place {
                    offset: rest.offset.saturating_add(to as u64),
                    address: rest.address.map(|address| address.saturating_add(to as u32)),
                    bytes: at(to)..rest.bytes.end,
                };
            }
            if !rest.bytes.is_empty() {
                stretches.push(rest);
            }
        }
        let (length, is_hex) = (self.0.length, self.0.is_hex);
        Self(Arc::new(Inner { bytes, stretches, hidden, length, is_hex }))
    }

    /// Bytes from the first to the last, absent ones included.
    pub fn len(&self) -> u64 {
        self.0.length
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.length == 0
    }

    /// Whether the file was Intel hex, so that addresses are known and gaps possible.
    pub fn is_hex(&self) -> bool {
        self.0.is_hex
    }

    /// Bytes that the file really holds.
    pub fn present(&self) -> u64 {
        self.0.stretches.iter().map(|place| place.bytes.len() as u64).sum()
    }

    /// The byte at `offset`; none where the file has none, or where it is hidden.
    pub fn byte(&self, offset: u64) -> Option<u8> {
        self.from(offset).first().copied()
    }

    /// Whether the byte at `offset` is there and must not be seen.
    pub fn is_hidden(&self, offset: u64) -> bool {
        let after = self.0.hidden.partition_point(|range| range.start <= offset);
        after.checked_sub(1).and_then(|last| self.0.hidden.get(last)).is_some_and(|range| range.contains(&offset))
    }

    /// The address of the byte at `offset`, where the file tells addresses. Inside a narrow gap it is told, too.
    pub fn address(&self, offset: u64) -> Option<u32> {
        let after = self.0.stretches.partition_point(|place| place.offset <= offset);
        let place = self.0.stretches.get(after.checked_sub(1)?)?;
        let address = u64::from(place.address?).checked_add(offset.checked_sub(place.offset)?)?;
        if offset >= place.end() {
            // In a gap, and a wide one has lost its width.
            let next = self.0.stretches.get(after)?;
            let width = next.offset.saturating_sub(place.offset);
            let true_width = u64::from(next.address?).saturating_sub(u64::from(place.address?));
            if width != true_width {
                return None;
            }
        }
        u32::try_from(address).ok()
    }

    /// The offset of the byte at `address`, where the file tells addresses and holds that byte.
    pub fn offset_of(&self, address: u32) -> Option<u64> {
        let after = self.0.stretches.partition_point(|place| place.address.is_some_and(|start| start <= address));
        let place = self.0.stretches.get(after.checked_sub(1)?)?;
        let into = u64::from(address.checked_sub(place.address?)?);
        (into < place.bytes.len() as u64).then(|| place.offset.saturating_add(into))
    }

    /// The stretches by rising offset.
    pub fn stretches(&self) -> impl DoubleEndedIterator<Item = Stretch<'_>> + Clone {
        self.0.stretches.iter().map(|place| self.stretch(place))
    }

    /// The stretches that end behind the start of `range` and begin before its end.
    pub(crate) fn stretches_in(&self, range: Range<u64>) -> impl Iterator<Item = Stretch<'_>> {
        let first = self.0.stretches.partition_point(|place| place.end() <= range.start);
        let places = self.0.stretches.get(first..).unwrap_or_default().iter();
        places.take_while(move |place| place.offset < range.end).map(|place| self.stretch(place))
    }

    fn stretch(&self, place: &Place) -> Stretch<'_> {
        let bytes = self.0.bytes.get(place.bytes.clone()).unwrap_or_default();
        Stretch { offset: place.offset, address: place.address, bytes }
    }

    /// The bytes from `offset` to the end of its stretch; empty where the byte there is absent.
    pub fn from(&self, offset: u64) -> &[u8] {
        let after = self.0.stretches.partition_point(|place| place.offset <= offset);
        let place = after.checked_sub(1).and_then(|index| self.0.stretches.get(index));
        let slice = place.and_then(|place| {
            let into = usize::try_from(offset.checked_sub(place.offset)?).ok()?;
            self.0.bytes.get(place.bytes.clone())?.get(into..)
        });
        slice.unwrap_or_default()
    }

    /// What follows from `offset` on: bytes, or how many are absent.
    pub(crate) fn run(&self, offset: u64) -> Run<'_> {
        let bytes = self.from(offset);
        if !bytes.is_empty() {
            return Run::Present(bytes);
        }
        let after = self.0.stretches.partition_point(|place| place.offset <= offset);
        let next = self.0.stretches.get(after).map_or(self.0.length, |place| place.offset);
        Run::Absent(next.saturating_sub(offset).max(1))
    }

    /// The bytes of `range` as far as its first absent one.
    pub fn slice(&self, range: Range<u64>) -> &[u8] {
        let bytes = self.from(range.start);
        let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        bytes.get(..length.min(bytes.len())).unwrap_or_default()
    }

    /// The offset of the first occurrence of `pattern` that begins at `from` or later. No occurrence reaches over an
    /// absent byte.
    pub fn find(&self, pattern: &[u8], from: u64) -> Option<u64> {
        if pattern.is_empty() {
            return None;
        }
        let finder = memmem::Finder::new(pattern);
        self.stretches_in(from..self.0.length).find_map(|stretch| {
            let skip = usize::try_from(from.saturating_sub(stretch.offset)).unwrap_or(usize::MAX);
            let found = finder.find(stretch.bytes.get(skip..)?)?;
            Some(stretch.offset.saturating_add(skip as u64).saturating_add(found as u64))
        })
    }

    /// The offset of the last occurrence of `pattern` that begins before `before`.
    pub fn find_back(&self, pattern: &[u8], before: u64) -> Option<u64> {
        if pattern.is_empty() {
            return None;
        }
        let finder = memmem::FinderRev::new(pattern);
        self.stretches().rev().find_map(|stretch| {
            let end = usize::try_from(before.saturating_sub(stretch.offset)).unwrap_or(usize::MAX);
            // The last one may begin at the byte before `before` and reach past it.
            let end = end.saturating_add(pattern.len()).saturating_sub(1).min(stretch.bytes.len());
            let found = stretch.bytes.get(..end).filter(|_| before > stretch.offset).and_then(|it| finder.rfind(it))?;
            Some(stretch.offset.saturating_add(found as u64))
        })
    }
}

/// The bytes stay unseen.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({} bytes in {} stretches)", self.0.length, self.0.stretches.len())
    }
}
