//! A project: its folder read into types. Judging it is the rules' business, making outputs that of `outputs`.

use std::fmt;
use std::path::{Path, PathBuf};

use formats::is_sample;

use crate::data_folder;
use crate::error::ProjectError;
use crate::finding::Finding;
use crate::image::ImageConfiguration;
use crate::keys::{self, KeyInUse, KeyRole, SampleKey};
use crate::outputs::{self, Outputs};
use crate::place;
use crate::rules;
use crate::settings::{Credential, SETTINGS_FILE, Settings, TargetState};
use crate::source_files::{Configuration, Snapshot};
use crate::stirot::{self, StirotConfiguration, field};

/// Where a project keeps STiROT's configuration, below its folder.
pub const CONFIGURATION_FILE: &str = "STiROT/Config/STiROT_Config.xml";
/// Where a project keeps the image's settings.
pub const IMAGE_FILE: &str = "STiROT/Image/STiROT_Code_Image.xml";
/// Where a project keeps the object for certificates.
pub const CERTIFICATE_FILE: &str = "DA/Config/DA_Config.xml";
/// Where a project keeps the object for a password.
pub const PASSWORD_FILE: &str = "DA/Config/DA_ConfigWithPassword.xml";

/// An opened project. What it says is what its files said when it was opened; only the application itself is read
/// anew whenever outputs are made.
pub struct Project {
    pub(crate) folder: PathBuf,
    pub(crate) settings: Settings,
    /// Root of the outputs when they don't go where the files say.
    pub(crate) redirected: Option<PathBuf>,
    outputs_folder: PathBuf,
    pub(crate) configuration: Configuration,
    pub(crate) image: ImageConfiguration,
    pub(crate) debug_authentication: Option<Configuration>,
    pub(crate) stirot: StirotConfiguration,
    pub(crate) authentication: KeyInUse,
    pub(crate) encryption: KeyInUse,
    pub(crate) root: Option<KeyInUse>,
    snapshot: Snapshot,
}

impl Project {
    /// Opens a folder in the layout of ST's `ROT_Provisioning` for one boot stage. A project file beside it is read
    /// when there is one.
    ///
    /// # Errors
    /// When a file is missing or can't be understood: which file, which line and field, what was expected. What can be
    /// understood but would not work is no error here: see [`Project::check`].
    pub fn open(folder: &Path) -> Result<Self, ProjectError> {
        Self::open_with_data_folder(folder, &data_folder::data_folder())
    }

    /// As [`Project::open`], with the user's data elsewhere.
    ///
    /// # Errors
    /// As [`Project::open`].
    pub fn open_with_data_folder(folder: &Path, data_folder: &Path) -> Result<Self, ProjectError> {
        let folder = std::path::absolute(folder)
            .map(|folder| place::tidy(&folder))
            .map_err(|source| ProjectError::Read { path: folder.to_owned(), source })?;
        require_layout(&folder)?;
        let mut snapshot = Snapshot::default();
        snapshot.note(&folder.join(SETTINGS_FILE));
        let settings = Settings::load(&folder)?;

        let configuration = Configuration::read(folder.join(CONFIGURATION_FILE), &mut snapshot)?;
        let image = ImageConfiguration::read(folder.join(IMAGE_FILE), &configuration, &mut snapshot)?;
        let debug_authentication = read_debug_authentication(&folder, &settings, &mut snapshot)?;

        let mut key = |role, file: &Configuration, name: &str| {
            let path = file.file(name)?;
            snapshot.note(&path);
            let public = match role {
                // The chip needs no more of a root key than its public half; a project may not have the other.
                KeyRole::DebugRoot => keys::read_public(role, &path)?,
                KeyRole::Authentication | KeyRole::Encryption => keys::read_private(role, &path)?.public(),
            };
            Ok::<_, ProjectError>(KeyInUse { role, path, fingerprint: public.fingerprint() })
        };
        let authentication = key(KeyRole::Authentication, &configuration, field::AUTHENTICATION_KEY)?;
        let encryption = key(KeyRole::Encryption, &configuration, field::ENCRYPTION_KEY)?;
        let root = match (&debug_authentication, settings.debug_authentication) {
            (Some(file), Credential::Certificate) => Some(key(KeyRole::DebugRoot, file, field::ROOT_KEY)?),
            _ => None,
        };
        let stirot = stirot::read(&configuration.document, authentication.fingerprint, encryption.fingerprint)
            .map_err(|source| configuration.wrong(source))?;

        let redirected = place::is_in_source_tree(&folder).then(|| place::data_of_project(data_folder, &folder));
        let outputs_folder = match &redirected {
            Some(root) => root.clone(),
            None => configuration.output()?.parent().unwrap_or(&folder).to_owned(),
        };
        Ok(Self {
            folder,
            settings,
            redirected,
            outputs_folder,
            configuration,
            image,
            debug_authentication,
            stirot,
            authentication,
            encryption,
            root,
            snapshot,
        })
    }

    /// What the project is called.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Its folder, as an absolute path.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where outputs go: the folder that the configuration names; for a project inside a source tree, such as the
    /// sample in a clone, a folder of the user's data that belongs to this project alone.
    pub fn outputs_folder(&self) -> &Path {
        &self.outputs_folder
    }

    /// What the project file says.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// STiROT's configuration.
    pub fn stirot(&self) -> &StirotConfiguration {
        &self.stirot
    }

    /// The keys in use: authentication, encryption, and the debug root where certificates lead back.
    pub fn keys(&self) -> impl Iterator<Item = &KeyInUse> {
        [&self.authentication, &self.encryption].into_iter().chain(&self.root)
    }

    /// The fingerprints of the keys inside STiROT's configuration, each with its role in front.
    pub fn key_fingerprints(&self) -> Vec<String> {
        [&self.authentication, &self.encryption].map(|key| format!("{} {}", key.role, key.fingerprint)).into()
    }

    /// The keys in use that everybody has.
    pub fn sample_keys(&self) -> Vec<SampleKey> {
        self.keys()
            .filter_map(|key| {
                let name = is_sample(&key.fingerprint)?.to_string();
                Some(SampleKey { role: key.role, name, fingerprint: key.fingerprint })
            })
            .collect()
    }

    /// The first file of the project that was changed, removed or added since it was opened; then it is to be opened
    /// again.
    pub fn changed_file(&self) -> Option<&Path> {
        self.snapshot.changed()
    }

    /// What the rules find, for the final state that the settings name.
    pub fn check(&self) -> Vec<Finding> {
        self.check_for(self.settings.final_state)
    }

    /// What the rules find, for another final state.
    pub fn check_for(&self, target: TargetState) -> Vec<Finding> {
        rules::findings(self, target)
    }

    /// Image and objects for the final state that the settings name: those that are there and still right, and the
    /// others built and saved.
    ///
    /// # Errors
    /// When a rule is broken, a file was changed since the project was opened, or an output can't be written. What was
    /// there is then as it was, but for outputs that were already saved.
    pub fn outputs(&self) -> Result<Outputs, ProjectError> {
        self.outputs_for(self.settings.final_state)
    }

    /// As [`Project::outputs`], for another final state: LOCKED has another debug-authentication object.
    ///
    /// # Errors
    /// As [`Project::outputs`].
    pub fn outputs_for(&self, target: TargetState) -> Result<Outputs, ProjectError> {
        outputs::make(self, target)
    }

    /// Where an output goes that the project's files place at `path`.
    pub(crate) fn place_output(&self, path: PathBuf) -> PathBuf {
        let Some(root) = &self.redirected else { return path };
        match path.strip_prefix(&self.folder) {
            Ok(inside) => root.join(inside),
            Err(_) => root.join(path.file_name().unwrap_or(path.as_os_str())),
        }
    }
}

/// Name and folder. Everything else is in the files, and some of it is secret.
impl fmt::Debug for Project {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Project({:?}, {})", self.settings.name, self.folder.display())
    }
}

fn require_layout(folder: &Path) -> Result<(), ProjectError> {
    for file in [CONFIGURATION_FILE, IMAGE_FILE] {
        if folder.join(file).is_file() {
            continue;
        }
        if folder.join("STiROT_OEMuROT").is_dir() {
            return Err(ProjectError::TwoStages { folder: folder.to_owned() });
        }
        return Err(ProjectError::NotAProject { folder: folder.to_owned(), missing: PathBuf::from(file) });
    }
    Ok(())
}

fn read_debug_authentication(
    folder: &Path,
    settings: &Settings,
    snapshot: &mut Snapshot,
) -> Result<Option<Configuration>, ProjectError> {
    let file = match settings.debug_authentication {
        Credential::Certificate => CERTIFICATE_FILE,
        Credential::Password => PASSWORD_FILE,
    };
    let path = folder.join(file);
    if path.is_file() {
        return Configuration::read(path, snapshot).map(Some);
    }
    snapshot.note(&path);
    match settings.final_state {
        // The object that locks has no file.
        TargetState::Locked => Ok(None),
        TargetState::Closed => {
            Err(ProjectError::NotAProject { folder: folder.to_owned(), missing: PathBuf::from(file) })
        }
    }
}
