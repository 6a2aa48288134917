//! Background work: named threads, a promise for what has one result, a channel for what reports on the way, a
//! cancel. What the work is stands in [`crate::engine`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Instant;

use poll_promise::Promise;
use provision::Cancel;

use crate::dialogs;
use crate::engine::debug::Talk;
use crate::engine::{self, Desk, Edited};
use crate::model::boot_stages::HereSheet;
use crate::model::debug::Answer;
use crate::model::images::BuildFile;
use crate::model::{Card, Job, JobKind};
use crate::update::{CredentialsReport, CredentialsRequest, ImagesReport, ImagesRequest, Report, Request};

/// Called from a worker when there is something to take in.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Reports that may wait; a worker that is further ahead waits for the window.
const WAITING_REPORTS: usize = 1024;

/// What one job came to.
type Outcome = Result<Vec<Report>, Box<Card>>;

/// The jobs of one window.
pub struct Jobs {
    desk: Arc<Desk>,
    wake: Wake,
    next: u64,
    results: Vec<(u64, JobKind, Promise<Outcome>)>,
    sender: SyncSender<Report>,
    receiver: Receiver<Report>,
    cancel: Option<Cancel>,
    cancel_trial: Option<Cancel>,
    cancel_debug: Option<Cancel>,
    cancel_lab: Option<Cancel>,
    /// Where the virtual board's core was, as it was last reported.
    here: Option<HereSheet>,
    /// To the act of debug authentication that may wait for a person.
    answers: Option<Sender<Answer>>,
}

impl Jobs {
    /// No jobs yet. `wake` is called from any thread.
    pub fn new(wake: Wake) -> Self {
        let (sender, receiver) = sync_channel(WAITING_REPORTS);
        let desk = Arc::new(Desk::new(Arc::clone(&wake)));
        Self {
            desk,
            wake,
            next: 1,
            results: Vec::new(),
            sender,
            receiver,
            cancel: None,
            cancel_trial: None,
            cancel_debug: None,
            cancel_lab: None,
            here: None,
            answers: None,
        }
    }

    /// Starts a job and says what it is. `edited` is the project that is open, as it is now.
    pub fn start(&mut self, kind: JobKind, request: Request, edited: Option<Edited>) -> Vec<Report> {
        let id = self.next;
        self.next += 1;
        let job = Job { id, kind, text: request.text(), since: Instant::now() };
        let (sender, promise) = Promise::new();
        let desk = Arc::clone(&self.desk);
        let wake = Arc::clone(&self.wake);
        let woken = Arc::clone(&self.wake);
        let reports = self.sender.clone();
        let cancel = Cancel::new();
        match kind {
            JobKind::Provision | JobKind::Update => self.cancel = Some(cancel.clone()),
            JobKind::Trial => self.cancel_trial = Some(cancel.clone()),
            JobKind::Debug => self.cancel_debug = Some(cancel.clone()),
            JobKind::Lab => self.cancel_lab = Some(cancel.clone()),
            _ => {}
        }
        let (answering, answers) = channel();
        if kind == JobKind::Debug {
            self.answers = Some(answering);
        }
        let work = move || {
            let outcome = match request {
                Request::PickProject => Ok(dialogs::project_folder().map(Report::ProjectChosen).into_iter().collect()),
                Request::PickBoard => Ok(dialogs::board_file().map(Report::BoardChosen).into_iter().collect()),
                Request::PickKey(role) => {
                    Ok(dialogs::key_file().map(|path| Report::KeyChosen(role, path)).into_iter().collect())
                }
                Request::PickObject => Ok(dialogs::object_file().map(Report::ObjectChosen).into_iter().collect()),
                Request::PickFieldFile(id) => {
                    Ok(dialogs::any_file().map(|path| Report::FieldFileChosen(id, path)).into_iter().collect())
                }
                Request::Credentials(CredentialsRequest::PickExport(index)) => {
                    let chosen = dialogs::folder("Export credential");
                    let chosen = chosen.map(|path| CredentialsReport::ExportChosen(index, path));
                    Ok(chosen.map(Report::Credentials).into_iter().collect())
                }
                Request::Provision { .. }
                | Request::Lock { .. }
                | Request::Images(_)
                | Request::Debug(_)
                | Request::Lab(_)
                | Request::Update(_) => {
                    let told = Arc::clone(&wake);
                    let asked = cancel.clone();
                    let mut tell = |report| {
                        // Nobody listens any more: the window is gone, so the run stops where that is safe.
                        if reports.send(report).is_err() {
                            asked.cancel();
                        }
                        told();
                    };
                    match request {
                        Request::Images(request) => match pick(&request) {
                            Some(picked) => Ok(picked.map(Report::Images).into_iter().collect()),
                            None => engine::images::carry_out(&desk, request, edited, &cancel, &mut tell),
                        },
                        Request::Debug(request) => {
                            let mut talk = Talk { cancel: &cancel, answers: &answers, tell: &mut tell };
                            engine::debug::carry_out(&desk, request, edited, &mut talk)
                        }
                        Request::Update(request) => engine::updating::carry_out(&desk, request, &cancel, &mut tell),
                        Request::Lab(request) => engine::boot_lab::carry_out(&desk, request, &cancel, &mut tell),
                        request => engine::provision(&desk, request, &cancel, &mut tell),
                    }
                }
                request => engine::carry_out(&desk, request, edited),
            };
            outcome.map_err(Box::new)
        };
        // A fault in the work must end the job, not the window.
        let work = move || {
            let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(Box::new(fault())));
            sender.send(outcome);
            woken();
        };
        match thread::Builder::new().name(format!("{kind:?} job").to_lowercase()).spawn(work) {
            Ok(_) => {
                self.results.push((id, kind, promise));
                vec![Report::Began(job)]
            }
            Err(error) => vec![Report::Failed(
                kind,
                Box::new(Card {
                    title: "The system gave no thread for this work".to_owned(),
                    remedy: Some("Close other programs, then try again.".to_owned()),
                    detail: error.to_string(),
                    ..Card::default()
                }),
            )],
        }
    }

    /// Everything reported since the last call, in order.
    pub fn drain(&mut self) -> Vec<Report> {
        let mut reports: Vec<Report> = Vec::new();
        let mut ended = Vec::new();
        let results = std::mem::take(&mut self.results);
        for (id, kind, promise) in results {
            match promise.try_take() {
                Ok(outcome) => ended.push((id, kind, outcome)),
                Err(promise) => self.results.push((id, kind, promise)),
            }
        }
        // After the promises were looked at, so that an ended run's last report is never left behind.
        reports.extend(self.receiver.try_iter());
        for (id, kind, outcome) in ended {
            match outcome {
                Ok(last) => reports.extend(last),
                Err(card) => reports.push(Report::Failed(kind, card)),
            }
            reports.push(Report::Ended(id));
        }
        let here = self.desk.here();
        if here != self.here {
            self.here.clone_from(&here);
            reports.push(Report::Here(here));
        }
        let console = self.desk.console();
        if !console.is_empty() {
            reports.push(Report::Console(console));
        }
        reports
    }

    /// Asks the run to stop.
    pub fn cancel(&self) {
        if let Some(cancel) = &self.cancel {
            cancel.cancel();
        }
    }

    /// Asks the virtual board of an image to stop.
    pub fn cancel_trial(&self) {
        if let Some(cancel) = &self.cancel_trial {
            cancel.cancel();
        }
    }

    /// Asks the act of debug authentication to stop.
    pub fn cancel_debug(&self) {
        if let Some(cancel) = &self.cancel_debug {
            cancel.cancel();
        }
    }

    /// Asks the lab to stop.
    pub fn cancel_lab(&self) {
        if let Some(cancel) = &self.cancel_lab {
            cancel.cancel();
        }
    }

    /// Tells the act of debug authentication what a person did. One that has ended doesn't hear it.
    pub fn answer(&self, answer: Answer) {
        if let Some(answers) = &self.answers {
            let _ended = answers.send(answer);
        }
    }

    /// Keeps unsaved edits on the disk.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn keep(&self, edited: &Edited) -> std::io::Result<()> {
        self.desk.keep(edited)
    }

    /// Bytes to the board's UART.
    pub fn send(&self, bytes: &[u8]) {
        self.desk.send(bytes);
    }

    /// Saves and powers off what is on the desk.
    ///
    /// # Errors
    /// The disk's refusal, as a card.
    pub fn put_away(&self) -> Result<(), Card> {
        self.desk.put_away()
    }
}

/// Asks what a dialog of the Images view is for: `None` for what is none, else what was chosen, if anything was.
fn pick(request: &ImagesRequest) -> Option<Option<ImagesReport>> {
    Some(match request {
        ImagesRequest::PickFile => dialogs::file_to_open().map(ImagesReport::FileChosen),
        ImagesRequest::PickComparison => dialogs::any_file().map(ImagesReport::ComparisonChosen),
        ImagesRequest::PickKey => dialogs::key_file().map(ImagesReport::KeyChosen),
        ImagesRequest::PickClearTarget(what, name) => {
            let path = dialogs::file_to_save("Save in the clear", name);
            path.map(|path| ImagesReport::ClearTargetChosen(*what, path))
        }
        ImagesRequest::PickBuildFile(which, name) => {
            let path = match which {
                BuildFile::Application => dialogs::application(),
                BuildFile::Image => dialogs::file_to_save("Save image", name),
            };
            path.map(|path| ImagesReport::BuildFileChosen(*which, path))
        }
        _ => return None,
    })
}

/// A panic of the studio's own.
fn fault() -> Card {
    Card {
        title: "Internal fault: the studio's own code failed here".to_owned(),
        remedy: Some(
            "Please report it with what stands on stderr. Boards and projects are as they were after the last finished \
             step; pressing again goes on."
                .to_owned(),
        ),
        ..Card::default()
    }
}
