//! What a file looks like from afar: per stretch how disordered its bytes are, and of which kinds. Made in steps, so
//! that a job can say how far it is and be stopped.

use std::ops::Range;

use crate::content::{Content, Run};

/// A map of a content in buckets of equal width.
#[derive(Debug, Clone, PartialEq)]
pub struct ByteMap {
    /// By rising offset; they cover the content.
    pub buckets: Vec<Bucket>,
}

/// One piece of the map. The shares add up to 1, absent bytes included.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Where it lies in the content.
    pub range: Range<u64>,
    /// Bits of disorder a byte, 0 to 8, over the bytes that are there. Ciphertext comes close to 8.
    pub entropy: f32,
    /// Share of bytes 0x00.
    pub zero: f32,
    /// Share of bytes 0xFF: erased flash.
    pub erased: f32,
    /// Share of printable ASCII and line ends.
    pub text: f32,
    /// Share of all other bytes.
    pub other: f32,
    /// Share of bytes that the file doesn't hold.
    pub absent: f32,
}

/// A map being made.
#[derive(Debug, Clone)]
pub struct ByteMapping {
    content: Content,
    width: u64,
    map: ByteMap,
}

impl ByteMapping {
    /// Begins a map of at most `buckets` buckets.
    pub fn new(content: &Content, buckets: usize) -> Self {
        let count = u64::try_from(buckets).unwrap_or(u64::MAX).max(1);
        let width = content.len().div_ceil(count).max(1);
        Self { content: content.clone(), width, map: ByteMap { buckets: Vec::new() } }
    }

    /// Goes on for about `bytes` bytes. The map, once it is whole; until then the bytes done.
    ///
    /// # Errors
    /// Until the map is whole: how many bytes are done.
    pub fn step(&mut self, bytes: u64) -> Result<ByteMap, u64> {
        let mut done = self.map.buckets.last().map_or(0, |bucket| bucket.range.end);
        let until = done.saturating_add(bytes.max(1));
        while done < self.content.len() {
            if done >= until {
                return Err(done);
            }
            let end = done.saturating_add(self.width).min(self.content.len());
            self.map.buckets.push(bucket(&self.content, done..end));
            done = end;
        }
        Ok(std::mem::replace(&mut self.map, ByteMap { buckets: Vec::new() }))
    }
}

impl ByteMap {
    /// The whole map at once.
    pub fn of(content: &Content, buckets: usize) -> Self {
        ByteMapping::new(content, buckets).step(u64::MAX).unwrap_or(Self { buckets: Vec::new() })
    }
}

/// What the bytes of a bucket are, counted.
fn bucket(content: &Content, range: Range<u64>) -> Bucket {
    let mut counts = [0_u64; 256];
    let mut at = range.start;
    while at < range.end {
        let left = usize::try_from(range.end - at).unwrap_or(usize::MAX);
        match content.run(at) {
            Run::Present(bytes) => {
                let bytes = bytes.get(..left.min(bytes.len())).unwrap_or_default();
                count(bytes, &mut counts);
                at = at.saturating_add(bytes.len() as u64);
            }
            Run::Absent(length) => at = at.saturating_add(length.min(left as u64)),
        }
    }
    let length = range.end.saturating_sub(range.start).max(1);
    let present: u64 = counts.iter().sum();
    let share = |count: u64| (count as f64 / length as f64) as f32;
    let of = |wanted: fn(u8) -> bool| {
        (0..=255_u8).zip(&counts).filter(|(byte, _)| wanted(*byte)).map(|(_, count)| *count).sum::<u64>()
    };
    let zero = of(|byte| byte == 0);
    let erased = of(|byte| byte == 0xFF);
    let text = of(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\n' | b'\r' | b'\t'));
    Bucket {
        entropy: entropy(&counts, present),
        zero: share(zero),
        erased: share(erased),
        text: share(text),
        other: share(present - zero - erased - text),
        absent: share(length.saturating_sub(present)),
        range,
    }
}

/// Counts bytes, four at a time in tables of their own: a run of equal bytes would wait for one counter.
fn count(bytes: &[u8], counts: &mut [u64; 256]) {
    // A piece is small enough for counters of 32 bits.
    for piece in bytes.chunks(1 << 24) {
        let mut tables = [[0_u32; 256]; 4];
        let (fours, rest) = piece.as_chunks::<4>();
        let [a, b, c, d] = &mut tables;
        for four in fours {
            for (table, byte) in [&mut *a, &mut *b, &mut *c, &mut *d].into_iter().zip(four) {
                if let Some(count) = table.get_mut(usize::from(*byte)) {
                    *count += 1;
                }
            }
        }
        for byte in rest {
            if let Some(count) = a.get_mut(usize::from(*byte)) {
                *count += 1;
            }
        }
        for (index, count) in counts.iter_mut().enumerate() {
            *count += tables.iter().filter_map(|table| table.get(index)).map(|count| u64::from(*count)).sum::<u64>();
        }
    }
}

/// Shannon's, in bits a byte.
fn entropy(counts: &[u64; 256], total: u64) -> f32 {
    if total == 0 {
        return 0.0;
    }
    let total = total as f64;
    let used = counts.iter().filter(|count| **count > 0).map(|count| *count as f64 / total);
    let bits: f64 = used.map(|share| -share * share.log2()).sum();
    bits.clamp(0.0, 8.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_tells_erased_text_noise_and_absent_bytes_apart() {
        let noise: Vec<u8> = (0..4096_u32).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let bytes = [vec![0xFF; 4096], b"sentences, ".repeat(400)[..4096].to_vec(), noise, vec![0; 4096]].concat();
        let map = ByteMap::of(&Content::of_bytes(bytes), 4);
        let [erased, text, noise, zero] = map.buckets.as_slice() else { panic!("{map:?}") };
        assert_eq!((erased.erased, erased.entropy), (1.0, 0.0));
        assert!(text.text == 1.0 && text.entropy > 2.0 && text.entropy < 4.0, "{text:?}");
        assert!(noise.entropy > 7.5, "{noise:?}");
        assert_eq!((zero.zero, zero.range.clone()), (1.0, 12288..16384));
        let gap = Content::of_file(b":0100000041BE\n:0100070041B7\n:00000001FF\n".to_vec()).0;
        let map = ByteMap::of(&gap, 1);
        assert_eq!((map.buckets[0].absent, map.buckets[0].text), (0.75, 0.25));
    }

    #[test]
    fn a_map_made_in_steps_is_the_map_made_at_once() {
        let content = Content::of_bytes((0..100_000_u32).map(|index| (index / 300) as u8).collect());
        let mut mapping = ByteMapping::new(&content, 37);
        let mut steps = 0;
        let map = loop {
            steps += 1;
            match mapping.step(10_000) {
                Ok(map) => break map,
                Err(done) => assert!(done < content.len()),
            }
        };
        assert!(steps > 5 && map.buckets.len() == 37);
        assert_eq!(map, ByteMap::of(&content, 37));
        assert_eq!(ByteMap::of(&Content::of_bytes(Vec::new()), 5).buckets, []);
    }
}
