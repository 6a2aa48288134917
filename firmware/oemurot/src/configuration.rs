//! OEMuROT_Config: the keys of the application's images, read from the option-byte keys of level 2 and decrypted.

use chip::second_stage::CONFIG_INDEX;
use chip::trace::{Check, Event, Stage};
use formats::key_fields::{self, PRIVATE_SIZE, PUBLIC_SIZE};
use hardware::stage::report;
use rot::obk;
use rot::redundant::{YES, same};
use sha2::{Digest, Sha256};

/// Hash, public key, private key, filled up to whole indexes (object of ST's published project: 224 bytes).
const INDEXES: usize = (32 + PUBLIC_SIZE + PRIVATE_SIZE).div_ceil(obk::INDEX);

/// The decrypted object, kept where the configuration borrows from.
pub struct Storage {
    object: [[u8; obk::INDEX]; INDEXES],
}

impl Storage {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { object: [[0; obk::INDEX]; INDEXES] }
    }
}

/// The keys.
pub struct Configuration<'a> {
    /// Scalar of the key that unwraps images.
    pub decryption_key: &'a [u8; 32],
    /// The key that signs images, as its hash is computed over.
    pub authentication_key: &'a [u8; PUBLIC_SIZE],
    /// Its point, X then Y.
    pub authentication_point: &'a [u8; 64],
}

impl<'a> Configuration<'a> {
    /// Reads and checks the stored object.
    pub fn read(storage: &'a mut Storage) -> Option<Self> {
        let configuration = Self::load(storage);
        let event = if configuration.is_some() { Event::Passed } else { Event::Failed };
        report(Stage::Oemurot, event, Check::Configuration as u16);
        configuration
    }

    // assumption A80: stored as the ROM stores every object, under the device's key of level 2.
    fn load(storage: &'a mut Storage) -> Option<Self> {
        obk::read(CONFIG_INDEX, &mut storage.object).ok()?;
        obk::decrypt(CONFIG_INDEX, &mut storage.object).ok()?;
        let (hash, payload) = storage.object.as_flattened().split_first_chunk::<32>()?;
        // Twice: everything that follows is decided with these keys.
        for _ in 0..2 {
            if same(&Sha256::digest(payload), hash) != YES {
                return None;
            }
        }
        let (authentication_key, rest) = payload.split_first_chunk::<PUBLIC_SIZE>()?;
        let (decryption_key, _) = rest.split_first_chunk::<PRIVATE_SIZE>()?;
        Some(Self {
            decryption_key: key_fields::private_scalar(decryption_key).ok()?,
            authentication_key,
            authentication_point: key_fields::public_point(authentication_key).ok()?,
        })
    }
}
