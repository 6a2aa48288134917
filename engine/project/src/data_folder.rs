//! Where the studio keeps what is the user's but no project's: outputs of the sample, journals, records.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Names the folder outright, for tests and for people who keep their data elsewhere.
pub const DATA_FOLDER_VARIABLE: &str = "STIROT_STUDIO_DATA";

const FOLDER: &str = "stirot-studio";

/// The user's data folder: `$STIROT_STUDIO_DATA`, else where the operating system wants it
/// (`$XDG_DATA_HOME`, `~/.local/share`, `%LOCALAPPDATA%`, `~/Library/Application Support`). It need not exist yet.
pub fn data_folder() -> PathBuf {
    locate(&|name| env::var_os(name), env::home_dir().as_deref())
}

fn locate(variable: &dyn Fn(&str) -> Option<OsString>, home: Option<&Path>) -> PathBuf {
    let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = path(DATA_FOLDER_VARIABLE) {
        return folder;
    }
    // A relative XDG_DATA_HOME is to be ignored (XDG base directory specification).
    let base = if cfg!(windows) {
        path("LOCALAPPDATA").or_else(|| path("APPDATA"))
    } else if cfg!(target_os = "macos") {
        home.map(|home| home.join("Library/Application Support"))
    } else {
        path("XDG_DATA_HOME")
            .filter(|folder| folder.is_absolute())
            .or_else(|| home.map(|home| home.join(".local/share")))
    };
    base.unwrap_or_else(env::temp_dir).join(FOLDER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)], home: Option<&str>) -> PathBuf {
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        locate(&lookup, home.map(Path::new))
    }

    #[test]
    fn the_variable_of_the_studio_comes_first() {
        let variables = [(DATA_FOLDER_VARIABLE, "/data/here"), ("XDG_DATA_HOME", "/xdg")];
        assert_eq!(with(&variables, Some("/home/a")), Path::new("/data/here"));
    }

    #[test]
    fn an_empty_variable_counts_as_none() {
        assert_ne!(with(&[(DATA_FOLDER_VARIABLE, "")], Some("/home/a")), Path::new(""));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_xdg_folder_is_used_when_it_is_absolute() {
        assert_eq!(with(&[("XDG_DATA_HOME", "/xdg")], Some("/home/a")), Path::new("/xdg/stirot-studio"));
        let home = with(&[("XDG_DATA_HOME", "relative")], Some("/home/a"));
        assert_eq!(home, Path::new("/home/a/.local/share/stirot-studio"));
    }

    #[test]
    fn without_a_home_there_is_still_a_folder() {
        assert!(with(&[], None).ends_with("stirot-studio"));
    }
}
