//! A file that holds an image: Intel hex or plain bytes, brought to one form.

use super::parts::Parts;
use crate::error::FormatError;
use crate::hex::{HexFile, Segment};

/// What a file says about one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFile {
    /// Bytes from the start of the slot; they may end behind the image or run to the slot's end.
    pub content: Vec<u8>,
    /// Address of the slot, where the file tells it.
    pub address: Option<u32>,
    /// Bytes that stand apart, further on in the slot: the trailer of a hex file.
    pub apart: Option<Apart>,
}

/// Bytes that stand apart from the image in the same slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    /// Offset from the start of the slot.
    pub offset: u32,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl ImageFile {
    /// Reads a file: one that begins with a colon is Intel hex, any other holds the slot's bytes.
    ///
    /// # Errors
    /// When the hex is damaged, empty, or has more than an image and a trailer.
    pub fn decode(file: &[u8]) -> Result<Self, FormatError> {
        if !file.trim_ascii_start().starts_with(b":") {
            return Ok(Self { content: file.to_vec(), address: None, apart: None });
        }
        let mut segments = HexFile::decode(file)?.segments.into_iter();
        let (first, second, third) = (segments.next(), segments.next(), segments.next());
        let Some(Segment { address, bytes: content }) = first else {
            return Err(FormatError::Hex { line: 1, problem: "no data; build the image again".into() });
        };
        if let Some(third) = third {
            let problem = format!(
                "data at {:#010x} besides image and trailer; this file holds more than one image, or another thing",
                third.address
            );
            return Err(FormatError::Hex { line: 1, problem });
        }
        let apart = second.map(|second| Apart { offset: second.address.saturating_sub(address), bytes: second.bytes });
        Ok(Self { content, address: Some(address), apart })
    }

    /// The image alone, from the start of the slot to its last TLV: what the file holds without fill and trailer.
    ///
    /// # Errors
    /// When the bytes can't be taken apart as an image.
    pub fn image(&self) -> Result<&[u8], FormatError> {
        let size = usize::try_from(Parts::decode(&self.content)?.size()).unwrap_or(usize::MAX);
        Ok(self.content.get(..size).unwrap_or(&self.content))
    }
}
