//! Option-byte keys: stored, read back, shut off by level; and the SAES that takes the hardware ones.

use chip::registers::{FLASH, RCC, SAES};

use super::Chip;
use super::flash::unlock_options;
use crate::fault::PowerCut;
use crate::nonvolatile::NonVolatile;

const OPTISR: u32 = FLASH + 0x108;
const OPTICR: u32 = FLASH + 0x10C;
const OBKCR: u32 = FLASH + 0x110;
const OBKDR: u32 = FLASH + 0x118;
const KVEF: u32 = 1 << 27;
const KTEF: u32 = 1 << 28;
const PROGRAM: u32 = 1 << 14;
const START: u32 = 1 << 15;
const BITS_256: u32 = 3 << 10;
const NEXT: u32 = 1 << 8;

fn program(chip: &mut Chip, index: u32, mode: u32, words: [u32; 8]) {
    for (register, word) in (OBKDR..).step_by(4).zip(words) {
        chip.write(register, word);
    }
    chip.write(OBKCR, index | mode);
    chip.write(OBKCR, index | mode | PROGRAM | START);
}

fn load(chip: &mut Chip, index: u32) -> Result<[u32; 8], u32> {
    chip.write(OBKCR, index | BITS_256);
    chip.write(OBKCR, index | BITS_256 | START);
    let errors = chip.read(OPTISR);
    chip.write(OPTICR, errors);
    if errors == 0 { Ok(std::array::from_fn(|word| chip.read(OBKDR + 4 * word as u32))) } else { Err(errors) }
}

const WORDS: [u32; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

#[test]
fn a_key_is_stored_over_power_and_read_once() {
    let mut chip = Chip::new();
    unlock_options(&mut chip);
    program(&mut chip, 8, BITS_256, WORDS);
    assert_eq!(load(&mut chip, 8), Ok(WORDS));
    assert_eq!(chip.read(OBKDR), 0, "read once");
    let mut chip = chip.power_cycle();
    unlock_options(&mut chip);
    assert_eq!(load(&mut chip, 8), Ok(WORDS));
    assert_eq!(load(&mut chip, 9), Err(KVEF), "never stored");
}

#[test]
fn an_area_is_shut_once_its_level_has_passed() {
    let mut chip = Chip::new();
    unlock_options(&mut chip);
    program(&mut chip, 8, BITS_256, WORDS);
    program(&mut chip, 9, BITS_256 | NEXT, [9; 8]);
    assert_eq!(load(&mut chip, 9), Err(KVEF), "of the next level");
    chip.raise(1);
    assert_eq!(load(&mut chip, 8), Err(KVEF), "of the level before");
    assert_eq!(load(&mut chip, 9), Ok([9; 8]));
    chip.raise(3);
    assert_eq!(load(&mut chip, 9), Err(KVEF));
    program(&mut chip, 8, BITS_256, WORDS);
    assert_eq!(chip.read(OPTISR), KVEF, "the last level has no area");
}

#[test]
fn raising_the_level_clears_the_data_registers() {
    let mut chip = Chip::new();
    unlock_options(&mut chip);
    program(&mut chip, 8, BITS_256, WORDS);
    chip.write(OBKCR, 8 | BITS_256 | START);
    chip.raise(1);
    assert_eq!(chip.read(OBKDR), 0);
}

#[test]
fn nothing_is_stored_while_option_registers_are_locked() {
    let mut chip = Chip::new();
    program(&mut chip, 8, BITS_256, WORDS);
    unlock_options(&mut chip);
    assert_eq!(load(&mut chip, 8), Err(KVEF));
}

#[test]
fn a_key_torn_by_a_loss_of_power_can_not_be_read() {
    let mut chip = Chip::new();
    unlock_options(&mut chip);
    program(&mut chip, 8, BITS_256, WORDS);
    chip.units.arm_power_cut(PowerCut { after_writes: 0, tears: true });
    program(&mut chip, 8, BITS_256, [7; 8]);
    let mut chip = chip.power_cycle();
    unlock_options(&mut chip);
    assert_eq!(load(&mut chip, 8), Err(KVEF));
}

#[test]
fn reading_a_key_is_no_write() {
    let mut chip = Chip::new();
    unlock_options(&mut chip);
    program(&mut chip, 8, BITS_256, WORDS);
    let (revision, writes) = (chip.units.revision(), chip.units.nonvolatile_writes());
    load(&mut chip, 8).unwrap();
    assert_eq!((revision, writes), (chip.units.revision(), chip.units.nonvolatile_writes()));
}

#[test]
fn a_reset_while_a_key_is_read_tears_nothing() {
    let mut chip = Chip::timed();
    unlock_options(&mut chip);
    program(&mut chip, 8, BITS_256, WORDS);
    chip.pass();
    chip.write(OBKCR, 8 | BITS_256 | START);
    chip.reset();
    unlock_options(&mut chip);
    program(&mut chip, 9, BITS_256, WORDS);
    chip.pass();
    chip.write(OBKCR, 9 | BITS_256 | START);
    chip.pass();
    assert_eq!(chip.read(OPTISR), 0);
    assert_eq!(chip.read(OBKDR), 1);
}

const CR: u32 = SAES;
const KEY_256: u32 = 1 << 18;
const BYTES: u32 = 2 << 1;
const DEVICE: u32 = 1 << 28;
const APPLICATION: u32 = 3 << 28;
const CBC: u32 = 1 << 5;

fn clocks(chip: &mut Chip) {
    chip.set(RCC, 1 << 12);
    chip.set(RCC + 0x158, 1 | 1 << 4);
}

/// Key and vector words as the HAL loads them: the first word into the highest register.
fn registers(chip: &mut Chip, from: &[u32], bytes: &[u8]) {
    for (register, word) in from.iter().rev().zip(bytes.chunks_exact(4)) {
        chip.write(SAES + register, u32::from_be_bytes(word.try_into().unwrap()));
    }
}

fn blocks(chip: &mut Chip, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for block in data.chunks_exact(16) {
        for word in block.chunks_exact(4) {
            chip.write(SAES + 0x08, u32::from_le_bytes(word.try_into().unwrap()));
        }
        assert_eq!(chip.read(SAES + 0x304) & 1, 1, "computation complete");
        for _ in 0..4 {
            out.extend(chip.read(SAES + 0x0C).to_le_bytes());
        }
        chip.write(SAES + 0x308, 1);
    }
    out
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn aes_128_ecb_gives_the_vector_of_fips_197() {
    let mut chip = Chip::new();
    clocks(&mut chip);
    chip.write(CR, BYTES);
    registers(&mut chip, &[0x10, 0x14, 0x18, 0x1C], &hex("000102030405060708090a0b0c0d0e0f"));
    assert_ne!(chip.read(SAES + 4) & 1 << 7, 0, "key valid");
    chip.write(CR, BYTES | 1);
    let cipher = blocks(&mut chip, &hex("00112233445566778899aabbccddeeff"));
    assert_eq!(cipher, hex("69c4e0d86a7b0430d8cdb78070b4c55a"));
    assert_eq!(chip.read(SAES + 0x10), 0, "keys don't read back");
}

#[test]
fn aes_256_cbc_gives_the_vectors_of_sp_800_38a_in_both_directions() {
    let key = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
    let vector = hex("000102030405060708090a0b0c0d0e0f");
    let plain = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    let cipher = hex("f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d");
    let mut chip = Chip::new();
    clocks(&mut chip);
    let common = BYTES | KEY_256 | CBC;
    let keys = [0x10, 0x14, 0x18, 0x1C, 0x30, 0x34, 0x38, 0x3C];
    chip.write(CR, common);
    registers(&mut chip, &keys, &key);
    registers(&mut chip, &[0x20, 0x24, 0x28, 0x2C], &vector);
    chip.write(CR, common | 1);
    assert_eq!(blocks(&mut chip, &plain), cipher);
    // Back: the key is prepared first.
    chip.write(CR, common | 1 << 3);
    chip.write(CR, common | 1 << 3 | 1);
    assert_eq!(chip.read(SAES + 0x304) & 1, 1);
    chip.write(SAES + 0x308, 1);
    chip.write(CR, common | 2 << 3);
    registers(&mut chip, &[0x20, 0x24, 0x28, 0x2C], &vector);
    chip.write(CR, common | 2 << 3 | 1);
    assert_eq!(blocks(&mut chip, &cipher), plain);
}

#[test]
fn aes_128_ctr_gives_the_vector_of_sp_800_38a() {
    let mut chip = Chip::new();
    clocks(&mut chip);
    let common = BYTES | 2 << 5;
    chip.write(CR, common);
    registers(&mut chip, &[0x10, 0x14, 0x18, 0x1C], &hex("2b7e151628aed2a6abf7158809cf4f3c"));
    registers(&mut chip, &[0x20, 0x24, 0x28, 0x2C], &hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"));
    chip.write(CR, common | 1);
    let plain = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    let cipher = hex("874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff");
    assert_eq!(blocks(&mut chip, &plain), cipher);
}

fn under_device_key(chip: &mut Chip) -> Vec<u8> {
    clocks(chip);
    chip.write(CR, 1 << 31);
    chip.write(CR, 0);
    chip.write(CR, BYTES | KEY_256 | DEVICE);
    chip.write(CR, BYTES | KEY_256 | DEVICE | 1);
    blocks(chip, &[0; 16])
}

#[test]
fn the_device_key_differs_by_device_level_and_epoch_and_survives_power() {
    let mut chip = Chip::new();
    let first = under_device_key(&mut chip);
    assert_eq!(under_device_key(&mut chip), first);
    let mut chip = chip.power_cycle();
    assert_eq!(under_device_key(&mut chip), first);
    chip.raise(1);
    let level_1 = under_device_key(&mut chip);
    assert_ne!(level_1, first);
    let mut other = Chip::with(NonVolatile::new(Some(8), b"rom").unwrap(), 0);
    assert_ne!(under_device_key(&mut other), first);
    chip.reset();
    unlock_options(&mut chip);
    chip.write(FLASH + chip::option_bytes::EPOCHSRP, 1);
    assert_ne!(under_device_key(&mut chip), first);
}

#[test]
fn a_device_key_in_use_does_not_outlive_its_level() {
    let mut chip = Chip::new();
    under_device_key(&mut chip);
    chip.raise(1);
    assert_eq!(chip.read(SAES + 4) & 1 << 7, 0);
    for _ in 0..4 {
        chip.write(SAES + 0x08, 0);
    }
    assert_eq!(chip.read(SAES + 0x304) & 1, 0);
}

#[test]
fn an_application_key_reaches_saes_and_never_a_register() {
    let mut chip = Chip::new();
    unlock_options(&mut chip);
    clocks(&mut chip);
    program(&mut chip, 0, BITS_256, WORDS);
    assert_eq!(load(&mut chip, 0), Ok([0; 8]), "delivered past the data registers");
    chip.write(CR, BYTES | KEY_256 | APPLICATION);
    assert_ne!(chip.read(SAES + 4) & 1 << 7, 0);
    chip.write(CR, 0);
    chip.write(CR, BYTES | APPLICATION);
    assert_eq!(chip.read(SAES + 4) & 1 << 7, 0, "another size than stored");
    assert_eq!(chip.read(OPTISR), KTEF);
}

#[test]
fn without_the_random_generators_clock_saes_reports_it() {
    let mut chip = Chip::new();
    chip.set(RCC + 0x158, 1 << 4);
    chip.write(CR, BYTES | DEVICE | KEY_256 | 1);
    assert_ne!(chip.read(SAES + 0x304) & 1 << 3, 0);
    for _ in 0..4 {
        chip.write(SAES + 0x08, 0);
    }
    assert_eq!(chip.read(SAES + 0x304) & 1, 0);
}
