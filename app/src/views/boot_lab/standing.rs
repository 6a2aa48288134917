//! What stands in the lab when there is no story: what is missing with the step that leads on, or that nothing was run. And
//! below a story, all cases.

use egui::{Label, RichText, Ui, vec2};

use crate::command::Command;
use crate::icons;
use crate::model::boot_lab::{LabIntent, Obstacle, SweepSheet, Work};
use crate::model::{Model, View};
use crate::text::sentence;
use crate::theme::{self, Tokens};
use crate::widgets::controls::{Weight, bar, command_button, marked_line, muted, named_command_button};

/// A quiet card in the middle: what is the matter, and what leads on.
fn quiet(ui: &mut Ui, title: &str, text: &str, act: impl FnOnce(&mut Ui)) {
    ui.add_space(36.0);
    ui.vertical_centered(|ui| {
        ui.set_max_width(460.0_f32.min(ui.available_width()));
        Tokens::of(ui).card().inner_margin(egui::Margin::symmetric(20, 16)).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.vertical_centered(|ui| {
                ui.add(Label::new(RichText::new(title).font(theme::section())).wrap());
                ui.add_space(4.0);
                ui.add(Label::new(muted(ui, text)).wrap());
                ui.add_space(12.0);
                act(ui);
            });
        });
    });
}

/// What is missing, and the step that leads on.
pub(super) fn obstacle(ui: &mut Ui, model: &Model, obstacle: Obstacle, commands: &mut Vec<Command>) {
    if model.board_job().is_some() {
        quiet(ui, "The board is being worked on", "The lab copies it as soon as that has ended.", |_| {});
        return;
    }
    quiet(ui, &sentence(obstacle.reason()), obstacle.advice(), |ui| {
        let (command, text) = match obstacle {
            Obstacle::NoBoard | Obstacle::RealBoard => (Command::NewBoard, "New virtual board"),
            Obstacle::PoweredOff => (Command::PowerOn, "Power on"),
            Obstacle::NoProject => (Command::ChooseProject, "Open project folder…"),
            Obstacle::NotClosed(Some(_)) => (Command::Show(View::Provision), "Go to Provision"),
            Obstacle::NotClosed(None) => (Command::ReadBoard, "Read board"),
        };
        named_command_button(ui, model, command, text, Weight::Primary, commands);
    });
}

/// Nothing was run yet, or it goes on.
pub(super) fn no_story(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    match model.lab.running {
        Some((Work::Case, _)) => {
            quiet(ui, "A copy of the board boots", "Its story is shown when it has come to rest.", |_| {});
        }
        _ => quiet(
            ui,
            "Nothing was run yet",
            "Choose what the copy meets and what is tampered with, then reset it and see which stage notices.",
            |_| {},
        ),
    }
    ui.add_space(12.0);
    all_cases(ui, model, commands);
}

/// All cases: the button, how far it is, and what came out otherwise than expected.
pub(super) fn all_cases(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let running = matches!(model.lab.running, Some((Work::Sweep, _)));
    ui.horizontal(|ui| {
        ui.set_height(30.0);
        if running {
            named_command_button(ui, model, Command::Lab(LabIntent::Cancel), "Stop", Weight::Plain, commands);
        } else {
            command_button(ui, model, Command::Lab(LabIntent::RunAll), Weight::Plain, commands);
        }
        match &model.lab.sweep {
            Some(sweep) if running => {
                bar(ui, "All cases", part(sweep), vec2(160.0, 6.0));
                ui.label(muted(ui, format!("{} of {} tried", sweep.done, sweep.total)));
            }
            Some(sweep) => tally(ui, sweep),
            None => {
                ui.add(Label::new(muted(ui, "Every scenario with every tampering, each on a fresh copy.")).truncate());
            }
        }
    });
    let Some(sweep) = &model.lab.sweep else { return };
    let t = Tokens::of(ui);
    for surprise in &sweep.surprises {
        let text = format!("{}: expected {}; seen {}", surprise.case, surprise.expected, surprise.seen);
        marked_line(ui, (icons::ALERT, theme::icon_filled(14.0), t.danger), text);
    }
}

/// How many came out as expected.
pub(crate) fn tally(ui: &mut Ui, sweep: &SweepSheet) {
    let t = Tokens::of(ui);
    let (icon, color) = if sweep.as_expected == sweep.done { (icons::CHECK, t.ok) } else { (icons::ALERT, t.danger) };
    ui.spacing_mut().item_spacing.x = 6.0;
    ui.label(RichText::new(icon).font(theme::icon_filled(14.0)).color(color));
    let mut text = format!("{} of {} tamper cases as expected", sweep.as_expected, sweep.done);
    if sweep.done < sweep.total {
        text.push_str(&format!(", {} not tried", sweep.total - sweep.done));
    }
    ui.label(RichText::new(text).color(color));
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for a bar")]
fn part(sweep: &SweepSheet) -> f32 {
    sweep.done as f32 / sweep.total.max(1) as f32
}
