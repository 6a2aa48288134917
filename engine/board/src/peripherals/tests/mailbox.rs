//! A mailbox word that goes wrong: lost, doubled or changed, once, where it was asked for.

use chip::mailbox::{DBG_AUTH_ACK, DBG_AUTH_DEV, DBG_AUTH_HOST, DEV_ACK, HOST_ACK};
use chip::registers::DBGMCU;

use super::Chip;
use crate::fault::{MailboxDirection, MailboxFault, MailboxFaultKind};

fn disturbed(direction: MailboxDirection, after_words: u32, kind: MailboxFaultKind) -> Chip {
    let mut chip = Chip::new();
    chip.units.disturb_mailbox(MailboxFault { direction, after_words, kind });
    chip
}

/// Sends a word in a direction; what arrives, if anything.
fn pass(chip: &mut Chip, direction: MailboxDirection, word: u32) -> Option<u32> {
    match direction {
        MailboxDirection::ToChip => {
            chip.units.dbgmcu_write_host(DBG_AUTH_HOST, word);
            let waits = chip.read(DBGMCU + DBG_AUTH_ACK) & HOST_ACK != 0;
            waits.then(|| chip.read(DBGMCU + DBG_AUTH_HOST))
        }
        MailboxDirection::ToHost => {
            chip.write(DBGMCU + DBG_AUTH_DEV, word);
            let waits = chip.units.dbgmcu_read_host(DBG_AUTH_ACK) & DEV_ACK != 0;
            waits.then(|| chip.units.dbgmcu_read_host(DBG_AUTH_DEV))
        }
    }
}

const DIRECTIONS: [MailboxDirection; 2] = [MailboxDirection::ToChip, MailboxDirection::ToHost];

#[test]
fn the_word_that_was_asked_for_is_lost_and_no_other() {
    for direction in DIRECTIONS {
        let mut chip = disturbed(direction, 2, MailboxFaultKind::Drop);
        let arrived: Vec<Option<u32>> = (1..=5).map(|word| pass(&mut chip, direction, word)).collect();
        assert_eq!(arrived, [Some(1), Some(2), None, Some(4), Some(5)]);
        assert!(!chip.units.mailbox_fault_is_due());
    }
}

#[test]
fn a_doubled_word_waits_once_more_after_it_was_read() {
    for direction in DIRECTIONS {
        let mut chip = disturbed(direction, 0, MailboxFaultKind::Repeat);
        assert_eq!(pass(&mut chip, direction, 7), Some(7));
        let (flags, read): (u32, u32) = match direction {
            MailboxDirection::ToChip => (chip.read(DBGMCU + DBG_AUTH_ACK), chip.read(DBGMCU + DBG_AUTH_HOST)),
            MailboxDirection::ToHost => {
                (chip.units.dbgmcu_read_host(DBG_AUTH_ACK), chip.units.dbgmcu_read_host(DBG_AUTH_DEV))
            }
        };
        assert_ne!(flags, 0);
        assert_eq!(read, 7);
        assert_eq!(chip.read(DBGMCU + DBG_AUTH_ACK), 0, "but not twice more");
        assert_eq!(pass(&mut chip, direction, 8), Some(8));
        assert_eq!(chip.read(DBGMCU + DBG_AUTH_ACK), 0);
    }
}

#[test]
fn a_changed_word_arrives_with_its_mask() {
    for direction in DIRECTIONS {
        let mut chip = disturbed(direction, 1, MailboxFaultKind::Corrupt(0x8000_0001));
        let arrived: Vec<Option<u32>> = [0; 3].map(|word| pass(&mut chip, direction, word)).into();
        assert_eq!(arrived, [Some(0), Some(0x8000_0001), Some(0)]);
    }
}

#[test]
fn words_of_the_other_direction_are_not_counted() {
    let mut chip = disturbed(MailboxDirection::ToHost, 0, MailboxFaultKind::Drop);
    assert_eq!(pass(&mut chip, MailboxDirection::ToChip, 1), Some(1));
    assert!(chip.units.mailbox_fault_is_due());
    assert_eq!(pass(&mut chip, MailboxDirection::ToHost, 1), None);
}
