//! Every way to tamper with a scenario, run one after the other: what was expected, what was seen, and whether they are
//! the same.

use super::copy::Progress;
use super::rules::{Expectation, Seen};
use super::scenario::{Cut, Scenario, Tamper};
use super::story::Story;
use super::trying::Lab;
use crate::error::ProvisionError;
use crate::execute::Cancel;

/// A scenario with its tampering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// What is to happen.
    pub scenario: Scenario,
    /// What is tampered with.
    pub tamper: Tamper,
}

/// What came of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseResult {
    /// The case.
    pub case: Case,
    /// What should come of it.
    pub expected: Expectation,
    /// What came of it.
    pub seen: Seen,
    /// The run.
    pub story: Story,
}

impl CaseResult {
    /// Whether it came as expected.
    pub fn as_expected(&self) -> bool {
        self.expected.fits(&self.seen)
    }
}

impl Lab {
    /// Every case of a scenario: as it is, everything that can be tampered with, and power cut at the first write, in the
    /// middle of the writes and at the last one. One run is needed to count the writes.
    ///
    /// # Errors
    /// As [`Lab::run`].
    pub fn cases(&self, scenario: &Scenario, cancel: &Cancel) -> Result<Vec<Case>, ProvisionError> {
        let (_, writes) = self.run_counting(scenario, &Tamper::None, cancel, &mut |_| {})?;
        let mut tampers = self.tampers(scenario);
        if let Some(last) = writes.checked_sub(1) {
            for after_writes in [0, last / 2, last] {
                tampers.extend([Cut::Between, Cut::Inside].map(|cut| Tamper::CutPower { after_writes, cut }));
            }
        }
        Ok(tampers.into_iter().map(|tamper| Case { scenario: *scenario, tamper }).collect())
    }

    /// Runs a case and holds what was seen against what was expected.
    ///
    /// # Errors
    /// As [`Lab::run`].
    pub fn try_case(
        &self,
        case: &Case,
        cancel: &Cancel,
        told: &mut dyn FnMut(Progress),
    ) -> Result<CaseResult, ProvisionError> {
        // First what should come of it, then what does.
        let expected = self.expectation(&case.scenario, &case.tamper)?;
        let story = self.run(&case.scenario, &case.tamper, cancel, told)?;
        let seen = self.seen(&story, &case.scenario);
        Ok(CaseResult { case: *case, expected, seen, story })
    }

    /// Runs cases one after the other; `done` gets each result as it comes.
    ///
    /// # Errors
    /// As [`Lab::run`]; what came before was told.
    pub fn try_all(
        &self,
        cases: &[Case],
        cancel: &Cancel,
        done: &mut dyn FnMut(CaseResult),
    ) -> Result<(), ProvisionError> {
        for case in cases {
            done(self.try_case(case, cancel, &mut |_| {})?);
        }
        Ok(())
    }
}

/// “12 of 12 as expected”.
pub fn summary(results: &[CaseResult]) -> String {
    let fitting = results.iter().filter(|result| result.as_expected()).count();
    format!("{fitting} of {} as expected", results.len())
}
