//! How a run ended: one big PASS with its evidence. A failure is an error card with FAIL before it.

use std::path::Path;

use egui::{Frame, Label, Margin, RichText, Stroke, Ui};

use crate::command::Command;
use crate::icons;
use crate::model::{Model, Tone, Verdict};
use crate::text::seconds;
use crate::theme::{self, RADIUS_CARD, Tokens};
use crate::widgets::card;
use crate::widgets::controls::{Weight, command_button, muted, named_command_button};

/// Shows an end. `close` is what puts it away.
pub(crate) fn show(ui: &mut Ui, model: &Model, verdict: &Verdict, close: &Command, commands: &mut Vec<Command>) {
    match verdict {
        Verdict::Pass { state, evidence, record, seconds } => {
            pass(ui, model, (state, evidence, record.as_deref(), *seconds), close, commands);
        }
        Verdict::Fail(failure) => {
            card::show(ui, model, failure, Some(("FAIL", Tone::Danger)), close.clone(), commands);
        }
        Verdict::Stopped(stop) => {
            card::show(ui, model, stop, Some(("STOPPED", Tone::Warn)), close.clone(), commands);
        }
    }
}

fn pass(
    ui: &mut Ui,
    model: &Model,
    (state, evidence, record, took): (&str, &[String], Option<&Path>, f64),
    close: &Command,
    commands: &mut Vec<Command>,
) {
    let t = Tokens::of(ui);
    let frame = Frame::new()
        .fill(t.wash(Tone::Ok))
        .stroke(Stroke::new(1.2, t.ok))
        .corner_radius(RADIUS_CARD)
        .inner_margin(Margin::symmetric(14, 10));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.label(RichText::new(icons::CHECK).font(theme::icon_filled(26.0)).color(t.ok));
            ui.label(RichText::new("PASS").font(egui::FontId::new(24.0, theme::semibold())).color(t.ok));
            ui.add_space(4.0);
            let board = model.board.as_ref().map_or("The board", |board| board.name.as_str());
            ui.label(RichText::new(format!("{board} is {state}")).font(theme::section()));
            ui.label(muted(ui, format!("in {}", seconds(took))));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                command_button(ui, model, close.clone(), Weight::Plain, commands);
                let copy = match close {
                    Command::CloseRun => Command::CopyEvidence,
                    _ => Command::CopyText(evidence.join("\n")),
                };
                named_command_button(ui, model, copy, "Copy evidence", Weight::Plain, commands);
            });
        });
        for line in evidence {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                ui.label(RichText::new(icons::CHECK).font(theme::icon(14.0)).color(t.ok));
                ui.add(Label::new(line).truncate());
            });
        }
        if let Some(record) = record {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                ui.label(muted(ui, "Record"));
                let text = record.display().to_string();
                ui.add(Label::new(RichText::new(&text).font(theme::mono()).color(t.muted)).truncate());
            });
        }
    });
}
