//! Images that no builder makes: any header, any entries, and yet hashed and signed as they stand, so that what is odd
//! about them is the only thing that is.

use formats::{Flags, ImageFile, ImageHeader, Parts, PrivateKey, Tlv, TlvArea, decrypt};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest, Sha256};

/// An entry of a TLV area.
pub type Entry = (u16, Vec<u8>);

/// An image in its parts, each of which a test may change before it is put together.
#[derive(Clone)]
pub struct Crafted {
    pub header: ImageHeader,
    pub gap: Vec<u8>,
    /// The payload as it was before it was encrypted.
    pub plain: Vec<u8>,
    /// The payload as it is stored.
    pub stored: Vec<u8>,
    pub protected: Vec<Entry>,
    /// The key that is named and signs.
    pub signing: PrivateKey,
    pub wrapped_key: Option<Vec<u8>>,
    /// Entries behind those that every image has.
    pub more: Vec<Entry>,
}

impl Crafted {
    /// The parts of a whole image.
    pub fn of(image: &[u8], signing: PrivateKey, decryption: &PrivateKey) -> Self {
        let parts = Parts::decode(image).unwrap();
        let file = ImageFile { content: image.to_vec(), address: None, apart: None };
        let entries = |area: TlvArea<'_>| {
            let entries = area.entries().map(Result::unwrap);
            entries.map(|entry| (entry.kind, entry.value.to_vec())).collect::<Vec<Entry>>()
        };
        let wrapped_key = parts.tlvs.only(Tlv::WRAPPED_KEY).unwrap().map(|entry| entry.value.to_vec());
        Self {
            header: parts.header,
            gap: parts.gap.to_vec(),
            plain: decrypt(&file, decryption).unwrap(),
            stored: parts.payload.to_vec(),
            protected: entries(parts.protected.unwrap()),
            signing,
            wrapped_key,
            more: Vec::new(),
        }
    }

    /// The image: sizes and hash from the parts, the rest as the header says.
    pub fn image(&self) -> Vec<u8> {
        let protected = area(0x6908, &self.protected);
        let mut header = self.header;
        header.payload_size = u32::try_from(self.stored.len()).unwrap();
        header.protected_size = u16::try_from(protected.len()).unwrap();
        let mut hashed = header;
        if header.flags.0 & Flags::PRIMARY_ONLY != 0 {
            hashed.flags = Flags(header.flags.0 & !Flags::ENCRYPTED_AES128);
        }
        let digest: [u8; 32] = Sha256::new()
            .chain_update(hashed.encode())
            .chain_update(&self.gap)
            .chain_update(&self.plain)
            .chain_update(&protected)
            .finalize()
            .into();
        let signer = SigningKey::from_slice(&self.signing.stored()[36..68]).unwrap();
        let signature: Signature = signer.sign_prehash(&digest).unwrap();
        let mut entries = vec![
            (Tlv::SHA256, digest.to_vec()),
            (Tlv::KEY_HASH, self.signing.public().image_key_hash().to_vec()),
            (Tlv::SIGNATURE, signature.to_der().as_bytes().to_vec()),
        ];
        entries.extend(self.wrapped_key.clone().map(|wrapped| (Tlv::WRAPPED_KEY, wrapped)));
        entries.extend(self.more.clone());
        let parts =
            [header.encode().to_vec(), self.gap.clone(), self.stored.clone(), protected, area(0x6907, &entries)];
        parts.concat()
    }
}

fn area(magic: u16, entries: &[Entry]) -> Vec<u8> {
    let mut bytes = magic.to_le_bytes().to_vec();
    let total = entries.iter().map(|(_, value)| 4 + value.len()).sum::<usize>() + 4;
    bytes.extend(u16::try_from(total).unwrap().to_le_bytes());
    for (kind, value) in entries {
        bytes.extend(kind.to_le_bytes());
        bytes.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
        bytes.extend(value);
    }
    bytes
}
