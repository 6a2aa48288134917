//! The system's file dialogs. Each blocks its thread until the person answers: call them from a job only.
//! Where the system has none, `None` comes back as if cancelled; every dialog has a text field beside it.

use std::path::PathBuf;

use rfd::FileDialog;

/// Asks for a project's folder.
pub(crate) fn project_folder() -> Option<PathBuf> {
    FileDialog::new().set_title("Open project folder").pick_folder()
}

/// Asks for a folder to put something into.
pub(crate) fn folder(title: &str) -> Option<PathBuf> {
    FileDialog::new().set_title(title).pick_folder()
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

/// Asks for a file to look at, whatever it is.
pub(crate) fn file_to_open() -> Option<PathBuf> {
    FileDialog::new().set_title("Open a file").pick_file()
}

/// Asks for an application to build an image of.
pub(crate) fn application() -> Option<PathBuf> {
    FileDialog::new().set_title("Choose application").pick_file()
}

/// Asks where to save a file. The dialog itself asks before a file that exists is written over.
pub(crate) fn file_to_save(title: &str, name: &str) -> Option<PathBuf> {
    FileDialog::new().set_title(title).set_file_name(name).save_file()
}
