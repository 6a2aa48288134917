//! What a run writes, apart from the loader: the objects of each boot stage, and what goes into their download slots. That
//! is a project's own images, or, on a virtual board that is made for it, any bytes that a person wants to see tried.

use chip::memory_map::{Region, SLOT_ALIGNMENT};
use formats::{ObkFile, SecondStageLayout};
use project::{ImageOutput, ObkOutput, Outputs, SecondStageOutputs, SecondStageTrial, StirotObjects};
use sha2::{Digest, Sha256};

use crate::capability::ObjectRole;
use crate::plan::{BootStages, FieldHash};
use crate::trial::TriedBy;

/// Everything that a plan writes and is made of, apart from the loader.
pub(crate) struct Material<'a> {
    /// What STiRoT installs.
    pub(crate) download: Download<'a>,
    pub(crate) debug_authentication: &'a ObkOutput,
    pub(crate) configuration: &'a ObkOutput,
    pub(crate) data: &'a ObkOutput,
    /// What the second boot stage has, where there is one.
    pub(crate) second: Option<SecondMaterial<'a>>,
}

/// What the second boot stage reads and installs.
pub(crate) struct SecondMaterial<'a> {
    pub(crate) configuration: &'a ObkOutput,
    pub(crate) data: &'a ObkOutput,
    pub(crate) application: Download<'a>,
    pub(crate) application_slots: SlotPair,
    /// The data image and its slots.
    pub(crate) data_image: Option<(Download<'a>, SlotPair)>,
    /// Where it runs its application; unknown of a second stage that isn't the studio's.
    pub(crate) layout: Option<SecondStageLayout>,
}

/// The two slots of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotPair {
    /// The slot that it is kept in.
    pub(crate) installation: Region,
    /// The slot that it is installed from.
    pub(crate) download: Region,
}

/// What erasing a slot takes of the external flash: whole sectors of 64 KiB (`formats.md` §4.7). An end beyond the address
/// space stays where it is, for the checks to find.
pub(crate) fn erased(slot: Region) -> Region {
    let start = slot.start - slot.start % SLOT_ALIGNMENT;
    let size = slot.size.saturating_add(slot.start - start);
    Region::new(start, size.checked_next_multiple_of(SLOT_ALIGNMENT).unwrap_or(size))
}

/// Which image of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ImageRole {
    /// The second boot stage, which STiRoT installs.
    SecondStage,
    /// The application.
    Application,
    /// Data that the second boot stage installs beside the application.
    Data,
}

impl ImageRole {
    /// What it is called in a plan's inputs and steps.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::SecondStage => "second stage image",
            Self::Application => "application image",
            Self::Data => "data image",
        }
    }

    /// The name under which a run's record keeps the address of its download slot.
    pub(crate) const fn download_slot_fact(self) -> &'static str {
        match self {
            Self::SecondStage => "second_stage_download_slot",
            Self::Application => "application_download_slot",
            Self::Data => "data_download_slot",
        }
    }

    /// The name under which a run's record keeps the address of its installation slot.
    pub(crate) const fn installation_slot_fact(self) -> &'static str {
        match self {
            Self::SecondStage => "second_stage_installation_slot",
            Self::Application => "application_installation_slot",
            Self::Data => "data_installation_slot",
        }
    }
}

/// What goes into a download slot.
pub(crate) enum Download<'a> {
    /// The project's image, which is known to be right.
    Project(&'a ImageOutput),
    /// Bytes of which nothing is known: whether a boot stage takes them is the question.
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
            second: outputs.second.as_ref().map(SecondMaterial::of),
        }
    }

    /// What tries an application of two boot stages, with the slots that the second stage has for it.
    pub(crate) fn of_application_trial(
        objects: &'a StirotObjects,
        second: &'a SecondStageTrial,
        [application_slots, data_slots]: [Option<SlotPair>; 2],
        layout: Option<SecondStageLayout>,
        content: &'a [u8],
    ) -> Option<Self> {
        let application_slots = application_slots?;
        Some(Self {
            download: Download::Project(&second.image),
            debug_authentication: &objects.debug_authentication,
            configuration: &objects.configuration,
            data: &objects.data,
            second: Some(SecondMaterial {
                configuration: &second.configuration,
                data: &second.data,
                application: Download::Trial { content, slot_size: application_slots.download.size },
                application_slots,
                data_image: second.data_image.as_ref().map(Download::Project).zip(data_slots),
                layout,
            }),
        })
    }

    /// What tries an image.
    pub(crate) fn of_trial(objects: &'a StirotObjects, content: &'a [u8], slot_size: u32) -> Self {
        Self {
            download: Download::Trial { content, slot_size },
            debug_authentication: &objects.debug_authentication,
            configuration: &objects.configuration,
            data: &objects.data,
            second: None,
        }
    }

    /// How many boot stages it is for.
    pub(crate) const fn stages(&self) -> BootStages {
        match self.second {
            None => BootStages::One,
            Some(_) => BootStages::Two,
        }
    }

    /// The images, in the order in which boot stages install them.
    pub(crate) fn images(&self) -> Vec<(ImageRole, &Download<'a>)> {
        let Some(second) = &self.second else { return vec![(ImageRole::Application, &self.download)] };
        let mut images = vec![(ImageRole::SecondStage, &self.download), (ImageRole::Application, &second.application)];
        images.extend(second.data_image.as_ref().map(|(image, _)| (ImageRole::Data, image)));
        images
    }

    /// The slots of each image in the order of [`Material::images`]; STiRoT's are `first`.
    pub(crate) fn slots(&self, first: SlotPair) -> Vec<SlotPair> {
        let mut slots = vec![first];
        if let Some(second) = &self.second {
            slots.push(second.application_slots);
            slots.extend(second.data_image.as_ref().map(|(_, slots)| *slots));
        }
        slots
    }

    /// The object of a role; `None` of a second stage that there isn't.
    pub(crate) fn object(&self, role: ObjectRole) -> Option<&'a ObkOutput> {
        match role {
            ObjectRole::DebugAuthentication => Some(self.debug_authentication),
            ObjectRole::Configuration => Some(self.configuration),
            ObjectRole::Data => Some(self.data),
            ObjectRole::SecondConfiguration => self.second.as_ref().map(|second| second.configuration),
            ObjectRole::SecondData => self.second.as_ref().map(|second| second.data),
        }
    }

    /// What the application comes from.
    pub(crate) const fn application(&self) -> &Download<'a> {
        match &self.second {
            None => &self.download,
            Some(second) => &second.application,
        }
    }

    /// Which stage an image is tried by; `None` when none is under trial.
    pub(crate) fn tried_by(&self) -> Option<TriedBy> {
        let trial = |image: &Download<'_>| matches!(image, Download::Trial { .. });
        match &self.second {
            _ if trial(&self.download) => Some(TriedBy::Stirot),
            Some(second) if trial(&second.application) => Some(TriedBy::Oemurot),
            _ => None,
        }
    }

    /// What tells it from another.
    pub(crate) fn digests(&self) -> Digests {
        let of = |bytes: &[u8]| Sha256::digest(bytes).into();
        Digests {
            images: self.images().into_iter().map(|(_, image)| of(image.bytes())).collect(),
            debug_authentication: ObjectDigest::of(&self.debug_authentication.obk),
            objects: self
                .stages()
                .objects()
                .iter()
                .filter_map(|role| self.object(*role))
                .map(|object| ObjectDigest::of(&object.obk))
                .collect(),
        }
    }
}

impl<'a> SecondMaterial<'a> {
    fn of(outputs: &'a SecondStageOutputs) -> Self {
        let application = &outputs.application;
        let kept = outputs.installation_slots();
        // Of a second stage that says nothing, ST's layout: the slot right before the download slot.
        let before = |image: &ImageOutput| Region::new(image.address.wrapping_sub(image.slot_size), image.slot_size);
        let pair = |image: &ImageOutput, installation: Option<&Region>| SlotPair {
            installation: installation.copied().unwrap_or_else(|| before(image)),
            download: Region::new(image.address, image.slot_size),
        };
        Self {
            configuration: &outputs.configuration,
            data: &outputs.data,
            application: Download::Project(application),
            application_slots: pair(application, kept.first()),
            data_image: outputs.data_image.as_ref().map(|image| (Download::Project(image), pair(image, kept.get(1)))),
            layout: outputs.layout,
        }
    }
}

/// What tells one material from another. Never saved.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Default))]
pub(crate) struct Digests {
    /// One an image.
    pub(crate) images: Vec<[u8; 32]>,
    pub(crate) debug_authentication: ObjectDigest,
    /// Configuration and data of each boot stage.
    pub(crate) objects: Vec<ObjectDigest>,
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

    /// The version, where it is known.
    pub(crate) fn version(&self) -> Option<&str> {
        match self {
            Self::Project(image) => Some(&image.version),
            Self::Trial { .. } => None,
        }
    }

    /// What it is called in a plan's inputs.
    pub(crate) const fn name(&self, role: ImageRole) -> &'static str {
        match self {
            Self::Project(_) => role.name(),
            Self::Trial { .. } => "image under trial",
        }
    }

    /// What it is called in a step: “application image 1.0.0”.
    pub(crate) fn called(&self, role: ImageRole) -> String {
        match self.version() {
            Some(version) => format!("{} {version}", self.name(role)),
            None => self.name(role).to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_erased_in_whole_sectors_of_64_kib() {
        let erased = |start, size| {
            let region = erased(Region::new(start, size));
            (region.start, region.size)
        };
        assert_eq!(erased(0x9000_0000, 0x2_0000), (0x9000_0000, 0x2_0000));
        assert_eq!(erased(0x9041_0000, 0x1_8000), (0x9041_0000, 0x2_0000));
        assert_eq!(erased(0x9000_8000, 0x1_0000), (0x9000_0000, 0x2_0000));
        assert_eq!(erased(0x9000_0000, 0x1000), (0x9000_0000, 0x1_0000));
    }
}
