//! A certificate and a token as bytes: their fields, at fixed places, and what of them is signed. Whether they hold is
//! judged elsewhere.

use chip::mailbox::{CERTIFICATE_SIZE, TOKEN_SIZE};

/// Bytes of a certificate that its issuer signs.
const CERTIFICATE_SIGNED: usize = 0x94;
/// Bytes of a token that are signed, in front of the challenge.
const TOKEN_SIGNED: usize = 0x38;
/// Format version 1.0, signature ECDSA P-256 with SHA-256.
const HEAD: [u8; 3] = [1, 0, 1];
/// Key type P-256.
const KEY_TYPE: u8 = 1;

/// Role of a certificate that signs itself.
pub const ROOT: u8 = 1;
/// Role of a certificate between root and leaf.
pub const INTERMEDIATE: u8 = 2;
/// Role of a certificate whose key signs tokens.
pub const LEAF: u8 = 3;

/// A certificate's fields.
pub struct Certificate<'a> {
    /// [`ROOT`], [`INTERMEDIATE`], [`LEAF`], or anything else.
    pub role: u8,
    /// What it may be used for; 1 is debug authentication.
    pub usage: u8,
    /// The life cycle that it is for; 0 for any.
    pub life_cycle: u16,
    /// A constraint of the maker's.
    pub constraint: u16,
    /// Bytes of extensions that follow, and their hash.
    pub extensions: (u32, &'a [u8; 32]),
    /// The class of chips that it is for.
    pub soc_class: u32,
    /// The chip that it is for; zeros for any.
    pub soc_id: &'a [u8; 16],
    /// What it permits.
    pub mask: u128,
    /// The key that it is about: X, then Y.
    pub key: &'a [u8; 64],
    /// What is signed.
    pub signed: &'a [u8],
    /// The signature: r, then s.
    pub signature: &'a [u8; 64],
}

impl<'a> Certificate<'a> {
    /// Reads the fields; nothing when version, algorithms or the reserved field are others than this ROM knows.
    pub fn decode(bytes: &'a [u8; CERTIFICATE_SIZE]) -> Option<Self> {
        let signed = bytes.get(..CERTIFICATE_SIGNED)?;
        let (head, rest) = bytes.split_first_chunk::<3>()?;
        let ([key_type, role, usage], rest) = rest.split_first_chunk::<3>()?;
        let (reserved, rest) = rest.split_first_chunk::<2>()?;
        let (life_cycle, rest) = rest.split_first_chunk::<2>()?;
        let (constraint, rest) = rest.split_first_chunk::<2>()?;
        let (extensions_size, rest) = rest.split_first_chunk::<4>()?;
        let (soc_class, rest) = rest.split_first_chunk::<4>()?;
        let (soc_id, rest) = rest.split_first_chunk::<16>()?;
        let (mask, rest) = rest.split_first_chunk::<16>()?;
        let (key, rest) = rest.split_first_chunk::<64>()?;
        let (extensions_hash, rest) = rest.split_first_chunk::<32>()?;
        let signature: &[u8; 64] = rest.try_into().ok()?;
        if *head != HEAD || *key_type != KEY_TYPE || *reserved != [0; 2] {
            return None;
        }
        Some(Self {
            role: *role,
            usage: *usage,
            life_cycle: u16::from_le_bytes(*life_cycle),
            constraint: u16::from_le_bytes(*constraint),
            extensions: (u32::from_le_bytes(*extensions_size), extensions_hash),
            soc_class: u32::from_le_bytes(*soc_class),
            soc_id,
            mask: u128::from_le_bytes(*mask),
            key,
            signed,
            signature,
        })
    }
}

/// A token's fields.
pub struct Token<'a> {
    /// What is asked for.
    pub requested: u128,
    /// What is signed, in front of the challenge.
    pub signed: &'a [u8],
    /// The signature: r, then s.
    pub signature: &'a [u8; 64],
}

impl<'a> Token<'a> {
    /// Reads the fields; nothing when version, algorithm or the reserved field are others than this ROM knows, or
    /// extensions follow.
    pub fn decode(bytes: &'a [u8; TOKEN_SIZE]) -> Option<Self> {
        let signed = bytes.get(..TOKEN_SIGNED)?;
        let (head, rest) = bytes.split_first_chunk::<3>()?;
        let ([reserved], rest) = rest.split_first_chunk::<1>()?;
        let (extensions_size, rest) = rest.split_first_chunk::<4>()?;
        let (requested, rest) = rest.split_first_chunk::<16>()?;
        let (extensions_hash, rest) = rest.split_first_chunk::<32>()?;
        let signature: &[u8; 64] = rest.try_into().ok()?;
        let plain = *head == HEAD && *reserved == 0 && *extensions_size == [0; 4] && *extensions_hash == [0; 32];
        plain.then_some(Self { requested: u128::from_le_bytes(*requested), signed, signature })
    }
}
