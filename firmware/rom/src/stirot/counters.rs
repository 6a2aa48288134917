//! STiROT_Data: the security counter of the last image that ran, in two areas of which one is always whole.
// assumption A41: laid out as ST's OEMiRoT lays its object of the same size out, areas at indexes 16 and 19.

use chip::obk::{STIROT_DATA_A_INDEX, STIROT_DATA_B_INDEX};
use chip::trace::{Check, Event, Stage};
use formats::stirot_config::DataBlock;
use hardware::stage::report;
use rot::obk;
use rot::redundant::{YES, same};
use sha2::{Digest, Sha256};

const INDEXES: usize = DataBlock::SIZE / obk::INDEX;

/// The stored counter, and which area would be written next.
pub struct Counters {
    current: DataBlock,
    alternate: u8,
    whole: bool,
}

/// No area is whole: a counter that no image reaches, for a caller that looks at nothing else.
const NOTHING: Counters = Counters {
    current: DataBlock {
        sha256: [0; 32],
        code_sha256_reference: [0; 32],
        code_version: u32::MAX,
        code_previous: u32::MAX,
        reserved: [0; 24],
    },
    alternate: STIROT_DATA_A_INDEX,
    whole: false,
};

impl Counters {
    /// Reads both areas.
    pub fn read() -> Self {
        let counters = Self::load();
        let event = if counters.is_some() { Event::Passed } else { Event::Failed };
        report(Stage::Stirot, event, Check::Data as u16);
        counters.unwrap_or(NOTHING)
    }

    /// Reads both areas once more, for the second round of a verification: whoever keeps one reading from seeing the newer
    /// area finds the older counter in it, and the image that this lets through is refused by the other.
    pub fn read_again() -> Self {
        Self::load().unwrap_or(NOTHING)
    }

    /// Whether an area was whole.
    pub fn are_whole(&self) -> bool {
        self.whole
    }

    /// The area with the higher counter counts; a damaged one, or else the lower, is written next.
    #[inline(never)]
    fn load() -> Option<Self> {
        let areas = (area(STIROT_DATA_A_INDEX), area(STIROT_DATA_B_INDEX));
        let (current, alternate) = match areas {
            (Some(a), Some(b)) if a.code_version > b.code_version => (a, STIROT_DATA_B_INDEX),
            (_, Some(b)) => (b, STIROT_DATA_A_INDEX),
            (Some(a), None) => (a, STIROT_DATA_B_INDEX),
            (None, None) => return None,
        };
        Some(Self { current, alternate, whole: true })
    }

    /// The counter that an image must at least have.
    pub fn minimum(&self) -> u32 {
        self.current.code_version
    }

    /// Keeps the counter of an image that is about to run. It never goes down; an equal one writes nothing.
    ///
    /// # Errors
    /// When the option-byte keys don't take it.
    pub fn store(&self, counter: u32) -> Result<(), obk::ObkError> {
        if counter <= self.current.code_version {
            return Ok(());
        }
        let mut block = DataBlock { code_version: counter, code_previous: self.current.code_version, ..self.current };
        block.sha256 = Sha256::digest(block.hashed_bytes()).into();
        let mut data = [[0; obk::INDEX]; INDEXES];
        for (to, from) in data.as_flattened_mut().iter_mut().zip(block.encode()) {
            *to = from;
        }
        obk::encrypt(self.alternate, &mut data)?;
        obk::write(self.alternate, &data)?;
        // The old area stays whole: should power go while the new one is written, it is still there, and of two
        // whole areas the higher counter counts.
        match area(self.alternate) {
            Some(stored) if stored.code_version == counter => {
                report(Stage::Stirot, Event::CounterStored, (counter >> 16) as u16);
                Ok(())
            }
            _ => Err(obk::ObkError),
        }
    }
}

/// An area, when it is whole.
fn area(index: u8) -> Option<DataBlock> {
    let mut data = [[0; obk::INDEX]; INDEXES];
    obk::read(index, &mut data).ok()?;
    obk::decrypt(index, &mut data).ok()?;
    whole(data.as_flattened())
}

fn whole(bytes: &[u8]) -> Option<DataBlock> {
    let block = DataBlock::decode(bytes).ok()?;
    let hash = Sha256::digest(block.hashed_bytes());
    (same(&hash, &block.sha256) == YES && same(&block.sha256, &hash) == YES).then_some(block)
}
