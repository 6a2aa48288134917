//! Debug: what the board says of itself, what the credential is worth, and the acts that need it, each shown before it is
//! done. What an act came to stands with what went to and fro.

mod board;
mod credential;
mod outcome;

use egui::{Align, Button, Layout, RichText, ScrollArea, Ui, vec2};
use formats::Secret;

use crate::acts;
use crate::command::Command;
use crate::model::Model;
use crate::model::debug::{Act, CredentialState, DebugIntent, Level, Method};
use crate::text::short_hex;
use crate::theme::{self, Tokens};
use crate::widgets::act_card::{self, Pressed};
use crate::widgets::controls::{Weight, focus_ring, muted, named_command_button};
use crate::widgets::secret_entry;

/// Width of the column about the board.
const BOARD: f32 = 300.0;
/// From this width on board and credential stand side by side, below it one under the other.
const SIDE_BY_SIDE: f32 = 900.0;

/// What the view remembers between frames.
pub(crate) struct DebugView {
    /// The passphrase of the credential's key, while it is typed.
    passphrase: Secret<String>,
}

impl Default for DebugView {
    fn default() -> Self {
        Self { passphrase: secret_entry::empty() }
    }
}

impl std::fmt::Debug for DebugView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DebugView").finish_non_exhaustive()
    }
}

pub(crate) fn show(ui: &mut Ui, model: &Model, state: &mut DebugView, commands: &mut Vec<Command>) {
    header(ui, model, commands);
    ui.add_space(8.0);
    acts_row(ui, model, commands);
    ui.add_space(10.0);
    ScrollArea::vertical().id_salt("debug").auto_shrink([false, false]).show(ui, |ui| {
        if outcome::show(ui, model, commands) {
            ui.add_space(10.0);
        }
        if let Some(act) = model.debug.considered {
            // Escape belongs to what lies above the view first.
            let covered = ui.memory(|memory| memory.top_modal_layer().is_some());
            let escaped = !covered && ui.input(|input| input.key_pressed(egui::Key::Escape));
            if act_card::show(ui, model, act, None, commands) == Some(Pressed::Close) || escaped {
                commands.push(Command::Debug(DebugIntent::Consider(None)));
            }
            ui.add_space(12.0);
        }
        if ui.available_width() < SIDE_BY_SIDE {
            board::show(ui, model, commands);
            ui.add_space(16.0);
            credential::show(ui, model, &mut state.passphrase, commands);
            ui.add_space(8.0);
            return;
        }
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            column(ui, BOARD, |ui| board::show(ui, model, commands));
            ui.add_space(20.0);
            let width = ui.available_width();
            column(ui, width, |ui| credential::show(ui, model, &mut state.passphrase, commands));
        });
        ui.add_space(8.0);
    });
}

fn column(ui: &mut Ui, width: f32, content: impl FnOnce(&mut Ui)) {
    ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::top_down(Align::LEFT), |ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        ui.set_width(width);
        content(ui);
    });
}

fn header(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.set_height(30.0);
        ui.label(RichText::new("Debug authentication").font(theme::title()));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let primary = model.debug.considered.is_none();
            let weight = if primary { Weight::Primary } else { Weight::Plain };
            if model.debug.running.is_some() {
                let text = if model.debug.stopping { "Stopping…" } else { "Stop" };
                named_command_button(ui, model, Command::Debug(DebugIntent::Cancel), text, Weight::Plain, commands);
            } else {
                named_command_button(ui, model, Command::Debug(DebugIntent::Discover), "Discover", weight, commands);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(egui::Label::new(muted(ui, summary(model))).truncate());
            });
        });
    });
}

/// The credential in a few words.
fn summary(model: &Model) -> String {
    match &model.debug.credential {
        CredentialState::None => "no project is open".to_owned(),
        CredentialState::Refused(_) => "no credential that can be used".to_owned(),
        CredentialState::Ready(sheet) => match sheet.method {
            Method::Password => "by password · full regression only".to_owned(),
            Method::Certificate => {
                let leaf = sheet.certificates.last().and_then(|leaf| leaf.fingerprint.as_deref());
                let leaf = leaf.map(|leaf| format!(" · leaf {}", short_hex(leaf))).unwrap_or_default();
                format!("by certificate{leaf}")
            }
        },
    }
}

/// The acts that change something: a press shows the act's card.
fn acts_row(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.set_height(28.0);
        ui.label(muted(ui, "Open debug at HDPL"));
        ui.spacing_mut().item_spacing.x = 4.0;
        for level in Level::ALL {
            act_button(ui, model, Act::OpenDebug(level), &level.number().to_string(), commands);
        }
        ui.add_space(8.0);
        act_button(ui, model, Act::CloseDebug, "Close debug…", commands);
        ui.add_space(8.0);
        act_button(ui, model, Act::Regress, "Regress to OPEN…", commands);
    });
}

fn act_button(ui: &mut Ui, model: &Model, act: Act, text: &str, commands: &mut Vec<Command>) {
    let t = Tokens::of(ui);
    let chosen = model.debug.considered == Some(act);
    let leads = acts::leads_from(act, model.product_state()) && model.debug.running.is_none();
    let color = if leads || chosen { t.text } else { t.muted };
    let button = Button::new(RichText::new(text).font(theme::strong()).color(color))
        .fill(if chosen { t.wash(crate::model::Tone::Accent) } else { t.raised })
        .min_size(vec2(28.0, 28.0));
    let response = ui.add_enabled(model.debug.running.is_none(), button);
    focus_ring(ui, &response);
    let name = Command::Debug(DebugIntent::Consider(Some(act)));
    response.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Button, model.debug.running.is_none(), chosen, name.text())
    });
    if response.clicked() {
        commands.push(Command::Debug(DebugIntent::Consider((!chosen).then_some(act))));
    }
    response.on_hover_text(name.tooltip());
}

#[cfg(test)]
mod tests;
