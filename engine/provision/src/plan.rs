//! A plan: what will be done to a board, step by step, before any board is touched.
//!
//! A plan names image, objects and loader by hash and builds nothing. Two plans with the same hash do the same thing.

mod build;
mod checks;
mod inputs;
mod second_stage;
mod steps;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use build::plan;
pub(crate) use build::plan_of;
pub use checks::{PlanRefusal, Reason};
pub use inputs::{Identity, Input};

use crate::capability::ObjectRole;
use crate::material::{Digests, Material, ObjectDigest, SlotPair};
use crate::preflight::Finding;
use crate::record::hex;
use crate::trial::TriedBy;

/// The state a plan leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FinalState {
    /// The root of trust runs; a credential leads back.
    Closed,
    /// The root of trust runs; nothing leads back.
    Locked,
}

impl FinalState {
    /// The product state it is.
    pub fn product_state(self) -> chip::product_state::ProductState {
        match self {
            Self::Closed => chip::product_state::ProductState::Closed,
            Self::Locked => chip::product_state::ProductState::Locked,
        }
    }

    /// As a project names it.
    pub(crate) fn target(self) -> project::TargetState {
        match self {
            Self::Closed => project::TargetState::Closed,
            Self::Locked => project::TargetState::Locked,
        }
    }
}

impl std::fmt::Display for FinalState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.product_state().name())
    }
}

/// How many boot stages stand between reset and the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BootStages {
    /// STiRoT starts the application.
    One,
    /// STiRoT starts OEMuRoT, which starts the application.
    Two,
}

impl BootStages {
    /// The objects that a board has to hold beside the debug-authentication object, in the order in which it is given them.
    pub(crate) const fn objects(self) -> &'static [ObjectRole] {
        match self {
            Self::One => &[ObjectRole::Configuration, ObjectRole::Data],
            Self::Two => {
                &[ObjectRole::Configuration, ObjectRole::Data, ObjectRole::SecondConfiguration, ObjectRole::SecondData]
            }
        }
    }
}

/// The steps there are, in the order in which a plan has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepId {
    /// Measure the board and check that the plan fits it.
    Survey,
    /// By password: a regression and back, before anything else is written.
    Qualification,
    /// Option bytes for memories: TCM shares, ECC, speed of the XSPI pads.
    MemoryOptions,
    /// Every installation slot erased, every image in its download slot.
    ExternalFlash,
    /// Climb to PROVISIONING.
    Provisioning,
    /// The debug-authentication object.
    DebugAuthentication,
    /// The mailbox answers.
    Discovery,
    /// The credential leads back, and is kept.
    WayBack,
    /// STiROT_Config.
    Configuration,
    /// STiROT_Data.
    Data,
    /// OEMuROT_Config, of two boot stages.
    SecondConfiguration,
    /// OEMuROT_Data, of two boot stages.
    SecondData,
    /// Write protection and hidden area off.
    ProtectionsOff,
    /// User flash erased, iLoader written.
    Loader,
    /// Write protection of the iLoader.
    LoaderProtection,
    /// ST's root of trust selected.
    RootOfTrust,
    /// No key left in RAM.
    MemorySearch,
    /// Climb to the final state.
    FinalState,
    /// The access port refuses, discovery names the state.
    ClosedProof,
    /// The application's banner.
    Application,
}

impl StepId {
    /// Every step, in order. No plan has all of them: a way back by certificate has no qualification, LOCKED has no way
    /// back, and one boot stage no objects of a second.
    pub const ALL: [Self; 20] = [
        Self::Survey,
        Self::Qualification,
        Self::MemoryOptions,
        Self::ExternalFlash,
        Self::Provisioning,
        Self::DebugAuthentication,
        Self::Discovery,
        Self::WayBack,
        Self::Configuration,
        Self::Data,
        Self::SecondConfiguration,
        Self::SecondData,
        Self::ProtectionsOff,
        Self::Loader,
        Self::LoaderProtection,
        Self::RootOfTrust,
        Self::MemorySearch,
        Self::FinalState,
        Self::ClosedProof,
        Self::Application,
    ];

    /// The name in a journal, a record or on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Survey => "survey",
            Self::Qualification => "qualification",
            Self::MemoryOptions => "memory_options",
            Self::ExternalFlash => "external_flash",
            Self::Provisioning => "provisioning",
            Self::DebugAuthentication => "debug_authentication",
            Self::Discovery => "discovery",
            Self::WayBack => "way_back",
            Self::Configuration => "configuration",
            Self::Data => "data",
            Self::SecondConfiguration => "second_configuration",
            Self::SecondData => "second_data",
            Self::ProtectionsOff => "protections_off",
            Self::Loader => "loader",
            Self::LoaderProtection => "loader_protection",
            Self::RootOfTrust => "root_of_trust",
            Self::MemorySearch => "memory_search",
            Self::FinalState => "final_state",
            Self::ClosedProof => "closed_proof",
            Self::Application => "application",
        }
    }
}

/// Whether and how a step can be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Undo {
    /// It writes nothing.
    Nothing,
    /// It can be written again.
    Reversible,
    /// Only by a full regression, which erases user flash, memory and objects.
    ByRegression,
    /// Never.
    Never,
}

impl Undo {
    /// In words, for a step list.
    pub fn text(self) -> &'static str {
        match self {
            Self::Nothing => "writes nothing",
            Self::Reversible => "can be written again",
            Self::ByRegression => "undone by regression only",
            Self::Never => "can never be undone",
        }
    }
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which step.
    pub id: StepId,
    /// What it is called.
    pub title: String,
    /// What it writes and where, short: “NOR 0x9000 0000 · 128 KiB”.
    pub what: String,
    /// What will prove it.
    pub proof: String,
    /// Why it is done, and why here.
    pub why: String,
    /// Whether it can be taken back.
    pub undo: Undo,
    /// Bytes it moves, 0 for a step that moves none.
    pub bytes: u64,
    pub(crate) action: Action,
}

/// What the executor does for a step. Bytes of objects and image come from the outputs, which the plan names by hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    Survey,
    Qualify { obw1: Change, obw2: Change },
    MemoryOptions { obw1: Change, obw2: Change },
    ExternalFlash { slots: Vec<SlotPair>, algorithm: String },
    ToProvisioning,
    Store(ObjectRole),
    Discover,
    ProveWayBack,
    ProtectionsOff,
    Loader { address: u32 },
    ProtectLoader { wrp: u32 },
    SelectRootOfTrust,
    SearchMemory,
    ToFinalState,
    ProveClosed,
    WatchApplication,
    WatchTrial(TriedBy),
}

/// Bits of an option word: those in `mask` become those in `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) mask: u32,
    pub(crate) value: u32,
}

/// The loader that goes into user flash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LoaderSource {
    /// The one this program brings.
    Builtin,
    /// The project's own.
    File(PathBuf),
}

/// What will be done to a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The project's name.
    pub project: String,
    /// The state it leads to.
    pub final_state: FinalState,
    /// How many boot stages it provisions.
    pub stages: BootStages,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// SHA-256 over everything the plan does and is made of.
    pub hash: [u8; 32],
    /// What it is made of.
    pub inputs: Vec<Input>,
    /// Name of the board profile.
    pub profile: String,
    /// Names of the sample keys among the project's keys.
    pub sample_keys: Vec<String>,
    /// What a second boot stage expects of application and board; empty with one boot stage.
    pub expectations: Vec<Finding>,
    pub(crate) loader: Vec<u8>,
    pub(crate) loader_source: LoaderSource,
    /// The version that the application shall name.
    pub(crate) image_version: Option<String>,
    /// [`Material::digests`] of what it was made of.
    pub(crate) digests: Digests,
}

impl Plan {
    /// The step of this kind, with its place.
    pub fn step(&self, id: StepId) -> Option<(usize, &Step)> {
        self.steps.iter().enumerate().find(|(_, step)| step.id == id)
    }

    /// Whether a debug-authentication object is the one that the plan stores.
    pub(crate) fn stores(&self, object: ObjectDigest) -> bool {
        self.digests.debug_authentication == object
    }

    /// Whether this is what the plan was made of.
    pub(crate) fn is_made_of(&self, material: &Material<'_>) -> bool {
        self.digests == material.digests()
    }

    /// The hash as hexadecimal.
    pub fn hash_text(&self) -> String {
        hex(&self.hash)
    }

    /// The iLoader that it writes, plain bytes.
    pub fn loader(&self) -> &[u8] {
        &self.loader
    }

    /// The project's own file of the iLoader; `None` for the one that this program brings.
    pub fn loader_file(&self) -> Option<&std::path::Path> {
        match &self.loader_source {
            LoaderSource::Builtin => None,
            LoaderSource::File(path) => Some(path),
        }
    }

    /// Where the loader comes from, for people.
    pub fn loader_origin(&self) -> String {
        match &self.loader_source {
            LoaderSource::Builtin => "built in".into(),
            LoaderSource::File(path) => path.display().to_string(),
        }
    }
}

#[cfg(test)]
impl Plan {
    /// A plan of no steps.
    pub(crate) fn empty(final_state: FinalState) -> Self {
        Self {
            project: "sample".into(),
            final_state,
            stages: BootStages::One,
            steps: Vec::new(),
            hash: [7; 32],
            inputs: Vec::new(),
            profile: "STM32H7S78-DK".into(),
            sample_keys: Vec::new(),
            expectations: Vec::new(),
            loader: Vec::new(),
            loader_source: LoaderSource::Builtin,
            image_version: Some("1.0.0".into()),
            digests: Digests::default(),
        }
    }
}

/// Hashes a sequence of named fields, each with its length, so that no two sequences share their bytes.
#[derive(Default)]
pub(crate) struct FieldHash(Sha256);

impl FieldHash {
    pub(crate) fn field(&mut self, name: &str, value: &[u8]) {
        for part in [name.as_bytes(), value] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
