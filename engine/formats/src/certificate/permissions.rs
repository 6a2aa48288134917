//! What the bits of a permission mask mean, each with how sure that is: ST's list for this family was not found.

/// A bit of a permission mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionBit {
    /// Its place, 0 to 127.
    pub bit: u8,
    /// What it permits.
    pub name: &'static str,
    /// How sure that is.
    pub confidence: Confidence,
}

/// How sure a bit's meaning is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// The bits that are set in a mask, lowest first.
pub fn permission_bits(mask: u128) -> Vec<PermissionBit> {
    (0..128_u8).filter(|bit| mask >> bit & 1 == 1).map(permission).collect()
}

/// The permissions of a mask in words.
pub fn permissions_text(mask: u128) -> String {
    let words: Vec<String> = permission_bits(mask)
        .into_iter()
        .map(|PermissionBit { bit, name, confidence }| match confidence {
            Confidence::Unknown => format!("bit {bit} (not known)"),
            _ => confidence.remark().map_or_else(|| name.to_owned(), |remark| format!("{name} ({remark})")),
        })
        .collect();
    if words.is_empty() { "nothing".into() } else { words.join(", ") }
}

fn permission(bit: u8) -> PermissionBit {
    let (name, confidence) = match bit {
        0 => ("intrusive debug at HDPL 1", Confidence::Documented),
        1 => ("intrusive debug at HDPL 2", Confidence::Documented),
        2 => ("intrusive debug at HDPL 3", Confidence::Documented),
        4 => ("non-secure intrusive debug at HDPL 1", Confidence::OtherFamily),
        5 => ("non-secure intrusive debug at HDPL 2", Confidence::OtherFamily),
        6 => ("non-secure intrusive debug at HDPL 3", Confidence::OtherFamily),
        12 => ("partial regression", Confidence::OtherFamily),
        14 => ("full regression", Confidence::Documented),
        127 => ("forced download", Confidence::Inferred),
        _ => ("unknown", Confidence::Unknown),
    };
    PermissionBit { bit, name, confidence }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_masks_are_told_in_words() {
        assert_eq!(
            permissions_text(0x8000_0000_0000_0000_0000_0000_0000_5007),
            "intrusive debug at HDPL 1, intrusive debug at HDPL 2, intrusive debug at HDPL 3, partial regression (known from \
             the H5), full regression, forced download (inferred)"
        );
        assert_eq!(permissions_text(0), "nothing");
    }

    #[test]
    fn every_bit_is_told_and_no_other() {
        for bit in 0..128 {
            let bits = permission_bits(1 << bit);
            assert_eq!(bits.len(), 1);
            assert_eq!(bits[0].bit, bit);
        }
        assert_eq!(permission_bits(u128::MAX).len(), 128);
        assert_eq!(permissions_text(1 << 3), "bit 3 (not known)");
    }
}
