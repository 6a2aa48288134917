//! Numbers as ST's xml writes them: `0x` and hexadecimal digits, or decimal.

/// The number a text says, or what is wrong with the text.
pub fn parse(text: &str) -> Result<u128, String> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = digits.map_or((text, 10), |digits| (digits, 16));
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(format!("\"{text}\" is no number; write decimal digits, or 0x and hexadecimal digits"));
    }
    // ST's tools disagree over what a leading zero means (octal or nothing).
    if radix == 10 && digits.starts_with('0') && digits.chars().any(|digit| digit != '0') {
        return Err(format!(
            "\"{text}\" begins with 0, which some tools read as octal; leave the zero out or write 0x"
        ));
    }
    u128::from_str_radix(digits, radix).map_err(|_| format!("\"{text}\" is larger than 128 bits"))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn hexadecimal_and_decimal_are_read() {
        assert_eq!(parse("0x00020000"), Ok(0x20000));
        assert_eq!(parse("0Xff"), Ok(255));
        assert_eq!(parse("100"), Ok(100));
        assert_eq!(parse("0"), Ok(0));
        assert_eq!(parse("0x80000000000000000000000000004007"), Ok(0x8000_0000_0000_0000_0000_0000_0000_4007));
    }

    #[test]
    fn what_is_no_plain_number_is_refused() {
        for text in ["", "0x", "-1", "+1", "1_000", "0x1g", "12a", "010", " 1", "0x1ffffffffffffffffffffffffffffffff0"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
