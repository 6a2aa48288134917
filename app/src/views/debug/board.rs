//! What the board says of itself, and the core once debug is open.

use egui::{Grid, RichText, Ui, vec2};

use crate::command::Command;
use crate::model::Model;
use crate::model::debug::{CoreSheet, DebugIntent, Level};
use crate::text;
use crate::theme;
use crate::widgets::controls::{Weight, cut_label, muted, named_command_button};

/// Width of the column of names.
const NAMES: f32 = 70.0;

pub(super) fn show(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    core(ui, model, commands);
    let discovery = model.board.as_ref().and_then(|board| board.reading.as_ref()?.discovery.as_ref());
    ui.horizontal(|ui| {
        ui.label(RichText::new("The board says").font(theme::section()));
        match discovery {
            Some(discovery) => ui.label(muted(ui, format!("read {}", discovery.at))),
            None => ui.label(muted(ui, "not read")),
        };
    });
    ui.add_space(4.0);
    let Some(discovery) = discovery else {
        let text = if model.board.is_none() {
            "Choose a board in the Board view."
        } else if model.product_state() == Some(chip::product_state::ProductState::Open) {
            "A board in OPEN answers no discovery; nothing is shut in it."
        } else {
            "Press Discover. The board is reset and asked through its mailbox; nothing is written."
        };
        ui.add(egui::Label::new(muted(ui, text)).wrap());
        return;
    };
    Grid::new("discovery").num_columns(2).spacing(vec2(12.0, 4.0)).min_col_width(NAMES).show(ui, |ui| {
        for (name, value) in &discovery.lines {
            ui.label(muted(ui, name));
            match value {
                Some(value) => cut_label(ui, RichText::new(value).font(theme::mono()), ui.available_width()),
                None => ui.label(muted(ui, "not read")),
            };
            ui.end_row();
        }
    });
    if !discovery.attempts.is_empty() {
        ui.add_space(4.0);
        let heading = muted(ui, format!("{} tries before it answered", discovery.attempts.len()));
        egui::CollapsingHeader::new(heading).id_salt("attempts").show(ui, |ui| {
            for attempt in &discovery.attempts {
                ui.add(egui::Label::new(RichText::new(attempt).font(theme::mono())).wrap());
            }
        });
    }
}

/// The core, as soon as debug was opened here.
fn core(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    if !model.debug_is_open() {
        return;
    }
    ui.horizontal(|ui| {
        ui.set_height(28.0);
        ui.label(RichText::new("Core").font(theme::section()));
        let standing = match &model.debug.core {
            None => "not read".to_owned(),
            Some(core) if core.halted => format!("halted {}", core.at),
            Some(core) => format!("running {}", core.at),
        };
        ui.label(muted(ui, standing));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let resume = Command::Debug(DebugIntent::Resume);
            named_command_button(ui, model, resume, "Resume", Weight::Plain, commands);
            named_command_button(ui, model, Command::Debug(DebugIntent::Halt), "Halt", Weight::Plain, commands);
        });
    });
    ui.add_space(2.0);
    if let Some(core) = &model.debug.core {
        registers(ui, core, model.debug.opened);
    }
    ui.add_space(12.0);
}

fn registers(ui: &mut Ui, core: &CoreSheet, granted: Option<Level>) {
    let hdpl = core.hdpl.map_or_else(|| "not read".to_owned(), |hdpl| hdpl.to_string());
    ui.horizontal(|ui| {
        ui.label(muted(ui, "HDPL"));
        ui.label(hdpl);
        if let Some(level) = granted {
            ui.label(muted(ui, format!("· opened from HDPL {} on", level.number())));
        }
    });
    // Two columns of names and values.
    let half = core.registers.len().div_ceil(2);
    Grid::new("registers").num_columns(4).spacing(vec2(8.0, 2.0)).min_col_width(34.0).show(ui, |ui| {
        for row in 0..half {
            for (register, gap) in [(core.registers.get(row), 20.0), (core.registers.get(row + half), 0.0)] {
                let Some((name, value)) = register else { continue };
                ui.label(muted(ui, name).font(theme::mono()));
                let text = text::address(*value);
                let response = ui.horizontal(|ui| {
                    let response = ui.label(RichText::new(&text).font(theme::mono()));
                    // The pairs stand further apart than a name and its value.
                    ui.add_space(gap);
                    response
                });
                let response = response.inner;
                response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{name} {text}")));
            }
            ui.end_row();
        }
    });
}
