//! What a glitch or another's flash does to the second boot stage beyond one bad image: answers of one slot that stand for
//! another's, a data image that is refused, keys in RAM where a reset finds them, a watchdog that nobody asked for.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(unreachable_pub, dead_code, clippy::print_stderr)]

mod boot_rom_rig;
mod oemurot_rig;

use std::collections::HashSet;

use board::CoreRegister;
use boot_rom_rig::Rig;
use chip::option_bytes::obw1;
use chip::trace::{Event, Stage, Stop, SubjectImage, SubjectPlace};
use formats::second_stage_layout::{ApplicationRun, SecondStageLayout};
use oemurot_rig::{
    Recipe, application, at_the_second_stage, boot, flip, moments, probe, run_probe, started, stopped, walk, with_data,
    with_second_stage, write,
};

const IN_PLACE: SecondStageLayout = SecondStageLayout::for_run(ApplicationRun::InPlace);

#[test]
fn what_was_found_of_a_download_is_no_answer_for_the_installation_slot() {
    let mut rig = Rig::new(with_second_stage(&IN_PLACE));
    write(&mut rig.board, IN_PLACE.application.download, &Recipe::demo(&IN_PLACE, "1.0.0").slot());
    let (mut rig, written) = at_the_second_stage(rig.board.snapshot(), Event::Installed);
    walk(&mut rig, written);
    // Who has the flash in hand changes both slots once the download was judged and installed.
    flip(&mut rig.board, IN_PLACE.application.installation + 0x900);
    flip(&mut rig.board, IN_PLACE.application.download + 0x900);
    let judges = |rig: &Rig| rig.said(Stage::Oemurot, Event::Judges, application(SubjectPlace::Installation).encode());
    let mut seen = HashSet::new();
    let mut tried = 0;
    // Then one instruction is skipped, up to the moment when the slot is judged, and a little later.
    let mut left = 60;
    while left > 0 {
        left -= u64::from(judges(&rig));
        if seen.insert(rig.board.register(CoreRegister::Pc)) {
            let mut skipped = Rig::around(rig.board.fork());
            let address = skipped.board.register(CoreRegister::Pc);
            skipped.skip();
            skipped.run(12_000_000);
            assert!(!started(&mut skipped), "skipped {address:#010x}");
            tried += 1;
        }
        rig.run(1);
    }
    assert!(tried > 100, "{tried}");
}

#[test]
fn no_skipped_instruction_starts_an_application_beside_a_damaged_data_image() {
    let layout = with_data(ApplicationRun::InternalRam);
    let places = layout.data.unwrap();
    let mut rig = Rig::new(with_second_stage(&layout));
    let payload = probe(layout.code_address(), oemurot_rig::LOAD, places.installation + 0x400);
    let slot_size = layout.application.slot_size;
    write(&mut rig.board, layout.application.download, &Recipe::new(&payload, "1.0.0", slot_size).slot());
    write(&mut rig.board, places.download, &Recipe::new(&[0x51; 64], "1.0.0", places.slot_size).slot());
    run_probe(&mut rig);
    flip(&mut rig.board, places.installation + 0x410);
    boot(&mut rig);
    assert_eq!(stopped(&rig), Some(Stop::NoBootableImage));

    let (mut rig, ends) = at_the_second_stage(rig.board.snapshot(), Event::Stopped);
    for moment in moments(rig.board.now(), ends, 20, 250) {
        walk(&mut rig, moment);
        let mut skipped = Rig::around(rig.board.fork());
        let address = skipped.board.register(CoreRegister::Pc);
        skipped.skip();
        skipped.run(20_000_000);
        assert!(!started(&mut skipped), "skipped {address:#010x} at {moment}");
    }
}

#[test]
fn the_stack_stays_where_the_rom_wipes_it_after_a_reset() {
    // A reset may come while keys stand on the stack, and the loader runs before this stage does again. What lies in the
    // DTCM's upper half is gone by then: it is the ROM's own stack.
    const LOWER_HALF: (u32, usize) = (0x2000_0000, 0x8000);
    const PATTERN: u8 = 0xA7;
    let layout = with_data(ApplicationRun::ExternalRam);
    let places = layout.data.unwrap();
    let mut rig = Rig::new(with_second_stage(&layout));
    write(&mut rig.board, layout.application.download, &Recipe::demo(&layout, "1.0.0").slot());
    write(&mut rig.board, places.download, &Recipe::new(&[0x51; 64], "1.0.0", places.slot_size).slot());
    let (mut rig, ends) = at_the_second_stage(rig.board.snapshot(), Event::StartsApplication);
    let (start, size) = LOWER_HALF;
    rig.board.memory.store(start, &vec![PATTERN; size]).unwrap();
    walk(&mut rig, ends);
    let mut bytes = vec![0; size];
    rig.board.memory.read(start, &mut bytes).unwrap();
    let deepest = bytes.iter().position(|byte| *byte != PATTERN);
    assert_eq!(deepest, None, "the stack reaches {:#010x}", start + deepest.unwrap_or(0) as u32);
    assert!(rig.said(Stage::Oemurot, Event::Installed, SubjectImage::Data as u16));
}

#[test]
fn a_watchdog_that_option_bytes_started_survives_the_installation_of_a_full_slot() {
    let layout = SecondStageLayout::for_run(ApplicationRun::ExternalRam);
    let mut state = with_second_stage(&layout);
    state.options.obw1sr &= !obw1::IWDG_HW;
    let mut rig = Rig::new(state);
    let mut recipe = Recipe::demo(&layout, "1.0.0");
    recipe.payload.resize(layout.application.slot_size as usize - 0x1000, 0x5A);
    write(&mut rig.board, layout.application.download, &recipe.slot());
    rig.run_until(started);
    assert_eq!(rig.heard.iter().filter(|word| word.event == Event::SecondStageEntered).count(), 1);
}
