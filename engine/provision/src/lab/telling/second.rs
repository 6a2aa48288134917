//! The second stage's words. It tells more than STiRoT does: which image it judges, and the counters that it compares.

use board::Board;
use chip::trace::{self, Check, Event, SubjectImage, SubjectPlace, TraceWord};
use formats::Version;
use project::grouped;

use super::{Halves, Teller, answer, said};
use crate::lab::keeping::{self, SecondConfiguration};
use crate::lab::past_the_core;
use crate::lab::sight::{self, Payload, Sight, Wants};
use crate::lab::story::{StoryCheck, StoryImage, Subject};

impl Teller {
    pub(super) fn hear_second(&mut self, at: u64, word: TraceWord, board: &Board) {
        let half = Some(word.detail);
        let image = match SubjectImage::from_code(word.detail.to_le_bytes()[0]) {
            Some(SubjectImage::Data) => "data image",
            _ => "application",
        };
        match word.event {
            Event::Judges => self.second_judges(at, word, board),
            Event::SeenHigh => self.seen.counter = Halves { high: half, low: None },
            Event::SeenLow => self.seen.counter.low = half,
            Event::WantedHigh => self.seen.wanted = Halves { high: half, low: None },
            Event::WantedLow => self.seen.wanted.low = half,
            Event::VersionSeen => {
                let [minor, major] = word.detail.to_le_bytes();
                let whole = self.seen.image.version().filter(|seen| (seen.major, seen.minor) == (major, minor));
                self.seen.version = whole.or(Some(Version { major, minor, revision: 0, build: 0 }));
                // The application is what starts, whatever is judged behind it.
                if self.seen.subject.is_some_and(|subject| subject.image == StoryImage::Application) {
                    self.seen.application = self.seen.version;
                }
            }
            Event::Passed | Event::Failed => self.second_checked(at, word, board),
            Event::StartsApplication => {
                let installed =
                    self.pass().is_some_and(|pass| pass.acts.iter().any(|act| act.event == Event::Installed));
                self.title(if installed { "installs and starts" } else { "verifies and starts" });
                let code = self.seen.layout.map_or(0, |layout| layout.code_address());
                self.starts(at, word, code, self.seen.application);
            }
            Event::Stopped => {
                self.title("starts nothing");
                self.stopped(at, word);
            }
            Event::SlotErased => {
                let about = subject_of(word.detail).map_or_else(|| "a slot".to_owned(), Subject::text);
                self.act(at, word, format!("erases the {about}"));
            }
            Event::Installed => {
                let text = format!("wrote the {image}, decrypted, to its installation slot through the memory cipher");
                self.act(at, word, text);
            }
            Event::DownloadErased => self.act(at, word, format!("erased the download slot of the {image}")),
            Event::DownloadIgnored => {
                self.act(at, word, format!("no image waits in the download slot of the {image}: left alone"));
            }
            Event::CopiedToRam => {
                let place = self.seen.layout.map_or(u32::from(word.detail) << 16, |layout| layout.application.run);
                self.act(at, word, format!("copied the application to {}", grouped(place)));
            }
            Event::CounterStored => {
                let counter = self.seen.counter.number().unwrap_or(u32::from(word.detail) << 16);
                self.act(at, word, format!("keeps security counter {}", grouped(counter)));
            }
            _ => self.act(at, word, said(word)),
        }
    }

    /// The second stage begins to judge an image: what lies there now is what it judges.
    fn second_judges(&mut self, at: u64, word: TraceWord, board: &Board) {
        let subject = subject_of(word.detail);
        (self.seen.counter, self.seen.wanted) = (Halves::default(), Halves::default());
        self.seen.installed_hash = self.seen.image.computed_hash();
        let places = self.seen.layout.and_then(|layout| match subject?.image {
            StoryImage::Data => layout.data,
            StoryImage::Application | StoryImage::OfStirot => Some(layout.application),
        });
        self.seen.image = match (subject, places, &self.seen.second) {
            (Some(Subject { place, .. }), Some(places), Some(second)) => {
                let (region, payload) = match place {
                    SubjectPlace::Download => (places.download_slot(), Payload::Sealed(&second.decryption)),
                    SubjectPlace::Installation => (places.installation_slot(), Payload::Clear),
                    SubjectPlace::RunCopy => (places.run_area(), Payload::Clear),
                };
                Sight::of(&past_the_core::image(board, region), region.size, &payload)
            }
            _ => Sight::default(),
        };
        self.seen.subject = subject;
        let about = subject.map_or_else(|| "an image".to_owned(), |subject| format!("the {}", subject.text()));
        self.act(at, word, format!("judges {about}"));
    }

    fn second_checked(&mut self, at: u64, word: TraceWord, board: &Board) {
        let Some(check) = Check::from_code(word.detail.to_le_bytes()[0]) else { return };
        if matches!(check, Check::Configuration | Check::Data) {
            let state = board.snapshot();
            self.seen.second = SecondConfiguration::of(&state);
            self.seen.second_kept = keeping::second_counter(&state);
        }
        let seen = &self.seen;
        let code = seen.layout.map_or(0, |layout| layout.code_address());
        let saw = match check {
            Check::Configuration => sight::second_configuration(seen.second.as_ref()),
            Check::Data => sight::data(seen.second_kept),
            Check::Layout => sight::layout(seen.layout.as_ref()),
            Check::Protection => past_the_core::cipher_engine(board),
            Check::Vectors => sight::vectors(code, &past_the_core::bytes(board, code, 8)),
            Check::RunCopy => {
                let place = seen.layout.map_or(0, |layout| layout.application.run);
                sight::copy(place, seen.image.computed_hash(), seen.installed_hash)
            }
            // By its own words: the counter that it compares with is its own.
            Check::Counter => sight::counters(seen.version, seen.counter.number(), seen.wanted.number()),
            _ => seen.second.as_ref().map_or_else(String::new, |second| {
                seen.image.sentence(check, &Wants::of_second(second, seen.second_kept))
            }),
        };
        let about_the_board = matches!(check, Check::Configuration | Check::Data | Check::Layout | Check::Protection);
        let subject = if about_the_board { None } else { seen.subject };
        self.check(StoryCheck { at, check, answer: answer(word), subject, saw });
    }
}

fn subject_of(detail: u16) -> Option<Subject> {
    let subject = trace::Subject::decode(detail)?;
    let image = match subject.image {
        SubjectImage::Application => StoryImage::Application,
        SubjectImage::Data => StoryImage::Data,
    };
    Some(Subject { image, place: subject.place })
}
