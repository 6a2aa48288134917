//! A project under edit: its files as forms, edits that can be taken back, what others did to the files meanwhile, and
//! saving. An edit changes one value's text and leaves the rest of its file alone. Judging what an edit leads to is the
//! assessment's business.

mod edits;
mod history;
mod settings_form;
mod storing;
mod unsaved;

use std::fmt;
use std::path::{Path, PathBuf};

use formats::form::{FieldKey, Form, FormField};
use formats::{FormatError, Passphrase};

pub use storing::Stored;

use crate::assessment::{self, Assessment};
use crate::data_folder;
use crate::disk::Disk;
use crate::error::ProjectError;
use crate::flow::{CERTIFICATE_FILE, Flow, PASSWORD_FILE};
use crate::key_files;
use crate::keys::KeyRole;
use crate::project::{Project, absolute, load_settings};
use crate::rules::BoardFacts;
use crate::saving::{self, Recovered};
use crate::settings::{SETTINGS_FILE, Settings};
use crate::sources::{Sources, digest};
use history::History;

/// A project under edit. It may hold a password: it can't be printed.
#[derive(Clone)]
pub struct Draft {
    folder: PathBuf,
    data_folder: PathBuf,
    settings: Settings,
    /// What the project file on the disk says, or the folder without one; `None` when it can't be understood.
    saved_settings: Option<Settings>,
    /// SHA-256 of the project file when it was read; `None` when there was none.
    settings_on_disk: Option<[u8; 32]>,
    documents: Vec<Document>,
    history: History,
    /// Protected keys that were opened.
    opened_keys: Sources,
    recovered: Recovered,
    /// Edits left unsaved that could not be taken up again.
    not_restored: Vec<String>,
}

/// A file of ST's dialect under edit.
#[derive(Clone)]
pub struct Document {
    /// Which file it is.
    pub role: DocumentRole,
    /// Its path.
    pub path: PathBuf,
    /// It as edited.
    pub form: Form,
    /// It as it was read or saved last: what remains when all edits are taken back.
    unedited: Form,
    /// What the disk has, as far as is known; `None` when it has none, or one that is no xml of ST's dialect. Another
    /// one than `unedited` only when a person decided against it.
    saved: Option<Form>,
    /// SHA-256 of the file when it was read or saved; `None` when there was none.
    on_disk: Option<[u8; 32]>,
}

/// Which of a project's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DocumentRole {
    /// The project file, `stirot-studio.toml`.
    Settings,
    /// STiRoT's configuration in this flow.
    StirotConfig(Flow),
    /// The settings of the image that STiRoT starts.
    StirotImage(Flow),
    /// The configuration of the user's own boot stage.
    OemConfig(Flow),
    /// The settings of the image that it starts.
    OemImage(Flow),
    /// The settings of the data image that it installs beside; a project need not have it.
    OemDataImage(Flow),
    /// Debug authentication by certificate.
    DaCertificate,
    /// Debug authentication by password.
    DaPassword,
}

/// A field of a project.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldPlace {
    /// The file.
    pub document: DocumentRole,
    /// The field in it.
    pub key: FieldKey,
}

impl DocumentRole {
    /// A title for people.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Settings => "Project",
            Self::StirotConfig(_) => "STiRoT",
            Self::StirotImage(_) => "Image",
            Self::OemConfig(Flow::Oemirot) => "OEMiRoT",
            Self::OemConfig(_) => "OEMuRoT",
            Self::OemImage(_) => "Application image",
            Self::OemDataImage(_) => "Data image",
            Self::DaCertificate | Self::DaPassword => "Debug authentication",
        }
    }

    /// The file, below the project's folder.
    pub const fn file(self) -> &'static str {
        let files = match self {
            Self::Settings => return SETTINGS_FILE,
            Self::OemDataImage(flow) => {
                return match flow.data_image() {
                    Some(file) => file,
                    None => "",
                };
            }
            Self::DaCertificate => return CERTIFICATE_FILE,
            Self::DaPassword => return PASSWORD_FILE,
            Self::StirotConfig(flow) | Self::StirotImage(flow) => flow.stirot(),
            Self::OemConfig(flow) | Self::OemImage(flow) => flow.oem(),
        };
        match (files, self) {
            (Some(files), Self::StirotConfig(_) | Self::OemConfig(_)) => files.configuration,
            (Some(files), _) => files.image,
            (None, _) => "",
        }
    }

    /// The files of ST's dialect that a flow consists of.
    fn of_flow(flow: Flow) -> Vec<Self> {
        let mut roles = Vec::new();
        if flow.stirot().is_some() {
            roles.extend([Self::StirotConfig(flow), Self::StirotImage(flow)]);
        }
        if flow.oem().is_some() {
            roles.extend([Self::OemConfig(flow), Self::OemImage(flow)]);
        }
        roles.extend(flow.data_image().map(|_| Self::OemDataImage(flow)));
        roles.extend([Self::DaCertificate, Self::DaPassword]);
        roles
    }
}

impl Document {
    fn read(folder: &Path, role: DocumentRole) -> Result<Self, ProjectError> {
        let path = folder.join(role.file());
        let bytes =
            Sources::default().read(&path).map_err(|source| ProjectError::Read { path: path.clone(), source })?;
        let form = Form::read(&bytes).map_err(|source| ProjectError::Configuration { path: path.clone(), source })?;
        let mut document = Self { role, unedited: form.clone(), saved: None, form, on_disk: None, path };
        document.is_saved();
        Ok(document)
    }

    /// Notes that the disk has what stands here.
    fn is_saved(&mut self) {
        self.unedited = self.form.clone();
        self.saved = Some(self.form.clone());
        self.on_disk = Some(digest(self.form.source().as_bytes()));
    }

    /// Whether it differs from what the disk had when it was read or saved last.
    pub fn is_edited(&self) -> bool {
        self.saved.as_ref().is_none_or(|saved| self.form.source() != saved.source())
    }

    /// The fields whose values differ from the saved ones.
    fn edited_fields(&self) -> impl Iterator<Item = &FormField> {
        differing(&self.form, self.saved.as_ref())
    }

    /// Gives a field another value. A value that is taken back leaves no trace, where an edit had to add an element
    /// neither.
    fn set(&mut self, key: &FieldKey, text: &str) -> Result<(), FormatError> {
        let edited = self.form.with_value(key, text)?;
        let value = |form: &Form| form.field(key).map(|field| field.value.clone());
        self.form = if value(&edited) == value(&self.unedited) {
            differing(&edited, Some(&self.unedited))
                .try_fold(self.unedited.clone(), |form, field| form.with_value(&field.key, &field.value))?
        } else {
            edited
        };
        Ok(())
    }
}

/// The fields of a form whose values differ from those of another, or that the other lacks.
fn differing<'a>(form: &'a Form, other: Option<&Form>) -> impl Iterator<Item = &'a FormField> {
    form.fields().iter().filter(move |field| {
        let there = other.and_then(|other| other.field(&field.key));
        there.is_none_or(|there| there.value != field.value)
    })
}

impl Draft {
    /// Opens a folder for editing. A saving that was cut off is finished first, and edits that were left unsaved are
    /// taken up again.
    ///
    /// # Errors
    /// When the folder holds no flow of ST's, or a file of it is no xml of ST's dialect: which file and line.
    pub fn open(folder: &Path) -> Result<Self, ProjectError> {
        Self::open_with(folder, &data_folder::data_folder(), &Disk::real())
    }

    /// As [`Draft::open`], with the user's data elsewhere and through a disk of the caller's choice.
    ///
    /// # Errors
    /// As [`Draft::open`].
    pub fn open_with(folder: &Path, data_folder: &Path, disk: &Disk) -> Result<Self, ProjectError> {
        Ok(Self::open_saved_with(folder, data_folder, disk)?.with_unsaved())
    }

    /// Opens a folder as the disk has it: edits that were left unsaved stay where they are. A saving that was cut off is
    /// finished first.
    ///
    /// # Errors
    /// As [`Draft::open`].
    pub fn open_saved(folder: &Path) -> Result<Self, ProjectError> {
        Self::open_saved_with(folder, &data_folder::data_folder(), &Disk::real())
    }

    /// As [`Draft::open_saved`], with the user's data elsewhere and through a disk of the caller's choice.
    ///
    /// # Errors
    /// As [`Draft::open`].
    pub fn open_saved_with(folder: &Path, data_folder: &Path, disk: &Disk) -> Result<Self, ProjectError> {
        let folder = absolute(folder)?;
        let recovered =
            saving::recover(disk, &folder).map_err(|source| ProjectError::Saving { source: Box::new(source) })?;
        let settings = load_settings(&folder)?;
        let mut documents = Vec::new();
        // Every flow that the folder holds, so that another can be chosen without losing an edit.
        for flow in Flow::present_in(&folder) {
            for role in DocumentRole::of_flow(flow) {
                if !folder.join(role.file()).is_file() || documents.iter().any(|known: &Document| known.role == role) {
                    continue;
                }
                match Document::read(&folder, role) {
                    Ok(document) => documents.push(document),
                    // A broken file of another flow is told when that flow is chosen.
                    Err(_) if !DocumentRole::of_flow(settings.flow).contains(&role) => {}
                    Err(problem) => return Err(problem),
                }
            }
        }
        let settings_on_disk = crate::sources::on_disk(&folder.join(SETTINGS_FILE));
        Ok(Self {
            data_folder: data_folder.to_owned(),
            saved_settings: Some(settings.clone()),
            settings,
            settings_on_disk,
            documents,
            history: History::default(),
            opened_keys: Sources::default(),
            recovered,
            not_restored: Vec::new(),
            folder,
        })
    }

    /// The same with the edits taken up that were left unsaved.
    #[must_use]
    pub fn with_unsaved(&self) -> Self {
        let mut draft = self.clone();
        draft.restore_unsaved();
        draft
    }

    /// The project's folder, as an absolute path.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the project file says, as edited.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What opening found of a saving that was cut off.
    pub fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// Why edits that were left unsaved last time could not be taken up again.
    pub fn not_restored(&self) -> &[String] {
        &self.not_restored
    }

    /// What a field of the project file says, as edited.
    pub fn setting(&self, field: &str) -> Option<String> {
        settings_form::text(&self.settings, &self.folder, field)
    }

    /// Whether the project file differs from what was read or saved.
    pub fn settings_are_edited(&self) -> bool {
        self.saved_settings.as_ref() != Some(&self.settings)
    }

    /// The fields of the project file.
    pub fn setting_places(&self) -> Vec<FieldPlace> {
        settings_form::FIELDS.iter().filter_map(|field| settings_form::place(field)).collect()
    }

    /// The values that a field of the project file can have, each with what it means; none where any text will do.
    pub fn setting_choices(&self, field: &str) -> Vec<(&'static str, String)> {
        settings_form::choices(&self.folder, field)
    }

    /// The files of the flow that is chosen, in their order; of debug authentication the one that is chosen.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        let other = match self.settings.debug_authentication {
            crate::settings::Credential::Certificate => DocumentRole::DaPassword,
            crate::settings::Credential::Password => DocumentRole::DaCertificate,
        };
        let roles = DocumentRole::of_flow(self.settings.flow).into_iter().filter(move |role| *role != other);
        roles.filter_map(|role| self.document(role))
    }

    /// One of the project's files.
    pub fn document(&self, role: DocumentRole) -> Option<&Document> {
        self.documents.iter().find(|document| document.role == role)
    }

    /// The form of a file; the project file's own fields, too.
    pub fn field(&self, place: &FieldPlace) -> Option<&FormField> {
        self.document(place.document)?.form.field(&place.key)
    }

    /// The place of a field that a finding names.
    pub fn place_of(&self, file: &Path, field: &str) -> Option<FieldPlace> {
        if file == self.folder.join(SETTINGS_FILE) {
            return settings_form::place(field);
        }
        let document = self.documents.iter().find(|document| document.path == file)?;
        let keys = [FieldKey::field(field), FieldKey::info(field)];
        let key = keys.into_iter().find(|key| document.form.field(key).is_some())?;
        Some(FieldPlace { document: document.role, key })
    }

    /// Opens a protected key of the project with its passphrase.
    ///
    /// # Errors
    /// When the passphrase is another, or the file holds no private key.
    pub fn unlock(&mut self, role: KeyRole, key: &Path, passphrase: &Passphrase) -> Result<(), ProjectError> {
        self.opened_keys.unlock(role, key, passphrase)
    }

    /// Writes the public half of a key to a file that isn't there yet; one that holds it already is left as it is.
    ///
    /// # Errors
    /// When the key can't be read, or the file holds something else or can't be written.
    pub fn export_public(&self, disk: &Disk, role: KeyRole, to: &Path) -> Result<(), ProjectError> {
        let key = self.opened_keys.public_key(role, &self.require_key(role)?)?;
        key_files::export_public(disk, &key, to).map_err(|source| ProjectError::KeyFile { source: Box::new(source) })
    }

    /// Writes a key in the clear to a file that isn't there yet, so that ST's tools can read it: only when a person asks
    /// for just that.
    ///
    /// # Errors
    /// When the key can't be read or wasn't opened, or the file holds something else or can't be written.
    pub fn export_clear(&self, disk: &Disk, role: KeyRole, to: &Path) -> Result<(), ProjectError> {
        let key = self.opened_keys.private_key(role, &self.require_key(role)?)?;
        key_files::export_clear(disk, &key, to).map_err(|source| ProjectError::KeyFile { source: Box::new(source) })
    }

    fn require_key(&self, role: KeyRole) -> Result<PathBuf, ProjectError> {
        let key = self.key_place(role).map(|(_, path)| path);
        key.ok_or_else(|| self.no_such_field(&self.folder, role.field()))
    }

    /// What the project is read through: the disk, with what is edited in the place of its files.
    pub fn sources(&self) -> Sources {
        let mut sources = self.opened_keys.clone();
        for document in self.documents.iter().filter(|document| document.is_edited()) {
            sources.put_edited(&document.path, document.form.source().as_bytes());
        }
        sources
    }

    /// The project as edited.
    ///
    /// # Errors
    /// As [`Project::open`].
    pub fn project(&self) -> Result<Project, ProjectError> {
        Project::read(&self.folder, self.settings.clone(), self.sources(), &self.data_folder)
    }

    /// Everything that can be told about the project as edited; `board` is what was measured of the one on the table.
    pub fn assess(&self, board: Option<&BoardFacts>) -> Assessment {
        assessment::assess(self, board)
    }
}

/// The folder. Everything else may hold a password.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draft({}, {} documents)", self.folder.display(), self.documents.len())
    }
}
