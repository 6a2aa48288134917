//! The updatable second boot stage (OEMuRoT): STiRoT starts it from AXI SRAM at level 2. It judges the application's
//! images in external flash with its own keys, installs new ones through the cipher engine, and starts the application
//! at level 3: in place, from internal RAM or from external RAM, as the layout block in its program says.
//!
//! Its decisions are taken as STiRoT's are: twice, from scratch, a refusal being a pair of jumps.
#![no_std]
#![no_main]

mod boot;
mod configuration;
mod console;
mod counters;
mod entry;
mod image;
mod install;
mod layout;
mod protection;
mod refusal;
mod run_copy;
mod source;
mod start;
mod verdict;

use core::panic::PanicInfo;

/// Nothing here panics by design. Should it happen all the same, nothing may run.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    refusal::halt()
}
