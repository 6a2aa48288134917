//! Whether an update leaves the board an application that starts. Slots are overwritten, and the loader that takes updates
//! is the application itself: a second stage that looks elsewhere than the one before, or an application that is linked
//! elsewhere, is installed by the book, and nothing would take another update.

use chip::loader::IMAGE_HEADER_SIZE;
use formats::{ImageProfile, Judgement, SecondStageLayout, Verdict, payload_in_the_clear};
use project::{Project, Workshop, grouped};

use super::banner::Banner;
use super::dialogue::OFFER;
use super::image::UpdateImage;
use super::plan::{UpdatePlan, UpdateTarget};
use crate::material::ImageRole;
use crate::plan::{PlanRefusal, StepId};
use crate::record::Record;

const HELP: &str = "give the project the setting that the board was provisioned with; to move slots or the place where the \
                    application runs, regress the board and provision it again";

/// Where the application starts once the update is installed, as far as that can be known: by the project's settings, or
/// by the layout block of the second stage that is sent.
///
/// # Errors
/// Of a second stage: when its layout block is another than the project's.
pub(super) fn application_start(
    project: &Project,
    target: UpdateTarget,
    profile: ImageProfile,
    image: &UpdateImage,
    judgement: &Judgement,
) -> Result<Option<u32>, PlanRefusal> {
    let workshop = Workshop::of(project);
    if target == UpdateTarget::Application {
        let run = workshop.stage(profile).and_then(|stage| stage.firmware_address);
        return Ok(run.and_then(|run| run.checked_add(IMAGE_HEADER_SIZE)));
    }
    let present = project.second_stage().and_then(|second| second.layout);
    let own = Ok(present.map(|layout| layout.code_address()));
    let Some(found) = image.image() else { return own };
    // One that doesn't open was refused before, unless a person wants to see just that: it is then not installed.
    let Ok((program, _)) = payload_in_the_clear(image.opened(), found, &workshop.keys) else { return own };
    let sent = SecondStageLayout::find(&program);
    if judgement.verdict == Verdict::Installs
        && let Some(present) = present
    {
        let problem = match &sent {
            Ok(Some(sent)) => moved(&present, sent),
            Ok(None) => Some("has no layout block: where it would look for the application isn't known".into()),
            Err(error) => Some(format!("would stop at its own layout block: {error}")),
        };
        if let Some(problem) = problem {
            return Err(PlanRefusal::of("layout", format!("the second stage in {} {problem}", image.name()), HELP));
        }
    }
    Ok(sent.ok().flatten().or(present).map(|layout| layout.code_address()))
}

/// What to think of before an application is sent that names no loader in its own menu: with it the board takes no further
/// update over the console, unless it brings another. Of a program that doesn't open nothing is said.
pub(super) fn without_a_loader(project: &Project, target: UpdateTarget, image: &UpdateImage) -> Option<String> {
    let found = image.image().filter(|_| target == UpdateTarget::Application)?;
    let (program, _) = payload_in_the_clear(image.opened(), found, &Workshop::of(project).keys).ok()?;
    let offers = program.windows(OFFER.len()).any(|text| text == OFFER.as_bytes());
    (!offers).then(|| {
        format!(
            "the program in {} has no menu line “{OFFER}”: unless it brings another loader, this is the last update that \
             the board takes over its console; then only its credential leads back, to provision it anew",
            image.name()
        )
    })
}

/// How a layout differs from the one that the installed images were placed by. What it says on the console is no matter.
fn moved(present: &SecondStageLayout, sent: &SecondStageLayout) -> Option<String> {
    if present.code_address() != sent.code_address() {
        return Some(format!(
            "starts the application at {}, the project's at {}: the installed application would not run",
            grouped(sent.code_address()),
            grouped(present.code_address())
        ));
    }
    ((present.run, present.application, present.data) != (sent.run, sent.application, sent.data)).then(|| {
        "has other slots in its layout block than the project's: it would not find the installed images".to_owned()
    })
}

impl UpdatePlan {
    /// Whether the slots are still where the board has them: a project in which they moved since names a place on this
    /// board that may hold what is installed. Boards without a record, or with one of a studio that didn't keep them, are
    /// taken as the project has them.
    ///
    /// # Errors
    /// When they moved.
    pub(super) fn check_slots(&self, records: &[Record], uid: Option<&str>) -> Result<(), PlanRefusal> {
        let role = match self.target {
            UpdateTarget::Application => ImageRole::Application,
            UpdateTarget::SecondStage => ImageRole::SecondStage,
        };
        let closed = records.iter().rfind(|record| record.passed() && record.uid.as_deref() == uid);
        let flash = closed.and_then(|record| record.steps.iter().find(|step| step.step == StepId::ExternalFlash));
        let Some(kept) = flash.and_then(|step| step.evidence.facts.get(role.download_slot_fact())) else {
            return Ok(());
        };
        let planned = format!("{:#010x}", self.slot.start);
        if *kept == planned {
            return Ok(());
        }
        let problem = format!(
            "the project has the {}'s download slot at {planned}, and this board was provisioned with it at {kept}",
            self.target
        );
        Err(PlanRefusal::of("slot", problem, HELP))
    }

    /// Whether the application will be started where the one that runs now was started. An image that will be refused is
    /// held to it, too: on a board with other slots the project's download slot can be a part of what is installed.
    ///
    /// # Errors
    /// When it won't.
    pub fn check_place(&self, running: &Banner) -> Result<(), PlanRefusal> {
        let (Some(starts), Some(runs)) = (self.application_start, running.running_at) else { return Ok(()) };
        if starts == runs {
            return Ok(());
        }
        let problem = match self.target {
            UpdateTarget::Application => format!(
                "{} is made to start at {}, and this board starts its application at {}: installed it would not run, and \
                 the slots may be others",
                self.image,
                grouped(starts),
                grouped(runs)
            ),
            UpdateTarget::SecondStage => format!(
                "the second stage in {} starts the application at {}, and the installed one is made for {}: it would not \
                 run any more",
                self.image,
                grouped(starts),
                grouped(runs)
            ),
        };
        Err(PlanRefusal::of("layout", problem, HELP))
    }
}
