//! P1: no output takes the place of another or of an input.

use std::path::{Path, PathBuf};

use super::from_error;
use crate::finding::Finding;
use crate::image::rules::OUTPUT;
use crate::outputs::planned_objects;
use crate::project::Project;
use crate::settings::TargetState;
use crate::stirot::field;

pub(super) fn findings(project: &Project, target: TargetState) -> Vec<Finding> {
    let planned = match planned_objects(project, target) {
        Ok(planned) => planned,
        Err(problem) => return vec![from_error("P1", &project.first_file(), Some(field::OUTPUT), &problem)],
    };
    let mut outputs: Vec<(PathBuf, &str, PathBuf)> = Vec::new();
    let mut taken: Vec<&Path> = project.keys().map(|key| key.path.as_path()).collect();
    for object in planned {
        // An object without an xml lies beside the one with which it goes.
        let named_in = object.xml.map_or_else(|| project.first_file(), |xml| xml.path.clone());
        outputs.push((named_in, field::OUTPUT, object.path));
    }
    for stage in project.stages() {
        outputs.push((stage.image.path.clone(), OUTPUT, stage.image.output.clone()));
        taken.extend([&stage.configuration.path, &stage.image.path, &stage.image.input].map(PathBuf::as_path));
    }
    taken.extend(project.debug_authentication.as_ref().map(|file| file.path.as_path()));
    let mut found = Vec::new();
    for (file, field, output) in &outputs {
        if taken.contains(&output.as_path()) {
            let text = format!("the output {} would overwrite another file of the project", output.display());
            found.push(Finding::error("P1", file, Some(field), text, "give every output a name of its own"));
        }
        taken.push(output);
    }
    found
}
