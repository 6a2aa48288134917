//! The project file's values as texts in fields, as those of ST's files are.

use std::path::Path;

use formats::form::FieldKey;

use super::{DocumentRole, FieldPlace};
use crate::error::ProjectError;
use crate::flow::Flow;
use crate::settings::{Credential, LoaderSetting, SETTINGS_FILE, Settings, TargetState};

/// The fields, as the project file names them.
pub(super) const FIELDS: [&str; 6] = ["name", "board", "flow", "final_state", "debug_authentication", "loader"];

const BUILTIN: &str = "builtin";

pub(super) fn place(field: &str) -> Option<FieldPlace> {
    FIELDS.contains(&field).then(|| FieldPlace { document: DocumentRole::Settings, key: FieldKey::field(field) })
}

/// What a field says.
pub(super) fn text(settings: &Settings, folder: &Path, field: &str) -> Option<String> {
    Some(match field {
        "name" => settings.name.clone(),
        "board" => settings.board.clone(),
        "flow" => flow_word(settings.flow).to_owned(),
        "final_state" => match settings.final_state {
            TargetState::Closed => "closed".to_owned(),
            TargetState::Locked => "locked".to_owned(),
        },
        "debug_authentication" => match settings.debug_authentication {
            Credential::Certificate => "certificate".to_owned(),
            Credential::Password => "password".to_owned(),
        },
        "loader" => match &settings.loader {
            LoaderSetting::Builtin => BUILTIN.to_owned(),
            LoaderSetting::File(path) => path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/"),
        },
        _ => return None,
    })
}

/// The values that a field can have, each with what it means.
pub(super) fn choices(folder: &Path, field: &str) -> Vec<(&'static str, String)> {
    let fixed =
        |choices: &[(&'static str, &str)]| choices.iter().map(|(word, text)| (*word, (*text).to_owned())).collect();
    match field {
        "flow" => Flow::present_in(folder).map(|flow| (flow_word(flow), flow.summary().to_owned())).collect(),
        "final_state" => fixed(&[("closed", "CLOSED"), ("locked", "LOCKED, for ever")]),
        "debug_authentication" => fixed(&[("certificate", "certificate chain"), ("password", "password")]),
        _ => Vec::new(),
    }
}

/// A flow's word in the project file.
const fn flow_word(flow: Flow) -> &'static str {
    match flow {
        Flow::Stirot => "stirot",
        Flow::StirotOemurot => "stirot_oemurot",
        Flow::Oemirot => "oemirot",
        Flow::DebugAuthentication => "da",
    }
}

/// Writes a field and gives what stood there.
pub(super) fn write(settings: &mut Settings, folder: &Path, key: &FieldKey, new: &str) -> Result<String, ProjectError> {
    let wrong = |problem: String| ProjectError::Settings { path: folder.join(SETTINGS_FILE), line: 1, problem };
    let before = text(settings, folder, &key.name).ok_or_else(|| wrong(format!("it has no “{}”", key.name)))?;
    let none_of = |words: &str| wrong(format!("“{new}” is no {}; expected {words}", key.name.replace('_', " ")));
    match key.name.as_str() {
        "name" if new.trim().is_empty() => return Err(wrong("a project needs a name".into())),
        "name" => settings.name = new.to_owned(),
        "board" => settings.board = new.to_owned(),
        "flow" => {
            let named = Flow::ALL.into_iter().find(|flow| flow_word(*flow) == new);
            let flow = named.ok_or_else(|| none_of("stirot, stirot_oemurot, oemirot or da"))?;
            if !Flow::present_in(folder).any(|present| present == flow) {
                return Err(wrong(format!("the folder has no {}", flow.first_file())));
            }
            settings.flow = flow;
        }
        "final_state" => {
            settings.final_state = match new {
                "closed" => TargetState::Closed,
                "locked" => TargetState::Locked,
                _ => return Err(none_of("closed or locked")),
            }
        }
        "debug_authentication" => {
            settings.debug_authentication = match new {
                "certificate" => Credential::Certificate,
                "password" => Credential::Password,
                _ => return Err(none_of("certificate or password")),
            }
        }
        _ => {
            settings.loader = match new {
                BUILTIN => LoaderSetting::Builtin,
                path => LoaderSetting::File(folder.join(path.replace('\\', "/"))),
            }
        }
    }
    Ok(before)
}
