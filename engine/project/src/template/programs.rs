//! The programs that a new project of two boot stages begins with: the studio's second stage and the demonstration
//! application, built from `firmware/` and embedded.

use formats::{ApplicationRun, SecondStageLayout};

use crate::error::ProjectError;

const SECOND_STAGE: &[u8] = include_bytes!("../../../../assets/firmware/oemurot.bin");
const IN_PLACE: &[u8] = include_bytes!("../../../../assets/firmware/appli_in_place.bin");
const INTERNAL_RAM: &[u8] = include_bytes!("../../../../assets/firmware/appli_internal_ram.bin");
const EXTERNAL_RAM: &[u8] = include_bytes!("../../../../assets/firmware/appli_external_ram.bin");

/// The studio's second stage with the layout of a new project.
pub(crate) fn second_stage(run: ApplicationRun) -> Result<Vec<u8>, ProjectError> {
    let mut program = SECOND_STAGE.to_vec();
    SecondStageLayout::for_run(run)
        .replace_in(&mut program)
        .map_err(|problem| ProjectError::Layout { path: "oemurot.bin".into(), problem })?;
    Ok(program)
}

/// The demonstration application that is linked to run there.
pub(crate) const fn demo(run: ApplicationRun) -> &'static [u8] {
    match run {
        ApplicationRun::InPlace => IN_PLACE,
        ApplicationRun::InternalRam => INTERNAL_RAM,
        ApplicationRun::ExternalRam => EXTERNAL_RAM,
    }
}

/// Whether a program is the demonstration application, wherever it runs.
pub(crate) fn is_demo(program: &[u8]) -> bool {
    ApplicationRun::ALL.into_iter().any(|run| demo(run) == program)
}
