//! Boards for the tests: a ROM of a dozen instructions that opens debug and sleeps, in a file that is thrown away.
#![allow(dead_code, reason = "each test file uses its part")]

use std::borrow::Cow;
use std::path::Path;

use board::NorClip;
use provision::{ProvisionError, Rom, VirtualBoard, VirtualOptions};

/// The bundled algorithm for the NOR on port 2 behind XSPI1.
pub(crate) const NOR_ALGORITHM: &str = "mx66uw1g45g_stm32h7s78-dk-xspim1";

/// Raises the hide protection level to 3, opens access port and debug, then sleeps for good.
const TINY_ROM: [u16; 22] = [
    0x0000, 0x2001, // initial stack pointer 0x2001_0000
    0x0009, 0x1FF0, // reset vector 0x1FF0_0008, Thumb
    0x4806, // ldr r0, =0x5800_0400 (SBS)
    0x216A, // movs r1, #0x6A
    0x6101, // str r1, [r0, #0x10], three times
    0x6101, //
    0x6101, //
    0x4905, // ldr r1, =0x006F_B4B4
    0x6201, // str r1, [r0, #0x20]
    0xBF30, // wfi
    0xE7FD, // b to the wfi
    0xBF00, //
    0, 0, 0, 0, //
    0x0400, 0x5800, //
    0xB4B4, 0x006F, //
];

/// The tiny ROM, flash with its typical times.
pub(crate) fn options() -> VirtualOptions {
    let rom = TINY_ROM.iter().flat_map(|half| half.to_le_bytes()).collect::<Vec<_>>();
    VirtualOptions { rom: Rom(Cow::Owned(rom)), ..VirtualOptions::default() }
}

/// A new board with the tiny ROM; its file goes away with the test's process.
pub(crate) fn board() -> VirtualBoard {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.board");
    let board = board_at(&path);
    // The file stays until the board is off; the folder's name may go.
    std::mem::forget(folder);
    board
}

/// A new board with the tiny ROM at a path.
pub(crate) fn board_at(path: &Path) -> VirtualBoard {
    VirtualBoard::create_with(path, Some(1), options()).unwrap()
}

/// Opens a board that one of these functions made.
pub(crate) fn reopen(path: &Path) -> Result<VirtualBoard, ProvisionError> {
    VirtualBoard::open(path, options())
}

/// Bytes without pattern, the same for the same seed.
pub(crate) fn noise(seed: u32, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..size).map(|_| next()).collect()
}

/// NOR cells, read by the clip.
pub(crate) fn nor(board: &VirtualBoard, address: u32, size: usize) -> Vec<u8> {
    board.with(|board| NorClip::new(board).read(address, size))
}

/// Sets NOR cells by the clip.
pub(crate) fn write_nor(board: &VirtualBoard, address: u32, data: &[u8]) {
    board.with(|board| NorClip::new(board).write(address, data));
}
