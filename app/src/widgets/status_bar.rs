//! The bar at the bottom: what goes on, or what was the matter.

use egui::{Align, Layout, RichText, Ui};

use crate::command::Command;
use crate::icons;
use crate::model::{BoardKind, JobKind, Model, StepState, View};
use crate::text::instructions;
use crate::theme::{self, Tokens};
use crate::widgets::controls::{cut_label, muted};

pub(crate) fn show(ui: &mut Ui, model: &Model, commands: &mut Vec<Command>) {
    let t = Tokens::of(ui);
    ui.horizontal_centered(|ui| {
        let shown: Vec<_> = model.jobs.iter().filter(|job| job.kind != JobKind::Dialog).collect();
        if let Some(job) = shown.last() {
            ui.label(RichText::new(icons::HALF).font(theme::icon_filled(13.0)).color(t.accent));
            ui.label(RichText::new(job_text(model, job.kind, &job.text)).color(t.accent));
            if job.kind == JobKind::Provision {
                let cancel = ui.add_enabled(
                    Command::Cancel.enabled(model).is_ok(),
                    egui::Button::new("Stop run").small().frame_when_inactive(false),
                );
                if cancel.on_hover_text(Command::Cancel.tooltip()).clicked() {
                    commands.push(Command::Cancel);
                }
            }
        } else if let Some(sweep) = model.lab.sweep.as_ref().filter(|_| model.view == View::BootLab) {
            crate::views::boot_lab::tally(ui, sweep);
        } else if let Some(text) = selection(model) {
            let width = ui.available_width() * 0.6;
            cut_label(ui, muted(ui, text), width);
        } else if let Some(notice) = &model.notice {
            ui.label(RichText::new(icons::INFO).font(theme::icon(14.0)).color(t.muted));
            ui.add(egui::Label::new(muted(ui, notice)).truncate());
        } else {
            ui.label(muted(ui, "ready"));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(file) = model.images.file.as_ref().filter(|_| in_file(model)) {
                ui.label(muted(ui, &file.pieces));
                if let Some(notice) = model.notice.as_ref().filter(|_| selection(model).is_some()) {
                    ui.add_space(12.0);
                    let width = ui.available_width();
                    cut_label(ui, muted(ui, notice), width);
                }
                return;
            }
            if let Some(story) = model.lab.story.as_ref().filter(|_| model.view == View::BootLab) {
                let speed = story.mips.map(|mips| format!(" · {mips} million a second")).unwrap_or_default();
                ui.label(muted(ui, format!("{}{speed}", instructions(story.instructions))));
                return;
            }
            let probe = match model.board.as_ref().map(|board| board.kind) {
                Some(BoardKind::Virtual) => "probe-rs · virtual probe",
                Some(BoardKind::Real) => "probe-rs",
                None => "no probe",
            };
            ui.label(muted(ui, probe));
            if !shown.is_empty() {
                ui.add_space(12.0);
                ui.label(muted(
                    ui,
                    if shown.len() == 1 { "1 job".to_owned() } else { format!("{} jobs", shown.len()) },
                ));
            }
        });
    });
}

fn in_file(model: &Model) -> bool {
    model.view == View::Images && model.object_file.is_none()
}

/// What is selected in the Images view: where it is, to what it belongs, how long it is.
fn selection(model: &Model) -> Option<String> {
    let images = &model.images;
    let (view, bytes) = images.view().zip(images.selected).filter(|_| in_file(model))?;
    let range = bytes.range();
    let mut text = format!("offset 0x{:X}", range.start);
    if let Some(address) = view.stored.address(range.start) {
        text.push_str(&format!(" · {}", crate::text::address(address)));
    }
    if let Some(part) = images.picked().and_then(|place| images.parts().get(place)) {
        text.push_str(&format!(" · {}", part.name));
    }
    match range.end - range.start {
        1 => text.push_str(" · 1 byte"),
        count => text.push_str(&format!(" · {} bytes", crate::text::thousands(count))),
    }
    Some(text)
}

/// A run says which step it is in; other jobs say what they are.
fn job_text(model: &Model, kind: JobKind, text: &str) -> String {
    if kind != JobKind::Provision {
        return text.to_owned();
    }
    let Some(run) = model.active_run() else { return text.to_owned() };
    if run.stopping {
        return "stopping at the next safe point".to_owned();
    }
    let running = run.steps.iter().position(|step| matches!(step, StepState::Running { .. }));
    match running.and_then(|index| model.steps().get(index)) {
        Some(step) => format!("{text} · {}", step.title),
        None => text.to_owned(),
    }
}
