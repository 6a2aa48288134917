//! Bytes of a slot or of a copy, read word by word: a window of external memory is Device memory while images are judged,
//! where the core makes no access but the ones that stand here.

use chip::memory_map::Region;
use hardware::Register;

/// A slot, or the memory that a copy lies in.
#[derive(Clone, Copy)]
pub struct Source {
    region: Region,
}

impl Source {
    /// The memory from a multiple of 4 on, with a size that is one.
    ///
    /// # Safety
    /// Memory that can be read lies there while the value exists: the layout was checked, the window is mapped.
    pub unsafe fn new(region: Region) -> Self {
        Self { region }
    }

    /// Where it begins.
    pub fn start(&self) -> u32 {
        self.region.start
    }

    /// Bytes of it.
    pub fn size(&self) -> u32 {
        self.region.size
    }

    /// Reads bytes from `offset` on. Nothing, and `false`, when they don't all lie inside.
    #[must_use]
    pub fn read(&self, offset: u32, into: &mut [u8]) -> bool {
        let end = (offset as usize).checked_add(into.len());
        if end.is_none_or(|end| end > self.region.size as usize) {
            return false;
        }
        // Up to the next word, whole words, and what is left.
        let head = ((4 - (offset & 3)) & 3).min(into.len() as u32);
        let Some((first, rest)) = into.split_at_mut_checked(head as usize) else { return false };
        self.part(offset, first);
        let (words, last) = rest.as_chunks_mut::<4>();
        let mut at = offset.wrapping_add(head);
        for word in words {
            *word = self.word(at).to_le_bytes();
            at = at.wrapping_add(4);
        }
        self.part(at, last);
        true
    }

    /// Less than a word, inside of one.
    fn part(&self, offset: u32, into: &mut [u8]) {
        if into.is_empty() {
            return;
        }
        let bytes = self.word(offset & !3).to_le_bytes();
        for (to, from) in into.iter_mut().zip(bytes.iter().skip((offset & 3) as usize)) {
            *to = *from;
        }
    }

    fn word(&self, offset: u32) -> u32 {
        // Safety: inside of the region, as `read` looked at; whoever made the value says that memory is there.
        unsafe { Register::at(self.region.start.wrapping_add(offset)) }.read()
    }
}
