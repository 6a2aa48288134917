//! The memory map shows every span that a field places, and a span that is moved lands where it may lie.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use chip::memory_map::{AXI_SRAM, Region, USER_FLASH, XSPI1_WINDOW, XSPI2_WINDOW};
use common::{Bench, place};
use project::{DocumentRole, Draft, Flow, Lane, Memory, Placed, RegionName, erase_sectors, field, memory_map};

const STIROT: DocumentRole = DocumentRole::StirotConfig(Flow::Stirot);
const KIB: u32 = 1024;

fn set(draft: &mut Draft, name: &str, text: &str) {
    draft.set(&place(STIROT, name), text).unwrap();
}

/// Names and places of what lies in a memory.
fn spans(lanes: &[Lane], memory: Memory) -> Vec<(RegionName, u32, u32)> {
    let lane = lanes.iter().find(|lane| lane.memory == memory).unwrap_or_else(|| panic!("no lane of {memory:?}"));
    lane.regions.iter().map(|placed| (placed.name, placed.region.start, placed.region.size)).collect()
}

fn placed(lanes: &[Lane], name: RegionName) -> Option<&Placed> {
    lanes.iter().flat_map(|lane| &lane.regions).find(|placed| placed.name == name)
}

/// Numbers that look random and are the same every time.
fn numbers(mut seed: u64) -> impl Iterator<Item = u32> {
    std::iter::repeat_with(move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 32) as u32
    })
}

#[test]
fn one_boot_stage_has_its_areas_in_three_memories() {
    let lanes = memory_map(&Bench::sample().draft());
    let memories: Vec<_> = lanes.iter().map(|lane| (lane.memory, lane.span)).collect();
    let shown = Region::new(XSPI1_WINDOW.start, 512 * KIB);
    let expected = [(Memory::InternalRam, AXI_SRAM), (Memory::UserFlash, USER_FLASH), (Memory::ExternalFlash, shown)];
    assert_eq!(memories, expected);
    assert_eq!(
        spans(&lanes, Memory::InternalRam),
        [(RegionName::FirmwareArea, 0x2400_0000, 0x2_0000), (RegionName::Ecc, 0x2406_0000, 72 * KIB)]
    );
    assert_eq!(spans(&lanes, Memory::UserFlash), [(RegionName::Loader, 0x0800_0000, 0x6000)]);
    assert_eq!(
        spans(&lanes, Memory::ExternalFlash),
        [(RegionName::Installation, 0x9000_0000, 0x2_0000), (RegionName::Download, 0x9002_0000, 0x2_0000)]
    );
}

#[test]
fn two_boot_stages_share_the_external_flash_as_in_sts_layout() {
    let bench = Bench::package();
    bench.choose(Flow::StirotOemurot);
    let draft = bench.draft();
    let lanes = memory_map(&draft);
    assert_eq!(
        spans(&lanes, Memory::ExternalFlash),
        [
            (RegionName::Installation, 0x9041_0000, 0x2_0000),
            (RegionName::Download, 0x9043_0000, 0x2_0000),
            (RegionName::ApplicationDownload, 0x9020_0000, 0x20_0000),
            (RegionName::ApplicationInstallation, 0x9000_0000, 0x20_0000),
            (RegionName::Scratch, 0x9040_0000, 0x1_0000),
        ]
    );
    let lane = lanes.iter().find(|lane| lane.memory == Memory::ExternalFlash).unwrap();
    assert_eq!(lane.span.size, 8192 * KIB, "a power of two behind the last slot");
    for placed in lane.regions.iter().filter(|placed| placed.moves.is_none()) {
        assert!(placed.fields.iter().all(|place| draft.field(place).is_some()), "{placed:?}");
    }
}

#[test]
fn a_flow_without_stirot_has_no_map() {
    let bench = Bench::package();
    for flow in [Flow::Oemirot, Flow::DebugAuthentication] {
        bench.choose(flow);
        assert_eq!(memory_map(&bench.draft()), []);
    }
}

#[test]
fn every_span_leads_to_the_fields_that_place_it() {
    let bench = Bench::sample();
    let draft = bench.draft();
    for lane in memory_map(&draft) {
        for placed in lane.regions {
            assert!(!placed.fields.is_empty());
            for place in &placed.fields {
                assert!(draft.field(place).is_some(), "{place:?}");
            }
            if let Some(moves) = placed.moves {
                let written = draft.field(&moves.field).unwrap().value.to_string();
                let number = formats::number::parse(&written).unwrap();
                assert_eq!(number, u128::from(placed.region.start - moves.base), "{:?}", placed.name);
            }
        }
    }
}

#[test]
fn a_slot_is_erased_by_sectors_counted_from_the_start_of_its_window() {
    let sectors = |start, size| erase_sectors(Region::new(start, size));
    assert_eq!(sectors(0x9000_0000, 0x2_0000), Some(0..=1));
    assert_eq!(sectors(0x9041_0000, 0x2_0000), Some(65..=66));
    assert_eq!(sectors(0x7003_0000, 0x2000), Some(3..=3));
    assert_eq!(sectors(0x9002_0000, 0x1_2000), Some(2..=3), "a sector that is used in part, too");
    assert_eq!(sectors(0x9000_FFFF, 2), Some(0..=1));
    for (start, size) in [(0x9000_0000, 0), (0x2400_0000, 0x1_0000), (0x6FFF_FFFF, 2), (0x9FFF_0000, 0x1_0001)] {
        assert_eq!(sectors(start, size), None);
    }
}

#[test]
fn a_footprint_is_whole_sectors() {
    let bench = Bench::sample();
    let mut draft = bench.draft();
    set(&mut draft, field::FIRMWARE_SIZE, "0x1E000");
    set(&mut draft, field::LOADER_SIZE, "0x4001");
    let lanes = memory_map(&draft);
    let download = placed(&lanes, RegionName::Download).unwrap();
    assert_eq!((download.region.size, download.footprint.size), (0x1_E000, 0x2_0000));
    let loader = placed(&lanes, RegionName::Loader).unwrap();
    assert_eq!((loader.region.size, loader.footprint.size), (0x4001, 0x6000));
}

#[test]
fn without_ecc_the_firmware_area_may_lie_in_all_ram() {
    let bench = Bench::sample();
    let mut draft = bench.draft();
    let last = |draft: &Draft| {
        let lanes = memory_map(draft);
        let moves = placed(&lanes, RegionName::FirmwareArea).unwrap().moves.clone().unwrap();
        (moves.nearest(u32::MAX).unwrap(), placed(&lanes, RegionName::Ecc).is_some())
    };
    assert_eq!(last(&draft), (0x2404_0000, true));
    set(&mut draft, field::SRAM_ECC, "0");
    assert_eq!(last(&draft), (0x2405_0000, false));
}

#[test]
fn slots_behind_the_other_port_have_a_lane_of_their_own() {
    let bench = Bench::sample();
    let mut draft = bench.draft();
    set(&mut draft, field::DOWNLOAD_ADDRESS, "0x70000000");
    let lanes = memory_map(&draft);
    assert_eq!(spans(&lanes, Memory::ExternalFlash), [(RegionName::Installation, 0x9000_0000, 0x2_0000)]);
    assert_eq!(spans(&lanes, Memory::ExternalFlash2), [(RegionName::Download, 0x7000_0000, 0x2_0000)]);
    let moves = placed(&lanes, RegionName::Download).unwrap().moves.clone().unwrap();
    assert_eq!(moves.nearest(u32::MAX), Some(XSPI2_WINDOW.last() - 0x2_0000 + 1));
}

/// Moves a span to the legal place nearest to a wanted one, as a person who drags it does.
fn drag(draft: &mut Draft, name: RegionName, wanted: u32) -> Option<u32> {
    let lanes = memory_map(draft);
    let moves = placed(&lanes, name)?.moves.clone()?;
    let nearest = moves.nearest(wanted)?;
    assert!(nearest.is_multiple_of(moves.step), "{nearest:#x}");
    draft.set_number(&moves.field, nearest - moves.base).unwrap();
    Some(nearest)
}

#[test]
fn a_span_that_is_dragged_anywhere_lands_where_it_breaks_no_rule_and_meets_no_other() {
    let bench = Bench::sample();
    let mut draft = bench.draft();
    let mut random = numbers(7);
    let mut next = || random.next().unwrap();
    let mut landed = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let size = (1 + next() % 48) * 8 * KIB;
        draft.set_number(&place(STIROT, field::FIRMWARE_SIZE), size).unwrap();
        for (name, memory) in [
            (RegionName::Installation, Region::new(XSPI1_WINDOW.start, 4096 * KIB)),
            (RegionName::Download, Region::new(XSPI1_WINDOW.start, 4096 * KIB)),
            (RegionName::FirmwareArea, AXI_SRAM),
            (RegionName::Loader, USER_FLASH),
        ] {
            let wanted = if next() % 8 == 0 { next() } else { memory.start + next() % memory.size };
            landed.extend(drag(&mut draft, name, wanted));
        }
        let lanes = memory_map(&draft);
        for lane in &lanes {
            for (index, one) in lane.regions.iter().enumerate() {
                let others = &lane.regions[index + 1..];
                let met = others.iter().find(|other| other.footprint.overlaps(one.footprint));
                assert!(met.is_none(), "{size:#x}: {one:?} meets {met:?}");
                assert!(lane.span.contains_span(one.region.start, one.region.size), "{one:?}");
            }
        }
    }
    assert!(landed.len() > 60, "{}", landed.len());
    // The last layout is judged by the rules, too; the application is linked for another place by now.
    let broken: Vec<_> = draft.assess(None).findings.into_iter().map(|finding| finding.id).collect();
    assert!(broken.iter().all(|id| matches!(*id, "R16" | "R17" | "R22")), "{broken:?}");
}

#[test]
fn in_two_boot_stages_a_dragged_slot_leaves_the_second_stages_memory_alone() {
    let bench = Bench::package();
    bench.choose(Flow::StirotOemurot);
    let mut draft = bench.draft();
    let mut random = numbers(11);
    for _ in 0..20 {
        for name in [RegionName::Installation, RegionName::Download] {
            let wanted = XSPI1_WINDOW.start + random.next().unwrap() % (6 * 1024 * KIB);
            assert!(drag(&mut draft, name, wanted).unwrap() >= 0x9041_0000);
        }
        let broken: Vec<_> = draft.assess(None).findings.into_iter().map(|finding| finding.id).collect();
        assert!(!broken.iter().any(|id| matches!(*id, "R3" | "R11" | "R15")), "{broken:?}");
    }
}

#[test]
fn a_slot_that_lies_askew_or_on_another_is_led_to_a_legal_place() {
    let bench = Bench::sample();
    let mut draft = bench.draft();
    set(&mut draft, field::INSTALLATION_ADDRESS, "0x90010800");
    assert_eq!(drag(&mut draft, RegionName::Download, 0x9001_0000), Some(0x9004_0000));
    assert_eq!(drag(&mut draft, RegionName::Installation, 0x9001_0800), Some(0x9001_0000));
    assert_eq!(drag(&mut draft, RegionName::Download, 0x9000_0000), Some(0x9003_0000));
}

#[test]
fn a_loader_goes_where_it_is_linked_to_and_one_that_is_not_known_anywhere() {
    let bench = Bench::sample();
    let mut draft = bench.draft();
    set(&mut draft, field::LOADER_OFFSET, "0xA000");
    assert_eq!(drag(&mut draft, RegionName::Loader, 0x0800_8000), Some(0x0800_0000));
    draft.set(&place(DocumentRole::Settings, "loader"), "not-there.bin").unwrap();
    assert_eq!(drag(&mut draft, RegionName::Loader, 0x0800_8000), Some(0x0800_8000));
    assert_eq!(drag(&mut draft, RegionName::Loader, u32::MAX), Some(0x0800_A000));
}

#[test]
fn a_span_that_fits_nowhere_cannot_be_moved() {
    let bench = Bench::sample();
    let mut draft = bench.draft();
    set(&mut draft, field::FIRMWARE_SIZE, "0x10000000");
    set(&mut draft, field::LOADER_SIZE, "0x20000");
    for name in [RegionName::Download, RegionName::FirmwareArea, RegionName::Loader] {
        assert_eq!(drag(&mut draft, name, 0x9000_0000), None, "{name:?}");
    }
}

#[test]
fn a_number_that_is_none_leaves_its_span_out_and_the_others_where_they_are() {
    let bench = Bench::sample();
    let missing = |name: &str, text: &str| {
        let mut draft = bench.draft();
        set(&mut draft, name, text);
        let lanes = memory_map(&draft);
        let all = [
            RegionName::FirmwareArea,
            RegionName::Ecc,
            RegionName::Loader,
            RegionName::Installation,
            RegionName::Download,
        ];
        all.into_iter().filter(|name| placed(&lanes, *name).is_none()).collect::<Vec<_>>()
    };
    let slots_and_area = [RegionName::FirmwareArea, RegionName::Installation, RegionName::Download];
    for text in ["", "large", "0x", "-1", "0x100000000", "0", "99999999999999999999999999999999999999999"] {
        assert_eq!(missing(field::FIRMWARE_SIZE, text), slots_and_area, "“{text}”");
        assert_eq!(missing(field::LOADER_SIZE, text), [RegionName::Loader], "“{text}”");
        if text != "0" {
            assert_eq!(missing(field::LOADER_OFFSET, text), [RegionName::Loader], "“{text}”");
            assert_eq!(missing(field::FIRMWARE_ADDRESS, text), [RegionName::FirmwareArea], "“{text}”");
            assert_eq!(missing(field::INSTALLATION_ADDRESS, text), [RegionName::Installation], "“{text}”");
        }
    }
}

#[test]
fn any_numbers_give_a_map_and_never_a_panic() {
    let bench = Bench::sample();
    let mut draft = bench.draft();
    let edges = [0, 1, 0x1FFF, 0x2000, 0x7FFF_FFFF, 0x8FFF_FFFF, 0x9000_0000, 0x9FFF_FFFF, 0xFFFF_0000, u32::MAX];
    let fields = [
        field::FIRMWARE_ADDRESS,
        field::FIRMWARE_SIZE,
        field::INSTALLATION_ADDRESS,
        field::DOWNLOAD_ADDRESS,
        field::LOADER_OFFSET,
        field::LOADER_SIZE,
    ];
    let mut random = numbers(3);
    let mut seen = 0;
    for turn in 0..300 {
        for name in fields {
            let number = edges[random.next().unwrap() as usize % edges.len()];
            draft.set_number(&place(STIROT, name), number).unwrap();
        }
        for lane in memory_map(&draft) {
            for moves in lane.regions.iter().filter_map(|placed| placed.moves.as_ref()) {
                for wanted in edges {
                    let legal = |address| moves.legal.iter().any(|range| range.contains(&address));
                    assert!(moves.nearest(wanted).is_none_or(legal));
                    seen += 1;
                }
            }
        }
        if turn % 15 == 0 {
            draft.assess(None);
        }
    }
    assert!(seen > 1000, "{seen}");
}
