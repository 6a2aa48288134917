//! The Images view in a test: shown, given what a person wants, a file opened in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::{Path, PathBuf};

use egui::{Key, Modifiers};
use stirot_studio::command::Command;
use stirot_studio::model::images::ImagesIntent;
use stirot_studio::model::{Model, View};

use super::keyboard::{A_JOB, Window, press, tab_to, type_over, vectors};
use super::{settle, step_until, window};

pub(crate) fn give(window: &mut Window, intent: ImagesIntent) {
    let context = window.ctx.clone();
    window.state_mut().command(&context, Command::Images(intent));
    window.run_steps(2);
}

pub(crate) fn quiet(model: &Model) -> bool {
    model.jobs.is_empty()
}

/// A window with a project, and its Images view.
pub(crate) fn images(project: &Path) -> Window {
    let mut window = window(project, None);
    settle(&mut window);
    press(&mut window, Modifiers::COMMAND, Key::Num4);
    assert_eq!(window.state().model().view, View::Images);
    window
}

/// Opens a file by its path, as typed, and waits until all is known of it.
pub(crate) fn open(window: &mut Window, path: &Path) {
    let before = window.state().model().images.serial;
    if window.state().model().images.file.is_none() {
        tab_to(window, "Path of a file to open");
        type_over(window, &path.display().to_string());
    } else {
        give(window, ImagesIntent::OpenFile(path.to_owned()));
    }
    step_until(window, "the file", A_JOB, |model| model.images.serial > before && quiet(model));
    window.run_steps(2);
}

/// ST's published image.
pub(crate) fn published_image() -> PathBuf {
    vectors().join("stirot/Image/appli_enc_sign.hex")
}
