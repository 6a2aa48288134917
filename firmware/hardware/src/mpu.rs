//! The memory protection unit: regions as ARMv7-M has them, with the default map behind them for privileged code.

use cortex_m::peripheral::{MPU, SCB};

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
    const EXECUTE_NEVER: u32 = 1 << 28;
    const BUFFERABLE: u32 = 1 << 16;
    const ENABLE: u32 = 1;
    let size = u32::from(region.size_power).wrapping_sub(1) & 0x1F;
    write(region.number, region.base, EXECUTE_NEVER | permission << 24 | BUFFERABLE | size << 1 | ENABLE);
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
    const ENABLE: u32 = 1;
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
