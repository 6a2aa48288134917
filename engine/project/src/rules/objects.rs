//! Rules about the objects for the option-byte keys: destination, encryption, hash, place, and that they say what their
//! xml says.

use chip::Destination;
use chip::obk::{FIRST_READABLE_INDEX, INDEX_SIZE, STATUS_INDEX};
use chip::option_bytes::DebugAuthentication;
use formats::{Encryption, FormatError, ObkFile, PrivateKey, PublicKey, SramEcc, StirotConfig};

use super::from_error;
use crate::error::ProjectError;
use crate::finding::{Finding, NewValue, Severity};
use crate::flow::Flow;
use crate::grouped::grouped;
use crate::outputs::{ObjectRole, planned_objects};
use crate::project::Project;
use crate::settings::TargetState;
use crate::sources::Configuration;
use crate::stage::StirotStage;
use crate::stirot::StirotConfiguration;

/// R20, R21.
pub(super) fn findings(project: &Project, target: TargetState) -> Vec<Finding> {
    let planned = match planned_objects(project, target) {
        Ok(planned) => planned,
        Err(problem) => {
            let file = project.first_file();
            return vec![from_error("R20", &file, Some(crate::stirot::field::OUTPUT), &problem)];
        }
    };
    let mut found = Vec::new();
    let mut placed: Vec<(String, Destination, usize)> = Vec::new();
    for object in &planned {
        let name = object.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (before, file) = (found.len(), object.xml.map(|xml| xml.path.as_path()).unwrap_or(&object.path));
        if let Some(xml) = object.xml {
            found.extend(head(project, xml, object.role));
            if found.len() > before {
                continue;
            }
        }
        let obk = match object.build(project) {
            Ok(obk) => obk,
            // Without the passphrase nothing can be said, and nothing is built either.
            Err(ProjectError::Locked { .. }) => continue,
            Err(problem) => {
                found.push(from_error("R20", file, None, &problem));
                continue;
            }
        };
        if let (ObjectRole::StirotConfig, Some(stirot)) = (object.role, &project.stirot) {
            found.extend(reads_as_meant(stirot, &obk, file));
        }
        found.extend(place(&name, &obk, &placed).map(|text| {
            Finding::error(
                "R20",
                file,
                Some("ObDestAddress"),
                text,
                "give every object the place that ST's files give it",
            )
        }));
        placed.push((name, obk.destination, obk.body.len()));
    }
    found
}

/// Where ST's files put an object, and where its method of debug authentication puts that one.
fn expected(project: &Project, role: ObjectRole) -> Destination {
    match role {
        ObjectRole::DebugAuthentication => match project.settings.debug_authentication.method() {
            DebugAuthentication::Password => Destination::DA_PASSWORD,
            _ => Destination::DA_CERTIFICATE,
        },
        ObjectRole::OemConfig if project.flow() == Flow::StirotOemurot => Destination::OEMUROT_CONFIG,
        ObjectRole::OemData => Destination::OEMUROT_DATA,
        ObjectRole::StirotData => Destination::STIROT_DATA,
        ObjectRole::StirotConfig | ObjectRole::OemConfig => Destination::STIROT_CONFIG,
    }
}

/// R20, R21: destination, encryption and hash of an object.
fn head(project: &Project, file: &Configuration, role: ObjectRole) -> Vec<Finding> {
    let expected = expected(project, role);
    let mut found = Vec::new();
    let (document, path) = (&file.document, &file.path);
    if document.info.destination != Some(expected) {
        let text = match document.info.destination {
            Some(destination) => {
                format!("the object is for {}, it belongs at {}", grouped(destination.0), grouped(expected.0))
            }
            None => "it is missing, so that there would be no object".into(),
        };
        let help = format!("let it be {}", grouped(expected.0));
        let finding = Finding::error("R20", path, Some("ObDestAddress"), text, help);
        found.push(match document.info.destination {
            Some(_) => finding.mended_to(format!("Set {}", grouped(expected.0)), NewValue::Number(expected.0.into())),
            None => finding,
        });
    }
    if document.info.encryption != Some(Encryption::Encrypted) {
        let text = "the chip would be asked to store the object in the clear";
        let finding = Finding::error("R21", path, Some("DoEncryption"), text, "write 1");
        // An own root of trust is also tried out in OPEN, where the chip can't encrypt.
        let severity = if project.flow() == Flow::Oemirot { Severity::Warning } else { Severity::Error };
        let finding = Finding { severity, ..finding };
        found.push(match document.info.encryption {
            Some(_) => finding.mended_to("Set 1", NewValue::Number(1)),
            None => finding,
        });
    }
    if !document.hashed {
        let text = "the object would have no hash";
        found.push(Finding::error("R20", path, Some("Hash"), text, "add the element <Hash></Hash>"));
    }
    if role == ObjectRole::DebugAuthentication && !document.debug_authentication {
        let text = "keys and passwords would go into the object as they are, not as their hashes";
        found.push(Finding::error("R20", path, Some("DA"), text, "add the element <DA></DA>"));
    }
    found
}

/// R20: why an object can't lie where it is to go.
fn place(name: &str, obk: &ObkFile, placed: &[(String, Destination, usize)]) -> Option<String> {
    let indexes = |destination: Destination, length: usize| {
        let first = usize::from(destination.index());
        (destination.hdpl(), first..first.saturating_add(length.div_ceil(INDEX_SIZE)))
    };
    let (level, range) = indexes(obk.destination, obk.body.len());
    if range.start < usize::from(FIRST_READABLE_INDEX) || range.end > usize::from(STATUS_INDEX) {
        return Some(format!(
            "{name} takes the indexes {} to {}; objects may use {FIRST_READABLE_INDEX} to {}",
            range.start,
            range.end.saturating_sub(1),
            STATUS_INDEX - 1
        ));
    }
    placed.iter().find_map(|(other, destination, length)| {
        let (of_other, taken) = indexes(*destination, *length);
        let share = of_other == level && taken.start < range.end && range.start < taken.end;
        share.then(|| format!("{name} and {other} share indexes of HDPL {level}"))
    })
}

/// R20: STiRoT reads out of the object what the fields' names say.
fn reads_as_meant(stirot: &StirotStage, obk: &ObkFile, file: &std::path::Path) -> Option<Finding> {
    let text = match means_the_same(stirot, obk) {
        Ok(true) => return None,
        Ok(false) => "fields stand in another order than STiRoT reads them".into(),
        Err(problem) => format!("STiRoT could not read the object: {problem}"),
    };
    let help = "let the fields stand in the order and with the widths that the sample shows";
    Some(Finding::error("R20", file, None, text, help))
}

fn means_the_same(stirot: &StirotStage, obk: &ObkFile) -> Result<bool, FormatError> {
    let payload = obk.hashed_payload()?;
    let read = StirotConfig::decode(payload).map_err(|source| FormatError::Layout { what: "the object", source })?;
    let means = StirotConfiguration {
        clock: read.clock,
        sram_ecc: read.sram_ecc == SramEcc::On,
        firmware_address: read.firmware_address,
        firmware_size: read.firmware_size,
        minimum_state: read.minimum_state,
        installation_address: read.installation_address,
        download_address: read.download_address,
        loader_offset: read.loader_offset,
        loader_size: read.loader_size,
        mce: read.mce,
        authentication_key: PublicKey::from_stored(read.authentication_key)?.fingerprint(),
        encryption_key: PrivateKey::from_stored(read.decryption_key)?.public().fingerprint(),
    };
    Ok(means == stirot.meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_that_share_an_index_or_reach_the_status_index_are_found() {
        let data = ObkFile::stirot_data();
        let placed = [("A".to_owned(), Destination(0x0000_010F), 64)];
        assert_eq!(place("B", &data, &placed).unwrap(), "B and A share indexes of HDPL 1");
        assert_eq!(place("B", &data, &[("A".to_owned(), Destination(0x0000_020F), 64)]), None);
        let at = |index: u32| ObkFile { destination: Destination(0x100 + index), ..data.clone() };
        assert!(place("B", &at(26), &[]).unwrap().contains("26 to 31"));
        assert!(place("B", &at(4), &[]).unwrap().contains("4 to 9"));
        assert_eq!(place("B", &at(25), &[]), None);
    }
}
