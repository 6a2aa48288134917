//! Values as a person reads them: addresses, sizes, times, names of files. Text alone, for sheets and widgets alike;
//! nothing here knows what a value is for.

use std::path::Path;

/// A number as a file writes it, easier to read: hexadecimal digits in fours, the first four filled up with zeros where
/// there are more, so that `0x20000` reads `0x0002 0000`. Anything else stays as it is.
pub(crate) fn grouped(number: &str) -> String {
    match number.strip_prefix("0x") {
        Some(digits) if digits.len() > 4 && digits.chars().all(|digit| digit.is_ascii_hexdigit()) => {
            let width = digits.len().next_multiple_of(4);
            format!("0x{}", fours(&format!("{digits:0>width$}")))
        }
        _ => number.to_owned(),
    }
}

/// An address: `0x9002 0000`.
pub(crate) fn address(address: u32) -> String {
    grouped(&format!("0x{address:08X}"))
}

/// Digits in fours from the left.
pub(crate) fn fours(digits: &str) -> String {
    let digits: Vec<char> = digits.chars().collect();
    digits.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// A size: `512 B`, `21.4 KiB`, `128 MiB`.
pub(crate) fn size(bytes: u32) -> String {
    let (unit, name) = match bytes {
        0..0x400 => return format!("{bytes} B"),
        0x400..0x10_0000 => (0x400, "KiB"),
        _ => (0x10_0000, "MiB"),
    };
    if bytes.is_multiple_of(unit) {
        format!("{} {name}", bytes / unit)
    } else {
        format!("{:.1} {name}", f64::from(bytes) / f64::from(unit))
    }
}

/// A count with its thousands apart: `21,320`.
pub(crate) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Instructions executed: `812 instructions`, `84.0 k instructions`, `12.9 M instructions`.
pub(crate) fn instructions(count: u64) -> String {
    // Tenths, rounded.
    let tenths = |unit: u64| (count + unit / 20) / (unit / 10);
    match count {
        0..1_000 => format!("{count} instructions"),
        1_000..999_950 => format!("{}.{} k instructions", tenths(1_000) / 10, tenths(1_000) % 10),
        _ => format!("{}.{} M instructions", tenths(1_000_000) / 10, tenths(1_000_000) % 10),
    }
}

/// Seconds: `0.41 s`, `12 s`, `2 min 05 s`.
pub(crate) fn seconds(value: f64) -> String {
    if value < 9.95 {
        format!("{value:.2} s")
    } else if value < 59.5 {
        format!("{value:.0} s")
    } else {
        let minutes = (value / 60.0).floor();
        format!("{minutes:.0} min {:02.0} s", (value - minutes * 60.0).floor())
    }
}

/// A long hex string with its middle left out.
pub(crate) fn short_hex(hex: &str) -> String {
    match (hex.get(..4), hex.len().checked_sub(4).and_then(|end| hex.get(end..))) {
        (Some(start), Some(end)) if hex.len() > 10 => format!("{start}…{end}"),
        _ => hex.to_owned(),
    }
}

/// The last part of a path, in either style: ST's files write paths as Windows does. A path that has none stays whole.
pub(crate) fn file_name(path: &Path) -> String {
    let path = path.to_string_lossy();
    match path.rsplit(['/', '\\']).next() {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => path.into_owned(),
    }
}

/// Words with a capital at their start. The name of a file keeps its own letters.
pub(crate) fn sentence(text: &str) -> String {
    let first = text.split([' ', ',', ':']).next().unwrap_or_default();
    if first.contains('_') || first.trim_end_matches('.').contains('.') {
        return text.to_owned();
    }
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_with_a_capital_unless_a_file_name_begins_it() {
        assert_eq!(sentence("the board is shut"), "The board is shut");
        assert_eq!(sentence("shut."), "Shut.");
        assert_eq!(sentence("appli_enc_sign.hex isn't there yet"), "appli_enc_sign.hex isn't there yet");
        assert_eq!(sentence("appli.bin: it is empty"), "appli.bin: it is empty");
    }

    #[test]
    fn numbers_are_grouped_in_fours_and_filled_up() {
        assert_eq!(grouped("0x90020000"), "0x9002 0000");
        assert_eq!(grouped("0x20000"), "0x0002 0000");
        assert_eq!(grouped("0x72"), "0x72");
        assert_eq!(grouped("131072"), "131072");
        assert_eq!(grouped("0xZZ00 "), "0xZZ00 ");
        assert_eq!(address(0x6_0000), grouped("0x60000"));
        assert_eq!(fours("00112233445566778899AABB"), "0011 2233 4455 6677 8899 AABB");
    }

    #[test]
    fn sizes_read_like_sizes() {
        assert_eq!(size(12), "12 B");
        assert_eq!(size(0x2_0000), "128 KiB");
        assert_eq!(size(21_914), "21.4 KiB");
        assert_eq!(size(0x800_0000), "128 MiB");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(21_320), "21,320");
        assert_eq!(thousands(134_217_728), "134,217,728");
    }

    #[test]
    fn instructions_are_counted_in_thousands_and_millions() {
        assert_eq!(instructions(812), "812 instructions");
        assert_eq!(instructions(84_040), "84.0 k instructions");
        assert_eq!(instructions(999_960), "1.0 M instructions");
        assert_eq!(instructions(12_949_000), "12.9 M instructions");
    }

    #[test]
    fn times_read_like_times() {
        assert_eq!(seconds(0.414), "0.41 s");
        assert_eq!(seconds(12.3), "12 s");
        assert_eq!(seconds(125.9), "2 min 05 s");
    }

    #[test]
    fn a_hash_keeps_both_ends() {
        assert_eq!(short_hex("7f3a000000c01e"), "7f3a…c01e");
        assert_eq!(short_hex("7f3a"), "7f3a");
    }

    #[test]
    fn a_path_of_either_style_is_shown_by_its_end() {
        assert_eq!(file_name(Path::new("./../Keys/STiROT_Encryption.pem")), "STiROT_Encryption.pem");
        assert_eq!(file_name(Path::new(r".\..\Binary\DA_Config.obk")), "DA_Config.obk");
        assert_eq!(file_name(Path::new("key.pem")), "key.pem");
        assert_eq!(file_name(Path::new("/")), "/");
    }
}
