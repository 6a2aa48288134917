//! What is checked of an image, and how a check can end.

/// What is checked, in the order in which a boot stage would stumble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CheckName {
    /// The file reads without damage.
    File,
    /// The image lies where the loader looks for it.
    Address,
    /// The header opens with the profile's magic.
    Magic,
    /// The header's other fields are those of the profile.
    Header,
    /// The payload consists of whole cipher blocks.
    Payload,
    /// The image fits its slot.
    Slot,
    /// The parts are there whole, where the header says.
    Structure,
    /// The protected area holds a security counter and nothing unknown.
    ProtectedTlvs,
    /// The other area holds hash, key hash, signature and wrapped key, once each.
    Tlvs,
    /// The payload's key opens with the decryption key.
    WrappedKey,
    /// The security counter isn't lower than that of the installed image.
    Counter,
    /// The stated hash is that of the signed bytes.
    Hash,
    /// The image names the expected key as the one that signed it.
    KeyHash,
    /// The signature over the hash is the expected key's.
    Signature,
    /// The payload begins with a vector table that can start.
    Vectors,
    /// The application was linked for the place where it will run.
    LinkAddress,
    /// The gap behind the header is erased flash.
    Gap,
    /// The file shows a slot of the right size.
    Extent,
    /// What follows the image in its slot is erased.
    Fill,
    /// The slot ends with the mark of a complete image.
    Trailer,
}

impl CheckName {
    /// All of them, in the order of a judgement.
    pub const ALL: [Self; 20] = [
        Self::File,
        Self::Address,
        Self::Magic,
        Self::Header,
        Self::Payload,
        Self::Slot,
        Self::Structure,
        Self::ProtectedTlvs,
        Self::Tlvs,
        Self::WrappedKey,
        Self::Counter,
        Self::Hash,
        Self::KeyHash,
        Self::Signature,
        Self::Vectors,
        Self::LinkAddress,
        Self::Gap,
        Self::Extent,
        Self::Fill,
        Self::Trailer,
    ];

    /// The name for people.
    pub const fn text(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Address => "address",
            Self::Magic => "magic",
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Slot => "size of the slot",
            Self::Structure => "structure",
            Self::ProtectedTlvs => "protected TLVs",
            Self::Tlvs => "TLVs",
            Self::Counter => "security counter",
            Self::WrappedKey => "encryption key",
            Self::Hash => "hash",
            Self::KeyHash => "signing key",
            Self::Signature => "signature",
            Self::Vectors => "vector table",
            Self::LinkAddress => "link address",
            Self::Gap => "gap behind the header",
            Self::Extent => "extent of the file",
            Self::Fill => "fill of the slot",
            Self::Trailer => "end of the slot",
        }
    }
}

/// How a check ended; the text says what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Holds(String),
    /// It fails, because.
    Fails(String),
    /// It could not be made, because.
    NotCheckable(String),
    /// Worth saying; nobody refuses the image for it.
    Notice(String),
}

impl Outcome {
    /// What was seen.
    pub fn text(&self) -> &str {
        match self {
            Self::Holds(text) | Self::Fails(text) | Self::NotCheckable(text) | Self::Notice(text) => text,
        }
    }
}

/// One check and its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Which.
    pub name: CheckName,
    /// How it ended.
    pub outcome: Outcome,
}
