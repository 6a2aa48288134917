//! Provision: what was checked, what will happen, what happens, and how it ended.

mod expectations;

use std::time::Instant;

use chip::product_state::ProductState;
use egui::{Align, Layout, RichText, ScrollArea, Ui, vec2};

use crate::command::Command;
use crate::icons;
use crate::model::configuration::ConfigurationIntent;
use crate::model::debug::{Act, CredentialState, Fit, Method};
use crate::model::updating::UpdateIntent;
use crate::model::{Check, CheckLine, Goal, Model, PlanSheet, Run, Tone, View};
use crate::text::{seconds, sentence, short_hex};
use crate::theme::{self, Tokens};
use crate::widgets::act_card::{self, Pressed, Typed};
use crate::widgets::controls::{
    Weight, bar, command_button, cut_label, focus_ring, hairline, muted, named_command_button,
};
use crate::widgets::{card, step_list, verdict};

/// The rule that warns of keys which everybody has.
const SAMPLE_RULE: &str = "R22";

/// From this width on title and buttons stand in one row, points.
const ONE_ROW: f32 = 600.0;

/// Below this height the view scrolls as a whole, points.
const SMALL: f32 = 300.0;

/// What the view remembers between frames.
#[derive(Debug, Default)]
pub(crate) struct ProvisionView {
    /// The digits typed for LOCKED; gone with the plan to LOCKED.
    typed: Typed,
}

pub(crate) fn show(ui: &mut Ui, model: &Model, state: &mut ProvisionView, commands: &mut Vec<Command>) {
    if model.goal != Goal::Locked || model.run.is_some() {
        state.typed.forget();
    }
    if ui.available_height() < SMALL {
        ScrollArea::vertical().id_salt("provision").auto_shrink([false, false]).show(ui, |ui| {
            ui.set_max_width(ui.available_width() - 8.0);
            told(ui, model, state, Room::Whole, commands);
        });
    } else {
        told(ui, model, state, Room::Rest, commands);
    }
}

/// What height the plan takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    /// What is left, in which it scrolls.
    Rest,
    /// All that it needs; the view scrolls.
    Whole,
}

fn told(ui: &mut Ui, model: &Model, state: &mut ProvisionView, room: Room, commands: &mut Vec<Command>) {
    header(ui, model, commands);
    ui.add_space(8.0);
    match &model.run {
        Some(run) => match &run.verdict {
            Some(end) => verdict::show(ui, model, end, &Command::CloseRun, commands),
            None => progress(ui, model),
        },
        None => {
            before(ui, model, commands);
            sample_keys(ui, model, commands);
            if model.goal == Goal::Locked {
                ui.add_space(8.0);
                if act_card::show(ui, model, Act::Lock, Some(&mut state.typed), commands) == Some(Pressed::Close) {
                    commands.push(Command::ChooseGoal(Goal::Closed));
                }
            }
        }
    }
    ui.add_space(8.0);
    match &model.plan {
        PlanSheet::Ready { expectations, .. } => plan(ui, model, expectations, room),
        PlanSheet::Waiting { why, what } => waiting(ui, model, why, what, commands),
        PlanSheet::Refused(refusal) => card::show(ui, model, refusal, None, Command::ReloadProject, commands),
        PlanSheet::None => {
            ui.add_space(24.0);
            ui.vertical_centered(|ui| {
                let text = if model.jobs.is_empty() {
                    "Open a project to see its plan."
                } else {
                    "Reading the project and making the plan…"
                };
                ui.label(muted(ui, text));
            });
        }
    }
}

/// Why there is no plan yet, and the step that leads to one.
fn waiting(ui: &mut Ui, model: &Model, why: &str, what: &[String], commands: &mut Vec<Command>) {
    ui.add_space(12.0);
    ui.label(RichText::new(sentence(why)).font(theme::section()));
    ui.add_space(4.0);
    for line in what {
        ui.add(egui::Label::new(muted(ui, sentence(line))).wrap());
    }
    ui.add_space(8.0);
    let build = Command::Configuration(ConfigurationIntent::BuildOutputs);
    if build.enabled(model).is_ok() && !what.is_empty() {
        command_button(ui, model, build, Weight::Primary, commands);
    } else {
        command_button(ui, model, Command::Show(View::Configuration), Weight::Plain, commands);
    }
}

fn header(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    if ui.available_width() < ONE_ROW {
        ui.horizontal(|ui| {
            ui.set_height(30.0);
            title(ui, model);
            summary(ui, model, commands);
        });
        ui.horizontal(|ui| acts(ui, model, commands));
        return;
    }
    ui.horizontal(|ui| {
        ui.set_height(30.0);
        title(ui, model);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            acts(ui, model, commands);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| summary(ui, model, commands));
        });
    });
}

fn title(ui: &mut Ui, model: &Model) {
    if model.goal == Goal::Locked {
        let danger = Tokens::of(ui).danger;
        ui.label(RichText::new(icons::LOCK).font(theme::icon_filled(17.0)).color(danger));
    }
    ui.label(RichText::new(format!("Provision to {}", model.goal.name())).font(theme::title()));
}

/// What can be done, the first of it at the edge.
fn acts(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    match (&model.run, model.active_run()) {
        (_, Some(run)) => {
            let text = if run.stopping { "Stopping…" } else { "Cancel" };
            named_command_button(ui, model, Command::Cancel, text, Weight::Plain, commands);
        }
        // The act's card has the button, where the digits are typed.
        (_, None) if model.goal == Goal::Locked => {
            let closed = Command::ChooseGoal(Goal::Closed);
            command_button(ui, model, closed, Weight::Plain, commands);
        }
        (Some(_), None) => {
            named_command_button(ui, model, Command::Provision, "Provision again", Weight::Plain, commands);
        }
        (None, None) => {
            command_button(ui, model, Command::Provision, Weight::Primary, commands);
            if matches!(model.product_state(), Some(ProductState::Closed | ProductState::Locked)) {
                command_button(ui, model, Command::Update(UpdateIntent::Open), Weight::Plain, commands);
            }
        }
    }
}

/// Project and plan in a few words; the plan's hash is copied whole by a press.
fn summary(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let Some(project) = &model.project else { return };
    let PlanSheet::Ready { hash, inputs, .. } = &model.plan else {
        ui.add(egui::Label::new(muted(ui, &project.summary)).truncate());
        return;
    };
    let color = Tokens::of(ui).muted;
    let mut text = egui::text::LayoutJob::default();
    let words = egui::TextFormat::simple(theme::body(), color);
    text.append(&format!("{} · plan ", project.summary), 0.0, words);
    text.append(&short_hex(hash), 0.0, egui::TextFormat::simple(theme::mono(), color));
    let label = ui.add(egui::Button::new(text).truncate().frame_when_inactive(false).small());
    let label = label.on_hover_ui(|ui| {
        ui.set_max_width(560.0);
        ui.label(format!("Plan {hash}; press to copy."));
        for (name, identity) in inputs {
            ui.label(muted(ui, format!("{name} · {identity}")));
        }
    });
    if label.clicked() {
        commands.push(Command::CopyText(hash.clone()));
    }
}

/// Before a run: the checks of project and bench in one line each, and why the button is grey.
fn before(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let t = Tokens::of(ui);
    let checks = checks(model);
    let worst = checks.iter().any(|line| line.check == Check::Bad);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        for line in &checks {
            let (icon, filled, tone) = mark(line.check);
            let font = if filled { theme::icon_filled(14.0) } else { theme::icon(14.0) };
            let mut text = egui::text::LayoutJob::default();
            text.append(icon, 0.0, egui::TextFormat::simple(font, t.tone(tone)));
            text.append(&line.name, 6.0, egui::TextFormat::simple(theme::body(), t.text));
            let label = ui.add(egui::Label::new(text).extend());
            label.widget_info(|| {
                let name = format!("{}: {}", line.name, line.text);
                egui::WidgetInfo::labeled(egui::Role::Label, true, name)
            });
            label.on_hover_ui(|ui| {
                ui.set_max_width(380.0);
                ui.label(sentence(&line.text));
                if !line.remedy.is_empty() {
                    ui.label(muted(ui, sentence(&line.remedy)));
                }
            });
            ui.add_space(8.0);
        }
    });
    way_back(ui, model, commands);
    // Words for what stops the run, and for what the bench warns of; a rule's warning is told on hover.
    let told = |line: &&CheckLine| match line.check {
        Check::Bad => true,
        Check::Warning => !line.name.starts_with("rule "),
        Check::Good | Check::NotRead => false,
    };
    let troubles = checks.iter().filter(told);
    for line in troubles {
        ui.add_space(2.0);
        let tone = if line.check == Check::Bad { Tone::Danger } else { Tone::Warn };
        let icon = if line.check == Check::Bad { icons::ALERT } else { icons::WARNING };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            ui.label(RichText::new(icon).font(theme::icon_filled(14.0)).color(t.tone(tone)));
            let text =
                if line.remedy.is_empty() { line.text.clone() } else { format!("{} — {}", line.text, line.remedy) };
            ui.add(egui::Label::new(text).wrap());
        });
    }
    if let Err(reason) = Command::Provision.enabled(model)
        && model.goal == Goal::Closed
        && !worst
        && !model.jobs.iter().any(|job| job.kind != crate::model::JobKind::Dialog)
    {
        ui.add_space(2.0);
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 6.0;
            ui.label(RichText::new(icons::INFO).font(theme::icon(14.0)).color(t.muted));
            ui.add(egui::Label::new(muted(ui, sentence(&reason))).wrap());
        });
    }
}

/// On leaving OPEN: what leads back, and that it is tried before the door is shut. At the line's end, apart from the
/// button that runs, the plan to the other end; it is never chosen by itself.
fn way_back(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let leaves = matches!(model.product_state(), None | Some(ProductState::Open | ProductState::Provisioning));
    if model.goal != Goal::Closed || !leaves || !matches!(model.plan, PlanSheet::Ready { .. }) {
        return;
    }
    let t = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            to_locked(ui, model, commands);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let Some((icon, tone, text)) = leads_back(model) else { return };
                ui.spacing_mut().item_spacing.x = 6.0;
                ui.label(RichText::new(icon).font(theme::icon(14.0)).color(t.tone(tone)));
                let text = RichText::new(text).color(if tone == Tone::Neutral { t.muted } else { t.text });
                ui.add(egui::Label::new(text).truncate());
            });
        });
    });
}

/// What leads back from CLOSED, or that nothing does; nothing to say of a board that is closed already.
fn leads_back(model: &Model) -> Option<(&'static str, Tone, String)> {
    if !matches!(model.product_state(), Some(ProductState::Open | ProductState::Provisioning)) {
        return None;
    }
    let no = |why: &str| (icons::ALERT, Tone::Danger, format!("No way back: {why}"));
    let sheet = match &model.debug.credential {
        CredentialState::None => return None,
        CredentialState::Refused(card) => return Some(no(&card.title)),
        CredentialState::Ready(sheet) => sheet,
    };
    if let Fit::Misfit(why) = &sheet.fits_object {
        return Some(no(why));
    }
    if sheet.locked {
        let text = "The way back can't be tried: the leaf's key is under a passphrase. Open it in the Debug view.";
        return Some((icons::LOCK, Tone::Warn, text.to_owned()));
    }
    let text = match sheet.method {
        Method::Certificate => {
            let leaf = sheet.certificates.last().and_then(|leaf| leaf.fingerprint.as_deref()).map(short_hex);
            format!(
                "Leaving OPEN: leaf {} leads back. It is tried on this board before the door is shut, and kept.",
                leaf.unwrap_or_default()
            )
        }
        Method::Password => {
            "Leaving OPEN: the password leads back. A whole regression is tried on this board first.".to_owned()
        }
    };
    Some((icons::KEY, Tone::Neutral, text))
}

/// Keys that everybody has, for a real board: a person says that this is meant.
fn sample_keys(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    if !model.must_confirm_sample_keys() {
        return;
    }
    let t = Tokens::of(ui);
    let keys = model.project.as_ref().map(|project| project.sample_keys.as_slice()).unwrap_or_default();
    let names: Vec<String> = keys.iter().map(|key| format!("{} ({})", key.role, key.name)).collect();
    ui.add_space(8.0);
    egui::Frame::new()
        .fill(t.wash(Tone::Warn))
        .stroke(egui::Stroke::new(1.2, t.warn))
        .corner_radius(theme::RADIUS_CARD)
        .inner_margin(egui::Margin::symmetric(14, 8))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                ui.label(RichText::new(icons::WARNING).font(theme::icon_filled(16.0)).color(t.warn));
                ui.label(RichText::new("SAMPLE keys would go into a real board").font(theme::section()));
            });
            let text = format!(
                "Everybody has them: {}. Whoever has the studio can open, regress and load such a board.",
                names.join(", ")
            );
            ui.add(egui::Label::new(text).wrap());
            let mut confirmed = model.sample_keys_confirmed;
            let text = "I mean it: SAMPLE keys go into this board, which is for the bench and never a product";
            if ui.checkbox(&mut confirmed, text).changed() {
                commands.push(Command::ConfirmSampleKeys(confirmed));
            }
        });
}

const fn mark(check: Check) -> (&'static str, bool, Tone) {
    match check {
        Check::Good => (icons::CHECK, true, Tone::Ok),
        Check::Warning => (icons::WARNING, true, Tone::Warn),
        Check::Bad => (icons::ALERT, true, Tone::Danger),
        Check::NotRead => (icons::CIRCLE, false, Tone::Neutral),
    }
}

/// The bench's checks with the project's rules before them.
fn checks(model: &Model) -> Vec<CheckLine> {
    let mut lines = Vec::new();
    if let Some(project) = &model.project {
        let broken: Vec<_> = project.findings.iter().filter(|finding| finding.stops).collect();
        if broken.is_empty() {
            lines.push(CheckLine {
                name: "project rules".to_owned(),
                check: Check::Good,
                text: "every rule holds that a run needs".to_owned(),
                remedy: String::new(),
            });
        }
        for finding in &project.findings {
            let name = if finding.rule == SAMPLE_RULE {
                "rule on sample keys".to_owned()
            } else {
                format!("rule {}", finding.rule)
            };
            let check = if finding.stops { Check::Bad } else { Check::Warning };
            // A rule that several fields break is one mark with several lines.
            match lines.iter_mut().find(|line| line.name == name && line.check == check) {
                Some(line) => line.text.push_str(&format!("\n{}", finding.text)),
                None => {
                    lines.push(CheckLine { name, check, text: finding.text.clone(), remedy: finding.remedy.clone() })
                }
            }
        }
    }
    if let Some(reading) = model.board.as_ref().and_then(|board| board.reading.as_ref()) {
        lines.extend(reading.preflight.iter().cloned());
    }
    lines
}

/// The bar over the whole run, with per cent and time left.
fn progress(ui: &mut Ui, model: &Model) {
    let (done, left) = model.progress(Instant::now());
    ui.horizontal(|ui| {
        ui.set_height(22.0);
        bar(ui, "Whole run", done, vec2((ui.available_width() - 130.0).max(80.0), 6.0));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let text = match (model.active_run(), left) {
                (Some(Run { stopping: true, .. }), _) => "stopping".to_owned(),
                (_, Some(left)) => format!("{} left", brief(left.as_secs_f64())),
                (Some(run), None) => format!("{} so far", seconds(run.started.elapsed().as_secs_f64())),
                (None, None) => String::new(),
            };
            ui.label(muted(ui, text));
            ui.label(RichText::new(format!("{:.0} %", done * 100.0)).font(theme::strong()));
        });
    });
}

/// Time left is never exact: tenths below ten seconds, whole seconds above.
fn brief(value: f64) -> String {
    if value < 10.0 { format!("{value:.1} s") } else { seconds(value) }
}

fn plan(ui: &mut Ui, model: &Model, expectations: &[CheckLine], room: Room) {
    let log_height = if model.run.as_ref().is_some_and(|run| !run.log.is_empty()) { 30.0 } else { 0.0 };
    let height = (ui.available_height() - log_height).max(80.0);
    hairline(ui, ui.max_rect().left(), ui.max_rect().right(), ui.cursor().top());
    let steps = |ui: &mut Ui| {
        // While a run goes on its steps have the room.
        if model.active_run().is_none() {
            expectations::show(ui, expectations);
        }
        step_list::show(ui, model);
    };
    match room {
        Room::Rest => {
            let area = ScrollArea::vertical().id_salt("steps").auto_shrink([false, true]).max_height(height);
            area.show(ui, steps);
        }
        Room::Whole => {
            ui.scope(steps);
        }
    }
    if let Some(run) = model.run.as_ref().filter(|run| !run.log.is_empty()) {
        log(ui, run);
    }
}

/// The plan to the other end, apart from everything and never chosen by itself.
fn to_locked(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let t = Tokens::of(ui);
    let command = Command::ChooseGoal(Goal::Locked);
    let icon = RichText::new(icons::LOCK).font(theme::icon(14.0)).color(t.muted);
    let text = RichText::new(command.text()).color(t.muted);
    let enabled = command.enabled(model);
    let response = ui.add_enabled(enabled.is_ok(), egui::Button::new((icon, text)).frame_when_inactive(false));
    focus_ring(ui, &response);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, enabled.is_ok(), command.text()));
    if response.on_hover_text(command.tooltip()).clicked() {
        commands.push(command);
    }
}

fn log(ui: &mut Ui, run: &Run) {
    ui.add_space(4.0);
    egui::CollapsingHeader::new(muted(ui, format!("Log, {} lines", run.log.len()))).id_salt("log").show(ui, |ui| {
        ScrollArea::vertical().id_salt("log-lines").max_height(120.0).stick_to_bottom(true).show(ui, |ui| {
            for line in &run.log {
                let width = ui.available_width();
                cut_label(ui, RichText::new(line).font(theme::mono()), width);
            }
        });
    });
}

#[cfg(test)]
mod tests;
