//! What is judged: the bytes of an image and of its slot as a file shows them, and its payload in the clear, which is
//! never held as a whole for hashing.

use aes::cipher::StreamCipher;
use sha2::{Digest, Sha256};

use crate::content::Weight;
use crate::image::anatomy::slot::{Mark, pieces};
use crate::image::dissected::Dissected;
use crate::image::ecies;
use crate::image::file::ImageFile;
use crate::image::header::ImageHeader;
use crate::opened::{FoundImage, Opened};
use crate::secret::Secret;

/// Bytes that are decrypted at a time.
const CHUNK: usize = 64 * 1024;

/// An image and its slot, as a file shows them.
pub(crate) struct Material<'a> {
    /// From the image's first byte on, as far as it follows without a gap.
    pub(super) bytes: &'a [u8],
    /// Where that is in the content.
    pub(super) base: u64,
    /// Its address, where the file tells addresses.
    pub(super) address: Option<u32>,
    /// What lies behind the image in its slot, each piece with its offset in the slot.
    pub(super) rest: Vec<(u64, &'a [u8])>,
    /// Bytes of the slot, where the file shows them.
    pub(super) shown_slot: Option<u64>,
    /// What is wrong with the file.
    pub(super) damage: Option<String>,
}

impl<'a> Material<'a> {
    /// An image of an opened file.
    pub(crate) fn of(opened: &'a Opened, image: &FoundImage) -> Self {
        let damage = opened.troubles.iter().find(|trouble| trouble.weight == Weight::Damage);
        let rest = pieces(&opened.content, image.image.end..image.slot.end);
        Self {
            bytes: opened.content.from(image.offset),
            base: image.offset,
            address: image.address,
            rest: rest.map(|(offset, bytes)| (offset.saturating_sub(image.offset), bytes)).collect(),
            shown_slot: image.slot_size,
            damage: damage.map(|trouble| match trouble.line {
                Some(line) => format!("line {line}: {}; {}", trouble.what, trouble.remedy),
                None => format!("{}; {}", trouble.what, trouble.remedy),
            }),
        }
    }

    /// The image of a file that holds one only.
    pub(crate) fn of_file(file: &'a ImageFile) -> Self {
        let end = Dissected::of(&file.content).end;
        let behind = file.content.get(end..).unwrap_or_default();
        let mut rest = Vec::new();
        if !behind.is_empty() {
            rest.push((end as u64, behind));
        }
        let mut shown_slot = (!behind.is_empty()).then_some(file.content.len() as u64);
        if let Some(apart) = &file.apart {
            rest.push((u64::from(apart.offset), apart.bytes.as_slice()));
            shown_slot = Some(u64::from(apart.offset).saturating_add(apart.bytes.len() as u64));
        }
        Self { bytes: &file.content, base: 0, address: file.address, rest, shown_slot, damage: None }
    }

    /// The mark at the end of the slot.
    pub(super) fn mark(&self) -> Option<Mark> {
        let (_, last) = self.rest.last()?;
        Mark::of(last.last_chunk::<16>()?)
    }
}

/// How a payload is read in the clear.
pub(super) enum Clear {
    /// It isn't encrypted.
    AsItIs,
    /// With this key.
    With(Secret<[u8; 16]>),
}

impl Clear {
    /// Goes through `payload` in the clear, a piece at a time.
    pub(super) fn pieces(&self, payload: &[u8], mut take: impl FnMut(&[u8])) {
        match self {
            Self::AsItIs => take(payload),
            Self::With(key) => {
                let mut cipher = ecies::keystream(key);
                let mut buffer = Secret::new(Vec::with_capacity(CHUNK.min(payload.len())));
                for piece in payload.chunks(CHUNK) {
                    buffer.clear();
                    buffer.extend_from_slice(piece);
                    cipher.apply_keystream(&mut buffer);
                    take(&buffer);
                }
            }
        }
    }

    /// The first bytes of `payload` in the clear.
    pub(super) fn beginning(&self, payload: &[u8]) -> Secret<Vec<u8>> {
        let mut beginning = Secret::new(Vec::new());
        let first = payload.get(..CHUNK.min(payload.len())).unwrap_or_default();
        self.pieces(first, |piece| beginning.extend_from_slice(piece));
        beginning
    }

    /// SHA-256 over what is signed.
    pub(super) fn digest(&self, header: &ImageHeader, seen: &Dissected<'_>) -> [u8; 32] {
        let mut hashed = *header;
        hashed.flags = header.flags.hashed();
        let mut hash = Sha256::new();
        hash.update(hashed.encode());
        hash.update(seen.gap);
        self.pieces(seen.payload, |piece| hash.update(piece));
        hash.update(seen.protected_bytes());
        hash.finalize().into()
    }
}
