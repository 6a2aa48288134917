//! What of a running board is looked at for a story: RAM, what lies behind the windows of external memory as the core would
//! read it, and the first cipher engine's registers. Reads through the bus are made on a copy: they leave no mark.

use board::{Board, Width};
use chip::memory_map::Region;
use chip::registers::MCE1;
use formats::ImageHeader;
use project::grouped;

/// Bytes read behind an image's payload: more than any TLVs take.
const TAIL: u32 = 2048;

/// A region of RAM.
pub(super) fn memory(board: &Board, region: Region) -> Vec<u8> {
    let mut bytes = vec![0; region.size as usize];
    match board.memory.read(region.start, &mut bytes) {
        Ok(()) => bytes,
        Err(_) => Vec::new(),
    }
}

/// The image in a slot or in its copy, as far as its header says that it reaches, and no more than the slot.
pub(super) fn image(board: &Board, slot: Region) -> Vec<u8> {
    let mut copy = board.fork();
    let mut image = read(&mut copy, slot.start, ImageHeader::SIZE as u32);
    let end = ImageHeader::decode(&image).map_or(0, |header| header.tlv_offset().saturating_add(TAIL).min(slot.size));
    let at = image.len() as u32;
    image.extend(read(&mut copy, slot.start.saturating_add(at), end.saturating_sub(at)));
    image
}

/// Bytes at an address, by whole words.
pub(super) fn bytes(board: &Board, address: u32, size: u32) -> Vec<u8> {
    read(&mut board.fork(), address, size)
}

/// Reads words; up to the first that nothing answers.
fn read(copy: &mut Board, address: u32, size: u32) -> Vec<u8> {
    let now = copy.now();
    let Board { peripherals, memory, .. } = copy;
    let mut bytes = Vec::with_capacity(size as usize);
    for offset in (0..size).step_by(4) {
        let at = address.wrapping_add(offset);
        let mut word = [0; 4];
        if memory.read(at, &mut word).is_err() {
            match peripherals.read(at, Width::Word, memory, now) {
                Ok(value) => word = value.to_le_bytes(),
                Err(_) => break,
            }
        }
        bytes.extend(word);
    }
    bytes.truncate(size as usize);
    bytes
}

/// How the first memory cipher engine stands, by its registers.
pub(super) fn cipher_engine(board: &Board) -> String {
    let registers = bytes(board, MCE1, 0x50);
    let register = |offset: usize| {
        registers.get(offset..).and_then(|rest| rest.first_chunk()).copied().map_or(0, u32::from_le_bytes)
    };
    let (control, status, region, attributes) = (register(0x00), register(0x04), register(0x40), register(0x4C));
    if region & 1 == 0 {
        return "memory cipher off".into();
    }
    let key = if status & 1 != 0 { "with a key" } else { "without a key" };
    let locked = if control & 3 == 3 { "locked" } else { "not locked" };
    let writes = if attributes & 1 << 16 != 0 { "writes allowed" } else { "read-only" };
    let (start, end) = (grouped(register(0x44)), grouped(register(0x48)));
    format!("memory cipher {key}, {locked}, for {start}–{end}, {writes}")
}
