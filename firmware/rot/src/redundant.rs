//! Yes and no as words far apart, for decisions that one skipped instruction must not turn.
//!
//! A check doesn't answer with a flag but with a word that is right only for that check in that round, computed from
//! what was compared. Whoever acts on it compares the word itself, and does so for two rounds that computed
//! everything anew.

use core::hint::black_box;

/// What a comparison answers when all is well; anything else is a no.
pub const YES: u32 = 0x3CA5_9B61;

/// The word for "the same bytes": [`YES`] plus whatever differs, so that there is no branch to skip.
#[inline(never)]
pub fn same(left: &[u8], right: &[u8]) -> u32 {
    let mut difference = u32::from(left.len() != right.len());
    let mut compared = 0_u32;
    for (left, right) in left.iter().zip(right) {
        difference |= u32::from(left ^ right);
        compared = compared.wrapping_add(1);
    }
    // A loop that ended early compared less than there is.
    let missing = (left.len() as u32) ^ black_box(compared);
    YES.wrapping_add(difference).wrapping_add(missing.wrapping_mul(0x101))
}

/// The word for a condition, which is evaluated by the caller once for each argument.
#[inline(never)]
pub fn both(first: bool, second: bool) -> u32 {
    let counted = u32::from(black_box(first)).wrapping_add(u32::from(black_box(second)));
    YES.wrapping_sub(2).wrapping_add(counted)
}

/// One of two evaluations of the same question.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Round {
    seed: u32,
}

impl Round {
    /// The first evaluation.
    pub const FIRST: Self = Self { seed: 0x91E6_02D7 };
    /// The second.
    pub const SECOND: Self = Self { seed: 0x6E19_FD28 };
}

/// The answers of a round's checks, mixed into one word.
pub struct Tally {
    word: u32,
}

impl Tally {
    /// No check yet.
    pub fn new(round: Round) -> Self {
        Self { word: round.seed }
    }

    /// Adds a check's answer.
    pub fn add(&mut self, answer: u32) {
        self.word = self.word.rotate_left(5) ^ answer;
    }

    /// The round's word.
    pub fn word(&self) -> u32 {
        self.word
    }
}

/// The word of a round in which `checks` checks all answered [`YES`].
pub const fn passed(round: Round, checks: u32) -> u32 {
    let mut word = round.seed;
    let mut check = 0;
    while check < checks {
        word = word.rotate_left(5) ^ YES;
        check += 1;
    }
    word
}

/// Overwrites what must not stay behind, in a way that the compiler can't leave out.
pub fn forget(bytes: &mut [u8]) {
    bytes.fill(0);
    black_box(bytes);
}
