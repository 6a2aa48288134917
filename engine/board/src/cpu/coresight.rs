//! The identification that debuggers read: ROM tables and the component IDs at the end of each 4 KiB block
//! (Cortex-M7 technical reference manual). Everything here is constant (assumption A73).

/// ROM table that access port 1 points at.
const PROCESSOR_TABLE: u32 = 0xE00F_E000;
/// ROM table of the private peripheral bus.
const PRIVATE_TABLE: u32 = 0xE00F_F000;

/// The word at an address of a ROM table or an identification block; `None` for any other address.
pub(crate) fn read(address: u32) -> Option<u32> {
    let offset = address & 0xFFF;
    // Part numbers: processor table, private table, SCS, DWT, FPB, ITM.
    let (part, class, variant) = match address & !0xFFF {
        PROCESSOR_TABLE => (0x4C8, 0x10, 0x0),
        PRIVATE_TABLE => (0x4C7, 0x10, 0x0),
        0xE000_E000 => (0x00C, 0xE0, 0x0),
        0xE000_1000 => (0x002, 0xE0, 0x3),
        0xE000_2000 => (0x00E, 0xE0, 0x0),
        0xE000_0000 => (0x001, 0xE0, 0x3),
        _ => return None,
    };
    match (address & !0xFFF, offset) {
        // Relative to the table: private table, then ETM and CTI, which the board doesn't have (bit 0 clear).
        (PROCESSOR_TABLE, 0x0) => return Some(0x0000_1003),
        (PROCESSOR_TABLE, 0x4) => return Some(0xFFF4_3002),
        (PROCESSOR_TABLE, 0x8) => return Some(0xFFF4_5002),
        (PRIVATE_TABLE, 0x0) => return Some(0xFFF0_F003),
        (PRIVATE_TABLE, 0x4) => return Some(0xFFF0_2003),
        (PRIVATE_TABLE, 0x8) => return Some(0xFFF0_3003),
        (PRIVATE_TABLE, 0xC) => return Some(0xFFF0_1003),
        // MEMTYPE: system memory is reachable.
        (PROCESSOR_TABLE | PRIVATE_TABLE, 0xFCC) => return Some(1),
        (PROCESSOR_TABLE | PRIVATE_TABLE, 0..0xFD0) => return Some(0),
        _ => {}
    }
    Some(match offset {
        0xFD0 => 0x04,
        0xFE0 => part & 0xFF,
        0xFE4 => 0xB0 | part >> 8,
        0xFE8 => 0x0B | variant << 4,
        0xFF0 => 0x0D,
        0xFF4 => class,
        0xFF8 => 0x05,
        0xFFC => 0xB1,
        0xFD4..=0xFEC => 0,
        _ => return None,
    })
}
