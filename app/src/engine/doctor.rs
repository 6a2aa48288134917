//! What the job of the recovery assistant does: measure the board, gather what this machine knows of it, and let the
//! engine judge. As the rest of `engine`, it blocks and decides nothing.

use project::Wallet;
use provision::SiliconOptions;
use provision::doctor::{self, Hints};

use super::Desk;
use crate::model::Card;
use crate::model::doctor::Depth;
use crate::sheets;
use crate::update::Report;

/// Examines the board on the desk. After a reset it is read again: it may stand elsewhere than before.
pub(super) fn examine(desk: &Desk, depth: Depth) -> Result<Vec<Report>, Card> {
    let address = desk.address()?;
    let how = match depth {
        Depth::Passive => doctor::Depth::Passive,
        Depth::WithReset => doctor::Depth::WithReset,
    };
    // It measures through a probe of its own.
    desk.let_go();
    let examination = doctor::examine(&address, &SiliconOptions::default(), how);
    let project = desk.project().ok();
    let hints = Hints::gather(&address, &examination, project.as_deref(), &Wallet::of_user());
    let causes = doctor::causes(&examination, &hints);
    let mut reports = vec![Report::Examined(Box::new(sheets::doctor::examination(&examination, &causes)))];
    if depth == Depth::WithReset
        && examination.debug_port.value().is_some()
        && let Ok(report) = super::read(desk, "examined")
    {
        reports.push(report);
    }
    Ok(reports)
}
