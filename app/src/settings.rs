//! What the window remembers between starts: theme, project, board. Nothing precious: a file that can't be read
//! counts as absent.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::{Model, ThemeChoice};

/// The settings file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The theme.
    pub theme: ThemeChoice,
    /// Projects opened, newest first.
    pub projects: Vec<PathBuf>,
    /// The board of last time, by its address.
    pub board: Option<String>,
}

impl Settings {
    /// What was remembered, or nothing.
    pub fn load(data_folder: &Path) -> Self {
        let path = file(data_folder);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                log::warn!("{} is not readable and counts as absent: {error}", path.display());
                Self::default()
            }),
            Err(_) => Self::default(),
        }
    }

    /// What a model would have remembered.
    pub fn of(model: &Model) -> Self {
        Self {
            theme: model.theme,
            projects: model.recent.clone(),
            board: model.board.as_ref().map(|board| board.address.clone()),
        }
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// The system's refusal.
    pub fn save(&self, data_folder: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(data_folder)?;
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::other)?;
        project::atomic::write(&file(data_folder), text.as_bytes())
    }
}

fn file(data_folder: &Path) -> PathBuf {
    data_folder.join("settings.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_and_nonsense_counts_as_absent() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Settings::load(folder.path()), Settings::default());
        let settings = Settings {
            theme: ThemeChoice::Light,
            projects: vec![PathBuf::from("a project")],
            board: Some("b.board".to_owned()),
        };
        settings.save(folder.path()).unwrap();
        assert_eq!(Settings::load(folder.path()), settings);
        std::fs::write(file(folder.path()), b"{ not json").unwrap();
        assert_eq!(Settings::load(folder.path()), Settings::default());
    }
}
