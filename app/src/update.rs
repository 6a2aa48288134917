//! The only place that changes the model: by a command, or by what a job reports. What has to happen outside is
//! returned as effects; nothing here blocks, opens a file or reaches a board.

mod boot_lab;
mod credentials;
mod debug;
mod doctor;
mod editing;
mod images;
mod messages;
mod updating;

use std::time::Instant;

use chip::product_state::ProductState;

use crate::command::{Command, failure, quiet_project};
use crate::console::Console;
use crate::model::boot_stages::HereSheet;
use crate::model::configuration::ConfigurationIntent;
use crate::model::{BoardSheet, Goal, JobKind, Model, Reading, Run, StepState, ThemeChoice, Verdict, View};
pub(crate) use boot_lab::fits;
pub use boot_lab::{LabReport, LabRequest};
pub use credentials::{CredentialsReport, CredentialsRequest};
pub use debug::{DebugReport, DebugRequest};
pub use images::{Around, ImagesReport, ImagesRequest};
pub use messages::{Effect, Report, Request};
pub use updating::{UpdateReport, UpdateRequest};

/// Carries a command out.
///
/// A command that isn't possible now changes nothing: buttons are greyed out beforehand, so this happens only when
/// the world changed between painting and pressing.
pub fn apply(model: &mut Model, command: Command, effects: &mut Vec<Effect>) {
    if let Err(reason) = command.enabled(model) {
        model.notice = Some(format!("{}: {reason}", command.text()));
        return;
    }
    let mut start = |kind, request| effects.push(Effect::Start(kind, request));
    match command {
        Command::Show(view) => {
            model.view = view;
            model.object_file = None;
            if view == View::Keys {
                credentials::shown(model, effects);
            }
        }
        Command::ChooseObjectFile => start(JobKind::Dialog, Request::PickObject),
        Command::OpenObjectFile(path) => start(JobKind::Object, Request::OpenObject(path)),
        Command::SelectInObjectFile(selection) => {
            if let Some(file) = &mut model.object_file {
                file.selected = selection;
            }
        }
        Command::CloseObjectFile => model.object_file = None,
        Command::Palette => model.palette_open = !model.palette_open,
        Command::SwitchTheme => {
            model.theme = if model.dark { ThemeChoice::Light } else { ThemeChoice::Dark };
            effects.push(Effect::Theme(model.theme));
            effects.push(Effect::SaveSettings);
        }
        Command::ChooseProject => start(JobKind::Dialog, Request::PickProject),
        Command::OpenProject(folder) => start(JobKind::Project, Request::Project(folder)),
        Command::NewProject(folder) => start(JobKind::Project, Request::NewProject(folder)),
        Command::OpenSample => start(JobKind::Project, Request::Sample),
        Command::ReloadProject => {
            if let Some(project) = &model.project {
                start(JobKind::Project, Request::Project(project.folder.clone()));
            }
        }
        Command::Configuration(intent) => editing::apply(model, intent, effects),
        Command::Images(intent) => images::apply(model, intent, effects),
        Command::Debug(intent) => debug::apply(model, intent, effects),
        Command::Credentials(intent) => credentials::apply(model, intent, effects),
        Command::Doctor(intent) => doctor::apply(model, intent, effects),
        Command::Update(intent) => updating::apply(model, intent, effects),
        Command::Lab(intent) => boot_lab::apply(model, intent, effects),
        Command::ListBoards => start(JobKind::Boards, Request::Boards),
        Command::ChooseBoard => start(JobKind::Dialog, Request::PickBoard),
        Command::OpenBoard(address) => start(JobKind::Board, Request::Open(address)),
        Command::NewBoard => start(JobKind::Board, Request::Create(None)),
        Command::NewBoardAt(path) => start(JobKind::Board, Request::Create(Some(path))),
        Command::ReadBoard => start(JobKind::Board, Request::Read),
        Command::ResetBoard => {
            model.console.note("reset");
            model.debug.core = None;
            start(JobKind::Board, Request::Reset);
        }
        Command::PowerCycle => {
            model.console.note("supply off and on");
            model.debug.core = None;
            start(JobKind::Board, Request::PowerCycle);
        }
        Command::PowerOff => start(JobKind::Board, Request::PowerOff),
        Command::PowerOn => {
            if let Some(board) = &model.board {
                start(JobKind::Board, Request::Open(board.address.clone()));
            }
        }
        Command::Provision => {
            begin_run(model);
            start(JobKind::Provision, Request::Provision { sample_keys_confirmed: model.sample_keys_confirmed });
        }
        Command::Lock(typed) => {
            begin_run(model);
            start(JobKind::Provision, Request::Lock { typed, sample_keys_confirmed: model.sample_keys_confirmed });
        }
        Command::ChooseGoal(goal) => {
            model.view = View::Provision;
            choose_goal(model, goal, effects);
        }
        Command::ConfirmSampleKeys(confirmed) => model.sample_keys_confirmed = confirmed,
        Command::Cancel => {
            if let Some(run) = &mut model.run {
                run.stopping = true;
            }
            effects.push(Effect::Cancel);
        }
        Command::Send(mut line) => {
            line.push('\r');
            effects.push(Effect::Send(line.into_bytes()));
        }
        Command::ClearConsole => {
            model.console = Console::default();
        }
        Command::CopyConsole => effects.push(Effect::Copy(model.console.text())),
        Command::CopyCard => {
            if let Some(card) = model.cards.last().map(|(_, card)| card).or_else(|| failure(model)) {
                effects.push(Effect::Copy(card.text()));
            }
        }
        Command::CloseCard => {
            model.cards.pop();
        }
        Command::CopyEvidence => effects.push(Effect::Copy(evidence(model))),
        Command::CloseRun => model.run = None,
        Command::CopyText(text) => effects.push(Effect::Copy(text)),
        Command::Quit => effects.push(Effect::Close),
    }
    credentials::refresh(model);
}

/// Takes in what a job reports. Effects come out where one thing leads to the next.
pub fn receive(model: &mut Model, report: Report, effects: &mut Vec<Effect>) {
    match report {
        Report::Began(job) => {
            if job.kind != JobKind::Check {
                model.notice = None;
            }
            model.jobs.push(job);
            editing::refresh(model);
        }
        Report::Ended(id) => {
            let held_the_board = model
                .jobs
                .iter()
                .any(|job| job.id == id && matches!(job.kind, JobKind::Board | JobKind::Provision | JobKind::Debug));
            model.jobs.retain(|job| job.id != id);
            editing::refresh(model);
            if held_the_board {
                // Some rules are about the board, which stands otherwise now.
                editing::check(model, effects);
            } else {
                editing::assess(model, effects);
            }
            images::ended(model);
            debug::ended(model);
            boot_lab::ended(model);
            take_held(model, effects);
        }
        Report::Images(report) => images::receive(model, report, effects),
        Report::Debug(report) => debug::receive(model, report),
        Report::Here(here) => {
            let state = model.product_state();
            model.here = here.map(|here| HereSheet { state, ..here });
        }
        Report::Credentials(report) => credentials::receive(model, report),
        Report::Update(report) => updating::receive(model, report, effects),
        Report::Lab(report) => boot_lab::receive(model, report),
        Report::Examined(examination) => doctor::examined(model, *examination),
        Report::Editing(draft, found) => {
            editing::take(model, *draft, *found);
            // Keys and numbers of the project decide about images.
            images::project_changed(model, effects);
        }
        Report::Found(revision, found) => editing::found(model, revision, *found),
        Report::KeyMade(role, path) => editing::use_key(model, role, &path, effects),
        Report::KeyOpened(draft) => editing::key_opened(model, &draft, effects),
        Report::ObjectFile(file) => model.object_file = Some(*file),
        Report::ObjectChosen(path) => apply(model, Command::OpenObjectFile(path), effects),
        Report::Notice(text) => model.notice = Some(text),
        Report::KeyChosen(role, path) => editing::key_chosen(model, role, &path),
        Report::FieldFileChosen(id, path) => {
            model.held = Some(ConfigurationIntent::SetFile(id, path));
            take_held(model, effects);
        }
        Report::Project(project, plan) => {
            let changed = model.project.as_ref().is_none_or(|before| before.folder != project.folder);
            model.recent.retain(|folder| *folder != project.folder);
            model.recent.insert(0, project.folder.clone());
            model.recent.truncate(6);
            model.project = Some(*project);
            model.plan = plan;
            model.drop_card(JobKind::Project);
            updating::project_changed(&mut model.update);
            if changed {
                model.run = None;
                model.lab.forget();
                credentials::project_changed(model);
                model.sample_keys_confirmed = false;
            }
            // A project is read with the plan to CLOSED.
            model.goal = Goal::Closed;
            effects.push(Effect::SaveSettings);
        }
        Report::Boards(choices) => model.choices = choices,
        Report::Board(board) => take_board(model, *board, effects),
        Report::PoweredOff => {
            if let Some(board) = &mut model.board {
                board.powered = false;
                model.debug.opened = None;
                model.debug.core = None;
                board.last = Some("powered off".to_owned());
            }
        }
        Report::ProjectChosen(folder) => apply(model, Command::OpenProject(folder), effects),
        Report::BoardChosen(path) => apply(model, Command::OpenBoard(path.display().to_string()), effects),
        Report::Surveyed(reading) => take_reading(model, *reading),
        Report::Plan(plan) => {
            model.plan = plan;
            let count = model.steps().len();
            if let Some(run) = &mut model.run {
                run.steps = vec![StepState::Waiting; count];
            }
        }
        Report::StepStarted(index) => {
            set_step(model, index, StepState::Running { since: Instant::now(), done: 0, total: 0 });
        }
        Report::Progress(index, done, total) => {
            if let Some(StepState::Running { done: shown, total: whole, .. }) = step_mut(model, index) {
                (*shown, *whole) = (done, total);
            }
        }
        Report::StepProved(index, evidence, seconds) => {
            set_step(model, index, StepState::Proved { evidence, seconds });
        }
        Report::StepSkipped(index, evidence) => set_step(model, index, StepState::Skipped { evidence }),
        Report::Log(line) => {
            if let Some(run) = &mut model.run {
                run.log.push(line);
            }
        }
        Report::Finished(verdict) => finish(model, *verdict, effects),
        // A run that failed before its first step, or by a fault, ends all the same.
        Report::Failed(JobKind::Provision, card) if model.active_run().is_some() => {
            finish(model, Verdict::Fail(*card), effects);
        }
        Report::Failed(JobKind::Update, card) if model.update.goes_on() => {
            updating::finish(model, Verdict::Fail(*card), effects);
        }
        Report::Failed(kind, card) => {
            match kind {
                JobKind::Check => editing::check_failed(model),
                JobKind::Debug => debug::unreached(model),
                _ => {}
            }
            model.put_card(kind, *card);
        }
        Report::Console(bytes) => model.console.receive(&bytes),
    }
    credentials::refresh(model);
}

/// Finds out about the project again, though nothing was edited here: another program may have changed a file.
pub fn look_again(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.jobs.is_empty() {
        editing::check(model, effects);
        images::look_again(model, effects);
    }
}

/// Does what was answered in a dialog, as soon as nothing else works on the project's files.
fn take_held(model: &mut Model, effects: &mut Vec<Effect>) {
    if quiet_project(model).is_ok()
        && let Some(intent) = model.held.take()
    {
        apply(model, Command::Configuration(intent), effects);
    }
}

fn take_board(model: &mut Model, mut board: BoardSheet, effects: &mut Vec<Effect>) {
    forget_other_state(model, board.reading.as_ref().and_then(|reading| reading.state));
    match model.board.take() {
        Some(before) if before.address == board.address => {
            board.earlier = before.reading.map(|reading| reading.option_bytes).unwrap_or_default();
            board.last = board.last.or(before.last);
        }
        _ => {
            model.run = None;
            model.debug.forget_board();
            model.lab.forget();
            model.sample_keys_confirmed = false;
            choose_goal(model, Goal::Closed, effects);
            model.console = Console::default();
            effects.push(Effect::Start(JobKind::Boards, Request::Boards));
        }
    }
    // What is measured goes before what was remembered: a reset or the supply may have shut debug again.
    if board
        .reading
        .as_ref()
        .is_some_and(|reading| reading.debug_open != Some(true) || reading.state != Some(ProductState::Closed))
    {
        model.debug.opened = None;
        model.debug.core = None;
    }
    model.drop_card(JobKind::Board);
    model.board = Some(board);
    effects.push(Effect::SaveSettings);
}

/// Makes the plan for another end, unless it is the one shown.
fn choose_goal(model: &mut Model, goal: Goal, effects: &mut Vec<Effect>) {
    if model.goal == goal {
        return;
    }
    model.goal = goal;
    model.run = None;
    if model.project.is_some() {
        effects.push(Effect::Start(JobKind::Project, Request::Plan(goal)));
    }
}

fn begin_run(model: &mut Model) {
    model.view = View::Provision;
    model.cards.clear();
    model.debug.considered = None;
    model.run = Some(Run {
        steps: vec![StepState::Waiting; model.steps().len()],
        started: Instant::now(),
        stopping: false,
        log: Vec::new(),
        verdict: None,
    });
}

/// Puts away what was true of a board in another state: an examination, and an act that went well.
fn forget_other_state(model: &mut Model, now: Option<ProductState>) {
    if model.product_state() != now {
        model.doctor.examination = None;
        model.doctor.open = false;
        model.debug.outcome.take_if(|outcome| outcome.result.is_ok());
    }
}

fn take_reading(model: &mut Model, reading: Reading) {
    forget_other_state(model, reading.state);
    let Some(board) = &mut model.board else { return };
    if let Some(before) = board.reading.replace(reading)
        && !before.option_bytes.is_empty()
    {
        board.earlier = before.option_bytes;
    }
}

fn finish(model: &mut Model, verdict: Verdict, effects: &mut Vec<Effect>) {
    let last = match &verdict {
        Verdict::Pass { .. } => "provisioned",
        Verdict::Fail(_) => "provisioning failed",
        Verdict::Stopped(_) => "provisioning stopped",
    };
    if let Some(board) = &mut model.board {
        board.last = Some(last.to_owned());
    }
    if let Some(run) = &mut model.run {
        if !matches!(verdict, Verdict::Pass { .. })
            && let Some(step) = run.steps.iter_mut().find(|step| matches!(step, StepState::Running { .. }))
        {
            *step = StepState::Failed;
        }
        run.verdict = Some(verdict);
    }
    effects.push(Effect::SaveSettings);
}

fn step_mut(model: &mut Model, index: usize) -> Option<&mut StepState> {
    model.run.as_mut()?.steps.get_mut(index)
}

fn set_step(model: &mut Model, index: usize, state: StepState) {
    if let Some(step) = step_mut(model, index) {
        *step = state;
    }
}

/// The run's evidence as text.
fn evidence(model: &Model) -> String {
    let Some(run) = &model.run else { return String::new() };
    let mut text = match &run.verdict {
        Some(Verdict::Pass { state, evidence, seconds, record }) => {
            let mut text = format!("PASS: {state} in {seconds:.1} s\n");
            for line in evidence {
                text.push_str(&format!("{line}\n"));
            }
            if let Some(record) = record {
                text.push_str(&format!("record: {}\n", record.display()));
            }
            text
        }
        Some(Verdict::Fail(card)) => format!("FAIL: {}\n", card.text()),
        Some(Verdict::Stopped(card)) => format!("STOPPED: {}\n", card.text()),
        None => String::new(),
    };
    for (index, (step, state)) in model.steps().iter().zip(&run.steps).enumerate() {
        let said = match state {
            StepState::Proved { evidence, seconds } => format!("{evidence} ({seconds:.2} s)"),
            StepState::Skipped { evidence } => format!("not needed: {evidence}"),
            StepState::Failed => "failed".to_owned(),
            StepState::Waiting | StepState::Running { .. } => "not done".to_owned(),
        };
        text.push_str(&format!("{:>2}  {}: {said}\n", index + 1, step.title));
    }
    text
}

#[cfg(test)]
mod tests;
