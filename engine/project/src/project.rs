//! A project: its folder read into types. Judging it is the rules' business, making outputs that of `outputs`.

use std::fmt;
use std::path::{Path, PathBuf};

use formats::is_sample;

use crate::data_folder;
use crate::disk::Disk;
use crate::error::ProjectError;
use crate::finding::Finding;
use crate::flow::Flow;
use crate::image::{ImageConfiguration, ImageOutput};
use crate::keys::{self, KeyInUse, KeyRole, SampleKey};
use crate::outputs::{self, ObkOutput, Outputs, SecondStageTrial, StirotObjects};
use crate::place;
use crate::rules::{self, BoardFacts};
use crate::saving;
use crate::second_stage::{self, BootStage, SecondStage};
use crate::settings::{Credential, SETTINGS_FILE, Settings, TargetState};
use crate::sources::{Configuration, Snapshot, Sources};
use crate::stage::{Stage, StirotStage};
use crate::stirot::{StirotConfiguration, field};

/// An opened project. What it says is what its files said when it was opened; only the application itself is read
/// anew whenever outputs are made.
pub struct Project {
    pub(crate) folder: PathBuf,
    pub(crate) settings: Settings,
    pub(crate) sources: Sources,
    /// Root of the outputs when they don't go where the files say.
    pub(crate) redirected: Option<PathBuf>,
    outputs_folder: PathBuf,
    /// STiRoT's stage, in the flows that use it.
    pub(crate) stirot: Option<StirotStage>,
    /// The user's own boot stage, in the flows that have one.
    pub(crate) oem: Option<Stage>,
    /// The settings of the second stage's data image, where the project has one.
    pub(crate) data_image: Option<ImageConfiguration>,
    pub(crate) debug_authentication: Option<Configuration>,
    pub(crate) root: Option<KeyInUse>,
    snapshot: Snapshot,
}

impl Project {
    /// Opens a folder in the layout of ST's `ROT_Provisioning`. The project file beside it says which of ST's flows is
    /// meant; without one, the first that the folder holds. A saving that was cut off is finished first: half of it would
    /// be a project that nobody meant.
    ///
    /// # Errors
    /// When a saving that was cut off can't be finished. When a file is missing or can't be understood: which file, which line and field, what was expected. What can be
    /// understood but would not work is no error here: see [`Project::check`].
    pub fn open(folder: &Path) -> Result<Self, ProjectError> {
        Self::open_with_data_folder(folder, &data_folder::data_folder())
    }

    /// As [`Project::open`], with the user's data elsewhere.
    ///
    /// # Errors
    /// As [`Project::open`].
    pub fn open_with_data_folder(folder: &Path, data_folder: &Path) -> Result<Self, ProjectError> {
        let folder = absolute(folder)?;
        saving::recover(&Disk::real(), &folder).map_err(|source| ProjectError::Saving { source: Box::new(source) })?;
        let settings = load_settings(&folder)?;
        Self::read(&folder, settings, Sources::default(), data_folder)
    }

    /// The project that a folder would be with `settings` and with what `sources` put in the place of its files.
    ///
    /// # Errors
    /// As [`Project::open`].
    pub(crate) fn read(
        folder: &Path,
        settings: Settings,
        sources: Sources,
        data_folder: &Path,
    ) -> Result<Self, ProjectError> {
        let mut snapshot = Snapshot::default();
        snapshot.note(&folder.join(SETTINGS_FILE));
        let flow = settings.flow;
        let stirot = match flow.stirot() {
            Some(files) => {
                let roles = [KeyRole::Authentication, KeyRole::Encryption];
                Some(StirotStage::of(Stage::read(folder, files, roles, &sources, &mut snapshot)?)?)
            }
            None => None,
        };
        let oem = match flow.oem() {
            Some(files) => {
                let roles = [KeyRole::OemAuthentication, KeyRole::OemEncryption];
                Some(Stage::read(folder, files, roles, &sources, &mut snapshot)?)
            }
            None => None,
        };
        let data_image = match (&oem, flow.data_image().map(|file| folder.join(file))) {
            (Some(oem), Some(path)) if path.is_file() => {
                Some(ImageConfiguration::read(path, &oem.configuration, &sources, &mut snapshot)?)
            }
            (_, path) => {
                path.iter().for_each(|path| snapshot.note(path));
                None
            }
        };
        let debug_authentication = read_debug_authentication(folder, &settings, &sources, &mut snapshot)?;
        let root = match (&debug_authentication, settings.debug_authentication) {
            (Some(file), Credential::Certificate) => {
                let path = file.file(field::ROOT_KEY)?;
                snapshot.note(&path);
                Some(keys::in_use(KeyRole::DebugRoot, path, &sources)?)
            }
            _ => None,
        };
        let redirected = place::is_in_source_tree(folder).then(|| place::data_of_project(data_folder, folder));
        let first = stirot.as_ref().map(|stirot| &stirot.stage.configuration);
        let first = first.or(oem.as_ref().map(|oem| &oem.configuration)).or(debug_authentication.as_ref());
        let outputs_folder = match (&redirected, first) {
            (Some(root), _) => root.clone(),
            (None, Some(file)) => file.output()?.parent().unwrap_or(folder).to_owned(),
            (None, None) => folder.join("DA/Binary"),
        };
        Ok(Self {
            folder: folder.to_owned(),
            settings,
            sources,
            redirected,
            outputs_folder,
            stirot,
            oem,
            data_image,
            debug_authentication,
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

    /// Whether outputs go to the user's data instead of where the files say.
    pub fn outputs_are_redirected(&self) -> bool {
        self.redirected.is_some()
    }

    /// What the project file says.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Which of ST's flows it follows.
    pub fn flow(&self) -> Flow {
        self.settings.flow
    }

    /// STiRoT's configuration, in the flows that use it.
    pub fn stirot(&self) -> Option<&StirotConfiguration> {
        self.stirot.as_ref().map(|stirot| &stirot.meaning)
    }

    /// The second stage as its files say, in the flow of two boot stages. Its program is read anew each time.
    pub fn second_stage(&self) -> Option<SecondStage> {
        SecondStage::of(self)
    }

    /// The stages that run one after another, in their order; none in a flow without STiRoT.
    pub fn boot_stages(&self) -> Vec<BootStage> {
        second_stage::boot_stages(self)
    }

    /// The keys in use: authentication and encryption of each boot stage, and the debug root where certificates lead
    /// back.
    pub fn keys(&self) -> impl Iterator<Item = &KeyInUse> {
        let stirot = self.stirot.iter().flat_map(|stirot| stirot.stage.keys());
        stirot.chain(self.oem.iter().flat_map(Stage::keys)).chain(&self.root)
    }

    /// The fingerprints of the keys inside STiROT's configuration, each with its role in front.
    pub fn key_fingerprints(&self) -> Vec<String> {
        let keys = self.stirot.iter().flat_map(|stirot| stirot.stage.keys());
        keys.map(|key| format!("{} {}", key.role, key.fingerprint)).collect()
    }

    /// The keys in use that everybody has. Below a root that everybody has, the rest of the chain is no news.
    pub fn sample_keys(&self) -> Vec<SampleKey> {
        let of_chain = match &self.root {
            Some(root) if is_sample(&root.fingerprint).is_none() => self.chain_keys(),
            _ => Vec::new(),
        };
        self.keys()
            .chain(&of_chain)
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
        self.check_with(target, None)
    }

    /// What the rules find, with what was measured of a board.
    pub fn check_with(&self, target: TargetState, board: Option<&BoardFacts>) -> Vec<Finding> {
        rules::findings(self, target, board)
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

    /// The image that STiRoT installs, built and saved when it is stale; `None` in a flow without STiRoT.
    ///
    /// # Errors
    /// As [`Project::outputs`].
    pub fn image_for(&self, target: TargetState) -> Result<Option<ImageOutput>, ProjectError> {
        outputs::make_image(self, target)
    }

    /// The image of the application that the user's own boot stage starts, built and saved when it is stale; `None` in a
    /// flow without such a stage. A project may have none yet: [`ProjectError::Application`] then.
    ///
    /// # Errors
    /// As [`Project::outputs`].
    pub fn second_stage_image_for(&self, target: TargetState) -> Result<Option<ImageOutput>, ProjectError> {
        outputs::make_second_stage_image(self, target)
    }

    /// The data image that the second stage installs beside the application, built and saved when it is stale; `None` in
    /// a project without one.
    ///
    /// # Errors
    /// As [`Project::outputs`].
    pub fn data_image_for(&self, target: TargetState) -> Result<Option<ImageOutput>, ProjectError> {
        outputs::make_data_image(self, target)
    }

    /// The objects of the project's flow alone, those that are stale built and saved: they can be made before there is an
    /// application.
    ///
    /// # Errors
    /// As [`Project::outputs`].
    pub fn objects_for(&self, target: TargetState) -> Result<Vec<ObkOutput>, ProjectError> {
        outputs::make_objects(self, target)
    }

    /// The objects that a chip with STiRoT is given, made anew in memory; no file is touched. In a flow of two boot stages
    /// those of the second stage are not among them.
    ///
    /// # Errors
    /// When a rule about objects is broken, a key is locked, or the flow is without STiRoT.
    pub fn stirot_objects(&self, target: TargetState) -> Result<StirotObjects, ProjectError> {
        outputs::stirot_objects(self, target)
    }

    /// What an application of two boot stages is tried with, made in memory; no file is touched. `None` in another flow.
    ///
    /// # Errors
    /// As [`Project::stirot_objects`]; when the second stage's program can't be read, or its image not be built.
    pub fn second_stage_trial(&self, target: TargetState) -> Result<Option<SecondStageTrial>, ProjectError> {
        outputs::second_stage_trial(self, target)
    }

    /// The boot stages whose files the project holds, in the order in which they run.
    pub(crate) fn stages(&self) -> impl Iterator<Item = &Stage> {
        self.stirot.iter().map(|stirot| &stirot.stage).chain(&self.oem)
    }

    /// The file whose field names the key of a role.
    pub(crate) fn file_naming(&self, role: KeyRole) -> &Path {
        let stage = match role {
            KeyRole::Authentication | KeyRole::Encryption => self.stirot.as_ref().map(|stirot| &stirot.stage),
            KeyRole::OemAuthentication | KeyRole::OemEncryption => self.oem.as_ref(),
            KeyRole::DebugRoot | KeyRole::DebugIntermediate | KeyRole::DebugLeaf => None,
        };
        let file = stage.map(|stage| &stage.configuration).or(self.debug_authentication.as_ref());
        file.map_or(&self.folder, |file| &file.path)
    }

    /// The first configuration of the flow.
    pub(crate) fn first_file(&self) -> PathBuf {
        self.folder.join(first_file(&self.settings))
    }

    /// STiRoT's stage.
    pub(crate) fn stirot_stage(&self) -> Result<&StirotStage, ProjectError> {
        self.stirot.as_ref().ok_or(ProjectError::OtherFlow { flow: self.settings.flow })
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

/// A folder's absolute path.
pub(crate) fn absolute(folder: &Path) -> Result<PathBuf, ProjectError> {
    std::path::absolute(folder)
        .map(|folder| place::tidy(&folder))
        .map_err(|source| ProjectError::Read { path: folder.to_owned(), source })
}

/// The settings of a folder that holds the flow they name.
pub(crate) fn load_settings(folder: &Path) -> Result<Settings, ProjectError> {
    let settings = Settings::load(folder)?;
    let flow = settings.flow;
    let first = first_file(&settings);
    let images = [flow.stirot(), flow.oem()].into_iter().flatten().map(|files| files.image);
    match [first].into_iter().chain(images).find(|file| !folder.join(file).is_file()) {
        Some(missing) => Err(ProjectError::NotAProject { folder: folder.to_owned(), missing: PathBuf::from(missing) }),
        None => Ok(settings),
    }
}

/// The file without which a project isn't one.
fn first_file(settings: &Settings) -> &'static str {
    match settings.flow {
        Flow::DebugAuthentication => settings.debug_authentication.file(),
        flow => flow.first_file(),
    }
}

fn read_debug_authentication(
    folder: &Path,
    settings: &Settings,
    sources: &Sources,
    snapshot: &mut Snapshot,
) -> Result<Option<Configuration>, ProjectError> {
    let file = settings.debug_authentication.file();
    let path = folder.join(file);
    if path.is_file() {
        return Configuration::read(path, sources, snapshot).map(Some);
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
