//! Any object file, opened to be looked at: its bytes, what each means, and in what it differs from the project's.

use egui::{Align, Layout, RichText, ScrollArea, Ui, vec2};

use crate::command::Command;
use crate::icons;
use crate::model::configuration::{ConfigurationIntent, Selection};
use crate::model::{ObjectFile, Tone};
use crate::theme::{self, Tokens};
use crate::widgets::annotated_bytes;
use crate::widgets::controls::{Weight, cut_label, hairline, muted, named_command_button};

/// Shows the file in the place of a view.
pub(crate) fn show(ui: &mut Ui, model: &crate::model::Model, file: &ObjectFile, commands: &mut Vec<Command>) {
    let object = &file.object;
    let picked: &[usize] =
        if let Some(Selection::Span(index)) = &file.selected { std::slice::from_ref(index) } else { &[] };
    let t = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.set_height(30.0);
        ui.label(RichText::new(&file.kind).font(theme::title()));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            named_command_button(ui, model, Command::CloseObjectFile, "Close", Weight::Plain, commands);
            let (tone, state) = &object.state;
            ui.label(RichText::new(state).color(t.tone(*tone)));
            let icon = if *tone == Tone::Ok { icons::CHECK } else { icons::ALERT };
            ui.label(RichText::new(icon).font(theme::icon_filled(14.0)).color(t.tone(*tone)));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let path = file.path.display().to_string();
                ui.add(egui::Label::new(muted(ui, &path)).truncate()).on_hover_text(path);
            });
        });
    });
    ui.add_space(8.0);
    let mut intents = Vec::new();
    ui.horizontal_top(|ui| {
        let half = (ui.available_width() - 24.0) / 2.0;
        column(ui, half, "object-bytes", |ui| {
            annotated_bytes::bytes(ui, object, picked, &mut intents);
        });
        ui.add_space(16.0);
        column(ui, half, "object-meanings", |ui| {
            compared(ui, file);
            annotated_bytes::list(ui, object, picked, &mut intents);
        });
    });
    for intent in intents {
        if let ConfigurationIntent::Select(selection) = intent {
            commands.push(Command::SelectInObjectFile(selection));
        }
    }
}

fn column(ui: &mut Ui, width: f32, id: &str, content: impl FnOnce(&mut Ui)) {
    ui.allocate_ui_with_layout(vec2(width, ui.available_height()), Layout::top_down(Align::LEFT), |ui| {
        ui.set_width(width);
        ScrollArea::vertical().id_salt(id).auto_shrink([false, false]).show(ui, content);
    });
}

/// What the project's object of the same place says otherwise.
fn compared(ui: &mut Ui, file: &ObjectFile) {
    let t = Tokens::of(ui);
    let (tone, icon) = match &file.compared {
        Ok(differences) if differences.is_empty() => (Tone::Ok, icons::CHECK),
        Ok(_) => (Tone::Warn, icons::WARNING),
        Err(_) => (Tone::Neutral, icons::INFO),
    };
    let text = match &file.compared {
        Ok(differences) if differences.is_empty() => "the same as the project makes now".to_owned(),
        Ok(differences) if differences.len() == 1 => "1 field differs from what the project makes now".to_owned(),
        Ok(differences) => format!("{} fields differ from what the project makes now", differences.len()),
        Err(why) => why.clone(),
    };
    ui.horizontal(|ui| {
        ui.label(RichText::new(icon).font(theme::icon_filled(14.0)).color(t.tone(tone)));
        ui.add(egui::Label::new(text).wrap());
    });
    for difference in file.compared.as_ref().into_iter().flatten() {
        let width = ui.available_width();
        cut_label(ui, RichText::new(&difference.field).font(theme::strong()), width);
        cut_label(ui, muted(ui, format!("here {}", difference.here)).font(theme::mono()), width);
        cut_label(ui, muted(ui, format!("project {}", difference.project)).font(theme::mono()), width);
        ui.add_space(2.0);
    }
    ui.add_space(6.0);
    hairline(ui, ui.max_rect().left(), ui.max_rect().right(), ui.cursor().top());
    ui.add_space(4.0);
}
