//! How the ROM refuses, so that one skipped instruction doesn't turn a no into a yes.

use core::arch::asm;

use chip::trace::{Event, Stage, Stop};
use hardware::stage::report;

/// Stops here for good, even if one instruction is skipped: two jumps, then what is no instruction.
#[inline(always)]
pub fn halt() -> ! {
    // Safety: the function wipes the ROM's stack and never comes back; nothing behind the call relies on either.
    unsafe { asm!("bl {sleep}", "bl {sleep}", "udf #1", sleep = sym crate::entry::wipe_and_sleep, options(noreturn)) }
}

/// Tells why STiRoT stops, and [`halt`]s. Debug authentication works again after the next reset, which begins anew.
#[inline(always)]
pub fn refuse(why: Stop) -> ! {
    report(Stage::Stirot, Event::Stopped, why as u16);
    halt()
}
