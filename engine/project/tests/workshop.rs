//! What a project brings to the judging of images: its own image holds, others say why not, locked keys say so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use common::Bench;
use formats::{
    CheckName, HeldKey, ImageProfile, InputComparison, Installed, KeyOrigin, Opened, Outcome, Passphrase, PrivateKey,
    Secret, Verdict, compare_with_input, judge, payload_in_the_clear,
};
use project::{Flow, Project, Workshop};

/// A board that has nothing installed.
const EMPTY: Installed = Installed { version: None, counter: 0 };

fn opened(project: &Project) -> Opened {
    let image = project.outputs().unwrap().image;
    Opened::read(fs::read(&image.path).unwrap())
}

#[test]
fn the_samples_own_image_passes_every_check_and_opens_to_its_application() {
    let bench = Bench::sample();
    let project = Project::open(&bench.project).unwrap();
    let (workshop, opened) = (Workshop::of(&project), opened(&project));
    let image = &opened.images[0];
    let judgement = judge(&opened, image, &workshop.circumstances(image.profile, Some(EMPTY)));
    for check in &judgement.checks {
        assert!(matches!(check.outcome, Outcome::Holds(_)), "{check:?}");
    }
    assert_eq!(judgement.verdict, Verdict::Installs);
    let signed = judgement.signed_with.unwrap();
    assert_eq!((signed.origin, signed.sample.is_some()), (KeyOrigin::Project, true));
    let stage = workshop.stage(ImageProfile::Stirot).unwrap();
    let (payload, _) = payload_in_the_clear(&opened, image, &workshop.keys).unwrap();
    let input = fs::read(&stage.application).unwrap();
    assert!(matches!(compare_with_input(&payload, &input), InputComparison::Same { .. }));
    assert_eq!(image.version, stage.version);
}

#[test]
fn another_projects_image_is_refused_and_the_samples_are_known() {
    let sample = Bench::sample();
    let opened = opened(&Project::open(&sample.project).unwrap());
    let own = Bench::own(Flow::Stirot);
    let workshop = Workshop::of(&Project::open(&own.project).unwrap());
    let image = &opened.images[0];
    let judgement = judge(&opened, image, &workshop.circumstances(image.profile, Some(EMPTY)));
    assert_eq!(judgement.verdict, Verdict::Refused { at: CheckName::WrappedKey });
    assert_eq!(judgement.opens_with.unwrap().origin, KeyOrigin::BuiltinSample);
    assert_eq!(judgement.signed_with.unwrap().origin, KeyOrigin::BuiltinSample);
    let alone = Workshop::without_project();
    let judgement = judge(&opened, image, &alone.circumstances(image.profile, None));
    assert_eq!(judgement.verdict, Verdict::Installs);
}

#[test]
fn both_stages_of_a_project_bring_their_keys_and_numbers() {
    let bench = Bench::own(Flow::StirotOemurot);
    let project = Project::open(&bench.project).unwrap();
    let workshop = Workshop::of(&project);
    let profiles: Vec<ImageProfile> = workshop.stages.iter().map(|stage| stage.profile).collect();
    assert_eq!(profiles, [ImageProfile::Stirot, ImageProfile::Oemurot]);
    let own = workshop.keys.0.iter().filter(|key| key.origin == KeyOrigin::Project);
    assert_eq!(own.filter(|key| key.private().is_some()).count(), 4);
    let second = workshop.circumstances(Some(ImageProfile::Oemurot), None);
    assert!(second.slot_size.is_some() && second.download_address.is_some());
    assert_eq!(second.firmware_address, Some(0x9000_0000), "as the second stage's program says");
    let first = workshop.circumstances(Some(ImageProfile::Stirot), None);
    assert_eq!(first.firmware_address, Some(project.stirot().unwrap().firmware_address));
    assert_ne!(first.download_address, second.download_address);
}

#[test]
fn a_locked_key_says_so_and_its_public_half_still_verifies() {
    let bench = Bench::sample();
    let opened = opened(&Project::open(&bench.project).unwrap());
    let path = bench.project.join("STiROT/Keys/STiROT_Encryption.pem");
    let key = PrivateKey::from_pem(&fs::read(&path).unwrap()).unwrap_or_else(|error| panic!("{error}"));
    let passphrase = Passphrase::new(Secret::new("long enough".into())).unwrap_or_else(|error| panic!("{error}"));
    fs::write(&path, key.to_protected_pem(&passphrase).unwrap_or_else(|error| panic!("{error}")).as_bytes()).unwrap();
    // Without the samples, which are the same keys here.
    let mut workshop = Workshop::of(&Project::open(&bench.project).unwrap());
    workshop.keys.0.retain(|key| key.origin == KeyOrigin::Project);
    assert!(matches!(workshop.keys.0[1].key, HeldKey::Locked { public: Some(_), .. }));
    let image = &opened.images[0];
    let judgement = judge(&opened, image, &workshop.circumstances(image.profile, Some(EMPTY)));
    assert_eq!(judgement.verdict, Verdict::Undecided { missing: vec![CheckName::WrappedKey, CheckName::Hash] });
    let text = judgement.outcome(CheckName::WrappedKey).unwrap().text();
    assert!(text.contains("locked") && text.contains("passphrase"), "{text}");
    assert!(matches!(judgement.outcome(CheckName::Signature), Some(Outcome::Holds(_))));
}
