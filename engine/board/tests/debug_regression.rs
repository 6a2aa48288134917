//! Full regression on the virtual board: what it wipes, what it leaves, that a loss of power in the middle of it never
//! loses the board, and that no single skipped instruction gets one for nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(unreachable_pub, dead_code, clippy::print_stderr)]

mod debug_rig;

use std::collections::HashMap;

use board::{CoreRegister, NonVolatile, OptionWords, PowerCut, Width};
use chip::mailbox::{command, status, tag};
use chip::memory_map::{AHB_SRAM1, AXI_SRAM1, AXI_SRAM2, AXI_SRAM3, BACKUP_SRAM, DTCM, ITCM, SYSTEM_FLASH};
use chip::option_bytes::{obw1, obw2};
use chip::permissions::{DEBUG_HDPL1, FULL_REGRESSION};
use chip::rsslib;
use chip::trace::{Event, RegressionStep, Stage};
use debug_rig::boot_rom_rig::Ended;
use debug_rig::*;

const PASSWORD: &[u8] = b"0123456789012345";

/// A session in which the password was sent and not answered yet.
fn password_sent(state: NonVolatile, password: &[u8]) -> Host {
    let mut host = Host::new(state);
    host.connect();
    host.challenge();
    host.request(command::AUTH_RESPONSE, &tagged(tag::PASSWORD_OR_INTEGRITY, password));
    host
}

/// Regresses with the password, and lets the board boot.
fn regressed(state: NonVolatile) -> Host {
    let mut host = password_sent(state, PASSWORD);
    assert_eq!(host.answer(), Some((status::SUCCESS, Vec::new())));
    host.rig.settle();
    host
}

fn is_open(state: &NonVolatile) -> bool {
    state.options.nvsr == 0xB4
}

#[test]
fn a_chain_and_a_token_bring_a_closed_board_back_to_open() {
    let chain = Chain::new();
    let mut host = Host::new(closed(&chain.object()));
    host.connect();
    let start = host.rig.board.now();
    assert_eq!(host.authenticate(&chain.whole(), &chain.leaf, FULL_REGRESSION), status::SUCCESS);
    let accepted = host.rig.board.now();
    host.rig.settle();
    eprintln!(
        "authentication: {} instructions; regression and boot: {}",
        accepted - start,
        host.rig.board.now() - accepted
    );
    assert!(host.rig.said(Stage::Rss, Event::RegressionStep, RegressionStep::Open as u16));
    assert!(host.rig.said(Stage::Rss, Event::State, 0x39));
    let access = host.rig.board.peripherals.debug_access();
    assert!(access.core_port_open && access.debug_open);
    assert!(is_open(&host.rig.board.snapshot()));
}

#[test]
fn regression_asked_for_together_with_debug_is_a_regression() {
    let chain = Chain::new();
    let mut host = Host::new(closed(&chain.object()));
    host.connect();
    let root = chain.root_fields().issue(&chain.root);
    assert_eq!(host.authenticate(&[root], &chain.root, FULL_REGRESSION | DEBUG_HDPL1), status::SUCCESS);
    host.rig.settle();
    assert!(is_open(&host.rig.board.snapshot()));
}

#[test]
fn the_owners_things_go_and_the_nor_and_otp_stay() {
    let mut state = closed(&password_object(PASSWORD));
    state.otp[3] = 0x5A;
    state.options.otplsr = 1;
    state.options.wrpsr = 0xF8;
    state.options.obw1sr |= obw1::XSPI1_HSLV;
    let mut host = Host::new(state);
    host.rig.program_nor(0x1234, b"still there");
    host.rig.settle();
    let places: Vec<u32> = [ITCM, DTCM, AXI_SRAM1, AXI_SRAM2, AXI_SRAM3, AHB_SRAM1, BACKUP_SRAM]
        .into_iter()
        .flat_map(|region| [region.start + 0x100, region.last() - 0xFF])
        .collect();
    for address in &places {
        host.rig.board.memory.write(*address, b"secret").unwrap();
    }
    host.connect();
    host.challenge();
    assert_eq!(host.present(tag::PASSWORD_OR_INTEGRITY, PASSWORD), status::SUCCESS);
    host.rig.settle();

    for address in &places {
        let mut found = [1; 6];
        host.rig.board.memory.read(*address, &mut found).unwrap();
        assert_eq!(found, [0; 6], "{address:#x}");
    }
    assert_eq!(host.rig.nor(0x1234, 11), b"still there");
    let state = host.rig.board.snapshot();
    assert!(state.user_flash.iter().all(|byte| *byte == 0xFF));
    assert!(state.programmed.iter().all(|bits| *bits == 0));
    assert!(state.keys.iter().flatten().all(Option::is_none));
    assert_eq!(state.otp[3], 0x5A);
    assert_eq!(state.options, OptionWords { epochsr: 1, otplsr: 1, ..OptionWords::FACTORY });
}

#[test]
fn ram_that_the_layout_hid_comes_back_empty() {
    let mut state = closed(&password_object(PASSWORD));
    let mut host = Host::new(state.clone());
    host.rig.board.memory.write(0x2406_0000, b"secret").unwrap();
    // The layouts that ECC and the largest shares give.
    state.options.obw2sr = obw2::ECC_ON_SRAM | 2 | 2 << obw2::DTCM_AXI_SHARE_SHIFT;
    let mut host = Host::new(state);
    host.rig.settle();
    host.rig.board.memory.write(ITCM.start + 0x2_0000, b"secret").unwrap();
    host.rig.board.memory.write(DTCM.start + 0x2_0000, b"secret").unwrap();
    host.connect();
    host.challenge();
    assert_eq!(host.present(tag::PASSWORD_OR_INTEGRITY, PASSWORD), status::SUCCESS);
    host.rig.settle();
    assert!(is_open(&host.rig.board.snapshot()), "{:?}", host.rig.heard);
    for address in (0x2400_0000..0x2407_2000).step_by(0x1000) {
        assert_eq!(host.rig.read(address), 0, "{address:#x}");
    }
}

#[test]
fn a_regressed_board_can_be_provisioned_and_closed_and_regressed_again() {
    let mut host = regressed(closed(&password_object(PASSWORD)));
    assert_eq!(host.rig.call(rsslib::SET_PRODUCT_STATE, &[0x17]), Ended::Reset);
    assert_eq!(host.rig.provision(&password_object(b"another one")), Ended::Reset);
    assert_eq!(host.rig.call_once(rsslib::SET_PRODUCT_STATE, &[0x72]), Ended::Gone);
    let closed = host.rig.board.snapshot();
    let mut host = password_sent(closed.clone(), PASSWORD);
    assert_eq!(host.answer(), Some((status::UNAUTHORIZED, Vec::new())));
    let mut host = password_sent(closed, b"another one");
    assert_eq!(host.answer(), Some((status::SUCCESS, Vec::new())));
    host.rig.settle();
    assert_eq!(host.rig.board.snapshot().options.epochsr, 2);
}

#[test]
fn a_board_that_is_still_being_provisioned_regresses_too() {
    let mut host = regressed(provisioning(Some(&password_object(PASSWORD))));
    assert!(is_open(&host.rig.board.snapshot()));
    assert_eq!(host.rig.call(rsslib::GET_PRODUCT_STATE, &[]), Ended::Returned(0x39));
}

#[test]
fn whether_the_answer_is_read_changes_nothing() {
    let mut host = password_sent(closed(&password_object(PASSWORD)), PASSWORD);
    host.rig.settle();
    assert!(is_open(&host.rig.board.snapshot()));
}

#[test]
fn a_hardware_watchdog_does_not_bite_in_the_middle() {
    let chain = Chain::new();
    let mut state = closed(&chain.object());
    state.options.obw1sr &= !obw1::IWDG_HW;
    let mut host = Host::new(state);
    host.connect();
    assert_eq!(host.authenticate(&chain.whole(), &chain.leaf, FULL_REGRESSION), status::SUCCESS);
    host.rig.settle();
    assert!(is_open(&host.rig.board.snapshot()));
}

#[test]
fn power_may_go_at_any_write_of_a_regression() {
    let closed = closed(&password_object(PASSWORD));
    let mut start = closed.clone();
    start.options.wrpsr = 0xF0;
    let host = regressed(start.clone());
    let writes = host.rig.board.peripherals.nonvolatile_writes();
    assert_eq!(writes, 3, "write protection, erase, state");
    for after_writes in 0..writes {
        for tears in [false, true] {
            let mut host = Host::new(start.clone());
            host.rig.board.peripherals.arm_power_cut(PowerCut { after_writes, tears });
            host.connect();
            host.challenge();
            assert_eq!(host.present(tag::PASSWORD_OR_INTEGRITY, PASSWORD), status::SUCCESS);
            host.rig.run_until(|rig| rig.board.peripherals.power_is_gone());
            let left = host.rig.board.snapshot();
            assert!(!is_open(&left));
            assert_eq!(left.options.epochsr, 0);
            let host = regressed(left);
            let state = host.rig.board.snapshot();
            assert!(is_open(&state), "cut after {after_writes}, torn {tears}");
            assert_eq!(state.options, OptionWords { epochsr: 1, ..OptionWords::FACTORY });
            assert!(state.user_flash.iter().all(|byte| *byte == 0xFF));
        }
    }
}

#[test]
fn a_reset_in_the_middle_of_a_regression_leaves_a_board_that_regresses() {
    let start = closed(&password_object(PASSWORD));
    for delay in [200, 2_000, 20_000, 60_000, 90_000] {
        let mut host = password_sent(start.clone(), PASSWORD);
        assert_eq!(host.answer(), Some((status::SUCCESS, Vec::new())));
        host.rig.run(delay);
        host.rig.board.reset(board::ResetCause::Pin);
        host.rig.settle();
        let left = host.rig.board.snapshot();
        let state = if is_open(&left) { left } else { regressed(left).rig.board.snapshot() };
        assert!(is_open(&state), "reset {delay} instructions into it");
    }
}

/// Everything that a wrong password makes the ROM execute, and the session's end after it: each instruction, the first
/// time it comes, left out once. Neither a regression nor an answer that says yes, nor an open port may come of it.
#[test]
fn one_skipped_instruction_does_not_turn_a_wrong_password_into_a_right_one() {
    let start = closed(&password_object(PASSWORD));
    let run = || password_sent(start.clone(), b"0123456789012346");
    let moments = first_moments(&mut run());
    let part = part(moments.len().div_ceil(400));
    for moment in moments.into_iter().step_by(part) {
        let mut host = run();
        let place = skip_at(&mut host, moment);
        expect_no(&mut host, &place);
    }
}

/// The same around the refusal of a token that another key signed, where only the last steps are the ROM's own.
#[test]
fn one_skipped_instruction_does_not_turn_a_forged_token_into_a_good_one() {
    let chain = Chain::new();
    let start = closed(&chain.object());
    let root = chain.root_fields().issue(&chain.root);
    let run = || {
        let mut host = Host::new(start.clone());
        host.connect();
        let challenge = host.challenge();
        assert_eq!(host.present(tag::CERTIFICATE, &root), status::NEED_MORE_DATA);
        let forged = token(&challenge, FULL_REGRESSION, &Key::new(66));
        host.request(command::AUTH_RESPONSE, &tagged(tag::TOKEN, &forged));
        host
    };
    let mut host = run();
    let sent = host.rig.board.now();
    host.rig.run_until(|rig| rig.heard(Stage::Rss, Event::CredentialRefused));
    let said = host.rig.moment(Stage::Rss, Event::CredentialRefused);
    assert!(said - sent > 1_000_000);
    for moment in (said - 240..said + 60).step_by(part(12)) {
        let mut host = run();
        let place = skip_at(&mut host, moment);
        expect_no(&mut host, &place);
    }
}

/// The end of a session without a grant: the instructions that decide whether debug opens.
#[test]
fn one_skipped_instruction_does_not_open_debug_that_nobody_was_granted() {
    let start = closed(&password_object(PASSWORD));
    let run = || {
        let mut host = Host::new(start.clone());
        host.connect();
        host.request(command::CLOSE_SESSION, &[]);
        host
    };
    let moments = first_moments(&mut run());
    let part = part(moments.len().div_ceil(400));
    for moment in moments.into_iter().step_by(part) {
        let mut host = run();
        let place = skip_at(&mut host, moment);
        expect_no_port(&mut host, &place);
    }
}

/// Each so many-th moment is tried: as the test says, or as `STIROT_SKIP_PART` does (1 for all of them).
fn part(by_default: usize) -> usize {
    std::env::var("STIROT_SKIP_PART").map_or(by_default, |part| part.parse().unwrap())
}

/// The first moment of each of the ROM's instructions, from now until the board has answered and booted.
fn first_moments(host: &mut Host) -> Vec<u64> {
    let mut seen = HashMap::new();
    let end = host.rig.board.now() + 150_000;
    while host.rig.board.now() < end && host.rig.board.peripherals.level() < 2 {
        let address = host.rig.board.register(CoreRegister::Pc);
        if SYSTEM_FLASH.contains(address) {
            seen.entry(address).or_insert(host.rig.board.now());
        }
        take_word(host);
        let before = host.rig.board.now();
        host.rig.run(1);
        if host.rig.board.now() == before {
            break;
        }
    }
    let mut moments: Vec<u64> = seen.into_values().collect();
    moments.sort_unstable();
    moments
}

/// Runs to the moment and leaves out what comes then; where that is.
fn skip_at(host: &mut Host, moment: u64) -> String {
    while host.rig.board.now() < moment {
        take_word(host);
        let left = (moment - host.rig.board.now()).min(100);
        host.rig.run(left);
    }
    let place = format!("skipped {:#x} at {moment}", host.rig.board.register(CoreRegister::Pc));
    host.rig.skip();
    place
}

/// Lets the board go on, taking what it says; a yes among it, or what a yes would do, fails.
fn expect_no(host: &mut Host, place: &str) {
    // A branch that was left out may lead into another answer, to a challenge that nobody asked for: it has data.
    if word_within(host, 60_000_000) == Some(u32::from(status::SUCCESS) << 16) {
        assert_ne!(word_within(host, 1_000_000), Some(0), "{place}");
    }
    host.rig.run(200_000);
    assert!(!host.rig.heard(Stage::Rss, Event::CredentialAccepted), "{place}");
    assert!(!is_open(&host.rig.board.snapshot()), "{place}");
    assert_eq!(host.rig.board.snapshot().user_flash[0..4], CLIMBER[0].to_le_bytes(), "{place}");
    expect_no_port(host, place);
}

fn expect_no_port(host: &mut Host, place: &str) {
    for _ in 0..20 {
        assert!(!host.rig.board.peripherals.debug_access().core_port_open, "{place}");
        host.rig.run(10_000);
    }
    // And no later stage, where one runs, can open it.
    if !SYSTEM_FLASH.contains(host.rig.board.register(CoreRegister::Pc)) {
        let now = host.rig.board.now();
        let board = &mut host.rig.board;
        board.peripherals.write(0x5800_0420, Width::Word, 0x0051_B4B4, &mut board.memory, now).unwrap();
        assert!(!board.peripherals.debug_access().core_port_open, "{place}");
    }
}

/// The word that waits for the host, if one does.
fn take_word(host: &mut Host) -> Option<u32> {
    use chip::mailbox::{DBG_AUTH_ACK, DBG_AUTH_DEV, DEV_ACK};
    let waits = host.rig.board.peripherals.dbgmcu_read_host(DBG_AUTH_ACK) & DEV_ACK != 0;
    waits.then(|| host.rig.board.peripherals.dbgmcu_read_host(DBG_AUTH_DEV))
}

fn word_within(host: &mut Host, instructions: u64) -> Option<u32> {
    let end = host.rig.board.now() + instructions;
    while host.rig.board.now() < end {
        if let Some(word) = take_word(host) {
            return Some(word);
        }
        let before = host.rig.board.now();
        host.rig.run(1_000);
        if host.rig.board.now() == before {
            return None;
        }
    }
    None
}

#[test]
fn the_published_chain_regresses_the_published_object() {
    let Some(published) = Published::read() else { return };
    let mut host = Host::new(closed(&published.object));
    host.connect();
    assert_eq!(host.authenticate(&published.chain, &published.leaf, FULL_REGRESSION), status::SUCCESS);
    host.rig.settle();
    assert!(is_open(&host.rig.board.snapshot()));
}
