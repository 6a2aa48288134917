//! The record of one act at a board's debug authentication: what was asked with which credential, every exchange, what
//! came of it. Never a secret.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use formats::DebugCredential;
use serde::{Deserialize, Serialize};

use super::patience::Attempt;
use super::transcript::Transcript;
use crate::bench::VirtualBoard;
use crate::error::ProvisionError;
use crate::journal::RunFolder;
use crate::link::Link;
use crate::record::now;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DebugAct {
    /// The board was asked what it is.
    Discover,
    /// Debug was opened.
    Open,
    /// Debug was shut.
    Close,
    /// The board was sent back to OPEN.
    Regress,
}

impl DebugAct {
    const fn name(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Open => "open",
            Self::Close => "close",
            Self::Regress => "regress",
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum DebugOutcome {
    /// Done and proved.
    Done {
        /// What was seen.
        what: String,
    },
    /// Refused, or not proved.
    Failed {
        /// What happened, with the place.
        what: String,
        /// What to do.
        help: String,
    },
}

/// The record of one act.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DebugRecord {
    /// Version of this layout.
    pub format: u32,
    /// Version of the studio.
    pub studio: String,
    /// The board, as it was addressed.
    pub board: String,
    /// The chip's 96-bit identifier, hexadecimal, when it was told.
    pub uid: Option<String>,
    /// What was done.
    pub act: DebugAct,
    /// The credential by its public part: the leaf key's fingerprint, or that it is a password.
    pub credential: Option<String>,
    /// When it began, seconds since 1970 (UTC).
    pub began: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The tries of a patient discovery.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// What was exchanged.
    pub transcript: Transcript,
    /// How it ended.
    pub outcome: DebugOutcome,
}

impl DebugRecord {
    /// The layout that this version writes.
    pub const FORMAT: u32 = 1;

    /// Does `act` on a link and makes its record. `told` says of a success what was seen, and the identifier.
    pub fn of<R>(
        link: &mut Link,
        act: DebugAct,
        credential: Option<&DebugCredential>,
        done: impl FnOnce(&mut Link) -> Result<R, ProvisionError>,
        told: impl FnOnce(&R) -> (String, Option<[u8; 12]>),
    ) -> (Result<R, ProvisionError>, Self) {
        let (began, clock) = (now(), Instant::now());
        link.take_transcript();
        // A virtual board's disk holds what the act did before it counts as done.
        let result = done(link).and_then(|result| {
            link.virtual_board().map_or(Ok(()), VirtualBoard::save)?;
            Ok(result)
        });
        let (outcome, uid) = match &result {
            Ok(result) => {
                let (what, uid) = told(result);
                (DebugOutcome::Done { what }, uid)
            }
            Err(error) => (DebugOutcome::Failed { what: error.to_string(), help: error.help() }, None),
        };
        let record = Self {
            format: Self::FORMAT,
            studio: env!("CARGO_PKG_VERSION").into(),
            board: link.address().to_string(),
            uid: uid.map(|uid| crate::record::hex(&uid)),
            act,
            credential: credential.map(public_part),
            began,
            seconds: clock.elapsed().as_secs_f64(),
            attempts: Vec::new(),
            transcript: link.take_transcript(),
            outcome,
        };
        (result, record)
    }

    /// Writes the record into a board's folder, whole or not at all, beside the records of runs; returns where it lies.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn save(&self, folder: &RunFolder) -> Result<PathBuf, ProvisionError> {
        let records = folder.path().join("debug");
        fs::create_dir_all(&records).map_err(|source| failed("creating the folder", &records, source))?;
        let name = |number: u32| match number {
            0 => format!("{}-{}.json", self.began, self.act.name()),
            number => format!("{}-{}-{number}.json", self.began, self.act.name()),
        };
        let path = (0..u32::MAX).map(|number| records.join(name(number))).find(|path| !path.exists());
        let path = path.ok_or_else(|| ProvisionError::Internal { what: "no free name for a record".into() })?;
        self.write(&path)?;
        Ok(path)
    }

    /// Writes the record to a file of the caller's choice.
    ///
    /// # Errors
    /// The disk's refusal.
    pub fn write(&self, path: &Path) -> Result<(), ProvisionError> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| ProvisionError::Internal { what: format!("record: {error}") })?;
        project::atomic::write(path, text.as_bytes()).map_err(|source| failed("saving the record", path, source))
    }
}

fn failed(action: &'static str, path: &Path, source: std::io::Error) -> ProvisionError {
    ProvisionError::File { action, path: path.to_owned(), source }
}

/// A credential without its secret.
fn public_part(credential: &DebugCredential) -> String {
    match credential.leaf() {
        Some(leaf) => format!("certificate chain, leaf key {leaf}"),
        None => "a password".into(),
    }
}
