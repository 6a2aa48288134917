//! Which of ST's provisioning flows a project follows, and where that flow keeps its files. ST's `ROT_Provisioning`
//! holds all four side by side; the keys and objects of debug authentication are common to them.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Where a project keeps the object for certificates, below its folder.
pub const CERTIFICATE_FILE: &str = "DA/Config/DA_Config.xml";
/// Where a project keeps the object for a password.
pub const PASSWORD_FILE: &str = "DA/Config/DA_ConfigWithPassword.xml";

/// A flow of ST's (`formats.md` §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// One boot stage: STiRoT verifies and starts the application.
    Stirot,
    /// Two boot stages: STiRoT starts OEMuRoT, which verifies and starts the application.
    StirotOemurot,
    /// The user's own root of trust in user flash; STiRoT takes no part.
    Oemirot,
    /// Debug authentication alone.
    #[serde(rename = "da")]
    DebugAuthentication,
}

/// The files of one boot stage, below the project's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageFiles {
    /// Its configuration.
    pub configuration: &'static str,
    /// The settings of the image that it verifies.
    pub image: &'static str,
}

impl Flow {
    /// All of them, in the order in which a folder is searched for them.
    pub const ALL: [Self; 4] = [Self::Stirot, Self::StirotOemurot, Self::Oemirot, Self::DebugAuthentication];

    /// The flow's folder below the project's.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Stirot => "STiROT",
            Self::StirotOemurot => "STiROT_OEMuROT",
            Self::Oemirot => "OEMiROT",
            Self::DebugAuthentication => "DA",
        }
    }

    /// STiRoT's files, in the flows that use it.
    pub const fn stirot(self) -> Option<StageFiles> {
        match self {
            Self::Stirot => Some(StageFiles {
                configuration: "STiROT/Config/STiROT_Config.xml",
                image: "STiROT/Image/STiROT_Code_Image.xml",
            }),
            Self::StirotOemurot => Some(StageFiles {
                configuration: "STiROT_OEMuROT/Config/STiROT_Config.xml",
                image: "STiROT_OEMuROT/Images/STiROT_Code_Image.xml",
            }),
            Self::Oemirot | Self::DebugAuthentication => None,
        }
    }

    /// The files of the user's own boot stage, in the flows that have one.
    pub const fn oem(self) -> Option<StageFiles> {
        match self {
            Self::StirotOemurot => Some(StageFiles {
                configuration: "STiROT_OEMuROT/Config/OEMuROT_Config.xml",
                image: "STiROT_OEMuROT/Images/OEMuROT_Code_Image.xml",
            }),
            Self::Oemirot => Some(StageFiles {
                configuration: "OEMiROT/Config/OEMiROT_Config.xml",
                image: "OEMiROT/Images/OEMiROT_Code_Image.xml",
            }),
            Self::Stirot | Self::DebugAuthentication => None,
        }
    }

    /// The settings of a data image that the second stage installs beside the application: a file that need not be there.
    pub const fn data_image(self) -> Option<&'static str> {
        match self {
            Self::StirotOemurot => Some("STiROT_OEMuROT/Images/OEMuROT_Data_Image.xml"),
            Self::Stirot | Self::Oemirot | Self::DebugAuthentication => None,
        }
    }

    /// The flow in a few words.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Stirot => "one boot stage",
            Self::StirotOemurot => "two boot stages",
            Self::Oemirot => "own root of trust",
            Self::DebugAuthentication => "debug authentication only",
        }
    }

    /// The file without which a folder doesn't hold this flow.
    pub const fn first_file(self) -> &'static str {
        match (self.stirot(), self.oem()) {
            (Some(files), _) | (None, Some(files)) => files.configuration,
            (None, None) => CERTIFICATE_FILE,
        }
    }

    /// The flows that a folder holds, told by their own folders: whether their files are whole shows when they are read.
    pub fn present_in(folder: &Path) -> impl Iterator<Item = Self> {
        let folder = folder.to_owned();
        Self::ALL.into_iter().filter(move |flow| folder.join(flow.folder()).is_dir())
    }

    /// The answers that ST's scripts keep for this flow.
    pub(crate) fn default_state_file(self, folder: &Path) -> PathBuf {
        folder.join(self.folder()).join("Config/default_state.txt")
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.summary())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_every_flow_of_sts_is_taken_for_one_boot_stage_first() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Flow::present_in(folder.path()).next(), None);
        for flow in Flow::ALL {
            let file = folder.path().join(flow.first_file());
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        assert_eq!(Flow::present_in(folder.path()).collect::<Vec<_>>(), Flow::ALL);
    }

    #[test]
    fn a_flow_has_the_name_that_its_folder_has_in_the_project_file() {
        for (flow, name) in Flow::ALL.into_iter().zip(["stirot", "stirot_oemurot", "oemirot", "da"]) {
            #[derive(Serialize)]
            struct File {
                flow: Flow,
            }
            assert_eq!(toml::to_string(&File { flow }).unwrap(), format!("flow = \"{name}\"\n"));
        }
    }
}
