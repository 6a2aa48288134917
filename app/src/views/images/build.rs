//! What the project would build and the button that does it, and the same for any other application. Version, counter and
//! the rest are edited in the configuration's image form, not here.

use egui::{Label, RichText, TextEdit, Ui};

use super::plain_facts;
use crate::command::Command;
use crate::model::images::{BuildFile, Built, ImagesIntent, Side};
use crate::model::{JobKind, Model, View};
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, focus_ring, muted, named_command_button};

pub(super) fn show(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    ui.label(RichText::new("Build the project's image").font(theme::section()));
    ui.add_space(6.0);
    let Some(recipe) = &model.images.recipe else {
        let text = if model.project.is_some() { "Reading the project's settings…" } else { "No project is open." };
        ui.label(muted(ui, text));
        back(ui, model, commands);
        return;
    };
    plain_facts::facts(ui, &recipe.facts, commands);
    ui.add_space(6.0);
    let build = Command::Images(ImagesIntent::Build);
    ui.horizontal_wrapped(|ui| {
        named_command_button(ui, model, build, "Build", Weight::Primary, commands);
        let edit = Command::Show(View::Configuration);
        named_command_button(ui, model, edit, "Edit version…", Weight::Plain, commands);
    });
    if model.runs(JobKind::Project) {
        ui.label(muted(ui, "Building…"));
    }
    ui.add_space(4.0);
    ui.add(Label::new(muted(ui, "It builds what is stale, as Build outputs (F8) does, and opens the image.")).wrap());
    ui.add_space(14.0);
    from_file(ui, model, &recipe.stages, commands);
    back(ui, model, commands);
}

/// Any other application, with the same settings and keys.
fn from_file(ui: &mut Ui, model: &Model, stages: &[&str], commands: &mut Vec<Command>) {
    ui.label(RichText::new("Build from another file").font(theme::section()));
    ui.add_space(4.0);
    let words = "Any application in binary, hex or ELF, with this project's settings and keys.";
    ui.add(Label::new(muted(ui, words)).wrap());
    ui.add_space(4.0);
    let files = &model.images.from_file;
    if stages.len() > 1 {
        ui.horizontal_wrapped(|ui| {
            ui.label(muted(ui, "For"));
            for (index, stage) in stages.iter().enumerate() {
                let radio = ui.radio(files.stage == index, *stage);
                focus_ring(ui, &radio);
                if radio.clicked() {
                    commands.push(Command::Images(ImagesIntent::ChooseBuildStage(index)));
                }
            }
        });
    }
    place(
        ui,
        model,
        BuildFile::Application,
        ("Application", "Build from a file…", "Application file"),
        &files.application,
        commands,
    );
    place(ui, model, BuildFile::Image, ("Image to write", "Save as…", "Image file to write"), &files.image, commands);
    ui.add_space(4.0);
    let build = Command::Images(ImagesIntent::BuildFrom);
    let response = named_command_button(ui, model, build, "Build from file", Weight::Plain, commands);
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
}

/// One of the two files: typed, or chosen in a dialog.
fn place(
    ui: &mut Ui,
    model: &Model,
    which: BuildFile,
    (name, choose, spoken): (&str, &str, &str),
    path: &str,
    commands: &mut Vec<Command>,
) {
    ui.horizontal(|ui| {
        ui.set_min_height(28.0);
        ui.label(muted(ui, name));
        let choosing = Command::Images(ImagesIntent::ChooseBuildFile(which));
        named_command_button(ui, model, choosing, choose, Weight::Plain, commands);
    });
    let mut typed = path.to_owned();
    let width = ui.available_width() - 8.0;
    let entry = TextEdit::singleline(&mut typed).hint_text("or type a path").desired_width(width);
    let response = ui.add(entry).accessible_name(spoken);
    if response.changed() {
        commands.push(Command::Images(ImagesIntent::NameBuildFile(which, typed)));
    }
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    let build = Command::Images(ImagesIntent::BuildFrom);
    if response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) && build.enabled(model).is_ok() {
        commands.push(build);
    }
    if !path.is_empty() {
        response.on_hover_text(path);
    }
    ui.add_space(2.0);
}

/// How the image that is looked at came about, where it was built just now.
pub(super) fn how(ui: &mut Ui, model: &Model, serial: u64) {
    for image in built_for(model, serial).iter().flat_map(|built| &built.images) {
        let text = format!("{}: {}", image.name, image.how);
        ui.add(Label::new(RichText::new(text).color(Tokens::of(ui).ok)).wrap());
        ui.add_space(8.0);
    }
}

/// What was built.
pub(super) fn described(ui: &mut Ui, model: &Model, serial: u64, commands: &mut Vec<Command>) {
    for (index, image) in built_for(model, serial).iter().flat_map(|built| &built.images).enumerate() {
        ui.add_space(10.0);
        ui.label(RichText::new(format!("Built: {}", image.name)).font(theme::section()));
        ui.add_space(4.0);
        ui.push_id(("built", index), |ui| plain_facts::facts(ui, &image.facts, commands));
    }
}

fn built_for(model: &Model, serial: u64) -> Option<&Built> {
    model.images.built.as_ref().filter(|built| built.serial == serial)
}

fn back(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    ui.add_space(10.0);
    let back = Command::Images(ImagesIntent::ShowSide(Side::Checks));
    let text = if model.images.file.is_some() { "Back to the checklist" } else { "Back" };
    named_command_button(ui, model, back, text, Weight::Plain, commands);
}
