//! An error as a card: what happened, where, likely why, what to do; the raw detail folded; copy and close.

use egui::{CollapsingHeader, Frame, Label, Margin, RichText, Stroke, Ui};

use crate::command::Command;
use crate::icons;
use crate::model::{Card, Model, Tone};
use crate::text::sentence;
use crate::theme::{self, RADIUS_CARD, Tokens};
use crate::widgets::controls::{Weight, muted, named_command_button};

/// Width of the column of names.
const NAMES: f32 = 76.0;

/// Shows a card. `word` stands before the title, such as `FAIL`; `close` is what puts the card away.
pub(crate) fn show(
    ui: &mut Ui,
    model: &Model,
    card: &Card,
    word: Option<(&str, Tone)>,
    close: Command,
    commands: &mut Vec<Command>,
) {
    let t = Tokens::of(ui);
    let tone = word.map_or(Tone::Danger, |(_, tone)| tone);
    let frame = Frame::new()
        .fill(t.panel)
        .stroke(Stroke::new(1.2, t.tone(tone)))
        .corner_radius(RADIUS_CARD)
        .inner_margin(Margin::symmetric(14, 10));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.label(RichText::new(icons::ALERT).font(theme::icon_filled(18.0)).color(t.tone(tone)));
            if let Some((word, _)) = word {
                ui.label(RichText::new(word).font(theme::title()).color(t.tone(tone)));
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let text = if close == Command::ReloadProject { "Read project again" } else { "Close" };
                named_command_button(ui, model, close.clone(), text, Weight::Plain, commands);
                named_command_button(ui, model, Command::CopyText(card.text()), "Copy", Weight::Plain, commands);
                ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                    ui.add(Label::new(RichText::new(sentence(&card.title)).font(theme::section())).wrap());
                });
            });
        });
        ui.add_space(4.0);
        part(ui, "Where", card.place.as_ref());
        part(ui, "Likely why", card.cause.as_ref());
        part(ui, "What to do", card.remedy.as_ref());
        if !card.detail.is_empty() {
            // Two cards may stand in one view; what closes them tells them apart.
            ui.push_id(close.text(), |ui| {
                CollapsingHeader::new(muted(ui, "Raw detail")).id_salt("detail").show(ui, |ui| {
                    egui::ScrollArea::vertical().id_salt("detail-text").max_height(120.0).show(ui, |ui| {
                        ui.add(Label::new(RichText::new(&card.detail).font(theme::mono())).wrap().selectable(true));
                    });
                });
            });
        }
    });
}

/// A part's name in a narrow column and its text beside it, wrapped.
fn part(ui: &mut Ui, name: &str, text: Option<&String>) {
    let Some(text) = text else { return };
    let width = (ui.available_width() - NAMES - 8.0).max(80.0);
    ui.horizontal_top(|ui| {
        ui.allocate_ui(egui::vec2(NAMES, 16.0), |ui| {
            ui.set_width(NAMES);
            ui.label(muted(ui, name));
        });
        ui.vertical(|ui| {
            ui.set_max_width(width);
            ui.add(Label::new(sentence(text)).wrap().selectable(true));
        });
    });
}
