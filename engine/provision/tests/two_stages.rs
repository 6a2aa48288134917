//! From a blank board to an application that runs at HDPL 3: two boot stages on the virtual board, through probe-rs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::collections::HashSet;

use board::PowerCut;
use chip::ProductState;
use chip::memory_map::Region;
use common::two_stages::{APPLICATION, PROGRAM, layout};
use common::{Bench, Files, listen};
use formats::ApplicationRun;
use project::Credential;
use provision::{Cancel, Event, Goal, LockConsent, Record, StepId, StepResult};

/// The line of the demo application that names its version.
const VERSION: &str = "version          1.0.0";

fn bench(seed: u64, run: ApplicationRun) -> Bench {
    Bench::two_stages(seed, run, Credential::Certificate)
}

/// What the banner has to say.
#[track_caller]
fn runs(record: &Record, address: &str) {
    assert!(record.passed());
    let banner = record.banner.as_ref().unwrap();
    for line in [VERSION, "security counter 0x01000000", "HDPL             3", address] {
        assert!(banner.contains(line), "{line}: {banner}");
    }
    assert!(!banner.contains("[oemurot]"), "the second stage's lines are its own: {banner}");
    let told = record.steps.last().unwrap();
    assert_eq!(told.evidence.facts["names_version"], "yes");
    assert!(told.evidence.facts["second_stage"].contains("second boot stage"), "{:?}", told.evidence.facts);
}

/// No run of 16 bytes of the plain images lies in a slot.
#[track_caller]
fn holds_nothing_plain(bench: &Bench, slot: Region, plain: &[u8]) {
    let cells = bench.cells(slot);
    let runs: HashSet<&[u8]> = plain.windows(16).filter(|run| run.iter().any(|byte| *byte != run[0])).collect();
    assert!(runs.len() > 500, "the program has runs to look for");
    assert!(cells.iter().any(|byte| *byte != 0xFF), "the slot at {:#x} is written", slot.start);
    let found = cells.windows(16).position(|window| runs.contains(window));
    assert_eq!(found, None, "the slot at {:#x} holds plain bytes at this offset", slot.start);
}

fn program(bench: &Bench, name: &str) -> Vec<u8> {
    std::fs::read(bench.files.file(name)).unwrap()
}

fn provisions(seed: u64, run: ApplicationRun, address: &str) -> Bench {
    let bench = bench(seed, run);
    let mut started = Vec::new();
    let record = bench
        .provision_with(&Cancel::new(), &mut |event| {
            if let Event::StepStarted { index, .. } = event {
                started.push(index);
            }
        })
        .unwrap();
    assert_eq!(started, (0..StepId::ALL.len() - 1).collect::<Vec<_>>(), "every step but the qualification");
    assert!(record.steps.iter().all(|step| step.result == StepResult::Proved));
    runs(&record, address);
    assert_eq!(bench.state(), ProductState::Closed);

    let places = layout(&bench.project).application;
    let stirot = bench.project.stirot().unwrap();
    for (slot, name) in [(stirot.installation_slot(), PROGRAM), (places.installation_slot(), APPLICATION)] {
        holds_nothing_plain(&bench, slot, &program(&bench, name));
    }
    for slot in [stirot.download_slot(), places.download_slot()] {
        assert!(bench.cells(slot).iter().all(|byte| *byte == 0xFF), "the slot at {:#x} is used up", slot.start);
    }
    bench
}

#[test]
fn the_application_runs_in_place_from_encrypted_flash_and_again_after_reset_and_power_cycle() {
    let bench = provisions(70, ApplicationRun::InPlace, "0x9000");
    let mut console = bench.board.console_reader();
    bench.board.reset();
    let heard = listen(&mut console, VERSION);
    assert!(heard.contains(VERSION), "{heard}");
    bench.board.power_cycle().unwrap();
    let mut console = bench.board.console_reader();
    let heard = listen(&mut console, VERSION);
    assert!(heard.contains(VERSION), "{heard}");
}

#[test]
fn the_application_runs_from_internal_ram() {
    provisions(71, ApplicationRun::InternalRam, "0x2402");
}

#[test]
fn the_application_runs_from_external_ram() {
    provisions(72, ApplicationRun::ExternalRam, "0x7000");
}

#[test]
fn a_data_image_is_installed_beside_the_application() {
    let files = Files::two_stages(ApplicationRun::InPlace, Credential::Certificate);
    let data: Vec<u8> = (0..5000_u32).map(|n| (n * n / 13) as u8).collect();
    files.with_data_image(&data);
    let (board, project) = (files.board(Some(77)), files.project());
    let bench = Bench { project, board, files };
    let record = bench.provision().unwrap();
    runs(&record, "0x9000");
    assert!(record.inputs.iter().any(|input| input.name == "data image"));
    let places = layout(&bench.project).data.unwrap();
    holds_nothing_plain(&bench, places.installation_slot(), &data);
    assert!(bench.cells(places.download_slot()).iter().all(|byte| *byte == 0xFF), "it is used up");
}

#[test]
fn with_consent_a_board_of_two_stages_is_locked_and_runs() {
    let bench = bench(78, ApplicationRun::InPlace);
    let uid: String = bench.uid()[8..].iter().map(|byte| format!("{byte:02x}")).collect();
    let goal = Goal::Locked(LockConsent::given(bench.uid(), &uid).unwrap());
    let record = bench.provision_to(&goal, &Cancel::new(), &mut |_| {}).unwrap();
    runs(&record, "0x9000");
    assert_eq!(bench.state(), ProductState::Locked);
}

#[test]
fn the_power_cut_inside_of_the_second_stages_objects_costs_a_press_and_no_more() {
    let bench = bench(79, ApplicationRun::InPlace);
    for (object, after_writes) in [(StepId::SecondConfiguration, 3), (StepId::SecondData, 1)] {
        let (plan, _) = provision::plan_for(&bench.project, provision::FinalState::Closed).unwrap();
        let (at, _) = plan.step(object).unwrap();
        let board = bench.board.clone();
        let cut = bench.provision_with(&Cancel::new(), &mut |event| {
            if let Event::StepStarted { index, .. } = event
                && index == at
            {
                board.with(|board| board.peripherals.arm_power_cut(PowerCut { after_writes, tears: true }));
            }
        });
        assert!(cut.is_err(), "{object:?}");
        bench.board.power_cycle().unwrap();
        assert_eq!(bench.state(), ProductState::Provisioning);
    }
    runs(&bench.provision().unwrap(), "0x9000");
}

#[test]
fn by_password_a_regression_comes_first_and_the_board_goes_back_by_what_the_wallet_has() {
    let bench = Bench::two_stages(73, ApplicationRun::InPlace, Credential::Password);
    let record = bench.provision().unwrap();
    runs(&record, "0x9000");
    assert_eq!(record.steps.len(), StepId::ALL.len());
    bench.goes_back();
    runs(&bench.provision().unwrap(), "0x9000");
}

#[test]
fn a_second_press_on_a_finished_board_proves_it_again_and_writes_nothing() {
    let bench = bench(74, ApplicationRun::InPlace);
    bench.provision().unwrap();
    let record = bench.provision().unwrap();
    runs(&record, "0x9000");
    let done: Vec<_> =
        record.steps.iter().filter(|step| step.result == StepResult::Proved).map(|step| step.step).collect();
    assert_eq!(done, [StepId::Survey, StepId::ClosedProof, StepId::Application]);
}

#[test]
fn a_run_that_broke_off_is_taken_up_and_all_five_objects_are_stored_again() {
    let bench = bench(75, ApplicationRun::InPlace);
    for stop in [StepId::ExternalFlash, StepId::SecondConfiguration, StepId::SecondData, StepId::FinalState] {
        bench.provision_until(stop);
    }
    let record = bench.provision().unwrap();
    runs(&record, "0x9000");
    let objects = [
        StepId::DebugAuthentication,
        StepId::Configuration,
        StepId::Data,
        StepId::SecondConfiguration,
        StepId::SecondData,
    ];
    for object in objects {
        let step = record.steps.iter().find(|step| step.step == object).unwrap();
        assert_eq!(step.result, StepResult::Proved, "{object:?}: only what this run stored counts");
    }
    let flash = record.steps.iter().find(|step| step.step == StepId::ExternalFlash).unwrap();
    assert_eq!(flash.result, StepResult::ProvedEarlier, "what was proved in OPEN stands");
}

#[test]
fn the_record_names_what_was_written_and_nothing_secret() {
    let bench = bench(76, ApplicationRun::InPlace);
    let record = bench.provision().unwrap();
    let names: Vec<_> = record.inputs.iter().map(|input| input.name.as_str()).collect();
    assert!(names.contains(&"second stage image") && names.contains(&"OEMuROT_Data"), "{names:?}");
    let flash = record.steps.iter().find(|step| step.step == StepId::ExternalFlash).unwrap();
    for name in ["second_stage_image_download_slot_sha256", "application_image_download_slot_sha256"] {
        assert_eq!(flash.evidence.facts[name].len(), 64, "{name}");
    }
    let text = serde_json::to_string(&record).unwrap();
    for (name, secret) in bench.secrets_of_two_stages() {
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!text.contains(&hex), "{name}");
    }
}
