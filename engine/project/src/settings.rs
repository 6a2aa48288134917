//! What a project says beyond ST's files: `stirot-studio.toml`, versioned.
//!
//! A folder without it opens with defaults; ST's `default_state.txt` is read then, where it exists.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chip::option_bytes::DebugAuthentication;
use chip::product_state::ProductState;
use serde::{Deserialize, Serialize};

use crate::atomic;
use crate::error::ProjectError;

/// Name of the project file.
pub const SETTINGS_FILE: &str = "stirot-studio.toml";

/// The layout that this version reads and writes.
pub(crate) const SETTINGS_FORMAT: i64 = 1;

const DEFAULT_BOARD: &str = "STM32H7S78-DK";
const BUILTIN: &str = "builtin";

/// The product state a project is to end in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetState {
    /// The root of trust runs; a credential leads back.
    #[default]
    Closed,
    /// The root of trust runs; nothing leads back.
    Locked,
}

impl TargetState {
    /// As a product state.
    pub const fn product_state(self) -> ProductState {
        match self {
            Self::Closed => ProductState::Closed,
            Self::Locked => ProductState::Locked,
        }
    }
}

/// The credential that leads back from CLOSED.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Credential {
    /// A certificate chain below the project's root key.
    #[default]
    Certificate,
    /// A password; it grants regression only.
    Password,
}

impl Credential {
    /// As the chip's option bytes name it.
    pub const fn method(self) -> DebugAuthentication {
        match self {
            Self::Certificate => DebugAuthentication::Certificate,
            Self::Password => DebugAuthentication::Password,
        }
    }
}

/// The loader that goes into user flash.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LoaderSetting {
    /// The one this program brings.
    #[default]
    Builtin,
    /// A binary of the user's, as an absolute path.
    File(PathBuf),
}

/// The settings of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the project is called.
    pub name: String,
    /// Name of the board profile.
    pub board: String,
    /// Where provisioning ends unless told otherwise.
    pub final_state: TargetState,
    /// The way back from CLOSED.
    pub debug_authentication: Credential,
    /// The loader.
    pub loader: LoaderSetting,
}

/// The file as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: i64,
    name: Option<String>,
    #[serde(default = "default_board")]
    board: String,
    #[serde(default)]
    final_state: TargetState,
    #[serde(default)]
    debug_authentication: Credential,
    #[serde(default = "default_loader")]
    loader: String,
}

fn default_board() -> String {
    DEFAULT_BOARD.into()
}

fn default_loader() -> String {
    BUILTIN.into()
}

impl Settings {
    /// The settings of a folder that has no project file.
    pub fn defaults(folder: &Path) -> Self {
        let (final_state, debug_authentication) = defaults_of_st(folder);
        Self {
            name: folder_name(folder),
            board: default_board(),
            final_state,
            debug_authentication,
            loader: LoaderSetting::Builtin,
        }
    }

    /// Reads the project file of `folder`, or gives the defaults when there is none.
    pub fn load(folder: &Path) -> Result<Self, ProjectError> {
        let path = folder.join(SETTINGS_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::defaults(folder)),
            Err(source) => return Err(ProjectError::Read { path, source }),
        };
        let file = parse(&path, &text)?;
        Ok(Self {
            name: file.name.unwrap_or_else(|| folder_name(folder)),
            board: file.board,
            final_state: file.final_state,
            debug_authentication: file.debug_authentication,
            loader: match file.loader.as_str() {
                BUILTIN => LoaderSetting::Builtin,
                path => LoaderSetting::File(folder.join(path.replace('\\', "/"))),
            },
        })
    }

    /// Saves the project file of `folder`, whole or not at all. Comments in the old one are lost.
    pub fn save(&self, folder: &Path) -> Result<(), ProjectError> {
        let path = folder.join(SETTINGS_FILE);
        let failed = |source| ProjectError::Write { path: path.clone(), source };
        let loader = match &self.loader {
            LoaderSetting::Builtin => BUILTIN.into(),
            LoaderSetting::File(file) => {
                let shown = file.strip_prefix(folder).unwrap_or(file);
                let text =
                    shown.to_str().ok_or_else(|| failed(io::Error::other("the loader's path is no Unicode text")))?;
                text.replace('\\', "/")
            }
        };
        let file = File {
            format: SETTINGS_FORMAT,
            name: Some(self.name.clone()),
            board: self.board.clone(),
            final_state: self.final_state,
            debug_authentication: self.debug_authentication,
            loader,
        };
        let text = toml::to_string(&file).map_err(|error| failed(io::Error::other(error)))?;
        atomic::write(&path, text.as_bytes()).map_err(failed)
    }
}

fn parse(path: &Path, text: &str) -> Result<File, ProjectError> {
    let wrong = |error: toml::de::Error| ProjectError::Settings {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| line_at(text, span.start)),
        problem: error.message().to_owned(),
    };
    // The version is looked at first: a newer file may hold what this version has never heard of.
    let table: toml::Table = toml::from_str(text).map_err(wrong)?;
    match table.get("format").and_then(toml::Value::as_integer) {
        Some(found) if found != SETTINGS_FORMAT => {
            Err(ProjectError::SettingsFormat { path: path.to_owned(), found, known: SETTINGS_FORMAT })
        }
        _ => toml::from_str(text).map_err(wrong),
    }
}

/// The line, counted from 1, that holds the byte at `offset`.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

fn folder_name(folder: &Path) -> String {
    folder.file_name().map_or_else(|| "project".into(), |name| name.to_string_lossy().into_owned())
}

/// ST's scripts keep their answers in `default_state.txt`, `key=VALUE` a line. What it does not say stays default.
fn defaults_of_st(folder: &Path) -> (TargetState, Credential) {
    let text = fs::read_to_string(folder.join("STiROT/Config/default_state.txt")).unwrap_or_default();
    let value = |key: &str| {
        text.lines()
            .filter_map(|line| line.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case(key))
            .map(|(_, value)| value.trim().to_ascii_uppercase())
    };
    let state = match value("default_product_state").as_deref() {
        Some("LOCKED") => TargetState::Locked,
        _ => TargetState::Closed,
    };
    let credential = match value("default_dbgauth").as_deref() {
        Some("PASSWORD") => Credential::Password,
        _ => Credential::Certificate,
    };
    (state, credential)
}
