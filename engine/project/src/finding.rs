//! What the rules found: which rule, how bad, where, and what to do. Rules are numbered as the documentation lists them.

use std::path::PathBuf;

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
