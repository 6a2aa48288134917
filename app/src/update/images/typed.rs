//! What a person types in the Images view, and what is copied from it: places, patterns, digits, names. Text alone.

use std::fmt::Write as _;
use std::path::Path;

use crate::model::images::{InTheClear, Pattern};
use crate::text;

/// The offset that somebody typed, or the place of an address: hexadecimal, as the column of offsets is.
pub(super) fn place(typed: &str, len: u64, of_address: impl Fn(u32) -> Option<u64>) -> Result<u64, String> {
    let compact: String = typed.chars().filter(|c| !c.is_whitespace() && *c != '_').collect();
    let digits = compact.strip_prefix("0x").or_else(|| compact.strip_prefix("0X")).unwrap_or(&compact);
    let Ok(number) = u64::from_str_radix(digits, 16) else {
        return Err(format!("“{typed}” is neither an offset nor an address; type one such as 0x400"));
    };
    let by_address = u32::try_from(number).ok().and_then(of_address);
    if let Some(offset) = by_address {
        return Ok(offset);
    }
    if number < len {
        return Ok(number);
    }
    Err(format!("0x{number:X} is past the end: the file ends at 0x{len:X}"))
}

/// What was typed, as the bytes that are looked for.
pub(super) fn bytes_of(typed: &str, pattern: Pattern) -> Result<Vec<u8>, String> {
    if pattern == Pattern::Text {
        return if typed.is_empty() {
            Err("type a text to look for".to_owned())
        } else {
            Ok(typed.as_bytes().to_vec())
        };
    }
    let digits: Vec<char> = typed.replace("0x", "").chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    if digits.is_empty() {
        return Err("type bytes such as E9 2E 59 C1".to_owned());
    }
    if !digits.len().is_multiple_of(2) {
        return Err("a byte is two hexadecimal digits; one is missing".to_owned());
    }
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok();
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    bytes.ok_or_else(|| format!("“{typed}” isn't hexadecimal; to look for it as text, choose Text"))
}

/// Bytes as digits, in lines of sixteen.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 {
            text.push(if index.is_multiple_of(16) { '\n' } else { ' ' });
        }
        write!(text, "{byte:02x}").unwrap_or_default();
    }
    text
}

/// `X.hex` gives `X_payload.bin` or `X_clear.bin`.
pub(super) fn clear_name(name: &str, what: InTheClear) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mark = match what {
        InTheClear::Payload => "payload",
        InTheClear::Image => "clear",
    };
    format!("{}_{mark}.bin", text::file_name(Path::new(stem)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_offset_or_an_address_where_the_file_has_one() {
        let addresses = |address: u32| address.checked_sub(0x9002_0000).map(u64::from).filter(|at| *at < 0x8000);
        let at = |typed| place(typed, 0x8000, addresses);
        assert_eq!(at("0x400"), Ok(0x400));
        assert_eq!(at("1024"), Ok(0x1024));
        assert_eq!(at("5a0"), Ok(0x5a0));
        assert_eq!(at("0x9002 0400"), Ok(0x400));
        assert_eq!(at("0x9002_0400"), Ok(0x400));
        assert!(at("0x8000").is_err_and(|why| why.contains("past the end")));
        assert!(at("zz").is_err());
        assert!(at("").is_err());
    }

    #[test]
    fn what_is_looked_for_is_bytes_or_text() {
        assert_eq!(bytes_of("E9 2e,59C1", Pattern::Bytes), Ok(vec![0xE9, 0x2E, 0x59, 0xC1]));
        assert_eq!(bytes_of("0xE9 0x2E", Pattern::Bytes), Ok(vec![0xE9, 0x2E]));
        assert!(bytes_of("E9 2", Pattern::Bytes).is_err());
        assert!(bytes_of("version", Pattern::Bytes).is_err());
        assert_eq!(bytes_of("v1", Pattern::Text), Ok(b"v1".to_vec()));
        assert!(bytes_of("", Pattern::Text).is_err());
    }

    #[test]
    fn copied_bytes_stand_in_lines_of_sixteen() {
        assert_eq!(hex(&[0; 17]), format!("{}\n00", ["00"; 16].join(" ")));
    }

    #[test]
    fn what_is_saved_in_the_clear_is_named_after_the_file() {
        assert_eq!(clear_name("appli_enc_sign.hex", InTheClear::Payload), "appli_enc_sign_payload.bin");
        assert_eq!(clear_name("image", InTheClear::Image), "image_clear.bin");
    }
}
