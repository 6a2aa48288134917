//! The outputs of two boot stages: ST's published objects byte for byte, a new project's images, and a data image where
//! there is one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use chip::memory_map::Region;
use common::{Bench, DATA_IMAGE, OEM_APPLICATION, SECOND_STAGE, content, vectors};
use formats::{ApplicationRun, HexFile, ImageFile, ImageProfile, PrivateKey, SecondStageLayout, StirotConfig, decrypt};
use project::{Flow, LinkState, Memory, Outputs, PartId, RegionName, RunsIn, erase_sectors, memory_map};
use sha2::{Digest, Sha256};

fn with_data(run: ApplicationRun) -> SecondStageLayout {
    SecondStageLayout { data: Some(SecondStageLayout::default_data()), ..SecondStageLayout::for_run(run) }
}

fn outputs(bench: &Bench) -> Outputs {
    bench.open().unwrap().outputs().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn sts_published_folder_gives_its_five_objects_byte_for_byte_and_both_images() {
    let bench = Bench::package();
    bench.choose(Flow::StirotOemurot);
    fs::remove_dir_all(bench.path("STiROT_OEMuROT/Binary")).unwrap();
    let outputs = outputs(&bench);
    let names: Vec<_> = outputs.objects().map(|object| object.name.as_str()).collect();
    assert_eq!(names, ["DA_Config", "STiROT_Config", "STiROT_Data", "OEMuROT_Config", "OEMuROT_Data"]);
    for object in outputs.objects().skip(1) {
        let published = fs::read(vectors().join(format!("stirot_oemurot/Binary/{}.obk", object.name))).unwrap();
        assert_eq!(object.sha256, <[u8; 32]>::from(Sha256::digest(&published)), "{}", object.name);
        assert_eq!(fs::read(&object.path).unwrap(), published, "{}", object.name);
    }
    let addresses: Vec<_> = outputs.images().map(|image| (image.address, image.slot_size)).collect();
    assert_eq!(addresses, [(0x9043_0000, 0x2_0000), (0x9020_0000, 0x20_0000)]);
    let second = outputs.second.unwrap();
    assert_eq!(second.layout, None, "ST's program says nothing about its places");
    assert_eq!(second.installation_slots(), [Region::new(0x9000_0000, 0x20_0000)]);
}

#[test]
fn a_new_project_gives_everything_at_once_wherever_its_application_runs() {
    for run in ApplicationRun::ALL {
        let bench = Bench::two_stages(run);
        assert_eq!(bench.findings(), [], "{run:?}");
        let outputs = outputs(&bench);
        assert!(outputs.objects().all(|object| object.built) && outputs.images().all(|image| image.built));
        assert!(outputs.images().all(|image| image.report.all_hold()));
        let layout = SecondStageLayout::for_run(run);
        let second = outputs.second.as_ref().unwrap();
        assert_eq!(second.layout, Some(layout));
        assert_eq!(second.installation_slots(), [layout.application.installation_slot()]);
        let application = &second.application;
        assert_eq!(
            (application.address, application.slot_size),
            (layout.application.download, layout.application.slot_size)
        );
        assert_eq!(application.description.facts.profile, ImageProfile::Oemurot);
        assert!(second.data_image.is_none());

        // What STiRoT installs is the second stage with that layout inside.
        let key = PrivateKey::from_pem(&fs::read(bench.path("STiROT_OEMuROT/Keys/STiROT_Encryption.pem")).unwrap());
        let file = ImageFile::decode(&fs::read(&outputs.image.path).unwrap()).unwrap();
        let inside = decrypt(&file, &key.unwrap()).unwrap();
        assert_eq!(SecondStageLayout::find(&inside), Ok(Some(layout)));

        let again = self::outputs(&bench);
        assert!(again.objects().all(|object| !object.built) && again.images().all(|image| !image.built), "{run:?}");
    }
}

#[test]
fn the_sectors_of_every_slot_are_those_of_its_own_layout() {
    let bench = Bench::two_stages(ApplicationRun::InPlace);
    let project = bench.open().unwrap();
    let outputs = outputs(&bench);
    let slots = [project.stirot().unwrap().installation_slot()].into_iter();
    let slots: Vec<_> = slots.chain(outputs.second.as_ref().unwrap().installation_slots()).collect();
    // ST's script for Linux erases sectors 0 and 1, wherever the slots are.
    assert_eq!(slots.iter().map(|slot| erase_sectors(*slot)).collect::<Vec<_>>(), [Some(65..=66), Some(0..=31)]);
    let downloads = outputs.images().map(|image| erase_sectors(Region::new(image.address, image.slot_size)));
    assert_eq!(downloads.collect::<Vec<_>>(), [Some(67..=68), Some(32..=63)]);
}

#[test]
fn the_second_stages_objects_hold_its_keys_at_its_level() {
    let bench = Bench::two_stages(ApplicationRun::InPlace);
    let second = outputs(&bench).second.unwrap();
    let destinations = [second.configuration.obk.destination, second.data.obk.destination];
    assert_eq!(destinations.map(|place| (place.hdpl(), place.index())), [(2, 8), (2, 15)]);
    let payload = second.configuration.obk.hashed_payload().unwrap();
    let stored =
        |name: &str| PrivateKey::from_pem(&fs::read(bench.path("STiROT_OEMuROT/Keys").join(name)).unwrap()).unwrap();
    assert!(payload.starts_with(&stored("OEMuROT_Authentication.pem").public().stored()));
    assert!(payload[91..].starts_with(&*stored("OEMuROT_Encryption.pem").stored()));
    assert!(StirotConfig::decode(payload).is_err(), "it isn't STiRoT's");
    assert_eq!(second.data.obk.body.len(), 192);
}

#[test]
fn only_what_is_stale_is_built_again() {
    let bench = Bench::two_stages(ApplicationRun::InPlace);
    outputs(&bench);
    let mut application = fs::read(bench.path(OEM_APPLICATION)).unwrap();
    *application.last_mut().unwrap() ^= 1;
    fs::write(bench.path(OEM_APPLICATION), application).unwrap();
    let after = outputs(&bench);
    assert!(!after.image.built && after.objects().all(|object| !object.built));
    let second = after.second.unwrap();
    assert_eq!(second.application.built_because.as_deref(), Some("the application was changed"));

    bench.lay_out(&SecondStageLayout { console: formats::ConsoleLines::Silent, ..second.layout.unwrap() });
    let after = outputs(&bench);
    assert!(after.image.built && !after.second.unwrap().application.built);
}

#[test]
fn without_its_application_nothing_is_written() {
    let bench = Bench::two_stages(ApplicationRun::InPlace);
    fs::remove_file(bench.path(OEM_APPLICATION)).unwrap();
    let before = content(&bench.project);
    let error = bench.open().unwrap().outputs().unwrap_err();
    assert!(error.to_string().contains("rot_app.bin"), "{error}");
    assert_eq!(content(&bench.project), before);
}

#[test]
fn a_data_image_is_built_where_its_settings_are_there() {
    let bench = Bench::two_stages(ApplicationRun::InPlace);
    let layout = with_data(ApplicationRun::InPlace);
    let places = layout.data.unwrap();
    bench.lay_out(&layout);
    bench.data_image(&places);
    assert_eq!(bench.findings(), []);
    let outputs = outputs(&bench);
    assert_eq!(outputs.images().count(), 3);
    let second = outputs.second.unwrap();
    let data = second.data_image.as_ref().unwrap();
    assert_eq!((data.address, data.slot_size, data.built), (places.download, places.slot_size, true));
    let hex = HexFile::decode(&fs::read(&data.path).unwrap()).unwrap();
    assert_eq!(hex.segments[0].address, places.download);
    assert_eq!(second.installation_slots(), [layout.application.installation_slot(), places.installation_slot()]);

    let belonging = bench.draft().assess(None).belonging;
    for (from, to) in [
        (PartId::Data, PartId::DataImage),
        (PartId::DataImage, PartId::DataSlot),
        (PartId::Application, PartId::DataSlot),
    ] {
        assert_eq!(belonging.link(from, to).unwrap().state, LinkState::Holds, "{from} {to}");
    }
    assert_eq!(belonging.first_broken(), None);
    let lanes = memory_map(&bench.draft());
    let names: Vec<_> = lanes.iter().flat_map(|lane| &lane.regions).map(|placed| placed.name).collect();
    assert!(names.contains(&RegionName::DataInstallation) && names.contains(&RegionName::DataDownload), "{names:?}");

    fs::remove_file(bench.path("STiROT_OEMuROT/Images/rot_data.bin")).unwrap();
    assert_eq!(bench.errors(), [("P2", Some("Firmware binary input file".to_owned()))]);
    assert!(bench.findings()[0].file.ends_with(DATA_IMAGE));
}

#[test]
fn every_link_of_a_new_project_holds_once_it_is_built() {
    for run in ApplicationRun::ALL {
        let bench = Bench::two_stages(run);
        outputs(&bench);
        let assessment = bench.draft().assess(None);
        assert!(assessment.is_sound(), "{:?}", assessment.belonging.first_broken());
        for (from, to) in [
            (PartId::Object(project::ObjectRole::OemConfig), PartId::SecondImage),
            (PartId::SecondApplication, PartId::SecondImage),
            (PartId::SecondImage, PartId::SecondSlot),
            (PartId::Application, PartId::SecondApplication),
            (PartId::Application, PartId::SecondSlot),
        ] {
            let link = assessment.belonging.link(from, to).unwrap_or_else(|| panic!("{from} and {to} are not tied"));
            assert_eq!(link.state, LinkState::Holds, "{link:?}");
        }
    }
}

#[test]
fn an_application_that_is_linked_elsewhere_breaks_the_link_to_its_second_stage() {
    let bench = Bench::two_stages(ApplicationRun::InPlace);
    outputs(&bench);
    bench.lay_out(&SecondStageLayout::for_run(ApplicationRun::ExternalRam));
    let assessment = bench.draft().assess(None);
    let link = assessment.belonging.link(PartId::Application, PartId::SecondApplication).unwrap();
    assert_eq!(link.state, LinkState::Broken, "{link:?}");
    assert!(!assessment.is_sound());
}

#[test]
fn the_map_shows_the_copy_where_the_application_runs() {
    let places = [
        (ApplicationRun::InPlace, None),
        (ApplicationRun::InternalRam, Some((Memory::InternalRam, 0x2402_0000))),
        (ApplicationRun::ExternalRam, Some((Memory::ExternalRam, 0x7000_0000))),
    ];
    for (run, expected) in places {
        let bench = Bench::two_stages(run);
        let lanes = memory_map(&bench.draft());
        let copy = lanes.iter().find_map(|lane| {
            let copy = lane.regions.iter().find(|placed| placed.name == RegionName::ApplicationCopy)?;
            Some((lane.memory, copy.region.start))
        });
        assert_eq!(copy, expected, "{run:?}");
        let flash = lanes.iter().find(|lane| lane.memory == Memory::ExternalFlash).unwrap();
        let names: Vec<_> = flash.regions.iter().map(|placed| placed.name).collect();
        assert!(!names.contains(&RegionName::Scratch), "the studio's second stage swaps nothing");
        let draft = bench.draft();
        let placed = flash.regions.iter().find(|placed| placed.name == RegionName::ApplicationInstallation).unwrap();
        assert!(placed.fields.iter().all(|place| draft.field(place).is_some()), "{placed:?}");
    }
}

#[test]
fn the_stages_are_told_with_memory_address_and_level() {
    let bench = Bench::own(Flow::Stirot);
    let one: Vec<_> = bench
        .open()
        .unwrap()
        .boot_stages()
        .into_iter()
        .map(|stage| (stage.name, stage.code_address, stage.hdpl))
        .collect();
    assert_eq!(one, [("STiRoT", None, 1), ("application", Some(0x2400_0400), 2)]);
    assert!(bench.open().unwrap().second_stage().is_none());

    let bench = Bench::two_stages(ApplicationRun::ExternalRam);
    let project = bench.open().unwrap();
    let two = project.boot_stages();
    let told: Vec<_> = two.iter().map(|stage| (stage.name, stage.runs_in, stage.code_address, stage.hdpl)).collect();
    assert_eq!(
        told,
        [
            ("STiRoT", Some(RunsIn::SystemFlash), None, 1),
            ("OEMuRoT", Some(RunsIn::InternalRam), Some(0x2400_0400), 2),
            ("application", Some(RunsIn::ExternalRam), Some(0x7000_0400), 3),
        ]
    );
    assert_eq!(two[1].download, Some(Region::new(0x9043_0000, 0x2_0000)));
    assert_eq!(two[2].installation, Some(Region::new(0x9000_0000, 0x20_0000)));
    assert_eq!(project.second_stage().unwrap().program, bench.path(SECOND_STAGE));

    let bench = Bench::package();
    bench.choose(Flow::StirotOemurot);
    let application = bench.open().unwrap().boot_stages().pop().unwrap();
    assert_eq!((application.runs_in, application.code_address), (None, None), "ST's program doesn't say it");
    assert_eq!(application.installation, Some(Region::new(0x9000_0000, 0x20_0000)));
}

#[test]
fn what_is_said_of_the_outputs_shows_no_private_key() {
    let bench = Bench::two_stages(ApplicationRun::InPlace);
    let project = bench.open().unwrap();
    let told = format!("{:?} {:?} {:?}", outputs(&bench), project.second_stage(), project.boot_stages());
    let numbers: Vec<u8> =
        told.split(|letter: char| !letter.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
    for name in ["STiROT_Encryption", "STiROT_Authentication", "OEMuROT_Encryption", "OEMuROT_Authentication"] {
        let pem = fs::read(bench.path(&format!("STiROT_OEMuROT/Keys/{name}.pem"))).unwrap();
        let scalar = PrivateKey::from_pem(&pem).unwrap().stored()[36..68].to_vec();
        for part in scalar.windows(10) {
            let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(!told.to_lowercase().contains(&hex), "{name}");
            assert!(!numbers.windows(10).any(|window| window == part), "{name}");
        }
    }
}
