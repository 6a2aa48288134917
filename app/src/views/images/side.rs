//! Will it boot: every check of the image with its outcome and reason, the keys at hand, and the virtual board's own word.

use egui::{Label, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use super::{build, plain_facts, trial};
use crate::command::Command;
use crate::icons;
use crate::model::images::{Bytes, CheckedLine, FileSheet, ImagesIntent, Mark, Offer};
use crate::model::{Model, Tone};
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, focus_ring, hairline, muted, named_command_button, paint_icon};

pub(super) fn show(
    ui: &mut Ui,
    model: &Model,
    file: &FileSheet,
    passphrase: &mut plain_facts::Passphrase,
    intents: &mut Vec<ImagesIntent>,
    commands: &mut Vec<Command>,
) {
    let Some(image) = file.images.get(file.image) else {
        if !file.facts.is_empty() {
            ui.label(RichText::new(&file.kind).font(theme::section()));
            ui.add_space(4.0);
            plain_facts::facts(ui, &file.facts, commands);
            ui.add_space(4.0);
            ui.add(Label::new(muted(ui, "What is secret in this file is not shown.")).wrap());
            plain_facts::passphrase(ui, model, file, passphrase, commands);
            ui.add_space(12.0);
            keys(ui, model, commands);
            return;
        }
        ui.label(RichText::new("No image").font(theme::section()));
        ui.add_space(4.0);
        let text = "This file holds no signed image, so there is nothing that could boot from it.";
        ui.add(Label::new(muted(ui, text)).wrap());
        ui.add_space(12.0);
        if file.offer == Offer::Build {
            let build = Command::Images(ImagesIntent::BuildFromOpened);
            named_command_button(ui, model, build, "Build an image from it", Weight::Plain, commands);
            ui.add_space(8.0);
        }
        keys(ui, model, commands);
        return;
    };
    trial::show(ui, model);
    build::how(ui, model, file.serial);
    ui.label(RichText::new("Will it boot?").font(theme::section()));
    if file.images.len() > 1 {
        let place = format!("{} at {}, {} of {}", image.name, image.place, file.image + 1, file.images.len());
        ui.add(Label::new(muted(ui, place)).wrap());
    }
    ui.add_space(6.0);
    match &image.judged {
        None => {
            ui.label(muted(ui, "Being checked…"));
        }
        Some(judged) => {
            ui.spacing_mut().item_spacing.y = 0.0;
            let width = ui.available_width();
            ui.add(Label::new(muted(ui, &judged.sentence).font(egui::FontId::proportional(12.0))).wrap());
            ui.add_space(4.0);
            for (index, line) in judged.lines.iter().enumerate() {
                check(ui, index, line, width, intents);
            }
        }
    }
    ui.spacing_mut().item_spacing.y = 4.0;
    build::described(ui, model, file.serial, commands);
    ui.add_space(12.0);
    keys(ui, model, commands);
}

/// The icon that goes with a tone.
pub(super) const fn tone_icon(tone: Tone) -> &'static str {
    match tone {
        Tone::Ok => icons::CHECK,
        Tone::Warn => icons::WARNING,
        Tone::Danger => icons::CROSS,
        Tone::Accent | Tone::Neutral => icons::QUESTION,
    }
}

/// Icon and colour of a mark.
pub(super) const fn mark_icon(mark: Mark) -> (&'static str, Tone) {
    match mark {
        Mark::Holds => (icons::CHECK, Tone::Ok),
        Mark::Fails => (icons::CROSS, Tone::Danger),
        Mark::Unknown => (icons::MINUS, Tone::Neutral),
        Mark::Notice => (icons::WARNING, Tone::Warn),
    }
}

/// One check: icon, name, reason. A press shows the bytes that it is about.
fn check(ui: &mut Ui, index: usize, line: &CheckedLine, width: f32, intents: &mut Vec<ImagesIntent>) {
    let t = Tokens::of(ui);
    let (icon, tone) = mark_icon(line.mark);
    let background = ui.painter().add(egui::Shape::Noop);
    let top = ui.cursor().top();
    ui.push_id(("check", index), |ui| {
        ui.add_space(5.0);
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 1.0);
            let (place, _) = ui.allocate_exact_size(vec2(14.0, 17.0), Sense::hover());
            paint_icon(ui, place.center(), icon, theme::icon_filled(14.0), t.tone(tone));
            ui.vertical(|ui| {
                ui.set_max_width(width - 24.0);
                let name = if line.mark == Mark::Fails {
                    RichText::new(&line.name).font(theme::strong()).color(t.danger)
                } else {
                    RichText::new(&line.name).font(theme::strong())
                };
                ui.add(Label::new(name).wrap());
                ui.add(Label::new(muted(ui, &line.text).font(egui::FontId::proportional(12.0))).wrap());
            });
        });
        ui.add_space(5.0);
    });
    let rect = egui::Rect::from_min_max(
        egui::pos2(ui.max_rect().left(), top),
        egui::pos2(ui.max_rect().left() + width, ui.cursor().top()),
    );
    let sense = if line.part.is_some() { Sense::click() } else { Sense::hover() };
    let response = ui.interact(rect, ui.scope_id().with(("check-line", index)), sense);
    let role = if line.part.is_some() { Role::Button } else { Role::Label };
    response
        .widget_info(|| WidgetInfo::labeled(role, true, format!("{}: {}, {}", line.name, line.mark.word(), line.text)));
    if response.hovered() && line.part.is_some() {
        ui.painter().set(background, egui::Shape::rect_filled(rect, 4, t.raised));
    }
    hairline(ui, rect.left(), rect.right(), rect.bottom());
    focus_ring(ui, &response);
    if response.gained_focus() {
        response.scroll_to_me(None);
    }
    if response.clicked()
        && let Some(bytes) = line.part.as_ref().and_then(Bytes::of)
    {
        intents.push(ImagesIntent::Reveal(bytes));
    }
    if line.part.is_some() {
        response.on_hover_text("Show the bytes");
    }
}

/// The keys that were given besides the project's.
pub(super) fn keys(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let given = &model.images.given;
    for key in given {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            ui.label(RichText::new(icons::KEY).font(theme::icon(14.0)).color(Tokens::of(ui).muted));
            let text = format!("{} {} · {}", key.name, key.fingerprint, key.half);
            let width = ui.available_width();
            crate::widgets::controls::cut_label(ui, RichText::new(text), width);
        });
    }
    ui.horizontal_wrapped(|ui| {
        let give = Command::Images(ImagesIntent::ChooseKey);
        named_command_button(ui, model, give, "Give a key…", Weight::Plain, commands);
        if !given.is_empty() {
            let forget = Command::Images(ImagesIntent::ForgetKeys);
            named_command_button(ui, model, forget, "Forget keys", Weight::Plain, commands);
        }
    });
}
