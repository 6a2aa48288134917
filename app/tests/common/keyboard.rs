//! ST's published folder to work on, and the keyboard: Tab from one thing to the next, as a person without a mouse.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::NodeT;
use stirot_studio::app::Studio;
use stirot_studio::model::Model;

pub(crate) const A_JOB: Duration = Duration::from_secs(60);

/// The folder of published vectors: `STIROT_VECTORS`, or the one beside the repository.
pub(crate) fn vectors() -> PathBuf {
    let folder = std::env::var_os("STIROT_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"), PathBuf::from);
    assert!(
        folder.join("stirot/Config/STiROT_Config.xml").is_file(),
        "ST's published vectors are not in {}: set STIROT_VECTORS to the folder that holds them",
        folder.display()
    );
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            // The vectors are read-only; a project isn't.
            fs::write(target, fs::read(&path).unwrap()).unwrap();
        }
    }
}

/// ST's published project with one boot stage, laid out as in ST's package.
pub(crate) fn published(root: &Path) -> PathBuf {
    let project = root.join("ROT_Provisioning");
    copy(&vectors().join("stirot"), &project.join("STiROT"));
    copy(&vectors().join("da"), &project.join("DA"));
    let binary = root.join("Applications/ROT/STiROT_Appli/Binary");
    fs::create_dir_all(&binary).unwrap();
    for name in ["appli.bin", "appli_enc_sign.hex"] {
        fs::rename(project.join("STiROT/Image").join(name), binary.join(name)).unwrap();
    }
    project
}

pub(crate) type Window = Harness<'static, Studio>;

pub(crate) fn press(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    window.run_steps(3);
}

/// What the keyboard is on.
fn focused(window: &Window) -> Option<String> {
    let nodes = window.root().children_recursive().map(|node| node.accesskit_node());
    nodes.filter(|node| node.is_focused()).find_map(|node| node.label())
}

/// Moves the keyboard to something by Tab alone. Its label begins with these words.
pub(crate) fn tab_to(window: &mut Window, label: &str) {
    let is_it = |on: &str| on.strip_prefix(label).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    let mut seen = Vec::new();
    for _ in 0..160 {
        if focused(window).is_some_and(|on| is_it(&on) || (label.ends_with(' ') && on.starts_with(label))) {
            return;
        }
        seen.extend(focused(window));
        press(window, Modifiers::NONE, Key::Tab);
    }
    panic!("Tab never came to {label}; it was on {seen:#?}");
}

pub(crate) fn type_over(window: &mut Window, text: &str) {
    press(window, Modifiers::COMMAND, Key::A);
    window.input_mut().events.push(egui::Event::Text(text.to_owned()));
    window.run_steps(2);
    press(window, Modifiers::NONE, Key::Enter);
}

pub(crate) fn assessed(model: &Model) -> bool {
    model.jobs.is_empty() && model.editing.as_ref().is_some_and(|editing| editing.assessed == editing.revision)
}
