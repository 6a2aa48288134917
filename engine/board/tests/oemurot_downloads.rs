//! What the second boot stage makes of downloads: good ones are installed, others are refused at the check that they fail
//! and erased; the installed application goes on. Power may go anywhere; no skipped instruction lets a bad image through.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(unreachable_pub, dead_code, clippy::print_stderr)]

mod boot_rom_rig;
mod oemurot_rig;

use board::{CoreRegister, NonVolatile, PowerCut};
use boot_rom_rig::Rig;
use chip::second_stage::{AREA, TRAILER_SIZE};
use chip::trace::{Check, Event, Stage, Stop, SubjectPlace};
use formats::second_stage_layout::{ApplicationRun, SecondStageLayout};
use formats::{Flags, ImageHeader, PrivateKey, SecurityCounter, Tlv};
use oemurot_rig::{
    Recipe, application, at_the_second_stage, boot, change_header, flip, is_erased, judged, moments, started, stopped,
    stored, tlv, walk, with_application, with_second_stage, write,
};

const LAYOUT: SecondStageLayout = SecondStageLayout::for_run(ApplicationRun::InPlace);
const DOWNLOAD: u32 = LAYOUT.application.download;
const SLOT: u32 = LAYOUT.application.slot_size;

fn demo(text: &str) -> Recipe {
    Recipe::demo(&LAYOUT, text)
}

/// Boots a board with this in its download slot. What is asked of every refusal: the check, the slot erased, the
/// installed image untouched and started.
fn refused(state: &NonVolatile, image: &[u8], check: Check, what: &str) {
    let mut rig = Rig::new(state.clone());
    let installed = stored(&mut rig.board, LAYOUT.application.installation, 0x1_0000);
    write(&mut rig.board, DOWNLOAD, image);
    rig.settle();
    assert_eq!(judged(&rig)[0], (application(SubjectPlace::Download), Some(check)), "{what}");
    assert!(rig.said(Stage::Oemurot, Event::DownloadErased, 0), "{what}");
    assert!(is_erased(&mut rig.board, DOWNLOAD, SLOT), "{what}");
    assert!(started(&mut rig), "{what}");
    assert!(rig.console().contains("version          1.2.0"), "{what}");
    assert_eq!(stored(&mut rig.board, LAYOUT.application.installation, 0x1_0000), installed, "{what}");
    assert!(!rig.heard(Stage::Oemurot, Event::CounterStored), "{what}");
}

#[test]
fn each_kind_of_damage_is_refused_at_its_check() {
    let state = with_application(&LAYOUT, &demo("1.2.0"));
    let good = demo("1.3.0").slot();
    let header = ImageHeader::decode(&good).unwrap();
    let damaged = |offset: usize| {
        let mut image = good.clone();
        image[offset] ^= 1;
        image
    };
    let with_header = |change: &dyn Fn(&mut ImageHeader)| {
        let mut image = good.clone();
        change_header(&mut image, change);
        image
    };
    let protected = header.protected_offset() as usize;
    let mut longer = good.clone();
    longer[protected + 15] = 0x80;
    let fitting = SLOT - TRAILER_SIZE - 0x400 - 0x200;
    let cases: [(&str, Vec<u8>, Check); 18] = [
        ("a flag that is none", with_header(&|header| header.flags = Flags(6)), Check::Header),
        ("another header size", with_header(&|header| header.header_size = 0x200), Check::Header),
        ("no payload", with_header(&|header| header.payload_size = 0), Check::Header),
        ("a payload of no whole blocks", with_header(&|header| header.payload_size += 1), Check::Header),
        ("a payload past every address", with_header(&|header| header.payload_size = 0xFFFF_FFF0), Check::Header),
        ("a payload past the slot", with_header(&|header| header.payload_size = SLOT), Check::Sizes),
        ("a payload without TLVs behind it", with_header(&|header| header.payload_size = fitting), Check::Sizes),
        ("a protected area of another size", with_header(&|header| header.protected_size = 0x20), Check::Sizes),
        ("TLVs that say another magic", damaged(protected + 12), Check::Sizes),
        ("TLVs longer than there is room for", longer, Check::Sizes),
        ("TLVs cut short inside of an entry", damaged(protected + 15), Check::KeyBlob),
        ("a wrapped key of one bit less", damaged(tlv(&good, Tlv::WRAPPED_KEY) + 100), Check::KeyBlob),
        ("one bit of the payload", damaged(0x800), Check::Hash),
        ("one bit of the gap behind the header", damaged(0x300), Check::Hash),
        ("another version", damaged(0x16), Check::Hash),
        ("another hash", damaged(tlv(&good, Tlv::SHA256)), Check::Hash),
        ("another key's hash", damaged(tlv(&good, Tlv::KEY_HASH)), Check::KeyHash),
        ("one bit of the signature", damaged(tlv(&good, Tlv::SIGNATURE) + 20), Check::Signature),
    ];
    for (what, image, check) in cases {
        refused(&state, &image, check, what);
    }
}

#[test]
fn an_image_of_other_keys_is_refused() {
    let state = with_application(&LAYOUT, &demo("1.2.0"));
    let stranger = PrivateKey::generate().unwrap();
    let signed = Recipe { signing: PrivateKey::from_stored(&stranger.stored()).unwrap(), ..demo("1.3.0") };
    let mut image = signed.slot();
    refused(&state, &image, Check::KeyHash, "signed by somebody else");
    // Who forges the hash of the right key is found out by the signature.
    let own = demo("1.3.0").slot();
    let (to, from) = (tlv(&image, Tlv::KEY_HASH), tlv(&own, Tlv::KEY_HASH));
    image[to..to + 32].copy_from_slice(&own[from..from + 32]);
    refused(&state, &image, Check::Signature, "signed by somebody else, under the right key's hash");
    let wrapped = Recipe { encryption: Some(stranger.public()), ..demo("1.3.0") };
    refused(&state, &wrapped.slot(), Check::KeyBlob, "encrypted for another device");
}

#[test]
fn an_older_image_is_refused_and_an_equal_one_is_taken() {
    let state = with_application(&LAYOUT, &demo("1.2.0"));
    refused(&state, &demo("1.1.9").slot(), Check::Counter, "older");
    let forged = Recipe { counter: SecurityCounter::Number(0x0101_0009), ..demo("9.0.0") };
    refused(&state, &forged.slot(), Check::Counter, "a version that is higher than its counter");

    let mut rig = Rig::new(state);
    let equal = Recipe { counter: SecurityCounter::Number(0x0102_0000), ..demo("1.1.0") };
    write(&mut rig.board, DOWNLOAD, &equal.slot());
    rig.settle();
    assert!(started(&mut rig));
    assert!(rig.console().contains("version          1.1.0"));
    assert!(!rig.heard(Stage::Oemurot, Event::CounterStored));
    assert!(rig.heard(Stage::Oemurot, Event::ReferenceStored));
}

#[test]
fn an_older_image_in_the_installation_slot_itself_is_not_started() {
    let old = with_application(&LAYOUT, &demo("1.2.0"));
    let kept = stored(&mut Rig::new(old.clone()).board, LAYOUT.application.installation, SLOT);
    let mut rig = Rig::new(old);
    write(&mut rig.board, DOWNLOAD, &demo("1.3.0").slot());
    rig.settle();
    assert!(started(&mut rig));
    // Who can write the flash puts back what was there before.
    write(&mut rig.board, LAYOUT.application.installation, &kept);
    boot(&mut rig);
    assert_eq!(judged(&rig), [(application(SubjectPlace::Installation), Some(Check::Counter))]);
    assert_eq!(stopped(&rig), Some(Stop::NoBootableImage));
}

#[test]
fn what_has_no_magic_in_the_download_slot_is_left_alone() {
    let mut rig = Rig::new(with_application(&LAYOUT, &demo("1.2.0")));
    let mut image = demo("1.3.0").slot();
    image[0] ^= 1;
    write(&mut rig.board, DOWNLOAD, &image);
    rig.settle();
    assert!(rig.said(Stage::Oemurot, Event::DownloadIgnored, 0));
    assert!(started(&mut rig));
    assert_eq!(stored(&mut rig.board, DOWNLOAD, SLOT), image);
}

#[test]
fn an_unencrypted_image_that_is_signed_is_installed() {
    let mut rig = Rig::new(with_second_stage(&LAYOUT));
    write(&mut rig.board, DOWNLOAD, &Recipe { encryption: None, ..demo("1.0.0") }.slot());
    boot(&mut rig);
    assert!(started(&mut rig));
    assert!(!rig.said(Stage::Oemurot, Event::Passed, Check::KeyBlob as u16));
}

#[test]
fn the_hash_reference_spares_the_signature_of_the_same_application_only() {
    let first = with_application(&LAYOUT, &demo("1.2.0"));
    let mut rig = Rig::new(first.clone());
    rig.settle();
    assert!(rig.said(Stage::Oemurot, Event::Passed, Check::HashReference as u16));
    assert!(!rig.said(Stage::Oemurot, Event::Passed, Check::Signature as u16));
    assert!(!rig.heard(Stage::Oemurot, Event::ReferenceStored), "an unchanged reference is not written again");
    let took = |rig: &Rig| {
        rig.moment(Stage::Oemurot, Event::StartsApplication) - rig.moment(Stage::Oemurot, Event::SecondStageEntered)
    };
    let with_reference = took(&rig);

    // The objects of a board that ran another image with the same counter: its reference is not this image's.
    let mut other = Recipe { counter: SecurityCounter::Number(0x0102_0000), ..demo("1.1.0") };
    other.payload.extend([0; 16]);
    let mut state = first;
    state.keys = with_application(&LAYOUT, &other).keys.clone();
    let mut rig = Rig::new(state);
    rig.settle();
    assert!(started(&mut rig));
    assert!(rig.said(Stage::Oemurot, Event::Passed, Check::Signature as u16));
    assert!(!rig.said(Stage::Oemurot, Event::Passed, Check::HashReference as u16));
    assert!(rig.heard(Stage::Oemurot, Event::ReferenceStored));
    let with_signature = took(&rig);
    eprintln!("{with_reference} instructions with the reference, {with_signature} with the signature");
    assert!(with_reference * 2 < with_signature, "{with_reference} {with_signature}");
}

#[test]
fn one_area_of_the_counters_may_be_damaged() {
    let state = with_application(&LAYOUT, &demo("1.2.0"));
    let data = |state: &NonVolatile, index: usize| state.keys[2][index];
    // After an installation one of the two is invalid by design: the other is the one that counts.
    for index in [15, 18] {
        let mut state = state.clone();
        assert!(data(&state, index).is_some());
        if let Some(key) = &mut state.keys[2][index] {
            key.data[0] ^= 1;
        }
        let mut rig = Rig::new(state);
        rig.settle();
        let whole = rig.said(Stage::Oemurot, Event::Passed, Check::Data as u16);
        assert_eq!(started(&mut rig), whole);
        assert!(whole || stopped(&rig) == Some(Stop::NoSecondData));
    }
}

#[test]
fn power_may_go_at_any_write_of_an_update() {
    let mut rig = Rig::new(with_application(&LAYOUT, &demo("1.2.0")));
    write(&mut rig.board, DOWNLOAD, &demo("1.3.0").slot());
    let start = rig.board.snapshot();
    let mut rig = Rig::new(start.clone());
    rig.settle();
    assert!(started(&mut rig));
    let writes = rig.board.peripherals.nonvolatile_writes();
    assert!(writes > 80, "{writes}");
    // A spread of moments, the first and the last among them; each cut tears its write. All of them by `STIROT_CUT_ALL`.
    let every = if std::env::var_os("STIROT_CUT_ALL").is_some() { 1 } else { 19 };
    for after_writes in (0..writes).filter(|write| write % every == 0 || *write + 1 == writes) {
        let mut rig = Rig::new(start.clone());
        rig.board.peripherals.arm_power_cut(PowerCut { after_writes, tears: true });
        rig.run_until(|rig| rig.board.peripherals.power_is_gone());
        let mut rig = Rig::new(rig.board.snapshot());
        rig.settle();
        assert!(started(&mut rig), "cut after {after_writes}: {:?}", rig.heard);
        assert!(rig.console().contains("version          1.3.0"), "cut after {after_writes}");
        boot(&mut rig);
        assert!(started(&mut rig), "cut after {after_writes}, second boot");
    }
}

#[test]
fn no_skipped_instruction_starts_a_damaged_installed_image() {
    let mut rig = Rig::new(with_application(&LAYOUT, &demo("1.2.0")));
    flip(&mut rig.board, LAYOUT.application.installation + 0x900);
    let (mut rig, ends) = at_the_second_stage(rig.board.snapshot(), Event::Stopped);
    for moment in moments(rig.board.now(), ends, 60, 250) {
        walk(&mut rig, moment);
        let mut skipped = Rig::around(rig.board.fork());
        let address = skipped.board.register(CoreRegister::Pc);
        skipped.skip();
        skipped.run(60_000_000);
        assert!(!started(&mut skipped), "skipped {address:#010x} at {moment}");
        let now = skipped.board.register(CoreRegister::Pc);
        assert!(!LAYOUT.application.installation_slot().contains(now), "skipped {address:#010x}: runs at {now:#010x}");
    }
}

#[test]
fn no_skipped_instruction_installs_a_download_for_good_that_is_not_signed() {
    let mut rig = Rig::new(with_second_stage(&LAYOUT));
    let mut image = demo("1.3.0").slot();
    let signature = tlv(&image, Tlv::SIGNATURE);
    image[signature + 20] ^= 1;
    write(&mut rig.board, DOWNLOAD, &image);
    let (mut rig, ends) = at_the_second_stage(rig.board.snapshot(), Event::DownloadErased);
    for moment in moments(rig.board.now(), ends, 16, 16) {
        walk(&mut rig, moment);
        let mut skipped = Rig::around(rig.board.fork());
        let address = skipped.board.register(CoreRegister::Pc);
        skipped.skip();
        skipped.run(150_000_000);
        assert!(!started(&mut skipped), "skipped {address:#010x} at {moment}");
        let now = skipped.board.register(CoreRegister::Pc);
        let asleep = AREA.contains(now) || chip::memory_map::SYSTEM_FLASH.contains(now);
        assert!(asleep, "skipped {address:#010x} at {moment}: runs at {now:#010x}");
    }
}

/// Every instruction of the second stage that the refusal of a bad image executes, each skipped the first time.
fn skip_each(state: NonVolatile) {
    let part: usize = std::env::var("STIROT_SKIP_PART").map_or(1, |part| part.parse().unwrap());
    let (mut rig, ends) = at_the_second_stage(state, Event::Stopped);
    let mut seen = std::collections::HashSet::new();
    let mut tried = 0;
    while rig.board.now() < ends + 60 {
        let address = rig.board.register(CoreRegister::Pc);
        if seen.insert(address) && seen.len() % part == 0 {
            let mut skipped = Rig::around(rig.board.fork());
            skipped.skip();
            skipped.run(150_000_000);
            let now = skipped.board.register(CoreRegister::Pc);
            let runs = LAYOUT.application.installation_slot().contains(now);
            assert!(!started(&mut skipped) && !runs, "skipped {address:#010x}, runs at {now:#010x}");
            tried += 1;
        }
        rig.run(1);
    }
    eprintln!("{tried} of {} instructions skipped", seen.len());
}

#[test]
#[ignore = "takes minutes"]
fn no_skipped_instruction_at_all_starts_a_damaged_image() {
    let mut rig = Rig::new(with_application(&LAYOUT, &demo("1.2.0")));
    flip(&mut rig.board, LAYOUT.application.installation + 0x900);
    skip_each(rig.board.snapshot());
}

#[test]
#[ignore = "takes minutes"]
fn no_skipped_instruction_at_all_starts_an_older_image() {
    let mut rig = Rig::new(with_application(&LAYOUT, &demo("1.2.0")));
    let kept = stored(&mut rig.board, LAYOUT.application.installation, SLOT);
    write(&mut rig.board, DOWNLOAD, &demo("1.3.0").slot());
    rig.settle();
    write(&mut rig.board, LAYOUT.application.installation, &kept);
    skip_each(rig.board.snapshot());
}

#[test]
#[ignore = "takes many minutes"]
fn no_skipped_instruction_at_all_starts_an_image_with_a_wrong_signature() {
    // The objects of a board that ran another image of the same counter, and a whole cipher block of the signature's first
    // number.
    let mut other = Recipe { counter: SecurityCounter::Number(0x0102_0000), ..demo("1.1.0") };
    other.payload.extend([0; 16]);
    let mut state = with_application(&LAYOUT, &demo("1.2.0"));
    state.keys = with_application(&LAYOUT, &other).keys.clone();
    let mut rig = Rig::new(state);
    let signature = tlv(&demo("1.2.0").slot(), Tlv::SIGNATURE);
    flip(&mut rig.board, LAYOUT.application.installation + (signature + 10).next_multiple_of(16) as u32);
    skip_each(rig.board.snapshot());
}

#[test]
#[ignore = "takes many minutes"]
fn no_skipped_instruction_at_all_installs_a_download_with_a_wrong_signature() {
    let mut rig = Rig::new(with_second_stage(&LAYOUT));
    let mut image = demo("1.3.0").slot();
    let signature = tlv(&image, Tlv::SIGNATURE);
    image[signature + 20] ^= 1;
    write(&mut rig.board, DOWNLOAD, &image);
    skip_each(rig.board.snapshot());
}
