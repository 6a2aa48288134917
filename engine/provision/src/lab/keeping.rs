//! What a board keeps for its boot stages, read past the chip: STiRoT's configuration and counters, those of the second
//! stage. For telling what a check saw; nothing that provisions a board uses it.

use board::NonVolatile;
use chip::memory_map::Region;
use chip::obk::{CONFIG_INDEX, INDEX_SIZE, STIROT_DATA_A_INDEX, STIROT_DATA_B_INDEX};
use chip::second_stage;
use chip::{Destination, ProductState};
use formats::key_fields::{PRIVATE_SIZE, PUBLIC_SIZE};
use formats::{DataBlock, PrivateKey, PublicKey, Secret, StirotConfig};
use sha2::{Digest, Sha256};

/// What STiRoT is told by.
pub(super) struct Configuration {
    /// Where it verifies and starts images.
    pub(super) firmware: Region,
    pub(super) installation: Region,
    pub(super) download: Region,
    pub(super) minimum_state: ProductState,
    /// The key that signs images.
    pub(super) authentication: PublicKey,
    /// The key that opens them.
    pub(super) decryption: PrivateKey,
}

impl Configuration {
    /// STiRoT's configuration, when the board has a whole one.
    pub(super) fn of(state: &NonVolatile) -> Option<Self> {
        let object = open(state, Destination::STIROT_CONFIG.hdpl(), CONFIG_INDEX, 32 + StirotConfig::SIZE)?;
        let fields = StirotConfig::decode(hashed(&object)?).ok()?;
        let region = |start| Region::new(start, fields.firmware_size);
        Some(Self {
            firmware: region(fields.firmware_address),
            installation: region(fields.installation_address),
            download: region(fields.download_address),
            minimum_state: fields.minimum_state,
            authentication: PublicKey::from_stored(fields.authentication_key).ok()?,
            decryption: PrivateKey::from_stored(fields.decryption_key).ok()?,
        })
    }
}

/// The keys that the second stage verifies and opens images with.
pub(super) struct SecondConfiguration {
    pub(super) authentication: PublicKey,
    pub(super) decryption: PrivateKey,
}

impl SecondConfiguration {
    /// The second stage's configuration, when the board has a whole one: hash, public key, private key.
    pub(super) fn of(state: &NonVolatile) -> Option<Self> {
        // Hash, public key, private key, filled up to whole indexes.
        let size = (32 + PUBLIC_SIZE + PRIVATE_SIZE).next_multiple_of(INDEX_SIZE);
        let level = Destination::OEMUROT_CONFIG.hdpl();
        let object = open(state, level, second_stage::CONFIG_INDEX, size)?;
        let payload = hashed(&object)?;
        let (authentication, rest) = payload.split_first_chunk::<PUBLIC_SIZE>()?;
        Some(Self {
            authentication: PublicKey::from_stored(authentication).ok()?,
            decryption: PrivateKey::from_stored(rest.first_chunk::<PRIVATE_SIZE>()?).ok()?,
        })
    }
}

/// A security counter with the area that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) counter: u32,
    pub(super) area: char,
    /// Hash of the image that verified last; of the second stage alone.
    pub(super) reference: [u8; 32],
}

/// The counter that STiRoT keeps: of two whole areas the higher.
pub(super) fn stirots_counter(state: &NonVolatile) -> Option<Kept> {
    counter(state, Destination::STIROT_DATA.hdpl(), [STIROT_DATA_A_INDEX, STIROT_DATA_B_INDEX])
}

/// The application's counter that the second stage keeps.
pub(super) fn second_counter(state: &NonVolatile) -> Option<Kept> {
    let level = Destination::OEMUROT_DATA.hdpl();
    counter(state, level, [second_stage::DATA_A_INDEX, second_stage::DATA_B_INDEX])
}

fn counter(state: &NonVolatile, level: u8, areas: [u8; 2]) -> Option<Kept> {
    let kept = |(index, area): (u8, char)| {
        let block = DataBlock::decode(&open(state, level, index, DataBlock::SIZE)?).ok()?;
        let whole: [u8; 32] = Sha256::digest(block.hashed_bytes()).into();
        (whole == block.sha256).then_some(Kept {
            counter: block.code_version,
            area,
            reference: block.code_sha256_reference,
        })
    };
    areas.into_iter().zip(['A', 'B']).filter_map(kept).max_by_key(|kept| kept.counter)
}

/// An object behind its hash, when the hash is its own.
fn hashed(object: &[u8]) -> Option<&[u8]> {
    let (hash, payload) = object.split_first_chunk::<32>()?;
    let own: [u8; 32] = Sha256::digest(payload).into();
    (own == *hash).then_some(payload)
}

/// `size` bytes of an object in the clear.
// assumption A32: each index for itself, in CBC under this device's key at the object's level.
fn open(state: &NonVolatile, level: u8, first: u8, size: usize) -> Option<Secret<Vec<u8>>> {
    let area = state.keys.get(usize::from(level))?;
    let mut object = Secret::new(Vec::with_capacity(size + INDEX_SIZE));
    for index in first.. {
        if object.len() >= size {
            break;
        }
        let cell = area.get(usize::from(index)).copied().flatten().filter(|cell| !cell.torn)?;
        let mut data = Secret::new(cell.data);
        let mut vector = *b"RSS object at  \0";
        if let Some(last) = vector.last_mut() {
            *last = index;
        }
        state.device_decrypt(level, vector, &mut *data);
        object.extend_from_slice(&*data);
    }
    object.truncate(size);
    Some(object)
}
