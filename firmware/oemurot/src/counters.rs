//! OEMuROT_Data: the security counters of the images that verified last, and the hash of the application that did, in two
//! areas of which one is always whole (scheme of ST's second stage, `formats.md` §5.6).
// assumption A82: the data image's counter is the first reserved word of the block.

use chip::second_stage::{DATA_A_INDEX, DATA_B_INDEX};
use chip::trace::{Check, Event, Stage, SubjectImage};
use formats::stirot_config::DataBlock;
use hardware::stage::report;
use rot::obk::{self, ObkError};
use rot::redundant::{YES, same};
use sha2::{Digest, Sha256};

const INDEXES: usize = DataBlock::SIZE / obk::INDEX;

/// What is stored, and which area is written next.
pub struct Counters {
    current: DataBlock,
    alternate: u8,
    other: u8,
}

impl Counters {
    /// Reads both areas. None when neither is whole.
    pub fn read() -> Option<Self> {
        let counters = Self::load();
        let event = if counters.is_some() { Event::Passed } else { Event::Failed };
        report(Stage::Oemurot, event, Check::Data as u16);
        counters
    }

    /// Reads both areas anew, for a round of a verification: whoever keeps one reading from seeing the newer area finds the
    /// older counter in it, and the image that this lets through is refused by the other.
    pub fn again() -> Option<Self> {
        Self::load()
    }

    /// Written next is the first damaged area, or else the one with the lower counters, or else A.
    #[inline(never)]
    fn load() -> Option<Self> {
        let [a, b] = [area(DATA_A_INDEX), area(DATA_B_INDEX)];
        let (current, alternate, other) = match (a, b) {
            (None, Some(b)) => (b, DATA_A_INDEX, DATA_B_INDEX),
            (Some(a), None) => (a, DATA_B_INDEX, DATA_A_INDEX),
            (Some(a), Some(b)) if rank(&b) < rank(&a) => (a, DATA_B_INDEX, DATA_A_INDEX),
            (Some(_), Some(b)) => (b, DATA_A_INDEX, DATA_B_INDEX),
            (None, None) => return None,
        };
        Some(Self { current, alternate, other })
    }

    /// The counter that an image must at least have.
    pub fn minimum(&self, image: SubjectImage) -> u32 {
        match image {
            SubjectImage::Application => self.current.code_version,
            SubjectImage::Data => data_counter(&self.current),
        }
    }

    /// The hash of the application that verified last; an image with this very hash needs no signature again. The area it
    /// comes from is whole.
    pub fn reference(&self) -> &[u8; 32] {
        &self.current.code_sha256_reference
    }

    /// Keeps the counter of an image that verified, and the application's hash. Counters never go down; what is stored
    /// already is not written again.
    ///
    /// # Errors
    /// When the option-byte keys don't take it.
    pub fn store(&mut self, image: SubjectImage, counter: u32, digest: &[u8; 32]) -> Result<(), ObkError> {
        let mut block = self.current;
        let higher = counter.max(self.minimum(image));
        match image {
            SubjectImage::Application => {
                block.code_sha256_reference = *digest;
                if higher != block.code_version {
                    block.code_previous = block.code_version;
                    block.code_version = higher;
                }
            }
            SubjectImage::Data => {
                if let Some(first) = block.reserved.first_chunk_mut::<4>() {
                    *first = higher.to_le_bytes();
                }
            }
        }
        block.sha256 = Sha256::digest(block.hashed_bytes()).into();
        if block == self.current {
            return Ok(());
        }
        let counted = self.minimum(image) != higher;
        let referred = self.current.code_sha256_reference != block.code_sha256_reference;
        write(self.alternate, &block)?;
        if area(self.alternate) != Some(block) {
            return Err(ObkError);
        }
        // Only now: one of the two is whole at any moment. The old one must not come back.
        invalidate(self.other)?;
        (self.alternate, self.other) = (self.other, self.alternate);
        self.current = block;
        if counted {
            report(Stage::Oemurot, Event::CounterStored, (counter >> 16) as u16);
        }
        if referred {
            let [first, second, ..] = *digest;
            report(Stage::Oemurot, Event::ReferenceStored, u16::from_be_bytes([first, second]));
        }
        Ok(())
    }
}

fn data_counter(block: &DataBlock) -> u32 {
    block.reserved.first_chunk::<4>().map_or(0, |word| u32::from_le_bytes(*word))
}

/// By what the newer of two areas is told.
fn rank(block: &DataBlock) -> (u32, u32) {
    (block.code_version, data_counter(block))
}

/// An area, when it is whole.
fn area(index: u8) -> Option<DataBlock> {
    let mut data = [[0; obk::INDEX]; INDEXES];
    obk::read(index, &mut data).ok()?;
    obk::decrypt(index, &mut data).ok()?;
    let block = DataBlock::decode(data.as_flattened()).ok()?;
    let hash = Sha256::digest(block.hashed_bytes());
    (same(&hash, &block.sha256) == YES && same(&block.sha256, &hash) == YES).then_some(block)
}

fn write(index: u8, block: &DataBlock) -> Result<(), ObkError> {
    let mut data = [[0; obk::INDEX]; INDEXES];
    for (to, from) in data.as_flattened_mut().iter_mut().zip(block.encode()) {
        *to = from;
    }
    obk::encrypt(index, &mut data)?;
    obk::write(index, &data)
}

/// Overwrites the hash of an area, its first index.
fn invalidate(index: u8) -> Result<(), ObkError> {
    let mut hash = [[0; obk::INDEX]];
    obk::encrypt(index, &mut hash)?;
    obk::write(index, &hash)
}
