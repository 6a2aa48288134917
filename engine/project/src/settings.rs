//! What a project says beyond ST's files: `stirot-studio.toml`, versioned.
//!
//! A folder without it opens with defaults; ST's `default_state.txt` is read then, where it exists. Saving changes
//! values only: comments and order stay.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chip::option_bytes::DebugAuthentication;
use chip::product_state::ProductState;
use serde::{Deserialize, Serialize};

use crate::error::ProjectError;
use crate::flow::{CERTIFICATE_FILE, Flow, PASSWORD_FILE};

/// Name of the project file.
pub const SETTINGS_FILE: &str = "stirot-studio.toml";

/// The layout that this version writes; format 1 had no `flow`.
pub(crate) const SETTINGS_FORMAT: i64 = 2;

pub(crate) const DEFAULT_BOARD: &str = "STM32H7S78-DK";
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
    /// The configuration of its object, below the project's folder.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Certificate => CERTIFICATE_FILE,
            Self::Password => PASSWORD_FILE,
        }
    }

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
    /// Which of ST's flows it follows.
    pub flow: Flow,
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
    flow: Option<Flow>,
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
        let flow = Flow::present_in(folder).next().unwrap_or(Flow::Stirot);
        let (final_state, debug_authentication) = defaults_of_st(&flow.default_state_file(folder));
        Self {
            name: folder_name(folder),
            board: default_board(),
            flow,
            final_state,
            debug_authentication,
            loader: LoaderSetting::Builtin,
        }
    }

    /// Reads the project file of `folder`, or gives the defaults when there is none.
    pub fn load(folder: &Path) -> Result<Self, ProjectError> {
        let path = folder.join(SETTINGS_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(folder, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::defaults(folder)),
            Err(source) => Err(ProjectError::Read { path, source }),
        }
    }

    /// What the text of a project file in `folder` says.
    ///
    /// # Errors
    /// With the line, when a value means nothing or the file is of another format.
    pub fn parse(folder: &Path, text: &str) -> Result<Self, ProjectError> {
        let file = parse(&folder.join(SETTINGS_FILE), text)?;
        Ok(Self {
            name: file.name.unwrap_or_else(|| folder_name(folder)),
            board: file.board,
            flow: file.flow.or_else(|| Flow::present_in(folder).next()).unwrap_or(Flow::Stirot),
            final_state: file.final_state,
            debug_authentication: file.debug_authentication,
            loader: match file.loader.as_str() {
                BUILTIN => LoaderSetting::Builtin,
                path => LoaderSetting::File(folder.join(path.replace('\\', "/"))),
            },
        })
    }

    /// The text of the project file, with `present`, the text that is there, changed where its values are others:
    /// comments stay. A present text that can't be understood is replaced whole.
    ///
    /// # Errors
    /// When the loader's path is no Unicode text.
    pub fn to_text(&self, folder: &Path, present: &str) -> Result<String, ProjectError> {
        let failed = |source| ProjectError::Write { path: folder.join(SETTINGS_FILE), source };
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
            flow: Some(self.flow),
            final_state: self.final_state,
            debug_authentication: self.debug_authentication,
            loader,
        };
        let fresh = toml_edit::ser::to_document(&file).map_err(|error| failed(io::Error::other(error)))?;
        let mut document = present.parse::<toml_edit::DocumentMut>().unwrap_or_default();
        for (key, item) in fresh.iter() {
            let value =
                |item: &toml_edit::Item| item.as_value().map(|value| value.clone().decorated("", "").to_string());
            match document.get_mut(key) {
                Some(there) if value(there) == value(item) => {}
                Some(toml_edit::Item::Value(there)) => {
                    let decor = there.decor().clone();
                    if let Some(new) = item.as_value() {
                        *there = new.clone();
                        *there.decor_mut() = decor;
                    }
                }
                _ => {
                    document.insert(key, item.clone());
                }
            }
        }
        Ok(document.to_string())
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
        Some(found) if !(1..=SETTINGS_FORMAT).contains(&found) => {
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
fn defaults_of_st(file: &Path) -> (TargetState, Credential) {
    let text = fs::read_to_string(file).unwrap_or_default();
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
