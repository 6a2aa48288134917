//! How long operations keep their unit busy, in instructions: a table of typical values, scaled by a setting.

/// Scale of modelled time, in thousandths: 1000 is as on a real part, 0 does everything at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timing {
    pub(crate) scale: u32,
}

/// Instructions in a microsecond: the core's reset clock of 64 MHz.
const PER_MICROSECOND: u64 = 64;

/// Typical durations in microseconds. The user flash figures are an assumption (no datasheet was at hand), those of
/// the NOR are typical of its kind (assumption A18).
pub(crate) const FLASH_PROGRAM: u64 = 30;
pub(crate) const FLASH_ERASE_SECTOR: u64 = 2_000;
pub(crate) const OPTION_CHANGE: u64 = 3_000;
pub(crate) const KEY_PROGRAM: u64 = 120;
pub(crate) const KEY_READ: u64 = 5;
pub(crate) const NOR_PROGRAM: u64 = 150;
pub(crate) const NOR_ERASE_4K: u64 = 25_000;
pub(crate) const NOR_ERASE_64K: u64 = 220_000;
pub(crate) const NOR_ERASE_CHIP: u64 = 150_000_000;
pub(crate) const NOR_REGISTER: u64 = 10;

impl Timing {
    /// The moment at which something that takes `microseconds` ends.
    pub(crate) fn end(self, now: u64, microseconds: u64) -> u64 {
        now.saturating_add(self.scaled(microseconds.saturating_mul(PER_MICROSECOND)))
    }

    /// A number of core cycles as instructions, scaled.
    pub(crate) fn scaled(self, cycles: u64) -> u64 {
        cycles.saturating_mul(u64::from(self.scale)) / 1000
    }
}
