//! One boot stage of a project: its configuration, the settings of the image that it verifies, and the keys both name.

use std::path::Path;

use formats::ImageSettings;

use crate::error::ProjectError;
use crate::flow::StageFiles;
use crate::image::ImageConfiguration;
use crate::keys::{self, KeyInUse, KeyRole};
use crate::sources::{Configuration, Snapshot, Sources};
use crate::stirot::{self, StirotConfiguration, field};

/// A boot stage.
pub(crate) struct Stage {
    pub(crate) configuration: Configuration,
    pub(crate) image: ImageConfiguration,
    pub(crate) authentication: KeyInUse,
    pub(crate) encryption: KeyInUse,
}

impl Stage {
    pub(crate) fn read(
        folder: &Path,
        files: StageFiles,
        [authentication, encryption]: [KeyRole; 2],
        sources: &Sources,
        snapshot: &mut Snapshot,
    ) -> Result<Self, ProjectError> {
        let configuration = Configuration::read(folder.join(files.configuration), sources, snapshot)?;
        let image = ImageConfiguration::read(folder.join(files.image), &configuration, sources, snapshot)?;
        let mut key = |role, name| {
            let path = configuration.file(name)?;
            snapshot.note(&path);
            keys::in_use(role, path, sources)
        };
        let authentication = key(authentication, field::AUTHENTICATION_KEY)?;
        let encryption = key(encryption, field::ENCRYPTION_KEY)?;
        Ok(Self { configuration, image, authentication, encryption })
    }

    pub(crate) fn keys(&self) -> [&KeyInUse; 2] {
        [&self.authentication, &self.encryption]
    }
}

/// STiRoT's stage: what its files mean, too.
pub(crate) struct StirotStage {
    pub(crate) stage: Stage,
    pub(crate) meaning: StirotConfiguration,
    pub(crate) image: ImageSettings,
}

impl StirotStage {
    pub(crate) fn of(stage: Stage) -> Result<Self, ProjectError> {
        let configuration = &stage.configuration;
        let fingerprints = (stage.authentication.fingerprint, stage.encryption.fingerprint);
        let meaning = stirot::read(&configuration.document, fingerprints.0, fingerprints.1)
            .map_err(|source| configuration.wrong(source))?;
        let image = stage.image.sign.stirot().map_err(|source| stage.image.wrong(source))?;
        Ok(Self { stage, meaning, image })
    }
}
