//! What the jobs of debug authentication do, in the words of the engine. As the rest of `engine`, it blocks and decides
//! nothing: an act that the board refused or didn't prove is an outcome like another.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use formats::{DebugCredential, ObkFile};
use project::{KeyRole, ProjectError};
use provision::{Cancel, DebugLevel, Discovery, Link, Patience, Prompt, ProvisionError, Survey};

use super::{Desk, Edited, credentials, editing};
use crate::local_time;
use crate::model::Card;
use crate::model::configuration::TypedText;
use crate::model::debug::{Act, ActOutcome, Answer, CoreSheet, Level, PromptSheet};
use crate::sheets;
use crate::text::{address, short_hex};
use crate::update::{DebugReport, DebugRequest, Report};

/// How long a board may boot until the core that was in reach is in reach again.
const BOOT: Duration = Duration::from_secs(5);
/// How long is waited before the next look at a board that boots.
const AGAIN: Duration = Duration::from_millis(20);
/// How often a waiting job looks whether it was cancelled.
const LOOK: Duration = Duration::from_millis(100);

/// What a job speaks with: the person who answers or cancels, and the window that it tells.
pub(crate) struct Talk<'a> {
    /// Asked at every safe point.
    pub cancel: &'a Cancel,
    /// What a person did about a prompt.
    pub answers: &'a Receiver<Answer>,
    /// Takes what happens.
    pub tell: &'a mut dyn FnMut(Report),
}

impl Talk<'_> {
    /// What the engine asks on its way; while a person is asked, it waits.
    fn answer(&mut self, prompt: &Prompt) -> provision::Answer {
        if self.cancel.is_cancelled() {
            return provision::Answer::Stop;
        }
        let (number, count) = match prompt {
            Prompt::Trying { number, connecting } => {
                // The first try is how every discovery begins.
                if *number > 1 {
                    self.report(DebugReport::Progress(format!("try {number}: {connecting}")));
                }
                return provision::Answer::GoOn;
            }
            Prompt::PowerCycle { number, count } => (*number, *count),
        };
        self.report(DebugReport::Prompt(Some(PromptSheet {
            text: format!("Take the board's supply away, wait a second, give it back ({number} of {count})"),
            why: "it answered to no way of asking. After a power cycle some boards answer for a short while; the next \
                  round of tries begins when you press Done"
                .to_owned(),
        })));
        let answer = self.wait();
        self.report(DebugReport::Prompt(None));
        match answer {
            Answer::Done => provision::Answer::GoOn,
            Answer::Stop => provision::Answer::Stop,
        }
    }

    fn report(&mut self, report: DebugReport) {
        (self.tell)(Report::Debug(report));
    }

    /// Waits until a person has answered, or cancelled.
    fn wait(&self) -> Answer {
        loop {
            match self.answers.recv_timeout(LOOK) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Disconnected) => return Answer::Stop,
                Err(RecvTimeoutError::Timeout) if self.cancel.is_cancelled() => return Answer::Stop,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// Carries out a request.
///
/// # Errors
/// What went wrong before anything was done to the board, as a card. What goes wrong with the board is the act's outcome.
pub(crate) fn carry_out(
    desk: &Desk,
    request: DebugRequest,
    edited: Option<Edited>,
    talk: &mut Talk<'_>,
) -> Result<Vec<Report>, Card> {
    match request {
        DebugRequest::Discover => act(desk, Act::Discover, |link| discover(link, talk)),
        DebugRequest::OpenDebug(level) => act(desk, Act::OpenDebug(level), |link| open(desk, link, level)),
        DebugRequest::CloseDebug => act(desk, Act::CloseDebug, close),
        DebugRequest::Regress => act(desk, Act::Regress, |link| regress(desk, link)),
        DebugRequest::RegressKept(folder, passphrase) => {
            act(desk, Act::Regress, |link| regress_kept(link, &folder, &passphrase))
        }
        DebugRequest::Halt => halt(desk),
        DebugRequest::Resume => resume(desk),
        DebugRequest::Unlock(passphrase) => {
            let edited = edited.ok_or_else(|| Card { title: "No project is open".to_owned(), ..Card::default() })?;
            unlock(desk, edited, &editing::passphrase_of(&passphrase)?)
        }
    }
}

/// An act that came to its end.
struct Done {
    /// What proves it, line by line.
    evidence: Vec<String>,
    /// The board afterwards.
    survey: Survey,
    /// What the window is told besides.
    told: Vec<DebugReport>,
}

/// Why an act did not.
enum Failed {
    Card(Card),
    Board(ProvisionError),
}

impl From<ProvisionError> for Failed {
    fn from(error: ProvisionError) -> Self {
        Self::Board(error)
    }
}

impl From<ProjectError> for Failed {
    fn from(error: ProjectError) -> Self {
        Self::Card(sheets::project_card(&error))
    }
}

impl From<Card> for Failed {
    fn from(card: Card) -> Self {
        Self::Card(card)
    }
}

/// Does an act on the board and tells how it ended, with what went to and fro, and where the board stands then.
fn act(desk: &Desk, act: Act, work: impl FnOnce(&mut Link) -> Result<Done, Failed>) -> Result<Vec<Report>, Card> {
    let mut link = desk.link()?;
    drop(link.take_transcript());
    let began = Instant::now();
    let done = work(&mut link);
    let seconds = began.elapsed().as_secs_f64();
    let exchanges = link.take_transcript().exchanges.iter().map(sheets::debug::exchange).collect();
    let mut reports = Vec::new();
    let (survey, result) = match done {
        Ok(done) => {
            reports.extend(done.told.into_iter().map(Report::Debug));
            (Some(done.survey), Ok(done.evidence))
        }
        Err(failed) => {
            let card = match failed {
                Failed::Card(card) => card,
                Failed::Board(error) => sheets::card(&error),
            };
            // What is known of the board may no longer hold.
            (link.survey().ok(), Err(card))
        }
    };
    let what = sheets::debug::said(act, result.is_ok());
    if let Some(survey) = &survey {
        desk.measured(survey);
        let board = sheets::board(link.address(), survey, &desk.profile(), what);
        // Before what was told: a board whose core is out of reach has no debug that is open.
        reports.insert(0, Report::Board(Box::new(board)));
    } else {
        reports.insert(0, Report::Debug(DebugReport::Unreached));
    }
    desk.hold(link);
    let outcome = ActOutcome { act, result, exchanges, at: local_time::now(), seconds };
    reports.push(Report::Debug(DebugReport::Ended(Box::new(outcome))));
    reports.push(desk.credential());
    Ok(reports)
}

/// The board as a discovery tells it, with what can be measured besides. Debug that was open before may outlive the
/// discovery's reset: the core is then in reach again as soon as the boot comes to its level, and while it boots an
/// attempt may fail.
fn survey(link: &mut Link, discovery: Discovery, was_in_reach: bool) -> Result<Survey, ProvisionError> {
    let began = Instant::now();
    loop {
        let boots = began.elapsed() < BOOT;
        if link.core_in_reach()? {
            match link.survey() {
                Ok(survey) => return Ok(Survey { discovery: Some(discovery), ..survey }),
                Err(error) if !boots => return Err(error),
                Err(_) => {}
            }
        } else if !(was_in_reach && boots) {
            break;
        }
        std::thread::sleep(AGAIN);
    }
    Ok(Survey {
        board: link.address().to_string(),
        product_state: discovery.product_state(),
        uid: discovery.uid(),
        device: discovery.device,
        hdpl: None,
        core_in_reach: false,
        option_bytes: None,
        voltage: link.supply(),
        discovery: Some(discovery),
    })
}

fn discover(link: &mut Link, talk: &mut Talk<'_>) -> Result<Done, Failed> {
    let was_in_reach = link.core_in_reach().unwrap_or(false);
    let (discovery, attempts) = link.discover_patiently(&Patience::default(), &mut |prompt| talk.answer(prompt))?;
    let mut evidence = vec![format!("answered {}", discovery.connecting)];
    if attempts.len() > 1 {
        evidence.push(format!("at try {}; the ones before are below", attempts.len()));
    }
    let tries = attempts.iter().map(sheets::debug::attempt).collect();
    let survey = survey(link, discovery, was_in_reach)?;
    // The reset let the core run.
    Ok(Done { evidence, survey, told: vec![DebugReport::Attempts(tries), DebugReport::Core(None)] })
}

fn open(desk: &Desk, link: &mut Link, level: Level) -> Result<Done, Failed> {
    let credential = desk.project()?.debug_credential()?;
    let opened = link.open_debug(&credential, engine_level(level))?;
    let hdpl = opened.core.hdpl;
    let stands = opened.core.register("pc").map_or_else(String::new, |pc| format!(" at {}", address(pc)));
    let evidence = vec![
        format!(
            "the board accepted the leaf {}",
            credential.leaf().map(|leaf| short_hex(&leaf.to_string())).unwrap_or_default()
        ),
        format!(
            "the core stands{stands}, HDPL {}, halted by the debugger",
            hdpl.map_or_else(|| "not read".to_owned(), |hdpl| hdpl.to_string())
        ),
    ];
    let core = core_sheet(&opened.core);
    let survey = Survey { discovery: Some(opened.discovery), ..link.survey()? };
    Ok(Done { evidence, survey, told: vec![DebugReport::Opened(Some(level)), DebugReport::Core(Some(core))] })
}

fn close(link: &mut Link) -> Result<Done, Failed> {
    let shut = link.close_debug()?;
    let said = if shut.acknowledged { "the board said so" } else { "the board didn't say so, the reset did it" };
    let evidence = vec![format!("access port 1 is shut; {said}")];
    let survey = survey(link, shut.discovery, false)?;
    Ok(Done { evidence, survey, told: vec![DebugReport::Opened(None)] })
}

fn regress(desk: &Desk, link: &mut Link) -> Result<Done, Failed> {
    let project = desk.project()?;
    regress_with(link, &project.debug_credential()?, &project.debug_object()?, "the project's")
}

/// Back to OPEN with what the wallet keeps for this very board.
fn regress_kept(link: &mut Link, folder: &Path, passphrase: &TypedText) -> Result<Done, Failed> {
    let (credential, object) = credentials::kept(folder, passphrase)?;
    regress_with(link, &credential, &object, "the wallet's")
}

/// `whose` names where credential and object come from.
fn regress_with(link: &mut Link, credential: &DebugCredential, object: &ObkFile, whose: &str) -> Result<Done, Failed> {
    let regressed = link.regress(credential, Some(object))?;
    let mut evidence = Vec::new();
    if regressed.stored_object {
        evidence.push(format!("{whose} debug-authentication object was stored first"));
    }
    evidence.push(format!("from {}: the option bytes say OPEN, the user flash is empty", regressed.from.name()));
    let (before, after) = regressed.epoch;
    evidence.push(match before {
        Some(before) => format!("epoch {before} became {after}: what was stored under the old one is dead"),
        None => format!("epoch {after}: what was stored under an older one is dead"),
    });
    evidence
        .extend(regressed.disturbed.map(|what| format!("the board's answer was disturbed ({what}); it is in OPEN")));
    Ok(Done { evidence, survey: regressed.survey, told: vec![DebugReport::Opened(None)] })
}

const fn engine_level(level: Level) -> DebugLevel {
    match level {
        Level::One => DebugLevel::Hdpl1,
        Level::Two => DebugLevel::Hdpl2,
        Level::Three => DebugLevel::Hdpl3,
    }
}

fn core_sheet(core: &provision::CoreView) -> CoreSheet {
    CoreSheet {
        halted: true,
        hdpl: core.hdpl,
        registers: core.registers.iter().map(|register| (register.name.clone(), register.value)).collect(),
        at: local_time::now(),
    }
}

fn halt(desk: &Desk) -> Result<Vec<Report>, Card> {
    let mut link = desk.link()?;
    let core = link.core_view().map_err(|error| sheets::card(&error))?;
    desk.hold(link);
    Ok(vec![Report::Debug(DebugReport::Core(Some(core_sheet(&core))))])
}

fn resume(desk: &Desk) -> Result<Vec<Report>, Card> {
    let mut link = desk.link()?;
    link.resume().map_err(|error| sheets::card(&error))?;
    desk.hold(link);
    let core = CoreSheet { halted: false, hdpl: None, registers: Vec::new(), at: local_time::now() };
    Ok(vec![Report::Debug(DebugReport::Core(Some(core)))])
}

/// Opens the key that answers for the board, for this session.
fn unlock(desk: &Desk, edited: Edited, passphrase: &formats::Passphrase) -> Result<Vec<Report>, Card> {
    let Edited { mut draft, revision } = edited;
    let project = desk.project()?;
    let path = match project.debug_credential() {
        Err(ProjectError::Locked { path, .. }) => path,
        Err(error) => return Err(sheets::project_card(&error)),
        Ok(_) => return Ok(vec![desk.credential()]),
    };
    draft.unlock(KeyRole::DebugLeaf, &path, passphrase).map_err(|error| sheets::project_card(&error))?;
    let mut reports = editing::opened(desk, Edited { draft, revision });
    reports.push(desk.credential());
    reports.push(Report::Notice("the leaf's key is open until the studio is closed".to_owned()));
    Ok(reports)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const CYCLE: Prompt = Prompt::PowerCycle { number: 1, count: 2 };

    /// What the engine is answered, and what the window was told meanwhile.
    fn answered(prompt: &Prompt, given: Option<Answer>, cancelled: bool) -> (provision::Answer, Vec<Report>) {
        let (sender, answers) = channel();
        let cancel = Cancel::new();
        let mut told = Vec::new();
        if let Some(answer) = given {
            sender.send(answer).expect("the talk listens");
        }
        if cancelled {
            cancel.cancel();
        }
        let answer = Talk { cancel: &cancel, answers: &answers, tell: &mut |report| told.push(report) }.answer(prompt);
        (answer, told)
    }

    #[test]
    fn a_power_cycle_is_asked_for_and_the_person_s_answer_counts() {
        for (given, expected) in [(Answer::Done, provision::Answer::GoOn), (Answer::Stop, provision::Answer::Stop)] {
            let (answer, told) = answered(&CYCLE, Some(given), false);
            assert_eq!(answer, expected);
            let [Report::Debug(DebugReport::Prompt(Some(prompt))), Report::Debug(DebugReport::Prompt(None))] =
                told.as_slice()
            else {
                panic!("{told:?}")
            };
            assert!(prompt.text.contains("1 of 2"), "{prompt:?}");
        }
    }

    #[test]
    fn a_cancelled_act_asks_nobody() {
        let (answer, told) = answered(&CYCLE, None, true);
        assert_eq!(answer, provision::Answer::Stop);
        assert!(told.is_empty(), "{told:?}");
    }
}
