//! Everything that can be judged about a project without a board. A rule never changes anything.
//!
//! Rules R1 to R23 are numbered as the documentation lists them (`formats.md` §6), those of the studio P1 and on.

use std::path::{Path, PathBuf};

use chip::Destination;
use chip::option_bytes::DebugAuthentication;
use formats::{Encryption, FormatError, ObkFile, PrivateKey, PublicKey, SramEcc, StirotConfig, is_sample};

use crate::error::ProjectError;
use crate::finding::{Finding, Severity};
use crate::geometry_rules;
use crate::image;
use crate::keys::{self, KeyInUse, KeyRole};
use crate::outputs::{debug_authentication_object, object_paths};
use crate::project::Project;
use crate::settings::{LoaderSetting, SETTINGS_FILE, TargetState};
use crate::source_files::Configuration;
use crate::stirot::{StirotConfiguration, field};

/// All findings, errors and warnings, in the order of the files.
pub(crate) fn findings(project: &Project, target: TargetState) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(path) = project.changed_file() {
        let text = "it was changed since the project was opened; what follows is about the file as it was";
        found.push(error("P4", path, None, text, "open the project again"));
    }
    found.extend(settings(project));
    found.extend(geometry_rules::violations(&project.stirot).into_iter().map(|violation| Finding {
        id: violation.rule,
        severity: violation.severity,
        text: violation.text,
        help: violation.help,
        file: project.configuration.path.clone(),
        field: Some(violation.field.to_owned()),
    }));
    found.extend(minimum_state(project, target));
    found.extend(roles(project));
    found.extend(public_files(project));
    found.extend(configuration_object(project));
    found.extend(debug_authentication(project, target));
    found.extend(image::rules::findings(project));
    found.extend(places(project, target));
    found.extend(samples(project));
    found
}

/// A finding that holds everything up.
pub(crate) fn error(
    id: &'static str,
    file: &Path,
    field: Option<&str>,
    text: impl Into<String>,
    help: impl Into<String>,
) -> Finding {
    Finding {
        id,
        severity: Severity::Error,
        text: text.into(),
        help: help.into(),
        file: file.to_owned(),
        field: field.map(str::to_owned),
    }
}

/// What stopped a check from being made, as a finding.
pub(crate) fn from_error(id: &'static str, file: &Path, field: Option<&str>, problem: &ProjectError) -> Finding {
    error(id, file, field, problem.to_string(), problem.help())
}

/// P3: a loader of the user's own is there.
fn settings(project: &Project) -> Option<Finding> {
    let LoaderSetting::File(path) = &project.settings.loader else { return None };
    let help = "name an existing file, or “builtin”";
    (!path.is_file()).then(|| {
        error(
            "P3",
            &project.folder.join(SETTINGS_FILE),
            Some("loader"),
            format!("there is no {}", path.display()),
            help,
        )
    })
}

/// R19.
fn minimum_state(project: &Project, target: TargetState) -> Option<Finding> {
    let (minimum, target) = (project.stirot.minimum_state, target.product_state());
    (target.rank() < minimum.rank()).then(|| {
        let text = format!(
            "STiROT shall start images in {minimum} only, and the board is to end in {target}: nothing would run"
        );
        let help = format!("set it to {target}, or choose {minimum} as the final state");
        error("R19", &project.configuration.path, Some(field::MINIMUM_STATE), text, help)
    })
}

/// R7: every key has one role, and it is its own.
fn roles(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    let file = &project.configuration.path;
    let keys: Vec<&KeyInUse> = project.keys().collect();
    for (index, one) in keys.iter().enumerate() {
        for other in keys.iter().skip(index + 1).filter(|other| other.fingerprint == one.fingerprint) {
            let text = format!(
                "the {} key and the {} key are the same one, {}",
                one.role,
                other.role,
                one.fingerprint.short()
            );
            let help = "make a key of its own for each role: a key that is lost or given away then loses one role only";
            found.push(error("R7", file, Some(field_of(other.role)), text, help));
        }
    }
    for key in &keys {
        if let Some(published) = is_sample(&key.fingerprint).and_then(role_in_name)
            && published != key.role
        {
            let text =
                format!("{} was published as {published} key and stands as {} key here", key.path.display(), key.role);
            found.push(error("R7", file, Some(field_of(key.role)), text, "exchange the two keys' paths"));
        }
    }
    let named = |key: &KeyInUse| key.path.file_name().and_then(|name| role_in_name(&name.to_string_lossy()));
    let (authentication, encryption) = (&project.authentication, &project.encryption);
    if named(authentication) == Some(KeyRole::Encryption)
        && named(encryption) == Some(KeyRole::Authentication)
        && found.is_empty()
    {
        let text = format!(
            "{} signs and {} decrypts: by their names, authentication and encryption key are swapped",
            authentication.path.display(),
            encryption.path.display()
        );
        let help = "exchange the two paths, or rename the files if their names are what is wrong";
        found.push(error("R7", file, Some(field::AUTHENTICATION_KEY), text, help));
    }
    found
}

fn field_of(role: KeyRole) -> &'static str {
    match role {
        KeyRole::Authentication => field::AUTHENTICATION_KEY,
        KeyRole::Encryption => field::ENCRYPTION_KEY,
        KeyRole::DebugRoot => field::ROOT_KEY,
    }
}

/// The role that a name speaks of, when it speaks of one. A debug root is authentication too, so that its own word
/// comes first.
fn role_in_name(name: &str) -> Option<KeyRole> {
    let name = name.to_ascii_lowercase();
    if name.contains("debug") && !name.contains("root") {
        return None;
    }
    let roles = [
        ("root", KeyRole::DebugRoot),
        ("authentication", KeyRole::Authentication),
        ("encryption", KeyRole::Encryption),
    ];
    roles.into_iter().find(|(word, _)| name.contains(word)).map(|(_, role)| role)
}

/// R7: the public file beside a private key is its other half. ST's tool encrypts with that file.
fn public_files(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    for key in project.keys() {
        let Some(path) = keys::public_neighbour(&key.path) else { continue };
        match keys::read_public(key.role, &path) {
            Ok(public) if public.fingerprint() == key.fingerprint => {}
            Ok(public) => {
                let text = format!(
                    "it is the public half of {}, not of {} beside it, which is {}",
                    public.fingerprint().short(),
                    key.path.display(),
                    key.fingerprint.short()
                );
                let help =
                    "derive it again (`openssl pkey -in KEY.pem -pubout -out KEY_pub.pem`), or put the right key there";
                found.push(error("R7", &path, None, text, help));
            }
            Err(problem) => found.push(from_error("R7", &path, None, &problem)),
        }
    }
    found
}

/// R20, R21: the configuration becomes an object that STiROT reads as it is meant.
fn configuration_object(project: &Project) -> Vec<Finding> {
    let file = &project.configuration;
    let mut found = head(file, Destination::STIROT_CONFIG);
    if !found.is_empty() {
        return found;
    }
    let obk = match file.build() {
        Ok(obk) => obk,
        Err(problem) => return vec![from_error("R20", &file.path, None, &problem)],
    };
    let help = "let the fields stand in the order and with the widths that the sample shows";
    match means_the_same(project, &obk) {
        Err(problem) => {
            found.push(error("R20", &file.path, None, format!("STiROT could not read the object: {problem}"), help));
        }
        Ok(false) => {
            let text = "fields stand in another order than STiROT reads them";
            found.push(error("R20", &file.path, None, text, help));
        }
        Ok(true) => {}
    }
    found
}

/// Whether STiROT reads out of the object what the fields' names say.
fn means_the_same(project: &Project, obk: &ObkFile) -> Result<bool, FormatError> {
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
    Ok(means == project.stirot)
}

/// R20, R21: destination, encryption and hash of an object.
fn head(file: &Configuration, expected: Destination) -> Vec<Finding> {
    let mut found = Vec::new();
    let (document, path) = (&file.document, &file.path);
    if document.info.destination != Some(expected) {
        let text = match document.info.destination {
            Some(destination) => {
                format!("the object is for {:#010x}, it belongs at {:#010x}", destination.0, expected.0)
            }
            None => "it is missing, so that there would be no object".into(),
        };
        found.push(error("R20", path, Some("ObDestAddress"), text, format!("write {:#010x}", expected.0)));
    }
    if document.info.encryption != Some(Encryption::Encrypted) {
        let text = "the chip would be asked to store the object in the clear";
        found.push(error("R21", path, Some("DoEncryption"), text, "write 1"));
    }
    if !document.hashed {
        found.push(error("R20", path, Some("Hash"), "the object would have no hash", "add the element <Hash></Hash>"));
    }
    found
}

/// R20, R21 for the way back.
fn debug_authentication(project: &Project, target: TargetState) -> Vec<Finding> {
    let Some(file) = &project.debug_authentication else { return Vec::new() };
    if target == TargetState::Locked {
        return Vec::new();
    }
    let expected = match project.settings.debug_authentication.method() {
        DebugAuthentication::Password => Destination::DA_PASSWORD,
        _ => Destination::DA_CERTIFICATE,
    };
    let mut found = head(file, expected);
    if !file.document.debug_authentication {
        let text = "keys and passwords would go into the object as they are, not as their hashes";
        found.push(error("R20", &file.path, Some("DA"), text, "add the element <DA></DA>"));
    }
    if let Err(problem) = debug_authentication_object(project, target) {
        found.push(from_error("R20", &file.path, None, &problem));
    }
    found
}

/// P1: no output takes the place of another or of an input.
fn places(project: &Project, target: TargetState) -> Vec<Finding> {
    let mut found = Vec::new();
    let objects = match object_paths(project, target) {
        Ok(paths) => paths,
        Err(problem) => return vec![from_error("P1", &project.configuration.path, Some(field::OUTPUT), &problem)],
    };
    let image = &project.image;
    let outputs: [(&Path, &PathBuf); 4] = [
        (&project.configuration.path, &objects.configuration),
        (&project.configuration.path, &objects.data),
        (&image.path, &image.output),
        (
            project.debug_authentication.as_ref().map_or(project.folder.as_path(), |file| &file.path),
            &objects.debug_authentication,
        ),
    ];
    let mut taken: Vec<&Path> = vec![&project.configuration.path, &image.path, &image.input];
    taken.extend(project.keys().map(|key| key.path.as_path()));
    taken.extend(project.debug_authentication.as_ref().map(|file| file.path.as_path()));
    for (file, output) in outputs {
        if taken.contains(&output.as_path()) {
            let text = format!("the output {} would overwrite another file of the project", output.display());
            found.push(error("P1", file, Some(field::OUTPUT), text, "give every output a name of its own"));
        }
        taken.push(output);
    }
    found
}

/// R22.
fn samples(project: &Project) -> Vec<Finding> {
    let sample = |key: crate::keys::SampleKey| Finding {
        id: "R22",
        severity: Severity::Warning,
        text: format!("the {} key is {}, which everybody has", key.role, key.name),
        help: "for a product, make keys of your own and keep them".into(),
        file: project.configuration.path.clone(),
        field: Some(field_of(key.role).to_owned()),
    };
    project.sample_keys().into_iter().map(sample).collect()
}
