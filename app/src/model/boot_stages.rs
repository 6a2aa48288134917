//! How many stages boot, and where each runs from which memory: the choice, and the figure of what is chosen. Plain values
//! without egui; addresses come from the project, the steps from the engine.

use chip::memory_map::Region;
use chip::product_state::ProductState;
use formats::ApplicationRun;

use super::boot_lab::Lane;
use super::configuration::Possible;

/// How many stages boot, and where the application of two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setting {
    /// STiRoT starts the application.
    One,
    /// STiRoT starts OEMuRoT, which starts the application.
    Two(ApplicationRun),
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::One,
        Self::Two(ApplicationRun::InPlace),
        Self::Two(ApplicationRun::InternalRam),
        Self::Two(ApplicationRun::ExternalRam),
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::One => "One stage",
            Self::Two(ApplicationRun::InPlace) => "Two, in place",
            Self::Two(ApplicationRun::InternalRam) => "Two, internal RAM",
            Self::Two(ApplicationRun::ExternalRam) => "Two, external RAM",
        }
    }

    /// What it means, in a sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::One => "STiRoT installs and starts the application; it runs from internal RAM.",
            Self::Two(ApplicationRun::InPlace) => {
                "STiRoT starts OEMuRoT, which starts the application where it is installed: external flash, decrypted as it \
                 is fetched."
            }
            Self::Two(ApplicationRun::InternalRam) => {
                "STiRoT starts OEMuRoT, which copies the application to internal RAM and starts it there."
            }
            Self::Two(ApplicationRun::ExternalRam) => {
                "STiRoT starts OEMuRoT, which copies the application to external RAM, encrypted there too, and starts it."
            }
        }
    }
}

/// A place in the figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockId {
    /// RSS in system flash.
    Rss,
    /// STiRoT in system flash.
    Stirot,
    /// The loader in user flash.
    Iloader,
    /// What STiRoT starts, in internal RAM.
    Started,
    /// A copy of the application in internal RAM.
    ApplicationInRam,
    /// The cipher between chip and external flash.
    Cipher,
    /// The application's installation slot, of two stages.
    ApplicationInstallation,
    /// STiRoT's installation slot.
    Installation,
    /// The application's download slot, of two stages.
    ApplicationDownload,
    /// STiRoT's download slot.
    Download,
    /// A copy of the application in external RAM.
    ExternalRam,
}

/// What is at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockSheet {
    /// Which place.
    pub id: BlockId,
    /// What is there, in a word or two.
    pub title: String,
    /// Whose code it is, or is kept there; it decides the colour.
    pub lane: Lane,
    /// At which level its code runs there; `None` for what is only kept.
    pub hdpl: Option<u8>,
    /// The bytes it takes, where that is known.
    pub span: Option<Region>,
    /// The first byte of code, for what runs.
    pub code: Option<u32>,
    /// In which state its bytes are, in a few words: encrypted by whom.
    pub bytes: String,
}

/// A step of a figure: an arrow with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrowSheet {
    /// Its number, from 1.
    pub number: u8,
    /// From where.
    pub from: BlockId,
    /// To where.
    pub to: BlockId,
    /// What is done.
    pub text: String,
}

/// Steps that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChapterSheet {
    /// What they do, in a few words.
    pub title: String,
    /// The steps in their order.
    pub arrows: Vec<ArrowSheet>,
}

/// The figure of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureSheet {
    /// What is where.
    pub blocks: Vec<BlockSheet>,
    /// The steps.
    pub chapters: Vec<ChapterSheet>,
    /// Where the addresses come from.
    pub source: String,
}

impl FigureSheet {
    /// The block whose code the core is in.
    pub fn block_of(&self, here: &HereSheet) -> Option<BlockId> {
        let holds = |block: &&BlockSheet| block.hdpl.is_some() && block.span.is_some_and(|span| span.contains(here.pc));
        // RSS and STiRoT share the system flash; the level tells them apart.
        let mut blocks = self.blocks.iter().filter(holds);
        let first = blocks.next()?;
        match (first.id, here.hdpl) {
            (BlockId::Rss, 1..) => Some(BlockId::Stirot),
            _ => Some(first.id),
        }
    }
}

/// The choice and its figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagesSheet {
    /// What the project has; `None` when OEMuRoT's program doesn't say where the application runs, or another flow is
    /// chosen.
    pub current: Option<Setting>,
    /// What is looked at.
    pub chosen: Setting,
    /// Its figure.
    pub figure: FigureSheet,
    /// Whether the project can be set so.
    pub change: Possible,
    /// What that would write, and what leads back.
    pub effect: String,
}

/// Where the open virtual board is at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HereSheet {
    /// The board's name.
    pub board: String,
    /// Its state, when it was measured.
    pub state: Option<ProductState>,
    /// The next instruction's address.
    pub pc: u32,
    /// The level.
    pub hdpl: u8,
    /// Whether the core waits for something.
    pub at_rest: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(id: BlockId, start: u32, hdpl: Option<u8>) -> BlockSheet {
        BlockSheet {
            id,
            title: String::new(),
            lane: Lane::Rss,
            hdpl,
            span: Some(Region::new(start, 0x2_0000)),
            code: None,
            bytes: String::new(),
        }
    }

    #[test]
    fn the_level_tells_which_stage_in_system_flash_the_core_is_in() {
        let blocks = vec![
            block(BlockId::Rss, 0x1FF0_0000, Some(0)),
            block(BlockId::Stirot, 0x1FF0_0000, Some(1)),
            block(BlockId::Installation, 0x9000_0000, None),
        ];
        let figure = FigureSheet { blocks, chapters: Vec::new(), source: String::new() };
        let here = |pc, hdpl| HereSheet { board: String::new(), state: None, pc, hdpl, at_rest: false };
        assert_eq!(figure.block_of(&here(0x1FF0_0100, 0)), Some(BlockId::Rss));
        assert_eq!(figure.block_of(&here(0x1FF0_0100, 1)), Some(BlockId::Stirot));
        assert_eq!(figure.block_of(&here(0x9000_0400, 3)), None, "what is only kept runs nowhere");
    }
}
