//! How the stage refuses: it says why, makes the cipher engines forget, and sleeps, so that one skipped instruction
//! doesn't turn a no into a yes.

use core::arch::asm;

use chip::trace::{Event, Stage, Stop};
use hardware::mce::{MCE1, MCE2, RegionNumber};
use hardware::stage::report;

use crate::console::{self, Part};

/// Stops here for good, even if one instruction is skipped: two jumps, then what is no instruction.
#[inline(always)]
pub fn halt() -> ! {
    // Safety: the function wipes the stack and never comes back; nothing behind the call relies on either.
    unsafe { asm!("bl {sleep}", "bl {sleep}", "udf #1", sleep = sym crate::entry::wipe_and_sleep, options(noreturn)) }
}

/// Tells why the stage stops, and [`halt`]s. Debug authentication works again after the next reset, which begins anew.
#[inline(always)]
pub fn refuse(why: Stop) -> ! {
    tell(why);
    halt()
}

/// An exception: a bus error of external memory, most likely.
pub extern "C" fn exception() -> ! {
    refuse(Stop::Exception)
}

#[inline(never)]
fn tell(why: Stop) {
    report(Stage::Oemurot, Event::Stopped, why as u16);
    console::line(&[Part::Text("stopped, nothing runs: "), Part::Text(why.text())]);
    hardware::uart::stop();
    // Nothing can be read through the engines by whoever is let in to debug.
    for engine in [MCE1, MCE2] {
        engine.drop_key();
        engine.clear_region(RegionNumber::One);
        engine.clear_region(RegionNumber::Two);
    }
}
