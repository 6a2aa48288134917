//! A new project: ST's layout from the studio's own files, with keys, certificates and a password of its own and a
//! project file. Nothing that exists is written over.

pub(crate) mod programs;

use std::borrow::Cow;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use formats::da::Password;
use formats::form::{FieldKey, Form};
use formats::{ApplicationRun, FormatError, Obdata, PrivateKey, SecondStageLayout, Secret};

use crate::certificates;
use crate::credentials::{CHAIN_FILE, INTERMEDIATE_KEY_FILE, LEAF_KEY_FILE, PASSWORD_BINARY};
use crate::disk::{Confidentiality, Disk};
use crate::error::ProjectError;
use crate::flow::{CERTIFICATE_FILE, Flow, PASSWORD_FILE};
use crate::key_files;
use crate::keys::KeyRole;
use crate::project::absolute;
use crate::sample::{SAMPLE_FILES, SAMPLE_PASSWORD};
use crate::saving::{self, Change, Expected};
use crate::second_stage::with_places;
use crate::settings::{Credential, LoaderSetting, SETTINGS_FILE, Settings, TargetState};
use crate::sources::Sources;
use crate::stirot::field;

const OEM_CONFIGURATION: &str = include_str!("../../../templates/second_stage/OEMuROT_Config.xml");
const OEM_IMAGE: &str = include_str!("../../../templates/second_stage/OEMuROT_Code_Image.xml");
/// Settings of a data image, beside those of the application's.
pub(crate) const DATA_IMAGE: &str = include_str!("../../../templates/second_stage/OEMuROT_Data_Image.xml");

/// Where STiRoT's slots lie when the second stage has the flash in front of them (`formats.md` §5.3).
const SECOND_STAGE_SLOTS: [(&str, u64); 2] =
    [(field::INSTALLATION_ADDRESS, 0x9041_0000), (field::DOWNLOAD_ADDRESS, 0x9043_0000)];

/// What a second stage that is added takes over from the configuration of the one stage: what its slots don't decide.
const KEPT_NUMBERS: [&str; 6] =
    [field::CLOCK, field::SRAM_ECC, field::MINIMUM_STATE, field::LOADER_OFFSET, field::LOADER_SIZE, field::MCE];

/// What a new project is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProject {
    /// What it is called.
    pub name: String,
    /// Which of ST's flows it follows.
    pub flow: Flow,
    /// The way back from CLOSED.
    pub credential: Credential,
    /// Where the application runs in a project of two boot stages; of no meaning in others.
    pub second_stage: ApplicationRun,
}

/// Lays a project out in `folder`, which is made when it does not exist, with new keys: all of its files or none.
///
/// # Errors
/// When a file of the project is there already, and what the operating system refuses.
pub fn create(folder: &Path, new: &NewProject) -> Result<(), ProjectError> {
    create_on(&Disk::real(), folder, new)
}

/// As [`create`], through a disk of the caller's choice.
///
/// # Errors
/// As [`create`].
pub fn create_on(disk: &Disk, folder: &Path, new: &NewProject) -> Result<(), ProjectError> {
    let saving_failed = |source| ProjectError::Saving { source: Box::new(source) };
    let failed = |path: &Path, source| ProjectError::Write { path: path.to_owned(), source };
    let folder = &absolute(folder)?;
    fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
    // What an earlier attempt left.
    saving::recover(disk, folder).map_err(saving_failed)?;
    let settings = Settings {
        name: new.name.clone(),
        board: crate::settings::DEFAULT_BOARD.into(),
        flow: new.flow,
        final_state: TargetState::Closed,
        debug_authentication: new.credential,
        loader: LoaderSetting::Builtin,
    };
    let mut files = files_of_debug_authentication()?;
    files.extend(files_of_stages(new.flow, new.second_stage)?);
    let (mut changes, password) = (keys(folder, new, &files)?, password_file(&files)?);
    changes.push(Change {
        path: folder.join(PASSWORD_BINARY),
        content: password,
        confidentiality: Confidentiality::Secret,
        expected: Expected::Absent,
    });
    for (name, text) in &files {
        // One of them holds a password.
        let confidentiality = if *name == PASSWORD_FILE { Confidentiality::Secret } else { Confidentiality::Public };
        changes.push(new_file(folder.join(name), text, confidentiality));
    }
    changes.extend(second_stage_programs(folder, new.flow, new.second_stage)?);
    let settings_text = Secret::new(settings.to_text(folder, "")?);
    changes.push(new_file(folder.join(SETTINGS_FILE), &settings_text, Confidentiality::Public));
    require_absent(&changes)?;
    saving::save_all(disk, folder, &changes).map_err(saving_failed)
}

/// The files of a second stage for a project in `folder` that has one stage: those of the flow of two, with new keys.
pub(crate) fn second_stage_beside(folder: &Path, run: ApplicationRun) -> Result<Vec<Change>, ProjectError> {
    let flow = Flow::StirotOemurot;
    let mut files = files_of_stages(flow, run)?;
    if let (Some(of_one), Some(of_two)) = (Flow::Stirot.stirot(), flow.stirot())
        && let Some((_, text)) = files.iter_mut().find(|(name, _)| *name == of_two.configuration)
    {
        let path = folder.join(of_one.configuration);
        let present = fs::read(&path).map_err(|source| ProjectError::Read { path: path.clone(), source })?;
        let failed = |source| ProjectError::Configuration { path: path.clone(), source };
        let present = Obdata::decode(&present).map_err(failed)?;
        for name in KEPT_NUMBERS {
            *text = with(text, name, NewText::Number(present.number(name).map_err(failed)?))?;
        }
    }
    let mut changes = stage_keys(folder, flow, &files)?;
    for (name, text) in &files {
        changes.push(new_file(folder.join(name), text, Confidentiality::Public));
    }
    changes.extend(second_stage_programs(folder, flow, run)?);
    require_absent(&changes)?;
    Ok(changes)
}

/// The second stage and its application, in the places that the images' settings name. Programs that are there already
/// stay: they are the user's.
fn second_stage_programs(folder: &Path, flow: Flow, run: ApplicationRun) -> Result<Vec<Change>, ProjectError> {
    let Some(images) = flow.stirot().filter(|_| flow == Flow::StirotOemurot).map(|files| folder.join(files.image))
    else {
        return Ok(Vec::new());
    };
    let programs = [("OEMiROT_Boot.bin", programs::second_stage(run)?), ("rot_app.bin", programs::demo(run).to_vec())];
    let change = |(name, content)| Change {
        path: images.with_file_name(name),
        content: Secret::new(content),
        confidentiality: Confidentiality::Public,
        expected: Expected::Absent,
    };
    Ok(programs.into_iter().map(change).filter(|change| !change.path.exists()).collect())
}

/// Refuses to write over anything.
fn require_absent(changes: &[Change]) -> Result<(), ProjectError> {
    match changes.iter().find(|change| change.path.exists()) {
        Some(taken) => {
            let source = io::Error::new(ErrorKind::AlreadyExists, "there is one already");
            Err(ProjectError::Write { path: taken.path.clone(), source })
        }
        None => Ok(()),
    }
}

fn new_file(path: PathBuf, text: &str, confidentiality: Confidentiality) -> Change {
    Change { path, content: Secret::new(text.as_bytes().to_vec()), confidentiality, expected: Expected::Absent }
}

/// The files of debug authentication, below the project's folder.
fn files_of_debug_authentication() -> Result<Vec<(&'static str, Secret<String>)>, ProjectError> {
    let mut files = vec![(CERTIFICATE_FILE, Secret::new(of_sample(CERTIFICATE_FILE)))];
    // Not the sample's: a password that everybody can read would be a way back for everybody.
    let password = Password::generate().map_err(|source| wrong(PASSWORD_FILE, source))?;
    let without = of_sample(PASSWORD_FILE).replace(SAMPLE_PASSWORD, "");
    let with_password = with(&without, field::PASSWORD, NewText::Text(password.text()))?;
    files.push((PASSWORD_FILE, with_password));
    Ok(files)
}

/// The files of a flow's boot stages, below the project's folder.
fn files_of_stages(flow: Flow, run: ApplicationRun) -> Result<Vec<(&'static str, Secret<String>)>, ProjectError> {
    let mut files = Vec::new();
    if let (Some(names), Some(sample)) = (flow.stirot(), Flow::Stirot.stirot()) {
        let mut configuration = Secret::new(of_sample(sample.configuration));
        let mut image = Secret::new(of_sample(sample.image));
        if flow == Flow::StirotOemurot {
            for (name, address) in SECOND_STAGE_SLOTS {
                configuration = with(&configuration, name, NewText::Number(address))?;
            }
            image = with(&image, "Firmware binary input file", NewText::Text("./OEMiROT_Boot.bin"))?;
            image = with(&image, "Image output file", NewText::Text("./../Binary/OEMiROT_Boot_enc_sign.hex"))?;
        }
        files.push((names.configuration, configuration));
        files.push((names.image, image));
    }
    if let Some(names) = flow.oem() {
        let (configuration, image) = match flow {
            Flow::Oemirot => {
                let configuration = OEM_CONFIGURATION.replace("OEMuROT", "OEMiROT");
                (
                    with(&configuration, "ObDestAddress", NewText::Number(0x108))?,
                    Secret::new(OEM_IMAGE.replace("OEMuROT", "OEMiROT")),
                )
            }
            _ => {
                let places = SecondStageLayout::for_run(run).application;
                let image = with_places(Path::new(names.image), OEM_IMAGE.as_bytes(), &places)?;
                (Secret::new(OEM_CONFIGURATION.to_owned()), image)
            }
        };
        files.push((names.configuration, configuration));
        files.push((names.image, image));
    }
    Ok(files)
}

/// A file of the sample, without the word that marks it as one.
fn of_sample(name: &str) -> String {
    let file = SAMPLE_FILES.iter().find(|(known, _)| *known == name).map(|(_, content)| *content);
    String::from_utf8_lossy(file.unwrap_or_default()).replace(" (sample)", "")
}

enum NewText<'a> {
    Number(u64),
    Text(&'a str),
}

fn wrong(file: &str, source: formats::FormatError) -> ProjectError {
    ProjectError::Configuration { path: file.into(), source }
}

/// The text of a file with one field's value replaced.
fn with(text: &str, name: &str, value: NewText<'_>) -> Result<Secret<String>, ProjectError> {
    let wrong = |source| wrong("template", source);
    let form = Form::read(text.as_bytes()).map_err(wrong)?;
    let keys = [FieldKey::field(name), FieldKey::info(name)];
    let Some(key) = keys.into_iter().find(|key| form.field(key).is_some()) else {
        return Err(wrong(FormatError::Field {
            line: 1,
            field: name.to_owned(),
            problem: "the template has no such field".into(),
        }));
    };
    let value = match value {
        NewText::Number(number) => Cow::Owned(form.number_text(&key, u128::from(number))),
        NewText::Text(text) => Cow::Borrowed(text),
    };
    Ok(form.with_value(&key, &value).map_err(wrong)?.source().clone())
}

/// The password file of the password that the project's file states.
fn password_file(files: &[(&'static str, Secret<String>)]) -> Result<Secret<Vec<u8>>, ProjectError> {
    let text = files.iter().find(|(name, _)| *name == PASSWORD_FILE).map(|(_, text)| text.as_bytes());
    let form = Form::read(text.unwrap_or_default()).map_err(|source| wrong(PASSWORD_FILE, source))?;
    let value = form.field(&FieldKey::field(field::PASSWORD)).map(|field| field.value.clone());
    let value = value.unwrap_or_else(|| Secret::new(String::new()));
    Ok(Password::new(value).map_err(|source| wrong(PASSWORD_FILE, source))?.to_file())
}

/// The keys that the project's files name and that are not there, each in the place that they name, with its public half
/// beside it; and of certificates the keys and the files of ST's chain.
fn keys(
    folder: &Path,
    new: &NewProject,
    files: &[(&'static str, Secret<String>)],
) -> Result<Vec<Change>, ProjectError> {
    let mut changes = stage_keys(folder, new.flow, files)?;
    if new.credential == Credential::Certificate {
        changes.extend(chain(folder, files)?);
    }
    Ok(changes)
}

/// The keys of a flow's boot stages that are not there.
fn stage_keys(
    folder: &Path,
    flow: Flow,
    files: &[(&'static str, Secret<String>)],
) -> Result<Vec<Change>, ProjectError> {
    let mut changes = Vec::new();
    for stage in [flow.stirot(), flow.oem()].into_iter().flatten() {
        for name in [field::AUTHENTICATION_KEY, field::ENCRYPTION_KEY] {
            if let Some(path) = named(folder, files, stage.configuration, name)?.filter(|path| !path.exists()) {
                pair(path, &mut changes)?;
            }
        }
    }
    Ok(changes)
}

/// The keys and certificates of a chain. Keys that are there are used; a chain that is there is left alone.
fn chain(folder: &Path, files: &[(&'static str, Secret<String>)]) -> Result<Vec<Change>, ProjectError> {
    let mut changes = Vec::new();
    let root = named(folder, files, CERTIFICATE_FILE, field::ROOT_KEY)?;
    let root = root.unwrap_or_else(|| folder.join("DA/Keys/key_1_root.pem"));
    if folder.join(CHAIN_FILE).exists() {
        if !root.exists() {
            pair(root, &mut changes)?;
        }
        return Ok(changes);
    }
    let mut key = |role, path: PathBuf| match path.exists() {
        true => Sources::default().private_key(role, &path),
        false => pair(path, &mut changes),
    };
    let root = key(KeyRole::DebugRoot, root)?;
    let intermediate = key(KeyRole::DebugIntermediate, folder.join(INTERMEDIATE_KEY_FILE))?;
    let leaf = key(KeyRole::DebugLeaf, folder.join(LEAF_KEY_FILE))?;
    let chain =
        certificates::chain_of([&root, &intermediate, &leaf]).map_err(|source| ProjectError::Issue { source })?;
    for (name, text) in certificates::files(&chain) {
        changes.push(new_file(folder.join(name), &text, Confidentiality::Public));
    }
    Ok(changes)
}

/// The file that a field of one of the project's files names.
fn named(
    folder: &Path,
    files: &[(&'static str, Secret<String>)],
    file: &str,
    field: &str,
) -> Result<Option<PathBuf>, ProjectError> {
    let Some((_, text)) = files.iter().find(|(name, _)| *name == file) else { return Ok(None) };
    let form = Form::read(text.as_bytes()).map_err(|source| wrong(file, source))?;
    let written = form.field(&FieldKey::field(field));
    Ok(written.map(|written| crate::place::resolve(&folder.join(file), &written.value)))
}

/// Adds a new key and its public half.
fn pair(private: PathBuf, changes: &mut Vec<Change>) -> Result<PrivateKey, ProjectError> {
    let made = key_files::new_pair(&private).map_err(|source| ProjectError::KeyFile { source: Box::new(source) })?;
    changes.push(new_file(private, &made.private, Confidentiality::Secret));
    changes.push(new_file(made.public_path, &made.public, Confidentiality::Public));
    Ok(made.key)
}
