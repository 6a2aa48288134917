//! The 32-byte header at offset 0 of a slot. It says how long the parts are; whether they are there and what they
//! hold is not its business.

use core::fmt;

use crate::layout::{Fields, LayoutError, Problem};

/// The header of a signed image. All numbers are little-endian in the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageHeader {
    /// Tells whose image it is; STiRoT's is [`chip::loader::IMAGE_MAGIC`].
    pub magic: u32,
    /// Load address; zero in every image STiRoT is known to take.
    pub load_address: u32,
    /// Bytes from the start of the slot to the payload, this header included: at least [`ImageHeader::SIZE`].
    pub header_size: u16,
    /// Bytes of the protected TLV area, its own 4-byte head included; 0 when there is none.
    pub protected_size: u16,
    /// Bytes of the payload.
    pub payload_size: u32,
    /// How the payload is stored and installed.
    pub flags: Flags,
    /// Version of the payload.
    pub version: Version,
    /// Last word, zero when written by a tool.
    pub pad: u32,
}

impl ImageHeader {
    /// Bytes the header takes.
    pub const SIZE: usize = 32;
    /// Where the flags stand, in bytes from the start of the header.
    pub const FLAGS_OFFSET: usize = 16;

    /// Reads the header at the start of `image`. The magic is taken as found: see [`ImageHeader::require_magic`].
    ///
    /// # Errors
    /// When fewer than 32 bytes are given, when the payload would begin inside the header, or when the parts that
    /// it announces add up to more than a 32-bit address space.
    pub fn decode(image: &[u8]) -> Result<Self, LayoutError> {
        let mut fields = Fields::new(image, 0);
        let magic = fields.u32("magic")?;
        let load_address = fields.u32("load address")?;
        let header_size_at = fields.offset();
        let header_size = fields.u16("header size")?;
        let protected_size = fields.u16("size of the protected TLVs")?;
        let payload_size_at = fields.offset();
        let payload_size = fields.u32("payload size")?;
        let flags = Flags(fields.u32("flags")?);
        let version = Version {
            major: fields.u8("version, major")?,
            minor: fields.u8("version, minor")?,
            revision: fields.u16("version, revision")?,
            build: fields.u32("version, build")?,
        };
        let pad = fields.u32("pad")?;
        if usize::from(header_size) < Self::SIZE {
            let problem = Problem::Value { found: u32::from(header_size), expected: "0x20 or more" };
            return Err(LayoutError { offset: header_size_at, field: "header size", problem });
        }
        let header = Self { magic, load_address, header_size, protected_size, payload_size, flags, version, pad };
        // Checked here once, so that the sums below hold for every header that exists.
        let end = u64::from(header_size) + u64::from(payload_size) + u64::from(protected_size);
        if end > u64::from(u32::MAX) {
            let problem = Problem::Value { found: payload_size, expected: "a size that ends below 4 GiB" };
            return Err(LayoutError { offset: payload_size_at, field: "payload size", problem });
        }
        Ok(header)
    }

    /// Refuses a header whose magic is not `magic`.
    ///
    /// # Errors
    /// When the magic is another.
    pub fn require_magic(&self, magic: u32) -> Result<(), LayoutError> {
        if self.magic == magic {
            return Ok(());
        }
        let expected = if magic == chip::loader::IMAGE_MAGIC {
            "0xc1592ee9, the magic of an STiRoT image"
        } else {
            "the magic of the wanted kind of image"
        };
        Err(LayoutError { offset: 0, field: "magic", problem: Problem::Value { found: self.magic, expected } })
    }

    /// The bytes of the header.
    pub fn encode(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let fields = [
            &self.magic.to_le_bytes()[..],
            &self.load_address.to_le_bytes(),
            &self.header_size.to_le_bytes(),
            &self.protected_size.to_le_bytes(),
            &self.payload_size.to_le_bytes(),
            &self.flags.0.to_le_bytes(),
            &[self.version.major, self.version.minor],
            &self.version.revision.to_le_bytes(),
            &self.version.build.to_le_bytes(),
            &self.pad.to_le_bytes(),
        ];
        for (target, source) in bytes.iter_mut().zip(fields.into_iter().flatten()) {
            *target = *source;
        }
        bytes
    }

    /// Offset of the payload from the start of the slot.
    pub fn payload_offset(&self) -> u32 {
        u32::from(self.header_size)
    }

    /// Offset of the protected TLV area: the end of the payload.
    pub fn protected_offset(&self) -> u32 {
        self.payload_offset().saturating_add(self.payload_size)
    }

    /// Offset of the TLV area that is not signed: the end of everything that is.
    pub fn tlv_offset(&self) -> u32 {
        self.protected_offset().saturating_add(u32::from(self.protected_size))
    }
}

/// How the payload is stored and installed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Flags(pub u32);

impl Flags {
    /// Installed by overwriting one slot. Such an image is hashed and signed as if it were not encrypted.
    pub const PRIMARY_ONLY: u32 = 0x02;
    /// The payload is encrypted with AES-128.
    pub const ENCRYPTED_AES128: u32 = 0x04;

    /// Whether [`Flags::PRIMARY_ONLY`] is set.
    pub fn primary_only(self) -> bool {
        self.0 & Self::PRIMARY_ONLY != 0
    }

    /// Whether [`Flags::ENCRYPTED_AES128`] is set.
    pub fn encrypted(self) -> bool {
        self.0 & Self::ENCRYPTED_AES128 != 0
    }

    /// The flags as they stand in the bytes that are hashed and signed.
    pub fn hashed(self) -> Self {
        if self.primary_only() { Self(self.0 & !Self::ENCRYPTED_AES128) } else { self }
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

/// A version as the header holds it, ordered as versions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// First number.
    pub major: u8,
    /// Second number.
    pub minor: u8,
    /// Third number.
    pub revision: u16,
    /// Number after the plus sign.
    pub build: u32,
}

impl Version {
    /// The security counter that ST's tool derives from a version: major, minor and revision side by side. The
    /// build number has no part in it.
    pub fn security_counter(self) -> u32 {
        u32::from(self.major) << 24 | u32::from(self.minor) << 16 | u32::from(self.revision)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.revision)?;
        if self.build != 0 { write!(f, "+{}", self.build) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> ImageHeader {
        ImageHeader {
            magic: chip::loader::IMAGE_MAGIC,
            load_address: 0,
            header_size: 0x400,
            protected_size: 12,
            payload_size: 0x1230,
            flags: Flags(6),
            version: Version { major: 1, minor: 2, revision: 0x304, build: 5 },
            pad: 0,
        }
    }

    #[test]
    fn a_header_survives_the_way_to_bytes_and_back() {
        let bytes = header().encode();
        assert_eq!(&bytes[..4], &[0xE9, 0x2E, 0x59, 0xC1]);
        assert_eq!(bytes[20..28], [1, 2, 4, 3, 5, 0, 0, 0]);
        assert_eq!(ImageHeader::decode(&bytes), Ok(header()));
        assert_eq!(header().tlv_offset(), 0x400 + 0x1230 + 12);
    }

    #[test]
    fn a_cut_header_names_the_field_that_is_missing() {
        for length in 0..ImageHeader::SIZE {
            let error = ImageHeader::decode(&header().encode()[..length]).unwrap_err();
            assert!(matches!(error.problem, Problem::Short { .. }));
            assert!(error.offset as usize <= length);
        }
        assert_eq!(ImageHeader::decode(&header().encode()[..17]).unwrap_err().field, "flags");
    }

    #[test]
    fn sizes_near_the_end_of_the_address_space_are_refused() {
        let mut huge = header();
        huge.payload_size = u32::MAX - 0x400;
        let error = ImageHeader::decode(&huge.encode()).unwrap_err();
        assert_eq!((error.offset, error.field), (12, "payload size"));
        huge.payload_size -= 12;
        assert_eq!(ImageHeader::decode(&huge.encode()).map(|header| header.tlv_offset()), Ok(u32::MAX));
    }

    #[test]
    fn a_payload_inside_the_header_is_refused() {
        let mut small = header();
        small.header_size = 31;
        assert_eq!(ImageHeader::decode(&small.encode()).unwrap_err().offset, 8);
    }

    #[test]
    fn only_primary_only_images_are_hashed_as_if_clear() {
        assert_eq!(Flags(6).hashed(), Flags(2));
        assert_eq!(Flags(4).hashed(), Flags(4));
    }

    #[test]
    fn the_security_counter_ignores_the_build() {
        assert_eq!(header().version.security_counter(), 0x0102_0304);
    }
}
