//! The last step of a trial: the board boots, and whatever STiRoT then does is the result. An image that is refused is no
//! failure here.

use std::thread;
use std::time::{Duration, Instant};

use super::closing::{BANNER_KEPT, BANNER_QUIET, BANNER_TIMEOUT, POLL};
use super::run::Run;
use crate::error::ProvisionError;
use crate::evidence::Evidence;
use crate::trial::Sighting;

/// How long a started application may be silent before nothing more is expected of it, whatever it said before.
const SILENCE: Duration = Duration::from_secs(2);
/// Bytes of a console after which enough is heard: there are applications that never stop talking.
const ENOUGH: usize = 4 * BANNER_KEPT;

impl Run<'_> {
    pub(super) fn watch_trial(&mut self) -> Result<Evidence, ProvisionError> {
        let Some(board) = self.link.virtual_board().cloned() else {
            return Err(ProvisionError::Internal { what: "a trial on a board that is not virtual".into() });
        };
        let mut reader = board.console_reader();
        self.link.reset_and_run()?;
        self.link.disconnect();
        // From power-on: STiRoT may have begun as soon as the board was closed, and decided before this reset.
        let mut sighting = Sighting::default();
        let mut heard = Vec::new();
        let (began, mut last, mut started) = (Instant::now(), Instant::now(), None);
        loop {
            let resting = board.is_at_rest();
            sighting.follow(&board);
            if sighting.application_started() && started.is_none() {
                started = Some(Instant::now());
            }
            let new = reader.take();
            if !new.is_empty() {
                heard.extend(new);
                last = Instant::now();
            }
            let spoke = heard.contains(&b'\n') && last.elapsed() >= BANNER_QUIET;
            let silent = started.is_some_and(|since: Instant| since.max(last).elapsed() >= SILENCE);
            if spoke
                || silent
                || heard.len() >= ENOUGH
                || (resting && heard.is_empty())
                || began.elapsed() >= BANNER_TIMEOUT
            {
                break;
            }
            self.safe_point()?;
            thread::sleep(POLL);
        }
        let text: String = String::from_utf8_lossy(&heard).trim().chars().take(BANNER_KEPT).collect();
        if !text.is_empty() {
            self.record.banner = Some(text);
        }
        let evidence = Evidence::text(sighting.decision().to_string());
        self.sighting = Some(sighting);
        Ok(evidence)
    }
}
