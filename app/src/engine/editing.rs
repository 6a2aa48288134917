//! What the jobs do with a project's files: find out about them, save, build, make keys. As the rest of `engine`, it
//! blocks and decides nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use formats::{ObkFile, Passphrase, Secret};
use project::key_files::{self, KeyProtection};
use project::second_stage;
use project::{Assessment, BoardFacts, Disk, Draft, Flow, KeyRole, LinkState, Project, ProjectError, Stored};
use provision::FinalState;

use super::{Desk, Edited, lock};
use crate::model::boot_stages::Setting;
use crate::model::configuration::TypedText;
use crate::model::editing::{Found, key_roles};
use crate::model::{Card, Goal, JobKind, PlanSheet};
use crate::sheets;
use crate::text::file_name;
use crate::update::{Report, Request};

/// Carries out a request about the project's files.
pub(super) fn carry_out(desk: &Desk, request: Request, edited: Edited) -> Result<Vec<Report>, Card> {
    let Edited { mut draft, revision } = edited;
    match request {
        Request::Assess => Ok(assess(desk, Edited { draft, revision })),
        Request::Plan(goal) => {
            let facts = *lock(&desk.facts);
            let saved = draft.as_saved();
            let project = saved.project().map_err(|error| sheets::project_card(&error))?;
            Ok(vec![Report::Plan(plan(desk, &project, &saved.assess(facts.as_ref()), goal))])
        }
        Request::UseSetting(setting) => use_setting(desk, Edited { draft, revision }, setting),
        Request::Save => save(desk, Edited { draft, revision }),
        Request::Build => build(desk, Edited { draft, revision }),
        Request::TakeTheirs(path) => {
            let kept = draft.take_theirs(&path).map_err(|error| sheets::project_card(&error))?;
            Ok(put_aside(desk, Edited { draft, revision }, kept.as_deref()))
        }
        Request::KeepMine(path) => {
            let kept = draft.keep_mine(&path).map_err(|error| sheets::project_card(&error))?;
            Ok(put_aside(desk, Edited { draft, revision }, kept.as_deref()))
        }
        Request::UnlockKey(role, passphrase) => {
            let path = key_path(&draft, role)?;
            let passphrase = passphrase_of(&passphrase)?;
            draft.unlock(role, &path, &passphrase).map_err(|error| sheets::project_card(&error))?;
            let mut reports = opened(desk, Edited { draft, revision });
            reports.push(Report::Notice(format!("the {role} key is open until the studio is closed")));
            Ok(reports)
        }
        Request::NewKey(role, typed) => {
            let path = key_path(&draft, role)?;
            let passphrase = if typed.text().is_empty() { None } else { Some(passphrase_of(&typed)?) };
            let protection = passphrase.as_ref().map_or(KeyProtection::Kept, KeyProtection::Passphrase);
            let made = key_files::generate(&Disk::real(), &path, protection).map_err(key_card)?;
            key_made(draft, role, made.private, passphrase.as_ref())
        }
        Request::ImportKey(role, from, typed) => {
            let path = key_path(&draft, role)?;
            let text = std::fs::read(&from).map(Secret::new).map_err(|error| unreadable(&from, &error))?;
            let its = if typed.text().is_empty() { None } else { Some(passphrase_of(&typed)?) };
            let made = key_files::import(&Disk::real(), &path, &text, its.as_ref(), KeyProtection::Kept);
            key_made(draft, role, made.map_err(key_card)?.private, its.as_ref())
        }
        Request::ProtectKey(role, passphrase) => {
            let path = key_path(&draft, role)?;
            let passphrase = passphrase_of(&passphrase)?;
            let made = key_files::protect(&Disk::real(), &path, &passphrase).map_err(key_card)?;
            let mut reports = key_made(draft, role, made.private, Some(&passphrase))?;
            let copies: Vec<_> = made.clear_copies.iter().map(|path| file_name(path)).collect();
            reports.push(Report::Notice(format!(
                "still there in the clear: {}; remove it when you no longer need it",
                copies.join(", ")
            )));
            Ok(reports)
        }
        Request::ExportPublic(role) => export_public(&draft, role),
        Request::ExportClear(role) => export_clear(&draft, role),
        _ => Ok(Vec::new()),
    }
}

/// Sets how many stages boot and where the application runs, on the disk, and reads the project again.
fn use_setting(desk: &Desk, edited: Edited, setting: Setting) -> Result<Vec<Report>, Card> {
    let folder = edited.draft.folder().to_owned();
    let done = match (edited.draft.settings().flow, setting) {
        (_, Setting::One) => second_stage::leave(&folder),
        // Files that are there already are taken as they are: then the application may run elsewhere yet.
        (Flow::Stirot, Setting::Two(run)) => {
            second_stage::add(&folder, run).and_then(|()| second_stage::set_run(&folder, run))
        }
        (_, Setting::Two(run)) => second_stage::set_run(&folder, run),
    };
    done.map_err(|error| sheets::project_card(&error))?;
    let mut reports = super::open_project(desk, &folder, Some(edited))?;
    reports.push(Report::Notice(format!("boot stages: {}; build the outputs next", setting.name())));
    Ok(reports)
}

/// A key that was made: the configuration is to name it, and one under a passphrase is open in this session.
fn key_made(
    mut draft: Draft,
    role: KeyRole,
    path: PathBuf,
    passphrase: Option<&Passphrase>,
) -> Result<Vec<Report>, Card> {
    let mut reports = Vec::new();
    if let Some(passphrase) = passphrase {
        draft.unlock(role, &path, passphrase).map_err(|error| sheets::project_card(&error))?;
        reports.push(Report::KeyOpened(Box::new(draft)));
    }
    reports.push(Report::KeyMade(role, path));
    Ok(reports)
}

/// A project that was opened, saved or built: its sheet, its plan, and what was found out. `before` is the revision before
/// that.
pub(super) fn opened(desk: &Desk, before: Edited) -> Vec<Report> {
    let Edited { draft, revision } = before;
    let facts = *lock(&desk.facts);
    // What is provisioned is what the files hold, with the keys that were opened.
    let saved = draft.as_saved();
    let plan = match saved.project() {
        Ok(project) => {
            let plan = plan(desk, &project, &saved.assess(facts.as_ref()), Goal::Closed);
            *lock(&desk.project) = Some(Arc::new(project));
            plan
        }
        Err(error) => {
            *lock(&desk.project) = None;
            PlanSheet::Refused(sheets::project_card(&error))
        }
    };
    // The sample's outputs were built with the plan; what is shown of them comes after.
    let found = find(&draft, facts.as_ref());
    let mut reports = vec![Report::Project(Box::new(sheets::project(&draft, &found.assessment)), plan)];
    let kept = Edited { draft, revision: revision + 1 };
    let failed = desk.keep(&kept).err();
    reports.push(Report::Editing(Box::new(kept.draft), Box::new(found)));
    reports.extend(failed.map(|error| Report::Failed(JobKind::Key, Box::new(not_kept(&error)))));
    reports
}

/// What opening a project has to tell besides: of a saving that was cut off, and of edits that no longer fit.
pub(super) fn told_on_opening(draft: &Draft) -> Option<Report> {
    let recovered = draft.recovered();
    let told = [recovered.told(), draft.not_restored().to_vec()].concat();
    let lost = !recovered.kept.is_empty() || !recovered.missing.is_empty() || recovered.set_aside.is_some();
    if lost || !draft.not_restored().is_empty() {
        return Some(Report::Failed(
            JobKind::Key,
            Box::new(Card {
                title: "Something of the last session could not be put where it was to go".to_owned(),
                place: Some(draft.folder().display().to_string()),
                remedy: Some(
                    "Compare it with what is there, and make the edits again that are still wanted.".to_owned(),
                ),
                detail: told.join("\n"),
                ..Card::default()
            }),
        ));
    }
    told.into_iter().next().map(Report::Notice)
}

/// Finds out what the views show of a project. `board` is what was measured of the one on the table.
pub(crate) fn find(draft: &Draft, board: Option<&BoardFacts>) -> Found {
    let versions = key_roles(draft).into_iter().filter_map(|role| {
        let (_, path) = draft.key_place(role)?;
        Some((role, key_files::versions(&path).unwrap_or_default()))
    });
    let assessment = draft.assess(board);
    let project = draft.project().ok();
    Found {
        stages: project.as_ref().map(Project::boot_stages).unwrap_or_default(),
        layout: project.as_ref().and_then(|project| Some(project.second_stage()?.layout_fact)),
        making: super::credentials::facts(draft, &assessment),
        assessment,
        map: project::memory_map(draft),
        loader: draft.loader_remedy().map_err(|error| error.to_string()),
        versions: versions.collect(),
        conflicts: draft.changed_on_disk(),
    }
}

/// The plan, or what has to be done before there can be one. Outputs in a person's own folder are built when they ask
/// for it; those of the sample, which go to the user's data, at once.
fn plan(desk: &Desk, project: &Project, assessment: &Assessment, goal: Goal) -> PlanSheet {
    if !matches!(project.flow(), Flow::Stirot | Flow::StirotOemurot) {
        return PlanSheet::Waiting {
            why: format!("the flow “{}” is configured here, but not provisioned yet", project.flow()),
            what: Vec::new(),
        };
    }
    // Several links tell of the same output that isn't there.
    let mut stale: Vec<String> = Vec::new();
    for link in assessment.belonging.links.iter().filter(|link| link.state == LinkState::Stale) {
        if !stale.contains(&link.text) {
            stale.push(link.text.clone());
        }
    }
    if !stale.is_empty() && assessment.first_error().is_none() && !project.outputs_are_redirected() {
        return PlanSheet::Waiting { why: "outputs are out of date; build them first".to_owned(), what: stale };
    }
    let end = match goal {
        Goal::Closed => FinalState::Closed,
        Goal::Locked => FinalState::Locked,
    };
    match provision::plan_for(project, end) {
        Ok((plan, _)) => {
            let expected = desk.timings().expected(&plan);
            sheets::plan(&plan, &expected)
        }
        Err(error) => PlanSheet::Refused(sheets::card(&error)),
    }
}

/// Reads an object file and compares it with the one that the open project makes for the same place.
pub(super) fn open_object(path: PathBuf, edited: Option<&Edited>) -> Result<Vec<Report>, Card> {
    let bytes = std::fs::read(&path).map(Secret::new).map_err(|error| unreadable(&path, &error))?;
    let obk = ObkFile::decode(&bytes).map_err(|error| Card {
        title: format!("{} is no object for this chip", path.display()),
        place: Some(path.display().to_string()),
        remedy: Some("Choose an .obk file of the STM32H7S.".to_owned()),
        detail: error.to_string(),
        ..Card::default()
    })?;
    let theirs = edited.map(|edited| edited.draft.assess(None).objects);
    let theirs = theirs
        .into_iter()
        .flatten()
        .find_map(|view| view.obk.ok().filter(|theirs| theirs.destination == obk.destination));
    Ok(vec![Report::ObjectFile(Box::new(sheets::editing::object_file(path, &obk, theirs.as_ref())))])
}

/// Keeps the unsaved edits, and finds out about the project.
fn assess(desk: &Desk, edited: Edited) -> Vec<Report> {
    let facts = *lock(&desk.facts);
    let kept = desk.keep(&edited);
    let mut reports = vec![Report::Found(edited.revision, Box::new(find(&edited.draft, facts.as_ref())))];
    reports.extend(kept.err().map(|error| Report::Failed(JobKind::Key, Box::new(not_kept(&error)))));
    reports
}

fn save(desk: &Desk, edited: Edited) -> Result<Vec<Report>, Card> {
    let Edited { mut draft, revision } = edited;
    match draft.save(&Disk::real()).map_err(|error| sheets::project_card(&error))? {
        Stored::Written(files) => {
            let mut reports = opened(desk, Edited { draft, revision });
            reports.push(Report::Notice(match files.len() {
                1 => "1 file saved".to_owned(),
                count => format!("{count} files saved"),
            }));
            Ok(reports)
        }
        Stored::ChangedOnDisk(path) => {
            let card = Card {
                title: format!("{} was changed by another program", path.display()),
                place: Some(path.display().to_string()),
                remedy: Some(
                    "Choose in the configuration which version stays; the other one is kept beside it.".to_owned(),
                ),
                ..Card::default()
            };
            // With what is to be chosen.
            let facts = *lock(&desk.facts);
            let found = Report::Found(revision, Box::new(find(&draft, facts.as_ref())));
            Ok(vec![found, Report::Failed(JobKind::Project, Box::new(card))])
        }
    }
}

/// Builds the objects, then the image where the flow's image is built here.
pub(super) fn build(desk: &Desk, edited: Edited) -> Result<Vec<Report>, Card> {
    // From what the files hold: an output of an unsaved edit would fit nothing.
    let project = edited.draft.as_saved().project().map_err(|error| sheets::project_card(&error))?;
    let target = project.settings().final_state;
    let objects = project.objects_for(target).map_err(|error| sheets::project_card(&error))?;
    let mut built = objects.iter().filter(|object| object.built).count();
    let mut failed = None;
    let mut missing = None;
    match project.image_for(target) {
        Ok(image) => built += usize::from(image.is_some_and(|image| image.built)),
        Err(error) => failed = Some(sheets::project_card(&error)),
    }
    match project.second_stage_image_for(target) {
        Ok(image) => built += usize::from(image.is_some_and(|image| image.built)),
        // STiRoT's image is of use without.
        Err(error @ ProjectError::Application { .. }) if failed.is_none() => missing = Some(error.to_string()),
        Err(error) => failed = failed.or_else(|| Some(sheets::project_card(&error))),
    }
    let mut reports = opened(desk, edited);
    let told = match built {
        0 => "every output is right as it is".to_owned(),
        1 => "1 output built".to_owned(),
        _ => format!("{built} outputs built"),
    };
    reports.push(Report::Notice(match missing {
        None => told,
        Some(missing) => format!("{told}; not the second boot stage's image: {missing}"),
    }));
    reports.extend(failed.map(|card| Report::Failed(JobKind::Project, Box::new(card))));
    Ok(reports)
}

/// After one of two versions of a file was chosen.
fn put_aside(desk: &Desk, edited: Edited, kept: Option<&Path>) -> Vec<Report> {
    let mut reports = opened(desk, edited);
    if let Some(kept) = kept {
        reports.push(Report::Notice(format!("the other version is {}", kept.display())));
    }
    reports
}

pub(super) fn not_kept(error: &std::io::Error) -> Card {
    Card {
        title: "Unsaved edits could not be kept in case the program ends".to_owned(),
        remedy: Some("Save the project soon.".to_owned()),
        detail: error.to_string(),
        ..Card::default()
    }
}

fn export_public(draft: &Draft, role: KeyRole) -> Result<Vec<Report>, Card> {
    let to = beside(&key_path(draft, role)?, "_pub");
    draft.export_public(&Disk::real(), role, &to).map_err(|error| sheets::project_card(&error))?;
    Ok(vec![Report::Notice(format!("the public half is {}", to.display()))])
}

fn export_clear(draft: &Draft, role: KeyRole) -> Result<Vec<Report>, Card> {
    let to = beside(&key_path(draft, role)?, "_clear");
    draft.export_clear(&Disk::real(), role, &to).map_err(|error| sheets::project_card(&error))?;
    Ok(vec![Report::Notice(format!("{} holds the key in the clear", to.display()))])
}

/// `X.pem` and a mark give `X_mark.pem`.
fn beside(path: &Path, mark: &str) -> std::path::PathBuf {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    path.with_file_name(format!("{stem}{mark}.pem"))
}

fn key_path(draft: &Draft, role: KeyRole) -> Result<std::path::PathBuf, Card> {
    draft.key_place(role).map(|(_, path)| path).ok_or_else(|| Card {
        title: format!("The project's flow has no {role} key"),
        remedy: Some("Choose a flow that has one.".to_owned()),
        ..Card::default()
    })
}

pub(super) fn passphrase_of(typed: &TypedText) -> Result<Passphrase, Card> {
    Passphrase::new(Secret::new(typed.text().to_owned())).map_err(|error| Card {
        title: error.to_string(),
        remedy: Some("Type a passphrase.".to_owned()),
        ..Card::default()
    })
}

fn key_card(error: key_files::KeyFileError) -> Card {
    sheets::project_card(&ProjectError::KeyFile { source: Box::new(error) })
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Card {
    Card {
        title: format!("{} can't be read", path.display()),
        remedy: Some("Check that the file exists and that you may read it.".to_owned()),
        detail: error.to_string(),
        ..Card::default()
    }
}
