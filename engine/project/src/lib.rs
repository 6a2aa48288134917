//! A project: a folder in the layout of ST's `ROT_Provisioning`, as types; what is wrong with it; and what comes out of
//! it, built and saved.
//!
//! Nothing here knows a board. Private keys are read where they are needed and never shown.

pub mod atomic;
pub mod data_folder;
mod error;
mod finding;
mod geometry_rules;
mod image;
pub mod keys;
mod outputs;
mod place;
mod project;
mod rules;
pub mod sample;
mod settings;
mod source_files;
mod stirot;

pub use error::ProjectError;
pub use finding::{Finding, Severity};
pub use image::ImageOutput;
pub use keys::{KeyInUse, KeyRole, SampleKey};
pub use outputs::{ObkOutput, Outputs};
pub use project::{CERTIFICATE_FILE, CONFIGURATION_FILE, IMAGE_FILE, PASSWORD_FILE, Project};
pub use settings::{Credential, LoaderSetting, SETTINGS_FILE, Settings, TargetState};
pub use stirot::{StirotConfiguration, field};
