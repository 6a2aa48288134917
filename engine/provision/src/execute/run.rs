//! The run itself: where it takes up, step after step, journal and record around each.

use std::time::Instant;

use chip::product_state::ProductState;
use project::Outputs;
use sha2::{Digest, Sha256};

use super::{Authority, Cancel, Event, Right};
use crate::capability::{Acknowledged, Qualified, RunMark, WayBack};
use crate::error::ProvisionError;
use crate::evidence::Evidence;
use crate::firmware;
use crate::journal::{Entry, History, Journal, RunFolder};
use crate::link::{Link, Survey};
use crate::material::Material;
use crate::plan::{Action, FinalState, Plan, Step, StepId};
use crate::preflight::{Verdict, preflight};
use crate::profile::BoardProfile;
use crate::record::{Outcome, Record, StepRecord, StepResult, hex, now};
use crate::timings::Timings;
use crate::trial::Sighting;
use crate::way_back::Leaving;

/// Runs a plan, or finishes a run of it that broke off: the chip's state decides where it takes up.
///
/// A record is saved whether the run passed or not, and told with [`Event::Finished`].
///
/// # Errors
/// [`ProvisionError::LockNeedsConsent`], [`ProvisionError::NoWayBack`] and [`ProvisionError::SampleKeys`] before anything
/// is touched, [`ProvisionError::OtherBoard`] before anything is written; then whatever the step gave that failed.
pub fn execute(
    plan: &Plan,
    outputs: &Outputs,
    link: &mut Link,
    authority: Authority<'_>,
    folder: &RunFolder,
    cancel: &Cancel,
    events: &mut dyn FnMut(Event),
) -> Result<Record, ProvisionError> {
    run_plan(plan, &Material::of(outputs), link, authority, folder, cancel, events).map(|(record, _)| record)
}

/// As [`execute`], whatever goes into the download slots; of a trial, what the boot stages did with it, too.
pub(crate) fn run_plan(
    plan: &Plan,
    material: &Material<'_>,
    link: &mut Link,
    authority: Authority<'_>,
    folder: &RunFolder,
    cancel: &Cancel,
    events: &mut dyn FnMut(Event),
) -> Result<(Record, Option<Sighting>), ProvisionError> {
    authority.require_for(plan, link.address())?;
    if !plan.is_made_of(material) {
        return Err(ProvisionError::Internal { what: "the outputs are not the ones that the plan was made of".into() });
    }
    let mut timings = Timings::of(folder);
    events(Event::Started { expected_seconds: timings.expected(plan) });

    let rom = link.virtual_board().map(|_| hex(&Sha256::digest(firmware::ROM)));
    let began = Instant::now();
    let mut record = Record {
        format: Record::FORMAT,
        studio: env!("CARGO_PKG_VERSION").into(),
        rom,
        project: plan.project.clone(),
        sample_keys: plan.sample_keys.clone(),
        board: link.address().to_string(),
        uid: None,
        final_state: plan.final_state,
        plan: hex(&plan.hash),
        inputs: plan.inputs.clone(),
        began: now(),
        seconds: 0.0,
        steps: Vec::new(),
        banner: None,
        outcome: Outcome::Passed,
    };
    let mut run = Run {
        plan,
        material,
        link,
        authority,
        cancel,
        events,
        index: None,
        record: &mut record,
        timings: &mut timings,
        mark: RunMark::of_plan(plan.hash, plan.stages),
        board: None,
        named: None,
        qualified: None,
        authentication: Authentication::Missing,
        stored: Vec::new(),
        sighting: None,
    };
    let result = run.all(folder);
    let (index, sighting) = (run.index, run.sighting.take());
    let title = index.and_then(|index| plan.steps.get(index)).map(|step| step.title.clone());
    record.seconds = began.elapsed().as_secs_f64();
    if let Err(error) = &result {
        record.outcome = match error {
            ProvisionError::Cancelled { step } => Outcome::Cancelled { step: step.clone() },
            error => Outcome::Failed { step: title, what: error.to_string(), help: error.help() },
        };
        events(Event::Failed { index, what: error.to_string(), help: error.help() });
    }
    link.disconnect();
    let saved = record.save(folder);
    // A lost estimate is no reason to fail a run; the log says so.
    if let Err(error) = timings.save() {
        events(Event::Log(error.to_string()));
    }
    events(Event::Finished(Box::new(record.clone())));
    result?;
    saved?;
    Ok((record, sighting))
}

/// What the chip holds of the debug-authentication object in this run, and what is proved of it. Storing it anew takes the
/// place of whatever was proved.
#[derive(Default)]
pub(super) enum Authentication {
    /// Nothing was acknowledged.
    #[default]
    Missing,
    /// It was acknowledged, and nothing is proved.
    Stored(Acknowledged),
    /// The way back is proved.
    Proved(WayBack),
}

/// A run under way. The steps themselves are in the sibling files.
pub(super) struct Run<'a> {
    pub(super) plan: &'a Plan,
    pub(super) material: &'a Material<'a>,
    pub(super) link: &'a mut Link,
    pub(super) authority: Authority<'a>,
    pub(super) cancel: &'a Cancel,
    pub(super) events: &'a mut dyn FnMut(Event),
    /// The step under way.
    pub(super) index: Option<usize>,
    pub(super) record: &'a mut Record,
    timings: &'a mut Timings,
    /// This run, as a proof names it.
    pub(super) mark: RunMark,
    /// The board, once the survey read it.
    pub(super) board: Option<[u8; 12]>,
    /// What the board called itself in the mailbox after the object was stored.
    pub(super) named: Option<[u8; 12]>,
    /// The regression that this board went through, until the object is proved by it.
    pub(super) qualified: Option<Qualified>,
    pub(super) authentication: Authentication,
    /// What the chip acknowledged of the other objects, one each.
    pub(super) stored: Vec<Acknowledged>,
    /// What the boot stages did with an image under trial.
    pub(super) sighting: Option<Sighting>,
}

/// Where a run takes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TakeUp {
    /// OPEN, or PROVISIONING with a password, whose regression comes first: everything.
    Beginning,
    /// PROVISIONING: what was proved in OPEN stands, the rest anew.
    Objects,
    /// CLOSED by this plan: proof alone.
    Proof,
}

impl Run<'_> {
    fn all(&mut self, folder: &RunFolder) -> Result<(), ProvisionError> {
        // The survey writes nothing, and its answer decides whether this plan's journal may be opened at all: another
        // plan's journal must survive a run that is refused.
        let (take_up, survey_evidence, seconds) = self.survey_step(folder)?;
        let mut journal = folder.journal(self.plan, self.record.uid.as_deref())?;
        journal.append(Entry::Begun { step: StepId::Survey })?;
        self.proved(&mut journal, 0, StepId::Survey, survey_evidence, seconds)?;

        let plan = self.plan;
        for (index, step) in plan.steps.iter().enumerate().skip(1) {
            self.index = Some(index);
            if let Some(evidence) = earlier_proof(take_up, step, journal.history()) {
                self.skipped(index, step, evidence);
                continue;
            }
            if self.cancel.is_cancelled() {
                return self.cancelled(&mut journal, step);
            }
            journal.append(Entry::Begun { step: step.id })?;
            (self.events)(Event::StepStarted { index, title: step.title.clone() });
            let began = Instant::now();
            match self.step(step) {
                Ok(evidence) => {
                    // The disk holds what the step did before the journal says so.
                    if let Some(board) = self.link.virtual_board() {
                        board.save()?;
                    }
                    self.proved(&mut journal, index, step.id, evidence, began.elapsed().as_secs_f64())?;
                }
                Err(error) => {
                    // The step's own error is the one to tell, even when the journal can't be written any more.
                    drop(journal.append(Entry::Broken { step: step.id, reason: error.to_string() }));
                    return Err(error);
                }
            }
        }
        journal.append(Entry::Finished)
    }

    fn survey_step(&mut self, folder: &RunFolder) -> Result<(TakeUp, Evidence, f64), ProvisionError> {
        self.index = Some(0);
        if let Some(step) = self.plan.steps.first() {
            if self.cancel.is_cancelled() {
                return Err(ProvisionError::Cancelled { step: step.title.clone() });
            }
            (self.events)(Event::StepStarted { index: 0, title: step.title.clone() });
        }
        let began = Instant::now();
        let survey = self.link.survey()?;
        (self.events)(Event::Surveyed(Box::new(survey.clone())));
        self.board = survey.uid;
        self.record.uid = survey.uid.map(|uid| hex(&uid));
        let profile = BoardProfile::named(&self.plan.profile).unwrap_or_else(BoardProfile::discovery_kit);
        let leaving = match self.authority.right {
            Right::Close { .. } => Leaving::WithWayBack,
            Right::Lock(consent) => Leaving::to_lock(consent),
        };
        if let (Right::Lock(consent), Some(found)) = (self.authority.right, survey.uid)
            && consent.uid() != found
        {
            return Err(ProvisionError::OtherBoard { permitted: hex(&consent.uid()), found: hex(&found) });
        }
        let bad =
            preflight(&survey, Some(&leaving), &profile).into_iter().find(|finding| finding.verdict == Verdict::Bad);
        if let Some(finding) = bad {
            return Err(ProvisionError::Preflight { check: finding.check.into(), reason: finding.text });
        }
        let take_up = take_up(&survey, self.plan, &folder.history()?)?;
        if take_up != TakeUp::Proof {
            // Whatever is sent from now on is for this board alone.
            self.board()?;
        }
        let evidence = survey_evidence(&survey, take_up);
        Ok((take_up, evidence, began.elapsed().as_secs_f64()))
    }

    fn step(&mut self, step: &Step) -> Result<Evidence, ProvisionError> {
        match &step.action {
            Action::Survey => Err(ProvisionError::Internal { what: "a second survey in one plan".into() }),
            Action::Qualify { obw1, obw2 } => self.qualify(*obw1, *obw2),
            Action::MemoryOptions { obw1, obw2 } => self.memory_options(*obw1, *obw2),
            Action::ExternalFlash { slots, algorithm } => self.external_flash(slots, algorithm),
            Action::ToProvisioning => self.climb_to_provisioning(),
            Action::Store(role) => self.store(*role),
            Action::Discover => self.discover(),
            Action::ProveWayBack => self.prove_way_back(),
            Action::ProtectionsOff => self.protections_off(),
            Action::Loader { address } => self.write_loader(*address),
            Action::ProtectLoader { wrp } => self.protect_loader(*wrp),
            Action::SelectRootOfTrust => self.select_root_of_trust(),
            Action::SearchMemory => self.search_memory(),
            Action::ToFinalState => self.climb_to_final_state(),
            Action::ProveClosed => self.prove_closed(),
            Action::WatchApplication => self.watch_application(),
            Action::WatchTrial(by) => self.watch_trial(*by),
        }
    }

    fn proved(
        &mut self,
        journal: &mut Journal,
        index: usize,
        step: StepId,
        evidence: Evidence,
        seconds: f64,
    ) -> Result<(), ProvisionError> {
        journal.append(Entry::Proved { step, evidence: evidence.clone() })?;
        self.timings.learn(self.plan.stages, step, seconds);
        self.keep(index, StepResult::Proved, evidence.clone(), seconds);
        (self.events)(Event::StepProved { index, evidence: evidence.text, seconds });
        Ok(())
    }

    fn skipped(&mut self, index: usize, step: &Step, evidence: Evidence) {
        debug_assert_eq!(self.plan.steps.get(index).map(|step| step.id), Some(step.id));
        self.keep(index, StepResult::ProvedEarlier, evidence.clone(), 0.0);
        (self.events)(Event::StepSkipped { index, evidence: evidence.text });
    }

    fn keep(&mut self, index: usize, result: StepResult, evidence: Evidence, seconds: f64) {
        if let Some(step) = self.plan.steps.get(index) {
            self.record.steps.push(StepRecord { step: step.id, title: step.title.clone(), result, evidence, seconds });
        }
    }

    fn cancelled(&mut self, journal: &mut Journal, step: &Step) -> Result<(), ProvisionError> {
        journal.append(Entry::Broken { step: step.id, reason: "cancelled".into() })?;
        // The core may stand halted in a flash algorithm: what runs after a cancel is the board's own code.
        self.link.reset_and_run()?;
        if let Some(board) = self.link.virtual_board() {
            board.save()?;
        }
        Err(ProvisionError::Cancelled { step: step.title.clone() })
    }

    /// Tells how far the step under way is.
    pub(super) fn progress(&mut self, done: u64, total: u64) {
        if let Some(index) = self.index {
            (self.events)(Event::Progress { index, done, total });
        }
    }

    /// Says something for the log.
    pub(super) fn log(&mut self, text: impl Into<String>) {
        (self.events)(Event::Log(text.into()));
    }

    /// Stops inside a step, where that leaves nothing half done.
    pub(super) fn safe_point(&self) -> Result<(), ProvisionError> {
        if !self.cancel.is_cancelled() {
            return Ok(());
        }
        let step = self.index.and_then(|index| self.plan.steps.get(index));
        Err(ProvisionError::Cancelled { step: step.map(|step| step.title.clone()).unwrap_or_default() })
    }
}

/// The chip's state, and for a closed chip the journal, decide where to take up.
fn take_up(survey: &Survey, plan: &Plan, history: &History) -> Result<TakeUp, ProvisionError> {
    let refuse = |state: &str, reason: &str| {
        Err(ProvisionError::WrongState { state: state.to_owned(), reason: reason.to_owned() })
    };
    match survey.product_state {
        Some(ProductState::Open) => Ok(TakeUp::Beginning),
        Some(ProductState::Provisioning) if plan.step(StepId::Qualification).is_some() => Ok(TakeUp::Beginning),
        Some(ProductState::Provisioning) => Ok(TakeUp::Objects),
        Some(state) if state == plan.final_state.product_state() => {
            let uid = survey.uid.map(|uid| hex(&uid));
            let ours = history.is_of(plan, uid.as_deref()) && history.began(StepId::FinalState);
            if ours {
                Ok(TakeUp::Proof)
            } else {
                refuse(state.name(), "it was not brought there by this plan, and nothing can be written to it any more")
            }
        }
        Some(state) => refuse(state.name(), "nothing can be written to it any more"),
        // A chip that is locked may say nothing at all: then the journal knows.
        None if plan.final_state == FinalState::Locked
            && history.is_of(plan, None)
            && history.began(StepId::FinalState) =>
        {
            Ok(TakeUp::Proof)
        }
        None => refuse("an unknown state", "the core's port is shut and the mailbox does not answer"),
    }
}

fn survey_evidence(survey: &Survey, take_up: TakeUp) -> Evidence {
    let state = survey.product_state.map_or("not read", ProductState::name);
    let from = match take_up {
        TakeUp::Beginning => "from the beginning",
        TakeUp::Objects => "taken up at the debug-authentication object",
        TakeUp::Proof => "proof alone",
    };
    let mut evidence = Evidence::text(format!("{state}; {from}")).with("product_state", state);
    if let Some(device) = survey.device {
        evidence = evidence.with("idcode", format!("{device:#010x}"));
    }
    if let Some(uid) = survey.uid {
        evidence = evidence.with("uid", hex(&uid));
    }
    if let Some(volts) = survey.voltage {
        evidence = evidence.with("volts", format!("{volts:.2}"));
    }
    evidence
}

/// What proves a step without doing it again.
fn earlier_proof(take_up: TakeUp, step: &Step, history: &History) -> Option<Evidence> {
    let earlier = || history.proof_of(step.id).cloned();
    match take_up {
        TakeUp::Beginning => None,
        // Objects are sent anew: only those that the chip acknowledges in this run count.
        TakeUp::Objects => match step.id {
            StepId::MemoryOptions | StepId::ExternalFlash => earlier(),
            StepId::Provisioning => {
                Some(earlier().unwrap_or_else(|| Evidence::text("the board was in PROVISIONING when this run began")))
            }
            _ => None,
        },
        TakeUp::Proof => match step.id {
            StepId::ClosedProof | StepId::Application => None,
            _ => Some(
                earlier().unwrap_or_else(|| Evidence::text("the board had reached the final state before this run")),
            ),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survey(state: Option<ProductState>) -> Survey {
        Survey {
            board: "a board".into(),
            product_state: state,
            uid: None,
            device: None,
            hdpl: None,
            core_in_reach: true,
            option_bytes: None,
            discovery: None,
            voltage: None,
        }
    }

    fn history(plan: &Plan, steps: &[StepId]) -> History {
        let run = Entry::Run { plan: plan.hash_text(), project: "sample".into(), uid: None, at: 0 };
        let begun = steps.iter().map(|step| Entry::Begun { step: *step });
        let lines: Vec<String> =
            std::iter::once(run).chain(begun).map(|entry| serde_json::to_string(&entry).unwrap()).collect();
        History::from_lines(&lines.join("\n"))
    }

    #[test]
    fn a_closed_board_is_taken_up_by_the_plan_that_closed_it_only() {
        let plan = Plan::empty(FinalState::Closed);
        let closed = survey(Some(ProductState::Closed));
        let ours = history(&plan, &[StepId::FinalState]);
        assert_eq!(take_up(&closed, &plan, &ours).unwrap(), TakeUp::Proof);
        assert!(take_up(&closed, &plan, &history(&plan, &[StepId::MemorySearch])).is_err());
        let other = Plan { hash: [8; 32], ..Plan::empty(FinalState::Closed) };
        assert!(take_up(&closed, &other, &ours).is_err());
    }

    #[test]
    fn a_silent_chip_is_taken_up_for_the_proof_by_the_plan_that_locked_it_only() {
        let (plan, closing) = (Plan::empty(FinalState::Locked), Plan::empty(FinalState::Closed));
        let ours = history(&plan, &[StepId::FinalState]);
        assert_eq!(take_up(&survey(None), &plan, &ours).unwrap(), TakeUp::Proof);
        assert!(take_up(&survey(None), &plan, &history(&plan, &[StepId::MemorySearch])).is_err());
        assert!(take_up(&survey(None), &closing, &history(&closing, &[StepId::FinalState])).is_err());
    }

    #[test]
    fn a_state_that_nothing_can_be_written_in_is_refused() {
        let plan = Plan::empty(FinalState::Closed);
        let empty = History::default();
        for state in [ProductState::Provisioned, ProductState::Locked] {
            assert!(take_up(&survey(Some(state)), &plan, &empty).is_err(), "{state}");
        }
        assert!(take_up(&survey(None), &plan, &empty).is_err());
        assert_eq!(take_up(&survey(Some(ProductState::Open)), &plan, &empty).unwrap(), TakeUp::Beginning);
        assert_eq!(take_up(&survey(Some(ProductState::Provisioning)), &plan, &empty).unwrap(), TakeUp::Objects);
    }
}
