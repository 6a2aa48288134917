//! Levels, debug access, the loader's word, the mailbox: what survives which reset.

use chip::mailbox::{DBG_AUTH_ACK, DBG_AUTH_DEV, DBG_AUTH_HOST, DEV_ACK, HOST_ACK};
use chip::option_bytes::{OBW1SR, OBW1SRP, ROTSRP, obw1};
use chip::registers::{DBGMCU, DBGMCU_CR, DBGMCU_CR_DCRT, FLASH, SBS};
use chip::security::{HDPL_CODES, SBS_DBGCR, SBS_DBGLOCKR, SBS_HDPLSR, SBS_RSSCMDR};
use chip::trace::{Event, Stage, TraceWord};

use super::Chip;
use crate::peripherals::{DebugAccess, ResetCause};
use crate::trace::TraceKind;

const OPEN: DebugAccess = DebugAccess { core_port_open: true, debug_open: true };
const SHUT: DebugAccess = DebugAccess { core_port_open: false, debug_open: false };

#[test]
fn the_level_rises_to_three_and_falls_by_reset_alone() {
    let mut chip = Chip::new();
    for code in HDPL_CODES {
        assert_eq!(chip.read(SBS + SBS_HDPLSR), u32::from(code));
        chip.write(SBS + 0x10, 0x6A);
    }
    assert_eq!(chip.read(SBS + SBS_HDPLSR), u32::from(HDPL_CODES[3]));
    chip.write(SBS + SBS_HDPLSR, 0xB4);
    assert_eq!(chip.units.level(), 3);
    chip.reset();
    assert_eq!(chip.units.level(), 0);
    chip.write(SBS + 0x10, 0x6B);
    assert_eq!(chip.units.level(), 0, "any other value");
}

#[test]
fn debug_opens_from_the_level_named_and_shuts_at_reset() {
    let mut chip = Chip::new();
    assert_eq!(chip.units.debug_access(), SHUT);
    chip.write(SBS + SBS_DBGCR, 0x008A_B4B4);
    assert_eq!(chip.units.debug_access(), SHUT, "the port, too: through it the levels below could be read");
    chip.raise(1);
    assert_eq!(chip.units.debug_access(), SHUT);
    chip.raise(2);
    assert_eq!(chip.units.debug_access(), OPEN);
    chip.reset();
    assert_eq!(chip.units.debug_access(), SHUT);
}

#[test]
fn a_locked_debug_register_keeps_its_value_until_reset() {
    let mut chip = Chip::new();
    assert_eq!(chip.read(SBS + SBS_DBGLOCKR), 0xB4);
    chip.write(SBS + SBS_DBGLOCKR, 0xC3);
    assert_eq!(chip.read(SBS + SBS_DBGLOCKR), 0x6A);
    chip.write(SBS + SBS_DBGLOCKR, 0xB4);
    chip.write(SBS + SBS_DBGCR, 0x00B4_B4B4);
    assert_eq!(chip.units.debug_access(), SHUT);
    chip.reset();
    chip.write(SBS + SBS_DBGCR, 0x00B4_B4B4);
    assert_eq!(chip.units.debug_access(), OPEN);
}

/// What a ROM does to a closed chip whose host was granted debug from level 2.
fn granted(chip: &mut Chip) {
    chip.write(SBS + SBS_DBGCR, 0x008A_B4B4);
    chip.write(SBS + SBS_DBGLOCKR, 0xC3);
}

const RESETS: [ResetCause; 4] =
    [ResetCause::Pin, ResetCause::Software, ResetCause::Watchdog, ResetCause::OptionByteLoad];

#[test]
fn a_grant_outlives_resets_where_the_host_set_dcrt_and_never_power() {
    for cause in RESETS {
        let mut chip = Chip::new();
        granted(&mut chip);
        chip.units.dbgmcu_write_host(DBGMCU_CR, DBGMCU_CR_DCRT);
        chip.units.reset(cause, &mut chip.memory, 0);
        assert_eq!(chip.units.debug_access(), SHUT, "the level fell");
        chip.raise(2);
        assert_eq!(chip.units.debug_access(), OPEN);
        chip.units.dbgmcu_write_host(DBGMCU_CR, 0);
        chip.units.reset(cause, &mut chip.memory, 0);
        chip.raise(2);
        assert_eq!(chip.units.debug_access(), SHUT);
    }
    let mut chip = Chip::new();
    granted(&mut chip);
    chip.units.dbgmcu_write_host(DBGMCU_CR, DBGMCU_CR_DCRT);
    chip.units.reset(ResetCause::PowerOn, &mut chip.memory, 0);
    chip.raise(2);
    assert_eq!(chip.units.debug_access(), SHUT);
}

#[test]
fn a_grant_that_nobody_locked_or_of_another_life_cycle_ends_with_the_reset() {
    let mut chip = Chip::new();
    chip.write(SBS + SBS_DBGCR, 0x008A_B4B4);
    chip.units.dbgmcu_write_host(DBGMCU_CR, DBGMCU_CR_DCRT);
    chip.reset();
    chip.raise(2);
    assert_eq!(chip.units.debug_access(), SHUT);

    let mut chip = Chip::new();
    granted(&mut chip);
    chip.units.dbgmcu_write_host(DBGMCU_CR, DBGMCU_CR_DCRT);
    super::flash::unlock_options(&mut chip);
    chip.write(FLASH + ROTSRP, 0x6A00_51B4);
    chip.reset();
    chip.raise(2);
    assert_eq!(chip.units.debug_access(), SHUT);
}

#[test]
fn the_lock_itself_ends_with_every_reset() {
    let mut chip = Chip::new();
    granted(&mut chip);
    chip.units.dbgmcu_write_host(DBGMCU_CR, DBGMCU_CR_DCRT);
    chip.reset();
    chip.write(SBS + SBS_DBGCR, 0);
    chip.raise(2);
    assert_eq!(chip.units.debug_access(), SHUT);
}

#[test]
fn the_loaders_word_survives_resets_and_not_power() {
    let mut chip = Chip::new();
    chip.write(SBS + SBS_RSSCMDR, 0xD242);
    chip.reset();
    chip.units.reset(ResetCause::Pin, &mut chip.memory, 0);
    assert_eq!(chip.read(SBS + SBS_RSSCMDR), 0xD242);
    assert_eq!(chip.power_cycle().read(SBS + SBS_RSSCMDR), 0);
}

#[test]
fn a_mailbox_word_waits_until_the_other_side_reads_it() {
    let mut chip = Chip::new();
    let (host, device, ack) = (DBGMCU + DBG_AUTH_HOST, DBGMCU + DBG_AUTH_DEV, DBGMCU + DBG_AUTH_ACK);
    chip.units.dbgmcu_write_host(DBG_AUTH_HOST, 0x5354_4441);
    assert!(chip.units.take_event(), "a word from the host is an event");
    assert_eq!(chip.units.dbgmcu_read_host(DBG_AUTH_HOST), 0x5354_4441);
    assert_eq!(chip.read(ack), HOST_ACK);
    chip.units.reset(ResetCause::Pin, &mut chip.memory, 0);
    assert_eq!(chip.read(host), 0x5354_4441);
    assert_eq!(chip.read(ack), 0);
    chip.write(device, 42);
    assert_eq!(chip.read(device), 42);
    assert_eq!(chip.units.dbgmcu_read_host(DBG_AUTH_ACK), DEV_ACK);
    assert_eq!(chip.units.dbgmcu_read_host(DBG_AUTH_DEV), 42);
    assert_eq!(chip.units.dbgmcu_read_host(DBG_AUTH_ACK), 0);
    chip.write(host, 1);
    assert_eq!(chip.read(host), 0x5354_4441, "the chip can't write the host's word");
    assert_eq!(chip.power_cycle().read(host), 0);
}

#[test]
fn the_chip_identifies_itself_on_both_sides() {
    let mut chip = Chip::new();
    assert_eq!(chip.read(DBGMCU), 0x1003_6485);
    assert_eq!(chip.units.dbgmcu_read_host(0), 0x1003_6485);
    assert_eq!(chip.read(DBGMCU + 0xFC), 0x0001_0003);
    chip.write(SBS + SBS_DBGCR, 0x00B4_B4B4);
    assert_eq!(chip.read(DBGMCU + 0xFC), 0x0003_0003);
}

#[test]
fn words_of_the_firmware_are_told_from_others() {
    let mut chip = Chip::new();
    let word = TraceWord { stage: Stage::Rss, event: Event::State, detail: 0x39 };
    let cursor = chip.units.trace.cursor();
    chip.units.stimulus(30, word.encode(), 5);
    chip.units.stimulus(0, word.encode(), 6);
    let kinds = chip.units.trace.since(cursor).map(|entry| (entry.at, entry.kind.clone())).collect::<Vec<_>>();
    assert_eq!(kinds, [(5, TraceKind::Word(word)), (6, TraceKind::Stimulus { port: 0, value: word.encode() })]);
}

#[test]
fn compensation_is_ready_where_it_is_enabled() {
    let mut chip = Chip::new();
    chip.write(SBS + 0x110, 1 << 4);
    assert_eq!(chip.read(SBS + 0x110), 1 << 4 | 1 << 10);
}

#[test]
fn the_io_speed_bit_needs_its_option_byte() {
    let mut chip = Chip::new();
    chip.write(SBS + 0x110, 3 << 17);
    assert_eq!(chip.read(SBS + 0x110), 0);
    super::flash::unlock_options(&mut chip);
    let obw1 = chip.read(FLASH + OBW1SR);
    chip.write(FLASH + OBW1SRP, obw1 | obw1::XSPI2_HSLV);
    chip.write(SBS + 0x110, 3 << 17);
    assert_eq!(chip.read(SBS + 0x110), 1 << 18);
}
