//! Keys, objects, certificates and tokens, byte by byte as the fact sheet has them.

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest, Sha256};

/// A key pair.
pub struct Key(SigningKey);

impl Key {
    /// A key of its own for every number.
    pub fn new(number: u8) -> Self {
        Self::from_scalar(&Sha256::digest([number]).into())
    }

    pub fn from_scalar(scalar: &[u8; 32]) -> Self {
        Self(SigningKey::from_slice(scalar).unwrap())
    }

    /// X, then Y.
    pub fn point(&self) -> [u8; 64] {
        self.0.verifying_key().to_sec1_point(false).as_bytes()[1..].try_into().unwrap()
    }

    pub fn sign(&self, data: &[u8]) -> [u8; 64] {
        let signature: Signature = self.0.sign_prehash(&Sha256::digest(data)).unwrap();
        signature.to_bytes().into()
    }
}

/// What a certificate says, before it is signed.
#[derive(Clone)]
pub struct Fields {
    pub role: u8,
    pub usage: u8,
    pub life_cycle: u16,
    pub constraint: u16,
    pub extensions: u32,
    pub soc_class: u32,
    pub soc_id: [u8; 16],
    pub permissions: u128,
    pub key: [u8; 64],
}

impl Fields {
    pub fn new(role: u8, key: &Key) -> Self {
        Self {
            role,
            usage: 1,
            life_cycle: 0,
            constraint: 0,
            extensions: 0,
            soc_class: 0,
            soc_id: [0; 16],
            permissions: 0x8000_0000_0000_0000_0000_0000_0000_5007,
            key: key.point(),
        }
    }

    pub fn issue(&self, issuer: &Key) -> [u8; 212] {
        let mut bytes = vec![1, 0, 1, 1, self.role, self.usage, 0, 0];
        bytes.extend(self.life_cycle.to_le_bytes());
        bytes.extend(self.constraint.to_le_bytes());
        bytes.extend(self.extensions.to_le_bytes());
        bytes.extend(self.soc_class.to_le_bytes());
        bytes.extend(self.soc_id);
        bytes.extend(self.permissions.to_le_bytes());
        bytes.extend(self.key);
        bytes.extend([0; 32]);
        assert_eq!(bytes.len(), 0x94);
        let signature = issuer.sign(&bytes);
        bytes.extend(signature);
        bytes.try_into().unwrap()
    }
}

/// A root, an intermediate and a leaf, and their keys.
pub struct Chain {
    pub root: Key,
    pub intermediate: Key,
    pub leaf: Key,
}

impl Chain {
    pub fn new() -> Self {
        Self { root: Key::new(1), intermediate: Key::new(2), leaf: Key::new(3) }
    }

    pub fn root_fields(&self) -> Fields {
        Fields::new(1, &self.root)
    }

    pub fn intermediate_fields(&self) -> Fields {
        Fields::new(2, &self.intermediate)
    }

    pub fn leaf_fields(&self) -> Fields {
        Fields::new(3, &self.leaf)
    }

    pub fn whole(&self) -> [[u8; 212]; 3] {
        [
            self.root_fields().issue(&self.root),
            self.intermediate_fields().issue(&self.root),
            self.leaf_fields().issue(&self.intermediate),
        ]
    }

    /// The object that lets this chain in.
    pub fn object(&self) -> Vec<u8> {
        self.object_with(0x8000_0000_0000_0000_0000_0000_0000_4007)
    }

    pub fn object_with(&self, permissions: u128) -> Vec<u8> {
        let mut payload = Sha256::digest(self.root.point()).to_vec();
        payload.extend(permissions.to_le_bytes());
        payload.extend([0; 16]);
        object(0x0051_0008, &payload)
    }
}

/// The object of a password.
pub fn password_object(password: &[u8]) -> Vec<u8> {
    let mut payload = Sha256::digest(password).to_vec();
    payload.extend([0; 32]);
    object(0x008A_0008, &payload)
}

/// The object that locks.
pub fn lock_object() -> Vec<u8> {
    let mut bytes: Vec<u8> = [0x00B4_0008_u32, 0x20, 1].into_iter().flat_map(u32::to_le_bytes).collect();
    bytes.extend(b"STDALOCKMGC");
    bytes.resize(12 + 0x20, 0xFF);
    bytes
}

fn object(destination: u32, payload: &[u8]) -> Vec<u8> {
    let size = 32 + payload.len() as u32;
    let mut bytes: Vec<u8> = [destination, size, 1].into_iter().flat_map(u32::to_le_bytes).collect();
    bytes.extend(Sha256::digest(payload));
    bytes.extend(payload);
    bytes
}

/// A token over a challenge.
pub fn token(challenge: &[u8; 32], permissions: u128, key: &Key) -> [u8; 120] {
    let mut bytes = vec![1, 0, 1, 0, 0, 0, 0, 0];
    bytes.extend(permissions.to_le_bytes());
    bytes.extend([0; 32]);
    assert_eq!(bytes.len(), 0x38);
    let mut signed = bytes.clone();
    signed.extend(challenge);
    let signature = key.sign(&signed);
    bytes.extend(signature);
    bytes.try_into().unwrap()
}

/// A file of ST's debug-authentication folder; nothing, and a word about it, where the vectors are missing.
pub fn published(name: &str) -> Option<Vec<u8>> {
    let variable = super::boot_rom_rig::VECTORS;
    let root = std::env::var_os(variable).map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        std::path::PathBuf::from,
    );
    let read = std::fs::read(root.join("da").join(name));
    if read.is_err() {
        eprintln!("SKIPPED: {variable} names no folder with ST's published vectors");
    }
    read.ok()
}

/// ST's published object, leaf chain and leaf key.
pub struct Published {
    pub object: Vec<u8>,
    pub chain: Vec<[u8; 212]>,
    pub leaf: Key,
}

impl Published {
    pub fn read() -> Option<Self> {
        let object = published("Binary/DA_Config.obk")?;
        let chain = base64(&published("Certificates/cert_leaf_chain.b64")?);
        let chain = chain.chunks(220).map(|tagged| tagged[8..].try_into().unwrap()).collect();
        let key = String::from_utf8(published("Keys/key_3_leaf.pem")?).unwrap();
        let lines: String = key.lines().filter(|line| !line.starts_with('-')).collect();
        let der = base64(lines.as_bytes());
        // The scalar is the one octet string of 32 bytes.
        let at = der.windows(2).position(|bytes| bytes == [0x04, 0x20]).unwrap() + 2;
        Some(Self { object, chain, leaf: Key::from_scalar(der[at..at + 32].try_into().unwrap()) })
    }
}

fn base64(text: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let values: Vec<u32> = text
        .iter()
        .filter_map(|letter| LETTERS.iter().position(|known| known == letter))
        .map(|value| value as u32)
        .collect();
    values
        .chunks(4)
        .flat_map(|group| {
            let word = group.iter().fold(0, |word, value| word << 6 | value) << (6 * (4 - group.len()));
            word.to_be_bytes()[1..group.len()].to_vec()
        })
        .collect()
}
