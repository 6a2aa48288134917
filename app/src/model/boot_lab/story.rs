//! A story: passes of the stages in the order of time, the checks in each, what was said on the console, and where one
//! can stand in it. Times are instructions since the copy was taken.

use crate::model::Tone;

/// Who runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// The ROM's first part.
    Rss,
    /// The immutable root of trust.
    Stirot,
    /// The immutable loader.
    Iloader,
    /// The updatable second stage.
    Oemurot,
    /// The application.
    Application,
}

impl Lane {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rss => "RSS",
            Self::Stirot => "STiRoT",
            Self::Iloader => "iLoader",
            Self::Oemurot => "OEMuRoT",
            Self::Application => "Application",
        }
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
}

impl Answer {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Failed => "failed",
        }
    }
}

/// One check that a stage made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckSheet {
    /// When it was decided.
    pub at: u64,
    /// What was checked, in a few words.
    pub name: String,
    /// How it ended.
    pub answer: Answer,
    /// What it was about: an image in a slot, an object.
    pub subject: Option<String>,
    /// What it saw; empty where nothing is known.
    pub saw: String,
    /// On which memory it was made.
    pub memory: String,
}

/// One pass through a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassSheet {
    /// Who ran.
    pub lane: Lane,
    /// After which reset, from 0.
    pub reset: usize,
    /// When it began.
    pub began: u64,
    /// When it ended, or was left.
    pub ended: u64,
    /// What it was for, in a word or two; empty where there is nothing to say.
    pub title: String,
    /// Its checks in the order in which they were made.
    pub checks: Vec<CheckSheet>,
    /// What it did besides, line by line.
    pub acts: Vec<String>,
    /// What it decided.
    pub decision: Option<String>,
    /// On which memory it worked, line by line.
    pub memory: Vec<String>,
}

impl PassSheet {
    /// How long it took.
    pub const fn instructions(&self) -> u64 {
        self.ended.saturating_sub(self.began)
    }
}

/// Who said a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Whoever writes to UART4.
    Uart,
    /// A stage, on the trace port.
    Trace,
}

/// A line of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryLine {
    /// When it was complete.
    pub at: u64,
    /// The line.
    pub text: String,
    /// Who said it.
    pub source: Source,
    /// Danger for a refusal, neutral otherwise.
    pub tone: Tone,
}

/// What was expected of a case, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectationSheet {
    /// What was expected.
    pub expected: String,
    /// By which rule, in a sentence.
    pub rule: String,
    /// What was seen.
    pub seen: String,
    /// Whether they agree.
    pub verdict: Answer,
}

/// A place in a story: a pass as a whole, or one of its checks. Later ones are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Which pass.
    pub pass: usize,
    /// Which of its checks; `None` for the pass itself.
    pub check: Option<usize>,
}

/// A story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorySheet {
    /// The case in words.
    pub caption: String,
    /// Local time of the run.
    pub at: String,
    /// The lanes that there are, from the ROM to the application.
    pub lanes: Vec<Lane>,
    /// The passes in the order of time.
    pub passes: Vec<PassSheet>,
    /// The console.
    pub console: Vec<StoryLine>,
    /// Instructions of the whole story.
    pub instructions: u64,
    /// Instructions the machine executed a second, in millions; `None` when it was too short to say.
    pub mips: Option<u32>,
    /// How it ended.
    pub end: (Tone, String),
    /// What was expected of it.
    pub expectation: ExpectationSheet,
}

impl StorySheet {
    /// Every place in it, in the order of time.
    pub fn moments(&self) -> impl Iterator<Item = Moment> + '_ {
        self.passes.iter().enumerate().flat_map(|(pass, sheet)| {
            let whole = std::iter::once(Moment { pass, check: None });
            whole.chain((0..sheet.checks.len()).map(move |check| Moment { pass, check: Some(check) }))
        })
    }

    /// The first place.
    pub fn first(&self) -> Option<Moment> {
        self.moments().next()
    }

    /// The last place.
    pub fn last(&self) -> Option<Moment> {
        self.moments().last()
    }

    /// The place after another.
    pub fn after(&self, moment: Moment) -> Option<Moment> {
        self.moments().find(|other| *other > moment)
    }

    /// The place before another.
    pub fn before(&self, moment: Moment) -> Option<Moment> {
        self.moments().take_while(|other| *other < moment).last()
    }

    /// The place that says most: the first check that failed, else the last place.
    pub fn telling(&self) -> Option<Moment> {
        let failed = |moment: &Moment| self.check(*moment).is_some_and(|check| check.answer == Answer::Failed);
        self.moments().find(failed).or_else(|| self.last())
    }

    /// The pass of a place.
    pub fn pass(&self, moment: Moment) -> Option<&PassSheet> {
        self.passes.get(moment.pass)
    }

    /// The check of a place, when it is one.
    pub fn check(&self, moment: Moment) -> Option<&CheckSheet> {
        self.pass(moment)?.checks.get(moment.check?)
    }

    /// The instruction up to which a place reaches: of a check up to the next one, of a pass with checks up to its first,
    /// else to the pass's end.
    pub fn until(&self, moment: Moment) -> u64 {
        let Some(pass) = self.pass(moment) else { return 0 };
        let next = moment.check.map_or(0, |check| check + 1);
        // What the next pass says belongs to it.
        let ended = if moment.pass + 1 < self.passes.len() { pass.ended.saturating_sub(1) } else { u64::MAX };
        pass.checks.get(next).map_or(ended, |check| check.at.saturating_sub(1))
    }
}
