//! An application of two boot stages, tried by OEMuRoT on a throw-away board.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::path::PathBuf;

use chip::trace::{Check, Stop};
use common::Files;
use formats::ApplicationRun;
use project::{Credential, Project};
use provision::{
    Cancel, Decision, Pass, ProvisionError, Start, TracedAnswer, Trial, TriedBy, try_application, try_image,
};

fn files(run: ApplicationRun) -> Files {
    Files::two_stages(run, Credential::Certificate)
}

fn tried(project: &Project, content: &[u8]) -> Trial {
    try_application(project, content, &Cancel::new(), &mut |_| {}).unwrap()
}

/// The application's image as the project builds it.
fn application(project: &Project) -> Vec<u8> {
    project.outputs().unwrap().second.unwrap().application.bytes
}

#[test]
fn a_good_application_is_installed_by_oemurot_and_runs() {
    for run in ApplicationRun::ALL {
        let files = files(run);
        let project = files.project();
        let trial = tried(&project, &application(&project));
        assert_eq!((trial.by, trial.decision), (TriedBy::Oemurot, Decision::Installed), "{run:?}");
        let Start::Speaks(banner) = &trial.start else { panic!("{run:?}: {:?}", trial.start) };
        assert!(banner.contains("1.0.0") && !banner.contains("[oemurot]"), "{run:?}: {banner}");
        assert!(trial.checks.iter().all(|check| check.answer == TracedAnswer::Passed), "{:?}", trial.checks);
        for pass in [Pass::Download, Pass::Installed] {
            assert!(trial.checks.iter().any(|check| check.pass == pass && check.check == Check::Hash), "{pass:?}");
        }
    }
}

#[test]
fn a_flipped_bit_is_refused_at_its_check_and_nothing_runs() {
    let files = files(ApplicationRun::InPlace);
    let project = files.project();
    let mut content = application(&project);
    content[0x400] ^= 1;
    let trial = tried(&project, &content);
    assert_eq!(trial.decision, Decision::Refused { check: Check::Hash });
    assert_eq!(trial.start, Start::No { stop: Some(Stop::NoBootableImage) });
}

#[test]
fn the_application_of_another_project_is_refused_at_its_key() {
    let (files, other) = (files(ApplicationRun::InPlace), files(ApplicationRun::InPlace));
    let trial = tried(&files.project(), &application(&other.project()));
    assert_eq!(trial.decision, Decision::Refused { check: Check::KeyBlob });
}

#[test]
fn an_image_of_stirots_kind_is_not_seen_by_oemurot() {
    let files = files(ApplicationRun::InPlace);
    let project = files.project();
    let stirots = project.outputs().unwrap().image.bytes;
    assert_eq!(tried(&project, &stirots).decision, Decision::NotSeen);
}

#[test]
fn the_second_stage_itself_is_tried_by_stirot() {
    let files = files(ApplicationRun::InPlace);
    let project = files.project();
    let stirots = project.outputs().unwrap().image.bytes;
    let trial = try_image(&project, &stirots, &Cancel::new(), &mut |_| {}).unwrap();
    assert_eq!((trial.by, trial.decision), (TriedBy::Stirot, Decision::Installed));
    assert!(!matches!(trial.start, Start::No { .. }), "{:?}", trial.start);
}

#[test]
fn a_trial_writes_no_file_of_the_project() {
    let files = files(ApplicationRun::InPlace);
    let project = files.project();
    let content = vec![0xFF; 0x1000];
    let before = listing(&files);
    assert_eq!(tried(&project, &content).decision, Decision::NotSeen);
    assert_eq!(listing(&files), before);
}

/// Every file below the project's folder.
fn listing(files: &Files) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![files.project_folder()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

#[test]
fn with_one_boot_stage_there_is_nobody_to_try_it_and_that_is_said() {
    let error = try_application(&Files::new().project(), &[], &Cancel::new(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, ProvisionError::Refused(_)), "{error:?}");
    assert!(error.to_string().contains("no second boot stage") && !error.help().is_empty(), "{error}");
}

#[test]
fn a_content_larger_than_the_slot_is_refused_before_anything_happens() {
    let files = files(ApplicationRun::InternalRam);
    let mut events = 0;
    let content = vec![0; 0x2_0001];
    let refused = try_application(&files.project(), &content, &Cancel::new(), &mut |_| events += 1);
    assert!(matches!(refused, Err(ProvisionError::Refused(_))), "{refused:?}");
    assert_eq!(events, 0);
}
