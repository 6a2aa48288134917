//! The project under edit as the window keeps it: the engine's draft, what was found out about it, and the sheets that
//! the views show of both.

use std::path::PathBuf;

use project::key_files::KeyVersion;
use project::{Assessment, BootStage, Draft, FieldPlace, KeyRole, Lane, LayoutFact, RegionName, Remedy};

use super::boot_stages::Setting;
use super::configuration::{ConfigurationSheet, FieldId, Refused, RegionId, Section, Selection};
use super::credentials::MakingFacts;
use super::keys::KeysSheet;

/// A project under edit.
#[derive(Debug)]
pub struct Editing {
    /// Its files as edited.
    pub draft: Draft,
    /// What was found out about them.
    pub found: Found,
    /// Counts the edits of all projects that this window had open: what was found out about an older state is put aside.
    pub revision: u64,
    /// The revision that `found` is about.
    pub assessed: u64,
    /// The revision that a job finds out about, or found out about last.
    pub checking: u64,
    /// Whether the files are shown, or the boot stages.
    pub section: Section,
    /// The setting of the boot stages that is looked at; `None` for the project's own.
    pub setting: Option<Setting>,
    /// Which document is shown.
    pub shown: usize,
    /// What the person picked.
    pub selected: Option<Selection>,
    /// What was typed last and could not be taken.
    pub refused: Option<(FieldId, Refused)>,
    /// What the Configuration view shows.
    pub configuration: ConfigurationSheet,
    /// What the Keys view shows.
    pub keys: KeysSheet,
}

/// What a job finds out about the files as they are edited. Whatever has to be read from the disk for the views stands here.
#[derive(Debug)]
pub struct Found {
    /// The rules, the objects, the keys, and what belongs together.
    pub assessment: Assessment,
    /// The memories with what lies in them.
    pub map: Vec<Lane>,
    /// The stages that boot, STiRoT first; none when the project can't be read.
    pub stages: Vec<BootStage>,
    /// What the second stage's program says of its layout, where there are two.
    pub layout: Option<LayoutFact>,
    /// The edit that takes the numbers of the loader's own binary, or why there is none.
    pub loader: Result<Remedy, String>,
    /// The versions of each key, the oldest first.
    pub versions: Vec<(KeyRole, Vec<KeyVersion>)>,
    /// Files that another program changed.
    pub conflicts: Vec<PathBuf>,
    /// What making debug certificates begins with.
    pub making: MakingFacts,
}

/// How a field is named in intents: its file, its section and its name.
pub fn field_id(place: &FieldPlace) -> FieldId {
    FieldId(format!("{}|{:?}|{}|{}", place.document.file(), place.key.section, place.key.name, place.key.occurrence))
}

/// How a region is named in intents.
pub fn region_id(name: RegionName) -> RegionId {
    RegionId(format!("{name:?}"))
}

impl Editing {
    /// A project that was just read, with nothing picked.
    pub fn new(draft: Draft, found: Found, revision: u64) -> Self {
        Self {
            draft,
            found,
            revision,
            assessed: revision,
            checking: revision,
            section: Section::Files,
            setting: None,
            shown: 0,
            selected: None,
            refused: None,
            configuration: ConfigurationSheet::empty(),
            keys: KeysSheet::default(),
        }
    }

    /// The field of an id.
    pub fn place(&self, id: &FieldId) -> Option<FieldPlace> {
        let of_settings = self.draft.setting_places().into_iter();
        let of_files = self.draft.documents().flat_map(|document| {
            document.form.fields().iter().map(|field| FieldPlace { document: document.role, key: field.key.clone() })
        });
        of_settings.chain(of_files).find(|place| field_id(place) == *id)
    }

    /// The role of the key at a place of the Keys view's list.
    pub fn key_role(&self, index: usize) -> Option<KeyRole> {
        self.key_roles().get(index).copied()
    }

    /// The roles of the project's keys, in the order of the Keys view: also those whose file is missing.
    pub fn key_roles(&self) -> Vec<KeyRole> {
        key_roles(&self.draft)
    }
}

/// The roles of a project's keys, also of those whose file is missing.
pub fn key_roles(draft: &Draft) -> Vec<KeyRole> {
    const ALL: [KeyRole; 5] = [
        KeyRole::Authentication,
        KeyRole::Encryption,
        KeyRole::OemAuthentication,
        KeyRole::OemEncryption,
        KeyRole::DebugRoot,
    ];
    let shown: Vec<_> = draft.documents().map(|document| document.role).collect();
    let used = |role: &KeyRole| draft.key_place(*role).is_some_and(|(place, _)| shown.contains(&place.document));
    ALL.into_iter().filter(used).collect()
}
