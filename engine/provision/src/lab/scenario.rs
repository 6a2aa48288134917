//! What the lab can do with a copy of a board: what is to happen, and what is tampered with before it does.

use board::PowerCut;
use formats::Version;

use super::story::Lane;

/// What is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// Power comes on, and the board boots as it stands.
    Boot,
    /// A new application waits in its download slot when power comes on.
    InstallApplication {
        /// Its version; its security counter follows from it.
        version: Version,
    },
    /// A new second stage waits in STiRoT's download slot when power comes on. Two boot stages only.
    InstallSecondStage {
        /// Its version; its security counter follows from it.
        version: Version,
    },
}

impl Scenario {
    /// The version that waits, if one does.
    pub const fn version(&self) -> Option<Version> {
        match self {
            Self::Boot => None,
            Self::InstallApplication { version } | Self::InstallSecondStage { version } => Some(*version),
        }
    }

    /// What it is, for people.
    pub fn text(&self) -> String {
        match self {
            Self::Boot => "Boot as it stands".into(),
            Self::InstallApplication { version } => format!("Install application {version}"),
            Self::InstallSecondStage { version } => format!("Install second stage {version}"),
        }
    }
}

/// Which stage verifies an image, and so whose slots are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Judge {
    /// STiRoT: the application of one boot stage, the second stage of two.
    Stirot,
    /// The second stage: the application of two boot stages.
    Oemurot,
}

impl Judge {
    /// Its lane.
    pub const fn lane(self) -> Lane {
        match self {
            Self::Stirot => Lane::Stirot,
            Self::Oemurot => Lane::Oemurot,
        }
    }

    /// Who looks whether there is an image at all.
    pub const fn looks(self) -> Lane {
        match self {
            Self::Stirot => Lane::Iloader,
            Self::Oemurot => Lane::Oemurot,
        }
    }
}

/// What is tampered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tamper {
    /// Nothing.
    None,
    /// One bit of the new image is flipped.
    FlipBit {
        /// Where.
        spot: Spot,
    },
    /// The new image is made with a key that the board doesn't know.
    OtherKey {
        /// Which of its two.
        key: OtherKey,
    },
    /// The image that waits is older than what ran before: its security counter is one lower.
    OlderVersion,
    /// The contents of installation slot and download slot change places.
    SwapSlots,
    /// One bit of what lies in an installation slot is flipped. It is ciphertext: a whole cipher block behind it changes.
    Installed {
        /// Whose slot.
        judge: Judge,
        /// Where.
        spot: InstalledSpot,
    },
    /// Power is cut at a write to flash, NOR or option-byte keys, and then comes back.
    CutPower {
        /// Writes that still complete.
        after_writes: u64,
        /// What becomes of the write after them.
        cut: Cut,
    },
}

/// What becomes of the write at which power goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cut {
    /// It never begins.
    Between,
    /// It is cut in its middle.
    Inside,
}

/// Which key of an image is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OtherKey {
    /// The one that signs.
    Signer,
    /// The one that it is encrypted for.
    Recipient,
}

/// Where a bit of an image is flipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spot {
    /// The first word.
    Magic,
    /// The version in the header.
    Header,
    /// The middle of the payload.
    Payload,
    /// The security counter, which gets higher.
    ProtectedTlv,
    /// The stated hash.
    Hash,
    /// The hash of the key that signed.
    KeyHash,
    /// The end of the signature.
    Signature,
    /// The wrapped key.
    WrappedKey,
    /// A bit that a person chose.
    Chosen {
        /// Byte of the image.
        offset: u32,
        /// Bit of the byte, 0 to 7.
        bit: u8,
    },
}

impl Spot {
    /// The spots with a name, in the order of an image.
    pub const NAMED: [Self; 8] = [
        Self::Magic,
        Self::Header,
        Self::Payload,
        Self::ProtectedTlv,
        Self::Hash,
        Self::KeyHash,
        Self::Signature,
        Self::WrappedKey,
    ];

    /// What it is, for people.
    pub fn text(self) -> String {
        match self {
            Self::Magic => "magic".into(),
            Self::Header => "header (version)".into(),
            Self::Payload => "payload".into(),
            Self::ProtectedTlv => "protected TLV (security counter)".into(),
            Self::Hash => "hash".into(),
            Self::KeyHash => "key hash".into(),
            Self::Signature => "signature".into(),
            Self::WrappedKey => "wrapped key".into(),
            Self::Chosen { offset, bit } => format!("byte {offset:#x}, bit {bit}"),
        }
    }
}

/// Where a bit of an installed image is flipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InstalledSpot {
    /// The block that begins with the magic.
    Magic,
    /// The block with flags and version.
    Header,
    /// A block of the payload.
    Payload,
}

impl InstalledSpot {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Magic, Self::Header, Self::Payload];

    /// Byte of the slot whose bit is flipped.
    pub const fn offset(self) -> u32 {
        match self {
            Self::Magic => 1,
            Self::Header => 0x11,
            Self::Payload => 0x900,
        }
    }

    /// What it is, for people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Magic => "first block",
            Self::Header => "header",
            Self::Payload => "payload",
        }
    }
}

impl Tamper {
    /// What it is, for people.
    pub fn text(&self) -> String {
        match self {
            Self::None => "Nothing tampered with".into(),
            Self::FlipBit { spot } => format!("One bit flipped: {}", spot.text()),
            Self::OtherKey { key: OtherKey::Signer } => "Signed by another key".into(),
            Self::OtherKey { key: OtherKey::Recipient } => "Encrypted for another key".into(),
            Self::OlderVersion => "Older version".into(),
            Self::SwapSlots => "Slots swapped".into(),
            Self::Installed { judge, spot } => {
                format!("Installed image of {} damaged: {}", judge.lane().name(), spot.text())
            }
            Self::CutPower { after_writes, cut: Cut::Between } => format!("Power cut after {after_writes} writes"),
            Self::CutPower { after_writes, cut: Cut::Inside } => {
                format!("Power cut inside of write {}", after_writes.saturating_add(1))
            }
        }
    }

    /// The loss of power that it is, if it is one.
    pub(super) const fn power_cut(&self) -> Option<PowerCut> {
        match self {
            Self::CutPower { after_writes, cut } => {
                Some(PowerCut { after_writes: *after_writes, tears: matches!(cut, Cut::Inside) })
            }
            _ => None,
        }
    }
}
