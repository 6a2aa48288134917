//! Who may touch what: the default memory map and the memory protection unit with its 16 regions. It answers for
//! single addresses and says whether the whole page answers alike, so that page tables can hold the verdict.

/// What an access may do at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) execute: bool,
    /// Device or strongly-ordered: unaligned accesses fault.
    pub(crate) device: bool,
    /// The same for the whole 4 KiB page.
    pub(crate) uniform: bool,
}

const REGIONS: usize = 16;
/// Entries in the little table of pages known to be executable.
const EXECUTABLE: usize = 64;

const ENABLE: u32 = 1;
const HARD_FAULT_ENABLE: u32 = 2;
const PRIVILEGED_DEFAULT: u32 = 4;

#[derive(Debug, Clone, Copy, Default)]
struct Region {
    base: u32,
    attributes: u32,
}

impl Region {
    const fn enabled(self) -> bool {
        self.attributes & 1 != 0
    }

    /// log2 of the size in bytes: 5 to 32.
    const fn size_log2(self) -> u32 {
        let field = self.attributes >> 1 & 0x1F;
        if field < 4 { 5 } else { field + 1 }
    }

    const fn mask(self) -> u32 {
        let log2 = self.size_log2();
        if log2 >= 32 { 0 } else { !0 << log2 }
    }

    const fn subregions(self) -> u32 {
        if self.size_log2() < 8 { 0 } else { self.attributes >> 8 & 0xFF }
    }

    const fn contains(self, address: u32) -> bool {
        let mask = self.mask();
        if address & mask != self.base & mask {
            return false;
        }
        self.subregions() >> (address >> (self.size_log2() - 3) & 7) & 1 == 0
    }

    /// Whether a border of it lies inside the page.
    const fn splits(self, page: u32) -> bool {
        let coarse = self.size_log2() >= if self.subregions() == 0 { 12 } else { 15 };
        if coarse {
            return false;
        }
        let mask = if self.size_log2() < 12 { !0xFFF } else { self.mask() };
        page & mask == self.base & mask
    }
}

#[derive(Clone)]
pub(crate) struct Mpu {
    control: u32,
    number: u32,
    regions: [Region; REGIONS],
    /// Pages (number + 1) known to be executable as a whole, in the view that the core has.
    executable: [u32; EXECUTABLE],
}

impl Mpu {
    pub(crate) const fn new() -> Self {
        Self {
            control: 0,
            number: 0,
            regions: [Region { base: 0, attributes: 0 }; REGIONS],
            executable: [0; EXECUTABLE],
        }
    }

    pub(crate) const fn enabled(&self) -> bool {
        self.control & ENABLE != 0
    }

    /// Whether it holds for the running code; `negative`: the execution priority is below 0.
    pub(crate) const fn active(&self, negative: bool) -> bool {
        self.enabled() && (!negative || self.control & HARD_FAULT_ENABLE != 0)
    }

    /// What may be done at an address; `active` as [`Mpu::active`] says.
    pub(crate) fn rights(&self, address: u32, privileged: bool, active: bool) -> Rights {
        // The private peripheral bus is not the unit's business.
        if !active || address >> 20 == 0xE00 {
            return default_map(address);
        }
        let page = address & !0xFFF;
        let uniform = !self.regions.iter().any(|region| region.enabled() && region.splits(page));
        let found = self.regions.iter().rev().find(|region| region.enabled() && region.contains(address));
        let Some(region) = found else {
            if privileged && self.control & PRIVILEGED_DEFAULT != 0 {
                return Rights { uniform, ..default_map(address) };
            }
            return Rights { read: false, write: false, execute: false, device: false, uniform };
        };
        let attributes = region.attributes;
        let (read, write) = match (attributes >> 24 & 7, privileged) {
            (1, true) | (2, true) | (3, _) => (true, true),
            (2, false) | (5, true) | (6 | 7, _) => (true, false),
            _ => (false, false),
        };
        let type_extension = attributes >> 19 & 7;
        let (cacheable, bufferable) = (attributes >> 17 & 1 != 0, attributes >> 16 & 1 != 0);
        let device = match type_extension {
            0 => !cacheable,
            2 => !cacheable && !bufferable,
            _ => false,
        };
        let execute = read && attributes >> 28 & 1 == 0 && address < 0xE000_0000;
        Rights { read, write, execute, device, uniform }
    }

    /// Whether the page of an address is known to be executable.
    pub(crate) fn known_executable(&self, address: u32) -> bool {
        let page = address >> 12;
        self.executable.get(page as usize % EXECUTABLE).is_some_and(|entry| *entry == page + 1)
    }

    pub(crate) fn note_executable(&mut self, address: u32) {
        let page = address >> 12;
        if let Some(entry) = self.executable.get_mut(page as usize % EXECUTABLE) {
            *entry = page + 1;
        }
    }

    /// The view changed: nothing is known.
    pub(crate) fn forget_executable(&mut self) {
        self.executable = [0; EXECUTABLE];
    }

    /// A register, by its offset from MPU_TYPE.
    pub(crate) fn read(&self, offset: u32) -> u32 {
        let region = self.regions.get(self.aliased(offset)).copied().unwrap_or_default();
        match offset {
            0x00 => (REGIONS as u32) << 8,
            0x04 => self.control,
            0x08 => self.number,
            0x0C | 0x14 | 0x1C | 0x24 => region.base & !0x1F | self.number,
            0x10 | 0x18 | 0x20 | 0x28 => region.attributes,
            _ => 0,
        }
    }

    /// The region that a base or attribute register names: the aliases count on inside a group of four.
    const fn aliased(&self, offset: u32) -> usize {
        let alias = if offset >= 0x14 { (offset - 0x0C) / 8 } else { 0 };
        let number = if alias == 0 { self.number } else { self.number & !3 | (self.number + alias) & 3 };
        number as usize % REGIONS
    }

    /// Writes a register. The caller then drops what it derived from the old rights.
    pub(crate) fn write(&mut self, offset: u32, value: u32) {
        match offset {
            0x04 => self.control = value & (ENABLE | HARD_FAULT_ENABLE | PRIVILEGED_DEFAULT),
            0x08 => self.number = value & 0xF,
            0x0C | 0x14 | 0x1C | 0x24 => {
                let index = if value & 0x10 != 0 {
                    self.number = value & 0xF;
                    self.number as usize
                } else {
                    self.aliased(offset)
                };
                if let Some(region) = self.regions.get_mut(index) {
                    region.base = value & !0x1F;
                }
            }
            0x10 | 0x18 | 0x20 | 0x28 => {
                let index = self.aliased(offset - 4);
                if let Some(region) = self.regions.get_mut(index) {
                    region.attributes = value & 0x173F_FF3F;
                }
            }
            _ => {}
        }
    }
}

/// The architecture's default map.
const fn default_map(address: u32) -> Rights {
    let (device, execute) = match address >> 29 {
        0 | 1 | 3 | 4 => (false, true),
        2 | 5 | 6 => (true, false),
        // System space: the private bus is strongly ordered, the rest device.
        _ => (true, false),
    };
    Rights { read: true, write: true, execute, device, uniform: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(regions: &[(u32, u32)], control: u32) -> Mpu {
        let mut mpu = Mpu::new();
        for (number, (base, attributes)) in regions.iter().enumerate() {
            mpu.write(0x0C, base | 0x10 | number as u32);
            mpu.write(0x10, *attributes);
        }
        mpu.write(0x04, control);
        mpu
    }

    const fn attributes(size_log2: u32, access: u32, disabled: u32) -> u32 {
        1 | (size_log2 - 1) << 1 | disabled << 8 | access << 24
    }

    #[test]
    fn the_highest_numbered_region_wins() {
        let mpu = with(&[(0x2400_0000, attributes(20, 3, 0)), (0x2400_1000, attributes(12, 6, 0))], 1);
        assert!(mpu.rights(0x2400_0FFF, false, true).write);
        let inner = mpu.rights(0x2400_1000, true, true);
        assert!(inner.read && !inner.write && inner.uniform);
    }

    #[test]
    fn a_disabled_subregion_falls_through_to_the_background() {
        let mpu = with(&[(0x2400_0000, attributes(15, 6, 0b10))], 1 | 4);
        assert!(!mpu.rights(0x2400_0000, true, true).write);
        assert!(mpu.rights(0x2400_1000, true, true).write);
        assert!(!mpu.rights(0x2400_1000, false, true).read);
    }

    #[test]
    fn a_border_inside_a_page_is_told() {
        let mpu = with(&[(0x2400_0100, attributes(8, 6, 0))], 1 | 4);
        assert!(!mpu.rights(0x2400_0000, true, true).uniform);
        assert!(mpu.rights(0x2400_1000, true, true).uniform);
        assert!(mpu.rights(0x2400_00FF, true, true).write);
        assert!(!mpu.rights(0x2400_0100, true, true).write);
    }

    #[test]
    fn peripherals_are_never_executable_by_default() {
        let mpu = Mpu::new();
        assert!(!mpu.rights(0x4000_0000, true, false).execute);
        assert!(mpu.rights(0x7000_0000, true, false).execute);
        assert!(!mpu.rights(0xE000_0000, true, false).execute);
    }
}
