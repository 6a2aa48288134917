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

/// Asks for a key file.
pub(crate) fn key_file() -> Option<PathBuf> {
    FileDialog::new().set_title("Import key").add_filter("Key", &["pem"]).pick_file()
}

/// Asks for an object file.
pub(crate) fn object_file() -> Option<PathBuf> {
    FileDialog::new().set_title("Open object file").add_filter("Object", &["obk"]).pick_file()
}

/// Asks for a file of any kind.
pub(crate) fn any_file() -> Option<PathBuf> {
    FileDialog::new().set_title("Choose file").pick_file()
}
