//! Programming, erasing, option bytes, as ST's HAL does them.

use chip::memory_map::{OTP, USER_FLASH};
use chip::option_bytes as ob;
use chip::registers::FLASH;

use super::Chip;
use crate::bus::Width;
use crate::fault::PowerCut;

const KEYR: u32 = FLASH + 0x04;
const CR: u32 = FLASH + 0x10;
const SR: u32 = FLASH + 0x14;
const ISR: u32 = FLASH + 0x24;
const ICR: u32 = FLASH + 0x28;
const OPTCR: u32 = FLASH + 0x104;
const QW: u32 = 1 << 2;
const EOP: u32 = 1 << 16;
const WRPERR: u32 = 1 << 17;
const PGSERR: u32 = 1 << 18;
const INCERR: u32 = 1 << 21;
const START: u32 = USER_FLASH.start;

pub(super) fn unlock(chip: &mut Chip) {
    chip.write(KEYR, 0x4567_0123);
    chip.write(KEYR, 0xCDEF_89AB);
}

pub(super) fn unlock_options(chip: &mut Chip) {
    chip.write(FLASH + 0x100, 0x0819_2A3B);
    chip.write(FLASH + 0x100, 0x4C5D_6E7F);
    chip.write(OPTCR, 1 << 1);
}

pub(super) fn program(chip: &mut Chip, address: u32, data: [u8; 16]) {
    chip.write(CR, 1 << 1);
    for (offset, pair) in (0u32..).step_by(2).zip(data.chunks_exact(2)) {
        chip.store(address + offset, Width::Half, u32::from(pair[0]) | u32::from(pair[1]) << 8);
    }
}

fn erase(chip: &mut Chip, sector: u32) {
    chip.write(CR, 1 << 2 | sector << 6 | 1 << 5);
}

#[test]
fn eight_halfwords_program_a_flash_word_and_an_erase_takes_it_back() {
    let mut chip = Chip::new();
    unlock(&mut chip);
    let data = *b"a flash word....";
    program(&mut chip, START + 0x2010, data);
    assert_eq!(chip.memory(START + 0x2010, 16), data);
    assert_eq!(chip.read(ISR), EOP);
    chip.write(ICR, EOP);
    assert_eq!(chip.read(ISR), 0);
    erase(&mut chip, 1);
    assert_eq!(chip.memory(START + 0x2000, 0x2000), [0xFF; 0x2000]);
}

#[test]
fn nothing_is_written_while_the_controller_is_locked() {
    let mut chip = Chip::new();
    chip.write(CR, 1 << 1);
    assert_eq!(chip.read(CR), 1);
    chip.store(START, Width::Word, 0);
    assert_eq!(chip.read(ISR), PGSERR);
    assert_eq!(chip.memory(START, 4), [0xFF; 4]);
}

#[test]
fn a_wrong_key_faults_and_shuts_the_controller_until_reset() {
    let mut chip = Chip::new();
    chip.write(KEYR, 0x4567_0123);
    assert!(chip.try_write(KEYR, Width::Word, 0xCDEF_89AC).is_err());
    assert!(chip.try_write(KEYR, Width::Word, 0x4567_0123).is_err());
    assert_eq!(chip.read(CR) & 1, 1);
    chip.reset();
    unlock(&mut chip);
    assert_eq!(chip.read(CR) & 1, 0);
}

#[test]
fn a_programmed_word_takes_no_second_program_not_even_of_ones() {
    let mut chip = Chip::new();
    unlock(&mut chip);
    program(&mut chip, START, [0xFF; 16]);
    chip.write(ICR, EOP);
    program(&mut chip, START, [0; 16]);
    assert_eq!(chip.read(ISR), PGSERR);
    assert_eq!(chip.memory(START, 16), [0xFF; 16]);
}

#[test]
fn force_write_pads_with_ones_and_freezes_the_word() {
    let mut chip = Chip::new();
    unlock(&mut chip);
    chip.write(CR, 1 << 1);
    chip.store(START + 4, Width::Word, 0x1122_3344);
    assert_eq!(chip.read(SR), 1 << 1, "the buffer waits for the rest");
    chip.write(CR, 1 << 1 | 1 << 4);
    assert_eq!(chip.memory(START, 9), [0xFF, 0xFF, 0xFF, 0xFF, 0x44, 0x33, 0x22, 0x11, 0xFF]);
    program(&mut chip, START, [0; 16]);
    assert_ne!(chip.read(ISR) & PGSERR, 0);
}

#[test]
fn a_word_begun_before_the_last_was_full_is_an_inconsistency() {
    let mut chip = Chip::new();
    unlock(&mut chip);
    chip.write(CR, 1 << 1);
    chip.store(START, Width::Word, 0);
    chip.store(START + 16, Width::Word, 0);
    assert_eq!(chip.read(ISR), INCERR);
    assert_eq!(chip.memory(START, 32), [0xFF; 32]);
}

#[test]
fn a_protected_sector_is_neither_programmed_nor_erased() {
    let mut chip = Chip::new();
    unlock(&mut chip);
    unlock_options(&mut chip);
    chip.write(FLASH + ob::WRPSRP, 0xF8);
    assert_eq!(chip.read(FLASH + ob::WRPSR), 0xF8);
    program(&mut chip, START + 0x4000, [0; 16]);
    assert_ne!(chip.read(ISR) & WRPERR, 0);
    chip.write(ICR, WRPERR);
    erase(&mut chip, 2);
    assert_ne!(chip.read(ISR) & WRPERR, 0);
    chip.write(ICR, WRPERR);
    chip.write(CR, 1 << 3 | 1 << 5);
    assert_ne!(chip.read(ISR) & WRPERR, 0, "a bank erase with one protected sector");
    program(&mut chip, START + 0x6000, [5; 16]);
    assert_eq!(chip.memory(START + 0x6000, 16), [5; 16]);
}

#[test]
fn an_erase_keeps_the_controller_busy_for_its_time() {
    let mut chip = Chip::timed();
    unlock(&mut chip);
    program(&mut chip, START, [1; 16]);
    chip.pass();
    erase(&mut chip, 0);
    assert_ne!(chip.read(SR) & QW, 0);
    chip.now = chip.units.deadline().unwrap() - 1;
    assert_ne!(chip.read(SR) & QW, 0);
    assert_eq!(chip.memory(START, 1), [1]);
    chip.pass();
    assert_eq!(chip.read(SR) & QW, 0);
    assert_eq!(chip.memory(START, 1), [0xFF]);
}

#[test]
fn the_one_time_area_clears_bits_until_its_block_is_locked() {
    let mut chip = Chip::new();
    unlock(&mut chip);
    chip.write(CR, 1 << 16);
    chip.store(OTP.start + 64, Width::Half, 0x1234);
    assert_eq!(chip.memory(OTP.start + 64, 2), [0x34, 0x12]);
    unlock_options(&mut chip);
    chip.write(FLASH + ob::OTPLSRP, 1 << 1);
    chip.store(OTP.start + 66, Width::Half, 0);
    assert_eq!(chip.memory(OTP.start + 66, 2), [0xFF; 2]);
    assert_ne!(chip.read(ISR) & WRPERR, 0);
    let chip = chip.power_cycle();
    assert_eq!(chip.memory(OTP.start + 64, 4), [0x34, 0x12, 0xFF, 0xFF]);
}

#[test]
fn a_write_while_programming_is_on_launches_an_option_change() {
    let mut chip = Chip::timed();
    chip.write(FLASH + ob::OBW2SRP, ob::obw2::ECC_ON_SRAM);
    assert_eq!(chip.units.deadline(), None, "the option registers are locked");
    unlock_options(&mut chip);
    chip.write(FLASH + ob::OBW2SRP, ob::obw2::ECC_ON_SRAM);
    assert_ne!(chip.read(SR) & QW, 0);
    assert_eq!(chip.read(FLASH + ob::OBW2SR), 0);
    chip.pass();
    assert_eq!(chip.read(FLASH + ob::OBW2SR), ob::obw2::ECC_ON_SRAM);
    chip.write(FLASH + ob::OBW2SRP, ob::obw2::ECC_ON_SRAM);
    assert_eq!(chip.read(SR) & QW, 0, "no change, nothing to program");
    let mut chip = chip.power_cycle();
    assert_eq!(chip.read(FLASH + ob::OBW2SR), ob::obw2::ECC_ON_SRAM);
}

#[test]
fn two_option_words_written_in_a_row_both_arrive() {
    let mut chip = Chip::timed();
    unlock_options(&mut chip);
    chip.write(FLASH + ob::WRPSRP, 0xF8);
    chip.write(FLASH + ob::OBW2SRP, ob::obw2::ECC_ON_SRAM);
    chip.pass();
    assert_eq!(chip.read(FLASH + ob::WRPSR), 0xF8);
    assert_eq!(chip.read(FLASH + ob::OBW2SR), ob::obw2::ECC_ON_SRAM);
}

#[test]
fn who_may_change_which_field_of_rotsr_depends_on_level_and_life_cycle() {
    // Level, closed, mask of what a write of all changed bits reaches.
    let table = [
        (0, false, 0xFF00_FFFF),
        (0, true, 0xFF00_FFFF),
        (1, false, 0xFF00_00FF),
        (1, true, 0xFF00_00FF),
        (2, false, 0xFF00_0000),
        (2, true, 0),
        (3, false, 0xFF00_0000),
        (3, true, 0),
    ];
    for (level, closed, reached) in table {
        let mut chip = Chip::new();
        unlock_options(&mut chip);
        if closed {
            chip.write(FLASH + ob::NVSRP, u32::from(ob::NVSTATE_CLOSE));
        }
        chip.raise(level);
        let before = chip.read(FLASH + ob::ROTSR);
        chip.write(FLASH + ob::ROTSRP, !before);
        assert_eq!(chip.read(FLASH + ob::ROTSR), before ^ reached, "level {level}, closed {closed}");
    }
}

#[test]
fn power_cut_in_a_program_leaves_half_a_word_and_before_it_none() {
    for (tears, left) in [(false, [0xFF; 16]), (true, *b"aaaaaaaa\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF")] {
        let mut chip = Chip::new();
        unlock(&mut chip);
        chip.units.arm_power_cut(PowerCut { after_writes: 1, tears });
        program(&mut chip, START, [b'x'; 16]);
        assert!(!chip.units.power_is_gone());
        program(&mut chip, START + 16, [b'a'; 16]);
        assert!(chip.units.power_is_gone());
        program(&mut chip, START + 32, [b'b'; 16]);
        let mut chip = chip.power_cycle();
        assert_eq!(chip.memory(START, 16), [b'x'; 16]);
        assert_eq!(chip.memory(START + 16, 16), left);
        assert_eq!(chip.memory(START + 32, 16), [0xFF; 16]);
        unlock(&mut chip);
        program(&mut chip, START + 16, [1; 16]);
        assert_eq!(chip.memory(START + 16, 16) == [1; 16], !tears, "a torn word needs an erase first");
    }
}

#[test]
fn a_loss_of_power_during_an_erase_is_seen_in_the_snapshot() {
    let mut chip = Chip::timed();
    unlock(&mut chip);
    program(&mut chip, START, [1; 16]);
    chip.pass();
    program(&mut chip, START + 0x1FF0, [2; 16]);
    chip.pass();
    erase(&mut chip, 0);
    let state = chip.units.nonvolatile(&chip.memory);
    assert_eq!((state.user_flash[0], state.user_flash[0x1FF0]), (0xFF, 2));
    chip.pass();
    let state = chip.units.nonvolatile(&chip.memory);
    assert_eq!((state.user_flash[0], state.user_flash[0x1FF0]), (0xFF, 0xFF));
}

#[test]
fn a_torn_option_change_leaves_the_old_words() {
    let mut chip = Chip::new();
    unlock_options(&mut chip);
    chip.units.arm_power_cut(PowerCut { after_writes: 0, tears: true });
    chip.write(FLASH + ob::NVSRP, u32::from(ob::NVSTATE_CLOSE));
    let mut chip = chip.power_cycle();
    assert_eq!(chip.read(FLASH + ob::NVSR), u32::from(ob::NVSTATE_OPEN));
}

#[test]
fn a_flipped_bit_stays_flipped_in_ram_flash_and_nor() {
    let mut chip = Chip::new();
    let revision = chip.units.revision();
    for address in [0x2400_0000, START + 9, 0x9000_0010] {
        chip.units.flip_bit(address, 3, &mut chip.memory).unwrap();
    }
    assert_ne!(chip.units.revision(), revision);
    assert!(chip.units.flip_bit(0x6000_0000, 0, &mut chip.memory).is_err());
    assert_eq!((chip.memory(0x2400_0000, 1)[0], chip.memory(START + 9, 1)[0]), (8, 0xF7));
    let mut cell = [0];
    chip.power_cycle().units.nor_cells(0x10, &mut cell);
    assert_eq!(cell, [0xF7]);
}
