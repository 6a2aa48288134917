//! The second boot stage as it ships, on the board: it installs the application and starts it where its layout says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(unreachable_pub, dead_code, clippy::print_stderr)]

mod boot_rom_rig;
mod oemurot_rig;

use std::collections::HashSet;

use board::{CoreRegister, NonVolatile};
use boot_rom_rig::Rig;
use chip::second_stage::{AREA, PROGRAM_LIMIT};
use chip::trace::{Check, Event, Stage, Stop, SubjectPlace};
use formats::second_stage_layout::{ApplicationRun, ConsoleLines, SecondStageLayout};
use oemurot_rig::{
    JUMP, LOAD, OEMUROT, Recipe, STORE, application, boot, change_header, closed_with, data, flip, is_erased, judged,
    probe, run_probe, second_stage_image, started, stopped, stored, vector, with_application, with_data,
    with_second_stage, write,
};

fn installs_and_starts(run: ApplicationRun) {
    let layout = SecondStageLayout::for_run(run);
    let mut rig = Rig::new(with_second_stage(&layout));
    let recipe = Recipe::demo(&layout, "1.2.3");
    write(&mut rig.board, layout.application.download, &recipe.slot());
    boot(&mut rig);
    let console = rig.console();
    assert!(started(&mut rig), "{:?}\n{console}", rig.heard);
    for line in [
        "version          1.2.3".into(),
        "security counter 0x01020003".into(),
        "HDPL             3".into(),
        format!("running at       {:#010x}", layout.code_address()),
    ] {
        assert!(console.contains(&line), "{line} in {console}");
    }
    let places = layout.application;
    assert!(is_erased(&mut rig.board, places.download, places.slot_size));
    let kept = stored(&mut rig.board, places.installation, places.slot_size);
    let plain: HashSet<&[u8]> = recipe.payload.windows(16).collect();
    assert!(!kept.windows(16).any(|run| run.iter().any(|byte| *byte != run[0]) && plain.contains(run)));
}

#[test]
fn the_application_is_installed_and_runs_in_place() {
    installs_and_starts(ApplicationRun::InPlace);
}

#[test]
fn the_application_is_installed_and_runs_from_internal_ram() {
    installs_and_starts(ApplicationRun::InternalRam);
}

#[test]
fn the_application_is_installed_and_runs_from_external_ram() {
    installs_and_starts(ApplicationRun::ExternalRam);
}

#[test]
fn the_program_that_ships_has_the_layout_in_place_and_fits_its_limit() {
    let layout = SecondStageLayout::find(OEMUROT).unwrap().unwrap();
    assert_eq!(layout, SecondStageLayout::for_run(ApplicationRun::InPlace));
    assert!(OEMUROT.len() <= PROGRAM_LIMIT as usize, "{} bytes", OEMUROT.len());
}

#[test]
fn a_silent_layout_leaves_the_console_to_the_application() {
    let layout =
        SecondStageLayout { console: ConsoleLines::Silent, ..SecondStageLayout::for_run(ApplicationRun::InternalRam) };
    let mut rig = Rig::new(with_application(&layout, &Recipe::demo(&layout, "1.0.0")));
    boot(&mut rig);
    let console = rig.console();
    assert!(console.contains("version          1.0.0"), "{console}");
    assert!(!console.contains("oemurot"), "{console}");
}

#[test]
fn the_console_tells_one_line_for_each_decision() {
    let layout = SecondStageLayout::for_run(ApplicationRun::InPlace);
    let mut rig = Rig::new(with_application(&layout, &Recipe::demo(&layout, "1.0.0")));
    let mut image = Recipe::demo(&layout, "1.1.0").slot();
    image[0x600] ^= 1;
    write(&mut rig.board, layout.application.download, &image);
    boot(&mut rig);
    let console = rig.console();
    let lines: Vec<&str> = console.lines().filter(|line| line.starts_with("[oemurot] ")).collect();
    assert_eq!(
        lines,
        [
            "[oemurot] second boot stage, HDPL 2; the application runs in place, at 0x90000400",
            "[oemurot] application, download slot: check failed: hash",
            "[oemurot] application, download slot: refused",
            "[oemurot] download slot of application erased",
            "[oemurot] application 1.0.0: good, security counter 0x01000000",
            "[oemurot] starts 1.0.0 at 0x90000400, HDPL 3",
        ]
    );
}

#[test]
fn a_board_without_any_image_stops_asleep_and_says_so() {
    let layout = SecondStageLayout::for_run(ApplicationRun::InPlace);
    let mut rig = Rig::new(with_second_stage(&layout));
    boot(&mut rig);
    assert_eq!(stopped(&rig), Some(Stop::NoBootableImage));
    assert!(rig.said(Stage::Oemurot, Event::DownloadIgnored, 0));
    assert_eq!(judged(&rig), [(application(SubjectPlace::Installation), Some(Check::Magic))]);
    assert!(rig.console().contains("[oemurot] stopped, nothing runs: no bootable image"));
    // One boot, no reset: it doesn't turn in circles. A debugger's question is answered after the next reset.
    assert_eq!(rig.heard.iter().filter(|word| word.event == Event::SecondStageEntered).count(), 1);
    assert!(!rig.discover().is_empty());
}

#[test]
fn a_damaged_installed_image_is_not_started_in_any_setting() {
    for run in ApplicationRun::ALL {
        let layout = SecondStageLayout::for_run(run);
        let mut rig = Rig::new(with_application(&layout, &Recipe::demo(&layout, "1.0.0")));
        flip(&mut rig.board, layout.application.installation + 0x900);
        boot(&mut rig);
        assert!(!started(&mut rig));
        assert_eq!(stopped(&rig), Some(Stop::NoBootableImage));
        assert_eq!(judged(&rig), [(application(SubjectPlace::Installation), Some(Check::Hash))]);
    }
}

#[test]
fn missing_objects_and_a_broken_layout_stop_the_second_stage() {
    let layout = SecondStageLayout::for_run(ApplicationRun::InPlace);
    let all = [
        "da/Binary/DA_Config.obk",
        "stirot_oemurot/Binary/STiROT_Config.obk",
        "stirot_oemurot/Binary/STiROT_Data.obk",
        "stirot_oemurot/Binary/OEMuROT_Config.obk",
        "stirot_oemurot/Binary/OEMuROT_Data.obk",
    ]
    .map(vector);
    for (count, stop) in [(3, Stop::NoSecondConfiguration), (4, Stop::NoSecondData)] {
        let mut rig = Rig::new(closed_with(&layout, &all[..count]));
        rig.settle();
        assert_eq!(stopped(&rig), Some(stop));
    }
    // A layout whose run address is the other setting's can't be made by the studio: the word is changed in the program.
    let mut broken = layout;
    broken.application.run = 0x2402_0000;
    let mut program = OEMUROT.to_vec();
    program[SecondStageLayout::OFFSET..][..SecondStageLayout::SIZE].copy_from_slice(&broken.encode());
    let mut rig = Rig::new(with_second_stage(&layout));
    let image = oemurot_rig::second_stage_image_of(&program, "1.0.1");
    write(&mut rig.board, oemurot_rig::STIROT_DOWNLOAD, &image);
    boot(&mut rig);
    assert_eq!(stopped(&rig), Some(Stop::BadLayout));
    assert!(rig.said(Stage::Oemurot, Event::Failed, Check::Layout as u16));
}

/// What a program of the application's meets at an address.
fn ends_at(layout: &SecondStageLayout, state: &NonVolatile, access: u16, address: u32) -> u32 {
    let mut rig = Rig::new(state.clone());
    let payload = probe(layout.code_address(), access, address);
    let recipe = Recipe::new(&payload, "1.0.0", layout.application.slot_size);
    write(&mut rig.board, layout.application.download, &recipe.slot());
    run_probe(&mut rig) - layout.code_address()
}

#[test]
fn the_application_reaches_nothing_that_the_memory_protection_shuts() {
    const REACHED: u32 = 0x44;
    const FAULT: u32 = 0x4C;
    let layout = SecondStageLayout::for_run(ApplicationRun::InPlace);
    let state = with_second_stage(&layout);
    for (access, address, ends) in [
        (LOAD, 0x3000_4000, REACHED),
        (LOAD, 0x9000_0000, REACHED),
        (LOAD, AREA.start, FAULT),
        (STORE, AREA.last() - 3, FAULT),
        (JUMP, 0x2400_0401, FAULT),
        (STORE, 0x9000_0800, FAULT),
        (LOAD, layout.application.download, FAULT),
        (LOAD, 0x9041_0000, FAULT),
        (LOAD, 0x7000_0000, FAULT),
    ] {
        assert_eq!(ends_at(&layout, &state, access, address), ends, "{access:#x} at {address:#010x}");
    }
    let layout = SecondStageLayout::for_run(ApplicationRun::ExternalRam);
    let state = with_second_stage(&layout);
    for (access, address, ends) in [
        (LOAD, 0x7000_0000, REACHED),
        (STORE, 0x7000_0800, FAULT),
        (LOAD, 0x7020_0000, FAULT),
        (LOAD, 0x9000_0000, FAULT),
    ] {
        assert_eq!(ends_at(&layout, &state, access, address), ends, "{access:#x} at {address:#010x}");
    }
}

#[test]
fn nothing_of_the_second_stage_is_left_for_the_application() {
    let layout = SecondStageLayout::for_run(ApplicationRun::InternalRam);
    let mut rig = Rig::new(with_second_stage(&layout));
    let payload = probe(layout.code_address(), LOAD, 0x3000_4000);
    write(&mut rig.board, layout.application.download, &Recipe::new(&payload, "1.0.0", 0x2_0000).slot());
    run_probe(&mut rig);
    for (start, size) in [(AREA.start, AREA.size), (0x2000_0000, 0xFFC0)] {
        let mut bytes = vec![0; size as usize];
        rig.board.memory.read(start, &mut bytes).unwrap();
        assert!(bytes.iter().all(|byte| *byte == 0), "{start:#010x}");
    }
    for register in (2..12).map(CoreRegister::R) {
        assert_eq!(rig.board.register(register), 0, "{register:?}");
    }
    assert_eq!(rig.board.peripherals.level(), 3);
}

#[test]
fn a_data_image_is_wanted_where_the_layout_has_one_and_the_application_reads_it() {
    let layout = with_data(ApplicationRun::InternalRam);
    let places = layout.data.unwrap();
    let mut rig = Rig::new(with_second_stage(&layout));
    let payload = probe(layout.code_address(), LOAD, places.installation + 0x400);
    write(&mut rig.board, layout.application.download, &Recipe::new(&payload, "1.0.0", 0x2_0000).slot());
    boot(&mut rig);
    assert_eq!(stopped(&rig), Some(Stop::NoBootableImage), "the data image is missing");

    let parameters: Vec<u8> = (0x51..0x71).collect();
    write(&mut rig.board, places.download, &Recipe::new(&parameters, "2.0.0", places.slot_size).slot());
    rig.forget();
    rig.board.reset(board::ResetCause::Pin);
    run_probe(&mut rig);
    assert_eq!(rig.board.register(CoreRegister::R(1)), 0x5453_5251);
    assert!(is_erased(&mut rig.board, places.download, places.slot_size));
    let kept = stored(&mut rig.board, places.installation + 0x400, 32);
    assert_ne!(kept, parameters, "the data image lies encrypted in the flash");

    // An older one is refused and erased, the stored one stays.
    write(&mut rig.board, places.download, &Recipe::new(&parameters, "1.9.9", places.slot_size).slot());
    rig.forget();
    rig.board.reset(board::ResetCause::Pin);
    run_probe(&mut rig);
    assert!(judged(&rig).contains(&(data(SubjectPlace::Download), Some(Check::Counter))));
    assert!(rig.said(Stage::Oemurot, Event::DownloadErased, 1));
    assert_eq!(rig.board.register(CoreRegister::R(1)), 0x5453_5251);
}

#[test]
fn a_newer_second_stage_starts_the_same_application() {
    let layout = SecondStageLayout::for_run(ApplicationRun::InPlace);
    let mut rig = Rig::new(with_application(&layout, &Recipe::demo(&layout, "1.0.0")));
    write(&mut rig.board, oemurot_rig::STIROT_DOWNLOAD, &second_stage_image(&layout, "1.1.0"));
    boot(&mut rig);
    assert!(rig.heard(Stage::Stirot, Event::UpdateSave));
    assert!(started(&mut rig));
    // And an older one doesn't come back.
    write(&mut rig.board, oemurot_rig::STIROT_DOWNLOAD, &second_stage_image(&layout, "1.0.0"));
    boot(&mut rig);
    assert!(rig.said(Stage::Stirot, Event::Failed, Check::Counter as u16));
    assert!(started(&mut rig));
}

#[test]
fn a_program_whose_vectors_are_none_is_not_started() {
    let layout = SecondStageLayout::for_run(ApplicationRun::InPlace);
    let state = with_second_stage(&layout);
    let code = layout.code_address();
    // A stack in the second stage's memory, an entry outside of the image, an entry without the Thumb bit.
    for (stack, entry) in [(AREA.start + 0x8000, code + 0x41), (0x3000_7000, 0x2402_0001), (0x3000_7000, code + 0x40)] {
        let mut payload = probe(code, LOAD, 0);
        payload[..4].copy_from_slice(&stack.to_le_bytes());
        payload[4..8].copy_from_slice(&entry.to_le_bytes());
        let mut rig = Rig::new(state.clone());
        write(&mut rig.board, layout.application.download, &Recipe::new(&payload, "1.0.0", 0x20_0000).slot());
        rig.settle();
        assert!(!started(&mut rig));
        assert!(rig.said(Stage::Oemurot, Event::Failed, Check::Vectors as u16));
        assert_eq!(stopped(&rig), Some(Stop::NoBootableImage));
    }
}

#[test]
fn slots_of_no_power_of_two_are_opened_exactly() {
    let mut layout = SecondStageLayout::for_run(ApplicationRun::InPlace);
    layout.application.installation = 0x9000_1000;
    layout.application.run = 0x9000_1000;
    layout.application.slot_size = 0x1_3000;
    let state = with_second_stage(&layout);
    for (address, ends) in [(0x9000_0FFC, 0x4C), (0x9000_1000, 0x44), (0x9001_3FFC, 0x44), (0x9001_4000, 0x4C)] {
        assert_eq!(ends_at(&layout, &state, LOAD, address), ends, "{address:#010x}");
    }
    let mut image = Recipe::new(&[0x5A; 64], "1.0.0", 0x1_3000).slot();
    change_header(&mut image, |header| header.payload_size = 0x1_2C00);
    let mut rig = Rig::new(state);
    write(&mut rig.board, layout.application.download, &image);
    rig.settle();
    assert!(judged(&rig).contains(&(application(SubjectPlace::Download), Some(Check::Sizes))));
}
