//! The last steps: the climb to the final state, its proof from outside, the application's first words.

use std::thread;
use std::time::{Duration, Instant};

use board::TraceKind;
use chip::product_state::ProductState;
use chip::trace::{Check, Event as TraceEvent, Stage, Stop, TraceWord};

use super::run::{Authentication, Run};
use super::{Event, Right};
use crate::bench::VirtualBoard;
use crate::capability::{Acknowledged, AllObjectsStored, Climb};
use crate::console::ConsoleReader;
use crate::debug_authentication::Discovery;
use crate::error::ProvisionError;
use crate::evidence::Evidence;
use crate::link::Survey;
use crate::plan::BootStages;
use crate::rsslib::RssOutcome;

/// What each line of the studio's second boot stage begins with.
const SECOND_STAGE_MARK: &str = "[oemurot] ";
/// How long the console must be quiet for the banner to count as complete.
pub(super) const BANNER_QUIET: Duration = Duration::from_millis(50);
pub(super) const POLL: Duration = Duration::from_millis(2);
/// The longest banner that is kept in a record, in bytes.
pub(super) const BANNER_KEPT: usize = 2048;

impl Run<'_> {
    pub(super) fn climb_to_final_state(&mut self) -> Result<Evidence, ProvisionError> {
        let climb = match self.authority.right {
            Right::Close { .. } => {
                let Authentication::Proved(way_back) = std::mem::take(&mut self.authentication) else {
                    return Err(ProvisionError::WayBackNotProved { reason: "nothing proved it in this run".into() });
                };
                let objects = self.all_objects_stored(way_back.stored())?;
                Climb::to_closed(way_back, &objects)
            }
            Right::Lock(consent) => {
                let Authentication::Stored(stored) = std::mem::take(&mut self.authentication) else {
                    return Err(not_all_objects());
                };
                Climb::to_locked(consent, &self.all_objects_stored(&stored)?)
            }
        };
        let climb = climb.ok_or_else(|| ProvisionError::Internal {
            what: "the stored debug-authentication object does not fit the final state".into(),
        })?;
        let call = format!("SetProductState ({})", climb.state());
        let outcome = self.link.set_product_state(climb)?;
        if let RssOutcome::Refused { status } = outcome {
            return Err(ProvisionError::RssRefused { call, status });
        }
        self.link.disconnect();
        if self.link.core_in_reach()? {
            let state = self.link.option_bytes()?.product_state();
            if state == ProductState::Provisioning {
                return Err(ProvisionError::RssUnknown { call });
            }
            return Err(ProvisionError::NotProved { what: format!("access port 1 is still open, in {state}") });
        }
        Ok(Evidence::text("the chip shut the core's access port").with("call", format!("{outcome:?}")))
    }

    /// Part of the key to the final state: this run's acknowledgement of every object that the plan's boot stages need.
    fn all_objects_stored(&self, authentication: &Acknowledged) -> Result<AllObjectsStored, ProvisionError> {
        let needed = self.plan.stages.objects().iter();
        let others: Vec<&Acknowledged> =
            needed.filter_map(|role| self.stored.iter().find(|object| object.role() == *role)).collect();
        AllObjectsStored::assemble(authentication, &others).ok_or_else(not_all_objects)
    }

    pub(super) fn prove_closed(&mut self) -> Result<Evidence, ProvisionError> {
        let wanted = self.plan.final_state.product_state();
        if self.link.core_in_reach()? {
            return Err(ProvisionError::NotProved {
                what: format!("access port 1 is open, so the board is not {wanted}"),
            });
        }
        // A transfer that fails proves more than a status bit.
        let refused = match self.link.read_word(chip::memory_map::AXI_SRAM1.start) {
            Err(ProvisionError::PortShut { .. }) => "access port 1 refuses",
            Err(error) => return Err(error),
            Ok(_) => return Err(ProvisionError::NotProved { what: "access port 1 still reads memory".into() }),
        };
        let discovery = match self.link.discover() {
            Ok(discovery) => Some(discovery),
            // Whether a locked chip answers is not known: its silence proves no less.
            Err(ProvisionError::Discovery { reason }) if wanted == ProductState::Locked => {
                self.log(format!("the mailbox is silent: {reason}"));
                None
            }
            Err(error) => return Err(error),
        };
        (self.events)(Event::Surveyed(Box::new(Survey {
            board: self.link.address().to_string(),
            product_state: discovery.as_ref().and_then(Discovery::product_state),
            uid: discovery.as_ref().map_or(self.board, Discovery::uid),
            device: discovery.as_ref().and_then(|discovery| discovery.device),
            hdpl: None,
            core_in_reach: false,
            option_bytes: None,
            discovery: discovery.clone(),
            voltage: self.link.supply(),
        })));
        let Some(discovery) = discovery else {
            // Silent from the first look on, it may be any board on this probe.
            let whose = if self.board.is_none() { "; which board it is was not told" } else { "" };
            return Ok(Evidence::text(format!("{refused}, the mailbox is silent{whose}")));
        };
        match discovery.product_state() {
            Some(state) if state == wanted => Ok(Evidence::text(format!("{refused}, discovery names {state}"))
                .with("lifecycle", format!("{:#x}", discovery.lifecycle().unwrap_or_default()))),
            other => {
                let named = other.map_or_else(|| "no known state".to_owned(), |state| state.name().to_owned());
                Err(ProvisionError::NotProved { what: format!("discovery names {named}, not {wanted}") })
            }
        }
    }

    pub(super) fn watch_application(&mut self) -> Result<Evidence, ProvisionError> {
        let Some(board) = self.link.virtual_board().cloned() else {
            return Ok(Evidence::text("this link has no console: watch the board's own").with("seen", "no"));
        };
        let mut reader = board.console_reader();
        let trace = board.look(|board| board.peripherals.trace.cursor());
        self.link.reset_and_run()?;
        self.link.disconnect();
        let heard = self.first_words(&board, &mut reader, trace)?;
        let Heard { application, second_stage } = Heard::of(&String::from_utf8_lossy(&heard));
        let text = application.trim().chars().take(BANNER_KEPT).collect::<String>();
        let names_it = self.plan.image_version.as_ref().is_some_and(|version| text.contains(version.as_str()));
        let seen = if names_it { "yes" } else { "no" };
        let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned();
        self.record.banner = Some(text.clone());
        let evidence = Evidence::text(format!("the application says: {line}"));
        let evidence = evidence.with("banner", text).with("names_version", seen);
        Ok(if second_stage.is_empty() {
            evidence
        } else {
            evidence.with("second_stage", second_stage.chars().take(BANNER_KEPT).collect::<String>())
        })
    }

    /// What the application says first, up to a pause; before it, what the second boot stage told.
    fn first_words(
        &mut self,
        board: &VirtualBoard,
        reader: &mut ConsoleReader,
        trace: u64,
    ) -> Result<Vec<u8>, ProvisionError> {
        let (began, limit) = (Instant::now(), banner_timeout(self.plan.stages));
        let mut words = Vec::new();
        let mut last = Instant::now();
        loop {
            // At rest before the last look at the console, and nothing new: nothing will come any more.
            let resting = board.is_at_rest();
            let new = reader.take();
            let nothing_new = new.is_empty();
            if !nothing_new {
                words.extend(new);
                last = Instant::now();
            }
            let spoke = Heard::of(&String::from_utf8_lossy(&words)).is_a_line();
            if spoke && last.elapsed() >= BANNER_QUIET {
                return Ok(words);
            }
            self.safe_point()?;
            if began.elapsed() >= limit || (!spoke && nothing_new && resting) {
                // The trace says why.
                return Err(ProvisionError::NotProved { what: silence(board, trace) });
            }
            thread::sleep(POLL);
        }
    }
}

/// How long an application may take from reset to its first line: an installation erases and writes slots, that of two
/// boot stages two of them, the second with megabytes.
pub(super) const fn banner_timeout(stages: BootStages) -> Duration {
    match stages {
        BootStages::One => Duration::from_secs(60),
        BootStages::Two => Duration::from_secs(180),
    }
}

/// What came from the console, by who said it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// Every line that isn't the second stage's.
    pub(super) application: String,
    /// What the second boot stage told of its decisions, one line each, without its mark.
    second_stage: String,
}

impl Heard {
    pub(super) fn of(console: &str) -> Self {
        let mut heard = Self::default();
        for line in console.split_inclusive('\n') {
            match line.trim_start_matches(['\r', '\0']).strip_prefix(SECOND_STAGE_MARK) {
                Some(told) => heard.second_stage.push_str(told),
                None => heard.application.push_str(line),
            }
        }
        heard
    }

    /// Whether the application said a line to its end.
    pub(super) fn is_a_line(&self) -> bool {
        self.application.split_inclusive('\n').any(|line| line.ends_with('\n') && !line.trim().is_empty())
    }
}

fn not_all_objects() -> ProvisionError {
    ProvisionError::WrongState {
        state: ProductState::Provisioning.name().into(),
        reason: "not all objects that the plan stores were acknowledged in this run".into(),
    }
}

/// A stage of the boot, as the field calls it.
const fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Rss => "RSS",
        Stage::Stirot => "STiRoT",
        Stage::Iloader => "iLoader",
        Stage::Oemurot => "OEMuRoT",
    }
}

/// Why nothing came, in the words that the boot itself left.
fn silence(board: &VirtualBoard, trace: u64) -> String {
    let words: Vec<TraceWord> = board.look(|board| {
        let entries = board.peripherals.trace.since(trace);
        entries.filter_map(|entry| if let TraceKind::Word(word) = entry.kind { Some(word) } else { None }).collect()
    });
    let mut reasons = Vec::new();
    for word in &words {
        // Each detail of these events is a small code; what none names is shown as a number.
        let code = word.detail as u8;
        let named = match word.event {
            TraceEvent::Failed => Check::from_code(code).map(Check::text),
            TraceEvent::Stopped => Stop::from_code(code).map(Stop::text),
            TraceEvent::LoaderError => None,
            _ => continue,
        };
        let named = named.map_or_else(|| format!("{:#x}", word.detail), str::to_owned);
        let reason =
            format!("{}: {}: {named}", stage_name(word.stage), word.event.text().split(':').next().unwrap_or_default());
        if reasons.last() != Some(&reason) {
            reasons.push(reason);
        }
    }
    match (reasons.is_empty(), words.last()) {
        (false, _) => format!("the application did not start ({})", reasons.join("; ")),
        (true, Some(last)) => {
            format!("nothing came from the console; the boot's last word: {} {}", last.event.text(), last.detail)
        }
        (true, None) => "nothing came from the console, and the boot left no word".into(),
    }
}

#[cfg(test)]
mod tests {
    use chip::obk::Destination;
    use formats::{Encryption, ObkFile, Secret};
    use project::{Project, Wallet};
    use sha2::{Digest, Sha256};

    use crate::bench::VirtualOptions;
    use crate::execute::{Cancel, execute};
    use crate::material::Material;
    use crate::{
        Authority, FinalState, Keeping, LeaveOpen, Link, ProvisionError, Right, RunFolder, SampleKeys, SiliconOptions,
        StepId, VirtualBoard, plan_for,
    };

    #[test]
    fn lines_of_the_second_stage_are_told_apart_from_the_applications() {
        let console =
            "[oemurot] application: download accepted\r\n[oemurot] starts it\r\n\r\nDemo\r\nversion 1.0.0\r\n";
        let heard = super::Heard::of(console);
        assert_eq!(heard.second_stage, "application: download accepted\r\nstarts it\r\n");
        assert_eq!(heard.application, "\r\nDemo\r\nversion 1.0.0\r\n");
        assert!(heard.is_a_line());
        for nothing in ["", "\r\n", "[oemurot] starts it\r\n", "[oemurot] starts it\r\n\r\nDem"] {
            assert!(!super::Heard::of(nothing).is_a_line(), "{nothing:?}");
        }
    }

    /// Offset of the minimum product state in STiROT_Config's body: 32 bytes of hash, then payload 0x1C.
    const MINIMUM_STATE: usize = 32 + 0x1C;

    /// The plan refuses this pairing, so that the object is exchanged behind its back: it shows what the refusal is
    /// good for.
    #[test]
    fn with_a_minimum_state_of_locked_nothing_runs_on_a_closed_board_and_the_trace_says_why() {
        let folder = tempfile::tempdir().unwrap();
        project::sample::unpack(&folder.path().join("project")).unwrap();
        let project = Project::open(&folder.path().join("project")).unwrap();
        let (mut plan, mut outputs) = plan_for(&project, FinalState::Closed).unwrap();
        let mut body = outputs.configuration.obk.body.to_vec();
        body[MINIMUM_STATE] = 0x5C;
        let hash = Sha256::digest(&body[32..]);
        body[..32].copy_from_slice(&hash);
        outputs.configuration.obk =
            ObkFile::new(Destination::STIROT_CONFIG, Encryption::Encrypted, Secret::new(body)).unwrap();
        plan.digests = Material::of(&outputs).digests();

        let options = VirtualOptions { pace: board::Pace::Jump, ..VirtualOptions::default() };
        let board = VirtualBoard::create_with(&folder.path().join("bench.board"), Some(40), options).unwrap();
        let mut link = Link::to_virtual_board(&board, &SiliconOptions::default());
        let wallet = Wallet::at(&folder.path().join("wallet"));
        let credential = project.debug_credential().unwrap();
        let leave = LeaveOpen::with_way_back(&credential, &outputs.debug_authentication.obk).unwrap();
        let right = Right::Close { leave, keeping: Keeping::of_project(&project, &wallet) };
        let authority = Authority { right, sample_keys: SampleKeys::Refused };
        let runs = RunFolder::at(&folder.path().join("runs"));
        let error = execute(&plan, &outputs, &mut link, authority, &runs, &Cancel::new(), &mut |_| {}).unwrap_err();
        let ProvisionError::NotProved { what } = &error else { panic!("{error}") };
        assert!(what.contains("product state below the configured minimum"), "{what}");
        let record = crate::Record::load_all(&runs).pop().unwrap();
        assert_eq!(record.steps.last().unwrap().step, StepId::ClosedProof, "closed it is, and nothing runs");
        assert!(record.banner.is_none());
    }
}
