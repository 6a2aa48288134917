//! Option bytes: reading what state the chip is in, and programming the words that RSSLIB changes.

use core::hint::black_box;

use chip::option_bytes::{NVSTATE_CLOSE, NVSTATE_OPEN, OEM_PROVISIONED};
use hardware::Register;
use hardware::pac::FLASH;
use rot::option_interface::{FlashError, unlocked};

const METHOD_CERTIFICATE: u8 = 0x51;
const METHOD_PASSWORD: u8 = 0x8A;
const METHOD_NONE: u8 = 0xFF;

/// What RSS makes of the option bytes. The codes are far apart, for comparisons that survive a skipped instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum State {
    /// Debug is open and anything may run.
    Open = 0x1B2E_87D4,
    /// Objects are stored through RSSLIB; user code never runs.
    Provisioning = 0x64D1_7A2B,
    /// The root of trust runs; debug authentication may let somebody in.
    Closed = 0xA34C_59E6,
    /// As closed, and nobody gets in.
    Locked = 0x5CB3_A619,
}

impl State {
    /// Reads the state. Open and provisioning are believed only when two readings agree; every other combination is
    /// the most closed state that it can be.
    pub fn read() -> Self {
        let (first, second) = (black_box(decode()), black_box(decode()));
        match (first, second) {
            (Self::Open, Self::Open) => Self::Open,
            (Self::Provisioning, Self::Provisioning) => Self::Provisioning,
            (Self::Closed, Self::Closed) => Self::Closed,
            _ => Self::Locked,
        }
    }

    /// The code that RSSLIB has for it.
    pub fn code(self) -> u32 {
        match self {
            Self::Open => 0x39,
            Self::Provisioning => 0x17,
            Self::Closed => 0x72,
            Self::Locked => 0x5C,
        }
    }
}

#[inline(never)]
fn decode() -> State {
    let nvstate = FLASH.nvsr().read().nvstate().to_bits();
    let rotsr = FLASH.rotsr().read();
    if nvstate == NVSTATE_OPEN {
        return State::Open;
    }
    if nvstate != NVSTATE_CLOSE {
        return State::Locked;
    }
    if rotsr.oem_provd().to_bits() != OEM_PROVISIONED {
        return State::Provisioning;
    }
    match rotsr.dbg_auth().to_bits() {
        // Provisioned without a method: closed, and no credential will ever fit (assumption A43).
        METHOD_CERTIFICATE | METHOD_PASSWORD | METHOD_NONE => State::Closed,
        _ => State::Locked,
    }
}

/// Whether ST's root of trust is selected.
pub fn selects_st() -> bool {
    FLASH.rotsr().read().irot_select().to_bits() == chip::option_bytes::IROT_SELECT_ST
}

/// Whether the chip is marked as provisioned by its maker.
pub fn is_marked_provisioned() -> bool {
    FLASH.rotsr().read().oem_provd().to_bits() == OEM_PROVISIONED
}

/// Programs one option word: `mask` bits of the word whose programming register stands at `address`.
///
/// # Errors
/// When the flash interface stays locked, reports an error or never finishes.
pub fn program(address: u32, mask: u32, bits: u32) -> Result<(), FlashError> {
    unlocked(|| {
        // Safety: callers name one of the programming registers of the flash interface; the loaded word stands 4
        // bytes in front of each (CMSIS).
        let (loaded, shadow) = unsafe { (Register::at(address - 4), Register::at(address)) };
        shadow.write(loaded.read() & !mask | bits & mask);
        Ok(())
    })
}
