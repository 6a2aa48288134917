//! What is chosen when an image is built: whose image it is, version, counter, sizes. Text forms of them, too.

use std::fmt;
use std::str::FromStr;

use super::header::Version;
use crate::error::FormatError;

/// Whose image it is. The second stage's applications follow other rules (issue of their own), therefore the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageProfile {
    /// STiRoT's: magic 0xC1592EE9, one slot, hashed and signed as if not encrypted.
    Stirot,
}

impl ImageProfile {
    /// The header's magic.
    pub const fn magic(self) -> u32 {
        match self {
            Self::Stirot => chip::loader::IMAGE_MAGIC,
        }
    }
}

/// What is chosen when an image is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageSettings {
    /// Whose image it is.
    pub profile: ImageProfile,
    /// Version of the payload.
    pub version: Version,
    /// What keeps older images from being installed again.
    pub security_counter: SecurityCounter,
    /// Bytes in front of the payload.
    pub header_size: u16,
    /// Bytes of the slot that the image must fit.
    pub slot_size: u32,
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
