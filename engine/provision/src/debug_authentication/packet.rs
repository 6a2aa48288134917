//! Requests and answers of the protocol: a word with command or status, a word with a count, data. Which data is for
//! those who ask.

use std::time::{Duration, Instant};

use chip::mailbox::status;
use zeroize::Zeroizing;

use super::mailbox::{Mailbox, MailboxProblem};
use super::problem::{AuthenticationProblem, Cause, Place, status_text};
use super::transcript::{Exchange, Transcript};
use crate::silicon_options::{CountUnit, SiliconOptions};

/// A command with its data and its name for people.
pub(super) struct Request<'a> {
    pub(super) place: Place,
    pub(super) name: &'a str,
    pub(super) command: u16,
    pub(super) data: &'a [u8],
    /// How long the chip may think before it answers.
    pub(super) patience: Duration,
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) data: Vec<u8>,
}

impl Reply {
    /// The data, when the status is the one that is hoped for.
    pub(super) fn expect(self, wanted: u16, place: Place) -> Result<Vec<u8>, AuthenticationProblem> {
        match self.status {
            status if status == wanted => Ok(self.data),
            // An answer of this protocol that fits no refusal: the two sides are out of step.
            status::SUCCESS | status::NEED_MORE_DATA => Err(AuthenticationProblem::garbage(
                place,
                format!("the board answered {}, not {}", status_text(self.status), status_text(wanted)),
            )),
            status => Err(AuthenticationProblem::new(place, Cause::Refused { status })),
        }
    }
}

/// The words of a request: command in the upper half, count, data filled up to words.
pub(super) fn request_words(command: u16, data: &[u8], unit: CountUnit) -> Zeroizing<Vec<u32>> {
    let bytes = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let count = match unit {
        CountUnit::Bytes => bytes,
        CountUnit::Words => bytes.div_ceil(4),
    };
    let word = |bytes: &[u8]| {
        let mut word = [0; 4];
        word.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        u32::from_le_bytes(word)
    };
    // They may be a password's. Capacity first, so that no half of them is left behind in a smaller buffer.
    let mut words = Zeroizing::new(Vec::with_capacity(2 + data.len().div_ceil(4)));
    words.extend([u32::from(command) << 16, count].into_iter().chain(data.chunks(4).map(word)));
    words
}

/// Sends a request, takes the answer, and notes both.
pub(super) fn exchange(
    mailbox: &mut Mailbox,
    options: &SiliconOptions,
    transcript: &mut Transcript,
    request: &Request<'_>,
) -> Result<Reply, AuthenticationProblem> {
    let began = Instant::now();
    let outcome = carry(mailbox, options, request);
    let (status, received_bytes) = match &outcome {
        Ok(reply) => (Some(status_text(reply.status)), reply.data.len()),
        Err(_) => (None, 0),
    };
    transcript.push(Exchange {
        command: request.name.to_owned(),
        status,
        sent_bytes: request.data.len(),
        received_bytes,
        milliseconds: began.elapsed().as_secs_f64() * 1e3,
        note: outcome.as_ref().err().map(|problem| problem.cause.to_string()),
    });
    outcome
}

fn carry(
    mailbox: &mut Mailbox,
    options: &SiliconOptions,
    request: &Request<'_>,
) -> Result<Reply, AuthenticationProblem> {
    let place = || request.place.clone();
    let failed = |problem: MailboxProblem| AuthenticationProblem::new(place(), Cause::Mailbox(problem));
    for word in request_words(request.command, request.data, options.request_count).iter() {
        mailbox.send(*word).map_err(failed)?;
    }
    let head = mailbox.receive_within(request.patience).map_err(failed)?;
    if head & 0xFFFF != 0 {
        return Err(AuthenticationProblem::garbage(place(), format!("{head:#010x} is no head of an answer")));
    }
    let count = mailbox.receive().map_err(failed)?;
    let words = match options.answer_count {
        CountUnit::Words => count,
        CountUnit::Bytes => count.div_ceil(4),
    };
    if words > options.longest_answer {
        return Err(AuthenticationProblem::garbage(place(), format!("the board announces {words} words")));
    }
    let mut data = Vec::new();
    for _ in 0..words {
        data.extend_from_slice(&mailbox.receive().map_err(failed)?.to_le_bytes());
    }
    if options.answer_count == CountUnit::Bytes {
        data.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    }
    Ok(Reply { status: (head >> 16) as u16, data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_its_command_above_and_its_data_filled_up() {
        let words = request_words(3, &[1, 2, 3, 4, 5], CountUnit::Bytes);
        assert_eq!(words[..], [0x0003_0000, 5, 0x0403_0201, 0x05]);
        assert_eq!(request_words(3, &[1, 2, 3, 4, 5], CountUnit::Words)[1], 2);
        assert_eq!(request_words(1, &[], CountUnit::Words)[..], [0x0001_0000, 0]);
    }
}
