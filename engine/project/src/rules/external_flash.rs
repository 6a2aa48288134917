//! The external flash that slots lie in: its windows, where it ends, what a slot takes of it, and the one search for a
//! place that is free. Which slots lie wrongly is for the rules to say.

use chip::memory_map::{MIB, Region, SLOT_ALIGNMENT, XSPI1_WINDOW, XSPI2_WINDOW};

/// The external flash of ST's boards (MX66UW1G45G).
pub(crate) const EXTERNAL_FLASH: Region = Region::new(XSPI1_WINDOW.start, 128 * MIB);

/// The windows that external flash appears in.
pub(super) const WINDOWS: [Region; 2] = [XSPI1_WINDOW, XSPI2_WINDOW];

/// The window that an address is in.
pub(super) fn window_of(address: u32) -> Option<Region> {
    WINDOWS.into_iter().find(|window| window.contains(address))
}

/// What a slot takes of the external flash: whole sectors of 64 KiB.
pub(crate) fn footprint(slot: Region) -> Region {
    Region::new(slot.start, slot.size.checked_next_multiple_of(SLOT_ALIGNMENT).unwrap_or(slot.size))
}

/// The first place where a slot of `size` bytes is free, behind something that is taken; else the start of the memory.
/// The memory is the one that the address `beside` is in.
pub(super) fn free_place(beside: u32, taken: &[Region], size: u32) -> Option<u32> {
    let memory = match window_of(beside) {
        Some(window) if window != XSPI1_WINDOW => window,
        _ => EXTERNAL_FLASH,
    };
    let behind = |region: &Region| region.start.checked_add(region.size)?.checked_next_multiple_of(SLOT_ALIGNMENT);
    let mut places: Vec<u32> = taken.iter().filter_map(behind).collect();
    places.sort_unstable();
    places.push(memory.start);
    places.into_iter().find(|place| {
        let wanted = footprint(Region::new(*place, size));
        memory.contains_span(wanted.start, wanted.size) && !taken.iter().any(|region| region.overlaps(wanted))
    })
}
