//! The life cycle: closed by anybody, opened again only at level 0 over wiped memory, and what the hardware does then.

use chip::memory_map::{AXI_SRAM2, DTCM, ITCM, USER_FLASH};
use chip::obk::{AREAS, INDEX_SIZE, INDEXES};
use chip::option_bytes as ob;
use chip::registers::FLASH;

use super::Chip;
use super::flash::{program, unlock, unlock_options};
use crate::fault::PowerCut;
use crate::nonvolatile::{KeyCell, NonVolatile, OptionWords};

const OPTISR: u32 = FLASH + 0x108;
const OPTICR: u32 = FLASH + 0x10C;
const OPTERRF: u32 = 1 << 30;

/// A closed chip whose owner changed and stored what he could.
fn used() -> NonVolatile {
    let mut state = NonVolatile::new(Some(7), b"rom").unwrap();
    state.options.nvsr = u32::from(ob::NVSTATE_CLOSE);
    state.options.rotsr = 0xB400_51B4;
    state.options.wrpsr = 0xF8;
    state.options.hdpsr = 0x0020_0010;
    state.options.otplsr = 0x8001;
    state.options.epochsr = 7;
    state.options.obw2sr = ob::obw2::ECC_ON_SRAM;
    *state.keys = [[Some(KeyCell { size: 3, data: [9; INDEX_SIZE], torn: false }); INDEXES]; AREAS];
    state
}

fn closed() -> Chip {
    let mut chip = Chip::with(used(), 0);
    unlock_options(&mut chip);
    chip
}

fn ask_for_open(chip: &mut Chip) {
    chip.write(FLASH + ob::NVSRP, u32::from(ob::NVSTATE_OPEN));
}

#[track_caller]
fn stays_closed(chip: &mut Chip, words: &str) {
    ask_for_open(chip);
    assert_eq!(chip.read(OPTISR), OPTERRF);
    assert!(chip.was_refused(words));
    let left = chip.units.nonvolatile(&chip.memory);
    assert_eq!(left.options.nvsr, u32::from(ob::NVSTATE_CLOSE));
    assert!(left.keys.iter().flatten().all(Option::is_some));
}

#[test]
fn an_open_chip_knows_one_other_code() {
    let mut chip = Chip::new();
    unlock_options(&mut chip);
    for asked in [0x00, 0xB5, 0xFF, u32::from(ob::NVSTATE_OPEN)] {
        chip.write(FLASH + ob::NVSRP, asked);
        assert_eq!(chip.read(OPTISR), OPTERRF, "{asked:#x}");
        chip.write(OPTICR, OPTERRF);
        assert_eq!(chip.read(FLASH + ob::NVSR), u32::from(ob::NVSTATE_OPEN));
    }
    chip.write(FLASH + ob::NVSRP, u32::from(ob::NVSTATE_CLOSE));
    assert_eq!(chip.read(FLASH + ob::NVSR), u32::from(ob::NVSTATE_CLOSE));
    assert_eq!(chip.read(OPTISR), 0);
}

#[test]
fn a_wiped_chip_opens_at_level_0_with_one_epoch_more_and_no_key() {
    let mut chip = closed();
    ask_for_open(&mut chip);
    assert_eq!(chip.read(OPTISR), 0);
    let left = chip.power_cycle();
    let left = left.units.nonvolatile(&left.memory);
    assert_eq!(left.options, OptionWords { epochsr: 8, otplsr: 0x8001, ..OptionWords::FACTORY });
    assert!(left.keys.iter().flatten().all(Option::is_none));
}

#[test]
fn above_level_0_nothing_opens_it() {
    for level in 1..=3 {
        let mut chip = closed();
        chip.raise(level);
        stays_closed(&mut chip, "outside of level 0");
    }
}

#[test]
fn one_byte_left_in_ram_keeps_it_closed_and_the_dtcm_is_not_looked_at() {
    for address in [ITCM.start, ITCM.last(), AXI_SRAM2.start + 0x1234, 0x3000_7FFF, 0x3880_0FFF] {
        let mut chip = closed();
        chip.memory.write(address, &[1]).unwrap();
        stays_closed(&mut chip, "still holds something");
    }
    let mut chip = closed();
    chip.memory.write(DTCM.start, &[1]).unwrap();
    ask_for_open(&mut chip);
    assert_eq!(chip.read(OPTISR), 0);
}

#[test]
fn one_flash_word_left_keeps_it_closed() {
    let mut state = used();
    state.options.wrpsr = 0xFF;
    let mut chip = Chip::with(state, 0);
    unlock(&mut chip);
    // Erased cells that were programmed count as well: nobody knows what they would read next.
    program(&mut chip, USER_FLASH.start + 0x2000, [0xFF; 16]);
    unlock_options(&mut chip);
    stays_closed(&mut chip, "still holds something");
}

#[test]
fn the_last_epoch_cannot_be_left() {
    let mut state = used();
    state.options.epochsr = 0x00FF_FFFF;
    let mut chip = Chip::with(state, 0);
    unlock_options(&mut chip);
    stays_closed(&mut chip, "no epoch left");
}

#[test]
fn a_loss_of_power_in_the_change_leaves_the_closed_chip_with_its_keys() {
    for tears in [false, true] {
        let mut chip = closed();
        chip.units.arm_power_cut(PowerCut { after_writes: 0, tears });
        ask_for_open(&mut chip);
        let chip = chip.power_cycle();
        let left = chip.units.nonvolatile(&chip.memory);
        assert_eq!(left.options, used().options);
        assert!(left.keys.iter().flatten().all(Option::is_some));
    }
}

#[test]
fn ram_that_was_hidden_holds_nothing_in_the_layout_of_the_open_chip() {
    let mut chip = closed();
    // SRAM4 holds the ECC: not to be reached, and not looked at.
    chip.memory.apply_option_bytes(0);
    chip.memory.write(0x2406_0000, &[1]).unwrap();
    chip.memory.apply_option_bytes(ob::obw2::ECC_ON_SRAM);
    ask_for_open(&mut chip);
    chip.reset();
    assert_eq!(chip.memory(0x2406_0000, 1), [0]);
}
