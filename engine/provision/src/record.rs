//! The record of a run: what was done to which board with what, what proved it, how long it took. Never a secret.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::error::ProvisionError;
use crate::evidence::Evidence;
use crate::journal::RunFolder;
use crate::plan::{FinalState, Input, StepId};

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Every step was proved.
    Passed,
    /// A step failed.
    Failed {
        /// The step's title; `None` when it failed before the first.
        step: Option<String>,
        /// What happened.
        what: String,
        /// What to do.
        help: String,
    },
    /// A person stopped it.
    Cancelled {
        /// The step that was not done.
        step: String,
    },
}

/// What became of one step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepResult {
    /// Done and proved in this run.
    Proved,
    /// Proved by an earlier run of the same plan, or by the chip's state.
    ProvedEarlier,
}

/// One step in a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Which step.
    pub step: StepId,
    /// Its title.
    pub title: String,
    /// What became of it.
    pub result: StepResult,
    /// What proved it.
    pub evidence: Evidence,
    /// How long it took, in seconds; 0 when it was not done in this run.
    pub seconds: f64,
}

/// The record of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of this layout.
    pub format: u32,
    /// Version of the studio.
    pub studio: String,
    /// SHA-256 of the ROM firmware, on a virtual board.
    pub rom: Option<String>,
    /// The project's name.
    pub project: String,
    /// Whether the project's keys are known samples.
    pub sample_keys: Vec<String>,
    /// The board, as it was addressed.
    pub board: String,
    /// The chip's 96-bit identifier, hexadecimal, when it could be read.
    pub uid: Option<String>,
    /// The state that was aimed at.
    pub final_state: FinalState,
    /// Hash of the plan, hexadecimal.
    pub plan: String,
    /// What the plan was made of.
    pub inputs: Vec<Input>,
    /// When it began, seconds since 1970 (UTC).
    pub began: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The steps, as far as they came.
    pub steps: Vec<StepRecord>,
    /// What the application said on the console, when it was watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banner: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Record {
    /// The layout that this version writes.
    pub const FORMAT: u32 = 1;

    /// Whether every step was proved.
    pub fn passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }

    /// Writes the record into a board's folder, whole or not at all, and returns where it lies.
    pub fn save(&self, folder: &RunFolder) -> Result<PathBuf, ProvisionError> {
        let records = folder.records();
        let failed = |action, path: &Path, source| ProvisionError::File { action, path: path.to_owned(), source };
        fs::create_dir_all(&records).map_err(|source| failed("creating the folder", &records, source))?;
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| ProvisionError::Internal { what: format!("record: {error}") })?;
        let free = (0..u32::MAX).map(|number| match number {
            0 => records.join(format!("{}.json", self.began)),
            number => records.join(format!("{}-{number}.json", self.began)),
        });
        let path = free.into_iter().find(|path| !path.exists());
        let path = path.ok_or_else(|| ProvisionError::Internal { what: "no free name for a record".into() })?;
        project::atomic::write(&path, text.as_bytes()).map_err(|source| failed("saving the record", &path, source))?;
        Ok(path)
    }

    /// The records of a board, oldest first. Files that are no record are passed over.
    pub fn load_all(folder: &RunFolder) -> Vec<Self> {
        let Ok(entries) = fs::read_dir(folder.records()) else { return Vec::new() };
        let mut records: Vec<((u64, u32), Self)> = entries
            .flatten()
            .filter_map(|entry| {
                let record: Self = serde_json::from_slice(&fs::read(entry.path()).ok()?).ok()?;
                // Runs that began in the same second are told apart by the number in the file's name.
                let path = entry.path();
                let number =
                    path.file_stem()?.to_str()?.split_once('-').map_or(Some(0), |(_, text)| text.parse().ok())?;
                Some(((record.began, number), record))
            })
            .collect();
        records.sort_by_key(|(key, _)| *key);
        records.into_iter().map(|(_, record)| record).collect()
    }
}

/// Seconds since 1970 (UTC).
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Bytes as lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string can't fail.
        _ = write!(text, "{byte:02x}");
        text
    })
}
