//! What the project would build, and what was built, in the words and shapes of the Images view. What an image is that was
//! built is worded by the project, the same as for commands.

use std::path::Path;

use formats::{HeldKey, ImageProfile, KeyOrigin, KeyRole, PublicKey, RingKey};
use project::{ImageDescription, ImageOutput, KeyName, Workshop, WorkshopStage};

use super::fingerprint;
use crate::model::images::{BuiltImage, Fact};
use crate::text::{self, file_name, sentence};

/// What the project would build.
pub(crate) fn recipe(stage: &WorkshopStage, workshop: &Workshop) -> Vec<Fact> {
    let counter = match stage.security_counter {
        Some(counter) => text::grouped(&format!("0x{counter:08X}")),
        None => "none".to_owned(),
    };
    let mut facts = vec![
        path("Input", &stage.application, ""),
        Fact::plain("For", whose(stage.profile).to_owned()),
        Fact::plain("Version", stage.version.to_string()),
        Fact::plain("Security counter", counter),
        Fact::plain("Slot", text::size(stage.slot_size)),
    ];
    facts.extend(stage.download_address.map(|address| Fact::plain("Address", text::address(address))));
    facts.push(ring_key("Signed with", stage, workshop, KeyRole::Authentication));
    facts.push(ring_key("Encrypted for", stage, workshop, KeyRole::Encryption));
    facts.push(path("Output", &stage.image, ""));
    facts
}

/// The boot stage that installs such images.
pub(crate) const fn whose(profile: ImageProfile) -> &'static str {
    match profile {
        ImageProfile::Stirot => "STiRoT",
        _ => "OEMuRoT or OEMiROT",
    }
}

/// A path by its file's name, and what is to be said after it.
fn path(name: &str, path: &Path, after: &str) -> Fact {
    Fact {
        name: name.to_owned(),
        value: format!("{}{after}", file_name(path)),
        whole: Some(path.display().to_string()),
    }
}

/// The project's key for a role: its name, and in a second line its fingerprint.
fn ring_key(name: &str, stage: &WorkshopStage, workshop: &Workshop, role: KeyRole) -> Fact {
    let fits =
        |key: &&RingKey| key.origin == KeyOrigin::Project && key.role == role && key.profile == Some(stage.profile);
    let Some(key) = workshop.keys.0.iter().find(fits) else { return Fact::plain(name, "none".to_owned()) };
    let told = |public: &PublicKey, after: &str| Fact {
        name: name.to_owned(),
        value: format!("{}\n{}{after}", key.name, fingerprint(public)),
        whole: Some(public.fingerprint().to_string()),
    };
    match &key.key {
        HeldKey::Private(private) => told(&private.public(), ""),
        HeldKey::Public(public) => told(public, ", public half"),
        HeldKey::Locked { public: Some(public), .. } => told(public, ", locked"),
        HeldKey::Locked { public: None, .. } => Fact::plain(name, format!("{}\nlocked", key.name)),
    }
}

/// An image of the project's that was built, or found right.
pub(crate) fn built(image: &ImageOutput) -> BuiltImage {
    let how = match (image.built, &image.built_because) {
        (false, _) => "It was there and right; nothing was written.".to_owned(),
        (true, Some(why)) => format!("Built, because {why}."),
        (true, None) => "Built.".to_owned(),
    };
    described(&image.description, how)
}

/// What an image is, with how it came about.
pub(crate) fn described(image: &ImageDescription, how: String) -> BuiltImage {
    let fact = |(name, value): (&str, String)| {
        let title = sentence(name);
        match name {
            "application" => shortened(&title, &image.application, &value),
            "file" => shortened(&title, &image.file, &value),
            "signed with" => key(&title, Some(&image.signed_with), value),
            "encrypted for" => key(&title, image.encrypted_for.as_ref(), value),
            _ => Fact::plain(&title, value),
        }
    };
    BuiltImage { name: file_name(&image.file), how, facts: image.rows().into_iter().map(fact).collect() }
}

/// A value that begins with a path.
fn shortened(name: &str, whole: &Path, value: &str) -> Fact {
    match value.strip_prefix(&whole.display().to_string()) {
        Some(after) => path(name, whole, after),
        None => Fact::plain(name, value.to_owned()),
    }
}

/// A key in two lines.
fn key(name: &str, key: Option<&KeyName>, value: String) -> Fact {
    let lines = key.and_then(|key| Some((key, value.strip_prefix(&key.name)?.strip_prefix(", ")?)));
    match lines {
        Some((key, rest)) => Fact {
            name: name.to_owned(),
            value: format!("{}\n{rest}", key.name),
            whole: Some(key.fingerprint.to_string()),
        },
        None => Fact::plain(name, value),
    }
}
