//! Updates of a closed board with one boot stage, over the console of the application that runs: a newer one is installed
//! and says so, every other leaves the old one running, with a message that names who refused it and why.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::{Bench, Recipe, checked_places, listen};
use formats::PrivateKey;
use provision::update::{
    RefusedImages, SlotDecision, UpdateEvent, UpdateImage, UpdateOutcome, UpdatePlan, UpdateRecord, UpdateStepId,
    UpdateTarget, WayIn, plan_update, update,
};
use provision::{Cancel, ProvisionError};

fn version(text: &str) -> formats::Version {
    text.parse().unwrap()
}

/// A board in CLOSED by the ordinary path, its application running.
fn closed(seed: u64) -> Bench {
    let bench = Bench::new(seed);
    assert!(bench.provision().unwrap().banner.unwrap().contains("1.0.0"));
    bench
}

fn plan(bench: &Bench, image: Vec<u8>, refused: RefusedImages) -> UpdatePlan {
    let image = UpdateImage::of_bytes("application.bin", image);
    plan_update(&bench.project, UpdateTarget::Application, image, refused).unwrap()
}

fn run(bench: &Bench, plan: &UpdatePlan) -> Result<UpdateRecord, ProvisionError> {
    update(plan, &bench.board, &bench.run_folder(), &Cancel::new(), &mut |_| {})
}

#[test]
fn a_newer_application_arrives_over_the_console_and_boots() {
    let bench = closed(120);
    let newer = UpdateImage::build(&bench.project, UpdateTarget::Application, None, version("1.4.2")).unwrap();
    let plan = plan_update(&bench.project, UpdateTarget::Application, newer, RefusedImages::NotSent).unwrap();
    let (mut titles, mut sent) = (Vec::new(), Vec::new());
    let record = update(&plan, &bench.board, &bench.run_folder(), &Cancel::new(), &mut |event| match event {
        UpdateEvent::StepStarted { title, .. } => titles.push(title),
        UpdateEvent::Progress { done, total, .. } => sent.push((done, total)),
        _ => {}
    })
    .unwrap();
    assert!(record.passed());
    assert_eq!(titles, ["Ask the board", "Open the console", "Send", "Install", "What boots"]);
    let total = plan.bytes.len() as u64;
    assert!(sent.len() > 3 && sent.last() == Some(&(total, total)), "{sent:?}");
    assert_eq!(record.before.unwrap().version, "1.0.0");
    let after = record.after.unwrap();
    assert_eq!((after.version.as_str(), after.hdpl, after.running_at), ("1.4.2", Some(2), Some(0x2400_0400)));
    assert!(matches!(record.decision, Some(SlotDecision::Installed { .. })));
    assert_eq!(record.steps.last().unwrap().step, UpdateStepId::Boots);
    assert!(bench.download_slot().iter().all(|byte| *byte == 0xFF), "the download slot is erased");
}

#[test]
fn an_older_application_is_not_sent_and_the_message_names_both_counters() {
    let bench = closed(121);
    let sent = run(&bench, &plan(&bench, bench.image(&newer(&bench, "2.0.0")), RefusedImages::NotSent)).unwrap();
    assert_eq!(sent.after.unwrap().version, "2.0.0");
    let older = plan(&bench, bench.image(&newer(&bench, "1.9.0")), RefusedImages::NotSent);
    let before = bench.download_slot();
    let error = run(&bench, &older).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("0x01090000") && text.contains("0x02000000"), "{text}");
    assert!(error.help().contains("not older"), "{}", error.help());
    assert!(bench.download_slot() == before, "nothing was sent");
}

#[test]
fn an_older_application_that_is_sent_all_the_same_is_refused_by_stirot_and_the_newer_one_runs() {
    let bench = closed(122);
    run(&bench, &plan(&bench, bench.image(&newer(&bench, "2.0.0")), RefusedImages::NotSent)).unwrap();
    let older = plan(&bench, bench.image(&newer(&bench, "1.9.0")), RefusedImages::Sent);
    let mut finished = None;
    let refused = update(&older, &bench.board, &bench.run_folder(), &Cancel::new(), &mut |event| {
        if let UpdateEvent::Finished(record) = event {
            finished = Some(*record);
        }
    });
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("STiRoT refused it at the check “security counter is not lower”: its security counter is lower than the stored one"), "{text}");
    assert!(text.contains("there runs version 2.0.0"), "{text}");
    let record = finished.unwrap();
    assert_eq!(record.after.unwrap().version, "2.0.0", "the record says so, too");
    assert!(matches!(record.outcome, UpdateOutcome::Failed { .. }) && record.steps.len() == 3);
}

#[test]
fn every_kind_of_damage_is_refused_before_it_is_sent_and_by_stirot_when_it_is() {
    let bench = closed(123);
    let image = bench.image(&newer(&bench, "1.1.0"));
    for (what, offset) in checked_places(&image) {
        let mut damaged = image.clone();
        damaged[offset] ^= 0x04;
        refused(&bench, what, damaged, "STiRoT refused it at the check “");
    }
    let signed = Recipe { signing: PrivateKey::generate().unwrap(), ..newer(&bench, "1.1.0") };
    refused(
        &bench,
        "another key signed it",
        bench.image(&signed),
        "at the check “signing key is the configured one”: another key signed it",
    );
    let encrypted = Recipe { encryption: PrivateKey::generate().unwrap().public(), ..newer(&bench, "1.1.0") };
    refused(&bench, "for another device", bench.image(&encrypted), "at the check “key blob opens”: ");
}

#[test]
fn what_is_no_image_is_refused_by_the_application_and_nothing_is_erased() {
    let bench = closed(124);
    let image = bench.image(&newer(&bench, "1.1.0"));
    // What is erased can be told from what is not.
    bench.place_download(&[0x5A; 64]);
    let before = bench.download_slot();
    let mut other_magic = image.clone();
    other_magic[0] ^= 1;
    refused(
        &bench,
        "damaged magic",
        other_magic,
        "the file is no image: it begins with neither magic; the slot is as it was",
    );
    refused(
        &bench,
        "cut off",
        image[..0x800].to_vec(),
        "the file is shorter than its header says; the slot is as it was",
    );
    assert!(bench.download_slot() == before);
}

/// A recipe of a version.
fn newer(bench: &Bench, text: &str) -> Recipe {
    Recipe { version: version(text), ..Recipe::of(bench) }
}

/// An image that isn't sent unless it is asked for, and is then refused with these words, while the old one runs.
#[track_caller]
fn refused(bench: &Bench, what: &str, image: Vec<u8>, message: &str) {
    let file = UpdateImage::of_bytes("image.bin", image.clone());
    let refusal = plan_update(&bench.project, UpdateTarget::Application, file, RefusedImages::NotSent).unwrap_err();
    assert!(refusal.to_string().contains("image.bin"), "{what}: {refusal}");
    let error = run(bench, &plan(bench, image, RefusedImages::Sent)).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(message), "{what}: {text}");
    assert!(!error.help().is_empty(), "{what}");
    let mut console = bench.board.console_reader();
    bench.board.reset();
    let heard = listen(&mut console, "security counter");
    assert!(heard.contains("version          1.0.0\r"), "{what}: the old one boots; heard {heard:?}");
}

#[test]
fn a_board_that_a_debugger_still_reaches_needs_no_update_over_the_console() {
    let bench = Bench::new(125);
    let image = bench.image(&Recipe::of(&bench));
    let error = run(&bench, &plan(&bench, image, RefusedImages::NotSent)).unwrap_err();
    assert!(matches!(&error, ProvisionError::WrongState { state, .. } if state == "OPEN"), "{error}");
}

#[test]
fn a_wish_to_stop_is_heard_in_the_middle_of_the_transfer() {
    let bench = closed(126);
    let plan = plan(&bench, bench.image(&newer(&bench, "1.1.0")), RefusedImages::NotSent);
    let cancel = Cancel::new();
    let mut last = None;
    let stopped = update(&plan, &bench.board, &bench.run_folder(), &cancel, &mut |event| match event {
        UpdateEvent::Progress { done, total, .. } if done * 2 > total => cancel.cancel(),
        UpdateEvent::Finished(record) => last = Some(record.outcome),
        _ => {}
    });
    assert!(matches!(stopped, Err(ProvisionError::Cancelled { .. })), "{stopped:?}");
    assert_eq!(last, Some(UpdateOutcome::Cancelled));
    let record = run(&bench, &plan).unwrap();
    assert_eq!(record.before.unwrap().version, "1.0.0", "the old one was still there");
    assert_eq!(record.after.unwrap().version, "1.1.0", "and a second attempt comes through");
}

#[test]
fn the_record_is_kept_beside_the_runs_and_holds_no_secret() {
    let bench = closed(127);
    let record = run(&bench, &plan(&bench, bench.image(&newer(&bench, "1.1.0")), RefusedImages::NotSent)).unwrap();
    let path = record.save(&bench.run_folder()).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let read: UpdateRecord = serde_json::from_str(&text).unwrap();
    assert_eq!(read, record);
    for (name, secret) in bench.secrets() {
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!text.contains(&hex), "{name}");
    }
    assert_eq!(provision::Record::load_all(&bench.run_folder()).len(), 1, "a run's record it is not");
}

#[test]
fn every_way_in_says_what_silicon_allows_and_only_the_applications_loader_is_taken() {
    let bench = Bench::new(128);
    let plan = plan(&bench, bench.image(&Recipe::of(&bench)), RefusedImages::NotSent);
    assert_eq!(plan.way_in, WayIn::ApplicationLoader);
    assert!(WayIn::ForcedDownload.why().starts_with("not offered") && WayIn::Debugger.why().starts_with("shut"));
    let by_hand = plan.by_hand("app.bin").join("\n");
    assert!(by_hand.contains("90020000") && by_hand.contains("115200") && by_hand.contains("YMODEM"), "{by_hand}");
}

#[test]
fn a_project_with_one_boot_stage_has_no_second_to_update() {
    let bench = Bench::new(129);
    let file = UpdateImage::of_bytes("image.bin", bench.image(&Recipe::of(&bench)));
    let refusal = plan_update(&bench.project, UpdateTarget::SecondStage, file, RefusedImages::Sent).unwrap_err();
    assert!(refusal.to_string().contains("one boot stage"), "{refusal}");
}

#[test]
fn slots_that_moved_in_the_project_since_the_board_was_closed_stop_an_update() {
    let bench = closed(131);
    let newer = UpdateImage::build(&bench.project, UpdateTarget::Application, None, version("1.4.2")).unwrap();
    let mut plan = plan_update(&bench.project, UpdateTarget::Application, newer, RefusedImages::NotSent).unwrap();
    let provisioned = plan.slot.start;
    plan.slot.start += 0x10_0000;
    let text = run(&bench, &plan).unwrap_err().to_string();
    for address in [provisioned, plan.slot.start] {
        assert!(text.contains(&format!("{address:#010x}")), "{text}");
    }
    plan.slot.start = provisioned;
    assert_eq!(run(&bench, &plan).unwrap().after.unwrap().version, "1.4.2");
}
