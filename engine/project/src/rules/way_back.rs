//! Rules about the way back from CLOSED: what answers for a board fits the object that the board is given, and what both
//! permit leads back to OPEN. Whether a board agrees, only the board can tell.

use std::path::Path;

use formats::certificate::{CertificateChain, Target};
use formats::permissions::Confidence;
use formats::{Permission, Permissions};

use super::from_error;
use crate::certificates::CERTIFICATES;
use crate::credentials::{CHAIN_FILE, renewal};
use crate::error::ProjectError;
use crate::finding::{Finding, NewValue};
use crate::keys::KeyRole;
use crate::project::Project;
use crate::settings::{Credential, TargetState};

/// The field with the mask of the object.
const MASK: &str = "Permission";

/// P7, P8. A password always opens the object that is built from it, for a full regression; LOCKED has no way back.
pub(super) fn findings(project: &Project, target: TargetState) -> Vec<Finding> {
    if target == TargetState::Locked || project.settings.debug_authentication == Credential::Password {
        return Vec::new();
    }
    // An object that can't be made, or not rightly, is told by other rules.
    if !project.debug_authentication.as_ref().is_some_and(|file| file.document.debug_authentication) {
        return Vec::new();
    }
    let Ok(object) = project.debug_object().as_ref().map(Target::of_object) else { return Vec::new() };
    let Ok(object) = object else { return Vec::new() };
    match project.chain() {
        Ok((chain, path)) => match answers(project, &chain, &path, &object) {
            Some(finding) => vec![finding],
            None => permits(project, &chain, &path, object.object.unwrap_or_default()),
        },
        Err(problem @ ProjectError::ChainMissing { .. }) => {
            let finding = from_error("P7", &project.folder.join(CHAIN_FILE), None, &problem);
            vec![renewed(project, Finding { severity: crate::finding::Severity::Warning, ..finding })]
        }
        Err(problem) => {
            vec![renewed(project, from_error("P7", &project.folder.join(CHAIN_FILE), None, &problem))]
        }
    }
}

/// The finding mended by another chain, where the project's keys can make one.
fn renewed(project: &Project, finding: Finding) -> Finding {
    match renewal(project) {
        Some(remedy) => finding.mended_by(remedy),
        None => finding,
    }
}

/// P7.
fn answers(project: &Project, chain: &CertificateChain, path: &Path, object: &Target) -> Option<Finding> {
    let help =
        format!("make the certificates in {CERTIFICATES} anew, or take the chain and the keys that belong together");
    let error = |text: String| Some(renewed(project, Finding::error("P7", path, None, text, &*help)));
    let report = chain.verify_for(object);
    if let Some(problem) = report.problems().next() {
        return error(format!("a board would refuse the chain: {problem}"));
    }
    if let Some(number) = chain.for_one_life_cycle() {
        return error(format!(
            "certificate {number} is for one life cycle only: what a board accepts in PROVISIONING it would refuse in CLOSED"
        ));
    }
    if report.root.is_none() {
        return error("the chain doesn't begin with a root certificate".into());
    }
    let Some(answering) = report.answering else {
        return error("the chain doesn't end with a leaf: nothing could answer a board's challenge".into());
    };
    let file = project.leaf_key_file(Some(answering));
    match project.sources.public_key(KeyRole::DebugLeaf, &file) {
        Ok(key) if key.fingerprint() == answering => None,
        Ok(key) => error(format!(
            "its leaf is {}, the key in {} is {}: it could not answer a board's challenge",
            answering.short(),
            file.display(),
            key.fingerprint().short()
        )),
        // Without the passphrase nothing can be said.
        Err(ProjectError::Locked { .. }) => None,
        Err(problem @ ProjectError::KeyMissing { .. }) => {
            let text = format!("{problem}: nothing here could answer a board's challenge");
            let help = "put the leaf's private key there before a board is closed, or make a new leaf";
            Some(renewed(project, Finding::warning("P7", &file, None, text, help)))
        }
        Err(problem) => Some(renewed(project, from_error("P7", &file, None, &problem))),
    }
}

/// P8.
fn permits(project: &Project, chain: &CertificateChain, path: &Path, object: Permissions) -> Vec<Finding> {
    let certified = chain.verify().permissions;
    let together = object & certified;
    let regression = Permission::FULL_REGRESSION.mask();
    let mut found = Vec::new();
    if !together.covers(regression) {
        let text = "object and chain together permit no full regression: nothing would lead back from CLOSED";
        found.extend(wider(project, path, (object, certified), regression, |file, field, help| {
            Finding::error("P8", file, field, text, help)
        }));
    }
    if (together & Permissions::DEBUG).is_empty() {
        let text = "object and chain together permit no debug opening, by which alone a board proves certificates \
                    without being wiped: no plan to CLOSED is made of them";
        found.extend(wider(project, path, (object, certified), Permissions::DEBUG, |file, field, help| {
            Finding::warning("P8", file, field, text, help)
        }));
    }
    let known = |permissions: Permissions| {
        let known = permissions.iter().filter(|permission| permission.confidence == Confidence::Documented);
        known.fold(Permissions::NONE, |known, permission| known.with(permission.mask()))
    };
    let withheld = known(object.without(certified));
    if found.is_empty() && !withheld.is_empty() {
        let text = format!("the object permits {withheld}, and the chain doesn't: with this chain it can't be had");
        let help = "leave it when the chain is meant to permit less; otherwise make the certificates anew";
        found.push(renewed(project, Finding::warning("P8", path, None, text, help)));
    }
    found
}

/// What is missing, where it is to be added: in the object, in the chain, or in both.
fn wider(
    project: &Project,
    chain: &Path,
    (object, certified): (Permissions, Permissions),
    wanted: Permissions,
    finding: impl Fn(&Path, Option<&str>, &str) -> Finding,
) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(file) = project.debug_authentication.as_ref().filter(|_| (object & wanted).is_empty()) {
        let help = format!("let the object permit {wanted}");
        let mask = NewValue::Text(object.with(wanted).hex());
        found.push(finding(&file.path, Some(MASK), &help).mended_to(format!("Permit {wanted}"), mask));
    }
    if (certified & wanted).is_empty() {
        let help = format!("make the certificates in {CERTIFICATES} anew, so that they permit {wanted}");
        found.push(renewed(project, finding(chain, None, &help)));
    }
    if found.is_empty() {
        let help = "let object and chain permit the same level";
        found.push(renewed(project, finding(chain, None, help)));
    }
    found
}
