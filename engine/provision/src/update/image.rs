//! The file that an update sends: its bytes, and what they are.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use formats::{FoundImage, Opened, Version};
use project::{ImageRecipe, Project, Workshop};
use sha2::{Digest, Sha256};

use super::plan::UpdateTarget;
use crate::error::ProvisionError;
use crate::plan::PlanRefusal;
use crate::trial::slot_content;

/// No image is larger, in bytes: the window of XSPI1 whole, as Intel hex.
const LARGEST_FILE: u64 = 3 * (128 << 20);

/// A file to be sent.
#[derive(Debug, Clone)]
pub struct UpdateImage {
    name: String,
    opened: Opened,
    /// Built for this update, with the version asked for.
    version: Option<Version>,
}

impl UpdateImage {
    /// Any bytes, under the name that a person knows them by.
    pub fn of_bytes(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), opened: Opened::read(bytes), version: None }
    }

    /// A file: an image, or memory that an image begins.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn of_file(path: &Path) -> Result<Self, ProvisionError> {
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut bytes))
            .and_then(|read| match read as u64 > LARGEST_FILE {
                true => Err(io::Error::from(io::ErrorKind::FileTooLarge)),
                false => Ok(()),
            })
            .map_err(|source| ProvisionError::File { action: "reading the image", path: path.to_owned(), source })?;
        Ok(Self::of_bytes(name_of(path), bytes))
    }

    /// An image of `program`, or of the program that the project itself names, with the project's settings and keys and
    /// a version: what a newer release of the project is. Nothing of the project changes.
    ///
    /// # Errors
    /// The refusal of a flow without such an image; a program that isn't there or doesn't fit; keys that can't be read.
    pub fn build(
        project: &Project,
        target: UpdateTarget,
        program: Option<&Path>,
        version: Version,
    ) -> Result<Self, ProvisionError> {
        let profile = target.profile(project)?;
        let mut recipe = ImageRecipe::of_project(project, profile)?;
        recipe.settings.version = version;
        let workshop = Workshop::of(project);
        let own = workshop.stage(profile).map(|stage| stage.application.clone());
        let program = program.map(Path::to_owned).or(own).ok_or_else(|| {
            ProvisionError::Refused(PlanRefusal::of("flow", "the project names no such program", "name one"))
        })?;
        let folder = tempfile::tempdir().map_err(|source| ProvisionError::File {
            action: "making a folder for the image in",
            path: std::env::temp_dir(),
            source,
        })?;
        let name = format!("{}-{version}.bin", name_of(&program).trim_end_matches(".bin"));
        let file = folder.path().join("image.bin");
        recipe.build(&program, &file)?;
        let image = Self::of_file(&file)?;
        Ok(Self { name, version: Some(version), ..image })
    }

    /// What a person calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file, taken apart.
    pub fn opened(&self) -> &Opened {
        &self.opened
    }

    /// The image in it, where the file begins with something that is one, whole or damaged.
    pub fn image(&self) -> Option<&FoundImage> {
        self.opened.images.first().filter(|image| image.offset == 0 || self.opened.images.len() == 1)
    }

    /// The version in its header.
    pub fn version(&self) -> Option<Version> {
        self.image().map(|image| image.version).or(self.version)
    }

    /// What is sent: from the image's first byte to its last, without what fills its slot. Of a file without any image
    /// all of it.
    pub fn bytes(&self, slot_size: u32) -> Vec<u8> {
        let Some(image) = self.image() else {
            return self.opened.content.from(0).to_vec();
        };
        let mut bytes = slot_content(&self.opened.content, image, slot_size);
        let own = usize::try_from(image.image.end.saturating_sub(image.offset)).unwrap_or(usize::MAX);
        let without_mark = bytes.strip_suffix(&formats::image::TRAILER_MAGIC).map_or(bytes.len(), <[u8]>::len);
        let filled = bytes.get(..without_mark).unwrap_or_default();
        let used = filled.iter().rposition(|byte| *byte != 0xFF).map_or(0, |last| last + 1);
        bytes.truncate(used.max(own));
        bytes
    }

    /// SHA-256 of what is sent.
    pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
