//! The debug-authentication object against its key or password, and against the credentials that lie beside it.

use std::fs;

use formats::certificate::CertificateChain;
use formats::da::{Password, read_certificate_object};
use formats::{Fingerprint, ObkFile, Permissions, Secret};

use super::stage::{against_disk, present};
use super::{Belonging, PartId, Seen, file_name};
use crate::credentials::{CHAIN_FILE, LEAF_KEY_FILE, PASSWORD_BINARY, renewal};
use crate::error::ProjectError;
use crate::keys::KeyRole;
use crate::outputs::{ObjectRole, PlannedObject, planned_objects};
use crate::project::Project;
use crate::settings::{Credential, TargetState};

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
type Inside = Result<(Fingerprint, Permissions), Seen>;

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
    let chain = match project.chain() {
        Ok((chain, _)) => Ok(chain),
        Err(ProjectError::ChainMissing { .. }) => Err(Seen {
            remedy: renewal(project),
            ..Seen::unknown(format!("there is no {CHAIN_FILE}: nothing here can answer for the board yet"))
        }),
        Err(ProjectError::Chain { source, .. }) => {
            Err(Seen::broken(format!("{} can't be read: {source}", file_name(&path)), renewal(project)))
        }
        Err(problem) => Err(Seen::broken(problem.to_string(), None)),
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
        (Ok(object), Ok(chain)) => against_object(chain, *object, name, project),
        (_, Err(seen)) | (Err(seen), _) => seen.clone(),
    };
    whole.add(PartId::Object(ObjectRole::DebugAuthentication), PartId::Certificate, seen);
    if let Ok(chain) = &chain {
        leaf(whole, project, chain);
    }
}

/// Whether a board that stores the object would take the chain.
fn against_object(
    chain: &CertificateChain,
    (root, permissions): (Fingerprint, Permissions),
    name: &str,
    project: &Project,
) -> Seen {
    let report = chain.verify();
    match (report.problems().next(), report.root) {
        (Some(problem), _) => Seen::broken(format!("the chain doesn't verify: {problem}"), renewal(project)),
        (None, None) => Seen::broken("the chain doesn't begin with a root certificate", renewal(project)),
        (None, Some(of)) if of != root => Seen::broken(
            format!("the chain leads to {}, {name} trusts {}: the board would refuse it", of.short(), root.short()),
            renewal(project),
        ),
        (None, Some(_)) if (report.permissions & permissions).is_empty() => Seen::broken(
            format!("the chain leads to the root that {name} trusts; together they allow nothing"),
            renewal(project),
        ),
        (None, Some(_)) => Seen::holds(format!(
            "the chain leads to the root that {name} trusts; together they allow {}",
            report.permissions & permissions
        )),
    }
}

/// The key that answers the board's challenge is the leaf's.
fn leaf(whole: &mut Belonging, project: &Project, chain: &CertificateChain) {
    let Some(of_chain) = chain.verify().answering else { return };
    let path = project.leaf_key_file(Some(of_chain));
    let key = project.sources.public_key(KeyRole::DebugLeaf, &path);
    let fingerprint = key.as_ref().ok().map(formats::PublicKey::fingerprint);
    let (detail, seen) = match key {
        Ok(key) if key.fingerprint() == of_chain => {
            (of_chain.short(), Seen::holds("the leaf certificate is this key's"))
        }
        Ok(key) => (
            key.fingerprint().short(),
            Seen::broken(
                format!("the leaf certificate is for {}, the key is another", of_chain.short()),
                renewal(project),
            ),
        ),
        Err(ProjectError::KeyMissing { .. }) => (
            "none".into(),
            Seen {
                remedy: renewal(project),
                ..Seen::unknown(format!("{LEAF_KEY_FILE} isn't there; the leaf's key may lie elsewhere"))
            },
        ),
        Err(ProjectError::Locked { .. }) => (
            "locked".into(),
            Seen::unknown(format!(
                "{LEAF_KEY_FILE} must be opened with its passphrase before it can be compared: no public half lies beside it"
            )),
        ),
        Err(ProjectError::Key { source, .. }) => {
            ("damaged".into(), Seen::broken(format!("{LEAF_KEY_FILE} can't be used: {source}"), renewal(project)))
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
    let path = project.password_binary();
    let file = fs::read(&path).map(Secret::new);
    let detail = if file.is_ok() { "for a regression" } else { "none" };
    whole.add_part(PartId::PasswordFile, file_name(&path), detail, Some(path.clone()));
    let seen = match (found, file) {
        (Err(seen), _) => seen,
        (_, Err(_)) => {
            Seen::stale(format!("there is no {PASSWORD_BINARY}, with which ST's tools answer for the board"))
        }
        (Ok(obk), Ok(file)) => match Password::from_file(&file) {
            Ok(password) if password.opens(&obk) => Seen::holds("the password file opens the object"),
            Ok(_) => Seen::stale(
                "the password file holds another password than the object; building keeps it beside the right one",
            ),
            Err(problem) => Seen::stale(format!(
                "{} can't be read: {problem}; building keeps it beside the right one",
                file_name(&path)
            )),
        },
    };
    whole.add(PartId::Object(ObjectRole::DebugAuthentication), PartId::PasswordFile, seen);
}
