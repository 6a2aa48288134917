//! What a boot stage did with an image, read from the words that it leaves in the trace. It reads them and decides nothing.

use board::TraceKind;
use chip::loader;
use chip::trace::{Check, Event, Stage, Stop, Subject, SubjectImage, SubjectPlace, TraceWord};

use crate::bench::VirtualBoard;

/// Checks kept of one pass; a pass makes about ten.
const CHECKS_KEPT: usize = 64;

/// Which boot stage an image is tried by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TriedBy {
    /// STiRoT: the application of one boot stage, or the second of two.
    #[default]
    Stirot,
    /// OEMuRoT: the application of two boot stages.
    Oemurot,
}

impl TriedBy {
    /// As the field calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stirot => "STiRoT",
            Self::Oemurot => "OEMuRoT",
        }
    }

    const fn stage(self) -> Stage {
        match self {
            Self::Stirot => Stage::Stirot,
            Self::Oemurot => Stage::Oemurot,
        }
    }
}

/// What a boot stage decided about the bytes in its download slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It had them installed.
    Installed,
    /// It had them erased, because of this check.
    Refused {
        /// The check that failed first.
        check: Check,
    },
    /// Nobody saw an image there: the slot doesn't begin with the magic.
    NotSeen,
    /// It stopped before it decided.
    Stopped {
        /// Why.
        stop: Stop,
    },
    /// No decision was seen.
    Unknown,
}

/// What a stage found that makes a check fail, in words: the check's own name says what should have been.
pub(crate) const fn refusal_text(check: Check) -> &'static str {
    match check {
        Check::Configuration => "the stage's configuration object is missing or damaged",
        Check::Data => "the stage's data object is missing or damaged",
        Check::Magic => "it doesn't begin with the magic of this stage's images",
        Check::Header => "its header says what no image of this stage can",
        Check::Sizes => "its sizes and its slot don't fit each other",
        Check::Counter => "its security counter is lower than the stored one, so that it is an older release",
        Check::KeyBlob => "the key inside doesn't open with this board's: it was encrypted for another, or damaged",
        Check::Hash => "its bytes have another hash than it states: it was damaged or changed",
        Check::KeyHash => "another key signed it than the configured one",
        Check::Signature => "its signature doesn't hold: it was changed, or signed by someone else",
        Check::MinimumState => "the product state is below the configured minimum",
        Check::HashReference => "its hash isn't that of the image that ran last",
        Check::Layout => "the second stage's layout block can't work",
        Check::Protection => "cipher engine or memory protection don't stand as they should",
        Check::Vectors => "its vector table leads elsewhere than where it runs",
        Check::RunCopy => "the copy that would run isn't the installed image",
    }
}

/// What is said of the stage: “installed it”.
impl std::fmt::Display for Decision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Installed => f.write_str("installed it"),
            Self::Refused { check } => {
                write!(f, "refused it at the check “{}”: {}", check.text(), refusal_text(*check))
            }
            Self::NotSeen => f.write_str("saw no image in the download slot: it doesn't begin with the magic"),
            Self::Stopped { stop } => write!(f, "stopped before it decided: {}", stop.text()),
            Self::Unknown => f.write_str("was not seen to decide"),
        }
    }
}

/// On which way through the stage a check was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Over the image from the download slot.
    Download,
    /// Over the installed image.
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

/// One check that the stage told of.
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
    by: TriedBy,
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
    /// Of what this stage does.
    pub(crate) fn of(by: TriedBy) -> Self {
        Self { by, ..Self::default() }
    }

    /// The same, from behind a cursor of the trace on.
    pub(crate) fn since(self, cursor: u64) -> Self {
        Self { cursor, ..self }
    }

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
        if word.stage != self.by.stage() {
            return;
        }
        self.first.get_or_insert(at);
        self.last = at;
        match self.by {
            TriedBy::Stirot => self.hear_stirot(word),
            TriedBy::Oemurot => self.hear_oemurot(word),
        }
    }

    /// Of the second stage's images the application alone is looked at.
    fn hear_oemurot(&mut self, word: TraceWord) {
        let code = word.detail.to_le_bytes()[0];
        let of_application = SubjectImage::from_code(code) == Some(SubjectImage::Application);
        match word.event {
            Event::Judges => {
                let subject = Subject::decode(word.detail);
                let place = subject.filter(|subject| subject.image == SubjectImage::Application);
                let pass = place.map(|subject| match subject.place {
                    SubjectPlace::Download => Pass::Download,
                    SubjectPlace::Installation | SubjectPlace::RunCopy => Pass::Installed,
                });
                let copy = place.is_some_and(|subject| subject.place == SubjectPlace::RunCopy);
                // The copy's checks are part of the same way; of the data image none are kept.
                if pass.is_some() && !copy {
                    self.checks.clear();
                }
                self.pass = pass;
            }
            Event::Passed => self.check(code, TracedAnswer::Passed),
            Event::Failed => self.check(code, TracedAnswer::Failed),
            Event::Installed if of_application => self.decide(Decision::Installed),
            Event::DownloadErased if of_application => self.decide(self.refusal()),
            Event::DownloadIgnored if of_application => self.decide(Decision::NotSeen),
            Event::StartsApplication => {
                self.started_by = std::mem::take(&mut self.checks);
                self.started = true;
            }
            Event::Stopped => {
                self.stop = Stop::from_code(code);
                match (self.decision, self.stop) {
                    (None, Some(stop)) => self.decide(Decision::Stopped { stop }),
                    _ => self.started_by = std::mem::take(&mut self.checks),
                }
            }
            _ => {}
        }
    }

    /// Because of the first check that failed.
    fn refusal(&self) -> Decision {
        let failed = self.checks.iter().find(|check| check.answer == TracedAnswer::Failed);
        failed.map_or(Decision::Unknown, |failed| Decision::Refused { check: failed.check })
    }

    fn hear_stirot(&mut self, word: TraceWord) {
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
            Event::UpdateErase => self.decide(self.refusal()),
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

    /// Whose words are heard.
    pub(crate) fn by(&self) -> TriedBy {
        self.by
    }

    /// What was decided about the download slot.
    pub(crate) fn decision(&self) -> Decision {
        self.decision.unwrap_or(Decision::Unknown)
    }

    /// Whether the stage handed over to what it verified.
    pub(crate) fn application_started(&self) -> bool {
        self.started
    }

    /// Why the stage stopped, when it said so.
    pub(crate) fn stop(&self) -> Option<Stop> {
        self.stop
    }

    /// Instructions from the stage's first word to its last.
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

    /// Hears OEMuRoT's words, one instruction apart.
    fn heard_of_second(words: &[(Event, u16)]) -> Sighting {
        let mut sighting = Sighting::of(TriedBy::Oemurot);
        for (at, (event, detail)) in (100..).zip(words) {
            sighting.hear(at, TraceWord { stage: Stage::Oemurot, event: *event, detail: *detail });
        }
        sighting
    }

    const fn judges(image: SubjectImage, place: SubjectPlace) -> (Event, u16) {
        (Event::Judges, Subject { image, place }.encode())
    }

    #[test]
    fn the_second_stages_decision_is_about_the_application_and_not_about_its_data() {
        let (application, data) = (SubjectImage::Application, SubjectImage::Data);
        let erased = |image| (Event::DownloadErased, image as u16);
        let sighting = heard_of_second(&[
            judges(application, SubjectPlace::Download),
            passed(Check::Hash),
            (Event::Installed, application as u16),
            judges(application, SubjectPlace::Installation),
            passed(Check::Signature),
            erased(application),
            judges(data, SubjectPlace::Download),
            failed(Check::Hash),
            erased(data),
            (Event::StartsApplication, 0),
        ]);
        assert_eq!((sighting.decision(), sighting.application_started()), (Decision::Installed, true));
        let checks: Vec<_> = sighting.into_checks().into_iter().map(|traced| (traced.pass, traced.check)).collect();
        assert_eq!(checks, [(Pass::Download, Check::Hash), (Pass::Installed, Check::Signature)]);
    }

    #[test]
    fn what_the_second_stage_refuses_ignores_or_never_comes_to_is_told_apart() {
        let download = judges(SubjectImage::Application, SubjectPlace::Download);
        let nothing = stopped(Stop::NoBootableImage);
        let refused = heard_of_second(&[download, failed(Check::Counter), (Event::DownloadErased, 0), nothing]);
        assert_eq!(refused.decision(), Decision::Refused { check: Check::Counter });
        assert_eq!(refused.stop(), Some(Stop::NoBootableImage));
        assert_eq!(heard_of_second(&[(Event::DownloadIgnored, 0), nothing]).decision(), Decision::NotSeen);
        let never = heard_of_second(&[stopped(Stop::NoSecondData)]);
        assert_eq!(never.decision(), Decision::Stopped { stop: Stop::NoSecondData });
    }
}
