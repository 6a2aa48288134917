//! How addresses and sizes are written for people, the same everywhere.

/// An address or a size as people read it: `0x9002 0000`; one of 16 bits or less as `0x6000`.
pub fn grouped(number: u32) -> String {
    match number >> 16 {
        0 => format!("{number:#x}"),
        high => format!("0x{high:04X} {:04X}", number & 0xFFFF),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_in_two_groups_of_four_digits() {
        let words = [0x9002_0000, 0x7000_0400, 0x0008_00AB, 0xE000, 0].map(grouped);
        assert_eq!(words, ["0x9002 0000", "0x7000 0400", "0x0008 00AB", "0xe000", "0x0"]);
    }
}
