//! The memories that a project lays out, to scale: internal RAM, user flash, external flash, with every span that a
//! field places. Read from the forms, so that a map exists while a rule is broken.

use std::ops::RangeInclusive;

use chip::memory_map::{
    AXI_SRAM, AXI_SRAM4, KIB, Region, SLOT_ALIGNMENT, USER_FLASH, USER_FLASH_SECTOR_SIZE, XSPI1_WINDOW, XSPI2_WINDOW,
};
use formats::ApplicationRun;
use formats::form::FieldKey;
use formats::second_stage_layout::EXTERNAL_RAM;

use crate::draft::{DocumentRole, Draft, FieldPlace};
use crate::finding::RegionName;
use crate::flow::Flow;
use crate::image::rules::{ADDRESS, INPUT};
use crate::project::Project;
use crate::rules::loader::numbers;
use crate::rules::{EXTERNAL_FLASH, RAM_ALIGNMENT, footprint, second_stage_regions};
use crate::second_stage::known_layout;
use crate::stirot::field;

/// A memory with what lies in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// Which memory.
    pub memory: Memory,
    /// The part of it that is worth showing.
    pub span: Region,
    /// What lies in it.
    pub regions: Vec<Placed>,
}

/// A memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Memory {
    /// AXI SRAM.
    InternalRam,
    /// The user flash.
    UserFlash,
    /// The flash behind XSPI1.
    ExternalFlash,
    /// What is behind XSPI2.
    ExternalFlash2,
    /// The RAM behind XSPI2, where an application runs from it.
    ExternalRam,
}

/// A span that fields place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Which.
    pub name: RegionName,
    /// Where it lies.
    pub region: Region,
    /// What it takes of its memory: whole sectors.
    pub footprint: Region,
    /// The fields that place it: address, size.
    pub fields: Vec<FieldPlace>,
    /// How it can be moved; `None` when no field of its own places it.
    pub moves: Option<Moves>,
}

/// How a span can be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moves {
    /// The field that a move edits.
    pub field: FieldPlace,
    /// What is taken from an address to have the field's value.
    pub base: u32,
    /// The grid.
    pub step: u32,
    /// The addresses where it may begin; other spans are left out.
    pub legal: Vec<RangeInclusive<u32>>,
}

impl Moves {
    /// The legal address nearest to a wanted one.
    pub fn nearest(&self, wanted: u32) -> Option<u32> {
        let down = |address: u32| address - address % self.step.max(1);
        let candidates = self.legal.iter().flat_map(|range| {
            let inside = wanted.clamp(*range.start(), *range.end());
            [down(inside), down(inside).saturating_add(self.step)].into_iter().filter(|address| range.contains(address))
        });
        candidates.min_by_key(|address| address.abs_diff(wanted))
    }
}

/// The 64 KiB sectors of external flash that a slot touches, counted from the start of its window: what has to be erased
/// before something is put there. ST's script stops at the last whole sector; here one that is used in part counts, too
/// (`formats.md` §4.7, R3). `None` when it isn't all in one window, or has no bytes.
pub fn erase_sectors(slot: Region) -> Option<RangeInclusive<u32>> {
    let window = [XSPI1_WINDOW, XSPI2_WINDOW].into_iter().find(|window| window.contains_span(slot.start, slot.size))?;
    let (offset, last) = (slot.start - window.start, slot.size.checked_sub(1)?);
    Some(offset / SLOT_ALIGNMENT..=(offset + last) / SLOT_ALIGNMENT)
}

/// The map of a project under edit. A lane is left out when nothing of the project lies in it.
pub fn memory_map(draft: &Draft) -> Vec<Lane> {
    let flow = draft.settings().flow;
    let Some(stirot) = Stirot::read(draft, DocumentRole::StirotConfig(flow)) else { return Vec::new() };
    // Where a loader is linked to, it has to lie. One that can't be read may come to lie anywhere.
    let linked = numbers(&draft.settings().loader).ok().map(|numbers| USER_FLASH.start + numbers.offset);
    let mut lanes = vec![internal_ram(&stirot), user_flash(&stirot, linked)];
    let mut external = slots(&stirot);
    let mut copies = Vec::new();
    if let Some(project) = draft.project().ok().filter(|project| project.oem.is_some()) {
        external.extend(second_stage_regions(&project).into_iter().map(|(name, region)| Placed {
            name,
            region,
            footprint: footprint(region),
            fields: placing(flow, name, known_layout(&project).is_some()),
            moves: None,
        }));
        copies.extend(copy_of_application(flow, &project));
    }
    for copy in copies {
        match lanes.iter_mut().find(|lane| lane.span.contains(copy.region.start)) {
            Some(lane) => lane.regions.push(copy),
            None => {
                let inside = vec![copy];
                lanes.push(Lane { memory: Memory::ExternalRam, span: shown(EXTERNAL_RAM, &inside), regions: inside });
            }
        }
    }
    for (memory, window) in [(Memory::ExternalFlash, XSPI1_WINDOW), (Memory::ExternalFlash2, XSPI2_WINDOW)] {
        let inside: Vec<Placed> =
            external.iter().filter(|placed| window.contains(placed.region.start)).cloned().collect();
        if !inside.is_empty() || memory == Memory::ExternalFlash {
            lanes.push(Lane { memory, span: shown(window, &inside), regions: free_places(inside, window) });
        }
    }
    lanes
}

/// The fields that place a span of the second stage's: those of the image's settings, or the program that has the layout
/// inside.
fn placing(flow: Flow, name: RegionName, is_inside: bool) -> Vec<FieldPlace> {
    let settings = match name {
        RegionName::DataDownload => Some(DocumentRole::OemDataImage(flow)),
        RegionName::DataInstallation => None,
        RegionName::ApplicationDownload => Some(DocumentRole::OemImage(flow)),
        _ if is_inside => None,
        _ => Some(DocumentRole::OemImage(flow)),
    };
    vec![match settings {
        Some(document) => FieldPlace { document, key: FieldKey::field(ADDRESS) },
        None => FieldPlace { document: DocumentRole::StirotImage(flow), key: FieldKey::field(INPUT) },
    }]
}

/// The RAM that the second stage copies the application to, when it does.
fn copy_of_application(flow: Flow, project: &Project) -> Option<Placed> {
    let layout = known_layout(project).filter(|layout| layout.run != ApplicationRun::InPlace)?;
    let region = layout.application.run_area();
    let name = RegionName::ApplicationCopy;
    Some(Placed { name, region, footprint: region, fields: placing(flow, name, true), moves: None })
}

/// The numbers of STiRoT's configuration, as far as they are numbers.
struct Stirot {
    role: DocumentRole,
    numbers: Vec<(&'static str, Option<u32>)>,
}

impl Stirot {
    fn read(draft: &Draft, role: DocumentRole) -> Option<Self> {
        let form = &draft.document(role)?.form;
        let names = [
            field::FIRMWARE_ADDRESS,
            field::FIRMWARE_SIZE,
            field::SRAM_ECC,
            field::INSTALLATION_ADDRESS,
            field::DOWNLOAD_ADDRESS,
            field::LOADER_OFFSET,
            field::LOADER_SIZE,
        ];
        let number = |name: &'static str| {
            let value = &form.field(&FieldKey::field(name))?.value;
            u32::try_from(formats::number::parse(value).ok()?).ok()
        };
        Some(Self { role, numbers: names.into_iter().map(|name| (name, number(name))).collect() })
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.numbers.iter().find(|(known, _)| *known == name)?.1
    }

    fn place(&self, name: &str) -> FieldPlace {
        FieldPlace { document: self.role, key: FieldKey::field(name) }
    }

    /// A span from its fields; one that passes the end of the address space is cut there.
    fn region(&self, start: &str, size: &str) -> Option<Region> {
        let (start, size) = (self.number(start)?, self.number(size)?);
        (size > 0).then(|| Region::new(start, size.min((u32::MAX - start).saturating_add(1).max(1))))
    }
}

fn internal_ram(stirot: &Stirot) -> Lane {
    let mut regions = Vec::new();
    let ecc = stirot.number(field::SRAM_ECC) == Some(1);
    let usable = if ecc { AXI_SRAM4.start } else { AXI_SRAM.start + AXI_SRAM.size };
    if let Some(region) = stirot.region(field::FIRMWARE_ADDRESS, field::FIRMWARE_SIZE) {
        let last = usable.saturating_sub(region.size);
        regions.push(Placed {
            name: RegionName::FirmwareArea,
            region,
            footprint: region,
            fields: vec![stirot.place(field::FIRMWARE_ADDRESS), stirot.place(field::FIRMWARE_SIZE)],
            moves: (last >= AXI_SRAM.start).then(|| Moves {
                field: stirot.place(field::FIRMWARE_ADDRESS),
                base: 0,
                step: RAM_ALIGNMENT,
                legal: vec![AXI_SRAM.start..=last - last % RAM_ALIGNMENT],
            }),
        });
    }
    if ecc {
        regions.push(Placed {
            name: RegionName::Ecc,
            region: AXI_SRAM4,
            footprint: AXI_SRAM4,
            fields: vec![stirot.place(field::SRAM_ECC)],
            moves: None,
        });
    }
    Lane { memory: Memory::InternalRam, span: AXI_SRAM, regions }
}

fn user_flash(stirot: &Stirot, linked: Option<u32>) -> Lane {
    let mut regions = Vec::new();
    let numbers = (stirot.number(field::LOADER_OFFSET), stirot.number(field::LOADER_SIZE));
    if let (Some(offset), Some(size @ 1..)) = numbers {
        let region = Region::new(USER_FLASH.start.saturating_add(offset), size);
        let last = (USER_FLASH.start + USER_FLASH.size).checked_sub(size).filter(|last| *last >= USER_FLASH.start);
        regions.push(Placed {
            name: RegionName::Loader,
            region,
            footprint: Region::new(region.start, size.checked_next_multiple_of(USER_FLASH_SECTOR_SIZE).unwrap_or(size)),
            fields: vec![stirot.place(field::LOADER_OFFSET), stirot.place(field::LOADER_SIZE)],
            moves: last.map(|last| Moves {
                field: stirot.place(field::LOADER_OFFSET),
                base: USER_FLASH.start,
                step: USER_FLASH_SECTOR_SIZE,
                legal: match linked {
                    Some(linked) if linked > last => Vec::new(),
                    Some(linked) => vec![linked..=linked],
                    None => vec![USER_FLASH.start..=last - last % USER_FLASH_SECTOR_SIZE],
                },
            }),
        });
    }
    Lane { memory: Memory::UserFlash, span: USER_FLASH, regions }
}

fn slots(stirot: &Stirot) -> Vec<Placed> {
    let slots =
        [(RegionName::Installation, field::INSTALLATION_ADDRESS), (RegionName::Download, field::DOWNLOAD_ADDRESS)];
    let placed = slots.into_iter().filter_map(|(name, address)| {
        let region = stirot.region(address, field::FIRMWARE_SIZE)?;
        Some(Placed {
            name,
            region,
            footprint: footprint(region),
            fields: vec![stirot.place(address), stirot.place(field::FIRMWARE_SIZE)],
            moves: Some(Moves { field: stirot.place(address), base: 0, step: SLOT_ALIGNMENT, legal: Vec::new() }),
        })
    });
    placed.collect()
}

/// The part of a window that is worth showing: from its start to behind the last span, in powers of two.
fn shown(window: Region, inside: &[Placed]) -> Region {
    const SMALLEST: u32 = 512 * KIB;
    let last = inside.iter().map(|placed| placed.footprint.last().max(placed.region.last())).max();
    let needed = last.map_or(0, |last| last.saturating_sub(window.start).saturating_add(1));
    let size = needed.max(SMALLEST).checked_next_power_of_two().unwrap_or(window.size);
    Region::new(window.start, size.min(window.size))
}

/// Says of every span that can be moved where it may begin: inside the memory, off the others.
fn free_places(mut placed: Vec<Placed>, window: Region) -> Vec<Placed> {
    let taken: Vec<Region> = placed.iter().map(|placed| placed.footprint).collect();
    let end = if window.start == EXTERNAL_FLASH.start { EXTERNAL_FLASH } else { window };
    for (index, this) in placed.iter_mut().enumerate() {
        let size = u64::from(this.footprint.size);
        let Some(moves) = &mut this.moves else { continue };
        let mut others: Vec<Region> =
            taken.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, region)| *region).collect();
        others.sort_by_key(|region| region.start);
        let mut free = u64::from(end.start);
        let stop = u64::from(end.start) + u64::from(end.size);
        let mut legal = Vec::new();
        let mut gap = |from: u64, to: u64| {
            if let Some(last) = to.checked_sub(size).filter(|last| *last >= from)
                && let (Ok(from), Ok(last)) = (u32::try_from(from), u32::try_from(last))
            {
                legal.push(from..=last);
            }
        };
        for other in others {
            gap(free, u64::from(other.start).min(stop));
            free = free.max(u64::from(other.start) + u64::from(other.size));
        }
        gap(free, stop);
        moves.legal = legal;
    }
    placed
}
