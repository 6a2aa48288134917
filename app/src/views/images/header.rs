//! The line above an opened file: what it is, the verdict, and what can be done with it.

use egui::{Align, FontId, Frame, Layout, Margin, RichText, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, vec2};

use super::side::tone_icon;
use crate::command::Command;
use crate::icons;
use crate::model::images::{FileSheet, ImagesIntent, Side};
use crate::model::{Model, Tone};
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, cut_label, muted, named_command_button, paint_icon};

pub(super) fn show(ui: &mut Ui, model: &Model, file: &FileSheet, commands: &mut Vec<Command>) {
    Frame::new().inner_margin(Margin { left: 18, right: 18, top: 10, bottom: 10 }).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.set_height(30.0);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let narrow = ui.available_width() < 760.0;
                let mut button = |ui: &mut Ui, side: Side, text: &str, weight| {
                    let command = Command::Images(ImagesIntent::ShowSide(side));
                    named_command_button(ui, model, command, text, weight, commands);
                };
                // One primary button a view: the form has its own.
                let build = if model.images.side == Side::Build { Weight::Plain } else { Weight::Primary };
                button(ui, Side::Build, "Build…", build);
                button(ui, Side::Decrypt, "Decrypt…", Weight::Plain);
                button(ui, Side::Comparison, "Compare…", Weight::Plain);
                let open = Command::Images(ImagesIntent::ChooseFile);
                named_command_button(ui, model, open, "Open…", Weight::Plain, commands);
                ui.add_space(6.0);
                verdict(ui, file);
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let name = RichText::new(&file.name).font(theme::title());
                    let width = ui.available_width();
                    cut_label(ui, name, (width - 60.0).max(80.0)).on_hover_text(file.path.display().to_string());
                    close(ui, commands);
                    // The verdict matters more.
                    if !narrow {
                        let said = format!("{} · {}", file.kind, file.extent);
                        let width = ui.available_width();
                        cut_label(ui, muted(ui, said), width);
                    }
                });
            });
        });
    });
}

fn close(ui: &mut Ui, commands: &mut Vec<Command>) {
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(20.0, 20.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Close file"));
    let color = if response.hovered() { t.text } else { t.muted };
    paint_icon(ui, rect.center(), icons::CLOSE, theme::icon(12.0), color);
    crate::widgets::controls::focus_ring(ui, &response);
    let command = Command::Images(ImagesIntent::CloseFile);
    let response = response.on_hover_text(crate::widgets::controls::tooltip(ui, &command));
    if response.clicked() {
        commands.push(command);
    }
}

/// The verdict over the image that is looked at, with icon and word.
fn verdict(ui: &mut Ui, file: &FileSheet) {
    let Some(image) = file.images.get(file.image) else { return };
    let (tone, text) = match &image.judged {
        Some(judged) => (judged.tone, judged.verdict.clone()),
        None => (Tone::Neutral, "being checked…".to_owned()),
    };
    let t = Tokens::of(ui);
    let color = t.tone(tone);
    let most = (ui.available_width() * 0.45).max(120.0);
    let mut job = egui::text::LayoutJob::simple(text.clone(), FontId::new(12.0, theme::semibold()), color, most);
    job.wrap.max_rows = 1;
    let galley = ui.painter().layout_job(job);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 36.0, 22.0), Sense::hover());
    ui.painter().rect_stroke(rect.shrink(0.5), 11.0, Stroke::new(1.2, color), StrokeKind::Inside);
    paint_icon(ui, rect.left_center() + vec2(15.0, 0.0), tone_icon(tone), theme::icon_filled(13.0), color);
    ui.painter().galley(rect.left_center() + vec2(25.0, -galley.size().y / 2.0), galley, color);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("Verdict: {text}")));
    response.on_hover_text(text);
}
