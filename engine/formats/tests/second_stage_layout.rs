//! The second stage's layout block: read from its places, refused with offset and field when it can't work, and the
//! same bytes again when it is written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use formats::{ApplicationRun, ConsoleLines, ImagePlaces, Problem, SecondStageLayout};
use proptest::prelude::*;

fn with_data() -> SecondStageLayout {
    SecondStageLayout {
        data: Some(SecondStageLayout::default_data()),
        ..SecondStageLayout::for_run(ApplicationRun::ExternalRam)
    }
}

fn word(block: &mut [u8], offset: usize, word: u32) {
    block[offset..offset + 4].copy_from_slice(&word.to_le_bytes());
}

/// What a block with one word replaced is refused for: offset and field.
fn refused(layout: SecondStageLayout, offset: usize, value: u32) -> (u32, &'static str) {
    let mut block = layout.encode();
    word(&mut block, offset, value);
    let error = SecondStageLayout::decode(&block).expect_err("the word can't work");
    (error.offset, error.field)
}

/// Layouts that can work.
fn layouts() -> impl Strategy<Value = SecondStageLayout> {
    let run = prop::sample::select(ApplicationRun::ALL.to_vec());
    let console = prop::sample::select(vec![ConsoleLines::Told, ConsoleLines::Silent]);
    // Up to 20 sectors, wherever they begin, are opened by six regions of the MPU.
    (run, console, 1_u32..=20, 0_u32..0x100, 0_u32..0x100, 0_u32..50, any::<bool>()).prop_map(
        |(run, console, sectors, gap, more, copy, data)| {
            let slot_size = sectors * 0x1000;
            let installation = 0x9000_0000 + gap * 0x1000;
            let download = installation + slot_size + more * 0x1000;
            let run_address = match run {
                ApplicationRun::InPlace => installation,
                ApplicationRun::InternalRam => 0x2402_0000 + copy * 0x1000,
                ApplicationRun::ExternalRam => 0x7000_0000 + copy * 0x1000,
            };
            let behind = download + slot_size;
            let data =
                data.then_some(ImagePlaces { installation: behind + slot_size, download: behind, slot_size, run: 0 });
            let application = ImagePlaces { installation, download, slot_size, run: run_address };
            SecondStageLayout { run, application, data, console }
        },
    )
}

#[test]
fn the_block_has_its_words_where_the_second_stage_reads_them() {
    let block = with_data().encode();
    assert_eq!(&block[..16], b"STUDIO-OEMUROT-1");
    let words: Vec<u32> = block[16..].chunks(4).map(|bytes| u32::from_le_bytes(bytes.try_into().unwrap())).collect();
    let expected = [
        128,
        0x5241_4D32,
        2,
        1,
        0x9000_0000,
        0x9020_0000,
        0x20_0000,
        0x7000_0000,
        0x9045_0000,
        0x9046_0000,
        0x1_0000,
        0,
    ];
    assert_eq!(words[..12], expected);
    assert!(words[12..].iter().all(|word| *word == 0));
}

#[test]
fn the_defaults_can_work_and_run_where_they_say() {
    let places = [
        (ApplicationRun::InPlace, 0x9000_0400, 0x20_0000),
        (ApplicationRun::InternalRam, 0x2402_0400, 0x2_0000),
        (ApplicationRun::ExternalRam, 0x7000_0400, 0x20_0000),
    ];
    for (run, code, slot_size) in places {
        let layout = SecondStageLayout::for_run(run);
        assert_eq!(SecondStageLayout::decode(&layout.encode()), Ok(layout));
        assert_eq!((layout.code_address(), layout.application.slot_size), (code, slot_size));
        assert_eq!((layout.application.installation, layout.application.download), (0x9000_0000, 0x9020_0000));
        let both = SecondStageLayout { data: Some(SecondStageLayout::default_data()), ..layout };
        assert_eq!(SecondStageLayout::decode(&both.encode()), Ok(both));
    }
}

#[test]
fn every_word_that_cannot_work_is_named_with_its_offset() {
    let in_place = SecondStageLayout::for_run(ApplicationRun::InPlace);
    let internal = SecondStageLayout::for_run(ApplicationRun::InternalRam);
    let cases = [
        (in_place, 0x00, 0, "magic of the layout block"),
        (in_place, 0x10, 127, "size of the layout block"),
        (in_place, 0x14, 0, "where the application runs"),
        (in_place, 0x18, 3, "number of images"),
        (in_place, 0x1C, 2, "console"),
        (in_place, 0x20, 0x9000_0800, "application: installation slot"),
        (in_place, 0x20, 0x8FFF_F000, "application: installation slot"),
        (in_place, 0x24, 0x97F0_0000, "application: download slot"),
        (in_place, 0x24, 0x901F_F000, "application: download slot"),
        (in_place, 0x28, 0, "application: slot size"),
        (in_place, 0x28, 0x1234, "application: slot size"),
        (in_place, 0x28, 0xFFFF_F000, "application: slot size"),
        (in_place, 0x2C, 0x9020_0000, "application: run address"),
        (in_place, 0x30, 0x9045_0000, "data: installation slot"),
        (in_place, 0x3C, 1, "data: run address"),
        (in_place, 0x40, 1, "reserved"),
        (in_place, 0x7C, 1, "reserved"),
        (internal, 0x2C, 0x2400_0000, "application: run address"),
        (internal, 0x2C, 0x2402_0400, "application: run address"),
        (internal, 0x2C, 0x2405_3000, "application: run address"),
        (with_data(), 0x2C, 0x7200_0000, "application: run address"),
        (with_data(), 0x30, 0x9001_0000, "data: installation slot"),
        (with_data(), 0x34, 0x9020_0000, "data: download slot"),
        (with_data(), 0x34, 0x9045_0000, "data: download slot"),
        (with_data(), 0x38, 0, "data: slot size"),
        (with_data(), 0x3C, 0x9045_0000, "data: run address"),
    ];
    for (layout, offset, value, field) in cases {
        assert_eq!(refused(layout, offset, value), (offset as u32, field), "{value:#x} at {offset:#x}");
    }
}

#[test]
fn a_slot_that_the_memory_protection_cannot_open_is_refused() {
    // Up in powers of two from one sector, and down again.
    let start = 0x9000_1000;
    let layout = |slot_size| {
        let application = ImagePlaces { installation: start, download: 0x9020_0000, slot_size, run: start };
        SecondStageLayout { application, ..SecondStageLayout::for_run(ApplicationRun::InPlace) }
    };
    let decoded = |slot_size| SecondStageLayout::decode(&layout(slot_size).encode());
    assert_eq!(decoded(0x3_0000), Ok(layout(0x3_0000)));
    let error = decoded(0x2_D000).unwrap_err();
    assert_eq!((error.offset, error.field), (0x2C, "application: run address"));
    // From internal RAM nothing needs to be opened; a data image has 6 regions.
    let internal = SecondStageLayout::for_run(ApplicationRun::InternalRam);
    let places = ImagePlaces { installation: start, slot_size: 0x2_D000, ..internal.application };
    assert!(SecondStageLayout { application: places, ..internal }.check(0).is_ok());
    let data = ImagePlaces { installation: 0x9040_1000, download: 0x9050_0000, slot_size: 0x3_0000, run: 0 };
    let error = SecondStageLayout { data: Some(data), ..internal }.check(0).unwrap_err();
    assert_eq!((error.offset, error.field), (0x30, "data: installation slot"));
}

#[test]
fn another_length_is_refused() {
    let block = with_data().encode();
    for length in 0..SecondStageLayout::SIZE {
        let error = SecondStageLayout::decode(&block[..length]).unwrap_err();
        assert!(matches!(error.problem, Problem::Short { .. }) || length >= 16, "{error}");
    }
    assert!(SecondStageLayout::decode(&[block.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn a_program_without_the_magic_has_no_layout_and_no_error() {
    assert_eq!(SecondStageLayout::find(&[]), Ok(None));
    assert_eq!(SecondStageLayout::find(&[0x5A; 0x400]), Ok(None));
    assert_eq!(SecondStageLayout::find(&[0x5A; 0x2000]), Ok(None));
    let elsewhere = [&[0; 0x404], with_data().encode().as_slice()].concat();
    assert_eq!(SecondStageLayout::find(&elsewhere), Ok(None));
}

#[test]
fn an_error_inside_of_a_program_counts_from_the_program_start() {
    let mut program = [&[0x5A; 0x400], with_data().encode().as_slice(), &[1; 64]].concat();
    assert_eq!(SecondStageLayout::find(&program), Ok(Some(with_data())));
    word(&mut program, 0x41C, 9);
    let error = SecondStageLayout::find(&program).unwrap_err();
    assert_eq!(
        error.to_string(),
        "console at offset 0x41c: is 0x9, expected 0 (silent) or 1 (one line for each decision)"
    );
    program.truncate(0x450);
    assert!(SecondStageLayout::find(&program).is_err());
}

#[test]
fn a_layout_is_replaced_only_in_a_program_that_has_one() {
    let mut program = [&[0x5A; 0x400], with_data().encode().as_slice(), &[1; 64]].concat();
    let other = SecondStageLayout::for_run(ApplicationRun::InPlace);
    other.replace_in(&mut program).unwrap();
    assert_eq!(SecondStageLayout::find(&program), Ok(Some(other)));
    assert!(program[..0x400].iter().all(|byte| *byte == 0x5A) && program[0x480..].iter().all(|byte| *byte == 1));

    let mut foreign = vec![0x5A; 0x2000];
    assert_eq!(other.replace_in(&mut foreign).unwrap_err().offset, 0x400);
    assert!(foreign.iter().all(|byte| *byte == 0x5A));
    assert!(other.replace_in(&mut [0; 0x401]).is_err());

    let overlapping = ImagePlaces { download: 0x9000_0000, ..other.application };
    let before = program.clone();
    assert!(SecondStageLayout { application: overlapping, ..other }.replace_in(&mut program).is_err());
    assert_eq!(program, before);
}

#[test]
fn the_words_for_where_it_runs_are_read_back() {
    for run in ApplicationRun::ALL {
        assert_eq!(ApplicationRun::from_word(run.word()), Some(run));
    }
    assert_eq!(ApplicationRun::from_word(0), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_layout_that_can_work_survives_the_way_to_bytes_and_back(layout in layouts()) {
        prop_assert_eq!(SecondStageLayout::decode(&layout.encode()), Ok(layout));
    }

    #[test]
    fn a_block_with_one_changed_bit_is_refused_or_reads_as_those_bytes(
        layout in layouts(),
        bit in 0_usize..SecondStageLayout::SIZE * 8,
    ) {
        let mut block = layout.encode();
        block[bit / 8] ^= 1 << (bit % 8);
        if let Ok(read) = SecondStageLayout::decode(&block) {
            prop_assert_eq!(read.encode(), block);
            prop_assert_ne!(read, layout);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(SecondStageLayout::decode(&bytes).is_err());
        let block = [&SecondStageLayout::MAGIC, bytes.as_slice()].concat();
        if let Ok(read) = SecondStageLayout::decode(&block) {
            prop_assert_eq!(read.encode().to_vec(), block);
        }
    }
}
