//! What goes on, what a person is asked to do meanwhile, and what the last act came to with its exchanges folded.

use std::time::Instant;

use egui::{CollapsingHeader, Frame, Label, Margin, RichText, ScrollArea, Stroke, Ui};

use crate::acts;
use crate::command::Command;
use crate::icons;
use crate::model::debug::{ActOutcome, Answer, DebugIntent, PromptSheet};
use crate::model::{Model, Tone};
use crate::text::{seconds, sentence};
use crate::theme::{self, RADIUS_CARD, Tokens};
use crate::widgets::card;
use crate::widgets::controls::{Weight, marked_line, muted, named_command_button};

/// Shows it; false when there is nothing to show.
pub(super) fn show(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) -> bool {
    if let Some(prompt) = &model.debug.prompt {
        ask(ui, model, prompt, commands);
        return true;
    }
    if let Some((act, since)) = model.debug.running {
        let t = Tokens::of(ui);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            ui.label(RichText::new(icons::RUNNING).font(theme::icon(14.0)).color(t.accent));
            let title = acts::describe(model, act).title;
            ui.label(RichText::new(format!("{title}…")).font(theme::strong()));
            let so_far = Instant::now().saturating_duration_since(since).as_secs_f64();
            ui.label(muted(ui, format!("{} so far", seconds(so_far))));
            if let Some(progress) = &model.debug.progress {
                ui.add(Label::new(muted(ui, progress)).truncate());
            }
        });
        return true;
    }
    let Some(outcome) = &model.debug.outcome else { return false };
    match &outcome.result {
        Ok(evidence) => done(ui, model, outcome, evidence, commands),
        Err(failure) => {
            let close = Command::Debug(DebugIntent::CloseOutcome);
            card::show(ui, model, failure, None, close, commands);
            exchanges(ui, outcome);
        }
    }
    true
}

/// A card that asks for something to be done at the bench while the job waits.
fn ask(ui: &mut Ui, model: &Model, prompt: &PromptSheet, commands: &mut Vec<Command>) {
    let t = Tokens::of(ui);
    framed(ui, Tone::Warn, |ui| {
        ui.horizontal(|ui| {
            ui.label(RichText::new(icons::WARNING).font(theme::icon_filled(16.0)).color(t.warn));
            ui.label(RichText::new(sentence(&prompt.text)).font(theme::section()));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let stop = Command::Debug(DebugIntent::Answer(Answer::Stop));
                named_command_button(ui, model, stop, "Stop", Weight::Plain, commands);
                let done = Command::Debug(DebugIntent::Answer(Answer::Done));
                named_command_button(ui, model, done, "Done", Weight::Primary, commands);
            });
        });
        ui.add(Label::new(muted(ui, sentence(&prompt.why))).wrap());
    });
}

fn done(ui: &mut Ui, model: &Model, outcome: &ActOutcome, evidence: &[String], commands: &mut Vec<Command>) {
    let t = Tokens::of(ui);
    framed(ui, Tone::Ok, |ui| {
        ui.horizontal(|ui| {
            ui.label(RichText::new(icons::CHECK).font(theme::icon_filled(16.0)).color(t.ok));
            ui.label(RichText::new(acts::describe(model, outcome.act).done).font(theme::section()));
            ui.label(muted(ui, format!("at {}, in {}", outcome.at, seconds(outcome.seconds))));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let close = Command::Debug(DebugIntent::CloseOutcome);
                named_command_button(ui, model, close, "Close", Weight::Plain, commands);
            });
        });
        for line in evidence {
            marked_line(ui, (icons::CHECK, theme::icon(14.0), t.ok), sentence(line));
        }
        exchanges(ui, outcome);
    });
}

fn framed(ui: &mut Ui, tone: Tone, content: impl FnOnce(&mut Ui)) {
    let t = Tokens::of(ui);
    Frame::new()
        .fill(t.wash(tone))
        .stroke(Stroke::new(1.2, t.tone(tone)))
        .corner_radius(RADIUS_CARD)
        .inner_margin(Margin::symmetric(14, 8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            content(ui);
        });
}

/// What went to and fro, folded.
fn exchanges(ui: &mut Ui, outcome: &ActOutcome) {
    if outcome.exchanges.is_empty() {
        return;
    }
    ui.add_space(2.0);
    let heading = match outcome.exchanges.len() {
        1 => "1 exchange with the board".to_owned(),
        count => format!("{count} exchanges with the board"),
    };
    CollapsingHeader::new(muted(ui, heading)).id_salt("exchanges").show(ui, |ui| {
        ScrollArea::vertical().id_salt("exchange-lines").auto_shrink([false, true]).max_height(130.0).show(ui, |ui| {
            for line in &outcome.exchanges {
                ui.add(Label::new(RichText::new(line).font(theme::mono())).wrap().selectable(true));
            }
        });
    });
}
