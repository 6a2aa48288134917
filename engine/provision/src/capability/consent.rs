//! What a person decides for a run: where it ends, and whether keys that everybody has may go into a real board.

use crate::error::ProvisionError;
use crate::plan::FinalState;
use crate::record::hex;

/// Digits of the identifier that are typed.
const TYPED: usize = 8;

/// A person's consent to LOCKED for one board: the last eight digits of its identifier, typed by hand.
///
/// It can't be had from the digits of another board:
///
/// ```
/// let uid = [0, 0x20, 0, 0x3A, 0x33, 0x31, 0x51, 0x16, 0x39, 0x31, 0x33, 0x0C];
/// assert!(provision::LockConsent::given(uid, "3931330c").is_ok());
/// assert!(provision::LockConsent::given(uid, "3931330d").is_err());
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct LockConsent {
    uid: [u8; 12],
}

impl LockConsent {
    /// From the identifier that a survey read, and what a person typed. Upper and lower case are the same, spaces around
    /// the digits count for nothing.
    ///
    /// # Errors
    /// [`ProvisionError::LockConsent`] when the digits are not the last eight of this identifier.
    pub fn given(uid: [u8; 12], typed: &str) -> Result<Self, ProvisionError> {
        let digits = hex(&uid);
        let last = digits.get(digits.len() - TYPED..).unwrap_or_default();
        if typed.trim().eq_ignore_ascii_case(last) {
            Ok(Self { uid })
        } else {
            Err(ProvisionError::LockConsent { typed: typed.trim().chars().take(2 * TYPED).collect() })
        }
    }

    /// The board that it is for.
    pub fn uid(&self) -> [u8; 12] {
        self.uid
    }
}

/// Where a run shall end.
#[derive(Debug, PartialEq, Eq)]
pub enum Goal {
    /// CLOSED: a credential leads back.
    Closed,
    /// LOCKED: nothing leads back.
    Locked(LockConsent),
}

impl Goal {
    /// The state of the plan that leads there.
    pub fn final_state(&self) -> FinalState {
        match self {
            Self::Closed => FinalState::Closed,
            Self::Locked(_) => FinalState::Locked,
        }
    }
}

/// Whether keys that everybody has may go into a real board. On a virtual board they always may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SampleKeys {
    /// They may not.
    #[default]
    Refused,
    /// A person confirmed that they may: a board on the bench, never a product.
    Confirmed,
}

#[cfg(test)]
mod tests {
    use super::*;

    const UID: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 0xA8, 0x09, 0xBC, 0xDE];

    #[test]
    fn the_last_eight_digits_in_either_case_are_a_consent_for_this_board() {
        for typed in ["a809bcde", "A809BCDE", " A809bcde\n"] {
            assert_eq!(LockConsent::given(UID, typed).unwrap().uid(), UID);
        }
    }

    #[test]
    fn anything_else_is_none() {
        for typed in ["", "yes", "809bcde", "0a809bcde", "a809bcdf", "0001020304050607a809bcde", "04050607", "ä809bcde"]
        {
            assert!(matches!(LockConsent::given(UID, typed), Err(ProvisionError::LockConsent { .. })), "{typed}");
        }
    }
}
