//! The way into the option interface of the flash, which option words and option-byte keys share.

use hardware::pac::FLASH;

const KEY_1: u32 = 0x0819_2A3B;
const KEY_2: u32 = 0x4C5D_6E7F;
const TRIES: u32 = 50_000_000;

/// Something that the flash interface reports or never finishes.
#[derive(Clone, Copy)]
pub struct FlashError;

/// Does `work` with option registers unlocked and programming on, waits for the flash, and locks again.
///
/// # Errors
/// Those of `work`, and what the flash interface reports.
pub fn unlocked(work: impl FnOnce() -> Result<(), FlashError>) -> Result<(), FlashError> {
    if FLASH.optcr().read().optlock() {
        FLASH.optkeyr().write_value(hardware::pac::flash::regs::Optkeyr(KEY_1));
        FLASH.optkeyr().write_value(hardware::pac::flash::regs::Optkeyr(KEY_2));
    }
    if FLASH.optcr().read().optlock() {
        return Err(FlashError);
    }
    clear_errors();
    FLASH.optcr().modify(|w| w.set_pg_opt(true));
    let done = work().and_then(|()| wait());
    FLASH.optcr().modify(|w| w.set_pg_opt(false));
    FLASH.optcr().modify(|w| w.set_optlock(true));
    done
}

/// Waits until the flash has nothing to do, and asks for errors.
///
/// # Errors
/// When it reports one or never finishes.
pub fn wait() -> Result<(), FlashError> {
    cortex_m::asm::dsb();
    (0..TRIES).any(|_| !FLASH.sr().read().qw()).then_some(()).ok_or(FlashError)?;
    let errors = FLASH.optisr().read();
    if errors.opterrf() || errors.kvef() || errors.ktef() { Err(FlashError) } else { Ok(()) }
}

fn clear_errors() {
    FLASH.opticr().write(|w| {
        w.set_opterrf(true);
        w.set_kvef(true);
        w.set_ktef(true);
    });
}
