//! The journal of a run: one line before and one after each step, on the disk before anything goes on.
//!
//! It decides nothing alone: the chip's state does. It tells what was proved for which plan, so that a run that broke
//! off is taken up where it stood. A torn last line, as a lost process leaves it, is ignored.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::boards::BoardAddress;
use crate::error::ProvisionError;
use crate::evidence::Evidence;
use crate::plan::{Plan, StepId};
use crate::record::hex;
use crate::timings::BoardKind;

/// What a line says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// A run began.
    Run {
        /// Hash of the plan, hexadecimal.
        plan: String,
        /// Name of the project.
        project: String,
        /// The chip's identifier, hexadecimal, where it could be read.
        #[serde(default)]
        uid: Option<String>,
        /// Seconds since 1970.
        at: u64,
    },
    /// A step is about to touch the board.
    Begun {
        /// Which step.
        step: StepId,
    },
    /// A step was proved.
    Proved {
        /// Which step.
        step: StepId,
        /// What proved it.
        evidence: Evidence,
    },
    /// A step failed, or was stopped.
    Broken {
        /// Which step.
        step: StepId,
        /// Why, for people.
        reason: String,
    },
    /// The run is complete and its record saved.
    Finished,
}

/// The folder in which the studio remembers one board: journal and records.
#[derive(Debug, Clone)]
pub struct RunFolder {
    path: PathBuf,
    timings: PathBuf,
}

impl RunFolder {
    /// The folder for a board, inside the user's data folder. A virtual board is known by its file, a real one by
    /// its probe until its identifier was read; nothing is created yet.
    pub fn for_board(board: &BoardAddress) -> Self {
        let (name, key) = match board {
            BoardAddress::Virtual(path) => {
                let whole = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
                let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
                (stem, whole.to_string_lossy().into_owned())
            }
            BoardAddress::Probe { serial } => ("probe".to_owned(), serial.clone().unwrap_or_default()),
        };
        let digest: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        let short = hex(&digest).chars().take(12).collect::<String>();
        let clean: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(32).collect();
        let data = project::data_folder::data_folder();
        // Boards of one kind take the same time, so that what one taught counts for all.
        let timings = match board {
            BoardAddress::Virtual(_) => BoardKind::Virtual.file(),
            BoardAddress::Probe { .. } => BoardKind::Real.file(),
        };
        Self { path: data.join("boards").join(format!("{clean}-{short}")), timings }
    }

    /// A folder of the caller's choice.
    pub fn at(path: &Path) -> Self {
        Self { path: path.to_owned(), timings: path.join("timings.json") }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where step durations are kept.
    pub(crate) fn timings_file(&self) -> &Path {
        &self.timings
    }

    /// Where the records lie.
    pub fn records(&self) -> PathBuf {
        self.path.join("records")
    }

    /// The journal's file.
    pub fn journal_file(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// What the journal says; empty when there is none.
    pub fn history(&self) -> Result<History, ProvisionError> {
        let path = self.journal_file();
        let mut text = String::new();
        match File::open(&path) {
            Ok(mut file) => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).map_err(|source| failed("reading the journal", &path, source))?;
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(failed("opening the journal", &path, source)),
        }
        Ok(History::from_lines(&text))
    }

    /// Starts or continues the journal for a plan on a chip.
    pub fn journal(&self, plan: &Plan, uid: Option<&str>) -> Result<Journal, ProvisionError> {
        fs::create_dir_all(&self.path).map_err(|source| failed("creating the folder", &self.path, source))?;
        let history = self.history()?;
        let path = self.journal_file();
        let same_plan = history.is_of(plan, uid);
        // Another plan's story is over: a new file, so that nothing of it can be taken for this one's.
        let file = if same_plan {
            OpenOptions::new().append(true).open(&path)
        } else {
            OpenOptions::new().create(true).write(true).truncate(true).open(&path)
        }
        .map_err(|source| failed("opening the journal", &path, source))?;
        let mut journal = Journal { file, path, history: if same_plan { history } else { History::default() } };
        // A torn last line must not swallow the next entry.
        journal.line("")?;
        journal.append(Entry::Run {
            plan: hex(&plan.hash),
            project: plan.project.clone(),
            uid: uid.map(ToOwned::to_owned),
            at: crate::record::now(),
        })?;
        Ok(journal)
    }
}

/// What a journal told, for one plan: the last one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Hash of the plan, hexadecimal; `None` when nothing was ever begun.
    pub plan: Option<String>,
    /// Name of the project.
    pub project: String,
    /// The chip's identifier, where it could be read.
    pub uid: Option<String>,
    /// Every entry since the plan was first begun.
    pub entries: Vec<Entry>,
}

impl History {
    /// Reads lines; what is no entry is passed over.
    pub fn from_lines(text: &str) -> Self {
        let mut history = Self::default();
        for line in text.lines() {
            let Ok(entry) = serde_json::from_str::<Entry>(line) else { continue };
            if let Entry::Run { plan, project, uid, .. } = &entry {
                let other_chip = matches!((&history.uid, uid), (Some(told), Some(read)) if told != read);
                if history.plan.as_ref() != Some(plan) || other_chip {
                    history.entries.clear();
                    history.uid = None;
                }
                history.plan = Some(plan.clone());
                history.project.clone_from(project);
                if uid.is_some() {
                    history.uid.clone_from(uid);
                }
            }
            history.entries.push(entry);
        }
        history
    }

    /// Whether it tells of this plan on this chip. A chip whose identifier can't be read is known by its folder alone.
    pub fn is_of(&self, plan: &Plan, uid: Option<&str>) -> bool {
        let same_chip = match (self.uid.as_deref(), uid) {
            (Some(told), Some(read)) => told == read,
            _ => true,
        };
        same_chip && self.plan.as_deref() == Some(hex(&plan.hash).as_str())
    }

    /// The evidence of a step that was proved and not begun again since.
    pub fn proof_of(&self, step: StepId) -> Option<&Evidence> {
        let mut proof = None;
        for entry in &self.entries {
            match entry {
                Entry::Begun { step: begun } if *begun == step => proof = None,
                Entry::Proved { step: proved, evidence } if *proved == step => proof = Some(evidence),
                _ => {}
            }
        }
        proof
    }

    /// Whether a step was ever begun.
    pub fn began(&self, step: StepId) -> bool {
        self.entries.iter().any(|entry| matches!(entry, Entry::Begun { step: begun } if *begun == step))
    }

    /// Whether the last run came to its end.
    pub fn finished(&self) -> bool {
        matches!(self.entries.last(), Some(Entry::Finished))
    }
}

/// An open journal. Every entry is on the disk when the call returns.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    history: History,
}

impl Journal {
    /// What earlier runs of the same plan told.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Appends an entry and waits until the disk has it.
    pub fn append(&mut self, entry: Entry) -> Result<(), ProvisionError> {
        let text = serde_json::to_string(&entry)
            .map_err(|error| ProvisionError::Internal { what: format!("journal entry: {error}") })?;
        self.line(&text)?;
        self.history.entries.push(entry);
        Ok(())
    }

    fn line(&mut self, text: &str) -> Result<(), ProvisionError> {
        let written = writeln!(self.file, "{text}").and_then(|()| self.file.sync_data());
        written.map_err(|source| failed("writing the journal", &self.path, source))
    }
}

fn failed(action: &'static str, path: &Path, source: std::io::Error) -> ProvisionError {
    ProvisionError::File { action, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(entry: &Entry) -> String {
        serde_json::to_string(entry).unwrap()
    }

    fn run(plan: &str) -> Entry {
        Entry::Run { plan: plan.into(), project: "sample".into(), uid: None, at: 0 }
    }

    #[test]
    fn a_torn_last_line_is_passed_over() {
        let whole = format!("{}\n{}\n", line(&run("aa")), line(&Entry::Begun { step: StepId::Survey }));
        let torn = format!("{whole}{{\"entry\":\"proved\",\"step\":\"sur");
        assert_eq!(History::from_lines(&torn), History::from_lines(&whole));
    }

    #[test]
    fn a_step_begun_again_is_no_longer_proved() {
        let proved = Entry::Proved { step: StepId::ExternalFlash, evidence: Evidence::text("read back") };
        let begun = Entry::Begun { step: StepId::ExternalFlash };
        let once = [run("aa"), begun.clone(), proved.clone()].map(|entry| line(&entry)).join("\n");
        assert!(History::from_lines(&once).proof_of(StepId::ExternalFlash).is_some());
        let again = format!("{once}\n{}", line(&begun));
        assert!(History::from_lines(&again).proof_of(StepId::ExternalFlash).is_none());
    }

    #[test]
    fn another_chip_in_the_same_place_starts_without_the_proofs_of_the_first() {
        let proved = Entry::Proved { step: StepId::ExternalFlash, evidence: Evidence::text("read back") };
        let on = |uid: &str| Entry::Run { plan: "aa".into(), project: "sample".into(), uid: Some(uid.into()), at: 0 };
        let text = [on("01"), proved.clone(), on("01")].map(|entry| line(&entry)).join("\n");
        assert!(History::from_lines(&text).proof_of(StepId::ExternalFlash).is_some());
        let text = [on("01"), proved, on("02")].map(|entry| line(&entry)).join("\n");
        assert!(History::from_lines(&text).proof_of(StepId::ExternalFlash).is_none());
    }

    #[test]
    fn another_plan_starts_without_the_proofs_of_the_first() {
        let proved = Entry::Proved { step: StepId::ExternalFlash, evidence: Evidence::text("read back") };
        let text = [run("aa"), proved, run("bb")].map(|entry| line(&entry)).join("\n");
        let history = History::from_lines(&text);
        assert_eq!(history.plan.as_deref(), Some("bb"));
        assert!(history.proof_of(StepId::ExternalFlash).is_none());
    }
}
