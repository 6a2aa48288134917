//! How long each step took in earlier runs, so that the time left is learned and not guessed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::error::ProvisionError;
use crate::journal::RunFolder;
use crate::plan::{BootStages, Plan, StepId};

/// Weight of a new measurement against what was learned before.
const WEIGHT: f64 = 0.4;

/// Learned durations for one kind of board, in seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// With one boot stage.
    steps: BTreeMap<StepId, f64>,
    /// With two: more is written, and more boots.
    #[serde(default)]
    two_stages: BTreeMap<StepId, f64>,
    #[serde(skip)]
    file: PathBuf,
}

/// Kinds of boards whose timings have nothing to do with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BoardKind {
    /// A virtual board.
    Virtual,
    /// A board behind a probe.
    Real,
}

impl BoardKind {
    /// The file in the user's data folder that holds its timings.
    pub(crate) fn file(self) -> PathBuf {
        project::data_folder::data_folder().join(match self {
            Self::Virtual => "timings-virtual.json",
            Self::Real => "timings-real.json",
        })
    }
}

impl Timings {
    /// What was learned where a run remembers; nothing when there is no file or it can't be read, since a lost estimate
    /// harms nobody.
    pub fn of(folder: &RunFolder) -> Self {
        let file = folder.timings_file().to_owned();
        let learned = fs::read(&file).ok().and_then(|text| serde_json::from_slice::<Self>(&text).ok());
        Self { file, ..learned.unwrap_or_default() }
    }

    /// Seconds each step of a plan is expected to take; `None` where nothing was learned yet.
    pub fn expected(&self, plan: &Plan) -> Vec<Option<f64>> {
        let learned = match plan.stages {
            BootStages::One => &self.steps,
            BootStages::Two => &self.two_stages,
        };
        plan.steps.iter().map(|step| learned.get(&step.id).copied()).collect()
    }

    /// Learns one measurement.
    pub fn learn(&mut self, stages: BootStages, step: StepId, seconds: f64) {
        let steps = match stages {
            BootStages::One => &mut self.steps,
            BootStages::Two => &mut self.two_stages,
        };
        let learned = steps.entry(step).or_insert(seconds);
        *learned += WEIGHT * (seconds - *learned);
    }

    /// Keeps what was learned.
    pub fn save(&self) -> Result<(), ProvisionError> {
        let failed =
            |source| ProvisionError::File { action: "saving step durations in", path: self.file.clone(), source };
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let text =
            serde_json::to_vec(self).map_err(|error| ProvisionError::Internal { what: format!("timings: {error}") })?;
        project::atomic::write(&self.file, &text).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_measurement_moves_the_estimate_towards_itself() {
        let mut timings = Timings::default();
        timings.learn(BootStages::One, StepId::Loader, 10.0);
        assert_eq!(timings.steps[&StepId::Loader], 10.0);
        timings.learn(BootStages::One, StepId::Loader, 20.0);
        assert!((timings.steps[&StepId::Loader] - 14.0).abs() < 1e-9);
    }

    #[test]
    fn what_two_boot_stages_take_is_not_what_one_takes() {
        let mut timings = Timings::default();
        timings.learn(BootStages::Two, StepId::ExternalFlash, 10.0);
        timings.learn(BootStages::One, StepId::ExternalFlash, 1.0);
        assert_eq!((timings.two_stages[&StepId::ExternalFlash], timings.steps[&StepId::ExternalFlash]), (10.0, 1.0));
        let of_before: Timings = serde_json::from_str(r#"{"steps":{"external_flash":2.0}}"#).unwrap();
        assert_eq!((of_before.steps[&StepId::ExternalFlash], of_before.two_stages.len()), (2.0, 0));
    }
}
