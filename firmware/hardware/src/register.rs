//! One 32-bit register at a fixed address, for peripherals that metapac has no blocks for.

/// A 32-bit register.
#[derive(Clone, Copy)]
pub struct Register(*mut u32);

impl Register {
    /// The register at `address`.
    ///
    /// # Safety
    /// `address` is that of a 32-bit register, or of a word of RAM that nothing else of the program uses.
    pub const unsafe fn at(address: u32) -> Self {
        Self(address as usize as *mut u32)
    }

    /// Its value.
    #[inline(always)]
    pub fn read(self) -> u32 {
        // Safety: whoever made the value promised that a register is there.
        unsafe { self.0.read_volatile() }
    }

    /// Sets it.
    #[inline(always)]
    pub fn write(self, value: u32) {
        // Safety: whoever made the value promised that a register is there.
        unsafe { self.0.write_volatile(value) }
    }
}
