//! The bytes that are shown, as stored or with the payload in the clear in its place, and what of them is selected.

use std::ops::Range;

use formats::Content;

/// Which bytes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shown {
    /// As they are stored.
    #[default]
    Stored,
    /// The payload in the clear.
    Decrypted,
}

/// A payload in the clear. It lives in memory only, in the place of the stored one.
#[derive(Debug, Clone)]
pub struct Plain {
    /// Which image it is of.
    pub image: usize,
    /// Where it begins.
    pub offset: u64,
    /// Its bytes, counted from there.
    pub content: Content,
    /// The key that opened it.
    pub key: String,
}

/// What of the bytes is selected: from one byte to another, both of them included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes {
    /// Where the selection began.
    pub anchor: u64,
    /// Where the cursor is.
    pub cursor: u64,
}

impl Bytes {
    /// Just one byte.
    pub const fn at(offset: u64) -> Self {
        Self { anchor: offset, cursor: offset }
    }

    /// All bytes of a range; none of an empty one.
    pub const fn of(range: &Range<u64>) -> Option<Self> {
        match range.end.checked_sub(1) {
            Some(last) if last >= range.start => Some(Self { anchor: last, cursor: range.start }),
            _ => None,
        }
    }

    /// First byte and the one past the last.
    pub const fn range(&self) -> Range<u64> {
        let (first, last) =
            if self.anchor < self.cursor { (self.anchor, self.cursor) } else { (self.cursor, self.anchor) };
        first..last.saturating_add(1)
    }
}

/// The bytes shown: those of the file, with the payload in the clear in its place when that is wanted.
#[derive(Debug, Clone, Copy)]
pub struct ByteView<'a> {
    /// As they are stored.
    pub stored: &'a Content,
    /// What stands over them.
    pub plain: Option<&'a Plain>,
}

/// One byte of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It is there.
    Byte(u8),
    /// It is there and must not be seen.
    Hidden,
    /// The file doesn't hold it.
    Absent,
}

impl ByteView<'_> {
    /// Bytes in all, absent ones included.
    pub fn len(&self) -> u64 {
        self.stored.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The byte at an offset.
    pub fn byte(&self, offset: u64) -> Seen {
        let plain = self.plain.and_then(|plain| plain.content.byte(offset.checked_sub(plain.offset)?));
        match plain.or_else(|| self.stored.byte(offset)) {
            Some(byte) => Seen::Byte(byte),
            None if self.stored.is_hidden(offset) => Seen::Hidden,
            None => Seen::Absent,
        }
    }

    /// The bytes of a range that may be seen; at most `most` of them. What is absent costs no time, however much it is.
    pub fn visible(&self, range: Range<u64>, most: usize) -> Vec<u8> {
        let offsets = self.stored.stretches().flat_map(|stretch| {
            let end = stretch.offset.saturating_add(u64::try_from(stretch.bytes.len()).unwrap_or(u64::MAX));
            stretch.offset.max(range.start)..end.min(range.end)
        });
        let bytes = offsets.filter_map(|offset| match self.byte(offset) {
            Seen::Byte(byte) => Some(byte),
            Seen::Hidden | Seen::Absent => None,
        });
        bytes.take(most).collect()
    }

    /// The next place of a pattern that begins at `from` or after it.
    pub fn find(&self, pattern: &[u8], from: u64) -> Option<u64> {
        let Some(plain) = self.plain else { return self.stored.find(pattern, from) };
        let clear = plain.content.find(pattern, from.saturating_sub(plain.offset)).map(|at| at + plain.offset);
        let covered = self.covered();
        let mut stored = self.stored.find(pattern, from);
        if let Some(at) = stored
            && meets(&covered, at, pattern)
        {
            stored = self.stored.find(pattern, covered.end.max(from));
        }
        [clear, stored].into_iter().flatten().min()
    }

    /// The last place of a pattern that begins before `before`.
    pub fn find_back(&self, pattern: &[u8], before: u64) -> Option<u64> {
        let Some(plain) = self.plain else { return self.stored.find_back(pattern, before) };
        let clear = before.checked_sub(plain.offset).and_then(|before| plain.content.find_back(pattern, before));
        let covered = self.covered();
        let mut stored = self.stored.find_back(pattern, before);
        if let Some(at) = stored
            && meets(&covered, at, pattern)
        {
            let length = u64::try_from(pattern.len()).unwrap_or(u64::MAX);
            stored = self.stored.find_back(pattern, covered.start.saturating_sub(length).saturating_add(1).min(before));
        }
        [clear.map(|at| at + plain.offset), stored].into_iter().flatten().max()
    }

    /// What the payload in the clear covers.
    fn covered(&self) -> Range<u64> {
        self.plain.map_or(0..0, |plain| plain.offset..plain.offset.saturating_add(plain.content.len()))
    }
}

fn meets(covered: &Range<u64>, at: u64, pattern: &[u8]) -> bool {
    let end = at.saturating_add(u64::try_from(pattern.len()).unwrap_or(u64::MAX));
    at < covered.end && covered.start < end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_in_the_clear_finds_what_is_shown_and_not_what_it_covers() {
        let stored = Content::of_bytes(b"abXXXXXXabab".to_vec());
        let plain = Plain { image: 0, offset: 2, content: Content::of_bytes(b"..ab..".to_vec()), key: String::new() };
        let view = ByteView { stored: &stored, plain: Some(&plain) };
        let mut at = 0;
        let mut found = Vec::new();
        while let Some(place) = view.find(b"ab", at) {
            found.push(place);
            at = place + 1;
        }
        assert_eq!(found, [0, 4, 8, 10]);
        assert_eq!(view.find(b"XX", 0), None);
        assert_eq!(view.find_back(b"XX", 12), None);
        assert_eq!(view.find_back(b"ab", 8), Some(4));
        assert_eq!(view.find_back(b"ab", 4), Some(0));
        assert_eq!(view.byte(4), Seen::Byte(b'a'));
        assert_eq!(view.byte(9), Seen::Byte(b'b'));
    }

    #[test]
    fn only_bytes_that_are_there_count_as_visible() {
        // Four bytes on either side of a gap.
        let hex = b":0400000001020304F2\n:0400100005060708D2\n:00000001FF\n";
        let (stored, troubles) = Content::of_file(hex.to_vec());
        assert!(troubles.is_empty(), "{troubles:?}");
        let view = ByteView { stored: &stored, plain: None };
        assert_eq!(view.visible(2..0x12, usize::MAX), [3, 4, 5, 6]);
        assert_eq!(view.visible(0..u64::MAX, 5), [1, 2, 3, 4, 5]);
        assert_eq!(view.visible(5..9, usize::MAX), [0_u8; 0]);
    }

    #[test]
    fn a_selection_holds_both_its_ends_and_an_empty_range_selects_nothing() {
        assert_eq!(Bytes { anchor: 9, cursor: 3 }.range(), 3..10);
        assert_eq!(Bytes::at(7).range(), 7..8);
        assert_eq!(Bytes::of(&(3..10)).map(|bytes| bytes.range()), Some(3..10));
        assert_eq!(Bytes::of(&(3..3)), None);
    }
}
