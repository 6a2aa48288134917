//! The debug-authentication object against its key or password, and against the credentials that lie beside it.

use std::fs;
use std::path::PathBuf;

use formats::certificate::CertificateChain;
use formats::da::{Password, read_certificate_object};
use formats::{Fingerprint, ObkFile, Outcome, Secret};

use super::stage::{against_disk, present};
use super::{Belonging, PartId, Seen, file_name};
use crate::error::ProjectError;
use crate::keys::KeyRole;
use crate::outputs::{ObjectRole, PlannedObject, planned_objects};
use crate::project::Project;
use crate::settings::{Credential, TargetState};

/// Where ST's package keeps the chain that answers for a board, and the key that goes with it.
const CHAIN_FILE: &str = "DA/Certificates/cert_leaf_chain.b64";
const LEAF_KEY_FILE: &str = "DA/Keys/key_3_leaf.pem";
/// Where ST's package keeps the password file.
const PASSWORD_BINARY: &str = "DA/Binary/password.bin";

pub(super) fn add(whole: &mut Belonging, project: &Project, target: TargetState) {
    let Ok(planned) = planned_objects(project, target) else { return };
    let Some(object) = planned.iter().find(|object| object.role == ObjectRole::DebugAuthentication) else { return };
    let obk = PartId::Object(ObjectRole::DebugAuthentication);
    whole.add_part(obk, file_name(&object.path), "the way back", Some(object.path.clone()));
    match (target, project.settings.debug_authentication) {
        (TargetState::Locked, _) => {}
        (TargetState::Closed, Credential::Certificate) => {
            let name = file_name(&object.path);
            let inside = present(project, object).and_then(|obk| {
                read_certificate_object(&obk).map_err(|problem| Seen::stale(format!("{name} can't be read: {problem}")))
            });
            root(whole, project, &inside, &name);
            configuration(whole, project, object);
            certificate(whole, project, &inside, &name);
        }
        (TargetState::Closed, Credential::Password) => {
            configuration(whole, project, object);
            password(whole, project, present(project, object));
        }
    }
}

fn configuration(whole: &mut Belonging, project: &Project, object: &PlannedObject<'_>) {
    let Some(file) = object.xml else { return };
    let xml = PartId::Configuration(ObjectRole::DebugAuthentication);
    whole.add_part(xml, file_name(&file.path), "configuration", Some(file.path.clone()));
    whole.add(xml, PartId::Object(ObjectRole::DebugAuthentication), against_disk(project, object));
}

/// The root key's fingerprint and the permissions inside the object, or why they can't be had.
type Inside = Result<(Fingerprint, u128), Seen>;

fn root(whole: &mut Belonging, project: &Project, inside: &Inside, name: &str) {
    if let Some(root) = &project.root {
        let id = PartId::Key(root.role);
        whole.add_part(id, file_name(&root.path), root.fingerprint.short(), Some(root.path.clone()));
        whole.mark(&root.fingerprint);
        let seen = match inside {
            Ok((fingerprint, _)) if *fingerprint == root.fingerprint => {
                Seen::holds(format!("{name} trusts {}", root.fingerprint.short()))
            }
            Ok((fingerprint, _)) => Seen::stale(format!(
                "{name} trusts {}, the root key is {}",
                fingerprint.short(),
                root.fingerprint.short()
            )),
            Err(seen) => seen.clone(),
        };
        whole.add(id, PartId::Object(ObjectRole::DebugAuthentication), seen);
    }
}

fn certificate(whole: &mut Belonging, project: &Project, inside: &Inside, name: &str) {
    let path = project.folder.join(CHAIN_FILE);
    let chain = match fs::read(&path) {
        Ok(text) => CertificateChain::decode(&text)
            .map_err(|problem| Seen::broken(format!("{} can't be read: {problem}", file_name(&path)), None)),
        Err(_) => Err(Seen::unknown(format!("there is no {CHAIN_FILE}: nothing here can answer for the board yet"))),
    };
    let detail = match &chain {
        Ok(chain) => format!("{} certificates", chain.certificates.len()),
        Err(_) => "none".into(),
    };
    whole.add_part(PartId::Certificate, file_name(&path), detail, chain.is_ok().then(|| path.clone()));
    if let Ok(Some(root)) = chain.as_ref().map(|chain| chain.verify().root) {
        whole.mark(&root);
    }
    let seen = match (inside, &chain) {
        (Ok((root, permissions)), Ok(chain)) => {
            let report = chain.verify();
            let fails = report.certificates.iter().flat_map(|certificate| &certificate.checks).find_map(|check| {
                match &check.outcome {
                    Outcome::Fails(why) => Some(format!("{}: {why}", check.name.text())),
                    _ => None,
                }
            });
            match (fails, report.root) {
                (Some(why), _) => Seen::broken(format!("the chain doesn't verify: {why}"), None),
                (None, Some(of)) if of == *root => Seen::holds(format!(
                    "the chain leads to the root that {name} trusts; together they allow {}",
                    formats::certificate::permissions_text(report.permissions & permissions)
                )),
                (None, Some(of)) => Seen::broken(
                    format!(
                        "the chain leads to {}, {name} trusts {}: the board would refuse it",
                        of.short(),
                        root.short()
                    ),
                    None,
                ),
                (None, None) => Seen::broken("the chain doesn't begin with a root certificate", None),
            }
        }
        (_, Err(seen)) | (Err(seen), _) => seen.clone(),
    };
    whole.add(PartId::Object(ObjectRole::DebugAuthentication), PartId::Certificate, seen);
    if let Ok(chain) = &chain {
        leaf(whole, project, chain);
    }
}

/// The key that answers the board's challenge is the leaf's.
fn leaf(whole: &mut Belonging, project: &Project, chain: &CertificateChain) {
    let path: PathBuf = project.folder.join(LEAF_KEY_FILE);
    let key = project.sources.public_key(KeyRole::DebugRoot, &path);
    let fingerprint = key.as_ref().ok().map(formats::PublicKey::fingerprint);
    let Some(of_chain) = chain.verify().leaf else { return };
    let (detail, seen) = match key {
        Ok(key) if key.fingerprint() == of_chain => {
            (of_chain.short(), Seen::holds("the leaf certificate is this key's"))
        }
        Ok(key) => (
            key.fingerprint().short(),
            Seen::broken(format!("the leaf certificate is for {}, the key is another", of_chain.short()), None),
        ),
        Err(ProjectError::KeyMissing { .. }) => {
            ("none".into(), Seen::unknown(format!("{LEAF_KEY_FILE} isn't there; the leaf's key may lie elsewhere")))
        }
        Err(ProjectError::Locked { .. }) => (
            "locked".into(),
            Seen::unknown(format!(
                "{LEAF_KEY_FILE} must be opened with its passphrase before it can be compared: no public half lies beside it"
            )),
        ),
        Err(ProjectError::Key { source, .. }) => {
            ("damaged".into(), Seen::broken(format!("{LEAF_KEY_FILE} can't be used: {source}"), None))
        }
        Err(problem) => ("unreadable".into(), Seen::broken(format!("{problem}; {}", problem.help()), None)),
    };
    whole.add_part(PartId::LeafKey, file_name(&path), detail, Some(path));
    if let Some(fingerprint) = fingerprint {
        whole.mark(&fingerprint);
    }
    whole.add(PartId::Certificate, PartId::LeafKey, seen);
}

fn password(whole: &mut Belonging, project: &Project, found: Result<ObkFile, Seen>) {
    let path = project.folder.join(PASSWORD_BINARY);
    let file = fs::read(&path).map(Secret::new);
    let detail = if file.is_ok() { "for a regression" } else { "none" };
    whole.add_part(PartId::PasswordFile, file_name(&path), detail, Some(path.clone()));
    let seen = match (found, file) {
        (Err(seen), _) => seen,
        (_, Err(_)) => {
            Seen::unknown(format!("there is no {PASSWORD_BINARY}: nothing here can answer for the board yet"))
        }
        (Ok(obk), Ok(file)) => match Password::from_file(&file) {
            Ok(password) if password.opens(&obk) => Seen::holds("the password file opens the object"),
            Ok(_) => Seen::broken("the password file holds another password than the object", None),
            Err(problem) => Seen::broken(format!("{} can't be read: {problem}", file_name(&path)), None),
        },
    };
    whole.add(PartId::Object(ObjectRole::DebugAuthentication), PartId::PasswordFile, seen);
}
