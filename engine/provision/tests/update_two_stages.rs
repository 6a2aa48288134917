//! Updates of a closed board with two boot stages, over the console of the application that runs in place: a newer
//! application and a newer second stage are installed, rollback and damage of each is refused by its stage, with a message
//! that names it, and what ran before runs on.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::terminal::{CAN, Terminal};
use common::{Bench, checked_places, listen};
use formats::{ApplicationRun, ImageKeys, ImageProfile, PrivateKey, PublicKey, SecurityCounter, Version, build_image};
use project::second_stage::set_run;
use project::{Credential, ImageRecipe, Workshop};
use provision::update::{
    BootStageName, RefusedImages, SlotDecision, UpdateImage, UpdatePlan, UpdateRecord, UpdateTarget, plan_update,
    update,
};
use provision::{Cancel, ProvisionError};

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// A board in CLOSED by the ordinary path, its application running.
fn closed(seed: u64, run: ApplicationRun) -> Bench {
    let bench = Bench::two_stages(seed, run, Credential::Certificate);
    let record = bench.provision().unwrap();
    assert!(record.banner.unwrap().contains("HDPL             3"));
    bench
}

/// An image of the project's own program with a version, and keys of another where they are given.
fn image(
    bench: &Bench,
    target: UpdateTarget,
    text: &str,
    counter: SecurityCounter,
    signing: Option<&PrivateKey>,
    encryption: Option<&PublicKey>,
) -> Vec<u8> {
    let profile = target.profile(&bench.project).unwrap();
    let recipe = ImageRecipe::of_project(&bench.project, profile).unwrap();
    let mut settings = recipe.settings;
    settings.version = version(text);
    settings.security_counter = Some(counter);
    let program = std::fs::read(&Workshop::of(&bench.project).stage(profile).unwrap().application).unwrap();
    let (_, own) = recipe.encryption.as_ref().unwrap();
    let keys = ImageKeys { signing: signing.unwrap_or(&recipe.signing.1), encryption: Some(encryption.unwrap_or(own)) };
    build_image(&program, &settings, keys).unwrap().bytes().to_vec()
}

fn newer(bench: &Bench, target: UpdateTarget, text: &str) -> Vec<u8> {
    image(bench, target, text, SecurityCounter::FromVersion, None, None)
}

fn plan(bench: &Bench, target: UpdateTarget, image: Vec<u8>, refused: RefusedImages) -> UpdatePlan {
    plan_update(&bench.project, target, UpdateImage::of_bytes("image.bin", image), refused).unwrap()
}

fn run(bench: &Bench, plan: &UpdatePlan) -> Result<UpdateRecord, ProvisionError> {
    update(plan, &bench.board, &bench.run_folder(), &Cancel::new(), &mut |_| {})
}

/// An image that isn't sent unless it is asked for, and is then refused with these words, while what ran before runs on.
#[track_caller]
fn refused(bench: &Bench, target: UpdateTarget, what: &str, image: Vec<u8>, message: &str) {
    let error = run(bench, &plan(bench, target, image, RefusedImages::Sent)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(message), "{what}: {text}");
    assert!(!error.help().is_empty(), "{what}");
    let mut console = bench.board.console_reader();
    bench.board.reset();
    let heard = listen(&mut console, "running at");
    assert!(heard.contains("version          1.0.0\r"), "{what}: the old one boots; heard {heard:?}");
}

#[test]
fn a_newer_application_arrives_at_the_one_that_runs_in_place_and_boots() {
    let bench = closed(220, ApplicationRun::InPlace);
    let newer = UpdateImage::build(&bench.project, UpdateTarget::Application, None, version("1.4.2")).unwrap();
    let plan = plan_update(&bench.project, UpdateTarget::Application, newer, RefusedImages::NotSent).unwrap();
    assert_eq!(plan.slot.start, 0x9020_0000);
    let record = run(&bench, &plan).unwrap();
    assert_eq!(record.decision, Some(SlotDecision::Installed { stage: BootStageName::Oemurot }));
    let after = record.after.unwrap();
    assert_eq!((after.version.as_str(), after.hdpl, after.running_at), ("1.4.2", Some(3), Some(0x9000_0400)));
}

#[test]
fn a_newer_application_arrives_at_the_one_that_runs_from_internal_ram_and_boots() {
    let bench = closed(221, ApplicationRun::InternalRam);
    let newer = newer(&bench, UpdateTarget::Application, "1.4.2");
    let record = run(&bench, &plan(&bench, UpdateTarget::Application, newer, RefusedImages::NotSent)).unwrap();
    let after = record.after.unwrap();
    assert_eq!((after.version.as_str(), after.hdpl, after.running_at), ("1.4.2", Some(3), Some(0x2402_0400)));
}

#[test]
fn a_newer_application_arrives_at_the_one_that_runs_from_external_ram_and_boots() {
    let bench = closed(222, ApplicationRun::ExternalRam);
    let newer = newer(&bench, UpdateTarget::Application, "1.4.2");
    let record = run(&bench, &plan(&bench, UpdateTarget::Application, newer, RefusedImages::NotSent)).unwrap();
    let after = record.after.unwrap();
    assert_eq!((after.version.as_str(), after.hdpl, after.running_at), ("1.4.2", Some(3), Some(0x7000_0400)));
}

#[test]
fn a_newer_second_stage_arrives_and_starts_the_application_that_ran_before() {
    let bench = closed(223, ApplicationRun::InPlace);
    let newer = UpdateImage::build(&bench.project, UpdateTarget::SecondStage, None, version("1.1.0")).unwrap();
    let plan = plan_update(&bench.project, UpdateTarget::SecondStage, newer, RefusedImages::NotSent).unwrap();
    assert_eq!((plan.slot.start, plan.profile), (0x9043_0000, ImageProfile::Stirot));
    let record = run(&bench, &plan).unwrap();
    assert_eq!(record.decision, Some(SlotDecision::Installed { stage: BootStageName::Stirot }));
    assert_eq!(record.after.unwrap().version, record.before.unwrap().version);
    // The proof that it is the newer one: STiRoT takes no older one any more.
    let older = self::newer(&bench, UpdateTarget::SecondStage, "1.0.5");
    refused(
        &bench,
        UpdateTarget::SecondStage,
        "older",
        older,
        "STiRoT refused it at the check “security counter is not lower”: its security counter is lower than the stored one",
    );
}

#[test]
fn an_older_application_is_refused_by_the_second_stage_and_the_newer_one_runs() {
    let bench = closed(224, ApplicationRun::InPlace);
    let target = UpdateTarget::Application;
    run(&bench, &plan(&bench, target, newer(&bench, target, "2.0.0"), RefusedImages::NotSent)).unwrap();
    let older = newer(&bench, target, "1.9.0");
    let not_sent = run(&bench, &plan(&bench, target, older.clone(), RefusedImages::NotSent)).unwrap_err().to_string();
    assert!(not_sent.contains("0x01090000") && not_sent.contains("0x02000000"), "{not_sent}");
    let text = run(&bench, &plan(&bench, target, older, RefusedImages::Sent)).unwrap_err().to_string();
    assert!(text.contains("OEMuRoT refused it at the check “security counter is not lower”: its security counter is lower than the stored one"), "{text}");
    assert!(text.contains("there runs version 2.0.0"), "{text}");
}

#[test]
fn every_kind_of_damage_to_an_application_is_refused_by_the_second_stage() {
    let bench = closed(225, ApplicationRun::InPlace);
    let target = UpdateTarget::Application;
    let whole = newer(&bench, target, "1.1.0");
    for (what, offset) in checked_places(&whole) {
        let mut damaged = whole.clone();
        damaged[offset] ^= 0x04;
        let file = UpdateImage::of_bytes("image.bin", damaged.clone());
        assert!(plan_update(&bench.project, target, file, RefusedImages::NotSent).is_err(), "{what}");
        refused(&bench, target, what, damaged, "OEMuRoT refused it at the check “");
    }
    let other = PrivateKey::generate().unwrap();
    let counter = SecurityCounter::FromVersion;
    let signed = image(&bench, target, "1.1.0", counter, Some(&other), None);
    refused(
        &bench,
        target,
        "another key signed it",
        signed,
        "OEMuRoT refused it at the check “signing key is the configured one”: another key signed it",
    );
    let encrypted = image(&bench, target, "1.1.0", counter, None, Some(&other.public()));
    refused(&bench, target, "for another device", encrypted, "OEMuRoT refused it at the check “key blob opens”: ");
    let lower = image(&bench, target, "1.1.0", SecurityCounter::Number(1), None, None);
    refused(
        &bench,
        target,
        "lower counter",
        lower,
        "OEMuRoT refused it at the check “security counter is not lower”: its security counter is lower than the stored one",
    );
    // STiRoT's image in the application's slot: the application's loader takes either magic, the stage sees only its own.
    let swapped = newer(&bench, UpdateTarget::SecondStage, "1.1.0");
    refused(&bench, target, "the other stage's image", swapped, "OEMuRoT saw no image in the download slot");
}

#[test]
fn every_kind_of_damage_to_a_second_stage_is_refused_by_stirot() {
    let bench = closed(226, ApplicationRun::InPlace);
    let target = UpdateTarget::SecondStage;
    let whole = newer(&bench, target, "1.1.0");
    for (what, offset) in checked_places(&whole) {
        let mut damaged = whole.clone();
        damaged[offset] ^= 0x04;
        refused(&bench, target, what, damaged, "STiRoT refused it at the check “");
    }
    let other = PrivateKey::generate().unwrap();
    let counter = SecurityCounter::FromVersion;
    let signed = image(&bench, target, "1.1.0", counter, Some(&other), None);
    refused(
        &bench,
        target,
        "another key signed it",
        signed,
        "STiRoT refused it at the check “signing key is the configured one”: another key signed it",
    );
    let encrypted = image(&bench, target, "1.1.0", counter, None, Some(&other.public()));
    refused(&bench, target, "for another device", encrypted, "STiRoT refused it at the check “key blob opens”: ");
}

/// Overwritten slots hold nothing to go back to, and the loader is the application: it would have been the last update.
#[test]
fn an_update_that_would_leave_no_application_running_is_not_sent() {
    let mut bench = closed(230, ApplicationRun::InPlace);
    // The project goes on to another setting; the board stands as it was provisioned.
    set_run(&bench.files.project_folder(), ApplicationRun::ExternalRam).unwrap();
    bench.project = bench.files.project();
    for (target, message) in [
        (UpdateTarget::Application, "starts its application at 0x9000 0400"),
        (UpdateTarget::SecondStage, "the installed one is made for 0x9000 0400"),
    ] {
        let newer = newer(&bench, target, "1.1.0");
        let slot = plan(&bench, target, newer.clone(), RefusedImages::Sent).slot;
        let before = bench.cells(slot);
        for refused in [RefusedImages::NotSent, RefusedImages::Sent] {
            let error = run(&bench, &plan(&bench, target, newer.clone(), refused)).unwrap_err();
            assert!(error.to_string().contains(message), "{refused:?}: {error}");
            assert!(error.help().contains("provisioned with"), "{}", error.help());
        }
        // Nor one that will be refused: this board's slots may lie elsewhere, and the project's in what is installed.
        for damaged in [0, 5000] {
            let mut image = newer.clone();
            image[damaged] ^= 1;
            let error = run(&bench, &plan(&bench, target, image, RefusedImages::Sent)).unwrap_err();
            assert!(error.to_string().contains(message), "byte {damaged}: {error}");
        }
        assert!(bench.cells(slot) == before, "{target}: nothing was written");
    }
    let mut terminal = Terminal::at(&bench.board);
    terminal.send(b"1");
    terminal.wait_for("version          1.0.0");
}

#[test]
fn a_program_that_is_linked_elsewhere_is_not_sent_whoever_asks() {
    let bench = Bench::two_stages(231, ApplicationRun::InPlace, Credential::Certificate);
    let other = Bench::two_stages(232, ApplicationRun::InternalRam, Credential::Certificate);
    let elsewhere = Workshop::of(&other.project).stage(ImageProfile::Oemurot).unwrap().application.clone();
    for target in [UpdateTarget::Application, UpdateTarget::SecondStage] {
        let version = version("1.1.0");
        let image = UpdateImage::build(&bench.project, target, Some(&elsewhere), version).unwrap();
        for refused in [RefusedImages::NotSent, RefusedImages::Sent] {
            let refusal = plan_update(&bench.project, target, image.clone(), refused).unwrap_err();
            assert!(refusal.to_string().contains("won't run: link address"), "{refused:?}: {refusal}");
            assert!(refusal.help().contains("without an application"), "{}", refusal.help());
        }
    }
}

#[test]
fn the_slot_that_the_application_runs_from_takes_no_update() {
    let bench = closed(227, ApplicationRun::InPlace);
    for address in ["90000000", "90003000"] {
        let mut terminal = Terminal::at(&bench.board);
        terminal.send(b"u");
        terminal.wait_for("slot address (hex): ");
        terminal.send(format!("{address}\r").as_bytes());
        terminal.wait_for("update failed: this program runs there\r\n");
    }
}

#[test]
fn a_transfer_that_breaks_off_leaves_the_window_open_and_the_program_in_it_running() {
    let bench = closed(229, ApplicationRun::InPlace);
    let image = newer(&bench, UpdateTarget::Application, "1.1.0");
    let mut terminal = Terminal::at(&bench.board);
    terminal.begin_update(0x9020_0000);
    terminal.name(image.len());
    terminal.block(1, &image[..1024]);
    terminal.block(2, &image[1024..2048]);
    terminal.send(&[CAN, CAN]);
    terminal.wait_for("update failed: the sender cancelled\r\nthe slot holds no image now\r\n");
    terminal.send(b"1");
    terminal.wait_for("version          1.0.0");
    terminal.wait_for("running at       0x90000400");
    let mut console = bench.board.console_reader();
    bench.board.power_cycle().unwrap();
    let heard = listen(&mut console, "running at");
    assert!(heard.contains("version          1.0.0\r"), "{heard:?}");
}

/// A branch, call or constant that leads out of the code that is in RAM would be fetched from a flash that can't be read
/// then. What a run doesn't reach, an error's way for example, is seen here all the same.
#[test]
fn code_that_works_while_the_flash_is_not_mapped_leads_nowhere_else() {
    let bench = closed(228, ApplicationRun::InPlace);
    let start = chip::memory_map::AHB_SRAM2.start;
    let mut memory = vec![0; 0x1000];
    bench.board.look(|board| board.memory.read(start, &mut memory).unwrap());
    let end = memory.chunks(64).position(|line| line.iter().all(|byte| *byte == 0)).unwrap() * 64;
    let halves: Vec<u32> =
        memory[..end].chunks(2).map(|pair| u32::from(u16::from_le_bytes([pair[0], pair[1]]))).collect();
    let (mut at, mut calls) = (0, 0);
    while at + 1 < halves.len() {
        let (first, second) = (halves[at], halves[at + 1]);
        let place = start + 2 * at as u32;
        if first >> 11 < 0b11101 {
            assert_ne!(first & 0xFF87, 0x4780, "{place:#010x} calls through a register");
            assert_ne!(first >> 11, 0b01001, "{place:#010x} loads a constant that this test doesn't look at");
            at += 1;
            continue;
        }
        if first & 0xF800 == 0xF000 && second & 0x9000 == 0x9000 {
            // BL and B.W: S:I1:I2:imm10:imm11, the I bits told by J1 and J2.
            let sign = first >> 10 & 1;
            let [i1, i2] = [13, 11].map(|bit| !(second >> bit ^ sign) & 1);
            let offset = sign << 24 | i1 << 23 | i2 << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1;
            let target = place.wrapping_add(4).wrapping_add(((offset << 7) as i32 >> 7) as u32);
            assert!((start..start + end as u32).contains(&target), "{place:#010x} leads to {target:#010x}");
            calls += 1;
        }
        assert_ne!(first & 0xFF7F, 0xF85F, "{place:#010x} loads a constant that this test doesn't look at");
        if first & 0xFBF0 == 0xF2C0 {
            // MOVT: the upper half of a constant.
            let upper = (first & 0xF) << 12 | (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF;
            assert_ne!(upper >> 12, 9, "{place:#010x} makes an address of the flash");
        }
        at += 2;
    }
    assert!(calls >= 5 && end >= 0x200, "{calls} calls in {end:#x} bytes: it is the code that was meant");
}
