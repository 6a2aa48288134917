//! What the rules found: which rule, how bad, where, what to do, and where one exists the edit that mends it. Rules are
//! numbered as the documentation lists them.

use std::path::{Path, PathBuf};

use crate::certificates::Renewed;
use crate::keys::KeyRole;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing is held up.
    Warning,
    /// Outputs are not built and nothing is provisioned with it.
    Error,
}

/// One thing that a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule, `R1` and so on.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, with the values as they stand.
    pub text: String,
    /// What to do.
    pub help: String,
    /// The file it is in.
    pub file: PathBuf,
    /// The field's name as the file spells it, where there is one.
    pub field: Option<String>,
    /// Other fields of the same file that have a part in it.
    pub also: Vec<String>,
    /// The span of memory it is about.
    pub region: Option<RegionName>,
    /// What mends it, where the studio can.
    pub remedy: Option<Remedy>,
}

/// A span of memory that a project lays out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegionName {
    /// The firmware area in AXI SRAM.
    FirmwareArea,
    /// The SRAM that holds the error correction.
    Ecc,
    /// The iLoader in user flash.
    Loader,
    /// STiRoT's installation slot.
    Installation,
    /// STiRoT's download slot.
    Download,
    /// The slot that the second stage starts the application from.
    ApplicationInstallation,
    /// The slot that the second stage takes a new application from.
    ApplicationDownload,
    /// The second stage's scratch area, by which it swaps images.
    Scratch,
    /// The copy of the application that it runs from, in internal or external RAM.
    ApplicationCopy,
    /// The slot that the second stage keeps a data image in.
    DataInstallation,
    /// The slot that it takes a new data image from.
    DataDownload,
}

/// What mends a finding or a broken link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Edits of fields; nothing is written until the person saves.
    Edit {
        /// In a few words, for a button.
        text: String,
        /// The edits.
        edits: Vec<FieldEdit>,
    },
    /// Building what is stale.
    Build,
    /// A new key of this role.
    NewKey(KeyRole),
    /// The chain of debug certificates made anew, with these keys new ([`crate::certificates::make`]).
    NewChain(Renewed),
    /// Reading the project again.
    ReadAgain,
}

/// A new value for a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldEdit {
    /// The file it is in.
    pub file: PathBuf,
    /// The field's name.
    pub field: String,
    /// Its value.
    pub value: NewValue,
}

/// A field's value: written as the file's author writes such values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewValue {
    /// A number.
    Number(u64),
    /// A file: its absolute path.
    Path(PathBuf),
    /// Text, as it is.
    Text(String),
}

impl Finding {
    /// A finding that holds everything up.
    pub(crate) fn error(
        id: &'static str,
        file: &Path,
        field: Option<&str>,
        text: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            id,
            severity: Severity::Error,
            text: text.into(),
            help: help.into(),
            file: file.to_owned(),
            field: field.map(str::to_owned),
            also: Vec::new(),
            region: None,
            remedy: None,
        }
    }

    /// As [`Finding::error`], for what is worth knowing only.
    pub(crate) fn warning(
        id: &'static str,
        file: &Path,
        field: Option<&str>,
        text: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(id, file, field, text, help) }
    }

    /// The same with what mends it.
    pub(crate) fn mended_by(mut self, remedy: Remedy) -> Self {
        self.remedy = Some(remedy);
        self
    }

    /// The same with one edit of its own field that mends it.
    pub(crate) fn mended_to(self, text: impl Into<String>, value: NewValue) -> Self {
        let Some(field) = self.field.clone() else { return self };
        let edit = FieldEdit { file: self.file.clone(), field, value };
        self.mended_by(Remedy::Edit { text: text.into(), edits: vec![edit] })
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(field) = &self.field {
            write!(f, ", “{field}”")?;
        }
        write!(f, ": {} ({})", self.text, self.id)
    }
}
