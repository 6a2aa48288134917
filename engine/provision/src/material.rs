//! What a run writes, apart from the loader: three objects, and what goes into the download slot. That is a project's own
//! image, or, on a virtual board that is made for it, any bytes that a person wants to see tried.

use formats::ObkFile;
use project::{ImageOutput, ObkOutput, Outputs, StirotObjects};
use sha2::{Digest, Sha256};

use crate::plan::FieldHash;

/// Everything that a plan writes and is made of, apart from the loader.
pub(crate) struct Material<'a> {
    pub(crate) download: Download<'a>,
    pub(crate) debug_authentication: &'a ObkOutput,
    pub(crate) configuration: &'a ObkOutput,
    pub(crate) data: &'a ObkOutput,
}

/// What goes into the download slot.
pub(crate) enum Download<'a> {
    /// The project's image, which is known to be right.
    Project(&'a ImageOutput),
    /// Bytes of which nothing is known: whether STiRoT takes them is the question.
    Trial {
        /// The slot's content from its first byte on.
        content: &'a [u8],
        /// Bytes of the slot; what the content leaves of it is erased.
        slot_size: u32,
    },
}

impl<'a> Material<'a> {
    /// What provisions a board.
    pub(crate) fn of(outputs: &'a Outputs) -> Self {
        Self {
            download: Download::Project(&outputs.image),
            debug_authentication: &outputs.debug_authentication,
            configuration: &outputs.configuration,
            data: &outputs.data,
        }
    }

    /// What tries an image.
    pub(crate) fn of_trial(objects: &'a StirotObjects, content: &'a [u8], slot_size: u32) -> Self {
        Self {
            download: Download::Trial { content, slot_size },
            debug_authentication: &objects.debug_authentication,
            configuration: &objects.configuration,
            data: &objects.data,
        }
    }

    /// Of download, debug-authentication object, configuration and data.
    pub(crate) fn digests(&self) -> Digests {
        Digests {
            download: Sha256::digest(self.download.bytes()).into(),
            debug_authentication: ObjectDigest::of(&self.debug_authentication.obk),
            configuration: ObjectDigest::of(&self.configuration.obk),
            data: ObjectDigest::of(&self.data.obk),
        }
    }
}

/// What tells one material from another. Never saved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Default))]
pub(crate) struct Digests {
    pub(crate) download: [u8; 32],
    pub(crate) debug_authentication: ObjectDigest,
    pub(crate) configuration: ObjectDigest,
    pub(crate) data: ObjectDigest,
}

/// SHA-256 of an object with its destination and the way it is stored. Never shown and never saved: an object may hold a
/// password's hash.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Default))]
pub(crate) struct ObjectDigest([u8; 32]);

impl ObjectDigest {
    pub(crate) fn of(object: &ObkFile) -> Self {
        let mut hash = FieldHash::default();
        hash.field("destination", &object.destination.0.to_le_bytes());
        hash.field("encryption", &object.encryption.word().to_le_bytes());
        hash.field("body", &object.body);
        Self(hash.finish())
    }
}

impl std::fmt::Debug for ObjectDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ObjectDigest")
    }
}

impl Download<'_> {
    /// What was given, without the erased rest of the slot.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Project(image) => &image.bytes,
            Self::Trial { content, .. } => content,
        }
    }

    /// The whole slot. Of a trial it is what was given, to the byte: no trailer is added.
    pub(crate) fn slot(&self) -> Vec<u8> {
        match self {
            Self::Project(image) => image.slot(),
            Self::Trial { content, slot_size } => {
                let mut slot = content.to_vec();
                slot.resize(*slot_size as usize, 0xFF);
                slot
            }
        }
    }

    /// The application's version, where it is known.
    pub(crate) fn version(&self) -> Option<&str> {
        match self {
            Self::Project(image) => Some(&image.version),
            Self::Trial { .. } => None,
        }
    }

    /// What it is called in a plan's inputs.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Project(_) => "application image",
            Self::Trial { .. } => "image under trial",
        }
    }
}
