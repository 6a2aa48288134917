//! The layout block of the studio's second stage: 128 bytes inside of its program that say where the application's
//! slots lie and where it runs. They are signed with the program; no toolchain is needed to change them. ST's own
//! second stage has no such block.

use chip::memory_map::{AXI_SRAM, AXI_SRAM2, KIB, MIB, Region, XSPI1_WINDOW, XSPI2_WINDOW};
use chip::second_stage::{CODE_REGIONS, DATA_REGIONS};

use crate::layout::{Fields, LayoutError, Problem};

/// The external flash that slots lie in: what XSPI1 reaches on the kit, 128 MiB (`formats.md` §5.3).
const FLASH: Region = Region::new(XSPI1_WINDOW.start, 128 * MIB);
/// The external RAM of the kit: 32 MiB behind XSPI2.
pub const EXTERNAL_RAM: Region = Region::new(XSPI2_WINDOW.start, 32 * MIB);
/// RAM that the second stage leaves to a copy of the application: behind the 128 KiB that STiRoT fills with the second
/// stage itself.
const INTERNAL_RAM: Region =
    Region::new(AXI_SRAM2.start, AXI_SRAM.size.saturating_sub(AXI_SRAM2.start.saturating_sub(AXI_SRAM.start)));
/// Erase unit of the external flash: addresses and sizes are multiples of it.
const SECTOR: u32 = 4 * KIB;
/// Bytes between the start of an image and its code.
const HEADER_SIZE: u32 = 0x400;

/// Where the second stage finds, keeps and runs its images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondStageLayout {
    /// Where the application runs.
    pub run: ApplicationRun,
    /// The application's places.
    pub application: ImagePlaces,
    /// The places of a data image, where there is one; it is never copied, its `run` is 0.
    pub data: Option<ImagePlaces>,
    /// What the second stage tells on its console.
    pub console: ConsoleLines,
}

/// Where the application runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApplicationRun {
    /// In its installation slot, decrypted by MCE1 as it is fetched.
    InPlace,
    /// From a copy in AXI SRAM.
    InternalRam,
    /// From a copy in the RAM behind XSPI2, which MCE2 encrypts.
    ExternalRam,
}

impl ApplicationRun {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::InPlace, Self::InternalRam, Self::ExternalRam];

    /// The word that stands for it in the block.
    pub const fn word(self) -> u32 {
        match self {
            Self::InPlace => 0x5849_5031,
            Self::InternalRam => 0x5241_4D31,
            Self::ExternalRam => 0x5241_4D32,
        }
    }

    /// What a word of the block stands for.
    pub const fn from_word(word: u32) -> Option<Self> {
        match word {
            0x5849_5031 => Some(Self::InPlace),
            0x5241_4D31 => Some(Self::InternalRam),
            0x5241_4D32 => Some(Self::ExternalRam),
            _ => None,
        }
    }
}

/// Whether the second stage tells its decisions on UART4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsoleLines {
    /// One line for each decision.
    Told,
    /// None.
    Silent,
}

/// The places of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ImagePlaces {
    /// First address of the installation slot.
    pub installation: u32,
    /// First address of the download slot.
    pub download: u32,
    /// Bytes of each slot.
    pub slot_size: u32,
    /// Address of the image's header where the image runs: that of the copy, or of the installation slot; 0 for data.
    pub run: u32,
}

impl ImagePlaces {
    /// The slot that the image is kept in.
    pub const fn installation_slot(&self) -> Region {
        Region::new(self.installation, self.slot_size)
    }

    /// The slot that a new image is taken from.
    pub const fn download_slot(&self) -> Region {
        Region::new(self.download, self.slot_size)
    }

    /// What the image takes where it runs.
    pub const fn run_area(&self) -> Region {
        Region::new(self.run, self.slot_size)
    }
}

impl SecondStageLayout {
    /// Where the block begins, in bytes from the program's first byte.
    pub const OFFSET: usize = 0x400;
    /// Bytes of the block.
    pub const SIZE: usize = 128;
    /// The block's first 16 bytes.
    pub const MAGIC: [u8; 16] = *b"STUDIO-OEMUROT-1";

    /// The layout that the studio gives a new project.
    pub const fn for_run(run: ApplicationRun) -> Self {
        let (slot_size, address) = match run {
            ApplicationRun::InPlace => (2 * MIB, FLASH.start),
            ApplicationRun::InternalRam => (128 * KIB, INTERNAL_RAM.start),
            ApplicationRun::ExternalRam => (2 * MIB, EXTERNAL_RAM.start),
        };
        let application = ImagePlaces { installation: FLASH.start, download: 0x9020_0000, slot_size, run: address };
        Self { run, application, data: None, console: ConsoleLines::Told }
    }

    /// The studio's places for a data image.
    pub const fn default_data() -> ImagePlaces {
        ImagePlaces { installation: 0x9045_0000, download: 0x9046_0000, slot_size: 64 * KIB, run: 0 }
    }

    /// The layout that a program has inside; none when its place doesn't begin with the magic, as in ST's program.
    /// Offsets in errors count from the program's first byte.
    ///
    /// # Errors
    /// When the magic is there and the rest isn't a layout that can work.
    pub fn find(program: &[u8]) -> Result<Option<Self>, LayoutError> {
        match program.get(Self::OFFSET..) {
            Some(block) if block.starts_with(&Self::MAGIC) => {
                let block = block.get(..Self::SIZE).unwrap_or(block);
                Self::read(block, crate::layout::reported(Self::OFFSET)).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Puts the layout in the place of the one that a program has inside.
    ///
    /// # Errors
    /// When the program has no block, which is then no program of the studio's, or the layout can't work.
    pub fn replace_in(&self, program: &mut [u8]) -> Result<(), LayoutError> {
        self.check(crate::layout::reported(Self::OFFSET))?;
        let end = Self::OFFSET.saturating_add(Self::SIZE);
        let present = crate::layout::reported(program.len().saturating_sub(Self::OFFSET));
        let short = Problem::Short { needed: crate::layout::reported(Self::SIZE), present };
        let failed =
            |problem| LayoutError { offset: crate::layout::reported(Self::OFFSET), field: "layout block", problem };
        let block = program.get_mut(Self::OFFSET..end).ok_or(failed(short))?;
        if !block.starts_with(&Self::MAGIC) {
            let found = block.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
            return Err(failed(Problem::Value {
                found,
                expected: "\"STUDIO-OEMUROT-1\"; the program isn't the studio's",
            }));
        }
        block.copy_from_slice(&self.encode());
        Ok(())
    }

    /// Reads a block; offsets in errors count from its start.
    ///
    /// # Errors
    /// When it isn't 128 bytes long, a word has no meaning, or the places can't work: off the sectors of the external
    /// flash, outside of it, on each other, in more pieces than the MPU can open, or a run address that doesn't belong to
    /// where the application runs.
    pub fn decode(block: &[u8]) -> Result<Self, LayoutError> {
        Self::read(block, 0)
    }

    fn read(block: &[u8], start: u32) -> Result<Self, LayoutError> {
        let mut fields = Fields::new(block, start);
        let magic: &[u8; 16] = fields.array("magic of the layout block")?;
        if *magic != Self::MAGIC {
            let found = magic.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
            return Err(value(start, "magic of the layout block", found, "\"STUDIO-OEMUROT-1\""));
        }
        let mut word = |field, accepts: fn(u32) -> bool, expected| {
            let offset = fields.offset();
            let found = fields.u32(field)?;
            if accepts(found) { Ok(found) } else { Err(value(offset, field, found, expected)) }
        };
        word(field::SIZE, |size| size == 128, "0x80")?;
        let run = word(
            field::RUN,
            |run| ApplicationRun::from_word(run).is_some(),
            "0x58495031 (in place), 0x52414d31 (internal RAM) or 0x52414d32 (external RAM)",
        )?;
        let images = word(field::IMAGES, |images| matches!(images, 1 | 2), "1 (application) or 2 (and data)")?;
        let console = word(field::CONSOLE, |console| console <= 1, "0 (silent) or 1 (one line for each decision)")?;
        let [application, data] = [places(&mut fields, field::APPLICATION)?, places(&mut fields, field::DATA)?];
        let data_at = start.saturating_add(at::DATA);
        let data = match images {
            2 => Some(data),
            _ => {
                let words = [data.installation, data.download, data.slot_size, data.run];
                for ((offset, name), word) in (data_at..).step_by(4).zip(field::DATA).zip(words) {
                    if word != 0 {
                        return Err(value(offset, name, word, "0: there is no data image"));
                    }
                }
                None
            }
        };
        let mut offset = fields.offset();
        while offset < start.saturating_add(at::END) {
            let found = fields.u32("reserved")?;
            if found != 0 {
                return Err(value(offset, "reserved", found, "0"));
            }
            offset = fields.offset();
        }
        if !fields.is_empty() {
            return Err(value(offset, "length of the layout block", crate::layout::reported(block.len()), "0x80"));
        }
        let console = if console == 1 { ConsoleLines::Told } else { ConsoleLines::Silent };
        // The word was looked at above; a word without meaning doesn't come here.
        let run = ApplicationRun::from_word(run).ok_or(value(
            start.saturating_add(at::RUN),
            field::RUN,
            run,
            "a known word",
        ))?;
        let layout = Self { run, application, data, console };
        layout.check(start)?;
        Ok(layout)
    }

    /// The block's bytes, whether they can work or not.
    pub fn encode(&self) -> [u8; Self::SIZE] {
        let none = ImagePlaces { installation: 0, download: 0, slot_size: 0, run: 0 };
        let (images, data) = match self.data {
            Some(data) => (2_u32, data),
            None => (1, none),
        };
        let console = match self.console {
            ConsoleLines::Told => 1_u32,
            ConsoleLines::Silent => 0,
        };
        let words = [at::END, self.run.word(), images, console].into_iter();
        let of = |places: ImagePlaces| [places.installation, places.download, places.slot_size, places.run];
        let words = words.chain(of(self.application)).chain(of(data));
        let bytes = Self::MAGIC.into_iter().chain(words.flat_map(u32::to_le_bytes));
        let mut block = [0; Self::SIZE];
        for (target, source) in block.iter_mut().zip(bytes) {
            *target = source;
        }
        block
    }

    /// The application's first byte of code.
    pub const fn code_address(&self) -> u32 {
        self.application.run.wrapping_add(HEADER_SIZE)
    }

    /// Says what of a layout can't work, as [`SecondStageLayout::decode`] does; offsets count from `start` on.
    ///
    /// # Errors
    /// As [`SecondStageLayout::decode`], of the places.
    pub fn check(&self, start: u32) -> Result<(), LayoutError> {
        let application = start.saturating_add(at::APPLICATION);
        check_slots(&self.application, application, field::APPLICATION)?;
        if let Some(data) = &self.data {
            let offset = start.saturating_add(at::DATA);
            check_slots(data, offset, field::DATA)?;
            let theirs = [self.application.installation_slot(), self.application.download_slot()];
            let [installation, download, ..] = field::DATA;
            let slots = [
                (offset, installation, data.installation_slot()),
                (offset.saturating_add(4), download, data.download_slot()),
            ];
            for (offset, name, slot) in slots {
                if theirs.iter().any(|other| other.overlaps(slot)) {
                    return Err(value(offset, name, slot.start, "a slot that leaves the application's alone"));
                }
            }
            if protection_regions(data.installation_slot()) > u32::from(DATA_REGIONS) {
                return Err(value(offset, installation, data.installation, "a slot that 6 regions of the MPU open"));
            }
            if data.run != 0 {
                return Err(value(offset.saturating_add(12), "data: run address", data.run, "0: data don't run"));
            }
        }
        let run = self.application.run;
        let aligned = run.is_multiple_of(SECTOR);
        let size = self.application.slot_size;
        let (fits, expected) = match self.run {
            ApplicationRun::InPlace => (run == self.application.installation, "the installation slot's address"),
            ApplicationRun::InternalRam => (
                aligned && INTERNAL_RAM.contains_span(run, size),
                "a multiple of 0x1000 from 0x24020000 on, the slot ending below 0x24072000",
            ),
            ApplicationRun::ExternalRam => (
                aligned && EXTERNAL_RAM.contains_span(run, size),
                "a multiple of 0x1000 from 0x70000000 on, the slot ending below 0x72000000",
            ),
        };
        if !fits {
            return Err(value(application.saturating_add(12), "application: run address", run, expected));
        }
        // Internal RAM needs no region to be opened.
        let opened = protection_regions(self.application.run_area());
        if self.run != ApplicationRun::InternalRam && opened > u32::from(CODE_REGIONS) {
            let expected = "an address whose slot 7 regions of the MPU open";
            return Err(value(application.saturating_add(12), "application: run address", run, expected));
        }
        Ok(())
    }
}

/// Offsets in the block.
mod at {
    pub(super) const RUN: u32 = 0x14;
    pub(super) const APPLICATION: u32 = 0x20;
    pub(super) const DATA: u32 = 0x30;
    pub(super) const END: u32 = 0x80;
}

/// Names of the words.
pub(crate) mod field {
    pub(crate) const SIZE: &str = "size of the layout block";
    pub(crate) const RUN: &str = "where the application runs";
    pub(crate) const IMAGES: &str = "number of images";
    pub(crate) const CONSOLE: &str = "console";
    pub(crate) const APPLICATION: [&str; 4] = [
        "application: installation slot",
        "application: download slot",
        "application: slot size",
        "application: run address",
    ];
    pub(crate) const DATA: [&str; 4] =
        ["data: installation slot", "data: download slot", "data: slot size", "data: run address"];
}

fn places(fields: &mut Fields<'_>, names: [&'static str; 4]) -> Result<ImagePlaces, LayoutError> {
    let [installation, download, slot_size, run] = names;
    Ok(ImagePlaces {
        installation: fields.u32(installation)?,
        download: fields.u32(download)?,
        slot_size: fields.u32(slot_size)?,
        run: fields.u32(run)?,
    })
}

/// Regions of the MPU that open exactly this memory: each a power of two, aligned to its size.
fn protection_regions(memory: Region) -> u32 {
    let (mut start, mut left, mut regions) = (memory.start, memory.size, 0_u32);
    while left > 0 {
        let power = start.trailing_zeros().min(left.ilog2());
        let size = 1_u32 << power;
        start = start.wrapping_add(size);
        left = left.saturating_sub(size);
        regions = regions.saturating_add(1);
    }
    regions
}

/// Both slots of an image, whose words begin at `offset`: on sectors, inside the flash, apart.
fn check_slots(places: &ImagePlaces, offset: u32, names: [&'static str; 4]) -> Result<(), LayoutError> {
    let [installation, download, size, _] = names;
    let size_at = offset.saturating_add(8);
    if places.slot_size == 0 || !places.slot_size.is_multiple_of(SECTOR) || places.slot_size > FLASH.size {
        return Err(value(size_at, size, places.slot_size, "a multiple of 0x1000, at most 0x8000000, not 0"));
    }
    let download_at = offset.saturating_add(4);
    for (offset, name, address) in
        [(offset, installation, places.installation), (download_at, download, places.download)]
    {
        if !address.is_multiple_of(SECTOR) {
            return Err(value(offset, name, address, "a multiple of 0x1000, the sector of the external flash"));
        }
        if !FLASH.contains_span(address, places.slot_size) {
            return Err(value(offset, name, address, "a slot inside the external flash, 0x90000000 to 0x97ffffff"));
        }
    }
    if places.installation_slot().overlaps(places.download_slot()) {
        return Err(value(download_at, download, places.download, "a slot that leaves the installation slot alone"));
    }
    Ok(())
}

fn value(offset: u32, field: &'static str, found: u32, expected: &'static str) -> LayoutError {
    LayoutError { offset, field, problem: Problem::Value { found, expected } }
}
