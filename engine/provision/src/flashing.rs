//! Flash memories, user flash and external NOR, written by probe-rs's own loader with its bundled algorithms, each
//! commit verified over the wire. What goes where is the plan's affair.

use chip::memory_map::{KIB, USER_FLASH};
use chip::registers::FLASH;
use probe_rs::Session;
use probe_rs::config::RawFlashAlgorithm;
use probe_rs::flashing::{DownloadOptions, FlashError, FlashProgress, Flasher, ProgressEvent, ProgressOperation};

use crate::error::ProvisionError;
use crate::link::{Link, chain};

const KEYR: u32 = FLASH + 0x04;
const CR: u32 = FLASH + 0x10;
const ISR: u32 = FLASH + 0x24;
const ICR: u32 = FLASH + 0x28;
const CR_LOCK: u32 = 1 << 0;
const CR_BANK_ERASE: u32 = 1 << 3;
const CR_START: u32 = 1 << 5;
/// WRPERR, PGSERR, STRBERR, OBLERR, INCERR, RDSERR, SNECCERR, DBECCERR (CMSIS).
const ISR_ERRORS: u32 = 0x073E_0000;
/// A byte of erased flash.
const ERASED: u8 = 0xFF;
/// Bytes that are read back at once.
const VERIFY_CHUNK: usize = 16 * 1024;
/// The two words that unlock CR (HAL).
const FLASH_KEYS: [u32; 2] = [0x4567_0123, 0xCDEF_89AB];

/// What a commit is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Erasing sectors.
    Erasing,
    /// Programming pages.
    Programming,
    /// Reading back.
    Verifying,
}

/// How far a commit is. Erase, program and verify count their bytes into one sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// Bytes done, over all phases.
    pub done: u64,
    /// Bytes to do, over all phases, as far as they are known.
    pub total: u64,
}

impl Link {
    /// Erases the whole user flash with the flash interface's bank erase, and reads it back.
    ///
    /// # Errors
    /// [`ProvisionError::Flash`] when the interface reports an error (a protected sector), [`ProvisionError::ReadBack`]
    /// when a byte isn't erased; link errors.
    pub fn erase_user_flash(&mut self) -> Result<(), ProvisionError> {
        self.halt_through_reset()?;
        if self.read_word(CR)? & CR_LOCK != 0 {
            for key in FLASH_KEYS {
                self.write_word(KEYR, key)?;
            }
        }
        self.write_word(ICR, ISR_ERRORS)?;
        self.write_word(CR, CR_BANK_ERASE)?;
        self.write_word(CR, CR_BANK_ERASE | CR_START)?;
        let done = self.wait_for_flash("bank erase");
        let status = self.read_word(ISR);
        self.write_word(CR, CR_LOCK)?;
        done?;
        let errors = status? & ISR_ERRORS;
        if errors != 0 {
            return Err(ProvisionError::Flash {
                memory: "the user flash (erase)".into(),
                reason: format!("the flash interface reports {errors:#010x}"),
            });
        }
        let mut cells = vec![0; (64 * KIB) as usize];
        self.read(USER_FLASH.start, &mut cells)?;
        match (USER_FLASH.start..).zip(&cells).find(|(_, byte)| **byte != 0xFF) {
            None => Ok(()),
            Some((address, byte)) => Err(ProvisionError::ReadBack {
                what: "user flash after its erase".into(),
                address,
                expected: "0xff".into(),
                found: format!("{byte:#04x}"),
            }),
        }
    }

    /// Writes blocks of flash, each sector that is touched erased first, and verifies them over the wire. Bytes of a
    /// sector that no block names are erased. `algorithm` names the algorithm of an external memory, and is `None` for
    /// user flash. Pages of an external memory that shall hold erased flash alone aren't programmed, except one of a sector
    /// that has no other: the loader erases what it programs.
    ///
    /// The chip is reset, and the core left halted in the algorithm; reset it before anything else.
    ///
    /// # Errors
    /// [`ProvisionError::Flash`] with the algorithm's reason, [`ProvisionError::ReadBack`] for a byte that differs;
    /// link errors.
    pub fn flash(
        &mut self,
        blocks: &[(u32, Vec<u8>)],
        algorithm: Option<&str>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), ProvisionError> {
        let memory = blocks.iter().map(|(address, _)| format!("{address:#010x}")).collect::<Vec<_>>().join(" and ");
        let failed = |error: FlashError| ProvisionError::Flash { memory: memory.clone(), reason: chain(&error) };
        // The bundled algorithms load into RAM that the ROM's own code may be using right after a reset: the core must
        // stand before probe-rs resets it again.
        self.halt_through_reset()?;
        let session = self.session("flashing")?;
        let mut loader = session.target().flash_loader();
        let sizes = algorithm.map(|name| Sizes::of(session, name)).transpose()?;
        for (address, data) in blocks {
            match sizes {
                None => loader.add_data(u64::from(*address), data).map_err(failed)?,
                Some(sizes) => {
                    for (start, piece) in pieces(*address, data, sizes) {
                        loader.add_data(u64::from(start), piece).map_err(failed)?;
                    }
                }
            }
        }
        let size = blocks.iter().map(|(_, data)| data.len() as u64).sum();
        let mut sums = Sums { done: 0, total: if algorithm.is_some() { size } else { 0 } };
        let mut options = DownloadOptions::default();
        options.verify = algorithm.is_none();
        options.preferred_algos = algorithm.map(ToOwned::to_owned).into_iter().collect();
        options.progress = FlashProgress::new(|event| {
            if let Some(step) = sums.take(&event) {
                progress(step);
            }
        });
        loader.commit(session, options).map_err(failed)?;
        match algorithm {
            None => Ok(()),
            Some(name) => {
                self.verify_external(blocks, name, failed, &mut |size| progress(sums.add(Phase::Verifying, size)))
            }
        }
    }

    /// Reads external memory back through its window. The bundled algorithms leave the interface polling the memory's
    /// status after the last page; their init routine maps the memory again.
    fn verify_external(
        &mut self,
        blocks: &[(u32, Vec<u8>)],
        algorithm: &str,
        failed: impl Fn(FlashError) -> ProvisionError,
        done: &mut dyn FnMut(u64),
    ) -> Result<(), ProvisionError> {
        let session = self.session("verifying")?;
        let raw = algorithm_of(session, algorithm)?.clone();
        let mut flasher = Flasher::new(session.target(), 0, &raw).map_err(&failed)?;
        flasher.run_verify(session, &mut FlashProgress::empty(), |_, _| Ok(())).map_err(&failed)?;
        for (start, data) in blocks {
            for (address, wanted) in (*start..).step_by(VERIFY_CHUNK).zip(data.chunks(VERIFY_CHUNK)) {
                let mut found = vec![0; wanted.len()];
                self.read(address, &mut found)?;
                let differs = (address..).zip(wanted.iter().zip(&found)).find(|(_, (wanted, found))| wanted != found);
                if let Some((address, (wanted, found))) = differs {
                    return Err(ProvisionError::ReadBack {
                        what: "external flash".into(),
                        address,
                        expected: format!("{wanted:#04x}"),
                        found: format!("{found:#04x}"),
                    });
                }
                done(wanted.len() as u64);
            }
        }
        Ok(())
    }
}

/// The bundled algorithm of this name.
fn algorithm_of<'a>(session: &'a Session, name: &str) -> Result<&'a RawFlashAlgorithm, ProvisionError> {
    let found = session.target().flash_algorithms.iter().find(|known| known.name == name);
    found.ok_or_else(|| ProvisionError::Internal { what: format!("no algorithm {name}") })
}

/// What an algorithm programs and erases at once, in bytes.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    page: u32,
    sector: u32,
}

impl Sizes {
    fn of(session: &Session, name: &str) -> Result<Self, ProvisionError> {
        let properties = &algorithm_of(session, name)?.flash_properties;
        let sector = properties.sectors.first().and_then(|sector| u32::try_from(sector.size).ok());
        match (properties.page_size, sector) {
            (page @ 1.., Some(sector @ 1..)) => Ok(Self { page, sector }),
            _ => Err(ProvisionError::Internal { what: format!("{name} has no pages or no sectors") }),
        }
    }
}

/// The parts of a block that a loader has to be given so that all of it is erased and what is no erased flash programmed:
/// each page with something in it, and of a sector without such a page its first byte.
fn pieces(address: u32, data: &[u8], Sizes { page, sector }: Sizes) -> Vec<(u32, &[u8])> {
    let mut pieces = Vec::new();
    let mut rest = (address, data);
    while !rest.1.is_empty() {
        let (start, left) = rest;
        let (within, behind) = left.split_at(to_the_end(start, sector, left.len()));
        let before = pieces.len();
        let mut pages = (start, within);
        while !pages.1.is_empty() {
            let (at, all) = pages;
            let (one, others) = all.split_at(to_the_end(at, page, all.len()));
            if one.iter().any(|byte| *byte != ERASED) {
                pieces.push((at, one));
            }
            pages = (next(at, one.len()), others);
        }
        if pieces.len() == before {
            pieces.push((start, within.get(..1).unwrap_or_default()));
        }
        rest = (next(start, within.len()), behind);
    }
    pieces
}

/// Bytes from an address to the end of the unit that it is in, or of what there is.
fn to_the_end(address: u32, unit: u32, length: usize) -> usize {
    ((unit - address % unit) as usize).min(length)
}

fn next(address: u32, length: usize) -> u32 {
    address.wrapping_add(u32::try_from(length).unwrap_or(u32::MAX))
}

/// Adds up the loader's events.
struct Sums {
    done: u64,
    total: u64,
}

impl Sums {
    fn take(&mut self, event: &ProgressEvent) -> Option<Progress> {
        match event {
            ProgressEvent::AddProgressBar { total, .. } => {
                self.total += total.unwrap_or(0);
                None
            }
            ProgressEvent::Progress { operation, size, .. } => {
                let phase = match operation {
                    ProgressOperation::Erase => Phase::Erasing,
                    ProgressOperation::Fill | ProgressOperation::Program => Phase::Programming,
                    ProgressOperation::Verify => Phase::Verifying,
                };
                Some(self.add(phase, *size))
            }
            _ => None,
        }
    }

    fn add(&mut self, phase: Phase, size: u64) -> Progress {
        self.done += size;
        Progress { phase, done: self.done, total: self.total.max(self.done) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: Sizes = Sizes { page: 0x1000, sector: 0x1_0000 };

    #[test]
    fn every_sector_of_a_block_is_given_and_only_pages_that_hold_something() {
        let mut data = vec![ERASED; 0x3_0000];
        data[0x1_2345] = 1;
        data[0x1_2FFF] = 1;
        data[0x1_F000] = 0;
        let found: Vec<_> =
            pieces(0x9000_0000, &data, SIZES).into_iter().map(|(start, piece)| (start, piece.len())).collect();
        assert_eq!(found, [(0x9000_0000, 1), (0x9001_2000, 0x1000), (0x9001_F000, 0x1000), (0x9002_0000, 1)]);
    }

    #[test]
    fn a_block_that_begins_and_ends_inside_pages_is_cut_at_theirs() {
        let data = vec![0; 0x1800];
        let found: Vec<_> =
            pieces(0x9000_F800, &data, SIZES).into_iter().map(|(start, piece)| (start, piece.len())).collect();
        assert_eq!(found, [(0x9000_F800, 0x800), (0x9001_0000, 0x1000)]);
        assert!(pieces(0x9000_0000, &[], SIZES).is_empty());
    }
}
