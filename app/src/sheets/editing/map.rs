//! The memory map with names, colours and what is wrong.

use chip::memory_map::{KIB, MIB, Region, SLOT_ALIGNMENT, USER_FLASH_SECTOR_SIZE};
use project::{Lane, Memory, Moves, Placed, RegionName, Severity, erase_sectors};

use crate::model::Tone;
use crate::model::configuration::{MapBand, MapLane, MapRegion, RegionKind, Way, next_place};
use crate::model::editing::{Editing, field_id, region_id};
use crate::text::size;

pub(super) fn lanes(editing: &Editing) -> Vec<MapLane> {
    editing.found.map.iter().flat_map(split).map(|lane| lane_sheet(editing, &lane)).collect()
}

/// Two boot stages share the external flash, and STiRoT's slots are small beside the application's: where they lie
/// behind them, each is shown to a scale of its own.
fn split(lane: &Lane) -> Vec<Lane> {
    const GRID: u32 = 256 * KIB;
    let of_application =
        |placed: &&Placed| matches!(placed.name, RegionName::ApplicationInstallation | RegionName::ApplicationDownload);
    let (applications, others): (Vec<_>, Vec<_>) = lane.regions.iter().partition(of_application);
    let end = applications.iter().map(|placed| placed.footprint.last()).max();
    let (Some(end), Some(first)) = (end, others.iter().map(|placed| placed.region.start).min()) else {
        return vec![lane.clone()];
    };
    if first <= end {
        return vec![lane.clone()];
    }
    let part = |start: u32, regions: Vec<&Placed>| {
        let last = regions.iter().map(|placed| placed.footprint.last()).max().unwrap_or(start);
        let size = last.saturating_sub(start).saturating_add(1).checked_next_power_of_two().unwrap_or(GRID);
        Lane { memory: lane.memory, span: Region::new(start, size), regions: regions.into_iter().cloned().collect() }
    };
    vec![part(lane.span.start, applications), part(first - first % GRID, others)]
}

fn lane_sheet(editing: &Editing, lane: &Lane) -> MapLane {
    let (name, sector) = match lane.memory {
        Memory::InternalRam => ("Internal RAM · AXI SRAM 456 KiB".to_owned(), None),
        Memory::UserFlash => ("User flash 64 KiB".to_owned(), Some(USER_FLASH_SECTOR_SIZE)),
        Memory::ExternalFlash => external("External flash", lane),
        Memory::ExternalFlash2 => external("Second port, XSPI2", lane),
        Memory::ExternalRam => (format!("External RAM · first {} of 32 MiB", size(lane.span.size)), None),
    };
    let mut regions: Vec<MapRegion> = lane.regions.iter().map(|placed| region_sheet(editing, placed)).collect();
    regions.sort_by_key(|region| region.start);
    let bands = lane.regions.iter().filter(|placed| placed.name == RegionName::Loader).map(|placed| {
        let first = placed.footprint.start.saturating_sub(lane.span.start) / USER_FLASH_SECTOR_SIZE;
        let last = placed.footprint.last().saturating_sub(lane.span.start) / USER_FLASH_SECTOR_SIZE;
        MapBand { name: format!("WRP {first}–{last}"), start: placed.footprint.start, size: placed.footprint.size }
    });
    // Provisioning erases where the firmware is to be installed. Where slots lie on each other, that comes later.
    let apart = |placed: &&Placed| {
        let others = lane.regions.iter().filter(|other| other.name != placed.name);
        placed.name == RegionName::Installation
            && !others.into_iter().any(|other| other.footprint.overlaps(placed.footprint))
    };
    let erased = lane.regions.iter().filter(apart).filter_map(|placed| {
        let sectors = erase_sectors(placed.region)?;
        let name = format!("Erase {}–{}", sectors.start(), sectors.end());
        Some(MapBand { name, start: placed.footprint.start, size: placed.footprint.size })
    });
    let bands = bands.chain(erased);
    MapLane { name, start: lane.span.start, size: lane.span.size, sector, bands: bands.collect(), regions }
}

fn external(name: &str, lane: &Lane) -> (String, Option<u32>) {
    let whole = if lane.memory == Memory::ExternalFlash { "128 MiB" } else { "256 MiB" };
    let sectors = lane.span.size / SLOT_ALIGNMENT;
    let which = if lane.span.start.is_multiple_of(256 * MIB) { "first" } else { "next" };
    let name = format!("{name} · {which} {} of {whole}", size(lane.span.size));
    (name, (sectors <= 32).then_some(SLOT_ALIGNMENT))
}

fn region_sheet(editing: &Editing, placed: &Placed) -> MapRegion {
    let (name, kind) = match placed.name {
        RegionName::FirmwareArea => ("Firmware area", RegionKind::Firmware),
        RegionName::Ecc => ("ECC storage", RegionKind::Ecc),
        RegionName::Loader => ("iLoader", RegionKind::Loader),
        RegionName::Installation => ("Installation slot", RegionKind::Installation),
        RegionName::Download => ("Download slot", RegionKind::Download),
        RegionName::ApplicationInstallation => ("Application, installed", RegionKind::Application),
        RegionName::ApplicationDownload => ("Application, download", RegionKind::Application),
        RegionName::Scratch => ("Scratch area", RegionKind::Scratch),
        RegionName::ApplicationCopy => ("Application, running", RegionKind::Application),
        RegionName::DataInstallation => ("Data, installed", RegionKind::Application),
        RegionName::DataDownload => ("Data, download", RegionKind::Application),
    };
    let worst = editing
        .found
        .assessment
        .findings
        .iter()
        .filter(|finding| finding.region == Some(placed.name))
        .max_by_key(|finding| finding.severity);
    let trouble = worst.map(|finding| {
        let tone = if finding.severity == Severity::Error { Tone::Danger } else { Tone::Warn };
        (tone, word(finding.id).to_owned())
    });
    let elsewhere =
        |moves: &Moves| [Way::Down, Way::Up].iter().any(|way| next_place(moves, placed.region.start, *way).is_some());
    let movable = placed.moves.clone().filter(elsewhere);
    MapRegion {
        id: region_id(placed.name),
        name: name.to_owned(),
        start: placed.region.start,
        size: placed.region.size,
        footprint: placed.footprint.size,
        kind,
        trouble,
        fields: placed.fields.iter().map(field_id).collect(),
        movable,
    }
}

/// What a rule says of a region, in a word or two.
fn word(rule: &str) -> &'static str {
    match rule {
        "R1" => "off its grid",
        "R3" | "R5" => "off its sectors",
        "R10" | "R13" => "too large",
        "R12" => "other port",
        "R15" => "in the way",
        _ => "overlaps",
    }
}
