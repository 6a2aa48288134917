//! Discovery: the board is asked what it is, and told to go on booting. All of it through access port 0, without the
//! core and without a credential.

use chip::ProductState;
use chip::mailbox::{command, status, tag};
use formats::Permissions;

use super::permission::DebugLevel;
use super::problem::{AuthenticationProblem, Cause, Place};
use super::session::{Closing, Session};
use super::tagged::{self, TaggedValue};
use crate::error::ProvisionError;
use crate::link::Link;
use crate::silicon_options::{Asking, Connecting};

/// What the ROM says of the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// DBGMCU_IDCODE, read beside the mailbox.
    pub device: Option<u32>,
    /// Base address at which the mailbox answered.
    pub mailbox_base: u32,
    /// The word that answered the request.
    pub answer: u32,
    /// How the board was reached.
    pub connecting: Connecting,
    /// The tagged values, in the order in which they came.
    pub values: Vec<TaggedValue>,
}

impl Discovery {
    /// The first value of a type.
    pub fn value(&self, tag: u16) -> Option<&[u8]> {
        self.values.iter().find(|value| value.tag == tag).map(|value| value.value.as_slice())
    }

    /// A value of at most four bytes as a number.
    pub fn number(&self, tag: u16) -> Option<u32> {
        let bytes = self.value(tag)?;
        let mut word = [0; 4];
        (bytes.len() <= 4).then_some(())?;
        word.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Some(u32::from_le_bytes(word))
    }

    fn mask(&self, tag: u16) -> Option<Permissions> {
        let bytes: [u8; 16] = self.value(tag)?.try_into().ok()?;
        Some(Permissions(u128::from_le_bytes(bytes)))
    }

    /// The life cycle, where its code is one that RSSLIB uses (assumption A8).
    pub fn product_state(&self) -> Option<ProductState> {
        ProductState::from_rsslib_code(self.number(tag::LIFECYCLE)?)
    }

    /// The life cycle's code as it came.
    pub fn lifecycle(&self) -> Option<u32> {
        self.number(tag::LIFECYCLE)
    }

    /// The unique identifier: the last twelve of the sixteen bytes of the SoC identifier (seen on a sister chip).
    pub fn uid(&self) -> Option<[u8; 12]> {
        self.value(tag::SOC_ID)?.last_chunk().copied()
    }

    /// The SoC identifier as certificates may name it.
    pub fn soc_id(&self) -> Option<[u8; 16]> {
        self.value(tag::SOC_ID)?.try_into().ok()
    }

    /// The class of chips as certificates may name it.
    pub fn soc_class(&self) -> Option<u32> {
        self.number(tag::SOC_CLASS)
    }

    /// Whether what was provisioned is intact, as ST's ROMs report it on sister chips.
    pub fn integrity(&self) -> Option<bool> {
        match self.number(tag::PASSWORD_OR_INTEGRITY)? {
            chip::rsslib::SUCCESS => Some(true),
            chip::rsslib::ERROR => Some(false),
            _ => None,
        }
    }

    /// What a credential can permit at most: what the ROM and the stored object allow together; nothing without an
    /// object. `None` where the board doesn't say.
    pub fn permissions(&self) -> Option<Permissions> {
        self.mask(tag::PERMISSION_MASK)
    }

    /// What is in force now. `None` where the board doesn't say.
    pub fn effective_permissions(&self) -> Option<Permissions> {
        self.mask(tag::EFFECTIVE_PERMISSIONS)
    }

    /// The status word of a level: all ones where it says nothing (logged on a sister chip).
    pub fn hdpl_status(&self, level: DebugLevel) -> Option<u32> {
        self.number(match level {
            DebugLevel::Hdpl1 => tag::HDPL1_STATUS,
            DebugLevel::Hdpl2 => tag::HDPL2_STATUS,
            DebugLevel::Hdpl3 => tag::HDPL3_STATUS,
        })
    }
}

/// Asks in an open session.
pub(super) fn ask(session: &mut Session) -> Result<Discovery, AuthenticationProblem> {
    let place = || Place::Discovery;
    let first = session.ask(place(), "discovery", command::DISCOVERY, &[])?.expect(status::SUCCESS, place())?;
    if session.options().discovery == Asking::Twice {
        let again = session.ask(place(), "discovery, once more", command::DISCOVERY, &[])?;
        match again.expect(status::SUCCESS, place()) {
            Ok(again) => compare(&first, &again)?,
            // A ROM that answers only once is believed the first time.
            Err(problem) if problem.is_refusal() => {}
            Err(problem) => return Err(problem),
        }
    }
    let values = tagged::parse(&first);
    if values.is_empty() {
        return Err(AuthenticationProblem::garbage(place(), "the answer holds no value"));
    }
    Ok(Discovery {
        device: Some(session.mailbox.device),
        mailbox_base: session.mailbox.base(),
        answer: session.answer,
        connecting: session.connecting,
        values,
    })
}

/// Whether two answers are the same: a word that was changed on its way doesn't change twice in the same manner.
fn compare(first: &[u8], again: &[u8]) -> Result<(), AuthenticationProblem> {
    let word = first.chunks(4).zip(again.chunks(4)).position(|(first, again)| first != again);
    match word {
        None if first.len() == again.len() => Ok(()),
        word => Err(AuthenticationProblem::garbage(
            Place::Discovery,
            format!("two answers differ at word {}", word.unwrap_or(first.len().min(again.len()) / 4)),
        )),
    }
}

impl Link {
    /// Resets the board with the request in its mailbox, asks what it is, and lets it boot on.
    ///
    /// # Errors
    /// [`ProvisionError::Discovery`] when the mailbox isn't found or doesn't answer, as on an OPEN board; link errors.
    pub fn discover(&mut self) -> Result<Discovery, ProvisionError> {
        self.discover_as(self.connecting())
    }

    /// Discovers in a given way.
    pub(super) fn discover_as(&mut self, connecting: Connecting) -> Result<Discovery, ProvisionError> {
        let asked = self.in_session_as(connecting, ask);
        let (discovery, closing) = asked.map_err(told)?;
        if closing == Closing::Silent {
            // Without an answer nobody knows whether the board boots on; after a reset it does.
            let mut interface = self.interface()?;
            self.pulse_reset(&mut *interface, |_| Ok(()))?;
        }
        Ok(discovery)
    }
}

/// The error under the name by which callers know a discovery that failed.
fn told(error: ProvisionError) -> ProvisionError {
    match error {
        ProvisionError::Authentication(AuthenticationProblem { place, cause }) => ProvisionError::Discovery {
            reason: match (&place, &cause) {
                (Place::Discovery, _) => cause.to_string(),
                (_, Cause::Mailbox(problem)) => format!("{place}: {problem}"),
                _ => format!("{place}: {cause}"),
            },
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discovery(values: &[(u16, &[u8])]) -> Discovery {
        Discovery {
            device: None,
            mailbox_base: 0,
            answer: 0,
            connecting: crate::SiliconOptions::default().connecting,
            values: values.iter().map(|(tag, value)| TaggedValue { tag: *tag, value: value.to_vec() }).collect(),
        }
    }

    #[test]
    fn identity_state_and_permissions_are_read_from_their_values() {
        let mask = 0x4007_u128.to_le_bytes();
        let discovery = discovery(&[
            (tag::SOC_ID, &[0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
            (tag::PERMISSION_MASK, &mask),
            (tag::LIFECYCLE, &[0x72, 0, 0]),
        ]);
        assert_eq!(discovery.product_state(), Some(ProductState::Closed));
        assert_eq!(discovery.uid(), Some([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
        assert_eq!(discovery.permissions(), Some(Permissions(0x4007)));
        assert_eq!(discovery.integrity(), None);
        assert_eq!(discovery.effective_permissions(), None);
    }

    #[test]
    fn a_value_of_the_wrong_size_is_no_value() {
        let discovery = discovery(&[(tag::PERMISSION_MASK, &[7, 64]), (tag::LIFECYCLE, &[0; 5])]);
        assert_eq!(discovery.permissions(), None);
        assert_eq!(discovery.lifecycle(), None);
    }

    #[test]
    fn answers_that_differ_are_refused_with_the_word() {
        assert!(compare(&[1, 2, 3, 4, 5, 6, 7, 8], &[1, 2, 3, 4, 5, 6, 7, 8]).is_ok());
        for again in [&[1, 2, 3, 4, 5, 6, 7, 9][..], &[1, 2, 3, 4]] {
            let problem = compare(&[1, 2, 3, 4, 5, 6, 7, 8], again).unwrap_err();
            assert!(problem.to_string().contains("word 1"), "{problem}");
        }
    }
}
