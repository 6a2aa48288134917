//! The boot stages of a project and the figure of a setting. Addresses are the project's where it is set so, else those
//! that the studio would give; the steps are the engine's.

use chip::loader::IMAGE_HEADER_SIZE;
use chip::memory_map::{AXI_SRAM, KIB, Region, SYSTEM_FLASH, USER_FLASH};
use formats::{ApplicationRun, SecondStageLayout};
use project::{BootStage, Flow, LayoutFact};
use provision::lab::steps::{Figure, Step};

use crate::model::boot_lab::Lane;
use crate::model::boot_stages::{ArrowSheet, BlockId, BlockSheet, ChapterSheet, FigureSheet, Setting, StagesSheet};
use crate::model::configuration::Possible;
use crate::model::editing::Editing;

/// STiRoT's slots in a new project of one stage, installation and download (`formats.md` §5.2).
const ONE_STAGE: [Region; 2] = [Region::new(0x9000_0000, 128 * KIB), Region::new(0x9002_0000, 128 * KIB)];
/// STiRoT's slots in a new project of two, behind the application's (`formats.md` §5.3).
const TWO_STAGES: [Region; 2] = [Region::new(0x9041_0000, 128 * KIB), Region::new(0x9043_0000, 128 * KIB)];
/// RAM that STiRoT fills with what it starts, in a new project.
const FIRMWARE: Region = Region::new(AXI_SRAM.start, 128 * KIB);

/// The choice as it stands. `busy` is why nothing can be changed now.
pub(super) fn sheet(editing: &Editing, busy: Option<&str>) -> StagesSheet {
    let current = current(editing);
    let chosen = editing.setting.or(current).unwrap_or(Setting::One);
    let stages = Stages::of(editing, current, chosen);
    StagesSheet {
        current,
        chosen,
        figure: figure(chosen, &stages),
        change: super::unless(busy, change(editing, current, chosen)),
        effect: effect(current, chosen).to_owned(),
    }
}

/// The setting that the files have.
fn current(editing: &Editing) -> Option<Setting> {
    match (editing.draft.settings().flow, &editing.found.layout) {
        (Flow::Stirot, _) => Some(Setting::One),
        (Flow::StirotOemurot, Some(LayoutFact::Known(layout))) => Some(Setting::Two(layout.run)),
        _ => None,
    }
}

fn change(editing: &Editing, current: Option<Setting>, chosen: Setting) -> Possible {
    let flow = editing.draft.settings().flow;
    if current == Some(chosen) {
        return Err("the project is set so".to_owned());
    }
    if !matches!(flow, Flow::Stirot | Flow::StirotOemurot) {
        return Err(format!("the flow “{flow}” has no STiRoT before it"));
    }
    if editing.draft.unsaved() > 0 {
        return Err("edits of the project aren't saved; save them first".to_owned());
    }
    match (flow, chosen, &editing.found.layout) {
        (Flow::StirotOemurot, Setting::Two(_), Some(LayoutFact::NotTold)) => {
            Err("OEMuRoT's program isn't the studio's: only its own toolchain moves the application".to_owned())
        }
        (Flow::StirotOemurot, Setting::Two(_), Some(LayoutFact::Wrong(problem))) => Err(problem.to_string()),
        (Flow::StirotOemurot, Setting::Two(_), Some(LayoutFact::NoProgram)) => {
            Err("OEMuRoT's program isn't there".to_owned())
        }
        _ => Ok(()),
    }
}

/// What a change writes, and what leads back.
const fn effect(current: Option<Setting>, chosen: Setting) -> &'static str {
    match (current, chosen) {
        (Some(Setting::One), Setting::Two(_)) => {
            "Adds the second stage's files beside those that are there, with keys of their own; nothing is written over. \
             “One stage” leads back."
        }
        (_, Setting::One) => {
            "Lets the project file name one stage; the second stage's files stay, and any of “Two” takes them up again."
        }
        (_, Setting::Two(_)) => {
            "Changes OEMuRoT's layout block, the settings of the application's image and, where it is the studio's, the \
             demo application. The setting of now leads back."
        }
    }
}

/// Where everything lies in a setting.
struct Stages {
    firmware: Region,
    slots: [Option<Region>; 2],
    /// Of two stages: slots and where the application runs.
    application: Option<([Option<Region>; 2], Option<u32>)>,
    source: &'static str,
}

impl Stages {
    fn of(editing: &Editing, current: Option<Setting>, chosen: Setting) -> Self {
        let mut stages = editing.found.stages.iter().skip(1);
        if let (true, Some(started)) = (current == Some(chosen), stages.next()) {
            let slots = |stage: &BootStage| [stage.installation, stage.download];
            let size = started.installation.map_or(FIRMWARE.size, |slot| slot.size);
            let start = started.code_address.map_or(FIRMWARE.start, |code| code.saturating_sub(IMAGE_HEADER_SIZE));
            return Self {
                firmware: Region::new(start, size),
                slots: slots(started),
                application: stages.next().map(|stage| (slots(stage), stage.code_address)),
                source: "Addresses of this project",
            };
        }
        let source = "Addresses that a new project gets";
        match chosen {
            Setting::One => Self { firmware: FIRMWARE, slots: ONE_STAGE.map(Some), application: None, source },
            Setting::Two(run) => {
                let layout = SecondStageLayout::for_run(run);
                let places = layout.application;
                let slots = [places.installation_slot(), places.download_slot()].map(Some);
                let application = Some((slots, Some(layout.code_address())));
                Self { firmware: FIRMWARE, slots: TWO_STAGES.map(Some), application, source }
            }
        }
    }
}

fn block(id: BlockId, title: &str, lane: Lane) -> BlockSheet {
    BlockSheet { id, title: title.to_owned(), lane, hdpl: None, span: None, code: None, bytes: String::new() }
}

fn runs(id: BlockId, lane: Lane, hdpl: u8, (span, code): (Region, u32), memory: &str) -> BlockSheet {
    let bytes = memory.to_owned();
    BlockSheet { hdpl: Some(hdpl), span: Some(span), code: Some(code), bytes, ..block(id, lane.name(), lane) }
}

fn slot(id: BlockId, title: &str, lane: Lane, span: Option<Region>, bytes: &str) -> BlockSheet {
    BlockSheet { span, bytes: bytes.to_owned(), ..block(id, title, lane) }
}

const CIPHERED: &str = "encrypted by MCE1";
const SENT: &str = "encrypted for the board";

fn figure(setting: Setting, stages: &Stages) -> FigureSheet {
    let rom = (SYSTEM_FLASH, SYSTEM_FLASH.start);
    let mut blocks = vec![
        runs(BlockId::Rss, Lane::Rss, 0, rom, "system flash"),
        runs(BlockId::Stirot, Lane::Stirot, 1, rom, "system flash"),
        runs(BlockId::Iloader, Lane::Iloader, 3, (USER_FLASH, USER_FLASH.start), "user flash"),
    ];
    let [installation, download] = stages.slots;
    let code = stages.firmware.start.saturating_add(IMAGE_HEADER_SIZE);
    let (started, name) = match setting {
        Setting::One => (Lane::Application, "Application"),
        Setting::Two(_) => (Lane::Oemurot, "OEMuRoT"),
    };
    blocks.push(runs(BlockId::Started, started, 2, (stages.firmware, code), "internal RAM"));
    blocks.push(block(BlockId::Cipher, "MCE1", Lane::Stirot));
    if let (Setting::Two(run), Some((slots, code))) = (setting, &stages.application) {
        blocks.extend(application(run, *slots, code.unwrap_or_default()));
    }
    let of = |what: &str| format!("{name}, {what}");
    blocks.push(slot(BlockId::Installation, &of("installed"), started, installation, CIPHERED));
    blocks.push(slot(BlockId::Download, &of("download"), started, download, SENT));
    FigureSheet { blocks, chapters: chapters(setting), source: stages.source.to_owned() }
}

/// The application of two stages: its slots, and the place where it runs.
fn application(run: ApplicationRun, [installation, download]: [Option<Region>; 2], code: u32) -> Vec<BlockSheet> {
    let lane = Lane::Application;
    let installed = slot(BlockId::ApplicationInstallation, "Application, installed", lane, installation, CIPHERED);
    let sent = slot(BlockId::ApplicationDownload, "Application, download", lane, download, SENT);
    let copy = Region::new(code.saturating_sub(IMAGE_HEADER_SIZE), installation.map_or(0, |slot| slot.size));
    match run {
        ApplicationRun::InPlace => {
            let bytes = "runs in place, encrypted by MCE1".to_owned();
            vec![BlockSheet { hdpl: Some(3), code: Some(code), bytes, ..installed }, sent]
        }
        ApplicationRun::InternalRam => {
            vec![installed, sent, runs(BlockId::ApplicationInRam, lane, 3, (copy, code), "internal RAM")]
        }
        ApplicationRun::ExternalRam => {
            vec![installed, sent, runs(BlockId::ExternalRam, lane, 3, (copy, code), "external RAM, encrypted by MCE2")]
        }
    }
}

fn chapters(setting: Setting) -> Vec<ChapterSheet> {
    match setting {
        Setting::One => vec![
            chapter("Install the application", Figure::Install, &INSTALL),
            chapter("Execute it, at each boot", Figure::Execute, &EXECUTE),
        ],
        Setting::Two(run) => vec![
            chapter("Install and start the application", Figure::SecondStage, &second_stage(run)),
            chapter("Install OEMuRoT itself", Figure::Install, &INSTALL),
            chapter("Start OEMuRoT, at each boot", Figure::Execute, &EXECUTE),
        ],
    }
}

/// From where to where the steps go, in their order.
type Ways<const COUNT: usize> = [(BlockId, BlockId); COUNT];

const INSTALL: Ways<5> = [
    (BlockId::Download, BlockId::Started),
    (BlockId::Stirot, BlockId::Started),
    (BlockId::Stirot, BlockId::Cipher),
    (BlockId::Started, BlockId::Installation),
    (BlockId::Iloader, BlockId::Download),
];

const EXECUTE: Ways<4> = [
    (BlockId::Stirot, BlockId::Iloader),
    (BlockId::Installation, BlockId::Started),
    (BlockId::Stirot, BlockId::Started),
    (BlockId::Stirot, BlockId::Started),
];

const fn second_stage(run: ApplicationRun) -> Ways<6> {
    let runs = match run {
        ApplicationRun::InPlace => BlockId::ApplicationInstallation,
        ApplicationRun::InternalRam => BlockId::ApplicationInRam,
        ApplicationRun::ExternalRam => BlockId::ExternalRam,
    };
    [
        (BlockId::Stirot, BlockId::Started),
        (BlockId::Started, BlockId::ApplicationDownload),
        (BlockId::ApplicationDownload, BlockId::ApplicationInstallation),
        (BlockId::ApplicationInstallation, BlockId::Started),
        (BlockId::Started, BlockId::ApplicationDownload),
        (BlockId::Started, runs),
    ]
}

fn chapter(title: &str, figure: Figure, ways: &[(BlockId, BlockId)]) -> ChapterSheet {
    let arrow = |(step, (from, to)): (&Step, &(BlockId, BlockId))| ArrowSheet {
        number: step.number,
        from: *from,
        to: *to,
        text: step.text.to_owned(),
    };
    ChapterSheet { title: title.to_owned(), arrows: figure.steps().iter().zip(ways).map(arrow).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_way_for_each_step_of_the_reference_and_both_ends_of_it() {
        for setting in Setting::ALL {
            let layout = match setting {
                Setting::One => None,
                Setting::Two(run) => Some(SecondStageLayout::for_run(run)),
            };
            let stages = Stages {
                firmware: FIRMWARE,
                slots: TWO_STAGES.map(Some),
                application: layout.map(|layout| {
                    let places = layout.application;
                    ([places.installation_slot(), places.download_slot()].map(Some), Some(layout.code_address()))
                }),
                source: "",
            };
            let figure = figure(setting, &stages);
            let counts: Vec<usize> = figure.chapters.iter().map(|chapter| chapter.arrows.len()).collect();
            match setting {
                Setting::One => assert_eq!(counts, [5, 4]),
                Setting::Two(_) => assert_eq!(counts, [6, 5, 4]),
            }
            for arrow in figure.chapters.iter().flat_map(|chapter| &chapter.arrows) {
                for end in [arrow.from, arrow.to] {
                    assert!(figure.blocks.iter().any(|block| block.id == end), "{setting:?}: {arrow:?}");
                }
            }
        }
    }
}
