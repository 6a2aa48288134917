//! What the Images view shows, and what a person can want there: an opened file as bytes and parts, whether it would
//! boot, what a search or a comparison found. Plain values without egui; the bytes are shared, never copied.

mod building;
mod bytes;
mod intent;
mod parts;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

pub use building::{BuildFile, Built, BuiltImage, Fact, FromFile, Offer, Recipe};
pub use bytes::{ByteView, Bytes, Plain, Seen, Shown};
pub use intent::{Ask, CompareWith, Direction, ImagesIntent, InTheClear, Pattern, Side};
pub use parts::{PartSheet, Region, coloured, part_at};
use parts::{inside, put_beneath, take_from_beneath};

use formats::Content;

use crate::model::Tone;

/// How a check of an image came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It holds.
    Holds,
    /// It refuses the image.
    Fails,
    /// It can't be told from what is known here.
    Unknown,
    /// Worth knowing; it refuses nothing.
    Notice,
}

impl Mark {
    /// The word for it, as screen readers and texts say it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::Unknown => "not checked",
            Self::Notice => "note",
        }
    }
}

/// One check of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedLine {
    /// What was checked.
    pub name: String,
    /// How it came out.
    pub mark: Mark,
    /// Why, in a few words.
    pub text: String,
    /// The bytes of the part that it is about.
    pub part: Option<Range<u64>>,
}

/// Whether an image would boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// How to feel about it.
    pub tone: Tone,
    /// In a few words.
    pub verdict: String,
    /// In a sentence, and what it rests on.
    pub sentence: String,
    /// Check by check.
    pub lines: Vec<CheckedLine>,
    /// Which key opens the payload; `None` when none of those at hand does, or nothing is encrypted.
    pub opens_with: Option<String>,
    /// The vector table of a payload that a key opens: parts that belong beneath it.
    pub vectors: Vec<PartSheet>,
}

/// One of the images in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSheet {
    /// From its first byte to its last.
    pub range: Range<u64>,
    /// The same with what fills its slot.
    pub slot: Range<u64>,
    /// Where it is, as text.
    pub place: String,
    /// Whose image it is, and its version.
    pub name: String,
    /// What became of judging it.
    pub judged: Option<Arc<Judged>>,
    /// Whether a virtual board can show it, else why not.
    pub tryable: Result<(), String>,
}

/// Something that is wrong with a file as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TroubleLine {
    /// Where: a line of the file, or a byte.
    pub place: String,
    /// The byte to look at.
    pub offset: Option<u64>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// One stretch of the map over the whole file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MapBar {
    /// How full the bar is, 0 to 1: bits of information a byte, of eight.
    pub height: f32,
    /// How much of the stretch is in the file at all.
    pub present: f32,
    /// The share of bytes that are text.
    pub text: f32,
    /// The share of 0x00 and 0xFF.
    pub blank: f32,
}

/// An opened file.
#[derive(Clone)]
pub struct FileSheet {
    /// Which opening it was: what comes late from another one is dropped.
    pub serial: u64,
    /// Its path.
    pub path: PathBuf,
    /// Its name.
    pub name: String,
    /// What it is, in a few words.
    pub kind: String,
    /// Its size, and where it goes.
    pub extent: String,
    /// Bytes of the file itself, and in how many pieces.
    pub pieces: String,
    /// What else is known of it. Never a secret.
    pub facts: Vec<Fact>,
    /// What can be done with it.
    pub offer: Offer,
    /// Its bytes.
    pub content: Content,
    /// Its parts.
    pub parts: Arc<Vec<PartSheet>>,
    /// Its stretches with their colours, in order.
    pub colours: Arc<Vec<(Range<u64>, Region)>>,
    /// The images in it.
    pub images: Vec<FoundSheet>,
    /// Which of them is looked at.
    pub image: usize,
    /// What is wrong with it as a whole.
    pub troubles: Vec<TroubleLine>,
    /// The map over it, once it is there.
    pub map: Option<Arc<Vec<MapBar>>>,
    /// The payload in the clear, once it was asked for.
    pub plain: Option<Plain>,
}

impl std::fmt::Debug for FileSheet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileSheet")
            .field("path", &self.path)
            .field("kind", &self.kind)
            .field("bytes", &self.content.len())
            .field("facts", &self.facts)
            .field("parts", &self.parts)
            .field("images", &self.images)
            .field("troubles", &self.troubles)
            .finish_non_exhaustive()
    }
}

/// How a search stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchState {
    /// It goes on.
    Searching,
    /// What it said.
    Told(Tone, String),
}

/// A byte range in which two files differ.
pub type Run = Range<u64>;

/// One field of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedLine {
    /// The field.
    pub name: String,
    /// Its value in the open file.
    pub here: String,
    /// Its value in the other one.
    pub there: String,
    /// Whether they differ.
    pub differs: Differs,
    /// Its bytes in the open file.
    pub range: Option<Range<u64>>,
}

/// Whether two values are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Differs {
    /// They are.
    No,
    /// They aren't.
    Yes,
}

/// What a comparison came to.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// With what.
    pub with: String,
    /// Which bytes it is about.
    pub shown: Shown,
    /// In a few words.
    pub tone: Tone,
    /// In a few words.
    pub verdict: String,
    /// Field by field.
    pub fields: Vec<ComparedLine>,
    /// The stretches that differ, in the order of their offsets.
    pub runs: Arc<Vec<Run>>,
}

/// A key that was given to open and check images, by its public facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenKey {
    /// Its file: two may have the same name.
    pub path: PathBuf,
    /// Its file's name.
    pub name: String,
    /// Its short fingerprint.
    pub fingerprint: String,
    /// Whether it is a whole key or the public half.
    pub half: &'static str,
}

/// One line of what a virtual board did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialLine {
    /// In which boot; `None` for what all of them came to.
    pub boot: Option<&'static str>,
    /// How it came out.
    pub mark: Mark,
    /// What happened.
    pub name: String,
    /// With what.
    pub text: String,
}

/// An image tried on a virtual board.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    /// What happened so far.
    pub lines: Vec<TrialLine>,
    /// How it ended, and how to feel about it.
    pub ended: Option<(Tone, String)>,
    /// Part done, of 1.
    pub done: f32,
    /// What goes on, in words.
    pub step: String,
}

/// All that the Images view knows.
#[derive(Debug, Default)]
pub struct Images {
    /// The opened file.
    pub file: Option<FileSheet>,
    /// The number of the last opening.
    pub serial: u64,
    /// Which bytes are shown.
    pub shown: Shown,
    /// What of them is selected.
    pub selected: Option<Bytes>,
    /// Counts the times that the selection was to be brought into sight.
    pub reveal: u64,
    /// Counts the times that the keyboard was to be put into a field, and the last one.
    pub asked: (u64, Option<Ask>),
    /// What was searched, as typed, and how.
    pub searched: Option<(String, Pattern)>,
    /// How the search stands.
    pub search: Option<SearchState>,
    /// The comparison.
    pub comparison: Option<Comparison>,
    /// Keys that were given.
    pub given: Vec<GivenKey>,
    /// What the project would build.
    pub recipe: Option<Recipe>,
    /// The files to build an image of any application.
    pub from_file: FromFile,
    /// What was built last.
    pub built: Option<Built>,
    /// The image on a virtual board.
    pub trial: Option<Trial>,
    /// What stands on the right.
    pub side: Side,
}

/// What stands at a file that was written after it was opened.
const OUTDATED: &str = "the file was written on the disk after it was opened here";

impl FileSheet {
    /// Whether it is known that the file on the disk is another by now.
    pub fn is_outdated(&self) -> bool {
        self.troubles.iter().any(|trouble| trouble.what == OUTDATED)
    }

    /// Says, before all else, that the file on the disk is another by now.
    pub fn mark_outdated(&mut self) {
        let trouble = TroubleLine {
            place: String::new(),
            offset: None,
            what: OUTDATED.to_owned(),
            remedy: "open it again; bytes and verdict here are of the earlier content".to_owned(),
        };
        self.troubles.insert(0, trouble);
    }

    /// Whether a key at hand opens the payload of the image that is looked at.
    pub fn opens(&self) -> bool {
        let judged = self.images.get(self.image).and_then(|image| image.judged.as_ref());
        judged.is_some_and(|judged| judged.opens_with.is_some())
    }

    /// Takes in what judging an image came to. Keys decide about it: what an earlier judging opened, this one may not.
    pub fn take_judged(&mut self, index: usize, judged: Judged) {
        let Some(image) = self.images.get_mut(index) else { return };
        let slot = image.slot.clone();
        let judged = Arc::new(judged);
        let before = image.judged.replace(Arc::clone(&judged));
        if judged.opens_with.is_none() && self.plain.as_ref().is_some_and(|plain| plain.image == index) {
            self.plain = None;
        }
        let earlier = before.as_ref().map_or(&[][..], |before| before.vectors.as_slice());
        if earlier == judged.vectors {
            // They stand there already, or there are none.
            return;
        }
        // Parts stand before what is inside of them, so that the first one is the payload itself.
        let payload = self.parts.iter().position(|part| part.region == Region::Payload && inside(&part.range, &slot));
        let Some(payload) = payload else { return };
        let holds = |parts: &[PartSheet]| parts.get(payload).map_or(0, |part| part.inside);
        if !earlier.is_empty() && holds(&self.parts) == earlier.len() {
            take_from_beneath(Arc::make_mut(&mut self.parts), payload);
        }
        if !judged.vectors.is_empty() && holds(&self.parts) == 0 {
            put_beneath(Arc::make_mut(&mut self.parts), payload, &judged.vectors);
        }
    }
}

impl Images {
    /// The bytes shown.
    pub fn view(&self) -> Option<ByteView<'_>> {
        let file = self.file.as_ref()?;
        let plain = file.plain.as_ref().filter(|_| self.shown == Shown::Decrypted);
        Some(ByteView { stored: &file.content, plain })
    }

    /// The parts of the file.
    pub fn parts(&self) -> &[PartSheet] {
        self.file.as_ref().map_or(&[], |file| file.parts.as_slice())
    }

    /// What is known of the image that is looked at.
    pub fn judged(&self) -> Option<&Arc<Judged>> {
        self.image()?.judged.as_ref()
    }

    /// The image that is looked at.
    pub fn image(&self) -> Option<&FoundSheet> {
        let file = self.file.as_ref()?;
        file.images.get(file.image)
    }

    /// The part whose bytes are just the ones selected, else the innermost that holds the cursor.
    pub fn picked(&self) -> Option<usize> {
        let bytes = self.selected?;
        let (range, parts) = (bytes.range(), self.parts());
        let same = parts.iter().position(|part| part.range == range);
        same.or_else(|| part_at(parts, bytes.cursor))
    }
}
