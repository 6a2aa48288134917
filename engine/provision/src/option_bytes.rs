//! Option bytes over the halted core's bus: read as loaded, programmed, read back after the reset that loads them.
//! Which values a plan wants is the plan's affair; the option bytes that only RSSLIB may set are not written here.

use std::time::Instant;

use chip::ProductState;
use chip::option_bytes as ob;
use chip::registers::FLASH;
use probe_rs::MemoryInterface;

use crate::error::ProvisionError;
use crate::link::Link;

const SR: u32 = FLASH + 0x14;
const OPTKEYR: u32 = FLASH + 0x100;
const OPTCR: u32 = FLASH + 0x104;
const OPTISR: u32 = FLASH + 0x108;
const OPTICR: u32 = FLASH + 0x10C;

/// SR: an operation is queued or under way (HAL polls this bit).
pub(crate) const SR_QUEUED: u32 = 1 << 2;
const OPTCR_LOCK: u32 = 1 << 0;
const OPTCR_PROGRAM: u32 = 1 << 1;
const OPTISR_ERROR: u32 = 1 << 30;
/// The two words that unlock OPTCR (HAL).
const OPTION_KEYS: [u32; 2] = [0x0819_2A3B, 0x4C5D_6E7F];

/// The option bytes as the chip loaded them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionBytes {
    /// NVSR: the life cycle in bits 7:0.
    pub nvsr: u32,
    /// ROTSR: provisioned mark, debug-authentication method, root of trust selection.
    pub rotsr: u32,
    /// OTPLSR: locked OTP blocks.
    pub otplsr: u32,
    /// WRPSR: bit n = 0 protects sector n.
    pub wrpsr: u32,
    /// HDPSR: the hidden area.
    pub hdpsr: u32,
    /// EPOCHSR: the counter that enters key derivation.
    pub epochsr: u32,
    /// OBW1SR: brown-out, watchdog, I/O speed.
    pub obw1sr: u32,
    /// OBW2SR: TCM shares, SRAM ECC.
    pub obw2sr: u32,
}

impl OptionBytes {
    /// Reads every register, by whatever reads a word.
    pub(crate) fn read<E>(mut word: impl FnMut(u32) -> Result<u32, E>) -> Result<Self, E> {
        let mut read = |offset| word(FLASH + offset);
        Ok(Self {
            nvsr: read(ob::NVSR)?,
            rotsr: read(ob::ROTSR)?,
            otplsr: read(ob::OTPLSR)?,
            wrpsr: read(ob::WRPSR)?,
            hdpsr: read(ob::HDPSR)?,
            epochsr: read(ob::EPOCHSR)?,
            obw1sr: read(ob::OBW1SR)?,
            obw2sr: read(ob::OBW2SR)?,
        })
    }

    /// The product state they spell.
    pub const fn product_state(&self) -> ProductState {
        ProductState::from_option_bytes((self.nvsr & 0xFF) as u8, self.rotsr)
    }

    /// How debug authentication is done; `None` for a code that has no meaning.
    pub const fn debug_authentication(&self) -> Option<ob::DebugAuthentication> {
        ob::DebugAuthentication::from_code((self.rotsr >> ob::DBG_AUTH_SHIFT) as u8)
    }

    /// The root of trust that is selected, as its code.
    pub const fn irot_select(&self) -> u8 {
        (self.rotsr >> ob::IROT_SELECT_SHIFT) as u8
    }
}

/// The option words that a debugger programs directly. The others are set through RSSLIB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionWord {
    /// OBW1: brown-out, watchdog, I/O speed.
    Obw1,
    /// OBW2: TCM shares, SRAM ECC.
    Obw2,
}

impl OptionWord {
    const fn addresses(self) -> (u32, u32) {
        match self {
            Self::Obw1 => (FLASH + ob::OBW1SR, FLASH + ob::OBW1SRP),
            Self::Obw2 => (FLASH + ob::OBW2SR, FLASH + ob::OBW2SRP),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Obw1 => "option word OBW1",
            Self::Obw2 => "option word OBW2",
        }
    }
}

/// Some bits of an option word and what they shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionByteChange {
    /// Which word.
    pub word: OptionWord,
    /// Which bits.
    pub mask: u32,
    /// Their new values; bits outside `mask` are ignored.
    pub value: u32,
}

impl Link {
    /// Reads the option bytes that the chip has loaded.
    ///
    /// # Errors
    /// When access port 1 is shut or the link breaks.
    pub fn option_bytes(&mut self) -> Result<OptionBytes, ProvisionError> {
        OptionBytes::read(|address| self.read_word(address))
    }

    /// Programs option words, resets the chip so that it loads them, and reads them back. Words that already have the
    /// wanted bits are not programmed. The core is left halted.
    ///
    /// # Errors
    /// [`ProvisionError::ReadBack`] when the chip did not take a value; link errors.
    pub fn program_option_bytes(&mut self, changes: &[OptionByteChange]) -> Result<(), ProvisionError> {
        self.halt_through_reset()?;
        let mut words = Vec::new();
        for word in [OptionWord::Obw1, OptionWord::Obw2] {
            let (loaded, _) = word.addresses();
            let before = self.read_word(loaded)?;
            let wanted = changes
                .iter()
                .filter(|change| change.word == word)
                .fold(before, |value, change| (value & !change.mask) | (change.value & change.mask));
            if wanted != before {
                words.push((word, wanted));
            }
        }
        if words.is_empty() {
            return Ok(());
        }
        self.unlock_option_bytes()?;
        let programmed = words.iter().try_for_each(|(word, wanted)| self.program_option_word(*word, *wanted));
        let locked = self.write_word(OPTCR, OPTCR_LOCK);
        programmed.and(locked)?;
        self.halt_through_reset()?;
        for (word, wanted) in words {
            let (loaded, _) = word.addresses();
            let found = self.read_word(loaded)?;
            if found != wanted {
                return Err(ProvisionError::ReadBack {
                    what: word.name().into(),
                    address: loaded,
                    expected: format!("{wanted:#010x}"),
                    found: format!("{found:#010x}"),
                });
            }
        }
        Ok(())
    }

    fn unlock_option_bytes(&mut self) -> Result<(), ProvisionError> {
        // A repeated key sequence locks the register until the next reset, so it is sent to a locked one only.
        if self.read_word(OPTCR)? & OPTCR_LOCK != 0 {
            for key in OPTION_KEYS {
                self.write_word(OPTKEYR, key)?;
            }
        }
        if self.read_word(OPTCR)? & OPTCR_LOCK != 0 {
            return Err(ProvisionError::Link {
                action: "unlocking the option bytes".into(),
                reason: "OPTCR stays locked".into(),
            });
        }
        Ok(())
    }

    fn program_option_word(&mut self, word: OptionWord, value: u32) -> Result<(), ProvisionError> {
        let (_, shadow) = word.addresses();
        self.write_word(OPTICR, OPTISR_ERROR)?;
        self.write_word(OPTCR, OPTCR_PROGRAM)?;
        self.write_word(shadow, value)?;
        self.wait_for_flash(word.name())?;
        if self.read_word(OPTISR)? & OPTISR_ERROR != 0 {
            return Err(ProvisionError::Link {
                action: format!("programming {}", word.name()),
                reason: "the flash interface reports an option-byte error".into(),
            });
        }
        Ok(())
    }

    /// Waits until the flash interface has nothing queued.
    pub(crate) fn wait_for_flash(&mut self, what: &str) -> Result<(), ProvisionError> {
        let limit = self.options().flash_timeout;
        let start = Instant::now();
        let action = || format!("waiting for the flash interface ({what})");
        let core = &mut self.core(&action())?;
        loop {
            let status = core.read_word_32(u64::from(SR)).map_err(|error| crate::link::broken(&action(), &error))?;
            if status & SR_QUEUED == 0 {
                return Ok(());
            }
            if start.elapsed() >= limit {
                return Err(ProvisionError::Link { action: action(), reason: format!("not done in {limit:?}") });
            }
        }
    }
}
