//! What the demo application makes of an update that a person's terminal sends it: whole, broken off, damaged on the way,
//! to a wrong address, or cut off by the power. Whatever happens, something boots.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use board::PowerCut;
use common::terminal::{ACK, CAN, NAK, Terminal, block, opening};
use common::{Bench, Recipe, listen};

/// A board in CLOSED whose application runs, and the download slot's address.
fn closed(seed: u64) -> (Bench, u32) {
    let bench = Bench::new(seed);
    bench.provision().unwrap();
    let slot = bench.project.stirot().unwrap().download_slot().start;
    (bench, slot)
}

fn image(bench: &Bench) -> Vec<u8> {
    bench.image(&Recipe { version: "1.1.0".parse().unwrap(), ..Recipe::of(bench) })
}

/// The board boots this version after a reset.
#[track_caller]
fn boots(bench: &Bench, version: &str) {
    let mut console = bench.board.console_reader();
    bench.board.reset();
    let heard = listen(&mut console, "security counter");
    assert!(heard.contains(&format!("version          {version}\r")), "{version} boots; heard {heard:?}");
}

/// Every block of an image from one number on.
fn send_rest(terminal: &mut Terminal, image: &[u8], size: usize) {
    for (number, piece) in (1..).zip(image.chunks(size)) {
        terminal.block(number, piece);
    }
    terminal.send(&[4]);
    assert_eq!(terminal.wait_for_byte(&[ACK, NAK]), NAK, "an end is doubted once");
    terminal.send(&[4]);
    terminal.wait_for_byte(&[ACK]);
    terminal.wait_for_byte(b"C");
    terminal.send(&opening(""));
    terminal.wait_for_byte(&[ACK]);
    terminal.wait_for(&format!("update received: {} bytes, resetting\r\n", image.len()));
}

#[test]
fn blocks_of_both_sizes_are_taken() {
    let (bench, slot) = closed(140);
    for (size, version) in [(128, "1.1.0"), (1024, "1.2.0")] {
        let image = bench.image(&Recipe { version: version.parse().unwrap(), ..Recipe::of(&bench) });
        let mut terminal = Terminal::at(&bench.board);
        terminal.begin_update(slot);
        terminal.name(image.len());
        send_rest(&mut terminal, &image, size);
        let heard = terminal.wait_for("security counter");
        assert!(heard.contains(&format!("version          {version}")), "{heard}");
    }
}

#[test]
fn a_damaged_block_is_asked_for_again_and_a_repeated_one_counts_once() {
    let (bench, slot) = closed(141);
    let image = image(&bench);
    let mut terminal = Terminal::at(&bench.board);
    terminal.begin_update(slot);
    terminal.name(image.len());
    let mut damaged = block(1, &image[..1024]);
    damaged[500] ^= 0x10;
    terminal.send(&damaged);
    assert_eq!(terminal.wait_for_byte(&[ACK, NAK]), NAK);
    let mut miscounted = block(1, &image[..1024]);
    miscounted[2] ^= 1;
    terminal.send(&miscounted);
    assert_eq!(terminal.wait_for_byte(&[ACK, NAK]), NAK, "number and complement don't fit");
    terminal.block(1, &image[..1024]);
    terminal.block(1, &image[..1024]);
    for (number, piece) in (2..).zip(image[1024..].chunks(1024)) {
        terminal.block(number, piece);
    }
    terminal.send(&[4]);
    terminal.wait_for_byte(&[NAK]);
    terminal.send(&[4]);
    terminal.wait_for_byte(&[ACK]);
    terminal.wait_for_byte(b"C");
    terminal.send(&opening(""));
    let heard = terminal.wait_for("security counter");
    assert!(heard.contains("version          1.1.0"), "{heard}");
}

/// Begins an update and sends two blocks of it.
fn half_way(bench: &Bench, slot: u32) -> Terminal {
    let image = image(bench);
    let mut terminal = Terminal::at(&bench.board);
    terminal.begin_update(slot);
    terminal.name(image.len());
    terminal.block(1, &image[..1024]);
    terminal.block(2, &image[1024..2048]);
    terminal
}

#[test]
fn a_sender_that_cancels_leaves_no_image_and_the_old_application() {
    let (bench, slot) = closed(142);
    let mut terminal = half_way(&bench, slot);
    terminal.send(&[CAN, CAN]);
    terminal.wait_for("update failed: the sender cancelled\r\nthe slot holds no image now\r\n");
    assert_eq!(bench.download_slot()[..256], [0xFF; 256], "the first page was kept back");
    terminal.send(b"1");
    terminal.wait_for("version          1.0.0");
    boots(&bench, "1.0.0");
}

#[test]
fn a_sender_that_stops_is_given_up_and_the_menu_is_back() {
    let (bench, slot) = closed(143);
    let mut terminal = half_way(&bench, slot);
    terminal.wait_for("update failed: the sender stopped\r\nthe slot holds no image now\r\n");
    terminal.send(b"?");
    terminal.wait_for("u  update");
    boots(&bench, "1.0.0");
}

#[test]
fn a_block_that_is_left_out_ends_the_update() {
    let (bench, slot) = closed(144);
    let image = image(&bench);
    let mut terminal = half_way(&bench, slot);
    terminal.send(&block(4, &image[3072..4096]));
    terminal.wait_for("update failed: a block is missing\r\n");
    boots(&bench, "1.0.0");
}

#[test]
fn more_and_fewer_bytes_than_announced_are_refused() {
    let (bench, slot) = closed(145);
    let image = image(&bench);
    let blocks = image.len().div_ceil(1024);
    for (announced, message) in [
        (image.len() + 1024, "fewer bytes came than were announced"),
        ((blocks - 1) * 1024, "the file is shorter than its header says"),
    ] {
        let mut terminal = Terminal::at(&bench.board);
        terminal.begin_update(slot);
        terminal.name(announced);
        for (number, piece) in (1..).zip(image.chunks(1024)) {
            terminal.send(&block(number, piece));
            if terminal.wait_for_byte(&[ACK, CAN]) == CAN {
                break;
            }
            if number == blocks {
                terminal.send(&[4]);
                terminal.wait_for_byte(&[NAK]);
                terminal.send(&[4]);
            }
        }
        terminal.wait_for(&format!("update failed: {message}\r\n"));
    }
    let mut terminal = Terminal::at(&bench.board);
    terminal.begin_update(slot);
    terminal.name(image.len());
    for (number, piece) in (1..).zip(image.chunks(1024)) {
        terminal.block(number, piece);
    }
    terminal.send(&block(blocks + 1, &[0; 1024]));
    terminal.wait_for("update failed: more bytes came than were announced\r\nthe slot holds no image now\r\n");
    boots(&bench, "1.0.0");
}

#[test]
fn a_sender_that_names_no_size_is_refused() {
    let (bench, slot) = closed(146);
    for named in ["image.bin", "image.bin\0many", "\09000"] {
        let mut terminal = Terminal::at(&bench.board);
        terminal.begin_update(slot);
        terminal.send(&opening(named));
        terminal.wait_for("update failed: the sender names no file with its size\r\nthe slot is as it was\r\n");
    }
}

#[test]
fn addresses_that_take_no_image_are_refused_before_anybody_sends() {
    let (bench, _) = closed(147);
    for (typed, message) in [
        ("90020100", "the address is not a multiple of 0x1000"),
        ("70000000", "it does not lie in the external flash, 0x90000000 to 0x97ffffff"),
        ("98000000", "it does not lie in the external flash, 0x90000000 to 0x97ffffff"),
        ("slot", "that is no address: up to eight hexadecimal digits"),
        ("+9002000", "that is no address: up to eight hexadecimal digits"),
        ("", "that is no address: up to eight hexadecimal digits"),
        ("0x90020000ff", "that is no address: up to eight hexadecimal digits"),
    ] {
        let mut terminal = Terminal::at(&bench.board);
        terminal.send(b"u");
        terminal.wait_for("slot address (hex): ");
        terminal.send(format!("{typed}\r").as_bytes());
        terminal.wait_for(&format!("update failed: {message}\r\n"));
    }
    let mut terminal = Terminal::at(&bench.board);
    terminal.send(b"u");
    terminal.wait_for("slot address (hex): ");
    terminal.send(b"900\x1B");
    terminal.wait_for("update failed: given up\r\n");
    boots(&bench, "1.0.0");
}

#[test]
fn a_file_that_reaches_past_the_end_of_the_flash_is_refused() {
    let (bench, _) = closed(148);
    let mut terminal = Terminal::at(&bench.board);
    terminal.begin_update(0x97FF_F000);
    terminal.send(&opening("image.bin\x005000"));
    terminal.wait_for("update failed: it does not lie in the external flash");
}

#[test]
fn power_that_goes_anywhere_in_a_transfer_leaves_an_application_that_boots() {
    let (bench, slot) = closed(149);
    let image = image(&bench);
    let blocks = image.len().div_ceil(1024);
    for cut_after in [1, blocks / 2, blocks] {
        let mut terminal = Terminal::at(&bench.board);
        terminal.begin_update(slot);
        terminal.name(image.len());
        for (number, piece) in (1..).zip(image.chunks(1024)).take(cut_after) {
            terminal.block(number, piece);
        }
        let mut console = bench.board.console_reader();
        bench.board.power_cycle().unwrap();
        let heard = listen(&mut console, "security counter");
        assert!(heard.contains("version          1.0.0\r"), "after {cut_after} blocks; heard {heard:?}");
    }
}

#[test]
fn power_that_goes_inside_of_a_write_leaves_an_application_that_boots() {
    let (bench, slot) = closed(150);
    let image = image(&bench);
    let writes = (image.len().div_ceil(256) + image.len().div_ceil(4096)) as u64;
    for after_writes in [0, 1, 2, writes / 2, writes - 2, writes - 1] {
        let mut terminal = Terminal::at(&bench.board);
        terminal.begin_update(slot);
        bench.board.with(|board| board.peripherals.arm_power_cut(PowerCut { after_writes, tears: true }));
        terminal.name(image.len());
        assert!(goes_dark(&bench, &mut terminal, &image), "write {after_writes} of {writes} was cut");
        let mut console = bench.board.console_reader();
        bench.board.power_cycle().unwrap();
        let heard = listen(&mut console, "security counter");
        // The last one makes it an image: torn behind the header it is whole.
        let either = after_writes == writes - 1 && heard.contains("version          1.1.0\r");
        assert!(either || heard.contains("version          1.0.0\r"), "write {after_writes}; heard {heard:?}");
    }
}

/// Sends an image until the power is gone; false when it never goes.
fn goes_dark(bench: &Bench, terminal: &mut Terminal, image: &[u8]) -> bool {
    let dark = || bench.board.look(|board| board.peripherals.power_is_gone());
    for (number, piece) in (1..).zip(image.chunks(1024)) {
        terminal.send(&block(number, piece));
        if terminal.answers_unless(&dark).is_none() {
            return true;
        }
    }
    for _ in 0..2 {
        terminal.send(&[4]);
        if terminal.answers_unless(&dark).is_none() {
            return true;
        }
    }
    false
}
