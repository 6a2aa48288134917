//! The one call that window and commands share: outputs, plan, link, run, record.

use project::{Outputs, Project, ProjectError, Wallet};

use crate::boards::BoardAddress;
use crate::capability::{Goal, LeaveOpen, SampleKeys};
use crate::error::ProvisionError;
use crate::execute::{Authority, Cancel, Event, Keeping, Right, execute};
use crate::journal::RunFolder;
use crate::link::Link;
use crate::plan::{FinalState, Plan, PlanRefusal, Reason, plan};
use crate::profile::BoardProfile;
use crate::record::Record;
use crate::silicon_options::SiliconOptions;
use crate::way_back::credential_for;

/// What a person decided about a run, and where its credential is kept.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// Where it ends.
    pub goal: &'a Goal,
    /// Whether keys that everybody has may go into a real board.
    pub sample_keys: SampleKeys,
    /// Where the credential is kept before the board is closed.
    pub wallet: &'a Wallet,
}

/// Provisions a board with a project, or finishes a run that broke off: from OPEN at the beginning, from PROVISIONING
/// at the debug-authentication object (by password at the beginning, after a regression), from CLOSED by proof alone. The
/// record is saved in the board's folder, whether the run passed or not.
///
/// # Errors
/// The plan's refusal, before a board is opened; [`ProvisionError::SampleKeys`] and, for LOCKED,
/// [`ProvisionError::OtherBoard`] before anything is written; everything that opening and running can give.
pub fn provision(
    project: &Project,
    board: &BoardAddress,
    terms: Terms<'_>,
    cancel: &Cancel,
    events: &mut dyn FnMut(Event),
) -> Result<Record, ProvisionError> {
    let (plan, outputs) = plan_for(project, terms.goal.final_state())?;
    let mut link = Link::open(board, &SiliconOptions::default())?;
    let run = Prepared { project, plan: &plan, outputs: &outputs };
    run.execute(&mut link, &RunFolder::for_board(board), terms, cancel, events)
}

/// As [`provision`], on a link that is already open, remembering in a folder of the caller's choice.
///
/// # Errors
/// As [`provision`].
pub fn provision_on(
    project: &Project,
    link: &mut Link,
    folder: &RunFolder,
    terms: Terms<'_>,
    cancel: &Cancel,
    events: &mut dyn FnMut(Event),
) -> Result<Record, ProvisionError> {
    let (plan, outputs) = plan_for(project, terms.goal.final_state())?;
    let run = Prepared { project, plan: &plan, outputs: &outputs };
    run.execute(link, folder, terms, cancel, events)
}

/// The plan of a project and the outputs it was made of: what [`provision`] will do.
///
/// # Errors
/// Outputs that can't be built; the plan's refusal.
pub fn plan_for(project: &Project, final_state: FinalState) -> Result<(Plan, Outputs), ProvisionError> {
    let profile = profile_of(project)?;
    let outputs = project.outputs_for(final_state.target()).map_err(|error| match error {
        ProjectError::Rules { findings } => PlanRefusal::from_findings(findings).into(),
        other => ProvisionError::Project(other),
    })?;
    let plan = plan(project, &outputs, final_state, &profile)?;
    Ok((plan, outputs))
}

/// The board profile that the project's settings name.
pub(crate) fn profile_of(project: &Project) -> Result<BoardProfile, PlanRefusal> {
    let name = &project.settings().board;
    BoardProfile::named(name).ok_or_else(|| {
        let known = BoardProfile::known().into_iter().map(|profile| profile.name).collect::<Vec<_>>();
        PlanRefusal {
            reasons: vec![Reason {
                rule: "profile".into(),
                text: format!("no board profile is called “{name}”"),
                help: format!("name one of {} in the project's settings", known.join(", ")),
            }],
        }
    })
}

/// A project with its plan.
struct Prepared<'a> {
    project: &'a Project,
    plan: &'a Plan,
    outputs: &'a Outputs,
}

impl Prepared<'_> {
    fn execute(
        &self,
        link: &mut Link,
        folder: &RunFolder,
        terms: Terms<'_>,
        cancel: &Cancel,
        events: &mut dyn FnMut(Event),
    ) -> Result<Record, ProvisionError> {
        let object = &self.outputs.debug_authentication.obk;
        let credential;
        let right = match terms.goal {
            Goal::Closed => {
                credential = credential_for(self.project, object)?;
                Right::Close {
                    leave: LeaveOpen::with_way_back(&credential, object)?,
                    keeping: Keeping::of_project(self.project, terms.wallet),
                }
            }
            Goal::Locked(consent) => Right::Lock(consent),
        };
        let authority = Authority { right, sample_keys: terms.sample_keys };
        execute(self.plan, self.outputs, link, authority, folder, cancel, events)
    }
}
