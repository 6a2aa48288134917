//! Carries out an update on a virtual board: asks, sends, lets it boot, and believes nothing but what boots.

use std::cmp::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use chip::ProductState;

use super::banner::Banner;
use super::boot::{BootWatch, SlotDecision};
use super::dialogue::Dialogue;
use super::plan::{UpdatePlan, UpdateStepId, UpdateTarget};
use super::record::{UpdateOutcome, UpdateRecord, UpdateStepRecord};
use crate::bench::VirtualBoard;
use crate::error::ProvisionError;
use crate::evidence::Evidence;
use crate::execute::Cancel;
use crate::journal::RunFolder;
use crate::link::Link;
use crate::record::{Record, hex, now};
use crate::silicon_options::SiliconOptions;

/// How long a board may take from the reset to the application's first words: an installation erases and writes a slot.
const BOOT: Duration = Duration::from_secs(180);
/// A board at rest that said nothing for so long will say nothing more.
const SILENT: Duration = Duration::from_millis(200);
const POLL: Duration = Duration::from_millis(2);

/// What an update tells while it goes on.
#[derive(Debug)]
#[non_exhaustive]
pub enum UpdateEvent {
    /// A step begins.
    StepStarted {
        /// Its place in the plan.
        index: usize,
        /// Its title.
        title: String,
    },
    /// The image is being sent.
    Progress {
        /// The step's place in the plan.
        index: usize,
        /// Bytes that the application acknowledged.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// A step is proved.
    StepProved {
        /// Its place in the plan.
        index: usize,
        /// What proved it.
        evidence: String,
        /// How long it took.
        seconds: f64,
    },
    /// The update failed, or was cancelled.
    Failed {
        /// The step's place in the plan.
        index: usize,
        /// What happened.
        what: String,
        /// What to do.
        help: String,
    },
    /// The update ended; its record, passed or not.
    Finished(Box<UpdateRecord>),
}

/// Carries out a plan on a board that stands in CLOSED or LOCKED. The record comes back, and in
/// [`UpdateEvent::Finished`] also when the update failed.
///
/// # Errors
/// A board in another state; nothing that answers on the console; a transfer that the application refuses;
/// [`ProvisionError::ImageRefused`] with the stage and the check when the image was sent and not taken, and what runs
/// now; slots that are others than those that `runs`, the board's folder, knows the board was provisioned with; a person's
/// wish to stop.
pub fn update(
    plan: &UpdatePlan,
    board: &VirtualBoard,
    runs: &RunFolder,
    cancel: &Cancel,
    events: &mut dyn FnMut(UpdateEvent),
) -> Result<UpdateRecord, ProvisionError> {
    let began = Instant::now();
    let record = UpdateRecord {
        update_format: UpdateRecord::FORMAT,
        studio: env!("CARGO_PKG_VERSION").into(),
        project: plan.project.clone(),
        board: board.path().display().to_string(),
        uid: None,
        target: plan.target,
        way_in: plan.way_in,
        image: plan.image.clone(),
        version: plan.version.map(|version| version.to_string()),
        sha256: hex(&plan.sha256),
        bytes: plan.bytes.len() as u64,
        slot: plan.slot.start,
        before: None,
        decision: None,
        after: None,
        began: now(),
        seconds: 0.0,
        steps: Vec::new(),
        outcome: UpdateOutcome::Cancelled,
    };
    let mut run = Run { plan, board, runs, cancel, events, record, at: 0 };
    let result = run.steps();
    run.record.seconds = began.elapsed().as_secs_f64();
    run.record.outcome = match &result {
        Ok(()) => UpdateOutcome::Passed,
        Err(ProvisionError::Cancelled { .. }) => UpdateOutcome::Cancelled,
        Err(error) => UpdateOutcome::Failed {
            step: plan.steps.get(run.at).map(|step| step.title.clone()),
            what: error.to_string(),
            help: error.help(),
        },
    };
    let Run { record, events, at, .. } = run;
    if let Err(error) = &result {
        events(UpdateEvent::Failed { index: at, what: error.to_string(), help: error.help() });
    }
    events(UpdateEvent::Finished(Box::new(record.clone())));
    result.map(|()| record)
}

struct Run<'a> {
    plan: &'a UpdatePlan,
    board: &'a VirtualBoard,
    runs: &'a RunFolder,
    cancel: &'a Cancel,
    events: &'a mut dyn FnMut(UpdateEvent),
    record: UpdateRecord,
    /// The step that is being done.
    at: usize,
}

impl Run<'_> {
    fn steps(&mut self) -> Result<(), ProvisionError> {
        self.step(UpdateStepId::Survey, Self::survey)?;
        let mut dialogue = Dialogue::begin(self.board, self.cancel);
        self.step(UpdateStepId::Console, |run| run.find_application(&mut dialogue))?;
        let mut watch = None;
        self.step(UpdateStepId::Send, |run| {
            watch = Some(BootWatch::begin(run.board, run.plan.profile));
            run.send(&mut dialogue)
        })?;
        let mut watch = watch.ok_or_else(|| ProvisionError::Internal { what: "an update without a watch".into() })?;
        self.step(UpdateStepId::Install, |run| run.boot(&mut dialogue, &mut watch))?;
        self.step(UpdateStepId::Boots, Self::what_boots)
    }

    /// Does a step, tells of it and records it.
    fn step(
        &mut self,
        id: UpdateStepId,
        act: impl FnOnce(&mut Self) -> Result<Evidence, ProvisionError>,
    ) -> Result<(), ProvisionError> {
        let Some((index, step)) = self.plan.step(id) else {
            return Err(ProvisionError::Internal { what: format!("an update without the step {id:?}") });
        };
        if self.cancel.is_cancelled() {
            return Err(ProvisionError::Cancelled { step: step.title.clone() });
        }
        self.at = index;
        let title = step.title.clone();
        (self.events)(UpdateEvent::StepStarted { index, title: title.clone() });
        let began = Instant::now();
        let evidence = act(self)?;
        let seconds = began.elapsed().as_secs_f64();
        (self.events)(UpdateEvent::StepProved { index, evidence: evidence.text.clone(), seconds });
        self.record.steps.push(UpdateStepRecord { step: id, title, evidence, seconds });
        Ok(())
    }

    fn survey(&mut self) -> Result<Evidence, ProvisionError> {
        let survey = Link::to_virtual_board(self.board, &SiliconOptions::default()).survey()?;
        self.record.uid = survey.uid.map(|uid| hex(&uid));
        self.plan.check_slots(&Record::load_all(self.runs), self.record.uid.as_deref())?;
        match survey.product_state {
            Some(state @ (ProductState::Closed | ProductState::Locked)) => {
                Ok(Evidence::text(format!("discovery names {state}")).with("way in", self.plan.way_in.text()))
            }
            Some(state) => Err(ProvisionError::WrongState {
                state: state.name().into(),
                reason: "an update over the console is for a board that was closed; here a debugger still writes"
                    .into(),
            }),
            None => Err(ProvisionError::Discovery { reason: "the board names no known state".into() }),
        }
    }

    fn find_application(&mut self, dialogue: &mut Dialogue<'_>) -> Result<Evidence, ProvisionError> {
        let running = dialogue.find_application()?;
        self.record.before = Some(running.clone());
        self.plan.check_counter(&running)?;
        self.plan.check_place(&running)?;
        let compared = match self.plan.compared_with(&running) {
            Some(Ordering::Greater) => "; the image is newer",
            Some(Ordering::Equal) => "; the image has the same version",
            Some(Ordering::Less) => "; the image is older",
            None => "",
        };
        Ok(Evidence::text(format!("{running}{compared}")).with("judged", self.plan.judgement.sentence()))
    }

    fn send(&mut self, dialogue: &mut Dialogue<'_>) -> Result<Evidence, ProvisionError> {
        let (plan, index, events) = (self.plan, self.at, &mut *self.events);
        let total = plan.bytes.len() as u64;
        let mut progress = |done| events(UpdateEvent::Progress { index, done, total });
        dialogue.send(&plan.image, &plan.bytes, plan.slot.start, &mut progress)?;
        Ok(Evidence::text(format!("{total} bytes at {:#010x}, read back by the application", plan.slot.start))
            .with("sha256", hex(&plan.sha256)))
    }

    /// Listens until an application has said who it is, or the board rests without a word.
    fn boot(&mut self, dialogue: &mut Dialogue<'_>, watch: &mut BootWatch) -> Result<Evidence, ProvisionError> {
        dialogue.forget_what_was_read();
        let began = Instant::now();
        let mut quiet = Instant::now();
        let after = loop {
            let before = dialogue.heard().len();
            dialogue.listen()?;
            watch.follow(self.board);
            if let Some(banner) = Banner::after_title(dialogue.heard()) {
                break Some(banner);
            }
            if dialogue.heard().len() != before || !self.board.is_at_rest() {
                quiet = Instant::now();
            }
            if quiet.elapsed() >= SILENT || began.elapsed() >= BOOT {
                break None;
            }
            thread::sleep(POLL);
        };
        watch.follow(self.board);
        let decision = watch.decision();
        self.record.decision = Some(decision.clone());
        self.record.after = after.clone();
        let runs = || match (&after, watch.stopped()) {
            (Some(banner), _) => banner.to_string(),
            (None, Some(stopped)) => format!("nothing ({stopped})"),
            (None, None) => "nothing that says so".into(),
        };
        match &decision {
            SlotDecision::Refused { .. } | SlotDecision::NotSeen { .. } => {
                Err(ProvisionError::ImageRefused { decision: decision.to_string(), runs: runs() })
            }
            _ if after.is_none() => Err(ProvisionError::NothingRuns { decision: decision.to_string(), runs: runs() }),
            _ => Ok(Evidence::text(decision.to_string())),
        }
    }

    fn what_boots(&mut self) -> Result<Evidence, ProvisionError> {
        let after =
            self.record.after.clone().ok_or_else(|| ProvisionError::Internal {
                what: "an update came to its end without a banner".into(),
            })?;
        let wanted = match self.plan.target {
            UpdateTarget::Application => self.plan.version,
            // The application is the one that ran before; of the second stage the installation is the proof.
            UpdateTarget::SecondStage => self.record.before.as_ref().and_then(Banner::image_version),
        };
        // The same version may have run before: that it boots is a proof together with the installation only.
        if !matches!(self.record.decision, Some(SlotDecision::Installed { .. })) {
            return Err(ProvisionError::NotProved {
                what: format!("no installation of the {} was seen; there runs {after}", self.plan.target),
            });
        }
        if wanted.is_some() && after.image_version() != wanted {
            let wanted = wanted.map(|version| version.to_string()).unwrap_or_default();
            return Err(ProvisionError::NotProved {
                what: format!("version {wanted} was expected, and there runs {after}"),
            });
        }
        Ok(Evidence::text(format!("there runs {after}")))
    }
}
