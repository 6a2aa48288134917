//! An image taken apart as far as it goes: each part or the reason why it isn't there, so that one lying length hides
//! as little as possible. Whether a part is right is decided elsewhere.

use super::header::ImageHeader;
use super::tlv::{Tlv, TlvArea, TlvKind};
use crate::layout::{LayoutError, reported};

/// What an image consists of. Offsets count from its first byte.
pub(crate) struct Dissected<'a> {
    /// Everything from the image's first byte on that follows without a gap.
    pub(crate) bytes: &'a [u8],
    /// The header, or what makes its lengths impossible.
    pub(crate) header: Result<ImageHeader, LayoutError>,
    /// What fills up between header and payload, as far as it is there.
    pub(crate) gap: &'a [u8],
    /// The payload, as far as it is there.
    pub(crate) payload: &'a [u8],
    /// The protected TLVs; none where the header says so and there are none.
    pub(crate) protected: Option<Result<Area<'a>, LayoutError>>,
    /// The other TLVs.
    pub(crate) tlvs: Result<Area<'a>, LayoutError>,
    /// The end of the last part that could be made out.
    pub(crate) end: usize,
}

/// A TLV area that opens as it should.
pub(crate) struct Area<'a> {
    pub(crate) offset: usize,
    pub(crate) size: usize,
    /// Its entries, as far as they can be told apart.
    pub(crate) entries: Vec<Tlv<'a>>,
    /// What ends the entries too early.
    pub(crate) damage: Option<LayoutError>,
}

impl<'a> Area<'a> {
    fn read(bytes: &'a [u8], offset: usize, kind: TlvKind) -> Result<Self, LayoutError> {
        let area = TlvArea::decode(bytes, reported(offset), kind)?;
        let mut entries = Vec::new();
        let mut damage = None;
        for entry in area.entries() {
            match entry {
                Ok(entry) => entries.push(entry),
                Err(error) => damage = Some(error),
            }
        }
        Ok(Self { offset, size: area.size() as usize, entries, damage })
    }

    /// The entry of a kind, the first when there are several.
    pub(crate) fn entry(&self, kind: u16) -> Option<Tlv<'a>> {
        self.entries.iter().find(|entry| entry.kind == kind).copied()
    }

    pub(crate) fn end(&self) -> usize {
        self.offset.saturating_add(self.size)
    }
}

impl<'a> Dissected<'a> {
    /// Takes apart the image at the beginning of `bytes`.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        let header = match ImageHeader::decode(bytes) {
            Ok(header) => header,
            Err(error) => {
                let end = bytes.len().min(ImageHeader::SIZE);
                let nothing = Err(error);
                return Self { bytes, header: Err(error), gap: &[], payload: &[], protected: None, tlvs: nothing, end };
            }
        };
        let part = |from: u32, to: u32| {
            let (from, to) = (from as usize, (to as usize).min(bytes.len()));
            bytes.get(from..to).unwrap_or_default()
        };
        let gap = part(ImageHeader::SIZE as u32, header.payload_offset());
        let payload = part(header.payload_offset(), header.protected_offset());
        let payload_end = header.protected_offset() as usize;
        let protected = match (header.protected_size, Area::read(bytes, payload_end, TlvKind::Protected)) {
            (0, Err(_)) => None,
            (_, read) => Some(read),
        };
        // Where header and area disagree over the area's size, the TLVs tell who is right.
        let stated_end = header.tlv_offset() as usize;
        let found_end = protected.iter().flatten().next().map_or(stated_end, Area::end);
        let tlvs = Area::read(bytes, stated_end, TlvKind::Unprotected)
            .or_else(|error| Area::read(bytes, found_end, TlvKind::Unprotected).map_err(|_| error));
        let end = match (&tlvs, &protected) {
            (Ok(area), _) => area.end(),
            (Err(_), Some(Ok(area))) => area.end(),
            _ => payload_end,
        };
        Self { bytes, header: Ok(header), gap, payload, protected, tlvs, end: end.min(bytes.len()) }
    }

    /// The protected area, when it could be read.
    pub(crate) fn protected_area(&self) -> Option<&Area<'a>> {
        self.protected.as_ref().and_then(|area| area.as_ref().ok())
    }

    /// An entry of the area that isn't protected.
    pub(crate) fn tlv(&self, kind: u16) -> Option<Tlv<'a>> {
        self.tlvs.as_ref().ok().and_then(|area| area.entry(kind))
    }

    /// The security counter.
    pub(crate) fn counter(&self) -> Option<u32> {
        self.protected_area()?.entry(Tlv::SECURITY_COUNTER)?.u32().ok()
    }

    /// The bytes of the protected area as the header places it, which is what is hashed.
    pub(crate) fn protected_bytes(&self) -> &'a [u8] {
        let Ok(header) = self.header else { return &[] };
        let range = header.protected_offset() as usize..header.tlv_offset() as usize;
        self.bytes.get(range).unwrap_or_default()
    }
}
