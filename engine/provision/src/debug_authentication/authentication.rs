//! A credential presented in an open session: judged by the host first, then the challenge, the certificates, the token;
//! or the password. What is permitted by it takes effect on the board, not here.

use chip::ProductState;
use chip::mailbox::{CHALLENGE_RANDOM_SIZE, CHALLENGE_SIZE, command, status, tag};
use formats::certificate::Target;
use formats::{DebugCredential, Permissions, Secret, Token};
use sha2::{Digest, Sha256};

use super::discovery::Discovery;
use super::problem::{AuthenticationProblem, Cause, Place};
use super::session::Session;
use super::tagged;

/// A challenge that was answered. The bytes are kept to be compared, never shown.
#[derive(PartialEq, Eq)]
pub(super) struct Challenge([u8; CHALLENGE_RANDOM_SIZE]);

impl Challenge {
    /// The head of the challenge's hash, hexadecimal: enough to tell two apart, nothing to answer it with.
    pub(super) fn head(&self) -> String {
        let hash = Sha256::digest(self.0);
        crate::record::hex(hash.get(..4).unwrap_or_default())
    }
}

/// Whether a credential gives `wanted`, as far as it tells by itself and as the board told of itself.
///
/// # Errors
/// Why such a board would refuse it: a foreign chip, a kind that permits less, a mask that withholds it.
pub(super) fn judge(
    credential: &DebugCredential,
    discovery: Option<&Discovery>,
    wanted: Permissions,
) -> Result<(), AuthenticationProblem> {
    let target = discovery.map_or(Target::UNKNOWN, |discovery| Target {
        soc_class: discovery.soc_class(),
        soc_id: discovery.soc_id(),
        lifecycle: discovery.lifecycle().and_then(|code| u16::try_from(code).ok()),
        // The board names what object and chip permit together.
        object: discovery.permissions(),
        ..Target::UNKNOWN
    });
    if discovery.and_then(Discovery::permissions).is_some_and(Permissions::is_empty) {
        if discovery.and_then(Discovery::product_state) == Some(ProductState::Locked) {
            return Err(AuthenticationProblem::new(Place::Preparation, Cause::Locked));
        }
        return Err(AuthenticationProblem::unfit("the board permits nothing: it has no debug-authentication object"));
    }
    let granted =
        credential.for_target(&target).map_err(|problem| AuthenticationProblem::unfit(problem.to_string()))?;
    // A password's judgement doesn't follow what the board's object names.
    let granted = discovery.and_then(Discovery::permissions).map_or(granted, |mask| granted & mask);
    if granted.covers(wanted) {
        return Ok(());
    }
    let effective = credential.effective(&target);
    let withheld = wanted.without(granted);
    let by = withheld.iter().find_map(|permission| effective.withheld_by(permission));
    let by = by.map_or_else(|| "nothing gives it".to_owned(), |stage| format!("{} withholds it", stage.by));
    Err(AuthenticationProblem::unfit(format!("the credential does not permit {withheld}: {by}")))
}

/// Presents a credential and asks for `wanted`. Afterwards the board has said yes.
pub(super) fn authenticate(
    session: &mut Session,
    credential: &DebugCredential,
    wanted: Permissions,
) -> Result<Challenge, AuthenticationProblem> {
    let challenge = start(session)?;
    match credential {
        DebugCredential::Certificate { chain, key } => {
            let count = chain.certificates.len();
            for (number, certificate) in (1..).zip(&chain.certificates) {
                let role = certificate.role.name();
                let place = Place::Certificate { number, count, role };
                let name = format!("{role} certificate, {number} of {count}");
                let reply = session.ask(place.clone(), &name, command::AUTH_RESPONSE, &certificate.encode())?;
                reply.expect(status::NEED_MORE_DATA, place)?;
            }
            let token = Token::sign(&challenge.0, wanted, key)
                .map_err(|error| AuthenticationProblem::unfit(error.to_string()))?;
            present_token(session, &token, wanted)?;
        }
        DebugCredential::Password(password) => {
            let mut data = Secret::new(Vec::with_capacity(32));
            data.extend_from_slice(&password.to_file());
            tagged::pad(&mut data, session.options().request_padding);
            let reply = session.ask(Place::Password, "password", command::AUTH_RESPONSE, &data)?;
            reply.expect(status::SUCCESS, Place::Password)?;
        }
    }
    Ok(challenge)
}

/// Asks for a challenge.
fn start(session: &mut Session) -> Result<Challenge, AuthenticationProblem> {
    let place = || Place::Challenge;
    let reply = session.ask(place(), "ask for a challenge", command::AUTH_START, &[])?;
    let data = reply.expect(status::SUCCESS, place())?;
    let garbage = || {
        let size = data.len();
        AuthenticationProblem::garbage(
            place(),
            format!("{size} bytes are no challenge of {CHALLENGE_SIZE} of version 1.0"),
        )
    };
    let Some(([1, 0, 0, 0], random)) = data.split_first_chunk::<4>() else { return Err(garbage()) };
    let challenge = Challenge(random.try_into().map_err(|_| garbage())?);
    session.note(format!("challenge {}", challenge.head()));
    Ok(challenge)
}

fn present_token(session: &mut Session, token: &Token, wanted: Permissions) -> Result<(), AuthenticationProblem> {
    let mut data = tagged::head(tag::TOKEN, Token::SIZE);
    data.extend_from_slice(&token.encode());
    let name = format!("token for {wanted}");
    session.ask(Place::Token, &name, command::AUTH_RESPONSE, &data)?.expect(status::SUCCESS, Place::Token)?;
    Ok(())
}
