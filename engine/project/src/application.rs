//! What an application's file tells: where it is linked to, how large it is, what it starts with, which RAM it uses.
//! Whether that fits the project is for the rules to judge.

use chip::loader::IMAGE_MAGIC;
use chip::memory_map::{
    AHB_SRAM1, AHB_SRAM2, AXI_SRAM, DTCM, Region, TCM_MAX_SIZE, USER_FLASH, XSPI1_WINDOW, XSPI2_WINDOW,
};

use crate::binary::{self, BinaryError, LoadImage};

/// Where a stack may be: in the DTCM with all that it can borrow, or in SRAM.
const STACKS: [Region; 4] = [Region::new(DTCM.start, TCM_MAX_SIZE), AXI_SRAM, AHB_SRAM1, AHB_SRAM2];
/// Where programs run.
const CODE: [Region; 4] = [AXI_SRAM, USER_FLASH, XSPI1_WINDOW, XSPI2_WINDOW];

/// What a program's file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationFacts {
    /// The address that it is linked to, of its first byte. Plain bytes don't tell.
    pub address: Option<u32>,
    /// Bytes that are loaded, gaps included: what an image carries.
    pub payload: u32,
    /// Where the stack begins, downwards: the first word.
    pub stack: u32,
    /// The first instruction, with the lowest bit set for Thumb: the second word.
    pub reset: u32,
    /// RAM that it fills at its start or writes to, by rising address. Only ELF files tell.
    pub ram: Vec<Region>,
}

/// Reads an application, plain bytes, ELF or Intel hex.
///
/// # Errors
/// As [`load_image`](binary::load_image()); and when it doesn't begin with a vector table: a stack in RAM, then an
/// instruction inside of the program, or for plain bytes in memory that programs run from.
pub fn application_facts(file: &[u8]) -> Result<ApplicationFacts, BinaryError> {
    let program = binary::read(file)?;
    let (stack, reset) = vectors(&program.image)?;
    let bytes = program.image.bytes.len();
    let payload = u32::try_from(bytes).map_err(|_| BinaryError::BeyondMemory { address: reset })?;
    Ok(ApplicationFacts { address: program.image.address, payload, stack, reset, ram: program.ram })
}

/// The first two words of a program, where they can be what they have to be.
pub(crate) fn vectors(image: &LoadImage) -> Result<(u32, u32), BinaryError> {
    let too_short = BinaryError::TooShort { bytes: image.bytes.len() };
    let mut words = words(&image.bytes);
    let (Some(stack), Some(reset)) = (words.next(), words.next()) else { return Err(too_short) };
    if stack == IMAGE_MAGIC {
        return Err(BinaryError::Image);
    }
    // A stack grows downwards: it may begin right behind its memory.
    let holds_stack = |ram: &Region| stack > ram.start && ram.contains(stack - 1);
    if !stack.is_multiple_of(4) || !STACKS.iter().any(holds_stack) {
        return Err(BinaryError::Stack { stack });
    }
    let instruction = reset & !1;
    let inside = match image.address {
        Some(start) => instruction.checked_sub(start).is_some_and(|into| (into as usize) < image.bytes.len()),
        None => CODE.iter().any(|memory| memory.contains(instruction)),
    };
    if reset & 1 == 0 || !inside {
        return Err(BinaryError::Reset { reset });
    }
    Ok((stack, reset))
}

/// The aligned words of a program.
pub(crate) fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word))
}
