//! Everything that can be told about a project under edit: findings, which rules hold, what belongs together, the
//! objects as they would be. The window and the commands show the same. Nothing is written.

use std::path::PathBuf;

use formats::{ObkFile, is_sample};

use crate::belonging::{self, Belonging};
use crate::draft::Draft;
use crate::error::ProjectError;
use crate::finding::{Finding, Severity};
use crate::image;
use crate::keys::{KeyInUse, KeyRole, Protection};
use crate::outputs::{Kept, ObjectRole, planned_objects};
use crate::project::Project;
use crate::rules::{self, BoardFacts, RULES, Rule};
use crate::second_stage::known_layout;
use crate::settings::TargetState;
use crate::stage::Stage;

/// What was found out about a project.
#[derive(Debug, Default)]
pub struct Assessment {
    /// What the rules found, errors and warnings, in the order of the files.
    pub findings: Vec<Finding>,
    /// What keeps the objects from being made. Not everything that holds the image up does.
    pub objects_blocked_by: Option<Finding>,
    /// Every rule and how it stands.
    pub rules: Vec<(&'static Rule, Standing)>,
    /// What belongs together.
    pub belonging: Belonging,
    /// The objects as the files make them now.
    pub objects: Vec<ObjectView>,
    /// The keys in use: those that configurations name, and those of the chain below its root.
    pub keys: Vec<KeyView>,
}

/// How a rule stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It holds.
    Holds,
    /// It warns.
    Warns,
    /// It is broken.
    Broken,
    /// It doesn't concern this flow, or what it judges isn't there or can't be understood yet: a board, the application,
    /// a key that is locked, something that another rule found broken.
    NotChecked,
}

/// An object as the files make it now.
#[derive(Debug)]
pub struct ObjectView {
    /// Which.
    pub role: ObjectRole,
    /// Its file.
    pub path: PathBuf,
    /// Whether it lies on the disk.
    pub kept: Kept,
    /// The object, or why it can't be made.
    pub obk: Result<ObkFile, String>,
}

/// A key in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyView {
    /// The key.
    pub key: KeyInUse,
    /// Under which name everybody has it, if everybody does.
    pub sample: Option<&'static str>,
    /// Where it is used, in words.
    pub used_in: Vec<String>,
}

impl Assessment {
    /// Whether nothing holds anything up: no rule is broken and no link is.
    pub fn is_sound(&self) -> bool {
        self.first_error().is_none() && self.belonging.first_broken().is_none()
    }

    /// The first finding that holds everything up.
    pub fn first_error(&self) -> Option<&Finding> {
        first_error(&self.findings)
    }
}

fn first_error(findings: &[Finding]) -> Option<&Finding> {
    findings.iter().find(|finding| finding.severity == Severity::Error)
}

pub(crate) fn assess(draft: &Draft, board: Option<&BoardFacts>) -> Assessment {
    let target = draft.settings().final_state;
    let mut findings: Vec<_> = draft.changed_on_disk().iter().map(|path| rules::changed(path)).collect();
    match draft.project() {
        Ok(project) => {
            findings.extend(rules::findings_of_objects(&project, target));
            let objects_blocked_by = first_error(&findings).cloned();
            findings.extend(rules::findings_besides(&project, target, board));
            Assessment {
                objects_blocked_by,
                rules: standings(&findings, Some(&project), board),
                belonging: belonging::belonging(&project, target, board),
                objects: objects(&project),
                keys: project.keys().chain(&project.chain_keys()).map(|key| key_view(&project, key)).collect(),
                findings,
            }
        }
        Err(problem) => {
            findings.push(rules::from_opening(&problem, draft));
            Assessment {
                objects_blocked_by: first_error(&findings).cloned(),
                rules: standings(&findings, None, board),
                findings,
                ..Assessment::default()
            }
        }
    }
}

fn standings(
    findings: &[Finding],
    project: Option<&Project>,
    board: Option<&BoardFacts>,
) -> Vec<(&'static Rule, Standing)> {
    let standing = |rule: &Rule| {
        let worst = findings.iter().filter(|finding| finding.id == rule.id).map(|finding| finding.severity).max();
        match worst {
            Some(Severity::Error) => Standing::Broken,
            Some(Severity::Warning) => Standing::Warns,
            None if project.is_some_and(|project| was_checked(rule, project, findings, board)) => Standing::Holds,
            None => Standing::NotChecked,
        }
    };
    RULES.iter().map(|rule| (rule, standing(rule))).collect()
}

/// Whether a rule that found nothing had all that it judges: it concerns the flow, nothing that it builds on is broken,
/// and the board, the application, the passphrase that it needs are there.
fn was_checked(rule: &Rule, project: &Project, findings: &[Finding], board: Option<&BoardFacts>) -> bool {
    let found = |ids: &[&str]| findings.iter().any(|finding| ids.contains(&finding.id));
    let broken =
        |ids: &[&str]| findings.iter().any(|finding| finding.severity == Severity::Error && ids.contains(&finding.id));
    match rule.id {
        "R7" | "R21" | "R22" | "P1" | "P4" | "P5" | "P6" => return true,
        // What isn't stored encrypted, or can't be built without a passphrase, is not compared with its xml.
        "R20" => return !found(&["R21"]) && !project.keys().any(|key| locked(key) && key.role.goes_into_the_chip()),
        "R23" => return board.is_some_and(|board| board.product_state.is_some()),
        "P2" => return project.stages().next().is_some(),
        // A leaf key that is locked and has no public half beside it can't be compared.
        "P7" => return is_to_be_closed(project) && project.answering_key().is_some(),
        "P8" => return is_to_be_closed(project) && !found(&["P7"]),
        _ => {}
    }
    let Some(stirot) = &project.stirot else { return false };
    match rule.id {
        "R2" | "R11" => !broken(&["R9"]),
        "R10" => !broken(&["R1", "R9"]),
        "R12" => !broken(&["R6"]),
        "R13" => !broken(&["R5", "P3"]),
        "R14" | "R17" => image::rules::application_is_understood(&stirot.stage),
        "R15" => {
            let is_placed = |oem: &Stage| oem.image.sign.address.is_some() || known_layout(project).is_some();
            !broken(&["R9"]) && project.oem.as_ref().is_none_or(is_placed)
        }
        "P9" | "P10" | "P11" => project.oem.is_none() || known_layout(project).is_some(),
        // The image is built only where nothing else is wrong with it.
        "R16" => {
            !broken(&["R1", "R2", "R3", "R6", "R7", "R9", "R10", "R11", "R12", "R17", "P2", "P9"])
                && !stirot.stage.keys().into_iter().any(locked)
        }
        "R18" => board.is_some_and(|board| board.product_state.is_some() && board.sram_ecc.is_some()),
        _ => true,
    }
}

/// Whether the board is to end where somebody has to answer for it.
fn is_to_be_closed(project: &Project) -> bool {
    project.settings.final_state == TargetState::Closed
}

fn locked(key: &KeyInUse) -> bool {
    key.protection == Protection::Locked
}

fn objects(project: &Project) -> Vec<ObjectView> {
    let planned = planned_objects(project, project.settings.final_state).unwrap_or_default();
    planned
        .into_iter()
        .map(|object| ObjectView {
            obk: object.build(project).map_err(|problem: ProjectError| problem.to_string()),
            role: object.role,
            kept: object.kept,
            path: object.path,
        })
        .collect()
}

fn key_view(project: &Project, key: &KeyInUse) -> KeyView {
    let name = |path: Result<PathBuf, ProjectError>| {
        path.ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
    };
    let mut used_in = Vec::new();
    for stage in project.stages().filter(|stage| stage.keys().into_iter().any(|of| of.role == key.role)) {
        used_in.extend(name(stage.configuration.output()));
        used_in.extend(name(Ok(stage.image.output.clone())));
    }
    match key.role {
        KeyRole::DebugRoot => {
            used_in.extend(project.debug_authentication.as_ref().and_then(|file| name(file.output())));
            used_in.push("certificates".into());
        }
        KeyRole::DebugIntermediate => used_in.push("certificates".into()),
        KeyRole::DebugLeaf => used_in.extend(["certificates".into(), "answers to a board's challenge".into()]),
        _ => {}
    }
    KeyView { key: key.clone(), sample: is_sample(&key.fingerprint), used_in }
}
