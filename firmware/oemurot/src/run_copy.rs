//! The copy that an application runs from, in internal or external RAM: written from the installation slot, and then
//! judged where it lies. What counts is the copy, not what it was copied from.

use core::hint::black_box;

use chip::memory_map::{Region, XSPI2_WINDOW};
use chip::trace::{Check, Event, Stage, Subject, SubjectImage, SubjectPlace};
use formats::second_stage_layout::ImagePlaces;
use hardware::external::Fault;
use hardware::mce::{MCE2, RegionNumber, Writes};
use hardware::mpu::{self, Access, DeviceRegion};
use hardware::stage::{refresh_watchdog, report};
use hardware::{Register, dma, psram};
use rot::random;
use rot::redundant::{Round, Tally, YES, both, forget, passed, same};

use crate::entry::DMA_PAGE;
use crate::image::{CHUNK, Image, Opening};
use crate::source::Source;
use crate::verdict::Verdicts;

/// Checks that a round makes of a copy.
const CHECKS: u32 = 2;
/// MPU region that opens the window of external RAM while the copy is judged.
const WINDOW_REGION: u8 = 10;

/// What two evaluations of a copy found.
pub struct CopyVerdicts {
    first: u32,
    second: u32,
}

impl CopyVerdicts {
    /// Judges a copy against what was found in the installation slot, each round against its own hash.
    #[inline(never)]
    pub fn of(copy: &Source, installed: &Verdicts) -> Self {
        let subject = Subject { image: SubjectImage::Application, place: SubjectPlace::RunCopy };
        report(Stage::Oemurot, Event::Judges, subject.encode());
        let [first, second] = installed.digests();
        let verdicts = Self { first: verify(copy, first, Round::FIRST), second: verify(copy, second, Round::SECOND) };
        let good = verdicts.first_is_good(copy.start()) && verdicts.second_is_good(copy.start());
        report(Stage::Oemurot, if good { Event::Passed } else { Event::Failed }, Check::RunCopy as u16);
        verdicts
    }

    /// Whether the first round passed, for the copy that begins there.
    #[inline(always)]
    pub fn first_is_good(&self, start: u32) -> bool {
        black_box(self.first) == passed(Round::FIRST, CHECKS) ^ start
    }

    /// Whether the second round passed, for the copy that begins there.
    #[inline(always)]
    pub fn second_is_good(&self, start: u32) -> bool {
        black_box(self.second) == passed(Round::SECOND, CHECKS) ^ start
    }
}

#[inline(never)]
fn verify(copy: &Source, digest: &[u8; 32], round: Round) -> u32 {
    let mut tally = Tally::new(round);
    let opened = Image::open(copy);
    let answer = both(opened.is_some(), opened.is_some());
    tally.add(answer);
    let Some(opened) = opened else { return 0 };
    if answer != YES {
        return 0;
    }
    let Some(found) = opened.digest(copy, Opening::none()) else { return 0 };
    tally.add(same(&found, digest));
    tally.word() ^ copy.start()
}

/// Copies the installed image to internal RAM; what is behind it there is wiped, so that nothing runs that nobody judged.
pub fn to_internal_ram(installed: &Source, places: &ImagePlaces) {
    let Region { start, size } = places.run_area();
    let length = Image::open(installed).map_or(0, |image| image.size()).next_multiple_of(4).min(size);
    let mut word = [0; 4];
    for offset in (0..size).step_by(4) {
        if offset.is_multiple_of(CHUNK as u32) {
            refresh_watchdog();
        }
        let within = offset < length && installed.read(offset, &mut word);
        let value = if within { u32::from_le_bytes(word) } else { 0 };
        // Safety: the layout was checked to name AXI SRAM behind this stage's area, which holds nothing of its.
        unsafe { Register::at(start + offset) }.write(value);
    }
    cortex_m::asm::dsb();
    report(Stage::Oemurot, Event::CopiedToRam, (start >> 16) as u16);
}

/// Why external RAM can't hold a copy.
pub enum CopyFault {
    /// The chip, its interface or the DMA.
    Memory,
    /// The cipher engine, or no number that nobody can foresee for its key.
    Cipher,
}

impl From<Fault> for CopyFault {
    fn from(_: Fault) -> Self {
        Self::Memory
    }
}

/// Copies the installed image to external RAM, through the second cipher engine under a key that this boot alone has. What
/// is behind it there is noise: nobody but the engine knows the key.
///
/// # Errors
/// When chip, engine or DMA don't do what they should.
pub fn to_external_ram(installed: &Source, places: &ImagePlaces) -> Result<(), CopyFault> {
    let Region { start, size } = places.run_area();
    let mut key = [0; 16];
    random::fill(&mut key).map_err(|_| CopyFault::Cipher)?;
    let keyed = MCE2.set_key(&key);
    forget(&mut key);
    keyed.map_err(|_| CopyFault::Cipher)?;
    MCE2.set_region(RegionNumber::One, start, size, Writes::Allowed);
    psram::start()?;
    mpu::set(DeviceRegion {
        number: WINDOW_REGION,
        base: XSPI2_WINDOW.start,
        size_power: 28,
        access: Access::Privileged,
    });
    let length = Image::open(installed).map_or(0, |image| image.size()).min(size);
    for offset in (0..length).step_by(CHUNK) {
        refresh_watchdog();
        let page = crate::install::dma_page();
        page.fill(0);
        let count = (CHUNK as u32).min(length - offset);
        if !page.get_mut(..count as usize).is_some_and(|bytes| installed.read(offset, bytes)) {
            return Err(CopyFault::Memory);
        }
        // A slot is whole sectors of 4 KiB: a chunk never reaches past it.
        dma::copy(DMA_PAGE.start, start + offset, CHUNK as u16)?;
    }
    forget(crate::install::dma_page());
    report(Stage::Oemurot, Event::CopiedToRam, (start >> 16) as u16);
    Ok(())
}
