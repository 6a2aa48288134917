//! The steps of the reference's figures, each read off the trace of a run of the virtual board, one to one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::sync::LazyLock;

use chip::trace::{Check, Event, SubjectPlace};
use common::lab::{one_stage, two_stages};
use formats::ApplicationRun;
use provision::lab::steps::{Figure, StepPlace};
use provision::lab::{Lab, Lane, Outcome, Pass, Scenario, Story, StoryImage, Subject, Tamper};
use provision::{Cancel, TracedAnswer};

/// A first boot of one stage: an installation, then the application.
static ONE_STAGE: LazyLock<Story> = LazyLock::new(|| {
    let (bench, state) = one_stage(70);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let story = lab.run(&Scenario::Boot, &Tamper::None, &Cancel::new(), &mut |_| {}).unwrap();
    assert!(matches!(story.outcome, Outcome::Runs { at: 0x2400_0400, hdpl: 2, .. }), "{:?}", story.outcome);
    story
});

/// A first boot of two stages, the application in place: both installations.
static TWO_STAGES: LazyLock<Story> = LazyLock::new(|| {
    let (bench, state) = two_stages(72, ApplicationRun::InPlace);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let story = lab.run(&Scenario::Boot, &Tamper::None, &Cancel::new(), &mut |_| {}).unwrap();
    assert!(matches!(story.outcome, Outcome::Runs { at: 0x9000_0400, hdpl: 3, .. }), "{:?}", story.outcome);
    story
});

/// A step of a figure in a story, behind the one before it, in a pass of whoever does it.
#[track_caller]
fn step(story: &'static Story, figure: Figure, number: u8) -> (StepPlace, &'static Pass) {
    let steps = figure.read(story);
    assert_eq!(steps.len(), figure.steps().len());
    let seen = &steps[usize::from(number) - 1];
    assert_eq!(seen.step.number, number);
    let place = seen.place.clone().unwrap_or_else(|| panic!("{figure:?} {number} is not in the story: {story:#?}"));
    let pass = &story.passes[place.pass];
    assert_eq!(pass.lane, seen.step.lane);
    assert!((pass.began..=pass.ended).contains(&place.at));
    if number > 1 {
        let before = steps[usize::from(number) - 2].place.as_ref().unwrap();
        assert!(before.at <= place.at && before.pass <= place.pass, "{before:?} comes before {place:?}");
    }
    (place, pass)
}

fn saw(pass: &Pass, check: Check) -> String {
    let found = pass.checks.iter().find(|seen| seen.check == check).unwrap();
    assert_eq!(found.answer, TracedAnswer::Passed);
    found.saw.clone()
}

#[test]
fn install_1_the_iloader_loads_the_download_slot_into_ram() {
    let (place, pass) = step(&ONE_STAGE, Figure::Install, 1);
    assert_eq!(pass.title, "loads the download");
    assert_eq!(place.text, "copied the download slot, 0x9002 0000–0x9003 FFFF, to 0x2400 0000–0x2401 FFFF");
}

#[test]
fn install_2_stirot_opens_and_verifies_it_there() {
    let (_, pass) = step(&ONE_STAGE, Figure::Install, 2);
    assert!(saw(pass, Check::KeyBlob).starts_with("wrapped key of 113 bytes"));
    let hash = saw(pass, Check::Hash);
    let (stated, computed) = hash.strip_prefix("states ").unwrap().split_once(", computed ").unwrap();
    assert_eq!(stated, computed);
    assert_eq!(saw(pass, Check::Counter), "image 1.0.0, counter 0x0100 0000, stored 0x0000 0000");
    saw(pass, Check::Signature);
}

#[test]
fn install_3_stirot_locks_the_memory_cipher_with_its_key_and_asks_to_save() {
    let (place, pass) = step(&ONE_STAGE, Figure::Install, 3);
    assert_eq!(place.text, "locks the memory cipher with its key and asks the iLoader to install");
    // The engine's own registers, as the iLoader found it.
    let behind = ONE_STAGE.passes.iter().find(|next| next.began >= pass.ended).unwrap();
    assert_eq!(behind.lane, Lane::Iloader);
    let entered = behind.acts.iter().find(|act| act.event == Event::Entered).unwrap();
    assert!(
        entered.text.ends_with("memory cipher with a key, locked, for 0x9000 0000–0x9001 FFFF, writes allowed"),
        "{}",
        entered.text
    );
}

#[test]
fn install_4_the_iloader_writes_the_installation_slot_through_the_memory_cipher() {
    let (place, pass) = step(&ONE_STAGE, Figure::Install, 4);
    assert_eq!(pass.title, "installs");
    assert!(place.text.contains("installation slot, 0x9000 0000–0x9001 FFFF, through the memory cipher"));
}

#[test]
fn install_5_the_iloader_erases_the_download_slot() {
    let (place, _) = step(&ONE_STAGE, Figure::Install, 5);
    assert_eq!(place.text, "erased the download slot, 0x9002 0000–0x9003 FFFF");
}

/// The execution is what follows the installation.
#[test]
fn execute_1_stirot_asks_to_load() {
    let (_, pass) = step(&ONE_STAGE, Figure::Execute, 1);
    assert_eq!(pass.decision.as_deref(), Some("asks the iLoader for an image"));
}

#[test]
fn execute_2_the_iloader_loads_the_installation_slot_decrypted_by_the_memory_cipher() {
    let (place, pass) = step(&ONE_STAGE, Figure::Execute, 2);
    assert!(place.text.starts_with("copied the installation slot, 0x9000 0000–0x9001 FFFF, decrypted"));
    let entered = pass.acts.iter().find(|act| act.event == Event::Entered).unwrap();
    assert!(entered.text.ends_with("read-only"), "{}", entered.text);
}

#[test]
fn execute_3_stirot_verifies_it() {
    let (_, pass) = step(&ONE_STAGE, Figure::Execute, 3);
    assert_eq!(pass.title, "judges the installed image");
    assert!(!pass.checks.iter().any(|check| check.check == Check::KeyBlob), "it lies there in the clear");
    assert_eq!(saw(pass, Check::MinimumState), "board in CLOSED, at least CLOSED wanted");
    saw(pass, Check::Signature);
}

#[test]
fn execute_4_stirot_starts_it_at_hdpl_2() {
    let (place, _) = step(&ONE_STAGE, Figure::Execute, 4);
    assert_eq!(place.text, "starts version 1.0.0 at 0x2400 0400 at HDPL 2");
    let application = ONE_STAGE.passes.last().unwrap();
    assert_eq!((application.lane, application.began), (Lane::Application, place.at));
    assert!(ONE_STAGE.console.iter().any(|line| line.at >= place.at && line.text == "version          1.0.0"));
}

#[test]
fn a_boot_without_a_download_executes_and_installs_nothing() {
    let (bench, state) = one_stage(71);
    let lab = Lab::of_state(state, &bench.project).unwrap();
    let story = lab.run(&lab.scenarios()[0], &Tamper::None, &Cancel::new(), &mut |_| {}).unwrap();
    assert!(Figure::Install.read(&story).iter().all(|step| step.place.is_some()), "the first boot installs");
    // As the lab goes on from: one boot later.
    let swapped =
        Tamper::Installed { judge: provision::lab::Judge::Stirot, spot: provision::lab::InstalledSpot::Payload };
    let story = lab.run(&Scenario::Boot, &swapped, &Cancel::new(), &mut |_| {}).unwrap();
    let steps: Vec<_> = Figure::Execute.read(&story).iter().map(|step| step.place.is_some()).collect();
    assert_eq!(steps, [true, true, false, false], "a damaged image is loaded, and neither verified nor started");
    assert!(Figure::Install.read(&story).iter().all(|step| step.place.is_none()));
}

fn saw_of(pass: &Pass, place: SubjectPlace, check: Check) -> String {
    let of_application = Subject { image: StoryImage::Application, place };
    let found = pass.checks.iter().find(|seen| seen.check == check && seen.subject == Some(of_application)).unwrap();
    assert_eq!(found.answer, TracedAnswer::Passed);
    found.saw.clone()
}

#[test]
fn second_stage_1_stirot_starts_oemurot_at_hdpl_2() {
    let (place, _) = step(&TWO_STAGES, Figure::SecondStage, 1);
    assert_eq!(place.text, "starts version 1.0.0 at 0x2400 0400 at HDPL 2");
    let second = TWO_STAGES.passes.iter().find(|pass| pass.lane == Lane::Oemurot).unwrap();
    assert_eq!(second.began, place.at, "what STiRoT started is the second stage");
    assert_eq!(TWO_STAGES.second_stage, Some("1.0.0".parse().unwrap()));
}

#[test]
fn second_stage_2_oemurot_verifies_the_applications_download() {
    let (_, pass) = step(&TWO_STAGES, Figure::SecondStage, 2);
    let of_download = |check| saw_of(pass, SubjectPlace::Download, check);
    assert_eq!(of_download(Check::Magic), "begins with 0x96f3b83d; wanted 0x96f3b83d");
    assert!(of_download(Check::KeyBlob).starts_with("wrapped key of 113 bytes"));
    let hash = of_download(Check::Hash);
    let (stated, computed) = hash.strip_prefix("states ").unwrap().split_once(", computed ").unwrap();
    assert_eq!(stated, computed);
    assert_eq!(of_download(Check::Counter), "image 1.0.0, counter 0x0100 0000, stored 0x0000 0000");
    of_download(Check::Signature);
}

#[test]
fn second_stage_3_oemurot_decrypts_it_and_installs_it_through_the_memory_cipher() {
    let (place, _) = step(&TWO_STAGES, Figure::SecondStage, 3);
    assert_eq!(place.text, "wrote the application, decrypted, to its installation slot through the memory cipher");
}

#[test]
fn second_stage_4_oemurot_verifies_what_is_installed_and_keeps_its_counter() {
    let (place, pass) = step(&TWO_STAGES, Figure::SecondStage, 4);
    let of_installed = |check| saw_of(pass, SubjectPlace::Installation, check);
    let (download, installed) = (saw_of(pass, SubjectPlace::Download, Check::Hash), of_installed(Check::Hash));
    assert_eq!(download, installed, "what is read back through the cipher is what was signed");
    of_installed(Check::Signature);
    assert_eq!(place.text, "keeps security counter 0x0100 0000");
}

#[test]
fn second_stage_5_oemurot_erases_the_download_slot() {
    let (place, _) = step(&TWO_STAGES, Figure::SecondStage, 5);
    assert_eq!(place.text, "erased the download slot of the application");
}

#[test]
fn second_stage_6_oemurot_starts_the_application_at_hdpl_3() {
    let (place, pass) = step(&TWO_STAGES, Figure::SecondStage, 6);
    assert_eq!(place.text, "starts version 1.0.0 at 0x9000 0400 at HDPL 3");
    let shut = pass.checks.iter().find(|check| check.check == Check::Protection).unwrap();
    assert_eq!(shut.saw, "memory cipher with a key, locked, for 0x9000 0000–0x901F FFFF, read-only");
    assert!(TWO_STAGES.console.iter().any(|line| line.at >= place.at && line.text == "HDPL             3"));
}

#[test]
fn of_two_stages_the_first_is_installed_and_executed_as_of_one() {
    for figure in [Figure::Install, Figure::Execute] {
        for number in (1..).take(figure.steps().len()) {
            step(&TWO_STAGES, figure, number);
        }
    }
}
