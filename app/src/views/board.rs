//! Board: which boards there are, who this one is, its option bytes with their meaning and what changed.

use egui::{Align, Button, Grid, Layout, RichText, ScrollArea, TextEdit, Ui, vec2};

use crate::command::Command;
use crate::icons;
use crate::model::doctor::DoctorIntent;
use crate::model::{BoardChoice, BoardKind, BoardSheet, Model, OptionLine, Tone};
use crate::text::fours;
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, command_button, cut_label, focus_ring, muted, named_command_button};
use crate::widgets::ladder::{self, LadderState};

/// From this width on title and buttons stand in one row, points.
const ONE_ROW: f32 = 620.0;
/// From this width on the boards stand beside what this one is, points.
const TWO_COLUMNS: f32 = 560.0;
/// The width of the ladder under the rest, points.
const LADDER: f32 = 222.0;

/// What the view remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct BoardView {
    address: String,
}

/// The view; with the ladder at its end, where that has no room beside it.
pub(crate) fn show(
    ui: &mut Ui,
    model: &Model,
    state: &mut BoardView,
    ladder: Option<&mut LadderState>,
    commands: &mut Vec<Command>,
) {
    header(ui, model, commands);
    ui.add_space(8.0);
    ScrollArea::vertical().id_salt("board").auto_shrink([false, false]).show(ui, |ui| {
        let identity = |ui: &mut Ui, commands: &mut Vec<Command>| match &model.board {
            Some(board) => identity(ui, board, commands),
            None => {
                ui.label(muted(ui, "Choose one of the boards, or make a new one."));
            }
        };
        if ui.available_width() < TWO_COLUMNS {
            boards(ui, model, state, commands);
            ui.add_space(16.0);
            identity(ui, commands);
        } else {
            ui.horizontal_top(|ui| {
                let half = (ui.available_width() - 32.0) / 2.0;
                column(ui, half, |ui| boards(ui, model, state, commands));
                ui.add_space(24.0);
                column(ui, half, |ui| identity(ui, commands));
            });
        }
        if let Some(board) = &model.board {
            ui.add_space(16.0);
            option_bytes(ui, board);
        }
        if let Some(ladder) = ladder {
            ui.add_space(16.0);
            column(ui, LADDER, |ui| ladder::show(ui, model, ladder, commands));
        }
    });
}

fn column(ui: &mut Ui, width: f32, content: impl FnOnce(&mut Ui)) {
    ui.allocate_ui_with_layout(vec2(width, 0.0), Layout::top_down(Align::LEFT), |ui| {
        ui.set_width(width);
        content(ui);
    });
}

fn header(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let address = |ui: &mut Ui| {
        if let Some(board) = &model.board {
            ui.add(egui::Label::new(muted(ui, &board.address)).truncate()).on_hover_text(&board.address);
        }
    };
    if ui.available_width() < ONE_ROW {
        ui.horizontal(|ui| {
            ui.set_height(30.0);
            ui.label(RichText::new("Board").font(theme::title()));
            address(ui);
        });
        ui.horizontal_wrapped(|ui| acts(ui, model, commands));
        return;
    }
    ui.horizontal(|ui| {
        ui.set_height(30.0);
        ui.label(RichText::new("Board").font(theme::title()));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            acts(ui, model, commands);
            ui.with_layout(Layout::left_to_right(Align::Center), address);
        });
    });
}

/// What can be done to the board, the first of it at the edge.
fn acts(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    named_command_button(ui, model, Command::ReadBoard, "Read board", Weight::Primary, commands);
    let examine = Command::Doctor(DoctorIntent::Open);
    command_button(ui, model, examine, Weight::Plain, commands);
    named_command_button(ui, model, Command::ResetBoard, "Reset", Weight::Plain, commands);
    let off = model.board.as_ref().is_some_and(|board| !board.powered);
    if off {
        named_command_button(ui, model, Command::PowerOn, "Power on", Weight::Plain, commands);
    } else {
        named_command_button(ui, model, Command::PowerCycle, "Power cycle", Weight::Plain, commands);
        named_command_button(ui, model, Command::PowerOff, "Power off", Weight::Plain, commands);
    }
}

fn section(ui: &mut Ui, title: &str) {
    ui.label(RichText::new(title).font(theme::section()));
    ui.add_space(4.0);
}

fn boards(ui: &mut Ui, model: &Model, state: &mut BoardView, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Boards and probes").font(theme::section()));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            command_button(ui, model, Command::ListBoards, Weight::Plain, commands);
        });
    });
    ui.add_space(4.0);
    ui.spacing_mut().item_spacing.y = 2.0;
    for choice in &model.choices {
        ui.push_id(&choice.address, |ui| choice_row(ui, model, choice, commands));
    }
    if !model.choices.iter().any(|choice| choice.kind == BoardKind::Real) {
        ui.horizontal(|ui| {
            ui.add_space(8.0);
            ui.label(muted(ui, "No debug probe found on USB."));
        });
    }
    ui.add_space(8.0);
    ui.spacing_mut().item_spacing.y = 6.0;
    ui.horizontal(|ui| {
        command_button(ui, model, Command::NewBoard, Weight::Plain, commands);
        command_button(ui, model, Command::ChooseBoard, Weight::Plain, commands);
    });
    ui.horizontal(|ui| {
        ui.set_height(28.0);
        let label = ui.label(muted(ui, "Address"));
        let field = ui.add(
            TextEdit::singleline(&mut state.address)
                .font(theme::mono())
                .desired_width(ui.available_width() - 8.0)
                .hint_text("a board file, probe, or probe:SERIAL"),
        );
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        field.labelled_by(label.id);
        let address = state.address.trim();
        if entered && !address.is_empty() {
            commands.push(Command::OpenBoard(address.to_owned()));
            state.address.clear();
        }
    });
}

fn choice_row(ui: &mut Ui, model: &Model, choice: &BoardChoice, commands: &mut Vec<Command>) {
    let t = Tokens::of(ui);
    let here = model.board.as_ref().is_some_and(|board| board.address == choice.address);
    let command = Command::OpenBoard(choice.address.clone());
    let enabled = command.enabled(model);
    let kind = match choice.kind {
        BoardKind::Virtual => "virtual",
        BoardKind::Real => "probe",
    };
    let icon = if here { theme::icon_filled(12.0) } else { theme::icon(12.0) };
    let mark = RichText::new(icons::CIRCLE).font(icon).color(if here { t.ok } else { t.muted });
    let button = Button::selectable(here, (mark, RichText::new(&choice.name).font(theme::strong()).color(t.text)))
        .right_text(RichText::new(format!("{kind} · {}", choice.note)).color(t.muted))
        .truncate()
        .min_size(vec2(ui.available_width(), 28.0));
    let response = ui.add_enabled(enabled.is_ok(), button);
    focus_ring(ui, &response);
    let response = match enabled {
        Ok(()) => response.on_hover_text(&choice.address),
        Err(reason) => response.on_disabled_hover_text(reason.into_owned()),
    };
    if response.clicked() && !here {
        commands.push(command);
    }
}

fn identity(ui: &mut Ui, board: &BoardSheet, commands: &mut Vec<Command>) {
    section(ui, "Identity");
    let reading = board.reading.clone().unwrap_or_default();
    Grid::new("identity").num_columns(2).spacing(vec2(20.0, 6.0)).min_col_width(110.0).show(ui, |ui| {
        let line = |ui: &mut Ui, name: &str, value: Option<String>, font: egui::FontId| {
            ui.label(muted(ui, name));
            match value {
                Some(value) => ui.add(egui::Label::new(RichText::new(value).font(font)).truncate().selectable(true)),
                None => ui.label(muted(ui, "not read")),
            };
            ui.end_row();
        };
        let kind = match board.kind {
            BoardKind::Virtual => "virtual STM32H7S78-DK, one file",
            BoardKind::Real => "real board behind a probe",
        };
        line(ui, "Kind", Some(kind.to_owned()), theme::body());
        line(ui, "Chip", reading.device, theme::body());
        line(ui, "UID", reading.uid.as_deref().map(fours), theme::mono());
        line(ui, "Product state", reading.state.map(|state| state.name().to_owned()), theme::strong());
        line(ui, "HDPL", reading.hdpl.map(|level| level.to_string()), theme::mono());
        let debug = reading.debug_open.map(|open| if open { "open" } else { "closed" }.to_owned());
        line(ui, "Debug port", debug, theme::body());
        line(ui, "Supply", reading.supply, theme::body());
        for (name, value) in reading.discovery.into_iter().flat_map(|discovery| discovery.lines) {
            line(ui, &name, value, theme::mono());
        }
    });
    if let Some(uid) = reading.uid {
        ui.add_space(6.0);
        if ui.button("Copy UID").on_hover_text("The whole UID to the clipboard").clicked() {
            commands.push(Command::CopyText(uid));
        }
    }
}

fn option_bytes(ui: &mut Ui, board: &BoardSheet) {
    let lines = board.reading.as_ref().map_or(&[][..], |reading| &reading.option_bytes);
    let changed = lines.iter().filter(|line| before(board, line).is_some()).count();
    ui.horizontal(|ui| {
        ui.label(RichText::new("Option bytes").font(theme::section()));
        match (lines.is_empty(), changed) {
            (true, _) if board.reading.is_none() => ui.label(muted(ui, "not read")),
            (true, _) => ui.label(muted(ui, "not read: the debug port doesn't reach them in this state")),
            (false, 0) => ui.label(muted(ui, "as in the reading before")),
            (false, count) => ui.label(
                RichText::new(format!("{count} changed since the reading before"))
                    .color(Tokens::of(ui).tone(Tone::Warn)),
            ),
        };
    });
    ui.add_space(4.0);
    let width = ui.available_width();
    let t = Tokens::of(ui);
    Grid::new("options").num_columns(4).spacing(vec2(20.0, 5.0)).min_col_width(70.0).show(ui, |ui| {
        let mut register = "";
        for line in lines {
            let name = if line.register == register { "" } else { line.register };
            register = line.register;
            ui.label(muted(ui, name).font(theme::mono()));
            ui.label(RichText::new(&line.field).font(theme::mono()));
            match before(board, line) {
                Some(earlier) => ui
                    .label(
                        RichText::new(format!("{} was {}", line.value, earlier.value))
                            .font(theme::mono())
                            .color(t.warn),
                    )
                    .on_hover_text(format!("Before: {}", earlier.meaning)),
                None => ui.label(RichText::new(&line.value).font(theme::mono())),
            };
            cut_label(ui, RichText::new(&line.meaning), (width - 330.0).max(120.0));
            ui.end_row();
        }
    });
}

/// The same field in the reading before, when it was different.
fn before<'a>(board: &'a BoardSheet, line: &OptionLine) -> Option<&'a OptionLine> {
    let same = |earlier: &&OptionLine| earlier.register == line.register && earlier.field == line.field;
    board.earlier.iter().find(same).filter(|earlier| earlier.value != line.value)
}
