//! The views: each reads the model, keeps its own small state, and pushes commands.

pub(crate) mod board;
pub(crate) mod boot_lab;
pub(crate) mod certificates;
pub(crate) mod configuration;
pub(crate) mod debug;
pub(crate) mod doctor;
pub(crate) mod images;
pub(crate) mod keys;
pub(crate) mod keys_sections;
pub(crate) mod object_file;
pub(crate) mod provision;
pub(crate) mod updating;
pub(crate) mod wallet;
