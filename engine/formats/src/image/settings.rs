//! What is chosen when an image is built: whose image it is, version, counter, sizes. Text forms of them, too.

use std::fmt;
use std::str::FromStr;

use super::header::Version;
use crate::error::FormatError;

/// Whose image it is: which boot stage verifies and installs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ImageProfile {
    /// STiRoT's: magic 0xC1592EE9, one slot, encrypted, hashed and signed as if it were not.
    Stirot,
    /// An application of the user's own boot stage, OEMuRoT or OEMiROT: MCUboot's magic 0x96F3B83D, hashed and signed as
    /// it is stored.
    Oemurot,
}

impl ImageProfile {
    /// Both, in the order in which a chip with two boot stages starts them.
    pub const ALL: [Self; 2] = [Self::Stirot, Self::Oemurot];

    /// The header's magic.
    pub const fn magic(self) -> u32 {
        match self {
            Self::Stirot => chip::loader::IMAGE_MAGIC,
            Self::Oemurot => MCUBOOT_MAGIC,
        }
    }

    /// The profile whose images begin with `magic`.
    pub fn of_magic(magic: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.magic() == magic)
    }
}

/// The magic of an image that MCUboot starts (MCUboot's `image.h`).
const MCUBOOT_MAGIC: u32 = 0x96F3_B83D;

impl fmt::Display for ImageProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stirot => "STiRoT image",
            Self::Oemurot => "image of the second boot stage",
        })
    }
}

/// What is chosen when an image is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageSettings {
    /// Whose image it is.
    pub profile: ImageProfile,
    /// Version of the payload.
    pub version: Version,
    /// What keeps older images from being installed again. STiRoT's images have one; another boot stage's may state
    /// none.
    pub security_counter: Option<SecurityCounter>,
    /// Bytes in front of the payload.
    pub header_size: u16,
    /// Bytes of the slot that the image must fit.
    pub slot_size: u32,
    /// How it is installed.
    pub install: InstallMode,
    /// The flash's write unit.
    pub align: Align,
}

impl ImageSettings {
    /// Those of an STiRoT image in ST's published project.
    pub const fn stirot(version: Version, security_counter: SecurityCounter, slot_size: u32) -> Self {
        Self {
            profile: ImageProfile::Stirot,
            version,
            security_counter: Some(security_counter),
            header_size: HEADER_SIZE,
            slot_size,
            install: InstallMode::PrimaryOnly,
            align: Align(16),
        }
    }

    /// Those of an application of the second boot stage in ST's published project.
    pub const fn oemurot(version: Version, security_counter: SecurityCounter, slot_size: u32) -> Self {
        Self {
            profile: ImageProfile::Oemurot,
            version,
            security_counter: Some(security_counter),
            header_size: HEADER_SIZE,
            slot_size,
            install: InstallMode::Overwrite,
            align: Align(4),
        }
    }

    /// The number that the image states as its security counter.
    pub fn counter(&self) -> Option<u32> {
        self.security_counter.map(|counter| counter.number(self.version))
    }
}

/// Bytes in front of the payload on this chip, where the vector table has to lie at a multiple of 0x400.
const HEADER_SIZE: u16 = 0x400;

/// How an image is installed. It decides how many bytes at the slot's end belong to the boot stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstallMode {
    /// There is one slot to install to.
    PrimaryOnly,
    /// The new image overwrites the old one.
    Overwrite,
    /// Old and new image change places.
    Swap {
        /// How many sectors a slot has at most; the boot stage notes its progress for each.
        sectors: u32,
    },
}

impl InstallMode {
    /// The sectors that ST's tool assumes unless told otherwise.
    pub const DEFAULT_SECTORS: u32 = 128;

    /// Bytes at the slot's end that the boot stage writes its progress to, the mark of a complete image included
    /// (`formats.md` §3.4, ST's tool 2.1).
    pub fn trailer_size(self, align: Align, cipher: PayloadCipher) -> u64 {
        const MARK: u64 = 16;
        let align = u64::from(align.bytes());
        let unit = align.max(8);
        match self {
            Self::PrimaryOnly => MARK,
            Self::Overwrite => 2 * unit + MARK.next_multiple_of(unit),
            Self::Swap { sectors } => {
                let keys = match cipher {
                    PayloadCipher::Aes128 => 2 * MARK.next_multiple_of(unit),
                    PayloadCipher::None => 0,
                };
                3 * u64::from(sectors) * align + keys + 4 * unit + MARK.next_multiple_of(unit)
            }
        }
    }
}

/// Whether the payload of an image is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PayloadCipher {
    /// It lies open.
    None,
    /// With a key of its own that travels inside the image.
    Aes128,
}

/// The write unit of a flash: 1, 2, 4, 8, 16 or 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Align(u8);

impl Align {
    /// What ST's tool assumes unless told otherwise.
    pub const DEFAULT: Self = Self(1);

    /// A write unit of so many bytes, where there is one.
    pub const fn new(bytes: u32) -> Option<Self> {
        Some(Self(match bytes {
            1 => 1,
            2 => 2,
            4 => 4,
            8 => 8,
            16 => 16,
            32 => 32,
            _ => return None,
        }))
    }

    /// Its bytes.
    pub const fn bytes(self) -> u32 {
        // Widening; `From` is not const.
        self.0 as u32
    }
}

/// How the security counter is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityCounter {
    /// From the version (see [`Version::security_counter`]).
    FromVersion,
    /// This number.
    Number(u32),
}

impl SecurityCounter {
    /// The number for an image of `version`.
    pub fn number(self, version: Version) -> u32 {
        match self {
            Self::FromVersion => version.security_counter(),
            Self::Number(number) => number,
        }
    }
}

impl FromStr for SecurityCounter {
    type Err = FormatError;

    /// `auto`, or a number: decimal, or with `0x`, `0o`, `0b`.
    fn from_str(text: &str) -> Result<Self, FormatError> {
        if text == "auto" {
            return Ok(Self::FromVersion);
        }
        let (digits, radix) = match text.split_at_checked(2) {
            Some(("0x" | "0X", digits)) => (digits, 16),
            Some(("0o" | "0O", digits)) => (digits, 8),
            Some(("0b" | "0B", digits)) => (digits, 2),
            _ => (text, 10),
        };
        let plain = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        match u32::from_str_radix(digits, radix) {
            Ok(number) if plain => Ok(Self::Number(number)),
            _ => Err(FormatError::Setting {
                setting: "security counter",
                problem: format!("\"{text}\" is neither auto nor a number of 32 bits"),
            }),
        }
    }
}

impl fmt::Display for SecurityCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FromVersion => f.write_str("auto"),
            Self::Number(number) => write!(f, "{number:#x}"),
        }
    }
}

impl FromStr for Version {
    type Err = FormatError;

    /// `major[.minor[.revision[+build]]]`, without leading zeros; up to 255, 255, 65535 and 4294967295.
    fn from_str(text: &str) -> Result<Self, FormatError> {
        let error = |problem: &str| FormatError::Setting {
            setting: "version",
            problem: format!("\"{text}\" {problem}; write it as 1.2.3 or 1.2.3+4"),
        };
        let (numbers, build) = match text.split_once('+') {
            Some((numbers, build)) => (numbers, Some(build)),
            None => (text, None),
        };
        let mut parts = numbers.split('.');
        let mut next = |largest: u32| match parts.next() {
            Some(part) => part_of_version(part, largest).ok_or_else(|| error("has a number that can't be")).map(Some),
            None => Ok(None),
        };
        let major = next(u32::from(u8::MAX))?.unwrap_or_default();
        let minor = next(u32::from(u8::MAX))?.unwrap_or_default();
        let revision = next(u32::from(u16::MAX))?;
        if build.is_some() && revision.is_none() {
            return Err(error("has a build number but not three numbers in front of it"));
        }
        if parts.next().is_some() {
            return Err(error("has more than three numbers"));
        }
        let build = match build {
            Some(part) => part_of_version(part, u32::MAX).ok_or_else(|| error("has a build number that can't be"))?,
            None => 0,
        };
        // The largest numbers above keep the conversions from ever failing.
        Ok(Self {
            major: u8::try_from(major).unwrap_or(u8::MAX),
            minor: u8::try_from(minor).unwrap_or(u8::MAX),
            revision: u16::try_from(revision.unwrap_or_default()).unwrap_or(u16::MAX),
            build,
        })
    }
}

fn part_of_version(text: &str, largest: u32) -> Option<u32> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = text.len() > 1 && text.starts_with('0');
    let number = text.parse::<u32>().ok()?;
    (plain && !leading_zero && number <= largest).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_they_are_shown() {
        for text in ["1.0.0", "255.255.65535+4294967295", "0.0.0"] {
            assert_eq!(text.parse::<Version>().unwrap().to_string(), text);
        }
        assert_eq!("3".parse::<Version>().unwrap().to_string(), "3.0.0");
        for text in [
            "",
            "1.",
            "01.0.0",
            "256.0.0",
            "1.0.65536",
            "1.2.3.4",
            "1.2+3",
            "1.0.0+",
            "-1.0.0",
            "1.0.0+4294967296",
            "+1",
        ] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }

    #[test]
    fn counters_are_auto_or_numbers() {
        let version = "1.2.3".parse().unwrap();
        assert_eq!("auto".parse::<SecurityCounter>().unwrap().number(version), 0x0102_0003);
        assert_eq!("0x10".parse::<SecurityCounter>().unwrap().number(version), 16);
        assert_eq!("0b11".parse::<SecurityCounter>().unwrap().number(version), 3);
        for text in ["", "0x", "-1", "+1", "4294967296", "Auto", "1.0"] {
            assert!(text.parse::<SecurityCounter>().is_err(), "{text}");
        }
    }
}
