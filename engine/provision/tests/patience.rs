//! Discovery on a board that doesn't answer at once: the ways that are tried, what is asked of the person, and what is
//! remembered of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::time::Duration;

use board::{MailboxDirection, MailboxFault, MailboxFaultKind};
use chip::ProductState;
use common::{Bench, behind, impatient};
use provision::{Answer, Approach, Connecting, Link, Patience, Prompt, ProvisionError};

fn way(approach: Approach, milliseconds: u64) -> Connecting {
    Connecting { approach, pulse: Duration::from_millis(1), delay: Duration::from_millis(milliseconds) }
}

fn patience(ways: &[Connecting], power_cycles: u32) -> Patience {
    Patience { ways: ways.to_vec(), power_cycles, word_timeout: Duration::from_millis(30), ..Patience::default() }
}

#[test]
fn the_way_that_worked_is_named_and_used_from_then_on() {
    let bench = Bench::new(451);
    bench.provision().unwrap();
    let mut link = Link::to_virtual_board(&bench.board, &impatient());
    // A closed board of this kind looks into its mailbox when it comes out of a reset and never later.
    let ways = [way(Approach::AfterReset, 20), way(Approach::HotPlug, 0), way(Approach::UnderReset, 2)];
    let mut seen = Vec::new();
    let found = link.discover_patiently(&patience(&ways, 0), &mut |prompt| {
        seen.push(prompt.clone());
        Answer::GoOn
    });
    let (discovery, attempts) = found.unwrap();
    assert_eq!(discovery.product_state(), Some(ProductState::Closed));
    assert_eq!(discovery.connecting, ways[2]);
    assert_eq!(attempts.iter().map(|attempt| attempt.answered).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(attempts.iter().map(|attempt| attempt.connecting).collect::<Vec<_>>(), ways);
    assert!(attempts[0].outcome.contains("nothing happened for 30ms"), "{}", attempts[0].outcome);
    assert_eq!(seen.len(), 3);
    assert!(matches!(seen[0], Prompt::Trying { number: 1, .. }));
    assert_eq!(link.connecting(), ways[2]);
    assert_eq!(link.discover().unwrap().connecting, ways[2], "later sessions use it");
    assert_eq!(link.options().mailbox_timeout, impatient().mailbox_timeout, "and the usual patience");
}

#[test]
fn a_board_in_provisioning_answers_without_a_reset() {
    let bench = Bench::new(452);
    assert_eq!(behind::set_product_state(&bench.board, 0x17), None);
    let mut link = Link::to_virtual_board(&bench.board, &impatient());
    let found = link.discover_patiently(&patience(&[way(Approach::HotPlug, 0)], 0), &mut |_| Answer::GoOn);
    assert_eq!(found.unwrap().0.product_state(), Some(ProductState::Provisioning));
}

#[test]
fn a_virtual_board_has_its_power_cycled_without_a_question() {
    let bench = Bench::new(453);
    bench.provision().unwrap();
    bench.board.disturb_mailbox(MailboxFault {
        direction: MailboxDirection::ToHost,
        after_words: 0,
        kind: MailboxFaultKind::Drop,
    });
    let mut link = Link::to_virtual_board(&bench.board, &impatient());
    let found = link.discover_patiently(&patience(&[way(Approach::UnderReset, 0)], 2), &mut |prompt| {
        assert!(matches!(prompt, Prompt::Trying { .. }), "{prompt:?}");
        Answer::GoOn
    });
    let (_, attempts) = found.unwrap();
    assert_eq!(attempts.iter().map(|attempt| attempt.power_cycles).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_board_that_never_answers_is_given_up_when_every_way_was_tried_in_every_round() {
    // OPEN: its ROM serves no mailbox.
    let bench = Bench::new(454);
    let mut link = Link::to_virtual_board(&bench.board, &impatient());
    let ways = [way(Approach::UnderReset, 0), way(Approach::HotPlug, 0)];
    let error = link.discover_patiently(&patience(&ways, 2), &mut |_| Answer::GoOn).unwrap_err();
    assert!(error.to_string().contains("no answer in 6 attempts"), "{error}");
    assert_eq!(link.transcript().exchanges.len(), 6, "each is in the transcript");
    assert_eq!(link.connecting(), impatient().connecting, "nothing was learnt");
}

#[test]
fn a_person_stops_it_between_two_attempts() {
    let bench = Bench::new(455);
    let mut link = Link::to_virtual_board(&bench.board, &impatient());
    let mut attempts = 0;
    let stopped = link.discover_patiently(&Patience::default(), &mut |_| {
        attempts += 1;
        if attempts < 3 { Answer::GoOn } else { Answer::Stop }
    });
    assert!(matches!(stopped, Err(ProvisionError::Cancelled { .. })), "{stopped:?}");
    assert_eq!(link.transcript().exchanges.len(), 2);
}

#[test]
fn it_ends_when_its_time_is_over() {
    let bench = Bench::new(456);
    let mut link = Link::to_virtual_board(&bench.board, &impatient());
    let patience = Patience { whole: Duration::from_millis(100), ..patience(&[way(Approach::HotPlug, 0); 100], 0) };
    let error = link.discover_patiently(&patience, &mut |_| Answer::GoOn).unwrap_err();
    assert!(error.to_string().contains("attempts"), "{error}");
    assert!(link.transcript().exchanges.len() < 10);
}
