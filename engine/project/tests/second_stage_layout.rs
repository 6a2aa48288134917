//! The layout inside of the second stage's program: changed together with what depends on it or not at all, and every
//! rule about it broken once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::path::PathBuf;

use common::judging::{mend, named};
use common::{
    Bench, CONFIG, DATA_IMAGE, OEM_APPLICATION, OEM_IMAGE, SECOND_STAGE, TWO_CONFIG, TWO_IMAGE, content, program,
    program_at,
};
use formats::{ApplicationRun, CheckName, ImagePlaces, ImageProfile, Opened, Outcome, SecondStageLayout, judge};
use project::second_stage::{add, add_on, leave, set_run, set_run_on};
use project::{
    Disk, Fault, Flow, LayoutFact, ProjectError, RegionName, Remedy, SETTINGS_FILE, Severity, TargetState, Workshop,
    field,
};

const INPUT: &str = "Firmware binary input file";

fn layout_of(bench: &Bench) -> SecondStageLayout {
    SecondStageLayout::find(&fs::read(bench.path(SECOND_STAGE)).unwrap()).unwrap().unwrap()
}

/// Everything but the keys, which are new in each project.
fn without_keys(bench: &Bench) -> Vec<(PathBuf, Vec<u8>)> {
    content(&bench.project).into_iter().filter(|(path, _)| !path.to_str().unwrap().contains("Keys")).collect()
}

#[test]
fn an_application_that_shall_run_elsewhere_takes_program_settings_and_demonstration_along() {
    let bench = Bench::two_stages(ApplicationRun::InPlace);
    let first = content(&bench.project);
    for run in [ApplicationRun::InternalRam, ApplicationRun::ExternalRam, ApplicationRun::InPlace] {
        set_run(&bench.project, run).unwrap();
        assert_eq!(layout_of(&bench), SecondStageLayout::for_run(run));
        assert_eq!(bench.findings(), [], "{run:?}");
        let images = bench.open().unwrap().outputs().unwrap();
        let application = &images.second.as_ref().unwrap().application;
        assert_eq!(application.slot_size, SecondStageLayout::for_run(run).application.slot_size);
        // The same files as in a project that was made so.
        let fresh = Bench::two_stages(run);
        for name in [SECOND_STAGE, OEM_APPLICATION, OEM_IMAGE] {
            assert_eq!(fs::read(bench.path(name)).unwrap(), fs::read(fresh.path(name)).unwrap(), "{run:?}: {name}");
        }
    }
    for (path, bytes) in first {
        assert_eq!(fs::read(&path).unwrap(), bytes, "{}", path.display());
    }
}

#[test]
fn an_application_of_the_users_stays_and_a_finding_says_that_it_is_linked_elsewhere() {
    let bench = Bench::two_stages(ApplicationRun::InPlace);
    let own = program_at(0x9000_0400, 6000, 0x77);
    fs::write(bench.path(OEM_APPLICATION), &own).unwrap();
    set_run(&bench.project, ApplicationRun::ExternalRam).unwrap();
    assert_eq!(fs::read(bench.path(OEM_APPLICATION)).unwrap(), own);
    let finding = named(&bench, &bench.draft(), None, "R17", (OEM_IMAGE, Some(INPUT)));
    assert!(finding.text.contains("0x7000 0400") && finding.help.contains("in place"), "{finding:?}");
    assert_eq!(finding.region, Some(RegionName::ApplicationCopy));
    assert!(matches!(bench.open().unwrap().outputs(), Err(ProjectError::Rules { .. })));
    set_run(&bench.project, ApplicationRun::InPlace).unwrap();
    assert_eq!(bench.findings(), []);
}

#[test]
fn slots_of_the_users_stay_where_they_are_as_long_as_they_fit() {
    let bench = Bench::two_stages(ApplicationRun::InPlace);
    let own = SecondStageLayout::for_run(ApplicationRun::InPlace);
    let places = ImagePlaces { installation: 0x9100_0000, download: 0x9140_0000, run: 0x9100_0000, ..own.application };
    bench.lay_out(&SecondStageLayout { application: places, ..own });
    set_run(&bench.project, ApplicationRun::InternalRam).unwrap();
    let moved = layout_of(&bench).application;
    assert_eq!((moved.installation, moved.download, moved.slot_size), (0x9100_0000, 0x9140_0000, 0x2_0000));
    assert_eq!(bench.findings(), [], "the image's settings went along");

    // Slots of 128 KiB that leave no room for 2 MiB.
    let near = ImagePlaces { installation: 0x9038_0000, download: 0x903C_0000, ..moved };
    bench.lay_out(&SecondStageLayout { application: near, ..layout_of(&bench) });
    set_run(&bench.project, ApplicationRun::InPlace).unwrap();
    assert_eq!(layout_of(&bench), own);
    assert_eq!(bench.findings(), []);
}

#[test]
fn a_program_of_sts_keeps_where_its_application_runs() {
    let bench = Bench::two_stages(ApplicationRun::InPlace);
    fs::write(bench.path(SECOND_STAGE), program(4096, 0x5A)).unwrap();
    let before = content(&bench.project);
    let error = set_run(&bench.project, ApplicationRun::InternalRam).unwrap_err();
    assert!(matches!(error, ProjectError::NoLayout { .. }) && !error.help().is_empty(), "{error}");
    assert_eq!(content(&bench.project), before);
    assert_eq!(bench.open().unwrap().second_stage().unwrap().layout_fact, LayoutFact::NotTold);
    // It is legal: worth knowing, no error.
    let [finding] = bench.findings().try_into().unwrap();
    assert_eq!((finding.id, finding.severity), ("P9", Severity::Warning), "{finding}");
    bench.open().unwrap().outputs().unwrap();
}

#[test]
fn another_number_of_stages_is_refused_by_name() {
    let one = Bench::own(Flow::Stirot);
    let error = set_run(&one.project, ApplicationRun::InPlace).unwrap_err();
    assert!(matches!(error, ProjectError::Stages { wanted: Flow::StirotOemurot, .. }), "{error}");
    let two = Bench::two_stages(ApplicationRun::InPlace);
    let error = add(&two.project, ApplicationRun::InPlace).unwrap_err();
    assert!(matches!(error, ProjectError::Stages { wanted: Flow::Stirot, .. }), "{error}");
    let error = leave(&two.project).unwrap_err();
    assert!(error.to_string().contains("STiROT_Config.xml"), "it never had one stage: {error}");
    assert!(!error.help().is_empty());
}

#[test]
fn whenever_a_change_breaks_off_all_files_are_as_they_were_or_all_are_changed() {
    let start = Bench::two_stages(ApplicationRun::InPlace);
    let old = content(&start.project).into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>();
    let after = start.again();
    set_run(&after.project, ApplicationRun::InternalRam).unwrap();
    let new = content(&after.project).into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>();
    for fault in [Fault::Once, Fault::DiskFull, Fault::Killed] {
        let (mut untouched, mut finished) = (0, 0);
        for turn in 1.. {
            let bench = start.again();
            let disk = Disk::failing_at(turn, fault);
            let changed = set_run_on(&disk, &bench.project, ApplicationRun::InternalRam);
            if disk.operations() < turn {
                changed.unwrap();
                break;
            }
            // The next opening finishes what was cut off.
            bench.open().unwrap();
            let found: Vec<_> = content(&bench.project).into_iter().map(|(_, bytes)| bytes).collect();
            match (found == old, found == new) {
                (true, false) => untouched += 1,
                (false, true) => finished += 1,
                _ => panic!("{fault:?} at {turn}: {:?}", content(&bench.project).len()),
            }
        }
        assert!(untouched > 5 && finished > 3, "{fault:?}: {untouched}, {finished}");
    }
}

#[test]
fn a_second_stage_is_added_with_keys_of_its_own_and_the_numbers_that_were_chosen() {
    let bench = Bench::own(Flow::Stirot);
    bench.set(CONFIG, field::CLOCK, "0");
    let before = content(&bench.project);
    let keys: Vec<_> = bench.open().unwrap().keys().map(|key| key.fingerprint).collect();
    add(&bench.project, ApplicationRun::ExternalRam).unwrap();
    let project = bench.open().unwrap();
    assert_eq!((project.flow(), project.name()), (Flow::StirotOemurot, "Pump"));
    assert_eq!(project.check(), []);
    assert_eq!(project.stirot().unwrap().clock, formats::Clock::Mhz64);
    assert_eq!(project.stirot().unwrap().download_address, 0x9043_0000);
    assert_eq!(layout_of(&bench), SecondStageLayout::for_run(ApplicationRun::ExternalRam));
    let stages: Vec<_> = project.keys().take(4).map(|key| key.fingerprint).collect();
    assert!(stages.iter().all(|key| !keys.contains(key)), "new keys for both stages");
    project.outputs().unwrap();
    for (path, bytes) in before.iter().filter(|(path, _)| !path.ends_with(SETTINGS_FILE)) {
        assert_eq!(&fs::read(path).unwrap(), bytes, "{} stays", path.display());
    }

    leave(&bench.project).unwrap();
    assert_eq!(bench.open().unwrap().flow(), Flow::Stirot);
    assert_eq!(bench.findings(), []);
    let with_both = without_keys(&bench);
    add(&bench.project, ApplicationRun::InPlace).unwrap();
    assert_eq!(bench.open().unwrap().keys().take(4).map(|key| key.fingerprint).collect::<Vec<_>>(), stages);
    let others = |files: Vec<(PathBuf, Vec<u8>)>| {
        files.into_iter().filter(|(path, _)| !path.ends_with(SETTINGS_FILE)).collect::<Vec<_>>()
    };
    assert_eq!(others(without_keys(&bench)), others(with_both), "what is there is taken as it is");
}

#[test]
fn a_second_stage_writes_over_nothing() {
    let bench = Bench::own(Flow::Stirot);
    let in_the_way = bench.path(OEM_IMAGE);
    fs::create_dir_all(in_the_way.parent().unwrap()).unwrap();
    fs::write(&in_the_way, "mine").unwrap();
    let before = content(&bench.project);
    let error = add(&bench.project, ApplicationRun::InPlace).unwrap_err();
    assert!(error.to_string().contains("OEMuROT_Code_Image.xml"), "{error}");
    assert_eq!(content(&bench.project), before);

    // Programs of the user's are taken.
    fs::remove_file(&in_the_way).unwrap();
    let own = program_at(0x9000_0400, 5000, 0x31);
    fs::write(bench.path(OEM_APPLICATION), &own).unwrap();
    add(&bench.project, ApplicationRun::InPlace).unwrap();
    assert_eq!(fs::read(bench.path(OEM_APPLICATION)).unwrap(), own);
    assert_eq!(bench.findings(), []);
}

#[test]
fn an_addition_that_breaks_off_leaves_one_stage_or_two() {
    for turn in (1..).step_by(7) {
        let bench = Bench::own(Flow::Stirot);
        let disk = Disk::failing_at(turn, Fault::Killed);
        let added = add_on(&disk, &bench.project, ApplicationRun::InPlace);
        let done = disk.operations() < turn;
        let project = bench.open().unwrap();
        let found: Vec<_> = project.check();
        assert_eq!(found, [], "{turn}");
        match project.flow() {
            Flow::Stirot => assert!(added.is_err() && !bench.path(TWO_CONFIG).exists(), "{turn}"),
            _ => assert!(bench.path(SECOND_STAGE).is_file(), "{turn}"),
        }
        if done {
            added.unwrap();
            break;
        }
    }
}

/// The rule that is broken by other places in the program, about this file and field.
fn broken_by(
    change: impl FnOnce(&mut SecondStageLayout),
    id: &str,
    at: (&str, Option<&str>),
) -> (Bench, project::Finding) {
    let bench = Bench::own(Flow::StirotOemurot);
    let mut layout = layout_of(&bench);
    change(&mut layout);
    bench.lay_out(&layout);
    let finding = named(&bench, &bench.draft(), None, id, at);
    (bench, finding)
}

#[test]
fn p9_the_images_settings_are_those_of_the_programs_layout_and_an_edit_mends_them() {
    for (name, value) in [("Firmware area size", "0x100000"), ("Hex format", "0x90400000"), ("Header Size", "0x800")] {
        let bench = Bench::own(Flow::StirotOemurot);
        if name == "Header Size" {
            let text = fs::read_to_string(bench.path(OEM_IMAGE)).unwrap();
            let (before, after) = text.split_once("<Name>Header Size</Name>").unwrap();
            let after = after.replacen("<Default>0x400", &format!("<Value>{value}</Value>\n\t\t<Default>0x400"), 1);
            fs::write(bench.path(OEM_IMAGE), format!("{before}<Name>Header Size</Name>{after}")).unwrap();
        } else {
            bench.set(OEM_IMAGE, name, value);
        }
        let mut draft = bench.draft();
        let finding = named(&bench, &draft, None, "P9", (OEM_IMAGE, Some(name)));
        assert_eq!(finding.severity, Severity::Error);
        mend(&mut draft, &finding);
    }
}

#[test]
fn p9_a_layout_that_cannot_work_is_named_with_its_place_in_the_program() {
    let (bench, finding) =
        broken_by(|layout| layout.application.download = 0x9000_0800, "P9", (TWO_IMAGE, Some(INPUT)));
    assert!(finding.text.contains("offset 0x424"), "{finding}");
    assert!(matches!(bench.open().unwrap().second_stage().unwrap().layout_fact, LayoutFact::Wrong(_)));
    assert!(bench.draft().assess(None).objects_blocked_by.is_none());
    bench.open().unwrap().objects_for(TargetState::Closed).unwrap();
    let error = set_run(&bench.project, ApplicationRun::InPlace).unwrap_err();
    assert!(matches!(error, ProjectError::Layout { .. }) && error.to_string().contains("0x424"), "{error}");
}

#[test]
fn p9_a_data_image_is_there_exactly_when_the_program_installs_one() {
    let with_data = |layout: &mut SecondStageLayout| layout.data = Some(SecondStageLayout::default_data());
    broken_by(with_data, "P9", (TWO_IMAGE, Some(INPUT)));
    let bench = Bench::own(Flow::StirotOemurot);
    bench.data_image(&SecondStageLayout::default_data());
    named(&bench, &bench.draft(), None, "P9", (DATA_IMAGE, None));
    let mut layout = layout_of(&bench);
    with_data(&mut layout);
    bench.lay_out(&layout);
    assert_eq!(bench.findings(), []);
    bench.set(DATA_IMAGE, "Hex format", "0x90480000");
    let mut draft = bench.draft();
    let finding = named(&bench, &draft, None, "P9", (DATA_IMAGE, Some("Hex format")));
    assert_eq!(finding.region, Some(RegionName::DataDownload));
    mend(&mut draft, &finding);
}

#[test]
fn p10_a_program_of_more_than_96_kib_is_refused() {
    let bench = Bench::own(Flow::StirotOemurot);
    let mut program = fs::read(bench.path(SECOND_STAGE)).unwrap();
    program.resize(96 * 1024, 0x11);
    fs::write(bench.path(SECOND_STAGE), &program).unwrap();
    assert_eq!(bench.findings(), []);
    program.push(0x11);
    fs::write(bench.path(SECOND_STAGE), &program).unwrap();
    let finding = named(&bench, &bench.draft(), None, "P10", (TWO_IMAGE, Some(INPUT)));
    assert_eq!(finding.severity, Severity::Error);
}

#[test]
fn p11_the_copy_in_internal_ram_is_off_the_second_stage_and_in_ram_that_is_usable() {
    let bench = Bench::two_stages(ApplicationRun::InternalRam);
    bench.set(TWO_CONFIG, field::FIRMWARE_SIZE, "0x22000");
    bench.set(TWO_CONFIG, field::DOWNLOAD_ADDRESS, "0x90440000");
    let mut draft = bench.draft();
    let finding = named(&bench, &draft, None, "P11", (TWO_CONFIG, Some(field::FIRMWARE_SIZE)));
    assert_eq!(finding.region, Some(RegionName::ApplicationCopy));
    mend(&mut draft, &finding);

    let bench = Bench::two_stages(ApplicationRun::InternalRam);
    let mut layout = layout_of(&bench);
    layout.application.run = 0x2405_2000;
    bench.lay_out(&layout);
    fs::write(bench.path(OEM_APPLICATION), program_at(0x2405_2400, 4096, 1)).unwrap();
    let finding = named(&bench, &bench.draft(), None, "P11", (TWO_CONFIG, Some(field::SRAM_ECC)));
    assert!(finding.text.contains("SRAM4"), "{finding}");
}

#[test]
fn r17_the_application_is_linked_for_where_the_second_stage_starts_it() {
    let bench = Bench::own(Flow::StirotOemurot);
    fs::write(bench.path(OEM_APPLICATION), program_at(0x2400_0400, 4096, 1)).unwrap();
    let finding = named(&bench, &bench.draft(), None, "R17", (OEM_IMAGE, Some(INPUT)));
    assert!(finding.text.contains("0x9000 0400"), "{finding}");
    assert_eq!(finding.region, Some(RegionName::ApplicationInstallation));
    fs::write(bench.path(OEM_APPLICATION), vec![0; 4096]).unwrap();
    named(&bench, &bench.draft(), None, "R17", (OEM_IMAGE, Some(INPUT)));
}

#[test]
fn r14_an_application_with_its_stack_in_the_second_stages_memory_is_told() {
    let bench = Bench::own(Flow::StirotOemurot);
    let mut application = program_at(0x9000_0400, 4096, 1);
    application[..4].copy_from_slice(&0x2401_0000_u32.to_le_bytes());
    fs::write(bench.path(OEM_APPLICATION), application).unwrap();
    let finding = named(&bench, &bench.draft(), None, "R14", (OEM_IMAGE, Some(INPUT)));
    assert_eq!(finding.severity, Severity::Warning);
}

#[test]
fn r15_stirots_slots_leave_the_data_slots_alone() {
    let bench = Bench::own(Flow::StirotOemurot);
    let places = ImagePlaces { installation: 0x9043_0000, ..SecondStageLayout::default_data() };
    let layout = SecondStageLayout { data: Some(places), ..layout_of(&bench) };
    bench.lay_out(&layout);
    bench.data_image(&places);
    let mut draft = bench.draft();
    let finding = named(&bench, &draft, None, "R15", (TWO_CONFIG, Some(field::DOWNLOAD_ADDRESS)));
    assert!(finding.text.contains("installation slot for data"), "{finding}");
    mend(&mut draft, &finding);
}

#[test]
fn r15_the_scratch_area_of_a_program_of_sts_is_left_alone_too() {
    let bench = Bench::own(Flow::StirotOemurot);
    fs::write(bench.path(SECOND_STAGE), program(4096, 0x5A)).unwrap();
    bench.set(TWO_CONFIG, field::INSTALLATION_ADDRESS, "0x90400000");
    let found = bench.findings();
    let finding = found.iter().find(|finding| finding.id == "R15").unwrap();
    assert!(finding.text.contains("scratch area") && matches!(finding.remedy, Some(Remedy::Edit { .. })), "{finding}");
}

#[test]
fn r16_an_application_larger_than_its_slot_is_told_before_anything_is_built() {
    let bench = Bench::two_stages(ApplicationRun::InternalRam);
    fs::write(bench.path(OEM_APPLICATION), program_at(0x2402_0400, 0x2_0000, 1)).unwrap();
    named(&bench, &bench.draft(), None, "R16", (OEM_IMAGE, None));
    assert!(bench.open().unwrap().second_stage_image_for(TargetState::Closed).is_err());
}

#[test]
fn an_image_is_judged_by_where_the_second_stage_starts_its_application() {
    let bench = Bench::two_stages(ApplicationRun::ExternalRam);
    let project = bench.open().unwrap();
    let image = project.second_stage_image_for(TargetState::Closed).unwrap().unwrap();
    let outcome = |bench: &Bench| {
        let workshop = Workshop::of(&bench.open().unwrap());
        let circumstances = workshop.circumstances(Some(ImageProfile::Oemurot), None);
        let opened = Opened::read(fs::read(&image.path).unwrap());
        judge(&opened, &opened.images[0], &circumstances).outcome(CheckName::LinkAddress).cloned()
    };
    assert!(matches!(outcome(&bench), Some(Outcome::Holds(text)) if text.contains("0x70000400")));
    bench.lay_out(&SecondStageLayout::for_run(ApplicationRun::InPlace));
    assert!(matches!(outcome(&bench), Some(Outcome::Fails(text)) if text.contains("0x90000400")));
    fs::write(bench.path(SECOND_STAGE), program(4096, 0x5A)).unwrap();
    assert!(matches!(outcome(&bench), Some(Outcome::NotCheckable(_))), "ST's program doesn't say it");
}
