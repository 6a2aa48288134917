//! Both bundled flash algorithms, run by unmodified probe-rs on the virtual board's core, and what lies behind them:
//! the cells, looked at past the debug port.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use provision::{Link, Phase, SiliconOptions};
use support::{NOR_ALGORITHM, board, noise};

const KIB: usize = 1024;

#[test]
fn user_flash_holds_what_the_bundled_algorithm_was_given() {
    let board = board();
    let mut link = Link::to_virtual_board(&board, &SiliconOptions::default());
    let data = noise(1, 24 * KIB);
    let mut phases = Vec::new();
    let mut last = (0, 0);
    link.flash(&[(0x0800_0000, data.clone())], None, &mut |progress| {
        phases.push(progress.phase);
        last = (progress.done, progress.total);
    })
    .unwrap();

    let mut cells = vec![0; 64 * KIB];
    board.look(|board| board.memory.read(0x0800_0000, &mut cells)).unwrap();
    assert!(cells[..24 * KIB] == data[..], "the cells differ from the data");
    assert!(cells[24 * KIB..].iter().all(|byte| *byte == 0xFF), "sectors that were not written are erased");
    for phase in [Phase::Erasing, Phase::Programming, Phase::Verifying] {
        assert!(phases.contains(&phase), "{phase:?} was reported");
    }
    assert_eq!(last.0, last.1, "the last report says that all is done");
}

#[test]
fn the_nor_behind_the_swapped_port_holds_what_the_bundled_algorithm_was_given() {
    let board = board();
    let mut link = Link::to_virtual_board(&board, &SiliconOptions::default());
    let data = noise(2, 128 * KIB);
    link.flash(&[(0x9002_0000, data.clone())], Some(NOR_ALGORITHM), &mut |_| ()).unwrap();

    let cells = support::nor(&board, 0x2_0000, 128 * KIB);
    assert!(cells == data, "the NOR's cells differ from the data");
    let before = support::nor(&board, 0, 0x2_0000);
    assert!(before.iter().all(|byte| *byte == 0xFF), "nothing was written below");
}

#[test]
fn two_slots_are_written_in_one_commit() {
    let board = board();
    let mut link = Link::to_virtual_board(&board, &SiliconOptions::default());
    let erased = vec![0xFF; 64 * KIB];
    let image = noise(3, 64 * KIB);
    support::write_nor(&board, 0x100, b"an older image");
    let blocks = [(0x9000_0000, erased), (0x9002_0000, image.clone())];
    link.flash(&blocks, Some(NOR_ALGORITHM), &mut |_| ()).unwrap();

    assert!(support::nor(&board, 0, 64 * KIB).iter().all(|byte| *byte == 0xFF), "the installation slot is empty");
    assert!(support::nor(&board, 0x2_0000, 64 * KIB) == image, "the download slot holds the image");
}

#[test]
fn erasing_the_user_flash_is_read_back() {
    let board = board();
    let mut link = Link::to_virtual_board(&board, &SiliconOptions::default());
    link.flash(&[(0x0800_6000, noise(4, 8 * KIB))], None, &mut |_| ()).unwrap();
    link.erase_user_flash().unwrap();
    let mut cells = vec![0; 64 * KIB];
    board.look(|board| board.memory.read(0x0800_0000, &mut cells)).unwrap();
    assert!(cells.iter().all(|byte| *byte == 0xFF));
}

#[test]
fn what_was_flashed_outlives_the_power() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.board");
    let data = noise(5, 8 * KIB);
    let board = support::board_at(&path);
    let mut link = Link::to_virtual_board(&board, &SiliconOptions::default());
    link.flash(&[(0x0800_0000, data.clone())], None, &mut |_| ()).unwrap();
    drop(link);
    board.power_off().unwrap();

    let board = support::reopen(&path).unwrap();
    let mut cells = vec![0; 8 * KIB];
    board.look(|board| board.memory.read(0x0800_0000, &mut cells)).unwrap();
    assert!(cells == data);
}
