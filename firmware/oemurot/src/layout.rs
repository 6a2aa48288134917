//! The layout block: inside of the program, so that STiRoT's signature covers it, and read from there, so that it can be
//! changed without building the program anew.

use chip::trace::{Check, Event, Stage};
use formats::second_stage_layout::{ApplicationRun, SecondStageLayout};
use hardware::stage::report;

/// Words of the block behind its magic.
const WORDS: usize = (SecondStageLayout::SIZE - SecondStageLayout::MAGIC.len()) / 4;

#[repr(C, align(4))]
struct Block {
    magic: [u8; 16],
    words: [u32; WORDS],
}

/// The block that the program is built with: one image, in place, told on the console.
#[used]
#[unsafe(link_section = ".layout")]
static BLOCK: Block = {
    let run = ApplicationRun::InPlace;
    let places = SecondStageLayout::for_run(run).application;
    let first = [
        SecondStageLayout::SIZE as u32,
        run.word(),
        1,
        1,
        places.installation,
        places.download,
        places.slot_size,
        places.run,
    ];
    let mut words = [0; WORDS];
    let (start, _) = words.split_at_mut(first.len());
    start.copy_from_slice(&first);
    Block { magic: SecondStageLayout::MAGIC, words }
};

/// Reads the block, twice: what it says decides where everything lies.
pub fn read() -> Option<SecondStageLayout> {
    let layout = match (decode(), decode()) {
        (Some(first), Some(second)) if first == second => Some(first),
        _ => None,
    };
    let event = if layout.is_some() { Event::Passed } else { Event::Failed };
    report(Stage::Oemurot, event, Check::Layout as u16);
    layout
}

#[inline(never)]
fn decode() -> Option<SecondStageLayout> {
    // Safety: a block of this program. Volatile: what it holds was perhaps changed after the compiler saw it.
    let block = unsafe { (&raw const BLOCK).cast::<[u8; SecondStageLayout::SIZE]>().read_volatile() };
    SecondStageLayout::decode(&block).ok()
}
