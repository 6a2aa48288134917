//! What the studio says of an image against what STiRoT does with it on the virtual board: hundreds of images with one
//! bit flipped, and images that are wrong on purpose. Two codes that share the parsing of header and TLVs and nothing
//! else must come to the same decision, and at the same check.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use std::time::{Duration, Instant};

use board::TraceKind;
use chip::loader::{RSSCMD_PRIMARY_LOADED, RSSCMD_SECONDARY_LOADED};
use chip::trace::{Check, Event, Stage, Stop, TraceWord};
use common::{Bench, Crafted, Recipe};
use formats::{
    CheckName, Flags, ImageHeader, ImageProfile, Installed, Opened, Parts, PrivateKey, SecurityCounter, Tlv, TlvArea,
    TlvKind, Verdict, judge,
};
use project::Workshop;
use provision::{Cancel, Decision, Start, try_image};

/// What STiRoT did with the download slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Installed,
    /// Erased, for the check that failed first.
    Refused(Check),
    /// The loader never brought it into RAM.
    NotSeen,
}

/// The check of the ROM that stands for one of the studio's, for what lies in the slot.
///
/// Where the two go different ways:
/// - The ROM knows the header's fields and the payload's size as one check.
/// - The ROM has no check of the TLVs as such. Whether both areas are where the header says, and of the length that it
///   says, is part of its sizes; each entry is read where it is needed, in the order wrapped key, security counter,
///   hash, key hash, signature, and one that isn't there, or twice, or of another length, fails the check that wants it.
fn stands_for(check: CheckName, slot: &[u8]) -> Option<Check> {
    Some(match check {
        CheckName::Header | CheckName::Payload => Check::Header,
        CheckName::Slot | CheckName::Structure => Check::Sizes,
        CheckName::ProtectedTlvs | CheckName::Tlvs if !areas_are_in_place(slot) => Check::Sizes,
        CheckName::ProtectedTlvs | CheckName::Counter => Check::Counter,
        CheckName::Tlvs => first_entry_missed(slot)?,
        CheckName::WrappedKey => Check::KeyBlob,
        CheckName::Hash => Check::Hash,
        CheckName::KeyHash => Check::KeyHash,
        CheckName::Signature => Check::Signature,
        _ => return None,
    })
}

/// Whether both TLV areas begin where the header says, and the protected one is as long as it says.
fn areas_are_in_place(slot: &[u8]) -> bool {
    let Ok(header) = ImageHeader::decode(slot) else { return false };
    let protected = TlvArea::decode(slot, header.protected_offset(), TlvKind::Protected);
    protected.is_ok_and(|area| area.size() == u32::from(header.protected_size))
        && TlvArea::decode(slot, header.tlv_offset(), TlvKind::Unprotected).is_ok()
}

/// The ROM's check that first wants an entry of the unprotected area in vain.
fn first_entry_missed(slot: &[u8]) -> Option<Check> {
    let header = ImageHeader::decode(slot).ok()?;
    let area = TlvArea::decode(slot, header.tlv_offset(), TlvKind::Unprotected).ok()?;
    let wanted = [
        (Tlv::WRAPPED_KEY, Some(113), Check::KeyBlob),
        (Tlv::SHA256, Some(32), Check::Hash),
        (Tlv::KEY_HASH, Some(32), Check::KeyHash),
        (Tlv::SIGNATURE, None, Check::Signature),
    ];
    let missed = wanted.into_iter().find(|(kind, length, _)| match area.only(*kind) {
        Ok(Some(entry)) => length.is_some_and(|length| entry.value.len() != length),
        _ => true,
    });
    missed.map(|(.., check)| check)
}

/// A provisioned board, and what the studio knows of its project.
struct Rig {
    bench: Bench,
    workshop: Workshop,
}

impl Rig {
    fn new(seed: u64) -> Self {
        let bench = Bench::new(seed);
        bench.provision().unwrap();
        let workshop = Workshop::of(&bench.project);
        Self { bench, workshop }
    }

    fn image(&self) -> Vec<u8> {
        self.bench.image(&Recipe::of(&self.bench))
    }

    fn crafted(&self) -> Crafted {
        let key = |name: &str| self.bench.key(&format!("STiROT/Keys/STiROT_{name}.pem"));
        Crafted::of(&self.image(), key("Authentication"), &key("Encryption"))
    }

    /// The image in its slot, as a file has it.
    fn slot(&self, image: &[u8]) -> Vec<u8> {
        let mut slot = image.to_vec();
        slot.resize(self.bench.project.stirot().unwrap().firmware_size as usize, 0xFF);
        slot
    }

    /// What STiRoT does. The board boots an application afterwards, whichever is then installed.
    fn done(&self, image: &[u8]) -> Done {
        let cursor = self.bench.board.look(|board| board.peripherals.trace.cursor());
        self.bench.place_download(image);
        self.bench.board.reset();
        let began = Instant::now();
        loop {
            let words = self.words(cursor);
            if words.iter().any(|word| word.event == Event::StartsApplication && word.stage == Stage::Stirot) {
                return decided(&words);
            }
            assert!(began.elapsed() < Duration::from_secs(30), "no application starts: {words:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn words(&self, cursor: u64) -> Vec<TraceWord> {
        self.bench.board.look(|board| {
            let entries = board.peripherals.trace.since(cursor);
            entries.filter_map(|entry| if let TraceKind::Word(word) = entry.kind { Some(word) } else { None }).collect()
        })
    }

    fn verdict(&self, image: &[u8]) -> Verdict {
        let opened = Opened::read(self.slot(image));
        // What isn't recognised as an image has no magic either.
        let Some(found) = opened.images.first().filter(|found| found.offset == 0) else {
            return Verdict::NotSeen { at: CheckName::Magic };
        };
        let installed = Installed { version: None, counter: 0x0100_0000 };
        judge(&opened, found, &self.workshop.circumstances(Some(ImageProfile::Stirot), Some(installed))).verdict
    }

    /// Where the two disagree about an image, in words.
    fn disagreement(&self, what: &str, image: &[u8]) -> Option<String> {
        let verdict = self.verdict(image);
        let done = self.done(image);
        let agree = match (&verdict, done) {
            (Verdict::Installs, Done::Installed) => true,
            (Verdict::NotSeen { at }, Done::NotSeen) => *at == CheckName::Magic,
            (Verdict::Refused { at }, Done::Refused(check)) => stands_for(*at, &self.slot(image)) == Some(check),
            _ => false,
        };
        (!agree).then(|| format!("{what}: the studio says {verdict:?}, the ROM {done:?}"))
    }

    /// Flips single bits, each in an image of its own, and compares what both make of it.
    #[track_caller]
    fn agree_on_flips(&self, image: &[u8], bits: impl IntoIterator<Item = (usize, u8)>) -> usize {
        let mut count = 0;
        let mut disagreements = Vec::new();
        for (offset, bit) in bits {
            let mut flipped = image.to_vec();
            flipped[offset] ^= 1 << bit;
            disagreements.extend(self.disagreement(&format!("bit {bit} of {offset:#x}"), &flipped));
            count += 1;
        }
        assert!(disagreements.is_empty(), "{} of {count}:\n{}", disagreements.len(), disagreements.join("\n"));
        count
    }
}

/// The first decision among the words of a boot.
fn decided(words: &[TraceWord]) -> Done {
    let stirot = || words.iter().filter(|word| word.stage == Stage::Stirot);
    let commands = || stirot().filter(|word| word.event == Event::CommandRead).map(|word| word.detail);
    if !commands().any(|command| command == RSSCMD_SECONDARY_LOADED) {
        assert!(commands().any(|command| command == RSSCMD_PRIMARY_LOADED), "{words:?}");
        return Done::NotSeen;
    }
    let decision = stirot().position(|word| matches!(word.event, Event::UpdateSave | Event::UpdateErase)).unwrap();
    let before: Vec<_> = stirot().take(decision + 1).collect();
    if before[decision].event == Event::UpdateSave {
        return Done::Installed;
    }
    let failed = before.iter().find(|word| word.event == Event::Failed).unwrap();
    Done::Refused(Check::from_code(failed.detail as u8).unwrap())
}

/// Every bit of a range.
fn bits_of(range: std::ops::Range<usize>) -> impl Iterator<Item = (usize, u8)> {
    range.flat_map(|offset| (0..8).map(move |bit| (offset, bit)))
}

/// One bit in each of `count` bytes, spread over a range, another bit each time.
fn sampled(range: std::ops::Range<usize>, count: usize) -> Vec<(usize, u8)> {
    (0..count).map(|n| (range.start + n * range.len() / count, (n * 5 % 8) as u8)).collect()
}

/// Where an image's areas begin: protected TLVs, TLVs, and the end.
fn areas(image: &[u8]) -> (usize, usize, usize) {
    let parts = Parts::decode(image).unwrap();
    let header = parts.header;
    (header.protected_offset() as usize, header.tlv_offset() as usize, parts.size() as usize)
}

/// Head and value of each entry of the TLV area.
fn entries(image: &[u8]) -> Vec<(usize, std::ops::Range<usize>)> {
    let parts = Parts::decode(image).unwrap();
    let entries = parts.tlvs.entries().map(Result::unwrap);
    entries
        .map(|entry| (entry.offset as usize, entry.offset as usize + 4..entry.offset as usize + 4 + entry.value.len()))
        .collect()
}

#[test]
fn a_whole_image_is_installed_by_both() {
    let rig = Rig::new(80);
    assert_eq!(rig.disagreement("whole", &rig.image()), None);
    assert_eq!(rig.done(&rig.image()), Done::Installed);
}

#[test]
fn each_bit_of_the_headers_first_half_is_judged_as_the_rom_decides() {
    let rig = Rig::new(81);
    assert_eq!(rig.agree_on_flips(&rig.image(), bits_of(0..16)), 128);
}

#[test]
fn each_bit_of_the_headers_second_half_is_judged_as_the_rom_decides() {
    let rig = Rig::new(82);
    assert_eq!(rig.agree_on_flips(&rig.image(), bits_of(16..32)), 128);
}

#[test]
fn bits_of_gap_and_payload_are_judged_as_the_rom_decides() {
    let rig = Rig::new(83);
    let image = rig.image();
    let (protected, ..) = areas(&image);
    let bits = [sampled(0x20..0x400, 24), sampled(0x400..0x800, 16), sampled(0x800..protected, 32)].concat();
    assert_eq!(rig.agree_on_flips(&image, bits), 72);
}

#[test]
fn each_bit_of_the_protected_tlvs_is_judged_as_the_rom_decides() {
    let rig = Rig::new(84);
    let image = rig.image();
    let (protected, tlvs, _) = areas(&image);
    assert_eq!(rig.agree_on_flips(&image, bits_of(protected..tlvs)), 96);
}

#[test]
fn each_bit_of_the_tlvs_heads_is_judged_as_the_rom_decides() {
    let rig = Rig::new(85);
    let image = rig.image();
    let (_, tlvs, _) = areas(&image);
    let heads = entries(&image).into_iter().flat_map(|(head, _)| bits_of(head..head + 4));
    assert_eq!(rig.agree_on_flips(&image, bits_of(tlvs..tlvs + 4).chain(heads)), 5 * 32);
}

#[test]
fn bits_of_the_tlvs_values_are_judged_as_the_rom_decides() {
    let rig = Rig::new(86);
    let image = rig.image();
    let values = entries(&image).into_iter().flat_map(|(_, value)| sampled(value, 16));
    assert_eq!(rig.agree_on_flips(&image, values), 4 * 16);
}

/// Images that are wrong in one way, or unusual and yet right; each is hashed and signed as it stands.
fn variants(rig: &Rig) -> Vec<(&'static str, Vec<u8>)> {
    let bench = &rig.bench;
    let recipe = || Recipe::of(bench);
    let base = rig.crafted();
    let other = || PrivateKey::generate().unwrap();
    let mut found: Vec<(&'static str, Vec<u8>)> = vec![
        ("lower counter", bench.image(&Recipe { counter: SecurityCounter::Number(0x00FF_FFFF), ..recipe() })),
        ("signed by another key", bench.image(&Recipe { signing: other(), ..recipe() })),
        ("for another device", bench.image(&Recipe { encryption: other().public(), ..recipe() })),
        (
            "keys swapped",
            bench.image(&Recipe {
                signing: bench.key("STiROT/Keys/STiROT_Encryption.pem"),
                encryption: bench.key("STiROT/Keys/STiROT_Authentication.pem").public(),
                ..recipe()
            }),
        ),
    ];
    let mut with = |what, change: &dyn Fn(&mut Crafted)| {
        let mut crafted = base.clone();
        change(&mut crafted);
        found.push((what, crafted.image()));
    };
    with("put together again", &|_| {});
    with("not encrypted", &|crafted| {
        crafted.header.flags = Flags(Flags::PRIMARY_ONLY);
        crafted.stored.clone_from(&crafted.plain);
        crafted.wrapped_key = None;
    });
    with("not encrypted, and a key wrapped all the same", &|crafted| {
        crafted.header.flags = Flags(Flags::PRIMARY_ONLY);
        crafted.stored.clone_from(&crafted.plain);
    });
    with("for more than one slot", &|crafted| crafted.header.flags = Flags(Flags::ENCRYPTED_AES128));
    with("header of 0x200 bytes", &|crafted| {
        crafted.header.header_size = 0x200;
        crafted.gap.truncate(0x200 - 32);
    });
    with("header of 0x404 bytes", &|crafted| {
        crafted.header.header_size = 0x404;
        crafted.gap.extend([0xFF; 4]);
    });
    with("load address", &|crafted| crafted.header.load_address = 0x2400_0000);
    with("last word of the header", &|crafted| crafted.header.pad = 1);
    with("payload not a multiple of 16", &|crafted| {
        crafted.plain.truncate(crafted.plain.len() - 3);
        crafted.stored.truncate(crafted.stored.len() - 3);
    });
    with("no payload", &|crafted| {
        crafted.plain.clear();
        crafted.stored.clear();
    });
    with("gap not erased", &|crafted| crafted.gap[0x100] = 0x00);
    with("no security counter", &|crafted| crafted.protected.clear());
    with("security counter twice", &|crafted| crafted.protected.push(crafted.protected[0].clone()));
    with("security counter of 8 bytes", &|crafted| crafted.protected[0].1.extend([0; 4]));
    with("the same counter", &|crafted| crafted.protected[0].1 = 0x0100_0000_u32.to_le_bytes().to_vec());
    with("no wrapped key", &|crafted| crafted.wrapped_key = None);
    with("wrapped key cut short", &|crafted| crafted.wrapped_key.as_mut().unwrap().truncate(112));
    with("hash twice", &|crafted| crafted.more.push((Tlv::SHA256, vec![0; 32])));
    with("key hash twice", &|crafted| crafted.more.push((Tlv::KEY_HASH, vec![0; 32])));
    with("signature twice", &|crafted| crafted.more.push((Tlv::SIGNATURE, vec![0x30; 70])));
    with("wrapped key twice", &|crafted| {
        let wrapped = crafted.wrapped_key.clone().unwrap();
        crafted.more.push((Tlv::WRAPPED_KEY, wrapped));
    });
    found
}

#[test]
fn images_that_are_wrong_on_purpose_are_judged_as_the_rom_decides() {
    let rig = Rig::new(87);
    let variants = variants(&rig);
    assert!(variants.len() >= 25);
    let disagreements: Vec<_> = variants.iter().filter_map(|(what, image)| rig.disagreement(what, image)).collect();
    assert!(disagreements.is_empty(), "\n{}", disagreements.join("\n"));
}

#[test]
fn of_entries_that_st_s_tool_never_makes_the_studio_claims_nothing_and_the_rom_passes_over_them() {
    let rig = Rig::new(90);
    let mut crafted = rig.crafted();
    crafted.protected.push((Tlv::DEPENDENCY, vec![0; 12]));
    let image = crafted.image();
    assert_eq!(rig.verdict(&image), Verdict::Undecided { missing: vec![CheckName::ProtectedTlvs] });
    assert_eq!(rig.done(&image), Done::Installed);
    let mut crafted = rig.crafted();
    crafted.more.push((0xA0, b"vendor".to_vec()));
    let image = crafted.image();
    assert_eq!(rig.verdict(&image), Verdict::Undecided { missing: vec![CheckName::Tlvs] });
    assert_eq!(rig.done(&image), Done::Installed);
}

#[test]
fn an_image_cut_short_is_refused_wherever_it_ends() {
    let rig = Rig::new(91);
    let image = rig.image();
    let (protected, tlvs, end) = areas(&image);
    for length in [33, 0x200, 0x400, 0x800, protected, protected + 6, tlvs, tlvs + 2, tlvs + 40, end - 1] {
        assert_eq!(rig.disagreement(&format!("{length} bytes"), &image[..length]), None);
    }
}

#[test]
fn an_application_that_cannot_start_is_installed_and_then_not_started() {
    let bench = Bench::new(92);
    let workshop = Workshop::of(&bench.project);
    let mut payload = bench.payload();
    // The reset handler lies in the user flash.
    payload[4..8].copy_from_slice(&0x0800_0401_u32.to_le_bytes());
    let image = bench.image_of(&payload, &Recipe::of(&bench));
    let opened = Opened::read(image.clone());
    let judgement = judge(&opened, &opened.images[0], &workshop.circumstances(Some(ImageProfile::Stirot), None));
    assert!(matches!(judgement.verdict, Verdict::DoesNotRun { .. }), "{:?}", judgement.verdict);
    let trial = try_image(&bench.project, &image, &Cancel::new(), &mut |_| {}).unwrap();
    assert_eq!(trial.decision, Decision::Installed);
    assert_eq!(trial.start, Start::No { stop: Some(Stop::ImageRefused) });
}

#[test]
fn an_image_wrong_twice_is_refused_by_both_where_the_first_fault_is_met() {
    let rig = Rig::new(88);
    let mut crafted = rig.crafted();
    crafted.protected[0].1 = vec![0; 4];
    crafted.wrapped_key.as_mut().unwrap()[80] ^= 1;
    let image = crafted.image();
    // Which key opens an image is found out before its counter is looked at.
    assert_eq!(rig.verdict(&image), Verdict::Refused { at: CheckName::WrappedKey });
    assert_eq!(rig.done(&image), Done::Refused(Check::KeyBlob));
}

#[test]
fn an_image_that_just_fits_is_installed_and_a_block_more_is_refused() {
    let rig = Rig::new(89);
    let slot = rig.bench.project.stirot().unwrap().firmware_size as usize;
    // Header, protected TLVs, TLVs with the longest signature, and the trailer that nothing else may take the place of.
    let around = 0x400 + 12 + 197 + 72 + 16;
    let largest = (slot - around) / 16 * 16;
    let mut payload = rig.bench.payload();
    payload.resize(largest, 0);
    let fits = rig.bench.image_of(&payload, &Recipe::of(&rig.bench));
    assert_eq!(rig.disagreement("just fits", &fits), None);
    assert_eq!(rig.done(&fits), Done::Installed);
    payload.resize(largest + 16, 0);
    let too_large = rig.bench.image_of(&payload, &Recipe::of(&rig.bench));
    assert!(too_large.len() < slot && too_large.len() + 16 > slot);
    assert_eq!(rig.disagreement("a block more", &too_large), None);
    assert_eq!(rig.done(&too_large), Done::Refused(Check::Sizes));
}

/// Repeatable noise.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }
}

#[test]
fn of_images_damaged_in_several_places_both_refuse_the_same_ones() {
    let rig = Rig::new(93);
    let image = rig.image();
    let (protected, _, end) = areas(&image);
    let mut noise = Noise(7);
    let mut disagreements = Vec::new();
    for number in 0..150 {
        let mut damaged = image.clone();
        for _ in 0..=noise.below(3) {
            // Behind the magic, and mostly where structure is.
            let at = if noise.below(2) == 0 { 4 + noise.below(28) } else { protected + noise.below(end - protected) };
            damaged[at] = noise.below(256) as u8;
        }
        let (verdict, done) = (rig.verdict(&damaged), rig.done(&damaged));
        // Of several faults each may name another; of one both name the same, as the other tests show.
        let agree = matches!(
            (&verdict, done),
            (Verdict::Installs, Done::Installed)
                | (Verdict::Refused { .. }, Done::Refused(_))
                | (Verdict::NotSeen { .. }, Done::NotSeen)
        );
        if !agree {
            disagreements.push(format!("number {number}: the studio says {verdict:?}, the ROM {done:?}"));
        }
    }
    assert!(disagreements.is_empty(), "\n{}", disagreements.join("\n"));
}

#[test]
fn what_the_studio_says_will_start_is_started_and_what_it_says_will_not_does_not_speak() {
    let bench = Bench::new(94);
    let workshop = Workshop::of(&bench.project);
    let stirot = bench.project.stirot().unwrap();
    let end = stirot.firmware_address + stirot.firmware_size;
    for (what, stack, reset, starts) in [
        ("as linked", None, None, true),
        ("stack at the end of the DTCM", Some(0x2001_0000), None, true),
        ("stack in the AXI SRAM", Some(end + 0x1000), None, true),
        ("no stack", Some(0), None, false),
        ("stack in the user flash", Some(0x0800_1000), None, false),
        ("stack not a multiple of 8", Some(0x2000_8004), None, false),
        ("stack behind the DTCM", Some(0x2002_0000), None, false),
        ("no Thumb bit", None, Some(0x2400_0800), false),
        ("entry in the header", None, Some(0x2400_0201), false),
        ("entry behind the area", None, Some(end + 1), false),
        ("entry in the user flash", None, Some(0x0800_0401), false),
    ] {
        let mut payload = bench.payload();
        for (at, word) in [(0, stack), (4, reset)] {
            if let Some(word) = word {
                payload[at..at + 4].copy_from_slice(&word.to_le_bytes());
            }
        }
        let image = bench.image_of(&payload, &Recipe::of(&bench));
        let opened = Opened::read(image.clone());
        let judgement = judge(&opened, &opened.images[0], &workshop.circumstances(Some(ImageProfile::Stirot), None));
        let trial = try_image(&bench.project, &image, &Cancel::new(), &mut |_| {}).unwrap();
        assert_eq!(trial.decision, Decision::Installed, "{what}");
        let speaks = matches!(trial.start, Start::Speaks(_));
        let said = judgement.verdict == Verdict::Installs;
        assert_eq!((said, speaks), (starts, starts), "{what}: {:?}, {:?}", judgement.verdict, trial.start);
    }
}
