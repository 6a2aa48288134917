//! Permission masks of debug authentication as named switches, each with how sure its meaning is: ST's list for this
//! family was not found. Who takes which away is told in `effective`.

use std::fmt;
use std::ops::{BitAnd, BitOr};

use chip::permissions as bits;

use crate::number;

/// A permission mask: 128 bits, one permission each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permissions(pub u128);

/// One bit of a permission mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permission {
    /// Its place, 0 to 127.
    pub bit: u8,
    /// How a command names it; empty when nothing is known about the bit.
    pub key: &'static str,
    /// What it permits, for people.
    pub name: &'static str,
    /// How sure that is.
    pub confidence: Confidence,
}

/// How sure a bit's meaning is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Confidence {
    /// Documented for the sister family H5, and set in ST's objects and certificates for this one.
    Documented,
    /// Documented for the sister family H5; whether this one has it isn't known.
    OtherFamily,
    /// Concluded from ST's scripts and masks; stated nowhere.
    Inferred,
    /// Nothing is known about it.
    Unknown,
}

impl Confidence {
    /// The remark behind a name; nothing for what is documented.
    pub const fn remark(self) -> Option<&'static str> {
        match self {
            Self::Documented => None,
            Self::OtherFamily => Some("known from the H5"),
            Self::Inferred => Some("inferred"),
            Self::Unknown => Some("not known"),
        }
    }
}

impl Permission {
    /// Debug from HDPL 1 on.
    pub const DEBUG_HDPL1: Self = known(bits::DEBUG_HDPL1, "debug-hdpl1", "intrusive debug at HDPL 1");
    /// Debug from HDPL 2 on.
    pub const DEBUG_HDPL2: Self = known(bits::DEBUG_HDPL2, "debug-hdpl2", "intrusive debug at HDPL 2");
    /// Debug at HDPL 3.
    pub const DEBUG_HDPL3: Self = known(bits::DEBUG_HDPL3, "debug-hdpl3", "intrusive debug at HDPL 3");
    /// Everything erased, and the board in OPEN again.
    pub const FULL_REGRESSION: Self = known(bits::FULL_REGRESSION, "full-regression", "full regression");
    /// The H5's way back to a state that has no counterpart here.
    pub const PARTIAL_REGRESSION: Self = Self {
        confidence: Confidence::OtherFamily,
        ..known(bits::PARTIAL_REGRESSION, "partial-regression", "partial regression")
    };
    /// Named in ST's script; that it is this bit is concluded.
    pub const FORCED_DOWNLOAD: Self =
        Self { confidence: Confidence::Inferred, ..known(bits::FORCED_DOWNLOAD, "forced-download", "forced download") };

    /// The switches that a person sets or clears on this family.
    pub const SWITCHES: [Self; 6] = [
        Self::FULL_REGRESSION,
        Self::DEBUG_HDPL1,
        Self::DEBUG_HDPL2,
        Self::DEBUG_HDPL3,
        Self::PARTIAL_REGRESSION,
        Self::FORCED_DOWNLOAD,
    ];

    /// The H5's names for debugging its non-secure side, which this family doesn't have.
    const OTHERS: [Self; 3] = [
        of_h5(4, "debug-hdpl1-non-secure", "non-secure intrusive debug at HDPL 1"),
        of_h5(5, "debug-hdpl2-non-secure", "non-secure intrusive debug at HDPL 2"),
        of_h5(6, "debug-hdpl3-non-secure", "non-secure intrusive debug at HDPL 3"),
    ];

    /// The permission at a place of the mask; places past 127 have none.
    pub fn at(bit: u8) -> Option<Self> {
        let named = Self::SWITCHES.into_iter().chain(Self::OTHERS).find(|known| known.bit == bit);
        let unknown = Self { bit, key: "", name: "unknown", confidence: Confidence::Unknown };
        (bit < 128).then(|| named.unwrap_or(unknown))
    }

    /// The permission that a command names.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::SWITCHES.into_iter().chain(Self::OTHERS).find(|known| known.key == key)
    }

    /// The mask of this bit alone.
    pub const fn mask(self) -> Permissions {
        Permissions(1 << self.bit)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.confidence.remark() {
            _ if self.confidence == Confidence::Unknown => write!(f, "bit {} (not known)", self.bit),
            Some(remark) => write!(f, "{} ({remark})", self.name),
            None => f.write_str(self.name),
        }
    }
}

const fn known(mask: u128, key: &'static str, name: &'static str) -> Permission {
    Permission { bit: mask.trailing_zeros() as u8, key, name, confidence: Confidence::Documented }
}

const fn of_h5(bit: u8, key: &'static str, name: &'static str) -> Permission {
    Permission { bit, key, name, confidence: Confidence::OtherFamily }
}

impl Permissions {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Debug at every level.
    pub const DEBUG: Self = Self(bits::DEBUG_HDPL1 | bits::DEBUG_HDPL2 | bits::DEBUG_HDPL3);
    /// What a password permits at most (`silicon.md` §4.8).
    pub const OF_PASSWORD: Self = Self(bits::FULL_REGRESSION);
    /// What ST's published certificates ask for.
    pub const OF_ST_CERTIFICATES: Self = Self(
        bits::DEBUG_HDPL1
            | bits::DEBUG_HDPL2
            | bits::DEBUG_HDPL3
            | bits::PARTIAL_REGRESSION
            | bits::FULL_REGRESSION
            | bits::FORCED_DOWNLOAD,
    );

    /// Reads a mask as a person writes it: `0x` and hexadecimal digits. Digits alone are refused: taken as decimal, a mask
    /// that was copied without its `0x` would permit what nobody asked for.
    ///
    /// # Errors
    /// What is wrong with the text, and what to write.
    pub fn from_text(text: &str) -> Result<Self, String> {
        if !text.starts_with("0x") && !text.starts_with("0X") {
            return Err(format!("\"{text}\" doesn't begin with 0x; a mask is 0x and up to 32 hexadecimal digits"));
        }
        number::parse(text).map(Self)
    }

    /// Whether a permission is among them.
    pub const fn contains(self, permission: Permission) -> bool {
        self.covers(permission.mask())
    }

    /// Whether all of `others` are among them.
    pub const fn covers(self, others: Self) -> bool {
        others.without(self).is_empty()
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These less `others`.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// These and `others`.
    #[must_use]
    pub const fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Every one of them, lowest bit first.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        (0..128).filter_map(Permission::at).filter(move |permission| self.contains(*permission))
    }

    /// Those of whose meaning nothing is known.
    #[must_use]
    pub fn unknown(self) -> Self {
        self.iter()
            .filter(|permission| permission.confidence == Confidence::Unknown)
            .fold(Self::NONE, |unknown, permission| unknown.with(permission.mask()))
    }

    /// The mask as 32 hexadecimal digits behind `0x`.
    pub fn hex(self) -> String {
        format!("{:#034x}", self.0)
    }
}

impl BitAnd for Permissions {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for Permissions {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(other)
    }
}

/// In words, each with its remark; `nothing` when there is none.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing");
        }
        for (place, permission) in self.iter().enumerate() {
            if place > 0 {
                f.write_str(", ")?;
            }
            permission.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_masks_are_told_in_words() {
        let published = Permissions(0x8000_0000_0000_0000_0000_0000_0000_5007);
        assert_eq!(published, Permissions::OF_ST_CERTIFICATES);
        assert_eq!(
            published.to_string(),
            "intrusive debug at HDPL 1, intrusive debug at HDPL 2, intrusive debug at HDPL 3, partial regression (known from \
             the H5), full regression, forced download (inferred)"
        );
        assert_eq!(published.hex(), "0x80000000000000000000000000005007");
        assert_eq!(Permissions::NONE.to_string(), "nothing");
    }

    #[test]
    fn every_bit_is_told_and_no_other() {
        for bit in 0..128 {
            let found: Vec<_> = Permissions(1 << bit).iter().collect();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].bit, bit);
        }
        assert_eq!(Permissions(u128::MAX).iter().count(), 128);
        assert_eq!(Permissions(1 << 3).to_string(), "bit 3 (not known)");
        assert_eq!(Permission::at(128), None);
    }

    #[test]
    fn every_named_permission_is_found_by_its_key_and_by_its_bit() {
        for permission in Permission::SWITCHES.into_iter().chain(Permission::OTHERS) {
            assert_eq!(Permission::from_key(permission.key), Some(permission));
            assert_eq!(Permission::at(permission.bit), Some(permission));
        }
        assert_eq!(Permission::from_key(""), None);
    }

    #[test]
    fn only_bits_of_unknown_meaning_are_called_unknown() {
        assert_eq!(Permissions(0x5007 | 1 << 3 | 1 << 100).unknown(), Permissions(1 << 3 | 1 << 100));
        assert_eq!(Permissions::OF_ST_CERTIFICATES.unknown(), Permissions::NONE);
    }
}
