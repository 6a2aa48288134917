//! Whether an update leaves the board an application that starts. Slots are overwritten, and the loader that takes updates
//! is the application itself: a second stage that looks elsewhere than the one before, or an application that is linked
//! elsewhere, is installed by the book, and nothing would take another update.

use chip::loader::IMAGE_HEADER_SIZE;
use formats::{ImageProfile, Judgement, SecondStageLayout, Verdict, payload_in_the_clear};
use project::{Project, Workshop, grouped};

use super::banner::Banner;
use super::image::UpdateImage;
use super::plan::{UpdatePlan, UpdateTarget};
use crate::plan::PlanRefusal;

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
