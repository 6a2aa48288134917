//! A board under power: when its thread works and when it costs nothing, when its file is written, what a loss of
//! power leaves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use board::{
    BoardFile, BoardOptions, DapFault, DapRegister, NonVolatile, NorClip, Pace, PowerCut, PoweredBoard, ResetCause,
};

const CTRL_STAT: DapRegister = DapRegister::Debug(0x4);

/// Raises the hide protection level to 3, opens access port and debug, sleeps.
const TINY_ROM: [u16; 22] = [
    0x0000, 0x2001, 0x0009, 0x1FF0, 0x4806, 0x216A, 0x6101, 0x6101, 0x6101, 0x4905, 0x6201, 0xBF30, 0xE7FD, 0xBF00, 0,
    0, 0, 0, 0x0400, 0x5800, 0xB4B4, 0x006F,
];

fn rom() -> Vec<u8> {
    TINY_ROM.iter().flat_map(|half| half.to_le_bytes()).collect()
}

fn powered(file: Option<BoardFile>, state: NonVolatile) -> PoweredBoard {
    PoweredBoard::power_on(file, state, rom(), BoardOptions::default(), Pace::WallTime).unwrap()
}

fn new_board() -> PoweredBoard {
    powered(None, NonVolatile::new(Some(1), &rom()).unwrap())
}

fn board_in(path: &Path) -> PoweredBoard {
    let state = NonVolatile::new(Some(1), &rom()).unwrap();
    let file = BoardFile::create(path, &state).unwrap();
    powered(Some(file), state)
}

fn wait_for(what: &str, mut done: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::yield_now();
    }
    start.elapsed()
}

fn nor_on_disk(path: &Path) -> Vec<u8> {
    let state = NonVolatile::decode(&std::fs::read(path).unwrap()).unwrap();
    let mut cells = vec![0; 4];
    state.nor.read(0x1000, &mut cells);
    cells
}

#[test]
fn a_change_is_on_disk_after_a_pause_without_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.board");
    let board = board_in(&path);
    board.with(|board| NorClip::new(board).write(0x1000, b"cell"));
    let took = wait_for("the file is written by itself", || nor_on_disk(&path) == b"cell");
    assert!(took >= Duration::from_millis(100), "not at once, {took:?}: writes are collected");
}

#[test]
fn save_and_power_off_write_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.board");
    let board = board_in(&path);
    board.with(|board| NorClip::new(board).write(0x1000, b"save"));
    board.save().unwrap();
    assert_eq!(nor_on_disk(&path), b"save");
    board.with(|board| NorClip::new(board).write(0x1000, b"off!"));
    board.power_off().unwrap();
    assert_eq!(nor_on_disk(&path), b"off!");
    assert_eq!(board.dap_read(CTRL_STAT), Err(DapFault), "a board without power answers nothing");
    assert!(BoardFile::open(&path).is_ok(), "the file is let go");
}

#[test]
fn a_board_that_sleeps_executes_nothing_until_it_is_reset() {
    let board = new_board();
    wait_for("the ROM goes to sleep", || board.is_parked());
    let before = board.instructions();
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(board.instructions(), before);
    board.reset(ResetCause::Watchdog);
    wait_for("the ROM runs again", || board.instructions() > before);
    wait_for("and sleeps again", || board.is_parked());
}

#[cfg(target_os = "linux")]
#[test]
fn a_board_that_sleeps_uses_no_processor_time() {
    // Clock ticks that the board's thread has used, user and system (proc(5), fields 14 and 15).
    let ticks = || -> u64 {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let boards = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok());
        let boards = boards.filter(|stat| stat.contains("(virtual board)"));
        let used = boards.map(|stat| {
            let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
            fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
        });
        used.sum()
    };
    let board = new_board();
    wait_for("the ROM goes to sleep", || board.is_parked());
    let before = ticks();
    std::thread::sleep(Duration::from_millis(200));
    // Other tests' boards run in this process too: without them the difference is 0.
    assert!(ticks().saturating_sub(before) <= 10, "the thread of a sleeping board runs");
}

#[test]
fn while_nrst_is_low_the_core_stands_and_the_reset_comes_when_it_rises() {
    let board = new_board();
    wait_for("the ROM goes to sleep", || board.is_parked());
    board.set_nrst(true);
    assert!(board.nrst());
    let before = board.instructions();
    std::thread::sleep(Duration::from_millis(10));
    assert_eq!(board.instructions(), before);
    board.set_nrst(false);
    wait_for("the ROM runs again", || board.instructions() > before);
}

#[test]
fn activity_is_told_when_something_visible_happens() {
    let board = new_board();
    wait_for("the ROM goes to sleep", || board.is_parked());
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    board.on_activity(Arc::new(move || {
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    board.with(|board| NorClip::new(board).write(0, b"x"));
    wait_for("the write is told", || calls.load(Ordering::Relaxed) > 0);
}

#[test]
fn a_lost_supply_leaves_a_dark_board_until_it_comes_back() {
    let board = new_board();
    wait_for("the ROM goes to sleep", || board.is_parked());
    board.with(|board| board.peripherals.arm_power_cut(PowerCut { after_writes: 0, tears: false }));
    board.dap_write(CTRL_STAT, 0x5000_0000).unwrap();
    // The next write to cells takes the supply away: an erase of the first sector through the flash interface.
    board.with(|board| {
        use board::Width::Word;
        for (register, value) in
            [(0x5200_2004, 0x4567_0123), (0x5200_2004, 0xCDEF_89AB), (0x5200_2010, 0x04), (0x5200_2010, 0x24)]
        {
            board.debug_write(register, Word, value).unwrap();
        }
    });
    wait_for("the supply is gone", || board.dap_read(CTRL_STAT).is_err());
    board.power_cycle().unwrap();
    assert_eq!(board.dap_read(CTRL_STAT), Ok(0), "the debug port begins anew");
}
