//! What two boot stages have besides one: the second stage's objects, and the images that it installs.

use chip::memory_map::Region;
use formats::SecondStageLayout;

use super::ObkOutput;
use crate::error::ProjectError;
use crate::image::{self, ImageOutput, Prepared, Wanted};
use crate::project::Project;
use crate::second_stage::{installation_slot, known_layout};

/// What a second boot stage is given.
#[derive(Debug)]
pub struct SecondStageOutputs {
    /// OEMuROT_Config.
    pub configuration: ObkOutput,
    /// OEMuROT_Data.
    pub data: ObkOutput,
    /// The application's image.
    pub application: ImageOutput,
    /// The image of data that goes with it, where the project has one.
    pub data_image: Option<ImageOutput>,
    /// Where it keeps and runs them, when its program says so; ST's doesn't.
    pub layout: Option<SecondStageLayout>,
}

impl SecondStageOutputs {
    /// The images that it installs, each for its download slot.
    pub fn images(&self) -> impl Iterator<Item = &ImageOutput> {
        [&self.application].into_iter().chain(&self.data_image)
    }

    /// The slots that it keeps them in, as far as they are known: of ST's program, where ST's layout has that of the
    /// application.
    pub fn installation_slots(&self) -> Vec<Region> {
        let application = &self.application;
        let slot = installation_slot(self.layout, Some(application.address), application.slot_size);
        let data = self.layout.and_then(|layout| layout.data).map(|data| data.installation_slot());
        slot.into_iter().chain(data).collect()
    }
}

/// What an application of two boot stages is tried with, in memory alone: nothing is written to where outputs go.
#[derive(Debug)]
pub struct SecondStageTrial {
    /// The second stage itself: the image that STiRoT installs.
    pub image: ImageOutput,
    /// OEMuROT_Config.
    pub configuration: ObkOutput,
    /// OEMuROT_Data.
    pub data: ObkOutput,
    /// The image of data that the second stage asks for, where the project has one.
    pub data_image: Option<ImageOutput>,
}

/// Makes it. `None` in a flow that isn't of two boot stages.
pub(super) fn for_trial(
    project: &Project,
    objects: impl FnOnce() -> Result<[ObkOutput; 2], ProjectError>,
) -> Result<Option<SecondStageTrial>, ProjectError> {
    let (Some(stirot), Some(oem)) = (&project.stirot, &project.oem) else { return Ok(None) };
    let image = image::prepare(project, &Wanted::stirot(stirot))?.unsaved();
    let data_image = match &project.data_image {
        Some(data) => Some(image::prepare(project, &Wanted::installed_by(oem, data)?)?.unsaved()),
        None => None,
    };
    let [configuration, data] = objects()?;
    Ok(Some(SecondStageTrial { image, configuration, data, data_image }))
}

/// The images that the second stage is given, known to be right, saved already or not.
pub(super) struct PreparedSecondStage {
    application: Prepared,
    data: Option<Prepared>,
}

/// Finds the right images on the disk, or builds them in memory. `None` with one boot stage.
pub(super) fn prepare(project: &Project) -> Result<Option<PreparedSecondStage>, ProjectError> {
    let Some(oem) = &project.oem else { return Ok(None) };
    let application = image::prepare(project, &Wanted::second_stage(oem)?)?;
    let data = match &project.data_image {
        Some(image) => Some(image::prepare(project, &Wanted::installed_by(oem, image)?)?),
        None => None,
    };
    Ok(Some(PreparedSecondStage { application, data }))
}

impl PreparedSecondStage {
    /// Saves the images where that is still to be done.
    pub(super) fn save(
        self,
        project: &Project,
        [configuration, data]: [ObkOutput; 2],
    ) -> Result<SecondStageOutputs, ProjectError> {
        Ok(SecondStageOutputs {
            configuration,
            data,
            application: self.application.save(project)?,
            data_image: self.data.map(|image| image.save(project)).transpose()?,
            layout: known_layout(project),
        })
    }
}
