//! The system's file dialogs. Each blocks its thread until the person answers: call them from a job only.
//! Where the system has none, `None` comes back as if cancelled; every dialog has a text field beside it.

use std::path::PathBuf;

use rfd::FileDialog;

/// Asks for a project's folder.
pub(crate) fn project_folder() -> Option<PathBuf> {
    FileDialog::new().set_title("Open project folder").pick_folder()
}

/// Asks for a virtual board's file.
pub(crate) fn board_file() -> Option<PathBuf> {
    FileDialog::new().set_title("Open board file").add_filter("Virtual board", &["board"]).pick_file()
}
