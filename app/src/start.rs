//! What the window opens when it starts: what the command line says, else what was open last time, else the sample
//! project and the virtual board `bench-1`, made if there is none.

use std::path::{Path, PathBuf};

use crate::command::Command;
use crate::model::ThemeChoice;
use crate::settings::Settings;

/// How the window begins.
#[derive(Debug, Default)]
pub struct Start {
    /// Where boards, records and settings live.
    pub data_folder: PathBuf,
    /// The theme.
    pub theme: ThemeChoice,
    /// Projects opened before.
    pub recent: Vec<PathBuf>,
    /// What to open.
    pub commands: Vec<Command>,
}

impl Start {
    /// Decides from the command line and from what was remembered.
    pub fn new(
        data_folder: PathBuf,
        project: Option<PathBuf>,
        board: Option<String>,
        theme: Option<ThemeChoice>,
    ) -> Self {
        let settings = Settings::load(&data_folder);
        let remembered = settings.projects.iter().find(|folder| folder.is_dir()).cloned();
        let open_project = project.or(remembered).map_or(Command::OpenSample, Command::OpenProject);
        let remembered = settings.board.filter(|address| address.starts_with("probe") || Path::new(address).is_file());
        let open_board = match board.or(remembered) {
            Some(address) => Command::OpenBoard(address),
            None => first_board(&data_folder),
        };
        Self {
            data_folder,
            theme: theme.unwrap_or(settings.theme),
            recent: settings.projects,
            commands: vec![open_project, open_board, Command::ListBoards],
        }
    }
}

/// The folder of the studio's own virtual boards.
pub(crate) fn boards_folder(data_folder: &Path) -> PathBuf {
    data_folder.join("boards")
}

/// The board of a first start.
fn first_board(data_folder: &Path) -> Command {
    let path = boards_folder(data_folder).join("bench-1.board");
    if path.exists() { Command::OpenBoard(path.display().to_string()) } else { Command::NewBoardAt(path) }
}

/// The sample project of a clone, when the program runs in one or was built in one.
pub(crate) fn sample_of_clone() -> Option<PathBuf> {
    let here = std::env::current_dir().ok();
    let program = std::env::current_exe().ok();
    let starts = [here.as_deref(), program.as_deref()];
    starts.into_iter().flatten().flat_map(Path::ancestors).find_map(|folder| {
        let sample = folder.join("templates").join("sample");
        sample.join("stirot-studio.toml").is_file().then_some(sample)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_start_opens_the_sample_and_makes_a_board() {
        let folder = tempfile::tempdir().unwrap();
        let start = Start::new(folder.path().to_owned(), None, None, None);
        assert_eq!(start.commands.first(), Some(&Command::OpenSample));
        assert!(
            matches!(start.commands.get(1), Some(Command::NewBoardAt(path)) if path.ends_with("boards/bench-1.board"))
        );
    }

    #[test]
    fn the_next_start_opens_what_was_open() {
        let folder = tempfile::tempdir().unwrap();
        let board = folder.path().join("my.board");
        std::fs::write(&board, b"").unwrap();
        let settings = Settings {
            theme: ThemeChoice::Dark,
            projects: vec![folder.path().join("gone"), folder.path().to_owned()],
            board: Some(board.display().to_string()),
        };
        settings.save(folder.path()).unwrap();
        let start = Start::new(folder.path().to_owned(), None, None, None);
        assert_eq!(start.theme, ThemeChoice::Dark);
        assert_eq!(
            start.commands.get(..2),
            Some(
                &[Command::OpenProject(folder.path().to_owned()), Command::OpenBoard(board.display().to_string())][..]
            )
        );
    }

    #[test]
    fn the_command_line_wins() {
        let folder = tempfile::tempdir().unwrap();
        let start =
            Start::new(folder.path().to_owned(), Some("p".into()), Some("probe".to_owned()), Some(ThemeChoice::Light));
        assert_eq!(
            start.commands.get(..2),
            Some(&[Command::OpenProject("p".into()), Command::OpenBoard("probe".to_owned())][..])
        );
    }
}
