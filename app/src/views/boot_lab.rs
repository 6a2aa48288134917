//! Boot lab: a copy of the virtual board boots, and the story of it stands on lanes. Above it what is tried, beside it the
//! picked moment, below it what the copy said. It reads the model and pushes commands; what happens is the engine's.

mod choosing;
mod moment;
mod said;
mod standing;

use egui::{Align, Label, Layout, RichText, ScrollArea, Ui, vec2};

use crate::command::Command;
use crate::icons;
use crate::model::Model;
use crate::model::boot_lab::{LabIntent, Obstacle};
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, command_button, muted, named_command_button};
use crate::widgets::lanes::{self, LanesState, Room};
pub(crate) use moment::show as moment;
pub(crate) use said::show as console;
pub(crate) use standing::tally;

/// From this width on title and buttons stand in one row, points.
const ONE_ROW: f32 = 700.0;
/// What the buttons take of it: the widest that they get.
const BUTTONS: f32 = 508.0;
/// Below this width or height of the window, points, all of it stands in one column that scrolls: a small screen, or one on
/// which everything is enlarged.
const SMALL: egui::Vec2 = vec2(900.0, 520.0);
/// What the console takes in that column.
const CONSOLE: f32 = 150.0;
/// What the column keeps free beside its scroll bar.
const BAR: f32 = 8.0;
/// Height of what stands above the lanes and below them, points: the copy, what the lanes mean, all cases.
const TOLD_BESIDE_LANES: f32 = 102.0;
/// The least height that the lanes get, points.
const LANES: f32 = 150.0;

/// What the view remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct BootLabView {
    lanes: LanesState,
    choosing: choosing::Choosing,
}

pub(crate) fn show(ui: &mut Ui, model: &Model, state: &mut BootLabView, commands: &mut Vec<Command>) {
    if !is_small(ui) {
        header(ui, model, state, commands);
        ui.add_space(2.0);
        match Obstacle::of(model) {
            Some(obstacle) => standing::obstacle(ui, model, obstacle, commands),
            None => {
                let room = (ui.available_height() - TOLD_BESIDE_LANES).max(LANES);
                told(ui, model, state, Room::Height(room), commands);
            }
        }
        return;
    }
    ScrollArea::vertical().id_salt("lab").auto_shrink([false, false]).show(ui, |ui| {
        ui.set_max_width(ui.available_width() - BAR);
        header(ui, model, state, commands);
        ui.add_space(2.0);
        if let Some(obstacle) = Obstacle::of(model) {
            standing::obstacle(ui, model, obstacle, commands);
            return;
        }
        told(ui, model, state, Room::Whole, commands);
        if model.lab.story.is_none() {
            return;
        }
        ui.add_space(8.0);
        moment::content(ui, model);
        ui.add_space(12.0);
        ui.allocate_ui(vec2(ui.available_width(), CONSOLE), |ui| {
            ui.set_max_height(CONSOLE);
            said::show(ui, model);
        });
    });
}

/// Whether moment and console have no room of their own beside and below the lanes.
pub(crate) fn is_small(ui: &Ui) -> bool {
    let size = ui.ctx().content_rect().size();
    size.x < SMALL.x || size.y < SMALL.y
}

/// The story, or that there is none.
fn told(ui: &mut Ui, model: &Model, state: &mut BootLabView, room: Room, commands: &mut Vec<Command>) {
    on_a_copy(ui, model);
    ui.add_space(6.0);
    if model.lab.story.is_none() {
        standing::no_story(ui, model, commands);
        return;
    }
    if let Some(moment) = lanes::show(ui, &model.lab, room, &mut state.lanes) {
        commands.push(Command::Lab(LabIntent::Pick(moment)));
    }
    ui.add_space(6.0);
    ui.add(Label::new(muted(ui, LEGEND).font(theme::small())).wrap());
    ui.add_space(4.0);
    standing::all_cases(ui, model, commands);
}

const LEGEND: &str = "Width is instructions executed. Each dot is one check, in the order in which the code made it; arrow \
                      keys go from one to the next.";

/// The title, the case in words, and what can be tried.
fn header(ui: &mut Ui, model: &Model, state: &mut BootLabView, commands: &mut Vec<Command>) {
    if ui.available_width() < ONE_ROW {
        ui.horizontal(|ui| {
            ui.set_height(30.0);
            ui.label(RichText::new("Boot lab").font(theme::title()));
            caption(ui, model);
        });
        ui.horizontal_wrapped(|ui| {
            state.choosing.show(ui, model, commands);
            command_button(ui, model, Command::Lab(LabIntent::Step), Weight::Plain, commands);
            run_or_stop(ui, model, commands);
        });
        return;
    }
    ui.horizontal(|ui| {
        ui.set_height(30.0);
        ui.label(RichText::new("Boot lab").font(theme::title()));
        // A place of its own, so that the buttons come left to right, by Tab as by eye.
        let texts = (ui.available_width() - BUTTONS).max(80.0);
        ui.allocate_ui_with_layout(vec2(texts, 30.0), Layout::left_to_right(Align::Center), |ui| {
            ui.set_width(texts);
            caption(ui, model);
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                state.choosing.show(ui, model, commands);
                command_button(ui, model, Command::Lab(LabIntent::Step), Weight::Plain, commands);
                run_or_stop(ui, model, commands);
            });
        });
    });
}

fn run_or_stop(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    if model.lab.running.is_some() {
        let text = if model.lab.stopping { "Stopping…" } else { "Stop" };
        named_command_button(ui, model, Command::Lab(LabIntent::Cancel), text, Weight::Plain, commands);
    } else {
        command_button(ui, model, Command::Lab(LabIntent::Run), Weight::Primary, commands);
    }
}

/// The case in words.
fn caption(ui: &mut Ui, model: &Model) {
    let caption = model.lab.story.as_ref().map_or_else(|| choosing::case(model), |story| story.caption.clone());
    ui.add(Label::new(muted(ui, &caption)).truncate()).on_hover_text(caption);
}

/// That the board on the table isn't touched.
fn on_a_copy(ui: &mut Ui, model: &Model) {
    let Some(board) = &model.board else { return };
    let t = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        ui.label(RichText::new(icons::INFO).font(theme::icon(14.0)).color(t.muted));
        let when = model.lab.story.as_ref().map(|story| format!(" at {}", story.at)).unwrap_or_default();
        let text =
            format!("Works on a copy of {}, taken as it stood{when}; the board itself stays as it is.", board.name);
        ui.add(Label::new(muted(ui, text)).truncate());
    });
}

#[cfg(test)]
mod tests;
