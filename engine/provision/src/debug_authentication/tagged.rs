//! Tagged values (ADAC's TLVs): two zero bytes, type, length, value. Sources show them padded to words and not padded;
//! what comes is read either way, what is sent follows the option.

use crate::silicon_options::Padding;

/// One tagged value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedValue {
    /// Its type, one of [`chip::mailbox::tag`].
    pub tag: u16,
    /// Its bytes.
    pub value: Vec<u8>,
}

/// Two zero bytes, type, length: what stands before a value.
pub(super) fn head(tag: u16, length: usize) -> Vec<u8> {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    [&[0, 0][..], &tag.to_le_bytes(), &length.to_le_bytes()].concat()
}

/// Adds the zeros that a value gets where values are padded.
pub(super) fn pad(bytes: &mut Vec<u8>, padding: Padding) {
    if padding == Padding::ToWords {
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
}

/// Takes an answer apart. Tolerant of both layouts: after a value whose length is no multiple of four the next header
/// decides. What doesn't parse ends the list.
pub(super) fn parse(bytes: &[u8]) -> Vec<TaggedValue> {
    let mut values = Vec::new();
    let mut rest = bytes;
    while let Some((tagged, after)) = take_value(rest) {
        let length = tagged.value.len();
        values.push(tagged);
        let padding = length.next_multiple_of(4) - length;
        rest = match (take_value(after), after.get(padding..).and_then(take_value)) {
            (None, Some(_)) => after.get(padding..).unwrap_or_default(),
            _ => after,
        };
    }
    values
}

/// A header (two zero bytes, type, length) and its value, when they are whole and the type is one that exists.
fn take_value(bytes: &[u8]) -> Option<(TaggedValue, &[u8])> {
    let (reserved, rest) = bytes.split_first_chunk::<2>()?;
    let (tag, rest) = rest.split_first_chunk::<2>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let tag = u16::from_le_bytes(*tag);
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let plausible = *reserved == [0, 0] && matches!(tag, 1..=0xC | 0x100..=0x102 | 0x200..=0x202 | 0x8000..=0x80FF);
    let (value, rest) = rest.split_at_checked(length)?;
    plausible.then(|| (TaggedValue { tag, value: value.to_vec() }, rest))
}

#[cfg(test)]
mod tests {
    use chip::mailbox::tag;

    use super::*;

    fn answer(values: &[(u16, &[u8])], padding: Padding) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (tag, value) in values {
            bytes.extend(head(*tag, value.len()));
            bytes.extend_from_slice(value);
            pad(&mut bytes, padding);
        }
        // The count is in words, so that the last word is filled up.
        pad(&mut bytes, Padding::ToWords);
        bytes
    }

    const VALUES: [(u16, &[u8]); 4] = [
        (tag::PROTOCOL_VERSION, &[1, 0]),
        (tag::VENDOR_ID, &[0x20, 0]),
        (tag::SOC_ID, &[0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
        (tag::LIFECYCLE, &[0x72, 0, 0]),
    ];

    #[test]
    fn padded_and_unpadded_answers_give_the_same_values() {
        for padding in [Padding::None, Padding::ToWords] {
            let values = parse(&answer(&VALUES, padding));
            let pairs: Vec<_> = values.iter().map(|value| (value.tag, value.value.as_slice())).collect();
            assert_eq!(pairs, VALUES, "{padding:?}");
        }
    }

    #[test]
    fn any_bytes_give_a_list_and_no_panic() {
        let whole = answer(&VALUES, Padding::None);
        for cut in 0..whole.len() {
            parse(&whole[..cut]);
            let mut broken = whole.clone();
            broken[cut] ^= 0xFF;
            parse(&broken);
        }
        assert_eq!(parse(&head(tag::SOC_ID, usize::MAX)), []);
    }
}
