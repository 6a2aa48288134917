//! What was built, in words: the same for a window and a command. Secrets aren't known here.

use std::path::PathBuf;

use formats::{Fingerprint, ImageFacts, is_sample};

use crate::grouped::grouped;

/// An image that was built, or found right, with its surroundings.
#[derive(Debug, Clone)]
pub struct ImageDescription {
    /// Its numbers.
    pub facts: ImageFacts,
    /// The image's file.
    pub file: PathBuf,
    /// The application's file.
    pub application: PathBuf,
    /// Address of the slot, where the file tells it.
    pub address: Option<u32>,
    /// The key that signed it.
    pub signed_with: KeyName,
    /// The key that it opens with.
    pub encrypted_for: Option<KeyName>,
}

/// A key as it is told: by its file's name and its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName {
    /// The name of its file, without ending.
    pub name: String,
    /// The fingerprint of its public half.
    pub fingerprint: Fingerprint,
}

impl KeyName {
    /// Under which name it was published, when everybody has it.
    pub fn sample(&self) -> Option<&'static str> {
        is_sample(&self.fingerprint)
    }

    /// Name, fingerprint, and the word SAMPLE where that is due.
    fn told(&self) -> String {
        let known = self.sample().map(|name| format!(", SAMPLE: {name}")).unwrap_or_default();
        format!("{}, {}{known}", self.name, self.fingerprint.short())
    }
}

impl ImageDescription {
    /// What there is to say, each with its name, in the order in which a person asks.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let facts = &self.facts;
        let needed = facts.image_bytes + facts.trailer_bytes;
        let counter = facts.security_counter.map_or("none".into(), |counter| format!("{counter:#010x}"));
        let payload = if self.encrypted_for.is_some() { "encrypted" } else { "in the clear" };
        let slot = match self.address {
            Some(address) => format!("{:#x} bytes at {}", facts.slot_size, grouped(address)),
            None => format!("{:#x} bytes", facts.slot_size),
        };
        vec![
            ("kind", format!("{}, {payload}, flags {:#x}", facts.profile, facts.flags.0)),
            ("version", facts.version.to_string()),
            ("security counter", counter),
            ("application", format!("{}, {} bytes", self.application.display(), facts.payload_bytes)),
            ("signed with", self.signed_with.told()),
            ("encrypted for", self.encrypted_for.as_ref().map_or("nobody: it lies open".into(), KeyName::told)),
            ("slot", slot),
            (
                "takes of it",
                format!("{needed} of {} bytes, {} of them at its end", facts.slot_size, facts.trailer_bytes),
            ),
            ("hash", facts.hash.iter().map(|byte| format!("{byte:02x}")).collect()),
            ("file", self.file.display().to_string()),
        ]
    }
}
