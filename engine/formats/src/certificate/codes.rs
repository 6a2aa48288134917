//! The codes in a certificate's head: how it is signed, of which kind its key is, where it stands in a chain.

/// How a certificate is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureType {
    /// ECDSA on P-256 with SHA-256.
    EcdsaP256Sha256,
    /// A code that isn't known.
    Other(u8),
}

impl SignatureType {
    /// The type that a code names.
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::EcdsaP256Sha256,
            other => Self::Other(other),
        }
    }

    /// The code.
    pub const fn code(self) -> u8 {
        match self {
            Self::EcdsaP256Sha256 => 1,
            Self::Other(code) => code,
        }
    }
}

/// Of which kind a certificate's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// ECDSA on P-256.
    EcdsaP256,
    /// A code that isn't known.
    Other(u8),
}

impl KeyType {
    /// The type that a code names.
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::EcdsaP256,
            other => Self::Other(other),
        }
    }

    /// The code.
    pub const fn code(self) -> u8 {
        match self {
            Self::EcdsaP256 => 1,
            Self::Other(code) => code,
        }
    }
}

/// Where in a chain a certificate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// First; signed by itself, known to the board by its fingerprint.
    Root,
    /// Between root and leaf.
    Intermediate,
    /// Last; its key answers the board's challenge.
    Leaf,
    /// A code that isn't known.
    Other(u8),
}

impl Role {
    /// The role that a code names.
    pub const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Root,
            2 => Self::Intermediate,
            3 => Self::Leaf,
            other => Self::Other(other),
        }
    }

    /// The code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Root => 1,
            Self::Intermediate => 2,
            Self::Leaf => 3,
            Self::Other(code) => code,
        }
    }

    /// The name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Intermediate => "intermediate",
            Self::Leaf => "leaf",
            Self::Other(_) => "unknown role",
        }
    }
}
