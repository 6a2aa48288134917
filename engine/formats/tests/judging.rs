//! Whole images judged: ST's published one, ours, and what becomes of either when a bit flips anywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::thread;

use common::images::{self, DOWNLOAD, FIRMWARE, SLOT, circumstances, judged, keys_alone};
use common::vector;
use formats::{
    CheckName, Circumstances, FileKind, HeldKey, HexFile, ImageKeys, ImageProfile, ImageSettings, InputComparison,
    Installed, Judgement, KeyOrigin, KeyRing, KeyRole, Opened, Outcome, PartKind, PrivateKey, SecurityCounter, Verdict,
    build_image, compare_with_input, judge, payload_in_the_clear,
};

fn published() -> Vec<u8> {
    vector("stirot/Image/appli_enc_sign.hex")
}

fn text(judgement: &Judgement, name: CheckName) -> &str {
    judgement.outcome(name).unwrap().text()
}

#[test]
fn the_published_image_passes_every_check_under_the_published_keys_which_are_called_samples() {
    let ring = images::st_ring();
    let (opened, judgement) = judged(&published(), &circumstances(&ring));
    assert_eq!(opened.kind, FileKind::Image);
    for check in &judgement.checks {
        assert!(matches!(check.outcome, Outcome::Holds(_)), "{check:?}");
    }
    assert_eq!(judgement.verdict, Verdict::Installs);
    assert_eq!(judgement.sentence(), "STiRoT installs and starts this image.");
    let signed = judgement.signed_with.as_ref().unwrap();
    assert_eq!(signed.sample, Some("ST's sample STiRoT authentication key"));
    assert_eq!(judgement.opens_with.as_ref().unwrap().sample, Some("ST's sample STiRoT encryption key"));
    for name in [CheckName::WrappedKey, CheckName::KeyHash, CheckName::Signature] {
        assert!(text(&judgement, name).contains("SAMPLE"), "{name:?}");
    }
    let vectors = judgement.vectors.unwrap();
    assert_eq!((vectors.kind, vectors.children[1].name.as_str()), (PartKind::Vectors, "Reset"));
}

#[test]
fn the_published_image_opens_to_its_input() {
    let opened = Opened::read(published());
    let image = &opened.images[0];
    assert_eq!((image.address, image.slot_size), (Some(DOWNLOAD), Some(u64::from(SLOT))));
    let (payload, key) = payload_in_the_clear(&opened, image, &images::st_ring()).unwrap();
    assert_eq!(key.unwrap().name, "encryption.pem");
    let input = vector("stirot/Image/appli.bin");
    let fill = (input.len().next_multiple_of(16) - input.len()) as u64;
    assert_eq!(compare_with_input(&payload, &input), InputComparison::Same { fill });
}

#[test]
fn with_other_keys_each_check_says_why_not() {
    let ring = images::small_ring();
    let (_, judgement) = judged(&published(), &circumstances(&ring));
    assert_eq!(judgement.verdict, Verdict::Refused { at: CheckName::WrappedKey });
    assert!(text(&judgement, CheckName::WrappedKey).contains("doesn't open with encryption.pem"));
    assert!(text(&judgement, CheckName::KeyHash).contains("another key than authentication.pem"));
    assert!(text(&judgement, CheckName::Signature).contains("not that of authentication.pem"));
    assert!(matches!(judgement.outcome(CheckName::Hash), Some(Outcome::NotCheckable(_))));
}

#[test]
fn an_image_made_with_samples_is_refused_by_a_project_with_keys_of_its_own_and_named() {
    let mut ring = images::small_ring();
    let samples = images::pair(
        KeyOrigin::BuiltinSample,
        &images::published_key("stirot/Keys/STiROT_Authentication.pem").public(),
        &images::published_key("stirot/Keys/STiROT_Encryption.pem"),
    );
    ring.0.extend(samples.0);
    let (_, judgement) = judged(&published(), &circumstances(&ring));
    assert_eq!(judgement.verdict, Verdict::Refused { at: CheckName::WrappedKey });
    assert!(text(&judgement, CheckName::WrappedKey).contains("SAMPLE"));
    assert!(text(&judgement, CheckName::KeyHash).contains("SAMPLE"));
    assert!(text(&judgement, CheckName::Signature).contains("SAMPLE"));
    assert!(matches!(judgement.outcome(CheckName::Hash), Some(Outcome::Holds(_))));
    assert!(judgement.vectors.is_some());
}

#[test]
fn swapped_keys_are_called_by_their_name() {
    let (authentication, encryption) = (images::fixed(2), images::fixed(1));
    let image = images::slot(&images::small(ImageProfile::Stirot, 0x2000));
    let ring = images::pair(KeyOrigin::Project, &authentication.public(), &encryption);
    let (_, judgement) = judged(&image, &keys_alone(&ring));
    for name in [CheckName::WrappedKey, CheckName::KeyHash] {
        assert!(text(&judgement, name).contains("swapped"), "{:?}", judgement.outcome(name));
    }
}

#[test]
fn a_locked_key_leaves_the_verdict_open_with_its_reason() {
    let ring = KeyRing(vec![
        images::ring_key(
            "authentication.pem",
            KeyOrigin::Project,
            KeyRole::Authentication,
            HeldKey::Public(images::fixed(1).public()),
        ),
        images::ring_key(
            "encryption.pem",
            KeyOrigin::Project,
            KeyRole::Encryption,
            HeldKey::Locked { public: None, why: "the encryption key is locked".into() },
        ),
    ]);
    let image = images::slot(&images::small(ImageProfile::Stirot, 0x2000));
    let (_, judgement) = judged(&image, &keys_alone(&ring));
    assert_eq!(judgement.verdict, Verdict::Undecided { missing: vec![CheckName::WrappedKey, CheckName::Hash] });
    assert_eq!(text(&judgement, CheckName::Hash), "the encryption key is locked");
    assert!(text(&judgement, CheckName::Signature).contains("not checked"));
}

#[test]
fn without_keys_nothing_is_refused_and_nothing_promised() {
    let ring = KeyRing::default();
    let (_, judgement) = judged(&published(), &keys_alone(&ring));
    let missing = [CheckName::WrappedKey, CheckName::Hash, CheckName::KeyHash, CheckName::Signature];
    assert_eq!(judgement.verdict, Verdict::Undecided { missing: missing.to_vec() });
}

#[test]
fn an_image_for_another_place_is_not_seen() {
    let ring = images::st_ring();
    let elsewhere = Circumstances { download_address: Some(0x9004_0000), ..circumstances(&ring) };
    let (_, judgement) = judged(&published(), &elsewhere);
    assert_eq!(judgement.verdict, Verdict::NotSeen { at: CheckName::Address });
}

#[test]
fn an_older_image_is_refused_by_its_counter() {
    let ring = images::st_ring();
    let installed = Installed { version: Some("1.0.1".parse().unwrap()), counter: 0x0100_0001 };
    let newer = Circumstances { installed: Some(installed), ..circumstances(&ring) };
    let (_, judgement) = judged(&published(), &newer);
    assert_eq!(judgement.verdict, Verdict::Refused { at: CheckName::Counter });
    let same = Circumstances { installed: Some(Installed { version: None, counter: 0x0100_0000 }), ..newer };
    assert_eq!(judged(&published(), &same).1.verdict, Verdict::Installs);
}

#[test]
fn an_application_linked_elsewhere_is_installed_and_does_not_run() {
    let ring = images::st_ring();
    let moved = Circumstances { firmware_address: Some(0x2402_0000), ..circumstances(&ring) };
    let (_, judgement) = judged(&published(), &moved);
    assert_eq!(judgement.verdict, Verdict::DoesNotRun { at: CheckName::LinkAddress });
}

#[test]
fn an_image_of_the_second_stage_is_judged_by_its_rules_and_not_seen_by_stirot() {
    let ring = images::small_ring();
    let image = images::hex(&images::small(ImageProfile::Oemurot, 0x20_0000), 0x9020_0000);
    let theirs = Circumstances {
        profile: Some(ImageProfile::Oemurot),
        slot_size: Some(0x20_0000),
        download_address: Some(0x9020_0000),
        firmware_address: Some(FIRMWARE),
        ..circumstances(&ring)
    };
    let (opened, judgement) = judged(&image, &theirs);
    assert_eq!(judgement.verdict, Verdict::Installs, "{:#?}", judgement.checks);
    assert_eq!(opened.images[0].profile, Some(ImageProfile::Oemurot));
    assert!(judgement.reservation().contains("second stage"));
    let stirots = Circumstances { download_address: None, ..circumstances(&ring) };
    assert_eq!(judged(&image, &stirots).1.verdict, Verdict::NotSeen { at: CheckName::Magic });
}

#[test]
fn what_is_promised_says_on_what_it_depends() {
    let image = images::slot(&images::small(ImageProfile::Stirot, 0x2000));
    let ring = images::pair(KeyOrigin::BuiltinSample, &images::fixed(1).public(), &images::fixed(2));
    let (_, judgement) = judged(&image, &keys_alone(&ring));
    assert_eq!(judgement.verdict, Verdict::Installs, "{:#?}", judgement.checks);
    assert_eq!(
        judgement.sentence(),
        "STiRoT installs and starts this image, on a board with the sample keys, unless one with a higher security \
         counter is installed; whether its application is linked for where it runs isn't known."
    );
}

#[test]
fn what_the_second_stage_makes_of_another_header_is_not_known() {
    let settings = ImageSettings {
        header_size: 0x200,
        ..ImageSettings::oemurot(images::version(), SecurityCounter::FromVersion, 0x2000)
    };
    let (signing, device) = (images::fixed(1), images::fixed(2));
    let keys = ImageKeys { signing: &signing, encryption: Some(&device.public()) };
    let built = build_image(&images::application(FIRMWARE + 0x200, 0x500, 7), &settings, keys).unwrap();
    let ring = images::small_ring();
    let theirs = Circumstances { profile: Some(ImageProfile::Oemurot), ..keys_alone(&ring) };
    let (_, judgement) = judged(&images::slot(&built), &theirs);
    assert_eq!(judgement.verdict, Verdict::Undecided { missing: vec![CheckName::Header] });
    let (_, judgement) = judged(&images::slot(&images::small(ImageProfile::Stirot, 0x2000)), &theirs);
    assert_eq!(judgement.sentence(), "The second boot stage doesn't see this image: magic. Nothing happens.");
}

#[test]
fn an_image_that_is_older_and_for_another_device_is_refused_where_the_boot_stage_stumbles_first() {
    let ring = images::pair(KeyOrigin::Project, &images::fixed(1).public(), &images::fixed(3));
    let installed = Some(Installed { version: None, counter: u32::MAX });
    let there = Circumstances { installed, ..keys_alone(&ring) };
    let (_, judgement) = judged(&images::slot(&images::small(ImageProfile::Stirot, 0x2000)), &there);
    assert!(matches!(judgement.outcome(CheckName::Counter), Some(Outcome::Fails(_))));
    assert_eq!(judgement.verdict, Verdict::Refused { at: CheckName::WrappedKey });
}

#[test]
fn what_no_loader_looks_at_is_noticed_and_refuses_nothing() {
    let ring = images::small_ring();
    let image = images::small(ImageProfile::Stirot, 0x2000);
    let here = Circumstances { slot_size: Some(0x2000), ..circumstances(&ring) };
    for (offset, name) in [(0x1800, CheckName::Fill), (0x1FF5, CheckName::Trailer)] {
        let mut slot = images::slot(&image);
        slot[offset] ^= 1;
        let (_, judgement) = judged(&slot, &here);
        assert_eq!(judgement.verdict, Verdict::Installs, "{:#?}", judgement.checks);
        assert!(matches!(judgement.outcome(name), Some(Outcome::Notice(_))), "{name:?}");
    }
    let larger = Circumstances { slot_size: Some(0x4000), ..here };
    let (_, judgement) = judged(&images::slot(&image), &larger);
    assert_eq!(judgement.verdict, Verdict::Installs);
    assert!(matches!(judgement.outcome(CheckName::Extent), Some(Outcome::Notice(_))));
}

#[test]
fn a_damaged_hex_file_is_told_before_anything_else() {
    let ring = images::st_ring();
    let mut file = published();
    // A digit of the payload: its record's checksum is wrong from now on.
    file[20_000] = if file[20_000] == b'0' { b'1' } else { b'0' };
    let (_, judgement) = judged(&file, &circumstances(&ring));
    assert_eq!(judgement.verdict, Verdict::Refused { at: CheckName::File });
    assert!(text(&judgement, CheckName::File).starts_with("line "));
}

/// The check that is the right one for a flipped bit of an image whose parts lie so.
struct Layout {
    profile: ImageProfile,
    payload: Range<usize>,
    /// Of each entry the offset and the bytes of its value, the protected one first.
    entries: Vec<(u16, Range<usize>)>,
    protected: usize,
    tlvs: usize,
}

impl Layout {
    fn of(image: &[u8], profile: ImageProfile) -> Self {
        let parts = formats::Parts::decode(image).unwrap();
        let header = parts.header;
        let (protected, tlvs) = (header.protected_offset() as usize, header.tlv_offset() as usize);
        let areas = [parts.protected.unwrap(), parts.tlvs];
        let entries = areas.iter().flat_map(|area| area.entries()).map(|entry| {
            let entry = entry.unwrap();
            let start = entry.offset as usize + 4;
            (entry.kind, start..start + entry.value.len())
        });
        let payload = header.payload_offset() as usize..protected;
        Self { profile, payload, entries: entries.collect(), protected, tlvs }
    }

    fn right(&self, offset: usize, bit: u32) -> Vec<CheckName> {
        let stirot = self.profile == ImageProfile::Stirot;
        match offset {
            0..4 => vec![CheckName::Magic],
            // STiRoT takes zero here; MCUboot doesn't look, but hashes it.
            4..8 | 0x1C..0x20 => vec![if stirot { CheckName::Header } else { CheckName::Hash }],
            8..10 if stirot => vec![CheckName::Header],
            // The parts are no longer where they were; a size that can't be is the header's own fault.
            8..10 => vec![CheckName::Header, CheckName::Slot, CheckName::Structure],
            10..12 => vec![CheckName::ProtectedTlvs],
            12 if bit < 4 => vec![CheckName::Payload],
            // Longer than the slot, or the TLVs aren't where the header says.
            12..16 => vec![CheckName::Slot, CheckName::Structure],
            // Without the flag, the wrapped key is one entry too many.
            16 if !stirot && bit == 2 => vec![CheckName::Tlvs],
            16..20 => vec![if stirot { CheckName::Header } else { CheckName::Hash }],
            0x14..0x1C => vec![CheckName::Hash],
            _ if offset < self.payload.start => vec![CheckName::Hash],
            _ if offset < self.payload.end => vec![CheckName::Hash],
            _ => match self.entries.iter().find(|(_, value)| value.contains(&offset)) {
                Some((0x50, _)) => vec![CheckName::Hash],
                Some((0x10, _)) => vec![CheckName::Hash],
                Some((0x01, _)) => vec![CheckName::KeyHash],
                Some((0x22, _)) => vec![CheckName::Signature],
                Some((0x32, _)) => vec![CheckName::WrappedKey],
                Some((kind, _)) => panic!("{kind:#x}"),
                None if offset < self.tlvs => {
                    assert!(offset >= self.protected);
                    vec![CheckName::ProtectedTlvs]
                }
                None => vec![CheckName::Tlvs, CheckName::Structure],
            },
        }
    }
}

/// Flips every bit of the first 2 KiB and of all TLVs, and each 97th of the payload, in an image from `start` of a
/// slot's bytes, and has each judged.
fn every_flipped_bit_meets_its_check(slot: &[u8], image_size: usize, circumstances: &Circumstances<'_>) {
    let profile = circumstances.profile.unwrap();
    let layout = Layout::of(slot, profile);
    let opened = Opened::read(slot.to_vec());
    assert_eq!(judge(&opened, &opened.images[0], circumstances).verdict, Verdict::Installs);
    let offsets: Vec<(usize, u32)> = (0..image_size)
        .flat_map(|offset| (0..8).map(move |bit| (offset, bit)))
        .filter(|(offset, bit)| {
            *offset < 0x800 || *offset >= layout.protected || (offset * 8 + *bit as usize).is_multiple_of(97)
        })
        .collect();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for share in offsets.chunks(offsets.len().div_ceil(threads)) {
            let layout = &layout;
            scope.spawn(move || {
                let mut bytes = slot.to_vec();
                for (offset, bit) in share {
                    bytes[*offset] ^= 1 << bit;
                    let opened = Opened::read(bytes.clone());
                    bytes[*offset] ^= 1 << bit;
                    let Some(image) = opened.images.first() else {
                        panic!("bit {bit} of {offset:#x}: no image is found");
                    };
                    let judgement = judge(&opened, image, circumstances);
                    let at = match &judgement.verdict {
                        Verdict::Refused { at } | Verdict::NotSeen { at } => *at,
                        other => panic!("bit {bit} of {offset:#x}: {other:?} {:#?}", judgement.checks),
                    };
                    let right = layout.right(*offset, *bit);
                    assert!(right.contains(&at), "bit {bit} of {offset:#x}: {at:?}, not {right:?}");
                    let not_seen = matches!(judgement.verdict, Verdict::NotSeen { .. });
                    assert_eq!(not_seen, *offset < 4, "bit {bit} of {offset:#x}");
                }
            });
        }
    });
}

#[test]
fn any_flipped_bit_of_the_published_image_is_met_by_the_right_check() {
    let hex = HexFile::decode(&published()).unwrap();
    // The image alone: slots of 128 KiB would be copied a million times.
    let image = &hex.segments[0].bytes;
    let ring = images::st_ring();
    every_flipped_bit_meets_its_check(image, image.len(), &circumstances(&ring));
}

#[test]
fn any_flipped_bit_of_the_sample_projects_image_is_met_by_the_right_check() {
    let file = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/sample/STiROT");
        fs::read(folder.join(name)).unwrap()
    };
    let key = |name: &str| PrivateKey::from_pem(&file(name)).unwrap_or_else(|error| panic!("{error}"));
    let (signing, device) = (key("Keys/STiROT_Authentication.pem"), key("Keys/STiROT_Encryption.pem"));
    let settings = ImageSettings::stirot(images::version(), SecurityCounter::FromVersion, SLOT);
    let keys = ImageKeys { signing: &signing, encryption: Some(&device.public()) };
    let built = build_image(&file("Image/appli.bin"), &settings, keys).unwrap();
    let ring = images::pair(KeyOrigin::Project, &signing.public(), &device);
    every_flipped_bit_meets_its_check(built.bytes(), built.bytes().len(), &circumstances(&ring));
}

#[test]
fn any_flipped_bit_of_our_image_for_the_second_stage_is_met_by_the_right_check() {
    let built = images::small(ImageProfile::Oemurot, 0x2000);
    let ring = images::small_ring();
    let here = Circumstances { profile: Some(ImageProfile::Oemurot), slot_size: Some(0x2000), ..circumstances(&ring) };
    every_flipped_bit_meets_its_check(&images::slot(&built), built.bytes().len(), &here);
}
