//! Words as a shell takes them, for commands that a person copies and scripts that are exported.

/// A word that arrives as it is: as it stands where no shell would look at it, else in single quotes.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:+=@,".contains(c);
    let harmless = !word.is_empty() && word.chars().all(plain);
    if harmless { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_as_it_is_or_in_quotes_that_nothing_leaves() {
        for plain in ["/a/b-c.d_e", "probe:0123", "key=/x,y+z@w"] {
            assert_eq!(quoted(plain), plain);
        }
        for (word, expected) in [("", "''"), ("a b", "'a b'"), ("$(x)", "'$(x)'"), ("it's", r"'it'\''s'"), ("~", "'~'")]
        {
            assert_eq!(quoted(word), expected);
        }
    }
}
