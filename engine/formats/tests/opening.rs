//! Any file opened: what it is, what it holds, what stays hidden, and what is said of a file that lies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::images::{self, DOWNLOAD, SLOT};
use common::vector;
use formats::obk_fields::ObkKind;
use formats::{
    Content, FileKind, ImageProfile, KeyHalf, Opened, Part, PartKind, Weight, XmlKind, compare_content, compare_images,
};
use proptest::prelude::*;

fn read(file: &[u8]) -> Opened {
    Opened::read(file.to_vec())
}

fn image(profile: ImageProfile) -> Vec<u8> {
    images::slot(&images::small(profile, 0x2000))
}

/// The piece of that path below the first root.
fn part<'a>(opened: &'a Opened, path: &[&str]) -> &'a Part {
    path.iter().fold(&opened.parts[0], |part, name| {
        part.children.iter().find(|child| child.name == *name).unwrap_or_else(|| panic!("no {name} in {part:#?}"))
    })
}

#[test]
fn every_published_file_is_known_by_its_content() {
    let kind = |name: &str| read(&vector(name)).kind;
    assert_eq!(kind("stirot/Image/appli_enc_sign.hex"), FileKind::Image);
    assert_eq!(kind("stirot/Image/appli.bin"), FileKind::Program);
    assert_eq!(kind("stirot/Config/STiROT_Config.xml"), FileKind::Xml(XmlKind::Obdata));
    assert_eq!(kind("stirot/Image/STiROT_Code_Image.xml"), FileKind::Xml(XmlKind::McubootFormat));
    assert_eq!(kind("stirot/Binary/STiROT_Config.obk"), FileKind::Object(ObkKind::StirotConfig));
    assert_eq!(kind("da/Binary/DA_ConfigWithPassword.obk"), FileKind::Object(ObkKind::DaPassword));
    assert_eq!(kind("da/Binary/password.bin"), FileKind::Password);
    assert_eq!(kind("da/Certificates/cert_leaf_chain.b64"), FileKind::Certificates(3));
    let FileKind::Key { half, fingerprint, sample } = kind("stirot/Keys/STiROT_Authentication.pem") else { panic!() };
    assert_eq!((half, fingerprint.unwrap().short().as_str()), (KeyHalf::Private, "eac592621ce3"));
    assert!(sample.is_some());
    let public = kind("da/Keys/key_1_root_pub.pem");
    assert!(matches!(public, FileKind::Key { half: KeyHalf::Public, .. }));
    assert_eq!(read(b"").kind, FileKind::Empty);
    assert_eq!(read(b":00000001FF\n").kind, FileKind::Empty);
    assert_eq!(read(b"some notes\n").kind, FileKind::Text);
    assert_eq!(read(&[1, 2, 3]).kind, FileKind::Unknown);
    assert_eq!(read(b"\x7fELF\x01\x01\x01").kind, FileKind::Elf);
    assert_eq!(read(&vec![0xFF; 0x2_0000]).kind, FileKind::Dump);
}

/// Every way in which the bytes of a secret could be read off an opened file.
fn shows(opened: &Opened, secret: &[u8]) -> bool {
    let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let texts = format!("{:?} {:?} {:?}", opened.parts, opened.troubles, opened.kind);
    let secret_text = std::str::from_utf8(secret).is_ok_and(|text| texts.contains(text));
    opened.content.find(secret, 0).is_some() || texts.contains(&digits) || secret_text
}

#[test]
fn no_secret_of_a_published_file_can_be_read_off_it_opened_not_even_when_it_is_damaged() {
    let private = images::published_key("stirot/Keys/STiROT_Encryption.pem").stored();
    let scalar = &private[36..68];
    let pem = vector("stirot/Keys/STiROT_Encryption.pem");
    let line = pem.split(|byte| *byte == b'\n').nth(1).unwrap();
    let obk = vector("stirot/Binary/STiROT_Config.obk");
    let second = vector("stirot_oemurot/Binary/OEMuROT_Config.obk");
    let second_key = images::published_key("stirot_oemurot/Keys/OEMuROT_Encryption.pem").stored();
    let (password, password_xml) = (vector("da/Binary/password.bin"), vector("da/Config/DA_ConfigWithPassword.xml"));
    let password_obk = vector("da/Binary/DA_ConfigWithPassword.obk");
    let secrets: [(&[u8], &[u8]); 6] = [
        (&pem, line),
        (&obk, scalar),
        (&second, &second_key[36..68]),
        (&password, b"0123456789012345"),
        (&password_xml, b"0123456789012345"),
        (&password_obk, &password_obk[44..76]),
    ];
    for (file, secret) in secrets {
        let place = file.windows(secret.len()).position(|bytes| bytes == secret).expect("the secret is in the file");
        assert!(!shows(&read(file), secret));
        for damaged in [&file[..file.len() - 1], &[file, b"x"].concat()] {
            assert!(!shows(&read(damaged), secret), "{:?}", read(damaged).kind);
        }
        for offset in (0..file.len()).filter(|offset| !(place..place + secret.len()).contains(offset)) {
            let mut damaged = file.to_vec();
            damaged[offset] ^= 1;
            let opened = read(&damaged);
            assert!(!shows(&opened, secret), "byte {offset:#x} of a file, which is {:?} then", opened.kind);
        }
        let opened = read(file);
        assert!(opened.content.is_hidden(place as u64) && opened.content.byte(place as u64).is_none());
    }
    // A key inside of something that isn't known.
    let packed = [&[7; 100], &private[..], &[8; 100]].concat();
    assert!(!shows(&read(&packed), scalar));
    // A key as some consoles write it: two bytes a character.
    let wide: Vec<u8> = pem.iter().flat_map(|byte| [*byte, 0]).collect();
    let wide_line: Vec<u8> = line.iter().flat_map(|byte| [*byte, 0]).collect();
    assert!(!shows(&read(&wide), &wide_line));
}

#[test]
fn a_public_half_stays_readable() {
    let pem = vector("da/Keys/key_1_root_pub.pem");
    let opened = read(&pem);
    assert_eq!(opened.content.from(0), pem);
}

#[test]
fn two_images_in_a_dump_are_found_where_they_lie_with_their_slots() {
    let (first, second) = (image(ImageProfile::Stirot), image(ImageProfile::Oemurot));
    let mut dump = vec![0xFF; 0x18_0000];
    dump[0x2_0000..0x2_2000].copy_from_slice(&first);
    dump[0x10_0000..0x10_2000].copy_from_slice(&second);
    let opened = read(&dump);
    assert_eq!(opened.kind, FileKind::Dump);
    let found: Vec<_> = opened.images.iter().map(|image| (image.offset, image.profile, image.slot_size)).collect();
    assert_eq!(
        found,
        [(0x2_0000, Some(ImageProfile::Stirot), Some(0x2000)), (0x10_0000, Some(ImageProfile::Oemurot), Some(0x2000))]
    );
    assert_eq!(opened.parts.len(), 2);
    assert_eq!(opened.parts[1].range, 0x10_0000..0x10_2000);
}

#[test]
fn two_images_in_one_hex_file_are_found_with_their_addresses() {
    let text = |address| images::hex(&images::small(ImageProfile::Stirot, 0x2000), address);
    let (first, second) = (text(0x9000_0000), text(0x9400_0000));
    let joined = [&first[..first.len() - 12], &second].concat();
    let opened = read(&joined);
    let addresses: Vec<_> = opened.images.iter().map(|image| (image.address, image.slot_size)).collect();
    assert_eq!(addresses, [(Some(0x9000_0000), Some(0x2000)), (Some(0x9400_0000), Some(0x2000))]);
    assert!(opened.troubles.is_empty(), "{:?}", opened.troubles);
    // 64 MiB lie between them, and the content is no larger for it.
    assert!(opened.content.len() < 0x1_0000);
}

#[test]
fn an_image_is_the_same_in_every_form_of_file() {
    let built = images::small(ImageProfile::Stirot, 0x2000);
    let forms = [images::hex(&built, DOWNLOAD), images::slot(&built), built.bytes().to_vec()];
    let bytes = Content::of_bytes(built.bytes().to_vec());
    let opened: Vec<Opened> = forms.iter().map(|file| read(file)).collect();
    for opened in &opened {
        assert_eq!((opened.kind.clone(), opened.images.len()), (FileKind::Image, 1));
        let same = compare_content((&opened.content, opened.images[0].image.clone()), (&bytes, 0..bytes.len()));
        assert!(same.is_same());
    }
    assert_eq!(opened.iter().map(|it| it.images[0].slot_size).collect::<Vec<_>>(), [Some(0x2000), Some(0x2000), None]);
}

#[test]
fn the_tree_of_the_published_image_covers_it_and_names_every_field() {
    let opened = read(&vector("stirot/Image/appli_enc_sign.hex"));
    let root = &opened.parts[0];
    let mut end = 0;
    for child in &root.children {
        assert_eq!(child.range.start, end, "{}", child.name);
        end = child.range.end;
    }
    assert_eq!(end, u64::from(SLOT));
    let value = |path: &[&str]| part(&opened, path).value.clone();
    assert_eq!(value(&["header", "magic"]), "0xc1592ee9");
    assert_eq!(value(&["header", "flags", "PRIMARY_ONLY"]), "0x2");
    assert_eq!(part(&opened, &["header", "flags"]).children.len(), 2);
    assert_eq!(value(&["protected TLVs", "security counter"]), "0x01000000");
    assert!(value(&["TLVs", "signature", "r"]).len() >= 62);
    assert_eq!(value(&["TLVs", "wrapped key", "tag"]).len(), 64);
    assert_eq!(value(&["TLVs", "wrapped key", "ephemeral point"])[..2], *"04");
    assert_eq!(value(&["trailer", "mark"])[..8], *"77c295f3");
    for piece in root.walk() {
        assert!(piece.problem.is_none(), "{piece:?}");
        assert!(piece.source.contains('§') || !piece.source.is_empty(), "{}", piece.name);
    }
}

#[test]
fn a_lying_length_is_told_in_its_place_and_hides_nothing_else() {
    let whole = image(ImageProfile::Stirot);
    let mut longer = whole.clone();
    longer[14] = 1;
    let opened = read(&longer);
    assert!(part(&opened, &["payload"]).problem.as_ref().unwrap().contains("not in the file"));
    assert_eq!(part(&opened, &["header", "magic"]).problem, None);
    let mut protected = whole.clone();
    protected[10] = 0x10;
    let opened = read(&protected);
    assert!(part(&opened, &["protected TLVs"]).problem.as_ref().unwrap().contains("the header says 0x10"));
    assert_eq!(part(&opened, &["TLVs", "hash"]).value.len(), 64);
    let mut entry = whole;
    let tlvs = formats::Parts::decode(&entry).unwrap().header.tlv_offset() as usize;
    entry[tlvs + 6] = 0xFF;
    assert!(part(&read(&entry), &["TLVs"]).problem.is_some());
}

#[test]
fn a_vector_table_in_the_clear_is_told_vector_by_vector() {
    let opened = read(&vector("stirot/Image/appli.bin"));
    let table = part(&opened, &["vector table"]);
    assert_eq!(table.kind, PartKind::Vectors);
    let names: Vec<&str> = table.children.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names[..4], ["stack", "Reset", "NMI", "HardFault"]);
    assert!(table.children[1].meaning.contains("AXI SRAM"));
}

#[test]
fn a_second_stages_layout_is_told_word_by_word_and_a_wrong_word_is_marked() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/firmware/oemurot.bin");
    let mut program = std::fs::read(path).unwrap();
    let opened = read(&program);
    let block = part(&opened, &["layout block"]);
    assert_eq!((block.range.clone(), block.meaning.contains("in place")), (0x400..0x480, true), "{}", block.meaning);
    let download = part(&opened, &["layout block", "application: download slot"]);
    assert_eq!((download.range.start, download.value.as_str()), (0x424, "0x90200000"));
    assert!(opened.parts.iter().flat_map(formats::Part::walk).all(|part| part.problem.is_none()));
    program[0x424..0x428].copy_from_slice(&0x8020_0000_u32.to_le_bytes());
    let opened = read(&program);
    let wrong = part(&opened, &["layout block", "application: download slot"]);
    assert!(wrong.problem.as_ref().unwrap().contains("external flash"), "{wrong:?}");
    program[0x400] ^= 1;
    let opened = read(&program);
    assert!(opened.parts.iter().flat_map(formats::Part::walk).all(|part| part.name != "layout block"));
}

#[test]
fn upstreams_trailer_is_told_from_sts() {
    let mut slot = image(ImageProfile::Oemurot);
    let mark = [0x10, 0, 0x2D, 0xE1, 0x5D, 0x29, 0x41, 0x0B, 0x8D, 0x77, 0x67, 0x9C, 0x11, 0x0F, 0x1F, 0x8A];
    slot[0x1FF0..].copy_from_slice(&mark);
    slot[0x1FE0] = 1;
    let opened = read(&slot);
    assert!(part(&opened, &["trailer", "mark"]).meaning.contains("alignment of 16"));
    assert_eq!(part(&opened, &["trailer", "image confirmed"]).meaning, "set");
    assert_eq!(part(&opened, &["trailer", "copy done"]).range, 0x1FD0..0x1FE0);
}

#[test]
fn two_builds_of_an_application_differ_in_what_is_drawn_at_random() {
    let (first, second) = (read(&image(ImageProfile::Stirot)), read(&image(ImageProfile::Stirot)));
    let difference = compare_images((&first, &first.images[0]), (&second, &second.images[0]));
    let differing: Vec<&str> =
        difference.fields.iter().filter(|field| !field.same).map(|field| field.name.as_str()).collect();
    assert_eq!(differing, ["payload", "TLVs / wrapped key"]);
    assert!(difference.bytes.count > 0x400 && difference.bytes.first() >= Some(0x400));
    let names: Vec<&str> = difference.fields.iter().map(|field| field.name.as_str()).collect();
    for name in ["header / flags", "protected TLVs / security counter", "TLVs / signature", "trailer / mark"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    let same = compare_images((&first, &first.images[0]), (&first, &first.images[0]));
    assert!(same.bytes.is_same() && same.fields.iter().all(|field| field.same));
}

#[test]
fn differences_are_runs_and_many_are_merged() {
    let one = Content::of_bytes(vec![0; 200_000]);
    let mut bytes = vec![0; 200_010];
    bytes[5] = 1;
    bytes[6] = 1;
    bytes[70_000] = 1;
    let range = |content: &Content| 0..content.len();
    let two = Content::of_bytes(bytes.clone());
    let found = compare_content((&one, range(&one)), (&two, range(&two)));
    assert_eq!((found.count, found.only_second, found.merged), (13, 10, false));
    assert_eq!(found.runs, [5..7, 70_000..70_001, 200_000..200_010]);
    bytes.iter_mut().step_by(3).for_each(|byte| *byte = 9);
    let many = Content::of_bytes(bytes);
    let found = compare_content((&one, range(&one)), (&many, range(&many)));
    assert!(found.merged && found.runs.len() <= 4096 && found.count > 66_000, "{} runs", found.runs.len());
}

/// A record with its checksum.
fn record(address: u16, kind: u8, data: &[u8]) -> String {
    let head = [data.len() as u8, (address >> 8) as u8, address as u8, kind];
    let sum = head.iter().chain(data).fold(0_u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_neg();
    let bytes = head.iter().chain(data).chain([&sum]);
    format!(":{}\n", bytes.map(|byte| format!("{byte:02X}")).collect::<String>())
}

const END: &str = ":00000001FF\n";

fn hex(records: &[String]) -> (Content, Vec<(usize, String)>) {
    let (content, troubles) = Content::of_file(records.concat().into_bytes());
    (content, troubles.into_iter().map(|trouble| (trouble.line.unwrap_or(0), trouble.what)).collect())
}

#[test]
fn a_damaged_hex_file_shows_the_rest_and_names_each_fault() {
    let start = || vec![record(0, 4, &[0x90, 0x02]), record(0, 0, &[7; 16])];
    let with = |more: &[&str]| hex(&[start(), more.iter().map(|line| format!("{line}\n")).collect()].concat());

    let (content, found) = with(&[END]);
    assert!(found.is_empty(), "{found:?}");
    assert_eq!((content.len(), content.address(3), content.offset_of(0x9002_0003)), (16, Some(0x9002_0003), Some(3)));
    let (content, found) = with(&[]);
    assert!(found[0].1.contains("end record") && content.len() == 16);
    // A wrong checksum: the bytes go on where the last ended, and are shown.
    let (content, found) = with(&[":01001000AA00", END]);
    assert_eq!((found[0].0, content.len()), (3, 17));
    assert!(found[0].1.contains("checksum"));
    // The same at an address that nothing leads to: left out.
    let (content, found) = with(&[":01801000AA00", END]);
    assert!(found[0].1.contains("left out") && content.len() == 16);
    let (content, found) = with(&[":0400100001", END]);
    assert!(found[0].1.contains("says 4 data bytes and has 0") && content.len() == 17, "{found:?}");
    let (content, found) = with(&[":020010000102030405", END]);
    assert!(found[0].1.contains("says 2 data bytes and has 4") && content.len() == 18, "{found:?}");
    let (content, found) = with(&[record(0, 0, &[9]).trim(), END]);
    assert!(found.iter().any(|(line, what)| *line == 3 && what.contains("written twice")), "{found:?}");
    assert_eq!(content.byte(0), Some(7));
    let (_, found) = with(&[END, "more"]);
    assert!(found[0].1.contains("behind the end record"), "{found:?}");
    let (content, found) = with(&["nonsense", ":zz", ":00000006FA", END]);
    assert_eq!((content.len(), found.len()), (16, 3), "{found:?}");
    // After a damaged extended address the data go on where they would have.
    let damaged = ":020000049003FF\n".to_owned();
    let (content, found) =
        hex(&[record(0, 4, &[0x90, 0x02]), record(0xFFFF, 0, &[1]), damaged, record(0, 0, &[2]), END.into()]);
    assert_eq!((found.len(), content.from(0), content.offset_of(0x9003_0000)), (1, &[1, 2][..], Some(1)), "{found:?}");
}

#[test]
fn thousands_of_faults_are_counted_and_not_listed() {
    let mut records = vec![":01000000AA00\n".to_owned(); 5000];
    records.push(END.into());
    let (_, found) = hex(&records);
    assert_eq!(found.len(), 101);
    assert!(found[100].1.starts_with("4900 more"), "{:?}", found[100]);
}

#[test]
fn a_legal_file_that_is_written_backwards_throughout_is_no_damage_and_does_not_hide_any() {
    let mut records: Vec<String> = (0..500).rev().map(|index| record(index * 16, 0, &[0x41; 16])).collect();
    records.push(END.into());
    let weights = |records: &[String]| {
        read(records.concat().as_bytes()).troubles.iter().map(|trouble| trouble.weight).collect::<Vec<_>>()
    };
    assert_eq!(weights(&records), [Weight::Remark; 9]);
    records.insert(400, ":01000000AA00\n".into());
    assert_eq!(weights(&records).iter().filter(|weight| **weight == Weight::Damage).count(), 1);
}

#[test]
fn what_to_do_about_a_damaged_key_is_said_once() {
    let key = String::from_utf8(vector("stirot/Keys/STiROT_Authentication.pem")).unwrap();
    let opened = read(key.replace('\n', "\r").as_bytes());
    let trouble = &opened.troubles[0];
    assert!(!trouble.what.contains(&trouble.remedy) && !trouble.remedy.is_empty(), "{trouble:?}");
}

#[test]
fn a_legal_file_that_goes_back_is_a_remark_and_no_damage() {
    let opened = read([record(0x10, 0, &[0x41]), record(0, 0, &[0x42]), END.into()].concat().as_bytes());
    assert_eq!(opened.troubles.iter().map(|trouble| trouble.weight).collect::<Vec<_>>(), [Weight::Remark]);
    let byte = |offset| opened.content.byte(offset);
    assert_eq!((byte(0), byte(16), byte(8)), (Some(0x42), Some(0x41), None));
}

#[test]
fn a_file_of_nothing_but_fields_begun_takes_no_more_than_it_warrants() {
    let opened = read(&b"<Text".repeat(200_000));
    assert_eq!(opened.kind, FileKind::Xml(XmlKind::Other));
    assert_eq!(opened.content.find(b"Text", 0), None);
}

#[test]
fn a_virtual_boards_file_is_known_and_its_keys_stay_hidden() {
    let mut file = b"STiRoT board".to_vec();
    file.extend([0xA7; 2_000_000]);
    let opened = read(&file);
    assert_eq!(opened.kind, FileKind::Board);
    assert!(!shows(&opened, &[0xA7; 4]) && opened.content.is_hidden(12));
}

#[test]
fn both_ends_of_memory_in_a_few_lines_stay_a_few_bytes() {
    let records = [record(0, 0, &[0x41]), record(0, 4, &[0xFF, 0xFF]), record(0xFFFF, 0, &[0x42]), END.into()];
    let (content, troubles) = hex(&records);
    assert!(troubles.is_empty(), "{troubles:?}");
    assert!(content.len() <= 48, "{}", content.len());
    let ends: Vec<_> = content.stretches().map(|stretch| stretch.address).collect();
    assert_eq!(ends, [Some(0), Some(0xFFFF_FFFF)]);
    assert_eq!(content.offset_of(0xFFFF_FFFF), Some(content.len() - 1));
    assert_eq!((content.address(5), content.address(content.len())), (None, None));
}

#[test]
fn bytes_are_found_forwards_and_backwards_and_never_across_a_gap() {
    let (content, _) = hex(&[record(0, 0, b"121"), record(5, 0, b"212"), END.into()]);
    assert_eq!((content.len(), content.address(4)), (8, Some(4)));
    assert_eq!(content.find(b"1", 1), Some(2));
    assert_eq!(content.find(b"21", 2), Some(5));
    assert_eq!(content.find(b"12", 3), Some(6));
    assert_eq!(content.find(b"11", 0), None);
    assert_eq!(content.find_back(b"1", 6), Some(2));
    assert_eq!(content.find_back(b"12", 7), Some(6));
    assert_eq!(content.find_back(b"12", 6), Some(0));
    assert_eq!((content.find(b"", 0), content.find(b"1", 100)), (None, None));
}

/// What the window does with a file: read it, take it apart, judge each image, map it, compare it with itself.
fn go_through(file: Vec<u8>) {
    let opened = Opened::read(file);
    let ring = images::small_ring();
    for image in &opened.images {
        let judgement = formats::judge(&opened, image, &images::circumstances(&ring));
        assert_eq!(judgement.checks.len(), formats::CheckName::ALL.len());
        assert!(!judgement.sentence().is_empty());
        assert!(compare_images((&opened, image), (&opened, image)).bytes.is_same());
    }
    let all: u64 =
        formats::ByteMap::of(&opened.content, 64).buckets.iter().map(|it| it.range.end - it.range.start).sum();
    assert_eq!(all, opened.content.len());
    for part in opened.parts.iter().flat_map(Part::walk) {
        assert!(part.range.start <= part.range.end && part.range.end <= opened.content.len(), "{part:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_opened_and_judged(file in proptest::collection::vec(any::<u8>(), 0..4096)) {
        go_through(file);
    }

    #[test]
    fn a_changed_file_of_any_kind_is_opened_and_judged(
        which in 0_usize..12,
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::of(any::<proptest::sample::Index>()),
    ) {
        const FILES: [&str; 9] = [
            "stirot/Image/appli_enc_sign.hex", "stirot/Binary/STiROT_Config.obk", "stirot/Keys/STiROT_Encryption.pem",
            "da/Binary/password.bin", "da/Certificates/cert_leaf_chain.b64", "stirot/Config/STiROT_Config.xml",
            "stirot/Image/appli.bin", "stirot/Image/STiROT_Code_Image.xml", "da/Config/DA_ConfigWithPassword.xml",
        ];
        let mut file = match which {
            9 => image(ImageProfile::Stirot),
            10 => image(ImageProfile::Oemurot),
            11 => images::hex(&images::small(ImageProfile::Oemurot, 0x2000), DOWNLOAD),
            other => vector(FILES[other]),
        };
        for (at, byte) in changes {
            let at = at.index(file.len().min(0x600));
            file[at] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        go_through(file);
    }
}
