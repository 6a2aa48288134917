//! What the copy of the board said, up to the picked moment. A refusal carries its mark.

use egui::{Align, Label, Layout, RichText, ScrollArea, Ui, vec2};

use crate::icons;
use crate::model::boot_lab::{Source, StoryLine};
use crate::model::{Model, Tone};
use crate::theme::{self, Tokens};
use crate::widgets::controls::muted;

const ROW: f32 = 18.0;

pub(crate) fn show(ui: &mut Ui, model: &Model) {
    let cursor = model.lab.cursor();
    let all = model.lab.story.as_ref().map(|story| story.console.as_slice()).unwrap_or_default();
    let shown = all.iter().take_while(|line| line.at <= cursor).count();
    ui.horizontal(|ui| {
        ui.set_height(24.0);
        ui.label(RichText::new("Console of the copy").font(theme::section()));
        let words = match all.len() {
            0 => "UART4, and what the stages leave on the trace port".to_owned(),
            count => format!("UART4 and trace · up to the selected moment, {shown} of {count} lines"),
        };
        ui.label(muted(ui, words));
    });
    if shown == 0 {
        ui.label(muted(ui, "Nothing said yet."));
        ui.take_available_space();
        return;
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    let whole_rows = (ui.available_height() / ROW).floor().max(1.0) * ROW;
    ScrollArea::vertical()
        .id_salt("said")
        .auto_shrink([false, false])
        .max_height(whole_rows)
        .stick_to_bottom(true)
        .show_rows(ui, ROW, shown, |ui, rows| {
            for (index, line) in all.iter().enumerate().skip(rows.start).take(rows.len()) {
                row(ui, line, index + 1 == shown);
            }
        });
    ui.take_available_space();
}

fn row(ui: &mut Ui, line: &StoryLine, last: bool) {
    let t = Tokens::of(ui);
    let color = match (line.tone, line.source) {
        (Tone::Neutral, Source::Uart) => t.text,
        (Tone::Neutral, Source::Trace) if last => t.text,
        (tone, _) => t.tone(tone),
    };
    ui.allocate_ui_with_layout(vec2(ui.available_width(), ROW), Layout::left_to_right(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        if line.tone == Tone::Danger {
            ui.label(RichText::new(icons::CROSS).font(theme::icon_filled(12.0)).color(color));
        }
        let text = if line.text.is_empty() { " " } else { line.text.as_str() };
        ui.add(Label::new(RichText::new(text).font(theme::mono()).color(color)).truncate().selectable(true));
    });
}
