//! Makes a story of a board's trace, as it comes: passes, checks, acts, console. What a check saw it reads from the board
//! at that moment, past the chip. It decides nothing and changes nothing.

mod second;

use board::{Board, ResetCause, TraceKind};
use chip::memory_map::Region;
use chip::trace::{Check, Event, Stage, Stop, SubjectPlace, TraceWord};
use chip::{ProductState, loader};
use formats::{SecondStageLayout, Version};
use project::grouped;

use super::keeping::{self, Configuration, Kept, SecondConfiguration};
use super::past_the_core;
use super::sight::{self, Payload, Sight, Wants};
use super::story::{ConsoleLine, Lane, Outcome, Pass, Story, StoryAct, StoryCheck, StoryImage, StoryReset, Subject};
use crate::trial::TracedAnswer;

/// Bytes of console kept of one story; applications that never stop talking lose the rest.
const CONSOLE_KEPT: usize = 64 * 1024;
/// Passes kept of one story; a boot makes about ten.
const PASSES_KEPT: usize = 256;

/// Follows one board.
#[derive(Default)]
pub(super) struct Teller {
    cursor: u64,
    /// Instructions of earlier powers-on.
    offset: u64,
    story: Draft,
    seen: Seen,
    console_bytes: usize,
    line_open: bool,
}

#[derive(Default)]
struct Draft {
    passes: Vec<Pass>,
    resets: Vec<StoryReset>,
    console: Vec<ConsoleLine>,
    stop: Option<(Lane, Stop)>,
    started: Option<Started>,
    second_stage: Option<Version>,
}

/// A hand-over to what may be the application.
#[derive(Debug, Clone, Copy)]
struct Started {
    version: Option<Version>,
    at: u32,
    hdpl: u8,
}

/// What is known of the board and of the image at hand.
#[derive(Default)]
struct Seen {
    configuration: Option<Configuration>,
    second: Option<SecondConfiguration>,
    /// The layout of the second stage that runs.
    layout: Option<SecondStageLayout>,
    kept: Option<Kept>,
    second_kept: Option<Kept>,
    state: Option<ProductState>,
    image: Sight,
    subject: Option<Subject>,
    /// By the words of the second stage.
    counter: Halves,
    wanted: Halves,
    version: Option<Version>,
    application: Option<Version>,
    /// Of the image that a copy was made of.
    installed_hash: Option<[u8; 32]>,
}

/// A number that comes in two halves.
#[derive(Default, Clone, Copy)]
struct Halves {
    high: Option<u16>,
    low: Option<u16>,
}

impl Halves {
    fn number(self) -> Option<u32> {
        Some(u32::from(self.high?) << 16 | u32::from(self.low?))
    }
}

impl Teller {
    /// Reads what the board left since the last call. The closer the calls, the closer to its moment is what a check saw:
    /// an image is read when its pass begins, and a pass is thousands of instructions from its first check.
    pub(super) fn follow(&mut self, board: &mut Board) {
        let trace = &board.peripherals.trace;
        let new: Vec<_> = trace.since(self.cursor).cloned().collect();
        self.cursor = trace.cursor();
        for entry in new {
            let at = self.offset + entry.at;
            match entry.kind {
                TraceKind::PowerOn => self.reset(at, ResetCause::PowerOn),
                TraceKind::Reset(cause) => self.reset(at, cause),
                TraceKind::Word(word) => self.hear(at, word, board),
                TraceKind::Stimulus { .. } | TraceKind::UnknownRegister { .. } | TraceKind::Refused { .. } => {}
            }
        }
        let sent = board.peripherals.console_take();
        self.listen(self.offset + board.now(), &sent);
        if let Some(pass) = self.story.passes.last_mut() {
            pass.ended = self.offset + board.now();
        }
    }

    /// Who has the core.
    pub(super) fn lane(&self) -> Lane {
        self.story.passes.last().map_or(Lane::Rss, |pass| pass.lane)
    }

    /// The layout block of the second stage that ran, where it has one.
    pub(super) fn second_stage_layout(&self) -> Option<SecondStageLayout> {
        self.seen.layout
    }

    /// Reads the block out of the program in RAM.
    fn second_layout(&self, board: &Board) -> Option<SecondStageLayout> {
        let firmware = self.seen.configuration.as_ref()?.firmware;
        let image = past_the_core::memory(board, firmware);
        SecondStageLayout::find(image.get(loader::IMAGE_HEADER_SIZE as usize..)?).ok().flatten()
    }

    /// When the application got the core, if it has it.
    pub(super) fn application_since(&self) -> Option<u64> {
        self.story.passes.last().filter(|pass| pass.lane == Lane::Application).map(|pass| pass.began)
    }

    /// The board whose story this is was replaced by itself with power back on.
    pub(super) fn power_comes_back(&mut self, board: &Board) {
        self.offset += board.now();
        self.cursor = 0;
    }

    /// The story up to now.
    pub(super) fn tell(self, board: &Board, ending: Ending) -> Story {
        let lane = self.lane();
        let outcome = match (ending, self.story.stop, self.story.started) {
            (Ending::PowerLost, ..) => Outcome::PowerLost,
            (_, Some((lane, why)), _) => Outcome::Stopped { lane, why },
            (_, None, Some(Started { version, at, hdpl })) if lane == Lane::Application => {
                Outcome::Runs { version, at, hdpl }
            }
            (Ending::AtRest, ..) => Outcome::Quiet { lane },
            (Ending::Enough, ..) => Outcome::Busy { lane },
        };
        let Draft { passes, resets, console, second_stage, .. } = self.story;
        Story { passes, resets, second_stage, console, instructions: self.offset + board.now(), outcome }
    }

    fn reset(&mut self, at: u64, cause: ResetCause) {
        let by = (cause != ResetCause::PowerOn).then(|| self.lane());
        self.close(at);
        self.story.resets.push(StoryReset { at, cause, by });
        self.story.stop = None;
        self.story.started = None;
        self.begin(Lane::Rss, at, "reads the product state");
    }

    fn close(&mut self, at: u64) {
        if let Some(pass) = self.story.passes.last_mut() {
            pass.ended = at;
        }
    }

    fn begin(&mut self, lane: Lane, at: u64, title: &str) {
        self.close(at);
        if self.story.passes.len() >= PASSES_KEPT {
            return;
        }
        let reset = self.story.resets.len().saturating_sub(1);
        let (checks, acts) = (Vec::new(), Vec::new());
        let title = title.to_owned();
        self.story.passes.push(Pass { lane, reset, began: at, ended: at, title, checks, acts, decision: None });
    }

    fn hear(&mut self, at: u64, word: TraceWord, board: &Board) {
        let lane = Lane::of(word.stage);
        match (self.story.passes.last_mut(), lane) {
            // Whoever STiRoT started shows by its own words.
            (Some(pass), Lane::Oemurot) if pass.lane == Lane::Application => {
                pass.lane = Lane::Oemurot;
                pass.title = "starts".into();
                self.story.second_stage = self.story.started.take().and_then(|started| started.version);
                self.seen.layout = self.second_layout(board);
            }
            (Some(pass), _) if pass.lane == lane => {}
            // Debug authentication is served by RSS at a level of its own: all of its words are RSS's.
            _ => self.begin(lane, at, "begins"),
        }
        match word.stage {
            Stage::Rss => self.hear_rss(at, word),
            Stage::Stirot => self.hear_stirot(at, word, board),
            Stage::Iloader => self.hear_iloader(at, word, board),
            Stage::Oemurot => self.hear_second(at, word, board),
        }
    }

    fn pass(&mut self) -> Option<&mut Pass> {
        self.story.passes.last_mut()
    }

    fn act(&mut self, at: u64, word: TraceWord, text: impl Into<String>) {
        if let Some(pass) = self.pass() {
            pass.acts.push(StoryAct { at, event: word.event, detail: word.detail, text: text.into() });
        }
    }

    fn title(&mut self, title: &str) {
        if let Some(pass) = self.pass() {
            pass.title = title.to_owned();
        }
    }

    fn decide(&mut self, decision: impl Into<String>) {
        if let Some(pass) = self.pass() {
            pass.decision = Some(decision.into());
        }
    }

    fn hear_rss(&mut self, at: u64, word: TraceWord) {
        let text = said(word);
        match word.event {
            Event::State => {
                self.seen.state = ProductState::from_rsslib_code(u32::from(word.detail));
                let name = self.seen.state.map_or("an unknown state", ProductState::name);
                self.act(at, word, format!("product state {name}"));
            }
            Event::StartsStirot | Event::StartsUserFlash | Event::StartsBootloader | Event::WaitsForProvisioning => {
                self.decide(text.clone());
                self.act(at, word, text);
            }
            _ => self.act(at, word, text),
        }
    }

    fn hear_stirot(&mut self, at: u64, word: TraceWord, board: &Board) {
        match word.event {
            Event::CommandRead => self.command(at, word, board),
            Event::Passed | Event::Failed => self.stirot_checked(at, word, board),
            Event::LoadPass => {
                self.decide("asks the iLoader for an image");
                self.act(at, word, "clears the firmware area and asks the iLoader to load");
            }
            Event::UpdateSave => {
                self.decide("the download is good: has it installed");
                self.act(at, word, "locks the memory cipher with its key and asks the iLoader to install");
            }
            Event::UpdateErase => {
                let failed = self.failed_check();
                self.decide(format!("refuses the download at “{failed}”: has it erased"));
                self.act(at, word, "asks the iLoader to erase the download slot");
            }
            Event::StartsApplication => {
                let header = self.seen.configuration.as_ref().map_or(0, |seen| seen.firmware.start);
                self.starts(at, word, header + loader::IMAGE_HEADER_SIZE, self.seen.image.version());
            }
            Event::Stopped => self.stopped(at, word),
            Event::CounterStored => {
                let counter = u32::from(word.detail) << 16;
                let counter = self.seen.image.counter().unwrap_or(counter);
                self.act(at, word, format!("keeps security counter {}", grouped(counter)));
            }
            _ => self.act(at, word, said(word)),
        }
    }

    /// A pass of STiRoT's begins: what lies in RAM now is what it will judge.
    fn command(&mut self, at: u64, word: TraceWord, board: &Board) {
        let state = board.snapshot();
        self.seen.configuration = Configuration::of(&state);
        self.seen.kept = keeping::stirots_counter(&state);
        self.seen.state =
            Some(ProductState::from_option_bytes(state.options.nvsr.to_le_bytes()[0], state.options.rotsr));
        let subject = |place| Some(Subject { image: StoryImage::OfStirot, place });
        let (title, subject) = match word.detail {
            loader::RSSCMD_SECONDARY_LOADED => ("judges the download", subject(SubjectPlace::Download)),
            loader::RSSCMD_PRIMARY_LOADED => ("judges the installed image", subject(SubjectPlace::Installation)),
            loader::RSSCMD_NONE => ("looks for an image", None),
            loader::RSSCMD_EMPTY => ("is told that there is no image", None),
            loader::RSSCMD_ERROR => ("is told that the iLoader failed", None),
            _ => ("reads an unknown command", None),
        };
        self.seen.subject = subject;
        self.seen.image = match (&self.seen.configuration, subject) {
            (Some(seen), Some(Subject { place: SubjectPlace::Download, .. })) => Sight::of(
                &past_the_core::memory(board, seen.firmware),
                seen.firmware.size,
                &Payload::Sealed(&seen.decryption),
            ),
            (Some(seen), Some(_)) => {
                Sight::of(&past_the_core::memory(board, seen.firmware), seen.firmware.size, &Payload::Clear)
            }
            _ => Sight::default(),
        };
        self.title(title);
        self.act(at, word, format!("command of the iLoader: {}", command_name(word.detail)));
    }

    fn stirot_checked(&mut self, at: u64, word: TraceWord, board: &Board) {
        let Some(check) = Check::from_code(word.detail.to_le_bytes()[0]) else { return };
        let seen = &self.seen;
        let about_the_board = matches!(check, Check::Configuration | Check::Data | Check::MinimumState);
        let saw = match (check, &seen.configuration) {
            (Check::Configuration, configuration) => sight::configuration(configuration.as_ref()),
            (Check::Data, _) => sight::data(keeping::stirots_counter(&board.snapshot())),
            (Check::MinimumState, configuration) => seen.state.map_or_else(String::new, |state| {
                sight::state(state, configuration.as_ref().map(|seen| seen.minimum_state))
            }),
            (_, Some(configuration)) => seen.image.sentence(check, &Wants::of_stirot(configuration, seen.kept)),
            (_, None) => String::new(),
        };
        let subject = if about_the_board { None } else { seen.subject };
        self.check(StoryCheck { at, check, answer: answer(word), subject, saw });
    }

    fn check(&mut self, check: StoryCheck) {
        if let Some(pass) = self.pass() {
            pass.checks.push(check);
        }
    }

    fn failed_check(&mut self) -> String {
        let failed = self.pass().and_then(|pass| {
            let failed = pass.checks.iter().find(|check| check.answer == TracedAnswer::Failed)?;
            Some(failed.name(pass.lane))
        });
        failed.unwrap_or("an answer that doesn't add up").to_owned()
    }

    fn starts(&mut self, at: u64, word: TraceWord, code: u32, version: Option<Version>) {
        let hdpl = word.detail.to_le_bytes()[0];
        let what = version.map_or_else(|| "the application".to_owned(), |version| format!("version {version}"));
        let text = format!("starts {what} at {} at HDPL {hdpl}", grouped(code));
        self.decide(text.clone());
        self.act(at, word, text);
        self.story.started = Some(Started { version, at: code, hdpl });
        let title = version.map_or_else(|| "runs".to_owned(), |version| format!("runs, version {version}"));
        self.begin(Lane::Application, at, &title);
    }

    fn stopped(&mut self, at: u64, word: TraceWord) {
        let stop = Stop::from_code(word.detail.to_le_bytes()[0]);
        let lane = self.lane();
        let text = stop.map_or("stopped, and the reason is unknown", Stop::text);
        self.decide(format!("stops: {text}; nothing runs"));
        self.act(at, word, format!("stopped: {text}"));
        self.story.stop = stop.map(|stop| (lane, stop));
    }

    fn hear_iloader(&mut self, at: u64, word: TraceWord, board: &Board) {
        let places = self.seen.configuration.as_ref().map(|seen| (seen.firmware, seen.installation, seen.download));
        let (ram, installation, download) = match places {
            Some((ram, installation, download)) => (range(ram), range(installation), range(download)),
            None => ("RAM".into(), "its slot".into(), "its slot".into()),
        };
        match word.event {
            Event::Entered => {
                let loads = word.detail
                    == loader::OPERATION_LOAD.to_le_bytes().first_chunk().map_or(0, |half| u16::from_le_bytes(*half));
                self.title(if loads { "loads" } else { "updates external flash" });
                let request = if loads { "asked to load" } else { "asked to update external flash" };
                self.act(at, word, format!("{request}; {}", past_the_core::cipher_engine(board)));
            }
            Event::LoadedDownload => {
                self.title("loads the download");
                self.decide("a download waits: leaves it to STiRoT");
                self.act(at, word, format!("copied the download slot, {download}, to {ram}"));
            }
            Event::LoadedInstallation => {
                self.title("loads the installed image");
                self.decide("no download waits: leaves the installed image to STiRoT");
                self.act(at, word, format!("copied the installation slot, {installation}, decrypted, to {ram}"));
            }
            Event::NothingToLoad => {
                self.decide("neither slot begins with the magic");
                self.act(at, word, "found no image in either slot");
            }
            Event::Installed => {
                self.title("installs");
                self.decide("installed: STiRoT looks again after a reset");
                self.act(
                    at,
                    word,
                    format!("erased and wrote the installation slot, {installation}, through the memory cipher"),
                );
            }
            Event::DownloadErased => {
                if self.pass().is_some_and(|pass| pass.decision.is_none()) {
                    self.title("erases the download");
                    self.decide("the refused download is gone");
                }
                self.act(at, word, format!("erased the download slot, {download}"));
            }
            Event::LoaderError => {
                self.decide("failed: tells STiRoT");
                self.act(at, word, format!("failed, code {}", word.detail));
            }
            _ => self.act(at, word, said(word)),
        }
    }

    fn listen(&mut self, at: u64, sent: &[u8]) {
        let room = CONSOLE_KEPT.saturating_sub(self.console_bytes);
        let sent = sent.get(..room.min(sent.len())).unwrap_or_default();
        self.console_bytes += sent.len();
        for (index, piece) in sent.split(|byte| *byte == b'\n').enumerate() {
            if index > 0 {
                self.line_open = false;
            }
            let text = String::from_utf8_lossy(piece).replace('\r', "");
            if text.is_empty() {
                continue;
            }
            match self.story.console.last_mut() {
                Some(line) if self.line_open => line.text.push_str(&text),
                _ => self.story.console.push(ConsoleLine { at, text }),
            }
            self.line_open = true;
        }
    }
}

/// Why the board is looked at no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It does nothing any more.
    AtRest,
    /// It goes on, and enough was seen.
    Enough,
    /// It has no power.
    PowerLost,
}

const fn answer(word: TraceWord) -> TracedAnswer {
    match word.event {
        Event::Passed => TracedAnswer::Passed,
        _ => TracedAnswer::Failed,
    }
}

/// A word's text without what its detail means.
fn said(word: TraceWord) -> String {
    let text = word.event.text();
    text.split_once(':').map_or(text, |(text, _)| text).to_owned()
}

const fn command_name(command: u16) -> &'static str {
    match command {
        loader::RSSCMD_NONE => "none",
        loader::RSSCMD_EMPTY => "no image in either slot",
        loader::RSSCMD_PRIMARY_LOADED => "the installed image is in RAM",
        loader::RSSCMD_SECONDARY_LOADED => "a download is in RAM",
        loader::RSSCMD_ERROR => "the iLoader failed",
        _ => "unknown",
    }
}

/// First and last address of a region.
fn range(region: Region) -> String {
    format!("{}–{}", grouped(region.start), grouped(region.start.saturating_add(region.size.saturating_sub(1))))
}
