//! What should come of a scenario, from rules alone, and what came of it by the story. The rules know nothing of the run:
//! they are the reference's words about boot stages, one sentence each.

use chip::trace::{Check, Stop, SubjectPlace};
use formats::{CheckName, Installed, Opened, Verdict, Version, judge};
use project::Workshop;

use super::images;
use super::scenario::{InstalledSpot, Judge, OtherKey, Scenario, Spot, Tamper};
use super::story::{Lane, Outcome, Story, StoryImage};
use crate::trial::TracedAnswer;

/// What should come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Who refuses an image, and why; none when nothing is refused.
    pub refusal: Option<Refusal>,
    /// What runs in the end: one of these.
    pub then: Vec<Then>,
    /// What is held against what was seen.
    pub compared: Compared,
    /// The rule, in a sentence.
    pub rule: String,
}

/// How much of an expectation is held against what was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compared {
    /// Refusal and end.
    All,
    /// The end alone: after a loss of power a rest of an image may be refused on the way.
    End,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Who refused an image first, and why.
    pub refusal: Option<Refusal>,
    /// What ran in the end.
    pub then: Then,
}

/// A refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// By whom.
    pub by: Lane,
    /// At which check; none when the image that waits wasn't looked at, because its slot doesn't begin as one.
    pub check: Option<Check>,
}

/// What runs in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Then {
    /// An application.
    Runs {
        /// Its version.
        application: Option<Version>,
        /// The version of the second stage that started it, of two boot stages.
        second_stage: Option<Version>,
    },
    /// Nothing: a stage stopped.
    Nothing {
        /// Which.
        lane: Lane,
        /// Why.
        why: Stop,
    },
    /// Nothing, and nobody said why.
    Unexplained,
}

impl Refusal {
    /// The refusal in a few words.
    pub fn text(&self) -> String {
        match self.check {
            Some(check) => format!("{} refuses at “{}”", self.by.name(), check.text()),
            None => format!("{} sees no image there", self.by.name()),
        }
    }
}

impl Then {
    /// What it is, for people.
    pub fn text(&self) -> String {
        let name = |version: &Option<Version>| version.map_or_else(|| "without a version".into(), |v| v.to_string());
        match self {
            Self::Runs { application, second_stage: None } => format!("application {} runs", name(application)),
            Self::Runs { application, second_stage: Some(second) } => {
                format!("application {} runs, started by second stage {second}", name(application))
            }
            Self::Nothing { lane, why } => format!("nothing runs: {} stopped, {}", lane.name(), why.text()),
            Self::Unexplained => "nothing runs, and nobody said why".into(),
        }
    }
}

impl Expectation {
    fn of(refusal: Option<Refusal>, then: Then, rule: impl Into<String>) -> Self {
        Self { refusal, then: vec![then], compared: Compared::All, rule: rule.into() }
    }

    /// Whether that is what was seen.
    pub fn fits(&self, seen: &Seen) -> bool {
        (self.compared == Compared::End || self.refusal == seen.refusal) && self.then.contains(&seen.then)
    }

    /// What is expected, for people.
    pub fn text(&self) -> String {
        let then: Vec<_> = self.then.iter().map(Then::text).collect();
        told(self.refusal, &then.join(", or "))
    }
}

impl Seen {
    /// What a story shows of a scenario.
    pub fn of(story: &Story, scenario: &Scenario, judge: Option<Judge>) -> Self {
        let about_image = |lane: Lane| {
            let checks = story.of_lane(lane).flat_map(|pass| &pass.checks);
            checks.filter(|check| check.subject.is_some())
        };
        let failed = story
            .passes
            .iter()
            .flat_map(|pass| pass.checks.iter().map(move |check| (pass.lane, check)))
            // An older hash reference is no refusal: the signature is then looked at.
            .find(|(_, check)| check.answer == TracedAnswer::Failed && check.check != Check::HashReference);
        let refusal = match (failed, judge, scenario) {
            (Some((by, check)), ..) => Some(Refusal { by, check: Some(check.check) }),
            (None, _, Scenario::Boot) | (None, None, _) => None,
            (None, Some(judge), _) => {
                let image = image(judge);
                let looked = about_image(judge.lane()).filter_map(|check| check.subject);
                let mut looked = looked.filter(|seen| seen.image == image && seen.place == SubjectPlace::Download);
                let had_its_turn = story.of_lane(judge.lane()).next().is_some();
                (had_its_turn && looked.next().is_none()).then_some(Refusal { by: judge.looks(), check: None })
            }
        };
        let then = match story.outcome {
            Outcome::Runs { version, .. } => Then::Runs { application: version, second_stage: story.second_stage },
            Outcome::Stopped { lane, why } => Then::Nothing { lane, why },
            Outcome::PowerLost | Outcome::Quiet { .. } | Outcome::Busy { .. } => Then::Unexplained,
        };
        Self { refusal, then }
    }

    /// What was seen, for people.
    pub fn text(&self) -> String {
        told(self.refusal, &self.then.text())
    }
}

fn told(refusal: Option<Refusal>, then: &str) -> String {
    match refusal {
        Some(refusal) => format!("{}; {then}", refusal.text()),
        None => then.to_owned(),
    }
}

const fn image(judge: Judge) -> StoryImage {
    match judge {
        Judge::Stirot => StoryImage::OfStirot,
        Judge::Oemurot => StoryImage::Application,
    }
}

/// What the rules go by: how the board stands, and what was done to it.
pub(super) struct Case<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) tamper: &'a Tamper,
    /// The stage that takes the image that waits.
    pub(super) judge: Judge,
    /// What boots as the board stands.
    pub(super) now: Then,
    /// The counter below which `judge` takes no image.
    pub(super) kept: u32,
    /// The image that waits, as it was put there.
    pub(super) waiting: Option<&'a [u8]>,
    pub(super) workshop: &'a Workshop,
}

/// What should come of a case.
pub(super) fn expect(case: &Case<'_>) -> Expectation {
    let by = case.judge.lane();
    let unseen = Some(Refusal { by: case.judge.looks(), check: None });
    let keeps = |check, rule: &str| Expectation::of(Some(Refusal { by, check: Some(check) }), case.now, rule);
    match (case.tamper, case.scenario.version()) {
        (Tamper::FlipBit { spot }, Some(_)) => match spot {
            Spot::Magic => Expectation::of(
                unseen,
                case.now,
                "A slot that doesn't begin with the magic holds no image: it is left alone.",
            ),
            Spot::Header => keeps(Check::Hash, "The hash covers the header."),
            Spot::Payload => keeps(Check::Hash, "The hash covers the payload."),
            Spot::ProtectedTlv => keeps(Check::Hash, "The hash covers the security counter; a higher one is a lie."),
            Spot::Hash => keeps(Check::Hash, "The stated hash has to be the computed one."),
            Spot::KeyHash => keeps(Check::KeyHash, "The image has to name the configured key."),
            Spot::Signature => keeps(Check::Signature, "The signature has to be the configured key's."),
            Spot::WrappedKey => keeps(Check::KeyBlob, "A damaged key blob fails its own tag and opens nothing."),
            Spot::Chosen { .. } => judged(case),
        },
        (Tamper::OtherKey { key: OtherKey::Signer }, Some(_)) => {
            keeps(Check::KeyHash, "Whoever signs has to have the key whose public half the board holds.")
        }
        (Tamper::OtherKey { key: OtherKey::Recipient }, Some(_)) => {
            keeps(Check::KeyBlob, "An image for another device's key doesn't open here.")
        }
        (Tamper::OlderVersion, Some(_)) => {
            keeps(Check::Counter, "A lower security counter than the stored one is refused.")
        }
        (Tamper::SwapSlots, version) => Expectation::of(
            match case.judge {
                Judge::Stirot => version.and(unseen),
                Judge::Oemurot => noise(case.judge),
            },
            nothing(case.judge),
            "Ciphertext in a download slot is no image, and an image that wasn't installed through the memory cipher is \
             noise behind it.",
        ),
        (Tamper::Installed { judge, spot }, version) => installed(case, *judge, *spot, version),
        (Tamper::CutPower { .. }, version) => Expectation {
            refusal: None,
            then: match version {
                Some(version) => vec![runs(case, version), case.now],
                None => vec![case.now],
            },
            compared: Compared::End,
            rule: "Whenever power goes, the next boot ends with the old or the new.".into(),
        },
        (Tamper::None, Some(version)) if version.security_counter() < case.kept => {
            keeps(Check::Counter, "A lower security counter than the stored one is refused.")
        }
        (_, Some(version)) => Expectation::of(
            None,
            runs(case, version),
            "A whole image by the project's keys with no lower counter is installed and started.",
        ),
        (_, None) => Expectation::of(None, case.now, "Without a change what ran before runs again."),
    }
}

/// What runs when the image that waits was installed.
fn runs(case: &Case<'_>, version: Version) -> Then {
    match (case.now, case.scenario) {
        (Then::Runs { application, .. }, Scenario::InstallSecondStage { .. }) => {
            Then::Runs { application, second_stage: Some(version) }
        }
        (Then::Runs { second_stage, .. }, _) => Then::Runs { application: Some(version), second_stage },
        (now, _) => match case.judge {
            Judge::Stirot => Then::Runs { application: Some(version), second_stage: None },
            Judge::Oemurot => now,
        },
    }
}

/// How a stage ends that finds nothing to start.
const fn nothing(judge: Judge) -> Then {
    match judge {
        Judge::Stirot => Then::Nothing { lane: Lane::Stirot, why: Stop::NothingFound },
        Judge::Oemurot => Then::Nothing { lane: Lane::Oemurot, why: Stop::NoBootableImage },
    }
}

/// Who says that an installation slot holds no image, if anybody does: the iLoader looks and passes on, the second stage
/// judges what is there.
const fn noise(judge: Judge) -> Option<Refusal> {
    match judge {
        Judge::Stirot => None,
        Judge::Oemurot => Some(Refusal { by: Lane::Oemurot, check: Some(Check::Magic) }),
    }
}

/// A block of an installed image is garbled.
fn installed(case: &Case<'_>, judge: Judge, spot: InstalledSpot, version: Option<Version>) -> Expectation {
    if let Some(version) = version
        && judge == case.judge
    {
        let rule = "What is installed is replaced as a whole by the image that waits.";
        return Expectation::of(None, runs(case, version), rule);
    }
    let refused = |check| Some(Refusal { by: judge.lane(), check: Some(check) });
    let (refusal, rule) = match spot {
        InstalledSpot::Magic => {
            (noise(judge), "What doesn't begin with the magic behind the memory cipher is no image.")
        }
        InstalledSpot::Header => (refused(Check::Header), "The header is checked again at every start."),
        InstalledSpot::Payload => (refused(Check::Hash), "The whole image is hashed again at every start."),
    };
    let then = match (judge, spot) {
        (Judge::Stirot, InstalledSpot::Header | InstalledSpot::Payload) => {
            Then::Nothing { lane: Lane::Stirot, why: Stop::ImageRefused }
        }
        _ => nothing(judge),
    };
    Expectation::of(refusal, then, rule)
}

/// The host's own judgement of the image that waits: for a bit that no rule has a name for.
fn judged(case: &Case<'_>) -> Expectation {
    let opened = Opened::read(case.waiting.unwrap_or_default().to_vec());
    let profile = Some(images::profile(case.judge));
    let installed = Some(Installed { version: None, counter: case.kept });
    let circumstances = case.workshop.circumstances(profile, installed);
    let verdict = opened.images.first().map(|image| judge(&opened, image, &circumstances));
    let rule = verdict.as_ref().map_or_else(|| "No image begins there.".to_owned(), |verdict| verdict.sentence());
    let by = case.judge.lane();
    let check = match verdict.map(|verdict| verdict.verdict) {
        Some(Verdict::Refused { at }) => traced(at),
        Some(Verdict::NotSeen { .. }) | None => {
            let refusal = Some(Refusal { by: case.judge.looks(), check: None });
            return Expectation::of(refusal, case.now, rule);
        }
        Some(_) => {
            let then = case.scenario.version().map_or(case.now, |version| runs(case, version));
            return Expectation::of(None, then, rule);
        }
    };
    Expectation::of(Some(Refusal { by, check: Some(check) }), case.now, rule)
}

/// The stage's check that is the host's.
const fn traced(name: CheckName) -> Check {
    match name {
        CheckName::Magic => Check::Magic,
        CheckName::Slot | CheckName::Structure | CheckName::Payload => Check::Sizes,
        CheckName::ProtectedTlvs | CheckName::Tlvs => Check::Sizes,
        CheckName::WrappedKey => Check::KeyBlob,
        CheckName::Counter => Check::Counter,
        CheckName::Hash => Check::Hash,
        CheckName::KeyHash => Check::KeyHash,
        CheckName::Signature => Check::Signature,
        _ => Check::Header,
    }
}
