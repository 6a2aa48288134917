//! A program as its tool chain leaves it, plain bytes, ELF or Intel hex: what of it is loaded, and where. What the
//! program is for is the business of `loader` and `application`.
//!
//! Memory stays in proportion to the file: parts that lie far apart are refused, not joined.

mod elf;
mod error;
mod file;

use chip::memory_map::{KIB, Region};
use formats::HexFile;

pub use error::BinaryError;
pub use file::ProgramFile;
pub(crate) use file::begins_as_image;

/// Most bytes in all that may be missing between the parts of a program. Alignment leaves a few, and the hex file of an
/// image most of its slot, which is no larger than the RAM that it is copied to.
const GAP_LIMIT: u64 = 512 * KIB as u64;

/// What a gap is filled with: what erased flash reads as.
const FILL: u8 = 0xFF;

/// What of a program is loaded, in one piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadImage {
    /// Address of the first byte. Plain bytes have none.
    pub address: Option<u32>,
    /// The bytes, at least one; between the parts of the program 0xFF.
    pub bytes: Vec<u8>,
}

/// A program's file.
pub(crate) struct Program {
    pub(crate) image: LoadImage,
    /// Memory that the program fills when it starts or writes to, as far as its file tells: data, zeroed data, stack.
    pub(crate) ram: Vec<Region>,
}

/// Bytes that are loaded to an address.
struct Part<'a> {
    address: u32,
    bytes: &'a [u8],
}

impl Part<'_> {
    fn end(&self) -> u64 {
        u64::from(self.address) + self.bytes.len() as u64
    }
}

/// Reads what a program's file loads: of an ELF file the content of its sections at their load addresses, of an Intel
/// hex file its data, else the file itself.
///
/// # Errors
/// When there is nothing to load, the file is damaged or for another processor, two parts share an address, or parts
/// lie so far apart that they can't be one program.
pub fn load_image(file: &[u8]) -> Result<LoadImage, BinaryError> {
    read(file).map(|program| program.image)
}

pub(crate) fn read(file: &[u8]) -> Result<Program, BinaryError> {
    match file {
        [] => Err(BinaryError::Empty),
        [0x7F, b'E', b'L', b'F', ..] => elf::read(file),
        // A program in plain bytes begins with the address of its stack, which is a multiple of 4; a colon is none.
        [b':', ..] => {
            let hex = HexFile::decode(file).map_err(BinaryError::Hex)?;
            let parts = hex.segments.iter().map(|segment| Part { address: segment.address, bytes: &segment.bytes });
            Ok(Program { image: join(parts.collect())?, ram: Vec::new() })
        }
        _ => Ok(Program { image: LoadImage { address: None, bytes: file.to_vec() }, ram: Vec::new() }),
    }
}

fn join(mut parts: Vec<Part<'_>>) -> Result<LoadImage, BinaryError> {
    parts.retain(|part| !part.bytes.is_empty());
    parts.sort_by_key(|part| part.address);
    let Some(first) = parts.first() else { return Err(BinaryError::NothingToLoad) };
    let start = first.address;
    let mut end = u64::from(start);
    let mut missing = 0;
    for part in &parts {
        let Some(gap) = u64::from(part.address).checked_sub(end) else {
            return Err(BinaryError::Overlap { address: part.address });
        };
        missing += gap;
        if missing > GAP_LIMIT {
            return Err(BinaryError::Apart { end, next: part.address });
        }
        end = part.end();
    }
    if end > u64::from(u32::MAX) + 1 {
        return Err(BinaryError::BeyondMemory { address: start });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(end - u64::from(start)).unwrap_or(0));
    for part in &parts {
        bytes.resize(usize::try_from(part.address - start).unwrap_or(usize::MAX), FILL);
        bytes.extend_from_slice(part.bytes);
    }
    Ok(LoadImage { address: Some(start), bytes })
}
