//! The recovery assistant in the place of the Board view: what may be the matter, the likeliest first, each with what
//! speaks for it and the next safe thing to do; beside it everything that was measured.

use egui::{Align, Frame, Label, Layout, Margin, Rect, RichText, ScrollArea, Stroke, Ui, UiBuilder, pos2, vec2};

use crate::command::Command;
use crate::icons;
use crate::model::credentials::{CredentialsIntent, KeysSection};
use crate::model::debug::DebugIntent;
use crate::model::doctor::{CauseSheet, Depth, DoctorAct, DoctorIntent, ExaminationSheet, MeasurementLine, Outcome};
use crate::model::{JobKind, Model, Tone, View};
use crate::text::sentence;
use crate::theme::{self, RADIUS_CARD, Tokens};
use crate::widgets::controls::{Weight, hairline, muted, named_command_button};
use crate::widgets::form_row::mark;

/// What the columns keep free beside their scroll bars.
const BAR: f32 = 10.0;

pub(crate) fn show(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    header(ui, model, commands);
    ui.add_space(6.0);
    let Some(examination) = of_this_board(model) else {
        ui.add_space(24.0);
        let words = if model.runs(JobKind::Doctor) {
            "Measuring probe, supply, debug port, mailbox and option bytes…"
        } else {
            "The board wasn't examined yet."
        };
        ui.vertical_centered(|ui| ui.label(muted(ui, words)));
        return;
    };
    let whole = ui.available_rect_before_wrap();
    let measured = (whole.width() * 0.38).clamp(280.0, 400.0);
    let left = Rect::from_min_max(whole.min, pos2(whole.right() - measured - 24.0, whole.bottom()));
    let right = Rect::from_min_max(pos2(left.right() + 24.0, whole.top()), whole.max + vec2(BAR, 0.0));
    ui.scope_builder(UiBuilder::new().id_salt("causes").max_rect(left), |ui| {
        scrolled(ui, "causes", |ui| causes(ui, model, examination, commands));
    });
    ui.scope_builder(UiBuilder::new().id_salt("measurements").max_rect(right), |ui| {
        scrolled(ui, "measurements", |ui| measurements(ui, examination));
    });
}

fn scrolled(ui: &mut Ui, name: &str, content: impl FnOnce(&mut Ui)) {
    ScrollArea::vertical().id_salt(name).auto_shrink([false, false]).show(ui, |ui| {
        ui.set_max_width(ui.available_width() - BAR);
        content(ui);
        ui.add_space(8.0);
    });
}

/// The examination, unless it was of another board.
fn of_this_board(model: &Model) -> Option<&ExaminationSheet> {
    let address = &model.board.as_ref()?.address;
    model.doctor.examination.as_ref().filter(|examination| examination.board == *address)
}

fn header(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.set_height(30.0);
        ui.label(RichText::new("What is wrong?").font(theme::title()));
        if let Some(examination) = of_this_board(model) {
            ui.add_space(4.0);
            let how = match examination.depth {
                Depth::Passive => "nothing was reset",
                Depth::WithReset => "with a reset",
            };
            ui.label(muted(ui, format!("examined {} · {how}", examination.at)));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let doctor = Command::Doctor;
            named_command_button(ui, model, doctor(DoctorIntent::Close), "Close", Weight::Plain, commands);
            named_command_button(ui, model, doctor(DoctorIntent::Copy), "Copy", Weight::Plain, commands);
            let with_reset = doctor(DoctorIntent::Examine(Depth::WithReset));
            named_command_button(ui, model, with_reset, "Examine with a reset", Weight::Plain, commands);
            let passive = doctor(DoctorIntent::Examine(Depth::Passive));
            // Once it is done, what is to be done next stands out instead.
            let weight = if of_this_board(model).is_some() { Weight::Plain } else { Weight::Primary };
            named_command_button(ui, model, passive, "Examine", weight, commands);
        });
    });
}

fn causes(ui: &mut Ui, model: &Model, examination: &ExaminationSheet, commands: &mut Vec<Command>) {
    if examination.causes.is_empty() {
        ui.label("Nothing that was measured points to a fault.");
        if examination.depth == Depth::Passive {
            ui.add(Label::new(muted(ui, "An examination with a reset asks the mailbox, too: it pulls NRST.")).wrap());
        }
        return;
    }
    for (place, cause) in examination.causes.iter().enumerate() {
        ui.push_id(place, |ui| show_cause(ui, model, place, cause, commands));
        ui.add_space(8.0);
    }
}

fn show_cause(ui: &mut Ui, model: &Model, place: usize, cause: &CauseSheet, commands: &mut Vec<Command>) {
    let t = Tokens::of(ui);
    let color = t.tone(cause.tone);
    let edge = if place == 0 { Stroke::new(1.2, color) } else { t.hairline() };
    let frame =
        Frame::new().fill(t.panel).stroke(edge).corner_radius(RADIUS_CARD).inner_margin(Margin::symmetric(14, 10));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            ui.label(RichText::new(mark(cause.tone)).font(theme::icon_filled(16.0)).color(color));
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 3.0;
                let title = format!("{}. {}", place + 1, sentence(&cause.title));
                let label = ui.add(Label::new(RichText::new(&title).font(theme::section())).wrap());
                let spoken = format!("Cause {title}: {}", cause.likelihood);
                label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &spoken));
                ui.label(RichText::new(sentence(&cause.likelihood)).font(theme::small()).color(color));
                ui.add(Label::new(sentence(&cause.meaning)).wrap().selectable(true));
                for evidence in &cause.evidence {
                    ui.add(Label::new(muted(ui, format!("– {evidence}"))).wrap().selectable(true));
                }
            });
        });
        for (index, next) in cause.next.iter().enumerate() {
            ui.add_space(6.0);
            let top = ui.cursor().top() - 3.0;
            hairline(ui, ui.max_rect().left(), ui.max_rect().right(), top);
            ui.push_id(("next", index), |ui| step(ui, model, (place, index), next, commands));
        }
    });
}

/// One thing to do: what, what it changes, and its button.
fn step(
    ui: &mut Ui,
    model: &Model,
    (cause, index): (usize, usize),
    next: &crate::model::doctor::NextSheet,
    commands: &mut Vec<Command>,
) {
    let t = Tokens::of(ui);
    let act = next.act.as_ref();
    let button = act.map_or(0.0, |(text, _)| crate::widgets::intent_button::width(ui, text) + 12.0);
    ui.horizontal(|ui| {
        // Where the cause's own text begins.
        ui.add_space(24.0);
        let width = (ui.available_width() - button).max(120.0);
        ui.allocate_ui_with_layout(vec2(width, 28.0), Layout::top_down(Align::LEFT), |ui| {
            ui.set_width(width);
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.add(Label::new(sentence(&next.text)).wrap().selectable(true));
            let effect = RichText::new(sentence(&next.effect)).font(theme::small()).color(t.tone(next.tone));
            ui.add(Label::new(effect).wrap());
        });
        if let Some((text, act)) = act {
            // The one thing that is to be done next about the likeliest cause stands out.
            let first = (cause, index) == (0, 0);
            let weight = if first { Weight::Primary } else { Weight::Plain };
            named_command_button(ui, model, command(*act), text, weight, commands);
        }
    });
}

/// The command behind an act.
fn command(act: DoctorAct) -> Command {
    match act {
        DoctorAct::Regress => Command::Debug(DebugIntent::Regress),
        DoctorAct::ExamineWithReset => Command::Doctor(DoctorIntent::Examine(Depth::WithReset)),
        DoctorAct::ExamineAgain => Command::Doctor(DoctorIntent::Examine(Depth::Passive)),
        DoctorAct::PowerCycle => Command::PowerCycle,
        DoctorAct::ReadBoard => Command::ReadBoard,
        DoctorAct::ShowDebug => Command::Show(View::Debug),
        DoctorAct::ListBoards => Command::ListBoards,
        DoctorAct::Discover => Command::Debug(DebugIntent::Discover),
        DoctorAct::ChooseProject => Command::ChooseProject,
        DoctorAct::ShowWallet => Command::Credentials(CredentialsIntent::Show(KeysSection::Wallet)),
        DoctorAct::ShowProvision => Command::Show(View::Provision),
    }
}

fn measurements(ui: &mut Ui, examination: &ExaminationSheet) {
    ui.label(RichText::new("Measured").font(theme::section()));
    ui.add_space(2.0);
    ui.spacing_mut().item_spacing.y = 0.0;
    for line in &examination.lines {
        measurement(ui, line);
    }
}

fn measurement(ui: &mut Ui, line: &MeasurementLine) {
    const NAME: f32 = 104.0;
    let t = Tokens::of(ui);
    let (icon, tone, word) = match line.outcome {
        Outcome::Measured => (icons::CHECK, Tone::Ok, "measured"),
        Outcome::Failed => (icons::CROSS, Tone::Danger, "no answer"),
        Outcome::NotTried => (icons::MINUS, Tone::Neutral, "not tried"),
    };
    ui.add_space(4.0);
    let row = ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        let font = if line.outcome == Outcome::NotTried { theme::icon(14.0) } else { theme::icon_filled(14.0) };
        ui.label(RichText::new(icon).font(font).color(t.tone(tone)));
        ui.allocate_ui_with_layout(vec2(NAME, 16.0), Layout::top_down(Align::LEFT), |ui| {
            ui.set_width(NAME);
            ui.label(RichText::new(sentence(&line.name)).font(theme::strong()));
        });
        ui.vertical(|ui| {
            let text = match line.outcome {
                Outcome::Measured => RichText::new(&line.text),
                Outcome::Failed | Outcome::NotTried => muted(ui, format!("{word}: {}", line.text)),
            };
            let label = ui.add(Label::new(text).wrap().selectable(true));
            let spoken = format!("{}, {word}: {}", sentence(&line.name), line.text);
            label.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &spoken));
        });
    });
    ui.add_space(4.0);
    let rect = row.response.rect;
    hairline(ui, rect.left(), ui.max_rect().right(), rect.bottom() + 4.0);
}
