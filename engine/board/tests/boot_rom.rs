//! The ROM and the loader as they ship, running on the board: what each product state does, what RSSLIB does, and a
//! whole life from OPEN to the application, with the objects and the image that ST published as input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(unreachable_pub, clippy::print_stderr)]

mod boot_rom_rig;

use board::{NonVolatile, PowerCut};
use boot_rom_rig::{DOWNLOAD, Ended, Rig, closed, factory, vectors};
use chip::loader::IMAGE_MAGIC;
use chip::trace::{Check, Event, Stage, Stop};
use chip::{Destination, mailbox, rsslib};

const SLOT: u32 = 0x2_0000;

#[test]
fn an_open_board_opens_debug_at_level_3_and_sleeps_on_empty_flash() {
    let mut rig = Rig::new(factory());
    rig.settle();
    let access = rig.board.peripherals.debug_access();
    assert!(access.core_port_open && access.debug_open);
    assert_eq!(rig.board.peripherals.level(), 3);
    assert!(rig.said(Stage::Rss, Event::OpensDebug, 3));
    assert_eq!(rig.read(0x2000_8000), 0, "the ROM's stack is in RAM that it wiped or never used");
}

#[test]
fn an_open_board_starts_what_user_flash_holds() {
    let mut state = factory();
    // Stack, entry; then: say 0x5A on the first word of AXI SRAM and loop.
    let program: [u32; 6] = [0x2000_4000, 0x0800_0009, 0x205A_2124, 0x7008_0609, 0xE7FE_E7FE, 0];
    for (index, word) in program.iter().enumerate() {
        state.user_flash[index * 4..index * 4 + 4].copy_from_slice(&word.to_le_bytes());
    }
    let mut rig = Rig::new(state);
    rig.run(1_000_000);
    assert!(rig.said(Stage::Rss, Event::StartsUserFlash, 3));
    assert_eq!(rig.read(0x2400_0000) & 0xFF, 0x5A);
}

#[test]
fn the_table_of_rsslib_points_into_the_rom() {
    let mut rig = Rig::new(factory());
    rig.settle();
    for slot in (rsslib::TABLE..rsslib::TABLE + rsslib::TABLE_SIZE).step_by(4) {
        let function = rig.read(slot);
        assert!(chip::memory_map::SYSTEM_FLASH.contains(function) && function & 1 == 1, "{slot:#x}: {function:#x}");
    }
}

#[test]
fn open_accepts_only_provisioning_and_no_objects() {
    let mut rig = Rig::new(factory());
    rig.halt();
    assert_eq!(rig.call(rsslib::GET_PRODUCT_STATE, &[]), Ended::Returned(0x39));
    assert!(
        matches!(rig.call(rsslib::SET_PRODUCT_STATE, &[0x72]), Ended::Returned(status) if status != rsslib::SUCCESS)
    );
    assert!(
        matches!(rig.call(rsslib::SET_PRODUCT_STATE, &[0x39]), Ended::Returned(status) if status != rsslib::SUCCESS)
    );
    let object = lock_object();
    assert!(matches!(rig.provision(&object), Ended::Returned(status) if status != rsslib::SUCCESS));
    assert_eq!(rig.call(rsslib::SET_PRODUCT_STATE, &[0x17]), Ended::Reset);
    assert_eq!(rig.call(rsslib::GET_RSS_STATUS, &[]), Ended::Returned(rsslib::SUCCESS));
    assert_eq!(rig.call(rsslib::GET_PRODUCT_STATE, &[]), Ended::Returned(0x17));
    assert_eq!(rig.board.peripherals.level(), 0);
}

#[test]
fn secure_option_bytes_take_only_their_three_addresses() {
    let mut rig = Rig::new(factory());
    rig.halt();
    let refused = rig.call(rsslib::SET_SEC_OB, &[0x5200_2230, 0x3FF, 0xFF, 0]);
    assert!(matches!(refused, Ended::Returned(status) if status != rsslib::SUCCESS));
    assert_eq!(rig.call(rsslib::SET_SEC_OB, &[0x5200_221C, 0xFF, 0xF8, 0]), Ended::Reset);
    assert_eq!(rig.call(rsslib::GET_RSS_STATUS, &[]), Ended::Returned(rsslib::SUCCESS));
    assert_eq!(rig.read(0x5200_2218) & 0xFF, 0xF8);
}

#[test]
fn a_wrong_checksum_is_refused_and_stores_nothing() {
    let mut rig = Rig::new(factory());
    rig.halt();
    assert_eq!(rig.call(rsslib::SET_PRODUCT_STATE, &[0x17]), Ended::Reset);
    let object = lock_object();
    assert_eq!(rig.provision_with(&object, |crc| crc ^ 1), Ended::Returned(rsslib::ERROR_CRC));
    assert_eq!(rig.call(rsslib::GET_RSS_STATUS, &[]), Ended::Returned(rsslib::ERROR_CRC));
    assert!(rig.board.snapshot().keys.iter().flatten().all(Option::is_none));
}

#[test]
fn a_lock_object_and_closed_make_a_locked_board() {
    let mut rig = Rig::new(factory());
    rig.halt();
    assert_eq!(rig.call(rsslib::SET_PRODUCT_STATE, &[0x17]), Ended::Reset);
    assert_eq!(rig.provision(&lock_object()), Ended::Reset);
    assert_eq!(rig.call(rsslib::GET_RSS_STATUS, &[]), Ended::Returned(rsslib::SUCCESS));
    assert_eq!(rig.call_once(rsslib::SET_PRODUCT_STATE, &[0x72]), Ended::Gone);
    assert!(rig.said(Stage::Rss, Event::State, 0x5C));
    assert!(!rig.board.peripherals.debug_access().core_port_open);
}

#[test]
fn objects_are_stored_encrypted() {
    let mut rig = Rig::new(factory());
    rig.halt();
    assert_eq!(rig.call(rsslib::SET_PRODUCT_STATE, &[0x17]), Ended::Reset);
    assert_eq!(rig.provision(&lock_object()), Ended::Reset);
    let stored = rig.board.snapshot().keys[0][8].unwrap();
    assert_ne!(&stored.data[..], &lock_object()[12..44]);
}

#[test]
fn a_closed_board_without_objects_runs_nothing_and_answers_discovery() {
    let mut state = factory();
    state.options.nvsr = 0x51;
    state.options.rotsr = 0xB400_51B4;
    let mut rig = Rig::new(state);
    rig.settle();
    assert!(rig.said(Stage::Stirot, Event::Stopped, Stop::NoConfiguration as u16));
    assert!(!rig.board.peripherals.debug_access().core_port_open);

    let values = rig.discover();
    let value = |tag: u16| values.iter().find(|(found, _)| *found == tag).map(|(_, value)| value.clone()).unwrap();
    assert_eq!(value(mailbox::tag::LIFECYCLE)[0], 0x72);
    assert_eq!(value(mailbox::tag::PASSWORD_OR_INTEGRITY), rsslib::ERROR.to_le_bytes());
    assert_eq!(&value(mailbox::tag::SOC_ID)[4..], &rig.board.snapshot().uid);
    assert!(rig.said(Stage::Rss, Event::SessionClosed, 0));
    rig.settle();
    assert!(rig.said(Stage::Stirot, Event::Stopped, Stop::NoConfiguration as u16));
}

#[test]
fn an_unknown_life_cycle_code_is_as_closed_as_can_be() {
    let mut state = factory();
    state.options.nvsr = 0x33;
    let mut rig = Rig::new(state);
    rig.settle();
    assert!(rig.said(Stage::Rss, Event::State, 0x5C));
    assert!(!rig.board.peripherals.debug_access().core_port_open);
}

#[test]
fn a_download_is_installed_and_started_and_started_again() {
    let Some(mut rig) = closed() else { return };
    rig.run_until(|rig| rig.said(Stage::Stirot, Event::StartsApplication, 2));
    // The level rises behind the word, once the stack is wiped.
    rig.run(50_000);
    for event in [Event::LoadedDownload, Event::Installed, Event::DownloadErased, Event::LoadedInstallation] {
        assert!(rig.heard(Stage::Iloader, event), "{event:?}");
    }
    assert!(rig.said(Stage::Stirot, Event::UpdateSave, 0));
    assert!(rig.heard(Stage::Stirot, Event::CounterStored));
    // What lies in the NOR is neither the plain image nor the download; the download slot is empty.
    assert_ne!(rig.nor(0, 4), IMAGE_MAGIC.to_le_bytes());
    assert_eq!(rig.nor(DOWNLOAD, SLOT as usize), vec![0xFF; SLOT as usize]);
    assert_eq!(rig.board.peripherals.level(), 2);

    rig.forget();
    rig.board.reset(board::ResetCause::Pin);
    rig.run_until(|rig| rig.said(Stage::Stirot, Event::StartsApplication, 2));
    assert!(rig.heard(Stage::Iloader, Event::LoadedInstallation));
    assert!(!rig.heard(Stage::Stirot, Event::UpdateSave));
    assert!(!rig.heard(Stage::Stirot, Event::CounterStored), "an equal counter writes nothing");
}

#[test]
fn a_rejected_download_leaves_the_installed_image_booting() {
    let Some(mut rig) = closed() else { return };
    rig.run_until(|rig| rig.said(Stage::Stirot, Event::StartsApplication, 2));
    let installed = rig.nor(0, SLOT as usize);
    // Damage in the payload, in the signature's place, in the header.
    for offset in [0x1000, 0x14] {
        let mut image = vectors().unwrap().image;
        image[offset] ^= 1;
        rig.forget();
        rig.program_nor(DOWNLOAD, &image);
        rig.board.reset(board::ResetCause::Pin);
        rig.run_until(|rig| rig.said(Stage::Stirot, Event::StartsApplication, 2));
        assert!(rig.said(Stage::Stirot, Event::Failed, Check::Hash as u16));
        assert!(rig.heard(Stage::Stirot, Event::UpdateErase));
        assert!(rig.heard(Stage::Iloader, Event::DownloadErased));
        assert_eq!(rig.nor(0, SLOT as usize), installed);
    }
}

#[test]
fn a_damaged_installed_image_is_not_started() {
    let Some(mut rig) = closed() else { return };
    rig.run_until(|rig| rig.said(Stage::Stirot, Event::StartsApplication, 2));
    let mut byte = rig.nor(0x900, 1);
    byte[0] ^= 0x10;
    rig.program_nor(0x900, &byte);
    rig.forget();
    rig.board.reset(board::ResetCause::Pin);
    rig.settle();
    assert!(rig.said(Stage::Stirot, Event::Stopped, Stop::ImageRefused as u16));
    assert!(!rig.heard(Stage::Stirot, Event::StartsApplication));
}

#[test]
fn no_image_anywhere_stops_and_says_so() {
    let Some(mut rig) = closed() else { return };
    rig.program_nor(DOWNLOAD, &[0xFF; 4]);
    rig.board.reset(board::ResetCause::Pin);
    rig.settle();
    assert!(rig.said(Stage::Stirot, Event::Stopped, Stop::NothingFound as u16));
}

#[test]
fn power_may_go_at_any_write_of_an_installation() {
    let Some(rig) = closed() else { return };
    let start = rig.board.snapshot();
    let mut rig = Rig::new(start.clone());
    rig.run_until(|rig| rig.said(Stage::Stirot, Event::StartsApplication, 2));
    let writes = rig.board.peripherals.nonvolatile_writes();
    assert!(writes > 500, "{writes}");
    // A spread of moments, among them the first and the last; each cut tears its write.
    for step in 0..7 {
        let cut = PowerCut { after_writes: (writes - 1) * step / 6, tears: true };
        let mut rig = Rig::new(start.clone());
        rig.board.peripherals.arm_power_cut(cut);
        rig.run_until(|rig| rig.board.peripherals.power_is_gone());
        let torn: NonVolatile = rig.board.snapshot();
        let mut rig = Rig::new(torn);
        rig.run_until(|rig| rig.said(Stage::Stirot, Event::StartsApplication, 2));
        assert_eq!(rig.nor(DOWNLOAD, SLOT as usize), vec![0xFF; SLOT as usize], "cut after {}", cut.after_writes);
    }
}

#[test]
fn a_loader_finds_the_nor_in_whatever_language_it_was_left() {
    let Some(mut rig) = closed() else { return };
    for octal in [1, 2] {
        rig.speak_octal(octal);
        rig.forget();
        rig.board.reset(board::ResetCause::Pin);
        rig.run_until(|rig| rig.said(Stage::Stirot, Event::StartsApplication, 2));
        assert!(!rig.heard(Stage::Iloader, Event::LoaderError), "octal mode {octal}");
    }
}

#[test]
fn the_loader_refuses_what_breaks_the_contract() {
    const LOAD: u32 = chip::loader::OPERATION_LOAD;
    const UPDATE: u32 = chip::loader::OPERATION_UPDATE;
    let good = [LOAD, 0, 0x2400_0000, 0x2_0000, 0, 0, 0x9000_0000, 0x9002_0000, 0];
    let broken: [(usize, u32); 9] = [
        (0, 0x1234),
        (0, UPDATE),
        (2, 0x2406_0000),
        (2, 0x2000_0000),
        (3, 0),
        (3, 0x800),
        (6, 0x7000_0000),
        (7, 0x9001_0000),
        (7, 0x9002_0100),
    ];
    for (word, value) in broken {
        let mut request = good;
        request[word] = value;
        assert_eq!(run_loader(&request), Some(1), "word {word} = {value:#x}");
    }
    let mut request = good;
    request[0] = UPDATE;
    for sub_operations in [0, 4, 0x10, 3 | 8] {
        request[1] = sub_operations;
        assert_eq!(run_loader(&request), Some(1), "sub-operations {sub_operations:#x}");
    }
    assert_eq!(run_loader(&good), None);
}

#[test]
fn the_loader_saves_nothing_while_the_cipher_engine_can_still_be_changed() {
    let request = [chip::loader::OPERATION_UPDATE, 1, 0x2400_0000, 0x2_0000, 0, 0, 0x9000_0000, 0x9002_0000, 0];
    assert_eq!(run_loader(&request), Some(7));
}

/// The last instructions before STiRoT says no, and those with which it goes to sleep: where a glitch would be aimed.
#[test]
fn one_skipped_instruction_does_not_start_a_refused_image() {
    let Some((state, said)) = refused(0x900) else { return };
    for moment in said - 350..said + 60 {
        skip_one(&state, moment);
    }
}

/// Every instruction of the ROM's own that the refusal of a wrong signature executes, each skipped the first time.
#[test]
#[ignore = "takes minutes"]
fn no_skipped_instruction_starts_an_image_with_a_wrong_signature() {
    let Some(image) = vectors().map(|vectors| vectors.image) else { return };
    // A whole cipher block inside the signature's first number: it stays well formed.
    let signature = image.windows(4).rposition(|bytes| bytes[..2] == [0x22, 0] && bytes[3] == 0).unwrap();
    let Some((state, said)) = refused((signature + 10).next_multiple_of(16) as u32) else { return };
    let mut rig = Rig::new(state.clone());
    rig.run_until(|rig| rig.heard(Stage::Iloader, Event::LoadedInstallation));
    assert!(!rig.said(Stage::Stirot, Event::Failed, Check::Sizes as u16));
    let mut seen = std::collections::HashMap::new();
    while rig.board.now() < said + 60 {
        let address = rig.board.register(board::CoreRegister::Pc);
        if chip::memory_map::SYSTEM_FLASH.contains(address) {
            seen.entry(address).or_insert(rig.board.now());
        }
        rig.run(1);
    }
    let part: usize = std::env::var("STIROT_SKIP_PART").map_or(1, |part| part.parse().unwrap());
    let mut moments: Vec<u64> = seen.into_values().collect();
    moments.sort_unstable();
    eprintln!("{} instructions, each {part}th", moments.len());
    for moment in moments.into_iter().step_by(part) {
        skip_one(&state, moment);
    }
}

/// A board whose installed image has one bit flipped, and the moment at which STiRoT says that it refuses it.
fn refused(offset: u32) -> Option<(NonVolatile, u64)> {
    let mut rig = closed()?;
    rig.run_until(|rig| rig.said(Stage::Stirot, Event::StartsApplication, 2));
    // One bit in the NOR is a garbled cipher block in RAM.
    let mut byte = rig.nor(offset, 1);
    byte[0] ^= 1;
    rig.program_nor(offset, &byte);
    let state = rig.board.snapshot();
    let mut rig = Rig::new(state.clone());
    rig.settle();
    assert!(rig.said(Stage::Stirot, Event::Stopped, Stop::ImageRefused as u16));
    Some((state, rig.moment(Stage::Stirot, Event::Stopped)))
}

fn skip_one(state: &NonVolatile, moment: u64) {
    let mut rig = Rig::new(state.clone());
    let mut left = moment;
    while left > 0 {
        rig.run(left);
        left = moment.saturating_sub(rig.board.now());
    }
    let address = rig.board.register(board::CoreRegister::Pc);
    rig.skip();
    rig.run(40_000_000);
    assert!(!rig.heard(Stage::Stirot, Event::StartsApplication), "skipped {address:#010x} at {moment}");
    let now = rig.board.register(board::CoreRegister::Pc);
    assert!(!chip::memory_map::AXI_SRAM.contains(now), "skipped {address:#010x} at {moment}: runs at {now:#010x}");
}

/// Runs the loader on an OPEN board as STiRoT would start it. The answer is where it failed, if it did.
fn run_loader(request: &[u32]) -> Option<u16> {
    let mut rig = Rig::new(factory());
    rig.halt();
    let loader = include_bytes!("../../../assets/firmware/iloader.bin");
    let mut state = rig.board.snapshot();
    state.user_flash[..loader.len()].copy_from_slice(loader);
    let mut rig = Rig::new(state);
    rig.halt();
    for (address, word) in (chip::loader::SHARED_STRUCTURE..).step_by(4).zip(request) {
        rig.write(address, *word);
    }
    rig.write(0x2400_0000, IMAGE_MAGIC);
    // What the ROM itself started from flash meanwhile found no request.
    rig.forget();
    rig.start(0x0800_0000);
    assert!(rig.heard(Stage::Iloader, Event::Entered) || rig.heard(Stage::Iloader, Event::LoaderError));
    rig.detail(Stage::Iloader, Event::LoaderError)
}

#[test]
fn the_application_says_what_it_is_and_answers_its_menu() {
    let appli = include_bytes!("../../../assets/firmware/appli.bin");
    let mut rig = Rig::new(factory());
    rig.halt();
    // A header of version 3.1.4 in front of it, and its protected TLVs behind.
    let size = appli.len().next_multiple_of(16) as u32;
    let header = [IMAGE_MAGIC, 0, 0x000C_0400, size, 2, 0x0004_0103, 0, 0];
    for (index, word) in (0..).zip(header) {
        rig.write(0x2400_0000 + 4 * index, word);
    }
    for (index, bytes) in (0..).zip(appli.chunks(4)) {
        let mut word = [0; 4];
        word[..bytes.len()].copy_from_slice(bytes);
        rig.write(0x2400_0400 + 4 * index, u32::from_le_bytes(word));
    }
    for (index, word) in (0..).zip([0x000C_6908, 0x0004_0050, 0x0301_0004]) {
        rig.write(0x2400_0400 + size + 4 * index, word);
    }
    rig.start(0x2400_0400);
    let banner = rig.console();
    for text in ["STiRoT demo application", "3.1.4", "0x03010004", "HDPL             3", "0x24000400", "?  this menu"] {
        assert!(banner.contains(text), "{text} in {banner}");
    }
    assert!(rig.type_in("2").contains("reset by         power-on brown-out pin"));
    assert!(rig.type_in("1").contains("running at       0x24000400"));
    assert!(rig.type_in("x").contains("not on the menu"));
}

fn lock_object() -> Vec<u8> {
    let mut object = Vec::new();
    for word in [Destination::DA_LOCK.0, 0x20, 1] {
        object.extend(word.to_le_bytes());
    }
    object.extend(b"STDALOCKMGC");
    object.resize(12 + 0x20, 0xFF);
    object
}
