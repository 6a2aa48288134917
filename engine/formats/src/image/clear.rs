//! An encrypted image as one whose payload lies open: the same header, payload and signature, for tools that can't open
//! it and for comparing builds. Nothing that is signed changes.

use super::ecies;
use super::file::ImageFile;
use super::header::ImageHeader;
use super::parts::Parts;
use super::tlv::{Tlv, TlvArea};
use crate::error::FormatError;
use crate::hex::{HexFile, Segment};
use crate::keys::PrivateKey;
use crate::layout::LayoutError;

/// The image in `file` with its payload in the clear and without the wrapped key, in a slot of the same size.
///
/// An image for one slot is signed as if it were not encrypted, and its header says so then. Others are signed with the
/// flag of an encrypted payload and keep it: their boot stage takes the result for damaged, other tools verify it.
///
/// # Errors
/// When the bytes can't be taken apart, or when the image wasn't encrypted for this key.
pub fn clear_image(file: &ImageFile, key: &PrivateKey) -> Result<ImageFile, FormatError> {
    let damaged = |source: LayoutError| FormatError::Layout { what: "image", source };
    let parts = Parts::decode(&file.content)?;
    let Some(wrapped) = parts.tlvs.only(Tlv::WRAPPED_KEY).map_err(damaged)? else {
        return Err(FormatError::Decrypt("it holds no wrapped key; its payload lies open already".into()));
    };
    let payload_key = ecies::unwrap(wrapped.value, key)?;
    let header = ImageHeader { flags: parts.header.flags.hashed(), ..parts.header };
    let mut content = Vec::with_capacity(file.content.len());
    content.extend_from_slice(&header.encode());
    content.extend_from_slice(parts.gap);
    content.extend_from_slice(parts.payload);
    let payload =
        content.split_at_mut_checked(usize::from(header.header_size)).map_or(&mut [][..], |(_, payload)| payload);
    ecies::apply_ctr(&payload_key, payload);
    content.extend_from_slice(parts.protected_bytes());

    let mut entries = Vec::new();
    for entry in parts.tlvs.entries() {
        let entry = entry.map_err(damaged)?;
        if entry.kind != Tlv::WRAPPED_KEY {
            entries.extend_from_slice(&entry.kind.to_le_bytes());
            // As long as it was, in a field of 16 bits.
            entries.extend_from_slice(&(entry.value.len() as u16).to_le_bytes());
            entries.extend_from_slice(entry.value);
        }
    }
    content.extend_from_slice(&parts.tlvs.kind().magic().to_le_bytes());
    content.extend_from_slice(&((entries.len() + TlvArea::HEAD_SIZE) as u16).to_le_bytes());
    content.extend_from_slice(&entries);
    if !parts.rest.is_empty() {
        // The slot's end stays where it was.
        content.resize(file.content.len().saturating_sub(parts.rest.len()), 0xFF);
        content.extend_from_slice(parts.rest);
    }
    Ok(ImageFile { content, address: file.address, apart: file.apart.clone() })
}

impl ImageFile {
    /// The file: Intel hex where its address is known, else plain bytes.
    ///
    /// # Errors
    /// When what stands apart lies over the image or past the last address.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        let Some(address) = self.address else { return Ok(self.content.clone()) };
        let mut segments = vec![Segment { address, bytes: self.content.clone() }];
        if let Some(apart) = &self.apart {
            let at = address.checked_add(apart.offset).ok_or_else(|| FormatError::Setting {
                setting: "address",
                problem: format!("a slot at {address:#010x} reaches past the last address"),
            })?;
            segments.push(Segment { address: at, bytes: apart.bytes.clone() });
        }
        Ok(HexFile::new(segments)?.encode().into_bytes())
    }
}
