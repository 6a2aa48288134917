//! What STiRoT asks for: the shared structure, read and judged.

use chip::loader::{OPERATION_LOAD, OPERATION_UPDATE, SHARED_STRUCTURE, SUB_ERASE_CODE, SUB_SAVE_CODE};
use chip::memory_map::{AXI_SRAM, MIB, Region, XSPI1_WINDOW};
use hardware::Register;
use hardware::nor::SECTOR;

use crate::Fault;

/// What this loader reaches of the window: the discovery kit's NOR.
const NOR_SIZE: u32 = 128 * MIB;

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Bring an image to RAM.
    Load,
    /// Install the image in RAM, and erase the download slot.
    Save,
    /// Erase the download slot.
    Erase,
}

/// A request that can be done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// What to do.
    pub operation: Operation,
    /// The firmware area in RAM.
    pub ram: Region,
    /// The installation slot, as large as the firmware area.
    pub installation: Region,
    /// The download slot, as large.
    pub download: Region,
}

impl Request {
    /// Reads the structure.
    pub fn read() -> Result<Self, Fault> {
        // Safety: the structure's place in DTCM, above everything that this program uses.
        let word = |number: u32| unsafe { Register::at(SHARED_STRUCTURE + 4 * number) }.read();
        let operation = match (word(0), word(1)) {
            (OPERATION_LOAD, _) => Operation::Load,
            // Saving erases the download slot, too, whether that is asked for or not.
            (OPERATION_UPDATE, bits) if bits & !(SUB_SAVE_CODE | SUB_ERASE_CODE) != 0 => return Err(Fault::Request),
            (OPERATION_UPDATE, bits) if bits & SUB_SAVE_CODE != 0 => Operation::Save,
            (OPERATION_UPDATE, SUB_ERASE_CODE) => Operation::Erase,
            _ => return Err(Fault::Request),
        };
        let size = word(3);
        if size == 0 || !size.is_multiple_of(SECTOR) {
            return Err(Fault::Request);
        }
        let request = Self {
            operation,
            ram: Region::new(word(2), size),
            installation: Region::new(word(6), size),
            download: Region::new(word(7), size),
        };
        let nor = Region::new(XSPI1_WINDOW.start, NOR_SIZE);
        let fits = AXI_SRAM.contains_span(request.ram.start, size)
            && request.ram.start.is_multiple_of(4)
            && [request.installation, request.download]
                .into_iter()
                .all(|slot| nor.contains_span(slot.start, size) && slot.start.is_multiple_of(SECTOR))
            && !request.installation.overlaps(request.download);
        if fits { Ok(request) } else { Err(Fault::Request) }
    }

    /// Reads the structure again: whether it still asks for the same. Asked before anything is erased.
    pub fn stands(&self) -> Result<(), Fault> {
        match Self::read() {
            Ok(again) if again == *self => Ok(()),
            _ => Err(Fault::Request),
        }
    }

    /// The code of the operation in the shared structure.
    pub fn operation_word(&self) -> u32 {
        if self.operation == Operation::Load { OPERATION_LOAD } else { OPERATION_UPDATE }
    }
}
