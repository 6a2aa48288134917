//! Update a closed board: what to which version, the way in, the steps, how far it is, and what boots in the end.

use std::time::Instant;

use egui::{Align, Button, CollapsingHeader, Label, Layout, RichText, ScrollArea, TextEdit, Ui, WidgetInfo, vec2};
use provision::update::UpdateTarget;

use crate::command::Command;
use crate::icons;
use crate::model::updating::{UpdateIntent, UpdatePlanSheet, UpdateSheet};
use crate::model::{Model, Tone};
use crate::text::{seconds, sentence};
use crate::theme::{self, Tokens};
use crate::widgets::controls::{
    Weight, command_button, focus_ring, hairline, marked_line, muted, named_command_button,
};
use crate::widgets::{card, step_list, verdict};

/// What the view remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct UpdateView {
    /// The version being typed.
    version: String,
    /// The plan's version that it was last taken from.
    shown: String,
}

pub(crate) fn show(ui: &mut Ui, model: &Model, state: &mut UpdateView, commands: &mut Vec<Command>) {
    header(ui, model, commands);
    ui.add_space(6.0);
    if model.project.is_none() {
        ui.add_space(24.0);
        ui.vertical_centered(|ui| {
            ui.label(muted(ui, "Open the project that the board was provisioned with to plan an update."));
        });
        return;
    }
    what(ui, model, state, commands);
    ui.add_space(6.0);
    match (&model.update.run, &model.update.plan) {
        (Some(run), _) if run.verdict.is_some() => {
            if let Some(end) = &run.verdict {
                let close = Command::Update(UpdateIntent::CloseResult);
                verdict::show(ui, model, end, &close, commands);
            }
        }
        (_, UpdatePlanSheet::Ready(sheet)) => before(ui, model, sheet),
        _ => {}
    }
    ui.add_space(6.0);
    match &model.update.plan {
        UpdatePlanSheet::None => {
            ui.label(muted(ui, "Choose what is updated, and to which version."));
        }
        UpdatePlanSheet::Making => {
            ui.label(muted(ui, "Building the image and planning…"));
        }
        UpdatePlanSheet::Refused(refusal) => {
            card::show(ui, model, refusal, None, Command::Update(UpdateIntent::Close), commands);
        }
        UpdatePlanSheet::Ready(sheet) => steps(ui, model, sheet),
    }
}

fn header(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.set_height(30.0);
        ui.label(RichText::new("Update a closed board").font(theme::title()));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if model.update.goes_on() {
                let stopping = model.update.run.as_ref().is_some_and(|run| run.stopping);
                let text = if stopping { "Stopping…" } else { "Cancel" };
                named_command_button(ui, model, Command::Update(UpdateIntent::Cancel), text, Weight::Plain, commands);
            } else {
                command_button(ui, model, Command::Update(UpdateIntent::Run), Weight::Primary, commands);
                command_button(ui, model, Command::Update(UpdateIntent::Close), Weight::Plain, commands);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                if let Some(sheet) = model.update.sheet() {
                    ui.add(Label::new(muted(ui, &sheet.image)).truncate()).on_hover_text(&sheet.image);
                }
            });
        });
    });
}

/// What is updated, and to which version.
fn what(ui: &mut Ui, model: &Model, state: &mut UpdateView, commands: &mut Vec<Command>) {
    let t = Tokens::of(ui);
    let now = model.update.target;
    if let Some(sheet) = model.update.sheet()
        && state.shown != sheet.version
    {
        state.shown.clone_from(&sheet.version);
        state.version.clone_from(&sheet.version);
    }
    ui.horizontal(|ui| {
        ui.set_height(30.0);
        for (target, name) in [(UpdateTarget::Application, "Application"), (UpdateTarget::SecondStage, "OEMuRoT")] {
            let command = Command::Update(UpdateIntent::Plan(target, String::new()));
            let enabled = command.enabled(model);
            let picked = now == target;
            let font = if picked { theme::strong() } else { theme::body() };
            let button = Button::new(RichText::new(name).font(font))
                .fill(if picked { t.wash(Tone::Accent) } else { t.raised })
                .min_size(vec2(0.0, 28.0));
            let response = ui.add_enabled(enabled.is_ok(), button);
            focus_ring(ui, &response);
            response.widget_info(|| WidgetInfo::selected(egui::Role::RadioButton, enabled.is_ok(), picked, name));
            let response = match &enabled {
                Ok(()) => response,
                Err(reason) => response.on_disabled_hover_text(sentence(reason)),
            };
            if response.clicked() && !picked {
                commands.push(command);
            }
        }
        ui.add_space(12.0);
        let label = ui.label(muted(ui, "to version"));
        let field = ui.add_enabled(
            !model.update.goes_on(),
            TextEdit::singleline(&mut state.version).font(theme::mono()).desired_width(90.0).hint_text("1.2.3"),
        );
        // What can't be planned is planned anew as it is entered, also as it was before.
        let planned = model.update.sheet().is_some() && state.version.trim() == state.shown;
        let entered = field.lost_focus() && !planned;
        field.labelled_by(label.id);
        if entered {
            commands.push(Command::Update(UpdateIntent::Plan(now, state.version.trim().to_owned())));
        }
        if let Some(sheet) = model.update.sheet() {
            ui.add_space(8.0);
            ui.add(Label::new(muted(ui, sentence(&sheet.judgement))).truncate());
        }
    });
}

/// The ways in, and why the button is grey.
fn before(ui: &mut Ui, model: &Model, sheet: &UpdateSheet) {
    let t = Tokens::of(ui);
    if let Some(run) = &model.update.run {
        ui.label(muted(ui, format!("Updating, {} so far", seconds(run.started.elapsed().as_secs_f64()))));
        return;
    }
    for way in &sheet.ways {
        let (icon, font, color) = if way.taken {
            (icons::CHECK, theme::icon_filled(14.0), t.ok)
        } else {
            (icons::PROHIBIT, theme::icon(14.0), t.muted)
        };
        let words = format!("{}: {}.", sentence(&way.name), way.why.trim_end_matches('.'));
        let words = if way.taken { RichText::new(words) } else { muted(ui, words) };
        marked_line(ui, (icon, font, color), words);
    }
    if let Some(warning) = &sheet.warning {
        marked_line(ui, (icons::WARNING, theme::icon_filled(14.0), t.warn), warning);
    }
    if let Err(reason) = Command::Update(UpdateIntent::Run).enabled(model) {
        marked_line(ui, (icons::INFO, theme::icon(14.0), t.muted), muted(ui, sentence(&reason)));
    }
}

fn steps(ui: &mut Ui, model: &Model, sheet: &UpdateSheet) {
    hairline(ui, ui.max_rect().left(), ui.max_rect().right(), ui.cursor().top());
    ScrollArea::vertical().id_salt("update").auto_shrink([false, true]).show(ui, |ui| {
        let states = model.update.run.as_ref().map(|run| run.steps.as_slice()).unwrap_or_default();
        step_list::rows(ui, &sheet.steps, states, Instant::now());
        ui.add_space(8.0);
        CollapsingHeader::new(muted(ui, "The same by hand, for a real board (untested on silicon)"))
            .id_salt("by hand")
            .show(ui, |ui| {
                for line in &sheet.by_hand {
                    ui.add(Label::new(line).wrap().selectable(true));
                }
            });
    });
}
