//! The record of an update: what was sent to which board, what ran before and after, what proved it. Never a secret.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::banner::Banner;
use super::boot::SlotDecision;
use super::plan::{UpdateStepId, UpdateTarget, WayIn};
use crate::error::ProvisionError;
use crate::evidence::Evidence;
use crate::journal::RunFolder;

/// How an update ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum UpdateOutcome {
    /// What boots is what was sent.
    Passed,
    /// It is not.
    Failed {
        /// The step's title; `None` when it failed before the first.
        step: Option<String>,
        /// What happened.
        what: String,
        /// What to do.
        help: String,
    },
    /// A person stopped it.
    Cancelled,
}

/// One step in a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpdateStepRecord {
    /// Which step.
    pub step: UpdateStepId,
    /// Its title.
    pub title: String,
    /// What proved it.
    pub evidence: Evidence,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// The record of an update.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpdateRecord {
    /// Version of this layout.
    pub update_format: u32,
    /// Version of the studio.
    pub studio: String,
    /// The project's name.
    pub project: String,
    /// The board, as it was addressed.
    pub board: String,
    /// The chip's 96-bit identifier, hexadecimal, when it could be read.
    pub uid: Option<String>,
    /// What was updated.
    pub target: UpdateTarget,
    /// The way in that was taken.
    pub way_in: WayIn,
    /// What the image is called.
    pub image: String,
    /// The version in its header.
    pub version: Option<String>,
    /// SHA-256 of what was sent, hexadecimal.
    pub sha256: String,
    /// Bytes sent.
    pub bytes: u64,
    /// Address of the download slot.
    pub slot: u32,
    /// What ran before.
    pub before: Option<Banner>,
    /// What the boot stage decided.
    pub decision: Option<SlotDecision>,
    /// What runs afterwards.
    pub after: Option<Banner>,
    /// When it began, seconds since 1970 (UTC).
    pub began: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The steps, as far as they came.
    pub steps: Vec<UpdateStepRecord>,
    /// How it ended.
    pub outcome: UpdateOutcome,
}

impl UpdateRecord {
    /// The layout that this version writes.
    pub const FORMAT: u32 = 1;

    /// Whether what boots is what was sent.
    pub fn passed(&self) -> bool {
        self.outcome == UpdateOutcome::Passed
    }

    /// Writes the record into a board's folder, beside those of its runs, and returns where it lies.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn save(&self, folder: &RunFolder) -> Result<PathBuf, ProvisionError> {
        let records = folder.records();
        let failed = |action, path: PathBuf, source| ProvisionError::File { action, path, source };
        fs::create_dir_all(&records).map_err(|source| failed("creating the folder", records.clone(), source))?;
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| ProvisionError::Internal { what: format!("record: {error}") })?;
        let names = (0..u32::MAX).map(|number| match number {
            0 => records.join(format!("update-{}.json", self.began)),
            number => records.join(format!("update-{}-{number}.json", self.began)),
        });
        let path = names.into_iter().find(|path| !path.exists());
        let path = path.ok_or_else(|| ProvisionError::Internal { what: "no free name for a record".into() })?;
        match project::atomic::write(&path, text.as_bytes()) {
            Ok(()) => Ok(path),
            Err(source) => Err(failed("saving the record", path, source)),
        }
    }
}
