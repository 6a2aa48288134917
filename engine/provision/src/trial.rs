//! An image tried: a virtual board that is made for it alone is provisioned on the real path, with these bytes in a
//! download slot, and what the boot stage does with them is the answer. The board is gone afterwards; no file of the project is
//! touched.
//!
//! An image is tried as the first that a board sees: the stored security counter is 0. Whether an update would be refused
//! as older than what is installed can't be seen this way, for a closed board takes another image from its own
//! application alone.

mod sighting;

use std::time::Instant;

use board::{BoardOptions, Pace};
use chip::memory_map::Region;
use chip::trace::Stop;
use formats::certificate::{Certificate, CertificateChain, CertificateRequest, Role};
use formats::da::certificate_object;
use formats::{Content, DebugCredential, FormatError, FoundImage, ImagePlaces, ObkFile, Permission, PrivateKey};
use project::{Project, ProjectError, StirotObjects, TargetState, Wallet};

pub use sighting::{Decision, Pass, TracedAnswer, TracedCheck, TriedBy};
pub(crate) use sighting::{Sighting, refusal_text};

use crate::bench::{VirtualBoard, VirtualOptions};
use crate::capability::{LeaveOpen, SampleKeys};
use crate::error::ProvisionError;
use crate::execute::{Authority, Cancel, Event, Keeping, Right, run_plan};
use crate::journal::RunFolder;
use crate::link::Link;
use crate::material::{Material, SlotPair};
use crate::plan::{FinalState, PlanRefusal, Reason, plan_of};
use crate::provision::profile_of;
use crate::record::Record;
use crate::silicon_options::SiliconOptions;

/// Seed of the board's identity and noise: every trial has the same board.
const SEED: u64 = 1;

/// What a trial showed.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// The stage that it was tried by.
    pub by: TriedBy,
    /// What that stage decided about the bytes in the download slot.
    pub decision: Decision,
    /// Every check that it told of on its way to the decision and to the application's start, in order.
    pub checks: Vec<TracedCheck>,
    /// What came of the application.
    pub start: Start,
    /// Instructions from the stage's first word to its last.
    pub instructions: u64,
    /// Seconds that the whole trial took, the provisioning of the board included.
    pub seconds: f64,
    /// The record of the run, as any provisioning has one; it is kept nowhere.
    pub record: Record,
}

/// What came of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// The stage started none.
    No {
        /// Why it stopped, where it said so.
        stop: Option<Stop>,
    },
    /// It runs, and has said nothing on the console.
    Silent,
    /// It runs, and this is what it said first. Console output as it came: it may hold control characters.
    Speaks(String),
}

/// Tries `content`, the download slot's bytes from the first on, with the project's keys, configuration and loader. What
/// the content leaves of the slot is erased flash; which address it was made for counts for nothing.
///
/// Events and cancelling are those of [`crate::execute`]; the last step is the boot.
///
/// # Errors
/// A flow without STiRoT, a broken rule about objects, a locked key; a content larger than the slot; whatever a run can
/// give. A refused image is none: it is the answer.
pub fn try_image(
    project: &Project,
    content: &[u8],
    cancel: &Cancel,
    events: &mut dyn FnMut(Event),
) -> Result<Trial, ProvisionError> {
    let began = Instant::now();
    let slot_size = match project.stirot() {
        Some(stirot) => stirot.download_slot().size,
        None => return Err(no_stirot(project).into()),
    };
    let bench = Bench::of(project)?;
    let material = Material::of_trial(&bench.objects, content, slot_size);
    bench.run(project, &material, began, cancel, events)
}

/// As [`try_image`], in a project of two boot stages: `content` is tried by OEMuRoT, as the first application that it
/// sees. STiRoT installs the project's own second stage for it.
///
/// # Errors
/// As [`try_image`]; a flow that isn't of two boot stages, and a second stage that can't be built.
pub fn try_application(
    project: &Project,
    content: &[u8],
    cancel: &Cancel,
    events: &mut dyn FnMut(Event),
) -> Result<Trial, ProvisionError> {
    let began = Instant::now();
    let bench = Bench::of(project)?;
    let second = project.second_stage_trial(TargetState::Locked).map_err(refused)?;
    let (Some(trial), Some(stage)) = (second, project.second_stage()) else {
        return Err(no_second_stage(project).into());
    };
    let download = |address| Region::new(address, stage.image.slot_size);
    let told =
        |places: ImagePlaces| SlotPair { installation: places.installation_slot(), download: places.download_slot() };
    let application = match stage.layout {
        Some(layout) => Some(told(layout.application)),
        None => stage
            .installation_slot()
            .zip(stage.download_address.map(download))
            .map(|(installation, download)| SlotPair { installation, download }),
    };
    let slots = [application, stage.layout.and_then(|layout| layout.data).map(told)];
    let material = Material::of_application_trial(&bench.objects, &trial, slots, stage.layout, content);
    let material = material.ok_or_else(|| no_second_stage(project))?;
    bench.run(project, &material, began, cancel, events)
}

/// What a trial needs besides the image: objects with a way back of their own.
struct Bench {
    objects: StirotObjects,
    way_back: ThrowAway,
}

impl Bench {
    fn of(project: &Project) -> Result<Self, ProvisionError> {
        if project.stirot().is_none() {
            return Err(no_stirot(project).into());
        }
        let way_back = ThrowAway::make().map_err(|problem| ProvisionError::Internal { what: problem.to_string() })?;
        // Of the project's own debug authentication nothing is needed: the object that locks is made of nothing, and is
        // put aside for the throw-away one.
        let mut objects = project.stirot_objects(TargetState::Locked).map_err(refused)?;
        objects.debug_authentication.obk = way_back.object.clone();
        objects.debug_authentication.name = "DA_Config".into();
        Ok(Self { objects, way_back })
    }

    /// Provisions a board that is made for it, and watches it boot.
    fn run(
        &self,
        project: &Project,
        material: &Material<'_>,
        began: Instant,
        cancel: &Cancel,
        events: &mut dyn FnMut(Event),
    ) -> Result<Trial, ProvisionError> {
        let plan = plan_of(project, material, FinalState::Closed, &profile_of(project)?)?;
        // The folder is its owner's alone, and goes with the board's keys when this is over.
        let folder = private_folder().map_err(|source| ProvisionError::File {
            action: "making a folder for the trial in",
            path: std::env::temp_dir(),
            source,
        })?;
        let options = VirtualOptions {
            pace: Pace::Jump,
            board: BoardOptions { time_scale: 0, ..BoardOptions::default() },
            ..VirtualOptions::default()
        };
        let board = VirtualBoard::create_with(&folder.path().join("trial.board"), Some(SEED), options)?;
        let mut link = Link::to_virtual_board(&board, &SiliconOptions::default());
        let wallet = Wallet::at(&folder.path().join("wallet"));
        let ran = LeaveOpen::with_way_back(&self.way_back.credential, &self.way_back.object).and_then(|leave| {
            let right = Right::Close { leave, keeping: Keeping::throw_away(&wallet) };
            let authority = Authority { right, sample_keys: SampleKeys::Refused };
            run_plan(&plan, material, &mut link, authority, &RunFolder::at(folder.path()), cancel, events)
        });
        drop(link);
        // Whatever the run gave, the board is off before its folder goes.
        let off = board.power_off();
        let (record, sighting) = ran?;
        off?;
        let sighting = sighting
            .ok_or_else(|| ProvisionError::Internal { what: "a trial came to its end without its last step".into() })?;
        Ok(Trial {
            by: sighting.by(),
            decision: sighting.decision(),
            start: match &record.banner {
                Some(banner) => Start::Speaks(banner.clone()),
                None if sighting.application_started() => Start::Silent,
                None => Start::No { stop: sighting.stop() },
            },
            instructions: sighting.instructions(),
            checks: sighting.into_checks(),
            seconds: began.elapsed().as_secs_f64(),
            record,
        })
    }
}

fn refused(error: ProjectError) -> ProvisionError {
    match error {
        ProjectError::Rules { findings } => PlanRefusal::from_findings(findings).into(),
        other => ProvisionError::Project(other),
    }
}

/// A way back for the board of one trial, that nobody needs afterwards. It is proved like any other.
struct ThrowAway {
    credential: DebugCredential,
    object: ObkFile,
}

impl ThrowAway {
    /// The shortest chain that there is: the root's key answers for itself.
    fn make() -> Result<Self, FormatError> {
        let permissions = Permission::FULL_REGRESSION.mask() | Permission::DEBUG_HDPL3.mask();
        let key = PrivateKey::generate()?;
        let object = certificate_object(&key.public(), permissions);
        let root = Certificate::issue(&CertificateRequest::new(Role::Root, key.public(), permissions), &key)?;
        let chain = CertificateChain { certificates: vec![root] };
        Ok(Self { credential: DebugCredential::Certificate { chain, key }, object })
    }
}

/// A temporary folder that on Unix nobody else may look into.
fn private_folder() -> std::io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("stirot-trial-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir()
}

fn no_stirot(project: &Project) -> PlanRefusal {
    PlanRefusal {
        reasons: vec![Reason {
            rule: "flow".into(),
            text: format!("the project's flow is “{}”, in which STiRoT takes no part", project.flow()),
            help: "try the image with a project whose flow starts with STiRoT".into(),
        }],
    }
}

fn no_second_stage(project: &Project) -> PlanRefusal {
    PlanRefusal {
        reasons: vec![Reason {
            rule: "flow".into(),
            text: format!(
                "the project's flow is “{}”, which has no second boot stage to take this image",
                project.flow()
            ),
            help: "try the image with a project of two boot stages".into(),
        }],
    }
}

/// What an image of a file would be in a slot of `slot_size` bytes: from its first byte to the end of its slot, erased
/// where the file holds no bytes. An image that is larger than the slot stays larger.
pub fn slot_content(content: &Content, image: &FoundImage, slot_size: u32) -> Vec<u8> {
    let own = image.image.end.saturating_sub(image.offset);
    let shown = image.slot.end.saturating_sub(image.offset).min(u64::from(slot_size));
    let end = image.offset.saturating_add(own.max(shown));
    let mut slot: Vec<u8> = Vec::new();
    let place = |offset: u64| usize::try_from(offset.saturating_sub(image.offset)).unwrap_or(usize::MAX);
    for stretch in content.stretches() {
        let range =
            stretch.offset.max(image.offset)..stretch.offset.saturating_add(stretch.bytes.len() as u64).min(end);
        if range.is_empty() {
            continue;
        }
        slot.resize(place(range.start), 0xFF);
        slot.extend_from_slice(content.slice(range));
    }
    slot
}
