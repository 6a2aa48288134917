//! The option words as registers: which shows what, and what a write to a programming shadow may change. When the
//! change reaches the cells is the flash interface's affair.

use chip::option_bytes::{
    EPOCHSR, EPOCHSRP, HDP_MASK, HDPSR, HDPSRP, NVSR, NVSRP, NVSTATE_CLOSE, NVSTATE_OPEN, OBW1SR, OBW1SRP, OBW2SR,
    OBW2SRP, OTPLSR, OTPLSRP, ROTSR, ROTSRP, WRPSR, WRPSRP,
};

use crate::nonvolatile::OptionWords;

const OTPL_MASK: u32 = 0xFFFF;
const EPOCH_MASK: u32 = 0x00FF_FFFF;
const OEM_PROVD: u32 = 0x0000_00FF;
const DBG_AUTH: u32 = 0x0000_FF00;
const IROT_SELECT: u32 = 0xFF00_0000;

/// What a register shows; `None` for an offset that is no option register.
pub(crate) fn read(loaded: &OptionWords, shadow: &OptionWords, offset: u32) -> Option<u32> {
    // Each programming shadow stands 4 bytes behind the loaded word.
    let words = if is_shadow(offset) { shadow } else { loaded };
    Some(match offset {
        NVSR | NVSRP => words.nvsr,
        ROTSR | ROTSRP => words.rotsr,
        OTPLSR | OTPLSRP => words.otplsr,
        WRPSR | WRPSRP => words.wrpsr,
        HDPSR | HDPSRP => words.hdpsr,
        EPOCHSR | EPOCHSRP => words.epochsr,
        OBW1SR | OBW1SRP => words.obw1sr,
        OBW2SR | OBW2SRP => words.obw2sr,
        _ => return None,
    })
}

/// Whether an option register is a programming shadow.
pub(crate) const fn is_shadow(offset: u32) -> bool {
    offset & 4 != 0
}

/// Whether the memories that a regression has to wipe are wiped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wipe {
    /// User flash is erased as a whole and RAM holds nothing.
    Confirmed,
    /// Something is left, or nobody looked.
    Unconfirmed,
}

/// The words that a write to a shadow at a protection level asks for.
///
/// # Errors
/// What the hardware reports as OPTERRF.
pub(crate) fn changed(
    words: &OptionWords,
    offset: u32,
    value: u32,
    level: u8,
    wipe: Wipe,
) -> Result<OptionWords, &'static str> {
    let mut wanted = *words;
    let open = words.nvsr & 0xFF == u32::from(NVSTATE_OPEN);
    match offset {
        NVSRP => match (words.nvsr as u8, value as u8) {
            (NVSTATE_OPEN, NVSTATE_CLOSE) => wanted.nvsr = u32::from(NVSTATE_CLOSE),
            (NVSTATE_CLOSE, NVSTATE_OPEN) => wanted = regressed(words, level, wipe)?,
            _ => return Err("change of the life cycle that is none"),
        },
        ROTSRP => {
            // Write filters by level (SVD): fields that may not change keep their value silently.
            let mut mask = 0;
            if level <= 1 {
                mask |= OEM_PROVD;
            }
            if level == 0 {
                mask |= DBG_AUTH;
            }
            if level <= 1 || open {
                mask |= IROT_SELECT;
            }
            wanted.rotsr = wanted.rotsr & !mask | value & mask;
        }
        // Locks of one-time blocks can only be added.
        OTPLSRP => wanted.otplsr |= value & OTPL_MASK,
        WRPSRP => wanted.wrpsr = value & 0xFF,
        HDPSRP => wanted.hdpsr = value & HDP_MASK,
        EPOCHSRP => {
            if level > 0 || value & EPOCH_MASK < words.epochsr {
                return Err("change of the epoch outside of level 0, or backwards");
            }
            wanted.epochsr = value & EPOCH_MASK;
        }
        OBW1SRP => wanted.obw1sr = value,
        OBW2SRP => wanted.obw2sr = value,
        _ => {}
    }
    Ok(wanted)
}

/// The words of a chip that goes back to OPEN: those of delivery, but for the locks of one-time blocks, whose cells
/// stay as they are, and for the epoch, which makes every device key another one.
// assumption A28: only at level 0, only over wiped memory, all words at once.
fn regressed(words: &OptionWords, level: u8, wipe: Wipe) -> Result<OptionWords, &'static str> {
    if level > 0 {
        return Err("change to OPEN outside of level 0");
    }
    if wipe != Wipe::Confirmed {
        return Err("change to OPEN while user flash or RAM still holds something");
    }
    if words.epochsr >= EPOCH_MASK {
        return Err("change to OPEN with no epoch left");
    }
    Ok(OptionWords { epochsr: words.epochsr + 1, otplsr: words.otplsr, ..OptionWords::FACTORY })
}

/// Whether words spell another life cycle than others: what debug authentication granted ends with it.
pub(crate) fn other_life_cycle(words: &OptionWords, others: &OptionWords) -> bool {
    (words.nvsr, words.rotsr) != (others.nvsr, others.rotsr)
}

/// Whether the change from one to the other is the one that ends a regression.
pub(crate) fn regresses(from: &OptionWords, to: &OptionWords) -> bool {
    from.nvsr != to.nvsr && to.nvsr == u32::from(NVSTATE_OPEN)
}
