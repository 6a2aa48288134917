//! What a virtual board did with the image, line by line, and whether that agrees with the verdict.

use egui::{Label, RichText, Sense, Ui, vec2};

use super::side::{mark_icon, tone_icon};
use crate::command::Command;
use crate::model::Model;
use crate::model::images::ImagesIntent;
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, bar, cut_label, muted, named_command_button, paint_icon};

/// The button that asks the board, or what goes on.
pub(super) fn ask(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    match &model.images.trial {
        Some(trial) if trial.ended.is_none() => {
            if !trial.step.is_empty() {
                let width = ui.available_width();
                cut_label(ui, muted(ui, &trial.step).font(theme::small()), width);
            }
            bar(ui, "Virtual board", trial.done, vec2(ui.available_width(), 6.0));
            ui.add_space(4.0);
            let cancel = Command::Images(ImagesIntent::CancelTrial);
            named_command_button(ui, model, cancel, "Stop the board", Weight::Plain, commands);
        }
        _ => {
            let command = Command::Images(ImagesIntent::TryOnBoard);
            named_command_button(ui, model, command, "Show it on a virtual board", Weight::Plain, commands);
        }
    }
}

/// What it did.
pub(super) fn show(ui: &mut Ui, model: &Model) {
    let t = Tokens::of(ui);
    let Some(trial) = &model.images.trial else { return };
    ui.label(RichText::new("On a virtual board").font(theme::section()));
    ui.add_space(2.0);
    if let Some((tone, text)) = &trial.ended {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            let (place, _) = ui.allocate_exact_size(vec2(14.0, 17.0), Sense::hover());
            paint_icon(ui, place.center(), tone_icon(*tone), theme::icon_filled(14.0), t.tone(*tone));
            ui.add(Label::new(RichText::new(text).font(theme::strong()).color(t.tone(*tone))).wrap());
        });
        ui.add_space(4.0);
    } else {
        ui.add(Label::new(muted(ui, "A board is being provisioned with this image in its download slot…")).wrap());
    }
    let mut boot = None;
    for line in &trial.lines {
        if line.boot != boot {
            boot = line.boot;
            ui.add_space(4.0);
            if let Some(boot) = boot {
                ui.add(Label::new(muted(ui, boot).font(theme::small())).wrap());
            }
        }
        let (icon, tone) = mark_icon(line.mark);
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing = vec2(8.0, 1.0);
            let (place, _) = ui.allocate_exact_size(vec2(14.0, 17.0), Sense::hover());
            paint_icon(ui, place.center(), icon, theme::icon_filled(13.0), t.tone(tone));
            ui.vertical(|ui| {
                ui.add(Label::new(&line.name).wrap());
                if !line.text.is_empty() {
                    ui.add(Label::new(muted(ui, &line.text).font(theme::small())).wrap());
                }
            });
        });
    }
    ui.add_space(10.0);
}
