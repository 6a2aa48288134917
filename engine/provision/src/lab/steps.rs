//! The steps of the reference's figures, read off a story one to one: five to install with one boot stage, four to execute,
//! six of the second stage.

use chip::trace::{Check, Event, SubjectPlace};

use super::story::{Lane, Pass, Story, StoryAct, StoryImage};
use crate::trial::TracedAnswer;

/// Which figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Figure {
    /// One boot stage installs: five steps.
    Install,
    /// One boot stage executes: four steps.
    Execute,
    /// The second stage installs and starts the application: six steps.
    SecondStage,
}

/// A step of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Its number in the figure, from 1.
    pub number: u8,
    /// Who does it.
    pub lane: Lane,
    /// What is done.
    pub text: &'static str,
}

/// A step as a story shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct StepSeen {
    /// The step.
    pub step: Step,
    /// Where it is in the story; none when the story has no such step.
    pub place: Option<StepPlace>,
}

/// Where a step is in a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepPlace {
    /// Which of the story's passes.
    pub pass: usize,
    /// When, in the story's instructions: of the word that ends it.
    pub at: u64,
    /// What the stage said.
    pub text: String,
}

const fn step(number: u8, lane: Lane, text: &'static str) -> Step {
    Step { number, lane, text }
}

/// One boot stage, install.
const INSTALL: [Step; 5] = [
    step(1, Lane::Iloader, "iLoader loads the download slot into RAM"),
    step(2, Lane::Stirot, "STiRoT opens and verifies it there"),
    step(3, Lane::Stirot, "STiRoT locks the memory cipher with its key and asks to save"),
    step(4, Lane::Iloader, "iLoader writes the installation slot through the memory cipher"),
    step(5, Lane::Iloader, "iLoader erases the download slot"),
];
/// One boot stage, execute.
const EXECUTE: [Step; 4] = [
    step(1, Lane::Stirot, "STiRoT asks to load"),
    step(2, Lane::Iloader, "iLoader loads the installation slot, decrypted by the memory cipher"),
    step(3, Lane::Stirot, "STiRoT verifies it"),
    step(4, Lane::Stirot, "STiRoT starts it at HDPL 2"),
];
/// Two boot stages.
const SECOND_STAGE: [Step; 6] = [
    step(1, Lane::Stirot, "STiRoT starts OEMuRoT at HDPL 2"),
    step(2, Lane::Oemurot, "OEMuRoT verifies the application's download"),
    step(3, Lane::Oemurot, "OEMuRoT decrypts it and installs it through the memory cipher"),
    step(4, Lane::Oemurot, "OEMuRoT verifies what is installed and keeps its counter"),
    step(5, Lane::Oemurot, "OEMuRoT erases the download slot"),
    step(6, Lane::Oemurot, "OEMuRoT starts the application at HDPL 3"),
];

impl Figure {
    /// Its steps, in order.
    pub const fn steps(self) -> &'static [Step] {
        match self {
            Self::Install => &INSTALL,
            Self::Execute => &EXECUTE,
            Self::SecondStage => &SECOND_STAGE,
        }
    }

    /// Its steps as `story` shows them. Each is looked for behind the one before it: what is found in another order is not
    /// the figure.
    pub fn read(self, story: &Story) -> Vec<StepSeen> {
        let mut from = 0;
        let find = |step: &Step| {
            let place = story.passes.iter().enumerate().find_map(|(pass, seen)| {
                let word = self.word(step.number, story, seen)?;
                (word.at >= from).then(|| StepPlace { pass, at: word.at, text: word.text.clone() })
            });
            if let Some(place) = &place {
                from = place.at;
            }
            StepSeen { step: *step, place }
        };
        self.steps().iter().map(find).collect()
    }

    /// The word of a pass that shows a step, if the pass is the step's.
    fn word<'a>(self, number: u8, story: &Story, pass: &'a Pass) -> Option<&'a StoryAct> {
        let is = |lane| (pass.lane == lane).then_some(());
        let act = |event| pass.acts.iter().find(|act| act.event == event);
        let level = |event, level: u16| act(event).filter(|act| act.detail == level);
        match (self, number) {
            (Self::Install, 1) => is(Lane::Iloader).and_then(|()| act(Event::LoadedDownload)),
            // A pass that decides to save says so once it has opened and verified.
            (Self::Install, 2) => is(Lane::Stirot)
                .filter(|()| verified(pass, StoryImage::OfStirot, SubjectPlace::Download, &OPENED))
                .and_then(|()| act(Event::UpdateSave)),
            (Self::Install, 3) => is(Lane::Stirot)
                .filter(|()| cipher_was_locked_behind(story, pass))
                .and_then(|()| act(Event::UpdateSave)),
            (Self::Install, 4) => is(Lane::Iloader).and_then(|()| act(Event::Installed)),
            (Self::Install, _) => is(Lane::Iloader).and_then(|()| act(Event::DownloadErased)),
            (Self::Execute, 1) => is(Lane::Stirot).and_then(|()| act(Event::LoadPass)),
            (Self::Execute, 2) => is(Lane::Iloader).and_then(|()| act(Event::LoadedInstallation)),
            (Self::Execute, 3) => is(Lane::Stirot)
                .filter(|()| verified(pass, StoryImage::OfStirot, SubjectPlace::Installation, &VERIFIED))
                .and_then(|()| act(Event::StartsApplication)),
            (Self::Execute, _) | (Self::SecondStage, 1) => {
                is(Lane::Stirot).and_then(|()| level(Event::StartsApplication, 2))
            }
            (Self::SecondStage, 2) => is(Lane::Oemurot)
                .filter(|()| verified(pass, StoryImage::Application, SubjectPlace::Download, &OPENED))
                .and_then(|()| act(Event::SlotErased)),
            (Self::SecondStage, 3) => is(Lane::Oemurot).and_then(|()| act(Event::Installed)),
            (Self::SecondStage, 4) => is(Lane::Oemurot)
                .filter(|()| verified(pass, StoryImage::Application, SubjectPlace::Installation, &VERIFIED))
                .and_then(|()| act(Event::CounterStored)),
            (Self::SecondStage, 5) => is(Lane::Oemurot).and_then(|()| act(Event::DownloadErased)),
            (Self::SecondStage, _) => is(Lane::Oemurot).and_then(|()| level(Event::StartsApplication, 3)),
        }
    }
}

/// The checks of an image that is verified where it lies.
const VERIFIED: [Check; 3] = [Check::Hash, Check::KeyHash, Check::Signature];
/// The checks of an image that is opened first.
const OPENED: [Check; 4] = [Check::KeyBlob, Check::Hash, Check::KeyHash, Check::Signature];

/// Whether a pass made all of these checks on an image, and none failed.
fn verified(pass: &Pass, image: StoryImage, place: SubjectPlace, wanted: &[Check]) -> bool {
    let about = pass
        .checks
        .iter()
        .filter(|check| check.subject.is_some_and(|subject| subject.image == image && subject.place == place));
    let passed: Vec<_> = about.filter(|check| check.answer == TracedAnswer::Passed).map(|check| check.check).collect();
    wanted.iter().all(|check| passed.contains(check))
        && !pass.checks.iter().any(|check| check.answer == TracedAnswer::Failed && check.check != Check::HashReference)
}

/// Whether the iLoader that followed a pass met a locked engine with a key: by the engine's registers.
fn cipher_was_locked_behind(story: &Story, pass: &Pass) -> bool {
    let next = story.passes.iter().find(|next| next.began >= pass.ended && next.lane == Lane::Iloader);
    let entered = next.and_then(|next| next.acts.iter().find(|act| act.event == Event::Entered));
    entered.is_some_and(|act| act.text.contains("memory cipher with a key, locked"))
}
