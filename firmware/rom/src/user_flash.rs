//! User flash: erased as a whole. The ROM programs none of it.

use hardware::pac::FLASH;
use hardware::pac::flash::regs::{Icr, Keyr};
use rot::option_interface::FlashError;

const KEY_1: u32 = 0x4567_0123;
const KEY_2: u32 = 0xCDEF_89AB;
const TRIES: u32 = 50_000_000;

/// Erases all sectors.
///
/// # Errors
/// When the interface stays locked, refuses (a sector is write-protected) or never finishes.
pub fn erase() -> Result<(), FlashError> {
    if FLASH.cr().read().lock() {
        FLASH.keyr().write_value(Keyr(KEY_1));
        FLASH.keyr().write_value(Keyr(KEY_2));
    }
    if FLASH.cr().read().lock() {
        return Err(FlashError);
    }
    FLASH.icr().write_value(Icr(u32::MAX));
    FLASH.cr().write(|w| {
        w.set_ber(true);
        w.set_start(true);
    });
    cortex_m::asm::dsb();
    let finished = (0..TRIES).any(|_| !FLASH.sr().read().qw());
    let report = FLASH.isr().read();
    FLASH.cr().write(|w| w.set_lock(true));
    let refused = report.wrperrf() || report.pgserrf() || report.strberrf() || report.incerrf();
    if finished && !refused { Ok(()) } else { Err(FlashError) }
}
