//! What survives power: flash cells, option bytes, keys, the NOR's array, the chip's identity. And its form as bytes.
//! Not when it is saved: that is the powered board's affair.

use std::collections::BTreeMap;
use std::sync::Arc;

use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt, KeyInit};
use chip::memory_map::{OTP, USER_FLASH};
use chip::obk::{AREAS, INDEX_SIZE, INDEXES};
use chip::option_bytes::{
    DebugAuthentication, HDP_DISABLED, IROT_SELECT_OEM, IROT_SELECT_SHIFT, NVSTATE_OPEN, OEM_NOT_PROVISIONED, WRP_NONE,
    obw1,
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::BoardError;

/// Bytes of a NOR page in the sparse array.
pub const NOR_PAGE: usize = 4096;
/// Bytes of the NOR: an MX66UW1G45G holds 128 MiB.
pub const NOR_SIZE: u32 = 128 * 1024 * 1024;
/// Flash words of user flash.
const FLASH_WORDS: usize = USER_FLASH.size as usize / 16;

/// The option bytes as loaded words (CMSIS names).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionWords {
    /// NVSR.
    pub nvsr: u32,
    /// ROTSR.
    pub rotsr: u32,
    /// OTPLSR.
    pub otplsr: u32,
    /// WRPSR.
    pub wrpsr: u32,
    /// HDPSR.
    pub hdpsr: u32,
    /// EPOCHSR.
    pub epochsr: u32,
    /// OBW1SR.
    pub obw1sr: u32,
    /// OBW2SR.
    pub obw2sr: u32,
}

impl OptionWords {
    /// As a chip is delivered: OPEN, nothing provisioned, nothing protected. BOR level and the freeze bits are an
    /// assumption (assumption A17).
    pub const FACTORY: Self = Self {
        nvsr: NVSTATE_OPEN as u32,
        rotsr: (IROT_SELECT_OEM as u32) << IROT_SELECT_SHIFT
            | (DebugAuthentication::None.code() as u32) << 8
            | OEM_NOT_PROVISIONED as u32,
        otplsr: 0,
        wrpsr: WRP_NONE,
        hdpsr: HDP_DISABLED,
        epochsr: 0,
        obw1sr: obw1::IWDG_HW | 1 << 6 | 1 << 7 | 1 << 17 | 1 << 18 | 1 << 28,
        obw2sr: 0,
    };

    fn words(&self) -> [u32; 8] {
        [self.nvsr, self.rotsr, self.otplsr, self.wrpsr, self.hdpsr, self.epochsr, self.obw1sr, self.obw2sr]
    }

    fn from_words(words: [u32; 8]) -> Self {
        let [nvsr, rotsr, otplsr, wrpsr, hdpsr, epochsr, obw1sr, obw2sr] = words;
        Self { nvsr, rotsr, otplsr, wrpsr, hdpsr, epochsr, obw1sr, obw2sr }
    }
}

/// One stored option-byte key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyCell {
    /// Size code as programmed: 0, 1, 2, 3 for 32, 64, 128, 256 bits.
    pub size: u8,
    /// The bits; those past the size are zero.
    pub data: [u8; INDEX_SIZE],
    /// The store was cut by a loss of power: reading it fails.
    pub torn: bool,
}

/// All option-byte keys: three areas of 32 indexes.
pub type Keys = [[Option<KeyCell>; INDEXES]; AREAS];

/// The NOR's cells: 4 KiB pages that were ever written; any other reads 0xFF. A copy shares them until one of the two
/// is written.
#[derive(Clone, Default)]
pub struct NorCells {
    pages: Arc<BTreeMap<u32, Arc<[u8; NOR_PAGE]>>>,
}

impl NorCells {
    /// Reads cells; addresses wrap at the end of the array.
    pub fn read(&self, address: u32, out: &mut [u8]) {
        let mut at = address % NOR_SIZE;
        let mut out = out;
        while !out.is_empty() {
            let start = at as usize % NOR_PAGE;
            let size = out.len().min(NOR_PAGE - start);
            let Some((now, later)) = out.split_at_mut_checked(size) else { return };
            match self.pages.get(&(at / NOR_PAGE as u32)).and_then(|page| page.get(start..start + size)) {
                Some(cells) => now.copy_from_slice(cells),
                None => now.fill(0xFF),
            }
            out = later;
            at = at.wrapping_add(size as u32) % NOR_SIZE;
        }
    }

    /// Sets one cell to a value, erased bits and all.
    pub fn set(&mut self, address: u32, value: u8) {
        let at = address % NOR_SIZE;
        let pages = Arc::make_mut(&mut self.pages);
        let page = pages.entry(at / NOR_PAGE as u32).or_insert_with(|| Arc::new([0xFF; NOR_PAGE]));
        if let Some(cell) = Arc::make_mut(page).get_mut(at as usize % NOR_PAGE) {
            *cell = value;
        }
    }

    /// Erases `size` bytes from `address` on, up to the end of the array.
    pub fn erase(&mut self, address: u32, size: u32) {
        let start = address.min(NOR_SIZE);
        let end = start.saturating_add(size).min(NOR_SIZE);
        let page = NOR_PAGE as u32;
        let (first, last) = (start.div_ceil(page), end / page);
        if first < last {
            // Whole pages: what is not there reads erased.
            Arc::make_mut(&mut self.pages).retain(|number, _| !(first..last).contains(number));
        }
        let head = start..end.min(first * page);
        let tail = end.min(last * page).max(head.end)..end;
        for at in head.chain(tail) {
            if self.pages.contains_key(&(at / page)) {
                self.set(at, 0xFF);
            }
        }
    }

    /// Pages that differ from the erased state or once did: what the array costs in memory and in the file.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.pages.len()
    }
}

/// Everything that survives power.
#[derive(Clone)]
pub struct NonVolatile {
    /// SHA-256 of the ROM image that the board was made with.
    pub rom_hash: [u8; 32],
    root_key: Zeroizing<[u8; 32]>,
    /// The 96-bit identifier, as its bytes lie in memory.
    pub uid: [u8; 12],
    /// User flash.
    pub user_flash: Box<[u8; USER_FLASH.size as usize]>,
    /// Flash words that were programmed since their sector's last erase: one bit a word.
    pub programmed: [u64; FLASH_WORDS / 64],
    /// The one-time programmable area.
    pub otp: Box<[u8; OTP.size as usize]>,
    /// The option bytes.
    pub options: OptionWords,
    /// The option-byte keys.
    pub keys: Box<Keys>,
    /// The external NOR.
    pub nor: NorCells,
    /// The NOR's non-volatile default mode (CR2 at 0x4000_0000).
    pub nor_default_mode: u8,
}

/// Why bytes are not a board.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NonVolatileError {
    /// They do not begin as a board file does.
    #[error("not a board file: it begins with other bytes")]
    NotABoard,
    /// A version this program does not know.
    #[error("board file of version {found}; this program reads version {known}")]
    Version {
        /// Version in the file.
        found: u32,
        /// Version known here.
        known: u32,
    },
    /// The file ends early.
    #[error("the board file ends at byte {length}, in {part}")]
    Truncated {
        /// Where it ends.
        length: usize,
        /// In which part.
        part: &'static str,
    },
    /// The checksum differs.
    #[error("the board file is damaged: its checksum does not match its content")]
    Checksum,
    /// A value that can't be.
    #[error("the board file is damaged: {part} holds {value}")]
    Value {
        /// Where.
        part: &'static str,
        /// What.
        value: u64,
    },
}

const MAGIC: &[u8; 12] = b"STiRoT board";
const VERSION: u32 = 1;

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, size: usize, part: &'static str) -> Result<&'a [u8], NonVolatileError> {
        let taken = self
            .at
            .checked_add(size)
            .and_then(|end| self.bytes.get(self.at..end))
            .ok_or(NonVolatileError::Truncated { length: self.bytes.len(), part })?;
        self.at += size;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, part: &'static str) -> Result<[u8; N], NonVolatileError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N, part)?);
        Ok(out)
    }

    fn word(&mut self, part: &'static str) -> Result<u32, NonVolatileError> {
        Ok(u32::from_le_bytes(self.array(part)?))
    }
}

impl NonVolatile {
    /// A board as it leaves the factory, OPEN and empty. `entropy` decides the identifier and the root key: the same
    /// entropy gives the same board.
    #[must_use]
    fn factory(entropy: [u8; 32], rom_hash: [u8; 32]) -> Self {
        let derive =
            |label: &[u8]| -> [u8; 32] { Sha256::new().chain_update(label).chain_update(entropy).finalize().into() };
        let mut uid = [0; 12];
        for (out, byte) in uid.iter_mut().zip(derive(b"unique identifier")) {
            *out = byte;
        }
        Self {
            rom_hash,
            root_key: Zeroizing::new(derive(b"root key")),
            uid,
            user_flash: Box::new([0xFF; USER_FLASH.size as usize]),
            programmed: [0; FLASH_WORDS / 64],
            otp: Box::new([0xFF; OTP.size as usize]),
            options: OptionWords::FACTORY,
            keys: Box::new([[None; INDEXES]; AREAS]),
            nor: NorCells::default(),
            nor_default_mode: 0,
        }
    }

    /// A factory board for a ROM image, its identity from `seed` or from the system's randomness.
    ///
    /// # Errors
    /// [`BoardError::Entropy`] when the system has no randomness.
    pub fn new(seed: Option<u64>, rom: &[u8]) -> Result<Self, BoardError> {
        let mut entropy = Zeroizing::new([0; 32]);
        match seed {
            Some(seed) => {
                for (out, byte) in entropy.iter_mut().zip(seed.to_le_bytes()) {
                    *out = byte;
                }
            }
            None => getrandom::fill(entropy.as_mut_slice())
                .map_err(|error| BoardError::Entropy { reason: error.to_string() })?,
        }
        Ok(Self::factory(*entropy, Self::hash_rom(rom)))
    }

    /// The hash that a board keeps of its ROM.
    #[must_use]
    pub fn hash_rom(rom: &[u8]) -> [u8; 32] {
        Sha256::digest(rom).into()
    }

    /// Key of the hardware at one epoch and level: DHUK. No register returns it (assumption A1).
    pub(crate) fn device_key(&self, epoch: u32, level: u8) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(
            Sha256::new()
                .chain_update(b"DHUK")
                .chain_update(self.root_key.as_slice())
                .chain_update(epoch.to_le_bytes())
                .chain_update([level])
                .finalize()
                .into(),
        )
    }

    /// What the secure AES unit would make of `data` (AES-256-CBC, decrypting) with this chip's own key at `level`. It looks
    /// past the chip, for showing what a board keeps; no register does this outside of that level.
    pub fn device_decrypt(&self, level: u8, vector: [u8; 16], data: &mut [u8]) {
        let cipher = Aes256::new(&(*self.device_key(self.options.epochsr, level)).into());
        let mut before = vector;
        for block in data.chunks_exact_mut(16) {
            let mut work = [0; 16];
            work.copy_from_slice(block);
            let mut plain = work.into();
            cipher.decrypt_block(&mut plain);
            for ((byte, plain), mask) in block.iter_mut().zip(plain).zip(before) {
                *byte = plain ^ mask;
            }
            before = work;
        }
    }

    /// The board as the bytes of its file.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(128 * 1024 + self.nor.pages.len() * (NOR_PAGE + 4)));
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(&self.rom_hash);
        out.extend_from_slice(self.root_key.as_slice());
        out.extend_from_slice(&self.uid);
        out.extend_from_slice(self.user_flash.as_slice());
        for word in self.programmed {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(self.otp.as_slice());
        for word in self.options.words() {
            out.extend_from_slice(&word.to_le_bytes());
        }
        for cell in self.keys.iter().flatten() {
            match cell {
                None => out.push(0xFF),
                Some(cell) => {
                    out.push(cell.size | u8::from(cell.torn) << 7);
                    out.extend_from_slice(&cell.data);
                }
            }
        }
        out.push(self.nor_default_mode);
        out.extend_from_slice(&(self.nor.pages.len() as u32).to_le_bytes());
        for (page, cells) in self.nor.pages.iter() {
            out.extend_from_slice(&page.to_le_bytes());
            out.extend_from_slice(cells.as_slice());
        }
        let checksum: [u8; 32] = Sha256::digest(out.as_slice()).into();
        out.extend_from_slice(&checksum);
        out
    }

    /// Bytes of a file that [`NonVolatile::check_head`] wants.
    pub(crate) const HEAD_SIZE: u64 = MAGIC.len() as u64;

    /// Whether a file may be a board's, by its first bytes.
    ///
    /// # Errors
    /// When it can't be.
    pub(crate) fn check_head(head: &[u8]) -> Result<(), NonVolatileError> {
        if head.get(..MAGIC.len()).is_some_and(|start| start != MAGIC) {
            return Err(NonVolatileError::NotABoard);
        }
        Reader { bytes: head, at: 0 }.take(MAGIC.len(), "the magic").map(|_| ())
    }

    /// A board from the bytes of its file.
    ///
    /// # Errors
    /// What is wrong with the bytes, and where.
    pub fn decode(bytes: &[u8]) -> Result<Self, NonVolatileError> {
        Self::check_head(bytes)?;
        let mut reader = Reader { bytes, at: MAGIC.len() };
        let found = reader.word("the version")?;
        if found != VERSION {
            return Err(NonVolatileError::Version { found, known: VERSION });
        }
        let rom_hash = reader.array("the ROM's hash")?;
        let root_key = Zeroizing::new(reader.array("the root key")?);
        let uid = reader.array("the identifier")?;
        let user_flash = Box::new(reader.array("user flash")?);
        let mut programmed = [0; FLASH_WORDS / 64];
        for word in &mut programmed {
            *word = u64::from_le_bytes(reader.array("the marks of programmed words")?);
        }
        let otp = Box::new(reader.array("the one-time programmable area")?);
        let mut words = [0; 8];
        for word in &mut words {
            *word = reader.word("the option bytes")?;
        }
        let mut keys: Box<Keys> = Box::new([[None; INDEXES]; AREAS]);
        for cell in keys.iter_mut().flatten() {
            let [mark] = reader.array("the keys")?;
            if mark == 0xFF {
                continue;
            }
            if mark & 0x7F > 3 {
                return Err(NonVolatileError::Value { part: "the size of a key", value: u64::from(mark) });
            }
            *cell = Some(KeyCell { size: mark & 3, torn: mark & 0x80 != 0, data: reader.array("the keys")? });
        }
        let [nor_default_mode] = reader.array("the NOR's mode")?;
        let count = reader.word("the NOR's pages")?;
        let mut nor = NorCells::default();
        for _ in 0..count {
            let page = reader.word("the NOR's pages")?;
            if page >= NOR_SIZE / NOR_PAGE as u32 {
                return Err(NonVolatileError::Value { part: "the number of a NOR page", value: u64::from(page) });
            }
            Arc::make_mut(&mut nor.pages).insert(page, Arc::new(reader.array("the NOR's pages")?));
        }
        let content = reader.at;
        let checksum: [u8; 32] = reader.array("the checksum")?;
        let expected: [u8; 32] = Sha256::digest(bytes.get(..content).unwrap_or_default()).into();
        if checksum != expected || reader.at != bytes.len() {
            return Err(NonVolatileError::Checksum);
        }
        Ok(Self {
            rom_hash,
            root_key,
            uid,
            user_flash,
            programmed,
            otp,
            options: OptionWords::from_words(words),
            keys,
            nor,
            nor_default_mode,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used() -> NonVolatile {
        let mut state = NonVolatile::new(Some(5), b"a rom").unwrap();
        state.user_flash[100] = 1;
        state.programmed[3] = 0x8000_0000_0000_0001;
        state.otp[7] = 2;
        state.options.wrpsr = 0xF8;
        state.keys[1][8] = Some(KeyCell { size: 3, data: [9; INDEX_SIZE], torn: false });
        state.keys[2][31] = Some(KeyCell { size: 0, data: [4; INDEX_SIZE], torn: true });
        state.nor.set(0x12_3456, 0x77);
        state.nor.set(NOR_SIZE - 1, 0);
        state.nor_default_mode = 2;
        state
    }

    #[test]
    fn a_board_comes_back_from_its_bytes_whole() {
        let bytes = used().encode();
        let state = NonVolatile::decode(&bytes).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(state.encode(), bytes);
        assert_eq!(state.options.wrpsr, 0xF8);
        assert!(state.keys[2][31].is_some_and(|key| key.torn && key.size == 0));
        let mut cells = [0; 2];
        state.nor.read(0x12_3456, &mut cells);
        assert_eq!(cells, [0x77, 0xFF]);
    }

    #[test]
    fn a_file_costs_what_was_written_not_the_array() {
        let before = used().encode().len();
        let mut state = used();
        state.nor.set(0x40_0000, 1);
        assert_eq!(state.encode().len() - before, NOR_PAGE + 4);
        state.nor.erase(0x40_0000, 0x1000);
        assert_eq!(state.encode().len(), before);
    }

    #[test]
    fn every_shortened_file_is_refused() {
        let bytes = used().encode();
        let lengths = (0..200).chain((200..bytes.len()).step_by(997)).chain(bytes.len() - 40..bytes.len());
        for length in lengths {
            assert!(
                matches!(NonVolatile::decode(&bytes[..length]), Err(NonVolatileError::Truncated { .. })),
                "{length}"
            );
        }
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let bytes = used().encode();
        for at in (0..bytes.len()).step_by(611).chain(bytes.len() - 33..bytes.len()) {
            let mut bytes = bytes.to_vec();
            bytes[at] ^= 0x40;
            assert!(NonVolatile::decode(&bytes).is_err(), "{at}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(matches!(NonVolatile::decode(&longer), Err(NonVolatileError::Checksum)));
    }

    #[test]
    fn other_files_and_other_versions_are_told_apart() {
        assert!(matches!(NonVolatile::decode(b"PK\x03\x04 not a board at all"), Err(NonVolatileError::NotABoard)));
        let mut bytes = used().encode().to_vec();
        bytes[MAGIC.len()] = 9;
        assert!(matches!(NonVolatile::decode(&bytes), Err(NonVolatileError::Version { found: 9, known: VERSION })));
    }

    #[test]
    fn a_seed_makes_the_same_board_and_no_seed_a_board_of_its_own() {
        let make = |seed| NonVolatile::new(seed, b"rom").unwrap().encode();
        assert_eq!(make(Some(1)), make(Some(1)));
        assert_ne!(make(Some(1)), make(Some(2)));
        assert_ne!(make(None), make(None));
    }

    #[test]
    fn a_new_board_is_open_and_unprotected() {
        let state = NonVolatile::new(Some(1), b"rom").unwrap();
        let words = state.options;
        assert_eq!(chip::ProductState::from_option_bytes(words.nvsr as u8, words.rotsr), chip::ProductState::Open);
        assert_eq!((words.wrpsr, words.hdpsr), (WRP_NONE, HDP_DISABLED));
        assert_ne!(words.obw1sr & obw1::IWDG_HW, 0, "the watchdog waits for software");
        assert_eq!(words.obw1sr & (obw1::XSPI1_HSLV | obw1::XSPI2_HSLV | obw1::VDDIO_HSLV), 0);
    }

    #[test]
    fn cells_read_over_page_borders_and_wrap_at_the_end() {
        let mut cells = NorCells::default();
        cells.set(0xFFF, 1);
        cells.set(0x1000, 2);
        cells.set(0, 3);
        let mut out = [0; 3];
        cells.read(0xFFF, &mut out);
        assert_eq!(out, [1, 2, 0xFF]);
        cells.read(NOR_SIZE - 1, &mut out);
        assert_eq!(out, [0xFF, 3, 0xFF]);
    }

    #[test]
    fn an_erase_may_begin_and_end_inside_a_page() {
        let mut cells = NorCells::default();
        for address in [0, 0x7FF, 0x800, 0x1000, 0x2FFF, 0x3000, 0x30FF, 0x3100] {
            cells.set(address, 0);
        }
        cells.erase(0x800, 0x2900);
        let read = |address| {
            let mut out = [0];
            cells.read(address, &mut out);
            out[0]
        };
        let left = [0, 0x7FF, 0x800, 0x1000, 0x2FFF, 0x3000, 0x30FF, 0x3100].map(read);
        assert_eq!(left, [0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0]);
    }
}
