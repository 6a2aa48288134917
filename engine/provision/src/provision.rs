//! The one call that window and commands share: outputs, plan, link, run, record.

use project::{Project, ProjectError};

use crate::boards::BoardAddress;
use crate::capability::{Authority, LeaveOpen};
use crate::error::ProvisionError;
use crate::execute::{Cancel, Event, execute};
use crate::journal::RunFolder;
use crate::link::Link;
use crate::plan::{FinalState, Plan, PlanRefusal, Reason, plan};
use crate::profile::BoardProfile;
use crate::record::Record;
use crate::silicon_options::SiliconOptions;

/// Provisions a board with a project, or finishes a run that broke off: from OPEN at the beginning, from PROVISIONING
/// at the debug-authentication object, from CLOSED by proof alone. The record is saved in the board's folder, whether
/// the run passed or not.
///
/// # Errors
/// The plan's refusal, before a board is opened; everything that opening and running can give.
pub fn provision(
    project: &Project,
    board: &BoardAddress,
    final_state: FinalState,
    cancel: &Cancel,
    events: &mut dyn FnMut(Event),
) -> Result<Record, ProvisionError> {
    let (plan, outputs) = plan_for(project, final_state)?;
    let mut link = Link::open(board, &SiliconOptions::default())?;
    run(&plan, &outputs, &mut link, &RunFolder::for_board(board), cancel, events)
}

/// As [`provision`], on a link that is already open, remembering in a folder of the caller's choice.
///
/// # Errors
/// As [`provision`].
pub fn provision_on(
    project: &Project,
    link: &mut Link,
    folder: &RunFolder,
    final_state: FinalState,
    cancel: &Cancel,
    events: &mut dyn FnMut(Event),
) -> Result<Record, ProvisionError> {
    let (plan, outputs) = plan_for(project, final_state)?;
    run(&plan, &outputs, link, folder, cancel, events)
}

/// The plan of a project and the outputs it was made of: what [`provision`] will do.
///
/// # Errors
/// Outputs that can't be built; the plan's refusal.
pub fn plan_for(project: &Project, final_state: FinalState) -> Result<(Plan, project::Outputs), ProvisionError> {
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

fn run(
    plan: &Plan,
    outputs: &project::Outputs,
    link: &mut Link,
    folder: &RunFolder,
    cancel: &Cancel,
    events: &mut dyn FnMut(Event),
) -> Result<Record, ProvisionError> {
    if plan.final_state == FinalState::Locked {
        return Err(ProvisionError::LockNeedsConsent);
    }
    let Some(proof) = link.virtual_link() else {
        return Err(ProvisionError::RealBoard { board: link.address().to_string() });
    };
    let authority = Authority::Close(LeaveOpen::on_virtual_board(&proof));
    execute(plan, outputs, link, authority, folder, cancel, events)
}
