//! A wire that errs: every word of a session lost, doubled or changed, in both directions. The client never hangs, and
//! what it calls done is done.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use board::{MailboxDirection, MailboxFault, MailboxFaultKind};
use chip::ProductState;
use common::credentials::Keys;
use common::{Bench, behind, fast, impatient, password, state_of};
use formats::DebugCredential;
use provision::{Asking, DebugLevel, Discovery, Link, ProvisionError, SiliconOptions, VirtualBoard};

use MailboxDirection::{ToChip, ToHost};
use MailboxFaultKind::{Corrupt, Drop, Repeat};

/// What a session may take here, even where it breaks: many times what a whole one needs.
const BOUND: Duration = Duration::from_secs(12);

/// Words of a session with one discovery, to the chip: the request, discovery, challenge, the password, the end. By the
/// root's certificate: the certificate of 55 words and the token of 32 in place of the password, each behind two.
const TO_CHIP_BY_PASSWORD: u32 = 1 + 2 + 2 + (2 + 6) + 2;
const TO_CHIP_BY_ROOT: u32 = 1 + 2 + 2 + (2 + 55) + (2 + 32) + 2;
/// From the chip: the greeting, the discovery of 48 words, the challenge of 9, and answers without data.
const TO_HOST_BY_PASSWORD: u32 = 1 + (2 + 48) + (2 + 9) + 2 + 2;
const TO_HOST_BY_ROOT: u32 = TO_HOST_BY_PASSWORD + 2;
/// Words of the discovery's answer, behind greeting and head.
const DISCOVERED: std::ops::Range<u32> = 3..51;

/// Masks that make other words of the protocol: one bit high and low, a no into a yes, a go-on into a yes, everything.
const MASKS: [u32; 5] = [0x0000_0001, 0x8000_0000, 0x0004_0000, 0x0002_0000, 0xFFFF_FFFF];

fn options() -> SiliconOptions {
    SiliconOptions {
        mailbox_timeout: Duration::from_millis(30),
        credential_timeout: Duration::from_millis(400),
        level_timeout: Duration::from_millis(1000),
        regression_timeout: Duration::from_millis(300),
        discovery: Asking::Once,
        ..impatient()
    }
}

fn every_kind() -> impl Iterator<Item = MailboxFaultKind> {
    [Drop, Repeat].into_iter().chain(MASKS.map(Corrupt))
}

fn fault(direction: MailboxDirection, after_words: u32, kind: MailboxFaultKind) -> MailboxFault {
    MailboxFault { direction, after_words, kind }
}

/// Disarms a fault that met no word, and says whether it met one.
fn met(board: &VirtualBoard) -> bool {
    let due = board.look(|board| board.peripherals.mailbox_fault_is_due());
    if due {
        // One that never comes takes its place.
        board.disturb_mailbox(fault(ToHost, u32::MAX, Repeat));
    }
    !due
}

/// Does `act` with every word of one direction disturbed in every way, until no word is left; returns how many words.
fn every_word(
    board: &VirtualBoard,
    direction: MailboxDirection,
    kinds: &[MailboxFaultKind],
    first: u32,
    mut act: impl FnMut(MailboxFault),
) -> u32 {
    for word in first.. {
        let mut any = false;
        for kind in kinds {
            let fault = fault(direction, word, *kind);
            board.disturb_mailbox(fault);
            let began = Instant::now();
            act(fault);
            assert!(began.elapsed() < BOUND, "{fault:?} took {:?}", began.elapsed());
            any |= met(board);
        }
        if !any {
            return word;
        }
    }
    unreachable!()
}

#[test]
fn a_discovery_is_right_or_an_error_whatever_word_goes_wrong() {
    let bench = Bench::new(441);
    assert_eq!(behind::set_product_state(&bench.board, 0x17), None);
    let options = SiliconOptions { discovery: Asking::Twice, ..options() };
    let discover = || Link::to_virtual_board(&bench.board, &options).discover();
    let whole: Discovery = discover().unwrap();
    let kinds: Vec<_> = every_kind().collect();
    let mut errors = 0;
    for (direction, at_least) in [(ToChip, 7), (ToHost, 100)] {
        let words = every_word(&bench.board, direction, &kinds, 0, |fault| match discover() {
            Ok(found) => assert_eq!(found.values, whole.values, "{fault:?}"),
            Err(ProvisionError::Discovery { reason }) => {
                errors += 1;
                assert!(!reason.is_empty(), "{fault:?}");
            }
            Err(other) => panic!("{fault:?}: {other}"),
        });
        assert!(words >= at_least, "{words} words were disturbed");
    }
    assert!(errors > 500, "{errors} faults were noticed");
    assert_eq!(discover().unwrap().values, whole.values, "and the board is as before");
}

/// A closed board's file, to be copied for every try that sends it back.
fn closed_by_password(bench: &Bench) -> std::path::PathBuf {
    bench.provision().unwrap();
    bench.board.save().unwrap();
    bench.board.path().to_owned()
}

fn copy_of(file: &Path, number: usize) -> VirtualBoard {
    let copy = file.with_file_name(format!("copy-{number}.board"));
    std::fs::copy(file, &copy).unwrap();
    VirtualBoard::open(&copy, fast()).unwrap()
}

/// What the client says of a regression, held against the board.
fn assert_told_as_it_is(
    board: &VirtualBoard,
    fault: MailboxFault,
    said: &Result<provision::Regressed, ProvisionError>,
) {
    let open = state_of(board) == ProductState::Open;
    match said {
        Ok(_) => assert!(open, "{fault:?}: a success that is none"),
        // A board that went back behind a lost word is found there: nothing but its state is believed.
        Err(error) => assert!(!open, "{fault:?}: {error}"),
    }
}

#[test]
fn a_regression_by_password_is_told_as_it_is_whatever_word_goes_wrong() {
    let bench = Bench::by_password(442);
    let file = closed_by_password(&bench);
    let credential = bench.kept();
    let options = options();
    let mut copies = 0;
    let mut board = copy_of(&file, copies);
    let (mut done, mut failed) = (0, 0);
    for (direction, words) in [(ToChip, 0..TO_CHIP_BY_PASSWORD), (ToHost, 0..TO_HOST_BY_PASSWORD)] {
        for word in words {
            // The words of the discovery's answer have their own test; here one kind each.
            let kinds: Vec<_> = match direction {
                ToHost if DISCOVERED.contains(&word) => every_kind().skip(word as usize % 7).take(1).collect(),
                _ => every_kind().collect(),
            };
            for kind in kinds {
                let fault = fault(direction, word, kind);
                board.disturb_mailbox(fault);
                let began = Instant::now();
                let said = Link::to_virtual_board(&board, &options).regress(&credential, None);
                assert!(began.elapsed() < BOUND, "{fault:?} took {:?}", began.elapsed());
                assert_told_as_it_is(&board, fault, &said);
                met(&board);
                if said.is_ok() {
                    done += 1;
                    copies += 1;
                    board = copy_of(&file, copies);
                } else {
                    failed += 1;
                }
            }
        }
    }
    assert!(done > 10 && failed > 100, "{done} went back, {failed} did not");
    Link::to_virtual_board(&board, &options).regress(&credential, None).unwrap();
}

#[test]
fn a_board_that_says_no_to_a_password_is_never_called_regressed() {
    let bench = Bench::by_password(443);
    bench.provision().unwrap();
    let options = options();
    let wrong = DebugCredential::Password(password("not this one"));
    let masks: Vec<_> = MASKS.map(Corrupt).into_iter().chain([Corrupt(0x0005_0000), Corrupt(0x0006_0000)]).collect();
    every_word(&bench.board, ToHost, &masks, DISCOVERED.end, |fault| {
        let said = Link::to_virtual_board(&bench.board, &options).regress(&wrong, None);
        assert!(said.is_err(), "{fault:?}");
    });
    assert_eq!(bench.state(), ProductState::Closed);
    bench.goes_back();
}

/// A board in PROVISIONING with the project's object, and the shortest credential for it: the root alone.
fn provisioned(seed: u64) -> (Bench, DebugCredential) {
    let bench = Bench::new(seed);
    assert_eq!(behind::set_product_state(&bench.board, 0x17), None);
    assert_eq!(behind::store(&bench.board, &bench.project.debug_object().unwrap()), None);
    let keys = Keys::of(&bench);
    let credential = DebugCredential::Certificate { chain: keys.root_alone(), key: keys.root };
    (bench, credential)
}

#[test]
fn an_acceptance_survives_no_wrong_word_by_mistake_and_changes_nothing() {
    let (bench, credential) = provisioned(444);
    let accepts = |credential_timeout| {
        let options = SiliconOptions { credential_timeout, ..options() };
        Link::to_virtual_board(&bench.board, &options).accepts(&credential, DebugLevel::Hdpl3)
    };
    // On a loaded machine a verification takes longer; two of them are a limit for one.
    let began = Instant::now();
    let accepted = accepts(SiliconOptions::default().credential_timeout).unwrap();
    let limit = began.elapsed();
    assert_ne!(accepted.challenges[0], accepted.challenges[1]);
    let before = common::credentials::unchanging(&bench.board);
    let kinds = [Drop, Repeat, Corrupt(0x0100_0001)];
    let mut refused = 0;
    for (direction, words) in [(ToChip, 0..TO_CHIP_BY_ROOT), (ToHost, 0..TO_HOST_BY_ROOT)] {
        for word in words {
            // Every word of the first session, and from the middle of it on the second one's.
            let at = if word % 2 == 0 { word } else { word + TO_CHIP_BY_ROOT * u32::from(direction == ToChip) };
            let fault = fault(direction, at, kinds[word as usize % 3]);
            bench.board.disturb_mailbox(fault);
            let began = Instant::now();
            match accepts(limit) {
                Ok(accepted) => assert_eq!(accepted.uid, bench.uid(), "{fault:?}"),
                Err(_) => refused += 1,
            }
            assert!(began.elapsed() < BOUND, "{fault:?} took {:?}", began.elapsed());
            met(&bench.board);
        }
    }
    assert!(refused > 100, "{refused} faults were noticed");
    assert!(common::credentials::unchanging(&bench.board) == before);
    assert_eq!(bench.state(), ProductState::Provisioning);
}

#[test]
fn a_credential_that_the_board_refuses_is_never_called_accepted() {
    let (bench, _) = provisioned(445);
    let options = options();
    // A root of its own: only the board can tell.
    let key = formats::PrivateKey::generate().unwrap();
    let chain = Keys { root: key.clone(), ..Keys::of(&bench) }.root_alone();
    let wrong = DebugCredential::Certificate { chain, key };
    let masks: Vec<_> = MASKS.map(Corrupt).into_iter().chain([Corrupt(0x0006_0000), Corrupt(0x0005_0000)]).collect();
    every_word(&bench.board, ToHost, &masks, DISCOVERED.end, |fault| {
        let said = Link::to_virtual_board(&bench.board, &options).accepts(&wrong, DebugLevel::Hdpl3);
        assert!(said.is_err(), "{fault:?}: {said:?}");
    });
}

#[test]
fn debug_is_called_open_only_where_the_core_was_halted_at_its_level() {
    let bench = Bench::new(446);
    bench.provision().unwrap();
    let keys = Keys::of(&bench);
    let credential = DebugCredential::Certificate { chain: keys.root_alone(), key: keys.root };
    let options = SiliconOptions { credential_timeout: Duration::from_millis(1500), ..options() };
    let mut opened = 0;
    let kinds = [Drop, Repeat, Corrupt(0x0004_0000), Corrupt(0x0002_0000), Corrupt(0x0000_0001)];
    // Level 1, which comes first in a boot.
    for (direction, words) in [(ToChip, 0..TO_CHIP_BY_ROOT), (ToHost, 0..TO_HOST_BY_ROOT)] {
        for word in words {
            // Every word in one way; every head and answer in all.
            let data = match direction {
                ToChip => (7..TO_CHIP_BY_ROOT - 4).contains(&word),
                ToHost => DISCOVERED.contains(&word),
            };
            let kinds = if data { &kinds[word as usize % kinds.len()..][..1] } else { &kinds[..] };
            for kind in kinds.iter().copied() {
                let fault = fault(direction, word, kind);
                bench.board.disturb_mailbox(fault);
                let began = Instant::now();
                let mut link = Link::to_virtual_board(&bench.board, &options);
                if let Ok(found) = link.open_debug(&credential, DebugLevel::Hdpl1) {
                    opened += 1;
                    assert_eq!(found.core.hdpl, Some(1), "{fault:?}");
                    assert!(bench.board.look(board::Board::is_halted), "{fault:?}");
                }
                assert!(began.elapsed() < BOUND, "{fault:?} took {:?}", began.elapsed());
                met(&bench.board);
                std::mem::drop(link);
                // What was granted ends here, so that the next try begins shut.
                bench.board.power_cycle().unwrap();
            }
        }
    }
    assert!(opened > 0, "some faults hurt nobody");
    assert_eq!(bench.state(), ProductState::Closed);
}
