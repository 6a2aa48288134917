//! Keys and configuration of each boot stage against the object on the disk that the chip is to be given.

use std::fs;

use formats::{ObkFile, Secret};

use super::{Belonging, PartId, Seen, file_name};
use crate::error::ProjectError;
use crate::keys::KeyInUse;
use crate::outputs::{Kept, ObjectRole, PlannedObject, keys_inside, planned_objects};
use crate::project::Project;
use crate::settings::TargetState;
use crate::stage::Stage;

pub(super) fn add(whole: &mut Belonging, project: &Project, target: TargetState) {
    let Ok(planned) = planned_objects(project, target) else { return };
    let roles = [ObjectRole::StirotConfig, ObjectRole::OemConfig];
    let stages = [project.stirot.as_ref().map(|stirot| &stirot.stage), project.oem.as_ref()];
    for (role, stage) in roles.into_iter().zip(stages) {
        let Some(stage) = stage else { continue };
        let Some(object) = planned.iter().find(|object| object.role == role) else { continue };
        add_stage(whole, project, stage, object);
    }
    for object in planned.iter().filter(|object| matches!(object.role, ObjectRole::StirotData | ObjectRole::OemData)) {
        whole.add_part(PartId::Object(object.role), file_name(&object.path), "no image yet", Some(object.path.clone()));
        let config =
            if object.role == ObjectRole::StirotData { ObjectRole::StirotConfig } else { ObjectRole::OemConfig };
        let seen = against_disk(project, object);
        whole.add(PartId::Configuration(config), PartId::Object(object.role), seen);
    }
}

fn add_stage(whole: &mut Belonging, project: &Project, stage: &Stage, object: &PlannedObject<'_>) {
    let (xml, obk) = (PartId::Configuration(object.role), PartId::Object(object.role));
    for key in stage.keys() {
        whole.add_part(PartId::Key(key.role), file_name(&key.path), key.fingerprint.short(), Some(key.path.clone()));
        whole.mark(&key.fingerprint);
    }
    let path = &stage.configuration.path;
    whole.add_part(xml, file_name(path), "configuration", Some(path.clone()));
    let place = match object.kept {
        Kept::OnDisk => "for the chip",
        Kept::InMemory => "in memory only",
    };
    whole.add_part(obk, file_name(&object.path), place, Some(object.path.clone()));
    let inside = inside(project, object);
    for (key, index) in stage.keys().into_iter().zip([0, 1]) {
        whole.add(PartId::Key(key.role), obk, key_link(key, index, &inside, object));
    }
    whole.add(xml, obk, against_disk(project, object));
}

/// The fingerprints of the authentication and the encryption key inside an object, or why they can't be had.
type Inside = Result<[formats::Fingerprint; 2], Seen>;

fn inside(project: &Project, object: &PlannedObject<'_>) -> Inside {
    let obk = present(project, object)?;
    let (authentication, encryption) = keys_inside(object.role, &obk)
        .map_err(|problem| Seen::stale(format!("{} can't be read: {problem}", file_name(&object.path))))?;
    Ok([authentication.fingerprint(), encryption.public().fingerprint()])
}

/// The object as the chip would get it: from the disk, or where it is kept in memory only, built.
pub(super) fn present(project: &Project, object: &PlannedObject<'_>) -> Result<ObkFile, Seen> {
    let name = file_name(&object.path);
    if object.kept == Kept::InMemory {
        return object.build(project).map_err(|problem| match problem {
            ProjectError::Locked { role, .. } => Seen::unknown(format!(
                "the {role} key must be opened with its passphrase: {name} is made of it, in memory"
            )),
            other => Seen::broken(other.to_string(), None),
        });
    }
    let file = fs::read(&object.path)
        .map(Secret::new)
        .map_err(|_| Seen::stale(format!("{name} isn't there yet; it is built from its configuration")))?;
    ObkFile::decode(&file).map_err(|problem| Seen::stale(format!("{name} is damaged: {problem}")))
}

fn key_link(key: &KeyInUse, index: usize, inside: &Inside, object: &PlannedObject<'_>) -> Seen {
    let name = file_name(&object.path);
    match inside {
        Ok(inside) => match inside.get(index) {
            Some(found) if *found == key.fingerprint => {
                Seen::holds(format!("{name} holds {}", key.fingerprint.short()))
            }
            Some(found) => Seen::stale(format!(
                "{name} holds {}, the {} key is {}",
                found.short(),
                key.role,
                key.fingerprint.short()
            )),
            None => Seen::unknown("it holds no such key"),
        },
        Err(seen) => seen.clone(),
    }
}

/// The object on the disk against what its xml makes now.
pub(super) fn against_disk(project: &Project, object: &PlannedObject<'_>) -> Seen {
    let name = file_name(&object.path);
    let wanted = match object.build(project) {
        Ok(wanted) => wanted,
        Err(ProjectError::Locked { role, .. }) => {
            return Seen::unknown(format!(
                "the {role} key must be opened with its passphrase before {name} can be compared"
            ));
        }
        Err(problem) => return Seen::broken(problem.to_string(), None),
    };
    match present(project, object) {
        Ok(found) if found == wanted => Seen::holds(match object.kept {
            Kept::OnDisk => format!("{name} is what its configuration says, byte for byte"),
            Kept::InMemory => format!("{name} is made in memory: the key's file is protected"),
        }),
        Ok(found) => {
            let others: Vec<_> =
                formats::obk_fields::differences(&found, &wanted).into_iter().map(|other| other.field).collect();
            let which = listed(&others);
            Seen::stale(format!("{name} was made from another configuration: {which}"))
        }
        Err(seen) => seen,
    }
}

/// The first names of a list.
fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 3;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}
