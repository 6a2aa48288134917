//! The NOR through its interfaces, windows, cipher engine and DMA, in the order of ST's drivers.

use chip::memory_map::{XSPI1_WINDOW, XSPI2_WINDOW};
use chip::registers::{GPIOM, HPDMA1, MCE1, PWR, RCC, XSPI1, XSPI2, XSPIM};

use super::Chip;
use crate::bus::Width;

const GPION: u32 = GPIOM + 0x400;
const CR: u32 = XSPI1;
const SR: u32 = XSPI1 + 0x20;
const BUSY: u32 = 1 << 5;
const TCF: u32 = 1 << 1;
const SMF: u32 = 1 << 3;
/// One-line instruction; with 32-bit address; with data.
const INSTRUCTION: u32 = 1;
const ADDRESS: u32 = 1 << 8 | 3 << 12;
const DATA: u32 = 1 << 24;
const READ: u32 = 1 << 28 | 1;
const POLL: u32 = 2 << 28 | 1;
const MAPPED: u32 = 3 << 28 | 1;
const WINDOW: u32 = XSPI1_WINDOW.start;
const RAM: u32 = 0x2400_0000;

/// A board with clocks, pads and port manager as the discovery kit's loader sets them: XSPI1 on the NOR.
pub(super) fn ready(time_scale: u32) -> Chip {
    let mut chip = if time_scale == 0 { Chip::new() } else { Chip::timed() };
    prepare(&mut chip);
    chip
}

fn prepare(chip: &mut Chip) {
    chip.set(RCC + 0x134, 1 | 1 << 5 | 1 << 12 | 1 << 14);
    chip.set(RCC + 0x140, 1 << 13);
    chip.set(PWR + 0x0C, 1 << 14 | 1 << 15);
    chip.write(GPION + 0x20, 0x9999_9999);
    chip.write(GPION + 0x24, 0x9999_9999);
    chip.write(GPION, 0xAAAA_AAAA);
    chip.write(XSPIM, 1 << 1);
    chip.write(XSPI1 + 0x08, 1 << 24 | 26 << 16);
    chip.write(CR, 1);
}

fn command(chip: &mut Chip, instruction: u32, address: Option<u32>) {
    chip.write(CR, 1);
    chip.write(XSPI1 + 0x100, INSTRUCTION | if address.is_some() { ADDRESS } else { 0 });
    chip.write(XSPI1 + 0x110, instruction);
    if let Some(address) = address {
        chip.write(XSPI1 + 0x48, address);
    }
}

fn read_bytes(chip: &mut Chip, instruction: u32, count: u32) -> Vec<u8> {
    chip.write(CR, READ);
    chip.write(XSPI1 + 0x40, count - 1);
    chip.write(XSPI1 + 0x100, INSTRUCTION | DATA);
    chip.write(XSPI1 + 0x110, instruction);
    let bytes = (0..count).map(|_| chip.try_read(XSPI1 + 0x50, Width::Byte).unwrap() as u8).collect();
    chip.write(XSPI1 + 0x24, 0x1B);
    bytes
}

fn program(chip: &mut Chip, address: u32, data: &[u8]) {
    command(chip, 0x06, None);
    chip.write(XSPI1 + 0x40, data.len() as u32 - 1);
    chip.write(XSPI1 + 0x100, INSTRUCTION | ADDRESS | DATA);
    chip.write(XSPI1 + 0x110, 0x12);
    chip.write(XSPI1 + 0x48, address);
    for byte in data {
        chip.try_write(XSPI1 + 0x50, Width::Byte, u32::from(*byte)).unwrap();
    }
}

fn map(chip: &mut Chip) {
    chip.write(CR, 1);
    chip.write(XSPI1 + 0x100, INSTRUCTION | ADDRESS | DATA);
    chip.write(XSPI1 + 0x108, 0);
    chip.write(XSPI1 + 0x110, 0x13);
    chip.write(XSPI1 + 0x180, INSTRUCTION | ADDRESS | DATA);
    chip.write(XSPI1 + 0x190, 0x12);
    chip.write(CR, MAPPED);
}

fn unmap(chip: &mut Chip) {
    chip.write(CR, MAPPED | 2);
    chip.write(CR, 1);
}

fn nor(chip: &Chip, address: u32, size: usize) -> Vec<u8> {
    let mut out = vec![0; size];
    chip.units.nor_cells(address, &mut out);
    out
}

/// Copies by channel 12 in bursts of `beats` words; gives the channel's status.
fn copy(chip: &mut Chip, from: u32, to: u32, size: u32, beats: u32) -> u32 {
    let channel = HPDMA1 + 12 * 0x80;
    chip.write(channel + 0x5C, 0x7F00);
    let bursts = (beats - 1) << 4 | (beats - 1) << 20;
    chip.write(channel + 0x90, 2 | 1 << 3 | 2 << 16 | 1 << 19 | bursts);
    chip.write(channel + 0x94, 1 << 9);
    chip.write(channel + 0x98, size);
    chip.write(channel + 0x9C, from);
    chip.write(channel + 0xA0, to);
    chip.write(channel + 0xCC, 0);
    chip.write(channel + 0x64, 1);
    chip.read(channel + 0x60)
}

const DONE: u32 = 1 << 8;
const DATA_ERROR: u32 = 1 << 10;
const USER_ERROR: u32 = 1 << 12;

fn key(chip: &mut Chip, key: [u32; 4]) {
    if chip.read(MCE1 + 4) & 1 != 0 {
        chip.write(MCE1 + 0x200, 0);
    }
    for (register, word) in (MCE1 + 0x200..).step_by(4).zip(key) {
        chip.write(register, word);
    }
}

fn region(chip: &mut Chip, start: u32, size: u32, writes: bool) {
    chip.write(MCE1 + 0x40, 2 << 14);
    chip.write(MCE1 + 0x44, start);
    chip.write(MCE1 + 0x48, start + size - 1);
    chip.write(MCE1 + 0x4C, u32::from(writes) << 16);
    chip.write(MCE1 + 0x40, 2 << 14 | 1);
}

#[test]
fn the_nor_tells_who_it_is() {
    let mut chip = ready(0);
    assert_eq!(read_bytes(&mut chip, 0x9F, 3), [0xC2, 0x81, 0x3B]);
    assert_eq!(chip.read(SR) & BUSY, 0);
}

#[test]
fn without_clock_supply_pins_or_port_the_nor_does_not_answer() {
    let spoil: [fn(&mut Chip); 5] = [
        |chip| chip.write(RCC + 0x4C, 1 << 4),
        |chip| chip.write(PWR + 0x0C, 4),
        |chip| chip.write(GPION, 0xFFFF_FFFF),
        |chip| chip.write(GPION + 0x20, 0),
        |chip| {
            chip.write(CR, 0);
            chip.write(XSPIM, 0);
            chip.write(CR, 1);
        },
    ];
    for spoil in spoil {
        let mut chip = ready(0);
        spoil(&mut chip);
        assert_eq!(read_bytes(&mut chip, 0x9F, 3), [0xFF; 3]);
    }
}

#[test]
fn an_interface_without_clock_does_nothing() {
    let mut chip = ready(0);
    chip.write(RCC + 0x134, 0);
    chip.write(CR, READ);
    assert_eq!(chip.read(CR), 0);
    assert!(chip.try_read(WINDOW, Width::Word).is_err());
}

#[test]
fn the_port_manager_stays_while_an_interface_is_on() {
    let mut chip = ready(0);
    chip.write(XSPIM, 0);
    assert_eq!(chip.read(XSPIM), 2);
}

#[test]
fn unswapped_the_second_interface_has_the_nor() {
    let mut chip = ready(0);
    chip.units.set_nor_cells(0, &[0xA5]);
    chip.write(CR, 0);
    chip.write(XSPIM, 0);
    chip.write(XSPI2 + 0x08, 26 << 16);
    chip.write(XSPI2 + 0x100, INSTRUCTION | ADDRESS | DATA);
    chip.write(XSPI2 + 0x110, 0x13);
    chip.write(XSPI2, MAPPED);
    assert_eq!(chip.try_read(XSPI2_WINDOW.start, Width::Byte), Ok(0xA5));
}

#[test]
fn a_command_set_up_for_writing_and_then_read_sends_nothing_twice() {
    // ST's HAL sets a read command up in write mode first, and starts it by writing the instruction again.
    let mut chip = ready(0);
    chip.write(CR, 1);
    chip.write(XSPI1 + 0x40, 0);
    chip.write(XSPI1 + 0x100, INSTRUCTION | DATA);
    chip.write(XSPI1 + 0x110, 0x05);
    assert_eq!(chip.read(SR) & (BUSY | TCF), 0);
    chip.write(CR, READ);
    chip.write(XSPI1 + 0x110, 0x05);
    assert_eq!(chip.read(SR) >> 8 & 0x7F, 1);
    assert_eq!(chip.try_read(XSPI1 + 0x50, Width::Byte), Ok(0));
    assert_eq!(chip.read(SR) & (BUSY | TCF), TCF);
}

#[test]
fn polling_waits_until_the_chip_is_done() {
    let mut chip = ready(1000);
    program(&mut chip, 0, &[1, 2, 3]);
    chip.write(CR, POLL | 1 << 22 | 1 << 19);
    chip.write(XSPI1 + 0x40, 0);
    chip.write(XSPI1 + 0x80, 1);
    chip.write(XSPI1 + 0x88, 0);
    chip.write(XSPI1 + 0x100, INSTRUCTION | DATA);
    chip.write(XSPI1 + 0x110, 0x05);
    assert_eq!(chip.read(SR) & (BUSY | SMF), BUSY);
    assert_eq!(chip.units.interrupts()[3], 0);
    chip.pass();
    assert_eq!(chip.units.interrupts()[3], 1 << (105 - 96));
    assert_eq!(chip.read(SR) & (BUSY | SMF), SMF);
    assert_eq!(nor(&chip, 0, 4), [1, 2, 3, 0xFF]);
}

#[test]
fn a_page_is_erased_programmed_and_read_through_the_window() {
    let mut chip = ready(0);
    chip.units.set_nor_cells(0x1000, &[0; 16]);
    command(&mut chip, 0x06, None);
    command(&mut chip, 0x21, Some(0x1000));
    program(&mut chip, 0x1000, b"content!");
    assert_eq!(read_bytes(&mut chip, 0x05, 1), [0]);
    map(&mut chip);
    assert_eq!(chip.try_read(WINDOW + 0x1000, Width::Word), Ok(u32::from_le_bytes(*b"cont")));
    assert_eq!(chip.try_read(WINDOW + 0x1004, Width::Half), Ok(u32::from(u16::from_le_bytes(*b"en"))));
    assert_ne!(chip.read(SR) & BUSY, 0);
    unmap(&mut chip);
    assert_eq!(chip.read(SR) & BUSY, 0);
    assert!(chip.try_read(WINDOW, Width::Word).is_err(), "not mapped");
}

#[test]
fn the_window_ends_with_the_device() {
    let mut chip = ready(0);
    map(&mut chip);
    assert_eq!(chip.try_read(WINDOW + 0x07FF_FFFC, Width::Word), Ok(0xFFFF_FFFF));
    assert!(chip.try_read(WINDOW + 0x0800_0000, Width::Word).is_err());
}

#[test]
fn words_written_through_the_window_are_programmed_when_it_closes() {
    let mut chip = ready(0);
    command(&mut chip, 0x06, None);
    map(&mut chip);
    chip.write(WINDOW + 0x200, 0x0403_0201);
    chip.write(WINDOW + 0x204, 0x0807_0605);
    assert_eq!(nor(&chip, 0x200, 1), [0xFF]);
    unmap(&mut chip);
    chip.units.advance(&mut chip.memory, 0);
    assert_eq!(nor(&chip, 0x200, 9), [1, 2, 3, 4, 5, 6, 7, 8, 0xFF]);
}

#[test]
fn dma_writes_ciphertext_and_the_window_reads_plaintext() {
    let mut chip = ready(0);
    let plain: Vec<u8> = (0..=255).collect();
    chip.memory.write(RAM, &plain).unwrap();
    key(&mut chip, [1, 2, 3, 4]);
    region(&mut chip, WINDOW, 0x1_0000, true);
    command(&mut chip, 0x06, None);
    map(&mut chip);
    assert_ne!(copy(&mut chip, RAM, WINDOW + 0x400, 256, 16) & DONE, 0);
    unmap(&mut chip);
    let cipher = nor(&chip, 0x400, 256);
    assert!(cipher.chunks(16).zip(plain.chunks(16)).all(|(cipher, plain)| cipher != plain));
    map(&mut chip);
    assert_eq!(chip.read(WINDOW + 0x404), 0x0706_0504);
    assert_eq!(chip.try_read(WINDOW + 0x4FF, Width::Byte), Ok(255));
    assert_ne!(copy(&mut chip, WINDOW + 0x400, RAM + 0x1000, 256, 16) & DONE, 0);
    assert_eq!(chip.memory(RAM + 0x1000, 256), plain);
    // Another key reads noise; outside of the region the bytes are as they lie.
    key(&mut chip, [1, 2, 3, 5]);
    assert_ne!(chip.read(WINDOW + 0x404), 0x0706_0504);
    assert_eq!(chip.read(WINDOW + 0x1_0000), 0xFFFF_FFFF);
}

#[test]
fn the_cipher_engine_takes_whole_bursts_only() {
    let mut chip = ready(0);
    key(&mut chip, [1, 2, 3, 4]);
    region(&mut chip, WINDOW, 0x1000, true);
    command(&mut chip, 0x06, None);
    map(&mut chip);
    assert!(chip.try_write(WINDOW, Width::Word, 5).is_err());
    assert!(chip.was_refused("not a burst"));
    assert_eq!(chip.read(MCE1 + 8), 2, "illegal access");
    assert_eq!(copy(&mut chip, RAM, WINDOW, 64, 1) & (DONE | DATA_ERROR), DATA_ERROR);
    assert_eq!(copy(&mut chip, RAM, WINDOW + 8, 64, 16) & (DONE | DATA_ERROR), DATA_ERROR);
    unmap(&mut chip);
    chip.units.advance(&mut chip.memory, 0);
    assert_eq!(nor(&chip, 0, 64), [0xFF; 64]);
}

#[test]
fn a_region_without_write_permission_or_key_takes_nothing() {
    let mut chip = ready(0);
    key(&mut chip, [1, 2, 3, 4]);
    region(&mut chip, WINDOW, 0x1000, false);
    map(&mut chip);
    assert_ne!(copy(&mut chip, RAM, WINDOW, 64, 16) & DATA_ERROR, 0);
    assert!(chip.was_refused("read-only region"));
    chip.write(MCE1 + 0x200, 0);
    region(&mut chip, WINDOW, 0x1000, true);
    assert_ne!(copy(&mut chip, RAM, WINDOW, 64, 16) & DATA_ERROR, 0);
    assert!(chip.was_refused("without a key"));
    assert_eq!(chip.read(WINDOW), 0, "and reads nothing");
}

#[test]
fn locks_of_the_cipher_engine_hold_until_reset() {
    let mut chip = ready(0);
    key(&mut chip, [1, 2, 3, 4]);
    region(&mut chip, WINDOW, 0x1000, true);
    chip.write(MCE1, 3);
    chip.write(MCE1, 0);
    assert_eq!(chip.read(MCE1), 3);
    chip.write(MCE1 + 0x40, 0);
    chip.write(MCE1 + 0x200, 0);
    assert_eq!(chip.read(MCE1 + 0x40), 2 << 14 | 1);
    assert_eq!(chip.read(MCE1 + 4) & 1, 1);
    chip.reset();
    assert_eq!((chip.read(MCE1), chip.read(MCE1 + 4), chip.read(MCE1 + 0x40)), (0, 0, 0));
}

#[test]
fn what_one_board_ciphered_reads_the_same_after_power_with_the_same_key() {
    let mut chip = ready(0);
    chip.memory.write(RAM, &[0x5A; 64]).unwrap();
    key(&mut chip, [9, 8, 7, 6]);
    region(&mut chip, WINDOW, 0x1000, true);
    command(&mut chip, 0x06, None);
    map(&mut chip);
    copy(&mut chip, RAM, WINDOW, 64, 16);
    unmap(&mut chip);
    let mut chip = chip.power_cycle();
    prepare(&mut chip);
    key(&mut chip, [9, 8, 7, 6]);
    region(&mut chip, WINDOW, 0x1000, false);
    map(&mut chip);
    assert_eq!(chip.read(WINDOW + 60), 0x5A5A_5A5A);
}

#[test]
fn dma_refuses_what_it_can_not_do_and_counts_what_is_left() {
    let mut chip = ready(0);
    assert_ne!(copy(&mut chip, RAM + 1, RAM + 0x100, 64, 16) & USER_ERROR, 0, "unaligned");
    assert_ne!(copy(&mut chip, RAM, RAM + 0x100, 0, 16) & USER_ERROR, 0, "nothing to do");
    let status = copy(&mut chip, RAM, 0x0800_0000, 128, 4);
    assert_eq!(status & (DONE | DATA_ERROR), DATA_ERROR, "flash is no memory to DMA");
    assert_eq!(chip.read(HPDMA1 + 12 * 0x80 + 0x98) & 0xFFFF, 128);
    chip.memory.write(RAM, b"0123456789abcdef").unwrap();
    assert_ne!(copy(&mut chip, RAM, RAM + 0x100, 16, 16) & DONE, 0);
    assert_eq!(chip.memory(RAM + 0x100, 16), b"0123456789abcdef");
}

#[test]
fn a_reset_of_the_chip_leaves_the_nor_in_its_mode() {
    let mut chip = ready(0);
    command(&mut chip, 0x06, None);
    chip.write(XSPI1 + 0x40, 0);
    chip.write(XSPI1 + 0x100, INSTRUCTION | ADDRESS | DATA);
    chip.write(XSPI1 + 0x110, 0x72);
    chip.write(XSPI1 + 0x48, 0);
    chip.try_write(XSPI1 + 0x50, Width::Byte, 2).unwrap();
    chip.reset();
    prepare(&mut chip);
    assert_eq!(read_bytes(&mut chip, 0x9F, 3), [0xFF; 3], "it speaks on eight lines now");
    let mut chip = chip.power_cycle();
    prepare(&mut chip);
    assert_eq!(read_bytes(&mut chip, 0x9F, 1), [0xC2]);
}

#[test]
fn the_reset_register_of_rcc_resets_an_interface() {
    let mut chip = ready(0);
    chip.set(RCC + 0x7C, 1 << 5);
    chip.write(RCC + 0x7C, 0);
    assert_eq!(chip.read(CR), 0);
    assert_eq!(chip.read(XSPI1 + 0x08), 0);
}

#[test]
fn commands_in_any_order_never_panic_and_change_no_cell_without_write_enable() {
    // Registers of interface and DMA with values that mean something, write enable left out.
    const REGISTERS: [u32; 14] =
        [0x00, 0x24, 0x40, 0x48, 0x50, 0x80, 0x88, 0x100, 0x108, 0x110, 0x180, 0x188, 0x190, 0x20];
    const VALUES: [u32; 18] = [
        1,
        3,
        READ,
        POLL,
        MAPPED,
        0x05,
        0x9F,
        0x12,
        0x21,
        0xDC,
        0x60,
        0x72,
        0x13,
        0x0C,
        0x0100_3101,
        0x0100_0001,
        8,
        0,
    ];
    let mut chip = ready(1000);
    let mut state = 0x1234_5678u32;
    let mut next = |bound: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % bound
    };
    for _ in 0..100_000 {
        match next(8) {
            0 => drop_answer(chip.try_read(WINDOW + 4 * next(1 << 20) as u32, Width::Word)),
            1 => drop_answer(chip.try_write(WINDOW + 4 * next(64) as u32, Width::Word, 0)),
            2 => drop_answer(chip.try_read(XSPI1 + 0x50, Width::Byte)),
            3 => {
                copy(&mut chip, RAM, WINDOW + 16 * next(64) as u32, 64, 16);
            }
            _ => chip.write(XSPI1 + REGISTERS[next(REGISTERS.len())], VALUES[next(VALUES.len())]),
        }
        chip.now += next(500) as u64;
    }
    assert_eq!(chip.units.nonvolatile_writes(), 0);
}

/// Whatever the answer was.
fn drop_answer<T>(_: Result<T, crate::bus::BusError>) {}
