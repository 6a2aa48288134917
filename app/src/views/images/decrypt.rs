//! The payload in the clear: to look at, in memory only, or to save.

use egui::{Label, RichText, Ui};

use super::is_clear;
use super::side::keys;
use crate::command::Command;
use crate::model::Model;
use crate::model::images::{ImagesIntent, InTheClear, Shown, Side};
use crate::theme;
use crate::widgets::controls::{Weight, muted, named_command_button};

pub(super) fn show(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    ui.label(RichText::new("Payload in the clear").font(theme::section()));
    ui.add_space(6.0);
    let key = model.images.judged().and_then(|judged| judged.opens_with.clone());
    let said = match &key {
        Some(key) => format!("Opens with {key}."),
        None => "No key at hand opens it.".to_owned(),
    };
    ui.add(Label::new(said).wrap());
    ui.add_space(8.0);
    let mut button = |ui: &mut Ui, intent: ImagesIntent, text: &str, weight| {
        named_command_button(ui, model, Command::Images(intent), text, weight, commands);
        ui.add_space(2.0);
    };
    if is_clear(model) {
        button(ui, ImagesIntent::Show(Shown::Stored), "Show as stored", Weight::Plain);
    } else {
        button(ui, ImagesIntent::Show(Shown::Decrypted), "Show decrypted", Weight::Plain);
    }
    button(ui, ImagesIntent::ChooseClearTarget(InTheClear::Payload), "Save payload…", Weight::Plain);
    button(ui, ImagesIntent::ChooseClearTarget(InTheClear::Image), "Save image…", Weight::Plain);
    ui.add_space(4.0);
    let note = "What is shown stays in memory. What is saved is the firmware, for whoever has the file.";
    ui.add(Label::new(muted(ui, note)).wrap());
    ui.add_space(10.0);
    keys(ui, model, commands);
    ui.add_space(10.0);
    let back = Command::Images(ImagesIntent::ShowSide(Side::Checks));
    named_command_button(ui, model, back, "Back to the checklist", Weight::Plain, commands);
}
