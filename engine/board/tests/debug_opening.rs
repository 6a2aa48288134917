//! Debug opened by a credential, seen through access port 1 as a probe sees it: from which level it transfers, which
//! resets it outlives, and what never opens it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(unreachable_pub, dead_code, clippy::print_stderr)]

mod debug_rig;

use board::{ResetCause, Width};
use chip::mailbox::{command, status};
use chip::permissions::{DEBUG_HDPL1, DEBUG_HDPL2, DEBUG_HDPL3};
use chip::registers::SBS;
use chip::security::{SBS_DBGCR, SBS_DBGLOCKR, SBS_HDPLCR};
use chip::trace::{Event, Stage};
use chip::{memory_map, rsslib};
use debug_rig::boot_rom_rig::{Ended, Rig, factory, vectors};
use debug_rig::*;

const DHCSR: u32 = 0xE000_EDF0;
const LEVELS: [(u8, u128); 3] = [(1, DEBUG_HDPL1), (2, DEBUG_HDPL2), (3, DEBUG_HDPL3)];

/// A closed board with a credential accepted for what is asked, the session still open.
fn granted(permissions: u128) -> Host {
    let chain = Chain::new();
    let mut host = Host::new(closed(&chain.object()));
    host.connect();
    let root = chain.root_fields().issue(&chain.root);
    assert_eq!(host.authenticate(&[root], &chain.root, permissions), status::SUCCESS);
    host
}

/// Runs to the end in small steps: at each, the port transfers from the level on and not below.
#[track_caller]
fn opens_from(host: &mut Host, level: u8) {
    let mut seen = [false; 4];
    loop {
        let now = host.rig.board.peripherals.level();
        seen[usize::from(now)] = true;
        assert_eq!(host.port(DHCSR).is_ok(), now >= level, "granted from {level}, now at {now}");
        let before = host.rig.board.now();
        host.rig.run(500);
        if host.rig.board.now() == before {
            break;
        }
    }
    assert_eq!(seen[1..], [true; 3]);
}

#[track_caller]
fn stays_shut(host: &mut Host) {
    opens_from(host, 4);
}

#[test]
fn the_port_transfers_from_the_granted_level_on_and_never_below() {
    for (level, permission) in LEVELS {
        let mut host = granted(permission);
        assert!(host.port(DHCSR).is_err(), "nothing opens before the session ends");
        host.close();
        opens_from(&mut host, level);
        assert!(host.rig.said(Stage::Rss, Event::DebugGranted, level.into()));
    }
}

#[test]
fn the_lowest_of_several_levels_counts() {
    let mut host = granted(DEBUG_HDPL3 | DEBUG_HDPL2);
    host.close();
    opens_from(&mut host, 2);
}

#[test]
fn debug_that_was_granted_halts_the_core_and_reads_its_registers() {
    let mut host = granted(DEBUG_HDPL2);
    host.close();
    host.rig.run_until(|rig| rig.board.peripherals.level() == 2);
    host.rig.write(DHCSR, 0xA05F_0003);
    assert!(host.rig.board.is_halted());
    assert!(memory_map::USER_FLASH.contains(host.rig.board.register(board::CoreRegister::Pc)));
}

#[test]
fn without_the_hosts_wish_any_reset_ends_what_was_granted() {
    for cause in [ResetCause::Software, ResetCause::Pin, ResetCause::Watchdog, ResetCause::OptionByteLoad] {
        let mut host = granted(DEBUG_HDPL2);
        host.close();
        host.rig.settle();
        assert!(host.port(DHCSR).is_ok());
        host.rig.board.reset(cause);
        stays_shut(&mut host);
    }
}

#[test]
fn with_dcrt_it_outlives_every_reset_but_power_on() {
    for cause in [ResetCause::Software, ResetCause::Pin, ResetCause::Watchdog, ResetCause::OptionByteLoad] {
        let mut host = granted(DEBUG_HDPL2);
        host.keep_grant_over_resets();
        host.close();
        host.rig.settle();
        host.rig.board.reset(cause);
        opens_from(&mut host, 2);
    }
    let mut host = granted(DEBUG_HDPL2);
    host.keep_grant_over_resets();
    host.close();
    host.rig.settle();
    let mut host = Host::new(host.rig.board.snapshot());
    stays_shut(&mut host);
}

#[test]
fn dcrt_alone_opens_nothing() {
    let mut host = Host::new(closed(&Chain::new().object()));
    host.keep_grant_over_resets();
    host.rig.board.reset(ResetCause::Pin);
    stays_shut(&mut host);
}

#[test]
fn a_session_without_a_credential_changes_nothing_and_lock_debug_shuts() {
    let mut host = granted(DEBUG_HDPL1);
    host.keep_grant_over_resets();
    host.close();
    host.rig.settle();
    host.connect();
    assert_eq!(host.ask(command::DISCOVERY, &[]).0, status::SUCCESS);
    host.close();
    opens_from(&mut host, 1);
    host.connect();
    assert_eq!(host.ask(command::LOCK_DEBUG, &[]).0, status::SUCCESS);
    host.close();
    stays_shut(&mut host);
    host.rig.board.reset(ResetCause::Pin);
    stays_shut(&mut host);
}

#[test]
fn lock_debug_takes_back_what_the_same_session_was_granted() {
    let mut host = granted(DEBUG_HDPL1);
    assert_eq!(host.ask(command::LOCK_DEBUG, &[]).0, status::SUCCESS);
    host.close();
    stays_shut(&mut host);
}

#[test]
fn a_session_that_begins_anew_has_nothing_of_the_one_before() {
    let mut host = granted(DEBUG_HDPL1);
    host.greet();
    host.close();
    stays_shut(&mut host);
}

#[test]
fn a_new_credential_takes_the_place_of_an_earlier_one() {
    let chain = Chain::new();
    let root = chain.root_fields().issue(&chain.root);
    let mut host = granted(DEBUG_HDPL1);
    host.keep_grant_over_resets();
    host.close();
    host.rig.settle();
    host.connect();
    assert_eq!(host.authenticate(&[root], &chain.root, DEBUG_HDPL3), status::SUCCESS);
    host.close();
    opens_from(&mut host, 3);
}

#[test]
fn in_provisioning_an_accepted_credential_changes_nothing_but_the_answer() {
    let chain = Chain::new();
    let mut host = Host::new(provisioning(Some(&chain.object())));
    host.connect();
    let before = host.rig.read(SBS + SBS_DBGCR);
    assert_eq!(host.authenticate(&chain.whole(), &chain.leaf, DEBUG_HDPL2), status::SUCCESS);
    host.close();
    host.rig.settle();
    assert_eq!(host.rig.read(SBS + SBS_DBGCR), before);
    assert_eq!((host.port(DHCSR).is_ok(), host.rig.board.peripherals.level()), (true, 0));
    let revision = host.rig.board.peripherals.revision();
    host.connect();
    assert_eq!(host.authenticate(&chain.whole(), &chain.leaf, DEBUG_HDPL2), status::SUCCESS);
    assert_eq!(host.rig.board.peripherals.revision(), revision);
}

/// Whoever has the board in PROVISIONING sets everything up for debug to stay open, and closes.
#[test]
fn debug_of_an_open_life_cycle_does_not_outlive_closing() {
    let chain = Chain::new();
    let mut host = Host::new(provisioning(Some(&chain.object())));
    host.rig.halt();
    host.keep_grant_over_resets();
    host.rig.write(SBS + SBS_DBGLOCKR, 0xC3);
    let _gone = host.rig.call_once(rsslib::SET_PRODUCT_STATE, &[0x72]);
    host.rig.settle();
    assert!(host.rig.said(Stage::Rss, Event::State, 0x72), "{:?}", host.rig.heard);
    assert!(host.port(DHCSR).is_err());
    host.rig.board.reset(ResetCause::Software);
    stays_shut(&mut host);
}

#[test]
fn an_application_cannot_open_debug_itself() {
    let chain = Chain::new();
    let mut host = Host::new(closed(&chain.object()));
    host.rig.run_until(|rig| rig.board.peripherals.level() == 2);
    let now = host.rig.board.now();
    let board = &mut host.rig.board;
    board.peripherals.write(SBS + SBS_DBGCR, Width::Word, 0x0051_B4B4, &mut board.memory, now).unwrap();
    assert!(host.port(DHCSR).is_err());
}

/// The whole of STiRoT with what ST published: its passes reset the chip twice before the application runs.
#[test]
fn a_debugger_reaches_the_application_behind_the_passes_of_stirot() {
    let (Some(published), Some(mut host)) = (Published::read(), with_stirot()) else { return };
    host.connect();
    host.keep_grant_over_resets();
    assert_eq!(host.authenticate(&published.chain, &published.leaf, DEBUG_HDPL2), status::SUCCESS);
    host.close();
    host.rig.run_until(|rig| rig.heard(Stage::Stirot, Event::StartsApplication) && rig.board.peripherals.level() == 2);
    assert!(host.port(DHCSR).is_ok());
}

/// A debugger that waits for the level sees the core halt there, and nothing of what the ROM had in its RAM.
#[test]
fn who_halts_at_the_first_moment_of_a_level_finds_the_roms_stack_wiped() {
    let (Some(published), Some(mut host)) = (Published::read(), with_stirot()) else { return };
    for permission in [DEBUG_HDPL2, DEBUG_HDPL3] {
        host.connect();
        host.keep_grant_over_resets();
        assert_eq!(host.authenticate(&published.chain, &published.leaf, permission), status::SUCCESS);
        host.close();
        host.rig.run_until(|rig| rig.board.peripherals.debug_access().core_port_open);
        host.rig.write(DHCSR, 0xA05F_0001);
        host.rig.write(0xE000_EDFC, 1);
        host.rig.board.reset(ResetCause::Pin);
        host.rig.settle();
        assert!(host.rig.board.is_halted());
        let level = host.rig.board.peripherals.level();
        assert!(level >= 2);
        for address in (0x2000_8000..0x2000_FFC0).step_by(4) {
            assert_eq!(host.rig.read(address), 0, "level {level}, {address:#x}");
        }
        for register in 3..13 {
            let held = host.rig.board.register(board::CoreRegister::R(register));
            assert!(held < 0x100 || held == SBS + SBS_HDPLCR, "r{register} = {held:#x}");
        }
    }
}

/// A board closed with everything that ST published, an image in its download slot.
fn with_stirot() -> Option<Host> {
    let vectors = vectors()?;
    let mut rig = Rig::new(factory());
    rig.halt();
    assert_eq!(rig.call(rsslib::SET_PRODUCT_STATE, &[0x17]), Ended::Reset);
    for object in [&vectors.debug_authentication, &vectors.configuration, &vectors.data] {
        assert_eq!(rig.provision(object), Ended::Reset);
    }
    assert_eq!(rig.call(rsslib::SET_SEC_OB, &[0x5200_220C, 0xFF00_0000, 0xB4, 24]), Ended::Reset);
    assert_eq!(rig.call_once(rsslib::SET_PRODUCT_STATE, &[0x72]), Ended::Gone);
    let mut state = rig.board.snapshot();
    let loader = include_bytes!("../../../assets/firmware/iloader.bin");
    state.user_flash[..loader.len()].copy_from_slice(loader);
    let mut host = Host::new(state);
    host.rig.program_nor(0x2_0000, &vectors.image);
    Some(Host::new(host.rig.board.snapshot()))
}
