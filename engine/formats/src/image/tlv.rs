//! The two TLV areas behind the payload: walking them over any bytes, safely. Whether a signature or hash in them is
//! right is decided elsewhere.

use crate::layout::{Fields, LayoutError, Problem, reported};

/// Which of the two areas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlvKind {
    /// Covered by hash and signature.
    Protected,
    /// Hash, signature and wrapped key themselves.
    Unprotected,
}

impl TlvKind {
    /// The u16 that the area opens with.
    pub const fn magic(self) -> u16 {
        match self {
            Self::Protected => 0x6908,
            Self::Unprotected => 0x6907,
        }
    }

    const fn names(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Protected => ("magic of the protected TLVs", "0x6908", "size of the protected TLVs"),
            Self::Unprotected => ("magic of the TLVs", "0x6907", "size of the TLVs"),
        }
    }
}

/// An area whose head and total length have been checked; its entries haven't yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlvArea<'a> {
    kind: TlvKind,
    offset: u32,
    entries: &'a [u8],
}

impl<'a> TlvArea<'a> {
    /// Bytes of the area's head: magic and total length.
    pub const HEAD_SIZE: usize = 4;

    /// Reads the head of the area that begins `offset` bytes into `image`.
    ///
    /// # Errors
    /// When `image` ends before the area does, when the area opens with another magic, or when its length is
    /// shorter than its head.
    pub fn decode(image: &'a [u8], offset: u32, kind: TlvKind) -> Result<Self, LayoutError> {
        let (magic_name, expected, size_name) = kind.names();
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let Some(bytes) = image.get(start..) else {
            let problem = Problem::Short { needed: reported(Self::HEAD_SIZE), present: 0 };
            return Err(LayoutError { offset, field: magic_name, problem });
        };
        let mut fields = Fields::new(bytes, offset);
        let magic = fields.u16(magic_name)?;
        if magic != kind.magic() {
            let problem = Problem::Value { found: u32::from(magic), expected };
            return Err(LayoutError { offset, field: magic_name, problem });
        }
        let size_offset = fields.offset();
        let total = fields.u16(size_name)?;
        let Some(length) = usize::from(total).checked_sub(Self::HEAD_SIZE) else {
            let problem = Problem::Value { found: u32::from(total), expected: "4 or more" };
            return Err(LayoutError { offset: size_offset, field: size_name, problem });
        };
        let entries = fields.slice(size_name, length)?;
        Ok(Self { kind, offset, entries })
    }

    /// Which area it is.
    pub fn kind(&self) -> TlvKind {
        self.kind
    }

    /// Where it begins in the image.
    pub fn offset(&self) -> u32 {
        self.offset
    }

    /// Its length in bytes, head included.
    pub fn size(&self) -> u32 {
        reported(self.entries.len().saturating_add(Self::HEAD_SIZE))
    }

    /// Its entries in order. After an error nothing more comes.
    pub fn entries(&self) -> Entries<'a> {
        let fields = Fields::new(self.entries, self.offset.saturating_add(reported(Self::HEAD_SIZE)));
        Entries { fields, failed: false }
    }

    /// The one entry of `kind`.
    ///
    /// # Errors
    /// When an entry doesn't fit the area, or when a second entry of the same kind follows: which of the two would
    /// count is nobody's to guess.
    pub fn only(&self, kind: u16) -> Result<Option<Tlv<'a>>, LayoutError> {
        let mut found = None;
        for entry in self.entries() {
            let entry = entry?;
            if entry.kind == kind && found.replace(entry).is_some() {
                let problem = Problem::Value { found: u32::from(kind), expected: "one entry of this kind" };
                return Err(LayoutError { offset: entry.offset, field: "TLV type", problem });
            }
        }
        Ok(found)
    }
}

/// One entry of an area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// What the value is: one of the constants of this type, or something unknown.
    pub kind: u16,
    /// The value's bytes.
    pub value: &'a [u8],
    /// Where the entry begins in the image: its kind (2 bytes), its length (2 bytes), then the value.
    pub offset: u32,
}

impl Tlv<'_> {
    /// SHA-256 of the key that signed, over its 91-byte public form.
    pub const KEY_HASH: u16 = 0x01;
    /// SHA-256 of the signed bytes.
    pub const SHA256: u16 = 0x10;
    /// ECDSA signature on P-256, DER.
    pub const SIGNATURE: u16 = 0x22;
    /// The payload's key, wrapped for the device's encryption key (ECIES on P-256).
    pub const WRAPPED_KEY: u16 = 0x32;
    /// Dependency on another image's version.
    pub const DEPENDENCY: u16 = 0x40;
    /// Security counter, u32.
    pub const SECURITY_COUNTER: u16 = 0x50;

    /// Bytes in front of the value.
    pub const HEAD_SIZE: usize = 4;

    /// The value as the little-endian u32 it should be.
    ///
    /// # Errors
    /// When it isn't 4 bytes long.
    pub fn u32(&self) -> Result<u32, LayoutError> {
        match <[u8; 4]>::try_from(self.value) {
            Ok(bytes) => Ok(u32::from_le_bytes(bytes)),
            Err(_) => Err(self.wrong_length("4 bytes")),
        }
    }

    /// The value as the `N` bytes it should be.
    ///
    /// # Errors
    /// When it has another length.
    pub fn array<const N: usize>(&self) -> Result<&[u8; N], LayoutError> {
        self.value.try_into().map_err(|_| self.wrong_length("the one length of its kind"))
    }

    fn wrong_length(&self, expected: &'static str) -> LayoutError {
        let problem = Problem::Value { found: reported(self.value.len()), expected };
        LayoutError { offset: self.offset.saturating_add(2), field: "TLV length", problem }
    }
}

/// Iterator over the entries of a [`TlvArea`].
#[derive(Clone)]
pub struct Entries<'a> {
    fields: Fields<'a>,
    failed: bool,
}

impl<'a> Entries<'a> {
    fn read(&mut self) -> Result<Tlv<'a>, LayoutError> {
        let offset = self.fields.offset();
        let kind = self.fields.u16("TLV type")?;
        let length = self.fields.u16("TLV length")?;
        let value = self.fields.slice("TLV value", usize::from(length))?;
        Ok(Tlv { kind, value, offset })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Tlv<'a>, LayoutError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.fields.is_empty() {
            return None;
        }
        let entry = self.read();
        self.failed = entry.is_err();
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: [u8; 12] = [0x08, 0x69, 12, 0, 0x50, 0, 4, 0, 1, 0, 0, 1];

    #[test]
    fn the_security_counter_is_read_with_its_place() {
        let mut image = [0xFF; 20];
        image[8..].copy_from_slice(&AREA);
        let area = TlvArea::decode(&image, 8, TlvKind::Protected).unwrap();
        assert_eq!(area.size(), 12);
        let entry = area.only(Tlv::SECURITY_COUNTER).unwrap().unwrap();
        assert_eq!((entry.offset, entry.u32()), (12, Ok(0x0100_0001)));
        assert_eq!(area.only(Tlv::SHA256), Ok(None));
        assert_eq!(area.entries().count(), 1);
    }

    #[test]
    fn a_cut_area_is_an_error_at_every_length() {
        for length in 0..AREA.len() {
            assert!(TlvArea::decode(&AREA[..length], 0, TlvKind::Protected).is_err());
        }
        assert!(TlvArea::decode(&AREA, u32::MAX, TlvKind::Protected).is_err());
        assert_eq!(TlvArea::decode(&AREA, 0, TlvKind::Unprotected).unwrap_err().field, "magic of the TLVs");
    }

    #[test]
    fn an_entry_longer_than_its_area_ends_the_walk_with_its_offset() {
        let mut bytes = AREA;
        bytes[6] = 5;
        let area = TlvArea::decode(&bytes, 0, TlvKind::Protected).unwrap();
        let found: [_; 1] = core::array::from_fn(|_| area.entries().next().unwrap());
        assert_eq!(found[0].unwrap_err().offset, 8);
        assert_eq!(area.entries().count(), 1);
        assert!(area.only(Tlv::SECURITY_COUNTER).is_err());
    }

    #[test]
    fn a_second_entry_of_a_kind_is_refused() {
        let bytes = [0x07, 0x69, 12, 0, 0x10, 0, 0, 0, 0x10, 0, 0, 0];
        let area = TlvArea::decode(&bytes, 0, TlvKind::Unprotected).unwrap();
        assert_eq!(area.only(Tlv::SHA256).unwrap_err().offset, 8);
    }

    #[test]
    fn an_area_shorter_than_its_head_is_refused() {
        let mut bytes = AREA;
        bytes[2] = 3;
        assert_eq!(TlvArea::decode(&bytes, 0, TlvKind::Protected).unwrap_err().offset, 2);
    }
}
