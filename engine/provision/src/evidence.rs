//! What proved a step: a sentence for people and the facts behind it. Never a secret.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was seen, as a sentence.
    pub text: String,
    /// Measured values by name: addresses, statuses, hashes, counts.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

impl Evidence {
    /// A proof that is a sentence alone.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), facts: BTreeMap::new() }
    }

    /// The proof with one more measured value.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl std::fmt::Display) -> Self {
        self.facts.insert(name.to_owned(), value.to_string());
        self
    }
}

impl std::fmt::Display for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
