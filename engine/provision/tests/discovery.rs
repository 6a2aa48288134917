//! What a board says of itself through its mailbox, in every state, and devices that say nothing or nonsense.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::borrow::Cow;
use std::time::{Duration, Instant};

use chip::ProductState;
use chip::mailbox::tag;
use common::{Bench, behind, impatient};
use formats::Permissions;
use provision::{Asking, DebugLevel, Discovery, Link, ProvisionError, Rom, VirtualBoard, VirtualOptions};

fn discover(bench: &Bench) -> Discovery {
    Link::to_virtual_board(&bench.board, &impatient()).discover().unwrap()
}

/// Every value, whatever the state.
fn assert_whole(discovery: &Discovery, bench: &Bench) {
    let value = |tag| discovery.value(tag).unwrap_or_else(|| panic!("no value {tag:#x}"));
    assert_eq!(discovery.values.len(), 15);
    assert_eq!(value(tag::PROTOCOL_VERSION), [1, 0]);
    assert_eq!(value(tag::VENDOR_ID), [0x20, 0]);
    assert_eq!(discovery.soc_class(), Some(0));
    assert_eq!(discovery.soc_id().unwrap()[4..], bench.uid());
    assert_eq!(discovery.uid(), Some(bench.uid()));
    assert_eq!(discovery.number(tag::TARGET_ID), Some(0x485));
    assert_eq!(value(tag::SDA_VERSION), [2, 4, 0]);
    assert_eq!(discovery.number(tag::TOKEN_FORMATS), Some(0x200));
    assert_eq!(discovery.number(tag::CERTIFICATE_FORMATS), Some(0x201));
    assert_eq!(discovery.number(tag::CRYPTOSYSTEMS), Some(1));
    assert!(DebugLevel::ALL.iter().all(|level| discovery.hdpl_status(*level) == Some(u32::MAX)));
    assert_eq!(discovery.device.unwrap() & 0xFFF, provision::DEVICE_ID);
}

#[test]
fn a_board_in_provisioning_tells_that_it_has_no_object_and_that_it_permits_nothing() {
    let bench = Bench::new(401);
    assert_eq!(behind::set_product_state(&bench.board, 0x17), None);
    let discovery = discover(&bench);
    assert_whole(&discovery, &bench);
    assert_eq!(discovery.product_state(), Some(ProductState::Provisioning));
    assert_eq!(discovery.permissions(), Some(Permissions::NONE));
    assert_eq!(discovery.integrity(), Some(false));
}

#[test]
fn a_closed_board_tells_what_its_object_and_its_rom_permit_together() {
    let bench = Bench::new(402);
    bench.provision().unwrap();
    let discovery = discover(&bench);
    assert_whole(&discovery, &bench);
    assert_eq!(discovery.product_state(), Some(ProductState::Closed));
    assert_eq!(discovery.permissions(), Some(Permissions(0x4007)));
    assert_eq!(discovery.integrity(), Some(true));
    assert_eq!(discover(&bench).values, discovery.values, "and says the same again");
}

#[test]
fn a_locked_board_answers_and_permits_nothing() {
    let bench = Bench::new(403);
    assert_eq!(behind::set_product_state(&bench.board, 0x17), None);
    assert_eq!(behind::set_product_state(&bench.board, 0x5C), None);
    assert_eq!(bench.state(), ProductState::Locked);
    let discovery = discover(&bench);
    assert_whole(&discovery, &bench);
    assert_eq!(discovery.product_state(), Some(ProductState::Locked));
    assert_eq!(discovery.permissions(), Some(Permissions::NONE));
}

#[test]
fn the_transcript_tells_every_exchange_with_its_size_and_no_content() {
    let bench = Bench::new(404);
    assert_eq!(behind::set_product_state(&bench.board, 0x17), None);
    let mut link = Link::to_virtual_board(&bench.board, &impatient());
    link.discover().unwrap();
    let transcript = link.take_transcript();
    let commands: Vec<_> = transcript.exchanges.iter().map(|exchange| exchange.command.as_str()).collect();
    assert_eq!(commands, ["request in the mailbox", "discovery", "discovery, once more", "close the session"]);
    assert_eq!(transcript.exchanges[1].status.as_deref(), Some("success"));
    assert!(transcript.exchanges[1].received_bytes > 150);
    assert!(link.transcript().exchanges.is_empty(), "what was taken is gone");
    let text = serde_json::to_string(&transcript).unwrap();
    // A duration may come back with another last digit.
    let mut read: provision::Transcript = serde_json::from_str(&text).unwrap();
    for (read, told) in read.exchanges.iter_mut().zip(&transcript.exchanges) {
        assert!((read.milliseconds - told.milliseconds).abs() < 1e-9);
        read.milliseconds = told.milliseconds;
    }
    assert_eq!(read, transcript);
}

/// A board that takes every word of the host's and answers always the same one.
fn parrot(word: u32) -> VirtualBoard {
    let code: [u16; 16] = [
        0x0000,
        0x2001, // initial stack pointer 0x2001_0000
        0x0009,
        0x1FF0, // reset vector 0x1FF0_0008, Thumb
        0x4802, // ldr r0, =DBG_AUTH_HOST
        0x4903, // ldr r1, =the word
        0x6802, // ldr r2, [r0]
        0x6041, // str r1, [r0, #4]
        0xE7FC, // b to the ldr
        0xBF00, //
        0x1100,
        0x5C00, //
        word as u16,
        (word >> 16) as u16, //
        0,
        0,
    ];
    let rom = code.iter().flat_map(|half| half.to_le_bytes()).collect::<Vec<_>>();
    let options = VirtualOptions { rom: Rom(Cow::Owned(rom)), ..common::fast() };
    let folder = tempfile::tempdir().unwrap();
    let board = VirtualBoard::create_with(&folder.path().join("parrot.board"), Some(1), options).unwrap();
    // The file stays until the board is off; the folder's name may go.
    std::mem::forget(folder);
    board
}

/// Why a device can't be discovered; told within a second.
fn refusal(board: &VirtualBoard, options: &provision::SiliconOptions) -> String {
    let began = Instant::now();
    let error = Link::to_virtual_board(board, options).discover().unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(!error.help().is_empty());
    match error {
        ProvisionError::Discovery { reason } => reason,
        other => panic!("{other}"),
    }
}

#[test]
fn a_device_that_never_answers_is_given_up_with_the_word_that_did_not_come() {
    let board = Bench::new(405).board;
    // OPEN: this ROM serves no mailbox.
    let reason = refusal(&board, &impatient());
    assert!(reason.contains("handshake: word 0 from the board: nothing happened for 100ms"), "{reason}");
}

#[test]
fn a_device_that_answers_the_request_with_nonsense_is_told_from_a_board() {
    let reason = refusal(&parrot(0xDEAD_BEEF), &impatient());
    assert!(reason.contains("handshake: the board answered 0xdeadbeef"), "{reason}");
}

#[test]
fn a_device_that_repeats_its_greeting_for_ever_is_told_from_a_board() {
    let reason = refusal(&parrot(chip::mailbox::ANSWER_MAGIC), &impatient());
    assert!(reason.contains("0x53544441 is no head of an answer"), "{reason}");
}

#[test]
fn a_device_that_says_success_and_nothing_else_is_no_board() {
    let options = provision::SiliconOptions { mailbox_answers: vec![0], ..impatient() };
    let reason = refusal(&parrot(0), &options);
    assert!(reason.contains("no value"), "{reason}");
}

#[test]
fn a_device_that_announces_more_than_any_answer_has_is_not_listened_to() {
    // Its head says success, and its count is the same word.
    let options = provision::SiliconOptions {
        mailbox_answers: vec![0x0005_0000],
        longest_answer: 16,
        discovery: Asking::Once,
        ..impatient()
    };
    let reason = refusal(&parrot(0x0005_0000), &options);
    assert!(reason.contains("announces 327680 words"), "{reason}");
}
