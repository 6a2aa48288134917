//! Calls into the ROM's library on the halted core, and how far a debugger gets in each product state. The ROM is the
//! real one of the virtual board, as machine code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::path::Path;

use board::{BoardFile, NonVolatile};
use chip::memory_map::AXI_SRAM3;
use chip::option_bytes::{DebugAuthentication, IROT_SELECT_OEM, IROT_SELECT_SHIFT, NVSTATE_CLOSE, OEM_PROVISIONED};
use chip::{Destination, ProductState, rsslib};
use formats::da::{Password, password_object};
use formats::{DebugCredential, Encryption, ObkFile, Secret};
use provision::{
    Climb, LeaveOpen, Link, OptionByteChange, OptionWord, ProvisionError, ProvisioningChecksum, RssOutcome, Sendable,
    SiliconOptions, VirtualBoard, VirtualOptions,
};

const WRPSRP: u32 = 0x5200_221C;
const SUCCESS: RssOutcome = RssOutcome::Accepted { status: rsslib::SUCCESS };

fn board(folder: &Path) -> VirtualBoard {
    VirtualBoard::create_with(&folder.join("one.board"), Some(1), VirtualOptions::default()).unwrap()
}

fn link(board: &VirtualBoard) -> Link {
    Link::to_virtual_board(board, &SiliconOptions::default())
}

fn climb_to_provisioning(link: &mut Link) {
    let password = Password::new(Secret::new("correct horse".to_owned())).unwrap();
    let object = password_object(&password);
    let credential = DebugCredential::Password(password);
    let climb = Climb::to_provisioning(LeaveOpen::with_way_back(&credential, &object).unwrap());
    assert_eq!(link.set_product_state(climb).unwrap(), SUCCESS);
}

/// An object that only has the form of one for debug authentication.
fn object() -> ObkFile {
    ObkFile {
        destination: Destination::DA_PASSWORD,
        encryption: Encryption::Encrypted,
        body: Secret::new(support::noise(9, 0x60)),
    }
}

#[test]
fn the_core_is_halted_through_a_reset_in_open_and_in_provisioning() {
    let folder = tempfile::tempdir().unwrap();
    let board = board(folder.path());
    let mut link = link(&board);
    link.halt_through_reset().unwrap();
    let survey = link.survey().unwrap();
    assert_eq!((survey.product_state, survey.hdpl), (Some(ProductState::Open), Some(3)));

    climb_to_provisioning(&mut link);
    link.halt_through_reset().unwrap();
    assert!(board.look(board::Board::is_halted));
    let survey = link.survey().unwrap();
    assert_eq!((survey.product_state, survey.hdpl), (Some(ProductState::Provisioning), Some(0)));
    assert_eq!(link.rss_product_state().unwrap(), Some(ProductState::Provisioning));
}

#[test]
fn a_closed_board_refuses_the_core_and_answers_discovery() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("closed.board");
    let mut state = NonVolatile::new(Some(2), provision::ROM).unwrap();
    state.options.nvsr = u32::from(NVSTATE_CLOSE);
    state.options.rotsr = u32::from(IROT_SELECT_OEM) << IROT_SELECT_SHIFT
        | u32::from(DebugAuthentication::Password.code()) << 8
        | u32::from(OEM_PROVISIONED);
    drop(BoardFile::create(&path, &state).unwrap());
    let board = VirtualBoard::open(&path, VirtualOptions::default()).unwrap();
    let mut link = link(&board);
    assert!(matches!(link.halt_through_reset(), Err(ProvisionError::PortShut { .. })));
    assert!(matches!(link.read_word(0x2400_0000), Err(ProvisionError::PortShut { .. })));
    let survey = link.survey().unwrap();
    assert!(!survey.core_in_reach);
    assert_eq!(survey.product_state, Some(ProductState::Closed));
    assert_eq!(survey.uid, Some(state.uid));
    assert_eq!(survey.option_bytes, None);
}

#[test]
fn an_open_board_does_not_answer_discovery() {
    let folder = tempfile::tempdir().unwrap();
    let board = board(folder.path());
    let error = link(&board).discover().unwrap_err();
    assert!(matches!(error, ProvisionError::Discovery { .. }), "{error}");
}

#[test]
fn protected_option_bytes_are_set_through_the_library_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let board = board(folder.path());
    let mut link = link(&board);
    climb_to_provisioning(&mut link);
    assert_eq!(link.set_sec_ob(WRPSRP, 0xFF, 0xF8, 0).unwrap(), SUCCESS);
    assert_eq!(link.option_bytes().unwrap().wrpsr & 0xFF, 0xF8);
    // Another option word is not even asked for, and nothing changes.
    let refused = link.set_sec_ob(0x5200_2264, 0xFF, 0, 0);
    assert!(matches!(refused, Err(ProvisionError::Internal { .. })), "{refused:?}");
    assert_eq!(link.option_bytes().unwrap().wrpsr & 0xFF, 0xF8);
}

#[test]
fn product_state_and_method_are_no_option_that_could_be_set_past_a_climb() {
    let folder = tempfile::tempdir().unwrap();
    let board = board(folder.path());
    let mut link = link(&board);
    climb_to_provisioning(&mut link);
    let before = link.option_bytes().unwrap();
    for mask in [0xFF, 0xFF00, 0xFFFF_FFFF, 0xFF00_0001] {
        let refused = link.set_sec_ob(0x5200_220C, mask, 0xB4B4, 0);
        assert!(matches!(refused, Err(ProvisionError::Internal { .. })), "{mask:#x}: {refused:?}");
    }
    assert_eq!(link.option_bytes().unwrap(), before);
}

#[test]
fn memory_option_bytes_are_programmed_directly_and_loaded_by_a_reset() {
    let folder = tempfile::tempdir().unwrap();
    let board = board(folder.path());
    let mut link = link(&board);
    let ecc = chip::option_bytes::obw2::ECC_ON_SRAM;
    let change = OptionByteChange { word: OptionWord::Obw2, mask: ecc, value: ecc };
    let before = link.option_bytes().unwrap();
    link.program_option_bytes(&[change]).unwrap();
    let after = link.option_bytes().unwrap();
    assert_eq!(after.obw2sr, before.obw2sr | ecc);
    assert_eq!((after.obw1sr, after.rotsr, after.nvsr), (before.obw1sr, before.rotsr, before.nvsr));
}

#[test]
fn an_object_is_stored_and_leaves_no_trace_in_memory() {
    let folder = tempfile::tempdir().unwrap();
    let board = board(folder.path());
    let mut link = link(&board);
    climb_to_provisioning(&mut link);
    let object = object();
    assert_eq!(link.data_provisioning(Sendable::reversible(&object).unwrap()).unwrap(), SUCCESS);
    assert!(board.look(|board| board.snapshot().keys.iter().flatten().any(Option::is_some)), "keys were stored");
    let mut ram = vec![0; AXI_SRAM3.size as usize];
    board.look(|board| board.memory.read(AXI_SRAM3.start, &mut ram)).unwrap();
    assert!(!ram.windows(8).any(|span| span == &object.body[..8]), "the object is still in memory");
}

#[test]
fn an_object_with_a_wrong_checksum_is_refused_and_wiped_too() {
    let folder = tempfile::tempdir().unwrap();
    let board = board(folder.path());
    let mut link = link(&board);
    climb_to_provisioning(&mut link);
    drop(link);
    let options = SiliconOptions { checksum: ProvisioningChecksum::Zlib, ..SiliconOptions::default() };
    let mut link = Link::to_virtual_board(&board, &options);
    let object = object();
    let outcome = link.data_provisioning(Sendable::reversible(&object).unwrap()).unwrap();
    assert_eq!(outcome, RssOutcome::Refused { status: rsslib::ERROR_CRC });
    let mut ram = vec![0; AXI_SRAM3.size as usize];
    board.look(|board| board.memory.read(AXI_SRAM3.start, &mut ram)).unwrap();
    assert!(!ram.windows(8).any(|span| span == &object.body[..8]), "the object is still in memory");
}

#[test]
fn a_stored_object_survives_the_power() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.board");
    let board = board(folder.path());
    let mut link = link(&board);
    climb_to_provisioning(&mut link);
    link.data_provisioning(Sendable::reversible(&object()).unwrap()).unwrap();
    drop(link);
    let keys = board.look(|board| board.snapshot().keys);
    board.power_off().unwrap();
    let board = VirtualBoard::open(&path, VirtualOptions::default()).unwrap();
    assert!(board.look(|board| board.snapshot().keys) == keys);
}
