//! An act before it is done: what it needs, what it will do, what it erases, what stays, and the button. Locking asks for
//! the end of the UID, typed, and only where the plan is in sight; what was typed is forgotten with the card.

use egui::{Button, Frame, Label, Margin, RichText, Stroke, TextEdit, Ui, vec2};

use crate::acts::{self, ActSheet, Back, Need};
use crate::command::{Command, UID_DIGITS};
use crate::icons;
use crate::model::debug::Act;
use crate::model::{Goal, Model, Tone};
use crate::text::sentence;
use crate::theme::{self, RADIUS_CARD, Tokens};
use crate::widgets::controls::{Weight, focus_ring, marked_line, muted, named_command_button};

/// From this width on the parts stand side by side.
const WIDE: f32 = 560.0;

/// What was typed into the card that is open, if it is one that asks.
#[derive(Debug, Default)]
pub(crate) struct Typed {
    digits: String,
}

impl Typed {
    /// Forgets it.
    pub(crate) fn forget(&mut self) {
        self.digits.clear();
    }
}

/// What was pressed besides the act's own button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressed {
    /// Put the card away.
    Close,
}

pub(crate) fn show(
    ui: &mut Ui,
    model: &Model,
    act: Act,
    mut typed: Option<&mut Typed>,
    commands: &mut Vec<Command>,
) -> Option<Pressed> {
    let sheet = acts::describe(model, act);
    let t = Tokens::of(ui);
    let never = sheet.back == Back::Never;
    let edge = if never { Stroke::new(1.2, t.danger) } else { t.hairline() };
    let mut pressed = None;
    let wide = ui.available_width() >= WIDE;
    let side = if wide { 14 } else { 10 };
    let frame = Frame::new()
        .fill(if wide { t.panel } else { t.raised })
        .stroke(edge)
        .corner_radius(RADIUS_CARD)
        .inner_margin(Margin::symmetric(side, 10));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        pressed = title(ui, &sheet);
        ui.add_space(6.0);
        if wide {
            ui.horizontal_top(|ui| {
                let columns: Vec<_> = parts(&sheet).into_iter().filter(|part| !part.lines.is_empty()).collect();
                #[expect(clippy::cast_precision_loss, reason = "four columns at most")]
                let count = columns.len().max(1) as f32;
                let width = (ui.available_width() - 20.0 * (count - 1.0)) / count;
                ui.spacing_mut().item_spacing.x = 20.0;
                for part in columns {
                    ui.vertical(|ui| {
                        ui.set_width(width);
                        show_part(ui, &part);
                    });
                }
            });
        } else {
            for part in parts(&sheet).into_iter().filter(|part| !part.lines.is_empty()) {
                show_part(ui, &part);
                ui.add_space(6.0);
            }
        }
        ui.add_space(6.0);
        undo(ui, &sheet);
        ui.add_space(8.0);
        if act == Act::Lock {
            match typed.as_deref_mut().filter(|_| model.goal == Goal::Locked) {
                Some(typed) => lock(ui, model, typed, commands),
                None => {
                    let plan = Command::ChooseGoal(Goal::Locked);
                    named_command_button(ui, model, plan, "Show the plan to LOCKED", Weight::Plain, commands);
                }
            }
        } else {
            named_command_button(ui, model, sheet.command.clone(), sheet.button, Weight::Primary, commands);
            refusal(ui, model, &sheet.command);
        }
    });
    if let Some(typed) = typed.filter(|_| pressed.is_some()) {
        typed.forget();
    }
    pressed
}

fn title(ui: &mut Ui, sheet: &ActSheet) -> Option<Pressed> {
    let t = Tokens::of(ui);
    let mut pressed = None;
    ui.horizontal(|ui| {
        if sheet.back == Back::Never {
            ui.label(RichText::new(icons::LOCK).font(theme::icon_filled(16.0)).color(t.danger));
        }
        ui.label(RichText::new(&sheet.title).font(theme::section()));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let close = RichText::new(icons::CLOSE).font(theme::icon(14.0)).color(t.muted);
            ui.spacing_mut().button_padding = vec2(4.0, 2.0);
            let response = ui.add(Button::new(close).frame_when_inactive(false));
            focus_ring(ui, &response);
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Put act away"));
            if response.on_hover_text("Put away; nothing was done").clicked() {
                pressed = Some(Pressed::Close);
            }
        });
    });
    pressed
}

/// A heading and its lines, each with a mark.
struct Part {
    heading: &'static str,
    lines: Vec<(&'static str, Tone, String)>,
}

fn parts(sheet: &ActSheet) -> [Part; 4] {
    let needs = sheet.needs.iter().map(|Need { met, text }| {
        let (icon, tone) = match met {
            Some(true) => (icons::CHECK, Tone::Ok),
            Some(false) => (icons::CROSS, Tone::Danger),
            None => (icons::QUESTION, Tone::Neutral),
        };
        (icon, tone, text.clone())
    });
    let marked = |lines: &[String], icon, tone| lines.iter().map(|line| (icon, tone, line.clone())).collect();
    let lost = if sheet.back == Back::Never { ("Lost for ever", Tone::Danger) } else { ("Erases", Tone::Warn) };
    [
        Part { heading: "Needs", lines: needs.collect() },
        Part { heading: "Will do", lines: marked(&sheet.does, icons::RIGHT, Tone::Neutral) },
        Part { heading: lost.0, lines: marked(&sheet.erases, icons::ERASE, lost.1) },
        Part { heading: "Stays", lines: marked(&sheet.stays, icons::MINUS, Tone::Neutral) },
    ]
}

fn show_part(ui: &mut Ui, part: &Part) {
    let t = Tokens::of(ui);
    ui.spacing_mut().item_spacing = vec2(6.0, 3.0);
    ui.label(muted(ui, part.heading).font(theme::small()));
    for (icon, tone, line) in &part.lines {
        marked_line(ui, (icon, theme::icon_filled(13.0), t.tone(*tone)), sentence(line));
    }
}

/// What leads back.
fn undo(ui: &mut Ui, sheet: &ActSheet) {
    let t = Tokens::of(ui);
    let (icon, tone) = match sheet.back {
        Back::Free => (icons::UNDO, Tone::Neutral),
        Back::Loses => (icons::KEY, Tone::Warn),
        Back::Never => (icons::PROHIBIT, Tone::Danger),
    };
    marked_line(ui, (icon, theme::icon(14.0), t.tone(tone)), &sheet.undo);
}

/// Why the button is grey, in words.
fn refusal(ui: &mut Ui, model: &Model, command: &Command) {
    if let Err(reason) = command.enabled(model) {
        ui.add_space(2.0);
        ui.add(Label::new(muted(ui, sentence(&reason)).font(theme::small())).wrap());
    }
}

/// The end of the UID, and the button that needs it.
fn lock(ui: &mut Ui, model: &Model, typed: &mut Typed, commands: &mut Vec<Command>) {
    let t = Tokens::of(ui);
    let mut enabled = Ok(());
    ui.horizontal(|ui| {
        ui.set_height(28.0);
        let label = ui.label("Last eight digits of this board's UID, typed");
        let field = TextEdit::singleline(&mut typed.digits)
            .char_limit(UID_DIGITS)
            .font(theme::mono())
            .desired_width(96.0)
            .min_size(vec2(96.0, 28.0))
            .align(egui::Align2::LEFT_CENTER);
        ui.add(field).labelled_by(label.id);
        ui.add_space(12.0);
        let command = Command::Lock(typed.digits.clone());
        enabled = command.enabled(model);
        let word = RichText::new("Lock for ever").font(theme::strong());
        let icon = RichText::new(icons::LOCK).font(theme::icon_filled(14.0));
        let button = if enabled.is_ok() {
            let atoms = (icon.color(t.on_accent), word.color(t.on_accent));
            Button::new(atoms).fill(t.danger).stroke(Stroke::new(1.0, t.danger))
        } else {
            Button::new((icon.color(t.danger), word.color(t.danger))).stroke(Stroke::new(1.0, t.danger))
        };
        let response = ui.add_enabled(enabled.is_ok(), button.min_size(vec2(0.0, 28.0)));
        focus_ring(ui, &response);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, enabled.is_ok(), "Lock for ever"));
        if response.clicked() {
            commands.push(command);
            typed.forget();
        }
    });
    if let Err(reason) = enabled {
        ui.add_space(2.0);
        ui.add(Label::new(muted(ui, sentence(&reason)).font(theme::small())).wrap());
    }
}
