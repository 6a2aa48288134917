//! The plan as numbered lines: what each writes, what proves it, how long it took, whether it can be taken back.

use std::time::{Duration, Instant};

use egui::{Align, Color32, FontId, Rect, Role, Sense, Ui, WidgetInfo, pos2, text::LayoutJob, vec2};

use crate::icons;
use crate::model::{Model, StepSheet, StepState, Undo};
use crate::text::seconds;
use crate::theme::{self, Tokens};
use crate::widgets::controls::{hairline, paint_bar, paint_icon};

const ROW: f32 = 26.0;

/// How long a step that began is brought into sight.
const JUST_BEGUN: Duration = Duration::from_millis(400);

/// Where the columns begin.
struct Columns {
    icon: f32,
    title: f32,
    what: f32,
    proof: f32,
    time: f32,
    undo: f32,
}

impl Columns {
    fn of(rect: Rect) -> Self {
        let title = rect.left() + 66.0;
        let time = rect.right() - 38.0;
        // What is left for the three texts.
        let texts = (time - 64.0 - title).max(120.0);
        Self {
            icon: rect.left() + 44.0,
            title,
            what: title + texts * 0.325,
            proof: title + texts * 0.635,
            time,
            undo: rect.right() - 15.0,
        }
    }
}

pub(crate) fn show(ui: &mut Ui, model: &Model) {
    let states = model.run.as_ref().map(|run| run.steps.as_slice()).unwrap_or_default();
    rows(ui, model.steps(), states, Instant::now());
}

/// Any steps; those without a state wait.
pub(crate) fn rows(ui: &mut Ui, steps: &[StepSheet], states: &[StepState], now: Instant) {
    let waiting = StepState::Waiting;
    ui.spacing_mut().item_spacing.y = 0.0;
    for (index, step) in steps.iter().enumerate() {
        row(ui, index, steps.len(), step, states.get(index).unwrap_or(&waiting), now);
    }
}

fn row(ui: &mut Ui, index: usize, count: usize, step: &StepSheet, state: &StepState, now: Instant) {
    let t = Tokens::of(ui);
    let width = ui.available_width();
    let columns = Columns::of(Rect::from_min_size(ui.cursor().min, vec2(width, ROW)));
    let running = matches!(state, StepState::Running { .. });
    let begun = !matches!(state, StepState::Waiting);
    let title_color = if begun { t.text } else { t.muted };
    let (said, said_color) = said(t, step, state);

    let title = cell(ui, &step.title, theme::strong(), title_color, columns.what - columns.title - 10.0);
    let what = cell(ui, &step.what, theme::body(), t.muted, columns.proof - columns.what - 14.0);
    let proof = cell(ui, &said, theme::body(), said_color, columns.time - columns.proof - 56.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, ROW), Sense::hover());
    if let StepState::Running { since, .. } = state
        && now.saturating_duration_since(*since) < JUST_BEGUN
        && !ui.clip_rect().contains_rect(rect)
    {
        // Once, as it begins: afterwards one looks where one likes.
        ui.scroll_to_rect(rect, None);
    }
    if !ui.is_rect_visible(rect) {
        return;
    }
    if running {
        ui.painter().rect_filled(rect, 0.0, t.raised);
    }
    let middle = rect.center().y;
    ui.painter().text(
        pos2(rect.left() + 22.0, middle),
        egui::Align2::RIGHT_CENTER,
        (index + 1).to_string(),
        theme::mono(),
        t.muted,
    );
    let (icon, font, color) = mark(t, state);
    paint_icon(ui, pos2(columns.icon, middle), icon, font, color);
    let put = |galley: std::sync::Arc<egui::Galley>, x: f32| {
        ui.painter().galley(pos2(x, middle - galley.size().y / 2.0), galley, t.text);
    };
    put(title, columns.title);
    put(what, columns.what);
    if let StepState::Running { since, done, total } = state {
        let bar = Rect::from_center_size(pos2(columns.proof + 80.0, middle), vec2(160.0, 5.0));
        #[expect(clippy::cast_precision_loss, reason = "a ratio for a bar")]
        let part = if *total > 0 { *done as f32 / *total as f32 } else { 0.0 };
        paint_bar(ui, bar, part);
        time(ui, columns.time, middle, now.saturating_duration_since(*since).as_secs_f64());
    } else {
        put(proof, columns.proof);
        if let StepState::Proved { seconds, .. } = state {
            time(ui, columns.time, middle, *seconds);
        }
    }
    let (icon, color, way) = undo(t, step.undo);
    paint_icon(ui, pos2(columns.undo, middle), icon, theme::icon(14.0), color);
    hairline(ui, rect.left(), rect.right(), rect.bottom());

    let spoken = format!("Step {} of {count}: {}. {}. {way}", index + 1, step.title, spoken_state(state, step));
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &spoken));
    response.on_hover_ui(|ui| {
        ui.set_max_width(380.0);
        ui.label(egui::RichText::new(&step.title).font(theme::strong()));
        for text in [&step.what, &step.why] {
            if !text.is_empty() {
                ui.label(text);
            }
        }
        ui.label(format!("Proof: {}", step.proof));
        if let StepState::Proved { evidence, .. } | StepState::Skipped { evidence } = state {
            ui.label(egui::RichText::new(evidence).color(Tokens::of(ui).ok));
        }
        ui.label(way);
    });
}

fn cell(ui: &Ui, text: &str, font: FontId, color: Color32, width: f32) -> std::sync::Arc<egui::Galley> {
    let mut job = LayoutJob::simple(text.to_owned(), font, color, width.max(40.0));
    // One line; the whole is on hover, and in what a screen reader says.
    job.wrap.max_rows = 1;
    job.wrap.break_anywhere = true;
    job.halign = Align::LEFT;
    ui.painter().layout_job(job)
}

fn time(ui: &Ui, right: f32, middle: f32, value: f64) {
    let t = Tokens::of(ui);
    ui.painter().text(pos2(right, middle), egui::Align2::RIGHT_CENTER, seconds(value), theme::mono(), t.muted);
}

/// What stands in the proof column: what will prove the step, or what did.
fn said(t: &Tokens, step: &StepSheet, state: &StepState) -> (String, Color32) {
    match state {
        StepState::Waiting | StepState::Running { .. } => (step.proof.clone(), t.muted),
        StepState::Proved { evidence, .. } => (evidence.clone(), t.text),
        StepState::Skipped { evidence } => (format!("not needed: {evidence}"), t.muted),
        StepState::Failed => ("failed".to_owned(), t.danger),
    }
}

fn mark(t: &Tokens, state: &StepState) -> (&'static str, FontId, Color32) {
    match state {
        StepState::Waiting => (icons::CIRCLE, theme::icon(14.0), t.muted),
        StepState::Running { .. } => (icons::RUNNING, theme::icon(14.0), t.accent),
        StepState::Proved { .. } => (icons::CHECK, theme::icon_filled(14.0), t.ok),
        StepState::Skipped { .. } => (icons::MINUS, theme::icon(14.0), t.muted),
        StepState::Failed => (icons::CROSS, theme::icon_filled(14.0), t.danger),
    }
}

fn undo(t: &Tokens, undo: Undo) -> (&'static str, Color32, &'static str) {
    match undo {
        Undo::Nothing => ("", t.muted, "Writes nothing."),
        Undo::Reversible => (icons::UNDO, t.muted, "Can be written again."),
        Undo::ByRegression => (icons::KEY, t.warn, "Taken back by a regression only, with the credential."),
        Undo::Never => (icons::PROHIBIT, t.danger, "Can't be taken back."),
    }
}

fn spoken_state(state: &StepState, step: &StepSheet) -> String {
    match state {
        StepState::Waiting => format!("Waiting, proof will be: {}", step.proof),
        StepState::Running { done, total, .. } if *total > 0 => format!("Running, {done} of {total}"),
        StepState::Running { .. } => "Running".to_owned(),
        StepState::Proved { evidence, seconds: took } => format!("Proved: {evidence}, in {}", seconds(*took)),
        StepState::Skipped { evidence } => format!("Not needed: {evidence}"),
        StepState::Failed => "Failed".to_owned(),
    }
}
