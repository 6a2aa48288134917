//! A project: a folder in the layout of ST's `ROT_Provisioning`, as types and as an editor sees it; what is wrong with
//! it; what belongs together; and what comes out of it, built and saved.
//!
//! Nothing here knows a board. Private keys are read where they are needed and never shown.

pub mod application;
mod assessment;
pub mod atomic;
mod belonging;
pub mod binary;
pub mod certificates;
pub mod credentials;
pub mod data_folder;
pub mod disk;
mod draft;
mod error;
mod finding;
mod flow;
mod grouped;
mod image;
pub mod key_files;
pub mod keys;
pub mod loader;
mod memory_map;
mod outputs;
mod place;
mod project;
mod rules;
pub mod sample;
pub mod saving;
pub mod second_stage;
mod settings;
mod sources;
mod stage;
mod stirot;
pub mod template;
pub mod wallet;
mod workshop;

pub use assessment::{Assessment, KeyView, ObjectView, Standing};
pub use belonging::{Belonging, Link, LinkState, Part, PartId};
pub use disk::{Confidentiality, Disk, Fault};
pub use draft::{Document, DocumentRole, Draft, FieldPlace, Stored};
pub use error::ProjectError;
pub use finding::{FieldEdit, Finding, NewValue, RegionName, Remedy, Severity};
pub use flow::{CERTIFICATE_FILE, Flow, PASSWORD_FILE};
pub use grouped::grouped;
pub use image::{ImageDescription, ImageOutput, ImageRecipe, KeyName};
pub use keys::{KeyInUse, KeyRole, Protection, SampleKey};
pub use memory_map::{Lane, Memory, Moves, Placed, erase_sectors, memory_map};
pub use outputs::{Kept, ObjectRole, ObkOutput, Outputs, SecondStageOutputs, SecondStageTrial, StirotObjects};
pub use project::Project;
pub use rules::{BoardFacts, RULES, Rule, rule_of};
pub use second_stage::{BootStage, LayoutFact, RunsIn, SecondStage};
pub use settings::{Credential, LoaderSetting, SETTINGS_FILE, Settings, TargetState};
pub use sources::Sources;
pub use stirot::{StirotConfiguration, field};
pub use wallet::{Wallet, WalletEntry, WalletError, uid_from_text};
pub use workshop::{Workshop, WorkshopStage};
