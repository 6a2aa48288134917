//! A session from the request in the mailbox to its end. However it ends, the board is left booting, not waiting in its
//! ROM for a host that is gone.

use std::thread;
use std::time::{Duration, Instant};

use chip::mailbox::{self, command, status};

use super::mailbox::Mailbox;
use super::packet::{self, Reply, Request};
use super::problem::{AuthenticationProblem, Cause, Place};
use super::transcript::{Exchange, Transcript};
use crate::error::ProvisionError;
use crate::link::{Link, PIN_NRESET, broken};
use crate::silicon_options::{Approach, Connecting, SiliconOptions};

/// How long a word of the last command may wait to be taken, and its answer to be given: a board that goes its own way
/// after a credential does neither.
const LAST_COMMAND: Duration = Duration::from_millis(100);
const LAST_ANSWER: Duration = Duration::from_millis(20);

/// What a link remembers of its sessions.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// What was exchanged since it was last taken.
    transcript: Transcript,
    /// How the board was reached, where the option's way was not the one.
    worked: Option<Connecting>,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// The board said that it goes on booting.
    Acknowledged,
    /// It said nothing, or something else.
    Silent,
}

/// A session whose request the board answered.
pub(super) struct Session {
    pub(super) mailbox: Mailbox,
    options: SiliconOptions,
    transcript: Transcript,
    /// The word that answered the request.
    pub(super) answer: u32,
    /// How the board was reached.
    pub(super) connecting: Connecting,
}

impl Session {
    /// Sends a command and takes its answer.
    pub(super) fn ask(
        &mut self,
        place: Place,
        name: &str,
        command: u16,
        data: &[u8],
    ) -> Result<Reply, AuthenticationProblem> {
        let patience = match command {
            command::AUTH_START | command::AUTH_RESPONSE => self.options.credential_timeout,
            _ => self.options.mailbox_timeout,
        };
        let request = Request { place, name, command, data, patience };
        packet::exchange(&mut self.mailbox, &self.options, &mut self.transcript, &request)
    }

    /// Adds a remark to the last exchange.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        if let Some(exchange) = self.transcript.exchanges.last_mut() {
            exchange.note = Some(note.into());
        }
    }

    pub(super) fn options(&self) -> &SiliconOptions {
        &self.options
    }

    /// Lets the board go on booting.
    pub(super) fn close(&mut self) -> Closing {
        let began = Instant::now();
        let words = packet::request_words(command::CLOSE_SESSION, &[], self.options.request_count);
        let sent = words.iter().try_for_each(|word| self.mailbox.send_within(*word, LAST_COMMAND));
        // The answer to the last command is not waited for by everything that boots on; it must not stay behind.
        let head = sent.and_then(|()| self.mailbox.receive_within(LAST_ANSWER));
        let count = head.as_ref().ok().and_then(|_| self.mailbox.receive_within(LAST_ANSWER).ok());
        let closed = head.as_ref().is_ok_and(|head| *head == u32::from(status::SUCCESS) << 16) && count == Some(0);
        self.transcript.push(Exchange {
            command: "close the session".into(),
            status: head.as_ref().ok().map(|head| super::problem::status_text((head >> 16) as u16)),
            sent_bytes: 0,
            received_bytes: 0,
            milliseconds: began.elapsed().as_secs_f64() * 1e3,
            note: head.err().map(|problem| problem.to_string()),
        });
        if closed { Closing::Acknowledged } else { Closing::Silent }
    }
}

impl Link {
    /// What was exchanged with the board's ROM since the last call, also by what failed.
    pub fn take_transcript(&mut self) -> Transcript {
        std::mem::take(&mut self.memory.transcript)
    }

    /// What was exchanged with the board's ROM since it was last taken.
    pub fn transcript(&self) -> &Transcript {
        &self.memory.transcript
    }

    /// How the next session brings its request to the board: as it last worked, else as the options say.
    pub fn connecting(&self) -> Connecting {
        self.memory.worked.unwrap_or(self.options().connecting)
    }

    pub(super) fn remember_connecting(&mut self, connecting: Connecting) {
        self.memory.worked = Some(connecting);
    }

    /// Opens a session, does `act` in it, and lets the board boot on.
    pub(super) fn in_session<R>(
        &mut self,
        act: impl FnOnce(&mut Session) -> Result<R, AuthenticationProblem>,
    ) -> Result<(R, Closing), ProvisionError> {
        self.in_session_as(self.connecting(), act)
    }

    /// As [`Link::in_session`], in a given way.
    pub(super) fn in_session_as<R>(
        &mut self,
        connecting: Connecting,
        act: impl FnOnce(&mut Session) -> Result<R, AuthenticationProblem>,
    ) -> Result<(R, Closing), ProvisionError> {
        let mut session = self.open_session(connecting)?;
        let done = act(&mut session);
        let closing = match &done {
            Ok(_) => session.close(),
            Err(_) => Closing::Silent,
        };
        if done.is_err() {
            self.abandon(&mut session);
        }
        self.keep_transcript(session);
        Ok((done?, closing))
    }

    /// The session is over; what was exchanged in it stays.
    pub(super) fn keep_transcript(&mut self, session: Session) {
        self.memory.transcript.append(session.transcript);
    }

    /// Brings the request to the board and takes its answer.
    pub(super) fn open_session(&mut self, connecting: Connecting) -> Result<Session, ProvisionError> {
        let options = self.options().clone();
        let began = Instant::now();
        let mut mailbox = Mailbox::find(self.interface()?, &options)?;
        let answered = greet(&mut mailbox, connecting, &options);
        let note = match &answered {
            Ok(_) => connecting.to_string(),
            Err(error) => format!("{connecting}: {error}"),
        };
        self.memory.transcript.push(Exchange {
            command: "request in the mailbox".into(),
            status: answered.as_ref().ok().map(|word| format!("{word:#010x}")),
            sent_bytes: 4,
            received_bytes: if answered.is_ok() { 4 } else { 0 },
            milliseconds: began.elapsed().as_secs_f64() * 1e3,
            note: Some(note),
        });
        let answer = answered?;
        Ok(Session { mailbox, options, transcript: Transcript::default(), answer, connecting })
    }

    /// Leaves a session that broke: the board would wait in its ROM for the next word.
    pub(super) fn abandon(&mut self, session: &mut Session) {
        // The word that may still lie there must not pass for a request. Neither can be told better than the error
        // that led here.
        drop(session.mailbox.poke(0));
        drop(self.pulse_reset(session.mailbox.interface(), |_| Ok(())));
        drop(session.mailbox.drain());
    }
}

/// The request and the board's answer to it.
fn greet(mailbox: &mut Mailbox, connecting: Connecting, options: &SiliconOptions) -> Result<u32, ProvisionError> {
    let failed = |problem| AuthenticationProblem::new(Place::Handshake, Cause::Mailbox(problem));
    mailbox.drain().map_err(failed)?;
    match connecting.approach {
        Approach::UnderReset => {
            drive_reset(mailbox, false)?;
            thread::sleep(connecting.pulse);
            let requested = mailbox.poke(mailbox::REQUEST_MAGIC);
            thread::sleep(connecting.delay);
            // NRST rises whatever became of the request.
            let released = drive_reset(mailbox, true);
            requested.map_err(failed)?;
            released?;
        }
        Approach::AfterReset => {
            drive_reset(mailbox, false)?;
            thread::sleep(connecting.pulse);
            drive_reset(mailbox, true)?;
            thread::sleep(connecting.delay);
            mailbox.poke(mailbox::REQUEST_MAGIC).map_err(failed)?;
        }
        Approach::HotPlug => mailbox.poke(mailbox::REQUEST_MAGIC).map_err(failed)?,
    }
    let answer = mailbox.receive().map_err(failed).inspect_err(|_| {
        // The request must not lie in wait for the next reset, which nobody may be there to serve.
        drop(mailbox.poke(0));
    })?;
    if options.mailbox_answers.contains(&answer) {
        return Ok(answer);
    }
    drop(mailbox.poke(0));
    Err(AuthenticationProblem::garbage(Place::Handshake, format!("the board answered {answer:#010x}")).into())
}

fn drive_reset(mailbox: &mut Mailbox, high: bool) -> Result<(), ProvisionError> {
    let level = if high { PIN_NRESET } else { 0 };
    mailbox.interface().swj_pins(level, PIN_NRESET, 0).map(drop).map_err(|error| broken("driving NRST", &error))
}
