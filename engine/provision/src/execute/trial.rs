//! The last step of a trial: the board boots, and whatever the boot stages then do is the result. An image that is refused is no
//! failure here.

use std::thread;
use std::time::{Duration, Instant};

use super::closing::{BANNER_KEPT, BANNER_QUIET, Heard, POLL, banner_timeout};
use super::run::Run;
use crate::error::ProvisionError;
use crate::evidence::Evidence;
use crate::trial::{Sighting, TriedBy};

/// How long a started application may be silent before nothing more is expected of it, whatever it said before.
const SILENCE: Duration = Duration::from_secs(2);
/// Bytes of a console after which enough is heard: there are applications that never stop talking.
const ENOUGH: usize = 4 * BANNER_KEPT;

impl Run<'_> {
    pub(super) fn watch_trial(&mut self, by: TriedBy) -> Result<Evidence, ProvisionError> {
        let Some(board) = self.link.virtual_board().cloned() else {
            return Err(ProvisionError::Internal { what: "a trial on a board that is not virtual".into() });
        };
        let mut reader = board.console_reader();
        self.link.reset_and_run()?;
        self.link.disconnect();
        // From power-on: STiRoT may have begun as soon as the board was closed, and decided before this reset.
        let mut sighting = Sighting::of(by);
        let mut heard = Vec::new();
        let (began, mut last, mut started) = (Instant::now(), Instant::now(), None);
        loop {
            let resting = board.is_at_rest();
            sighting.follow(&board);
            if sighting.application_started() && started.is_none() {
                started = Some(Instant::now());
            }
            let new = reader.take();
            let nothing_new = new.is_empty();
            if !nothing_new {
                heard.extend(new);
                last = Instant::now();
            }
            let lines = match by {
                TriedBy::Stirot => heard.contains(&b'\n'),
                TriedBy::Oemurot => Heard::of(&String::from_utf8_lossy(&heard)).is_a_line(),
            };
            let spoke = lines && last.elapsed() >= BANNER_QUIET;
            let silent = started.is_some_and(|since: Instant| since.max(last).elapsed() >= SILENCE);
            if spoke
                || silent
                || heard.len() >= ENOUGH
                || (resting && nothing_new)
                || began.elapsed() >= banner_timeout(self.plan.stages)
            {
                break;
            }
            self.safe_point()?;
            thread::sleep(POLL);
        }
        let heard = String::from_utf8_lossy(&heard);
        let said = match by {
            TriedBy::Stirot => heard.into_owned(),
            TriedBy::Oemurot => Heard::of(&heard).application,
        };
        let text: String = said.trim().chars().take(BANNER_KEPT).collect();
        if !text.is_empty() {
            self.record.banner = Some(text);
        }
        let evidence = Evidence::text(format!("{} {}", by.name(), sighting.decision()));
        self.sighting = Some(sighting);
        Ok(evidence)
    }
}
