//! The memory protection unit: regions as ARMv7-M has them, with the default map behind them for privileged code.

use chip::memory_map::Region;
use cortex_m::peripheral::{MPU, SCB};

/// Regions of the chip's core.
pub const REGIONS: u8 = 16;

/// RASR: no fetches.
const EXECUTE_NEVER: u32 = 1 << 28;
/// RASR and CTRL: on.
const ENABLE: u32 = 1;

/// RASR's field for 2^power bytes.
const fn size_field(power: u32) -> u32 {
    (power.wrapping_sub(1) & 0x1F) << 1
}

/// Who may do what in a region.
#[derive(Clone, Copy)]
pub enum Access {
    /// Nobody anything.
    None,
    /// Privileged code reads and writes.
    Privileged,
}

/// A region of Device memory without execution: no cache keeps it, no speculation touches it.
#[derive(Clone, Copy)]
pub struct DeviceRegion {
    /// Its number; a higher one wins where two overlap.
    pub number: u8,
    /// First address, a multiple of the size.
    pub base: u32,
    /// Size in bytes as a power of two: 2^n, n from 5 on.
    pub size_power: u8,
    /// Who may use it.
    pub access: Access,
}

/// Sets a region up and switches it on.
pub fn set(region: DeviceRegion) {
    let permission = match region.access {
        Access::None => 0,
        Access::Privileged => 1,
    };
    const BUFFERABLE: u32 = 1 << 16;
    let size = size_field(u32::from(region.size_power));
    write(region.number, region.base, EXECUTE_NEVER | permission << 24 | BUFFERABLE | size | ENABLE);
}

/// Whether code may be fetched from a region.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Execution {
    /// It may.
    Allowed,
    /// It never may.
    Never,
}

/// The attributes of a region of `size` bytes, a power of two, that nobody reaches.
pub const fn no_access(size: u32) -> u32 {
    assert!(size.is_power_of_two(), "a region's size is a power of two");
    EXECUTE_NEVER | size_field(size.trailing_zeros()) | ENABLE
}

/// Opens memory to everybody's reads, as Normal memory that caches may keep (write-through), and to fetches where
/// `execution` says so; never to writes. It takes as many regions as its size has powers of two; not done when
/// `numbers` has too few.
#[must_use]
pub fn cover(mut numbers: core::ops::Range<u8>, memory: Region, execution: Execution) -> bool {
    const READ_ONLY: u32 = 6 << 24;
    const CACHEABLE: u32 = 1 << 17;
    const SMALLEST: u32 = 5;
    let never = if execution == Execution::Never { EXECUTE_NEVER } else { 0 };
    let (mut start, mut left) = (memory.start, memory.size);
    while left > 0 {
        // The largest block that begins here, is aligned to its size, and ends inside.
        let power = start.trailing_zeros().min(left.ilog2());
        let Some(number) = numbers.next() else { return false };
        if power < SMALLEST {
            return false;
        }
        write(number, start, never | READ_ONLY | CACHEABLE | size_field(power) | ENABLE);
        start = start.wrapping_add(1 << power);
        left -= 1 << power;
    }
    true
}

/// Switches a region off.
pub fn clear(number: u8) {
    write(number, 0, 0);
}

/// Switches an already described region on.
pub fn enable_region(number: u8) {
    // Safety: MPU registers; only the region's enable bit changes.
    unsafe {
        let mpu = &*MPU::PTR;
        cortex_m::asm::dmb();
        mpu.rnr.write(u32::from(number));
        mpu.rasr.modify(|rasr| rasr | 1);
    }
    barrier();
}

/// Switches the MPU on, with the default map for privileged code.
pub fn enable() {
    const PRIVILEGED_DEFAULT: u32 = 1 << 2;
    const MEMORY_FAULTS: u32 = 1 << 16;
    // Safety: MPU and SCB registers; with the default map behind the regions running code goes on.
    unsafe {
        cortex_m::asm::dmb();
        (*SCB::PTR).shcsr.modify(|shcsr| shcsr | MEMORY_FAULTS);
        (*MPU::PTR).ctrl.write(ENABLE | PRIVILEGED_DEFAULT);
    }
    barrier();
}

/// Whether it is on.
pub fn is_enabled() -> bool {
    // Safety: MPU control register, read only.
    let control = unsafe { (*MPU::PTR).ctrl.read() };
    control & ENABLE != 0
}

/// Number of regions that the core has.
pub fn regions() -> u8 {
    // Safety: MPU type register, read only.
    let kind = unsafe { (*MPU::PTR)._type.read() };
    (kind >> 8) as u8
}

fn write(number: u8, base: u32, attributes: u32) {
    // Safety: MPU registers. The region is off while base and attributes don't belong together.
    unsafe {
        let mpu = &*MPU::PTR;
        cortex_m::asm::dmb();
        mpu.rnr.write(u32::from(number));
        mpu.rasr.write(0);
        mpu.rbar.write(base);
        mpu.rasr.write(attributes);
    }
    barrier();
}

fn barrier() {
    cortex_m::asm::dsb();
    cortex_m::asm::isb();
}
