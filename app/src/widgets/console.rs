//! What the board says on UART4, and a line to answer it.

use egui::{Align, Label, Layout, RichText, ScrollArea, TextEdit, Ui};

use crate::command::Command;
use crate::console::NOTE_MARK;
use crate::model::Model;
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, muted, named_command_button};

/// What the console remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct ConsoleState {
    /// The line being typed.
    line: String,
}

const ROW: f32 = 18.0;

pub(crate) fn show(ui: &mut Ui, model: &Model, state: &mut ConsoleState, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.set_height(24.0);
        ui.label(RichText::new("Console").font(theme::section()));
        ui.label(muted(ui, "UART4 · 115200"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| input(ui, model, state, commands));
    });
    lines(ui, model);
}

fn input(ui: &mut Ui, model: &Model, state: &mut ConsoleState, commands: &mut Vec<Command>) {
    let command = Command::Send(state.line.clone());
    let enabled = command.enabled(model);
    named_command_button(ui, model, Command::ClearConsole, "Clear", Weight::Plain, commands);
    let field = ui.add_enabled(
        enabled.is_ok(),
        TextEdit::singleline(&mut state.line)
            .font(theme::mono())
            .desired_width(220.0)
            .min_size(egui::vec2(0.0, 26.0))
            .hint_text("send a line"),
    );
    field.widget_info(|| {
        let mut info = egui::WidgetInfo::text_edit(enabled.is_ok(), &state.line, &state.line, "send a line");
        info.label = Some("Line to UART4".to_owned());
        info
    });
    if field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter)) {
        commands.push(command);
        state.line.clear();
        field.request_focus();
    }
    if let Err(reason) = enabled {
        field.on_disabled_hover_text(reason.into_owned());
    }
}

fn lines(ui: &mut Ui, model: &Model) {
    let console = &model.console;
    let partial = usize::from(!console.partial.is_empty());
    let rows = console.lines.len() + partial;
    let t = Tokens::of(ui);
    if rows == 0 {
        ui.label(muted(ui, "Nothing said yet."));
        // The panel keeps its height, empty or not.
        ui.take_available_space();
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    // Whole rows only: a line cut in half at the top reads badly.
    let whole_rows = (ui.available_height() / ROW).floor().max(1.0) * ROW;
    ScrollArea::vertical()
        .id_salt("console")
        .auto_shrink([false, false])
        .max_height(whole_rows)
        .stick_to_bottom(true)
        .show_rows(ui, ROW, rows, |ui, range| {
            for row in range {
                let last = row + 1 == rows;
                let text = console.lines.get(row).unwrap_or(&console.partial);
                let color = if text.starts_with(NOTE_MARK) || !last { t.muted } else { t.text };
                let text = if text.is_empty() { " " } else { text.as_str() };
                ui.allocate_ui_with_layout(
                    egui::vec2(ui.available_width(), ROW),
                    Layout::left_to_right(Align::Center),
                    |ui| {
                        ui.add(
                            Label::new(RichText::new(text).font(theme::mono()).color(color))
                                .truncate()
                                .selectable(true),
                        )
                    },
                );
            }
        });
    // What is less than a row stays part of the panel, so that it keeps its height.
    ui.take_available_space();
}
