//! Debug authentication: sessions over the mailbox. A session answers discovery, gives a challenge, takes a credential
//! piece by piece, and leaves what was granted to RSS: a level to open debug from, or a regression at once.
// assumption A47: what takes effect when.

mod certificate;
mod discovery;
mod identity;
mod judgement;
mod mailbox;
mod object;

use core::hint::black_box;

use chip::mailbox::{CERTIFICATE_SIZE, CHALLENGE_RANDOM_SIZE, CHALLENGE_SIZE, LONGEST_CHAIN, TOKEN_SIZE, command, tag};
use chip::permissions::{DEBUG_HDPL1, DEBUG_HDPL2, DEBUG_HDPL3, FULL_REGRESSION};
use chip::trace::{Event, Refusal, Stage};
use hardware::stage::report;
use rot::random;
use rot::redundant::Round;

use crate::hdpl::Level;
use crate::option_bytes::State;
use crate::rss::regression;
use judgement::{Judgement, Kind, Verdict, accepted};
use mailbox::{Command, Data, Gone, Mailbox, Request, Status};

pub use mailbox::{Patience, refresh_watchdog};

/// What a credential got: two verdicts on it, and what it was made of.
#[derive(Clone, Copy)]
pub struct Grant {
    first: Verdict,
    second: Verdict,
    kind: Kind,
}

impl Grant {
    const NONE: Self = Self { first: Verdict::NONE, second: Verdict::NONE, kind: Kind::Password };

    /// What both verdicts permit, when both are a yes; nothing otherwise.
    #[inline(never)]
    pub fn permissions(&self) -> u128 {
        if black_box(self.first.word) != accepted(Round::FIRST, self.kind) {
            return 0;
        }
        if black_box(self.second.word) != accepted(Round::SECOND, self.kind) {
            return 0;
        }
        self.first.permissions & self.second.permissions
    }

    /// SUCCESS, when both verdicts are a yes.
    fn status(&self) -> Status {
        let first = (self.first.word, accepted(Round::FIRST, self.kind));
        Status::earned(first, (self.second.word, accepted(Round::SECOND, self.kind)))
    }

    /// The lowest level that debug may open from.
    pub fn level(&self) -> Option<Level> {
        let permissions = self.permissions();
        [(DEBUG_HDPL1, Level::L1), (DEBUG_HDPL2, Level::L2), (DEBUG_HDPL3, Level::L3)]
            .into_iter()
            .find(|(bit, _)| permissions & bit != 0)
            .map(|(_, level)| level)
    }
}

/// What the sessions since the reset came to, for debug.
pub enum Outcome {
    /// Nothing was said about it.
    Unchanged,
    /// It may open.
    Granted(Level),
    /// The host shut it.
    Shut,
}

/// A credential while it arrives.
struct Attempt {
    challenge: [u8; CHALLENGE_RANDOM_SIZE],
    first: Judgement,
    chain: [[u8; CERTIFICATE_SIZE]; LONGEST_CHAIN as usize],
    certificates: u8,
}

/// What one piece of a credential led to.
enum Taken {
    /// More pieces are needed.
    Piece,
    /// The last; the grant is set.
    Whole,
}

/// Debug authentication since the last reset.
pub struct DebugAuthentication {
    state: State,
    mailbox: Mailbox,
    attempt: Option<Attempt>,
    /// Once a credential was refused, nothing is taken before the next reset (assumption A51).
    refused: Option<Refusal>,
    grant: Grant,
    shut: bool,
}

impl DebugAuthentication {
    /// Nothing was asked yet.
    pub fn new(state: State, patience: Patience) -> Self {
        Self { state, mailbox: Mailbox::new(patience), attempt: None, refused: None, grant: Grant::NONE, shut: false }
    }

    /// Serves a session when the host has left the request in the mailbox; otherwise does nothing.
    pub fn serve_if_asked(&mut self) {
        if !self.mailbox.is_asked() {
            return;
        }
        report(Stage::Rss, Event::ServesDebugAuthentication, 0);
        self.mailbox.greet();
        if self.serve().is_err() {
            // assumption A50: a host that goes away leaves nothing behind, and the board boots on.
            self.grant = Grant::NONE;
            report(Stage::Rss, Event::SessionAbandoned, 0);
        }
        self.attempt = None;
    }

    /// What debug may do from here on.
    pub fn outcome(&self) -> Outcome {
        match self.level() {
            Some(level) => Outcome::Granted(level),
            None if self.shut => Outcome::Shut,
            None => Outcome::Unchanged,
        }
    }

    /// The level that debug was granted from.
    pub fn level(&self) -> Option<Level> {
        self.grant.level()
    }

    fn serve(&mut self) -> Result<(), Gone> {
        loop {
            // A new one each time: it forgets what it held.
            let mut data = Data::new();
            let command = match self.mailbox.request(&mut data)? {
                Request::Anew => {
                    // It begins with nothing: what an earlier host was granted and left lying is not this one's.
                    self.attempt = None;
                    self.grant = Grant::NONE;
                    self.mailbox.greet();
                    continue;
                }
                Request::Command(command) => command,
            };
            refresh_watchdog();
            match command.code() {
                command::DISCOVERY if command.is(command::DISCOVERY) => {
                    discovery::answer(self.mailbox, self.state, command)?;
                    report(Stage::Rss, Event::DiscoveryAnswered, 0);
                }
                command::AUTH_START if command.is(command::AUTH_START) => self.start(command, &data)?,
                command::AUTH_RESPONSE if command.is(command::AUTH_RESPONSE) => self.respond(&data)?,
                command::LOCK_DEBUG if command.is(command::LOCK_DEBUG) => self.lock(command)?,
                command::CLOSE_SESSION if command.is(command::CLOSE_SESSION) => {
                    report(Stage::Rss, Event::SessionClosed, 0);
                    self.mailbox.last_answer(command.done(command::CLOSE_SESSION));
                    return Ok(());
                }
                _ => self.mailbox.answer(Status::INVALID_COMMAND, &[])?,
            }
        }
    }

    /// Gives a challenge. One that was given before is worth nothing from then on, and so is what was granted.
    fn start(&mut self, command: Command, data: &Data) -> Result<(), Gone> {
        self.attempt = None;
        self.grant = Grant::NONE;
        match self.open_attempt(data) {
            Ok(attempt) => {
                let mut answer = [0; CHALLENGE_SIZE];
                let (head, random) = answer.split_at_mut(CHALLENGE_SIZE - CHALLENGE_RANDOM_SIZE);
                head.iter_mut().zip([1, 0, 0, 0]).for_each(|(to, from)| *to = from);
                random.iter_mut().zip(attempt.challenge).for_each(|(to, from)| *to = from);
                self.attempt = Some(attempt);
                report(Stage::Rss, Event::ChallengeGiven, 0);
                self.mailbox.answer(command.done(command::AUTH_START), &answer)
            }
            Err(Some(refusal)) => {
                report(Stage::Rss, Event::CredentialRefused, refusal as u16);
                self.mailbox.answer(judgement::status(refusal), &[])
            }
            Err(None) => self.mailbox.answer(Status::FAILURE, &[]),
        }
    }

    /// An attempt with a fresh challenge; the error is why there is none, or nothing when the chip has no randomness.
    fn open_attempt(&self, data: &Data) -> Result<Attempt, Option<Refusal>> {
        if self.state == State::Locked {
            return Err(Some(Refusal::Locked));
        }
        if self.refused.is_some() {
            return Err(Some(Refusal::RefusedBefore));
        }
        if data.bytes().is_none_or(|bytes| !bytes.is_empty()) {
            return Err(Some(Refusal::Malformed));
        }
        let first = Judgement::new(Round::FIRST, self.state)?;
        let mut challenge = [0; CHALLENGE_RANDOM_SIZE];
        random::fill(&mut challenge).map_err(|_| None)?;
        Ok(Attempt { challenge, first, chain: [[0; CERTIFICATE_SIZE]; LONGEST_CHAIN as usize], certificates: 0 })
    }

    fn respond(&mut self, data: &Data) -> Result<(), Gone> {
        match self.take(data) {
            Ok(Taken::Piece) => self.mailbox.answer(Status::NEED_MORE_DATA, &[]),
            Ok(Taken::Whole) => self.conclude(),
            Err(refusal) => {
                self.attempt = None;
                self.grant = Grant::NONE;
                self.refused.get_or_insert(refusal);
                report(Stage::Rss, Event::CredentialRefused, refusal as u16);
                self.mailbox.answer(judgement::status(refusal), &[])
            }
        }
    }

    /// Takes one tagged value: a certificate, a token or a password.
    fn take(&mut self, data: &Data) -> Result<Taken, Refusal> {
        if self.state == State::Locked {
            return Err(Refusal::Locked);
        }
        if self.refused.is_some() {
            return Err(Refusal::RefusedBefore);
        }
        let (tag, value) = data.bytes().and_then(only_value).ok_or(Refusal::Malformed)?;
        let attempt = self.attempt.as_mut().ok_or(Refusal::NoChallenge)?;
        match tag {
            tag::CERTIFICATE => {
                let bytes: &[u8; CERTIFICATE_SIZE] = value.try_into().map_err(|_| Refusal::Malformed)?;
                let place = attempt.chain.get_mut(usize::from(attempt.certificates)).ok_or(Refusal::TooMany)?;
                attempt.first.certificate(bytes)?;
                *place = *bytes;
                attempt.certificates += 1;
                report(Stage::Rss, Event::CertificateAccepted, u16::from(attempt.certificates));
                return Ok(Taken::Piece);
            }
            tag::TOKEN => {
                let bytes: &[u8; TOKEN_SIZE] = value.try_into().map_err(|_| Refusal::Malformed)?;
                let first = attempt.first.token(bytes, &attempt.challenge)?;
                refresh_watchdog();
                let mut second = Judgement::new(Round::SECOND, self.state)?;
                for certificate in attempt.chain.iter().take(usize::from(attempt.certificates)) {
                    second.certificate(certificate)?;
                    refresh_watchdog();
                }
                let second = second.token(bytes, &attempt.challenge)?;
                self.grant = Grant { first, second, kind: Kind::Chain(attempt.certificates) };
            }
            tag::PASSWORD_OR_INTEGRITY => {
                let first = attempt.first.password(value)?;
                let second = Judgement::new(Round::SECOND, self.state)?.password(value)?;
                self.grant = Grant { first, second, kind: Kind::Password };
            }
            _ => return Err(Refusal::Malformed),
        }
        // A challenge serves once.
        self.attempt = None;
        if self.grant.permissions() == 0 { Err(Refusal::Disagreement) } else { Ok(Taken::Whole) }
    }

    /// Answers a credential that was accepted, and does at once what is not left for the end of the session.
    fn conclude(&mut self) -> Result<(), Gone> {
        let permissions = self.grant.permissions();
        if permissions == 0 {
            crate::redundant::halt();
        }
        report(Stage::Rss, Event::CredentialAccepted, permissions as u16);
        if permissions & FULL_REGRESSION != 0 {
            // The host asked for it with a credential that holds: whether it reads the answer changes nothing.
            self.mailbox.last_answer(self.grant.status());
            regression::run(&self.grant);
        }
        self.mailbox.answer(self.grant.status(), &[])
    }

    /// Shuts debug, and forgets what was granted. Everybody may.
    fn lock(&mut self, command: Command) -> Result<(), Gone> {
        if self.state == State::Locked {
            return self.mailbox.answer(Status::UNAUTHORIZED, &[]);
        }
        self.attempt = None;
        self.grant = Grant::NONE;
        self.shut = true;
        report(Stage::Rss, Event::DebugLocked, 0);
        self.mailbox.answer(command.done(command::LOCK_DEBUG), &[])
    }
}

/// The one tagged value that data consists of.
fn only_value(data: &[u8]) -> Option<(u16, &[u8])> {
    let (reserved, rest) = data.split_first_chunk::<2>()?;
    let (tag, rest) = rest.split_first_chunk::<2>()?;
    let (length, value) = rest.split_first_chunk::<4>()?;
    let whole = *reserved == [0; 2] && u32::from_le_bytes(*length) as usize == value.len();
    whole.then_some((u16::from_le_bytes(*tag), value))
}
