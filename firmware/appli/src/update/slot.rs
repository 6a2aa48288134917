//! A slot of the external flash while an update is written into it: sector by sector, and the page with the image's
//! magic last, so that an update that breaks off leaves nothing that a boot stage would look at.

use core::fmt;

use chip::memory_map::{MIB, Region, XSPI1_WINDOW};
use formats::ImageHeader;

use super::nor::{Fault, Nor, PAGE, SECTOR};
use crate::place;

/// The discovery kit's NOR, as the window shows it.
const NOR: Region = Region::new(XSPI1_WINDOW.start, 128 * MIB);
const PAGE_SIZE: usize = PAGE as usize;

/// Why bytes are not written, or were not.
#[derive(Clone, Copy)]
pub enum Refusal {
    /// The address begins no sector.
    Unaligned,
    /// The file reaches outside of the external flash.
    Outside,
    /// It would overwrite the program that runs.
    Running,
    /// It begins with none of the words that an image begins with.
    NoImage,
    /// The image's header tells of more bytes than the file has.
    Shorter,
    /// More bytes came than the sender announced.
    Longer,
    /// Fewer did.
    Missing,
    /// What was written does not read back.
    ReadBack {
        /// The first address that differs.
        address: u32,
    },
    /// The flash did not do what it was told.
    Flash {
        /// Where.
        address: u32,
        /// What it was.
        fault: Fault,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unaligned => f.write_str("the address is not a multiple of 0x1000"),
            Self::Outside => {
                write!(f, "it does not lie in the external flash, {:#010x} to {:#010x}", NOR.start, NOR.last())
            }
            Self::Running => f.write_str("this program runs there"),
            Self::NoImage => f.write_str("the file is no image: it begins with neither magic"),
            Self::Shorter => f.write_str("the file is shorter than its header says"),
            Self::Longer => f.write_str("more bytes came than were announced"),
            Self::Missing => f.write_str("fewer bytes came than were announced"),
            Self::ReadBack { address } => write!(f, "what was written at {address:#010x} does not read back"),
            Self::Flash { address, fault } => write!(f, "external flash at {address:#010x}: {fault}"),
        }
    }
}

/// Whether a file of `size` bytes may go to `address`.
pub fn check(address: u32, size: u32) -> Result<(), Refusal> {
    if !address.is_multiple_of(SECTOR) {
        return Err(Refusal::Unaligned);
    }
    if size == 0 || !NOR.contains_span(address, size) {
        return Err(Refusal::Outside);
    }
    let erased = Region::new(address, size.next_multiple_of(SECTOR));
    if place::own_image().is_some_and(|own| own.overlaps(erased)) {
        return Err(Refusal::Running);
    }
    Ok(())
}

/// A slot that a file is being written into.
pub struct Slot {
    nor: Nor,
    address: u32,
    size: u32,
    written: u32,
    /// The page with the header, kept back until everything else is written.
    first: [u8; PAGE_SIZE],
}

impl Slot {
    /// Prepares to write `size` bytes from `address` on. Nothing is erased yet.
    pub fn open(address: u32, size: u32) -> Result<Self, Refusal> {
        check(address, size)?;
        let nor = Nor::start().map_err(|fault| Refusal::Flash { address, fault })?;
        Ok(Self { nor, address, size, written: 0, first: [0xFF; PAGE_SIZE] })
    }

    /// Whether anything of what was there before is gone.
    pub fn is_touched(&self) -> bool {
        self.written > 0
    }

    /// Takes the next bytes. What lies behind the announced size in the last block is filling.
    pub fn take(&mut self, block: &[u8]) -> Result<(), Refusal> {
        let left = self.size - self.written;
        if left == 0 {
            return Err(Refusal::Longer);
        }
        if self.written == 0 {
            is_image(block, self.size)?;
        }
        let mut rest = block.get(..left as usize).unwrap_or(block);
        while !rest.is_empty() {
            let in_page = self.written as usize % PAGE_SIZE;
            let (piece, others) = rest.split_at(rest.len().min(PAGE_SIZE - in_page));
            rest = others;
            let address = self.address + self.written;
            if address.is_multiple_of(SECTOR) {
                self.nor.erase_sector(address).map_err(|fault| Refusal::Flash { address, fault })?;
            }
            if self.written < PAGE {
                self.first.iter_mut().skip(in_page).zip(piece).for_each(|(kept, byte)| *kept = *byte);
            } else {
                self.program(address, piece)?;
            }
            self.written += piece.len() as u32;
        }
        Ok(())
    }

    /// Writes the page that was kept back: from now on the slot holds an image.
    pub fn finish(&mut self) -> Result<(), Refusal> {
        if self.written < self.size {
            return Err(Refusal::Missing);
        }
        let first = self.first;
        self.program(self.address, &first)
    }

    /// Writes a piece of a page and reads it back.
    fn program(&mut self, address: u32, piece: &[u8]) -> Result<(), Refusal> {
        let told = |fault| Refusal::Flash { address, fault };
        self.nor.program(address, piece).map_err(told)?;
        let mut page = [0; PAGE_SIZE];
        let back = page.get_mut(..piece.len()).unwrap_or_default();
        self.nor.read(address, back).map_err(told)?;
        match (address..).zip(piece.iter().zip(back.iter())).find(|(_, (written, read))| written != read) {
            Some((address, _)) => Err(Refusal::ReadBack { address }),
            None => Ok(()),
        }
    }
}

/// Whether a file of `size` bytes that begins with `block` can be an image. What it is worth is the boot stage's to say.
fn is_image(block: &[u8], size: u32) -> Result<(), Refusal> {
    let header = ImageHeader::decode(block).map_err(|_| Refusal::NoImage)?;
    if !place::MAGICS.iter().any(|magic| header.require_magic(*magic).is_ok()) {
        return Err(Refusal::NoImage);
    }
    if header.tlv_offset() >= size { Err(Refusal::Shorter) } else { Ok(()) }
}
