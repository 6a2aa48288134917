//! The plan of an update: what is sent where, by which way in, what is checked before, and what proves it. It needs no
//! board.

use chip::memory_map::Region;
use formats::{ImageProfile, Judgement, Verdict, Version, judge};
use project::{Finding, Flow, Project, Severity, Workshop};
use serde::{Deserialize, Serialize};

use super::banner::Banner;
use super::image::UpdateImage;
use super::place;
use crate::plan::{PlanRefusal, Reason};
use crate::record::hex;

/// What is updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateTarget {
    /// The application: installed by STiRoT with one boot stage, by OEMuRoT with two.
    Application,
    /// The second boot stage itself, installed by STiRoT.
    SecondStage,
}

impl UpdateTarget {
    /// Whose images it takes in a project.
    ///
    /// # Errors
    /// When the project's flow has no such stage behind STiRoT.
    pub fn profile(self, project: &Project) -> Result<ImageProfile, PlanRefusal> {
        match (self, project.flow()) {
            (Self::Application, Flow::Stirot) | (Self::SecondStage, Flow::StirotOemurot) => Ok(ImageProfile::Stirot),
            (Self::Application, Flow::StirotOemurot) => Ok(ImageProfile::Oemurot),
            (Self::SecondStage, Flow::Stirot) => Err(PlanRefusal::of(
                "flow",
                "the project has one boot stage: STiRoT starts the application itself",
                "update the application, or add a second boot stage to the project",
            )),
            (_, flow) => Err(PlanRefusal::of(
                "flow",
                format!("the project's flow is “{flow}”, in which STiRoT takes no part"),
                "updates are planned for flows that start with STiRoT",
            )),
        }
    }

    /// In words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::SecondStage => "second boot stage",
        }
    }
}

impl std::fmt::Display for UpdateTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

/// How bytes reach the external flash of a board, and whether its state leaves that open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WayIn {
    /// The application that runs takes the file over the console.
    ApplicationLoader,
    /// Forced download: the system bootloader after debug authentication.
    ForcedDownload,
    /// A debugger and a flash algorithm.
    Debugger,
}

impl WayIn {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ApplicationLoader, Self::ForcedDownload, Self::Debugger];

    /// Its name.
    pub const fn text(self) -> &'static str {
        match self {
            Self::ApplicationLoader => "the application's own loader over the console",
            Self::ForcedDownload => "forced download",
            Self::Debugger => "a debugger",
        }
    }

    /// Whether the studio takes it, and what silicon would allow.
    pub const fn why(self) -> &'static str {
        match self {
            Self::ApplicationLoader => {
                "open in CLOSED: the running application writes the download slot itself, and the boot stage judges what \
                 it finds there. On silicon as here, with an application that brings such a loader"
            }
            Self::ForcedDownload => {
                "not offered: ST's tools start the system bootloader after debug authentication, and no public document \
                 says enough of how"
            }
            Self::Debugger => {
                "shut in CLOSED. With a credential that opens debug at HDPL 3 a flash algorithm could run again; for an \
                 update in the field nobody hands that out"
            }
        }
    }
}

/// What happens with an image that the boot stage will refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RefusedImages {
    /// It isn't sent.
    #[default]
    NotSent,
    /// It is sent all the same: a person wants to see it refused.
    Sent,
}

/// A step of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateStepId {
    /// Ask the board where it stands.
    Survey,
    /// Find the application on the console, and what it says of itself.
    Console,
    /// Send the image into the download slot.
    Send,
    /// The board resets, and a boot stage judges what lies in the slot.
    Install,
    /// What boots says which version it is.
    Boots,
}

/// One step, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateStep {
    /// Which.
    pub id: UpdateStepId,
    /// Its title.
    pub title: String,
    /// What it does.
    pub what: String,
    /// What proves it.
    pub proof: String,
}

/// An update of one board of a project.
#[derive(Debug, Clone)]
pub struct UpdatePlan {
    /// The project's name.
    pub project: String,
    /// What is updated.
    pub target: UpdateTarget,
    /// The stage that judges the image.
    pub profile: ImageProfile,
    /// What the image is called.
    pub image: String,
    /// The version in the image's header, where it has one.
    pub version: Option<Version>,
    /// The bytes that are sent.
    pub bytes: Vec<u8>,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// The download slot that they go to.
    pub slot: Region,
    /// The way in that is taken.
    pub way_in: WayIn,
    /// What the boot stage will make of the image, by the project's keys and rules. Of the board nothing is known yet.
    pub judgement: Judgement,
    /// What happens if it will refuse the image.
    pub refused: RefusedImages,
    /// Where the application starts once this is installed, where that is known.
    pub application_start: Option<u32>,
    /// What a person should think of before it is sent: an application after which no other comes.
    pub warning: Option<String>,
    /// The steps, in order.
    pub steps: Vec<UpdateStep>,
}

/// Plans the update of a board of `project` with `image`.
///
/// # Errors
/// When the project has no such stage, when its files don't agree about the slots, when the image doesn't fit the slot, and, unless asked otherwise, when the boot
/// stage would refuse it or not see it; always when it would be installed and leave no application that runs.
pub fn plan_update(
    project: &Project,
    target: UpdateTarget,
    image: UpdateImage,
    refused: RefusedImages,
) -> Result<UpdatePlan, PlanRefusal> {
    let profile = target.profile(project)?;
    let slot = download_slot(project, target)?;
    // Where the project's own files don't agree about slots, its download slot may be anything on the board.
    let disagreement = |finding: &Finding| finding.severity == Severity::Error && finding.id == "P9";
    let wrong: Vec<Finding> = project.check().into_iter().filter(disagreement).collect();
    if !wrong.is_empty() {
        return Err(PlanRefusal::from_findings(wrong));
    }
    let bytes = image.bytes(slot.size);
    if bytes.is_empty() {
        return Err(PlanRefusal::of("image", format!("{} holds no bytes", image.name()), "choose an image"));
    }
    if bytes.len() > slot.size as usize {
        return Err(PlanRefusal::of(
            "image",
            format!("{} has {} bytes, and the download slot {}", image.name(), bytes.len(), slot.size),
            "make the program smaller, or the slots larger",
        ));
    }
    let judgement = judged(&image, &Workshop::of(project), profile);
    match (&judgement.verdict, refused) {
        // Installed and not run: nothing would take another update. Whoever asks.
        (Verdict::DoesNotRun { .. }, _) | (_, RefusedImages::NotSent) => acceptable(&judgement, &image)?,
        (_, RefusedImages::Sent) => {}
    }
    let application_start = place::application_start(project, target, profile, &image, &judgement)?;
    let warning = place::without_a_loader(project, target, &image);
    let steps = steps(target, profile, &image, slot);
    Ok(UpdatePlan {
        project: project.name().to_owned(),
        target,
        profile,
        image: image.name().to_owned(),
        version: image.version(),
        sha256: UpdateImage::sha256(&bytes),
        bytes,
        slot,
        way_in: WayIn::ApplicationLoader,
        judgement,
        refused,
        application_start,
        warning,
        steps,
    })
}

impl UpdatePlan {
    /// Place and description of a step.
    pub fn step(&self, id: UpdateStepId) -> Option<(usize, &UpdateStep)> {
        self.steps.iter().enumerate().find(|(_, step)| step.id == id)
    }

    /// Whether the boot stage will find the image's security counter high enough on a board that runs this. With two
    /// boot stages the application says nothing of the second's.
    ///
    /// # Errors
    /// When it won't, unless the plan sends images that are refused.
    pub fn check_counter(&self, running: &Banner) -> Result<(), PlanRefusal> {
        let (Some(installed), Some(counter), UpdateTarget::Application, RefusedImages::NotSent) =
            (running.security_counter, self.judgement.security_counter, self.target, self.refused)
        else {
            return Ok(());
        };
        if counter >= installed {
            return Ok(());
        }
        Err(PlanRefusal::of(
            "image",
            format!(
                "{}: its security counter {counter:#010x} is lower than that of what runs, {installed:#010x}: the boot stage \
                 would refuse it",
                self.image
            ),
            "build the image with a version that is not older; to rehearse the refusal, ask for it to be sent all the same",
        ))
    }

    /// How the image's version stands to what runs: newer, equal, older; nothing where one of them isn't known.
    pub fn compared_with(&self, running: &Banner) -> Option<std::cmp::Ordering> {
        match self.target {
            UpdateTarget::Application => Some(self.version?.cmp(&running.image_version()?)),
            UpdateTarget::SecondStage => None,
        }
    }

    /// The same update by a person with a terminal program, for a real board: the studio has no serial port. Untested on
    /// silicon.
    pub fn by_hand(&self, file: &str) -> Vec<String> {
        vec![
            format!("file: {file} ({} bytes, SHA-256 {})", self.bytes.len(), hex(&self.sha256)),
            "open the board's console in a terminal program that sends by YMODEM: 115200 baud, 8 data bits, no parity, 1 \
             stop bit"
                .into(),
            "press ? and look for the menu's line `u  update`; an application without it can't be updated this way".into(),
            format!("press u, type {:08x} and Enter: the {}'s download slot", self.slot.start, self.target),
            "send the file by YMODEM (blocks of 128 or 1024 bytes with CRC-16)".into(),
            "the application says `update received` and resets; what boots then names its version".into(),
            "only an application that is new says so itself: of a new second boot stage look at the lines that begin with \
             [oemurot]"
                .into(),
        ]
    }
}

fn judged(image: &UpdateImage, workshop: &Workshop, profile: ImageProfile) -> Judgement {
    let circumstances = workshop.circumstances(Some(profile), None);
    match image.image() {
        Some(found) => judge(image.opened(), found, &circumstances),
        // A file without any image is judged as one whose first byte would be the header's.
        None => {
            let whole = 0..image.opened().content.len();
            let found = formats::FoundImage {
                offset: 0,
                address: None,
                profile: None,
                version: Version { major: 0, minor: 0, revision: 0, build: 0 },
                image: whole.clone(),
                slot: whole,
                slot_size: None,
            };
            judge(image.opened(), &found, &circumstances)
        }
    }
}

/// Whether the boot stage takes an image, as far as it can be known.
fn acceptable(judgement: &Judgement, image: &UpdateImage) -> Result<(), PlanRefusal> {
    let at = match &judgement.verdict {
        Verdict::Installs => return Ok(()),
        Verdict::Undecided { missing } => {
            let names: Vec<&str> = missing.iter().map(|name| name.text()).collect();
            return Err(PlanRefusal::of(
                "image",
                format!(
                    "{}: whether it would be installed can't be told; not checkable: {}",
                    image.name(),
                    names.join(", ")
                ),
                "open the project's keys with their passphrases, or ask for it to be sent all the same",
            ));
        }
        Verdict::DoesNotRun { at } | Verdict::Refused { at } | Verdict::NotSeen { at } => *at,
    };
    let seen = judgement.outcome(at).map_or("", |outcome| outcome.text());
    let help = match judgement.verdict {
        Verdict::DoesNotRun { .. } => {
            "link the program for where the boot stage starts it; the board would be left without an application, and with it \
             without a way to take another"
        }
        _ => {
            "build the image with this project's keys and settings and a version that is not older; to rehearse the \
             refusal, ask for it to be sent all the same"
        }
    };
    Err(PlanRefusal::of("image", format!("{}: {} What was seen: {seen}", image.name(), judgement.sentence()), help))
}

/// The slot that the target's boot stage takes new images from.
fn download_slot(project: &Project, target: UpdateTarget) -> Result<Region, PlanRefusal> {
    let stages = project.boot_stages();
    // The first is STiRoT itself, which nothing updates.
    let stage = match target {
        UpdateTarget::Application => stages.last(),
        UpdateTarget::SecondStage => stages.get(1),
    };
    stage.and_then(|stage| stage.download).ok_or_else(|| {
        PlanRefusal::of(
            "slot",
            format!("the project does not say where the {target}'s download slot is"),
            "give the image's settings an address (argument -x)",
        )
    })
}

fn steps(target: UpdateTarget, profile: ImageProfile, image: &UpdateImage, slot: Region) -> Vec<UpdateStep> {
    let stage = match profile {
        ImageProfile::Oemurot => "OEMuRoT",
        _ => "STiRoT",
    };
    let step = |id, title: &str, what: String, proof: &str| UpdateStep {
        id,
        title: title.to_owned(),
        what,
        proof: proof.to_owned(),
    };
    let boots = match target {
        UpdateTarget::Application => "the banner names the image's version",
        UpdateTarget::SecondStage => "STiRoT starts what it installed, and the application runs",
    };
    vec![
        step(
            UpdateStepId::Survey,
            "Ask the board",
            "where it stands, and which board it is; it is reset for that".into(),
            "discovery names CLOSED or LOCKED",
        ),
        step(
            UpdateStepId::Console,
            "Open the console",
            "find the running application, its version and its menu".into(),
            "the menu offers an update",
        ),
        step(
            UpdateStepId::Send,
            "Send",
            format!("{} by YMODEM into the {target}'s download slot at {:#010x}", image.name(), slot.start),
            "the application read back every page, and resets",
        ),
        step(
            UpdateStepId::Install,
            "Install",
            format!("after the reset {stage} judges what lies in the slot"),
            "the download slot is taken, not refused",
        ),
        step(UpdateStepId::Boots, "What boots", "listen to the console".into(), boots),
    ]
}

impl PlanRefusal {
    /// A refusal for one reason.
    pub(crate) fn of(rule: &str, text: impl Into<String>, help: impl Into<String>) -> Self {
        Self { reasons: vec![Reason { rule: rule.to_owned(), text: text.into(), help: help.into() }] }
    }
}
