//! The second boot stage of a project: the layout inside of its program, and what follows from it. Whether that fits the
//! images' settings is for the rules to judge.

mod change;
mod data;

use std::path::PathBuf;

use chip::loader::IMAGE_HEADER_SIZE;
use chip::memory_map::Region;
use formats::{ApplicationRun, Fingerprint, ImageSettings, LayoutError, SecondStageLayout};

use crate::binary;
use crate::image::read_application;
use crate::project::Project;
use crate::stage::{Stage, StirotStage};

pub(crate) use change::with_places;
pub use change::{add, add_on, leave, set_run, set_run_on};
pub use data::{add_data, leave_data};

/// The second stage of a project as its files say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondStage {
    /// Where its images lie and where the application runs, when its program says so.
    pub layout: Option<SecondStageLayout>,
    /// The same with the reason why nothing is known.
    pub layout_fact: LayoutFact,
    /// Its program: the input of the image that STiRoT installs.
    pub program: PathBuf,
    /// Settings of the application's image.
    pub image: ImageSettings,
    /// The application's download slot, as the image's settings say.
    pub download_address: Option<u32>,
    /// The application.
    pub application: PathBuf,
    /// The key that signs the application's images.
    pub authentication_key: Fingerprint,
    /// The key that opens them.
    pub encryption_key: Fingerprint,
}

/// What a second stage's program says about its layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayoutFact {
    /// It has a layout.
    Known(SecondStageLayout),
    /// It has none, as ST's program.
    NotTold,
    /// It has one that can't work.
    Wrong(LayoutError),
    /// The program isn't there, or can't be read.
    NoProgram,
}

impl LayoutFact {
    /// The layout, where there is one that can work.
    pub const fn layout(&self) -> Option<SecondStageLayout> {
        match self {
            Self::Known(layout) => Some(*layout),
            Self::NotTold | Self::Wrong(_) | Self::NoProgram => None,
        }
    }
}

impl SecondStage {
    pub(crate) fn of(project: &Project) -> Option<Self> {
        let (Some(stirot), Some(oem)) = (&project.stirot, &project.oem) else { return None };
        let layout_fact = layout_of(stirot);
        Some(Self {
            layout: layout_fact.layout(),
            layout_fact,
            program: stirot.stage.image.input.clone(),
            image: oem.image.sign.oemurot().ok()?,
            download_address: oem.image.sign.address,
            application: oem.image.input.clone(),
            authentication_key: oem.authentication.fingerprint,
            encryption_key: oem.encryption.fingerprint,
        })
    }

    /// The slot that the application is kept in: as the program says, or as ST's layout has it, right before the download
    /// slot.
    // assumption: of ST's program as in its flash_layout.h; the image's xml says no more than address and size.
    pub fn installation_slot(&self) -> Option<Region> {
        installation_slot(self.layout, self.download_address, self.image.slot_size)
    }
}

/// The application's installation slot.
pub(crate) fn installation_slot(layout: Option<SecondStageLayout>, download: Option<u32>, size: u32) -> Option<Region> {
    match layout {
        Some(layout) => Some(layout.application.installation_slot()),
        None => Some(Region::new(download?.checked_sub(size)?, size)),
    }
}

/// What the program that STiRoT starts as second stage says about its layout.
pub(crate) fn layout_of(stirot: &StirotStage) -> LayoutFact {
    let Ok(file) = read_application(&stirot.stage.image) else { return LayoutFact::NoProgram };
    let program = binary::load_image(&file).map_or(file, |program| program.bytes);
    match SecondStageLayout::find(&program) {
        Ok(Some(layout)) => LayoutFact::Known(layout),
        Ok(None) => LayoutFact::NotTold,
        Err(problem) => LayoutFact::Wrong(problem),
    }
}

/// The layout of a project's second stage, where it is known.
pub(crate) fn known_layout(project: &Project) -> Option<SecondStageLayout> {
    project.oem.as_ref()?;
    layout_of(project.stirot.as_ref()?).layout()
}

/// A stage that runs after a reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootStage {
    /// What it is called.
    pub name: &'static str,
    /// Its program, where the project has it.
    pub program: Option<PathBuf>,
    /// The memory that its code is fetched from, where that is known.
    pub runs_in: Option<RunsIn>,
    /// Its first byte of code, where that is known.
    pub code_address: Option<u32>,
    /// The slot that it is kept in, encrypted by the MCE.
    pub installation: Option<Region>,
    /// The slot that a new one is taken from.
    pub download: Option<Region>,
    /// The level of temporal isolation that it runs at.
    pub hdpl: u8,
}

/// The memory that code is fetched from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunsIn {
    /// ST's ROM.
    SystemFlash,
    /// AXI SRAM.
    InternalRam,
    /// The flash behind XSPI1, decrypted by MCE1.
    ExternalFlash,
    /// The RAM behind XSPI2, decrypted by MCE2.
    ExternalRam,
}

impl RunsIn {
    /// In words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::SystemFlash => "ROM",
            Self::InternalRam => "internal RAM",
            Self::ExternalFlash => "external flash, in place",
            Self::ExternalRam => "external RAM",
        }
    }

    /// The memory of an application of two boot stages.
    pub const fn of(run: ApplicationRun) -> Self {
        match run {
            ApplicationRun::InPlace => Self::ExternalFlash,
            ApplicationRun::InternalRam => Self::InternalRam,
            ApplicationRun::ExternalRam => Self::ExternalRam,
        }
    }
}

/// The stages of a project with STiRoT (`silicon.md` §6: STiRoT at HDPL 1, what it starts at 2, what that starts at 3).
pub(crate) fn boot_stages(project: &Project) -> Vec<BootStage> {
    let Some(stirot) = &project.stirot else { return Vec::new() };
    let meaning = &stirot.meaning;
    let rom = BootStage {
        name: "STiRoT",
        program: None,
        runs_in: Some(RunsIn::SystemFlash),
        code_address: None,
        installation: None,
        download: None,
        hdpl: 1,
    };
    let started = BootStage {
        name: if project.oem.is_some() { "OEMuRoT" } else { "application" },
        program: Some(stirot.stage.image.input.clone()),
        runs_in: Some(RunsIn::InternalRam),
        code_address: meaning.firmware_address.checked_add(IMAGE_HEADER_SIZE),
        installation: Some(meaning.installation_slot()),
        download: Some(meaning.download_slot()),
        hdpl: 2,
    };
    let application = project.oem.as_ref().map(|oem| application_of(stirot, oem));
    [rom, started].into_iter().chain(application).collect()
}

fn application_of(stirot: &StirotStage, oem: &Stage) -> BootStage {
    let layout = layout_of(stirot).layout();
    let (address, size) = (oem.image.sign.address, oem.image.sign.slot_size);
    BootStage {
        name: "application",
        program: Some(oem.image.input.clone()),
        runs_in: layout.map(|layout| RunsIn::of(layout.run)),
        code_address: layout.map(|layout| layout.code_address()),
        installation: installation_slot(layout, address, size),
        download: match layout {
            Some(layout) => Some(layout.application.download_slot()),
            None => address.map(|address| Region::new(address, size)),
        },
        hdpl: 3,
    }
}
