//! The sender's side of YMODEM: one file in blocks of 1024 bytes with CRC-16. It makes blocks and knows what answers
//! mean; the wire is another's.

/// Begins a block of 128 bytes.
const SOH: u8 = 0x01;
/// Begins a block of 1024 bytes.
const STX: u8 = 0x02;
/// The file's end.
pub(super) const EOT: u8 = 0x04;
/// The block arrived.
pub(super) const ACK: u8 = 0x06;
/// The block is wanted again.
pub(super) const NAK: u8 = 0x15;
/// Two of them end it all.
pub(super) const CAN: u8 = 0x18;
/// A receiver asks for a file, or for its first block.
pub(super) const ASK: u8 = b'C';
/// Leaves a prompt.
pub(super) const ESCAPE: u8 = 0x1B;

/// Bytes of the file in one block.
pub(super) const BLOCK: usize = 1024;
const SHORT_BLOCK: usize = 128;
/// What fills the last block.
const FILLING: u8 = 0x1A;

/// The block that names a file and its size.
pub(super) fn opening(name: &str, size: usize) -> Vec<u8> {
    // A name is no path, and leaves room for the size.
    let name: String = name.chars().filter(|c| c.is_ascii_graphic() && *c != '/').take(64).collect();
    let name = if name.is_empty() { "image".to_owned() } else { name };
    let mut data = name.into_bytes();
    data.push(0);
    data.extend_from_slice(size.to_string().as_bytes());
    data.resize(SHORT_BLOCK, 0);
    framed(SOH, 0, &data)
}

/// The block that says that no file follows.
pub(super) fn closing() -> Vec<u8> {
    framed(SOH, 0, &[0; SHORT_BLOCK])
}

/// A block of the file; the first one has number 1, and after 255 comes 0.
pub(super) fn block(number: usize, piece: &[u8]) -> Vec<u8> {
    let mut data = piece.to_vec();
    data.resize(BLOCK, FILLING);
    framed(STX, number.to_le_bytes()[0], &data)
}

fn framed(kind: u8, number: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![kind, number, !number];
    bytes.extend_from_slice(data);
    bytes.extend(crc16(data).to_be_bytes());
    bytes
}

/// CRC-16 as XMODEM has it: polynomial 0x1021, from 0, highest bit first.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| crc << 1 ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_xmodem() {
        assert_eq!(crc16(b"123456789"), 0x31C3, "the published check value of CRC-16/XMODEM");
    }

    #[test]
    fn the_first_block_names_file_and_size() {
        let bytes = opening("dir/app image.bin", 5908);
        assert_eq!((bytes[0], bytes[1], bytes[2], bytes.len()), (SOH, 0, 0xFF, 133));
        assert!(bytes[3..].starts_with(b"dirappimage.bin\x005908\0"));
        assert_eq!(crc16(&bytes[3..]), 0, "data and checksum together leave nothing");
    }

    #[test]
    fn block_numbers_start_over_after_255_and_the_last_block_is_filled() {
        let bytes = block(257, b"end");
        assert_eq!((bytes[0], bytes[1], bytes[2], bytes.len()), (STX, 1, 0xFE, 1029));
        assert!(bytes[3..].starts_with(b"end\x1A\x1A"));
    }
}
