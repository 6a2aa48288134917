//! An image tried on a board that is made for it: what STiRoT does with good ones, damaged ones and other people's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use chip::trace::{Check, Stop};
use common::{Bench, Recipe};
use formats::{FileKind, HexFile, Opened, Parts, PrivateKey, Segment, Tlv};
use project::template::{NewProject, create};
use project::{Credential, Flow, KeyRole, Project};
use provision::{
    Cancel, Decision, Event, Pass, ProvisionError, Start, StepId, TracedAnswer, Trial, VirtualBoard, VirtualOptions,
    list_boards, slot_content, try_image,
};

fn tried(bench: &Bench, content: &[u8]) -> Trial {
    try_image(&bench.project, content, &Cancel::new(), &mut |_| {}).unwrap()
}

/// The checks of a pass, up to the first that failed.
fn passed(trial: &Trial, pass: Pass) -> Vec<Check> {
    let of_pass = trial.checks.iter().filter(|traced| traced.pass == pass);
    of_pass.take_while(|traced| traced.answer == TracedAnswer::Passed).map(|traced| traced.check).collect()
}

#[test]
fn a_good_image_is_installed_and_its_banner_is_heard() {
    let bench = Bench::new(50);
    let image = bench.image(&Recipe { version: "3.2.1".parse().unwrap(), ..Recipe::of(&bench) });
    let mut started = Vec::new();
    let trial = try_image(&bench.project, &image, &Cancel::new(), &mut |event| {
        if let Event::StepStarted { index, .. } = event {
            started.push(index);
        }
    })
    .unwrap();
    assert_eq!(trial.decision, Decision::Installed);
    let Start::Speaks(banner) = &trial.start else { panic!("{:?}", trial.start) };
    assert!(banner.contains("version          3.2.1"), "{banner}");
    let own = [Check::Configuration, Check::Data];
    let image =
        [Check::Magic, Check::Header, Check::Sizes, Check::Counter, Check::Hash, Check::KeyHash, Check::Signature];
    assert_eq!(passed(&trial, Pass::Download), [&own[..], &[Check::KeyBlob], &image].concat());
    assert_eq!(passed(&trial, Pass::Installed), [&own[..], &image, &[Check::MinimumState]].concat());
    // By certificate there is no qualification.
    assert_eq!(started, (0..StepId::ALL.len() - 3).collect::<Vec<_>>(), "the real path, whole");
    assert!(trial.record.passed() && trial.instructions > 0 && trial.seconds > 0.0);
}

/// What STiRoT refuses: the check it names, nothing started, nothing heard.
#[track_caller]
fn refused_at(bench: &Bench, image: &[u8], check: Check) {
    let trial = tried(bench, image);
    assert_eq!(trial.decision, Decision::Refused { check });
    assert_eq!(trial.start, Start::No { stop: Some(Stop::NothingFound) }, "the slot was erased, and nothing runs");
    let last = trial.checks.last().unwrap();
    assert_eq!((last.check, last.answer), (check, TracedAnswer::Failed));
    assert_eq!(trial.record.banner, None);
}

#[test]
fn a_flipped_bit_in_the_payload_is_refused_at_the_hash() {
    let bench = Bench::new(51);
    let mut image = bench.image(&Recipe::of(&bench));
    image[0x500] ^= 1;
    refused_at(&bench, &image, Check::Hash);
}

#[test]
fn an_image_that_another_key_signed_is_refused_at_the_key_hash() {
    let bench = Bench::new(52);
    let image = bench.image(&Recipe { signing: PrivateKey::generate().unwrap(), ..Recipe::of(&bench) });
    refused_at(&bench, &image, Check::KeyHash);
}

#[test]
fn a_signature_of_another_key_under_the_right_key_hash_is_refused_at_the_signature() {
    let bench = Bench::new(53);
    let mut image = bench.image(&Recipe::of(&bench));
    let (start, end) = {
        let parts = Parts::decode(&image).unwrap();
        let entry = parts.tlvs.only(Tlv::SIGNATURE).unwrap().unwrap();
        let start = entry.value.as_ptr() as usize - image.as_ptr() as usize;
        (start, start + entry.value.len())
    };
    image[end - 1] ^= 1;
    assert!(end - start >= 70);
    refused_at(&bench, &image, Check::Signature);
}

#[test]
fn an_image_for_another_device_is_refused_at_its_key_blob() {
    let bench = Bench::new(54);
    let other = PrivateKey::generate().unwrap().public();
    refused_at(&bench, &bench.image(&Recipe { encryption: other, ..Recipe::of(&bench) }), Check::KeyBlob);
}

#[test]
fn a_damaged_magic_is_not_seen() {
    let bench = Bench::new(55);
    let mut image = bench.image(&Recipe::of(&bench));
    image[1] ^= 0x10;
    let trial = tried(&bench, &image);
    assert_eq!(trial.decision, Decision::NotSeen);
    assert_eq!(trial.start, Start::No { stop: Some(Stop::NothingFound) });
    assert!(trial.checks.is_empty(), "{:?}", trial.checks);
}

#[test]
fn an_empty_slot_and_noise_are_not_seen() {
    let bench = Bench::new(56);
    for content in [&[][..], b"no image at all", &[0xA5; 0x2000]] {
        assert_eq!(tried(&bench, content).decision, Decision::NotSeen);
    }
}

#[test]
fn more_bytes_than_the_slot_has_are_refused_with_both_numbers_before_any_board_is_made() {
    let bench = Bench::new(57);
    let slot = bench.project.stirot().unwrap().firmware_size as usize;
    let mut events = 0;
    let refused = try_image(&bench.project, &vec![0; slot + 1], &Cancel::new(), &mut |_| events += 1);
    let error = refused.unwrap_err();
    assert!(matches!(error, ProvisionError::Refused(_)), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(&slot.to_string()) && text.contains(&(slot + 1).to_string()), "{text}");
    assert!(!error.help().is_empty());
    assert_eq!(events, 0);
    assert_eq!(tried(&bench, &vec![0; slot]).decision, Decision::NotSeen, "a whole slot fits");
}

#[test]
fn a_trial_can_be_cancelled_and_leaves_no_board() {
    let bench = Bench::new(58);
    let image = bench.image(&Recipe::of(&bench));
    let cancel = Cancel::new();
    let mut made = None;
    let stopped = try_image(&bench.project, &image, &cancel, &mut |event| match event {
        Event::Surveyed(survey) => made = Some(survey.board),
        Event::StepStarted { index: 4, .. } => cancel.cancel(),
        _ => {}
    });
    assert!(matches!(stopped, Err(ProvisionError::Cancelled { .. })), "{stopped:?}");
    let made = std::path::PathBuf::from(made.unwrap());
    assert!(!made.exists() && !made.parent().unwrap().exists(), "{}", made.display());
    assert!(list_boards().iter().all(|board| board.address.to_string() != made.display().to_string()));
}

#[test]
fn a_trial_touches_neither_the_projects_files_nor_the_persons_board() {
    let bench = Bench::new(59);
    let image = bench.image(&Recipe::of(&bench));
    let files = || {
        let mut found = Vec::new();
        let mut folders = vec![bench.files.project_folder()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = std::fs::read(&path).unwrap();
                    found.push((path, bytes));
                }
            }
        }
        found.sort();
        found
    };
    let object = bench.files.project_folder().join("STiROT/Binary/STiROT_Config.obk");
    std::fs::remove_file(&object).unwrap();
    let (before, board) = (files(), board_state(&bench.board));
    assert_eq!(tried(&bench, &image).decision, Decision::Installed);
    assert!(files() == before, "the object that was missing is still missing, and nothing else changed");
    assert_eq!(board_state(&bench.board), board);
}

fn board_state(board: &VirtualBoard) -> u64 {
    board.look(|board| board.peripherals.trace.cursor())
}

/// A bench with a new project of another flow.
fn other_flow(flow: Flow) -> (tempfile::TempDir, Project) {
    let folder = tempfile::tempdir().unwrap();
    create(
        folder.path(),
        &NewProject {
            name: "other".into(),
            flow,
            credential: Credential::Certificate,
            second_stage: formats::ApplicationRun::InPlace,
        },
    )
    .unwrap();
    let project = Project::open(folder.path()).unwrap();
    (folder, project)
}

#[test]
fn what_stirot_installs_of_two_boot_stages_is_tried_without_any_application_in_the_project() {
    let bench = Bench::new(60);
    let (_folder, project) = other_flow(Flow::StirotOemurot);
    let key = |role| {
        let key = project.keys().find(|key| key.role == role).unwrap();
        PrivateKey::from_pem(&std::fs::read(&key.path).unwrap()).unwrap()
    };
    let recipe = Recipe {
        signing: key(KeyRole::Authentication),
        encryption: key(KeyRole::Encryption).public(),
        ..Recipe::of(&bench)
    };
    let trial = try_image(&project, &bench.image(&recipe), &Cancel::new(), &mut |_| {}).unwrap();
    assert_eq!(trial.decision, Decision::Installed);
    let foreign = try_image(&project, &bench.image(&Recipe::of(&bench)), &Cancel::new(), &mut |_| {}).unwrap();
    assert_eq!(foreign.decision, Decision::Refused { check: Check::KeyBlob }, "the sample's keys are not this one's");
}

#[test]
fn a_project_without_stirot_can_try_nothing_and_says_so() {
    let (_folder, project) = other_flow(Flow::DebugAuthentication);
    let error = try_image(&project, &[], &Cancel::new(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, ProvisionError::Refused(_)), "{error:?}");
    assert!(error.to_string().contains("STiRoT takes no part") && !error.help().is_empty(), "{error}");
}

#[test]
fn an_application_that_says_nothing_is_running_all_the_same() {
    let bench = Bench::new(61);
    let mut payload = bench.payload();
    // The reset handler becomes `b .`.
    let start = 0x400 + u32::from_le_bytes(payload[4..8].try_into().unwrap()) as usize - 0x2400_0800 - 1;
    payload[start..start + 2].copy_from_slice(&0xE7FE_u16.to_le_bytes());
    let trial = tried(&bench, &bench.image_of(&payload, &Recipe::of(&bench)));
    assert_eq!((trial.decision, trial.start), (Decision::Installed, Start::Silent));
}

#[test]
fn an_image_of_a_file_is_tried_from_its_first_byte_to_the_end_of_its_slot() {
    let bench = Bench::new(62);
    let image = bench.image(&Recipe::of(&bench));
    let slot_size = bench.project.stirot().unwrap().firmware_size;
    let mut dump = vec![0xFF; 0x6_0000];
    dump[0x2_0000..0x2_0000 + image.len()].copy_from_slice(&image);
    dump[0x5_0000] = 0;
    let opened = Opened::read(dump);
    let content = slot_content(&opened.content, &opened.images[0], slot_size);
    assert!(content.starts_with(&image) && content.len() <= slot_size as usize);
    assert_eq!(tried(&bench, &content).decision, Decision::Installed);

    // Of a hex file with a hole in the payload the hole is erased flash.
    let hole = 0x800..0x810;
    let segments = [0..hole.start, hole.end..image.len()].map(|range| Segment {
        address: 0x9002_0000 + u32::try_from(range.start).unwrap(),
        bytes: image[range].to_vec(),
    });
    let opened = Opened::read(HexFile { segments: segments.to_vec() }.encode().into_bytes());
    let content = slot_content(&opened.content, &opened.images[0], slot_size);
    let mut holed = image.clone();
    holed[hole.clone()].fill(0xFF);
    assert_eq!(content[hole.start - 16..hole.end + 16], holed[hole.start - 16..hole.end + 16]);

    let opened = Opened::read(image.clone());
    let too_small = slot_content(&opened.content, &opened.images[0], 0x1000);
    assert_eq!(too_small.len(), image.len(), "an image that doesn't fit isn't cut to fit");
}

#[test]
fn a_boards_file_opened_as_any_file_is_known_and_shows_nothing_of_its_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.board");
    VirtualBoard::create_with(&path, Some(1), VirtualOptions::default()).unwrap().power_off().unwrap();
    let opened = Opened::read(fs::read(&path).unwrap());
    assert_eq!(opened.kind, FileKind::Board);
    assert_eq!(opened.content.present(), 12);
}
