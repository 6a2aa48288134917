//! Makes a plan from a project: what it is made of, whether it can be made, its hash. Its steps are in the sibling file.

use project::{LoaderSetting, Outputs, Project};

use super::checks::{Layout, PlanRefusal, reasons};
use super::inputs::collect;
use super::steps::steps;
use super::{FieldHash, FinalState, LoaderSource, Plan, Reason};
use crate::expectations::{Circumstances, expectations};
use crate::firmware;
use crate::material::{Material, SlotPair};
use crate::profile::BoardProfile;

/// Plans what will be done to a board. No board is needed.
///
/// # Errors
/// Everything that stands against it, in one list.
pub fn plan(
    project: &Project,
    outputs: &Outputs,
    final_state: FinalState,
    profile: &BoardProfile,
) -> Result<Plan, PlanRefusal> {
    plan_of(project, &Material::of(outputs), final_state, profile)
}

/// As [`plan`], whatever goes into the download slots.
pub(crate) fn plan_of(
    project: &Project,
    material: &Material<'_>,
    final_state: FinalState,
    profile: &BoardProfile,
) -> Result<Plan, PlanRefusal> {
    let (loader, loader_source) = loader(project)?;
    let layout = layout(project)?;
    let found = reasons(project, material, &loader, &layout, final_state, profile);
    if !found.is_empty() {
        return Err(PlanRefusal { reasons: found });
    }

    let mut hash = FieldHash::default();
    hash.field("plan", b"stirot-studio 1");
    hash.field("final state", final_state.to_string().as_bytes());
    hash.field("profile", format!("{profile:?}").as_bytes());
    let inputs = collect(project, material, &loader, &mut hash);
    let steps = steps(material, &layout, &loader, final_state, profile);
    for step in &steps {
        hash.field("step", format!("{:?} {:?}", step.id, step.action).as_bytes());
    }
    Ok(Plan {
        project: project.name().to_owned(),
        final_state,
        stages: material.stages(),
        steps,
        hash: hash.finish(),
        inputs,
        profile: profile.name.clone(),
        sample_keys: project.sample_keys().into_iter().map(|key| key.name.to_string()).collect(),
        expectations: material
            .second
            .as_ref()
            .map(|second| {
                let layout_of_second = second.layout.as_ref();
                expectations(Circumstances {
                    layout: layout_of_second,
                    sram_ecc: layout.sram_ecc,
                    final_state,
                    profile,
                })
            })
            .unwrap_or_default(),
        loader,
        loader_source,
        image_version: material.application().version().map(str::to_owned),
        digests: material.digests(),
    })
}

/// The loader that the project's settings name.
fn loader(project: &Project) -> Result<(Vec<u8>, LoaderSource), PlanRefusal> {
    match &project.settings().loader {
        LoaderSetting::Builtin => Ok((firmware::ILOADER.to_vec(), LoaderSource::Builtin)),
        LoaderSetting::File(path) => match std::fs::read(path) {
            Ok(bytes) => Ok((bytes, LoaderSource::File(path.clone()))),
            Err(error) => Err(PlanRefusal {
                reasons: vec![Reason {
                    rule: "loader".into(),
                    text: format!("the iLoader {} can't be read: {error}", path.display()),
                    help: "name an existing file in the project's settings, or use the built-in iLoader".into(),
                }],
            }),
        },
    }
}

fn layout(project: &Project) -> Result<Layout, PlanRefusal> {
    let stirot = project.stirot().ok_or_else(|| PlanRefusal {
        reasons: vec![Reason {
            rule: "flow".into(),
            text: format!("the project's flow is “{}”, in which STiRoT takes no part", project.flow()),
            help: "choose the flow of one boot stage or of two".into(),
        }],
    })?;
    Ok(Layout {
        slots: SlotPair { installation: stirot.installation_slot(), download: stirot.download_slot() },
        firmware: stirot.firmware_area(),
        loader: stirot.loader_area(),
        minimum_state: stirot.minimum_state,
        sram_ecc: stirot.sram_ecc,
    })
}
