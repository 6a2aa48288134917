//! What a debugger meets at the virtual board: how fast it attaches, what a bus fault leaves behind, who is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use provision::{Link, ProvisionError, SiliconOptions};
use support::board;

#[test]
fn attaching_takes_less_than_fifty_milliseconds() {
    let board = board();
    let options = SiliconOptions::default();
    // The first link of a process unpacks probe-rs's list of chips.
    Link::to_virtual_board(&board, &options).read_word(0x0800_0000).unwrap();
    let start = Instant::now();
    Link::to_virtual_board(&board, &options).read_word(0x0800_0000).unwrap();
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_millis(50), "{elapsed:?}");
}

#[test]
fn a_core_is_halted_through_a_reset_in_the_rom() {
    let board = board();
    let mut link = Link::to_virtual_board(&board, &SiliconOptions::default());
    link.halt_through_reset().unwrap();
    assert!(board.look(board::Board::is_halted));
    // The ROM opened debug at the highest level and did not get further.
    let survey = link.survey().unwrap();
    assert_eq!(survey.hdpl, Some(3));
    assert_eq!(survey.product_state, Some(chip::ProductState::Open));
    assert_eq!(survey.device.map(|identity| identity & 0xFFF), Some(provision::DEVICE_ID));
}

#[test]
fn a_second_debugger_in_this_process_is_refused_while_the_first_is_attached() {
    let board = board();
    let mut first = Link::to_virtual_board(&board, &SiliconOptions::default());
    let mut second = Link::to_virtual_board(&board, &SiliconOptions::default());
    first.read_word(0x0800_0000).unwrap();
    assert!(matches!(second.read_word(0x0800_0000), Err(ProvisionError::Connect { .. })));
    first.disconnect();
    second.read_word(0x0800_0000).unwrap();
}

#[test]
fn the_board_is_listed_by_its_file_and_opens_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("listed.board");
    let board = support::board_at(&path);
    let again = support::reopen(&path).unwrap();
    assert_eq!(again.path(), board.path());
    let listed = provision::list_boards();
    assert!(listed.iter().any(|info| info.name == "listed.board"), "{listed:?}");
    let all = probe_rs::probe::list::Lister::new().list_all();
    let serial = board.path().display().to_string();
    assert!(all.iter().any(|info| info.serial_number.as_deref() == Some(&serial)), "{all:?}");
}

/// Not a test of its own: run in a second process by the next one, with the board's file in the environment.
#[expect(clippy::print_stdout, reason = "the other process reads it")]
#[test]
fn second_process() {
    let Some(path) = std::env::var_os("STIROT_TEST_BOARD") else { return };
    match support::reopen(path.as_ref()) {
        Err(ProvisionError::BoardBusy { .. }) => println!("refused as busy"),
        other => println!("{other:?}"),
    }
}

#[test]
fn another_process_is_refused_by_the_lock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("locked.board");
    let _board = support::board_at(&path);
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "second_process", "--nocapture"])
        .env("STIROT_TEST_BOARD", &path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("refused as busy"), "{text}");
}

#[test]
fn an_idle_board_executes_nothing() {
    let board = board();
    let start = Instant::now();
    while !board.is_at_rest() {
        assert!(start.elapsed() < Duration::from_secs(5), "the ROM's wait loop comes to rest");
        std::thread::yield_now();
    }
    let before = board.instructions();
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(board.instructions(), before);
}
