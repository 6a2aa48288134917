//! What STiRoT did with an image, read from the words that it leaves in the trace. It reads them and decides nothing.

use board::TraceKind;
use chip::loader;
use chip::trace::{Check, Event, Stage, Stop, TraceWord};

use crate::bench::VirtualBoard;

/// Checks kept of one pass; a pass makes about ten.
const CHECKS_KEPT: usize = 64;

/// What STiRoT decided about the bytes in the download slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It had them installed.
    Installed,
    /// It had them erased, because of this check.
    Refused {
        /// The check that failed first.
        check: Check,
    },
    /// The iLoader saw no image there: the slot doesn't begin with the magic.
    NotSeen,
    /// It stopped before it decided.
    Stopped {
        /// Why.
        stop: Stop,
    },
    /// No decision was seen.
    Unknown,
}

impl std::fmt::Display for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Installed => f.write_str("STiRoT installed it"),
            Self::Refused { check } => write!(f, "STiRoT refused it; failed: {}", check.text()),
            Self::NotSeen => f.write_str("STiRoT saw no image in the download slot: it doesn't begin with the magic"),
            Self::Stopped { stop } => write!(f, "STiRoT stopped before it decided: {}", stop.text()),
            Self::Unknown => f.write_str("no decision of STiRoT's was seen"),
        }
    }
}

/// On which way through STiRoT a check was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// The image from the download slot lies in RAM.
    Download,
    /// The installed image lies in RAM.
    Installed,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TracedAnswer {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
}

/// One check that STiRoT told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TracedCheck {
    /// On which way.
    pub pass: Pass,
    /// What was checked.
    pub check: Check,
    /// How it ended.
    pub answer: TracedAnswer,
}

/// The words of a boot, followed as they come. Resets in the middle of a pass are no harm: only a pass that came to its
/// decision counts, and of the passes over the download slot the first.
#[derive(Debug, Default)]
pub(crate) struct Sighting {
    cursor: u64,
    /// The pass under way, and its checks.
    pass: Option<Pass>,
    checks: Vec<TracedCheck>,
    decision: Option<Decision>,
    decided_by: Vec<TracedCheck>,
    /// The checks of the last pass over the installed image that came to an end.
    started_by: Vec<TracedCheck>,
    started: bool,
    /// Why it last stopped.
    stop: Option<Stop>,
    first: Option<u64>,
    last: u64,
}

impl Sighting {
    /// Reads what the board left since the last call, or since power-on.
    pub(crate) fn follow(&mut self, board: &VirtualBoard) {
        let (cursor, words) = board.look(|board| {
            let trace = &board.peripherals.trace;
            let words = trace.since(self.cursor).filter_map(|entry| match entry.kind {
                TraceKind::Word(word) => Some((entry.at, word)),
                _ => None,
            });
            (trace.cursor(), words.collect::<Vec<_>>())
        });
        self.cursor = cursor;
        for (at, word) in words {
            self.hear(at, word);
        }
    }

    fn hear(&mut self, at: u64, word: TraceWord) {
        if word.stage != Stage::Stirot {
            return;
        }
        self.first.get_or_insert(at);
        self.last = at;
        // Each detail of these events is a small code.
        let code = word.detail.to_le_bytes()[0];
        match word.event {
            Event::CommandRead => {
                self.checks.clear();
                self.pass = match word.detail {
                    loader::RSSCMD_SECONDARY_LOADED => Some(Pass::Download),
                    loader::RSSCMD_PRIMARY_LOADED => Some(Pass::Installed),
                    _ => None,
                };
            }
            Event::Passed => self.check(code, TracedAnswer::Passed),
            Event::Failed => self.check(code, TracedAnswer::Failed),
            Event::UpdateSave => self.decide(Decision::Installed),
            Event::UpdateErase => {
                let failed = self.checks.iter().find(|check| check.answer == TracedAnswer::Failed);
                self.decide(failed.map_or(Decision::Unknown, |failed| Decision::Refused { check: failed.check }));
            }
            Event::StartsApplication => {
                self.started_by = std::mem::take(&mut self.checks);
                self.started = true;
            }
            Event::Stopped => {
                self.stop = Stop::from_code(code);
                if self.pass == Some(Pass::Installed) {
                    self.started_by = std::mem::take(&mut self.checks);
                } else {
                    match self.stop {
                        Some(Stop::NothingFound) => self.decide(Decision::NotSeen),
                        Some(stop) => self.decide(Decision::Stopped { stop }),
                        None => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn check(&mut self, code: u8, answer: TracedAnswer) {
        if let (Some(pass), Some(check)) = (self.pass, Check::from_code(code))
            && self.checks.len() < CHECKS_KEPT
        {
            self.checks.push(TracedCheck { pass, check, answer });
        }
    }

    fn decide(&mut self, decision: Decision) {
        if self.decision.is_none() {
            self.decision = Some(decision);
            self.decided_by = std::mem::take(&mut self.checks);
        }
    }

    /// What was decided about the download slot.
    pub(crate) fn decision(&self) -> Decision {
        self.decision.unwrap_or(Decision::Unknown)
    }

    /// Whether STiRoT handed over to an application.
    pub(crate) fn application_started(&self) -> bool {
        self.started
    }

    /// Why STiRoT stopped, when it said so.
    pub(crate) fn stop(&self) -> Option<Stop> {
        self.stop
    }

    /// Instructions from STiRoT's first word to its last.
    pub(crate) fn instructions(&self) -> u64 {
        self.first.map_or(0, |first| self.last.saturating_sub(first))
    }

    /// Every check that led to the decision, then every check before the application's start or the stop.
    pub(crate) fn into_checks(self) -> Vec<TracedCheck> {
        let mut checks = self.decided_by;
        checks.extend(self.started_by);
        checks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hears STiRoT's words, one instruction apart.
    fn heard(words: &[(Event, u16)]) -> Sighting {
        let mut sighting = Sighting::default();
        for (at, (event, detail)) in (100..).zip(words) {
            sighting.hear(at, TraceWord { stage: Stage::Stirot, event: *event, detail: *detail });
        }
        sighting
    }

    const DOWNLOAD: (Event, u16) = (Event::CommandRead, loader::RSSCMD_SECONDARY_LOADED);
    const INSTALLED: (Event, u16) = (Event::CommandRead, loader::RSSCMD_PRIMARY_LOADED);
    const EMPTY: (Event, u16) = (Event::CommandRead, loader::RSSCMD_EMPTY);

    const fn passed(check: Check) -> (Event, u16) {
        (Event::Passed, check as u16)
    }

    const fn failed(check: Check) -> (Event, u16) {
        (Event::Failed, check as u16)
    }

    const fn stopped(stop: Stop) -> (Event, u16) {
        (Event::Stopped, stop as u16)
    }

    #[test]
    fn what_follows_a_refusal_doesnt_change_the_decision() {
        let nothing = stopped(Stop::NothingFound);
        let sighting =
            heard(&[DOWNLOAD, passed(Check::KeyBlob), failed(Check::Hash), (Event::UpdateErase, 0), EMPTY, nothing]);
        assert_eq!(sighting.decision(), Decision::Refused { check: Check::Hash });
        assert_eq!((sighting.stop(), sighting.application_started()), (Some(Stop::NothingFound), false));
        assert_eq!(sighting.instructions(), 5);
        let checks: Vec<_> = sighting.into_checks().into_iter().map(|traced| (traced.check, traced.answer)).collect();
        assert_eq!(checks, [(Check::KeyBlob, TracedAnswer::Passed), (Check::Hash, TracedAnswer::Failed)]);
    }

    #[test]
    fn a_pass_that_a_reset_cut_off_counts_for_nothing() {
        let sighting = heard(&[DOWNLOAD, failed(Check::Hash), DOWNLOAD, passed(Check::Hash), (Event::UpdateSave, 0)]);
        assert_eq!(sighting.decision(), Decision::Installed);
        assert_eq!(sighting.into_checks().len(), 1);
    }

    #[test]
    fn an_installed_image_that_stops_is_installed_all_the_same() {
        let refused = stopped(Stop::ImageRefused);
        let sighting = heard(&[DOWNLOAD, (Event::UpdateSave, 0), INSTALLED, passed(Check::MinimumState), refused]);
        assert_eq!((sighting.decision(), sighting.stop()), (Decision::Installed, Some(Stop::ImageRefused)));
        let checks = sighting.into_checks();
        assert_eq!(
            checks.iter().map(|traced| (traced.pass, traced.check)).collect::<Vec<_>>(),
            [(Pass::Installed, Check::MinimumState)]
        );
    }

    #[test]
    fn nothing_found_without_a_decision_is_an_image_that_was_not_seen() {
        assert_eq!(heard(&[EMPTY, stopped(Stop::NothingFound)]).decision(), Decision::NotSeen);
        let failed = heard(&[(Event::CommandRead, loader::RSSCMD_ERROR), stopped(Stop::LoaderFailed)]);
        assert_eq!(failed.decision(), Decision::Stopped { stop: Stop::LoaderFailed });
        assert_eq!(heard(&[]).decision(), Decision::Unknown);
    }
}
