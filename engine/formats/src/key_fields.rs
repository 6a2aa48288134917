//! The shapes in which the device keeps P-256 keys: 70 bytes for a private one, 91 for a public one. Only the shape:
//! whether the point lies on the curve is decided by whoever computes with it.

use crate::layout::{LayoutError, Problem, reported};

/// Bytes of a private key as STiRoT's configuration holds it.
pub const PRIVATE_SIZE: usize = 70;
/// Bytes of a public key as STiRoT's configuration holds it: a SubjectPublicKeyInfo.
pub const PUBLIC_SIZE: usize = 91;

/// What a stored private key opens with; the 32-byte scalar follows, then [`PRIVATE_END`].
///
/// It is a PKCS#8 structure whose public part was cut off, with the part's own head left dangling and three
/// lengths corrected: no valid DER, and yet what every published object of ST's holds.
pub const PRIVATE_START: [u8; 36] = [
    0x30, 0x81, 0x43, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08,
    0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x04, 0x29, 0x30, 0x27, 0x02, 0x01, 0x01, 0x04, 0x20,
];
/// What a stored private key ends with.
pub const PRIVATE_END: [u8; 2] = [0xA1, 0x44];
/// What a stored public key opens with, the mark of an uncompressed point included; X and Y follow, big-endian.
pub const PUBLIC_START: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE,
    0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// The scalar (32 bytes, big-endian) of a stored private key.
///
/// # Errors
/// When the bytes around it aren't those of a P-256 key in this shape.
pub fn private_scalar(stored: &[u8; PRIVATE_SIZE]) -> Result<&[u8; 32], LayoutError> {
    let rest = expect(stored, &PRIVATE_START, 0, "private key, head")?;
    let Some((scalar, end)) = rest.split_first_chunk::<32>() else { return Err(unreachable_shape()) };
    expect(end, &PRIVATE_END, 68, "private key, end")?;
    Ok(scalar)
}

/// The point (X then Y, 32 bytes each, big-endian) of a stored public key.
///
/// # Errors
/// When the bytes in front of it aren't those of a P-256 key in this shape.
pub fn public_point(stored: &[u8; PUBLIC_SIZE]) -> Result<&[u8; 64], LayoutError> {
    let rest = expect(stored, &PUBLIC_START, 0, "public key, head")?;
    rest.first_chunk::<64>().ok_or(unreachable_shape())
}

/// The sizes of the arrays make this impossible; an error costs nothing where a panic would need a proof.
fn unreachable_shape() -> LayoutError {
    LayoutError { offset: 0, field: "key", problem: Problem::Short { needed: reported(PUBLIC_SIZE), present: 0 } }
}

fn expect<'a>(bytes: &'a [u8], constant: &[u8], offset: usize, field: &'static str) -> Result<&'a [u8], LayoutError> {
    for (index, (found, expected)) in bytes.iter().zip(constant).enumerate() {
        if found != expected {
            let problem = Problem::Value { found: u32::from(*found), expected: "the bytes of a stored P-256 key" };
            return Err(LayoutError { offset: reported(offset.saturating_add(index)), field, problem });
        }
    }
    bytes.get(constant.len()..).ok_or(unreachable_shape())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scalar_stands_between_head_and_end() {
        let mut stored = [7; PRIVATE_SIZE];
        stored[..36].copy_from_slice(&PRIVATE_START);
        assert_eq!(private_scalar(&stored).unwrap_err().offset, 68);
        stored[68..].copy_from_slice(&PRIVATE_END);
        assert_eq!(private_scalar(&stored), Ok(&[7; 32]));
        stored[5] = 1;
        assert_eq!(private_scalar(&stored).unwrap_err().offset, 5);
    }

    #[test]
    fn a_compressed_point_is_refused() {
        let mut stored = [7; PUBLIC_SIZE];
        stored[..27].copy_from_slice(&PUBLIC_START);
        assert_eq!(public_point(&stored), Ok(&[7; 64]));
        stored[26] = 3;
        assert_eq!(public_point(&stored).unwrap_err().offset, 26);
    }
}
