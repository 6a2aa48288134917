//! A boot as a story: passes in lanes across resets, each check with what it saw and decided, each act, the console
//! beside them. Plain values, made by `telling.rs`; nothing here runs anything.

use board::ResetCause;
use chip::trace::{Check, Event, Stage, Stop, SubjectPlace};
use formats::Version;

use crate::trial::TracedAnswer;

/// Who has the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// The ROM's first part, at HDPL 0.
    Rss,
    /// The immutable root of trust, at HDPL 1.
    Stirot,
    /// The loader in user flash, at HDPL 3.
    Iloader,
    /// The updatable second boot stage, at HDPL 2.
    Oemurot,
    /// The application.
    Application,
}

impl Lane {
    /// All of them, from the top of a picture down.
    pub const ALL: [Self; 5] = [Self::Rss, Self::Stirot, Self::Iloader, Self::Oemurot, Self::Application];

    /// Its name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rss => "RSS",
            Self::Stirot => "STiRoT",
            Self::Iloader => "iLoader",
            Self::Oemurot => "OEMuRoT",
            Self::Application => "Application",
        }
    }

    pub(super) const fn of(stage: Stage) -> Self {
        match stage {
            Stage::Rss => Self::Rss,
            Stage::Stirot => Self::Stirot,
            Stage::Iloader => Self::Iloader,
            Stage::Oemurot => Self::Oemurot,
        }
    }
}

/// What happened from a power-on to where the board came to rest. Times are instructions since the story's beginning;
/// they go on over resets and losses of power.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Who had the core, in order: each pass begins where the one before it ended.
    pub passes: Vec<Pass>,
    /// Power-on and every reset after it, in order.
    pub resets: Vec<StoryReset>,
    /// The version of the second stage that ran last, of two boot stages.
    pub second_stage: Option<Version>,
    /// What UART 4 sent, in lines.
    pub console: Vec<ConsoleLine>,
    /// Instructions from beginning to end.
    pub instructions: u64,
    /// How it ended.
    pub outcome: Outcome,
}

/// One reset, or power coming on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoryReset {
    /// When.
    pub at: u64,
    /// Why.
    pub cause: ResetCause,
    /// Who had the core; none at power-on.
    pub by: Option<Lane>,
}

/// One stage's time between two hand-overs or resets.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// Who.
    pub lane: Lane,
    /// After which of the story's resets.
    pub reset: usize,
    /// First instruction.
    pub began: u64,
    /// The instruction behind its last.
    pub ended: u64,
    /// What it was about, in a few words.
    pub title: String,
    /// Its checks, in order.
    pub checks: Vec<StoryCheck>,
    /// What else it said that it did, in order.
    pub acts: Vec<StoryAct>,
    /// What it decided, where it decides anything.
    pub decision: Option<String>,
}

/// One check.
#[derive(Debug, Clone, PartialEq)]
pub struct StoryCheck {
    /// When its word was left.
    pub at: u64,
    /// What was checked.
    pub check: Check,
    /// How it ended.
    pub answer: TracedAnswer,
    /// The image that it was about; none for what isn't about an image.
    pub subject: Option<Subject>,
    /// What lay before it, in a sentence: numbers, names, hashes. Empty where nothing is known.
    pub saw: String,
}

impl StoryCheck {
    /// What was checked, in the words of the stage that did it: each stage has objects of its own.
    pub const fn name(&self, lane: Lane) -> &'static str {
        match (lane, self.check) {
            (Lane::Oemurot, Check::Configuration) => "OEMuROT_Config is stored and intact",
            (Lane::Oemurot, Check::Data) => "OEMuROT_Data is stored and intact",
            (_, check) => check.text(),
        }
    }
}

/// The image that a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    /// Which image.
    pub image: StoryImage,
    /// Where it lay.
    pub place: SubjectPlace,
}

/// Which image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoryImage {
    /// The one that STiRoT installs: the application of one boot stage, the second stage of two.
    OfStirot,
    /// The application that the second stage installs.
    Application,
    /// The second stage's data image.
    Data,
}

/// Something that a stage did.
#[derive(Debug, Clone, PartialEq)]
pub struct StoryAct {
    /// When its word was left.
    pub at: u64,
    /// The word's event.
    pub event: Event,
    /// The word's detail.
    pub detail: u16,
    /// What it was, in a sentence.
    pub text: String,
}

/// One line of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleLine {
    /// When its first byte was seen.
    pub at: u64,
    /// The line without its end. Control characters are as they came.
    pub text: String,
}

/// How a story ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The application has the core.
    Runs {
        /// Its version, by the header in front of it.
        version: Option<Version>,
        /// Where its code begins.
        at: u32,
        /// The hide protection level.
        hdpl: u8,
    },
    /// A stage stopped for good.
    Stopped {
        /// Which.
        lane: Lane,
        /// Why.
        why: Stop,
    },
    /// Power went and was not given back.
    PowerLost,
    /// The core sleeps or is locked up, and nobody said why.
    Quiet {
        /// Who had it.
        lane: Lane,
    },
    /// It was still busy when enough was seen.
    Busy {
        /// Who has it.
        lane: Lane,
    },
}

impl Story {
    /// The passes of one lane, in order.
    pub fn of_lane(&self, lane: Lane) -> impl Iterator<Item = &Pass> {
        self.passes.iter().filter(move |pass| pass.lane == lane)
    }

    /// The first check that failed, and in whose pass.
    pub fn first_failure(&self) -> Option<(&Pass, &StoryCheck)> {
        let failed = |check: &&StoryCheck| check.answer == TracedAnswer::Failed;
        self.passes.iter().find_map(|pass| Some((pass, pass.checks.iter().find(failed)?)))
    }

    /// Whether a stage left this word.
    pub fn says(&self, lane: Lane, event: Event) -> bool {
        self.act(lane, event).is_some()
    }

    /// The first act of a stage with this event.
    pub fn act(&self, lane: Lane, event: Event) -> Option<&StoryAct> {
        self.of_lane(lane).flat_map(|pass| &pass.acts).find(|act| act.event == event)
    }

    /// The outcome in a sentence.
    pub fn ending(&self) -> String {
        match &self.outcome {
            Outcome::Runs { version: Some(version), at, hdpl } => {
                format!("version {version} runs at {} at HDPL {hdpl}", project::grouped(*at))
            }
            Outcome::Runs { version: None, at, hdpl } => {
                format!("an application without a header runs at {} at HDPL {hdpl}", project::grouped(*at))
            }
            Outcome::Stopped { lane, why } => format!("{} stopped: {}", lane.name(), why.text()),
            Outcome::PowerLost => "power went".into(),
            Outcome::Quiet { lane } => format!("the core sleeps in {}, without a word why", lane.name()),
            Outcome::Busy { lane } => format!("{} is still busy", lane.name()),
        }
    }
}

impl Pass {
    /// Instructions that it took.
    pub const fn instructions(&self) -> u64 {
        self.ended.saturating_sub(self.began)
    }
}

/// What a part of a pass cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Which part: a check with its image, the second round of a verification, or what led to an act.
    pub part: String,
    /// Instructions that it took.
    pub instructions: u64,
}

impl Pass {
    /// What each part of it cost, in order: from one word to the next. A stage tells of the first round of a verification;
    /// what follows the last check of an image is the second.
    pub fn shares(&self) -> Vec<Share> {
        enum Word<'a> {
            Check(&'a StoryCheck),
            Act(&'a StoryAct),
        }
        let checks = self.checks.iter().map(|check| (check.at, Word::Check(check)));
        let acts = self.acts.iter().map(|act| (act.at, Word::Act(act)));
        let mut words: Vec<_> = checks.chain(acts).collect();
        words.sort_by_key(|(at, _)| *at);
        let mut shares = Vec::new();
        let (mut before, mut round_follows) = (self.began, false);
        for (at, word) in words {
            let image =
                |check: &StoryCheck| check.subject.map_or_else(String::new, |it| format!(", {}", it.place.text()));
            let part = match &word {
                _ if round_follows => "second round".to_owned(),
                Word::Check(check) => format!("{}{}", check.name(self.lane), image(check)),
                Word::Act(act) => act.event.text().split(':').next().unwrap_or_default().to_owned(),
            };
            shares.push(Share { part, instructions: at.saturating_sub(before) });
            before = at;
            round_follows = match word {
                Word::Check(check) => matches!(check.check, Check::Signature | Check::HashReference),
                Word::Act(_) => false,
            };
        }
        let rest = self.ended.saturating_sub(before);
        shares.push(Share { part: "until the next has the core".into(), instructions: rest });
        shares
    }
}

impl Subject {
    /// Its name for people.
    pub fn text(self) -> String {
        let image = match self.image {
            StoryImage::OfStirot => "STiRoT's image",
            StoryImage::Application => "application",
            StoryImage::Data => "data image",
        };
        format!("{image}, {}", self.place.text())
    }
}
