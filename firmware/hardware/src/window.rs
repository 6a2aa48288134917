//! The memory-mapped window of XSPI1 while a boot stage moves images through it, and the RAM it copies to and from.

use crate::mpu::{self, Access, DeviceRegion};
use chip::memory_map::{Region, XSPI1_WINDOW};

/// MPU regions of whoever moves images; STiRoT leaves these two to its loader.
const DMA_REGION: u8 = 10;
const WINDOW_REGION: u8 = 11;

/// Opens the window to privileged reads and writes, never to execution. Device memory: the core doesn't speculate into
/// it, so that nothing but this program's own accesses reaches the XSPI while it changes its mode.
pub fn open() {
    mpu::clear(DMA_REGION);
    mpu::set(DeviceRegion {
        number: WINDOW_REGION,
        base: XSPI1_WINDOW.start,
        size_power: 28,
        access: Access::Privileged,
    });
    mpu::enable();
}

/// Shuts it again.
pub fn close() {
    mpu::clear(WINDOW_REGION);
}

/// The word at an address of one of the two regions that a request names.
pub fn read(address: u32) -> u32 {
    // Safety: callers stay inside slots and firmware area, which were checked to be memory; reading has no effects.
    unsafe { (address as usize as *const u32).read_volatile() }
}

/// Copies a slot to RAM, word by word.
pub fn copy_to_ram(from: Region, to: Region) {
    for offset in (0..to.size.min(from.size)).step_by(4) {
        let word = read(from.start + offset);
        // Safety: inside the firmware area, which was checked to be AXI SRAM and holds nothing of this program.
        unsafe { ((to.start + offset) as usize as *mut u32).write_volatile(word) };
    }
    cortex_m::asm::dsb();
}

/// Whether two regions hold the same words.
pub fn same(left: Region, right: Region) -> bool {
    (0..left.size.min(right.size)).step_by(4).all(|offset| read(left.start + offset) == read(right.start + offset))
}
