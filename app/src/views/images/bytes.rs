//! The bytes: the strip over the whole file, the line to go somewhere or to find something, and the rows.

use std::ops::Range;

use egui::{Align, Key, Layout, RichText, TextEdit, Ui, vec2};

use crate::command::Command;
use crate::icons;
use crate::model::Model;
use crate::model::images::{Ask, Direction, FileSheet, ImagesIntent, Pattern, SearchState, Shown};
use crate::theme::{self, Tokens};
use crate::widgets::byte_strip::{self, StripSheet};
use crate::widgets::controls::{cut_label, focus_ring, muted, tooltip};
use crate::widgets::hex_view::{self, HexSheet, HexState};

/// What is remembered between frames.
#[derive(Debug, Default)]
pub(super) struct BytesState {
    hex: HexState,
    visible: Range<u64>,
    place: String,
    pattern: String,
    kind: Pattern,
    /// The last call to a field that was answered.
    asked: u64,
}

impl BytesState {
    /// Begins anew with another file; what was typed stays.
    pub(super) fn reset(&mut self) {
        self.hex.reset();
        self.visible = 0..0;
    }
}

pub(super) fn show(
    ui: &mut Ui,
    model: &Model,
    file: &FileSheet,
    state: &mut BytesState,
    intents: &mut Vec<ImagesIntent>,
    commands: &mut Vec<Command>,
) {
    let images = &model.images;
    let Some(view) = images.view() else { return };
    if view.is_empty() {
        ui.add_space(ui.available_height() * 0.3);
        ui.vertical_centered(|ui| {
            ui.label(RichText::new("The file is empty").font(theme::section()));
            ui.label(muted(ui, "It has no byte that could be shown or checked."));
        });
        return;
    }
    let picked = images.picked().and_then(|place| file.parts.get(place));
    let no_runs = Vec::new();
    let differences = match &images.comparison {
        Some(comparison) if comparison.shown == images.shown => &*comparison.runs,
        _ => &no_runs,
    };
    let strip = StripSheet {
        len: view.len(),
        bars: file.map.as_ref().map(|bars| bars.as_slice()),
        colours: &file.colours,
        visible: state.visible.clone(),
        differences,
        cursor: images.selected.map(|bytes| bytes.cursor),
    };
    if let Some(offset) = byte_strip::show(ui, &strip) {
        state.hex.show_in_the_middle(offset);
        ui.ctx().request_repaint();
    }
    ui.add_space(4.0);
    line(ui, model, state, intents, commands);
    ui.add_space(4.0);
    let sheet = HexSheet {
        name: &file.name,
        bytes: view,
        parts: &file.parts,
        colours: &file.colours,
        selected: images.selected,
        picked,
        differences,
        reveal: images.reveal,
    };
    let (visible, response) = hex_view::show(ui, &sheet, &mut state.hex, intents);
    state.visible = visible;
    response.context_menu(|ui| {
        for intent in [ImagesIntent::CopyHex, ImagesIntent::CopyAsText] {
            let command = Command::Images(intent);
            let button = ui.add_enabled(command.enabled(model).is_ok(), egui::Button::new(command.text()));
            if button.clicked() {
                commands.push(command);
                ui.close();
            }
        }
    });
}

/// Below this many points the line breaks in two.
const ROOM_FOR_A_LINE: f32 = 520.0;

/// The switch between stored and decrypted, where to go, what to find.
fn line(
    ui: &mut Ui,
    model: &Model,
    state: &mut BytesState,
    intents: &mut Vec<ImagesIntent>,
    commands: &mut Vec<Command>,
) {
    let asked = model.images.asked;
    let ask = asked.1.filter(|_| state.asked != asked.0);
    state.asked = asked.0;
    ui.spacing_mut().item_spacing.x = 4.0;
    let layout = Layout::left_to_right(Align::Center).with_main_wrap(ui.available_width() < ROOM_FOR_A_LINE);
    let size = vec2(ui.available_width(), 24.0);
    ui.allocate_ui_with_layout(size, layout, |ui| {
        switch(ui, model, commands);
        let width = if ui.available_width() < 420.0 { 70.0 } else { 96.0 };
        let response = entry(ui, &mut state.place, "Go to offset or address", "go to 0x…", width);
        if ask == Some(Ask::Place) {
            type_over(ui, &response, &state.place);
        }
        if entered(ui, &response) && !state.place.trim().is_empty() {
            intents.push(ImagesIntent::GoTo(state.place.trim().to_owned()));
        }
        ui.add_space(6.0);
        let response = entry(ui, &mut state.pattern, "Find bytes or text", "find", width * 1.35);
        if ask == Some(Ask::Pattern) {
            type_over(ui, &response, &state.pattern);
        }
        if entered(ui, &response) {
            let direction = if ui.input(|input| input.modifiers.shift) { Direction::Previous } else { Direction::Next };
            intents.push(ImagesIntent::Search(state.pattern.clone(), state.kind, direction));
            response.request_focus();
        }
        for (kind, text, tip) in
            [(Pattern::Bytes, "hex", "Look for bytes, as hexadecimal"), (Pattern::Text, "text", "Look for a text")]
        {
            let chosen = state.kind == kind;
            let font = egui::FontId::proportional(12.0);
            let response = ui.selectable_label(chosen, RichText::new(text).font(font));
            focus_ring(ui, &response);
            if response.on_hover_text(tip).clicked() {
                state.kind = kind;
            }
        }
        for (direction, icon) in [(Direction::Previous, icons::UP), (Direction::Next, icons::DOWN)] {
            step(ui, model, state, direction, icon, intents);
        }
        told(ui, model);
    });
}

/// The next or the previous place of what stands in the field.
fn step(
    ui: &mut Ui,
    model: &Model,
    state: &BytesState,
    direction: Direction,
    icon: &str,
    intents: &mut Vec<ImagesIntent>,
) {
    let intent = ImagesIntent::Search(state.pattern.clone(), state.kind, direction);
    let again = Command::Images(ImagesIntent::SearchAgain(direction));
    let possible = Command::Images(intent.clone()).enabled(model).is_ok() && !state.pattern.is_empty();
    let button = egui::Button::new(RichText::new(icon).font(theme::icon(12.0))).min_size(vec2(24.0, 24.0));
    let response = ui.add_enabled(possible, button);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, possible, again.text()));
    focus_ring(ui, &response);
    if response.on_hover_text(tooltip(ui, &again)).clicked() {
        intents.push(intent);
    }
}

fn entry(ui: &mut Ui, text: &mut String, name: &str, hint: &str, width: f32) -> egui::Response {
    let entry = TextEdit::singleline(text)
        .font(theme::mono())
        .hint_text(hint)
        .desired_width(width)
        .min_size(vec2(width, 24.0))
        .align(egui::Align2::LEFT_CENTER);
    ui.add(entry).accessible_name(name)
}

/// Puts the keyboard into a field, so that what is typed takes the place of what stands there.
fn type_over(ui: &Ui, response: &egui::Response, text: &str) {
    response.request_focus();
    let mut state = TextEdit::load_state(ui.ctx(), response.id).unwrap_or_default();
    let end = egui::text::CCursor::new(text.chars().count());
    state.cursor.set_char_range(Some(egui::text::CCursorRange::two(egui::text::CCursor::new(0), end)));
    state.store(ui.ctx(), response.id);
}

fn entered(ui: &Ui, response: &egui::Response) -> bool {
    response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter))
}

/// As stored or decrypted, where a key opens the payload.
fn switch(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let decrypted = Command::Images(ImagesIntent::Show(Shown::Decrypted));
    if decrypted.enabled(model).is_err() {
        return;
    }
    for (shown, text) in [(Shown::Stored, "as stored"), (Shown::Decrypted, "decrypted")] {
        let command = Command::Images(ImagesIntent::Show(shown));
        let font = egui::FontId::proportional(12.0);
        let response = ui.selectable_label(command.chosen(model), RichText::new(text).font(font));
        focus_ring(ui, &response);
        let response = response.on_hover_text(command.tooltip());
        if response.clicked() {
            commands.push(command);
        }
    }
    ui.add_space(8.0);
}

/// What the search or the jump said.
fn told(ui: &mut Ui, model: &Model) {
    let t = Tokens::of(ui);
    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
        let width = ui.available_width();
        match &model.images.search {
            None => {}
            Some(SearchState::Searching) => {
                cut_label(ui, muted(ui, "searching…"), width);
            }
            Some(SearchState::Told(tone, text)) => {
                cut_label(ui, RichText::new(text).color(t.tone(*tone)), width);
            }
        }
    });
}
