//! What belongs together, from key to certificate: in ST's own project every link holds; break one and it is the one
//! that is named, with what mends it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;

use chip::ProductState;
use common::{Bench, CERTIFICATE, CONFIG, IMAGE, PASSWORD, copy, place, vectors};
use formats::{Passphrase, PrivateKey, Secret};
use project::certificates::{self, ChainRequest, Renewed};
use project::key_files::protect;
use project::{
    Assessment, BoardFacts, Disk, DocumentRole, Draft, Flow, KeyRole, LinkState, ObjectRole, PartId, Remedy,
    TargetState, field,
};

use LinkState::{Broken, Holds, Stale, Unknown};
use PartId::{Application, Certificate, Configuration, Image, Key, LeafKey, Loader, Object, OptionBytes, Slot};

const DA: ObjectRole = ObjectRole::DebugAuthentication;
const CONFIG_OBJECT: PartId = Object(ObjectRole::StirotConfig);
const CONFIG_XML: PartId = Configuration(ObjectRole::StirotConfig);
const IMAGE_FILE: &str = "../Applications/ROT/STiROT_Appli/Binary/appli_enc_sign.hex";
const APPLICATION_FILE: &str = "../Applications/ROT/STiROT_Appli/Binary/appli.bin";

/// A board as a project without a mistake leaves it.
const PROVISIONED: BoardFacts = BoardFacts {
    product_state: Some(ProductState::Closed),
    sram_ecc: Some(true),
    tcm_shares: Some([0, 0]),
    write_protection: Some(0xF8),
};

/// New certificates under the keys that are there.
const ANEW: Option<Remedy> = Some(Remedy::NewChain(Renewed::Certificates));

fn assess(bench: &Bench) -> Assessment {
    bench.draft().assess(None)
}

fn state(assessment: &Assessment, from: PartId, to: PartId) -> LinkState {
    assessment.belonging.link(from, to).unwrap_or_else(|| panic!("{from} and {to} are not tied")).state
}

/// The first link that doesn't hold: its ends and its state.
fn first_broken(assessment: &Assessment) -> Option<(PartId, PartId, LinkState)> {
    assessment.belonging.first_broken().map(|link| (link.from, link.to, link.state))
}

/// Breaks ST's project in one place: the link that is named then. Building mends it where building is what is said to.
fn breaks(from: PartId, to: PartId, state: LinkState, remedy: Option<Remedy>, change: impl FnOnce(&Bench)) {
    let bench = Bench::published();
    assert_eq!(first_broken(&assess(&bench)), None);
    change(&bench);
    let assessment = assess(&bench);
    assert_eq!(first_broken(&assessment), Some((from, to, state)), "{:?}", assessment.belonging);
    assert!(!assessment.is_sound());
    let link = assessment.belonging.first_broken().unwrap();
    assert_eq!(link.remedy, remedy, "{link:?}");
    assert!(!link.text.is_empty());
    assert!(assessment.belonging.part(from).is_some() && assessment.belonging.part(to).is_some());
    if remedy == Some(Remedy::Build) {
        let project = bench.open().unwrap();
        project.objects_for(TargetState::Closed).unwrap();
        project.image_for(TargetState::Closed).unwrap();
        let again = assess(&bench);
        let held = again.belonging.links.iter().filter(|link| link.remedy == Some(Remedy::Build)).collect::<Vec<_>>();
        assert!(held.is_empty(), "building didn't mend {held:?}");
        assert_eq!(self::state(&again, from, to), Holds);
    }
    if let Some(Remedy::NewChain(renewed)) = remedy {
        let request = ChainRequest { renewed, ..ChainRequest::default() };
        certificates::make(&bench.open().unwrap(), &request, &Disk::real()).unwrap();
        let again = assess(&bench);
        assert_eq!(self::state(&again, from, to), Holds, "new certificates didn't mend it: {:?}", again.belonging);
        bench.open().unwrap().debug_credential().unwrap();
    }
}

fn stale(from: PartId, to: PartId, change: impl FnOnce(&Bench)) {
    breaks(from, to, Stale, Some(Remedy::Build), change);
}

fn new_key(bench: &Bench, name: &str) -> PrivateKey {
    let key = PrivateKey::generate().unwrap();
    fs::write(bench.path(name), key.to_pem().unwrap().as_bytes()).unwrap();
    key
}

fn flip(bench: &Bench, name: &str, offset: usize) {
    let mut bytes = fs::read(bench.path(name)).unwrap();
    bytes[offset] ^= 1;
    fs::write(bench.path(name), bytes).unwrap();
}

#[test]
fn every_link_of_sts_project_with_one_boot_stage_holds() {
    let bench = Bench::published();
    let assessment = bench.draft().assess(Some(&PROVISIONED));
    let links: Vec<_> = assessment.belonging.links.iter().map(|link| (link.from, link.to, link.state)).collect();
    let expected = [
        (Key(KeyRole::Authentication), CONFIG_OBJECT),
        (Key(KeyRole::Encryption), CONFIG_OBJECT),
        (CONFIG_XML, CONFIG_OBJECT),
        (CONFIG_XML, Object(ObjectRole::StirotData)),
        (CONFIG_OBJECT, Image),
        (Application, Image),
        (Image, Slot),
        (Loader, OptionBytes),
        (CONFIG_XML, OptionBytes),
        (Key(KeyRole::DebugRoot), Object(DA)),
        (Configuration(DA), Object(DA)),
        (Object(DA), Certificate),
        (Certificate, LeafKey),
    ];
    assert_eq!(links, expected.map(|(from, to)| (from, to, Holds)), "{:?}", assessment.belonging);
    for link in &assessment.belonging.links {
        assert!(!link.text.is_empty() && link.remedy.is_none(), "{link:?}");
        for id in [link.from, link.to] {
            let part = assessment.belonging.part(id).unwrap_or_else(|| panic!("{id} is no part"));
            assert!(!part.name.is_empty() && !part.detail.is_empty(), "{part:?}");
        }
    }
}

#[test]
fn the_sample_holds_together_once_it_is_built_and_says_what_it_cannot_know() {
    let bench = Bench::sample();
    let before = assess(&bench);
    assert_eq!(first_broken(&before), Some((Key(KeyRole::Authentication), CONFIG_OBJECT, Stale)));
    bench.open().unwrap().outputs().unwrap();
    let after = assess(&bench);
    assert!(after.is_sound());
    let unknown: Vec<_> = after.belonging.links.iter().filter(|link| link.state == Unknown).collect();
    let ends: Vec<_> = unknown.iter().map(|link| (link.from, link.to)).collect();
    assert_eq!(ends, [(CONFIG_XML, OptionBytes)]);
    assert!(unknown[0].text.contains("no board"), "{unknown:?}");
    fs::remove_file(bench.path("DA/Certificates/cert_leaf_chain.b64")).unwrap();
    let without = assess(&bench).belonging.link(Object(DA), Certificate).unwrap().clone();
    assert_eq!((without.state, &without.remedy), (Unknown, &ANEW));
    assert!(without.text.contains("cert_leaf_chain.b64"), "{without:?}");
    assert!(after.belonging.links.iter().all(|link| matches!(link.state, Holds | Unknown)));
}

#[test]
fn another_key_is_named_with_the_object_that_holds_the_old_one() {
    for (role, name) in
        [(KeyRole::Authentication, field::AUTHENTICATION_KEY), (KeyRole::Encryption, field::ENCRYPTION_KEY)]
    {
        stale(Key(role), CONFIG_OBJECT, |bench| {
            new_key(bench, "STiROT/Keys/own.pem");
            bench.set(CONFIG, name, "./../Keys/own.pem");
        });
    }
}

#[test]
fn an_edited_configuration_is_named_with_its_object_and_the_field() {
    stale(CONFIG_XML, CONFIG_OBJECT, |bench| bench.set(CONFIG, field::CLOCK, "0x00"));
    stale(Configuration(DA), Object(DA), |bench| bench.set(CERTIFICATE, "Permission", "0x4001"));
    let bench = Bench::published();
    bench.set(CONFIG, field::CLOCK, "0x00");
    let text = assess(&bench).belonging.first_broken().unwrap().text.clone();
    assert!(text.contains("STiROT_Config.obk") && text.to_lowercase().contains("clock"), "{text}");
}

#[test]
fn an_edit_that_is_not_saved_yet_counts_and_leaves_the_disk_alone() {
    let bench = Bench::published();
    let mut draft = bench.draft();
    draft.set(&place(DocumentRole::StirotConfig(Flow::Stirot), field::CLOCK), "0x00").unwrap();
    assert_eq!(first_broken(&draft.assess(None)), Some((CONFIG_XML, CONFIG_OBJECT, Stale)));
    draft.undo().unwrap();
    assert_eq!(first_broken(&draft.assess(None)), None);
}

#[test]
fn a_damaged_or_missing_object_is_named() {
    for offset in [0, 20, 100, 200] {
        let key = Key(KeyRole::Authentication);
        let (from, to) = if offset == 0 { (CONFIG_XML, CONFIG_OBJECT) } else { (key, CONFIG_OBJECT) };
        stale(from, to, |bench| flip(bench, "STiROT/Binary/STiROT_Config.obk", offset));
    }
    stale(CONFIG_XML, Object(ObjectRole::StirotData), |bench| flip(bench, "STiROT/Binary/STiROT_Data.obk", 50));
    stale(Key(KeyRole::DebugRoot), Object(DA), |bench| flip(bench, "DA/Binary/DA_Config.obk", 60));
    stale(Key(KeyRole::Authentication), CONFIG_OBJECT, |bench| {
        fs::write(bench.path("STiROT/Binary/STiROT_Config.obk"), "short").unwrap();
    });
    stale(Key(KeyRole::Authentication), CONFIG_OBJECT, |bench| {
        fs::remove_file(bench.path("STiROT/Binary/STiROT_Config.obk")).unwrap();
    });
}

#[test]
fn another_application_is_named_with_its_image() {
    stale(Application, Image, |bench| {
        let mut bytes = fs::read(bench.path(APPLICATION_FILE)).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(bench.path(APPLICATION_FILE), bytes).unwrap();
    });
    stale(Application, Image, |bench| bench.set(IMAGE, "Version", "1.0.1"));
}

/// An image that was made with one edit of the configuration, with which it doesn't belong to ST's project any more.
fn image_made_with(name: &str, value: &str) -> Vec<u8> {
    let bench = Bench::published();
    new_key(&bench, "STiROT/Keys/own.pem");
    bench.set(CONFIG, name, value);
    fs::read(bench.open().unwrap().outputs().unwrap().image.path).unwrap()
}

#[test]
fn an_image_of_other_keys_or_for_another_place_is_named() {
    for name in [field::AUTHENTICATION_KEY, field::ENCRYPTION_KEY] {
        let image = image_made_with(name, "./../Keys/own.pem");
        stale(CONFIG_OBJECT, Image, |bench| fs::write(bench.path(IMAGE_FILE), image).unwrap());
    }
    let image = image_made_with(field::DOWNLOAD_ADDRESS, "0x90040000");
    stale(Application, Image, |bench| fs::write(bench.path(IMAGE_FILE), &image).unwrap());
    let bench = Bench::published();
    fs::write(bench.path(IMAGE_FILE), image).unwrap();
    let text = assess(&bench).belonging.link(Image, Slot).unwrap().text.clone();
    assert!(text.contains("0x9004 0000") && text.contains("0x9002 0000"), "{text}");
}

#[test]
fn an_image_too_large_for_its_slot_is_not_said_to_be_mended_by_building() {
    let bench = Bench::published();
    fs::write(bench.path(APPLICATION_FILE), common::program(0x1_1000, 1)).unwrap();
    bench.open().unwrap().outputs().unwrap();
    bench.set(CONFIG, field::FIRMWARE_SIZE, "0x10000");
    let assessment = assess(&bench);
    let link = assessment.belonging.link(Image, Slot).unwrap();
    assert_eq!((link.state, &link.remedy), (Broken, &None), "{link:?}");
    assert_eq!(assessment.first_error().unwrap().id, "R16");
}

#[test]
fn a_damaged_or_missing_image_is_named() {
    stale(CONFIG_OBJECT, Image, |bench| fs::remove_file(bench.path(IMAGE_FILE)).unwrap());
    stale(CONFIG_OBJECT, Image, |bench| fs::write(bench.path(IMAGE_FILE), ":00").unwrap());
    stale(CONFIG_OBJECT, Image, |bench| {
        let bytes = fs::read(bench.path(IMAGE_FILE)).unwrap();
        let image = formats::ImageFile::decode(&bytes).unwrap();
        let mut content = image.content.to_vec();
        content[0x500] ^= 1;
        fs::write(bench.path(IMAGE_FILE), content).unwrap();
    });
}

#[test]
fn another_root_key_is_named_first_and_then_the_chain_that_does_not_lead_to_it() {
    stale(Key(KeyRole::DebugRoot), Object(DA), |bench| {
        let key = new_key(bench, "DA/Keys/key_1_root.pem");
        fs::write(bench.path("DA/Keys/key_1_root_pub.pem"), key.public().to_pem()).unwrap();
    });
    breaks(Object(DA), Certificate, Broken, ANEW, |bench| {
        new_key(bench, "DA/Keys/own.pem");
        bench.set(CERTIFICATE, field::ROOT_KEY, "./../Keys/own.pem");
        bench.open().unwrap().objects_for(TargetState::Closed).unwrap();
    });
}

#[test]
fn a_chain_that_does_not_verify_is_named() {
    let chain = "DA/Certificates/cert_leaf_chain.b64";
    for content in ["no base64 at all", "", "AAAA"] {
        breaks(Object(DA), Certificate, Broken, ANEW, |bench| fs::write(bench.path(chain), content).unwrap());
    }
    breaks(Object(DA), Certificate, Broken, ANEW, |bench| {
        fs::copy(bench.path("DA/Certificates/cert_leaf.b64"), bench.path(chain)).unwrap();
    });
    breaks(Object(DA), Certificate, Broken, ANEW, |bench| {
        let mut chain_of =
            formats::certificate::CertificateChain::decode(&fs::read(bench.path(chain)).unwrap()).unwrap();
        chain_of.certificates[2].permissions.0 ^= 1;
        fs::write(bench.path(chain), chain_of.to_base64()).unwrap();
    });
}

#[test]
fn another_leaf_key_is_named_with_the_chain_and_a_missing_one_is_not_known() {
    breaks(Certificate, LeafKey, Broken, ANEW, |bench| {
        fs::copy(bench.path("DA/Keys/key_2_intermediate.pem"), bench.path("DA/Keys/key_3_leaf.pem")).unwrap();
    });
    let bench = Bench::published();
    fs::remove_file(bench.path("DA/Keys/key_3_leaf.pem")).unwrap();
    assert_eq!(state(&assess(&bench), Certificate, LeafKey), Unknown);
}

#[test]
fn a_locked_or_damaged_leaf_key_is_not_called_missing() {
    let leaf = |bench: &Bench| assess(bench).belonging.link(Certificate, LeafKey).unwrap().clone();
    let bench = Bench::published();
    let path = bench.path("DA/Keys/key_3_leaf.pem");
    let passphrase = Passphrase::new(Secret::new("long enough to be one".into())).unwrap();
    let key = protect(&Disk::real(), &path, &passphrase).unwrap();
    fs::rename(&key.private, &path).unwrap();
    assert_eq!(leaf(&bench).state, Holds, "the public half beside it tells");
    fs::remove_file(bench.path("DA/Keys/key_3_leaf_pub.pem")).unwrap();
    let locked = leaf(&bench);
    assert_eq!(locked.state, Unknown);
    assert!(locked.text.contains("passphrase") && !locked.text.contains("isn't there"), "{}", locked.text);
    fs::write(&path, "no key").unwrap();
    let damaged = leaf(&bench);
    assert_eq!(damaged.state, Broken);
    assert!(damaged.text.contains("key_3_leaf.pem") && !damaged.text.contains("root"), "{}", damaged.text);
}

#[test]
fn another_password_file_is_named_with_the_object_that_it_does_not_open() {
    let link = (Object(DA), PartId::PasswordFile);
    let bench = Bench::published();
    bench.say("debug_authentication = \"password\"");
    let seen = |bench: &Bench| state(&assess(bench), link.0, link.1);
    assert_eq!(seen(&bench), Holds);
    assert!(assess(&bench).is_sound());
    let other = formats::da::Password::new(Secret::new("another-one".into())).unwrap().to_file();
    for content in [other.as_slice(), b"no password file"] {
        fs::write(bench.path("DA/Binary/password.bin"), content).unwrap();
        assert_eq!(first_broken(&assess(&bench)), Some((link.0, link.1, Stale)));
        bench.open().unwrap().outputs().unwrap();
        assert_eq!(seen(&bench), Holds);
    }
    let kept = ["password.earlier.bin", "password.earlier-2.bin"];
    let kept = kept.map(|name| fs::read(bench.path("DA/Binary").join(name)).unwrap());
    assert_eq!(kept, [other.to_vec(), b"no password file".to_vec()], "a board may still ask for it");
    fs::remove_file(bench.path("DA/Binary/password.bin")).unwrap();
    assert_eq!(seen(&bench), Stale);
    bench.set(PASSWORD, field::PASSWORD, "another-one");
    assert_eq!(first_broken(&assess(&bench)), Some((Configuration(DA), Object(DA), Stale)));
    bench.open().unwrap().outputs().unwrap();
    assert_eq!(fs::read(bench.path("DA/Binary/password.bin")).unwrap(), *other);
    assert!(assess(&bench).is_sound());
}

#[test]
fn a_room_too_small_for_the_loader_is_named_and_the_loaders_own_numbers_mend_it() {
    let bench = Bench::published();
    let mut loader = project::loader::BUILTIN.to_vec();
    loader.resize(0x6001, 0xFF);
    fs::write(bench.path("loader.bin"), loader).unwrap();
    bench.say("loader = \"loader.bin\"");
    let mut draft = bench.draft();
    let assessment = draft.assess(None);
    assert_eq!(first_broken(&assessment), Some((Loader, OptionBytes, Broken)));
    let link = assessment.belonging.first_broken().unwrap();
    assert!(link.text.contains("0x8000") && link.text.contains("0x6000"), "{}", link.text);
    let Some(Remedy::Edit { text, edits }) = &link.remedy else { panic!("{link:?}") };
    assert_eq!(link.remedy, Some(draft.loader_remedy().unwrap()));
    draft.mend(text, edits).unwrap();
    assert_eq!(state(&draft.assess(None), Loader, OptionBytes), Holds);
    draft.save(&Disk::real()).unwrap();
    bench.open().unwrap().outputs().unwrap();
    assert!(assess(&bench).is_sound());
}

#[test]
fn a_provisioned_boards_option_bytes_are_measured_against_the_project() {
    let bench = Bench::published();
    let draft = bench.draft();
    let link = |board: BoardFacts| state(&draft.assess(Some(&board)), CONFIG_XML, OptionBytes);
    assert_eq!(link(PROVISIONED), Holds);
    assert_eq!(link(BoardFacts { sram_ecc: Some(false), ..PROVISIONED }), Broken);
    assert_eq!(link(BoardFacts { write_protection: Some(0xFF), ..PROVISIONED }), Broken);
    assert_eq!(link(BoardFacts { product_state: Some(ProductState::Open), ..PROVISIONED }), Unknown);
    assert_eq!(link(BoardFacts::default()), Unknown);
}

/// The sample, built, with its encryption key protected by a passphrase afterwards.
fn with_a_protected_key(passphrase: &Passphrase) -> (Bench, Draft) {
    let bench = Bench::sample();
    bench.open().unwrap().outputs().unwrap();
    let mut draft = bench.draft();
    let (_, path) = draft.key_place(KeyRole::Encryption).unwrap();
    let key = protect(&Disk::real(), &path, passphrase).unwrap();
    draft.use_key(KeyRole::Encryption, &key.private).unwrap();
    (bench, draft)
}

#[test]
fn what_hangs_on_a_protected_key_is_not_known_until_the_passphrase_is_given() {
    let passphrase = Passphrase::new(Secret::new("long enough to be one".into())).unwrap();
    let (_bench, mut draft) = with_a_protected_key(&passphrase);
    let locked = draft.assess(None);
    for (from, to) in [
        (Key(KeyRole::Encryption), CONFIG_OBJECT),
        (CONFIG_XML, CONFIG_OBJECT),
        (CONFIG_OBJECT, Image),
        (Application, Image),
    ] {
        let link = locked.belonging.link(from, to).unwrap();
        assert_eq!(link.state, Unknown, "{link:?}");
        assert!(link.text.contains("passphrase"), "{}", link.text);
    }
    let (_, path) = draft.key_place(KeyRole::Encryption).unwrap();
    draft.unlock(KeyRole::Encryption, &path, &passphrase).unwrap();
    let opened = draft.assess(None);
    assert!(opened.is_sound(), "{:?}", opened.belonging);
    assert_eq!(state(&opened, CONFIG_OBJECT, Image), Holds);
}

#[test]
fn the_objects_of_two_boot_stages_hold_and_a_changed_key_of_the_second_is_named() {
    let bench = Bench::package();
    bench.choose(Flow::StirotOemurot);
    let of_objects = |assessment: &Assessment| {
        let links = assessment.belonging.links.iter().filter(|link| matches!(link.to, Object(_)));
        links.map(|link| (link.from, link.to, link.state)).collect::<Vec<_>>()
    };
    let links = of_objects(&assess(&bench));
    assert_eq!(links.len(), 10);
    assert!(links.iter().all(|(_, _, state)| *state == Holds), "{links:?}");

    new_key(&bench, "STiROT_OEMuROT/Keys/own.pem");
    bench.set("STiROT_OEMuROT/Config/OEMuROT_Config.xml", field::ENCRYPTION_KEY, "./../Keys/own.pem");
    let (oem, key) = (Object(ObjectRole::OemConfig), Key(KeyRole::OemEncryption));
    let broken = (key, oem, Stale);
    assert_eq!(first_broken(&assess(&bench)), Some(broken));
    bench.open().unwrap().objects_for(project::TargetState::Closed).unwrap();
    let again = assess(&bench);
    assert!(of_objects(&again).iter().all(|(_, _, state)| *state == Holds));
    let image = again.belonging.first_broken().unwrap();
    assert_eq!((image.to, image.state), (Image, Stale));
    assert_eq!(image.remedy, Some(Remedy::Build));
    let image = bench.open().unwrap().image_for(project::TargetState::Closed).unwrap().unwrap();
    assert!(image.built);
    let image = assess(&bench).belonging.first_broken().cloned().unwrap();
    assert_eq!((image.to, image.state, image.remedy), (PartId::SecondImage, Stale, Some(Remedy::Build)));
    assert!(bench.open().unwrap().second_stage_image_for(project::TargetState::Closed).unwrap().unwrap().built);
    let whole = assess(&bench);
    assert_eq!(first_broken(&whole), None);
    assert!(whole.is_sound(), "{:?}", whole.findings);
    assert!(!bench.open().unwrap().image_for(project::TargetState::Closed).unwrap().unwrap().built);
}

#[test]
fn judging_reads_what_lies_there_and_remembers_nothing() {
    let bench = Bench::published();
    let draft = bench.draft();
    fs::remove_dir_all(bench.path("STiROT/Binary")).unwrap();
    assert!(first_broken(&draft.assess(None)).is_some());
    copy(&vectors().join("stirot/Binary"), &bench.path("STiROT/Binary"));
    assert_eq!(first_broken(&draft.assess(None)), None);
}
