//! System flash of the virtual board: RSS, which every reset enters at HDPL 0, its RSSLIB calls, and STiRoT. Silicon
//! has ST's own ROM; this one behaves as ST's documents and public firmware show, and says where it had to assume.
#![no_std]
#![no_main]

mod entry;
mod hdpl;
mod option_bytes;
mod redundant;
mod rss;
mod stirot;
mod user_flash;

use core::panic::PanicInfo;

/// Nothing in the ROM panics by design. Should it happen all the same, nothing may run: the core goes to sleep.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    hardware::stage::sleep_for_good()
}
